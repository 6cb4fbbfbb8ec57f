"""Where the readers of the reader study saw something: images, lesions and marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.study.demo.columns import (
    Bools,
    Floats,
    Integers,
    Words,
    stream,
    words,
)
from toolkit.study.demo.population import (
    AI,
    lesions_of,
)
from toolkit.study.demo.rates import DemoRates

PART = "reader_study"
SIDES, VIEWS = ("R", "L"), ("CC", "MLO")
IMAGES_PER_CASE = len(SIDES) * len(VIEWS)
ROWS, COLUMNS, PIXEL_SPACING_MM = 2294, 1914, 0.085
MARGIN_PX = 250
SMALLEST_RADIUS_PX = 40.0

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Lesions:
    """The lesions of all examinations, each array of shape (n_lesions,), by examination."""

    columns: Columns  # of the lesions table
    case: Integers  # number of the examination, from 0
    side: Integers
    view: Integers


def _places(n: int, draw: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw places inside an image, in pixels from the left and from the top."""
    x, y = draw.random((2, n))
    x_px = MARGIN_PX + (COLUMNS - 2 * MARGIN_PX) * x
    return np.round(x_px), np.round(MARGIN_PX + (ROWS - 2 * MARGIN_PX) * y)


def _image_id(case_id: Words, side: Integers, view: Integers) -> Words:
    """Return the identifier of the image of one side and view."""
    names = np.array([[f"-{s}-{v}" for v in VIEWS] for s in SIDES], dtype=object)
    return np.asarray(case_id + names[side, view], dtype=object)


def draw_lesions(case_id: Words, cancer: Bools, in_situ: Bools, rates: DemoRates) -> Lesions:
    """Draw one lesion, or two in one breast, of each examination with cancer.

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
    view = draw.integers(0, len(VIEWS), case.size)
    columns = lesions_of(PART, case_id[case], np.repeat(in_situ, n_lesions), rates)
    x_px, y_px = _places(case.size, draw)
    radius_px = np.round(columns["size_mm"] / 2 / PIXEL_SPACING_MM)
    columns |= {
        "lesion_id": words(second.astype(int), ("1", "2")),
        "image_id": _image_id(case_id[case], side, view),
        "x_px": x_px,
        "y_px": y_px,
        "radius_px": np.clip(radius_px, SMALLEST_RADIUS_PX, MARGIN_PX),
    }
    return Lesions(columns=columns, case=case, side=side, view=view)


def study_images(case_id: Words) -> Columns:
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


def reader_marks(readings: Columns, lesions: Lesions, case_id: Words, rates: DemoRates) -> Columns:
    """Return the marks table: a reading with a rating from ``mark_from`` up has one mark or more.

    The first mark carries the rating of the whole examination, and no other is higher. It is on
    the lesion more often the more suspicious the reader was; a second lesion may be marked too,
    and further marks hit none.
    """
    draw = stream(f"{PART}/marks")
    marked = np.flatnonzero((readings["reader_id"] != AI) & (readings["rating"] >= rates.mark_from))
    rating = readings["rating"][marked]
    number = {name: place for place, name in enumerate(case_id)}
    case = np.array([number[name] for name in readings["case_id"][marked]])
    first = np.searchsorted(lesions.case, case)
    n_lesions = np.bincount(lesions.case, minlength=case_id.size)[case]
    u = draw.random((2, marked.size))
    at_zero, added = rates.mark_on_lesion
    hit = (n_lesions > 0) & (u[0] < at_zero + added * rating / 100)
    also = np.flatnonzero((n_lesions > 1) & (u[1] < rates.second_lesion_marked))
    extra = np.repeat(np.arange(marked.size), draw.poisson(rates.extra_marks, marked.size))
    # One row a mark: which marked reading it belongs to, and which lesion it hits (-1: none).
    source = np.concatenate([np.arange(marked.size), also, extra])
    target = np.concatenate([np.where(hit, first, -1), first[also] + 1, np.full(extra.size, -1)])
    share = 0.2 + 0.7 * draw.random(source.size)
    share[: marked.size] = 1.0
    order = np.argsort(source, kind="stable")
    source, target, share = source[order], target[order], share[order]
    in_reading = np.arange(source.size) - np.searchsorted(source, source)
    row = marked[source]
    return {
        **{name: readings[name][row] for name in ("reader_id", "case_id", "modality", "session")},
        "mark_id": (in_reading + 1).astype(str).astype(object),
        "rating": np.maximum(1.0, np.floor(rating[source] * share)),
        **_mark_places(target, case[source], lesions, case_id, draw),
        "mark_type": words((target < 0).astype(int), ("LL", "NL")),
        "lesion_id": np.append(lesions.columns["lesion_id"], np.nan)[target],
    }


def _mark_places(
    target: Integers,
    case: Integers,
    lesions: Lesions,
    case_id: Words,
    draw: np.random.Generator,
) -> Columns:
    """Return image and place of each mark.

    A mark that hits lies within the lesion's radius of its centre. One that does not lies in the
    other breast where there is a lesion, so that no rule of hitting can turn it into a hit.
    """
    hit = target >= 0
    side_of_lesion = np.full(case_id.size, -1)
    side_of_lesion[lesions.case] = lesions.side
    side = draw.integers(0, len(SIDES), target.size)
    side = np.where(side_of_lesion[case] >= 0, 1 - side_of_lesion[case], side)
    view = draw.integers(0, len(VIEWS), target.size)
    x_px, y_px = _places(target.size, draw)
    angle = 2 * np.pi * draw.random(target.size)
    reach = 0.8 * np.sqrt(draw.random(target.size)) * lesions.columns["radius_px"][target]
    side = np.where(hit, lesions.side[target], side)
    view = np.where(hit, lesions.view[target], view)
    lesion_x, lesion_y = lesions.columns["x_px"][target], lesions.columns["y_px"][target]
    return {
        "image_id": _image_id(case_id[case], side, view),
        "x_px": np.where(hit, np.round(lesion_x + reach * np.cos(angle)), x_px),
        "y_px": np.where(hit, np.round(lesion_y + reach * np.sin(angle)), y_px),
    }
