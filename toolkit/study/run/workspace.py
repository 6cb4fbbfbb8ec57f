"""Where a run writes: the work folder, the lock, and the delivered tree that one link names.

``reports/.<study>`` carries our mark; a folder without it is somebody else's. Its ``work`` holds
what a later run can reuse, each thing under the hash of what it was made from and sealed with the
hashes of its files: what does not match its seal is not believed. ``reports/.<study>/<hash>`` are
delivered trees, and ``reports/<study>`` is a link to the latest. A link is replaced in one step, so
a reader sees the old book or the new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolkit.readers.files import is_free, lies_in, write_atomic

__all__ = ["OutputError", "Workspace", "file_hashes", "read_json", "to_json", "write_atomic"]

KEPT_TREES = 2
MARK = "made-by-study-run"  # an empty file, so that it is there whole or not at all
SEAL = "seal.json"


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


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by its name from there."""
    hashes = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            hashes[path.relative_to(folder).as_posix()] = hashlib.file_digest(
                file, "sha256"
            ).hexdigest()
    return hashes


def _remove(path: Path) -> None:
    """Remove a folder with all that is in it, or a file or link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Workspace:
    """The folders of one study's output.

    Parameters
    ----------
    out : Path
        What the user names: ``reports/<study>``.

    Attributes
    ----------
    made_again : list of str
        What was there but not as a run had left it, so that it is not believed.

    Raises
    ------
    OutputError
        If ``out``, or the hidden folder beside it, exists and was not made by a run.
    """

    def __init__(self, out: Path) -> None:
        self.out = out.absolute()
        self.home = self.out.parent / f".{self.out.name}"
        self.work = self.home / "work"
        self.made_again: list[str] = []
        if os.path.lexists(self.out) and not self._is_ours():
            msg = f"{out} exists and was not written by a study run; name another folder with --out"
            raise OutputError(msg)
        if not is_free(self.home, MARK) or self.work.is_symlink():
            msg = (
                f"{self.home.name} beside {self.out.name} exists and was not made by this version "
                "of study run, which would write and remove files there; name another folder with "
                "--out, or move it away"
            )
            raise OutputError(msg)

    def _is_ours(self) -> bool:
        """Whether what stands at ``out`` is a link to one of our trees."""
        return self.out.is_symlink() and self.out.readlink().parts[:-1] == (self.home.name,)

    def refuse_inside(self, data: Path) -> None:
        """Raise if the output would be written into the data folder, or lies around it.

        Raw data are read-only, and in our own folder files are removed.
        """
        if any(lies_in(place, data) for place in (self.out.parent, self.home)):
            msg = f"output {self.out.name} is inside the data folder; choose another --out"
            raise OutputError(msg)
        if lies_in(data, self.home):
            msg = f"the data lie in {self.home.name}, where a run removes files; choose another"
            raise OutputError(f"{msg} --out")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the study's lock; the system releases the lock of a process that died."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / MARK).touch()
        self.work.mkdir(exist_ok=True)
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
            try:
                yield
            except Exception:
                self._sweep()  # on a full disk it is the scratch folders that fill it
                raise

    def _sweep(self) -> None:
        """Remove what a killed run left behind; nothing finished has such a name."""
        for path in [*self.home.glob(".*.tmp"), *self.work.rglob(".*.tmp")]:
            _remove(path)

    def scratch(self, name: str) -> Path:
        """Return a new empty folder that a later ``keep`` moves into place."""
        path = self.work / f".{name}.{os.getpid()}.tmp"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def keep(self, scratch: Path, path: Path) -> None:
        """Seal a finished folder and move it into place; an older one of that name is replaced."""
        write_atomic(scratch / SEAL, to_json(file_hashes(scratch)))
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path):
            self.drop(path)
        scratch.rename(path)

    def holds(self, path: Path, what: str) -> bool:
        """Whether a finished folder is there as it was sealed; else it is removed.

        Parameters
        ----------
        path : Path
            The folder.
        what : str
            Its name in ``made_again``.
        """
        if not os.path.lexists(path):
            return False
        try:
            listed = read_json(path / SEAL)
            now = file_hashes(path)
            whole = bool(listed) and listed.items() <= now.items()
        except (OSError, ValueError, AttributeError):  # no seal, or a disk that cannot read it
            whole = False
        if not whole:
            self.drop(path)
            self.made_again.append(what)
        return whole

    def noted(self, name: str) -> dict[str, Any]:
        """Return what an earlier run noted in the work folder; nothing where it is damaged."""
        try:
            found = read_json(self.work / name)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def drop(self, path: Path) -> None:
        """Remove a finished folder; one that a kill leaves half removed is finished no more."""
        aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        path.rename(aside)
        _remove(aside)

    @property
    def delivered(self) -> Path | None:
        """The tree that the link names now, or None."""
        return self.out.resolve() if self._is_ours() and self.out.exists() else None

    def deliver(self, tree: Path, name: str) -> Path:
        """Move a complete tree to its name, swap the link, and keep the last trees only."""
        place = self.home / name
        if place.exists() and file_hashes(place) == file_hashes(tree):
            shutil.rmtree(tree)  # the same manifest names the same bytes
        else:
            if place.exists():  # damaged since it was delivered
                self.drop(place)
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
