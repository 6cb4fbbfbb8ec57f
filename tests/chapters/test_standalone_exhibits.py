"""What chapter 05 says: every sentence follows from its results."""

from tests.chapters.accuracy_sample import AI, R0, TRUTH, plain, study
from tests.chapters.accuracy_sample import alone as analysed
from tests.chapters.given import whole
from toolkit.chapters.standalone import exhibits


def alone(people=(R0,), **changes):
    return analysed(study(TRUTH, list(people), AI), **changes)


def test_standalone_answer_counts_what_was_found_and_cleared():
    text = plain(exhibits.head(alone()).answer)
    # Of the three cancers 4 and 5 reach the cut-off of 4; no other case does.
    assert "At score 4 or more its sensitivity was 66.7% (95% CI " in text
    assert "; 2 of 3) and its specificity 100.0% (95% CI " in text
    assert text.endswith("; 3 of 3).")
    assert text.startswith("The AI reached an AUC of 0.722")


def test_standalone_tables_have_a_row_a_cutoff():
    result = alone()
    view = exhibits.cutoff_table(result).table
    assert [row.cells[0] for row in view.rows] == ["≥ 4", "≥ 2"]
    assert view.rows[0].cells[1] == "2/3"
    assert view.rows[1].cells[4] == "1/3"
    assert "those given in the parameters file" in view.foot
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


def mixed():
    """Six screening examinations by weight and three others; nobody recalled the fourth."""
    tables = study([*TRUTH, 1, 0, 1], [[*R0, 5, 1, 5]], [*AI, 5, 1, 2])
    readings, readers, cases = tables
    cases = cases.assign(
        indication=["screening"] * 6 + ["symptomatic"] * 3,
        weight=[6.0, 6, 6, 1, 1, 1, 1, 6, 1],
        recalled=[0.0, 1, 0, 1, 1, 1, 1, 0, 1],
        truth_source=["follow_up_24_months"] * 3 + ["pathology_malignant"] * 6,
    )
    return readings, readers.assign(score_min=1.0, score_max=10.0), cases


def test_standalone_speaks_of_screening_by_weight_and_shows_each_indication_apart():
    result = analysed(mixed(), cutoffs=[2.5])
    assert (result.scores.n_cases, result.indication) == (6, "screening")
    answer = plain(exhibits.head(result).answer)
    # Of 18 healthy women by weight, the one of score 3 is marked: 6; cancers 4 and 5 of three.
    assert "On screening examinations, by their sampling weights, the AI reached" in answer
    assert "At score 3 to 10 (2.5 or more before rounding) its sensitivity was 66.7%" in answer
    assert "specificity 66.7%" in answer
    assert "Examinations for other reasons (symptoms) are shown apart." in answer
    assert result.at_cutoffs[2.5].ppv.estimate == 2 / 8
    cells = exhibits.value_table(result).table.rows[0][:3]
    assert [plain(cell) for cell in cells] == [
        "3–10 (≥ 2.5)",
        "2/3",
        "25.0",
    ]
    foot = plain(exhibits.value_table(result).table.foot)
    assert "where 142.9 per 1,000 have cancer, as by the weights" in foot  # 3 of 21
    view = exhibits.by_indication(result).table
    assert [row.cells[0] for row in view.rows] == [
        "Screening",
        "Symptoms",
        "All indications together",
    ]
    assert [row.cells[1] for row in view.rows] == ["2/3", "1/2", "3/5"]
    assert exhibits.by_indication(alone()) is None


def test_standalone_says_what_nobody_verified_with_its_bound():
    # The AI marks the healthy case of score 3, which the programme did not recall.
    answer = plain(whole(exhibits.head(analysed(mixed(), cutoffs=[2.5]))))
    assert (
        "As far as the data tell, truth depended on whom the programme recalled: one examination "
        "that the AI marked was not recalled, has no work-up on record and counts as without "
        "cancer."
    ) in answer
    # Marked and recalled: cases 4 and 6, both with cancer. 6 more cancers of 3: 8 of 9, 3 of 9.
    assert "as frequent there as among recalled examinations that the AI marked (100.0%)" in answer
    assert "sensitivity would be 88.9% for the AI and 33.3% for the programme." in answer
    assert "truth depended" not in whole(exhibits.head(alone()))


def test_standalone_pools_where_screening_has_too_few_and_says_so():
    readings, readers, cases = mixed()
    cases = cases.assign(indication=["screening"] * 4 + ["symptomatic"] * 5)
    result = analysed((readings, readers, cases), cutoffs=[2.5])
    assert (result.scores.n_cases, result.indication) == (9, "all")
    assert "Screening alone has too few examinations" in exhibits.head(result).answer
