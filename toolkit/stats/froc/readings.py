"""Marks of readers and the lesions that they were to find, as arrays.

A case is what has one truth and one highest non-lesion rating: an examination, a breast or an
image. It is diseased where it has a lesion. A non-lesion localization (NL) is a mark that hits no
lesion; a lesion has the rating of its highest mark, or ``-inf`` where the reader did not mark it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray


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
