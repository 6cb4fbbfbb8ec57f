"""Size of a comparison of two readings of the same cases: paired proportions, exactly enumerated.

Sensitivity, detection or recall of two methods that both saw every case, as in ScreenTrustCAD:
shown to differ (McNemar), or not to be worse by a margin of the difference (Tango) or of the ratio
(Tang). Size before a study, not after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from scipy.special import ndtri

from toolkit.stats._checks import check_choice, check_ci_level, check_count, check_inner_share
from toolkit.stats.paired.counts import PairedCounts
from toolkit.stats.paired.differences import tango_score
from toolkit.stats.paired.ratios import tang_score
from toolkit.stats.paired.tests import mcnemar
from toolkit.stats.simulation.simulate import PairedCallProbabilities, paired_call_probabilities
from toolkit.stats.sizing.proportions import (
    ProportionPower,
    ProportionQuestion,
    binomial_mass,
    bulk,
    first_size,
    one_or_two_sided,
)

PairedTestName = Literal["score", "exact", "mid-P"]

_MOST_PAIRS = 10_000_000
_MOST_CELLS = 300_000  # outcomes of two counts that are enumerated; beyond them tables are drawn
_DRAWN = 50_000
_NEGLIGIBLE = 1e-16


@dataclass(frozen=True, kw_only=True)
class PairedQuestion(ProportionQuestion):
    """Two paired proportions taken as true, and what is to be shown of them.

    Parameters
    ----------
    proportion_a, proportion_b, effect, margin, better
        As for ``ProportionQuestion``.
    concordance : float
        Probability that both readings of a case say the same; the less, the larger the study.
    test : {"score", "exact", "mid-P"}
        Without a margin: McNemar's test, asymptotic (that of Tango), exact or mid-P. With
        one: ``"score"``.

    Raises
    ------
    ValueError
        If a value is malformed, no pair of readings has these rates and this concordance, or what
        is to be shown is not true.

    Examples
    --------
    >>> question = PairedQuestion(proportion_a=0.72, proportion_b=0.80, concordance=0.85)
    >>> round(question.cells.only_b, 3), round(question.cells.only_a, 3)
    (0.115, 0.035)
    """

    concordance: float
    test: PairedTestName = "score"

    def __post_init__(self) -> None:
        """Check the question."""
        super().__post_init__()
        check_choice(self.test, name="test", choices=("score", "exact", "mid-P"))
        if self.test != "score" and self.margin is not None:
            msg = f"test={self.test!r} is McNemar's, which knows no margin; take test='score'"
            raise ValueError(msg)
        if self.cells.only_a + self.cells.only_b == 0:
            msg = "concordance is 1: no pair is discordant, so there is nothing to test"
            raise ValueError(msg)

    @property
    def cells(self) -> PairedCallProbabilities:
        """Probabilities of the four cells."""
        return paired_call_probabilities(
            self.proportion_a, self.proportion_b, concordance=self.concordance
        )

    @property
    def null_cells(self) -> PairedCallProbabilities:
        """The same where the hypothesis just holds, a being as it is.

        The concordance is as near to the true one as it can be.
        """
        lowest = abs(self.proportion_a + self.boundary - 1)
        highest = 1 - abs(self.proportion_a - self.boundary)
        return paired_call_probabilities(
            self.proportion_a,
            self.boundary,
            concordance=min(max(self.concordance, lowest), highest),
        )


def paired_power(
    question: PairedQuestion, *, n_pairs: int, ci_level: float = 0.95, rng: int | None = None
) -> ProportionPower:
    """Return the exact power of a comparison of two readings of the same cases.

    Parameters
    ----------
    question : PairedQuestion
        What is taken as true, and what is to be shown.
    n_pairs : int
        Cases that both methods read: of sensitivity, the cancers.
    ci_level : float
        0.95 is a two-sided test at 5 %, and a margin at one-sided 2.5 %.
    rng : int, optional
        Needed for a margin of the ratio in large studies of frequent calls alone, where there are
        too many outcomes to add up: 50,000 tables are drawn, and ``seed`` draws them again.

    Returns
    -------
    ProportionPower
        ``n_a`` and ``n_b`` are the pairs.

    Raises
    ------
    ValueError
        If the number is 0, the level is wrong, or a seed is needed.

    Notes
    -----
    Not for clustered cases. McNemar's exact test keeps its level and is far below it, see ``size``.

    References
    ----------
    Tango T. Stat Med 1998;17:891-908.
    doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B

    Tang NS, Tang ML, Chan ISF. Stat Med 2003;22:1217-1233. doi:10.1002/sim.1439

    Examples
    --------
    Sensitivity of 250 cancers, both at 0.90, not to fall below 85 % of it:

    >>> question = PairedQuestion(proportion_a=0.9, proportion_b=0.9, concordance=0.9,
    ...                           effect="ratio", margin=0.85, better="higher")
    >>> result = paired_power(question, n_pairs=250)
    >>> round(result.power, 3), round(result.size, 3)
    (1.0, 0.021)
    """
    level = check_ci_level(ci_level)
    if check_count(n_pairs, name="n_pairs") < 1:
        msg = f"n_pairs must be at least 1, but got {n_pairs!r}"
        raise ValueError(msg)
    drawn = not _enumerable(question, n_pairs)
    seed = _check_seed(rng) if drawn else None
    power, size = (
        _probability(question, n_pairs, level, cells, seed)
        for cells in (question.cells, question.null_cells)
    )
    how = f"{_DRAWN:,} tables drawn, seed {seed}" if drawn else "exact enumeration"
    return ProportionPower(
        true_a=question.proportion_a,
        true_b=question.proportion_b,
        power=power,
        size=size,
        n_a=int(n_pairs),
        n_b=int(n_pairs),
        ci_level=level,
        effect=question.effect,
        margin=question.margin,
        better=question.better,
        seed=None if seed is None else str(seed),
        method=f"paired, {question.in_words}, {_test_name(question)}, {how}",
    )


def paired_sample_size(
    question: PairedQuestion,
    *,
    power: float = 0.8,
    ci_level: float = 0.95,
    rng: int | None = None,
) -> ProportionPower:
    """Return the fewest pairs with which the comparison has a power.

    Parameters
    ----------
    question : PairedQuestion
        What is taken as true, and what is to be shown.
    power : float
        Power wanted.
    ci_level, rng
        As for ``paired_power``.

    Returns
    -------
    ProportionPower
        Exact power goes up and down by a little as numbers grow: it stays reached at the 20
        numbers that follow.

    Raises
    ------
    ValueError
        If an argument is malformed, or ten million pairs are not enough.

    Examples
    --------
    >>> question = PairedQuestion(proportion_a=0.72, proportion_b=0.80, concordance=0.85)
    >>> result = paired_sample_size(question)
    >>> result.n_a, round(result.power, 3)
    (168, 0.801)
    """
    level, wanted = check_ci_level(ci_level), check_inner_share(power, name="power")

    def reached(n_pairs: int) -> bool:
        seed = None if _enumerable(question, n_pairs) else _check_seed(rng)
        return _probability(question, n_pairs, level, question.cells, seed) >= wanted

    found = first_size(reached, most=_MOST_PAIRS)
    if found is None:
        msg = f"{_MOST_PAIRS:,} pairs are not enough; ask for less"
        raise ValueError(msg)
    return paired_power(question, n_pairs=found, ci_level=level, rng=rng)


def _test_name(question: PairedQuestion) -> str:
    """Return the name of the test."""
    if question.margin is None:
        names = {"score": "asymptotic", "exact": "exact", "mid-P": "mid-P"}
        return f"{names[question.test]} McNemar"
    return "Tango score" if question.effect == "difference" else "Tang score"


def _needs_both(question: PairedQuestion) -> bool:
    """Whether the test depends on the pairs positive by both."""
    return question.effect == "ratio" and question.margin is not None


def _enumerable(question: PairedQuestion, n_pairs: int) -> bool:
    """Whether there are few enough outcomes to add up."""
    cells = question.cells
    outcomes = len(bulk(n_pairs, cells.only_a))
    if _needs_both(question):
        outcomes *= len(bulk(n_pairs, cells.both))
    return outcomes <= _MOST_CELLS


def _check_seed(rng: int | None) -> int:
    """Return the seed with which tables are drawn."""
    if rng is None:
        msg = "there are too many outcomes to add up: give rng= an int, to draw tables instead"
        raise ValueError(msg)
    return check_count(rng, name="rng")


def _probability(
    question: PairedQuestion,
    n_pairs: int,
    level: float,
    cells: PairedCallProbabilities,
    seed: int | None,
) -> float:
    """Return the probability that the test rejects, where the cells are such."""
    z = -float(ndtri((1 - level) / 2))
    if seed is not None:
        return _drawn(question, n_pairs, z, cells, seed)
    if _needs_both(question):
        return _over_both(question, n_pairs, z, cells)
    only_a_counts = bulk(n_pairs, cells.only_a)
    mass = binomial_mass(only_a_counts, n_pairs, cells.only_a)
    share = min(cells.only_b / (1 - cells.only_a), 1.0)
    score = _score(question, n_pairs, level, z)
    total = 0.0
    for only_a, weight in zip(only_a_counts, mass, strict=True):
        total += weight * one_or_two_sided(
            question, n_pairs - only_a, share, partial(score, only_a=only_a), z
        )
    return float(total)


def _score(question: PairedQuestion, n_pairs: int, level: float, z: float) -> Callable[..., float]:
    """Return a score of only_b given only_a, beyond z where the test rejects."""
    if question.test == "score":
        hypothesis = 0.0 if question.margin is None else question.hypothesis
        return lambda only_b, only_a: tango_score(only_b, only_a, n_pairs, hypothesis)
    test = partial(mcnemar, method="exact") if question.test == "exact" else mcnemar

    def signed(only_b: int, only_a: int) -> float:
        # A P at the level counts as significant, as in the test itself.
        p_value = test(PairedCounts(both=0, only_b=only_b, only_a=only_a)).p_value
        return math.copysign(2 * z, only_b - only_a) if p_value <= 1 - level else 0.0

    return signed


def _over_both(
    question: PairedQuestion, n_pairs: int, z: float, cells: PairedCallProbabilities
) -> float:
    """Return the probability that a test rejects that depends on the pairs positive by both."""
    both_counts = bulk(n_pairs, cells.both)
    total = 0.0
    for both, mass in zip(
        both_counts, binomial_mass(both_counts, n_pairs, cells.both), strict=True
    ):
        rest, left = n_pairs - both, 1 - cells.both
        share_a = min(cells.only_a / left, 1.0)
        share_b = min(cells.only_b / (left - cells.only_a), 1.0) if left > cells.only_a else 0.0
        only_a_counts = bulk(rest, share_a)
        for only_a, weight in zip(
            only_a_counts, mass * binomial_mass(only_a_counts, rest, share_a), strict=True
        ):
            if weight < _NEGLIGIBLE:
                continue

            def at(only_b: int, both: int = both, only_a: int = only_a) -> float:
                return tang_score(both, only_b, only_a, question.hypothesis)

            total += weight * one_or_two_sided(question, rest - only_a, share_b, at, z)
    return float(total)


def _drawn(
    question: PairedQuestion, n_pairs: int, z: float, cells: PairedCallProbabilities, seed: int
) -> float:
    """Return the share of drawn tables that reject."""
    shares = [cells.both, cells.only_b, cells.only_a, cells.neither]
    tables = np.random.default_rng(seed).multinomial(n_pairs, shares, size=_DRAWN)
    sign = 1 if question.better == "higher" else -1
    rejected = sum(
        sign * tang_score(both, only_b, only_a, question.hypothesis) > z
        for both, only_b, only_a, _ in tables.tolist()
    )
    return rejected / _DRAWN
