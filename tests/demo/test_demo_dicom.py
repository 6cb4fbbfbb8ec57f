"""Simulated DICOM objects: what they say is what was asked for, read back with pydicom."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.uid import UID

from toolkit.demo.dicom.archive import TRANSFER_SYNTAXES, encoded, write_light_archive
from toolkit.demo.dicom.cad_plan import STATES, CadPlan, Composite, Finding
from toolkit.demo.dicom.cad_sr import cad_report
from toolkit.demo.dicom.exam import DemoExam, make_uid, snomed
from toolkit.demo.dicom.images import PROCESSING, ImagePlan, mammogram, synthetic_2d, tomosynthesis

EXAM = DemoExam(seed=1, number=1)


def _read(ds, **how):
    return pydicom.dcmread(io.BytesIO(encoded(ds, **how)))


def _images():
    views = [("R", "CC"), ("R", "MLO"), ("L", "CC"), ("L", "MLO")]
    return tuple(mammogram(EXAM, ImagePlan(laterality=side, view=view)) for side, view in views)


def _at(ds, path):
    """The item of a path of item numbers; the root is 1."""
    item = ds
    for number in path[1:]:
        item = item.ContentSequence[number - 1]
    return item


def _findings(ds):
    """Value type, code of the concept, and item of the whole tree."""
    for item in ds.get("ContentSequence", []):
        if "ConceptNameCodeSequence" in item:
            yield item.ConceptNameCodeSequence[0].CodeValue, item
        yield from _findings(item)


def test_uids_are_valid_of_one_length_and_distinct():
    uids = [make_uid(seed, number) for seed in (0, 1) for number in range(500)]
    assert {len(uid) for uid in uids} == {44}
    assert all(UID(uid).is_valid for uid in uids)
    assert all(int(uid.removeprefix("2.25.")) < 2**128 for uid in uids)
    assert len(set(uids)) == 1000


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_every_syntax_reads_back_with_the_same_values_and_pixels(syntax):
    image = mammogram(EXAM, ImagePlan(laterality="R", view="MLO"))
    back = _read(image, syntax=syntax)
    assert back.file_meta.TransferSyntaxUID == TRANSFER_SYNTAXES[syntax]
    assert back.PatientName == "Nguyễn^Thử"
    assert np.array_equal(back.pixel_array, _read(image).pixel_array)
    del back.PixelData
    same = _read(image)
    del same.PixelData
    assert back == same


def test_same_object_encodes_to_the_same_bytes():
    image = mammogram(EXAM, ImagePlan())
    first = encoded(image, syntax="big_endian"), encoded(image)
    assert first == (encoded(image, syntax="big_endian"), encoded(mammogram(EXAM, ImagePlan())))


def test_encoded_refuses_an_unknown_syntax():
    with pytest.raises(ValueError, match=r"syntax must be one of explicit, .* got 'jpeg'"):
        encoded(mammogram(EXAM, ImagePlan()), syntax="jpeg")


@pytest.mark.parametrize(
    ("plan", "orientation", "air_at"),
    [
        ({"laterality": "L", "view": "CC"}, ["A", "R"], "right"),
        ({"laterality": "R", "view": "CC"}, ["P", "L"], "left"),
        ({"laterality": "L", "view": "MLO"}, ["A", "FR"], "right"),
        ({"laterality": "R", "view": "MLO"}, ["P", "FL"], "left"),
        ({"laterality": "L", "view": "CC", "flipped": True}, ["P", "R"], "left"),
    ],
)
def test_pixels_and_patient_orientation_agree(plan, orientation, air_at):
    back = _read(mammogram(EXAM, ImagePlan(**plan)))
    assert list(back.PatientOrientation) == orientation
    middle = back.pixel_array[32]
    # Rows run to anterior (A): the breast's tip, then air, are at the right end.
    assert (middle[-1] == 0) == (air_at == "right")
    assert (middle[0] == 0) == (air_at == "left")
    assert back.FieldOfViewHorizontalFlip == ("YES" if plan.get("flipped") else "NO")


def test_monochrome1_is_the_same_picture_inverted():
    dark = _read(mammogram(EXAM, ImagePlan()))
    inverted = _read(mammogram(EXAM, ImagePlan(photometric="MONOCHROME1")))
    assert np.array_equal(4095 - inverted.pixel_array, dark.pixel_array)
    assert inverted.PresentationLUTShape == "INVERSE"


def test_presentation_names_processing_as_its_source():
    plan = ImagePlan()
    source = mammogram(EXAM, plan, intent=PROCESSING)
    (item,) = mammogram(EXAM, plan).SourceImageSequence
    assert item.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert item.ReferencedSOPClassUID == source.SOPClassUID


def test_synthetic_2d_is_derived_from_its_volume_and_no_exposure_of_its_own():
    volume = tomosynthesis(EXAM, ImagePlan())
    made = synthetic_2d(EXAM, ImagePlan(), volume=volume)
    assert list(made.ImageType) == ["DERIVED", "PRIMARY", "", "GENERATED_2D"]
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == volume.SOPInstanceUID
    plain = mammogram(EXAM, ImagePlan())
    assert made.SOPInstanceUID != plain.SOPInstanceUID
    assert made.SeriesInstanceUID != plain.SeriesInstanceUID


@pytest.mark.parametrize("layout", ["nested", "flattened"])
@pytest.mark.parametrize("image_by", ["reference", "value"])
def test_marks_name_their_images_and_composites_their_findings(layout, image_by):
    images = _images()
    findings = tuple(Finding(image=place, x=10 + place, y=20) for place in range(4))
    plan = CadPlan(
        images=images, findings=findings, composites=(Composite(findings=(2, 3)),),
        layout=layout, image_by=image_by,
    )  # fmt: skip
    back = _read(cad_report(EXAM, plan))
    marks = [item for code, item in _findings(back) if code == "111059"]
    named = {}
    for mark in marks:
        center = next(item for code, item in _findings(mark) if code == "111010")
        (target,) = center.ContentSequence
        if image_by == "reference":
            target = _at(back, target.ReferencedContentItemIdentifier)
        x, y = center.GraphicData
        named[target.ReferencedSOPSequence[0].ReferencedSOPInstanceUID] = (x, y)
    assert named == {
        image.SOPInstanceUID: (10.0 + place, 20.0) for place, image in enumerate(images)
    }
    (composite,) = (item for code, item in _findings(back) if code == "111015")
    parts = [item for item in composite.ContentSequence if item.RelationshipType == "INFERRED FROM"]
    if layout == "flattened":
        parts = [_at(back, part.ReferencedContentItemIdentifier) for part in parts]
    assert [part.ConceptNameCodeSequence[0].CodeValue for part in parts] == ["111059"] * 2


@pytest.mark.parametrize(
    ("state", "overall", "detections"),
    [
        ("without_findings", "111241", "111222"),
        ("partly_failed", "111243", "111223"),
        ("failed", "111245", "111224"),
        ("not_attempted", "111245", "111225"),
    ],
)
def test_states_are_told_apart(state, overall, detections):
    back = _read(cad_report(EXAM, CadPlan(images=_images(), state=state)))
    values = {
        code: item.ConceptCodeSequence[0].CodeValue
        for code, item in _findings(back)
        if code in ("111017", "111064")
    }
    assert values == {"111017": overall, "111064": detections}
    held = {code for code, _ in _findings(back)} & {"111063", "111025"}
    wanted = {"111222": {"111063"}, "111223": {"111063", "111025"}, "111224": {"111025"}}
    assert held == wanted.get(detections, set())


def test_partly_failed_with_findings_has_its_own_code():
    plan = CadPlan(images=_images(), state="partly_failed", findings=(Finding(),))
    overall = next(i for code, i in _findings(cad_report(EXAM, plan)) if code == "111017")
    assert overall.ConceptCodeSequence[0].CodeValue == "111244"


@pytest.mark.parametrize(
    ("outline", "points"),
    [
        ("CIRCLE", [20, 30, 26, 30]),
        ("ELLIPSE", [14, 30, 26, 30, 20, 26, 20, 34]),
    ],
)
def test_outlines_are_as_the_standard_has_them(outline, points):
    plan = CadPlan(images=_images(), findings=(Finding(outline=outline),))
    item = next(i for code, i in _findings(_read(cad_report(EXAM, plan))) if code == "111041")
    assert (item.GraphicType, list(item.GraphicData)) == (outline, points)


def test_ellipse_that_is_higher_than_wide_begins_with_its_major_axis():
    plan = CadPlan(images=_images(), findings=(Finding(outline="ELLIPSE", radius_x=2, radius_y=9),))
    item = next(i for code, i in _findings(cad_report(EXAM, plan)) if code == "111041")
    assert list(item.GraphicData) == [20, 21, 20, 39, 18, 30, 22, 30]


def test_polygon_closes_and_keeps_its_distance_from_the_centre():
    plan = CadPlan(images=_images(), findings=(Finding(outline="POLYLINE"),))
    item = next(i for code, i in _findings(cad_report(EXAM, plan)) if code == "111041")
    points = np.array(item.GraphicData).reshape(-1, 2)
    assert np.array_equal(points[0], points[-1])
    assert np.allclose(np.hypot(*(points - [20, 30]).T), 6)


def test_numbers_are_stored_as_written():
    plan = CadPlan(images=_images(), findings=(Finding(score="87,5"),), exam_score="9.57")
    data = encoded(cad_report(EXAM, plan))
    assert b"87,5" in data
    assert b"9.57" in data


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"state": "perhaps"}, "state must be one of with_findings, .* got 'perhaps'"),
        ({"layout": "flat"}, "layout must be one of nested, flattened, got 'flat'"),
        ({"findings": (Finding(image=4),)}, r"findings\[0\].image must be the place of one of 4"),
        ({"findings": (Finding(kind="mass"),)}, "kind must be one of density, .* got 'mass'"),
        ({"composites": (Composite(findings=(0,)),)}, "composites must hold places of findings"),
        ({"state": "failed", "findings": (Finding(),)}, "state 'failed' has no findings, got 1"),
    ],
)
def test_cad_plan_refuses(wrong, message):
    with pytest.raises(ValueError, match=message):
        CadPlan(**{"images": _images()} | wrong)


def test_snomed_refuses_another_scheme():
    with pytest.raises(ValueError, match="scheme must be 'SCT' or 'SRT', got 'SNM3'"):
        snomed("CC", "SNM3")


def test_all_states_are_covered():
    assert set(STATES) == {
        "with_findings", "without_findings", "partly_failed", "failed", "not_attempted",
    }  # fmt: skip


def test_light_archive_is_many_valid_files_with_uids_of_their_own(tmp_path):
    write_light_archive(tmp_path / "a", files=10, seed=3, sparse_bytes=1000)
    write_light_archive(tmp_path / "b", files=10, seed=3, sparse_bytes=1000)
    paths = sorted((tmp_path / "a").rglob("*.dcm"))
    read = [pydicom.dcmread(path) for path in paths]
    assert len({ds.SOPInstanceUID for ds in read}) == 10
    assert len({ds.StudyInstanceUID for ds in read}) == 3
    assert len({ds.PatientID for ds in read}) == 3
    for path, ds in zip(paths, read, strict=True):
        assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
        assert len(ds.PixelData) == 64 * 48 * 2 + 1000
        twin = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == twin.read_bytes()


def test_light_archive_refuses_more_files_than_views(tmp_path):
    with pytest.raises(ValueError, match="per_study must be from 1 to 4"):
        write_light_archive(tmp_path, files=1, seed=1, per_study=5)
