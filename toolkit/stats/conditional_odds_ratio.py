"""Two methods called the same cases: the odds ratio of the discordant pairs, exactly."""

from __future__ import annotations

import math

from scipy import special

from toolkit.results import Better, Comparison, check_margin
from toolkit.stats._checks import check_ci_level
from toolkit.stats._wald import share
from toolkit.stats.mcnemar import mcnemar_exact
from toolkit.stats.paired import PairedCounts


def conditional_odds_ratio_ci(
    counts: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "odds",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the conditional odds ratio b over a with its exact interval.

    Parameters
    ----------
    counts : PairedCounts
        The paired table; only the discordant pairs matter.
    ci_level : float
        Confidence level, two-sided.
    margin : float, optional
        Non-inferiority margin: below 1 where higher is better, above 1 where lower is.
    better : {"higher", "lower"}, optional
        Which direction is better; required with a margin.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    Comparison
        Pairs positive by b alone over pairs positive by a alone; ``estimate_b`` and ``estimate_a``
        are their shares of the discordant pairs. ``p_value`` is that of ``mcnemar_exact`` and
        ``statistic`` the standard normal deviate of that P. Where no pair is positive by a alone
        the ratio is NaN with a note and the upper limit infinite; without discordant pairs
        nothing is excluded.

    Raises
    ------
    ValueError
        If the level, the margin or the direction is wrong.

    Notes
    -----
    The limits are Clopper-Pearson's of the share of discordant pairs that are positive by b, as
    odds: coverage is never below the level. Null hypothesis: the odds ratio is 1. It is the odds
    ratio of one case called twice, not that of two groups, and says nothing of how often the
    methods part; prefer ``tang_ratio_ci`` for a reader. Not for clustered cases.

    References
    ----------
    Fay MP. Biostatistics 2010;11:373-374. doi:10.1093/biostatistics/kxp050

    Examples
    --------
    >>> odds = conditional_odds_ratio_ci(PairedCounts(both=26, only_b=3, only_a=1))
    >>> f"{odds.estimate:.0f} ({odds.ci_low:.2f}, {odds.ci_high:.1f}), P {odds.p_value:.3f}"
    '3 (0.24, 157.5), P 0.625'
    """
    level = check_ci_level(ci_level)
    check_margin(margin, effect="ratio", better=better)
    only_b, only_a, tail = counts.only_b, counts.only_a, (1 - level) / 2
    inverse_high = _lower_odds(only_a, only_b, tail)
    p_value = mcnemar_exact(counts).p_value
    # Delta method: the logarithm has variance 1 / only_b + 1 / only_a.
    spread = only_b * counts.n_discordant
    return Comparison(
        method="conditional odds ratio of discordant pairs",
        note="" if only_a else _no_odds(counts),
        ci_method="exact (Clopper-Pearson)",
        ci_level=level,
        quantity=quantity,
        unit="ratio",
        effect="ratio",
        label_a=label_a,
        label_b=label_b,
        estimate=share(only_b, only_a),
        estimate_a=share(only_a, counts.n_discordant),
        estimate_b=share(only_b, counts.n_discordant),
        std_error=share(math.sqrt(spread), only_a**1.5),
        ci_low=_lower_odds(only_b, only_a, tail),
        ci_high=1 / inverse_high if inverse_high else math.inf,
        statistic=math.copysign(float(special.ndtri(p_value / 2)), only_b - only_a),
        df=math.inf,
        p_value=p_value,
        margin=margin,
        better=better,
        p_noninferiority=None if margin is None else _beyond(only_b, only_a, margin, better),
    )


def _no_odds(counts: PairedCounts) -> str:
    """Return why there is no odds ratio."""
    if counts.only_b:
        return "the odds ratio is not defined: no pair is positive by a alone"
    return "the odds ratio is not defined: no discordant pairs"


def _lower_odds(successes: int, failures: int, tail: float) -> float:
    """Return the odds under which so many successes or more have the probability ``tail``."""
    if not successes:
        return 0.0
    # P(X >= k | p) is the beta distribution function with k and n - k + 1, at p.
    chance = float(special.betaincinv(successes, failures + 1, tail))
    return chance / float(special.betainccinv(failures + 1, successes, tail))


def _beyond(only_b: int, only_a: int, margin: float, better: Better | None) -> float:
    """Return the binomial tail from the observed table on, where the odds are the margin."""
    if better == "lower":  # as many pairs by a alone or more, at odds of a over b of 1 / margin
        return _beyond(only_a, only_b, 1 / margin, "higher")
    chance = margin / (1 + margin)
    return float(special.betainc(only_b, only_a + 1, chance)) if only_b else 1.0
