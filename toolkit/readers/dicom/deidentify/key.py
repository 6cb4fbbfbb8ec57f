"""The secret that UIDs, pseudonyms and dates follow from: a file that is never beside the copy."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
import unicodedata
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from toolkit.readers.dicom.deidentify.keep_list import silent
from toolkit.readers.dicom.scan.header import Header, read_header
from toolkit.readers.dicom.scan.walker import Read

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


UUID_ROOT: Final = "2.25"
_LONGEST_UID: Final = 64


def keyed(key: bytes, purpose: str, text: str) -> bytes:
    """Return 32 bytes that follow from key, purpose and text (HMAC-SHA256, RFC 2104).

    The text is compared as a reader sees it: outer blanks and the form of diacritics are no
    difference.
    """
    seen = unicodedata.normalize("NFC", text.strip(" \0"))
    return hmac.new(key, f"{purpose}\0{seen}".encode(), hashlib.sha256).digest()


def mapped_uid(key: bytes, uid: str, *, root: str = UUID_ROOT) -> str:
    """Return the UID that stands for another one.

    Parameters
    ----------
    key : bytes
        Secret.
    uid : str
        As in the file.
    root : str
        ``2.25`` gives a UUID of version 8 as PS3.5 B.2 writes it; a root of an institution is
        followed by digits up to 64 characters.

    Examples
    --------
    >>> mapped_uid(b"key", "1.2.3") == mapped_uid(b"key", "1.2.3 "), mapped_uid(b"key", "1.2.3")[:5]
    (True, '2.25.')
    """
    digest = keyed(key, "uid", uid)
    if root == UUID_ROOT:
        number = bytearray(digest[:16])
        number[6] = 0x80 | number[6] & 0x0F  # version 8: made by a rule of one's own (RFC 9562)
        number[8] = 0x80 | number[8] & 0x3F
        return f"{root}.{uuid.UUID(bytes=bytes(number)).int}"
    digits = str(int.from_bytes(digest, "big") | 1 << 255)
    return f"{root}.{digits[: _LONGEST_UID - len(root) - 1]}"


def check_root(root: str) -> str:
    """Refuse a root that is no UID, or leaves too few digits to tell objects apart.

    Raises
    ------
    ValueError
        With what a root looks like.
    """
    parts = root.split(".")
    well_formed = all(
        part.isascii() and part.isdigit() and (part == "0" or part[0] != "0") for part in parts
    )
    if not well_formed or len(parts) < 2 or len(root) > 30:
        msg = (
            f"uid_root must be numbers joined by points, at most 30 characters, got {root!r}; "
            "use 2.25, or the root that your institution was given"
        )
        raise ValueError(msg)
    return root


def pseudonym(key: bytes, purpose: str, text: str) -> str:
    """Return 16 characters that stand for a text, short enough for every identifier of DICOM.

    Examples
    --------
    >>> len(pseudonym(b"key", "patient", "007")), pseudonym(b"key", "patient", "  ")
    (16, '')
    """
    if not text.strip(" \0"):
        return ""
    return keyed(key, purpose, text).hex()[:16].upper()


LONGEST_OFFSET: Final = 3650  # days
OLDEST_AGE: Final = 89  # years; above it an age may name a person
_DAYS_PER_UNIT: Final = {"D": 1, "W": 7, "M": 30, "Y": 365}
_DATE: Final = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_TIME: Final = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.\d{1,6})?)?)?")
_DATE_TIME: Final = re.compile(r"(\d{8})(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?(?:[+-]\d{4})?")
_AGE: Final = re.compile(r"(\d{3})([DWMY])")


def day_offset(key: bytes, patient: str) -> int:
    """Return by how many days the dates of a patient move: back, from 1 to 3650.

    Examples
    --------
    >>> -3650 <= day_offset(b"key", "007") <= -1
    True
    """
    return -1 - int.from_bytes(keyed(key, "days", patient)[:8], "big") % LONGEST_OFFSET


def moved_date(text: str, days: int) -> str:
    """Return a date moved by days; empty where the text is no date.

    Examples
    --------
    >>> moved_date("20240301", -1), moved_date("2024.03.01", -1), moved_date("March", -1)
    ('20240229', '20240229', '')
    """
    match = _DATE.fullmatch(text.strip(" \0"))
    if match is None:
        return ""
    try:
        moved = datetime(*(int(part) for part in match.groups())) + timedelta(days)  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return ""
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"


def whole_seconds(text: str) -> str:
    """Return a time without parts of a second; empty where the text is no time.

    Examples
    --------
    >>> whole_seconds("093015.123"), whole_seconds("9 am")
    ('093015', '')
    """
    match = _TIME.fullmatch(text.strip(" \0"))
    if match is None:
        return ""
    parts = [part for part in match.groups() if part]
    limits = (23, 59, 60)
    if any(int(part) > limit for part, limit in zip(parts, limits, strict=False)):
        return ""
    return "".join(parts)


def moved_date_time(text: str, days: int) -> str:
    """Return date and time moved by days, without time zone; empty where the text is neither.

    Examples
    --------
    >>> moved_date_time("20240301093015.5+0700", -1), moved_date_time("202403", -1)
    ('20240229093015', '')
    """
    match = _DATE_TIME.fullmatch(text.strip(" \0"))
    if match is None:
        return ""
    date, time = moved_date(match[1], days), whole_seconds(match[2]) if match[2] else ""
    return date + time if date else ""


def capped_age(text: str) -> str:
    """Return an age, above 89 years as 090Y; empty where the text is no age.

    Examples
    --------
    >>> capped_age("061Y"), capped_age("097Y"), capped_age("999M"), capped_age("old")
    ('061Y', '090Y', '999M', '')
    """
    match = _AGE.fullmatch(text.strip(" \0"))
    if match is None:
        return ""
    days = int(match[1]) * _DAYS_PER_UNIT[match[2]]
    limit = (OLDEST_AGE + 1) * 365
    return f"{OLDEST_AGE + 1:03d}Y" if days >= limit else match[0]


_UIDS: Final = {
    "study": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instance": "SOPInstanceUID",
}


def who_is_who(
    read: Read, size: int, key: bytes, *, uid_root: str = UUID_ROOT
) -> dict[str, tuple[str, str]]:
    """Return what stood in a file and what stands for it in the copy: it belongs into no output.

    Parameters
    ----------
    read : callable
        ``read(offset, length)`` returns bytes of the file.
    size : int
        Of the file.
    key : bytes
        Secret.
    uid_root : str
        Root of the UIDs.

    Returns
    -------
    dict of str to (str, str)
        Patient, study, series and instance.

    Raises
    ------
    DicomFault
        If the file cannot be read.
    """
    with silent():
        header = read_header(read, size)
    found = {"patient": (header.text("PatientID"), patient_of(header, key))}
    for what, keyword in _UIDS.items():
        uid = header.text(keyword)
        found[what] = (uid, mapped_uid(key, uid, root=uid_root))
    return found


def patient_of(header: Header, key: bytes) -> str:
    """Return the pseudonym of an object's patient; without an ID that of the examination."""
    return pseudonym(key, "patient", moves_with(header))


def moves_with(header: Header) -> str:
    """Return whose offset the dates of an object get."""
    return header.text("PatientID") or header.text("StudyInstanceUID")
