"""Differences between an AI and readers, and from their mean, by hand and against a peer."""

import math

import numpy as np
import pandas as pd
import pytest

from tests.chapters.accuracy_sample import AI as SIX_SCORES
from tests.chapters.accuracy_sample import (
    R1,
    against,
    both,
    compare,
    drawn,
    plain,
    study,
    twice,
)
from tests.chapters.accuracy_sample import TRUTH as SIX
from tests.chapters.given import whole
from toolkit.chapters.ai_against_readers import exhibits
from toolkit.scoring.accuracy import accuracy_by_reader
from toolkit.scoring.ratings import rating_array
from toolkit.scoring.verdicts import NO_TESTS
from toolkit.stats.paired.counts import paired_counts
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.proportions.clustered import clustered_paired_difference_ci


def joined(tables, recall, *, margin=0.05, **changes):
    changes = {"ai_cutoff": None, "margins": {"auc": margin}, **changes}
    return against(tables, reader_recall_rating=recall, **changes)


@pytest.fixture(scope="module")
def hupse(reference_data):
    """Hupse 2013: one CAD and nine radiologists on 200 cases, recall from 40 up."""
    folder = reference_data / "data" / "dataset09"
    rows = pd.read_csv(folder / "ratings.csv", dtype=str)
    kinds = pd.read_csv(folder / "readers.csv", dtype=str)
    kinds = kinds.rename(columns={"reader": "reader_id"})
    kinds["kind"] = kinds["role"].map({"CAD": "ai", "radiologist": "human"})
    program = set(kinds["reader_id"][kinds["kind"] == "ai"])
    readings = pd.DataFrame(
        {
            "reader_id": rows["reader"],
            "case_id": rows["case"],
            "modality": ["standalone" if r in program else "unaided" for r in rows["reader"]],
            "session": "1",
            "rating": rows["rating"].astype(float),
            "call": math.nan,
            "status": "complete",
        }
    )
    cases = pd.DataFrame({"case_id": rows["case"], "truth": rows["truth"].astype(float)})
    tables = readings, kinds, cases.drop_duplicates().assign(patient_id=math.nan)
    return joined(tables, 40)


def test_hupse_has_the_result_of_random_readers(hupse):
    # RJafroc 2.1.3, 1T-RRRC, jackknife, CAD the other way round: difference 0.0317361111,
    # t 0.9928688834, df 877.886378, 95 % CI -0.03099877 to 0.09447099.
    mean = hupse.means["auc"]
    assert mean.random == "readers and cases"
    assert (mean.n_readers, mean.n_left_out) == (9, 0)
    assert mean.difference.estimate == pytest.approx(-0.0317361111, abs=1e-10)
    assert mean.difference.label_a == "the mean of nine readers"
    # DeLong differs from the jackknife in the third digit.
    assert (round(mean.difference.ci_low, 3), round(mean.difference.ci_high, 3)) == (-0.094, 0.031)
    others = {other.name: other.difference for other in mean.others}
    jackknife = others["Readers and cases random; jackknife"]
    assert jackknife.statistic == pytest.approx(-0.9928688834, rel=1e-9)
    assert jackknife.df == pytest.approx(877.886378, rel=1e-8)
    fixed = others["These readers only, cases random; DeLong"]
    assert math.isinf(fixed.df)
    assert fixed.estimate == pytest.approx(mean.difference.estimate)
    assert mean.mean.estimate == pytest.approx(0.8486631944, rel=1e-9)


def test_hupse_page_says_so(hupse):
    text = plain(exhibits.head(hupse).answer)
    assert text == (
        "AUC was 0.849 for the mean of nine readers and 0.817 for the AI: a difference "
        "of −0.032 (95% CI −0.094 to 0.031), and the interval crosses the margin of −0.05."
    )
    facts = dict(exhibits.head(hupse).facts)
    assert facts["Analysis"] == "Obuchowski–Rockette. Readers and cases random; DeLong"
    assert exhibits.agreement(hupse).startswith("All other analyses agree")
    assert "Specificity: the analysis “these readers only" in exhibits.agreement(hupse)
    view = exhibits.accuracy_table(hupse).table
    assert [row.cells[0] for row in view.rows[:3]] == [
        "AI alone",
        "Readers: mean",
        "Readers: panel",
    ]
    assert "CI: of the means: Obuchowski–Rockette, readers and cases random" in view.foot
    caption = plain(exhibits.differences(hupse).caption)
    assert "diamond, the mean of nine readers (readers and cases random; DeLong, P = .32" in caption
    assert "falls" not in caption
    assert "and below that of eight readers" in exhibits.differences(hupse).finding


def test_hupse_means_of_calls_are_means_over_readers(hupse):
    each = [reader.calls for reader in hupse.readers]
    sensitivity = hupse.means.get("sensitivity")
    expected = np.mean([calls.sensitivity.estimate for calls in each])
    assert sensitivity.mean.estimate == pytest.approx(expected)
    assert sensitivity.mean.quantity == sensitivity.difference.quantity == "sensitivity"
    assert sensitivity.difference.estimate == pytest.approx(
        hupse.ai_calls.sensitivity.estimate - expected
    )
    # The variance between readers is in the interval, so it is wider than for these readers.
    fixed = sensitivity.others[0].difference
    assert sensitivity.difference.std_error > fixed.std_error
    expected = np.mean([calls.specificity.estimate for calls in each])
    assert hupse.means.get("specificity").mean.estimate == pytest.approx(expected)


# --- few levels ---------------------------------------------------------------------------------

DRAW = np.random.default_rng(7)
TRUTH = (np.arange(40) % 2).tolist()
PEOPLE = (DRAW.normal(size=(3, 40)) + np.array(TRUTH)).round(2)
AI = (DRAW.normal(size=40) + 1.2 * np.array(TRUTH)).round(2).tolist()


def cut(rows, n_levels):
    edges = np.quantile(rows, np.arange(1, n_levels) / n_levels)
    return np.searchsorted(edges, rows).astype(float)


def compared(people, **changes):
    tables = study(TRUTH, [list(row) for row in people], AI)
    return joined(tables, float(np.median(people)), ai_cutoff=0.5, **changes)


def test_readers_of_two_levels_have_no_area_but_calls():
    result = compared(cut(PEOPLE, 2))
    auc = result.auc
    assert math.isnan(auc.estimate)
    assert auc.note == (
        "R1 (3 of 3 readers) used two levels of ratings at most, which is one operating point and "
        "no curve, so sensitivity and specificity are compared instead"
    )
    assert exhibits.head(result).answer.startswith("AUC cannot be compared: R1")
    assert dict(exhibits.head(result).facts)["Analysis"] == "Not defined"
    assert result.reader_curves == ()
    assert all(math.isnan(reader.auc.estimate) for reader in result.readers)
    assert all(math.isnan(one.estimate) for one in result.auc_by_reader)
    assert len(result.defined_means) == 2
    labels = list(exhibits.differences(result).data["quantity"])
    assert labels == ["sensitivity", "specificity"] * 2
    assert exhibits.differences(result).figure.axes
    assert "AUC is not compared: R1" in exhibits.differences(result).caption
    assert "From the mean: Obuchowski–Rockette, readers and cases random." in (
        exhibits.differences(result).caption
    )
    groups = [row.cells[0] for row in exhibits.mean_table(result).table.rows if row.kind == "group"]
    assert groups == ["Sensitivity, percentage points", "Specificity, percentage points"]
    assert "The mean AUC is not compared: R1" in exhibits.accuracy_table(result).table.foot
    assert exhibits.agreement(result).startswith("AUC is not compared with the readers' mean: R1")


def test_one_reader_of_two_levels_is_named_alone():
    people = PEOPLE.copy()
    people[1] = cut(PEOPLE[1], 2)
    result = compared(people)
    assert result.auc.note.startswith("R2 used two levels of ratings at most")
    assert [math.isnan(one.estimate) for one in result.auc_by_reader] == [False, True, False]


def pairs_in_order(rating):
    """Share of pairs of a case with and one without cancer in order, ties half."""
    rating, truth = np.asarray(rating), np.asarray(TRUTH)
    difference = rating[truth == 1][:, None] - rating[truth == 0]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def test_readers_of_three_levels_have_the_ai_cut_to_as_many_beside_it():
    people = cut(PEOPLE, 3)
    result = compared(people)
    mean = result.means["auc"]
    assert "their empirical AUC is too low beside that of a finer score" in mean.difference.note
    collapsed = mean.others[-1]
    assert collapsed.name == "AI cut to as many levels as each reader used"
    expected = []
    for row in people:
        share = np.cumsum(np.unique(row, return_counts=True)[1])[:-1]
        level = np.searchsorted(np.sort(AI)[share], AI, side="right")
        expected.append(pairs_in_order(level) - pairs_in_order(row))
    assert collapsed.difference.estimate == pytest.approx(np.mean(expected))
    assert "their empirical AUC is too low" in exhibits.mean_table(result).table.foot
    assert len(compared(cut(PEOPLE, 5)).means["auc"].others) == 2


# --- who is in the mean -------------------------------------------------------------------------


def test_one_reader_is_compared_alone_and_said_so():
    result = compared(PEOPLE[:1])
    mean = result.means["auc"]
    assert (mean.random, mean.n_readers) == ("cases", 1)
    assert mean.difference.estimate == pytest.approx(result.auc_by_reader[0].estimate)
    assert mean.difference.std_error == pytest.approx(result.auc_by_reader[0].std_error)
    text = whole(exhibits.head(result))
    assert "for the one reader and" in text
    assert text.endswith("It holds for this reader only, not for readers in general.")
    assert result.means.get("sensitivity") is None
    assert exhibits.mean_table(result) is None
    assert "diamond" not in exhibits.differences(result).caption
    assert "These readers only" in dict(exhibits.head(result).facts)["Analysis"]


def test_few_readers_are_said_to_be_few():
    assert whole(exhibits.head(compared(PEOPLE))).endswith(
        "Three readers are too few to speak for readers in general."
    )


def test_readers_with_gaps_are_left_out_of_the_mean_and_it_is_said():
    people = [list(row) for row in PEOPLE]
    people[2][5] = None
    tables = study(TRUTH, people, AI)
    result = joined(tables, 0.5, ai_cutoff=0.5)
    mean = result.means["auc"]
    assert (mean.n_readers, mean.n_left_out) == (2, 1)
    expected = pairs_in_order(AI) - np.mean([pairs_in_order(row) for row in PEOPLE[:2]])
    assert mean.difference.estimate == pytest.approx(expected)
    assert (
        "the mean of two of three readers who rated every examination"
        in exhibits.head(result).answer
    )
    assert "One reader without a rating of every examination: not in the mean AUC." in (
        exhibits.accuracy_table(result).table.foot
    )


def test_mean_calls_need_two_readers_of_every_case():
    people = [list(row) for row in PEOPLE]
    people[1][5] = people[2][8] = None
    tables = study(TRUTH, people, AI)
    result = joined(tables, 0.5, ai_cutoff=0.5, endpoint="sensitivity")
    assert result.means.get("sensitivity") is None
    assert "Mean sensitivity and specificity need two readers" in (
        exhibits.accuracy_table(result).table.foot
    )
    assert dict(exhibits.head(result).facts)["Analysis"] == (
        "Tango score; against the panel of three readers"
    )


def test_a_single_case_of_a_class_has_no_variance():
    truth = [1] + [0] * 39
    tables = study(truth, [list(row) for row in PEOPLE], AI)
    result = joined(tables, 0.5, ai_cutoff=0.5)
    assert result.auc.note == "fewer than 2 cases with, or without, cancer"
    assert result.means.get("sensitivity") is None
    assert result.means.get("specificity") is not None


# --- women with several examinations ------------------------------------------------------------


def clustered(patient):
    readings, readers, cases = study(TRUTH, [list(row) for row in PEOPLE], AI)
    return readings, readers, cases.assign(patient_id=patient)


def test_women_with_several_examinations_are_taken_together():
    patient = [f"p{number // 4}" for number in range(40)]  # two with and two without cancer each
    tables = clustered(patient)
    result = joined(tables, 0.5, ai_cutoff=0.5)
    assert result.means["auc"].name == "Readers and cases random; DeLong, patients"
    assert result.auc.n_clusters == 10
    assert result.auc_by_reader[0].n_clusters == 10
    assert (
        accuracy_by_reader(rating_array(*tables, kind="human", modality="unaided"))[
            0
        ].auc.n_clusters
        == 10
    )
    sick = np.array(TRUTH) == 1
    panel = (PEOPLE >= 0.5).sum(axis=0) >= 2
    expected = clustered_paired_difference_ci(
        panel[sick].astype(float),
        (np.array(AI) >= 0.5)[sick].astype(float),
        cluster=np.array(patient)[sick],
    )
    assert result.joint["sensitivity"].difference.ci_low == pytest.approx(expected.ci_low)
    assert "The 40 examinations come from 10 women" in exhibits.accuracy_table(result).table.foot
    assert exhibits.paired_table(result).table.foot.endswith(
        "CI: Obuchowski, patients as clusters."
    )


def test_women_with_one_examination_of_each_class_do_not_cluster_within_a_class():
    patient = [f"p{number // 2}" for number in range(40)]
    tables = clustered(patient)
    result = joined(tables, 0.5, ai_cutoff=0.5)
    sick = np.array(TRUTH) == 1
    panel = ((PEOPLE >= 0.5).sum(axis=0) >= 2)[sick].astype(float)
    counts = paired_counts(panel, (np.array(AI) >= 0.5)[sick].astype(float))
    assert result.joint["sensitivity"].difference.ci_low == paired_difference_ci(counts).ci_low
    assert result.auc.n_clusters == 20


def test_intervals_of_both_endpoints_are_named_where_they_differ():
    patient = [f"p{number}" for number in range(40)]
    patient[2] = patient[0]  # two healthy cases of one woman
    tables = clustered(patient)
    result = joined(tables, 0.5, ai_cutoff=0.5)
    assert exhibits.joint_interval(result) == (
        "Tango score for sensitivity; Obuchowski, patients as clusters for specificity"
    )


def test_every_number_beside_the_primary_one_is_recorded():
    names = set(exhibits.record(compared(cut(PEOPLE, 3))))
    assert {
        "auc_alternative_1",
        "auc_alternative_3",
        "sensitivity_readers_mean",
        "specificity_difference_mean",
    } <= names
    for result in exhibits.record(compared(cut(PEOPLE, 2))).values():
        assert type(result).from_dict(result.to_dict()).to_dict() == result.to_dict()


# --- the joint call and single readers ---------------------------------------------------------


def test_ai_against_readers_counts_by_hand():
    result = compare()
    assert result.auc.estimate_a == pytest.approx((7.5 / 9 + 1) / 2)
    assert result.auc.estimate_b == pytest.approx(6.5 / 9)
    assert result.auc.estimate == pytest.approx(6.5 / 9 - (7.5 / 9 + 1) / 2)
    # R0 recalls cases 4, 5; R1 recalls 3, 4, 5; both together 4, 5. The AI from 4 up: 3, 5.
    assert (
        result.joint["sensitivity"].recalled.both,
        result.joint["sensitivity"].recalled.only_b,
        result.joint["sensitivity"].recalled.only_a,
    ) == (1, 1, 1)
    assert (
        result.joint["specificity"].recalled.both,
        result.joint["specificity"].recalled.neither,
    ) == (0, 3)
    assert result.joint["sensitivity"].difference.estimate == 0
    assert [c.label_a for c in result.auc_by_reader] == ["R1", "R2"]
    assert result.auc_by_reader[1].estimate == pytest.approx(6.5 / 9 - 1)


def test_ai_against_readers_matches_the_cutoff_to_the_readers_specificity():
    study_ = compare(ai_cutoff=None)
    # The readers' joint call clears all three: the lowest AI rating that clears them is 4.
    assert study_.ai_cutoff == 4
    assert not study_.cutoff_given


def test_ai_against_readers_without_ratings_says_why_there_is_no_auc():
    calls = [[0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]]
    tables = study(SIX, calls, SIX_SCORES, kind="call")
    study_ = against(tables, endpoint="sensitivity", joint_call="any")
    assert math.isnan(study_.auc.estimate)
    assert study_.auc.note == "the readers made recall calls only, no ratings"
    assert study_.primary.estimate == pytest.approx(2 / 3 - 1)
    assert study_.reader_curves == ()


def test_ai_against_readers_with_gaps_compares_each_reader_on_their_own_cases():
    gap = [1, 2, None, 2, 4, 5]
    result = compare(people=(gap, R1))
    assert result.auc.note == "not every reader rated every case"
    assert result.auc_by_reader[0].n_cases == 5


def test_ai_against_readers_without_calls_is_refused():
    with pytest.raises(ValueError, match="readers gave ratings only; say from which rating"):
        compare(reader_recall_rating=None)


def test_mcnemar_is_not_given_where_women_repeat_in_the_class():
    truth, people, ai = drawn()
    patient = np.arange(truth.size)
    patient[2] = patient[0]  # two examinations without cancer of one woman
    result = both(truth, people, ai, patient)[1]
    assert result.joint["specificity"].tests is None
    assert result.joint["specificity"].difference.note == NO_TESTS
    assert result.joint["specificity"].difference.ci_method == "Obuchowski, patients as clusters"
    assert result.joint["sensitivity"].tests[0].method == "mid-P McNemar"
    assert NO_TESTS not in result.joint["sensitivity"].difference.note


def test_mcnemar_of_examinations_is_not_held_against_the_interval_of_women():
    """3 cancers by the AI alone, each twice: 6 to 0 examinations would reject, 3 women do not."""
    truth = np.array([1] * 14 + [0] * 6)
    people, ai = [np.array([5] * 10 + [1] * 10)], np.array([5] * 13 + [1] * 7)
    n = truth.size
    once = both(truth, people, ai, range(n))[1]
    double = both(*twice(truth), [*twice(*people)], *twice(ai), [*range(n), *range(n)])[1]
    careless = both(*twice(truth), [*twice(*people)], *twice(ai), range(2 * n))[1]
    assert once.joint["sensitivity"].tests[0].p_value > 0.05
    assert careless.joint["sensitivity"].tests[0].p_value < 0.05
    assert double.joint["sensitivity"].tests is None
    assert double.joint["sensitivity"].difference.ci_low < 0
    assert "disagree" not in double.joint["sensitivity"].difference.note


def test_a_woman_with_an_examination_of_each_class_keeps_mcnemar():
    truth, people, ai = drawn()
    patient = np.arange(truth.size)
    patient[1] = patient[0]
    result = both(truth, people, ai, patient)[1]
    assert result.joint["sensitivity"].tests is not None
    assert result.joint["specificity"].tests is not None
    assert result.ai_calls.sensitivity.n_clusters is None
    assert result.ai_calls.positive_likelihood_ratio.n_clusters == truth.size - 1


def test_a_study_prints_as_a_screenful(hupse):
    lines = repr(hupse).splitlines()
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 120
    assert "0.032" in repr(hupse)
    assert len(hupse._repr_html_()) < 3000
