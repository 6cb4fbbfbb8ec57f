"""One AI against a random sample of readers on the same cases.

The AI is one fixed program, the readers stand for readers like them. With psi_j the AI's figure of
merit minus that of reader j, the question is about the mean of psi: one modality, one sample of
readers, in which the AI's own variation over cases is part of every psi_j.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Comparison, Estimate, Result, joined, stacked_frame
from toolkit.stats._checks import (
    Rng,
    check_choice,
    check_rating,
    check_ratings,
    check_truth,
)
from toolkit.stats._inference import wald_difference
from toolkit.stats.auc.curve import RatingFom, auc
from toolkit.stats.mrmc.analysis import (
    HOLDS_FOR,
    RANDOM_NAME,
    MeanEstimate,
    MeanScale,
    Plan,
    Random,
    Variance,
    few_readers,
    mean_estimate,
    plan_of,
    reader_differences,
    reader_estimates,
)
from toolkit.stats.mrmc.covariances import FEWEST_RESAMPLES, fom_table
from toolkit.stats.mrmc.inference import require_crossed, variance_of_mean
from toolkit.stats.mrmc.table import Covariance, FomTable


@dataclass(frozen=True, kw_only=True, eq=False)
class AiAgainstReaders(Result):
    """An AI compared with readers: AI minus their mean, and minus each.

    Parameters
    ----------
    difference : Comparison
        b is the AI, a the mean of the readers.
    ai : Estimate
        The AI alone, over cases.
    readers_mean : MeanEstimate
        The mean of the readers.
    by_reader : tuple of Comparison
        AI minus each reader, over cases alone.
    var_difference : float
        Variance of AI minus reader between readers, as it was found: MS(R) of the differences.
    cov2 : float
        Covariance over cases of two readers' differences, not truncated; NaN with cases fixed.
    random : {"readers and cases", "cases", "readers"}
        What is random, so what the conclusion holds for.
    """

    difference: Comparison
    ai: Estimate
    readers_mean: MeanEstimate
    by_reader: tuple[Comparison, ...]
    var_difference: float
    cov2: float
    random: Random

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row for the pooled difference and one a reader."""
        return stacked_frame((self.difference, *self.by_reader))


def ai_against_readers(
    table: FomTable,
    *,
    ai: str,
    random: Random = "readers and cases",
    ci_level: float = 0.95,
    margin: float | None = None,
    mean_scale: MeanScale = "logit",
) -> AiAgainstReaders:
    """Compare an AI with readers of the same cases: AI minus the mean of the readers.

    Parameters
    ----------
    table : FomTable
        One modality; the AI is one of its readers.
    ai : str
        The AI's name in ``table.readers``; all others are the readers.
    random : {"readers and cases", "cases", "readers"}
        ``"readers and cases"`` for readers like these, ``"cases"`` for these very readers,
        ``"readers"`` for these very cases.
    ci_level : float
        Confidence level, two-sided.
    margin : float, optional
        Non-inferiority margin of the difference, above 0 and below the width of the figure's
        range; the good direction is the table's.
    mean_scale : {"logit", "identity"}
        Scale of the limits of the readers' mean, as in ``obuchowski_rockette``.

    Returns
    -------
    AiAgainstReaders

    Raises
    ------
    ValueError
        If the table has several modalities or no such AI, or as ``obuchowski_rockette``.

    Notes
    -----
    Null hypothesis: the AI equals the mean of readers like these. Variance [MS(R) + J max(Cov2,
    0)] / J of the differences, on (MS(R) + J max(Cov2, 0))^2 / (MS(R)^2 / (J - 1)) degrees of
    freedom (Hillis 2007, section 5.3). Treating the AI as a second modality that every reader
    "read" alike gives the same test. Not for an AI that readers saw while reading.

    References
    ----------
    Hillis SL. Stat Med 2007;26:596-619. doi:10.1002/sim.2532

    Hupse R et al. Eur Radiol 2013;23:93-100. doi:10.1007/s00330-012-2562-7

    Examples
    --------
    >>> auc = np.array([[0.84], [0.88], [0.80], [0.86], [0.85]])
    >>> table = FomTable(
    ...     quantity="auc", value=auc, covariance_method="none",
    ...     readers=("R1", "R2", "R3", "R4", "AI"), modalities=("unaided",), n_cases=100,
    ...     n_positive=50, n_units=100, method="AUC")
    >>> difference = ai_against_readers(table, ai="AI", random="readers").difference
    >>> f"{difference.estimate:.3f} ({difference.ci_low:.3f}, {difference.ci_high:.3f})"
    '0.005 (-0.049, 0.059)'
    """
    check_choice(random, name="random", choices=tuple(HOLDS_FOR))
    plan = plan_of(
        table, ci_level=ci_level, margin=margin, mean_scale=mean_scale, method="Obuchowski-Rockette"
    )
    readers = _only_readers(table, ai)
    require_crossed(table, random)  # the AI's own figure too
    require_crossed(readers, random)
    psi = _minus_readers(table, ai)
    variance = variance_of_mean(psi, 0, random)
    return AiAgainstReaders(
        difference=_difference(table, psi, ai, variance, plan, random),
        ai=reader_estimates(table, plan.ci_level)[_place(table, ai)],
        readers_mean=replace(
            mean_estimate(readers, 0, variance_of_mean(readers, 0, random), plan),
            label="mean of the readers",
        ),
        by_reader=tuple(
            replace(difference, label_a=difference.label, label="")
            for difference in reader_differences(_with_ai_as_modality(table, ai), plan)
        ),
        var_difference=float(np.var(psi.value, ddof=1)) if psi.n_readers > 1 else float("nan"),
        cov2=_cov2(psi),
        random=random,
        method=f"AI against readers, {RANDOM_NAME[random]} (Hillis 2007, section 5.3)",
        note=joined(
            f"holds for {HOLDS_FOR[random]}",
            few_readers(psi.n_readers, random),
            "cases are fixed: no covariance over cases" if psi.covariance is None else "",
            "one reader: no variance between readers" if psi.n_readers == 1 else "",
            table.note,
        ),
    )


def _place(table: FomTable, ai: str) -> int:
    """Return where the AI stands among the readers."""
    if table.n_modalities != 1:
        msg = f"the table must have one modality, but has {table.n_modalities}: take one of them"
        raise ValueError(msg)
    if table.readers.count(ai) != 1 or table.n_readers < 2:
        msg = (
            f"ai={ai!r} must be one of the readers of the table beside at least one other; "
            f"there are {', '.join(table.readers)}"
        )
        raise ValueError(msg)
    return table.readers.index(ai)


def _only_readers(table: FomTable, ai: str) -> FomTable:
    """Return the table without the AI."""
    keep = [place for place in range(table.n_readers) if place != _place(table, ai)]
    covariance = table.covariance
    if covariance is not None:
        covariance = covariance[keep][:, :, keep]
    names = tuple(table.readers[place] for place in keep)
    return replace(table, value=table.value[keep], covariance=covariance, readers=names)


def _minus_readers(table: FomTable, ai: str) -> FomTable:
    """Return the table of psi_j, AI minus reader j."""
    readers, place = _only_readers(table, ai), _place(table, ai)
    covariance = readers.covariance
    if covariance is not None and table.covariance is not None:
        with_ai = table.covariance[:, 0, place, 0]
        with_ai = np.delete(with_ai, place)[:, np.newaxis, np.newaxis, np.newaxis]
        own = table.covariance[place, 0, place, 0]
        covariance = covariance - with_ai - with_ai.transpose(2, 3, 0, 1) + own
    return replace(readers, value=table.value[place] - readers.value, covariance=covariance)


def _with_ai_as_modality(table: FomTable, ai: str) -> FomTable:
    """Return the readers in one modality and the AI, the same beside each, in a second."""
    readers, place = _only_readers(table, ai), _place(table, ai)
    keep = [other for other in range(table.n_readers) if other != place]
    value = np.column_stack([readers.value[:, 0], np.full(len(keep), table.value[place, 0])])
    covariance = None
    if table.covariance is not None:
        flat = table.covariance[:, 0, :, 0]
        index = np.array([[other, place] for other in keep])
        covariance = flat[index[:, :, np.newaxis, np.newaxis], index[np.newaxis, np.newaxis]]
    return replace(
        readers, value=value, covariance=covariance, modalities=(table.modalities[0], ai)
    )


def _difference(
    table: FomTable, psi: FomTable, ai: str, variance: Variance, plan: Plan, random: Random
) -> Comparison:
    """Return the AI minus the mean of the readers."""
    own = float(table.value[_place(table, ai), 0])
    difference = float(psi.value.mean())
    wald = wald_difference(
        difference,
        variance.std_error,
        df=variance.df,
        ci_level=plan.ci_level,
        margin=plan.margin,
        better=table.better,
        largest=table.high - table.low,
    )
    return Comparison(
        quantity=table.quantity,
        unit="probability" if (table.low, table.high) == (0.0, 1.0) else "figure",
        estimate=difference,
        std_error=variance.std_error,
        ci_method=f"{plan.method}, {variance.law}",
        label_a="mean of the readers",
        label_b=ai,
        estimate_a=own - difference,
        estimate_b=own,
        effect="difference",
        n_cases=table.n_cases,
        n_positive=table.n_positive,
        n_readers=psi.n_readers,
        n_clusters=table.n_clusters,
        method=f"AI against readers, {RANDOM_NAME[random]}",
        note=variance.reason,
        **vars(wald),
    )


def _cov2(psi: FomTable) -> float:
    """Return the mean covariance over cases of two readers' differences, not truncated."""
    if psi.covariance is None or psi.n_readers < 2:
        return float("nan")
    block = psi.covariance[:, 0, :, 0]
    return float(block.sum() - np.trace(block)) / (psi.n_readers * (psi.n_readers - 1))


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
    mean_scale: MeanScale = "logit",
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
        Figure of merit. Of calls take ``sensitivity_fom`` with calls coded 0 and 1.
    covariance, cluster, n_resamples, rng
        As in ``fom_table``.
    random, ci_level, margin, mean_scale
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
    people = check_ratings(
        reader_ratings, n_cases=diseased.size, name="reader_ratings", axes=("n_readers",)
    )
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
    result = ai_against_readers(
        table, ai=ai, random=random, ci_level=ci_level, margin=margin, mean_scale=mean_scale
    )
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

    Raises
    ------
    ValueError
        If a rating is missing, or the lengths differ.

    Examples
    --------
    >>> collapsed_rating([10, 20, 30, 40], [1, 1, 2, 2]).tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    people = check_rating(reader_rating, name="reader_rating")
    own = check_rating(ai_rating, n_cases=people.size, name="ai_rating")
    share = np.cumsum(np.unique(people, return_counts=True)[1])[:-1] / people.size
    cuts = np.quantile(own, share, method="higher")
    return (1 + np.searchsorted(cuts, own, side="right")).astype(np.float64)
