"""Reports of AIs to tables: five states apart, the right report of several, and no wrong score."""

from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

from tests.sr_samples import (
    EXAM,
    IMAGES,
    algorithm,
    coded,
    finding,
    item,
    number,
    outcome,
    planned,
    reference,
    report,
    row_of,
    said,
    shape,
    summary,
)
from toolkit.demo.dicom.archive import write_demo_archive
from toolkit.demo.dicom.cad_plan import Composite, Finding
from toolkit.demo.dicom.exam import DemoExam
from toolkit.demo.dicom.images import PROCESSING, ImagePlan, mammogram
from toolkit.readers.dicom.reports.ai_tables import AiChoices
from toolkit.readers.dicom.reports.reports import AiResultsError
from toolkit.readers.dicom.reports.results import ai_tables, report_of, report_row
from toolkit.readers.dicom.reports.tree import report_from_json
from toolkit.tables import check_table

OPTIONAL = coded("111056", "111151", by="HAS CONCEPT MOD")
HIDDEN = coded("111056", "111152", by="HAS CONCEPT MOD")
AI = "Transpara (simulated) 2.1.0"


def tables(*reports, exams=None, **how):
    """Tables of reports whose case is their study."""
    case_ids = {one.report_uid: one.study_uid for one in reports}
    cases = exams or set(case_ids.values())
    return ai_tables(reports, case_ids=case_ids, exams=cases, **how)


def other_exam(place=2, **plan):
    exam = DemoExam(seed=1, number=place)
    images = (mammogram(exam, ImagePlan(), intent=PROCESSING),)
    return planned(exam, images, **plan)


def listed(result, what):
    return [(one["path"], one["reason"]) for one in result.listed if one["what"] == what]


def rerun(found, uid, **changes):
    return replace(found, report_uid=uid, **changes)


def test_plan_becomes_rows_of_the_canonical_tables():
    findings = (
        Finding(image=0, x=10, y=20, score="87.5"),
        Finding(image=1, x=11, y=21, outline="ELLIPSE", score="0,07", score_unit="1"),
    )
    result = tables(planned(findings=findings, exam_score="7.5"))
    frames = {
        name: check_table(pd.DataFrame(list(getattr(result, name))), name)
        for name in ("readers", "readings", "marks")
    }
    assert frames["readers"].to_dict("records") == [
        {"reader_id": AI, "kind": "ai", "product": "Transpara (simulated)", "version": "2.1.0",
         "score_min": 1.0, "score_max": 10.0, "score_kind": "exam"}
    ]  # fmt: skip
    [reading] = result.readings
    assert (reading["rating"], reading["status"]) == (7.5, "complete")
    assert reading["modality"] == "standalone"
    marks = frames["marks"]
    assert marks["rating"].tolist() == [87.5, 7.0]
    assert marks["image_id"].tolist() == [one.SOPInstanceUID for one in IMAGES[:2]]
    assert marks[["x_px", "y_px"]].to_numpy().tolist() == [[10, 20], [11, 21]]
    assert (marks["radius_px"][0], marks["outline"].notna().tolist()) == (6, [False, True])
    [state] = result.states
    assert (state["state"], state["n_marks"], state["score_entry"]) == (
        "with_findings", 2, "simulated product",
    )  # fmt: skip
    assert (state["score_concept"], state["score_raw"], state["score_unit"]) == (
        "DEMO-01 99DEMO", "7.5", "{score}",
    )  # fmt: skip
    assert [(one["rating_raw"], one["rating_unit"]) for one in result.mark_sources] == [
        ("87.5", "%"), ("0,07", "1"),
    ]  # fmt: skip
    assert result.notes == ()


def test_five_states_stay_apart():
    """Pitfall 5: no state but the first two gives a rating, and none of them a 0."""
    reports = [
        other_exam(1, findings=(Finding(),), exam_score="8"),
        other_exam(2, state="without_findings", exam_score="1"),
        other_exam(3, state="partly_failed", findings=(Finding(),), exam_score="5"),
        other_exam(4, state="failed"),
    ]
    exams = [one.study_uid for one in reports]
    result = tables(*reports, exams=[*exams, "no report"])
    by_case = {one["case_id"]: one for one in result.states}
    assert [
        (by_case[case]["state"], by_case[case]["status"]) for case in [*exams, "no report"]
    ] == [
        ("with_findings", "complete"),
        ("without_findings", "complete"),
        ("partly_failed", "failed"),
        ("failed", "failed"),
        ("missing", "missing"),
    ]
    ratings = {one["case_id"]: one["rating"] for one in result.readings}
    assert [ratings[case] for case in [*exams, "no report"]] == [8, 1, None, None, None]
    assert {one["case_id"] for one in result.marks} == {exams[0]}
    check_table(pd.DataFrame(list(result.readings)), "readings")
    reason = "score and marks of an examination of the state partly_failed are not taken"
    assert listed(result, "not_counted") == [("", reason)]


def test_partly_failed_counts_where_the_analyst_says_so():
    one = other_exam(3, state="partly_failed", findings=(Finding(),), exam_score="5")
    result = tables(one, choices=AiChoices(accept_partly_failed=True))
    assert [(row["rating"], row["status"]) for row in result.readings] == [(5, "complete")]
    assert (result.states[0]["state"], len(result.marks)) == ("partly_failed", 1)


@pytest.mark.parametrize(
    ("operating_point", "shown"),
    [(None, ["1.2"]), (0, ["1.2"]), (2, ["1.2", "1.3"]), (3, ["1.2", "1.3", "1.4"])],
)
def test_rendering_intent_and_operating_point_decide_what_is_shown(operating_point, shown):
    """Pitfall 3; PS3.17 annex E.4: optional ones are shown up to the chosen operating point."""

    def optional(point):
        intent = item(
            "CODE", "111056", number("111071", point, "1"), by="HAS CONCEPT MOD",
            ConceptCodeSequence=OPTIONAL["ConceptCodeSequence"],
        )  # fmt: skip
        return finding(intent=intent)

    hidden, unclear = finding(intent=HIDDEN), finding(intent=OPTIONAL)
    unsaid, nipple = finding(intent=None), finding(kind=("T-04100", "SRT"))
    found = said(finding(), optional("2"), optional("3"), hidden, unclear, unsaid, nipple)
    choices = AiChoices(operating_point=operating_point, exam_rating="highest_mark")
    result = tables(found, choices=choices)
    assert [one["mark_id"] for one in result.marks] == shown
    reasons = dict(listed(result, "not_shown"))
    assert reasons["1.5"] == "not for presentation"
    assert reasons["1.7"] == "has no rendering intent"
    assert reasons["1.8"].startswith("no suspicion")
    assert reasons["1.6"].startswith("optional, ")
    if operating_point == 2:
        assert reasons["1.4"] == "optional, from a higher operating point on than was chosen"
        assert reasons["1.6"] == "optional, without an operating point from which it is shown"
    assert len(found.findings) == 7  # all are in the report, flagged


def test_findings_of_priors_are_listed_and_no_marks():
    """Pitfall 4."""
    source = item("COMPOSITE", "111040", by="HAS OBS CONTEXT")
    copied = finding(source, shape("POINT", 1.0, 2.0), number("111047", "90"))
    found = said(finding(), copied)
    cases = {"1.2.3.1": "1.2.3"}
    result = tables(found, image_cases=cases, choices=AiChoices(exam_rating="highest_mark"))
    assert [one["rating"] for one in result.marks] == [50]
    assert listed(result, "prior") == [("1.3", "copied from an earlier report")]


def test_marks_on_images_of_other_examinations_or_of_none_are_listed():
    """Pitfalls 4 and 11: prior images, and a report for images that are not there."""
    choices = AiChoices(exam_rating="highest_mark")
    prior = tables(said(finding()), image_cases={"1.2.3.1": "other"}, choices=choices)
    assert listed(prior, "prior") == [("1.2", "lies on an image of another examination")]
    absent = tables(said(finding()), image_cases={}, choices=choices)
    assert listed(absent, "not_mapped") == [("1.2", "lies on an image that is not in the archive")]
    # What is shown is not known, so the highest mark is not 0.
    assert [(one["rating"], one["status"]) for one in absent.readings] == [(None, "failed")]
    assert "counts of marks are too low there" in absent.notes[0]


@pytest.mark.parametrize(("x", "y"), [(-0.5, 3), (3, -1), (49, 3), (3, 65), (1e30, 3)])
def test_mark_outside_of_its_image_is_listed(x, y):
    found = said(finding(shape("POINT", x, y), number("111047", "50")))
    result = tables(found, image_sizes={"1.2.3.1": (48, 64)})
    assert listed(result, "not_mapped") == [("1.2", "lies outside of its image")]
    inside = said(finding(shape("POINT", 48.0, 64.0), number("111047", "50")))
    assert listed(tables(inside, image_sizes={"1.2.3.1": (48, 64)}), "not_mapped") == []


@pytest.mark.parametrize(
    ("raw", "unit", "reason"),
    [
        ("", "%", "holds no value"),
        ("high", "%", "is not a number"),
        ("150", "%", "is not from 0 to 100, as its unit says"),
        ("87.5", "1", "is not from 0 to 1, as its unit says"),
        ("50", "", "has no unit that a share has, % or 1"),
    ],
)
def test_probability_that_cannot_be_read_is_listed(raw, unit, reason):
    """Pitfall 10."""
    found = said(finding(), finding(shape("POINT", 1.0, 2.0), number("111047", raw, unit)))
    result = tables(found, choices=AiChoices(exam_rating="highest_mark"))
    assert listed(result, "not_mapped") == [("1.3", reason)]
    # What is shown is not known, so neither is the highest of it.
    assert (result.states[0]["n_lost"], result.readings[0]["status"]) == (1, "failed")


def test_marks_of_one_reader_are_rated_by_one_number():
    certain = finding(shape("POINT", 1.0, 2.0), number("111012", "80"))
    both = said(finding(), certain)
    result = tables(both, choices=AiChoices(exam_rating="highest_mark"))
    assert listed(result, "not_mapped") == [("1.3", "has no 111047 DCM")]
    alone = tables(said(certain), choices=AiChoices(exam_rating="highest_mark"))
    assert [one["rating_concept"] for one in alone.mark_sources] == ["111012 DCM"]
    bare = tables(said(finding(shape("POINT", 1.0, 2.0))))
    assert listed(bare, "not_mapped") == [("1.2", "has no probability and no certainty")]


def test_finding_without_a_number_takes_that_of_its_composite_and_says_so():
    """Pitfall 4: two views of one feature are two marks, not three."""
    findings = (Finding(image=0, score=""), Finding(image=1, score="30"))
    composites = (Composite(findings=(0, 1), score="90"),)
    result = tables(planned(findings=findings, composites=composites, exam_score="9"))
    assert [(one["rating"]) for one in result.marks] == [90, 30]
    assert [one["rating_of_composite"] for one in result.mark_sources] == [True, False]


def test_composites_that_differ_leave_a_finding_without_a_number():
    def composite(raw):
        inferred = reference(1, 2, by="INFERRED FROM")
        return coded("111015", "129788004", number("111047", raw), inferred, scheme="SCT")

    found = said(finding(shape("POINT", 1.0, 2.0)), composite("80"), composite("70"))
    assert listed(tables(found), "not_mapped") == [
        ("1.2", "has several numbers of the same meaning that differ")
    ]


def test_newest_complete_report_counts_and_the_others_are_listed():
    """Pitfall 11."""
    old = planned(findings=(Finding(),), exam_score="3")
    new = rerun(planned(exam_score="8", state="without_findings"), "2", written_at="20210702")
    failed = rerun(planned(state="failed"), "3", written_at="20210703")
    partial = rerun(new, "4", complete=False, written_at="20210704")
    result = tables(old, new, failed, partial)
    assert [(one["rating"], one["status"]) for one in result.readings] == [(8, "complete")]
    assert {reason for _, reason in listed(result, "superseded")} == {
        "an earlier run; the newest counts",
        "a later run that failed",
        "a partial document; a complete one counts",
    }
    assert tables(failed, partial, new, old).readings == result.readings


def test_run_that_failed_before_the_good_one_is_listed():
    good = planned(findings=(Finding(),), exam_score="3")
    failed = rerun(planned(state="failed"), "3", written_at="20210630")
    assert listed(tables(failed, good), "superseded") == [("", "an earlier run that failed")]


def test_run_that_failed_in_part_gives_way_to_an_older_one_that_did_not():
    good = planned(findings=(Finding(),), exam_score="3")
    partly = rerun(planned(state="partly_failed"), "3", written_at="20210801")
    result = tables(partly, good)
    assert listed(result, "superseded") == [("", "a later run that failed in part")]
    assert result.states[0]["state"] == "with_findings"


def test_copies_and_reports_of_no_examination_are_listed():
    one = planned(exam_score="3", state="without_findings")
    result = tables(one, one)
    assert listed(result, "superseded") == [("", "a copy of a report with the same UID")]
    nowhere = ai_tables([one], case_ids={}, exams=["case"])
    assert listed(nowhere, "not_counted") == [
        ("", "belongs to no examination of which there are images")
    ]
    assert (nowhere.readers, nowhere.readings) == ((), ())


def test_two_reports_of_one_time_that_differ_are_a_fault():
    one = planned(exam_score="3", state="without_findings")
    other = rerun(planned(exam_score="4", state="without_findings"), "2")
    with pytest.raises(AiResultsError, match="two reports of one examination have the same time"):
        tables(one, other)
    same = tables(one, rerun(one, "2"))
    assert [row["rating"] for row in same.readings] == [3]


def test_score_outside_its_scale_is_a_fault_without_identifiers():
    reports = [
        other_exam(place, exam_score=score, state="without_findings")
        for place, score in ((1, "11"), (2, "5"), (3, "0.5"))
    ]
    with pytest.raises(AiResultsError, match="lies outside its scale, 1 to 10") as caught:
        tables(*reports)
    assert len(caught.value.faults) == 2
    message = str(caught.value)
    assert f"{AI}, content item 1.3.1 (DEMO-01 99DEMO)" in message
    assert "the score 11 of" in message
    assert "the score 0.5 of" in message
    assert "correct the scale of the vendor entry 'simulated product'" in message
    for one in reports:
        assert one.report_uid not in message
        assert one.study_uid not in message
    assert caught.value.faults[0].report_uids in [(one.report_uid,) for one in reports]


def test_version_change_in_mid_study_is_a_fault():
    reports = [
        other_exam(place, exam_score="5", state="without_findings", version=version)
        for place, version in ((1, "2.1.0"), (2, "2.1.0"), (3, "2.2.0"))
    ]
    rule = r"version 2.1.0 in 2, version 2.2.0 in 1 of 3 examinations"
    with pytest.raises(AiResultsError, match=rule) as caught:
        tables(*reports)
    assert "--versions separate" in str(caught.value)
    result = tables(*reports, choices=AiChoices(versions="separate"))
    assert len(result.readers) == 2
    states = Counter((one["reader_id"], one["status"]) for one in result.readings)
    assert states == {
        ("Transpara (simulated) 2.1.0", "complete"): 2,
        ("Transpara (simulated) 2.1.0", "missing"): 1,
        ("Transpara (simulated) 2.2.0", "complete"): 1,
        ("Transpara (simulated) 2.2.0", "missing"): 2,
    }


def test_two_versions_of_all_examinations_are_two_readers():
    reports = [
        other_exam(place, exam_score=score, state="without_findings", version=version,
                   instance=instance)
        for place in (1, 2)
        for version, score, instance in (("2.1.0", "5", 1), ("2.2.0", "6", 2))
    ]  # fmt: skip
    result = tables(*reports)
    assert [one["version"] for one in result.readers] == ["2.1.0", "2.2.0"]
    assert [one["rating"] for one in result.readings] == [5, 5, 6, 6]


def test_all_faults_are_listed_together():
    reports = [
        other_exam(1, exam_score="50", state="without_findings", version="2.1.0"),
        other_exam(2, exam_score="5", state="without_findings", version="2.2.0"),
    ]
    with pytest.raises(AiResultsError) as caught:
        tables(*reports)
    assert len(caught.value.faults) == 2


def test_kind_of_score_that_changes_is_a_fault():
    def scored(uid, concept):
        overall = coded("111017", "111241", number(concept, "40"))
        values = {"SOPInstanceUID": uid, "StudyInstanceUID": f"1.{uid}"}
        performed = coded("111022", "129793001", *algorithm(), scheme="SCT")
        return report_of(report(overall, performed, **values))

    with pytest.raises(AiResultsError, match="the kind of its score changes in mid-study"):
        tables(scored("1", "111013"), scored("2", "111047"))
    result = tables(scored("1", "111013"), scored("2", "111013"))
    assert [one["rating"] for one in result.readings] == [40, 40]
    assert result.readers[0]["score_max"] == 100


def test_product_without_a_known_score_has_no_readings_but_states_and_a_note():
    """Pitfall 12: nothing is guessed."""
    found = said(finding(*algorithm()), finding(), number("S-1", "7", "1", scheme="99X"))
    result = tables(found)
    assert (result.readers, result.readings, result.marks) == ((), (), ())
    assert result.states[0]["state"] == "with_findings"
    assert "none of 1 examinations has a score of the whole examination" in result.notes[0]
    assert "write a vendor entry" in result.notes[0]


def test_examination_without_a_score_among_others_is_failed_not_zero():
    reports = [other_exam(1, exam_score="5", state="without_findings"),
               other_exam(2, exam_score="", state="without_findings")]  # fmt: skip
    result = tables(*reports)
    rated = {one["case_id"]: (one["rating"], one["status"]) for one in result.readings}
    assert rated[reports[1].study_uid] == (None, "failed")
    assert listed(result, "not_counted") == [
        ("", "no score of the examination can be taken from it")
    ]


@pytest.mark.parametrize(
    ("found", "rating"),
    [
        (said(finding(), finding(shape("POINT", 1.0, 2.0), number("111047", "70"))), 70),
        (said(state="111241"), 0),
        (said(finding(intent=HIDDEN), state="111241"), 0),
        (said(), None),  # says that there are findings, but they are gone
        (said(outcome("111064", "111224"), state="111241"), None),
        (said(state="111245"), None),
    ],
)
def test_highest_mark_is_zero_only_where_all_looked(found, rating):
    result = tables(found, choices=AiChoices(exam_rating="highest_mark"))
    assert [(one["rating"], one["status"]) for one in result.readings] == [
        (rating, "complete" if rating is not None else "failed")
    ]


def test_run_that_names_no_algorithm_is_of_the_only_product_of_its_equipment():
    good = other_exam(1, exam_score="5", state="without_findings")
    stopped = other_exam(2, state="not_attempted")
    assert (stopped.product, stopped.product_from) == ("system 1 (simulated)", "header")
    result = tables(good, stopped)
    assert [one["reader_id"] for one in result.readers] == [AI]
    assert {one["case_id"]: one["status"] for one in result.readings} == {
        good.study_uid: "complete", stopped.study_uid: "failed",
    }  # fmt: skip
    assert "names no algorithm" in listed(result, "not_mapped")[0][1]
    elsewhere = replace(stopped, device=("other", "equipment", ""))
    assert {one["reader_id"] for one in tables(good, elsewhere).states} == {
        AI, f"{stopped.product} {stopped.version}",
    }  # fmt: skip


def test_software_of_the_equipment_is_no_version_of_a_product():
    stopped = [
        replace(other_exam(place, state="not_attempted"), version=version)
        for place, version in ((2, "1.0"), (3, "1.1"))
    ]
    assert tables(*stopped).readers == ()


def test_shares_that_may_be_written_as_percent_are_noted():
    def rated(*raws):
        return said(*(finding(shape("POINT", 1.0, 2.0), number("111047", raw)) for raw in raws))

    choices = AiChoices(exam_rating="highest_mark")
    [note] = tables(rated(*["0.5"] * 10), choices=choices).notes
    assert "all 10 marks are rated at most 1 %" in note
    assert tables(rated(*["0.5"] * 9), choices=choices).notes == ()
    assert tables(rated("2", *["0.5"] * 9), choices=choices).notes == ()


def test_copied_findings_do_not_decide_what_marks_are_rated_by():
    source = item("COMPOSITE", "111040", by="HAS OBS CONTEXT")
    copied = finding(source, number("111047", "90"))
    found = said(copied, finding(shape("POINT", 1.0, 2.0), number("111012", "40")))
    result = tables(found, choices=AiChoices(exam_rating="highest_mark"))
    assert [one["rating"] for one in result.marks] == [40]


def test_several_products_of_one_equipment_are_noted():
    one = other_exam(1, exam_score="5", state="without_findings")
    other = other_exam(2, state="without_findings", product="Masses")
    [note, *_] = tables(one, other).notes
    assert "several products (Masses, Transpara (simulated))" in note
    assert tables(one).notes == ()


def test_library_that_names_another_breast_is_a_conflict():
    """Pitfall 8: the header decides, and the contradiction is told."""
    one = planned(exam_score="5", state="without_findings")
    sides = {image.SOPInstanceUID: "R" for image in IMAGES}
    result = tables(one, image_sides=sides)
    assert len(listed(result, "conflict")) == 2
    true_sides = {image.SOPInstanceUID: image.ImageLaterality for image in IMAGES}
    assert listed(tables(one, image_sides=true_sides), "conflict") == []


def test_what_the_report_could_not_say_is_listed_with_path_concept_and_reason():
    found = said(finding(shape("MULTIPOINT", 1.0, 2.0), number("111047", "5")))
    rows = [one for one in tables(found).listed if one["what"] == "not_mapped"]
    assert [(one["path"], one["concept"], one["reason"]) for one in rows] == [
        ("1.2.2", "111010 DCM", "the graphic type MULTIPOINT is not read"),
        ("1.2", "129793001 SCT", "has no place on an image"),
    ]


def test_no_reports_give_empty_tables():
    result = ai_tables([], case_ids={}, exams=["1"])
    assert (result.readers, result.states, result.listed, result.notes) == ((), (), (), ())


def test_summary_alone_is_enough_for_a_report():
    assert report_of(report(summary("111241"))).state == "without_findings"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive") / "files"
    made = write_demo_archive(folder, exams=21, seed=3, part="retrospective", shrink=32)
    rows = {}
    for path in made.objects["path"]:
        data = (folder / path).read_bytes()
        if path in set(made.objects.loc[made.objects["kind"].isin(["cad_sr", "other_sr"]), "path"]):
            rows[path] = report_row(lambda at, n, data=data: data[at : at + n], len(data))
    return made, rows


def result_of(archive):
    made, rows = archive
    reports = [report_from_json(row["report"]) for row in rows.values() if row["report"]]
    case_ids = {one.report_uid: one.study_uid for one in reports}
    return ai_tables(reports, case_ids=case_ids, exams=set(made.objects["case_id"]))


def test_archive_gives_the_scores_that_it_was_made_from(archive):
    made, _ = archive
    result = result_of(archive)
    truth = made.tables["readings"].query("modality == 'standalone'")
    rating = truth["rating"].astype(object).where(truth["rating"].notna(), None)
    expected = dict(zip(truth["case_id"], zip(truth["status"], rating, strict=True), strict=True))
    found = {one["case_id"]: (one["status"], one["rating"]) for one in result.readings}
    assert len(found) == 21
    assert found == expected


def test_archive_lists_the_run_that_failed_before_the_good_one(archive):
    result = result_of(archive)
    assert listed(result, "superseded") == [("", "an earlier run that failed")]


def test_archive_gives_the_marks_that_it_was_made_from(archive):
    made, _ = archive
    result = result_of(archive)
    expected = made.findings
    marks = pd.DataFrame(list(result.marks))
    keys = ["case_id", "image_id", "x_px", "y_px", "rating"]
    expected = expected.assign(image_id=expected["analysed_image_id"], rating=expected["percent"])
    shown = set(marks["case_id"])
    assert len(shown) > 3
    expected = expected[expected["case_id"].isin(shown)][keys].sort_values(keys)
    pd.testing.assert_frame_equal(
        marks[keys].sort_values(keys).reset_index(drop=True),
        expected.reset_index(drop=True),
        rtol=1e-6,
        check_dtype=False,
    )


def test_archive_of_other_reports_gives_no_ai_results(archive):
    made, rows = archive
    kinds = made.objects.set_index("path")["kind"]
    assert {rows[path]["template"] for path in rows if kinds[path] == "other_sr"} == {""}
    assert {rows[path]["template"] for path in rows if kinds[path] == "cad_sr"} == {"4000"}


def test_order_of_reports_changes_nothing(archive):
    made, rows = archive
    reports = [report_from_json(row["report"]) for row in rows.values() if row["report"]]
    case_ids = {one.report_uid: one.study_uid for one in reports}
    exams = set(made.objects["case_id"])
    first, second = (
        ai_tables(order, case_ids=case_ids, exams=exams) for order in (reports, reports[::-1])
    )
    for name in ("readers", "readings", "marks", "states", "mark_sources", "listed", "notes"):
        assert getattr(first, name) == getattr(second, name)


def test_row_of_a_report_is_plain_text():
    from tests.sr_samples import CadPlan, cad_report

    row = row_of(cad_report(EXAM, CadPlan(images=IMAGES)))
    assert all(isinstance(value, str) for value in row.values())
