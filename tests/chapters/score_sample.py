"""Small tables of AI scores, written by hand or by rule, for the tests of chapter 04."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from toolkit.chapters.scores.analysis import analyse

NAN = np.nan

# Case, patient, truth, indication, date, weight; score and status of the AI ("" has no row).
ROWS = [
    ("c1", "p1", 0, "screening", "2024-01-03", 6, 1.0, "complete"),
    ("c2", "p2", 0, "screening", "2024-01-20", 6, 1.49, "complete"),
    ("c3", "p3", 0, "screening", "2024-02-01", 6, 1.5, "complete"),
    ("c4", "p4", 1, "screening", "2024-02-09", 1, 9.8, "complete"),
    ("c5", "p4", NAN, "screening", "2024-03-30", 6, 4.0, "complete"),
    ("c6", "p5", 1, "symptomatic", "2024-03-31", 1, 10.0, "complete"),
    ("c7", "p6", 0, "symptomatic", NAN, 6, 7.2, "complete"),
    ("c8", "p7", 1, "follow_up", "2024-01-09", 1, NAN, "failed"),
    ("c9", "p8", 0, NAN, "2024-02-11", 6, NAN, "missing"),
    ("c10", NAN, 0, "screening", "2024-02-12", 6, NAN, ""),
    ("c11", NAN, NAN, "screening", "2024-02-13", 6, NAN, "complete"),
]
TEN = [0.1] * 10


def tables(rows=ROWS, **reader):
    """Return readings, readers and cases as canonical tables."""
    case, patient, truth, indication, date, weight, score, status = zip(*rows, strict=True)
    cases = pd.DataFrame(
        {
            "case_id": pd.Series(case, dtype="str"),
            "patient_id": pd.Series(patient, dtype="str"),
            "truth": pd.Series(truth, dtype="float64"),
            "indication": pd.Series(indication, dtype="str"),
            "exam_date": pd.to_datetime(pd.Series(date)),
            "weight": pd.Series(weight, dtype="float64"),
        }
    )
    readings = pd.DataFrame(
        {
            "reader_id": "AI",
            "case_id": pd.Series(case, dtype="str"),
            "modality": "standalone",
            "session": "1",
            "rating": pd.Series(score, dtype="float64"),
            "call": np.where([r == "complete" for r in status] & np.isnan(score), 1.0, NAN),
            "status": pd.Series(status, dtype="str"),
        }
    )
    about = {"product": "AI", "version": "2.1", "score_min": 1.0, "score_max": 10.0} | reader
    readers = pd.DataFrame([{"reader_id": "AI", "kind": "ai", "score_kind": "exam"} | about])
    return readings[readings["status"] != ""], readers, cases


def study(rows=ROWS, **choices):
    """Return the study of some rows."""
    return study_of(*tables(rows), **choices)


def study_of(readings, readers, cases, **choices):
    """Return the study of some tables."""
    return analyse(SimpleNamespace(readings=readings, readers=readers, cases=cases), **choices)


def many(shares, *, n=2000, cancers=(), indication="screening", weight=1.0, clusters=False):
    """Return rows of ``n`` cases without cancer in classes 1 to 10, and some cancers by class."""
    counts = np.round(np.array(shares) * n).astype(int)
    scores = np.repeat(np.arange(1.0, 11), counts).tolist()
    rows = [
        (
            f"n{i}",
            f"w{i // 2 if clusters else i}",
            0,
            indication,
            "2024-01-01",
            weight,
            s,
            "complete",
        )
        for i, s in enumerate(scores)
    ]
    return rows + [
        (f"k{i}", f"v{i}", 1, indication, "2024-01-01", 1.0, float(s), "complete")
        for i, s in enumerate(cancers)
    ]


def by_month(counts_by_month, *, unscored=()):
    """Return rows of months with so many cases in class 1 and in class 10, and failures."""
    rows = []
    for month, (low, high) in enumerate(counts_by_month, start=1):
        failed = unscored[month - 1] if unscored else 0
        scores = (
            [(1.0, "complete")] * low + [(10.0, "complete")] * high + [(NAN, "failed")] * failed
        )
        rows += [
            (f"m{month}-{i}", f"m{month}-{i}", 0, "screening", f"2024-{month:02d}-05", 1.0, *score)
            for i, score in enumerate(scores)
        ]
    return rows
