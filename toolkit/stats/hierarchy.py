"""What the results of a study show of the claims in its plan.

Primary claims are tested one after the other, secondary ones after them in a fixed sequence or by
Holm's method, all at the level of the plan together. A result that the plan does not name has no
verdict, however small its P value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from toolkit.results import Comparison, Result, joined, stacked_frame
from toolkit.stats.endpoint_plan import Claim, EndpointPlan
from toolkit.stats.mrmc.analysis import GlobalTest
from toolkit.stats.multiplicity import adjusted_p_values, fixed_sequence

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
        null = 0.0 if result.effect == "difference" else 1.0
        ahead = result.estimate - null if result.better == "higher" else null - result.estimate
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
    by_holm = plan.secondary_rule == "holm" and plan.secondary
    n_ordered = len(plan.primary) if by_holm else len(labels)
    steps = fixed_sequence(p_values[:n_ordered], labels[:n_ordered], alpha=plan.alpha)
    adjusted = [step.p_adjusted for step in steps]
    if by_holm:
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
