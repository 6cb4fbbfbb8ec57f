"""Studies of marks so small that their numbers can be worked out by hand."""

from dataclasses import replace

from tests.chapters.given import Given
from tests.mark_sample import tables
from toolkit.chapters.localization.analysis import analyse

CASES = (("C1", "P1", 1), ("C2", "P2", 1), ("C3", "P3", 0), ("C4", "P4", 0))
LESIONS = (
    ("C1", "1", "C1-L-CC", 100.0, 100.0, 20.0, None, "mass", 12.0),
    ("C2", "1", "C2-R-CC", 200.0, 200.0, 20.0, None, "calcification", 8.0),
)
# 0.1 mm a pixel: the third mark of B lies 10 mm from the lesion, and one lies in the other breast.
MARKS = (
    ("A", "C1", "unaided", 3.0, "C1-L-CC", 110.0, 100.0),
    ("A", "C3", "unaided", 1.0, "C3-L-CC", 50.0, 50.0),
    ("A", "C1", "aided", 4.0, "C1-L-CC", 100.0, 120.0),
    ("A", "C2", "aided", 3.0, "C2-R-CC", 200.0, 200.0),
    ("B", "C2", "unaided", 2.0, "C2-L-CC", 200.0, 200.0),
    ("B", "C1", "aided", 2.0, "C1-L-CC", 200.0, 100.0),
    ("B", "C3", "aided", 3.0, "C3-R-MLO", 300.0, 300.0),
)
AI_MARKS = (
    ("X", "C1", "standalone", 60.0, "C1-L-CC", 105.0, 100.0),
    ("X", "C2", "standalone", 30.0, "C2-L-CC", 105.0, 100.0),
    ("X", "C4", "standalone", 25.0, "C4-L-CC", 105.0, 100.0),
)


def hand_tables(*, ai=True, people=("A", "B"), floor=20.0, cases=CASES, **changes):
    """Return two readers in two modalities, and an AI, on four examinations."""
    readers = [(reader, "human", None) for reader in people] + [("X", "ai", floor)] * ai
    read = [
        (reader, case[0], modality, "1", "complete")
        for reader in people
        for case in cases
        for modality in ("unaided", "aided")
    ]
    read += [("X", case[0], "standalone", "1", "complete") for case in cases if ai]
    marks = [mark for mark in (*MARKS, *AI_MARKS) if mark[0] in (*people, *("X" * ai))]
    return tables(cases=cases, readers=readers, read=read, lesions=LESIONS, marks=marks, **changes)


def without_places(made):
    """Return the same study as a JAFROC file has it: marks are LL or NL, and there is no image."""
    hits = made.marks["image_id"].isin([lesion[2] for lesion in LESIONS])
    marks = made.marks.assign(
        mark_type=hits.map({True: "LL", False: "NL"}).astype("str"),
        lesion_id=hits.map({True: "1", False: None}).astype("str").where(hits),
    ).drop(columns=["image_id", "x_px", "y_px"])
    lesions = made.lesions[["case_id", "lesion_id"]]
    return replace(made, marks=marks, lesions=lesions, images=None)


def studied(made, plan):
    """Return the study of some tables."""
    return analyse(Given(made), **plan)


def hand_plan(**changes):
    return {"hit_radius_mm": 15.0, "ai_modality": "standalone", **changes}


def hand_study(plan=None, **changes):
    return studied(hand_tables(**changes), plan or hand_plan())
