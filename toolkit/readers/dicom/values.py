"""Raw bytes of an element -> text and numbers, as the standard reads them (PS3.5 section 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct, calcsize, unpack

Value = str | int | float | tuple[str, ...] | tuple[int, ...] | tuple[float, ...] | None


class BadValueError(ValueError):
    """A value that is not what its VR says; the message holds nothing of it."""


def plain_text(raw: bytes) -> Value:
    """Return text of a VR that has the default characters alone; None where it is empty."""
    text = raw.decode("latin-1").rstrip("\0 ")
    return tuple(text.split("\\")) if "\\" in text else text or None


def free_text(raw: bytes, character_sets: Sequence[str]) -> Value:
    """Return text in the character sets of the data set, each value without trailing blanks."""
    if not raw.isascii() or b"\x1b" in raw:
        return _other_text(raw, character_sets)
    if b"\\" in raw:
        return tuple(value.rstrip("\0 ") for value in raw.decode("ascii").split("\\"))
    return raw.decode("ascii").rstrip("\0 ") or None


def _other_text(raw: bytes, character_sets: Sequence[str]) -> Value:
    """Return text with characters beyond ASCII."""
    from pydicom.charset import convert_encodings
    from pydicom.values import convert_text

    text = convert_text(raw, convert_encodings(list(character_sets)))
    return text or None if isinstance(text, str) else tuple(text)


def decimal(raw: bytes) -> Value:
    """Return a decimal string as a number, or several."""
    return _numbers(raw, float)


def whole(raw: bytes) -> Value:
    """Return an integer string as a number, or several."""
    return _numbers(raw, _whole)


def _whole(text: str) -> int:
    """Return a whole number; some writers put ``1.0``."""
    number = float(text)
    if not number.is_integer():
        raise ValueError
    return int(number)


def _numbers(raw: bytes, number: Callable[[str], float]) -> Value:
    """Return one number or several; what is not a number is a bad value."""
    text = raw.decode("latin-1").strip("\0 ")
    if not text:
        return None
    try:
        if "\\" not in text:
            return number(text)
        return tuple(number(part) for part in text.split("\\"))
    except ValueError:
        raise BadValueError from None


def long_text(raw: bytes, character_sets: Sequence[str]) -> Value:
    """Return unlimited text, which a backslash does not part."""
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii").rstrip("\0 ") or None
    from pydicom.charset import convert_encodings
    from pydicom.values import convert_single_string

    return convert_single_string(raw, convert_encodings(list(character_sets))) or None


def packed(raw: bytes, *, form: str, big_endian: bool) -> Value:
    """Return numbers that are packed one behind the other, always as several."""
    size = calcsize(form)
    if len(raw) % size:
        raise BadValueError
    return unpack(f"{'>' if big_endian else '<'}{len(raw) // size}{form}", raw) or None


def unsigned_short(raw: bytes, *, big_endian: bool) -> Value:
    """Return a 16-bit number, or several."""
    if len(raw) == 2:
        return int.from_bytes(raw, "big" if big_endian else "little")
    if len(raw) % 2:
        raise BadValueError
    values = Struct(f"{'>' if big_endian else '<'}{len(raw) // 2}H").unpack(raw)
    return tuple(values) or None
