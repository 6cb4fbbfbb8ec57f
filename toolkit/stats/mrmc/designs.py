"""Who read what: the design of a reader study as its readings show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Result, joined
from toolkit.stats._checks import check_choice, check_ratings
from toolkit.stats.mrmc.analysis import (
    HOLDS_FOR,
    MeanScale,
    MrmcAnalysis,
    Variance,
    few_readers,
    global_test_of,
    mean_difference,
    mean_estimate,
    plan_of,
    positive_variance,
    reader_differences,
    reader_estimates,
    rounding_of,
)
from toolkit.stats.mrmc.inference import hillis_df
from toolkit.stats.mrmc.table import FomTable

Kind = Literal[
    "fully crossed",
    "readers nested in modality",
    "cases nested in reader",
    "cases nested in modality",
    "split plot",
    "incomplete",
]
KINDS: tuple[Kind, ...] = (
    "fully crossed",
    "readers nested in modality",
    "cases nested in reader",
    "cases nested in modality",
    "split plot",
    "incomplete",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Design(Result):
    """The design of a reader study.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    group : tuple of str
        Group of each reader in a split plot; empty elsewhere.
    n_cases, n_readers, n_modalities : int
        Cases that somebody read, and the axes.
    n_missing : int
        Readings that a fully crossed study of these cases would have had more.
    """

    kind: str
    group: tuple[str, ...] = ()
    n_cases: int
    n_readers: int
    n_modalities: int
    n_missing: int


def detect_design(ratings: ArrayLike, *, declared: Kind | None = None) -> Design:
    """Return the design that readings show, and refuse one that is not the declared one.

    Parameters
    ----------
    ratings : array_like, shape (n_cases, n_readers, n_modalities)
        NaN where a reader did not read a case in a modality.
    declared : str, optional
        Design of the plan, one of ``KINDS``.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        If nothing was read, or the readings show another design than the declared one; the
        message says how many readings are missing and where the first is.

    Notes
    -----
    A reading that is missing by accident makes a study incomplete: it is never silently analysed
    as if it were crossed, and never by leaving cases out.

    Examples
    --------
    >>> read_by_own = [[[1, np.nan]], [[2, np.nan]], [[np.nan, 1]], [[np.nan, 3]]]
    >>> detect_design(read_by_own).kind
    'cases nested in modality'
    """
    numbers = check_ratings(ratings, axes=("n_readers", "n_modalities"), missing_allowed=True)
    if declared is not None:
        check_choice(declared, name="declared", choices=KINDS)
    return design_of(numbers, declared)


def design_of(ratings: FloatArray, declared: Kind | None) -> Design:
    """Return the design that checked ratings show, and refuse one that is not the declared one."""
    read = ~np.isnan(ratings)
    if not read.any():
        msg = "ratings hold no reading at all; check the modality and the session that were chosen"
        raise ValueError(msg)
    some = read[read.any(axis=(1, 2))]
    kind, group = _kind(some)
    if declared is not None and kind != declared:
        raise ValueError(_mismatch(some, kind, declared))
    return Design(
        kind=kind,
        group=group,
        n_cases=int(some.shape[0]),
        n_readers=int(some.shape[1]),
        n_modalities=int(some.shape[2]),
        n_missing=int((~some).sum()),
        method="pattern of the readings",
    )


def _kind(read: BoolArray) -> tuple[Kind, tuple[str, ...]]:
    """Return the design of a pattern (n_cases, n_readers, n_modalities), and readers' groups."""
    if read.all():
        return "fully crossed", ()
    cells = read.any(axis=0)
    if (cells.sum(axis=1) == 1).all() and cells.shape[1] > 1:
        by_reader = read.any(axis=2)
        return ("readers nested in modality" if by_reader.all() else "incomplete"), ()
    if not cells.all():
        return "incomplete", ()
    if _same(read, axis=1) and _disjoint(read[:, 0, :]):
        return "cases nested in modality", ()
    if _same(read, axis=2):
        return _by_reader(read[:, :, 0])
    return "incomplete", ()


def _by_reader(read: BoolArray) -> tuple[Kind, tuple[str, ...]]:
    """Return the design where each reader read the same cases in all modalities."""
    sets = [column.tobytes() for column in read.T]
    names = {key: f"group {place + 1}" for place, key in enumerate(dict.fromkeys(sets))}
    first = [sets.index(key) for key in names]
    if not _disjoint(read[:, first]):
        return "incomplete", ()
    if len(names) == len(sets):
        return "cases nested in reader", ()
    return "split plot", tuple(names[key] for key in sets)


def _same(read: BoolArray, *, axis: int) -> bool:
    """Whether the pattern is the same all along an axis."""
    first = np.take(read, [0], axis=axis)
    return bool((read == first).all())


def _disjoint(read: BoolArray) -> bool:
    """Whether no case belongs to two columns (n_cases, n_sets)."""
    return bool((read.sum(axis=1) == 1).all())


def _mismatch(read: BoolArray, kind: str, declared: str) -> str:
    """Say how the readings differ from the plan."""
    missing = np.argwhere(~read)
    where = ""
    if missing.size:
        case, reader, modality = (int(axis) for axis in missing[0])
        where = (
            f"; {len(missing)} of {read.size} readings of these cases are missing, the first at "
            f"case {case}, reader {reader}, modality {modality}, counted from 0"
        )
    return (
        f"the plan declares a study that is {declared}, but the readings are {kind}{where}; "
        "complete the readings, or declare the design that the study has"
    )


_ERROR = "the error that the modalities are tested against"


def readers_nested_in_modality(
    table: FomTable,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    mean_scale: MeanScale = "logit",
) -> MrmcAnalysis:
    """Compare modalities that were each used by readers of their own on the same cases.

    Parameters
    ----------
    table : FomTable
        Each reader has a figure in one modality, NaN in the others; as many readers in each.
    ci_level, margin, mean_scale
        As for ``obuchowski_rockette``.

    Returns
    -------
    MrmcAnalysis
        Readers and cases random.

    Raises
    ------
    ValueError
        If a reader has no figure or several, groups differ in size or hold one reader, the table
        has no covariance, or the margin is malformed.

    Notes
    -----
    F = MS(T) / (MS[R(T)] + J max(Cov2 - Cov3, 0)), on I - 1 and, after Hillis, denominator^2 /
    (MS[R(T)]^2 / (I (J - 1))) degrees of freedom; J readers in each of I modalities, Cov2 between
    readers of one modality, Cov3 between readers of different ones. MRMCaov 0.3.0 takes
    MS[R(T)] - (J - 1) (Cov2 - Cov3), which is too small: the expected value of MS(T) is that of
    MS[R(T)] plus J (Cov2 - Cov3). Comparing different readers costs most of the power of a study.

    References
    ----------
    Hillis SL. Stat Med 2014;33:330-360. doi:10.1002/sim.5926

    Examples
    --------
    >>> value = np.array([[0.80, 0.84, 0.82, np.nan, np.nan, np.nan],
    ...                   [np.nan, np.nan, np.nan, 0.87, 0.90, 0.88]]).T
    >>> table = FomTable(
    ...     quantity="auc", value=value, covariance=np.eye(12).reshape(6, 2, 6, 2) * 4e-4,
    ...     covariance_method="given", readers=tuple("abcdef"), modalities=("x", "y"),
    ...     n_cases=90, n_positive=40, n_units=90, method="AUC")
    >>> analysis = readers_nested_in_modality(table)
    >>> round(analysis.differences[0].estimate, 4), analysis.global_test.df2
    (0.0633, 4.0)
    """
    plan = plan_of(
        table, ci_level=ci_level, margin=margin, mean_scale=mean_scale, method="Obuchowski-Rockette"
    )
    groups = [np.flatnonzero(~np.isnan(column)) for column in table.value.T]
    n_each = _require_nested(table, groups)
    mean_square = _within(table, groups)
    cov2, cov3 = _nested_covariances(table, groups)
    value = mean_square + n_each * max(cov2 - cov3, 0.0)
    df = float(table.n_modalities * (n_each - 1))
    rounding = rounding_of(table)
    df = hillis_df(value, mean_square, df, rounding)
    error = positive_variance(value, df, what=_ERROR, rounding=rounding)
    means = tuple(
        mean_estimate(table, place, _nested_variance(table, place, groups[place]), plan)
        for place in range(table.n_modalities)
    )
    between = np.nanmean(table.value, axis=0)
    return MrmcAnalysis(
        quantity=table.quantity,
        design="readers nested in modality",
        random="readers and cases",
        mean_scale=plan.mean_scale,
        covariance_method=table.covariance_method,
        global_test=global_test_of(
            n_each * float(np.var(between, ddof=1)),
            error,
            table.n_modalities - 1,
            "readers and cases",
        ),
        modalities=means,
        differences=tuple(
            mean_difference(table, pair, error.times(2 / n_each), plan)
            for pair in combinations(range(table.n_modalities), 2)
        ),
        readers=reader_estimates(table, plan.ci_level),
        method="Obuchowski-Rockette, readers nested in modality (Hillis 2014)",
        note=_note(table, n_each),
    )


def split_plot(
    table: FomTable,
    group: Sequence[str],
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    mean_scale: MeanScale = "logit",
) -> MrmcAnalysis:
    """Compare modalities in groups of readers that each read cases of their own in all of them.

    Parameters
    ----------
    table : FomTable
        Every reader in every modality; covariances between groups are 0.
    group : sequence of str, length n_readers
        Group of each reader; as many readers in each.
    ci_level, margin, mean_scale
        As for ``obuchowski_rockette``.

    Returns
    -------
    MrmcAnalysis
        Readers and cases random.

    Raises
    ------
    ValueError
        If a figure is missing, groups differ in size or hold one reader, readers of different
        groups share cases, the table has no covariance, or the margin is malformed.

    Notes
    -----
    F = MS(T) / (MS[T*R(G)] + r max(Cov2 - Cov3, 0)) with r readers in each of G groups, Cov2 and
    Cov3 within groups, on I - 1 and, after Hillis, denominator^2 / (MS[T*R(G)]^2 / ((I - 1)
    (J - G))) degrees of freedom. For the same number of readings it has more power than a crossed
    study. Groups are taken as random blocks: readers and cases are allocated to them by chance.

    References
    ----------
    Hillis SL. Stat Med 2014;33:330-360. doi:10.1002/sim.5926

    Obuchowski NA, Gallas BD, Hillis SL. Acad Radiol 2012;19:1508-1517.
    doi:10.1016/j.acra.2012.09.012

    Examples
    --------
    >>> value = np.array([[0.80, 0.85], [0.84, 0.86], [0.78, 0.84], [0.83, 0.88]])
    >>> table = FomTable(
    ...     quantity="auc", value=value, covariance=np.eye(8).reshape(4, 2, 4, 2) * 4e-4,
    ...     covariance_method="given", readers=tuple("abcd"), modalities=("x", "y"),
    ...     n_cases=90, n_positive=40, n_units=90, method="AUC")
    >>> analysis = split_plot(table, ["first", "first", "second", "second"])
    >>> round(analysis.differences[0].estimate, 4), round(analysis.global_test.df2, 9)
    (0.045, 2.0)
    """
    plan = plan_of(
        table, ci_level=ci_level, margin=margin, mean_scale=mean_scale, method="Obuchowski-Rockette"
    )
    same = _require_split(table, group)
    n_groups = len(set(group))
    n_each = table.n_readers // n_groups
    mean_square = _interaction_within(table.value, same, n_groups)
    cov2, cov3 = _split_covariances(table, same)
    value = mean_square + n_each * max(cov2 - cov3, 0.0)
    df = float((table.n_modalities - 1) * (table.n_readers - n_groups))
    rounding = rounding_of(table)
    df = hillis_df(value, mean_square, df, rounding)
    error = positive_variance(value, df, what=_ERROR, rounding=rounding)
    means = tuple(
        mean_estimate(table, place, _split_variance(table, place, same, n_groups), plan)
        for place in range(table.n_modalities)
    )
    between = table.n_readers * float(np.var(table.value.mean(axis=0), ddof=1))
    return MrmcAnalysis(
        quantity=table.quantity,
        design=f"split plot, {n_groups} groups",
        random="readers and cases",
        mean_scale=plan.mean_scale,
        covariance_method=table.covariance_method,
        global_test=global_test_of(between, error, table.n_modalities - 1, "readers and cases"),
        modalities=means,
        differences=tuple(
            mean_difference(table, pair, error.times(2 / table.n_readers), plan)
            for pair in combinations(range(table.n_modalities), 2)
        ),
        readers=reader_estimates(table, plan.ci_level),
        reader_differences=reader_differences(table, plan),
        method="Obuchowski-Rockette, split plot (Hillis 2014)",
        note=_note(table, table.n_readers),
    )


def _note(table: FomTable, n_readers: int) -> str:
    """Return what a reader of the analysis must know."""
    return joined(
        f"holds for {HOLDS_FOR['readers and cases']}",
        few_readers(n_readers, "readers and cases"),
        table.note,
    )


def _require_balanced(sizes: list[int], what: str) -> int:
    """Return the common size of the groups; refuse groups that differ or hold one reader."""
    if len(set(sizes)) != 1 or sizes[0] < 2:
        msg = (
            f"{what} must have the same number of readers, two or more, but have "
            f"{', '.join(str(size) for size in sizes)}; analyse such a study by U-statistics"
        )
        raise ValueError(msg)
    return sizes[0]


def _require_nested(table: FomTable, groups: list[IndexArray]) -> int:
    """Return the number of readers in each modality; refuse what is not nested and balanced."""
    read = (~np.isnan(table.value)).sum(axis=1)
    if (wrong := read != 1).any() or table.n_modalities < 2:
        place = int(np.argmax(wrong))
        msg = (
            "readers nested in modality have a figure in one of several modalities each, but "
            f"{table.readers[place]} has {int(read[place])} in {table.n_modalities}"
        )
        raise ValueError(msg)
    _require_covariance(table)
    return _require_balanced([int(group.size) for group in groups], "modalities")


def _require_covariance(table: FomTable) -> FloatArray:
    """Return the covariance; refuse a table without."""
    if table.covariance is None:
        msg = "the analysis needs the covariance over cases, but the table has none; estimate it"
        raise ValueError(msg)
    return table.covariance


def _within(table: FomTable, groups: list[IndexArray]) -> float:
    """Return MS[R(T)]: the variance between readers, averaged over modalities."""
    return float(
        np.mean([np.var(table.value[group, place], ddof=1) for place, group in enumerate(groups)])
    )


def _nested_covariances(table: FomTable, groups: list[IndexArray]) -> tuple[float, float]:
    """Return Cov2, between readers of one modality, and Cov3, between those of different ones."""
    covariance = _require_covariance(table)
    same, other = [], []
    for a, first in enumerate(groups):
        for b, second in enumerate(groups):
            block = covariance[:, a, :, b][np.ix_(first, second)]
            if a == b:
                same.append(_off_diagonal(block))
            else:
                other.append(float(block.mean()))
    return float(np.mean(same)), float(np.mean(other))


def _off_diagonal(block: FloatArray) -> float:
    """Return the mean of a square block without its diagonal."""
    n = int(block.shape[0])
    return float(block.sum() - np.trace(block)) / (n * (n - 1))


def _nested_variance(table: FomTable, place: int, group: IndexArray) -> Variance:
    """Return the variance of the mean of one modality from its own readers (Hillis 2007, 5.3)."""
    block = _require_covariance(table)[:, place, :, place][np.ix_(group, group)]
    mean_square = float(np.var(table.value[group, place], ddof=1))
    value = mean_square + group.size * max(_off_diagonal(block), 0.0)
    rounding = rounding_of(table)
    df = hillis_df(value, mean_square, float(group.size - 1), rounding)
    found = positive_variance(value, df, what="the variance of this mean", rounding=rounding)
    return found.times(1 / group.size)


def _require_split(table: FomTable, group: Sequence[str]) -> BoolArray:
    """Return which pairs of readers share a group; refuse what is no balanced split plot."""
    if len(group) != table.n_readers:
        msg = f"group must name the group of {table.n_readers} readers, but got {len(group)}"
        raise ValueError(msg)
    if np.isnan(table.value).any() or table.n_modalities < 2:
        msg = "in a split plot every reader has a figure in each of two or more modalities"
        raise ValueError(msg)
    names = np.array(group, dtype=str)
    _require_balanced([int((names == name).sum()) for name in sorted(set(group))], "groups")
    same: BoolArray = names[:, np.newaxis] == names
    covariance = _require_covariance(table)
    if (covariance.transpose(0, 2, 1, 3)[~same] != 0).any():
        msg = "readers of different groups must share no case, but their covariance is not 0"
        raise ValueError(msg)
    return same


def _interaction_within(value: FloatArray, same: BoolArray, n_groups: int) -> float:
    """Return MS[T*R(G)]: the interaction of modality and reader within groups."""
    n_readers, n_modalities = value.shape
    group_mean = same @ value / same.sum(axis=1, keepdims=True)
    rest = value - group_mean
    rest = rest - rest.mean(axis=1, keepdims=True)
    return float((rest**2).sum()) / float((n_modalities - 1) * (n_readers - n_groups))


def _split_covariances(table: FomTable, same: BoolArray) -> tuple[float, float]:
    """Return Cov2 and Cov3 between readers of one group."""
    covariance = _require_covariance(table)
    pairs = same & ~np.eye(table.n_readers, dtype=bool)
    blocks = covariance.transpose(0, 2, 1, 3)[pairs]  # (n_pairs, n_modalities, n_modalities)
    n_modalities = table.n_modalities
    own = float(np.einsum("pii->", blocks)) / (len(blocks) * n_modalities)
    total = float(blocks.sum()) / len(blocks)
    return own, (total - n_modalities * own) / (n_modalities * (n_modalities - 1))


def _split_variance(table: FomTable, place: int, same: BoolArray, n_groups: int) -> Variance:
    """Return the variance of the mean of one modality: MS[R(G)] + r max(Cov2, 0), over J."""
    value, n_readers = table.value[:, place], table.n_readers
    rest = value - same @ value / same.sum(axis=1)
    mean_square = float(rest @ rest) / (n_readers - n_groups)
    pairs = same & ~np.eye(n_readers, dtype=bool)
    cov2 = float(_require_covariance(table)[:, place, :, place][pairs].mean())
    total = mean_square + n_readers / n_groups * max(cov2, 0.0)
    rounding = rounding_of(table)
    df = hillis_df(total, mean_square, float(n_readers - n_groups), rounding)
    found = positive_variance(total, df, what="the variance of this mean", rounding=rounding)
    return found.times(1 / n_readers)
