"""Where a file of the study may lie: in the data folder, whatever links and dots the name has."""

from pathlib import Path, PureWindowsPath

from toolkit.readers.raw_table import file_fault
from toolkit.tables import TableError, did_you_mean


def file_within(folder: Path, file: str) -> Path:
    """Return the resolved path of a file of the data folder.

    Parameters
    ----------
    folder : Path
        The data folder.
    file : str
        Name relative to it.

    Raises
    ------
    TableError
        If the name is absolute, leaves the folder with symbolic links resolved, or is not that
        of a file. A message never holds a path of the machine.
    """
    windows = PureWindowsPath(file)  # knows drives, and both kinds of slash as roots
    name = windows.name
    if windows.anchor:
        raise _refused(name, "must be named relative to the data folder, without a drive or root")
    if not file or "\0" in file:
        raise _refused("file", "must be the name of a file in the data folder")
    try:
        root = folder.resolve(strict=True)
        path = (root / file).resolve()
    except (OSError, RuntimeError) as error:
        raise _refused(name, f"cannot be looked up in the data folder ({_cause(error)})") from None
    if not path.is_relative_to(root):
        raise _refused(name, "leaves the data folder", "copy it there; links are followed")
    if not path.exists():
        siblings = [entry.name for entry in path.parent.glob("*")]
        close = did_you_mean(path.name, siblings, likeness=0.8)
        raise _refused(file, "is not in the data folder", close)
    if not path.is_file():
        raise _refused(file, "is not a file")
    return path


def _refused(file: str, rule: str, remedy: str = "") -> TableError:
    """Return the error of one file name."""
    return TableError([file_fault(file, rule, remedy)])


def _cause(error: Exception) -> str:
    """Return the reason of an operating-system error without its path."""
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
