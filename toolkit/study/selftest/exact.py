"""Answers worked out here from definitions, in whole numbers and fractions, without the toolkit.

Each function takes the arguments of the method it answers for. What it does is slow and plain on
purpose: it counts all pairs, adds up all tables, or closes in on a limit by halving.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from statistics import NormalDist
from typing import Any

Answer = Mapping[str, Fraction | float]

_HALVINGS = 100  # more than float64 has digits
_TAIL = 0.025
_DEVIATE = NormalDist().inv_cdf(1 - _TAIL)


def _wins(positive: float, negative: float) -> Fraction:
    """Return 1 for a pair in order, 1/2 for a tie, 0 for a pair in the wrong order."""
    return Fraction(1 + (positive > negative) - (positive < negative), 2)


def _rows(truth: Sequence[int], rating: Sequence[float]) -> list[list[Fraction]]:
    """Return every pair: one row a positive case, one column a negative case."""
    pairs = list(zip(truth, rating, strict=True))
    positive = [score for case, score in pairs if case]
    negative = [score for case, score in pairs if not case]
    return [[_wins(one, other) for other in negative] for one in positive]


def _mean(values: Sequence[Fraction]) -> Fraction:
    """Return the mean."""
    return sum(values, Fraction(0)) / len(values)


def _variance_of_mean(values: Sequence[Fraction]) -> Fraction:
    """Return the sample variance over the number of values."""
    mean = _mean(values)
    squares = sum(((value - mean) ** 2 for value in values), Fraction(0))
    return squares / ((len(values) - 1) * len(values))


def _delong(rows: Sequence[Sequence[Fraction]]) -> tuple[Fraction, Fraction]:
    """Return the mean over all pairs and DeLong's variance of it."""
    by_positive = [_mean(row) for row in rows]
    by_negative = [_mean(column) for column in zip(*rows, strict=True)]
    return _mean(by_positive), _variance_of_mean(by_positive) + _variance_of_mean(by_negative)


def auc_of_pairs(truth: Sequence[int], rating: Sequence[float]) -> Answer:
    """Count the pairs that the rating puts in order, ties as half."""
    rows = _rows(truth, rating)
    return {"estimate": _mean([_mean(row) for row in rows])}


def delong_of_pairs(truth: Sequence[int], rating: Sequence[float], **_choices: Any) -> Answer:
    """Return AUC and DeLong's standard error from all pairs."""
    area, variance = _delong(_rows(truth, rating))
    return {"estimate": area, "std_error": math.sqrt(variance)}


def delong_difference_of_pairs(
    truth: Sequence[int], rating_a: Sequence[float], rating_b: Sequence[float]
) -> Answer:
    """Return the difference of two AUCs b minus a, its standard error, interval and test."""
    rows = [
        [second - first for first, second in zip(*pair, strict=True)]
        for pair in zip(_rows(truth, rating_a), _rows(truth, rating_b), strict=True)
    ]
    difference, variance = _delong(rows)
    error = math.sqrt(variance)
    return {
        "estimate": difference,
        "std_error": error,
        "ci_low": float(difference) - _DEVIATE * error,
        "ci_high": float(difference) + _DEVIATE * error,
        "p_value": math.erfc(abs(float(difference)) / error / math.sqrt(2)),
    }


def _halving(is_below: Callable[[float], bool], low: float, high: float) -> float:
    """Return where ``is_below`` turns from true to false between ``low`` and ``high``."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return (low + high) / 2


def _probability(count: int, whole: int, share: float) -> float:
    """Return the binomial probability of exactly ``count``."""
    return math.comb(whole, count) * share**count * (1 - share) ** (whole - count)


def _binomial_limits(part: int, whole: int, own_weight: float) -> Answer:
    """Return where each tail, the observed count weighted, is 0.025."""

    def at_least(share: float) -> float:
        beyond = (_probability(count, whole, share) for count in range(part + 1, whole + 1))
        return math.fsum([own_weight * _probability(part, whole, share), *beyond])

    def at_most(share: float) -> float:
        below = (_probability(count, whole, share) for count in range(part))
        return math.fsum([own_weight * _probability(part, whole, share), *below])

    return {
        "estimate": Fraction(part, whole),
        "ci_low": _halving(lambda share: at_least(share) < _TAIL, 0, 1) if part else Fraction(0),
        "ci_high": _halving(lambda share: at_most(share) > _TAIL, 0, 1)
        if part < whole
        else Fraction(1),
    }


def clopper_pearson_of_tails(numerator: int, denominator: int) -> Answer:
    """Return the shares under which the count, or a more extreme one, has probability 0.025."""
    return _binomial_limits(numerator, denominator, 1.0)


def midp_of_tails(numerator: int, denominator: int) -> Answer:
    """Return the same limits, the observed count being counted half."""
    return _binomial_limits(numerator, denominator, 0.5)


def wilson_of_score(numerator: int, denominator: int) -> Answer:
    """Return the shares that lie 1.96 of their own standard errors from the observed share."""
    share = numerator / denominator

    def score(other: float) -> float:
        return (share - other) / math.sqrt(other * (1 - other) / denominator)

    return {
        "estimate": Fraction(numerator, denominator),
        "ci_low": _halving(lambda other: score(other) > _DEVIATE, 0, share),
        "ci_high": _halving(lambda other: score(other) > -_DEVIATE, share, 1),
    }


def tango_of_likelihood(both: int, only_b: int, only_a: int, neither: int) -> Answer:
    """Return the differences that the score test just does not reject.

    The nuisance cell, positive by a alone, is where the derivative of the logarithm of the
    likelihood is 0 under each difference.
    """
    n_pairs = both + only_b + only_a + neither
    concordant = both + neither

    def score(difference: float) -> float:
        def slope_is_positive(alone: float) -> bool:
            rest = 1 - 2 * alone - difference
            slope = only_b / (alone + difference) + only_a / alone - 2 * concordant / rest
            return slope > 0

        alone = _halving(slope_is_positive, max(0.0, -difference), (1 - difference) / 2)
        spread = n_pairs * (2 * alone + difference - difference**2)
        return (only_b - only_a - n_pairs * difference) / math.sqrt(spread)

    estimate = Fraction(only_b - only_a, n_pairs)
    middle = float(estimate)
    return {
        "estimate": estimate,
        "ci_low": _halving(lambda difference: score(difference) > _DEVIATE, -1, middle),
        "ci_high": _halving(lambda difference: score(difference) > -_DEVIATE, middle, 1),
        "p_value": math.erfc(abs(only_b - only_a) / math.sqrt(only_b + only_a) / math.sqrt(2)),
    }


def _fewer(only_a: int, only_b: int) -> tuple[Fraction, Fraction]:
    """Return the chance of at most, and of exactly, the smaller count among fair coins."""
    fewer, tosses = min(only_a, only_b), only_a + only_b
    exactly = Fraction(math.comb(tosses, fewer), 2**tosses)
    at_most = Fraction(sum(math.comb(tosses, count) for count in range(fewer + 1)), 2**tosses)
    return at_most, exactly


def mcnemar_exact_of_coins(only_a: int, only_b: int, **_concordant: int) -> Answer:
    """Return twice the smaller tail of the fair binomial distribution, at most 1."""
    at_most, _ = _fewer(only_a, only_b)
    return {"p_value": min(Fraction(1), 2 * at_most)}


def mcnemar_midp_of_coins(only_a: int, only_b: int, **_concordant: int) -> Answer:
    """Return the same, the observed table being counted half."""
    at_most, exactly = _fewer(only_a, only_b)
    return {"p_value": min(Fraction(1), 2 * at_most - exactly)}


def fisher_of_tables(
    numerator_a: int, denominator_a: int, numerator_b: int, denominator_b: int
) -> Answer:
    """Add up the chances of all tables with these margins that are not likelier than this one."""
    positive = numerator_a + numerator_b

    def ways(count: int) -> int:
        return math.comb(denominator_b, count) * math.comb(denominator_a, positive - count)

    tables = range(max(0, positive - denominator_a), min(denominator_b, positive) + 1)
    observed = ways(numerator_b)
    as_extreme = sum(ways(count) for count in tables if ways(count) <= observed)
    return {"p_value": Fraction(as_extreme, math.comb(denominator_a + denominator_b, positive))}


def kappa_of_table(counts: Sequence[Sequence[int]]) -> Answer:
    """Return agreement beyond chance over what is possible."""
    n_cases = sum(map(sum, counts))
    observed = Fraction(sum(row[place] for place, row in enumerate(counts)), n_cases)
    columns = [sum(column) for column in zip(*counts, strict=True)]
    by_chance = sum(
        (
            Fraction(sum(row) * column, n_cases**2)
            for row, column in zip(counts, columns, strict=True)
        ),
        Fraction(0),
    )
    return {"estimate": (observed - by_chance) / (1 - by_chance)}


ANSWERS: dict[str, Callable[..., Answer]] = {
    "auc_of_pairs": auc_of_pairs,
    "delong_of_pairs": delong_of_pairs,
    "delong_difference_of_pairs": delong_difference_of_pairs,
    "clopper_pearson_of_tails": clopper_pearson_of_tails,
    "midp_of_tails": midp_of_tails,
    "wilson_of_score": wilson_of_score,
    "tango_of_likelihood": tango_of_likelihood,
    "mcnemar_exact_of_coins": mcnemar_exact_of_coins,
    "mcnemar_midp_of_coins": mcnemar_midp_of_coins,
    "fisher_of_tables": fisher_of_tables,
    "kappa_of_table": kappa_of_table,
}
