"""What chapter 06 draws of differences: the AI minus each reader, and minus their mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.ai_against_readers.ai_against_readers import AgainstReaders
from toolkit.chapters.ai_against_readers.show_ai_against_readers import RULES, joint_interval
from toolkit.draw.forest import ForestView, forest_figure, forest_row
from toolkit.results import Comparison
from toolkit.words.sentences import ci_phrase, effect_phrase, estimate_text, margin_limit
from toolkit.words.wording import counted, p_phrase, some_of


def _rated(study: AgainstReaders) -> list[Comparison]:
    """Return the differences that are defined, from the AI's best to its worst."""
    defined = [c for c in study.result.auc_by_reader if not math.isnan(c.estimate)]
    return sorted(defined, key=lambda c: c.estimate, reverse=True)


def difference_figure(study: AgainstReaders) -> Figure:
    """Return the forest of differences: in AUC with each reader, or of the two joint calls."""
    defined = _rated(study)
    if not defined:
        rows = [
            forest_row(comparison, label=label, left=(_both(comparison),))
            for label, comparison in _call_differences(study)
        ]
        view = ForestView(
            rows=rows,
            form="percent",
            left_heads=("AI minus readers", "Readers, AI"),
            right_heads=("Difference", "95% CI"),
            axis_label="Difference in percentage points, AI minus readers",
            margin=_limit(study.primary) if study.endpoint != "auc" else None,
            left_words="AI worse",
            right_words="AI better",
        )
        return forest_figure(view)
    mean = study.result.auc
    rows = [forest_row(c, label=c.label_a, left=(_first(c),)) for c in defined]
    if not math.isnan(mean.estimate) and study.result.auc_mean.n_readers > 1:
        rows.append(forest_row(mean, label="Mean of readers", left=(_first(mean),), kind="pooled"))
    view = ForestView(
        rows=rows,
        left_heads=("Compared with", "AUC"),
        right_heads=("Difference", "95% CI"),
        axis_label="Difference in AUC, AI minus reader",
        margin=_limit(mean),
        left_words="AI worse",
        right_words="AI better",
    )
    return forest_figure(view)


def _call_differences(study: AgainstReaders) -> list[tuple[str, Comparison]]:
    """Return the differences of calls: from the joint call, and from the readers' mean."""
    result, name = study.result, RULES[study.rule][0].lower()
    rows = [
        (f"Sensitivity, {name}", result.sensitivity),
        (f"Specificity, {name}", result.specificity),
    ]
    for label, mean in (
        ("Sensitivity", result.sensitivity_mean),
        ("Specificity", result.specificity_mean),
    ):
        if mean is not None:
            rows.append((f"{label}, mean of {mean.n_readers}", mean.difference))
    return rows


def _limit(comparison: Comparison) -> float | None:
    """Return the margin on the axis of the difference, where there is one."""
    return None if comparison.margin is None else margin_limit(comparison)


def _first(comparison: Comparison) -> str:
    """Return the comparator's area."""
    return f"{comparison.estimate_a:.3f}"


def _both(comparison: Comparison) -> str:
    """Return both shares in percent."""
    return f"{comparison.estimate_a:.1%}, {comparison.estimate_b:.1%}"


def difference_finding(study: AgainstReaders) -> str:
    """Return on which side of most readers the AI lies, and where the pooled interval lies."""
    defined = _rated(study)
    if not defined:
        return f"Sensitivity: {effect_phrase(study.result.sensitivity)}."
    below = sum(comparison.estimate < 0 for comparison in defined)
    some = some_of(below, len(defined), "reader")
    return (
        f"The AI's AUC lies below that of {some}; against "
        f"their mean the difference is {estimate_text(study.result.auc)} "
        f"({ci_phrase(study.result.auc)})."
        if not math.isnan(study.result.auc.estimate)
        else f"The AI's AUC lies below that of {some}."
    )


def difference_caption(study: AgainstReaders) -> str:
    """Return what the forest draws."""
    if not _rated(study):
        random = (
            " From the mean: Obuchowski\u2013Rockette, readers and cases random."
            if study.result.sensitivity_mean or study.result.specificity_mean
            else ""
        )
        return (
            "Paired differences of the AI's calls and the readers' joint call, "
            f"{joint_interval(study)}.{random} AUC is not compared: {study.result.auc.note}."
        )
    mean = study.result.auc
    margin = " Shaded, worse than the margin." if mean.margin is not None else ""
    pooled = ""
    if not math.isnan(mean.estimate) and study.result.auc_mean.n_readers > 1:
        test = "" if math.isnan(mean.p_value) else f", {p_phrase(mean.p_value)} for no difference"
        name = study.result.auc_mean.name
        pooled = f"; diamond, {mean.label_a} ({name[0].lower()}{name[1:]}{test})"
    return (
        f"Circles, paired difference with each reader (DeLong, these readers){pooled}.{margin} "
        "Sorted by difference."
    )


def difference_alt(study: AgainstReaders) -> str:
    """Return the forest's alternative text."""
    return (
        f"Forest plot of the differences of the AI and {counted(len(study.readers), 'reader')}; "
        f"primary difference {estimate_text(study.primary)}."
    )


def difference_data(study: AgainstReaders) -> pd.DataFrame:
    """Return the differences as they were drawn."""
    shown: Sequence[Comparison] = _rated(study)
    if not shown:
        shown = [comparison for _, comparison in _call_differences(study)]
    elif not math.isnan(study.result.auc.estimate):
        shown = [*shown, study.result.auc]
    frames = [comparison.summary_frame() for comparison in shown]
    columns = ["quantity", "label_a", "label_b", "estimate", "ci_low", "ci_high", "p_value"]
    return pd.concat(frames)[columns]
