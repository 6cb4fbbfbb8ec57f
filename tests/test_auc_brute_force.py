"""20,000 small studies against the definition of the AUC and of DeLong's variance."""

import math

import numpy as np
import pytest

from tests.auc_sample import small_studies
from toolkit.stats.auc import placements as _placement_sums
from toolkit.stats.auc.delong import auc_covariance, delong_ci, delong_test
from toolkit.stats.auc.delong_counts import delong_ci_from_counts
from toolkit.stats.auc.placements import case_placements, check_sample, kernel_sums, sums_of_cases
from toolkit.stats.auc.variance import covariance_parts

CLOSE = 1e-12


def by_definition(truth, rating):
    """Whole numbers: sum and sums of squares of twice the others on the right side of each case."""
    doubled = np.sign(rating[truth][:, None] - rating[~truth]).astype(int) + 1
    of_positive, of_negative = doubled.sum(axis=1), doubled.sum(axis=0)
    return int(doubled.sum()), int(of_positive @ of_positive), int(of_negative @ of_negative)


def variance_by_definition(truth, rating):
    """DeLong's variance from those whole numbers, as in the paper; NaN for one case of a class."""
    m, n = int(truth.sum()), int((~truth).sum())
    total, *squares = by_definition(truth, rating)
    if min(m, n) < 2:
        return math.nan
    parts = [
        (square - total**2 / size) / (size - 1) / size / (2 * others) ** 2
        for square, size, others in zip(squares, (m, n), (n, m), strict=True)
    ]
    return sum(parts)


def test_sums_of_20000_small_studies_are_exact():
    draw = np.random.default_rng(1)
    for m in range(1, 9):
        for n in range(1, 6):
            truth = draw.permutation(np.arange(m + n) < m)
            ratings = draw.integers(0, 1 + m, size=(500, m + n)).astype(float)
            positive, negative = ratings[:, truth, None], ratings[:, None, ~truth]
            doubled = np.sign(positive - negative).astype(int) + 1
            squares = [np.sum(doubled.sum(axis=axis) ** 2, axis=1) for axis in (2, 1)]
            totals = doubled.sum(axis=(1, 2))
            expected = zip(totals.tolist(), *(s.tolist() for s in squares), strict=True)
            for rating, numbers in zip(ratings, expected, strict=True):
                sums = sums_of_cases(truth, rating)
                assert (sums.total, sums.positive_squares, sums.negative_squares) == numbers
                assert sums.auc == numbers[0] / (2 * m * n)


def test_covariances_of_small_studies_match_the_definition():
    for truth, ratings in small_studies(2_000, 2, n_curves=2):
        sample = check_sample(truth, weight=None, cluster=None)
        placements = case_placements(truth, ratings)
        parts = covariance_parts(placements.positive, placements.negative, placements.aucs, sample)
        for curve in (0, 1):
            expected = variance_by_definition(truth, ratings[:, curve])
            assert parts.total[curve, curve] == pytest.approx(expected, rel=CLOSE, abs=1e-16)
        kernels = np.sign(ratings[truth][:, None] - ratings[~truth]) / 2 + 0.5
        means = kernels.mean(axis=(0, 1))
        m, n = int(truth.sum()), int((~truth).sum())
        expected = np.prod(kernels.mean(axis=1) - means, axis=1).sum() / (m - 1) / m
        expected += np.prod(kernels.mean(axis=0) - means, axis=1).sum() / (n - 1) / n
        assert parts.total[0, 1] == pytest.approx(expected, rel=CLOSE, abs=1e-15)


def test_public_functions_hold_the_same_numbers():
    for truth, ratings in small_studies(500, 3, n_curves=2):
        rating = ratings[:, 0]
        variance = variance_by_definition(truth, rating)
        result = delong_ci(truth, rating, interval="logit")
        assert result.estimate == by_definition(truth, rating)[0] / (
            2 * int(truth.sum()) * int((~truth).sum())
        )
        if not math.isnan(result.std_error):
            assert result.std_error**2 == pytest.approx(variance, rel=CLOSE)
        counts = [np.bincount(rating[of].astype(int), minlength=7) for of in (truth, ~truth)]
        from_counts = delong_ci_from_counts(*counts, interval="logit")
        assert from_counts.to_dict() == result.to_dict()
        covariance = auc_covariance(truth, ratings)
        a, b = covariance.aucs
        assert delong_test(truth, *ratings.T).estimate == pytest.approx(b - a, abs=2e-16)
        assert covariance.aucs[0] == result.estimate


def test_no_interval_is_without_width_or_outside_its_range_without_a_note():
    for truth, ratings in small_studies(700, 4, n_curves=2, least=1, most=6, highest=3):
        for interval in ("default", "identity"):
            result = delong_ci(truth, ratings[:, 0], interval=interval)
            if math.isnan(result.ci_low):
                assert result.note
                continue
            assert 0 <= result.ci_low < result.ci_high <= 1
            assert result.ci_low <= result.estimate <= result.ci_high
            assert result.note  # so few cases are always noted
        difference = delong_test(truth, *ratings.T)
        assert difference.note
        assert math.isnan(difference.ci_low) or difference.ci_low < difference.ci_high


@pytest.mark.parametrize(
    "transform",
    [
        lambda x: x,
        lambda x: np.round(x, 1),
        lambda x: np.round(x),
        lambda x: np.exp(x),
        lambda x: -np.exp(-5 * x),
        lambda x: x * 1e300,
        lambda x: x * 1e-310,
        lambda x: np.where(x < 0, -0.0, np.where(x < 1, 0.0, x)),
        lambda x: np.where(x > 2, np.inf, np.round(x + 9)),
        lambda x: np.zeros_like(x),
        lambda x: np.float32(x).astype(float),
    ],
)
@pytest.mark.parametrize("n", [1, 2, 1_000])
def test_compiled_sums_are_the_same_whole_numbers(transform, n):
    draw = np.random.default_rng(5)
    truth = draw.random(n) < 0.3
    rating = np.asarray(transform(draw.normal(size=n) + truth), dtype=float)
    sums = sums_of_cases(truth, rating)
    expected = (sums.n_positive, sums.total, sums.positive_squares, sums.negative_squares)
    assert kernel_sums(truth, rating) == expected


def test_ratings_too_far_apart_for_the_compiled_sums_go_the_other_way(monkeypatch):
    truth = np.array([False, True, True, False])
    rating = np.array([1e-300, 2e-300, np.inf, 1e300])
    assert kernel_sums(truth, rating) is None
    expected = vars(sums_of_cases(truth, rating))
    monkeypatch.setattr(_placement_sums, "_MANY_CASES", 0)
    assert vars(sums_of_cases(truth, rating)) == expected


def test_sums_of_many_cases_do_not_overflow():
    # Perfect order: every positive case has all n negatives below it. The sum of squares,
    # m (2 n)^2 = 3.2e19, is above 2**63.
    n = 2_000_000
    truth = np.arange(2 * n) >= n
    for rating in (np.arange(2.0 * n), truth.astype(float)):
        sums = sums_of_cases(truth, rating)
        assert (sums.total, sums.positive_squares) == (2 * n * n, n * (2 * n) ** 2)
        assert sums.negative_squares == sums.positive_squares
        assert (sums.auc, sums.positive_part, sums.negative_part) == (1.0, 0.0, 0.0)
    doubled = np.full(n, 2 * n)
    assert _placement_sums._sum_of_squares(doubled) == n * (2 * n) ** 2
