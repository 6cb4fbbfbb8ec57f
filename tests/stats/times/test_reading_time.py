"""Reading times by ANOVA: scipy, least squares, exact expectations, simulated null studies."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import stdtr

from toolkit.results import result_from_dict
from toolkit.stats.auc.curve import rating_fom
from toolkit.stats.mrmc.covariances import leave_one_out
from toolkit.stats.mrmc.inference import dbm
from toolkit.stats.mrmc.table import FomTable
from toolkit.stats.times.anova import compare_reading_times, table_mean_squares, variance_of_mean


def study(n_cases=30, n_readers=5, *, seed=0, effect=-0.1):
    """Times of readers and cases crossed, with all that may vary varying."""
    draw = np.random.default_rng(seed)
    logs = 4 + 0.3 * draw.normal(size=(1, n_readers, 1)) + 0.4 * draw.normal(size=(n_cases, 1, 1))
    logs = logs + 0.1 * draw.normal(size=(1, n_readers, 2))
    logs = logs + 0.15 * draw.normal(size=(n_cases, 1, 2))
    logs = logs + 0.35 * draw.normal(size=(n_cases, n_readers, 2))
    return np.exp(logs + np.array([0.0, effect]))


def close(value, rel=1e-10):
    return pytest.approx(value, rel=rel, abs=1e-13)


def least_squares_mean_squares(table):
    """The two-way ANOVA by comparing nested least-squares fits."""
    n_cases, n_readers = table.shape
    case, reader = np.indices(table.shape).reshape(2, -1)
    ones = np.ones((table.size, 1))
    readers, cases = np.eye(n_readers)[reader], np.eye(n_cases)[case]

    def rest(*columns):
        design = np.hstack(columns)
        fitted = design @ np.linalg.lstsq(design, table.ravel(), rcond=None)[0]
        return float(((table.ravel() - fitted) ** 2).sum())

    both = rest(ones, readers, cases)
    return (
        (rest(ones, cases) - both) / (n_readers - 1),
        (rest(ones, readers) - both) / (n_cases - 1),
        both / ((n_readers - 1) * (n_cases - 1)),
    )


# ---- reference


def test_mean_squares_match_least_squares():
    for seed in range(3):
        times = study(seed=seed)
        table = np.log(times[:, :, 1] / times[:, :, 0])
        ms = table_mean_squares(table)
        assert (ms.reader, ms.case, ms.error) == close(least_squares_mean_squares(table), 1e-9)


def test_standard_error_is_that_of_dbm_on_the_mean_log_time():
    """DBM is held to MRMCaov and RJafroc elsewhere; of a mean, pseudovalues are the values."""
    mean = rating_fom(uses="all", smooth=True, range=(-math.inf, math.inf), better="lower")(
        lambda _, rating: float(np.mean(rating))
    )
    for seed in range(5):
        times = study(seed=seed)
        left = leave_one_out(np.arange(len(times)) % 2, np.log(times), fom=mean)
        table = FomTable(
            quantity="time",
            value=left.value,
            covariance_method="none",
            readers=tuple("12345"),
            modalities=("a", "b"),
            n_cases=30,
            n_positive=15,
            n_units=30,
            low=-math.inf,
            high=math.inf,
            better="lower",
            method="mean log time",
        )
        expected = dbm(table, left).differences[0]
        ours = compare_reading_times(times).ratio
        assert math.log(ours.estimate) == close(expected.estimate)
        assert ours.std_error / ours.estimate == close(expected.std_error)


def test_one_reader_and_each_reader_match_scipy_on_logarithms():
    times = study()
    logs = np.log(times)
    several = compare_reading_times(times, ci_level=0.9).readers
    for place in range(5):
        expected = stats.ttest_rel(logs[:, place, 1], logs[:, place, 0])
        limits = expected.confidence_interval(0.9)
        alone = compare_reading_times(times[:, [place]], ci_level=0.9).ratio
        for ours in (alone, several[place]):
            assert ours.statistic == close(expected.statistic, 1e-9)
            assert (ours.df, ours.p_value) == (29.0, close(expected.pvalue, 1e-9))
            assert ours.ci_low == close(math.exp(limits.low), 1e-9)
            assert ours.ci_high == close(math.exp(limits.high), 1e-9)
            assert ours.estimate == close(
                stats.gmean(times[:, place, 1]) / stats.gmean(times[:, place, 0])
            )


@pytest.mark.parametrize("above_zero", [True, False])
def test_satterthwaite_df_by_hand(above_zero):
    """MS(R) 5.5, and MS(C) 13.5 against MS(RC) 0.5, or 1.5 against 4.5 (df 1, 1 and 1)."""
    table = np.array([[0.0, 3.0], [4.0, 6.0]] if above_zero else [[0.0, 1.0], [3.0, -2.0]])
    ms = table_mean_squares(table)
    reader, case, error = ms.reader, ms.case, ms.error
    found = variance_of_mean(table)
    if above_zero:
        value = reader + case - error
        assert case > error
        assert found.df == close(max(value**2 / (reader**2 + case**2 + error**2), 1.0))
        assert found.value == close(value / 4)
    else:
        assert case < error
        assert (found.value, found.df) == (close(reader / 4), close(1.0))


def moments(n_cases, n_readers, var_reader, var_case, var_error):
    """Expected mean squares of a table with these components, exactly.

    A mean square is a quadratic form q, so with covariance L L' its expectation is the sum of q
    over the columns of L.
    """
    case, reader = np.indices((n_cases, n_readers)).reshape(2, -1)
    covariance = var_reader * (reader[:, None] == reader) + var_case * (case[:, None] == case)
    covariance = covariance + var_error * np.eye(case.size)
    root = np.linalg.cholesky(covariance)
    squares = [table_mean_squares(column.reshape(n_cases, n_readers)) for column in root.T]
    expected = [sum(getattr(ms, name) for ms in squares) for name in ("reader", "case", "error")]
    return expected, float(covariance.mean())


@pytest.mark.parametrize("shape", [(4, 3), (7, 2), (2, 5)])
def test_expected_variance_is_the_variance_of_the_mean(shape):
    (reader, case, error), variance = moments(*shape, 0.3, 0.7, 1.1)
    n_cases, n_readers = shape
    assert (reader + case - error) / (n_cases * n_readers) == close(variance)
    assert error == close(1.1)
    assert (reader - error) / n_cases == close(0.3)
    assert (case - error) / n_readers == close(0.7)


def test_components_are_those_of_single_log_times():
    times = study()
    parts = compare_reading_times(times).components
    assert parts.var_error == close(parts.ms_error / 2)
    assert parts.var_reader_modality == close((parts.ms_reader - parts.ms_error) / 60)
    assert parts.var_case_modality == close((parts.ms_case - parts.ms_error) / 10)


def test_seconds_are_the_difference_of_arithmetic_means():
    times = study()
    seconds = compare_reading_times(times, better="lower").seconds
    assert (seconds.quantity, seconds.unit, seconds.effect) == (
        "mean_reading_time",
        "s",
        "difference",
    )
    assert seconds.estimate == close(times[:, :, 1].mean() - times[:, :, 0].mean())
    assert seconds.std_error**2 == close(variance_of_mean(times[:, :, 1] - times[:, :, 0]).value)


def test_geometric_means_of_modalities():
    times = study()
    analysis = compare_reading_times(times, modalities=("unaided", "aided"))
    for place, mean in enumerate(analysis.modalities):
        assert mean.label == ("unaided", "aided")[place]
        assert mean.estimate == close(stats.gmean(times[:, :, place], axis=None))
        assert mean.ci_low < mean.estimate < mean.ci_high
    assert analysis.ratio.estimate_a == close(analysis.modalities[0].estimate)


# ---- property


def test_swapping_modalities_turns_the_ratio_over():
    times = study()
    one, two = compare_reading_times(times), compare_reading_times(times[:, :, ::-1])
    assert one.ratio.estimate == close(1 / two.ratio.estimate)
    assert one.ratio.ci_low == close(1 / two.ratio.ci_high)
    assert one.ratio.p_value == close(two.ratio.p_value)
    assert one.seconds.ci_low == close(-two.seconds.ci_high)


def test_order_of_cases_and_readers_and_the_unit_leave_the_ratio():
    times = study()
    other = compare_reading_times(times[::-1, ::-1] / 60).ratio
    ratio = compare_reading_times(times).ratio
    for name in ("estimate", "ci_low", "ci_high", "p_value", "df", "std_error"):
        assert getattr(other, name) == close(getattr(ratio, name))


@given(
    seed=st.integers(0, 10_000),
    margin=st.floats(1.01, 1.5),
    level=st.sampled_from([0.8, 0.9, 0.95]),
    n_readers=st.integers(1, 5),
)
@settings(max_examples=60, deadline=None)
def test_noninferiority_agrees_with_the_interval(seed, margin, level, n_readers):
    times = study(8, n_readers, seed=seed)
    lower = compare_reading_times(times, margin=margin, better="lower", ci_level=level).ratio
    assert lower.noninferior == (lower.p_noninferiority < (1 - level) / 2)
    assert lower.superior == (lower.p_value < 1 - level and lower.estimate < 1)
    mirrored = times[:, :, ::-1]
    higher = compare_reading_times(mirrored, margin=1 / margin, better="higher", ci_level=level)
    assert higher.ratio.p_noninferiority == close(lower.p_noninferiority, 1e-8)


def test_patients_weigh_alike_by_their_mean_log_time():
    times = study(6, 3)
    patient = ["x", "x", "x", "y", "z", "z"]
    means = [np.log(times[rows]).mean(axis=0) for rows in ([0, 1, 2], [3], [4, 5])]
    clustered = compare_reading_times(times, cluster=patient)
    by_hand = compare_reading_times(np.exp(means)).ratio
    assert clustered.ratio.estimate == close(by_hand.estimate)
    assert clustered.ratio.ci_high == close(by_hand.ci_high)
    assert (clustered.ratio.n_cases, clustered.ratio.n_clusters) == (6, 3)
    seconds = np.array([times[rows].mean(axis=0) for rows in ([0, 1, 2], [3], [4, 5])])
    expected = compare_reading_times(seconds).seconds
    assert clustered.seconds.ci_low == close(expected.ci_low)


def test_a_patient_for_each_case_changes_nothing():
    times = study(6, 3)
    one, two = compare_reading_times(times), compare_reading_times(times, cluster=range(6))
    assert one.ratio.ci_low == close(two.ratio.ci_low)
    assert two.ratio.n_clusters == 6


def test_result_survives_its_dictionary():
    analysis = compare_reading_times(study(), margin=1.1, better="lower")
    plain = analysis.to_dict()
    assert result_from_dict(plain).to_dict() == plain
    assert len(analysis.summary_frame()) == 7


# ---- edge


def test_one_reader_speaks_for_that_reader():
    analysis = compare_reading_times(study(n_readers=1))
    assert analysis.random == "cases"
    assert "this reader only" in analysis.note
    assert math.isnan(analysis.components.var_reader_modality)


def test_few_readers_are_said_to_be_few():
    assert "3 readers are too few" in compare_reading_times(study(n_readers=3)).note
    assert "too few" not in compare_reading_times(study(n_readers=4)).note


@pytest.mark.parametrize(
    ("times", "note"),
    [
        (study(1, 3), "one case has no variance"),
        (np.full((5, 3, 2), 40.0), "estimated as 0"),
        (np.exp(np.arange(5.0))[:, None, None] * np.ones((1, 3, 1)) * [1.0, 1.1], "estimated as 0"),
    ],
)
def test_no_variation_leaves_no_interval_but_a_note(times, note):
    ratio = compare_reading_times(times, margin=1.2, better="lower").ratio
    assert note in ratio.note
    assert all(
        math.isnan(value)
        for value in (ratio.ci_low, ratio.ci_high, ratio.p_value, ratio.p_noninferiority)
    )
    assert ratio.estimate > 0


def test_two_readers_who_differ_much_give_no_false_precision():
    times = np.exp(np.array([[[0.0, 3.0], [0.0, -3.0]], [[0.0, 3.1], [0.0, -3.0]]]))
    ratio = compare_reading_times(times, ci_level=0.999).ratio
    assert ratio.ci_low < 1e-300
    assert ratio.ci_high == math.inf


def test_many_cases_stay_exact():
    times = study(100_000, 2)
    d = np.log(times[:, :, 1] / times[:, :, 0])
    assert math.log(compare_reading_times(times).ratio.estimate) == close(
        math.fsum(d.ravel()) / d.size
    )


# ---- errors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (0.0, r"times must be above 0 and finite, but position \(2, 1, 0\) holds 0\.0"),
        (-3.0, r"times must be above 0 and finite, but position \(2, 1, 0\) holds -3\.0"),
        (math.inf, r"times must be above 0 and finite, but position \(2, 1, 0\) holds inf"),
        (math.nan, r"position \(2, 1, 0\) is NaN \(1 in all\); use reading_time_model"),
    ],
)
def test_a_wrong_time_is_named_with_its_place(change, message):
    times = study(4, 3)
    times[2, 1, 0] = change
    with pytest.raises(ValueError, match=message):
        compare_reading_times(times)


def test_other_wrong_input_is_refused_by_name():
    times = study(4, 3)
    with pytest.raises(ValueError, match=r"times must have shape \(n_cases, n_readers, 2\)"):
        compare_reading_times(times[:, :, :1])
    with pytest.raises(ValueError, match=r"at least one case and one reader, but got \(0, 3, 2\)"):
        compare_reading_times(times[:0])
    with pytest.raises(ValueError, match=r"times must have shape \(n_cases, n_readers, n_modal"):
        compare_reading_times(times[:, 0])
    with pytest.raises(ValueError, match="readers must hold 3 different names, but got A, B, A"):
        compare_reading_times(times, readers=("A", "B", "A"))
    with pytest.raises(ValueError, match="modalities must hold 2 different names, but got a"):
        compare_reading_times(times, modalities="a")
    with pytest.raises(ValueError, match="needs better="):
        compare_reading_times(times, margin=1.1)
    with pytest.raises(ValueError, match="above 1 where lower is better"):
        compare_reading_times(times, margin=0.9, better="lower")
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
        compare_reading_times(times, ci_level=95)
    with pytest.raises(ValueError, match="cluster must not be missing"):
        compare_reading_times(times, cluster=["a", "b", None, "c"])


# ---- simulation


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_cases", "reader_modality", "case_modality"),
    [(100, 0.05, 0.1), (200, 0.08, 0.2), (60, 0.0, 0.3)],
)
def test_null_studies_are_significant_as_often_as_they_should_be(
    n_cases, reader_modality, case_modality
):
    """Five readers; without reader by modality the same studies are wrong far too often."""
    draw, n_readers, n_studies = np.random.default_rng(7), 5, 10_000
    right, without = 0, 0
    for _ in range(n_studies):
        table = math.sqrt(2) * (
            reader_modality * draw.normal(size=(1, n_readers))
            + case_modality * draw.normal(size=(n_cases, 1))
            + 0.35 * draw.normal(size=(n_cases, n_readers))
        )
        found = variance_of_mean(table)
        right += 2 * stdtr(found.df, -abs(table.mean()) / found.std_error) < 0.05
        # Cases random, and case by modality as well, but not reader by modality.
        by_case = table.mean(axis=1)
        error = by_case.std(ddof=1) / math.sqrt(n_cases)
        without += 2 * stdtr(n_cases - 1, -abs(by_case.mean()) / error) < 0.05
    assert 0.035 <= right / n_studies <= 0.065
    if reader_modality > 0:
        assert without / n_studies >= 0.13
