"""Table 1 of chapter 02: who was examined, by final diagnosis, and how far the groups differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from toolkit.arrays import FloatArray
from toolkit.chapters.cohort.cohort import Cohort
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.stats.monitoring.stability import (
    StandardizedDifference,
    standardized_difference,
    standardized_difference_of_categories,
)
from toolkit.tables import TABLES
from toolkit.words.wording import (
    EM_DASH,
    NO_BREAK_SPACE,
    WORD_JOINER,
    count_text,
    joined,
    number_text,
)

NUMBERS = {"age_years": "Age, years", "result": "AI score"}
CATEGORIES = {
    "density": "Breast density",
    "indication": "Indication",
    "device": "Mammography system",
    "site": "Site",
    "earlier": "Earlier examination in these data",
}
GROUPS = ("All", "Cancer", "No cancer or not known")
MOST_CATEGORIES = 12  # a column with more values is not a characteristic but a list
Fate = Literal["row", "lacking", "same", "many", "none"]
# Columns that make no row, by the words that the foot has for them.
WITHOUT_ROW: dict[Fate, str] = {
    "lacking": "Not recorded",
    "same": "The same for all",
    "many": "Too many values to list",
}


@dataclass(frozen=True, kw_only=True)
class TableOne:
    """Table 1: the printed view and the standardized differences by column."""

    view: TableView
    differences: dict[str, StandardizedDifference]


def table_one(found: Cohort) -> TableOne:
    """Return the characteristics of all examinations, of those with cancer and of the others."""
    cases = found.cases
    cancer = cases["diagnosis"] == "cancer"
    groups = (cases, cases[cancer], cases[~cancer])
    rows: list[TableRow] = []
    differences: dict[str, StandardizedDifference] = {}
    for name, label in {**NUMBERS, **CATEGORIES}.items():
        if _fate(found, name) != "row":
            continue
        make = _number_rows if name in NUMBERS else _category_rows
        differences[name], made = make(name, label, groups)
        rows += made
    heads = [
        f"{name}, N{NO_BREAK_SPACE}={NO_BREAK_SPACE}{count_text(len(group))}"
        for name, group in zip(GROUPS, groups, strict=True)
    ]
    empty = TableRow(["No characteristic is recorded", *[""] * 4])
    view = TableView(
        title=f"{found.unit.capitalize()}s, by final diagnosis",
        columns=[TableColumn("", align="left"), *map(TableColumn, heads), TableColumn("SMD")],
        rows=rows or [empty],
        foot=_foot(found, differences),
    )
    return TableOne(view=view, differences=differences)


def _fate(found: Cohort, name: str) -> Fate:
    """Return whether a column makes a row, or why not; a column that cannot apply is none."""
    if name == "result" and found.index != "score":
        return "none"
    if name not in found.cases or found.cases[name].isna().all():
        return "none" if name == "earlier" else "lacking"
    if name in NUMBERS:
        return "row"
    values = found.cases[name].nunique(dropna=True)
    if values > MOST_CATEGORIES:
        return "many"
    whole = values == 1 and found.cases[name].notna().all()
    return ("none" if name == "earlier" else "same") if whole else "row"


def _foot(found: Cohort, differences: dict[str, StandardizedDifference]) -> str:
    """Return how to read the table, and the columns that it cannot show."""
    sentences = [
        "Median (interquartile range) or n (%) of those recorded. *SMD*, standardised mean "
        "difference of the last two columns, without sign: difference of the means over the root "
        "of the mean of both variances (Austin 2009); for categories after Yang and Dalton 2012. "
        "No test of significance: the groups differ by definition."
    ]
    if any(difference.note for difference in differences.values()):
        sentences.append(f"{EM_DASH}, not defined: a group has too few values.")
    fates = {name: _fate(found, name) for name in (*NUMBERS, *CATEGORIES)}
    for fate, words in WITHOUT_ROW.items():
        named = [_foot_words(found, name, fate) for name in fates if fates[name] == fate]
        if named:
            sentences.append(f"{words}: {joined(named)}.")
    if "weight" in found.cases and found.cases["weight"].nunique() > 1:
        sentences.append("Counts of the sample as drawn; its sampling weights are not applied.")
    return " ".join(sentences)


def _foot_words(found: Cohort, name: str, fate: Fate) -> str:
    """Return the name of a column in a sentence, with its one value where it has only one."""
    label = (NUMBERS | CATEGORIES)[name].split(",")[0]
    words = label if label.startswith("AI") else label[0].lower() + label[1:]
    if fate != "same":
        return words
    return f"{words} ({_plain_value(found.cases[name].iloc[0])})"


def _number_rows(
    name: str, label: str, groups: Sequence[pd.DataFrame]
) -> tuple[StandardizedDifference, list[TableRow]]:
    """Return the difference of a number, and its rows: median and quartiles, and the missing."""
    values = [group[name].dropna().to_numpy(dtype=np.float64) for group in groups]
    # A score from 0 to 1 needs more decimals than one from 1 to 10; ages are whole.
    digits = 0 if name == "age_years" else 3 if np.ptp(values[0]) <= 1 else 1
    difference = standardized_difference(*values[1:], label_a=GROUPS[1], label_b=GROUPS[2])
    cells = [_quartiles(v, digits) for v in values]
    row = TableRow([f"{label}: median (IQR)", *cells, _smd(difference)], kind="space")
    return difference, [row, *_missing_row(name, groups)]


def _quartiles(values: FloatArray, digits: int) -> str:
    """Return median and quartiles."""
    if not values.size:
        return EM_DASH
    low, middle, high = (
        number_text(value, digits=digits) for value in np.quantile(values, (0.25, 0.5, 0.75))
    )
    dash = " to " if low.startswith("−") else f"{WORD_JOINER}–{WORD_JOINER}"
    return f"{middle} ({low}{dash}{high})"


def _category_rows(
    name: str, label: str, groups: Sequence[pd.DataFrame]
) -> tuple[StandardizedDifference, list[TableRow]]:
    """Return the difference of categories, and their rows: one each, and the missing."""
    values = _ordered(name, groups[0][name])
    counts = [[int((group[name] == value).sum()) for value in values] for group in groups]
    difference = standardized_difference_of_categories(
        *counts[1:], label_a=GROUPS[1], label_b=GROUPS[2]
    )
    rows = [TableRow([f"{label}, n (%)", "", "", "", _smd(difference)], kind="space")]
    for number, value in enumerate(values):
        cells = [_share(group[number], sum(group)) for group in counts]
        rows.append(TableRow([_value_words(value), *cells, ""], kind="sub"))
    if name == "earlier":  # the share without says nothing that the share with does not
        rows = [TableRow([f"{label}, n (%)", *rows[-1].cells[1:4], _smd(difference)], kind="space")]
    return difference, [*rows, *_missing_row(name, groups)]


def _ordered(name: str, values: pd.Series) -> list[object]:
    """Return the values that occur: in the order of the vocabulary, else by name."""
    there = set(values.dropna())
    columns = {column.name: column.allowed for column in TABLES["cases"].columns}
    allowed = columns.get(name, ())
    return [value for value in allowed if value in there] or sorted(there)


def _plain_value(value: object) -> str:
    """Return a category as it stands in a sentence."""
    return str(value).replace("follow_up", "follow-up").replace("_", " ")


def _value_words(value: object) -> str:
    """Return a category as it heads a row."""
    text = _plain_value(value)
    return text[:1].upper() + text[1:]


def _missing_row(name: str, groups: Sequence[pd.DataFrame]) -> list[TableRow]:
    """Return a row of the values not recorded, where there are any."""
    missing = [int(group[name].isna().sum()) for group in groups]
    words = "No score" if name == "result" else "Not recorded"
    return [TableRow([words, *map(count_text, missing), ""], kind="sub")] if missing[0] else []


def _share(count: int, whole: int) -> str:
    """Return a count with its percentage."""
    percent = number_text(100 * count / whole, digits=1) if whole else ""
    return f"{count_text(count)} ({percent})" if whole else EM_DASH


def _smd(difference: StandardizedDifference) -> str:
    """Return a standardized difference without its sign."""
    return EM_DASH if difference.note else number_text(abs(difference.estimate), digits=2)
