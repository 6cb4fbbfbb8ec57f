"""The covariance of totals over clusters and strata against exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from toolkit.stats.proportions.clustered import total_covariance

VALUES = [[3, 1], [-1, 2], [4, -5], [1, 1], [-6, 0], [2, 2]]
CLUSTER = np.array([4, 4, 7, 9, 9, 2])


def test_clusters_are_the_units():
    sums = [[2, 3], [4, -5], [-5, 1], [2, 2]]
    exact = [[Fraction(4, 3) * sum(s[i] * s[j] for s in sums) for j in range(2)] for i in range(2)]
    covariance = total_covariance(np.array(VALUES, dtype=float), CLUSTER)
    np.testing.assert_allclose(covariance, np.array(exact, dtype=float), rtol=1e-12)


def test_strata_of_single_cases_are_two_sample_variances():
    values = np.array([1.0, 4.0, 2.0, 7.0, 7.0, 9.0, 3.0])
    stratum = np.array([1, 1, 1, 0, 0, 0, 0], dtype=bool)
    covariance = total_covariance(values[:, None], np.arange(7), stratum=stratum)
    exact = 3 * values[:3].var(ddof=1) + 4 * values[3:].var(ddof=1)
    assert covariance[0, 0] == pytest.approx(exact, rel=1e-12)


def test_a_patient_in_both_strata_joins_them():
    """Each patient gives one case to each stratum: a paired variance, not a sum of two."""
    sick, healthy = np.array([1.0, 4.0, 2.0]), np.array([3.0, 5.0, 1.0])
    covariance = total_covariance(
        np.concatenate([sick, healthy])[:, None],
        np.tile(np.arange(3), 2),
        stratum=np.repeat([True, False], 3),
    )
    assert covariance[0, 0] == pytest.approx(3 * (sick + healthy).var(ddof=1), rel=1e-12)


def test_contributions_that_cancel_out_have_no_variance_and_no_rounding():
    third = np.array([0.1, 0.2, -0.3])  # 0.1 + 0.2 - 0.3 is 5.6e-17
    other = np.array([1.0, 2.0, -1.0])
    values = np.column_stack([np.tile(third, 2), np.tile(other, 2) * [1, 1, 1, 2, 2, 2]])
    covariance = total_covariance(values, np.repeat([0, 1], 3))
    assert covariance[0].tolist() == covariance[:, 0].tolist() == [0, 0]
    assert covariance[1, 1] == pytest.approx(2 * (2**2 + 4**2), rel=1e-12)
    stratum = np.repeat([True, False], 3)
    constant = np.where(stratum, 0.1, -0.7)[:, None]
    assert total_covariance(constant, np.arange(6), stratum=stratum)[0, 0] == 0


def test_one_cluster_has_no_variance():
    assert math.isnan(total_covariance(np.ones((3, 1)), np.zeros(3, dtype=int))[0, 0])
    alone = total_covariance(
        np.array([[1.0], [2.0], [3.0]]), np.arange(3), stratum=np.array([True, False, False])
    )
    assert math.isnan(alone[0, 0])
