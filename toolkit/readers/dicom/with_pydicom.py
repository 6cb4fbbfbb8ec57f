"""The same header by pydicom, for files that the fast walk does not read."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from toolkit.readers.dicom.attributes import HEADER, Attribute, Selection
from toolkit.readers.dicom.faults import DicomFault
from toolkit.readers.dicom.header import DICOMDIR, Header
from toolkit.readers.dicom.walker import Read

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LARGEST_FILE = 1_000_000_000  # bytes; the file is read whole, and the walk reads larger ones


def header_by_pydicom(read: Read, size: int, *, selection: Selection = HEADER) -> Header:
    """Read a header with pydicom.

    Parameters
    ----------
    read, size, selection
        As of ``read_header``.

    Raises
    ------
    DicomFault
        If pydicom cannot read the file, or stops before its end, or the file is too large.
    """
    if size > LARGEST_FILE:
        msg = f"an unusual file of more than {LARGEST_FILE:,} bytes"
        raise DicomFault("other", msg)
    import pydicom

    file = io.BytesIO(read(0, size))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong is said of the values, below
        try:
            data = pydicom.dcmread(file)
            return _header(data, selection, reached=file.tell(), size=size)
        except DicomFault:
            raise
        except (RecursionError, MemoryError):
            msg = "sequences nested deeper than can be read"
            raise DicomFault("nested_too_deep", msg) from None
        # pydicom raises what its many parts raise; none of their messages may be shown.
        except Exception as error:
            msg = f"pydicom cannot read the file ({type(error).__name__})"
            raise DicomFault("other", msg) from None


def _header(data: Dataset, selection: Selection, *, reached: int, size: int) -> Header:
    """Return the header of a data set that was read."""
    if reached < size or _ends_early(data, size):
        msg = "the last element does not end where the file ends"
        raise DicomFault("cut_off", msg)
    syntax = str(data.file_meta.get("TransferSyntaxUID", ""))
    if str(data.file_meta.get("MediaStorageSOPClassUID", "")) == DICOMDIR:
        msg = "a DICOMDIR, an index of other files"
        raise DicomFault("dicomdir", msg)
    bad: list[str] = []
    values = _values(data, selection.top, selection, bad)
    return Header(
        transfer_syntax=syntax,
        values=values,
        bad=tuple(bad),
        has_pixels=any(tag in data for tag in (0x7FE00008, 0x7FE00009, 0x7FE00010)),
        way="pydicom",
    )


def _ends_early(data: Dataset, size: int) -> bool:
    """Whether an element claims more bytes than the file has."""
    elements: list[Any] = [data.get_item(tag) for tag in list(data.keys())]
    ends = [
        item.value_tell + item.length
        for item in elements
        if getattr(item, "length", None) not in (None, 0xFFFFFFFF)
    ]
    return max(ends, default=0) > size


def _values(
    data: Dataset, attributes: tuple[Attribute, ...], selection: Selection, bad: list[str]
) -> dict[str, Any]:
    """Return the wanted values by keyword."""
    values: dict[str, Any] = {}
    for attribute in attributes:
        if attribute.tag not in data:
            continue
        try:
            value = _value(data, attribute)
        except (ValueError, TypeError, OverflowError):
            bad.append(attribute.keyword)
            continue
        if attribute.vr == "SQ":
            values[attribute.keyword] = tuple(
                _values(item, selection.nested, selection, bad) for item in value or ()
            )
        else:
            values[attribute.keyword] = plain(value, "CS" if attribute.as_written else attribute.vr)
    return values


def _value(data: Dataset, attribute: Attribute) -> Any:
    """Return a value as pydicom reads it, or the text that stands in the file."""
    if not attribute.as_written:
        return data[attribute.tag].value
    item: Any = data.get_item(attribute.tag)
    raw = item.value
    return raw.decode("latin-1").rstrip("\0 ") if isinstance(raw, bytes) else str(raw)


def plain(value: Any, vr: str) -> Any:
    """Return a value of pydicom as text, a number or a tuple of several; None where empty."""
    from pydicom.multival import MultiValue

    if value is None or value == "":
        return None
    number = {"DS": float, "FL": float, "IS": int, "UL": int, "US": int}.get(vr, str)
    if isinstance(value, MultiValue):
        return tuple(number(part) for part in value) or None
    return (number(value),) if vr in ("FL", "UL") else number(value)
