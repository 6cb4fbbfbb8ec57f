"""Numbers of a structured report as they are written -> values on a known scale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from toolkit.readers.dicom.cad_report import Written
from toolkit.readers.dicom.sr_codes import NO_UNITS, PERCENT, Code
from toolkit.readers.dicom.sr_tree import Item

# A decimal string of the standard, and its decimal comma.
_NUMBER: Final = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]{1,3})?")

Items = tuple[Mapping[str, Any], ...]


class UnreadableError(ValueError):
    """A written number that stands for no value; the message says why."""


def number_of(raw: str) -> Decimal:
    """Return a written number; a comma is a decimal comma.

    Raises
    ------
    UnreadableError
        If it is empty or no number.

    Examples
    --------
    >>> number_of("87,5"), number_of(" 1.0e-04 ")
    (Decimal('87.5'), Decimal('0.00010'))
    """
    text = raw.strip()
    if not text:
        msg = "holds no value"
        raise UnreadableError(msg)
    if not _NUMBER.fullmatch(text):
        msg = "is not a number"
        raise UnreadableError(msg)
    return Decimal(text.replace(",", "."))


def percent_of(written: Written) -> float:
    """Return a share as percent, whether it is written in percent or as a number up to 1.

    Raises
    ------
    UnreadableError
        If it is no number, has another unit or none, or is no share.

    Examples
    --------
    >>> percent_of(Written(path="1", concept=("111047", "DCM"), raw="0.07", unit="1"))
    7.0
    """
    number = number_of(written.raw)
    if written.unit not in (PERCENT, NO_UNITS):
        msg = "has no unit that a share has, % or 1"
        raise UnreadableError(msg)
    percent = number if written.unit == PERCENT else number.scaleb(2)
    if not 0 <= percent <= 100:
        msg = f"is not from 0 to {100 if written.unit == PERCENT else 1}, as its unit says"
        raise UnreadableError(msg)
    return float(percent)


def written_number(item: Item, concept: Code, *, on_summary: bool = False) -> Written:
    """Return what a NUM item holds; without a measured value its text is empty.

    Parameters
    ----------
    item : Item
        The content item.
    concept : Code
        Its concept.
    on_summary : bool
        As of ``Written``.
    """
    measured: Items = item.values.get("MeasuredValueSequence") or ({},)
    raw = measured[0].get("NumericValue")
    units: Items = measured[0].get("MeasurementUnitsCodeSequence") or ({},)
    return Written(
        path=item.where,
        concept=concept,
        raw=raw if isinstance(raw, str) else "\\".join(map(str, raw or ())),
        unit=str(units[0].get("CodeValue") or "").strip(),
        on_summary=on_summary,
    )
