"""Where the bytes of one frame lie: plain pixels by arithmetic, compressed ones by their fragments.

An offset table is a claim. Which fragment begins a frame is also seen in the fragments themselves.
A table that points beside them is not used, with a note; one that names fragments, but others, is
refused: what it shows might be another frame.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.readers.dicom.scan.header import BIG_ENDIAN, DEFLATED, IMPLICIT
from toolkit.readers.dicom.scan.walker import Read

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from pydicom.dataset import Dataset

ImageSource = str | Path | BinaryIO


class ImageError(ValueError):
    """A picture that cannot be shown as it is; the words hold no value of the file's patient."""


@contextmanager
def opened(source: ImageSource) -> Iterator[tuple[Read, int]]:
    """Open a source; give what reads ``(offset, length)`` of it, and its size in bytes.

    Parameters
    ----------
    source : path, address or binary file
        An address has ``://`` in it and is read by ranges with fsspec. A file must be seekable; it
        stays open.
    """
    if not isinstance(source, str | Path):
        yield _reader(source), source.seek(0, os.SEEK_END)
    elif "://" in str(source):
        yield _remote(str(source))
    else:
        with _opened_path(Path(source)) as file:
            yield _reader(file), os.fstat(file.fileno()).st_size


def _opened_path(path: Path) -> io.FileIO:
    try:
        return io.FileIO(path)
    except OSError as error:
        raise _unreadable(error) from None


def _reader(file: BinaryIO | io.FileIO) -> Read:
    """Return what reads a range of an open file."""

    def read(offset: int, length: int) -> bytes:
        file.seek(offset)
        return file.read(length) or b""

    return read


def _remote(address: str) -> tuple[Read, int]:
    """Return what reads ranges of a file at an address, and its size."""
    import fsspec

    try:
        files, name = fsspec.url_to_fs(address)
        size = int(files.size(name))
    except (ImportError, ValueError) as error:
        msg = (
            f"file: the address cannot be used ({type(error).__name__}); install the package of "
            "its kind, for s3 pip install 'reader-study-toolkit[s3]'"
        )
        raise ImageError(msg) from None
    except OSError as error:
        raise _unreadable(error) from None

    def read(offset: int, length: int) -> bytes:
        end = min(offset + length, size)
        return bytes(files.cat_file(name, start=offset, end=end)) if end > offset else b""

    return read, size


def _unreadable(error: OSError) -> ImageError:
    what = f"file: cannot be read ({type(error).__name__})"
    return ImageError(f"{what}; check that it is there, and the right to read it")


class RangeFile(io.RawIOBase):
    """A file object over ranges, for what wants one."""

    name = ""  # pydicom asks for it

    def __init__(self, read: Read, size: int) -> None:
        self._ranges, self._size, self._at = read, size, 0

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def seekable(self) -> bool:
        """Return that it is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read on."""
        view = memoryview(buffer).cast("B")
        data = self._ranges(self._at, len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


_UNDEFINED: Final = 0xFFFFFFFF
_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_FLOAT: Final = (0x7FE00008, 0x7FE00009)
# Start of image of JPEG and JPEG-LS; of JPEG 2000, with the marker that must follow.
_BEGINNINGS: Final = (b"\xff\xd8", b"\xff\x4f\xff\x51")
_TABLE_IGNORED: Final = "the offset table points beside the frames and was not used"


@dataclass(frozen=True, kw_only=True)
class PixelElement:
    """The element of the pixels.

    Parameters
    ----------
    start : int
        Offset of its value.
    length : int or None
        Of the value; None if it is cut into fragments.
    words : bool
        Whether the VR is OW, so that bytes are swapped in big endian.
    """

    start: int
    length: int | None
    words: bool


def pixel_element(read: Read, at: int, *, explicit: bool, big_endian: bool) -> PixelElement:
    """Return the element of the pixels whose head is at a place."""
    head = read(at, 12)
    order: Literal["big", "little"] = "big" if big_endian else "little"
    group, element = (int.from_bytes(head[k : k + 2], order) for k in (0, 2))
    if group << 16 | element in _FLOAT:
        raise floating_point()
    place = 8 if explicit else 4
    length = int.from_bytes(head[place : place + 4], order)
    return PixelElement(
        start=at + place + 4,
        length=None if length == _UNDEFINED else length,
        words=not explicit or head[4:6] == b"OW",
    )


def plain_frame(
    read: Read, element: PixelElement, index: int, length: int, *, swapped: bool = False
) -> bytes:
    """Return the bytes of one frame of plain pixels.

    Parameters
    ----------
    read : callable
        ``read(offset, length)`` of the file.
    element : PixelElement
        Where the pixels are.
    index : int
        Frame, from 0.
    length : int
        Bytes of a frame.
    swapped : bool
        Whether bytes of 8-bit pixels lie swapped in words: frames then need not begin at a word.
    """
    first = index * length
    if element.length is None or first + length > element.length:
        raise _cut_off()
    odd = first % 2 if swapped else 0
    whole = odd + length + (odd + length) % 2 if swapped else length
    data = read(element.start + first - odd, whole)
    if len(data) < whole:
        raise _cut_off()
    if not swapped:
        return data
    pairs = bytearray(data)
    pairs[::2], pairs[1::2] = data[1::2], data[::2]
    return bytes(pairs[odd : odd + length])


@dataclass(frozen=True)
class _Fragment:
    offset: int  # of its head, from the first one's
    start: int  # of its bytes
    length: int
    begins: bool  # a frame, by its first bytes


def compressed_frame(
    read: Read, element: PixelElement, index: int, frames: int, extended: bytes = b""
) -> tuple[bytes, str]:
    """Return the bytes of one compressed frame and what is wrong with the table, in words.

    The heads of all fragments are read (12 bytes each), the bytes of this frame alone.

    Parameters
    ----------
    read, element, index
        As of ``plain_frame``.
    frames : int
        How many the header says.
    extended : bytes
        Extended Offset Table, where there is one.
    """
    table, fragments = _fragments(read, element.start)
    size = 8 if extended else 4
    table = extended or table
    offsets = [
        int.from_bytes(table[k : k + size], "little")
        for k in range(0, len(table) - size + 1, size)
    ]  # fmt: skip
    starts, note = _starts(fragments, frames, offsets)
    end = starts[index + 1] if index + 1 < frames else len(fragments)
    parts = [read(part.start, part.length) for part in fragments[starts[index] : end]]
    return b"".join(parts), note


def _fragments(read: Read, start: int) -> tuple[bytes, list[_Fragment]]:
    """Return the offset table and where the fragments lie (PS3.5 section A.4)."""
    found: list[_Fragment] = []
    table, first, at = b"", -1, start
    while True:
        head = read(at, 12)
        if head[:4] == _SEQUENCE_END:
            return table, found
        length = int.from_bytes(head[4:8], "little")
        if head[:4] != _ITEM or len(head) < 8 or length == _UNDEFINED:
            raise _cut_off()
        if first < 0:
            table, first = read(at + 8, length), at + 8 + length
        else:
            begins = head[8:].startswith(_BEGINNINGS)
            found.append(_Fragment(at - first, at + 8, length, begins))
        at += 8 + length


def _starts(
    fragments: Sequence[_Fragment], frames: int, offsets: Sequence[int]
) -> tuple[list[int], str]:
    """Return which fragments begin the frames, and a note where the table was wrong."""
    seen = _seen(fragments, frames)
    if not offsets and seen is not None:
        return seen, ""
    place = {fragment.offset: k for k, fragment in enumerate(fragments)}
    told = [place[offset] for offset in offsets if offset in place]
    if len(set(told)) == len(offsets) == frames:
        ascending = told[0] == 0 and told == sorted(told)
        if seen == told or (seen is None and ascending and not any(f.begins for f in fragments)):
            return told, ""
    elif seen is not None:
        return seen, _TABLE_IGNORED
    msg = (
        "pixels: fragments, offset table and Number of Frames must agree, they contradict each "
        "other; export the image again"
    )
    raise ImageError(msg)


def _seen(fragments: Sequence[_Fragment], frames: int) -> list[int] | None:
    """Return which fragments begin frames by themselves, or None if that is not clear."""
    begin = [k for k, fragment in enumerate(fragments) if fragment.begins]
    if begin:
        return begin if len(begin) == frames and begin[0] == 0 else None
    if len(fragments) == frames:
        return list(range(frames))
    return [0] if frames == 1 and fragments else None


def floating_point() -> ImageError:
    """Return the fault of pixels that are no whole numbers."""
    return ImageError("pixels: must be whole numbers, are floating point; choose another image")


def _cut_off() -> ImageError:
    msg = (
        "pixels: must hold the whole frame, it is cut off or damaged; copy it again from its source"
    )
    return ImageError(msg)


_ROOT: Final = "1.2.840.10008.1.2"
_PLAIN: Final = (IMPLICIT, f"{_ROOT}.1", DEFLATED, BIG_ENDIAN)
# One decoder for each syntax, so that the values do not depend on what else is installed.
_DECODERS: Final = {
    f"{_ROOT}.4.50": "pillow",  # JPEG baseline, 8 bit
    f"{_ROOT}.4.51": "pillow",  # JPEG extended; its 12 bit form has no decoder here
    f"{_ROOT}.4.57": "gdcm",  # JPEG lossless, any predictor
    f"{_ROOT}.4.70": "gdcm",  # JPEG lossless, first-order prediction
    f"{_ROOT}.4.80": "gdcm",  # JPEG-LS lossless
    f"{_ROOT}.4.81": "gdcm",  # JPEG-LS near-lossless
    f"{_ROOT}.4.90": "pylibjpeg",  # JPEG 2000 lossless
    f"{_ROOT}.4.91": "pylibjpeg",  # JPEG 2000
    f"{_ROOT}.4.201": "pylibjpeg",  # HTJ2K lossless
    f"{_ROOT}.4.202": "pylibjpeg",  # HTJ2K lossless, by resolution
    f"{_ROOT}.4.203": "pylibjpeg",  # HTJ2K
    f"{_ROOT}.5": "pydicom",  # RLE
}
_RLE: Final = f"{_ROOT}.5"
_ALWAYS_LOSSY: Final = (f"{_ROOT}.4.50", f"{_ROOT}.4.51")
_PERHAPS_LOSSY: Final = (f"{_ROOT}.4.81", f"{_ROOT}.4.91", f"{_ROOT}.4.203")
_END_OF_IMAGE: Final = b"\xff\xd9"  # of JPEG, JPEG-LS and JPEG 2000 alike
_PADDING: Final = 64  # bytes that may follow it


def stored_values(
    read: Read, element: PixelElement, ds: Dataset, index: int, frames: int
) -> tuple[NDArray[Any], str]:
    """Return the stored values of one frame and what is uncertain of them, in words.

    Parameters
    ----------
    read : callable
        ``read(offset, length)`` of the file, or of what was inflated from it.
    element : PixelElement
        Where the pixels are.
    ds : Dataset
        Header, with its file meta information.
    index, frames : int
        Frame from 0, and how many the header says.

    Returns
    -------
    ndarray of shape (rows, columns)
        Unsigned or signed as Pixel Representation says; bits above Bits Stored have no part in it.
    """
    syntax = str(ds.file_meta.TransferSyntaxUID)
    _check_pixels(ds, syntax)
    shape = (int(ds.Rows), int(ds.Columns))
    kind = "i" if ds.get("PixelRepresentation", 0) else "u"
    dtype = np.dtype(f"{kind}{ds.BitsAllocated // 8}")
    if syntax in _PLAIN:
        big = syntax == BIG_ENDIAN
        swapped = big and dtype.itemsize == 1 and element.words
        length = shape[0] * shape[1] * dtype.itemsize
        frame = plain_frame(read, element, index, length, swapped=swapped)
        values = np.frombuffer(frame, dtype.newbyteorder(">" if big else "<")).reshape(shape)
        values = values.astype(dtype, copy=False)
        excess = (element.length or 0) > frames * length + 1  # one byte makes the length even
        note = "the file holds more pixels than its header describes" if excess else ""
    else:
        if element.length is not None:
            msg = "pixels: must be fragments in a compressed syntax; export the image again"
            raise ImageError(msg)
        extended = bytes(ds.get("ExtendedOffsetTable") or b"")
        frame, note = compressed_frame(read, element, index, frames, extended)
        values = _decompressed(frame, ds, syntax).astype(dtype, copy=False)
    values, above = _stored_bits(values, int(ds.BitsStored))
    return values, "; ".join(text for text in (note, above, _loss(ds, syntax)) if text)


def _check_pixels(ds: Dataset, syntax: str) -> None:
    """Refuse what is no grey picture, or of a syntax that is not known."""
    if syntax not in _PLAIN and syntax not in _DECODERS:
        msg = "pixels: the transfer syntax must be known, it is not; export the image uncompressed"
        raise ImageError(msg)
    if ds.get("SamplesPerPixel", 1) != 1:
        msg = "SamplesPerPixel: must be 1, a mammogram is grey; choose another image"
        raise ImageError(msg)
    if ds.get("PhotometricInterpretation") not in ("MONOCHROME1", "MONOCHROME2"):
        msg = (
            "PhotometricInterpretation: must be MONOCHROME1 or MONOCHROME2, a mammogram is grey; "
            "choose another image"
        )
        raise ImageError(msg)
    if not (ds.get("Rows") and ds.get("Columns")):
        msg = "Rows, Columns: must be positive; export the image again"
        raise ImageError(msg)
    allocated, stored, high = (
        ds.get(keyword) for keyword in ("BitsAllocated", "BitsStored", "HighBit")
    )
    if allocated not in (8, 16) or not stored or stored > allocated or high != stored - 1:
        msg = (
            "BitsAllocated, BitsStored, HighBit: must fit together (8 or 16; at most as many; one "
            f"less), got {allocated}, {stored}, {high}; export the image again"
        )
        raise ImageError(msg)


def _decompressed(frame: bytes, ds: Dataset, syntax: str) -> NDArray[Any]:
    """Return a decoded frame, after a look at what it says of itself."""
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder

    if syntax != _RLE:
        _check_stream(frame, ds)
    decoder = get_decoder(syntax)
    plugin = _DECODERS[syntax]
    extended_12 = syntax in _ALWAYS_LOSSY and ds.BitsStored > 8
    if plugin not in decoder.available_plugins or extended_12:
        msg = "pixels: no decoder is installed for the transfer syntax; export it uncompressed"
        raise ImageError(msg)
    options: dict[str, Any] = {
        "rows": int(ds.Rows),
        "columns": int(ds.Columns),
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": str(ds.PhotometricInterpretation),
        "bits_allocated": int(ds.BitsAllocated),
        "bits_stored": int(ds.BitsAllocated),  # what is above those stored is left out later
        "pixel_representation": int(ds.get("PixelRepresentation", 0)),
        "pixel_keyword": "PixelData",
    }
    fragment = encapsulate([frame], has_bot=False)
    try:
        values, _ = decoder.as_array(fragment, raw=True, decoding_plugin=plugin, **options)
    except Exception:  # each decoder has its own; their words may quote the file
        raise _damaged() from None
    return np.asarray(values)


def _check_stream(frame: bytes, ds: Dataset) -> None:
    """Refuse a stream that lacks its end or is another picture than the header describes.

    Decoders of JPEG 2000 return what they can of a stream that was cut off.
    """
    if frame.find(_END_OF_IMAGE, max(0, len(frame) - _PADDING)) < 0:
        raise _damaged()
    found = _stream_size(frame)
    if found is None:
        raise _damaged()
    rows, columns, bits, samples = found
    if (rows, columns, samples) != (ds.Rows, ds.Columns, 1) or bits > ds.BitsAllocated:
        msg = (
            "pixels: rows, columns, samples and bits must be as in the header, the compressed "
            "frame has others; export the image again"
        )
        raise ImageError(msg)


def _stream_size(frame: bytes) -> tuple[int, int, int, int] | None:
    """Return rows, columns, bits and samples that a compressed stream says of itself."""

    def number(at: int, length: int) -> int:
        return int.from_bytes(frame[at : at + length], "big")

    if frame.startswith(b"\xff\x4f\xff\x51"):  # ISO/IEC 15444-1 A.5.1
        rows, columns = number(12, 4) - number(20, 4), number(8, 4) - number(16, 4)
        return rows, columns, (number(42, 1) & 0x7F) + 1, number(40, 2)
    at = 2
    while frame.startswith(b"\xff\xd8") and at + 10 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        # ISO/IEC 10918-1 B.2.2; F7 is that of JPEG-LS; C4, C8 and CC begin no frame.
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return number(at + 5, 2), number(at + 7, 2), number(at + 4, 1), number(at + 9, 1)
        at += 1 if marker == 0xFF else 2 + number(at + 2, 2)
    return None


def _stored_bits(values: NDArray[Any], stored: int) -> tuple[NDArray[Any], str]:
    """Return values of Bits Stored bits: what stands above them means nothing (PS3.5 8.1.1)."""
    unused = 8 * values.dtype.itemsize - stored
    if not unused:
        return values, ""
    plain = values.view(f"u{values.dtype.itemsize}")
    above = plain >> stored
    signed = values.dtype.kind == "i"
    if not above.any() and not signed:
        return values, ""
    kept = (values << unused) >> unused if signed else values & ((1 << stored) - 1)
    empty = not above.any() or (signed and np.array_equal(kept, values))
    words = "bits above Bits Stored are set (an overlay, or a wrong Bits Stored) and were left out"
    return kept, "" if empty else words


def _loss(ds: Dataset, syntax: str) -> str:
    """Return in words that a picture lost detail by compression, and how much if that is said."""
    said = ds.get("LossyImageCompression") == "01"
    if not said and syntax in _PERHAPS_LOSSY:
        return "perhaps compressed with loss: its transfer syntax allows it"
    if not said and syntax not in _ALWAYS_LOSSY:
        return ""
    try:
        ratio = ds.get("LossyImageCompressionRatio")
        several = ratio if isinstance(ratio, list) or hasattr(ratio, "append") else [ratio]
        ratios = [f"{float(part):g}" for part in several if part is not None]
    except (TypeError, ValueError):
        ratios = []
    return "compressed with loss" + (f", ratio {' then '.join(ratios)}" if ratios else "")


def _damaged() -> ImageError:
    msg = (
        "pixels: the frame must be decodable: its data are cut off or damaged; copy it again from "
        "its source"
    )
    return ImageError(msg)
