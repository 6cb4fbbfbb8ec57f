"""What is suspicious of the data of one part: rules that are broken, missing values, drift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray, IntArray
from toolkit.chapters.analysis import Summarised, Tables
from toolkit.chapters.data_quality.rules import (
    RULES,
    Frames,
    RuleResult,
    Severity,
    checked,
    month_numbers,
    readings_by,
)
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.scores import ScoredCases, scored_cases, unit_of
from toolkit.stats.claims import adjusted_p_values
from toolkit.stats.monitoring import (
    LargestGap,
    StabilityIndex,
    kolmogorov_smirnov,
    population_stability,
    stability_limit,
)
from toolkit.tables import TABLES
from toolkit.words.wording import count_text, joined

if TYPE_CHECKING:
    import pandas as pd

MOST_PERIODS = 24
LEAST_A_PERIOD = 20  # on average: the scores of a few women are no distribution
MOST_LEVELS = 12
LEAST_A_ROW = 5  # scores of fewer women would come close to a list of them

# --- missing values ------------------------------------------------------------------------------

# Where a column says nothing of a row, it is not missing there.
_SAID_OF: dict[str, tuple[str, object]] = {
    "cases.cancer_date": ("truth", 1),
    "cases.cancer_type": ("truth", 1),
    "marks.lesion_id": ("mark_type", "LL"),
}
_LEFT_OUT = ("cases.interval_class", "cases.exam_id", "cases.laterality")


@dataclass(frozen=True, kw_only=True, eq=False)
class MissingColumn:
    """How often a column has no value, of the rows that it says something of.

    Parameters
    ----------
    table, column : str
        Where.
    n, missing : ndarray of int, shape (n_periods,)
        Rows by period of the examination, and those without a value.
    n_all, missing_all : int
        The same over all rows, also those without a date.
    """

    table: str
    column: str
    n: IntArray
    missing: IntArray
    n_all: int
    missing_all: int


def _row_groups(tables: Frames) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the rows that could hold values, by table; readings by who made them."""
    for name in ("cases", "readings", "images", "lesions", "marks"):
        if name in tables and name != "readings":
            yield name, tables[name]
        elif name in tables:
            for who, kind in (("readers' readings", "human"), ("AI readings", "ai")):
                rows = readings_by(tables, kind)
                yield who, rows[rows["status"] == "complete"]


def missing_columns(tables: Frames, periods: Periods) -> tuple[MissingColumn, ...]:
    """Return each column in which some values are missing that could be there, but not all."""
    number = dict(zip(tables["cases"]["case_id"], periods.of_case.tolist(), strict=True))
    found = []
    for name, frame in _row_groups(tables):
        for column in frame.columns:
            said, value = _SAID_OF.get(f"{name}.{column}", ("", None))
            rows = frame[frame[said] == value] if said in frame else frame
            gone = rows[column].isna().to_numpy()
            if f"{name}.{column}" in _LEFT_OUT or not 0 < gone.sum() < len(rows):
                continue
            period = rows["case_id"].map(number).to_numpy(dtype=np.int64)
            found.append(
                MissingColumn(
                    table=name,
                    column=column,
                    n=np.bincount(period, minlength=periods.n + 1)[1:].astype(np.int64),
                    missing=np.bincount(period[gone], minlength=periods.n + 1)[1:].astype(np.int64),
                    n_all=len(rows),
                    missing_all=int(gone.sum()),
                )
            )
    return tuple(found)


# --- periods and drift ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Periods:
    """The months of the examinations, or longer periods where there are many.

    Parameters
    ----------
    of_case : ndarray of int, shape (n_cases,)
        Period of each case from 1; 0 where the date is not known.
    n : int
        Periods from the first to the last examination.
    months : int
        Months in each: 1, 3 or 12.
    """

    of_case: IntArray
    n: int
    months: int

    @property
    def word(self) -> str:
        """What a period is called."""
        return {1: "month", 3: "quarter"}.get(self.months, "year")


def periods_of(cases: pd.DataFrame) -> Periods:
    """Return the periods of the cases: months, or quarters or years where months hold too few."""
    none = np.zeros(len(cases), dtype=np.int64)
    if "exam_date" not in cases or cases["exam_date"].isna().all():
        return Periods(of_case=none, n=0, months=1)
    month = month_numbers(cases["exam_date"]).fillna(0).to_numpy().astype(np.int64)
    last, most = int(month.max()), int((month > 0).sum()) / LEAST_A_PERIOD
    months = next((width for width in (1, 3) if -(-last // width) <= min(MOST_PERIODS, most)), 12)
    return Periods(of_case=-(-month // months), n=-(-last // months), months=months)


@dataclass(frozen=True, kw_only=True, eq=False)
class DriftRow:
    """The scores of one period, device or site beside those of the others.

    Parameters
    ----------
    kind : {"period", "device", "site"}
        By what the cases were parted.
    label : str
        Which.
    counts : ndarray of int, shape (n_classes,)
        Its cases in each class of the score.
    shift : StabilityIndex
        Against the others.
    limit : float
        Index that chance alone exceeds as rarely as three standard errors.
    gap : LargestGap
        Of the scores themselves, against the same others.
    p_adjusted : float
        P of the gap, by Holm over all rows.
    """

    kind: str
    label: str
    counts: IntArray
    shift: StabilityIndex
    limit: float
    gap: LargestGap
    p_adjusted: float

    def apart(self, psi_limit: float) -> bool:
        """Return whether the index is above the limit given and above what chance explains."""
        return bool(self.shift.estimate > psi_limit and self.shift.estimate > self.limit)


@dataclass(frozen=True, kw_only=True, eq=False)
class Drift:
    """One AI's score by period, device and site, among cases without known cancer.

    Parameters
    ----------
    ai : str
        Product and version.
    group : str
        Indication of the cases: screening where they say, else everything.
    classes : tuple of str
        Classes of the score, lowest first.
    n_cases : int
        Cases compared.
    rows : tuple of DriftRow
        Periods, devices, sites.
    baseline : int
        First periods with which the others are compared.
    n_small : int
        Periods, devices and sites of fewer than five cases, which have no row.
    """

    ai: str
    group: str
    classes: tuple[str, ...]
    n_cases: int
    rows: tuple[DriftRow, ...]
    baseline: int
    n_small: int


Pair = tuple[str, str, BoolArray, BoolArray]


def _by_period(periods: Periods, baseline: int) -> Iterator[Pair]:
    """Yield each period, and the first ones without it."""
    if periods.n < 2:
        return
    first = (periods.of_case > 0) & (periods.of_case <= baseline)
    for number in range(1, periods.n + 1):
        here = periods.of_case == number
        yield "period", f"{periods.word} {number}", here, first & ~here


def _by_level(cases: pd.DataFrame, column: str) -> Iterator[Pair]:
    """Yield each device or site, and all others; beyond the largest dozen they are one."""
    if column not in cases:
        return
    sizes = cases[column].value_counts()
    shown = sorted(sizes.index[:MOST_LEVELS])
    known = cases[column].notna().to_numpy()
    named = [(str(level), (cases[column] == level).to_numpy()) for level in shown]
    if len(sizes) > MOST_LEVELS:
        named.append(("all others", known & ~cases[column].isin(shown).to_numpy()))
    if len(named) > 1:
        for label, here in named:
            yield column, label, here, known & ~here


def drift_of(
    scored: ScoredCases, cases: pd.DataFrame, periods: Periods, *, baseline_months: int
) -> Drift:
    """Return how the scores of each period, device and site differ from those of the others.

    Cancers are left out: by month or device their number is the sampler's, or chance.
    """
    used = scored.group(scored.reference) & scored.scored & (scored.truth != 1)
    baseline = max(2, -(-baseline_months // periods.months))
    every = [
        (kind, label, here & used, others & used)
        for kind, label, here, others in (
            *_by_period(periods, baseline),
            *_by_level(cases, "device"),
            *_by_level(cases, "site"),
        )
    ]
    pairs = [pair for pair in every if pair[2].sum() >= LEAST_A_ROW]
    gaps = [kolmogorov_smirnov(scored.score[a], scored.score[b]) for *_, a, b in pairs]
    labels = [f"{kind} {label}" for kind, label, *_ in pairs]
    adjusted = adjusted_p_values([gap.p_value for gap in gaps], labels) if pairs else ()
    return Drift(
        ai=scored.ai,
        group=scored.reference,
        classes=scored.classes.ticks,
        n_cases=int(used.sum()),
        rows=tuple(
            DriftRow(
                kind=kind,
                label=label,
                counts=scored.counts(a),
                shift=population_stability(scored.counts(a), scored.counts(b)),
                limit=stability_limit(int(a.sum()), int(b.sum()), n_categories=scored.n_classes),
                gap=gap,
                p_adjusted=holm.p_adjusted,
            )
            for (kind, label, a, b), gap, holm in zip(pairs, gaps, adjusted, strict=True)
        ),
        baseline=baseline,
        n_small=len(every) - len(pairs),
    )


# --- the study -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class QualityStudy(Summarised):
    """What is suspicious of the data of one part.

    Parameters
    ----------
    unit : str
        What a case is: examination or breast.
    n_cases : int
        Cases of the part.
    results : tuple of RuleResult
        Every rule, in order.
    missing : tuple of MissingColumn
        Columns with missing values; none that is empty throughout.
    periods : Periods
        Months, quarters or years of the examinations.
    drift : Drift or None
        None where there is no score, for ``no_drift``.
    no_drift : str
        Why there is no drift to show.
    psi_limit : float
        Limit given for the stability index.
    """

    unit: str
    n_cases: int
    results: tuple[RuleResult, ...]
    missing: tuple[MissingColumn, ...]
    periods: Periods
    drift: Drift | None
    no_drift: str
    psi_limit: float

    @property
    def checked(self) -> tuple[RuleResult, ...]:
        """Rules that could be checked."""
        return tuple(result for result in self.results if result.found is not None)

    @property
    def broken(self) -> tuple[RuleResult, ...]:
        """Rules that found something, the most frequent first."""
        found = [result for result in self.checked if result.issues]
        return tuple(sorted(found, key=lambda result: -result.issues))

    def of_severity(self, severity: Severity) -> tuple[RuleResult, ...]:
        """Return the rules of a severity that found something, the most frequent first."""
        return tuple(result for result in self.broken if result.rule.severity == severity)

    @property
    def apart(self) -> tuple[DriftRow, ...]:
        """Periods, devices and sites whose scores stand apart."""
        rows = () if self.drift is None else self.drift.rows
        return tuple(row for row in rows if row.apart(self.psi_limit))

    def summary(self) -> Mapping[str, str]:
        """Return how many rules found something and what drifted."""
        return {
            "cases": count_text(self.n_cases),
            "rules checked": f"{len(self.checked)} of {len(self.results)}",
            "rules that found something": str(len(self.broken)),
            "of these errors": str(len(self.of_severity("error"))),
            "columns with missing values": str(len(self.missing)),
            "scores apart": joined([row.label for row in self.apart]) or "none",
        }


def analyse(
    tables: Tables, *, ai: str = "", baseline_months: int = 6, psi_limit: float = 0.1
) -> QualityStudy:
    """Check every rule on the tables of one part, and how its AI's scores change.

    Parameters
    ----------
    tables : Tables
        The canonical tables of the part.
    ai : str
        Product and version, where several AIs read; of the drift alone.
    baseline_months : int
        First months, with which the others are compared; each of them with the rest of them.
    psi_limit : float
        Stability index above which scores count as apart, if chance does not explain it.
    """
    named = {name: tables.optional(name) for name in TABLES}
    frames = {name: frame for name, frame in named.items() if frame is not None}
    cases = frames["cases"]
    periods = periods_of(cases)
    drift, no_drift = _drift(frames, periods, ai=ai, baseline_months=baseline_months)
    return QualityStudy(
        unit=unit_of(cases),
        n_cases=len(cases),
        results=tuple(checked(rule, frames, tables.part) for rule in RULES),
        missing=missing_columns(frames, periods),
        periods=periods,
        drift=drift,
        no_drift=no_drift,
        psi_limit=psi_limit,
    )


def _drift(
    tables: Frames, periods: Periods, *, ai: str, baseline_months: int
) -> tuple[Drift | None, str]:
    """Return how the score drifts, or why nobody can say."""
    if "readings" not in tables or not len(readings_by(tables, "ai")):
        return None, "no AI read in this part"
    cases = tables["cases"]
    try:
        scored = scored_cases(tables["readings"], tables["readers"], cases, ai=ai)
    except ScoringError as error:
        return None, str(error)
    return drift_of(scored, cases, periods, baseline_months=baseline_months), ""
