"""A plan orders the claims of a book: who may carry a verdict, and what the records show of it."""

import json
import math

import pytest

from tests.test_results import make_comparison
from toolkit.chapters.synthesis import show_planned_endpoints as planned_endpoints
from toolkit.chapters.synthesis import show_synthesis as synthesis
from toolkit.chapters.synthesis.show_book_plan import place_of, planned_answer, planned_decision
from toolkit.results import result_from_dict
from toolkit.stats.mrmc.analysis import GlobalTest
from toolkit.study.notebook import headline, load_tables, save_record


def claim(chapter, quantity, kind="superiority", *, result=None, margin=None):
    return {
        "chapter": chapter,
        "result": result,
        "quantity": quantity,
        "claim": kind,
        "margin": margin,
    }


def plan(primary, secondary=(), *, rule="fixed sequence", reported=(), recall="", level=0.95):
    return {
        "primary": list(primary),
        "secondary": list(secondary),
        "secondary_rule": rule,
        "reported": list(reported),
        "recall_rule": recall,
        "ci_level": level,
    }


def difference(p, *, quantity="recall_rate", **changes):
    """A difference in favour of b with a given P, its interval on the side that goes with it."""
    low = 0.01 if p < 0.05 else -0.01
    values = {"estimate": 0.04, "ci_low": low, "ci_high": 0.09, "p_value": p, "better": "higher"}
    return make_comparison(quantity=quantity, **{**values, **changes})


def record(name, primary=None, **results):
    headline_ = {} if primary is None else {"primary": primary.to_dict()}
    plain = {key: result.to_dict() for key, result in results.items()}
    return {"name": name, "headline": {"question": "?", **headline_}, "results": plain}


THREE = plan([claim("06_a", "recall_rate")], [claim("07_b", "time"), claim("09_c", "ppv")])


def three(first, second, third):
    return [
        record("06_a", difference(first)),
        record("07_b", difference(second, quantity="time")),
        record("09_c", difference(third, quantity="ppv")),
    ]


def verdict_cells(view):
    return [row.cells[1] for row in view.rows if row.kind != "group"]


# ---- where a chapter's comparison stands


def test_place_counts_the_claims_that_must_be_shown_before():
    assert place_of(THREE, "06_a") == [{"claim": "superiority", "before": 0, "beside": 0}]
    assert place_of(THREE, "09_c") == [{"claim": "superiority", "before": 2, "beside": 0}]
    assert place_of(THREE, "05_x") == []
    holm = {**THREE, "secondary_rule": "holm"}
    assert place_of(holm, "09_c") == [{"claim": "superiority", "before": 1, "beside": 1}]
    named = plan([claim("07_b", "auc", result="other")])
    assert place_of(named, "07_b") == []


def test_noninferiority_of_the_same_result_is_no_other_claim_before():
    both = plan([claim("06_a", "x", "noninferiority", margin=0.05), claim("06_a", "x")])
    assert [one["before"] for one in place_of(both, "06_a")] == [0, 0]


ANSWER = "Yes. The AUC was higher."
FIRST = [{"claim": "superiority", "before": 0, "beside": 0}]
LATER = [{"claim": "superiority", "before": 2, "beside": 0}]
FAMILY = [{"claim": "superiority", "before": 1, "beside": 2}]


@pytest.mark.parametrize(
    ("place", "answer", "decision"),
    [
        ([], "The AUC was higher. The plan of this book makes no claim of it.", "No claim of the "),
        (FIRST, ANSWER, "Superiority shown"),
        (
            LATER,
            f"{ANSWER} In the plan it counts only if the two claims before it are shown: see "
            "chapter 90.",
            "Superiority shown by its own interval",
        ),
        (
            FAMILY,
            "The AUC was higher. The plan judges it with two others by Holm's method, only if the "
            "claim before it is shown: see chapter 90.",
            "Superiority: see chapter 90",
        ),
        (
            [{"claim": "noninferiority", "before": 0, "beside": 0}],
            "The AUC was higher. The plan claims non-inferiority, which chapter 90 judges.",
            "Non-inferiority shown",
        ),
    ],
)
def test_answer_and_decision_say_no_more_than_the_plan_claims(place, answer, decision):
    margin = 0.05 if decision.startswith("Non-inf") else None
    asked = difference(0.01)
    assert planned_answer(ANSWER, asked, place) == answer
    judged = difference(0.01, margin=margin)
    assert planned_decision("whatever", judged, place).startswith(decision)


def test_superiority_that_nobody_planned_is_not_decided():
    only = [{"claim": "noninferiority", "before": 0, "beside": 0}]
    both = [*only, {"claim": "superiority", "before": 0, "beside": 0}]
    better = difference(0.001, margin=0.05)
    assert planned_decision("Both shown", better, only) == "Non-inferiority shown"
    assert planned_decision("", better, both) == "Non-inferiority shown; superiority shown"
    assert planned_answer("Yes. So.", better, only) == "Yes. So."


@pytest.mark.parametrize("word", ["Yes.", "No.", "Not shown."])
def test_every_verdict_goes_where_there_is_no_claim(word):
    assert planned_answer(f"{word} The AUC.", difference(0.2), []).startswith("The AUC.")


def test_what_cannot_be_answered_stays_so():
    nothing = difference(math.nan, ci_low=math.nan, ci_high=math.nan, note="no cancers")
    text = "Cannot be answered yet. AUC cannot be compared: no cancers."
    assert planned_answer(text, nothing, []).startswith(text)
    assert planned_decision("Not defined: no cancers", nothing, []) == "Not defined: no cancers"


# ---- chapter 90


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
    planned = planned_endpoints.judge(THREE, records, {})
    assert verdict_cells(planned_endpoints.claim_table(planned)) == cells
    assert f"AI against readers: {opening}" in synthesis.answer(records, {}, planned)


def test_holm_judges_the_secondary_claims_together():
    # 0.03 and 0.04: Holm needs the smaller one at 0.025, so neither is shown.
    planned = planned_endpoints.judge(
        {**THREE, "secondary_rule": "holm"}, three(0.01, 0.03, 0.04), {}
    )
    view = planned_endpoints.claim_table(planned)
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
    planned = planned_endpoints.judge(THREE, records, {name: "cell 3 raised ValueError"})
    view = planned_endpoints.claim_table(planned)
    after = [f"Not tested: {there + 1} not judged"] * (2 - there)
    assert verdict_cells(view) == ["Shown"] * there + ["Cannot be judged yet"] + after
    assert f"No record of {name}: cell 3 raised ValueError." in view.foot
    text = synthesis.answer(records, {name: "failed"}, planned)
    assert "Cannot be judged yet: superiority in" in text
    assert "One chapter of the book could not be judged." in text


def test_an_auc_stands_with_both_at_the_recall_rule():
    plain = plan(
        [claim("07_b", "auc")],
        [claim("07_b", "sensitivity", result="sens")],
        reported=[{"chapter": "07_b", "result": "spec", "quantity": "specificity"}],
        recall="BI-RADS 4 or 5.",
    )
    made = record(
        "07_b",
        difference(0.01, quantity="auc"),
        sens=difference(0.2, quantity="sensitivity"),
        spec=difference(0.001, quantity="specificity"),
    )
    view = planned_endpoints.claim_table(planned_endpoints.judge(plain, [made], {}))
    assert verdict_cells(view) == ["Shown", "Not shown", "None"]
    assert view.foot.endswith("Recalled means: BI-RADS 4 or 5.")
    made["results"]["spec"] = difference(0.2, quantity="ppv").to_dict()
    with pytest.raises(ValueError, match="result '07_b: spec' must be of specificity, but is of p"):
        planned_endpoints.judge(plain, [made], {})


def test_a_global_test_opens_the_way_to_the_pairs():
    plain = plan(
        [claim("07_b", "auc", "difference", result="all")],
        [claim("07_b", "recall_rate", "difference", result=name) for name in ("ab", "ac", "bc")],
        rule="holm",
        reported=[
            {"chapter": "07_b", "result": "se", "quantity": "sensitivity"},
            {"chapter": "07_b", "result": "sp", "quantity": "specificity"},
        ],
        recall="4 or 5",
    )
    pairs = {"ab": difference(0.01), "ac": difference(0.02), "bc": difference(0.6)}
    beside = {"se": difference(0.5, quantity="sensitivity")}
    beside["sp"] = difference(0.5, quantity="specificity")
    for p, expected in ((0.03, ["Shown", "Shown", "Shown", "Not shown"]), (0.06, ["Not shown"])):
        gate = GlobalTest(statistic=4.0, df1=2.0, df2=30.0, p_value=p, method="F test")
        made = record("07_b", all=gate, **pairs, **beside)
        view = planned_endpoints.claim_table(planned_endpoints.judge(plain, [made], {}))
        rest = ["Not tested: 1 not shown"] * (4 - len(expected))
        assert verdict_cells(view)[:4] == expected + rest


def test_primary_comparisons_outside_the_plan_carry_no_decision():
    records = [*three(0.01, 0.02, 0.03), record("21_d", difference(0.001, margin=0.05))]
    planned = planned_endpoints.judge(THREE, records, {})
    view = synthesis.comparison_table(records, planned)
    assert [row.cells[0] for row in view.rows] == ["21"]
    assert [column.head for column in view.columns][-1] == "Margin"
    assert "no claim" in view.foot


def test_first_page_repeats_the_verdicts_of_the_record():
    planned = planned_endpoints.judge(THREE, three(0.01, 0.2, 0.001), {})
    plain = planned_endpoints.recorded(planned)["plan"].to_dict()
    assert result_from_dict(plain).to_dict() == plain
    words = [planned_endpoints.conclusion(plain["verdicts"], n) for n in ("06_a", "09_c", "21_d")]
    assert words == ["Superiority shown", "Superiority not tested", "No claim of the plan"]


def test_without_a_plan_there_is_nothing_to_judge():
    assert planned_endpoints.judge(None, three(0.01, 0.2, 0.3), {}) is None
    assert planned_endpoints.claim_table(None) is None
    assert planned_endpoints.recorded(None) == {}


@pytest.mark.parametrize(
    ("changed", "made", "message"),
    [
        (claim("06_a", "recall_rate"), record("06_a"), "06_a, which has no primary comparison"),
        (
            claim("06_a", "recall_rate", result="reca"),
            record("06_a", recall=difference(0.1)),
            "the plan names result 'reca' of 06_a, but its record has recall; correct the plan",
        ),
        (
            claim("06_a", "recall_rate", result="same"),
            record("06_a", difference(0.1), same=difference(0.1)),
            "result 'same' of 06_a is its primary comparison: leave result out",
        ),
        (
            claim("06_a", "ppv"),
            record("06_a", difference(0.1)),
            "result '06_a' must be of ppv, but is of recall_rate",
        ),
        (
            claim("06_a", "recall_rate", "noninferiority", margin=0.05),
            record("06_a", difference(0.1, margin=0.1, p_noninferiority=0.01)),
            r"must use the planned margin 0\.05, but uses 0\.1",
        ),
        (
            claim("06_a", "recall_rate"),
            record("06_a", difference(0.1, ci_level=0.9)),
            r"must have ci_level 0\.95 as the plan, but has 0\.9",
        ),
    ],
)
def test_a_record_that_is_not_the_planned_one_is_refused(changed, made, message):
    with pytest.raises(ValueError, match=message):
        planned_endpoints.judge(plan([changed]), [made], {})


# ---- in a chapter


@pytest.mark.parametrize(
    ("told", "answer", "decision"),
    [
        ({}, ANSWER, "Both shown"),
        ({"place": FIRST}, ANSWER, "Superiority shown"),
        (
            {"place": []},
            "The AUC was higher. The plan of this book makes no",
            "No claim of the plan",
        ),
    ],
)
def test_headline_of_a_chapter_obeys_its_place(told, answer, decision, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("toolkit.study.notebook._display", shown.append)
    study = load_tables("demo", part="reader_study", chapter="06")
    study.told = told
    headline("Is it?", ANSWER, primary=difference(0.01), facts=[("Decision", "Both shown")])
    save_record(str(tmp_path / "r.json"), {})
    saved = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert saved["headline"]["answer"].startswith(answer)
    assert f"<dd>{decision}</dd>" in "".join(shown)
