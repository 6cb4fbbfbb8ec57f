"""What chapter 90 shows: the answer of every chapter, each linked, and every primary comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.chapters.synthesis.show_planned_endpoints import (
    PlannedEndpoints,
    planned_answer_of,
    quantity_words,
)
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.results import Comparison
from toolkit.words.sentences import ci_text, decision_text, estimate_text, margin_text, verdict_word
from toolkit.words.wording import counted

Record = Mapping[str, Any]


def primary_comparisons(records: Sequence[Record]) -> list[tuple[str, Comparison]]:
    """Return each primary comparison with its chapter's name, in the order of the book."""
    return [
        (record["name"], Comparison.from_dict(record["headline"]["primary"]))
        for record in records
        if "primary" in record["headline"]
    ]


def answer(
    records: Sequence[Record],
    not_complete: Mapping[str, str],
    planned: PlannedEndpoints | None = None,
) -> str:
    """Return what the study shows: the claims of its plan, or without one every primary aim."""
    comparisons = primary_comparisons(records)
    missing = (
        f" {counted(len(not_complete), 'chapter').capitalize()} of the book could not be judged."
        if not_complete
        else ""
    )
    if planned is not None:
        return f"{planned_answer_of(planned)}{missing}"
    if not comparisons:
        return f"The plan of this book names no primary comparison.{missing}"
    met = [_named(c) for _, c in comparisons if verdict_word(c) == "Yes."]
    not_met = [_named(c) for _, c in comparisons if verdict_word(c) != "Yes."]
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
    quantity = quantity_words(comparison.quantity)
    return f"{quantity} of {comparison.label_b} against {comparison.label_a}"


def number(name: str) -> str:
    """Return the number in front of a chapter's name."""
    return name[:2]


def facts(records: Sequence[Record], not_complete: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the facts under the answer."""
    results = sum(len(record["results"]) for record in records)
    return [
        ("Chapters with a record", str(len(records))),
        ("Chapters without", str(len(not_complete))),
        ("Results on record", f"{results:,}"),
    ]


def comparison_table(
    records: Sequence[Record], planned: PlannedEndpoints | None = None
) -> TableView:
    """Return every primary comparison with its margin and decision.

    With a plan: those alone of which it makes no claim, and no decision.
    """
    claimed = {verdict.label for verdict in planned.claims} if planned else set()
    rows = [
        TableRow(
            [
                number(name),
                _named(c),
                estimate_text(c) if c.effect == "difference" else f"ratio {estimate_text(c)}",
                ci_text(c),
                "none" if c.margin is None else margin_text(c),
                *([] if planned else [decision_text(c)]),
            ]
        )
        for name, c in primary_comparisons(records)
        if name not in claimed
    ]
    columns = [
        TableColumn("", align="left"),
        TableColumn("Compared", align="left"),
        TableColumn("Effect"),
        TableColumn("95% CI", align="center"),
        TableColumn("Margin"),
        *([] if planned else [TableColumn("Decision", align="left")]),
    ]
    how = (
        "The plan makes no claim of these comparisons, so they carry no verdict."
        if planned
        else "The decision follows from the interval and the margin."
    )
    return TableView(
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


def answers(records: Sequence[Record]) -> str:
    """Return each chapter's question and answer as Markdown, with a link to the chapter."""
    if not records:
        return "There are no records: this chapter reads those of a study's other chapters."
    lines = [
        f"- [{number(record['name'])} {record['headline'].get('question', '')}]"
        f"({record['name']}.ipynb) {record['headline'].get('answer', '')}"
        for record in records
    ]
    return "\n".join(lines)


def not_judged(not_complete: Mapping[str, str]) -> str:
    """Return the chapters without a result and why, as Markdown."""
    if not not_complete:
        return "Every chapter of the book has a result."
    return "\n".join(f"- {name}: {reason}" for name, reason in not_complete.items())
