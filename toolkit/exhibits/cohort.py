"""What chapter 02 shows: the flow of examinations after STARD, and Table 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.figures.flow import FinalDiagnosis, Flow, FlowBox, FlowBranch, flow_figure
from toolkit.html import TableColumn, TableRow, TableView
from toolkit.results import Estimate, Result
from toolkit.scoring.cohort import Branch, Cohort, Diagnosis, branches
from toolkit.stats.balance import (
    StandardizedDifference,
    standardized_difference,
    standardized_difference_of_categories,
)
from toolkit.stats.proportions import wilson_ci
from toolkit.wording import count_text, joined, number_text, share_text

KINDS: dict[Diagnosis, Literal["cancer", "normal", "inconclusive"]] = {
    "cancer": "cancer",
    "no cancer": "normal",
    "not known": "inconclusive",
}
NUMBERS = {"age_years": "Age, years", "score": "AI score"}
CATEGORIES = {
    "density": "Breast density",
    "indication": "Indication",
    "site": "Site",
    "device": "Mammography system",
    "cancer_type": "Type of cancer",
}
MOST_CATEGORIES = 12  # a column with more values is not a characteristic but a list


def judged(found: Cohort, *, ci_level: float = 0.95) -> Estimate:
    """Return the share of examinations that can be judged."""
    return wilson_ci(len(found.judged), len(found.cases), ci_level=ci_level, quantity="judged")


def answer(found: Cohort) -> str:
    """Return the chapter's answer: how many can be judged, and what the others lack."""
    cases = found.cases
    n_judged = len(found.judged)
    what = "an AI score and a known diagnosis" if found.has_ai else "a known diagnosis"
    verb = "has" if n_judged == 1 else "have"
    lost = []
    if found.has_ai and (missing := int(cases["score"].isna().sum())):
        lost.append(f"{count_text(missing)} have no AI score")
    if unknown := int((cases["diagnosis"] == "not known").sum()):
        lost.append(f"{count_text(unknown)} no known diagnosis")
    rest = f" Of the others {joined(lost)}." if lost else ""
    return f"{share_text(n_judged, len(cases))} examinations {verb} {what}.{rest}"


def facts(found: Cohort) -> list[tuple[str, str]]:
    """Return the facts under the answer."""
    cases = found.cases
    cancers = cases["diagnosis"] == "cancer"
    women = "not recorded" if found.n_patients is None else count_text(found.n_patients)
    listed = [("Cancers", count_text(int(cancers.sum()))), ("Women", women)]
    if "exam_date" in cases and cases["exam_date"].notna().any():
        first, last = cases["exam_date"].min(), cases["exam_date"].max()
        listed.insert(0, ("Window", f"{first:%b %Y} to {last:%b %Y}"))
    if found.has_ai:
        none = int(cases["score"].isna().sum())
        listed.append(("No AI score", share_text(none, len(cases))))
    return listed


def _box(label: str, count: int, parts: Sequence[tuple[str, int]] = ()) -> FlowBox:
    """Return a box of the flow."""
    return FlowBox(label=label, count=count, parts=tuple(parts))


def _final(branch: Branch) -> tuple[FinalDiagnosis, ...]:
    """Return the final diagnoses of a branch."""
    return tuple(
        FinalDiagnosis(label=label.capitalize(), count=count, kind=KINDS[label])
        for label, count in branch.diagnoses
    )


def _flow_branch(branch: Branch, *, title: str) -> FlowBranch:
    """Return a branch as it is drawn: verified or not, then the diagnosis."""
    unknown = dict(branch.diagnoses)["not known"]
    parts = (("Verified", branch.count - unknown), ("Not verified", unknown))
    box = _box("Examinations", branch.count, parts)
    return FlowBranch(title=title, box=box, final=_final(branch))


def flow(found: Cohort, *, cutoff: float) -> Flow:
    """Return the counts of the STARD flow; they add up or this raises.

    Parameters
    ----------
    found : Cohort
        The examinations.
    cutoff : float
        Score from which up an examination is marked; of no meaning without an AI.
    """
    with_result, without = branches(found, cutoff=cutoff)
    n_excluded = sum(count for _, count in found.excluded)
    n_without = without.count if without else 0
    eligible = len(found.cases)
    other = None
    if without is not None and without.count:
        other = _flow_branch(without, title="")
    word = "With an AI score" if found.has_ai else "In this part of the study"
    return Flow(
        identified=_box("Examinations delivered", found.n_identified),
        excluded=_box("Other indications", n_excluded, found.excluded),
        eligible=_box("Eligible examinations", eligible),
        with_index=_box(word, eligible - n_without),
        without_index=_box(
            "No AI score, kept apart", n_without, without.reasons if without and n_without else ()
        ),
        branches=tuple(_flow_branch(branch, title=branch.label) for branch in with_result),
        without_index_branch=other,
        note=f"Accuracy is computed on {count_text(len(found.judged))} examinations.",
    )


def figure(counts: Flow, *, stamp: str) -> Figure:
    """Return the drawn flow."""
    return flow_figure(counts, stamp=stamp)


def flow_finding(found: Cohort) -> str:
    """Return the figure's finding."""
    return (
        f"From {count_text(found.n_identified)} examinations to "
        f"{count_text(len(found.judged))} that can be judged."
    )


def flow_caption(found: Cohort) -> str:
    """Return what the figure draws and what it leaves out."""
    apart = (
        " Examinations without a score are never counted as a low score." if found.has_ai else ""
    )
    return (
        "Flow after STARD 2015. Not verified: no reference standard yet, for example since the "
        f"follow-up is too short.{apart} What was left out before the data were delivered is not "
        "in the data and so not in the flow."
    )


def flow_alt(found: Cohort) -> str:
    """Return the figure's alternative text."""
    return (
        f"Flow diagram from {count_text(found.n_identified)} examinations delivered to "
        f"{count_text(len(found.judged))} with everything needed to judge accuracy."
    )


def flow_data(counts: Flow) -> pd.DataFrame:
    """Return the counts as they were drawn."""
    rows = [
        (box.label, "", box.count)
        for box in (
            counts.identified,
            counts.excluded,
            counts.eligible,
            counts.with_index,
            counts.without_index,
        )
    ]
    rest = [] if counts.without_index_branch is None else [counts.without_index_branch]
    for branch in (*counts.branches, *rest):
        label = branch.title or "all"
        rows += [(label, end.label, end.count) for end in branch.final]
    return pd.DataFrame(rows, columns=["box", "diagnosis", "examinations"])


def table_one(found: Cohort) -> TableView:
    """Return the characteristics of all examinations, of those with cancer and of the others."""
    cases = found.cases
    cancer = cases["diagnosis"] == "cancer"
    groups = (cases, cases[cancer], cases[~cancer])
    rows: list[TableRow] = []
    lacking: list[str] = []
    for name, label in NUMBERS.items():
        if name in cases and cases[name].notna().any():
            rows.append(_number_row(name, label, groups))
        elif name != "score" or found.has_ai:
            lacking.append("AI score" if name == "score" else "age")
    for name, label in CATEGORIES.items():
        if name in cases and 1 < cases[name].nunique(dropna=True) <= MOST_CATEGORIES:
            rows.extend(_category_rows(name, label, groups))
        elif name not in cases or cases[name].isna().all():
            lacking.append(label.lower())
    heads = [
        f"{name}, N = {count_text(len(group))}"
        for name, group in zip(("All", "Cancer", "No cancer or not known"), groups, strict=True)
    ]
    columns = [TableColumn("", align="left"), *map(TableColumn, heads), TableColumn("SMD")]
    empty = TableRow(["No characteristic is recorded", *["—"] * 4])
    without = f" Not recorded here: {joined(lacking)}." if lacking else ""
    return TableView(
        title="Examinations, by final diagnosis",
        columns=columns,
        rows=rows or [empty],
        foot=(
            "Median (quartiles) or n (%). *SMD*, standardised mean difference, the last two "
            "columns; no test of significance, since the groups differ by definition. Percentages "
            f"are of those recorded.{without}"
        ),
    )


def _number_row(name: str, label: str, groups: Sequence[pd.DataFrame]) -> TableRow:
    """Return median and quartiles of each group, and the difference of the last two."""
    cells = []
    for group in groups:
        values = group[name].dropna().to_numpy(dtype=np.float64)
        digits = 1 if name == "score" else 0
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75)) if values.size else (np.nan,) * 3
        cells.append(
            f"{number_text(middle, digits=digits)} ({number_text(low, digits=digits)}–"
            f"{number_text(high, digits=digits)})"
            if values.size
            else "—"
        )
    difference = standardized_difference(*(group[name].dropna() for group in groups[1:]))
    return TableRow([f"{label}: median (quartiles)", *cells, _smd(difference)])


def _category_rows(name: str, label: str, groups: Sequence[pd.DataFrame]) -> list[TableRow]:
    """Return one row a category with counts and percentages, under a head with the difference."""
    values = sorted(groups[0][name].dropna().unique())
    counts = [[int((group[name] == value).sum()) for value in values] for group in groups]
    difference = standardized_difference_of_categories(counts[1], counts[2])
    rows = [TableRow([f"{label}, n (%)", "", "", "", _smd(difference)], kind="space")]
    for number, value in enumerate(values):
        text = str(value).replace("_", " ")
        shown = text[:1].upper() + text[1:]
        cells = [_share(group[number], sum(group)) for group in counts]
        rows.append(TableRow([shown, *cells, ""], kind="sub"))
    missing = [int(group[name].isna().sum()) for group in groups]
    if missing[0]:
        rows.append(TableRow(["Not recorded", *map(count_text, missing), ""], kind="sub"))
    return rows


def _share(count: int, whole: int) -> str:
    """Return a count with its percentage."""
    return f"{count_text(count)} ({number_text(100 * count / whole, digits=1)})" if whole else "—"


def _smd(difference: StandardizedDifference) -> str:
    """Return a standardized difference without its sign."""
    return "—" if difference.note else number_text(abs(difference.estimate), digits=2)


def record(found: Cohort) -> dict[str, Result]:
    """Return the numbers of the chapter by name."""
    cases = found.cases
    results: dict[str, Result] = {"judged": judged(found)}
    results["cancer"] = wilson_ci(
        int((cases["diagnosis"] == "cancer").sum()), len(cases), quantity="share_with_cancer"
    )
    if found.has_ai:
        results["no_score"] = wilson_ci(
            int(cases["score"].isna().sum()), len(cases), quantity="share_without_score"
        )
    return results
