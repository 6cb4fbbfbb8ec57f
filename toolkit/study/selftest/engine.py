"""Recompute every case and compare each value with what its source gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from toolkit.results import Result
from toolkit.stats.agreement import agreement_table_from_counts, two_reader_agreement
from toolkit.stats.auc import auc, delong_ci, delong_test, partial_auc, partial_auc_mcclish
from toolkit.stats.paired import (
    PairedCounts,
    mcnemar,
    mcnemar_joint,
    npv_ratio_ci,
    npv_score_test,
    paired_difference_ci,
    paired_ratio_ci,
    ppv_ratio_ci,
    ppv_score_test,
    relative_negative_likelihood_ratio_ci,
    relative_positive_likelihood_ratio_ci,
)
from toolkit.stats.proportions import (
    TwoGroupCounts,
    proportion_ci,
    proportion_difference_ci,
    proportion_ratio_ci,
    two_group_test,
)
from toolkit.study.selftest.cases import Case, Expected, Kind, Suite, as_exact, as_printed
from toolkit.study.selftest.exact import ANSWERS

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Method:
    """One method: its name in prose, its function, and how the inputs of a case reach it.

    ``method`` is the method of the function, where that is not its default.
    """

    title: str
    function: Callable[..., Result | float]
    prepare: Callable[[Inputs], Inputs] = dict
    method: str = ""

    @property
    def place(self) -> str:
        """The function in full, with its method."""
        call = f'(method="{self.method}")' if self.method else ""
        return f"{self.function.__module__}.{self.function.__name__}{call}"

    @property
    def call(self) -> Callable[..., Result | float]:
        """The function with its method."""
        return partial(self.function, method=self.method) if self.method else self.function

    def compute(self, inputs: Inputs) -> Result | float:
        """Return what the function makes of the inputs of a case."""
        return self.call(**self.prepare(inputs))


def _gathered(inputs: Inputs, *, into: Callable[..., Any], name: str, cells: str) -> Inputs:
    """Gather the counts of a table into one argument; leave the rest as it is."""
    counts = {key: value for key, value in inputs.items() if key in cells.split()}
    rest = {key: value for key, value in inputs.items() if key not in counts}
    return {name: into(**counts), **rest}


_paired = partial(_gathered, into=PairedCounts, name="counts", cells="both only_b only_a neither")
_two_groups = partial(
    _gathered,
    into=TwoGroupCounts,
    name="counts",
    cells="numerator_a denominator_a numerator_b denominator_b",
)
_agreement = partial(_gathered, into=agreement_table_from_counts, name="table", cells="counts")


def _paired_twice(inputs: Inputs) -> Inputs:
    """Make paired tables of the cells of the cancers and of the others."""
    return {name: PairedCounts(**cells) for name, cells in inputs.items()}


def _identity(inputs: Inputs) -> Inputs:
    """Ask for the plain Wald interval that other programs print."""
    return {**inputs, "interval": "identity"}


# In the order of the page. A source that prints a Wald interval is compared with a Wald interval,
# not with the one that the toolkit prefers.
METHODS: dict[str, Method] = {
    "proportion": Method("Proportion", proportion_ci),
    "wilson": Method("Wilson score interval", proportion_ci),
    "clopper_pearson": Method("Clopper-Pearson interval", proportion_ci, method="clopper_pearson"),
    "midp": Method("Mid-P interval", proportion_ci, method="midp"),
    "jeffreys": Method("Jeffreys interval", proportion_ci, method="jeffreys"),
    "agresti_coull": Method("Agresti-Coull interval", proportion_ci, method="agresti_coull"),
    "wald": Method("Wald interval", proportion_ci, method="wald"),
    "miettinen_nurminen": Method(
        "Difference of two groups, Miettinen-Nurminen", proportion_difference_ci, _two_groups
    ),
    "mee": Method(
        "Difference of two groups, Mee",
        proportion_difference_ci,
        _two_groups,
        method="mee",
    ),
    "newcombe": Method(
        "Difference of two groups, Newcombe",
        proportion_difference_ci,
        _two_groups,
        method="newcombe",
    ),
    "agresti_caffo": Method(
        "Difference of two groups, Agresti-Caffo",
        proportion_difference_ci,
        _two_groups,
        method="agresti_caffo",
    ),
    "wald_difference": Method(
        "Difference of two groups, Wald",
        proportion_difference_ci,
        _two_groups,
        method="wald",
    ),
    "ratio": Method("Ratio of two groups", proportion_ratio_ci, _two_groups, method="katz"),
    "miettinen_nurminen_ratio": Method(
        "Ratio of two groups, Miettinen-Nurminen", proportion_ratio_ci, _two_groups
    ),
    "koopman": Method(
        "Ratio of two groups, Koopman", proportion_ratio_ci, _two_groups, method="koopman"
    ),
    "katz": Method(
        "Ratio of two groups, Katz log", proportion_ratio_ci, _two_groups, method="katz"
    ),
    "fisher": Method("Fisher’s exact test", two_group_test, _two_groups),
    "pearson": Method(
        "Pearson’s chi-square test",
        two_group_test,
        _two_groups,
        method="pearson_chi_square",
    ),
    "mcnemar_exact": Method("McNemar test, exact", mcnemar, _paired, method="exact"),
    "mcnemar_midp": Method("McNemar test, mid-P", mcnemar, _paired),
    "mcnemar_asymptotic": Method("McNemar test, asymptotic", mcnemar, _paired, method="asymptotic"),
    "mcnemar_corrected": Method(
        "McNemar test, continuity correction", mcnemar, _paired, method="corrected"
    ),
    "mcnemar_joint": Method(
        "McNemar test of sensitivity and specificity", mcnemar_joint, _paired_twice
    ),
    "tango": Method("Paired difference, Tango score", paired_difference_ci, _paired),
    "newcombe_paired": Method(
        "Paired difference, Newcombe", paired_difference_ci, _paired, method="newcombe"
    ),
    "agresti_min": Method(
        "Paired difference, Agresti-Min",
        paired_difference_ci,
        _paired,
        method="agresti_min",
    ),
    "bonett_price": Method(
        "Paired difference, Bonett-Price",
        paired_difference_ci,
        _paired,
        method="bonett_price",
    ),
    "wald_paired": Method("Paired difference, Wald", paired_difference_ci, _paired, method="wald"),
    "tang": Method("Paired ratio, Tang score", paired_ratio_ci, _paired),
    "bonett_price_ratio": Method(
        "Paired ratio, Bonett-Price", paired_ratio_ci, _paired, method="bonett_price"
    ),
    "mover_ratio": Method("Paired ratio, MOVER Wilson", paired_ratio_ci, _paired, method="mover"),
    "relative_proportion": Method(
        "Paired ratio, log Wald", paired_ratio_ci, _paired, method="log_wald"
    ),
    "ppv_ratio": Method("Ratio of positive predictive values", ppv_ratio_ci, _paired_twice),
    "npv_ratio": Method("Ratio of negative predictive values", npv_ratio_ci, _paired_twice),
    "ppv_score": Method("Positive predictive values, score test", ppv_score_test, _paired_twice),
    "npv_score": Method("Negative predictive values, score test", npv_score_test, _paired_twice),
    "ppv_weighted_score": Method(
        "Positive predictive values, weighted score test",
        ppv_score_test,
        _paired_twice,
        method="weighted",
    ),
    "npv_weighted_score": Method(
        "Negative predictive values, weighted score test",
        npv_score_test,
        _paired_twice,
        method="weighted",
    ),
    "positive_likelihood_ratio": Method(
        "Relative positive likelihood ratio", relative_positive_likelihood_ratio_ci, _paired_twice
    ),
    "negative_likelihood_ratio": Method(
        "Relative negative likelihood ratio", relative_negative_likelihood_ratio_ci, _paired_twice
    ),
    "auc": Method("Empirical AUC", auc),
    "partial_auc": Method("Partial AUC", partial_auc),
    "partial_auc_mcclish": Method("Partial AUC, McClish", partial_auc_mcclish),
    "delong": Method("One AUC, DeLong", delong_ci, _identity),
    "delong_paired": Method("Two AUCs of the same cases, DeLong", delong_test),
    "kappa": Method("Cohen’s kappa", two_reader_agreement, _agreement),
    "scott_pi": Method("Scott’s pi", two_reader_agreement, _agreement, method="scott_pi"),
    "gwet_ac": Method("Gwet’s coefficient", two_reader_agreement, _agreement, method="gwet_ac"),
}


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
