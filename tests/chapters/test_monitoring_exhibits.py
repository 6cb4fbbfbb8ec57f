"""What chapter 20 says: every sentence follows from its results, whatever the data lack."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.test_enrolment import look
from toolkit.chapters.monitoring import show_monitoring as monitoring
from toolkit.chapters.monitoring import show_monitoring_checks as monitoring_checks
from toolkit.chapters.monitoring.enrolment import (
    ai_failures,
    reader_funnel,
    study_look,
    watch_recalls,
)
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.monitoring.accrual import accrual_scenarios, planned_curve, project_accrual
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER

PLAN = planned_curve(13500, 24)
COUNTS = [180, 250, 290, 270, 310, 316, 580, 570, 575, 571]


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def labels(view):
    return [row.cells[0] for row in view.rows]


def test_accrual_answer_says_whether_the_extension_is_needed():
    projection = project_accrual(COUNTS, PLAN)
    interval = f"{projection.month_met_low:.0f}–{projection.month_met_high:.0f}"
    # The interval still holds month 24, so neither answer is shown.
    # 3,912 of the 4,500 planned by month 10; the other 9,588 take 16.7 months at 574 a month.
    assert plain(monitoring.answer(projection)) == (
        "Cannot be answered yet. 3,912 women were enrolled in 10 months, 588 fewer than planned. "
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
    text = plain(monitoring.answer(project_accrual(counts, PLAN)))
    assert text.startswith(start)
    assert words in text


def test_accrual_bar_is_the_interval_of_the_answer():
    projection = project_accrual(COUNTS, PLAN)
    bar = monitoring.bar(projection)
    interval = (projection.month_met, projection.month_met_low, projection.month_met_high)
    assert (bar.estimate, bar.low, bar.high) == interval
    assert [mark.value for mark in bar.marks] == [24, 36]
    assert monitoring.bar(project_accrual([0, 0, 0, 0], PLAN)) is None


def test_scenarios_are_shown_until_the_target_is_met():
    scenarios = accrual_scenarios(COUNTS, PLAN)
    view = monitoring.scenario_table(scenarios)
    assert labels(view) == [
        "Pace of months 7 to 10",
        "A tenth slower",
        "A tenth faster",
        "Planned rate from now on",
        "Needed for month 24",
    ]
    chance = scenarios["pace"].probability_by_planned_end
    assert view.rows[0].cells[-2:] == [f"{100 * chance:.0f}%", ">99%"]
    assert monitoring.scenario_table(accrual_scenarios([700] * 24, PLAN)) is None


def test_blinded_page_is_stamped_and_hides_its_numbers():
    assert monitoring.blinded("SIMULATED") == "BLINDED · SIMULATED"
    assert monitoring.blinded("") == "BLINDED"
    assert monitoring.BANNER.count("█") == 2


def test_look_says_where_it_ends():
    assert "One later examination is not looked at." in monitoring.data_end(look(3), look_month=3)
    assert "The data end before month 9, so the last month may" in monitoring.data_end(
        look(9), look_month=9
    )


def test_caption_names_the_diamond_only_where_it_is_drawn():
    late = monitoring.caption(look(2), project_accrual([250] * 10, PLAN), ramp_months=6)
    assert "beyond the axis" in late
    soon = monitoring.caption(look(2), project_accrual(COUNTS, PLAN), ramp_months=6)
    assert "Diamond, month in which the target is met" in soon


def test_accrual_figure_shows_the_look():
    seen = look(2)
    plan = planned_curve(20, 6, ramp_months=2)
    projection = project_accrual(seen.monthly_counts, plan)
    assert monitoring.figure(seen, projection, plan) is not None
    assert len(monitoring.data(seen, plan)) == 6


# ------------------------------------------------------------------------ chapter 20: quality

WATCH = {
    "target": 200,
    "rate_planned": 0.1,
    "rise": 1.5,
    "fall": 0.5,
    "false_alarm": 0.05,
    "n_simulations": 200,
    "seed": 1,
}


def test_recall_signal_is_named_with_its_month():
    seen = look(2)
    quiet = watch_recalls(seen, **WATCH)
    assert monitoring_checks.recall_finding(seen, quiet).startswith("No signal")
    assert "200 simulated studies of 200 women" in monitoring_checks.recall_caption(quiet)
    loud = dataclasses.replace(seen, recalled=np.ones(40), month=np.repeat([1, 2], 20))
    watch = watch_recalls(loud, **WATCH)
    month = loud.month[watch.chart.signal_up - 1]
    expected = f"Signal: the recall rate shows a rise in month {month}."
    assert monitoring_checks.recall_finding(loud, watch) == expected
    data = monitoring_checks.recall_data(loud, watch)
    assert data["recalled"].tolist() == [20, 20]
    assert data["women_read"].tolist() == [20, 20]


def test_nothing_read_and_no_ai_are_said_in_words():
    seen = dataclasses.replace(
        look(2),
        recalled=np.empty(0),
        month=np.empty(0, dtype=int),
        reader_recalls=np.empty(0, dtype=int),
        reader_readings=np.empty(0, dtype=int),
        labels=(),
        ai_status=np.empty(0, dtype=int),
        ai_month=np.empty(0, dtype=int),
    )
    watch, failures, funnel = watch_recalls(seen, **WATCH), ai_failures(seen), reader_funnel(seen)
    assert (watch, failures, funnel) == (None, None, None)
    assert "cannot be shown" in monitoring_checks.recall_finding(seen, watch)
    assert "the data hold no AI" in monitoring_checks.failure_finding(failures)
    assert "cannot be compared" in monitoring_checks.reader_finding(funnel)
    assert monitoring_checks.recall_figure(seen, watch) is None
    assert monitoring_checks.failure_figure(failures) is None
    assert monitoring_checks.reader_figure(seen, funnel) is None
    scenarios = accrual_scenarios(COUNTS, PLAN)
    record = monitoring.record(scenarios, watch, failures, funnel)
    assert set(record) == {f"accrual.{name}" for name in scenarios}


def test_failures_name_the_month_with_more_than_chance():
    status = np.zeros(400, dtype=int)
    status[:20] = 1
    month = np.repeat([2, 1, 3, 4], 100)
    failures = ai_failures(
        dataclasses.replace(look(2), n_months=4, ai_status=status, ai_month=month)
    )
    assert failures.count.tolist() == [0, 20, 0, 0]
    assert plain(monitoring_checks.failure_finding(failures)) == (
        "20 of 400 (5.0%) examinations have no AI score; 20 fell in month 2, more than chance "
        "explains."
    )
    none = ai_failures(
        dataclasses.replace(look(2), ai_status=status * 0, ai_month=month, n_months=4)
    )
    assert monitoring_checks.failure_finding(none).startswith("Every one of 400")
    assert monitoring_checks.failure_figure(none) is None


def test_readers_outside_the_limits_are_named():
    seen = dataclasses.replace(
        look(2),
        labels=("A2", "B3", "C4", "D5"),
        reader_recalls=np.array([50, 50, 52, 120]),
        reader_readings=np.array([1000, 1000, 1000, 1000]),
    )
    funnel = reader_funnel(seen)
    assert funnel.outside[3] == 2
    assert monitoring_checks.reader_finding(funnel).startswith(
        "Reader D5 lies outside the 99.8% limits"
    )
    even = reader_funnel(dataclasses.replace(seen, reader_recalls=np.array([50, 51, 52, 49])))
    assert monitoring_checks.reader_finding(even) == "Four readers lie inside the 95% limits."


def test_a_look_needs_dates_and_a_complete_month():
    cases = pd.DataFrame({"case_id": ["w0"], "patient_id": ["w0"]})
    with pytest.raises(ScoringError, match="no examination has a date"):
        study_look(cases, pd.DataFrame(), pd.DataFrame(), look_month=3, seed=1)
    with pytest.raises(ScoringError, match="look_month must be 1 or more"):
        study_look(cases, pd.DataFrame(), pd.DataFrame(), look_month=0, seed=1)
