"""What chapter 21 shows: the table of every planned endpoint, with what its foot must say."""

from __future__ import annotations

import math

from toolkit.chapters.prospective.screening_endpoints import (
    PairedEndpoint,
    ScreeningComparison,
    rate_difference,
    reader_time_range,
)
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.results import Comparison
from toolkit.words.sentences import ci_text, estimate_text, margin_text
from toolkit.words.wording import (
    EM_DASH,
    Form,
    count_text,
    counted,
    joined,
    number_text,
    value_text,
)

WITHOUT, WITH = "without AI", "with AI"


def _rates(endpoint: PairedEndpoint, form: Form) -> tuple[list[str], list[str]]:
    """Return count and rate of both readings."""
    scale = 1000.0 if form == "per_1000" else 1.0
    counts = endpoint.counts
    first, second = (
        [count_text(n), value_text(scale * share, form=form, unit=False)]
        for n, share in (
            (counts.positive_a, endpoint.difference.estimate_a),
            (counts.positive_b, endpoint.difference.estimate_b),
        )
    )
    return first, second


def _cells(comparison: Comparison, *, form: Form | None = None) -> list[str]:
    """Return estimate and interval as cells."""
    signed = comparison.effect == "difference"
    return [
        estimate_text(comparison, form=form, unit=False),
        ci_text(comparison, form=form, always_to=signed),
    ]


def _endpoint_row(label: str, endpoint: PairedEndpoint, form: Form) -> list[str]:
    """Return the cells of an endpoint but for its margin."""
    first, second = _rates(endpoint, form)
    difference = rate_difference(endpoint) if form == "per_1000" else endpoint.difference
    return [label, *first, *second, *_cells(difference), *_cells(endpoint.ratio)]


def _ppv_row(study: ScreeningComparison) -> list[str]:
    """Return the cells of the predictive value of a recall."""
    counts, difference = study.detection.counts, study.ppv_difference
    called = _worked_up(study)
    shares = [
        cell
        for found, of, share in (
            (counts.positive_a, called[0], difference.estimate_a),
            (counts.positive_b, called[1], difference.estimate_b),
        )
        for cell in (
            f"{count_text(found)}/{count_text(of)}",
            value_text(share, form="percent", unit=False),
        )
    ]
    return ["PPV of recall (PPV1), %", *shares, *_cells(difference), *_cells(study.ppv_ratio), ""]


def _worked_up(study: ScreeningComparison) -> tuple[int, int]:
    """Return the women recalled by each reading whose work-up is done."""
    recall = study.recall.counts
    return recall.positive_a - study.n_pending_a, recall.positive_b - study.n_pending_b


def _readings_row(study: ScreeningComparison) -> list[str]:
    """Return the cells of the readings a woman; a ratio of means is not given."""
    made, change = study.women.n_readings.sum(axis=0), study.readings
    first, second = (
        [count_text(total), number_text(mean, digits=2)]
        for total, mean in zip(made, (change.estimate_a, change.estimate_b), strict=True)
    )
    effect = [number_text(change.estimate, digits=2, signed=True), ci_text(change, always_to=True)]
    return ["Readings a woman", *first, *second, *effect, EM_DASH, EM_DASH, ""]


def _time_row(study: ScreeningComparison) -> list[str]:
    """Return the cells of the reading time, compared as a ratio only."""
    time = study.time
    if time is None:
        return ["Reading time, s", *[EM_DASH] * 8, ""]
    shown = [value_text(t, form="seconds", unit=False) for t in (time.estimate_a, time.estimate_b)]
    return ["Reading time, s", "", shown[0], "", shown[1], EM_DASH, EM_DASH, *_cells(time), ""]


def table(study: ScreeningComparison) -> TableView:
    """Return every endpoint: both readings, paired difference, paired ratio, margin."""
    recall = study.recall.difference
    ratio = study.detection.ratio
    ratio_margin = "" if ratio.margin is None else f"ratio {margin_text(ratio)}"
    recall_margin = "" if recall.margin is None else margin_text(recall)
    primary = _endpoint_row("Cancers found, per 1,000", study.detection, "per_1000")
    rows = [
        TableRow(["Primary"], "group"),
        TableRow([*primary, ratio_margin], "emphasis"),
        TableRow(["Secondary"], "group"),
        TableRow([*_endpoint_row("Recalls, %", study.recall, "percent"), recall_margin]),
        TableRow(_ppv_row(study)),
    ]
    if study.biopsy is not None:
        cells = _endpoint_row("Biopsies, per 1,000", study.biopsy, "per_1000")
        rows.append(TableRow([*cells, ""]))
    rows += [TableRow(_readings_row(study)), TableRow(_time_row(study))]
    columns = [TableColumn("", align="left")]
    for span in ("Without AI", "With AI"):
        columns += [TableColumn("n", span=span), TableColumn("Rate", span=span)]
    for span, head in (("With minus without", "Difference"), ("With to without", "Ratio")):
        columns += [TableColumn(head, span=span), TableColumn(ci_head(study), "center", span)]
    return TableView(
        title="Planned endpoints, the same women read both ways",
        columns=[*columns, TableColumn("Margin")],
        rows=rows,
        dense=True,
        foot=_endpoint_foot(study),
    )


def ci_head(study: ScreeningComparison) -> str:
    """Return the head of a column of intervals: "95% CI"."""
    level = number_text(study.plan.ci_level * 100, digits=1).removesuffix(".0")
    return f"{level}% CI"


def _endpoint_foot(study: ScreeningComparison) -> str:
    """Return population, what was left out, and the methods of the intervals."""
    sentences = [
        _population_sentence(study),
        _pending_sentence(study),
        _biopsy_sentence(study),
        _score_sentence(study),
        _cluster_sentence(study),
        f"CI: {study.recall.difference.ci_method} for differences and "
        f"{study.recall.ratio.ci_method} for ratios of paired counts; for PPV1 "
        f"{study.ppv_difference.ci_method}, {study.ppv_ratio.ci_method} for its ratio.",
        _readings_sentence(study),
        _time_sentence(study),
        "*PPV1*, share of recalls in which cancer was found.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _population_sentence(study: ScreeningComparison) -> str:
    """Return who was read both ways, and who was left out."""
    women = study.women
    left = [
        f"{count_text(n)} {words}"
        for n, words in ((women.n_one_way, "read one way only"), (women.n_unread, "not read"))
        if n
    ]
    start = (
        f"N = {count_text(women.n_women)} women read both ways of {count_text(women.n_enrolled)} "
        "enrolled"
    )
    return f"{start}; left out, {joined(left)}." if left else f"{start}."


def _pending_sentence(study: ScreeningComparison) -> str:
    """Return who is still being worked up, and how they count."""
    if not study.n_pending:
        return "The work-up of every recalled woman is done."
    return (
        f"{counted(study.n_pending, 'recalled woman', 'recalled women').capitalize()} "
        f"{'is' if study.n_pending == 1 else 'are'} still being worked up "
        f"({count_text(study.n_pending_a)} recalled {WITHOUT}, {count_text(study.n_pending_b)} "
        f"{WITH}): counted as recalls, and left out of cancers, PPV1 and biopsies "
        f"(N = {count_text(study.detection.counts.n_pairs or 0)})."
    )


def _biopsy_sentence(study: ScreeningComparison) -> str:
    """Return to which reading a biopsy is ascribed."""
    if study.biopsy is None:
        return "Biopsies are not recorded."
    return "A biopsy is ascribed to each reading that recalled the woman."


def _score_sentence(study: ScreeningComparison) -> str:
    """Return how women without an AI score count."""
    n = study.women.n_without_score
    if n is None:
        return "The AI's own results are not in the data."
    if not n:
        return "Every examination has an AI score."
    return (
        f"{counted(n, 'woman', 'women').capitalize()} without an AI score "
        f"{'is' if n == 1 else 'are'} kept as read."
    )


def _cluster_sentence(study: ScreeningComparison) -> str:
    """Return what intervals take as independent where women were examined more than once."""
    women = study.women
    if women.n_patients == women.n_women:
        return ""
    return (
        f"The examinations are of {count_text(women.n_patients)} women. Those of one woman are "
        "taken as independent: intervals are too narrow, and P values too small, where women come "
        "twice."
    )


def _readings_sentence(study: ScreeningComparison) -> str:
    """Return what counts as a reading."""
    first, second = study.women.n_arbitrated
    what = "A reading is every look of a person with a recall decision"
    if first + second:
        what += (
            f", an arbiter's included ({count_text(first)} {WITHOUT}, {count_text(second)} {WITH})"
        )
    if math.isnan(study.readings.ci_low):
        return f"{what}; their number: {study.readings.note}."
    return f"{what}; their number: {study.readings.ci_method} by woman."


def _time_sentence(study: ScreeningComparison) -> str:
    """Return how times were averaged, and what their interval can say."""
    time, women = study.time, study.women
    if time is None:
        return "No reader was timed both ways, so reading times are not compared."
    low, high = reader_time_range(women)
    n = len(women.reader_times_s)
    first, second = (count_text(count) for count in women.n_timed)
    interval = (
        "so it holds for other readers like these"
        if not math.isnan(time.ci_low)
        else f"no interval: {time.note}"
    )
    return (
        f"Time: geometric means of {counted(n, 'reader')} timed both ways ({first} and {second} "
        f"readings), each weighing alike; readers, not readings, are the units "
        f"({time.ci_method}), {interval}. Ratios of single readers: "
        f"{number_text(low, digits=2)} to {number_text(high, digits=2)}."
    )
