"""Checks across the canonical tables of one part of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray
from toolkit.tables import link_rules
from toolkit.tables.definitions import TABLES
from toolkit.tables.faults import Fault, TableError
from toolkit.tables.places import TableData

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class _Link:
    """Columns of a table that point at a row of another table.

    ``needed`` says that the other table must be there; else the link is checked where it is.
    """

    table: str
    columns: tuple[str, ...]
    target: str
    needed: bool = False


_LINKS = (
    _Link(table="readings", columns=("case_id",), target="cases", needed=True),
    _Link(table="readings", columns=("reader_id",), target="readers", needed=True),
    _Link(table="marks", columns=("case_id",), target="cases", needed=True),
    _Link(table="marks", columns=("reader_id",), target="readers", needed=True),
    _Link(
        table="marks",
        columns=("modality", "session", "reader_id", "case_id"),
        target="readings",
    ),
    _Link(table="marks", columns=("case_id", "image_id"), target="images"),
    _Link(table="marks", columns=("case_id", "lesion_id"), target="lesions"),
    _Link(table="lesions", columns=("case_id",), target="cases", needed=True),
    _Link(table="lesions", columns=("case_id", "image_id"), target="images"),
    _Link(table="images", columns=("case_id",), target="cases", needed=True),
)


def check_links(tables: Mapping[str, TableData], *, show_values: bool = False) -> None:
    """Check that the tables of one part of a study fit each other.

    Parameters
    ----------
    tables : mapping of str to TableData
        Checked tables by name. Readings and marks need cases and readers; lesions and images
        need cases.
    show_values : bool
        Show the values of identifying columns in the messages: for a terminal only.

    Raises
    ------
    TableError
        With all faults: a case, reader, reading, image or lesion that is pointed at and does not
        exist; an AI without product, version and scale, or with a rating outside its scale; a
        reading before its examination; an image of the other breast; a reader whose rated cases
        all have one truth, although the study has both.

    Notes
    -----
    A reader with one class of truth has no ROC curve. Exempt are calls without a rating;
    readings with a ``position``, since that is routine double reading, where most readers meet
    few cancers; and readers of whose cases some still wait for their truth.
    """
    faults: list[Fault] = []
    for link in _LINKS:
        faults += _link_faults(tables, link, show_values=show_values)
    faults += link_rules.ai_is_described(tables)
    faults += link_rules.ai_rates_within_its_scale(tables, show_values=show_values)
    faults += link_rules.both_truths_read(tables, show_values=show_values)
    faults += link_rules.read_after_exam(tables)
    faults += link_rules.images_on_side_of_case(tables)
    if faults:
        raise TableError(faults)


def _link_faults(tables: Mapping[str, TableData], link: _Link, *, show_values: bool) -> list[Fault]:
    """Return the faults of rows that point at nothing."""
    data, target = tables.get(link.table), tables.get(link.target)
    columns = list(link.columns)
    if data is None or not set(columns) <= set(data.frame.columns):
        return []
    if target is None:
        rule = f"needs the table {link.target}, but this part has none"
        missing = Fault(file="", row=None, column=f"table {link.table}", value="", rule=rule)
        return [missing] if link.needed else []
    pointing = data.frame[columns]
    known = pointing.notna().all(axis=1).to_numpy()
    lost = np.flatnonzero(known & ~_found(pointing, target.frame[columns]))
    also = f", together with its {', '.join(columns[:-1])}" if len(columns) > 1 else ""
    return data.value_faults(
        lost,
        pointing[columns[-1]].iloc[lost].tolist(),
        column=TABLES[link.table].column(columns[-1]),
        rule=f"must be in the table {link.target}{also}",
        show_values=show_values,
    )


def _found(pointing: pd.DataFrame, target: pd.DataFrame) -> BoolArray:
    """Return for each row whether its columns stand together in a row of the target."""
    import pandas as pd

    both = pd.concat([target, pointing], ignore_index=True)
    codes = both.groupby(list(both.columns), sort=False, dropna=False).ngroup().to_numpy()
    return np.isin(codes[len(target) :], codes[: len(target)])
