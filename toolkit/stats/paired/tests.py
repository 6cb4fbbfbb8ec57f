"""Two methods called the same cases: do they call equally many positive? The McNemar tests.

Only the discordant pairs matter, those that one method alone called positive. Report an interval
beside a test: ``paired_difference_ci`` or ``paired_ratio_ci``, whose P is that of the asymptotic
McNemar test.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from scipy import special

from toolkit.results import Better, Comparison, Result, check_margin
from toolkit.stats._checks import check_ci_level, chosen
from toolkit.stats._inference import share
from toolkit.stats.paired.counts import PairedCounts


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedTest(Result):
    """A test that a and b do not differ, which no interval of ours inverts.

    ``p_value`` is two-sided; ``df`` is None where the test is exact. Report an interval beside it,
    and ``toolkit.stats.claims.plan.verdict_note`` where both disagree.
    """

    quantity: str
    label_a: str
    label_b: str
    statistic: float
    p_value: float
    df: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class McNemarTest(PairedTest):
    """A McNemar test: two-sided P that b and a call equally many cases positive.

    ``statistic`` is chi-square with ``df`` degrees of freedom, or of an exact test the number of
    the ``n_discordant`` pairs that are positive by b alone.
    """

    only_b: int
    only_a: int
    n_discordant: int


McNemarMethod = Literal["midp", "exact", "asymptotic", "corrected"]


def mcnemar(
    counts: PairedCounts,
    *,
    method: McNemarMethod = "midp",
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> McNemarTest:
    """Test by a McNemar test whether b and a call equally many cases positive.

    Parameters
    ----------
    counts : PairedCounts
        The paired table; cases positive by both or by neither do not matter.
    method : str
        Which of the tests, see Notes.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    McNemarTest
        P is 1, with a note, where there are no discordant pairs: given that there is none, the
        table that was seen is the only possible one and cannot speak against the null hypothesis.

    Raises
    ------
    ValueError
        If the method is not known.

    Notes
    -----
    Null hypothesis: a discordant pair is positive by b with probability 1/2.

    ============== =============================================================================
    ``midp``       The default [1]_: as the exact test, but the observed table counts half. The
                   size is near the nominal level and not guaranteed to stay below. Where as many
                   pairs are positive by b alone as by a alone P is 1, as R's ``exact2x2`` has it;
                   the paper takes 1 less half the probability of that table. No test at a usual
                   level hangs on it.
    ``exact``      For a guarantee [2]_: twice the smaller binomial tail, at most 1. The size
                   never exceeds the nominal level but can lie far below it.
    ``asymptotic`` Chi-square with 1 degree of freedom [2]_, the square of the statistic of the
                   intervals ``"tango"`` and ``"tang"``, with their P. With few discordant pairs
                   the size can somewhat exceed the nominal level.
    ``corrected``  The same with the continuity correction [3]_, to check a paper that did: close
                   to the exact test, with its low power and without its guarantee. Taken as
                   printed, (|b - c| - 1)^2 / (b + c), also where as many pairs are positive by b
                   alone as by a alone: P is then below 1, with a note. R's ``mcnemar.test``
                   leaves the correction out in that case.
    ============== =============================================================================

    References
    ----------
    .. [1] Fagerland MW, Lydersen S, Laake P. BMC Med Res Methodol 2013;13:91.
       doi:10.1186/1471-2288-13-91
    .. [2] McNemar Q. Psychometrika 1947;12:153-157. doi:10.1007/BF02295996
    .. [3] Edwards AL. Psychometrika 1948;13:185-187. doi:10.1007/BF02289261

    Examples
    --------
    >>> counts = PairedCounts(both=1, only_b=1, only_a=7)
    >>> mcnemar(counts).p_value, mcnemar(counts, method="exact").p_value
    (0.0390625, 0.0703125)
    >>> for method in ("asymptotic", "corrected"):
    ...     test = mcnemar(counts, method=method)
    ...     print(f"{test.statistic:.3f}, P {test.p_value:.4f}")
    4.500, P 0.0339
    3.125, P 0.0771
    """
    title, fields_of = chosen(method, _METHODS)
    fields = fields_of(counts)
    if not counts.n_discordant:
        fields["note"] = "no discordant pairs, so P is 1"
    return McNemarTest(
        method=title,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        only_b=counts.only_b,
        only_a=counts.only_a,
        n_discordant=counts.n_discordant,
        **fields,
    )


def _midp(counts: PairedCounts) -> dict[str, Any]:
    """Return the pairs by b alone and mid-P."""
    fewer, discordant = min(counts.only_a, counts.only_b), counts.n_discordant
    # Twice (the tail less half the observed table) is the sum of two neighbouring tails.
    p_value = _fair_binomial(fewer, discordant) + _fair_binomial(fewer - 1, discordant)
    p_value = 1.0 if counts.only_a == counts.only_b else p_value
    return {"statistic": float(counts.only_b), "p_value": p_value}


def _exact(counts: PairedCounts) -> dict[str, Any]:
    """Return the pairs by b alone and their exact P."""
    fewer = min(counts.only_a, counts.only_b)
    p_value = min(1.0, 2 * _fair_binomial(fewer, counts.n_discordant))
    return {"statistic": float(counts.only_b), "p_value": p_value}


def _asymptotic(counts: PairedCounts) -> dict[str, Any]:
    """Return chi-square and its P."""
    return _chi_square(counts, (counts.only_b - counts.only_a) ** 2)


def _corrected(counts: PairedCounts) -> dict[str, Any]:
    """Return chi-square with the continuity correction and its P."""
    excess = abs(counts.only_b - counts.only_a) - 1
    note = "" if excess >= 0 else "as many by b alone as by a alone: P is below 1 all the same"
    return {**_chi_square(counts, excess**2), "note": note}


def _chi_square(counts: PairedCounts, squared: int) -> dict[str, Any]:
    """Return chi-square and its P; 0 / 0 is no evidence against anything."""
    statistic = share(squared, counts.n_discordant) if counts.n_discordant else 0.0
    return {"statistic": statistic, "df": 1.0, "p_value": float(special.chdtrc(1, statistic))}


_METHODS: dict[str, tuple[str, Callable[[PairedCounts], dict[str, Any]]]] = {
    "midp": ("mid-P McNemar", _midp),
    "exact": ("exact McNemar", _exact),
    "asymptotic": ("asymptotic McNemar", _asymptotic),
    "corrected": ("McNemar with continuity correction", _corrected),
}


def mcnemar_joint(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    quantity: str = "sensitivity and specificity",
    label_a: str = "a",
    label_b: str = "b",
) -> PairedTest:
    """Test whether b and a have the same sensitivity and the same specificity, both at once.

    Parameters
    ----------
    cancers, others : PairedCounts
        Cases with and without the disease; their discordant pairs alone matter.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    PairedTest
        ``statistic`` is chi-square with 2 degrees of freedom, the sum of both McNemar statistics
        without correction. A table without discordant pairs adds 0, with a note.

    Notes
    -----
    Null hypothesis: neither sensitivity nor specificity differs. Cases are random and independent.
    A small P does not say which of them differs, or that b is better: a higher sensitivity bought
    by a lower specificity rejects as well. Follow it by the two comparisons.

    References
    ----------
    Lachenbruch PA, Lynch CJ. Stat Med 1998;17:2207-2217.
    doi:10.1002/(SICI)1097-0258(19981015)17:19<2207::AID-SIM920>3.0.CO;2-Y

    Examples
    --------
    >>> cancers = PairedCounts(both=319, only_b=22, only_a=78)
    >>> others = PairedCounts(both=31, only_b=22, only_a=53)
    >>> test = mcnemar_joint(cancers, others)
    >>> f"{test.statistic:.2f}, df {test.df:.0f}, P {test.p_value:.1e}"
    '44.17, df 2, P 2.6e-10'
    """
    parts = [mcnemar(table, method="asymptotic") for table in (cancers, others)]
    statistic = sum(part.statistic for part in parts)
    tables = zip(("with", "without"), parts, strict=True)
    empty = [name for name, part in tables if not part.n_discordant]
    return PairedTest(
        method="joint McNemar of sensitivity and specificity",
        note=f"no discordant pairs in cases {' and '.join(empty)} the disease" if empty else "",
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        statistic=statistic,
        df=2.0,
        p_value=float(special.chdtrc(2, statistic)),
    )


def _fair_binomial(at_most: int, trials: int) -> float:
    """Return P(X <= at_most) of ``trials`` fair coins, accurate also for a million."""
    if at_most < 0:
        return 0.0
    return float(special.betainc(trials - at_most, at_most + 1, 0.5)) if at_most < trials else 1.0


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
        are their shares of the discordant pairs. ``p_value`` is that of the exact McNemar test and
        ``statistic`` the standard normal deviate of that P. Where no pair is positive by a alone
        the ratio, its maximum-likelihood value, and the upper limit are infinite; without
        discordant pairs it is NaN with a note and nothing is excluded.

    Raises
    ------
    ValueError
        If the level, the margin or the direction is wrong.

    Notes
    -----
    The limits are Clopper-Pearson's of the share of discordant pairs that are positive by b, as
    odds: coverage is never below the level. Null hypothesis: the odds ratio is 1. It is the odds
    ratio of one case called twice, not that of two groups, and says nothing of how often the
    methods part; prefer ``paired_ratio_ci`` for a reader. Not for clustered cases.

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
    p_value = mcnemar(counts, method="exact").p_value
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
        estimate=math.inf if only_b > only_a == 0 else share(only_b, only_a),
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
    """Return why there is no finite odds ratio."""
    if counts.only_b:
        return (
            "the odds ratio is infinite, without a standard error: no pair is positive by a alone"
        )
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
