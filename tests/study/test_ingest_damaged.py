"""A damaged report of an AI is failed or rejected, each with a line, and never just missing."""

import csv
import os
import random
import shutil

import pandas as pd
import pydicom
import pytest

from toolkit.demo.dicom.archive import write_demo_archive
from toolkit.study.imports.ingest import ingest

LISTS = ("rejected.csv", "ai_not_mapped.csv")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Three simulated examinations, each with its report, and the tables made of them."""
    folder = tmp_path_factory.mktemp("damaged")
    made = write_demo_archive(folder / "dicom", exams=3, seed=7)
    reports = made.objects.query("kind == 'cad_sr'")
    ingest(str(folder / "dicom"), folder / "out", quiet=True)
    first = reports.iloc[0]
    return folder, folder / "dicom" / first["path"], first["case_id"]


class Damage:
    """One report of an archive that is damaged again and again."""

    def __init__(self, archive):
        self.folder, self.path, self.case_id = archive
        self.whole = self.path.read_bytes()
        self.times = self.path.stat().st_mtime_ns

    def write(self, content):
        """Write a content under a new time, so that it is read again, and bring tables to date."""
        self.path.write_bytes(content)
        self.times += 10**9
        os.utime(self.path, ns=(self.times, self.times))
        return ingest(str(self.folder / "dicom"), self.folder / "out", quiet=True)

    def rows(self, name):
        with (self.folder / "out" / name).open(newline="") as file:
            return list(csv.DictReader(file))

    def state(self):
        """What became of the examination by its one true reader, and all lines of what is lost."""
        states = [row for row in self.rows("ai_states.csv") if row["case_id"] == self.case_id]
        return states, [row for name in LISTS for row in self.rows(name)]


@pytest.fixture
def damage(archive):
    made = Damage(archive)
    yield made
    made.write(made.whole)


def damaged(content, draw):
    """The content with one bit turned, or a block of zeros."""
    made = bytearray(content)
    place = draw.randrange(len(made))
    if draw.random() < 0.8:
        made[place] ^= 1 << draw.randrange(8)
    else:
        block = made[place : place + draw.choice([16, 64, 512, 4096])]
        made[place : place + len(block)] = bytes(len(block))
    return bytes(made)


@pytest.mark.filterwarnings("ignore:Failed to decode byte string")
def test_no_damage_makes_a_report_missing_without_a_line(damage):
    draw = random.Random(20260101)
    fates = []
    for _ in range(60):
        damage.write(damaged(damage.whole, draw))
        states, lines = damage.state()
        statuses = {row["status"] for row in states}
        fates.append("missing" if "missing" in statuses else min(statuses))
        if statuses != {"complete"}:
            assert lines, states
            assert all(row["state_reason"] for row in states)
    assert fates.count("failed") > 10  # so the sweep met what it is about
    assert fates.count("complete") > 10


def test_an_unreadable_report_is_failed_with_file_and_reason_and_without_a_rating(damage):
    """A length within the content that leads beyond its end: the header is whole before it."""
    place = damage.whole.index(b"\x40\x00\x30\xa7")  # the content sequence
    done = damage.write(damage.whole[: place + 400] + bytes(64) + damage.whole[place + 464 :])
    (state,), lines = damage.state()
    file = str(damage.path.relative_to(damage.folder / "dicom"))
    assert (state["state"], state["status"]) == ("failed", "failed")
    assert state["state_reason"].startswith(f"{file}: ")
    assert state["score"] == ""
    (line,) = lines
    assert line["what"] == "unreadable"
    assert line["case_id"] == damage.case_id
    assert line["reason"] == state["state_reason"]
    assert any("1 reports of the AI cannot be read" in said for said in done.said)
    readings = pd.read_parquet(damage.folder / "out" / "readings.parquet").set_index("case_id")
    assert readings.loc[damage.case_id, "status"] == "failed"
    assert pd.isna(readings.loc[damage.case_id, "rating"])


@pytest.mark.parametrize(
    ("keyword", "value", "reason"),
    [
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.98.50", "is of no class of structured reports"),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.88.22", ""),
    ],
)
def test_a_report_of_another_class_is_read_or_failed(damage, tmp_path, keyword, value, reason):
    dataset = pydicom.dcmread(damage.path)
    setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPClassUID = value
    dataset.save_as(tmp_path / "sr.dcm")
    damage.write((tmp_path / "sr.dcm").read_bytes())
    (state,), _ = damage.state()
    assert state["state_reason"].endswith(reason)
    assert state["status"] == ("failed" if reason else "complete")


def test_a_report_with_another_title_of_the_same_equipment_is_failed(damage, tmp_path):
    dataset = pydicom.dcmread(damage.path)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = (
        "1.2.840.10008.5.1.4.1.1.88.22"
    )
    dataset.ConceptNameCodeSequence[0].CodeValue = "111035"
    dataset.ContentTemplateSequence[0].TemplateIdentifier = "4001"
    dataset.save_as(tmp_path / "sr.dcm")
    damage.write((tmp_path / "sr.dcm").read_bytes())
    (state,), (line,) = damage.state()
    assert state["status"] == "failed"
    assert line["reason"].endswith("by title and template no result of an AI")


def test_a_report_of_people_is_listed_and_leaves_the_examination_missing(damage, tmp_path):
    dataset = pydicom.dcmread(damage.path)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = (
        "1.2.840.10008.5.1.4.1.1.88.22"
    )
    dataset.ConceptNameCodeSequence[0].CodeValue = "11525-3"
    dataset.ContentTemplateSequence[0].TemplateIdentifier = "2000"
    dataset.Manufacturer, dataset.ManufacturerModelName = "Hospital", "Reporting"
    dataset.save_as(tmp_path / "sr.dcm")
    damage.write((tmp_path / "sr.dcm").read_bytes())
    (state,), (line,) = damage.state()
    assert (state["status"], state["state_reason"]) == ("missing", "no report")
    assert line["what"] == "not_counted"


def test_the_archive_is_whole_again_afterwards(damage):
    damage.write(damage.whole)
    (state,), lines = damage.state()
    assert state["status"] == "complete"
    assert lines == []
    shutil.rmtree(damage.folder / "out")
