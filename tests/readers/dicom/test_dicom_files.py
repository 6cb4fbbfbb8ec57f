"""The files for tests are as bad as they claim to be."""

import io
import zlib

import pydicom
import pytest

from tests import dicom_files


def _read(data):
    return pydicom.dcmread(io.BytesIO(data))


def test_nesting_is_as_deep_as_said():
    item, depth = _read(dicom_files.nested_file(50)), 0
    while "ReferencedImageSequence" in item and len(item.ReferencedImageSequence):
        item, depth = item.ReferencedImageSequence[0], depth + 1
    assert depth == 50


def test_private_elements_are_as_many_as_said():
    ds = _read(dicom_files.private_file(1000))
    private = [tag for tag in ds.keys() if tag.is_private and not tag.is_private_creator]  # noqa: SIM118
    assert len(private) == 1000
    assert ds.PixelData


def test_bomb_is_small_and_inflates_to_what_is_said():
    data = dicom_files.bomb_file(2**26)
    start = 144 + int.from_bytes(data[140:144], "little")
    assert len(data) < 2**26 / 500
    inflated = zlib.decompress(data[start:], -zlib.MAX_WBITS)
    assert 2**26 < len(inflated) < 2**26 + 10_000


@pytest.mark.parametrize("name", [n for n in dicom_files.CHARACTER_SETS if n != "undeclared"])
def test_names_read_back_where_the_character_set_is_declared(name):
    assert (
        str(_read(dicom_files.named_file(name)).PatientName) == dicom_files.CHARACTER_SETS[name][1]
    )


def test_undeclared_name_holds_the_bytes_of_utf_8():
    data = dicom_files.named_file("undeclared")
    assert "Nguyễn^Thị Thử".encode() in data
    assert "SpecificCharacterSet" not in _read(data)


def test_contradiction_is_in_the_header():
    ds = _read(dicom_files.contradictory_file())
    assert (ds.ImageLaterality, ds.Laterality) == ("L", "R")


def test_circular_mark_names_its_own_parent():
    text = dicom_files.circular_report_file()
    assert text != dicom_files.report_file()
    assert dicom_files.dangling_report_file() != text


def test_cut_files_end_early():
    assert len(dicom_files.cut_file()) < len(dicom_files.report_file())
    assert dicom_files.cut_header_file() == dicom_files.image_file()[:700]
    assert dicom_files.empty_file() == b""
    assert dicom_files.text_file()[128:132] == b"DICM"
    assert b"LO\x04\x00many" in dicom_files.wrong_vr_file()
    assert b"87,5" in dicom_files.comma_report_file()


def test_orphan_names_an_image_that_is_not_its_neighbour():
    (study,) = _read(dicom_files.orphan_report_file()).CurrentRequestedProcedureEvidenceSequence
    assert study.StudyInstanceUID != dicom_files.EXAM.study_uid
