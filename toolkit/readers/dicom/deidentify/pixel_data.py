"""The pixels that the header describes and nothing beside them.

Text hides in unused high bits (overlays of old), behind the last pixel, and in comments and
application segments of compressed streams. The pixels themselves are not looked at.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np

from toolkit.readers.dicom.deidentify.keep_list import WORDS
from toolkit.readers.dicom.scan.attributes import DicomFault
from toolkit.readers.dicom.scan.header import BIG_ENDIAN, DEFLATED, IMPLICIT

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_JPEG: Final = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70, 80, 81))
_JPEG_2000: Final = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 201, 202, 203))
_RLE: Final = "1.2.840.10008.1.2.5"
_ADOBE: Final = b"\xff\xee\x00\x0eAdobe"  # says which colours: needed to decode
# Frame headers, tables, restart interval, scan, number of lines; of JPEG-LS frame and presets.
_JPEG_PARTS: Final = frozenset(
    (*range(0xC0, 0xC8), *range(0xC9, 0xD0), *range(0xDA, 0xDE), 0xF7, 0xF8)
)
# CAP SIZ COD COC TLM PRF PLM PLT CPF QCD QCC RGN POC PPM PPT CRG.
_JPEG_2000_PARTS: Final = frozenset(
    (0x50, 0x51, 0x52, 0x53, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F, 0x60, 0x61, 0x63)
)
_UNDEFINED: Final = 0xFFFFFFFF


def native(value: bytes, ds: Dataset, *, little_endian: bool) -> bytes:
    """Return uncompressed pixels: as many as the header says, without unused bits.

    Parameters
    ----------
    value : bytes
        As stored.
    ds : Dataset
        The object's header.
    little_endian : bool
        Byte order of the object.

    Raises
    ------
    DicomFault
        If there are fewer pixels than the header says, or it does not say.
    """
    try:
        frames = int(ds.get("NumberOfFrames") or 1)
        count = int(ds.Rows) * int(ds.Columns) * int(ds.SamplesPerPixel) * frames
        allocated, stored, high = int(ds.BitsAllocated), int(ds.BitsStored), int(ds.HighBit)
        signed = bool(ds.PixelRepresentation)
    except (AttributeError, TypeError, ValueError):
        msg = "the header does not say how many pixels there are, and of how many bits"
        raise DicomFault("other", msg) from None
    if allocated not in (8, 16, 32) or not 0 < stored <= allocated or high != stored - 1:
        msg = "pixels of other than 8, 16 or 32 bits, or not stored from the lowest bit up"
        raise DicomFault("other", msg)
    if "422" in str(ds.get("PhotometricInterpretation", "")):
        msg = "uncompressed pixels whose colours are stored by halves"
        raise DicomFault("other", msg)
    size = count * allocated // 8
    if len(value) < size:
        msg = "fewer pixels than the header says"
        raise DicomFault("cut_off", msg)
    kept = _low_bits(value[:size], allocated, stored, signed=signed, little_endian=little_endian)
    return kept + b"\0" * (size % 2)


def _low_bits(
    value: bytes, allocated: int, stored: int, *, signed: bool, little_endian: bool
) -> bytes:
    """Return pixels whose bits above those stored are what the sign says."""
    if stored == allocated:
        return value
    form = f"{'<' if little_endian else '>'}{'i' if signed else 'u'}{allocated // 8}"
    pixels = np.frombuffer(value, form)
    if signed:
        spare = allocated - stored
        kept = (pixels << spare) >> spare
    elif pixels.size == 0 or pixels.max() < 1 << stored:
        return value
    else:
        kept = pixels & ((1 << stored) - 1)
    return kept.astype(form).tobytes()


def compressed(value: bytes, transfer_syntax: str, ds: Dataset) -> bytes:
    """Return compressed pixels with their comments and application segments blanked.

    No byte moves: what is blanked keeps its length. The table of offsets is made anew.

    Raises
    ------
    DicomFault
        If the stream has no end, or is of a kind of which it is not known where text may hide.
    """
    if transfer_syntax in _JPEG:
        start, blank = b"\xff\xd8", _blank_jpeg
    elif transfer_syntax in _JPEG_2000:
        start, blank = b"\xff\x4f", _blank_jpeg_2000
    elif transfer_syntax == _RLE:
        start, blank = b"", partial(_blank_rle, form=_RunLengths.of(ds))
    else:
        msg = "pixels compressed in a way of which it is not known where text may hide"
        raise DicomFault("other", msg)
    frames: list[list[bytes]] = []
    for fragment in _fragments(value):
        if fragment.startswith(start) or not frames:
            frames.append([])
        frames[-1].append(fragment)
    if len(frames) != int(ds.get("NumberOfFrames") or 1):
        msg = "another number of compressed frames than the header says"
        raise DicomFault("cut_off", msg)
    return _encapsulated([_blanked(frame, blank) for frame in frames])


def _blanked(fragments: list[bytes], blank: Callable[[bytearray], None]) -> list[bytes]:
    """Blank the stream that several fragments make together."""
    stream = bytearray(b"".join(fragments))
    blank(stream)
    cut, at = [], 0
    for fragment in fragments:
        cut.append(bytes(stream[at : at + len(fragment)]))
        at += len(fragment)
    return cut


def _fragments(value: bytes) -> Iterator[bytes]:
    """Yield the fragments behind the table of offsets (PS3.5 A.4)."""
    at, first = 0, True
    while at + 8 <= len(value):
        tag, length = value[at : at + 4], int.from_bytes(value[at + 4 : at + 8], "little")
        if tag == b"\xfe\xff\xdd\xe0":
            return
        if tag != b"\xfe\xff\x00\xe0" or at + 8 + length > len(value):
            break
        if not first:
            yield value[at + 8 : at + 8 + length]
        first = False
        at += 8 + length
    if at != len(value):
        msg = "compressed pixels that end inside a fragment"
        raise DicomFault("cut_off", msg)


def _encapsulated(frames: list[list[bytes]]) -> bytes:
    """Return frames as items, behind a table of where each begins."""
    body, offsets = bytearray(), []
    for frame in frames:
        offsets.append(len(body))
        for fragment in frame:
            even = fragment + b"\0" * (len(fragment) % 2)
            body += b"\xfe\xff\x00\xe0" + len(even).to_bytes(4, "little") + even
    if len(body) >= _UNDEFINED:
        offsets = []  # larger than the table can say
    offset_table = struct.pack(f"<{len(offsets)}L", *offsets)
    head = b"\xfe\xff\x00\xe0" + len(offset_table).to_bytes(4, "little") + offset_table
    return head + bytes(body) + b"\xfe\xff\xdd\xe0\0\0\0\0"


def _blank(stream: bytearray, start: int, end: int) -> None:
    """Write zeros."""
    end = min(end, len(stream))
    if start < end:
        stream[start:end] = bytes(end - start)


def _no_end() -> NoReturn:
    """Refuse a stream of which it is not known where the image ends and something else begins."""
    msg = "a compressed frame without an end, or with parts that are not of its kind"
    raise DicomFault("cut_off", msg)


def _blank_jpeg(stream: bytearray) -> None:
    """Blank all but the coded image and what decodes it (ISO 10918-1 annex B, 14495-1 annex C)."""
    if stream[:2] != b"\xff\xd8":
        _no_end()
    at, in_scan = 2, False
    while (found := stream.find(b"\xff", at)) >= 0 and found + 1 < len(stream):
        if not in_scan:
            _blank(stream, at, found)
        at, marker = found, stream[found + 1]
        # Behind FF, coded data hold 00, or below 80 in JPEG-LS; D0 to D7 stand between parts.
        if marker < 0xC0 or 0xD0 <= marker <= 0xD7 or marker == 0xFF:
            at += 1 if marker == 0xFF or not in_scan else 2
            continue
        if marker == 0xD9:
            _blank(stream, at + 2, len(stream))
            return
        end = at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        if marker not in _JPEG_PARTS and not (stream[at : at + 9] == _ADOBE and end == at + 16):
            _blank(stream, at + 4, end)
        at, in_scan = end, marker == 0xDA
    _no_end()


def _blank_jpeg_2000(stream: bytearray) -> None:
    """Blank all segments of the main and tile headers that decode nothing (ISO 15444-1 annex A)."""
    if stream[:2] != b"\xff\x4f":
        _no_end()
    at = 2
    while stream[at : at + 1] == b"\xff":
        marker = stream[at + 1]
        if marker == 0xD9:
            _blank(stream, at + 2, len(stream))
            return
        # 90 begins a tile part.
        at = _blank_tile_part(stream, at) if marker == 0x90 else _blank_segment(stream, at)
    _no_end()


def _blank_segment(stream: bytearray, at: int) -> int:
    """Blank a segment unless it decodes the image; return where the next begins."""
    end = at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    if stream[at + 1] not in _JPEG_2000_PARTS:
        _blank(stream, at + 4, end)
    return end


def _blank_tile_part(stream: bytearray, start: int) -> int:
    """Blank what decodes nothing in one tile part's header; return where the next part begins."""
    at = start + 12
    while stream[at : at + 1] == b"\xff" and stream[at + 1] != 0x93:
        at = _blank_segment(stream, at)
    size = int.from_bytes(stream[start + 6 : start + 10], "big")
    # Without a size it reaches to the end, a marker that coded data never hold.
    return start + size if size else stream.find(b"\xff\xd9", at)


@dataclass(frozen=True)
class _RunLengths:
    """What the segments of a frame must hold: one for each byte of a pixel, the highest first."""

    pixels: int
    segments: int
    spare: int  # bits of the highest byte that no pixel may use

    @classmethod
    def of(cls, ds: Dataset) -> _RunLengths:
        """Return what a header says."""
        size = int(ds.BitsAllocated) // 8
        unused = 0 if ds.PixelRepresentation else int(ds.BitsAllocated) - int(ds.BitsStored)
        spare = 0xFF & ~(0xFF >> min(unused, 8))
        return cls(int(ds.Rows) * int(ds.Columns), size * int(ds.SamplesPerPixel), spare)


def _blank_rle(stream: bytearray, *, form: _RunLengths) -> None:
    """Blank what no segment needs: places of the header, gaps and ends (PS3.5 annex G)."""
    count = int.from_bytes(stream[:4], "little")
    if count != form.segments or not 1 <= count <= 15:
        _no_end()
    starts = [int.from_bytes(stream[4 + 4 * n : 8 + 4 * n], "little") for n in range(count)]
    kept = bytearray(len(stream))
    kept[: 4 + 4 * count] = stream[: 4 + 4 * count]
    for place, start in enumerate(starts):
        # Whichever samples there are, the highest byte of one pixel comes first.
        spare = form.spare if place == 0 else 0
        end = _end_of_run_lengths(stream, start, form.pixels, spare)
        kept[start:end] = stream[start:end]
    stream[:] = kept


def _end_of_run_lengths(stream: bytearray, at: int, pixels: int, spare: int) -> int:
    """Return where the last run of a segment ends; refuse bits that no pixel uses."""
    while pixels > 0:
        if at >= len(stream):
            _no_end()
        head = stream[at]
        if head == 128:
            at += 1
            continue
        # As many bytes as they are, or one byte many times.
        size, run = (head + 1, head + 1) if head < 128 else (1, 257 - head)
        if spare and any(byte & spare for byte in stream[at + 1 : at + 1 + size]):
            raise DicomFault("overlay_in_pixels", WORDS["overlay_in_pixels"])  # type: ignore[arg-type]
        at, pixels = at + 1 + size, pixels - run
    if pixels < 0:
        _no_end()
    return at


# Value representations with a length of four bytes (PS3.5 table 7.1-1).
_LONG: Final = frozenset(
    ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
)
_TEXTS: Final = frozenset(("CS", "LO", "SH", "UC", "UI", "UT"))
_IMPLEMENTATION: Final = "2.25.205903475120838478341937592837417283911"
_NAME: Final = "READER_STUDY"


def encoded_file(ds: Dataset, transfer_syntax: str) -> bytes:
    """Return the object as a file: preamble of zeros, file meta information of its own."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = UID(_IMPLEMENTATION)
    meta.ImplementationVersionName = _NAME
    stream = DicomBytesIO()
    stream.write(bytes(128) + b"DICM")
    write_file_meta_info(stream, meta)
    return bytes(stream.getvalue()) + encoded_body(ds, transfer_syntax)


def encoded_body(ds: Dataset, transfer_syntax: str) -> bytes:
    """Return a data set whose values are bytes, or ASCII text, as its transfer syntax says.

    Parameters
    ----------
    ds : Dataset
        Sequences, and elements of bytes as they are written or of text.
    transfer_syntax : str
        UID.
    """
    body = _Writer(
        ">" if transfer_syntax == BIG_ENDIAN else "<", implicit=transfer_syntax == IMPLICIT
    ).elements(ds)
    if transfer_syntax != DEFLATED:
        return body
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = squeeze.compress(body) + squeeze.flush()
    return deflated + b"\0" * (len(deflated) % 2)


class _Writer:
    """Writes in one order of bytes, with value representations or without."""

    def __init__(self, order: str, *, implicit: bool) -> None:
        self._plain, self._short, self._long = (
            Struct(order + form) for form in ("HHL", "HH2sH", "HH2sHL")
        )
        self._whole = Struct(f"{order}H")
        self._implicit = implicit

    def elements(self, ds: Dataset) -> bytes:
        """Return all elements in the order of their tags."""
        body = bytearray()
        for tag in sorted(ds.keys()):
            element = ds.get_item(tag)
            value = self._items(element.value) if element.VR == "SQ" else self._value(element)
            undefined = getattr(element, "length", 0) == _UNDEFINED and element.VR != "SQ"
            body += self._head(int(tag), element.VR, _UNDEFINED if undefined else len(value))
            body += value
        return bytes(body)

    def _items(self, items: Any) -> bytes:
        """Return the items of a sequence, each of stated length."""
        body = bytearray()
        for item in items:
            value = self.elements(item)
            body += self._plain.pack(0xFFFE, 0xE000, len(value)) + value
        return bytes(body)

    def _head(self, tag: int, vr: str, length: int) -> bytes:
        """Return what stands before a value."""
        group, element = tag >> 16, tag & 0xFFFF
        if self._implicit:
            return self._plain.pack(group, element, length)
        if vr in _LONG:
            return self._long.pack(group, element, vr.encode(), 0, length)
        return self._short.pack(group, element, vr.encode(), length)

    def _value(self, element: Any) -> bytes:
        """Return a value of even length; pydicom has made text or a number of what it looked at."""
        value = element.value
        if isinstance(value, bytes):
            return value
        if isinstance(value, str) and element.VR in _TEXTS:
            text = value.encode("ascii")
            return text + (b"\0" if element.VR == "UI" else b" ") * (len(text) % 2)
        if isinstance(value, int) and element.VR == "US":
            return self._whole.pack(value)
        msg = f"a value of {element.VR} that is neither bytes nor text nor a number"
        raise TypeError(msg)
