"""Ratios of likelihood ratios of paired calls against R, a numeric delta method and by symmetry."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from tests.paired_sample import counts, disease_tables, limits, reference_cases, swapped
from toolkit.results import result_from_dict
from toolkit.stats.auc.operating_points import call_accuracy
from toolkit.stats.paired.likelihood_ratios import (
    relative_negative_likelihood_ratio_ci,
    relative_positive_likelihood_ratio_ci,
)

METHODS = [relative_positive_likelihood_ratio_ci, relative_negative_likelihood_ratio_ci]
CANCERS = counts(14, 2, 4, 3)
OTHERS = counts(12, 9, 5, 80)


def test_ratios_match_dtcompair(reference_data):
    [(values, data)] = reference_cases(reference_data, "dtcompair_dlr.regtest")
    tables = disease_tables(data)
    for method, key in zip(METHODS, ("pdlr", "ndlr"), strict=True):
        result, expected = method(*tables), values[key]
        # Theirs is test 1 over test 2, ours b over a, which is test 2 over test 1.
        assert result.estimate == pytest.approx(1 / expected["ratio"], rel=1e-9)
        assert limits(result) == pytest.approx([1 / expected["ucl"], 1 / expected["lcl"]], rel=1e-9)
        assert result.std_error / result.estimate == pytest.approx(expected["se.log"], rel=1e-9)
        assert result.statistic == pytest.approx(-expected["test.statistic"], rel=1e-9)
        # Theirs comes from an iterated regression: its statistic is right to 3e-10 (38 / (55 73) +
        # 1940 / (37920 38340) is the squared error of the second), which P multiplies by 8.
        assert result.p_value == pytest.approx(expected["p.value"], rel=1e-8)
        assert result.p_value == pytest.approx(2 * norm.sf(abs(result.statistic)), rel=1e-12)
        assert (result.estimate_a, result.estimate_b) == pytest.approx(
            (expected["test1"], expected["test2"]), rel=1e-9
        )


def calls(table, *, method):
    """Return the calls of one method, case by case."""
    cells = (table.both, table.only_b, table.only_a, table.neither)
    return np.repeat([1, method == "b", method == "a", 0], cells)


def test_single_tests_match_dtcompair(reference_data):
    cases = reference_cases(reference_data, "dtcompair_acc_")
    for values, data in cases:
        diseased, healthy = disease_tables(data)
        for name, method in (("test1", "a"), ("test2", "b")):
            call = np.concatenate([calls(t, method=method) for t in (diseased, healthy)])
            truth = np.repeat([1, 0], [diseased.n_pairs, healthy.n_pairs])
            ours, theirs = call_accuracy(truth, call), values[name]
            for quantity in ("sensitivity", "specificity", "ppv", "npv"):
                estimate = ours.estimates[quantity]
                assert estimate.estimate == pytest.approx(theirs[quantity]["est"], rel=1e-9)
                assert estimate.std_error == pytest.approx(theirs[quantity]["se"], rel=1e-9)
            for sign, key in (("positive", "pdlr"), ("negative", "ndlr")):
                ratio, expected = ours.estimates[f"{sign}_likelihood_ratio"], theirs[key]
                assert ratio.estimate == pytest.approx(expected["est"], rel=1e-9)
                assert limits(ratio) == pytest.approx([expected["lcl"], expected["ucl"]], rel=1e-9)
                error = ratio.std_error / ratio.estimate
                assert error == pytest.approx(expected["se.ln"], rel=1e-9)
    assert len(cases) == 2


@pytest.mark.parametrize("method", METHODS)
def test_ratio_matches_a_numeric_delta_method(method):
    # Two multinomial samples of fixed sizes, all eight cells; gradient by central differences.
    def log_ratio(x):
        if method is relative_negative_likelihood_ratio_ci:
            x = x[[3, 2, 1, 0, 7, 6, 5, 4]]
        b = (x[0] + x[1]) / x[:4].sum() / ((x[4] + x[5]) / x[4:].sum())
        a = (x[0] + x[2]) / x[:4].sum() / ((x[4] + x[6]) / x[4:].sum())
        return math.log(b / a)

    cells = np.array([14, 2, 4, 3, 12, 9, 5, 80], dtype=float)
    h = 1e-5
    gradient = np.array(
        [(log_ratio(cells + s) - log_ratio(cells - s)) / (2 * h) for s in np.eye(8) * h]
    )
    variance = 0.0
    for part in (slice(0, 4), slice(4, 8)):
        share, n = cells[part] / cells[part].sum(), cells[part].sum()
        covariance = n * (np.diag(share) - np.outer(share, share))
        variance += gradient[part] @ covariance @ gradient[part]
    result = method(CANCERS, OTHERS)
    assert result.estimate == pytest.approx(math.exp(log_ratio(cells)), rel=1e-12)
    assert result.std_error / result.estimate == pytest.approx(math.sqrt(variance), rel=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_swapping_the_methods_inverts_the_ratio(method):
    forth = method(CANCERS, OTHERS, margin=0.8, better="higher")
    back = method(swapped(CANCERS), swapped(OTHERS), margin=1.25, better="lower")
    assert back.estimate == pytest.approx(1 / forth.estimate, rel=1e-12)
    assert limits(back) == pytest.approx([1 / forth.ci_high, 1 / forth.ci_low], rel=1e-12)
    assert back.p_noninferiority == pytest.approx(forth.p_noninferiority, rel=1e-12)
    assert (back.estimate_a, back.estimate_b) == (forth.estimate_b, forth.estimate_a)


@pytest.mark.parametrize("method", METHODS)
def test_a_limit_put_back_as_a_margin_gives_the_level(method):
    result = method(CANCERS, OTHERS)
    low = method(CANCERS, OTHERS, margin=result.ci_low, better="higher")
    high = method(CANCERS, OTHERS, margin=result.ci_high, better="lower")
    assert (low.p_noninferiority, high.p_noninferiority) == pytest.approx((0.025, 0.025), rel=1e-9)


def test_ratio_is_the_quotient_of_both_likelihood_ratios():
    for method in METHODS:
        result = method(CANCERS, OTHERS, label_a="x", label_b="y")
        assert result.estimate == pytest.approx(result.estimate_b / result.estimate_a, rel=1e-12)
        assert (result.n_cases, result.n_positive) == (129, 23)
        assert (result.label_a, result.label_b, result.note) == ("x", "y", "")
        assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


def test_unverified_negatives_leave_the_ratio_of_positive_ones():
    result = relative_positive_likelihood_ratio_ci(counts(14, 2, 4), counts(12, 9, 5))
    whole = relative_positive_likelihood_ratio_ci(CANCERS, OTHERS)
    assert (result.estimate, *limits(result)) == (whole.estimate, *limits(whole))
    assert math.isnan(result.estimate_a)
    assert (result.n_cases, result.n_positive) == (None, None)
    assert result.note == (
        "the likelihood ratios themselves need the cases that neither method called"
    )
    with pytest.raises(ValueError, match="negative_calls needs neither"):
        relative_negative_likelihood_ratio_ci(counts(14, 2, 4), OTHERS)


@pytest.mark.parametrize(
    ("cancers", "others", "estimate", "words"),
    [
        (counts(0, 2, 0, 3), OTHERS, math.nan, "a for cases with the disease"),
        (counts(0, 0, 2, 3), OTHERS, 0.0, "b for cases with the disease"),
        (CANCERS, counts(0, 4, 0, 9), 0.0, "a for cases without"),
        (CANCERS, counts(0, 0, 4, 9), math.nan, "b for cases without"),
        (counts(3, 0, 0, 1), counts(3, 0, 0, 9), 1.0, "both methods called the same cases"),
        (
            counts(0, 0, 0, 0),
            counts(0, 0, 0, 0),
            math.nan,
            "a for cases with the disease, by b for",
        ),
    ],
)
def test_degenerate_tables_have_no_interval_and_a_note(cancers, others, estimate, words):
    result = relative_positive_likelihood_ratio_ci(cancers, others, margin=0.9, better="higher")
    assert result.estimate == pytest.approx(estimate, nan_ok=True)
    assert all(math.isnan(x) for x in (*limits(result), result.p_value, result.p_noninferiority))
    assert words in result.note
    assert result.noninferior is False


def test_wrong_choices_are_refused():
    for method in METHODS:
        with pytest.raises(ValueError, match=r"ci_level must lie between 0 and 1, but got 95\.0"):
            method(CANCERS, OTHERS, ci_level=95)
        with pytest.raises(ValueError, match="margin of a ratio must be between 0 and 1 where"):
            method(CANCERS, OTHERS, margin=1.5, better="higher")
