"""Compare one AI with a random sample of readers of the same cases, from their ratings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import joined
from toolkit.stats._checks import Rng, check_rating, check_ratings, check_truth
from toolkit.stats.auc.curve import RatingFom, auc
from toolkit.stats.mrmc.ai_against_readers import AiAgainstReaders, ai_against_readers
from toolkit.stats.mrmc.analysis import Random
from toolkit.stats.mrmc.covariances import FEWEST_RESAMPLES, fom_table
from toolkit.stats.mrmc.fom_table import Covariance

FEWEST_LEVELS = 3
FEW_LEVELS = 4


def compare_ai_with_readers(  # noqa: PLR0913 - data, plan, level, margin and names
    truth: ArrayLike,
    reader_ratings: ArrayLike,
    ai_rating: ArrayLike,
    *,
    fom: RatingFom = auc,
    covariance: Covariance | None = None,
    cluster: ArrayLike | None = None,
    random: Random = "readers and cases",
    ci_level: float = 0.95,
    margin: float | None = None,
    readers: tuple[str, ...] = (),
    ai: str = "AI",
    n_resamples: int = FEWEST_RESAMPLES,
    rng: Rng | None = None,
) -> AiAgainstReaders:
    """Compare an AI with readers who rated the same cases: AI minus the mean of the readers.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    reader_ratings : array_like, shape (n_cases, n_readers)
        Higher is more suspicious; every reader rated every case. Scales may differ.
    ai_rating : array_like, shape (n_cases,)
        Rating of the AI.
    fom : RatingFom
        Figure of merit. Of calls take ``threshold_foms`` with calls coded 0 and 1.
    covariance, cluster, n_resamples, rng
        As in ``fom_table``.
    random, ci_level, margin
        As in ``ai_against_readers``.
    readers : tuple of str
        Names of the readers; numbers from 1 if not given.
    ai : str
        Name of the AI.

    Returns
    -------
    AiAgainstReaders
        With 3 or 4 levels of ratings the note warns that a reader's empirical AUC is too low
        beside that of a fine score.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is missing, or an AUC is asked for of a reader with
        two levels of ratings.

    Notes
    -----
    Null hypothesis: the AI equals the mean of readers like these. A reader with two levels has
    one operating point, whose "AUC" is (sensitivity + specificity) / 2: a score of the very same
    skill would win by about 0.1 for free. Compare sensitivity and specificity at cut-offs set in
    advance instead.

    References
    ----------
    Hillis SL. Stat Med 2007;26:596-619. doi:10.1002/sim.2532

    Examples
    --------
    >>> draw = np.random.default_rng(1)
    >>> truth = np.arange(60) % 2
    >>> people = draw.normal(size=(60, 5)) + truth[:, np.newaxis]
    >>> result = compare_ai_with_readers(truth, people, draw.normal(size=60) + 1.5 * truth)
    >>> difference = result.difference
    >>> f"{difference.estimate:.3f} ({difference.ci_low:.3f}, {difference.ci_high:.3f})"
    '0.187 (0.074, 0.301)'
    """
    diseased = check_truth(truth)
    people = check_ratings(reader_ratings, n_cases=diseased.size, axes=("n_readers",))
    own = check_rating(ai_rating, n_cases=diseased.size, name="ai_rating")
    names = readers or tuple(str(number + 1) for number in range(people.shape[1]))
    levels = [int(np.unique(people[:, reader]).size) for reader in range(people.shape[1])]
    if fom is auc:
        _require_levels(levels, names)
    table = fom_table(
        diseased,
        np.column_stack([people, own])[:, :, np.newaxis],
        fom=fom,
        covariance="none" if random == "readers" else covariance,
        cluster=cluster,
        n_resamples=n_resamples,
        rng=rng,
        readers=(*names, ai),
        modalities=("these cases",),
    )
    result = ai_against_readers(table, ai=ai, random=random, ci_level=ci_level, margin=margin)
    return replace(result, note=joined(result.note, _few_levels(levels) if fom is auc else ""))


def _require_levels(levels: list[int], names: tuple[str, ...]) -> None:
    """Refuse an AUC of a reader whose ratings have two levels."""
    few = [name for name, count in zip(names, levels, strict=True) if count < FEWEST_LEVELS]
    if few:
        msg = (
            f"an AUC needs {FEWEST_LEVELS} or more levels of ratings, but {few[0]} "
            f"({len(few)} of {len(names)} readers) used two at most: that is one operating point; "
            "compare sensitivity and specificity at cut-offs set in advance (threshold_foms)"
        )
        raise ValueError(msg)


def _few_levels(levels: list[int]) -> str:
    """Warn where readers used few levels; empty elsewhere."""
    if min(levels) > FEW_LEVELS:
        return ""
    return (
        f"readers used as few as {min(levels)} levels: their empirical AUC is too low beside that "
        "of a finer score; see the comparison with the score cut to as many levels"
    )


def collapsed_rating(ai_rating: ArrayLike, reader_rating: ArrayLike) -> FloatArray:
    """Return an AI's ratings cut to as many levels, of like shares, as a reader used.

    Parameters
    ----------
    ai_rating, reader_rating : array_like, shape (n_cases,)
        Ratings of the same cases.

    Returns
    -------
    ndarray of float, shape (n_cases,)
        The reader's levels from the lowest up, numbered from 1; like ratings get one level.

    Examples
    --------
    >>> collapsed_rating([10, 20, 30, 40], [1, 1, 2, 2]).tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    people = np.asarray(reader_rating, dtype=np.float64)
    own = check_rating(ai_rating, n_cases=people.size, name="ai_rating")
    share = np.cumsum(np.unique(people, return_counts=True)[1])[:-1] / people.size
    cuts = np.quantile(own, share, method="higher")
    return (1 + np.searchsorted(cuts, own, side="right")).astype(np.float64)
