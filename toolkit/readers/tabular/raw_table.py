"""What a file holds before it is mapped: cells as text, the rows they stand in, and faults."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.arrays import IntArray
from toolkit.tables import Fault, Places, RefusedCell, TableError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 2 * 1024**3
MOST_COLUMNS = 16_384  # as many as a sheet of a workbook has
MOST_ROWS = 50_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class RawTable:
    """The wanted columns of one file.

    Parameters
    ----------
    frame : DataFrame
        Cells as text under the file's own column names; a missing cell is an empty text, one
        that could not be taken over is a ``RefusedCell``.
    rows : ndarray of int, shape (n_rows,)
        Row of the file where each record starts; the header is row 1, blank lines count.
    faults : tuple of Fault
        Records that could not be read; they are not in the frame.
    """

    frame: pd.DataFrame
    rows: IntArray
    faults: tuple[Fault, ...] = ()


def raw_table(cells: Mapping[str, Sequence[str | RefusedCell]], rows: Sequence[int]) -> RawTable:
    """Return the raw table of columns of cells."""
    import pandas as pd

    columns = {name: text_cells(column) for name, column in cells.items()}
    return RawTable(frame=pd.DataFrame(columns), rows=np.array(rows, dtype=np.int64))


def text_cells(cells: Sequence[str | RefusedCell]) -> pd.Series:
    """Return cells as a column of text, or of objects where some are refused."""
    import pandas as pd

    refused = any(isinstance(cell, RefusedCell) for cell in cells)
    return pd.Series(list(cells), dtype=object if refused else "str")


def file_fault(file: str, rule: str, remedy: str = "", *, column: str = "") -> Fault:
    """Return a fault of a whole file, or of one of its columns."""
    return Fault(file=file, row=None, column=column, value="", rule=rule, remedy=remedy)


def row_faults(
    file: str, rows: Sequence[int], rule: str, remedy: str = "", *, column: str = ""
) -> list[Fault]:
    """Return one fault of some rows of a file; none without rows."""
    places = Places(
        files=np.full(len(rows), file, dtype=object), rows=np.array(rows, dtype=np.int64)
    )
    return places.faults(np.arange(len(rows)), column=column, rule=rule, remedy=remedy)


def column_positions(
    header: Sequence[str], wanted: Sequence[str] | None, *, file: str, remedy: str = ""
) -> dict[str, int]:
    """Return where the wanted columns stand in the header; None wants all of them.

    Raises
    ------
    TableError
        For each wanted column that is not in the header, or more than once; ``remedy`` then
        says what else may be the cause.
    """
    names = [unicodedata.normalize("NFC", name) for name in header]
    if len(names) > MOST_COLUMNS:
        rule = f"has {len(names):,} columns; {MOST_COLUMNS:,} can be read"
        raise TableError([file_fault(file, rule)])
    wanted_names = names if wanted is None else wanted
    faults = []
    for name in dict.fromkeys(wanted_names):
        if name not in names:
            close = did_you_mean(name, names)
            rule = "is not in the header"
            faults.append(file_fault(file, rule, close or remedy, column=f"column {name!r}"))
        elif names.count(name) > 1:
            faults.append(_repeated(name, names, file))
    if faults:
        raise TableError(faults)
    return {name: names.index(name) for name in wanted_names}


def _repeated(name: str, names: Sequence[str], file: str) -> Fault:
    """Return the fault of a name that heads several columns."""
    numbers = [str(number) for number, known in enumerate(names, start=1) if known == name]
    rule = f"heads the columns {' and '.join(numbers)}"
    return file_fault(file, rule, "give each column its own name", column=f"column {name!r}")


def check_size(n_bytes: int, *, file: str) -> None:
    """Refuse a file that is empty or larger than can be held in memory."""
    if n_bytes == 0:
        raise TableError([file_fault(file, "is empty")])
    if n_bytes > MOST_BYTES:
        rule = f"holds {n_bytes:,} bytes; {MOST_BYTES:,} can be read"
        raise TableError([file_fault(file, rule, "split it into several files")])


def check_has_records(n_records: int, *, file: str) -> None:
    """Refuse a file with a header and nothing below it."""
    if n_records == 0:
        raise TableError(
            [file_fault(file, "has a header, but no row below it", "leave the table out")]
        )


def cell_text(value: object, *, decimal: str = ".") -> str:
    """Return a typed cell as the text that a person would have written, exact to the last bit.

    Numbers get the decimal sign that the source declares, so that one rule holds for cells that
    are numbers and cells that are text.

    Examples
    --------
    >>> cell_text(7.0), cell_text(0.25, decimal=","), cell_text(datetime.date(2024, 5, 6))
    ('7', '0,25', '2024-05-06')
    """
    if value is None or value != value:  # NaN and NaT differ from themselves
        return ""
    if isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        return text.replace(".", decimal)
    if isinstance(value, datetime.datetime):
        text = value.isoformat(sep=" ")
        return text.removesuffix(" 00:00:00")
    return str(value)


def file_within(folder: Path, file: str) -> Path:
    """Return the resolved path of a file of the data folder.

    Parameters
    ----------
    folder : Path
        The data folder.
    file : str
        Name relative to it.

    Raises
    ------
    TableError
        If the name is absolute, leaves the folder with symbolic links resolved, or is not that
        of a file. A message never holds a path of the machine.
    """
    windows = PureWindowsPath(file)  # knows drives, and both kinds of slash as roots
    name = windows.name
    if windows.anchor:
        raise _refused(name, "must be named relative to the data folder, without a drive or root")
    if not file or "\0" in file:
        raise _refused("file", "must be the name of a file in the data folder")
    try:
        root = folder.resolve(strict=True)
        path = (root / file).resolve()
    except (OSError, RuntimeError) as error:
        raise _refused(name, f"cannot be looked up in the data folder ({_cause(error)})") from None
    if not path.is_relative_to(root):
        raise _refused(name, "leaves the data folder", "copy it there; links are followed")
    if not path.exists():
        siblings = [entry.name for entry in path.parent.glob("*")]
        close = did_you_mean(path.name, siblings, likeness=0.8)
        raise _refused(file, "is not in the data folder", close)
    if not path.is_file():
        raise _refused(file, "is not a file")
    return path


def _refused(file: str, rule: str, remedy: str = "") -> TableError:
    """Return the error of one file name."""
    return TableError([file_fault(file, rule, remedy)])


def _cause(error: Exception) -> str:
    """Return the reason of an operating-system error without its path."""
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def read_parquet(
    path: Path, *, file: str, wanted: Sequence[str] | None, decimal: str = "."
) -> RawTable:
    """Return the wanted columns of a Parquet file, every cell as text.

    Parameters
    ----------
    path : Path
        The file.
    file : str
        Its name in messages.
    wanted : sequence of str or None
        Columns by name; None: all.
    decimal : str
        Decimal sign that numbers get in the text.

    Raises
    ------
    TableError
        If the file is not a Parquet file, holds no record or lacks a wanted column.

    Notes
    -----
    Whole numbers lose ``.0``, so that an ID stored as a number is the text that one reads. The
    first record is row 2, as it would be in a text file with a header.
    """
    check_size(path.stat().st_size, file=file)
    try:
        frame = _read_frame(path, file=file, wanted=wanted, decimal=decimal)
    except TableError:
        raise
    except Exception as error:
        # A damaged file shows as ArrowInvalid, OSError, UnicodeDecodeError, ...
        rule = f"cannot be read as a Parquet file ({type(error).__name__})"
        raise TableError([file_fault(file, rule, "write the file again")]) from None
    return RawTable(frame=frame, rows=np.arange(2, len(frame) + 2))


def _read_frame(
    path: Path, *, file: str, wanted: Sequence[str] | None, decimal: str
) -> pd.DataFrame:
    """Return the wanted columns as text."""
    import pandas as pd
    import pyarrow.parquet as pq

    stored = pq.ParquetFile(path)
    names = list(column_positions(stored.schema_arrow.names, wanted, file=file))
    _check_shape(stored.metadata, file=file)
    if faults := _type_faults(stored.schema_arrow, names, file=file):
        raise TableError(faults)
    table = stored.read(columns=names)
    return pd.DataFrame({name: _as_text(table.column(name), decimal=decimal) for name in names})


def _check_shape(metadata: Any, *, file: str) -> None:
    """Refuse a file without records, or with more than can be held in memory."""
    check_has_records(metadata.num_rows, file=file)
    if metadata.num_rows > MOST_ROWS:
        rule = f"has {metadata.num_rows:,} rows; {MOST_ROWS:,} can be read"
        raise TableError([file_fault(file, rule, "split it into several files")])
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    check_size(sum(group.total_byte_size for group in groups), file=file)


def _type_faults(schema: Any, wanted: Sequence[str], *, file: str) -> list[Fault]:
    """Return the faults of columns whose cells are no single values."""
    from pyarrow import types

    return [
        file_fault(file, f"holds {schema.field(name).type}, not single values", column=name)
        for name in wanted
        if types.is_nested(schema.field(name).type) or types.is_binary(schema.field(name).type)
    ]


def _as_text(column: Any, *, decimal: str) -> pd.Series:
    """Return a column as text, each different value turned into text once."""
    import pandas as pd
    import pyarrow as pa

    encoded = column.combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    texts = [cell_text(value, decimal=decimal) for value in encoded.dictionary.to_pylist()]
    # The last place stands for a missing cell.
    codes = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return pd.Series(np.array([*texts, ""], dtype=object)[codes], dtype="str")
