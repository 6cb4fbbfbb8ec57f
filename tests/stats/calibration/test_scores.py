"""Score classes against counting, papers, exact fractions, influence values and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stats.calibration.sample import clustered_error, weight_derivative
from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.auc.operating_points import call_accuracy
from toolkit.stats.calibration.scores import class_risk
from toolkit.stats.proportions.one import proportion_ci
from toolkit.stats.proportions.tests import trend_test
from toolkit.stats.proportions.weighted import weighted_proportion_ci

repeatable = settings(deadline=None, max_examples=60, derandomize=True)
CASES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 4), st.integers(1, 9)), min_size=2, max_size=40
)


def columns(rows):
    return [np.array(column) for column in zip(*rows, strict=True)]


def numbers(estimate):
    """Return the numbers of an estimate."""
    return [estimate.estimate, estimate.std_error, estimate.ci_low, estimate.ci_high]


def near(value):
    return pytest.approx(value, rel=1e-12, nan_ok=True)


# --- reference -----------------------------------------------------------------------------------


@given(rows=CASES)
@repeatable
def test_unweighted_classes_are_wilson_and_the_likelihood_ratio_of_a_call(rows):
    truth, score, _ = columns(rows)
    table = class_risk(truth, score, classes=[1, 2, 3, 4], ci_level=0.9)
    assert table.names == ("1", "2", "3", "4")
    for place, value in enumerate([1, 2, 3, 4]):
        inside = score == value
        share, risk = table.share[place], table.risk[place]
        n, sick = int(inside.sum()), int((inside & (truth == 1)).sum())
        assert numbers(share) == near(numbers(proportion_ci(n, truth.size, ci_level=0.9)))
        assert numbers(risk) == near(numbers(proportion_ci(sick, n, ci_level=0.9)))
        assert (share.numerator, share.denominator, share.n_cases) == (n, truth.size, truth.size)
        assert (risk.numerator, risk.denominator, risk.n_cases) == (sick, n, n)
        oracle = call_accuracy(truth, inside, ci_level=0.9).positive_likelihood_ratio
        assert numbers(table.likelihood_ratio[place]) == near(numbers(oracle))


def test_likelihood_ratios_match_simel_and_the_five_classes_of_hanley_and_mcneil():
    # Hanley and McNeil, Radiology 1982;143:29-36, table 1: 109 CT images in five classes.
    healthy, sick = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    score = np.repeat([1, 2, 3, 4, 5] * 2, healthy + sick)
    table = class_risk(np.repeat([0, 1], [58, 51]), score, classes=range(1, 6))
    for place, (h, s) in enumerate(zip(healthy, sick, strict=True)):
        ratio = table.likelihood_ratio[place]
        assert ratio.estimate == pytest.approx((s / 51) / (h / 58), rel=1e-12)
        reach = 1.959963984540054 * math.sqrt(1 / s - 1 / 51 + 1 / h - 1 / 58)
        assert ratio.ci_low == pytest.approx(ratio.estimate * math.exp(-reach), rel=1e-9)
        assert ratio.ci_high == pytest.approx(ratio.estimate * math.exp(reach), rel=1e-9)
    assert table.trend.statistic > 6


def test_weighted_clustered_classes_are_weighted_proportions_and_influence_values():
    generator = np.random.default_rng(41)
    truth = np.repeat([1, 0], [30, 60])
    score = generator.integers(1, 4, 90) + truth
    weight, cluster = np.where(truth == 1, 1.0, 6.0) * np.linspace(1, 2, 90), np.arange(90) // 2
    design = {"weight": weight, "cluster": cluster}
    table = class_risk(truth, score, classes=[1, 2, 3, 4], **design)
    for place, value in enumerate([2, 3], start=1):
        inside = score == value
        share = weighted_proportion_ci(inside, **design)
        assert numbers(table.share[place]) == near(numbers(share))
        risk = weighted_proportion_ci(truth[inside], weight=weight[inside], cluster=cluster[inside])
        assert numbers(table.risk[place]) == near(numbers(risk))

        def log_ratio(each, inside=inside):
            sick, healthy = each * truth, each * (1 - truth)
            return math.log(sick @ inside / sick.sum()) - math.log(healthy @ inside / healthy.sum())

        ratio = table.likelihood_ratio[place]
        assert ratio.estimate == pytest.approx(math.exp(log_ratio(weight)), rel=1e-12)
        error = clustered_error(weight_derivative(log_ratio, weight), cluster)
        assert ratio.std_error == pytest.approx(ratio.estimate * error, rel=1e-6)
        reach = math.exp(1.959963984540054 * error)
        assert ratio.ci_high == pytest.approx(ratio.estimate * reach, rel=1e-6)
        assert ratio.ci_method == "log, linearised"
    assert table.trend.n_clusters == 45


# --- property ------------------------------------------------------------------------------------


@given(rows=CASES)
@repeatable
def test_shares_add_up_and_risks_average_to_the_prevalence(rows):
    truth, score, weight = columns(rows)
    table = class_risk(truth, score, classes=[1, 2, 3, 4], weight=weight)
    shares = [share.estimate for share in table.share]
    assert sum(shares) == pytest.approx(1, rel=1e-12)
    average = sum(
        share * risk.estimate for share, risk in zip(shares, table.risk, strict=True) if share
    )
    assert average == pytest.approx(float(weight @ truth / weight.sum()), rel=1e-9, abs=1e-12)
    for estimate in (*table.share, *table.risk):
        if not math.isnan(estimate.estimate):
            assert 0 <= estimate.ci_low <= estimate.estimate <= estimate.ci_high <= 1


@given(rows=CASES)
@repeatable
def test_weights_by_truth_alone_leave_likelihood_ratios_as_they_are(rows):
    truth, score, _ = columns(rows)
    plain = class_risk(truth, score, classes=[1, 2, 3, 4])
    weighted = class_risk(truth, score, classes=[1, 2, 3, 4], weight=np.where(truth, 1.0, 17.0))
    for first, second in zip(plain.likelihood_ratio, weighted.likelihood_ratio, strict=True):
        assert second.estimate == pytest.approx(first.estimate, rel=1e-12, nan_ok=True)


def test_constant_weights_are_no_weights():
    truth, score = [0, 0, 1, 0, 1, 1], [1, 2, 2, 1, 3, 3]
    plain = class_risk(truth, score, classes=[1, 2, 3])
    weighted = class_risk(truth, score, classes=[1, 2, 3], weight=[4] * 6)
    for name in ("share", "risk", "likelihood_ratio"):
        for first, second in zip(getattr(plain, name), getattr(weighted, name), strict=True):
            assert numbers(second) == near(numbers(first))
    assert weighted.trend.statistic == plain.trend.statistic
    assert plain.note == (
        "without weights a risk holds only at the prevalence of this sample, 3 of 6 cases"
    )
    assert weighted.note == ""


def test_edges_hold_scores_up_to_and_with_the_upper_border():
    score = [0, 1, 1.5, 2, 2.5, 10]
    table = class_risk([0, 1, 0, 1, 0, 1], score, edges=[0, 1, 2, 10])
    assert table.names == ("[0, 1]", "(1, 2]", "(2, 10]")
    assert [share.numerator for share in table.share] == [2, 2, 2]
    open_ended = class_risk([0, 1, 0, 1, 0, 1], score, edges=[-math.inf, 1.2, math.inf])
    assert [share.numerator for share in open_ended.share] == [2, 4]


def test_monotone_map_of_score_and_classes_changes_nothing_but_names():
    truth, score = np.array([0, 1, 0, 1, 1]), np.array([1, 1, 2, 3, 3])
    first = class_risk(truth, score, classes=[1, 2, 3])
    second = class_risk(truth, np.exp(score), classes=np.exp([1, 2, 3]))
    for name in ("share", "risk", "likelihood_ratio"):
        for one, other in zip(getattr(first, name), getattr(second, name), strict=True):
            assert numbers(one) == near(numbers(other))
    assert first.trend.statistic == second.trend.statistic


@pytest.mark.slow
def test_clustered_likelihood_ratio_covers():
    """Two examinations of each woman with one score: the plain interval is too narrow."""
    generator = np.random.default_rng(42)
    sick, healthy = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.3, 0.1])
    inside, plain = 0, 0
    for _ in range(1500):
        score = np.concatenate(
            [generator.choice(3, 60, p=sick), generator.choice(3, 150, p=healthy)]
        )
        truth, twice = np.repeat([1, 0], [120, 300]), np.repeat(score, 2)
        clustered = class_risk(truth, twice, classes=[0, 1, 2], cluster=np.arange(420) // 2)
        ratio = clustered.likelihood_ratio[2]
        inside += ratio.ci_low < 5 < ratio.ci_high
        ratio = class_risk(truth, twice, classes=[0, 1, 2]).likelihood_ratio[2]
        plain += ratio.ci_low < 5 < ratio.ci_high
    assert abs(inside / 1500 - 0.95) < 0.0225
    assert plain / 1500 < 0.88


# --- edge ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [None, [1, 2, 1, 3, 2, 1]])
def test_empty_and_one_sided_classes_say_why(weight):
    truth, score = [0, 0, 0, 1, 1, 1], [1, 1, 2, 2, 3, 3]
    table = class_risk(truth, score, classes=[1, 2, 3, 4], weight=weight)
    assert table.risk[3].note
    assert math.isnan(table.risk[3].estimate)
    assert (table.share[3].estimate, table.share[3].ci_low) == (0, 0)
    assert table.share[3].ci_high > 0
    ratios = [ratio.estimate for ratio in table.likelihood_ratio]
    assert ratios[0] == 0
    assert ratios[2] == math.inf
    assert math.isnan(ratios[3])
    assert all("so there is no interval" in table.likelihood_ratio[i].note for i in (0, 2, 3))


@pytest.mark.parametrize("weight", [None, [1, 2, 3]])
def test_one_class_of_truth_and_no_case_are_undefined(weight):
    table = class_risk([0, 0, 0], [1, 2, 2], classes=[1, 2], weight=weight)
    assert all(math.isnan(ratio.estimate) for ratio in table.likelihood_ratio)
    assert table.trend.note
    empty = class_risk([], [], classes=[1, 2])
    assert math.isnan(empty.share[0].estimate)
    assert math.isnan(class_risk([0, 1], [1, 2], classes=[1, 2], weight=[0, 0]).share[0].estimate)


def test_class_that_holds_all_tells_nothing():
    for weight in (None, [1, 2, 3, 1]):
        ratio = class_risk([0, 1, 0, 1], [1] * 4, classes=[1, 2], weight=weight).likelihood_ratio[0]
        assert ratio.estimate == 1
        assert math.isnan(ratio.ci_low)
        assert "it tells nothing" in ratio.note


def test_women_who_do_not_differ_have_no_interval():
    """Each woman has one healthy breast in class 1 and one with cancer in class 2, and one more."""
    table = class_risk(np.tile([0, 1, 0], 6), np.tile([1, 2, 2], 6), classes=[1, 2],
                       cluster=np.repeat(np.arange(6), 3))  # fmt: skip
    for estimate in (*table.share, table.risk[1], table.likelihood_ratio[1]):
        assert math.isnan(estimate.ci_low)
        assert estimate.note.startswith("no interval:")


def test_class_of_cancers_alone_allows_for_a_healthy_woman_who_stands_for_many():
    table = class_risk([0] * 5 + [1] * 4, [1] * 5 + [2] * 4, classes=[1, 2],
                       weight=[20] * 5 + [1] * 4)  # fmt: skip
    risk = table.risk[1]
    assert (risk.estimate, risk.numerator, risk.denominator, risk.ci_high) == (1, 4, 4, 1)
    assert risk.ci_low < 0.1


def test_table_returns_from_its_record_and_has_one_row_a_quantity():
    table = class_risk([0, 0, 1, 0, 1, 1], [1, 2, 2, 1, 3, 3], classes=[1, 2, 3], label="AI")
    assert result_from_dict(table.to_dict()).to_dict() == table.to_dict()
    frame = table.summary_frame()
    assert set(frame.columns) <= set(GLOSSARY)
    assert frame["quantity"].tolist() == ["class_share", "observed_risk", "likelihood_ratio"] * 3
    assert frame["label"].tolist()[2:4] == ["AI 1", "AI 2"]
    assert frame["estimate"].tolist()[4] == 0.5
    assert frame["note"].tolist()[2] == table.likelihood_ratio[0].note


def test_fifty_thousand_clustered_cases_hold():
    generator = np.random.default_rng(43)
    score = generator.integers(1, 11, 50_000)
    truth = generator.random(50_000) < score / 1000
    table = class_risk(truth, score, classes=range(1, 11), cluster=np.arange(50_000) // 2)
    assert table.trend.statistic > 5
    assert trend_test(truth, score).statistic > 5


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "words", "message"),
    [
        ([1, 2], {}, "one of classes and edges must be given, but got neither"),
        ([1, 2], {"classes": [1, 2], "edges": [0, 1, 2]}, "but got both"),
        ([1, 5], {"classes": [1, 2]}, r"score must lie in a class, but position 1 holds 5.0 \(1 o"),
        ([1, 5], {"edges": [1, 2, 4]}, "score must lie in a class, but position 1 holds 5.0"),
        ([0, 2], {"edges": [1, 2, 4]}, "score must lie in a class, but position 0 holds 0.0"),
        ([1, 2], {"classes": [2, 1]}, "classes must be at least 2 numbers, each above the one"),
        ([1, 2], {"classes": [1]}, "classes must be at least 2 numbers"),
        ([1, 2], {"edges": [1, 2]}, "edges must be at least 3 numbers"),
        ([1, 2], {"edges": [1, 2, math.nan]}, "edges must not be missing, but position 2 is NaN"),
        ([1, math.nan], {"classes": [1, 2]}, "score must not be missing, but position 1 is NaN"),
        ([1, 2], {"classes": [1, 2], "weight": [1]}, "weight must have shape"),
        ([1, 2], {"classes": [1, 2], "cluster": [1, None]}, "cluster must not be missing"),
        ([1, 2], {"classes": [1, 2], "ci_level": 95}, "ci_level must lie between 0 and 1"),
    ],
)
def test_class_risk_refuses(score, words, message):
    with pytest.raises(ValueError, match=message):
        class_risk([0, 1], score, **words)
