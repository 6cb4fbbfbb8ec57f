"""What chapter 01 shows: which rules found something, what is missing, where the score drifts.

A page goes to reviewers, so it holds counts alone: no case, no date and no woman is named.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from toolkit.arrays import FloatArray, IntArray
from toolkit.chapters.data_quality.analysis import LEAST_A_ROW, Drift, DriftRow, QualityStudy
from toolkit.chapters.data_quality.rules import RuleResult, Severity
from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.draw.matrix import ShareRow, share_matrix_figure
from toolkit.results import Result
from toolkit.stats.proportions import proportion_ci
from toolkit.words.wording import (
    capital,
    count_text,
    counted,
    in_sentence,
    joined,
    number_text,
    p_text,
    share_text,
    value_text,
)

SEVERITY_HEADS: dict[Severity, str] = {
    "error": "Errors: two statements that exclude each other",
    "look": "To look at: unusual, and may have its reason",
}
KIND_HEADS = {"device": "By device", "site": "By site"}
_MOST_NAMED = 3


def head(study: QualityStudy) -> Headline:
    """Return the chapter's question and its answer: how many rules found something."""
    n_checked, broken = len(study.checked), study.broken
    if not n_checked:
        answer = "No rule could be checked: the data lack the columns."
    elif not broken:
        answer = f"None of {counted(n_checked, 'rule')} found anything."
    else:
        first = broken[0]
        answer = (
            f"{capital(counted(len(broken), 'of', 'of'))} {counted(n_checked, 'rule')} found "
            f"something; the most frequent, {in_sentence(first.rule.name)}, holds for "
            f"{_of(first)} {first.rule.unit}."
        )
    if study.apart:
        answer += f" {_apart_sentence(study.apart)}"
    errors = study.of_severity("error")
    return Headline(
        question="What in the data is suspicious, although every table passed its checks?",
        answer=answer,
        facts=[
            ("Errors", _found_by(errors)),
            ("To look at", _found_by(study.of_severity("look"))),
            (
                "Not checked",
                f"{count_text(len(study.results) - n_checked)} of "
                f"{count_text(len(study.results))} rules",
            ),
        ],
        limits=_limits(study),
    )


def _found_by(results: Sequence[RuleResult]) -> str:
    """Return by how many rules how many things were found."""
    if not results:
        return "none"
    issues = sum(result.issues for result in results)
    return f"{count_text(issues)} by {counted(len(results), 'rule')}"


def _limits(study: QualityStudy) -> list[str]:
    """Return what the rules cannot say."""
    limits = ["A rule finds what contradicts itself, not what is wrong and fits."]
    left = len(study.results) - len(study.checked)
    if left:
        verb = "was" if left == 1 else "were"
        limits.append(f"{capital(counted(left, 'rule'))} {verb} not checked; the chapter says why.")
    return limits


def _of(result: RuleResult) -> str:
    """Return how many of how many things a rule found."""
    found = result.found
    return share_text(found.issues, found.checked) if found else ""


def _apart_sentence(rows: Sequence[DriftRow]) -> str:
    """Return whose scores stand apart."""
    names = [row.label for row in rows]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    shown = "; ".join(names[:_MOST_NAMED]) if more else joined(names)
    return f"The AI's scores differ from the others in {shown}{more}."


def entry(study: QualityStudy) -> str:
    """Return what was refused before, so that no rule here repeats it."""
    return (
        f"The {counted(study.n_cases, study.unit)} of this part passed entry, where a table is "
        "refused with a key that repeats, a row that points at nothing, a value outside its range "
        "(age, density, score), a cancer long before the examination, a reading on an earlier day "
        "than the examination, or an image of the other breast. The rules look at what is left."
    )


def rules_table(study: QualityStudy) -> Exhibit | None:
    """Return every rule with what it found, errors first; None where none could be checked."""
    if not study.checked:
        return None
    rows: list[TableRow] = []
    for severity in SEVERITY_HEADS:
        found = study.of_severity(severity)
        if found:
            rows.append(TableRow([SEVERITY_HEADS[severity]], kind="group"))
            rows += map(_row, found)
    clean = [result for result in study.checked if not result.issues]
    if clean:
        rows.append(TableRow(["Found nothing"], kind="group"))
        rows += map(_row, clean)
    return Exhibit(
        table=TableView(
            title="What the rules found",
            columns=[
                TableColumn("Rule", align="left"),
                TableColumn("Counted", align="left"),
                TableColumn("Found"),
                TableColumn("Of"),
                TableColumn("%"),
            ],
            rows=rows,
            foot=(
                "Of: what has all values that the rule needs. An order in time counts as known on "
                "one day only if both moments have a time of day. Counts, not weighted; no case is "
                "named on this page."
            ),
        )
    )


def _row(result: RuleResult) -> TableRow:
    """Return the row of a rule that was checked."""
    n, of = (result.found.issues, result.found.checked) if result.found else (0, 0)
    share = value_text(n / of, form="percent", unit=False)
    cells = [result.rule.name, result.rule.unit, count_text(n), count_text(of), share]
    return TableRow(cells, kind="sub")


def not_checked(study: QualityStudy) -> Exhibit | None:
    """Return the rules that could not be checked, each with the reason."""
    rows = [
        TableRow([result.rule.name, result.reason])
        for result in study.results
        if result.found is None
    ]
    if not rows:
        return None
    return Exhibit(
        table=TableView(
            title="Rules that could not be checked",
            columns=[TableColumn("Rule", align="left"), TableColumn("Because", align="left")],
            rows=rows,
            foot="A column without any value counts as not there.",
        )
    )


def versions(study: QualityStudy) -> str:
    """Return which versions of an AI read how many cases, and in which months."""
    found = next(result for result in study.results if result.rule.key == "other_ai_version").found
    if found is None:
        return "No AI read in this part."
    if not found.detail:
        return "Every AI has one version in this part."
    return (
        f"An AI has more than one version: {found.detail}. Months count from the first "
        "examination. Two versions are two readers and are never pooled."
    )


def missing(study: QualityStudy) -> Exhibit:
    """Return the share of missing values of each column, by period of the examination."""
    if not study.missing:
        return Exhibit(finding="No column that holds values lacks any where it could have one.")
    periods = study.periods
    rows, last = [], ""
    for column in study.missing:
        by_period = _share(column.missing, column.n)
        rows.append(
            ShareRow(
                label=column.column,
                values=[column.missing_all / column.n_all, *by_period],
                note=f"{count_text(column.missing_all)} of {count_text(column.n_all)}",
                group=capital(column.table) if column.table != last else "",
            )
        )
        last = column.table
    most = max(study.missing, key=lambda column: column.missing_all / column.n_all)
    words = share_text(most.missing_all, most.n_all)
    return Exhibit(
        figure=share_matrix_figure(
            rows,
            columns=["All", *map(str, range(1, periods.n + 1))],
            column_title=(
                f"Values missing, by {periods.word} of the examination"
                if periods.n
                else "Values missing"
            ),
            note_title="Missing",
        ),
        finding=(
            f"{capital(counted(len(rows), 'column'))} {'lacks' if len(rows) == 1 else 'lack'} some "
            f"values, most of all {most.column} of the {most.table}: {words}."
        ),
        caption=(
            "Share of rows without a value, the darker the more; of readings, those that were "
            "made. Where a column says nothing of a row (the date of a cancer where there is "
            "none) nothing is missing. Columns that hold every value, and columns that hold none, "
            "are not drawn."
        ),
        alt=(
            "Matrix of missing values, columns of the tables by "
            f"{periods.word}, darker for more. Most: {most.column}, {words}."
        )[:250],
        data=pd.DataFrame(
            {
                "table": [column.table for column in study.missing],
                "column": [column.column for column in study.missing],
                "missing": [column.missing_all for column in study.missing],
                "rows": [column.n_all for column in study.missing],
                **{
                    f"{periods.word}_{number + 1}": [
                        float(_share(column.missing, column.n)[number]) for column in study.missing
                    ]
                    for number in range(periods.n)
                },
            }
        ),
    )


def _share(some: IntArray, of: IntArray) -> FloatArray:
    """Return shares, NaN where there is nothing."""
    share = np.full(some.shape, math.nan)
    np.divide(some, of, out=share, where=of > 0)
    return share


def drift(study: QualityStudy) -> Exhibit:
    """Return the classes of the score by period, device and site, with the indices beside."""
    found = study.drift
    if found is None or not found.rows:
        reason = study.no_drift or "there are no two periods, devices or sites to compare"
        return Exhibit(finding=f"Drift of the AI's score cannot be shown: {reason}.")
    apart = study.apart
    heads = {**KIND_HEADS, "period": f"By {study.periods.word}"}
    rows, last = [], ""
    for row in found.rows:
        gap = number_text(row.gap.estimate, digits=2)
        psi = number_text(row.shift.estimate, digits=2)
        limit = number_text(row.limit, digits=2)
        rows.append(
            ShareRow(
                label=row.label,
                values=_share(row.counts, np.full_like(row.counts, row.counts.sum())),
                note=f"{psi} ({limit}), {gap}",
                group=heads[row.kind] if row.kind != last else "",
                outside=row.apart(study.psi_limit),
            )
        )
        last = row.kind
    largest = max(
        found.rows, key=lambda row: -1 if math.isnan(row.gap.estimate) else row.gap.estimate
    )
    return Exhibit(
        figure=share_matrix_figure(
            rows,
            columns=found.classes,
            column_title="Share of the cases in each class of the score, %",
            note_title="PSI (by chance), KS",
        ),
        finding=(
            _apart_sentence(apart)
            if apart
            else "No period, device or site has scores that differ by more than chance explains "
            f"and than the limit given, {number_text(study.psi_limit, digits=2)}."
        ),
        caption=_drift_caption(study, found),
        alt=(
            f"Matrix of score classes by {study.periods.word}, device and site. "
            f"{capital(counted(len(apart), 'row'))} apart; largest Kolmogorov-Smirnov distance "
            f"{number_text(largest.gap.estimate, digits=2)}."
        ),
        data=_drift_data(found),
    )


def _drift_caption(study: QualityStudy, found: Drift) -> str:
    """Return what is drawn, what it is compared with, and what it cannot show."""
    word = study.periods.word
    group = "" if found.group == "all" else f"{found.group} "
    small = (
        f" Rows of fewer than {count_text(LEAST_A_ROW)} cases are not shown ({found.n_small})."
        if found.n_small
        else ""
    )
    p = min((row.p_adjusted for row in found.rows if not math.isnan(row.p_adjusted)), default=1.0)
    return (
        f"{found.ai}, {count_text(found.n_cases)} {group}{study.unit}s with a score and without "
        f"known cancer, not weighted. Each {word} is compared with the first "
        f"{counted(found.baseline, word)} (each of these with the rest of them), each device and "
        "site with all others. *PSI*, population stability index of the classes, in brackets what "
        "chance alone exceeds as rarely as three standard errors; vermillion where the index is "
        f"above that and above {number_text(study.psi_limit, digits=2)}. *KS*, Kolmogorov-Smirnov "
        f"distance of the scores; smallest P of all rows after Holm, {p_text(p)}. Women who were "
        "examined again are taken as independent, and women of one device or site may differ in "
        f"age and density: a difference is not by itself the machine's.{small}"
    )


def _drift_data(found: Drift) -> pd.DataFrame:
    """Return every row that was compared."""
    return pd.DataFrame(
        {
            "by": [row.kind for row in found.rows],
            "label": [row.label for row in found.rows],
            "cases": [int(row.counts.sum()) for row in found.rows],
            "psi": [row.shift.estimate for row in found.rows],
            "psi_by_chance": [row.limit for row in found.rows],
            "ks": [row.gap.estimate for row in found.rows],
            "ks_p": [row.gap.p_value for row in found.rows],
            "ks_p_holm": [row.p_adjusted for row in found.rows],
            **{
                f"class_{name}": [int(row.counts[number]) for row in found.rows]
                for number, name in enumerate(found.classes)
            },
        }
    )


def record(study: QualityStudy) -> dict[str, Result]:
    """Return the share that each rule found, and each comparison of the scores."""
    results: dict[str, Result] = {}
    for result in study.checked:
        if result.found is not None:
            results[f"rule.{result.rule.key}"] = proportion_ci(
                result.found.issues,
                result.found.checked,
                quantity="share_with_issue",
                label=result.rule.name,
            )
    for row in study.drift.rows if study.drift else ():
        results[f"drift.{row.kind}.{row.label}.psi"] = row.shift
        results[f"drift.{row.kind}.{row.label}.ks"] = row.gap
    return results
