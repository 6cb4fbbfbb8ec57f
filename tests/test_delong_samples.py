"""DeLong's covariance with sampling weights and with cases that cluster in patients."""

import math

import numpy as np
import pytest

from tests.auc_sample import fractional_covariance, small_studies
from toolkit.stats.auc.delong import (
    auc_covariance,
    delong_ci,
    delong_contrast,
    delong_test,
    delong_test_unpaired,
    mean_auc_ci,
)
from toolkit.stats.auc.intervals import delong_mover_test

CLOSE = {"rel": 1e-12, "abs": 1e-15}


def designs(n_studies, seed, *, weighted, clustered):
    """Small studies of two curves with weights (some 0) and patients, each or None."""
    draw = np.random.default_rng(seed)
    for truth, ratings in small_studies(n_studies, seed, n_curves=2, least=3, most=7):
        n_cases = truth.size
        weight = draw.integers(0, 5, n_cases) / 4 if weighted else None
        if weight is not None and min(np.sum(weight[truth] > 0), np.sum(weight[~truth] > 0)) < 2:
            continue
        cluster = draw.integers(0, n_cases - 1, n_cases) if clustered else None
        yield truth, ratings, weight, cluster


def with_two_patients_a_class(truth, weight, cluster):
    """Whether each class comes from two patients, so that a covariance is defined."""
    counted = np.ones(truth.size, dtype=bool) if weight is None else weight > 0
    if cluster is None:
        return True
    return all(np.unique(cluster[counted & of]).size >= 2 for of in (truth, ~truth))


# --- reference: the formulas in fractions ---------------------------------------------------------


@pytest.mark.parametrize(
    ("weighted", "clustered"), [(True, False), (False, True), (True, True), (False, False)]
)
def test_covariance_equals_the_formulas_in_fractions(weighted, clustered):
    checked = 0
    for truth, ratings, weight, cluster in designs(150, 11, weighted=weighted, clustered=clustered):
        if not with_two_patients_a_class(truth, weight, cluster):
            continue
        expected = fractional_covariance(truth, ratings.T, weight, cluster)
        aucs, own, other, cross = (np.array(part, dtype=np.float64) for part in expected)
        result = auc_covariance(truth, ratings, weight=weight, cluster=cluster)
        assert result.aucs == pytest.approx(aucs, rel=1e-14)
        assert result.covariance_positive == pytest.approx(own, **CLOSE)
        assert result.covariance_negative == pytest.approx(other, **CLOSE)
        if clustered:
            assert result.covariance_cross == pytest.approx(cross, **CLOSE)
        else:
            assert result.covariance_cross is None
            cross = 0
        total = own + other + cross
        assert result.covariance == pytest.approx(total, **CLOSE)
        difference = total[0, 0] + total[1, 1] - 2 * total[0, 1]
        paired = delong_test(truth, *ratings.T, weight=weight, cluster=cluster)
        assert paired.estimate == pytest.approx(aucs[1] - aucs[0], abs=1e-15)
        assert paired.std_error**2 == pytest.approx(max(difference, 0), rel=1e-11, abs=1e-15)
        single = delong_ci(truth, ratings[:, 0], weight=weight, cluster=cluster)
        if not math.isnan(single.std_error):
            assert single.std_error**2 == pytest.approx(total[0, 0], **CLOSE)
        checked += 1
    assert checked > 50


# --- property ----------------------------------------------------------------------------------


def every(truth, ratings, **design):
    """All results of paired curves as plain values, without the words that name the design."""
    results = [
        delong_ci(truth, ratings[:, 0], interval="logit", **design),
        delong_ci(truth, ratings[:, 0], interval="score", **design),
        mean_auc_ci(truth, ratings, **design),
        delong_test(truth, *ratings.T, margin=0.05, **design),
        delong_contrast(truth, ratings, [1, -1], margin=0.05, **design),
    ]
    names = ("estimate", "std_error", "ci_low", "ci_high", "p_value", "p_noninferiority")
    numbers = [getattr(result, name, None) for result in results for name in names]
    return [number for number in numbers if number is not None]


def study(seed, m=40, n=60):
    draw = np.random.default_rng(seed)
    truth = draw.permutation(np.arange(m + n) < m)
    ratings = np.round(draw.normal(size=(m + n, 1)) + draw.normal(size=(m + n, 2)), 1)
    return truth, ratings + 1.5 * truth[:, np.newaxis]


@pytest.mark.parametrize(("positive", "negative"), [(1.0, 1.0), (0.1, 0.1), (1.0, 37.3)])
def test_weights_constant_in_a_class_change_nothing(positive, negative):
    for seed in range(20):
        truth, ratings = study(seed)
        weighted = every(truth, ratings, weight=np.where(truth, positive, negative))
        assert weighted == pytest.approx(every(truth, ratings), rel=1e-12)
        plain = auc_covariance(truth, ratings).covariance
        result = auc_covariance(truth, ratings, weight=np.where(truth, positive, negative))
        assert result.covariance == pytest.approx(plain, rel=1e-12)


def test_cases_of_weight_0_count_as_not_there():
    truth, ratings = study(1)
    weight = np.random.default_rng(1).choice([0.0, 1.0, 2.5], truth.size)
    kept = weight > 0
    patient = np.arange(truth.size) // 2
    for first, second in (
        ({"weight": weight}, {"weight": weight[kept]}),
        (
            {"weight": weight, "cluster": patient},
            {"weight": weight[kept], "cluster": patient[kept]},
        ),
    ):
        assert every(truth, ratings, **first) == every(truth[kept], ratings[kept], **second)
        all_cases = delong_ci(truth, ratings[:, 0], **first)
        kept_cases = delong_ci(truth[kept], ratings[kept, 0], **second)
        assert all_cases.to_dict() == kept_cases.to_dict()
        assert all_cases.n_cases == kept.sum()


def test_weight_2_estimates_the_auc_of_the_case_twice():
    truth, ratings = study(2)
    weight = 1 + np.arange(truth.size) % 3
    repeated = np.repeat(np.arange(truth.size), weight)
    weighted = delong_ci(truth, ratings[:, 0], weight=weight)
    twice = delong_ci(truth[repeated], ratings[repeated, 0])
    assert weighted.estimate == pytest.approx(twice.estimate, rel=1e-14)
    assert weighted.std_error > twice.std_error  # a copy is no new case


def test_weights_undo_a_sampling_that_depends_on_the_rating():
    draw = np.random.default_rng(3)
    truth = np.arange(60_000) < 30_000
    rating = draw.normal(size=truth.size) + 1.5 * truth
    share = np.where(rating > 1, 0.9, 0.2)
    taken = draw.random(truth.size) < share
    whole = delong_ci(truth, rating).estimate
    weighted = delong_ci(truth[taken], rating[taken], weight=1 / share[taken])
    plain = delong_ci(truth[taken], rating[taken])
    assert abs(weighted.estimate - whole) < 4 * weighted.std_error
    assert abs(plain.estimate - whole) > 10 * plain.std_error


def test_patients_of_one_case_give_delongs_answer():
    for seed in range(20):
        truth, ratings = study(seed)
        names = [f"P{i:03d}" for i in np.random.default_rng(seed).permutation(truth.size)]
        clustered = every(truth, ratings, cluster=names)
        plain = every(truth, ratings)
        # Only the logit interval differs, by its degrees of freedom.
        assert clustered[:2] == pytest.approx(plain[:2], rel=1e-12)
        assert clustered[4:] == pytest.approx(plain[4:], rel=1e-12)
        result = auc_covariance(truth, ratings, cluster=names)
        assert result.covariance == pytest.approx(
            auc_covariance(truth, ratings).covariance, rel=1e-12
        )
        assert not result.covariance_cross.any()
        assert result.n_clusters == truth.size


def test_every_case_twice_in_its_patient_adds_nothing():
    truth, ratings = study(4)
    twice = np.repeat(np.arange(truth.size), 2)
    result = auc_covariance(truth[twice], ratings[twice], cluster=twice)
    plain = auc_covariance(truth, ratings)
    assert result.aucs.tolist() == plain.aucs.tolist()
    assert result.covariance == pytest.approx(plain.covariance, rel=1e-12)
    default = delong_ci(truth[twice], ratings[twice, 0], cluster=twice)
    assert (default.n_cases, default.n_clusters) == (2 * truth.size, truth.size)
    assert "80 positive worth 40" in default.note


def test_order_of_cases_and_names_of_patients_do_not_matter():
    truth, ratings = study(5)
    draw = np.random.default_rng(5)
    patient = draw.integers(0, 60, truth.size)
    weight = draw.random(truth.size) + 0.1
    order = draw.permutation(truth.size)
    first = every(truth, ratings, cluster=patient, weight=weight)
    second = every(
        truth[order], ratings[order], cluster=1000 - 7 * patient[order], weight=3 * weight[order]
    )
    assert second == pytest.approx(first, rel=1e-11)


def test_unpaired_with_weights_and_clusters_adds_the_variances():
    (truth_a, ratings_a), (truth_b, ratings_b) = study(6), study(7)
    a, b = ratings_a[:, 0], ratings_b[:, 0]
    patient_a, weight_b = np.arange(truth_a.size) // 2, 1.0 + np.arange(truth_b.size) % 3
    result = delong_test_unpaired(truth_a, a, truth_b, b, cluster_a=patient_a, weight_b=weight_b)
    first = delong_ci(truth_a, a, cluster=patient_a)
    second = delong_ci(truth_b, b, weight=weight_b)
    va, vb = first.std_error**2, second.std_error**2
    assert result.estimate == second.estimate - first.estimate
    assert result.std_error == pytest.approx(math.sqrt(va + vb), rel=1e-12)
    # 50 patients in a, 100 cases in b.
    assert result.df == pytest.approx((va + vb) ** 2 / (va**2 / 49 + vb**2 / 99), rel=1e-12)
    assert result.n_clusters == 150
    assert result.method.endswith(", weighted cases, clustered by patient")


def test_logit_interval_of_clusters_has_the_patients_of_the_smaller_class_as_df():
    from scipy import stats

    truth, ratings = study(8)
    patient = np.where(truth, np.arange(truth.size) // 4, np.arange(truth.size))
    n_positive = np.unique(patient[truth]).size
    result = delong_ci(truth, ratings[:, 0], cluster=patient, interval="logit")
    low, auc = result.ci_low, result.estimate
    reach = math.log(auc / (1 - auc)) - math.log(low / (1 - low))
    t = reach * auc * (1 - auc) / result.std_error
    assert t == pytest.approx(stats.t.isf(0.025, n_positive - 1), rel=1e-9)


# --- edge --------------------------------------------------------------------------------------


def test_methods_name_the_design():
    truth, ratings = study(9)
    patient, weight = np.arange(truth.size) // 2, np.ones(truth.size)
    rating = ratings[:, 0]
    assert delong_ci(truth, rating, weight=weight).method.endswith("variance, weighted cases")
    clustered = delong_ci(truth, rating, cluster=patient)
    assert clustered.method.endswith("variance, clustered by patient")
    assert clustered.summary_frame()["n_clusters"].tolist() == [50]
    covariance = auc_covariance(truth, ratings, cluster=patient)
    assert covariance.summary_frame()["n_clusters"].tolist() == [50, 50]
    assert type(covariance).from_dict(covariance.to_dict()).to_dict() == covariance.to_dict()


@pytest.mark.parametrize(
    ("cluster", "note"),
    [
        ([1, 1, 2, 3], "all positive cases are of one patient: the variance of the AUC is undef"),
        ([1, 2, 3, 3], "all negative cases are of one patient"),
    ],
)
def test_one_patient_leaves_no_interval(cluster, note):
    truth, rating = [1, 1, 0, 0], [2, 4, 3, 1]
    for result in (
        delong_ci(truth, rating, cluster=cluster),
        delong_test(truth, rating, [1, 2, 2, 1], cluster=cluster),
        delong_mover_test(truth, rating, [1, 2, 2, 1], cluster=cluster),
    ):
        assert math.isnan(result.std_error)
        assert math.isnan(result.ci_low)
        assert note in result.note
    assert np.isnan(auc_covariance(truth, np.array([rating]).T, cluster=cluster).covariance).all()


def test_patients_whose_cases_cancel_leave_no_interval_of_no_width():
    # In each patient one positive case in place 1 and one in place 0.5; negatives likewise.
    truth = np.array([1, 1, 0, 0] * 3)
    rating = np.array([4, 2, 2, 1] * 3)
    cluster = np.repeat([1, 2, 3], 4)
    result = delong_ci(truth, rating, cluster=cluster)
    assert math.isnan(result.ci_low)
    assert "place all patients alike" in result.note


def test_bound_of_perfect_separation_counts_pairs_of_different_patients():
    truth, rating = [1] * 12 + [0] * 12, [2] * 12 + [1] * 12
    cases = np.arange(24)
    for cluster, pairs in ((cases, 12), (cases // 2, 6), (cases % 12, 6), (cases // 12, 1)):
        result = delong_ci(truth, rating, cluster=cluster)
        assert result.ci_low == pytest.approx(0.025 ** (1 / pairs), rel=1e-9)
        assert f"pairs of cases, {pairs} in all" in result.note
    single = delong_ci(truth, rating, cluster=[7] * 24)
    assert math.isnan(single.ci_low)
    assert "one patient" in single.note


def test_weights_leave_a_bound_of_their_effective_number():
    truth, rating = [1] * 4 + [0] * 9, [2] * 4 + [1] * 9
    weight = [1, 1, 1, 5, *[1] * 9]
    effective = 8**2 / (3 + 25)
    result = delong_ci(truth, rating, weight=weight)
    assert result.ci_low == pytest.approx(0.025 ** (1 / effective), rel=1e-9)
    lonely = delong_ci([1, 1, 0, 0], [2, 4, 3, 1], weight=[1, 1e-200, 1, 1])
    assert lonely.note
    assert math.isnan(lonely.ci_low) or 0 <= lonely.ci_low < lonely.ci_high <= 1


def test_weights_all_0_leave_no_case():
    result = delong_ci([0, 1, 1], [1, 2, 3], weight=[0, 0, 0])
    assert math.isnan(result.estimate)
    assert result.n_cases == 0
    assert "no positive case" in result.note


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda t, r: delong_ci(t, r[:, 0], weight=[1] * 99 + [-1]),
            "weight must be finite and not negative, but position 99 holds -1.0",
        ),
        (lambda t, r: delong_test(t, *r.T, weight=[1, 2]), r"weight must have shape \(n_cases,\)"),
        (
            lambda t, r: auc_covariance(t, r, cluster=[""] + ["x"] * 99),
            "cluster must not be missing, but position 0 is",
        ),
        (
            lambda t, r: delong_test_unpaired(t, r[:, 0], t, r[:, 1], cluster_b=[1]),
            r"cluster_b must have shape \(n_cases,\)",
        ),
        (
            lambda t, r: delong_test_unpaired(t, r[:, 0], t, r[:, 1], weight_a=[math.inf] * 100),
            "weight_a must be finite and not negative",
        ),
    ],
)
def test_malformed_designs_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(*study(10))


# --- simulation --------------------------------------------------------------------------------


@pytest.mark.slow
def test_clustered_standard_error_is_that_of_repeated_studies():
    """Two lesions a woman, 60 women with cancer, 200 without; scores of a woman correlate."""
    draw = np.random.default_rng(20260103)
    patient = np.repeat(np.arange(260), 2)
    truth = patient < 60
    clustered, plain, covered = [], [], 0
    true_auc = 0.9
    shift = math.sqrt(2) * 1.2815515655446004
    for _ in range(3_000):
        shared = np.repeat(draw.normal(size=260), 2)
        rating = math.sqrt(0.7) * shared + math.sqrt(0.3) * draw.normal(size=520) + shift * truth
        result = delong_ci(truth, rating, cluster=patient)
        covered += result.ci_low <= true_auc <= result.ci_high
        clustered.append((result.estimate, result.std_error))
        plain.append(delong_ci(truth, rating, interval="logit").std_error)
    estimates, errors = np.array(clustered).T
    spread = estimates.std(ddof=1)
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(spread, rel=0.04)
    assert np.sqrt(np.mean(np.square(plain))) < 0.85 * spread
    assert 0.94 <= covered / 3_000 <= 0.985
