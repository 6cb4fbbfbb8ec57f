"""What is installed: toolkit, Python, platform, and every package against the lock file."""

from __future__ import annotations

import platform
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np

from toolkit import __version__
from toolkit.study.run.fingerprint import PACKAGE, environment, sha256_folder

LOCK_FILE = PACKAGE.parent / "requirements.lock"

State = Literal["as locked", "differs", "not installed", "not in the lock", "no lock"]

_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)\s*(;?)")
_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_NOT_PACKAGES = ("python", "machine")


@dataclass(frozen=True, kw_only=True)
class Package:
    """One package: its installed version, the versions in the lock, and whether they agree.

    ``locked`` has several versions where the lock distinguishes versions of Python.
    """

    name: str
    installed: str
    locked: tuple[str, ...]
    state: State
    is_direct: bool

    @property
    def is_odd(self) -> bool:
        """Whether the lock wants it otherwise."""
        return self.state in ("differs", "not installed")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What the self-test ran on; nothing in it names a person, a machine, a folder or a time."""

    toolkit: str
    code: str
    python: str
    platform: str
    linear_algebra: str
    has_lock: bool
    packages: tuple[Package, ...]


def inspect_installation(lock: Path = LOCK_FILE) -> Installation:
    """Return what is installed.

    Parameters
    ----------
    lock : Path
        The lock file; it lies beside the code in a clone, and an installation from a wheel has
        none. Versions are then listed and not judged.
    """
    found = environment()
    installed = {name: version for name, version in found.items() if name not in _NOT_PACKAGES}
    locked = _locked_versions(lock) if lock.is_file() else {}
    return Installation(
        toolkit=__version__,
        code=sha256_folder(PACKAGE),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=f"{platform.system()}, {platform.machine()}",
        linear_algebra=_linear_algebra(),
        has_lock=bool(locked),
        packages=_packages(installed, locked, _direct_names()),
    )


def _locked_versions(lock: Path) -> dict[str, tuple[str, ...]]:
    """Return the versions of each name in a lock file.

    A name that the lock wants on some systems only, and that is not installed, is left out by the
    caller: such a line bears a condition behind a semicolon, and "" stands for it here.
    """
    versions: dict[str, list[str]] = defaultdict(list)
    for line in lock.read_text(encoding="utf-8").splitlines():
        if match := _LOCKED.match(line):
            name, version, conditional = match.groups()
            versions[_canonical(name)] += [version, ""] if conditional else [version]
    return {name: tuple(dict.fromkeys(found)) for name, found in versions.items()}


def _packages(
    installed: Mapping[str, str],
    locked: Mapping[str, tuple[str, ...]],
    direct: Collection[str],
) -> tuple[Package, ...]:
    """Return all packages that are installed or locked, sorted by name."""
    packages = []
    for name in sorted(installed.keys() | locked.keys()):
        wanted, version = locked.get(name, ()), installed.get(name, "")
        if not version and "" in wanted:
            continue  # locked for other systems or other versions of Python
        versions = tuple(filter(None, wanted))
        state = _state(version, versions, has_lock=bool(locked))
        packages.append(
            Package(
                name=name,
                installed=version,
                locked=versions,
                state=state,
                is_direct=name in direct,
            )
        )
    return tuple(packages)


def _state(version: str, locked: tuple[str, ...], *, has_lock: bool) -> State:
    """Return how an installed version stands to the lock."""
    if not has_lock:
        return "no lock"
    if not locked:
        return "not in the lock"
    if not version:
        return "not installed"
    return "as locked" if version in locked else "differs"


def _canonical(name: str) -> str:
    """Return the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _direct_names() -> frozenset[str]:
    """Return the packages that the toolkit itself names, without those for its developers."""
    try:
        wanted = metadata.requires("reader-study-toolkit") or []
    except metadata.PackageNotFoundError:  # run from its folder, not installed
        wanted = []
    names = (_NAME.match(line) for line in wanted if "extra ==" not in line)
    return frozenset(_canonical(name[0]) for name in names if name)


def _linear_algebra() -> str:
    """Return the library behind numpy's linear algebra: results can differ in the last digits."""
    build = np.show_config(mode="dicts") or {}
    blas = build.get("Build Dependencies", {}).get("blas", {})
    return " ".join(filter(None, (blas.get("name", ""), blas.get("version", "")))) or "not known"
