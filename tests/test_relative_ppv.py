"""Relative positive predictive value against R, a numeric delta method and by symmetry."""

import json
import math

import numpy as np
import pytest

from toolkit.stats.paired import PairedCounts
from toolkit.stats.relative_ppv import ppv_difference_ci, ppv_ratio_ci

# DTComPair's data set Paired1: cancers and others by both, b alone, a alone.
CANCERS = PairedCounts(both=319, only_b=22, only_a=78)
OTHERS = PairedCounts(both=31, only_b=22, only_a=53)


def test_ppv_ratio_matches_dtcompair():
    # R: DTComPair::pv.rpv(tab.paired(d, y1, y2, data = Paired1))$ppv; test 2 over test 1
    result = ppv_ratio_ci(CANCERS, OTHERS)
    assert result.estimate == pytest.approx(1.0486069378204554, rel=1e-12)
    assert result.std_error / result.estimate == pytest.approx(0.019912471900979084, rel=1e-9)
    assert result.ci_low == pytest.approx(1.0084705030397116, rel=1e-9)
    assert result.ci_high == pytest.approx(1.0903407751945853, rel=1e-9)
    assert result.p_value == pytest.approx(0.01714612218608097, rel=1e-9)


def test_ppv_ratio_matches_every_reference_case(reference_data):
    path = reference_data / "reference" / "roc_paired_proportions.json"
    checked = 0
    for case in json.loads(path.read_text())["cases"]:
        if not case["id"].startswith("dtcompair_pv.rpv"):
            continue
        tables = [
            PairedCounts(both=t["both_pos"], only_b=t["test2_only"], only_a=t["test1_only"])
            for t in (case["data"]["diseased"], case["data"]["non_diseased"])
        ]
        result, expected = ppv_ratio_ci(*tables), case["values"]["ppv"]
        assert result.estimate == pytest.approx(expected["rppv"], rel=1e-9)
        assert result.ci_low == pytest.approx(expected["lcl.rppv"], rel=1e-9)
        assert result.ci_high == pytest.approx(expected["ucl.rppv"], rel=1e-9)
        assert result.p_value == pytest.approx(expected["p.value"], rel=1e-9)
        checked += 1
    assert checked == 2


def test_ppv_difference_matches_a_numeric_delta_method():
    cells = np.array([14, 2, 4, 12, 9, 5], dtype=float)

    def difference(x):
        a = (x[0] + x[2]) / (x[0] + x[2] + x[3] + x[5])
        b = (x[0] + x[1]) / (x[0] + x[1] + x[3] + x[4])
        return b - a

    steps = np.eye(6) * 1e-5
    gradient = np.array([(difference(cells + h) - difference(cells - h)) / 2e-5 for h in steps])
    # Neither value changes with the sum of the counts, so Poisson counts give the same variance.
    expected = math.sqrt((gradient**2 * cells).sum())
    result = ppv_difference_ci(
        PairedCounts(both=14, only_b=2, only_a=4), PairedCounts(both=12, only_b=9, only_a=5)
    )
    assert result.estimate == pytest.approx(16 / 37 - 18 / 35, rel=1e-12)
    assert result.std_error == pytest.approx(expected, rel=1e-7)


def test_swapping_the_methods_turns_the_effect_around():
    def swapped(counts):
        return PairedCounts(both=counts.both, only_b=counts.only_a, only_a=counts.only_b)

    one, other = ppv_ratio_ci(CANCERS, OTHERS), ppv_ratio_ci(swapped(CANCERS), swapped(OTHERS))
    assert other.estimate == pytest.approx(1 / one.estimate)
    assert other.p_value == pytest.approx(one.p_value)
    first = ppv_difference_ci(CANCERS, OTHERS)
    second = ppv_difference_ci(swapped(CANCERS), swapped(OTHERS))
    assert second.ci_low == pytest.approx(-first.ci_high)


@pytest.mark.parametrize("compare", [ppv_ratio_ci, ppv_difference_ci])
def test_method_that_called_nobody_leaves_it_undefined(compare):
    nobody = PairedCounts(both=0, only_b=3, only_a=0)
    result = compare(nobody, PairedCounts(both=0, only_b=1, only_a=0))
    assert math.isnan(result.estimate)
    assert result.note


def test_noninferiority_agrees_with_the_interval():
    for margin in (0.5, 0.9, 0.99, 0.999):
        result = ppv_ratio_ci(CANCERS, OTHERS, margin=margin, better="higher")
        assert result.noninferior == (result.p_noninferiority < 0.025)
    with pytest.raises(ValueError, match="margin of a ratio must be between 0 and 1"):
        ppv_ratio_ci(CANCERS, OTHERS, margin=1.5, better="higher")
