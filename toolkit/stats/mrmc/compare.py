"""Compare the modalities of a reader study, by the analysis that its design allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import joined
from toolkit.stats._checks import Rng, check_choice, check_cluster, check_ratings, check_truth
from toolkit.stats.auc.curve import RatingFom, auc
from toolkit.stats.mrmc.analysis import MeanScale, MrmcAnalysis, Random
from toolkit.stats.mrmc.covariances import (
    FEWEST_RESAMPLES,
    JackknifeCases,
    left_out_of,
    table_of,
)
from toolkit.stats.mrmc.designs import (
    KINDS,
    Design,
    Kind,
    design_of,
    readers_nested_in_modality,
    split_plot,
)
from toolkit.stats.mrmc.inference import Denominator, dbm, obuchowski_rockette
from toolkit.stats.mrmc.table import Covariance, is_share, require_patients
from toolkit.stats.mrmc.u_statistics import Weights, analysis_of

Method = Literal["or", "dbm", "u_statistic", "or_averaged"]
METHODS: tuple[Method, ...] = ("or", "dbm", "u_statistic", "or_averaged")


@dataclass(frozen=True, kw_only=True, eq=False)
class Choices:
    """How a reader study is analysed; the defaults are those of the toolkit.

    Parameters
    ----------
    covariance : {"DeLong", "jackknife", "unbiased", "bootstrap", "none"}, optional
        As of ``fom_table``.
    method : {"or", "dbm", "u_statistic", "or_averaged"}, optional
        If not given: Obuchowski and Rockette's analysis of the design; U-statistics where
        readings are missing or groups are unequal. ``"or_averaged"`` averages covariances over
        whatever readings there are, which no design justifies: to reproduce MRMCaov alone.
    random : {"readers and cases", "cases", "readers"}
        What is random; only crossed studies have a choice.
    denominator : {"pooled", "pair"}
        As of ``obuchowski_rockette``.
    mean_scale : {"logit", "identity"}
        As of ``obuchowski_rockette``.
    weights : {"reader", "pair"}
        As of ``u_statistic_analysis``.
    jackknife_cases : {"used", "all", "study"}
        As of ``leave_one_out``.
    n_resamples : int
        Of the bootstrap.
    rng : int, SeedSequence or Generator, optional
        Seed of the bootstrap.
    """

    covariance: Covariance | None = None
    method: Method | None = None
    random: Random = "readers and cases"
    denominator: Denominator = "pooled"
    mean_scale: MeanScale = "logit"
    weights: Weights = "reader"
    jackknife_cases: JackknifeCases = "used"
    n_resamples: int = FEWEST_RESAMPLES
    rng: Rng | None = None


def compare_modalities(  # noqa: PLR0913 - data, plan, level, margin and names
    truth: ArrayLike,
    ratings: ArrayLike,
    *,
    fom: RatingFom = auc,
    cluster: ArrayLike | None = None,
    design: Kind | None = None,
    choices: Choices | None = None,
    ci_level: float = 0.95,
    margin: float | None = None,
    readers: tuple[str, ...] = (),
    modalities: tuple[str, ...] = (),
) -> MrmcAnalysis:
    """Compare modalities over readers and cases: b minus a, the later modality minus the earlier.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_readers, n_modalities)
        Higher is more suspicious; NaN where a reader did not read a case in a modality.
    fom : RatingFom
        Figure of merit, the empirical AUC by default.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case. Give it always: where patients have one case it changes nothing.
    design : str, optional
        The design that the plan declares; readings that show another one are refused.
    choices : Choices, optional
        Covariance, method and what is random.
    ci_level : float
        Confidence level of each interval, two-sided.
    margin : float, optional
        Non-inferiority margin of every difference, above 0 and below the width of the range of
        ``fom``, whose good direction it has.
    readers, modalities : tuple of str
        Names along the axes; numbers from 1 if not given.

    Returns
    -------
    MrmcAnalysis
        ``design`` says what the readings show, ``note`` what a conclusion holds for.

    Raises
    ------
    ValueError
        If an argument is malformed, the readings are not of the declared design, or the method
        is not defined for the figure, the design or clustered cases; the message says which is.

    Notes
    -----
    Null hypothesis: the mean figure over readers is the same in all modalities. Readers and
    cases are random unless chosen otherwise. A study with missing readings is never analysed as
    if it were crossed.

    References
    ----------
    Hillis SL. Stat Med 2014;33:330-360. doi:10.1002/sim.5926

    Gallas BD, Brown DG. Neural Netw 2008;21:387-397. doi:10.1016/j.neunet.2007.12.013

    Examples
    --------
    >>> draw = np.random.default_rng(1)
    >>> truth = np.arange(60) % 2
    >>> ratings = draw.normal(size=(60, 5, 2)) + truth[:, np.newaxis, np.newaxis] * [1.0, 1.5]
    >>> analysis = compare_modalities(truth, ratings, modalities=("unaided", "aided"))
    >>> difference = analysis.differences[0]
    >>> f"{difference.estimate:.3f} ({difference.ci_low:.3f}, {difference.ci_high:.3f})"
    '0.067 (-0.041, 0.175)'
    """
    diseased = check_truth(truth)
    numbers = check_ratings(
        ratings,
        n_cases=diseased.size,
        axes=("n_readers", "n_modalities"),
        missing_allowed=True,
    )
    if design is not None:
        check_choice(design, name="declared", choices=KINDS)
    found = design_of(numbers, design)
    plan = _Plan(
        choices=choices or Choices(),
        fom=fom,
        cluster=None if cluster is None else check_cluster(cluster, n_cases=diseased.size),
        ci_level=ci_level,
        margin=margin,
        names=(readers, modalities),
    )
    method = _method(plan, found, diseased, numbers)
    if method == "u_statistic":
        return _by_u_statistics(plan, found, diseased, numbers)
    if method == "dbm":
        return _by_dbm(plan, found, diseased, numbers)
    return _by_obuchowski_rockette(plan, found, diseased, numbers)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Plan:
    """What was asked for."""

    choices: Choices
    fom: RatingFom
    cluster: IndexArray | None
    ci_level: float
    margin: float | None
    names: tuple[tuple[str, ...], tuple[str, ...]]  # of readers and of modalities


def _method(plan: _Plan, design: Design, diseased: BoolArray, ratings: FloatArray) -> Method:
    """Return the method: the one asked for, or the one of the design."""
    asked = plan.choices.method
    if asked is not None:
        check_choice(asked, name="method", choices=METHODS)
    suits = design.kind != "incomplete" and _is_balanced(design, diseased, ratings)
    if asked in (None, "or") and not suits:
        if asked == "or" or not _has_moments(plan.fom):
            raise ValueError(_unsuited(design, plan.fom))
        return "u_statistic"
    if asked == "dbm" and design.kind != "fully crossed":
        msg = f"method='dbm' needs a fully crossed study, but the readings are {design.kind}"
        raise ValueError(msg)
    chosen = plan.choices.random != "readers and cases"
    if chosen and design.kind != "fully crossed" and asked != "or_averaged":
        msg = (
            f"random={plan.choices.random!r} is defined for fully crossed studies, but the "
            f"readings are {design.kind}; take 'readers and cases'"
        )
        raise ValueError(msg)
    return asked or "or"


def _has_moments(fom: RatingFom) -> bool:
    """Whether U-statistics are defined for a figure of merit."""
    return fom is auc or is_share(fom)


def _unsuited(design: Design, fom: RatingFom) -> str:
    """Say why no analysis of Obuchowski and Rockette fits."""
    return (
        f"Obuchowski and Rockette's analysis needs balanced groups without missing readings, but "
        f"the readings are {design.kind} ({design.n_missing} missing); take "
        + (
            "method='u_statistic'"
            if _has_moments(fom)
            else f"the empirical AUC, for no analysis of {fom.__name__} is defined then"
        )
    )


def _is_balanced(design: Design, diseased: BoolArray, ratings: FloatArray) -> bool:
    """Whether the groups of a design are of one size, in readers and in cases of each class."""
    read = ~np.isnan(ratings)
    if design.kind == "readers nested in modality":
        return len(set(read.any(axis=0).sum(axis=0).tolist())) == 1
    if design.kind == "split plot" and len({design.group.count(g) for g in design.group}) > 1:
        return False
    return all(np.ptp(read[part].sum(axis=0)) == 0 for part in (diseased, ~diseased))


def _by_u_statistics(
    plan: _Plan, design: Design, diseased: BoolArray, ratings: FloatArray
) -> MrmcAnalysis:
    """Analyse by U-statistics."""
    if plan.cluster is not None:
        require_patients(int(np.unique(plan.cluster).size), diseased.size)
    analysis = analysis_of(
        diseased,
        ratings,
        fom=plan.fom,
        weights=plan.choices.weights,
        ci_level=plan.ci_level,
        margin=plan.margin,
        mean_scale=plan.choices.mean_scale,
        names=plan.names,
    )
    return replace(analysis, design=design.kind)


def _by_dbm(plan: _Plan, design: Design, diseased: BoolArray, ratings: FloatArray) -> MrmcAnalysis:
    """Analyse pseudovalues."""
    if plan.cluster is not None:
        require_patients(int(np.unique(plan.cluster).size), diseased.size)
    if np.isnan(ratings).any():  # of a case that nobody read: refused
        check_ratings(ratings, n_cases=diseased.size, axes=("n_readers", "n_modalities"))
    cases = plan.choices.jackknife_cases
    check_choice(cases, name="cases", choices=("used", "all", "study"))
    table = table_of(diseased, ratings, None, fom=plan.fom, covariance="none", names=plan.names)
    left = left_out_of(diseased, ratings, plan.fom, cases=cases)
    analysis = dbm(
        table,
        left,
        random=plan.choices.random,
        ci_level=plan.ci_level,
        margin=plan.margin,
        mean_scale=plan.choices.mean_scale,
    )
    return replace(analysis, design=design.kind)


def _by_obuchowski_rockette(
    plan: _Plan, design: Design, diseased: BoolArray, ratings: FloatArray
) -> MrmcAnalysis:
    """Analyse by Obuchowski and Rockette's model in the form of the design."""
    choices = plan.choices
    table = table_of(
        diseased,
        ratings,
        plan.cluster,
        fom=plan.fom,
        covariance="none" if choices.random == "readers" else choices.covariance,
        jackknife_cases=choices.jackknife_cases,
        resampling=(choices.n_resamples, choices.rng),
        names=plan.names,
    )
    shared: dict[str, Any] = {
        "ci_level": plan.ci_level,
        "margin": plan.margin,
        "mean_scale": choices.mean_scale,
    }
    if choices.method != "or_averaged" and design.kind == "readers nested in modality":
        return readers_nested_in_modality(table, **shared)
    if choices.method != "or_averaged" and design.kind == "split plot":
        return split_plot(table, design.group, **shared)
    analysis = obuchowski_rockette(
        table, random=choices.random, denominator=choices.denominator, **shared
    )
    return replace(
        analysis,
        design=design.kind,
        note=joined(analysis.note, _averaged(design) if choices.method == "or_averaged" else ""),
    )


def _averaged(design: Design) -> str:
    """Warn of the analysis that only reproduces a peer."""
    if design.kind == "fully crossed":
        return ""
    return (
        f"covariances averaged over readings that are {design.kind}: no design justifies that, "
        "only to reproduce another program"
    )
