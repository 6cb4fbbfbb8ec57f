"""Faults of a table: what one says, what it may show, and the error that lists them all."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import IndexArray, IntArray, ObjectArray
from toolkit.tables.definitions import Column

if TYPE_CHECKING:
    import pandas as pd

_LONGEST_SHOWN = 24
# Six digits in a row may be a hospital number, three numbers with marks between them a date, a
# telephone number or a UID.
_LOOKS_IDENTIFYING = re.compile(r"(?<![\d.,])\d{6,}(?!\d*[.,])|\d[-/. ]\d+[-/. ]\d|@")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong with a table.

    Parameters
    ----------
    file : str
        Name of the file, relative to the data folder; empty for a table made in memory.
    row : int or None
        First row of the file with this fault (the header is row 1); None: the whole table.
    column : str
        Column of the canonical table, or of the file where the two cannot be matched.
    value : str
        The value found, or its form where the column is identifying; empty if none applies.
    rule : str
        The rule that is broken.
    remedy : str
        What to do, if that can be said.
    rows : tuple of int
        The rows with this very fault, at most the first 20.
    n_rows : int
        How many rows have it.
    """

    file: str
    row: int | None
    column: str
    value: str
    rule: str
    remedy: str = ""
    rows: tuple[int, ...] = ()
    n_rows: int = 0

    def __str__(self) -> str:
        """Return the fault as one line."""
        place = f"{self.file}: " if self.file else ""
        statement = " ".join(part for part in (self.column, self.value, self.rule) if part)
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}{statement}{self._rows_text()}{remedy}"

    def _rows_text(self) -> str:
        """Return the rows as words: ``, rows 14, 58, 90 and 12 more``."""
        rows = self.rows or (() if self.row is None else (self.row,))
        if not rows:
            return ""
        hidden = max(self.n_rows, len(rows)) - len(rows)
        more = f" and {hidden:,} more" if hidden else ""
        return f", row{'s' if len(rows) > 1 or hidden else ''} {', '.join(map(str, rows))}{more}"


class TableError(ValueError):
    """A table that cannot be used; its text lists every fault, one a line.

    A rule that is broken many times over is one fault with the number of its rows, so that the
    list stays readable whatever the file.

    Parameters
    ----------
    faults : sequence of Fault
        What is wrong, at least one.

    Examples
    --------
    >>> fault = Fault(file="cases.csv", row=7, column="truth", value="'2'",
    ...               rule="must be 0, 1 or missing")
    >>> print(TableError([fault]))
    1 fault
    cases.csv: truth '2' must be 0, 1 or missing, row 7
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        # The faults are the only argument, so that the error survives pickling.
        super().__init__(self.faults)

    def __str__(self) -> str:
        """Return all faults, one a line."""
        count = len(self.faults)
        lines = [f"{count} fault{'s' if count != 1 else ''}", *map(str, self.faults)]
        return "\n".join(lines)


def form_of(value: str) -> str:
    """Return the form of a value instead of the value: ``8 characters, leading zero``.

    Examples
    --------
    >>> form_of("00123456")
    '8 characters, leading zero, digits only'
    """
    traits = {
        "leading zero": value.startswith("0") and len(value) > 1 and value.isalnum(),
        "digits only": value.isdecimal(),
        "blank at an end": value != value.strip(),
        "letters beyond A to Z": not value.isascii(),
    }
    length = f"{len(value)} character{'s' if len(value) != 1 else ''}"
    return ", ".join([length, *(trait for trait, holds in traits.items() if holds)])


def withheld(value: str) -> str:
    """Return what stands in a message for a value that may identify a person."""
    return f"(value withheld: {form_of(value)})"


def looks_identifying(value: str) -> bool:
    """Return whether a value is long or looks like a hospital number, a date or an address."""
    return len(value) > _LONGEST_SHOWN or _LOOKS_IDENTIFYING.search(value) is not None


def shown(value: str, *, identifying: bool, show_values: bool) -> str:
    """Return a value as a message may give it.

    Values of identifying columns are withheld unless ``show_values``; so is one that is long or
    looks like a hospital number or a date, since a column map may point at the wrong column.
    """
    if show_values:
        return repr(value)
    if identifying or looks_identifying(value):
        return withheld(value)
    return repr(value)


def did_you_mean(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return ``did you mean 'x'?`` for the closest known word, or an empty string.

    ``likeness`` (0 to 1) is how alike the two must be.

    Examples
    --------
    >>> did_you_mean("ratting", ["rating", "call"])
    "did you mean 'rating'?"
    """
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=likeness)
    return f"did you mean {by_folded[close[0]]!r}?" if close else ""


LISTED = 20  # rows named in one fault, and different values that one rule shows one by one
_MOST_COMPARED = 1_000  # more different values than this are not even put into words


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """The file and the row of that file for each row of a table, both of shape (n_rows,)."""

    files: ObjectArray
    rows: IntArray

    def at(self, positions: IndexArray) -> Places:
        """Return the places of some of the rows."""
        return Places(files=self.files[positions], rows=self.rows[positions])

    def faults(
        self,
        positions: IndexArray,
        *,
        column: str,
        rule: str,
        value: str = "",
        remedy: str = "",
    ) -> list[Fault]:
        """Return one fault for each file that the rows at ``positions`` come from, if any."""
        found = []
        files = self.files[positions]
        for file in dict.fromkeys(files.tolist()):
            rows = self.rows[positions[files == file]]
            named = tuple(int(row) for row in rows[:LISTED])
            found.append(
                Fault(
                    file=file,
                    row=named[0],
                    column=column,
                    value=value,
                    rule=rule,
                    remedy=remedy,
                    rows=named,
                    n_rows=len(rows),
                )
            )
        return found

    def value_faults(
        self,
        positions: IndexArray,
        values: Sequence[str],
        *,
        column: Column,
        rule: str,
        remedy: str = "",
        show_values: bool,
    ) -> list[Fault]:
        """Return one fault for each different value, as a message may give it.

        ``values`` has one value for each of the ``positions``.
        """
        texts = _shown_values(
            list(dict.fromkeys(values)), identifying=column.identifying, show_values=show_values
        )
        by_text: dict[str, list[int]] = defaultdict(list)
        for position, value in zip(positions.tolist(), values, strict=True):
            by_text[texts[value]].append(position)
        found = []
        for text, some in by_text.items():
            where = np.sort(np.array(some, dtype=np.intp))
            found += self.faults(where, column=column.name, value=text, rule=rule, remedy=remedy)
        return found


def _shown_values(
    different: Sequence[str], *, identifying: bool, show_values: bool
) -> dict[str, str]:
    """Return what a message gives for each of the different values that break one rule.

    Many different values, or one that looks like a hospital number or a date, mean that the
    column is likely another one than was meant: then none of the values is shown.
    """
    count = f"({len(different):,} different values withheld)"
    if len(different) > (_MOST_COMPARED if identifying or show_values else LISTED):
        return dict.fromkeys(different, count)
    withhold = identifying or any(looks_identifying(value) for value in different)
    texts = {
        value: shown(value, identifying=withhold, show_values=show_values) for value in different
    }
    return dict.fromkeys(different, count) if len(set(texts.values())) > LISTED else texts


@dataclass(frozen=True, kw_only=True, eq=False)
class TableData(Places):
    """A checked table and where its rows come from.

    Parameters
    ----------
    frame : DataFrame
        The canonical table, as ``check_table`` returns it.
    files : ndarray of str, shape (n_rows,)
        File of each row, relative to the data folder.
    rows : ndarray of int, shape (n_rows,)
        Row of that file, where the header is row 1.
    """

    frame: pd.DataFrame
