"""What chapter 04 shows of the score classes: their size and their cancers, by indication."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.scores.score_distribution import ScoreDistribution
from toolkit.chapters.scores.score_groups import GroupClasses
from toolkit.chapters.scores.scores import ScoredCases
from toolkit.chapters.scores.show_scores import (
    GROUPS,
    classes_text,
    enriched_note,
    largest_gap,
    level_text,
    methods_text,
    stated_text,
    without_text,
)
from toolkit.draw.scores import ScoreGroup, score_figure
from toolkit.results import Result
from toolkit.words.sentences import estimate_text
from toolkit.words.wording import count_text, joined, number_text, p_phrase, value_text


def share_figure(result: ScoreDistribution) -> Figure | None:
    """Return the share of each class and the cancers per 1,000 in it; None without a score."""
    group, expectation = result.reference, result.expectation
    if not group.n.sum():
        return None
    stated = 0.0 if expectation.obstacle else expectation.share or 0.0
    name = "" if group.name == "all" else f"{group.name} "
    without = " without cancer" if result.basis == "without_cancer" else ""
    return score_figure(
        result.scored.classes.ticks,
        group.weighted_n,
        [
            _score_group(one, filled=one is group, named=bool(result.others))
            for one in (group, *result.others)
            if one.verified.sum()
        ],
        expected_share=stated,
        share_label=f"Share of {name}{result.scored.unit}s{without}",
        axis_label=axis_label(result.scored),
    )


def axis_label(scored: ScoredCases) -> str:
    """Return the name of the axis of classes."""
    score = f"AI score of the {scored.unit}"
    return score if scored.classes.whole else f"Class of the {score}"


def _score_group(group: GroupClasses, *, filled: bool, named: bool) -> ScoreGroup:
    """Return the rates of one indication as they are drawn."""
    return ScoreGroup(
        label=GROUPS[group.name][0].lower() if named else "",
        cancers=group.weighted_cancers,
        examinations=group.weighted_verified,
        # A class without verified cases is not drawn; its limits must only be numbers.
        low_per_1000=np.nan_to_num([one.ci_low for one in group.rate]),
        high_per_1000=np.nan_to_num([one.ci_high for one in group.rate]),
        filled=filled,
    )


def share_finding(result: ScoreDistribution) -> str:
    """Return whether the classes are as large as stated, and where the cancers are."""
    if not result.reference.n.sum():
        return f"No class can be shown: {result.expectation.obstacle or 'no case has a score'}."
    return f"{_size_clause(result)}; {_top_clause(result)}."


def _size_clause(result: ScoreDistribution) -> str:
    """Return what is to be said of the size of the classes."""
    shares = [one.estimate for one in result.reference.share]
    low, high = (value_text(value, form="percent") for value in (min(shares), max(shares)))
    verdict = result.expectation.verdict
    if verdict == "cannot":
        return f"The classes hold {low} to {high} each"
    if verdict == "no":
        _, held, stated = largest_gap(result)
        return f"The low classes are {'smaller' if held < stated else 'larger'} than stated"
    if verdict == "yes":
        return "The classes are as large as stated"
    return f"The classes hold {low} to {high} each, which fits {stated_text(result)}"


def _top_clause(result: ScoreDistribution) -> str:
    """Return how many cancers of each indication are in the highest class."""
    top = result.scored.n_classes - 1
    groups = [group for group in (result.reference, *result.others) if group.cancers.sum()]
    parts = [
        f"{count_text(group.cancers[top])} of {count_text(group.cancers.sum())}"
        f"{'' if place else ' cancers'} {GROUPS[group.name][1]}".strip()
        for place, group in enumerate(groups)
    ]
    if not parts:
        return "no cancer is known among them"
    return f"{classes_text(result.scored, top, top)} holds {joined(parts)}"


def share_caption(result: ScoreDistribution) -> str:
    """Return what the figure draws, with the test of the shares."""
    group, unit = result.reference, result.scored.unit
    reason = "" if group.name == "all" else f"{group.name} "
    weighted = ", weighted to the population they were sampled from" if result.weights_used else ""
    open_groups = joined([GROUPS[one.name][0].lower() for one in result.others])
    filled = (
        f" Filled, {GROUPS[group.name][0].lower()}; open, {open_groups}." if open_groups else ""
    )
    return (
        f"**a** {count_text(group.n.sum())} {reason}{unit}s with a score{without_text(result)}"
        f"{weighted}{_fit_text(result)}. **b** Verified {unit}s{weighted and ', weighted'}; lines, "
        f"{level_text(group.total_rate)} CI ({methods_text(group.rate)}).{filled} Triangle on the "
        f"floor, no cancer, with the upper limit.{enriched_note(result)}"
    )


def _fit_text(result: ScoreDistribution) -> str:
    """Return the test of all shares in brackets, or nothing."""
    fit = result.expectation.fit
    if fit is None:
        return ""
    digits = 0 if fit.df == int(fit.df) else 1
    name = "Rao-Scott χ²" if "Rao-Scott" in fit.method else "χ²"
    return (
        f" ({name} against {stated_text(result)} each {number_text(fit.statistic, digits=1)}, "
        f"{number_text(fit.df, digits=digits)} df, {p_phrase(fit.p_value)}"
        f"{'; ' + fit.note if fit.note else ''})"
    )


def share_alt(result: ScoreDistribution) -> str:
    """Return the figure's alternative text."""
    top = result.scored.n_classes - 1
    share = estimate_text(result.reference.share[top])
    return (
        f"Bars of the share of each of {result.scored.n_classes} score classes, and points of "
        f"cancers per 1,000 by class on a log axis. {_size_clause(result)}. The highest class "
        f"holds {share}."
    )


def share_data(result: ScoreDistribution) -> pd.DataFrame:
    """Return all classes of all indications as they were drawn."""
    return pd.concat(
        [_group_data(result.scored, group) for group in (result.reference, *result.others)],
        ignore_index=True,
    )


def _group_data(scored: ScoredCases, group: GroupClasses) -> pd.DataFrame:
    """Return the classes of one indication."""
    return pd.DataFrame(
        {
            "indication": group.name,
            "score": scored.classes.names,
            "examinations": group.n,
            "share": [one.estimate for one in group.share],
            "share_low": [one.ci_low for one in group.share],
            "share_high": [one.ci_high for one in group.share],
            "verified": group.verified,
            "cancers": group.cancers,
            "cancers_per_1000": [one.estimate for one in group.rate],
            "rate_low": [one.ci_low for one in group.rate],
            "rate_high": [one.ci_high for one in group.rate],
        }
    )


def class_results(result: ScoreDistribution) -> dict[str, Result]:
    """Return the results of all classes for the record."""
    results: dict[str, Result] = {"order": result.order}
    if result.expectation.fit is not None:
        results["shares_fit"] = result.expectation.fit
    for group in (result.reference, *result.others):
        results[f"{group.name}.cancer_rate"] = group.total_rate
        results[f"{group.name}.found_at_top"] = group.found_at_top
        pairs = zip(group.share, group.rate, strict=True)
        for name, (share, rate) in zip(result.scored.classes.names, pairs, strict=True):
            results[f"{group.name}.share.{name}"] = share
            results[f"{group.name}.cancer_rate.{name}"] = rate
    return results
