"""What a plan of the book lets a chapter say of its comparison, and where a claim stands."""

import json
import math
from dataclasses import asdict

import pytest

from tests.chapters.test_synthesis_analysis import THREE, claim, difference, plan, three
from toolkit.chapters.exhibit import Headline
from toolkit.chapters.planned import (
    conclusion,
    endpoint_plan,
    planned_answer,
    planned_decision,
)
from toolkit.chapters.synthesis.analysis import judge
from toolkit.results import result_from_dict
from toolkit.stats.claims.plan import ClaimPlace
from toolkit.study.notebook import headline, load_tables, save_record


def places(plain, chapter):
    return endpoint_plan(plain).places_of(chapter)


def place(kind="superiority", *, before=0, beside=0):
    return ClaimPlace(claim=kind, before=before, beside=beside)


def test_place_counts_the_claims_that_must_be_shown_before():
    assert places(THREE, "06_a") == [place()]
    assert places(THREE, "09_c") == [place(before=2)]
    assert places(THREE, "05_x") == []
    holm = {**THREE, "secondary_rule": "holm"}
    assert places(holm, "09_c") == [place(before=1, beside=1)]
    named = plan([claim("07_b", "recall_rate", result="other")])
    assert places(named, "07_b") == []


def test_noninferiority_of_the_same_result_is_no_other_claim_before():
    both = plan([claim("06_a", "x", "noninferiority", margin=0.05), claim("06_a", "x")])
    assert [one.before for one in places(both, "06_a")] == [0, 0]


ANSWER = "Yes. The AUC was higher."
FIRST = [place()]
LATER = [place(before=2)]
FAMILY = [place(before=1, beside=2)]


@pytest.mark.parametrize(
    ("stand", "answer", "decision"),
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
            [place("noninferiority")],
            "The AUC was higher. The plan claims non-inferiority, which chapter 90 judges.",
            "Non-inferiority shown",
        ),
    ],
)
def test_answer_and_decision_say_no_more_than_the_plan_claims(stand, answer, decision):
    margin = 0.05 if decision.startswith("Non-inf") else None
    asked = difference(0.01)
    assert planned_answer(ANSWER, asked, stand) == answer
    judged = difference(0.01, margin=margin)
    assert planned_decision("whatever", judged, stand).startswith(decision)


def test_superiority_that_nobody_planned_is_not_decided():
    only = [place("noninferiority")]
    both = [*only, place()]
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


@pytest.mark.parametrize(
    ("told", "answer", "decision"),
    [
        ({}, ANSWER, "Both shown"),
        ({"place": [asdict(one) for one in FIRST]}, ANSWER, "Superiority shown"),
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
    facts = [("Decision", "Both shown")]
    comparison = difference(0.01)
    headline(Headline(question="Is it?", answer=ANSWER, primary=comparison, facts=facts))
    save_record(str(tmp_path / "r.json"), {})
    saved = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert saved["headline"]["answer"].startswith(answer)
    assert f"<dd>{decision}</dd>" in "".join(shown)


def test_first_page_repeats_the_verdicts_of_the_record():
    plain = judge(THREE, three(0.01, 0.2, 0.001), {}).verdicts.to_dict()
    assert result_from_dict(plain).to_dict() == plain
    words = [conclusion(plain["verdicts"], n) for n in ("06_a", "09_c", "21_d")]
    assert words == ["Superiority shown", "Superiority not tested", "No claim of the plan"]
