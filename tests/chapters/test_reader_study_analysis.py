"""Readings of two modalities to one array, and every analysis of it, against counts and peers."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.reader_study_sample import MODALITIES, drawn_ratings, frames, reader_tables
from toolkit.chapters.reader_study.analysis import (
    Plan,
    analyse,
    reader_rows,
    reading_order,
    two_level_readers,
)
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.reader_study import study_readings
from toolkit.scoring.verdicts import disagreement_flag
from toolkit.stats.mrmc.covariances import fom_table

NAN = math.nan


def study(rating, truth, *, session=None, recall_rating=None, **tables):
    made = reader_tables(rating, truth, **tables)
    return study_readings(
        *made, modalities=MODALITIES, session=session, recall_rating=recall_rating
    )


def analysed(rating, truth, plan=None, **tables):
    return analyse(frames(*reader_tables(rating, truth, **tables)), plan or Plan())


def called(rating, cut=0.8):
    return np.where(np.isnan(rating), NAN, (rating >= cut).astype(float))


# --- readings -----------------------------------------------------------------------------------

# Three cases, two readers, unaided and aided; reader 1 skipped case 2 aided.
TINY = [[[1, 2], [3, 4]], [[5, 6], [7, NAN]], [[9, 8], [7, 6]]]


def test_study_readings_joins_by_key_and_keeps_gaps():
    made = study(TINY, [0, 1, 0])
    assert made.readers == ("R1", "R2")  # in the order of the readers table, not of their names
    assert np.array_equal(made.rating, np.array(TINY, dtype=float), equal_nan=True)
    assert made.truth.tolist() == [0, 1, 0]
    assert (made.n_cases, made.n_positive, made.n_patients) == (3, 1, 3)
    assert made.read.sum() == 11


def test_study_readings_keeps_cases_and_readers_of_one_modality_only():
    rating = np.array(TINY)
    rating[0, :, 1] = NAN  # nobody read case 0 aided
    rating[:, 1, 0] = NAN  # reader 1 never read unaided
    made = study(rating, [0, 1, 0])
    assert made.rating.shape == (3, 2, 2)
    assert np.array_equal(made.rating, rating, equal_nan=True)
    assert [len(array.labels) for array in made.by_modality] == [1, 2]


def test_study_readings_takes_both_sessions_of_a_counterbalanced_study():
    session = np.ones((3, 2, 2), dtype=int)
    session[0, :, 0] = session[1:, :, 1] = 2  # case 0 aided first, the others unaided first
    assert study(TINY, [0, 1, 0], session=None).read.sum() == 11
    tables = reader_tables(TINY, [0, 1, 0], session=session)
    made = study_readings(*tables, modalities=MODALITIES)
    assert np.array_equal(made.rating, np.array(TINY, dtype=float), equal_nan=True)
    one = study_readings(*tables, modalities=MODALITIES, session="1")
    assert one.read.sum() == 6  # three cases by two readers, each in one modality


def test_study_readings_makes_calls_from_ratings_where_there_are_none():
    made = study(TINY, [0, 1, 0], recall_rating=6)
    assert made.call[:, 0].tolist() == [[0, 0], [0, 1], [1, 1]]
    assert math.isnan(made.call[1, 1, 1])
    assert made.recall_rating == 6


def test_study_readings_joins_patients_and_leaves_out_cases_without_truth():
    made = study(TINY, [0, NAN, 0], patient=["a", "b", "a"])
    assert (made.n_cases, made.n_patients) == (2, 1)


def test_reader_rows_take_women_as_independent():
    """Every examination twice, as of the same woman: the errors of the single ones."""
    rating, truth = drawn_ratings(2, 40)
    call = (rating > 0.8).astype(float)
    women = [*range(40)] * 2
    once, twice = (
        reader_rows(study_readings(*tables, modalities=MODALITIES), ci_level=0.95)[1].calls[1]
        for tables in (
            reader_tables(rating, truth, call=call),
            reader_tables(
                np.concatenate([rating] * 2),
                np.concatenate([truth] * 2),
                call=np.concatenate([call] * 2),
                patient=women,
            ),
        )
    )
    for name in ("sensitivity", "specificity"):
        single, double = once.estimates[name], twice.estimates[name]
        assert double.n_clusters == 20
        factor = math.sqrt(20 / 19)
        assert double.std_error == pytest.approx(factor * single.std_error, rel=1e-12)
        assert double.ci_high - double.ci_low > single.ci_high - single.ci_low


@pytest.mark.parametrize("modalities", [("unaided",), ("unaided", "unaided")])
def test_study_readings_refuses_fewer_than_two_modalities(modalities):
    with pytest.raises(ScoringError, match="modalities must be two or more different ones, but"):
        study_readings(*reader_tables(TINY, [0, 1, 0]), modalities=modalities)


def test_study_readings_names_a_modality_read_by_nobody():
    with pytest.raises(ScoringError, match="in modality 'with AI', any session; modalities of"):
        study_readings(*reader_tables(TINY, [0, 1, 0]), modalities=("unaided", "with AI"))


def test_study_readings_refuses_a_case_read_twice_in_one_modality():
    readings, readers, cases = reader_tables(TINY, [0, 1, 0])
    twice = pd.concat([readings, readings.assign(session="2")])
    with pytest.raises(ScoringError, match="cases that one reader read more than once"):
        study_readings(twice, readers, cases, modalities=MODALITIES)


# --- order --------------------------------------------------------------------------------------


def dates(days):
    """Days of the readings of TINY, unaided and aided, the same for both readers."""
    start = np.datetime64("2025-03-03")
    return np.array([[[start + a, start + b]] * 2 for a, b in days])


def test_reading_order_counts_by_day():
    tables = reader_tables(TINY, [0, 1, 0], read_at=dates([(0, 30), (40, 1), (5, 5)]))
    order = reading_order(tables[0], study_readings(*tables, modalities=MODALITIES), session=None)
    # Five pairs: case 0 unaided first twice, case 1 aided first once, case 2 on one day.
    assert (order.n_pairs, order.n_a_first, order.n_b_first) == (5, 2, 1)
    assert order.shortest_gap_days == 0


def test_reading_order_takes_sessions_where_days_are_not_known():
    session = np.ones((3, 2, 2), dtype=int)
    session[0, :, 0] = session[1:, :, 1] = 2
    tables = reader_tables(TINY, [0, 1, 0], session=session)
    order = reading_order(tables[0], study_readings(*tables, modalities=MODALITIES), session=None)
    assert (order.n_pairs, order.n_a_first, order.n_b_first) == (5, 3, 2)
    assert math.isnan(order.shortest_gap_days)


def test_reading_order_is_unknown_without_days_and_sessions():
    tables = reader_tables(TINY, [0, 1, 0])
    made = study_readings(*tables, modalities=MODALITIES)
    order = reading_order(tables[0], made, session=None)
    assert (order.n_pairs, order.n_a_first, order.n_b_first) == (5, 0, 0)
    assert reading_order(tables[0], made, session="9").n_pairs == 0


def test_reader_rows_count_calls_and_areas_by_hand():
    # R1 unaided 1, 5, 9 with truth 0, 1, 0: one of two pairs in order; aided 2, 6, 8 the same.
    first, second = reader_rows(study(TINY, [0, 1, 0], recall_rating=6), ci_level=0.95)
    assert first.areas == (0.5, 0.5)
    assert first.calls[1].sensitivity.numerator == 1
    assert first.calls[0].specificity.numerator == 1
    assert second.curves[1] is None  # no case with cancer read aided
    assert math.isnan(second.areas[1])


# --- analyses -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def van_dyke(reference_data):
    """Van Dyke 1993 as tables: 114 cases, five readers, two modalities."""
    with (reference_data / "data" / "VanDyke" / "ratings.csv").open() as file:
        rows = pd.DataFrame(list(csv.DictReader(file)))
    readings = pd.DataFrame(
        {
            "reader_id": "r" + rows["reader"],
            "case_id": "c" + rows["case"],
            "modality": rows["modality"].map({"1": "spin-echo", "2": "cine"}),
            "session": "1",
            "rating": rows["rating"].astype(float),
            "call": NAN,
            "status": "complete",
        }
    )
    cases = pd.DataFrame({"case_id": "c" + rows["case"], "truth": rows["truth"].astype(float)})
    cases = cases.drop_duplicates().assign(patient_id=NAN)
    readers = pd.DataFrame({"reader_id": sorted(set(readings["reader_id"])), "kind": "human"})
    plan = Plan(modalities=("spin-echo", "cine"), recall_rating=3)
    return analyse(frames(readings, readers, cases), plan)


def test_analysed_study_reproduces_van_dyke_by_every_method(van_dyke):
    # MRMCaov 0.3.0 (test 1 minus 2): DeLong P 0.05123303082, jackknife 0.05166568582; iMRMC
    # U-statistics with unrounded degrees of freedom 0.0542304.
    result = van_dyke
    primary = result.primary.difference
    assert primary.estimate == pytest.approx(0.0438003221, rel=1e-8)
    assert primary.p_value == pytest.approx(0.05123303082, rel=1e-8)
    by_name = {other.name: other.difference.p_value for other in result.alternatives}
    assert list(by_name) == [
        "Readers and cases random; jackknife",
        "Readers and cases random; U-statistic",
        "These cases only, readers random",
        "These readers only, cases random; DeLong",
    ]
    assert by_name["Readers and cases random; jackknife"] == pytest.approx(0.05166568582, rel=1e-8)
    assert by_name["Readers and cases random; U-statistic"] == pytest.approx(0.0542304, rel=1e-5)


def test_analysed_study_reproduces_the_other_rows_of_a_peer(van_dyke, reference_data):
    peer = json.loads((reference_data / "reference" / "mrmcaov.json").read_text())["results"]
    result = van_dyke
    others = {other.name: other for other in result.alternatives}
    for key, name in (
        ("VanDyke/empirical_auc/RRFC", "These cases only, readers random"),
        ("VanDyke/empirical_auc/DeLong/FRRC", "These readers only, cases random; DeLong"),
    ):
        expected = peer[key]["result"]["test_diffs"]  # test 1 minus 2
        ours = others[name].difference
        assert ours.estimate == pytest.approx(-expected["Estimate"][0], rel=1e-9)
        assert ours.ci_low == pytest.approx(-expected["CI.Upper"][0], rel=1e-9)
        assert ours.p_value == pytest.approx(expected["p-value"][0], rel=1e-9)
    for name, quantity in (("binary_sens_ge3", "sensitivity"), ("binary_spec_ge3", "specificity")):
        expected = peer[f"VanDyke/{name}/jackknife/RRRC"]["result"]["test_diffs"]
        ours = result.endpoints[quantity].difference
        assert ours.quantity == quantity
        assert ours.estimate == pytest.approx(-expected["Estimate"][0], rel=1e-9)
        assert ours.p_value == pytest.approx(expected["p-value"][0], rel=1e-9)


def test_analysed_study_flags_the_analyses_with_another_verdict(van_dyke):
    # P .051 with readers and cases random, .019 with readers fixed, .042 with cases fixed.
    others = van_dyke.alternatives
    flagged = [other.name for other in others if other.flag]
    assert flagged == [
        "These cases only, readers random",
        "These readers only, cases random; DeLong",
    ]


def test_readers_one_by_one_have_the_pooled_value_as_their_mean():
    rating, truth = drawn_ratings()
    result = analysed(rating, truth)
    each = result.reader_differences("auc")
    assert [one.label for one in each] == ["R1", "R2", "R3", "R4", "R5"]
    pooled = result.primary.difference
    assert np.mean([one.estimate for one in each]) == pytest.approx(pooled.estimate)
    assert np.mean([one.estimate_a for one in each]) == pytest.approx(pooled.estimate_a)


def test_analysed_study_with_a_gap_takes_u_statistics_and_never_drops_a_case():
    rating, truth = drawn_ratings()
    rating[3, 1, 0] = NAN
    result = analysed(rating, truth, call=called(rating))
    assert result.design.kind == "incomplete"
    assert result.primary.name == "Readers and cases random; U-statistic"
    assert result.primary.difference.n_cases == 60
    assert [other.name for other in result.alternatives] == [
        "Readers and cases random; MLE (V-statistic)",
        "Readers and cases random; U-statistic, readers by their cases",
        "These readers only, cases random; DeLong, shared cases",
    ]
    calls = result.endpoints["sensitivity"].difference
    assert math.isnan(calls.estimate)
    assert calls.note == (
        "1 of 600 readings are missing, and with gaps no analysis of sensitivity with random "
        "readers is defined"
    )


def test_fixed_readers_with_gaps_are_one_contrast_of_their_figures():
    rating, truth = drawn_ratings()
    rating[[3, 7, 9, 30], [1, 1, 2, 4], [0, 1, 1, 0]] = NAN
    result = analysed(rating, truth)
    fixed = result.alone["auc"].difference
    table = fom_table(truth, rating)
    weight = np.tile([-1.0, 1.0], 5) / 5
    expected = weight @ table.covariance.reshape(10, 10) @ weight
    assert fixed.std_error == pytest.approx(math.sqrt(expected), rel=1e-9)
    assert fixed.estimate == pytest.approx(float((table.value @ [-1, 1]).mean()))


def test_a_reader_of_one_modality_is_not_among_the_readers_one_by_one():
    rating, truth = drawn_ratings()
    rating[:, 4, 1] = NAN
    result = analysed(rating, truth)
    assert [one.label for one in result.reader_differences("auc")] == ["R1", "R2", "R3", "R4"]
    assert result.alone["auc"].name.endswith("; 4 of 5 readers")


def test_one_reader_has_no_primary_result_but_one_of_its_own():
    rating, truth = drawn_ratings(1)
    result = analysed(rating, truth)
    assert result.primary.analysis is None
    assert result.primary.difference.note == "one reader alone says nothing of readers in general"
    assert [other.name for other in result.alternatives] == [
        "These readers only, cases random; DeLong"
    ]
    assert result.alternatives[0].difference.n_readers == 1


def test_nested_and_split_studies_are_analysed_as_such():
    whole, truth = drawn_ratings(6)
    nested = np.full(whole.shape, NAN)
    nested[:, :3, 0], nested[:, 3:, 1] = whole[:, :3, 0], whole[:, 3:, 1]
    result = analysed(nested, truth, Plan(design="readers nested in modality"))
    assert "readers nested in modality" in result.primary.analysis.method
    assert result.alone["auc"].difference.note == "no reader read in both modalities"
    assert result.reader_differences("auc") == ()
    split = whole.copy()
    first = np.arange(60) < 30
    split[first, :3] = split[~first, 3:] = NAN
    result = analysed(split, truth, Plan(design="split plot"))
    assert "split plot" in result.primary.analysis.method
    assert len(result.reader_differences("auc")) == 6


def test_cases_of_one_woman_are_taken_together():
    rating, truth = drawn_ratings()
    result = analysed(rating, truth, patient=np.arange(60) // 2)
    assert result.primary.name == "Readers and cases random; Obuchowski 1997, patients"
    reasons = {o.name: o.difference.note for o in result.alternatives if o.analysis is None}
    assert reasons == {
        "Readers and cases random; U-statistic": "some women have several examinations, and this "
        "analysis takes them as independent"
    }
    rating[0, 0, 0] = NAN
    gap = analysed(rating, truth, patient=np.arange(60) // 2).primary.difference
    assert gap.note.startswith("1 of 600 readings are missing and some women have several")


@pytest.mark.parametrize(
    ("method", "words"), [("dbm", "pseudovalues"), ("u_statistic", "U-statistic")]
)
def test_the_method_of_the_plan_is_the_primary_one(method, words):
    rating, truth = drawn_ratings()
    result = analysed(rating, truth, Plan(method=method), call=called(rating))
    assert result.primary.name == f"Readers and cases random; {words}"
    assert result.primary.name not in [other.name for other in result.alternatives]
    assert not math.isnan(result.endpoints["sensitivity"].difference.estimate)


def test_a_margin_of_the_plan_reaches_every_analysis():
    rating, truth = drawn_ratings()
    plan = Plan(margins={"auc": 0.05, "sensitivity": 0.1})
    result = analysed(rating, truth, plan, call=called(rating))
    assert {o.difference.margin for o in (result.primary, *result.alternatives)} == {0.05}
    assert result.endpoints["sensitivity"].difference.margin == 0.1
    assert result.endpoints["specificity"].difference.margin is None


def test_a_reader_without_cancers_is_named():
    rating, truth = drawn_ratings()
    rating[truth == 1, 2, 1] = NAN
    result = analysed(rating, truth)
    note = "R3 read no examination with cancer in aided reading"
    assert result.primary.difference.note == note


def test_fixed_readers_are_refused_as_the_primary_analysis():
    rating, truth = drawn_ratings()
    with pytest.raises(ScoringError, match="takes the readers as fixed, which cannot be the prim"):
        analysed(rating, truth, Plan(random="cases"))


@pytest.mark.parametrize(("endpoint", "what"), [("auc", "rating"), ("specificity", "recall call")])
def test_an_endpoint_without_data_is_refused(endpoint, what):
    rating, truth = drawn_ratings()
    data = {"rating": rating} if endpoint != "auc" else {"rating": rating * NAN}
    with pytest.raises(ScoringError, match=f"endpoint '{endpoint}' needs a {what} of each case"):
        analysed(
            data["rating"],
            truth,
            Plan(endpoint=endpoint),
            call=called(rating) if endpoint == "auc" else None,
        )


def test_another_design_than_the_declared_one_is_refused():
    rating, truth = drawn_ratings()
    with pytest.raises(ValueError, match="the plan declares a study that is split plot, but the"):
        analysed(rating, truth, Plan(design="split plot"))


def test_two_level_readers_are_named():
    rating, truth = drawn_ratings()
    rating[:, 1, 0] = rating[:, 1, 0] > 0.5
    assert two_level_readers(study(rating, truth)) == ("R2",)


# --- flags --------------------------------------------------------------------------------------


def test_disagreement_flag_speaks_of_the_margin_and_of_no_difference():
    rating, truth = drawn_ratings()
    base = analysed(rating, truth, Plan(margins={"auc": 0.05})).primary.difference
    near = replace(base, estimate=0.02, ci_low=-0.04, ci_high=0.08, p_value=0.5)
    wide = replace(near, ci_low=-0.06, ci_high=0.10, p_value=0.6)
    sure = replace(near, ci_low=0.01, ci_high=0.03, p_value=0.001)
    assert disagreement_flag(near, replace(near), name="Other") == ""
    assert disagreement_flag(near, wide, name="Other") == (
        "the answer\u2019s interval shows non-inferiority, the analysis \u201cother\u201d does not"
    )
    assert disagreement_flag(wide, near, name="Other") == (
        "the analysis \u201cother\u201d shows non-inferiority, the answer\u2019s interval does not"
    )
    assert disagreement_flag(near, sure, name="Other") == (
        "the analysis \u201cother\u201d excludes no difference, the answer\u2019s interval does not"
    )
    assert disagreement_flag(near, replace(wide, ci_low=NAN, note="none"), name="Other") == ""


# --- summary ------------------------------------------------------------------------------------


def test_a_study_prints_as_a_screenful_and_a_small_table(van_dyke):
    lines = repr(van_dyke).splitlines()
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 120
    assert "0.044" in repr(van_dyke)
    page = van_dyke._repr_html_()
    assert page.startswith("<table>")
    assert len(page) < 3000
