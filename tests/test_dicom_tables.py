"""The tables of an archive: what belongs together, what is there twice, what contradicts itself."""

import csv

import pandas as pd
import pytest
from pydicom.dataset import Dataset

from tests.test_dicom_header import mammogram, with_pixels, written
from toolkit.readers.dicom.inventory import HEADERS
from toolkit.readers.dicom.links import identifier_hash
from toolkit.readers.dicom.pieces import read_pieces
from toolkit.readers.dicom.tables import write_inventory


def image(**values):
    return with_pixels(mammogram(**values))


def inventory(tmp_path, files):
    for path, dataset in files.items():
        target = tmp_path / "archive" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(dataset if isinstance(dataset, bytes) else written(dataset))
    pieces = list(read_pieces(str(tmp_path / "archive"), tmp_path / "work", HEADERS))
    counts = write_inventory(pieces, tmp_path / "out")
    tables = {
        name: pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        for name in ("objects", "images", "cases")
    }
    for name in ("rejected", "conflicts"):
        with (tmp_path / "out" / f"{name}.csv").open(encoding="utf-8") as file:
            tables[name] = list(csv.DictReader(file))
    return counts, tables


def test_inventory_adds_up(tmp_path):
    report = mammogram(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.50", SOPInstanceUID="1.9", StudyInstanceUID="7.7"
    )
    counts, tables = inventory(
        tmp_path,
        {
            "1.dcm": image(SOPInstanceUID="1.1", PatientID="P1", StudyDate="20240131"),
            "2.dcm": image(SOPInstanceUID="1.2", PatientID="P1", ImageLaterality="L"),
            "3.txt": b"no image",
            "4.dcm": report,
        },
    )
    assert (counts.files, counts.rejected, counts.exams) == (4, 1, 1)
    assert counts.objects == {"cad_sr": 1, "ffdm_for_presentation": 2}
    assert tables["objects"]["path"].tolist() == ["1.dcm", "2.dcm", "4.dcm"]
    assert tables["images"]["image_id"].tolist() == ["1.1", "1.2"]
    assert tables["images"]["laterality"].fillna("").tolist() == ["", "L"]
    # A report with a study of its own is no examination.
    assert tables["cases"].iloc[0, :3].tolist() == ["1.2", "P1", "2024-01-31"]
    assert len(tables["cases"]) == 1
    (rejected,) = tables["rejected"]
    assert rejected["path"] == "3.txt"
    assert rejected["reason"] == "not_dicom"
    assert rejected["remedy"].startswith("nothing, if it is not meant to be")


def test_a_copy_is_left_out_and_named(tmp_path):
    same = image(SOPInstanceUID="1.1")
    counts, tables = inventory(tmp_path, {"a.dcm": same, "b.dcm": same})
    assert tables["objects"]["path"].tolist() == ["a.dcm"]
    assert [(r["path"], r["reason"], r["words"]) for r in tables["rejected"]] == [
        ("b.dcm", "duplicate", "a copy of another file")
    ]
    assert counts.files == 2


def test_different_objects_under_one_uid_are_all_left_out(tmp_path):
    _, tables = inventory(
        tmp_path,
        {
            "a.dcm": image(SOPInstanceUID="1.1", ImageLaterality="L"),
            "b.dcm": image(SOPInstanceUID="1.1", ImageLaterality="R"),
            "c.dcm": image(SOPInstanceUID="1.2"),
        },
    )
    assert tables["objects"]["path"].tolist() == ["c.dcm"]
    assert {row["words"] for row in tables["rejected"]} == {
        "another object has the same SOP Instance UID; neither is used"
    }


def test_two_patients_in_one_examination_are_told(tmp_path):
    _, tables = inventory(
        tmp_path,
        {
            "a.dcm": image(SOPInstanceUID="1.1", PatientID="P1"),
            "b.dcm": image(SOPInstanceUID="1.2", PatientID="P2"),
            "c.dcm": image(SOPInstanceUID="1.3", StudyInstanceUID="9.9", PatientID="P2"),
        },
    )
    assert [row["path"] for row in tables["conflicts"]] == ["a.dcm", "b.dcm"]
    assert "more than one patient" in tables["conflicts"][0]["conflict"]
    assert tables["cases"]["patient_id"].tolist() == ["P1", "P2"]


def test_two_examinations_under_one_accession_number_are_told(tmp_path):
    _, tables = inventory(
        tmp_path,
        {
            "a.dcm": image(SOPInstanceUID="1.1", AccessionNumber="A1"),
            "b.dcm": image(SOPInstanceUID="1.2", StudyInstanceUID="9.9", AccessionNumber="A1"),
            "c.dcm": image(SOPInstanceUID="1.3", StudyInstanceUID="9.8", AccessionNumber=""),
        },
    )
    assert [row["path"] for row in tables["conflicts"]] == ["a.dcm", "b.dcm"]
    assert len(tables["cases"]) == 3


def test_left_and_right_that_contradict_are_told_without_a_patient(tmp_path):
    _, tables = inventory(
        tmp_path,
        {"a.dcm": image(ImageLaterality="L", Laterality="R", PatientID="SECRET")},
    )
    assert tables["conflicts"] == [
        {"path": "a.dcm", "conflict": "breast: ImageLaterality says L, Laterality says R"}
    ]


def test_an_inventory_is_written_whole_or_not_at_all(tmp_path):
    inventory(tmp_path, {"a.dcm": image()})
    before = (tmp_path / "out" / "objects.parquet").read_bytes()
    pieces = list(read_pieces(str(tmp_path / "archive"), tmp_path / "work", HEADERS))
    pieces[0].path.write_bytes(b"damaged")
    with pytest.raises(Exception, match="decompress"):
        write_inventory(pieces, tmp_path / "out")
    assert (tmp_path / "out" / "objects.parquet").read_bytes() == before


def test_identifier_hash_tells_identifiers_apart():
    texts = {str(number) for number in range(20_000)}
    assert len({identifier_hash(text) for text in texts}) == len(texts)
    assert identifier_hash("") == 0


def test_the_tables_pass_the_checks_of_a_study(tmp_path):
    from toolkit.tables import check_table

    item = Dataset()
    item.ReferencedSOPInstanceUID = "1.9"
    inventory(tmp_path, {"a.dcm": image(SourceImageSequence=[item], StudyDate="20240131")})
    for name in ("images", "cases"):
        frame = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        check_table(frame.astype("string").fillna(""), name)


def test_the_inventory_of_a_simulated_archive_is_what_was_written(tmp_path):
    from toolkit.study.demo_dicom.archive import write_demo_archive

    truth = write_demo_archive(tmp_path / "archive", exams=6, seed=3).objects
    pieces = list(read_pieces(str(tmp_path / "archive"), tmp_path / "work", HEADERS))
    counts = write_inventory(pieces, tmp_path / "out")
    found = pd.read_parquet(tmp_path / "out" / "objects.parquet").set_index("path")
    truth = truth.set_index("path").loc[found.index]
    assert len(found) == len(truth) == counts.files
    assert (found["kind"] == truth["kind"]).all()
    assert (found["image_id"] == truth["image_id"]).all()
    shown = truth["view"].notna()
    assert (found["view"][shown] == truth["view"][shown]).all()
    assert (found["laterality"][shown] == truth["laterality"][shown]).all()
    assert counts.conflicts == 0
