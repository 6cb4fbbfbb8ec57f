"""Two readers: kappa, pi, AC1, shares of agreement and tests of chance, by peers and by hand."""

import itertools
import json
import math
import warnings
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.results import result_from_dict
from toolkit.stats.agreement.inference import kappa_test
from toolkit.stats.agreement.shares import (
    bias_index,
    percent_agreement,
    prevalence_index,
    specific_agreement,
)
from toolkit.stats.agreement.two_readers import (
    agreement_table,
    agreement_table_from_counts,
    two_reader_agreement,
)
from toolkit.stats.paired.counts import PairedCounts
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.proportions.one import proportion_ci
from toolkit.stats.proportions.weighted import weighted_proportion_ci

gwet_ac = partial(two_reader_agreement, method="gwet_ac")
scott_pi = partial(two_reader_agreement, method="scott_pi")

COEFFICIENTS = [two_reader_agreement, scott_pi, gwet_ac]
NAMED = ["identity", "linear", "quadratic", "ordinal"]
BIRADS = ["1", "2", "3", "4A", "4B", "4C", "5"]
CELL = st.integers(0, 6)
FEINSTEIN = [[[40, 9], [6, 45]], [[80, 10], [5, 5]]]
FOUR = [[60, 12, 3, 1], [10, 40, 9, 2], [2, 8, 30, 6], [0, 1, 5, 20]]


def table(counts):
    """Return a table from counts."""
    return agreement_table_from_counts(counts)


def weight_by_hand(name, i, j, q):
    """Return a weight as an exact fraction, from its definition."""
    d, top = abs(i - j), q - 1
    pairs = Fraction(d * (d + 1), 2) / Fraction(q * top, 2)  # of pairs of categories in between
    return {
        "identity": Fraction(int(i == j)),
        "linear": 1 - Fraction(d, top),
        "quadratic": 1 - Fraction(d, top) ** 2,
        "ordinal": 1 - pairs,
    }[name]


def coefficient_by_hand(counts, function, name):
    """Return a coefficient from its definition; exact where the counts are fractions."""
    q = len(counts)
    n = sum(map(sum, counts))
    w = [[weight_by_hand(name, i, j, q) for j in range(q)] for i in range(q)]
    cells = list(itertools.product(range(q), repeat=2))
    row = [sum(counts[i]) / n for i in range(q)]
    column = [sum(r[j] for r in counts) / n for j in range(q)]
    mean = [(a + b) / 2 for a, b in zip(row, column, strict=True)]
    observed = sum(w[i][j] * counts[i][j] for i, j in cells) / n
    expected = {
        two_reader_agreement: sum(w[i][j] * row[i] * column[j] for i, j in cells),
        scott_pi: sum(w[i][j] * mean[i] * mean[j] for i, j in cells),
        gwet_ac: sum(w[i][j] for i, j in cells)
        * sum(p * (1 - p) for p in mean)
        / Fraction(q * (q - 1)),
    }[function]
    return (observed - expected) / (1 - expected)


# --- reference -----------------------------------------------------------------------------------


def test_weighted_coefficients_match_irrcac(reference_data):
    path = reference_data / "reference" / "roc_agreement_calibration.json"
    (case,) = [c for c in json.loads(path.read_text())["cases"] if c["id"] == "kappa_linear"]
    values, linear = case["values"], table(case["data"]["table"])
    for function, name in zip(COEFFICIENTS, ("cohen", "scott_pi", "gwet_ac"), strict=True):
        result = function(linear, weights="linear")
        assert result.estimate == pytest.approx(values[name]["coeff.val"], rel=1e-9)
        assert result.std_error == pytest.approx(values[name]["coeff.se"], rel=1e-9)
    kappa = two_reader_agreement(linear, weights="linear")
    assert values["cohen_ci_text"] == f"({kappa.ci_low:.3f},{kappa.ci_high:.3f})"
    test = kappa_test(linear, weights="linear")
    assert test.std_error_null == pytest.approx(values["se_null"], rel=1e-9)
    assert kappa.std_error == pytest.approx(values["se_fce"], rel=1e-9)


# R: irrCAC 1.0, its README: kappa2.table, scott2.table, gwet.ac1.table of cont3x3abstractors
@pytest.mark.parametrize(
    ("function", "value", "error", "low", "high"),
    [
        (two_reader_agreement, 0.7964094, 0.05891072, 0.680, 0.913),
        (scott_pi, 0.7962397, 0.05905473, 0.679, 0.913),
        (gwet_ac, 0.8493305, 0.04321747, 0.764, 0.935),
    ],
)
def test_coefficients_match_irrcac_three_by_three(function, value, error, low, high):
    result = function(table([[13, 0, 0], [0, 20, 7], [0, 4, 56]]))
    assert result.estimate == pytest.approx(value, abs=5e-8)
    assert result.std_error == pytest.approx(error, abs=5e-9)
    assert (result.ci_low, result.ci_high) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize(("weights", "power"), [("linear", 1), ("quadratic", 2)])
def test_kappa_and_both_errors_match_statsmodels(weights, power):
    from statsmodels.stats.inter_rater import cohens_kappa

    rng = np.random.default_rng(20260101)
    for counts in [FOUR, *rng.integers(1, 30, (5, 5, 5)).tolist()]:
        q = len(counts)
        given = 1 - (np.abs(np.subtract.outer(range(q), range(q))) / (q - 1)) ** power
        # statsmodels 0.15.0 takes distances
        peer = cohens_kappa(np.array(counts), weights=1 - given)
        for choice in (weights, given):
            kappa = two_reader_agreement(table(counts), weights=choice)
            assert kappa.estimate == pytest.approx(peer.kappa, rel=1e-9)
            assert kappa.std_error == pytest.approx(peer.std_kappa, rel=1e-9)
            test = kappa_test(table(counts), weights=choice)
            assert test.std_error_null == pytest.approx(peer.std_kappa0, rel=1e-9)
            assert test.statistic == pytest.approx(peer.z_value, rel=1e-9)
            assert test.p_value == pytest.approx(peer.pvalue_two_sided, rel=1e-7, abs=1e-300)


def test_the_paradox_of_feinstein_and_cicchetti():
    # J Clin Epidemiol 1990;43:543-549: 85 % agreement in both, kappa 0.70 and 0.32
    first, second = map(table, FEINSTEIN)
    assert f"{two_reader_agreement(first).estimate:.2f}" == "0.70"
    assert f"{two_reader_agreement(second).estimate:.2f}" == "0.32"
    assert percent_agreement(first).estimate == percent_agreement(second).estimate == 0.85
    assert gwet_ac(second).estimate > gwet_ac(first).estimate


# --- by hand -------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.integers(2, 5).flatmap(lambda q: st.lists(st.integers(0, 6), min_size=q**2, max_size=q**2))
)
def test_coefficients_are_their_definitions_in_exact_fractions(cells):
    q = math.isqrt(len(cells))
    counts = [[Fraction(c) for c in cells[q * i : q * (i + 1)]] for i in range(q)]
    whole = [[int(c) for c in row] for row in counts]
    for function, name in itertools.product(COEFFICIENTS, NAMED):
        result = function(table(whole), weights=name)
        try:
            expected = coefficient_by_hand(counts, function, name)
        except ZeroDivisionError:
            assert math.isnan(result.estimate)
            assert "not defined" in result.note
            continue
        assert result.estimate == pytest.approx(float(expected), rel=1e-12, abs=1e-14)
        lowest = -math.inf if function is gwet_ac and name != "identity" else -1
        assert lowest - 1e-12 <= result.estimate <= 1
        if not math.isnan(result.ci_low):
            assert lowest <= result.ci_low < result.ci_high <= 1
            assert result.ci_low <= result.estimate <= result.ci_high


@pytest.mark.parametrize("function", COEFFICIENTS)
@pytest.mark.parametrize("name", NAMED)
def test_error_is_that_of_the_delta_method_by_numerical_derivatives(function, name):
    counts, step, n = np.array(FOUR, dtype=float), 1e-4, np.sum(FOUR)
    shift = np.zeros((4, 4))
    for cell in np.ndindex(4, 4):
        up, down = counts.copy(), counts.copy()
        up[cell] += step
        down[cell] -= step
        both = [coefficient_by_hand(c.tolist(), function, name) for c in (up, down)]
        shift[cell] = float(both[0] - both[1]) / (2 * step)
    # Counts are multinomial; the derivatives by counts average to 0, for scale does not matter.
    expected = math.sqrt(float((counts * shift**2).sum()))
    result = function(table(FOUR), weights=name)
    assert (counts * shift).sum() / n == pytest.approx(0, abs=1e-9)
    assert result.std_error == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", NAMED)
def test_null_error_is_that_of_all_permutations(name):
    rng = np.random.default_rng(7)
    a, b = rng.integers(1, 4, (2, 6))
    order = itertools.permutations(b.tolist())
    values = [
        two_reader_agreement(agreement_table(a, c, categories=[1, 2, 3]), weights=name).estimate
        for c in order
    ]
    test = kappa_test(agreement_table(a, b, categories=[1, 2, 3]), weights=name)
    assert np.mean(values) == pytest.approx(0, abs=1e-12)
    # Permutations draw without replacement, which makes n - 1 of n.
    assert test.std_error_null == pytest.approx(np.std(values) * math.sqrt(5 / 6), rel=1e-9)


def test_named_weights_are_those_of_two_categories_when_there_are_two():
    for function in COEFFICIENTS:
        values = [function(table(FEINSTEIN[0]), weights=name).to_dict() for name in NAMED]
        assert len({(v["estimate"], v["std_error"]) for v in values}) == 1


# --- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", COEFFICIENTS)
def test_readers_can_be_swapped_and_categories_reversed(function):
    counts = np.array(FOUR)
    for name in NAMED:
        results = [function(table(c), weights=name) for c in (counts, counts.T, counts[::-1, ::-1])]
        for other in results[1:]:
            assert other.estimate == pytest.approx(results[0].estimate, rel=1e-12)
            assert other.std_error == pytest.approx(results[0].std_error, rel=1e-12)


@pytest.mark.parametrize("function", COEFFICIENTS)
def test_four_times_the_cases_halve_the_error(function):
    once, four = function(table(FOUR)), function(table(4 * np.array(FOUR)))
    assert four.estimate == pytest.approx(once.estimate, rel=1e-12)
    assert four.std_error == pytest.approx(once.std_error / 2, rel=1e-12)


def test_pi_never_exceeds_kappa_and_equals_it_where_shares_agree():
    for name in NAMED:
        kappa, pi = (
            two_reader_agreement(table(FOUR), weights=name),
            scott_pi(table(FOUR), weights=name),
        )
        assert pi.estimate < kappa.estimate
    balanced = table([[20, 4, 1], [3, 30, 2], [2, 1, 9]])
    assert scott_pi(balanced).estimate == pytest.approx(
        two_reader_agreement(balanced).estimate, rel=1e-12
    )


def test_tables_from_ratings_do_not_depend_on_their_form():
    counts = [[3, 1, 0], [0, 2, 1], [0, 0, 2]]
    pairs = [(i, j) for i in range(3) for j in range(3) for _ in range(counts[i][j])]
    a, b = zip(*pairs, strict=True)
    forms = {
        "numbers": (np.array(a), np.array(b, dtype=float), [0, 1, 2]),
        "text": ([f"c{i}" for i in a], np.array([f"c{j}" for j in b]), ["c0", "c1", "c2"]),
    }
    for rating_a, rating_b, categories in forms.values():
        made = agreement_table(rating_a, rating_b, categories=categories)
        assert made.counts.tolist() == counts
        assert two_reader_agreement(made).to_dict() == two_reader_agreement(table(counts)).to_dict()


def test_unused_categories_stretch_the_steps_but_not_plain_kappa():
    a, b = list("1122334455"), list("1123334554")
    used = agreement_table(a, b, categories=list("12345"))
    more = agreement_table(a, b, categories=list("1234567"))
    assert two_reader_agreement(more).estimate == pytest.approx(
        two_reader_agreement(used).estimate, rel=1e-12
    )
    linear = [two_reader_agreement(t, weights="linear").estimate for t in (used, more)]
    assert linear[0] == pytest.approx(linear[1], rel=1e-12)  # a scale that cancels
    assert gwet_ac(more).estimate > gwet_ac(used).estimate
    # Two steps where there was one: linear weights rescale, ordinal ones do not.
    between = agreement_table(a, b, categories=list("1x2y3z4w5"))
    assert two_reader_agreement(between, weights="linear").estimate == pytest.approx(
        linear[0], rel=1e-12
    )
    ordinal = [two_reader_agreement(t, weights="ordinal").estimate for t in (used, between)]
    assert ordinal[0] != pytest.approx(ordinal[1], rel=1e-3)


def test_birads_categories_keep_their_order():
    a = ["1", "2", "2", "3", "4A", "4B", "4C", "5"]
    b = ["1", "2", "3", "3", "4B", "4B", "5", "5"]
    made = agreement_table(a, b, categories=BIRADS)
    assert made.counts[3, 4] == 1  # 4A by the first, 4B by the second
    assert (
        two_reader_agreement(made, weights="linear").estimate > two_reader_agreement(made).estimate
    )


# --- patients with two breasts -------------------------------------------------------------------


@pytest.mark.parametrize("function", COEFFICIENTS)
def test_every_case_its_own_patient_is_the_plain_error_but_for_the_small_sample_factor(function):
    rng = np.random.default_rng(3)
    a = rng.integers(1, 4, 40)
    b = np.where(rng.random(40) < 0.6, a, rng.integers(1, 4, 40))
    plain = function(agreement_table(a, b, categories=[1, 2, 3]))
    own = function(agreement_table(a, b, categories=[1, 2, 3], cluster=np.arange(40)))
    twice = function(
        agreement_table(*np.tile([a, b], 2), categories=[1, 2, 3], cluster=np.tile(range(40), 2))
    )
    assert own.estimate == plain.estimate
    assert own.std_error == pytest.approx(plain.std_error * math.sqrt(40 / 39), rel=1e-12)
    assert twice.std_error == pytest.approx(own.std_error, rel=1e-12)
    assert (twice.n_cases, twice.n_clusters, plain.n_clusters) == (80, 40, None)
    assert (twice.ci_low, twice.ci_high) == pytest.approx((own.ci_low, own.ci_high), rel=1e-12)


def test_clustered_error_is_near_that_of_leaving_out_patients():
    a, b, patient = two_breasts(np.random.default_rng(11), 150)
    whole = two_reader_agreement(agreement_table(a, b, categories=[0, 1], cluster=patient))
    left = np.array(
        [
            two_reader_agreement(
                agreement_table(a[patient != p], b[patient != p], categories=[0, 1])
            ).estimate
            for p in range(150)
        ]
    )
    jackknife = math.sqrt(149 / 150 * float(((left - left.mean()) ** 2).sum()))
    assert whole.std_error == pytest.approx(jackknife, rel=0.02)


def two_breasts(rng, n_patients):
    """Return two readers' calls of two breasts a woman; some women are hard to both readers."""
    base = rng.random(n_patients) < 0.3
    state = np.where(
        rng.random((n_patients, 2)) < 0.7, base[:, None], rng.random((n_patients, 2)) < 0.3
    )
    hard = rng.random((n_patients, 1)) < 0.25
    guess_a, guess_b = rng.random((2, n_patients, 2)) < 0.3
    slip = rng.random((n_patients, 2)) < 0.1
    a, b = np.where(hard, guess_a, state), np.where(hard, guess_b, state ^ slip)
    return a.ravel().astype(int), b.ravel().astype(int), np.repeat(np.arange(n_patients), 2)


@pytest.mark.slow
def test_clustered_interval_covers_where_the_plain_one_does_not():
    rng = np.random.default_rng(20260101)
    a, b, _ = two_breasts(rng, 1_000_000)
    truth = two_reader_agreement(agreement_table(a, b, categories=[0, 1])).estimate
    covered = np.zeros(2)
    for _ in range(4000):
        a, b, patient = two_breasts(rng, 60)
        for place, cluster in enumerate((patient, None)):
            kappa = two_reader_agreement(agreement_table(a, b, categories=[0, 1], cluster=cluster))
            covered[place] += kappa.ci_low <= truth <= kappa.ci_high
    assert covered[0] / 4000 == pytest.approx(0.945, abs=0.012)
    assert covered[1] / 4000 < 0.935


@pytest.mark.slow
@pytest.mark.parametrize("weights", NAMED)
@pytest.mark.parametrize("function", COEFFICIENTS)
def test_intervals_cover_near_their_level(function, weights):
    share = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    cells = 0.6 * np.diag(share) + 0.4 * np.outer(share, share)
    truth = function(table(np.round(cells * 10**9).astype(int)), weights=weights).estimate
    rng = np.random.default_rng(20260101)
    drawn = rng.multinomial(200, cells.ravel() / cells.sum(), size=4000).reshape(-1, 5, 5)
    results = [function(table(counts), weights=weights) for counts in drawn]
    covered = np.mean([r.ci_low <= truth <= r.ci_high for r in results])
    assert covered == pytest.approx(0.945, abs=0.012)


@pytest.mark.slow
def test_test_of_chance_keeps_its_size():
    rng = np.random.default_rng(20260101)
    cells = np.outer([0.7, 0.2, 0.1], [0.6, 0.3, 0.1]).ravel()
    drawn = rng.multinomial(150, cells, size=4000).reshape(-1, 3, 3)
    rejected = np.mean([kappa_test(table(c), weights="linear").p_value < 0.05 for c in drawn])
    assert rejected == pytest.approx(0.05, abs=0.012)


# --- shares of agreement -------------------------------------------------------------------------


def test_percent_agreement_is_wilson_of_the_diagonal():
    result, wilson = percent_agreement(table(FOUR)), proportion_ci(150, 209)
    assert (result.estimate, result.ci_low, result.ci_high) == (
        wilson.estimate,
        wilson.ci_low,
        wilson.ci_high,
    )
    assert (result.numerator, result.denominator, result.n_cases) == (150, 209, 209)


def test_specific_agreement_is_its_definition_and_wilson_of_the_odds_turned():
    for place in range(4):
        counts = np.array(FOUR)
        both = int(counts[place, place])
        readings = int(counts[place].sum() + counts[:, place].sum())
        result = specific_agreement(table(FOUR), place + 1)
        assert result.estimate == pytest.approx(2 * both / readings, rel=1e-12)
        assert (result.numerator, result.denominator) == (2 * both, readings)
        wilson = proportion_ci(both, readings - both)
        turned = [2 * s / (1 + s) for s in (wilson.ci_low, wilson.ci_high)]
        assert [result.ci_low, result.ci_high] == pytest.approx(turned, rel=1e-12)
    # Graham and Bull (1998): variance by the delta method from multinomial cells
    a, b, c, d = 80, 10, 5, 5
    variance = 4 * a * (b + c) * (a + b + c) / (2 * a + b + c) ** 4
    result = specific_agreement(table([[a, b], [c, d]]), 1)
    assert result.std_error == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_specific_agreement_covers_near_its_level_by_exact_sums():
    # Given the cases that either reader called, those that both did are binomial: exact.
    truth, n = 0.6, 40
    share = truth / (2 - truth)
    covered = sum(
        math.comb(n, k) * share**k * (1 - share) ** (n - k)
        for k in range(n + 1)
        if (r := specific_agreement(table([[100, n - k], [0, k]]), 2)).ci_low <= truth <= r.ci_high
    )
    assert covered == pytest.approx(0.95, abs=0.02)


def test_shares_of_clustered_cases_use_the_effective_number():
    a, b, patient = two_breasts(np.random.default_rng(5), 80)
    clustered = agreement_table(a, b, categories=[0, 1], cluster=patient)
    expected = weighted_proportion_ci(a == b, cluster=patient)
    result = percent_agreement(clustered)
    assert (result.ci_low, result.ci_high) == (expected.ci_low, expected.ci_high)
    either = (a == 1) | (b == 1)
    share = weighted_proportion_ci((a & b)[either] == 1, cluster=patient[either])
    positive = specific_agreement(clustered, 1, quantity="positive_agreement", label="breasts")
    assert positive.ci_low == pytest.approx(2 * share.ci_low / (1 + share.ci_low), rel=1e-12)
    assert (positive.quantity, positive.label) == ("positive_agreement", "breasts")


def test_indices_of_byrt_are_differences_of_cells():
    (low, a), (b, high) = FEINSTEIN[1]
    prevalence = prevalence_index(table(FEINSTEIN[1]), ci_level=0.9)
    assert prevalence.estimate == pytest.approx((high - low) / 100, rel=1e-12)
    assert prevalence.ci_low < prevalence.estimate < prevalence.ci_high < 0
    # Kappa from both indices: Byrt, Bishop and Carlin (1993)
    bias = bias_index(table(FEINSTEIN[1]), label_a="first", label_b="second")
    assert bias.estimate == pytest.approx((a - b) / 100, rel=1e-12)
    adjusted = 2 * 0.85 - 1
    chance = prevalence.estimate**2 - bias.estimate**2
    expected = (adjusted - chance) / (1 - chance)
    assert two_reader_agreement(table(FEINSTEIN[1])).estimate == pytest.approx(expected, rel=1e-12)
    tango = paired_difference_ci(PairedCounts(both=high, only_b=a, only_a=b, neither=low))
    assert (bias.ci_low, bias.p_value) == (tango.ci_low, tango.p_value)
    assert (bias.label_a, bias.quantity) == ("first", "bias_index")


@pytest.mark.slow
def test_prevalence_index_covers_near_its_level():
    rng = np.random.default_rng(20260101)
    cells = [0.75, 0.08, 0.05, 0.12]
    drawn = rng.multinomial(80, cells, size=4000).reshape(-1, 2, 2)
    results = [prevalence_index(table(c)) for c in drawn]
    covered = np.mean([r.ci_low <= 0.12 - 0.75 <= r.ci_high for r in results])
    assert covered == pytest.approx(0.95, abs=0.012)


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [two_reader_agreement, scott_pi])
def test_one_category_only_is_undefined_and_never_0(function):
    result = function(table([[30, 0], [0, 0]]))
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert math.isnan(getattr(result, name))
    assert result.note.endswith("not defined: one category only, so expected agreement is 1")
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


def test_gwet_is_defined_where_one_category_holds_all():
    result = gwet_ac(table([[30, 0], [0, 0]]))
    assert result.estimate == 1.0
    assert "no interval" in result.note


@pytest.mark.parametrize("function", COEFFICIENTS)
@pytest.mark.parametrize("weights", NAMED)
def test_perfect_agreement_has_no_interval_but_a_note(function, weights):
    result = function(table(np.diag([7, 11, 13])), weights=weights)
    assert result.estimate == pytest.approx(1, rel=1e-12)
    assert math.isnan(result.std_error)
    assert math.isnan(result.ci_low)
    assert result.note == (
        "nothing varies between independent cases, so no standard error and no interval"
    )


def test_ac2_of_readers_who_disagree_widely_is_not_cut_at_minus_1():
    counts = np.zeros((6, 6), dtype=int)
    counts[0, 5], counts[5, 0], counts[4, 1], counts[2, 3] = 4, 7, 6, 3
    exact = [[Fraction(int(c)) for c in row] for row in counts]
    expected = float(coefficient_by_hand(exact, gwet_ac, "quadratic"))
    result = gwet_ac(table(counts), weights="quadratic")
    assert result.estimate == pytest.approx(expected, rel=1e-12)
    assert result.ci_low < result.estimate < -1.4
    assert two_reader_agreement(table(counts), weights="quadratic").ci_low == -1


@pytest.mark.parametrize("function", COEFFICIENTS)
def test_no_case_is_undefined_without_a_warning(function):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = function(agreement_table([], [], categories=[0, 1]))
        share = percent_agreement(agreement_table([], [], categories=[0, 1]))
        index = prevalence_index(agreement_table([], [], categories=[0, 1]))
        bias = bias_index(agreement_table([], [], categories=[0, 1]))
    assert "not defined: no cases" in result.note
    assert (result.n_cases, share.n_cases) == (0, 0)
    for undefined in (share, index, bias):
        assert math.isnan(undefined.estimate)
        assert undefined.note


def test_one_case_and_one_patient_have_no_interval():
    one = two_reader_agreement(agreement_table([0], [1], categories=[0, 1]))
    assert one.estimate == 0.0
    assert math.isnan(one.ci_low)
    same = agreement_table([0, 1, 0], [0, 1, 1], categories=[0, 1], cluster=["w", "w", "w"])
    assert math.isnan(two_reader_agreement(same).std_error)
    assert "no interval" in two_reader_agreement(same).note


def test_a_category_that_nobody_chose_has_no_specific_agreement():
    result = specific_agreement(table([[5, 0], [0, 0]]), 2)
    assert math.isnan(result.estimate)
    assert "not defined" in result.note
    assert result.denominator == 0


def test_perfect_and_no_agreement_on_a_category_still_have_an_interval():
    perfect = specific_agreement(table([[90, 0], [0, 10]]), 2)
    assert (perfect.estimate, perfect.ci_high) == (1.0, 1.0)
    assert perfect.ci_low < 0.9
    never = specific_agreement(table([[90, 5], [5, 0]]), 2)
    assert (never.estimate, never.ci_low) == (0.0, 0.0)
    assert never.ci_high > 0.1


def test_readers_who_agree_on_nothing_have_a_note_in_their_prevalence_index():
    result = prevalence_index(table([[0, 5], [7, 0]]))
    assert result.estimate == 0.0
    assert result.ci_low < 0 < result.ci_high
    assert result.note == "the readers agree on no case: the plug-in error is 0"


def test_test_of_chance_is_undefined_with_a_reason():
    result = kappa_test(table([[5, 0], [0, 0]]))
    assert math.isnan(result.p_value)
    assert "one category only" in result.note
    constant = kappa_test(table([[5, 3], [0, 0]]))
    assert constant.estimate == 0.0
    assert math.isnan(constant.p_value)
    assert constant.note.startswith("no test: under the null hypothesis nothing varies")


def test_a_million_cases_keep_their_digits():
    counts = (np.array(FOUR) * 5000).tolist()
    for function in COEFFICIENTS:
        big, small = (
            function(table(counts), weights="linear"),
            function(table(FOUR), weights="linear"),
        )
        assert big.estimate == pytest.approx(small.estimate, rel=1e-12)
        assert big.std_error == pytest.approx(small.std_error / math.sqrt(5000), rel=1e-12)


def test_results_are_complete_and_survive_a_record():
    results = [
        *(f(table(FOUR), ci_level=0.9, label="A, B") for f in COEFFICIENTS),
        percent_agreement(table(FOUR), label="A, B"),
        specific_agreement(table(FOUR), 1, label="A, B"),
        prevalence_index(table(FEINSTEIN[0]), label="A, B"),
        bias_index(table(FEINSTEIN[0])),
        kappa_test(table(FOUR)),
    ]
    for result in results:
        assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()
        assert getattr(result, "label", "A, B") in ("A, B", "")
        assert result.n_readers == 2
        assert len(result.summary_frame()) == 1
    assert results[0].ci_level == 0.9
    methods = [f(table(FOUR), weights="linear").method for f in COEFFICIENTS]
    assert methods[0] == "Cohen's kappa, linear weights"
    assert gwet_ac(table(FOUR), weights="linear").quantity == "gwet_ac2"
    assert (
        two_reader_agreement(table(FOUR), weights=np.eye(4)).method
        == "Cohen's kappa, given weights"
    )


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1, 2, 2], [1, 2]), "rating_a and rating_b must have one length, but got 2 and"),
        (([1, 3], [1, 2], [1, 2]), "rating_a must hold only categories, but position 1 holds 3; "),
        ((np.array([1, 3]), [1, 2], [1, 2]), "rating_a .* position 1 holds 3; the categories are"),
        ((np.array(["1", "6"]), ["1"] * 2, ["1", "2"]), "rating_a .* position 1 holds '6'; the ca"),
        (([1, 2], ["1", 2], [1, 2]), "rating_b .* position 0 holds '1'; the categories are 1, 2"),
        (([1, 2], [1, math.nan], [1, 2]), "rating_b must not be missing, but position 1 is missi"),
        (([1, None], [1, 2], [1, 2]), "rating_a must not be missing, but position 1 is missing; "),
        (([[1, 2]], [1, 2], [1, 2]), r"rating_a must have shape \(n_cases,\), but got \(1, 2\)"),
        (([1, 2], [1, 2], [1]), "categories must list two categories or more, in their order"),
        (([1, 2], [1, 2], "12"), "categories must list two categories or more, .* but got '12'"),
        (([1, 2], [1, 2], [1, 2, 1]), "categories must be different, but position 2 repeats 1"),
        (([1, 2], [1, 2], [1, None]), "categories must be different, but position 1 is missing"),
        ((np.ma.masked_equal([1, 2], 2), [1, 2], [1, 2]), "rating_a holds masked values; leave"),
    ],
)
def test_tables_refuse_wrong_ratings(arguments, message):
    rating_a, rating_b, categories = arguments
    with pytest.raises(ValueError, match=message):
        agreement_table(rating_a, rating_b, categories=categories)


def test_tables_refuse_a_wrong_cluster():
    with pytest.raises(ValueError, match="cluster must not be missing, but position 1 is"):
        agreement_table([1, 2], [1, 2], categories=[1, 2], cluster=["w", None])


@pytest.mark.parametrize(
    ("counts", "categories", "message"),
    [
        ([1, 2], None, r"counts must have shape \(n_categories, n_categories\), but got \(2,\)"),
        ([[1, 2]], None, r"counts must have shape .* but got \(1, 2\); give a row and a column"),
        ([[1, 2], [3, 4.5]], None, "counts must hold whole numbers, 0 or more, but position 3"),
        ([[1, -2], [3, 4]], None, "counts must hold whole numbers, 0 or more, but position 1"),
        ([[1, 2], [3, 4]], ["a"], "categories must list two categories or more"),
        ([[1, 2], [3, 4]], ["a", "b", "c"], "categories must name the 2 rows of counts, but got 3"),
    ],
)
def test_tables_refuse_wrong_counts(counts, categories, message):
    with pytest.raises(ValueError, match=message):
        agreement_table_from_counts(counts, categories=categories)


@pytest.mark.parametrize("function", COEFFICIENTS)
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("squared", "weights must be one of 'identity', .* or a matrix, but got 'squared'"),
        ([[1, 0.5], [0.5, 1]], r"weights must have shape \(4, 4\), one row and column for each"),
        (1 - np.eye(4), r"weights must be symmetric, 1 on the diagonal .* position \(0, 0\) holds"),
        (np.ones((4, 4)), r"position \(0, 1\) holds 1.0; give agreement, not distance"),
        (np.eye(4) + np.diag([0.5] * 3, 1), r"position \(0, 1\) holds 0.5; give agreement"),
    ],
)
def test_coefficients_refuse_wrong_weights(function, weights, message):
    with pytest.raises(ValueError, match=message):
        function(table(FOUR), weights=weights)


@pytest.mark.parametrize("function", [*COEFFICIENTS, percent_agreement])
def test_estimates_refuse_a_wrong_level(function):
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1, but got 95"):
        function(table(FOUR), ci_level=95)


def test_shares_refuse_what_they_are_not_defined_for():
    with pytest.raises(ValueError, match="category must be one of 1, 2, 3, 4, but got '4A'"):
        specific_agreement(table(FOUR), "4A")
    clustered = agreement_table([0, 1], [0, 1], categories=[0, 1], cluster=[1, 1])
    for function in (prevalence_index, bias_index):
        message = f"{function.__name__} needs two categories, but the table has 4; say first from"
        with pytest.raises(ValueError, match=message):
            function(table(FOUR))
        message = f"{function.__name__} has no interval for cases that cluster in patients"
        with pytest.raises(ValueError, match=message):
            function(clustered)
    with pytest.raises(ValueError, match="kappa_test needs independent cases, but they cluster"):
        kappa_test(clustered)
