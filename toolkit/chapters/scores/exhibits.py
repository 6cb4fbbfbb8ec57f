"""What chapter 04 shows: classes and their cancers, how soon they come, who has no score, drift."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.arrays import BoolArray, IntArray
from toolkit.chapters.case_words import INDICATION_WORDS
from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.scores.analysis import GroupClasses, ScoreStudy
from toolkit.chapters.scores.answer import (
    answer,
    classes_text,
    enriched_note,
    facts,
    largest_gap,
    limits,
    methods_text,
    question,
    reason_text,
    spread_text,
    stated_text,
    tolerance_text,
    top_text,
    without_text,
)
from toolkit.chapters.scores.drift import MonthlyShare, ScoreDrift
from toolkit.draw.capture import CapturePoint, CaptureRow, capture_figure
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.draw.monitoring import DriftStrip, drift_figure
from toolkit.draw.scores import ScoreGroup, score_figure
from toolkit.results import Estimate, Result
from toolkit.scoring.scores import STATUSES, ScoredCases
from toolkit.stats.calibration import CaptureCurve
from toolkit.stats.proportions import proportion_ci
from toolkit.words.sentences import ci_text, estimate_text
from toolkit.words.wording import (
    EM_DASH,
    capital,
    count_text,
    counted,
    joined,
    level_text,
    number_text,
    p_phrase,
    share_text,
    value_text,
)

STATUS_ROWS = {
    "complete": "Complete: a score",
    "no_score": "Complete: a call, no score",
    "failed": "Failed: sent, no valid score",
    "missing": "Missing: no result came",
    "not_recorded": "Not recorded: no reading in the data",
}
_MOST_NAMED = 3


def head(study: ScoreStudy) -> Headline:
    """Return the chapter's question and its answer."""
    return Headline(
        question=question(study), answer=answer(study), facts=facts(study), limits=limits(study)
    )


def shares(study: ScoreStudy) -> Exhibit:
    """Return the share of each class and the cancers per 1,000 in it."""
    group, scored = study.reference, study.scored
    if not group.n.sum():
        reason = study.expectation.obstacle or "no case has a score"
        return Exhibit(finding=f"No class can be shown: {reason}.")
    unit, size = scored.unit, _size_clause(study)
    weighted = ", weighted to the population they were sampled from" if study.weights_used else ""
    open_groups = joined([INDICATION_WORDS[one.name][0].lower() for one in study.others])
    own = INDICATION_WORDS[group.name][0].lower()
    filled = f" Filled, {own}; open, {open_groups}." if open_groups else ""
    level = level_text(group.total_rate.ci_level)
    return Exhibit(
        figure=_share_figure(study),
        finding=f"{size}; {_top_clause(study)}.",
        caption=(
            f"**a** {count_text(group.n.sum())} {reason_text(group)}{unit}s with a score"
            f"{without_text(study)}{weighted}{_fit_text(study)}. **b** Verified "
            f"{unit}s{weighted and ', weighted'}; lines, {level} CI "
            f"({methods_text(group.rate)}).{filled} Triangle on the floor, no cancer, with the "
            f"upper limit.{enriched_note(study)}"
        ),
        alt=(
            f"Bars of the share of each of {scored.n_classes} score classes, and points of cancers "
            f"per 1,000 by class on a log axis. {size}. The highest class holds "
            f"{estimate_text(group.share[scored.top])}."
        ),
        data=pd.concat([_group_data(scored, one) for one in study.groups], ignore_index=True),
    )


def _share_figure(study: ScoreStudy) -> Figure:
    """Return bars of the shares over points of the rates."""
    group, expectation, classes = study.reference, study.expectation, study.scored.classes
    without = " without cancer" if study.basis == "without_cancer" else ""
    axis = f"AI score of the {study.scored.unit}"
    return score_figure(
        classes.ticks,
        group.weighted_n,
        [
            ScoreGroup(
                label=INDICATION_WORDS[one.name][0].lower() if study.others else "",
                cancers=one.weighted_cancers,
                examinations=one.weighted_verified,
                # A class without verified cases is not drawn; its limits must only be numbers.
                low_per_1000=np.nan_to_num([rate.ci_low for rate in one.rate]),
                high_per_1000=np.nan_to_num([rate.ci_high for rate in one.rate]),
                filled=one is group,
            )
            for one in study.groups
            if one.verified.sum()
        ],
        expected_share=0.0 if expectation.obstacle else expectation.share or 0.0,
        share_label=f"Share of {reason_text(group)}{study.scored.unit}s{without}",
        axis_label=axis if classes.whole else f"Class of the {axis}",
    )


def _size_clause(study: ScoreStudy) -> str:
    """Return what is to be said of the size of the classes."""
    verdict = study.expectation.verdict
    if verdict == "no":
        _, held, stated = largest_gap(study)
        return f"The low classes are {'smaller' if held < stated else 'larger'} than stated"
    if verdict == "yes":
        return "The classes are as large as stated"
    fits = "" if verdict == "cannot" else f", which fits {stated_text(study)}"
    return f"The classes hold {spread_text(study)} each{fits}"


def _top_clause(study: ScoreStudy) -> str:
    """Return how many cancers of each indication are in the highest class."""
    groups = [group for group in study.groups if group.cancers.sum()]
    parts = [
        f"{count_text(group.cancers[-1])} of {count_text(group.cancers.sum())}"
        f"{'' if place else ' cancers'} {INDICATION_WORDS[group.name][1]}".strip()
        for place, group in enumerate(groups)
    ]
    if not parts:
        return "no cancer is known among them"
    return f"{top_text(study.scored)} holds {joined(parts)}"


def _fit_text(study: ScoreStudy) -> str:
    """Return the test of all shares in brackets, or nothing."""
    fit = study.expectation.fit
    if fit is None:
        return ""
    digits = 0 if fit.df == int(fit.df) else 1
    name = "Rao-Scott χ²" if "Rao-Scott" in fit.method else "χ²"
    return (
        f" ({name} against {stated_text(study)} each {number_text(fit.statistic, digits=1)}, "
        f"{number_text(fit.df, digits=digits)} df, {p_phrase(fit.p_value)}"
        f"{'; ' + fit.note if fit.note else ''})"
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


def class_table(study: ScoreStudy) -> Exhibit | None:
    """Return the classes of the reference group, highest first; None if it has no score at all."""
    scored, group = study.scored, study.reference
    if not (group.n.sum() or group.verified.sum()):
        return None
    limits = TableColumn(f"{level_text(group.total_rate.ci_level)} CI", align="center")
    named = [("In the class", "n"), ("In the class", "%"), ("Cancers", "n/N")]
    size, percent, cancers = (TableColumn(text, span=span) for span, text in named)
    name = "" if group.name == "all" else f", {INDICATION_WORDS[group.name][0].lower()}"
    view = TableView(
        title=f"{capital(scored.unit)}s and cancers by score{name}",
        columns=[
            TableColumn("Score", align="left"),
            size,
            percent,
            replace(limits, span="In the class"),
            cancers,
            TableColumn("per 1,000", span="Cancers"),
            replace(limits, span="Cancers"),
        ],
        rows=_class_rows(scored, [group], limits_of_share=True),
        foot=_class_foot(study),
    )
    return Exhibit(table=view)


def other_table(study: ScoreStudy) -> Exhibit | None:
    """Return the classes of the other indications side by side, or None where there are none."""
    scored = study.scored
    if not study.others:
        return None
    columns = [TableColumn("Score", align="left")]
    for group in study.others:
        span, level = INDICATION_WORDS[group.name][0], level_text(group.total_rate.ci_level)
        columns += [TableColumn(name, span=span) for name in ("n", "%", "Cancers", "per 1,000")]
        columns.append(TableColumn(f"{level} CI", align="center", span=span))
    methods = methods_text(tuple(rate for group in study.others for rate in group.rate))
    weights = f"{_weights_sentence(study)} ".lstrip()
    statement = (
        ""
        if study.expectation.share is None
        else f"The vendor's {stated_text(study)} is not about them. "
    )
    view = TableView(
        title=f"{capital(scored.unit)}s and cancers by score, other indications",
        columns=columns,
        rows=_class_rows(scored, study.others, limits_of_share=False),
        dense=True,
        foot=(
            f"n: {scored.unit}s with a score{without_text(study)}. Cancers: n/N of the verified. "
            f"{weights}{statement}CI: {methods}.{enriched_note(study)}"
        ),
    )
    return Exhibit(table=view)


def _class_rows(
    scored: ScoredCases, groups: Sequence[GroupClasses], *, limits_of_share: bool
) -> list[TableRow]:
    """Return a row a class, highest first, then all; the groups side by side."""
    rows, classes = [], scored.classes
    for number in range(scored.top, -1, -1):
        name = classes.names[number]
        cells = [name if classes.whole else f"{number + 1}: {name}"]
        for group in groups:
            share, rate = group.share[number], group.rate[number]
            cells += [count_text(group.n[number]), estimate_text(share, unit=False)]
            cells += [ci_text(share)] if limits_of_share else []
            cells += _cancer_cells(group.cancers[number], group.verified[number], rate)
        rows.append(TableRow(cells, "emphasis" if number == scored.top else "plain"))
    cells = ["All"]
    for group in groups:
        cells += [count_text(group.n.sum()), "100" if group.n.sum() else EM_DASH]
        cells += [""] if limits_of_share else []
        cells += _cancer_cells(group.cancers.sum(), group.verified.sum(), group.total_rate)
    return [*rows, TableRow(cells, rule=True)]


def _cancer_cells(cancers: int, verified: int, rate: Estimate) -> list[str]:
    """Return cancers of verified, their rate and its interval."""
    counts = f"{count_text(cancers)}/{count_text(verified)}"
    return [counts, estimate_text(rate, unit=False), ci_text(rate)]


def _class_foot(study: ScoreStudy) -> str:
    """Return population, methods and what was done about weights, women and missing truth."""
    scored, group = study.scored, study.reference
    unit = scored.unit
    n = int((scored.group(group.name) & scored.scored).sum() - group.verified.sum())
    has = "has" if n == 1 else "have"
    lacks = f"; {counted(n, unit)} with a score {has} no reference standard" if n else ""
    parts = [
        f"n: {reason_text(group)}{unit}s with a score{without_text(study)}.",
        f"Cancers: n/N of the verified{lacks}.",
        _weights_sentence(study),
        _scale_sentence(scored),
    ]
    if study.expectation.fit is not None:
        parts.append(
            f"The answer rests on wider intervals, which hold for all classes at once "
            f"(Bonferroni), against {stated_text(study)} ± {tolerance_text(study)}."
        )
    if scored.has_clusters:
        parts.append(f"{capital(unit)}s of one woman count as a cluster.")
    parts.append(f"CI: {methods_text((*group.share, *group.rate))}.{enriched_note(study)}")
    return " ".join(part for part in parts if part)


def _weights_sentence(study: ScoreStudy) -> str:
    """Return whether sampling weights were used, or nothing where there are none."""
    if study.weights_used:
        return "% and rates are weighted by the sampling weights, counts are not."
    if study.scored.weight is not None:
        return "The cases carry sampling weights; they were not used."
    return ""


def _scale_sentence(scored: ScoredCases) -> str:
    """Return how scores became classes, where that is not plain."""
    classes = scored.classes
    if not classes.whole:
        return "A class holds scores above its lower border, up to and with its upper one."
    scores = scored.score[scored.scored]
    if (scores == np.floor(scores)).all():
        return ""
    ways = {"nearest": "to the nearest class", "up": "up", "down": "down"}
    return f"Decimal scores are rounded {ways[classes.decimals]}."


def capture(study: ScoreStudy) -> Exhibit:
    """Return the capture curve with the share at the highest class by indication."""
    scored, curve, found_at_top = study.scored, study.capture, study.found_at_top
    unit, level = scored.unit, level_text(found_at_top.ci_level)
    if not curve.n_positive:
        return Exhibit(
            finding=f"How soon cancers are found cannot be shown: no {unit} with a score is known "
            "to hold one."
        )
    n_positive, highest = count_text(curve.n_positive), capital(top_text(scored))
    rows = _capture_rows(study)
    first = scored.n_classes - max(1, round(0.3 * scored.n_classes))  # three tenths of the classes
    found = sum(int(group.cancers[first:].sum()) for group in study.groups)
    taken = value_text(curve.x[study.capture_borders[first]], form="percent")
    verb = "holds" if first == scored.top else "hold"
    weighted = ", weighted to the population they were sampled from" if study.weights_used else ""
    mixed = ", all indications together" if study.others else ""
    panels = (
        f" **b** Share of the cancers in the highest class, {level} CI "
        f"({methods_text([found_at_top])})."
        if rows
        else ""
    )
    enriched = f" The share of {unit}s is that of this enriched set." if study.enriched else ""
    return Exhibit(
        figure=capture_figure(
            curve,
            points=_points(study),
            callout=_callout(study),
            rows=rows,
            y_label=f"Cancers found, % of {n_positive}",
            titles=("All indications together", f"{highest}, by indication"),
        ),
        finding=(
            f"{capital(classes_text(scored, first, scored.top))} {verb} {count_text(found)} of "
            f"{n_positive} cancers in {taken} of the {unit}s{mixed}."
        ),
        caption=(
            f"{'**a** ' if rows else ''}{count_text(curve.n_cases or 0)} verified {unit}s with a "
            f"score{mixed}, in falling order of the score{weighted}; squares, class borders; band, "
            f"{level} CI at each point ({curve.ci_method}); thin line, no information."
            f"{panels}{enriched}{_outside_text(scored)}"
        ),
        alt=(
            f"Curve of the cancers found against the {unit}s taken from the highest score down, "
            f"with a band. {highest} holds {estimate_text(found_at_top)} of the cancers."
        ),
        data=_capture_data(study),
    )


def _points(study: ScoreStudy) -> list[CapturePoint]:
    """Return the class borders on the curve, every second of them named."""
    top, names, curve = study.scored.top, study.scored.classes.ticks, study.capture
    points = []
    for number in range(top, 0, -1):
        place = study.capture_borders[number]
        # The highest class has a callout; the next two and then every second have a name.
        near = top - 2 <= number < top or (number < top - 2 and (top - number) % 2 == 0)
        label = f"{names[number]}–{names[top]}" if near and number > 2 else ""
        points.append(CapturePoint(x=curve.x[place], y=curve.y[place], label=label))
    return points


def _callout(study: ScoreStudy) -> str:
    """Return what the highest class alone finds."""
    scored, found = study.scored, study.found_at_top
    share = study.capture.x[study.capture_borders[scored.top]]
    return (
        f"{capital(top_text(scored))}: {count_text(found.numerator or 0)} of "
        f"{count_text(found.denominator or 0)} cancers\n"
        f"in {value_text(share, form='percent')} of the {scored.unit}s"
    )


def _capture_rows(study: ScoreStudy) -> list[CaptureRow]:
    """Return the share at the highest class of each indication that has cancers, and of all."""
    named = [(INDICATION_WORDS[g.name][0], g.found_at_top) for g in study.groups if g.cancers.sum()]
    if len(named) < 2:
        return []
    return [
        CaptureRow(
            label=label,
            estimate=found.estimate,
            low=found.ci_low,
            high=found.ci_high,
            text=f"{count_text(found.numerator or 0)}/{count_text(found.denominator or 0)}",
            pooled=found is study.found_at_top,
        )
        for label, found in (*named, ("All", study.found_at_top))
    ]


def _outside_text(scored: ScoredCases) -> str:
    """Return which cancers are outside of the curve, or nothing where all cases have a score."""
    if scored.scored.all():
        return ""
    outside = int(((scored.truth == 1) & ~scored.scored).sum())
    return (
        f" {capital(scored.unit)}s without a score are not in the curve; they hold "
        f"{counted(outside, 'cancer')}."
    )


def _capture_data(study: ScoreStudy) -> pd.DataFrame:
    """Return the curve at the class borders, highest class first."""
    curve, order = study.capture, study.capture_borders[::-1]
    return pd.DataFrame(
        {
            "classes_from": study.scored.classes.names[::-1],
            "examinations_taken": curve.x[order],
            "cancers_found": curve.y[order],
            "low": curve.ci_low[order],
            "high": curve.ci_high[order],
        }
    )


def status_sentence(study: ScoreStudy) -> str:
    """Return how many cases have no score and how many of the cancers are among them."""
    scored = study.scored
    without = ~scored.scored
    n, cancers = int(without.sum()), int((without & (scored.truth == 1)).sum())
    if not n:
        return f"Every eligible {scored.unit} has a score."
    has, pronoun = ("has", "it holds") if n == 1 else ("have", "they hold")
    known = int((scored.truth == 1).sum())
    held = f"{pronoun} {count_text(cancers)} of the {count_text(known)} cancers known"
    return (
        f"Of the eligible {scored.unit}s, {share_text(n, scored.n_cases)} {has} no score; "
        f"{held if known else 'no cancer is known'}."
    )


def status_table(study: ScoreStudy) -> Exhibit:
    """Return what the AI returned: rows that add up to the eligible cases."""
    scored, named = study.scored, _statuses(study)
    groups = scored.groups if len(scored.groups) > 1 else ()
    rows = [
        TableRow(
            [
                STATUS_ROWS[name],
                count_text(share.numerator or 0),
                estimate_text(share, unit=False),
                ci_text(share),
                *_count_cells(scored, scored.status == STATUSES.index(name)),
            ],
            "emphasis" if name == "complete" else "plain",
        )
        for name, share in named.items()
    ]
    n = count_text(scored.n_cases)
    hundred = "100" if scored.n_cases else EM_DASH
    everyone = _count_cells(scored, np.ones(scored.n_cases, dtype=bool))
    rows.append(TableRow([f"Eligible {scored.unit}s", n, hundred, "", *everyone], rule=True))
    view = TableView(
        title="What the AI returned",
        columns=[
            TableColumn("", align="left"),
            TableColumn("n"),
            TableColumn("%"),
            TableColumn(f"{level_text(named['complete'].ci_level)} CI", align="center"),
            *(TableColumn(INDICATION_WORDS[name][0], span="By indication") for name in groups),
            *(TableColumn(name, span="Reference standard") for name in ("Known", "Cancer")),
        ],
        rows=rows,
        foot=(
            f"N = {n} eligible {scored.unit}s of the data, % of all, not weighted. CI: "
            f"{methods_text(tuple(named.values()))}. No failed or missing score is taken as a low "
            "one."
        ),
    )
    return Exhibit(table=view)


def _statuses(study: ScoreStudy) -> dict[str, Estimate]:
    """Return the share of the eligible cases in each status that occurs, complete first."""
    counts = np.bincount(study.scored.status, minlength=len(STATUSES)).tolist()
    n, level = study.scored.n_cases, study.ci_level
    return {
        name: proportion_ci(count, n, ci_level=level, quantity="status_share", label=name)
        for name, count in zip(STATUSES, counts, strict=True)
        if count or name in ("complete", "failed", "missing")
    }


def _count_cells(scored: ScoredCases, rows: BoolArray) -> list[str]:
    """Return some cases by indication, of known truth and with cancer."""
    groups = scored.groups if len(scored.groups) > 1 else ()
    kinds = [*map(scored.group, groups), ~np.isnan(scored.truth), scored.truth == 1]
    return [count_text(int((rows & kind).sum())) for kind in kinds]


def drift(study: ScoreStudy) -> Exhibit:
    """Return one strip for each quantity by month."""
    scored, months = study.scored, study.drift
    unit, empty = scored.unit, scored.scored.all() and not months.top.n.any()
    if months.n_months < 2 or empty:
        counting = f"{unit} to count" if months.n_months else unit
        one = months.n_months == 1
        reason = f"all dated {unit}s are of one month" if one else f"no {counting} has a date"
        return Exhibit(
            finding=f"Whether the score stays the same over time cannot be shown: {reason}."
        )
    outside = [months.top.outside, months.unscored.outside, months.shift_outside]
    n_outside = sum(one.size for one in outside)
    return Exhibit(
        figure=_drift_figure(scored, months),
        finding=_drift_finding(scored, months, int(np.unique(np.concatenate(outside)).size)),
        caption=_drift_caption(scored, months),
        alt=(
            f"Strips by month over {counted(months.n_months, 'month')}: share of {scored.unit}s "
            "with the highest score, share without a score, shift of the classes. "
            f"{capital(counted(n_outside, 'point'))} out of limits."
        ),
        data=pd.DataFrame(
            {
                "month": np.arange(1, months.n_months + 1),
                "scored": months.top.n,
                "highest_class": months.top.count,
                "highest_low": months.top.low,
                "highest_high": months.top.high,
                "eligible": months.unscored.n,
                "without_score": months.unscored.count,
                "without_low": months.unscored.low,
                "without_high": months.unscored.high,
                "psi": months.shift_value,
                "psi_chance_limit": months.shift_limit,
            }
        ),
    )


def _drift_figure(scored: ScoredCases, months: ScoreDrift) -> Figure:
    """Return the strips that hold a value."""
    strips = [_strip(capital(top_text(scored)), months.top)]
    if not scored.scored.all():
        strips.append(_strip("No score", months.unscored))
    strips.append(
        DriftStrip(
            label="Shift (PSI)",
            note=f"against months 1–{months.baseline_months}",
            values=months.shift_value,
            low=np.zeros(months.n_months),
            high=months.shift_limit,
            centre=_by_chance(months),
            form="index",
            limit=months.psi_limit if months.psi_limit_usable else None,
            limit_label=f"limit given, {number_text(months.psi_limit, digits=2)}",
        )
    )
    # Without a case of the group its strips would be empty.
    drawn = [strip for strip in strips if not np.isnan(strip.values).all()]
    return drift_figure(list(range(1, months.n_months + 1)), drawn)


def _by_chance(months: ScoreDrift) -> float:
    """Return the stability index that a month of median size has by chance; NaN if none has."""
    known = months.shift_by_chance[~np.isnan(months.shift_by_chance)]
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


def _drift_finding(scored: ScoredCases, months: ScoreDrift, n_outside: int) -> str:
    """Return which months are out of limits, and with what."""
    causes = [
        f"in month {month}, {count_text(share.count[month - 1])} of "
        f"{count_text(share.n[month - 1])} {words}"
        for share, words in zip(
            (months.top, months.unscored), (f"had {top_text(scored)}", "had no score"), strict=True
        )
        for month in share.outside
    ]
    causes += [
        f"in month {month} the classes had shifted by a PSI of "
        f"{number_text(months.shift_value[month - 1], digits=2)}"
        for month in months.shift_outside
    ]
    if not causes:
        return "No month is out of limits."
    more = f" and {len(causes) - _MOST_NAMED} more" if len(causes) > _MOST_NAMED else ""
    named = "; ".join(causes[:_MOST_NAMED]) if more else joined(causes)
    months_are = f"{capital(counted(n_outside, 'month'))} {'is' if n_outside == 1 else 'are'}"
    return f"{months_are} out of limits: {named}{more}."


def _drift_caption(scored: ScoredCases, months: ScoreDrift) -> str:
    """Return what is drawn by month, how the limits were made, and what they can show."""
    unit, n = scored.unit, months.n_undated
    reason = "" if months.group == "all" else f"{months.group} "
    cancers = " without known cancer" if months.cancers_left_out else ""
    are = "is" if n == 1 else "are"
    undated = f" {capital(counted(n, unit))} without a date {are} in no month." if n else ""
    unscored = (
        f"every eligible {unit} has a score"
        if scored.scored.all()
        else f"share without a score among all eligible (median {_median(months.unscored.n)})"
    )
    return (
        f"Share with the highest score and population stability index (*PSI*) of the classes among "
        f"{reason}{unit}s with a score{cancers} (median {_median(months.top.n)} a month); "
        f"{unscored}; not weighted. Shaded, what chance explains, at the rarity of three standard "
        "errors (exact binomial for shares); orange, outside; line, mean, of the PSI that by "
        f"chance.{_psi_sentence(months)}{undated}"
    )


def _median(counts: IntArray) -> str:
    """Return the median count of the months."""
    return number_text(float(np.median(counts)), digits=0)


def _psi_sentence(months: ScoreDrift) -> str:
    """Return what the index is by chance, and whether the plan's limit can be used."""
    by_chance = _by_chance(months)
    if math.isnan(by_chance):
        return ""
    mean = number_text(by_chance, digits=2)
    limit = number_text(months.psi_limit, digits=2)
    if months.psi_limit_usable:
        return f" By chance the PSI is {mean}; the limit given is {limit}."
    reached = number_text(float(np.nanmedian(months.shift_limit)), digits=2)
    return (
        f" Months this small have a PSI of {mean} by chance and reach {reached}: the limit "
        f"given, {limit}, cannot be judged by month and is not drawn."
    )


def record(study: ScoreStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {"order": study.order}
    if study.expectation.fit is not None:
        results["shares_fit"] = study.expectation.fit
    for group in study.groups:
        results[f"{group.name}.cancer_rate"] = group.total_rate
        results[f"{group.name}.found_at_top"] = group.found_at_top
        pairs = zip(group.share, group.rate, strict=True)
        for name, (share, rate) in zip(study.scored.classes.names, pairs, strict=True):
            results[f"{group.name}.share.{name}"] = share
            results[f"{group.name}.cancer_rate.{name}"] = rate
    results |= {"capture": _at_borders(study), "found_at_top": study.found_at_top}
    results |= {f"status.{name}": share for name, share in _statuses(study).items()}
    results["drift.top_class"] = study.drift.top.overall
    results["drift.without_score"] = study.drift.unscored.overall
    known = [month for month in study.drift.shift if not math.isnan(month.estimate)]
    if known:
        results["drift.largest_shift"] = max(known, key=lambda month: month.estimate)
    return results


def _at_borders(study: ScoreStudy) -> CaptureCurve:
    """Return the curve at the class borders, so that a record lists no single scores."""
    curve = study.capture
    places = np.unique(np.append(study.capture_borders, 0))
    names = ("x", "y", "threshold", "ci_low", "ci_high")
    return replace(
        curve,
        method=f"{curve.method}, at the borders of classes",
        **{name: getattr(curve, name)[places] for name in names},
    )
