"""Who can be judged: counts of the flow and of Table 1, by hand on tiny tables."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from toolkit.chapters.cohort.analysis import analyse
from toolkit.scoring.ratings import ScoringError

NAN = np.nan

# case, patient, truth, what it rests on, months of follow-up, date, age, density, indication
ROWS = [
    ("c1", "p1", 1, "pathology_malignant", 30, "2024-03-02", 60, "A", "screening"),
    ("c2", "p1", 0, "follow_up_24_months", 24, "2024-01-05", 50, "B", "screening"),
    ("c3", "p2", NAN, "none", 3, "2024-02-01", 40, "B", "screening"),
    ("c4", "p3", 1, "pathology_malignant", 0.5, "2024-02-01", NAN, "A", "symptomatic"),
    ("c5", "p4", 0, "follow_up_12_months", 13, "2024-02-01", 45, "B", NAN),
    ("c6", "p5", NAN, NAN, NAN, "2024-02-01", 55, NAN, "screening"),
    ("c7", "p6", 0, "pathology_benign", 5, "2024-02-01", 65, "B", "screening"),
]
NAMES = [
    "case_id",
    "patient_id",
    "truth",
    "truth_source",
    "follow_up_months",
    "exam_date",
    "age_years",
    "density",
    "indication",
]
TEXTS = ["case_id", "patient_id", "truth_source", "density", "indication"]
CASES = pd.DataFrame(ROWS, columns=NAMES).astype(dict.fromkeys(TEXTS, "str"))
CASES["exam_date"] = pd.to_datetime(CASES["exam_date"])
READERS = pd.DataFrame(
    {
        "reader_id": ["AI", "R"],
        "kind": ["ai", "human"],
        "product": ["Detect", NAN],
        "version": ["2", NAN],
        "score_min": [1.0, NAN],
        "score_max": [10.0, NAN],
    }
)
READINGS = pd.DataFrame(
    [
        ("AI", "c1", "complete", 9.7, NAN),
        ("AI", "c2", "complete", 2.0, NAN),
        ("AI", "c3", "complete", 9.5, NAN),
        ("AI", "c4", "failed", NAN, NAN),
        ("AI", "c5", "missing", NAN, NAN),
        ("AI", "c6", "complete", NAN, 1.0),
        ("R", "c7", "complete", 5.0, NAN),
        ("R", "c6", "failed", NAN, NAN),
    ],
    columns=["reader_id", "case_id", "status", "rating", "call"],
).assign(session="1")
READINGS["modality"] = np.where(READINGS["reader_id"] == "AI", "standalone", "unaided")


def found(cases=CASES, readings=READINGS, readers=READERS, part="retrospective", **changes):
    named = {"readings": readings, "readers": readers}
    tables = SimpleNamespace(part=part, cases=cases, optional=named.get)
    return analyse(tables, **changes)


def people(**changes):
    """Return the cohort where no AI read: c7 was read, c6 failed, the others were not read."""
    return found(readings=READINGS[READINGS["reader_id"] == "R"], **changes)


def part_counts(flow, branch):
    return dict(flow.branches[branch].box.parts)


# ---------------------------------------------------------------- the rows


def test_cohort_keeps_apart_why_there_is_no_score():
    assert found().cases.set_index("case_id")["state"].to_dict() == {
        "c1": "complete",
        "c2": "complete",
        "c3": "complete",
        "c4": "failed",
        "c5": "missing",
        "c6": "call only",
        "c7": "not recorded",
    }
    assert list(found().judged["case_id"]) == ["c1", "c2"]


def test_cohort_keeps_apart_how_the_truth_is_known():
    # c4: pathology says cancer whatever the follow-up; c7: pathology says none, so time does not
    # matter; c6: a follow-up that is not recorded is not short.
    assert found().cases.set_index("case_id")["reference"].to_dict() == {
        "c1": "verified",
        "c2": "verified",
        "c3": "unverified_short",
        "c4": "verified",
        "c5": "verified_short",
        "c6": "unverified",
        "c7": "verified",
    }
    short = found(follow_up_months_needed=12).cases.set_index("case_id")["reference"]
    assert short["c5"] == "verified"
    long = found(follow_up_months_needed=25).cases.set_index("case_id")["reference"]
    assert long["c2"] == "verified_short"


def test_cohort_counts_women_against_examinations():
    study = found()
    assert (study.n_women, study.most_of_one_woman, study.n_without_woman) == (6, 2, 0)
    some = found(cases=CASES.assign(patient_id=CASES["patient_id"].where(CASES.index > 1)))
    assert (some.n_women, some.most_of_one_woman, some.n_without_woman) == (5, 1, 2)
    nobody = found(cases=CASES.assign(patient_id=pd.Series(NAN, index=CASES.index, dtype="str")))
    assert (nobody.n_women, nobody.most_of_one_woman, nobody.n_without_woman) == (0, 0, 7)


def test_earlier_examination_is_one_of_the_same_woman_before():
    assert found().cases.set_index("case_id")["earlier"].to_dict() == {
        "c1": 1.0,  # c2 is of the same woman and two months older
        **dict.fromkeys(["c2", "c3", "c4", "c5", "c6", "c7"], 0.0),
    }
    # The older one counts also where the plan leaves it out.
    changed = CASES.assign(indication=CASES["indication"].where(CASES.index != 1, "other"))
    kept = found(cases=changed, indications=["screening"]).cases.set_index("case_id")
    assert "c2" not in kept.index
    assert kept.loc["c1", "earlier"] == 1.0
    undated = found(cases=CASES.drop(columns="exam_date"))
    assert undated.cases["earlier"].isna().all()


def test_unit_is_a_case_in_a_reader_study_and_a_breast_where_sides_are_given():
    assert found().unit == "examination"
    assert found(part="reader_study").unit == "case"
    assert found(cases=CASES.assign(laterality="L"), part="reader_study").unit == "breast"


def test_cohort_of_some_indications_counts_the_others():
    some = found(indications=["screening"])
    assert (some.n_identified, len(some.cases)) == (7, 5)
    assert dict(some.excluded) == {"Symptomatic": 1, "Not recorded": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"indications": ["follow_up"]}, "no examination is left with indication follow_up"),
        ({"cases": CASES.iloc[:0]}, "no examination is left$"),
        (
            {"cases": CASES.drop(columns="indication"), "indications": ["screening"]},
            "the cases have no indication",
        ),
        ({"follow_up_months_needed": -1}, "must not be negative, but is -1"),
        ({"follow_up_months_needed": NAN}, "must not be negative, but is nan"),
        ({"ai": "Detect 3"}, "no AI 'Detect 3' has readings of its own; .* have: Detect 2"),
        ({"ai": "X", "readings": None}, "no AI 'X' has readings of its own; .* have: none"),
    ],
)
def test_cohort_refuses_what_the_study_does_not_have(changes, message):
    with pytest.raises(ScoringError, match=message):
        found(**changes)


def test_two_versions_are_two_readers():
    newer = READERS.iloc[[0]].assign(reader_id="AI3", version="3")
    readers = pd.concat([READERS, newer])
    read = READINGS[READINGS["case_id"] == "c7"].assign(
        reader_id="AI3", modality="standalone", rating=7.0
    )
    readings = pd.concat([READINGS, read])
    with pytest.raises(ScoringError, match=r"2 AIs \(Detect 2, Detect 3\) read this part"):
        found(readings=readings, readers=readers)
    third = found(readings=readings, readers=readers, ai="Detect 3")
    assert third.ai == "Detect 3"
    assert list(third.judged["case_id"]) == ["c7"]


# ---------------------------------------------------------------- the flow


def test_branches_part_the_scores_and_add_up():
    study = found()
    (marked, rest), without = study.branches, study.without
    assert (marked.label, marked.count) == ("score 10", 2)  # c3 has just 9.5
    assert marked.diagnoses == {"cancer": 1, "no cancer": 0, "not known": 1}
    assert (rest.label, rest.count, rest.diagnoses["no cancer"]) == ("score 1–9", 1, 1)
    assert without.states == {
        "complete": 0,
        "call only": 1,
        "failed": 1,
        "missing": 1,
        "not recorded": 1,
    }
    assert without.diagnoses == {"cancer": 1, "no cancer": 2, "not known": 1}
    for branch in (marked, rest, without):
        for counts in (branch.references, branch.diagnoses, branch.states):
            assert sum(counts.values()) == branch.count
    assert sum(branch.count for branch in (marked, rest, without)) == len(CASES)


@pytest.mark.parametrize("cutoff", [0.9, 10.1, NAN, np.inf])
def test_cutoff_must_be_on_the_scale(cutoff):
    with pytest.raises(ScoringError, match="cutoff must be on the AI's scale, 1 to 10, but is"):
        found(cutoff=cutoff)


def test_cutoff_of_a_scale_that_is_not_known_may_be_anything():
    readers = READERS.drop(columns=["score_min", "score_max"])
    (marked, rest) = found(readers=readers, cutoff=50).branches
    assert (marked.count, rest.count) == (0, 3)


def some(*case_ids, **changes):
    return found(cases=CASES[CASES["case_id"].isin(case_ids)], **changes)
