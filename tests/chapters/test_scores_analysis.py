"""Scores of an AI as classes: counts by hand, statuses that add up, and what the vendor states."""

import numpy as np
import pandas as pd
import pytest

from tests.chapters.score_sample import ROWS, TEN, by_month, many, study, study_of, tables
from toolkit.chapters.scores.drift import score_drift
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.scores import STATUSES, score_classes, scored_cases
from toolkit.stats.calibration.expected_shares import goodness_of_fit
from toolkit.stats.proportions.one import proportion_ci

NAN = np.nan


# --- classes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decimals", "expected"),
    [
        ("nearest", [1, 1, 2, 2, 7, 8, 10, 10]),
        ("up", [1, 2, 2, 3, 8, 8, 10, 10]),
        ("down", [1, 1, 1, 2, 7, 7, 9, 10]),
    ],
)
def test_score_classes_round_decimals_as_asked(decimals, expected):
    scores = np.array([1.0, 1.49, 1.5, 2.49, 7.49, 7.5, 9.51, 10.0])
    classes = score_classes(1, 10, decimals=decimals)
    assert (classes.of(scores) + 1).tolist() == expected


@pytest.mark.parametrize("decimals", ["nearest", "up", "down"])
def test_score_classes_keep_whole_numbers_under_every_rule(decimals):
    whole = np.arange(1.0, 11)
    assert score_classes(1, 10, decimals=decimals).of(whole).tolist() == list(range(10))


def test_score_classes_between_borders_hold_their_upper_one():
    classes = score_classes(1, 10, edges=[1, 7, 9, 10])
    scores = np.array([1, 6.9, 7, 7.01, 9, 9.5, 10, NAN])
    assert classes.of(scores).tolist() == [0, 0, 0, 1, 1, 2, 2, -1]
    assert classes.names == ("1–7", "7–9", "9–10")
    assert classes.ticks == ("1", "2", "3")


def test_score_classes_of_other_scales_are_ten_of_equal_width():
    assert score_classes(0, 1).names[::9] == ("0–0.1", "0.9–1")
    assert score_classes(0, 1).of(np.array([0, 0.1, 0.11, 1])).tolist() == [0, 0, 1, 9]
    percent = score_classes(1, 100)
    assert percent.of(np.array([1, 10, 11, 100])).tolist() == [0, 0, 1, 9]
    assert score_classes(1, 3).names == ("1", "2", "3")


@pytest.mark.parametrize(
    ("arguments", "edges", "message"),
    [
        ((NAN, NAN), (), "gives no scale of the AI's score .score_min below score_max."),
        ((1, 10), (1, 10), "class_edges must be at least three rising numbers, but are 1, 10"),
        ((1, 10), (1, 7, 5), "class_edges must be at least three rising numbers, but are 1, 7, 5"),
        ((1, 10), (1, 7, np.inf), "class_edges must be at least three rising numbers"),
    ],
)
def test_score_classes_refuse(arguments, edges, message):
    with pytest.raises(ScoringError, match=message):
        score_classes(*arguments, edges=edges)


def test_scores_outside_of_the_borders_are_counted_in_the_message():
    classes = score_classes(0, 1, edges=[0, 0.5, 0.9])
    message = (
        r"class_edges run from 0 to 0.9, but 2 scores lie outside \(scores run from 0.1 to 1\)"
    )
    with pytest.raises(ScoringError, match=message):
        classes.of(np.array([0.1, 0.95, 1.0]))


# --- scored cases --------------------------------------------------------------------------------


def test_scored_cases_by_hand():
    scored = scored_cases(*tables())
    assert (scored.score_class + 1).tolist() == [1, 1, 2, 10, 4, 10, 7, 0, 0, 0, 0]
    statuses = [STATUSES[number] for number in scored.status]
    assert statuses == ["complete"] * 7 + ["failed", "missing", "not_recorded", "no_score"]
    assert scored.groups == ("screening", "symptomatic", "follow_up", "not_stated")
    assert scored.month.tolist() == [1, 1, 2, 2, 3, 3, 0, 1, 2, 2, 2]
    assert scored.counts(scored.group("screening")).tolist() == [2, 1, 0, 1, 0, 0, 0, 0, 0, 1]
    assert scored.group("other").sum() == 0
    assert (scored.ai, scored.unit, scored.scale) == ("AI 2.1", "examination", (1, 10))


def test_scored_cases_know_who_came_twice():
    assert scored_cases(*tables()).has_clusters
    assert not scored_cases(*tables(ROWS[:3])).has_clusters
    # Two cases without a patient are two women.
    assert np.unique(scored_cases(*tables()).patient).size == 10


def test_scored_cases_do_not_depend_on_the_order_of_readings():
    readings, readers, cases = tables()
    backwards = scored_cases(readings[::-1], readers, cases)
    assert backwards.score_class.tolist() == scored_cases(*tables()).score_class.tolist()


def test_scored_cases_without_optional_columns():
    readings, readers, cases = tables()
    scored = scored_cases(readings, readers, cases[["case_id", "patient_id", "truth"]])
    assert scored.groups == ("all",)
    assert not scored.knows_indication
    assert scored.month.max() == 0
    assert scored.weight is None


def test_scored_cases_of_breasts():
    readings, readers, cases = tables()
    assert scored_cases(readings, readers, cases.assign(laterality="L")).unit == "breast"


def test_scored_cases_refuse_to_pool_two_versions():
    readings, readers, cases = tables()
    newer = readings.assign(reader_id="AI3")
    both = pd.concat([readings, newer])
    two = pd.concat([readers, readers.assign(reader_id="AI3", version="3.0")])
    with pytest.raises(
        ScoringError, match=r"one AI is expected .* but 2 have them.*AI 2.1, AI 3.0"
    ):
        scored_cases(both, two, cases)
    assert scored_cases(both, two, cases, ai="AI 3.0").ai == "AI 3.0"
    with pytest.raises(ScoringError, match=r"the AI 'AI 4' is expected .* but 0 have them"):
        scored_cases(both, two, cases, ai="AI 4")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modality": "aided"}, "in modality 'aided', session '1', but 0 have them"),
        ({"session": "2"}, "in modality 'standalone', session '2', but 0 have them"),
    ],
)
def test_scored_cases_name_what_was_looked_for(change, message):
    with pytest.raises(ScoringError, match=message):
        scored_cases(*tables(), **change)


def test_scored_cases_refuse_scores_of_regions_and_none_at_all():
    with pytest.raises(ScoringError, match=r"AI 2\.1 scores regions; take the score of the exam"):
        scored_cases(*tables(score_kind="region"))
    with pytest.raises(ScoringError, match=r"AI 2.1 has no score for any case.*readings.rating"):
        scored_cases(*tables(ROWS[7:]))


# --- distribution: by hand -----------------------------------------------------------------------


def test_distribution_counts_by_hand():
    result = study(ROWS)
    screening = result.reference
    assert screening.n.tolist() == [2, 1, 0, 1, 0, 0, 0, 0, 0, 1]
    assert screening.verified.tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert screening.cancers.tolist() == [0] * 9 + [1]
    assert [group.name for group in result.others] == ["symptomatic", "follow_up", "not_stated"]
    symptoms = result.others[0]
    assert (symptoms.n.sum(), symptoms.cancers.sum(), symptoms.verified[6]) == (2, 1, 1)
    assert screening.rate[9].estimate == 1000
    assert np.isnan(screening.rate[4].estimate)
    # Highest first: 10.0 cancer, 9.8 cancer, 7.2, 1.5, 1.49, 1.0 of six verified with a score.
    assert result.capture.y.tolist() == [0, 0.5, 1, 1, 1, 1, 1]
    assert result.capture.x.tolist() == pytest.approx(np.arange(7) / 6)
    assert result.capture_borders.tolist() == [6, 4, 3, 3, 3, 3, 3, 2, 2, 2]
    assert (result.found_at_top.numerator, result.found_at_top.denominator) == (2, 2)


def test_distribution_uses_weights_only_when_told():
    weighted = study(ROWS, basis="weighted")
    # Screening with a score: 6 + 6 + 6 + 1 + 6 = 25; class 1 holds 12, class 10 holds 1.
    assert weighted.reference.share[0].estimate == pytest.approx(12 / 25)
    assert weighted.reference.share[9].estimate == pytest.approx(1 / 25)
    assert weighted.reference.weighted_n.tolist() == [12, 6, 0, 6, 0, 0, 0, 0, 0, 1]
    assert weighted.reference.total_rate.estimate == pytest.approx(1000 / 19)
    assert weighted.weights_used
    plain = study(ROWS)
    assert plain.reference.share[0].estimate == pytest.approx(2 / 5)
    assert not plain.weights_used


def test_distribution_without_cancer_leaves_cancers_and_unknown_out_of_shares_only():
    result = study(ROWS, basis="without_cancer")
    assert result.reference.n.tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert result.reference.cancers.sum() == 1
    assert result.enriched


def test_distribution_no_cancer_in_a_class_has_the_limit_of_all_it_stands_for():
    rows = many(TEN, n=100, cancers=[10] * 5, weight=6.0)
    result = study(rows, basis="weighted")
    # Ten cases of weight 6 without cancer; cancers have weight 1: 0 of 60.
    assert result.reference.rate[0].ci_high == pytest.approx(1000 * proportion_ci(0, 60).ci_high)


# --- expectation: each verdict -------------------------------------------------------------------


def test_expectation_is_met_when_every_interval_lies_within_the_tolerance():
    result = study(many(TEN, n=20_000, cancers=[10] * 100), expected_share=0.1)
    assert result.expectation.verdict == "yes"
    assert all(0.08 < one.ci_low < one.ci_high < 0.12 for one in result.expectation.simultaneous)


def test_expectation_is_refused_by_the_test():
    shares = [0.06, 0.07, 0.09, 0.10, 0.10, 0.11, 0.11, 0.12, 0.12, 0.12]
    result = study(many(shares), expected_share=0.1)
    expected = goodness_of_fit(np.array(shares) * 2000, TEN)
    assert result.expectation.verdict == "no"
    assert result.expectation.fit.statistic == pytest.approx(expected.statistic)


def test_expectation_is_open_with_few_cases():
    assert study(many(TEN, n=200), expected_share=0.1).expectation.verdict == "not_shown"


def test_expectation_within_tolerance_is_met_though_the_test_rejects():
    shares = [0.095] * 5 + [0.105] * 5
    result = study(many(shares, n=40_000), expected_share=0.1)
    assert result.expectation.fit.p_value < 0.001
    assert result.expectation.verdict == "yes"


def test_expectation_allows_for_women_who_came_twice():
    fit = study(many(TEN, n=400, clusters=True), expected_share=0.1).expectation.fit
    assert "Rao-Scott" in fit.method
    assert fit.n_clusters == 200


def test_order_of_women_who_came_twice_says_no_more_than_once():
    draw = np.random.default_rng(2)
    cancer = np.arange(80) % 4 == 0
    score = np.clip(np.round(4 + 2 * cancer + 2 * draw.normal(size=80)), 1, 10)
    exams = [
        (f"p{i}", int(sick), "screening", "2024-01-01", 1.0, value, "complete")
        for i, (sick, value) in enumerate(zip(cancer, score, strict=True))
    ]
    once = study([(f"c{i}", *row) for i, row in enumerate(exams)]).order
    rows = [(f"c{i}{again}", *row) for again in "ab" for i, row in enumerate(exams)]
    twice = study(rows).order
    assert (once.n_clusters, twice.n_clusters) == (None, 80)
    assert twice.estimate == pytest.approx(once.estimate, rel=1e-12)
    assert twice.std_error == pytest.approx(once.std_error, rel=1e-12)


def test_expectation_is_about_screening_only():
    low = [0.3] + [0.7 / 9] * 9
    others = [(f"s{row[0]}", f"s{row[1]}", *row[2:]) for row in many(low, indication="symptomatic")]
    alone = study(many(TEN), expected_share=0.1)
    beside = study(many(TEN) + others, expected_share=0.1)
    assert beside.expectation.fit.statistic == pytest.approx(alone.expectation.fit.statistic)


@pytest.mark.parametrize(
    ("rows", "basis", "obstacle"),
    [
        (many(TEN, indication=NAN), "all", "the data do not say which examinations were screening"),
        (many(TEN, indication="symptomatic"), "all", "no screening examination has a score"),
        (
            many(TEN, n=100, cancers=[10] * 20),
            "all",
            "20 of 120 verified screening examinations have cancer, more than any screening finds",
        ),
        (
            many(TEN, n=100, cancers=[10] * 20, weight=3.0),
            "all",
            "have different sampling weights, so that they were not taken as they came",
        ),
        (
            many(TEN, n=100, cancers=[10] * 20, weight=3.0),
            "weighted",
            "with their weights 63 of 1,000 screening examinations have cancer",
        ),
    ],
)
def test_expectation_has_an_obstacle(rows, basis, obstacle):
    expectation = study(rows, basis=basis, expected_share=0.1).expectation
    assert obstacle in expectation.obstacle
    assert (expectation.verdict, expectation.fit) == ("cannot", None)


def test_expectation_without_cancer_has_an_obstacle_where_all_have_one():
    rows = many(TEN, n=0, cancers=[9, 10])
    result = study(rows, basis="without_cancer", expected_share=0.1)
    assert result.expectation.obstacle == "no screening examination has a score and no cancer"


def test_enriched_set_is_comparable_by_weights_or_without_its_cancers():
    # 2,000 of weight 6 and 60 cancers of weight 1: 5 cancers per 1,000.
    rows = many(TEN, cancers=[10] * 60, weight=6.0)
    for basis in ("weighted", "without_cancer"):
        expectation = study(rows, basis=basis, expected_share=0.1).expectation
        assert expectation.obstacle == ""
        assert expectation.verdict != "no"
    assert study(rows).enriched
    assert not study(rows, basis="weighted").enriched


def test_many_cancers_of_unknown_indication_are_not_called_enriched():
    assert not study(many(TEN, n=100, cancers=[10] * 20, indication=NAN)).enriched


def test_expected_shares_must_add_up():
    message = "expected_share is 0.2 for each of 10 classes, which adds up to 2, not 1"
    with pytest.raises(ScoringError, match=message):
        study(ROWS, expected_share=0.2)


def test_weights_asked_for_must_be_there():
    readings, readers, cases = tables()
    with pytest.raises(ScoringError, match="basis is 'weighted', but the cases have no weight"):
        study_of(readings, readers, cases.drop(columns="weight"), basis="weighted")
    cases.loc[0, "weight"] = NAN
    with pytest.raises(ScoringError, match="1 of 11 cases have no weight, but the others have"):
        study_of(readings, readers, cases, basis="weighted")


# --- drift ---------------------------------------------------------------------------------------


def test_drift_counts_by_hand_and_names_the_month_outside():
    rows = by_month([(90, 10)] * 5 + [(60, 40)], unscored=[0, 1, 0, 0, 9, 0])
    drift = score_drift(scored_cases(*tables(rows)), baseline_months=3)
    assert drift.n_months == 6
    assert drift.top.count.tolist() == [10] * 5 + [40]
    assert drift.top.n.tolist() == [100] * 6
    assert drift.top.outside.tolist() == [6]
    assert drift.unscored.count.tolist() == [0, 1, 0, 0, 9, 0]
    assert drift.unscored.n.tolist() == [100, 101, 100, 100, 109, 100]
    assert drift.unscored.outside.tolist() == [5]
    assert drift.shift_outside.tolist() == [6]
    assert drift.top.overall.estimate == pytest.approx(90 / 600)


def test_drift_compares_a_month_of_the_baseline_with_the_rest_of_it():
    rows = by_month([(50, 50), (100, 0), (50, 50)])
    drift = score_drift(scored_cases(*tables(rows)), baseline_months=2)
    # Month 1 against month 2 and the reverse are the same pair.
    assert drift.shift_value[0] == pytest.approx(drift.shift_value[1])
    assert drift.shift_value[2] < drift.shift_value[0]


def test_drift_leaves_cancers_out_of_an_enriched_set():
    rows = by_month([(40, 10)] * 3)
    rows += [("k", "k", 1, "screening", "2024-01-06", 1.0, 10.0, "complete")]
    scored = scored_cases(*tables(rows))
    assert score_drift(scored).top.n.tolist() == [51, 50, 50]
    assert score_drift(scored, basis="without_cancer").top.n.tolist() == [50] * 3


def test_drift_uses_the_limit_of_the_plan_only_where_months_are_large():
    small = score_drift(scored_cases(*tables(by_month([(40, 40)] * 4))))
    large = score_drift(scored_cases(*tables(by_month([(900, 900)] * 4))))
    assert not small.psi_limit_usable
    assert large.psi_limit_usable


def test_drift_without_dates_or_in_one_month():
    undated = [(*row[:4], NAN, *row[5:]) for row in many(TEN, n=50)]
    drift = score_drift(scored_cases(*tables(undated)))
    assert (drift.n_months, drift.n_undated) == (0, 50)
    assert drift.shift == ()
    assert not drift.psi_limit_usable
    one = score_drift(scored_cases(*tables(many(TEN, n=50))))
    assert one.n_months == 1
    assert np.isnan(one.shift_value).all()


def test_drift_months_without_examinations_are_empty():
    rows = by_month([(40, 10), (40, 10), (0, 0), (40, 10)])
    drift = score_drift(scored_cases(*tables(rows)))
    assert np.isnan(drift.top.value[2])
    assert drift.shift[2].note == "no case in the period"
    assert drift.top.outside.size == 0


def test_drift_refuses_a_baseline_of_one_month():
    with pytest.raises(ValueError, match="baseline_months must be 2 or more, but got 1"):
        score_drift(scored_cases(*tables()), baseline_months=1)
