"""Recompute every case and compare each value with what its source gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from toolkit.results import Result
from toolkit.stats.agreement.two_readers import (
    agreement_table_from_counts,
    cohen_kappa,
    gwet_ac,
    scott_pi,
)
from toolkit.stats.auc.curve import auc, partial_auc, partial_auc_mcclish
from toolkit.stats.auc.delong import delong_ci, delong_test
from toolkit.stats.paired.differences import (
    PairedCounts,
    agresti_min_ci,
    bonett_price_ci,
    newcombe_paired_ci,
    tang_ratio_ci,
    tango_ci,
    wald_paired_ci,
)
from toolkit.stats.paired.mcnemar import (
    mcnemar_asymptotic,
    mcnemar_corrected,
    mcnemar_exact,
    mcnemar_joint,
    mcnemar_midp,
)
from toolkit.stats.paired.predictive_tests import (
    npv_score_test,
    npv_weighted_score_test,
    ppv_score_test,
    ppv_weighted_score_test,
    relative_negative_likelihood_ratio_ci,
    relative_positive_likelihood_ratio_ci,
)
from toolkit.stats.paired.predictive_values import npv_ratio_ci, ppv_ratio_ci
from toolkit.stats.paired.ratios import (
    bonett_price_ratio_ci,
    mover_ratio_ci,
    relative_proportion_ci,
)
from toolkit.stats.proportions.one import (
    agresti_coull_ci,
    clopper_pearson_ci,
    jeffreys_ci,
    midp_ci,
    wald_ci,
    wilson_ci,
)
from toolkit.stats.proportions.tests import fisher_exact, pearson_chi_square
from toolkit.stats.proportions.two import (
    TwoGroupCounts,
    agresti_caffo_ci,
    mee_ci,
    miettinen_nurminen_ci,
    newcombe_ci,
    wald_difference_ci,
)
from toolkit.stats.proportions.two_ratios import (
    katz_log_ratio_ci,
    koopman_ratio_ci,
    miettinen_nurminen_ratio_ci,
)
from toolkit.study.selftest.cases import Case, Expected, Kind, Suite, as_exact, as_printed
from toolkit.study.selftest.exact import ANSWERS

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Method:
    """One method: its name in prose, its function, and how the inputs of a case reach it."""

    title: str
    function: Callable[..., Result | float]
    prepare: Callable[[Inputs], Inputs] = dict

    def compute(self, inputs: Inputs) -> Result | float:
        """Return what the function makes of the inputs of a case."""
        return self.function(**self.prepare(inputs))


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
    "proportion": Method("Proportion", wilson_ci),
    "wilson": Method("Wilson score interval", wilson_ci),
    "clopper_pearson": Method("Clopper-Pearson interval", clopper_pearson_ci),
    "midp": Method("Mid-P interval", midp_ci),
    "jeffreys": Method("Jeffreys interval", jeffreys_ci),
    "agresti_coull": Method("Agresti-Coull interval", agresti_coull_ci),
    "wald": Method("Wald interval", wald_ci),
    "miettinen_nurminen": Method(
        "Difference of two groups, Miettinen-Nurminen", miettinen_nurminen_ci, _two_groups
    ),
    "mee": Method("Difference of two groups, Mee", mee_ci, _two_groups),
    "newcombe": Method("Difference of two groups, Newcombe", newcombe_ci, _two_groups),
    "agresti_caffo": Method(
        "Difference of two groups, Agresti-Caffo", agresti_caffo_ci, _two_groups
    ),
    "wald_difference": Method("Difference of two groups, Wald", wald_difference_ci, _two_groups),
    "ratio": Method("Ratio of two groups", katz_log_ratio_ci, _two_groups),
    "miettinen_nurminen_ratio": Method(
        "Ratio of two groups, Miettinen-Nurminen", miettinen_nurminen_ratio_ci, _two_groups
    ),
    "koopman": Method("Ratio of two groups, Koopman", koopman_ratio_ci, _two_groups),
    "katz": Method("Ratio of two groups, Katz log", katz_log_ratio_ci, _two_groups),
    "fisher": Method("Fisher’s exact test", fisher_exact, _two_groups),
    "pearson": Method("Pearson’s chi-square test", pearson_chi_square, _two_groups),
    "mcnemar_exact": Method("McNemar test, exact", mcnemar_exact, _paired),
    "mcnemar_midp": Method("McNemar test, mid-P", mcnemar_midp, _paired),
    "mcnemar_asymptotic": Method("McNemar test, asymptotic", mcnemar_asymptotic, _paired),
    "mcnemar_corrected": Method("McNemar test, continuity correction", mcnemar_corrected, _paired),
    "mcnemar_joint": Method(
        "McNemar test of sensitivity and specificity", mcnemar_joint, _paired_twice
    ),
    "tango": Method("Paired difference, Tango score", tango_ci, _paired),
    "newcombe_paired": Method("Paired difference, Newcombe", newcombe_paired_ci, _paired),
    "agresti_min": Method("Paired difference, Agresti-Min", agresti_min_ci, _paired),
    "bonett_price": Method("Paired difference, Bonett-Price", bonett_price_ci, _paired),
    "wald_paired": Method("Paired difference, Wald", wald_paired_ci, _paired),
    "tang": Method("Paired ratio, Tang score", tang_ratio_ci, _paired),
    "bonett_price_ratio": Method("Paired ratio, Bonett-Price", bonett_price_ratio_ci, _paired),
    "mover_ratio": Method("Paired ratio, MOVER Wilson", mover_ratio_ci, _paired),
    "relative_proportion": Method("Paired ratio, log Wald", relative_proportion_ci, _paired),
    "ppv_ratio": Method("Ratio of positive predictive values", ppv_ratio_ci, _paired_twice),
    "npv_ratio": Method("Ratio of negative predictive values", npv_ratio_ci, _paired_twice),
    "ppv_score": Method("Positive predictive values, score test", ppv_score_test, _paired_twice),
    "npv_score": Method("Negative predictive values, score test", npv_score_test, _paired_twice),
    "ppv_weighted_score": Method(
        "Positive predictive values, weighted score test", ppv_weighted_score_test, _paired_twice
    ),
    "npv_weighted_score": Method(
        "Negative predictive values, weighted score test", npv_weighted_score_test, _paired_twice
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
    "kappa": Method("Cohen’s kappa", cohen_kappa, _agreement),
    "scott_pi": Method("Scott’s pi", scott_pi, _agreement),
    "gwet_ac": Method("Gwet’s coefficient", gwet_ac, _agreement),
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
