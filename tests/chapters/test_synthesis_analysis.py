"""The records of a book are judged by its plan, each claim by its own result, or refused."""

import pytest

from tests.test_results import make_comparison
from toolkit.chapters.synthesis import exhibits
from toolkit.chapters.synthesis.analysis import SynthesisStudy, analyse, judge
from toolkit.stats.mrmc.analysis import GlobalTest


class Book:
    """The chapters of a book and its plan, as load_tables returns them."""

    def __init__(self, records, not_complete=None, plan=None):
        self.plan, self.lock, self.origin = plan, "", "study"
        self.records = lambda: records
        self.not_complete = lambda: not_complete or {}


def study(records, not_complete=None, plan=None) -> SynthesisStudy:
    """What chapter 90 makes of records."""
    return analyse(Book(records, not_complete, plan))


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


def claim_table(records, not_complete=None, plan=None):
    return exhibits.claim_table(study(records, not_complete, plan)).table


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
    view = claim_table([made], plan=plain)
    assert verdict_cells(view) == ["Shown", "Not shown", "None"]
    assert view.foot.endswith("Recalled means: BI-RADS 4 or 5.")
    made["results"]["spec"] = difference(0.2, quantity="ppv").to_dict()
    with pytest.raises(ValueError, match="result '07_b: spec' must be of specificity, but is of p"):
        judge(plain, [made], {})


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
        view = claim_table([made], plan=plain)
        rest = ["Not tested: 1 not shown"] * (4 - len(expected))
        assert verdict_cells(view)[:4] == expected + rest


def test_without_a_plan_there_is_nothing_to_judge():
    unplanned = study(three(0.01, 0.2, 0.3))
    assert unplanned.planned is None
    assert exhibits.claim_table(unplanned) is None
    assert exhibits.record(unplanned) == {}
    assert "no plan" in repr(unplanned)


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
        judge(plan([changed]), [made], {})
