"""No byte of what was planted anywhere in an object comes out, and nothing but the keep list."""

import io

import numpy as np
import pydicom
import pytest

from tests import dicom_files
from tests.deidentify_sample import (
    OPTIONS,
    STRUCTURE,
    Planter,
    all_tags,
    encoded_tree,
    file_of,
    is_number,
    leaks,
    planted_file,
    tree_of_file,
)
from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.exam_objects import dose_report, measurement_report
from toolkit.demo.dicom.images import ImagePlan, mammogram, tomosynthesis
from toolkit.readers.dicom.deidentify.engine import deidentified
from toolkit.readers.dicom.deidentify.keep_list import keep_list

EXAM = dicom_files.EXAM
IMAGE = mammogram(EXAM, ImagePlan())
OBJECTS = {
    "image": dicom_files.image_file(),
    "volume": encoded(tomosynthesis(EXAM, ImagePlan(), frames=2)),
    "cad report": dicom_files.report_file(),
    "measurements": encoded(measurement_report(EXAM, IMAGE, x=9, y=9, radius=3, score="0.5")),
    "dose report": encoded(dose_report(EXAM)),
}
# What the engine itself says.
WRITTEN = {
    "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified", "VerificationFlag", "TextValue", "UID",
    "CodeValue", "LongCodeValue", "CodingSchemeDesignator", "CodeMeaning",
}  # fmt: skip


def read(data):
    return pydicom.dcmread(io.BytesIO(data))


def copied(data, options=OPTIONS):
    copy = deidentified(data, options)
    assert copy.data, (copy.reason, copy.words)
    return copy.data


@pytest.mark.parametrize("kind", OBJECTS)
def test_no_token_of_any_attribute_comes_out(kind):
    planted = planted_file(OBJECTS[kind], Planter(), depth=3 if kind == "image" else 1)
    assert planted.count(b"ZQX") > 4000  # the file does hold them
    assert leaks(copied(planted)) == []


@pytest.mark.parametrize("character_set", dicom_files.CHARACTER_SETS)
def test_no_name_comes_out_in_any_character_set(character_set):
    codec, name = dicom_files.CHARACTER_SETS[character_set]
    declared = "" if character_set == "undeclared" else character_set
    planted = planted_file(OBJECTS["image"], Planter(codec, name), character_set=declared)
    assert name.encode(codec) in planted
    words = [word for word in name.replace("^", " ").split() if not word.isascii()]
    assert leaks(copied(planted), name, *words) == []


def test_no_part_of_a_name_in_three_scripts_comes_out():
    name = "Nguyen^Thi Thu=阮^試=グエン^テスト"
    for character_set, codec in (("ISO_IR 192", "utf-8"), ("\\ISO 2022 IR 87", "iso2022_jp_ext")):
        parts = name.replace("^", "=").split("=") if codec == "utf-8" else ["Nguyen", "試"]
        planted = planted_file(
            OBJECTS["image"], Planter(codec, "=".join(parts)), character_set=character_set
        )
        out = copied(planted)
        assert not [part for part in parts if part.encode(codec) in out]


def test_every_value_representation_is_planted_and_every_attribute_of_the_standard():
    tree = tree_of_file(planted_file(OBJECTS["image"], Planter()))
    planted = {vr for vr, value in tree.values() if vr != "SQ" and b"ZQX" in value}
    assert planted == VRS
    absent = {tag for tag, _ in all_tags()} - set(tree)
    assert all(is_number(keep_list().attributes[tag]) for tag in absent)


VRS = {
    "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OD", "OF", "OL",
    "OV", "OW", "PN", "SH", "SL", "SS", "ST", "SV", "TM", "UC", "UI", "UL", "UN", "UR", "US", "UT",
    "UV",
}  # fmt: skip


@pytest.mark.parametrize("kind", OBJECTS)
def test_every_element_of_the_copy_is_on_the_keep_list(kind):
    ds = read(copied(planted_file(OBJECTS[kind], Planter())))
    allowed = {row.keyword for row in keep_list().attributes.values()} | WRITTEN
    assert {element.keyword for element in ds.iterall()} <= allowed
    assert not [element for element in ds.iterall() if element.tag.is_private]


def test_tokens_in_the_tree_of_a_report_do_not_come_out():
    tree, planter = tree_of_file(OBJECTS["cad report"]), Planter()
    concept = [{0x00080100: ("SH", b"111033"), 0x00080102: ("SH", b"DCM")}]
    kinds = (
        b"TEXT", b"PNAME", b"UIDREF", b"CODE", b"NUM", b"DATE", b"TIME", b"DATETIME", b"SCOORD",
        b"IMAGE", b"COMPOSITE", b"CONTAINER", b"TCOORD", b"WAVEFORM", b"ZQXKIND",
    )  # fmt: skip

    def items():
        return [
            planter.item(1)
            | {
                0x0040A040: ("CS", kind),
                0x0040A010: ("CS", b"CONTAINS"),
                0x0040A043: ("SQ", concept),
                0x0040A160: ("UT", planter.token("UT")),
                0x0040A123: ("PN", planter.token("PN")),
                0x0040A124: ("UI", planter.token("UI")),
            }
            for kind in kinds
        ]

    def plant(items_of_tree, depth):
        for item in items_of_tree:
            held = item.get(0x0040A730)
            if held is not None and depth:
                plant(held[1], depth - 1)
        items_of_tree += items()

    plant(tree[0x0040A730][1], 3)
    data = file_of(tree)
    assert data.count(b"ZQX") > 3000
    assert leaks(copied(data)) == []


@pytest.mark.parametrize("vr", ["LO", "UT", "OB", "UN", "PN"])
def test_text_in_the_place_of_a_number_does_not_come_out(vr):
    tree, planter = tree_of_file(OBJECTS["image"]), Planter()
    numbers = [
        tag
        for tag, row in keep_list().attributes.items()
        if row.action in ("number", "table", "pointer", "digits")
        and tag not in STRUCTURE
        # Bytes of no stated kind are numbers where the standard says numbers.
        and not (vr == "UN" and is_number(row))
    ]
    for tag in numbers:
        copy = deidentified(file_of(tree | {tag: (vr, planter.token("LO"))}), OPTIONS)
        assert leaks(copy.data + copy.words.encode()) == []
        assert copy.reason in ("", "other", "wrong_vr")


BYTES = sorted(
    tag
    for tag, row in keep_list().attributes.items()
    if row.action == "number" and row.vr in ("UL", "SL", "FL", "FD") and tag not in STRUCTURE
)


@pytest.mark.parametrize("syntax", ["own", "unknown"])
@pytest.mark.parametrize("token", [b"ZQX12345", b"Nguyen T", b"19500417", b"0912345678  "])
def test_text_as_binary_numbers_does_not_come_out(token, syntax):
    tree = tree_of_file(OBJECTS["image"])
    for tag in BYTES:
        row = keep_list().attributes[tag]
        value = token[: len(token) // 8 * 8] if row.vr == "FD" else token
        vr = row.vr if syntax == "own" else "UN"
        copy = copied(file_of(tree | {tag: (vr, value)}))
        assert token[:4] not in copy, row.keyword
        assert token[4:8] not in copy, row.keyword
    assert len(BYTES) > 10


def test_binary_numbers_that_are_measured_stay_to_the_last_bit():
    tree = tree_of_file(OBJECTS["image"])
    values = np.array([0, 6e-4, 0.5, 1234.56789, 65536, 1e9], "<f4").tobytes()
    tree[0x00700022] = ("FL", values)
    assert read(copied(file_of(tree))).get_item(0x00700022).value == values
    tree[0x00700022] = ("FL", np.array([1e-9, 7], "<f4").tobytes())
    assert list(read(copied(file_of(tree)))[0x00700022].value) == [0, 7]


@pytest.mark.parametrize("keyword_tag", sorted(STRUCTURE - {None}))
def test_a_token_in_an_attribute_that_objects_are_read_by_is_refused_or_dropped(keyword_tag):
    tree = tree_of_file(OBJECTS["image"])
    old_vr = dict(all_tags()).get(keyword_tag, "LO")
    tree[keyword_tag] = (tree.get(keyword_tag, (old_vr,))[0], b"ZQX01234")
    if tree[keyword_tag][0] == "SQ":
        tree[keyword_tag] = ("LO", b"ZQX01234")
    copy = deidentified(file_of(tree), OPTIONS)
    assert leaks(copy.data + copy.words.encode() + copy.path.encode()) == []
    assert copy.reason or copy.data


@pytest.mark.parametrize("end", [b"ZQX1", b"\0" * 6 + b"ZQX", b"\x09\0\x11\x10LO\x04\0ZQX1"])
@pytest.mark.parametrize("kind", ["image", "cad report"])
def test_what_stands_behind_the_last_element_does_not_come_out(kind, end):
    copy = deidentified(OBJECTS[kind] + end, OPTIONS)
    assert leaks(copy.data + copy.words.encode()) == []


def test_image_type_keeps_its_places():
    tree = tree_of_file(OBJECTS["image"])
    tree[0x00080008] = ("CS", b"ORIGINAL\\PRIMARY\\ZQX\\TOMO\\")
    ds = read(copied(file_of(tree)))
    assert list(ds.ImageType) == ["ORIGINAL", "PRIMARY", "", "TOMO", ""]


def test_the_picture_and_its_geometry_stay():
    ds = read(copied(OBJECTS["image"]))
    assert (ds.pixel_array == IMAGE.pixel_array).all()
    for keyword in [
        "Rows",
        "Columns",
        "ImagerPixelSpacing",
        "WindowCenter",
        "ImageLaterality",
        "ViewPosition",
        "PatientOrientation",
        "Manufacturer",
        "SoftwareVersions",
        "SOPClassUID",
        "PresentationIntentType",
        "PatientAge",
        "PatientSex",
    ]:
        assert ds[keyword].value == IMAGE[keyword].value, keyword
    assert ds.ViewCodeSequence[0].CodeValue == IMAGE.ViewCodeSequence[0].CodeValue


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "deflated", "big_endian"])
def test_every_transfer_syntax_gives_the_same_object(syntax):
    explicit = read(copied(encoded(IMAGE)))
    other = read(copied(encoded(IMAGE, syntax=syntax)))
    assert (other.pixel_array == explicit.pixel_array).all()
    del explicit.PixelData, other.PixelData
    assert explicit == other


def by_pydicom(copy):
    """The same object as pydicom writes it."""
    stream = io.BytesIO()
    ds = read(copy)
    list(ds.iterall())  # decoded, so that nothing is passed on as it was read
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def written_alike(copy):
    """Whether the bytes are pydicom's; deflated ones, which depend on the effort, when inflated."""
    ds = read(copy)
    if ds.file_meta.TransferSyntaxUID.is_deflated:
        return ds == read(by_pydicom(copy))
    return copy == by_pydicom(copy)


@pytest.mark.parametrize("kind", OBJECTS)
def test_the_bytes_are_those_that_pydicom_writes(kind):
    copy = copied(OBJECTS[kind])
    assert copy == by_pydicom(copy)


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "deflated", "big_endian"])
def test_the_bytes_of_every_transfer_syntax_are_those_that_pydicom_writes(syntax):
    copy = copied(encoded(IMAGE, syntax=syntax))
    assert written_alike(copy)


def test_the_bytes_of_real_objects_are_those_that_pydicom_writes(reference_data):
    options = OPTIONS.__class__(
        key=OPTIONS.key, admit=frozenset(("burned_in_unknown", "secondary_capture"))
    )
    n_same = 0
    for path in sorted((reference_data / "data" / "dicom").glob("*.dcm")):
        copy = deidentified(path.read_bytes(), options)
        if copy.data:
            assert written_alike(copy.data), path.name
            n_same += 1
    assert n_same >= 8


def test_what_says_that_it_was_done():
    image, report = read(copied(OBJECTS["image"])), read(copied(OBJECTS["cad report"]))
    assert image.PatientIdentityRemoved == "YES"
    assert "keep list" in image.DeidentificationMethod
    codes = [item.CodeValue for item in image.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113108"]
    codes = [item.CodeValue for item in report.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113108", "113104"]
    assert image.LongitudinalTemporalInformationModified == "MODIFIED"
    assert image.preamble == bytes(128)
    meta = image.file_meta
    assert meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
    assert [element.tag.element for element in meta] == [0, 1, 2, 3, 16, 18, 19]


def test_two_runs_with_one_key_agree_and_two_keys_share_no_uid():
    other = OPTIONS.__class__(key=b"\1" * 32)
    first, again, second = (
        deidentified(OBJECTS["cad report"], options) for options in (OPTIONS, OPTIONS, other)
    )
    assert first.data == again.data
    assert uids(first.data).isdisjoint(uids(second.data))
    assert uids(first.data).isdisjoint(uids(OBJECTS["cad report"]))


def uids(data):
    """All UIDs but those of the standard."""
    values = [str(e.value) for e in read(data).iterall() if e.VR == "UI" and e.value]
    return {value for value in values if not value.startswith("1.2.840.10008.")}


def test_uids_are_the_same_wherever_they_stand():
    image, report = read(copied(OBJECTS["image"])), read(copied(OBJECTS["cad report"]))
    assert report.StudyInstanceUID == image.StudyInstanceUID
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0]
    assert evidence.StudyInstanceUID == image.StudyInstanceUID
    held = evidence.ReferencedSeriesSequence[0]
    assert held.SeriesInstanceUID == image.SeriesInstanceUID
    reference = held.ReferencedSOPSequence[0]
    assert reference.ReferencedSOPInstanceUID == image.SOPInstanceUID
    assert reference.ReferencedSOPClassUID == IMAGE.SOPClassUID


def test_names_and_codes_that_nobody_knows_become_the_same_hash_everywhere():
    tree = tree_of_file(OBJECTS["image"])
    tree[0x00081090] = ("LO", b"Dr Smith's own")
    tree[0x00181020] = ("LO", b"1.2.3\\of Dr Smith")
    tree[0x00081032] = ("SQ", [code(b"99LOCAL", b"WARD7"), code(b"DCM", b"111047")])
    first, again = read(copied(file_of(tree))), read(copied(file_of(tree)))
    assert first.ManufacturerModelName == again.ManufacturerModelName
    assert first.ManufacturerModelName.startswith("unlisted-")
    assert first.SoftwareVersions[0] == "1.2.3"
    assert first.SoftwareVersions[1].startswith("unlisted-")
    local, known = tree_codes(encoded_tree({0x00081032: tree[0x00081032]}))
    assert (local.CodeMeaning, known.CodeMeaning) == ("Smith", "Smith")


def code(scheme, value):
    return {0x00080100: ("SH", value), 0x00080102: ("SH", scheme), 0x00080104: ("LO", b"Smith")}


def tree_codes(body):
    from pydicom.filereader import read_dataset

    return read_dataset(io.BytesIO(body), False, True).ProcedureCodeSequence


def test_codes_are_known_or_hashed_and_never_keep_the_meaning_of_the_file():
    tree = tree_of_file(OBJECTS["image"])
    tree[0x00081032] = ("SQ", [code(b"99LOCAL", b"WARD7"), code(b"DCM", b"111047")])
    local, known = read(copied(file_of(tree))).ProcedureCodeSequence
    assert local.CodingSchemeDesignator == "99UNLISTED"
    assert local.CodeValue != "WARD7"
    assert (known.CodeValue, known.CodeMeaning) == ("111047", "Probability of cancer")
