"""What chapters 20 and 21 say: every sentence follows from its results, poor data included."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.test_enrolment import CASES, READERS, READINGS
from tests.test_screening import WOMEN, compared, study
from toolkit.exhibits import (
    monitoring,
    monitoring_checks,
    prospective,
    prospective_cancers,
    prospective_endpoints,
    prospective_ratios,
)
from toolkit.html import table_html, two_by_two_html
from toolkit.scoring.enrolment import ai_failures, reader_funnel, study_look, watch_recalls
from toolkit.scoring.screening import paired_screening
from toolkit.scoring.screening_endpoints import Plan, cancer_kinds, compare_screening
from toolkit.stats.accrual import accrual_scenarios, planned_curve
from toolkit.wording import NO_BREAK_SPACE, WORD_JOINER

NOBODY_ILL = [(0, 1, 1)] * 5 + [(0, 0, 1)] * 2 + [(None, 0, 0)] * 20
NOBODY_RECALLED = [(None, 0, 0)] * 20


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def cells(view, label):
    """Return the other cells of a row of a table as plain text."""
    row = next(row for row in view.rows if row.cells[0] == label)
    return [plain(cell) for cell in row.cells[1:]]


def pairs(women=WOMEN, **columns):
    """Women read both ways, with more columns of the cases or with some changed."""
    readings, readers, cases = study(women)
    lesions = columns.pop("lesions", None)
    return paired_screening(
        readings,
        readers,
        cases.assign(**columns),
        lesions,
        modality_a="unaided",
        modality_b="aided",
    )


def timed(women=WOMEN):
    """Each of two readers reads half of the women with and half without AI, 20 % faster with."""
    readings, readers, cases = study(women)
    odd = readings["case_id"].str[1:].astype(int) % 2 == 1
    swapped = readings["reader_id"].map({"r1": "r2", "r2": "r1"})
    readings["reader_id"] = readings["reader_id"].where(odd, swapped)
    slow = readings["reader_id"].map({"r1": 50.0, "r2": 30.0})
    faster = readings["reader_id"].map({"r1": 0.8, "r2": 0.9})
    readings["reading_time_s"] = slow * np.where(readings["modality"] == "aided", faster, 1.0)
    found = paired_screening(readings, readers, cases, modality_a="unaided", modality_b="aided")
    return compare_screening(found, Plan())


# Chapter 21: 49 women read both ways, one of them with a pending work-up; see test_screening.


def test_answer_gives_both_counts_rates_and_the_margin():
    text = plain(prospective.answer(compared()))
    # 5 and 4 of the 48 women whose outcome is not pending
    assert "With AI five cancers were found in 48 women, without AI 4" in text
    assert "104.2 against 83.3 per 1,000, a paired difference of +20.8" in text
    assert "The ratio is 1.25" in text
    assert "crosses the margin of 0.85" in text


def test_decision_names_superiority_only_where_the_interval_shows_it():
    superior = [(1, 1, 1)] * 60 + [(1, 0, 1)] * 30 + [(1, 1, 0)] * 2 + [(None, 0, 0)] * 900
    even = [(1, 1, 1)] * 300 + [(1, 0, 1)] * 4 + [(1, 1, 0)] * 4 + [(None, 0, 0)] * 900
    assert dict(prospective.facts(compared(superior)))["Decision"] == (
        "Non-inferiority and superiority shown"
    )
    assert dict(prospective.facts(compared(even)))["Decision"] == "Non-inferiority shown"
    assert dict(prospective.facts(compared()))["Decision"] == "Non-inferiority not shown"


def test_question_without_a_margin_asks_for_more():
    study_ = compared(detection_ratio_margin=None, recall_difference_margin=None)
    assert "more cancers" in prospective.question(study_)
    assert "the interval includes 1" in prospective.answer(study_)
    table = prospective_endpoints.table(study_)
    assert cells(table, "Cancers found, per 1,000")[-1] == ""
    assert "margin" not in prospective_ratios.caption(study_)


def test_without_cancers_nothing_is_claimed():
    study_ = compared(NOBODY_ILL)
    assert prospective.bar(study_) is None
    assert "no ratio is defined without cancers" in prospective.answer(study_)
    assert dict(prospective.facts(study_))["Decision"].startswith("Not defined")
    kinds = cancer_kinds(study_.women)
    assert prospective_cancers.figure(kinds, stamp="") is None
    assert prospective_cancers.finding(kinds) == "No cancer was found, so there is none to show."
    assert plain(prospective_ratios.finding(study_)).startswith("The ratio of recalls is 1.40")


def test_a_cancer_found_with_ai_alone_has_no_ratio():
    study_ = compared([(1, 0, 1), *NOBODY_ILL])
    assert "no ratio is defined while no cancer is found without AI" in prospective.answer(study_)


def test_without_recalls_the_page_still_stands():
    study_ = compared(NOBODY_RECALLED)
    assert prospective_ratios.finding(study_).startswith("No ratio is defined")
    assert prospective_ratios.figure(study_, stamp="SIMULATED").axes
    assert table_html(prospective_endpoints.table(study_), number="21.1")


def test_endpoint_table_by_hand():
    table = prospective_endpoints.table(compared())
    cancers = cells(table, "Cancers found, per 1,000")
    assert cancers[:5] == ["4", "83.3", "5", "104.2", "+20.8"]
    assert (cancers[6], cancers[8]) == ("1.25", "ratio 0.85")
    recalls = cells(table, "Recalls, %")  # the pending woman is a recall: 14 and 13 of 49
    assert recalls[:5] == ["14", "28.6", "13", "26.5", "−2.0"]
    assert recalls[8] == "+1 point"
    ppv = cells(table, "PPV of recall (PPV1), %")  # she is not in PPV1: 4 of 13, 5 of 12
    assert ppv[:5] == ["4/13", "30.8", "5/12", "41.7", "+10.9"]
    assert cells(table, "Readings a woman")[:5] == ["49", "1.00", "49", "1.00", "0.00"]
    assert cells(table, "Reading time, s") == [*["—"] * 8, ""]


def test_endpoint_foot_counts_who_is_left_out_and_what_is_not_recorded():
    foot = plain(prospective_endpoints.table(compared()).foot)
    assert "N = 49 women read both ways of 51 enrolled; left out, 2 read one way only." in foot
    assert "One recalled woman is still being worked up (1 recalled without AI, 1 with AI)" in foot
    assert "Biopsies are not recorded." in foot
    assert "The AI's own results are not in the data." in foot
    assert "No reader was timed both ways" in foot
    assert "Tango score for differences and Tang score for ratios" in foot
    done = plain(prospective_endpoints.table(compared(NOBODY_ILL)).foot)
    assert "The work-up of every recalled woman is done." in done


def test_biopsies_are_ascribed_to_each_reading_that_recalled():
    readings, _, cases = study(WOMEN)
    ill = (cases["truth"] == 1) & cases["case_id"].isin(readings["case_id"])
    biopsied = np.where(cases["truth"].isna() & (cases.index < 19), np.nan, ill.astype(float))
    result = compare_screening(pairs(biopsied=biopsied), Plan())
    assert cells(prospective_endpoints.table(result), "Biopsies, per 1,000")[:4] == [
        "4",
        "83.3",
        "5",
        "104.2",
    ]


def test_reading_time_is_compared_by_reader_and_says_so():
    study_ = timed()
    row = cells(prospective_endpoints.table(study_), "Reading time, s")
    # Geometric means over the two readers: sqrt(50 * 30) = 38.7, sqrt(40 * 27) = 32.9.
    assert (row[1], row[3], row[6]) == ("39", "33", "0.85")
    foot = plain(prospective_endpoints.table(study_).foot)
    assert "readers, not readings, are the units (paired t on logarithms)" in foot
    assert "Ratios of single readers: 0.80 to 0.90." in foot
    assert "Reading time" in prospective_ratios.data(study_)["endpoint"].tolist()


def test_paired_tables_add_up_and_leave_the_unknown_open():
    study_ = compared()
    view = prospective.paired_view(study_)
    found, others = view.tables
    assert (found.both, found.row_only, found.column_only, found.neither) == (3, 2, 1, None)
    assert (found.n, others.n) == ("n = 6", "n = 42")
    assert (others.both, others.row_only, others.column_only, others.neither) == (4, 3, 5, 30)
    assert "two only" not in view.foot
    assert "2 only with AI and 1 only without AI" in view.foot
    assert "One woman with a pending work-up is in neither table." in view.foot
    html = two_by_two_html(
        view.tables, number="21.2", title=view.title, rows=view.rows, columns=view.columns
    )
    assert html.count("not known") == 1


def test_banner_counts_who_was_followed_too_briefly():
    text = prospective.immature(compared())
    assert text.startswith("Of 30 women whom neither reading recalled, 30 have not been followed")
    assert "for 24 months" in text


def test_mature_follow_up_knows_what_both_readings_missed():
    women = [*WOMEN, (1, 0, 0)]
    truth = [0.0 if w[0] is None and not w[1] else w[0] for w in women]
    result = compare_screening(pairs(women, truth=truth, follow_up_months=24.0), Plan())
    assert result.mature
    assert prospective.immature(result) == ""
    view = prospective.paired_view(result)
    assert (view.tables[0].title, view.tables[0].neither, view.tables[0].n) == (
        "Cancer",
        1,
        "n = 7",
    )
    assert "only after follow-up" not in view.foot


def test_cancers_are_drawn_one_mark_each_by_type_and_size():
    # The six cancers are w0 to w5: found both ways w0 to w2, only with AI w3 and w4, without w5.
    n = len(WOMEN)
    kind = ["invasive"] * 5 + ["in_situ"] + [np.nan] * (n - 6)
    lesions = pd.DataFrame(
        {"case_id": ["w0", "w1", "w3", "w3", "w4"], "size_mm": [10.0, 11.0, 4.0, 20.0, 21.0]}
    )
    women = pairs(cancer_type=kind, lesions=lesions)
    kinds = cancer_kinds(women)
    assert [(k.label, k.both, k.only_b, k.only_a) for k in kinds] == [
        ("DCIS", 0, 0, 1),
        ("Invasive, 10 mm or less", 1, 0, 0),
        ("Invasive, 11–20 mm", 1, 1, 0),  # the larger of two lesions counts
        ("Invasive, over 20 mm", 0, 1, 0),
        ("Invasive, size not recorded", 1, 0, 0),
    ]
    assert prospective_cancers.finding(kinds) == (
        "Of two cancers found only with AI, 2 are invasive, 1 of them 20 mm or less."
    )
    assert prospective_cancers.figure(kinds, stamp="SIMULATED").axes
    assert prospective_cancers.table(kinds) is None
    assert prospective_cancers.data(kinds)[["both", "only_with_ai"]].sum().tolist() == [3, 2]


def test_cancers_without_type_or_size_are_named_so():
    kinds = cancer_kinds(pairs())
    assert [(k.label, k.both, k.only_b, k.only_a) for k in kinds] == [
        ("Type not recorded", 3, 2, 1)
    ]
    assert "0 are known to be invasive" in prospective_cancers.finding(kinds)
    assert len(prospective_cancers.alt(kinds)) <= 250


def test_too_many_cancers_for_marks_become_a_table():
    many = [(1, 1, 1)] * 40 + [(1, 0, 1)] * 5 + [(1, 1, 0)] * 3
    kinds = cancer_kinds(pairs(many))
    assert prospective_cancers.figure(kinds, stamp="") is None
    row = prospective_cancers.table(kinds).rows[-1]
    assert list(row.cells) == ["All", "40", "5", "3", "43", "45", "+2"]


def test_subgroups_follow_density_and_indication_where_recorded():
    density = ["C"] * 3 + ["A"] * 3 + ["D"] * (len(WOMEN) - 6)
    indication = ["screening", "symptomatic"] * (len(WOMEN) // 2) + ["screening"] * (len(WOMEN) % 2)
    result = compare_screening(pairs(density=density, indication=indication), Plan())
    counted = {
        group.label: (group.counts.positive_a, group.counts.positive_b)
        for group in result.subgroups
    }
    assert counted["Dense breasts, C or D"] == (3, 3)
    assert counted["Breasts A or B"] == (1, 2)
    by_indication = [counted["Screening"], counted["Symptomatic"]]
    assert np.sum(by_indication, axis=0).tolist() == [4, 5]
    assert compared().subgroups == ()
    assert "subgroups" not in prospective_ratios.caption(compared())


def test_prospective_alternative_texts_are_short_and_records_survive():
    for study_ in (compared(), compared(NOBODY_ILL), timed()):
        assert 0 < len(prospective_ratios.alt(study_)) <= 250
        for name, result in prospective.record(study_).items():
            assert type(result).from_dict(result.to_dict()).to_dict() == result.to_dict(), name


# Chapter 20


def projected(counts, target=1200, planned=12, **changes):
    plan = planned_curve(target, planned, ramp_months=0)
    return accrual_scenarios(np.array(counts), plan, extension_months=6, **changes)


def answer(counts, **changes):
    return plain(monitoring.answer(projected(counts, **changes)["pace"]))


def test_accrual_answers_follow_the_projection():
    assert answer([50] * 6).startswith("Yes. 300 women were enrolled in six months, 300 fewer")
    assert "after the extension as well" in answer([50] * 6)
    late = answer([80] * 6)
    assert late.startswith("Yes.")
    assert "within the extension" in late
    early = answer([120] * 6)
    assert early.startswith("No. 720 women were enrolled in six months, 120 more than planned")
    assert "by the planned end" in early
    assert "as planned" in answer([100] * 6)


def test_accrual_answer_once_the_target_is_met():
    assert answer([400] * 3) == (
        "No. The target of 1,200 women was met in month 3, by the planned end in month 12."
    )
    assert answer([90] * 14).startswith("Yes. The target of 1,200 women was met in month 14")
    latest = projected([400] * 3)
    assert monitoring.scenario_table(latest) is None
    assert monitoring.finding(latest["pace"]) == "The target was met in month 3."


def test_accrual_without_a_pace_cannot_be_answered():
    scenarios = projected([10, 0, 0, 0, 0])
    assert answer([10, 0, 0, 0, 0]).startswith("Cannot be answered yet. 10 women")
    assert monitoring.bar(scenarios["pace"]) is None
    assert dict(monitoring.facts(scenarios["pace"]))["Chance by month 12"] == "—"
    assert monitoring.finding(scenarios["pace"]).startswith("There is no")


def test_accrual_bar_is_in_months_with_both_ends():
    bar = monitoring.bar(projected([80] * 6)["pace"])
    assert bar.role == "neutral"
    assert bar.extension == (12, 18)
    assert [mark.value for mark in bar.marks] == [12, 18]
    assert bar.low <= bar.estimate <= bar.high


def test_scenario_table_has_a_row_a_pace_and_one_bold():
    view = monitoring.scenario_table(projected([80] * 6))
    assert [row.cells[0] for row in view.rows] == [
        "Pace of months 3 to 6",
        "A tenth slower",
        "A tenth faster",
        "Planned rate from now on",
        "Needed for month 12",
    ]
    assert [row.cells[1] for row in view.rows] == ["80", "72", "88", "100", "120"]
    assert [row.kind for row in view.rows].count("emphasis") == 1
    assert table_html(view, number="20.1")


def look(month=2, **changes):
    tables = {"cases": CASES, "readings": READINGS, "readers": READERS} | changes
    return study_look(
        tables["cases"], tables["readings"], tables["readers"], look_month=month, seed=1
    )


def watched(seen, **changes):
    rates = {"rate_planned": 0.1, "rise": 2.0, "fall": 0.5, "false_alarm": 0.05}
    return watch_recalls(seen, target=100, **(rates | changes), n_simulations=200, seed=1)


def test_look_says_what_it_does_not_use():
    assert monitoring.data_end(look(), look_month=2) == (
        "This look covers the first two months of the study. Two later examinations are not looked "
        "at."
    )
    text = monitoring.data_end(look(12), look_month=12)
    assert text.endswith("The data end before month 12.")


def test_every_figure_of_a_blinded_page_is_stamped():
    assert monitoring.blinded("SIMULATED") == "BLINDED · SIMULATED"
    assert monitoring.blinded("") == "BLINDED"
    assert monitoring.BANNER.count("█") == 2


def test_blinded_words_name_no_reader_and_no_result_by_mode():
    seen = look(12)
    watch, failures, funnel = watched(seen), ai_failures(seen), reader_funnel(seen)
    words = " ".join(
        [
            monitoring_checks.recall_finding(seen, watch),
            monitoring_checks.recall_caption(watch),
            monitoring_checks.failure_finding(failures),
            monitoring_checks.reader_finding(funnel),
            monitoring_checks.reader_caption(seen, funnel),
            monitoring_checks.reader_data(funnel).to_csv(),
        ]
    )
    for hidden in ("anna", "binh", "unaided", "aided", "with AI"):
        assert hidden not in words


def test_blinded_page_is_the_same_with_the_modes_exchanged():
    exchanged = READINGS.assign(
        modality=READINGS["modality"].replace({"aided": "unaided", "unaided": "aided"})
    )
    one, two = look(12), look(12, readings=exchanged)
    np.testing.assert_array_equal(one.recalled, two.recalled)
    np.testing.assert_array_equal(one.reader_recalls, two.reader_recalls)
    assert one.labels == two.labels


def test_recall_signal_names_its_month():
    n = 120
    dates = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(n) // 2, unit="D")
    cases = pd.DataFrame({"case_id": [f"w{i}" for i in range(n)], "exam_date": dates})
    readings = pd.DataFrame(
        {
            "reader_id": "anna",
            "case_id": cases["case_id"],
            "modality": "unaided",
            "session": "1",
            "rating": np.nan,
            # One in ten as planned, and from 15 February on everybody.
            "call": ((np.arange(n) % 10 == 0) | (np.arange(n) >= 90)).astype(float),
            "status": "complete",
        }
    )
    seen = look(2, cases=cases, readings=readings)
    watch = watched(seen)
    text = monitoring_checks.recall_finding(seen, watch)
    assert text == "Signal: the recall rate shows a rise in month 2."
    assert monitoring_checks.recall_figure(seen, watch, stamp="BLINDED").axes
    by_month = monitoring_checks.recall_data(seen, watch)
    assert by_month["women_read"].tolist() == [62, 58]  # 31 days of two women, then the rest
    assert by_month["recalled"].tolist() == [7, 32]
    assert "39 of 120 (32.5%)" in plain(monitoring_checks.recall_caption(watch))


def test_ai_failures_are_counted_by_cause_and_month():
    seen = look(12)
    failures = ai_failures(seen)
    # w1 failed, w2 has no result, w4 and w5 were never recorded; w0 and w3 have a score.
    assert failures.causes == {"failed": 1, "missing": 1, "not_recorded": 2}
    assert failures.count.tolist() == [1, 1, 1, 1]
    finding = monitoring_checks.failure_finding(failures)
    assert finding.startswith("4 of 6 examinations have no AI score")
    assert monitoring_checks.failure_figure(failures, stamp="BLINDED").axes
    assert monitoring_checks.failure_data(failures)["without_score"].sum() == 4


def test_an_ai_that_never_fails_needs_no_figure():
    fine = READINGS[(READINGS["reader_id"] != "AI") | (READINGS["status"] == "complete")]
    seen = look(12, cases=CASES[CASES["case_id"].isin(["w0", "w3"])], readings=fine)
    failures = ai_failures(seen)
    assert monitoring_checks.failure_figure(failures, stamp="") is None
    assert monitoring_checks.failure_finding(failures) == (
        "Every one of 2 examinations has an AI score."
    )


def test_reader_finding_names_those_outside_the_limits():
    funnel = reader_funnel(look(12))
    assert monitoring_checks.reader_finding(funnel) == "Two readers lie inside the 95% limits."
    first, second = (rate.label for rate in funnel.rates)
    far = replace(funnel, outside=np.array([2, 0]))
    assert monitoring_checks.reader_finding(far) == (
        f"Reader {first} lies outside the 99.8% limits; one other lies inside 95%."
    )
    both = replace(funnel, outside=np.array([1, 1]))
    assert monitoring_checks.reader_finding(both) == (
        f"Readers {first} and {second} lie outside 95% only."
    )


def test_a_study_without_calls_or_ai_says_what_is_not_there():
    people = READERS[READERS["kind"] == "human"]
    silent = READINGS[READINGS["reader_id"] != "AI"].assign(call=np.nan)
    seen = look(12, readings=silent, readers=people)
    watch, failures, funnel = watched(seen), ai_failures(seen), reader_funnel(seen)
    assert (watch, failures, funnel) == (None, None, None)
    assert "no reading has a decision" in monitoring_checks.recall_finding(seen, watch)
    assert "the data hold no AI" in monitoring_checks.failure_finding(failures)
    assert "cannot be compared" in monitoring_checks.reader_finding(funnel)
    assert monitoring_checks.recall_figure(seen, watch, stamp="") is None
    assert monitoring_checks.reader_figure(seen, funnel, stamp="") is None
    assert set(monitoring.record(projected([80] * 6), watch, failures, funnel)) == {
        "accrual.pace",
        "accrual.slower",
        "accrual.faster",
        "accrual.planned",
        "accrual.needed",
    }


@pytest.mark.parametrize("counts", [[80] * 6, [400] * 3, [10, 0, 0, 0, 0]])
def test_accrual_figures_and_alternative_texts(counts):
    latest = projected(counts)["pace"]
    seen = replace(look(), n_months=len(counts), monthly_counts=np.array(counts))
    plan = planned_curve(1200, 12, ramp_months=0)
    assert monitoring.figure(seen, latest, plan, stamp="BLINDED").axes
    assert 0 < len(monitoring.alt(latest)) <= 250
    assert monitoring.data(seen, plan)["enrolled"].sum() == sum(counts)
    assert monitoring.caption(seen, latest, ramp_months=0).startswith("Solid, enrolled")
