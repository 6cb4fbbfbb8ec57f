"""What becomes of one value: the actions of the keep list, each on the bytes of the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Protocol, cast

import numpy as np

from toolkit.readers.dicom.deidentify.keep_list import KeepList, Kept
from toolkit.readers.dicom.deidentify.key import (
    UUID_ROOT,
    capped_age,
    keyed,
    mapped_uid,
    moved_date,
    moved_date_time,
    pseudonym,
    whole_seconds,
)

# Bytes of one number of a binary value representation.
SIZES: Final = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "AT": 4, "OW": 2}
_NUMBERS: Final = {
    # A decimal comma is no number of DICOM, but it is in files, and the reader must see it.
    "DS": re.compile(r" *[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)? *"),
    "IS": re.compile(r" *[+-]?\d{1,10} *"),
}
# Form, the size below which a number is 0, and the largest.
_LIMITS: Final = {
    "UL": ("u4", 0, 0x1FFFFFFF),
    "SL": ("i4", 0, 0x1FFFFFFF),
    "FL": ("f4", 5e-4, 1e9),
    "FD": ("f8", 1e-28, 1e28),
}
_LONGEST_NUMBER: Final = 16
_DIGITS: Final = re.compile(r"\d{1,5}")
# With a point, or one to three digits: no date, no telephone number; no letters but these.
VERSION: Final = re.compile(
    r"([vV]|(AWS|PXCM|ARR|IP|DTW):)?\d{1,3}(\.\d{1,4}){1,4}([ -]?[a-z]\d?)?|\d{1,3}",
    re.ASCII,
)
_SHORTEST_TABLE: Final = 16
_UNLISTED: Final = "unlisted-"
REMOVED: Final = "REMOVED"


@dataclass(kw_only=True)
class Context:
    """What the values of one object depend on.

    Parameters
    ----------
    keep : KeepList
        What may be written.
    key : bytes
        Secret of UIDs, pseudonyms and codes.
    patient : str
        Pseudonym of the patient.
    days : int
        Offset of the patient's dates.
    uid_root : str
        Root of the UIDs.
    implicit_vr, little_endian : bool
        How the object is written.
    mapped : dict
        Filled with UID in the file -> UID written.
    """

    keep: KeepList
    key: bytes = field(repr=False)
    patient: str
    days: int
    uid_root: str = UUID_ROOT
    implicit_vr: bool = False
    little_endian: bool = True
    mapped: dict[str, str] = field(default_factory=dict)

    def uid(self, text: str) -> str:
        """Return the UID that stands for another one; an empty one stays empty."""
        seen = text.strip(" \0")
        if not seen:
            return ""
        if seen not in self.mapped:
            self.mapped[seen] = mapped_uid(self.key, seen, root=self.uid_root)
        return self.mapped[seen]


Action = Callable[[str, Kept, Context], "str | None"]


class Naming(Protocol):
    """What decides of a name: the known ones, and the secret that stands for the others."""

    @property
    def keep(self) -> KeepList:
        """What may be written."""
        ...

    @property
    def key(self) -> bytes:
        """Secret of the others."""
        ...


def name(text: str, context: Naming) -> str:
    """Return a known name as it is, any other as a keyed hash that is the same in every file."""
    seen = text.strip(" \0")
    if not seen or seen in context.keep.names:
        return seen
    return _UNLISTED + pseudonym(context.key, "name", seen)


def version(text: str, context: Naming) -> str:
    """Return what looks like a version as it is, else what ``name`` returns."""
    seen = text.strip(" \0")
    return seen if VERSION.fullmatch(seen) else name(seen, context)


def _each(text: str, change: Callable[[str], str]) -> str:
    """Change each of several values."""
    return "\\".join(change(part) for part in text.split("\\"))


def _registered(text: str, _: Kept, context: Context) -> str | None:
    """Keep a UID of the standard."""
    from pydicom._uid_dict import UID_dictionary

    seen = text.strip(" \0")
    return seen if seen in UID_dictionary or seen in context.keep.classes else None


def _uid(text: str, _: Kept, context: Context) -> str:
    return _each(text, context.uid)


def _words(text: str, kept: Kept, _: Context) -> str:
    return _each(text, lambda part: part.strip(" \0") if part.strip(" \0") in kept.words else "")


def _date(text: str, kept: Kept, context: Context) -> str:
    move = moved_date_time if kept.vr == "DT" else moved_date
    return _each(text, lambda part: move(part, context.days))


def _digits(text: str, _: Kept, __: Context) -> str | None:
    seen = text.strip(" \0")
    return seen if _DIGITS.fullmatch(seen) else None


TEXT_ACTIONS: Final[dict[str, Action]] = {
    "registered": _registered,
    "uid": _uid,
    "words": _words,
    "date": _date,
    "digits": _digits,
    "time": lambda text, _, __: _each(text, whole_seconds),
    "age": lambda text, _, __: capped_age(text),
    "name": lambda text, _, context: _each(text, lambda part: name(part, context)),
    "version": lambda text, _, context: _each(text, lambda part: version(part, context)),
    "pseudonym": lambda text, kept, context: pseudonym(context.key, kept.keyword, text),
    "patient": lambda _, __, context: context.patient,
    "removed": lambda _, __, ___: REMOVED,
    "empty": lambda _, __, ___: "",
}


def number(value: bytes, vr: str, most: int | None, *, little_endian: bool) -> bytes | None:
    """Keep the bytes of numbers of a value representation; None where they are none, or many."""
    if vr in SIZES:
        whole, rest = divmod(len(value), SIZES[vr])
        good = not rest and (most is None or whole <= most)
        return _measured(value, vr, little_endian=little_endian) if good else None
    form = _NUMBERS[vr]
    text = value.rstrip(b"\0").decode("ascii", "replace")
    parts = text.split("\\")
    good = all(
        not part.strip() or (len(part.strip()) <= _LONGEST_NUMBER and form.fullmatch(part))
        for part in parts
    )
    return text.encode() if good and (most is None or len(parts) <= most) else None


def _measured(value: bytes, vr: str, *, little_endian: bool) -> bytes | None:
    """Keep binary numbers of a size that a measurement, a place or a count can have.

    Letters and digits in their place give integers of half a thousand million or more, and reals
    far too large, for which there is nothing, or so small that they are written as 0.
    """
    if vr not in _LIMITS:
        return value
    form, least, most = _LIMITS[vr]
    numbers = np.frombuffer(value, ("<" if little_endian else ">") + form)
    size = np.abs(numbers.astype(np.float64))
    if not (size <= most).all():
        return None
    kept: bytes = np.where(size < least, 0, numbers).astype(numbers.dtype).tobytes()
    return kept


def table(value: bytes, vr: str, *, little_endian: bool) -> bytes | None:
    """Keep a look-up table: entries of 16 or of 8 bits that only rise or only fall."""
    if len(value) % SIZES.get(vr, 2):
        return None
    for form in ("<u2" if little_endian else ">u2", "u1"):
        steps = np.diff(np.frombuffer(value, form).astype(np.int64))
        if steps.size + 1 < _SHORTEST_TABLE:
            continue  # a few letters may happen to rise
        if (steps >= 0).all() or (steps <= 0).all():
            return value
    return None


def pointer(value: bytes, *, little_endian: bool) -> bytes | None:
    """Keep the tags of attributes of the standard."""
    from pydicom.datadict import dictionary_has_tag

    if len(value) % 4:
        return None
    halves = np.frombuffer(value, "<u2" if little_endian else ">u2").reshape(-1, 2)
    known = all(dictionary_has_tag(int(group) << 16 | int(element)) for group, element in halves)
    return value if known else None


UNLISTED: Final = "99UNLISTED"
_OLD_SNOMED: Final = ("SRT", "SNM3", "99SDM")
_LONGEST_MEANING: Final = 64
# A SNOMED identifier of a concept: item, partition 00 (or extension and 10), check digit.
_SNOMED: Final = re.compile(r"[1-9]\d{2,14}[01]0\d")
_NO_MEANING: Final = "meaning not kept"


def kept_code(keep: KeepList, key: bytes, scheme: str, value: str) -> tuple[str, str, str]:
    """Return scheme, value and meaning as they are written.

    The meaning of the file is never used: people type into it.

    Examples
    --------
    >>> from toolkit.readers.dicom.deidentify.keep_list import keep_list
    >>> kept_code(keep_list(), b"key", "DCM", "111047")
    ('DCM', '111047', 'Probability of cancer')
    >>> kept_code(keep_list(), b"key", "99LOCAL", "ward 7")[0]
    '99UNLISTED'
    """
    meaning = keep.codes.get((scheme, value)) or _standard_codes().get((scheme, value))
    if meaning is None and scheme == "SCT" and _is_snomed(value):
        meaning = _NO_MEANING
    if meaning is not None:
        return scheme, value, meaning[:_LONGEST_MEANING].strip()
    unlisted = keyed(key, "code", f"{scheme}\0{value}").hex()[:12].upper()
    return UNLISTED, unlisted, "unlisted code"


@lru_cache(maxsize=1)
def _standard_codes() -> dict[tuple[str, str], str]:
    """Return the meaning of every code of pydicom's dictionaries."""
    from pydicom.sr._concepts_dict import concepts
    from pydicom.sr._snomed_dict import mapping

    terms = cast("dict[str, dict[str, dict[str, tuple[str, list[int]]]]]", concepts)
    known = {
        (scheme, value): meaning.replace("\u200b", "")
        for scheme, by_keyword in terms.items()
        for by_value in by_keyword.values()
        for value, (meaning, _) in by_value.items()
    }
    old = {
        (scheme, value): known.get(("SCT", concept), _NO_MEANING)
        for value, concept in mapping["SRT"].items()
        for scheme in _OLD_SNOMED
    }
    return old | known


# Verhoeff's check digit, which every SNOMED identifier ends with: D5 and its permutation.
_MULTIPLY: Final = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTE: Final = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def _is_snomed(value: str) -> bool:
    """Whether a value has the form of a SNOMED concept identifier and its check digit."""
    if _SNOMED.fullmatch(value) is None:
        return False
    check = 0
    for place, digit in enumerate(reversed(value)):
        check = int(_MULTIPLY[check][int(_PERMUTE[place % 8][int(digit)])])
    return check == 0
