"""Hashes of files, code and environment: a chapter is run again only if one of them changed."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import re
import sys
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from toolkit import __version__
from toolkit._old_names import FUNCTIONS, MODULES, STATS
from toolkit.study.run.workspace import file_hashes, to_json, write_atomic

PACKAGE = Path(__file__).resolve().parents[2]


def sha256_bytes(content: bytes) -> str:
    """Return the SHA-256 of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """Return the SHA-256 of a value as strict JSON with sorted keys."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False, default=str)
    return sha256_bytes(text.encode())


def sha256_folder(folder: Path) -> str:
    """Return the SHA-256 of the relative names and bytes of all files below a folder."""
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    return sha256_json([(path.relative_to(folder).as_posix(), sha256_file(path)) for path in files])


def _module_file(name: str) -> Path | None:
    """Return the file of a toolkit module, or None where the name is no module."""
    base = PACKAGE.joinpath(*name.split(".")[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _face(package: str) -> Mapping[str, str]:
    """Return the module of each public name of a package that loads them when they are used."""
    stub = PACKAGE.joinpath(*package.split(".")[1:], "__init__.pyi")
    if not stub.is_file():
        return {}
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name: f"{package}.{node.module}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _below(package: str) -> set[str]:
    """Return every module below a package, since code that holds it may use any of them."""
    folder = PACKAGE.joinpath(*package.split(".")[1:])
    files = folder.rglob("*.py") if (folder / "__init__.py").is_file() else ()
    found = {
        ".".join((PACKAGE.name, *file.relative_to(PACKAGE).with_suffix("").parts)) for file in files
    }
    return {name.removesuffix(".__init__") for name in found}


def _imported(tree: ast.AST) -> set[str]:
    """Names of the toolkit modules that a piece of code imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names |= {alias.name} | (_below(alias.name) if _is_ours(alias.name) else set())
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            if _is_ours(node.module):
                names |= _taken(node.module, [alias.name for alias in node.names])
    return {name for name in map(_new_name, names) if _is_ours(name) and _module_file(name)}


def _is_ours(name: str) -> bool:
    """Whether a module is one of the toolkit's."""
    return name.split(".")[0] == PACKAGE.name


def _taken(module: str, names: Iterable[str]) -> set[str]:
    """Return the modules behind names that are imported from a module or a package."""
    found: set[str] = set()
    face = _face(module)
    for name in names:
        found |= {f"{module}.{name}"} | _below(f"{module}.{name}")
        if name in face:
            found.add(face[name])
        elif name in FUNCTIONS:  # an old name: any module of its package may hold the new one
            found |= _below(f"{STATS}{FUNCTIONS[name][0]}")
    return found


def _new_name(module: str) -> str:
    """Return what a module is called now."""
    old = module.removeprefix(STATS)
    return (
        STATS + MODULES[old]
        if module != old and old in MODULES and not _module_file(module)
        else module
    )


@cache
def _module(name: str) -> tuple[str, frozenset[str]]:
    """Return the hash of a module's syntax tree (comments do not count) and what it imports."""
    path = _module_file(name)
    if path is None:
        msg = f"{name} is not a module of the toolkit"
        raise ValueError(msg)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return sha256_bytes(ast.dump(tree).encode()), frozenset(_imported(tree))


def reachable_modules(names: Iterable[str]) -> list[str]:
    """Return every toolkit module that the named ones import, directly or not, sorted."""
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        parents = {name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)}
        waiting |= (_module(name)[1] | parents) - found
    return sorted(found)


def code_hashes(source: str) -> dict[str, str]:
    """Return the hash of each toolkit module that a piece of Python code reaches."""
    names = reachable_modules(_imported(ast.parse(source)))
    return {name: _module(name)[0] for name in names}


def module_hashes(*names: str) -> dict[str, str]:
    """Return the hash of each toolkit module that the named modules reach, and of themselves."""
    return {name: _module(name)[0] for name in reachable_modules(names)}


@cache
def environment() -> dict[str, str]:
    """Return Python's version and the version of every installed distribution.

    Names and versions are read from the names of the ``.dist-info`` folders, since opening the
    metadata of some two hundred distributions costs more than all the rest of an unchanged run.
    """
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for entry in sys.path:
        if entry and os.path.isdir(entry):
            for name in os.listdir(entry):
                if name.endswith(".dist-info"):
                    project, _, version = name.removesuffix(".dist-info").partition("-")
                    versions.setdefault(project.lower().replace("_", "-"), version)
    versions.pop("reader-study-toolkit", None)  # its code is hashed module by module
    return versions


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the keys whose values differ, were added or went away, sorted."""
    return sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))


MANIFEST = "manifest.json"


class VerifyError(ValueError):
    """Every way in which a delivered book differs from its manifest."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            "\n".join(["the book is not as it was delivered:", *(f"  {f}" for f in faults)])
        )


def write_manifest(
    tree: Path, *, study: str, inputs: Mapping[str, str], chapters: Mapping[str, Any]
) -> str:
    """Write ``manifest.json`` into a complete tree and return the tree's name.

    Parameters
    ----------
    tree : Path
        The folder that will be delivered.
    study : str
        Short name of the study.
    inputs : mapping
        Hash of each table, as ``part.table``.
    chapters : mapping
        Name of each chapter to its status and the reason for it.

    Returns
    -------
    str
        The first 12 hexadecimal digits of the manifest's hash.
    """
    content = {
        "format": 1,
        "study": study,
        "toolkit": __version__,
        "environment": sha256_json(environment()),
        "inputs": dict(inputs),
        "chapters": dict(chapters),
        "files": file_hashes(tree),
    }
    text = to_json(content)
    write_atomic(tree / MANIFEST, text)
    return sha256_bytes(text.encode())[:12]


def verify(book: Path) -> int:
    """Check every file of a delivered book against its manifest and return how many there are.

    Parameters
    ----------
    book : Path
        A delivered tree or the link to it, or what was exported from it: a folder or a zip file.

    Raises
    ------
    VerifyError
        Naming each file that is missing, changed or not listed.

    Notes
    -----
    A folder whose name ends with twelve hexadecimal digits must be named by its manifest. Of
    another one the manifest is compared with what was said when it was passed on.
    """
    folder, there, manifest = _contents(book)
    try:
        listed: dict[str, str] = json.loads(manifest)["files"]
        lacking = listed.keys() - there
    except (ValueError, KeyError, TypeError, AttributeError):
        raise VerifyError([f"{MANIFEST}: not a manifest"]) from None
    faults = [f"{name}: missing" for name in sorted(lacking)]
    faults += [f"{name}: not listed in the manifest" for name in sorted(there - listed.keys())]
    common = sorted(listed.keys() & there)
    faults += [f"{name}: changed" for name in common if there[name] != listed[name]]
    name, given = sha256_bytes(manifest)[:12], re.search(r"(?:^|-)([0-9a-f]{12})$", folder)
    if given and given[1] != name:
        faults.append(f"{MANIFEST}: changed; its hash is {name}, the folder's name is another")
    if faults:
        raise VerifyError(faults)
    return len(common)


def manifest_hash(book: Path) -> str:
    """Return the hash of a book's manifest, by which it is told from every other one."""
    return sha256_bytes(_contents(book)[2])[:12]


def _contents(book: Path) -> tuple[str, dict[str, str], bytes]:
    """Return the name of a book's folder, the hash of each file in it, and its manifest."""
    if book.is_symlink() and not book.exists():
        msg = f"{book.name}: a link that leads nowhere; a book is copied with study export"
        raise VerifyError([msg])
    if book.is_file():
        folder, there, manifest = _zip_contents(book)
    else:
        folder, there = book.resolve().name, file_hashes(book)
        manifest = (book / MANIFEST).read_bytes() if MANIFEST in there else None
    if manifest is None:
        raise VerifyError([f"{MANIFEST}: missing; is this a delivered book?"])
    return folder, {name: value for name, value in there.items() if name != MANIFEST}, manifest


def _zip_contents(book: Path) -> tuple[str, dict[str, str], bytes | None]:
    """Return what ``_contents`` does of a zip; names outside its one folder stay as they are."""
    try:
        with zipfile.ZipFile(book) as archive:
            files = {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}
            count = len([i for i in archive.infolist() if not i.is_dir()])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError):
        raise VerifyError([f"{book.name}: not a zip file, or a damaged one"]) from None
    if count != len(files):
        raise VerifyError([f"{book.name}: holds two files of one name"])
    folder = next(iter(files), "").partition("/")[0]
    within = {name.removeprefix(f"{folder}/"): content for name, content in files.items()}
    hashes = {name: sha256_bytes(content) for name, content in within.items()}
    return folder, hashes, within.get(MANIFEST)
