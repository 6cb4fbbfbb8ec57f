"""The synthesis repeats what the records say and judges each primary comparison by its margin."""

import pytest

from tests.test_results import make_comparison
from toolkit.chapters.synthesis import show_synthesis as synthesis


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
    assert synthesis.answer(records, not_complete) == words


def test_comparison_table_has_a_row_a_primary_comparison():
    view = synthesis.comparison_table([PLAIN, MET, NOT_MET])
    assert [row.cells[0] for row in view.rows] == ["06", "21"]
    assert view.rows[0].cells[-1] == "Non-inferiority shown"
    assert view.rows[1].cells[-1] == "Non-inferiority not shown"


def test_comparison_table_without_comparisons_says_so():
    assert synthesis.comparison_table([PLAIN]).rows[0].cells[1] == "none named"


def test_answers_link_each_chapter():
    text = synthesis.answers([PLAIN, MET])
    assert "[02 A question?](02_cohort_and_flow.ipynb) An answer." in text
    assert "no records" in synthesis.answers([])


def test_not_judged_gives_each_reason():
    assert synthesis.not_judged({"08_localization": "no marks"}) == "- 08_localization: no marks"
    assert synthesis.not_judged({}) == "Every chapter of the book has a result."
