"""Rows -> Arrow tables, from bytes: the usual way there imports pandas and its 45 MB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table; what a row lacks is missing.

    Parameters
    ----------
    rows : sequence of mapping
        Texts, whole numbers, numbers, truth values, lists of texts or None.
    schema : pyarrow.Schema
        The columns, of these kinds.

    Examples
    --------
    >>> import pyarrow as pa
    >>> rows = [{"view": "CC", "rows": 10}, {"view": None}]
    >>> arrow_table(rows, pa.schema([("view", pa.string()), ("rows", pa.int64())])).to_pylist()
    [{'view': 'CC', 'rows': 10}, {'view': None, 'rows': None}]
    """
    import pyarrow as pa

    columns = [_column([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def found_schema(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pa.Schema:
    """Return the columns of rows: those that any row has a value of, typed by their values.

    Parameters
    ----------
    rows : sequence of mapping
        As of ``arrow_table``.
    names : sequence of str
        The columns that there may be, in their order.
    """
    import pyarrow as pa

    types = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    fields = []
    for name in names:
        kinds = {type(row[name]) for row in rows if row.get(name) is not None}
        if kinds:
            fields.append((name, types[float if kinds == {int, float} else kinds.pop()]))
    return pa.schema(fields)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return a column of the Arrow format: which values are given, and the values."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        items = [text for several in values for text in several]
        ends = _offsets([len(several) for several in values])
        return pa.ListArray.from_arrays(_array(pa.int32(), len(ends), None, ends), _text(items))
    if pa.types.is_string(kind):
        return _text(values)
    filled = np.array([0 if value is None else value for value in values])
    if pa.types.is_boolean(kind):
        data = np.packbits(filled.astype(bool), bitorder="little")
    else:
        data = filled.astype(kind.to_pandas_dtype())
    return _array(kind, len(values), values, data)


def _text(values: Sequence[str | None]) -> pa.Array:
    """Return a column of texts: where each ends, and all of them in one."""
    import pyarrow as pa

    parts = [(value or "").encode("utf-8", "backslashreplace") for value in values]
    ends = _offsets([len(part) for part in parts])
    return _array(pa.string(), len(values), values, ends, b"".join(parts))


def _offsets(lengths: Sequence[int]) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return where each of several parts begins, and where the last ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)


def _array(kind: pa.DataType, length: int, values: Sequence[Any] | None, *data: Any) -> pa.Array:
    """Return an array of its buffers; before them stands which of the values are given."""
    import pyarrow as pa

    given = np.array([value is not None for value in values or ()], dtype=bool)
    n_missing = int(np.count_nonzero(~given))
    valid = pa.py_buffer(np.packbits(given, bitorder="little")) if n_missing else None
    buffers = [valid, *(pa.py_buffer(one) for one in data)]
    return pa.Array.from_buffers(kind, length, buffers, n_missing)
