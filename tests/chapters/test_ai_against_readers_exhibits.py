"""What chapter 06 says: every sentence follows from its results."""

import math

import pandas as pd
import pytest

from tests.chapters.accuracy_sample import AI, R0, R1, TRUTH, against, compare, plain, study
from tests.chapters.given import whole
from toolkit.chapters.ai_against_readers import exhibits


def calls_only():
    tables = study(TRUTH, [[0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]], AI, kind="call")
    margins = {"sensitivity": 0.05}
    return against(tables, endpoint="sensitivity", joint_call="any", margins=margins)


def test_against_readers_answer_names_both_and_the_margin():
    text = plain(exhibits.head(compare()).answer)
    assert "AUC was 0.917 for the mean of two readers and 0.722 for the AI" in text
    assert "margin of −0.05" in text
    assert text.startswith("AUC was ")


def test_against_readers_finding_compares_with_the_joint_call():
    study_ = compare()
    finding = plain(exhibits.roc(study_).finding)
    assert finding.endswith("the AI found as many cancers as the panel of two readers.")
    worse = compare(ai_cutoff=5.0)  # the AI then recalls case 5 only
    assert "one cancer fewer than" in exhibits.roc(worse).finding


def test_against_readers_table_shows_every_reader():
    view = exhibits.accuracy_table(compare()).table
    names = [row.cells[0] for row in view.rows]
    assert names == ["AI alone", "Readers: mean", "Readers: panel", "R1", "R2"]
    assert all(len(row.cells) == len(view.columns) for row in view.rows)


def test_against_readers_paired_view_adds_up():
    view = exhibits.paired_table(compare()).table
    cancer, healthy = view.tables
    assert (cancer.both, cancer.row_only, cancer.column_only, cancer.neither) == (1, 1, 1, 0)
    assert (cancer.n, healthy.n) == ("n = 3", "n = 3")
    assert healthy.neither == 3
    assert "discordant" in view.foot


def test_against_readers_paired_view_says_where_tests_and_interval_disagree():
    assert "disagree" not in exhibits.paired_table(compare()).table.foot
    # Four cancers by the AI alone, none by the readers alone: score P 0.0455, exact 0.125
    truth = [1] * 14 + [0] * 4
    tables = study(truth, [[5] * 10 + [1] * 8], [5] * 14 + [1] * 4)
    study_ = against(tables, endpoint="sensitivity", joint_call="any")
    words = "the Tango score interval excludes no difference, the mid-P as well as the exact"
    foot = plain(exhibits.paired_table(study_).table.foot)
    assert foot.count(words) == 1
    assert words in study_.joint["sensitivity"].difference.note
    assert "disagree" not in study_.joint["specificity"].difference.note
    assert "sensitivity_mcnemar_exact" in exhibits.record(study_)


def test_against_readers_names_clustered_women_and_gives_no_mcnemar():
    readings, names, cases = study(TRUTH, [R0, R1], AI)
    cases = cases.assign(patient_id=["p", "p", *"abcd"])  # two examinations without cancer
    study_ = against((readings, names, cases), joint_call="any", reader_recall_rating=2)
    foot = exhibits.accuracy_table(study_).table.foot
    assert "6 examinations come from 5 women, who are what all intervals take as" in foot
    assert "Wilson score (Wilson score, effective number, where women repeat)" in foot
    view = plain(exhibits.paired_table(study_).table.foot)
    assert view.count("no McNemar test: it takes examinations as independent") == 1
    assert view.count("McNemar mid-P") == 1
    kept = {name for name in exhibits.record(study_) if "mcnemar" in name}
    assert kept == {"sensitivity_mcnemar_midp", "sensitivity_mcnemar_exact"}
    once = exhibits.accuracy_table(compare()).table.foot
    assert "women" not in once
    assert "Wilson score for sensitivity and specificity" in once


def test_against_readers_without_ratings_shows_the_calls():
    study_ = calls_only()
    assert "the readers made recall calls only" in exhibits.differences(study_).caption
    assert exhibits.differences(study_).figure.axes
    assert [row.cells[1] for row in exhibits.accuracy_table(study_).table.rows[3:]] == ["—", "—"]
    assert math.isnan(study_.auc.estimate)
    assert list(exhibits.differences(study_).data["quantity"]) == ["sensitivity", "specificity"] * 2


def test_against_readers_undefined_primary_has_no_bar():
    study_ = compare(people=([1, 2, None, 2, 4, 5], R1))
    assert exhibits.head(study_).bar is None
    assert exhibits.head(study_).answer.startswith("AUC cannot be compared: ")
    assert "not every reader rated every case" in exhibits.head(study_).answer


def test_against_readers_record_survives_being_written():
    for result in exhibits.record(compare()).values():
        assert type(result).from_dict(result.to_dict()).to_dict() == result.to_dict()


@pytest.mark.parametrize("make", [compare, calls_only])
def test_alternative_texts_are_short(make):
    study_ = make()
    for text in (exhibits.roc(study_).alt, exhibits.differences(study_).alt):
        assert 0 < len(text) <= 250


def original():
    """Eight screening examinations read twice and arbitrated, two with symptoms, by weight."""
    truth = [0, 0, 0, 0, 1, 1, 1, 1, 0, 1]
    first = [0, 1, 0, 0, 1, 0, 1, 0, 0, 1]
    second = [0, 0, 0, 0, 1, 1, 1, 0, 0, 1]
    ai = [1, 2, 9, 1, 10, 10, 3, 10, 1, 10]
    readings, readers, cases = study(truth, [first, second], ai, kind="call")
    position = readings["reader_id"].map({"r0": 1.0, "r1": 2.0})
    arbiter = pd.DataFrame(
        {"reader_id": "r2", "case_id": ["c1", "c5"], "modality": "unaided", "call": [0.0, 1.0]}
    ).assign(session="1", status="complete", position=3.0, rating=math.nan)
    readings = pd.concat([readings.assign(position=position), arbiter], ignore_index=True)
    readings.loc[(readings["reader_id"] == "r1") & (readings["case_id"] == "c0"), "reader_id"] = (
        "r3"
    )
    others = pd.DataFrame({"reader_id": ["r2", "r3"], "kind": "human"})
    readers = pd.concat([others, readers], ignore_index=True)
    cases = cases.assign(
        recalled=[0.0, 0, 0, 0, 1, 1, 1, 0, 0, 1],
        indication=["screening"] * 8 + ["symptomatic"] * 2,
        weight=[5.0, 10, 5, 5, 1, 1, 1, 1, 5, 1],
        truth_source=["follow_up_24_months"] * 4 + ["pathology_malignant"] * 6,
    )
    changes = {"endpoint": "sensitivity", "joint_call": "programme", "ai_cutoff": 8.5}
    return against((readings, readers.assign(score_min=1.0, score_max=10.0), cases), **changes)


def test_the_first_reads_stand_beside_the_programme_and_no_arbiter_is_a_reader():
    made = original()
    assert [one.rule for one in made.against] == ["programme", "first_read"]
    programme, first = (one.calls for one in made.against)
    # Screening: of four cancers the programme found three, first readers two, the AI three.
    assert (programme.sensitivity.numerator, first.sensitivity.numerator) == (3, 2)
    assert made.ai_calls.sensitivity.numerator == 3
    # Healthy by weight 25: the first reader recalled the one of 10, the AI one of 5.
    assert first.specificity.estimate == pytest.approx(15 / 25)
    assert made.ai_calls.specificity.estimate == pytest.approx(20 / 25)
    assert made.against[1].joint["specificity"].difference.estimate == pytest.approx(5 / 25)
    # The arbiter stands first in the readers table, and is R1; the others read.
    assert [reader.label for reader in made.readers] == ["R2", "R3", "R4"]
    names = [row.cells[0] for row in exhibits.accuracy_table(made).table.rows]
    assert names[:3] == ["AI alone", "Readers: programme", "Readers: first read"]
    assert "An arbiter is no first or second reader" in exhibits.accuracy_table(made).table.foot
    beside = exhibits.paired_beside(made).table
    assert beside.title == "The AI and the first reads, paired by examination"
    assert exhibits.paired_beside(compare()) is None
    assert "sensitivity_difference_first_read" in exhibits.record(made)


def test_the_answer_on_original_reads_holds_specificity_both_calls_and_the_bound():
    made = original()
    answer = plain(whole(exhibits.head(made)))
    assert answer.startswith("Sensitivity was 75.0% for the programme and 75.0% for the AI")
    assert "Specificity was 100.0% for the programme and 80.0% for the AI" in answer
    assert "Against the first reads: +25.0 points" in answer
    assert "Examinations for other reasons (symptoms) are shown apart." in answer
    # The AI marks one healthy woman, weight 5, whom nobody recalled; of two it marks and the
    # programme recalled both have cancer: (3 + 5) of (4 + 5), and 3 of 9 for the programme.
    assert "one examination that the AI marked was not recalled" in answer
    assert "sensitivity would be 88.9% for the AI and 33.3% for the programme." in answer
    assert "it knows no sampling weights" in exhibits.paired_table(made).table.foot
    assert "McNemar mid-P" in exhibits.paired_table(made).table.foot  # cancers weigh alike


def test_each_indication_stands_apart_and_all_together_last():
    view = exhibits.by_indication(original()).table
    assert [row.cells[0] for row in view.rows] == [
        "Screening",
        "AI alone",
        "Programme",
        "First read",
        "Symptoms",
        "AI alone",
        "Programme",
        "First read",
        "All indications together",
        "AI alone",
        "Programme",
        "First read",
    ]
    assert [row.cells[1] for row in view.rows if len(row.cells) > 1][::3] == ["3/4", "1/1", "4/5"]
    assert exhibits.by_indication(compare()) is None


def test_how_to_read_fits_the_design():
    panel, reads = exhibits.reading(compare()), exhibits.reading(original())
    assert panel.startswith("Against the mean of the readers")
    assert "first read" not in panel
    assert reads.startswith("Each examination was read by some of the readers only.")
    assert "favours the programme" in reads
    assert "few levels" not in reads


def test_the_finding_counts_readers_above_and_below():
    assert "lies below that of all two readers" in exhibits.differences(compare()).finding
    level = compare(people=([1, 2, 3, 4, 1, 5], R1))  # R1 rates as the AI does
    finding = exhibits.differences(level).finding
    assert "lies level with that of one of two readers and below that of one reader" in finding


def test_weights_against_the_mean_of_readers_are_not_used_and_the_answer_says_so():
    readings, names, cases = study(TRUTH, [R0, R1], AI)
    made = against((readings, names, cases.assign(weight=[1.0, 2, 3, 1, 1, 1])))
    assert "Sampling weights are not used" in whole(exhibits.head(made))
    assert "Sampling weights" not in whole(exhibits.head(compare()))
    assert "DeLong" in made.auc_by_reader[0].method
    assert "weighted cases" in made.auc_by_reader[0].method


def test_a_cut_off_matched_on_the_same_examinations_is_said_to_be_so():
    words = "matched to the readers' joint call on these very examinations"
    tables = study(TRUTH, [[0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]], AI, kind="call")
    matched = against(tables, endpoint="sensitivity", joint_call="any", ai_cutoff=None)
    assert words in whole(exhibits.head(matched))
    assert exhibits.head(matched).clinic.startswith("At a cut-off matched on these examinations")
    assert words not in whole(exhibits.head(calls_only()))
    assert exhibits.head(calls_only()).clinic.startswith("The AI alone found ")
