"""The files of an archive: a folder, or an address that fsspec knows, in one fixed order.

Files come one by one as the folders are read, so a million of them need no more memory than one
folder. What cannot be entered or leads back to itself is a place too, with the reason.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from toolkit.readers.dicom.scan.attributes import DicomFault, Reason
from toolkit.readers.dicom.scan.walker import Read


@dataclass(frozen=True, slots=True)
class Place:
    """One file, or something that is none and why.

    Parameters
    ----------
    path : str
        Relative to the archive, parts joined by ``/``.
    size : int
        Bytes.
    stamp : str
        Changes when the file does: time of change, or the store's own tag.
    reason : str
        Why it cannot be read; empty for a file.
    """

    path: str
    size: int
    stamp: str
    reason: Reason | str = ""


class Archive(Protocol):
    """Where files lie."""

    def places(self) -> Iterator[Place]:
        """Yield all files in the order of their paths' parts."""
        ...

    def opened(self, path: str) -> OpenFile:
        """Open one file."""
        ...


class OpenFile(Protocol):
    """A file that is read in pieces, as a context manager."""

    read: Read

    def __enter__(self) -> OpenFile: ...

    def __exit__(self, *_: object) -> None: ...


class ArchiveError(OSError):
    """An archive that is not there, or cannot be reached, and what to do about it."""


def archive_at(address: str) -> Archive:
    """Return the archive at an address.

    Parameters
    ----------
    address : str
        A folder, ``file://...``, ``s3://bucket/prefix``, or any other address of fsspec.

    Raises
    ------
    ArchiveError
        If there is no such folder, or the package for the address is not installed.
    """
    path = address.removeprefix("file://")
    if "://" in path:
        return RemoteArchive(address)
    folder = Path(path)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "is no folder"
        msg = f"{address} {what}; name the folder that holds the DICOM files"
        raise ArchiveError(msg)
    return FolderArchive(folder)


class FolderArchive:
    """A folder of this machine, with all folders below it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def places(self) -> Iterator[Place]:
        """Yield all files; links to folders are followed unless they lead back."""
        status = self._folder.stat()
        return self._below("", ((status.st_dev, status.st_ino),))

    def _below(self, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[Place]:
        """Yield the files below a folder; ``above`` are the folders that it lies in."""
        try:
            with os.scandir(self._folder / prefix) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError:
            yield Place(prefix.removesuffix("/") or ".", 0, "", "unreadable")
            return
        for entry in entries:
            path = prefix + entry.name
            try:
                status = entry.stat()
                is_folder = entry.is_dir()
            except OSError as error:
                loop = error.errno == errno.ELOOP
                yield Place(path, 0, "", "loop" if loop else "unreadable")
                continue
            if not is_folder:
                yield Place(path, status.st_size, str(status.st_mtime_ns))
            elif (status.st_dev, status.st_ino) in above:
                yield Place(path, 0, "", "loop")
            else:
                yield from self._below(f"{path}/", (*above, (status.st_dev, status.st_ino)))

    def opened(self, path: str) -> OpenFile:
        """Open one file."""
        return _LocalFile(os.fspath(self._folder / path))


class _LocalFile:
    """A file of this machine."""

    __slots__ = ("_number", "_path", "read")

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> _LocalFile:
        try:
            self._number = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(error) from None
        self.read: Read = self._read
        return self

    def _read(self, offset: int, length: int) -> bytes:
        try:
            return os.pread(self._number, length, offset)
        except OSError as error:
            raise _unreadable(error) from None

    def __exit__(self, *_: object) -> None:
        os.close(self._number)


class RemoteArchive:
    """Whatever fsspec reaches; credentials come from where its package looks for them."""

    def __init__(self, address: str) -> None:
        import fsspec

        try:
            self._files, self._root = fsspec.url_to_fs(address)
        except (ImportError, ValueError) as error:
            msg = f"{address}: {type(error).__name__}; pip install 'reader-study-toolkit[s3]'"
            raise ArchiveError(msg) from None
        self._address = address

    def places(self) -> Iterator[Place]:
        """Yield all files."""
        # Asked for before the first file, since a store that does not answer is no empty folder.
        try:
            there = self._files.ls(self._root, detail=True, refresh=True)
        except FileNotFoundError:
            there = []
        except Exception as error:  # packages of stores raise errors of their own
            raise _no_answer(self._address, error) from None
        if not there:
            msg = f"{self._address} holds nothing; name the bucket and prefix of the DICOM files"
            raise ArchiveError(msg)
        return self._below(self._root)

    def _below(self, folder: str) -> Iterator[Place]:
        """Yield the files below a prefix."""
        try:
            entries = self._files.ls(folder, detail=True, refresh=True)
        except OSError:
            yield Place(self._relative(folder), 0, "", "unreadable")
            return
        except Exception as error:  # the way to the store is gone: half a list is none
            raise _no_answer(self._address, error) from None
        for entry in sorted(entries, key=_last_part):
            if entry["name"].rstrip("/") == folder.rstrip("/"):
                continue  # the marker of an empty folder
            if entry["type"] == "directory":
                yield from self._below(entry["name"])
            else:
                stamp = entry.get("ETag") or entry.get("mtime") or entry.get("LastModified") or ""
                yield Place(
                    self._relative(entry["name"]), int(entry["size"]), str(stamp).strip('"')
                )

    def _relative(self, name: str) -> str:
        """Return a name relative to the archive."""
        return name.removeprefix(self._root.rstrip("/") + "/")

    def opened(self, path: str) -> OpenFile:
        """Open one file."""
        return _RemoteFile(self._files.cat_file, f"{self._root.rstrip('/')}/{path}")


def _no_answer(address: str, error: Exception) -> ArchiveError:
    """Return the error of a store that does not give its list of files."""
    name = type(error).__name__
    if isinstance(error, PermissionError) or "Credentials" in name:
        what = "does not let this account list its files"
        remedy = "give the credentials of one that may, or check those that are set"
    else:
        what = "cannot be reached"
        remedy = "check the address, the network and the store's endpoint"
    return ArchiveError(f"{address} {what} ({name}); {remedy}")


def _last_part(entry: dict[str, Any]) -> str:
    """Return the name of an entry in its folder."""
    return str(entry["name"]).rstrip("/").rpartition("/")[2]


class _RemoteFile:
    """A file that is read by ranges."""

    __slots__ = ("_cat", "_name", "read")

    def __init__(self, cat: Callable[..., bytes], name: str) -> None:
        self._cat, self._name = cat, name
        self.read: Read = self._read

    def _read(self, offset: int, length: int) -> bytes:
        if length <= 0:
            return b""
        try:
            return self._cat(self._name, start=offset, end=offset + length)
        except Exception as error:  # packages of stores raise errors of their own
            raise _unreadable(error) from None

    def __enter__(self) -> _RemoteFile:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def _unreadable(error: Exception) -> DicomFault:
    """Return the fault of a file that the system does not give."""
    return DicomFault("unreadable", f"the file cannot be read ({type(error).__name__})")
