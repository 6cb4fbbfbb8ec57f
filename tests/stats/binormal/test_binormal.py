"""The binormal fit by maximum likelihood; what is read off a fit is in test_binormal_curve.py."""

import csv
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from toolkit.results import Estimate, result_from_dict
from toolkit.stats.auc.curve import auc, roc_curve
from toolkit.stats.binormal import binormal as _binormal_likelihood
from toolkit.stats.binormal.binormal import (
    BinormalFit,
    binormal_auc,
    binormal_fit,
    category_counts,
    is_degenerate,
    maximise,
    truth_runs,
)

repeatable = settings(deadline=None, max_examples=80, derandomize=True)

# Hanley and McNeil, Radiology 1982;143:29-36, table 1: 109 CT images rated from 1 to 5.
CT_POSITIVE, CT_NEGATIVE = [3, 2, 2, 11, 33], [33, 6, 6, 11, 2]


def from_counts(positive, negative):
    """Truth and rating of a table of counts, least suspicious category first."""
    category = np.arange(1, len(positive) + 1)
    truth = np.repeat([1, 0], [sum(positive), sum(negative)])
    return truth, np.concatenate([np.repeat(category, positive), np.repeat(category, negative)])


@st.composite
def studies(draw, highest=6):
    """A small study with ties, one case of each class at least."""
    n_positive, n_negative = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    truth = draw(st.permutations([1] * n_positive + [0] * n_negative))
    rating = st.lists(st.integers(0, highest), min_size=len(truth), max_size=len(truth))
    return np.array(truth), np.array(draw(rating))


def simulate(rng, *, n_positive, n_negative, a, b):
    """Latent binormal ratings, in standard deviations of healthy cases."""
    truth = np.repeat([1, 0], [n_positive, n_negative])
    return truth, np.where(truth == 1, (a + rng.standard_normal(truth.size)) / b, 0) + np.where(
        truth == 0, rng.standard_normal(truth.size), 0
    )


def log_likelihood(parameters, positive, negative):
    """The likelihood as Dorfman and Alf write it, from distribution functions alone."""
    a, log_b, cuts = (
        parameters[0],
        parameters[1],
        np.cumsum(np.concatenate([parameters[2:3], np.exp(parameters[3:])])),
    )
    total = 0.0
    for counts, shifted in ((negative, cuts), (positive, np.exp(log_b) * cuts - a)):
        cumulative = np.concatenate([[0], stats.norm.cdf(shifted), [1]])
        for count, probability in zip(counts, np.diff(cumulative), strict=True):
            if count:
                total += count * math.log(max(probability, 1e-300))
    return total


# --- reference ---------------------------------------------------------------------------------


def test_fit_matches_stata():
    """Stata's rocfit on the CT data, printed to six decimals (manual [R] rocfit, example 1).

    > rocfit disease rating
    Intercept 1.656782 (.310456), slope .713002 (.215882), cuts .169768 .463215 .766860
    1.797938, ROC area .911331 (.029506), log likelihood -123.64855, chi2(2) = 0.21, P = 0.9006.
    """
    fit = binormal_fit(*from_counts(CT_POSITIVE, CT_NEGATIVE))
    errors = np.sqrt(np.diagonal(fit.covariance))
    assert [round(value, 6) for value in (fit.intercept, fit.slope)] == [1.656782, 0.713002]
    assert errors.round(6).tolist() == [0.310456, 0.215882]
    assert fit.cut_points.round(6).tolist() == [0.169768, 0.463215, 0.76686, 1.797938]
    assert (round(fit.estimate, 6), round(fit.std_error, 6)) == (0.911331, 0.029506)
    assert round(fit.log_likelihood, 5) == -123.64855
    assert (round(fit.fit_statistic, 2), fit.fit_df, round(fit.fit_p_value, 4)) == (0.21, 2, 0.9006)
    assert fit.threshold.tolist() == [2, 3, 4, 5]
    assert fit.note.startswith("P of the fit is approximate: a category expects")


def read_ratings(path):
    """Truth and rating of each (modality, reader) of a data set."""
    curves = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            curve = curves.setdefault((row["modality"], row["reader"]), [])
            curve.append((int(row["truth"]), float(row["rating"])))
    return {key: np.array(pairs).T for key, pairs in curves.items()}


@pytest.fixture(scope="module")
def van_dyke(reference_data):
    return read_ratings(reference_data / "data" / "VanDyke" / "ratings.csv")


def results_of(reference_data, peer):
    text = (reference_data / "reference" / f"{peer}.json").read_text()
    return json.loads(text)["results"]


def test_fit_matches_rjafroc(reference_data, van_dyke):
    """RJafroc 2.1.2 FitBinormalRoc(dataset02, trt, rdr), whose optimiser stops a little early.

    Its likelihood is never higher than ours, and a, b agree to a thousandth of a standard error.
    """
    checked = 0
    for key, entry in results_of(reference_data, "rjafroc").items():
        if not key.startswith("FitBinormalRoc/dataset02/"):
            continue
        modality, reader = key[-len("1_rdr1")], key[-1]
        fit, expected = binormal_fit(*van_dyke[modality, reader]), entry["result"]
        if expected["AUC"] is None:
            assert "op.pts on boundary" in expected["errorMsg"]
            assert math.isnan(fit.estimate)
            continue
        errors = np.sqrt(np.diagonal(fit.covariance))
        assert fit.log_likelihood >= -expected["NLLFin"] - 1e-10
        assert fit.log_likelihood == pytest.approx(-expected["NLLFin"], abs=1e-5)
        assert abs(fit.intercept - expected["a"]) < 1e-3 * errors[0]
        assert abs(fit.slope - expected["b"]) < 2e-3 * errors[1]
        assert fit.estimate == pytest.approx(expected["AUC"], abs=2e-5)
        assert fit.std_error == pytest.approx(expected["StdAUC"]["values"][0][0], rel=1e-3)
        covariance = np.array(expected["covMat"]["values"])[:2, :2]
        assert fit.covariance == pytest.approx(covariance, rel=1e-3)
        assert fit.cut_points == pytest.approx(list(expected["zetas"].values()), abs=2e-3)
        checked += 1
    assert checked == 9


@pytest.mark.parametrize("dataset", ["VanDyke", "Kundel"])
def test_fit_matches_mrmcaov(reference_data, dataset):
    """MRMCaov 0.3.0, parameters(roc_curves(truth, rating, ..., method = "binormal"))."""
    expected = results_of(reference_data, "mrmcaov")[f"{dataset}/roc_curves/binormal"]["result"]
    ratings = read_ratings(reference_data / "data" / dataset / "ratings.csv")
    keys = zip(expected["Group.Test"], expected["Group.Reader"], strict=True)
    for key, a, b in zip(keys, expected["a"], expected["b"], strict=True):
        fit = binormal_fit(*ratings[key])
        if a is None:  # MRMCaov says AUC 1 there
            assert fit.note.startswith("degenerate ratings")
            continue
        errors = np.sqrt(np.diagonal(fit.covariance))
        assert abs(fit.intercept - a) < 1e-3 * errors[0]
        assert abs(fit.slope - b) < 1e-3 * errors[1]


def test_auc_of_fits_matches_mrmcaov(reference_data, van_dyke):
    key = "VanDyke/binormal_auc/jackknife/RRRC"
    expected = results_of(reference_data, "mrmcaov")[key]["result"]["auc_by_test_reader"]
    columns = (expected[name] for name in ("binormal_auc", "treatment", "reader"))
    for value, modality, reader in zip(*columns, strict=True):
        got = binormal_auc(*van_dyke[modality, reader])
        if value == 1:  # points on the left and the upper edge alone: not 1 but undefined
            assert math.isnan(got)
        else:
            assert got == pytest.approx(value, abs=1e-5)


def probit_line(truth, rating):
    """Least squares of specificity on sensitivity, both as normal deviates: slope, intercept."""
    curve = roc_curve(truth, rating)
    sensitivity, specificity = curve.y, 1 - curve.x
    inside = (curve.x > 0) & (curve.x < 1) & (curve.y > 0) & (curve.y < 1)
    deviates = stats.norm.ppf([sensitivity[inside], specificity[inside]])
    return np.polyfit(*deviates, 1)


def test_smooth_curve_of_proc_is_a_least_squares_line_and_not_this_fit(reference_data):
    """pROC 1.19.0.1, smooth(r, method = "binormal"): that line reproduces its numbers, ML does
    not. The line is not even the same with the axes exchanged."""
    cases = json.loads((reference_data / "reference" / "roc_auc.json").read_text())["cases"]
    cases = {case["id"]: case for case in cases}
    with (reference_data / "data" / "asah" / "aSAH.csv").open() as file:
        rows = list(csv.DictReader(file))
    ndka = ([row["outcome"] == "Poor" for row in rows], [float(row["ndka"]) for row in rows])
    ordinal = cases["ordinal_smooth_binormal"]
    studies = {
        "asah_smooth_binormal_ndka": ndka,
        "ordinal_smooth_binormal": (ordinal["data"]["y"], ordinal["data"]["a"]),
    }
    for name, study in studies.items():
        expected = cases[name]["values"]
        slope, intercept = probit_line(*study)
        assert slope == pytest.approx(expected["coef"]["se"], rel=1e-9)
        assert intercept == pytest.approx(expected["coef"]["(Intercept)"], rel=1e-9)
        area = stats.norm.cdf(intercept / math.hypot(1, slope))
        assert area == pytest.approx(expected["auc"], rel=1e-4)
        fit = binormal_fit(*study)
        assert 5e-4 < abs(fit.estimate - expected["auc"]) < 0.1 * fit.std_error


def brute_force(positive, negative):
    """Highest likelihood that scipy's optimiser finds from several starting points."""
    best = -math.inf
    for a, log_b in ((0.5, 0.0), (1.5, -1.0), (-0.5, 0.7)):
        start = np.concatenate([[a, log_b, -1.0], np.full(len(positive) - 2, -0.7)])
        found = optimize.minimize(
            lambda p: -log_likelihood(p, positive, negative),
            start,
            method="BFGS",
            options={"gtol": 1e-6, "maxiter": 500},
        )
        best = max(best, -found.fun)
    return best


def test_maximum_is_that_of_a_general_optimiser():
    rng = np.random.default_rng(3)
    checked = 0
    while checked < 6:
        shares = rng.dirichlet(np.ones(5), size=2)
        positive, negative = (rng.multinomial(40, share) for share in shares)
        if ((positive + negative) == 0).any() or is_degenerate(positive, negative):
            continue
        got = maximise(positive, negative).log_likelihood
        assert got == pytest.approx(brute_force(positive, negative), abs=1e-5)
        checked += 1


def test_derivatives_are_those_of_the_likelihood():
    """Central differences of the likelihood as written in the paper."""
    positive, negative = np.array(CT_POSITIVE), np.array(CT_NEGATIVE)
    likelihood = _binormal_likelihood._Likelihood(positive, negative)

    def value(parameters):
        a, b, cuts = parameters[0], parameters[1], parameters[2:]
        spacing = np.concatenate([[a, math.log(b), cuts[0]], np.log(np.diff(cuts))])
        return log_likelihood(spacing, positive, negative)

    place = np.array([1.6, 0.75, 0.15, 0.45, 0.8, 1.75])
    step = 1e-4 * np.eye(6)
    gradient = [(value(place + h) - value(place - h)) / 2e-4 for h in step]
    hessian = [
        [
            (
                value(place + h + k)
                - value(place + h - k)
                - value(place - h + k)
                + value(place - h - k)
            )
            / 4e-8
            for h in step
        ]
        for k in step
    ]
    newton = -np.linalg.solve(hessian, gradient)
    got = likelihood.step(place)
    assert got.concave
    assert got.change == pytest.approx(newton, rel=1e-4)
    assert got.decrement == pytest.approx(newton @ gradient, rel=1e-4)
    covariance = np.linalg.inv(-np.array(hessian))[:2, :2]
    assert np.linalg.inv(got.information) == pytest.approx(covariance, rel=1e-3)
    assert likelihood.value(place) == pytest.approx(value(place), rel=1e-12)


# --- property ----------------------------------------------------------------------------------


@repeatable
@given(studies())
def test_runs_of_like_truth_tell_all(study):
    """Merging neighbours of one class changes neither a, b nor their covariance (Metz et al.)."""
    truth, rating = study
    counts = category_counts(truth == 1, rating.astype(float))
    merged = truth_runs(counts)
    degenerate = is_degenerate(counts.positive, counts.negative)
    assert is_degenerate(merged.positive, merged.negative) == degenerate
    if degenerate:
        assert math.isnan(binormal_auc(truth, rating))
        return
    fine, coarse = (maximise(c.positive, c.negative) for c in (counts, merged))
    assert coarse.intercept == pytest.approx(fine.intercept, rel=1e-6, abs=1e-8)
    assert coarse.slope == pytest.approx(fine.slope, rel=1e-6)
    assert coarse.covariance == pytest.approx(fine.covariance, rel=1e-5, abs=1e-9)
    assert binormal_auc(truth, rating) == pytest.approx(
        binormal_fit(truth, rating).estimate, rel=1e-9
    )


@repeatable
@given(studies())
def test_the_likelihood_equations_hold_and_limits_stay_in_range(study):
    fit = binormal_fit(*study)
    if math.isnan(fit.estimate):
        assert fit.note
        assert math.isnan(fit.ci_low)
        return
    counts = category_counts(study[0] == 1, study[1].astype(float))
    likelihood = _binormal_likelihood._Likelihood(counts.positive, counts.negative)
    parameters = np.concatenate([[fit.intercept, fit.slope], fit.cut_points])
    step = likelihood.step(parameters)
    assert step.concave
    assert abs(step.decrement) < 1e-12
    assert 0 <= fit.ci_low < fit.estimate < fit.ci_high <= 1
    assert fit.std_error > 0


def test_a_curve_that_the_ratings_follow_exactly_is_found():
    """Counts in proportion to a binormal model give back that model."""
    a, b, cuts = 1.4, 0.7, np.array([-0.5, 0.4, 1.1, 1.9])
    cumulative = [np.concatenate([[0], stats.norm.cdf(c), [1]]) for c in (b * cuts - a, cuts)]
    positive, negative = (np.rint(1e9 * np.diff(share)).astype(np.int64) for share in cumulative)
    got = maximise(positive, negative)
    assert (got.intercept, got.slope) == pytest.approx((a, b), rel=1e-7)
    assert got.cut_points == pytest.approx(cuts, abs=1e-7)


def test_only_the_order_counts_and_classes_mirror():
    rng = np.random.default_rng(11)
    truth, rating = simulate(rng, n_positive=25, n_negative=60, a=1.2, b=0.8)
    fit = binormal_fit(truth, rating)
    for transformed in (np.exp(rating), 1e6 * rating - 3, stats.rankdata(rating)):
        again = binormal_fit(truth, transformed)
        assert (again.intercept, again.slope) == (fit.intercept, fit.slope)
    turned = binormal_fit(truth, -rating)  # sensitivity falls where it rose
    assert turned.estimate == pytest.approx(1 - fit.estimate, rel=1e-8)
    assert turned.intercept == pytest.approx(-fit.intercept, rel=1e-8)
    mirrored = binormal_fit(1 - truth, -rating)
    assert mirrored.estimate == pytest.approx(fit.estimate, rel=1e-8)
    assert mirrored.slope == pytest.approx(1 / fit.slope, rel=1e-8)
    assert mirrored.intercept == pytest.approx(fit.intercept / fit.slope, rel=1e-8)
    order = rng.permutation(truth.size)
    assert binormal_fit(truth[order], rating[order]).estimate == fit.estimate


def test_direction_is_never_guessed():
    truth, rating = from_counts(CT_NEGATIVE, CT_POSITIVE)
    fit = binormal_fit(truth, rating)
    assert fit.estimate == pytest.approx(1 - 0.911331, abs=1e-6)
    assert fit.intercept < 0


def test_duplicate_cases_leave_the_curve_and_halve_the_variance():
    truth, rating = from_counts(CT_POSITIVE, CT_NEGATIVE)
    fit, double = binormal_fit(truth, rating), binormal_fit(np.tile(truth, 2), np.tile(rating, 2))
    assert (double.intercept, double.slope) == pytest.approx((fit.intercept, fit.slope), rel=1e-8)
    assert double.covariance == pytest.approx(fit.covariance / 2, rel=1e-7)


def test_categories_are_cut_at_equal_steps_of_the_curve():
    truth = np.repeat([0, 1], [100, 10])
    rating = np.concatenate([np.arange(100), np.arange(45, 145, 10) + 0.5])
    fit = binormal_fit(truth, rating, n_categories=4)
    assert fit.threshold.size == 3
    below = [(rating[truth == t][:, np.newaxis] < fit.threshold).mean(axis=0) for t in (0, 1)]
    # A step of one positive case is 0.05 of that axis.
    assert (below[0] + below[1]) / 2 == pytest.approx([0.25, 0.5, 0.75], abs=0.026)
    fine = binormal_fit(truth, rating)
    assert fine.threshold.size == 109
    assert fit.estimate == pytest.approx(fine.estimate, abs=0.5 * fine.std_error)
    assert binormal_fit(truth, rating, n_categories=500).threshold.size == 109
    rounded = np.floor(rating / 30)
    assert binormal_fit(truth, rounded, n_categories=20).estimate == binormal_auc(truth, rounded)


@repeatable
@given(studies(highest=30), st.integers(3, 8))
def test_each_cut_is_the_nearest_to_its_step(study, n_categories):
    truth, rating = study[0] == 1, study[1].astype(float)
    got = category_counts(truth, rating, n_categories=n_categories)
    values = np.unique(rating)
    assert got.positive.sum() == truth.sum()
    assert got.negative.sum() == (~truth).sum()
    if values.size <= n_categories:
        assert got.lowest.tolist() == values.tolist()
        return
    cuts = values[1:]
    share = [((rating[truth] < c).mean() + (rating[~truth] < c).mean()) / 2 for c in cuts]
    for step in np.arange(1, n_categories) / n_categories:
        distance = np.abs(np.array(share) - step)
        chosen = np.isin(cuts, got.lowest[1:])
        assert distance[chosen].min() == pytest.approx(distance.min(), abs=1e-12)
    assert got.lowest.size <= n_categories


def test_fit_of_many_cases_tends_to_the_truth_and_to_the_empirical_area():
    rng = np.random.default_rng(20260101)
    truth, rating = simulate(rng, n_positive=3000, n_negative=30_000, a=1.5, b=0.8)
    fit = binormal_fit(truth, rating)
    errors = np.sqrt(np.diagonal(fit.covariance))
    assert abs(fit.intercept - 1.5) < 3 * errors[0]
    assert abs(fit.slope - 0.8) < 3 * errors[1]
    assert fit.std_error < 0.005
    assert fit.estimate == pytest.approx(auc(truth, rating), abs=0.003)


def spread_of_fits(fits):
    """Standard deviation of the deviate of the area over its mean standard error, and coverage."""
    deviates = np.array([stats.norm.ppf(fit.estimate) for fit in fits])
    errors = [fit.std_error / stats.norm.pdf(d) for fit, d in zip(fits, deviates, strict=True)]
    return deviates, np.array(errors)


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b", "n_categories"), [(1.5, 0.8, None), (1.5, 0.8, 10), (1, 1, 6)])
def test_standard_error_and_interval_hold_in_simulation(a, b, n_categories):
    rng = np.random.default_rng(8)
    area = stats.norm.cdf(a / math.hypot(1, b))
    fits = []
    for _ in range(1000):
        truth, rating = simulate(rng, n_positive=60, n_negative=120, a=a, b=b)
        fits.append(binormal_fit(truth, rating, n_categories=n_categories))
    fits = [fit for fit in fits if not math.isnan(fit.estimate)]
    assert len(fits) > 990
    deviates, errors = spread_of_fits(fits)
    # Both sides carry sampling noise of about 2.5 %.
    assert np.std(deviates) / np.sqrt(np.mean(errors**2)) == pytest.approx(1, abs=0.08)
    bias = np.mean([fit.estimate for fit in fits]) - area
    assert abs(bias) < 0.2 * np.mean([fit.std_error for fit in fits])
    coverage = np.mean([fit.ci_low <= area <= fit.ci_high for fit in fits])
    assert 0.93 < coverage < 0.97


def test_fom_says_what_it_is():
    assert (binormal_auc.uses, binormal_auc.smooth) == ("all", True)
    assert (binormal_auc.range, binormal_auc.better) == ((0.0, 1.0), "higher")
    assert binormal_auc.__name__ == "binormal_auc"


def test_fit_is_an_estimate_that_prints_and_serialises():
    fit = binormal_fit(*from_counts(CT_POSITIVE, CT_NEGATIVE), label="CT", ci_level=0.9)
    assert isinstance(fit, Estimate)
    assert (fit.quantity, fit.label, fit.n_cases, fit.n_positive) == ("auc", "CT", 109, 51)
    assert fit.ci_method == "Wald, probit scale"
    assert result_from_dict(json.loads(json.dumps(fit.to_dict()))).to_dict() == fit.to_dict()
    frame = fit.summary_frame()
    assert frame.shape[0] == 1
    assert "intercept" not in frame
    assert "slope" in fit._repr_html_()
    d, reach = stats.norm.ppf(fit.estimate), stats.norm.isf(0.05)
    error = fit.std_error / stats.norm.pdf(d)
    assert fit.ci_low == pytest.approx(stats.norm.cdf(d - reach * error), rel=1e-12)
    assert fit.ci_high == pytest.approx(stats.norm.cdf(d + reach * error), rel=1e-12)


# --- edge --------------------------------------------------------------------------------------

NO_FIT = {
    "no positive case: there is no ROC curve": ([0, 0], [1, 2]),
    "no negative case: there is no ROC curve": ([1, 1], [1, 2]),
    "every positive case is rated above every negative one": ([0, 0, 1, 1], [1, 2, 3, 4]),
    "1 rating categories": ([0, 0, 1, 1], [3, 3, 3, 3]),
    "2 rating categories": ([0, 1, 0, 1], [3, 3, 4, 4]),
    "degenerate ratings": ([1, 1, 0, 0], [1, 2, 3, 4]),  # an AUC of 0
}


@pytest.mark.parametrize("reason", NO_FIT)
def test_degenerate_ratings_have_no_fit_and_say_why(reason):
    fit = binormal_fit(*NO_FIT[reason])
    assert fit.note.startswith(reason)
    for name in ("estimate", "std_error", "ci_low", "ci_high", "intercept", "slope"):
        assert math.isnan(getattr(fit, name))
    assert fit.fit_p_value is None
    assert BinormalFit.from_dict(fit.to_dict()).to_dict() == fit.to_dict()


def test_no_case_has_no_fit():
    fit = binormal_fit([], [])
    assert fit.note == "no positive case: there is no ROC curve"
    assert fit.cut_points.size == 0


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ([0, 5, 5], [5, 0, 5]),  # a hook: points on the right and on the level line
        ([5, 0, 3, 2], [0, 4, 3, 0]),  # left edge, a level line, right edge
        ([0, 7, 0], [3, 2, 4]),  # an upright line
        ([1, 9], [9, 1]),  # one point inside
        ([0, 0, 1], [4, 5, 1]),  # one positive case
        ([2, 3, 4], [0, 0, 1]),  # one negative case
    ],
)
def test_ratings_that_corners_fit_exactly_are_degenerate(positive, negative):
    assert is_degenerate(np.array(positive), np.array(negative))
    assert math.isnan(binormal_auc(*from_counts(positive, negative)))


def test_one_point_inside_and_one_on_an_edge_have_a_fit():
    """No corner passes (0, 0.3), (0.1, 0.7) and (0.4, 1), so there is a maximum."""
    fit = binormal_fit(*from_counts([0, 3, 4, 3], [6, 3, 1, 0]))
    assert 0.8 < fit.estimate < 1
    assert fit.fit_statistic is None  # a category in which less than one case is expected


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int8, np.float32])
def test_truth_may_be_of_any_number_type(kind):
    truth, rating = from_counts(CT_POSITIVE, CT_NEGATIVE)
    expected = binormal_fit(truth, rating).estimate
    assert binormal_fit(truth.astype(kind), rating.astype(np.uint8)).estimate == expected


def test_infinite_ratings_are_ranks():
    truth, rating = from_counts(CT_POSITIVE, CT_NEGATIVE)
    expected = binormal_fit(truth, rating).estimate
    edged = np.select([rating == 1, rating == 5], [-math.inf, math.inf], rating)
    assert binormal_fit(truth, edged).estimate == expected


def test_a_large_study_is_fitted():
    rng = np.random.default_rng(2)
    truth, rating = simulate(rng, n_positive=500, n_negative=99_500, a=1.8, b=0.7)
    fit = binormal_fit(truth, rating, n_categories=50)
    assert fit.cut_points.size == 49
    assert abs(fit.estimate - stats.norm.cdf(1.8 / math.hypot(1, 0.7))) < 3 * fit.std_error
    assert binormal_auc(truth, rating) == pytest.approx(fit.estimate, abs=0.2 * fit.std_error)


def test_a_search_that_stops_is_no_fit(monkeypatch):
    monkeypatch.setattr(_binormal_likelihood, "_LARGEST_STEPS", 1)
    truth, rating = from_counts(CT_POSITIVE, CT_NEGATIVE)
    assert "did not converge" in binormal_fit(truth, rating).note
    assert math.isnan(binormal_auc(truth, rating))


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: binormal_fit([0, 2], [1, 2]), "truth must hold only 0 and 1, but position 1"),
        (lambda: binormal_fit(["yes", "no"], [1, 2]), "truth must hold numbers, but its dtype"),
        (lambda: binormal_fit([0, 1], [1, math.nan]), "rating must not be missing, but position 1"),
        (lambda: binormal_fit([0, 1], [1, 2, 3]), r"rating must have shape \(n_cases,\)"),
        (lambda: binormal_fit([0, 1], [1, 2], ci_level=95), "ci_level must lie between 0 and 1"),
        (
            lambda: binormal_fit([0, 1], [1, 2], n_categories=2),
            "n_categories must be 3 or more, since two cuts make a curve, but got 2",
        ),
        (lambda: binormal_fit([0, 1], [1, 2], n_categories=4.5), "n_categories must be a whole"),
        (lambda: binormal_auc([0, 0], [1, 2]), "a binormal AUC is undefined: truth holds no pos"),
        (lambda: binormal_auc([1, 1], [1, 2]), "a binormal AUC is undefined: truth holds no neg"),
        (lambda: binormal_auc([0, 1], [math.nan, 2]), "rating must not be missing, but position 0"),
    ],
)
def test_malformed_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
