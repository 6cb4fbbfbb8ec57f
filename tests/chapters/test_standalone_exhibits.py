"""What chapter 05 says: every sentence follows from its results."""

from tests.chapters.accuracy_sample import AI, R0, TRUTH, plain, study
from tests.chapters.accuracy_sample import alone as analysed
from toolkit.chapters.standalone import exhibits


def alone(people=(R0,), **changes):
    return analysed(study(TRUTH, list(people), AI), **changes)


def test_standalone_answer_counts_what_was_found_and_cleared():
    text = plain(exhibits.head(alone()).answer)
    # Of the three cancers 4 and 5 reach the cut-off of 4; no other case does.
    assert "From a score of 4 up it marked 2 of 3 examinations with cancer" in text
    assert "left 3 of 3 without cancer unmarked" in text
    assert text.startswith("The AI reached an AUC of 0.722")


def test_standalone_tables_have_a_row_a_cutoff():
    result = alone()
    view = exhibits.cutoff_table(result).table
    assert [row.cells[0] for row in view.rows] == ["4 or more", "2 or more"]
    assert view.rows[0].cells[1] == "2/3"
    assert view.rows[1].cells[4] == "1/3"
    assert "not chosen on these data" in view.foot
    values = exhibits.value_table(result).table
    assert "3 of 6 have cancer" in values.foot
    assert len(values.rows[0]) == len(values.columns)


def test_standalone_says_who_is_left_out_and_when_nobody_is():
    assert "Every examination of this part" in exhibits.left_out(alone())
    readings, readers, cases = study(TRUTH, [R0], AI)
    readings.loc[readings["reader_id"] == "AI", "status"] = ["failed", *["complete"] * 5]
    result = analysed((readings, readers, cases), cutoffs=[4])
    assert "one examination on which the AI failed" in exhibits.left_out(result)
    assert ("Not in the analysis", "1: 1 failed") in exhibits.head(result).facts


def test_standalone_figure_and_its_words():
    result = alone()
    assert exhibits.roc(result).figure.axes
    # R0 recalls from 4 up: cases 4 and 5, no healthy one; the AI has the same point.
    assert exhibits.roc(result).finding == (
        "Of one reader, no readers lie above the AI's curve and one reader on or below it."
    )
    assert len(exhibits.roc(result).alt) <= 250
    assert list(exhibits.roc(result).data) == [
        "score_from",
        "one_minus_specificity",
        "sensitivity",
    ]
    assert "area under the AI's curve" in exhibits.roc(alone(people=())).finding


def test_standalone_names_clustered_women():
    readings, readers, cases = study(TRUTH, [R0], AI)
    women = cases.assign(patient_id=["p", "p", *"abcd"])
    result = analysed((readings, readers, women), cutoffs=[4])
    words = "The 6 examinations come from 5 women, who are what the intervals take as independent."
    for table in (exhibits.cutoff_table, exhibits.value_table):
        assert words in table(result).table.foot
        assert words not in table(alone()).table.foot
    foot = exhibits.cutoff_table(result).table.foot
    assert "CI: Wilson score (Wilson score, effective number, where women repeat)." in foot
    assert "CI: Wilson score." in exhibits.cutoff_table(alone()).table.foot
    assert exhibits.value_table(result).table.foot.endswith("for shares, log method for ratios.")
    assert exhibits.value_table(alone()).table.foot.endswith(
        "CI: Wilson score for shares, log method for ratios."
    )


def test_standalone_record_holds_every_number():
    names = set(exhibits.record(alone()))
    assert {"auc", "roc", "sensitivity_from_4", "npv_from_2"} <= names
