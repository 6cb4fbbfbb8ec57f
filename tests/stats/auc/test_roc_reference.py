"""Every ROC value of the reference files, table-driven, so that none is skipped unseen.

``roc_auc.json`` and ``proc.json`` hold what pROC 1.19.0.1 returned. pROC tests a minus b, we
b minus a; its thresholds are midpoints between ratings, ours the upper rating.
"""

import csv
import json
import math
import re
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from toolkit.stats.auc.curve import (
    auc,
    partial_auc,
    partial_auc_mcclish,
    roc_curve,
    sensitivity_at_specificity,
)
from toolkit.stats.auc.delong import (
    auc_covariance,
    delong_ci,
    delong_contrast,
    delong_test,
    delong_test_unpaired,
    mean_auc_ci,
)
from toolkit.stats.auc.operating_points import (
    closest_corner_threshold,
    operating_point,
    youden_threshold,
)


def close(value):
    """The tolerance that the reference files state: relative 1e-9."""
    return pytest.approx(value, rel=1e-9, abs=1e-15)


def plain(values):
    """Numbers of a reference file, where infinities are words."""
    return np.array([float(value) for value in values])


@pytest.fixture(scope="module")
def asah(reference_data):
    with (reference_data / "data" / "asah" / "aSAH.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in MARKERS}
    columns["truth"] = np.array([row["outcome"] == "Poor" for row in rows])
    columns["male"] = np.array([row["gender"] == "Male" for row in rows])
    return columns


MARKERS = ("s100b", "ndka", "wfns")


@pytest.fixture(scope="module")
def roc_auc_cases(reference_data):
    text = (reference_data / "reference" / "roc_auc.json").read_text()
    return json.loads(text)["cases"]


def check_auc(case, asah, marker):
    values, truth = case["values"], asah["truth"]
    assert values["direction"] == "<"
    assert auc(truth, asah[marker]) == close(values["auc"])
    result = auc_covariance(truth, asah[marker][:, np.newaxis])
    assert result.aucs[0] == close(values["auc"])
    assert (result.n_positive, result.n_negative) == (values["n_cases"], values["n_controls"])
    assert roc_curve(truth, asah[marker]).threshold.size == values["n_thresholds"]


def check_variance(case, asah, marker):
    result = auc_covariance(asah["truth"], asah[marker][:, np.newaxis])
    assert result.covariance[0, 0] == close(case["values"]["delong"])
    estimate = delong_ci(asah["truth"], asah[marker])
    assert estimate.std_error**2 == close(case["values"]["delong"])


def check_covariance(case, asah, marker_a, marker_b):
    ratings = np.column_stack([asah[marker_a], asah[marker_b]])
    result = auc_covariance(asah["truth"], ratings)
    assert result.covariance[0, 1] == close(case["values"]["delong"])
    assert result.covariance[1, 0] == result.covariance[0, 1]


def check_interval(case, asah, marker, level):
    truth, ci_level = asah["truth"], int(level) / 100
    estimate = delong_ci(truth, asah[marker], ci_level=ci_level, interval="identity")
    got = [estimate.ci_low, estimate.estimate, estimate.ci_high]
    assert got == [close(value) for value in case["values"]]


def check_logit_interval(case, asah, marker):
    """The reference has a normal quantile, ours a t: compare the reach over its quantile."""
    truth, rating = asah["truth"], asah[marker]
    result = auc_covariance(truth, rating[:, np.newaxis])
    parts = result.covariance_positive[0, 0], result.covariance_negative[0, 0]
    m, n = result.n_positive, result.n_negative
    df = sum(parts) ** 2 / (parts[0] ** 2 / (m - 1) + parts[1] ** 2 / (n - 1))
    estimate = delong_ci(truth, rating, interval="logit")

    def logit(share):
        return math.log(share / (1 - share))

    for ours, theirs in ((estimate.ci_low, "lower"), (estimate.ci_high, "upper")):
        reach = logit(ours) - logit(estimate.estimate)
        expected = logit(case["values"][theirs]) - logit(estimate.estimate)
        assert reach / stats.t.isf(0.025, df) == close(expected / stats.norm.isf(0.025))


def check_curve(case, asah, marker):
    curve = roc_curve(asah["truth"], asah[marker])
    values = case["values"]
    assert curve.y[::-1] == close(plain(values["sensitivity"]))
    assert 1 - curve.x[::-1] == close(plain(values["specificity"]))
    # From the top: ours is the rating from which up a case is positive, pROC's lies just below.
    midpoints = (curve.threshold[1:-1] + curve.threshold[2:]) / 2
    expected = plain(values["threshold"])[::-1]
    assert np.concatenate([[math.inf], midpoints, [-math.inf]]) == close(expected)


def check_best(case, asah, rule, marker):
    choose = {"youden": youden_threshold, "closest.topleft": closest_corner_threshold}[rule]
    truth, rating, values = asah["truth"], asah[marker], case["values"]
    threshold = choose(truth, rating)
    below = rating[rating < threshold].max()
    assert (threshold + below) / 2 == close(values["threshold"])
    accuracy = operating_point(truth, rating, threshold=threshold)
    sensitivity, specificity = accuracy.sensitivity, accuracy.specificity
    assert sensitivity.estimate == close(values["sensitivity"])
    assert specificity.estimate == close(values["specificity"])
    assert sensitivity.estimate + specificity.estimate == close(values["youden"])
    corner = (1 - sensitivity.estimate) ** 2 + (1 - specificity.estimate) ** 2
    assert corner == close(values["closest.topleft"])
    assert accuracy.ppv.estimate == close(values["ppv"])
    assert accuracy.npv.estimate == close(values["npv"])
    assert (sensitivity.numerator, specificity.numerator) == (values["tp"], values["tn"])
    assert accuracy.ppv.denominator == values["tp"] + values["fp"]
    assert accuracy.npv.denominator == values["tn"] + values["fn"]
    correct = sensitivity.numerator + specificity.numerator
    assert correct / truth.size == close(values["accuracy"])


def check_partial(case, asah, axis, high, low, form, marker):
    area = {"raw": partial_auc, "corrected": partial_auc_mcclish}[form]
    along = {"spec": "specificity", "sens": "sensitivity"}[axis]
    got = area(asah["truth"], asah[marker], low=float(low), high=float(high), along=along)
    assert got == close(case["values"]["pauc"])


def check_sensitivity_at(case, asah, marker):
    pairs = zip(case["values"]["specificity"], case["values"]["sensitivity"], strict=True)
    for specificity, sensitivity in pairs:
        got = sensitivity_at_specificity(asah["truth"], asah[marker], specificity=specificity)
        assert got == close(sensitivity)


def check_paired_values(values, truth, first, second):
    result = delong_test(truth, first, second)
    assert -result.statistic == close(values["statistic"])
    assert result.p_value == close(values["p.value"])
    assert [-result.ci_high, -result.ci_low] == [close(limit) for limit in values["conf.int"]]
    assert [result.estimate_a, result.estimate_b] == [
        close(value) for value in values["estimate"].values()
    ]


def check_paired(case, asah, first, second):
    check_paired_values(case["values"], asah["truth"], asah[first], asah[second])


def check_one_sided(case, asah, alternative, first, second):
    """pROC's "less" is that the second is better, which a margin of next to 0 tests."""
    better = {"less": "higher", "greater": "lower"}[alternative]
    result = delong_test(asah["truth"], asah[first], asah[second], margin=5e-324, better=better)
    assert result.p_noninferiority == close(case["values"]["p.value"])


def check_unpaired_values(values, result):
    assert -result.statistic == close(values["statistic"])
    assert result.p_value == close(values["p.value"])
    assert result.df == close(values["parameter"])
    assert [result.estimate_a, result.estimate_b] == [
        close(value) for value in values["estimate"].values()
    ]


def check_unpaired(case, asah, first, second):
    result = delong_test_unpaired(asah["truth"], asah[first], asah["truth"], asah[second])
    check_unpaired_values(case["values"], result)


def check_unpaired_subsets(case, asah):
    male, truth, rating = asah["male"], asah["truth"], asah["ndka"]
    result = delong_test_unpaired(truth[male], rating[male], truth[~male], rating[~male])
    check_unpaired_values(case["values"], result)


def check_ordinal(case, asah):  # noqa: ARG001 - all checks have one form
    data = case["data"]
    check_paired_values(case["values"], data["y"], data["a"], data["b"])


def check_edge(case, asah):  # noqa: ARG001 - all checks have one form
    """Where no variance can be had, pROC prints an interval of no width; ours is NaN or wide."""
    truth, rating, values = case["data"]["y"], case["data"]["score"], case["values"]
    assert auc(truth, rating) == close(values["auc"])
    variance = auc_covariance(truth, np.array(rating)[:, np.newaxis]).covariance[0, 0]
    expected = math.nan if values["var"] is None else values["var"]
    assert variance == pytest.approx(expected, rel=1e-9, abs=1e-15, nan_ok=True)
    assert partial_auc(truth, rating, low=0.9, high=1) == close(values["pauc"])
    standardised = partial_auc_mcclish(truth, rating, low=0.9, high=1)
    if values["pauc_corr"] is None:  # pROC has none below the diagonal
        assert standardised < 0.5
    else:
        assert standardised == close(values["pauc_corr"])
    estimate = delong_ci(truth, rating, interval="identity")
    assert estimate.note
    assert math.isnan(estimate.std_error)
    assert math.isnan(estimate.ci_low) or estimate.ci_high - estimate.ci_low > 0.5


def check_infinite(case, asah):  # noqa: ARG001 - all checks have one form
    """pROC gives up on infinite scores; their order is known, so there is an AUC."""
    assert case["values"]["roc_returns"] == "NaN"
    scores = [float(score) for score in case["data"]["score"]]
    assert auc(case["data"]["y"], scores) == 8 / 9


def check_identical(case, asah):
    """pROC says z = 0 and p = 1; we say that there is nothing to test."""
    assert case["values"]["statistic"] == 0
    result = delong_test(asah["truth"], asah["s100b"], asah["s100b"])
    assert (result.estimate, result.std_error) == (0.0, 0.0)
    assert math.isnan(result.p_value)
    assert "nothing to test" in result.note


# family: (pattern of the id, check, number of cases in the file)
FAMILIES = {
    "auc": (r"asah_auc_(\w+)", check_auc, 1),
    "variance": (r"asah_var_(s100b|ndka|wfns)", check_variance, 1),
    "covariance": (r"asah_cov_(\w+)_(\w+)", check_covariance, 1),
    "interval": (r"asah_ci_auc_delong_(\w+)_(90|95|99)", check_interval, 4),
    "logit interval": (r"asah_ci_auc_logit_delong_(\w+)", check_logit_interval, 2),
    "curve": (r"asah_curve_(\w+)", check_curve, 1),
    "best point": (r"asah_best_(youden|closest\.topleft)_(s100b|ndka|wfns)", check_best, 4),
    "partial": (
        r"asah_pauc_(spec|sens)_([\d.]+)_([\d.]+)_(raw|corrected)_(\w+)",
        check_partial,
        16,
    ),
    "sensitivity at": (r"asah_sens_at_spec_(\w+)", check_sensitivity_at, 1),
    "paired": (r"asah_test_delong_paired_(s100b|ndka)_(\w+)", check_paired, 2),
    "one-sided": (r"asah_test_delong_paired_(less|greater)_(\w+)_(\w+)", check_one_sided, 3),
    "unpaired": (r"asah_test_delong_unpaired_(\w+)_(\w+)", check_unpaired, 1),
    "unpaired subsets": (r"asah_unpaired_gender_delong", check_unpaired_subsets, 1),
    "ordinal": (r"ordinal_test_delong_paired", check_ordinal, 1),
    "edge": (r"edge_(?:all_ties|one_positive_one_negative|perfectly_wrong)", check_edge, 3),
    "infinite": (r"edge_inf_scores", check_infinite, 1),
    "identical": (r"edge_identical_scores_test", check_identical, 1),
}

# Exact values that are no part of roc, delong and operating_points, with the reason.
ELSEWHERE = {
    r"asah_best_youden_weighted_(s100b|wfns)": "test_thresholds.py",
    r"(asah|ordinal)_smooth_binormal\w*": "test_binormal.py, a least-squares line",
    r"power_\w+": "test_sizing_auc.py",
    r"asah_ideal_bootstrap_\w+": "test_bootstrap_variance.py",
}


def family_of(case):
    """The families whose pattern the id of a case matches in full."""
    return [name for name, (pattern, *_) in FAMILIES.items() if re.fullmatch(pattern, case["id"])]


def of_kind_exact(cases):
    return [case for case in cases if case["kind"] == "exact"]


def test_every_exact_case_of_roc_auc_has_one_check(roc_auc_cases):
    exact = of_kind_exact(roc_auc_cases)
    checks = Counter()
    for case in exact:
        names = family_of(case)
        names += [
            reason for pattern, reason in ELSEWHERE.items() if re.fullmatch(pattern, case["id"])
        ]
        assert len(names) == 1, case["id"]
        checks[names[0]] += 1
    assert {name: checks[name] for name in FAMILIES} == {
        name: count for name, (_, _, count) in FAMILIES.items()
    }
    assert sum(checks.values()) == len(exact)


@pytest.mark.parametrize("family", FAMILIES)
def test_roc_auc_values_match_proc(family, roc_auc_cases, asah):
    pattern, check, count = FAMILIES[family]
    checked = 0
    for case in of_kind_exact(roc_auc_cases):
        if found := re.fullmatch(pattern, case["id"]):
            assert case["tol"].startswith(("rel 1e-9", "rel 1e-10"))
            check(case, asah, *found.groups())
            checked += 1
    assert checked == count


@pytest.fixture(scope="module")
def proc(reference_data):
    text = (reference_data / "reference" / "proc.json").read_text()
    return json.loads(text)["results"]


def read_ratings(path):
    """Return truth (n_cases,) and ratings by (reader, modality) of one of the data sets."""
    with path.open() as file:
        rows = list(csv.DictReader(file))
    truth = {row["case"]: int(row["truth"]) for row in rows}
    cases = list(truth)
    values = {(row["case"], row["reader"], row["modality"]): float(row["rating"]) for row in rows}
    curves = sorted({(row["reader"], row["modality"]) for row in rows})
    ratings = {curve: np.array([values[case, *curve] for case in cases]) for curve in curves}
    return np.array([truth[case] for case in cases]), ratings


@pytest.fixture(scope="module")
def van_dyke(reference_data):
    return read_ratings(reference_data / "data" / "VanDyke" / "ratings.csv")


@pytest.fixture(scope="module")
def hupse(reference_data):
    return read_ratings(reference_data / "data" / "dataset09" / "ratings.csv")


def check_proc_auc(values, truth, first, second):
    assert auc(truth, first) == close(values["auc1"])
    assert auc(truth, second) == close(values["auc2"])


def check_proc_variance(values, truth, first, second):
    covariance = auc_covariance(truth, np.column_stack([first, second])).covariance
    assert covariance[0, 0] == close(values["var1"])
    assert covariance[1, 1] == close(values["var2"])
    assert covariance[0, 1] == close(values["cov"])


def check_proc_interval(values, truth, first, second):
    for rating, name in ((first, "ci1"), (second, "ci2")):
        estimate = delong_ci(truth, rating, interval="identity")
        got = [estimate.ci_low, estimate.estimate, estimate.ci_high]
        assert got == [close(value) for value in values[name]]


def check_proc_paired(values, truth, first, second):
    result = delong_test(truth, first, second)
    assert -result.statistic == close(values["z"]["Z"])
    assert result.p_value == close(values["p"])
    assert [-result.ci_high, -result.ci_low] == [close(limit) for limit in values["conf"]]
    if "auc" in values:
        assert [result.estimate_a, result.estimate_b] == [close(value) for value in values["auc"]]


def check_proc_unpaired(values, truth, first, second):
    result = delong_test_unpaired(truth, first, truth, second)
    assert -result.statistic == close(values["stat"]["D"])
    assert result.df == close(values["df"]["df"])
    assert result.p_value == close(values["p"])


def check_proc_partial(values, truth, first, second):  # noqa: ARG001 - all checks have one form
    names = {"": "specificity", "sens_": "sensitivity"}
    for prefix, along in names.items():
        area = partial_auc(truth, first, low=0.8, high=1, along=along)
        assert area == close(values[f"{prefix}raw"])
        standardised = partial_auc_mcclish(truth, first, low=0.8, high=1, along=along)
        assert standardised == close(values[f"{prefix}corrected"])


def check_proc_youden(values, truth, first, second):  # noqa: ARG001 - all checks have one form
    threshold = youden_threshold(truth, first)
    below = first[first < threshold].max()
    assert [(threshold + below) / 2] == values["threshold"]
    accuracy = operating_point(truth, first, threshold=threshold)
    assert [accuracy.sensitivity.estimate] == [close(value) for value in values["sensitivity"]]
    assert [accuracy.specificity.estimate] == [close(value) for value in values["specificity"]]


def check_proc_curve(values, truth, first, second):  # noqa: ARG001 - all checks have one form
    curve = roc_curve(truth, first)
    assert curve.y[::-1] == close(np.array(values["sensitivity"]))
    assert 1 - curve.x[::-1] == close(np.array(values["specificity"]))
    midpoints = (curve.threshold[1:-1] + curve.threshold[2:]) / 2
    assert [None, *midpoints[::-1].tolist(), None] == values["threshold"]  # -inf and inf as null


PROC_FAMILIES = {
    "auc_mod1": (check_proc_auc, 5),
    "var_delong": (check_proc_variance, 5),
    "ci_delong": (check_proc_interval, 5),
    "test_delong_paired": (check_proc_paired, 5),
    "test_delong_unpaired": (check_proc_unpaired, 5),
    "pauc_spec": (check_proc_partial, 5),
    "coords_youden": (check_proc_youden, 5),
    "coords_all": (check_proc_curve, 5),
    "delong_paired": (check_proc_paired, 9),
}

PROC_ELSEWHERE = {
    "var_obuchowski": "the variance of a least-squares line, not offered",
    "smooth_binormal": "test_binormal.py, a least-squares line",
    "test_venkatraman": "test_roc_tests.py",
    "one": "test_sizing_auc.py",
}


def test_every_value_of_proc_has_one_check(proc):
    counts = Counter(key.rsplit("/", 1)[1] for key in proc)
    assert set(counts) == set(PROC_FAMILIES) | set(PROC_ELSEWHERE)
    assert {name: counts[name] for name in PROC_FAMILIES} == {
        name: count for name, (_, count) in PROC_FAMILIES.items()
    }


@pytest.mark.parametrize("family", PROC_FAMILIES)
def test_proc_values_match(family, proc, van_dyke, hupse):
    check, count = PROC_FAMILIES[family]
    checked = 0
    for key, entry in proc.items():
        if key.rsplit("/", 1)[1] != family:
            continue
        reader = re.search(r"reader(\d+)", key)[1]
        if entry["dataset"] == "VanDyke":
            truth, ratings = van_dyke
            pair = ratings[reader, "1"], ratings[reader, "2"]
        else:
            truth, ratings = hupse
            pair = ratings["1", "1"], ratings[reader, "1"]  # reader 1 is the CAD
        check(entry["result"], truth, *pair)
        checked += 1
    assert checked == count


@pytest.fixture(scope="module")
def mrmcaov(reference_data):
    text = (reference_data / "reference" / "mrmcaov.json").read_text()
    return json.loads(text)["results"]


def test_fixed_readers_match_mrmcaov(mrmcaov, van_dyke):
    """MRMCaov 0.3.0: mrmc(empirical_auc(truth, rating), treatment, fixed(reader), cov=DeLong)."""
    expected = mrmcaov["VanDyke/empirical_auc/DeLong/FRRC"]["result"]
    truth, ratings = van_dyke
    columns = expected["auc_by_test_reader"]
    pairs = list(zip(columns["reader"], columns["treatment"], strict=True))
    stacked = np.column_stack([ratings[pair] for pair in pairs])
    result = auc_covariance(truth, stacked)
    assert result.aucs == close(np.array(columns["empirical_auc"]))
    assert len(pairs) == 10
    # Their names are treatment.reader.
    assert expected["cov_matrix"]["rows"] == [f"{test}.{reader}" for reader, test in pairs]
    assert result.covariance == close(np.array(expected["cov_matrix"]["values"]))

    means = expected["test_means"]
    for index, test in enumerate("12"):
        chosen = stacked[:, [pair[1] == test for pair in pairs]]
        estimate = mean_auc_ci(truth, chosen, interval="identity")
        assert estimate.estimate == close(means["Estimate"][index])
        assert estimate.std_error == close(means["StdErr"][index])
        assert estimate.ci_low == close(means["CI.Lower"][index])
        assert estimate.ci_high == close(means["CI.Upper"][index])
        assert estimate.n_readers == 5

    weights = [-0.2 if test == "1" else 0.2 for _, test in pairs]
    comparison = delong_contrast(truth, stacked, weights)
    differences = expected["test_diffs"]  # 1 - 2
    assert -comparison.estimate == close(differences["Estimate"][0])
    assert comparison.std_error == close(differences["StdErr"][0])
    assert -comparison.ci_high == close(differences["CI.Lower"][0])
    assert -comparison.ci_low == close(differences["CI.Upper"][0])
    assert -comparison.statistic == close(differences["z"][0])
    assert comparison.p_value == close(differences["p-value"][0])
    assert (comparison.n_cases, comparison.n_positive, comparison.n_readers) == (114, 45, 10)


def test_hupse_2013_cad_and_radiologists(hupse):
    """Hupse et al., Eur Radiol 2013;23:93 (data set NICO of RJafroc): AUC of CAD and readers."""
    truth, ratings = hupse
    cad = ratings.pop(("1", "1"))
    readers = np.column_stack(list(ratings.values()))
    assert readers.shape == (200, 9)
    assert delong_ci(truth, cad).estimate == pytest.approx(0.8169270833, rel=1e-9)
    assert mean_auc_ci(truth, readers).estimate == pytest.approx(0.8486631944, rel=1e-9)
    result = delong_contrast(
        truth, np.column_stack([cad, readers]), [1, *[-1 / 9] * 9], label_a="radiologists"
    )
    assert result.estimate_a == pytest.approx(0.8486631944, rel=1e-9)
    assert result.estimate_b == pytest.approx(0.8169270833, rel=1e-9)
    weights = np.array([1, *[-1 / 9] * 9])
    covariance = auc_covariance(truth, np.column_stack([cad, readers])).covariance
    assert result.std_error**2 == pytest.approx(weights @ covariance @ weights, rel=1e-9)
