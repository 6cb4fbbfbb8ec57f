"""The mean ROC curve of readers: areas, iMRMC's averages, and what is refused."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from toolkit.results import Curve, result_from_dict
from toolkit.stats.auc.curve import auc, roc_curve
from toolkit.stats.binormal.binormal import binormal_fit
from toolkit.stats.binormal.curves import fitted_curve
from toolkit.stats.mrmc.mean_curve import mean_binormal_curve, mean_roc_curve

DIRECTIONS = ("vertical", "horizontal", "diagonal")


def area(curve):
    return float(np.trapezoid(curve.y, curve.x))


def distance(x, y, curve):
    """Distance of a point to the nearest of the straight lines between a curve's points."""
    start = np.column_stack([curve.x, curve.y])[:-1]
    step = np.diff(np.column_stack([curve.x, curve.y]), axis=0)
    length = (step**2).sum(axis=1)
    along = np.clip(((np.array([x, y]) - start) * step).sum(axis=1) / length, 0, 1)
    return float(np.hypot(*(start + along[:, None] * step - [x, y]).T).min())


@pytest.fixture(scope="module")
def van_dyke(reference_data):
    """Curves by (reader, modality)."""
    path = reference_data / "data" / "VanDyke" / "ratings.csv"
    table = np.genfromtxt(path, delimiter=",", names=True)
    keys = [(j, i) for j in range(1, 6) for i in (1, 2)]
    rows = {key: table[(table["reader"] == key[0]) & (table["modality"] == key[1])] for key in keys}
    return {key: (row["truth"], row["rating"]) for key, row in rows.items()}


# ---- reference


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("modality", [1, 2])
def test_average_matches_imrmc(reference_data, van_dyke, direction, modality):
    """iMRMC 2.1.2 picks curves by grepl(modality, "modality.reader"), so one reader too many.

    For modality 1 it also takes curve "2.1", reader 1 in modality 2, and for modality 2 curve
    "1.2", reader 2 in modality 1: with these six curves in, its averages are ours.
    """
    text = (reference_data / "reference" / "imrmc.json").read_text()
    results = json.loads(text)["results"]["doROCcurveMRMC/VanDyke"]["result"]
    peer = results[f"{modality}.{direction}Avg"]
    own = [(j, modality) for j in range(1, 6)]
    stray = (1, 2) if modality == 1 else (2, 1)
    six = mean_roc_curve([roc_curve(*van_dyke[k]) for k in (*own, stray)], direction=direction)
    for x, y in zip(peer["fpf"], peer["tpf"], strict=True):
        assert distance(x, y, six) < 1e-12
    assert area(six) == pytest.approx(np.trapezoid(peer["tpf"], peer["fpf"]), abs=1e-12)
    five = mean_roc_curve([roc_curve(*van_dyke[k]) for k in own], direction=direction)
    mean = np.mean([auc(*van_dyke[k]) for k in own])
    assert area(five) == pytest.approx(mean, abs=1e-12)
    assert abs(area(six) - mean) > 0.005


def test_vertical_average_by_hand():
    """Two readers of 2 + 2 cases; at specificity 0.75 they have sensitivities 0.75 and 0.5."""
    first, second = roc_curve([0, 0, 1, 1], [1, 2, 2, 3]), roc_curve([0, 0, 1, 1], [1, 3, 2, 4])
    mean = mean_roc_curve([first, second], direction="vertical")
    assert np.interp(0.25, mean.x, mean.y) == (0.75 + 0.5) / 2
    assert (mean.x.tolist(), mean.y.tolist()) == ([0, 0, 0.5, 0.5, 1], [0, 0.5, 0.75, 1, 1])


def test_mean_binormal_parameters_match_mrmcaov(reference_data, van_dyke):
    """The curve of MRMCaov's mean a and b; its own fits stop a little before the maximum."""
    text = (reference_data / "reference" / "mrmcaov.json").read_text()
    peer = json.loads(text)["results"]["VanDyke/roc_curves/binormal"]["result"]
    a, b = (np.array(peer[name][::2], dtype=float).mean() for name in ("a", "b"))
    fits = [binormal_fit(*van_dyke[j, 1]) for j in range(1, 6)]
    curve = mean_binormal_curve(fits)
    inner = slice(1, -1)
    expected = stats.norm.cdf(a + b * stats.norm.ppf(curve.x[inner]))
    np.testing.assert_allclose(curve.y[inner], expected, atol=2e-4)
    shifted = [
        replace(fit, intercept=a + d, slope=b - d)
        for fit, d in zip(fits[:2], (0.1, -0.1), strict=True)
    ]
    exact = mean_binormal_curve(shifted)
    expected = stats.norm.cdf(a + b * stats.norm.ppf(exact.x[inner]))
    np.testing.assert_allclose(exact.y[inner], expected, rtol=1e-9)


# ---- property


readers = st.lists(
    st.tuples(
        st.lists(st.integers(0, 5), min_size=1, max_size=12),
        st.lists(st.integers(0, 5), min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=6,
)


@given(readers=readers, direction=st.sampled_from(DIRECTIONS))
@settings(max_examples=150, deadline=None)
def test_area_of_the_mean_is_the_mean_area(readers, direction):
    data = [
        (np.repeat([1, 0], [len(positive), len(negative)]), [*positive, *negative])
        for positive, negative in readers
    ]
    mean = mean_roc_curve([roc_curve(*one) for one in data], direction=direction)
    assert area(mean) == pytest.approx(np.mean([auc(*one) for one in data]), abs=1e-12)
    assert (np.diff(mean.x) > -1e-12).all()
    assert (np.diff(mean.y) > -1e-12).all()
    assert (mean.x[0], mean.y[0], mean.x[-1], mean.y[-1]) == (0, 0, 1, 1)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_one_reader_and_like_readers_give_the_reader(direction):
    curve = roc_curve([0, 0, 0, 1, 1, 1], [1, 2, 2, 2, 3, 1])
    for number in (1, 3):
        mean = mean_roc_curve([curve] * number, direction=direction)
        for x, y in zip(curve.x, curve.y, strict=True):
            assert distance(x, y, mean) < 1e-12
        for x, y in zip(mean.x, mean.y, strict=True):
            assert distance(x, y, curve) < 1e-12


def test_reversing_classes_swaps_vertical_and_horizontal():
    draw = np.random.default_rng(3)
    truth = np.arange(20) % 2
    ratings = [draw.integers(0, 6, 20) + truth for _ in range(4)]
    up = mean_roc_curve([roc_curve(truth, r) for r in ratings], direction="vertical")
    down = mean_roc_curve([roc_curve(1 - truth, -r) for r in ratings], direction="horizontal")
    for x, y in zip(up.x, up.y, strict=True):
        assert distance(1 - y, 1 - x, down) < 1e-12


def test_mean_of_binormal_curves_may_be_taken_as_well():
    draw = np.random.default_rng(3)
    truth = np.arange(60) % 2
    fits = [binormal_fit(truth, draw.normal(size=60) + truth) for _ in range(3)]
    curves = [fitted_curve(fit, n_points=2001) for fit in fits]
    assert area(mean_roc_curve(curves)) == pytest.approx(
        np.mean([area(c) for c in curves]), abs=1e-9
    )


def test_curves_survive_their_dictionary_and_say_what_they_are():
    curve = roc_curve([0, 0, 1, 1], [1, 2, 2, 3])
    mean = mean_roc_curve([curve, curve], label="aided")
    assert result_from_dict(mean.to_dict()).to_dict() == mean.to_dict()
    assert (mean.kind, mean.label, mean.n_cases, mean.n_positive) == ("roc", "aided", 4, 2)
    assert mean.note == "points of a mean of readers belong to no rating"
    other = roc_curve([0, 1, 1], [1, 2, 2])
    assert mean_roc_curve([curve, other]).n_cases is None


# ---- edge


def test_a_reader_without_a_fit_leaves_no_mean_but_a_note():
    truth = [0, 0, 0, 1, 0, 1, 1, 1]
    good = binormal_fit(truth, [1, 2, 3, 3, 4, 2, 4, 5], label="A")
    perfect = binormal_fit(truth, [1, 1, 2, 5, 2, 5, 6, 6], label="B")
    curve = mean_binormal_curve([good, perfect])
    assert np.isnan(curve.y[1:-1]).all()
    assert "no binormal fit of B: leave them out in view" in curve.note
    unnamed = mean_binormal_curve([replace(perfect, label="")])
    assert "no binormal fit of the reader at position 0" in unnamed.note


# ---- errors


def test_wrong_curves_are_refused_by_name():
    curve = roc_curve([0, 0, 1, 1], [1, 2, 2, 3], label="A")
    one_class = roc_curve([1, 1], [1, 2], label="B")
    with pytest.raises(ValueError, match="curves must hold the curve of one reader or more"):
        mean_roc_curve([])
    with pytest.raises(ValueError, match=r"position 1 \(B\) is undefined \(no case of the class"):
        mean_roc_curve([curve, one_class])
    with pytest.raises(ValueError, match=r"position 0 \(A\) must be of kind 'roc', but is of kind"):
        mean_roc_curve([replace(curve, kind="precision_recall")])
    for x, y in (([0.0, 1.0], [0.0, 0.9]), ([0.0, 0.5, 0.4, 1.0], [0.0, 0.5, 0.6, 1.0]), ([], [])):
        x, y = np.array(x), np.array(y)
        broken = Curve(kind="roc", x=x, y=y, threshold=x, method="drawn by hand")
        with pytest.raises(ValueError, match=r"position 0 must rise from \(0, 0\) to \(1, 1\)"):
            mean_roc_curve([broken])
    with pytest.raises(ValueError, match="direction must be one of 'vertical', 'horizontal', 'dia"):
        mean_roc_curve([curve], direction="pooled")
    with pytest.raises(ValueError, match="fits must hold the fit of one reader or more"):
        mean_binormal_curve([])
    fit = binormal_fit([0, 0, 0, 1, 0, 1, 1, 1], [1, 2, 3, 3, 4, 2, 4, 5])
    with pytest.raises(ValueError, match="n_points must be 2 or more"):
        mean_binormal_curve([fit], n_points=1)
    assert math.isnan(mean_binormal_curve([fit]).threshold[0])
