"""Reading strategies replayed on recorded reads: who reads what from which AI score on.

A strategy parts examinations by their AI score and says how those of each part are read. A replay
takes the reads that were recorded and makes none up, but for an arbiter who was never asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray, ObjectArray
from toolkit.scoring.accuracy import only_rating
from toolkit.scoring.case_mix import (
    EVERYTHING,
    ScoringError,
    cases_of,
    indication_of,
    sampling_weight,
    spoken_of,
)
from toolkit.scoring.ratings import ARBITER, FIRST, rating_array, score_scale
from toolkit.scoring.verification import unverified

if TYPE_CHECKING:
    import pandas as pd

Way = Literal[
    "unread",
    "single",
    "double",
    "arbitrated",
    "AI normal",
    "AI suspicious",
    "recalled",
    "referred",
    "current",
    "second look",
]
Practice = Literal["single", "double", "arbitrated"]
SECOND = 2  # readings.position of the second reading

# By strategy: the scores that it takes, in order, and how examinations are read below the first of
# them, from it up to the second, and so on.
KINDS: dict[str, tuple[tuple[str, ...], tuple[Way, ...]]] = {
    "single": ((), ("single",)),
    "double": ((), ("double",)),
    "arbitrated": ((), ("arbitrated",)),
    "AI as second reader": (("recall_from",), ("AI normal", "AI suspicious")),
    "rule-out": (("read_from",), ("unread", "current")),
    "rule-in": (("recall_from",), ("current", "recalled")),
    "rule-in to arbitration": (("refer_from",), ("current", "referred")),
    "band-pass": (("read_from", "recall_from"), ("unread", "current", "recalled")),
    "triage": (("double_from",), ("single", "arbitrated")),
    "decision referral": (("read_from", "recall_from"), ("unread", "single", "recalled")),
    "AI safety net": (("look_from",), ("current", "second look")),
}


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """Who reads what from which AI score on.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    label : str
        How sentences name it.
    scores : tuple of float
        AI scores, rising, from which up the next way of reading holds.
    ways : tuple of str
        One more than ``scores``: how examinations of each part are read. ``unread``: nobody reads,
        not recalled; ``single``: the first reader; ``double``: recalled if either reader recalls;
        ``arbitrated``: an arbiter where both differ; ``AI normal``, ``AI suspicious``: the first
        reader and the AI, an arbiter where both differ; ``recalled``: by the AI, unread;
        ``referred``: an arbiter alone; ``current``: as in current practice; ``second look``: so,
        and an arbiter looks again at those who would not be recalled.
    """

    kind: str
    label: str
    scores: tuple[float, ...]
    ways: tuple[Way, ...]


def strategy_of(entry: Mapping[str, Any]) -> Strategy:
    """Return a strategy as a parameters file writes it.

    Parameters
    ----------
    entry : mapping
        ``strategy``, one of ``KINDS``, the scores that it takes, and a ``label`` if wished.

    Raises
    ------
    ScoringError
        For a strategy of another name, a score that is missing or not a number, or is not taken, or
        scores that do not rise.

    Examples
    --------
    >>> strategy_of({"strategy": "rule-out", "read_from": 5.5}).label
    'rule-out at 5.5'
    """
    kind = str(entry.get("strategy", ""))
    if kind not in KINDS:
        msg = f"a mapping with strategy: one of {', '.join(KINDS)}"
        raise ScoringError(msg)
    names, ways = KINDS[kind]
    if {*entry} - {"label"} != {"strategy", *names}:
        msg = f"{kind}, which takes {' and '.join(names) or 'no score'} (and label, if wished) only"
        raise ScoringError(msg)
    given = [entry[name] for name in names]
    if any(isinstance(score, str | bool) for score in given):
        msg = f"{kind} with numbers for {' and '.join(names)}"
        raise ScoringError(msg)
    scores = tuple(float(score) for score in given)
    if not all(low < high for low, high in pairwise(scores)):
        msg = f"{kind} with {' below '.join(names)}"
        raise ScoringError(msg)
    at = f" at {' and '.join(f'{score:g}' for score in scores)}" if scores else ""
    label = str(entry.get("label") or kind + at)
    return Strategy(kind=kind, label=label, scores=scores, ways=ways)


def strategy_fault(entry: Mapping[str, Any], scales: Sequence[tuple[float, float]]) -> str:
    """Return what an entry of a parameters file must be, where it is not; else an empty text.

    Parameters
    ----------
    entry : mapping
        As in ``strategy_of``.
    scales : sequence of (float, float)
        Ends of the score of each AI that may be meant; a score must lie on one of them. A limit
        that is NaN is not known.

    Examples
    --------
    >>> strategy_fault({"strategy": "rule-out", "read_from": 55}, [(1, 10)])
    'rule-out with scores of the AI, 1 to 10'
    """
    try:
        strategy = strategy_of(entry)
    except ScoringError as error:
        return str(error)
    on_scale = [
        any(not (score < low or score > high) for low, high in scales) for score in strategy.scores
    ]
    if not scales or all(on_scale):
        return ""
    shown = " or ".join(f"{low:g} to {high:g}" for low, high in scales)
    return f"{strategy.kind} with scores of the AI, {shown}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Episodes:
    """Examinations with a known truth and the reads that were recorded of them.

    Parameters
    ----------
    case_id : ndarray of str, shape (n_cases,)
        In the order of the cases table.
    patient : ndarray of int, shape (n_cases,)
        Number of the woman.
    truth : ndarray of float, shape (n_cases,)
        1 with cancer, 0 without.
    first, second, arbiter : ndarray of float, shape (n_cases,)
        1 recalled, 0 not, NaN where nobody read in that position.
    score : ndarray of float, shape (n_cases,)
        Of the AI; NaN where it gave none.
    programme : ndarray of float, shape (n_cases,)
        1 recalled by the programme, 0 not, NaN unknown.
    unverified : ndarray of bool, shape (n_cases,)
        Who counts as free of cancer only because no cancer came up, see ``verification``.
    weight : ndarray of float, shape (n_cases,), or None
        Cases of the population that each stands for; None where the cases have no weights.
    scale : (float, float)
        Ends of the score's scale; NaN where not known.
    ai : str
        Product and version.
    indication : str
        Which examinations these are; ``"all"`` for every one.
    n_without_read : int
        Examinations left out because a read is not there that a strategy needs.
    n_without_truth : int
        Examinations left out because nobody knows their truth yet.
    """

    case_id: ObjectArray
    patient: IndexArray
    truth: FloatArray
    first: FloatArray
    second: FloatArray
    arbiter: FloatArray
    score: FloatArray
    programme: FloatArray
    unverified: BoolArray
    weight: FloatArray | None
    scale: tuple[float, float]
    ai: str
    indication: str
    n_without_read: int = 0
    n_without_truth: int = 0

    @property
    def n_cases(self) -> int:
        """Number of examinations."""
        return int(self.truth.size)

    @property
    def n_cancers(self) -> int:
        """Number of examinations with cancer."""
        return int((self.truth == 1).sum())

    @property
    def n_without_score(self) -> int:
        """Number of examinations that the AI gave no score for."""
        return int(np.isnan(self.score).sum())

    def take(self, rows: BoolArray) -> Episodes:
        """Return some of the examinations; the others count as without a read."""
        arrays = ("case_id", "patient", "truth", "first", "second", "arbiter", "score")
        kept = {name: getattr(self, name)[rows] for name in (*arrays, "programme", "unverified")}
        return replace(
            self,
            **kept,
            weight=None if self.weight is None else self.weight[rows],
            n_without_read=self.n_without_read + int((~rows).sum()),
        )


def episodes_of(
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    modality: str = "unaided",
) -> Episodes:
    """Return recorded reads by position, with the AI's score, of screening where it can be told.

    Parameters
    ----------
    readings, readers, cases : DataFrame
        Canonical tables; people's readings have a position: 1, 2 or 3 for an arbiter.
    modality : str
        Reading condition of the people.

    Raises
    ------
    ScoringError
        If no reading has a position and a call, a case has two readings in one position, or more
        than one AI or none rated the cases.
    """
    ai = rating_array(readings, readers, cases, kind="ai", modality="standalone")
    score = dict(zip(ai.case_id.tolist(), only_rating(ai).tolist(), strict=True))
    people = readings[
        readings["reader_id"].isin(readers["reader_id"][readers["kind"] == "human"])
        & (readings["modality"] == modality)
        & (readings["session"] == "1")
        & (readings["status"] == "complete")
        & readings["call"].notna()
    ]
    if "position" not in people or people["position"].notna().sum() == 0:
        msg = (
            f"no reading by a person in modality {modality!r} has both a call and a position, so "
            "nobody knows who read first; map a column to readings.position"
        )
        raise ScoringError(msg)
    truth = cases["truth"].to_numpy(dtype=np.float64)
    indication = spoken_of(truth, indication_of(cases))
    chosen = cases[cases_of(indication_of(cases), indication)]
    known = chosen[chosen["truth"].notna()]
    # A case without a patient is a patient of its own; no identifier begins with a blank.
    patients = known["patient_id"].where(known["patient_id"].notna(), " " + known["case_id"])
    recalled = known["recalled"].to_numpy() if "recalled" in known else np.full(len(known), np.nan)
    return Episodes(
        case_id=known["case_id"].to_numpy(dtype=object),
        patient=np.unique(patients.to_numpy(dtype=str), return_inverse=True)[1],
        truth=known["truth"].to_numpy(dtype=np.float64),
        first=_calls_at(people, known, FIRST),
        second=_calls_at(people, known, SECOND),
        arbiter=_calls_at(people, known, ARBITER),
        score=np.array([score.get(case, np.nan) for case in known["case_id"]], dtype=np.float64),
        programme=recalled.astype(np.float64),
        unverified=unverified(known),
        weight=sampling_weight(known),
        scale=score_scale(readers, ai.labels[0]),
        ai=ai.labels[0],
        indication=indication if len(known) else EVERYTHING,
        n_without_truth=len(chosen) - len(known),
    )


def _calls_at(people: pd.DataFrame, cases: pd.DataFrame, position: int) -> FloatArray:
    """Return the call of the reader in a position for each case, NaN without one."""
    chosen = (people["position"] == position).fillna(False)
    there = people[chosen & people["case_id"].isin(cases["case_id"])]
    twice = int(there["case_id"].duplicated().sum())
    if twice:
        msg = (
            f"{twice} cases have more than one reading in position {position} (identifiers "
            "withheld), so nobody knows whose call counts; give each reading its own position"
        )
        raise ScoringError(msg)
    call = there.set_index("case_id")["call"]
    return call.reindex(cases["case_id"]).to_numpy(dtype=np.float64)


def current_practice(practice: Practice) -> Strategy:
    """Return how examinations were read in fact."""
    return replace(strategy_of({"strategy": practice}), label="current practice")


def with_reads(episodes: Episodes, strategies: Sequence[Strategy], practice: Practice) -> Episodes:
    """Return the examinations with every read that one of the strategies needs.

    Parameters
    ----------
    episodes : Episodes
        All of them.
    strategies : sequence of Strategy
        That are to be replayed.
    practice : {"single", "double", "arbitrated"}
        Current practice.

    Raises
    ------
    ScoringError
        If a strategy needs a read that nobody made.
    """
    rows = ~np.isnan(episodes.first)
    if not rows.any():
        msg = "every strategy needs a first read, position 1, which nobody made of these cases"
        raise ScoringError(msg)
    current: tuple[Way, ...] = KINDS[practice][1]
    for strategy in (current_practice(practice), *strategies):
        ways = {*strategy.ways, *(current if _as_now(strategy) else ())}
        if ways & {"double", "arbitrated"}:
            if not (rows & ~np.isnan(episodes.second)).any():
                msg = (
                    f"{strategy.label}: needs a second read, position 2, which nobody made of "
                    "these cases; leave it out, or say current_practice: single"
                )
                raise ScoringError(msg)
            rows &= ~np.isnan(episodes.second)
    return episodes.take(rows)


def _as_now(strategy: Strategy) -> bool:
    """Whether a strategy reads some examinations as in current practice."""
    return bool(strategy.scores) or bool({"current", "second look"} & {*strategy.ways})


@dataclass(frozen=True, kw_only=True, eq=False)
class Arbiter:
    """Who decides where nobody was asked in fact: a recall drawn by the truth of the case.

    Parameters
    ----------
    sensitivity, specificity : float
        Chance to recall a case with cancer, and not to recall one without; NaN where it is neither
        given nor to be seen in recorded arbitrations.
    n_cancers, n_others : int
        Recorded arbitrations of cases with cancer and without.
    """

    sensitivity: float
    specificity: float
    n_cancers: int
    n_others: int


def arbiter_of(
    episodes: Episodes, *, sensitivity: float | None = None, specificity: float | None = None
) -> Arbiter:
    """Return the stated model of an arbiter, or that of the recorded ones where none is stated."""
    asked = ~np.isnan(episodes.arbiter)
    shares, counts = [], []
    for truth, given in ((1, sensitivity), (0, specificity)):
        calls = episodes.arbiter[asked & (episodes.truth == truth)]
        counts.append(calls.size)
        seen = float(np.mean(calls == truth)) if calls.size else np.nan
        shares.append(seen if given is None else given)
    return Arbiter(
        sensitivity=shares[0], specificity=shares[1], n_cancers=counts[0], n_others=counts[1]
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcomes:
    """What becomes of each examination in each way of reading, shape (n_ways, n_cases).

    Parameters
    ----------
    ways : tuple of str
        The rows.
    recalled, arbitrated : ndarray of bool
        Whether the woman is recalled, and whether an arbiter is asked.
    reads : ndarray of int
        People's reads, an arbiter's included.
    modelled : ndarray of bool, shape (n_cases,)
        Whose arbiter would be the model's, since none was recorded.
    """

    ways: tuple[Way, ...]
    recalled: BoolArray
    arbitrated: BoolArray
    reads: IntArray
    modelled: BoolArray


def outcomes_of(episodes: Episodes, arbiter: Arbiter, *, practice: Practice, seed: int) -> Outcomes:
    """Return what becomes of each examination in every way of reading.

    Parameters
    ----------
    episodes : Episodes
        With a first read each.
    arbiter : Arbiter
        Decides where no arbiter was recorded. One draw a case holds in all strategies.
    practice : {"single", "double", "arbitrated"}
        Current practice.
    seed : int
        Of the draws, which follow the order of the cases' names.
    """
    n = episodes.n_cases
    draw = np.empty(n)
    draw[np.argsort(episodes.case_id.astype(str))] = np.random.default_rng(seed).random(n)
    chance = np.where(episodes.truth == 1, arbiter.sensitivity, 1 - arbiter.specificity)
    asked = ~np.isnan(episodes.arbiter)
    decides = np.where(asked, episodes.arbiter == 1, draw < chance)
    first, second = episodes.first == 1, episodes.second == 1
    none, every = np.zeros(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)
    differ = first != second  # an arbiter who was asked though both agreed decides nothing here
    rows: dict[Way, tuple[BoolArray, BoolArray, IntArray]] = {
        "unread": (none, none, none.astype(np.int64)),
        "single": (first, none, every.astype(np.int64)),
        "double": (first | second, none, np.full(n, 2)),
        "arbitrated": (np.where(differ, decides, first), differ, 2 + differ),
        "AI normal": (first & decides, first, 1 + first),
        "AI suspicious": (first | decides, ~first, 1 + ~first),
        "recalled": (every, none, none.astype(np.int64)),
        "referred": (decides, every, every.astype(np.int64)),
    }
    now = rows[KINDS[practice][1][0]]
    again = ~now[0] & ~now[1]
    rows["current"] = now
    rows["second look"] = (now[0] | (again & decides), now[1] | again, now[2] + again)
    return Outcomes(
        ways=tuple(rows),
        recalled=np.stack([row[0] for row in rows.values()]),
        arbitrated=np.stack([row[1] for row in rows.values()]),
        reads=np.stack([row[2] for row in rows.values()]),
        modelled=~asked,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """What a strategy makes of each examination, shape (n_cases,).

    Parameters
    ----------
    recalled, arbitrated, modelled : ndarray of bool
        Whether the woman is recalled, an arbiter is asked, and that arbiter is the model's.
    reads : ndarray of int
        People's reads, an arbiter's included.
    """

    recalled: BoolArray
    arbitrated: BoolArray
    modelled: BoolArray
    reads: IntArray


def replay(strategy: Strategy, episodes: Episodes, outcomes: Outcomes) -> Replay:
    """Replay a strategy; an examination without an AI score is read as in current practice.

    Parameters
    ----------
    strategy : Strategy
        Who reads what.
    episodes : Episodes
        As ``with_reads`` returns them.
    outcomes : Outcomes
        Of these very examinations.

    Raises
    ------
    ScoringError
        If an arbiter has to be asked whose model is not known.

    Examples
    --------
    >>> import numpy as np
    >>> nobody = np.full(3, np.nan)
    >>> three = Episodes(
    ...     case_id=np.array(["a", "b", "c"], dtype=object), patient=np.arange(3),
    ...     truth=np.array([1.0, 0, 0]), first=np.array([1.0, 1, 0]), second=np.array([1.0, 0, 0]),
    ...     arbiter=nobody, score=np.array([9.0, 2, 5]), programme=nobody,
    ...     unverified=np.zeros(3, dtype=bool), weight=None, scale=(1, 10), ai="AI",
    ...     indication="all")
    >>> known = outcomes_of(three, arbiter_of(three), practice="double", seed=1)
    >>> rule_out = strategy_of({"strategy": "rule-out", "read_from": 4})
    >>> replay(rule_out, three, known).recalled.tolist()  # the second one is not read
    [True, False, False]
    """
    row = np.array([outcomes.ways.index(way) for way in strategy.ways])
    taken = row[
        np.searchsorted(strategy.scores, episodes.score, side="right").clip(0, row.size - 1)
    ]
    if strategy.scores:
        taken = np.where(np.isnan(episodes.score), outcomes.ways.index("current"), taken)
    case = np.arange(episodes.n_cases)
    arbitrated = outcomes.arbitrated[taken, case]
    return Replay(
        recalled=outcomes.recalled[taken, case],
        arbitrated=arbitrated,
        modelled=arbitrated & outcomes.modelled,
        reads=outcomes.reads[taken, case],
    )


def require_arbiter(strategy: Strategy, made: Replay, episodes: Episodes, arbiter: Arbiter) -> None:
    """Refuse a replay that asks an arbiter of whom nothing is known.

    Raises
    ------
    ScoringError
        If an arbiter is modelled whose sensitivity or specificity is neither given nor recorded.
    """
    for name, share, truth in (
        ("arbiter_sensitivity", arbiter.sensitivity, 1),
        ("arbiter_specificity", arbiter.specificity, 0),
    ):
        asked = int((made.modelled & (episodes.truth == truth)).sum())
        if asked and np.isnan(share):
            msg = (
                f"{strategy.label}: needs an arbiter's read of {asked} cases which nobody made, "
                f"and no recorded one tells how arbiters decide; give {name}"
            )
            raise ScoringError(msg)


@dataclass(frozen=True, kw_only=True)
class NotKnown:
    """What a replay cannot know.

    Parameters
    ----------
    without_work_up : int
        Recalled by the strategy, not by the programme, and taken to be free of cancer only since
        none came up: some may have cancer.
    recall_lost : int
        Cancers that the programme's recall brought to light and the strategy would not recall:
        counted as missed, though some would have shown themselves.
    moved : int
        Cancers that the programme did not recall and the strategy would: counted as found, though
        work-up may not have shown them then.
    by_model : int
        Cancers on which a modelled arbiter decides.
    """

    without_work_up: int
    recall_lost: int
    moved: int
    by_model: int


def not_known(made: Replay, now: Replay, episodes: Episodes) -> NotKnown:
    """Return what the replay of a strategy cannot know.

    Parameters
    ----------
    made, now : Replay
        Of the strategy, and of current practice: its recall stands where the programme's own is
        not recorded.
    episodes : Episodes
        The examinations.
    """
    cancer = episodes.truth == 1
    unknown = np.isnan(episodes.programme)
    recalled = np.where(unknown, now.recalled, episodes.programme == 1)
    open_cases = episodes.unverified | (unknown & ~cancer & ~now.recalled)
    return NotKnown(
        without_work_up=int((made.recalled & open_cases).sum()),
        recall_lost=int((cancer & recalled & ~made.recalled).sum()),
        moved=int((cancer & ~recalled & made.recalled).sum()),
        by_model=int((cancer & made.modelled).sum()),
    )
