"""How often a reader study finds a difference where there is none; prints a table in Markdown.

Run as ``python -m tests.benchmarks.mrmc_null [studies per structure]``. The twelve structures of
Roe and Metz (1997), 5 readers, 50 + 50 cases, two modalities of one true AUC, DeLong's covariance,
a two-sided level of 5 %. With readers fixed the same readers, without any effect of modality on
any of them, read new cases in every study.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace

import numpy as np

from toolkit.stats.auc.delong import auc_covariance
from toolkit.stats.mrmc.analysis import Random
from toolkit.stats.mrmc.table import FomTable
from toolkit.stats.mrmc.inference import global_test
from toolkit.stats.simulation.roe_metz import ROE_METZ_1997, RoeMetzComponents
from toolkit.stats.simulation.roe_metz import roe_metz_ratings

SEED = 20260107
N_STUDIES = 5000
N_READERS, N_EACH = 5, 50
LEVEL = 0.05
TRUTH = np.arange(2 * N_EACH) >= N_EACH
AUC = {0.75: 0.702, 1.5: 0.855, 2.5: 0.962}
STRUCTURES = tuple((name, separation) for name in ("HL", "LL", "HH", "LH") for separation in AUC)
TESTS: tuple[Random, ...] = ("readers and cases", "cases")


@dataclass(frozen=True)
class Design:
    """What is drawn anew in each study: readers and cases, or cases alone."""

    structure: tuple[str, float]
    fixed_readers: bool

    @property
    def components(self) -> RoeMetzComponents:
        """Variances of what is drawn; fixed readers have none."""
        found = ROE_METZ_1997[self.structure]
        return replace(found, reader=0.0, modality_reader=0.0) if self.fixed_readers else found

    def effect(self, draw: np.random.Generator) -> np.ndarray:
        """Return what readers add to the separation, the same in both modalities."""
        if not self.fixed_readers:
            return np.zeros(2)
        # A reader's effects on positive and negative cases are drawn apart: twice the variance.
        spread = np.sqrt(2 * ROE_METZ_1997[self.structure].reader)
        return np.repeat(draw.normal(scale=spread, size=(N_READERS, 1)), 2, axis=1)


def table_of(ratings: np.ndarray) -> FomTable:
    """Return AUCs and DeLong's covariance of ratings (n_cases, n_readers, n_modalities)."""
    shape = ratings.shape[1:]
    found = auc_covariance(TRUTH, ratings.reshape(TRUTH.size, -1))
    return FomTable(
        quantity="auc",
        value=found.aucs.reshape(shape),
        covariance=found.covariance.reshape(shape * 2),
        covariance_method="DeLong",
        readers=tuple("12345"),
        modalities=("a", "b"),
        n_cases=TRUTH.size,
        n_positive=N_EACH,
        n_units=TRUTH.size,
        method="empirical AUC",
    )


def rejections(design: Design, n_studies: int = N_STUDIES) -> dict[str, float]:
    """Return per cent of studies in which each test finds a difference, and has none (NaN)."""
    place = STRUCTURES.index(design.structure)
    draw = np.random.default_rng([SEED, place, design.fixed_readers])
    effect, components = design.effect(draw), design.components
    p_values = np.empty((n_studies, len(TESTS)))
    for study in range(n_studies):
        ratings = roe_metz_ratings(
            N_EACH,
            N_EACH,
            N_READERS,
            separation=design.structure[1],
            modality_effect=effect,
            components=components,
            rng=draw,
        )
        table = table_of(ratings)
        p_values[study] = [global_test(table, random).p_value for random in TESTS]
    # An undefined test finds nothing.
    rates = 100 * (p_values < LEVEL).mean(axis=0)
    undefined = 100 * np.isnan(p_values).mean(axis=0)
    return {
        **dict(zip(TESTS, rates.tolist(), strict=True)),
        "undefined": float(undefined.max()),
    }


def main(n_studies: int) -> None:
    """Write the table."""
    start = time.process_time()
    print(f"Per cent of {n_studies:,} studies without any difference that find one at 5 %.\n")
    print("| structure | AUC | RRRC, readers drawn | FRRC, readers drawn | FRRC, readers fixed |")
    print("|---|---|---|---|---|")
    rows = []
    for structure in STRUCTURES:
        drawn = rejections(Design(structure, fixed_readers=False), n_studies)
        fixed = rejections(Design(structure, fixed_readers=True), n_studies)
        rows.append([drawn["readers and cases"], drawn["cases"], fixed["cases"]])
        cells = " | ".join(f"{rate:.1f}" for rate in rows[-1])
        print(f"| {structure[0]} | {AUC[structure[1]]:.3f} | {cells} |", flush=True)
    print(f"| mean | | {' | '.join(f'{rate:.1f}' for rate in np.mean(rows, axis=0))} |")
    print(f"\n{time.process_time() - start:.0f} s of processor time", file=sys.stderr)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else N_STUDIES)
