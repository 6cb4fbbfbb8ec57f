"""What kind of object a file holds and what it shows, with contradictions in words."""

import pytest

from toolkit.readers.dicom.scan.attributes import DicomFault
from toolkit.readers.dicom.scan.header import Header
from toolkit.readers.dicom.scan.objects import (
    MODIFIER_OF_CODE,
    VIEW_OF_CODE,
    object_row,
    references,
    side_and_view,
)

ROOT = "1.2.840.10008.5.1.4.1.1."
UIDS = {"SOPInstanceUID": "1.3", "StudyInstanceUID": "1.2", "SOPClassUID": f"{ROOT}1.2"}


def header(*, has_pixels=True, bad=(), **values):
    return Header(
        transfer_syntax="1.2.840.10008.1.2.1",
        values={**UIDS, **values},
        bad=bad,
        has_pixels=has_pixels,
        way="walk",
    )


def code(value):
    return {"CodeValue": value, "CodingSchemeDesignator": "SRT"}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, "ffdm_for_presentation"),
        ({"SOPClassUID": f"{ROOT}1.2.1"}, "ffdm_for_processing"),
        ({"SOPClassUID": f"{ROOT}13.1.3"}, "tomosynthesis"),
        (
            {"SOPClassUID": f"{ROOT}2", "ImageType": ("DERIVED", "PRIMARY", "TOMO")},
            "tomosynthesis_slice",
        ),
        ({"SOPClassUID": f"{ROOT}2", "Modality": "MG"}, "tomosynthesis_slice"),
        ({"SOPClassUID": f"{ROOT}2", "Modality": "CT"}, "other_image"),
        ({"ImageType": ("DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D")}, "synthetic_2d"),
        ({"SOPClassUID": f"{ROOT}7", "Modality": "MG"}, "secondary_capture"),
        ({"SOPClassUID": f"{ROOT}7.4"}, "secondary_capture"),
    ],
)
def test_object_row_tells_the_kinds_of_images(values, kind):
    assert object_row(header(**values)).kind == kind


@pytest.mark.parametrize(
    ("sop_class", "kind"),
    [
        ("88.50", "cad_sr"),
        ("88.67", "dose_sr"),
        ("88.33", "other_sr"),
        ("88.11", "other_sr"),
        ("11.1", "presentation_state"),
        ("104.1", "other_object"),
    ],
)
def test_object_row_tells_objects_without_pixels(sop_class, kind):
    row = object_row(header(SOPClassUID=f"{ROOT}{sop_class}", has_pixels=False))
    assert row.kind == kind
    assert row.frames is None
    assert row.pixel_spacing_mm is None


def test_object_row_refuses_an_image_without_pixels():
    with pytest.raises(DicomFault, match="an image without its pixels") as caught:
        object_row(header(has_pixels=False))
    assert caught.value.reason == "cut_off"


def test_object_row_names_every_uid_that_is_not_there():
    with pytest.raises(DicomFault, match=r"^no SOPInstanceUID, no StudyInstanceUID$") as caught:
        object_row(header(SOPInstanceUID=None, StudyInstanceUID=""))
    assert caught.value.reason == "no_uid"


def test_derived_images_are_marked():
    assert object_row(header(ImageType=("DERIVED", "PRIMARY"))).derived
    assert not object_row(header(ImageType=("ORIGINAL", "PRIMARY"))).derived
    assert object_row(header(SOPClassUID=f"{ROOT}7", ImageType=("ORIGINAL",))).derived


@pytest.mark.parametrize(
    ("values", "side", "source"),
    [
        ({"ImageLaterality": "L"}, "L", "ImageLaterality"),
        ({"Laterality": "R"}, "R", "Laterality"),
        ({"SeriesDescription": "MG Left MLO"}, "L", "SeriesDescription"),
        ({"SeriesDescription": "R CC"}, "R", "SeriesDescription"),
        ({"SeriesDescription": "LMLO"}, "L", "SeriesDescription"),
        ({"SeriesDescription": "SCREENING 2D"}, "", ""),
        ({"SeriesDescription": "L CC, R MLO"}, "", ""),
        ({"ImageLaterality": "B"}, "", ""),
        (
            {
                "SharedFunctionalGroupsSequence": (
                    {"FrameAnatomySequence": ({"FrameLaterality": "R"},)},
                )
            },
            "R",
            "FrameLaterality",
        ),
        ({"PatientOrientation": ("P", "L")}, "", ""),
    ],
)
def test_laterality_is_taken_from_every_place(values, side, source):
    found = side_and_view(header(**values))
    assert (found.laterality, found.laterality_source) == (side, source)
    assert found.conflicts == ()


def test_the_image_wins_over_its_series_and_the_contradiction_is_told():
    found = side_and_view(header(ImageLaterality="L", Laterality="R", SeriesDescription="R CC"))
    assert found.laterality == "L"
    assert found.conflicts == (
        "breast: ImageLaterality says L, Laterality says R, SeriesDescription says R",
    )


def test_nothing_is_chosen_between_weak_places():
    found = side_and_view(header(Laterality="R", SeriesDescription="L MLO"))
    assert (found.laterality, found.laterality_source) == ("", "")
    assert found.conflicts == ("breast: Laterality says R, SeriesDescription says L",)


def test_orientation_contradicts_but_never_decides():
    found = side_and_view(header(Laterality="R", PatientOrientation=("A", "FR")))
    assert found.laterality == "R"
    assert found.conflicts == ("breast: Laterality says R, PatientOrientation says L",)
    turned = side_and_view(header(ImageLaterality="L", PatientOrientation=("R", "P")))
    assert turned.conflicts == ()


@pytest.mark.parametrize(
    ("values", "view", "source"),
    [
        ({"ViewCodeSequence": (code("R-10226"),)}, "MLO", "ViewCodeSequence"),
        ({"ViewCodeSequence": (code("399162004"),)}, "CC", "ViewCodeSequence"),
        ({"ViewPosition": "MLO"}, "MLO", "ViewPosition"),
        ({"ViewPosition": "AP"}, "", ""),
        ({"SeriesDescription": "R XCCL"}, "XCCL", "SeriesDescription"),
    ],
)
def test_view_is_taken_from_every_place(values, view, source):
    found = side_and_view(header(**values))
    assert (found.view, found.view_source) == (view, source)


def test_view_codes_are_the_standards():
    from pydicom.sr.codedict import codes

    for group, table in ((codes.CID4014, VIEW_OF_CODE), (codes.CID4015, MODIFIER_OF_CODE)):
        for name in group.dir():
            assert getattr(group, name).value in table, name
        assert len(table) == 2 * len(group.dir())


def test_view_modifiers_are_kept_in_order():
    view = code("R-10242") | {"ViewModifierCodeSequence": (code("R-102D6"), code("X-1"))}
    assert object_row(header(ViewCodeSequence=(view,))).view_modifiers == "magnification; code X-1"


def test_spacing_is_that_of_the_breast():
    # 0.5 mm on the detector at a magnification of 1.5 is a third of a millimetre in the breast.
    row = object_row(
        header(
            ImagerPixelSpacing=(0.5, 0.5),
            PixelSpacing=(0.25, 0.25),
            EstimatedRadiographicMagnificationFactor=1.5,
        )
    )
    assert row.pixel_spacing_mm == pytest.approx(1 / 3)
    assert row.spacing_source == "ImagerPixelSpacing"


@pytest.mark.parametrize(
    ("values", "spacing", "source"),
    [
        ({"PixelSpacing": (0.1, 0.1)}, 0.1, "PixelSpacing"),
        ({"ImagerPixelSpacing": 0.1}, None, ""),
        (
            {
                "SharedFunctionalGroupsSequence": (
                    {"PixelMeasuresSequence": ({"PixelSpacing": (0.1, 0.1)},)},
                )
            },
            0.1,
            "PixelMeasuresSequence",
        ),
    ],
)
def test_spacing_is_taken_from_other_places(values, spacing, source):
    row = object_row(header(**values))
    assert (row.pixel_spacing_mm, row.spacing_source) == (spacing, source)


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ((0.1, 0.07), "ImagerPixelSpacing: rows and columns are spaced differently"),
        ((74.7, 74.7), "ImagerPixelSpacing: no spacing of a mammogram"),
        ((-0.1, -0.1), "ImagerPixelSpacing: no spacing of a mammogram"),
    ],
)
def test_spacing_that_makes_no_sense_is_told(pair, words):
    row = object_row(header(ImagerPixelSpacing=pair))
    assert row.pixel_spacing_mm is None
    assert row.conflicts == (words,)


def test_unreadable_values_are_told_without_them():
    assert object_row(header(bad=("Rows",))).conflicts == ("Rows: the value is not of its VR",)


def test_references_are_found_at_every_depth_and_once():
    evidence = {
        "StudyInstanceUID": "1.2",
        "ReferencedSeriesSequence": (
            {
                "ReferencedSOPSequence": (
                    {"ReferencedSOPInstanceUID": "1.7"},
                    {"ReferencedSOPInstanceUID": "1.8"},
                )
            },
        ),
    }
    found = references(
        header(
            SourceImageSequence=({"ReferencedSOPInstanceUID": "1.8"},),
            CurrentRequestedProcedureEvidenceSequence=(evidence,),
        )
    )
    assert found == ("1.8", "1.7")


def test_object_row_of_real_files(reference_data):
    from toolkit.readers.dicom.scan.header import read_header

    folder = reference_data / "data" / "dicom"
    rows = {}
    for path in folder.glob("*.dcm"):
        data = path.read_bytes()
        rows[path.stem] = object_row(read_header(lambda at, n, d=data: d[at : at + n], len(data)))
    kinds = {name: row.kind for name, row in rows.items()}
    assert kinds["mg_ge_essential_jpegll"] == "ffdm_for_presentation"
    assert kinds["openrem_ge_ds_1_proc"] == "ffdm_for_processing"
    assert kinds["wg04_mg1_j2k_lossy_sc"] == "secondary_capture"
    assert kinds["openrem_rdsr_hologic_2d"] == "dose_sr"
    assert {kind for name, kind in kinds.items() if name.startswith("sr_")} == {"other_sr"}
    essential = rows["mg_ge_essential_jpegll"]
    assert (essential.laterality, essential.view, essential.rows) == ("R", "MLO", 3062)
    assert essential.pixel_spacing_mm == pytest.approx(0.0940909)
    # Pixel Spacing of this one says 74.7 mm: someone shrank the matrix.
    assert rows["openrem_ge_ds_1_pres"].pixel_spacing_mm == pytest.approx(0.094090909)
    assert rows["openrem_ge_ds_1_proc"].image_id in rows["openrem_ge_ds_1_pres"].references
