"""Studies of marks from arrays: free response, one place a case (LROC), or regions (ROI)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.stats._checks import check_count, check_counts, check_ratings, check_truth


@dataclass(frozen=True, kw_only=True, eq=False)
class FrocTruth:
    """The lesions of the cases, the same for all readers.

    Parameters
    ----------
    lesion_case : ndarray, shape (n_lesions,)
        Case of each lesion, counted from 0.
    lesion_weight : ndarray, shape (n_lesions,)
        Weight in its case; the weights of a case add up to 1.
    n_images : ndarray, shape (n_cases,)
        Images of each case: what false marks are counted per.
    """

    lesion_case: IntArray
    lesion_weight: FloatArray
    n_images: IntArray

    @property
    def n_cases(self) -> int:
        """Cases with and without lesions."""
        return int(self.n_images.size)

    @property
    def n_lesions(self) -> IntArray:
        """Lesions of each case, shape (n_cases,)."""
        return np.bincount(self.lesion_case, minlength=self.n_cases)

    @property
    def diseased(self) -> BoolArray:
        """Whether a case has a lesion, shape (n_cases,)."""
        return self.n_lesions > 0


@dataclass(frozen=True, kw_only=True, eq=False)
class FrocReading:
    """All marks of one reader in one modality.

    Parameters
    ----------
    truth : FrocTruth
        The lesions.
    lesion_rating : ndarray, shape (n_lesions,)
        Highest mark on each lesion; ``-inf`` where it has none.
    nl_case, nl_rating : ndarray, shape (n_marks,)
        Case and rating of each mark that hits no lesion.
    export_floor : float, optional
        Lowest score that an AI delivers; None for a person. No mark lies below it.
    n_readers : int
        Readers whose marks these are; more than 1 where they were pooled.
    """

    truth: FrocTruth
    lesion_rating: FloatArray
    nl_case: IntArray
    nl_rating: FloatArray
    export_floor: float | None = None
    n_readers: int = 1

    def highest_nl(self) -> FloatArray:
        """Return the highest NL rating of each case, ``-inf`` without one, shape (n_cases,)."""
        return _highest(self.nl_case, self.nl_rating, self.truth.n_cases)

    def highest_mark(self) -> FloatArray:
        """Return the highest rating of all marks of each case: its inferred ROC rating."""
        on_lesions = _highest(self.truth.lesion_case, self.lesion_rating, self.truth.n_cases)
        return np.maximum(self.highest_nl(), on_lesions)


def _highest(case: IntArray, rating: FloatArray, n_cases: int) -> FloatArray:
    """Return the highest rating of each case; ``-inf`` without one."""
    highest = np.full(n_cases, -np.inf)
    np.maximum.at(highest, case, rating)
    return highest


@dataclass(frozen=True, kw_only=True, eq=False)
class FrocStudy:
    """All marks of several readers in several modalities, on the same cases.

    ``studies.froc_study`` makes and checks it.

    Parameters
    ----------
    truth : FrocTruth
        The lesions.
    lesion_rating : ndarray, shape (n_lesions, n_readers, n_modalities)
        Highest mark on each lesion; ``-inf`` where it has none.
    nl_case, nl_rating : ndarray, shape (n_marks,)
        Case and rating of all NL marks, those of one reader and modality in a row.
    nl_starts : ndarray, shape (n_readers * n_modalities + 1,)
        Where the marks of each reader and modality begin.
    readers, modalities : tuple of str
        Names along the axes.
    export_floor : tuple of float
        Floor of each reader, ``-inf`` for a person; empty where there is none.
    """

    truth: FrocTruth
    lesion_rating: FloatArray
    nl_case: IntArray
    nl_rating: FloatArray
    nl_starts: IntArray
    readers: tuple[str, ...]
    modalities: tuple[str, ...]
    export_floor: tuple[float, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Readers and modalities."""
        return len(self.readers), len(self.modalities)

    def reading(self, reader: int = 0, modality: int = 0) -> FrocReading:
        """Return the marks of one reader in one modality, both counted from 0."""
        curve = reader * len(self.modalities) + modality
        marks = slice(int(self.nl_starts[curve]), int(self.nl_starts[curve + 1]))
        floor = self.export_floor[reader] if self.export_floor else -np.inf
        return FrocReading(
            truth=self.truth,
            lesion_rating=self.lesion_rating[:, reader, modality],
            nl_case=self.nl_case[marks],
            nl_rating=self.nl_rating[marks],
            export_floor=floor if np.isfinite(floor) else None,
        )

    def of_modality(self, modality: int) -> FrocStudy:
        """Return the marks of all readers in one modality, counted from 0."""
        n_readers, n_modalities = self.shape
        curves = np.arange(n_readers) * n_modalities + modality
        slices = [slice(self.nl_starts[curve], self.nl_starts[curve + 1]) for curve in curves]
        sizes = np.diff(self.nl_starts)[curves]
        return replace(
            self,
            lesion_rating=self.lesion_rating[:, :, modality : modality + 1],
            nl_case=np.concatenate([self.nl_case[marks] for marks in slices]),
            nl_rating=np.concatenate([self.nl_rating[marks] for marks in slices]),
            nl_starts=np.append(0, np.cumsum(sizes)),
            modalities=(self.modalities[modality],),
        )


def pooled_reading(study: FrocStudy, modality: int = 0) -> FrocReading:
    """Return the marks of all readers in one modality as one reading of that many times the cases.

    Parameters
    ----------
    study : FrocStudy
        Marks of all readers.
    modality : int
        From 0.

    Returns
    -------
    FrocReading
        For curves of a modality. It takes the ratings of all readers as one scale; its cases
        repeat, so that no standard error may be made from it.

    References
    ----------
    Chakraborty DP, Berbaum KS. Med Phys 2004;31:2313-2330. doi:10.1118/1.1769352

    Examples
    --------
    >>> from toolkit.stats.froc.studies import froc_study
    >>> study = froc_study(n_cases=2, lesion_case=[1], lesion_rating=[[[3.0], [1.0]]],
    ...                    nl_case=[0], nl_rating=[2.0], nl_reader=[1])
    >>> pooled = pooled_reading(study)
    >>> pooled.truth.n_cases, pooled.nl_case.tolist(), pooled.lesion_rating.tolist()
    (4, [2], [3.0, 1.0])
    """
    readings = [study.reading(reader, modality) for reader in range(len(study.readers))]
    n_readers, n_cases = len(readings), study.truth.n_cases
    shift = np.repeat(np.arange(n_readers) * n_cases, study.truth.lesion_case.size)
    floors = {reading.export_floor for reading in readings}
    return FrocReading(
        truth=FrocTruth(
            lesion_case=np.tile(study.truth.lesion_case, n_readers) + shift,
            lesion_weight=np.tile(study.truth.lesion_weight, n_readers),
            n_images=np.tile(study.truth.n_images, n_readers),
        ),
        lesion_rating=np.concatenate([reading.lesion_rating for reading in readings]),
        nl_case=np.concatenate(
            [reading.nl_case + number * n_cases for number, reading in enumerate(readings)]
        ),
        nl_rating=np.concatenate([reading.nl_rating for reading in readings]),
        export_floor=floors.pop() if len(floors) == 1 else None,
        n_readers=n_readers,
    )


WEIGHT_TOLERANCE = 1e-9


def froc_study(  # noqa: PLR0913 - lesions and marks are two tables with several columns each
    *,
    n_cases: int,
    lesion_case: ArrayLike,
    lesion_rating: ArrayLike,
    nl_case: ArrayLike,
    nl_rating: ArrayLike,
    nl_reader: ArrayLike | None = None,
    nl_modality: ArrayLike | None = None,
    lesion_weight: ArrayLike | None = None,
    n_images: ArrayLike | None = None,
    readers: tuple[str, ...] = (),
    modalities: tuple[str, ...] = (),
    export_floor: tuple[float, ...] = (),
) -> FrocStudy:
    """Check the marks of a study and hold them in order.

    Parameters
    ----------
    n_cases : int
        Cases, with and without lesions. Every reader read every case in every modality.
    lesion_case : array_like of int, shape (n_lesions,)
        Case of each lesion, from 0.
    lesion_rating : array_like, shape (n_lesions, n_readers, n_modalities)
        Highest mark on each lesion, higher is more suspicious; ``-inf`` where it is unmarked.
    nl_case, nl_rating : array_like, shape (n_marks,)
        Case and rating of every NL mark. ``-inf`` is allowed for ``roi`` alone, where it stands
        for a region rated lowest, and counts nowhere else as a mark.
    nl_reader, nl_modality : array_like of int, shape (n_marks,), optional
        Reader and modality of each mark, from 0; the first if not given.
    lesion_weight : array_like, shape (n_lesions,), optional
        Weights that add up to 1 in each case; 1 / lesions of the case if not given.
    n_images : array_like of int, shape (n_cases,), optional
        Images of each case; 1 if not given.
    readers, modalities : tuple of str
        Names along the axes; numbers from 1 if not given.
    export_floor : tuple of float, optional
        For each reader the lowest score that an AI delivers, ``-inf`` for people.

    Returns
    -------
    FrocStudy

    Raises
    ------
    ValueError
        If shapes do not fit, an index is out of range, a rating is NaN or +inf, weights do not
        add up to 1, or a mark lies below the floor of its reader.

    Examples
    --------
    >>> study = froc_study(
    ...     n_cases=3, lesion_case=[2], lesion_rating=[[[4.0]]], nl_case=[0, 0], nl_rating=[1, 2])
    >>> study.reading().highest_nl().tolist(), study.truth.diseased.tolist()
    ([2.0, -inf, -inf], [False, False, True])
    """
    truth = _truth(n_cases, lesion_case, lesion_weight, n_images)
    rating = check_ratings(
        lesion_rating,
        n_cases=truth.lesion_case.size,
        name="lesion_rating",
        axes=("n_readers", "n_modalities"),
    )
    marks = check_ratings(nl_rating, n_cases=np.size(nl_rating), name="nl_rating", axes=())
    for name, numbers in (("lesion_rating", rating), ("nl_rating", marks)):
        _refuse_infinite(numbers, name)
    case = _index(nl_case, name="nl_case", size=marks.size, below=truth.n_cases)
    n_readers, n_modalities = rating.shape[1:]
    of_reader = _index(nl_reader, name="nl_reader", size=marks.size, below=n_readers)
    of_modality = _index(nl_modality, name="nl_modality", size=marks.size, below=n_modalities)
    curve = of_reader * n_modalities + of_modality
    order = np.argsort(curve, kind="stable")
    study = FrocStudy(
        truth=truth,
        lesion_rating=rating,
        nl_case=case[order],
        nl_rating=marks[order],
        nl_starts=np.searchsorted(curve[order], np.arange(n_readers * n_modalities + 1)),
        readers=_names(readers, n_readers, "readers"),
        modalities=_names(modalities, n_modalities, "modalities"),
    )
    return _with_floor(study, export_floor)


def lroc_study(
    truth: ArrayLike,
    ratings: ArrayLike,
    correct: ArrayLike,
    *,
    readers: tuple[str, ...] = (),
    modalities: tuple[str, ...] = (),
) -> FrocStudy:
    """Return a study in which every reading is one rating and one place.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, with one lesion; 0 healthy.
    ratings : array_like, shape (n_cases, n_readers, n_modalities)
        Higher is more suspicious; the rating of the one marked place of each case.
    correct : array_like of 0 and 1, shape (n_cases, n_readers, n_modalities)
        Whether the marked place is the lesion; 0 on healthy cases.
    readers, modalities : tuple of str
        Names along the axes.

    Returns
    -------
    FrocStudy
        A wrong place is an NL mark, also on a diseased case, whose lesion is then unmarked.

    Raises
    ------
    ValueError
        If an argument is malformed, or a place on a healthy case is said to be correct.

    Examples
    --------
    >>> study = lroc_study([0, 1, 1], [[[1.0]], [[3.0]], [[2.0]]], [[[0]], [[1]], [[0]]])
    >>> study.lesion_rating[:, 0, 0].tolist(), study.nl_rating.tolist()
    ([3.0, -inf], [1.0, 2.0])
    """
    diseased = check_truth(truth)
    axes = ("n_readers", "n_modalities")
    numbers = check_ratings(ratings, n_cases=diseased.size, axes=axes)
    _refuse_infinite(numbers, "ratings")
    hit = check_ratings(correct, n_cases=diseased.size, name="correct", axes=axes)
    if hit.shape != numbers.shape or not np.isin(hit, (0, 1)).all():
        msg = (
            f"correct must hold 0 or 1 for each of the ratings, shape {numbers.shape}, but got "
            f"shape {hit.shape} with values from {hit.min():g} to {hit.max():g}"
        )
        raise ValueError(msg)
    if (wrong := hit[~diseased] == 1).any():
        msg = (
            f"correct must be 0 on cases without a lesion, but {int(wrong.sum())} such readings "
            "are said to have found one; check truth"
        )
        raise ValueError(msg)
    case, reader, modality = np.nonzero(hit == 0)
    return froc_study(
        n_cases=diseased.size,
        lesion_case=np.flatnonzero(diseased),
        lesion_rating=np.where(hit == 1, numbers, -np.inf)[diseased],
        nl_case=case,
        nl_rating=numbers[case, reader, modality],
        nl_reader=reader,
        nl_modality=modality,
        readers=readers,
        modalities=modalities,
    )


def roi_study(
    case: ArrayLike,
    truth: ArrayLike,
    ratings: ArrayLike,
    *,
    n_cases: int,
    readers: tuple[str, ...] = (),
    modalities: tuple[str, ...] = (),
) -> FrocStudy:
    """Return a study in which every region of every case has a truth and a rating [1]_.

    Parameters
    ----------
    case : array_like of int, shape (n_regions,)
        Case of each region, from 0.
    truth : array_like, shape (n_regions,)
        1 where the region holds a lesion.
    ratings : array_like, shape (n_regions, n_readers, n_modalities)
        Higher is more suspicious.
    n_cases : int
        Cases.
    readers, modalities : tuple of str
        Names along the axes.

    Returns
    -------
    FrocStudy
        For ``roi``: each region without a lesion is one NL rating.

    Raises
    ------
    ValueError
        If an argument is malformed.

    Notes
    -----
    The table of ``froc_fom_table`` with ``roi`` leaves out one case after the other, with all of
    its regions, and has all inference of reader studies. The figure is that of
    ``toolkit.stats.mrmc.compare_modalities(truth, ratings, cluster=case)``, whose default
    covariance is Obuchowski's of clusters [2]_; regions of one case are never taken as independent.

    References
    ----------
    .. [1] Obuchowski NA, Lieber ML, Powell KA. Acad Radiol 2000;7:516-525.
       doi:10.1016/S1076-6332(00)80324-4
    .. [2] Obuchowski NA. Biometrics 1997;53:567-578. doi:10.2307/2533958

    Examples
    --------
    >>> study = roi_study([0, 0, 1, 1], [0, 1, 0, 0], [[[1]], [[3]], [[2]], [[1]]], n_cases=2)
    >>> study.nl_rating.tolist(), study.lesion_rating[:, 0, 0].tolist()
    ([1.0, 2.0, 1.0], [3.0])
    """
    has_lesion = check_truth(truth)
    axes = ("n_readers", "n_modalities")
    numbers = check_ratings(ratings, n_cases=has_lesion.size, axes=axes)
    _refuse_infinite(numbers, "ratings")
    place = _index(case, name="case", size=has_lesion.size, below=n_cases)
    region, reader, modality = np.nonzero(
        np.broadcast_to(~has_lesion[:, None, None], numbers.shape)
    )
    return froc_study(
        n_cases=n_cases,
        lesion_case=place[has_lesion],
        lesion_rating=numbers[has_lesion],
        nl_case=place[region],
        nl_rating=numbers[region, reader, modality],
        nl_reader=reader,
        nl_modality=modality,
        readers=readers,
        modalities=modalities,
    )


def _truth(
    n_cases: int,
    lesion_case: ArrayLike,
    lesion_weight: ArrayLike | None,
    n_images: ArrayLike | None,
) -> FrocTruth:
    """Return the checked lesions."""
    count = check_count(n_cases, name="n_cases")
    case = _index(lesion_case, name="lesion_case", size=np.size(lesion_case), below=count)
    images = np.ones(count, dtype=np.int64)
    if n_images is not None:
        images = check_counts(n_images, name="n_images")
        if images.size != count or (images == 0).any():
            msg = (
                f"n_images must hold a count of 1 or more for each of {count} cases, but got "
                f"{images.size} counts, the smallest {images.min(initial=0)}"
            )
            raise ValueError(msg)
    per_case = np.bincount(case, minlength=count)
    if lesion_weight is None:
        return FrocTruth(lesion_case=case, lesion_weight=1 / per_case[case], n_images=images)
    weight = check_ratings(lesion_weight, n_cases=case.size, name="lesion_weight", axes=())
    total = np.bincount(case, weights=weight, minlength=count)
    wrong = (per_case > 0) & ~(np.abs(total - 1) <= WEIGHT_TOLERANCE)
    if wrong.any() or not (weight >= 0).all():
        place = int(np.argmax(wrong))
        msg = (
            "lesion_weight must be 0 or more and add up to 1 in each case, but the weights of case "
            f"{place} add up to {total[place]:.12g} ({int(wrong.sum())} such cases); correct them, "
            "or leave them out for 1 / lesions"
        )
        raise ValueError(msg)
    return FrocTruth(lesion_case=case, lesion_weight=weight, n_images=images)


def _index(values: ArrayLike | None, *, name: str, size: int, below: int) -> IntArray:
    """Return whole numbers from 0 to below ``below``; zeros if not given."""
    if values is None:
        return np.zeros(size, dtype=np.int64)
    numbers = check_counts(values, name=name) if np.size(values) else np.zeros(0, dtype=np.int64)
    if numbers.size != size:
        msg = f"{name} must have {size} entries, one a mark or lesion, but got {numbers.size}"
        raise ValueError(msg)
    if (wrong := numbers >= below).any():
        place = int(np.argmax(wrong))
        msg = (
            f"{name} must be below {below}, counted from 0, but position {place} holds "
            f"{int(numbers[place])}"
        )
        raise ValueError(msg)
    return numbers


def _refuse_infinite(numbers: FloatArray, name: str) -> None:
    """Refuse a rating of +inf, above which nothing could be set."""
    if (numbers == np.inf).any():
        msg = f"{name} must not hold +inf ({int((numbers == np.inf).sum())} do); rate on a scale"
        raise ValueError(msg)


def _names(given: tuple[str, ...], count: int, what: str) -> tuple[str, ...]:
    """Return names, numbers from 1 if none are given."""
    if given and len(given) != count:
        msg = f"{what} must name {count} {what}, but got {len(given)}"
        raise ValueError(msg)
    return given or tuple(str(number + 1) for number in range(count))


def _with_floor(study: FrocStudy, export_floor: tuple[float, ...]) -> FrocStudy:
    """Return the study with its export floors; refuse marks below them."""
    if not export_floor:
        return study
    n_readers, n_modalities = study.shape
    if len(export_floor) != n_readers or any(np.isnan(export_floor)):
        msg = (
            f"export_floor must hold a number for each of {n_readers} readers, -inf for people, "
            f"but got {export_floor}"
        )
        raise ValueError(msg)
    for reader, floor in enumerate(export_floor):
        lesions = study.lesion_rating[:, reader]
        first, last = study.nl_starts[[reader * n_modalities, (reader + 1) * n_modalities]]
        below = int((lesions[lesions > -np.inf] < floor).sum())
        below += int((study.nl_rating[first:last] < floor).sum())
        if below:
            msg = (
                f"{below} marks of reader {study.readers[reader]} lie below its export floor "
                f"{floor:g}; correct the floor, which is the lowest score delivered"
            )
            raise ValueError(msg)
    return replace(study, export_floor=tuple(float(floor) for floor in export_floor))
