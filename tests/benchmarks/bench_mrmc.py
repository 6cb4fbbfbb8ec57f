"""Time reader studies of three sizes beside what other programs took; prints tables, in Markdown.

Run as ``python -m tests.benchmarks.bench_mrmc``. The peers' seconds are not measured here but those
that were found when each was run from its source (R 4.2, OpenJDK 17, Python 3.11, two cores): take
the ratios as orders of magnitude. Each own time is the fastest of a few runs after the import.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from toolkit.stats.mrmc.compare import Choices, compare_modalities
from toolkit.stats.mrmc.u_statistics import u_statistic_analysis

SIZES = {"5 x 2 x 114": (5, 114), "10 x 2 x 2,000": (10, 2000), "20 x 2 x 10,000": (20, 10_000)}
MISSING = 0.1
# CPU seconds; None where the run was stopped or did not fit into 16 GB.
PEERS: dict[str, dict[str, tuple[float | None, float | None, float | None]]] = {
    "DeLong": {"MRMCaov DeLong": (0.2, 3.1, 108)},
    "jackknife": {
        "MRMCaov jackknife": (0.4, 110, 3000),
        "RJafroc OR": (0.06, 160, None),
        "google-health": (7.1, 85, None),
    },
    "unbiased": {"MRMCaov unbiased": (0.1, 1.3, None)},
    "U-statistic": {"iMRMC (R)": (0.3, 50, None), "iMRMC (Java)": (1.7, 54, None)},
}
# Wall seconds and MB at 20 x 2 x 10,000.
GOALS = {"DeLong": (2, 500), "jackknife": (2, 500), "unbiased": (3, 500), "U-statistic": (3, 500)}


def study(n_readers: int, n_cases: int) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and continuous ratings; of 114 cases in five levels, as in real data."""
    draw = np.random.default_rng(20260101)
    truth = np.arange(n_cases) % 2
    shared = draw.normal(size=(n_cases, 1, 1)) + 1.5 * truth[:, None, None]
    ratings = shared + draw.normal(size=(n_cases, n_readers, 2))
    return truth, (np.digitize(ratings, [-0.5, 0.5, 1.5, 2.5]) if n_cases < 200 else ratings)


def with_gaps(ratings: np.ndarray) -> np.ndarray:
    """Return the ratings with some of them missing."""
    gaps = np.random.default_rng(1).random(ratings.shape) < MISSING
    return np.where(gaps, np.nan, ratings)


def analyses(truth: np.ndarray, ratings: np.ndarray) -> dict[str, Callable[[], Any]]:
    """Return the full analyses to time, by name."""
    covariances = ("DeLong", "jackknife", "unbiased")
    found: dict[str, Callable[[], Any]] = {
        name: lambda name=name: compare_modalities(truth, ratings, choices=Choices(covariance=name))
        for name in covariances
    }
    found["U-statistic"] = lambda: u_statistic_analysis(truth, ratings)
    found["U-statistic, 10 % missing"] = lambda: compare_modalities(truth, with_gaps(ratings))
    return found


def seconds(work: Callable[[], Any], least: float = 0.3) -> tuple[float, float]:
    """Return the least wall and CPU seconds of runs that take ``least`` together, three or more."""
    walls, cpus, start = [], [], time.perf_counter()
    while len(walls) < 3 or time.perf_counter() - start < least:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


def megabytes(work: Callable[[], Any]) -> float:
    """Return the most memory that Python and numpy took during ``work``, the data not counted."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def print_sizes() -> None:
    """Print own seconds for each size, and the ratio of the peers' CPU seconds to them."""
    taken: dict[str, list[tuple[float, float]]] = {}
    memory = {}
    for size, shape in SIZES.items():
        for name, work in analyses(*study(*shape)).items():
            work()  # compiles
            taken.setdefault(name, []).append(seconds(work))
            if size == [*SIZES][-1]:
                memory[name] = megabytes(work)
    print(f"| analysis | {' | '.join(f'{size}, s' for size in SIZES)} | MB | goal |")
    print("|---|---:|---:|---:|---:|---|")
    for name, times in taken.items():
        wall = " | ".join(f"{pair[0]:.4f}" for pair in times)
        goal = GOALS.get(name, GOALS["U-statistic"])
        print(f"| {name} | {wall} | {memory[name]:.0f} | {goal[0]} s, {goal[1]} MB |")
    print(f"\n| peer, CPU over own CPU | {' | '.join(SIZES)} |\n|---|---:|---:|---:|")
    for name, peers in PEERS.items():
        for peer, cpus in peers.items():
            ratios = [
                "-" if cpu is None else f"{cpu / own:,.0f} x"
                for cpu, (_, own) in zip(cpus, taken[name], strict=True)
            ]
            print(f"| {peer} | {' | '.join(ratios)} |")


def print_growth() -> None:
    """Print CPU seconds over three decades of cases, and the exponent of the last of them."""
    sizes = (100, 1000, 10_000, 100_000)
    print(f"\n| 10 readers x 2, CPU s | {' | '.join(f'{size:,}' for size in sizes)} | exponent |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in ("DeLong", "jackknife", "unbiased", "U-statistic"):
        cpus = []
        for size in sizes:
            truth, ratings = study(10, size)
            work = analyses(truth, ratings)[name]
            work()
            cpus.append(seconds(work)[1])
        exponent = np.log10(cpus[-1] / cpus[-2])
        print(f"| {name} | {' | '.join(f'{cpu:.4f}' for cpu in cpus)} | {exponent:.2f} |")


def print_largest() -> None:
    """Print the one large study."""
    truth, ratings = study(100, 100_000)
    start = time.perf_counter()
    compare_modalities(truth, ratings)
    wall = time.perf_counter() - start
    memory = megabytes(lambda: compare_modalities(truth, ratings))
    print(
        f"\n100 readers x 2 x 100,000 by DeLong: {wall:.1f} s (goal 15 s), {memory:.0f} MB ", end=""
    )
    print(f"beside the {ratings.nbytes / 1e6:.0f} MB of the ratings (goal 1 GB together)")


def main() -> None:
    """Print all tables."""
    print(f"Load {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors.\n")
    print_sizes()
    print_growth()
    print_largest()


if __name__ == "__main__":
    main()
