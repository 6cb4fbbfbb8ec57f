"""What readers and the AI see at each place of an examination, and what the AI does to a reader.

A place is a lesion, or something that looks like one and is none. A reader has a suspicion of each
place, the same in both modalities but for what differs from one reading to the next; with AI it
moves towards the AI's by ``DemoRates.reliance``. Ratings, marks and calls all follow from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr, ndtri_exp

from toolkit.arrays import BoolArray, FloatArray
from toolkit.demo.marks import LESIONS_AT_MOST, Lesions
from toolkit.demo.population import ai_scores, stream
from toolkit.demo.rates import DEMO_RATES, DemoRates

PART = "reader_study"
SPECIALIST = (True,) * 5 + (False,) * 5
NOWHERE = -20.0  # suspicion, in standard deviations, of a lesion that an examination lacks
_LIMITS = np.linspace(-7.0, 12.0, 1901)  # suspicion over which areas are integrated


@dataclass(frozen=True, kw_only=True)
class Perception:
    """Suspicion at each place: two lesions, then the look-alikes; ``NOWHERE`` without a lesion.

    Parameters
    ----------
    ai : ndarray, shape (n_cases, n_places)
        The AI's suspicion.
    score : ndarray, shape (n_cases, n_places)
        The score of an examination with no other place, 1 to 10; NaN where there is no lesion.
    marked : ndarray, shape (n_cases, n_places)
        Whether the AI marks the place.
    own : ndarray, shape (n_cases, n_places, n_readers)
        What a reader makes of it by themselves, in both modalities.
    seen : ndarray, shape (n_cases, n_places, n_readers, 2)
        The suspicion in one reading: unaided, aided.
    """

    ai: FloatArray
    score: FloatArray
    marked: BoolArray
    own: FloatArray
    seen: FloatArray

    @property
    def region(self) -> FloatArray:
        """The AI's region scores, 10 to 100: the highest is ten times the examination's score."""
        return np.round(10 * self.score)


def examination_scale(suspicion: FloatArray, rates: DemoRates) -> FloatArray:
    """Return suspicion on the scale on which the highest of an examination is standard normal.

    That holds without AI in examinations without cancer, whose places are all look-alikes.
    """
    return np.asarray(ndtri_exp(rates.lookalikes * log_ndtr(suspicion)), dtype=np.float64)


def place_scores(suspicion: FloatArray, rates: DemoRates) -> FloatArray:
    """Return the AI's score of an examination in which this place is the most suspicious."""
    scaled = examination_scale(suspicion, rates)
    return ai_scores(scaled.ravel(), rates).reshape(scaled.shape)


def shown_marks(score: FloatArray, rates: DemoRates) -> BoolArray:
    """Whether the AI marks places with these scores."""
    return np.asarray(np.round(10 * score) >= rates.ai_region_floor, dtype=bool)


def reliance_weight(specialist: Sequence[bool], rates: DemoRates) -> FloatArray:
    """Return how far each reader moves towards the AI, shape (n_readers,)."""
    reliance = rates.reliance
    return np.where(specialist, reliance.specialist, reliance.general)


def pull(
    own: FloatArray,
    ai: FloatArray,
    marked: BoolArray,
    weight: FloatArray | float,
    automation_bias: float,
) -> FloatArray:
    """Return what seeing the AI's marks adds to a reader's suspicion of a place.

    Parameters
    ----------
    own, ai : ndarray
        Suspicion of the reader alone and of the AI.
    marked : ndarray of bool
        Whether the AI marks the place.
    weight : ndarray or float
        Reliance of the reader: 0 ignores the AI, 1 takes its suspicion over.
    automation_bias : float
        As in ``Reliance``, standard deviations at a weight of 1.

    Examples
    --------
    A plain mark raises a doubtful place, and a place without a mark is searched less.

    >>> marked = np.array([True, False])
    >>> pull(np.array([1.0, 1.0]), np.array([3.0, 0.0]), marked, 0.5, 0.4)
    array([ 1.2, -0.2])
    """
    towards = np.where(marked, ai - own, 0.0)
    return np.asarray(weight * (towards + np.where(marked, 1, -1) * automation_bias))


def draw_perception(lesions: Lesions, n_cases: int, rates: DemoRates) -> Perception:
    """Draw what the AI and every reader see at each place, without and with AI."""
    draw = stream(f"{PART}/perception")
    shape = n_cases, LESIONS_AT_MOST + rates.lookalikes
    common, other = draw.standard_normal((2, *shape))
    by_reader = draw.standard_normal((*shape, len(SPECIALIST)))
    by_reading = draw.standard_normal((*shape, len(SPECIALIST), 2))
    skill, habit = draw.standard_normal((2, len(SPECIALIST)))
    visible = _visibility(lesions, n_cases, rates)
    case, reader, reading = np.sqrt(rates.place_variances)
    separation = np.array([_reader_separation(one, rates) for one in SPECIALIST])
    lesion = (separation + rates.reader_skill_sd * skill) * np.isfinite(visible)[..., None]
    mean = _with_lookalikes(lesion + visible[..., None], shape)
    own = mean + rates.reader_habit_sd * habit + case * common[..., None] + reader * by_reader
    shared = rates.ai_place_shared
    noise = np.sqrt(shared) * common + np.sqrt(1 - shared) * other
    noise[:, :LESIONS_AT_MOST] *= rates.ai_spread
    ai = _with_lookalikes(_ai_separation(rates) + visible, shape) + noise
    there = np.isfinite(ai)
    score = np.where(there, place_scores(np.where(there, ai, 0.0), rates), np.nan)
    marked = shown_marks(score, rates)
    # What is not there is as good as nowhere, and stays there.
    own, ai = np.maximum(own, NOWHERE), np.maximum(ai, NOWHERE)
    weight, bias = reliance_weight(SPECIALIST, rates), rates.reliance.automation_bias
    added = pull(own, ai[..., None], marked[..., None], weight, bias)
    seen = np.stack([own, own + added], axis=-1) + reading * by_reading
    return Perception(ai=ai, score=score, marked=marked, own=own, seen=seen)


def _with_lookalikes(lesion: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Return means of all places from those of lesions; look-alikes have 0."""
    mean = np.zeros((*shape, *lesion.shape[2:]))
    mean[:, :LESIONS_AT_MOST] = lesion
    return mean


def _visibility(lesions: Lesions, n_cases: int, rates: DemoRates) -> FloatArray:
    """Return how much plainer each lesion is than the average, (n_cases, 2); -inf: no lesion."""
    by_type = dict(zip(rates.lesion_types, rates.lesion_visibility, strict=True))
    size = np.log(lesions.columns["size_mm"] / rates.size_median_mm) / rates.size_log_sd
    second = (lesions.columns["lesion_id"] == "2").astype(np.int64)
    visible = np.full((n_cases, LESIONS_AT_MOST), -np.inf)
    visible[lesions.case, second] = (
        np.array([by_type[kind] for kind in lesions.columns["lesion_type"]])
        + rates.size_visibility * size
        - rates.second_lesion_fainter * second
    )
    return visible


# --- what is true of the model -----------------------------------------------------------------


@cache
def _reader_separation(specialist: bool, rates: DemoRates) -> float:
    """Return the separation at which such readers have the area that they are to have alone."""
    area = rates.specialist_auc if specialist else rates.general_auc
    return _separation(area, 1.0, rates)


@cache
def _ai_separation(rates: DemoRates) -> float:
    """Return the separation at which the AI has its area."""
    return _separation(rates.study_ai_auc, rates.ai_spread, rates)


def _separation(area: float, spread: float, rates: DemoRates) -> float:
    """Return the separation of average lesions from look-alikes that gives this area."""
    spread_all = np.hypot(spread, rates.size_visibility)

    def excess(separation: float) -> float:
        lesion = [ndtr((_LIMITS - separation - v) / spread_all) for v in _offsets(rates)]
        return _area(ndtr(_LIMITS), np.array(lesion), rates) - area

    return float(brentq(excess, 0.0, 8.0))


def _offsets(rates: DemoRates) -> FloatArray:
    """Return the visibility of each type of lesion, first lesions and then second ones."""
    first = np.array(rates.lesion_visibility)
    return np.concatenate([first, first - rates.second_lesion_fainter])


def _area(lookalike: FloatArray, lesion: FloatArray, rates: DemoRates) -> float:
    """Return the area under the curve of the highest suspicion of an examination.

    Parameters
    ----------
    lookalike : ndarray, shape (n_limits,)
        Probability that a look-alike lies below each limit.
    lesion : ndarray, shape (2 * n_types, n_limits)
        The same of lesions of each type, first lesions and then second ones.
    """
    shares = np.array(rates.lesion_shares) / np.sum(rates.lesion_shares)
    first, second = np.split(lesion, 2)
    without = lookalike**rates.lookalikes
    second_below = 1 - rates.second_lesion * (1 - shares @ second)
    with_cancer = without * (shares @ first) * second_below
    middle = (with_cancer[1:] + with_cancer[:-1]) / 2
    return float(1 - middle @ np.diff(without))


def true_auc(rates: DemoRates = DEMO_RATES) -> FloatArray:
    """Return the true area of a reader of average skill of each kind, unaided and aided.

    Returns
    -------
    ndarray, shape (n_readers, 2)
        Integrated over the AI's suspicion; sizes of lesions are taken as not rounded.
    """
    by_kind = {kind: _aided_area(kind, rates) for kind in (True, False)}
    alone = np.where(SPECIALIST, rates.specialist_auc, rates.general_auc)
    return np.column_stack([alone, [by_kind[kind] for kind in SPECIALIST]])


def _aided_area(specialist: bool, rates: DemoRates) -> float:
    """Return the area of a reader of average skill with AI."""
    weight = float(reliance_weight([specialist], rates)[0])
    own, ai = _reader_separation(specialist, rates), _ai_separation(rates)
    lookalike = _aided_below(0.0, 0.0, 1.0, 0.0, weight, rates)
    lesion = [
        _aided_below(own + v, ai + v, rates.ai_spread, rates.size_visibility, weight, rates)
        for v in _offsets(rates)
    ]
    return _area(lookalike, np.array(lesion), rates)


def _aided_below(
    own_mean: float,
    ai_mean: float,
    ai_spread: float,
    size_sd: float,
    weight: float,
    rates: DemoRates,
) -> FloatArray:
    """Return the probability that suspicion with AI lies below each limit, given both means."""
    case, reader, reading = rates.place_variances
    ai_variance = ai_spread**2 + size_sd**2
    covariance = ai_spread * np.sqrt(case * rates.ai_place_shared) + size_sd**2
    step = np.linspace(-7.0, 7.0, 701)
    ai = ai_mean + np.sqrt(ai_variance) * step
    marked = shown_marks(place_scores(ai, rates), rates)
    own = own_mean + covariance / ai_variance * (ai - ai_mean)
    own_variance = case + reader + size_sd**2 - covariance**2 / ai_variance
    mean = own + pull(own, ai, marked, weight, rates.reliance.automation_bias)
    spread = np.sqrt(np.where(marked, 1 - weight, 1.0) ** 2 * own_variance + reading)
    density = np.exp(-(step**2) / 2)
    below = ndtr((_LIMITS[:, None] - mean) / spread)
    return np.asarray(below @ density / density.sum(), dtype=np.float64)
