"""The variance of a difference split into what more readers and what more cases make smaller."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.stats.mrmc.analysis import VarianceComponents
from toolkit.stats.mrmc.study_components import variance_shares


def components(**changes):
    values = {
        "ms_modality": 0.01,
        "ms_reader": 0.01,
        "ms_reader_modality": 4e-4,
        "var_reader": 1e-3,
        "var_reader_modality": 1e-4,
        "var_error": 8e-4,
        "cov1": 3e-4,
        "cov2": 3e-4,
        "cov3": 1e-4,
    }
    return VarianceComponents(**{**values, **changes}, method="made up", note="made up")


def test_variance_shares_split_the_standard_error_of_a_peer(reference_data):
    # MRMCaov 0.3.0, Van Dyke, jackknife: SE^2 of the difference = 2/J [MS(T:R) + J (Cov2 - Cov3)].
    peer = json.loads((reference_data / "reference" / "mrmcaov.json").read_text())["results"]
    result = peer["VanDyke/empirical_auc/jackknife/RRRC"]["result"]
    parts = dict(zip(result["vcov_comps"]["_row"], result["vcov_comps"]["Estimate"], strict=True))
    test = result["test_equality"]
    made = components(
        ms_reader_modality=test["MS(T:R)"][0],
        var_reader_modality=parts["treatment:reader"],
        cov2=test["Cov2"][0],
        cov3=test["Cov3"][0],
    )
    shares = variance_shares(made, n_readers=5)
    total = result["test_diffs"]["StdErr"][0] ** 2
    assert shares.share_cases == pytest.approx(2 * (made.cov2 - made.cov3) / total, rel=1e-9)
    assert shares.share_reader_modality == pytest.approx(
        2 / 5 * made.var_reader_modality / total, rel=1e-9
    )
    rounded = [
        round(100 * share)
        for share in (shares.share_reader_modality, shares.share_error, shares.share_cases)
    ]
    assert rounded == [19, 33, 49]


@given(st.floats(1e-8, 1e-2), st.floats(-1e-2, 1e-2), st.floats(-1e-3, 1e-3), st.integers(2, 50))
def test_variance_shares_add_up_to_one_and_none_is_negative(square, interaction, shared, n_readers):
    made = components(
        ms_reader_modality=square, var_reader_modality=interaction, cov2=shared, cov3=0.0
    )
    found = variance_shares(made, n_readers=n_readers)
    parts = (found.share_reader_modality, found.share_error, found.share_cases)
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(1)


def test_variance_shares_say_what_was_below_zero():
    assert variance_shares(components(), n_readers=3).note == ""
    found = variance_shares(components(var_reader_modality=-1e-5), n_readers=3)
    assert found.note == "reader by modality was estimated below 0 and counts as none"
    assert found.share_reader_modality == 0
    found = variance_shares(components(cov3=4e-4), n_readers=3)
    assert found.note.startswith("what readers share of the cases was estimated below 0")
    assert found.share_cases == 0


@pytest.mark.parametrize("changes", [{"cov2": math.nan}, {"ms_reader_modality": 0.0, "cov2": 0.0}])
def test_variance_shares_are_undefined_with_a_note(changes):
    found = variance_shares(components(**changes), n_readers=3)
    assert math.isnan(found.share_cases)
    assert found.note == "a component is not defined, or nothing varies"


def test_variance_shares_refuse_one_reader():
    with pytest.raises(ValueError, match="n_readers must be at least 2, but got 1: one reader has"):
        variance_shares(components(), n_readers=1)
