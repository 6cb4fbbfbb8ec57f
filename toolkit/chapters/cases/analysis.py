"""Cases that tell more than a rate: where the readers and the AI judged differently, and wrongly.

They are chosen by rule, never by hand: whoever picks examples picks those that suit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.chapters.analysis import Summarised, Tables
from toolkit.scoring.ratings import RatingArray, ScoringError, rating_array
from toolkit.words.wording import count_text, number_text

Kind = Literal["missed by readers", "rated low", "rated high"]
KINDS: tuple[Kind, ...] = ("missed by readers", "rated low", "rated high")


@dataclass(frozen=True, kw_only=True)
class Recalls:
    """How many readers recalled a case, of those who called it in one modality."""

    recalled: int
    called: int


@dataclass(frozen=True, kw_only=True)
class TellingCase:
    """One case.

    Parameters
    ----------
    case_id : str
        Identifies a patient: it never stands on a page.
    cancer : bool
        The reference standard.
    ai_rating : float
        The AI's rating of the case.
    n_rated, n_higher, n_lower : int
        Cases that the AI rated, and those of them that it rated higher and lower.
    features : tuple of str
        What is known of woman and lesions: age, density, type, size and histology.
    recalls : dict of str to Recalls
        By modality; a modality in which nobody called the case is not there.
    """

    case_id: str
    cancer: bool
    ai_rating: float
    n_rated: int
    n_higher: int
    n_lower: int
    features: tuple[str, ...]
    recalls: dict[str, Recalls]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CasesStudy(Summarised):
    """The cases of each kind, the most telling first.

    Parameters
    ----------
    ai : str
        Product and version.
    modality : str
        Reading condition by which a cancer counts as missed.
    shown : dict of Kind to tuple of TellingCase
        At most as many of a kind as were asked for.
    n_of_kind : dict of Kind to int
        How many there are of each kind, shown or not: cancers that more than half of the readers
        did not recall; cancers; cases without cancer.
    n_cancers_called : int
        Cancers that at least one reader called in that modality: of these some were missed.
    n_without_pictures : int
        Cases with a rating that no image is known of; they are of no kind.
    """

    ai: str
    modality: str
    shown: dict[Kind, tuple[TellingCase, ...]]
    n_of_kind: dict[Kind, int]
    n_cancers_called: int
    n_without_pictures: int

    def case_ids(self, kind: Kind) -> list[str]:
        """Return the cases of a kind that are shown, the most telling first."""
        return [case.case_id for case in self.shown[kind]]

    def summary(self) -> Mapping[str, str]:
        """Return the AI, and how many cases there are of each kind."""
        rows = {"ai": self.ai, "cancers called": count_text(self.n_cancers_called)}
        for kind, total in self.n_of_kind.items():
            rows[kind] = f"{count_text(total)}, {len(self.shown[kind])} shown"
        return rows


def analyse(
    tables: Tables,
    *,
    modality_without: str = "unaided",
    modality_with: str | None = "aided",
    ai_modality: str = "standalone",
    session: str | None = None,
    cases_each: int = 3,
) -> CasesStudy:
    """Return the cancers that most readers missed, those the AI rated lowest, and its false alarms.

    Parameters
    ----------
    tables : Tables
        Cases, readers, readings, images, and lesions where there are any. Only cases with an image
        are chosen from.
    modality_without : str
        Reading condition of people by which a cancer counts as missed.
    modality_with : str or None
        Another reading condition of people.
    ai_modality : str
        Reading condition of the AI alone.
    session : str or None
        Reading session; None takes whichever a reader read a case in.
    cases_each : int
        Cases of a kind, at least 1.

    Returns
    -------
    CasesStudy

    Raises
    ------
    ScoringError
        If not exactly one AI rated cases in ``ai_modality``, no modality is given, or
        ``cases_each`` is below 1.

    Notes
    -----
    Missed cancers stand in the order of the AI's rating, highest first: those that it might have
    shown the readers come first. Cancers the AI rated low stand lowest first, cases without cancer
    highest first. Ties keep the order of the cases table. A case without a complete reading by the
    AI is of no kind: it has no rating.
    """
    modalities = tuple(filter(None, (modality_without, modality_with)))
    if cases_each < 1 or not modality_without:
        msg = f"most must be at least 1 and modalities name one, got {cases_each} and {modalities}"
        raise ScoringError(msg)
    read_from = (tables.readings, tables.readers, tables.cases)
    ai = rating_array(*read_from, kind="ai", modality=ai_modality, session=session)
    if len(ai.labels) != 1:
        names = ", ".join(ai.labels) or "none"
        msg = f"one AI is expected with ratings in modality {ai_modality!r}, but there are: {names}"
        raise ScoringError(msg)
    read = {
        modality: rating_array(
            *read_from, kind="human", modality=modality, session=session, required=False
        )
        for modality in modalities
    }
    rating = ai.rating[:, 0]
    pictured = np.isin(ai.case_id, tables.images["case_id"].to_numpy(dtype=str))
    rated = ~np.isnan(rating)
    usable = rated & pictured
    cancer = usable & (ai.truth == 1)
    called, recalled = _counts(ai, read[modality_without])
    missed = cancer & (2 * recalled < called)
    orders: dict[Kind, IndexArray] = {
        "missed by readers": _ordered(missed, -rating),
        "rated low": _ordered(cancer, rating),
        "rated high": _ordered(usable & (ai.truth == 0), -rating),
    }
    return CasesStudy(
        ai=ai.labels[0],
        modality=modality_without,
        shown={
            kind: tuple(_case(ai, read, int(row), tables) for row in order[:cases_each])
            for kind, order in orders.items()
        },
        n_of_kind={kind: int(order.size) for kind, order in orders.items()},
        n_cancers_called=int((cancer & (called > 0)).sum()),
        n_without_pictures=int((rated & ~pictured).sum()),
    )


def _ordered(which: BoolArray, by: FloatArray) -> IndexArray:
    """Return the rows of some cases, lowest ``by`` first, ties in the order of the table."""
    rows = np.flatnonzero(which)
    return rows[np.argsort(by[rows], kind="stable")]


def _counts(ai: RatingArray, read: RatingArray) -> tuple[IntArray, IntArray]:
    """Return for each case of the AI how many readers called and how many recalled it."""
    by_case = dict(zip(read.case_id.tolist(), read.call, strict=True))
    calls = [by_case.get(case_id, np.zeros(0)) for case_id in ai.case_id.tolist()]
    called = np.array([(~np.isnan(call)).sum() for call in calls], dtype=np.int64)
    return called, np.array([np.nansum(call) for call in calls], dtype=np.int64)


def _case(ai: RatingArray, read: dict[str, RatingArray], row: int, tables: Tables) -> TellingCase:
    """Return one case with what was said of it."""
    rating, case_id = float(ai.rating[row, 0]), str(ai.case_id[row])
    all_ratings = ai.rating[~np.isnan(ai.rating[:, 0]), 0]
    recalls = {}
    for modality, readings in read.items():
        call = readings.call[readings.case_id == case_id]
        if called := int((~np.isnan(call)).sum()):
            recalls[modality] = Recalls(recalled=int(np.nansum(call)), called=called)
    return TellingCase(
        case_id=case_id,
        cancer=bool(ai.truth[row] == 1),
        ai_rating=rating,
        n_rated=int(all_ratings.size),
        n_higher=int((all_ratings > rating).sum()),
        n_lower=int((all_ratings < rating).sum()),
        features=_features(tables, case_id),
        recalls=recalls,
    )


def _features(tables: Tables, case_id: str) -> tuple[str, ...]:
    """Return what the tables know of a woman and her lesions, in words."""
    [case] = tables.cases[tables.cases["case_id"] == case_id].to_dict("records")
    found = []
    if not math.isnan(age := float(case.get("age_years", math.nan))):
        found.append(f"{number_text(age, digits=0)} years")
    if isinstance(density := case.get("density"), str):
        found.append(f"density {density}")
    lesions = tables.optional("lesions")
    if lesions is None:
        return tuple(found)
    own = lesions[lesions["case_id"] == case_id]
    if "lesion_id" in own:
        own = own.drop_duplicates("lesion_id")  # a row an image
    for lesion in own.to_dict("records"):
        words = [
            str(lesion[name])
            for name in ("lesion_type", "histology")
            if isinstance(lesion.get(name), str)
        ]
        if not math.isnan(size := float(lesion.get("size_mm", math.nan))):
            words.append(f"{size:g} mm")
        if words:
            found.append(", ".join(words))
    return tuple(dict.fromkeys(found))
