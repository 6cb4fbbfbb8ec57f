"""The endpoints of a paired screening study: differences and ratios, the second way to the first.

A cancer counts for a reading that recalled the woman. A recalled woman whose work-up is pending
counts as recalled, and neither as a cancer nor as none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.results import Better, Comparison
from toolkit.scoring.mcnemar_verdicts import Tests, flagged, mcnemar_tests
from toolkit.scoring.screening import PairedScreening
from toolkit.stats.paired.counts import PairedCounts, paired_counts
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.paired.means import geometric_ratio_ci, mean_difference_ci
from toolkit.stats.paired.predictive_values import ppv_difference_ci, ppv_ratio_ci
from toolkit.stats.paired.ratios import paired_ratio_ci
from toolkit.stats.proportions.one import per_1000

SMALL_MM = 10.0
DENSE = ("C", "D")
NOT_DENSE = ("A", "B")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the plan fixes.

    Parameters
    ----------
    label_a, label_b : str
        How sentences name the two readings.
    detection_ratio_margin : float or None
        Lowest ratio of cancers found that still counts as not inferior.
    recall_difference_margin : float or None
        Highest difference of recall rates, as a share, that still does.
    follow_up_months_needed : float
        Follow-up after which a woman whom nobody recalled counts as free of cancer.
    ci_level : float
        Confidence level of all intervals.
    """

    label_a: str = "reading without AI"
    label_b: str = "reading with AI"
    detection_ratio_margin: float | None = 0.85
    recall_difference_margin: float | None = 0.01
    follow_up_months_needed: float = 24.0
    ci_level: float = 0.95


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedEndpoint:
    """An event by woman and reading: its paired table, difference and ratio.

    ``counts.neither`` are the women in whom neither reading led to the event.
    """

    counts: PairedCounts
    difference: Comparison
    ratio: Comparison


@dataclass(frozen=True, kw_only=True, eq=False)
class Subgroup:
    """Cancers found in some women, or cancers of some kind.

    ``of_women`` is False for a kind of cancer: then ``n`` counts those cancers, else women.
    """

    label: str
    of_women: bool
    n: int
    counts: PairedCounts
    ratio: Comparison


@dataclass(frozen=True, kw_only=True, eq=False)
class ScreeningComparison:
    """All endpoints of a paired screening study.

    Parameters
    ----------
    women : PairedScreening
        The pairs.
    plan : Plan
        What was fixed.
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
        Planned subgroups that the data hold.
    n_pending, n_pending_a, n_pending_b : int
        Women recalled, by either and by each reading, whose outcome is not known yet.
    n_not_recalled, n_not_followed : int
        Women whom neither reading recalled; of these followed too briefly to be free of cancer.
    """

    women: PairedScreening
    plan: Plan
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
    n_pending: int
    n_pending_a: int
    n_pending_b: int
    n_not_recalled: int
    n_not_followed: int

    @property
    def mature(self) -> bool:
        """Whether it is known of every woman if she had a cancer."""
        return self.n_not_followed == 0


def compare_screening(women: PairedScreening, plan: Plan) -> ScreeningComparison:
    """Compare two readings of the same women in every endpoint that the data allow.

    Parameters
    ----------
    women : PairedScreening
        The pairs.
    plan : Plan
        Margins, labels, follow-up needed and confidence level.

    Returns
    -------
    ScreeningComparison
        A quantity that is not defined is NaN with a note.

    Notes
    -----
    Intervals take women as random and independent; only that of the reading time takes readers as
    random. How many cancers both readings missed is not known before every woman has been
    followed, and no endpoint here depends on it.
    """
    pending, found = women.pending, women.found
    cancer, no_cancer = _recalls(women, plan)
    others = _counts(women.call == 1, ~pending & (women.truth != 1))
    not_followed = women.not_followed(plan.follow_up_months_needed)
    shared = _shared(plan)
    found_pairs = _counts(found, ~pending)
    detection = _endpoint(
        found_pairs,
        plan,
        quantity="detection_rate",
        better="higher",
        ratio_margin=plan.detection_ratio_margin,
    )
    cancer_tests = mcnemar_tests(cancer, quantity="detection_rate", **_labels(plan))
    return ScreeningComparison(
        women=women,
        plan=plan,
        detection=PairedEndpoint(
            counts=found_pairs,
            difference=flagged(detection.difference, cancer_tests),
            ratio=flagged(detection.ratio, cancer_tests),
        ),
        recall=_endpoint(
            _counts(women.call == 1, np.ones(women.n_women, dtype=bool)),
            plan,
            quantity="recall_rate",
            better="lower",
            difference_margin=plan.recall_difference_margin,
        ),
        ppv_difference=ppv_difference_ci(found_pairs, others, better="higher", **shared),
        ppv_ratio=ppv_ratio_ci(found_pairs, others, better="higher", **shared),
        biopsy=_biopsies(women, plan),
        readings=mean_difference_ci(
            women.n_readings[:, 0],
            women.n_readings[:, 1],
            unit="readings",
            quantity="readings_per_woman",
            better="lower",
            **shared,
        ),
        time=_time(women.reader_times_s, plan),
        cancer=cancer,
        no_cancer=no_cancer,
        cancer_tests=cancer_tests,
        no_cancer_tests=mcnemar_tests(
            no_cancer, quantity="recall_rate_without_cancer", **_labels(plan)
        ),
        subgroups=_subgroups(women, plan),
        n_pending=int(pending.sum()),
        n_pending_a=int((pending & (women.call[:, 0] == 1)).sum()),
        n_pending_b=int((pending & (women.call[:, 1] == 1)).sum()),
        n_not_recalled=int((~women.recalled).sum()),
        n_not_followed=int(not_followed.sum()),
    )


def _shared(plan: Plan) -> dict[str, Any]:
    """Return confidence level and names of both readings as arguments of a statistic."""
    return {"ci_level": plan.ci_level, **_labels(plan)}


def _labels(plan: Plan) -> dict[str, str]:
    """Return the names of both readings as arguments of a statistic."""
    return {"label_a": plan.label_a, "label_b": plan.label_b}


def _counts(event: BoolArray, rows: BoolArray) -> PairedCounts:
    """Return the paired table of an event, shape (n_women, 2), in some women."""
    return paired_counts(event[rows, 0], event[rows, 1])


def _recalls(women: PairedScreening, plan: Plan) -> tuple[PairedCounts, PairedCounts]:
    """Return the recalls of women with a cancer found and of all others but the pending.

    Until every woman has been followed, cancers that nobody recalled are not known: those women
    stand among the others.
    """
    mature = not women.not_followed(plan.follow_up_months_needed).any()
    sick = (women.truth == 1) & (women.recalled | mature)
    called = women.call == 1
    cancer = _counts(called, sick)
    if not mature:
        cancer = PairedCounts(both=cancer.both, only_b=cancer.only_b, only_a=cancer.only_a)
    return cancer, _counts(called, ~sick & ~women.pending)


def _endpoint(
    counts: PairedCounts,
    plan: Plan,
    *,
    quantity: str,
    better: Better,
    ratio_margin: float | None = None,
    difference_margin: float | None = None,
) -> PairedEndpoint:
    """Return difference and ratio of the shares of women with an event."""
    return PairedEndpoint(
        counts=counts,
        difference=paired_difference_ci(
            counts,
            margin=difference_margin,
            better=better,
            quantity=quantity,
            **_shared(plan),
        ),
        ratio=paired_ratio_ci(
            counts,
            margin=ratio_margin,
            better=better,
            quantity=quantity,
            **_shared(plan),
        ),
    )


def rate_difference(endpoint: PairedEndpoint) -> Comparison:
    """Return the difference of an endpoint per 1,000 women."""
    return per_1000(endpoint.difference)


def _biopsies(women: PairedScreening, plan: Plan) -> PairedEndpoint | None:
    """Return biopsies after a recall by each reading, in women of whom it is known."""
    unknown = women.recalled & np.isnan(women.biopsied)
    if np.isnan(women.biopsied).all():
        return None
    after = (women.call == 1) & (women.biopsied == 1)[:, None]
    return _endpoint(_counts(after, ~unknown), plan, quantity="biopsy_rate", better="lower")


def _time(times_s: FloatArray, plan: Plan) -> Comparison | None:
    """Return the ratio of reading times over readers."""
    if not times_s.size:
        return None
    return geometric_ratio_ci(
        times_s[:, 0],
        times_s[:, 1],
        better="lower",
        quantity="reading_time",
        **_shared(plan),
    )


def _subgroups(women: PairedScreening, plan: Plan) -> tuple[Subgroup, ...]:
    """Return the cancers found by density, by indication and by kind, as far as recorded."""
    invasive = women.cancer_type == "invasive"
    small = invasive & (women.size_mm <= SMALL_MM)
    by_woman = [
        ("Dense breasts, C or D", np.isin(women.density, DENSE)),
        ("Breasts A or B", np.isin(women.density, NOT_DENSE)),
        *_by_indication(women),
    ]
    by_cancer = [
        ("Invasive cancers", invasive),
        (f"Invasive, {SMALL_MM:g} mm or less", small),
    ]
    groups = [(label, rows & ~women.pending, True) for label, rows in by_woman]
    groups += [(label, rows & women.found.any(axis=1), False) for label, rows in by_cancer]
    return tuple(
        _subgroup(women, plan, label=label, rows=rows, of_women=of_women)
        for label, rows, of_women in groups
        if rows.any()
    )


def _by_indication(women: PairedScreening) -> list[tuple[str, BoolArray]]:
    """Return the women of each indication, where the study has more than one."""
    names = sorted({str(name) for name in women.indication if name})
    if len(names) < 2:
        return []
    return [
        (name.replace("_", "-").capitalize(), np.asarray(women.indication == name))
        for name in names
    ]


def _subgroup(
    women: PairedScreening, plan: Plan, *, label: str, rows: BoolArray, of_women: bool
) -> Subgroup:
    """Return the cancers found in one subgroup and their ratio."""
    counts = _counts(women.found, rows)
    if not of_women:  # how many such cancers nobody found is not known
        counts = PairedCounts(both=counts.both, only_b=counts.only_b, only_a=counts.only_a)
    ratio = paired_ratio_ci(counts, better="higher", quantity="detection_rate", **_shared(plan))
    return Subgroup(label=label, of_women=of_women, n=int(rows.sum()), counts=counts, ratio=ratio)


@dataclass(frozen=True, kw_only=True)
class CancerKind:
    """Cancers of one kind by who found them."""

    label: str
    both: int
    only_b: int
    only_a: int


def cancer_kinds(women: PairedScreening) -> tuple[CancerKind, ...]:
    """Return the cancers found, by type and size; every one is in exactly one kind.

    Parameters
    ----------
    women : PairedScreening
        The pairs.

    Returns
    -------
    tuple of CancerKind
        Kinds without a cancer are left out.
    """
    invasive = women.cancer_type == "invasive"
    size = women.size_mm
    kinds: list[tuple[str, BoolArray]] = [
        ("DCIS", np.asarray(women.cancer_type == "in_situ")),
        ("Invasive, 10 mm or less", invasive & (size <= SMALL_MM)),
        ("Invasive, 11–20 mm", invasive & (size > SMALL_MM) & (size <= 20)),
        ("Invasive, over 20 mm", invasive & (size > 20)),
        ("Invasive, size not recorded", invasive & np.isnan(size)),
        ("Other type", np.asarray(women.cancer_type == "other")),
        ("Type not recorded", np.asarray(women.cancer_type == "")),
    ]
    found = women.found
    counted = [(label, _counts(found, rows & found.any(axis=1))) for label, rows in kinds]
    return tuple(
        CancerKind(label=label, both=c.both, only_b=c.only_b, only_a=c.only_a)
        for label, c in counted
        if c.both + c.n_discordant
    )


def reader_time_range(women: PairedScreening) -> tuple[float, float]:
    """Return the lowest and highest ratio of times of single readers; NaN without readers."""
    times = women.reader_times_s
    if not times.size:
        return math.nan, math.nan
    ratio = times[:, 1] / times[:, 0]
    return float(ratio.min()), float(ratio.max())
