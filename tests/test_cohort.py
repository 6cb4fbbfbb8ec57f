"""Who can be judged: counts of the flow and of Table 1, by hand on tiny tables."""

import numpy as np
import pandas as pd
import pytest

from toolkit.chapters.cohort import show_cohort as exhibits
from toolkit.chapters.cohort.cohort import branches, cohort
from toolkit.chapters.cohort.show_table_one import table_one
from toolkit.draw.html import table_html
from toolkit.results import result_from_dict
from toolkit.scoring.ratings import ScoringError
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER

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
    return cohort(cases, readings, readers, part=part, **changes)


def people():
    """Return the cohort where no AI read: c7 was read, c6 failed, the others were not read."""
    return found(readings=READINGS[READINGS["reader_id"] == "R"])


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
    (marked, rest), without = branches(found(), cutoff=9.5)
    assert (marked.label, marked.count) == ("score ≥ 9.5", 2)  # c3 has just 9.5
    assert marked.diagnoses == {"cancer": 1, "no cancer": 0, "not known": 1}
    assert (rest.label, rest.count, rest.diagnoses["no cancer"]) == ("score < 9.5", 1, 1)
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
        branches(found(), cutoff=cutoff)


def test_cutoff_of_a_scale_that_is_not_known_may_be_anything():
    readers = READERS.drop(columns=["score_min", "score_max"])
    (marked, rest), _ = branches(found(readers=readers), cutoff=50)
    assert (marked.count, rest.count) == (0, 3)


def test_an_ai_with_calls_only_parts_by_its_calls():
    calls = READINGS.assign(call=(READINGS["rating"] > 5).astype(float), rating=NAN)
    calls.loc[calls["status"] != "complete", "call"] = NAN
    study = found(readings=calls)
    (recalled, not_recalled), without = branches(study, cutoff=999)
    assert study.index == "call"
    # c1 and c3 were above 5; c2 and c6 (no number, so not above) were not.
    assert (recalled.label, recalled.count) == ("recalled", 2)
    assert (not_recalled.label, not_recalled.count) == ("not recalled", 2)
    assert without.count == 3
    assert "an AI result and a known diagnosis" in exhibits.answer(study)


def test_flow_adds_up_and_is_drawn():
    flow = exhibits.flow(found(), cutoff=9.5)
    assert (flow.identified.count, flow.excluded.count, flow.eligible.count) == (7, 0, 7)
    assert (flow.excluded.label, flow.excluded.parts) == ("Left out by this chapter", ())
    assert (flow.with_index.count, flow.without_index.count) == (3, 4)
    assert dict(flow.without_index.parts) == {
        "Call without a score": 1,
        "Failed": 1,
        "No result came": 1,
        "Not in the readings": 1,
    }
    short = f"<{NO_BREAK_SPACE}24{NO_BREAK_SPACE}months"
    assert part_counts(flow, 0) == {
        "Verified": 1,
        f"Verified, {short}": 0,
        f"Not verified, {short}": 1,
        "Not verified": 0,
    }
    assert [(end.label, end.count) for end in flow.branches[0].final] == [
        ("Cancer", 1),
        ("No cancer", 0),
        ("Inconclusive", 1),
    ]
    assert flow.note == "Accuracy can be computed on 2 examinations."
    assert exhibits.figure(flow).axes
    data = exhibits.flow_data(flow)
    assert data[data["part"].isin(["Cancer", "No cancer", "Inconclusive"])]["count"].sum() == 7
    assert data[data["part"] == "Failed"]["count"].tolist() == [1]


def test_flow_names_the_indications_that_were_left_out():
    flow = exhibits.flow(found(indications=["screening"]), cutoff=9.5)
    assert (flow.excluded.label, flow.excluded.count) == ("Other indications", 2)
    assert dict(flow.excluded.parts) == {"Symptomatic": 1, "Not recorded": 1}


def test_flow_without_an_ai_does_not_part():
    study = people()
    flow = exhibits.flow(study, cutoff=NAN)  # of no meaning here, so of no effect
    assert study.index == "reading"
    assert [branch.title for branch in flow.branches] == [""]
    assert (flow.with_index.count, flow.without_index.count) == (1, 6)
    assert dict(flow.without_index.parts) == {"Failed": 1, "Not in the readings": 5}
    assert flow.stages[1] == "Reading"
    assert exhibits.figure(flow).axes
    data = exhibits.flow_data(flow)
    assert data[data["part"].isin(["Cancer", "No cancer", "Inconclusive"])]["count"].sum() == 7


def test_flow_without_readings_shows_the_reference_standard_only():
    study = found(readings=None, readers=None)
    flow = exhibits.flow(study, cutoff=NAN)
    assert study.index == "none"
    assert (flow.with_index.count, flow.without_index.count) == (7, 0)
    assert "Verified" in part_counts(flow, 0)
    assert exhibits.figure(flow).axes
    assert "AI" not in exhibits.answer(study) + exhibits.flow_caption(study)


def test_flow_of_a_set_with_all_truths_still_says_that_nothing_is_unverified():
    known = CASES.assign(truth=1.0).drop(columns="follow_up_months")
    flow = exhibits.flow(found(cases=known), cutoff=9.5)
    assert part_counts(flow, 0) == {"Verified": 2, "Not verified": 0}


# ---------------------------------------------------------------- the words


def test_answer_adds_up_what_the_others_lack():
    # Not judged are c3 (diagnosis), c4, c5 and c7 (score), c6 (both).
    assert exhibits.answer(found()) == (
        "2 of 7 examinations have an AI score and a known diagnosis. Of the other 5, 1 lacks only "
        "the diagnosis, 3 only the AI score and 1 both."
    )


def some(*case_ids, **changes):
    return found(cases=CASES[CASES["case_id"].isin(case_ids)], **changes)


@pytest.mark.parametrize(
    ("study", "words"),
    [
        (some("c1"), "The only examination has an AI score and a known diagnosis."),
        (some("c1", "c2"), "All 2 examinations have an AI score and a known diagnosis."),
        (
            some("c1", "c3", part="reader_study"),
            "1 of 2 cases has an AI score and a known diagnosis. The other 1 lacks the diagnosis.",
        ),
        (
            some("c3", "c6"),
            "None of the 2 examinations has an AI score and a known diagnosis. Of these, 1 lacks "
            "only the diagnosis and 1 both.",
        ),
        (
            some("c4", "c5"),
            "None of the 2 examinations has an AI score and a known diagnosis. All lack the AI "
            "score.",
        ),
        (
            some("c1", "c4", "c5"),
            "1 of 3 examinations has an AI score and a known diagnosis. The other 2 lack the AI "
            "score.",
        ),
        (
            some("c3", "c7", readings=None),
            "1 of 2 examinations has a known diagnosis. The other 1 lacks the diagnosis.",
        ),
        (
            people(),
            "1 of 7 examinations has a complete reading and a known diagnosis. Of the other 6, 4 "
            "lack only the complete reading and 2 both.",
        ),
        (
            some("c1", "c2", "c4", indications=["screening"]),
            "1 of 3 examinations has another indication and was left out. All 2 examinations have "
            "an AI score and a known diagnosis.",
        ),
    ],
)
def test_answer_in_each_case(study, words):
    assert exhibits.answer(study) == words


def test_facts_say_window_cancers_women_and_ai():
    assert exhibits.facts(found()) == [
        ("Window", "Jan 2024 to Mar 2024"),
        ("Cancers", "2, of which 1 with an AI score"),
        ("Women", "6, up to two examinations each"),
        ("AI", "Detect 2"),
    ]


def test_facts_of_poor_data_say_what_is_not_recorded():
    poor = CASES.drop(columns="exam_date").assign(
        patient_id=pd.Series(NAN, index=CASES.index, dtype="str")
    )
    facts = dict(exhibits.facts(found(cases=poor, readings=None)))
    assert facts == {
        "Window": "dates not recorded",
        "Cancers": "2",
        "Women": "not recorded",
        "Known diagnosis": "5 of 7",
    }
    half = CASES.assign(patient_id=CASES["patient_id"].where(CASES.index > 1))
    women = dict(exhibits.facts(found(cases=half)))["Women"]
    assert women == "5, one examination each; not recorded for two examinations"
    assert dict(exhibits.facts(some("c1", "c2")))["Cancers"] == "1, all with an AI score"
    assert dict(exhibits.facts(some("c2")))["Cancers"] == "0, of which 0 with an AI score"
    assert dict(exhibits.facts(some("c3", "c5")))["Window"] == "Feb 2024"
    assert dict(exhibits.facts(people()))["Cancers"] == "2, of which 0 with a complete reading"


def test_figure_words_follow_the_counts():
    assert exhibits.flow_finding(found()) == "From 7 examinations to 2 that can be judged."
    assert exhibits.flow_finding(some("c1", "c2")) == "All 2 examinations can be judged."
    assert exhibits.flow_finding(some("c1")) == "The only examination can be judged."
    assert "Detect 2" in exhibits.flow_caption(found())
    assert "< 24 months" in exhibits.flow_caption(found())
    assert "months" not in exhibits.flow_caption(
        found(cases=CASES.drop(columns="follow_up_months"))
    )
    assert len(exhibits.flow_alt(found())) <= 250
    assert exhibits.question(found(part="reader_study")) == "How many of the cases can be judged?"


def test_follow_up_says_how_many_rest_on_time_alone():
    assert exhibits.follow_up(found()) == (
        "1 of 3 examinations counted as without cancer rests only on a follow-up shorter than 24 "
        "months; every chapter counts them as the data do."
    )
    assert exhibits.follow_up(found(follow_up_months_needed=12)) == (
        "Of the 3 examinations counted as without cancer, none rests only on a follow-up shorter "
        "than 12 months."
    )
    unknown = found(cases=CASES.drop(columns="follow_up_months"))
    assert "hold no length of follow-up" in exhibits.follow_up(unknown)
    assert exhibits.follow_up(some("c1", "c4")) == "No examination counts as without cancer."


# ---------------------------------------------------------------- Table 1


def rows_of(study):
    return {row.cells[0]: list(row.cells) for row in table_one(study).view.rows}


def test_table_one_counts_by_hand():
    view = table_one(found()).view
    rows = rows_of(found())
    # Ages 60 50 40 45 55 65: quartiles 46.25, 52.5, 58.75; halves are rounded up.
    assert rows["Age, years: median (IQR)"][1] == f"53 (46{WORD_JOINER}–{WORD_JOINER}59)"
    # Density is known of six: A of both cancers, B of the four others.
    assert rows["A"][1:4] == ["2 (33.3)", "2 (100.0)", "0 (0.0)"]
    assert rows["B"][1:4] == ["4 (66.7)", "0 (0.0)", "4 (100.0)"]
    assert rows["Breast density, n (%)"][4] == "—"  # no density in common
    assert rows["No score"][1:4] == ["4", "1", "3"]
    assert rows["Earlier examination in these data, n (%)"][1:4] == [
        "1 (14.3)",
        "1 (50.0)",
        "0 (0.0)",
    ]
    heads = [c.head.replace(NO_BREAK_SPACE, " ") for c in view.columns]
    assert heads == ["", "All, N = 7", "Cancer, N = 2", "No cancer or not known, N = 5", "SMD"]
    assert all(len(row.cells) == len(view.columns) for row in view.rows)
    assert (
        table_html(view, number="2.1").count("Not recorded</th>") == 3
    )  # age, density, indication
    assert "Not recorded: mammography system and site." in view.foot
    assert "—, not defined" in view.foot


def test_table_one_differences_by_hand():
    study = found(cases=CASES.assign(age_years=[60, 50, 40, 64, 50, 50, 60.0]))
    # Cancers 60 and 64, variance 8; others 50 40 50 50 60, mean 50, variance 50: 12 / sqrt(29).
    difference = table_one(study).differences["age_years"]
    assert difference.estimate == pytest.approx(-12 / 29**0.5, rel=1e-12)
    assert (difference.label_a, difference.label_b) == ("Cancer", "No cancer or not known")
    assert rows_of(study)["Age, years: median (IQR)"][4] == "2.23"  # without its sign


def test_table_one_names_what_makes_no_row():
    wide = CASES.assign(
        device=[f"device {i}" for i in range(7)],
        site="main site",
        density=pd.Series(NAN, index=CASES.index, dtype="str"),
    )
    wide = pd.concat([wide.assign(case_id=wide["case_id"] + f"-{i}") for i in range(2)])
    wide["device"] = [f"device {i}" for i in range(14)]
    view = table_one(found(cases=wide.reset_index(drop=True))).view
    assert "Not recorded: AI score and breast density." in view.foot
    assert "The same for all: site (main site)." in view.foot
    assert "Too many values to list: mammography system." in view.foot
    assert "device 3" not in repr(view.rows)


def test_table_one_says_that_sampling_weights_are_not_applied():
    assert "weights" not in table_one(found()).view.foot
    assert "weights" not in table_one(found(cases=CASES.assign(weight=1.0))).view.foot
    weighted = found(cases=CASES.assign(weight=[1.0, 6, 6, 1, 6, 6, 6]))
    assert "its sampling weights are not applied" in table_one(weighted).view.foot


def test_table_one_keeps_the_order_of_the_vocabulary():
    rows = list(rows_of(found()))
    assert rows.index("Screening") < rows.index("Symptomatic")


def test_table_one_shows_scores_from_zero_to_one_with_more_decimals():
    readings = READINGS.assign(rating=READINGS["rating"] / 10)
    # Scores .97, .20 and .95: quartiles .575, .95 and .96.
    text = rows_of(found(readings=readings))["AI score: median (IQR)"][1]
    assert text.replace(WORD_JOINER, "") == "0.950 (0.575–0.960)"


def test_table_one_writes_negative_scores_with_to():
    readings = READINGS.assign(rating=READINGS["rating"] - 10)
    text = rows_of(found(readings=readings))["AI score: median (IQR)"][1]
    # Scores -0.3, -8 and -0.5: quartiles -4.25, -0.5, -0.4.
    assert text == "−0.5 (−4.3 to −0.4)"


def test_table_one_without_cancers_has_empty_cells_and_no_difference():
    view = rows_of(some("c2", "c5", "c7"))
    assert view["Age, years: median (IQR)"][2] == "—"
    assert view["Age, years: median (IQR)"][4] == "—"


def test_table_one_without_any_characteristic_says_so():
    bare = CASES[["case_id", "patient_id", "truth", "truth_source"]]
    view = table_one(found(cases=bare, readings=None)).view
    assert view.rows[0].cells[0] == "No characteristic is recorded"
    assert "age, breast density, indication" in view.foot


# ---------------------------------------------------------------- the record


def test_record_holds_the_shares_and_comes_back():
    study = found()
    record = exhibits.record(study, table_one(study))
    shares = {name: r.numerator for name, r in record.items() if not name.startswith("smd")}
    assert shares == {"judged": 2, "cancer": 2, "diagnosis_not_known": 2, "no_index_test": 4}
    assert record["judged"].denominator == 7
    assert {"smd_age_years", "smd_ai_score", "smd_density"} <= record.keys()
    for result in record.values():
        assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


# ---------------------------------------------------------------- the embedded study


@pytest.mark.parametrize("part", ["retrospective", "reader_study", "prospective"])
def test_every_part_of_the_embedded_study_adds_up(part):
    from toolkit.demo import demo_study

    tables = demo_study()[part]
    study = cohort(tables["cases"], tables["readings"], tables["readers"], part=part)
    counts = exhibits.flow(study, cutoff=9.5)
    # Brute force, row by row, from the tables themselves.
    truth = dict(zip(tables["cases"]["case_id"], tables["cases"]["truth"], strict=True))
    own = tables["readings"]["modality"] == "standalone"
    scores = {
        row.case_id: row.rating
        for row in tables["readings"][own].itertuples()
        if row.status == "complete"
    }
    judged = [case for case, t in truth.items() if t in (0, 1) and case in scores]
    assert len(study.judged) == len(judged)
    marked = [case for case in truth if scores.get(case, -1) >= 9.5]
    assert counts.branches[0].box.count == len(marked)
    assert counts.branches[0].final[0].count == sum(truth[case] == 1 for case in marked)
