"""How often the interval of a mean over readers covers the truth; prints a table in Markdown.

Run as ``python -m tests.benchmarks.mrmc_means [studies per structure]``. One modality of the model
of Roe and Metz (1997), readers and cases random, DeLong's covariance, nominal 95 %; the four
structures of the paper count alike in a row. The mean of the readers beside an AI is made by the
same formula from the same readings.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np

from toolkit.stats.auc.delong import auc_covariance
from toolkit.stats.mrmc.analysis import MeanScale, mean_estimate, plan_of
from toolkit.stats.mrmc.inference import variance_of_mean
from toolkit.stats.mrmc.table import FomTable
from toolkit.stats.simulation.roe_metz import (
    ROE_METZ_1997,
    RoeMetzComponents,
    roe_metz_ratings,
    roe_metz_separation,
)

SEED = 20260111
N_STUDIES = 5000
SCALES: tuple[MeanScale, ...] = ("identity", "logit")
KEY = {0.85: 1.5, 0.95: 2.5}  # separation of the paper's structure nearest to an area
STRUCTURES = ("HL", "LL", "HH", "LH")


@dataclass(frozen=True)
class Scenario:
    """What is simulated in one row."""

    auc: float
    n_readers: int
    n_negative: int
    n_positive: int


@dataclass(frozen=True)
class Coverage:
    """Per cent of studies: interval on the truth, wholly above it, wholly below it, none."""

    covered: float
    above: float
    below: float
    undefined: float


SCENARIOS = tuple(
    Scenario(auc, n_readers, *cases)
    for auc in KEY
    for cases in ((50, 50), (120, 40))
    for n_readers in (3, 4, 5)
)


def limits(scenario: Scenario, components: RoeMetzComponents, n_studies: int, seed: list[int]):
    """Return limits (n_studies, n_scales, 2) of the mean of each study."""
    draw = np.random.default_rng(seed)
    separation = float(roe_metz_separation(scenario.auc, components=components))
    truth = np.arange(scenario.n_negative + scenario.n_positive) >= scenario.n_negative
    found = np.empty((n_studies, len(SCALES), 2))
    for study in range(n_studies):
        ratings = roe_metz_ratings(
            scenario.n_negative,
            scenario.n_positive,
            scenario.n_readers,
            separation=separation,
            modality_effect=(0.0,),
            components=components,
            rng=draw,
        )
        table = table_of(truth, ratings[:, :, 0])
        variance = variance_of_mean(table, 0, "readers and cases")
        for place, scale in enumerate(SCALES):
            plan = plan_of(table, ci_level=0.95, margin=None, mean_scale=scale, method="OR")
            mean = mean_estimate(table, 0, variance, plan)
            found[study, place] = mean.ci_low, mean.ci_high
    return found


def table_of(truth: np.ndarray, ratings: np.ndarray) -> FomTable:
    """Return AUCs and DeLong's covariance of ratings (n_cases, n_readers) in one modality."""
    found = auc_covariance(truth, ratings)
    n_readers = ratings.shape[1]
    return FomTable(
        quantity="auc",
        value=found.aucs[:, np.newaxis],
        covariance=found.covariance.reshape(n_readers, 1, n_readers, 1),
        covariance_method="DeLong",
        readers=tuple(str(reader) for reader in range(n_readers)),
        modalities=("a",),
        n_cases=truth.size,
        n_positive=int(truth.sum()),
        n_units=truth.size,
        method="empirical AUC",
    )


def coverage(scenario: Scenario, n_studies: int = N_STUDIES) -> dict[MeanScale, Coverage]:
    """Return what each scale does over all structures, ``n_studies`` of each."""
    row = SCENARIOS.index(scenario)
    found = np.concatenate(
        [
            limits(
                scenario,
                ROE_METZ_1997[structure, KEY[scenario.auc]],
                n_studies,
                [SEED, row, place],
            )
            for place, structure in enumerate(STRUCTURES)
        ]
    )
    low, high = found[..., 0], found[..., 1]
    above, below = low > scenario.auc, high < scenario.auc
    undefined = np.isnan(low)
    return {
        scale: Coverage(
            covered=float(100 * (~(above | below | undefined))[:, place].mean()),
            above=float(100 * above[:, place].mean()),
            below=float(100 * below[:, place].mean()),
            undefined=float(100 * undefined[:, place].mean()),
        )
        for place, scale in enumerate(SCALES)
    }


def main(n_studies: int) -> None:
    """Write the table."""
    start = time.process_time()
    print(f"{len(STRUCTURES) * n_studies:,} studies a row.\n")
    print("| cancers / healthy | AUC | readers | logit, % | misses | identity, % | misses |")
    print("|---|---|---|---|---|---|---|")
    for scenario in SCENARIOS:
        found = coverage(scenario, n_studies)
        cells = " | ".join(
            f"{found[scale].covered:.1f} | {found[scale].above:.1f} / {found[scale].below:.1f}"
            for scale in ("logit", "identity")
        )
        cases = f"{scenario.n_positive} / {scenario.n_negative}"
        print(f"| {cases} | {scenario.auc:.2f} | {scenario.n_readers} | {cells} |", flush=True)
        if any(one.undefined for one in found.values()):
            print({scale: one.undefined for scale, one in found.items()}, file=sys.stderr)
    print(f"\n{time.process_time() - start:.0f} s of processor time", file=sys.stderr)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else N_STUDIES)
