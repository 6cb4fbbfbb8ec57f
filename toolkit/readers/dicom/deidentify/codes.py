"""Coded concepts: known ones with the meaning of the dictionary, others by keyed hash."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, cast

from toolkit.readers.dicom.deidentify.keep_list import KeepList
from toolkit.readers.dicom.deidentify.uids import keyed

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
