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
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

from toolkit.readers.dicom.scan.walker import Read

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

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
