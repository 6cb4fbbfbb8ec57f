"""Nested and split-plot studies: MRMCaov where it is right, expected mean squares, refusals."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import logit

from toolkit.stats.mrmc.analysis import against_fixed_value
from toolkit.stats.mrmc.covariances import leave_one_out
from toolkit.stats.mrmc.designs import readers_nested_in_modality, split_plot
from toolkit.stats.mrmc.inference import dbm, obuchowski_rockette
from toolkit.stats.mrmc.table import FomTable, averaged_over, swapped


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def make_table(value, covariance=None, **changes):
    n_readers, n_modalities = value.shape
    fields = {
        "quantity": "auc",
        "value": value,
        "covariance": covariance,
        "covariance_method": "given",
        "readers": tuple(f"R{j}" for j in range(n_readers)),
        "modalities": tuple(f"M{i}" for i in range(n_modalities)),
        "n_cases": 100,
        "n_positive": 40,
        "n_units": 100,
        "note": "nested",
        "method": "empirical AUC",
    }
    return FomTable(**{**fields, **changes})


def nested_table(matrix, values, n_each):
    """The first ``n_each`` rows of ``matrix`` are the readers of modality 0, the next of 1."""
    n_modalities = values.size // n_each
    value = np.full((values.size, n_modalities), np.nan)
    covariance = np.full((values.size, n_modalities, values.size, n_modalities), np.nan)
    place = [(row, row // n_each) for row in range(values.size)]
    for first, (reader, modality) in enumerate(place):
        value[reader, modality] = values[first]
        for second, (other, other_modality) in enumerate(place):
            covariance[reader, modality, other, other_modality] = matrix[first, second]
    return make_table(value, covariance)


@pytest.mark.parametrize("method", ["jackknife", "unbiased"])
def test_readers_nested_in_modality_against_mrmcaov(reference_data, method):
    # MRMCaov 0.3.0 tests against MS[R(T)] - (J - 1) (Cov2 - Cov3), of which the sign and the
    # factor are wrong: E[MS(T)] is E[MS[R(T)]] + J (Cov2 - Cov3). Everything else agrees.
    text = (reference_data / "reference" / "mrmcaov.json").read_text()
    peer = json.loads(text)["results"][f"VanDyke/nested_readers_in_tests/{method}"]["result"]
    name = next(k for k in peer["auc_by_test_reader"] if "auc" in k)
    values = np.array(peer["auc_by_test_reader"][name], dtype=float)
    matrix = np.array(peer["cov_matrix"]["values"], dtype=float)
    analysis = readers_nested_in_modality(nested_table(matrix, values, 5))
    test, means = peer["test_equality"], peer["test_means"]
    assert [m.std_error for m in analysis.modalities] == close(means["StdErr"])
    assert [m.df for m in analysis.modalities] == close(means["df"])
    difference = analysis.differences[0]
    assert difference.estimate == close(-peer["test_diffs"]["Estimate"][0])
    ms, cov2, cov3 = (test[key][0] for key in ("MS[R(T)]", "Cov2", "Cov3"))
    assert test["Denominator"][0] == close(ms - 4 * (cov2 - cov3))  # the peer's fault
    right = ms + 5 * (cov2 - cov3)
    assert difference.std_error == close(math.sqrt(2 / 5 * right))
    assert analysis.global_test.df2 == close(8 * (right / ms) ** 2)
    assert analysis.global_test.statistic == close(test["MS[T]"][0] / right)


COMPONENTS = {"reader": 1e-3, "interaction": 4e-4, "error": 8e-4, "cov1": 5e-4}
COV2, COV3 = 4e-4, 3e-4


def simulated(draw, n_studies, covariance):
    """Figures of merit without any difference of modalities, their errors with this covariance."""
    n_readers, n_modalities = covariance.shape[:2]
    root = np.linalg.cholesky(covariance.reshape(n_readers * n_modalities, -1))
    error = draw.normal(size=(n_studies, n_readers * n_modalities)) @ root.T
    reader = draw.normal(size=(n_studies, n_readers, 1)) * math.sqrt(COMPONENTS["reader"])
    both = draw.normal(size=(n_studies, n_readers, n_modalities))
    interaction = both * math.sqrt(COMPONENTS["interaction"])
    return 0.8 + reader + interaction + error.reshape(n_studies, n_readers, n_modalities)


def structured(same_group):
    """Covariance with the components above within groups and none between them."""
    n_readers = len(same_group)
    covariance = np.zeros((n_readers, 2, n_readers, 2))
    for first in range(n_readers):
        for second in range(n_readers):
            if same_group[first] == same_group[second]:
                covariance[first, :, second] = COV3 + (COV2 - COV3) * np.eye(2)
        covariance[first, :, first] = COMPONENTS["cov1"]
        covariance[first, [0, 1], first, [0, 1]] = COMPONENTS["error"]
    return covariance


def test_the_expected_mean_squares_are_those_of_the_denominators():
    # Of readers nested in modality: E[MS(T)] = E[MS[R(T)]] + J (Cov2 - Cov3); 40,000 studies.
    values = simulated(np.random.default_rng(10), 40_000, structured([0] * 10))
    nested = np.stack([values[:, :5, 0], values[:, 5:, 1]], axis=2)
    modality = 5 * nested.mean(axis=1).var(axis=1, ddof=1).mean()
    within = nested.var(axis=1, ddof=1).mean()
    assert modality == pytest.approx(within + 5 * (COV2 - COV3), rel=0.03)
    assert modality > 1.3 * (within - 4 * (COV2 - COV3))


@pytest.mark.slow
def test_nested_test_keeps_its_size_and_the_peers_does_not():
    # True covariances go in, so that only the denominator is judged: 4,000 studies, +-0.7 points.
    covariance = structured([0] * 10)
    values = simulated(np.random.default_rng(11), 4000, covariance)
    place = [(row, row // 5) for row in range(10)]
    matrix = np.array([[covariance[(*first, *second)] for second in place] for first in place])
    ours, theirs = 0, 0
    for study in values:
        figures = np.array([study[cell] for cell in place])
        analysis = readers_nested_in_modality(nested_table(matrix, figures, 5))
        ours += analysis.global_test.p_value < 0.05
        groups = figures.reshape(2, 5)
        ms = groups.var(axis=1, ddof=1).mean()
        statistic = 5 * groups.mean(axis=1).var(ddof=1) / max(ms - 4 * (COV2 - COV3), 1e-9)
        theirs += statistic > 5.32  # F(1, 8)
    assert 0.040 < ours / 4000 < 0.060
    assert theirs / 4000 > 0.09


@pytest.mark.slow
def test_split_plot_test_keeps_its_size():
    covariance = structured([0, 0, 0, 1, 1, 1])
    values = simulated(np.random.default_rng(12), 4000, covariance)
    rejected = sum(
        split_plot(make_table(study, covariance), list("aaabbb")).global_test.p_value < 0.05
        for study in values
    )
    assert 0.037 < rejected / 4000 < 0.063


def test_one_group_is_the_crossed_study():
    value = np.random.default_rng(3).normal(0.8, 0.05, (4, 2))
    covariance = structured([0] * 4)
    crossed = obuchowski_rockette(make_table(value, covariance))
    split = split_plot(make_table(value, covariance), ["a"] * 4)
    assert split.global_test.p_value == close(crossed.global_test.p_value)
    assert [m.df for m in split.modalities] == close([m.df for m in crossed.modalities])
    for name in ("std_error", "ci_low", "p_value"):
        ours = getattr(split.differences[0], name)
        assert ours == close(getattr(crossed.differences[0], name))


def test_split_plot_is_the_pooled_analysis_of_its_groups():
    # MS[T*R(G)] is the mean of the groups' own MS(T*R), as many readers in each.
    value = np.random.default_rng(4).normal(0.8, 0.05, (6, 2))
    table = make_table(value, structured([0, 0, 0, 1, 1, 1]))
    analysis = split_plot(table, list("aaabbb"))
    pooled = np.mean([(part[:, 1] - part[:, 0]).var(ddof=1) / 2 for part in (value[:3], value[3:])])
    error = pooled + 3 * (COV2 - COV3)
    assert analysis.differences[0].std_error == close(math.sqrt(2 / 6 * error))
    assert analysis.global_test.df2 == close(4 * (error / pooled) ** 2)
    assert analysis.global_test.statistic == close(analysis.differences[0].statistic ** 2)
    assert analysis.design == "split plot, 2 groups"


VALUE = np.random.default_rng(5).normal(0.8, 0.05, (4, 2))


@pytest.mark.parametrize(
    ("group", "message"),
    [
        (["a", "b"], "group must name the group of 4 readers, but got 2"),
        (list("aaab"), "groups must have the same number of readers, two or more, but have 3, 1"),
        (list("aabb"), "readers of different groups must share no case"),
    ],
)
def test_split_plot_refuses(group, message):
    with pytest.raises(ValueError, match=message):
        split_plot(make_table(VALUE, structured([0] * 4)), group)


def test_split_plot_refuses_missing_figures():
    value = VALUE.copy()
    value[0, 0] = np.nan
    with pytest.raises(ValueError, match="every reader has a figure in each"):
        split_plot(make_table(value, structured([0] * 4)), list("aabb"))


def test_nested_refuses_what_is_not_nested():
    with pytest.raises(ValueError, match="R0 has 2 in 2"):
        readers_nested_in_modality(make_table(VALUE, structured([0] * 4)))
    unequal = np.full((3, 2), np.nan)
    unequal[[0, 1], 0], unequal[2, 1] = 0.8, 0.9
    with pytest.raises(ValueError, match="modalities must have the same number of readers"):
        readers_nested_in_modality(make_table(unequal, np.zeros((3, 2, 3, 2))))
    equal = np.full((4, 2), np.nan)
    equal[[0, 1], 0], equal[[2, 3], 1] = 0.8, 0.9
    with pytest.raises(ValueError, match="needs the covariance over cases"):
        readers_nested_in_modality(make_table(equal, None))


def test_margin_is_checked():
    with pytest.raises(ValueError, match="margin of a difference must be positive"):
        split_plot(make_table(VALUE, structured([0] * 4)), ["a"] * 4, margin=-1)


def test_factors_are_averaged_as_linear_combinations():
    draw = np.random.default_rng(6)
    root = draw.normal(size=(24, 24))
    covariance = (root @ root.T).reshape(4, 6, 4, 6) * 1e-6
    table = make_table(draw.normal(0.8, 0.05, (4, 6)), covariance)
    first = averaged_over(table, levels=("a", "b"), other_levels=("1", "2", "3"))
    mean = np.kron(np.eye(2), np.full((1, 3), 1 / 3))
    np.testing.assert_allclose(first.value, table.value @ mean.T)
    expected = np.einsum("ai,jikl,bl->jakb", mean, covariance, mean)
    np.testing.assert_allclose(first.covariance, expected, rtol=1e-12)
    turned = swapped(table, levels=("a", "b"), other_levels=("1", "2", "3"))
    second = averaged_over(turned, levels=("1", "2", "3"), other_levels=("a", "b"))
    np.testing.assert_allclose(second.value[:, 0], table.value[:, [0, 3]].mean(axis=1))
    analysis = obuchowski_rockette(second)
    assert analysis.global_test.df1 == 2
    with pytest.raises(ValueError, match="2 levels by 2 levels make 4 combinations"):
        averaged_over(table, levels=("a", "b"), other_levels=("1", "2"))


def test_factors_of_named_combinations_are_averaged_whatever_their_order():
    draw = np.random.default_rng(7)
    names = ("F x 20", "I x 20", "F x 40", "I x 40", "F x 60", "I x 60")
    root = draw.normal(size=(18, 18))
    covariance = (root @ root.T).reshape(3, 6, 3, 6) * 1e-6
    table = replace(make_table(draw.normal(0.8, 0.05, (3, 6)), covariance), modalities=names)
    first = averaged_over(table, levels=("F", "I"), other_levels=("20", "40", "60"))
    second = averaged_over(table, levels=("20", "40", "60"), other_levels=("F", "I"))
    for result, place in ((first, 0), (second, 1)):
        for level in result.modalities:
            columns = [n for n, name in enumerate(names) if name.split(" x ")[place] == level]
            found = result.value[:, result.modalities.index(level)]
            np.testing.assert_allclose(found, table.value[:, columns].mean(axis=1))
            at = result.modalities.index(level)
            block = covariance[:, columns][:, :, :, columns].mean(axis=(1, 3))
            np.testing.assert_allclose(result.covariance[:, at, :, at], block, rtol=1e-12)


def test_readers_who_agree_exactly_in_a_split_plot_are_tested_by_chi_square():
    value = np.array([[0.75, 0.875]] * 4)
    covariance = structured([0] * 4)
    analysis = split_plot(make_table(value, covariance), ["a"] * 4)
    crossed = obuchowski_rockette(make_table(value, covariance))
    assert analysis.global_test.df2 == math.inf
    assert analysis.global_test.p_value == close(crossed.global_test.p_value)
    # Of two modalities chi-square is the square of the normal deviate of their difference.
    (difference,) = analysis.differences
    assert analysis.global_test.statistic == close(difference.statistic**2)
    assert analysis.global_test.p_value == close(difference.p_value)


def test_nested_readers_who_agree_exactly_are_tested_by_chi_square():
    value = np.full((4, 2), np.nan)
    value[:2, 0], value[2:, 1] = 0.75, 0.875
    analysis = readers_nested_in_modality(make_table(value, structured([0] * 4)))
    (difference,) = analysis.differences
    assert analysis.global_test.df2 == math.inf
    assert analysis.global_test.p_value == close(difference.p_value)


def test_pseudovalues_of_readers_who_agree_exactly_are_tested_by_chi_square():
    truth = np.arange(40) % 2
    one = np.random.default_rng(1).normal(size=(40, 1, 2)) + truth[:, np.newaxis, np.newaxis]
    left = leave_one_out(truth, np.repeat(one, 4, axis=1))
    analysis = dbm(make_table(left.value), left)
    (difference,) = analysis.differences
    assert analysis.global_test.df2 == math.inf
    assert analysis.global_test.p_value == close(difference.p_value)


def test_a_fixed_value_is_compared_on_the_scale_of_the_mean():
    analysis = obuchowski_rockette(make_table(VALUE, structured([0] * 4)))
    mean = analysis.modalities[0]
    result = against_fixed_value(analysis, "M0", 0.75, margin=0.05, better="higher")
    assert (result.ci_low, result.ci_high) == close((mean.ci_low - 0.75, mean.ci_high - 0.75))
    error = mean.std_error / (mean.estimate * (1 - mean.estimate))
    assert result.statistic == close((logit(mean.estimate) - logit(0.75)) / error)
    assert result.p_value == close(2 * stats.t.sf(abs(result.statistic), mean.df))
    # Each P is that of the limit that it inverts.
    for tail, limit in ((0.025, mean.ci_low), (0.975, mean.ci_high)):
        shifted = against_fixed_value(analysis, "M0", limit + 0.05, margin=0.05, better="higher")
        assert shifted.p_noninferiority == close(tail)
    assert result.noninferior == (mean.ci_low > 0.70)
    assert against_fixed_value(analysis, "M0", 0.03, margin=0.05, better="higher").noninferior
    with pytest.raises(ValueError, match="margin of a difference must be positive and below 1"):
        against_fixed_value(analysis, "M0", 0.75, margin=5, better="higher")


def test_a_fixed_value_is_compared_on_the_error_of_the_mean():
    table = make_table(VALUE, structured([0] * 4))
    analysis = obuchowski_rockette(table, mean_scale="identity")
    mean = analysis.modalities[0]
    result = against_fixed_value(analysis, "M0", 0.75, margin=0.05, better="higher")
    assert result.estimate == close(mean.estimate - 0.75)
    assert (result.ci_low, result.ci_high) == close((mean.ci_low - 0.75, mean.ci_high - 0.75))
    assert result.df == mean.df
    assert result.noninferior == (mean.ci_low > 0.70)
    with pytest.raises(ValueError, match="modality must be one of M0, M1, but got 'aided'"):
        against_fixed_value(analysis, "aided", 0.75)
    with pytest.raises(ValueError, match="value must be a finite number"):
        against_fixed_value(analysis, "M0", math.nan)
