"""Who was examined, who was left out, and who can be judged: the rows behind the flow and Table 1.

An examination without a result of the index test is kept apart and never counts as a low score;
one whose truth is not known is never counted as free of cancer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.chapters.analysis import Summarised, Tables
from toolkit.chapters.case_words import below_label, score_label
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.scores import ais_that_read, unit_of
from toolkit.stats.monitoring import (
    StandardizedDifference,
    standardized_difference,
    standardized_difference_of_categories,
)
from toolkit.tables import TABLES
from toolkit.words.wording import count_text

if TYPE_CHECKING:
    import pandas as pd

Diagnosis = Literal["cancer", "no cancer", "not known"]
DIAGNOSES: tuple[Diagnosis, ...] = ("cancer", "no cancer", "not known")
# How well the reference standard is known. A short follow-up is one below what is needed; it
# matters where nothing but the passing of time speaks against cancer.
References = Literal["verified", "verified_short", "unverified_short", "unverified"]
REFERENCES: tuple[References, ...] = (
    "verified",
    "verified_short",
    "unverified_short",
    "unverified",
)
# What is parted in the flow: the AI's score, its call where it gives no score, people's readings
# where no AI read, or nothing.
Index = Literal["score", "call", "reading", "none"]
STATES = ("complete", "call only", "failed", "missing", "not recorded")
Unit = Literal["examination", "case", "breast"]
_FOLLOWED = ("follow_up_24_months", "follow_up_12_months", "none")


# Characteristics of Table 1, each with its name there.
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


@dataclass(frozen=True, kw_only=True)
class Branch:
    """Examinations with one result of the index test, by reference standard and diagnosis.

    Parameters
    ----------
    label : str
        The result: "score 10"; empty where the flow does not part.
    count : int
        Examinations.
    references : dict of str to int
        Count of each of ``REFERENCES``; they add up to ``count``.
    diagnoses : dict of str to int
        Count of each of ``DIAGNOSES``; they add up to ``count``.
    states : dict of str to int
        Count of each of ``STATES``; they add up to ``count``.
    """

    label: str
    count: int
    references: dict[References, int]
    diagnoses: dict[Diagnosis, int]
    states: dict[str, int]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CohortStudy(Summarised):
    """The examinations of one part of a study.

    Parameters
    ----------
    cases : DataFrame
        Rows of the cases table that belong to the cohort, with five columns more: ``diagnosis``
        (one of ``DIAGNOSES``), ``reference`` (one of ``REFERENCES``), ``state`` (one of
        ``STATES``), ``result`` (the index test's; NaN where it has none) and ``earlier`` (1 if the
        data hold an earlier examination of the same woman, 0 if not, NaN where not known).
    n_identified : int
        Examinations before any was left out.
    excluded : tuple of (str, int)
        Why examinations were left out, by indication.
    restricted : bool
        Whether the parameters name the indications of the cohort.
    index : {"score", "call", "reading", "none"}
        What the flow calls the index test.
    ai : str
        Product and version; empty where no AI read.
    cutoff : float
        Score from which up an examination counts as marked.
    scale : (float, float)
        Ends of the AI's scale; NaN where not known.
    unit : {"examination", "case", "breast"}
        What a row is.
    follow_up_months_needed : float
        Follow-up that is asked of an examination without cancer, months.
    branches : tuple of Branch
        The examinations by result of the index test; one that holds all where nothing parts them.
    without : Branch
        Those without a result, of which there may be none.
    fates : mapping of str to str
        Whether a characteristic makes a row of Table 1, or why not.
    differences : mapping of str to StandardizedDifference
        With cancer against the others, of each characteristic that makes a row.
    """

    cases: pd.DataFrame
    n_identified: int
    excluded: tuple[tuple[str, int], ...]
    restricted: bool
    index: Index
    ai: str
    cutoff: float
    scale: tuple[float, float]
    unit: Unit
    follow_up_months_needed: float
    branches: tuple[Branch, ...]
    without: Branch
    fates: Mapping[str, Fate]
    differences: Mapping[str, StandardizedDifference]

    @property
    def groups(self) -> tuple[pd.DataFrame, ...]:
        """Rows of all examinations, of those with cancer, and of the others."""
        return groups_of(self.cases)

    @property
    def judged(self) -> pd.DataFrame:
        """Examinations with a result of the index test and a known truth."""
        return self.cases[self.cases["result"].notna() & (self.cases["diagnosis"] != "not known")]

    @property
    def n_women(self) -> int:
        """Women known by an identifier."""
        return int(self.cases["patient_id"].nunique())

    @property
    def n_without_woman(self) -> int:
        """Examinations whose woman has no identifier."""
        return int(self.cases["patient_id"].isna().sum())

    @property
    def most_of_one_woman(self) -> int:
        """Most examinations of one woman; 0 where no woman is known."""
        return int(self.cases["patient_id"].value_counts().max() if self.n_women else 0)

    def summary(self) -> Mapping[str, str]:
        """Return how many were examined, and how many can be judged."""
        return {
            f"{self.unit}s": f"{count_text(len(self.cases))} of {count_text(self.n_identified)}",
            "women": count_text(self.n_women),
            "index test": self.ai or self.index,
            **{branch.label or "all": count_text(branch.count) for branch in self.branches},
            "can be judged": count_text(len(self.judged)),
            "characteristics": ", ".join(self.differences),
        }


def analyse(
    tables: Tables,
    *,
    ai: str = "",
    cutoff: float = 9.5,
    indications: Sequence[str] = (),
    follow_up_months_needed: float = 24,
) -> CohortStudy:
    """Return the examinations of a part, with the index test's result and the final diagnosis.

    Parameters
    ----------
    tables : Tables
        With cases, and readings and readers where the part has them; in a reader study a row is
        called a case.
    ai : str
        Product and version, needed only where several AIs read: two versions are two readers.
    cutoff : float
        Score from which up an examination is marked; of no meaning where there is no score.
    indications : sequence of str
        Indications that belong to the cohort; all of them if empty.
    follow_up_months_needed : float
        Months; examinations without cancer that were followed for less are counted apart.

    Raises
    ------
    ScoringError
        If indications are named but the study has none, no examination is left, the follow-up is
        negative, the named AI has no reading, several AIs read and none is named, or the cut-off
        is not on the AI's scale: every examination would be on one side of it.
    """
    cases, readings = tables.cases, tables.optional("readings")
    if not follow_up_months_needed >= 0:
        msg = f"follow_up_months_needed must not be negative, but is {follow_up_months_needed!r}"
        raise ScoringError(msg)
    kept, excluded = _eligible(cases.assign(earlier=_earlier(cases)), indications)
    if kept.empty:
        of = f" with indication {', '.join(indications)}; name others" if indications else ""
        msg = f"no examination is left{of}"
        raise ScoringError(msg)
    names = {1.0: "cancer", 0.0: "no cancer"}
    kept = kept.assign(
        diagnosis=kept["truth"].map(names).fillna("not known"),
        reference=_references(kept, follow_up_months_needed),
    ).reset_index(drop=True)
    reader = _only_ai(readings, tables.optional("readers"), ai=ai)
    kept, index = _with_index_test(kept, readings, reader)
    limits = [np.nan] * 2 if reader is None else [reader.get("score_min"), reader.get("score_max")]
    low, high = np.array(limits, dtype=np.float64).tolist()
    branches, without = _branches(kept, index, (low, high), cutoff)
    fates = {name: _fate(kept, index, name) for name in (*NUMBERS, *CATEGORIES)}
    return CohortStudy(
        cases=kept,
        n_identified=len(cases),
        excluded=excluded,
        restricted=bool(indications),
        index=index,
        ai="" if reader is None else str(reader["label"]),
        cutoff=cutoff,
        scale=(low, high),
        unit=_unit(kept, tables.part),
        follow_up_months_needed=follow_up_months_needed,
        branches=branches,
        without=without,
        fates=fates,
        differences={
            name: _difference(kept, name) for name, fate in fates.items() if fate == "row"
        },
    )


def _unit(cases: pd.DataFrame, part: str) -> Unit:
    """Return what a row is: a breast where the cases say which, a case in a reader study."""
    unit = unit_of(cases)
    return "case" if part == "reader_study" and unit == "examination" else unit


def _earlier(cases: pd.DataFrame) -> pd.Series[float]:
    """Return whether the delivered cases hold an earlier examination of the same woman."""
    if "exam_date" not in cases:
        return cases["truth"] * np.nan
    first = cases.groupby("patient_id")["exam_date"].transform("min")
    known = cases["patient_id"].notna() & cases["exam_date"].notna()
    return (cases["exam_date"] > first).astype(np.float64).where(known)


def _eligible(
    cases: pd.DataFrame, indications: Sequence[str]
) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...]]:
    """Return the examinations of the wanted indications, and the others by indication."""
    if not indications:
        return cases, ()
    if "indication" not in cases:
        msg = "the cases have no indication, so the parameter indications must be empty"
        raise ScoringError(msg)
    wanted = cases["indication"].isin(list(indications))
    others = cases["indication"][~wanted].fillna("not recorded").value_counts()
    words = [(str(name).replace("_", "-").capitalize(), int(n)) for name, n in others.items()]
    return cases[wanted], tuple(words)


def _references(cases: pd.DataFrame, needed: float) -> list[References]:
    """Return how well each truth is known; a length of follow-up not recorded is not short."""
    months = cases["follow_up_months"] if "follow_up_months" in cases else cases["truth"] * np.nan
    short = (months < needed).to_numpy(dtype=bool)
    # Pathology, a panel or a registry say more than the time that has passed.
    rests_on_time = (cases["truth_source"].isna() | cases["truth_source"].isin(_FOLLOWED)).to_numpy(
        dtype=bool
    )
    known = cases["truth"].notna().to_numpy(dtype=bool)
    free = (cases["truth"] == 0).to_numpy(dtype=bool)
    number = np.select([known & free & short & rests_on_time, known, short], [1, 0, 2], default=3)
    return [REFERENCES[i] for i in number]


def _only_ai(
    readings: pd.DataFrame | None, readers: pd.DataFrame | None, *, ai: str
) -> pd.Series | None:
    """Return the one AI's row of the readers table with its label, or None where no AI read."""
    there = None
    if readings is not None and readers is not None:
        there = ais_that_read(readings, readers, modality="standalone", session="1")
    known = [] if there is None else there["label"].tolist()
    if ai and ai not in known:
        msg = f"no AI {ai!r} has readings of its own; those that have: {', '.join(known) or 'none'}"
        raise ScoringError(msg)
    if there is None or not known:
        return None
    chosen = there[there["label"] == ai] if ai else there
    if len(chosen) > 1:
        msg = (
            f"{len(chosen)} AIs ({', '.join(known)}) read this part, and two versions are two "
            "readers; name one as ai"
        )
        raise ScoringError(msg)
    row: pd.Series = chosen.iloc[0]
    return row


def _with_index_test(
    cases: pd.DataFrame, readings: pd.DataFrame | None, ai: pd.Series | None
) -> tuple[pd.DataFrame, Index]:
    """Add the result of the index test and what became of cases without one."""
    if readings is None or readings.empty:
        return cases.assign(state="complete", result=1.0), "none"
    if ai is None:
        state = cases["case_id"].map(_best_state(readings)).fillna("not recorded")
        return cases.assign(state=state, result=np.where(state == "complete", 1.0, np.nan)), (
            "reading"
        )
    own = readings[
        (readings["reader_id"] == ai["reader_id"])
        & (readings["modality"] == "standalone")
        & (readings["session"] == "1")
    ].set_index("case_id")
    of_case = own.reindex(cases["case_id"]).reset_index(drop=True)
    only_calls = of_case["rating"].isna().all() and of_case["call"].notna().any()
    index: Index = "call" if only_calls else "score"
    result = of_case["rating" if index == "score" else "call"].astype(np.float64)
    state = of_case["status"].fillna("not recorded")
    state = state.mask((state == "complete") & result.isna(), "call only")
    return cases.assign(state=state, result=result), index


def _best_state(readings: pd.DataFrame) -> pd.Series[str]:
    """Return one state a case, whoever read it: complete before failed before missing."""
    rank = {"complete": 0, "failed": 1, "missing": 2}
    ordered = readings.assign(rank=readings["status"].map(rank)).sort_values("rank", kind="stable")
    best: pd.Series[str] = ordered.drop_duplicates("case_id").set_index("case_id")["status"]
    return best


def _branches(
    cases: pd.DataFrame, index: Index, scale: tuple[float, float], cutoff: float
) -> tuple[tuple[Branch, ...], Branch]:
    """Return the examinations by result of the index test, and those without a result."""
    with_result = cases[cases["result"].notna()]
    without = _branch("", cases[cases["result"].isna()])
    if index in ("reading", "none"):
        return (_branch("", with_result),), without
    if index == "call":
        marked = with_result["result"] == 1
        labels = ("recalled", "not recalled")
    else:
        low, high = scale
        if not np.isfinite(cutoff) or cutoff < low or cutoff > high:  # unknown ends refuse nothing
            msg = (
                f"cutoff must be on the AI's scale, {low:g} to {high:g}, but is {cutoff!r}; give "
                "the score from which up an examination counts as marked"
            )
            raise ScoringError(msg)
        marked = with_result["result"] >= cutoff
        labels = ("score " + score_label(cutoff, scale), "score " + below_label(cutoff, scale))
    parted = (with_result[marked], with_result[~marked])
    return tuple(map(_branch, labels, parted)), without


def _branch(label: str, cases: pd.DataFrame) -> Branch:
    """Count some examinations by reference standard, diagnosis and state."""
    return Branch(
        label=label,
        count=len(cases),
        references={name: int((cases["reference"] == name).sum()) for name in REFERENCES},
        diagnoses={name: int((cases["diagnosis"] == name).sum()) for name in DIAGNOSES},
        states={name: int((cases["state"] == name).sum()) for name in STATES},
    )


def groups_of(cases: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """Return all examinations, those with cancer, and the others, in the order of ``GROUPS``."""
    cancer = cases["diagnosis"] == "cancer"
    return cases, cases[cancer], cases[~cancer]


def _fate(cases: pd.DataFrame, index: Index, name: str) -> Fate:
    """Return whether a column makes a row, or why not; a column that cannot apply is none."""
    if name == "result" and index != "score":
        return "none"
    if name not in cases or cases[name].isna().all():
        return "none" if name == "earlier" else "lacking"
    if name in NUMBERS:
        return "row"
    values = cases[name].nunique(dropna=True)
    if values > MOST_CATEGORIES:
        return "many"
    whole = values == 1 and cases[name].notna().all()
    return ("none" if name == "earlier" else "same") if whole else "row"


def _difference(cases: pd.DataFrame, name: str) -> StandardizedDifference:
    """Return how far a characteristic of those with cancer is from that of the others."""
    _, label_a, label_b = GROUPS
    _, *parted = groups_of(cases)
    if name in NUMBERS:
        a, b = (group[name].dropna().to_numpy(dtype=np.float64) for group in parted)
        return standardized_difference(a, b, label_a=label_a, label_b=label_b)
    values = categories(name, cases[name])
    of_a, of_b = ([int((group[name] == value).sum()) for value in values] for group in parted)
    return standardized_difference_of_categories(of_a, of_b, label_a=label_a, label_b=label_b)


def categories(name: str, values: pd.Series) -> list[object]:
    """Return the values that occur: in the order of the vocabulary, else by name."""
    there = set(values.dropna())
    columns = {column.name: column.allowed for column in TABLES["cases"].columns}
    allowed = columns.get(name, ())
    return [value for value in allowed if value in there] or sorted(there)
