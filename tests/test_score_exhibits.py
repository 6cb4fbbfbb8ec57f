"""What chapter 04 says and shows: every sentence follows from its results, in each branch."""

import numpy as np
import pandas as pd
import pytest

from tests.score_sample import ROWS, TEN, by_month, many, tables
from toolkit.chapters.scores import show_score_capture as score_capture
from toolkit.chapters.scores import show_score_classes as score_classes
from toolkit.chapters.scores import show_score_drift as score_drift
from toolkit.chapters.scores import show_score_tables as score_tables
from toolkit.chapters.scores import show_scores as scores
from toolkit.chapters.scores.score_distribution import score_distribution
from toolkit.chapters.scores.score_drift import score_drift as drift_by_month
from toolkit.chapters.scores.scores import scored_cases
from toolkit.draw.html import table_html
from toolkit.results import result_from_dict
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER

NAN = np.nan
LOW = [0.06, 0.07, 0.09, 0.10, 0.10, 0.11, 0.11, 0.12, 0.12, 0.12]
TOP = [10] * 7 + [9, 8, 3]  # classes of ten cancers


def plain(text):
    """Return text with ordinary spaces and no joiners."""
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def distribution(rows, **choices):
    """Return the distribution of some rows, each class stated to hold a tenth."""
    return score_distribution(scored_cases(*tables(rows)), **{"expected_share": 0.1, **choices})


def cells(view, label):
    """Return the cells of the row with a label, as plain text."""
    return [plain(cell) for row in view.rows for cell in row.cells if row.cells[0] == label]


# --- answer: each verdict ------------------------------------------------------------------------


def test_answer_no_names_where_the_classes_differ_most():
    result = distribution(many(LOW, n=2000, cancers=TOP))
    # 120 + 140 + 180 + 200 + 200 and one cancer of score 3 of 2,010: 841, where 1,005 is half.
    assert plain(scores.answer(result)) == (
        "No. Scores 1 to 5 hold 41.8% of the screening examinations, where 50% is expected; "
        "score 10 holds 12.3%. The order is right: 1.2 cancers per 1,000 at scores 1 to 5, "
        "28.3 per 1,000 at score 10, which holds 7 of 10."
    )
    assert scores.question(result) == (
        "Is the AI score spread over its 10 classes as the vendor describes?"
    )


def test_answer_no_does_not_repeat_the_highest_class():
    shares = [0.11] * 9 + [0.01]
    text = plain(scores.answer(distribution(many(shares, n=2000))))
    assert "Scores 1 to 9 hold 99.0% of the screening examinations, where 90% is expected." in text


def test_answer_yes_and_not_shown():
    text = scores.answer(distribution(many(TEN, n=20_000)))
    assert text.startswith(
        "Yes. Each class holds 10% of the screening examinations, to within 2 points."
    )
    text = scores.answer(distribution(many(TEN, n=200)))
    assert text.startswith(
        "Not shown. The classes hold 10.0% to 10.0% of the screening examinations; 200 of them "
        "are too few to place every class within 2 points of 10%."
    )


def test_answer_cannot_be_given_without_indication():
    text = scores.answer(distribution(many(TEN, indication=NAN)))
    assert text.startswith(
        "Cannot be answered yet. The vendor's 10% is about screening as it comes, and the data do "
        "not say which examinations were screening."
    )


def test_answer_says_whose_shares_they_are():
    rows = many(LOW, cancers=TOP, weight=6.0)
    weighted = scores.answer(distribution(rows, basis="weighted"))
    assert "of the screening examinations, by their sampling weights, where 50%" in weighted
    without = plain(scores.answer(distribution(rows, basis="without_cancer")))
    # Without cancers the gap is 8 points after 3, 4 and 5 classes; the fewest are named.
    assert "Scores 1 to 3 hold 22.0% of the screening examinations without cancer" in without
    assert "28.3 per 1,000 of this enriched set at score 10" in without


def test_answer_without_a_statement_is_about_order_alone():
    result = distribution(many(TEN, cancers=TOP), expected_share=None)
    assert scores.question(result) == "Do examinations with a higher AI score hold more cancers?"
    assert scores.answer(result).startswith("Yes. The order is right:")
    few = distribution(many(TEN, n=50, cancers=[2, 9]), expected_share=None)
    assert scores.answer(few).startswith("Not shown. That higher scores hold more cancers is not")
    assert "(AUC 0." in scores.answer(few)
    turned = distribution(many(TEN, n=500, cancers=[1] * 10), expected_share=None)
    assert scores.answer(turned).startswith(
        "No. The order is reversed: 38.5 cancers per\u00a01,000"
    )


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (many(TEN, n=50), "no screening examination with a score is known to hold a cancer"),
        (many(TEN, n=0, cancers=[9]), "no screening examination with a score is known to be with"),
    ],
)
def test_answer_says_why_there_is_no_order(rows, reason):
    text = scores.answer(distribution(rows, expected_share=None))
    assert text.startswith("Cannot be answered yet. The order of the classes cannot be judged: ")
    assert reason in text


def test_answer_counts_where_the_highest_class_is_small():
    text = scores.answer(distribution(many([1 / 9] * 9 + [0], n=9000, cancers=[10] * 12)))
    assert "no cancer at scores 1 to 5, 12 of 12 verified at score 10, which holds 12" in text


def test_facts_keep_indications_apart():
    facts = dict(scores.facts(distribution(ROWS)))
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
    assert score_classes.share_finding(distribution(rows)).startswith(finding)


def test_share_finding_lists_indications_apart():
    rows = many(TEN, cancers=TOP)
    rows += [(f"s{r[0]}", f"s{r[1]}", r[2], "symptomatic", *r[4:]) for r in rows]
    finding = score_classes.share_finding(distribution(rows))
    assert finding.endswith(
        "score 10 holds 7 of 10 cancers at screening and 7 of 10 with symptoms."
    )


def test_share_caption_names_test_population_and_intervals():
    caption = plain(score_classes.share_caption(distribution(many(LOW, n=2000))))
    # Chi-square by hand: 200 x sum of (observed / 200 - 1) squared, with 0.4, 0.3, 0.1, 0, ...
    assert caption.startswith(
        "**a** 2,000 screening examinations with a score (χ² against 10% each"
    )
    assert "80.0, 9 df, P < .001)" in caption
    assert "95% CI (Wilson score)" in caption


def test_share_figure_needs_a_score_and_draws_no_line_without_a_comparison():
    empty = distribution(many(TEN, indication="symptomatic"))
    assert score_classes.share_figure(empty) is None
    assert score_classes.share_finding(empty) == (
        "No class can be shown: no screening examination has a score."
    )
    drawn = score_classes.share_figure(distribution(many(TEN)))
    texts = [text.get_text() for text in drawn.texts]
    assert "dotted: expected, 10% in each class" in texts
    blocked = score_classes.share_figure(distribution(many(TEN, indication=NAN)))
    assert not [text for text in blocked.texts if "dotted" in text.get_text()]


def test_class_table_by_hand():
    view = score_tables.class_table(distribution(many(TEN, n=200, cancers=[10, 10])))
    assert cells(view, "10")[1:6] == ["22", "10.9", "7.3–15.9", "2/22", "90.9"]
    assert cells(view, "1")[4:6] == ["0/20", "0.0"]
    assert cells(view, "All")[1:6] == ["202", "100", "", "2/202", "9.9"]
    counts = [int(row.cells[1]) for row in view.rows[:-1]]
    assert sum(counts) == 202
    assert [row.cells[0] for row in view.rows[:2]] == ["10", "9"]
    assert "hold for all classes at once (Bonferroni), against 10% ± 2 points" in view.foot


def test_class_table_says_what_is_special():
    foot = score_tables.class_table(distribution(ROWS, expected_share=None)).foot
    assert "n: screening examinations with a score." in foot
    assert "Cancers: n/N of the verified; one examination with a score has no reference" in foot
    assert "The cases carry sampling weights; they were not used." in foot
    assert "Decimal scores are rounded to the nearest class." in foot
    assert "Examinations of one woman count as a cluster." in foot
    weighted = score_tables.class_table(distribution(many(TEN, weight=6.0), basis="weighted"))
    assert "% and rates are weighted by the sampling weights, counts are not." in weighted.foot
    without = score_tables.class_table(
        distribution(many(TEN, cancers=TOP, weight=6.0), basis="without_cancer")
    )
    assert "with a score and without cancer" in without.foot
    assert "of this enriched set; a programme's are lower" in without.foot


def test_class_table_gives_borders_of_classes_that_are_no_whole_numbers():
    scored = scored_cases(*tables(many(TEN)), class_edges=[1, 7, 9, 10])
    view = score_tables.class_table(score_distribution(scored))
    assert [row.cells[0] for row in view.rows] == ["3: 9–10", "2: 7–9", "1: 1–7", "All"]
    assert "A class holds scores above its lower border, up to and with its upper one." in view.foot
    assert score_classes.axis_label(scored) == "Class of the AI score of the examination"


def test_tables_of_groups_that_are_not_there():
    symptoms = distribution(many(TEN, indication="symptomatic"))
    assert score_tables.class_table(symptoms) is None
    assert score_tables.other_table(distribution(many(TEN))) is None
    view = score_tables.other_table(symptoms)
    assert [column.span for column in view.columns[1:]] == ["Symptoms"] * 5
    assert cells(view, "All")[1:4] == ["2,000", "100", "0/2,000"]
    assert "The vendor's 10% is not about them." in view.foot


# --- capture and status --------------------------------------------------------------------------


def test_capture_finding_counts_the_highest_classes():
    result = distribution(many(TEN, n=2000, cancers=TOP))
    # Scores 8 to 10: 600 without and 9 with cancer of 2,010.
    assert score_capture.capture_finding(result) == (
        "Scores 8 to 10 hold 9 of 10 cancers in 30.3% of the examinations."
    )
    data = score_capture.capture_data(result)
    assert data["classes_from"].tolist()[:3] == ["10", "9", "8"]
    assert data["cancers_found"].tolist()[:3] == pytest.approx([0.7, 0.8, 0.9])
    assert "of the cancers" in score_capture.capture_alt(result)


def test_capture_without_cancers_says_so():
    result = distribution(many(TEN, n=50))
    assert score_capture.capture(result) is None
    assert score_capture.capture_finding(result) == (
        "How soon cancers are found cannot be shown: no examination with a score is known to hold "
        "one."
    )


def test_capture_caption_counts_cancers_without_a_score():
    caption = score_capture.capture_caption(distribution(ROWS))
    assert "6 verified examinations with a score, all indications together" in caption
    assert caption.endswith(
        "Examinations without a score are not in the curve; they hold one cancer."
    )
    complete = score_capture.capture_caption(distribution(many(TEN, cancers=TOP)))
    assert "without a score" not in complete
    assert not complete.startswith("**a**")  # one indication: one panel


def test_capture_figure_has_a_row_an_indication():
    rows = many(TEN, cancers=TOP)
    rows += [(f"s{r[0]}", f"s{r[1]}", r[2], "symptomatic", *r[4:]) for r in rows]
    figure = score_capture.capture(distribution(rows))
    texts = {text.get_text() for text in figure.texts}
    assert {"Screening", "Symptoms", "All", "7/10", "14/20"} <= texts


def test_status_table_adds_up():
    scored = scored_cases(*tables())
    view = score_capture.status_table(scored)
    numbers = [[row.cells[column] for row in view.rows] for column in (1, 4, 5, 6, 7, 8, 9)]
    for column in numbers:
        assert sum(int(cell) for cell in column[:-1]) == int(column[-1])
    assert [int(cell) for cell in numbers[0]] == [7, 1, 1, 1, 1, 11]
    labels = [row.cells[0] for row in view.rows]
    assert labels == [*score_capture.STATUS_ROWS.values(), "Eligible examinations"]
    assert "No failed or missing score is taken as a low one." in view.foot


def test_status_sentence_in_each_branch():
    assert score_capture.status_sentence(scored_cases(*tables())) == (
        "Of the eligible examinations, 4 of 11 have no score; they hold 1 of the 3 cancers known."
    )
    assert score_capture.status_sentence(scored_cases(*tables(ROWS[:8]))) == (
        "Of the eligible examinations, 1 of 8 has no score; it holds 1 of the 3 cancers known."
    )
    complete = scored_cases(*tables(many(TEN, n=50)))
    assert score_capture.status_sentence(complete) == "Every eligible examination has a score."
    none_known = scored_cases(*tables([*ROWS[:3], ROWS[8]]))
    assert score_capture.status_sentence(none_known).endswith("no cancer is known.")


# --- drift ---------------------------------------------------------------------------------------


def drift_of(rows):
    """Return cases and their drift."""
    scored = scored_cases(*tables(rows))
    return scored, drift_by_month(scored)


def test_drift_finding_names_months_and_counts():
    assert score_drift.finding(*drift_of(by_month([(90, 10)] * 6))) == "No month is out of limits."
    unscored = [0, 1, 0, 0, 9, 0]
    finding = score_drift.finding(*drift_of(by_month([(90, 10)] * 6, unscored=unscored)))
    assert finding == "One month is out of limits: in month 5, 9 of 109 had no score."
    many_out = score_drift.finding(
        *drift_of(by_month([(90, 10)] * 5 + [(40, 60)], unscored=[9, 0, 0, 0, 0, 9]))
    )
    assert "in month 6, 60 of 100 had score 10" in many_out


def test_drift_caption_tells_whether_the_plans_limit_can_be_judged():
    small = score_drift.caption(*drift_of(by_month([(40, 40)] * 4)))
    assert "the plan's limit of 0.10 cannot be judged by month and is not drawn" in small
    assert "every eligible examination has a score" in small
    large = score_drift.caption(*drift_of(by_month([(900, 900)] * 4, unscored=[1, 1, 1, 1])))
    assert "the plan's limit is 0.10" in large
    assert "share without a score among all eligible (median 1,801)" in large


def test_drift_without_dates_says_so():
    undated = drift_of([(*row[:4], NAN, *row[5:]) for row in many(TEN, n=20)])
    assert score_drift.figure(*undated) is None
    assert score_drift.caption(*undated) == ""
    assert score_drift.finding(*undated) == (
        "Whether the score stays the same over time cannot be shown: no examination has a date."
    )
    one_month = drift_of(many(TEN, n=20))
    assert score_drift.finding(*one_month).endswith("all dated examinations are of one month.")


def test_drift_figure_leaves_out_strips_without_values():
    rows = by_month([(40, 10)] * 3, unscored=[1, 0, 2])
    whole = score_drift.figure(*drift_of(rows))
    symptoms = [(*row[:3], "symptomatic", *row[4:]) for row in rows]
    part = score_drift.figure(*drift_of(symptoms))
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
    result = distribution(POOR[name], basis=basis)
    scored, drift = result.scored, drift_by_month(result.scored, basis=basis)
    for text in (scores.answer(result), score_classes.share_finding(result)):
        assert "nan" not in text
    for alt in (
        score_classes.share_alt(result),
        score_capture.capture_alt(result),
        score_drift.alt(scored, drift),
    ):
        assert 0 < len(alt) <= 250
    views = [score_tables.class_table(result), score_tables.other_table(result)]
    for view in [*views, score_capture.status_table(scored)]:
        if view is not None:
            html = table_html(view, number="4.1")
            assert "nan" not in html
    score_classes.share_figure(result)
    score_capture.capture(result)
    score_drift.figure(scored, drift)
    for frame in (score_classes.share_data(result), score_drift.data(drift)):
        assert isinstance(frame, pd.DataFrame)


def test_record_holds_results_that_come_back():
    symptoms = [(f"s{r[0]}", f"s{r[1]}", r[2], "symptomatic", *r[4:]) for r in many(TEN, n=50)]
    result = distribution(many(TEN, cancers=TOP) + symptoms)
    drift = drift_by_month(result.scored)
    record = {
        **score_classes.class_results(result),
        **score_capture.capture_results(result),
        **score_drift.results(drift),
    }
    assert {"order", "shares_fit", "capture", "status.failed", "drift.without_score"} <= set(record)
    assert {"screening.share.10", "symptomatic.cancer_rate.10"} <= set(record)
    for one in record.values():
        assert result_from_dict(one.to_dict()).to_dict() == one.to_dict()


def test_record_holds_the_capture_curve_at_class_borders_only():
    result = distribution(ROWS)
    curve = score_capture.capture_results(result)["capture"]
    # Classes 10, 7, 2 and 1 hold verified cases: the others end where one of these does.
    assert curve.y.tolist() == [0, 1, 1, 1, 1]
    assert curve.x.tolist() == pytest.approx([0, 2 / 6, 3 / 6, 4 / 6, 1])


def test_nothing_shown_names_a_case_or_a_woman():
    result = distribution(ROWS)
    shown = [score_tables.class_table(result), score_capture.status_table(result.scored)]
    text = " ".join(table_html(view, number="4.1") for view in shown)
    text += score_classes.share_data(result).to_csv() + scores.answer(result)
    for row in ROWS:
        assert f">{row[0]}<" not in text
        assert f",{row[0]}," not in text
