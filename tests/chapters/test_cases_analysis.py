"""Cases to look at: chosen by rule, checked on tables small enough to judge by eye."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from tests.chapters.given import Given
from toolkit.chapters.cases.analysis import CasesStudy, Recalls, analyse
from toolkit.demo import demo_study
from toolkit.scoring.ratings import ScoringError

# case: truth, AI rating, calls without AI of three readers, calls with AI.
CASES = {
    "c1": (1, 9.0, "000", "110"),  # missed by all, rated high
    "c2": (1, 2.0, "001", "001"),  # missed by two of three, rated low
    "c3": (1, 5.0, "110", "111"),  # found by most
    "c4": (1, 9.5, "10-", "11-"),  # half of two: not more than half missed it
    "n1": (0, 8.0, "111", "011"),
    "n2": (0, 1.0, "000", "000"),
    "n3": (0, 8.0, "000", "000"),  # as high as n1, later in the table
    "f1": (1, None, "000", "000"),  # the AI failed
    "x1": (1, 9.9, "000", "000"),  # no image
    "u1": (None, 9.9, "000", "000"),  # truth not known
}


def tables() -> dict[str, pd.DataFrame]:
    cases = pd.DataFrame(
        [{"case_id": c, "patient_id": c, "truth": truth} for c, (truth, *_) in CASES.items()]
    )
    rows = []
    for case, (_, rating, unaided, aided) in CASES.items():
        status = "complete" if rating is not None else "failed"
        rows.append(("AI", case, "standalone", rating, None, status))
        for modality, calls in (("unaided", unaided), ("aided", aided)):
            rows += [
                (f"R{number}", case, modality, float(call), float(call), "complete")
                for number, call in enumerate(calls)
                if call != "-"
            ]
    names = ["reader_id", "case_id", "modality", "rating", "call", "status"]
    readings = pd.DataFrame(rows, columns=names).assign(session="1")
    readers = pd.DataFrame(
        [{"reader_id": "AI", "kind": "ai", "product": "P", "version": "1"}]
        + [{"reader_id": f"R{number}", "kind": "human"} for number in range(3)]
    )
    images = pd.DataFrame({"image_id": list(CASES), "case_id": list(CASES)})
    return {
        "cases": cases,
        "readings": readings,
        "readers": readers,
        "images": images[images["case_id"] != "x1"],
    }


def cases_of(given: dict[str, pd.DataFrame], **choices: object) -> CasesStudy:
    return analyse(Given(SimpleNamespace(**{"lesions": None, **given})), **choices)  # type: ignore[arg-type]


def names(found: CasesStudy, kind: str) -> list[str]:
    return [case.case_id for case in found.shown[kind]]  # type: ignore[index]


def test_telling_cases_are_those_that_the_rule_names_in_its_order() -> None:
    found = cases_of(tables(), cases_each=9)
    assert found.ai == "P 1"
    assert names(found, "missed by readers") == ["c1", "c2"]
    assert names(found, "rated low") == ["c2", "c3", "c1", "c4"]
    assert names(found, "rated high") == ["n1", "n3", "n2"]
    assert found.n_of_kind == {"missed by readers": 2, "rated low": 4, "rated high": 3}
    assert found.n_cancers_called == 4
    assert found.n_without_pictures == 1  # x1; f1 has no rating, u1 no truth


def test_telling_cases_say_rating_place_and_recalls() -> None:
    case = cases_of(tables(), cases_each=1).shown["rated high"][0]
    assert (case.cancer, case.ai_rating) == (False, 8.0)
    # Above it: c1 9.0, c4 9.5 and x1 9.9, of the eight cases with a rating and a truth.
    assert (case.n_rated, case.n_higher, case.n_lower) == (8, 3, 3)
    assert case.features == ()
    assert case.recalls == {
        "unaided": Recalls(recalled=3, called=3),
        "aided": Recalls(recalled=2, called=3),
    }


def test_telling_cases_say_what_is_known_of_woman_and_lesions() -> None:
    given = tables()
    known = {"age_years": [54.0] + [float("nan")] * 9, "density": ["C"] + [None] * 9}
    given["cases"] = given["cases"].assign(**known)
    rows = [
        ("c1", "1", "1", "mass", "invasive lobular", 11.0),
        ("c1", "1", "2", "mass", "invasive lobular", 11.0),  # the same lesion on another image
        ("c1", "2", "1", "calcification", None, float("nan")),
        ("c2", "1", "1", None, None, float("nan")),
    ]
    columns = ["case_id", "lesion_id", "image_id", "lesion_type", "histology", "size_mm"]
    given["lesions"] = pd.DataFrame(rows, columns=columns)
    shown = {case.case_id: case for case in cases_of(given).shown["missed by readers"]}
    assert shown["c1"].features == (
        "54 years",
        "density C",
        "mass, invasive lobular, 11 mm",
        "calcification",
    )
    assert shown["c2"].features == ()


def test_telling_cases_half_of_the_readers_is_not_most() -> None:
    found = cases_of(tables(), cases_each=9)
    c4 = next(case for case in found.shown["rated low"] if case.case_id == "c4")
    assert c4.recalls["unaided"] == Recalls(recalled=1, called=2)
    assert "c4" not in names(found, "missed by readers")


def test_telling_cases_show_at_most_what_was_asked_for_and_count_all() -> None:
    found = cases_of(tables(), cases_each=1)
    assert [len(cases) for cases in found.shown.values()] == [1, 1, 1]
    assert found.n_of_kind["rated low"] == 4


def test_telling_cases_without_readers_have_no_missed_ones() -> None:
    given = tables()
    given["readings"] = given["readings"][given["readings"]["reader_id"] == "AI"]
    found = cases_of(given)
    assert found.n_of_kind["missed by readers"] == found.n_cancers_called == 0
    assert found.shown["rated low"][0].recalls == {}


def test_telling_cases_agree_with_counting_on_the_demo() -> None:
    demo = demo_study()["reader_study"]
    given = {name: demo[name] for name in ("cases", "readers", "readings", "images")}
    found = cases_of(given, cases_each=240)
    calls = demo["readings"].query("modality == 'unaided'").groupby("case_id")["call"].mean()
    truth = demo["cases"].set_index("case_id")["truth"]
    expected = {case for case, share in calls.items() if share < 0.5 and truth[case] == 1}
    assert set(names(found, "missed by readers")) == expected
    assert len(expected) > 3


def test_telling_cases_refuse_two_ais_and_no_case() -> None:
    given = tables()
    second = given["readings"].query("reader_id == 'AI'").assign(reader_id="B")
    given["readings"] = pd.concat([given["readings"], second])
    given["readers"] = pd.concat(
        [given["readers"], pd.DataFrame([{"reader_id": "B", "kind": "ai", "product": "Q"}])]
    )
    with pytest.raises(ScoringError, match="one AI is expected with ratings in modality"):
        cases_of(given)
    with pytest.raises(ScoringError, match=r"most must be at least 1 .* got 0 and \("):
        cases_of(tables(), cases_each=0)
