"""Time the toolkit's statistics on the data that the peers are timed on; prints one JSON object."""

import json
import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).with_name("peers")))
from sample import N_RESAMPLES, ratings, seconds
from toolkit.stats.resampling.bootstrap import bootstrap_ci, bootstrap_test

from toolkit.stats.auc.delong import auc_covariance, delong_ci, delong_test
from toolkit.stats.auc.delong_counts import delong_ci_from_counts

FIRST_INTERVAL = {
    "numpy": "import numpy",
    "Wilson": "from toolkit.stats.proportions.one import proportion_ci; proportion_ci(28, 30)",
    "DeLong": (
        "from toolkit.stats.auc.delong import delong_ci;"
        "delong_ci([0, 1] * 100, [7 * i % 31 + 9 * (i % 2) for i in range(200)])"
    ),
    "bootstrap": (
        "from toolkit.stats.resampling.bootstrap import bootstrap_test;"
        "n = 20_000; r = [7 * i % 31 + 9 * (i % 2) for i in range(n)];"
        "bootstrap_test([0, 1] * (n // 2), r, r[::-1], better='higher', rng=1)"
    ),
}


def fresh_process():
    """Return the CPU seconds of a fresh process up to its first result, by what it computes."""
    taken = {}
    for name, code in FIRST_INTERVAL.items():
        runs = []
        for _ in range(7):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", code], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            runs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        taken[name] = min(runs)
    return taken


def memory_mb(work):
    """Return the most memory in MB that Python and numpy held during ``work``."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def counts(n_cases, n_scores):
    """Return positive and negative cases at each of ``n_scores`` distinct scores."""
    share = np.linspace(0.1, 0.9, n_scores)
    each = n_cases // n_scores
    positive = np.round(each * share).astype(np.int64)
    return positive, each - positive


def main():
    """Print the times of every task."""
    small_truth, small = ratings(10_000)
    truth, pair = ratings(100_000)
    _, twenty = ratings(100_000, 20)
    large_truth, large = ratings(1_000_000)
    scores = np.ascontiguousarray(large[:, 0])
    a, b = pair.T.copy()
    shared = {"better": "higher", "n_resamples": N_RESAMPLES, "rng": 1}
    single = {"n_resamples": N_RESAMPLES, "rng": 1}
    positive, negative = counts(10**9, 10**4)
    times = {
        "np.sort 1e6": seconds(lambda: np.sort(scores)),
        "one AUC 1e6": seconds(lambda: delong_ci(large_truth, scores)),
        "pair 1e5": seconds(lambda: delong_test(truth, a, b)),
        "20 curves 1e5": seconds(lambda: auc_covariance(truth, twenty)),
        "bootstrap 1e4": seconds(
            lambda: bootstrap_test(small_truth, small[:, 0], small[:, 1], **shared)
        ),
        "bootstrap 1e5": seconds(lambda: bootstrap_test(truth, a, b, **shared)),
        "percentile 1e5": seconds(lambda: bootstrap_ci(truth, a, interval="percentile", **single)),
        "BCa 1e5": seconds(lambda: bootstrap_ci(truth, a, interval="bca", **single)),
        "counts 1e9": seconds(lambda: delong_ci_from_counts(positive, negative)),
        "memory": memory_mb(lambda: bootstrap_test(truth, a, b, **shared)),
        "fresh": fresh_process(),
    }
    json.dump(times, sys.stdout)


if __name__ == "__main__":
    main()
