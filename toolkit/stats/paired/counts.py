"""Two methods called the same cases: the paired table that all comparisons of them start from.

Restrict it to the cancers for sensitivity or detection, to the healthy for the recall of the
healthy, or take all women for the recall rate. For specificity count the calls *not* made:
``negative_calls``. Cases must be independent: two breasts of one woman are not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from toolkit.results import Result
from toolkit.stats._checks import check_call, check_count


@dataclass(frozen=True, kw_only=True)
class PairedCounts(Result):
    """The paired two by two table of two methods that called the same cases.

    Parameters
    ----------
    both, only_b, only_a : int
        Cases that both methods called positive, b alone, and a alone.
    neither : int, optional
        Cases that neither called positive. None where they were not verified, as in a screening
        trial that knows the truth of recalled women only: the McNemar tests and the ratio do not
        need it.

    Raises
    ------
    ValueError
        If a count is not a whole number of 0 or more.

    Examples
    --------
    >>> counts = PairedCounts(both=242, only_b=19, only_a=8)
    >>> counts.positive_b, counts.positive_a, counts.n_discordant
    (261, 250, 27)
    """

    both: int
    only_b: int
    only_a: int
    neither: int | None = None
    method: str = "paired two by two table"

    def __post_init__(self) -> None:
        """Check the counts and hold them as int."""
        for name in ("both", "only_b", "only_a", "neither"):
            value = getattr(self, name)
            if name != "neither" or value is not None:
                object.__setattr__(self, name, check_count(value, name=name))
        super().__post_init__()

    @property
    def positive_a(self) -> int:
        """Cases called positive by a."""
        return self.both + self.only_a

    @property
    def positive_b(self) -> int:
        """Cases called positive by b."""
        return self.both + self.only_b

    @property
    def n_discordant(self) -> int:
        """Cases that one method alone called positive."""
        return self.only_a + self.only_b

    @property
    def n_pairs(self) -> int | None:
        """All cases; None where those positive by neither are not known."""
        return None if self.neither is None else self.positive_b + self.only_a + self.neither

    def negative_calls(self) -> PairedCounts:
        """Return the same cases with the calls *not* made counted as positive.

        Of the healthy, this turns recalls into the counts of specificity.

        Raises
        ------
        ValueError
            If ``neither`` is not known.
        """
        if self.neither is None:
            msg = (
                "negative_calls needs neither, the cases that neither method called positive, but "
                "it is None; count them once every case has been verified"
            )
            raise ValueError(msg)
        return PairedCounts(
            both=self.neither, only_b=self.only_a, only_a=self.only_b, neither=self.both
        )


def paired_counts(call_a: ArrayLike, call_b: ArrayLike) -> PairedCounts:
    """Count the paired table of two methods.

    Parameters
    ----------
    call_a, call_b : array_like of 0 and 1, shape (n_cases,)
        Calls of the comparator a and of the new method b, the same case at the same place.

    Raises
    ------
    ValueError
        If the lengths differ, or a call is missing or neither 0 nor 1.

    Examples
    --------
    >>> counts = paired_counts([1, 1, 0, 0, 0], [1, 0, 1, 1, 0])
    >>> counts.both, counts.only_b, counts.only_a, counts.neither
    (1, 2, 1, 1)
    """
    first = check_call(call_a, name="call_a")
    second = check_call(call_b, name="call_b")
    if first.size != second.size:
        msg = (
            f"call_a and call_b must have one length, but got {first.size} and {second.size}; "
            "join both by case first"
        )
        raise ValueError(msg)
    return PairedCounts(
        both=int((first & second).sum()),
        only_b=int((~first & second).sum()),
        only_a=int((first & ~second).sum()),
        neither=int((~first & ~second).sum()),
    )


def check_pairs(counts: PairedCounts, caller: str) -> int:
    """Return the number of pairs; refuse a table that does not know it."""
    if counts.n_pairs is None:
        msg = (
            f"{caller} needs counts.neither, the cases that neither method called positive, but "
            "got None; count them, or use paired_ratio_ci by 'tang' or a McNemar test, which do "
            "not need it"
        )
        raise ValueError(msg)
    return counts.n_pairs


def correlation(
    both: int, only_b: int, only_a: int, n_pairs: int, *, correction: float = 0.0
) -> float:
    """Return the correlation of the calls, where positive corrected for continuity."""
    neither = n_pairs - both - only_b - only_a
    margins = [both + only_b, both + only_a, only_a + neither, only_b + neither]
    if 0 in margins:
        return 0.0
    excess = float(both * neither - only_b * only_a)
    if excess > 0:
        excess = max(excess - correction, 0.0)
    return excess / math.sqrt(math.prod(margins))
