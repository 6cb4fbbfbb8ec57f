"""Several hypotheses at once: adjusted P values, a fixed sequence, and simultaneous intervals.

What belongs to the family, and which method, is decided before the data are seen. A P value that
is not defined stays in the family as not rejected: leaving it out would make the others smaller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Result
from toolkit.stats._checks import check_choice, check_ci_level, check_count, check_ratings

Adjustment = Literal["holm", "hochberg", "hommel", "bonferroni", "sidak", "fdr_bh", "fdr_by"]

_FAMILYWISE = "familywise error rate: the chance of one false rejection or more"
_FALSE_DISCOVERY = "false discovery rate: the expected share of false ones among all rejections"
_POSITIVE = "for independent or positively related tests"
# Our name: statsmodels' name, and in words the method and what it controls.
_METHODS: dict[str, tuple[str, str]] = {
    "holm": ("holm", f"Holm; controls the {_FAMILYWISE}"),
    "hochberg": ("simes-hochberg", f"Hochberg, {_POSITIVE}; controls the {_FAMILYWISE}"),
    "hommel": ("hommel", f"Hommel, {_POSITIVE}; controls the {_FAMILYWISE}"),
    "bonferroni": ("bonferroni", f"Bonferroni; controls the {_FAMILYWISE}"),
    "sidak": ("sidak", f"Sidak, {_POSITIVE}; controls the {_FAMILYWISE}"),
    "fdr_bh": ("fdr_bh", f"Benjamini-Hochberg, {_POSITIVE}; controls the {_FALSE_DISCOVERY}"),
    "fdr_by": ("fdr_by", f"Benjamini-Yekutieli; controls the {_FALSE_DISCOVERY}"),
}
_ENDED = "not tested: an earlier hypothesis was not rejected"
_KEPT = "P is not defined: not rejected, and kept in the family"


@dataclass(frozen=True, kw_only=True, eq=False)
class AdjustedP(Result):
    """One hypothesis of a family: reject it at level alpha where ``p_adjusted`` <= alpha.

    ``rejected`` is None where no alpha was given.
    """

    label: str
    p_value: float
    p_adjusted: float
    rejected: bool | None = None


def adjusted_p_values(
    p_values: ArrayLike, labels: Sequence[str], *, method: Adjustment = "holm"
) -> tuple[AdjustedP, ...]:
    """Adjust the P values of a family of hypotheses that are tested together.

    Parameters
    ----------
    p_values : array_like, shape (n_hypotheses,)
        Two-sided or one-sided P values, of one kind; NaN where a test is not defined.
    labels : sequence of str, shape (n_hypotheses,)
        What each hypothesis is about.
    method : {"holm", "hochberg", "hommel", "bonferroni", "sidak", "fdr_bh", "fdr_by"}
        ``"holm"`` needs no assumption and is never worse than ``"bonferroni"``. Those with ``fdr``
        are for screens of many hypotheses, such as subgroups to look at next, not for the
        endpoints of a trial.

    Returns
    -------
    tuple of AdjustedP
        In the order given. Where P is NaN the adjusted one is NaN with a note, and the others are
        adjusted as if it were 1.

    Raises
    ------
    ValueError
        If there is no hypothesis, a P value does not lie from 0 to 1, or labels do not fit.

    Notes
    -----
    ``method`` of the result says in words what is controlled. Primary and ordered secondary
    endpoints are tested by ``fixed_sequence``, which costs no alpha.

    References
    ----------
    Holm S. Scand J Stat 1979;6:65-70.

    Hochberg Y. Biometrika 1988;75:800-802. doi:10.1093/biomet/75.4.800

    Benjamini Y, Hochberg Y. J R Stat Soc B 1995;57:289-300.
    doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> family = adjusted_p_values([0.01, 0.04, 0.03], ["recall", "detection", "time"])
    >>> [f"{test.label} {test.p_adjusted:.2f}" for test in family]
    ['recall 0.03', 'detection 0.06', 'time 0.06']
    """
    given, names = _family(p_values, labels)
    check_choice(method, name="method", choices=tuple(_METHODS))
    from statsmodels.stats.multitest import multipletests

    name, words = _METHODS[method]
    with np.errstate(divide="ignore"):  # Sidak of a P of 1 takes the logarithm of 0, rightly
        adjusted = multipletests(np.where(np.isnan(given), 1.0, given), method=name)[1]
    return tuple(
        AdjustedP(
            method=words,
            note=_KEPT if math.isnan(p) else "",
            label=label,
            p_value=p,
            p_adjusted=p if math.isnan(p) else float(new),
        )
        for p, new, label in zip(given.tolist(), adjusted, names, strict=True)
    )


def fixed_sequence(
    p_values: ArrayLike, labels: Sequence[str], *, alpha: float
) -> tuple[AdjustedP, ...]:
    """Test hypotheses in an order fixed in advance, each at alpha, up to the first not rejected.

    Parameters
    ----------
    p_values : array_like, shape (n_hypotheses,)
        P values in the order of testing; NaN, a test that is not defined, ends the sequence.
    labels : sequence of str, shape (n_hypotheses,)
        What each hypothesis is about.
    alpha : float
        Level of the whole sequence, between 0 and 1: 0.05 for two-sided P values, 0.025 for
        one-sided ones as of non-inferiority.

    Returns
    -------
    tuple of AdjustedP
        In the order given; ``p_adjusted`` is the largest P so far, 1 after one that is not
        defined. Where the sequence had ended, nothing is rejected and the note says so: such P
        values are descriptive.

    Raises
    ------
    ValueError
        As ``adjusted_p_values``, or if ``alpha`` does not lie between 0 and 1.

    Notes
    -----
    Controls the familywise error rate without an assumption. The order must not depend on the
    data; with a hypothesis of little power placed early, all behind it are lost.

    References
    ----------
    Maurer W, Hothorn LA, Lehmacher W. In: Vollmar J, ed. Biometrie in der
    chemisch-pharmazeutischen Industrie 6. Stuttgart: Fischer; 1995:3-18.

    Examples
    --------
    >>> steps = fixed_sequence([0.01, 0.2, 0.001], ["non-inferior", "better", "faster"], alpha=0.05)
    >>> [test.rejected for test in steps]
    [True, False, False]
    """
    given, names = _family(p_values, labels)
    level = _check_alpha(alpha)
    steps: list[AdjustedP] = []
    largest = 0.0
    for p, label in zip(given.tolist(), names, strict=True):
        ended = _ENDED if largest > level else ""
        largest = max(largest, 1.0 if math.isnan(p) else p)
        steps.append(
            AdjustedP(
                method=f"fixed sequence at {level:g}; controls the {_FAMILYWISE}",
                note="; ".join(filter(None, (_KEPT if math.isnan(p) else "", ended))),
                label=label,
                p_value=p,
                p_adjusted=p if math.isnan(p) else largest,
                rejected=largest <= level,
            )
        )
    return tuple(steps)


def simultaneous_level(
    n_intervals: int,
    *,
    ci_level: float = 0.95,
    method: Literal["bonferroni", "sidak"] = "bonferroni",
) -> float:
    """Return the level of each interval at which all cover together with ``ci_level``.

    Parameters
    ----------
    n_intervals : int
        Intervals that are read together, 1 or more.
    ci_level : float
        Confidence level of all together.
    method : {"bonferroni", "sidak"}
        ``"sidak"`` is a little narrower and needs independent, or jointly normal, estimates.

    Returns
    -------
    float
        To be passed as ``ci_level`` to whatever makes the intervals.

    Raises
    ------
    ValueError
        If there is no interval, or the level or the method is wrong.

    References
    ----------
    Sidak Z. J Am Stat Assoc 1967;62:626-633. doi:10.1080/01621459.1967.10482935

    Examples
    --------
    >>> round(simultaneous_level(5), 6)
    0.99
    """
    count, level = check_count(n_intervals, name="n_intervals"), check_ci_level(ci_level)
    check_choice(method, name="method", choices=("bonferroni", "sidak"))
    if count < 1:
        msg = f"n_intervals must be 1 or more, but got {n_intervals!r}"
        raise ValueError(msg)
    return 1 - (1 - level) / count if method == "bonferroni" else float(level ** (1 / count))


def _family(p_values: ArrayLike, labels: Sequence[str]) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the P values, NaN where not defined, and one label for each."""
    names = (labels,) if isinstance(labels, str) else tuple(labels)
    n_hypotheses = np.shape(p_values)[0] if np.ndim(p_values) else 0
    given = check_ratings(
        p_values, n_cases=n_hypotheses, name="p_values", axes=(), missing_allowed=True
    )
    if not given.size:
        msg = "p_values must hold one P value or more, but it is empty"
        raise ValueError(msg)
    wrong = ~(np.isnan(given) | ((given >= 0) & (given <= 1)))
    if wrong.any():
        place = int(np.argmax(wrong))
        msg = f"p_values must lie from 0 to 1, but position {place} holds {given[place].item()!r}"
        raise ValueError(f"{msg}; write 5 % as 0.05, and NaN for a test that is not defined")
    if len(names) != given.size:
        msg = f"labels must name the {given.size} hypotheses of p_values, but got {len(names)}"
        raise ValueError(msg)
    return given, names


def _check_alpha(alpha: float) -> float:
    """Return the level of a family of tests, between 0 and 1."""
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha < 1:
        msg = f"alpha must lie between 0 and 1, but got {alpha!r}; write 5 % as 0.05"
        raise ValueError(msg)
    return float(alpha)
