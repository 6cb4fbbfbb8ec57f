"""Dates moved by one offset a patient, so that intervals stay; times to the second; ages capped."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from toolkit.readers.dicom.deidentify.uids import keyed

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
