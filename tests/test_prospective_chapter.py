"""What chapters 20 and 21 say: every sentence follows from its results, whatever the data lack."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from tests.test_enrolment import look
from tests.test_screening import WOMEN, compared, study
from toolkit.chapters.monitoring import show_monitoring as monitoring
from toolkit.chapters.monitoring import show_monitoring_checks as monitoring_checks
from toolkit.chapters.monitoring.enrolment import (
    ai_failures,
    reader_funnel,
    study_look,
    watch_recalls,
)
from toolkit.chapters.prospective import show_prospective as prospective
from toolkit.chapters.prospective import show_prospective_cancers as prospective_cancers
from toolkit.chapters.prospective import show_prospective_endpoints as prospective_endpoints
from toolkit.chapters.prospective import show_prospective_ratios as prospective_ratios
from toolkit.chapters.prospective.screening_endpoints import (
    CancerKind,
    Plan,
    cancer_kinds,
    compare_screening,
)
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.screening import paired_screening
from toolkit.stats.monitoring.accrual import accrual_scenarios, planned_curve, project_accrual
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER

PLAN = planned_curve(13500, 24)
COUNTS = [180, 250, 290, 270, 310, 316, 580, 570, 575, 571]


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def pairs(women=WOMEN, *, lesions=None, readings=None, **columns):
    made, readers, cases = study(women)
    made = made if readings is None else readings(made)
    return paired_screening(
        made,
        readers,
        cases.assign(**columns),
        lesions,
        modality_a="unaided",
        modality_b="aided",
    )


def labels(view):
    return [row.cells[0] for row in view.rows]


# ------------------------------------------------------------------------- chapter 21: counts


def test_arbiter_decides_where_there_is_one():
    women = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    arbiter = pd.DataFrame(
        {
            "reader_id": ["r2", "r2"],
            "case_id": ["w0", "w1"],
            "modality": "unaided",
            "call": [1.0, 0.0],
            "session": "1",
            "status": "complete",
            "position": 3.0,
        }
    )
    with_arbiter = pairs(women, readings=lambda made: pd.concat([made, arbiter]))
    np.testing.assert_array_equal(with_arbiter.call[:, 0], [1, 0, 0])
    np.testing.assert_array_equal(with_arbiter.n_readings.sum(axis=0), [5, 3])
    assert with_arbiter.n_arbitrated == (2, 0)
    result = compare_screening(with_arbiter, Plan())
    assert result.readings.estimate == pytest.approx(1 - 5 / 3)
    foot = plain(prospective_endpoints.table(result).foot)
    assert "an arbiter's included (2 without AI, 0 with AI)" in foot


def test_foot_says_what_women_who_come_twice_do_to_intervals():
    women = [f"p{i // 2}" for i in range(len(WOMEN))]
    result = compare_screening(pairs(patient_id=women), Plan())
    foot = plain(prospective_endpoints.table(result).foot)
    assert (
        f"The examinations are of {result.women.n_patients} women. Those of one woman are taken as "
        "independent: intervals are too narrow, and P values too small, where women come twice."
    ) in foot
    assert "taken as independent" not in prospective_endpoints.table(compared()).foot


def test_any_of_two_readings_recalls_without_an_arbiter():
    second = pd.DataFrame(
        {
            "reader_id": ["r2"],
            "case_id": ["w0"],
            "modality": "unaided",
            "call": [1.0],
            "session": "1",
            "status": "complete",
        }
    )
    double = pairs([(1, 0, 0), (0, 0, 0)], readings=lambda made: pd.concat([made, second]))
    np.testing.assert_array_equal(double.call[:, 0], [1, 0])
    assert double.n_same_reader == 1  # r2 read w0 both ways


def test_kinds_and_subgroups_add_up():
    women = [(1, 1, 1), (1, 1, 0), (1, 0, 1), (1, 0, 1), (0, 1, 0), (0, 0, 0)]
    lesions = pd.DataFrame(
        {"case_id": ["w0", "w0", "w1", "w2"], "size_mm": [8.0, 14.0, 10.0, 25.0]}
    )
    found = pairs(
        women,
        lesions=lesions,
        cancer_type=["invasive", "invasive", "invasive", "in_situ", np.nan, np.nan],
        density=["A", "C", "D", "B", "C", "B"],
        indication=["screening", "symptomatic", "screening", "screening", "screening", "screening"],
    )
    kinds = {kind.label: (kind.both, kind.only_b, kind.only_a) for kind in cancer_kinds(found)}
    # w0 has lesions of 8 and 14 mm: the largest counts
    assert kinds == {
        "DCIS": (0, 1, 0),
        "Invasive, 10 mm or less": (0, 0, 1),
        "Invasive, 11–20 mm": (1, 0, 0),
        "Invasive, over 20 mm": (0, 1, 0),
    }
    result = compare_screening(found, Plan())
    groups = {group.label: (group.n, group.counts) for group in result.subgroups}
    assert (groups["Dense breasts, C or D"][0], groups["Breasts A or B"][0]) == (3, 3)
    whole = result.detection.counts
    for name in ("both", "only_b", "only_a"):
        parts = sum(
            getattr(groups[g][1], name) for g in ("Dense breasts, C or D", "Breasts A or B")
        )
        assert parts == getattr(whole, name) == sum(getattr(k, name) for k in cancer_kinds(found))
    assert {"Screening", "Symptomatic"} <= groups.keys()
    assert groups["Invasive cancers"][0] == 3
    assert groups["Invasive cancers"][1].neither is None


def test_times_are_geometric_means_of_readers_timed_both_ways():
    women = [(0, 0, 0)] * 4

    def timed(made):
        # r1 reads w0 and w1 without AI and w2 and w3 with it, r2 the other way round
        first = made["case_id"].isin(["w0", "w1"])
        unaided = made["modality"] == "unaided"
        reader = np.where(first == unaided, "r1", "r2")
        time = np.where(unaided, np.where(first, 40.0, 60.0), np.where(first, 30.0, 20.0))
        return made.assign(reader_id=reader, reading_time_s=time)

    result = compare_screening(pairs(women, readings=timed), Plan())
    # r1: 40 s without, 20 s with; r2: 60 s without, 30 s with
    assert result.time.estimate == pytest.approx(0.5)
    assert result.time.estimate_a == pytest.approx(math.sqrt(40 * 60))
    assert math.isnan(result.time.ci_low)  # both readers halve their time: no variation
    assert (
        "two readers timed both ways (4 and 4 readings)" in prospective_endpoints.table(result).foot
    )


# -------------------------------------------------------------------------- chapter 21: words


def test_answer_names_counts_difference_ratio_and_margin():
    text = plain(prospective.answer(compared()))
    assert text.startswith("Not shown. With AI 5 cancers were found in 48 women, without AI 4: ")
    assert "a paired difference of +20.8 (95% CI " in text
    assert "The ratio is 1.25 (95% CI " in text
    assert "crosses the margin of 0.85" in text


def test_answer_without_cancers_gives_no_ratio():
    none = [(0, 1, 1)] * 5 + [(None, 0, 0)] * 20
    result = compared(none)
    assert "With AI 0 cancers were found in 25 women" in plain(prospective.answer(result))
    assert prospective.bar(result) is None
    assert prospective.facts(result)[3][1].startswith("Not defined: no ratio")
    only_b = compared([(1, 0, 1)] * 3 + [(None, 0, 0)] * 20)
    assert "while no cancer is found without AI" in prospective.answer(only_b)
    assert prospective_ratios.figure(result) is not None
    assert prospective_cancers.figure(cancer_kinds(result.women)) is None
    assert prospective_cancers.finding(cancer_kinds(result.women)).startswith(
        "No cancer was found,"
    )


def test_superiority_and_no_margin_change_the_words():
    many = [(1, 1, 1)] * 60 + [(1, 0, 1)] * 30 + [(1, 1, 0)] * 2 + [(None, 0, 0)] * 900
    result = compared(many)
    assert prospective.facts(result)[3][1] == "Non-inferiority and superiority shown"
    free = compared(many, detection_ratio_margin=None, recall_difference_margin=None)
    assert prospective.question(free).startswith("Does reading with AI find more cancers")
    assert [row.cells[-1] for row in prospective_endpoints.table(free).rows[1:4:2]] == ["", ""]
    assert "margin" not in prospective_ratios.caption(free)
    alike = [(1, 1, 1)] * 100 + [(1, 0, 1)] * 3 + [(1, 1, 0)] * 3 + [(None, 0, 0)] * 900
    assert prospective.facts(compared(alike))[3][1] == "Non-inferiority shown"


def test_pending_work_up_is_named_and_in_no_table():
    result = compared()
    foot = plain(prospective_endpoints.table(result).foot)
    assert "One recalled woman is still being worked up (1 recalled without AI, 1 with AI)" in foot
    assert "(N = 48)" in foot
    assert "left out, 2 read one way only" in foot
    view = prospective.paired_view(result)
    assert "One woman with a pending work-up is in neither table." in view.foot
    n_pairs = result.no_cancer.n_pairs + 6  # 6 cancers found
    assert n_pairs + result.n_pending == result.women.n_women


def test_follow_up_decides_what_may_be_said_of_missed_cancers():
    immature = compared()
    assert "No follow-up of 24 months is on record for any of 30 women" in prospective.immature(
        immature
    )
    assert prospective.paired_view(immature).tables[0].neither is None
    women = [(1, 1, 1), (0, 1, 0), (1, 0, 0), (0, 0, 0), (0, 0, 0)]
    mature = compare_screening(pairs(women, follow_up_months=24.0), Plan())
    assert mature.mature
    assert prospective.immature(mature) == ""
    assert (mature.cancer.neither, mature.no_cancer.neither) == (1, 2)
    assert [table.title for table in prospective.paired_view(mature).tables] == [
        "Cancer",
        "No cancer",
    ]
    short = compare_screening(pairs(women, follow_up_months=[24, 24, 3, 24, 23.0]), Plan())
    # the missed cancer is known; one woman without cancer was followed too briefly
    assert (short.n_not_recalled, short.n_not_followed) == (3, 1)
    assert prospective.immature(short).startswith(
        "Of 3 women whom neither reading recalled, 1 has not"
    )


def test_paired_view_says_where_tests_and_interval_disagree():
    assert "disagree" not in prospective.paired_view(compared()).foot
    # 7 cancers found only with AI, 1 only without: score P 0.034, exact McNemar 0.070
    near = [(1, 1, 1)] * 30 + [(1, 0, 1)] * 7 + [(1, 1, 0)] + [(None, 0, 0)] * 500
    result = compared(near)
    words = "the Tang score interval excludes no difference, the exact McNemar test does not"
    foot = plain(prospective.paired_view(result).foot)
    assert foot.count(words) == 1
    assert words in result.detection.ratio.note
    assert "the Tango score interval excludes no" in result.detection.difference.note
    assert words in prospective.record(result)["detection_ratio"].to_dict()["note"]


def test_poor_data_say_what_is_not_there():
    readings, readers, cases = study(WOMEN, drop=("biopsied", "follow_up_months"))
    poor = paired_screening(readings, readers, cases, modality_a="unaided", modality_b="aided")
    result = compare_screening(poor, Plan())
    assert result.biopsy is None
    assert result.time is None
    assert result.subgroups == ()
    assert not result.mature
    view = prospective_endpoints.table(result)
    assert "Biopsies, per 1,000" not in labels(view)
    assert view.rows[-1].cells[1:9] == ["—"] * 8
    for words in ("Biopsies are not recorded.", "No reader was timed both ways", "not in the data"):
        assert words in view.foot
    assert [kind.label for kind in cancer_kinds(poor)] == ["Type not recorded"]
    assert prospective_cancers.finding(cancer_kinds(poor)) == (
        "Two cancers found only with AI, none of them recorded as invasive."
    )
    assert prospective_ratios.figure(result) is not None
    assert len(prospective_ratios.data(result)) == 3  # cancers, PPV1, recalls
    assert {"detection_ratio", "ppv1_ratio"} <= prospective.record(result).keys()


def test_nobody_recalled_leaves_no_ratio():
    result = compared([(None, 0, 0)] * 10)
    assert prospective_ratios.finding(result).startswith("No ratio is defined")
    assert prospective.answer(result).startswith("Cannot be answered yet.")


def test_too_many_cancers_for_marks_are_a_table():
    kinds = (CancerKind(label="Invasive, 11–20 mm", both=60, only_b=5, only_a=2),)
    assert prospective_cancers.figure(kinds) is None
    assert prospective_cancers.table(kinds).rows[-1].cells == [
        "All", "60", "5", "2", "62", "65", "+3",
    ]  # fmt: skip
    few = (CancerKind(label="DCIS", both=3, only_b=0, only_a=2),)
    assert prospective_cancers.table(few) is None
    assert (
        prospective_cancers.finding(few) == "No cancer was found only with AI; 2 only without AI."
    )


def test_no_reader_or_case_identifier_is_shown():
    result = compared()
    view = prospective_endpoints.table(result)
    shown = view.foot + prospective.answer(result) + str([row.cells for row in view.rows])
    assert "r1" not in shown
    assert "w0" not in shown


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"modality_b": "unaided"}, "modality_a and modality_b must differ"),
        ({"modality_b": "assisted"}, "no reading by a person in modality 'assisted' has a recall"),
    ],
)
def test_wrong_modalities_are_refused(change, match):
    with pytest.raises(ScoringError, match=match):
        paired_screening(*study(WOMEN), **{"modality_a": "unaided", "modality_b": "aided"} | change)


def test_women_read_one_way_only_are_no_pairs():
    with pytest.raises(ScoringError, match="no woman was read both in modality"):
        pairs([(1, 1, None), (0, None, 0)])


def test_single_breasts_are_refused():
    with pytest.raises(ScoringError, match="cases are single breasts"):
        pairs(laterality="L")


# ----------------------------------------------------------------------- chapter 20: enrolment


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
