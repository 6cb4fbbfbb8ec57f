"""Where a run writes: the work folder, the lock, and the delivered tree that one link names.

``reports/.<study>/work`` holds what a later run can reuse, each thing under the hash of what it
was made from. ``reports/.<study>/<hash>`` are delivered trees, and ``reports/<study>`` is a link
to the latest. A link is replaced in one step, so a reader sees the old book or the new one.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolkit.readers.files import write_atomic

__all__ = ["OutputError", "Workspace", "read_json", "to_json", "write_atomic"]

KEPT_TREES = 2


class OutputError(OSError):
    """The output folder cannot be used, and what to do about it."""


def to_json(value: Any) -> str:
    """Return strict JSON with sorted keys; NaN and infinities are refused."""
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    """Return the value in a JSON file, or None where there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


class Workspace:
    """The folders of one study's output.

    Parameters
    ----------
    out : Path
        What the user names: ``reports/<study>``.

    Raises
    ------
    OutputError
        If ``out`` exists and was not written by this toolkit.
    """

    def __init__(self, out: Path) -> None:
        self.out = out.absolute()
        self.home = self.out.parent / f".{self.out.name}"
        self.work = self.home / "work"
        if (self.out.exists() or self.out.is_symlink()) and not self._is_ours():
            msg = f"{out} exists and was not written by a study run; name another folder with --out"
            raise OutputError(msg)

    def _is_ours(self) -> bool:
        """Whether what stands at ``out`` is a link to one of our trees."""
        return self.out.is_symlink() and self.out.readlink().parts[:1] == (self.home.name,)

    def refuse_inside(self, data: Path) -> None:
        """Raise if the output would be written into the data folder: raw data are read-only."""
        if self.out.parent.resolve().joinpath(self.out.name).is_relative_to(data.resolve()):
            msg = f"output {self.out.name} is inside the data folder; choose another --out"
            raise OutputError(msg)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the study's lock; the system releases the lock of a process that died."""
        self.work.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                owner = file.read().strip() or "unknown"
                msg = f"another run (process {owner}) is writing this study; wait until it ends"
                raise OutputError(msg) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove what a killed run left behind; nothing finished has such a name."""
        for path in [*self.home.glob(".*.tmp"), *self.work.rglob(".*.tmp")]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def scratch(self, name: str) -> Path:
        """Return a new empty folder that a later ``keep`` moves into place."""
        path = self.work / f".{name}.{os.getpid()}.tmp"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def keep(self, scratch: Path, path: Path) -> None:
        """Move a finished folder into place; an older one of that name is replaced."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self.drop(path)
        scratch.rename(path)

    def drop(self, path: Path) -> None:
        """Remove a finished folder; one that a kill leaves half removed is finished no more."""
        aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        path.rename(aside)
        shutil.rmtree(aside)

    @property
    def delivered(self) -> Path | None:
        """The tree that the link names now, or None."""
        return self.out.resolve() if self._is_ours() and self.out.exists() else None

    def deliver(self, tree: Path, name: str) -> Path:
        """Move a complete tree to its name, swap the link, and keep the last trees only."""
        place = self.home / name
        if place.exists():
            shutil.rmtree(tree)  # the same manifest names the same bytes
        else:
            tree.rename(place)
        os.utime(place)
        link = self.home / f".link.{os.getpid()}.tmp"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(self.home.name) / name, target_is_directory=True)
        link.replace(self.out)
        trees = [path for path in self.home.iterdir() if (path / "manifest.json").is_file()]
        for old in sorted(trees, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT_TREES:]:
            self.drop(old)
        return place
