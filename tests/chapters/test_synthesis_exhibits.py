"""The synthesis gives the effect, the claims of the plan, the estimates, and what limits them."""

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
from toolkit.words.wording import capital


def record(name, *, clinic="", low=None, high=None, margin=0.05, **headline):
    headline = {"question": "A question?", "answer": "An answer.", "clinic": clinic, **headline}
    if low is not None:
        comparison = make_comparison(ci_low=low, ci_high=high, margin=margin, better="higher")
        headline["primary"] = comparison.to_dict()
    return {"name": name, "headline": headline, "results": {"auc": {}}}


MET = record("06_ai_against_readers", low=-0.04, high=0.02)
NOT_MET = record("21_prospective", low=-0.09, high=0.02)
PLAIN = record("02_cohort_and_flow")
NO_PLAN = "No plan: nothing here is a confirmatory result."


@pytest.mark.parametrize(
    ("records", "not_complete", "words"),
    [
        ([PLAIN, MET, NOT_MET], {}, NO_PLAN),
        ([MET], {"08_x": "failed"}, f"{NO_PLAN} One chapter could not be judged."),
        ([record("05_a", clinic="Alone."), MET], {}, f"Alone. {NO_PLAN}"),
        # Women in screening before a reader study, whatever the order of the book.
        (
            [record("07_a", clinic="Readers."), record("21_b", clinic="Women.")],
            {},
            f"Women. {NO_PLAN}",
        ),
    ],
)
def test_without_a_plan_the_answer_is_the_effect_and_that_nothing_is_confirmed(
    records, not_complete, words
):
    assert exhibits.head(study(records, not_complete)).answer == words


def test_comparison_table_has_estimates_and_no_conclusion():
    view = exhibits.comparison_table(study([PLAIN, MET, NOT_MET])).table
    assert [row.cells[0] for row in view.rows] == ["06", "21"]
    assert [column.head for column in view.columns] == ["", "Compared", "Effect", "95% CI"]
    assert exhibits.comparison_table(study([PLAIN])) is None


def test_limitations_name_the_book_first_and_then_each_chapter():
    made = [record("06_a", limits=["Three readers are few.", "No follow-up."], marks=["immature"])]
    lines = exhibits.limitations(study(made)).splitlines()
    assert lines == [
        "- No plan fixed before the data were seen which comparisons matter.",
        "- Follow-up is not complete in chapter 06.",
        "- [06](06_a.ipynb) Three readers are few. No follow-up.",
    ]
    assert "The plan is not locked" in exhibits.limitations(study(three(0.1, 0.1, 0.1), plan=THREE))


def test_a_claim_that_waits_for_data_is_not_judged():
    waiting = three(0.01, 0.01, 0.01)
    waiting[1]["headline"]["waits_for"] = "the work-up of 9 women is not complete"
    view = claim_table(waiting, plan=THREE)
    assert verdict_cells(view) == ["Shown", "Cannot be judged yet", "Not tested: 2 not judged"]
    assert "Not judged yet, 07_b: the work-up of 9 women is not complete." in view.foot


def test_a_claim_on_the_bad_side_says_who_is_worse():
    records = three(0.01, 0.2, 0.2)
    bad = difference(0.001, quantity="time", estimate=-0.04, ci_low=-0.09, ci_high=-0.01)
    records[1] = planned_record("07_b", bad)
    assert verdict_cells(claim_table(records, plan=THREE))[1] == "Not shown (AI worse)"
    assert "superiority in time (AI worse)" in exhibits.head(study(records, plan=THREE)).answer


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
    assert capital(opening) in exhibits.head(study(records, plan=THREE)).answer


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
    assert f"Not judged yet, {name}: cell 3 raised ValueError." in view.foot
    text = exhibits.head(judged).answer
    assert "Cannot be judged yet: superiority in" in text
    assert "One chapter could not be judged." in text


def test_comparisons_outside_the_plan_carry_no_conclusion():
    records = [*three(0.01, 0.02, 0.03), planned_record("21_d", difference(0.001, margin=0.05))]
    view = exhibits.comparison_table(study(records, plan=THREE)).table
    assert [row.cells[0] for row in view.rows] == ["21"]
    assert view.title == "Estimates of which the plan makes no claim"
    assert "nothing is concluded from them" in view.foot
