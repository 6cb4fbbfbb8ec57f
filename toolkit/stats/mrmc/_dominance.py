"""How many pairs of a positive and a negative case two readings put in the right order together.

With psi = 1 for a pair in the right order, 1/2 for a tie and 0 otherwise, the sum over all pairs of
psi of one reading times psi of another is the one moment of two AUCs that their placements do not
hold. It is a count of dominated points in the plane: never a matrix of positives by negatives.
"""

from __future__ import annotations

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.stats._compile import compiled

# A table of this many cells is summed faster than the points are counted one by one.
_LARGEST_TABLE = 1 << 16


def pair_sums(truth: BoolArray, ratings: FloatArray) -> FloatArray:
    """Return the sum over pairs of psi of one curve times psi of another, (n_curves, n_curves).

    ``ratings`` (n_cases, n_curves), NaN where a case was not read: two curves share the pairs of
    the cases that both read. O(n log n) for each pair of curves.
    """
    n_curves = ratings.shape[1]
    read = ~np.isnan(ratings)
    ranks = [_dense_ranks(ratings[:, curve]) for curve in range(n_curves)]
    sums = np.empty((n_curves, n_curves))
    for first in range(n_curves):
        events = None
        for second in range(first, n_curves):
            shared = read[:, first] & read[:, second]
            if _fits_a_table(ranks[first], ranks[second]):
                count = by_table(truth[shared], ranks[first][shared], ranks[second][shared])
            else:
                events = events if events is not None else _events(truth, ranks[first])
                count = by_tree(_of(shared, events), ranks[second])
            sums[first, second] = sums[second, first] = count / 4
    return sums


def _dense_ranks(rating: FloatArray) -> IntArray:
    """Return the number of distinct lower ratings of each case, from 0; NaN ranks highest."""
    ranks: IntArray = np.unique(rating, return_inverse=True)[1].astype(np.int64)
    return ranks


def _fits_a_table(first: IntArray, second: IntArray) -> bool:
    """Whether a table of both ranks is small."""
    return (int(first.max()) + 1) * (int(second.max()) + 1) <= max(_LARGEST_TABLE, 4 * first.size)


def by_table(truth: BoolArray, first: IntArray, second: IntArray) -> int:
    """Return four times the sum over pairs, by cumulative sums of a table of both ranks.

    2 psi is the number of the relations, below and not above, that hold between the negative and
    the positive case, so that the sum is a whole number.
    """
    shape = (int(first.max(initial=0)) + 1, int(second.max(initial=0)) + 1)
    cell, n_cells = first * shape[1] + second, shape[0] * shape[1]
    positive = np.bincount(cell[truth], minlength=n_cells).reshape(shape)
    negative = np.bincount(cell[~truth], minlength=n_cells).reshape(shape)
    within = np.zeros((shape[0] + 1, shape[1] + 1), dtype=np.int64)
    within[1:, 1:] = negative.cumsum(axis=0).cumsum(axis=1)
    # Negatives below and not above in one rank, times the same in the other.
    dominated = within[:-1, :-1] + within[1:, :-1] + within[:-1, 1:] + within[1:, 1:]
    return int((positive * dominated).sum())


def _events(truth: BoolArray, first: IntArray) -> tuple[IntArray, BoolArray]:
    """Return the cases in ascending ``first`` and which of them are negatives that come in.

    A positive case is asked for twice: before the negatives that tie with it come in (below), and
    after (not above).
    """
    positive, negative = np.flatnonzero(truth), np.flatnonzero(~truth)
    case = np.concatenate([positive, negative, positive])
    turn = np.repeat([0, 1, 2], [positive.size, negative.size, positive.size])
    order = np.argsort(3 * first[case] + turn, kind="stable")
    return case[order], turn[order] == 1


def _of(cases: BoolArray, events: tuple[IntArray, BoolArray]) -> tuple[IntArray, BoolArray]:
    """Return the events of some cases, (n_cases,)."""
    keep = cases[events[0]]
    return events[0][keep], events[1][keep]


def by_tree(events: tuple[IntArray, BoolArray], second: IntArray) -> int:
    """Return four times the sum over pairs, by a binary indexed tree over the second rank."""
    case, comes_in = events
    total = np.zeros(1, dtype=np.int64)
    tree = np.zeros(int(second.max()) + 2, dtype=np.int64)
    compiled(count_dominated)(second[case], comes_in, tree, total)
    return int(total[0])


def count_dominated(rank: IntArray, comes_in: BoolArray, tree: IntArray, total: IntArray) -> None:
    """Add to ``total`` (1,) the negatives below and not above each positive case, in one rank.

    Events in order; ``tree`` holds zeros and is filled by the negatives as they come in.
    """
    for event in range(rank.size):
        if comes_in[event]:
            node = rank[event] + 1
            while node < tree.size:
                tree[node] += 1
                node += node & -node
        else:
            for upto in range(rank[event], rank[event] + 2):  # below, then not above
                node = upto
                while node > 0:
                    total[0] += tree[node]
                    node -= node & -node
