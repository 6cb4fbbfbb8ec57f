"""A folder of canonical tables as csv files: what a parameters file can name without a map."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.readers.interchange.study import StudyFile, paradigm_of
from toolkit.readers.raw_table import cell_text, file_fault
from toolkit.readers.tabular import TableSource, read_table
from toolkit.tables import TABLES, Fault, TableData, TableError, check_links

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("cases", "readers", "readings")


def table_file(name: str) -> str:
    """Return the file name of a table."""
    return f"{name}.csv"


def read_folder(folder: Path, *, show_values: bool = False) -> StudyFile:
    """Return the study in a folder with cases.csv, readers.csv, readings.csv and further tables.

    Raises
    ------
    TableError
        With all faults of all tables, each naming file and row.
    """
    faults: list[Fault] = []
    tables: dict[str, TableData] = {}
    for name in TABLES:
        file = table_file(name)
        if (folder / file).is_file():
            try:
                sources = [TableSource(file=file)]
                tables[name] = read_table(name, sources, folder=folder, show_values=show_values)
            except TableError as error:
                faults += error.faults
        elif name in NEEDED:
            faults.append(file_fault(file, "is not in the folder"))
    if faults:
        raise TableError(faults)
    check_links(tables, show_values=show_values)
    return StudyFile(format="tables", paradigm=paradigm_of(tables), tables=tables)


def table_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as csv; a missing cell is empty, numbers keep their last bit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    columns = [_cells(frame[name]) for name in frame.columns]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def _cells(column: pd.Series) -> list[str]:
    """Return the cells of a column as text."""
    if column.dtype == "str":
        return column.fillna("").tolist()
    missing = column.isna().tolist()
    return [
        "" if absent else cell_text(value)
        for value, absent in zip(column.tolist(), missing, strict=True)
    ]


def folder_files(tables: Mapping[str, TableData]) -> dict[str, bytes]:
    """Return the files of a folder of tables."""
    return {table_file(name): table_bytes(data.frame) for name, data in tables.items()}
