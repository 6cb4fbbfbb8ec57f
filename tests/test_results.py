"""Results: complete, frozen, the same after a round trip, never a number without its reason."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.results import (
    GLOSSARY,
    Comparison,
    Curve,
    Estimate,
    Result,
    check_margin,
    result_from_dict,
)


def make_estimate(**changes):
    values = {
        "quantity": "sensitivity",
        "unit": "probability",
        "estimate": 0.9,
        "std_error": 0.04,
        "ci_low": 0.8,
        "ci_high": 0.96,
        "ci_level": 0.95,
        "ci_method": "Wilson score",
        "method": "proportion",
    }
    return Estimate(**{**values, **changes})


def make_comparison(**changes):
    values = {
        "quantity": "auc",
        "unit": "probability",
        "estimate": -0.03,
        "std_error": 0.02,
        "ci_low": -0.07,
        "ci_high": 0.01,
        "ci_level": 0.95,
        "ci_method": "DeLong",
        "method": "DeLong",
        "label_a": "readers",
        "label_b": "AI",
        "estimate_a": 0.85,
        "estimate_b": 0.82,
        "effect": "difference",
        "statistic": -1.5,
        "df": math.inf,
        "p_value": 0.13,
    }
    return Comparison(**{**values, **changes})


def make_curve(**changes):
    values = {
        "kind": "roc",
        "x": np.array([0.0, 0.5, 1.0]),
        "y": np.array([0.0, 0.8, 1.0]),
        "threshold": np.array([math.inf, 3.0, -math.inf]),
        "method": "empirical",
    }
    return Curve(**{**values, **changes})


@pytest.mark.parametrize("result", [make_estimate(), make_comparison(), make_curve()])
def test_result_comes_back_from_strict_json(result):
    text = json.dumps(result.to_dict(), allow_nan=False)
    assert result_from_dict(json.loads(text)).to_dict() == result.to_dict()


@given(st.floats(allow_nan=True), st.floats(allow_nan=True), st.integers(0, 10**9))
def test_estimate_comes_back_whatever_its_numbers(estimate, low, count):
    result = make_estimate(estimate=estimate, ci_low=low, numerator=count, note="any")
    back = Estimate.from_dict(json.loads(json.dumps(result.to_dict(), allow_nan=False)))
    assert back.to_dict() == result.to_dict()
    assert math.isnan(back.estimate) == math.isnan(estimate)


def test_nan_and_infinity_survive_inside_arrays():
    threshold = np.array([math.inf, math.nan, -math.inf])
    plain = make_curve(threshold=threshold).to_dict()
    assert plain["threshold"] == ["inf", None, "-inf"]
    json.dumps(plain, allow_nan=False)
    np.testing.assert_array_equal(Curve.from_dict(plain).threshold, threshold)


def test_undefined_missing_and_zero_are_three_things():
    plain = make_estimate(estimate=math.nan, numerator=0, note="no positive cases").to_dict()
    assert plain["estimate"] is None
    assert plain["numerator"] == 0
    assert "n_cases" not in plain
    back = Estimate.from_dict(plain)
    assert math.isnan(back.estimate)
    assert back.n_cases is None


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Family(Result):
    labels: tuple[str, ...]
    pooled: Estimate
    readers: tuple[Estimate, ...] = ()
    weight: float | None = None


def test_results_inside_a_result_come_back():
    family = Family(
        labels=("R1", "R2"),
        pooled=make_estimate(),
        readers=(make_estimate(label="R1"), make_comparison()),
        method="analysis",
    )
    plain = json.loads(json.dumps(family.to_dict(), allow_nan=False))
    back = result_from_dict(plain)
    assert back.to_dict() == family.to_dict()
    assert back.labels == ("R1", "R2")
    assert [type(reader) for reader in back.readers] == [Estimate, Comparison]
    assert "Estimate" not in family._repr_html_()


def test_an_empty_family_comes_back_empty():
    family = Family(labels=("R1",), pooled=make_estimate(), method="analysis")
    assert Family.from_dict(family.to_dict()).readers == ()


def test_estimate_undefined_without_a_note_is_refused():
    with pytest.raises(
        ValueError, match=r"Estimate: estimate, std_error undefined \(NaN\) without"
    ):
        make_estimate(estimate=math.nan, std_error=math.nan)


def test_result_is_frozen_and_can_be_replaced():
    result = make_comparison()
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.note = "other"
    assert dataclasses.replace(result, label_b="CAD").label_b == "CAD"


@pytest.mark.parametrize("result", [make_estimate(), make_comparison(margin=0.05, better="higher")])
def test_summary_frame_has_one_row_of_glossary_columns(result):
    frame = result.summary_frame()
    assert len(frame) == 1
    assert set(frame.columns) <= set(GLOSSARY)


def test_summary_frame_of_a_curve_has_a_row_a_point():
    frame = make_curve().summary_frame()
    assert list(frame["y"]) == [0.0, 0.8, 1.0]
    assert set(frame.columns) <= set(GLOSSARY)


def test_every_field_of_every_result_is_in_the_glossary():
    for kind in (Result, Estimate, Comparison, Curve):
        assert {field.name for field in dataclasses.fields(kind)} <= set(GLOSSARY)


def test_html_rounds_and_escapes():
    text = make_estimate(label="<b>R1</b>", estimate=0.123456)._repr_html_()
    assert "0.1235" in text
    assert "&lt;b&gt;R1&lt;/b&gt;" in text
    assert "points" in make_curve()._repr_html_()


@pytest.mark.parametrize(
    ("low", "high", "effect", "margin", "better", "noninferior", "superior"),
    [
        (-0.04, 0.01, "difference", 0.05, "higher", True, False),
        (-0.06, 0.01, "difference", 0.05, "higher", False, False),
        (0.01, 0.04, "difference", 0.05, "higher", True, True),
        (-0.04, 0.04, "difference", 0.05, "lower", True, False),
        (-0.04, 0.06, "difference", 0.05, "lower", False, False),
        (-0.04, -0.01, "difference", 0.05, "lower", True, True),
        (0.86, 1.2, "ratio", 0.85, "higher", True, False),
        (0.84, 1.2, "ratio", 0.85, "higher", False, False),
        (0.9, 1.09, "ratio", 1.1, "lower", True, False),
        (0.8, 0.95, "ratio", 1.1, "lower", True, True),
    ],
)
def test_comparison_judges_by_its_interval(
    low, high, effect, margin, better, noninferior, superior
):
    result = make_comparison(ci_low=low, ci_high=high, effect=effect, margin=margin, better=better)
    assert result.noninferior is noninferior
    assert result.superior is superior


def test_comparison_without_margin_has_no_verdict():
    assert make_comparison().noninferior is None
    assert make_comparison().superior is None


@pytest.mark.parametrize(
    ("margin", "effect", "better", "message"),
    [
        (0.05, "difference", None, "needs better='higher' or better='lower'"),
        (-0.05, "difference", "higher", "margin of a difference must be positive"),
        (math.inf, "difference", "higher", "margin of a difference must be positive"),
        (1.1, "ratio", "higher", "must be between 0 and 1 where higher is better"),
        (0.9, "ratio", "lower", "must be above 1 where lower is better"),
        (0.05, "difference", "up", "better must be 'higher' or 'lower', but got 'up'"),
    ],
)
def test_check_margin_refuses(margin, effect, better, message):
    with pytest.raises(ValueError, match=message):
        check_margin(margin, effect=effect, better=better)


def test_curve_refuses_axes_of_different_lengths():
    with pytest.raises(ValueError, match="x, y and threshold must have one shape"):
        make_curve(x=np.array([0.0, 1.0]))


def test_from_dict_refuses_another_type():
    with pytest.raises(ValueError, match="type must be 'Estimate' here, but got 'Comparison'"):
        Estimate.from_dict(make_comparison().to_dict())
    with pytest.raises(ValueError, match="type 'Guess' is not a known result"):
        result_from_dict({"type": "Guess"})
