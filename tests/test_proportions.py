"""Wilson and Clopper-Pearson intervals against R, papers, and their own definitions."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from toolkit.results import Comparison, Estimate
from toolkit.stats.proportions import clopper_pearson_ci, per_1000, wilson_ci, wilson_limits

INTERVALS = [wilson_ci, clopper_pearson_ci]

# R 4.2.2, binom 1.1-1.1: binom::binom.confint(x, n, methods = c("wilson", "exact"))
BINOM_CONFINT = [
    (28, 30, wilson_ci, 0.7867654163738308, 0.9815229762087296),
    (28, 30, clopper_pearson_ci, 0.7792645984770381, 0.9918218655393437),
    (95, 100, wilson_ci, 0.8882495307680808, 0.9784563208456318),
    (95, 100, clopper_pearson_ci, 0.8871650888945373, 0.9835681208179479),
    (1, 1000, wilson_ci, 0.00017654637062607817, 0.005642558597957934),
    (1, 1000, clopper_pearson_ci, 2.5317487491238744e-05, 0.005558924279826627),
    (6, 1000, wilson_ci, 0.002752669141876375, 0.013028168241852085),
    (6, 1000, clopper_pearson_ci, 0.00220498248515133, 0.013013423270974545),
]


def all_proportions(interval, largest, **choices):
    """Return x, n and both limits of every proportion with 1 <= n <= largest, as arrays."""
    rows = []
    for n in range(1, largest + 1):
        for x in range(n + 1):
            result = interval(x, n, **choices)
            rows.append((x, n, result.ci_low, result.ci_high))
    return np.array(rows).T


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
        for name, interval in (("wilson", wilson_ci), ("clopper_pearson", clopper_pearson_ci)):
            result = interval(*counts, ci_level=level)
            assert [result.ci_low, result.ci_high] == pytest.approx(
                case["values"][name], rel=1e-9, abs=0
            )
    assert len(cases) == 4


# Counts and printed 95 % intervals of published studies.
PUBLISHED = [
    # MASAI, Lancet Oncol 2023;24:936, doi:10.1016/S1470-2045(23)00298-X: detection per 1,000
    (clopper_pearson_ci, 244, 39996, 1000, (6.1, 5.4, 6.9), 1),
    # the same, recall with AI in %
    (clopper_pearson_ci, 861, 39996, 100, (2.2, 2.0, 2.3), 1),
    # Front Radiol 2026;6:1747783, Table 2, sensitivity of reader 1 without AI in %
    (clopper_pearson_ci, 117, 129, 100, (90.7, 84.3, 95.1), 1),
    # Lång, Eur Radiol 2021;31:5940, doi:10.1007/s00330-021-07686-3: interval cancers in %
    (wilson_ci, 83, 429, 100, (19.3, 15.9, 23.4), 1),
    (wilson_ci, 20, 429, 100, (4.7, 3.0, 7.1), 1),
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
        "proportion CI: wilson": wilson_ci,
        "k/n": wilson_ci,
        "k/n with k = nearest integer": wilson_ci,
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
    assert list(checked.values()) == [20, 4, 21, 3]


def test_both_intervals_match_other_methods_of_published_proportions(reference_data):
    entries = json.loads((reference_data / "reference" / "published.json").read_text())["entries"]
    checked = 0
    for entry in entries:
        others = entry["computed"].get("other_methods", {})
        for name, interval in (("wilson", wilson_ci), ("clopper_pearson", clopper_pearson_ci)):
            if name in others:
                result = interval(entry["inputs"]["k"], entry["inputs"]["n"])
                scale = entry["computed"]["scale"]
                limits = [round(scale * result.ci_low, 4), round(scale * result.ci_high, 4)]
                assert limits == others[name], (entry["id"], name)
                checked += 1
    assert checked == 34  # Wilson 25, Clopper-Pearson 9: what the printed method leaves over


# --- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ci_level", [0.8, 0.95, 0.999])
def test_wilson_limits_solve_score_equation_for_all_n_to_300(ci_level):
    largest = 300 if ci_level == 0.95 else 40
    x, n, low, high = all_proportions(wilson_ci, largest, ci_level=ci_level)
    z = stats.norm.isf((1 - ci_level) / 2)
    for limit, inside in ((low, x > 0), (high, x < n)):
        distance = np.abs(x / n - limit)[inside]
        spread = z * np.sqrt(limit * (1 - limit) / n)[inside]
        np.testing.assert_allclose(distance, spread, rtol=1e-10)


@pytest.mark.parametrize("ci_level", [0.8, 0.95, 0.999])
def test_clopper_pearson_limits_leave_half_alpha_for_all_n_to_300(ci_level):
    largest = 300 if ci_level == 0.95 else 40
    x, n, low, high = all_proportions(clopper_pearson_ci, largest, ci_level=ci_level)
    tail = (1 - ci_level) / 2
    np.testing.assert_allclose(stats.binom.sf(x - 1, n, low)[x > 0], tail, rtol=1e-9)
    np.testing.assert_allclose(stats.binom.cdf(x, n, high)[x < n], tail, rtol=1e-9)


@pytest.mark.parametrize("interval", INTERVALS)
def test_intervals_hold_the_estimate_rise_and_mirror_for_all_n_to_300(interval):
    x, n, low, high = all_proportions(interval, 300)
    assert np.all((low >= 0) & (low <= x / n) & (x / n <= high) & (high <= 1))
    assert np.all((low == 0) == (x == 0))
    assert np.all((high == 1) == (x == n))
    same_n = n[1:] == n[:-1]
    assert np.all(np.diff(low)[same_n] > 0)
    assert np.all(np.diff(high)[same_n] > 0)
    for size in (1, 2, 7, 300):
        rows = n == size
        np.testing.assert_allclose(low[rows], 1 - high[rows][::-1], rtol=1e-9, atol=1e-15)


def test_clopper_pearson_covers_at_least_its_level_and_wilson_on_average():
    shares = np.linspace(0.7, 0.98, 57)
    covered = {}
    for interval in INTERVALS:
        results = [interval(x, 30) for x in range(31)]
        low = np.array([r.ci_low for r in results])[:, None]
        high = np.array([r.ci_high for r in results])[:, None]
        weights = stats.binom.pmf(np.arange(31)[:, None], 30, shares)
        covered[interval] = (weights * ((low <= shares) & (shares <= high))).sum(axis=0)
    assert covered[clopper_pearson_ci].min() >= 0.95
    # 30 cancers, sensitivities from 0.70 to 0.98: on average 95.5 and 97.6 % by exact sums
    assert covered[wilson_ci].mean() == pytest.approx(0.955, abs=0.003)
    assert covered[clopper_pearson_ci].mean() == pytest.approx(0.976, abs=0.003)


@pytest.mark.parametrize("interval", INTERVALS)
def test_intervals_widen_with_level(interval):
    levels = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999999]
    widths = [
        result.ci_high - result.ci_low
        for level in levels
        if (result := interval(9, 40, ci_level=level))
    ]
    assert widths == sorted(widths)


@pytest.mark.parametrize("interval", INTERVALS)
def test_unit_per_1000_multiplies_everything(interval):
    plain, scaled = interval(6, 1000), interval(6, 1000, unit="per_1000")
    assert (scaled.unit, plain.unit) == ("per_1000", "probability")
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert getattr(scaled, name) == 1000 * getattr(plain, name)
    assert (scaled.numerator, scaled.denominator) == (6, 1000)
    assert per_1000(plain).to_dict() == scaled.to_dict()


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("n", [1, 30, 10**6])
def test_intervals_reach_0_and_1_exactly(interval, n):
    none, every = interval(0, n), interval(n, n)
    assert (none.estimate, none.ci_low, none.std_error) == (0.0, 0.0, 0.0)
    assert (every.estimate, every.ci_high, every.std_error) == (1.0, 1.0, 0.0)
    assert 0 < none.ci_high < 1
    assert every.ci_low == pytest.approx(1 - none.ci_high, rel=1e-12)


def test_limits_of_no_event_have_their_closed_forms():
    z2 = stats.norm.isf(0.025) ** 2
    assert wilson_ci(0, 30).ci_high == pytest.approx(z2 / (30 + z2), rel=1e-12)
    assert clopper_pearson_ci(0, 30).ci_high == pytest.approx(1 - 0.025 ** (1 / 30), rel=1e-12)


@pytest.mark.parametrize("interval", INTERVALS)
def test_0_of_0_is_undefined_with_a_note(interval):
    result = interval(0, 0, quantity="ppv", unit="per_1000")
    assert all(math.isnan(getattr(result, name)) for name in ("estimate", "ci_low", "ci_high"))
    assert math.isnan(result.std_error)
    assert result.note == "ppv is not defined: 0 units in the denominator"
    assert result.unit == "per_1000"


@pytest.mark.parametrize("interval", INTERVALS)
def test_intervals_stay_exact_for_a_million_women(interval):
    result = interval(5, 10**6)
    x, n, tail = 5, 10**6, 0.025
    if interval is clopper_pearson_ci:
        assert stats.binom.sf(x - 1, n, result.ci_low) == pytest.approx(tail, rel=1e-9)
        assert stats.binom.cdf(x, n, result.ci_high) == pytest.approx(tail, rel=1e-9)
    else:
        z = stats.norm.isf(tail)
        for limit in (result.ci_low, result.ci_high):
            spread = math.sqrt(limit * (1 - limit) / n)
            assert abs(x / n - limit) == pytest.approx(z * spread, rel=1e-9)


def test_estimates_are_complete_and_survive_a_record():
    result = wilson_ci(45, 50, ci_level=0.9, quantity="sensitivity", label="reader 1")
    assert (result.numerator, result.denominator, result.ci_level) == (45, 50, 0.9)
    assert (result.quantity, result.label, result.ci_method) == (
        "sensitivity",
        "reader 1",
        "Wilson score",
    )
    assert result.std_error == pytest.approx(math.sqrt(0.9 * 0.1 / 50), rel=1e-15)
    assert Estimate.from_dict(result.to_dict()).to_dict() == result.to_dict()


def test_whole_numbers_from_a_table_column_are_counts():
    assert wilson_ci(np.float64(45), np.int32(50)).to_dict() == wilson_ci(45, 50).to_dict()


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
    scaled = wilson_ci(6, 1000, unit="per_1000", quantity="detection")
    with pytest.raises(ValueError, match="unit is 'probability', but got 'per_1000' for detection"):
        per_1000(scaled)


def test_wilson_limits_at_zero_deviates_are_the_proportion():
    assert wilson_limits(3, 10, 0.0) == (0.3, 0.3)
