"""Intervals of one proportion against R, papers, exact fractions and their own definitions."""

import json
import math
import subprocess
import sys
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from scipy import stats

from toolkit.results import Comparison, Estimate
from toolkit.stats.proportions import one as limits_of
from toolkit.stats.proportions.one import per_1000, proportion_ci, wilson_limits

agresti_coull_ci = partial(proportion_ci, method="agresti_coull")
blaker_ci = partial(proportion_ci, method="blaker")
clopper_pearson_ci = partial(proportion_ci, method="clopper_pearson")
jeffreys_ci = partial(proportion_ci, method="jeffreys")
midp_ci = partial(proportion_ci, method="midp")
wald_ci = partial(proportion_ci, method="wald")

METHODS = {
    "wilson": proportion_ci,
    "clopper_pearson": clopper_pearson_ci,
    "midp": midp_ci,
    "blaker": blaker_ci,
    "jeffreys": jeffreys_ci,
    "agresti_coull": agresti_coull_ci,
    "wald": wald_ci,
}
INTERVALS = list(METHODS.values())
# Those that are defined for every count and never leave [0, 1] by themselves.
RANGE_KEEPING = [proportion_ci, clopper_pearson_ci, midp_ci, blaker_ci, jeffreys_ci]

# R 4.2.2, binom 1.1-1.1: binom::binom.confint(x, n, methods = c("wilson", "exact"))
BINOM_CONFINT = [
    (28, 30, proportion_ci, 0.7867654163738308, 0.9815229762087296),
    (28, 30, clopper_pearson_ci, 0.7792645984770381, 0.9918218655393437),
    (95, 100, proportion_ci, 0.8882495307680808, 0.9784563208456318),
    (95, 100, clopper_pearson_ci, 0.8871650888945373, 0.9835681208179479),
    (1, 1000, proportion_ci, 0.00017654637062607817, 0.005642558597957934),
    (1, 1000, clopper_pearson_ci, 2.5317487491238744e-05, 0.005558924279826627),
    (6, 1000, proportion_ci, 0.002752669141876375, 0.013028168241852085),
    (6, 1000, clopper_pearson_ci, 0.00220498248515133, 0.013013423270974545),
]


def all_proportions(method, largest, tail=0.025):
    """Return x, n and both limits of every proportion with 1 <= n <= largest, as arrays."""
    n = np.repeat(np.arange(1, largest + 1), np.arange(2, largest + 2))
    x = np.concatenate([np.arange(size + 1) for size in range(1, largest + 1)])
    return x, n, *getattr(limits_of, method)(x, n, tail)


# --- reference -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "n", "interval", "low", "high"), BINOM_CONFINT)
def test_intervals_match_binom_confint(x, n, interval, low, high):
    result = interval(x, n)
    assert (result.ci_low, result.ci_high) == pytest.approx((low, high), rel=1e-9, abs=0)


def test_intervals_match_every_reference_case(reference_data):
    path = reference_data / "reference" / "roc_paired_proportions.json"
    cases = [c for c in json.loads(path.read_text())["cases"] if c["id"].startswith("prop_")]
    for case in cases:
        counts, level = (case["data"]["x"], case["data"]["n"]), case["data"]["conf"]
        for name, interval in METHODS.items():
            result = interval(*counts, ci_level=level)
            # binom does not keep Wald and Agresti-Coull within [0, 1]
            expected = np.clip(case["values"][name], 0, 1)
            limits = [result.ci_low, result.ci_high]
            if name == "blaker":  # of which exactci gives four digits at most
                assert limits == pytest.approx(expected, abs=1.01e-4)
            else:
                assert limits == pytest.approx(expected, rel=1e-9, abs=0), (case["id"], name)
    assert len(cases) == 4


@pytest.mark.parametrize(("x", "n"), [(1, 1000), (6, 1000), (28, 30), (1, 3), (29, 30)])
def test_midp_limits_solve_their_equation_in_exact_fractions(x, n):
    """Root finding elsewhere stopped early: exactci gave 6.1e-5 as lower limit of 1 of 1000."""
    result = midp_ci(x, n)
    pmf = [math.comb(n, k) for k in range(n + 1)]

    def tail(p, counts):  # (probability of counts beyond x) + half that of x
        p = Fraction(p)
        terms = {k: pmf[k] * p**k * (1 - p) ** (n - k) for k in [x, *counts]}
        return float(sum(terms[k] for k in counts) + terms[x] / 2)

    fewer = list(range(x))
    below = tail(result.ci_high, fewer)
    above = 1 - tail(result.ci_low, fewer)
    assert below == pytest.approx(0.025, rel=1e-12)
    assert above == pytest.approx(0.025, rel=1e-12 * 40)  # 1 - 0.975 has 1/40 of the digits


def test_midp_lower_limit_of_one_in_a_thousand():
    assert midp_ci(1, 1000).ci_low == pytest.approx(5.002028527649279e-05, rel=1e-12)


def acceptabilities(n, p):
    """Return Blaker's acceptability of proportions ``p`` for each count, from its definition."""
    pmf = stats.binom.pmf(np.arange(n + 1)[:, None], n, p)
    at_least = pmf[::-1].cumsum(axis=0)[::-1]
    smaller = np.minimum(at_least, pmf.cumsum(axis=0))  # tail of each count
    return [(pmf * (smaller <= one * (1 + 1e-9))).sum(axis=0) for one in smaller]


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_blaker_limits_are_the_ends_of_what_is_accepted(n):
    step = 1 / 8000
    grid = np.linspace(0, 1, 8001)
    for x, acceptability in enumerate(acceptabilities(n, grid)):
        accepted = grid[acceptability >= 0.05 * (1 - 1e-9)]
        result = blaker_ci(x, n)
        assert -1e-9 <= accepted.min() - result.ci_low < step
        assert -1e-9 <= result.ci_high - accepted.max() < step


def test_blaker_stays_within_clopper_pearson():
    x, _, low, high = all_proportions("blaker", 100)
    _, _, outer_low, outer_high = all_proportions("clopper_pearson", 100)
    assert np.all((low >= outer_low) & (high <= outer_high))
    assert x.size == 5150


def test_jeffreys_limits_are_quantiles_of_beta():
    x, n, low, high = all_proportions("jeffreys", 60)
    inside = (x > 0) & (x < n)
    prior = (x + 0.5, n - x + 0.5)
    np.testing.assert_allclose(low[inside], stats.beta.ppf(0.025, *prior)[inside], rtol=1e-9)
    np.testing.assert_allclose(high[inside], stats.beta.isf(0.025, *prior)[inside], rtol=1e-9)


# Counts and printed 95 % intervals of published studies.
PUBLISHED = [
    # MASAI, Lancet Oncol 2023;24:936, doi:10.1016/S1470-2045(23)00298-X: detection per 1,000
    (clopper_pearson_ci, 244, 39996, 1000, (6.1, 5.4, 6.9), 1),
    # the same, recall with AI in %
    (clopper_pearson_ci, 861, 39996, 100, (2.2, 2.0, 2.3), 1),
    # Front Radiol 2026;6:1747783, Table 2, sensitivity of reader 1 without AI in %
    (clopper_pearson_ci, 117, 129, 100, (90.7, 84.3, 95.1), 1),
    # Lång, Eur Radiol 2021;31:5940, doi:10.1007/s00330-021-07686-3: interval cancers in %
    (proportion_ci, 83, 429, 100, (19.3, 15.9, 23.4), 1),
    (proportion_ci, 20, 429, 100, (4.7, 3.0, 7.1), 1),
    # Lång, Eur Radiol 2021;31:1687, doi:10.1007/s00330-020-07165-1: false positives in %
    (wald_ci, 52, 187, 100, (27.8, 21.4, 34.2), 1),
]


@pytest.mark.parametrize(("interval", "x", "n", "scale", "printed", "decimals"), PUBLISHED)
def test_intervals_reproduce_published_intervals(interval, x, n, scale, printed, decimals):
    result = interval(x, n)
    rounded = [round(scale * v, decimals) for v in (result.estimate, result.ci_low, result.ci_high)]
    assert rounded == list(printed)


def test_intervals_reproduce_every_published_proportion(reference_data):
    entries = json.loads((reference_data / "reference" / "published.json").read_text())["entries"]
    kinds = {
        "proportion CI: clopper_pearson": clopper_pearson_ci,
        "proportion CI: wilson": proportion_ci,
        "proportion CI: wald": wald_ci,
        "k/n": proportion_ci,
        "k/n with k = nearest integer": proportion_ci,
    }
    checked = dict.fromkeys(kinds, 0)
    for entry in entries:
        kind = entry["method_that_reproduces"]
        if kind not in kinds or set(entry["inputs"]) != {"k", "n"}:
            continue
        result = kinds[kind](entry["inputs"]["k"], entry["inputs"]["n"])
        scale = entry["published"].get("scale", 1)
        tolerance = entry["tolerance"]["abs"] * (1 + 1e-9)
        assert scale * result.estimate == pytest.approx(
            entry["published"]["estimate"], abs=tolerance
        ), entry["id"]
        if "CI" in kind:
            limits = [scale * result.ci_low, scale * result.ci_high]
            assert limits == pytest.approx(entry["published"]["ci95"], abs=tolerance), entry["id"]
            assert limits == pytest.approx(entry["computed"]["ci95"], rel=1e-9), entry["id"]
        checked[kind] += 1
    assert list(checked.values()) == [20, 4, 5, 21, 3]


def test_intervals_match_other_methods_of_published_proportions(reference_data):
    entries = json.loads((reference_data / "reference" / "published.json").read_text())["entries"]
    checked = dict.fromkeys(METHODS, 0)
    for entry in entries:
        others = entry["computed"].get("other_methods", {})
        for name in METHODS.keys() & others.keys():
            result = METHODS[name](entry["inputs"]["k"], entry["inputs"]["n"])
            scale = entry["computed"]["scale"]
            limits = [round(scale * result.ci_low, 4), round(scale * result.ci_high, 4)]
            expected = np.clip(others[name], 0, scale)
            assert limits == pytest.approx(expected, abs=1.1e-4), (entry["id"], name)
            checked[name] += 1
    # What the printed method leaves over.
    assert (checked["wilson"], checked["clopper_pearson"]) == (25, 9)
    assert (checked["jeffreys"], checked["agresti_coull"], checked["wald"]) == (29, 29, 24)


# --- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ci_level", [0.8, 0.95, 0.999])
def test_wilson_limits_solve_score_equation_for_all_n_to_300(ci_level):
    x, n, low, high = all_proportions("wilson", 300, tail=(1 - ci_level) / 2)
    z = stats.norm.isf((1 - ci_level) / 2)
    for limit, inside in ((low, x > 0), (high, x < n)):
        distance = np.abs(x / n - limit)[inside]
        spread = z * np.sqrt(limit * (1 - limit) / n)[inside]
        np.testing.assert_allclose(distance, spread, rtol=1e-10)


@pytest.mark.parametrize("ci_level", [0.8, 0.95, 0.999])
def test_clopper_pearson_limits_leave_half_alpha_for_all_n_to_300(ci_level):
    tail = (1 - ci_level) / 2
    x, n, low, high = all_proportions("clopper_pearson", 300, tail=tail)
    np.testing.assert_allclose(stats.binom.sf(x - 1, n, low)[x > 0], tail, rtol=1e-9)
    np.testing.assert_allclose(stats.binom.cdf(x, n, high)[x < n], tail, rtol=1e-9)


def test_midp_limits_leave_half_alpha_for_all_n_to_300():
    x, n, low, high = all_proportions("midp", 300)
    above = stats.binom.sf(x, n, low) + stats.binom.pmf(x, n, low) / 2
    below = stats.binom.cdf(x, n, high) - stats.binom.pmf(x, n, high) / 2
    np.testing.assert_allclose(above[x > 0], 0.025, rtol=1e-9)
    np.testing.assert_allclose(below[x < n], 0.025, rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_the_estimate_rise_and_mirror_for_all_n_to_300(method):
    x, n, low, high = all_proportions(method, 300)
    undefined = ((x == 0) | (x == n)) if method == "wald" else np.zeros(x.size, dtype=bool)
    np.testing.assert_array_equal(np.isnan(low), undefined)
    np.testing.assert_array_equal(np.isnan(high), undefined)
    low, high = np.maximum(low, 0), np.minimum(high, 1)  # as the public functions do, with a note
    held = (low <= x / n) & (x / n <= high) & (low < high)
    assert np.all(held | undefined)
    if METHODS[method] in RANGE_KEEPING:
        assert np.all((low == 0) == (x == 0))
        assert np.all((high == 1) == (x == n))
    same_n = (n[1:] == n[:-1]) & ~undefined[1:] & ~undefined[:-1]
    assert np.all(np.diff(low)[same_n] >= 0)
    assert np.all(np.diff(high)[same_n] >= 0)
    if METHODS[method] in RANGE_KEEPING:
        assert np.all(np.diff(low)[same_n] > 0)
        assert np.all(np.diff(high)[same_n] > 0)
    for size in (1, 2, 7, 300):
        rows = n == size
        np.testing.assert_allclose(low[rows], 1 - high[rows][::-1], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("x", "n"), [(3, 40), (28, 30), (1, 1000), (40, 40)])
def test_public_functions_give_the_limits_of_their_method(method, x, n):
    result = METHODS[method](x, n, ci_level=0.9)
    low, high = getattr(limits_of, method)(x, n, (1 - 0.9) / 2)
    expected = [max(float(low), 0.0), min(float(high), 1.0)]
    assert [result.ci_low, result.ci_high] == pytest.approx(expected, nan_ok=True, rel=1e-15)


@pytest.mark.parametrize("interval", INTERVALS)
def test_intervals_widen_with_level(interval):
    levels = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999999]
    results = [interval(9, 40, ci_level=level) for level in levels]
    lows, highs = [r.ci_low for r in results], [r.ci_high for r in results]
    assert lows == sorted(lows, reverse=True)
    assert highs == sorted(highs)


@pytest.mark.parametrize("interval", INTERVALS)
def test_unit_per_1000_multiplies_everything(interval):
    plain, scaled = interval(6, 1000), interval(6, 1000, unit="per_1000")
    assert (scaled.unit, plain.unit) == ("per_1000", "probability")
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert getattr(scaled, name) == 1000 * getattr(plain, name)
    assert (scaled.numerator, scaled.denominator) == (6, 1000)
    assert per_1000(plain).to_dict() == scaled.to_dict()


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("interval", [*RANGE_KEEPING, agresti_coull_ci])
@pytest.mark.parametrize("n", [1, 30, 10**6, 5 * 10**9])
def test_intervals_reach_0_and_1_exactly(interval, n):
    none, every = interval(0, n), interval(n, n)
    assert (none.estimate, none.ci_low, none.std_error) == (0.0, 0.0, 0.0)
    assert (every.estimate, every.ci_high, every.std_error) == (1.0, 1.0, 0.0)
    assert 0 < none.ci_high < 1
    assert every.ci_low == pytest.approx(1 - none.ci_high, rel=1e-12)


@pytest.mark.parametrize("x", [0, 30])
def test_wald_has_no_interval_of_width_0(x):
    result = wald_ci(x, 30)
    assert result.estimate == x / 30
    assert math.isnan(result.ci_low)
    assert math.isnan(result.ci_high)
    assert (
        result.note == "no interval: no or every unit has the event, so that its width would be 0"
    )


@pytest.mark.parametrize("interval", [wald_ci, agresti_coull_ci])
def test_limits_outside_the_range_are_replaced_with_a_note(interval):
    low, high = interval(1, 1000), interval(999, 1000)
    assert (low.ci_low, high.ci_high) == (0.0, 1.0)
    assert low.note == "the lower limit lies below 0 and is replaced by it"
    assert high.note == "the upper limit lies above 1 and is replaced by it"
    assert interval(400, 1000).note == ""


def test_both_limits_can_lie_outside_the_range():
    note = wald_ci(1, 2, ci_level=0.99).note
    assert note == (
        "the lower limit lies below 0 and is replaced by it; "
        "the upper limit lies above 1 and is replaced by it"
    )


def test_limits_of_no_event_have_their_closed_forms():
    z2 = stats.norm.isf(0.025) ** 2
    assert proportion_ci(0, 30).ci_high == pytest.approx(z2 / (30 + z2), rel=1e-12)
    assert clopper_pearson_ci(0, 30).ci_high == pytest.approx(1 - 0.025 ** (1 / 30), rel=1e-12)
    assert midp_ci(0, 30).ci_high == pytest.approx(1 - 0.05 ** (1 / 30), rel=1e-12)
    assert blaker_ci(0, 1).ci_high == pytest.approx(0.95, rel=1e-12)


@pytest.mark.parametrize("interval", INTERVALS)
def test_0_of_0_is_undefined_with_a_note(interval):
    result = interval(0, 0, quantity="ppv", unit="per_1000")
    assert all(math.isnan(getattr(result, name)) for name in ("estimate", "ci_low", "ci_high"))
    assert math.isnan(result.std_error)
    assert result.note == "ppv is not defined: 0 units in the denominator"
    assert result.unit == "per_1000"


@pytest.mark.parametrize("n", [10**6, 3 * 10**9])
def test_intervals_stay_exact_for_large_counts(n):
    x, tail = 5, 0.025
    exact, score, midp = clopper_pearson_ci(x, n), proportion_ci(x, n), midp_ci(x, n)
    assert stats.binom.sf(x - 1, n, exact.ci_low) == pytest.approx(tail, rel=1e-9)
    assert stats.binom.cdf(x, n, exact.ci_high) == pytest.approx(tail, rel=1e-9)
    z = stats.norm.isf(tail)
    for limit in (score.ci_low, score.ci_high):
        spread = math.sqrt(limit * (1 - limit) / n)
        assert abs(x / n - limit) == pytest.approx(z * spread, rel=1e-9)
    above = stats.binom.sf(x, n, midp.ci_low) + stats.binom.pmf(x, n, midp.ci_low) / 2
    below = stats.binom.cdf(x, n, midp.ci_high) - stats.binom.pmf(x, n, midp.ci_high) / 2
    assert (above, below) == pytest.approx((tail, tail), rel=1e-9)


@pytest.mark.parametrize("interval", INTERVALS)
def test_half_of_billions_is_symmetric_and_narrow(interval):
    result = interval(2**32, 2**33)
    reach = stats.norm.isf(0.025) * math.sqrt(0.25 / 2**33)
    assert result.ci_high - 0.5 == pytest.approx(reach, rel=1e-4)
    assert 0.5 - result.ci_low == pytest.approx(reach, rel=1e-4)


def test_blaker_falls_back_on_clopper_pearson_where_rounding_leaves_no_root():
    counts, level = (756122457, 4015829530), 1 - 2e-9
    result, outer = blaker_ci(*counts, ci_level=level), clopper_pearson_ci(*counts, ci_level=level)
    assert outer.ci_low <= result.ci_low < result.estimate < result.ci_high <= outer.ci_high


def test_estimates_are_complete_and_survive_a_record():
    result = proportion_ci(45, 50, ci_level=0.9, quantity="sensitivity", label="reader 1")
    assert (result.numerator, result.denominator, result.ci_level) == (45, 50, 0.9)
    assert (result.quantity, result.label, result.ci_method) == (
        "sensitivity",
        "reader 1",
        "Wilson score",
    )
    assert result.std_error == pytest.approx(math.sqrt(0.9 * 0.1 / 50), rel=1e-15)
    assert Estimate.from_dict(result.to_dict()).to_dict() == result.to_dict()


def test_whole_numbers_from_a_table_column_are_counts():
    assert proportion_ci(np.float64(45), np.int32(50)).to_dict() == proportion_ci(45, 50).to_dict()


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize(
    ("counts", "choices", "message"),
    [
        ((31, 30), {}, "numerator must not exceed denominator, but got 31 of 30"),
        ((-1, 30), {}, "numerator must be a whole number, 0 or more, but got -1"),
        ((1.5, 30), {}, "numerator must be a whole number, 0 or more, but got 1.5"),
        ((1, math.inf), {}, "denominator must be a whole number, 0 or more, but got inf"),
        ((math.nan, 30), {}, "numerator must be a number, but got NaN"),
        ((True, 30), {}, "numerator must be one number, but got True"),
        ((1, 30), {"ci_level": 95}, "ci_level must lie between 0 and 1, but got 95.0"),
        ((1, 30), {"unit": "percent"}, "unit must be one of 'probability', 'per_1000', but got"),
    ],
)
def test_intervals_refuse_wrong_arguments(interval, counts, choices, message):
    with pytest.raises(ValueError, match=message):
        interval(*counts, **choices)


def ratio():
    """Return a comparison whose effect is a ratio."""
    return Comparison(
        quantity="detection", unit="ratio", estimate=1.1, std_error=0.1, ci_low=0.9, ci_high=1.3,
        ci_level=0.95, ci_method="m", method="m", label_a="a", label_b="b", estimate_a=0.1,
        estimate_b=0.11, effect="ratio", statistic=1.0, df=math.inf, p_value=0.3,
    )  # fmt: skip


def test_per_1000_refuses_ratios_and_other_units():
    with pytest.raises(ValueError, match="takes no ratio, but got one of detection"):
        per_1000(ratio())
    scaled = proportion_ci(6, 1000, unit="per_1000", quantity="detection")
    with pytest.raises(ValueError, match="unit is 'probability', but got 'per_1000' for detection"):
        per_1000(scaled)


def test_wilson_limits_at_zero_deviates_are_the_proportion():
    assert wilson_limits(3, 10, 0.0) == (0.3, 0.3)
    assert wilson_limits(0, 10, 0.0) == (0.0, 0.0)


def test_wilson_needs_numpy_and_scipy_special_alone():
    code = (
        "import sys; from toolkit.stats.proportions.one import proportion_ci; "
        "proportion_ci(28, 30); "
        "heavy = ['scipy.stats', 'scipy.optimize', 'pandas', 'numba', 'statsmodels']; "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
