"""What chapter 02 says and shows: who can be judged, the flow after STARD, and Table 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from toolkit.arrays import FloatArray
from toolkit.chapters.case_words import score_text
from toolkit.chapters.cohort.analysis import (
    CATEGORIES,
    GROUPS,
    NUMBERS,
    Branch,
    CohortStudy,
    Diagnosis,
    Fate,
    Index,
    References,
    categories,
)
from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.draw.flow import FinalDiagnosis, Flow, FlowBox, FlowBranch, flow_figure
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.results import Result
from toolkit.scoring.case_mix import sampling_weight, weights_differ
from toolkit.stats.monitoring import StandardizedDifference
from toolkit.stats.proportions import proportion_ci
from toolkit.words.wording import (
    EM_DASH,
    NO_BREAK_SPACE,
    WORD_JOINER,
    capital,
    count_text,
    counted,
    joined,
    number_text,
    share_text,
)

ENDS: dict[Diagnosis, tuple[str, Literal["cancer", "normal", "inconclusive"]]] = {
    "cancer": ("Cancer", "cancer"),
    "no cancer": ("No cancer", "normal"),
    "not known": ("Inconclusive", "inconclusive"),
}
# What an examination must have beside a known diagnosis, by what the flow parts.
RESULTS: dict[Index, str] = {
    "score": "AI score",
    "call": "AI result",
    "reading": "complete reading",
    "none": "",
}
REASONS = {
    "call only": "Call without a score",
    "failed": "Failed",
    "missing": "No result came",
    "not recorded": "Not in the readings",
}
# Columns that make no row of Table 1, by the words that its foot has for them.
WITHOUT_ROW: dict[Fate, str] = {
    "lacking": "Not recorded",
    "same": "The same for all",
    "many": "Too many values to list",
}


def _noun(study: CohortStudy, n: int) -> str:
    """Return the word for so many rows."""
    return study.unit if n == 1 else f"{study.unit}s"


def _unknown(study: CohortStudy) -> pd.Series[bool]:
    """Return which examinations have no known diagnosis."""
    return study.cases["diagnosis"] == "not known"


def head(study: CohortStudy) -> Headline:
    """Return the chapter's question and its answer."""
    question = f"How many of the {study.unit}s can be judged?"
    return Headline(question=question, answer=_answer(study), facts=_facts(study))


def _with_article(study: CohortStudy) -> str:
    """Return what the flow parts, with its article; empty where there is nothing."""
    test = RESULTS[study.index]
    return f"{'an' if test.startswith('AI') else 'a'} {test}" if test else ""


def _answer(study: CohortStudy) -> str:
    """Return the chapter's answer: how many can be judged, and what the others lack."""
    total, n_judged = len(study.cases), len(study.judged)
    what = " and ".join(filter(None, (_with_article(study), "a known diagnosis")))
    if n_judged == total:
        subject = "The only" if total == 1 else f"All {count_text(total)}"
    elif n_judged:
        subject = share_text(n_judged, total)
    else:
        subject = f"None of the {count_text(total)}"
    verb = "has" if n_judged <= 1 else "have"
    sentences = [*_left_out(study), f"{subject} {_noun(study, total)} {verb} {what}."]
    return " ".join([*sentences, *_lacking(study), *_weights(study)])


def _weights(study: CohortStudy) -> list[str]:
    """Return that counts are those of the sample, where its cases stand for others."""
    if not weights_differ(sampling_weight(study.cases)):
        return []
    return ["Its sampling weights are not applied: these are counts of the sample as drawn."]


def _left_out(study: CohortStudy) -> list[str]:
    """Return a sentence on those left out by their indication, if any were."""
    left = study.n_identified - len(study.cases)
    if not left:
        return []
    verb = "has another indication and was" if left == 1 else "have another indication and were"
    units = _noun(study, study.n_identified)
    return [f"{share_text(left, study.n_identified)} {units} {verb} left out."]


def _lacking(study: CohortStudy) -> list[str]:
    """Return a sentence on what the others lack, if there are others; its counts add up to them."""
    unknown, untested = _unknown(study), study.cases["result"].isna()
    reasons = (
        (int((unknown & ~untested).sum()), "the diagnosis"),
        (int((untested & ~unknown).sum()), f"the {RESULTS[study.index]}"),
        (int((untested & unknown).sum()), "both"),
    )
    present = [(n, words) for n, words in reasons if n]
    if not present:
        return []
    total = sum(n for n, _ in present)
    some = total < len(study.cases)
    if len(present) == 1:
        subject = f"The other {count_text(total)} {'lacks' if total == 1 else 'lack'}"
        return [f"{subject if some else 'All lack'} {present[0][1]}."]
    (first, words), *rest = present
    listed = [
        f"{count_text(first)} {'lacks' if first == 1 else 'lack'} only {words}",
        *(f"{count_text(n)} {'' if w == 'both' else 'only '}{w}" for n, w in rest),
    ]
    subject = f"Of the other {count_text(total)}" if some else "Of these"
    return [f"{subject}, {joined(listed)}."]


def _facts(study: CohortStudy) -> list[tuple[str, str]]:
    """Return the facts under the answer."""
    cases = study.cases
    cancers = cases["diagnosis"] == "cancer"
    words = count_text(int(cancers.sum()))
    if study.index != "none":
        tested = int((cancers & cases["result"].notna()).sum())
        every = tested == cancers.sum() > 0
        words += f", {'all' if every else f'of which {count_text(tested)}'} with "
        words += _with_article(study)
    listed = [("Window", _window(cases)), ("Cancers", words), ("Women", _women(study))]
    if study.index in ("score", "call"):
        return [*listed, ("AI", study.ai)]
    known = len(cases) - int(_unknown(study).sum())
    return [*listed, ("Known diagnosis", share_text(known, len(cases)))]


def _window(cases: pd.DataFrame) -> str:
    """Return first and last month of the examinations."""
    if "exam_date" not in cases or cases["exam_date"].isna().all():
        return "dates not recorded"
    first, last = f"{cases['exam_date'].min():%b %Y}", f"{cases['exam_date'].max():%b %Y}"
    return first if first == last else f"{first} to {last}"


def _women(study: CohortStudy) -> str:
    """Return how many women there are, and whether rows cluster in them."""
    if not study.n_women:
        return "not recorded"
    most = study.most_of_one_woman
    unit = study.unit
    words = f"{count_text(study.n_women)}, "
    words += f"one {unit} each" if most == 1 else f"up to {counted(most, unit)} each"
    if study.n_without_woman:
        words += f"; not recorded for {counted(study.n_without_woman, unit)}"
    return words


def _reference_labels(study: CohortStudy) -> dict[References, str]:
    """Return the words for how well the truth is known."""
    short = f"<{NO_BREAK_SPACE}{study.follow_up_months_needed:g}{NO_BREAK_SPACE}months"
    return {
        "verified": "Verified",
        "verified_short": f"Verified, {short}",
        "unverified_short": f"Not verified, {short}",
        "unverified": "Not verified",
    }


def _flow_branch(branch: Branch, study: CohortStudy, shown: Sequence[References]) -> FlowBranch:
    """Return a branch as it is drawn: how it was verified, then the diagnosis."""
    labels = _reference_labels(study)
    parts = tuple((labels[name], branch.references[name]) for name in shown)
    final = tuple(
        FinalDiagnosis(label=ENDS[name][0], count=count, kind=ENDS[name][1])
        for name, count in branch.diagnoses.items()
    )
    box = FlowBox(label=f"{study.unit.capitalize()}s", count=branch.count, parts=parts)
    return FlowBranch(title=branch.label, box=box, final=final)


def _shown_references(study: CohortStudy) -> list[References]:
    """Return the states of the reference standard that the flow names: those that occur."""
    occur = set(study.cases["reference"])
    shown: list[References] = [name for name in _reference_labels(study) if name in occur]
    always: list[References] = ["verified"]
    if not occur & {"unverified", "unverified_short"}:
        always.append("unverified")
    return [name for name in _reference_labels(study) if name in {*shown, *always}]


def flow_counts(study: CohortStudy) -> Flow:
    """Return the counts of the STARD flow; they add up or this raises a ValueError."""
    without = study.without
    shown = _shown_references(study)
    test, units, n_judged = RESULTS[study.index], f"{study.unit}s", len(study.judged)
    reasons = tuple((REASONS[name], n) for name, n in without.states.items() if n)
    left_out = "Other indications" if study.restricted else "Left out by this chapter"
    other = _flow_branch(without, study, shown) if without.count else None
    return Flow(
        identified=FlowBox(label=f"{units.capitalize()} as delivered", count=study.n_identified),
        excluded=FlowBox(
            label=left_out, count=sum(n for _, n in study.excluded), parts=study.excluded
        ),
        eligible=FlowBox(label=f"Eligible {units}", count=len(study.cases)),
        with_index=FlowBox(
            label=f"With {_with_article(study)}" if test else f"All eligible {units}",
            count=len(study.cases) - without.count,
        ),
        without_index=FlowBox(
            label=f"No {test}, kept apart" if test else "Left out at this step",
            count=without.count,
            parts=reasons,
        ),
        branches=tuple(_flow_branch(branch, study, shown) for branch in study.branches),
        without_index_branch=other,
        note=f"Accuracy can be computed on {count_text(n_judged)} {_noun(study, n_judged)}.",
        stages=(
            "Identified",
            {"reading": "Reading", "none": "No reading\nin the data"}.get(
                study.index, "Index test"
            ),
            "Reference\nstandard",
            "Final\ndiagnosis",
        ),
    )


def flow(study: CohortStudy) -> Exhibit:
    """Return the drawn flow."""
    counts, n, n_judged = flow_counts(study), study.n_identified, len(study.judged)
    all_of = f"{count_text(n)} {_noun(study, n)}"
    finding = f"From {all_of} to {count_text(n_judged)} that can be judged."
    if n == n_judged:
        finding = f"{f'The only {_noun(study, n)}' if n == 1 else f'All {all_of}'} can be judged."
    return Exhibit(
        figure=flow_figure(counts),
        finding=finding,
        caption=_flow_caption(study),
        alt=(
            f"Flow diagram of {all_of} from delivery over index test and reference standard to the "
            f"final diagnosis; {count_text(n_judged)} can be judged."
        ),
        data=_flow_data(counts),
    )


def _flow_caption(study: CohortStudy) -> str:
    """Return what the figure draws and what it leaves out."""
    shown = _shown_references(study)
    sentences = ["Flow after STARD 2015."]
    if study.index in ("score", "call"):
        sentences.append(
            f"AI: {study.ai}. {study.unit.capitalize()}s without a result of it are never counted "
            "as a low score."
        )
    if study.index == "score":
        sentences.append(f"Marked, score {score_text(study.cutoff, study.scale)}.")
    sentences.append("Verified: the truth is known; inconclusive: it is not, or not yet.")
    if {"verified_short", "unverified_short"} & set(shown):
        sentences.append(
            f"< {study.follow_up_months_needed:g} months: no cancer is known and the follow-up is "
            "shorter than that."
        )
    sentences.append(
        "What was left out before the data were delivered is not in the data, so not in the flow."
    )
    return " ".join(sentences)


def _flow_data(counts: Flow) -> pd.DataFrame:
    """Return the counts as they were drawn: every box, its parts and the final diagnoses."""
    rest = [] if counts.without_index_branch is None else [counts.without_index_branch]
    first = [counts.identified, counts.excluded, counts.eligible]
    first += [counts.with_index, counts.without_index]
    rows = [(box.label, part, n) for box in first for part, n in (("", box.count), *box.parts)]
    for branch in (*counts.branches, *rest):
        label = branch.title or ("all" if branch in counts.branches else counts.without_index.label)
        rows += [(label, part, n) for part, n in branch.box.parts]
        rows += [(label, end.label, end.count) for end in branch.final]
    return pd.DataFrame(rows, columns=["box", "part", "count"])


def follow_up(study: CohortStudy) -> str:
    """Return a sentence on how long those counted as without cancer were followed."""
    cases = study.cases
    free = int((cases["diagnosis"] == "no cancer").sum())
    if not free:
        return f"No {study.unit} counts as without cancer."
    if "follow_up_months" not in cases or cases["follow_up_months"].isna().all():
        return (
            "The data hold no length of follow-up, so they do not say how long those without "
            "cancer were followed."
        )
    months = f"{study.follow_up_months_needed:g} months"
    short = int((cases["reference"] == "verified_short").sum())
    if not short:
        return (
            f"Of the {count_text(free)} {_noun(study, free)} counted as without cancer, none rests "
            f"only on a follow-up shorter than {months}."
        )
    verb = "rests" if short == 1 else "rest"
    return (
        f"{share_text(short, free)} {_noun(study, free)} counted as without cancer {verb} only on "
        f"a follow-up shorter than {months}; every chapter counts them as the data do."
    )


def table_one(study: CohortStudy) -> Exhibit:
    """Return the characteristics of all examinations, of those with cancer and of the others."""
    rows = [
        row
        for name in study.differences
        for row in (_number_rows if name in NUMBERS else _category_rows)(study, name)
    ]
    heads = [
        f"{name}, N{NO_BREAK_SPACE}={NO_BREAK_SPACE}{count_text(len(group))}"
        for name, group in zip(GROUPS, study.groups, strict=True)
    ]
    view = TableView(
        title=f"{study.unit.capitalize()}s, by final diagnosis",
        columns=[TableColumn("", align="left"), *map(TableColumn, heads), TableColumn("SMD")],
        rows=rows or [TableRow(["No characteristic is recorded", *[""] * 4])],
        foot=_foot(study),
    )
    return Exhibit(table=view)


def _foot(study: CohortStudy) -> str:
    """Return how to read the table, and the columns that it cannot show."""
    sentences = [
        "Median (interquartile range) or n (%) of those recorded. *SMD*, standardised mean "
        "difference of the last two columns, without sign: difference of the means over the root "
        "of the mean of both variances (Austin 2009); for categories after Yang and Dalton 2012. "
        "No test of significance: the groups differ by definition."
    ]
    if any(difference.note for difference in study.differences.values()):
        sentences.append(f"{EM_DASH}, not defined: a group has too few values.")
    for fate, words in WITHOUT_ROW.items():
        named = [_foot_words(study, name, fate) for name, own in study.fates.items() if own == fate]
        if named:
            sentences.append(f"{words}: {joined(named)}.")
    if _weights(study):
        sentences.append("Counts of the sample as drawn; its sampling weights are not applied.")
    return " ".join(sentences)


def _foot_words(study: CohortStudy, name: str, fate: Fate) -> str:
    """Return the name of a column in a sentence, with its one value where it has only one."""
    label = (NUMBERS | CATEGORIES)[name].split(",")[0]
    words = label if label.startswith("AI") else label[0].lower() + label[1:]
    if fate != "same":
        return words
    return f"{words} ({_plain_value(study.cases[name].iloc[0])})"


def _number_rows(study: CohortStudy, name: str) -> list[TableRow]:
    """Return the rows of a number: median and quartiles, and the missing."""
    values = [group[name].dropna().to_numpy(dtype=np.float64) for group in study.groups]
    # A score from 0 to 1 needs more decimals than one from 1 to 10; ages are whole.
    digits = 0 if name == "age_years" else 3 if np.ptp(values[0]) <= 1 else 1
    cells = [_quartiles(v, digits) for v in values]
    smd = _smd(study.differences[name])
    row = TableRow([f"{NUMBERS[name]}: median (IQR)", *cells, smd], kind="space")
    return [row, *_missing_row(study, name)]


def _quartiles(values: FloatArray, digits: int) -> str:
    """Return median and quartiles."""
    if not values.size:
        return EM_DASH
    low, middle, high = (
        number_text(value, digits=digits) for value in np.quantile(values, (0.25, 0.5, 0.75))
    )
    dash = " to " if low.startswith("−") else f"{WORD_JOINER}–{WORD_JOINER}"
    return f"{middle} ({low}{dash}{high})"


def _category_rows(study: CohortStudy, name: str) -> list[TableRow]:
    """Return the rows of categories: one each, and the missing."""
    values, label = categories(name, study.cases[name]), f"{CATEGORIES[name]}, n (%)"
    counts = [[int((group[name] == value).sum()) for value in values] for group in study.groups]
    smd = _smd(study.differences[name])
    rows = [TableRow([label, "", "", "", smd], kind="space")]
    for number, value in enumerate(values):
        cells = [_share(group[number], sum(group)) for group in counts]
        rows.append(TableRow([capital(_plain_value(value)), *cells, ""], kind="sub"))
    if name == "earlier":  # the share without says nothing that the share with does not
        rows = [TableRow([label, *rows[-1].cells[1:4], smd], kind="space")]
    return [*rows, *_missing_row(study, name)]


def _plain_value(value: object) -> str:
    """Return a category as it stands in a sentence."""
    return str(value).replace("follow_up", "follow-up").replace("_", " ")


def _missing_row(study: CohortStudy, name: str) -> list[TableRow]:
    """Return a row of the values not recorded, where there are any."""
    missing = [int(group[name].isna().sum()) for group in study.groups]
    words = "No score" if name == "result" else "Not recorded"
    return [TableRow([words, *map(count_text, missing), ""], kind="sub")] if missing[0] else []


def _share(count: int, whole: int) -> str:
    """Return a count with its percentage."""
    percent = number_text(100 * count / whole, digits=1) if whole else ""
    return f"{count_text(count)} ({percent})" if whole else EM_DASH


def _smd(difference: StandardizedDifference) -> str:
    """Return a standardized difference without its sign."""
    return EM_DASH if difference.note else number_text(abs(difference.estimate), digits=2)


def record(study: CohortStudy) -> dict[str, Result]:
    """Return the numbers of the chapter by name."""
    shares = {
        "judged": len(study.judged),
        "cancer": int((study.cases["diagnosis"] == "cancer").sum()),
        "diagnosis_not_known": int(_unknown(study).sum()),
        "no_index_test": int(study.cases["result"].isna().sum()),
    }
    results: dict[str, Result] = {
        name: proportion_ci(count, len(study.cases), quantity=f"share_{name}")
        for name, count in shares.items()
    }
    named = {"result": "ai_score"}
    return results | {
        f"smd_{named.get(name, name)}": difference for name, difference in study.differences.items()
    }
