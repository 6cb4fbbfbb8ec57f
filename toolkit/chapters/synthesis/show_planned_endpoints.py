"""What chapter 90 shows of a study with a plan: the verdict on each claim, in the plan's order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.chapters.synthesis.show_book_plan import CLAIM_WORDS, NO_CLAIM, endpoint_plan, key_of
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.results import Comparison, Result, result_from_dict
from toolkit.stats.claims.plan import EndpointVerdict, EndpointVerdicts, endpoint_verdicts
from toolkit.stats.mrmc.analysis import GlobalTest
from toolkit.words.sentences import ci_text, estimate_text
from toolkit.words.wording import EM_DASH, capital, counted, joined, p_text

Record = Mapping[str, Any]
Plain = Mapping[str, Any]
Judged = Comparison | GlobalTest

RECORDED = "plan"  # the name of the verdicts in the record of chapter 90
WAITING = "cannot be judged yet"


@dataclass(frozen=True, kw_only=True)
class PlannedEndpoints:
    """A plan, the results that it names and the verdicts on them.

    Parameters
    ----------
    plain : mapping
        The plan as the parameters file has it, with its ci_level.
    results : mapping
        Each named result by its key; undefined where its chapter has no record.
    waiting : mapping
        Key to the reason, for each result whose chapter has no record.
    verdicts : EndpointVerdicts
        In the order of the plan, then what is reported beside.
    """

    plain: Plain
    results: Mapping[str, Judged]
    waiting: Mapping[str, str]
    verdicts: EndpointVerdicts

    @property
    def claims(self) -> tuple[EndpointVerdict, ...]:
        """The verdicts on the claims, in order."""
        return self.verdicts.verdicts[: len(self.plain["primary"]) + len(self.plain["secondary"])]


def judge(
    plain: Plain | None, records: Sequence[Record], not_complete: Mapping[str, str]
) -> PlannedEndpoints | None:
    """Judge the records of a study by its plan.

    Parameters
    ----------
    plain : mapping or None
        The plan; None where the study has none.
    records : sequence of mapping
        Of the other chapters.
    not_complete : mapping
        Chapters without a record, each with its reason.

    Returns
    -------
    PlannedEndpoints or None
        A claim whose chapter has no record is never shown, and what comes after is not tested.

    Raises
    ------
    ValueError
        If a record lacks the result that the plan names, or holds another quantity, level or
        margin than planned.
    """
    if plain is None:
        return None
    by_name = {record["name"]: record for record in records}
    results: dict[str, Judged] = {}
    waiting: dict[str, str] = {}
    for entry in [*plain["primary"], *plain["secondary"], *plain["reported"]]:
        key = key_of(entry)
        if entry["chapter"] in by_name:
            results[key] = _named(entry, by_name[entry["chapter"]])
        else:
            waiting[key] = not_complete.get(entry["chapter"], "it has no record")
            results.setdefault(key, _not_there(entry, plain["ci_level"]))
    _require_reported(plain, results)
    return PlannedEndpoints(
        plain=plain,
        results=results,
        waiting=waiting,
        verdicts=endpoint_verdicts(endpoint_plan(plain), results),
    )


def _named(entry: Plain, record: Record) -> Judged:
    """Return the result that an entry of the plan names."""
    chapter, name = entry["chapter"], entry["result"]
    primary = record["headline"].get("primary")
    if name is None:
        if primary is None:
            msg = f"the plan judges {chapter}, which has no primary comparison; name a result of it"
            raise ValueError(msg)
        return Comparison.from_dict(primary)
    plain = record["results"].get(name)
    result = None if plain is None else result_from_dict(plain)
    if not isinstance(result, Comparison | GlobalTest):
        kinds = ("Comparison", "GlobalTest")
        known = [key for key, value in record["results"].items() if value["type"] in kinds]
        msg = (
            f"the plan names result {name!r} of {chapter}, but its record has "
            f"{', '.join(sorted(known)) or 'no comparison'}; correct the plan"
        )
        raise ValueError(msg)
    if plain == primary:
        msg = f"result {name!r} of {chapter} is its primary comparison: leave result out"
        raise ValueError(msg)
    return result


def _not_there(entry: Plain, ci_level: float) -> Comparison:
    """Return a comparison of the planned kind about which nothing is known yet."""
    nan, margin = math.nan, entry.get("margin")
    chapter = entry["chapter"]
    return Comparison(
        method="none",
        note=f"chapter {chapter} has no record",
        quantity=entry["quantity"],
        unit="probability",
        estimate=nan,
        std_error=nan,
        ci_low=nan,
        ci_high=nan,
        ci_level=ci_level,
        ci_method="none",
        label_a="",
        label_b="",
        estimate_a=nan,
        estimate_b=nan,
        effect="difference",
        statistic=nan,
        df=nan,
        p_value=nan,
        margin=margin,
        better="higher",
        p_noninferiority=None if margin is None else nan,
    )


def _require_reported(plain: Plain, results: Mapping[str, Judged]) -> None:
    """Refuse a reported result of another quantity than planned."""
    for entry in plain["reported"]:
        result = results[key_of(entry)]
        found = result.quantity if isinstance(result, Comparison) else "several modalities"
        if found != entry["quantity"]:
            msg = f"result {key_of(entry)!r} must be of {entry['quantity']}, but is of {found}"
            raise ValueError(msg)


def recorded(planned: PlannedEndpoints | None) -> dict[str, Result]:
    """Return what the record of chapter 90 holds of the plan; nothing without a plan."""
    return {} if planned is None else {RECORDED: planned.verdicts}


def quantity_words(quantity: str) -> str:
    """Return a quantity as sentences have it."""
    return quantity.replace("_", " ").replace("auc", "AUC").replace("afroc", "AFROC")


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


def planned_answer_of(planned: PlannedEndpoints) -> str:
    """Return what the study shows: every claim of the plan with its verdict, in order."""
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


def claim_table(planned: PlannedEndpoints | None) -> TableView | None:
    """Return the verdict on each claim in the order of the plan; None without a plan."""
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
    return TableView(
        title="Endpoints in the order of the plan",
        columns=columns,
        rows=rows,
        foot=_claim_foot(planned),
        dense=True,
    )


def _effect_cells(result: Judged) -> list[str]:
    """Return effect and interval."""
    if isinstance(result, GlobalTest) or math.isnan(result.estimate):
        return [EM_DASH, EM_DASH]
    text = estimate_text(result)
    return [text if result.effect == "difference" else f"ratio {text}", ci_text(result)]


def _claim_cells(planned: PlannedEndpoints, number: int, verdict: EndpointVerdict) -> list[str]:
    """Return the cells of one claim."""
    p, adjusted = (
        EM_DASH if value is None else p_text(value)
        for value in (verdict.p_value, verdict.p_adjusted)
    )
    return [
        f"{number + 1}. {capital(CLAIM_WORDS[verdict.claim])}, {quantity_words(verdict.quantity)} "
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
    name = f"{capital(quantity_words(entry['quantity']))} [{key[:2]}]"
    return [name, "None", *_effect_cells(result), p_text(result.p_value), EM_DASH]


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


def conclusion(verdicts: Sequence[Mapping[str, Any]], chapter: str) -> str:
    """Return in a few words what became of a chapter's primary comparison.

    Parameters
    ----------
    verdicts : sequence of mapping
        Label, claim and verdict of each, as the record of chapter 90 has them.
    chapter : str
        Name of the chapter in the book.
    """
    own = [
        f"{CLAIM_WORDS[v['claim']]} {v['verdict']}"
        for v in verdicts
        if v["label"] == chapter and v["claim"] in CLAIM_WORDS
    ]
    return capital(joined(own)) if own else NO_CLAIM
