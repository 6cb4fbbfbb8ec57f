"""Numbers as text: one form for each kind of number, everywhere in a book.

Rounding happens here and once: half up, on the decimal that a record stores. A minus is U+2212.
An undefined number is an em dash in a table and "not defined", with its reason, in a sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Literal

Form = Literal["index", "percent", "per_1000", "seconds", "ratio", "number"]

NO_BREAK_SPACE = "\u00a0"
WORD_JOINER = "\u2060"
FIGURE_SPACE = "\u2007"
EM_DASH = "\u2014"


@dataclass(frozen=True, kw_only=True)
class _Marks:
    """The marks and words that differ between languages."""

    decimal: str = "."
    thousands: str = ","
    confidence_interval: str = "CI"
    to: str = "to"
    of: str = "of"
    list_end: str = "and"
    percent: str = "%"
    point: str = "\u00a0point"
    points: str = "\u00a0points"
    per_1000: str = "\u00a0per\u00a01,000"
    seconds: str = "\u00a0s"
    not_defined: str = "not defined"
    counts: tuple[str, ...] = (
        *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    )


_MARKS = _Marks()
_CONTEXT = Context(prec=400)
_EXTRA_DIGITS = 3
_SMALLEST_DENOMINATOR = 20
_DIGITS: dict[Form, int] = {
    "index": 3,
    "percent": 1,
    "per_1000": 1,
    "seconds": 0,
    "ratio": 2,
    "number": 1,
}
_PLAIN_DECIMAL = re.compile(r"[−+]?[\d,]+\.(\d+)")


def _decimal(value: float | Fraction) -> Decimal:
    """Return the decimal of a value, without the last digits, which hang on the order of a sum.

    Two computations of one value then round alike, also where it lies on a half.
    """
    if isinstance(value, Fraction):
        return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))
    return Decimal(f"{float(value):.13g}")


def _round_half_up(value: Decimal, digits: int) -> Decimal:
    """Round away from zero at the half."""
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _CONTEXT)


def _round_beside(value: Decimal, digits: int, null: Decimal) -> Decimal:
    """Round, with more digits where the value would otherwise coincide with ``null``."""
    for extra in range(_EXTRA_DIGITS + 1):
        rounded = _round_half_up(value, digits + extra)
        if rounded != null:
            return rounded
    return _round_half_up(value, digits)


def _written(rounded: Decimal, *, signed: bool) -> str:
    """Write a rounded decimal with the marks of the language."""
    sign = "−" if rounded < 0 else "+" if signed and rounded > 0 else ""
    marks = {",": _MARKS.thousands, ".": _MARKS.decimal}
    return sign + "".join(marks.get(mark, mark) for mark in f"{abs(rounded):,f}")


def _not_finite(value: float) -> str:
    """Return the mark for a number that is undefined or has no end."""
    if math.isnan(value):
        return EM_DASH
    return "∞" if value > 0 else "−∞"


def number_text(value: float | Fraction, *, digits: int, signed: bool = False) -> str:
    """Return a number with a fixed count of decimals.

    Parameters
    ----------
    value : float
        NaN becomes an em dash.
    digits : int
        Decimals, rounded half up on the 13 leading digits, which no order of a sum changes.
    signed : bool
        Whether a positive number carries a plus, as every difference does.

    Examples
    --------
    >>> number_text(0.0625, digits=3), number_text(-0.0004, digits=3)
    ('0.063', '0.000')
    >>> number_text(13500, digits=0), number_text(0.044, digits=3, signed=True)
    ('13,500', '+0.044')
    """
    if not math.isfinite(value):
        return _not_finite(float(value))
    return _written(_round_half_up(_decimal(value), digits), signed=signed)


def count_text(value: float, *, hide_below: int = 0) -> str:
    """Return a count with thousands separated; a small one as "<5" where a privacy rule says so.

    Examples
    --------
    >>> count_text(13500), count_text(3, hide_below=5), count_text(0, hide_below=5)
    ('13,500', '<5', '0')
    """
    if math.isfinite(value) and value != int(value):
        msg = f"a count must be a whole number, but got {value!r}; number_text writes others"
        raise ValueError(msg)
    return f"<{hide_below}" if 0 < value < hide_below else number_text(value, digits=0)


def _scaled(value: float | Fraction, form: Form) -> Decimal:
    """Return the decimal on the scale on which its form is read."""
    return _decimal(value) * (100 if form == "percent" else 1)


def unit_text(form: Form, *, signed: bool) -> str:
    """Return the unit that follows a number of a form, with its no-break space, or nothing."""
    percent = _MARKS.points if signed else _MARKS.percent
    units: dict[Form, str] = {
        "percent": percent,
        "per_1000": _MARKS.per_1000,
        "seconds": _MARKS.seconds,
    }
    return units.get(form, "")


def value_text(value: float, *, form: Form, signed: bool = False, unit: bool = True) -> str:
    """Return a number in the form of its kind.

    Parameters
    ----------
    value : float
        A fraction from 0 to 1 for ``percent``; already per 1,000 for ``per_1000``.
    form : Form
        Kind of number.
    signed : bool
        Whether the number is a difference: it shows its sign, percent become points, and a
        difference other than zero never reads as zero but gets more digits.
    unit : bool
        Whether the unit follows, with a no-break space.

    Examples
    --------
    >>> value_text(0.8169, form="index"), value_text(0.675, form="percent")
    ('0.817', '67.5%')
    >>> value_text(-0.075, form="percent", signed=True).replace(NO_BREAK_SPACE, " ")
    '−7.5 points'
    >>> value_text(-0.0004, form="index", signed=True)
    '−0.0004'
    """
    if not math.isfinite(value):
        return _not_finite(value)
    scaled, digits = _scaled(value, form), _DIGITS[form]
    rounded = (
        _round_beside(scaled, digits, Decimal(0)) if signed else _round_half_up(scaled, digits)
    )
    return _written(rounded, signed=signed) + (unit_text(form, signed=signed) if unit else "")


def range_text(low: float, high: float, *, form: Form, always_to: bool = False) -> str:
    """Return an interval without a unit; its limits never read as no effect unless they are.

    Parameters
    ----------
    low, high : float
        Limits, on the scale that ``value_text`` takes.
    form : Form
        Kind of number.
    always_to : bool
        Write "to" also where no limit is negative, for a column in which other rows need it.

    Examples
    --------
    >>> range_text(0.752, 0.882, form="index").replace(WORD_JOINER, "")
    '0.752–0.882'
    >>> range_text(-0.094, 0.031, form="index").replace(NO_BREAK_SPACE, " ")
    '−0.094 to 0.031'
    """
    if math.isnan(low) or math.isnan(high):
        return EM_DASH
    null = Decimal(1 if form == "ratio" else 0)
    limits = [
        _written(_round_beside(_scaled(limit, form), _DIGITS[form], null), signed=False)
        if math.isfinite(limit)
        else _not_finite(limit)
        for limit in (low, high)
    ]
    if always_to or any(text.startswith("−") or "∞" in text for text in limits):
        return f"{NO_BREAK_SPACE}{_MARKS.to}{NO_BREAK_SPACE}".join(limits)
    return f"{WORD_JOINER}–{WORD_JOINER}".join(limits)


def _percentage(numerator: float, denominator: float) -> str:
    """Return the exact percentage of two counts."""
    return f"{number_text(Fraction(numerator) / Fraction(denominator) * 100, digits=1)}%"


def proportion_text(numerator: float, denominator: float) -> str:
    """Return a proportion for a table: count, denominator and percentage.

    Examples
    --------
    >>> proportion_text(54, 80), proportion_text(0, 0)
    ('54/80 (67.5%)', '0/0 (—)')
    """
    share = _percentage(numerator, denominator) if denominator else EM_DASH
    return f"{count_text(numerator)}/{count_text(denominator)} ({share})"


def share_text(numerator: float, denominator: float) -> str:
    """Return a proportion for a sentence; of fewer than 20 it gives no percentage.

    Examples
    --------
    >>> share_text(54, 80), share_text(3, 17)
    ('54 of 80 (67.5%)', '3 of 17')
    """
    counts = f"{count_text(numerator)} {_MARKS.of} {count_text(denominator)}"
    if denominator < _SMALLEST_DENOMINATOR:
        return counts
    return f"{counts} ({_percentage(numerator, denominator)})"


def rate_text(numerator: float, denominator: float) -> str:
    """Return a rate per 1,000 with its unit.

    Examples
    --------
    >>> rate_text(333, 54000).replace(NO_BREAK_SPACE, " ")
    '6.2 per 1,000'
    """
    if not denominator:
        return EM_DASH
    rate = Fraction(numerator) / Fraction(denominator) * 1000
    return number_text(rate, digits=1) + _MARKS.per_1000


def p_text(p: float) -> str:
    """Return a P value after AMA style, without a leading zero and never as "NS".

    Two decimals from .10 up, three below, and one more where rounding would reach .05 from below.

    Examples
    --------
    >>> [p_text(p) for p in (0.034, 0.32, 0.0002, 0.995, 0.0497)]
    ['.034', '.32', '<.001', '>.99', '.0497']
    """
    if math.isnan(p):
        return EM_DASH
    if not 0 <= p <= 1:
        msg = f"P must lie between 0 and 1, but got {p!r}"
        raise ValueError(msg)
    if p < 0.001 or p > 0.99:
        return "<.001" if p < 0.001 else ">.99"
    rounded = _round_half_up(_decimal(p), 3)
    if rounded >= Decimal("0.1"):
        rounded = _round_half_up(_decimal(p), 2)
    elif p < 0.05:
        rounded = _round_beside(_decimal(p), 3, Decimal("0.05"))
    return _written(rounded, signed=False).removeprefix("0")


def p_phrase(p: float) -> str:
    """Return a P value for a sentence, with no-break spaces.

    Examples
    --------
    >>> p_phrase(0.034).replace(NO_BREAK_SPACE, " "), p_phrase(1e-5).replace(NO_BREAK_SPACE, " ")
    ('P = .034', 'P < .001')
    """
    text = p_text(p)
    sign = text[0] if text[0] in "<>" else "="
    return f"P{NO_BREAK_SPACE}{sign}{NO_BREAK_SPACE}{text.lstrip('<>')}"


def counted(n: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun, in words below ten.

    Examples
    --------
    >>> counted(9, "radiologist"), counted(1, "study", "studies"), counted(1200, "case")
    ('nine radiologists', 'one study', '1,200 cases')
    """
    number = _MARKS.counts[n] if 0 <= n < len(_MARKS.counts) else count_text(n)
    return f"{number} {singular if n == 1 else plural or singular + 's'}"


def joined(items: Sequence[str]) -> str:
    """Return a list as it stands in a sentence.

    Examples
    --------
    >>> joined(["a", "b", "c"]), joined(["a", "b"]), joined([])
    ('a, b and c', 'a and b', '')
    """
    *first, last = items or [""]
    return f"{', '.join(first)} {_MARKS.list_end} {last}" if first else last


def pad_decimals(texts: Sequence[str]) -> list[str]:
    """Return numbers padded so that their decimal points stand under each other at the right.

    Examples
    --------
    >>> [text.replace(FIGURE_SPACE, "_") for text in pad_decimals(["0.0207", "15.3", "∞"])]
    ['0.0207', '15.3___', '∞']
    """
    decimals = [
        len(match[1]) if (match := _PLAIN_DECIMAL.fullmatch(text)) else None for text in texts
    ]
    most = max((count for count in decimals if count is not None), default=0)
    return [
        text if count is None else text + FIGURE_SPACE * (most - count)
        for text, count in zip(texts, decimals, strict=True)
    ]


def short_text(value: float) -> str:
    """Return a number as a whole one where it is one, else with one decimal."""
    return number_text(value, digits=1).removesuffix(".0")


def level_text(level: float) -> str:
    """Return a level as a whole percentage where it is one.

    Examples
    --------
    >>> level_text(0.95), level_text(0.998)
    ('95%', '99.8%')
    """
    return f"{short_text(level * 100)}%"


def in_sentence(text: str) -> str:
    """Return a name as it stands within a sentence; an abbreviation keeps its capitals.

    Examples
    --------
    >>> in_sentence("Readers random"), in_sentence("LROC area")
    ('readers random', 'LROC area')
    """
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def capital(text: str) -> str:
    """Return a text as it begins a sentence.

    Examples
    --------
    >>> capital("nine readers"), capital("")
    ('Nine readers', '')
    """
    return text[:1].upper() + text[1:]


def some_of(some: int, of: int, noun: str) -> str:
    """Return how many of some people, in words.

    Examples
    --------
    >>> some_of(3, 9, "reader"), some_of(9, 9, "reader"), some_of(0, 9, "reader")
    ('three of nine readers', 'all nine readers', 'none of nine readers')
    >>> some_of(1, 1, "reader"), some_of(0, 1, "reader")
    ('the one reader', 'none of one reader')
    """
    if some == of:
        return f"all {counted(of, noun)}" if of > 1 else f"the {counted(of, noun)}"
    number = counted(some, "of", "of") if some else "none of"
    return f"{number} {counted(of, noun)}"
