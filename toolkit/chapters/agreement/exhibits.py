"""What chapter 10 shows: agreement beyond chance of readers, and of the AI with each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from toolkit.chapters.agreement.analysis import (
    BIRADS,
    DENSITY,
    AgreementStudy,
    Overall,
    Pair,
    spread,
)
from toolkit.chapters.case_words import pooled_text, score_text
from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.draw.matrix import matrix_figure
from toolkit.draw.tables import TableColumn, TableRow, TableView, value_columns
from toolkit.results import Estimate, Result
from toolkit.words.sentences import ci_text, estimate_phrase, estimate_text
from toolkit.words.wording import capital, count_text, counted, level_text, number_text, value_text

QUESTION = "How far do readers agree with each other, and with the AI?"


def _two(value: float) -> str:
    """Return a coefficient to two decimals."""
    return number_text(value, digits=2)


def _range(pairs: Sequence[Pair]) -> str:
    """Return mean, least and greatest AC1 of some pairs."""
    low, mean, high = spread(pairs)
    if len(pairs) == 1:
        return _two(mean)
    return f"{_two(mean)} on average ({_two(low)} to {_two(high)})"


def head(study: AgreementStudy) -> Headline:
    """Return the question and how far readers, and the AI, agree on whom to recall."""
    found = study.recall
    same = np.nanmean([pair.same.estimate for pair in study.pairs])
    answer = (
        f"Two readers made the same call on {value_text(float(same), form='percent')} of the "
        f"examinations on average; beyond chance, the agreement of "
        f"{counted(found.n_readers, 'reader')} is {estimate_phrase(found.ac1)} by Gwet's AC1 and "
        f"{estimate_text(found.kappa)} by Fleiss' kappa."
    )
    if study.ai_added is not None:
        answer += (
            f" The AI at score {_score(study)} agreed with a reader by an AC1 of "
            f"{_range(study.ai_pairs)}, two readers by {_range(study.pairs)}."
        )
    return Headline(question=QUESTION, answer=answer, facts=_facts(study), limits=_limits(study))


def _limits(study: AgreementStudy) -> list[str]:
    """Return which examinations are pooled, and that weights are not used."""
    weights = (
        "The sampling weights of the cases are not used: the coefficients have no weighted form "
        "here, and hold for this sample."
    )
    return [*filter(None, (pooled_text(study.indication), weights if study.weighted else ""))]


def _score(study: AgreementStudy) -> str:
    """Return the scores at which the AI recalls; nothing without an AI."""
    return "" if study.ai_cutoff is None else score_text(study.ai_cutoff, study.ai_scale)


def _facts(study: AgreementStudy) -> list[tuple[str, str]]:
    """Return what was compared."""
    low, high = min(study.recall_rates), max(study.recall_rates)
    rates = [value_text(rate, form="percent") for rate in (low, high)]
    return [
        ("Examinations", f"{count_text(study.recall.n_cases)} judged by two readers or more"),
        ("Readers", f"{count_text(study.recall.n_readers)}, {study.modality}"),
        ("Recalled", f"{rates[0]} to {rates[1]} of their examinations"),
        ("AI", f"{study.ai_label}, score {_score(study)}" if study.ai_label else "left out"),
    ]


def matrix(study: AgreementStudy) -> Exhibit:
    """Return the matrix of all pairs, the AI last and apart."""
    labels = [*study.readers, *([study.ai_label] if study.ai_label else [])]
    place = {label: number for number, label in enumerate(labels)}
    values = np.full((len(labels), len(labels)), np.nan)
    every = [*study.pairs, *study.ai_pairs]
    for pair in every:
        first, second = (place[label] for label in pair.labels)
        values[second, first], values[first, second] = pair.ac1.estimate, pair.kappa.estimate
    names = [*study.readers, *(["AI"] if study.ai_label else [])]
    figure = matrix_figure(
        values,
        labels=names,
        last_role="ai" if study.ai_label else "",
        below="Gwet's AC1",
        above="Cohen's kappa",
    )
    with_ai = f", and the AI with each of them {_range(study.ai_pairs)}" if study.ai_pairs else ""
    return Exhibit(
        figure=figure,
        finding=f"Two readers reach an AC1 of {_range(study.pairs)}{with_ai}.",
        caption=(
            "Agreement on recall of each pair, on the examinations that both judged; the darker, "
            "the closer to 1. *AC1* depends less than kappa on how common recalls are. Intervals "
            "of every pair are in the data."
        ),
        alt=(
            f"Matrix of agreement on recall between {counted(len(study.readers), 'reader')}"
            f"{' and the AI' if study.ai_pairs else ''}; AC1 of two readers "
            f"{_range(study.pairs)}."
        ),
        data=pd.DataFrame([_pair_data(pair) for pair in every]),
    )


def _pair_data(pair: Pair) -> dict[str, object]:
    """Return all numbers of a pair."""
    row: dict[str, object] = {"reader_a": pair.labels[0], "reader_b": pair.labels[1]}
    row["n_cases"] = pair.n_cases
    named = {
        "same_call": pair.same,
        "positive_agreement": pair.positive,
        "negative_agreement": pair.negative,
        "kappa": pair.kappa,
        "ac1": pair.ac1,
    }
    for name, one in named.items():
        row |= {name: one.estimate, f"{name}_low": one.ci_low, f"{name}_high": one.ci_high}
    return row


def overall_table(study: AgreementStudy) -> Exhibit:
    """Return the coefficients of all readers together, by what they judged."""
    rows: list[TableRow] = []
    for one in study.overall:
        first = one is study.recall
        rows.append(TableRow(_overall_cells(one), kind="emphasis" if first else "plain"))
        if first and study.ai_added is not None:
            added = study.ai_added
            counts = [count_text(added.n_cases or 0), f"{len(study.readers)} + AI"]
            cells = ["change with the AI as one more reader", *counts, *_cells(added), "", ""]
            rows.append(TableRow(cells, kind="sub"))
    n_off = sum(one.n_off_scale for one in study.overall)
    off = (
        f" {capital(counted(n_off, 'reading'))} with a value outside the scale, such as BI-RADS 0, "
        f"{'counts' if n_off == 1 else 'count'} as not read."
        if n_off
        else ""
    )
    columns = [
        TableColumn("Judged", align="left"),
        TableColumn("Examinations"),
        TableColumn("Readers"),
        *value_columns("AC1"),
        *value_columns("Kappa"),
    ]
    return Exhibit(
        table=TableView(
            title="Agreement of all readers, beyond chance",
            columns=_at_level(columns, study),
            rows=rows,
            foot=(
                "*AC1*, Gwet; *kappa*, Fleiss; 1 is full agreement, 0 that of chance. Categories "
                "in an order have ordinal weights, so that neighbours agree in part. Readers are "
                "taken as fixed, women as independent; CI: linearised, t. Agreement is not "
                f"accuracy: readers who are wrong together agree.{off}"
            ),
        )
    )


def _overall_cells(one: Overall) -> list[str]:
    """Return the cells of one scale."""
    counts = [count_text(one.n_cases), count_text(one.n_readers)]
    return [capital(one.scale), *counts, *_cells(one.ac1), *_cells(one.kappa)]


def _cells(one: Estimate) -> list[str]:
    """Return an estimate and its interval."""
    return [estimate_text(one), ci_text(one)]


def _at_level(columns: Sequence[TableColumn], study: AgreementStudy) -> list[TableColumn]:
    """Return columns whose intervals are named by their level."""
    level = level_text(study.recall.ac1.ci_level)
    return [
        TableColumn(column.head.replace("95%", level), align=column.align, span=column.span)
        for column in columns
    ]


def ai_table(study: AgreementStudy) -> Exhibit | None:
    """Return the AI with each reader; None without an AI at a cut-off."""
    if not study.ai_pairs:
        return None
    rows = [
        [
            pair.labels[0],
            count_text(pair.n_cases),
            estimate_text(pair.same, unit=False),
            estimate_text(pair.positive, unit=False),
            estimate_text(pair.negative, unit=False),
            *_cells(pair.ac1),
            *_cells(pair.kappa),
        ]
        for pair in study.ai_pairs
    ]
    columns = [
        TableColumn("Reader", align="left"),
        TableColumn("Examinations"),
        TableColumn("Same call, %"),
        TableColumn("recalled", span="Agreement given one, %"),
        TableColumn("not recalled", span="Agreement given one, %"),
        *value_columns("AC1"),
        *value_columns("Kappa"),
    ]
    return Exhibit(
        table=TableView(
            title=f"{study.ai_label} at score {_score(study)}, with each reader, on recall",
            columns=_at_level(columns, study),
            rows=rows,
            dense=True,
            foot=(
                "*Agreement given one*: where one of the two recalled, or did not, how often the "
                "other did the same. *Kappa*, Cohen. Examinations on which the AI failed or never "
                "ran are left out, and never counted as a low score."
            ),
        )
    )


def scope_sentence(study: AgreementStudy) -> str:
    """Return what could not be asked of these readings."""
    scales = [one.scale for one in study.overall]
    missing = [scale for scale in (BIRADS, DENSITY) if scale not in scales]
    parts = []
    if missing:
        parts.append(f"These readings hold no {' and no '.join(missing)} of two readers.")
    if not study.ai_pairs:
        parts.append("The AI is left out: it has no reading here, or no cut-off is set for it.")
    if study.n_arbiter:
        parts.append(
            f"{capital(counted(study.n_arbiter, 'reading'))} of arbiters, who read where two "
            "readers differ, are left out."
        )
    return " ".join(parts)


def record(study: AgreementStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {}
    for one in study.overall:
        name = one.scale.lower().replace(" ", "_").replace("-", "_")
        results |= {f"ac1_{name}": one.ac1, f"kappa_{name}": one.kappa}
    if study.ai_added is not None:
        results["ac1_ai_added"] = study.ai_added
    for pair in (*study.pairs, *study.ai_pairs):
        first, second = pair.labels
        who = f"{first}_{'ai' if second == study.ai_label else second}".lower()
        results |= {f"ac1_{who}": pair.ac1, f"kappa_{who}": pair.kappa, f"same_{who}": pair.same}
    return results
