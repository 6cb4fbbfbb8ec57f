"""Bootstrap intervals and tests against pROC, scipy, brute force and known truth."""

import csv
import json
import math
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.auc.curve import (
    auc,
    partial_auc,
    rating_fom,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)
from toolkit.stats.resampling.bootstrap import (
    bootstrap_ci,
    bootstrap_test,
    bootstrap_test_unpaired,
    bootstrap_values,
)
from toolkit.stats.resampling.variance import stratified_bootstrap_variance

INTERVALS = ["percentile", "bca", "bootstrap_t"]


def plain_auc(truth, rating):
    """Return an AUC by a function that the fast way does not know."""
    return auc(truth, rating)


@rating_fom(uses="positive", smooth=True, range=(0.0, 1.0), better="higher")
def recalled(truth, rating):
    """Return the sensitivity at the rating 1."""
    return np.mean(np.asarray(rating)[truth] >= 1)


def sample(n_positive, n_negative, *, separation=1.0, n_curves=None, seed=1, levels=None):
    """Return truth and binormal ratings, in steps of 1 / ``levels`` if given."""
    generator = np.random.default_rng(seed)
    truth = np.arange(n_positive + n_negative) < n_positive
    shape = truth.size if n_curves is None else (truth.size, n_curves)
    ratings = generator.normal(size=shape)
    ratings = ratings + (separation * truth if n_curves is None else separation * truth[:, None])
    return truth, ratings if levels is None else np.round(ratings * levels) / levels


def limits(result):
    """Return both limits."""
    return [result.ci_low, result.ci_high]


def asah(reference_data):
    """Return pROC's aSAH data: truth, ratings by name, gender."""
    with (reference_data / "data" / "asah" / "aSAH.csv").open() as file:
        rows = list(csv.DictReader(file))
    truth = np.array([row["outcome"] == "Poor" for row in rows])
    ratings = {name: np.array([float(r[name]) for r in rows]) for name in ("s100b", "ndka", "wfns")}
    return SimpleNamespace(
        truth=truth, **ratings, male=np.array([row["gender"] == "Male" for row in rows])
    )


def reference(reference_data, name):
    """Return the values of one reference case."""
    cases = json.loads((reference_data / "reference" / "roc_auc.json").read_text())["cases"]
    return next(case["values"] for case in cases if case["id"] == name)


# --- reference: pROC 1.19, within the Monte-Carlo tolerances stated there ------------------------


def test_ci_matches_proc_stratified_and_not(reference_data):
    data = asah(reference_data)
    result = bootstrap_ci(data.truth, data.s100b, n_resamples=20_000, rng=1)
    values = reference(reference_data, "asah_ci_auc_boot_s100b")
    assert limits(result) == pytest.approx([values["2.5%"], values["97.5%"]], abs=0.004)
    variance = reference(reference_data, "asah_var_boot_s100b")
    assert result.std_error**2 == pytest.approx(variance, rel=0.04)
    values = reference(reference_data, "asah_ci_auc_boot_unstrat_ndka")
    result = bootstrap_ci(data.truth, data.ndka, n_resamples=20_000, stratified=False, rng=1)
    assert limits(result) == pytest.approx([values["2.5%"], values["97.5%"]], abs=0.004)


@pytest.mark.parametrize(("a", "b", "sign"), [("s100b", "ndka", -1), ("ndka", "wfns", -1)])
def test_paired_test_matches_proc(reference_data, a, b, sign):
    # pROC: D = (a - b) / standard error of the resamples, and P of a normal D. Ours counts.
    data = asah(reference_data)
    values = reference(reference_data, f"asah_test_bootstrap_paired_{a}_{b}")
    result = bootstrap_test(data.truth, vars(data)[a], vars(data)[b], n_resamples=20_000, rng=1)
    deviate = result.estimate / result.std_error
    assert result.std_error == pytest.approx(values["se_diff"], rel=0.02)
    assert sign * deviate == pytest.approx(values["statistic"], abs=0.05)
    assert 2 * stats.norm.sf(abs(deviate)) == pytest.approx(values["p.value"], abs=0.01)
    assert result.p_value == pytest.approx(values["p.value"], abs=0.01)


def test_unpaired_test_matches_proc(reference_data):
    data = asah(reference_data)
    values = reference(reference_data, "asah_unpaired_gender_bootstrap")
    male, female = data.male, ~data.male
    result = bootstrap_test_unpaired(
        data.truth[male],
        data.ndka[male],
        data.truth[female],
        data.ndka[female],
        n_resamples=20_000,
        rng=1,
    )
    deviate = result.estimate / result.std_error
    assert -deviate == pytest.approx(values["statistic"], abs=0.05)
    assert result.p_value == pytest.approx(values["p.value"], abs=0.01)


@pytest.mark.parametrize(
    ("rating", "name", "fom", "keyword"),
    [
        ("s100b", "asah_ci_se_s100b", sensitivity_at_specificity, "specificity"),
        ("ndka", "asah_ci_sp_ndka", specificity_at_sensitivity, "sensitivity"),
    ],
)
def test_points_of_the_curve_match_proc(reference_data, rating, name, fom, keyword):
    data = asah(reference_data)
    rating = vars(data)[rating]
    rows = reference(reference_data, name)
    for given_value, (low, middle, high) in zip((0.8, 0.9, 0.95), rows, strict=True):
        asked = partial(fom, **{keyword: given_value})
        found = bootstrap_values(data.truth, rating[:, None], fom=asked, n_resamples=10_000, rng=1)
        values = found.values[:, 0]
        assert np.median(values) == pytest.approx(middle, abs=0.015)
        # The values lie on steps of 1 / 41 or 1 / 72, so that a limit is on this step or the
        # next by chance: the shares beyond pROC's limits (of 10,000) are compared with 2.5 %.
        error = math.sqrt(0.025 * 0.975 * (1 / 10_000 + 1 / 10_000))
        for tail, limit in ((values, low), (-values, -high)):
            assert np.mean(tail < limit - 1e-9) < 0.025 + 3.5 * error
            assert np.mean(tail < limit + 1e-9) > 0.025 - 3.5 * error
        both = np.sort(values)[[249, -250]].tolist()
        assert both == pytest.approx([low, high], abs=1 / 41)
    result = bootstrap_ci(data.truth, rating, fom=asked, n_resamples=10_000, rng=1)
    assert limits(result) == both
    assert result.quantity == fom.__name__


def test_partial_auc_matches_proc(reference_data):
    data = asah(reference_data)
    values = reference(reference_data, "asah_ci_pauc_spec_1_0.9_boot_ndka")
    result = bootstrap_ci(data.truth, data.ndka, fom=partial(partial_auc, low=0.9, high=1), rng=1)
    assert limits(result) == pytest.approx([values["2.5%"], values["97.5%"]], abs=0.003)


def scipy_bca(truth, rating, values, level):
    """Return scipy's BCa interval from our resamples: its jackknife, bias and quantiles."""

    def statistic(positive, negative):
        return auc(np.arange(positive.size + negative.size) < positive.size,
                   np.concatenate([positive, negative]))  # fmt: skip

    given = SimpleNamespace(bootstrap_distribution=values)
    result = stats.bootstrap(
        (rating[truth], rating[~truth]),
        statistic,
        n_resamples=0,
        vectorized=False,
        confidence_level=level,
        method="BCa",
        bootstrap_result=given,
    )
    return list(result.confidence_interval)


@pytest.mark.parametrize("separation", [0.4, 1.5])
@pytest.mark.parametrize("fom", [auc, plain_auc])
def test_bca_matches_scipy_on_the_same_resamples(separation, fom):
    truth, rating = sample(40, 60, separation=separation)
    values = bootstrap_values(truth, rating[:, None], n_resamples=4000, rng=3).values[:, 0]
    for level in (0.9, 0.95):
        expected = scipy_bca(truth, rating, values, level)
        result = bootstrap_ci(
            truth, rating, fom=fom, interval="bca", ci_level=level, n_resamples=4000, rng=3
        )
        # scipy interpolates between order statistics and counts ties in the bias differently.
        assert limits(result) == pytest.approx(expected, abs=2e-3)
        percentile = bootstrap_ci(truth, rating, ci_level=level, n_resamples=4000, rng=3)
        assert result.ci_low != percentile.ci_low


def slow_delong_error(truth, rating):
    """Return DeLong's standard error from all pairs."""
    order = np.sign(rating[truth][:, None] - rating[~truth]) / 2 + 0.5
    parts = order.mean(axis=1), order.mean(axis=0)
    return math.sqrt(sum(part.var(ddof=1) / part.size for part in parts))


def test_studentised_interval_matches_brute_force():
    truth, rating = sample(14, 25, levels=2)
    collected = []

    def seen(truth, rating):
        collected.append((auc(truth, rating), slow_delong_error(truth, rating)))
        return collected[-1][0]

    bootstrap_values(truth, rating[:, None], fom=seen, n_resamples=399, rng=3)
    (estimate, error), *resamples = collected
    deviates = np.sort([(value - estimate) / own for value, own in resamples])
    result = bootstrap_ci(truth, rating, interval="bootstrap_t", n_resamples=399, rng=3)
    # k = 400 * 0.025 = 10: the 10th from either end.
    expected = [estimate - error * deviates[-10], estimate - error * deviates[9]]
    assert limits(result) == pytest.approx(expected, rel=1e-9)


def clustered_influence(truth, rating, patient):
    """Return what each patient's cases add to the AUC, from all pairs."""
    order = np.sign(rating[truth][:, None] - rating[~truth]) / 2 + 0.5
    each = np.empty(truth.size)
    each[truth] = (order.mean(axis=1) - order.mean()) / truth.sum()
    each[~truth] = (order.mean(axis=0) - order.mean()) / (~truth).sum()
    return np.bincount(patient, weights=each)


def test_clustered_error_matches_obuchowski_in_a_large_sample():
    # Two breasts a woman, whose ratings share a part, so that independence would be wrong.
    generator = np.random.default_rng(8)
    patient = np.repeat(np.arange(1500), 2)
    shared = generator.normal(size=1500)[patient]
    truth = generator.random(3000) < np.where(generator.random(1500) < 0.4, 0.8, 0.0)[patient]
    rating = 1.2 * shared + generator.normal(size=3000) + truth
    influence = clustered_influence(truth, rating, patient)
    # Obuchowski (1997): S10 / m + S01 / n + 2 S11 / (m n) with sums by patient is this sum of
    # squares, but for factors I / (I - 1).
    options = {"n_resamples": 20_000, "rng": 1}
    free = bootstrap_ci(truth, rating, cluster=patient, stratified=False, **options)
    assert free.std_error == pytest.approx(math.sqrt(np.sum(influence**2)), rel=0.02)
    any_positive = np.bincount(patient, weights=truth) > 0
    within = sum(
        np.sum((influence[chosen] - influence[chosen].mean()) ** 2)
        for chosen in (any_positive, ~any_positive)
    )
    strata = bootstrap_ci(truth, rating, cluster=patient, **options)
    assert strata.std_error == pytest.approx(math.sqrt(within), rel=0.02)
    independent = bootstrap_ci(truth, rating, **options)
    assert abs(independent.std_error / free.std_error - 1) > 0.05
    assert free.n_clusters == 1500


def test_clustered_bca_uses_the_influence_of_patients():
    truth, rating = sample(60, 140, separation=2.0)
    doubled = np.repeat(truth, 2), np.repeat(rating, 2)
    patient = np.repeat(np.arange(200), 2)
    # Every case twice in one patient is the sample itself.
    single = bootstrap_ci(truth, rating, interval="bca", rng=1)
    twice = bootstrap_ci(*doubled, interval="bca", cluster=patient, rng=1)
    assert limits(twice) == limits(single)
    ignored = bootstrap_ci(*doubled, interval="bca", rng=1)
    assert ignored.std_error == pytest.approx(single.std_error / math.sqrt(2), rel=0.05)


# --- property ------------------------------------------------------------------------------------


def test_std_error_is_within_monte_carlo_error_of_the_closed_form():
    truth, ratings = sample(45, 120, n_curves=2)
    exact = stratified_bootstrap_variance(truth, ratings).covariance
    for seed in range(5):
        result = bootstrap_ci(truth, ratings[:, 0], rng=seed)
        # A standard deviation of 2,000 nearly normal values has a relative error of 1.6 %.
        assert result.std_error == pytest.approx(math.sqrt(exact[0, 0]), rel=0.06)
        result = bootstrap_test(truth, ratings[:, 0], ratings[:, 1], rng=seed)
        expected = math.sqrt(exact[0, 0] + exact[1, 1] - 2 * exact[0, 1])
        assert result.std_error == pytest.approx(expected, rel=0.06)


def test_percentile_limits_are_order_statistics():
    truth, ratings = sample(30, 50, n_curves=2)
    values = bootstrap_values(truth, ratings, n_resamples=999, rng=4)
    ordered = np.sort(values.values[:, 0])
    for level, rank in ((0.95, 25), (0.9, 50), (0.8, 100)):
        result = bootstrap_ci(truth, ratings[:, 0], ci_level=level, n_resamples=999, rng=4)
        assert limits(result) == [ordered[rank - 1], ordered[-rank]]
    assert result.std_error == pytest.approx(np.std(ordered, ddof=1), rel=1e-12)
    frame = values.summary_frame()
    assert frame.std_error[0] == pytest.approx(result.std_error, rel=1e-9)
    assert set(frame.columns) <= GLOSSARY.keys()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([0.8, 0.9, 0.95]),
    st.sampled_from([399, 400, 500, 1000]),
    st.floats(0.001, 0.3),
)
def test_p_values_agree_with_the_interval(seed, level, n_resamples, margin):
    truth, ratings = sample(12, 15, n_curves=2, seed=seed, levels=1)
    compare = partial(
        bootstrap_test, truth, ratings[:, 0], ratings[:, 1], ci_level=level, margin=margin,
        n_resamples=n_resamples, rng=seed,
    )  # fmt: skip
    for better in ("higher", "lower"):
        result = compare(better=better)
        if math.isnan(result.ci_low):
            assert math.isnan(result.p_value)
            assert math.isnan(result.p_noninferiority)
            continue
        excluded = not result.ci_low <= 0 <= result.ci_high
        assert excluded == (result.p_value <= 1 - level + 1e-9)
        assert result.noninferior == (result.p_noninferiority <= (1 - level) / 2 + 1e-9)
        assert result.p_value >= 2 / (n_resamples + 1)
        assert 2 * stats.norm.sf(abs(result.statistic)) == pytest.approx(result.p_value, rel=1e-9)


def test_p_is_inverted_at_every_margin():
    truth, ratings = sample(20, 30, n_curves=2, seed=5)
    values = bootstrap_values(truth, ratings, n_resamples=799, rng=2).values
    difference = values[:, 1] - values[:, 0]
    result = bootstrap_test(
        truth, *ratings.T, margin=0.1, better="higher", n_resamples=799, rng=2
    )  # fmt: skip
    assert result.p_noninferiority == (np.sum(difference <= -0.1) + 1) / 800
    lower = bootstrap_test(truth, *ratings.T, margin=0.1, better="lower", n_resamples=799, rng=2)
    assert lower.p_noninferiority == (np.sum(difference >= 0.1) + 1) / 800
    tails = np.sum(difference <= 0), np.sum(difference >= 0)
    assert result.p_value == min(1, 2 * (min(tails) + 1) / 800)


def test_swapping_ratings_negates_the_comparison():
    truth, ratings = sample(40, 60, n_curves=2)
    forth = bootstrap_test(truth, ratings[:, 0], ratings[:, 1], rng=1)
    back = bootstrap_test(truth, ratings[:, 1], ratings[:, 0], rng=1)
    assert back.estimate == -forth.estimate
    assert limits(back) == [-forth.ci_high, -forth.ci_low]
    assert back.statistic == -forth.statistic
    assert back.p_value == forth.p_value
    assert (back.estimate_a, back.estimate_b) == (forth.estimate_b, forth.estimate_a)


@pytest.mark.parametrize("interval", INTERVALS)
def test_only_ranks_matter(interval):
    truth, rating = sample(30, 50, levels=3)
    first = bootstrap_ci(truth, rating, interval=interval, rng=1)
    infinite = np.where(rating == rating.max(), np.inf, np.exp(rating))
    assert limits(bootstrap_ci(truth, infinite, interval=interval, rng=1)) == limits(first)


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_turned_around_ratings_turn_the_interval_around(interval):
    truth, rating = sample(30, 50)
    up = bootstrap_ci(truth, rating, interval=interval, rng=1)
    down = bootstrap_ci(truth, -rating, interval=interval, rng=1)
    assert limits(down) == pytest.approx([1 - up.ci_high, 1 - up.ci_low], abs=1e-12)


def test_bca_is_the_percentile_interval_where_nothing_is_skew():
    # Symmetric placements, and as many resamples below the estimate as above.
    from toolkit.stats.resampling.limits import bca_limits, judge, percentile_limits

    values = np.concatenate([np.arange(-500.0, 0), [0.0], np.arange(1.0, 501)])
    resamples = judge(values, 0.0, ci_level=0.95, reason="")
    influence = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert bca_limits(resamples, 0.95, influence) == percentile_limits(resamples, 0.95)
    assert bca_limits(resamples, 0.95, 0 * influence) == percentile_limits(resamples, 0.95)
    skew = np.array([-1.0, -1.0, -1.0, 3.0])
    assert bca_limits(resamples, 0.95, skew).low > percentile_limits(resamples, 0.95).low


def test_mean_of_fixed_readers_is_narrower_than_of_random_ones():
    truth, ratings = sample(60, 90, n_curves=12)
    ratings = ratings + np.linspace(0, 2, 12) * truth[:, None]  # readers differ
    estimates = {}
    for resample in ("case", "reader", ("reader", "case")):
        estimates[resample] = bootstrap_ci(truth, ratings, resample=resample, rng=1)
        assert estimates[resample].n_readers == 12
    aucs = np.array([auc(truth, ratings[:, reader]) for reader in range(12)])
    assert estimates["case"].estimate == pytest.approx(aucs.mean(), rel=1e-12)
    # The bootstrap variance of a mean of 12 values.
    expected = math.sqrt(aucs.var() / 12)
    assert estimates["reader"].std_error == pytest.approx(expected, rel=0.06)
    variances = {key: value.std_error**2 for key, value in estimates.items()}
    total = variances["case"] + variances["reader"]
    assert variances["reader", "case"] > 0.9 * total
    mean = stratified_bootstrap_variance(truth, ratings).covariance.mean()
    assert variances["case"] == pytest.approx(mean, rel=0.15)


def test_bca_of_several_readers_uses_their_mean_influence():
    truth, rating = sample(40, 60, separation=1.5)
    single = bootstrap_ci(truth, rating, interval="bca", rng=1)
    alike = bootstrap_ci(truth, np.column_stack([rating] * 3), interval="bca", rng=1)
    assert limits(alike) == pytest.approx(limits(single), rel=1e-12)


def test_smaller_classes_are_noted():
    truth, rating = sample(30, 200)
    result = bootstrap_ci(truth, rating, rng=1)
    assert "fewer than 100 cases of a class (30 positive)" in result.note
    assert bootstrap_ci(truth, rating, interval="bootstrap_t", rng=1).note == ""
    patients = bootstrap_ci(truth, rating, cluster=np.arange(230) // 2, rng=1)
    assert "fewer than 100 patients of a class (15 positive)" in patients.note
    positives = bootstrap_ci(*sample(150, 20), fom=recalled, rng=1)
    assert positives.note == ""


def test_results_survive_a_dictionary():
    truth, ratings = sample(20, 30, n_curves=2)
    results = [
        bootstrap_values(truth, ratings, n_resamples=20, rng=1),
        bootstrap_ci(truth, ratings[:, 0], rng=1),
        bootstrap_test(truth, ratings[:, 0], ratings[:, 1], rng=1, margin=0.1, better="higher"),
    ]
    for result in results:
        plain = result.to_dict()
        assert result_from_dict(plain).to_dict() == plain
        assert set(result.summary_frame().columns) <= GLOSSARY.keys()


# --- edge ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("rating", [[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1], [1, 1, 1, 1, 1, 1]])
def test_what_never_varies_has_no_interval(interval, rating):
    result = bootstrap_ci([0, 0, 0, 1, 1, 1], rating, interval=interval, rng=1)
    assert result.estimate in (0, 0.5, 1)
    assert np.isnan([*limits(result), result.std_error]).all()
    assert "one value, which is not certainty" in result.note
    assert result.ci_method == "none"


@pytest.mark.parametrize("interval", INTERVALS)
def test_one_case_of_a_class_has_no_interval(interval):
    result = bootstrap_ci([0, 0, 0, 0, 1], [1, 2, 4, 5, 3], interval=interval, rng=1)
    assert result.estimate == 0.5
    assert np.isnan(limits(result)).all()
    assert "one positive case: no resample can show how such cases vary" in result.note
    result = bootstrap_ci([0, 1, 1, 1, 1], [3, 2, 4, 5, 1], interval=interval, rng=1)
    assert "one negative case" in result.note


def test_positives_of_one_patient_have_no_interval():
    truth, rating = [1, 1, 0, 0, 0, 0], [3, 4, 1, 2, 5, 3]
    result = bootstrap_ci(truth, rating, cluster=[1, 1, 2, 2, 3, 3], rng=1)
    assert "all positive cases are of one patient" in result.note
    assert math.isnan(result.ci_low)


def test_a_class_that_does_not_matter_may_be_small():
    truth, rating = sample(40, 1)
    result = bootstrap_ci(truth, rating, fom=recalled, rng=1)
    assert result.ci_low < result.estimate < result.ci_high
    assert result.unit == "probability"


@pytest.mark.parametrize("interval", INTERVALS)
def test_without_a_class_all_is_undefined(interval):
    for truth, name in (([0, 0, 0], "positive"), ([1, 1, 1], "negative")):
        result = bootstrap_ci(truth, [1, 2, 3], interval=interval, rng=1)
        assert np.isnan([result.estimate, result.std_error, *limits(result)]).all()
        assert f"no {name} case: undefined in the sample" in result.note
    assert math.isnan(bootstrap_ci([], [], interval=interval, rng=1).estimate)


def test_undefined_resamples_are_counted():
    truth, rating = sample(5, 60)
    # No positive case: (60 / 65)^65 = 0.0055.
    result = bootstrap_ci(truth, rating, stratified=False, rng=1)
    assert result.ci_low < result.ci_high
    values = bootstrap_values(truth, rating[:, None], stratified=False, rng=1)
    n_undefined = int(values.n_undefined[0])
    assert 0 < n_undefined < 40
    assert f"undefined in {n_undefined} of 2000 resamples, which are left out" in result.note
    # (10 / 12)^12 = 0.11.
    result = bootstrap_ci(*sample(2, 10), stratified=False, rng=1)
    assert math.isnan(result.ci_low)
    assert "undefined in more than 5% of the resamples" in result.note


def test_a_function_that_returns_nan_is_undefined():
    truth, rating = sample(30, 30)
    result = bootstrap_ci(truth, rating, fom=lambda *_: math.nan, n_resamples=399, rng=1)
    assert "the figure of merit is NaN: undefined in the sample" in result.note
    once = iter([0.5, math.nan, *np.linspace(0, 1, 398)])
    result = bootstrap_ci(truth, rating, fom=lambda *_: next(once), n_resamples=399, rng=1)
    assert "undefined in 1 of 399 resamples" in result.note
    assert result.ci_high > result.ci_low


def test_an_error_of_the_function_is_passed_on():
    truth, rating = sample(10, 10)

    def fails(*_):
        raise ValueError("cut-off must be set")

    with pytest.raises(ValueError, match="cut-off must be set"):
        bootstrap_ci(truth, rating, fom=fails, rng=1)


def test_point_mass_in_the_middle_has_no_interval():
    truth, rating = sample(100, 100)
    result = bootstrap_ci(truth, rating, fom=lambda t, _: float(t.size > 1e9), rng=1)
    assert "at least the middle 0.95 of the resamples have one value" in result.note
    rare = iter([0.0] * 391 + [1.0] * 9)
    result = bootstrap_ci(truth, rating, fom=lambda *_: next(rare), n_resamples=399, rng=1)
    assert math.isnan(result.ci_low)


@pytest.mark.parametrize("shift", [0, 10])
def test_ratings_that_order_all_cases_alike_are_not_tested(shift):
    truth, rating = sample(20, 30)
    result = bootstrap_test(truth, rating, 2 * rating + shift, margin=0.05, better="higher", rng=1)
    assert result.estimate == 0
    undefined = [*limits(result), result.p_value, result.p_noninferiority, result.statistic]
    assert np.isnan(undefined).all()
    assert result.noninferior is False
    assert "which is not certainty" in result.note


def test_comparison_with_a_perfect_reader_is_noted():
    truth, rating = sample(20, 30)
    result = bootstrap_test(truth, truth, rating, rng=1)
    assert "a has one value in all resamples" in result.note
    assert result.ci_low < result.ci_high
    other = bootstrap_test_unpaired(truth, rating, truth, truth, rng=1)
    assert "b has one value in all resamples" in other.note


def test_comparison_without_a_class_says_so():
    result = bootstrap_test([0, 0, 0], [1, 2, 3], [2, 1, 3], rng=1)
    assert math.isnan(result.estimate)
    assert "no positive case" in result.note
    result = bootstrap_test_unpaired([0, 0, 1, 1], [1, 3, 2, 4], [0, 0, 0], [1, 2, 3], rng=1)
    assert math.isnan(result.p_value)
    assert "b: no positive case" in result.note


def test_unpaired_sets_are_drawn_independently():
    truth, rating = sample(40, 50)
    result = bootstrap_test_unpaired(truth, rating, truth, rating, rng=1)
    assert result.estimate == 0
    single = bootstrap_ci(truth, rating, rng=1)
    # Not the same resamples twice: the variances add up.
    assert result.std_error == pytest.approx(math.sqrt(2) * single.std_error, rel=0.06)
    assert result.n_cases == 180
    patient = np.arange(90) // 2
    clustered = bootstrap_test_unpaired(
        truth, rating, truth, rating, cluster_a=patient, cluster_b=patient, rng=1
    )
    assert clustered.n_clusters == 90


def test_studentised_limits_stay_within_the_range():
    truth, rating = sample(12, 12, separation=1.2, seed=3)
    result = bootstrap_ci(truth, rating, interval="bootstrap_t", rng=1)
    assert 0 < result.ci_low < result.estimate < 1
    assert result.ci_high <= 1
    truth, rating = np.array([0] * 8 + [1] * 4), np.array([1, 2, 3, 4, 5, 6, 7, 9, 8, 10, 11, 12])
    result = bootstrap_ci(truth, rating, interval="bootstrap_t", rng=1)
    assert math.isnan(result.ci_low)
    assert "too many resamples separate the classes" in result.note


def test_studentised_limit_that_is_cut_is_noted():
    from toolkit.stats.resampling.limits import judge, studentised_limits

    resamples = judge(np.linspace(0.8, 1, 999), 0.95, ci_level=0.95, reason="")
    deviates = np.linspace(-3, 2, 999)
    result = studentised_limits(resamples, deviates, 0.03, 0.95)
    assert result.high == 1.0
    assert result.note == "cut at the end of the range, from 1.0364"


def test_bca_without_a_limit_says_why():
    from toolkit.stats.resampling.limits import bca_limits, judge

    resamples = judge(np.linspace(0, 1, 999), 0.5, ci_level=0.95, reason="")
    one_sided = judge(np.linspace(0, 1, 999), 2.0, ci_level=0.95, reason="")
    assert "one side of the estimate" in bca_limits(one_sided, 0.95, np.array([1.0, -1])).note
    assert "undefined without some unit" in bca_limits(resamples, 0.95, np.array([np.nan])).note
    extreme = np.append(np.full(1, 1e6), np.full(9, -1.0))
    near_one_side = judge(np.linspace(0, 1, 999), 0.8, ci_level=0.95, reason="")
    none = np.array([1.0, -1.0])
    assert "the most extreme resample" in bca_limits(near_one_side, 0.95, none).note
    # The acceleration is at most 1 / 6, so a deviate beyond 6 is needed.
    assert "too large" in bca_limits(resamples, 1 - 1e-10, extreme).note


def test_a_hundred_thousand_cases():
    truth, ratings = sample(1000, 99_000, n_curves=2)
    result = bootstrap_test(truth, ratings[:, 0], ratings[:, 1], n_resamples=399, rng=1)
    exact = stratified_bootstrap_variance(truth, ratings).covariance
    expected = math.sqrt(exact[0, 0] + exact[1, 1] - 2 * exact[0, 1])
    assert result.std_error == pytest.approx(expected, rel=0.15)
    assert result.note == ""


# --- errors --------------------------------------------------------------------------------------

TRUTH, RATING = [0, 0, 1, 1], [1, 3, 2, 4]


def test_malformed_arguments_are_named():
    ci = partial(bootstrap_ci, TRUTH, RATING, rng=1)
    with pytest.raises(ValueError, match="rating must not be missing, but position 1 is NaN"):
        bootstrap_ci(TRUTH, [1, math.nan, 2, 3], rng=1)
    with pytest.raises(ValueError, match="rating must be one array of numbers"):
        bootstrap_ci(TRUTH, [[1], [2, 3], [4], [5]], rng=1)
    with pytest.raises(ValueError, match="ratings must hold at least one column"):
        bootstrap_ci(TRUTH, np.empty((4, 0)), rng=1)
    with pytest.raises(ValueError, match="ratings must hold at least one column"):
        bootstrap_values(TRUTH, np.empty((4, 0)), rng=1)
    with pytest.raises(ValueError, match="interval must be one of 'percentile', 'bca', 'boots"):
        ci(interval="basic")
    with pytest.raises(ValueError, match="resample must be 'case', 'reader' or"):
        ci(resample="patient")
    with pytest.raises(ValueError, match="resample must be 'case', 'reader' or"):
        ci(resample=("case", "case"))
    with pytest.raises(ValueError, match="n_resamples must be at least 2, but got 1"):
        bootstrap_values(TRUTH, [[1]] * 4, n_resamples=1, rng=1)
    with pytest.raises(ValueError, match="n_resamples must be a whole number"):
        ci(n_resamples=399.5)
    with pytest.raises(ValueError, match="jobs must be at least 1, but got 0"):
        ci(jobs=0)
    with pytest.raises(ValueError, match="rng must be an int, a SeedSequence or a Generator"):
        bootstrap_ci(TRUTH, RATING, rng=None)
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
        ci(ci_level=95)


def test_too_few_resamples_for_the_level_are_refused():
    with pytest.raises(ValueError, match=r"n_resamples must be at least 399 at ci_level=0\.95"):
        bootstrap_ci(TRUTH, RATING, n_resamples=398, rng=1)
    with pytest.raises(ValueError, match=r"n_resamples must be at least 1999 at ci_level=0\.99"):
        bootstrap_test(TRUTH, RATING, RATING, n_resamples=1998, ci_level=0.99, rng=1)
    with pytest.raises(ValueError, match=r"n_resamples must be at least 199 at ci_level=0\.9"):
        bootstrap_test_unpaired(TRUTH, RATING, TRUTH, RATING, n_resamples=198, ci_level=0.9, rng=1)
    for level, needed in ((0.95, 399), (0.99, 1999), (0.9, 199), (0.8, 99)):
        truth, rating = sample(20, 20)
        assert bootstrap_ci(truth, rating, n_resamples=needed, ci_level=level, rng=1).ci_low > 0


def test_few_readers_are_not_resampled():
    truth, ratings = sample(20, 30, n_curves=9)
    with pytest.raises(ValueError, match="at least 10 readers, but got 9 of them: the bootstrap"):
        bootstrap_ci(truth, ratings, resample=("reader", "case"), rng=1)
    with pytest.raises(ValueError, match="use the Obuchowski-Rockette analysis"):
        bootstrap_values(truth, ratings, resample="reader", rng=1)
    with pytest.raises(ValueError, match="at least 10 readers, but got one rating a case"):
        bootstrap_ci(truth, ratings[:, 0], resample="reader", rng=1)
    truth, ratings = sample(20, 30, n_curves=10)
    with pytest.raises(ValueError, match="cluster says how cases are drawn"):
        bootstrap_ci(truth, ratings, resample="reader", cluster=np.arange(50), rng=1)


def test_intervals_that_are_not_defined_are_refused_by_name():
    truth, ratings = sample(20, 30, n_curves=10)
    for interval in ("bca", "bootstrap_t"):
        with pytest.raises(ValueError, match=f"interval='{interval}' is not defined where readers"):
            bootstrap_ci(truth, ratings, interval=interval, resample="reader", rng=1)
        with pytest.raises(ValueError, match=f"interval='{interval}' is refused for a paired"):
            bootstrap_test(truth, ratings[:, 0], ratings[:, 1], interval=interval, rng=1)
    studentised = partial(bootstrap_ci, interval="bootstrap_t", rng=1)
    with pytest.raises(ValueError, match="not defined for a figure of merit other than the AUC"):
        studentised(truth, ratings[:, 0], fom=plain_auc)
    with pytest.raises(ValueError, match="'bootstrap_t' is not defined for several readers"):
        studentised(truth, ratings)
    with pytest.raises(ValueError, match="'bootstrap_t' is not defined for clustered cases"):
        studentised(truth, ratings[:, 0], cluster=np.arange(50))
    with pytest.raises(ValueError, match="'bootstrap_t' is not defined for more than 1300000"):
        studentised(np.arange(1_300_001) % 2, np.zeros(1_300_001))


def test_margins_are_checked():
    compare = partial(bootstrap_test, TRUTH, RATING, RATING, rng=1)
    with pytest.raises(ValueError, match="needs better='higher' or better='lower'"):
        compare(margin=0.05)
    with pytest.raises(ValueError, match="margin of a difference must be positive"):
        compare(margin=-0.05, better="higher")
    with pytest.raises(ValueError, match="better must be 'higher' or 'lower'"):
        compare(better="larger")
    unpaired = partial(bootstrap_test_unpaired, TRUTH, RATING, TRUTH, RATING, rng=1)
    with pytest.raises(ValueError, match="margin of a difference must be positive"):
        unpaired(margin=0, better="higher")


def test_arguments_of_the_two_sets_are_told_apart():
    with pytest.raises(ValueError, match="rating_b must not be missing"):
        bootstrap_test(TRUTH, RATING, [1, 2, 3, math.nan], rng=1)
    unpaired = partial(bootstrap_test_unpaired, rng=1)
    with pytest.raises(ValueError, match="truth_b must hold only 0 and 1"):
        unpaired(TRUTH, RATING, [0, 1, 2, 1], RATING)
    with pytest.raises(ValueError, match=r"rating_a must have shape \(n_cases,\)"):
        unpaired(TRUTH, [1, 2], TRUTH, RATING)
    with pytest.raises(ValueError, match="cluster_a and cluster_b must both be given or neither"):
        unpaired(TRUTH, RATING, TRUTH, RATING, cluster_a=[1, 2, 3, 4])
    with pytest.raises(ValueError, match="cluster_b must not be missing"):
        unpaired(
            TRUTH, RATING, TRUTH, RATING, cluster_a=[1, 2, 3, 4], cluster_b=["a", None, "b", "c"]
        )


# --- simulation with known truth -----------------------------------------------------------------

# Coverage of nominal 95 % in percent: 2,000 other data sets of an independent program, whose own
# error is 0.5 points.
COVERAGE = [
    (100, 1000, 0.95, {"percentile": 94.0, "bca": 94.2, "bootstrap_t": 95.2}),
    (30, 300, 0.85, {"percentile": 92.6, "bca": 94.1, "bootstrap_t": 95.4}),
    (30, 300, 0.98, {"percentile": 85.3, "bca": 89.3, "bootstrap_t": 95.3}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("n_positive", "n_negative", "true_auc", "expected"), COVERAGE)
def test_coverage_of_one_auc(n_positive, n_negative, true_auc, expected):
    n_sets = 2000
    separation = math.sqrt(2) * stats.norm.ppf(true_auc)
    covered = dict.fromkeys(expected, 0)
    for seed in range(n_sets):
        truth, rating = sample(n_positive, n_negative, separation=separation, seed=seed)
        for interval in covered:
            result = bootstrap_ci(
                truth, rating, interval=interval, n_resamples=999, rng=10**6 + seed, jobs=1
            )
            covered[interval] += result.ci_low <= true_auc <= result.ci_high
    for interval, coverage in expected.items():
        share = coverage / 100
        error = 100 * math.sqrt(2 * share * (1 - share) / n_sets)
        assert 100 * covered[interval] / n_sets == pytest.approx(coverage, abs=3.3 * error)


@pytest.mark.slow
def test_coverage_of_a_paired_difference_and_level_of_its_tests():
    n_sets, n_positive, n_negative = 1500, 100, 300
    separation = math.sqrt(2) * stats.norm.ppf(0.85)
    covered = rejected = noninferior = 0
    for seed in range(n_sets):
        truth, ratings = sample(
            n_positive, n_negative, separation=separation, n_curves=2, seed=seed
        )
        common = np.random.default_rng(10**6 + seed).normal(size=truth.size)
        ratings = (ratings - separation * truth[:, None] + common[:, None]) / math.sqrt(2)
        ratings += separation * truth[:, None]
        result = bootstrap_test(truth, *ratings.T, n_resamples=999, rng=seed, jobs=1)
        covered += result.ci_low <= 0 <= result.ci_high
        rejected += result.p_value <= 0.05
        noninferior += result.ci_low > 0  # true difference 0 as the margin's edge
    assert covered + rejected == n_sets
    assert 100 * covered / n_sets == pytest.approx(95, abs=2)
    assert 100 * noninferior / n_sets == pytest.approx(2.5, abs=1.5)
