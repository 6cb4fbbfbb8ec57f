"""Tables that break no rule of chapter 01, small enough to count by hand."""

import numpy as np
import pandas as pd

from toolkit.chapters.data_quality.analysis import analyse

NAN = np.nan
VIEWS = [(side, view) for side in "LR" for view in ("CC", "MLO")]
TIMES = {"exam_date": "datetime64[ns]", "cancer_date": "datetime64[ns]"}


class Tables:
    """Tables as ``load_tables`` returns them."""

    def __init__(self, part, frames):
        self.part = part
        self.frames = frames

    def optional(self, name):
        return self.frames.get(name)


def sound():
    """Return four examinations of three women: c1 has a cancer, c3 and c4 are of one woman.

    A reader reads all of them unaided, c3 and c4 aided as well.
    """
    cases = pd.DataFrame(
        [
            ("c1", "p1", 1, "pathology_malignant", 25, "2024-01-10 09:00", "2024-01-20", 60, 1),
            ("c2", "p2", 0, "follow_up_24_months", 24, "2024-02-10 09:00", NAN, 50, 0),
            ("c3", "p3", 0, "pathology_benign", 30, "2024-03-10 09:00", NAN, 40, 1),
            ("c4", "p3", 0, "follow_up_12_months", 12, "2026-03-10 09:00", NAN, 42, 0),
        ],
        columns=[
            *("case_id", "patient_id", "truth", "truth_source", "follow_up_months"),
            *("exam_date", "cancer_date", "age_years", "recalled"),
        ],
    ).astype(TIMES | {"follow_up_months": "float64"})
    cases["density"] = "B"
    readings = [
        {
            "reader_id": reader,
            "case_id": row.case_id,
            "modality": modality,
            "session": "1",
            "rating": NAN if reader == "R" else 5.0 + number,
            "call": row.recalled if reader == "R" else NAN,
            "status": "complete",
            "read_at": row.exam_date + pd.Timedelta(hours=hours),
        }
        for number, row in enumerate(cases.itertuples())
        for reader, modality, hours in (
            ("R", "unaided", 1),
            ("AI", "standalone", 2),
            ("R", "aided", 3),
        )
        if modality != "aided" or row.case_id in ("c3", "c4")
    ]
    readers = pd.DataFrame(
        {
            "reader_id": ["R", "AI", "AI3"],
            "kind": ["human", "ai", "ai"],
            "product": [NAN, "Detect", "Detect"],
            "version": [NAN, "2", "3"],
            "score_min": [NAN, 1.0, 1.0],
            "score_max": [NAN, 10.0, 10.0],
            "score_kind": [NAN, "exam", "exam"],
        }
    )
    images = pd.DataFrame(
        [
            (f"{case}{side}{view}", case, side, view)
            for case in cases["case_id"]
            for side, view in VIEWS
        ],
        columns=["image_id", "case_id", "laterality", "view"],
    )
    images["sha256"] = [f"hash {number}" for number in range(len(images))]
    lesions = pd.DataFrame(
        {"case_id": ["c1", "c1"], "lesion_id": ["1", "1"], "image_id": ["c1LCC", "c1LMLO"]}
    )
    return {
        "cases": cases,
        "readers": readers[:2],
        "readings": pd.DataFrame(readings),
        "images": images,
        "lesions": lesions,
    }


def version_3(frames):
    """Return the tables with c3 and c4 read by another version of the AI."""
    frames["readers"] = pd.concat(
        [frames["readers"], frames["readers"][1:].assign(reader_id="AI3", version="3")],
        ignore_index=True,
    )
    later = frames["readings"]["case_id"].isin(["c4"]) & (frames["readings"]["reader_id"] == "AI")
    frames["readings"].loc[later, "reader_id"] = "AI3"


def study(frames, part="retrospective", **choices):
    """Return the study of some tables."""
    return analyse(Tables(part, frames), **choices)


def found(frames, part="retrospective"):
    """Return what each rule found, by its key: issues and of how many, or why not checked."""
    return {
        result.rule.key: (result.found.issues, result.found.checked)
        if result.found
        else result.reason
        for result in study(frames, part).results
    }


def drifting(shift):
    """Return 12 months of 40 cases each, whose scores rise by ``shift`` from month 7 on."""
    frames = sound()
    rows, n = [], 12 * 40
    dates = pd.to_datetime([f"2024-{1 + number // 40:02d}-05" for number in range(n)])
    cases = pd.DataFrame(
        {
            "case_id": [f"d{number}" for number in range(n)],
            "patient_id": [f"w{number}" for number in range(n)],
            "truth": 0.0,
            "truth_source": "follow_up_24_months",
            "exam_date": dates,
            "device": np.where(np.arange(n) < 240, "old", "new"),
            "site": "one",
        }
    )
    for number in range(n):
        score = 1.0 + number % 5 + (shift if number >= 240 else 0)
        rows.append(("AI", f"d{number}", "standalone", "1", score, NAN, "complete"))
    names = ["reader_id", "case_id", "modality", "session", "rating", "call", "status"]
    return {
        "cases": cases,
        "readers": frames["readers"],
        "readings": pd.DataFrame(rows, columns=names),
    }
