"""The mean curve of readers: by hand, by areas, and against RJafroc's figures of merit."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.froc_sample import froc_from_csv
from toolkit.results import Curve, result_from_dict
from toolkit.stats.froc.curves import (
    afroc_curve,
    froc_curve,
    inferred_roc_curve,
    lroc_curve,
    mean_froc_curve,
    wafroc_curve,
)
from toolkit.stats.froc.cut_figures import lesion_sensitivity_fom
from toolkit.stats.froc.figures_of_merit import afroc, hr_auc
from toolkit.stats.froc.studies import froc_study, lroc_study


def curve(x, y, threshold=None, **changes):
    threshold = np.linspace(9, 1, len(x)) if threshold is None else threshold
    made = {"kind": "froc", "method": "made up", **changes}
    x, y, threshold = (np.array(values, dtype=float) for values in (x, y, threshold))
    return Curve(x=x, y=y, threshold=threshold, **made)


def points(mean):
    return list(zip(mean.x.tolist(), mean.y.tolist(), strict=True))


def area(one, end=np.inf):
    """Trapezoids of a curve up to ``end``, by exact fractions."""
    total = Fraction(0)
    for k in range(one.x.size - 1):
        x0, x1 = Fraction(float(one.x[k])), Fraction(float(one.x[k + 1]))
        y0, y1 = Fraction(float(one.y[k])), Fraction(float(one.y[k + 1]))
        if x1 <= x0 or x0 >= end:
            continue
        cut = min(x1, Fraction(end)) if np.isfinite(end) else x1
        at_cut = y0 + (y1 - y0) * (cut - x0) / (x1 - x0)
        total += (cut - x0) * (y0 + at_cut) / 2
    return float(total)


def reader_study(seed=4, n_readers=4):
    draw = np.random.default_rng(seed)
    rating = draw.integers(1, 6, (12, n_readers, 1)).astype(float)
    rating[draw.random(rating.shape) < 0.3] = -np.inf
    n_marks = 40
    return froc_study(
        n_cases=30,
        lesion_case=np.arange(12),
        lesion_rating=rating,
        nl_case=draw.integers(0, 30, n_marks),
        nl_rating=draw.integers(1, 5, n_marks),
        nl_reader=np.concatenate([np.arange(n_readers), draw.integers(0, n_readers, n_marks - 4)]),
    )


def readings(study):
    return [study.reading(reader) for reader in range(len(study.readers))]


def test_mean_of_two_readers_by_hand():
    # R1 steps to 0.4 at once and reaches (1, 0.6); R2 is the line to (0.5, 0.2), then to (2, 0.8).
    one = curve([0, 0, 1], [0, 0.4, 0.6])
    two = curve([0, 0.5, 2], [0, 0.2, 0.8])
    mean = mean_froc_curve([one, two], label="both")
    # At 0.5: (0.5 + 0.2) / 2. At 1: (0.6 + 0.4) / 2, and there R1 stops.
    expected = [(0, 0), (0, 0.2), (0.5, 0.35), (1, 0.5)]
    assert points(mean) == [pytest.approx(point, abs=1e-15) for point in expected]
    assert (mean.kind, mean.label) == ("froc", "both")
    assert mean.method == "vertical average of 2 empirical curves"


def test_a_step_of_one_reader_stays_a_step_of_its_share():
    stepped = curve([0, 0.5, 0.5, 1], [0, 0, 0.9, 0.9])
    flat = curve([0, 1], [0.0, 0.0])
    mean = mean_froc_curve([stepped, flat, flat])
    expected = [(0, 0), (0.5, 0), (0.5, 0.3), (1, 0.3)]
    assert points(mean) == [pytest.approx(point) for point in expected]


def test_the_mean_ends_where_the_first_reader_stops_and_says_so():
    curves = [curve([0, x], [0, 0.5]) for x in (0.25, 0.5, 0.75)]
    mean = mean_froc_curve(curves)
    assert mean.x[-1] == 0.25
    assert mean.y[-1] == pytest.approx((1 / 2 + 1 / 4 + 1 / 6) / 3)
    assert "ends at 0.25, where the first of 3 readers stops marking; 2 go on" in mean.note
    alike = mean_froc_curve([curves[0], curves[0]])
    assert "ends at" not in alike.note
    assert "1 goes on" in mean_froc_curve(curves[:2]).note


def test_the_last_step_at_the_end_is_kept():
    short = curve([0, 0.5, 0.5], [0, 0.2, 0.6])
    long = curve([0, 0.5, 0.5, 1], [0, 0.2, 0.4, 0.9])
    mean = mean_froc_curve([short, long])
    assert points(mean)[-2:] == [pytest.approx((0.5, 0.2)), pytest.approx((0.5, 0.5))]


def test_a_reader_without_marks_leaves_the_start_alone():
    nobody = curve([0], [0], [np.inf])
    mean = mean_froc_curve([nobody, curve([0, 0, 1], [0, 0.5, 1])])
    assert points(mean) == [(0.0, 0.0), (0.0, 0.25)]


def test_one_reader_is_its_own_mean():
    for reading in readings(reader_study()):
        one = froc_curve(reading)
        mean = mean_froc_curve([one])
        assert set(points(mean)) <= set(points(one))
        assert area(mean) == pytest.approx(area(one), rel=1e-12)
        assert mean.method == "vertical average of 1 empirical curve"


def test_perfect_readers_have_a_perfect_mean():
    mean = mean_froc_curve([curve([0, 0], [0, 1])] * 3)
    assert points(mean) == [(0, 0), (0, 1)]


def test_height_is_the_mean_lesion_sensitivity_of_the_readers():
    # Oracle: the figure of merit, which bisects over sums of marks and knows no curve.
    study = reader_study()
    mean = mean_froc_curve([froc_curve(reading) for reading in readings(study)])
    for x in np.unique(mean.x):
        if x == 0:
            continue
        fom = lesion_sensitivity_fom(nl_per_image=float(x))
        expected = np.mean([fom(reading) for reading in readings(study)])
        assert mean.y[mean.x == x].max() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("make", "fom"), [(afroc_curve, afroc), (inferred_roc_curve, hr_auc)], ids=["afroc", "roc"]
)
def test_area_is_the_mean_figure_of_merit(make, fom):
    study = reader_study()
    mean = mean_froc_curve([make(reading) for reading in readings(study)])
    assert (mean.x[-1], mean.y[-1]) == pytest.approx((1, 1))
    assert "ends at" not in mean.note
    expected = np.mean([fom(reading) for reading in readings(study)])
    assert area(mean) == pytest.approx(expected, rel=1e-12)


def test_area_of_dataset01_is_the_mean_wafroc_of_rjafroc(reference_data):
    # R: RJafroc::St(dataset01, FOM = "wAFROC", method = "OR")$FOMs$foms, means of the readers.
    text = (reference_data / "reference" / "rjafroc.json").read_text()
    published = {"BT": 0.8122366573, "DM": 0.7111130618}
    assert all(str(value)[:9] in text for value in published.values())
    assert json.loads(text)["peer"] == "RJafroc"
    study = froc_from_csv(reference_data / "data" / "dataset01")
    for place, modality in enumerate(study.modalities):
        one = study.of_modality(place)
        mean = mean_froc_curve([wafroc_curve(reading) for reading in readings(one)])
        assert area(mean) == pytest.approx(published[modality], abs=5e-11)


def test_lroc_curves_go_on_to_one_as_well():
    study = lroc_study(
        [0, 0, 1, 1],
        np.array([[[1.0]], [[3]], [[2]], [[4]]]),
        np.array([[[0]], [[0]], [[1]], [[0]]]),
    )
    mean = mean_froc_curve([lroc_curve(study.reading())] * 2)
    assert (mean.kind, mean.x[-1], mean.y[-1]) == ("lroc", 1.0, 0.5)


def test_threshold_is_undefined_or_says_that_marks_have_ended():
    # Fully rated up to x = 0.5 for one reader and 0.2 for the other; from there nothing is marked.
    one = curve([0, 0.5, 1], [0, 0.6, 1], [np.inf, 2, -np.inf], kind="afroc")
    two = curve([0, 0.2, 1], [0, 0.4, 1], [np.inf, 7, -np.inf], kind="afroc")
    mean = mean_froc_curve([one, two])
    assert mean.x.tolist() == [0, 0.2, 0.5, 1]
    assert np.isnan(mean.threshold[:2]).all()
    assert (mean.threshold[2:] == -np.inf).all()
    assert "no threshold" in mean.note


def test_denominators_are_kept_where_all_readers_share_them():
    one = curve([0, 1], [0, 1], n_cases=8, n_positive=3)
    assert (mean_froc_curve([one, one]).n_cases, mean_froc_curve([one, one]).n_positive) == (8, 3)
    other = curve([0, 1], [0, 1], n_cases=9, n_positive=3)
    mean = mean_froc_curve([one, other])
    assert (mean.n_cases, mean.n_positive) == (None, 3)


def test_notes_of_the_readers_are_carried_on_once():
    one = curve([0, 1], [0, 1], note="marks below 20 are not delivered: nothing is known beyond")
    assert mean_froc_curve([one, one]).note.count("marks below 20") == 1


def test_a_mean_of_what_is_undefined_is_undefined_with_the_reason():
    study = froc_study(
        n_cases=2, lesion_case=[], lesion_rating=np.zeros((0, 1, 1)), nl_case=[0], nl_rating=[1.0]
    )
    empty = froc_curve(study.reading(), label="R1")
    mean = mean_froc_curve([curve([0, 1], [0, 1]), empty])
    assert np.isnan(mean.y).all()
    assert mean.note == "no mean: R1 is not defined; no case that defines y"


def test_a_mean_comes_back_from_its_record():
    mean = mean_froc_curve([curve([0, 0.5], [0, 0.5]), curve([0, 1], [0, 1])])
    again = result_from_dict(mean.to_dict())
    assert again.to_dict() == mean.to_dict()


steps = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12)


@given(st.lists(steps, min_size=1, max_size=5))
def test_area_and_order_hold_for_any_readers(readers):
    curves = []
    for each in readers:
        x, y = np.cumsum([(0, 0), *each], axis=0).T / 8
        curves.append(curve(x, y))
    mean = mean_froc_curve(curves)
    end = min(one.x[-1] for one in curves)
    assert mean.x[-1] == end
    assert (np.diff(mean.x) >= 0).all()
    assert (np.diff(mean.y) >= -1e-12).all()
    expected = np.mean([area(one, end) for one in curves])
    assert area(mean) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    swapped = mean_froc_curve(curves[::-1])
    assert swapped.y == pytest.approx(mean.y)


def test_curves_that_have_no_mean_are_refused():
    with pytest.raises(ValueError, match="curves must hold at least one curve, but there is none"):
        mean_froc_curve([])
    with pytest.raises(ValueError, match="curves must be of one kind, but got afroc and froc; av"):
        mean_froc_curve([curve([0, 1], [0, 1]), curve([0, 1], [0, 1], kind="afroc")])
    with pytest.raises(ValueError, match=r"curve 2 \(no label\) must begin at \(0, 0\)"):
        mean_froc_curve([curve([0, 1], [0, 1]), curve([0.1, 1], [0, 1])])
    with pytest.raises(ValueError, match=r"curve 1 \(R7\) must begin at \(0, 0\)"):
        mean_froc_curve([curve([], [], label="R7")])
    with pytest.raises(ValueError, match=r"x and y of curve 1 \(R1\) must never fall"):
        mean_froc_curve([curve([0, 1, 0.5], [0, 1, 1], label="R1")])
