"""What chapter 00 warns of and keeps back: versions, empty columns, names, and the AI's own."""

import numpy as np
import pandas as pd
import pytest

from toolkit.chapters.intake import show_intake as intake
from toolkit.chapters.intake import show_intake_readers as intake_readers
from toolkit.draw.html import table_html

NAN = np.nan


def source(**changes):
    given = {
        "file": "private/folder/ratings.csv",
        "rows": None,
        "columns": {},
        "values": {},
        "constants": {},
        "distinct": False,
    }
    return {"map": {**given, **changes}, "sha256": "abcdef0123456789"}


def entry(columns, filled, *sources, rows=1):
    return {
        "rows": rows,
        "columns": columns,
        "filled": filled,
        "sha256": "0123456789abcdef",
        "sources": list(sources),
    }


def one(table, *sources):
    """Return a study with one full table of one column."""
    return {"retrospective": {table: entry(["case_id"], ["case_id"], *sources)}}


def ai(product="CAD", version="1", **more):
    return {"reader_id": f"{product}{version}", "kind": "ai", "product": product} | (
        {"version": version} | more
    )


def readers(*rows, part="reader_study"):
    return {part: pd.DataFrame([{"reader_id": "r1", "kind": "human"}, *rows])}


def readings(*rows, part="reader_study"):
    names = ["reader_id", "modality", "status", "rating", "call"]
    return {part: pd.DataFrame(rows, columns=names)}


READ = readings(
    ("r1", "unaided", "complete", 1.0, 0.0),
    ("CAD1", "standalone", "complete", 9.0, NAN),
    ("CAD1", "standalone", "missing", NAN, NAN),
)


def cells(view):
    return [tuple(row.cells) for row in view.rows]


# ---------------------------------------------------------------- answer and order


def test_answer_of_a_single_table_and_of_simulated_ones():
    assert intake.answer(one("cases", source())) == (
        "One table with one row, in one part of the study, was read and passed every check."
    )
    assert intake.answer(one("cases")) == (
        "One table with one row, in one part of the study, was simulated in memory; no file was "
        "read."
    )


def test_checks_claim_nothing_of_simulated_tables():
    assert "passed every check" in intake.checks(one("cases", source()))
    assert "check" not in intake.checks(one("cases"))


def test_tables_stand_in_the_order_of_the_study_not_of_the_index():
    full = entry(["a"], ["a"])
    study = {
        "prospective": {"cases": full},
        "retrospective": {"readings": full, "cases": full},
    }
    assert [row[0] for row in cells(intake.tables_view(study))] == [
        "Retrospective part",
        "cases",
        "readings",
        "Prospective part",
        "cases",
    ]


# ---------------------------------------------------------------- files and columns


def test_files_stand_once_with_hash_and_without_folder():
    study = {
        "retrospective": {
            "cases": entry(["a"], ["a"], source()),
            "readings": entry(["a"], ["a"], source(), source(), source(file=None, rows=[{}])),
        },
        "prospective": {"cases": entry(["a"], ["a"], source(file="D:\\lists\\march.xlsx"))},
    }
    view = intake.files_view(study)
    assert cells(view) == [
        ("march.xlsx", "abcdef01", "Prospective: cases"),
        ("ratings.csv", "abcdef01", "Retrospective: cases and readings"),
    ]
    shown = table_html(view, number="0.1") + table_html(intake.columns_view(study), number="0.2")
    assert "private" not in shown
    assert "lists" not in shown


def test_simulated_tables_have_neither_files_nor_column_maps():
    assert intake.files_view(one("cases")) is None
    assert intake.columns_view(one("cases")) is None


def test_columns_view_withholds_what_can_identify():
    given = source(
        columns={"reader_id": "who", "kind": "role"},
        values={
            "reader_id": {"Dr Hoa": "r1", "Dr Lan": "r2"},
            "kind": {"CAD": "ai", "MD": "human"},
        },
        constants={"site": "main"},
    )
    shown = cells(intake.columns_view(one("readers", given)))
    assert ("reader_id", "ratings.csv, who", "two values renamed, withheld") in shown
    assert ("kind", "ratings.csv, role", "CAD: ai; MD: human") in shown
    assert ("site", "the same for all rows: main", "") in shown
    constant = source(columns={"kind": "role"}, constants={"reader_id": "Dr Hoa"})
    shown = cells(intake.columns_view(one("readers", constant)))
    assert ("reader_id", "the same for all rows: withheld", "") in shown


def test_columns_view_gathers_values_that_become_one():
    given = source(
        columns={"truth": "outcome"}, values={"truth": {"0": 0, "1": 1, "2": 1, "3": 0, "4": 0}}
    )
    shown = cells(intake.columns_view(one("cases", given)))
    assert ("truth", "ratings.csv, outcome", "0, 3 and 4: 0; 1 and 2: 1") in shown


def test_columns_view_of_a_source_without_column_names():
    plain = source(values={"truth": {"yes": 1}}, distinct=True)
    assert cells(intake.columns_view(one("cases", plain)))[1:] == [
        ("rows", "ratings.csv, equal ones taken once", ""),
        ("all columns", "ratings.csv, same names", ""),
        ("truth", "ratings.csv, truth", "yes: 1"),
    ]
    constant = source(constants={"indication": "screening"})
    assert cells(intake.columns_view(one("cases", constant)))[1][0] == "all others"


# ---------------------------------------------------------------- warnings


def test_two_versions_of_an_ai_are_named():
    study = readers(ai(version="1"), ai(version="2"), ai(product="Other"))
    assert intake_readers.version_warnings(study) == [
        "In the reader study part, CAD has two versions (1 and 2); each is a reader of its own, "
        "and they are never pooled."
    ]


def test_an_ai_without_version_is_named():
    study = readers(ai(version=NAN), ai(product="Other", version=NAN))
    assert intake_readers.version_warnings(study) == [
        "In the reader study part, two AIs have no version in the data."
    ]
    bare = readers({"reader_id": "AI", "kind": "ai"})
    assert intake_readers.version_warnings(bare) == [
        "In the reader study part, one AI has no version in the data."
    ]


def test_columns_without_a_value_are_named():
    study = {"retrospective": {"cases": entry(["a", "b", "c"], ["b"], source())}}
    assert intake.warnings_text(study, readers(ai())) == (
        "- Columns without any value: Retrospective: cases (a and c)."
    )


def test_without_a_warning_the_page_says_so():
    study = one("cases", source())
    assert intake.warnings_text(study, readers(ai())) == (
        "Every column holds values, and every AI has one version."
    )
    assert intake.warnings_text(study, readers()) == "Every column holds values."


# ---------------------------------------------------------------- readers and readings


def test_own_readings_are_counted_and_the_change_is_told():
    unaided = source(constants={"modality": "unaided"})
    changed = {"reader_study": {"readings": entry(["a"], ["a"], unaided)}}
    assert intake.own_readings_text(READ, readers(ai()), changed) == (
        "Readings by an AI alone have the modality standalone: 2 of 3 in the reader study part. In "
        "the reader study part the parameters file calls every reading unaided; the AI's own "
        "became standalone on entry."
    )
    given = source(constants={"modality": "standalone"})
    unchanged = {"reader_study": {"readings": entry(["a"], ["a"], unaided, given)}}
    assert "on entry" not in intake.own_readings_text(READ, readers(ai()), unchanged)
    assert "on entry" not in intake.own_readings_text(READ, readers(ai()), {})


def test_own_readings_of_people_only():
    alone = readings(("r1", "unaided", "complete", 1.0, 0.0))
    assert intake.own_readings_text(alone, readers(), {}) == "No reading is an AI's own."


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (ai(score_min=0.0, score_max=1.0, score_kind="breast"), "0 to 1, one score per breast"),
        (ai(score_min=0.0, score_max=NAN, score_kind=NAN), "ends not recorded"),
        ({"reader_id": "AI", "kind": "ai"}, "ends not recorded"),
    ],
)
def test_scale_of_an_ai_with_and_without_its_columns(row, shown):
    assert cells(intake.readers_view(readers(row)))[2][3] == shown


def test_an_ai_without_name_has_dashes():
    bare = readers({"reader_id": "AI", "kind": "ai"})
    assert cells(intake.readers_view(bare))[2][:3] == ("AI", "—", "—")


def test_parts_without_readers_or_readings_have_no_tables():
    assert intake.readers_view({}) is None
    assert intake.readings_view({}, {}) is None
    assert intake.readings_view(READ, {}) is None
    assert intake_readers.record(READ, {}) == {}
    assert dict(intake.facts(one("cases"), {}))["Readings"] == "0"


def test_record_holds_the_share_of_readings_that_came():
    record = intake_readers.record(READ, readers(ai()))
    ai_share = record["complete_reader_study_ai"]
    assert (ai_share.numerator, ai_share.denominator) == (1, 2)
    assert record["complete_reader_study_human"].estimate == 1
