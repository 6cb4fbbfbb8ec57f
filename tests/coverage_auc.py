"""Coverage of the intervals of one AUC in simulated studies; prints a table in Markdown.

Run as ``python -m tests.coverage_auc [studies per scenario]``. The truth of a scenario is exact:
for ordinal ratings that of the categories, ties counted half.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from toolkit.stats.auc.intervals import FEW_CASES, logit_limits, score_limits

SEED = 20260105
FOUR = (0.6, 1.3, 2.1)
SEVEN = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Scores of healthy cases are standard normal, of cancers normal with the AUC given.

    ``spread`` is the standard deviation of cancers; ``cuts`` turn scores into categories; the
    ``hidden`` share of cancers has the scores of healthy cases, which no interval can know.
    """

    m: int
    n: int
    auc: float
    spread: float = 1.0
    cuts: tuple[float, ...] = ()
    hidden: float = 0.0

    @property
    def shift(self) -> float:
        """Mean score of the cancers that are not hidden."""
        return float(ndtri(self.auc) * np.sqrt(1 + self.spread**2))

    @property
    def true_auc(self) -> float:
        """AUC of the scores, or of their categories."""
        auc = self.auc
        if self.cuts:
            healthy, cancers = self.shares
            auc = float(cancers @ (np.cumsum(healthy) - healthy / 2))
        return (1 - self.hidden) * auc + self.hidden / 2

    @property
    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Probability of each category, healthy and cancers."""
        edges = np.concatenate([[-np.inf], self.cuts, [np.inf]])
        return np.diff(ndtr(edges)), np.diff(ndtr((edges - self.shift) / self.spread))

    @property
    def name(self) -> str:
        """What the scores are like."""
        kind = f"{len(self.cuts) + 1} categories" if self.cuts else "continuous"
        if self.spread != 1:
            kind += f", SD of cancers {self.spread:g}"
        return kind + (f", {self.hidden:.0%} hidden" if self.hidden else "")


SCENARIOS = (
    Scenario(m=15, n=500, auc=0.85),
    Scenario(m=15, n=500, auc=0.95),
    Scenario(m=15, n=500, auc=0.98),
    Scenario(m=15, n=100, auc=0.97, spread=1.4, cuts=SEVEN),
    Scenario(m=15, n=50, auc=0.99),
    Scenario(m=20, n=20, auc=0.9),
    Scenario(m=30, n=300, auc=0.85),
    Scenario(m=30, n=300, auc=0.98),
    Scenario(m=30, n=300, auc=0.95, spread=1.4),
    Scenario(m=30, n=300, auc=0.95, spread=0.7),
    Scenario(m=30, n=300, auc=0.92, cuts=FOUR),
    Scenario(m=30, n=300, auc=0.92, cuts=SEVEN),
    Scenario(m=30, n=1000, auc=0.95),
    Scenario(m=50, n=500, auc=0.9),
    Scenario(m=50, n=500, auc=0.97, spread=1.4),
    Scenario(m=80, n=800, auc=0.98, spread=0.7),
    Scenario(m=100, n=1000, auc=0.95),
    Scenario(m=100, n=1000, auc=0.95, spread=1.4),
    Scenario(m=100, n=1000, auc=0.92, cuts=SEVEN),
    Scenario(m=100, n=400, auc=0.9, spread=1.4, cuts=FOUR),
    Scenario(m=150, n=600, auc=0.97),
    Scenario(m=200, n=2000, auc=0.9),
    Scenario(m=30, n=300, auc=0.999, hidden=0.1),
    Scenario(m=100, n=1000, auc=0.999, hidden=0.05),
)


def simulate(scenario: Scenario, n_studies: int, rng: np.random.Generator) -> np.ndarray:
    """Return AUC, S10 / m and S01 / n of each study, shape (3, n_studies)."""
    if scenario.cuts:
        return _ordinal(scenario, n_studies, rng)
    block = max(1, 1_000_000 // (scenario.m + scenario.n))
    sizes = [min(block, n_studies - start) for start in range(0, n_studies, block)]
    return np.concatenate([_continuous(scenario, size, rng) for size in sizes], axis=1)


def _continuous(scenario: Scenario, n_studies: int, rng: np.random.Generator) -> np.ndarray:
    m, n = scenario.m, scenario.n
    scores = rng.normal(size=(n_studies, m + n))
    apparent = rng.random((n_studies, m)) >= scenario.hidden
    cancers = np.where(apparent, scenario.shift + scenario.spread * scores[:, :m], scores[:, :m])
    scores[:, :m] = cancers
    is_cancer = np.argsort(scores, axis=1) < m
    cancers_to = np.cumsum(is_cancer, axis=1)
    healthy_below = np.where(is_cancer, np.arange(1, m + n + 1) - cancers_to, 0)
    cancers_above = np.where(is_cancer, 0, m - cancers_to)
    return _parts(
        healthy_below.sum(axis=1),
        (healthy_below**2).sum(axis=1),
        (cancers_above**2).sum(axis=1),
        m,
        n,
    )


def _ordinal(scenario: Scenario, n_studies: int, rng: np.random.Generator) -> np.ndarray:
    m, n = scenario.m, scenario.n
    healthy, cancers = (
        rng.multinomial(size, share, size=n_studies)
        for size, share in zip((n, m), scenario.shares, strict=True)
    )
    doubled_below = 2 * np.cumsum(healthy, axis=1) - healthy
    doubled_above = 2 * (m - np.cumsum(cancers, axis=1)) + cancers
    return _parts(
        (cancers * doubled_below).sum(axis=1) / 2,
        (cancers * doubled_below**2).sum(axis=1) / 4,
        (healthy * doubled_above**2).sum(axis=1) / 4,
        m,
        n,
    )


def _parts(total: np.ndarray, own: np.ndarray, other: np.ndarray, m: int, n: int) -> np.ndarray:
    """Return AUC and parts of DeLong's variance from sums and sums of squares of counts."""
    positive = (m * own - total**2) / (m**2 * (m - 1) * n**2)
    negative = (n * other - total**2) / (n**2 * (n - 1) * m**2)
    return np.array([total / (m * n), positive, negative])


def limits(studies: np.ndarray, m: int, n: int, level: float = 0.95) -> dict[str, np.ndarray]:
    """Return the limits of each interval, shape (2, n_studies), by the functions of delong_ci."""
    auc, positive, negative = studies
    bound = ((1 - level) / 2) ** (1 / min(m, n))
    ends = np.array([np.where(auc == 1, bound, 0.0), np.where(auc == 0, 1 - bound, 1.0)])
    apart = (auc == 0) | (auc == 1)
    variance = np.where(apart, 1.0, positive + negative)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = variance**2 / (positive**2 / (m - 1) + negative**2 / (n - 1))
    inside = np.where(apart, 0.5, auc)
    score = score_limits(
        inside,
        variance=variance,
        single_variance=variance,
        inverse_sizes=1 / m + 1 / n,
        t=stdtrit(min(m, n) - 1, (1 + level) / 2),
    )
    logit = logit_limits(inside, np.sqrt(variance), np.where(apart, 1.0, df), level)
    found = {"score": np.array(score), "logit": np.array(logit)}
    found["default"] = found["score" if min(m, n) < FEW_CASES else "logit"]
    return {name: np.where(apart, ends, values) for name, values in found.items()}


def coverage(pair: np.ndarray, truth: float) -> tuple[float, float, float]:
    """Return per cent of studies that cover, whose interval is too high, and too low."""
    low, high = pair
    too_high, too_low = 100 * np.mean(low > truth), 100 * np.mean(high < truth)
    return 100 - too_high - too_low, too_high, too_low


def run(scenario: Scenario, n_studies: int) -> dict[str, tuple[float, float, float]]:
    """Return the coverage of each interval in a scenario."""
    seed = [SEED, SCENARIOS.index(scenario)]
    studies = simulate(scenario, n_studies, np.random.default_rng(seed))
    by_interval = limits(studies, scenario.m, scenario.n)
    return {name: coverage(pair, scenario.true_auc) for name, pair in by_interval.items()}


def main(n_studies: int) -> None:
    """Write the table."""
    write = sys.stdout.write
    start = time.process_time()
    write(f"Nominal 95 %, {n_studies:,} studies a scenario; ")
    write("misses: interval above / below the truth.\n\n")
    write("| cancers / healthy | AUC | scores | default | misses | logit t | misses |\n")
    write("|---|---|---|---|---|---|---|\n")
    for scenario in SCENARIOS:
        results = run(scenario, n_studies)
        cells = [
            f"{covered:.1f} | {too_high:.1f} / {too_low:.1f}"
            for covered, too_high, too_low in (results["default"], results["logit"])
        ]
        size = f"{scenario.m} / {scenario.n}"
        write(f"| {size} | {scenario.true_auc:.4f} | {scenario.name} | {' | '.join(cells)} |\n")
    write(f"\n{time.process_time() - start:.0f} s of processor time\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
