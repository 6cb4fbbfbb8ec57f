"""Size of studies of one AUC or two: pROC, exact variances by quadrature, simulation."""

import csv
import dataclasses
import json
import math

import numpy as np
import pytest
from scipy import optimize, special

from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.auc.delong import auc_covariance
from toolkit.stats.simulation.roe_metz import RoeMetzModel, roe_metz_moments
from toolkit.stats.sizing.auc import OneAuc, TwoAucs, auc_interval_size, auc_power, auc_sample_size
from toolkit.stats.sizing.proportions import power_of_normal

PAIRED = TwoAucs(auc_a=0.85, auc_b=0.9, correlation_positive=0.5, correlation_negative=0.3)
Z = 1.959963984540054


@pytest.fixture(scope="module")
def proc(reference_data):
    cases = json.loads((reference_data / "reference" / "roc_auc.json").read_text())["cases"]
    return {case["id"]: case["values"] for case in cases if "power" in case["id"]}


def power_at(question, n_positive, n_negative):
    """Power at numbers of cases that need not be whole, as pROC gives them."""
    return float(
        power_of_normal(
            question.distance,
            question.std_error(n_positive, n_negative),
            0.025,
            null_error=question.null_error(n_positive, n_negative),
        )
    )


def test_one_auc_matches_proc(proc, reference_data):
    question = OneAuc(auc=0.8, variance="Obuchowski")
    found = proc["power_one_ss"]
    power = power_at(question, found["ncases"], found["ncontrols"])
    assert power == pytest.approx(found["power"], rel=1e-9)
    text = (reference_data / "reference" / "proc.json").read_text()
    both = json.loads(text)["results"]["power.roc.test/one"]["result"]
    given = auc_power(question, n_positive=41, n_negative=72)
    assert given.power == pytest.approx(both["power"], rel=1e-9)
    assert power_at(question, both["ncases"], both["ncontrols"]) == pytest.approx(0.9, rel=1e-9)
    size = auc_sample_size(question, power=0.9)
    assert size.n_positive == size.n_negative == math.ceil(both["ncases"]) == 17


def test_detectable_auc_is_procs_but_for_its_optimiser(proc):
    # pROC prints 0.6961054, found by an optimiser that stops early: there its own power is
    # 0.95002. The root is 0.6960997.
    found = proc["power_one_auc"]

    def excess(auc):
        return power_at(OneAuc(auc=auc, variance="Obuchowski"), 41, 72) - 0.95

    root = optimize.brentq(excess, 0.55, 0.9, xtol=1e-12)
    assert root == pytest.approx(found["auc"], abs=1e-5)
    assert excess(found["auc"]) > 1e-6


def test_two_aucs_match_proc(proc):
    # pROC is given delta = 0.1 beside curves that differ by 0.0567: the difference of the test.
    a, b = (special.ndtr(value / math.sqrt(2)) for value in (2.6, 1.9))
    question = TwoAucs(
        auc_a=a, auc_b=b, correlation_positive=0.6, correlation_negative=0.6, variance="Obuchowski"
    )
    n = proc["power_binormal_params"]["ncases"]
    errors = question.std_error(n, n), question.null_error(n, n)
    power = power_of_normal(0.1, errors[0], 0.025, null_error=errors[1])
    assert power == pytest.approx(0.8, rel=1e-9)


def test_two_observed_curves_match_proc_which_depends_on_their_order(proc, reference_data):
    with (reference_data / "data" / "asah" / "aSAH.csv").open() as file:
        rows = list(csv.DictReader(file))
    truth = np.array([row["outcome"] == "Poor" for row in rows])
    ratings = np.array([[float(row["ndka"]), float(row["wfns"])] for row in rows])
    found = auc_covariance(truth, ratings)
    v, difference = found.covariance, abs(found.aucs[1] - found.aucs[0])
    error = math.sqrt(v[0, 0] + v[1, 1] - 2 * v[0, 1])
    as_first, as_second = (math.sqrt(2 * v[k, k] - 2 * v[0, 1]) for k in (0, 1))
    power = power_of_normal(difference, error, 0.025, null_error=as_first)
    assert power == pytest.approx(proc["power_two_roc_power"]["power"], rel=1e-9)
    # With the curves exchanged its formula gives 0.877; DeLong's test has 0.799 either way.
    assert power_of_normal(difference, error, 0.025, null_error=as_second) > 0.87
    assert power_of_normal(difference, error, 0.025) == pytest.approx(0.799, abs=5e-4)


def exact_variance(auc, spread, m, n):
    """Variance of an empirical AUC, P(both right) by quadrature over the case that is shared."""
    separation = special.ndtri(auc) * math.hypot(1, spread)
    z, w = np.polynomial.hermite_e.hermegauss(100)
    w = w / w.sum()
    same_positive = w @ special.ndtr(separation + spread * z) ** 2
    same_negative = w @ special.ndtr((separation - z) / spread) ** 2
    return (
        auc * (1 - auc) + (n - 1) * (same_positive - auc**2) + (m - 1) * (same_negative - auc**2)
    ) / (m * n)


@pytest.mark.parametrize("auc", [0.6, 0.8, 0.95])
@pytest.mark.parametrize("spread", [0.7, 1.0, 1.6])
def test_exact_variance_is_the_quadrature(auc, spread):
    question = OneAuc(auc=auc, spread=spread)
    for m, n in [(10, 10), (50, 200), (400, 100)]:
        expected = exact_variance(auc, spread, m, n)
        assert question.std_error(m, n) ** 2 == pytest.approx(expected, rel=1e-8)


def test_paired_variance_is_that_of_the_roe_metz_model():
    # One reader, two modalities: shared and own variances of cases give the correlations.
    spread, up, down = 1.3, 0.6, 0.25
    shared = [[0, down, 0], [0, up * spread**2, 0]]
    own = [[0, 1 - down, 0], [0, (1 - up) * spread**2, 0]]
    scale = math.hypot(1, spread)
    model = RoeMetzModel(separation=np.array([1.0, 1.4]) * scale, shared=shared, own=[own, own])
    moments = roe_metz_moments(model)
    question = TwoAucs(
        auc_a=float(model.aucs[0]),
        auc_b=float(model.aucs[1]),
        correlation_positive=up,
        correlation_negative=down,
        spread_a=spread,
        spread_b=spread,
    )
    expected = moments.variance_of_difference(1, 70, 30)[0, 1]
    assert question.std_error(30, 70) ** 2 == pytest.approx(expected, rel=1e-10)


def test_obuchowskis_variance_is_too_large_at_high_aucs():
    # 0.98 where it does not matter, since the binormal AUC is a little better than the empirical.
    for auc, least in [(0.6, 0.97), (0.8, 1.2), (0.91, 1.5)]:
        ratio = (
            OneAuc(auc=auc, variance="Obuchowski").std_error(200, 200)
            / OneAuc(auc=auc).std_error(200, 200)
        ) ** 2
        assert ratio > least
    # The two formulas of the same authors agree, but for constants printed to three figures.
    a = TwoAucs(auc_a=0.8, auc_b=0.9, variance="Obuchowski").std_error(40, 90) ** 2
    each = [OneAuc(auc=auc, variance="Obuchowski").std_error(40, 90) ** 2 for auc in (0.8, 0.9)]
    assert a == pytest.approx(sum(each), rel=6e-3)


def test_sample_sizes_are_the_first_that_are_enough():
    for question in (OneAuc(auc=0.75, null=0.65), PAIRED):
        size = auc_sample_size(question, power=0.85, negatives_per_positive=2.5)
        assert size.n_negative == math.ceil(2.5 * size.n_positive)
        assert size.power >= 0.85
        fewer = size.n_positive - 1
        below = auc_power(question, n_positive=fewer, n_negative=math.ceil(2.5 * fewer))
        assert below.power < 0.85
    wide = auc_interval_size(PAIRED, half_width=0.05)
    assert wide.half_width <= 0.05 < Z * PAIRED.std_error(wide.n_positive - 1, wide.n_positive - 1)
    assert math.isnan(wide.power)
    assert wide.note.startswith("sized for its interval")


def test_results_round_trip():
    for result in (
        auc_power(PAIRED, n_positive=20, n_negative=20),
        auc_interval_size(OneAuc(auc=0.9), half_width=0.04),
    ):
        assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()
        assert set(result.summary_frame().columns) <= set(GLOSSARY)
    assert "20 positive cases are few" in auc_power(PAIRED, n_positive=20, n_negative=20).note


def delong_rejects(negative, positive, margin=None):
    """Whether DeLong's test of two AUCs rejects, (n_studies, 2, n_of_class) of each class."""
    above = positive[..., :, None] > negative[..., None, :]
    up, down = above.mean(axis=-1), above.mean(axis=-2)
    area = up.mean(axis=-1)

    def variance(placement):
        difference = placement[:, 1] - placement[:, 0]
        return difference.var(axis=-1, ddof=1) / difference.shape[-1]

    error = np.sqrt(variance(up) + variance(down))
    z = (area[:, 1] - area[:, 0] + (margin or 0.0)) / error
    return z > Z if margin else np.abs(z) > Z


@pytest.mark.slow
@pytest.mark.parametrize("margin", [None, 0.05])
@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_power_is_what_delongs_test_has(margin, correlation):
    aucs = (0.80, 0.86) if margin is None else (0.82, 0.82)
    question = TwoAucs(
        auc_a=aucs[0],
        auc_b=aucs[1],
        correlation_positive=correlation,
        correlation_negative=correlation,
        margin=margin,
        better=None if margin is None else "higher",
    )
    m, n = 120, 150
    draw = np.random.default_rng(20260101)
    rejected = []
    separation = special.ndtri(np.array(aucs)) * math.sqrt(2)
    for _ in range(20):
        ratings = []
        for count in (n, m):
            common = draw.standard_normal((500, 1, count))
            own = draw.standard_normal((500, 2, count))
            ratings.append(math.sqrt(correlation) * common + math.sqrt(1 - correlation) * own)
        ratings[1] += separation[:, None]
        rejected.append(delong_rejects(*ratings, margin=margin))
    share = np.concatenate(rejected).mean()
    expected = auc_power(question, n_positive=m, n_negative=n).power
    assert -0.04 < expected - share < 0.02


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: OneAuc(auc=1.0), "auc must lie between 0 and 1, but got 1"),
        (lambda: OneAuc(auc=0.8, null=0), "null must lie between 0 and 1"),
        (lambda: OneAuc(auc=0.8, spread=0), "spread must be a finite number above 0"),
        (lambda: OneAuc(auc=0.8, variance="DeLong"), "variance must be one of 'exact', 'Obuchow"),
        (lambda: dataclasses.replace(PAIRED, auc_b=1.2), "auc_b must lie from 0 to 1"),
        (
            lambda: dataclasses.replace(PAIRED, correlation_negative=1.0),
            "correlation_negative must lie between -1 and 1, but got 1.0",
        ),
        (lambda: dataclasses.replace(PAIRED, spread_b=-1), "spread_b must be a finite number"),
        (lambda: dataclasses.replace(PAIRED, variance="x"), "variance must be one of"),
        (lambda: dataclasses.replace(PAIRED, margin=0.05), "margin=0.05 needs better="),
        (
            lambda: dataclasses.replace(PAIRED, margin=0.05, better="lower"),
            "better must be 'higher': a higher AUC is better",
        ),
        (
            lambda: dataclasses.replace(PAIRED, auc_b=0.79, margin=0.05, better="higher"),
            "what is to be shown is not true, so no size is enough",
        ),
        (lambda: dataclasses.replace(PAIRED, auc_b=0.85), "auc_b - auc_a = 0 with margin = None"),
        (lambda: auc_power(PAIRED, n_positive=0, n_negative=5), "n_positive must be at least 1"),
        (lambda: auc_power(PAIRED, n_positive=5, n_negative=5, ci_level=1), "ci_level must lie"),
        (lambda: auc_sample_size(OneAuc(auc=0.5)), "there is nothing to show"),
        (lambda: auc_sample_size(PAIRED, power=0), "power must lie between 0 and 1"),
        (
            lambda: auc_sample_size(PAIRED, negatives_per_positive=0),
            "negatives_per_positive must be a finite number above 0",
        ),
        (
            lambda: auc_sample_size(OneAuc(auc=0.8, null=0.79999)),
            "1,000,000 positive cases are not enough",
        ),
        (lambda: auc_interval_size(PAIRED, half_width=0), "half_width must be a finite number"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
