"""What chapter 00 says of the files: counts by hand, maps as they were written."""

import numpy as np
import pandas as pd

from toolkit.chapters.intake import show_intake as intake


def source(**changes):
    values = {"file": "a/ratings.csv", "rows": None, "columns": {}, "values": {}, "constants": {}}
    return {"map": {**values, **changes}, "sha256": "f" * 64}


def entry(rows, columns, filled, *sources):
    return {
        "rows": rows,
        "columns": columns,
        "filled": filled,
        "sha256": "0123456789abcdef",
        "sources": list(sources),
    }


SOURCES = {
    "reader_study": {
        "cases": entry(
            200,
            ["case_id", "truth", "patient_id"],
            ["case_id", "truth"],
            source(columns={"truth": "t"}),
        ),
        "readers": entry(
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
    "prospective": {"cases": entry(7, ["case_id"], ["case_id"])},
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
    assert intake.answer(SOURCES) == (
        "Three tables with 210 rows, in two parts of the study, were read and passed every check."
    )


def test_facts_count_files_empty_columns_and_states():
    facts = dict(intake.facts(SOURCES, READINGS))
    assert facts["Files"] == "1"
    assert facts["Columns without a value"] == "1"
    assert facts["Failed or missing"] == "1 and 0"
    simulated = {"prospective": SOURCES["prospective"]}
    assert dict(intake.facts(simulated, READINGS))["Files"] == "none: simulated in memory"


def test_tables_view_names_empty_columns_and_the_content():
    rows = intake.tables_view(SOURCES).rows
    assert rows[0].cells == ["Reader study part"]
    assert rows[1].cells == ["cases", "200", "3", "patient_id", "01234567"]


def test_columns_view_says_where_each_column_comes_from():
    cells = [tuple(row.cells) for row in intake.columns_view(SOURCES).rows]
    assert ("truth", "ratings.csv, t", "") in cells
    assert ("kind", "ratings.csv, role", "CAD: ai") in cells
    assert ("version", "the same for all rows: 2013", "") in cells
    assert ("reader_id", "parameters file", "") in cells
    assert ("all columns", "simulated", "") in cells


def test_readers_view_counts_people_and_lists_every_ai():
    rows = intake.readers_view(READERS).rows
    assert rows[1].cells[:2] == ["people", "2"]
    assert rows[2].cells == ["AI", "CAD", "2", "0 to 100, one score per exam"]


def test_readings_view_keeps_failed_apart():
    rows = {row.cells[0]: row.cells for row in intake.readings_view(READINGS, READERS).rows}
    assert rows["AI, standalone"] == ["AI, standalone", "1", "1", "0", "2", "1", "0"]
    assert rows["people, unaided"] == ["people, unaided", "2", "0", "0", "2", "2", "1"]


def test_no_reader_id_is_shown():
    for view in (intake.readers_view(READERS), intake.readings_view(READINGS, READERS)):
        assert "r1" not in repr(view)
