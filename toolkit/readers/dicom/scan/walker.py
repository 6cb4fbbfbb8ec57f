"""Walk the elements of a data set from tag to tag and keep the wanted ones as raw bytes.

Nothing is converted here. Values that nobody wants are passed over, long ones without being read.
The walk ends where the file ends: a last element that claims more bytes than there are means a
file that was cut off, which a reader that stops at the pixels does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from struct import Struct
from typing import Final, NoReturn

from toolkit.readers.dicom.scan.attributes import HEADER, Attribute, DicomFault, Selection, Unusual

Read = Callable[[int, int], bytes]  # offset, number of bytes; fewer at the end of the file
Items = dict[int, "bytes | list[Items]"]  # raw values by tag; a sequence is a list of items

FIRST_READ: Final = 16_384  # holds most headers; a read of this size costs what one of 4 KB costs
_NEXT_READ: Final = 8_192
_LONGEST_WANTED: Final = 1_000_000
_FRAGMENTS_PASSED: Final = 6
MOST_ELEMENTS: Final = 20_000  # top level; real mammograms have about 200
MOST_NESTED: Final = 2_000_000  # at all depths; a report of 700 findings has about 20,000
DEEPEST: Final = 64

_UNDEFINED: Final = 0xFFFFFFFF
PIXELS: Final = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))

# VRs with a length of two bytes, and those with two reserved bytes and a length of four
# (PS3.5 section 7.1.2).
_SHORT: Final = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())


class _Keys:
    """Tags as a 32-bit number of the file's byte order: reading them so takes half the time."""

    def __init__(self, selection: Selection, *, big_endian: bool) -> None:
        def key(tag: int) -> int:
            return tag if big_endian else (tag & 0xFFFF) << 16 | tag >> 16

        def wanted(attributes: Iterable[Attribute]) -> dict[int, tuple[int, bytes]]:
            return {key(a.tag): (a.tag, a.vr.encode()) for a in attributes}

        self.wanted = wanted(selection.top) | {key(tag): (tag, b"") for tag in PIXELS}
        self.nested = wanted(selection.nested)
        self.item, self.item_end, self.sequence_end = map(key, (0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD))
        self.delimiters = frozenset((self.item, self.item_end, self.sequence_end))


@cache
def _keys(selection: Selection, big_endian: bool) -> _Keys:
    """Return the keys of a selection, made once."""
    return _Keys(selection, big_endian=big_endian)


class Walk:
    """A walk over one data set.

    Parameters
    ----------
    read : callable
        ``read(offset, length)`` of the file, or of what was inflated from it.
    size : int
        Where the data set must end.
    explicit : bool
        Whether elements name their VR.
    big_endian : bool
        Byte order.
    first : bytes
        What was read already, from offset 0.
    selection : Selection
        What is wanted.
    """

    __slots__ = (
        "_base", "_buffer", "_explicit", "_keys", "_nested", "_read", "_size", "_u32", "_unpack",
    )  # fmt: skip

    def __init__(
        self,
        read: Read,
        size: int,
        *,
        explicit: bool,
        big_endian: bool = False,
        first: bytes = b"",
        selection: Selection = HEADER,
    ) -> None:
        order = ">" if big_endian else "<"
        self._read, self._size, self._explicit = read, size, explicit
        self._keys = _keys(selection, big_endian)
        self._unpack = Struct(f"{order}I2sH" if explicit else f"{order}II").unpack_from
        self._u32 = Struct(f"{order}I").unpack_from
        self._base, self._buffer, self._nested = 0, first, 0

    def elements(self, start: int) -> Items:
        """Return the wanted elements.

        Parameters
        ----------
        start : int
            Offset of the first element.

        Returns
        -------
        dict
            Raw values by tag, a list of items for a sequence, and nothing for pixels. Of an
            element that repeats, the last.

        Raises
        ------
        DicomFault
            If the data set ends before its last element does, or is deeper or longer than any
            real one.
        Unusual
            If something is not as the standard has it.
        """
        found: Items = {}
        position, size, count = start, self._size, 0
        plain = self._plain_explicit if self._explicit else self._plain_implicit
        while position < size and count <= MOST_ELEMENTS:
            position, passed = plain(position, found)
            count += passed
            if position < size:
                position = self._other(position, found)
                count += 1
        if position > size:
            _cut_off("the last element ends after the end of the file")
        if count > MOST_ELEMENTS:
            msg = f"more than {MOST_ELEMENTS:,} elements in the data set"
            raise DicomFault("too_many_elements", msg)
        return found

    def _plain_explicit(self, position: int, found: Items) -> tuple[int, int]:
        """Pass over elements of a defined length whose heads lie in the buffer; keep wanted ones.

        This is the whole time of a scan, so it calls next to nothing. What it does not know it
        leaves to the slower way; it returns the place and the number of elements passed.
        """
        buffer, unpack, short, wanted = self._buffer, self._unpack, _SHORT, self._keys.wanted
        at, end, passed = position - self._base, len(buffer), 0
        last = end - 12
        while at <= last:
            key, vr, length = unpack(buffer, at)
            if vr in short:
                if key in wanted:
                    tag, expected = wanted[key]
                    if vr != expected or at + 8 + length > end:
                        break
                    found[tag] = buffer[at + 8 : at + 8 + length]
                at += 8 + length
            else:
                if vr not in _LONG or key in wanted:
                    break
                length = self._u32(buffer, at + 8)[0]
                if length == _UNDEFINED:
                    break
                at += 12 + length
            passed += 1
        return self._base + at, passed

    def _plain_implicit(self, position: int, found: Items) -> tuple[int, int]:
        """Do the same where elements name no VR."""
        buffer, unpack, wanted = self._buffer, self._unpack, self._keys.wanted
        at, end, passed = position - self._base, len(buffer), 0
        last = end - 12
        while at <= last:
            key, length = unpack(buffer, at)
            if length == _UNDEFINED or not key:
                break
            if key in wanted:
                tag, expected = wanted[key]
                if expected in (b"SQ", b"") or at + 8 + length > end:
                    break
                found[tag] = buffer[at + 8 : at + 8 + length]
            at += 8 + length
            passed += 1
        return self._base + at, passed

    def _other(self, position: int, found: Items) -> int:
        """Read one element of any kind; return where it ends."""
        key, vr, length, value = self._element(position)
        if not key:
            if self._only_zeros(position):
                return self._size  # some writers fill the last block of the file
            raise Unusual
        if key in self._keys.wanted:
            tag, expected = self._keys.wanted[key]
            found[tag], position = self._wanted(expected, vr, length, value)
            return position
        if length != _UNDEFINED:
            return value + length
        if vr == b"UN":
            raise Unusual  # what it holds is implicit
        return self._after_undefined(value)

    def _wanted(
        self, expected: bytes, vr: bytes, length: int, value: int
    ) -> tuple[bytes | list[Items], int]:
        """Return the raw value of a wanted element of the top level and where it ends."""
        if not expected:  # pixels
            if length != _UNDEFINED:
                return b"", value + length
            return b"", self._after_fragments(value)
        if self._explicit and vr != expected:
            raise Unusual
        if expected == b"SQ":
            return self._items(value, length, 1)
        if length == _UNDEFINED:
            raise Unusual
        return self._bytes(value, length), value + length

    def _element(self, position: int) -> tuple[int, bytes, int, int]:
        """Return key, VR, length and offset of the value of the element at a place."""
        at = position - self._base
        if at < 0 or at + 12 > len(self._buffer):
            at = self._fill(position, _NEXT_READ)
        if not self._explicit:
            key, length = self._unpack(self._buffer, at)
            return key, b"", length, position + 8
        key, vr, length = self._unpack(self._buffer, at)
        if vr in _SHORT:
            return key, vr, length, position + 8
        if vr in _LONG:
            if at + 12 > len(self._buffer):
                _cut_off("the file ends within the head of an element")
            return key, vr, self._u32(self._buffer, at + 8)[0], position + 12
        if key in self._keys.delimiters:  # which have no VR
            return key, b"", self._u32(self._buffer, at + 4)[0], position + 8
        if key:
            raise Unusual
        return key, b"", 0, position + 8

    def _fill(self, position: int, length: int) -> int:
        """Read on at a place; return its offset in the buffer."""
        self._buffer, self._base = self._read(position, length), position
        if len(self._buffer) < 8:
            _cut_off("the file ends within the head of an element")
        return 0

    def _bytes(self, offset: int, length: int) -> bytes:
        """Return the bytes of a value."""
        at = offset - self._base
        if at >= 0 and at + length <= len(self._buffer):
            return self._buffer[at : at + length]
        if offset + length > self._size:
            _cut_off("the last element ends after the end of the file")
        if length > _LONGEST_WANTED:
            raise Unusual
        return self._read(offset, length)

    def _only_zeros(self, position: int) -> bool:
        """Whether nothing but zeros follows, less than a block of them."""
        rest = self._size - position
        return rest < _NEXT_READ and not any(self._read(position, rest))

    def _items(self, offset: int, length: int, depth: int) -> tuple[list[Items], int]:
        """Return the items of a wanted sequence and where it ends."""
        if depth > DEEPEST:
            _too_deep()
        end = self._size if length == _UNDEFINED else offset + length
        items: list[Items] = []
        position = offset
        while position < end:
            key, _, item_length, value = self._element(position)
            if key == self._keys.sequence_end and length == _UNDEFINED:
                return items, value
            if key != self._keys.item:
                raise Unusual
            item, position = self._item(value, item_length, depth)
            items.append(item)
        if length == _UNDEFINED or position != end:
            _cut_off("a sequence ends after the end of the file")
        return items, end

    def _item(self, offset: int, length: int, depth: int) -> tuple[Items, int]:
        """Return the wanted elements of one item and where it ends."""
        end = self._size if length == _UNDEFINED else offset + length
        found: Items = {}
        position = offset
        while position < end:
            key, vr, value_length, value = self._element(position)
            self._count_nested()
            if key == self._keys.item_end and length == _UNDEFINED:
                return found, value
            position = self._in_item(found, key, vr, value_length, value, depth)
        if length == _UNDEFINED or position != end:
            _cut_off("an item ends after the end of the file")
        return found, end

    def _in_item(
        self, found: Items, key: int, vr: bytes, length: int, value: int, depth: int
    ) -> int:
        """Keep an element of an item if it is wanted; return where it ends."""
        if key in self._keys.nested:
            tag, expected = self._keys.nested[key]
            if self._explicit and vr != expected:
                raise Unusual
            if expected == b"SQ":
                found[tag], end = self._items(value, length, depth + 1)
                return end
            found[tag] = self._bytes(value, length)
        elif length == _UNDEFINED:
            if vr == b"UN":
                raise Unusual
            return self._after_undefined(value)
        return value + length

    def _after_undefined(self, offset: int) -> int:
        """Return where a sequence of undefined length ends whose content nobody wants."""
        position = offset
        inside = [self._keys.sequence_end]  # what ends each level that is open
        while inside:
            if position >= self._size:
                _cut_off("a sequence has no end before the end of the file")
            key, vr, length, value = self._element(position)
            self._count_nested()
            if key == inside[-1]:
                inside.pop()
                position = value
            elif length != _UNDEFINED:
                position = value + length
            elif vr == b"UN":
                raise Unusual
            else:
                item = key == self._keys.item
                inside.append(self._keys.item_end if item else self._keys.sequence_end)
                position = value
                if len(inside) > 2 * DEEPEST:
                    _too_deep()
        return position

    def _after_fragments(self, offset: int) -> int:
        """Return where encapsulated pixels end (PS3.5 section A.4).

        Of many fragments only the first are passed one by one: each is a read of its own, which
        takes long from an object store. Then the mark of the end, as the last thing in the file,
        says as well that nothing was cut off.
        """
        position, number = offset, 0
        while True:
            if number == _FRAGMENTS_PASSED and self._ends_with_fragments():
                return self._size
            number += 1
            if position >= self._size:
                _cut_off("the pixels have no end before the end of the file")
            at = position - self._base
            if at < 0 or at + 8 > len(self._buffer):
                at = self._fill(position, 64)  # fragments are long: no use to read on
            key, length = self._u32(self._buffer, at)[0], self._u32(self._buffer, at + 4)[0]
            if key == self._keys.sequence_end:
                return position + 8
            if key != self._keys.item or length == _UNDEFINED:
                raise Unusual
            position += 8 + length

    def _ends_with_fragments(self) -> bool:
        """Whether the file ends where encapsulated pixels end."""
        end = self._read(self._size - 8, 8)
        return self._u32(end, 0)[0] == self._keys.sequence_end and end[4:] == b"\0\0\0\0"

    def _count_nested(self) -> None:
        """Count an element inside a sequence; refuse a file that has no end of them."""
        self._nested += 1
        if self._nested > MOST_NESTED:
            msg = f"more than {MOST_NESTED:,} elements inside sequences"
            raise DicomFault("too_many_elements", msg)


def _cut_off(words: str) -> NoReturn:
    """Refuse a file that does not end where its last element ends."""
    raise DicomFault("cut_off", words)


def _too_deep() -> NoReturn:
    """Refuse a file that nests deeper than any real one."""
    msg = f"sequences nested more than {DEEPEST} deep"
    raise DicomFault("nested_too_deep", msg)
