"""Where a kernel lives and what it is given: a private folder, and an environment from nothing.

The environment is the same on every machine and for every user. The folder of all kernels of a
run is short of path, for a socket's path is, and gone after the run.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

KERNELS_FOLDER = "study-kernels-"  # begins its name
_LONGEST_SOCKET_PATH = 103  # bytes; macOS has the smaller limit, Linux has 107
_PACKAGE_HOME = Path(__file__).resolve().parents[2]

# What a process needs to run at all. Nothing else is taken from the caller's environment.
_INHERITED = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
)
_FIXED = {
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "USER": "study",
    "LOGNAME": "study",
    "USERNAME": "study",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYTHONSAFEPATH": "1",
    "PYTHONNOUSERSITE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "SOURCE_DATE_EPOCH": "0",  # the date that matplotlib writes into pictures
}


class KernelError(RuntimeError):
    """A kernel did not start."""


def kernel_environment(shared: Path, own: Path) -> dict[str, str]:
    """Return the whole environment of a kernel.

    Parameters
    ----------
    shared : Path
        Folder for what all kernels of a run share: the font list of matplotlib.
    own : Path
        Folder of this kernel: its home and its temporary files.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    python_path = [os.path.abspath(entry) for entry in given if entry]
    if _PACKAGE_HOME.name not in ("site-packages", "dist-packages"):
        python_path.insert(0, str(_PACKAGE_HOME))  # a clone: chapters import the toolkit that asks
    home = str(own)
    folders = {
        "HOME": home,
        "USERPROFILE": home,
        "TMPDIR": home,
        "TEMP": home,
        "TMP": home,
        "IPYTHONDIR": str(own / "ipython"),
        "JUPYTER_CONFIG_DIR": str(own / "jupyter"),
        "JUPYTER_DATA_DIR": str(own / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(own / "jupyter"),
        "MPLCONFIGDIR": str(shared / "matplotlib"),
        "PYTHONPATH": os.pathsep.join(python_path),
    }
    return {**inherited, **_FIXED, **folders}


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
