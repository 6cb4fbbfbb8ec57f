"""Polygons and circles against counting points of a fine grid, and by hand."""

import math

import numpy as np
import pytest

from toolkit.scoring.mark_rules import (
    area,
    centroid,
    circle_overlap_area,
    circles_overlap,
    inside,
    is_convex,
    overlap_area,
    polygon_of,
)

SQUARE = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
HOLLOW = np.array([[0, 0], [4, 0], [4, 4], [3, 4], [3, 1], [1, 1], [1, 4], [0, 4]], dtype=float)


def circle(x, y, radius, corners=720):
    """A polygon inside a circle, nearly of its area."""
    angle = 2 * math.pi * np.arange(corners) / corners
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


@pytest.mark.parametrize(
    ("text", "corners"),
    [
        ("0,0 1,0 1,1", 3),
        (" 0 0, 1 0; 1 1\n", 3),
        ("0,0 1,0 1,1 0,0", 3),
        ("-1.5,0 1e1,0 1,1 0,3", 4),
        ("0,0 1,0", None),
        ("0,0 1,0 1", None),
        ("0,0 1,0 2,0", None),
        ("0,0 1,0 nan,1", None),
        ("a,b c,d e,f", None),
        ("", None),
    ],
)
def test_outlines_are_read(text, corners):
    found = polygon_of(text)
    assert (found is None) == (corners is None)
    if found is not None:
        assert found.shape == (corners, 2)


def test_area_and_centre():
    assert area(SQUARE) == area(SQUARE[::-1]) == 4
    assert centroid(SQUARE + 7) == (8, 8)
    assert area(HOLLOW) == 10
    assert area(circle(5, 5, 3)) == pytest.approx(9 * math.pi, rel=2e-5)
    assert centroid(circle(5, 6, 3)) == pytest.approx((5, 6))


def grid(step):
    ticks = np.arange(-1, 6, step) + step / 2
    x, y = np.meshgrid(ticks, ticks)
    return x.ravel(), y.ravel(), step**2


def test_inside_counts_the_area():
    x, y, cell = grid(0.02)
    for shape in (SQUARE, HOLLOW, HOLLOW[::-1], circle(2, 2, 1.5)):
        assert inside(x, y, shape).sum() * cell == pytest.approx(area(shape), rel=5e-3)


def test_edges_and_corners_are_inside():
    x, y = np.array([0.0, 2.0, 1.0, 1.0, 2.0000001]), np.array([0.0, 2.0, 0.0, 2.0, 1.0])
    assert inside(x, y, SQUARE).tolist() == [True, True, True, True, False]


def test_overlap_counts_the_shared_area():
    x, y, cell = grid(0.05)
    draw = np.random.default_rng(1)
    for _ in range(8):
        centre, radius = draw.uniform(0, 4, 2), draw.uniform(0.3, 2)
        convex = circle(*centre, radius)
        in_circle = inside(x, y, convex)
        for shape in (SQUARE, HOLLOW):
            shared = (inside(x, y, shape) & in_circle).sum() * cell
            assert overlap_area(shape, convex) == pytest.approx(shared, abs=0.05)
            assert overlap_area(shape, convex[::-1]) == pytest.approx(overlap_area(shape, convex))


def test_overlap_by_hand():
    assert overlap_area(SQUARE, SQUARE) == 4
    assert overlap_area(SQUARE, SQUARE + np.array([1, 0])) == 2
    assert overlap_area(SQUARE, SQUARE + np.array([2, 0])) == 0
    assert overlap_area(SQUARE, SQUARE + 9) == 0
    assert overlap_area(SQUARE * 3, SQUARE + 1) == 4


def test_circles_share_what_their_polygons_share():
    draw = np.random.default_rng(2)
    distance, first, second = draw.uniform(0, 4, 40), *draw.uniform(0.2, 2.5, (2, 40))
    found = circles_overlap(distance, first, second)
    for place in range(40):
        shared = overlap_area(circle(0, 0, first[place]), circle(distance[place], 0, second[place]))
        assert found[place] == pytest.approx(shared, abs=5e-3)
    one = np.array([1.0])
    half = 2 * math.pi / 3 - math.sqrt(3) / 2
    assert circles_overlap(one, one, one)[0] == pytest.approx(half, rel=1e-14)
    assert circles_overlap(0 * one, one, 2 * one)[0] == math.pi


def test_circle_and_polygon_by_hand():
    # Wholly inside one another, a half, a quarter, and a segment at half the radius.
    assert circle_overlap_area(1, 1, 10, SQUARE) == pytest.approx(4, rel=1e-12)
    assert circle_overlap_area(1, 1, 0.5, SQUARE) == pytest.approx(math.pi / 4, rel=1e-12)
    assert circle_overlap_area(1, 0, 0.5, SQUARE) == pytest.approx(math.pi / 8, rel=1e-12)
    assert circle_overlap_area(0, 0, 0.5, SQUARE) == pytest.approx(math.pi / 16, rel=1e-12)
    segment = math.pi / 3 - math.sqrt(3) / 4
    far = SQUARE * 100 + np.array([0.5, -100])
    assert circle_overlap_area(0, 0, 1, far) == pytest.approx(segment, rel=1e-12)
    assert circle_overlap_area(5, 5, 1, SQUARE) == pytest.approx(0, abs=1e-12)
    assert circle_overlap_area(-1, 1, 1, SQUARE) == pytest.approx(0, abs=1e-12)  # it touches


@pytest.mark.parametrize("shape", [SQUARE, SQUARE[::-1], HOLLOW, HOLLOW[::-1]])
def test_circle_and_polygon_share_what_a_fine_polygon_shares(shape):
    draw = np.random.default_rng(3)
    for _ in range(40):
        x, y, radius = draw.uniform(-1, 5), draw.uniform(-1, 5), draw.uniform(0.1, 3)
        shared = overlap_area(shape, circle(x, y, radius))
        assert circle_overlap_area(x, y, radius, shape) == pytest.approx(shared, abs=4e-4)


def test_circle_and_polygon_do_not_depend_on_where_they_lie():
    here = circle_overlap_area(1.5, 2.5, 1.2, HOLLOW)
    assert circle_overlap_area(
        1001.5, 2002.5, 1.2, HOLLOW + np.array([1000, 2000])
    ) == pytest.approx(here)
    for turn in range(1, len(HOLLOW)):
        again = circle_overlap_area(1.5, 2.5, 1.2, np.roll(HOLLOW, turn, axis=0))
        assert again == pytest.approx(here, rel=1e-12)


def test_convex_or_not():
    assert is_convex(SQUARE)
    assert is_convex(SQUARE[::-1])
    assert is_convex(circle(0, 0, 1))
    assert not is_convex(HOLLOW)
