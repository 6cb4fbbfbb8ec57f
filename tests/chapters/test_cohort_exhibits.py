"""What chapter 02 says and shows: the flow and Table 1, by hand on tiny tables."""

import pandas as pd
import pytest

from tests.chapters.test_cohort_analysis import (
    CASES,
    NAN,
    READINGS,
    found,
    part_counts,
    people,
    some,
)
from toolkit.chapters.cohort import exhibits
from toolkit.draw.html import table_html
from toolkit.results import result_from_dict
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER


def test_an_ai_with_calls_only_parts_by_its_calls():
    calls = READINGS.assign(call=(READINGS["rating"] > 5).astype(float), rating=NAN)
    calls.loc[calls["status"] != "complete", "call"] = NAN
    study = found(readings=calls, cutoff=999)
    recalled, not_recalled = study.branches
    assert study.index == "call"
    # c1 and c3 were above 5; c2 and c6 (no number, so not above) were not.
    assert (recalled.label, recalled.count) == ("recalled", 2)
    assert (not_recalled.label, not_recalled.count) == ("not recalled", 2)
    assert study.without.count == 3
    assert "an AI result and a known diagnosis" in exhibits.head(study).answer


def test_flow_adds_up_and_is_drawn():
    flow = exhibits.flow_counts(found())
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
    drawn = exhibits.flow(found())
    assert drawn.figure.axes
    data = drawn.data
    assert data[data["part"].isin(["Cancer", "No cancer", "Inconclusive"])]["count"].sum() == 7
    assert data[data["part"] == "Failed"]["count"].tolist() == [1]


def test_flow_names_the_indications_that_were_left_out():
    flow = exhibits.flow_counts(found(indications=["screening"]))
    assert (flow.excluded.label, flow.excluded.count) == ("Other indications", 2)
    assert dict(flow.excluded.parts) == {"Symptomatic": 1, "Not recorded": 1}


def test_flow_without_an_ai_does_not_part():
    study = people(cutoff=NAN)  # of no meaning here, so of no effect
    flow = exhibits.flow_counts(study)
    assert study.index == "reading"
    assert [branch.title for branch in flow.branches] == [""]
    assert (flow.with_index.count, flow.without_index.count) == (1, 6)
    assert dict(flow.without_index.parts) == {"Failed": 1, "Not in the readings": 5}
    assert flow.stages[1] == "Reading"
    drawn = exhibits.flow(study)
    assert drawn.figure.axes
    data = drawn.data
    assert data[data["part"].isin(["Cancer", "No cancer", "Inconclusive"])]["count"].sum() == 7


def test_flow_without_readings_shows_the_reference_standard_only():
    study = found(readings=None, readers=None, cutoff=NAN)
    flow = exhibits.flow_counts(study)
    assert study.index == "none"
    assert (flow.with_index.count, flow.without_index.count) == (7, 0)
    assert "Verified" in part_counts(flow, 0)
    assert exhibits.flow(study).figure.axes
    assert "AI" not in exhibits.head(study).answer + exhibits.flow(study).caption


def test_flow_of_a_set_with_all_truths_still_says_that_nothing_is_unverified():
    known = CASES.assign(truth=1.0).drop(columns="follow_up_months")
    flow = exhibits.flow_counts(found(cases=known))
    assert part_counts(flow, 0) == {"Verified": 2, "Not verified": 0}


def test_answer_adds_up_what_the_others_lack():
    # Not judged are c3 (diagnosis), c4, c5 and c7 (score), c6 (both).
    assert exhibits.head(found()).answer == (
        "2 of 7 examinations have an AI score and a known diagnosis. Of the other 5, 1 lacks only "
        "the diagnosis, 3 only the AI score and 1 both."
    )


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
    assert exhibits.head(study).answer == words


def test_facts_say_window_cancers_women_and_ai():
    assert exhibits.head(found()).facts == [
        ("Window", "Jan 2024 to Mar 2024"),
        ("Cancers", "2, of which 1 with an AI score"),
        ("Women", "6, up to two examinations each"),
        ("AI", "Detect 2"),
    ]


def test_facts_of_poor_data_say_what_is_not_recorded():
    poor = CASES.drop(columns="exam_date").assign(
        patient_id=pd.Series(NAN, index=CASES.index, dtype="str")
    )
    facts = dict(exhibits.head(found(cases=poor, readings=None)).facts)
    assert facts == {
        "Window": "dates not recorded",
        "Cancers": "2",
        "Women": "not recorded",
        "Known diagnosis": "5 of 7",
    }
    half = CASES.assign(patient_id=CASES["patient_id"].where(CASES.index > 1))
    women = dict(exhibits.head(found(cases=half)).facts)["Women"]
    assert women == "5, one examination each; not recorded for two examinations"
    assert dict(exhibits.head(some("c1", "c2")).facts)["Cancers"] == "1, all with an AI score"
    assert dict(exhibits.head(some("c2")).facts)["Cancers"] == "0, of which 0 with an AI score"
    assert dict(exhibits.head(some("c3", "c5")).facts)["Window"] == "Feb 2024"
    assert dict(exhibits.head(people()).facts)["Cancers"] == "2, of which 0 with a complete reading"


def test_figure_words_follow_the_counts():
    assert exhibits.flow(found()).finding == "From 7 examinations to 2 that can be judged."
    assert exhibits.flow(some("c1", "c2")).finding == "All 2 examinations can be judged."
    assert exhibits.flow(some("c1")).finding == "The only examination can be judged."
    assert "Detect 2" in exhibits.flow(found()).caption
    assert "< 24 months" in exhibits.flow(found()).caption
    assert (
        "months" not in exhibits.flow(found(cases=CASES.drop(columns="follow_up_months"))).caption
    )
    assert len(exhibits.flow(found()).alt) <= 250
    assert (
        exhibits.head(found(part="reader_study")).question == "How many of the cases can be judged?"
    )


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


def rows_of(study):
    return {row.cells[0]: list(row.cells) for row in exhibits.table_one(study).table.rows}


def test_table_one_counts_by_hand():
    view = exhibits.table_one(found()).table
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
    difference = study.differences["age_years"]
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
    view = exhibits.table_one(found(cases=wide.reset_index(drop=True))).table
    assert "Not recorded: AI score and breast density." in view.foot
    assert "The same for all: site (main site)." in view.foot
    assert "Too many values to list: mammography system." in view.foot
    assert "device 3" not in repr(view.rows)


def test_table_one_says_that_sampling_weights_are_not_applied():
    assert "weights" not in exhibits.table_one(found()).table.foot
    assert "weights" not in exhibits.table_one(found(cases=CASES.assign(weight=1.0))).table.foot
    weighted = found(cases=CASES.assign(weight=[1.0, 6, 6, 1, 6, 6, 6]))
    assert "its sampling weights are not applied" in exhibits.table_one(weighted).table.foot
    assert "sampling weights are not applied" in exhibits.head(weighted).answer
    assert "weights" not in exhibits.head(found()).answer


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
    view = exhibits.table_one(found(cases=bare, readings=None)).table
    assert view.rows[0].cells[0] == "No characteristic is recorded"
    assert "age, breast density, indication" in view.foot


def test_record_holds_the_shares_and_comes_back():
    study = found()
    record = exhibits.record(study)
    shares = {name: r.numerator for name, r in record.items() if not name.startswith("smd")}
    assert shares == {"judged": 2, "cancer": 2, "diagnosis_not_known": 2, "no_index_test": 4}
    assert record["judged"].denominator == 7
    assert {"smd_age_years", "smd_ai_score", "smd_density"} <= record.keys()
    for result in record.values():
        assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


@pytest.mark.parametrize("part", ["retrospective", "reader_study", "prospective"])
def test_every_part_of_the_embedded_study_adds_up(part):
    from toolkit.demo import demo_study

    tables = demo_study()[part]
    study = found(tables["cases"], tables["readings"], tables["readers"], part=part)
    counts = exhibits.flow_counts(study)
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
