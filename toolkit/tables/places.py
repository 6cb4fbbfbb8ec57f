"""Where the rows of a table come from, and the faults that name those places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import IndexArray, IntArray, ObjectArray
from toolkit.tables.definitions import Column
from toolkit.tables.faults import Fault, looks_identifying, shown

if TYPE_CHECKING:
    import pandas as pd

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
