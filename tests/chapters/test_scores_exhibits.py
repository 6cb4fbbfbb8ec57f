"""What chapter 04 says and shows: every sentence follows from its results, in each branch."""

import numpy as np
import pandas as pd
import pytest

from tests.chapters.given import whole
from tests.chapters.score_sample import ROWS, TEN, by_month, many, study, study_of, tables
from toolkit.chapters.scores import exhibits
from toolkit.draw.html import table_html
from toolkit.results import result_from_dict
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER

NAN = np.nan
LOW = [0.06, 0.07, 0.09, 0.10, 0.10, 0.11, 0.11, 0.12, 0.12, 0.12]
TOP = [10] * 7 + [9, 8, 3]  # classes of ten cancers


def plain(text):
    """Return text with ordinary spaces and no joiners."""
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def stated(rows, **choices):
    """Return the study of some rows, each class stated to hold a tenth."""
    return study(rows, **{"expected_share": 0.1, **choices})


def cells(view, label):
    """Return the cells of the row with a label, as plain text."""
    return [plain(cell) for row in view.rows for cell in row.cells if row.cells[0] == label]


# --- answer: each verdict ------------------------------------------------------------------------


def test_answer_no_names_where_the_classes_differ_most():
    result = stated(many(LOW, n=2000, cancers=TOP))
    # 120 + 140 + 180 + 200 + 200 and one cancer of score 3 of 2,010: 841, where 1,005 is half.
    assert plain(exhibits.head(result).answer) == (
        "Scores 1 to 5 hold 41.8% of the screening examinations, where 50% is expected; "
        "score 10 holds 12.3%. The order is right: 1.2 cancers per 1,000 at scores 1 to 5, "
        "28.3 per 1,000 at score 10, which holds 7 of 10. As a recall, score 10 has a sensitivity "
        "of 70.0% (95% CI 39.7–89.2) and a specificity of 88.0% (95% CI 86.5–89.4)."
    )
    assert exhibits.head(result).question == (
        "Is the AI score spread over its 10 classes as the vendor describes?"
    )


def test_answer_no_does_not_repeat_the_highest_class():
    shares = [0.11] * 9 + [0.01]
    text = plain(exhibits.head(stated(many(shares, n=2000))).answer)
    assert "Scores 1 to 9 hold 99.0% of the screening examinations, where 90% is expected." in text


def test_answer_yes_and_not_shown():
    text = exhibits.head(stated(many(TEN, n=20_000))).answer
    assert text.startswith(
        "Each class holds 10% of the screening examinations, to within 2 points."
    )
    text = exhibits.head(stated(many(TEN, n=200))).answer
    assert text.startswith(
        "The classes hold 10.0% to 10.0% of the screening examinations; 200 of them "
        "are too few to place every class within 2 points of 10%."
    )


def test_answer_cannot_be_given_without_indication():
    text = exhibits.head(stated(many(TEN, indication=NAN))).answer
    assert text.startswith(
        "The vendor's 10% is about screening as it comes, and the data do "
        "not say which examinations were screening."
    )


def test_answer_says_whose_shares_they_are():
    rows = many(LOW, cancers=TOP, weight=6.0)
    weighted = exhibits.head(stated(rows, basis="weighted")).answer
    assert "of the screening examinations, by their sampling weights, where 50%" in weighted
    without = plain(exhibits.head(stated(rows, basis="without_cancer")).answer)
    # Without cancers the gap is 8 points after 3, 4 and 5 classes; the fewest are named.
    assert "Scores 1 to 3 hold 22.0% of the screening examinations without cancer" in without
    assert "28.3 per 1,000 of this enriched set at score 10" in without


def test_answer_without_a_statement_is_about_order_alone():
    result = stated(many(TEN, cancers=TOP), expected_share=None)
    assert (
        exhibits.head(result).question
        == "Do examinations with a higher AI score hold more cancers?"
    )
    assert exhibits.head(result).answer.startswith("The order is right:")
    few = stated(many(TEN, n=50, cancers=[2, 9]), expected_share=None)
    assert exhibits.head(few).answer.startswith("Whether higher scores hold more cancers stays")
    assert "(AUC 0." in exhibits.head(few).answer
    turned = stated(many(TEN, n=500, cancers=[1] * 10), expected_share=None)
    assert exhibits.head(turned).answer.startswith(
        "The order is reversed: 38.5 cancers per\u00a01,000"
    )


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (many(TEN, n=50), "no screening examination with a score is known to hold a cancer"),
        (many(TEN, n=0, cancers=[9]), "no screening examination with a score is known to be with"),
    ],
)
def test_answer_says_why_there_is_no_order(rows, reason):
    text = exhibits.head(stated(rows, expected_share=None)).answer
    assert text.startswith("The order of the classes cannot be judged: ")
    assert reason in text


def test_answer_counts_where_the_highest_class_is_small():
    text = exhibits.head(stated(many([1 / 9] * 9 + [0], n=9000, cancers=[10] * 12))).answer
    assert "no cancer at scores 1 to 5, 12 of 12 verified at score 10, which holds 12" in text


def test_facts_keep_indications_apart():
    facts = dict(exhibits.head(stated(ROWS)).facts)
    assert facts["With a score"] == "7 of 11"
    assert facts["Screening, verified"] == "4; 1 cancer"
    assert facts["Other indications (cancers)"] == (
        "Symptoms 2 (1), follow-up 0 (0), reason not stated 0 (0)"
    )
    assert facts["AI"] == "AI 2.1, score 1 to 10"


# --- classes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "finding"),
    [
        (many(LOW), "The low classes are smaller than stated; no cancer is known among them."),
        (many(LOW[::-1]), "The low classes are larger than stated; no cancer is known among them."),
        (many(TEN, n=20_000), "The classes are as large as stated; no cancer is known among them."),
        (
            many(TEN, n=200, cancers=[10, 9]),
            "The classes hold 9.9% to 10.4% each, which fits 10%; score 10 holds 1 of 2 cancers at "
            "screening.",
        ),
        (many(TEN, indication=NAN), "The classes hold 10.0% to 10.0% each; no cancer is known"),
    ],
)
def test_share_finding_in_each_branch(rows, finding):
    assert exhibits.shares(stated(rows)).finding.startswith(finding)


def test_share_finding_lists_indications_apart():
    rows = many(TEN, cancers=TOP)
    rows += [(f"s{r[0]}", f"s{r[1]}", r[2], "symptomatic", *r[4:]) for r in rows]
    finding = exhibits.shares(stated(rows)).finding
    assert finding.endswith(
        "score 10 holds 7 of 10 cancers at screening and 7 of 10 with symptoms."
    )


def test_share_caption_names_test_population_and_intervals():
    caption = plain(exhibits.shares(stated(many(LOW, n=2000))).caption)
    # Chi-square by hand: 200 x sum of (observed / 200 - 1) squared, with 0.4, 0.3, 0.1, 0, ...
    assert caption.startswith(
        "**a** 2,000 screening examinations with a score (χ² against 10% each"
    )
    assert "80.0, 9 df, P < .001)" in caption
    assert "95% CI (Wilson score)" in caption


def test_share_figure_needs_a_score_and_draws_no_line_without_a_comparison():
    empty = stated(many(TEN, indication="symptomatic"))
    assert exhibits.shares(empty).figure is None
    assert exhibits.shares(empty).finding == (
        "No class can be shown: no screening examination has a score."
    )
    drawn = exhibits.shares(stated(many(TEN))).figure
    texts = [text.get_text() for text in drawn.texts]
    assert "dotted: expected, 10% in each class" in texts
    blocked = exhibits.shares(stated(many(TEN, indication=NAN))).figure
    assert not [text for text in blocked.texts if "dotted" in text.get_text()]


def test_class_table_by_hand():
    view = exhibits.class_table(stated(many(TEN, n=200, cancers=[10, 10]))).table
    assert cells(view, "10")[1:6] == ["22", "10.9", "7.3–15.9", "2/22", "90.9"]
    assert cells(view, "1")[4:6] == ["0/20", "0.0"]
    assert cells(view, "All")[1:6] == ["202", "100", "", "2/202", "9.9"]
    counts = [int(row.cells[1]) for row in view.rows[:-1]]
    assert sum(counts) == 202
    assert [row.cells[0] for row in view.rows[:2]] == ["10", "9"]
    assert "hold for all classes at once (Bonferroni), against 10% ± 2 points" in view.foot


def test_class_table_says_what_is_special():
    foot = exhibits.class_table(stated(ROWS, expected_share=None)).table.foot
    assert "n: screening examinations with a score." in foot
    assert "Cancers: n/N of the verified; one examination with a score has no reference" in foot
    assert "The cases carry sampling weights; they were not used." in foot
    assert "Decimal scores are rounded to the nearest class." in foot
    assert "Examinations of one woman count as a cluster." in foot
    weighted = exhibits.class_table(stated(many(TEN, weight=6.0), basis="weighted")).table
    assert "% and rates are weighted by the sampling weights, counts are not." in weighted.foot
    without = exhibits.class_table(
        stated(many(TEN, cancers=TOP, weight=6.0), basis="without_cancer")
    ).table
    assert "with a score and without cancer" in without.foot
    assert "of this enriched set; a programme's are lower" in without.foot


def test_class_table_gives_borders_of_classes_that_are_no_whole_numbers():
    bordered = study(many(TEN), class_edges=[1, 7, 9, 10])
    view = exhibits.class_table(bordered).table
    assert [row.cells[0] for row in view.rows] == ["3: 9–10", "2: 7–9", "1: 1–7", "All"]
    assert "A class holds scores above its lower border, up to and with its upper one." in view.foot
    figure = exhibits.shares(bordered).figure
    labels = [text.get_text() for text in figure.texts] + [one.get_xlabel() for one in figure.axes]
    assert "Class of the AI score of the examination" in labels


def test_tables_of_groups_that_are_not_there():
    symptoms = stated(many(TEN, indication="symptomatic"))
    assert exhibits.class_table(symptoms) is None
    assert exhibits.other_table(stated(many(TEN))) is None
    view = exhibits.other_table(symptoms).table
    assert [column.span for column in view.columns[1:]] == ["Symptoms"] * 5
    assert cells(view, "All")[1:4] == ["2,000", "100", "0/2,000"]
    assert "The vendor's 10% is not about them." in view.foot


# --- capture and status --------------------------------------------------------------------------


def test_capture_finding_counts_the_highest_classes():
    result = stated(many(TEN, n=2000, cancers=TOP))
    # Scores 8 to 10: 600 without and 9 with cancer of 2,010.
    assert exhibits.capture(result).finding == (
        "Scores 8 to 10 hold 9 of 10 cancers in 30.3% of the examinations."
    )
    data = exhibits.capture(result).data
    assert data["classes_from"].tolist()[:3] == ["10", "9", "8"]
    assert data["cancers_found"].tolist()[:3] == pytest.approx([0.7, 0.8, 0.9])
    assert "of the cancers" in exhibits.capture(result).alt


def test_capture_without_cancers_says_so():
    result = stated(many(TEN, n=50))
    assert exhibits.capture(result).figure is None
    assert exhibits.capture(result).finding == (
        "How soon cancers are found cannot be shown: no examination with a score is known to hold "
        "one."
    )


def test_capture_caption_counts_cancers_without_a_score():
    caption = exhibits.capture(stated(ROWS)).caption
    assert "6 verified examinations with a score, all indications together" in caption
    assert caption.endswith(
        "Examinations without a score are not in the curve; they hold one cancer."
    )
    complete = exhibits.capture(stated(many(TEN, cancers=TOP))).caption
    assert "without a score" not in complete
    assert not complete.startswith("**a**")  # one indication: one panel


def test_capture_figure_has_a_row_an_indication():
    rows = many(TEN, cancers=TOP)
    rows += [(f"s{r[0]}", f"s{r[1]}", r[2], "symptomatic", *r[4:]) for r in rows]
    figure = exhibits.capture(stated(rows)).figure
    texts = {text.get_text() for text in figure.texts}
    assert {"Screening", "Symptoms", "All", "7/10", "14/20"} <= texts


def test_status_table_adds_up():
    scored = study()
    view = exhibits.status_table(scored).table
    numbers = [[row.cells[column] for row in view.rows] for column in (1, 4, 5, 6, 7, 8, 9)]
    for column in numbers:
        assert sum(int(cell) for cell in column[:-1]) == int(column[-1])
    assert [int(cell) for cell in numbers[0]] == [7, 1, 1, 1, 1, 11]
    labels = [row.cells[0] for row in view.rows]
    assert labels == [*exhibits.STATUS_ROWS.values(), "Eligible examinations"]
    assert "No failed or missing score is taken as a low one." in view.foot


def test_status_sentence_in_each_branch():
    assert exhibits.status_sentence(study()) == (
        "Of the eligible examinations, 4 of 11 have no score; they hold 1 of the 3 cancers known."
    )
    assert exhibits.status_sentence(study(ROWS[:8])) == (
        "Of the eligible examinations, 1 of 8 has no score; it holds 1 of the 3 cancers known."
    )
    complete = study(many(TEN, n=50))
    assert exhibits.status_sentence(complete) == "Every eligible examination has a score."
    none_known = study([*ROWS[:3], ROWS[8]])
    assert exhibits.status_sentence(none_known).endswith("no cancer is known.")


# --- drift ---------------------------------------------------------------------------------------


def test_drift_finding_names_months_and_counts():
    assert exhibits.drift(study(by_month([(90, 10)] * 6))).finding == "No month is out of limits."
    unscored = [0, 1, 0, 0, 9, 0]
    finding = exhibits.drift(study(by_month([(90, 10)] * 6, unscored=unscored))).finding
    assert finding == "One month is out of limits: in month 5, 9 of 109 had no score."
    many_out = exhibits.drift(
        study(by_month([(90, 10)] * 5 + [(40, 60)], unscored=[9, 0, 0, 0, 0, 9]))
    ).finding
    assert "in month 6, 60 of 100 had score 10" in many_out


def test_drift_caption_tells_whether_the_plans_limit_can_be_judged():
    small = exhibits.drift(study(by_month([(40, 40)] * 4))).caption
    assert "the limit given, 0.10, cannot be judged by month and is not drawn" in small
    assert "every eligible examination has a score" in small
    large = exhibits.drift(study(by_month([(900, 900)] * 4, unscored=[1, 1, 1, 1]))).caption
    assert "the limit given is 0.10" in large
    assert "share without a score among all eligible (median 1,801)" in large


def test_drift_without_dates_says_so():
    undated = study([(*row[:4], NAN, *row[5:]) for row in many(TEN, n=20)])
    assert exhibits.drift(undated).figure is None
    assert exhibits.drift(undated).finding == (
        "Whether the score stays the same over time cannot be shown: no examination has a date."
    )
    one_month = study(many(TEN, n=20))
    assert exhibits.drift(one_month).finding.endswith("all dated examinations are of one month.")


def test_drift_figure_leaves_out_strips_without_values():
    rows = by_month([(40, 10)] * 3, unscored=[1, 0, 2])
    whole = exhibits.drift(study(rows)).figure
    symptoms = [(*row[:3], "symptomatic", *row[4:]) for row in rows]
    part = exhibits.drift(study(symptoms)).figure
    assert (len(whole.axes), len(part.axes)) == (3, 1)


# --- whole chapter -------------------------------------------------------------------------------

POOR = {
    "by hand": ROWS,
    "one case": ROWS[:1],
    "cancers only": many(TEN, n=0, cancers=TOP),
    "symptoms only": many(TEN, n=60, cancers=[10], indication="symptomatic"),
    "no indication": many(TEN, n=60, cancers=[10], indication=NAN),
    "no truth": [(*row[:2], NAN, *row[3:]) for row in many(TEN, n=60)],
    "no dates": [(*row[:4], NAN, *row[5:]) for row in many(TEN, n=60)],
}


@pytest.mark.parametrize("basis", ["all", "weighted", "without_cancer"])
@pytest.mark.parametrize("name", POOR)
def test_everything_can_be_shown_of_poor_data(name, basis):
    result = stated(POOR[name], basis=basis)
    assert "nan" not in exhibits.head(result).answer
    for one in (exhibits.shares(result), exhibits.capture(result), exhibits.drift(result)):
        assert "nan" not in one.finding
        if one.figure is not None:
            assert 0 < len(one.alt) <= 250
            assert isinstance(one.data, pd.DataFrame)
    tables = (exhibits.class_table, exhibits.other_table, exhibits.status_table)
    for one in filter(None, (table(result) for table in tables)):
        assert "nan" not in table_html(one.table, number="4.1")
    assert "nan" not in repr(result)


def test_record_holds_results_that_come_back():
    symptoms = [(f"s{r[0]}", f"s{r[1]}", r[2], "symptomatic", *r[4:]) for r in many(TEN, n=50)]
    record = exhibits.record(stated(many(TEN, cancers=TOP) + symptoms))
    assert {"order", "shares_fit", "capture", "status.failed", "drift.without_score"} <= set(record)
    assert {"screening.share.10", "symptomatic.cancer_rate.10"} <= set(record)
    for one in record.values():
        assert result_from_dict(one.to_dict()).to_dict() == one.to_dict()


def test_record_holds_the_capture_curve_at_class_borders_only():
    curve = exhibits.record(stated(ROWS))["capture"]
    # Classes 10, 7, 2 and 1 hold verified cases: the others end where one of these does.
    assert curve.y.tolist() == [0, 1, 1, 1, 1]
    assert curve.x.tolist() == pytest.approx([0, 2 / 6, 3 / 6, 4 / 6, 1])


def test_nothing_shown_names_a_case_or_a_woman():
    result = stated(ROWS)
    shown = [exhibits.class_table(result).table, exhibits.status_table(result).table]
    text = " ".join(table_html(view, number="4.1") for view in shown)
    text += exhibits.shares(result).data.to_csv() + exhibits.head(result).answer
    for row in ROWS:
        assert f">{row[0]}<" not in text
        assert f",{row[0]}," not in text


def test_answer_says_what_the_highest_class_holds_that_nobody_verified():
    readings, readers, cases = tables(many(TEN, n=100, cancers=TOP))
    plain_answer = plain(whole(exhibits.head(study_of(readings, readers, cases))))
    assert "truth depended" not in plain_answer
    # At score 10 seven cancers, all recalled, and five of ten healthy women: 7 of 12.
    seen = (cases["truth"] == 1) | (np.arange(len(cases)) % 2 == 0)
    source = cases["truth"].map({1.0: "pathology_malignant", 0.0: "follow_up_24_months"})
    made = study_of(
        readings, readers, cases.assign(recalled=seen.astype(float), truth_source=source)
    )
    answer = plain(whole(exhibits.head(made)))
    assert "five examinations at score 10 were not recalled, have no work-up on" in answer
    assert "recalled examinations at score 10 (58.3%)" in answer
    assert exhibits.head(made).limits


def test_decimal_scores_are_named_with_the_cut_off_they_stand_for():
    result = study(ROWS)  # scores such as 9.8
    assert "score 10 (9.5 or more before rounding)" in plain(exhibits.head(result).answer)
