"""Where the readers of the reader study saw something: images, lesions and marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from toolkit.demo.population import AI, lesions_of, stream, words
from toolkit.demo.rates import DemoRates

PART = "reader_study"
SIDES, VIEWS = ("R", "L"), ("CC", "MLO")
IMAGES_PER_CASE = len(SIDES) * len(VIEWS)
ROWS, COLUMNS, PIXEL_SPACING_MM = 2294, 1914, 0.085
# The breast in every image: half an ellipse on the edge of the chest wall, pixels.
DEEPEST_PX, HALF_HEIGHT_PX, MARGIN_PX = 1500.0, 950.0, 250
SMALLEST_RADIUS_PX = 40.0
CANDIDATES = 8  # places tried for a false mark
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


def study_marks(
    readings: Columns, lesions: Lesions, case_id: ObjectArray, rates: DemoRates
) -> Columns:
    """Return the marks table: those of the people, then those of the AI.

    A reading of a person with a rating from ``mark_from`` up has one mark or more: the first
    finding carries the rating of the whole examination, and no other is higher. The AI scores
    regions on a scale of its own and delivers those from its export floor up.
    """
    is_ai = readings["reader_id"] == AI
    people = np.flatnonzero(~is_ai & (readings["rating"] >= rates.mark_from))
    region = np.round(10 * readings["rating"] - 5 * stream(f"{PART}/regions").random(is_ai.size))
    machine = np.flatnonzero(is_ai & (region >= rates.ai_region_floor))
    aided = readings["modality"][people] == "aided"
    lowest = np.full(machine.size, rates.ai_region_floor)
    parts = [
        _marks(readings, people, readings["rating"][people], aided, lesions, case_id, rates),
        _marks(readings, machine, region[machine], lowest > 0, lesions, case_id, rates, lowest),
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _marks(
    readings: Columns,
    row: IntArray,
    rating: FloatArray,
    helped: BoolArray,
    lesions: Lesions,
    case_id: ObjectArray,
    rates: DemoRates,
    lowest: FloatArray | float = 1.0,
) -> Columns:
    """Return the marks of some readings; ``rating`` is that of the most suspicious finding.

    It is on the lesion more often the more suspicious the reader was, and the plainer the lesion
    is; a second lesion may be marked too, and further findings hit none.
    """
    draw = stream(f"{PART}/marks/{'people' if np.ndim(lowest) == 0 else 'ai'}")
    number = {name: place for place, name in enumerate(case_id)}
    case = np.array([number[name] for name in readings["case_id"][row]], dtype=np.int64)
    first = np.searchsorted(lesions.case, case)
    n_lesions = np.bincount(lesions.case, minlength=case_id.size)[case]
    plain = np.append(_plainness(lesions, rates), 0.0)  # behind the last: no lesion
    u = draw.random((2, row.size))
    at_zero, added = rates.mark_on_lesion
    hit = (n_lesions > 0) & (u[0] < (at_zero + added * rating / 100) * plain[first])
    also = np.flatnonzero((n_lesions > 1) & (u[1] < rates.second_lesion_marked))
    mean = np.where(helped, rates.extra_marks_helped, rates.extra_marks)
    extra = np.repeat(np.arange(row.size), draw.poisson(mean))
    # One row a finding: which reading it belongs to, and which lesion it is meant for (-1: none).
    source = np.concatenate([np.arange(row.size), also, extra])
    target = np.concatenate([np.where(hit, first, -1), first[also] + 1, np.full(extra.size, -1)])
    share = 0.2 + 0.7 * draw.random(source.size)
    share[: row.size] = 1.0
    level = np.maximum(np.broadcast_to(lowest, row.size)[source], np.floor(rating[source] * share))
    order = np.argsort(source, kind="stable")
    source, target, level = source[order], target[order], level[order]
    # A finding is marked on one view or on both.
    on_both = draw.random(source.size) < rates.marked_on_both
    finding = np.repeat(np.arange(source.size), 1 + on_both)
    again = np.append(False, finding[1:] == finding[:-1])
    placed = _places(target[finding], case[source[finding]], again, lesions, draw, rates)
    kept = placed.pop("shown")
    source, level = source[finding][kept], level[finding][kept]
    in_reading = np.arange(source.size) - np.searchsorted(source, source)
    place = {name: values[kept] for name, values in placed.items()}
    lesion = place.pop("lesion")
    return {
        **{
            name: readings[name][row[source]]
            for name in ("reader_id", "case_id", "modality", "session")
        },
        "mark_id": (in_reading + 1).astype(str).astype(object),
        "rating": level,
        "image_id": _image_id(case_id[case[source]], place.pop("side"), place.pop("view")),
        **place,
        "mark_type": words((lesion < 0).astype(int), ("LL", "NL")),
        "lesion_id": np.append(lesions.columns["lesion_id"], np.nan)[lesion],
    }


def _plainness(lesions: Lesions, rates: DemoRates) -> FloatArray:
    """Return how much more or less often a lesion is marked than the average one, by its type."""
    factor = dict(zip(rates.lesion_types, rates.lesion_plainness, strict=True))
    return np.array([factor[kind] for kind in lesions.columns["lesion_type"]])


def _places(
    target: IntArray,
    case: IntArray,
    again: BoolArray,
    lesions: Lesions,
    draw: np.random.Generator,
    rates: DemoRates,
) -> Columns:
    """Return place of each mark, which lesion it is on, and whether it can be made at all.

    ``again`` are second marks of the finding before, on its other view. A mark that is meant for a
    lesion lies near its centre, a few beside it; the others keep away from every lesion.
    """
    n = target.size
    meant = target >= 0
    of = np.maximum(target, 0)
    view, side = draw.integers(0, len(VIEWS), n), draw.integers(0, len(SIDES), n)
    view[meant] = np.where(lesions.seen[of, view], view, 1 - view)[meant]
    side = np.where(meant, lesions.side[of], side)
    second = np.flatnonzero(again)
    view[second], side[second] = 1 - view[second - 1], side[second - 1]
    shown = ~meant | lesions.seen[of, view]
    angle = 2 * np.pi * draw.random(n)
    reach = np.sqrt(draw.random(n)) * rates.mark_reach
    # Beside one of two lesions a mark may lie in the other.
    alone = np.bincount(lesions.case, minlength=case.max(initial=0) + 1)[case] == 1
    beside = alone & (draw.random(n) < rates.mark_beside)
    reach = np.where(beside, 1.05 + 0.5 * draw.random(n), reach) * lesions.radius_px[of]
    x, y = _false_places(case, side, view, lesions, draw)
    x = np.where(meant, np.round(lesions.x_px[of, view] + reach * np.cos(angle)), x)
    y = np.where(meant, np.round(lesions.y_px[of, view] + reach * np.sin(angle)), y)
    x, y = np.clip(x, 0, COLUMNS - 1), np.clip(y, 0, ROWS - 1)
    off = np.hypot(x - lesions.x_px[of, view], y - lesions.y_px[of, view])
    inside = meant & (off <= lesions.radius_px[of])
    return {
        "x_px": x,
        "y_px": y,
        "side": side,
        "view": view,
        "lesion": np.where(inside, target, -1),
        "shown": shown,
    }


def _false_places(
    case: IntArray, side: IntArray, view: IntArray, lesions: Lesions, draw: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw a place in the breast of each mark that is far from the lesions of its image.

    Of some candidates the first that is far enough, else the farthest.
    """
    depth = draw.uniform(MARGIN_PX / 2, DEEPEST_PX - MARGIN_PX, (case.size, CANDIDATES))
    x, y = np.round(_across(depth, side[:, None])), np.round(_down(depth, draw))
    clear = np.full(x.shape, np.inf)
    first = np.searchsorted(lesions.case, case)
    for step in range(2):  # at most two lesions
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
    """Return how far a false mark is from a lesion's centre at least, as a column."""
    return (2 * lesions.radius_px[lesion] + 100)[:, None]
