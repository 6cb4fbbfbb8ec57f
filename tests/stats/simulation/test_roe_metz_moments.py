"""Exact moments of the Roe-Metz model: MRMCaov, iRoeMetz, quadrature, simulation; and back."""

import dataclasses
import json
import re

import numpy as np
import pytest
from scipy import stats

from tests.stats.binormal.test_bivariate_normal import by_quadrature
from tests.stats.simulation.test_roe_metz import GENERAL
from toolkit.results import result_from_dict
from toolkit.stats.mrmc.moments import NEGATIVE, POSITIVE, READER
from toolkit.stats.mrmc.study_components import StudyComponents
from toolkit.stats.simulation.roe_metz import (
    ROE_METZ_1997,
    RoeMetzComponents,
    RoeMetzModel,
    roe_metz_model,
    roe_metz_moments,
)
from toolkit.stats.simulation.roe_metz_fit import RoeMetzParameters, roe_metz_from_components

COMPONENTS = ("var_reader", "var_reader_modality", "var_error", "cov1", "cov2", "cov3")
THEIRS = ("var_R", "var_TR", "var_error", "cov1", "cov2", "cov3")

# The kinds in the order of Gallas, which iRoeMetz prints.
GALLAS = [
    READER | POSITIVE | NEGATIVE,
    READER | NEGATIVE,
    READER | POSITIVE,
    READER,
    POSITIVE | NEGATIVE,
    NEGATIVE,
    POSITIVE,
    0,
]


@pytest.fixture(scope="module")
def mrmcaov(reference_data):
    text = (reference_data / "reference" / "mrmcaov_roemetz.json").read_text()
    return json.loads(text)["results"]


@pytest.fixture(scope="module")
def iroemetz(reference_data):
    return json.loads((reference_data / "reference" / "iroemetz.json").read_text())["results"]


def arguments(entry):
    pairs = re.findall(r"(\w+)=([-\d.]+)", entry["call"])
    return {name: float(value) for name, value in pairs}


def printed(entry):
    return {name: values[0] for name, values in entry["result"].items() if values}


def model_of(given):
    return RoeMetzParameters(
        separation=np.array([given["delta1"], given["delta2"]]),
        reader=given["var_R"],
        modality_reader=given["var_TR"],
        case=given["var_C"],
        modality_case=given["var_TC"],
        reader_case=given["var_RC"],
        error=given["var_error"],
        spread=1 / given["b"],
        method="given",
    )


KEYS = ["HL", "HH", "LL", "LHb"]


@pytest.mark.parametrize("size", ["n0_50_n1_50", "n0_1000_n1_1000"])
@pytest.mark.parametrize("key", KEYS)
def test_components_match_mrmcaov(mrmcaov, key, size):
    entry = mrmcaov[f"RMH_to_OR/{key}/{size}"]
    given, expected = arguments(entry), printed(entry)
    model = model_of(given)
    moments = roe_metz_moments(model.model)
    found = moments.components(int(given["n0"]), int(given["n1"]))
    for ours, theirs in zip(COMPONENTS, THEIRS, strict=True):
        assert getattr(found, ours) == pytest.approx(expected[theirs], rel=1e-9, abs=1e-15)
    assert moments.auc == pytest.approx([expected["AUC1"], expected["AUC2"]], rel=1e-12)
    shares = [expected["Pr1_improper"], expected["Pr2_improper"]]
    assert model.improper_share == pytest.approx(shares, rel=1e-9, abs=1e-15)
    if expected.get("mean_to_sig1") is not None:
        assert model.mean_to_sigma[0] == pytest.approx(expected["mean_to_sig1"], rel=1e-12)


@pytest.mark.parametrize("place", range(5))
def test_moments_match_iroemetz(iroemetz, place):
    # iRoeMetz integrates over 5 standard deviations on each side, which hold all but 5.7e-7: each
    # of its moments is too small by about that. Variances are differences of moments and keep
    # that error, up to 2e-4 of themselves; MRMCaov, quadrature and simulation agree with ours.
    entry = iroemetz[place]
    v = entry["var_t"]
    model = RoeMetzModel(
        separation=[entry["uA"], entry["uB"]],
        shared=[v[12:15], v[15:18]],
        own=[[v[0:3], v[3:6]], [v[6:9], v[9:12]]],
    )
    moments = roe_metz_moments(model)
    for name, pair in (("BDG_AA", (0, 0)), ("BDG_BB", (1, 1)), ("BDG_AB", (0, 1))):
        ours = moments.moments[pair][GALLAS]
        np.testing.assert_allclose(ours, entry[name], rtol=2e-5)
        np.testing.assert_allclose(ours, entry[name], atol=6e-7)
    size = entry["nr"], entry["n0"], entry["n1"]
    covariance = moments.covariance(*size)
    assert covariance[0, 0] == pytest.approx(entry["varA"], abs=6e-7)
    assert covariance[1, 1] == pytest.approx(entry["varB"], abs=6e-7)
    difference = moments.variance_of_difference(*size)[0, 1]
    assert difference == pytest.approx(entry["totalVar"], abs=6e-7)


def test_moments_are_integrals_in_two_dimensions():
    moments = roe_metz_moments(GENERAL).moments
    spread = np.sqrt(GENERAL.of_difference)
    deviate = GENERAL.separation / spread
    for a in (0, 1):
        for b in (0, 1):
            for kind in range(7):
                own = GENERAL.own[a] if a == b else np.zeros((2, 3))
                (rn, cn, mn), (rp, cp, mp) = GENERAL.shared + own
                shared = (rn + rp) * bool(kind & READER)
                shared += (cp + mp * bool(kind & READER)) * bool(kind & POSITIVE)
                shared += (cn + mn * bool(kind & READER)) * bool(kind & NEGATIVE)
                rho = shared / (spread[a] * spread[b])
                expected = by_quadrature(deviate[a], deviate[b], rho)
                assert moments[a, b, kind] == pytest.approx(expected, abs=1e-10)
    np.testing.assert_allclose(moments[[0, 1], [0, 1], 7], GENERAL.aucs, atol=1e-15)


def test_covariance_of_mean_aucs_is_that_of_the_components():
    # Var(mean difference) = 2/J (VarTR + Var - Cov1 + (J - 1)(Cov2 - Cov3)) (Hillis 2018).
    moments = roe_metz_moments(GENERAL)
    for readers, negative, positive in [(1, 10, 7), (5, 50, 20), (20, 1000, 400)]:
        c = moments.components(negative, positive)
        expected = c.var_error - c.cov1 + (readers - 1) * (c.cov2 - c.cov3) + c.var_reader_modality
        found = moments.variance_of_difference(readers, negative, positive)[0, 1]
        assert found == pytest.approx(2 / readers * expected, rel=1e-11)


def test_variance_components_add_up_to_the_covariance():
    moments = roe_metz_moments(GENERAL)
    readers, negative, positive = 4, 30, 20
    parts = moments.variance_components()
    sizes = {READER: readers, POSITIVE: positive, NEGATIVE: negative}
    total = np.zeros((2, 2))
    for kind in range(1, 8):
        divisor = np.prod([size for bit, size in sizes.items() if kind & bit])
        total += parts[..., kind] / divisor
    np.testing.assert_allclose(total, moments.covariance(readers, negative, positive), rtol=1e-10)


def test_three_modalities_average_their_pairs():
    separation = [1.0, 1.5, 1.5]
    moments = roe_metz_moments(roe_metz_model(separation, components=ROE_METZ_1997["HH", 1.5]))
    pairs = [
        roe_metz_moments(
            roe_metz_model([separation[a], separation[b]], components=ROE_METZ_1997["HH", 1.5])
        ).components(40, 30)
        for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    found = moments.components(40, 30)
    for name in ("cov1", "cov3", "var_reader", "var_error", "cov2"):
        mean = np.mean([getattr(pair, name) for pair in pairs])
        assert getattr(found, name) == pytest.approx(mean, rel=1e-12)


def test_moments_round_trip_and_refuse_what_is_not_there():
    moments = roe_metz_moments(GENERAL)
    again = result_from_dict(moments.to_dict())
    np.testing.assert_array_equal(again.moments, moments.moments)
    one = roe_metz_moments(
        RoeMetzModel(separation=[1.0], shared=np.ones((2, 3)), own=[np.ones((2, 3))])
    )
    assert one.covariance(3, 5, 5).shape == (1, 1)
    with pytest.raises(ValueError, match="need two modalities, but there is one"):
        one.components(5, 5)
    with pytest.raises(ValueError, match="n_negative must be at least 1, but got 0"):
        moments.components(0, 5)
    with pytest.raises(
        ValueError, match=r"moments must have shape \(1, 1, 8\), but got \(2, 2, 8\)"
    ):
        dataclasses.replace(moments, auc=np.array([0.5]))


# --- back: from components to the model ---------------------------------------------------------


def wanted_of(entry):
    given = arguments(entry)
    error = given["var_error"]
    return [given["AUC1"], given["AUC2"]], StudyComponents(
        var_reader=given["var_R"],
        var_reader_modality=given["var_TR"],
        var_error=error,
        cov1=error * given["corr1"],
        cov2=error * given["corr2"],
        cov3=error * given["corr3"],
        n_cases=int(given["n0"] + given["n1"]),
        n_positive=int(given["n1"]),
        method="given",
    )


def check_round_trip(found, auc, wanted, *, error_matched):
    moments = roe_metz_moments(found.model)
    back = moments.components(wanted.n_cases - wanted.n_positive, wanted.n_positive)
    assert moments.auc == pytest.approx(auc, rel=1e-12)
    assert back.var_reader == pytest.approx(wanted.var_reader, rel=1e-9)
    assert back.var_reader_modality == pytest.approx(wanted.var_reader_modality, rel=1e-9)
    if error_matched:
        assert back.var_error == pytest.approx(wanted.var_error, rel=1e-9)
    for name in ("cov1", "cov2", "cov3"):
        share = getattr(wanted, name) / wanted.var_error
        assert getattr(back, name) / back.var_error == pytest.approx(share, rel=1e-9)


@pytest.mark.parametrize("spread", [None, 1.0])
def test_model_of_van_dyke_gives_back_its_components_and_is_mrmcaovs(mrmcaov, spread):
    # MRMCaov's own roots are good to about 1e-7 (its result does not give back what it was given
    # to more), and its b to 1e-6; ours give back the components to 1e-9.
    entry = mrmcaov[f"OR_to_RMH/VanDyke/{'unspecified' if spread is None else 'specified'}"]
    auc, wanted = wanted_of(entry)
    found = roe_metz_from_components(auc, wanted, spread=spread)
    check_round_trip(found, auc, wanted, error_matched=spread is None)
    expected = printed(entry)
    assert 1 / found.spread == pytest.approx(expected["b"], abs=2e-6)
    at_theirs = roe_metz_from_components(auc, wanted, spread=1 / expected["b"])
    ours = [
        *at_theirs.separation,
        at_theirs.reader,
        at_theirs.modality_reader,
        at_theirs.case,
        at_theirs.modality_case,
        at_theirs.reader_case,
        at_theirs.error,
    ]
    names = ("delta1", "delta2", "var_R", "var_TR", "var_C", "var_TC", "var_RC", "var_error")
    assert ours == pytest.approx([expected[name] for name in names], rel=2e-7)
    theirs = dict(zip(names, [expected[name] for name in names], strict=True))
    peer = model_of({**theirs, "b": expected["b"]})
    drift = roe_metz_moments(peer.model).components(69, 45).var_reader_modality
    assert drift != pytest.approx(wanted.var_reader_modality, rel=1e-9)


@pytest.mark.parametrize("spread", [1.0, 1.4, 2.2])
@pytest.mark.parametrize("key", [("HL", 0.75), ("HH", 1.5), ("LL", 2.5), ("LH", 2.5)])
def test_fit_inverts_the_moments(key, spread):
    structure = ROE_METZ_1997[key]
    model = roe_metz_model([key[1], key[1] + 0.1], components=structure, spread=spread)
    moments = roe_metz_moments(model)
    wanted = moments.components(90, 40)
    found = roe_metz_from_components(moments.auc, wanted)
    assert found.note == ""
    assert found.spread == pytest.approx(spread, rel=1e-6)
    assert found.separation == pytest.approx(model.separation, rel=1e-6)
    fields = [field.name for field in dataclasses.fields(RoeMetzComponents)]
    for name in fields:
        assert getattr(found, name) == pytest.approx(getattr(structure, name), rel=1e-5)
    check_round_trip(found, moments.auc, wanted, error_matched=True)


def test_two_spreads_give_the_same_error_where_positive_cases_are_more():
    model = roe_metz_model([1.5, 1.6], components=ROE_METZ_1997["HL", 1.5], spread=1.2)
    moments = roe_metz_moments(model)
    wanted = moments.components(40, 90)
    found = roe_metz_from_components(moments.auc, wanted)
    assert found.spread == pytest.approx(1.2, rel=1e-6)
    assert "gives the same var_error" in found.note
    other = float(re.search(r"about ([\d.]+) gives", found.note)[1])
    second = roe_metz_from_components(moments.auc, wanted, spread=other)
    error = roe_metz_moments(second.model).components(40, 90).var_error
    assert error == pytest.approx(wanted.var_error, rel=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_positive": None}, "components needs n_positive, between 0 and n_cases = 114"),
        ({"var_reader": None}, "components needs var_reader, the variance between readers"),
        ({"var_error": 0.1, "cov3": 0.0001}, "with a spread of 1 to 20 gives var_error = 0.1"),
        ({"var_reader": 0.2}, "no Roe-Metz model gives var_reader = 0.2"),
        ({"var_reader_modality": -0.0005}, "modality_reader would be -"),
        ({"cov3": 0.0003435}, "modality_case would be -"),
        ({"cov1": 0.00023}, "reader_case would be -"),
        ({"cov1": 0.0006, "cov2": 0.0006}, "error would be -"),
        ({"cov1": -0.0003}, "no Roe-Metz model gives cov1 = -0.0003"),
    ],
)
def test_components_that_no_model_has_are_named(change, message):
    pilot = StudyComponents(
        var_reader=0.00154,
        var_reader_modality=0.000208,
        var_error=0.000788,
        cov1=0.000341,
        cov2=0.000339,
        cov3=0.000236,
        n_cases=114,
        n_positive=45,
        method="VanDyke",
    )
    with pytest.raises(ValueError, match=message):
        roe_metz_from_components([0.897, 0.941], dataclasses.replace(pilot, **change))


def test_wrong_arguments_are_named():
    pilot = roe_metz_moments(GENERAL).components(20, 20)
    with pytest.raises(
        ValueError, match=r"auc must have shape \(2,\), one a modality, but got \(3,\)"
    ):
        roe_metz_from_components([0.8, 0.8, 0.8], pilot)
    with pytest.raises(ValueError, match="auc must lie between 0 and 1, but got 1"):
        roe_metz_from_components([0.8, 1.0], pilot)
    with pytest.raises(ValueError, match="spread must be a finite number above 0"):
        roe_metz_from_components([0.8, 0.9], pilot, spread=-1)


# --- simulation ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        GENERAL,
        roe_metz_model([1.5, 1.65], components=ROE_METZ_1997["HH", 1.5]),
        roe_metz_model([0.75, 0.9], components=ROE_METZ_1997["LL", 0.75], spread=1.4),
        roe_metz_model([2.5, 2.6], components=ROE_METZ_1997["LH", 2.5]),
    ],
    ids=["general", "HH", "LL unequal", "LH"],
)
def test_exact_moments_are_those_of_20000_simulated_studies(model):
    from tests.simulated_studies import covariances_over_cases, draw_studies

    n_readers, n_negative, n_positive, n_studies = 4, 30, 20, 20_000
    generator = np.random.default_rng(20260101)
    aucs = []
    for _ in range(n_studies // 1000):
        negative, positive = draw_studies(model, n_negative, n_positive, n_readers, 1000, generator)
        aucs.append(covariances_over_cases(negative, positive)[0])
    areas = np.concatenate(aucs)  # (n_studies, n_modalities, n_readers)
    moments = roe_metz_moments(model)
    means = areas.mean(axis=2)
    expected = moments.covariance(n_readers, n_negative, n_positive)
    np.testing.assert_allclose(
        means.mean(axis=0), moments.auc, atol=4 * np.sqrt(expected.max() / n_studies)
    )
    # The standard error of a variance, with the kurtosis that the means have.
    kurtosis = 3 + stats.kurtosis(means, axis=0).max()
    reach = 4 * np.sqrt((kurtosis - 1) / n_studies)
    np.testing.assert_allclose(np.cov(means.T), expected, atol=reach * expected.max())
    difference = np.var(means[:, 1] - means[:, 0], ddof=1)
    exact = moments.variance_of_difference(n_readers, n_negative, n_positive)[0, 1]
    assert difference == pytest.approx(exact, rel=reach)
    # Over studies, AUCs of one reader share the reader and the cases, of two readers the cases.
    found = moments.components(n_negative, n_positive)
    flat = np.cov(areas.reshape(n_studies, -1).T).reshape(2, n_readers, 2, n_readers)
    own = np.eye(n_readers, dtype=bool)
    scale = reach * flat[0, 0, 0, 0] / 2
    means = [
        [flat[a, :, b, :][which].mean() for which in (own, ~own)] for a in (0, 1) for b in (0, 1)
    ]
    same, across = (np.mean([means[a], means[b]], axis=0) for a, b in ((0, 3), (1, 2)))
    both = found.var_reader + found.var_reader_modality
    assert same == pytest.approx([both + found.var_error, found.cov2], abs=scale)
    assert across == pytest.approx([found.var_reader + found.cov1, found.cov3], abs=scale)
