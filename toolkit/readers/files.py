"""Files and folders that are written whole or not at all: under a temporary name, then renamed.

And which folders may be written to at all: nothing of others is taken over, and raw data stay.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that it is either whole or not there.

    Parameters
    ----------
    path : Path
        Where; its folder is made.
    content : str or bytes
        Text is written as UTF-8.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path, "tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_folder_atomic(path: Path, files: Mapping[str, str | bytes]) -> None:
    """Write a folder so that it is either whole or as it was before.

    Parameters
    ----------
    path : Path
        Where; a folder that stands there is replaced, whatever it holds.
    files : mapping of str to str or bytes
        Name below the folder, such as ``tables/cases.csv``, to content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, aside = _beside(path, "tmp"), _beside(path, "old.tmp")
    try:
        temporary.mkdir()
        for name, content in files.items():
            write_atomic(temporary / name, content)
        if path.exists():
            path.rename(aside)
        temporary.rename(path)
    finally:
        if aside.exists() and not path.exists():
            aside.rename(path)
        for scratch in (temporary, aside):
            shutil.rmtree(scratch, ignore_errors=True)


def is_free(folder: Path, mark: str) -> bool:
    """Whether a folder may be taken: it is not there, it is empty, or it carries our mark.

    Parameters
    ----------
    folder : Path
        A link counts as the folder that it leads to; one that leads nowhere is somebody's.
    mark : str
        Name of the file in it that says who made it.
    """
    if not os.path.lexists(folder):
        return True
    return folder.is_dir() and ((folder / mark).is_file() or not any(folder.iterdir()))


def lies_in(path: Path, folder: Path) -> bool:
    """Whether a path, there or not, is a folder or lies below it, whatever links lead to it."""
    place = path.resolve()
    above = [one for one in (place, *place.parents) if one.exists()]
    return folder.exists() and any(one.samefile(folder) for one in above)


def _beside(path: Path, ending: str) -> Path:
    """Return a hidden name beside a path that no other process takes."""
    return path.with_name(f".{path.name}.{os.getpid()}.{ending}")
