"""The proper binormal fit; what is read off a fit is in test_binormal_lr_curve.py."""

import csv
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats
from scipy.linalg import LinAlgError

from toolkit.results import Estimate, result_from_dict
from toolkit.stats.auc.curve import rating_fom
from toolkit.stats.binormal.binormal import binormal_fit, category_counts
from toolkit.stats.binormal.proper import (
    BinormalLrFit,
    binormal_lr_auc,
    binormal_lr_fit,
    maximise,
    no_proper_maximum,
)
from toolkit.stats.binormal.proper_model import (
    ProperLikelihood,
    area,
    area_slopes,
    cells,
    corner,
    domain,
)
from toolkit.stats.mrmc.covariances import fom_table
from toolkit.stats.mrmc.inference import obuchowski_rockette

repeatable = settings(deadline=None, max_examples=40, derandomize=True)

# Hanley and McNeil, Radiology 1982;143:29-36, table 1: 109 CT images rated from 1 to 5.
CT_POSITIVE, CT_NEGATIVE = [3, 2, 2, 11, 33], [33, 6, 6, 11, 2]


def from_counts(positive, negative):
    """Truth and rating of a table of counts, least suspicious category first."""
    category = np.arange(1, len(positive) + 1)
    truth = np.repeat([1, 0], [sum(positive), sum(negative)])
    return truth, np.concatenate([np.repeat(category, positive), np.repeat(category, negative)])


def counts_of(positive, negative):
    """Categories of a table of counts, those without a case left out."""
    truth, rating = from_counts(positive, negative)
    return category_counts(truth == 1, rating.astype(float))


@st.composite
def studies(draw, highest=6):
    """A small study with ties, one case of each class at least."""
    n_positive, n_negative = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    truth = draw(st.permutations([1] * n_positive + [0] * n_negative))
    rating = st.lists(st.integers(0, highest), min_size=len(truth), max_size=len(truth))
    return np.array(truth), np.array(draw(rating))


def simulate(rng, *, n_positive, n_negative, d_a, c):
    """Log likelihood ratios of latent binormal ratings."""
    b = (1 + c) / (1 - c)
    a = d_a * math.sqrt((1 + b * b) / 2)
    truth = np.repeat([1, 0], [n_positive, n_negative])
    latent = rng.standard_normal(truth.size)
    latent = np.where(truth == 1, (a + latent) / b, latent)
    return truth, (latent**2 - (b * latent - a) ** 2) / 2


# --- an independent likelihood: the bi-chi-squared form of Hillis (2016) ------------------------


def shares_above(cuts, d_a, c):
    """Shares of both classes whose squared distance from the vertex of the ratio exceeds cuts.

    For c < 0: healthy cases are chi-square with 1 df and non-centrality theta, positive ones
    lambda times one with non-centrality lambda theta. With 1 df that is a square of a normal.
    """
    b = (1 + c) / (1 - c)
    a = d_a * math.sqrt((1 + b * b) / 2)
    root = a * b / (1 - b * b)
    reach = np.sqrt(cuts)
    return [
        stats.norm.sf(w - mean) + stats.norm.sf(w + mean)
        for w, mean in ((b * reach, root / b), (reach, root))
    ]


def cells_between(cuts, d_a, c):
    if c > 0:  # classes exchanged and turned round
        healthy, positive = cells_between(cuts, d_a, -c)
        return positive[::-1], healthy[::-1]
    return [-np.diff(np.concatenate([[1], above, [0]])) for above in shares_above(cuts, d_a, c)]


def log_likelihood(cuts, d_a, c, positive, negative):
    total = 0.0
    for counts, cell in zip((positive, negative), cells_between(cuts, d_a, c), strict=True):
        used = np.array(counts) > 0
        total += float(np.array(counts)[used] @ np.log(np.maximum(cell[used], 1e-300)))
    return total


def start_of(d_a, c, positive, negative):
    """Logarithms of the steps from cut to cut, for c < 0, with about the observed shares."""
    fine = np.geomspace(1e-5, 1e3, 4000) * (1 + 1 / abs(c)) ** 2
    mean = 1 - np.mean(shares_above(fine, d_a, c), axis=0)
    wanted = np.cumsum(np.array(positive) / sum(positive) + np.array(negative) / sum(negative)) / 2
    cuts = np.interp(wanted[:-1], mean, fine)
    return np.log(np.maximum(np.diff(np.concatenate([[0], cuts])), 1e-6))


def best_for(d_a, c, positive, negative):
    """Highest likelihood for given d_a and c, by a general optimiser over the cuts."""
    if c > 0:
        return best_for(d_a, -c, negative[::-1], positive[::-1])
    c = min(c, -1e-6)
    found = optimize.minimize(
        lambda steps: -log_likelihood(np.cumsum(np.exp(steps)), d_a, c, positive, negative),
        start_of(d_a, c, positive, negative),
        method="BFGS",
        options={"gtol": 1e-7},
    )
    return -float(found.fun)


# --- reference ---------------------------------------------------------------------------------


def read_tables(path):
    """Truth (n_cases,) and ratings (n_cases, n_readers, n_modalities), NaN where not read."""
    with path.open() as file:
        rows = list(csv.DictReader(file))
    names = [sorted({row[name] for row in rows}) for name in ("case", "reader", "modality")]
    truth, ratings = np.zeros(len(names[0]), dtype=int), np.full([len(n) for n in names], np.nan)
    for row in rows:
        place = tuple(
            one.index(row[name])
            for one, name in zip(names, ("case", "reader", "modality"), strict=True)
        )
        truth[place[0]], ratings[place] = int(row["truth"]), float(row["rating"])
    return truth, ratings


@pytest.fixture(scope="module")
def studies_read(reference_data):
    return {
        name: read_tables(reference_data / "data" / name / "ratings.csv")
        for name in ("VanDyke", "Kundel")
    }


@pytest.fixture(scope="module")
def mrmcaov(reference_data):
    return json.loads((reference_data / "reference" / "mrmcaov.json").read_text())["results"]


def curves_of(studies_read, mrmcaov, dataset):
    """Counts, and MRMCaov's d_a and c, of each reader and modality."""
    truth, ratings = studies_read[dataset]
    expected = mrmcaov[f"{dataset}/roc_curves/binormalLR"]["result"]
    names = ("Group.Test", "Group.Reader", "Metz.d_a", "Metz.c")
    for test, reader, d_a, c in zip(*(expected[name] for name in names), strict=True):
        rating = ratings[:, int(reader) - 1, int(test) - 1]
        read = ~np.isnan(rating)
        yield (test, reader), truth[read], rating[read], d_a, c


# Van Dyke's test and reader for which MRMCaov has a d_a below 0.1: theirs heads for the edge.
ON_EDGE = {"VanDyke": {("2", "2"), ("1", "3"), ("1", "4")}, "Kundel": {("1", "1")}}


@pytest.mark.parametrize("dataset", ["VanDyke", "Kundel"])
def test_fit_matches_mrmcaov(studies_read, mrmcaov, dataset):
    """MRMCaov 0.3.0, parameters(roc_curves(truth, rating, ..., method = "binormalLR")).

    Its likelihood, computed here from its parameters by another formula, is never higher.
    """
    edge = set()
    for key, truth, rating, d_a, c in curves_of(studies_read, mrmcaov, dataset):
        fit = binormal_lr_fit(truth, rating)
        if d_a is None:  # no point inside the square: MRMCaov has an AUC of 1 there
            assert key == ("2", "4")
            assert fit.note.startswith("all operating points lie on the left and upper edges")
            continue
        counts = category_counts(truth == 1, rating)
        theirs = best_for(d_a, c, counts.positive, counts.negative)
        assert fit.log_likelihood >= theirs - 1e-8
        assert fit.log_likelihood == pytest.approx(theirs, abs=5e-8)
        if fit.d_a == 0:
            edge.add(key)
            continue
        errors = np.sqrt(np.diagonal(fit.covariance))
        assert abs(fit.d_a - d_a) < 1e-3 * errors[0]
        assert abs(fit.c - c) < 1e-3 * errors[1]
        assert fit.estimate == pytest.approx(float(area(d_a, c)), abs=1e-5)
    assert edge == ON_EDGE[dataset]


def test_auc_of_fits_matches_mrmcaov(studies_read, mrmcaov):
    truth, ratings = studies_read["VanDyke"]
    result = mrmcaov["VanDyke/binormalLR_auc/jackknife/RRRC"]["result"]["auc_by_test_reader"]
    columns = (result[name] for name in ("binormalLR_auc", "treatment", "reader"))
    for value, test, reader in zip(*columns, strict=True):
        got = binormal_lr_auc(truth, ratings[:, int(reader) - 1, int(test) - 1])
        if value == 1:
            assert math.isnan(got)
        else:
            assert got == pytest.approx(value, abs=1e-5)


def test_jackknife_of_van_dyke_matches_mrmcaov(studies_read, mrmcaov):
    # Reader 4 in modality 2 has no point inside: MRMCaov takes an AUC of 1, here it is undefined.
    @rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="higher")
    def with_one_for_perfect(truth, rating):
        value = binormal_lr_auc(truth, rating)
        return 1.0 if math.isnan(value) else value

    truth, ratings = studies_read["VanDyke"]
    expected = mrmcaov["VanDyke/binormalLR_auc/jackknife/RRRC"]["result"]
    table = fom_table(truth, ratings, fom=with_one_for_perfect)
    matrix = np.array(expected["cov_matrix"]["values"], dtype=float)
    # Theirs is ordered test by test, and the test is our second axis.
    ours = table.covariance.transpose(1, 0, 3, 2).reshape(10, 10)
    scale = np.sqrt(np.outer(np.diagonal(matrix), np.diagonal(matrix))) + 1e-12
    assert (np.abs(ours - matrix) < 5e-4 * scale).all()
    # The difference is test 1 minus test 2 there.
    difference = obuchowski_rockette(table).differences[0]
    theirs = {name: values[0] for name, values in expected["test_diffs"].items()}
    assert difference.estimate == pytest.approx(-theirs["Estimate"], abs=1e-6)
    assert difference.std_error == pytest.approx(theirs["StdErr"], rel=1e-4)
    assert difference.df == pytest.approx(theirs["df"], rel=1e-3)
    assert difference.p_value == pytest.approx(theirs["p-value"], rel=1e-3)
    with pytest.raises(ValueError, match=r"curve 7 is undefined \(NaN\) without unit 0"):
        fom_table(truth, ratings, fom=binormal_lr_auc)


def test_fit_with_d_a_of_0_is_the_highest_of_several_maxima(studies_read):
    """Van Dyke, modality 1, reader 3: looks like a search that stopped early, and is not.

    The likelihood has a second maximum at d_a 2.08, c -0.23 (area 0.929), which is lower.
    """
    truth, ratings = studies_read["VanDyke"]
    fit = binormal_lr_fit(truth, ratings[:, 2, 0])
    counts = category_counts(truth == 1, ratings[:, 2, 0])
    assert (fit.d_a, round(fit.c, 4), round(fit.estimate, 5)) == (0, -0.7455, 0.90783)
    assert fit.note.startswith("d_a is 0, on the edge of the model")
    assert fit.std_error > 0
    grid = {
        (d_a, c): best_for(d_a, c, counts.positive, counts.negative)
        for d_a in (0, 0.6, 1.2, 1.7, 2.08, 2.4, 3)
        for c in (-0.85, -0.7455, -0.6, -0.45, -0.3, -0.228, -0.15, 0.1, 0.4)
    }
    assert max(grid, key=grid.get) == (0, -0.7455)
    assert grid[0, -0.7455] == pytest.approx(fit.log_likelihood, abs=1e-7)
    second = grid[2.08, -0.228]
    assert second == pytest.approx(fit.log_likelihood - 0.0613, abs=1e-3)
    assert all(second > grid[place] for place in ((1.7, -0.3), (2.4, -0.228), (2.08, -0.15)))


def test_fit_is_near_the_binormal_one_where_that_has_no_hook():
    """CT data: the binormal curve hooks beyond a sensitivity of 0.999 only."""
    fit = binormal_lr_fit(*from_counts(CT_POSITIVE, CT_NEGATIVE))
    other = binormal_fit(*from_counts(CT_POSITIVE, CT_NEGATIVE))
    assert fit.estimate == pytest.approx(other.estimate, abs=1e-5)
    assert fit.std_error == pytest.approx(other.std_error, rel=2e-3)
    assert (fit.intercept, fit.slope) == pytest.approx((other.intercept, other.slope), abs=2e-3)
    assert fit.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-4)


# --- oracles -----------------------------------------------------------------------------------

PLACES = [(1.2, -0.35), (0.8, 0.3), (0.0, -0.8), (0.0, 0.6), (1.5, 0.0), (2.3, -0.9), (0.3, 0.02)]


@pytest.mark.parametrize(("d_a", "c"), PLACES)
def test_area_is_the_integral_of_the_curve(d_a, c):
    """Quadrature of P(ratio of a positive case > ratio of a healthy one) over latent ratings."""
    b = (1 + c) / (1 - c)
    a = d_a * math.sqrt((1 + b * b) / 2)

    def more_suspicious(x):  # of a positive case than of a healthy one with the latent rating x
        middle = -a * b / (1 - b * b) if c else math.inf
        if not c:
            return stats.norm.sf(b * x - a)
        reach = abs(x - middle)
        inside = stats.norm.cdf(b * (middle + reach) - a) - stats.norm.cdf(b * (middle - reach) - a)
        return 1 - inside if c < 0 else inside

    middle = -a * b / (1 - b * b) if c else 0.0
    value, _ = integrate.quad(
        lambda x: stats.norm.pdf(x) * more_suspicious(x), -9, 9, points=[middle], epsabs=1e-12
    )
    assert float(area(d_a, c)) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(("d_a", "c"), PLACES)
def test_slopes_of_the_area_are_its_derivatives(d_a, c):
    step = 1e-5
    by_d, by_c = area_slopes(d_a, c)
    assert by_d == pytest.approx(
        float(area(d_a + step, c) - area(abs(d_a - step), c)) / (2 * step), abs=1e-8
    )
    if c:
        expected = float(area(d_a, c + step) - area(d_a, c - step)) / (2 * step)
        assert by_c == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("d_a", "c"), [place for place in PLACES if place[1]])
def test_shares_are_those_of_two_chi_squares_and_their_ratio_ascends(d_a, c):
    low, high = domain(d_a, c)
    v = np.linspace(max(low, -6), min(high, 6), 60)[1:-1]
    positive, healthy = cells(v, d_a, c)
    # u = v - corner counts from the vertex of the ratio in units of 1 / (1 - c) of latent ratings.
    squares = ((1 - c) * (v - corner(d_a, c))) ** 2
    if c > 0:
        squares = ((1 + c) * (v - corner(d_a, c)))[::-1] ** 2
    expected = cells_between(squares, d_a, c)
    assert positive == pytest.approx(expected[0], abs=1e-12)
    assert healthy == pytest.approx(expected[1], abs=1e-12)
    ratio = positive[healthy > 1e-12] / healthy[healthy > 1e-12]
    assert (np.diff(ratio) > 0).all()


def brute_force(positive, negative):
    """Highest likelihood that scipy's optimiser finds from many starts, c below and above 0."""
    best = -math.inf
    for first, second in ((positive, negative), (negative[::-1], positive[::-1])):
        for d_a, c in ((0.3, -0.3), (0.3, -0.7), (1, -0.1), (1, -0.5), (2, -0.2), (2, -0.6)):
            found = optimize.minimize(
                lambda p, one=first, two=second: (
                    -log_likelihood(
                        np.cumsum(np.exp(p[2:])), p[0], -0.999 / (1 + math.exp(-p[1])), one, two
                    )
                ),
                np.concatenate([[d_a, -math.log(0.999 / -c - 1)], start_of(d_a, c, first, second)]),
                method="L-BFGS-B",
                bounds=[(0, 6), (-6, 6), *[(-12, 8)] * (len(first) - 1)],
                options={"maxiter": 300},
            )
            best = max(best, -found.fun)
    return best


@pytest.mark.slow
def test_maximum_is_that_of_a_general_optimiser():
    rng = np.random.default_rng(3)
    checked = 0
    while checked < 15:
        positive, negative = (rng.multinomial(30, rng.dirichlet(np.ones(5))) for _ in range(2))
        counts = counts_of(positive, negative)
        if no_proper_maximum(counts):
            continue
        got = maximise(counts.positive, counts.negative).log_likelihood
        assert got >= brute_force(counts.positive, counts.negative) - 1e-7
        checked += 1


def test_no_curve_of_a_grid_is_likelier():
    for positive, negative in (
        (CT_POSITIVE, CT_NEGATIVE),
        ([5, 1, 9, 2], [4, 6, 3, 7]),
        ([7, 7, 3, 5, 23], [39, 19, 9, 1, 1]),  # a second maximum with d_a = 0, 0.0013 lower
        ([1, 1, 8, 18, 17], [33, 22, 14, 0, 0]),  # a ridge on which it rises by 4e-5
    ):
        counts = counts_of(positive, negative)
        best = maximise(counts.positive, counts.negative)
        for d_a in (0, 1, 2.2):
            for c in (-0.9, -0.75, -0.5, -0.2, 0.3):
                value = best_for(d_a, c, counts.positive, counts.negative)
                assert value <= best.log_likelihood + 1e-7, (d_a, c)


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize(("d_a", "c"), [(1.3, -0.4), (0.7, 0.3)])
def test_newton_step_is_that_of_the_likelihood(d_a, c, centred):
    """Central differences of the likelihood, in (d_a, c, v) or in (d_a^2, c, v - corner)."""
    positive, negative = np.array(CT_POSITIVE), np.array(CT_NEGATIVE)
    likelihood = ProperLikelihood(positive, negative)
    cuts = (
        corner(d_a, c) - math.copysign(1, c) * np.array([0.3, 0.8, 1.2, 2.0])[:: 1 if c < 0 else -1]
    )
    place = np.concatenate([[d_a, c], cuts])
    moved = np.concatenate([[d_a**2, c], cuts - corner(d_a, c)]) if centred else place

    def value(own):
        if centred:
            root = math.sqrt(own[0])
            own = np.concatenate([[root, own[1]], own[2:] + corner(root, own[1])])
        return likelihood.value(own)

    step = 1e-4 * np.eye(6)
    gradient = np.array([(value(moved + h) - value(moved - h)) / 2e-4 for h in step])
    hessian = np.array(
        [
            [
                (
                    value(moved + h + k)
                    - value(moved + h - k)
                    - value(moved - h + k)
                    + value(moved - h - k)
                )
                / 4e-8
                for h in step
            ]
            for k in step
        ]
    )
    got = likelihood.step(place, centred=centred)
    inside = np.linalg.inv(-hessian[2:, 2:])
    information = -hessian[:2, :2] - hessian[:2, 2:] @ inside @ hessian[2:, :2]
    assert got.information == pytest.approx(information, rel=2e-3, abs=0.02)
    if got.concave:
        assert got.change == pytest.approx(-np.linalg.solve(hessian, gradient), rel=1e-3, abs=1e-4)
        assert got.decrement == pytest.approx(got.change @ gradient, rel=1e-3)


# --- property ----------------------------------------------------------------------------------


@repeatable
@given(studies())
def test_likelihood_equations_hold_and_runs_of_like_truth_tell_all(study):
    truth, rating = study
    fit = binormal_lr_fit(truth, rating)
    value = binormal_lr_auc(truth, rating)
    if math.isnan(fit.estimate):
        assert fit.note
        assert math.isnan(value)
        return
    assert "converge" not in fit.note
    assert value == pytest.approx(fit.estimate, abs=1e-6)
    assert fit.estimate >= 0.5
    if fit.estimate == 0.5:
        assert "chance is the likeliest" in fit.note
        assert math.isnan(fit.std_error)
        return
    assert 0 <= fit.ci_low < fit.estimate < fit.ci_high <= 1
    assert ("lower limit lies below 0.5" in fit.note) == (fit.ci_low < 0.5)
    assert ("d_a is 0" in fit.note) == (fit.d_a == 0)
    counts = category_counts(truth == 1, rating.astype(float))
    likelihood = ProperLikelihood(counts.positive, counts.negative)
    parameters = np.concatenate([[fit.d_a, fit.c], fit.cut_points])
    step = likelihood.step(parameters, slice(0 if fit.d_a else 1, 2))
    assert step.concave
    assert abs(step.decrement) < 1e-10
    assert likelihood.value(parameters) == pytest.approx(fit.log_likelihood, rel=1e-12)
    total = counts.positive + counts.negative
    assert fit.log_likelihood > total @ np.log(total / total.sum())


def test_only_the_order_counts_and_classes_mirror():
    rng = np.random.default_rng(11)
    truth, rating = simulate(rng, n_positive=25, n_negative=60, d_a=1.4, c=-0.2)
    fit = binormal_lr_fit(truth, rating)
    for transformed in (np.exp(rating / 9), 1e6 * rating - 3, stats.rankdata(rating)):
        again = binormal_lr_fit(truth, transformed)
        assert (again.d_a, again.c) == (fit.d_a, fit.c)
    mirrored = binormal_lr_fit(1 - truth, -rating)
    assert mirrored.estimate == pytest.approx(fit.estimate, rel=1e-7)
    assert mirrored.d_a == pytest.approx(fit.d_a, rel=1e-5)
    assert mirrored.c == pytest.approx(-fit.c, rel=1e-5)
    order = rng.permutation(truth.size)
    assert binormal_lr_fit(truth[order], rating[order]).estimate == fit.estimate


def test_duplicate_cases_leave_the_curve_and_halve_the_variance():
    truth, rating = from_counts(CT_POSITIVE, CT_NEGATIVE)
    fit = binormal_lr_fit(truth, rating)
    double = binormal_lr_fit(np.tile(truth, 2), np.tile(rating, 2))
    assert (double.d_a, double.c) == pytest.approx((fit.d_a, fit.c), rel=1e-7)
    assert double.covariance == pytest.approx(fit.covariance / 2, rel=1e-6)


def test_a_curve_that_the_ratings_follow_exactly_is_found():
    """Counts in proportion to a proper binormal model give back that model."""
    for d_a, c in ((1.4, -0.2), (0.9, 0.45), (1.1, 0.0)):
        v = np.array([-0.6, 0.1, 0.2]) + 0.2 if c > 0 else np.array([-0.2, 0.4, 1.1])
        counts = np.rint(1e9 * cells(v, d_a, c)).astype(np.int64)
        got = maximise(counts[0], counts[1])
        assert (got.d_a, got.c) == pytest.approx((d_a, c), abs=1e-6)
        assert got.cut_points == pytest.approx(v, abs=1e-6)


def test_fit_of_many_cases_tends_to_the_truth():
    rng = np.random.default_rng(20260101)
    truth, rating = simulate(rng, n_positive=1500, n_negative=3000, d_a=1.6, c=-0.3)
    fit = binormal_lr_fit(truth, np.round(rating, 1))
    errors = np.sqrt(np.diagonal(fit.covariance))
    assert abs(fit.d_a - 1.6) < 3 * errors[0]
    assert abs(fit.c + 0.3) < 3 * errors[1]
    assert fit.std_error < 0.007
    assert abs(fit.estimate - float(area(1.6, -0.3))) < 3 * fit.std_error


@pytest.mark.slow
@pytest.mark.parametrize(("d_a", "c"), [(1.5, -0.15), (0.9, -0.5), (0.0, -0.6), (1.0, 0.1)])
def test_standard_error_and_interval_hold_in_simulation(d_a, c):
    rng = np.random.default_rng(8)
    true = float(area(d_a, c))
    _, pilot = simulate(rng, n_positive=4000, n_negative=4000, d_a=d_a, c=c)
    cuts = np.quantile(pilot, [0.3, 0.5, 0.65, 0.8])
    fits = []
    for _ in range(500):
        truth, rating = simulate(rng, n_positive=60, n_negative=120, d_a=d_a, c=c)
        fits.append(binormal_lr_fit(truth, np.searchsorted(cuts, rating)))
    fits = [fit for fit in fits if not math.isnan(fit.std_error)]
    assert len(fits) > 490
    errors = np.array([fit.std_error for fit in fits])
    estimates = np.array([fit.estimate for fit in fits])
    assert abs(estimates.mean() - true) < 0.5 * errors.mean()
    coverage = np.mean([fit.ci_low <= true <= fit.ci_high for fit in fits])
    assert 0.92 < coverage < 0.98
    # On the edge the error along c alone is the right one: about half of the fits are there where
    # the true curve is near it.
    edge = np.array([fit.d_a == 0 for fit in fits])
    if edge.mean() > 0.3:
        assert np.std(estimates[edge]) / np.sqrt(np.mean(errors[edge] ** 2)) == pytest.approx(
            1, abs=0.15
        )


def test_fom_says_what_it_is():
    assert (binormal_lr_auc.uses, binormal_lr_auc.smooth) == ("all", True)
    assert (binormal_lr_auc.range, binormal_lr_auc.better) == ((0.0, 1.0), "higher")
    assert binormal_lr_auc.__name__ == "binormal_lr_auc"


def test_fit_is_an_estimate_that_prints_and_serialises():
    fit = binormal_lr_fit(*from_counts(CT_POSITIVE, CT_NEGATIVE), label="CT", ci_level=0.9)
    assert isinstance(fit, Estimate)
    assert (fit.quantity, fit.label, fit.n_cases, fit.n_positive) == ("auc", "CT", 109, 51)
    assert result_from_dict(json.loads(json.dumps(fit.to_dict()))).to_dict() == fit.to_dict()
    frame = fit.summary_frame()
    assert frame.shape[0] == 1
    assert "d_a" not in frame
    assert "d_a" in fit._repr_html_()
    assert fit.threshold.tolist() == [2, 3, 4, 5]
    d, reach = stats.norm.ppf(fit.estimate), stats.norm.isf(0.05)
    error = fit.std_error / stats.norm.pdf(d)
    assert fit.ci_low == pytest.approx(stats.norm.cdf(d - reach * error), rel=1e-12)
    assert fit.ci_high == pytest.approx(stats.norm.cdf(d + reach * error), rel=1e-12)
    assert math.sqrt(2) * stats.norm.ppf(
        stats.norm.cdf(fit.intercept / math.hypot(1, fit.slope))
    ) == pytest.approx(fit.d_a)


# --- edge --------------------------------------------------------------------------------------

NO_FIT = {
    "no positive case: there is no ROC curve": ([0, 0], [1, 2]),
    "no negative case: there is no ROC curve": ([1, 1], [1, 2]),
    "every positive case is rated above every negative one": ([0, 0, 1, 1], [1, 2, 3, 4]),
    "1 rating categories": ([0, 0, 1, 1], [3, 3, 3, 3]),
    "2 rating categories": ([0, 1, 0, 1], [3, 3, 4, 4]),
    "2 rating categories, neighbours": ([1, 1, 0, 0], [1, 2, 3, 4]),
    "all operating points lie on the left and upper edges": ([0, 0, 1, 1], [1, 2, 2, 3]),
}


@pytest.mark.parametrize("reason", NO_FIT)
def test_ratings_without_a_maximum_say_why(reason):
    fit = binormal_lr_fit(*NO_FIT[reason])
    assert fit.note.startswith(reason)
    for name in ("estimate", "std_error", "ci_low", "ci_high", "d_a", "c", "slope", "intercept"):
        assert math.isnan(getattr(fit, name))
    assert BinormalLrFit.from_dict(fit.to_dict()).to_dict() == fit.to_dict()


def test_no_case_has_no_fit():
    fit = binormal_lr_fit([], [])
    assert fit.note == "no positive case: there is no ROC curve"
    assert fit.cut_points.size == 0


def test_worse_than_chance_is_chance():
    fit = binormal_lr_fit(*from_counts([8, 5, 3, 2], [2, 3, 6, 9]))
    assert (fit.estimate, fit.d_a, fit.c) == (0.5, 0, 0)
    assert fit.note.startswith("chance is the likeliest")
    assert np.isnan(fit.covariance).all()
    assert math.isnan(fit.ci_low)
    assert fit.log_likelihood == pytest.approx(
        sum(n * math.log(n / 38) for n in (10, 8, 9, 11)), rel=1e-12
    )
    assert BinormalLrFit.from_dict(fit.to_dict()).to_dict() == fit.to_dict()


def test_edge_of_the_model_is_the_limit_of_its_inside():
    """With d_a = 0 the area and its error are those of neighbouring fits with d_a held."""
    positive, negative = np.array([0, 8, 1, 2, 34]), np.array([21, 35, 5, 6, 2])
    fit = binormal_lr_fit(*from_counts(positive, negative))
    assert fit.d_a == 0
    assert fit.covariance[0].tolist() == [0, 0]
    near = [best_for(d_a, fit.c, positive, negative) for d_a in (0.05, 0.1)]
    assert near[0] <= fit.log_likelihood
    assert near[1] <= near[0]


def test_one_point_inside_and_others_on_edges_have_a_fit():
    fit = binormal_lr_fit(*from_counts([0, 3, 4, 3], [6, 3, 1, 0]))
    assert 0.8 < fit.estimate < 1


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ([0, 0, 1], [4, 5, 1]),
        ([1, 0, 0], [0, 4, 5]),
        ([2, 3, 4], [1, 0, 0]),
        ([1, 1, 1], [1, 1, 1]),
    ],
)
def test_few_cases_have_a_fit_or_a_reason(positive, negative):
    fit = binormal_lr_fit(*from_counts(positive, negative))
    assert fit.estimate >= 0.5 or fit.note
    assert "converge" not in fit.note


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int8, np.float32])
def test_truth_may_be_of_any_number_type(kind):
    truth, rating = from_counts(CT_POSITIVE, CT_NEGATIVE)
    expected = binormal_lr_fit(truth, rating).estimate
    assert binormal_lr_fit(truth.astype(kind), rating.astype(np.uint8)).estimate == expected


def test_infinite_ratings_are_ranks():
    truth, rating = from_counts(CT_POSITIVE, CT_NEGATIVE)
    expected = binormal_lr_fit(truth, rating).estimate
    edged = np.select([rating == 1, rating == 5], [-math.inf, math.inf], rating)
    assert binormal_lr_fit(truth, edged).estimate == expected


def test_a_large_study_is_fitted():
    rng = np.random.default_rng(2)
    truth, rating = simulate(rng, n_positive=500, n_negative=49_500, d_a=1.8, c=-0.15)
    value = binormal_lr_auc(truth, rating)
    fit = binormal_lr_fit(truth, np.round(rating, 1))
    assert value == pytest.approx(fit.estimate, abs=0.2 * fit.std_error)
    assert abs(value - float(area(1.8, -0.15))) < 3 * fit.std_error


def test_a_table_seen_before_is_not_fitted_again(monkeypatch):
    truth, rating = from_counts([3, 2, 4, 9], [12, 4, 3, 1])
    first = binormal_lr_auc(truth, rating)
    monkeypatch.setattr("toolkit.stats.binormal.proper.maximise", None)
    assert binormal_lr_auc(truth, rating * 10) == first


def test_a_search_that_stops_is_no_fit(monkeypatch):
    def stop(*_args, **_options):
        raise LinAlgError

    monkeypatch.setattr(ProperLikelihood, "step", stop)
    assert "did not converge" in binormal_lr_fit(*from_counts(CT_POSITIVE, CT_NEGATIVE)).note
    assert math.isnan(binormal_lr_auc(*from_counts([3, 2, 2, 11, 32], CT_NEGATIVE)))


def test_a_search_that_cannot_start_is_no_fit(monkeypatch):
    monkeypatch.setattr(ProperLikelihood, "value", lambda *_: -math.inf)
    assert "did not converge" in binormal_lr_fit(*from_counts(CT_POSITIVE, CT_NEGATIVE)).note


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: binormal_lr_fit([0, 2], [1, 2]), "truth must hold only 0 and 1, but position 1"),
        (lambda: binormal_lr_fit(["yes", "no"], [1, 2]), "truth must hold numbers, but its dtype"),
        (lambda: binormal_lr_fit([0, 1], [1, math.nan]), "rating must not be missing, but posit"),
        (lambda: binormal_lr_fit([0, 1], [1, 2, 3]), r"rating must have shape \(n_cases,\)"),
        (lambda: binormal_lr_fit([0, 1], [1, 2], ci_level=95), "ci_level must lie between 0 and"),
        (lambda: binormal_lr_auc([0, 0], [1, 2]), "a proper binormal AUC is undefined: truth hol"),
        (lambda: binormal_lr_auc([1, 1], [1, 2]), "undefined: truth holds no neg"),
        (lambda: binormal_lr_auc([0, 1], [math.nan, 2]), "rating must not be missing, but posit"),
    ],
)
def test_malformed_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
