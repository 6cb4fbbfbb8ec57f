"""An AI against the mean of random readers in chapter 06, against a peer and by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from tests.test_accuracy import arrays, study
from toolkit.chapters.ai_against_readers import show_ai_against_forest as forest
from toolkit.chapters.ai_against_readers import show_ai_against_readers as against
from toolkit.chapters.ai_against_readers import show_ai_against_tables as tabulated
from toolkit.chapters.ai_against_readers.ai_against_readers import Margins, ai_against_readers
from toolkit.scoring.accuracy import accuracy_by_reader
from toolkit.scoring.ratings import rating_array
from toolkit.stats.paired.counts import paired_counts
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.proportions.clustered import clustered_paired_difference_ci
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def joined(people, ai, *, endpoint="auc", ai_cutoff=None, margin=0.05):
    return ai_against_readers(
        people,
        ai,
        endpoint=endpoint,
        rule="majority",
        ai_cutoff=ai_cutoff,
        margins=Margins(auc=margin),
        labels=against.labels(people, ai, "majority"),
    )


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
    people = rating_array(*tables, kind="human", modality="unaided").called_from(40)
    return joined(people, rating_array(*tables, kind="ai", modality="standalone"))


def test_hupse_has_the_result_of_random_readers(hupse):
    # RJafroc 2.1.3, 1T-RRRC, jackknife, CAD the other way round: difference 0.0317361111,
    # t 0.9928688834, df 877.886378, 95 % CI -0.03099877 to 0.09447099.
    mean = hupse.result.auc_mean
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
    text = plain(against.answer(hupse))
    assert text == (
        "Not shown. AUC was 0.849 for the mean of nine readers and 0.817 for the AI: a difference "
        "of −0.032 (95% CI −0.094 to 0.031), and the interval crosses the margin of −0.05."
    )
    facts = dict(against.facts(hupse))
    assert facts["Primary analysis"] == "Obuchowski–Rockette. Readers and cases random; DeLong"
    assert tabulated.verdicts(hupse).startswith("All other analyses have the same verdict")
    assert "Specificity: the analysis “these readers only" in tabulated.verdicts(hupse)
    view = tabulated.accuracy_table(hupse)
    assert [row.cells[0] for row in view.rows[:3]] == [
        "AI alone",
        "Readers: mean",
        "Readers: panel",
    ]
    assert "CI: of the means: Obuchowski–Rockette, readers and cases random" in view.foot
    caption = plain(forest.difference_caption(hupse))
    assert "diamond, the mean of nine readers (readers and cases random; DeLong, P = .32" in caption
    assert "falls" not in caption
    assert "below that of eight of nine readers" in forest.difference_finding(hupse)


def test_hupse_means_of_calls_are_means_over_readers(hupse):
    each = [reader.calls for reader in hupse.readers]
    sensitivity = hupse.result.sensitivity_mean
    expected = np.mean([calls.sensitivity.estimate for calls in each])
    assert sensitivity.mean.estimate == pytest.approx(expected)
    assert sensitivity.mean.quantity == sensitivity.difference.quantity == "sensitivity"
    assert sensitivity.difference.estimate == pytest.approx(
        hupse.result.ai.sensitivity.estimate - expected
    )
    # The variance between readers is in the interval, so it is wider than for these readers.
    fixed = sensitivity.others[0].difference
    assert sensitivity.difference.std_error > fixed.std_error
    expected = np.mean([calls.specificity.estimate for calls in each])
    assert hupse.result.specificity_mean.mean.estimate == pytest.approx(expected)


# --- few levels ---------------------------------------------------------------------------------

DRAW = np.random.default_rng(7)
TRUTH = (np.arange(40) % 2).tolist()
PEOPLE = (DRAW.normal(size=(3, 40)) + np.array(TRUTH)).round(2)
AI = (DRAW.normal(size=40) + 1.2 * np.array(TRUTH)).round(2).tolist()


def cut(rows, n_levels):
    edges = np.quantile(rows, np.arange(1, n_levels) / n_levels)
    return np.searchsorted(edges, rows).astype(float)


def compared(people, **changes):
    readers, machine = arrays(study(TRUTH, [list(row) for row in people], AI))
    threshold = float(np.median(people))
    return joined(readers.called_from(threshold), machine, ai_cutoff=0.5, **changes)


def test_readers_of_two_levels_have_no_area_but_calls():
    result = compared(cut(PEOPLE, 2))
    auc = result.result.auc
    assert math.isnan(auc.estimate)
    assert auc.note == (
        "R1 (3 of 3 readers) used two levels of ratings at most, which is one operating point and "
        "no curve, so sensitivity and specificity are compared instead"
    )
    assert against.answer(result).startswith("Cannot be answered yet. AUC cannot be compared: R1")
    assert dict(against.facts(result))["Primary analysis"] == "Not defined"
    assert result.reader_curves == ()
    assert all(math.isnan(reader.auc.estimate) for reader in result.readers)
    assert all(math.isnan(one.estimate) for one in result.result.auc_by_reader)
    assert len(result.result.means) == 2
    labels = list(forest.difference_data(result)["quantity"])
    assert labels == ["sensitivity", "specificity"] * 2
    assert forest.difference_figure(result).axes
    assert "AUC is not compared: R1" in forest.difference_caption(result)
    assert "From the mean: Obuchowski–Rockette, readers and cases random." in (
        forest.difference_caption(result)
    )
    groups = [row.cells[0] for row in tabulated.mean_table(result).rows if row.kind == "group"]
    assert groups == ["Sensitivity, percentage points", "Specificity, percentage points"]
    assert "The mean AUC is not compared: R1" in tabulated.accuracy_table(result).foot
    assert tabulated.verdicts(result).startswith("AUC is not compared with the readers' mean: R1")


def test_one_reader_of_two_levels_is_named_alone():
    people = PEOPLE.copy()
    people[1] = cut(PEOPLE[1], 2)
    result = compared(people).result
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
    mean = result.result.auc_mean
    assert "their empirical AUC is too low beside that of a finer score" in mean.difference.note
    collapsed = mean.others[-1]
    assert collapsed.name == "AI cut to as many levels as each reader used"
    expected = []
    for row in people:
        share = np.cumsum(np.unique(row, return_counts=True)[1])[:-1]
        level = np.searchsorted(np.sort(AI)[share], AI, side="right")
        expected.append(pairs_in_order(level) - pairs_in_order(row))
    assert collapsed.difference.estimate == pytest.approx(np.mean(expected))
    assert "their empirical AUC is too low" in tabulated.mean_table(result).foot
    assert len(compared(cut(PEOPLE, 5)).result.auc_mean.others) == 2


# --- who is in the mean -------------------------------------------------------------------------


def test_one_reader_is_compared_alone_and_said_so():
    result = compared(PEOPLE[:1])
    mean = result.result.auc_mean
    assert (mean.random, mean.n_readers) == ("cases", 1)
    assert mean.difference.estimate == pytest.approx(result.result.auc_by_reader[0].estimate)
    assert mean.difference.std_error == pytest.approx(result.result.auc_by_reader[0].std_error)
    text = against.answer(result)
    assert "for the one reader and" in text
    assert text.endswith("It holds for this reader only, not for readers in general.")
    assert result.result.sensitivity_mean is None
    assert tabulated.mean_table(result) is None
    assert "diamond" not in forest.difference_caption(result)
    assert "These readers only" in dict(against.facts(result))["Primary analysis"]


def test_few_readers_are_said_to_be_few():
    assert against.answer(compared(PEOPLE)).endswith(
        "Three readers are too few to speak for readers in general."
    )


def test_readers_with_gaps_are_left_out_of_the_mean_and_it_is_said():
    people = [list(row) for row in PEOPLE]
    people[2][5] = None
    readers, machine = arrays(study(TRUTH, people, AI))
    result = joined(readers.called_from(0.5), machine, ai_cutoff=0.5)
    mean = result.result.auc_mean
    assert (mean.n_readers, mean.n_left_out) == (2, 1)
    expected = pairs_in_order(AI) - np.mean([pairs_in_order(row) for row in PEOPLE[:2]])
    assert mean.difference.estimate == pytest.approx(expected)
    assert "the mean of two of three readers who rated every examination" in against.answer(result)
    assert "One reader without a rating of every examination: not in the mean AUC." in (
        tabulated.accuracy_table(result).foot
    )


def test_mean_calls_need_two_readers_of_every_case():
    people = [list(row) for row in PEOPLE]
    people[1][5] = people[2][8] = None
    readers, machine = arrays(study(TRUTH, people, AI))
    result = joined(readers.called_from(0.5), machine, ai_cutoff=0.5, endpoint="sensitivity")
    assert result.result.sensitivity_mean is None
    assert "Mean sensitivity and specificity need two readers" in (
        tabulated.accuracy_table(result).foot
    )
    assert dict(against.facts(result))["Primary analysis"] == (
        "Tango score; these readers' joint call"
    )


def test_a_single_case_of_a_class_has_no_variance():
    truth = [1] + [0] * 39
    readers, machine = arrays(study(truth, [list(row) for row in PEOPLE], AI))
    result = joined(readers.called_from(0.5), machine, ai_cutoff=0.5).result
    assert result.auc.note == "fewer than 2 cases with, or without, cancer"
    assert result.sensitivity_mean is None
    assert result.specificity_mean is not None


# --- women with several examinations ------------------------------------------------------------


def clustered(patient):
    readings, readers, cases = study(TRUTH, [list(row) for row in PEOPLE], AI)
    return arrays((readings, readers, cases.assign(patient_id=patient)))


def test_women_with_several_examinations_are_taken_together():
    patient = [f"p{number // 4}" for number in range(40)]  # two with and two without cancer each
    people, machine = clustered(patient)
    result = joined(people.called_from(0.5), machine, ai_cutoff=0.5)
    assert result.result.auc_mean.name == "Readers and cases random; DeLong, patients"
    assert result.result.auc.n_clusters == 10
    assert result.result.auc_by_reader[0].n_clusters == 10
    assert accuracy_by_reader(people)[0].auc.n_clusters == 10
    sick = np.array(TRUTH) == 1
    panel = (PEOPLE >= 0.5).sum(axis=0) >= 2
    expected = clustered_paired_difference_ci(
        panel[sick].astype(float),
        (np.array(AI) >= 0.5)[sick].astype(float),
        cluster=np.array(patient)[sick],
    )
    assert result.result.sensitivity.ci_low == pytest.approx(expected.ci_low)
    assert "The 40 examinations come from 10 women" in tabulated.accuracy_table(result).foot
    assert tabulated.paired_view(result).foot.endswith("CI: Obuchowski, patients as clusters.")


def test_women_with_one_examination_of_each_class_do_not_cluster_within_a_class():
    patient = [f"p{number // 2}" for number in range(40)]
    people, machine = clustered(patient)
    result = joined(people.called_from(0.5), machine, ai_cutoff=0.5).result
    sick = np.array(TRUTH) == 1
    panel = ((PEOPLE >= 0.5).sum(axis=0) >= 2)[sick].astype(float)
    counts = paired_counts(panel, (np.array(AI) >= 0.5)[sick].astype(float))
    assert result.sensitivity.ci_low == paired_difference_ci(counts).ci_low
    assert result.auc.n_clusters == 20


def test_intervals_of_both_endpoints_are_named_where_they_differ():
    patient = [f"p{number}" for number in range(40)]
    patient[2] = patient[0]  # two healthy cases of one woman
    people, machine = clustered(patient)
    result = joined(people.called_from(0.5), machine, ai_cutoff=0.5)
    assert against.joint_interval(result) == (
        "Tango score for sensitivity; Obuchowski, patients as clusters for specificity"
    )


def test_every_number_beside_the_primary_one_is_recorded():
    names = set(against.record(compared(cut(PEOPLE, 3))))
    assert {
        "auc_alternative_1",
        "auc_alternative_3",
        "sensitivity_readers_mean",
        "specificity_difference_mean",
    } <= names
    for result in against.record(compared(cut(PEOPLE, 2))).values():
        assert type(result).from_dict(result.to_dict()).to_dict() == result.to_dict()
