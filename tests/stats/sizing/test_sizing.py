"""Size of reader studies: RJafroc, expected mean squares, and what the plan refuses.

RJafroc 2.1.3 takes power from R's noncentral F, whose series stops at an error of 1e-9: powers are
compared to that, noncentrality and degrees of freedom to 1e-9 of themselves. test_power.py has the
exact series. Its SsPowerTable writes every row twice.
"""

import dataclasses
import json
import math
import re

import numpy as np
import pytest

from tests.stats.auc.test_moments import PUBLISHED, van_dyke  # noqa: F401 - a fixture
from tests.stats.sizing.test_power import f_mixture
from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.mrmc.covariances import fom_table
from toolkit.stats.mrmc.designs import split_plot
from toolkit.stats.mrmc.inference import obuchowski_rockette
from toolkit.stats.mrmc.study_components import pilot_components
from toolkit.stats.simulation.roe_metz import ROE_METZ_1997, roe_metz_model, roe_metz_moments
from toolkit.stats.sizing.reader_study import (
    MrmcPlan,
    mrmc_power,
    mrmc_power_from_moments,
    mrmc_sample_size,
)

RANDOM = {"RRRC": "readers and cases", "FRRC": "cases", "RRFC": "readers"}
NONINFERIORITY = MrmcPlan(true_difference=0.0, goal="non-inferiority", margin=0.05, better="higher")


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "rjafroc.json").read_text()
    return json.loads(text)["results"]


@pytest.fixture(scope="module")
def pilot(van_dyke):  # noqa: F811 - the fixture
    truth, ratings = van_dyke
    return pilot_components(obuchowski_rockette(fom_table(truth, ratings, covariance="jackknife")))


@pytest.mark.parametrize("option", RANDOM)
@pytest.mark.parametrize("method", ["OR", "DBMHB2004"])
def test_power_matches_rjafroc(peer, pilot, option, method):
    entries = [
        k for k in peer if k.startswith("SsPowerGivenJK") and k.endswith(f"{method}/{option}")
    ]
    assert len(entries) == (6 if method == "OR" else 1)
    plan = MrmcPlan(
        true_difference=0.05,
        random=RANDOM[option],
        fixed_reader_test="DBM" if method == "DBMHB2004" else "Obuchowski-Rockette",
    )
    for key in entries:
        n_readers, n_cases = (int(n) for n in re.search(r"J(\d+)_K(\d+)", key).groups())
        expected = peer[key]["result"]
        ours = mrmc_power(pilot, plan, n_readers=n_readers, n_cases=n_cases)
        assert ours.power[0, 0] == pytest.approx(expected[f"power{option}"][0], abs=1e-9)
        assert ours.noncentrality[0, 0] == pytest.approx(expected[f"ncp{option}"][0], rel=1e-9)
        df2 = expected[f"df2{option}"][0]
        assert ours.df[0, 0] == pytest.approx(math.inf if df2 is None else df2, rel=1e-9)


@pytest.mark.parametrize("option", RANDOM)
def test_sample_sizes_match_rjafroc(peer, pilot, option):
    plan = MrmcPlan(true_difference=0.05, random=RANDOM[option])
    for n_readers in (4, 5, 6, 10, 20):
        expected = peer[f"SsSampleSizeKGivenJ/dataset02/J{n_readers}_es0.05/{option}"]["result"]
        ours = mrmc_sample_size(pilot, plan, n_readers=n_readers)
        if option == "RRFC":  # there RJafroc returns the bare number
            assert ours.n_cases[0] == expected
        else:
            assert ours.n_cases[0] == expected[f"K{option}"][0]
            assert ours.power[0] == pytest.approx(expected[f"power{option}"][0], abs=1e-9)


def test_table_of_sample_sizes_matches_rjafroc(peer, pilot):
    table = peer["SsPowerTable/dataset02/RRRC"]["result"]["powerTableRRRC"]
    readers = [int(n) for n in table["numReaders"]]
    assert readers[::2] == readers[1::2] == list(range(3, 101))  # its fault: each row twice
    ours = mrmc_sample_size(pilot, MrmcPlan(true_difference=0.05), n_readers=readers[::2])
    theirs = [math.nan if n == ">2000" else float(n) for n in table["numCases"][::2]]
    np.testing.assert_array_equal(ours.n_cases, theirs)
    assert ours.note.startswith("3 readers: not with 2,000 cases")


def test_published_power_of_the_pilot(pilot):
    # RJafroc 2.1.3, VanDyke, J 6, K 251, effect 0.05: 0.8922819894, 0.9839447711, 0.9494449137
    found = [
        mrmc_power(pilot, MrmcPlan(true_difference=0.05, random=random), n_readers=6, n_cases=251)
        for random in RANDOM.values()
    ]
    powers = [result.power[0, 0] for result in found]
    assert powers == pytest.approx([0.8922819894, 0.9839447711, 0.9494449137], abs=1e-9)
    exact = f_mixture(found[0].noncentrality[0, 0], 1, found[0].df[0, 0], 0.05)
    assert powers[0] == pytest.approx(exact, abs=1e-12)


def test_at_the_pilots_own_size_the_error_is_that_of_the_analysis(van_dyke, pilot):  # noqa: F811
    truth, ratings = van_dyke
    table = fom_table(truth, ratings, covariance="jackknife")
    for random in RANDOM.values():
        analysis = obuchowski_rockette(table, random=random)
        plan = MrmcPlan(true_difference=0.05, random=random)
        found = mrmc_power(pilot, plan, n_readers=5, n_cases=114)
        difference = analysis.differences[0]
        assert found.std_error[0, 0] == pytest.approx(difference.std_error, rel=1e-12)
        assert found.df[0, 0] == pytest.approx(difference.df, rel=1e-12)


def test_split_plot_at_its_own_size_is_that_of_the_analysis():
    # Two groups of three readers, each on 60 cases of its own: components are those of 60 cases.
    draw = np.random.default_rng(3)
    value = 0.8 + 0.05 * draw.standard_normal((6, 2))
    covariance = np.zeros((6, 2, 6, 2))
    for a in range(6):
        for b in range(6):
            if a // 3 == b // 3:
                same = a == b
                block = (0.0008, 0.00035) if same else (0.00034, 0.00024)
                covariance[a, :, b, :] = [[block[0], block[1]], [block[1], block[0]]]
    from tests.stats.mrmc.test_mrmc_nested import make_table

    table = make_table(value, covariance, note="")
    analysis = split_plot(table, ["x"] * 3 + ["y"] * 3)
    mean_square = 2 * analysis.differences[0].std_error ** 2 * 6 / 4
    interaction = mean_square - 3 * 0.0001 - (0.0008 - 0.00035 - 0.0001)
    known = dataclasses.replace(
        PUBLISHED, var_reader_modality=interaction, n_cases=60, n_positive=None
    )
    plan = MrmcPlan(true_difference=0.05, n_groups=2)
    found = mrmc_power(known, plan, n_readers=6, n_cases=120)
    assert found.std_error[0, 0] == pytest.approx(analysis.differences[0].std_error, rel=1e-12)
    assert found.df[0, 0] == pytest.approx(analysis.differences[0].df, rel=1e-9)


def test_split_plot_gains_power_for_the_same_readings():
    # Obuchowski, Gallas and Hillis (2012): as many readings, more cases.
    crossed = mrmc_power(PUBLISHED, MrmcPlan(true_difference=0.05), n_readers=6, n_cases=100)
    split = mrmc_power(
        PUBLISHED, MrmcPlan(true_difference=0.05, n_groups=2), n_readers=6, n_cases=200
    )
    assert split.power[0, 0] > crossed.power[0, 0]
    assert split.df[0, 0] < crossed.df[0, 0]


def test_negative_components_are_taken_as_zero():
    odd = dataclasses.replace(PUBLISHED, var_reader_modality=-0.0001, cov2=0.0002)
    zero = dataclasses.replace(PUBLISHED, var_reader_modality=0.0, cov2=PUBLISHED.cov3)
    for random in RANDOM.values():
        plan = MrmcPlan(true_difference=0.05, random=random)
        first, second = (
            mrmc_power(c, plan, n_readers=[4, 8], n_cases=[50, 90]) for c in (odd, zero)
        )
        np.testing.assert_array_equal(first.power, second.power)


def test_a_mean_square_that_no_study_expects_is_taken_as_zero():
    odd = dataclasses.replace(PUBLISHED, var_reader_modality=0.0, cov1=0.00075)
    found = mrmc_power(odd, MrmcPlan(true_difference=0.05), n_readers=5, n_cases=114)
    assert found.std_error[0, 0] ** 2 == pytest.approx(2 * (odd.cov2 - odd.cov3))
    assert math.isinf(found.df[0, 0])


def test_more_modalities_test_all_at_once():
    plan = MrmcPlan(true_difference=0.05, n_modalities=3)
    found = mrmc_power(PUBLISHED, plan, n_readers=6, n_cases=150)
    two = mrmc_power(PUBLISHED, MrmcPlan(true_difference=0.05), n_readers=6, n_cases=150)
    assert found.df[0, 0] == pytest.approx(2 * two.df[0, 0])
    expected = f_mixture(found.noncentrality[0, 0], 2, found.df[0, 0], 0.05)
    assert found.power[0, 0] == pytest.approx(expected, abs=1e-9)


def test_margins_by_simulation_of_the_reader_model():
    # Reader differences and their error drawn as the model has them; Hillis's df.
    found = mrmc_power(PUBLISHED, NONINFERIORITY, n_readers=6, n_cases=200)
    error, df = found.std_error[0, 0], found.df[0, 0]
    draw = np.random.default_rng(1)
    z, s = draw.standard_normal(200_000), np.sqrt(draw.chisquare(df, 200_000) / df)
    from scipy.stats import t

    share = (0.05 / error + z > t.isf(0.025, df) * s).mean()
    assert found.power[0, 0] == pytest.approx(share, abs=0.005)
    equivalence = MrmcPlan(true_difference=0.0, goal="equivalence", margin=0.05)
    both = mrmc_power(PUBLISHED, equivalence, n_readers=6, n_cases=200).power[0, 0]
    reach = t.isf(0.025, df) * s
    share = ((0.05 / error + z > reach) & (0.05 / error - z > reach)).mean()
    assert both == pytest.approx(share, abs=0.005)
    lower = MrmcPlan(true_difference=0.01, goal="non-inferiority", margin=0.05, better="lower")
    higher = dataclasses.replace(lower, true_difference=-0.01, better="higher")
    mirrored = [mrmc_power(PUBLISHED, p, n_readers=6, n_cases=200).power for p in (lower, higher)]
    np.testing.assert_array_equal(*mirrored)


def test_sample_size_is_the_first_that_is_enough_and_says_where_power_falls_again():
    sizes = mrmc_sample_size(PUBLISHED, NONINFERIORITY, n_readers=[5, 10], power=0.9)
    for readers, cases in zip(sizes.n_readers, sizes.n_cases, strict=True):
        around = mrmc_power(
            PUBLISHED, NONINFERIORITY, n_readers=int(readers), n_cases=[int(cases) - 1, int(cases)]
        )
        assert around.power[0, 0] < 0.9 <= around.power[0, 1]
    # Few readers who agree closely on cases: the df of the cases is lost as cases are added.
    close = dataclasses.replace(
        PUBLISHED, var_reader_modality=0.0006, cov1=0.0001, cov2=0.0007, cov3=0.00005
    )
    plan = MrmcPlan(true_difference=0.1)
    power = mrmc_power(close, plan, n_readers=3, n_cases=[300, 2000]).power[0]
    assert power[1] < power[0]
    falls = mrmc_sample_size(close, plan, n_readers=3, power=power[0])
    assert "3 readers: with more cases the power falls below" in falls.note


def test_moments_agree_with_components_at_the_same_numbers():
    moments = roe_metz_moments(roe_metz_model([1.5, 1.8], components=ROE_METZ_1997["HH", 1.5]))
    plan = MrmcPlan(true_difference=0.04)
    found = mrmc_power_from_moments(
        moments, plan, n_readers=[5, 9], n_negative=[60, 240, 600], n_positive=[60, 60, 30]
    )
    assert found.n_cases.tolist() == [120, 300, 630]
    for place, (negative, positive) in enumerate([(60, 60), (240, 60), (600, 30)]):
        components = moments.components(negative, positive)
        one = mrmc_power(components, plan, n_readers=[5, 9], n_cases=negative + positive)
        np.testing.assert_allclose(found.power[:, place], one.power[:, 0], rtol=1e-12)
        error = moments.variance_of_difference(9, negative, positive)[0, 1] ** 0.5
        assert found.std_error[1, place] == pytest.approx(error, rel=1e-10)
    # Scaling by all cases holds at one prevalence alone.
    scaled = mrmc_power(moments.components(60, 60), plan, n_readers=9, n_cases=630)
    assert scaled.power[0, 0] > found.power[1, 2] + 0.05


def test_moments_of_a_split_plot():
    moments = roe_metz_moments(roe_metz_model([1.5, 1.8], components=ROE_METZ_1997["HL", 1.5]))
    plan = MrmcPlan(true_difference=0.04, n_groups=2)
    found = mrmc_power_from_moments(moments, plan, n_readers=6, n_negative=80, n_positive=40)
    one = mrmc_power(moments.components(40, 20), plan, n_readers=6, n_cases=120)
    np.testing.assert_allclose(found.power, one.power, rtol=1e-12)


def test_areas_near_one_are_marked():
    near = roe_metz_moments(roe_metz_model([2.5, 3.2], components=ROE_METZ_1997["HH", 2.5]))
    plan = MrmcPlan(true_difference=0.03)
    few = mrmc_power_from_moments(near, plan, n_readers=5, n_negative=50, n_positive=50)
    assert "within 3 standard errors of 1" in few.note
    far = roe_metz_moments(roe_metz_model([0.75, 1.0], components=ROE_METZ_1997["HL", 0.75]))
    good = mrmc_power_from_moments(far, plan, n_readers=5, n_negative=50, n_positive=50)
    assert good.note == ""


def test_few_readers_are_marked():
    plan = MrmcPlan(true_difference=0.05)
    assert "too few" in mrmc_power(PUBLISHED, plan, n_readers=3, n_cases=100).note
    assert mrmc_power(PUBLISHED, plan, n_readers=4, n_cases=100).note == ""


def test_results_round_trip_and_their_rows_are_in_the_glossary():
    power = mrmc_power(
        PUBLISHED, MrmcPlan(true_difference=0.05), n_readers=[4, 8], n_cases=[90, 99]
    )
    sizes = mrmc_sample_size(PUBLISHED, MrmcPlan(true_difference=0.05), n_readers=[2, 8])
    margin = mrmc_power(PUBLISHED, NONINFERIORITY, n_readers=4, n_cases=90)
    for result in (power, sizes, margin):
        again = result_from_dict(result.to_dict())
        assert again.to_dict() == result.to_dict()
        frame = result.summary_frame()
        assert set(frame.columns) <= set(GLOSSARY)
    frame = power.summary_frame()
    assert frame["n_readers"].tolist() == [4, 4, 8, 8]
    assert frame["power"].tolist() == power.power.ravel().tolist()
    assert np.isnan(sizes.n_cases[0])
    assert "2 readers: not with 2,000 cases" in sizes.note


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"goal": "superiority"}, "goal must be one of 'difference', 'non-inferiority', 'equival"),
        ({"random": "RRRC"}, "random must be one of 'readers and cases'"),
        ({"fixed_reader_test": "F"}, "fixed_reader_test must be one of 'Obuchowski-Rockette'"),
        ({"ci_level": 95}, "ci_level must lie between 0 and 1"),
        ({"true_difference": math.nan}, "true_difference must be finite"),
        ({"true_difference": 0.0}, "true_difference must not be 0 where a difference"),
        ({"n_modalities": 1}, "n_modalities must be at least 2, but got 1"),
        ({"n_groups": 0}, "n_groups must be at least 1, but got 0"),
        ({"margin": 0.05}, "margin has no use with goal='difference'"),
        ({"goal": "equivalence"}, "goal='equivalence' needs margin="),
        (
            {"goal": "non-inferiority", "margin": 0.05},
            "goal='non-inferiority' needs better='higher' or better='lower'",
        ),
        ({"goal": "equivalence", "margin": -0.1}, "margin of a difference must be positive"),
        (
            {"goal": "equivalence", "margin": 0.05},
            "true_difference = 0.05 lies beyond the margin of 0.05",
        ),
        (
            {"goal": "non-inferiority", "margin": 0.04, "better": "lower"},
            "what is to be shown is not true, so no size is enough",
        ),
    ],
)
def test_wrong_plans_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(MrmcPlan(true_difference=0.05), **change)


def test_wrong_sizes_are_named():
    plan, split = MrmcPlan(true_difference=0.05), MrmcPlan(true_difference=0.05, n_groups=3)
    moments = roe_metz_moments(roe_metz_model([1.5, 1.8], components=ROE_METZ_1997["HH", 1.5]))
    calls = [
        (
            lambda: mrmc_power(PUBLISHED, plan, n_readers=1, n_cases=99),
            "n_readers must be at least 2",
        ),
        (lambda: mrmc_power(PUBLISHED, plan, n_readers=4, n_cases=1), "n_cases must be at least 2"),
        (
            lambda: mrmc_power(PUBLISHED, plan, n_readers=4.5, n_cases=9),
            "n_readers must be a whole",
        ),
        (
            lambda: mrmc_power(PUBLISHED, plan, n_readers=[[4]], n_cases=9),
            r"n_readers must be one number or have shape \(n,\), but got \(1, 1\)",
        ),
        (
            lambda: mrmc_power(PUBLISHED, split, n_readers=8, n_cases=99),
            "n_readers must be multiples of n_groups = 3",
        ),
        (
            lambda: mrmc_power_from_moments(
                moments, plan, n_readers=4, n_negative=[1, 2, 3], n_positive=[1, 2]
            ),
            "n_negative and n_positive are paired, but there are 3 and 2",
        ),
        (
            lambda: mrmc_power_from_moments(
                moments, split, n_readers=6, n_negative=30, n_positive=31
            ),
            "must be multiples of n_groups = 3",
        ),
        (
            lambda: mrmc_sample_size(PUBLISHED, plan, n_readers=4, power=1.0),
            "power must lie between 0 and 1",
        ),
        (
            lambda: mrmc_sample_size(PUBLISHED, plan, n_readers=4, most_cases=1),
            "most_cases must be at least 2, but got 1",
        ),
        (
            lambda: mrmc_power(
                dataclasses.replace(PUBLISHED, var_reader_modality=0, cov1=0.0008),
                MrmcPlan(true_difference=0.05, random="readers"),
                n_readers=4,
                n_cases=99,
            ),
            "the components leave no variance of the difference",
        ),
    ]
    for call, message in calls:
        with pytest.raises(ValueError, match=message):
            call()
    assert mrmc_power(
        PUBLISHED, dataclasses.replace(plan, random="cases"), n_readers=1, n_cases=99
    ).power.shape == (1, 1)
