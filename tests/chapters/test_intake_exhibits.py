"""What chapter 00 warns of and keeps back: versions, empty columns, names, and the AI's own."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from toolkit.chapters.intake import analysis, exhibits
from toolkit.draw.html import table_html

NAN = np.nan


def study(sources=None, *, readers=None, readings=None):
    """Return what was read, from the tables of a stand-in."""
    named = {"readers": readers or {}, "readings": readings or {}}
    tables = SimpleNamespace(sources=lambda: sources or {}, every=named.get)
    return analysis.analyse(tables)


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
    assert exhibits.head(study(one("cases", source()))).answer == (
        "One table with one row, in one part of the study, was read and passed every check."
    )
    assert exhibits.head(study(one("cases"))).answer == (
        "One table with one row, in one part of the study, was simulated in memory; no file was "
        "read."
    )


def test_checks_claim_nothing_of_simulated_tables():
    assert "passed every check" in exhibits.checks(study(one("cases", source())))
    assert "check" not in exhibits.checks(study(one("cases")))


def test_tables_stand_in_the_order_of_the_study_not_of_the_index():
    full = entry(["a"], ["a"])
    given = {
        "prospective": {"cases": full},
        "retrospective": {"readings": full, "cases": full},
    }
    assert [row[0] for row in cells(exhibits.tables_table(study(given)).table)] == [
        "Retrospective part",
        "cases",
        "readings",
        "Prospective part",
        "cases",
    ]


# ---------------------------------------------------------------- files and columns


def test_files_stand_once_with_hash_and_without_folder():
    given = {
        "retrospective": {
            "cases": entry(["a"], ["a"], source()),
            "readings": entry(["a"], ["a"], source(), source(), source(file=None, rows=[{}])),
        },
        "prospective": {"cases": entry(["a"], ["a"], source(file="D:\\lists\\march.xlsx"))},
    }
    view = exhibits.files_table(study(given)).table
    assert cells(view) == [
        ("march.xlsx", "abcdef01", "Prospective: cases"),
        ("ratings.csv", "abcdef01", "Retrospective: cases and readings"),
    ]
    shown = table_html(view, number="0.1") + table_html(
        exhibits.columns_table(study(given)).table, number="0.2"
    )
    assert "private" not in shown
    assert "lists" not in shown


def test_simulated_tables_have_neither_files_nor_column_maps():
    assert exhibits.files_table(study(one("cases"))) is None
    assert exhibits.columns_table(study(one("cases"))) is None


def test_columns_view_withholds_what_can_identify():
    given = source(
        columns={"reader_id": "who", "kind": "role"},
        values={
            "reader_id": {"Dr Hoa": "r1", "Dr Lan": "r2"},
            "kind": {"CAD": "ai", "MD": "human"},
        },
        constants={"site": "main"},
    )
    shown = cells(exhibits.columns_table(study(one("readers", given))).table)
    assert ("reader_id", "ratings.csv, who", "two values renamed, withheld") in shown
    assert ("kind", "ratings.csv, role", "CAD: ai; MD: human") in shown
    assert ("site", "the same for all rows: main", "") in shown
    constant = source(columns={"kind": "role"}, constants={"reader_id": "Dr Hoa"})
    shown = cells(exhibits.columns_table(study(one("readers", constant))).table)
    assert ("reader_id", "the same for all rows: withheld", "") in shown


def test_columns_view_gathers_values_that_become_one():
    given = source(
        columns={"truth": "outcome"}, values={"truth": {"0": 0, "1": 1, "2": 1, "3": 0, "4": 0}}
    )
    shown = cells(exhibits.columns_table(study(one("cases", given))).table)
    assert ("truth", "ratings.csv, outcome", "0, 3 and 4: 0; 1 and 2: 1") in shown


def test_columns_view_of_a_source_without_column_names():
    plain = source(values={"truth": {"yes": 1}}, distinct=True)
    assert cells(exhibits.columns_table(study(one("cases", plain))).table)[1:] == [
        ("rows", "ratings.csv, equal ones taken once", ""),
        ("all columns", "ratings.csv, same names", ""),
        ("truth", "ratings.csv, truth", "yes: 1"),
    ]
    constant = source(constants={"indication": "screening"})
    assert cells(exhibits.columns_table(study(one("cases", constant))).table)[1][0] == "all others"


# ---------------------------------------------------------------- warnings


def test_two_versions_of_an_ai_are_named():
    given = readers(ai(version="1"), ai(version="2"), ai(product="Other"))
    assert exhibits.warnings_text(study(readers=given)) == (
        "- In the reader study part, CAD has two versions (1 and 2); each is a reader of its own, "
        "and they are never pooled."
    )


def test_an_ai_without_version_is_named():
    given = readers(ai(version=NAN), ai(product="Other", version=NAN))
    assert exhibits.warnings_text(study(readers=given)) == (
        "- In the reader study part, two AIs have no version in the data."
    )
    bare = readers({"reader_id": "AI", "kind": "ai"})
    assert exhibits.warnings_text(study(readers=bare)) == (
        "- In the reader study part, one AI has no version in the data."
    )


def test_columns_without_a_value_are_named():
    given = {"retrospective": {"cases": entry(["a", "b", "c"], ["b"], source())}}
    assert exhibits.warnings_text(study(given, readers=readers(ai()))) == (
        "- Columns without any value: Retrospective: cases (a and c)."
    )


def test_without_a_warning_the_page_says_so():
    given = one("cases", source())
    assert exhibits.warnings_text(study(given, readers=readers(ai()))) == (
        "Every column holds values, and every AI has one version."
    )
    assert exhibits.warnings_text(study(given, readers=readers())) == "Every column holds values."


# ---------------------------------------------------------------- readers and readings


def test_own_readings_are_counted_and_the_change_is_told():
    unaided = source(constants={"modality": "unaided"})
    changed = {"reader_study": {"readings": entry(["a"], ["a"], unaided)}}
    assert exhibits.own_readings_text(study(changed, readings=READ, readers=readers(ai()))) == (
        "Readings by an AI alone have the modality standalone: 2 of 3 in the reader study part. In "
        "the reader study part the parameters file calls every reading unaided; the AI's own "
        "became standalone on entry."
    )
    given = source(constants={"modality": "standalone"})
    unchanged = {"reader_study": {"readings": entry(["a"], ["a"], unaided, given)}}
    assert "on entry" not in exhibits.own_readings_text(
        study(unchanged, readings=READ, readers=readers(ai()))
    )
    assert "on entry" not in exhibits.own_readings_text(
        study({}, readings=READ, readers=readers(ai()))
    )


def test_own_readings_of_people_only():
    alone = readings(("r1", "unaided", "complete", 1.0, 0.0))
    assert (
        exhibits.own_readings_text(study({}, readings=alone, readers=readers()))
        == "No reading is an AI's own."
    )


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (ai(score_min=0.0, score_max=1.0, score_kind="breast"), "0 to 1, one score per breast"),
        (ai(score_min=0.0, score_max=NAN, score_kind=NAN), "ends not recorded"),
        ({"reader_id": "AI", "kind": "ai"}, "ends not recorded"),
    ],
)
def test_scale_of_an_ai_with_and_without_its_columns(row, shown):
    assert cells(exhibits.readers_table(study(readers=readers(row))).table)[2][3] == shown


def test_an_ai_without_name_has_dashes():
    bare = readers({"reader_id": "AI", "kind": "ai"})
    assert cells(exhibits.readers_table(study(readers=bare)).table)[2][:3] == ("AI", "—", "—")


def test_parts_without_readers_or_readings_have_no_tables():
    assert exhibits.readers_table(study(readers={})) is None
    assert exhibits.readings_table(study(readings={}, readers={})) is None
    assert exhibits.readings_table(study(readings=READ, readers={})) is None
    assert exhibits.record(study(readings=READ, readers={})) == {}
    assert dict(exhibits.head(study(one("cases"))).facts)["Readings"] == "0"


def test_record_holds_the_share_of_readings_that_came():
    record = exhibits.record(study(readings=READ, readers=readers(ai())))
    ai_share = record["complete_reader_study_ai"]
    assert (ai_share.numerator, ai_share.denominator) == (1, 2)
    assert record["complete_reader_study_human"].estimate == 1


# ---------------------------------------------------------------- a study by hand


def whole(rows, columns, filled, *sources):
    return entry(columns, filled, *sources, rows=rows)


SOURCES = {
    "reader_study": {
        "cases": whole(
            200,
            ["case_id", "truth", "patient_id"],
            ["case_id", "truth"],
            source(columns={"truth": "t"}),
        ),
        "readers": whole(
            3,
            ["reader_id"],
            ["reader_id"],
            source(
                columns={"kind": "role"},
                values={"kind": {"CAD": "ai"}},
                constants={"version": "2013"},
            ),
            source(file=None, rows=[{"reader_id": "AI"}, {"product": "P"}]),
        ),
    },
    "prospective": {"cases": whole(7, ["case_id"], ["case_id"])},
}
READERS = {
    "reader_study": pd.DataFrame(
        {
            "reader_id": ["r1", "r2", "ai"],
            "kind": ["human", "human", "ai"],
            "product": [None, None, "CAD"],
            "version": [None, None, "2"],
            "score_min": [np.nan, np.nan, 0],
            "score_max": [np.nan, np.nan, 100],
            "score_kind": [None, None, "exam"],
        }
    )
}
READINGS = {
    "reader_study": pd.DataFrame(
        {
            "reader_id": ["r1", "r2", "ai", "ai"],
            "modality": ["unaided", "unaided", "standalone", "standalone"],
            "status": ["complete", "complete", "complete", "failed"],
            "rating": [1.0, 2.0, 50.0, np.nan],
            "call": [0.0, np.nan, np.nan, np.nan],
        }
    )
}


def test_answer_counts_tables_rows_and_parts():
    assert exhibits.head(study(SOURCES)).answer == (
        "Three tables with 210 rows, in two parts of the study, were read and passed every check."
    )


def test_facts_count_files_empty_columns_and_states():
    facts = dict(exhibits.head(study(SOURCES, readings=READINGS)).facts)
    assert facts["Files"] == "1"
    assert facts["Columns without a value"] == "1"
    assert facts["Failed or missing"] == "1 and 0"
    simulated = {"prospective": SOURCES["prospective"]}
    assert (
        dict(exhibits.head(study(simulated, readings=READINGS)).facts)["Files"]
        == "none: simulated in memory"
    )


def test_tables_view_names_empty_columns_and_the_content():
    rows = exhibits.tables_table(study(SOURCES)).table.rows
    assert rows[0].cells == ["Reader study part"]
    assert rows[1].cells == ["cases", "200", "3", "patient_id", "01234567"]


def test_columns_view_says_where_each_column_comes_from():
    cells = [tuple(row.cells) for row in exhibits.columns_table(study(SOURCES)).table.rows]
    assert ("truth", "ratings.csv, t", "") in cells
    assert ("kind", "ratings.csv, role", "CAD: ai") in cells
    assert ("version", "the same for all rows: 2013", "") in cells
    assert ("reader_id", "parameters file", "") in cells
    assert ("all columns", "simulated", "") in cells


def test_readers_view_counts_people_and_lists_every_ai():
    rows = exhibits.readers_table(study(readers=READERS)).table.rows
    assert rows[1].cells[:2] == ["readers", "2"]
    assert rows[2].cells == ["AI", "CAD", "2", "0 to 100, one score per exam"]


def test_readings_view_keeps_failed_apart():
    rows = {
        row.cells[0]: row.cells
        for row in exhibits.readings_table(study(readings=READINGS, readers=READERS)).table.rows
    }
    assert rows["AI, standalone"] == ["AI, standalone", "1", "1", "0", "2", "1", "0"]
    assert rows["readers, unaided"] == ["readers, unaided", "2", "0", "0", "2", "2", "1"]


def test_no_reader_id_is_shown():
    for view in (
        exhibits.readers_table(study(readers=READERS)).table,
        exhibits.readings_table(study(readings=READINGS, readers=READERS)).table,
    ):
        assert "r1" not in repr(view)


def test_study_prints_as_its_tables():
    shown = repr(study(SOURCES))
    assert "reader_study cases    200" in shown
    assert "r1" not in shown
