"""Where an interval and a test of the same comparison say different things.

Different methods disagree near the limit of significance: a score interval can exclude no
difference while an exact test does not reject it. That is no error, but it must be said.
"""

from __future__ import annotations

import math

from toolkit.results import Comparison
from toolkit.stats._checks import check_share


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
    null = 0.0 if comparison.effect == "difference" else 1.0
    interval_excludes = not comparison.ci_low <= null <= comparison.ci_high
    if test_rejects == interval_excludes:
        return ""
    interval, other = f"{comparison.ci_method} interval", f"the {test}"
    first, second = (f"the {interval}", other) if interval_excludes else (other, f"the {interval}")
    return (
        f"{first} excludes no difference, {second} does not: "
        f"at a level of {alpha:g} they disagree, and the primary one is the one fixed in the plan"
    )
