"""Reading times in two modalities analysed as planned, otherwise, by order and by groups of cases.

The primary analysis takes the cases that every reader timed in both modalities, with pauses dealt
with as the plan says. The others stand beside it, so that a reader sees whether the answer hangs
on the method or on the rule. What AI saves can depend on what it says: a low score may shorten a
reading and a high one lengthen it. Groups of cases differ in more than the score, so only the ratio
within a group is a comparison.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.chapters.analysis import Analysis, Summarised, Tables
from toolkit.chapters.case_words import Scale, below_label, between_label, score_label
from toolkit.results import Comparison
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.reading_times import (
    PAUSES,
    Pauses,
    TimeCounts,
    TimedReadings,
    TimeRule,
    case_scores,
    time_counts,
    timed_readings,
)
from toolkit.scoring.verdicts import undefined_difference
from toolkit.stats.times import (
    ReadingTimeModel,
    ReadingTimes,
    compare_reading_times,
    reading_time_model,
)
from toolkit.words.sentences import estimate_phrase, lies, side
from toolkit.words.wording import NO_BREAK_SPACE, counted, joined, short_text

if TYPE_CHECKING:
    import pandas as pd

Method = Literal["ANOVA", "mixed model", "mixed model with order"]
ORDER, SECOND = "hundred places in the order", "second reading of a case"
QUARTILES = (25, 50, 75)
_MOST_BLOCKS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparedTimes:
    """The times of the readers who have some in both modalities; the others tell of no change.

    Parameters
    ----------
    timed : TimedReadings
        The readings of all who read.
    rule : TimeRule
        Which times count.
    margin : float or None
        Largest ratio of times, above 1, that is still no loss; None asks whether b is faster.
    ci_level : float
        Confidence level of each interval.
    compared : ndarray of int, shape (n_compared,)
        Places of the readers.
    times : ndarray of float, shape (n_cases, n_compared, 2)
        Their times under the rule, NaN left out.
    """

    timed: TimedReadings
    rule: TimeRule
    margin: float | None
    ci_level: float
    compared: IndexArray
    times: FloatArray

    @property
    def labels(self) -> tuple[str, ...]:
        """Pseudonyms of the compared readers."""
        return tuple(self.timed.readers[place] for place in self.compared)


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeAnalysis(Analysis):
    """One analysis of the times; its difference is the ratio of geometric means, b over a.

    Parameters
    ----------
    method : {"ANOVA", "mixed model", "mixed model with order"}
        ANOVA needs every time of a case, the models take the times that there are.
    pauses : {"cut", "excluded", "kept"}
        What was done with times that hold a pause.
    times : ReadingTimes or None
        All of the ANOVA; None elsewhere or where it is not defined.
    model : ReadingTimeModel or None
        All of the model; None elsewhere or where it is not defined.
    n_cases, n_times : int
        What the analysis used.
    """

    method: Method
    pauses: Pauses
    times: ReadingTimes | None = None
    model: ReadingTimeModel | None = None
    n_cases: int
    n_times: int


@dataclass(frozen=True, kw_only=True, eq=False)
class ReaderSpread:
    """Recorded times of one reader, or of all, as they are before pauses are dealt with.

    Parameters
    ----------
    label : str
        Pseudonym, or "All".
    a, b : ndarray, shape (3,)
        Lower quartile, median and upper quartile in each modality, in seconds; NaN without times.
    n_a, n_b : int
        Times behind them.
    """

    label: str
    a: FloatArray
    b: FloatArray
    n_a: int
    n_b: int


@dataclass(frozen=True, kw_only=True, eq=False)
class OrderBlocks:
    """Geometric mean times in blocks of the order of reading.

    Parameters
    ----------
    first, last : ndarray of int, shape (n_blocks,)
        Places in the order that a block holds.
    by_reader : ndarray of float, shape (n_blocks, n_readers, 2)
        Seconds; NaN where a reader has no time in a block.
    mean : ndarray of float, shape (n_blocks, 2)
        Of the readers who have times in a block, each weighing alike.
    n_times : ndarray of int, shape (n_blocks, 2)
        Times in each block.
    """

    first: IntArray
    last: IntArray
    by_reader: FloatArray
    mean: FloatArray
    n_times: IntArray

    @property
    def middle(self) -> FloatArray:
        """Middle of each block."""
        return (self.first + self.last) / 2


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeGroup:
    """Reading times of one group of cases.

    Parameters
    ----------
    kind : {"score", "truth"}
        What the groups of its kind differ in.
    name : str
        Name in words.
    n_cases : int
        Cases that every compared reader timed in both modalities.
    ratio : Comparison
        Geometric means of these cases, b over a, by the primary analysis; NaN with the reason
        where it is not defined.
    """

    kind: Literal["score", "truth"]
    name: str
    n_cases: int
    ratio: Comparison


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReadingTimeStudy(Summarised, ComparedTimes):
    """Reading times of two modalities with every analysis of them.

    Parameters
    ----------
    counts : (TimeCounts, TimeCounts)
        What became of the readings of each modality.
    spreads : tuple of ReaderSpread
        Recorded times of each reader who has one, then of all.
    primary : TimeAnalysis
        ANOVA, pauses as planned.
    other_rules : tuple of TimeAnalysis
        ANOVA, pauses dealt with otherwise; empty where no time holds a pause.
    models : tuple of TimeAnalysis
        Mixed models of all times.
    order_reason : str
        Why the model cannot allow for the order of reading; empty where it does.
    readers : tuple of Comparison
        Ratio of each compared reader, over cases alone: on the cases of the primary analysis, or
        where that is not defined on the cases that the reader timed in both modalities.
    blocks : OrderBlocks or None
        Times along the order of reading.
    groups : tuple of TimeGroup
        Times by class of the AI's score, and without and with cancer.
    has_scores : bool
        Whether the AI scored any case.
    """

    counts: tuple[TimeCounts, TimeCounts]
    spreads: tuple[ReaderSpread, ...]
    primary: TimeAnalysis
    other_rules: tuple[TimeAnalysis, ...]
    models: tuple[TimeAnalysis, ...]
    order_reason: str
    readers: tuple[Comparison, ...]
    blocks: OrderBlocks | None
    groups: tuple[TimeGroup, ...]
    has_scores: bool

    @property
    def others(self) -> tuple[TimeAnalysis, ...]:
        """The analyses beside the primary one."""
        return (*self.other_rules, *self.models)

    @property
    def with_order(self) -> ReadingTimeModel | None:
        """The model that allows for the order of reading, or None."""
        found = [one.model for one in self.models if one.method == "mixed model with order"]
        return found[0] if found else None

    @property
    def n_paused(self) -> int:
        """Times of both modalities that hold a pause."""
        return sum(count.n_paused for count in self.counts)

    def summary(self) -> Mapping[str, str]:
        """Return what was compared, and the ratio by each analysis."""
        analyses = (self.primary, *self.others)
        return {
            "modalities": " and ".join(self.timed.modalities),
            "readers": ", ".join(self.labels),
            "times": counted(self.primary.n_times, "time"),
            **{one.name: estimate_phrase(one.difference) for one in analyses},
            "groups": ", ".join(group.name for group in self.groups),
        }


def analyse(  # noqa: PLR0913 - the parameters of the notebook
    tables: Tables,
    *,
    modality_without: str = "unaided",
    modality_with: str = "aided",
    session: str | None = None,
    shortest_time_s: float = 3.0,
    pause_limit_s: float = 600.0,
    pauses: Pauses = "cut",
    time_ratio_margin: float | None = None,
    ai: str = "",
    score_cutoffs: Sequence[float] = (),
    ci_level: float = 0.95,
) -> ReadingTimeStudy:
    """Analyse reading times as planned, and otherwise.

    Parameters
    ----------
    tables : Tables
        With readings, readers and cases.
    modality_without, modality_with : str
        Reading conditions, the comparator first.
    session : str or None
        One reading session; None takes whichever a case was read in.
    shortest_time_s, pause_limit_s, pauses
        As in ``TimeRule``.
    time_ratio_margin : float or None
        Largest ratio of times, above 1, that is still no loss; None asks whether b is faster.
    ai : str
        Product and version of the AI whose score makes groups, where several AIs read.
    score_cutoffs : sequence of float
        As in ``time_groups``.
    ci_level : float
        Confidence level of each interval.

    Raises
    ------
    ValueError
        If the margin is not above 1 or the level is none; a ScoringError if the tables, the rule
        or the cut-offs do not fit.
    """
    modalities = (modality_without, modality_with)
    read = (tables.readings, tables.readers, tables.cases)
    timed = timed_readings(*read, modalities=modalities, session=session)
    rule = TimeRule(shortest_s=shortest_time_s, pause_limit_s=pause_limit_s, pauses=pauses)
    seconds = timed.used(rule)
    there = np.any(~np.isnan(seconds), axis=0)
    compared = np.flatnonzero(there[:, 0] & there[:, 1])
    given = ComparedTimes(
        timed=timed,
        rule=rule,
        margin=time_ratio_margin,
        ci_level=ci_level,
        compared=compared,
        times=seconds[:, compared],
    )
    primary = _anova(given)
    counts = time_counts(timed, rule)
    rest = [other for other in PAUSES if other != pauses and any(one.n_paused for one in counts)]
    models, order_reason = time_models(given)
    scores = case_scores(tables.readings, tables.readers, timed.case_id, ai=ai)
    return ReadingTimeStudy(
        **vars(given),
        counts=counts,
        spreads=reader_spreads(timed, rule),
        primary=primary,
        other_rules=tuple(_flagged(primary, _anova(_with_pauses(given, one))) for one in rest),
        models=tuple(_flagged(primary, model) for model in models),
        order_reason=order_reason,
        readers=_readers(given, primary),
        blocks=order_blocks(given),
        groups=time_groups(given, scores, cutoffs=score_cutoffs, scale=_scale(tables.readers)),
        has_scores=not np.isnan(scores).all(),
    )


def _flagged(primary: TimeAnalysis, other: TimeAnalysis) -> TimeAnalysis:
    """Return an analysis with where its interval lies, if that is elsewhere than the answer's."""
    if math.isnan(primary.difference.ci_low + other.difference.ci_low):
        return other
    if side(other.difference) == side(primary.difference):
        return other
    return replace(other, flag=f"{lies(other.difference)} 1")


# --- ANOVA ---------------------------------------------------------------------------------------


def seconds_text(seconds: float) -> str:
    """Return a limit of the plan in seconds, without needless decimals."""
    return f"{short_text(seconds)}{NO_BREAK_SPACE}s"


def pauses_text(rule: TimeRule) -> str:
    """Return what a rule does with times that hold a pause."""
    limit = seconds_text(rule.pause_limit_s)
    words = {"cut": f"counted as {limit}", "excluded": "left out", "kept": "kept as recorded"}
    return words[rule.pauses]


def _with_pauses(given: ComparedTimes, pauses: Pauses) -> ComparedTimes:
    """Return the times of the same readers, with pauses dealt with otherwise."""
    rule = replace(given.rule, pauses=pauses)
    return replace(given, rule=rule, times=given.timed.used(rule)[:, given.compared])


def _anova(given: ComparedTimes) -> TimeAnalysis:
    """Return the ANOVA of the cases that every compared reader timed in both modalities."""
    found = times_compared(given, np.ones(len(given.times), dtype=np.bool_))
    n_cases = 0 if found is None else found.ratio.n_cases or 0
    reason = "no reader has times in both modalities"
    if given.labels:
        reason = (
            f"no examination was timed in both modalities by all of {', '.join(given.labels)}, "
            "which the analysis of the answer needs"
        )
    method = "ANOVA" if len(given.labels) != 1 else "Paired t"
    return TimeAnalysis(
        name=f"{method}, pauses {pauses_text(given.rule)}",
        method="ANOVA",
        pauses=given.rule.pauses,
        difference=undefined_ratio(given, reason) if found is None else found.ratio,
        times=found,
        n_cases=n_cases,
        n_times=n_cases * 2 * given.compared.size,
    )


def times_compared(given: ComparedTimes, rows: BoolArray) -> ReadingTimes | None:
    """Return the ANOVA of some cases, or None where none of them has every time.

    Parameters
    ----------
    given : ComparedTimes
        The times.
    rows : ndarray of bool, shape (n_cases,)
        Cases asked for.
    """
    complete = rows & ~np.isnan(given.times).any(axis=(1, 2))
    if not (given.labels and complete.any()):
        return None
    return compare_reading_times(
        given.times[complete],
        cluster=given.timed.patient[complete],
        ci_level=given.ci_level,
        margin=given.margin,
        better="lower",
        readers=given.labels,
        modalities=given.timed.names,
    )


def undefined_ratio(given: ComparedTimes, reason: str) -> Comparison:
    """Return a ratio of times that cannot be estimated, with the reason."""
    names, level = given.timed.names, given.ci_level
    none = undefined_difference(
        "reading_time", reason, margin=given.margin, names=names, ci_level=level, unit="ratio"
    )
    method = "ratio of geometric mean times"
    return replace(none, effect="ratio", better="lower", method=method)


def _readers(given: ComparedTimes, primary: TimeAnalysis) -> tuple[Comparison, ...]:
    """Return the ratio of each compared reader."""
    if primary.times is not None:
        return primary.times.readers
    everyone, found = np.ones(len(given.times), dtype=np.bool_), []
    for place, label in enumerate(given.labels):
        own = replace(given, compared=given.compared[[place]], times=given.times[:, [place]])
        alone = times_compared(own, everyone)
        none = undefined_ratio(given, "no examination was timed in both modalities")
        found.append(replace(none, label=label) if alone is None else alone.readers[0])
    return tuple(found)


# --- mixed models --------------------------------------------------------------------------------


def time_models(given: ComparedTimes) -> tuple[tuple[TimeAnalysis, ...], str]:
    """Return the mixed models that say more than the ANOVA, and why order is not allowed for.

    Notes
    -----
    With every time there and no covariate the model is the ANOVA, so it is fitted only where a
    time is missing.
    """
    timed, places = given.timed, given.compared
    kept = np.asarray(~np.isnan(given.times).all(axis=(1, 2)), dtype=np.bool_)
    times = given.times[kept]
    obstacle = _model_obstacle(timed, kept, places.size)
    columns = {ORDER: timed.order[:, places] / 100, SECOND: timed.second[:, places]}
    covariates = _usable({name: values[kept] for name, values in columns.items()}, times)
    reason = obstacle or ("" if covariates else _no_order(timed))
    models = []
    if np.isnan(times).any() or obstacle:
        models.append(_model(given, times, {}, obstacle))
    if covariates and not obstacle:
        models.append(_model(given, times, covariates, ""))
    return tuple(models), reason


def _model(
    given: ComparedTimes, times: FloatArray, covariates: Mapping[str, FloatArray], obstacle: str
) -> TimeAnalysis:
    """Return one mixed model, or why there is none."""
    found = None
    if not obstacle:
        found = reading_time_model(
            times,
            covariates=covariates,
            ci_level=given.ci_level,
            margin=given.margin,
            better="lower",
            modalities=given.timed.names,
        )
    return TimeAnalysis(
        name="Mixed model, order allowed for" if covariates else "Mixed model, every time",
        method="mixed model with order" if covariates else "mixed model",
        pauses=given.rule.pauses,
        difference=undefined_ratio(given, obstacle) if found is None else found.ratio,
        detail="" if found is None else ending(found),
        model=found,
        n_cases=0 if found is None else len(times),
        n_times=0 if found is None else int((~np.isnan(times)).sum()),
    )


def ending(model: ReadingTimeModel) -> str:
    """Return what a reader of a mixed model must know; empty where all went well."""
    notes = []
    if not model.converged:
        notes.append("the fit did not converge, so it has no interval")
    if model.boundary:
        trust = "; trust the ANOVA instead" if "reader by modality" in model.boundary else ""
        notes.append(f"a variance of zero was estimated for {joined(model.boundary)}{trust}")
    return "; ".join(notes)


def _model_obstacle(timed: TimedReadings, kept: BoolArray, n_readers: int) -> str:
    """Return why no mixed model can be fitted; empty if it can."""
    if n_readers < 2:
        return "the mixed model needs two readers with times in both modalities"
    if kept.sum() < 2:
        return "the mixed model needs two examinations with times"
    if np.unique(timed.patient[kept]).size < kept.sum():
        return "the mixed model takes examinations as independent, but women have more than one"
    return ""


def _no_order(timed: TimedReadings) -> str:
    """Return why the order of reading cannot be allowed for."""
    if np.isnan(timed.order[timed.read]).all() and np.isnan(timed.second[timed.read]).all():
        return "the order of reading is not recorded"
    return "the order of reading is not known for every time, or the modality determines it"


def _usable(columns: Mapping[str, FloatArray], times: FloatArray) -> dict[str, FloatArray]:
    """Return the columns that are known for every time and follow from nothing before them.

    Where every first reading is unaided, first and unaided are one, and no analysis can tell the
    effect of the one from that of the other.
    """
    timed = ~np.isnan(times)
    ones = np.ones(times.shape)
    design = [ones[timed], (ones * [0.0, 1.0])[timed]]
    usable = {}
    for name, values in columns.items():
        column = values[timed]
        if np.isnan(column).any() or column.size == 0:
            continue
        centred = column - column.mean()
        spread = float(np.abs(centred).max())
        candidate = [*design, centred / spread if spread else centred]
        if np.linalg.matrix_rank(np.column_stack(candidate)) == len(candidate):
            design, usable[name] = candidate, values
    return usable


# --- spread, order and groups --------------------------------------------------------------------


def recorded_times(timed: TimedReadings, rule: TimeRule) -> tuple[FloatArray, FloatArray]:
    """Return all times of each modality that are not too short, pauses as they were recorded."""
    seconds = np.where(timed.seconds >= rule.shortest_s, timed.seconds, np.nan)
    a, b = (seconds[:, :, place] for place in range(2))
    return a[~np.isnan(a)], b[~np.isnan(b)]


def reader_spreads(timed: TimedReadings, rule: TimeRule) -> tuple[ReaderSpread, ...]:
    """Return the quartiles of each reader who has a time, then those of all."""
    seconds = np.where(timed.seconds >= rule.shortest_s, timed.seconds, np.nan)
    spreads = [
        _spread(label, seconds[:, [place]])
        for place, label in enumerate(timed.readers)
        if not np.isnan(seconds[:, place]).all()
    ]
    return (*spreads, _spread("All", seconds))


def _spread(label: str, seconds: FloatArray) -> ReaderSpread:
    """Return the quartiles of some readers, seconds of shape (n_cases, n_readers, 2)."""
    a, b = (seconds[:, :, place][~np.isnan(seconds[:, :, place])] for place in range(2))
    none = np.full(len(QUARTILES), np.nan)
    return ReaderSpread(
        label=label,
        a=np.percentile(a, QUARTILES) if a.size else none,
        b=np.percentile(b, QUARTILES) if b.size else none,
        n_a=a.size,
        n_b=b.size,
    )


def order_blocks(given: ComparedTimes) -> OrderBlocks | None:
    """Return the times of the compared readers by order; None with fewer than two places."""
    order = given.timed.order[:, given.compared]
    known = ~np.isnan(order) & ~np.isnan(given.times)
    places = np.unique(order[known])
    if places.size < 2:
        return None
    low, high = int(places[0]), int(places[-1])
    n_blocks = min(_MOST_BLOCKS, places.size, high - low + 1)
    edges = np.floor(np.linspace(low, high + 1, n_blocks + 1)).astype(np.int64)
    logs = np.where(known, np.log(given.times), np.nan)
    by_reader, n_times = [], []
    for start, end in pairwise(edges.tolist()):
        inside = known & (order >= start) & (order < end)
        counts = inside.sum(axis=0)
        sums = np.where(inside, logs, 0.0).sum(axis=0)
        by_reader.append(
            np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
        )
        n_times.append(counts.sum(axis=0))
    log_means = np.stack(by_reader)
    return OrderBlocks(
        first=edges[:-1],
        last=edges[1:] - 1,
        by_reader=np.exp(log_means),
        mean=np.exp(_mean_of_known(log_means)),
        n_times=np.stack(n_times).astype(np.int64),
    )


def _mean_of_known(values: FloatArray) -> FloatArray:
    """Return the mean over readers of what is known, shape (n_blocks, 2)."""
    counts = (~np.isnan(values)).sum(axis=1)
    mean: FloatArray = np.full(counts.shape, np.nan)
    np.divide(np.nansum(values, axis=1), counts, out=mean, where=counts > 0)
    return mean


def time_groups(
    given: ComparedTimes,
    scores: FloatArray,
    *,
    cutoffs: Sequence[float],
    scale: Scale = (math.nan, math.nan),
) -> tuple[TimeGroup, ...]:
    """Return the times by class of the AI's score, lowest first, then without and with cancer.

    Parameters
    ----------
    given : ComparedTimes
        The times.
    scores : ndarray, shape (n_cases,)
        The AI's score of each case of the study; NaN where it gave none.
    cutoffs : sequence of float
        Scores from which up the next class begins, rising; empty for no classes.
    scale : (float, float)
        Ends of the AI's score, for the names of its classes; NaN where not known.

    Returns
    -------
    tuple of TimeGroup
        Only groups that hold a case.

    Raises
    ------
    ScoringError
        If the cut-offs do not rise.
    """
    borders = np.asarray(cutoffs, dtype=np.float64)
    if borders.size and not (np.isfinite(borders).all() and (np.diff(borders) > 0).all()):
        msg = f"score_cutoffs must be rising numbers, but are {', '.join(map(str, cutoffs))}"
        raise ScoringError(msg)
    asked: list[tuple[Literal["score", "truth"], str, BoolArray]] = []
    if borders.size:
        number = np.where(np.isnan(scores), -1, np.searchsorted(borders, scores, side="right"))
        named = [*enumerate(_class_names(borders, scale)), (-1, "No score")]
        asked += [("score", name, number == place) for place, name in named]
    truth = given.timed.truth
    asked += [("truth", "Without cancer", truth == 0), ("truth", "With cancer", truth == 1)]
    asked.append(("truth", "Not known", np.isnan(truth)))
    return tuple(_group(given, kind, name, rows) for kind, name, rows in asked if rows.any())


def _class_names(borders: FloatArray, scale: Scale) -> list[str]:
    """Return the names of the classes between cut-offs."""
    between = [between_label(low, high, scale) for low, high in pairwise(borders.tolist())]
    first, last = below_label(borders[0], scale), score_label(borders[-1], scale)
    return [first, *between, last]


def _scale(readers: pd.DataFrame) -> Scale:
    """Return the ends of the AI's score; NaN where AIs differ or none says."""
    if not {"score_min", "score_max"} <= set(readers.columns):
        return math.nan, math.nan
    ends = readers.loc[readers["kind"] == "ai", ["score_min", "score_max"]].drop_duplicates()
    return (*ends.astype(float).iloc[0],) if len(ends) == 1 else (math.nan, math.nan)


def _group(
    given: ComparedTimes, kind: Literal["score", "truth"], name: str, rows: BoolArray
) -> TimeGroup:
    """Return one group."""
    found = times_compared(given, rows)
    if found is None:
        ratio = undefined_ratio(given, "no examination of the group has every time")
        return TimeGroup(kind=kind, name=name, n_cases=0, ratio=ratio)
    return TimeGroup(kind=kind, name=name, n_cases=found.ratio.n_cases or 0, ratio=found.ratio)
