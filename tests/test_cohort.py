"""Who can be judged: counts of the flow and of Table 1, by hand on tiny tables."""

import numpy as np
import pandas as pd
import pytest

from toolkit.exhibits import cohort as exhibits
from toolkit.scoring.cohort import branches, cohort
from toolkit.scoring.ratings import ScoringError

CASES = pd.DataFrame(
    {
        "case_id": ["c1", "c2", "c3", "c4", "c5", "c6"],
        "patient_id": ["p1", "p1", "p2", "p3", "p4", "p5"],
        "truth": [1.0, 0.0, np.nan, 1.0, 0.0, 0.0],
        "age_years": [60.0, 50.0, 40.0, np.nan, 45.0, 55.0],
        "density": ["A", "B", "B", "A", "B", None],
        "indication": ["screening", "screening", "screening", "symptomatic", None, "screening"],
    }
)
READERS = pd.DataFrame({"reader_id": ["AI", "R"], "kind": ["ai", "human"]})
READINGS = pd.DataFrame(
    [
        ("AI", "c1", "complete", 9.7),
        ("AI", "c2", "complete", 2.0),
        ("AI", "c3", "complete", 9.5),
        ("AI", "c4", "failed", np.nan),
        ("AI", "c5", "missing", np.nan),
        ("R", "c6", "complete", 5.0),
    ],
    columns=["reader_id", "case_id", "status", "rating"],
)


def found(**changes):
    return cohort(CASES, READINGS, READERS, **changes)


def test_cohort_keeps_complete_failed_and_missing_apart():
    cases = found().cases.set_index("case_id")
    assert cases["ai"].to_dict() == {
        "c1": "complete",
        "c2": "complete",
        "c3": "complete",
        "c4": "failed",
        "c5": "missing",
        "c6": "missing",  # no AI reading at all
    }
    assert cases["diagnosis"].to_dict()["c3"] == "not known"
    assert found().n_patients == 5
    assert list(found().judged["case_id"]) == ["c1", "c2"]


def test_branches_part_the_scores_and_add_up():
    with_result, without = branches(found(), cutoff=9.5)
    marked, rest = with_result
    assert (marked.count, dict(marked.diagnoses)) == (
        2,
        {"cancer": 1, "no cancer": 0, "not known": 1},
    )
    assert (rest.count, dict(rest.diagnoses)["no cancer"]) == (1, 1)
    assert without.count == 3
    assert without.reasons == (("AI failed", 1), ("No result came", 2))
    assert sum(count for _, count in without.diagnoses) == 3


def test_cohort_of_some_indications_counts_the_others():
    some = found(indications=["screening"])
    assert (some.n_identified, len(some.cases)) == (6, 4)
    assert dict(some.excluded) == {"Symptomatic": 1, "Not recorded": 1}


def test_cohort_refuses_what_the_study_does_not_have():
    with pytest.raises(ScoringError, match="no examination is left with indication follow_up"):
        found(indications=["follow_up"])
    with pytest.raises(ScoringError, match="the cases have no indication"):
        cohort(CASES.drop(columns="indication"), None, None, indications=["screening"])


def test_cohort_without_an_ai_has_one_branch():
    alone = cohort(CASES, None, None)
    with_result, without = branches(alone, cutoff=5)
    assert without is None
    assert [branch.count for branch in with_result] == [6]
    assert len(alone.judged) == 5
    assert "known diagnosis" in exhibits.answer(alone)
    assert "AI" not in exhibits.answer(alone)
    assert exhibits.figure(exhibits.flow(alone, cutoff=5), stamp="").axes


def test_answer_says_what_the_others_lack():
    assert exhibits.answer(found()) == (
        "2 of 6 examinations have an AI score and a known diagnosis. Of the others 3 have no AI "
        "score and 1 no known diagnosis."
    )


def test_flow_adds_up_and_is_drawn():
    flow = exhibits.flow(found(), cutoff=9.5)
    assert (flow.identified.count, flow.eligible.count, flow.with_index.count) == (6, 6, 3)
    assert flow.without_index_branch.box.count == 3
    assert exhibits.figure(flow, stamp="SIMULATED").axes
    data = exhibits.flow_data(flow)
    assert data[data["diagnosis"] != ""]["examinations"].sum() == 6


def test_table_one_counts_by_hand():
    view = exhibits.table_one(found())
    rows = {row.cells[0]: row.cells for row in view.rows}
    assert rows["Age, years: median (quartiles)"][1] == "50 (45–55)"
    # Density is known of five: A of both cancers, B of the three others.
    assert rows["A"][1:4] == ["2 (40.0)", "2 (100.0)", "0 (0.0)"]
    assert rows["B"][1:4] == ["3 (60.0)", "0 (0.0)", "3 (100.0)"]
    assert rows["Not recorded"][1:4] == ["1", "0", "1"]
    assert [c.head for c in view.columns][1:4] == [
        "All, N = 6",
        "Cancer, N = 2",
        "No cancer or not known, N = 4",
    ]
    assert "site" in view.foot
    assert all(len(row.cells) == len(view.columns) for row in view.rows)


def test_table_one_without_any_characteristic_says_so():
    bare = cohort(CASES[["case_id", "patient_id", "truth"]], None, None)
    view = exhibits.table_one(bare)
    assert view.rows[0].cells[0] == "No characteristic is recorded"
    assert "age, breast density" in view.foot


def test_record_holds_the_shares():
    record = exhibits.record(found())
    assert (record["judged"].numerator, record["judged"].denominator) == (2, 6)
    assert record["no_score"].numerator == 3
