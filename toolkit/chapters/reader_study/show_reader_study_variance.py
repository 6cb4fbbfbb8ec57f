"""What chapter 07 shows of the variance: what more readers or more cases would make smaller."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.reader_study.modality_analyses import ReaderStudy
from toolkit.chapters.reader_study.show_reader_study import MEASURES, people
from toolkit.draw.html import TableColumn, TableView
from toolkit.draw.variance import VariancePart, variance_figure
from toolkit.stats.mrmc.analysis import VarianceComponents, VarianceShares, variance_shares
from toolkit.words.wording import capital, joined, number_text, value_text

_PARTS = (
    (
        "share_reader_modality",
        "Reader \u00d7 modality",
        "readers differ in what the modality does for them",
        ("more readers",),
    ),
    ("share_error", "Error, one reading", "single readings vary", ("more readers", "more cases")),
    (
        "share_cases",
        "Cases, shared by the readers",
        "all readers read the same cases",
        ("more cases",),
    ),
)
_LEAST_SHARE = 0.0005  # a smaller one would be drawn without width


def shares(study: ReaderStudy) -> VarianceShares | None:
    """Return the shares of the variance; None where the design has no such components."""
    analysis = study.primary.analysis
    if analysis is None or analysis.components is None or analysis.random != "readers and cases":
        return None
    if study.design.kind != "fully crossed":
        return None
    found = variance_shares(analysis.components, n_readers=len(study.readings.readers))
    return None if math.isnan(found.share_cases) else found


def variance(study: ReaderStudy) -> Figure | None:
    """Return the shares of the variance as one bar, or None where they are not defined."""
    found = shares(study)
    if found is None:
        return None
    parts = [
        VariancePart(label=label, share=getattr(found, name), shrinks_with=shrinks)
        for name, label, _, shrinks in _PARTS
        if getattr(found, name) >= _LEAST_SHARE
    ]
    total = sum(part.share for part in parts)
    parts = [
        VariancePart(label=p.label, share=p.share / total, shrinks_with=p.shrinks_with)
        for p in parts
    ]
    return variance_figure(parts)


def variance_finding(study: ReaderStudy) -> str:
    """Return the largest share, and what would make it smaller."""
    found = shares(study)
    if found is None:
        return "This analysis has no components of readers and cases, so the variance is not split."
    name, _, why, shrinks = max(_PARTS, key=lambda part: getattr(found, part[0]))
    share = value_text(getattr(found, name), form="percent")
    return (
        f"The largest share, {share} of the variance, arises because {why}; it shrinks with "
        f"{joined(shrinks)}."
    )


def variance_caption(study: ReaderStudy) -> str:
    """Return what the bar shows, with what was estimated below 0."""
    found = shares(study)
    if found is None:
        return ""
    note = f" {capital(found.note)}." if found.note else ""
    covariance = study.primary.analysis.covariance_method if study.primary.analysis else ""
    return (
        "Shares of the variance of the mean difference, from the Obuchowski\u2013Rockette "
        f"components ({covariance}, {people(study)}). The readers' own level cancels in a paired "
        f"comparison and is not shown.{note}"
    )


def variance_alt(study: ReaderStudy) -> str:
    """Return the bar's alternative text."""
    found = shares(study)
    if found is None:
        return "No split of the variance."
    texts = [
        f"{label.lower()} {value_text(getattr(found, name), form='percent')}"
        for name, label, _, _ in _PARTS
    ]
    return f"One bar of the shares of the variance: {joined(texts)}."


def variance_data(study: ReaderStudy) -> pd.DataFrame | None:
    """Return the shares as they were drawn."""
    found = shares(study)
    if found is None:
        return None
    return pd.DataFrame(
        {
            "source": [label for _, label, _, _ in _PARTS],
            "share": [getattr(found, name) for name, _, _, _ in _PARTS],
        }
    )


_COMPONENTS = (
    ("Between readers", "Var(R)", "var_reader"),
    ("Reader \u00d7 modality", "Var(TR)", "var_reader_modality"),
    ("Over cases, one reader in one modality", "Var(\u03b5)", "var_error"),
    ("Covariance: same reader, other modality", "Cov1", "cov1"),
    ("Covariance: other reader, same modality", "Cov2", "cov2"),
    ("Covariance: other reader, other modality", "Cov3", "cov3"),
)


def component_table(study: ReaderStudy) -> TableView | None:
    """Return the variance components as estimated; None where the analysis has none."""
    analysis = study.primary.analysis
    if analysis is None or analysis.components is None or math.isnan(analysis.components.cov1):
        return None
    components: VarianceComponents = analysis.components
    rows = [
        [label, symbol, _thousandths(getattr(components, name))]
        for label, symbol, name in _COMPONENTS
    ]
    negative = [label.lower() for label, _, name in _COMPONENTS if getattr(components, name) < 0]
    below = f" Below 0, so not to be told from none: {joined(negative)}." if negative else ""
    return TableView(
        title="Variance components, not truncated",
        columns=[
            TableColumn("Component", align="left"),
            TableColumn("Symbol", align="left"),
            TableColumn("Estimate \u00d7 1,000"),
        ],
        rows=rows,
        foot=(
            f"Obuchowski\u2013Rockette model of the {MEASURES[study.plan.endpoint]}, covariance "
            f"over cases: {analysis.covariance_method}.{below}"
        ),
    )


def _thousandths(value: float) -> str:
    """Return a variance times 1,000."""
    return number_text(value * 1000, digits=4)
