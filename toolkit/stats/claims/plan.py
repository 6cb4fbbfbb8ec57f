"""The endpoints of a study in the order of its plan, as fixed before the data are seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from toolkit.results import Comparison, Result, joined, stacked_frame
from toolkit.stats._checks import check_choice, check_ci_level, check_share
from toolkit.stats.claims.multiplicity import adjusted_p_values, fixed_sequence
from toolkit.stats.mrmc.analysis import GlobalTest

ClaimKind = Literal["noninferiority", "superiority", "difference"]
SecondaryRule = Literal["fixed sequence", "holm"]

_KINDS = ("noninferiority", "superiority", "difference")
_WITH_AUC = ("sensitivity", "specificity")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim of a plan.

    Parameters
    ----------
    result : str
        Name of the result that it is judged by.
    quantity : str
        What is compared: ``"auc"``, ``"sensitivity"``, ``"reading_time"``, ...
    kind : {"noninferiority", "superiority", "difference"}
        ``"difference"`` in either direction; the only one for the test of several modalities at
        once.
    margin : float, optional
        Of a claim of non-inferiority, as the plan has it: the result must use the same.

    Raises
    ------
    ValueError
        If the kind is unknown, or a margin is missing or out of place.
    """

    result: str
    quantity: str
    kind: ClaimKind
    margin: float | None = None

    def __post_init__(self) -> None:
        """Check kind and margin."""
        check_choice(self.kind, name="kind", choices=_KINDS)
        if (self.margin is None) == (self.kind == "noninferiority"):
            msg = (
                f"claim {self.result!r}: a margin belongs to every claim of non-inferiority and to "
                f"no other, but got margin={self.margin!r} for {self.kind}"
            )
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class ClaimPlace:
    """Where a claim stands in a plan.

    Parameters
    ----------
    claim : {"noninferiority", "superiority", "difference"}
        Its kind.
    before : int
        Claims on other results that must be shown before it.
    beside : int
        Other claims that are judged with it by Holm's method.
    """

    claim: ClaimKind
    before: int
    beside: int


def interval_shows(comparison: Comparison, claim: ClaimKind) -> bool:
    """Whether the interval of a comparison shows a claim, whatever a plan makes of it."""
    if claim == "noninferiority":
        return bool(comparison.noninferior)
    if claim == "superiority":
        return bool(comparison.superior)
    return comparison.ci_low > comparison.null or comparison.ci_high < comparison.null


@dataclass(frozen=True, kw_only=True)
class EndpointPlan:
    """The claims of a study in the order in which they are tested.

    Parameters
    ----------
    primary : tuple of Claim
        One after the other, each only if all before it are shown. Non-inferiority before
        superiority of the same result costs nothing; the test of several modalities at once
        opens the way to their pairs.
    secondary : tuple of Claim
        After all primary claims are shown.
    secondary_rule : {"fixed sequence", "holm"}
        In the given order, or all at once by Holm's method, as for the pairs of several
        modalities.
    reported : tuple of str
        Quantities that are always reported beside, without a verdict: the results must hold them.
    recall_rule : str
        From which rating on a case counts as recalled, in words; needed with an AUC.
    ci_level : float
        Level of the intervals; the plan as a whole is tested at 1 - ``ci_level``, two-sided.

    Raises
    ------
    ValueError
        If there is no primary claim, a claim repeats, superiority comes before non-inferiority of
        the same result, or an AUC stands without sensitivity, specificity and a recall rule.
    """

    primary: tuple[Claim, ...]
    secondary: tuple[Claim, ...] = ()
    secondary_rule: SecondaryRule = "fixed sequence"
    reported: tuple[str, ...] = ()
    recall_rule: str = ""
    ci_level: float = 0.95

    def __post_init__(self) -> None:
        """Check the order and what must stand together."""
        check_ci_level(self.ci_level)
        check_choice(self.secondary_rule, name="secondary_rule", choices=("fixed sequence", "holm"))
        if not self.primary:
            msg = "a plan needs a primary claim, but primary is empty"
            raise ValueError(msg)
        _refuse_repeats(self.claims)
        _refuse_reverse_order(self.claims)
        require_operating_point(self)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims, primary ones first."""
        return (*self.primary, *self.secondary)

    @property
    def n_ordered(self) -> int:
        """Claims tested one after the other; the others are judged together by Holm's method."""
        return len(self.primary if self.secondary_rule == "holm" else self.claims)

    @property
    def alpha(self) -> float:
        """Two-sided level of the whole plan."""
        return round(1 - self.ci_level, 12)  # 1 - 0.95 in floating point is above 0.05

    def places_of(self, result: str) -> list[ClaimPlace]:
        """Return where the claims on a result stand; empty where the plan makes none of it.

        Claims on the same result do not count as claims before it.
        """
        places = []
        for number, claim in enumerate(self.claims):
            if claim.result != result:
                continue
            in_family = number >= self.n_ordered
            ahead = self.claims[: self.n_ordered if in_family else number]
            places.append(
                ClaimPlace(
                    claim=claim.kind,
                    before=sum(other.result != result for other in ahead),
                    beside=len(self.secondary) - 1 if in_family else 0,
                )
            )
        return places


def require_operating_point(plan: EndpointPlan) -> None:
    """Refuse a plan in which an AUC stands without sensitivity and specificity at a recall rule.

    An AUC can improve while readers, at the threshold they really use, recall more or find less.
    Both may be claims, or be reported without a verdict.
    """
    if not any("auc" in claim.quantity.lower() for claim in plan.claims):
        return
    there = [*(claim.quantity for claim in plan.claims), *plan.reported]
    absent = [name for name in _WITH_AUC if not any(_is_at_rule(q, name) for q in there)]
    if absent or not plan.recall_rule:
        what = [*absent, *([] if plan.recall_rule else ["a recall_rule"])]
        msg = (
            "a plan with an AUC must name sensitivity and specificity at a recall_rule as claims "
            f"or in reported, but lacks {', '.join(what)}"
        )
        raise ValueError(msg)


def _is_at_rule(quantity: str, name: str) -> bool:
    """Whether a quantity is the sensitivity (specificity) of calls, not one read off a curve."""
    return quantity.startswith(name) and " at s" not in quantity


def _refuse_repeats(claims: Sequence[Claim]) -> None:
    """Refuse a claim that is made twice."""
    made = [(claim.result, claim.kind) for claim in claims]
    for result, kind in made:
        if made.count((result, kind)) > 1:
            msg = f"claim {kind} of {result!r} must stand once in a plan, but stands more often"
            raise ValueError(msg)


def _refuse_reverse_order(claims: Sequence[Claim]) -> None:
    """Refuse superiority before non-inferiority of the same result."""
    seen: set[str] = set()
    for claim in claims:
        if claim.kind == "noninferiority" and claim.result in seen:
            msg = (
                f"non-inferiority of {claim.result!r} must come before its superiority: tried "
                "after superiority failed, it is a claim that the data suggested"
            )
            raise ValueError(msg)
        if claim.kind == "superiority":
            seen.add(claim.result)


Verdict = Literal["shown", "not shown", "not tested", "outside the plan"]


@dataclass(frozen=True, kw_only=True, eq=False)
class EndpointVerdict(Result):
    """What the results show of one claim.

    ``p_value`` is two-sided, that of non-inferiority twice its one-sided P, that of superiority 1
    where the estimate lies on the worse side. ``p_adjusted`` allows for all claims tested before
    and beside it; shown where it is at most alpha. Both are None outside the plan.
    """

    label: str
    quantity: str
    claim: str
    verdict: Verdict
    p_value: float | None = None
    p_adjusted: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class EndpointVerdicts(Result):
    """The verdict on each claim in the order of the plan, then the results outside it."""

    verdicts: tuple[EndpointVerdict, ...]

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a claim."""
        return stacked_frame(self.verdicts)


def endpoint_verdicts(
    plan: EndpointPlan, results: Mapping[str, Comparison | GlobalTest]
) -> EndpointVerdicts:
    """Judge the results of a study by its plan.

    Parameters
    ----------
    plan : EndpointPlan
        Fixed before the data were seen.
    results : mapping of name to Comparison or GlobalTest
        Every result that the plan names; others are listed without a verdict.

    Returns
    -------
    EndpointVerdicts
        ``"shown"``, ``"not shown"``, ``"not tested"`` because a claim before it was not shown, or
        ``"outside the plan"``. A claim whose P value is undefined is not shown.

    Raises
    ------
    ValueError
        If a result is missing, is of another quantity, level or margin than planned, or cannot
        bear its claim.

    Notes
    -----
    The chance of one false claim or more is at most 1 - ``ci_level`` for two-sided claims, half of
    it for each direction. With Holm's method a claim may fail though its own interval, made at
    the level of one test, excludes no difference; the verdict counts.

    References
    ----------
    Holm S. Scand J Stat 1979;6:65-70.

    Morikawa T, Yoshida M. J Biopharm Stat 1995;5:297-306. doi:10.1080/10543409508835115

    Examples
    --------
    >>> time = Comparison(
    ...     method="ratio of times", quantity="reading_time", unit="ratio", estimate=0.9,
    ...     std_error=0.03, ci_low=0.84, ci_high=0.96, ci_level=0.95, ci_method="t", label_a="a",
    ...     label_b="b", estimate_a=40.0, estimate_b=36.0, effect="ratio", statistic=-3.2, df=9.0,
    ...     p_value=0.011, better="lower")
    >>> claim = Claim(result="time", quantity="reading_time", kind="superiority")
    >>> endpoint_verdicts(EndpointPlan(primary=(claim,)), {"time": time}).verdicts[0].verdict
    'shown'
    """
    for claim in plan.claims:
        _require_result(claim, results, plan.ci_level)
    given = {result.quantity for result in results.values() if isinstance(result, Comparison)}
    if absent := [quantity for quantity in plan.reported if quantity not in given]:
        msg = f"the plan reports {', '.join(absent)}, but no result is of it; give one"
        raise ValueError(msg)
    p_values = [_two_sided(claim, results[claim.result]) for claim in plan.claims]
    named = {claim.result for claim in plan.claims}
    outside = [_outside(name, result) for name, result in results.items() if name not in named]
    return EndpointVerdicts(
        verdicts=(*_judged(plan, p_values, results), *outside),
        method=f"primary in order, secondary by {plan.secondary_rule}, alpha {plan.alpha:g}",
        note=f"recalled means: {plan.recall_rule}" if plan.recall_rule else "",
    )


def _require_result(
    claim: Claim, results: Mapping[str, Comparison | GlobalTest], ci_level: float
) -> None:
    """Refuse a result that is missing or is not the one that the plan has."""
    if claim.result not in results:
        msg = f"the plan judges {claim.result!r}, but there is no such result; give it"
        raise ValueError(msg)
    result, name = results[claim.result], f"result {claim.result!r}"
    if isinstance(result, GlobalTest):
        if claim.kind != "difference":
            msg = f"{name} tests several modalities at once: it can show a difference alone"
            raise ValueError(msg)
        return
    if result.quantity != claim.quantity:
        msg = f"{name} must be of {claim.quantity}, but is of {result.quantity}"
        raise ValueError(msg)
    if result.ci_level != ci_level:
        msg = f"{name} must have ci_level {ci_level:g} as the plan, but has {result.ci_level:g}"
        raise ValueError(msg)
    if claim.kind == "noninferiority" and result.margin != claim.margin:
        msg = f"{name} must use the planned margin {claim.margin:g}, but uses {result.margin}"
        raise ValueError(msg)
    if claim.kind != "difference" and result.better is None:
        msg = f"{name} does not say which direction is better; give better= where it is made"
        raise ValueError(msg)


def _two_sided(claim: Claim, result: Comparison | GlobalTest) -> float:
    """Return P on the scale of the plan's two-sided alpha; NaN where undefined."""
    if claim.kind == "noninferiority" and isinstance(result, Comparison):
        one_sided = result.p_noninferiority
        return math.nan if one_sided is None else min(2 * one_sided, 1.0)
    if claim.kind == "superiority" and isinstance(result, Comparison):
        change = result.estimate - result.null
        ahead = change if result.better == "higher" else -change
        return 1.0 if ahead < 0 else result.p_value
    return result.p_value


def _judged(
    plan: EndpointPlan, p_values: Sequence[float], results: Mapping[str, Comparison | GlobalTest]
) -> list[EndpointVerdict]:
    """Return the verdict on each claim of the plan."""
    labels = [f"{claim.kind} of {claim.result}" for claim in plan.claims]
    adjusted, last = _adjusted(plan, p_values, labels)
    verdicts = []
    for place, claim in enumerate(plan.claims):
        p, p_adjusted, tested = p_values[place], adjusted[place], place <= last
        verdict: Verdict = "not tested"
        note = f"{labels[last]} was not shown" if not tested else ""
        if tested:
            verdict = "shown" if p_adjusted <= plan.alpha else "not shown"
        if math.isnan(p):
            note = joined(note, "its P is undefined", results[claim.result].note)
        elif tested and p <= plan.alpha < p_adjusted:
            note = "its own P is small enough, P adjusted for its family is not"
        verdicts.append(
            EndpointVerdict(
                label=claim.result,
                quantity=claim.quantity,
                claim=claim.kind,
                verdict=verdict,
                p_value=p,
                p_adjusted=p_adjusted,
                method="claim of the plan",
                note=note,
            )
        )
    return verdicts


def _adjusted(
    plan: EndpointPlan, p_values: Sequence[float], labels: Sequence[str]
) -> tuple[list[float], int]:
    """Return the adjusted P of each claim, and the place of the last that is tested."""
    n_ordered = plan.n_ordered
    steps = fixed_sequence(p_values[:n_ordered], labels[:n_ordered], alpha=plan.alpha)
    adjusted = [step.p_adjusted for step in steps]
    if n_ordered < len(labels):
        family = adjusted_p_values(p_values[n_ordered:], labels[n_ordered:], method="holm")
        # The family is tested after all before it were shown.
        before = max(1.0 if math.isnan(p) else p for p in adjusted)
        adjusted += [
            test.p_adjusted if math.isnan(test.p_adjusted) else max(test.p_adjusted, before)
            for test in family
        ]
    ends = (place for place, step in enumerate(steps) if not step.rejected)
    return adjusted, next(ends, len(labels) - 1)


def _outside(name: str, result: Comparison | GlobalTest) -> EndpointVerdict:
    """Return a result that the plan does not judge."""
    return EndpointVerdict(
        label=name,
        quantity=result.quantity if isinstance(result, Comparison) else "",
        claim="none",
        verdict="outside the plan",
        method="no claim of the plan",
        note="descriptive: the plan makes no claim of it",
    )


def verdict_note(comparison: Comparison, *, p_value: float, test: str) -> str:
    """Return in words where an interval and another test of no difference disagree.

    Parameters
    ----------
    comparison : Comparison
        A difference or a ratio with its interval.
    p_value : float
        Two-sided P of the other test, of the same data and the same null hypothesis; NaN where
        that test is not defined.
    test : str
        Name of the other test, e.g. ``"Fisher exact test"``.

    Returns
    -------
    str
        Empty where both agree at 1 - ``ci_level``, or one of them is not defined.

    Raises
    ------
    ValueError
        If ``p_value`` is not NaN and does not lie from 0 to 1.

    Notes
    -----
    The null hypothesis is a difference of 0 or a ratio of 1, rejected where P is below
    1 - ``ci_level``, and by an interval where it does not lie within its limits. Not for a test
    of non-inferiority, whose null hypothesis is another.

    Examples
    --------
    >>> import math
    >>> change = Comparison(
    ...     method="difference of proportions", quantity="recall_rate", unit="probability",
    ...     estimate=0.05, std_error=0.02, ci_low=0.01, ci_high=0.09, ci_level=0.95,
    ...     ci_method="Miettinen-Nurminen score", label_a="a", label_b="b", estimate_a=0.05,
    ...     estimate_b=0.1, effect="difference", statistic=2.4, df=math.inf, p_value=0.02)
    >>> verdict_note(change, p_value=0.06, test="Fisher exact test").split(":")[0]
    'the Miettinen-Nurminen score interval excludes no difference, the Fisher exact test does not'
    >>> verdict_note(change, p_value=0.03, test="Fisher exact test")
    ''
    """
    if math.isnan(p_value) or math.isnan(comparison.ci_low) or math.isnan(comparison.ci_high):
        return ""
    alpha = round(1 - comparison.ci_level, 12)  # 1 - 0.95 in floating point is above 0.05
    test_rejects = check_share(p_value, name="p_value") < alpha
    interval_excludes = interval_shows(comparison, "difference")
    if test_rejects == interval_excludes:
        return ""
    interval, other = f"{comparison.ci_method} interval", f"the {test}"
    first, second = (f"the {interval}", other) if interval_excludes else (other, f"the {interval}")
    return (
        f"{first} excludes no difference, {second} does not: "
        f"at a level of {alpha:g} they disagree, and the answer follows the interval"
    )
