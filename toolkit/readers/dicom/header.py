"""The header of one DICOM file: what an inventory needs of it, read once and checked to its end."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from toolkit.readers.dicom.attributes import ATTRIBUTES, NESTED, Attribute
from toolkit.readers.dicom.faults import DicomFault, Unusual
from toolkit.readers.dicom.values import (
    BadValueError,
    Value,
    decimal,
    free_text,
    plain_text,
    unsigned_short,
    whole,
)
from toolkit.readers.dicom.walker import FIRST_READ, PIXELS, Items, Read, Walk

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
_BY_TAG: Final = {a.tag: a for a in ATTRIBUTES}
_NESTED_BY_TAG: Final = {a.tag: a for a in NESTED}
_READ: Final[dict[str, Callable[[bytes], Value]]] = {
    **dict.fromkeys(("AS", "CS", "DA", "UI"), plain_text),
    "DS": decimal,
    "IS": whole,
}


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


def read_header(read: Read, size: int) -> Header:
    """Read the header of a file and check that the file is whole.

    Parameters
    ----------
    read : callable
        ``read(offset, length)`` returns bytes, fewer only at the end of the file.
    size : int
        Size of the file, bytes.

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
        return _walked(read, size, first, syntax, start)
    except Unusual:
        from toolkit.readers.dicom.with_pydicom import header_by_pydicom

        return header_by_pydicom(read, size)


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


def _walked(read: Read, size: int, first: bytes, syntax: str, start: int) -> Header:
    """Read a header by the fast walk."""
    big_endian = syntax == BIG_ENDIAN
    if syntax == DEFLATED:
        inflated = _inflated(read(start, size - start))
        walk = Walk(lambda at, n: inflated[at : at + n], len(inflated), explicit=True)
        items = walk.elements(0)
    else:
        explicit = syntax != IMPLICIT
        walk = Walk(read, size, explicit=explicit, big_endian=big_endian, first=first)
        items = walk.elements(start)
    pixels = [items.pop(tag) for tag in PIXELS if tag in items]
    conversion = _Conversion(_character_sets(items), big_endian)
    values = conversion.values(items, _BY_TAG)
    return Header(
        transfer_syntax=syntax,
        values=values,
        bad=tuple(conversion.bad),
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


def _character_sets(items: Items) -> list[str]:
    """Return the character sets of a data set; the default one is empty."""
    raw = items.get(0x00080005)
    return raw.decode("latin-1").rstrip("\0 ").split("\\") if isinstance(raw, bytes) else [""]


class _Conversion:
    """Raw values to values by keyword; what is not what its VR says is noted as bad."""

    def __init__(self, character_sets: list[str], big_endian: bool) -> None:
        self.bad: list[str] = []
        free = partial(free_text, character_sets=character_sets)
        self._read: dict[str, Callable[[bytes], Value]] = {
            **_READ,
            "LO": free,
            "SH": free,
            "US": partial(unsigned_short, big_endian=big_endian),
        }

    def values(self, items: Items, attributes: Mapping[int, Attribute]) -> dict[str, Any]:
        """Return the values of a data set, or of one item of a sequence."""
        values: dict[str, Any] = {}
        for tag, raw in items.items():
            attribute = attributes[tag]
            if isinstance(raw, list):
                values[attribute.keyword] = tuple(self.values(i, _NESTED_BY_TAG) for i in raw)
                continue
            try:
                values[attribute.keyword] = self._read[attribute.vr](raw)
            except BadValueError:
                self.bad.append(attribute.keyword)
        return values
