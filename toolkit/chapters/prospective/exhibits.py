"""What chapter 21 shows: the same women read with and without AI, and every endpoint."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from toolkit.chapters.case_words import pooled_text
from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.prospective.analysis import PairedEndpoint, ProspectiveStudy
from toolkit.draw import html
from toolkit.draw.forest import ForestGroup, ForestRow, ForestView, forest_figure, forest_row
from toolkit.draw.outcomes import DiscordanceRow, discordance_figure
from toolkit.draw.tables import PairedTables, TableColumn, TableRow, TableView, TwoByTwo
from toolkit.results import Comparison, Result
from toolkit.scoring.verdicts import Tests, disagreement
from toolkit.stats.paired import PairedCounts
from toolkit.stats.proportions import per_1000
from toolkit.words.sentences import (
    ci_phrase,
    ci_text,
    estimate_phrase,
    estimate_text,
    instead_phrase,
    margin_phrase,
    margin_text,
)
from toolkit.words.wording import (
    EM_DASH,
    Form,
    count_text,
    counted,
    joined,
    level_text,
    number_text,
    p_phrase,
    rate_text,
    share_text,
    value_text,
)

WITHOUT, WITH = "without AI", "with AI"
MOST_PENDING = 0.05  # share of recalled women without a result up to which cancers are judged
MOST_MARKS = 44  # a longer row of marks does not fit beside its label
_SMALL = ("Invasive, 10 mm or less", "Invasive, 11–20 mm")


def head(study: ProspectiveStudy) -> Headline:
    """Return question, answer, interval bar and facts of the ratio of cancers found."""
    women, ratio = study.women, study.detection.ratio
    bar = (
        None
        if math.isnan(ratio.estimate + ratio.ci_low)
        else html.interval_bar(ratio, right="more cancers with AI", role="aided")
    )
    many = "more" if ratio.margin is None else "at least as many"
    than = "than" if ratio.margin is None else "as"
    return Headline(
        question=f"Does reading with AI find {many} cancers {than} reading without?",
        answer=" ".join([_answer(study), _recalls(study)]),
        primary=ratio,
        bar=bar,
        clinic=_clinic(study),
        limits=_limits(study),
        waits_for=_waits_for(study),
        facts=[
            (
                "Women",
                f"{count_text(women.n_women)} of {count_text(women.n_enrolled)}, each read both "
                "ways",
            ),
            ("Readers", f"{women.n_readers}; {_who_read(study)}"),
            ("Analysis", f"Paired ratio, {ratio.ci_method} interval"),
        ],
    )


def _clinic(study: ProspectiveStudy) -> str:
    """Return cancers found and women recalled per 1,000, with AI instead of without."""
    found, recalled = study.detection.difference_per_1000, per_1000(study.recall.difference)
    if math.isnan(found.ci_low + recalled.ci_low):
        return ""
    return (
        f"Of 1,000 women, reading with AI found {instead_phrase(found, 'cancers', unit=False)} "
        f"and recalled {instead_phrase(recalled, unit=False)}."
    )


def _waits_for(study: ProspectiveStudy) -> str:
    """Return what is missing before cancers found may be judged: work-up of too many women."""
    pending, recalled = study.pending[0], int(study.women.recalled.sum())
    if pending <= MOST_PENDING * recalled:
        return ""
    return (
        f"the work-up of {share_text(pending, recalled)} recalled women is not complete, more than "
        f"{value_text(MOST_PENDING, form='percent')}"
    )


def _answer(study: ProspectiveStudy) -> str:
    """Return the answer: what was found both ways, the paired difference, the ratio, the margin."""
    ratio, counts = study.detection.ratio, study.detection.counts
    n_women = counts.n_pairs or 0
    noun = "cancer was" if counts.positive_b == 1 else "cancers were"
    found = (
        f"With AI {count_text(counts.positive_b)} {noun} found in {count_text(n_women)} women, "
        f"{WITHOUT} {count_text(counts.positive_a)}"
    )
    if math.isnan(ratio.estimate):
        return f"{found}; {_undefined_ratio(counts)}."
    difference = study.detection.difference_per_1000
    rates = (
        f"{rate_text(counts.positive_b, n_women).split()[0]} against "
        f"{rate_text(counts.positive_a, n_women)}"
    )
    change = estimate_text(difference, unit=False)
    return (
        f"{found}: {rates}, a paired difference of {change} "
        f"({ci_phrase(difference)}). The ratio is {estimate_phrase(ratio)}, and "
        f"{margin_phrase(ratio)}."
    )


def _recalls(study: ProspectiveStudy) -> str:
    """Return how many women each reading recalled."""
    counts, difference = study.recall.counts, study.recall.difference
    first, second = (
        value_text(share, form="percent")
        for share in (difference.estimate_a, difference.estimate_b)
    )
    return (
        f"With AI {count_text(counts.positive_b)} women were recalled ({second}), {WITHOUT} "
        f"{count_text(counts.positive_a)} ({first}): a difference of {estimate_phrase(difference)}."
    )


def _limits(study: ProspectiveStudy) -> list[str]:
    """Return which examinations are pooled, that weights are not used, and what is unverified."""
    weights = (
        "The sampling weights of the cases are not used: every difference and ratio is of paired "
        "counts."
    )
    kept = (pooled_text(study.women.indication), weights if study.women.weighted else "")
    return [*filter(None, kept), *_not_worked_up(study)]


def _not_worked_up(study: ProspectiveStudy) -> list[str]:
    """Return whom a reading recalled but nobody worked up, with the bound of the cancers found."""
    counts, ppv = study.detection.counts, study.ppv_difference
    open_women = (study.women.call == 1) & study.women.unverified[:, None]
    without, with_ai = (int(n) for n in open_women.sum(axis=0))
    if not without + with_ai:
        return []
    start = (
        f"Of the women that a reading recalled, {count_text(with_ai)} recalled {WITH} and "
        f"{count_text(without)} {WITHOUT} were not recalled in practice, have no work-up on record "
        "and count as without cancer"
    )
    most = (
        counts.positive_b + with_ai * ppv.estimate_b,
        counts.positive_a + without * ppv.estimate_a,
    )
    if any(math.isnan(value) for value in most):
        return [f"{start}."]
    found = [number_text(value, digits=0) for value in most]
    return [
        f"{start}; if cancer were as frequent among them as the predictive value of a recall says, "
        f"about {found[0]} cancers would have been found {WITH} and {found[1]} {WITHOUT}."
    ]


def _undefined_ratio(counts: PairedCounts) -> str:
    """Return why there is no ratio."""
    if counts.positive_b:
        return f"no ratio is defined while no cancer is found {WITHOUT}"
    return "no ratio is defined without cancers"


def _who_read(study: ProspectiveStudy) -> str:
    """Return whether one reader read a woman both ways."""
    women = study.women
    if not women.n_same_reader:
        return "with and without AI never the same reader"
    if women.n_same_reader == women.n_women:
        return "with and without AI the same reader"
    same = count_text(women.n_same_reader)
    return f"the same reader both ways for {same} women"


def immature(study: ProspectiveStudy) -> str:
    """Return what follow-up does not allow to be said yet; empty once every woman is followed."""
    if study.mature:
        return ""
    months = number_text(study.follow_up_months_needed, digits=1).removesuffix(".0")
    n, of = count_text(study.n_not_followed), count_text(study.n_not_recalled)
    who = (
        f"No follow-up of {months} months is on record for any of {of} women whom neither reading "
        "recalled."
        if study.n_not_followed == study.n_not_recalled
        else f"Of {of} women whom neither reading recalled, {n} "
        f"{'has' if study.n_not_followed == 1 else 'have'} not been followed for {months} months."
    )
    return (
        f"{who} Cancers that both readings missed are not known: sensitivity, specificity and "
        "interval cancers are not shown."
    )


def endpoint_table(study: ProspectiveStudy) -> Exhibit:
    """Return every endpoint: both readings, paired difference, paired ratio, margin."""
    recall = study.recall.difference
    ratio = study.detection.ratio
    ratio_margin = "" if ratio.margin is None else f"ratio {margin_text(ratio)}"
    recall_margin = "" if recall.margin is None else margin_text(recall)
    rows = [
        TableRow(
            [*_endpoint_row("Cancers found, per 1,000", study.detection, "per_1000"), ratio_margin],
            "emphasis",
        ),
        TableRow([*_endpoint_row("Recalls, %", study.recall, "percent"), recall_margin]),
        TableRow(_ppv_row(study)),
    ]
    if study.biopsy is not None:
        cells = _endpoint_row("Biopsies, per 1,000", study.biopsy, "per_1000")
        rows.append(TableRow([*cells, ""]))
    rows += [TableRow(_readings_row(study)), TableRow(_time_row(study))]
    ci = f"{level_text(study.ci_level)} CI"
    columns = [TableColumn("", align="left")]
    for span in ("Without AI", "With AI"):
        columns += [TableColumn("n", span=span), TableColumn("Rate", span=span)]
    for span, head in (("With minus without", "Difference"), ("With to without", "Ratio")):
        columns += [TableColumn(head, span=span), TableColumn(ci, "center", span)]
    if ratio_margin or recall_margin:
        columns.append(TableColumn("Margin"))
    view = TableView(
        title="Endpoints, the same women read both ways",
        columns=columns,
        rows=[replace(row, cells=row.cells[: len(columns)]) for row in rows],
        dense=True,
        foot=_endpoint_foot(study),
    )
    return Exhibit(table=view)


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
    difference = endpoint.difference_per_1000 if form == "per_1000" else endpoint.difference
    return [label, *first, *second, *_cells(difference), *_cells(endpoint.ratio)]


def _ppv_row(study: ProspectiveStudy) -> list[str]:
    """Return the cells of the predictive value of a recall."""
    counts, difference = study.detection.counts, study.ppv_difference
    recall, (_, *pending) = study.recall.counts, study.pending
    called = (recall.positive_a - pending[0], recall.positive_b - pending[1])
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


def _readings_row(study: ProspectiveStudy) -> list[str]:
    """Return the cells of the readings a woman; a ratio of means is not given."""
    made, change = study.women.n_readings.sum(axis=0), study.readings
    first, second = (
        [count_text(total), number_text(mean, digits=2)]
        for total, mean in zip(made, (change.estimate_a, change.estimate_b), strict=True)
    )
    effect = [number_text(change.estimate, digits=2, signed=True), ci_text(change, always_to=True)]
    return ["Readings a woman", *first, *second, *effect, EM_DASH, EM_DASH, ""]


def _time_row(study: ProspectiveStudy) -> list[str]:
    """Return the cells of the reading time, compared as a ratio only."""
    time = study.time
    if time is None:
        return ["Reading time, s", *[EM_DASH] * 8, ""]
    shown = [value_text(t, form="seconds", unit=False) for t in (time.estimate_a, time.estimate_b)]
    return ["Reading time, s", "", shown[0], "", shown[1], EM_DASH, EM_DASH, *_cells(time), ""]


def _endpoint_foot(study: ProspectiveStudy) -> str:
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


def _population_sentence(study: ProspectiveStudy) -> str:
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


def _pending_sentence(study: ProspectiveStudy) -> str:
    """Return who is still being worked up, and how they count."""
    n, first, second = study.pending
    if not n:
        return "The work-up of every recalled woman is done."
    return (
        f"{counted(n, 'recalled woman', 'recalled women').capitalize()} "
        f"{'is' if n == 1 else 'are'} still being worked up "
        f"({count_text(first)} recalled {WITHOUT}, {count_text(second)} "
        f"{WITH}): counted as recalls, and left out of cancers, PPV1 and biopsies "
        f"(N = {count_text(study.detection.counts.n_pairs or 0)})."
    )


def _biopsy_sentence(study: ProspectiveStudy) -> str:
    """Return to which reading a biopsy is ascribed."""
    if study.biopsy is None:
        return "Biopsies are not recorded."
    return "A biopsy is ascribed to each reading that recalled the woman."


def _score_sentence(study: ProspectiveStudy) -> str:
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


def _cluster_sentence(study: ProspectiveStudy) -> str:
    """Return what intervals take as independent where women were examined more than once."""
    women = study.women
    if women.n_patients == women.n_women:
        return ""
    return (
        f"The examinations are of {count_text(women.n_patients)} women. Those of one woman are "
        "taken as independent: intervals are too narrow, and P values too small, where women come "
        "twice."
    )


def _readings_sentence(study: ProspectiveStudy) -> str:
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


def _time_sentence(study: ProspectiveStudy) -> str:
    """Return how times were averaged, and what their interval can say."""
    time, women = study.time, study.women
    if time is None:
        return "No reader was timed both ways, so reading times are not compared."
    single = women.reader_times_s[:, 1] / women.reader_times_s[:, 0]
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
        f"{number_text(single.min(), digits=2)} to {number_text(single.max(), digits=2)}."
    )


def ratios(study: ProspectiveStudy) -> Exhibit:
    """Return the forest of all ratios, the primary one with its margin."""
    rows = _forest_rows(study)
    numbers = [row for row in rows if isinstance(row, ForestRow)]
    view = ForestView(
        rows=rows,
        effect="ratio",
        form="ratio",
        left_heads=("", "Without", "With AI"),
        right_heads=("Ratio", f"{level_text(study.ci_level)} CI"),
        axis_label="Ratio, with AI to without, log scale",
        role="aided",
    )
    return Exhibit(
        figure=forest_figure(view),
        finding=_ratio_finding(study.detection.ratio, study.recall.ratio),
        caption=_ratio_caption(study),
        alt=(
            "Forest plot of ratios, reading with AI to reading without, of cancers found, recalls "
            "and other endpoints. The ratio of cancers found is "
            f"{estimate_text(study.detection.ratio)}."
        ),
        data={
            "endpoint": [row.label for row in numbers],
            "without_ai": [row.left[0] for row in numbers],
            "with_ai": [row.left[1] for row in numbers],
            "ratio": [row.estimate for row in numbers],
            "ci_low": [row.low for row in numbers],
            "ci_high": [row.high for row in numbers],
        },
    )


def _forest_rows(study: ProspectiveStudy) -> list[ForestRow | ForestGroup]:
    """Return all ratios, what should rise and then what should fall."""
    primary = forest_row(
        study.detection.ratio,
        label="Cancers found",
        left=_sides(study.detection.counts),
        kind="pooled",
    )
    rows: list[ForestRow | ForestGroup] = [
        ForestGroup(label="More is better", right_words="with AI better"),
        replace(primary, margin=study.detection.ratio.margin),
    ]
    rows += [
        forest_row(group.ratio, label=group.label, left=_sides(group.counts), kind="subgroup")
        for group in study.subgroups
    ]
    ppv = study.ppv_ratio
    shares = tuple(value_text(s, form="percent") for s in (ppv.estimate_a, ppv.estimate_b))
    rows += [
        forest_row(ppv, label="PPV of recall (PPV1)", left=shares),
        ForestGroup(label="Fewer is better", left_words="with AI better"),
        forest_row(study.recall.ratio, label="Recalls", left=_sides(study.recall.counts)),
    ]
    if study.biopsy is not None:
        rows.append(
            forest_row(study.biopsy.ratio, label="Biopsies", left=_sides(study.biopsy.counts))
        )
    if study.time is not None:
        times = (study.time.estimate_a, study.time.estimate_b)
        shown = tuple(value_text(t, form="seconds") for t in times)
        rows.append(forest_row(study.time, label="Reading time", left=shown))
    return rows


def _sides(counts: PairedCounts) -> tuple[str, str]:
    """Return the counts of both readings for a forest."""
    return count_text(counts.positive_a), count_text(counts.positive_b)


def _ratio_finding(cancers: Comparison, recalls: Comparison) -> str:
    """Return the ratios of cancers and of recalls with their intervals."""
    of_recalls = f"of recalls {'is ' if math.isnan(cancers.estimate) else ''}"
    parts = [
        f"{start}{estimate_phrase(ratio)}"
        for start, ratio in (("of cancers found is ", cancers), (of_recalls, recalls))
        if not math.isnan(ratio.estimate)
    ]
    if not parts:
        return "No ratio is defined: nobody was recalled without AI."
    return f"The ratio {', '.join(parts)}."


def _ratio_caption(study: ProspectiveStudy) -> str:
    """Return what the forest draws."""
    margin = study.detection.ratio.margin
    limit = "" if margin is None else f" with its margin of {margin:g}, which holds for that row"
    groups = (
        " open triangles, subgroups, each with its own paired ratio, not tested against each other;"
        if study.subgroups
        else ""
    )
    return (
        f"Paired ratios with {level_text(study.ci_level)} CI on a log axis. Diamond, cancers "
        f"found{limit};"
        f"{groups} filled triangles, other endpoints. Columns, women counted, or share or time "
        "of each reading. Methods as in the table above."
    )


def paired_tables(study: ProspectiveStudy) -> Exhibit:
    """Return the paired tables of women with a cancer found and of all others."""
    cancer, others = study.cancer, study.no_cancer
    n_found = cancer.positive_b + cancer.only_a + (cancer.neither or 0)
    tables = tuple(
        TwoByTwo(
            title=title,
            n=f"n = {count_text(n)}",
            both=counts.both,
            row_only=counts.only_b,
            column_only=counts.only_a,
            neither=counts.neither,
        )
        for title, counts, n in (
            ("Cancer" if study.mature else "Cancer found", cancer, n_found),
            ("No cancer" if study.mature else "No cancer found", others, others.n_pairs or 0),
        )
    )
    unknown = (
        ""
        if study.mature
        else " Cancers that neither reading recalled can be known only after follow-up; until "
        "then those women stand at the right."
    )
    pending = (
        f" {counted(study.pending[0], 'woman', 'women').capitalize()} with a pending work-up "
        f"{'is' if study.pending[0] == 1 else 'are'} in neither table."
        if study.pending[0]
        else ""
    )
    found = _discordant(study.cancer_tests, disagreement(study.detection.ratio, study.cancer_tests))
    view = PairedTables(
        title="Recalls with and without AI, paired by woman",
        tables=tables,
        rows=("Recalled with AI", "Not recalled"),
        columns=("Recalled without AI", "Not recalled"),
        foot=(
            f"Shaded, the discordant pairs. {tables[0].title}: {found}. "
            f"{tables[1].title}: {_discordant(study.no_cancer_tests)}.{unknown}{pending}"
        ),
    )
    return Exhibit(table=view)


def _discordant(tests: Tests, disagree: str = "") -> str:
    """Return the discordant counts with both tests, and where they disagree with an interval."""
    midp, exact = tests
    return (
        f"{count_text(midp.only_b)} only {WITH} and {count_text(midp.only_a)} only {WITHOUT} "
        f"(McNemar mid-P {p_phrase(midp.p_value)}, exact {p_phrase(exact.p_value)}"
        f"{f'; {disagree}' if disagree else ''})"
    )


def cancers(study: ProspectiveStudy) -> Exhibit:
    """Return one mark a cancer, by type and size; no figure where there are none or too many."""
    kinds = study.kinds
    both, only_b, only_a = _finders(kinds.values())
    drawn = 0 < _longest(study) <= MOST_MARKS
    rows = [DiscordanceRow(label, k.both, k.only_b, k.only_a) for label, k in kinds.items()]
    return Exhibit(
        figure=discordance_figure(rows, label_a=WITHOUT, label_b=WITH) if drawn else None,
        finding=_cancer_finding(study),
        caption=(
            f"One mark, one of {counted(both + only_b + only_a, 'cancer')} found. Size of the "
            "largest lesion as recorded. Cancers whose woman neither reading recalled are not "
            "known and not shown. *DCIS*, ductal carcinoma in situ."
        ),
        alt=(
            f"Rows of marks, one a cancer, by type and size: {both} found both ways, {only_b} only "
            f"{WITH}, {only_a} only {WITHOUT}."
        ),
        data={
            "kind": list(kinds),
            "both": [kind.both for kind in kinds.values()],
            "only_with_ai": [kind.only_b for kind in kinds.values()],
            "only_without_ai": [kind.only_a for kind in kinds.values()],
        },
    )


def _finders(kinds: Iterable[PairedCounts]) -> tuple[int, int, int]:
    """Return how many cancers were found both ways, only with AI and only without."""
    counts = list(kinds)
    return sum(c.both for c in counts), sum(c.only_b for c in counts), sum(c.only_a for c in counts)


def _longest(study: ProspectiveStudy) -> int:
    """Return the marks of the longest row."""
    return max((kind.both + kind.n_discordant for kind in study.kinds.values()), default=0)


def _cancer_finding(study: ProspectiveStudy) -> str:
    """Return what the cancers found only with AI are, as far as it is recorded."""
    _, n_only, only_without = _finders(study.kinds.values())
    if not study.kinds:
        return "No cancer was found, so there is none to show."
    if not n_only:
        return f"No cancer was found only {WITH}; {only_without} only {WITHOUT}."
    invasive = {k: c.only_b for k, c in study.kinds.items() if k.startswith("Invasive")}
    n_invasive = sum(invasive.values())
    if not n_invasive:
        n = counted(n_only, "cancer").capitalize()
        return f"{n} found only {WITH}, none of them recorded as invasive."
    verb = "is" if n_invasive == 1 else "are"
    start = f"Of {counted(n_only, 'cancer')} found only {WITH}, {count_text(n_invasive)} {verb}"
    if not any("mm" in kind for kind in invasive):
        return f"{start} recorded as invasive."
    n_small = sum(invasive.get(kind, 0) for kind in _SMALL)
    return f"{start} invasive, {count_text(n_small)} of them 20 mm or less."


def cancer_table(study: ProspectiveStudy) -> Exhibit | None:
    """Return the counts where there are too many cancers for one mark each, else None."""
    if _longest(study) <= MOST_MARKS:
        return None
    both, only_b, only_a = _finders(study.kinds.values())
    total = _kind_cells("All", PairedCounts(both=both, only_b=only_b, only_a=only_a))
    rows = [TableRow(_kind_cells(label, kind)) for label, kind in study.kinds.items()]
    heads = ("Both ways", f"Only {WITH}", f"Only {WITHOUT}", "Without", "With", "Difference")
    view = TableView(
        title="Cancers by type and size, and who found them",
        columns=[TableColumn("", align="left"), *map(TableColumn, heads)],
        rows=[*rows, TableRow(total, "emphasis", rule=True)],
        foot="Size on pathology, largest focus. *DCIS*, ductal carcinoma in situ.",
    )
    return Exhibit(table=view)


def _kind_cells(label: str, counts: PairedCounts) -> list[str]:
    """Return the counts of one kind."""
    shown = (counts.both, counts.only_b, counts.only_a, counts.positive_a, counts.positive_b)
    difference = number_text(counts.only_b - counts.only_a, digits=0, signed=True)
    return [label, *map(count_text, shown), difference]


def record(study: ProspectiveStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {
        "detection_ratio": study.detection.ratio,
        "detection_difference_per_1000": study.detection.difference_per_1000,
        "recall_difference": study.recall.difference,
        "recall_ratio": study.recall.ratio,
        "ppv1_difference": study.ppv_difference,
        "ppv1_ratio": study.ppv_ratio,
        "readings_difference": study.readings,
        "cancer": study.cancer,
        "no_cancer": study.no_cancer,
        "cancer_mcnemar_midp": study.cancer_tests[0],
        "cancer_mcnemar_exact": study.cancer_tests[1],
        "no_cancer_mcnemar_midp": study.no_cancer_tests[0],
        "no_cancer_mcnemar_exact": study.no_cancer_tests[1],
    }
    if study.biopsy is not None:
        results["biopsy_difference_per_1000"] = study.biopsy.difference_per_1000
        results["biopsy_ratio"] = study.biopsy.ratio
    if study.time is not None:
        results["reading_time_ratio"] = study.time
    for group in study.subgroups:
        results[f"detection_ratio.{group.label}"] = group.ratio
    return results
