"""What chapter 07 shows: readers in two modalities, what each gained, and what all together."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from toolkit.chapters.comparison import (
    CALLS,
    MEASURES,
    Endpoint,
    notes_once,
    roc_place,
    with_cancer,
)
from toolkit.chapters.exhibit import MOST_READERS, Exhibit, Headline
from toolkit.chapters.reader_study.analysis import (
    ModalityAnalysis,
    ReaderRow,
    ReaderStudy,
    two_level_readers,
    values_of,
)
from toolkit.draw.bars import interval_bar
from toolkit.draw.readers import RocPair, change_figure, change_row, roc_pairs_figure
from toolkit.draw.study_design import VariancePart, reading_map_figure, variance_figure
from toolkit.draw.tables import TableColumn, TableRow, TableView, value_cells, value_columns
from toolkit.results import Comparison, Result
from toolkit.stats.mrmc import VarianceShares, variance_shares
from toolkit.stats.mrmc.analysis import FEW_READERS
from toolkit.words.sentences import (
    agreement_sentence,
    answer_text,
    effect_phrase,
    estimate_phrase,
    estimate_text,
    form_of,
    instead_phrase,
    margin_limit,
    margin_text,
)
from toolkit.words.wording import (
    EM_DASH,
    capital,
    count_text,
    counted,
    in_sentence,
    joined,
    number_text,
    p_text,
    some_of,
    value_text,
)


def head(study: ReaderStudy) -> Headline:
    """Return the question, the answer of the analysis, and what limits it."""
    readings, endpoint, change = study.readings, study.plan.endpoint, study.primary.difference
    a, b = study.plan.names
    more = "more accurate with {} than"
    wanted = more if change.margin is None else "at least as accurate with {} as"
    parts = [_sentence(study)]
    each = study.reader_differences(endpoint)
    if len(each) > 1:
        better = some_of(sum(one.estimate > 0 for one in each), len(each), "reader")
        parts.append(f"{capital(better)} had a higher {MEASURES[endpoint]} with {b}.")
    method = study.primary.analysis.method if study.primary.analysis else ""
    family = "Obuchowski\u2013Rockette. " if method.startswith("Obuchowski-Rockette") else ""
    return Headline(
        question=f"Are readers {wanted.format(b)} with {a}?",
        answer=" ".join([*parts, *_other_calls(study)]),
        primary=change,
        bar=interval_bar(change, left=f"{a} better", right=f"{b} better", role="aided"),
        clinic=_clinic(study),
        limits=_limits(study),
        facts=[
            ("Examinations", with_cancer(readings.n_cases, readings.n_positive)),
            ("Readers", f"{len(readings.readers)}, {study.design.kind}"),
            ("Analysis", family + study.primary.name),
        ],
    )


def _sentence(study: ReaderStudy) -> str:
    """Return both means of the endpoint and their difference."""
    measure = f"The mean {MEASURES[study.plan.endpoint]} of {_people(study)}"
    return answer_text(study.primary.difference, measure=measure)


def _clinic(study: ReaderStudy) -> str:
    """Return what readers recalled with the new reading instead of the old, in points."""
    found, cleared = (study.endpoints[endpoint].difference for endpoint in CALLS)
    if math.isnan(found.ci_low + cleared.ci_low):  # no calls
        return _sentence(study)
    return (
        f"With {study.plan.names[1]}, {_people(study)} recalled {instead_phrase(found)} of the "
        f"examinations with cancer, and left {instead_phrase(cleared)} of those without "
        "unrecalled."
    )


def _people(study: ReaderStudy) -> str:
    """Return the count of readers in words."""
    return counted(len(study.readings.readers), "reader")


def _other_calls(study: ReaderStudy) -> list[str]:
    """Return the change of specificity beside that of sensitivity, and the other way round."""
    return [
        f"{capital(MEASURES[one])} differs by {estimate_phrase(study.endpoints[one].difference)}."
        for one in CALLS
        if study.plan.endpoint in CALLS and one != study.plan.endpoint
    ]


def _limits(study: ReaderStudy) -> list[str]:
    """Return what limits the answer, one sentence each."""
    plan, n_readers = study.plan, len(study.readings.readers)
    fewest = min(len(array.labels) for array in study.readings.by_modality)
    sentences = []
    if study.from_marks and plan.endpoint == "auc":
        sentences.append(
            "Each rating is that of the reading's highest mark, wherever it lies, and a reading "
            "without a mark ranks below all: an inferred ROC study."
        )
    alone = study.alone[plan.endpoint].difference
    if n_readers == 1 and not math.isnan(alone.estimate):
        sentences.append(
            f"For this reader alone: {effect_phrase(alone)}, which says nothing of other readers."
        )
    elif n_readers > 1 and fewest < FEW_READERS:
        words = capital(counted(fewest, "reader"))
        each = "" if fewest == n_readers else " in a modality"
        verb = "is" if fewest == 1 else "are"
        sentences.append(f"{words}{each} {verb} too few to speak for readers in general.")
    if study.design.kind == "incomplete" and study.primary.analysis is not None:
        sentences.append(_missing(study))
    if plan.random == "readers" and study.primary.analysis is not None:
        sentences.append("Cases are taken as fixed: the answer holds for these examinations only.")
    few = two_level_readers(study.readings) if plan.endpoint == "auc" else ()
    if few:
        who = capital(some_of(n_readers, n_readers, "reader"))
        sentences.append(
            f"{who if len(few) == n_readers else joined(few)} used two levels of ratings at most: "
            "an AUC of such ratings is the mean of sensitivity and specificity at one cut-off."
        )
    return sentences


def _missing(study: ReaderStudy) -> str:
    """Return how many readings are missing, and what that does to the analysis."""
    design = study.design
    total = design.n_cases * design.n_readers * design.n_modalities
    gap = f"{count_text(design.n_missing)} of {count_text(total)} readings are missing"
    if study.plan.method == "u_statistic":
        return f"{gap}."
    return (
        f"{gap}, so the analysis is that of U-statistics: it needs no complete readings, "
        "while leaving cases out or taking the study as complete would mislead."
    )


def reading_map(study: ReaderStudy) -> Exhibit:
    """Return who read what, readers by cases; a sentence where everybody read everything."""
    readings, kind, declared = study.readings, study.design.kind, study.plan.design
    if kind == "fully crossed":
        return Exhibit(finding=_design_found(study))
    done = ~np.isnan(values_of(readings, study.plan.endpoint))
    cancer = readings.truth == 1
    same = "as declared" if kind == declared else f"declared as {declared}"
    gaps = " Light, not read." if study.design.n_missing else ""
    data = {
        "reader": np.repeat(readings.readers, len(readings.modalities)),
        "modality": readings.modalities * len(readings.readers),
        "with_cancer": done[cancer].sum(axis=0).ravel(),
        "without_cancer": done[~cancer].sum(axis=0).ravel(),
    }
    return Exhibit(
        figure=reading_map_figure(
            done,
            truth=readings.truth,
            readers=readings.readers,
            modalities=[capital(name) for name in study.plan.names],
        ),
        finding=_design_found(study),
        caption=(
            f"Rows, readers; columns, examinations, alike ones beside each other.{gaps} Numbers, "
            f"examinations read. Design: {kind}, {same}."
        ),
        alt=(
            f"Map of {_people(study)} by {count_text(readings.n_cases)} examinations: "
            f"{count_text(int(done.sum()))} readings, {kind}."
        ),
        data=pd.DataFrame(data),
    )


def _design_found(study: ReaderStudy) -> str:
    """Return the design that the readings show."""
    design = study.design
    readers, cases = _people(study), f"{count_text(design.n_cases)} examinations"
    total = design.n_cases * design.n_readers * design.n_modalities
    found = {
        "fully crossed": f"Each of {readers} read all {cases} in both modalities.",
        "readers nested in modality": "Each reader read in one modality, so that different readers "
        "are compared.",
        "cases nested in reader": "Each reader read examinations of their own, in both modalities.",
        "cases nested in modality": "Each modality was read on examinations of its own.",
        "split plot": f"{capital(counted(len(set(design.group)), 'group'))} of readers read "
        "examinations of their own, in both modalities.",
        "incomplete": f"{count_text(design.n_missing)} of the {count_text(total)} readings that "
        f"{readers} could have made of {cases} are missing.",
    }
    return found[design.kind]


def order(study: ReaderStudy) -> str:
    """Return which reading came first, and how far apart the two are."""
    found, (a, b) = study.order, study.plan.names
    if not found.n_pairs:
        return "Nobody read an examination in both modalities."
    pairs = counted(found.n_pairs, "pair")
    both = f"{capital(pairs)} of readings are of one reader, one examination and both modalities"
    known = found.n_a_first + found.n_b_first
    if not known:
        return f"{both}; the data do not say which reading came first."
    unknown = count_text(found.n_pairs - known)
    rest = f", and {unknown} are not known" if known < found.n_pairs else ""
    first = (
        f"{both}: in {count_text(found.n_a_first)} of them {a} came first, in "
        f"{count_text(found.n_b_first)} {b}{rest}."
    )
    if math.isnan(found.shortest_gap_days):
        return f"{first} How long apart the two readings were is not in the data."
    days = number_text(found.shortest_gap_days, digits=0)
    return f"{first} The two readings were at least {days} days apart."


def roc(study: ReaderStudy) -> Exhibit:
    """Return every reader's curves and calls; a sentence where nobody gave ratings."""
    shown = [row for row in study.rows if any(row.curves)][:MOST_READERS]
    if not shown:
        return Exhibit(finding="The readers made recall calls only, so there are no curves.")
    (a, b), modalities = study.plan.names, study.readings.modalities
    places = [tuple(roc_place(calls) for calls in row.calls) for row in study.rows]
    moved = [(first, second) for first, second in places if first and second]
    points = f" Open circle to arrow head, the recall calls from {a} to {b}."
    pairs = [
        RocPair(
            title=row.label,
            curve_a=row.curves[0],
            curve_b=row.curves[1],
            text_a=value_text(row.areas[0], form="index"),
            text_b=value_text(row.areas[1], form="index"),
            point_a=roc_place(row.calls[0]),
            point_b=roc_place(row.calls[1]),
        )
        for row in shown
    ]
    ends = [place or (math.nan, math.nan) for both in places for place in both]
    data = {
        "reader": [row.label for row in study.rows for _ in modalities],
        "modality": modalities * len(study.rows),
        "auc": [area for row in study.rows for area in row.areas],
        "one_minus_specificity": [x for x, _ in ends],
        "sensitivity": [y for _, y in ends],
    }
    difference = estimate_text(study.endpoints["auc"].difference)
    return Exhibit(
        figure=roc_pairs_figure(pairs, label_a=modalities[0], label_b=modalities[1]),
        finding=_moved(study, moved),
        caption=(
            f"Empirical ROC curves of each reader on {count_text(study.readings.n_cases)} "
            f"examinations. Dashed grey, {a}; solid green, {b}; shaded, the gain; numbers, *AUC*, "
            f"the area under the curve.{points if moved else ''}{_first_readers(study)}"
        ),
        alt=(
            f"ROC curves of {_people(study)}, one small panel each, {joined(modalities)}. Mean "
            f"difference in AUC {difference}."
        ),
        data=pd.DataFrame(data),
    )


def _moved(study: ReaderStudy, moved: list[tuple[tuple[float, float], tuple[float, float]]]) -> str:
    """Return what reading with b does to the readers' calls."""
    if not moved:
        return f"ROC curves of {counted(len(study.rows), 'reader')}."
    found = sum(second[1] > first[1] for first, second in moved)
    recalled = sum(second[0] > first[0] for first, second in moved)
    more, called = (some_of(count, len(moved), "reader") for count in (found, recalled))
    return (
        f"With {study.plan.names[1]} {more} found more of the cancers, and {called} recalled more "
        "of the examinations without."
    )


def _first_readers(study: ReaderStudy) -> str:
    """Return how many readers are shown, where they are cut."""
    n_readers = len(study.rows)
    return f" The first {MOST_READERS} of {n_readers} readers." if n_readers > MOST_READERS else ""


def change(study: ReaderStudy) -> Exhibit:
    """Return how each reader changed and the pooled difference; a sentence where nobody can."""
    plan, pooled = study.plan, study.primary.difference
    each = study.reader_differences(plan.endpoint)
    shown = sorted(each, key=lambda one: one.estimate, reverse=True)[:MOST_READERS]
    if not shown:
        reason = study.alone[plan.endpoint].difference.note or "nobody read in both"
        return Exhibit(finding=f"No reader can be compared in both modalities: {reason}.")
    (a, b), measure = study.readings.modalities[:2], MEASURES[plan.endpoint]
    rows = [change_row(one) for one in shown]
    diamond = margin = ""
    if not math.isnan(pooled.estimate):
        rows.append(change_row(pooled, label="Mean", kind="pooled"))
        diamond = f"; diamond, mean of {_people(study)} ({in_sentence(study.primary.name)})"
    if pooled.margin is not None:
        margin = f" Dashed, the margin of {margin_text(pooled)}; shaded, worse."
    cut = f" The {MOST_READERS} largest gains of {len(each)}." if len(each) > MOST_READERS else ""
    columns = ["label", "quantity", "estimate_a", "estimate_b", "estimate", "ci_low", "ci_high"]
    kinds = {label: one.difference for label, one in study.kinds.items() if one.analysis}
    rows += [change_row(one, label=label, kind="group") for label, one in kinds.items()]
    words = "; under it each kind of readers by the same analysis, not tested against each other"
    frames = [one.summary_frame() for one in shown]
    frames += [one.summary_frame().assign(label=label) for label, one in kinds.items()]
    frames.append(pooled.summary_frame().assign(label="Mean"))
    return Exhibit(
        figure=change_figure(
            rows,
            label_a=a,
            label_b=b,
            axis_label=measure if plan.endpoint == "auc" else f"{capital(measure)} (%)",
            form=form_of(shown[0]),
            margin=None if pooled.margin is None else margin_limit(pooled),
        ),
        finding=_range(shown, pooled, kinds),
        caption=(
            f"**a** From {a} (open circle) to {b} (arrow head). **b** Difference with "
            f"95% CI of each reader over cases like these{diamond}{words if kinds else ''}."
            f"{margin}{cut} Sorted by gain."
        ),
        alt=(
            f"Arrows from {a} to {b} and a forest of the differences of {_people(study)}; mean "
            f"difference {estimate_text(pooled)}."
        ),
        data=pd.concat(frames, ignore_index=True)[columns],
    )


def _range(shown: list[Comparison], pooled: Comparison, kinds: dict[str, Comparison]) -> str:
    """Return the range of single readers, the mean with its interval, and that of each kind."""
    mean = (
        f"the mean is not defined ({pooled.note})"
        if math.isnan(pooled.estimate)
        else f"the mean is {estimate_phrase(pooled)}"
    )
    named = (f"{in_sentence(label)} {estimate_phrase(one)}" for label, one in kinds.items())
    mean = "; ".join([mean, *named])
    most, least = shown[0], shown[-1]
    if len(shown) == 1:
        return f"The difference of {most.label} is {estimate_phrase(most)}; {mean}."
    return (
        f"Single readers differ from {estimate_text(least)} ({least.label}) to "
        f"{estimate_text(most)} ({most.label}); {mean}."
    )


def call_changes(study: ReaderStudy) -> str:
    """Return the differences in sensitivity and specificity in words."""
    texts = [
        f"{MEASURES[endpoint]} by {estimate_phrase(named.difference)}"
        for endpoint, named in study.endpoints.items()
        if endpoint in CALLS and not math.isnan(named.difference.estimate)
    ]
    if not texts:
        return "Sensitivity and specificity cannot be compared; the table says why."
    return f"With {study.plan.names[1]} the readers' calls changed: {joined(texts)}."


def endpoint_table(study: ReaderStudy) -> Exhibit:
    """Return AUC, sensitivity and specificity in both modalities and their differences."""
    primary = study.plan.endpoint
    columns = [TableColumn("", align="left")]
    for span in (*(capital(name) for name in study.plan.names), "Difference"):
        columns += value_columns("Mean" if span != "Difference" else "Estimate", span=span)
    columns.append(TableColumn("*P*"))
    in_order = sorted(study.endpoints, key=lambda endpoint: endpoint != primary)
    rows = [
        TableRow(
            _endpoint_cells(endpoint, study.endpoints[endpoint]),
            "emphasis" if endpoint == primary else "plain",
        )
        for endpoint in in_order
    ]
    return Exhibit(
        table=TableView(
            title="Means of the readers in both modalities",
            columns=columns,
            rows=rows,
            foot=_endpoint_foot(study),
            dense=True,
        )
    )


def _endpoint_cells(endpoint: Endpoint, named: ModalityAnalysis) -> list[str]:
    """Return both means and their difference, each with its interval."""
    unit = "" if endpoint == "auc" else " (%)"
    cells = [f"{capital(MEASURES[endpoint])}{unit}"]
    for mean in named.analysis.modalities[:2] if named.analysis else ():
        cells += value_cells(mean)
    cells += [EM_DASH] * (5 - len(cells))
    return [*cells, *value_cells(named.difference), p_text(named.difference.p_value)]


def _endpoint_foot(study: ReaderStudy) -> str:
    """Return population, recall rule, methods and what is not defined."""
    rule = study.readings.recall_rating
    recall = "" if rule is None else f", else a rating of {rule:g} or more"
    reasons = [
        f"{capital(MEASURES[endpoint])} is not compared: {named.difference.note}."
        f"{_of_these_readers(study, endpoint)}"
        for endpoint, named in study.endpoints.items()
        if math.isnan(named.difference.estimate)
    ]
    sentences = [
        f"{capital(_people(study))}, {_cases(study)}. Recall is each reader's own call{recall}.",
        f"CI: {in_sentence(study.primary.name)}; of the means on the logit scale.",
        f"The chapter's endpoint is {MEASURES[study.plan.endpoint]}; the other rows carry no "
        "conclusion here.",
        *reasons,
    ]
    return " ".join(sentences)


def _of_these_readers(study: ReaderStudy, endpoint: Endpoint) -> str:
    """Return the difference that these very readers had, where that at least is defined."""
    alone = study.alone[endpoint].difference
    if math.isnan(alone.estimate):
        return ""
    whom = "this reader" if len(study.readings.readers) == 1 else "these readers"
    return f" For {whom} only the difference is {estimate_phrase(alone)}."


def _cases(study: ReaderStudy) -> str:
    """Return how many cases of how many women, and how the covariance takes them."""
    readings = study.readings
    cases = with_cancer(readings.n_cases, readings.n_positive, "examinations ")
    if readings.n_patients == readings.n_cases:
        return cases
    return (
        f"{cases} of {count_text(readings.n_patients)} women, who are what the covariance takes as "
        "independent"
    )


def reader_table(study: ReaderStudy) -> Exhibit | None:
    """Return the calls of each reader in both modalities; None without any call."""
    if not any(any(row.calls) for row in study.rows):
        return None
    same = {endpoint: _common_denominator(study.rows, endpoint) for endpoint in CALLS}
    a, b = (capital(name) for name in study.readings.modalities[:2])
    columns, pooled = [TableColumn("", align="left")], ["Mean"]
    for endpoint, number in same.items():
        total = f" (%, N = {count_text(number)})" if number else " (n/N, %)"
        span = f"{capital(MEASURES[endpoint])}{total}"
        columns += [
            TableColumn(a, span=span),
            TableColumn(b, span=span),
            *value_columns("Diff.", span=span),
        ]
        mean = study.endpoints[endpoint].difference
        ends = (mean.estimate_a, mean.estimate_b)
        pooled += [value_text(end, form="percent", unit=False) for end in ends]
        pooled += value_cells(mean)
    body = [TableRow(pooled, "emphasis")]
    for number, row in enumerate(study.rows[:MOST_READERS]):
        cells = [row.label]
        for endpoint in CALLS:
            cells += _reader_cells(study, row, endpoint, same[endpoint])
        body.append(TableRow(cells, rule=number == 0))
    return Exhibit(
        table=TableView(
            title="Recall calls of each reader in both modalities",
            columns=columns,
            rows=body,
            dense=True,
            foot=(
                "Differences in percentage points. CI of the mean: readers and cases random; of "
                f"each reader: over cases alone (normal).{_first_readers(study)}"
            ),
        )
    )


def _common_denominator(rows: tuple[ReaderRow, ...], endpoint: Endpoint) -> int | None:
    """Return the denominator that all readers share, or None."""
    made = (calls for row in rows for calls in row.calls if calls)
    found = {int(calls.estimates[endpoint].denominator or 0) for calls in made}
    return found.pop() if len(found) == 1 else None


def _reader_cells(
    study: ReaderStudy, row: ReaderRow, endpoint: Endpoint, same: int | None
) -> list[str]:
    """Return one reader's shares in both modalities, and the difference where there is one."""
    cells = []
    for calls in row.calls[:2]:
        share = calls.estimates[endpoint] if calls else None
        count, total = (share.numerator or 0, share.denominator or 0) if share else (0, 0)
        percent = value_text(count / total, form="percent", unit=False) if total else EM_DASH
        full = f"{count_text(count)}/{count_text(total)} ({percent})" if total else EM_DASH
        cells.append(percent if same else full)
    found = [one for one in study.reader_differences(endpoint) if one.label == row.label]
    return [*cells, *(value_cells(found[0]) if found else (EM_DASH, EM_DASH))]


def analysis_table(study: ReaderStudy) -> Exhibit:
    """Return the analysis of the answer and others."""
    rows = [
        TableRow(["Analysis of the answer"], "group"),
        TableRow(_analysis_cells(study.primary), "emphasis"),
        TableRow(["Other analyses"], "group"),
        *(TableRow(_analysis_cells(other)) for other in study.alternatives),
    ]
    columns = [
        TableColumn("What is random; covariance over cases", align="left"),
        *value_columns("Difference"),
        TableColumn("SE"),
        TableColumn("df"),
        TableColumn("*P*"),
    ]
    measure = MEASURES[study.plan.endpoint]
    return Exhibit(
        table=TableView(
            title=f"Difference in {measure}: the analysis of the answer, and others",
            columns=columns,
            rows=rows,
            foot=_analysis_foot(study),
        )
    )


def _analysis_cells(named: ModalityAnalysis) -> list[str]:
    """Return name, difference, interval, standard error, degrees of freedom and P."""
    change = named.difference
    percent = form_of(change) == "percent"
    error = change.std_error * 100 if percent else change.std_error
    return [
        named.name,
        *value_cells(change),
        number_text(error, digits=2 if percent else 4),
        number_text(change.df, digits=1),
        p_text(change.p_value),
    ]


def _analysis_foot(study: ReaderStudy) -> str:
    """Return what was analysed and how, with the notes of the analyses."""
    a, b = study.plan.names
    unit = "" if study.plan.endpoint == "auc" else " in percentage points"
    analyses = (study.primary, *study.alternatives)
    reasons = [
        f"\u201c{other.name}\u201d is not defined: {other.difference.note}."
        for other in analyses
        if other.analysis is None
    ]
    # A note once, in the order of the analyses; components below 0 stand in their own table.
    notes = notes_once(other.analysis.note for other in analyses if other.analysis)
    return " ".join(
        [
            f"{capital(b)} minus {a}{unit}; {_people(study)}, {_cases(study)}. A covariance that "
            "is named stands in Obuchowski and Rockette's analysis with Hillis's degrees of "
            "freedom; those of U-statistics are after Obuchowski, Gallas and Hillis. "
            "\u201cOnly\u201d: the result says nothing of other readers, or of other examinations.",
            *reasons,
            *(note for note in notes if "below 0" not in note),
        ]
    )


def agreement(study: ReaderStudy) -> str:
    """Return in words whether other analyses agree with that of the answer."""
    if study.primary.analysis is None:
        return "The analysis of the answer is not defined, so nothing can be compared with it."
    return agreement_sentence([other.flag for other in study.alternatives if other.analysis])


# Of each share: its field, its name, why it arises, and what makes it smaller.
_SOURCES = (
    (
        "share_reader_modality",
        "Reader \u00d7 modality",
        "readers differ in what the modality does for them",
        ("more readers",),
    ),
    ("share_error", "Error, one reading", "single readings vary", ("more readers", "more cases")),
    ("share_cases", "Cases, shared by the readers", "all read the same cases", ("more cases",)),
)
_LEAST_SHARE = 0.0005  # a smaller one would be drawn without width


def _shares(study: ReaderStudy) -> VarianceShares | None:
    """Return the shares of the variance; None where the design has no such components."""
    analysis = study.primary.analysis
    if analysis is None or analysis.components is None or analysis.random != "readers and cases":
        return None
    if study.design.kind != "fully crossed":
        return None
    found = variance_shares(analysis.components, n_readers=len(study.readings.readers))
    return None if math.isnan(found.share_cases) else found


def variance(study: ReaderStudy) -> Exhibit:
    """Return what more readers or more cases would make smaller; a sentence if it is not split."""
    found, analysis = _shares(study), study.primary.analysis
    if found is None or analysis is None:
        return Exhibit(
            finding="This analysis has no components of readers and cases, so the variance is not "
            "split."
        )
    made = [(*source, getattr(found, source[0])) for source in _SOURCES]
    total = sum(share for *_, share in made if share >= _LEAST_SHARE)
    parts = [
        VariancePart(label=label, share=share / total, shrinks_with=shrinks)
        for _, label, _, shrinks, share in made
        if share >= _LEAST_SHARE
    ]
    _, _, why, shrinks, most = max(made, key=lambda source: source[-1])
    named = [f"{label.lower()} {value_text(share, form='percent')}" for _, label, *_, share in made]
    note = f" {capital(found.note)}." if found.note else ""
    return Exhibit(
        figure=variance_figure(parts),
        finding=(
            f"The largest share, {value_text(most, form='percent')} of the variance, arises "
            f"because {why}; it shrinks with {joined(shrinks)}."
        ),
        caption=(
            "Shares of the variance of the mean difference, from the Obuchowski\u2013Rockette "
            f"components ({analysis.covariance_method}, {_people(study)}). The readers' own level "
            f"cancels in a paired comparison and is not shown.{note}"
        ),
        alt=f"Bars of the shares of the variance: {joined(named)}.",
        data={"source": [source[1] for source in made], "share": [source[-1] for source in made]},
    )


_COMPONENTS = (
    ("Between readers", "Var(R)", "var_reader"),
    ("Reader \u00d7 modality", "Var(TR)", "var_reader_modality"),
    ("Over cases, one reader in one modality", "Var(\u03b5)", "var_error"),
    ("Covariance: same reader, other modality", "Cov1", "cov1"),
    ("Covariance: other reader, same modality", "Cov2", "cov2"),
    ("Covariance: other reader, other modality", "Cov3", "cov3"),
)


def component_table(study: ReaderStudy) -> Exhibit | None:
    """Return the variance components as estimated; None where the analysis has none."""
    analysis = study.primary.analysis
    if analysis is None or analysis.components is None or math.isnan(analysis.components.cov1):
        return None
    return Exhibit(
        table=TableView(
            title="Variance components, not truncated",
            columns=[
                TableColumn("Component", align="left"),
                TableColumn("Symbol", align="left"),
                TableColumn("Estimate \u00d7 1,000"),
            ],
            rows=[
                [label, symbol, number_text(1000 * getattr(analysis.components, name), digits=4)]
                for label, symbol, name in _COMPONENTS
            ],
            foot=f"Obuchowski\u2013Rockette model, covariance over cases: "
            f"{analysis.covariance_method}. One below 0 is not to be told from none.",
        )
    )


def record(study: ReaderStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {"design": study.design}
    for endpoint, named in study.endpoints.items():
        results[f"{endpoint}_difference"] = named.difference
        if named.analysis is not None:
            results[f"{endpoint}_analysis"] = named.analysis
        for one in study.reader_differences(endpoint):
            results[f"{endpoint}_difference_{one.label.lower()}"] = one
    for label, named in study.kinds.items():
        kind = label.partition(" ")[0].lower()
        results[f"{study.plan.endpoint}_difference_{kind}"] = named.difference
    for number, other in enumerate(study.alternatives, start=1):
        results[f"alternative_{number}"] = other.difference
    return results
