"""What the parameters file says about one source of a table: its file and its column map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PureWindowsPath
from typing import Any, ClassVar

from toolkit.readers.delimited import Encoding
from toolkit.readers.notation import DateOrder, Decimal
from toolkit.readers.raw_table import file_fault
from toolkit.tables import Fault, TableDefinition, did_you_mean, name_faults

EVERY_OTHER = "*"  # in a value map: every value that the map does not name
INLINE = "(inline rows)"  # stands for the file where the parameters file holds the rows itself


@dataclass(frozen=True, kw_only=True)
class TableSource:
    """One entry of the data section of a parameters file.

    Parameters
    ----------
    file : str, optional
        csv, txt, tsv, xlsx or parquet file, relative to the data folder.
    columns : dict of str to str
        Canonical column to column of the file; several may read the same one. Empty: the file
        has canonical names already.
    values : dict of str to dict of str to str
        For a canonical column: value in the file to canonical value. The value ``""`` stands
        for a missing cell and ``"*"`` for every other value; others pass unchanged.
    constants : dict of str to str, float or int
        Canonical column to the one value that all rows have.
    numbered : str
        Canonical column that is filled with the row of the file, where rows have no name of their
        own, as marks often have none.
    distinct : bool
        Drop rows that repeat another one in all mapped columns.
    rows : list of dict, optional
        The rows themselves, by canonical column, instead of a file.
    separator : str
        Character between the fields of a text file.
    decimal : {".", ","}
        Decimal sign of numbers.
    date_order : {"ymd", "dmy", "mdy"}
        Order of year, month and day in dates.
    encoding : {"utf-8", "cp1258"}
        Encoding of a text file.
    missing : list of str
        Values that stand for a missing cell, besides the empty cell.
    sheet : str, optional
        Sheet of a workbook.
    """

    # Read by pydantic where the parameters are validated: an unknown field is refused, and
    # `values: {truth: {0: 0, 1: 1}}` needs no quotes.
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "coerce_numbers_to_str": True,
    }

    file: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: dict[str, str | float | int] = field(default_factory=dict)
    numbered: str = ""
    distinct: bool = False
    rows: list[dict[str, Any]] | None = None
    separator: str = ","
    decimal: Decimal = "."
    date_order: DateOrder = "ymd"
    encoding: Encoding = "utf-8"
    missing: list[str] = field(default_factory=list)
    sheet: str | None = None

    @property
    def name(self) -> str:
        """Name of the source in messages, never with a path of the machine."""
        if self.file is None:
            return INLINE
        path = PureWindowsPath(self.file)  # knows drives, and both kinds of slash as roots
        return path.name if path.anchor else self.file


def source_faults(source: TableSource, definition: TableDefinition) -> list[Fault]:
    """Return what an entry says that cannot be: found before any file is opened."""
    faults = [file_fault(source.name, rule, remedy) for rule, remedy in _contradictions(source)]
    mapped = mapped_columns(source)
    if mapped is not None:
        # These names stand in the parameters file, so they are no patient's data.
        faults += name_faults(mapped, definition, file=source.name, show_values=True)
    for name in source.values:
        known = definition.names if mapped is None else mapped
        if name not in known:
            rule = "has values, but is not mapped"
            faults.append(
                file_fault(source.name, rule, did_you_mean(name, known), column=repr(name))
            )
    return faults


def mapped_columns(source: TableSource) -> list[str] | None:
    """Return the canonical columns that an entry fills; None where its file decides that."""
    filled = [*source.constants, *([source.numbered] if source.numbered else [])]
    if source.rows:
        inline = dict.fromkeys(str(name) for row in source.rows for name in row)
        return [*inline, *filled]
    if source.columns:
        return [*source.columns, *filled]
    return None


def _contradictions(source: TableSource) -> Iterator[tuple[str, str]]:
    """Yield rule and remedy of settings that do not go together."""
    if (source.file is None) == (source.rows is None):
        yield "must have either a file or rows", "give one of the two"
    if source.rows is not None and not source.rows:
        yield "must have at least one row under rows", "leave the table out"
    if source.rows is not None and (source.columns or source.values):
        yield "has columns or values, which belong to a file", "write rows in canonical words"
    if source.numbered and not source.columns:
        yield "numbers a column, which needs mapped columns", "map the columns of the file"
    if source.numbered in (*source.columns, *source.constants):
        yield "numbers a column that it fills in another way", "choose one of the two"
    if len(source.separator) != 1 or source.separator in '"\r\n':
        yield "must have one character as separator", 'for a tab write "\\t" in double quotes'
    if source.sheet is not None and not (source.file or "").lower().endswith(".xlsx"):
        yield "has a sheet, which belongs to a workbook", "leave sheet out"
