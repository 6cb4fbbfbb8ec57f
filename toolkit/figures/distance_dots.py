"""Marks by their distance from the nearest lesion, in bins, as columns of dots."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.figures.froc_lines import FrocRole
from toolkit.figures.scales import nice_ticks

BinCounts = tuple[IntArray, IntArray]

_MOST_BINS = 60
_MOST_DOTS = 30  # a column of more looks the same


@dataclass(frozen=True, kw_only=True, eq=False)
class DistanceRow:
    """The marks of one reader, or of one modality.

    Parameters
    ----------
    label : str
        Name of the row.
    distance : ndarray, shape (n_marks,)
        From each mark to the nearest lesion centre; marks without a lesion to measure to are
        not among them but in ``n_elsewhere``.
    hit : ndarray of bool, shape (n_marks,)
        Whether the mark hits a lesion by the rule of the study.
    role : {"unaided", "aided", "ai"}
        Colour.
    """

    label: str
    distance: FloatArray
    hit: BoolArray
    role: FrocRole


def check_rows(
    rows: Sequence[DistanceRow], limit: float | None, elsewhere: Mapping[str, int]
) -> None:
    """Refuse what cannot be drawn."""
    if not rows:
        msg = "rows must hold at least one row, but there is none; say so in words instead"
        raise ValueError(msg)
    for row in rows:
        _check_row(row)
    if limit is not None and not (math.isfinite(limit) and limit > 0):
        msg = f"limit must be above 0 and finite, but got {limit:g}; leave it out for other rules"
        raise ValueError(msg)
    unknown = sorted(set(elsewhere) - {row.label for row in rows})
    if unknown:
        msg = f"n_elsewhere names no row: {', '.join(unknown)}"
        raise ValueError(msg)
    labels = [row.label for row in rows]
    repeated = sorted({label for label in labels if labels.count(label) > 1} & set(elsewhere))
    if repeated:
        msg = f"n_elsewhere needs rows of different labels, but {', '.join(repeated)} repeats"
        raise ValueError(msg)


def _check_row(row: DistanceRow) -> None:
    """Refuse marks without one distance each."""
    distance, hit = np.asarray(row.distance, dtype=np.float64), np.asarray(row.hit)
    if distance.shape != hit.shape or distance.ndim != 1:
        msg = (
            f"row {row.label!r}: distance and hit must have one shape (n_marks,), but got "
            f"{distance.shape} and {hit.shape}"
        )
        raise ValueError(msg)
    if hit.dtype != np.bool_:
        msg = f"row {row.label!r}: hit must be boolean, but got {hit.dtype}"
        raise ValueError(msg)
    wrong = distance[~(np.isfinite(distance) & (distance >= 0))]
    if wrong.size:
        msg = (
            f"row {row.label!r}: distance must be 0 or more and finite, but got {wrong[0]:g}; "
            "count marks without a lesion to measure to in n_elsewhere"
        )
        raise ValueError(msg)


def farthest(rows: Sequence[DistanceRow]) -> float:
    """Return the largest distance; 0 without a mark."""
    return max((float(row.distance.max(initial=0.0)) for row in rows), default=0.0)


def bin_width(rows: Sequence[DistanceRow], limit: float | None) -> float:
    """Return a bin width at which the limit, if there is one, is an edge."""
    far = max(farthest(rows), (limit or 0.0) * 1.2) or 1.0
    if limit is None:
        ticks = nice_ticks(0, far, most=_MOST_BINS)
        return ticks[1] - ticks[0]
    parts = math.floor(_MOST_BINS * limit / far)
    return limit / parts if parts else far / _MOST_BINS


def bin_counts(row: DistanceRow, width: float) -> BinCounts:
    """Return hits and others by bin; a bin holds its upper edge, as a radius does."""
    place = np.maximum(np.ceil(row.distance / width - 1e-9).astype(np.int64) - 1, 0)
    return np.bincount(place[row.hit]), np.bincount(place[~row.hit])


def column_dots(counts: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return bin and height, in marks, of each dot; high columns are drawn with fewer."""
    x, height = [np.zeros(0)], [np.zeros(0)]
    for place, n in enumerate(counts.tolist()):
        n_dots = min(n, _MOST_DOTS)
        x.append(np.full(n_dots, float(place)))
        height.append(np.linspace(0.0, n - 1.0, n_dots))
    return np.concatenate(x), np.concatenate(height)
