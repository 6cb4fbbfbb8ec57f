"""What chapter 04 shows of the scores over time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.arrays import IntArray
from toolkit.chapters.scores.score_drift import MonthlyShare, ScoreDrift
from toolkit.chapters.scores.scores import ScoredCases
from toolkit.chapters.scores.show_scores import classes_text, sentence
from toolkit.draw.monitoring import DriftStrip, drift_figure
from toolkit.results import Result
from toolkit.words.sentences import estimate_text
from toolkit.words.wording import count_text, counted, joined, number_text

_MOST_NAMED = 3


def _comparable(drift: ScoreDrift) -> bool:
    """Whether there are months to compare."""
    return drift.n_months > 1


def figure(scored: ScoredCases, drift: ScoreDrift) -> Figure | None:
    """Return one strip for each quantity by month; None with fewer than two months."""
    if not _comparable(drift):
        return None
    months = list(range(1, drift.n_months + 1))
    shift = DriftStrip(
        label="Shift (PSI)",
        note=f"against months 1–{drift.baseline_months}",
        values=drift.shift_value,
        low=np.zeros(drift.n_months),
        high=drift.shift_limit,
        centre=_by_chance(drift),
        form="index",
        limit=drift.psi_limit if drift.psi_limit_usable else None,
        limit_label=f"limit in the plan, {number_text(drift.psi_limit, digits=2)}",
    )
    top = scored.n_classes - 1
    strips = [_strip(sentence(classes_text(scored, top, top)), drift.top)]
    if not scored.scored.all():
        strips.append(_strip("No score", drift.unscored))
    strips.append(shift)
    # Without a case of the group its strips would be empty.
    drawn = [strip for strip in strips if not np.isnan(strip.values).all()]
    return drift_figure(months, drawn)


def _by_chance(drift: ScoreDrift) -> float:
    """Return the stability index that a month of median size has by chance; NaN if none has."""
    known = drift.shift_by_chance[~np.isnan(drift.shift_by_chance)]
    return float(np.median(known)) if known.size else math.nan


def _strip(label: str, share: MonthlyShare) -> DriftStrip:
    """Return a share by month."""
    return DriftStrip(
        label=label,
        note=f"mean {estimate_text(share.overall)}",
        values=share.value,
        low=share.low,
        high=share.high,
        centre=share.overall.estimate,
        form="percent",
    )


def finding(scored: ScoredCases, drift: ScoreDrift) -> str:
    """Return which months are out of limits, and with what."""
    if not _comparable(drift):
        reason = (
            f"no {scored.unit} has a date"
            if not drift.n_months
            else f"all dated {scored.unit}s are of one month"
        )
        return f"Whether the score stays the same over time cannot be shown: {reason}."
    top = scored.n_classes - 1
    causes = [
        *_causes(drift.top, f"had {classes_text(scored, top, top)}"),
        *_causes(drift.unscored, "had no score"),
        *(
            f"in month {month} the classes had shifted by a PSI of "
            f"{number_text(drift.shift_value[month - 1], digits=2)}"
            for month in drift.shift_outside
        ),
    ]
    if not causes:
        return "No month is out of limits."
    n_months = np.unique(
        np.concatenate([drift.top.outside, drift.unscored.outside, drift.shift_outside])
    ).size
    more = f" and {len(causes) - _MOST_NAMED} more" if len(causes) > _MOST_NAMED else ""
    named = "; ".join(causes[:_MOST_NAMED]) if more else joined(causes)
    verb = "is" if n_months == 1 else "are"
    return f"{sentence(counted(n_months, 'month'))} {verb} out of limits: {named}{more}."


def _causes(share: MonthlyShare, words: str) -> list[str]:
    """Return each month out of limits with its counts."""
    return [
        f"in month {month}, {count_text(share.count[month - 1])} of "
        f"{count_text(share.n[month - 1])} {words}"
        for month in share.outside
    ]


def caption(scored: ScoredCases, drift: ScoreDrift) -> str:
    """Return what is drawn by month, how the limits were made, and what they can show."""
    if not _comparable(drift):
        return ""
    unit = scored.unit
    reason = "" if drift.group == "all" else f"{drift.group} "
    cancers = " without known cancer" if drift.cancers_left_out else ""
    undated = (
        f" {sentence(counted(drift.n_undated, unit))} without a date "
        f"{'is' if drift.n_undated == 1 else 'are'} in no month."
        if drift.n_undated
        else ""
    )
    unscored = (
        f"every eligible {unit} has a score"
        if scored.scored.all()
        else f"share without a score among all eligible (median {_median(drift.unscored.n)})"
    )
    return (
        f"Share with the highest score and population stability index (*PSI*) of the classes among "
        f"{reason}{unit}s with a score{cancers} (median {_median(drift.top.n)} a month); "
        f"{unscored}; not weighted. Shaded, what chance explains, at the rarity of three standard "
        "errors (exact binomial for shares); orange, outside; line, mean, of the PSI that by "
        f"chance.{_psi_sentence(drift)}{undated}"
    )


def _median(counts: IntArray) -> str:
    """Return the median count of the months."""
    return number_text(float(np.median(counts)), digits=0)


def _psi_sentence(drift: ScoreDrift) -> str:
    """Return what the index is by chance, and whether the plan's limit can be used."""
    by_chance = _by_chance(drift)
    if math.isnan(by_chance):
        return ""
    mean = number_text(by_chance, digits=2)
    limit = number_text(drift.psi_limit, digits=2)
    if drift.psi_limit_usable:
        return f" By chance the PSI is {mean}; the plan's limit is {limit}."
    reached = number_text(float(np.nanmedian(drift.shift_limit)), digits=2)
    return (
        f" Months this small have a PSI of {mean} by chance and reach {reached}: the plan's limit "
        f"of {limit} cannot be judged by month and is not drawn."
    )


def alt(scored: ScoredCases, drift: ScoreDrift) -> str:
    """Return the figure's alternative text."""
    outside = sum(m.size for m in (drift.top.outside, drift.unscored.outside, drift.shift_outside))
    return (
        f"Strips by month over {counted(drift.n_months, 'month')}: share of {scored.unit}s with "
        "the highest score, share without a score, shift of the classes. "
        f"{sentence(counted(outside, 'point'))} out of limits."
    )


def data(drift: ScoreDrift) -> pd.DataFrame:
    """Return the months as they were drawn."""
    return pd.DataFrame(
        {
            "month": np.arange(1, drift.n_months + 1),
            "scored": drift.top.n,
            "highest_class": drift.top.count,
            "highest_low": drift.top.low,
            "highest_high": drift.top.high,
            "eligible": drift.unscored.n,
            "without_score": drift.unscored.count,
            "without_low": drift.unscored.low,
            "without_high": drift.unscored.high,
            "psi": drift.shift_value,
            "psi_chance_limit": drift.shift_limit,
        }
    )


def results(drift: ScoreDrift) -> dict[str, Result]:
    """Return shares over all months and the month with the largest shift for the record."""
    named: dict[str, Result] = {
        "drift.top_class": drift.top.overall,
        "drift.without_score": drift.unscored.overall,
    }
    known = [month for month in drift.shift if not math.isnan(month.estimate)]
    if known:
        named["drift.largest_shift"] = max(known, key=lambda month: month.estimate)
    return named
