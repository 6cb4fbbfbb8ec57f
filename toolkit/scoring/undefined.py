"""Results that the readings of a study do not give, with the reason in words."""

from __future__ import annotations

import math

from toolkit.results import Comparison, Estimate


def undefined_auc(label: str, ci_level: float, note: str) -> Estimate:
    """Return an area that cannot be estimated, with the reason."""
    return Estimate(
        quantity="auc",
        unit="probability",
        estimate=math.nan,
        std_error=math.nan,
        ci_low=math.nan,
        ci_high=math.nan,
        ci_level=ci_level,
        ci_method="none",
        method="empirical AUC",
        label=label,
        note=note,
    )


def undefined_difference(
    quantity: str, note: str, *, margin: float | None, names: tuple[str, str], ci_level: float
) -> Comparison:
    """Return a difference that cannot be estimated, with the reason.

    Parameters
    ----------
    quantity : str
        ``"auc"``, ``"sensitivity"`` or ``"specificity"``; a higher one is better.
    note : str
        The reason.
    margin : float or None
        Margin of the plan.
    names : (str, str)
        The comparator a and b.
    ci_level : float
        Confidence level of the plan.
    """
    nan = math.nan
    return Comparison(
        quantity=quantity,
        unit="probability",
        estimate=nan,
        std_error=nan,
        ci_low=nan,
        ci_high=nan,
        ci_level=ci_level,
        ci_method="none",
        method=f"difference in {quantity}",
        note=note,
        label_a=names[0],
        label_b=names[1],
        estimate_a=nan,
        estimate_b=nan,
        effect="difference",
        statistic=nan,
        df=nan,
        p_value=nan,
        margin=margin,
        better="higher",
    )
