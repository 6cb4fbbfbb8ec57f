"""What chapter 06 says: every sentence follows from its results."""

import math

import pytest

from tests.chapters.accuracy_sample import AI, R0, R1, TRUTH, against, compare, plain, study
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
