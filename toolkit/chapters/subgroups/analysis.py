"""Whether a difference between two modalities hangs on the examination, the cancer or the reader.

Levels are made from the tables of cases, lesions and readers and from the edges in the parameters
alone, before any reading is looked at. Each level is analysed as the whole study is. A level with
few cancers keeps its interval, is not tested, and its estimate is not drawn.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, ObjectArray
from toolkit.chapters.analysis import Summarised, Tables
from toolkit.chapters.comparison import FOMS, MEASURES, Endpoint, with_cancer
from toolkit.chapters.subgroups.interaction import (
    Interaction,
    Level,
    analysis_of_variance,
    apart_by_cases,
    apart_by_readers,
    chi_square,
)
from toolkit.results import Comparison
from toolkit.scoring.case_mix import weights_differ
from toolkit.scoring.ratings import ScoringError, reader_labels
from toolkit.scoring.reader_study import StudyReadings, study_readings
from toolkit.scoring.verdicts import undefined_difference
from toolkit.stats.claims import adjusted_p_values
from toolkit.stats.mrmc import (
    MrmcAnalysis,
    compare_modalities,
    detect_design,
    fom_table,
    obuchowski_rockette,
)
from toolkit.words.sentences import effect_phrase
from toolkit.words.wording import capital, counted, short_text

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["cases", "cancers", "readers"]
DensityLevels = Literal["A, B, C, D", "A-B, C-D"]

FEWEST = 10  # cases of each class that the endpoint needs, for a level to be tested
FEWEST_READERS = 2
NOT_KNOWN = "Not known"
KINDS: dict[Kind, dict[str, str]] = {
    "cases": {
        "age_years": "Age, years",
        "density": "Density",
        "indication": "Indication",
        "device": "Device",
        "site": "Site",
    },
    "cancers": {
        "lesion_type": "Lesion type",
        "size_mm": "Size, mm",
        "histology": "Histology",
        "grade": "Grade",
        "cancer_type": "In situ or invasive",
    },
    "readers": {"specialist": "Specialty", "experience_years": "Experience, years"},
}
# A small count by one of these can point at a woman.
IDENTIFYING = ("age_years", "site")
_OF_LESIONS = ("lesion_type", "size_mm", "histology", "grade")
_BESIDE: dict[Endpoint, Endpoint] = {"sensitivity": "specificity", "specificity": "sensitivity"}
_MERGED = {"A": "A\u2013B", "B": "A\u2013B", "C": "C\u2013D", "D": "C\u2013D"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is compared, and by which levels: all of it given before the readings are looked at.

    Parameters
    ----------
    endpoint : {"sensitivity", "specificity", "auc"}
        Whose difference is compared between levels.
    modalities : (str, str)
        Reading conditions, the comparator first.
    session : str or None
        One reading session; None takes whichever a case was read in.
    recall_rating : float or None
        Rating from which up a case counts as recalled where the reader made no call.
    columns : mapping
        By kind, columns of ``KINDS`` in the order of the page.
    edges : mapping
        By column of numbers, where the second class and each further one begin.
    density : {"A, B, C, D", "A-B, C-D"}
        Density as it is, or in two levels.
    ci_level : float
        Confidence level of each interval; an interaction is one at 1 minus this level.
    """

    endpoint: Endpoint = "sensitivity"
    modalities: tuple[str, str] = ("unaided", "aided")
    session: str | None = None
    recall_rating: float | None = None
    columns: Mapping[Kind, Sequence[str]]
    edges: Mapping[str, Sequence[float]]
    density: DensityLevels = "A-B, C-D"
    ci_level: float = 0.95

    @property
    def names(self) -> tuple[str, str]:
        """Both modalities as sentences name them."""
        a, b = self.modalities
        return f"{a} reading", f"{b} reading"

    @property
    def beside(self) -> Endpoint | None:
        """The measure shown beside the endpoint, or None."""
        return _BESIDE.get(self.endpoint)


@dataclass(frozen=True, kw_only=True, eq=False)
class Variable:
    """One variable with its levels.

    Parameters
    ----------
    column, name : str
        Column of the table, and in words.
    kind : {"cases", "cancers", "readers"}
        What its levels part.
    levels : tuple of Level
        In their own order, what is not known last; empty where the variable is refused.
    test : Interaction
        NaN with the reason where there is none.
    largest : Comparison or None
        The two tested levels that lie furthest apart, the later minus the earlier.
    n_spanning : int
        Women who have examinations in more than one level.
    """

    column: str
    name: str
    kind: Kind
    levels: tuple[Level, ...]
    test: Interaction
    largest: Comparison | None
    n_spanning: int = 0

    @property
    def tested(self) -> tuple[Level, ...]:
        """The levels that a test may take."""
        return testable(self.levels)


def testable(levels: Sequence[Level]) -> tuple[Level, ...]:
    """Return the levels that are known, large enough and defined."""
    return tuple(level for level in levels if not level.few and level.name != NOT_KNOWN)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SubgroupStudy(Summarised):
    """The difference between two modalities in all levels of all variables asked for.

    Parameters
    ----------
    request : Request
        What was asked for.
    readings : StudyReadings
        Who read what.
    overall : Level
        All examinations and readers.
    variables : tuple of Variable
        In the order asked for; those without a test have its reason.
    weighted : bool
        Whether the cases have sampling weights that differ; they are not used.
    """

    request: Request
    readings: StudyReadings
    overall: Level
    variables: tuple[Variable, ...]
    weighted: bool

    @property
    def tested(self) -> tuple[Variable, ...]:
        """The variables whose levels were tested against each other."""
        return tuple(one for one in self.variables if not math.isnan(one.test.p_value))

    @property
    def interactions(self) -> tuple[Variable, ...]:
        """Of those, the ones whose adjusted P lies at 1 minus the level or below."""
        alpha = 1 - self.request.ci_level
        return tuple(one for one in self.tested if one.test.p_adjusted <= alpha)

    @property
    def furthest(self) -> Variable | None:
        """The tested variable with the largest difference between two of its levels, or None."""
        found = [one for one in self.tested if one.largest is not None]
        return max(found, key=_width, default=None)

    def of_kind(self, kind: Kind) -> tuple[Variable, ...]:
        """Return the variables of a kind."""
        return tuple(one for one in self.variables if one.kind == kind)

    def summary(self) -> dict[str, str]:
        """Return what was compared, and how many variables were tested."""
        a, b = self.request.modalities
        readings = self.readings
        return {
            "Compared": f"{b} minus {a}",
            "Examinations": with_cancer(readings.n_cases, readings.n_positive),
            "Readers": str(len(readings.readers)),
            capital(MEASURES[self.request.endpoint]): effect_phrase(self.overall.difference),
            "Variables": f"{len(self.variables)}, {len(self.tested)} tested",
            "Interactions": ", ".join(one.name for one in self.interactions) or "none",
        }


def _width(variable: Variable) -> float:
    """Return how far apart the outermost levels lie."""
    return 0.0 if variable.largest is None else abs(variable.largest.estimate)


def analyse(tables: Tables, request: Request) -> SubgroupStudy:
    """Analyse the difference in every level, and test the levels of each variable.

    Parameters
    ----------
    tables : Tables
        Cases, readers and readings; lesions where columns of them are asked for.
    request : Request
        What is compared, by which levels.

    Raises
    ------
    ScoringError
        If a column is none of ``KINDS`` or asked for twice, or nobody rated or called any case.
    """
    _check(request)
    readings = study_readings(
        tables.readings,
        tables.readers,
        tables.cases,
        modalities=request.modalities,
        session=request.session,
        recall_rating=request.recall_rating,
    )
    asked = _Asked(request=request, readings=readings)
    if np.isnan(asked.values(request.endpoint)).all():
        what = "rating" if request.endpoint == "auc" else "recall call"
        msg = (
            f"endpoint {request.endpoint!r} needs a {what} of each case, but there is none; "
            "take another endpoint, or say from which rating up a case counts as recalled"
        )
        raise ScoringError(msg)
    lesions = tables.optional("lesions")
    cases = cases_with_lesions(tables.cases, lesions, readings.case_id)
    found = [
        asked.variable(kind, column, cases if kind != "readers" else tables.readers)
        for kind in KINDS
        for column in request.columns.get(kind, ())
    ]
    weights = cases["weight"].to_numpy(np.float64) if "weight" in cases else None
    everyone = np.ones(len(readings.readers), dtype=np.bool_)
    return SubgroupStudy(
        request=request,
        readings=readings,
        overall=asked.level("All", np.ones(readings.n_cases, dtype=np.bool_), everyone),
        variables=with_holm(found),
        weighted=weights_differ(weights),
    )


def _check(request: Request) -> None:
    """Refuse columns that are no variable of their kind, or named twice."""
    for kind, known in KINDS.items():
        columns = list(request.columns.get(kind, ()))
        for column in columns:
            if column not in known:
                msg = f"{column!r} is no column of {kind}; known are {', '.join(known)}"
                raise ScoringError(msg)
            if columns.count(column) > 1:
                msg = f"{column!r} is asked for twice; each variable is one of the family once"
                raise ScoringError(msg)


def with_holm(variables: Sequence[Variable]) -> tuple[Variable, ...]:
    """Return variables with Holm's adjusted P over those that were tested."""
    tested = [one for one in variables if not math.isnan(one.test.p_value)]
    if not tested:
        return tuple(variables)
    adjusted = adjusted_p_values(
        [one.test.p_value for one in tested], [one.column for one in tested]
    )
    holm = {one.label: one.p_adjusted for one in adjusted}
    return tuple(
        replace(one, test=replace(one.test, p_adjusted=holm[one.column])) if one in tested else one
        for one in variables
    )


# --- levels --------------------------------------------------------------------------------------


def cases_with_lesions(
    cases: pd.DataFrame, lesions: pd.DataFrame | None, case_id: Sequence[str] | np.ndarray
) -> pd.DataFrame:
    """Return some cases in their order, each with the columns of its largest lesion.

    Parameters
    ----------
    cases, lesions : DataFrame
        Canonical tables; a lesion may have a row an image.
    case_id : array_like of str
        Cases asked for.

    Returns
    -------
    DataFrame
        A lesion without a size comes after those with one; of equal ones the first is taken.
    """
    chosen = cases.set_index("case_id").loc[list(case_id)]
    if lesions is None or lesions.empty:
        return chosen.reset_index()
    by = ["size_mm"] if "size_mm" in lesions else []
    ordered = lesions.sort_values(by, ascending=False, kind="stable") if by else lesions
    largest = ordered.drop_duplicates("case_id").set_index("case_id")
    kept = [column for column in _OF_LESIONS if column in largest]
    return chosen.drop(columns=kept, errors="ignore").join(largest[kept]).reset_index()


def level_names(
    column: str, values: pd.Series, request: Request
) -> tuple[ObjectArray, tuple[str, ...]]:
    """Return the level of each value, and all levels in their order.

    Parameters
    ----------
    column : str
        Column of the values.
    values : Series
        As the table has them; what is missing becomes a level of its own.
    request : Request
        With the edges of classes and what is merged.

    Returns
    -------
    (ndarray of object, tuple of str)
        Names of levels; what is not known comes last.
    """
    missing = values.isna().to_numpy()
    if column in request.edges:
        names, order = classes(values.to_numpy(np.float64), request.edges[column])
    else:
        texts = {value: _text(column, value, request) for value in values.dropna().unique()}
        names = np.array([texts.get(value, NOT_KNOWN) for value in values], dtype=object)
        order = tuple(sorted(set(texts.values())))
    names[missing] = NOT_KNOWN
    there = set(names.tolist())
    return names, tuple(name for name in (*order, NOT_KNOWN) if name in there)


def _text(column: str, value: object, request: Request) -> str:
    """Return a value of a category as its level."""
    if column == "specialist":
        return "Breast radiologists" if value == 1 else "General radiologists"
    if column == "density" and request.density == "A-B, C-D":
        return _MERGED[str(value)]
    return capital(str(value).replace("_", " "))


def classes(values: FloatArray, edges: Sequence[float]) -> tuple[ObjectArray, tuple[str, ...]]:
    """Return the class of each number, and all classes in their order.

    Examples
    --------
    >>> names, order = classes(np.array([9.0, 10.0, 25.0]), [10.0, 20.0])
    >>> names.tolist()
    ['< 10', '10 to < 20', '≥ 20']
    """
    if not edges:
        order: tuple[str, ...] = ("Any",)
    else:
        inner = [f"{short_text(low)} to < {short_text(high)}" for low, high in pairwise(edges)]
        order = (f"< {short_text(edges[0])}", *inner, f"\u2265 {short_text(edges[-1])}")
    places = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="right")
    return np.array(order, dtype=object)[np.minimum(places, len(order) - 1)], order


# --- one level, one variable ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """The readings with what was asked of them."""

    request: Request
    readings: StudyReadings

    def values(self, endpoint: Endpoint) -> FloatArray:
        """Return ratings, or calls coded 0 and 1, (n_cases, n_readers, n_modalities)."""
        return self.readings.rating if endpoint == "auc" else self.readings.call

    def variable(self, kind: Kind, column: str, table: pd.DataFrame) -> Variable:
        """Return a variable with its levels and their test, or why there is none."""
        empty = Variable(
            column=column,
            name=KINDS[kind][column],
            kind=kind,
            levels=(),
            test=self.no_test(column, "no reason"),
            largest=None,
        )
        if kind == "readers":
            labels = reader_labels(table)
            table = table.assign(label=table["reader_id"].map(labels)).set_index("label")
            table = table.loc[list(self.readings.readers)]
        elif kind == "cancers":
            if self.request.endpoint != "sensitivity":
                reason = (
                    "it parts cancers only, and its levels would share the examinations without"
                    if self.request.endpoint == "auc"
                    else "it parts cancers only, which specificity does not use"
                )
                return replace(empty, test=self.no_test(column, reason))
            table = table.assign(without=self.readings.truth == 0)
        if column not in table or table[column].isna().all():
            return replace(empty, test=self.no_test(column, "not in the data"))
        return self._filled(empty, table)

    def _filled(self, empty: Variable, table: pd.DataFrame) -> Variable:
        """Return a variable that the data have with its levels, unless it has one only."""
        kind, column = empty.kind, empty.column
        names, order = level_names(column, table[column], self.request)
        if kind == "cancers":  # those without cancer are of no level
            names[table["without"].to_numpy()] = ""
            order = tuple(name for name in order if (names == name).any())
        known = [name for name in order if name != NOT_KNOWN]
        if len(known) < 2:
            reason = f"one level only ({known[0]})" if known else "not in the data"
            return replace(empty, test=self.no_test(column, reason))
        every = {
            "cases": np.ones(self.readings.n_cases, dtype=np.bool_),
            "readers": np.ones(len(self.readings.readers), dtype=np.bool_),
        }
        levels = tuple(
            self.level(name, every["cases"], names == name, by_readers=True)
            if kind == "readers"
            else self.level(name, names == name, every["readers"])
            for name in order
        )
        spanning = 0 if kind == "readers" else self._spanning(names)
        filled = replace(empty, levels=levels, n_spanning=spanning)
        return self._with_test(filled, names)

    def _spanning(self, names: ObjectArray) -> int:
        """Return how many women have examinations in more than one level."""
        chosen = names != ""
        pairs = set(zip(self.readings.patient[chosen].tolist(), names[chosen], strict=True))
        levels = Counter(woman for woman, _ in pairs)
        return sum(count > 1 for count in levels.values())

    def level(
        self, name: str, rows: BoolArray, readers: BoolArray, *, by_readers: bool = False
    ) -> Level:
        """Return one level: some examinations of some readers."""
        endpoint, truth = self.request.endpoint, self.readings.truth[rows]
        difference, case_error = self._compared(endpoint, rows, readers)
        beside = self.request.beside
        n_with = int(truth.sum())
        n_without = int(truth.size) - n_with
        return Level(
            name=name,
            n_with=n_with,
            n_without=n_without,
            n_readers=int(readers.sum()),
            difference=difference,
            beside=None if beside is None else self._compared(beside, rows, readers)[0],
            case_error=case_error,
            few=self._few((n_with, n_without), int(readers.sum()), difference)
            or ("" if by_readers or case_error > 0 else "no variance over examinations"),
        )

    def _few(self, n: tuple[int, int], n_readers: int, difference: Comparison) -> str:
        """Return why a level is too small to be tested, or not defined; empty where it is not."""
        endpoint = self.request.endpoint
        needed = {"sensitivity": n[:1], "specificity": n[1:], "auc": n}[endpoint]
        if n_readers < FEWEST_READERS:
            return f"fewer than {counted(FEWEST_READERS, 'reader')}"
        if min(needed) < FEWEST:
            words = {"sensitivity": "with", "specificity": "without", "auc": "with, or without,"}
            return f"fewer than {FEWEST} examinations {words[endpoint]} cancer"
        return difference.note if math.isnan(difference.estimate) else ""

    def _compared(
        self, endpoint: Endpoint, rows: BoolArray, readers: BoolArray
    ) -> tuple[Comparison, float]:
        """Return b minus a with readers and cases random, and its error over cases alone."""
        uses = {"sensitivity": (1.0,), "specificity": (0.0,), "auc": (0.0, 1.0)}[endpoint]
        truth = self.readings.truth
        chosen = rows & np.isin(truth, uses)
        try:
            for one in uses:
                if not (truth[chosen] == one).any():
                    msg = f"no examination {'with' if one else 'without'} cancer"
                    raise ValueError(msg)
            if readers.sum() < FEWEST_READERS:
                msg = "one reader alone says nothing of readers in general"
                raise ValueError(msg)
            both, alone = self._analyses(endpoint, chosen, readers)
        except ValueError as refused:
            none = undefined_difference(
                endpoint,
                str(refused),
                margin=None,
                names=self.request.names,
                ci_level=self.request.ci_level,
            )
            return none, math.nan
        return replace(both.differences[0], quantity=endpoint), alone.differences[0].std_error

    def _analyses(
        self, endpoint: Endpoint, rows: BoolArray, readers: BoolArray
    ) -> tuple[MrmcAnalysis, MrmcAnalysis]:
        """Return the analysis with readers and cases random, and that of these readers."""
        truth, patient = self.readings.truth[rows], self.readings.patient[rows]
        values = self.values(endpoint)[np.ix_(rows, readers)]
        labels = tuple(np.array(self.readings.readers)[readers].tolist())
        if endpoint != "auc" and detect_design(values).kind == "incomplete":
            msg = (
                f"readings are missing, and with gaps no analysis of {endpoint} with random "
                "readers is defined"
            )
            raise ValueError(msg)
        both = compare_modalities(
            truth,
            values,
            fom=FOMS[endpoint],
            cluster=patient,
            ci_level=self.request.ci_level,
            readers=labels,
            modalities=self.request.names,
        )
        table = fom_table(truth, values, fom=FOMS[endpoint], cluster=patient, readers=labels)
        return both, obuchowski_rockette(table, random="cases")

    def no_test(self, column: str, reason: str) -> Interaction:
        """Return the test of a variable that is not tested, with the reason."""
        nan = math.nan
        return Interaction(
            method="none",
            note=f"not tested: {reason}",
            label=column,
            quantity=self.request.endpoint,
            statistic=nan,
            df1=nan,
            df2=nan,
            p_value=nan,
            p_adjusted=nan,
        )

    def _with_test(self, variable: Variable, names: ObjectArray) -> Variable:
        """Return a variable with the test of its levels and the two that lie furthest apart."""
        levels, column = testable(variable.levels), variable.column
        if len(levels) < 2:
            why = {level.few for level in variable.levels if level.few}
            few = "no level" if not levels else "one level only"
            reason = f"{few} that can be compared ({'; '.join(sorted(why))})"
            return replace(variable, test=self.no_test(column, reason))
        endpoint = self.request.endpoint
        if variable.kind != "readers":
            test = chi_square(levels, column=column, endpoint=endpoint)
            pairs = combinations(levels, 2)
            apart = [apart_by_cases(a, b, ci_level=self.request.ci_level) for a, b in pairs]
        else:
            gains = {level.name: self._gains(names == level.name) for level in levels}
            test = analysis_of_variance(gains, column=column, endpoint=endpoint)
            apart = apart_by_readers(gains, endpoint=endpoint, ci_level=self.request.ci_level)
        largest = max(apart, key=lambda one: abs(one.estimate))
        return replace(variable, test=test, largest=largest)

    def _gains(self, readers: BoolArray) -> FloatArray:
        """Return b minus a of each of some readers, on the examinations that the endpoint uses."""
        endpoint = self.request.endpoint
        table = fom_table(
            self.readings.truth,
            self.values(endpoint)[:, readers],
            fom=FOMS[endpoint],
            cluster=self.readings.patient,
        )
        gains: FloatArray = table.value[:, 1] - table.value[:, 0]
        return gains
