"""Parquet files: typed columns as text, exact to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.readers.tabular.raw_table import (
    MOST_ROWS,
    RawTable,
    cell_text,
    check_has_records,
    check_size,
    column_positions,
    file_fault,
)
from toolkit.tables import Fault, TableError

if TYPE_CHECKING:
    import pandas as pd


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
