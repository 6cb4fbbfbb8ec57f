"""The endpoints of a study in the order of its plan, as fixed before the data are seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from toolkit.stats._checks import check_choice, check_ci_level

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
    def alpha(self) -> float:
        """Two-sided level of the whole plan."""
        return round(1 - self.ci_level, 12)  # 1 - 0.95 in floating point is above 0.05


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
