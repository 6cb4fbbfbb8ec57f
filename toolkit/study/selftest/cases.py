"""What the self-test recomputes: cases with their inputs, expected values and sources.

``selftest.json`` holds them. An expected value is the text that its source gives, and half a unit
of its last digit is the tolerance: a value can be written with fewer digits, but never be compared
more loosely than it is written. ``11/12`` is exact, ``<0.001`` a bound, and ``undefined`` a number
that must be NaN.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

CASES_FILE = Path(__file__).with_name("selftest.json")
FORMAT = 1

Kind = Literal["paper", "program", "exact"]
KINDS: dict[Kind, str] = {
    "paper": "Published results",
    "program": "Other programs",
    "exact": "Exact answers",
}
UNDEFINED = "undefined"

_EXACT_DIGITS = 1e-11  # relative: what float64 leaves of an exact answer, with room for a sum
_ROUNDING = 1e-9  # relative to the tolerance: a value at the very half may be rounded either way


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where expected values come from: a paper, a program with its version, or exact arithmetic."""

    kind: Kind
    name: str
    text: str
    doi: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One call of one method and what must come out.

    Parameters
    ----------
    id : str
        Short name; for a published result that of its entry, with a suffix for a second method.
    source : str
        Key of its source.
    what : str
        What is estimated.
    method : str
        Key of the method that the source used, in ``methods.METHODS``.
    inputs : mapping
        Arguments of the method; in the file a text such as ``"ordinal.truth"`` stands for the
        array of that name under ``data``.
    expected : mapping
        Text of each quantity. Empty where ``answer`` gives them.
    answer : str
        Key of the function in ``exact.ANSWERS`` that works them out here, without the toolkit.
    scale : float
        Factor on the estimate and its limits, such as 1,000 for a rate per 1,000.
    printed : mapping
        What the source prints where that is not what its own counts give; ``expected`` then holds
        what they give, worked out by numpy and scipy.
    basis : str
        How the inputs are known, if they do not stand in the source.
    call : str
        The call in the other program.
    note : str
        What else a reader must know.
    """

    id: str
    source: str
    what: str
    method: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    scale: float = 1.0
    printed: Mapping[str, str] = field(default_factory=dict)
    basis: str = ""
    call: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class NotCovered:
    """A published result that is not recomputed, and why."""

    id: str
    source: str
    what: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Suite:
    """All that the self-test holds."""

    sources: Mapping[str, Source]
    cases: tuple[Case, ...]
    not_covered: tuple[NotCovered, ...]
    discrepancies: tuple[str, ...]


def load_suite(path: Path = CASES_FILE) -> Suite:
    """Return the cases of a file.

    Raises
    ------
    ValueError
        If the file has another format number, or a case names a source that it does not hold.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if content["format"] != FORMAT:
        msg = f"{path.name}: format must be {FORMAT}, but got {content['format']!r}"
        raise ValueError(msg)
    data = content["data"]
    suite = Suite(
        sources={key: Source(**source) for key, source in content["sources"].items()},
        cases=tuple(
            Case(**{**case, "inputs": _with_arrays(case["inputs"], data)})
            for case in content["cases"]
        ),
        not_covered=tuple(NotCovered(**entry) for entry in content["not_covered"]),
        discrepancies=tuple(content["discrepancies"]),
    )
    named = [(case.id, case.source) for case in suite.cases]
    named += [(entry.id, entry.source) for entry in suite.not_covered]
    for item, source in named:
        if source not in suite.sources:
            msg = f"{path.name}: {item} names the source {source!r}, which is not there"
            raise ValueError(msg)
    return suite


def _with_arrays(inputs: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with the arrays that they name."""
    return {
        name: data.get(value, value) if isinstance(value, str) else value
        for name, value in inputs.items()
    }


@dataclass(frozen=True, kw_only=True)
class Expected:
    """An expected value as a number and how far from it still agrees."""

    text: str
    value: float
    tolerance: float
    is_bound: bool = False

    def difference(self, computed: float) -> float:
        """Return computed minus expected; NaN where that has no meaning."""
        if math.isinf(self.value) and computed == self.value:
            return 0.0
        return computed - self.value

    def agrees(self, computed: float) -> bool:
        """Whether a computed number is the expected one."""
        if math.isnan(self.value):
            return math.isnan(computed)
        if self.is_bound:
            return 0 <= computed < self.value
        return abs(self.difference(computed)) <= self.tolerance * (1 + _ROUNDING)


def as_printed(text: str) -> Expected:
    """Return the value of a text of the data file, with half a unit of its last digit.

    Examples
    --------
    >>> as_printed("6.1").tolerance, as_printed("2.2e-05").tolerance
    (0.05, 5e-07)
    >>> as_printed("6.1").agrees(6.149), as_printed("6.10").agrees(6.149)
    (True, False)
    """
    if text == UNDEFINED:
        return Expected(text=text, value=math.nan, tolerance=0.0)
    if "/" in text:
        return as_exact(Fraction(text))
    if text.startswith("<"):
        return Expected(text=text, value=float(text[1:]), tolerance=0.0, is_bound=True)
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):  # infinite
        return Expected(text=text, value=float(number), tolerance=0.0)
    half_unit = float(Decimal(5).scaleb(exponent - 1))
    return Expected(text=text, value=float(number), tolerance=half_unit)


def as_exact(answer: Fraction | float) -> Expected:
    """Return an exact answer with the few last digits that float64 may lose.

    Examples
    --------
    >>> as_exact(Fraction(11, 12)).text
    '11/12'
    """
    value = float(answer)
    text = f"{value:.10g}"
    if isinstance(answer, Fraction):
        text = f"{answer.numerator}/{answer.denominator}"
    return Expected(text=text, value=value, tolerance=_EXACT_DIGITS * abs(value))
