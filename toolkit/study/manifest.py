"""The manifest of a delivered book: what it was made from, and the hash of every file in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit import __version__
from toolkit.study.fingerprint import environment, sha256_bytes, sha256_file, sha256_json
from toolkit.study.workspace import to_json, write_atomic

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
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    content = {
        "format": 1,
        "study": study,
        "toolkit": __version__,
        "environment": sha256_json(environment()),
        "inputs": dict(inputs),
        "chapters": dict(chapters),
        "files": {path.relative_to(tree).as_posix(): sha256_file(path) for path in files},
    }
    text = to_json(content)
    write_atomic(tree / MANIFEST, text)
    return sha256_bytes(text.encode())[:12]


def verify(tree: Path) -> int:
    """Check every file of a delivered book against its manifest and return how many there are.

    Raises
    ------
    VerifyError
        Naming each file that is missing, changed or not listed.
    """
    try:
        content = json.loads((tree / MANIFEST).read_text(encoding="utf-8"))
        listed: dict[str, str] = content["files"]
    except (FileNotFoundError, NotADirectoryError):
        raise VerifyError([f"{MANIFEST}: missing; is this a delivered book?"]) from None
    except (ValueError, KeyError, TypeError):
        raise VerifyError([f"{MANIFEST}: not a manifest"]) from None
    there = {p.relative_to(tree).as_posix() for p in tree.rglob("*") if p.is_file()} - {MANIFEST}
    faults = [f"{name}: missing" for name in sorted(listed.keys() - there)]
    faults += [f"{name}: not listed in the manifest" for name in sorted(there - listed.keys())]
    common = sorted(listed.keys() & there)
    faults += [f"{name}: changed" for name in common if sha256_file(tree / name) != listed[name]]
    name = sha256_bytes((tree / MANIFEST).read_bytes())[:12]
    if tree.resolve().name != name:
        faults.append(f"{MANIFEST}: changed; its hash is {name}, the folder's name is another")
    if faults:
        raise VerifyError(faults)
    return len(common)
