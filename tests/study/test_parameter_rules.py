"""Which values parameters may have, and that ``check`` tells whatever a run would refuse."""

from functools import cache
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from toolkit.demo import demo_study
from toolkit.study.parameters.chapters import (
    SET_BY_RUN,
    check_parameters,
    find_chapters,
    read_parameters,
)
from toolkit.study.parameters.file import ParametersError, StudyParameters, load_parameters
from toolkit.study.parameters.rules import (
    DATA_RULES,
    PartFacts,
    data_fault,
    names_in,
    part_facts,
    range_fault,
)
from toolkit.study.run.plan import plan_chapters
from toolkit.study.run.rehearse import misfits

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "parameters" / "demo.yaml"
CHAPTERS = find_chapters(ROOT / "notebooks")
SPECS = [
    (name, spec)
    for name, chapter in CHAPTERS.items()
    for spec in chapter.parameters
    if spec.name not in SET_BY_RUN
]


# --- every parameter has a rule ------------------------------------------------------------------


@pytest.mark.parametrize(("chapter", "spec"), SPECS, ids=[f"{c}-{s.name}" for c, s in SPECS])
def test_every_parameter_has_choices_or_a_rule(chapter, spec):  # noqa: ARG001 - names the case
    assert spec.rules or "Literal[" in spec.annotation or spec.annotation == "bool"
    assert "[" not in spec.help


@cache
def demo_facts():
    return {part: part_facts(tables) for part, tables in demo_study().items()}


def planned(tmp_path, chapter, **changed):
    """The chapter of the demo with some parameters changed, as a run would plan it."""
    content = yaml.safe_load(DEMO.read_text())
    del content["plan"]
    entry = next(e for e in content["chapters"] if e["chapter"] == chapter)
    shared = {k: v for k, v in changed.items() if k in content["analysis"]}
    own = {k: v for k, v in changed.items() if k not in shared}
    content["analysis"].update(shared)
    content["chapters"] = [{**entry, "parameters": {**entry.get("parameters", {}), **own}}]
    # That a margin belongs to a plan is another rule, of the file.
    (made,) = plan_chapters(StudyParameters.model_validate(content), tmp_path / "p.yaml")
    return made


def refusal(tmp_path, chapter, **changed):
    """Why a chapter of the demo refuses some parameters, or nothing."""
    try:
        made = planned(tmp_path, chapter, **changed)
    except ParametersError as error:
        return "\n".join(error.faults)
    except ValidationError as error:
        return str(error)
    return "\n".join(misfits(made, demo_facts()))


@pytest.mark.parametrize("chapter", [name for name in CHAPTERS if CHAPTERS[name].parameters])
def test_the_demos_own_parameters_keep_all_rules(tmp_path, chapter):
    assert refusal(tmp_path, chapter) == ""


OPEN = {"seed": "any whole number from 0 up", "class_edges": "judged with the scores, by check"}
NUMBERS = [
    (name, spec)
    for name, spec in SPECS
    if ("int" in spec.annotation or "float" in spec.annotation) and spec.name not in OPEN
]


@pytest.mark.parametrize(("chapter", "spec"), NUMBERS, ids=[f"{c}-{s.name}" for c, s in NUMBERS])
@pytest.mark.parametrize("value", [-1e300, -1.0, 2e7, 1e300])
def test_no_number_is_taken_that_makes_no_sense(tmp_path, chapter, spec, value):
    if "int" in spec.annotation:
        value = int(max(min(value, 10**12), -(10**12)))
    given = [value] if spec.annotation.startswith("list") else value
    assert spec.name in refusal(tmp_path, chapter, **{spec.name: given})


@pytest.mark.parametrize(
    ("chapter", "name", "value", "said"),
    [
        ("06_ai_against_readers", "auc_difference_margin", 5, "is 5.0, but must be 0 < x <= 0.25"),
        ("06_ai_against_readers", "auc_difference_margin", 0, "is 0.0, but must be 0 < x"),
        ("07_reader_study", "auc_difference_margin", 1e300, "is 1e+300, but must be 0 < x"),
        ("05_standalone_ai", "cutoffs", [9.5, 500], "cutoffs[1] is 500.0, but must be a score of"),
        ("05_standalone_ai", "cutoffs", [500], "1 to 10 (score_min and score_max of the readers"),
        ("05_standalone_ai", "ci_level", 0.9999999999999999, "ci_level"),
        ("08_localization", "missed_share", 7, "missed_share is 7.0, but must be 0 <= x < 1"),
        ("08_localization", "size_edges_mm", [20.0, 10.0], "must rise from value to value"),
        ("08_localization", "ai_modality", "alone", "must be a modality of the AI: 'standalone'"),
        ("20_monitoring", "look_month", 1_000_000, "must be a month of the study, whose"),
        ("20_monitoring", "ramp_months", 24, "is 24, but must be 0 <= x < planned_months"),
        ("09_reading_time", "shortest_time_s", 600.0, "must be 0 <= x < pause_limit_s"),
        ("02_cohort_and_flow", "ai", "Other 1.0", "must be empty or an AI that read, by product"),
        ("02_cohort_and_flow", "indications", ["screning"], "indications[0] is 'screning'"),
        ("07_reader_study", "modality_with", "Aided", "a modality of the readers: 'aided', 'unai"),
        ("10_agreement", "session", "2", "session is '2', but must be a reading session: '1'"),
        ("10_agreement", "reader_recall_rating", -3.0, "a rating of the readers, whose ratings"),
        ("12_reading_strategies", "strategies", [{"strategy": "triag"}], "strategy: one of single"),
        ("12_reading_strategies", "strategies", [{"strategy": "triage", "double_from": 55}],
         "must be triage with scores of the AI, 1 to 10"),
    ],
)  # fmt: skip
def test_a_value_out_of_range_or_out_of_the_data_is_refused(tmp_path, chapter, name, value, said):
    assert said in refusal(tmp_path, chapter, **{name: value})


def test_the_shared_level_is_refused_in_the_file_itself(tmp_path):
    text = DEMO.read_text().replace("ci_level: 0.95", "ci_level: 0.9999999999999999", 1)
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(ParametersError, match=r"analysis.ci_level: input should be less than"):
        load_parameters(tmp_path / "p.yaml")


@pytest.mark.parametrize("margin", [5, 1e300])
def test_a_plan_cannot_claim_with_a_margin_that_its_chapter_refuses(tmp_path, margin):
    content = yaml.safe_load(DEMO.read_text())
    for entry in content["chapters"]:
        if entry["chapter"] == "07_reader_study":
            entry["parameters"]["auc_difference_margin"] = float(margin)
    content["plan"]["primary"] = [
        {"chapter": "07_reader_study", "quantity": "auc", "claim": "noninferiority",
         "margin": float(margin)}
    ]  # fmt: skip
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ParametersError, match=r"margin: input should be less than or equal to 2"):
        load_parameters(tmp_path / "p.yaml")


# --- the rules themselves ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule", ["x > 0", "0 < y", "0 < x < 'a'", "f(x) < 1", "0 <", "AI scores", "x", "0 < x < True"]
)
def test_what_is_no_rule_is_refused_with_those_that_are(rule):
    with pytest.raises(ValueError, match=r"is no rule; known are ranges such as '0 < x <= 1'"):
        names_in(rule)


def test_a_notebook_whose_rule_or_default_is_wrong_is_refused():
    source = (
        'tables: str = "demo"  # t\npart: str = "retrospective"  # p\nrecord: str = ""  # r\n'
        "a: float = 2.0  # too large [0 < x < 1]\n"
        "b: float = 2.0  # of another [0 < x < c]\n"
        "d: float = 2.0  # of none [AI scores]\n"
    )
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source}
    faults = []
    read_parameters([cell], faults)
    assert [fault.removeprefix("parameters cell") for fault in faults] == [
        faults[0].removeprefix("parameters cell"),
        ": the default of a is 2.0, but must be 0 < x < 1",
        ": the rule of b speaks of c",
    ]
    assert "line 6: 'AI scores' is no rule" in faults[0]


def test_ranges_hold_for_each_value_and_for_nothing_where_there_is_none():
    assert range_fault(["0 < x"], "a", {"a": None}) == ""
    assert range_fault(["0 < x"], "a", {"a": []}) == ""
    assert range_fault(["0 < x"], "a", {"a": [1, 0]}) == "a[1] is 0, but must be 0 < x"
    assert range_fault(["x <= b"], "a", {"a": 3, "b": None}) == ""
    assert range_fault(["x <= b"], "a", {"a": 3, "b": 2}) == "a is 3, but must be x <= b"
    assert range_fault(["rising"], "a", {"a": [1, 1]}).endswith("must rise from value to value")


def test_data_rules_refuse_nothing_where_the_data_know_nothing():
    nothing = PartFacts(scales={}, modalities={}, sessions=(), ratings=None, months=0)
    for rule in set(DATA_RULES) - {"AI", "reader rating"}:
        assert data_fault([rule], "a", {"a": 10**9}, nothing) == "", rule
    assert "there is none" in data_fault(["AI"], "a", {"a": "X"}, nothing)
    assert "must be left empty (null)" in data_fault(["reader rating"], "a", {"a": 3}, nothing)


def test_the_scale_of_the_named_ai_counts_and_else_that_of_any():
    scales = {"P 1": (0.0, 1.0), "Q 2": (1.0, 10.0)}
    facts = PartFacts(scales=scales, modalities={}, sessions=(), ratings=None, months=0)
    assert data_fault(["AI score"], "a", {"a": 5.0, "ai": ""}, facts) == ""
    assert data_fault(["AI score"], "a", {"a": 5.0, "ai": "Q 2"}, facts) == ""
    assert "0 to 1 (" in data_fault(["AI score"], "a", {"a": 5.0, "ai": "P 1"}, facts)
    assert "0 to 1 or 1 to 10" in data_fault(["AI score"], "a", {"a": 50.0}, facts)


def test_check_parameters_names_every_value_out_of_range_at_once():
    given = {spec.name: spec.default for spec in CHAPTERS["08_localization"].parameters}
    own = {name: value for name, value in given.items() if name not in SET_BY_RUN}
    with pytest.raises(ParametersError) as caught:
        check_parameters(
            CHAPTERS["08_localization"],
            {**own, "missed_share": 7.0, "hit_radius_mm": 0.0},
            place="x.yaml",
        )
    assert len(caught.value.faults) == 2
    assert "it is: lesions that a larger share of readers missed are shown" in str(caught.value)
