"""How reading times are spread, and how they change along the order of reading."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from toolkit.arrays import FloatArray, IntArray
from toolkit.chapters.reading_time.reading_time_analyses import ReadingTimeStudy
from toolkit.chapters.reading_time.reading_times import TimedReadings, TimeRule

QUARTILES = (25, 50, 75)
_MOST_BLOCKS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class ReaderSpread:
    """Recorded times of one reader, or of all, as they are before pauses are dealt with.

    Parameters
    ----------
    label : str
        Pseudonym, or "All".
    a, b : ndarray, shape (3,)
        Lower quartile, median and upper quartile in each modality, in seconds; NaN without times.
    n_a, n_b : int
        Times behind them.
    """

    label: str
    a: FloatArray
    b: FloatArray
    n_a: int
    n_b: int


@dataclass(frozen=True, kw_only=True, eq=False)
class OrderBlocks:
    """Geometric mean times in blocks of the order of reading.

    Parameters
    ----------
    first, last : ndarray of int, shape (n_blocks,)
        Places in the order that a block holds.
    by_reader : ndarray of float, shape (n_blocks, n_readers, 2)
        Seconds; NaN where a reader has no time in a block.
    mean : ndarray of float, shape (n_blocks, 2)
        Of the readers who have times in a block, each weighing alike.
    n_times : ndarray of int, shape (n_blocks, 2)
        Times in each block.
    """

    first: IntArray
    last: IntArray
    by_reader: FloatArray
    mean: FloatArray
    n_times: IntArray

    @property
    def middle(self) -> FloatArray:
        """Middle of each block."""
        return (self.first + self.last) / 2


def recorded_times(timed: TimedReadings, rule: TimeRule) -> tuple[FloatArray, FloatArray]:
    """Return all times of each modality that are not too short, pauses as they were recorded."""
    seconds = np.where(timed.seconds >= rule.shortest_s, timed.seconds, np.nan)
    a, b = (seconds[:, :, place] for place in range(2))
    return a[~np.isnan(a)], b[~np.isnan(b)]


def reader_spreads(timed: TimedReadings, rule: TimeRule) -> tuple[ReaderSpread, ...]:
    """Return the quartiles of each reader who has a time, then those of all."""
    seconds = np.where(timed.seconds >= rule.shortest_s, timed.seconds, np.nan)
    spreads = [
        _spread(label, seconds[:, [place]])
        for place, label in enumerate(timed.readers)
        if not np.isnan(seconds[:, place]).all()
    ]
    return (*spreads, _spread("All", seconds))


def _spread(label: str, seconds: FloatArray) -> ReaderSpread:
    """Return the quartiles of some readers, seconds of shape (n_cases, n_readers, 2)."""
    a, b = (seconds[:, :, place][~np.isnan(seconds[:, :, place])] for place in range(2))
    none = np.full(len(QUARTILES), np.nan)
    return ReaderSpread(
        label=label,
        a=np.percentile(a, QUARTILES) if a.size else none,
        b=np.percentile(b, QUARTILES) if b.size else none,
        n_a=a.size,
        n_b=b.size,
    )


def order_blocks(study: ReadingTimeStudy) -> OrderBlocks | None:
    """Return the times of the compared readers by order; None with fewer than two places."""
    order = study.timed.order[:, study.compared]
    known = ~np.isnan(order) & ~np.isnan(study.times)
    places = np.unique(order[known])
    if places.size < 2:
        return None
    low, high = int(places[0]), int(places[-1])
    n_blocks = min(_MOST_BLOCKS, places.size, high - low + 1)
    edges = np.floor(np.linspace(low, high + 1, n_blocks + 1)).astype(np.int64)
    logs = np.where(known, np.log(study.times), np.nan)
    by_reader, n_times = [], []
    for start, end in pairwise(edges.tolist()):
        inside = known & (order >= start) & (order < end)
        counts = inside.sum(axis=0)
        sums = np.where(inside, logs, 0.0).sum(axis=0)
        by_reader.append(
            np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
        )
        n_times.append(counts.sum(axis=0))
    log_means = np.stack(by_reader)
    return OrderBlocks(
        first=edges[:-1],
        last=edges[1:] - 1,
        by_reader=np.exp(log_means),
        mean=np.exp(_mean_of_known(log_means)),
        n_times=np.stack(n_times).astype(np.int64),
    )


def _mean_of_known(values: FloatArray) -> FloatArray:
    """Return the mean over readers of what is known, shape (n_blocks, 2)."""
    counts = (~np.isnan(values)).sum(axis=1)
    mean: FloatArray = np.full(counts.shape, np.nan)
    np.divide(np.nansum(values, axis=1), counts, out=mean, where=counts > 0)
    return mean
