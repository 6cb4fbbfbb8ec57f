"""Small reader studies and workbooks that the tests of other programs' files share."""

import numpy as np
import openpyxl
import pandas as pd

from toolkit.readers.interchange.study import checked_tables
from toolkit.tables import TABLES, TableData

KEYS = {name: list(definition.key) for name, definition in TABLES.items()}


def table_data(**frames):
    """Checked tables of raw frames, as a reader returns them."""
    raw = {
        name: TableData(
            frame=frame,
            files=pd.Series([f"{name}.csv"] * len(frame), dtype=object).to_numpy(),
            rows=np.arange(2, len(frame) + 2),
        )
        for name, frame in frames.items()
    }
    return checked_tables(raw)


def same_tables(one, other, *, only=None):
    """Assert that two studies hold the same rows, whatever their order."""
    names = list(only or one)
    assert only or one.keys() == other.keys()
    for name in names:
        first, second = (
            tables[name].frame.sort_values(KEYS[name]).reset_index(drop=True)
            for tables in (one, other)
        )
        pd.testing.assert_frame_equal(first, second, rtol=0, atol=1e-12)


def workbook(path, sheets):
    """Write a workbook of sheets of rows; return its path."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


TRUTH_6 = ["CaseID", "LesionID", "Weight", "ReaderID", "ModalityID", "Paradigm"]
FP = ["ReaderID", "ModalityID", "CaseID", "FP_Rating"]
TP = ["ReaderID", "ModalityID", "CaseID", "LesionID", "TP_Rating"]


def froc_sheets():
    """A FROC study: two cases without a lesion, one with one and one with two; two readers."""
    who = ["0,1", "A,B"]
    return {
        "TRUTH": [
            [*TRUTH_6],
            [1, 0, 0, *who, "FROC"],
            [2, 0, 0, *who, "FCTRL"],
            [70, 1, 0.3, *who],
            [70, 2, 0.7, *who],
            ["007", 1, 1, *who],
        ],
        "FP": [[*FP], ["0", "A", 1, 1.5], ["0", "A", 1, 2.5], ["1", "B", 70, 0.5]],
        "TP": [[*TP], ["0", "A", 70, 2, 5], ["1", "A", "007", 1, 4.25], ["1", "B", 70, 1, 3]],
    }


def roc_sheets():
    """A ROC study in the older layout: three columns of TRUTH, sheets NL and LL."""
    cases = [(1, 0), (2, 0), (3, 1), (4, 1)]
    ratings = {1: 1, 2: 2, 3: 2, 4: 5}
    rows = [(r, m, c, truth) for r in ("0", "1") for m in ("0", "1") for c, truth in cases]
    return {
        "Truth": [TRUTH_6[:3], *([c, truth, truth] for c, truth in cases)],
        "NL": [
            ["ReaderID", "ModalityID", "CaseID", "NLRating"],
            *([r, m, c, ratings[c]] for r, m, c, truth in rows if not truth),
        ],
        "LL": [
            ["ReaderID", "ModalityID", "CaseID", "LesionID", "LLRating"],
            *([r, m, c, 1, ratings[c]] for r, m, c, truth in rows if truth),
        ],
    }
