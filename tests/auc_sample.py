"""AUCs straight from their definitions, in fractions, and random small studies to try them on."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def fractional_influence(truth, rating, weight=None):
    """AUC and, per case, w (placement - AUC) / (sum of w of its class), all as fractions."""
    n_cases = len(truth)
    weights = [Fraction(1)] * n_cases if weight is None else [Fraction(w) for w in weight]
    positive = [i for i in range(n_cases) if truth[i] and weights[i] > 0]
    negative = [i for i in range(n_cases) if not truth[i] and weights[i] > 0]
    totals = {True: sum(weights[i] for i in positive), False: sum(weights[i] for i in negative)}

    def kernel(high, low):
        return Fraction(int(rating[high] > rating[low])) + Fraction(
            int(rating[high] == rating[low]), 2
        )

    placements = {
        i: sum(weights[j] * kernel(i, j) for j in negative) / totals[False] for i in positive
    } | {j: sum(weights[i] * kernel(i, j) for i in positive) / totals[True] for j in negative}
    auc = sum(weights[i] * placements[i] for i in positive) / totals[True]
    influence = {
        i: weights[i] * (placement - auc) / totals[bool(truth[i])]
        for i, placement in placements.items()
    }
    return auc, influence


def fractional_covariance(truth, curves, weight=None, cluster=None):
    """AUCs and the parts of their covariance; cluster None: each case its own patient.

    Obuchowski (1997): a factor I / (I - 1) for the I patients that a sum of products is over.
    Returns the AUCs and three matrices: positive, negative and cross.
    """
    patients = list(range(len(truth))) if cluster is None else list(cluster)
    pairs = [fractional_influence(truth, curve, weight) for curve in curves]
    counted = sorted(pairs[0][1])
    sums = {True: [], False: []}
    for _, influence in pairs:
        for kind in (True, False):
            by_patient = {patients[i]: Fraction(0) for i in counted if bool(truth[i]) == kind}
            for i in counted:
                if bool(truth[i]) == kind:
                    by_patient[patients[i]] += influence[i]
            sums[kind].append(by_patient)

    def matrix(first, second, n_units):
        factor = Fraction(n_units, n_units - 1)
        return [
            [factor * sum(a[key] * b[key] for key in a.keys() & b.keys()) for b in second]
            for a in first
        ]

    n_all = len({patients[i] for i in counted})
    own = matrix(sums[True], sums[True], len(sums[True][0]))
    other = matrix(sums[False], sums[False], len(sums[False][0]))
    shared = matrix(sums[True], sums[False], n_all)
    cross = [[shared[i][j] + shared[j][i] for j in range(len(curves))] for i in range(len(curves))]
    return [auc for auc, _ in pairs], own, other, cross


def small_studies(n_studies, seed, *, n_curves=1, least=2, most=8, highest=5):
    """Random studies with many ties: truth (n_cases,) and ratings (n_cases, n_curves)."""
    draw = np.random.default_rng(seed)
    for _ in range(n_studies):
        m, n = draw.integers(least, most, size=2)
        truth = draw.permutation(np.arange(m + n) < m)
        levels = draw.integers(1, highest + 1)
        yield truth, draw.integers(0, levels + 1, size=(m + n, n_curves)).astype(float)
