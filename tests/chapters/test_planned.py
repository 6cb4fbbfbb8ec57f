"""What a plan of the book lets a chapter say of its comparison, and where a claim stands."""

import json
from dataclasses import asdict

import pytest

from tests.chapters.test_synthesis_analysis import THREE, claim, difference, plan, three
from toolkit.chapters.exhibit import Headline
from toolkit.chapters.planned import endpoint_plan, standing_judged
from toolkit.chapters.synthesis.analysis import judge
from toolkit.stats.claims import said
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


FIRST, LATER = {"place": [asdict(place())]}, {"place": [asdict(place(before=2))]}
LOCK = "2024-03-01 \u00b7 3f2a9c41d07b"


@pytest.mark.parametrize(
    ("told", "answer", "fact", "pill"),
    [
        ({}, "It was.", "<dt>Standing</dt><dd>No plan: an estimate", "No plan: estimates only"),
        (
            {"lock": "", "place": []},
            "It was.",
            "<dt>Standing</dt><dd>Outside the plan: an estimate",
            "Plan not locked",
        ),
        (
            {"lock": LOCK, **FIRST},
            "Yes. It was.",
            "<dt>Conclusion</dt><dd>Superiority shown",
            f"Plan locked {LOCK}",
        ),
        (
            {"lock": LOCK, **LATER},
            "Yes, if the two claims before it are shown. It was.",
            "<dt>Conclusion</dt><dd>Superiority shown if the two claims before it are shown",
            f"Plan locked {LOCK}",
        ),
    ],
)
def test_headline_of_a_chapter_obeys_its_place(told, answer, fact, pill, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("toolkit.study.notebook._display", shown.append)
    study = load_tables("demo", part="reader_study", chapter="06")
    study.told = told
    headline(Headline(question="Is it?", answer="It was.", primary=difference(0.01)))
    save_record(str(tmp_path / "r.json"), {})
    saved = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert saved["headline"]["answer"] == "It was."  # what it counts for may still change
    page = "".join(shown)
    assert f'<p class="a">{answer}</p>' in page
    assert fact in page
    assert study.plan_pill.text == pill


def test_first_page_concludes_as_chapter_90_does():
    verdicts = judge(THREE, three(0.01, 0.2, 0.001), {}).claims
    comparison = difference(0.01)
    words = [said(comparison, standing_judged(verdicts, n)) for n in ("06_a", "09_c", "21_d")]
    assert [one.opening for one in words] == ["Yes.", "Not tested.", ""]
    assert words[1].conclusion == "Superiority not tested"
    assert words[2].standing == "Outside the plan: an estimate"
