"""Who was examined, who was left out, and who can be judged: counts of the flow and of Table 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.scoring.ratings import ScoringError

if TYPE_CHECKING:
    import pandas as pd

Diagnosis = Literal["cancer", "no cancer", "not known"]
DIAGNOSES: tuple[Diagnosis, ...] = ("cancer", "no cancer", "not known")


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort:
    """The examinations of one part of a study.

    Parameters
    ----------
    cases : DataFrame
        Rows of the cases table that belong to the cohort, with three columns more: ``diagnosis``
        (cancer, no cancer, not known), ``ai`` (complete, failed, missing, or empty where the part
        has no AI) and ``score`` (NaN without a complete AI reading).
    n_identified : int
        Examinations before any was left out.
    excluded : tuple of (str, int)
        Why examinations were left out.
    has_ai : bool
        Whether an AI read this part.
    n_patients : int or None
        Women; None where the study has no patient identifiers.
    """

    cases: pd.DataFrame
    n_identified: int
    excluded: tuple[tuple[str, int], ...]
    has_ai: bool
    n_patients: int | None

    @property
    def judged(self) -> pd.DataFrame:
        """Examinations on which accuracy can be computed: known truth, and a score with an AI."""
        known = self.cases["diagnosis"] != "not known"
        scored = self.cases["score"].notna() if self.has_ai else np.ones(len(self.cases), bool)
        return self.cases[known & scored]


def cohort(
    cases: pd.DataFrame,
    readings: pd.DataFrame | None,
    readers: pd.DataFrame | None,
    *,
    indications: Sequence[str] = (),
) -> Cohort:
    """Return the examinations of a part, with what the AI returned and the final diagnosis.

    Parameters
    ----------
    cases : DataFrame
        Canonical table.
    readings, readers : DataFrame or None
        Canonical tables, where the part has them.
    indications : sequence of str
        Indications that belong to the cohort; all of them if empty.

    Raises
    ------
    ScoringError
        If indications are named but the study has none, or no examination is left.
    """
    kept, excluded = _eligible(cases, indications)
    if kept.empty:
        msg = f"no examination is left with indication {', '.join(indications)}; name others"
        raise ScoringError(msg)
    names = {1.0: "cancer", 0.0: "no cancer"}
    kept = kept.assign(diagnosis=kept["truth"].map(names).fillna("not known"))
    has_ai = readers is not None and readings is not None and (readers["kind"] == "ai").any()
    kept = _with_ai(kept, readings, readers) if has_ai else kept.assign(ai="", score=np.nan)
    patients = kept.get("patient_id")
    known = patients is not None and patients.notna().all()
    return Cohort(
        cases=kept.reset_index(drop=True),
        n_identified=len(cases),
        excluded=excluded,
        has_ai=bool(has_ai),
        n_patients=int(kept["patient_id"].nunique()) if known else None,
    )


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
    words = [(str(name).replace("_", " ").capitalize(), int(n)) for name, n in others.items()]
    return cases[wanted], tuple(words)


def _with_ai(
    cases: pd.DataFrame, readings: pd.DataFrame | None, readers: pd.DataFrame | None
) -> pd.DataFrame:
    """Add what the AI returned for each examination; one without any AI reading is missing."""
    assert readings is not None  # the caller made sure of both
    assert readers is not None
    ai = readings[readings["reader_id"].isin(readers["reader_id"][readers["kind"] == "ai"])]
    ai = ai.drop_duplicates(["case_id", "status"])
    state = cases["case_id"].map(_best_state(ai)).fillna("missing")
    complete = ai[ai["status"] == "complete"].drop_duplicates("case_id").set_index("case_id")
    return cases.assign(ai=state, score=cases["case_id"].map(complete["rating"]))


def _best_state(ai: pd.DataFrame) -> pd.Series[str]:
    """Return one state a case: complete before failed before missing."""
    rank = {"complete": 0, "failed": 1, "missing": 2}
    ordered = ai.assign(rank=ai["status"].map(rank)).sort_values("rank", kind="stable")
    best: pd.Series[str] = ordered.drop_duplicates("case_id").set_index("case_id")["status"]
    return best


@dataclass(frozen=True, kw_only=True)
class Branch:
    """Examinations with one result of the index test, by final diagnosis.

    Parameters
    ----------
    label : str
        The result: "score 9.5 or more", "no score", or empty where the part has no AI.
    count : int
        Examinations.
    diagnoses : tuple of (str, int)
        Cancer, no cancer, not known; they add up to ``count``.
    reasons : tuple of (str, int)
        For examinations without a score: failed and missing, which add up to ``count``.
    """

    label: str
    count: int
    diagnoses: tuple[tuple[Diagnosis, int], ...]
    reasons: tuple[tuple[str, int], ...] = ()


def branches(found: Cohort, *, cutoff: float) -> tuple[list[Branch], Branch | None]:
    """Return the examinations by index-test result, and those without a result.

    Parameters
    ----------
    found : Cohort
        The examinations.
    cutoff : float
        Score from which up an examination is marked.

    Returns
    -------
    list of Branch, Branch or None
        Without an AI one branch that holds all, and None.
    """
    cases = found.cases
    if not found.has_ai:
        return [_branch("", cases)], None
    scored = cases[cases["score"].notna()]
    marked = scored["score"] >= cutoff
    rest = cases[cases["score"].isna()]
    without = _branch("no score", rest)
    failed = int((rest["ai"] == "failed").sum())
    reasons = (("AI failed", failed), ("No result came", len(rest) - failed))
    return (
        [
            _branch(f"score {cutoff:g} or more", scored[marked]),
            _branch(f"score below {cutoff:g}", scored[~marked]),
        ],
        Branch(
            label=without.label, count=without.count, diagnoses=without.diagnoses, reasons=reasons
        ),
    )


def _branch(label: str, cases: pd.DataFrame) -> Branch:
    """Count some examinations by final diagnosis."""
    counts = cases["diagnosis"].value_counts()
    return Branch(
        label=label,
        count=len(cases),
        diagnoses=tuple((name, int(counts.get(name, 0))) for name in DIAGNOSES),
    )
