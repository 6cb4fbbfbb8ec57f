"""Recompute every case and compare each value with what its source gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from toolkit.results import Result
from toolkit.study.selftest.cases import Case, Expected, Kind, Suite, as_exact, as_printed
from toolkit.study.selftest.exact import ANSWERS
from toolkit.study.selftest.methods import METHODS

_SCALED = ("estimate", "ci_low", "ci_high", "std_error", "estimate_a", "estimate_b")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One value: what its source gives, what this installation computes, whether they agree."""

    case: Case
    quantity: str
    expected: Expected
    computed: float
    agrees: bool
    problem: str = ""

    @property
    def difference(self) -> float:
        """Computed minus expected; NaN where that has no meaning."""
        return self.expected.difference(self.computed)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What the self-test found."""

    suite: Suite
    checks: Sequence[Check]

    @property
    def failed(self) -> list[Check]:
        """The values that disagree."""
        return [check for check in self.checks if not check.agrees]

    def of_kind(self, kind: Kind, checks: Sequence[Check] | None = None) -> list[Check]:
        """Those of some values, else of all, that come from one kind of source."""
        among = self.checks if checks is None else checks
        return [check for check in among if self.suite.sources[check.case.source].kind == kind]


def agreement_text(checks: Sequence[Check]) -> str:
    """Return how many of some values agree, such as "8 of 8"."""
    return f"{sum(check.agrees for check in checks)} of {len(checks)}"


def compare(case: Case) -> list[Check]:
    """Compute one case and compare all its values.

    A method that stops with an error agrees with nothing; the error is part of the outcome, since
    one broken method must not hide what the others do.
    """
    wanted = expected_values(case)
    try:
        computed = _values(METHODS[case.method].compute(case.inputs))
        problem = ""
    except Exception as error:  # whatever stops a method is a finding, not a reason to stop
        computed = {}
        problem = f"stopped with {type(error).__name__}"
    checks = []
    for quantity, expected in wanted.items():
        value = _quantity(computed, quantity, case.scale)
        missing = "" if problem or value is not None else f"the method returns no {quantity}"
        number = math.nan if value is None else value
        checks.append(
            Check(
                case=case,
                quantity=quantity,
                expected=expected,
                computed=number,
                agrees=not problem and not missing and expected.agrees(number),
                problem=problem or missing,
            )
        )
    return checks


def compare_all(suite: Suite, progress: Callable[[str, int, int], None]) -> Findings:
    """Compare every case; ``progress`` is told the method, how many are done, and of how many."""
    checks: list[Check] = []
    for done, case in enumerate(suite.cases):
        progress(case.method, done, len(suite.cases))
        checks.extend(compare(case))
    progress("", len(suite.cases), len(suite.cases))
    return Findings(suite=suite, checks=checks)


def expected_values(case: Case) -> dict[str, Expected]:
    """Return what must come out of a case, from its text or worked out from definitions."""
    if case.answer:
        answer = ANSWERS[case.answer](**case.inputs)
        return {quantity: as_exact(value) for quantity, value in answer.items()}
    return {quantity: as_printed(text) for quantity, text in case.expected.items()}


def _values(result: Result | float) -> Mapping[str, object]:
    """Return the numbers of a result by name; a bare number is the estimate."""
    return vars(result) if isinstance(result, Result) else {"estimate": result}


def _quantity(values: Mapping[str, object], quantity: str, scale: float) -> float | None:
    """Return one number of a result on the scale of its source, or None where it has none."""
    if quantity in ("increase_percent", "reduction_percent"):
        ratio = values.get("estimate")
        if not isinstance(ratio, int | float):
            return None
        return 100 * (ratio - 1) if quantity == "increase_percent" else 100 * (1 - ratio)
    value = values.get(quantity)
    if not isinstance(value, int | float):
        return None
    return float(value) * (scale if quantity in _SCALED else 1.0)
