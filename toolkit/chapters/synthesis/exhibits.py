"""What chapter 90 shows: the verdict on each claim of a plan, and the answer of every chapter."""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.planned import CLAIM_WORDS, RECORDED, endpoint_plan, key_of
from toolkit.chapters.synthesis.analysis import Judged, Plain, PlannedEndpoints, SynthesisStudy
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.draw.tables import value_columns
from toolkit.results import Comparison, Result
from toolkit.stats.claims import EndpointVerdict
from toolkit.stats.mrmc import GlobalTest
from toolkit.words.sentences import ci_text, decision_text, estimate_text, margin_text, verdict_word
from toolkit.words.wording import EM_DASH, capital, counted, joined, p_text

WAITING = "cannot be judged yet"


def head(study: SynthesisStudy) -> Headline:
    """Return what the study shows, and how many chapters could be judged."""
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
    """Return the claims of the plan with their verdicts, or without a plan every primary aim."""
    comparisons, not_complete = [c for _, c in study.primary], study.not_complete
    missing = (
        f" {counted(len(not_complete), 'chapter').capitalize()} of the book could not be judged."
        if not_complete
        else ""
    )
    if study.planned is not None:
        return f"{_claims(study.planned)}{missing}"
    if not comparisons:
        return f"The plan of this book names no primary comparison.{missing}"
    met = [_named(c) for c in comparisons if verdict_word(c) == "Yes."]
    not_met = [_named(c) for c in comparisons if verdict_word(c) != "Yes."]
    total = counted(len(comparisons), "primary comparison")
    if not not_met:
        return f"The aim of {total} was met: {'; '.join(met)}.{missing}"
    if not met:
        return f"The aim of {total} was not shown to be met: {'; '.join(not_met)}.{missing}"
    return (
        f"Of {total}, {counted(len(met), 'aim')} met: {'; '.join(met)}. Not shown: "
        f"{'; '.join(not_met)}.{missing}"
    )


def _named(comparison: Comparison) -> str:
    """Return what was compared, as it stands in a sentence."""
    quantity = _quantity_words(comparison.quantity)
    return f"{quantity} of {comparison.label_b} against {comparison.label_a}"


def _claims(planned: PlannedEndpoints) -> str:
    """Return every claim of the plan with its verdict, in order."""
    by_state: dict[str, list[str]] = {"shown": []}
    for verdict in planned.claims:
        by_state.setdefault(_state(planned, verdict), []).append(_claim(planned, verdict))
    total, shown = counted(len(planned.claims), "claim"), by_state.pop("shown")
    if len(planned.claims) == 1:
        opening = f"the one claim of the plan is {'' if shown else 'not '}shown"
    elif len(shown) == len(planned.claims):
        opening = f"all {total} of the plan are shown"
    else:
        some = counted(len(shown), "of", "of") if shown else "none of"
        opening = f"{some} {total} of the plan {'are' if len(shown) > 1 else 'is'} shown"
    pairs = list(_pairs(planned))
    if len(pairs) == 1:
        opening = f"{pairs[0]}: {opening}"
    sentences = [f"{opening}: {'; '.join(shown)}" if shown else opening]
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
    what = _quantity_words(verdict.quantity)
    return f"{article}{CLAIM_WORDS[verdict.claim]} in {what}{f' of {pair}' if pair else ''}"


def _state(planned: PlannedEndpoints, verdict: EndpointVerdict) -> str:
    """Return the verdict in words; a claim without its chapter is not judged, never shown."""
    if verdict.verdict == "not shown" and verdict.label in planned.waiting:
        return WAITING
    return verdict.verdict


def _quantity_words(quantity: str) -> str:
    """Return a quantity as sentences have it."""
    return quantity.replace("_", " ").replace("auc", "AUC").replace("afroc", "AFROC")


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
        rows.append(TableRow(["Reported beside, without a verdict"], "group"))
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
        f"{number + 1}. {capital(CLAIM_WORDS[verdict.claim])}, {_quantity_words(verdict.quantity)} "
        f"[{verdict.label[:2]}]",
        _verdict_cell(planned, verdict),
        *_effect_cells(planned.results[verdict.label]),
        p,
        adjusted if verdict.verdict != "not tested" else EM_DASH,
    ]


def _verdict_cell(planned: PlannedEndpoints, verdict: EndpointVerdict) -> str:
    """Return the verdict, and for a claim that was not tested at which one the order stops."""
    state = _state(planned, verdict)
    if state != "not tested":
        return capital(state)
    states = [_state(planned, other) for other in planned.claims]
    stop = next(n for n, other in enumerate(states) if other in ("not shown", WAITING))
    return f"Not tested: {stop + 1} {'not judged' if states[stop] == WAITING else 'not shown'}"


def _reported_cells(planned: PlannedEndpoints, entry: Plain) -> list[str]:
    """Return the cells of a result that carries no verdict."""
    key = key_of(entry)
    result = planned.results[key]
    name = f"{capital(_quantity_words(entry['quantity']))} [{key[:2]}]"
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
        *(f"No record of {name}: {reason.rstrip('.')}." for name, reason in missing.items()),
        f"Recalled means: {rule.rstrip('.')}." if rule else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _numbered(numbers: Sequence[str]) -> str:
    """Return the numbers of claims in words."""
    return f"claim{'s' if len(numbers) > 1 else ''} {joined(numbers)}"


def comparison_table(study: SynthesisStudy) -> Exhibit:
    """Return every primary comparison with its margin and decision.

    With a plan: those alone of which it makes no claim, and no decision.
    """
    planned = study.planned
    claimed = {verdict.label for verdict in planned.claims} if planned else set()
    rows = [
        TableRow(
            [
                study.number_of(name),
                _named(c),
                *_effect_cells(c),
                "none" if c.margin is None else margin_text(c),
                *([] if planned else [decision_text(c)]),
            ]
        )
        for name, c in study.primary
        if name not in claimed
    ]
    columns = [
        TableColumn("", align="left"),
        TableColumn("Compared", align="left"),
        *value_columns("Effect"),
        TableColumn("Margin"),
        *([] if planned else [TableColumn("Decision", align="left")]),
    ]
    how = (
        "The plan makes no claim of these comparisons, so they carry no verdict."
        if planned
        else "The decision follows from the interval and the margin."
    )
    view = TableView(
        title=(
            "Primary comparisons outside the plan"
            if planned
            else "Primary comparisons, one a chapter"
        ),
        columns=columns,
        rows=rows
        or [TableRow(["—", "none" if planned else "none named", *["—"] * (len(columns) - 2)])],
        dense=True,
        foot=(
            "First column, the chapter. A difference is the first named minus the second, a ratio "
            f"the first over the second. {how}"
        ),
    )
    return Exhibit(table=view)


def answers(study: SynthesisStudy) -> str:
    """Return each chapter's question and answer as Markdown, with a link to the chapter."""
    if not study.records:
        return "There are no records: this chapter reads those of a study's other chapters."
    lines = [
        f"- [{study.number_of(record['name'])} {record['headline'].get('question', '')}]"
        f"({record['name']}.ipynb) {record['headline'].get('answer', '')}"
        for record in study.records
    ]
    return "\n".join(lines)


def not_judged(study: SynthesisStudy) -> str:
    """Return the chapters without a result and why, as Markdown."""
    if not study.not_complete:
        return "Every chapter of the book has a result."
    return "\n".join(f"- {name}: {reason}" for name, reason in study.not_complete.items())


def record(study: SynthesisStudy) -> dict[str, Result]:
    """Return what the record of chapter 90 holds of the plan; nothing without a plan."""
    return {} if study.planned is None else {RECORDED: study.planned.verdicts}
