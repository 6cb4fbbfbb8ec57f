"""What other ways of reading would have recalled and found, beside current practice.

All strategies are replayed on the same examinations, so that every difference is paired: strategy
minus current practice. Rates use sampling weights where cases have them, and women are what the
intervals take as independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.arrays import BoolArray
from toolkit.chapters.analysis import Summarised, Tables
from toolkit.chapters.comparison import with_cancer
from toolkit.results import Better, Comparison, Estimate
from toolkit.scoring.accuracy import repeated_patients
from toolkit.scoring.case_mix import weights_differ
from toolkit.scoring.strategies import (
    Arbiter,
    Episodes,
    NotKnown,
    Practice,
    Replay,
    Strategy,
    arbiter_of,
    current_practice,
    episodes_of,
    not_known,
    outcomes_of,
    replay,
    require_arbiter,
    strategy_fault,
    strategy_of,
    with_reads,
)
from toolkit.scoring.verification import Incorporation, incorporation
from toolkit.stats.paired import paired_counts, paired_difference_ci, ppv_difference_ci
from toolkit.stats.proportions import (
    clustered_paired_difference_ci,
    per_1000,
    weighted_proportion_ci,
)
from toolkit.words.sentences import effect_phrase

NOW = "current practice"
SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, kw_only=True, eq=False)
class Replayed:
    """A strategy with what it recalled, found and took to read.

    Parameters
    ----------
    strategy : Strategy
        Who reads what.
    made : Replay
        Of each examination.
    n_found, n_false : int
        Recalled with cancer and without, in the sample.
    n_arbitrated, n_modelled : int
        Arbitrations, and those by the model, in the sample.
    detection, recall, ppv, arbitration : Estimate
        Cancers found per 1,000 examinations; shares of examinations, and of recalls with cancer.
    reads_per_1000 : float
        People's reads per 1,000 examinations, by weight.
    unknown : NotKnown
        What a replay cannot know.
    """

    strategy: Strategy
    made: Replay
    n_found: int
    n_false: int
    n_arbitrated: int
    n_modelled: int
    detection: Estimate
    recall: Estimate
    ppv: Estimate
    arbitration: Estimate
    reads_per_1000: float
    unknown: NotKnown


@dataclass(frozen=True, kw_only=True, eq=False)
class AgainstNow:
    """A strategy minus current practice on the same examinations.

    Parameters
    ----------
    other : Replayed
        The strategy.
    gained, lost : int
        Cancers that only the strategy found, and only current practice, in the sample.
    detection : Comparison
        Cancers found per 1,000 examinations.
    recall : Comparison
        Share recalled.
    ppv : Comparison or None
        Share of recalls with cancer; None where women repeat or weights differ, for which there is
        no paired interval here.
    saved : float
        Share of current practice's reads that the strategy saves; negative where it adds some.
    """

    other: Replayed
    gained: int
    lost: int
    detection: Comparison
    recall: Comparison
    ppv: Comparison | None
    saved: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StrategiesStudy(Summarised):
    """Strategies replayed on recorded reads, beside current practice.

    Parameters
    ----------
    episodes : Episodes
        The examinations with every read that is needed.
    now : Replayed
        Current practice.
    against : tuple of AgainstNow
        The strategies, in the order asked for.
    arbiter : Arbiter
        Who decides where nobody was asked.
    arbiter_stated : bool
        Whether the parameters state that model, or any of it.
    otherwise : int
        Examinations that the programme decided otherwise than the replay of current practice.
    incorporation : Incorporation or None
        What the first strategy recalls and nobody verified.
    seconds_per_read : float
        By which reads become hours.
    seed : int
        Of the modelled arbiter.
    """

    episodes: Episodes
    now: Replayed
    against: tuple[AgainstNow, ...]
    arbiter: Arbiter
    arbiter_stated: bool
    otherwise: int
    incorporation: Incorporation | None
    seconds_per_read: float
    seed: int

    @property
    def primary(self) -> Comparison:
        """The first strategy minus current practice in cancers found per 1,000."""
        return self.against[0].detection

    @property
    def replayed(self) -> tuple[Replayed, ...]:
        """Current practice, then the strategies."""
        return (self.now, *(one.other for one in self.against))

    @property
    def weighted(self) -> bool:
        """Whether examinations stand for different numbers of others."""
        return weights_differ(self.episodes.weight)

    def hours_per_1000(self, one: Replayed) -> float:
        """Return hours of reading per 1,000 examinations."""
        return one.reads_per_1000 * self.seconds_per_read / SECONDS_AN_HOUR

    def summary(self) -> dict[str, str]:
        """Return who is replayed, and each difference in cancers found."""
        return {
            "Examinations": with_cancer(self.episodes.n_cases, self.episodes.n_cancers),
            "Current practice": self.now.strategy.kind,
            **{one.other.strategy.label: effect_phrase(one.detection) for one in self.against[:10]},
        }


def analyse(
    tables: Tables,
    *,
    strategies: Sequence[Mapping[str, Any]],
    current: Practice,
    reader_modality: str = "unaided",
    arbiter: Mapping[str, float | None],
    seconds_per_read: float,
    seed: int,
    ci_level: float = 0.95,
) -> StrategiesStudy:
    """Replay strategies and compare each with current practice.

    Parameters
    ----------
    tables : Tables
        Cases, readers and readings with positions; one AI's readings are standalone.
    strategies : sequence of mapping
        As ``strategy_of`` takes them; the answer is about the first.
    current : {"single", "double", "arbitrated"}
        How examinations were read in fact.
    reader_modality : str
        Reading condition of the people.
    arbiter : mapping
        ``sensitivity`` and ``specificity`` of an arbiter where none was recorded; None takes the
        share of the recorded ones.
    seconds_per_read : float
        Time of one read.
    seed : int
        Of the modelled arbiter.
    ci_level : float
        Confidence level of each interval.

    Raises
    ------
    ScoringError
        For a strategy that is none, off the AI's scale, there twice, or needs a read that nobody
        made.
    ValueError
        If there is no strategy.
    """
    everything = episodes_of(
        tables.readings, tables.readers, tables.cases, modality=reader_modality
    )
    asked = _strategies(strategies, everything)
    episodes = with_reads(everything, asked, current)
    decides = arbiter_of(episodes, **arbiter)
    known = outcomes_of(episodes, decides, practice=current, seed=seed)
    practice = current_practice(current)
    made = {one.label: replay(one, episodes, known) for one in (practice, *asked)}
    for one in (practice, *asked):
        require_arbiter(one, made[one.label], episodes, decides)
    before = made[practice.label]
    done = [
        _replayed(one, made[one.label], before, episodes, ci_level) for one in (practice, *asked)
    ]
    recorded = ~np.isnan(episodes.programme)
    return StrategiesStudy(
        episodes=episodes,
        now=done[0],
        against=tuple(_against(done[0], one, episodes, ci_level) for one in done[1:]),
        arbiter=decides,
        arbiter_stated=any(share is not None for share in arbiter.values()),
        otherwise=int((recorded & (before.recalled != (episodes.programme == 1))).sum()),
        incorporation=incorporation(
            episodes.truth,
            done[1].made.recalled.astype(np.float64),
            episodes.programme,
            episodes.unverified,
            weight=episodes.weight,
        ),
        seconds_per_read=seconds_per_read,
        seed=seed,
    )


def _strategies(given: Sequence[Mapping[str, Any]], episodes: Episodes) -> list[Strategy]:
    """Return the strategies asked for, each once, with scores on the scale of the AI."""
    if not given:
        msg = "strategies is empty; give at least one"
        raise ValueError(msg)
    for number, entry in enumerate(given):
        if asked := strategy_fault(entry, [episodes.scale]):
            msg = f"strategies[{number}] is {dict(entry)!r}, but must be {asked}"
            raise ValueError(msg)
    made = [strategy_of(entry) for entry in given]
    labels = [one.label for one in made]
    if twice := {label for label in labels if labels.count(label) > 1}:
        msg = f"strategies: {', '.join(sorted(twice))} is there twice; give each a label of its own"
        raise ValueError(msg)
    return made


def _replayed(
    strategy: Strategy, made: Replay, before: Replay, episodes: Episodes, ci_level: float
) -> Replayed:
    """Return rates and counts of one strategy."""
    found = made.recalled & (episodes.truth == 1)

    def share(
        event: BoolArray, quantity: str, *, of: BoolArray | None = None, unit: str = "probability"
    ) -> Estimate:
        rows = np.ones(event.size, dtype=np.bool_) if of is None else of
        return weighted_proportion_ci(
            event[rows],
            weight=None if episodes.weight is None else episodes.weight[rows],
            cluster=episodes.patient[rows],
            ci_level=ci_level,
            quantity=quantity,
            unit=unit,
            label=strategy.label,
        )

    return Replayed(
        strategy=strategy,
        made=made,
        n_found=int(found.sum()),
        n_false=int((made.recalled & ~found).sum()),
        n_arbitrated=int(made.arbitrated.sum()),
        n_modelled=int(made.modelled.sum()),
        detection=share(found, "detection_rate", unit="per_1000"),
        recall=share(made.recalled, "recall_rate"),
        ppv=share(found, "ppv", of=made.recalled),
        arbitration=share(made.arbitrated, "arbitration_rate"),
        reads_per_1000=1000 * float(np.average(made.reads, weights=episodes.weight)),
        unknown=not_known(made, before, episodes),
    )


def _against(now: Replayed, other: Replayed, episodes: Episodes, ci_level: float) -> AgainstNow:
    """Return the paired differences of one strategy from current practice."""
    cancer = episodes.truth == 1
    found = [one.made.recalled & cancer for one in (now, other)]
    recalled = [one.made.recalled for one in (now, other)]
    plain = repeated_patients(episodes.patient) is None and not weights_differ(episodes.weight)
    names: Mapping[str, Any] = {"label_a": NOW, "label_b": other.strategy.label}

    def change(pair: Sequence[BoolArray], quantity: str, better: Better) -> Comparison:
        if plain:
            return paired_difference_ci(
                paired_counts(*pair), quantity=quantity, better=better, ci_level=ci_level, **names
            )
        return clustered_paired_difference_ci(
            *pair,
            cluster=episodes.patient,
            weight=episodes.weight,
            quantity=quantity,
            better=better,
            ci_level=ci_level,
            **names,
        )

    ppv = None
    if plain:
        sick, well = (paired_counts(*(one[rows] for one in recalled)) for rows in (cancer, ~cancer))
        ppv = ppv_difference_ci(sick, well, better="higher", ci_level=ci_level, **names)
    return AgainstNow(
        other=other,
        gained=int((found[1] & ~found[0]).sum()),
        lost=int((found[0] & ~found[1]).sum()),
        detection=per_1000(change(found, "detection_rate", "higher")),
        recall=change(recalled, "recall_rate", "lower"),
        ppv=ppv,
        saved=1 - other.reads_per_1000 / now.reads_per_1000,
    )
