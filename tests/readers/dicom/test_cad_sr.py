"""Mammography CAD SR: what was planned is what is read, and what misleads is listed."""

import itertools
import random
from dataclasses import replace

import pytest

from tests.sr_samples import (
    EXAM,
    IMAGES,
    SHOWN,
    algorithm,
    coded,
    finding,
    image,
    item,
    number,
    outcome,
    planned,
    read_back,
    reference,
    report,
    row_of,
    said,
    shape,
    summary,
    text,
)
from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.cad_plan import STATES, CadPlan, Composite, Finding
from toolkit.demo.dicom.cad_sr import cad_report
from toolkit.readers.dicom.reports.results import REPORTS, report_of, report_row
from toolkit.readers.dicom.reports.tree import report_from_json
from toolkit.readers.dicom.scan.attributes import DicomFault

UIDS = [one.SOPInstanceUID for one in IMAGES]
FINDINGS = (
    Finding(image=0, x=10.5, y=20.25, score="87.5"),
    Finding(image=1, x=11.5, y=21, outline="ELLIPSE", score="0,4", score_unit="1"),
    Finding(image=2, kind="calcification cluster", outline="POLYLINE", intent="optional",
            operating_point=2, calcifications=7),
    Finding(image=3, outline=None, score="12", score_kind="certainty", intent="not"),
)  # fmt: skip
COMPOSITES = (Composite(findings=(0, 1), score="90"),)
KINDS = {"density": ("129793001", "SCT"), "calcification cluster": ("129769006", "SCT")}


def reasons(found):
    return [(one.path, one.reason) for one in found.not_mapped]


def places(found):
    return [(one.image_uid, one.frame, one.x_px, one.y_px) for one in found.findings]


@pytest.mark.parametrize(
    ("layout", "image_by", "scheme"),
    list(itertools.product(("nested", "flattened"), ("reference", "value"), ("SCT", "SRT"))),
)
def test_report_says_what_was_planned(layout, image_by, scheme):
    found = planned(
        findings=FINDINGS,
        composites=COMPOSITES,
        layout=layout,
        image_by=image_by,
        scheme=scheme,
        exam_score="7.5",
    )
    assert found.not_mapped == ()
    assert (found.product, found.version) == ("Transpara (simulated)", "2.1.0")
    assert (found.state, found.complete, found.written_at) == (
        "with_findings", True, "20210701093000",
    )  # fmt: skip
    assert found.images == tuple(UIDS)
    assert dict(found.library_sides) == dict(zip(UIDS, "RRLL", strict=True))
    assert [one.kind for one in found.findings] == [KINDS[one.kind] for one in FINDINGS]
    assert [one.intent for one in found.findings] == [one.intent for one in FINDINGS]
    assert [one.operating_point for one in found.findings] == [None, None, 2.0, None]
    assert places(found) == [
        (UIDS[one.image], None, pytest.approx(one.x, abs=1e-5), pytest.approx(one.y, abs=1e-5))
        for one in FINDINGS
    ]
    written = [[(s.concept[0], s.raw, s.unit) for s in one.scores] for one in found.findings]
    assert written == [
        [("111047", "87.5", "%")], [("111047", "0,4", "1")], [("111047", "87.5", "%")],
        [("111012", "12", "%")],
    ]  # fmt: skip
    assert [(one.raw, one.unit, one.on_summary) for one in found.exam_values] == [
        ("7.5", "{score}", True)
    ]


@pytest.mark.parametrize("layout", ["nested", "flattened"])
def test_composite_neither_loses_nor_doubles_its_findings(layout):
    """Pitfall 4."""
    found = planned(findings=FINDINGS, composites=COMPOSITES, layout=layout)
    assert len({one.path for one in found.findings}) == len(found.findings) == len(FINDINGS)
    shared = [one.composites for one in found.findings]
    assert shared[0] == shared[1] != ()
    assert shared[2:] == [(), ()]
    assert [[s.raw for s in one.composite_scores] for one in found.findings] == [
        ["90"], ["90"], [], [],
    ]  # fmt: skip


def test_finding_that_two_composites_refer_to_is_one_finding():
    composite = coded("111015", "129788004", reference(1, 2, by="INFERRED FROM"), scheme="SCT")
    found = said(finding(), composite, composite)
    assert [one.composites for one in found.findings] == [("1.3", "1.4")]


def test_composite_of_nothing_and_of_something_else_is_listed():
    empty = coded("111015", "129788004", scheme="SCT")
    odd = coded("111015", "129788004", text("111033", "x", by="INFERRED FROM"), scheme="SCT")
    found = said(finding(), empty, odd)
    assert reasons(found) == [
        ("1.3", "a composite feature without any finding"),
        ("1.4.1", "a composite feature is inferred from it, but it is no finding in an image"),
    ]


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "deflated", "big_endian"])
def test_report_is_the_same_in_every_transfer_syntax(syntax):
    plan = CadPlan(images=IMAGES, findings=FINDINGS, composites=COMPOSITES)
    assert read_back(cad_report(EXAM, plan), syntax=syntax) == planned(
        findings=FINDINGS, composites=COMPOSITES
    )


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8, 0.99])
def test_report_that_ends_early_is_refused_not_empty(share):
    """A cut report looks to pydicom as one without findings."""
    data = encoded(cad_report(EXAM, CadPlan(images=IMAGES, findings=FINDINGS)))
    cut = data[: int(len(data) * share)]
    with pytest.raises(DicomFault, match="ends"):
        report_row(lambda offset, length: cut[offset : offset + length], len(cut))


@pytest.mark.filterwarnings("ignore")  # of pydicom, of values that are no more what they were
def test_damaged_report_is_refused_or_read_but_never_breaks_the_reader():
    plan = CadPlan(images=IMAGES, findings=FINDINGS, composites=COMPOSITES, exam_score="5")
    whole = encoded(cad_report(EXAM, plan))
    draw = random.Random(20260101)
    n_read = 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(draw.choice([1, 2, 5])):
            data[draw.randrange(400, len(data))] = draw.randrange(256)
        try:
            row = report_row(lambda at, n, data=bytes(data): data[at : at + n], len(data))
        except DicomFault:
            continue
        if row["report"]:
            assert report_from_json(row["report"]).to_json() == row["report"]
            n_read += 1
    assert 20 < n_read < 150


def test_report_row_holds_the_report_as_text():
    row = row_of(cad_report(EXAM, CadPlan(images=IMAGES, findings=FINDINGS)))
    found = report_from_json(row["report"])
    assert found.to_json() == row["report"]
    assert (row["report_uid"], row["study_uid"]) == (found.report_uid, found.study_uid)
    assert row["template"] == "4000"
    assert (REPORTS.name, REPORTS.row) == ("reports", report_row)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("with_findings", "with_findings"),
        ("without_findings", "without_findings"),
        ("partly_failed", "partly_failed"),
        ("failed", "failed"),
        ("not_attempted", "failed"),
    ],
)
def test_states_stay_apart(state, expected):
    """Pitfall 5."""
    assert state in STATES
    findings = FINDINGS if state in ("with_findings", "partly_failed") else ()
    assert planned(state=state, findings=findings).state == expected


@pytest.mark.parametrize(
    ("overall", "detections", "analyses", "expected"),
    [
        ("111241", "111222", "111222", "without_findings"),
        ("111241", "111222", "111225", "without_findings"),
        ("111241", "111223", "111222", "partly_failed"),
        ("111241", "111224", "111222", "partly_failed"),
        ("111241", "111225", "111222", "partly_failed"),
        ("111241", "111222", "111224", "partly_failed"),
        ("111243", "111222", "111222", "partly_failed"),
        ("111244", "111222", "111222", "partly_failed"),
        ("111245", "111222", "111222", "failed"),
        (None, "111222", "111222", "without_findings"),
        (None, "111223", "111222", "partly_failed"),
        (None, "111224", "111222", "failed"),
        (None, None, None, "failed"),
        ("999", "111222", None, "without_findings"),
        ("999", None, None, "failed"),
    ],
)
def test_worst_summary_decides(overall, detections, analyses, expected):
    said_by = ("111017", overall), ("111064", detections), ("111065", analyses)
    parts = [outcome(concept, value) for concept, value in said_by if value]
    assert report_of(report(*parts)).state == expected


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (said(), "says that there are findings, but holds none"),
        (said(finding(), state="111241"), "says that there are no findings, but holds some"),
        (said(state="999"), "a summary that is in no vocabulary"),
        (said(outcome("111064", "999")), "an outcome that is in no vocabulary"),
        (
            said(finding(), outcome("111064", "111224")),
            "says that all succeeded, but a summary of detections or analyses does not",
        ),
    ],
)
def test_summary_that_contradicts_itself_is_listed(found, reason):
    assert reason in [why for _, why in reasons(found)]


def test_finding_for_the_next_run_does_not_contradict_a_report_without_findings():
    hidden = coded("111056", "111152", by="HAS CONCEPT MOD")
    found = said(finding(intent=hidden), state="111241")
    assert found.state == "without_findings"
    assert "says that there are no findings, but holds some" not in [w for _, w in reasons(found)]


def test_finding_without_intent_takes_that_of_what_holds_it():
    impression = item("CONTAINER", "111034", SHOWN, finding(intent=None), by="INFERRED FROM")
    inherited = said(impression).findings[0]
    own = coded("111056", "111152", by="HAS CONCEPT MOD")
    impression = item("CONTAINER", "111034", SHOWN, finding(intent=own), by="INFERRED FROM")
    assert (inherited.intent, said(impression).findings[0].intent) == ("required", "not")


def test_finding_without_any_intent_is_listed():
    for intent, reason in (
        (None, "a finding without a rendering intent is not shown"),
        (coded("111056", "999", by="HAS CONCEPT MOD"), "a rendering intent that is in no"),
    ):
        found = said(finding(intent=intent))
        assert found.findings[0].intent == "unsaid"
        assert any(reason in why for _, why in reasons(found))


@pytest.mark.parametrize("raw", ["", "x"])
def test_operating_point_that_cannot_be_read_is_listed(raw):
    intent = item(
        "CODE", "111056", number("111071", raw, "1"), by="HAS CONCEPT MOD",
        ConceptCodeSequence=({"CodeValue": "111151", "CodingSchemeDesignator": "DCM"},),
    )  # fmt: skip
    found = said(finding(intent=intent))
    assert (found.findings[0].intent, found.findings[0].operating_point) == ("optional", None)
    assert [path for path, _ in reasons(found)] == ["1.2.1.1"]


def test_image_library_is_resolved_by_path():
    """Pitfall 1: the mark's image is a path, not a UID."""
    library = item(
        "CONTAINER", "111028", image("1.2.3.7", by="CONTAINS"), image("1.2.3.8", by="CONTAINS")
    )
    found = said(library, finding(shape("POINT", 1.0, 2.0, source=reference(1, 2, 2))))
    assert found.findings[0].image_uid == "1.2.3.8"


@pytest.mark.parametrize(
    "source",
    [reference(1, 9), reference(1, 1), reference(1, 2), reference(1, 2, 2, 1), image("")],
)
def test_mark_whose_image_is_lost_has_no_place(source):
    found = said(finding(shape("POINT", 1.0, 2.0, source=source)))
    assert (found.findings[0].image_uid, found.findings[0].x_px) == ("", None)
    assert ("1.2.2", "no image is named") in reasons(found)


def test_place_and_number_of_another_finding_may_be_its_own_by_reference():
    shared = coded(
        "111059", "129793001", SHOWN, reference(1, 2, 2, by="HAS PROPERTIES"),
        reference(1, 2, 3, by="HAS PROPERTIES"), scheme="SCT",
    )  # fmt: skip
    found = said(finding(), shared)
    assert [(one.x_px, [s.raw for s in one.scores]) for one in found.findings] == [
        (10, ["50"]),
        (10, ["50"]),
    ]


def test_findings_of_frames_name_the_frame():
    """Pitfall 13: a mark in a multi-frame tomosynthesis."""
    assert places(planned(findings=(Finding(image=1, frame=17),))) == [(UIDS[1], 17, 20.0, 30.0)]


@pytest.mark.parametrize("kind", ["111099", "111100", "111101", "111102"])
def test_what_is_no_suspicion_is_none(kind):
    assert not said(finding(kind=(kind, "DCM"))).findings[0].is_suspicion
    assert said(finding()).findings[0].is_suspicion


@pytest.mark.parametrize("scheme", ["SCT", "SRT"])
def test_nipple_is_no_suspicion_in_either_scheme(scheme):
    value = {"SCT": "24142002", "SRT": "T-04100"}[scheme]
    assert not said(finding(kind=(value, scheme))).findings[0].is_suspicion


def test_finding_copied_from_a_prior_report_is_marked():
    """Pitfall 4, second half: also where what holds it was copied."""
    source = item("COMPOSITE", "111040", by="HAS OBS CONTEXT")
    direct = finding(source, shape("POINT", 1.0, 2.0))
    held = item("CONTAINER", "111034", source, finding(), by="INFERRED FROM")
    found = said(direct, held, finding())
    assert [one.from_prior for one in found.findings] == [True, True, False]


def test_image_that_is_an_original_source_is_no_prior():
    """Some writers name the image of a region by the same concept."""
    selected = image() | {"ConceptNameCodeSequence": ({"CodeValue": "111040",
                          "CodingSchemeDesignator": "DCM"},)}  # fmt: skip
    assert not said(finding(shape("POINT", 1.0, 2.0, source=selected))).findings[0].from_prior


def test_program_of_a_prior_finding_does_not_name_the_report():
    source = item("COMPOSITE", "111040", by="HAS OBS CONTEXT")
    old = finding(source, shape("POINT", 1.0, 2.0), *algorithm(version="0.9"))
    new = finding(shape("POINT", 1.0, 2.0), *algorithm(version="1.0"))
    assert said(old, new).version == "1.0"


def test_several_algorithms_leave_the_product_to_the_header():
    found = said(
        finding(*algorithm("masses", "3")),
        finding(*algorithm("calcifications", "4")),
        Manufacturer="Maker",
        ManufacturerModelName="Product",
        SoftwareVersions=("1.2", "b7"),
    )
    assert (found.product, found.version, found.product_from) == ("Product", "1.2 b7", "header")
    listed = [path for path, why in reasons(found) if "one of several algorithms" in why]
    assert listed == ["1.2.2", "1.3.2"]


def test_part_that_no_template_has_is_listed():
    private = item("CONTAINER", "P1", number("P2", "3", "1", scheme="99X"), scheme="99X")
    found = said(private, finding(), item("SCOORD3D", "111010"))
    assert ("1.2", "a part of the report that is not read") in reasons(found)
    assert ("1.4", "coordinates of type SCOORD3D are not read") in reasons(found)
    assert [(one.path, one.concept, one.raw) for one in found.exam_values] == [
        ("1.2.1", ("P2", "99X"), "3")
    ]


def test_numbers_of_findings_are_no_numbers_of_the_examination():
    library = item("CONTAINER", "111028", image("1.2", number("111026", "0.1", "mm")))
    performed = item("CODE", "111064", number("111047", "9"))
    found = said(library, performed, finding())
    assert found.exam_values == ()


def test_unreadable_values_are_listed_without_them():
    header = replace(report(summary(), finding()), bad=("GraphicData",))
    assert ("", "the value is not of its VR") in reasons(report_of(header))


def test_finding_without_a_code_is_listed():
    odd = item("CODE", "111059", SHOWN, shape("POINT", 1.0, 2.0))
    found = said(odd)
    assert found.findings[0].kind == ("", "")
    assert ("1.2", "a finding without a code of what was found") in reasons(found)
