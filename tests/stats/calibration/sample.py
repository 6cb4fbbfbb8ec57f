"""Probabilities with a known truth that the tests of calibration and decision share."""

import json

import numpy as np
from scipy import special

# The two declarations that a probability needs.
HERE = {"rating_is": "probability", "basis": "prevalence of this set"}


def reference_case(reference_data, name):
    """Return the values of R for one case, its outcomes and its probabilities, and its data."""
    path = reference_data / "reference" / "roc_agreement_calibration.json"
    cases = json.loads(path.read_text())["cases"]
    case = next(case for case in cases if case["id"] == name)
    data = case["data"]
    return case["values"], np.array(data["y"]), np.array(data["p"]), data


def calibrated(n_cases, seed, *, slope=1.0, centre=-1.5, spread=1.2):
    """Return truth and probabilities; perfectly calibrated where the slope is 1."""
    generator = np.random.default_rng(seed)
    logit = generator.normal(centre, spread, n_cases)
    truth = generator.random(n_cases) < special.expit(slope * logit)
    return truth.astype(int), special.expit(logit)


def weight_derivative(statistic, weight, step=1e-5):
    """Return w_i d statistic / d w_i for each case by central differences (influence values)."""
    influence = np.empty(weight.size)
    for place in range(weight.size):
        ends = []
        for sign in (1, -1):
            moved = weight.copy()
            moved[place] *= 1 + sign * step
            ends.append(statistic(moved))
        influence[place] = (ends[0] - ends[1]) / (2 * step)
    return influence


def clustered_error(influence, cluster):
    """Return the standard error from influence values over clusters, in plain loops."""
    groups = sorted(set(cluster))
    sums = [sum(i for i, c in zip(influence, cluster, strict=True) if c == g) for g in groups]
    return (len(groups) / (len(groups) - 1) * sum(s * s for s in sums)) ** 0.5
