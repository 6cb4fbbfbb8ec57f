"""The secret that UIDs, pseudonyms and dates follow from: a file that is never beside the copy."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

_BYTES: Final = 32
_FIRST_LINE: Final = "reader-study-toolkit de-identification key 1"


class KeyFileError(ValueError):
    """A key that cannot be used, and what to do about it."""


def read_or_make_key(path: Path, *, outside: tuple[Path, ...]) -> tuple[bytes, bool]:
    """Read the key, or make it where there is none.

    Parameters
    ----------
    path : Path
        The file; made with mode 0600.
    outside : tuple of Path
        Folders in which the key must not lie: what is handed on, and what it is made from.

    Returns
    -------
    key : bytes
        32 bytes.
    made : bool
        Whether the key is new.

    Raises
    ------
    KeyFileError
        If the file lies in one of the folders, can be read by others, or is no key.
    """
    refuse_inside(path, outside, "--key")
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path), False
    except OSError as error:
        msg = f"--key: cannot be written ({type(error).__name__}); name a file in a folder of yours"
        raise KeyFileError(msg) from None
    key = secrets.token_bytes(_BYTES)
    with os.fdopen(made, "w", encoding="ascii") as file:
        file.write(f"{_FIRST_LINE}\n{key.hex()}\n")
    return key, True


def refuse_inside(path: Path, folders: tuple[Path, ...], what: str) -> None:
    """Refuse a file that lies in one of the folders, links resolved."""
    place = path.resolve()
    for folder in folders:
        if place.is_relative_to(folder.resolve()):
            msg = (
                f"{what}: the file lies inside {folder.name}, which is handed on or read; it tells "
                "who is who, so name a file elsewhere"
            )
            raise KeyFileError(msg)


def _read(path: Path) -> bytes:
    """Read a key that is there."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"--key: cannot be read ({type(error).__name__}); name a key file of this toolkit"
        raise KeyFileError(msg) from None
    if mode & 0o077:
        msg = f"--key: others can read the file (mode {mode:04o}); say chmod 600 on it"
        raise KeyFileError(msg)
    lines = text.splitlines()
    try:
        if lines[0] != _FIRST_LINE or len(lines) != 2:
            raise ValueError
        key = bytes.fromhex(lines[1])
        if len(key) != _BYTES:
            raise ValueError
    except (ValueError, IndexError):
        msg = "--key: the file is no key of this toolkit; name another, or a new one to make it"
        raise KeyFileError(msg) from None
    return key
