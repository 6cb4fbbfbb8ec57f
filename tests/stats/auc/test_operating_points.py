"""The accuracy of calls; pROC's values are in test_roc_reference.py."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from toolkit.results import Estimate
from toolkit.stats.auc.operating_points import call_accuracy, operating_point
from toolkit.stats.proportions.one import proportion_ci

repeatable = settings(deadline=None, max_examples=150, derandomize=True)


@st.composite
def studies(draw, highest=5):
    """A small study with many ties, one case of each class at least."""
    n_positive, n_negative = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    truth = draw(st.permutations([1] * n_positive + [0] * n_negative))
    rating = st.lists(st.integers(0, highest), min_size=len(truth), max_size=len(truth))
    return truth, draw(rating)


def shares(truth, rating, threshold):
    """Sensitivity and specificity of calling from a threshold up, in fractions."""
    m, n = sum(truth), len(truth) - sum(truth)
    called = [t for t, r in zip(truth, rating, strict=True) if r >= threshold]
    return Fraction(sum(called), m), 1 - Fraction(len(called) - sum(called), n)


# --- reference ---------------------------------------------------------------------------------


def table(tp, fp, fn, tn):
    """Truth and call of a two by two table."""
    truth = np.repeat([1, 0, 1, 0], [tp, fp, fn, tn])
    return truth, np.repeat([1, 1, 0, 0], [tp, fp, fn, tn])


def test_likelihood_ratios_match_the_textbook():
    """Altman DG, Bland JM. BMJ 1994;308:1552 and 309:102, liver scans: 231, 32, 27 and 54.

    Sensitivity 0.90 = 231/258, specificity 0.63 = 54/86; PPV 0.88 = 231/263, NPV 0.67 = 54/81;
    likelihood ratio of a positive scan (231/258) / (32/86) = 2.4.
    """
    accuracy = call_accuracy(*table(tp=231, fp=32, fn=27, tn=54))
    assert accuracy.sensitivity.estimate == 231 / 258
    assert accuracy.specificity.estimate == 54 / 86
    assert accuracy.ppv.estimate == 231 / 263
    assert accuracy.npv.estimate == 54 / 81
    assert round(accuracy.positive_likelihood_ratio.estimate, 1) == 2.4
    assert accuracy.positive_likelihood_ratio.estimate == float(
        Fraction(231, 258) / Fraction(32, 86)
    )


def test_likelihood_ratio_interval_is_the_log_method():
    """An independent oracle: the ratio of two proportions by Katz, scipy's relative_risk."""
    accuracy = call_accuracy(*table(tp=231, fp=32, fn=27, tn=54), ci_level=0.9)
    positive = stats.contingency.relative_risk(231, 258, 32, 86)
    negative = stats.contingency.relative_risk(27, 258, 54, 86)
    for ours, theirs in (
        (accuracy.positive_likelihood_ratio, positive),
        (accuracy.negative_likelihood_ratio, negative),
    ):
        interval = theirs.confidence_interval(0.9)
        assert ours.estimate == pytest.approx(theirs.relative_risk, rel=1e-9)
        assert ours.ci_low == pytest.approx(interval.low, rel=1e-9)
        assert ours.ci_high == pytest.approx(interval.high, rel=1e-9)
        assert (ours.unit, ours.ci_method, ours.note) == ("ratio", "log", "")
    log_error = math.sqrt(1 / 231 - 1 / 258 + 1 / 32 - 1 / 86)
    got = accuracy.positive_likelihood_ratio
    assert got.std_error == pytest.approx(got.estimate * log_error, rel=1e-12)


def test_proportions_have_the_interval_of_wilson():
    accuracy = call_accuracy(*table(tp=231, fp=32, fn=27, tn=54))
    for name, (part, whole) in {
        "sensitivity": (231, 258),
        "specificity": (54, 86),
        "ppv": (231, 263),
        "npv": (54, 81),
    }.items():
        interval = stats.binomtest(part, whole).proportion_ci(0.95, "wilson")
        estimate = accuracy.estimates[name]
        assert (estimate.numerator, estimate.denominator) == (part, whole)
        assert estimate.ci_low == pytest.approx(interval.low, rel=1e-9)
        assert estimate.ci_high == pytest.approx(interval.high, rel=1e-9)


# Truth, call and patient: c, e and h have cases of both classes, a and d two of one.
TRUTH_TWICE = [1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1]
CALL_TWICE = [1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1]
PATIENT = ["a", "a", "b", "c", "c", "d", "d", "e", "e", "f", "g", "h", "h"]


def added_to_share(event, those):
    """The share of those cases with the event, and what each case adds to its error."""
    share = Fraction(sum(e and i for e, i in zip(event, those, strict=True)), sum(those))
    return share, [i * (e - share) / sum(those) for e, i in zip(event, those, strict=True)]


def exact_variance(added, patient):
    """Variance over patients in fractions; those without a case in it are no part of it."""
    totals = {}
    for value, who in zip(added, patient, strict=True):
        totals[who] = totals.get(who, 0) + value
    return float(Fraction(len(totals), len(totals) - 1) * sum(x**2 for x in totals.values()))


def exact_variances(truth, call, patient):
    """Variances in fractions: of each share over the patients in it, of both log ratios."""
    no_truth, no_call = [1 - t for t in truth], [1 - c for c in call]
    shares = {
        "sensitivity": (call, truth),
        "specificity": (no_call, no_truth),
        "ppv": (truth, call),
        "npv": (no_truth, no_call),
    }
    found = {}
    for name, (event, those) in shares.items():
        added = [a for a, i in zip(added_to_share(event, those)[1], those, strict=True) if i]
        found[name] = exact_variance(added, [p for p, i in zip(patient, those, strict=True) if i])
    for name, event in (
        ("positive_likelihood_ratio", call),
        ("negative_likelihood_ratio", no_call),
    ):
        (p, sick), (q, well) = (added_to_share(event, those) for those in (truth, no_truth))
        logs = [s / p - w / q for s, w in zip(sick, well, strict=True)]
        found[name] = exact_variance(logs, patient)
    return found


def test_clustered_errors_are_exact():
    accuracy = call_accuracy(TRUTH_TWICE, CALL_TWICE, cluster=PATIENT)
    for name, variance in exact_variances(TRUTH_TWICE, CALL_TWICE, PATIENT).items():
        got = accuracy.estimates[name]
        scale = got.estimate if got.unit == "ratio" else 1.0
        assert got.std_error == pytest.approx(scale * math.sqrt(variance), rel=1e-12), name
    ratio = accuracy.positive_likelihood_ratio
    reach = stats.norm.ppf(0.975) * ratio.std_error / ratio.estimate
    assert math.log(ratio.ci_high / ratio.estimate) == pytest.approx(reach, rel=1e-12)
    assert math.log(ratio.estimate / ratio.ci_low) == pytest.approx(reach, rel=1e-12)
    assert (ratio.ci_method, ratio.n_clusters) == ("log, patients as clusters", 8)


def two_breasts(n=400, *, seed=5):
    """Both breasts of n women, half of them with cancer in one: calls of one woman are alike."""
    draw = np.random.default_rng(seed)
    truth = np.column_stack([np.arange(n) % 2, np.zeros(n, dtype=int)])
    woman, breast = draw.normal(size=(n, 1)), draw.normal(size=(n, 2))
    call = (1.2 * truth + 0.9 * woman + 0.5 * breast > 0.6).astype(int)
    return truth, call


def test_clustered_errors_match_a_bootstrap_of_women():
    """20,000 resamples of women, counted by multinomial weights; 0.5% noise of an SD."""
    truth, call = two_breasts()
    n = truth.shape[0]
    woman = np.repeat(np.arange(n), 2)
    accuracy = call_accuracy(truth.ravel(), call.ravel(), cluster=woman)
    alone = call_accuracy(truth.ravel(), call.ravel())
    weight = np.random.default_rng(1).multinomial(n, np.full(n, 1 / n), size=20_000)
    tp, fp, fn, tn = (
        weight @ ((truth == t) & (call == c)).sum(axis=1)
        for t, c in ((1, 1), (0, 1), (1, 0), (0, 0))
    )
    drawn = {
        "sensitivity": tp / (tp + fn),
        "specificity": tn / (tn + fp),
        "ppv": tp / (tp + fp),
        "npv": tn / (tn + fn),
        "positive_likelihood_ratio": np.log(tp / (tp + fn) / (fp / (fp + tn))),
        "negative_likelihood_ratio": np.log(fn / (tp + fn) / (tn / (fp + tn))),
    }
    for name, values in drawn.items():
        got = accuracy.estimates[name]
        error = got.std_error / (got.estimate if got.unit == "ratio" else 1.0)
        assert error == pytest.approx(values.std(), rel=0.04), name
    # The healthy breasts of a woman are alike: specificity is less sure than without clusters.
    assert accuracy.specificity.std_error > 1.15 * alone.specificity.std_error
    assert accuracy.sensitivity.to_dict() == alone.sensitivity.to_dict()


# --- property ----------------------------------------------------------------------------------


@repeatable
@given(studies(), st.integers(-1, 6))
def test_patients_of_one_case_each_change_nothing(study, threshold):
    truth, rating = study
    plain = operating_point(truth, rating, threshold=threshold)
    each = operating_point(
        truth, rating, threshold=threshold, cluster=[f"p{i}" for i in range(len(truth))]
    )
    assert {name: e.to_dict() for name, e in each.estimates.items()} == {
        name: e.to_dict() for name, e in plain.estimates.items()
    }


def test_every_case_twice_says_no_more_than_once():
    """The variance is that of the single cases, but for the factor N / (N - 1) of N patients."""
    truth, call = table(tp=40, fp=12, fn=9, tn=70)
    once = call_accuracy(truth, call)
    twice = call_accuracy(
        np.repeat(truth, 2), np.repeat(call, 2), cluster=np.repeat(np.arange(truth.size), 2)
    )
    patients = {"sensitivity": 49, "specificity": 82, "ppv": 52, "npv": 79}
    for name, single in once.estimates.items():
        double, n = twice.estimates[name], patients.get(name, 131)
        assert double.estimate == pytest.approx(single.estimate, rel=1e-15)
        factor = math.sqrt(n / (n - 1))
        assert double.std_error == pytest.approx(factor * single.std_error, rel=1e-12), name
        assert double.n_clusters == n
    careless = call_accuracy(np.repeat(truth, 2), np.repeat(call, 2))
    assert careless.specificity.std_error == pytest.approx(
        once.specificity.std_error / math.sqrt(2), rel=1e-12
    )


def test_order_and_names_of_patients_do_not_matter():
    accuracy = call_accuracy(TRUTH_TWICE, CALL_TWICE, cluster=PATIENT)
    order = np.random.default_rng(3).permutation(len(PATIENT))
    other = call_accuracy(
        np.array(TRUTH_TWICE)[order],
        np.array(CALL_TWICE)[order],
        cluster=[f"x{ord(PATIENT[i]) * 7 % 31}" for i in order],
    )
    for name, estimate in accuracy.estimates.items():
        assert other.estimates[name].std_error == pytest.approx(estimate.std_error, rel=1e-12)


@repeatable
@given(studies(), st.integers(-1, 6))
def test_operating_point_is_the_accuracy_of_its_calls(study, threshold):
    truth, rating = study
    point = operating_point(truth, rating, threshold=threshold, label="AI")
    calls = call_accuracy(truth, [int(r >= threshold) for r in rating], label="AI")
    assert {name: e.to_dict() for name, e in point.estimates.items()} == {
        name: e.to_dict() for name, e in calls.estimates.items()
    }
    sensitivity, specificity = shares(truth, rating, threshold)
    assert point.sensitivity.estimate == float(sensitivity)
    assert point.specificity.estimate == float(specificity)


def test_swapping_classes_and_calls_mirrors_the_estimates():
    truth, call = table(tp=20, fp=7, fn=5, tn=60)
    accuracy, mirrored = call_accuracy(truth, call), call_accuracy(1 - truth, 1 - call)
    assert mirrored.sensitivity.estimate == accuracy.specificity.estimate
    assert mirrored.ppv.estimate == accuracy.npv.estimate
    ratio = accuracy.positive_likelihood_ratio.estimate
    assert mirrored.negative_likelihood_ratio.estimate == pytest.approx(1 / ratio, rel=1e-15)


def test_calls_and_truth_may_be_of_any_number_type():
    truth, call = table(tp=20, fp=7, fn=5, tn=60)
    expected = call_accuracy(truth, call).specificity.to_dict()
    for kind in (bool, np.uint8, np.uint64, np.int8, np.float32):
        got = call_accuracy(truth.astype(kind), call.astype(kind)).specificity
        assert got.to_dict() == expected


def test_every_estimate_says_what_it_is():
    accuracy = call_accuracy(*table(tp=20, fp=7, fn=5, tn=60), ci_level=0.9, label="reader 1")
    assert list(accuracy.estimates) == [
        "sensitivity",
        "specificity",
        "ppv",
        "npv",
        "positive_likelihood_ratio",
        "negative_likelihood_ratio",
    ]
    for name, estimate in accuracy.estimates.items():
        assert isinstance(estimate, Estimate)
        assert (estimate.quantity, estimate.label, estimate.ci_level) == (name, "reader 1", 0.9)
        assert (estimate.n_cases, estimate.n_positive) == (92, 25)
        assert Estimate.from_dict(estimate.to_dict()).to_dict() == estimate.to_dict()
        sample = "holds only at the prevalence of this sample, 25 of 92 cases"
        assert estimate.note == (sample if name in ("ppv", "npv") else "")


# --- edge --------------------------------------------------------------------------------------


def test_an_infinite_threshold_calls_no_case():
    point = operating_point([0, 0, 1, 1], [1, 2, 3, math.inf], threshold=math.inf)
    assert point.sensitivity.estimate == 0.0
    assert point.specificity.estimate == 1.0
    assert math.isnan(point.ppv.estimate)
    assert "0 units in the denominator" in point.ppv.note
    assert "holds only at the prevalence" in point.ppv.note


@pytest.mark.parametrize(
    ("truth", "undefined", "defined"),
    [([0, 0, 0], "sensitivity", "specificity"), ([1, 1, 1], "specificity", "sensitivity")],
)
def test_one_class_leaves_its_share_and_the_ratios_undefined(truth, undefined, defined):
    accuracy = call_accuracy(truth, [1, 0, 0])
    for name in (undefined, "positive_likelihood_ratio", "negative_likelihood_ratio"):
        estimate = accuracy.estimates[name]
        assert math.isnan(estimate.estimate)
        assert math.isnan(estimate.ci_low)
        assert estimate.note
    assert 0 < accuracy.estimates[defined].estimate < 1


def test_no_case_leaves_all_undefined():
    for estimate in call_accuracy([], []).estimates.values():
        assert math.isnan(estimate.estimate)
        assert estimate.note


def test_a_likelihood_ratio_over_nothing_is_infinite_and_one_of_nothing_is_0():
    accuracy = call_accuracy(*table(tp=9, fp=0, fn=0, tn=20))
    positive, negative = accuracy.positive_likelihood_ratio, accuracy.negative_likelihood_ratio
    assert positive.estimate == math.inf
    assert negative.estimate == 0.0
    for ratio in (positive, negative):
        assert math.isnan(ratio.std_error)
        assert math.isnan(ratio.ci_low)
        assert math.isnan(ratio.ci_high)
    assert positive.note == (
        "9 of 9 positive and 0 of 20 negative cases have this result: the log method needs both "
        "counts above 0, so there is no interval"
    )
    assert positive.to_dict()["estimate"] == "inf"


def test_a_likelihood_ratio_of_nothing_over_nothing_is_undefined():
    accuracy = call_accuracy(*table(tp=0, fp=0, fn=9, tn=20))
    assert math.isnan(accuracy.positive_likelihood_ratio.estimate)
    all_alike = accuracy.negative_likelihood_ratio
    assert all_alike.estimate == 1.0
    assert math.isnan(all_alike.ci_low)
    assert "it tells nothing" in all_alike.note


def test_patients_all_called_count_once_each():
    accuracy = call_accuracy([1] * 10 + [0] * 6, [1] * 16, cluster=[*"aabbccddee", *"fghijk"])
    once = proportion_ci(5, 5)
    got = accuracy.sensitivity
    assert (got.numerator, got.denominator, got.n_clusters) == (10, 10, 5)
    assert (got.ci_low, got.ci_high) == pytest.approx((once.ci_low, once.ci_high), rel=1e-12)
    assert "it tells nothing" in accuracy.positive_likelihood_ratio.note
    assert math.isnan(accuracy.npv.estimate)


def test_patients_without_variation_have_no_interval():
    one = call_accuracy([1, 1, 0, 0], [1, 0, 1, 0], cluster=[7, 7, 7, 7])
    alike = call_accuracy([1, 1, 1, 1, 0, 0, 0, 0], [1, 0] * 4, cluster=[*"aabbccdd"])
    for accuracy in (one, alike):
        for name in ("sensitivity", "specificity", "positive_likelihood_ratio"):
            estimate = accuracy.estimates[name]
            assert math.isfinite(estimate.estimate)
            assert math.isnan(estimate.std_error)
            assert math.isnan(estimate.ci_low)
            assert math.isnan(estimate.ci_high)
            assert estimate.note.startswith("no interval: ")


def test_large_studies_count_exactly():
    truth, call = table(tp=6_000, fp=40_000, fn=1_000, tn=953_000)
    accuracy = call_accuracy(truth.astype(np.uint8), call.astype(np.uint8))
    assert accuracy.specificity.numerator == 953_000
    assert accuracy.positive_likelihood_ratio.estimate == float(Fraction(6, 7) / Fraction(40, 993))


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: operating_point([0, 1], [1, 2], threshold=math.nan),
            "threshold must be a number, but got NaN",
        ),
        (
            lambda: operating_point([0, 1], [1, 2], threshold="3"),
            "threshold must be one number, but got '3'",
        ),
        (
            lambda: operating_point([0, 1], [1, math.nan], threshold=1),
            "rating must not be missing, but position 1 is NaN",
        ),
        (
            lambda: operating_point([0, 1], [1, 2], threshold=1, ci_level=95),
            "ci_level must lie between 0 and 1",
        ),
        (lambda: call_accuracy([0, 1], [0, 2]), "call must hold only 0 and 1, but position 1"),
        (
            lambda: call_accuracy([0, 1], [0, math.nan]),
            r"call must hold only 0 and 1, but position 1 holds NaN \(missing\)",
        ),
        (lambda: call_accuracy([0, 1], [0]), r"call must have shape \(n_cases,\) with n_cases = 2"),
        (lambda: call_accuracy([0, 3], [0, 1]), "truth must hold only 0 and 1"),
        (lambda: call_accuracy([0, 1], [0, 1], ci_level=0), "ci_level must lie between 0 and 1"),
        (
            lambda: call_accuracy([0, 1], [0, 1], cluster=[1]),
            r"cluster must have shape \(n_cases,\) with n_cases = 2",
        ),
        (
            lambda: operating_point([0, 1], [0, 1], threshold=1, cluster=["a", None]),
            "cluster must not be missing, but position 1",
        ),
    ],
)
def test_malformed_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- weights -------------------------------------------------------------------------------------


def weighted_sample(seed=8, n=60):
    """Truth, call and whole-number weights, unequal within both classes."""
    draw = np.random.default_rng(seed)
    truth = np.arange(n) % 3 == 0
    call = draw.random(n) < np.where(truth, 0.7, 0.2)
    return truth.astype(int), call.astype(int), draw.integers(1, 5, n)


@pytest.mark.parametrize("women", [None, np.arange(60) // 2])
def test_weights_are_those_of_copies_of_a_case_within_its_cluster(women):
    truth, call, weight = weighted_sample()
    own = np.arange(truth.size) if women is None else women
    weighted = call_accuracy(truth, call, weight=weight, cluster=women)
    copies = call_accuracy(
        *(np.repeat(v, weight) for v in (truth, call)), cluster=np.repeat(own, weight)
    )
    for name, estimate in weighted.estimates.items():
        other = copies.estimates[name]
        for part in ("estimate", "std_error", "ci_low", "ci_high"):
            assert getattr(estimate, part) == pytest.approx(getattr(other, part), rel=1e-9), name


def test_weights_alike_in_each_class_leave_all_but_the_predictive_values():
    truth, call, _ = weighted_sample()
    plain = call_accuracy(truth, call)
    weighted = call_accuracy(truth, call, weight=np.where(truth == 1, 1.0, 6.0))
    for name in ("sensitivity", "specificity", "positive_likelihood_ratio"):
        assert weighted.estimates[name].to_dict() == plain.estimates[name].to_dict()
    positive, negative = (call * truth).sum(), (call * (1 - truth)).sum()
    assert weighted.ppv.estimate == pytest.approx(positive / (positive + 6 * negative))
    assert (weighted.ppv.numerator, weighted.ppv.denominator) == (positive, positive + negative)
    assert "prevalence that the weights give" in weighted.ppv.note


def test_a_case_of_weight_0_does_not_count():
    truth, call, weight = weighted_sample()
    more = [np.append(values, [1, 0]) for values in (truth, call)]
    with_zeros = call_accuracy(*more, weight=np.append(weight, [0, 0]))
    without = call_accuracy(truth, call, weight=weight)
    for name, estimate in without.estimates.items():
        assert with_zeros.estimates[name].to_dict() == estimate.to_dict()


def test_a_weighted_ratio_without_a_result_is_as_undefined_as_a_plain_one():
    made = call_accuracy([1, 1, 0, 0], [1, 0, 0, 0], weight=[1, 2, 3, 4])
    assert made.positive_likelihood_ratio.estimate == math.inf
    assert math.isnan(made.positive_likelihood_ratio.ci_low)
    assert made.positive_likelihood_ratio.note


def test_weights_below_0_are_refused():
    with pytest.raises(ValueError, match="weight must be finite and not negative"):
        call_accuracy([1, 0], [1, 0], weight=[1, -1])
