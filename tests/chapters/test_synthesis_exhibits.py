"""The synthesis repeats what the records say and judges each primary comparison by its margin."""

import pytest

from tests.chapters.test_synthesis_analysis import (
    THREE,
    claim_table,
    difference,
    study,
    three,
    verdict_cells,
)
from tests.chapters.test_synthesis_analysis import record as planned_record
from tests.test_results import make_comparison
from toolkit.chapters.synthesis import exhibits


def record(name, *, low=None, high=None, answer="An answer.", margin=0.05):
    headline = {"question": "A question?", "answer": answer}
    if low is not None:
        comparison = make_comparison(ci_low=low, ci_high=high, margin=margin, better="higher")
        headline["primary"] = comparison.to_dict()
    return {"name": name, "headline": headline, "results": {"auc": {}}}


MET = record("06_ai_against_readers", low=-0.04, high=0.02)
NOT_MET = record("21_prospective", low=-0.09, high=0.02)
PLAIN = record("02_cohort_and_flow")


@pytest.mark.parametrize(
    ("records", "not_complete", "words"),
    [
        ([PLAIN], {}, "The plan of this book names no primary comparison."),
        ([PLAIN, MET], {}, "The aim of one primary comparison was met: AUC of AI against readers."),
        (
            [NOT_MET],
            {},
            "The aim of one primary comparison was not shown to be met: AUC of AI against readers.",
        ),
        (
            [MET, NOT_MET],
            {"08_localization": "failed"},
            "Of two primary comparisons, one aim met: AUC of AI against readers. Not shown: AUC of "
            "AI against readers. One chapter of the book could not be judged.",
        ),
    ],
)
def test_answer_counts_the_comparisons_that_met_their_aim(records, not_complete, words):
    assert exhibits.head(study(records, not_complete)).answer == words


def test_comparison_table_has_a_row_a_primary_comparison():
    view = exhibits.comparison_table(study([PLAIN, MET, NOT_MET])).table
    assert [row.cells[0] for row in view.rows] == ["06", "21"]
    assert view.rows[0].cells[-1] == "Non-inferiority shown"
    assert view.rows[1].cells[-1] == "Non-inferiority not shown"


def test_comparison_table_without_comparisons_says_so():
    assert exhibits.comparison_table(study([PLAIN])).table.rows[0].cells[1] == "none named"


def test_answers_link_each_chapter():
    text = exhibits.answers(study([PLAIN, MET]))
    assert "[02 A question?](02_cohort_and_flow.ipynb) An answer." in text
    assert "no records" in exhibits.answers(study([]))


def test_not_judged_gives_each_reason():
    assert (
        exhibits.not_judged(study([], {"08_localization": "no marks"}))
        == "- 08_localization: no marks"
    )
    assert exhibits.not_judged(study([])) == "Every chapter of the book has a result."


@pytest.mark.parametrize(
    ("p_values", "cells", "opening"),
    [
        ((0.01, 0.02, 0.03), ["Shown", "Shown", "Shown"], "all three claims of the plan are shown"),
        (
            (0.01, 0.2, 0.001),
            ["Shown", "Not shown", "Not tested: 2 not shown"],
            "one of three claims of the plan is shown",
        ),
        (
            (0.06, 0.001, 0.001),
            ["Not shown", "Not tested: 1 not shown", "Not tested: 1 not shown"],
            "none of three claims of the plan is shown",
        ),
    ],
)
def test_records_are_judged_in_the_order_of_the_plan(p_values, cells, opening):
    records = three(*p_values)
    assert verdict_cells(claim_table(records, plan=THREE)) == cells
    assert f"AI against readers: {opening}" in exhibits.head(study(records, plan=THREE)).answer


def test_holm_judges_the_secondary_claims_together():
    # 0.03 and 0.04: Holm needs the smaller one at 0.025, so neither is shown.
    holm = {**THREE, "secondary_rule": "holm"}
    view = claim_table(three(0.01, 0.03, 0.04), plan=holm)
    assert verdict_cells(view) == ["Shown", "Not shown", "Not shown"]
    assert view.rows[2].cells[0] == "Secondary, by Holm's method"
    assert [row.cells[5] for row in view.rows if row.kind != "group"] == [
        ".010",
        ".060",
        ".060",
    ]
    assert "Claim 2: its own P is small enough" in view.foot


@pytest.mark.parametrize("there", [0, 1, 2])
def test_a_chapter_without_record_is_never_shown_and_stops_the_order(there):
    records = three(0.001, 0.001, 0.001)
    name = records.pop(there)["name"]
    judged = study(records, {name: "cell 3 raised ValueError"}, THREE)
    view = exhibits.claim_table(judged).table
    after = [f"Not tested: {there + 1} not judged"] * (2 - there)
    assert verdict_cells(view) == ["Shown"] * there + ["Cannot be judged yet"] + after
    assert f"No record of {name}: cell 3 raised ValueError." in view.foot
    text = exhibits.head(judged).answer
    assert "Cannot be judged yet: superiority in" in text
    assert "One chapter of the book could not be judged." in text


def test_primary_comparisons_outside_the_plan_carry_no_decision():
    records = [*three(0.01, 0.02, 0.03), planned_record("21_d", difference(0.001, margin=0.05))]
    view = exhibits.comparison_table(study(records, plan=THREE)).table
    assert [row.cells[0] for row in view.rows] == ["21"]
    assert [column.head for column in view.columns][-1] == "Margin"
    assert "no claim" in view.foot
