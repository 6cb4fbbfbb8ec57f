"""The folder of all kernels of a run: private, short of path, and gone after the run."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolkit.study.forking import KernelError

KERNELS_FOLDER = "study-kernels-"  # begins its name
_LONGEST_SOCKET_PATH = 103  # bytes; macOS has the smaller limit, Linux has 107


def temporary_folders() -> list[str]:
    """Return where the folder of all kernels of a run may stand, the preferred place first."""
    places = [tempfile.gettempdir(), *(["/tmp"] if os.name == "posix" else [])]
    return list(dict.fromkeys(os.path.realpath(place) for place in places))


@contextmanager
def kernels_folder() -> Iterator[Path]:
    """Give a new folder for our user only, and remove it; first remove those of killed runs.

    A run holds a lock in its folder, which the system releases when the run is killed.

    Raises
    ------
    KernelError
        If every place for temporary files has too long a path for a socket.
    """
    new = _short_folder()
    folder = new.with_name(new.name.removeprefix("."))
    try:
        with (new / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new.rename(folder)  # from now on others look at its lock
            _sweep(folder.parent)
            yield folder
    finally:
        for path in (new, folder):
            shutil.rmtree(path, ignore_errors=True)


def _short_folder() -> Path:
    """Return a new hidden folder below which a socket's path is not too long."""
    for place in temporary_folders():
        folder = Path(tempfile.mkdtemp(prefix=f".{KERNELS_FOLDER}", dir=place))
        if len(os.fsencode(folder / "k9999" / "s-9")) <= _LONGEST_SOCKET_PATH:
            return folder
        folder.rmdir()
    msg = f"a socket's path has at most {_LONGEST_SOCKET_PATH} bytes; set TMPDIR to a short path"
    raise KernelError(msg)


def _sweep(place: Path) -> None:
    """Remove the folders of runs that were killed."""
    for folder in place.glob(f"{KERNELS_FOLDER}*"):
        with suppress(OSError), (folder / "lock").open("r+b") as lock:  # held, or another user's
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
