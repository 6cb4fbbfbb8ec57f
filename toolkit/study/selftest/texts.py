"""Cases and values as the text of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from toolkit.study.selftest.cases import Case, Expected, Source
from toolkit.study.selftest.engine import Check
from toolkit.words.wording import EM_DASH, count_text, number_text

_QUANTITIES = {
    "estimate": "estimate",
    "ci_low": "lower limit",
    "ci_high": "upper limit",
    "std_error": "standard error",
    "statistic": "statistic",
    "p_value": "P",
    "p_noninferiority": "P, non-inferiority",
    "estimate_a": "estimate of a",
    "estimate_b": "estimate of b",
    "increase_percent": "increase, %",
    "reduction_percent": "reduction, %",
}
_CELLS = ("both", "only_b", "only_a", "neither")
_PLAIN_DECIMALS = 5  # beyond, a difference is easier to read as a power of ten


def case_text(case: Case, source: Source) -> str:
    """Return source, what is estimated, and from which inputs."""
    return f"{source.name}: {case.what}; {inputs_text(case.inputs)}"


def case_remarks(case: Case) -> list[str]:
    """Return what must be known of a case: how its inputs are known, misprints, the call."""
    misprints = [
        f"The source prints {_minus(text)} as {quantity_text(quantity)}."
        for quantity, text in case.printed.items()
    ]
    basis = f"{case.basis[0].upper()}{case.basis[1:]}." if case.basis else ""
    return [remark for remark in (basis, *misprints, case.note, case.call) if remark]


def quantity_text(quantity: str) -> str:
    """Return a quantity in words."""
    return _QUANTITIES[quantity]


def inputs_text(inputs: Mapping[str, Any]) -> str:
    """Return the inputs of a case in words.

    Examples
    --------
    >>> inputs_text({"numerator": 244, "denominator": 39996})
    '244 of 39,996'
    >>> inputs_text({"both": 242, "only_b": 19, "only_a": 8})
    'both 242, only b 19, only a 8'
    """
    rest = dict(inputs)
    parts = []
    if "numerator" in rest:
        parts.append(_share(rest.pop("numerator"), rest.pop("denominator")))
    if "numerator_b" in rest:
        b = _share(rest.pop("numerator_b"), rest.pop("denominator_b"))
        a = _share(rest.pop("numerator_a"), rest.pop("denominator_a"))
        parts.append(f"b {b}, a {a}")
    parts += [
        f"{name.replace('_', ' ')} {count_text(rest.pop(name))}" for name in _CELLS if name in rest
    ]
    if "truth" in rest:
        truth = rest.pop("truth")
        parts.append(f"{len(truth)} cases, {sum(truth)} positive")
        rest = {name: value for name, value in rest.items() if not isinstance(value, list)}
    parts += [f"{name} {_plain(value)}" for name, value in rest.items()]
    return ", ".join(parts)


def value_cells(check: Check) -> tuple[str, str, str, str, str, str]:
    """Return quantity, expected, computed, difference, tolerance and verdict of a value."""
    verdict = "agrees" if check.agrees else check.problem or "DIFFERS"
    return (
        quantity_text(check.quantity),
        expected_text(check.expected),
        EM_DASH if check.problem else _computed_text(check),
        _difference_text(check),
        _tolerance_text(check.expected),
        verdict,
    )


def failure_text(check: Check) -> str:
    """Return one line of the terminal for a value that disagrees."""
    quantity, expected, computed, _, _, _ = value_cells(check)
    found = check.problem or f"computed {computed}"
    return f"DISAGREES {check.case.method}, {check.case.id}: {quantity} must be {expected}, {found}"


def expected_text(expected: Expected) -> str:
    """Return what must come out; an exact fraction as a decimal."""
    if "/" in expected.text:
        return _minus(f"{expected.value:.10g}")
    return _minus(expected.text)


def _share(part: int, whole: int) -> str:
    """Return a count of a count."""
    return f"{count_text(part)} of {count_text(whole)}"


def _plain(value: Any) -> str:
    """Return any other argument: nested cells, a table or a number."""
    if isinstance(value, Mapping):
        return f"({inputs_text(value)})"
    if isinstance(value, list):
        return " / ".join(" ".join(str(cell) for cell in row) for row in value)
    return str(value)


def _minus(text: str) -> str:
    """Return a number's text with true minus signs."""
    return text.replace("-", "−")


def _decimals(expected: Expected) -> int | None:
    """Return the decimals in which an expected value is written; None for other forms."""
    if expected.text.strip("−-+0123456789.") or math.isnan(expected.value):
        return None
    exponent = Decimal(expected.text).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else None


def _computed_text(check: Check) -> str:
    """Return the computed value with more digits than the source gives where those are few."""
    if math.isnan(check.computed):
        return "undefined"
    decimals = _decimals(check.expected)
    if decimals is None:
        return _minus(f"{check.computed:.10g}")
    return number_text(check.computed, digits=decimals + (3 if decimals < _PLAIN_DECIMALS else 0))


def _difference_text(check: Check) -> str:
    """Return computed minus expected."""
    if math.isnan(check.difference) or check.expected.is_bound:
        return ""
    decimals = _decimals(check.expected)
    if check.difference == 0:
        return "0"
    if decimals is not None and decimals < _PLAIN_DECIMALS:
        return number_text(check.difference, digits=decimals + 3, signed=True)
    return _minus(f"{check.difference:+.1e}")


def _tolerance_text(expected: Expected) -> str:
    """Return how far a value may lie from the expected one."""
    if expected.is_bound:
        return "below"
    if math.isnan(expected.value) or math.isinf(expected.value):
        return ""
    if expected.tolerance >= 10**-_PLAIN_DECIMALS or expected.tolerance == 0:
        return f"{expected.tolerance:g}"
    return _minus(f"{expected.tolerance:.1e}".replace(".0e", "e"))
