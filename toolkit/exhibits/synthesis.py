"""What chapter 90 shows: the answer of every chapter, each linked, and every primary comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.html import TableColumn, TableRow, TableView
from toolkit.results import Comparison
from toolkit.sentences import ci_text, decision_text, estimate_text, margin_text, verdict_word
from toolkit.wording import counted

Record = Mapping[str, Any]


def primary_comparisons(records: Sequence[Record]) -> list[tuple[str, Comparison]]:
    """Return each primary comparison with its chapter's name, in the order of the book."""
    return [
        (record["name"], Comparison.from_dict(record["headline"]["primary"]))
        for record in records
        if "primary" in record["headline"]
    ]


def answer(records: Sequence[Record], not_complete: Mapping[str, str]) -> str:
    """Return what the study shows: how many primary comparisons met their aim, and which not."""
    comparisons = primary_comparisons(records)
    missing = (
        f" {counted(len(not_complete), 'chapter').capitalize()} of the book could not be judged."
        if not_complete
        else ""
    )
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
    return f"{_endpoint(comparison)} of {comparison.label_b} against {comparison.label_a}"


def _endpoint(comparison: Comparison) -> str:
    """Return the quantity in words."""
    return comparison.quantity.replace("_", " ").replace("auc", "AUC")


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


def comparison_table(records: Sequence[Record]) -> TableView:
    """Return every primary comparison with its margin and the decision."""
    rows = [
        TableRow(
            [
                number(name),
                _named(c),
                estimate_text(c) if c.effect == "difference" else f"ratio {estimate_text(c)}",
                ci_text(c),
                "none" if c.margin is None else margin_text(c),
                decision_text(c),
            ]
        )
        for name, c in primary_comparisons(records)
    ]
    columns = [
        TableColumn("", align="left"),
        TableColumn("Compared", align="left"),
        TableColumn("Effect"),
        TableColumn("95% CI", align="center"),
        TableColumn("Margin"),
        TableColumn("Decision", align="left"),
    ]
    return TableView(
        title="Primary comparisons, one a chapter",
        columns=columns,
        rows=rows or [TableRow(["—", "none named", *["—"] * 4])],
        dense=True,
        foot=(
            "First column, the chapter. A difference is the first named minus the second, a ratio "
            "the first over the second. The decision follows from the interval and the margin."
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
