"""Chapter 08 from tables to numbers: four examinations by hand, two studies against RJafroc."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.localization_sample import (
    CASES,
    hand_plan,
    hand_study,
    hand_tables,
    studied,
    without_places,
)
from toolkit.chapters.localization import analysis
from toolkit.chapters.localization.scored import Plan, curves_of, fom_of
from toolkit.readers.tabular.sources import read_table
from toolkit.scoring.mark_readings import MarkTables
from toolkit.scoring.mark_rules import AsRecorded, InsideOutline, Overlap
from toolkit.scoring.ratings import ScoringError
from toolkit.study.parameters.file import load_parameters

ROOT = Path(__file__).resolve().parents[2]


def test_figures_of_four_examinations_by_hand():
    # Each lesion against each examination without cancer, nothing against nothing counts 1/2:
    # A unaided rates 3 and none against 1 and none, three of whose four pairs count 1, 1 and 1/2;
    # A aided wins all four, B unaided marks nothing there, and B aided rates 2 and none against 3
    # and none, of which one pair counts 1 and one 1/2.
    study = hand_study()
    primary = study.primary
    assert primary.table.value.tolist() == [[0.625, 1.0], [0.5, 0.375]]
    difference = primary.difference
    assert (difference.estimate_a, difference.estimate_b) == (0.5625, 0.6875)
    assert difference.estimate == 0.125
    assert (difference.label_a, difference.label_b) == ("unaided reading", "aided reading")
    assert difference.quantity == "wafroc"
    rows = {(row.label, row.side): (row.found, row.false_marks) for row in study.readers}
    assert rows == {
        ("R1", "a"): (1, 1),
        ("R1", "b"): (2, 0),
        ("R2", "a"): (0, 1),
        ("R2", "b"): (1, 1),
        ("CAD", "ai"): (1, 2),
    }
    assert {row.n_images for row in study.readers} == {16}


def test_ai_against_readers_by_hand():
    # AI: 60 and none against none and 25: (1 + 1 + 1/2 + 0) / 4.
    study = hand_study(hand_plan(comparison="ai against readers"))
    found = study.primary
    assert found.difference.estimate_b == 0.625
    assert found.difference.estimate_a == 0.5625
    assert [one.label_a for one in found.each] == ["R1", "R2"]
    assert study.ai_name == "CAD"
    assert study.n_people == 2


def test_ai_on_fewer_cases_stands_beside_readers_on_all():
    made = hand_tables()
    status = made.readings["status"].mask(
        (made.readings["reader_id"] == "X") & (made.readings["case_id"] == "C4"), "failed"
    )
    marks = made.marks[~((made.marks["reader_id"] == "X") & (made.marks["case_id"] == "C4"))]
    made = replace(made, readings=made.readings.assign(status=status), marks=marks)
    study = studied(made, hand_plan())
    assert study.scored.study.truth.n_cases == 4
    assert study.ai.study.truth.n_cases == 3
    against = studied(made, hand_plan(comparison="ai against readers"))
    assert against.scored.study.truth.n_cases == 3
    assert against.people.study.truth.n_cases == 3
    assert "1 cases that not all readers read were left out" in against.scored.note


def test_hit_rules_by_hand():
    # B aided marks 10 mm from the lesion: within 5 mm that mark is a false one, and B's area falls
    # to nothing against 3 and nothing: (0 + 1/2) / 2 of both lesions.
    study = hand_study()
    by_rule = {one.name: one for one in study.rules}
    assert "within 15 mm of the centre of the lesion" not in by_rule  # that of the answer
    within_5 = by_rule["within 5 mm of the centre of the lesion"].difference
    assert (within_5.estimate_a, within_5.estimate_b) == (0.5625, 0.625)
    same = by_rule["within 10 mm of the centre of the lesion"].difference
    assert same.estimate == study.primary.difference.estimate
    outline = by_rule["inside the outline of the lesion"]
    assert not outline.is_defined
    assert "needs an outline" in outline.difference.note


def test_without_places_there_is_one_rule_and_the_same_numbers():
    plan = hand_plan(hit_rule="as recorded", hit_radius_mm=None)
    study = studied(without_places(hand_tables()), plan)
    assert study.rules == ()
    assert study.primary.difference.estimate == 0.125
    assert study.groups == ()


def test_missed_lesions_by_hand():
    study = hand_study(hand_plan(missed_share=0.4))
    [missed] = study.missed
    assert (missed.lesion.case_id, missed.lesion.n_missed) == ("C2", 1)
    assert missed.n_missed == {"a": 2, "b": 1, "ai": 1}


def test_missed_lesions_by_image_take_the_same_view():
    study = hand_study(hand_plan(missed_share=0.4, unit="image"))
    [missed] = study.missed
    assert missed.n_missed == {"a": 2, "b": 1, "ai": 1}


def test_groups_of_lesions_by_hand():
    study = hand_study(hand_plan(size_edges_mm=(10.0,)))
    groups = {group.label: group for group in study.groups}
    assert list(groups) == ["calcification", "mass", "below 10 mm", "10 mm and more"]
    assert groups["mass"].found["a"].estimate == 0.5  # A of A and B
    assert groups["mass"].found["b"].estimate == 1.0
    assert groups["mass"].found["ai"].estimate == 1.0
    assert groups["calcification"].found["b"].estimate == 0.5
    assert {group.n_lesions for group in groups.values()} == {1}
    budget = hand_study(hand_plan(nl_per_image=0.01))
    # Before its first false mark A aided marks both lesions; B aided has its false mark first.
    found = {group.label: group.found["b"].estimate for group in budget.groups}
    assert found == {"calcification": 0.5, "mass": 0.5}


def test_patients_are_the_clusters_of_every_analysis():
    cases = (("C1", "P1", 1), ("C2", "P2", 1), ("C3", "P1", 0), ("C4", "P3", 0))
    study = hand_study(cases=cases)
    for one in (found := study).alternatives:
        if one.table is not None:
            assert one.table.n_clusters == 3
    assert found.primary.table.covariance_method == "jackknife, patients"


def test_one_reader_has_a_result_for_that_reader_alone():
    study = hand_study(people=("A",), ai=False)
    found = study
    assert math.isnan(found.primary.difference.estimate)
    assert "one reader alone" in found.primary.difference.note
    alone = [one for one in found.alternatives if one.name.startswith("These readers only")]
    assert alone[0].difference.estimate == 0.375
    assert study.ai_note == "no AI read in modality 'standalone'"


def test_ai_alone_is_scored_and_not_compared():
    study = hand_study(hand_plan(comparison="ai against readers"), people=())
    found = study.primary
    assert "no marks of readers" in found.difference.note
    assert [row.side for row in study.readers] == ["ai"]
    assert study.missed == ()


def test_no_ai_is_said():
    study = hand_study(hand_plan(comparison="ai against readers"), ai=False)
    difference = study.primary.difference
    assert difference.note == "no AI read in modality 'standalone'"


def test_ai_without_floor_is_left_out_of_a_comparison_of_readers():
    study = hand_study(floor=None)
    assert study.ai is None
    assert "export_floor" in study.ai_note
    with pytest.raises(ScoringError, match="export_floor"):
        hand_study(hand_plan(comparison="ai against readers"), floor=None)


def test_no_case_without_lesion_leaves_areas_undefined_and_shares_defined():
    cases = tuple(case for case in CASES if case[2] == 1)
    study = hand_study(cases=cases)
    assert "without a lesion" in study.primary.difference.note
    share = analysis.mark_analysis(study, analysis.Choices("MaxLLF"))
    assert share.difference.estimate == 0.5


def test_margin_belongs_to_the_endpoint_alone():
    found = hand_study(hand_plan(fom_difference_margin=0.05))
    assert found.primary.difference.margin == 0.05
    for one in found.alternatives:
        assert (one.difference.margin is None) == (one.endpoint != "wAFROC")


def test_a_difference_the_other_way_is_flagged():
    # More lesions found and more false marks: both differences are clear, and they disagree.
    study = hand_study()
    primary = study.primary
    up = replace(primary.difference, ci_low=0.1, ci_high=0.2, p_value=0.001)
    down = replace(up, ci_low=-0.2, ci_high=-0.1)
    one, two = replace(primary, difference=up), replace(primary, difference=down)
    assert "in the other direction" in analysis._flag(one, two)
    lower = replace(two, difference=replace(down, better="lower"))
    assert analysis._flag(one, lower) == ""


def test_rules_of_the_plan():
    assert isinstance(Plan(**hand_plan(hit_rule="inside outline")).rule, InsideOutline)
    assert isinstance(Plan(**hand_plan(hit_rule="as recorded")).rule, AsRecorded)
    assert Plan(**hand_plan(hit_rule="overlap")).rule == Overlap(least=0.1, mark_radius_mm=15.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"endpoint": "PCL"}, "endpoint must be one of wAFROC, .* where the paradigm is FROC"),
        ({"paradigm": "LROC"}, "endpoint must be one of ALROC, PCL, HrAuc where"),
        ({"paradigm": "LROC", "endpoint": "PCL"}, "'PCL' needs false_positive_fraction"),
        ({"endpoint": "lesion_sensitivity"}, "'lesion_sensitivity' needs nl_per_image"),
        ({"hit_radius_mm": None}, "hit_rule 'within radius' needs hit_radius_mm"),
        ({"comparison": "ai against readers", "ai_modality": None}, "needs ai_modality"),
    ],
)
def test_plans_that_cannot_be(changes, message):
    with pytest.raises(ScoringError, match=message):
        hand_study(hand_plan(**changes))


def test_lroc_refuses_readings_with_several_marks():
    made = hand_tables()
    again = made.marks.iloc[[0]].assign(mark_id="again")
    made = replace(made, marks=pd.concat([made.marks, again], ignore_index=True))
    with pytest.raises(ScoringError, match="1 of 10 marked readings have several"):
        studied(made, hand_plan(paradigm="LROC", endpoint="ALROC"))


def test_two_ais_are_refused():
    made = hand_tables()
    second = {"readers": "reader_id", "readings": "reader_id"}
    for name, column in second.items():
        frame = getattr(made, name)
        copy = frame[frame[column] == "X"].assign(**{column: "Y"})
        made = replace(made, **{name: pd.concat([frame, copy], ignore_index=True)})
    with pytest.raises(ScoringError, match="has readings of 2 AI readers"):
        studied(made, hand_plan(comparison="ai against readers"))
    assert "2 AI readers" in studied(made, hand_plan()).ai_note


def test_fom_of_needs_the_place_it_is_read_off_at():
    with pytest.raises(ScoringError, match="needs nl_per_image"):
        fom_of("lesion_sensitivity")
    assert fom_of("ALROC").budget == 1.0
    assert fom_of("lesion_sensitivity", nl_per_image=0.5).budget == 0.5


def test_numbered_column_counts_the_rows_of_the_file(tmp_path):
    from toolkit.readers.tabular.sources import TableSource
    from toolkit.tables import TableError

    (tmp_path / "marks.csv").write_text("case,score\nC1,3\nC1,3\n", encoding="utf-8")
    source = {
        "file": "marks.csv",
        "columns": {"case_id": "case", "rating": "score"},
        "constants": {"reader_id": "A", "modality": "unaided"},
    }
    made = read_table("marks", [TableSource(**source, numbered="mark_id")], folder=tmp_path)
    assert made.frame["mark_id"].tolist() == ["2", "3"]
    twice = TableSource(**source, numbered="rating")
    with pytest.raises(TableError, match="numbers a column that it fills in another way"):
        read_table("marks", [twice], folder=tmp_path)
    bare = TableSource(file="marks.csv", numbered="mark_id")
    with pytest.raises(TableError, match="numbers a column, which needs mapped columns"):
        read_table("marks", [bare], folder=tmp_path)


def study_of(name, folder):
    """Return the study of a parameters file, read as a run reads it, with its plan."""
    parameters = load_parameters(ROOT / "parameters" / f"{name}.yaml")
    sources = parameters.data["reader_study"]
    made = {
        table: read_table(table, entries, folder=folder).frame for table, entries in sources.items()
    }
    [chapter] = [entry for entry in parameters.chapters if entry.chapter == "08_localization"]
    return studied(MarkTables(**made), chapter.parameters)


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "rjafroc.json").read_text()
    return json.loads(text)["results"]


@pytest.fixture(scope="module")
def tomosynthesis(reference_data):
    return study_of("tomosynthesis", reference_data / "data" / "dataset01")


@pytest.fixture(scope="module")
def lroc(reference_data):
    return study_of("hupse2013_lroc", reference_data / "data" / "datasetCadLroc")


def close(value):
    return pytest.approx(value, rel=1e-9)


def test_tomosynthesis_has_the_numbers_of_rjafroc(tomosynthesis, peer):
    found = tomosynthesis
    difference = found.primary.difference
    means = [difference.estimate_a, difference.estimate_b]
    assert means == pytest.approx([0.7111130618, 0.8122366573], abs=5e-11)
    assert difference.statistic**2 == pytest.approx(10.29882525, abs=5e-9)
    assert difference.p_value == pytest.approx(0.00366857839, abs=5e-12)
    expected = {
        "AFROC": "AFROC",
        "HrAuc": "HrAuc",
    }
    others = {one.endpoint: one for one in found.alternatives if one.endpoint in expected}
    for endpoint, key in expected.items():
        result = peer[f"dataset01/{key}/OR/jackknife/RRRC"]["result"]["RRRC"]
        assert others[endpoint].difference.p_value == close(result["FTests"]["p"][0])
    fixed = [one for one in found.alternatives if one.name.startswith("These readers only")]
    result = peer["dataset01/wAFROC/OR/jackknife/FRRC"]["result"]["FRRC"]
    assert fixed[0].difference.p_value == close(result["FTests"]["p"][0])


def test_tomosynthesis_counts_are_those_of_the_files(tomosynthesis, reference_data):
    marks = pd.read_csv(reference_data / "data" / "dataset01" / "marks.csv")
    for row in tomosynthesis.readers:
        name = {"a": "DM", "b": "BT"}[row.side]
        own = marks[(marks["reader"] == int(row.label[1:])) & (marks["modality"] == name)]
        assert row.found == (own["mark_type"] == "LL").sum()
        assert row.false_marks == (own["mark_type"] == "NL").sum()
        assert (row.n_lesions, row.n_images) == (95, 185)
    assert tomosynthesis.scored.study.truth.n_cases == 185


def test_lroc_has_the_numbers_of_rjafroc(lroc):
    found = lroc
    lowest = [one for one in found.alternatives if "lower end" in one.name]
    difference = lowest[0].difference
    assert difference.estimate_b == pytest.approx(0.591667, abs=5e-7)
    assert difference.estimate_a == pytest.approx(0.710173, abs=5e-7)
    assert difference.p_value == pytest.approx(0.0417262624, abs=5e-11)
    others = {one.endpoint: one.difference for one in found.alternatives}
    assert others["ALROC"].p_value == pytest.approx(0.1854193, abs=5e-8)
    assert others["HrAuc"].p_value == pytest.approx(0.3210474343, abs=5e-11)
    assert others["HrAuc"].estimate_b == pytest.approx(0.8169270833, abs=5e-11)
    assert "bootstrap" in found.primary.name  # the jackknife does not suit a quantile


def test_area_of_the_mean_curve_is_the_mean_figure_of_merit(tomosynthesis):
    means = tomosynthesis.primary.means
    for curves, mean in zip(curves_of(tomosynthesis, "wafroc"), means, strict=True):
        area = np.trapezoid(curves.all.y, curves.all.x)
        assert area == close(mean.estimate)
        assert len(curves.readers) == 5


def test_froc_of_all_readers_ends_where_the_table_says(tomosynthesis):
    for curves in curves_of(tomosynthesis, "froc"):
        rows = [row for row in tomosynthesis.readers if row.side == curves.side]
        assert curves.all.y[-1] == close(np.mean([row.share for row in rows]))
        assert curves.all.x[-1] == close(np.mean([row.rate for row in rows]))
