"""What chapter 12 shows: strategies beside current practice, and what a replay cannot know."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from toolkit.chapters.case_words import (
    below_label,
    between_label,
    incorporation_text,
    of_indication,
    score_label,
)
from toolkit.chapters.comparison import interval_methods, with_cancer
from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.strategies.analysis import AgainstNow, Replayed, StrategiesStudy
from toolkit.draw import html
from toolkit.draw.outcomes import TradeoffLine, tradeoff_figure
from toolkit.draw.tables import TableColumn, TableRow, TableView, value_cells, value_columns
from toolkit.results import Result
from toolkit.scoring.strategies import Way
from toolkit.words.sentences import instead_phrase
from toolkit.words.wording import (
    EM_DASH,
    capital,
    count_text,
    counted,
    joined,
    number_text,
    value_text,
)

WAYS: dict[Way, str] = {
    "unread": "unread",
    "single": "first reader",
    "double": "two readers, either recalls",
    "arbitrated": "two readers, an arbiter where they differ",
    "AI normal": "first reader, an arbiter if recalled",
    "AI suspicious": "first reader, an arbiter if not",
    "recalled": "recalled unread",
    "referred": "an arbiter alone",
    "current": "as now",
    "second look": "as now, and an arbiter if not recalled",
}


def head(study: StrategiesStudy) -> Headline:
    """Return what the first strategy would have found, recalled and saved."""
    episodes, first = study.episodes, study.against[0].other
    return Headline(
        question="What would another way of reading have found and recalled, and at what reading?",
        answer=_answer(study),
        primary=study.primary,
        bar=html.interval_bar(
            study.primary, left="fewer cancers found", right="more cancers found", role="ai"
        ),
        facts=[
            (
                f"{of_indication(episodes.indication)}examinations".capitalize(),
                with_cancer(episodes.n_cases, episodes.n_cancers),
            ),
            ("Current practice", WAYS[study.now.strategy.ways[0]]),
            (capital(first.strategy.label), _who_reads(study, first)),
        ],
        limits=_limits(study),
    )


def _answer(study: StrategiesStudy) -> str:
    """Return the first strategy's cancers found and recalls, with what cannot be known of both."""
    first = study.against[0]
    start = f"Replayed on {of_indication(study.episodes.indication)}examinations"
    by = ", by their sampling weights" if study.weighted else ""
    return (
        f"{start}{by}, {first.other.strategy.label} would have found cancer in "
        f"{instead_phrase(first.detection)}, and recalled {instead_phrase(first.recall)}, with "
        f"{_saving(first.saved)}. {_unknown_text(first.other)}"
    )


def _saving(saved: float) -> str:
    """Return the change of reads in words."""
    share = value_text(abs(saved), form="percent")
    return f"{share} {'fewer' if saved >= 0 else 'more'} reads"


def _unknown_text(one: Replayed, name: str = "it") -> str:
    """Return how many cancers a replay of a strategy cannot know."""
    lost = (
        f", nor what would have become of {counted(one.unknown.recall_lost, 'cancer')} known only "
        f"by a recall that {name} does not make"
        if one.unknown.recall_lost
        else ""
    )
    return (
        "A replay cannot know whether there was cancer in "
        f"{counted(one.unknown.without_work_up, 'examination')} that {name} recalls and nobody "
        f"worked up{lost}."
    )


def _limits(study: StrategiesStudy) -> list[str]:
    """Return what limits the strategies, one sentence each."""
    first = study.against[0].other.strategy.label
    made = [
        "Reads are replayed as they were made, by readers who did not see what the AI said: what "
        "seeing it changes in a reader is not in these numbers, nor are costs.",
        "Scores at which a strategy parts examinations favour it if they were chosen on these very "
        "examinations.",
        incorporation_text(study.incorporation, test=first, which=f"that {first} recalls"),
        _arbiter_text(study),
    ]
    if study.otherwise:
        made.append(
            f"The programme decided {counted(study.otherwise, 'examination')} otherwise than the "
            "reads by the rule of current practice; the rule is what is replayed."
        )
    return [text for text in made if text]


def _arbiter_text(study: StrategiesStudy) -> str:
    """Return how an arbiter decides where none was recorded; nothing where all were."""
    most = max(study.replayed, key=lambda one: one.n_modelled)
    if not most.n_modelled:
        return ""
    arbiter = study.arbiter
    source = (
        "as the parameters say"
        if study.arbiter_stated
        else f"as the recorded ones did in {counted(arbiter.n_cancers, 'arbitration')} with and "
        f"{count_text(arbiter.n_others)} without cancer"
    )
    shares = [value_text(s, form="percent") for s in (arbiter.sensitivity, arbiter.specificity)]
    return (
        f"Where no arbiter was recorded one is drawn (seed {study.seed}) with a sensitivity of "
        f"{shares[0]} and a specificity of {shares[1]}, {source}: up to "
        f"{counted(most.n_modelled, 'examination')} in {most.strategy.label}."
    )


def _named(study: StrategiesStudy) -> list[tuple[str, Replayed]]:
    """Return each row's name and what was replayed, current practice first."""
    return [(capital(one.strategy.label), one) for one in study.replayed]


def _rows(cells: Sequence[Sequence[str]]) -> list[TableRow]:
    """Return rows of current practice and the strategies, a rule below the former."""
    return [
        TableRow(row, "emphasis" if number == 1 else "plain", rule=number == 1)
        for number, row in enumerate(cells)
    ]


def _foot(study: StrategiesStudy) -> str:
    """Return population, weights and clusters."""
    episodes = study.episodes
    women = len(set(episodes.patient.tolist()))
    parts = [f"{with_cancer(episodes.n_cases, episodes.n_cancers, 'examinations ')}."]
    if study.weighted:
        parts.append("Counts are those of the sample; rates use its sampling weights.")
    if women < episodes.n_cases:
        parts.append(
            f"They come from {count_text(women)} women, who are what the intervals take as "
            "independent."
        )
    return " ".join(parts)


def strategies_table(study: StrategiesStudy) -> Exhibit:
    """Return who reads what from which score on, and what that leaves unread."""
    episodes = study.episodes
    examinations = "of " + with_cancer(episodes.n_cases, episodes.n_cancers, "examinations ")
    rows = []
    for name, one in _named(study):
        unread = (one.made.reads == 0) & ~one.made.recalled
        cancers = int((unread & (study.episodes.truth == 1)).sum())
        rows.append([name, _who_reads(study, one), count_text(int(unread.sum()))])
        rows[-1].append(count_text(cancers))
    columns = [
        TableColumn("", align="left"),
        TableColumn("AI score, and who reads", align="left"),
        TableColumn("Unread"),
        TableColumn("Cancers"),
    ]
    return Exhibit(
        table=TableView(
            title="The ways of reading",
            columns=columns,
            rows=_rows(rows),
            dense=True,
            foot=(
                f"As now: as in current practice. Unread: {examinations}, those that nobody reads "
                f"and that are not recalled, and the cancers among them. AI: {study.episodes.ai}."
            ),
        )
    )


def _who_reads(study: StrategiesStudy, one: Replayed) -> str:
    """Return how examinations are read, by score."""
    scores, ways, scale = one.strategy.scores, one.strategy.ways, study.episodes.scale
    if not scores:
        return WAYS[ways[0]]
    labels = [
        below_label(scores[0], scale),
        *(between_label(low, high, scale) for low, high in pairwise(scores)),
        score_label(scores[-1], scale),
    ]
    return "; ".join(f"{label}: {WAYS[way]}" for label, way in zip(labels, ways, strict=True))


def rates_table(study: StrategiesStudy) -> Exhibit:
    """Return cancers found, recall and predictive value, beside what a replay cannot know."""
    unknown = "A replay cannot know"
    columns = [
        TableColumn("", align="left"),
        TableColumn("n", span="Cancers found"),
        *value_columns("per 1,000", span="Cancers found"),
        TableColumn("No work-up", span=unknown),
        TableColumn("No recall", span=unknown),
        *value_columns("%", span="Recalled"),
        *value_columns("%", span="PPV"),
    ]
    cells = [
        [
            name,
            count_text(one.n_found),
            *value_cells(one.detection),
            count_text(one.unknown.without_work_up),
            count_text(one.unknown.recall_lost),
            *value_cells(one.recall),
            *value_cells(one.ppv),
        ]
        for name, one in _named(study)
    ]
    shares = [s for one in study.replayed for s in (one.detection, one.recall, one.ppv)]
    return Exhibit(
        table=TableView(
            title="Cancers found and recalls of each way of reading",
            columns=columns,
            rows=_rows(cells),
            dense=True,
            foot=(
                f"{_foot(study)} No work-up: recalled here, not by the programme, and counted as "
                "without cancer only since none came up. No recall: cancers known by a recall that "
                "the strategy would not have made, counted as missed. PPV, positive predictive "
                f"value. CI: {interval_methods(shares)}."
            ),
        )
    )


def differences_table(study: StrategiesStudy) -> Exhibit:
    """Return each strategy minus current practice on the same examinations."""
    columns = [
        TableColumn("", align="left"),
        TableColumn("Only it", span="Cancers found"),
        TableColumn("Only now", span="Cancers found"),
        *value_columns("per 1,000", span="Cancers found"),
        *value_columns("points", span="Recalled"),
    ]
    shown = study.against[0].ppv is not None
    columns += value_columns("points", span="PPV") if shown else []
    rows = []
    for one in study.against:
        row = [capital(one.other.strategy.label), count_text(one.gained), count_text(one.lost)]
        row += [*value_cells(one.detection), *value_cells(one.recall)]
        if shown:
            row += [EM_DASH, EM_DASH] if one.ppv is None else value_cells(one.ppv)
        rows.append(row)
    without = (
        "" if shown else " Predictive values have no paired interval with weights or clusters."
    )
    differences = [c for one in study.against for c in (one.detection, one.recall)]
    return Exhibit(
        table=TableView(
            title="Difference from current practice, on the same examinations",
            columns=columns,
            rows=[TableRow(r, "emphasis" if n == 0 else "plain") for n, r in enumerate(rows)],
            dense=True,
            foot=(
                f"Strategy minus current practice. {_foot(study)} Only it, only now: cancers that "
                f"one of both found.{without} CI: {interval_methods(differences)}."
            ),
        )
    )


def work_table(study: StrategiesStudy) -> Exhibit:
    """Return reads, hours and arbitrations of each way of reading."""
    rows = []
    for number, (name, one) in enumerate(_named(study)):
        saved = study.against[number - 1].saved if number else 0.0
        rows.append(
            [
                name,
                count_text(int(one.made.reads.sum())),
                number_text(one.reads_per_1000, digits=0),
                number_text(-100 * saved, digits=1, signed=True) if number else EM_DASH,
                number_text(study.hours_per_1000(one), digits=1),
                count_text(one.n_arbitrated),
                *value_cells(one.arbitration),
                count_text(one.n_modelled),
            ]
        )
    columns = [
        TableColumn("", align="left"),
        TableColumn("n", span="Reads by people"),
        TableColumn("per 1,000", span="Reads by people"),
        TableColumn("change, %", span="Reads by people"),
        TableColumn("Hours per 1,000"),
        TableColumn("n", span="Arbitrations"),
        *value_columns("%", span="Arbitrations"),
        TableColumn("modelled", span="Arbitrations"),
    ]
    seconds = value_text(study.seconds_per_read, form="seconds")
    return Exhibit(
        table=TableView(
            title="Reading and arbitration of each way of reading",
            columns=columns,
            rows=_rows(rows),
            dense=True,
            foot=(
                f"{_foot(study)} An arbiter's read is a read. Hours at {seconds} a read, as the "
                "parameters say. CI: "
                f"{interval_methods(one.arbitration for one in study.replayed)}."
            ),
        )
    )


def unknown_table(study: StrategiesStudy) -> Exhibit:
    """Return what a replay cannot know, for each way of reading."""
    columns = [
        TableColumn("", align="left"),
        TableColumn("No work-up"),
        TableColumn("No recall"),
        TableColumn("Found anew"),
        TableColumn("By the model"),
    ]
    rows = [
        [
            name,
            *map(
                count_text,
                (
                    one.unknown.without_work_up,
                    one.unknown.recall_lost,
                    one.unknown.moved,
                    one.unknown.by_model,
                ),
            ),
        ]
        for name, one in _named(study)
    ]
    return Exhibit(
        table=TableView(
            title="What a replay cannot know",
            columns=columns,
            rows=_rows(rows),
            foot=(
                f"{_foot(study)} No work-up: examinations that the strategy recalls, the programme "
                "did not, and that count as without cancer only since none came up. Cancers: no "
                "recall, known by a recall of the programme that the strategy does not make, and "
                "counted as missed; found anew, not recalled by the programme, such as interval "
                "cancers, and counted as found here, although work-up may not have shown them; by "
                "the model, decided by the modelled arbiter."
            ),
        )
    )


def tradeoff(study: StrategiesStudy) -> Exhibit | None:
    """Return what each strategy saves in reads against what it misses of the cancers found now."""
    if not study.now.n_found:
        return Exhibit(finding="Current practice found no cancer, so that none can be missed.")
    kinds = list(dict.fromkeys(one.other.strategy.kind for one in study.against))
    lines = [
        _line(study, kind, [one for one in study.against if one.other.strategy.kind == kind])
        for kind in kinds
    ]
    most = max(study.against, key=lambda one: one.saved)
    label = most.other.strategy.label
    examinations = with_cancer(study.episodes.n_cases, study.episodes.n_cancers, "examinations ")
    return Exhibit(
        figure=tradeoff_figure(
            lines,
            reference="Current practice",
            x_label="Reads saved, share of those of current practice",
            y_label="Net cancers missed, share of those found now",
        ),
        finding=_tradeoff_finding(study, most),
        caption=(
            f"Each point is a strategy on {examinations}; "
            "strategies of one kind are joined, and each point is named by what nobody reads. "
            "Below zero more cancers are found than now, left of zero more is read. Intervals "
            f"stand in the table of differences. {_unknown_text(most.other, label)}"
        ),
        alt=(
            f"Trade-off of {counted(len(study.against), 'strategy', 'strategies')}: reads saved "
            f"against cancers missed. {capital(label)} saves most, "
            f"{value_text(most.saved, form='percent')}."
        )[:250],
        data={
            "strategy": [one.other.strategy.label for one in study.against],
            "reads_saved": [one.saved for one in study.against],
            "cancers_missed_net": [one.lost - one.gained for one in study.against],
            "share_missed_net": [_missed(study, one) for one in study.against],
            "recalled_without_work_up": [
                one.other.unknown.without_work_up for one in study.against
            ],
            "known_by_a_recall_not_made": [one.other.unknown.recall_lost for one in study.against],
        },
    )


def _tradeoff_finding(study: StrategiesStudy, most: AgainstNow) -> str:
    """Return what the strategy that saves most saves, and what it finds less or more."""
    missed = most.lost - most.gained
    start = f"Most reads are saved by {most.other.strategy.label}: {_saving(most.saved)}, and"
    now = count_text(study.now.n_found)
    if not missed:
        return f"{start} as many cancers found as in current practice ({now})."
    more = "fewer" if missed > 0 else "more"
    found = f"{count_text(abs(missed))} {more} {'cancer' if abs(missed) == 1 else 'cancers'}"
    return f"{start} {found} found than the {now} of current practice."


def _missed(study: StrategiesStudy, one: AgainstNow) -> float:
    """Return net cancers missed, by weight, as a share of those found now."""
    return -one.detection.estimate / study.now.detection.estimate


def _line(study: StrategiesStudy, kind: str, members: Sequence[AgainstNow]) -> TradeoffLine:
    """Return the strategies of one kind as a line, from the fewest reads saved."""
    ordered = sorted(members, key=lambda one: one.saved)
    scale = study.episodes.scale
    names = [
        f"{below_label(one.other.strategy.scores[0], scale)} unread"
        if one.other.strategy.ways[0] == "unread"
        else ""
        for one in ordered
    ]
    return TradeoffLine(
        label=capital(kind),
        x=[one.saved for one in ordered],
        y=[_missed(study, one) for one in ordered],
        names=names,
        role="ai" if ordered[0].other.strategy.scores else "unaided",
    )


def left_out(study: StrategiesStudy) -> str:
    """Return which examinations are not replayed, and what becomes of those without a score."""
    episodes = study.episodes
    reasons = [
        f"{counted(count, 'examination')} {words}"
        for count, words in (
            (episodes.n_without_truth, "without a known truth"),
            (episodes.n_without_read, "without a read that a strategy needs"),
        )
        if count
    ]
    start = f"Left out: {joined(reasons)}. " if reasons else ""
    if not episodes.n_without_score:
        return f"{start}Every examination replayed has an AI score."
    read = "is" if episodes.n_without_score == 1 else "are"
    return (
        f"{start}{capital(counted(episodes.n_without_score, 'examination'))} without an AI score "
        f"{read} read as in current practice in every strategy."
    )


def reading(study: StrategiesStudy) -> str:
    """Return how to read the chapter."""
    arbiter = _arbiter_text(study)
    return " ".join(
        filter(
            None,
            [
                "All strategies are replayed on the same examinations with the reads of the same "
                "readers, so that differences are paired.",
                "An arbiter decides where two readers, or a reader and the AI, differ, and only "
                "there; the recorded arbiter's call is taken where there is one.",
                arbiter,
                "A strategy is no better than its truth: what nobody worked up counts as without "
                "cancer, for or against it.",
            ],
        )
    )


def record(study: StrategiesStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {"detection_difference": study.primary}
    for number, one in enumerate(study.replayed):
        for name in ("detection", "recall", "ppv", "arbitration"):
            results[f"{name}_{number}"] = getattr(one, name)
    for number, change in enumerate(study.against, start=1):
        results[f"detection_difference_{number}"] = change.detection
        results[f"recall_difference_{number}"] = change.recall
        if change.ppv is not None:
            results[f"ppv_difference_{number}"] = change.ppv
    return results
