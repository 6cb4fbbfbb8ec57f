"""What a bootstrap computes and what it draws: its arguments, checked once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray
from toolkit.stats._checks import Rng, check_count, check_rng
from toolkit.stats._resample import Units, case_units
from toolkit.stats.roc import RatingFom

Fom = RatingFom | Callable[[ArrayLike, ArrayLike], float]
Resample = str | Sequence[str]

MIN_READERS = 10

# With fewer cases (patients) of a class, intervals of a high AUC covered 80 to 93 % in
# simulations where 95 % is meant.
FEW_UNITS = 100

# A key that numpy's own spawn, which counts from 0, does not reach.
_SECOND_STREAM = 0x5EC0_0D00


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What is computed from which truth, what is drawn, how often, from which random numbers."""

    fom: Fom
    diseased: BoolArray
    drawn: frozenset[str]
    units: Units
    stratified: bool
    n_resamples: int
    seed: np.random.SeedSequence
    jobs: int | None

    @property
    def quantity(self) -> str:
        """Name of the figure of merit."""
        return str(self._mark("__name__", "figure of merit"))

    @property
    def unit(self) -> str:
        """Its unit, as far as its range tells."""
        return "probability" if self._mark("range", None) == (0.0, 1.0) else ""

    @property
    def n_cases(self) -> int:
        """Cases of both classes."""
        return self.diseased.size

    @property
    def n_positive(self) -> int:
        """Positive cases."""
        return int(self.diseased.sum())

    @property
    def n_clusters(self) -> int | None:
        """Patients; None where cases are not clustered."""
        return self.units.n_units if self.units.clustered else None

    @property
    def words(self) -> str:
        """What is drawn, in words."""
        unit = "patients" if self.units.clustered else "cases"
        strata = f"{unit} with and without a positive case" if self.units.clustered else "truth"
        cases = f"{unit} within strata of {strata}" if self.stratified else f"{unit}, unstratified"
        parts = {"reader": "readers", "case": cases}
        drawn = " and ".join(parts[name] for name in ("reader", "case") if name in self.drawn)
        return f"{self.n_resamples} bootstrap resamples of {drawn}"

    def _mark(self, name: str, default: Any) -> Any:
        """Return what the figure of merit, or the function in a functools.partial, says of it."""
        return getattr(self.fom, name, getattr(getattr(self.fom, "func", None), name, default))

    def class_units(self) -> dict[str, int]:
        """Cases, or patients with such a case, of each class that moves the figure of merit."""
        uses = self._mark("uses", "all")
        cases = {"positive": self.diseased, "negative": ~self.diseased}
        return {
            name: int(np.unique(self.units.unit[case]).size)
            for name, case in cases.items()
            if uses in ("all", name)
        }


def make_plan(  # noqa: PLR0913 - one argument for each choice that the user has
    fom: Fom,
    diseased: BoolArray,
    *,
    n_readers: int | None,
    resample: Resample = "case",
    stratified: bool,
    cluster: ArrayLike | None,
    cluster_name: str = "cluster",
    n_resamples: int,
    rng: Rng,
    jobs: int | None,
) -> Plan:
    """Check what is to be drawn; ``n_readers`` is None where there is one rating a case."""
    drawn = _check_resample(resample, n_readers=n_readers)
    if "case" not in drawn and cluster is not None:
        msg = "cluster says how cases are drawn, but resample='reader' draws none; leave it out"
        raise ValueError(msg)
    number = check_count(n_resamples, name="n_resamples")
    if number < 2:
        msg = f"n_resamples must be at least 2, but got {number}; 2,000 are usual"
        raise ValueError(msg)
    if jobs is not None and check_count(jobs, name="jobs") < 1:
        msg = f"jobs must be at least 1, but got {jobs}; leave it out to use what is there"
        raise ValueError(msg)
    return Plan(
        fom=fom,
        diseased=diseased,
        drawn=drawn,
        units=case_units(diseased, cluster, stratified=stratified, name=cluster_name),
        stratified=stratified,
        n_resamples=number,
        seed=_seed_of(rng),
        jobs=jobs,
    )


def _check_resample(resample: Resample, *, n_readers: int | None) -> frozenset[str]:
    """Return what is drawn, of "case" and "reader"."""
    drawn = (resample,) if isinstance(resample, str) else tuple(resample)
    if not drawn or not set(drawn) <= {"case", "reader"} or len(set(drawn)) < len(drawn):
        msg = (
            "resample must be 'case', 'reader' or ('reader', 'case'), "
            f"but got {resample!r}; patients are drawn by cluster="
        )
        raise ValueError(msg)
    if "reader" in drawn and (n_readers is None or n_readers < MIN_READERS):
        got = "one rating a case" if n_readers is None else f"{n_readers} of them"
        msg = (
            f"resample={resample!r} needs at least {MIN_READERS} readers, but got {got}: the "
            "bootstrap variance of n readers is too small by the factor (n - 1) / n and its tails "
            "are those of a handful of values; use the Obuchowski-Rockette analysis"
        )
        raise ValueError(msg)
    return frozenset(drawn)


def _seed_of(rng: Rng) -> np.random.SeedSequence:
    """Return the seed; a generator gives one, and moves on."""
    generator = check_rng(rng)
    if isinstance(rng, np.random.SeedSequence):
        return rng
    if isinstance(rng, np.random.Generator):
        return np.random.SeedSequence(generator.integers(2**63, size=2).tolist())
    return np.random.SeedSequence(rng)


def second_seed(seed: np.random.SeedSequence) -> np.random.SeedSequence:
    """Return the seed of what is drawn independently beside the cases."""
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, _SECOND_STREAM))


def too_few_units(plan: Plan, estimate: float) -> str:
    """Say why no interval can be made from these cases; empty if one can."""
    counts = plan.class_units()
    if np.isnan(estimate):
        missing = [f"no {name} case" for name, count in counts.items() if count == 0]
        return f"{' and '.join(missing) or 'the figure of merit is NaN'}: undefined in the sample"
    if "case" not in plan.drawn:
        return ""
    for name, count in counts.items():
        if count == 1:
            which = (
                f"all {name} cases are of one patient"
                if plan.units.clustered
                else f"one {name} case"
            )
            return f"{which}: no resample can show how such cases vary: no interval"
    return ""


def few_units(plan: Plan) -> list[str]:
    """Warn where a class is small; empty where both are large enough."""
    if "case" not in plan.drawn:
        return []
    unit = "patients" if plan.units.clustered else "cases"
    counts = plan.class_units().items()
    few = [f"{count} {name}" for name, count in counts if count < FEW_UNITS]
    if not few:
        return []
    return [
        f"fewer than {FEW_UNITS} {unit} of a class ({', '.join(few)}): this interval covers less "
        "often than its level where the figure of merit is near the end of its range"
    ]
