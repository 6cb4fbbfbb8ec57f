"""Checks across the canonical tables of one part of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray
from toolkit.tables import links as link_rules
from toolkit.tables.definitions import TABLES
from toolkit.tables.faults import Fault, TableData, TableError, shown

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


_AI_COLUMNS = ("product", "version", "score_min", "score_max", "score_kind")
_READER_ID = TABLES["readers"].column("reader_id")


def _looked_up(
    data: TableData, tables: Mapping[str, TableData], target: str, column: str
) -> pd.Series:
    """Return for each row a column of its case or reader, missing where there is none."""
    import pandas as pd

    key = TABLES[target].key[0]
    if target not in tables or column not in tables[target].frame.columns:
        return pd.Series(np.nan, index=data.frame.index)
    values: pd.Series = data.frame[key].map(tables[target].frame.set_index(key)[column])
    return values


def ai_is_described(tables: Mapping[str, TableData]) -> list[Fault]:
    """Refuse an AI that does not say which product, version and score scale it has."""
    if "readers" not in tables:
        return []
    readers = tables["readers"]
    is_ai = readers.frame["kind"] == "ai"
    faults = []
    for name in _AI_COLUMNS:
        lacking = is_ai if name not in readers.frame else is_ai & readers.frame[name].isna()
        faults += readers.faults(
            np.flatnonzero(lacking),
            column=name,
            rule="must be given for a reader of kind ai",
        )
    return faults


def ai_rates_within_its_scale(tables: Mapping[str, TableData], *, show_values: bool) -> list[Fault]:
    """Refuse an AI rating outside the declared scale: it is a code, not a score."""
    faults = []
    for name in ("readings", "marks"):
        if name in tables:
            faults += _outside_scale(name, tables, show_values=show_values)
    return faults


def _outside_scale(name: str, tables: Mapping[str, TableData], *, show_values: bool) -> list[Fault]:
    """Return the faults of ratings outside the scale of their AI."""
    data = tables[name]
    rating = data.frame["rating"]
    low = _looked_up(data, tables, "readers", "score_min")
    high = _looked_up(data, tables, "readers", "score_max")
    outside = (rating < low) | (rating > high)
    outside &= _looked_up(data, tables, "readers", "kind") == "ai"
    if name == "marks":
        # An AI that scores exams or breasts may give its marks on another scale.
        outside &= _looked_up(data, tables, "readers", "score_kind") == "region"
    faults = []
    for least, most in sorted(set(zip(low[outside], high[outside], strict=True))):
        positions = np.flatnonzero(outside & (low == least) & (high == most))
        faults += data.value_faults(
            positions,
            [f"{value:g}" for value in rating.iloc[positions]],
            column=TABLES[name].column("rating"),
            rule=f"must lie within the AI's declared scale, {least:g} to {most:g}",
            remedy="if it stands for a failed reading, say status: failed and leave rating empty",
            show_values=show_values,
        )
    return faults


def both_truths_read(tables: Mapping[str, TableData], *, show_values: bool) -> list[Fault]:
    """Refuse a reader who, in one modality, rated cases of one truth only."""
    if "readings" not in tables:
        return []
    readings = tables["readings"]
    frame = readings.frame
    truth = _looked_up(readings, tables, "cases", "truth")
    counted = frame["rating"].notna()
    if "position" in frame:
        counted &= frame["position"].isna()
    if truth.nunique() < 2 or not counted.any():
        return []
    faults = []
    for (_, modality), of_reader in truth[counted].groupby(
        [frame["reader_id"], frame["modality"]], sort=False
    ):
        if of_reader.notna().all() and of_reader.nunique() == 1:
            condition = shown(str(modality), identifying=False, show_values=show_values)
            lacking = "without" if of_reader.iloc[0] == 1 else "with"
            first = np.flatnonzero(frame.index == of_reader.index[0])
            faults += readings.value_faults(
                first,
                frame["reader_id"].iloc[first].tolist(),
                column=TABLES["readers"].column("reader_id"),
                rule=f"read no case {lacking} cancer in modality {condition}",
                remedy="leave the reader out; routine double reading has a position in each row",
                show_values=show_values,
            )
    return faults


def read_after_exam(tables: Mapping[str, TableData]) -> list[Fault]:
    """Refuse a reading that precedes its examination."""
    if "readings" not in tables or "read_at" not in tables["readings"].frame:
        return []
    readings = tables["readings"]
    exam_date = _looked_up(readings, tables, "cases", "exam_date").astype("datetime64[ns]")
    early = readings.frame["read_at"].dt.normalize() < exam_date.dt.normalize()
    return readings.faults(
        np.flatnonzero(early),
        column="read_at",
        rule="must not be before the exam_date of its case",
        remedy="check date_order for swapped days and months",
    )


def images_on_side_of_case(tables: Mapping[str, TableData]) -> list[Fault]:
    """Refuse an image of the other breast where a case is one breast."""
    if "images" not in tables:
        return []
    images = tables["images"]
    side = _looked_up(images, tables, "cases", "laterality")
    other = images.frame["laterality"].notna() & side.notna()
    other &= images.frame["laterality"] != side
    return images.faults(
        np.flatnonzero(other),
        column="laterality",
        rule="must be the laterality of its case",
    )
