"""What the rules of chapter 01 find, by hand on tiny tables; drift by exact fractions and scipy."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.chapters.quality_sample import NAN, drifting, found, sound, study, version_3
from toolkit.chapters.data_quality.analysis import periods_of
from toolkit.chapters.data_quality.rules import RULES

ALL = ["c1", "c2", "c3", "c4"]


def put(table, column, case, value, **where):
    """Return a change of one table's cells."""

    def change(frames):
        frame = frames[table]
        rows = frame["case_id"] == case
        for name, wanted in where.items():
            rows &= frame[name] == wanted
        assert rows.any()
        if column not in frame:
            frame[column] = pd.Series(NAN, index=frame.index, dtype="object")
        frame.loc[rows, column] = value
        frames[table] = frame

    return change


def drop(table, **where):
    """Return a change that leaves rows out."""

    def change(frames):
        frame = frames[table]
        gone = np.logical_and.reduce([frame[name] == value for name, value in where.items()])
        assert gone.any()
        frames[table] = frame[~gone].reset_index(drop=True)

    return change


def again(table, case, **changes):
    """Return a change that repeats the row of a case with other values."""

    def change(frames):
        row = frames[table][frames[table]["case_id"] == case].iloc[[0]].assign(**changes)
        frames[table] = pd.concat([frames[table], row], ignore_index=True)

    return change


def both(*changes):
    """Return all changes after each other."""

    def change(frames):
        for one in changes:
            one(frames)

    return change


def ai(case, column, value):
    return put("readings", column, case, value, reader_id="AI")


def breasts(second):
    """Return a change that makes c3 and c4 breasts of one examination."""
    return both(
        put("cases", "exam_id", "c3", "e3"),
        put("cases", "exam_id", "c4", "e3"),
        put("cases", "laterality", "c3", "L"),
        put("cases", "laterality", "c4", second),
    )


DAY = pd.Timestamp
# Rule, change that breaks it, how many of how many it then finds.
BROKEN = [
    ("cancers_before_exam", put("cases", "cancer_date", "c1", DAY("2024-01-09")), (1, 1)),
    ("follow_up_before_cancer", put("cases", "cancer_date", "c1", DAY("2026-04-10")), (1, 1)),
    ("truth_after_follow_up", put("cases", "follow_up_months", "c2", 23.9), (1, 2)),
    ("truth_against_source", put("cases", "truth_source", "c1", "pathology_benign"), (1, 2)),
    ("cancer_date_without_cancer", put("cases", "cancer_date", "c2", DAY("2024-03-01")), (1, 3)),
    (
        "cancers_without_date",
        both(put("cases", "truth", "c2", 1)),
        (1, 2),
    ),
    (
        "read_before_exam",
        put("readings", "read_at", "c2", DAY("2024-02-10 08:59"), modality="unaided"),
        (1, 10),
    ),
    ("unaided_after_ai", ai("c2", "read_at", DAY("2024-02-10 09:59")), (1, 2)),
    ("aided_before_ai", ai("c3", "read_at", DAY("2024-03-10 12:01")), (1, 2)),
    ("cases_unread", drop("readings", case_id="c4", reader_id="R"), (1, 4)),
    ("readers_without_reading", drop("readings", reader_id="AI"), (1, 2)),
    ("cases_without_image", drop("images", case_id="c2"), (1, 4)),
    ("cancers_without_lesion", put("cases", "truth", "c2", 1), (1, 2)),
    ("lesions_without_cancer", again("lesions", "c1", case_id="c2"), (1, 2)),
    ("cases_alike", again("cases", "c2", case_id="c5"), (2, 5)),
    ("cases_on_one_day", again("cases", "c2", case_id="c5", density="C"), (2, 5)),
    ("breast_twice", breasts("L"), (2, 2)),
    ("images_alike", put("images", "sha256", "c2", "hash 0", view="CC", laterality="L"), (2, 16)),
    ("lesions_on_both_sides", again("lesions", "c1", image_id="c1RCC"), (1, 1)),
    ("images_without_side", put("images", "laterality", "c2", NAN, view="CC"), (2, 16)),
    ("views_missing", drop("images", case_id="c2", view="MLO", laterality="R"), (1, 4)),
    ("ai_results_repeated", again("readings", "c1", reader_id="AI", session="2",
                                  modality="standalone", rating=5.0, call=NAN), (1, 4)),
    ("other_ai_version", version_3, (1, 4)),
    ("ai_failed", both(ai("c2", "status", "failed"), ai("c2", "rating", NAN)), (1, 4)),
    ("ai_missing", both(ai("c2", "status", "missing"), ai("c2", "rating", NAN)), (1, 4)),
    ("ai_not_recorded", drop("readings", case_id="c2", reader_id="AI"), (1, 4)),
    ("ai_no_score", both(ai("c2", "call", 1.0), ai("c2", "rating", NAN)), (1, 4)),
    ("recalled_without_call", put("readings", "call", "c1", NAN, reader_id="R"), (1, 2)),
    ("recalled_against_calls", put("readings", "call", "c1", 0.0, reader_id="R"), (1, 2)),
    ("ages_disagree", put("cases", "age_years", "c4", 46), (1, 1)),
    ("age_years_missing", put("cases", "age_years", "c2", NAN), (1, 4)),
    ("density_missing", put("cases", "density", "c2", NAN), (1, 4)),
    ("exam_date_missing", put("cases", "exam_date", "c2", pd.NaT), (1, 4)),
]  # fmt: skip


def test_sound_tables_break_no_rule():
    counts = found(sound())
    assert {key: value for key, value in counts.items() if not isinstance(value, str)} == {
        key: (0, value[1]) for key, value in counts.items() if not isinstance(value, str)
    }
    # Only what is about single breasts is not there.
    assert [key for key, value in counts.items() if isinstance(value, str)] == ["breast_twice"]


def test_each_breast_once_is_sound():
    frames = sound()
    breasts("R")(frames)
    assert found(frames)["breast_twice"] == (0, 2)


def test_every_rule_is_broken_by_a_case_of_the_list():
    keys = [rule.key for rule in RULES]
    assert sorted(key for key, _, _ in BROKEN) == sorted(keys)
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("key", "change", "counts"), BROKEN, ids=[key for key, _, _ in BROKEN])
def test_a_broken_rule_is_counted(key, change, counts):
    frames = sound()
    change(frames)
    assert found(frames)[key] == counts


# --- edges ---------------------------------------------------------------------------------------


def test_on_one_day_without_times_the_order_is_not_known():
    frames = sound()
    frames["readings"]["read_at"] = frames["readings"]["read_at"].dt.normalize()
    counts = found(frames)
    for key in ("read_before_exam", "unaided_after_ai", "aided_before_ai"):
        assert counts[key] == "no two moments of which the order is known"


def test_a_case_that_is_also_read_aided_may_have_its_result_before():
    frames = sound()
    ai("c3", "read_at", DAY("2024-03-10 09:30"))(frames)
    assert found(frames)["unaided_after_ai"] == (0, 2)


def test_in_a_reader_study_the_ai_may_have_read_before():
    frames = sound()
    ai("c2", "read_at", DAY("2024-01-01"))(frames)
    assert (
        found(frames, "reader_study")["unaided_after_ai"] == "in a reader study the AI reads first"
    )
    assert found(frames, "prospective")["unaided_after_ai"] == (1, 2)


def test_follow_up_in_whole_months_may_end_before_the_cancer_by_less_than_one():
    frames = sound()
    frames["cases"]["follow_up_months"] = 0.0  # diagnosed ten days after the examination
    assert found(frames)["follow_up_before_cancer"] == (0, 1)


def test_one_breast_has_two_standard_views():
    frames = sound()
    frames["cases"]["laterality"] = "L"
    frames["images"] = frames["images"][frames["images"]["laterality"] == "L"]
    assert found(frames)["views_missing"] == (0, 4)


def test_cases_alone_are_enough():
    counts = found({"cases": pd.DataFrame({"case_id": ALL, "truth": 1.0})})
    assert counts["cases_unread"] == "no readers.kind and readings.reader_id"
    assert not [value for value in counts.values() if not isinstance(value, str)]


def test_an_ai_without_readings_has_nothing_to_check():
    frames = sound()
    drop("readings", reader_id="AI")(frames)
    counts = found(frames)
    for key in ("ai_failed", "ai_not_recorded", "ai_results_repeated", "other_ai_version"):
        assert counts[key] == "there is nothing to check"
    assert study(frames).no_drift == "no AI read in this part"


def test_versions_are_named_with_their_months():
    frames = sound()
    version_3(frames)
    result = {one.rule.key: one.found for one in study(frames).results}["other_ai_version"]
    # The examinations are of months 1, 2, 3 and 27.
    assert result.detail == "Detect 2: 3 read, months 1 to 3; Detect 3: 1 read, months 27 to 27"
    assert "name one as ai" in study(frames).no_drift.casefold()


# --- missing values ------------------------------------------------------------------------------


def test_missing_values_are_counted_by_period():
    frames = sound()
    put("cases", "age_years", "c2", NAN)(frames)
    result = study(frames)
    # Four cases in 27 months are drawn by year: c1, c2 and c3 in the first, c4 in the third.
    assert (result.periods.months, result.periods.n, result.periods.word) == (12, 3, "year")
    (age,) = result.missing
    assert (age.table, age.column, age.missing_all, age.n_all) == ("cases", "age_years", 1, 4)
    assert age.n.tolist() == [3, 0, 1]
    assert age.missing.tolist() == [1, 0, 0]


def test_a_cancer_date_is_missing_only_of_a_cancer():
    frames = sound()
    assert study(frames).missing == ()
    put("cases", "truth", "c2", 1)(frames)
    (column,) = study(frames).missing
    assert (column.column, column.missing_all, column.n_all) == ("cancer_date", 1, 2)


# --- drift ---------------------------------------------------------------------------------------


def index(now, before):
    """Return the stability index from exact shares, half a case added to each class."""
    total = 0.0
    for a, b in zip(now, before, strict=True):
        p = Fraction(2 * a + 1, 2 * sum(now) + len(now))
        q = Fraction(2 * b + 1, 2 * sum(before) + len(before))
        total += float(p - q) * math.log(p / q)
    return total


def test_drift_by_month_and_device_is_that_of_exact_fractions_and_scipy():
    result = study(drifting(2))
    rows = {row.label: row for row in result.drift.rows}
    # 40 cases a month, 8 in each of scores 1 to 5, from month 7 on in each of 3 to 7.
    early, late = [8] * 5 + [0] * 5, [0, 0] + [8] * 5 + [0] * 3
    months = [rows[f"month {number}"] for number in range(1, 13)]
    assert [row.counts.tolist() for row in months] == [early] * 6 + [late] * 6
    first = [6 * n for n in early]
    assert months[0].shift.estimate == pytest.approx(index(early, [5 * n for n in early]), rel=1e-9)
    assert months[6].shift.estimate == pytest.approx(index(late, first), rel=1e-9)
    assert rows["new"].shift.estimate == pytest.approx(
        index([6 * n for n in late], first), rel=1e-9
    )
    new, old = np.repeat(np.arange(1, 11), late), np.repeat(np.arange(1, 11), early)
    peer = stats.ks_2samp(new, np.tile(old, 6), method="exact")
    assert months[6].gap.estimate == pytest.approx(peer.statistic, rel=1e-9)
    assert months[6].gap.p_value == pytest.approx(peer.pvalue, rel=1e-9)
    # By Holm the smallest P is multiplied by the number of rows: 12 months and 2 devices.
    assert min(row.p_adjusted for row in rows.values()) == pytest.approx(
        min(1, 14 * min(row.gap.p_value for row in rows.values())), rel=1e-9
    )
    apart = [row.label for row in result.apart]
    assert apart == [*(f"month {number}" for number in range(7, 13)), "new", "old"]


def test_without_a_shift_nothing_is_apart_and_one_site_is_compared_with_none():
    result = study(drifting(0))
    assert result.apart == ()
    assert {row.kind for row in result.drift.rows} == {"period", "device"}


def test_cancers_are_left_out_of_the_drift():
    frames = drifting(0)
    frames["cases"].loc[:9, "truth"] = 1.0
    assert study(frames).drift.n_cases == 470


def test_beyond_a_dozen_the_smaller_devices_are_one():
    frames = drifting(0)
    frames["cases"]["device"] = [f"system {number % 15:02d}" for number in range(480)]
    rows = [row for row in study(frames).drift.rows if row.kind == "device"]
    assert [row.label for row in rows][-2:] == ["system 11", "all others"]
    assert rows[-1].counts.sum() == 3 * 32


@pytest.mark.parametrize(
    ("last", "cases", "months", "n"),
    [
        ("2025-12", 480, 1, 24),
        ("2025-12", 479, 3, 8),  # fewer than 20 a month
        ("2025-12", 159, 12, 2),  # fewer than 20 a quarter
        ("2026-01", 9000, 3, 9),
        ("2030-01", 9000, 12, 7),
    ],
)
def test_many_or_small_months_become_quarters_or_years(last, cases, months, n):
    dates = pd.to_datetime(["2024-01-01"] * (cases - 1) + [f"{last}-01"])
    names = [str(number) for number in range(cases)]
    table = pd.DataFrame({"case_id": names, "truth": 0.0, "exam_date": dates})
    periods = periods_of(table)
    assert (periods.months, periods.n) == (months, n)


def test_a_device_of_fewer_than_five_cases_has_no_row():
    frames = drifting(0)
    frames["cases"].loc[:3, "device"] = "rare"
    drift = study(frames).drift
    assert drift.n_small == 1
    assert "rare" not in [row.label for row in drift.rows]
    frames["cases"].loc[4, "device"] = "rare"
    assert study(frames).drift.n_small == 0


def test_the_study_prints_as_a_summary():
    assert "rules that found something" in repr(study(sound()))
