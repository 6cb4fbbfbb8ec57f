"""Power of a reader study of any design, by drawing it many times from the Roe-Metz model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray
from toolkit.results import Estimate
from toolkit.stats._checks import Rng, check_count, check_numbers, check_rng
from toolkit.stats.proportions.one import wilson_limits
from toolkit.stats.simulation.roe_metz import RoeMetzModel, general_roe_metz_ratings
from toolkit.stats.simulation.simulate import simulated_truth

# Truth (n_cases,) and ratings (n_cases, n_readers, n_modalities) to whether the study succeeds.
Succeeds = Callable[[BoolArray, FloatArray], bool]

_Z_95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedPower(Estimate):
    """The share of simulated studies that succeeded: an estimate of power, with its own error.

    ``numerator`` of ``denominator`` studies succeeded; ``seed`` draws them again.
    """

    seed: str


def power_by_simulation(  # noqa: PLR0913 - model, analysis, size, design and how to draw
    model: RoeMetzModel,
    succeeds: Succeeds,
    *,
    n_readers: int,
    n_negative: int,
    n_positive: int,
    rng: Rng,
    n_studies: int = 1000,
    read: ArrayLike | None = None,
    progress: Callable[[int], None] | None = None,
) -> SimulatedPower:
    """Draw a reader study many times, analyse each, and return the share that succeeded.

    Parameters
    ----------
    model : RoeMetzModel
        What readers are like: a structure of Roe and Metz, or ``roe_metz_from_components`` of a
        pilot study.
    succeeds : callable
        ``succeeds(truth, ratings)`` analyses one study, ratings (n_cases, n_readers,
        n_modalities), and says whether it shows what it is to show; ``finds_difference`` is one.
    n_readers, n_negative, n_positive : int
        Size of the study. Cases are those of ``simulated_truth``, negative ones first.
    rng : int, SeedSequence or Generator
        Source of randomness. Each study has its own stream, so that more studies begin with the
        same ones.
    n_studies : int
        Studies drawn; 1,000 leave a standard error of at most 1.6 points.
    read : array_like of bool, shape (n_cases, n_readers, n_modalities), optional
        Who reads what in which modality: any design. Ratings are NaN where False. All read all if
        not given.
    progress : callable, optional
        Called with the number of studies done after each.

    Returns
    -------
    SimulatedPower
        With a Wilson interval of what more studies would tell.

    Raises
    ------
    ValueError
        If an argument is malformed, or ``succeeds`` returns something else than true or false.

    Notes
    -----
    At a model without difference this is the size of the test. Not for the power of a study that
    is over.

    References
    ----------
    Roe CA, Metz CE. Acad Radiol 1997;4:298-303. doi:10.1016/S1076-6332(97)80210-3

    Examples
    --------
    >>> from toolkit.stats.simulation.roe_metz import ROE_METZ_1997, roe_metz_model
    >>> model = roe_metz_model([1.5, 2.2], components=ROE_METZ_1997["LL", 1.5])
    >>> power = power_by_simulation(model, finds_difference, n_readers=5, n_negative=40,
    ...                             n_positive=40, rng=1, n_studies=20)
    >>> power.denominator, power.seed
    (20, '1')
    """
    truth = simulated_truth(n_negative, n_positive)
    studies = check_count(n_studies, name="n_studies")
    if studies < 1:
        msg = f"n_studies must be at least 1, but got {studies}; 1,000 or more are usual"
        raise ValueError(msg)
    shape = (truth.size, check_count(n_readers, name="n_readers"), model.n_modalities)
    unread = _unread(read, shape)
    words, seed = _streams(rng, studies)
    successes = 0
    for study in range(studies):
        ratings = general_roe_metz_ratings(
            model, n_negative, n_positive, n_readers, rng=np.random.SeedSequence(words[study])
        )
        ratings[unread] = math.nan
        successes += _yes_or_no(succeeds(truth, ratings))
        if progress is not None:
            progress(study + 1)
    share = successes / studies
    low, high = wilson_limits(successes, studies, _Z_95)
    return SimulatedPower(
        quantity="power",
        unit="probability",
        estimate=share,
        # 0 would say that the power is known.
        std_error=math.sqrt(share * (1 - share) / studies) or math.nan,
        ci_low=low,
        ci_high=high,
        ci_level=0.95,
        ci_method="Wilson score",
        numerator=successes,
        denominator=studies,
        n_cases=truth.size,
        n_positive=n_positive,
        n_readers=n_readers,
        method=f"{studies:,} studies drawn from the Roe-Metz model, seed {seed}",
        note="the interval is that of the simulation alone"
        + ("" if 0 < share < 1 else "; all studies went one way: no standard error"),
        seed=seed,
    )


def finds_difference(truth: BoolArray, ratings: FloatArray) -> bool:
    """Whether modalities differ at 5 %: Obuchowski and Rockette, readers and cases random.

    Examples
    --------
    >>> ratings = np.random.default_rng(1).normal(size=(40, 4, 2))
    >>> finds_difference(np.arange(40) >= 20, ratings)
    False
    """
    from toolkit.stats.mrmc.covariances import fom_table
    from toolkit.stats.mrmc.inference import obuchowski_rockette

    test = obuchowski_rockette(fom_table(truth, ratings)).global_test
    return test is not None and test.p_value < 0.05


def _unread(read: ArrayLike | None, shape: tuple[int, ...]) -> BoolArray:
    """Return where there is no rating."""
    if read is None:
        return np.zeros(shape, dtype=np.bool_)
    mask = check_numbers(read, name="read")
    if mask.dtype != np.bool_ or mask.shape != shape:
        msg = (
            f"read must be boolean with shape (n_cases, n_readers, n_modalities) = {shape}, but "
            f"got {mask.dtype} of shape {mask.shape}"
        )
        raise ValueError(msg)
    return ~mask


def _streams(rng: Rng, studies: int) -> tuple[list[list[int]], str]:
    """Return two words for each study, and the seed as text."""
    generator = check_rng(rng)
    if isinstance(rng, np.random.Generator):
        drawn = generator.integers(2**32, size=(studies, 2))
        return drawn.tolist(), "of the generator that was given"
    sequence = rng if isinstance(rng, np.random.SeedSequence) else np.random.SeedSequence(rng)
    words = sequence.generate_state(2 * studies).reshape(studies, 2).tolist()
    key = f", spawn key {sequence.spawn_key}" if sequence.spawn_key else ""
    return words, f"{sequence.entropy}{key}"


def _yes_or_no(answer: object) -> int:
    """Return 1 for true and 0 for false; refuse anything else."""
    if not isinstance(answer, bool | np.bool_):
        msg = f"succeeds must return true or false for each study, but got {answer!r}"
        raise ValueError(msg)
    return int(answer)
