"""Simulated DICOM against the checkers of other people: dciodvfy, dsrdump, dcmdump."""

import subprocess

import pytest

from toolkit.demo.dicom.archive import TRANSFER_SYNTAXES, encoded
from toolkit.demo.dicom.cad_plan import STATES, CadPlan, Composite, Finding
from toolkit.demo.dicom.cad_sr import cad_report
from toolkit.demo.dicom.exam import DemoExam
from toolkit.demo.dicom.exam_objects import (
    dose_report,
    measurement_report,
    presentation_state,
    secondary_capture,
)
from toolkit.demo.dicom.images import (
    PROCESSING,
    ImagePlan,
    mammogram,
    synthetic_2d,
    tomosynthesis,
    tomosynthesis_slices,
)

EXAM = DemoExam(seed=1, number=1)
VIEWS = [ImagePlan(laterality=side, view=view) for side in "RL" for view in ("CC", "MLO")]
FINDINGS = (
    Finding(image=0, intent="optional", operating_point=1),
    Finding(image=1, outline="ELLIPSE", score_unit="1", score="0.5", score_kind="certainty"),
    Finding(image=2, outline="POLYLINE", kind="calcification cluster", calcifications=7),
    Finding(image=3, outline=None, intent="not"),
)


def _image_kinds():
    special = ImagePlan(scheme="SRT", magnified=True, photometric="MONOCHROME1", flipped=True)
    volume = tomosynthesis(EXAM, special)
    shown = [mammogram(EXAM, plan) for plan in VIEWS]
    yield from ((f"presentation {number}", ds) for number, ds in enumerate(shown))
    yield "processing", mammogram(EXAM, VIEWS[0], intent=PROCESSING)
    yield "magnified, mirrored, inverted", mammogram(EXAM, special)
    yield "tomosynthesis", volume
    yield "synthetic 2D", synthetic_2d(EXAM, special, volume=volume)
    yield "tomosynthesis slice", tomosynthesis_slices(EXAM, special)[0]
    yield "secondary capture", secondary_capture(EXAM, "9.57/10")
    yield "presentation state", presentation_state(EXAM, shown)


def _report_kinds():
    shown = tuple(mammogram(EXAM, plan) for plan in VIEWS)
    composites = (Composite(findings=(0, 1), score="90"),)
    for layout, scheme, image_by in (("nested", "SCT", "value"), ("flattened", "SRT", "reference")):
        plan = CadPlan(
            images=shown, findings=FINDINGS, composites=composites, layout=layout,
            scheme=scheme, image_by=image_by, exam_score="9.57",
        )  # fmt: skip
        yield f"CAD {layout}", cad_report(EXAM, plan)
    for state in STATES:
        if state != "with_findings":
            yield f"CAD {state}", cad_report(EXAM, CadPlan(images=shown, state=state))
    for place in ("certainty_of_impression", "text"):
        plan = CadPlan(
            images=shown, findings=FINDINGS, state="partly_failed", exam_score="95.7",
            score_place=place, exam_score_unit="%",
        )  # fmt: skip
        yield f"CAD score as {place}", cad_report(EXAM, plan)
    volume = tomosynthesis(EXAM, VIEWS[0])
    yield (
        "CAD on a frame",
        cad_report(EXAM, CadPlan(images=(volume,), findings=(Finding(frame=3),))),
    )
    yield "dose report", dose_report(EXAM)
    yield "TID 1500", measurement_report(EXAM, shown[0], x=20, y=20, radius=5, score="0.8")


IMAGES, REPORTS = dict(_image_kinds()), dict(_report_kinds())


def _run(program, path):
    """What a checker prints."""
    done = subprocess.run([program, str(path)], capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


@pytest.mark.needs_tool("dciodvfy")
@pytest.mark.parametrize("kind", IMAGES | REPORTS)
def test_every_kind_is_valid_for_dciodvfy(kind, tmp_path):
    path = tmp_path / "object.dcm"
    path.write_bytes(encoded((IMAGES | REPORTS)[kind]))
    _, words = _run("dciodvfy", path)
    assert not [line for line in words.splitlines() if "Error" in line], words


@pytest.mark.needs_tool("dciodvfy")
@pytest.mark.parametrize("syntax", ["implicit", "big_endian"])
def test_other_syntaxes_are_valid_for_dciodvfy(syntax, tmp_path):
    path = tmp_path / "object.dcm"
    path.write_bytes(encoded(IMAGES["presentation 0"], syntax=syntax))
    _, words = _run("dciodvfy", path)
    assert "MammographyImageForPresentation" in words
    assert "Error" not in words


@pytest.mark.needs_tool("dsrdump")
@pytest.mark.parametrize("kind", REPORTS)
def test_every_report_is_read_whole_by_dsrdump(kind, tmp_path):
    path = tmp_path / "report.dcm"
    path.write_bytes(encoded(REPORTS[kind]))
    status, words = _run("dsrdump", path)
    assert status == 0, words
    assert "\nE:" not in "\n" + words
    assert "invalid" not in words.lower()


@pytest.mark.needs_tool("dcmdump")
@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_every_syntax_is_read_by_dcmdump(syntax, tmp_path):
    path = tmp_path / "object.dcm"
    path.write_bytes(encoded(IMAGES["processing"], syntax=syntax))
    status, words = _run("dcmdump", path)
    assert status == 0, words
    assert IMAGES["processing"].SOPInstanceUID in words
