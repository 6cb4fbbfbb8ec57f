"""Where the readers of the reader study saw something: images, lesions and marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from toolkit.demo.population import lesions_of, stream, words
from toolkit.demo.rates import DemoRates

PART = "reader_study"
SIDES, VIEWS = ("R", "L"), ("CC", "MLO")
IMAGES_PER_CASE = len(SIDES) * len(VIEWS)
ROWS, COLUMNS, PIXEL_SPACING_MM = 2294, 1914, 0.085
# The breast in every image: half an ellipse on the edge of the chest wall, pixels.
DEEPEST_PX, HALF_HEIGHT_PX, MARGIN_PX = 1500.0, 950.0, 250
SMALLEST_RADIUS_PX = 40.0
LESIONS_AT_MOST = 2  # of an examination
CANDIDATES = 8  # places tried for a look-alike
CORNERS = 16  # of an outline; a polygon of so many lies within 2 % of its circle

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Lesions:
    """The lesions of all examinations, by examination; arrays of shape (n_lesions,) unless said."""

    columns: Columns  # of the lesions table, but for image and place
    case: IntArray  # number of the examination, from 0
    side: IntArray
    radius_px: FloatArray
    x_px: FloatArray  # shape (n_lesions, n_views)
    y_px: FloatArray
    seen: BoolArray  # whether a view shows it


def _across(depth_px: FloatArray, side: IntArray) -> FloatArray:
    """Return x of a depth from the chest wall, which lies at the right edge of a right breast."""
    return np.where(side == SIDES.index("R"), COLUMNS - depth_px, depth_px)


def _down(depth_px: FloatArray, draw: np.random.Generator) -> FloatArray:
    """Draw y within the breast at each depth."""
    half = HALF_HEIGHT_PX * np.sqrt(np.clip(1 - (depth_px / DEEPEST_PX) ** 2, 0, 1))
    return ROWS / 2 + half * draw.uniform(-1, 1, depth_px.shape)


def _image_id(case_id: ObjectArray, side: IntArray, view: IntArray) -> ObjectArray:
    """Return the identifier of the image of one side and view."""
    names = np.array([[f"-{s}-{v}" for v in VIEWS] for s in SIDES], dtype=object)
    return np.asarray(case_id + names[side, view], dtype=object)


def draw_lesions(
    case_id: ObjectArray, cancer: BoolArray, in_situ: BoolArray, rates: DemoRates
) -> Lesions:
    """Draw one lesion, or two in one breast, of each examination with cancer.

    A lesion lies as deep in one view as in the other, give or take what compression moves it; how
    high it lies in one says nothing of the other. Some show on one view alone.

    Parameters
    ----------
    case_id, cancer : ndarray, shape (n_cases,)
        The examinations and whether they have a cancer.
    in_situ : ndarray, shape (n_positive,)
        Whether the cancer is in situ, for those with one.
    rates : DemoRates
        Shares of the kinds of lesion, and of cancers with a second one.
    """
    draw = stream(f"{PART}/places")
    positive = np.flatnonzero(cancer)
    n_lesions = 1 + (draw.random(positive.size) < rates.second_lesion)
    case = np.repeat(positive, n_lesions)
    second = np.append(False, case[1:] == case[:-1])
    side = np.repeat(draw.integers(0, len(SIDES), positive.size), n_lesions)
    columns = lesions_of(PART, case_id[case], np.repeat(in_situ, n_lesions), rates)
    columns["lesion_id"] = words(second.astype(int), ("1", "2"))
    radius_px = np.round(columns["size_mm"] / 2 / PIXEL_SPACING_MM)
    depth = draw.uniform(MARGIN_PX, DEEPEST_PX - MARGIN_PX, (case.size, 1))
    depth = depth + draw.normal(0, rates.compression_px, (case.size, len(VIEWS)))
    depth = np.clip(depth, MARGIN_PX, DEEPEST_PX - MARGIN_PX)
    only = draw.random(case.size) < rates.one_view
    seen = ~only[:, None] | (draw.integers(0, 2, case.size)[:, None] == np.arange(len(VIEWS)))
    return Lesions(
        columns=columns,
        case=case,
        side=side,
        radius_px=np.clip(radius_px, SMALLEST_RADIUS_PX, MARGIN_PX),
        x_px=np.round(_across(depth, side[:, None])),
        y_px=np.round(_down(depth, draw)),
        seen=seen,
    )


def lesion_table(lesions: Lesions, case_id: ObjectArray) -> Columns:
    """Return the lesions table: one row for each image that shows a lesion."""
    lesion, view = np.nonzero(lesions.seen)
    return {
        **{name: values[lesion] for name, values in lesions.columns.items()},
        "image_id": _image_id(case_id[lesions.case[lesion]], lesions.side[lesion], view),
        "x_px": lesions.x_px[lesion, view],
        "y_px": lesions.y_px[lesion, view],
        "radius_px": lesions.radius_px[lesion],
        "outline": _outlines(
            lesions.x_px[lesion, view], lesions.y_px[lesion, view], lesions.radius_px[lesion]
        ),
    }


def _outlines(x_px: FloatArray, y_px: FloatArray, radius_px: FloatArray) -> ObjectArray:
    """Return polygons on the circles, as text."""
    turn = 2 * np.pi * np.arange(CORNERS) / CORNERS
    x = np.round(x_px[:, None] + radius_px[:, None] * np.cos(turn), 1)
    y = np.round(y_px[:, None] + radius_px[:, None] * np.sin(turn), 1)
    return np.array(
        [
            " ".join(f"{a:g},{b:g}" for a, b in zip(*corners, strict=True))
            for corners in zip(x, y, strict=True)
        ],
        dtype=object,
    )


def study_images(case_id: ObjectArray) -> Columns:
    """Return the images table: four standard views of each examination."""
    number = np.tile(np.arange(IMAGES_PER_CASE), case_id.size)
    case = np.repeat(case_id, IMAGES_PER_CASE)
    side, view = number // len(VIEWS), number % len(VIEWS)
    return {
        "image_id": _image_id(case, side, view),
        "case_id": case,
        "laterality": words(side, SIDES),
        "view": words(view, VIEWS),
        "rows": np.full(number.size, float(ROWS)),
        "columns": np.full(number.size, float(COLUMNS)),
        "pixel_spacing_mm": np.full(number.size, PIXEL_SPACING_MM),
    }


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What is marked, by reading; arrays of shape (n_findings,) unless said.

    Parameters
    ----------
    case, place : ndarray
        The examination, and which of its places: its lesions first, then the look-alikes.
    level : ndarray
        Rating of the finding.
    exact : ndarray of bool
        Whether it is marked where the AI marks it: never beside its lesion.
    keys : mapping
        Columns that name the reading.
    reading : ndarray
        Number of the reading; the findings of one stand together.
    """

    case: IntArray
    place: IntArray
    level: FloatArray
    exact: BoolArray
    keys: Columns
    reading: IntArray


def study_marks(
    people: Findings, ai: Findings, lesions: Lesions, case_id: ObjectArray, rates: DemoRates
) -> Columns:
    """Return the marks table: those of the people, then those of the AI."""
    lookalikes = _lookalikes(lesions, case_id.size, rates)
    parts = [
        _marks(findings, lesions, lookalikes, case_id, stream(f"{PART}/marks/{name}"), rates)
        for name, findings in (("people", people), ("ai", ai))
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _marks(
    findings: Findings,
    lesions: Lesions,
    lookalikes: Columns,
    case_id: ObjectArray,
    draw: np.random.Generator,
    rates: DemoRates,
) -> Columns:
    """Return the marks of some findings, each on one view or on both."""
    on_both = draw.random(findings.case.size) < rates.marked_on_both
    of = np.repeat(np.arange(findings.case.size), 1 + on_both)
    again = np.append(False, of[1:] == of[:-1])
    placed = _places(findings, of, again, lesions, lookalikes, draw, rates)
    kept = placed.pop("shown")
    of, placed = of[kept], {name: values[kept] for name, values in placed.items()}
    lesion, reading = placed.pop("lesion"), findings.reading[of]
    in_reading = np.arange(of.size) - np.searchsorted(reading, reading)
    return {
        **{name: values[of] for name, values in findings.keys.items()},
        "mark_id": (in_reading + 1).astype(str).astype(object),
        "rating": findings.level[of],
        "image_id": _image_id(case_id[findings.case[of]], placed.pop("side"), placed.pop("view")),
        **placed,
        "mark_type": words((lesion < 0).astype(int), ("LL", "NL")),
        "lesion_id": np.append(lesions.columns["lesion_id"], np.nan)[lesion],
    }


def _places(
    findings: Findings,
    of: IntArray,
    again: BoolArray,
    lesions: Lesions,
    lookalikes: Columns,
    draw: np.random.Generator,
    rates: DemoRates,
) -> Columns:
    """Return place of each mark, which lesion it is on, and whether it can be made at all.

    ``again`` are second marks of the finding before, on its other view. A mark of a lesion lies
    near its centre, a few beside it; those of look-alikes keep away from every lesion.
    """
    case, place, n = findings.case[of], findings.place[of], of.size
    meant = place < LESIONS_AT_MOST
    target = np.where(meant, np.searchsorted(lesions.case, case) + place, 0)
    view = draw.integers(0, len(VIEWS), n)
    view = np.where(meant & ~lesions.seen[target, view], 1 - view, view)
    second = np.flatnonzero(again)
    view[second] = 1 - view[second - 1]
    shown = ~meant | lesions.seen[target, view]
    angle = 2 * np.pi * draw.random(n)
    reach = np.sqrt(draw.random(n)) * rates.mark_reach
    # Beside one of two lesions a mark may lie in the other.
    alone = np.bincount(lesions.case, minlength=case.max(initial=0) + 1)[case] == 1
    beside = alone & ~findings.exact[of] & (draw.random(n) < rates.mark_beside)
    reach = np.where(beside, 1.05 + 0.5 * draw.random(n), reach) * lesions.radius_px[target]
    reach = np.where(meant, reach, rates.lookalike_reach_px * np.sqrt(draw.random(n)))
    like = case, np.maximum(place - LESIONS_AT_MOST, 0), view
    x = np.where(meant, lesions.x_px[target, view], lookalikes["x_px"][like])
    y = np.where(meant, lesions.y_px[target, view], lookalikes["y_px"][like])
    x = np.clip(np.round(x + reach * np.cos(angle)), 0, COLUMNS - 1)
    y = np.clip(np.round(y + reach * np.sin(angle)), 0, ROWS - 1)
    off = np.hypot(x - lesions.x_px[target, view], y - lesions.y_px[target, view])
    return {
        "x_px": x,
        "y_px": y,
        "side": np.where(meant, lesions.side[target], lookalikes["side"][like[:2]]),
        "view": view,
        "lesion": np.where(meant & (off <= lesions.radius_px[target]), target, -1),
        "shown": shown,
    }


def _lookalikes(lesions: Lesions, n_cases: int, rates: DemoRates) -> Columns:
    """Return where the look-alikes lie: side (n_cases, n_lookalikes), x and y also by view."""
    draw = stream(f"{PART}/look-alikes")
    side = draw.integers(0, len(SIDES), (n_cases, rates.lookalikes))
    shape = (*side.shape, len(VIEWS))
    case, _, view = (axis.ravel() for axis in np.indices(shape))
    x, y = _false_places(case, np.repeat(side.ravel(), len(VIEWS)), view, lesions, draw)
    return {"side": side, "x_px": x.reshape(shape), "y_px": y.reshape(shape)}


def _false_places(
    case: IntArray, side: IntArray, view: IntArray, lesions: Lesions, draw: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw a place in the breast of each look-alike, far from the lesions of its image.

    Of some candidates the first that is far enough, else the farthest.
    """
    depth = draw.uniform(MARGIN_PX / 2, DEEPEST_PX - MARGIN_PX, (case.size, CANDIDATES))
    x, y = np.round(_across(depth, side[:, None])), np.round(_down(depth, draw))
    clear = np.full(x.shape, np.inf)
    first = np.searchsorted(lesions.case, case)
    for step in range(LESIONS_AT_MOST):
        lesion = np.minimum(first + step, lesions.case.size - 1)
        there = (lesions.case[lesion] == case) & (lesions.side[lesion] == side)
        there &= lesions.seen[lesion, view]
        off = np.hypot(
            x - lesions.x_px[lesion, view][:, None], y - lesions.y_px[lesion, view][:, None]
        )
        clear = np.where(there[:, None], np.minimum(clear, off - _keep_off(lesions, lesion)), clear)
    chosen = np.where(
        (clear > 0).any(axis=1), np.argmax(clear > 0, axis=1), np.argmax(clear, axis=1)
    )
    rows = np.arange(case.size)
    return x[rows, chosen], y[rows, chosen]


def _keep_off(lesions: Lesions, lesion: IntArray) -> FloatArray:
    """Return how far a look-alike is from a lesion's centre at least, as a column."""
    return (2 * lesions.radius_px[lesion] + 100)[:, None]
