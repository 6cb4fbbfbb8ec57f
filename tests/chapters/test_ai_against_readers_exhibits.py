"""What chapters 05 and 06 say: every sentence follows from its results."""

import math

import pytest
from toolkit.chapters.ai_against_readers.ai_against_readers import (
    Labels,
    Margins,
    ai_against_readers,
)

from tests.test_accuracy import AI, R0, R1, TRUTH, arrays, compare, study
from toolkit.chapters.ai_against_readers import show_ai_against_forest as forest
from toolkit.chapters.ai_against_readers import show_ai_against_readers as against
from toolkit.chapters.ai_against_readers import show_ai_against_tables as tabulated
from toolkit.chapters.standalone import show_standalone as standalone
from toolkit.scoring.accuracy import standalone_accuracy
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def alone(people=(R0,), ai=AI, **changes):
    readers, machine = arrays(study(TRUTH, list(people), ai))
    return standalone_accuracy(machine, readers.called_from(4), cutoffs=[4, 2], **changes)


def calls_only():
    tables = study(TRUTH, [[0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]], AI, kind="call")
    readers, machine = arrays(tables)
    return ai_against_readers(
        readers,
        machine,
        endpoint="sensitivity",
        rule="any",
        ai_cutoff=4,
        margins=Margins(sensitivity=0.05),
        labels=Labels(joint="any of two readers"),
    )


def test_standalone_answer_counts_what_was_found_and_cleared():
    text = plain(standalone.answer(alone()))
    # Of the three cancers 4 and 5 reach the cut-off of 4; no other case does.
    assert "From a score of 4 up it marked 2 of 3 examinations with cancer" in text
    assert "left 3 of 3 without cancer unmarked" in text
    assert text.startswith("The AI reached an AUC of 0.722")


def test_standalone_tables_have_a_row_a_cutoff():
    result = alone()
    view = standalone.cutoff_table(result)
    assert [row.cells[0] for row in view.rows] == ["4 or more", "2 or more"]
    assert view.rows[0].cells[1] == "2/3"
    assert view.rows[1].cells[4] == "1/3"
    assert "not chosen on these data" in view.foot
    values = standalone.value_table(result)
    assert "3 of 6 have cancer" in values.foot
    assert len(values.rows[0]) == len(values.columns)


def test_standalone_says_who_is_left_out_and_when_nobody_is():
    assert "Every examination of this part" in standalone.reach_sentence(alone())
    readings, readers, cases = study(TRUTH, [R0], AI)
    readings.loc[readings["reader_id"] == "AI", "status"] = ["failed", *["complete"] * 5]
    people, machine = arrays((readings, readers, cases))
    result = standalone_accuracy(machine, people, cutoffs=[4])
    assert "one examination on which the AI failed" in standalone.reach_sentence(result)
    assert ("Not in the analysis", "1: 1 failed") in standalone.facts(result)


def test_standalone_figure_and_its_words():
    result = alone()
    assert standalone.roc(result).axes
    # R0 recalls from 4 up: cases 4 and 5, no healthy one; the AI has the same point.
    assert standalone.roc_finding(result) == (
        "Of one reader, no readers lie above the AI's curve and one reader on or below it."
    )
    assert len(standalone.roc_alt(result)) <= 250
    assert list(standalone.roc_data(result)) == [
        "score_from",
        "one_minus_specificity",
        "sensitivity",
    ]
    assert "area under the AI's curve" in standalone.roc_finding(alone(people=()))


def test_standalone_names_clustered_women():
    readings, readers, cases = study(TRUTH, [R0], AI)
    people, machine = arrays((readings, readers, cases.assign(patient_id=["p", "p", *"abcd"])))
    result = standalone_accuracy(machine, people, cutoffs=[4])
    words = "The 6 examinations come from 5 women, who are what the intervals take as independent."
    for table in (standalone.cutoff_table, standalone.value_table):
        assert words in table(result).foot
        assert words not in table(alone()).foot
    foot = standalone.cutoff_table(result).foot
    assert "CI: Wilson score (Wilson score, effective number, where women repeat)." in foot
    assert "CI: Wilson score." in standalone.cutoff_table(alone()).foot
    assert standalone.value_table(result).foot.endswith("for shares, log method for ratios.")
    assert standalone.value_table(alone()).foot.endswith(
        "CI: Wilson score for shares, log method for ratios."
    )


def test_standalone_record_holds_every_number():
    names = set(standalone.record(alone()))
    assert {"auc", "roc", "sensitivity_from_4", "npv_from_2"} <= names


def test_against_readers_answer_names_both_and_the_margin():
    text = plain(against.answer(compare()))
    assert "AUC was 0.917 for the mean of the readers and 0.722 for the AI" in text
    assert "margin of −0.05" in text
    assert text.startswith(("Not shown.", "No."))


def test_against_readers_finding_compares_with_the_joint_call():
    study_ = compare(labels=Labels(joint="the panel of two readers"))
    finding = plain(against.roc_finding(study_))
    assert finding.endswith("the AI found as many cancers as the panel of two readers.")
    worse = compare(ai_cutoff=5.0)  # the AI then recalls case 5 only
    assert "one cancer fewer than" in against.roc_finding(worse)


def test_against_readers_table_shows_every_reader():
    view = tabulated.accuracy_table(compare())
    names = [row.cells[0] for row in view.rows]
    assert names == ["AI alone", "Readers: mean", "Readers: panel", "R1", "R2"]
    assert all(len(row.cells) == len(view.columns) for row in view.rows)


def test_against_readers_paired_view_adds_up():
    view = tabulated.paired_view(compare())
    cancer, healthy = view.tables
    assert (cancer.both, cancer.row_only, cancer.column_only, cancer.neither) == (1, 1, 1, 0)
    assert (cancer.n, healthy.n) == ("n = 3", "n = 3")
    assert healthy.neither == 3
    assert "discordant" in view.foot


def test_against_readers_paired_view_says_where_tests_and_interval_disagree():
    assert "disagree" not in tabulated.paired_view(compare()).foot
    # Four cancers by the AI alone, none by the readers alone: score P 0.0455, exact 0.125
    truth = [1] * 14 + [0] * 4
    readers, machine = arrays(study(truth, [[5] * 10 + [1] * 8], [5] * 14 + [1] * 4))
    study_ = ai_against_readers(
        readers.called_from(4),
        machine,
        endpoint="sensitivity",
        rule="any",
        ai_cutoff=4,
        margins=Margins(),
        labels=Labels(),
    )
    words = "the Tango score interval excludes no difference, the mid-P as well as the exact"
    foot = plain(tabulated.paired_view(study_).foot)
    assert foot.count(words) == 1
    assert words in study_.result.sensitivity.note
    assert "disagree" not in study_.result.specificity.note
    assert "sensitivity_mcnemar_exact" in against.record(study_)


def test_against_readers_names_clustered_women_and_gives_no_mcnemar():
    readings, names, cases = study(TRUTH, [R0, R1], AI)
    cases = cases.assign(patient_id=["p", "p", *"abcd"])  # two examinations without cancer
    readers, machine = arrays((readings, names, cases))
    study_ = ai_against_readers(
        readers.called_from(2),
        machine,
        endpoint="auc",
        rule="any",
        ai_cutoff=4,
        margins=Margins(),
        labels=Labels(),
    )
    foot = tabulated.accuracy_table(study_).foot
    assert "6 examinations come from 5 women, who are what all intervals take as" in foot
    assert "Wilson score (Wilson score, effective number, where women repeat)" in foot
    view = plain(tabulated.paired_view(study_).foot)
    assert view.count("no McNemar test: it takes examinations as independent") == 1
    assert view.count("McNemar mid-P") == 1
    kept = {name for name in against.record(study_) if "mcnemar" in name}
    assert kept == {"sensitivity_mcnemar_midp", "sensitivity_mcnemar_exact"}
    once = tabulated.accuracy_table(compare()).foot
    assert "women" not in once
    assert "Wilson score for sensitivity and specificity" in once


def test_against_readers_without_ratings_shows_the_calls():
    study_ = calls_only()
    assert "the readers made recall calls only" in forest.difference_caption(study_)
    assert forest.difference_figure(study_).axes
    assert [row.cells[1] for row in tabulated.accuracy_table(study_).rows[3:]] == ["—", "—"]
    assert math.isnan(study_.result.auc.estimate)
    assert list(forest.difference_data(study_)["quantity"]) == ["sensitivity", "specificity"] * 2


def test_against_readers_undefined_primary_has_no_bar():
    study_ = compare(people=([1, 2, None, 2, 4, 5], R1))
    assert against.bar(study_) is None
    assert against.answer(study_).startswith("Cannot be answered yet.")
    assert "not every reader rated every case" in against.answer(study_)


def test_against_readers_record_survives_being_written():
    for result in against.record(compare()).values():
        assert type(result).from_dict(result.to_dict()).to_dict() == result.to_dict()


@pytest.mark.parametrize("make", [compare, calls_only])
def test_alternative_texts_are_short(make):
    study_ = make()
    for text in (against.roc_alt(study_), forest.difference_alt(study_)):
        assert 0 < len(text) <= 250
