"""UIDs and pseudonyms by keyed hash: the same one everywhere, and no way back without the key."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
import uuid
from typing import Final

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
