"""What chapter 20 says: every sentence follows from its results, whatever the data lack."""

import dataclasses

import numpy as np
import pytest

from tests.chapters.test_monitoring_analysis import RECALLS, look, monitored
from toolkit.chapters.monitoring import exhibits
from toolkit.chapters.monitoring.analysis import ai_failures, reader_funnel, watch_recalls
from toolkit.stats.monitoring.accrual import accrual_scenarios, planned_curve
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER

PLAN = planned_curve(13500, 24)
COUNTS = [180, 250, 290, 270, 310, 316, 580, 570, 575, 571]


def enrolled(counts, plan=PLAN):
    """The study with women enrolled by month."""
    months = dataclasses.replace(
        look(2), n_months=len(counts), monthly_counts=np.asarray(counts, dtype=int)
    )
    scenarios = accrual_scenarios(counts, plan)
    return dataclasses.replace(monitored(), look=months, plan=plan, scenarios=scenarios)


def seen(one):
    """The study with another look."""
    return dataclasses.replace(
        monitored(),
        look=one,
        recalls=watch_recalls(one, RECALLS, target=200, seed=1),
        failures=ai_failures(one),
        funnel=reader_funnel(one),
    )


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def labels(view):
    return [row.cells[0] for row in view.rows]


def test_accrual_answer_says_whether_the_extension_is_needed():
    study = enrolled(COUNTS)
    projection = study.projection
    interval = f"{projection.month_met_low:.0f}–{projection.month_met_high:.0f}"
    # The interval still holds month 24, so neither answer is shown.
    # 3,912 of the 4,500 planned by month 10; the other 9,588 take 16.7 months at 574 a month.
    assert plain(exhibits.head(study).answer) == (
        "Cannot be answered yet. 3,912 women were enrolled in 10 months, 588 fewer than needed by "
        "then. "
        "At the pace of the last four months the target is met in month 27 (95% prediction "
        f"interval {interval}), "
        "within the extension."
    )


@pytest.mark.parametrize(
    ("counts", "start", "words"),
    [
        ([700] * 10, "No. ", "by the planned end."),
        ([600] * 10, "Cannot be answered yet. ", "21–25"),
        ([600] * 24, "No. ", "was met in month 23, by the planned end"),
        ([500] * 30, "Yes. ", "was met in month 27, after the planned end"),
        ([250] * 10, "Yes. ", "after the extension as well."),
        ([200, 0, 0, 0, 0], "Cannot be answered yet. ", "nobody was enrolled"),
    ],
)
def test_accrual_answer_has_every_branch(counts, start, words):
    text = plain(exhibits.head(enrolled(counts)).answer)
    assert text.startswith(start)
    assert words in text


def test_accrual_bar_is_the_interval_of_the_answer():
    study = enrolled(COUNTS)
    projection, bar = study.projection, exhibits.head(study).bar
    interval = (projection.month_met, projection.month_met_low, projection.month_met_high)
    assert (bar.estimate, bar.low, bar.high) == interval
    assert [mark.value for mark in bar.marks] == [24, 36]
    assert exhibits.head(enrolled([0, 0, 0, 0])).bar is None


def test_scenarios_are_shown_until_the_target_is_met():
    study = enrolled(COUNTS)
    view = exhibits.scenario_table(study).table
    assert labels(view) == [
        "Pace of months 7 to 10",
        "A tenth slower",
        "A tenth faster",
        "Planned rate from now on",
        "Needed for month 24",
    ]
    chance = study.projection.probability_by_planned_end
    assert view.rows[0].cells[-2:] == [f"{100 * chance:.0f}%", ">99%"]
    assert exhibits.scenario_table(enrolled([700] * 24)) is None


def test_blinded_page_hides_its_numbers():
    assert exhibits.blinding(True).count("█") == 2
    assert exhibits.blinding(False) == ""


def test_look_says_where_it_ends():
    assert "One later examination is not looked at." in exhibits.data_end(monitored(3))
    assert "The data end before month 9, so the last month may" in exhibits.data_end(monitored(9))


def test_caption_names_the_diamond_only_where_it_is_drawn():
    late = exhibits.enrolment(enrolled([250] * 10)).caption
    assert "beyond the axis" in late
    soon = exhibits.enrolment(enrolled(COUNTS)).caption
    assert "Diamond, month in which the target is met" in soon


def test_accrual_figure_shows_the_look():
    plan = planned_curve(20, 6, ramp_months=2)
    exhibit = exhibits.enrolment(enrolled(look(2).monthly_counts, plan))
    assert exhibit.figure is not None
    assert exhibit.data["month"].tolist() == [1, 2, 3, 4, 5, 6]


# ------------------------------------------------------------------------ chapter 20: quality


def test_recall_signal_is_named_with_its_month():
    quiet = exhibits.recalls(seen(look(2)))
    assert quiet.finding.startswith("No signal")
    assert "200 simulated studies of 200 women" in quiet.caption
    loud = dataclasses.replace(look(2), recalled=np.ones(40), month=np.repeat([1, 2], 20))
    study = seen(loud)
    month = loud.month[study.recalls.chart.signal_up - 1]
    exhibit = exhibits.recalls(study)
    assert exhibit.finding == f"Signal: the recall rate shows a rise in month {month}."
    assert exhibit.data["recalled"].tolist() == [20, 20]
    assert exhibit.data["women_read"].tolist() == [20, 20]


def test_nothing_read_and_no_ai_are_said_in_words():
    study = seen(
        dataclasses.replace(
            look(2),
            recalled=np.empty(0),
            month=np.empty(0, dtype=int),
            reader_recalls=np.empty(0, dtype=int),
            reader_readings=np.empty(0, dtype=int),
            labels=(),
            ai_status=np.empty(0, dtype=int),
            ai_month=np.empty(0, dtype=int),
        )
    )
    assert (study.recalls, study.failures, study.funnel) == (None, None, None)
    shown = [exhibits.recalls(study), exhibits.failures(study), exhibits.readers(study)]
    assert [one.figure for one in shown] == [None, None, None]
    assert "cannot be shown" in shown[0].finding
    assert "the data hold no AI" in shown[1].finding
    assert "cannot be compared" in shown[2].finding
    assert set(exhibits.record(study)) == {f"accrual.{name}" for name in study.scenarios}


def test_failures_name_the_month_with_more_than_chance():
    status = np.zeros(400, dtype=int)
    status[:20] = 1
    month = np.repeat([2, 1, 3, 4], 100)
    four = dataclasses.replace(look(2), n_months=4, ai_status=status, ai_month=month)
    study = seen(four)
    assert study.failures.count.tolist() == [0, 20, 0, 0]
    assert plain(exhibits.failures(study).finding) == (
        "20 of 400 (5.0%) examinations have no AI score; 20 fell in month 2, more than chance "
        "explains."
    )
    none = exhibits.failures(seen(dataclasses.replace(four, ai_status=status * 0)))
    assert none.finding.startswith("Every one of 400")
    assert none.figure is None


def test_readers_outside_the_limits_are_named():
    four = dataclasses.replace(
        look(2),
        labels=("A2", "B3", "C4", "D5"),
        reader_recalls=np.array([50, 50, 52, 120]),
        reader_readings=np.array([1000, 1000, 1000, 1000]),
    )
    study = seen(four)
    assert study.funnel.outside[3] == 2
    finding = exhibits.readers(study).finding
    assert finding.startswith("Reader D5 lies outside the 99.8% limits")
    even = seen(dataclasses.replace(four, reader_recalls=np.array([50, 51, 52, 49])))
    assert exhibits.readers(even).finding == "Four readers lie inside the 95% limits."
