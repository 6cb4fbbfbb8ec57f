"""Marks on displayed images: mapped where one answer is possible, refused where two are."""

import numpy as np
import pandas as pd
import pytest

from tests.mark_sample import tables
from toolkit.scoring.mark_mapping import ImageFrame, mapped_points, marks_on_stored_images
from toolkit.scoring.ratings import ScoringError

STORED = ImageFrame(rows=1000, columns=800, pixel_spacing_mm=0.1, mirrored=False)


def mapped(x, y, source, *, unit="px", target=STORED):
    across, down = mapped_points([x], [y], unit=unit, source=source, target=target)
    return float(across[0]), float(down[0])


@pytest.mark.parametrize(
    ("source", "unit", "place", "expected"),
    [
        (STORED, "px", (10, 20), (10, 20)),
        (STORED, "mm", (10, 20), (100, 200)),
        (ImageFrame(rows=500, columns=400, mirrored=False), "px", (10, 20), (20, 40)),
        (ImageFrame(rows=500, columns=400, mirrored=True), "px", (10, 20), (780, 40)),
        (
            ImageFrame(rows=500, columns=400, pixel_spacing_mm=0.2, mirrored=True),
            "mm",
            (2, 4),
            (780, 40),
        ),
        # One row is lost by rounding: still the same field.
        (ImageFrame(rows=333, columns=267, mirrored=False), "px", (0, 333), (0, 1000)),
    ],
)
def test_places_are_carried_over(source, unit, place, expected):
    assert mapped(*place, source, unit=unit) == pytest.approx(expected, rel=1e-12)


def test_mapping_there_and_back_is_the_place():
    other = ImageFrame(rows=512, columns=410, mirrored=True)
    there = mapped_points([3.0, 700.0], [5.0, 900.0], unit="px", source=STORED, target=other)
    x, y = mapped_points(*there, unit="px", source=other, target=STORED)
    assert x == pytest.approx([3, 700])
    assert y == pytest.approx([5, 900])


def test_one_image_of_unknown_orientation_is_itself():
    same = ImageFrame(rows=1000, columns=800)
    assert mapped(10, 20, same, target=same) == (10, 20)


@pytest.mark.parametrize(
    ("source", "place", "unit", "message"),
    [
        (ImageFrame(rows=900, columns=800, mirrored=False), (1, 1), "px", "has other proportions"),
        (
            ImageFrame(rows=500, columns=400, pixel_spacing_mm=0.1, mirrored=False),
            (1, 1),
            "px",
            "differ in size by 2 but in pixel spacing by 1",
        ),
        (
            ImageFrame(rows=500, columns=400),
            (1, 1),
            "px",
            "the image that was marked is mirrored is",
        ),
        (
            ImageFrame(rows=500, columns=400, mirrored=False),
            (1, 1),
            "mm",
            "places in mm need the pix",
        ),
        (STORED, (801, 1), "px", "1 of 1 places lie outside the image that was marked"),
        (STORED, (1, -1), "px", "lie outside the image that was marked"),
        (STORED, (np.nan, 1), "px", "lie outside the image that was marked"),
        (STORED, (81, 1), "mm", "lie outside the image that was marked"),
        (STORED, (1, 1), "cm", "unit must be 'px' or 'mm', but got 'cm'"),
    ],
)
def test_ambiguous_places_are_refused(source, place, unit, message):
    with pytest.raises(ScoringError, match=message):
        mapped(*place, source, unit=unit)


def test_unknown_orientation_of_the_target_is_refused():
    target = ImageFrame(rows=1000, columns=800)
    with pytest.raises(ScoringError, match="the image that lesions refer to is mirrored is not"):
        mapped(1, 1, STORED, target=target)


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"columns": 0}, {"pixel_spacing_mm": 0.0}])
def test_frames_need_a_size(wrong):
    with pytest.raises(ScoringError, match="an image needs rows and columns of 1 or more"):
        ImageFrame(**{"rows": 10, "columns": 10, **wrong})


def shown(**changes):
    row = {"image_id": "C1-L-CC", "rows": 500, "columns": 400, "mirrored": 1.0}
    return pd.DataFrame([{**row, "pixel_spacing_mm": np.nan, **changes}])


def test_marks_of_a_table_are_mapped_by_image():
    given = tables(
        marks=[
            ("A", "C1", "unaided", 1.0, "C1-L-CC", 10.0, 20.0),
            ("A", "C1", "unaided", 1.0, "C1-R-CC", 10.0, 20.0),
        ]
    )
    found = marks_on_stored_images(given.marks, shown(), given.images, unit="px")
    assert found["x_px"].tolist() == [780, 10]
    assert found["y_px"].tolist() == [40, 20]
    assert given.marks["x_px"].tolist() == [10, 10]  # the table itself stays
    both = shown(pixel_spacing_mm=0.2)
    with pytest.raises(ScoringError, match="row 2 is on an image that the table shown does not"):
        marks_on_stored_images(given.marks, both, given.images, unit="mm")
    with pytest.raises(ScoringError, match="is mirrored is not known"):
        marks_on_stored_images(given.marks, shown(mirrored=np.nan), given.images, unit="px")
    with pytest.raises(ScoringError, match="row 1 is on an image that the table images does not"):
        marks_on_stored_images(given.marks, shown(), given.images.iloc[1:], unit="px")
    twice = pd.concat([shown(), shown()])
    with pytest.raises(ScoringError, match="an image must be shown in one way"):
        marks_on_stored_images(given.marks, twice, given.images, unit="px")
