"""Small tables of lesions, images and marks that tests of marks share."""

import numpy as np
import pandas as pd

from toolkit.scoring.mark_readings import MarkTables

VIEWS = ("CC", "MLO")


def frame(rows, columns):
    """Return a table as a checked one has it: text as str, numbers as float."""
    table = pd.DataFrame(rows, columns=columns)
    for column in table:
        present = table[column].dropna()
        if all(isinstance(value, str) for value in present):
            table[column] = table[column].astype("str")
        else:
            table[column] = table[column].astype("float64")
    return table


def tables(
    *,
    cases=(("C1", "P1", 1), ("C2", "P2", 0)),
    readers=(("A", "human", None), ("B", "human", None)),
    modalities=("unaided",),
    lesions=(("C1", "1", "C1-L-CC", 100.0, 100.0, 20.0, None, "mass", 12.0),),
    marks=(),
    spacing=0.1,
    read=None,
):
    """Return tables of examinations with two views of two breasts each, 1000 x 800 pixels.

    A mark is (reader, case, modality, rating, image, x, y).
    """
    case_ids = [case[0] for case in cases]
    images = [
        (f"{case}-{side}-{view}", case, side, view, 1000.0, 800.0, spacing)
        for case in case_ids
        for side in "LR"
        for view in VIEWS
    ]
    readings = read or [
        (reader[0], case, modality, "1", "complete")
        for reader in readers
        for case in case_ids
        for modality in modalities
    ]
    columns = ["case_id", "lesion_id", "image_id", "x_px", "y_px", "radius_px", "outline"]
    reader_columns = ["reader_id", "kind", "export_floor"]
    reader_table = frame(readers, reader_columns)
    reader_table["product"] = np.where(reader_table["kind"] == "ai", "CAD", None)
    return MarkTables(
        cases=frame(cases, ["case_id", "patient_id", "truth"]),
        readers=reader_table,
        readings=frame(readings, ["reader_id", "case_id", "modality", "session", "status"]),
        images=frame(
            images,
            ["image_id", "case_id", "laterality", "view", "rows", "columns", "pixel_spacing_mm"],
        ),
        lesions=frame(lesions, [*columns, "lesion_type", "size_mm"]),
        marks=frame(
            [
                (reader, case, modality, "1", f"m{number}", rating, image, x, y)
                for number, (reader, case, modality, rating, image, x, y) in enumerate(marks)
            ],
            [
                "reader_id",
                "case_id",
                "modality",
                "session",
                "mark_id",
                "rating",
                "image_id",
                "x_px",
                "y_px",
            ],
        ),
    )


def drawn_tables(seed, *, n_cases=6, n_marks=60):
    """Return random tables: lesions on one or two views, marks all over, ties in rating."""
    draw = np.random.default_rng(seed)
    cases = [(f"C{number}", f"P{number // 2}", int(number % 2)) for number in range(n_cases)]
    lesions = []
    for case, _, truth in cases:
        for lesion in range(int(draw.integers(1, 4)) if truth else int(draw.integers(0, 2))):
            side = "LR"[draw.integers(2)]
            views = VIEWS if draw.random() < 0.7 else VIEWS[:1]
            for view in views:
                x, y = draw.integers(2, 14, 2) * 50.0
                image = f"{case}-{side}-{view}"
                lesions.append((case, str(lesion + 9), image, x, y, 40.0, None, "mass", 10.0))
    marks = []
    for _ in range(n_marks):
        case = cases[draw.integers(n_cases)][0]
        image = f"{case}-{'LR'[draw.integers(2)]}-{VIEWS[draw.integers(2)]}"
        x, y = draw.integers(0, 16, 2) * 50.0
        marks.append(
            ("AB"[draw.integers(2)], case, "unaided", float(draw.integers(1, 5)), image, x, y)
        )
    return tables(cases=cases, lesions=lesions, marks=marks)
