"""Where a picture is read from: a path, an address of a store, or an open file, in small pieces."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from toolkit.readers.dicom.walker import Read

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
