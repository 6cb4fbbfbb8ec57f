"""How often intervals of proportions hold the truth, by exact enumeration; prints markdown.

Run as ``python -m tests.benchmarks.coverage_proportions``. No random number is drawn: for a given
truth the probabilities of all counts whose interval holds it are added up. An interval that is not
defined does not hold the truth. For one proportion the least coverage is the least of the whole
range, for two the least of the grid that is named; counts beyond a tail of 1e-12 are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from toolkit.stats.proportions import one as _proportion_limits
from toolkit.stats.paired.differences import tango_limits
from toolkit.stats.proportions.two import (
    _corrected_difference_score,
    difference_limits,
    difference_score,
    newcombe_limits,
)

TAIL = 0.025
Z = stats.norm.isf(TAIL)
ONE_PROPORTION = {
    "Wilson": _proportion_limits.wilson,
    "Clopper-Pearson": _proportion_limits.clopper_pearson,
    "mid-P": _proportion_limits.midp,
    "Blaker": _proportion_limits.blaker,
    "Jeffreys": _proportion_limits.jeffreys,
    "Agresti-Coull": _proportion_limits.agresti_coull,
    "Wald": _proportion_limits.wald,
}
# Units and the range of the proportion: sensitivities of cancers, detection rates of women.
ONE_RANGES = [(30, 0.70, 0.98), (100, 0.70, 0.98), (1000, 0.002, 0.012), (10_000, 0.002, 0.012)]

SENSITIVITIES = np.linspace(0.50, 0.98, 25)
RATES = np.linspace(0.002, 0.012, 11)
# Beyond what is planned for: hardly a unit without, or with, the event in a group.
EXTREME_SENSITIVITIES = np.linspace(0.90, 0.999, 34)
EXTREME_RATES = np.linspace(0.0005, 0.002, 16)
TWO_GROUPS = [
    (30, 30, SENSITIVITIES),
    (30, 100, SENSITIVITIES),
    (100, 100, SENSITIVITIES),
    (1000, 1000, RATES),
    (30, 100, EXTREME_SENSITIVITIES),
    (100, 100, EXTREME_SENSITIVITIES),
    (1000, 1000, EXTREME_RATES),
]

# Probability that b alone, and that a alone, calls a cancer positive: all pairs of these.
DISCORDANT = np.array([0.01, 0.02, 0.03, 0.05, 0.07, 0.10, 0.15, 0.20, 0.25, 0.30])
EXTREME_DISCORDANT = np.concatenate([np.linspace(0.001, 0.06, 31), np.linspace(0.08, 0.3, 12)])
PAIRS = [
    *((n, DISCORDANT) for n in (30, 50, 100, 200)),
    *((n, EXTREME_DISCORDANT) for n in (30, 100)),
]


@dataclass(frozen=True)
class Coverage:
    """Coverage of one method over a range of truths, as percentages."""

    method: str
    where: str
    mean: float
    minimum: float
    at: str

    def row(self) -> str:
        """Return one row of a table in markdown."""
        cells = (self.method, self.where, f"{self.mean:.1f}", f"{self.minimum:.1f}", self.at)
        return f"| {' | '.join(cells)} |"


def one_proportion(method: str, n: int, low: float, high: float) -> Coverage:
    """Return the coverage of one proportion over 2,001 truths, with its least value in the range.

    Coverage jumps where the truth passes a limit, so that a grid misses its least value: that is
    looked for on either side of every limit.
    """
    x = np.arange(n + 1)
    lower, upper = ONE_PROPORTION[method](x, np.full(n + 1, n), TAIL)
    grid = np.linspace(low, high, 2001)
    mean = float(_covered(n, lower, upper, grid).mean())
    ends = np.concatenate([lower, upper])
    ends = ends[np.isfinite(ends)]
    beside = np.concatenate([ends - 1e-10, ends + 1e-10, grid])
    truths = np.unique(beside[(beside >= low) & (beside <= high)])
    covered = _covered(n, lower, upper, truths)
    least = int(np.argmin(covered))
    where = f"{n:,} units, p {low:g} to {high:g}"
    at = f"p = {truths[least]:.4g}"
    return Coverage(method, where, 100 * mean, 100 * float(covered[least]), at)


def _covered(n: int, lower: np.ndarray, upper: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """Return the probability that the interval holds each truth."""
    covered = np.empty(truths.size)
    for i, p in enumerate(truths):
        holds = np.flatnonzero((lower <= p) & (p <= upper))
        covered[i] = stats.binom.pmf(holds, n, p).sum()
    return covered


def two_groups(method: str, n_a: int, n_b: int, shares: np.ndarray) -> Coverage:
    """Return the coverage of the difference of two groups over all pairs of ``shares``."""
    inflation = (n_a + n_b) / (n_a + n_b - 1)
    scores = {"Miettinen-Nurminen": difference_score, "SCAS": _corrected_difference_score}
    limits: Callable[..., tuple[float, float]] = (
        (lambda cells: difference_limits(cells, inflation, TAIL, scores[method]))
        if method in scores
        else (lambda cells: newcombe_limits(cells, Z))
    )
    x_a, x_b = _likely(n_a, shares), _likely(n_b, shares)
    ends = np.array([[limits((int(i), n_a, int(j), n_b)) for j in x_b] for i in x_a])
    mass_a, mass_b = (
        {p: stats.binom.pmf(x, n, p) for p in shares} for x, n in ((x_a, n_a), (x_b, n_b))
    )
    covered = {
        (p, q): float(mass_a[p] @ _holds(ends, q - p) @ mass_b[q]) for p in shares for q in shares
    }
    where = f"{n_a:,} and {n_b:,} units, p {shares[0]:g} to {shares[-1]:g}, {len(covered)} pairs"
    return _summary(method, where, covered)


def _likely(n: int, shares: np.ndarray) -> np.ndarray:
    """Return the counts that hold all but 1e-12 of the probability for every share."""
    low, high = stats.binom.ppf(1e-12, n, shares.min()), stats.binom.isf(1e-12, n, shares.max())
    return np.arange(int(low), int(high) + 1)


def _holds(ends: np.ndarray, truth: float) -> np.ndarray:
    """Return which intervals hold the truth, but for rounding."""
    return (ends[..., 0] <= truth + 1e-12) & (truth - 1e-12 <= ends[..., 1])


def paired(n: int, discordant: np.ndarray) -> Coverage:
    """Return the coverage of Tango's interval over all pairs of ``discordant``."""
    cells = np.array(list(_tables(n)))
    ends = np.array([tango_limits(int(b), int(a), n, TAIL) for b, a in cells])
    covered = {}
    for p in discordant:
        for q in discordant:
            probability = np.exp(_log_multinomial(cells, n, q, p))
            covered[p, q] = float(probability @ _holds(ends, q - p))
    range_of = f"{discordant[0]:g} to {discordant[-1]:g}, {len(covered)} pairs"
    return _summary("Tango", f"{n} cancers, only a and only b {range_of}", covered)


def _tables(n: int) -> Iterator[tuple[int, int]]:
    """Return all pairs of discordant counts."""
    return ((b, a) for b in range(n + 1) for a in range(n + 1 - b))


def _log_multinomial(cells: np.ndarray, n: int, only_b: float, only_a: float) -> np.ndarray:
    """Return the log probability of discordant counts among ``n`` pairs."""
    b, a = cells.T
    rest = n - b - a
    ways = special.gammaln(n + 1) - sum(special.gammaln(part + 1) for part in (b, a, rest))
    return ways + b * np.log(only_b) + a * np.log(only_a) + rest * np.log1p(-only_b - only_a)


def _summary(method: str, where: str, covered: dict[tuple[float, float], float]) -> Coverage:
    """Return mean and least of the coverages of pairs of truths."""
    (p, q), least = min(covered.items(), key=lambda item: item[1])
    mean = sum(covered.values()) / len(covered)
    return Coverage(method, where, 100 * mean, 100 * least, f"a {p:.3g}, b {q:.3g}")


def main() -> None:
    """Print the table."""
    print("| method | units and truths | mean % | least % | least at |\n|---|---|---|---|---|")
    for n, low, high in ONE_RANGES:
        for method in ONE_PROPORTION:
            print(one_proportion(method, n, low, high).row(), flush=True)
    for n_a, n_b, shares in TWO_GROUPS:
        for method in ("Miettinen-Nurminen", "SCAS", "Newcombe"):
            print(two_groups(method, n_a, n_b, shares).row(), flush=True)
    for n, discordant in PAIRS:
        print(paired(n, discordant).row(), flush=True)


if __name__ == "__main__":
    main()
