"""The header of one DICOM file: what an inventory needs of it, read once and checked to its end."""

from __future__ import annotations

import io
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Literal

from toolkit.readers.dicom.scan.attributes import (
    HEADER,
    Attribute,
    BadValueError,
    DicomFault,
    Selection,
    Unusual,
    Value,
    decimal,
    free_text,
    long_text,
    packed,
    plain_text,
    unsigned_short,
    whole,
)
from toolkit.readers.dicom.scan.walker import FIRST_READ, PIXELS, Items, Read, Walk

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Nested = Mapping[str, Any]  # values by keyword; a sequence inside is again a tuple of these

IMPLICIT: Final = "1.2.840.10008.1.2"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
DICOMDIR: Final = "1.2.840.10008.1.3.10"
LARGEST_INFLATED: Final = 64_000_000  # bytes; a mammogram is never deflated, a report is small

_PREAMBLE: Final = 132
_META: Final = 140  # behind the head of the group length, which comes first
_GROUP_LENGTH: Final = b"\x02\x00\x00\x00UL\x04\x00"
_SYNTAX: Final = b"\x02\x00\x10\x00UI"


@dataclass(frozen=True, kw_only=True, eq=False)
class Header:
    """What an inventory reads of one object.

    Parameters
    ----------
    transfer_syntax : str
        UID.
    values : mapping
        By keyword: text, a number, a tuple of several, None where the element is empty; a tuple of
        mappings for a sequence. Absent elements have no entry.
    bad : tuple of str
        Keywords whose value is not what its VR says, such as a decimal comma; they have no entry.
    has_pixels : bool
        Whether the object holds pixel data.
    way : {"walk", "pydicom"}
        What read it.
    """

    transfer_syntax: str
    values: Mapping[str, Any]
    bad: tuple[str, ...]
    has_pixels: bool
    way: Literal["walk", "pydicom"]

    def text(self, keyword: str) -> str:
        """Return a single text without outer blanks; empty where there is none, or several."""
        value = self.values.get(keyword)
        return value.strip() if isinstance(value, str) else ""

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Return all values of a text."""
        value = self.values.get(keyword)
        if value is None:
            return ()
        return (value,) if isinstance(value, str) else tuple(str(part) for part in value)

    def number(self, keyword: str) -> float | None:
        """Return a single number, the first of several, or None."""
        value = self.values.get(keyword)
        first = value[0] if isinstance(value, tuple) and value else value
        return float(first) if isinstance(first, int | float) else None

    def items(self, keyword: str) -> tuple[Nested, ...]:
        """Return the items of a sequence."""
        value = self.values.get(keyword)
        return value if isinstance(value, tuple) else ()


def read_header(read: Read, size: int, *, selection: Selection = HEADER) -> Header:
    """Read the header of a file and check that the file is whole.

    Parameters
    ----------
    read : callable
        ``read(offset, length)`` returns bytes, fewer only at the end of the file.
    size : int
        Size of the file, bytes.
    selection : Selection
        What is read.

    Returns
    -------
    Header

    Raises
    ------
    DicomFault
        If the file is empty, no DICOM file, cut off, a DICOMDIR, or inflates, nests or goes on
        without end. The words hold no value of the file.
    """
    if not size:
        msg = "the file is empty"
        raise DicomFault("empty", msg)
    first = read(0, FIRST_READ)
    if first[128:_PREAMBLE] != b"DICM":
        msg = "no DICM at byte 128"
        raise DicomFault("not_dicom", msg)
    try:
        syntax, start = _file_meta(first)
        return _walked(read, size, first, syntax, start, selection)
    except Unusual:
        return header_by_pydicom(read, size, selection=selection)


def _file_meta(first: bytes) -> tuple[str, int]:
    """Return the transfer syntax and where the data set starts (PS3.10 section 7.1)."""
    if len(first) < _META + 4:
        msg = "the file ends within its file meta information"
        raise DicomFault("cut_off", msg)
    if first[_PREAMBLE:_META] != _GROUP_LENGTH:
        raise Unusual
    start = _META + 4 + int.from_bytes(first[_META : _META + 4], "little")
    if start >= len(first) < FIRST_READ:
        msg = "the file ends within or after its file meta information"
        raise DicomFault("cut_off", msg)
    meta = first[_META + 4 : start]
    if DICOMDIR.encode() in meta:
        msg = "a DICOMDIR, an index of other files"
        raise DicomFault("dicomdir", msg)
    at = meta.find(_SYNTAX)
    length = meta[at + 6 : at + 8]
    syntax = meta[at + 8 : at + 8 + int.from_bytes(length, "little")].rstrip(b"\0 ")
    if at < 0 or start > FIRST_READ - 12 or first[start : start + 2] == b"\x02\x00":
        raise Unusual
    return syntax.decode("latin-1"), start


def _walked(
    read: Read, size: int, first: bytes, syntax: str, start: int, selection: Selection
) -> Header:
    """Read a header by the fast walk."""
    big_endian = syntax == BIG_ENDIAN
    if syntax == DEFLATED:
        inflated = _inflated(read(start, size - start))
        start, size = 0, len(inflated)
        walk = Walk(lambda at, n: inflated[at : at + n], size, explicit=True, selection=selection)
    else:
        explicit = syntax != IMPLICIT
        walk = Walk(
            read, size, explicit=explicit, big_endian=big_endian, first=first, selection=selection
        )
    items = walk.elements(start)
    pixels = [items.pop(tag) for tag in PIXELS if tag in items]
    bad: list[str] = []
    top, nested = _how(selection, _character_sets(items), big_endian)
    values = _values(items, top, nested, bad)
    return Header(
        transfer_syntax=syntax,
        values=values,
        bad=tuple(bad),
        has_pixels=bool(pixels),
        way="walk",
    )


def _inflated(deflated: bytes) -> bytes:
    """Return what was deflated, up to a size that no real object exceeds (PS3.5 section A.5)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(deflated, LARGEST_INFLATED)
    except zlib.error:
        msg = "the deflated data set cannot be inflated"
        raise DicomFault("cut_off", msg) from None
    if inflater.unconsumed_tail:
        msg = f"the deflated data set holds more than {LARGEST_INFLATED:,} bytes"
        raise DicomFault("deflated_too_large", msg)
    if not inflater.eof:
        msg = "the deflated data set has no end"
        raise DicomFault("cut_off", msg)
    return data


_How = dict[int, tuple[str, Callable[[bytes], Value]]]  # keyword and reader by tag


def _few(read: Callable[[bytes], Value]) -> Callable[[bytes], Value]:
    """Return a reader that remembers values: an archive holds the same few over and over."""
    return lru_cache(maxsize=1024)(read)


@lru_cache(maxsize=256)
def _how(selection: Selection, sets: tuple[str, ...], big_endian: bool) -> tuple[_How, _How]:
    """Return how the values of a data set, and of items in it, are read."""
    free = _few(partial(free_text, character_sets=sets))
    long = partial(long_text, character_sets=sets)
    readers: dict[str, Callable[[bytes], Value]] = {
        "CS": _few(plain_text),
        "DS": _few(decimal),
        "FL": partial(packed, form="f", big_endian=big_endian),
        "IS": whole,
        "LO": free,
        "SH": free,
        "UC": long,
        "UL": partial(packed, form="I", big_endian=big_endian),
        "US": partial(unsigned_short, big_endian=big_endian),
        "UT": long,
    }

    def of(attributes: Iterable[Attribute]) -> _How:
        return {
            a.tag: (a.keyword, plain_text if a.as_written else readers.get(a.vr, plain_text))
            for a in attributes
        }

    return of(selection.top), of(selection.nested)


def _character_sets(items: Items) -> tuple[str, ...]:
    """Return the character sets of a data set; the default one is empty."""
    raw = items.get(0x00080005)
    text = raw.decode("latin-1").rstrip("\0 ") if isinstance(raw, bytes) else ""
    return tuple(text.split("\\"))


def _values(items: Items, how: _How, nested: _How, bad: list[str]) -> dict[str, Any]:
    """Return values by keyword; what is not what its VR says is noted as bad."""
    values: dict[str, Any] = {}
    for tag, raw in items.items():
        keyword, read = how[tag]
        if isinstance(raw, list):
            values[keyword] = tuple(_values(item, nested, nested, bad) for item in raw)
            continue
        try:
            values[keyword] = read(raw)
        except BadValueError:
            bad.append(keyword)
    return values


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
    values = _values_with_pydicom(data, selection.top, selection, bad)
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


def _values_with_pydicom(
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
                _values_with_pydicom(item, selection.nested, selection, bad) for item in value or ()
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
