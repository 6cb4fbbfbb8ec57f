"""Files of a hospital or of a public data set -> one canonical table, by column maps alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from toolkit.readers.column_map import inline_table, mapped_table, nfc
from toolkit.readers.delimited import read_delimited
from toolkit.readers.parquet import read_parquet
from toolkit.readers.paths import file_within
from toolkit.readers.raw_table import RawTable, file_fault
from toolkit.readers.sources import TableSource, mapped_columns, source_faults
from toolkit.readers.workbook import read_workbook
from toolkit.tables import (
    Fault,
    TableData,
    TableDefinition,
    TableError,
    check_table,
    name_faults,
    table_definition,
)

__all__ = ["TableSource", "read_table"]

_TEXT_ENDINGS = (".csv", ".txt", ".tsv")


def read_table(
    name: str, sources: Sequence[TableSource], *, folder: Path, show_values: bool = False
) -> TableData:
    """Return one canonical table from all its sources, checked.

    Parameters
    ----------
    name : str
        Name of the canonical table.
    sources : sequence of TableSource
        Where its rows come from, in this order.
    folder : Path
        The data folder; no source lies outside.
    show_values : bool
        Show the values of identifying columns in the messages: for a terminal only.

    Returns
    -------
    TableData
        The typed table, with the file and the row of the file of each of its rows.

    Raises
    ------
    TableError
        With all faults of all sources: of their entries, their files and their cells.

    Examples
    --------
    >>> ai = {"reader_id": "AI", "kind": "ai", "product": "P", "version": "1.10"}
    >>> data = read_table("readers", [TableSource(rows=[ai])], folder=Path())
    >>> data.frame["version"].tolist()
    ['1.10']
    """
    definition = table_definition(name)
    faults: list[Fault] = []
    tables: list[tuple[str, RawTable]] = []
    if not sources:
        faults.append(file_fault("", f"table {name} has no source", "leave the table out"))
    for source in sources:
        try:
            table = _read_source(source, definition, folder=folder, show_values=show_values)
        except TableError as error:
            faults += error.faults
        else:
            faults += table.faults
            tables.append((source.name, table))
    if not tables:
        raise TableError(faults)
    return _checked(tables, name, earlier=faults, show_values=show_values)


def _checked(
    tables: Sequence[tuple[str, RawTable]],
    name: str,
    *,
    earlier: Sequence[Fault],
    show_values: bool,
) -> TableData:
    """Return the sources as one checked table, or raise its faults behind the earlier ones."""
    import pandas as pd

    sizes = [len(table.frame) for _, table in tables]
    files = np.repeat(np.array([file for file, _ in tables], dtype=object), sizes)
    rows = np.concatenate([table.rows for _, table in tables])
    frame = pd.concat([table.frame for _, table in tables], ignore_index=True)
    try:
        checked = check_table(frame, name, source=files, rows=rows, show_values=show_values)
    except TableError as error:
        raise TableError([*earlier, *error.faults]) from None
    if earlier:
        raise TableError(earlier)
    return TableData(frame=checked, files=files, rows=rows)


def _read_source(
    source: TableSource, definition: TableDefinition, *, folder: Path, show_values: bool
) -> RawTable:
    """Return the canonical cells of one source, still as text."""
    faults = source_faults(source, definition)
    if faults:
        raise TableError(faults)
    if source.file is None:
        return inline_table(source, definition)
    raw = _read_file(source, source.file, definition, folder=folder)
    if mapped_columns(source) is None:
        names = [*raw.frame.columns, *source.constants]
        faults = name_faults(names, definition, file=source.file, show_values=show_values)
        if faults:
            raise TableError([*raw.faults, *faults])
    return mapped_table(raw, source, definition)


def _read_file(
    source: TableSource, file: str, definition: TableDefinition, *, folder: Path
) -> RawTable:
    """Return the mapped columns of a file, read as its ending says."""
    path = file_within(folder, file)
    wanted = [nfc(name) for name in source.columns.values()] or None
    ending = PurePosixPath(file).suffix.lower()
    try:
        if ending in _TEXT_ENDINGS:
            return read_delimited(
                path,
                file=file,
                wanted=wanted,
                separator=source.separator,
                encoding=source.encoding,
            )
        if ending == ".xlsx":
            return read_workbook(
                path,
                file=file,
                wanted=wanted,
                sheet=source.sheet,
                decimal=source.decimal,
                date_columns=_date_columns(source, definition),
            )
        if ending == ".parquet":
            return read_parquet(path, file=file, wanted=wanted, decimal=source.decimal)
    except OSError as error:
        rule = f"cannot be read ({error.strerror or type(error).__name__})"
        raise TableError([file_fault(file, rule)]) from None
    known = ", ".join((*_TEXT_ENDINGS, ".xlsx", ".parquet"))
    raise TableError([file_fault(file, f"must end in one of {known}", "save it as one of them")])


def _date_columns(source: TableSource, definition: TableDefinition) -> frozenset[str]:
    """Return the columns of the file that hold dates."""
    dates = {column.name for column in definition.columns if column.kind == "date"}
    names = source.columns or {name: name for name in definition.names}
    return frozenset(nfc(in_file) for name, in_file in names.items() if name in dates)
