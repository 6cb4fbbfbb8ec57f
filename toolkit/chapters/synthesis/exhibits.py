"""What chapter 90 shows: the effect, the claims of the plan, the estimates, and the limits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.planned import RECORDED, endpoint_plan, key_of
from toolkit.chapters.synthesis.analysis import (
    Judged,
    Plain,
    PlannedEndpoints,
    Record,
    SynthesisStudy,
    chapter_number,
)
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.draw.tables import value_columns
from toolkit.results import Comparison, Result
from toolkit.stats.claims import EndpointVerdict
from toolkit.stats.claims.verdict import CLAIM_WORDS
from toolkit.stats.mrmc import GlobalTest
from toolkit.words.sentences import ci_text, estimate_text
from toolkit.words.wording import EM_DASH, capital, counted, joined, p_text

WAITING = "cannot be judged yet"
NO_PLAN = "No plan: nothing here is a confirmatory result."
# Figures of merit whose names are no words.
FOM_WORDS = {
    "wafroc": "weighted AFROC area",
    "wafroc1": "weighted AFROC area, false marks on all cases",
    "afroc": "AFROC area",
    "afroc1": "AFROC area, false marks on all cases",
    "hrauc": "AUC of the highest marks",
    "alroc": "LROC area",
    "pcl": "share of cancers correctly localized",
}
CLINIC_FIRST = ("21", "07", "06", "05")  # whose effect speaks for the book, the nearest to it first


def head(study: SynthesisStudy) -> Headline:
    """Return what the study shows: the effect in a clinic's units, then what became of the plan."""
    results = sum(len(record["results"]) for record in study.records)
    return Headline(
        question="What does the study show?",
        answer=_answer(study),
        facts=[
            ("Chapters with a record", str(len(study.records))),
            ("Chapters without", str(len(study.not_complete))),
            ("Results on record", f"{results:,}"),
        ],
    )


def _answer(study: SynthesisStudy) -> str:
    """Return the effect, the claims of the plan or that there is none, and what is missing."""
    missing = ""
    if study.not_complete:
        missing = f"{capital(counted(len(study.not_complete), 'chapter'))} could not be judged."
    claims = NO_PLAN if study.planned is None else _claims(study.planned)
    return " ".join(text for text in (clinic_sentence(study.records), claims, missing) if text)


def clinic_sentence(records: Sequence[Record]) -> str:
    """Return the effect in the units in which a clinic thinks, from the chapter nearest to it.

    Women read in screening count before a reader study, and that before the AI alone.
    """
    said = {record["name"][:2]: record["headline"].get("clinic", "") for record in records[::-1]}
    ordered = [*CLINIC_FIRST, *sorted(set(said) - set(CLINIC_FIRST))]
    return next((said[number] for number in ordered if said.get(number)), "")


def _named(comparison: Comparison) -> str:
    """Return what was compared, as it stands in a sentence."""
    quantity = quantity_words(comparison.quantity)
    return f"{quantity} of {comparison.label_b} against {comparison.label_a}"


def _claims(planned: PlannedEndpoints) -> str:
    """Return how many claims of the plan are shown, and each that is not with its state."""
    by_state: dict[str, list[str]] = {"shown": []}
    for verdict in planned.claims:
        words = f"{_claim(planned, verdict)}{_worse(planned, verdict)}"
        by_state.setdefault(_state(planned, verdict), []).append(words)
    total, shown = counted(len(planned.claims), "claim"), by_state.pop("shown")
    if len(planned.claims) == 1:
        opening = f"the one claim of the plan is {'' if shown else 'not '}shown"
    elif len(shown) == len(planned.claims):
        opening = f"all {total} of the plan are shown"
    else:
        some = counted(len(shown), "of", "of") if shown else "none of"
        opening = f"{some} {total} of the plan {'are' if len(shown) > 1 else 'is'} shown"
    sentences = [opening]
    sentences += [f"{state}: {'; '.join(claims)}" for state, claims in by_state.items()]
    return " ".join(f"{capital(sentence)}." for sentence in sentences)


def _pair(result: Judged) -> str:
    """Return which two a result compares; empty where it is unknown."""
    if isinstance(result, GlobalTest):
        return "all modalities at once"
    return f"{result.label_b} against {result.label_a}" if result.label_b else ""


def _pairs(planned: PlannedEndpoints) -> dict[str, list[str]]:
    """Return each pair that is compared with the numbers of its claims."""
    pairs: dict[str, list[str]] = {}
    for number, verdict in enumerate(planned.claims, start=1):
        if pair := _pair(planned.results[verdict.label]):
            pairs.setdefault(pair, []).append(str(number))
    return pairs


def _claim(planned: PlannedEndpoints, verdict: EndpointVerdict) -> str:
    """Return a claim as it stands in a sentence, the pair too where not all have the same."""
    article = "a " if verdict.claim == "difference" else ""
    pair = _pair(planned.results[verdict.label]) if len(_pairs(planned)) > 1 else ""
    what = quantity_words(verdict.quantity)
    return f"{article}{CLAIM_WORDS[verdict.claim]} in {what}{f' of {pair}' if pair else ''}"


def _state(planned: PlannedEndpoints, verdict: EndpointVerdict) -> str:
    """Return the verdict in words; a claim without its chapter is not judged, never shown."""
    if verdict.verdict == "not shown" and verdict.label in planned.waiting:
        return WAITING
    return verdict.verdict


def quantity_words(quantity: str) -> str:
    """Return a quantity as sentences have it.

    Examples
    --------
    >>> [quantity_words(name) for name in ("auc", "detection_rate", "wafroc", "pcl")]
    ['AUC', 'detection rate', 'weighted AFROC area', 'share of cancers correctly localized']
    """
    name = quantity.casefold()
    return FOM_WORDS.get(name, quantity.replace("_", " ").replace("auc", "AUC"))


def claim_table(study: SynthesisStudy) -> Exhibit | None:
    """Return the verdict on each claim in the order of the plan; None without a plan."""
    planned = study.planned
    if planned is None:
        return None
    plain, first = planned.plain, len(planned.plain["primary"])
    rows = [TableRow(["Primary, in this order"], "group")]
    for number, verdict in enumerate(planned.claims):
        if number == first:
            words = "in this order" if plain["secondary_rule"] != "holm" else "by Holm's method"
            rows.append(TableRow([f"Secondary, {words}"], "group"))
        rows.append(TableRow(_claim_cells(planned, number, verdict)))
    beside = [_reported_cells(planned, entry) for entry in plain["reported"]]
    if beside:
        rows.append(TableRow(["Reported beside, without a claim"], "group"))
        rows += [TableRow(cells) for cells in beside]
    columns = [
        TableColumn("Claim", align="left"),
        TableColumn("Verdict", align="left"),
        TableColumn("Effect"),
        TableColumn(f"{100 * plain['ci_level']:g}% CI", align="center"),
        TableColumn("*P*"),
        TableColumn("Adj. *P*"),
    ]
    view = TableView(
        title="Endpoints in the order of the plan",
        columns=columns,
        rows=rows,
        foot=_claim_foot(planned),
        dense=True,
    )
    return Exhibit(table=view)


def _claim_cells(planned: PlannedEndpoints, number: int, verdict: EndpointVerdict) -> list[str]:
    """Return the cells of one claim."""
    p, adjusted = (
        EM_DASH if value is None else p_text(value)
        for value in (verdict.p_value, verdict.p_adjusted)
    )
    return [
        f"{number + 1}. {capital(CLAIM_WORDS[verdict.claim])}, {quantity_words(verdict.quantity)} "
        f"[{chapter_number(verdict.label, planned.numbers)}]",
        _verdict_cell(planned, verdict),
        *_effect_cells(planned.results[verdict.label]),
        p,
        adjusted if verdict.verdict != "not tested" else EM_DASH,
    ]


def _verdict_cell(planned: PlannedEndpoints, verdict: EndpointVerdict) -> str:
    """Return the verdict, and for a claim that was not tested at which one the order stops."""
    state = _state(planned, verdict)
    if state != "not tested":
        return f"{capital(state)}{_worse(planned, verdict)}"
    states = [_state(planned, other) for other in planned.claims]
    stop = next(n for n, other in enumerate(states) if other in ("not shown", WAITING))
    return f"Not tested: {stop + 1} {'not judged' if states[stop] == WAITING else 'not shown'}"


def _worse(planned: PlannedEndpoints, verdict: EndpointVerdict) -> str:
    """Return who is worse, where the whole interval lies on the bad side."""
    result = planned.results[verdict.label]
    if not isinstance(result, Comparison) or verdict.verdict == "not tested" or not result.worse:
        return ""
    return f" ({result.label_b} worse)"


def _reported_cells(planned: PlannedEndpoints, entry: Plain) -> list[str]:
    """Return the cells of a result that stands beside the claims."""
    key = key_of(entry)
    result = planned.results[key]
    name = f"{capital(quantity_words(entry['quantity']))} [{chapter_number(key, planned.numbers)}]"
    return [name, "None", *_effect_cells(result), p_text(result.p_value), EM_DASH]


def _effect_cells(result: Judged) -> list[str]:
    """Return effect and interval."""
    if isinstance(result, GlobalTest) or math.isnan(result.estimate):
        return [EM_DASH, EM_DASH]
    text = estimate_text(result)
    return [text if result.effect == "difference" else f"ratio {text}", ci_text(result)]


def _claim_foot(planned: PlannedEndpoints) -> str:
    """Return what was compared, how the claims were judged, and why some could not be."""
    alpha = f"{endpoint_plan(planned.plain).alpha:g}".removeprefix("0")
    rule = planned.plain["recall_rule"]
    pairs = [f"{capital(_numbered(numbers))}, {pair}" for pair, numbers in _pairs(planned).items()]
    notes = [
        f"Claim {number}: {verdict.note}."
        for number, verdict in enumerate(planned.claims, start=1)
        if verdict.note and _state(planned, verdict) == "not shown"
    ]
    missing = {key.partition(":")[0]: reason for key, reason in planned.waiting.items()}
    sentences = [
        "In brackets, the chapter.",
        f"{'; '.join(pairs)}." if pairs else "",
        "A difference is the first named minus the second, a ratio the first over the second.",
        "*P* is two-sided: that of non-inferiority twice its one-sided *P*, that of superiority 1 "
        "where the effect is on the worse side.",
        "*Adj. P* allows for the claims before and beside; a claim is shown where it is at most "
        f"{alpha}, and tested only if those before it are shown.",
        *notes,
        *(f"Not judged yet, {name}: {reason.rstrip('.')}." for name, reason in missing.items()),
        f"Recalled means: {rule.rstrip('.')}." if rule else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _numbered(numbers: Sequence[str]) -> str:
    """Return the numbers of claims in words."""
    return f"claim{'s' if len(numbers) > 1 else ''} {joined(numbers)}"


def comparison_table(study: SynthesisStudy) -> Exhibit | None:
    """Return the chapters' comparisons of which no plan makes a claim; None where there is none."""
    claimed = {verdict.label for verdict in study.planned.claims} if study.planned else set()
    rows = [
        TableRow([study.number_of(name), _named(c), *_effect_cells(c)])
        for name, c in study.primary
        if name not in claimed
    ]
    if not rows:
        return None
    view = TableView(
        title="Estimates of which the plan makes no claim" if study.planned else "Estimates",
        columns=[
            TableColumn("", align="left"),
            TableColumn("Compared", align="left"),
            *value_columns("Effect"),
        ],
        rows=rows,
        dense=True,
        foot=(
            "First column, the chapter. A difference is the first named minus the second, a ratio "
            "the first over the second. Intervals are those of each comparison alone: not "
            "corrected for there being several, and nothing is concluded from them."
        ),
    )
    return Exhibit(table=view)


def limitations(study: SynthesisStudy) -> str:
    """Return what limits the study, as Markdown: the whole book first, then chapter by chapter."""
    lines = [f"- {sentence}" for sentence in _book_limits(study)]
    said: set[str] = set()
    for record in study.records:
        limits = [one for one in record["headline"].get("limits", ()) if one not in said]
        said.update(limits)
        if limits:
            link = f"[{study.number_of(record['name'])}]({record['name']}.ipynb)"
            lines.append(f"- {link} {' '.join(limits)}")
    return "\n".join(lines) or "No chapter names a limit."


def _book_limits(study: SynthesisStudy) -> list[str]:
    """Return what limits every chapter."""
    sentences = []
    if study.simulated:
        sentences.append(
            "The data are simulated: nothing here describes a woman, reader or product."
        )
    if study.planned is None:
        sentences.append("No plan fixed before the data were seen which comparisons matter.")
    elif not study.locked:
        sentences.append("The plan is not locked: that it came before the data is not on record.")
    marked = [
        study.number_of(record["name"])
        for record in study.records
        if "immature" in record["headline"].get("marks", ())
    ]
    if marked:
        chapters = f"chapter{'s' if len(marked) > 1 else ''} {joined(marked)}"
        sentences.append(f"Follow-up is not complete in {chapters}.")
    return sentences


def not_judged(study: SynthesisStudy) -> str:
    """Return the chapters without a result and why, as Markdown."""
    if not study.not_complete:
        return "Every chapter of the book has a result."
    return "\n".join(f"- {name}: {reason}" for name, reason in study.not_complete.items())


def record(study: SynthesisStudy) -> dict[str, Result]:
    """Return what the record of chapter 90 holds of the plan; nothing without a plan."""
    return {} if study.planned is None else {RECORDED: study.planned.verdicts}
