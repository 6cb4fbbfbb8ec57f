"""Several readers: kappas, AC1, AC2 and alpha against irrCAC, by definition and by simulation."""

import itertools
import json
import math
import warnings
from fractions import Fraction
from functools import partial
from itertools import product

import numpy as np
import pytest
from scipy.special import gammaln

from toolkit.results import Comparison, result_from_dict
from toolkit.stats.agreement.inference import agreement_difference_ci, fleiss_kappa_test
from toolkit.stats.agreement.several_readers import multi_reader_agreement
from toolkit.stats.agreement.two_readers import (
    agreement_table,
    agreement_table_from_counts,
    two_reader_agreement,
)

conger_kappa = partial(multi_reader_agreement, method="conger_kappa")
gwet_ac = partial(two_reader_agreement, method="gwet_ac")
gwet_ac_multirater = partial(multi_reader_agreement, method="gwet_ac")
krippendorff_alpha = partial(multi_reader_agreement, method="krippendorff_alpha")
scott_pi = partial(two_reader_agreement, method="scott_pi")

NAN = math.nan
FIVE = [1, 2, 3, 4, 5]
NAMED = ["identity", "linear", "quadratic", "ordinal"]
ALL = [multi_reader_agreement, conger_kappa, gwet_ac_multirater, krippendorff_alpha]
WITH_MISSING = [multi_reader_agreement, gwet_ac_multirater, krippendorff_alpha]
NAMES = ["fleiss_kappa", "conger_kappa", "gwet_ac", "krippendorff_alpha"]

# Krippendorff's example of four observers and twelve units; irrCAC calls it cac.raw4raters.
OBSERVERS = [
    [1, 1, NAN, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [NAN, 5, 5, 5],
    [NAN, NAN, 1, 1],
    [NAN, NAN, 3, NAN],
]
# irrCAC, distrib.6raters: how many of six readers put a case into each of five categories.
SIX = [
    [0, 0, 0, 6, 0],
    [0, 3, 0, 0, 3],
    [0, 1, 4, 0, 1],
    [0, 0, 0, 0, 6],
    [0, 3, 0, 3, 0],
    [2, 0, 4, 0, 0],
    [0, 0, 4, 0, 2],
    [2, 0, 3, 1, 0],
    [2, 0, 0, 4, 0],
    [0, 0, 0, 0, 6],
    [1, 0, 0, 5, 0],
    [1, 1, 0, 4, 0],
    [0, 3, 3, 0, 0],
    [1, 0, 0, 5, 0],
    [0, 2, 0, 3, 1],
]


def ratings_of(distribution):
    """Return ratings that have a distribution of readers over categories."""
    return [[k + 1 for k, n in enumerate(row) for _ in range(n)] for row in distribution]


def reference(reference_data):
    """Return values, complete ratings and ratings with two missing."""
    path = reference_data / "reference" / "roc_agreement_calibration.json"
    (case,) = [c for c in json.loads(path.read_text())["cases"] if c["id"] == "multirater"]
    complete = np.array(case["data"]["ratings"], dtype=float)
    missing = complete.copy()
    for row, column in case["data"]["missing_for_krippendorff"]:
        missing[row - 1, column - 1] = NAN
    return case["values"], complete, missing


def simulated(rng, n_cases, accuracy, *, n_readers=4, missing=0.0):
    """Return ratings of readers who see the state of a case, or guess; some cases are hard."""
    share = [0.3, 0.3, 0.2, 0.1, 0.1]
    state, hard = rng.choice(5, n_cases, p=share), rng.random(n_cases) < 0.3
    seen = rng.random((n_cases, n_readers)) < np.where(hard, accuracy - 0.4, accuracy)[:, None]
    guess = rng.choice(5, (n_cases, n_readers), p=share)
    ratings = np.where(seen, state[:, None], guess) + 1.0
    ratings[rng.random(ratings.shape) < missing] = NAN
    return ratings


# --- reference -----------------------------------------------------------------------------------


def test_coefficients_match_irrcac(reference_data):
    values, complete, _ = reference(reference_data)
    pairs = [
        (multi_reader_agreement(complete, categories=FIVE), "fleiss"),
        (conger_kappa(complete, categories=FIVE), "conger"),
        (gwet_ac_multirater(complete, categories=FIVE), "gwet_ac1"),
        (
            gwet_ac_multirater(complete, categories=FIVE, weights="quadratic"),
            "gwet_ac2_quadratic",
        ),
    ]
    for result, name in pairs:
        assert result.estimate == pytest.approx(values[name]["coeff.val"], abs=1e-5)
        assert result.std_error == pytest.approx(values[name]["coeff.se"], abs=1e-5)
    assert pairs[0][0].estimate == pytest.approx(values["fleiss_formula"], rel=1e-9)
    test = fleiss_kappa_test(complete, categories=FIVE)
    assert test.std_error_null == pytest.approx(values["fleiss_null_se"], rel=1e-9)


def test_alpha_with_missing_readings_matches_irrcac(reference_data):
    values, _, missing = reference(reference_data)
    result = krippendorff_alpha(missing, categories=FIVE, weights="ordinal")
    expected = values["krippendorff_ordinal_with_missing"]
    assert result.estimate == pytest.approx(expected["coeff.val"], abs=1e-5)
    assert result.std_error == pytest.approx(expected["coeff.se"], abs=1e-5)


# irrCAC 0.4.4 (Python), CAC(ratings, weights=..., digits=15): coefficient_value
OBSERVED = {
    multi_reader_agreement: [
        0.761169275422411,
        0.817944767097309,
        0.864935064935065,
        0.850206189397035,
    ],
    gwet_ac_multirater: [
        0.775444068126995,
        0.858739136432611,
        0.914000723551605,
        0.898939769907511,
    ],
    krippendorff_alpha: [
        0.743421052631579,
        0.80038387715931,
        0.849107142857142,
        0.833638025594149,
    ],
}


@pytest.mark.parametrize("function", WITH_MISSING)
def test_values_with_missing_readings_match_irrcac_for_all_weights(function):
    for name, expected in zip(NAMED, OBSERVED[function], strict=True):
        result = function(OBSERVERS, categories=FIVE, weights=name)
        assert result.estimate == pytest.approx(expected, rel=1e-12)
    assert "1 of 12 cases were read by fewer than two readers" in result.note


# krippendorff 0.9.0 (Python): alpha(reliability_data=ratings.T, level_of_measurement=...)
@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ("identity", 0.743421052631579),
        ("rank", 0.8153875037548814),
        ("quadratic", 0.8491071428571428),
    ],
)
def test_alpha_matches_krippendorff_nominal_ordinal_and_interval(weights, expected):
    # Krippendorff prints 0.743, 0.815 and 0.849 for these data.
    result = krippendorff_alpha(OBSERVERS, categories=FIVE, weights=weights)
    assert result.estimate == pytest.approx(expected, rel=1e-12)
    assert (result.n_cases, result.n_readers) == (11, 4)


# R: irrCAC 1.0, its README: fleiss.kappa.dist, gwet.ac1.dist and krippen.alpha.dist
@pytest.mark.parametrize(
    ("function", "value", "error", "low", "high"),
    [
        (multi_reader_agreement, 0.4139265, 0.08119291, 0.240, 0.588),
        (gwet_ac_multirater, 0.4448007, 0.08418757, 0.264, 0.625),
        (krippendorff_alpha, 0.4204384, None, 0.244, 0.597),
    ],
)
def test_six_readers_match_irrcac(function, value, error, low, high):
    result = function(ratings_of(SIX), categories=FIVE)
    assert result.estimate == pytest.approx(value, abs=5e-8)
    assert (result.ci_low, result.ci_high) == pytest.approx((low, high), abs=3e-3)
    if error:
        assert result.std_error == pytest.approx(error, abs=5e-9)
        assert (result.ci_low, result.ci_high) == pytest.approx((low, high), abs=5e-4)


def test_fleiss_kappa_matches_statsmodels():
    from statsmodels.stats.inter_rater import fleiss_kappa as peer

    rng = np.random.default_rng(20260101)
    for counts in (SIX, rng.multinomial(7, [0.5, 0.3, 0.2], size=30).tolist()):
        categories = range(1, len(counts[0]) + 1)
        result = multi_reader_agreement(ratings_of(counts), categories=categories)
        assert result.estimate == pytest.approx(peer(np.array(counts)), rel=1e-12)


# --- by definition -------------------------------------------------------------------------------


def agreement_of(a, b, name, q):
    """Return the weight of two categories as an exact fraction."""
    d = abs(a - b)
    return {
        "identity": Fraction(int(d == 0)),
        "linear": 1 - Fraction(d, q - 1),
        "quadratic": 1 - Fraction(d, q - 1) ** 2,
        "ordinal": 1 - Fraction(d * (d + 1), q * (q - 1)),
    }[name]


def by_definition(ratings, function, name, q):
    """Return a coefficient by going through pairs of readings, in exact fractions."""
    read = [[int(v) for v in row if v == v] for row in ratings]

    def mean(values):
        values = list(values)
        return sum(values) / Fraction(len(values))

    def pairs(row):
        return mean(agreement_of(a, b, name, q) for a, b in itertools.permutations(row, 2))

    categories = range(1, q + 1)
    share = [mean(Fraction(row.count(k), len(row)) for row in read) for k in categories]
    observed = mean(pairs(row) for row in read if len(row) > 1)
    weights = [[agreement_of(a, b, name, q) for b in categories] for a in categories]
    if function is multi_reader_agreement:
        expected = sum(
            share[i] * share[j] * weights[i][j] for i, j in itertools.product(range(q), repeat=2)
        )
    elif function is gwet_ac_multirater:
        expected = sum(map(sum, weights)) * sum(p * (1 - p) for p in share) / (q * (q - 1))
    elif function is conger_kappa:  # two readings of different readers, of any two cases
        columns = list(zip(*read, strict=True))
        expected = mean(
            mean(agreement_of(a, b, name, q) for a, b in itertools.product(first, second))
            for first, second in itertools.permutations(columns, 2)
        )
    else:  # all pairs of readings, none with itself; a case weighs by its number of readings
        kept = [row for row in read if len(row) > 1]
        total = sum(map(len, kept))
        observed = sum(len(row) * pairs(row) for row in kept) / total
        expected = pairs([value for row in kept for value in row])
    return (observed - expected) / (1 - expected)


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("function", ALL)
def test_coefficients_are_their_definitions_by_pairs_of_readings(function, name):
    rng = np.random.default_rng(20260101)
    for n_readers in (2, 3, 5):
        missing = 0.0 if function is conger_kappa else 0.25
        ratings = simulated(rng, 12, 0.7, n_readers=n_readers, missing=missing)
        ratings = ratings[~np.isnan(ratings).all(axis=1)]
        result = function(ratings, categories=FIVE, weights=name)
        expected = by_definition(ratings.tolist(), function, name, 5)
        assert result.estimate == pytest.approx(float(expected), rel=1e-12)
        assert result.ci_low < result.estimate < 1


def test_rank_weights_are_squared_distances_of_midranks():
    read = np.array(OBSERVERS)[:11].ravel()
    read = read[~np.isnan(read)]
    midrank = [((read < k).sum() + (read <= k).sum()) / 2 for k in FIVE]
    distance = np.subtract.outer(midrank, midrank) ** 2
    given = 1 - distance / (distance.max() + 1)
    as_given = krippendorff_alpha(OBSERVERS, categories=FIVE, weights=given)
    rank = krippendorff_alpha(OBSERVERS, categories=FIVE, weights="rank")
    assert rank.estimate == pytest.approx(as_given.estimate, rel=1e-12)
    assert rank.std_error != pytest.approx(as_given.std_error, rel=1e-3)  # distances move


@pytest.mark.parametrize(
    ("function", "weights"),
    [*product(ALL, NAMED), (krippendorff_alpha, "rank")],  # rank weights are Krippendorff's alone
)
def test_error_is_that_of_influence_values_by_numerical_derivatives(function, weights):
    rng = np.random.default_rng(5)
    missing = 0.0 if function is conger_kappa else 0.3
    ratings = simulated(rng, 14, 0.8, missing=missing)
    times = 400
    many = np.repeat(ratings, times, axis=0)

    def value(rows):
        return function(rows, categories=FIVE, weights=weights).estimate

    enough = (~np.isnan(ratings)).sum(axis=1) >= (2 if function is krippendorff_alpha else 1)
    # One case more among very many: the change, by the number of copies, is its contribution.
    more = [value(np.vstack([many, row])) for row in ratings[enough]]
    part, n = times * (np.array(more) - value(many)), int(enough.sum())
    expected = math.sqrt(n / (n - 1) * float(part @ part))
    result = function(ratings, categories=FIVE, weights=weights)
    assert result.std_error == pytest.approx(expected, rel=2e-3)


def test_two_readers_have_the_coefficients_of_two_readers():
    rng = np.random.default_rng(8)
    ratings = simulated(rng, 60, 0.8, n_readers=2)
    two = agreement_table(*ratings.T, categories=FIVE)
    factor = math.sqrt(60 / 59)
    for name in NAMED:
        for many, pair in (
            (conger_kappa, two_reader_agreement),
            (multi_reader_agreement, scott_pi),
            (gwet_ac_multirater, gwet_ac),
        ):
            result, expected = many(ratings, categories=FIVE, weights=name), pair(two, weights=name)
            assert result.estimate == pytest.approx(expected.estimate, rel=1e-12)
            assert result.std_error == pytest.approx(expected.std_error * factor, rel=1e-12)
        alpha = krippendorff_alpha(ratings, categories=FIVE, weights=name)
        pi = scott_pi(two, weights=name)
        assert alpha.estimate == pytest.approx(1 - (1 - 1 / 120) * (1 - pi.estimate), rel=1e-12)


# --- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ALL)
def test_order_of_cases_and_readers_does_not_matter(function):
    rng = np.random.default_rng(9)
    missing = 0.0 if function is conger_kappa else 0.2
    ratings = simulated(rng, 30, 0.8, missing=missing)
    shuffled = ratings[rng.permutation(30)][:, rng.permutation(4)]
    one, two = (function(r, categories=FIVE, weights="linear") for r in (ratings, shuffled))
    assert two.estimate == pytest.approx(one.estimate, rel=1e-12)
    assert two.std_error == pytest.approx(one.std_error, rel=1e-12)


@pytest.mark.parametrize("function", ALL)
def test_cases_repeated_within_patients_leave_the_error(function):
    ratings = simulated(np.random.default_rng(10), 30, 0.8)
    once = function(ratings, categories=FIVE)
    own = function(ratings, categories=FIVE, cluster=[f"woman {i}" for i in range(30)])
    twice = function(np.vstack([ratings, ratings]), categories=FIVE, cluster=list(range(30)) * 2)
    assert own.std_error == pytest.approx(once.std_error, rel=1e-12)
    small_sample = function is krippendorff_alpha  # which counts readings
    assert twice.std_error == pytest.approx(once.std_error, rel=0.02 if small_sample else 1e-12)
    assert (own.n_clusters, twice.n_clusters, once.n_clusters) == (30, 30, None)


def test_cases_that_nobody_read_change_nothing():
    with_none = [*OBSERVERS, [NAN] * 4]
    for function in WITH_MISSING:
        one, two = (function(r, categories=FIVE) for r in (OBSERVERS, with_none))
        assert (one.estimate, one.std_error, one.n_cases) == (
            two.estimate,
            two.std_error,
            two.n_cases,
        )


def test_text_categories_and_missing_as_none():
    text = [[None if v != v else f"B{int(v)}" for v in row] for row in OBSERVERS]
    result = multi_reader_agreement(text, categories=[f"B{k}" for k in FIVE])
    assert result.to_dict() == multi_reader_agreement(OBSERVERS, categories=FIVE).to_dict()


def test_readings_of_cases_read_once_do_not_inflate_the_error():
    # irrCAC 1.0 gives 0.15302 for Fleiss' kappa of these data (here 0.13494): it lets the number
    # of cases that two readers read vary the coefficient. Spread over samples says who is right.
    rng = np.random.default_rng(20260101)
    results = [
        multi_reader_agreement(simulated(rng, 150, 0.9, missing=0.5), categories=FIVE)
        for _ in range(400)
    ]
    spread = np.std([r.estimate for r in results])
    assert np.mean([r.std_error for r in results]) == pytest.approx(spread, rel=0.07)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "missing"), [(f, 0.0) for f in ALL] + [(f, 0.35) for f in WITH_MISSING]
)
def test_intervals_cover_near_their_level(function, missing):
    rng = np.random.default_rng(20260101)
    large = simulated(rng, 400_000, 0.8, missing=missing)
    truth = function(large, categories=FIVE, weights="linear").estimate
    covered = 0
    for _ in range(4000):
        ratings = simulated(rng, 80, 0.8, missing=missing)
        result = function(ratings, categories=FIVE, weights="linear")
        covered += result.ci_low <= truth <= result.ci_high
    assert covered / 4000 == pytest.approx(0.947, abs=0.013)


@pytest.mark.slow
def test_rank_interval_covers_near_its_level():
    rng = np.random.default_rng(20260101)
    large = simulated(rng, 400_000, 0.8, missing=0.35)
    truth = krippendorff_alpha(large, categories=FIVE, weights="rank").estimate
    covered = 0
    for _ in range(4000):
        ratings = simulated(rng, 80, 0.8, missing=0.35)
        result = krippendorff_alpha(ratings, categories=FIVE, weights="rank")
        covered += result.ci_low <= truth <= result.ci_high
    assert covered / 4000 == pytest.approx(0.947, abs=0.013)


@pytest.mark.slow
def test_test_of_chance_keeps_its_size():
    rng = np.random.default_rng(20260101)
    share = [0.5, 0.3, 0.15, 0.05, 0.0]
    drawn = rng.choice(5, (4000, 100, 4), p=share) + 1
    p_values = [fleiss_kappa_test(ratings, categories=FIVE).p_value for ratings in drawn]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.012)


# --- differences ---------------------------------------------------------------------------------


def aided_pair(rng, n_cases, *, missing=0.0):
    """Return unaided and aided ratings of the same cases: aid makes readers see more."""
    seed = int(rng.integers(2**31))
    unaided = simulated(np.random.default_rng(seed), n_cases, 0.7, missing=missing)
    aided = simulated(np.random.default_rng(seed), n_cases, 0.85, missing=missing)
    return unaided, aided


@pytest.mark.parametrize("name", NAMES)
def test_difference_is_that_of_both_coefficients_and_changes_its_sign(name):
    function = dict(zip(NAMES, ALL, strict=True))[name]
    a, b = aided_pair(np.random.default_rng(1), 60)
    choices = {"coefficient": name, "categories": FIVE, "weights": "linear"}
    forth = agreement_difference_ci(a, b, **choices)
    back = agreement_difference_ci(b, a, **choices)
    values = [function(r, categories=FIVE, weights="linear").estimate for r in (a, b)]
    assert (forth.estimate_a, forth.estimate_b) == pytest.approx(values, rel=1e-12)
    assert forth.estimate == pytest.approx(values[1] - values[0], rel=1e-12)
    assert (back.ci_low, back.ci_high) == pytest.approx((-forth.ci_high, -forth.ci_low), rel=1e-12)
    assert back.p_value == pytest.approx(forth.p_value, rel=1e-12)
    assert (forth.effect, forth.df, forth.n_cases) == ("difference", 59, 60)


@pytest.mark.parametrize("name", NAMES)
def test_error_of_a_difference_is_near_the_jackknife(name):
    a, b = aided_pair(np.random.default_rng(2), 80)

    def difference(rows):
        choices = {"coefficient": name, "categories": FIVE, "weights": "quadratic"}
        return agreement_difference_ci(a[rows], b[rows], **choices)

    whole = difference(np.arange(80))
    left = np.array([difference(np.delete(np.arange(80), i)).estimate for i in range(80)])
    jackknife = math.sqrt(79 / 80 * float(((left - left.mean()) ** 2).sum()))
    assert whole.std_error == pytest.approx(jackknife, rel=0.05)


def test_difference_of_two_readers_kappas_needs_their_correlation():
    a, b = aided_pair(np.random.default_rng(3), 100)
    paired = agreement_difference_ci(a, b, coefficient="fleiss_kappa", categories=FIVE)
    errors = [multi_reader_agreement(r, categories=FIVE).std_error for r in (a, b)]
    assert paired.std_error < math.hypot(*errors)


def test_noninferiority_of_agreement_follows_the_interval():
    a, b = aided_pair(np.random.default_rng(4), 80)
    for margin in (0.01, 0.05, 0.3):
        result = agreement_difference_ci(
            b, a, coefficient="gwet_ac", categories=FIVE, margin=margin, better="higher"
        )
        assert result.noninferior == (result.ci_low > -margin)
        assert (result.p_noninferiority < 0.025) == result.noninferior


def test_clusters_and_missing_readings_enter_a_difference():
    a, b = aided_pair(np.random.default_rng(5), 60, missing=0.3)
    choices = {"coefficient": "krippendorff_alpha", "categories": FIVE}
    plain = agreement_difference_ci(a, b, **choices)
    clustered = agreement_difference_ci(a, b, cluster=np.arange(60) // 2, **choices)
    assert clustered.estimate == plain.estimate
    assert clustered.std_error != pytest.approx(plain.std_error, rel=1e-3)
    assert (clustered.n_clusters, clustered.df) == (30, 29)
    # Readers may differ in number.
    fewer = agreement_difference_ci(a[:, :3], b, **choices)
    assert fewer.estimate_b == plain.estimate_b


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_interval_of_a_difference_covers_near_its_level(name):
    rng = np.random.default_rng(20260101)
    choices = {"coefficient": name, "categories": FIVE, "weights": "linear"}
    truth = agreement_difference_ci(*aided_pair(rng, 400_000), **choices).estimate
    covered = 0
    for _ in range(4000):
        result = agreement_difference_ci(*aided_pair(rng, 80), **choices)
        covered += result.ci_low <= truth <= result.ci_high
    assert covered / 4000 == pytest.approx(0.947, abs=0.013)


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [multi_reader_agreement, conger_kappa, krippendorff_alpha])
def test_one_category_only_is_undefined_and_never_0(function):
    result = function([[2, 2, 2]] * 5, categories=FIVE)
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert math.isnan(getattr(result, name))
    assert result.note.endswith("not defined: one category only, so expected agreement is 1")
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


def test_gwet_is_1_where_one_category_holds_all():
    result = gwet_ac_multirater([[2, 2, 2]] * 5, categories=FIVE)
    assert result.estimate == 1.0
    assert "no interval" in result.note


@pytest.mark.parametrize("weights", NAMED)
@pytest.mark.parametrize("function", ALL)
def test_perfect_agreement_has_no_interval_but_a_note(function, weights):
    result = function([[k] * 4 for k in (1, 1, 2, 3, 5)], categories=FIVE, weights=weights)
    assert result.estimate == pytest.approx(1, rel=1e-12)
    assert math.isnan(result.ci_low)
    assert "nothing varies between independent cases" in result.note


@pytest.mark.parametrize("function", ALL)
def test_no_case_and_one_case_are_told_without_a_warning(function):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        none = function(np.empty((0, 3)), categories=FIVE)
        one = function([[1, 2, 2]], categories=FIVE)
    assert math.isnan(none.estimate)
    assert "no case was read by two readers" in none.note
    assert none.n_cases == 0
    assert math.isnan(one.std_error)
    assert "no interval" in one.note


@pytest.mark.parametrize("function", WITH_MISSING)
def test_cases_read_by_one_reader_each_are_undefined(function):
    result = function([[1, NAN], [NAN, 2], [3, NAN]], categories=FIVE)
    assert math.isnan(result.estimate)
    assert "no case was read by two readers" in result.note
    assert "3 of 3 cases were read by fewer than two readers" in result.note


def test_differences_that_are_not_defined_say_why():
    same = [[1, 1], [2, 2], [1, 1]]
    other = [[1, 2], [2, 2], [1, 1]]
    choices = {"coefficient": "fleiss_kappa", "categories": FIVE}
    identical = agreement_difference_ci(other, other, **choices)
    assert identical.estimate == 0.0
    assert math.isnan(identical.p_value)
    assert identical.note.startswith("nothing varies")
    undefined = agreement_difference_ci([[1, 1]] * 3, same, label_a="u", label_b="v", **choices)
    assert math.isnan(undefined.estimate)
    assert "expected agreement is 1" in undefined.note
    assert Comparison.from_dict(undefined.to_dict()).to_dict() == undefined.to_dict()
    empty = agreement_difference_ci(np.empty((0, 2)), np.empty((0, 2)), **choices)
    assert math.isnan(empty.estimate)


def test_test_of_chance_is_undefined_with_a_reason():
    result = fleiss_kappa_test([[2, 2, 2]] * 5, categories=FIVE)
    assert math.isnan(result.p_value)
    assert "one category only" in result.note
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


def test_ac2_below_minus_1_is_not_cut_in_a_difference():
    apart, near = [[1, 6], [6, 1], [1, 6], [2, 5]], [[1, 1], [6, 6], [1, 1], [2, 3]]
    choices = {"categories": range(1, 7), "weights": "quadratic"}
    result = gwet_ac_multirater(apart, **choices)
    assert result.ci_low < result.estimate < -1.1
    change = agreement_difference_ci(apart, near, coefficient="gwet_ac", **choices)
    assert change.ci_low < 2 < change.estimate < change.ci_high


def test_many_cases_and_readers_are_quick_and_keep_their_digits():
    ratings = simulated(np.random.default_rng(6), 5_000, 0.8, n_readers=10)
    result = multi_reader_agreement(ratings, categories=FIVE)
    again = multi_reader_agreement(np.vstack([ratings] * 4), categories=FIVE)
    assert again.estimate == pytest.approx(result.estimate, rel=1e-12)
    assert again.std_error == pytest.approx(result.std_error / 2, rel=1e-4)


def test_results_are_complete():
    ratings = simulated(np.random.default_rng(7), 40, 0.8)
    for function in ALL:
        result = function(ratings, categories=FIVE, ci_level=0.9, label="four", weights="linear")
        assert (result.label, result.ci_level, result.unit) == ("four", 0.9, "index")
        assert (result.n_cases, result.n_readers) == (40, 4)
        assert "linear weights" in result.method
        assert len(result.summary_frame()) == 1
    assert gwet_ac_multirater(ratings, categories=FIVE, weights="linear").quantity == "gwet_ac2"


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        ([1, 2, 3], r"ratings must have shape \(n_cases, n_readers\), but got \(3,\)"),
        ([[1], [2]], r"ratings must have two readers or more, but got shape \(2, 1\)"),
        ([[1, 2], [2, 9]], r"ratings must hold only categories, but position \(1, 1\) holds 9"),
    ],
)
def test_coefficients_refuse_wrong_ratings(function, ratings, message):
    with pytest.raises(ValueError, match=message):
        function(ratings, categories=FIVE)


def test_conger_and_the_test_refuse_missing_readings_by_name():
    for function, name in (
        (conger_kappa, "conger_kappa"),
        (fleiss_kappa_test, "fleiss_kappa_test"),
    ):
        message = (
            rf"{name} needs every reader's reading of every case, but ratings is "
            r"missing at position \(0, 2\); leave such cases out in view, or use fleiss_kappa"
        )
        with pytest.raises(ValueError, match=message):
            function(OBSERVERS, categories=FIVE)
    with pytest.raises(ValueError, match=r"but ratings_b is missing at position \(0, 2\)"):
        agreement_difference_ci(
            [[1, 1]] * 12, OBSERVERS, coefficient="conger_kappa", categories=FIVE
        )


def test_rank_weights_are_for_alpha_only():
    with pytest.raises(ValueError, match=r"weights must be one of 'identity', .* got 'rank'"):
        multi_reader_agreement(OBSERVERS, categories=FIVE, weights="rank")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"coefficient": "cohen"}, "coefficient must be one of 'fleiss_kappa', 'conger_kappa'"),
        ({"margin": 0.1}, "margin=0.1 needs better='higher' or better='lower'"),
        ({"ci_level": 95}, "ci_level must lie between 0 and 1, but got 95"),
        ({"cluster": [1]}, r"cluster must have shape \(n_cases,\) with n_cases = 12"),
    ],
)
def test_difference_refuses_wrong_choices(choices, message):
    given = {"coefficient": "fleiss_kappa", "categories": FIVE, **choices}
    with pytest.raises(ValueError, match=message):
        agreement_difference_ci(OBSERVERS, OBSERVERS, **given)


def test_difference_refuses_different_cases():
    message = "ratings_a and ratings_b must have the same cases, but got 11 and 12; join both by"
    with pytest.raises(ValueError, match=message):
        agreement_difference_ci(
            OBSERVERS[1:], OBSERVERS, coefficient="fleiss_kappa", categories=FIVE
        )


def test_published_counts_give_the_same_table_as_ratings():
    made = agreement_table([1, 1, 2], [1, 2, 2], categories=[1, 2])
    assert (
        two_reader_agreement(made).to_dict()
        == two_reader_agreement(agreement_table_from_counts([[1, 1], [0, 1]])).to_dict()
    )


# --- whose standard error of alpha is right: that here, or that of irrCAC's table function -------


def errors_by_enumeration(shares, n):
    """True error of alpha of two readers, and the root mean squares of two estimates of it.

    All 2 x 2 tables of ``n`` cases with their probabilities; the estimates are Scott's linearised
    error over n - 1, as here, and over n, as ``irrCAC::krippen2.table``.
    """
    tables = np.array(
        [(a, b, c, n - a - b - c) for a in range(n + 1) for b in range(n + 1 - a)
         for c in range(n + 1 - a - b)]
    )  # fmt: skip
    chance = np.exp(
        gammaln(n + 1) - gammaln(tables + 1).sum(axis=1) + (tables * np.log(shares)).sum(axis=1)
    )
    cells = tables / n
    first = cells[:, 0] + (cells[:, 1] + cells[:, 2]) / 2
    observed, expected = cells[:, 0] + cells[:, 3], first**2 + (1 - first) ** 2
    kept = expected < 1
    cells, chance, first = cells[kept], chance[kept] / chance[kept].sum(), first[kept]
    observed, expected = observed[kept], expected[kept]
    scott = (observed - expected) / (1 - expected)
    alpha = 1 - (1 - 1 / (2 * n)) * (1 - scott)
    variance = np.zeros(scott.size)
    for cell, (agree, share) in enumerate([(1, 1.0), (0, 0.5), (0, 0.5), (1, 0.0)]):
        chance_part = 2 * (share - first) * (2 * first - 1)
        part = (agree - observed - (1 - scott) * chance_part) / (1 - expected)
        variance += cells[:, cell] * part**2 / n
    true = chance @ alpha**2 - (chance @ alpha) ** 2
    mean = chance @ variance
    return math.sqrt(true), math.sqrt(mean * n / (n - 1)), math.sqrt(mean)


@pytest.mark.parametrize(
    ("shares", "ours_off", "table_off"),
    [((0.4, 0.1, 0.1, 0.4), 0.0056, -0.0007), ((0.7, 0.1, 0.1, 0.1), -0.0132, -0.0194)],
)
def test_errors_of_alpha_are_right_to_their_order_and_ours_claims_less(shares, ours_off, table_off):
    true, ours, table = errors_by_enumeration(shares, 80)
    assert ours / true - 1 == pytest.approx(ours_off, abs=5e-5)
    assert table / true - 1 == pytest.approx(table_off, abs=5e-5)


def test_error_of_alpha_is_that_of_scotts_pi_over_n_less_1(reference_data):
    path = reference_data / "reference" / "roc_agreement_calibration.json"
    (case,) = [c for c in json.loads(path.read_text())["cases"] if c["id"] == "kappa_linear"]
    counts = np.array(case["data"]["table"])
    ratings = [(a + 1, b + 1) for a, b in np.ndindex(counts.shape) for _ in range(counts[a, b])]
    ours = krippendorff_alpha(ratings, categories=[1, 2, 3, 4], weights="linear")
    theirs, n = case["values"]["krippendorff"], len(ratings)
    assert ours.estimate == pytest.approx(theirs["coeff.val"], rel=1e-12)
    assert theirs["coeff.se"] == case["values"]["scott_pi"]["coeff.se"]
    assert ours.std_error == pytest.approx(theirs["coeff.se"] * math.sqrt(n / (n - 1)), rel=1e-9)
    # With the factor that alpha has and both errors leave out, ours would be theirs.
    assert ours.std_error * (1 - 1 / (2 * n)) == pytest.approx(theirs["coeff.se"], rel=1e-5)
