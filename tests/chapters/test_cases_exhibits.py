"""The sentences of chapter 14, for each shape that the data can have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from toolkit.chapters.cases import exhibits
from toolkit.chapters.cases.analysis import KINDS, CasesStudy, Recalls, TellingCase

CASE = TellingCase(
    case_id="SECRET-1",
    cancer=True,
    ai_rating=9.9,
    n_rated=1240,
    n_higher=12,
    n_lower=1227,
    features=("54 years", "density C", "mass, invasive ductal carcinoma, 11 mm"),
    recalls={"unaided": Recalls(recalled=1, called=10), "aided": Recalls(recalled=6, called=10)},
)
FOUND = CasesStudy(
    ai="P 1",
    modality="unaided",
    shown={"missed by readers": (CASE,), "rated low": (CASE,), "rated high": ()},
    n_of_kind={"missed by readers": 19, "rated low": 100, "rated high": 0},
    n_cancers_called=95,
    n_without_pictures=0,
)


def test_answer_counts_the_cancers_that_readers_called() -> None:
    assert exhibits.head(FOUND).answer == (
        "More than half of the readers without AI did not recall 19 of 95 (20.0%) cancers. "
        "One case was chosen by rule to be looked at."
    )


def test_answer_without_readers_or_cancers_says_so() -> None:
    nobody = replace(FOUND, n_cancers_called=0)
    assert exhibits.head(nobody).answer.startswith("No reader called a cancer without AI.")
    none = replace(FOUND, n_of_kind=dict.fromkeys(KINDS, 0), shown=dict.fromkeys(KINDS, ()))
    assert exhibits.head(none).answer == (
        "There is no cancer among the cases with pictures. No case is shown."
    )


def test_label_says_reference_standard_rating_place_and_recalls() -> None:
    assert exhibits.label(CASE) == (
        "Cancer; 54 years; density C; mass, invasive ductal carcinoma, 11 mm. The AI rated it 9.9, "
        "the 13th highest of 1,240 cases; recalled by 1 of 10 without AI and 6 of 10 with AI."
    )
    bare = replace(CASE, cancer=False, ai_rating=10.0, features=(), recalls={}, n_rated=3)
    highest = replace(bare, n_higher=0, n_lower=2)
    assert exhibits.label(highest) == "No cancer. The AI rated it 10, the highest of three cases."


@pytest.mark.parametrize(
    ("n_higher", "n_lower", "place"),
    [
        (1, 98, "2nd highest"),
        (2, 97, "3rd highest"),
        (10, 89, "11th highest"),
        (22, 77, "23rd highest"),
        (99, 0, "lowest"),
        (78, 21, "22nd lowest"),
    ],
)
def test_a_place_counts_from_the_nearer_end(n_higher, n_lower, place) -> None:
    case = replace(CASE, n_rated=100, n_higher=n_higher, n_lower=n_lower)
    assert f"rated it 9.9, the {place} of 100 cases" in exhibits.label(case)


@pytest.mark.parametrize(
    ("shown", "total", "sentence"),
    [
        (0, 0, "There is none among the cases with pictures."),
        (1, 1, "The only one."),
        (2, 2, "Both, the lowest first."),
        (3, 3, "All three of them, the lowest first."),
        (3, 100, "Three of 100, the lowest first."),
    ],
)
def test_opening_says_how_many_of_how_many(shown: int, total: int, sentence: str) -> None:
    found = replace(
        FOUND,
        shown={**FOUND.shown, "rated low": (CASE,) * shown},
        n_of_kind={**FOUND.n_of_kind, "rated low": total},
    )
    assert exhibits.opening(found, "rated low") == sentence


def test_facts_name_cases_without_pictures_only_where_there_are_any() -> None:
    assert [name for name, _ in exhibits.head(FOUND).facts] == [
        "AI",
        "Cancers with pictures",
        "Others with pictures",
    ]
    lacking = dict(exhibits.head(replace(FOUND, n_without_pictures=7)).facts)
    assert lacking["Rated, without pictures"] == "7"


def test_no_sentence_holds_an_identifier() -> None:
    said = [
        exhibits.head(FOUND).answer,
        exhibits.rule(FOUND),
        str(exhibits.head(FOUND).facts),
    ]
    for kind in KINDS:
        said += [exhibits.opening(FOUND, kind), *exhibits.labels(FOUND, kind)]
    assert not any("SECRET" in text for text in said)


def test_record_is_the_share_of_cancers_that_were_called() -> None:
    share = exhibits.record(FOUND)["missed_by_most_readers"]
    assert (share.numerator, share.denominator) == (19, 95)
    assert exhibits.record(replace(FOUND, n_cancers_called=0)) == {}
