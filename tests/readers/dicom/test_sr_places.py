"""Places and numbers of reports, against the standard's conventions and plain geometry."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sr_samples import finding, image, item, number, said, shape
from toolkit.readers.dicom.reports.places import (
    NoPlaceError,
    UnreadableError,
    number_of,
    percent_of,
    shape_of,
)
from toolkit.readers.dicom.reports.tree import Written, content_tree
from toolkit.scoring.mark_rules import area, centroid, polygon_of


def place(graphic, *points):
    tree = content_tree(item("CONTAINER", None, shape(graphic, *points)))
    return shape_of(tree.items[1, 1])


def first(*shapes):
    return said(finding(*shapes)).findings[0]


def reasons(*shapes):
    return [(one.path, one.reason) for one in said(finding(*shapes)).not_mapped]


def test_origin_is_the_corner_of_the_first_pixel():
    """Pitfall 6: 0.5, 0.5 is the centre of the first pixel, and (column, row) the order."""
    assert place("POINT", 0.5, 0.5).centre == (0.5, 0.5)
    assert (first(shape("POINT", 7.0, 3.0)).x_px, first(shape("POINT", 7.0, 3.0)).y_px) == (7, 3)


def test_mark_at_the_far_corner_lies_in_an_image_of_that_size():
    """Columns, rows is the bottom right corner, and the tables take it as inside."""
    import pandas as pd

    from toolkit.scoring.mark_hits import _require_inside

    frame = pd.DataFrame({"x_px": [48.0, 0.0], "y_px": [64.0, 0.0], "columns": 48, "rows": 64})
    _require_inside(frame, frame, "marks")


def test_circle_is_centre_and_a_point_on_its_edge():
    found = place("CIRCLE", 10.0, 20.0, 13.0, 24.0)
    assert (found.centre, found.radius_px, found.outline) == ((10.0, 20.0), 5.0, "")


@given(
    st.floats(0, 4000), st.floats(0, 4000), st.floats(1, 500), st.floats(0.1, 1), st.floats(0, 7)
)
def test_ellipse_has_its_centre_and_area(x, y, major, ratio, angle):
    minor = major * ratio
    across, down = math.cos(angle), math.sin(angle)
    points = (
        x - major * across, y - major * down, x + major * across, y + major * down,
        x - minor * down, y + minor * across, x + minor * down, y - minor * across,
    )  # fmt: skip
    found = place("ELLIPSE", *points)
    corners = polygon_of(found.outline)
    assert found.centre == pytest.approx((x, y), abs=1e-6)
    np.testing.assert_allclose(centroid(corners), (x, y), atol=0.05)
    # six digits of a coordinate near 4,000 are 0.005 pixels
    assert area(corners) == pytest.approx(math.pi * major * minor, rel=0.05 / minor + 1e-4)


def test_polyline_is_a_closed_outline_around_its_centre_of_gravity():
    found = place("POLYLINE", 0.0, 0.0, 4.0, 0.0, 4.0, 3.0, 0.0, 0.0)
    assert found.outline == "0,0 4,0 4,3"
    assert found.centre == pytest.approx(centroid(polygon_of(found.outline)))


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=3, max_size=8))
def test_centre_of_a_polygon_is_that_of_the_scoring(offsets):
    flat = [value + 3000 for pair in (*offsets, offsets[0]) for value in pair]
    try:
        found = place("POLYLINE", *flat)
    except NoPlaceError:
        return
    corners = np.array(flat[:-2]).reshape(-1, 2)
    if area(corners - 3000) < 1e-3:
        return
    np.testing.assert_allclose(found.centre, np.add(centroid(corners - 3000), 3000), rtol=1e-6)


@pytest.mark.parametrize(
    ("graphic", "points", "message"),
    [
        ("POINT", (1.0, 2.0, 3.0, 4.0), "a POINT needs 1 points"),
        ("CIRCLE", (1.0, 2.0), "a CIRCLE needs 2 points"),
        ("ELLIPSE", (1.0, 2.0, 3.0, 4.0), "a ELLIPSE needs 4 points"),
        ("CIRCLE", (1.0, 2.0, 1.0, 2.0), "the shape has no extent"),
        ("CIRCLE", (1e308, 2.0, -1e308, 2.0), "the shape has no extent"),
        ("ELLIPSE", (0.0, 0.0, 4.0, 0.0, 9.0, -1.0, 9.0, 1.0), "do not meet in their middle"),
        ("ELLIPSE", (0.0, 0.0, 4.0, 0.0, 2.0, 0.0, 2.0, 0.0), "the shape has no extent"),
        ("POLYLINE", (0.0, 0.0, 4.0, 0.0, 4.0, 3.0), "the line is open"),
        ("POLYLINE", (0.0, 0.0, 4.0, 0.0, 4.0, 3.0, 1.0, 1.0), "the line is open"),
        ("POLYLINE", (0.0, 0.0, 4.0, 0.0, 8.0, 0.0, 0.0, 0.0), "the shape has no extent"),
        ("MULTIPOINT", (1.0, 2.0), "the graphic type MULTIPOINT is not read"),
        ("", (1.0, 2.0), "the graphic type that is not given is not read"),
        ("POINT", (), "the graphic data are no points"),
        ("POINT", (1.0,), "the graphic data are no points"),
        ("POINT", (1.0, math.nan), "the graphic data are no points"),
        ("POINT", (1.0, math.inf), "the graphic data are no points"),
    ],
)
def test_coordinates_that_give_no_place_are_listed(graphic, points, message):
    with pytest.raises(NoPlaceError, match=message):
        place(graphic, *points)
    wrong = shape(graphic, *points)
    assert any(message in why for _, why in reasons(wrong))
    assert first(wrong).x_px is None


def test_centre_and_outline_make_one_place_whatever_their_order():
    centre = shape("POINT", 1.0, 2.0)
    outline = shape("CIRCLE", 5.0, 5.0, 8.0, 5.0, concept="111041")
    for shapes in ((centre, outline), (outline, centre)):
        found = first(*shapes)
        assert (found.x_px, found.y_px, found.radius_px) == (1.0, 2.0, 3.0)
        assert reasons(*shapes) == []


def test_open_outline_leaves_the_centre():
    line = shape("POLYLINE", 0.0, 0.0, 4.0, 0.0, 4.0, 3.0, concept="111041")
    found = first(shape("POINT", 1.0, 2.0), line)
    assert (found.x_px, found.outline) == (1.0, "")


def test_second_places_are_listed():
    centre = shape("POINT", 1.0, 2.0)
    circle = shape("CIRCLE", 5.0, 5.0, 8.0, 5.0, concept="111041")
    elsewhere = shape("CIRCLE", 5.0, 5.0, 8.0, 5.0, concept="111041", source=image("1.2.3.2"))
    second = "is a second place of its finding"
    assert reasons(centre, circle, circle) == [("1.2.4", second)]
    assert reasons(centre, centre) == [("1.2.3", second)]
    assert reasons(centre, elsewhere) == [
        ("1.2.3", "lies on another image than the rest of its finding")
    ]


def test_coordinates_of_another_meaning_are_no_place():
    muscle = shape("CIRCLE", 5.0, 5.0, 8.0, 5.0, concept="111045")
    assert first(muscle).x_px is None
    assert reasons(muscle) == [
        ("1.2.2", "coordinates that are neither centre nor outline of the finding")
    ]
    nipple = said(finding(muscle, kind=("T-04100", "SRT")), state="111241")
    assert nipple.not_mapped == ()


def test_coordinates_of_several_images_or_frames_are_listed():
    two = shape("POINT", 1.0, 2.0)
    two["ContentSequence"] = (image("1.2"), image("1.3"))
    assert reasons(two) == [("1.2.2", "several images are named")]
    frames = shape("POINT", 1.0, 2.0, source=image(frame=(1, 2)))
    assert reasons(frames) == [("1.2.2", "several frames are named")]


def written(raw, unit="%"):
    return Written(path="1.2", concept=("111047", "DCM"), raw=raw, unit=unit)


@pytest.mark.parametrize(
    ("raw", "unit", "percent"),
    [
        ("87.5", "%", 87.5),
        ("87,5", "%", 87.5),
        ("0.07", "1", 7.0),
        ("0,07", "1", 7.0),
        ("1.0e-04", "1", 0.01),
        (" 100 ", "%", 100.0),
        ("1", "1", 100.0),
        ("0", "%", 0.0),
        ("+.5", "1", 50.0),
        ("5.", "%", 5.0),
    ],
)
def test_probability_is_read_on_one_scale(raw, unit, percent):
    """Pitfall 10; shares become percent without a rounding error of binary numbers."""
    assert percent_of(written(raw, unit)) == percent


@pytest.mark.parametrize(
    ("raw", "unit", "message"),
    [
        ("", "%", "holds no value"),
        ("   ", "%", "holds no value"),
        ("high", "%", "is not a number"),
        ("1,234.5", "%", "is not a number"),
        ("87\\5", "%", "is not a number"),
        ("nan", "%", "is not a number"),
        ("inf", "%", "is not a number"),
        ("٣", "%", "is not a number"),
        ("1e9999999999999999999", "%", "is not a number"),
        ("100.5", "%", "is not from 0 to 100"),
        ("87.5", "1", "is not from 0 to 1,"),
        ("-1", "%", "is not from 0 to 100"),
        ("1e300", "1", "is not from 0 to 1,"),
        ("50", "", "has no unit that a share has"),
        ("50", "{score}", "has no unit that a share has"),
    ],
)
def test_probability_that_is_none_is_refused(raw, unit, message):
    with pytest.raises(UnreadableError, match=message):
        percent_of(written(raw, unit))


def test_number_keeps_all_its_digits():
    assert str(number_of("0,1000000000000000055")) == "0.1000000000000000055"


def test_number_without_a_measured_value_is_empty():
    empty = item("NUM", "111047", by="HAS PROPERTIES", MeasuredValueSequence=())
    several = number("111047", ("87", "5"))
    found = first(shape("POINT", 1.0, 2.0), empty, several)
    assert [(one.raw, one.unit) for one in found.scores] == [("", ""), ("87\\5", "%")]
