"""A place is carried from the image for processing to that for presentation, or left alone."""

import pytest

from toolkit.readers.dicom.pixels.grey_scale import on_presentation, presentation_images


def image(uid, kind="ffdm_for_presentation", references=(), **values):
    return {
        "image_id": uid,
        "kind": kind,
        "references": list(references),
        "pixel_spacing_mm": 0.1,
        "rows": 100,
        "columns": 80,
        "frames": 1,
        "laterality": "L",
        "view": "CC",
        "patient_orientation": "A\\R",
        "horizontal_flip": "NO",
        **values,
    }


RAW = image("raw", "ffdm_for_processing")


def test_the_same_pixel_is_the_same_place():
    same, differ = presentation_images([RAW, image("shown", references=["raw"])])
    assert (same, differ) == ({"raw": "shown"}, set())
    moved, left = on_presentation(
        [{"image_id": "raw", "x_px": 3.0}, {"image_id": "x"}], same, differ
    )
    assert moved == [{"image_id": "shown", "x_px": 3.0}, {"image_id": "x"}]
    assert left == 0


@pytest.mark.parametrize(
    "other",
    [
        {"rows": 101},
        {"columns": 79},
        {"pixel_spacing_mm": 0.2},
        {"pixel_spacing_mm": None},
        {"horizontal_flip": "YES"},
        {"patient_orientation": "P\\L"},
        {"laterality": "R"},
        {"view": "MLO"},
    ],
)
def test_another_geometry_leaves_the_mark_where_it_is(other):
    same, differ = presentation_images([RAW, image("shown", references=["raw"], **other)])
    assert (same, differ) == ({}, {"raw"})
    moved, left = on_presentation([{"image_id": "raw"}], same, differ)
    assert (moved, left) == ([{"image_id": "raw"}], 1)


def test_spacing_may_be_rounded():
    shown = image("shown", references=["raw"], pixel_spacing_mm=0.1 * (1 + 1e-9))
    assert presentation_images([RAW, shown])[0] == {"raw": "shown"}


def test_two_images_for_presentation_are_no_answer():
    images = [RAW, image("one", references=["raw"]), image("two", references=["raw"])]
    assert presentation_images(images) == ({}, {"raw"})


def test_references_to_other_objects_do_not_count():
    images = [RAW, image("shown", references=["elsewhere"]), image("sr", "cad_sr", ["raw"])]
    assert presentation_images(images) == ({}, set())
