"""How numbers and dates are written: decimal commas and date orders turned into one form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from toolkit.tables import RefusedCell

Decimal = Literal[".", ","]
DateOrder = Literal["ymd", "dmy", "mdy"]

_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_POINT_NUMBER = re.compile(r"[+-]?[\d,]*\.[\d.,]+([eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:[T ](\d{1,2})(:.*))?", re.ASCII)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)

_MONTHS, _DAYS = 12, 31
_MIXED = "stands among dates in another order"


def plain_number(text: str, decimal: Decimal) -> str | RefusedCell:
    """Return a number with a decimal point; text that is no number is left as it is.

    Examples
    --------
    >>> plain_number("0,75", ",")
    '0.75'
    >>> plain_number("0.75", ",").rule
    'has a decimal point, but a decimal comma is declared'
    """
    if decimal == ".":
        return text
    if _POINT_NUMBER.fullmatch(text):
        rule = "has a decimal point, but a decimal comma is declared"
        return RefusedCell(text=text, rule=rule, remedy="write all numbers of a file one way")
    return text.replace(",", ".") if _COMMA_NUMBER.fullmatch(text) else text


def iso_dates(texts: Sequence[str], order: DateOrder) -> list[str | RefusedCell]:
    """Return the different dates of one column in ISO form; what is no date is left as it is.

    Parameters
    ----------
    texts : sequence of str
        The different cells of one column.
    order : {"ymd", "dmy", "mdy"}
        The declared order of year, month and day. A column whose dates all have the year first
        is read as such whatever the order, since it cannot be mistaken.

    Examples
    --------
    >>> iso_dates(["06/05/2024", "31.12.2024 9:05"], "dmy")
    ['2024-05-06', '2024-12-31 09:05']
    >>> iso_dates(["06/05/2024", "2024-05-07"], "dmy")[1].rule
    'stands among dates in another order'
    """
    dates = [_written_date(text) for text in texts]
    year_last = [date for date in dates if date and not date.year_first]
    mixed = any(date and date.year_first for date in dates) and bool(year_last)
    column = _ColumnOfDates(order=order, mixed=mixed, hint=_hint(year_last))
    return [
        text if date is None else column.iso(text, date)
        for text, date in zip(texts, dates, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class _WrittenDate:
    """A date as written: the year, the two other numbers in their order, the time of day."""

    year: str
    first: int
    second: int
    time: str
    year_first: bool

    def iso(self, *, month: int, day: int) -> str:
        """Return ISO text."""
        return f"{self.year}-{month:02d}-{day:02d}{self.time}"


def _written_date(text: str) -> _WrittenDate | None:
    """Return the parts of text that looks like a date of numbers; None for any other."""
    if compact := _COMPACT_DATE.fullmatch(text):
        year, month, day = compact.groups()
        return _WrittenDate(year=year, first=int(month), second=int(day), time="", year_first=True)
    match = _DATE.fullmatch(text)
    if not match:
        return None
    one, _, two, three, hour, rest = match.groups()
    time = f" {int(hour):02d}{rest}" if hour else ""
    year_first = len(one) > 2
    if year_first:
        return _WrittenDate(year=one, first=int(two), second=int(three), time=time, year_first=True)
    return _WrittenDate(year=three, first=int(one), second=int(two), time=time, year_first=False)


def _hint(dates: Sequence[_WrittenDate]) -> str:
    """Say which order dates with the year last can have."""
    day_first = all(date.first <= _DAYS and date.second <= _MONTHS for date in dates)
    month_first = all(date.first <= _MONTHS and date.second <= _DAYS for date in dates)
    if day_first and month_first:
        return "declare date_order: dmy or mdy, whichever the file means"
    if day_first:
        return "declare date_order: dmy"
    if month_first:
        return "declare date_order: mdy"
    return "the column mixes dates with the day first and with the month first"


@dataclass(frozen=True, kw_only=True)
class _ColumnOfDates:
    """How the dates of one column are to be read."""

    order: DateOrder
    mixed: bool
    hint: str

    def iso(self, text: str, date: _WrittenDate) -> str | RefusedCell:
        """Return one date in ISO form, or the rule that it breaks."""
        if len(date.year) != 4:
            return RefusedCell(text=text, rule="must have a year of four digits")
        in_declared_order = date.year_first == (self.order == "ymd")
        if self.mixed and not in_declared_order:
            remedy = "write all dates of a column one way"
            return RefusedCell(text=text, rule=_MIXED, remedy=remedy)
        if date.year_first:
            return date.iso(month=date.first, day=date.second)
        if self.order == "ymd":
            return RefusedCell(text=text, rule="must have the year first", remedy=self.hint)
        day, month = date.first, date.second
        if self.order == "mdy":
            day, month = month, day
        if month > _MONTHS:
            rule = f"is no date in the order {self.order}"
            return RefusedCell(text=text, rule=rule, remedy=self.hint)
        return date.iso(month=month, day=day)
