"""The endpoints of a paired screening study: differences and ratios, the second way to the first.

A cancer counts for a reading that recalled the woman. A recalled woman whose work-up is pending
counts as recalled, and neither as a cancer nor as none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.chapters.analysis import Summarised, Tables
from toolkit.results import Better, Comparison
from toolkit.scoring.screening import PairedScreening, paired_screening
from toolkit.scoring.verdicts import Tests, flagged, mcnemar_tests
from toolkit.stats.paired import (
    PairedCounts,
    geometric_ratio_ci,
    mean_difference_ci,
    paired_counts,
    paired_difference_ci,
    paired_ratio_ci,
    ppv_difference_ci,
    ppv_ratio_ci,
)
from toolkit.stats.proportions import per_1000

LABELS: Mapping[str, Any] = {"label_a": "reading without AI", "label_b": "reading with AI"}
SMALL_MM = 10.0
DENSE = ("C", "D")
NOT_DENSE = ("A", "B")


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedEndpoint:
    """An event by woman and reading: its paired table, difference and ratio.

    ``counts.neither`` are the women in whom neither reading led to the event.
    """

    counts: PairedCounts
    difference: Comparison
    ratio: Comparison

    @property
    def difference_per_1000(self) -> Comparison:
        """The difference per 1,000 women."""
        return per_1000(self.difference)


@dataclass(frozen=True, kw_only=True, eq=False)
class Subgroup:
    """Cancers found in some women, or cancers of some kind, then without those nobody found."""

    label: str
    counts: PairedCounts
    ratio: Comparison


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ProspectiveStudy(Summarised):
    """All endpoints of a paired screening study.

    Parameters
    ----------
    women : PairedScreening
        The pairs.
    follow_up_months_needed : float
        Follow-up after which a woman whom nobody recalled counts as free of cancer.
    ci_level : float
        Confidence level of all intervals.
    detection, recall : PairedEndpoint
        Cancers found, per 1,000 women whose outcome is not pending; women recalled.
    ppv_difference, ppv_ratio : Comparison
        Cancers among the recalled whose work-up is done.
    biopsy : PairedEndpoint or None
        Biopsies after a recall by each reading; None where none is recorded.
    readings : Comparison
        Readings a woman, difference of means.
    time : Comparison or None
        Ratio of reading times, readers random; None where no reader was timed both ways.
    cancer, no_cancer : PairedCounts
        Recalls of women in whom a reading found a cancer, and of all others but the pending.
    cancer_tests, no_cancer_tests : tuple of McNemarTest
        Mid-P and exact. Those of cancers are of the discordant pairs of ``detection``, whose notes
        say where they disagree with its intervals.
    subgroups : tuple of Subgroup
        Subgroups that the data hold.
    kinds : mapping of str to PairedCounts
        The cancers found by type and size; every one is in exactly one kind.
    """

    women: PairedScreening
    follow_up_months_needed: float
    ci_level: float
    detection: PairedEndpoint
    recall: PairedEndpoint
    ppv_difference: Comparison
    ppv_ratio: Comparison
    biopsy: PairedEndpoint | None
    readings: Comparison
    time: Comparison | None
    cancer: PairedCounts
    no_cancer: PairedCounts
    cancer_tests: Tests
    no_cancer_tests: Tests
    subgroups: tuple[Subgroup, ...]
    kinds: Mapping[str, PairedCounts]

    @property
    def pending(self) -> tuple[int, int, int]:
        """Women recalled whose outcome is not known yet: by either, by a and by b."""
        pending = self.women.pending
        first, second = (pending[:, None] & (self.women.call == 1)).sum(axis=0)
        return int(pending.sum()), int(first), int(second)

    @property
    def n_not_recalled(self) -> int:
        """Women whom neither reading recalled."""
        return int((~self.women.recalled).sum())

    @property
    def n_not_followed(self) -> int:
        """Women whom neither reading recalled, followed too briefly to be free of cancer."""
        return int(self.women.not_followed(self.follow_up_months_needed).sum())

    @property
    def mature(self) -> bool:
        """Whether it is known of every woman if she had a cancer."""
        return self.n_not_followed == 0

    def summary(self) -> dict[str, str]:
        """Return the women, the pairs of each endpoint and what is pending."""
        return {
            "women": f"{self.women.n_women:,} of {self.women.n_enrolled:,}, read both ways",
            "cancers found": _pairs(self.detection.counts),
            "recalled": _pairs(self.recall.counts),
            "work-up pending": str(self.pending[0]),
            "not followed": f"{self.n_not_followed:,} of {self.n_not_recalled:,} not recalled",
            "subgroups": ", ".join(group.label for group in self.subgroups) or "none",
        }


def _pairs(counts: PairedCounts) -> str:
    """Return the counts of both readings."""
    return f"{counts.positive_a:,} without AI, {counts.positive_b:,} with AI"


def analyse(
    tables: Tables,
    *,
    modality_without: str,
    modality_with: str,
    detection_ratio_margin: float | None,
    recall_difference_margin: float | None,
    follow_up_months_needed: float,
    ci_level: float,
) -> ProspectiveStudy:
    """Compare two readings of the same women in every endpoint that the data allow.

    Parameters
    ----------
    tables : Tables
        Cases, readers and readings, and lesions for the size of the cancers.
    modality_without, modality_with : str
        Comparator and what is compared with it.
    detection_ratio_margin : float or None
        Lowest ratio of cancers found that still counts as not inferior.
    recall_difference_margin : float or None
        Highest difference of recall rates, as a share, that still does.
    follow_up_months_needed, ci_level : float
        Kept in the study.

    Returns
    -------
    ProspectiveStudy
        A quantity that is not defined is NaN with a note.

    Notes
    -----
    Intervals take women as random and independent; only that of the reading time takes readers as
    random. How many cancers both readings missed is not known before every woman has been
    followed, and no endpoint here depends on it.
    """
    women = paired_screening(
        tables.readings,
        tables.readers,
        tables.cases,
        tables.optional("lesions"),
        modality_a=modality_without,
        modality_b=modality_with,
    )
    cancer, no_cancer = _recalls(women, follow_up_months_needed)
    cancer_tests = mcnemar_tests(cancer, quantity="detection_rate", **LABELS)
    return ProspectiveStudy(
        women=women,
        follow_up_months_needed=follow_up_months_needed,
        ci_level=ci_level,
        **_accuracy(women, cancer_tests, detection_ratio_margin, ci_level),
        recall=_endpoint(
            _counts(women.call == 1, np.ones(women.n_women, dtype=bool)),
            quantity="recall_rate",
            better="lower",
            difference_margin=recall_difference_margin,
            ci_level=ci_level,
        ),
        biopsy=_biopsies(women, ci_level),
        readings=mean_difference_ci(
            *women.n_readings.T,
            unit="readings",
            quantity="readings_per_woman",
            better="lower",
            ci_level=ci_level,
            **LABELS,
        ),
        time=_time(women.reader_times_s, ci_level),
        cancer=cancer,
        no_cancer=no_cancer,
        cancer_tests=cancer_tests,
        no_cancer_tests=mcnemar_tests(no_cancer, quantity="recall_rate_without_cancer", **LABELS),
        subgroups=_subgroups(women, ci_level),
        kinds=_kinds(women),
    )


def _accuracy(
    women: PairedScreening, tests: Tests, ratio_margin: float | None, ci_level: float
) -> dict[str, Any]:
    """Return the cancers found, flagged where McNemar disagrees, and the predictive values."""
    found = _counts(women.found, ~women.pending)
    others = _counts(women.call == 1, ~women.pending & (women.truth != 1))
    detection = _endpoint(
        found,
        quantity="detection_rate",
        better="higher",
        ratio_margin=ratio_margin,
        ci_level=ci_level,
    )
    shared: dict[str, Any] = {"better": "higher", "ci_level": ci_level, **LABELS}
    return {
        "detection": PairedEndpoint(
            counts=found,
            difference=flagged(detection.difference, tests),
            ratio=flagged(detection.ratio, tests),
        ),
        "ppv_difference": ppv_difference_ci(found, others, **shared),
        "ppv_ratio": ppv_ratio_ci(found, others, **shared),
    }


def _counts(event: BoolArray, rows: BoolArray) -> PairedCounts:
    """Return the paired table of an event, shape (n_women, 2), in some women."""
    return paired_counts(event[rows, 0], event[rows, 1])


def _recalls(
    women: PairedScreening, follow_up_months_needed: float
) -> tuple[PairedCounts, PairedCounts]:
    """Return the recalls of women with a cancer found and of all others but the pending.

    Until every woman has been followed, cancers that nobody recalled are not known: those women
    stand among the others.
    """
    mature = not women.not_followed(follow_up_months_needed).any()
    sick = (women.truth == 1) & (women.recalled | mature)
    called = women.call == 1
    cancer = _counts(called, sick)
    if not mature:
        cancer = _among_found(cancer)
    return cancer, _counts(called, ~sick & ~women.pending)


def _endpoint(
    counts: PairedCounts,
    *,
    quantity: str,
    better: Better,
    ci_level: float,
    ratio_margin: float | None = None,
    difference_margin: float | None = None,
) -> PairedEndpoint:
    """Return difference and ratio of the shares of women with an event."""
    shared: dict[str, Any] = {"better": better, "quantity": quantity, "ci_level": ci_level}
    return PairedEndpoint(
        counts=counts,
        difference=paired_difference_ci(counts, margin=difference_margin, **shared, **LABELS),
        ratio=paired_ratio_ci(counts, margin=ratio_margin, **shared, **LABELS),
    )


def _biopsies(women: PairedScreening, ci_level: float) -> PairedEndpoint | None:
    """Return biopsies after a recall by each reading, in women of whom it is known."""
    unknown = women.recalled & np.isnan(women.biopsied)
    if np.isnan(women.biopsied).all():
        return None
    after = (women.call == 1) & (women.biopsied == 1)[:, None]
    counts = _counts(after, ~unknown)
    return _endpoint(counts, quantity="biopsy_rate", better="lower", ci_level=ci_level)


def _time(times_s: FloatArray, ci_level: float) -> Comparison | None:
    """Return the ratio of reading times over readers."""
    if not times_s.size:
        return None
    return geometric_ratio_ci(
        *times_s.T, better="lower", quantity="reading_time", ci_level=ci_level, **LABELS
    )


def _subgroups(women: PairedScreening, ci_level: float) -> tuple[Subgroup, ...]:
    """Return the cancers found by density, by indication and by kind, as far as recorded."""
    invasive = women.cancer_type == "invasive"
    by_woman = {
        "Dense breasts, C or D": np.isin(women.density, DENSE),
        "Breasts A or B": np.isin(women.density, NOT_DENSE),
        **_by_indication(women),
    }
    groups = {
        label: _counts(women.found, rows & ~women.pending)
        for label, rows in by_woman.items()
        if (rows & ~women.pending).any()
    }
    groups |= _found_of(
        women,
        {
            "Invasive cancers": invasive,
            f"Invasive, {SMALL_MM:g} mm or less": invasive & (women.size_mm <= SMALL_MM),
        },
    )
    shared: dict[str, Any] = {"better": "higher", "ci_level": ci_level, **LABELS}
    return tuple(
        Subgroup(
            label=label,
            counts=counts,
            ratio=paired_ratio_ci(counts, quantity="detection_rate", **shared),
        )
        for label, counts in groups.items()
    )


def _found_of(women: PairedScreening, kinds: Mapping[str, BoolArray]) -> dict[str, PairedCounts]:
    """Return the cancers found of each kind; kinds without a cancer are left out."""
    found = women.found
    counted = {
        label: _among_found(_counts(found, np.asarray(rows & found.any(axis=1))))
        for label, rows in kinds.items()
    }
    return {label: n for label, n in counted.items() if n.both + n.n_discordant}


def _by_indication(women: PairedScreening) -> dict[str, BoolArray]:
    """Return the women of each indication, where the study has more than one."""
    names = sorted({str(name) for name in women.indication if name})
    if len(names) < 2:
        return {}
    return {
        name.replace("_", "-").capitalize(): np.asarray(women.indication == name) for name in names
    }


def _among_found(counts: PairedCounts) -> PairedCounts:
    """Return the counts of cancers found: how many nobody found is not known."""
    return PairedCounts(both=counts.both, only_b=counts.only_b, only_a=counts.only_a)


def _kinds(women: PairedScreening) -> dict[str, PairedCounts]:
    """Return the cancers found by type and size."""
    invasive = women.cancer_type == "invasive"
    size = women.size_mm
    kinds = {
        "DCIS": women.cancer_type == "in_situ",
        "Invasive, 10 mm or less": invasive & (size <= SMALL_MM),
        "Invasive, 11–20 mm": invasive & (size > SMALL_MM) & (size <= 20),
        "Invasive, over 20 mm": invasive & (size > 20),
        "Invasive, size not recorded": invasive & np.isnan(size),
        "Other type": women.cancer_type == "other",
        "Type not recorded": women.cancer_type == "",
    }
    return _found_of(women, kinds)
