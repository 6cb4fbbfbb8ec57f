"""The hospital's tables beside an archive: read, and written by the key of its copy."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.readers.atomic import write_atomic
from toolkit.readers.raw_table import cell_text
from toolkit.readers.tabular import TableSource, read_table
from toolkit.study.deidentify_work import DeidentifyError
from toolkit.tables import TABLES, Fault, TableData, TableError

if TYPE_CHECKING:
    import pandas as pd


def read_hospital_tables(folder: Path) -> tuple[dict[str, TableData], list[str]]:
    """Read the canonical tables of a folder, each of its canonical columns.

    Returns
    -------
    tables : dict of str to TableData
        By name.
    said : list of str
        What is left out: columns that no table knows, by their place, and other files.

    Raises
    ------
    DeidentifyError
        If there is no table.
    TableError
        With all faults of all tables.
    """
    files = {name: folder / f"{name}.csv" for name in TABLES}
    found = {name: path for name, path in files.items() if path.is_file()}
    if not found:
        msg = (
            f"--tables: {folder.name} holds none of {', '.join(f'{name}.csv' for name in TABLES)}; "
            "name the folder of the hospital's tables"
        )
        raise DeidentifyError(msg)
    tables: dict[str, TableData] = {}
    said: list[str] = []
    faults: list[Fault] = []
    for name, path in found.items():
        known, unknown = _columns(name, path)
        if unknown:
            said.append(f"{name}.csv: left out column {', '.join(map(str, unknown))}, no known one")
        try:
            source = TableSource(file=path.name, columns={column: column for column in known})
            tables[name] = read_table(name, [source], folder=folder)
        except TableError as error:
            faults += error.faults
    others = sum(path not in found.values() for path in folder.iterdir())
    if others:
        said.append(f"left out {others} further files of {folder.name}, no tables")
    if faults:
        raise TableError(faults)
    return tables, said


def _columns(name: str, path: Path) -> tuple[list[str], list[int]]:
    """Return the canonical columns of a file, and the places of the others, from 1."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    known = [column for column in header if column in TABLES[name].names]
    unknown = [place for place, column in enumerate(header, 1) if column not in known]
    return known, unknown


def write_hospital_tables(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write tables as CSV files named after them, each cell from its value."""
    for name, frame in frames.items():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(frame.columns)
        cells = [[cell_text(value) for value in frame[column].tolist()] for column in frame]
        writer.writerows(zip(*cells, strict=True))
        write_atomic(folder / f"{name}.csv", text.getvalue())
