"""A valid call of every public function of ``toolkit.stats`` that takes an array or a margin.

Tests of what holds for all of them (arrays, margins) walk this list; ``test_public_calls`` fails
where a public function is missing in it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import toolkit.stats
from toolkit.stats.agreement import agreement_table
from toolkit.stats.froc import froc_study
from toolkit.stats.mrmc import (
    StudyComponents,
    fom_table,
    leave_one_out,
    obuchowski_rockette,
    pilot_components,
)
from toolkit.stats.mrmc.moments import estimated_moments
from toolkit.stats.paired import PairedCounts
from toolkit.stats.proportions import TwoGroupCounts, TwoRates
from toolkit.stats.published import PrintedResult
from toolkit.stats.simulation import RoeMetzComponents, RoeMetzModel
from toolkit.stats.sizing import MrmcPlan

N = 40
DRAW = np.random.default_rng(20260112)
TRUTH = np.arange(N) % 2
RATING = np.round(DRAW.normal(size=N) + TRUTH, 3)
OTHER = np.round(DRAW.normal(size=N) + 1.3 * TRUTH, 3)
RATINGS = np.round(DRAW.normal(size=(N, 4, 2)) + TRUTH[:, np.newaxis, np.newaxis], 3)
PROBABILITY = 1 / (1 + np.exp(-RATING))
CALL = (RATING > 0.5).astype(int)
CALLS = (RATINGS > 0.5).astype(int)
CLUSTER = np.arange(N) // 2
WEIGHT = 1 + DRAW.random(N)
CATEGORY = 1 + np.clip(np.round(RATING + 1), 0, 2).astype(int)
CATEGORIES = (1, 2, 3)
CHOSEN = 1 + np.clip(np.round(RATINGS[:, :, 0] + 1), 0, 2)  # (n_cases, n_readers)
TIMES = np.exp(DRAW.normal(3.0, 0.3, size=(N, 4, 2)))
DIFFERENCE, RATIO = "difference", "ratio"


@dataclass(frozen=True)
class Call:
    """A valid call. ``effect`` is that of its margin; ``better`` is not given where it has none."""

    name: str
    function: Callable[..., Any]
    arguments: dict[str, Any]
    effect: str = ""
    takes_better: bool = False

    @property
    def arrays(self) -> list[str]:
        """Arguments that are arrays."""
        return [
            name
            for name, parameter in inspect.signature(self.function).parameters.items()
            if "ArrayLike" in str(parameter.annotation) and name in self.arguments
        ]

    def __call__(self, **changes: Any) -> Any:
        """Call with some arguments changed."""
        return self.function(**{**self.arguments, **changes})


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every public function of the packages of statistics."""
    for module in pkgutil.iter_modules(toolkit.stats.__path__):
        if module.name.startswith("_"):
            continue
        package = importlib.import_module(f"toolkit.stats.{module.name}")
        for name in package.__all__:
            found = getattr(package, name)
            if inspect.ismodule(found):  # an old module of that name was imported before
                found = package.__getattr__(name)
            if callable(found) and not inspect.isclass(found):
                yield f"{module.name}.{name}", found


def concerned(function: Callable[..., Any]) -> bool:
    """Whether a function takes an array or a margin."""
    parameters = inspect.signature(function).parameters
    return "margin" in parameters or any(
        "ArrayLike" in str(parameter.annotation) for parameter in parameters.values()
    )


ONE = {"truth": TRUTH, "rating": RATING}
TWO = {"truth": TRUTH, "rating_a": RATING, "rating_b": OTHER}
UNPAIRED = {**{f"{k}_a": v for k, v in ONE.items()}, "truth_b": TRUTH[2:], "rating_b": OTHER[2:]}
MODEL = {"truth": TRUTH, "probability": PROBABILITY, "rating_is": "probability"}
SAMPLED = {"weight": WEIGHT, "cluster": CLUSTER}
BASIS = {"weight": WEIGHT, "cluster": CLUSTER}
CANCERS = PairedCounts(both=261, only_b=10, only_a=28, neither=45)
OTHERS = PairedCounts(both=900, only_b=760, only_a=1180, neither=37160)
GROUPS = TwoGroupCounts(numerator_a=20, denominator_a=30, numerator_b=25, denominator_b=30)
RATES = TwoRates(events_a=20, exposure_a=1000, events_b=25, exposure_b=1000)
COMPONENTS = RoeMetzComponents(
    reader=0.0055, modality_reader=0.0055, case=0.3, modality_case=0.3, reader_case=0.2, error=0.2
)
ROE_METZ = RoeMetzModel(
    separation=np.array([1.5, 1.65]),
    shared=np.full((2, 3), [0.03, 0.3, 0.2]),
    own=np.full((2, 2, 3), [0.03, 0.3, 0.2]),
)


@cache
def crossed():
    """Return the table of a crossed study."""
    return fom_table(TRUTH, RATINGS)


@cache
def nested():
    """Return the table of readers of one modality each."""
    ratings = RATINGS.copy()
    ratings[:, :2, 1] = np.nan
    ratings[:, 2:, 0] = np.nan
    return fom_table(TRUTH, ratings)


@cache
def split():
    """Return the table of two groups of readers with cases of their own."""
    ratings = RATINGS.copy()
    ratings[: N // 2, 2:] = np.nan
    ratings[N // 2 :, :2] = np.nan
    return fom_table(TRUTH, ratings)


def marks():
    """Return the arguments of a small study of marks."""
    return {
        "n_cases": 6,
        "lesion_case": [0, 1, 2],
        "lesion_rating": [[[3.0]], [[2.0]], [[-np.inf]]],
        "nl_case": [0, 3, 4],
        "nl_rating": [1.0, 2.0, 1.0],
        "nl_reader": [0, 0, 0],
        "nl_modality": [0, 0, 0],
        "lesion_weight": [1.0, 1.0, 1.0],
        "n_images": [4, 4, 4, 4, 4, 4],
    }


@cache
def frocs():
    """Return the study of ``marks``."""
    return froc_study(**marks())


def arguments() -> dict[str, dict[str, Any]]:
    """Return the arguments of a valid call of each function by name."""
    agreement = {"categories": CATEGORIES, "cluster": CLUSTER}
    values = {"values_a": TIMES[:, 0, 0], "values_b": TIMES[:, 0, 1]}
    table = agreement_table(CATEGORY, CHOSEN[:, 0], categories=CATEGORIES)
    weights = [[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]]
    cases = {"truth": TRUTH, "ratings": RATINGS}
    boot = {"n_resamples": 400, "rng": 1}
    pilot = pilot_components(obuchowski_rockette(crossed()))
    plan = MrmcPlan(true_difference=0.05)
    paired = {"cancers": CANCERS, "others": OTHERS}
    months = {"monthly_counts": [10, 12, 11, 13], "plan": [10.0, 22.0, 34.0, 46.0, 58.0, 70.0]}
    calibrated = {
        name: MODEL | (SAMPLED if weighted else {})
        for name, weighted in {
            "brier_score": True,
            "calibration_in_the_large": True,
            "calibration_intercept": True,
            "calibration_slope": True,
            "observed_expected_ratio": True,
            "scaled_brier_score": True,
            "reliability_curve": True,
        }.items()
    }
    return {
        "agreement.agreement_difference_ci": {
            "ratings_a": CHOSEN,
            "ratings_b": CHOSEN[::-1],
            "coefficient": "gwet_ac",
            "weights": weights,
            **agreement,
        },
        "agreement.agreement_limits": {**values, "unit": "s", "cluster": CLUSTER},
        "agreement.agreement_table": {
            "rating_a": CATEGORY,
            "rating_b": CHOSEN[:, 0],
            **agreement,
        },
        "agreement.agreement_table_from_counts": {"counts": [[20, 3], [4, 30]]},
        "agreement.fleiss_kappa_test": {"ratings": CHOSEN, "categories": CATEGORIES},
        "agreement.icc_agreement": {"values": TIMES[:, :, 0]},
        "agreement.icc_consistency": {"values": TIMES[:, :, 0]},
        "agreement.icc_one_way": {"values": TIMES[:, :, 0]},
        "agreement.kappa_test": {"table": table, "weights": weights},
        "agreement.multi_reader_agreement": {"ratings": CHOSEN, "weights": weights, **agreement},
        "agreement.proportional_bias_slope": values,
        "agreement.ratio_agreement_limits": {**values, "cluster": CLUSTER},
        "agreement.two_reader_agreement": {"table": table, "weights": weights},
        "auc.auc": ONE,
        "auc.auc_covariance": {"truth": TRUTH, "ratings": RATINGS[:, 0], **SAMPLED},
        "auc.average_precision": ONE,
        "auc.average_precision_at_prevalence": {**ONE, "prevalence": 0.01},
        "auc.call_accuracy": {"truth": TRUTH, "call": CALL, "cluster": CLUSTER},
        "auc.closest_corner_threshold": ONE,
        "auc.delong_ci": {**ONE, **SAMPLED},
        "auc.delong_ci_from_counts": {"positive": [1, 5, 9], "negative": [9, 5, 1]},
        "auc.delong_contrast": {
            "truth": TRUTH,
            "ratings": RATINGS[:, 0],
            "coefficients": [-1, 1],
            **SAMPLED,
        },
        "auc.delong_mover_test": {**TWO, **SAMPLED},
        "auc.delong_test": {**TWO, **SAMPLED},
        "auc.delong_test_from_counts": {
            "rating_a": [1, 2, 3, 1],
            "rating_b": [1, 3, 2, 4],
            "positive": [1, 5, 9, 4],
            "negative": [9, 5, 1, 3],
        },
        "auc.delong_test_unpaired": {
            **UNPAIRED,
            "weight_a": WEIGHT,
            "weight_b": WEIGHT[2:],
            "cluster_a": CLUSTER,
            "cluster_b": 100 + CLUSTER[2:],
        },
        "auc.expected_utility": {**ONE, "slope": 0.5},
        "auc.mean_auc_ci": {"truth": TRUTH, "ratings": RATINGS[:, :, 0], **SAMPLED},
        "auc.operating_point": {**ONE, "threshold": 0.5, "cluster": CLUSTER},
        "auc.partial_auc": {**ONE, "low": 0.8, "high": 1.0},
        "auc.partial_auc_mcclish": {**ONE, "low": 0.8, "high": 1.0},
        "auc.precision_recall_curve": ONE,
        "auc.roc_curve": ONE,
        "auc.sensitivity_at_specificity": {**ONE, "specificity": 0.8},
        "auc.specificity_at_sensitivity": {**ONE, "sensitivity": 0.8},
        "auc.threshold_at_recall_rate": {"rating": RATING, "recall_rate": 0.2},
        "auc.threshold_at_sensitivity": {**ONE, "sensitivity": 0.8},
        "auc.threshold_at_specificity": {**ONE, "specificity": 0.8},
        "auc.venkatraman_paired_test": {**TWO, "n_permutations": 200, "rng": 1},
        "auc.venkatraman_unpaired_test": {**UNPAIRED, "n_permutations": 200, "rng": 1},
        "auc.weighted_youden_threshold": {**ONE, "cost": 0.1, "prevalence": 0.01},
        "auc.youden_threshold": ONE,
        "binormal.binormal_auc": ONE,
        "binormal.binormal_fit": ONE,
        "binormal.binormal_lr_auc": ONE,
        "binormal.binormal_lr_fit": ONE,
        **{f"calibration.{name}": found for name, found in calibrated.items()},
        "calibration.brier_decomposition": {**MODEL, "weight": WEIGHT},
        "calibration.calibration_test": {**MODEL, "method": "logistic", **SAMPLED},
        "calibration.capture_curve": {**ONE, "weight": WEIGHT},
        "calibration.class_risk": {
            "truth": TRUTH,
            "score": RATING,
            "edges": [-9.0, 0.0, 1.0, 9.0],
            **SAMPLED,
        },
        "calibration.goodness_of_fit": {
            "counts": [20, 30, 50],
            "expected_share": [0.25, 0.25, 0.5],
        },
        "calibration.hosmer_lemeshow_test": {
            **MODEL,
            "validation": "external",
            "basis": "prevalence of this set",
        },
        "calibration.isotonic_reliability": {**MODEL, "weight": WEIGHT},
        "calibration.net_benefit": {**MODEL, "threshold": 0.3, **SAMPLED},
        "calibration.net_benefit_curve": {**MODEL, "thresholds": [0.2, 0.3], **SAMPLED},
        "calibration.net_benefit_difference": {
            "truth": TRUTH,
            "probability_a": PROBABILITY,
            "probability_b": PROBABILITY[::-1],
            "threshold": 0.3,
            "rating_is": "probability",
            **SAMPLED,
        },
        "calibration.net_benefit_difference_of_calls": {
            "truth": TRUTH,
            "call_a": CALL,
            "call_b": 1 - CALL,
            "threshold": 0.3,
            **SAMPLED,
        },
        "calibration.net_benefit_of_calls": {
            "truth": TRUTH,
            "call": CALL,
            "threshold": 0.3,
            **SAMPLED,
        },
        "calibration.recalibrate": {
            "truth": TRUTH,
            "score": RATING,
            "method": "platt",
            "rng": 1,
            "folds": 2,
            **SAMPLED,
        },
        "calibration.standardized_net_benefit": {**MODEL, "threshold": 0.3, **SAMPLED},
        "calibration.weighted_goodness_of_fit": {
            "category": CATEGORY - 1,
            "expected_share": [0.25, 0.25, 0.5],
            **SAMPLED,
        },
        "claims.adjusted_p_values": {"p_values": [0.01, 0.2], "labels": ["a", "b"]},
        "claims.fixed_sequence": {"p_values": [0.01, 0.2], "labels": ["a", "b"], "alpha": 0.05},
        "froc.froc_fom_table": {"study": frocs(), "cluster": [0, 1, 2, 3, 4, 5]},
        "froc.froc_leave_one_out": {"study": frocs(), "cluster": [0, 1, 2, 3, 4, 5]},
        "froc.froc_study": marks(),
        "froc.lesion_sensitivity_by_group": {
            "study": frocs(),
            "group": ["a", "a", "b"],
            "nl_per_image": 0.1,
            "cluster": [0, 1, 2, 3, 4, 5],
            "n_resamples": 2000,
            "rng": 1,
        },
        "froc.lesion_sensitivity_fom": {"nl_per_image": 0.1, "lesions": [0, 1]},
        "froc.lroc_study": {
            "truth": TRUTH,
            "ratings": RATINGS,
            "correct": np.broadcast_to(TRUTH[:, np.newaxis, np.newaxis], RATINGS.shape),
        },
        "froc.roi_study": {
            "case": np.arange(N) // 4,
            "truth": TRUTH,
            "ratings": RATINGS,
            "n_cases": N // 4,
        },
        "monitoring.accrual_scenarios": months,
        "monitoring.cusum": {
            "events": [0, 1, 0, 0, 1],
            "rate": 0.1,
            "rate_up": 0.2,
            "rate_down": 0.05,
        },
        "monitoring.funnel_limits": {"rate": 0.1, "n": [100, 200]},
        "monitoring.kolmogorov_smirnov": values,
        "monitoring.population_stability": {"counts": [10, 20], "baseline": [100, 210]},
        "monitoring.project_accrual": months,
        "monitoring.share_limits": {"n_cases": [100, 200], "share": 0.1},
        "monitoring.standardized_difference": values,
        "monitoring.standardized_difference_of_categories": {
            "counts_a": [10, 20],
            "counts_b": [12, 30],
        },
        "mrmc.against_fixed_value": {
            "analysis": obuchowski_rockette(crossed()),
            "modality": "1",
            "value": 0.7,
        },
        "mrmc.ai_against_readers": {
            "table": fom_table(TRUTH, RATINGS[:, :, :1]),
            "ai": "4",
        },
        "mrmc.collapsed_rating": {"ai_rating": RATING, "reader_rating": CATEGORY},
        "mrmc.compare_ai_with_readers": {
            "truth": TRUTH,
            "reader_ratings": RATINGS[:, :, 0],
            "ai_rating": OTHER,
            "cluster": CLUSTER,
        },
        "mrmc.compare_calls_gee": {"call": CALLS, "cluster": CLUSTER},
        "mrmc.compare_modalities": {**cases, "cluster": CLUSTER},
        "mrmc.dbm": {"table": crossed(), "left": leave_one_out(TRUTH, RATINGS)},
        "mrmc.detect_design": {"ratings": RATINGS},
        "mrmc.estimated_moments": cases,
        "mrmc.fom_table": {**cases, "cluster": CLUSTER},
        "mrmc.leave_one_out": {**cases, "cluster": CLUSTER},
        "mrmc.obuchowski_rockette": {"table": crossed()},
        "mrmc.readers_nested_in_modality": {"table": nested()},
        "mrmc.split_plot": {"table": split(), "group": list("aabb")},
        "mrmc.u_statistic_analysis": cases,
        "paired.conditional_odds_ratio_ci": {"counts": CANCERS},
        "paired.geometric_ratio_ci": values,
        "paired.mean_difference_ci": {**values, "unit": "s"},
        "paired.npv_difference_ci": paired,
        "paired.npv_ratio_ci": paired,
        "paired.paired_counts": {"call_a": CALL, "call_b": CALL[::-1]},
        "paired.paired_difference_ci": {"counts": CANCERS},
        "paired.paired_ratio_ci": {"counts": CANCERS},
        "paired.ppv_difference_ci": paired,
        "paired.ppv_ratio_ci": paired,
        "paired.relative_negative_likelihood_ratio_ci": paired,
        "paired.relative_positive_likelihood_ratio_ci": paired,
        "proportions.association_test": {"counts": [[20, 3, 8], [4, 30, 9]]},
        "proportions.clustered_difference_ci": {
            "event_a": CALL,
            "event_b": CALL[::-1],
            "cluster_a": CLUSTER,
            "cluster_b": 100 + CLUSTER,
        },
        "proportions.clustered_paired_difference_ci": {
            "call_a": CALL,
            "call_b": CALL[::-1],
            **SAMPLED,
        },
        "proportions.clustered_proportion_logit_ci": {"event": CALL, "cluster": CLUSTER},
        "proportions.mean_proportion_ci": {"call": CALLS[:, :, 0], "cluster": CLUSTER},
        "proportions.proportion_difference_ci": {"counts": GROUPS},
        "proportions.proportion_ratio_ci": {"counts": GROUPS},
        "proportions.rate_ratio_ci": {"rates": RATES},
        "proportions.trend_test": {"truth": TRUTH, "score": RATING, **SAMPLED},
        "proportions.weighted_proportion_ci": {"event": CALL, **SAMPLED},
        "published.published_comparison": {
            "printed": PrintedResult(
                estimate="0.02", ci_low="-0.01", ci_high="0.05", effect="difference"
            )
        },
        "resampling.bootstrap_ci": {**ONE, "cluster": CLUSTER, **boot},
        "resampling.bootstrap_test": {**TWO, "cluster": CLUSTER, **boot},
        "resampling.bootstrap_test_unpaired": {
            **UNPAIRED,
            "cluster_a": CLUSTER,
            "cluster_b": 100 + CLUSTER[2:],
            **boot,
        },
        "resampling.bootstrap_values": {
            "truth": TRUTH,
            "ratings": RATINGS[:, 0],
            "cluster": CLUSTER,
            **boot,
        },
        "resampling.stratified_bootstrap_variance": {"truth": TRUTH, "ratings": RATINGS[:, 0]},
        "simulation.roe_metz_auc": {
            "separation": 1.5,
            "modality_effect": [0.0, 0.1],
            "components": COMPONENTS,
        },
        "simulation.roe_metz_from_components": {
            "auc": [0.897, 0.941],
            "components": StudyComponents(
                var_reader=0.00154,
                var_reader_modality=0.000208,
                var_error=0.000788,
                cov1=0.000341,
                cov2=0.000339,
                cov3=0.000236,
                n_cases=114,
                n_positive=45,
                method="Van Dyke",
            ),
        },
        "simulation.roe_metz_model": {"separation": [1.5, 1.65], "components": COMPONENTS},
        "simulation.roe_metz_ratings": {
            "n_negative": 5,
            "n_positive": 5,
            "n_readers": 2,
            "separation": 1.5,
            "modality_effect": [0.0, 0.1],
            "components": COMPONENTS,
            "rng": 1,
            "case_effect": np.linspace(-1, 1, 10),
        },
        "simulation.roe_metz_separation": {"auc": [0.85, 0.87], "components": COMPONENTS},
        "simulation.tenths_scores": {
            "suspicion": RATING,
            "separation": 1.5,
            "prevalence": 0.01,
        },
        "sizing.mrmc_power": {
            "components": pilot,
            "plan": plan,
            "n_readers": [5, 6],
            "n_cases": [100, 200],
        },
        "sizing.mrmc_power_from_moments": {
            "moments": estimated_moments(TRUTH, RATINGS),
            "plan": plan,
            "n_readers": [5, 6],
            "n_negative": [100, 200],
            "n_positive": [50, 100],
        },
        "sizing.mrmc_sample_size": {"components": pilot, "plan": plan, "n_readers": [5, 6]},
        "sizing.power_by_simulation": {
            "model": ROE_METZ,
            "succeeds": lambda *_: True,
            "n_readers": 2,
            "n_negative": 5,
            "n_positive": 5,
            "rng": 1,
            "n_studies": 2,
            "read": np.ones((10, 2, 2), dtype=bool),
        },
        "times.compare_reading_times": {"times": TIMES, "cluster": CLUSTER},
        "times.reading_time_model": {"times": TIMES, "covariates": {"age": RATINGS}},
    }


def calls() -> dict[str, Call]:
    """Return a valid call of every function that takes an array or a margin."""
    given = arguments()
    found = {}
    for name, function in public_functions():
        if not concerned(function) or name not in given:
            continue
        parameters = inspect.signature(function).parameters
        effect = ""
        if "margin" in parameters:
            effect = RATIO if "ratio" in name or "time" in name else DIFFERENCE
        found[name] = Call(name, function, given[name], effect, "better" in parameters)
    return found
