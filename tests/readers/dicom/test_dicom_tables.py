"""The tables of an archive: what belongs together, what is there twice, what contradicts itself."""

import csv
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from tests.readers.dicom.test_dicom_header import mammogram, with_pixels, written
from toolkit.readers.dicom.scan import links
from toolkit.readers.dicom.scan.links import identifier_hash
from toolkit.readers.dicom.scan.pieces import HEADERS, read_pieces
from toolkit.readers.dicom.scan.tables import add_images, write_inventory


def image(**values):
    return with_pixels(mammogram(**values))


def inventory(tmp_path, files, **choices):
    for path, dataset in files.items():
        target = tmp_path / "archive" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(dataset if isinstance(dataset, bytes) else written(dataset))
    pieces = list(read_pieces(str(tmp_path / "archive"), tmp_path / "work", HEADERS))
    counts = write_inventory(pieces, tmp_path / "out", **choices)
    tables = {
        name: pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        for name in ("objects", "images", "cases")
    }
    for name in ("rejected", "conflicts", "refused_exams"):
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
    from toolkit.demo.dicom.archive import write_demo_archive

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


def by_accession(tmp_path, *values):
    files = {
        f"{number}.dcm": image(SOPInstanceUID=f"1.{number + 1}", **one)
        for number, one in enumerate(values)
    }
    return inventory(tmp_path, files, case_id="accession")


def exam(study, accession, patient="P1", date="20240131"):
    return {
        "StudyInstanceUID": study,
        "AccessionNumber": accession,
        "PatientID": patient,
        "StudyDate": date,
    }


def test_two_examinations_of_one_patient_under_one_accession_number_are_one_case(tmp_path):
    counts, tables = by_accession(
        tmp_path, exam("9.1", "A1"), exam("9.2", "A1"), exam("9.3", "A2", "P2")
    )
    assert tables["images"]["case_id"].tolist() == ["A1", "A1", "A2"]
    assert tables["cases"]["case_id"].tolist() == ["A1", "A2"]
    assert (counts.exams, counts.cases, counts.refused) == (3, 2, 0)
    assert tables["refused_exams"] == []
    assert [row["path"] for row in tables["conflicts"]] == ["0.dcm", "1.dcm"]


@pytest.mark.parametrize(
    ("exams", "refused", "words"),
    [
        ([exam("9.1", "")], ["9.1"], "name no accession number"),
        ([exam("9.1", "A1"), exam("9.1", "A3")], ["9.1"], "several accession numbers"),
        ([exam("9.1", "A1"), exam("9.1", "")], ["9.1"], "some of them none"),
        ([exam("9.1", "A1"), exam("9.2", "A1", "P2")], ["9.1", "9.2"], "of one patient"),
        ([exam("9.1", "A1"), exam("9.2", "A1", "")], ["9.1", "9.2"], "of one patient"),
        ([exam("9.1", "A1", ""), exam("9.2", "A1", "")], ["9.1", "9.2"], "of one patient"),
        ([exam("9.1", "A1"), exam("9.1", "A1", "P2")], ["9.1"], "of one patient"),
    ],
)
def test_an_accession_number_that_is_not_certain_is_no_case(tmp_path, exams, refused, words):
    counts, tables = by_accession(tmp_path, *exams, exam("9.9", "A9", "P9"))
    assert [row["study_uid"] for row in tables["refused_exams"]] == refused
    assert all(words in row["reason"] for row in tables["refused_exams"])
    assert all("--case-id study" in row["remedy"] for row in tables["refused_exams"])
    assert counts.refused == len(refused)
    assert counts.cases == 1
    assert tables["cases"]["case_id"].tolist() == tables["images"]["case_id"].tolist() == ["A9"]
    # Nothing is lost: the inventory has all of them.
    assert len(tables["objects"]) == len(exams) + 1


def test_one_examination_needs_no_patient_and_a_report_decides_nothing(tmp_path):
    report = mammogram(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.50", SOPInstanceUID="1.9", StudyInstanceUID="9.1",
        AccessionNumber="A7", PatientID="P7",
    )  # fmt: skip
    one = image(SOPInstanceUID="1.1", **exam("9.1", "A1", ""))
    _, tables = inventory(tmp_path, {"a.dcm": one, "b.dcm": report}, case_id="accession")
    assert tables["cases"]["case_id"].tolist() == ["A1"]
    assert tables["refused_exams"] == []


def test_a_case_of_two_dates_has_none(tmp_path):
    _, tables = by_accession(
        tmp_path, exam("9.1", "A1"), exam("9.2", "A1", date="20240201"), exam("9.3", "A2")
    )
    assert tables["cases"]["exam_date"].fillna("").tolist() == ["", "2024-01-31"]
    assert "examinations of several dates" in str(tables["conflicts"])


def test_a_copy_does_not_make_a_case_uncertain(tmp_path):
    same = image(SOPInstanceUID="1.1", **exam("9.1", "A1"))
    _, tables = inventory(tmp_path, {"a.dcm": same, "b.dcm": same}, case_id="accession")
    assert tables["images"]["case_id"].tolist() == ["A1"]


@settings(max_examples=40, deadline=None)
@given(
    objects=st.lists(
        st.tuples(*(st.integers(0, n) for n in (12, 4, 3, 3, 1, 1)), st.booleans()), max_size=40
    ),
    held=st.integers(1, 50),
)
def test_links_are_those_of_a_comparison_of_all_with_all(objects, held):
    rows = [
        {
            "image_id": f"i{image_id}",
            "study_uid": f"s{study}",
            "patient_id": f"p{patient}" if patient else "",
            "accession_number": f"a{accession}" if accession else "",
            "study_date": f"d{date}",
        }
        for image_id, study, patient, accession, date, _, _ in objects
    ]
    contents = [str(one[:6]) for one in objects]
    pictures = [one[6] for one in objects]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "_HELD", held)
        with links.ObjectLinks(Path(folder)) as kept:
            for start in range(0, len(rows), 7):
                part = slice(start, start + 7)
                kept.add(rows[part], contents[part], pictures[part])
            known = kept.linked()
        assert list(Path(folder).iterdir()) == []
    check_flags(rows, contents, known)
    check_cases(rows, contents, pictures, known)


def alike(rows, name, number):
    return [other for other, row in enumerate(rows) if row[name] == rows[number][name]]


def check_flags(rows, contents, known):
    for m, row in enumerate(rows):
        claims = alike(rows, "image_id", m)
        disputed = len({contents[n] for n in claims}) > 1
        assert known.are(m, links.DISPUTED) == disputed
        assert known.are(m, links.COPY) == (not disputed and claims[0] != m)
        names = {rows[n]["patient_id"] for n in alike(rows, "study_uid", m)} - {""}
        assert known.are(m, links.TWO_PATIENTS) == (len(names) > 1 and row["patient_id"] != "")
        studies = {rows[n]["study_uid"] for n in alike(rows, "accession_number", m)}
        shared = row["accession_number"] != "" and len(studies) > 1
        assert known.are(m, links.SHARED_ACCESSION) == shared


def check_cases(rows, contents, pictures, known):
    def is_used(n):
        claims = alike(rows, "image_id", n)
        return pictures[n] and claims[0] == n and len({contents[c] for c in claims}) == 1

    def images_like(name, m):
        return [n for n in alike(rows, name, m) if is_used(n)]

    for m, row in enumerate(rows):
        exams = images_like("study_uid", m)
        assert known.are(m, links.FIRST_OF_STUDY) == (exams[:1] == [m])
        if not is_used(m):
            continue
        same = images_like("accession_number", m)
        patients = {rows[n]["patient_id"] for n in same}
        several = len({rows[n]["study_uid"] for n in same}) > 1
        sure = len(patients - {""}) < 2 and not (several and "" in patients)
        numbers = {rows[n]["accession_number"] for n in exams}
        is_case = numbers == {row["accession_number"]} - {""} and sure
        assert (known.no_case(m) == 0) == is_case
        firsts = [n for n in same if known.no_case(n) == 0]
        assert known.are(m, links.FIRST_OF_ACCESSION) == (is_case and firsts[:1] == [m])


PROCESSING = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.2.1",
    "PresentationIntentType": "FOR PROCESSING",
}
SCREENSHOT = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "Modality": "OT"}


def test_images_are_those_that_are_made_to_be_read(tmp_path):
    counts, tables = inventory(
        tmp_path,
        {
            "1.dcm": image(SOPInstanceUID="1.1", StudyInstanceUID="7.1"),
            "2.dcm": image(SOPInstanceUID="1.2", StudyInstanceUID="7.1", **PROCESSING),
            "3.dcm": image(SOPInstanceUID="1.3", StudyInstanceUID="7.1", **SCREENSHOT),
            # Of this examination there is nothing but images for processing.
            "4.dcm": image(SOPInstanceUID="1.4", StudyInstanceUID="7.2", **PROCESSING),
            # Of this one nothing but a screenshot: no examination of the breast.
            "5.dcm": image(SOPInstanceUID="1.5", StudyInstanceUID="7.3", **SCREENSHOT),
        },
    )
    kinds = tables["objects"].set_index("image_id")["kind"].to_dict()
    assert [kinds[f"1.{number}"] for number in range(1, 6)] == [
        "ffdm_for_presentation",
        "ffdm_for_processing",
        "secondary_capture",
        "ffdm_for_processing",
        "secondary_capture",
    ]
    assert tables["images"]["image_id"].tolist() == ["1.1", "1.4"]
    others = pd.read_parquet(tmp_path / "out" / "other_images.parquet")
    assert others["image_id"].tolist() == ["1.2"]
    assert tables["cases"]["case_id"].tolist() == ["7.1", "7.2"]
    assert counts.exams == 2


def test_an_image_with_a_mark_becomes_one_of_the_images(tmp_path):
    inventory(
        tmp_path,
        {
            "1.dcm": image(SOPInstanceUID="1.1", StudyInstanceUID="7.1"),
            "2.dcm": image(SOPInstanceUID="1.2", StudyInstanceUID="7.1", **PROCESSING),
            "3.dcm": image(SOPInstanceUID="1.3", StudyInstanceUID="7.1", **PROCESSING),
        },
    )
    out = tmp_path / "out"
    before = (out / "images.parquet").read_bytes()
    assert add_images(out, {"1.1", "absent"}) == 0
    assert (out / "images.parquet").read_bytes() == before
    assert add_images(out, {"1.1", "1.3"}) == 1
    assert pd.read_parquet(out / "images.parquet")["image_id"].tolist() == ["1.1", "1.3"]
    assert pd.read_parquet(out / "other_images.parquet")["image_id"].tolist() == ["1.2"]
