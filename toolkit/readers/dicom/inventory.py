"""The inventory of an archive: one row for each object, from its header alone."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

from toolkit.readers.dicom.header import read_header
from toolkit.readers.dicom.objects import ObjectRow, object_row
from toolkit.readers.dicom.pieces import Reading
from toolkit.readers.dicom.walker import Read

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = tuple(field.name for field in fields(ObjectRow))
_WHOLE = ("rows", "columns", "frames")
_LISTS = ("references", "conflicts")


def header_row(read: Read, size: int) -> dict[str, Any]:
    """Return the columns of one object.

    Parameters
    ----------
    read, size
        As of ``read_header``.

    Raises
    ------
    DicomFault
        If the file is no object that belongs to an examination.
    """
    row = object_row(read_header(read, size))
    return {name: getattr(row, name) for name in _NAMES}


def _type(name: str) -> pa.DataType:
    """Return the type of a column in a Parquet file."""
    import pyarrow as pa

    if name in _LISTS:
        return pa.list_(pa.string())
    if name in _WHOLE:
        return pa.int64()
    if name == "derived":
        return pa.bool_()
    return pa.float64() if name == "pixel_spacing_mm" else pa.string()


@cache
def header_reading() -> Reading:
    """Return what an inventory reads of each file."""
    import pyarrow as pa

    schema = pa.schema([pa.field(name, _type(name)) for name in _NAMES])
    return Reading(name="headers", version=1, row=header_row, schema=schema)
