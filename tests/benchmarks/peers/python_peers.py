"""Time the Python peers; run in their own environment, prints one JSON object.

The mid-rank algorithm stands for roc_comparison-style code: it is Sun and Xu (2014) as printed,
with one sort and a loop over runs of ties for each class and each curve.
"""

import json
import sys

import numpy as np
from confidenceinterval import roc_auc_score as interval_of_auc
from MLstatkit import Delong_test
from sample import N_RESAMPLES, ratings, seconds
from scipy.stats import bootstrap
from sklearn.metrics import roc_auc_score


def midranks(values):
    """Return the mid-ranks of ``values``, from 1, by a loop over the runs of equal ones."""
    order = np.argsort(values)
    ordered, n, ranks, start = values[order], values.size, np.zeros(values.size), 0
    while start < n:
        stop = start
        while stop < n and ordered[stop] == ordered[start]:
            stop += 1
        ranks[start:stop] = 0.5 * (start + stop - 1)
        start = stop
    result = np.empty(n)
    result[order] = ranks + 1
    return result


def delong(truth, scores):
    """Return AUCs and DeLong's covariance of scores (n_cases, n_curves), by mid-ranks."""
    positive, negative = scores[truth == 1].T, scores[truth == 0].T
    m, n = positive.shape[1], negative.shape[1]
    rank_positive = np.array([midranks(row) for row in positive])
    rank_negative = np.array([midranks(row) for row in negative])
    rank_all = np.array(
        [midranks(np.concatenate(pair)) for pair in zip(positive, negative, strict=True)]
    )
    aucs = (rank_all[:, :m].sum(axis=1) / m - (m + 1) / 2) / n
    of_positive = (rank_all[:, :m] - rank_positive) / n
    of_negative = 1 - (rank_all[:, m:] - rank_negative) / m
    return aucs, np.cov(of_positive) / m + np.cov(of_negative) / n


def resampled(n_cases, n_resamples):
    """Return the time of ``N_RESAMPLES`` paired bootstrap AUC differences, scaled from fewer."""
    truth, scores = ratings(n_cases)
    rng = np.random.default_rng(1)

    def difference(rows):
        pair = scores[rows]
        return roc_auc_score(truth[rows], pair[:, 1]) - roc_auc_score(truth[rows], pair[:, 0])

    def work():
        bootstrap(
            (np.arange(n_cases),),
            difference,
            n_resamples=n_resamples,
            vectorized=False,
            method="percentile",
            rng=rng,
        )

    return {k: v * N_RESAMPLES / n_resamples for k, v in seconds(work, repeats=1).items()}


def main():
    """Print the times of every task."""
    truth, pair = ratings(100_000)
    _, twenty = ratings(100_000, 20)
    large_truth, large = ratings(1_000_000)
    times = {
        "one AUC 1e6": {
            "confidenceinterval": seconds(
                lambda: interval_of_auc(large_truth.tolist(), large[:, 0]), repeats=1
            )
        },
        "pair 1e5": {
            "MLstatkit": seconds(lambda: Delong_test(truth, pair[:, 0], pair[:, 1]), repeats=2),
            "mid-rank loop": seconds(lambda: delong(truth, pair), repeats=2),
        },
        "20 curves 1e5": {"mid-rank loop": seconds(lambda: delong(truth, twenty), repeats=1)},
        "bootstrap 1e4": {"scipy + scikit-learn": resampled(10_000, 40)},
        "bootstrap 1e5": {"scipy + scikit-learn": resampled(100_000, 10)},
    }
    json.dump(times, sys.stdout)


if __name__ == "__main__":
    main()
