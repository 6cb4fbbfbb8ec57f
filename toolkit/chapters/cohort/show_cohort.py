"""What chapter 02 says and draws: who can be judged, and the flow of examinations after STARD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.cohort.cohort import Branch, Cohort, Diagnosis, Index, References, branches
from toolkit.chapters.cohort.show_table_one import TableOne
from toolkit.draw.flow import FinalDiagnosis, Flow, FlowBox, FlowBranch, flow_figure
from toolkit.results import Estimate, Result
from toolkit.stats.proportions.one import proportion_ci
from toolkit.words.wording import NO_BREAK_SPACE, count_text, counted, joined, share_text

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


def _noun(found: Cohort, n: int) -> str:
    """Return the word for so many rows."""
    return found.unit if n == 1 else f"{found.unit}s"


def _unknown(found: Cohort) -> pd.Series[bool]:
    """Return which examinations have no known diagnosis."""
    return found.cases["diagnosis"] == "not known"


def question(found: Cohort) -> str:
    """Return the chapter's question."""
    return f"How many of the {found.unit}s can be judged?"


def _with_article(found: Cohort) -> str:
    """Return what the flow parts, with its article; empty where there is nothing."""
    test = RESULTS[found.index]
    return f"{'an' if test.startswith('AI') else 'a'} {test}" if test else ""


def answer(found: Cohort) -> str:
    """Return the chapter's answer: how many can be judged, and what the others lack."""
    total, n_judged = len(found.cases), len(found.judged)
    what = " and ".join(filter(None, (_with_article(found), "a known diagnosis")))
    if n_judged == total:
        subject = "The only" if total == 1 else f"All {count_text(total)}"
    elif n_judged:
        subject = share_text(n_judged, total)
    else:
        subject = f"None of the {count_text(total)}"
    verb = "has" if n_judged <= 1 else "have"
    sentences = [*_left_out(found), f"{subject} {_noun(found, total)} {verb} {what}."]
    return " ".join([*sentences, *_lacking(found)])


def _left_out(found: Cohort) -> list[str]:
    """Return a sentence on those left out by their indication, if any were."""
    left = found.n_identified - len(found.cases)
    if not left:
        return []
    verb = "has another indication and was" if left == 1 else "have another indication and were"
    units = _noun(found, found.n_identified)
    return [f"{share_text(left, found.n_identified)} {units} {verb} left out."]


def _lacking(found: Cohort) -> list[str]:
    """Return a sentence on what the others lack, if there are others; its counts add up to them."""
    unknown, untested = _unknown(found), found.cases["result"].isna()
    reasons = (
        (int((unknown & ~untested).sum()), "the diagnosis"),
        (int((untested & ~unknown).sum()), f"the {RESULTS[found.index]}"),
        (int((untested & unknown).sum()), "both"),
    )
    present = [(n, words) for n, words in reasons if n]
    if not present:
        return []
    total = sum(n for n, _ in present)
    some = total < len(found.cases)
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


def facts(found: Cohort) -> list[tuple[str, str]]:
    """Return the facts under the answer."""
    cases = found.cases
    cancers = cases["diagnosis"] == "cancer"
    words = count_text(int(cancers.sum()))
    if found.index != "none":
        tested = int((cancers & cases["result"].notna()).sum())
        every = tested == cancers.sum() > 0
        words += f", {'all' if every else f'of which {count_text(tested)}'} with "
        words += _with_article(found)
    listed = [("Window", _window(cases)), ("Cancers", words), ("Women", _women(found))]
    if found.index in ("score", "call"):
        return [*listed, ("AI", found.ai)]
    known = len(cases) - int(_unknown(found).sum())
    return [*listed, ("Known diagnosis", share_text(known, len(cases)))]


def _window(cases: pd.DataFrame) -> str:
    """Return first and last month of the examinations."""
    if "exam_date" not in cases or cases["exam_date"].isna().all():
        return "dates not recorded"
    first, last = f"{cases['exam_date'].min():%b %Y}", f"{cases['exam_date'].max():%b %Y}"
    return first if first == last else f"{first} to {last}"


def _women(found: Cohort) -> str:
    """Return how many women there are, and whether rows cluster in them."""
    if not found.n_women:
        return "not recorded"
    most = found.most_of_one_woman
    unit = found.unit
    words = f"{count_text(found.n_women)}, "
    words += f"one {unit} each" if most == 1 else f"up to {counted(most, unit)} each"
    if found.n_without_woman:
        words += f"; not recorded for {counted(found.n_without_woman, unit)}"
    return words


def _reference_labels(found: Cohort) -> dict[References, str]:
    """Return the words for how well the truth is known."""
    short = f"<{NO_BREAK_SPACE}{found.follow_up_months_needed:g}{NO_BREAK_SPACE}months"
    return {
        "verified": "Verified",
        "verified_short": f"Verified, {short}",
        "unverified_short": f"Not verified, {short}",
        "unverified": "Not verified",
    }


def _flow_branch(branch: Branch, found: Cohort, shown: Sequence[References]) -> FlowBranch:
    """Return a branch as it is drawn: how it was verified, then the diagnosis."""
    labels = _reference_labels(found)
    parts = tuple((labels[name], branch.references[name]) for name in shown)
    final = tuple(
        FinalDiagnosis(label=ENDS[name][0], count=count, kind=ENDS[name][1])
        for name, count in branch.diagnoses.items()
    )
    box = FlowBox(label=f"{found.unit.capitalize()}s", count=branch.count, parts=parts)
    return FlowBranch(title=branch.label, box=box, final=final)


def _shown_references(found: Cohort) -> list[References]:
    """Return the states of the reference standard that the flow names: those that occur."""
    occur = set(found.cases["reference"])
    shown: list[References] = [name for name in _reference_labels(found) if name in occur]
    always: list[References] = ["verified"]
    if not occur & {"unverified", "unverified_short"}:
        always.append("unverified")
    return [name for name in _reference_labels(found) if name in {*shown, *always}]


def flow(found: Cohort, *, cutoff: float) -> Flow:
    """Return the counts of the STARD flow; they add up or this raises.

    Parameters
    ----------
    found : Cohort
        The examinations.
    cutoff : float
        Score from which up an examination is marked; of no meaning where there is no score.

    Raises
    ------
    ScoringError
        If the cut-off is not on the AI's scale.
    ValueError
        If any sum fails, which lists all that do.
    """
    with_result, without = branches(found, cutoff=cutoff)
    shown = _shown_references(found)
    test, units = RESULTS[found.index], f"{found.unit}s"
    reasons = tuple((REASONS[name], n) for name, n in without.states.items() if n)
    left_out = "Other indications" if found.restricted else "Left out by this chapter"
    other = _flow_branch(without, found, shown) if without.count else None
    return Flow(
        identified=FlowBox(label=f"{units.capitalize()} as delivered", count=found.n_identified),
        excluded=FlowBox(
            label=left_out, count=sum(n for _, n in found.excluded), parts=found.excluded
        ),
        eligible=FlowBox(label=f"Eligible {units}", count=len(found.cases)),
        with_index=FlowBox(
            label=f"With {_with_article(found)}" if test else f"All eligible {units}",
            count=len(found.cases) - without.count,
        ),
        without_index=FlowBox(
            label=f"No {test}, kept apart" if test else "Left out at this step",
            count=without.count,
            parts=reasons,
        ),
        branches=tuple(_flow_branch(branch, found, shown) for branch in with_result),
        without_index_branch=other,
        note=_judged_note(found),
        stages=(
            "Identified",
            {"reading": "Reading", "none": "No reading\nin the data"}.get(
                found.index, "Index test"
            ),
            "Reference\nstandard",
            "Final\ndiagnosis",
        ),
    )


def _judged_note(found: Cohort) -> str:
    """Return on which rows accuracy can be computed."""
    n = len(found.judged)
    return f"Accuracy can be computed on {count_text(n)} {_noun(found, n)}."


def figure(counts: Flow) -> Figure:
    """Return the drawn flow."""
    return flow_figure(counts)


def flow_finding(found: Cohort) -> str:
    """Return the figure's finding."""
    n, n_judged = found.n_identified, len(found.judged)
    if n == n_judged:
        return (
            f"{'The only' if n == 1 else f'All {count_text(n)}'} {_noun(found, n)} can be judged."
        )
    return f"From {count_text(n)} {_noun(found, n)} to {count_text(n_judged)} that can be judged."


def flow_caption(found: Cohort) -> str:
    """Return what the figure draws and what it leaves out."""
    shown = _shown_references(found)
    sentences = ["Flow after STARD 2015."]
    if found.index in ("score", "call"):
        sentences.append(
            f"AI: {found.ai}. {found.unit.capitalize()}s without a result of it are never counted "
            "as a low score."
        )
    sentences.append("Verified: the truth is known; inconclusive: it is not, or not yet.")
    if {"verified_short", "unverified_short"} & set(shown):
        sentences.append(
            f"< {found.follow_up_months_needed:g} months: no cancer is known and the follow-up is "
            "shorter than that."
        )
    sentences.append(
        "What was left out before the data were delivered is not in the data, so not in the flow."
    )
    return " ".join(sentences)


def flow_alt(found: Cohort) -> str:
    """Return the figure's alternative text."""
    n = found.n_identified
    return (
        f"Flow diagram of {count_text(n)} {_noun(found, n)} from delivery over index test and "
        f"reference standard to the final diagnosis; {count_text(len(found.judged))} can be judged."
    )


def flow_data(counts: Flow) -> pd.DataFrame:
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


def follow_up(found: Cohort) -> str:
    """Return a sentence on how long those counted as without cancer were followed."""
    cases = found.cases
    free = int((cases["diagnosis"] == "no cancer").sum())
    if not free:
        return f"No {found.unit} counts as without cancer."
    if "follow_up_months" not in cases or cases["follow_up_months"].isna().all():
        return (
            "The data hold no length of follow-up, so they do not say how long those without "
            "cancer were followed."
        )
    months = f"{found.follow_up_months_needed:g} months"
    short = int((cases["reference"] == "verified_short").sum())
    if not short:
        return (
            f"Of the {count_text(free)} {_noun(found, free)} counted as without cancer, none rests "
            f"only on a follow-up shorter than {months}."
        )
    verb = "rests" if short == 1 else "rest"
    return (
        f"{share_text(short, free)} {_noun(found, free)} counted as without cancer {verb} only on "
        f"a follow-up shorter than {months}; every chapter counts them as the data do."
    )


def record(found: Cohort, characteristics: TableOne) -> dict[str, Result]:
    """Return the numbers of the chapter by name."""
    total = len(found.cases)
    shares = {
        "judged": len(found.judged),
        "cancer": int((found.cases["diagnosis"] == "cancer").sum()),
        "diagnosis_not_known": int(_unknown(found).sum()),
        "no_index_test": int(found.cases["result"].isna().sum()),
    }
    results: dict[str, Result] = {
        name: _proportion(name, count, total) for name, count in shares.items()
    }
    named = {"result": "ai_score"}
    return results | {
        f"smd_{named.get(name, name)}": difference
        for name, difference in characteristics.differences.items()
    }


def _proportion(name: str, count: int, total: int) -> Estimate:
    """Return the share of examinations with its interval."""
    return proportion_ci(count, total, quantity=f"share_{name}")
