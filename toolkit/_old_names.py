"""Old names of the statistics: importable for one release, each with a warning that names the new.

A module that became part of a package is found by ``OldModules``; a function that became a method
of another one by ``old_function``, from its old module and from the face of its package.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

STATS = "toolkit.stats."
# Old module -> the module that holds its functions now, both below toolkit.stats.
MODULES: dict[str, str] = {
    "accrual": "monitoring.accrual",
    "agreement": "agreement.two_readers",
    "agreement_difference": "agreement.inference",
    "agreement_shares": "agreement.shares",
    "balance": "monitoring.stability",
    "binormal": "binormal.binormal",
    "binormal_curve": "binormal.curves",
    "binormal_lr": "binormal.proper",
    "binormal_lr_curve": "binormal.curves",
    "bland_altman": "agreement.bland_altman",
    "bootstrap": "resampling.bootstrap",
    "bootstrap_variance": "resampling.variance",
    "brier": "calibration.measures",
    "calibration": "calibration.expected_shares",
    "calibration_tests": "calibration.miscalibration",
    "chance_agreement": "agreement.inference",
    "clustered_gee": "mrmc.gee",
    "clustered_proportions": "proportions.clustered",
    "conditional_odds_ratio": "paired.tests",
    "decision": "calibration.decision",
    "decision_curve": "calibration.decision",
    "delong": "auc.delong",
    "endpoint_plan": "claims.plan",
    "foms": "auc.figures_of_merit",
    "froc.leave_one_out": "froc.fom_table",
    "froc.lesion_sensitivity": "froc.cut_figures",
    "froc.mean_curve": "froc.curves",
    "froc.readings": "froc.studies",
    "hierarchy": "claims.plan",
    "intraclass": "agreement.intraclass",
    "likelihood_ratios": "paired.ratios",
    "mcnemar": "paired.tests",
    "mean_roc": "mrmc.mean_curve",
    "miscalibration": "calibration.miscalibration",
    "monitoring": "monitoring.control",
    "mrmc.auc_moments": "mrmc.moments",
    "mrmc.components": "mrmc.analysis",
    "mrmc.factors": "mrmc.table",
    "mrmc.figures_of_merit": "mrmc.covariances",
    "mrmc.fixed_value": "mrmc.analysis",
    "mrmc.influence": "mrmc.covariances",
    "mrmc.leave_one_out": "mrmc.covariances",
    "mrmc.shares": "mrmc.moments",
    "mrmc.validity": "mrmc.table",
    "mrmc.variance_shares": "mrmc.study_components",
    "multiplicity": "claims.multiplicity",
    "multirater_agreement": "agreement.several_readers",
    "operating_points": "auc.operating_points",
    "paired": "paired.differences",
    "paired_differences": "paired.differences",
    "paired_means": "paired.means",
    "paired_ratios": "paired.ratios",
    "precision_recall": "auc.curve",
    "predictive_value_tests": "paired.predictive_values",
    "predictive_values": "paired.predictive_values",
    "proportions": "proportions.one",
    "rate_ratio": "proportions.rates",
    "reading_time": "times.anova",
    "reading_time_model": "times.model",
    "recalibration": "calibration.recalibration",
    "reliability": "calibration.measures",
    "roc": "auc.curve",
    "roc_tests": "auc.permutation",
    "roe_metz": "simulation.roe_metz",
    "roe_metz_fit": "simulation.roe_metz_fit",
    "roe_metz_moments": "simulation.roe_metz",
    "roe_metz_ratings": "simulation.roe_metz",
    "score_classes": "calibration.scores",
    "simulate": "simulation.simulate",
    "sizing": "sizing.reader_study",
    "sizing_auc": "sizing.auc",
    "sizing_paired": "sizing.paired",
    "sizing_plan": "sizing.reader_study",
    "sizing_proportions": "sizing.proportions",
    "sizing_simulation": "sizing.simulation",
    "stability": "monitoring.stability",
    "threshold_foms": "auc.figures_of_merit",
    "thresholds": "auc.operating_points",
    "trend": "proportions.tests",
    "two_group_tests": "proportions.tests",
    "two_proportion_ratios": "proportions.two",
    "two_proportions": "proportions.two",
    "verdicts": "claims.plan",
    "weighted": "proportions.weighted",
    "mrmc.obuchowski_rockette": "mrmc.inference",
    "mrmc.dbm": "mrmc.inference",
    "mrmc.ai_against_readers": "mrmc.ai",
    "mrmc.compare_ai": "mrmc.ai",
    "mrmc.fom_table": "mrmc.table",
    "mrmc.nested": "mrmc.designs",
}
# Old function -> package, function and the choices that make it the same.
_FAMILIES: dict[tuple[str, str], dict[str, str]] = {
    ("proportions", "proportion_ci"): {
        "wilson_ci": "wilson",
        "clopper_pearson_ci": "clopper_pearson",
        "midp_ci": "midp",
        "blaker_ci": "blaker",
        "jeffreys_ci": "jeffreys",
        "agresti_coull_ci": "agresti_coull",
        "wald_ci": "wald",
    },
    ("proportions", "proportion_difference_ci"): {
        "miettinen_nurminen_ci": "miettinen_nurminen",
        "mee_ci": "mee",
        "newcombe_ci": "newcombe",
        "agresti_caffo_ci": "agresti_caffo",
        "wald_difference_ci": "wald",
    },
    ("proportions", "proportion_ratio_ci"): {
        "miettinen_nurminen_ratio_ci": "miettinen_nurminen",
        "koopman_ratio_ci": "koopman",
        "katz_log_ratio_ci": "katz",
    },
    ("proportions", "rate_ratio_ci"): {
        "poisson_rate_ratio_ci": "score",
        "poisson_rate_ratio_exact_ci": "exact",
        "poisson_rate_ratio_log_ci": "log_wald",
    },
    ("proportions", "two_group_test"): {
        "fisher_exact": "fisher_exact",
        "fisher_midp": "fisher_midp",
        "pearson_chi_square": "pearson_chi_square",
        "pearson_chi_square_yates": "pearson_chi_square_yates",
    },
    ("paired", "paired_difference_ci"): {
        "tango_ci": "tango",
        "newcombe_paired_ci": "newcombe",
        "wald_paired_ci": "wald",
        "agresti_min_ci": "agresti_min",
        "bonett_price_ci": "bonett_price",
    },
    ("paired", "paired_ratio_ci"): {
        "tang_ratio_ci": "tang",
        "relative_proportion_ci": "log_wald",
        "bonett_price_ratio_ci": "bonett_price",
        "mover_ratio_ci": "mover",
    },
    ("paired", "mcnemar"): {
        "mcnemar_exact": "exact",
        "mcnemar_midp": "midp",
        "mcnemar_asymptotic": "asymptotic",
        "mcnemar_corrected": "corrected",
    },
    ("paired", "ppv_score_test"): {
        "ppv_weighted_score_test": "weighted",
    },
    ("paired", "npv_score_test"): {
        "npv_weighted_score_test": "weighted",
    },
    ("agreement", "two_reader_agreement"): {
        "cohen_kappa": "cohen_kappa",
        "scott_pi": "scott_pi",
        "gwet_ac": "gwet_ac",
    },
    ("agreement", "multi_reader_agreement"): {
        "fleiss_kappa": "fleiss_kappa",
        "conger_kappa": "conger_kappa",
        "gwet_ac_multirater": "gwet_ac",
        "krippendorff_alpha": "krippendorff_alpha",
    },
    ("calibration", "calibration_test"): {
        "spiegelhalter_test": "spiegelhalter",
        "logistic_calibration_test": "logistic",
    },
}
FUNCTIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    old: (package, new, {"method": method})
    for (package, new), methods in _FAMILIES.items()
    for old, method in methods.items()
}
# Functions that serve two fits, or went to another package.
FUNCTIONS |= {
    "binormal_curve": ("binormal", "fitted_curve", {}),
    "binormal_lr_curve": ("binormal", "fitted_curve", {}),
    "binormal_sensitivity_at_specificity": ("binormal", "fitted_sensitivity", {}),
    "binormal_lr_sensitivity_at_specificity": ("binormal", "fitted_sensitivity", {}),
    "binormal_specificity_at_sensitivity": ("binormal", "fitted_specificity", {}),
    "binormal_lr_specificity_at_sensitivity": ("binormal", "fitted_specificity", {}),
    "binormal_partial_auc": ("binormal", "fitted_partial_auc", {}),
    "binormal_lr_partial_auc": ("binormal", "fitted_partial_auc", {}),
}
FUNCTIONS["weighted_goodness_of_fit"] = ("calibration", "weighted_goodness_of_fit", {})


def old_function(name: str, *, stacklevel: int = 3) -> Callable[..., Any]:
    """Return what an old function name stands for, with a warning that names the new one.

    Raises
    ------
    AttributeError
        If no function had that name.
    """
    if name not in FUNCTIONS:
        raise AttributeError(name)
    package, new, choices = FUNCTIONS[name]
    said = ", ".join(f"{key}={value!r}" for key, value in choices.items())
    call = f"{new}({said})" if said else new
    _warn(f"{name} is now {call} of {STATS}{package}", stacklevel=stacklevel)
    found: Callable[..., Any] = getattr(import_module(f"{STATS}{package}"), new)
    return partial(found, **choices) if choices else found


def _warn(what: str, *, stacklevel: int) -> None:
    """Warn that a name is old."""
    text = f"{what}; the old name goes with the next release"
    warnings.warn(text, DeprecationWarning, stacklevel=stacklevel + 1)


class OldModule(ModuleType):
    """A module under its old name; where a function has that name now, it can be called as well."""

    def __call__(self, *arguments: Any, **choices: Any) -> Any:
        """Call the function of this name."""
        return getattr(self, self.__name__.rpartition(".")[2])(*arguments, **choices)


class OldModules(MetaPathFinder, Loader):
    """Finds modules under the names that they had."""

    def find_spec(self, fullname: str, *_: Any) -> ModuleSpec | None:
        """Return a specification for an old name, None for any other."""
        old = fullname.removeprefix(STATS)
        return ModuleSpec(fullname, self) if fullname != old and old in MODULES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return an empty module."""
        return OldModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Fill an old module with what its successor holds."""
        new = STATS + MODULES[module.__name__.removeprefix(STATS)]
        package = new.rpartition(".")[0]
        _warn(f"{module.__name__} is now {package}", stacklevel=2)
        found = import_module(new)
        module.__doc__ = found.__doc__
        names = {name: value for name, value in vars(found).items() if not name.startswith("_")}
        module.__dict__.update(names)
        # What the module took from others is found in the face of its package.
        module.__dict__["__getattr__"] = partial(getattr, import_module(package))


def install() -> None:
    """Let Python find the old modules, after all others."""
    if not any(isinstance(finder, OldModules) for finder in sys.meta_path):
        sys.meta_path.append(OldModules())
