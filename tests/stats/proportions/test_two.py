"""Differences and ratios of two independent groups against R, papers and exact fractions."""

import itertools
import json
import math
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from scipy import optimize, stats

from toolkit.results import Comparison, result_from_dict
from toolkit.stats.proportions.one import per_1000, proportion_ci
from toolkit.stats.proportions.tests import two_group_test
from toolkit.stats.proportions.two import (
    TwoGroupCounts,
    _corrected_difference_score,
    _corrected_ratio_score,
    _expected_under_difference,
    difference_limits,
    difference_score,
    newcombe_limits,
    proportion_difference_ci,
    proportion_ratio_ci,
    ratio_limits,
    ratio_score,
)

agresti_caffo_ci = partial(proportion_difference_ci, method="agresti_caffo")
katz_log_ratio_ci = partial(proportion_ratio_ci, method="katz")
koopman_ratio_ci = partial(proportion_ratio_ci, method="koopman")
mee_ci = partial(proportion_difference_ci, method="mee")
newcombe_ci = partial(proportion_difference_ci, method="newcombe")
scas_ci = partial(proportion_difference_ci, method="scas")
scas_ratio_ci = partial(proportion_ratio_ci, method="scas")
wald_difference_ci = partial(proportion_difference_ci, method="wald")

SCORE_RATIOS = [proportion_ratio_ci, scas_ratio_ci, koopman_ratio_ci]
RATIOS = [*SCORE_RATIOS, katz_log_ratio_ci]
# Those that are defined for all counts with units in both groups.
SCORES = [proportion_difference_ci, scas_ci, mee_ci, newcombe_ci, *SCORE_RATIOS]
DIFFERENCES = [*SCORES[:4], agresti_caffo_ci, wald_difference_ci]


def groups(x_a, n_a, x_b, n_b):
    """Return the counts of two groups in one order."""
    return TwoGroupCounts(numerator_a=x_a, denominator_a=n_a, numerator_b=x_b, denominator_b=n_b)


def limits(result):
    """Return both limits."""
    return [result.ci_low, result.ci_high]


def low_rate_tables(n):
    """Return random tables of rare events, first some on which statsmodels 0.15 raised or erred."""
    generator = np.random.default_rng(20260101)
    tables = [(2, 1000, 7, 1000), (3, 210, 0, 200), (20, 30, 28, 30), (0, 200, 3, 210)]
    for _ in range(n - len(tables)):
        n_a, n_b = generator.integers(20, 3000, 2)
        x_a, x_b = generator.binomial([n_a, n_b], generator.uniform(0, 0.02, 2))
        tables.append((int(x_a), int(n_a), int(x_b), int(n_b)))
    return tables


# --- reference -----------------------------------------------------------------------------------

# 28/30 against 20/30: R ratesci::scoreci(28, 30, 20, 30, skew = FALSE) and contingencytables agree;
# statsmodels 0.15.0 gives (0.0671, 0.4760): count0 stands in its cubic where nobs0 should.
MIETTINEN_NURMINEN = [((20, 30, 28, 30), 0.0690, 0.4606)]


@pytest.mark.parametrize(("cells", "low", "high"), MIETTINEN_NURMINEN)
def test_miettinen_nurminen_matches_r_where_statsmodels_does_not(cells, low, high):
    result = proportion_difference_ci(groups(*cells))
    assert limits(result) == pytest.approx([low, high], abs=5e-5)


def reference_cases(reference_data, prefix):
    """Return the reference cases of one family as pairs of values and our counts."""
    path = reference_data / "reference" / "roc_paired_proportions.json"
    cases = [c for c in json.loads(path.read_text())["cases"] if c["id"].startswith(prefix)]
    # The reference has first minus second: its first group is our b.
    return [(c["values"], groups(*(c["data"][k] for k in ("x2", "n2", "x1", "n1")))) for c in cases]


def test_differences_match_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "two_groups_diff_")
    for values, counts in cases:
        width = values["mn"][2] - values["mn"][0]
        for name, method in (("mn", proportion_difference_ci), ("mee", mee_ci)):
            result = method(counts)
            assert limits(result) == pytest.approx(values[f"{name}_hp"], rel=1e-9)
            assert limits(result) == pytest.approx(values[name][::2], abs=1e-6 * width)
        for name, method in (
            ("newcombe", newcombe_ci),
            ("wald", wald_difference_ci),
            ("agresti_caffo", agresti_caffo_ci),
        ):
            printed, result = values[name], method(counts)
            expected = [printed["lower"], printed["upper"]]
            assert limits(result) == pytest.approx(expected, rel=1e-9), name
            assert result.estimate == pytest.approx(printed["estimate"], rel=1e-9)
    assert len(cases) == 3


def test_ratios_match_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "two_groups_ratio_")
    for values, counts in cases:
        for name, method in (("mn", proportion_ratio_ci), ("koopman", koopman_ratio_ci)):
            result = method(counts)
            assert limits(result) == pytest.approx(values[f"{name}_hp"], rel=1e-9)
            assert result.estimate == pytest.approx(values["ratio"], rel=1e-12)
        katz = katz_log_ratio_ci(counts)
        if counts.numerator_b:
            assert limits(katz) == pytest.approx(values["katz_log"], rel=1e-9)
        else:  # where R prints 0 to NaN
            assert math.isnan(katz.ci_low)
            assert katz.note
    assert len(cases) == 3


def test_noninferiority_matches_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "ni_two_groups_")
    for values, counts in cases:
        ratio = proportion_ratio_ci(counts, margin=0.8, better="higher")
        difference = proportion_difference_ci(counts, margin=0.0005, better="higher")
        katz = katz_log_ratio_ci(counts, margin=0.8, better="higher")
        for result, name in ((ratio, "ratio_score"), (difference, "diff_score")):
            expected = values[name]
            assert result.p_noninferiority == pytest.approx(expected["pval_right"], abs=1e-6)
            assert result.statistic**2 == pytest.approx(expected["chisq"], abs=1e-6)
            assert result.p_value == pytest.approx(expected["pval2sided"], abs=1e-6)
        assert katz.p_noninferiority == pytest.approx(values["ratio_log_wald_p"], rel=1e-9)
    assert len(cases) == 3


def published(reference_data, method):
    """Return the published entries that a method reproduces, with our counts."""
    entries = json.loads((reference_data / "reference" / "published.json").read_text())["entries"]
    chosen = [e for e in entries if e["method_that_reproduces"] == method]
    return [(e, groups(*(e["inputs"][k] for k in ("b", "n2", "a", "n1")))) for e in chosen]


def test_katz_reproduces_every_published_risk_ratio(reference_data):
    cases = published(reference_data, "risk ratio, log-Wald 95% CI; p by fisher")
    for entry, counts in cases:
        result = katz_log_ratio_ci(counts)
        # MASAI 2023 printed 1.5 as upper limit, which is 1.448: a fault of the paper.
        tolerance = entry["tolerance"]["abs"] * (1 + 1e-9)
        assert result.estimate == pytest.approx(entry["published"]["estimate"], abs=tolerance)
        assert limits(result) == pytest.approx(entry["published"]["ci95"], abs=tolerance)
        assert limits(result) == pytest.approx(entry["computed"]["ci95"], rel=1e-9)
        wald = entry["computed"]["p_all"]["wald_log"]
        assert result.p_value == pytest.approx(wald, rel=1e-9)
    assert len(cases) == 7


def exact_expected(x_a, n_a, x_b, n_b, difference):
    """Return p_a at its maximum likelihood where p_b is p_a + difference, in exact fractions."""
    d = Fraction(difference)
    low, high = Fraction(0), 1 - d
    for _ in range(140):
        p = (low + high) / 2
        # derivative of the log likelihood times p (1 - p) (p + d) (1 - p - d)
        slope = (x_a - n_a * p) * (p + d) * (1 - p - d) + (x_b - n_b * (p + d)) * p * (1 - p)
        low, high = (p, high) if slope > 0 else (low, p)
    return float((low + high) / 2)


@pytest.mark.parametrize("difference", [1e-10, 1e-6, 1e-3, 0.05, 0.4, 0.97])
def test_expected_proportions_match_exact_fractions(difference):
    cells = [(0, 200, 3, 210), (3, 210, 0, 200), (0, 30, 0, 30), (262, 52872, 338, 53043)]
    cells += [(1, 5, 2, 3), (20, 30, 5, 30), (14, 1000, 0, 5), (0, 5, 14, 1000)]
    for cell in cells:
        expected = exact_expected(*cell, difference)
        got = _expected_under_difference(*cell, difference)
        assert got == pytest.approx(expected, rel=1e-12, abs=1e-30), cell


@pytest.mark.parametrize("ratio", [0.05, 0.7, 1.0, 1.3, 40.0])
def test_ratio_score_maximises_the_likelihood(ratio):
    for x_a, n_a, x_b, n_b in [(3, 40, 7, 50), (30, 40, 45, 50), (0, 20, 3, 25), (5, 9, 0, 8)]:

        def negative(p, x_a=x_a, n_a=n_a, x_b=x_b, n_b=n_b):
            return -stats.binom.logpmf(x_a, n_a, p) - stats.binom.logpmf(x_b, n_b, ratio * p)

        largest = min(1, 1 / ratio) * (1 - 1e-12)
        found = optimize.minimize_scalar(
            negative, bounds=(1e-12, largest), method="bounded", options={"xatol": 1e-10}
        )
        p_a = found.x
        variance = ratio * p_a * (1 - ratio * p_a) / n_b + ratio**2 * p_a * (1 - p_a) / n_a
        expected = (x_b / n_b - ratio * x_a / n_a) / math.sqrt(variance)
        assert ratio_score((x_a, n_a, x_b, n_b), 1.0, ratio) == pytest.approx(expected, rel=1e-5)


def test_scas_reproduces_ratesci():
    # R: ratesci::scoreci(5, 56, 0, 29), its vignette "Basic contrasts"; contrast = "RR" for the
    # ratio; scoreci(245, 356, 270, 370, theta0 = -0.125), its vignette "Hypothesis tests".
    cells = groups(0, 29, 5, 56)
    result = scas_ci(cells)
    assert limits(result) == pytest.approx([-0.0186, 0.1867], abs=5e-5)
    assert result.statistic == pytest.approx(1.739213, abs=5e-7)
    assert result.p_value == pytest.approx(0.08199729, abs=5e-9)
    ratio = scas_ratio_ci(cells)
    assert ratio.ci_low == pytest.approx(0.7696, abs=5e-5)
    assert ratio.ci_high == math.inf
    trial = scas_ci(groups(270, 370, 245, 356), margin=0.125, better="higher")
    assert limits(trial) == pytest.approx([-0.108, 0.0246], abs=5e-4)
    assert trial.p_noninferiority == pytest.approx(0.00666, abs=5e-6)


def test_skewness_correction_reproduces_gart_and_nam():
    # Without the factor of the variance: Gart and Nam 1990 (difference) and 1988 (ratios).
    found = difference_limits((2, 25, 7, 25), 1.0, 0.025, _corrected_difference_score)
    assert found == pytest.approx((-0.014, 0.414), abs=5e-4)
    for cells, expected in [((4, 15, 8, 15), (0.806, 6.148)), ((6, 20, 6, 10), (0.822, 4.954))]:
        found = ratio_limits(cells, 1.0, 0.025, _corrected_ratio_score)
        assert found == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_scas_limits_solve_lauds_equation(level):
    z = stats.norm.isf((1 - level) / 2)
    for x_a, n_a, x_b, n_b in [(2, 40, 5, 30), (20, 30, 28, 30), (0, 29, 5, 56), (9, 90, 1, 15)]:
        result = scas_ci(groups(x_a, n_a, x_b, n_b), ci_level=level)
        for d, sign in ((result.ci_low, 1), (result.ci_high, -1)):
            a, b = ((x_a, n_a), (x_b, n_b)) if d > 0 else ((x_b, n_b), (x_a, n_a))
            smaller = exact_expected(*a, *b, abs(d))
            p_a, p_b = (smaller, smaller + d) if d > 0 else (smaller - d, smaller)
            inflation = (n_a + n_b) / (n_a + n_b - 1)
            variance = inflation * (p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)
            third = sum(
                sign_of * p * (1 - p) * (1 - 2 * p) / n**2
                for sign_of, p, n in ((1, p_b, n_b), (-1, p_a, n_a))
            )
            score = (x_b / n_b - x_a / n_a - d) / math.sqrt(variance)
            corrected = score - third / (6 * variance**1.5) * (z**2 - 1)
            assert sign * corrected == pytest.approx(z, rel=1e-9)


def test_scas_misses_on_both_sides_equally_often():
    n_a, n_b = 32, 8
    shares = np.linspace(0.03, 0.97, 48)
    mass_a, mass_b = (
        stats.binom.pmf(np.arange(n + 1), n, shares[:, np.newaxis]) for n in (n_a, n_b)
    )
    cells = list(itertools.product(range(n_a + 1), range(n_b + 1)))
    imbalance = {}
    for method in (proportion_difference_ci, scas_ci):
        found = [method(groups(x_a, n_a, x_b, n_b)) for x_a, x_b in cells]
        low, high = (
            np.array([getattr(r, end) for r in found]).reshape(n_a + 1, n_b + 1)
            for end in ("ci_low", "ci_high")
        )
        total = 0.0
        for p_a, m_a in zip(shares, mass_a, strict=True):
            for p_b, m_b in zip(shares, mass_b, strict=True):
                missed = (low > p_b - p_a).astype(float) - (high < p_b - p_a)
                total += abs(m_a @ missed @ m_b)
        imbalance[method] = total / shares.size**2
    assert imbalance[scas_ci] < 0.7 * imbalance[proportion_difference_ci]


@pytest.mark.parametrize("n", [10**3, 10**6])
def test_scas_nears_the_score_in_large_groups(n):
    cells = groups(n // 10, n, n // 8, n)
    plain, corrected = proportion_difference_ci(cells), scas_ci(cells)
    assert corrected.ci_low == pytest.approx(plain.ci_low, abs=0.1 / n)
    assert corrected.p_value == pytest.approx(plain.p_value, rel=1e-9)  # equal groups: no skewness


@pytest.mark.parametrize("method", [scas_ci, scas_ratio_ci])
def test_scas_refuses_a_level_below_its_tails(method):
    with pytest.raises(ValueError, match=r"ci_level must be at least 0\.69 for method 'scas'"):
        method(groups(0, 7, 0, 9), ci_level=0.5)


@pytest.mark.parametrize("method", [scas_ci, scas_ratio_ci])
@pytest.mark.parametrize("level", [0.69, 0.8, 0.95, 0.999])
def test_scas_interval_and_p_agree_for_every_small_table(method, level):
    null = 1.0 if method is scas_ratio_ci else 0.0
    for n_a, n_b in [(1, 1), (2, 9), (6, 4)]:
        for x_a, x_b in itertools.product(range(n_a + 1), range(n_b + 1)):
            result = method(groups(x_a, n_a, x_b, n_b), ci_level=level)
            assert result.ci_low <= result.ci_high
            excluded = not result.ci_low <= null <= result.ci_high
            assert excluded == (result.p_value < 1 - level), (x_a, n_a, x_b, n_b)


def test_scas_ratio_of_one_event_has_no_limit_beyond_its_largest_score():
    # Where the ratio nears 0 the score nears sqrt(1 + 6 x), 2.66 with the factor of the variance.
    some, none = (scas_ratio_ci(groups(5, 40, 1, 40), ci_level=level) for level in (0.99, 0.995))
    assert 0 < some.ci_low < 0.01
    assert none.ci_low == 0
    assert _corrected_ratio_score((5, 40, 1, 40), 80 / 79, 1e-12) == pytest.approx(
        math.sqrt(1 + 6 * 80 / 79), rel=1e-5
    )


# --- properties ----------------------------------------------------------------------------------


def test_score_limits_leave_half_alpha_for_random_low_rates():
    z = stats.norm.isf(0.025)
    tables = low_rate_tables(300)
    for cells in tables:
        counts = groups(*cells)
        inflation = counts.n_cases / (counts.n_cases - 1)
        result = proportion_difference_ci(counts)
        assert -1 < result.ci_low < result.estimate < result.ci_high < 1
        assert difference_score(cells, inflation, result.ci_low) == pytest.approx(z, rel=1e-9)
        assert difference_score(cells, inflation, result.ci_high) == pytest.approx(-z, rel=1e-9)
        ratio = proportion_ratio_ci(counts)
        assert 0 <= ratio.ci_low < ratio.ci_high <= math.inf
        if cells[2]:
            assert ratio_score(cells, inflation, ratio.ci_low) == pytest.approx(z, rel=1e-9)
        if cells[0]:
            assert ratio_score(cells, inflation, ratio.ci_high) == pytest.approx(-z, rel=1e-9)
    assert len(tables) == 300


@pytest.mark.parametrize("method", DIFFERENCES + RATIOS)
def test_interval_and_p_value_agree_for_random_low_rates(method):
    null = 1.0 if method in RATIOS else 0.0
    for cells in low_rate_tables(80):
        result = method(groups(*cells))
        if not math.isnan(result.p_value):
            excluded = not result.ci_low <= null <= result.ci_high
            assert excluded == (result.p_value < 0.05)


@pytest.mark.parametrize("method", DIFFERENCES + RATIOS)
@pytest.mark.parametrize("better", ["higher", "lower"])
def test_noninferiority_agrees_with_the_interval(method, better):
    margin = {"higher": 0.7, "lower": 1.4}[better] if method in RATIOS else 0.004
    for cells in low_rate_tables(80):
        result = method(groups(*cells), margin=margin, better=better)
        if not math.isnan(result.p_noninferiority):
            assert result.noninferior == (result.p_noninferiority < 0.025), cells


@pytest.mark.parametrize("method", DIFFERENCES)
def test_exchanging_groups_negates_a_difference(method):
    for x_a, n_a, x_b, n_b in [(3, 210, 1, 200), (20, 30, 28, 30), (0, 9, 4, 7), (5, 5, 1, 8)]:
        there, back = method(groups(x_a, n_a, x_b, n_b)), method(groups(x_b, n_b, x_a, n_a))
        assert limits(there) == pytest.approx([-back.ci_high, -back.ci_low], rel=1e-9)
        assert there.statistic == pytest.approx(-back.statistic, rel=1e-9)
        assert there.p_value == pytest.approx(back.p_value, rel=1e-9)


@pytest.mark.parametrize("method", DIFFERENCES)
def test_counting_non_events_negates_a_difference(method):
    for x_a, n_a, x_b, n_b in [(3, 210, 1, 200), (20, 30, 28, 30), (0, 9, 4, 7), (5, 5, 1, 8)]:
        events = method(groups(x_a, n_a, x_b, n_b))
        others = method(groups(n_a - x_a, n_a, n_b - x_b, n_b))
        assert limits(events) == pytest.approx([-others.ci_high, -others.ci_low], rel=1e-9)


@pytest.mark.parametrize("method", RATIOS)
def test_exchanging_groups_inverts_a_ratio(method):
    for x_a, n_a, x_b, n_b in [(3, 210, 1, 200), (20, 30, 28, 30), (4, 4, 2, 7)]:
        there, back = method(groups(x_a, n_a, x_b, n_b)), method(groups(x_b, n_b, x_a, n_a))
        assert limits(there) == pytest.approx([1 / back.ci_high, 1 / back.ci_low], rel=1e-9)
        assert there.p_value == pytest.approx(back.p_value, rel=1e-9)


@pytest.mark.parametrize("method", [mee_ci, koopman_ratio_ci])
def test_score_without_factor_is_pearson_chi_square(method):
    for cells in [(3, 210, 1, 200), (20, 30, 28, 30), (262, 52872, 338, 53043)]:
        result, chi_square = (
            method(groups(*cells)),
            two_group_test(groups(*cells), method="pearson_chi_square"),
        )
        assert result.statistic**2 == pytest.approx(chi_square.statistic, rel=1e-10)
        assert result.p_value == pytest.approx(chi_square.p_value, rel=1e-9)


def test_newcombe_statistic_puts_a_limit_at_no_difference():
    cells = (12, 60, 31, 70)
    result = newcombe_ci(groups(*cells))
    assert newcombe_limits(cells, result.statistic)[0] == pytest.approx(0, abs=1e-14)
    assert result.p_value == pytest.approx(2 * stats.norm.sf(result.statistic), rel=1e-12)


def test_newcombe_joins_wilson_limits():
    a, b = proportion_ci(12, 60), proportion_ci(31, 70)
    down = math.hypot(b.estimate - b.ci_low, a.ci_high - a.estimate)
    up = math.hypot(b.ci_high - b.estimate, a.estimate - a.ci_low)
    result = newcombe_ci(groups(12, 60, 31, 70))
    expected = [result.estimate - down, result.estimate + up]
    assert limits(result) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("method", [proportion_difference_ci, scas_ci, mee_ci, newcombe_ci])
def test_limits_rise_with_the_events_of_b(method):
    for n_a, n_b in [(1, 1), (3, 5), (20, 12)]:
        for x_a in range(n_a + 1):
            results = [method(groups(x_a, n_a, x_b, n_b)) for x_b in range(n_b + 1)]
            for lower, higher in itertools.pairwise(results):
                assert lower.ci_low <= higher.ci_low
                assert lower.ci_high <= higher.ci_high
            assert all(-1 <= r.ci_low <= r.estimate <= r.ci_high <= 1 for r in results)


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", DIFFERENCES + RATIOS)
@pytest.mark.parametrize(
    ("cells", "who"),
    [((0, 0, 1, 5), "no unit in a"), ((1, 5, 0, 0), "no unit in b"), ((0, 0, 0, 0), "a and b")],
)
def test_group_without_units_is_undefined(method, cells, who):
    effect = {"margin": 0.8} if method in RATIOS else {"margin": 0.1}
    result = method(groups(*cells), **effect, better="higher")
    names = ("estimate", "std_error", "ci_low", "ci_high", "statistic", "p_value")
    assert all(math.isnan(getattr(result, name)) for name in (*names, "p_noninferiority"))
    assert who in result.note


@pytest.mark.parametrize("events", [0, 10])
def test_no_variation_in_either_group_still_has_a_score_interval(events):
    counts = groups(events, 10, events, 10)
    result = proportion_difference_ci(counts)
    z2 = stats.norm.isf(0.025) ** 2
    # Without an event the estimate under d is p_a = 0 and p_b = d: d^2 = z^2 d (1 - d) / 10 20/19.
    expected = z2 / (10 * 19 / 20 + z2)
    assert limits(result) == pytest.approx([-expected, expected], rel=1e-12)
    assert (result.estimate, result.p_value, result.std_error) == (0.0, 1.0, 0.0)
    assert result.note == "no variation in either group: the plug-in standard error is 0"
    assert mee_ci(counts).ci_high == pytest.approx(z2 / (10 + z2), rel=1e-12)


def test_opposite_groups_reach_the_end_of_the_range():
    result = proportion_difference_ci(groups(10, 10, 0, 10))
    assert (result.estimate, result.ci_low) == (-1.0, -1.0)
    assert -1 < result.ci_high < 0


def test_wald_has_no_interval_of_width_0():
    result = wald_difference_ci(groups(0, 10, 0, 20), margin=0.1, better="higher")
    assert result.estimate == 0
    assert math.isnan(result.ci_low)
    assert math.isnan(result.p_noninferiority)
    expected = "no interval: no variation in either group, so that its width would be 0"
    assert result.note == expected


def test_agresti_caffo_says_where_a_limit_was_replaced():
    result = agresti_caffo_ci(groups(10, 10, 0, 10))
    assert result.ci_low == -1.0
    assert result.note == (
        "no variation in either group: the plug-in standard error is 0; "
        "a limit lies beyond -1 or 1 and is replaced by it"
    )
    assert wald_difference_ci(groups(3, 3, 1, 3)).note.startswith("a limit lies beyond -1 or 1")


@pytest.mark.parametrize("method", SCORE_RATIOS)
def test_ratio_without_events(method):
    none_a = method(groups(0, 10, 4, 10))
    assert math.isnan(none_a.estimate)
    assert 0 < none_a.ci_low < none_a.ci_high == math.inf
    assert none_a.note == "the ratio is not defined: a has no event"
    none_b = method(groups(4, 10, 0, 10))
    assert (none_b.estimate, none_b.ci_low) == (0.0, 0.0)
    assert none_b.ci_high == pytest.approx(1 / none_a.ci_low, rel=1e-12)
    assert none_b.note == "b has no event: the plug-in standard error is not defined"
    neither = method(groups(0, 10, 0, 10), margin=0.8, better="higher")
    assert limits(neither) == [0.0, math.inf]
    assert (neither.p_value, neither.p_noninferiority) == (1.0, 0.5)
    assert "the counts say nothing" in neither.note


def test_ratio_where_every_unit_has_the_event():
    result = proportion_ratio_ci(groups(10, 10, 10, 10))
    assert result.ci_low < result.estimate == 1 < result.ci_high
    assert result.note == "every unit has the event: the plug-in standard error is 0"
    katz = katz_log_ratio_ci(groups(10, 10, 10, 10))
    assert math.isnan(katz.ci_low)
    assert katz.note == "no interval: every unit has the event, so that its width would be 0"


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ((0, 10, 3, 10), "the ratio is not defined: a has no event"),
        ((3, 10, 0, 10), "no interval: b has no event, and a logarithm of 0 is not defined"),
        ((0, 10, 0, 10), "and neither has b: the counts say nothing"),
    ],
)
def test_katz_adds_nothing_to_zero_counts(cells, note):
    result = katz_log_ratio_ci(groups(*cells))
    assert math.isnan(result.ci_low)
    assert math.isnan(result.p_value)
    assert note in result.note


@pytest.mark.parametrize("method", SCORES)
def test_score_methods_work_for_billions(method):
    result = method(groups(2_000_000_000, 5_000_000_000, 2_000_100_000, 5_000_000_000))
    assert result.ci_low < result.estimate < result.ci_high
    assert result.ci_high - result.ci_low < 1e-3
    assert 0 < result.p_value < 0.1


def test_difference_in_detection_per_1000():
    counts = groups(262, 52872, 338, 53043)
    rate = per_1000(proportion_difference_ci(counts, margin=0.0005, better="higher"))
    assert (rate.estimate, rate.margin) == pytest.approx((1.4168, 0.5), abs=1e-4)
    assert rate.noninferior


@pytest.mark.parametrize("method", DIFFERENCES + RATIOS)
def test_comparisons_are_complete_and_survive_a_record(method):
    result = method(groups(3, 40, 7, 50), ci_level=0.9, quantity="recall", label_b="AI")
    assert (result.quantity, result.label_a, result.label_b) == ("recall", "a", "AI")
    assert (result.n_cases, result.ci_level) == (90, 0.9)
    assert (result.estimate_a, result.estimate_b) == (3 / 40, 7 / 50)
    assert Comparison.from_dict(result.to_dict()).to_dict() == result.to_dict()
    result.summary_frame()


def test_counts_survive_a_record():
    counts = groups(3, 40, 7, 50)
    assert result_from_dict(counts.to_dict()) == counts
    assert TwoGroupCounts(
        numerator_a=3.0, denominator_a=np.int64(40), numerator_b=7, denominator_b=50
    ) == groups(3, 40, 7, 50)


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ((5, 4, 1, 4), "numerator_a must not exceed denominator_a, but got 5 of 4"),
        ((1, 4, 5, 4), "numerator_b must not exceed denominator_b, but got 5 of 4"),
        ((-1, 4, 1, 4), "numerator_a must be a whole number, 0 or more, but got -1"),
        ((1, 4, 1, 4.5), "denominator_b must be a whole number, 0 or more, but got 4.5"),
    ],
)
def test_counts_refuse(cells, message):
    with pytest.raises(ValueError, match=message):
        groups(*cells)


@pytest.mark.parametrize("method", DIFFERENCES)
@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"ci_level": 95}, "ci_level must lie between 0 and 1, but got 95.0"),
        ({"margin": 1.0, "better": "lower"}, "positive and below 1, .* but got 1.0"),
        ({"margin": -0.1, "better": "lower"}, "margin of a difference must be positive"),
        ({"margin": 0.1}, "needs better='higher' or better='lower'; there is no default"),
        ({"better": "up"}, "better must be 'higher' or 'lower', but got 'up'"),
    ],
)
def test_differences_refuse(method, choices, message):
    with pytest.raises(ValueError, match=message):
        method(groups(3, 40, 7, 50), **choices)


@pytest.mark.parametrize("method", RATIOS)
@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"ci_level": 0}, "ci_level must lie between 0 and 1, but got 0.0"),
        ({"margin": 1.2, "better": "higher"}, "must be between 0 and 1 where higher is better"),
        ({"margin": 0.8, "better": "lower"}, "must be above 1 where lower is better"),
        ({"margin": 0.8}, "needs better='higher' or better='lower'; there is no default"),
    ],
)
def test_ratios_refuse(method, choices, message):
    with pytest.raises(ValueError, match=message):
        method(groups(3, 40, 7, 50), **choices)
