"""``study ingest``: what the reports of an archive say is what was written into them."""

import csv
import json
import shutil

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.demo.dicom.archive import write_demo_archive, write_tables
from toolkit.study.imports.ingest import IngestRequest, ingest
from toolkit.study.run.workspace import OutputError

EXAMS = 21  # of the first twenty, each kind of object and syntax comes at least once


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    made = write_demo_archive(folder / "dicom", exams=EXAMS, seed=7)
    write_tables(made, folder)
    return folder, made


@pytest.fixture(scope="module")
def ingested(archive, tmp_path_factory):
    folder, _ = archive
    out = tmp_path_factory.mktemp("ingested") / "out"
    done = ingest(
        str(folder / "dicom"),
        out,
        IngestRequest(tables=folder / "hospital", export_floor=1),
        quiet=True,
    )
    return done, {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")}


def test_scores_are_those_of_the_reports(archive, ingested):
    _, made = archive
    _, tables = ingested
    truth = made.tables["readings"].query("modality == 'standalone'").set_index("case_id")
    found = tables["readings"].set_index("case_id").loc[truth.index]
    assert (found["status"] == truth["status"]).all()
    complete = truth["status"] == "complete"
    assert complete.sum() > 15
    pd.testing.assert_series_equal(
        found["rating"][complete], truth["rating"][complete], check_names=False, atol=1e-9
    )
    assert (found["modality"] == "standalone").all()


def test_marks_are_those_of_the_reports_on_the_images_that_are_read(archive, ingested):
    _, made = archive
    _, tables = ingested
    order = ["image_id", "rating", "x_px"]
    truth = made.ai_marks.sort_values(order).reset_index(drop=True)
    found = tables["marks"].sort_values(order).reset_index(drop=True)
    assert len(found) == len(truth) > 5
    assert (found["image_id"] == truth["image_id"]).all()
    for name in ("rating", "x_px", "y_px"):
        assert found[name].to_numpy() == pytest.approx(truth[name].to_numpy(), abs=1e-3), name
    assert set(found["image_id"]) <= set(tables["images"]["image_id"])


def test_every_file_is_an_object_or_rejected(archive, ingested):
    _, made = archive
    done, tables = ingested
    assert len(tables["objects"]) == len(made.objects) == done.counts.files
    assert done.counts.rejected == 0
    assert done.counts.exams == EXAMS == len(tables["cases"])


def test_the_study_it_writes_is_whole(ingested):
    done, _ = ingested
    content = yaml.safe_load(done.parameters.read_text(encoding="utf-8"))
    assert content["origin"] == "simulated"
    numbers = [entry["chapter"][:2] for entry in content["chapters"]]
    assert numbers == ["00", "04", "05", "08", "14", "90"]
    result = CliRunner().invoke(
        app, ["check", str(done.parameters), "--data", str(done.parameters.parent)]
    )
    assert result.exit_code == 0, result.output


def test_a_second_time_reads_nothing_and_keeps_the_choices(archive, ingested):
    folder, _ = archive
    done, _ = ingested
    text = done.parameters.read_text(encoding="utf-8") + "# my choice\n"
    done.parameters.write_text(text, encoding="utf-8")
    before = (done.folder / "marks.parquet").read_bytes()
    again = ingest(str(folder / "dicom"), done.folder, quiet=True)
    assert again.n_read == 0
    assert done.parameters.read_text(encoding="utf-8") == text
    assert (done.folder / "marks.parquet").read_bytes() == before


def test_workers_do_not_change_a_byte(archive, ingested, tmp_path):
    folder, _ = archive
    done, _ = ingested
    ingest(str(folder / "dicom"), tmp_path / "out", jobs=2, quiet=True)
    for path in done.folder.glob("*.parquet"):
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes(), path.name
    for name in ("rejected.csv", "conflicts.csv", "ai_states.csv", "ai_mark_sources.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (done.folder / name).read_bytes()


def test_without_the_hospitals_tables_no_accuracy_is_promised(archive, tmp_path):
    folder, _ = archive
    done = ingest(str(folder / "dicom"), tmp_path / "out", quiet=True)
    content = yaml.safe_load(done.parameters.read_text(encoding="utf-8"))
    assert [entry["chapter"][:2] for entry in content["chapters"]] == ["00", "90"]


def test_a_folder_that_is_not_ours_is_left_alone(archive, tmp_path):
    folder, _ = archive
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="exists and was not made by study ingest"):
        ingest(str(folder / "dicom"), tmp_path, quiet=True)
    ingest(str(folder / "dicom" / "00001"), tmp_path / "one", quiet=True)
    with pytest.raises(OutputError, match="was made from another archive"):
        ingest(str(folder / "dicom"), tmp_path / "one", quiet=True)
    truth = IngestRequest(tables=folder / "truth")
    with pytest.raises(OutputError, match=r"holds none of cases\.csv"):
        ingest(str(folder / "dicom"), tmp_path / "two", truth, quiet=True)


def test_pictures_need_an_archive(archive, ingested, tmp_path):
    folder, _ = archive
    done, _ = ingested
    words = ["run", str(done.parameters), "--data", str(done.folder), "--out", str(tmp_path / "b")]
    result = CliRunner().invoke(app, [*words, "--chapters", "14"])
    assert "no archive of pictures was named; say --archive FOLDER" in result.output
    result = CliRunner().invoke(app, [*words, "--archive", str(folder / "absent")])
    assert result.exit_code == 2
    assert "--archive: 'absent' is not a folder" in result.output
    result = CliRunner().invoke(app, ["run", "parameters/demo.yaml", "--archive", str(folder)])
    assert result.exit_code == 2
    assert "--archive: this study is the embedded demo; leave it out" in result.output


def test_pictures_are_those_of_the_table(archive, ingested, tmp_path):
    folder, _ = archive
    done, tables = ingested
    other = tmp_path / "other"
    shutil.copytree(folder / "dicom", other)
    paths = tables["images"]["path"].tolist()
    for here, there in zip(paths, paths[1:] + paths[:1], strict=True):
        shutil.copyfile(folder / "dicom" / there, other / here)
    words = ["run", str(done.parameters), "--data", str(done.folder), "--out", str(tmp_path / "b")]
    result = CliRunner().invoke(app, [*words, "--archive", str(other), "--chapters", "14"])
    assert result.exit_code == 1
    assert "the file must be the image that the table names" in result.output
    assert str(other) not in result.output


def invoke(*words):
    return CliRunner().invoke(app, ["ingest", *(str(word) for word in words)])


def test_an_examination_may_be_rated_by_its_highest_mark(archive, tmp_path):
    folder, made = archive
    result = invoke(folder / "dicom", "--out", tmp_path, "--exam-rating", "highest_mark")
    assert result.exit_code == 0, result.output
    found = pd.read_parquet(tmp_path / "readings.parquet").set_index("case_id")["rating"]
    highest = made.ai_marks.groupby("case_id")["rating"].max()
    assert len(highest) > 5
    for case, rating in highest.items():
        assert found[case] == pytest.approx(rating, abs=1e-9)
    readers = pd.read_parquet(tmp_path / "readers.parquet")
    assert set(readers["score_kind"]) == {"region"}
    marker = json.loads((tmp_path / "ingest.json").read_text("utf-8"))
    assert marker["ai"]["exam_rating"] == "highest_mark"


def test_a_site_says_where_its_ai_puts_the_score(archive, tmp_path):
    folder, _ = archive
    entry = {
        "name": "ours",
        "seen_in": "a test",
        "product": ".*simulated.*",
        "version": ".*",
        "score_kind": "exam",
        "score_min": 0,
        "score_max": 20,
        "places": [{"concept": ["DEMO-01", "99DEMO"], "units": ["{score}", "1"]}],
    }
    own = tmp_path / "vendors.yaml"
    own.write_text(yaml.safe_dump({"format": 1, "entries": [entry]}), encoding="utf-8")
    result = invoke(folder / "dicom", "--out", tmp_path / "out", "--vendors", own)
    assert result.exit_code == 0, result.output
    readers = pd.read_parquet(tmp_path / "out" / "readers.parquet")
    assert readers[["score_min", "score_max"]].to_numpy().tolist() == [[0, 20]]
    states = pd.read_csv(tmp_path / "out" / "ai_states.csv")
    assert set(states["score_entry"].dropna()) == {"ours"}
    own.write_text(yaml.safe_dump({"format": 1, "entries": [{**entry, "score_max": 0}]}))
    refused = invoke(folder / "dicom", "--out", tmp_path / "no", "--vendors", own)
    assert refused.exit_code == 2
    assert "score_min must be below score_max" in refused.output
    assert not (tmp_path / "no").exists()


def test_bad_files_end_as_rows(archive, tmp_path):
    folder, _ = archive
    shutil.copytree(folder / "dicom" / "00001", tmp_path / "in")
    first = sorted((tmp_path / "in").iterdir())[0]
    (tmp_path / "in" / "copy.dcm").write_bytes(first.read_bytes())
    (tmp_path / "in" / "cut.dcm").write_bytes(first.read_bytes()[:-100])
    (tmp_path / "in" / "empty.dcm").write_bytes(b"")
    (tmp_path / "in" / "notes.txt").write_text("no image", encoding="utf-8")
    result = CliRunner().invoke(
        app, ["ingest", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    with (tmp_path / "out" / "rejected.csv").open(encoding="utf-8") as file:
        rows = {row["path"]: row["reason"] for row in csv.DictReader(file)}
    assert sorted(rows.values()) == ["cut_off", "duplicate", "empty", "not_dicom"]
    assert "4 files without a row: rejected.csv says why" in result.output
    assert "next: study run" in result.output


def test_a_folder_that_is_not_there(tmp_path):
    result = CliRunner().invoke(app, ["ingest", str(tmp_path / "no"), "--out", str(tmp_path / "o")])
    assert result.exit_code == 2
    assert "is no folder; name the folder that holds the DICOM files" in result.output


def test_the_book_of_an_archive_has_the_scores_of_its_reports(archive, ingested, tmp_path):
    folder, made = archive
    done, _ = ingested
    result = CliRunner().invoke(
        app,
        [
            *("run", str(done.parameters), "--data", str(done.folder)),
            *("--archive", str(folder / "dicom"), "--out", str(tmp_path / "book")),
        ],
    )
    assert result.exit_code == 0, result.output
    page = (tmp_path / "book" / "chapters" / "14_cases_to_look_at.html").read_text("utf-8")
    shown = page.count("data:image/jpeg;base64,")
    assert shown >= 4 * 6
    assert str(folder) not in page
    assert not any(uid in page for uid in [*made.objects["image_id"], *made.objects["case_id"]])
    record = json.loads(
        (tmp_path / "book" / "records" / "05_standalone_ai.json").read_text(encoding="utf-8")
    )
    truth = made.tables["cases"].set_index("case_id")["truth"]
    scores = made.tables["readings"].query("modality == 'standalone' and status == 'complete'")
    positive = scores["rating"][scores["case_id"].map(truth).to_numpy() == 1].to_numpy()
    negative = scores["rating"][scores["case_id"].map(truth).to_numpy() == 0].to_numpy()
    higher = (positive[:, None] > negative).mean() + (positive[:, None] == negative).mean() / 2
    areas = [
        result["estimate"]
        for result in record["results"].values()
        if result.get("quantity") == "auc" and "estimate" in result
    ]
    assert any(area == pytest.approx(higher, abs=1e-12) for area in areas)


def test_cases_may_be_accession_numbers(archive, ingested, tmp_path):
    folder, _ = archive
    _, by_study = ingested
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app,
        ["ingest", str(folder / "dicom"), "--out", str(out), "--case-id", "accession"],
    )
    assert result.exit_code == 0, result.output
    tables = {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")}
    accession = tables["images"].merge(by_study["images"], on="image_id").set_index("case_id_y")
    accession = accession["case_id_x"].groupby(level=0).first()
    assert accession.nunique() == len(by_study["cases"])
    for name, key in (("cases", "case_id"), ("readings", "case_id"), ("marks", "mark_id")):
        order = ["case_id", key]
        expected = by_study[name].assign(case_id=by_study[name]["case_id"].map(accession))
        pd.testing.assert_frame_equal(
            tables[name].sort_values(order, ignore_index=True),
            expected.sort_values(order, ignore_index=True),
        )
    pd.testing.assert_frame_equal(tables["objects"], by_study["objects"])
    text = (out / "study.yaml").read_text(encoding="utf-8")
    assert "# case_id is the accession number" in text
    with pytest.raises(OutputError, match="has another kind of case_id; name another folder"):
        ingest(str(folder / "dicom"), out, quiet=True)


def test_a_report_on_an_examination_without_a_case_is_in_none(archive, tmp_path):
    import pydicom

    folder, _ = archive
    shutil.copytree(folder / "dicom" / "00001", tmp_path / "in")
    for path in (tmp_path / "in").iterdir():
        file = pydicom.dcmread(path)
        file.AccessionNumber = ""
        file.save_as(path)
    done = ingest(
        str(tmp_path / "in"), tmp_path / "out", IngestRequest(case_id="accession"), quiet=True
    )
    assert (done.counts.cases, done.counts.refused) == (0, 1)
    assert "1 examinations are no case: refused_exams.csv says why" in done.said
    assert len(pd.read_parquet(tmp_path / "out" / "images.parquet")) == 0
    assert not (tmp_path / "out" / "readings.parquet").exists()
    listed = pd.read_csv(tmp_path / "out" / "ai_not_mapped.csv")
    assert (listed["what"] == "not_counted").any()


def test_an_image_with_a_lesion_is_an_image_of_the_study(archive, ingested, tmp_path):
    folder, _ = archive
    done, _ = ingested
    others = pd.read_parquet(done.folder / "other_images.parquet")
    row = others.iloc[0]
    shutil.copytree(folder / "hospital", tmp_path / "own")
    lesions = pd.read_csv(tmp_path / "own" / "lesions.csv", dtype={"case_id": str})
    lesions.loc[0, ["case_id", "image_id"]] = [row["case_id"], row["image_id"]]
    lesions.to_csv(tmp_path / "own" / "lesions.csv", index=False)
    request = IngestRequest(tables=tmp_path / "own")
    again = ingest(str(folder / "dicom"), tmp_path / "out", request, quiet=True)
    images = pd.read_parquet(again.folder / "images.parquet")["image_id"]
    assert row["image_id"] in set(images)
    assert any(
        "although not made to be read, since marks or lesions lie on them: 1;" in line
        for line in again.said
    )
    assert not any("not made to be read" in line for line in done.said)


@pytest.fixture
def small(tmp_path):
    """An archive of one examination, with the hospital's tables beside it."""
    write_tables(write_demo_archive(tmp_path / "dicom", exams=1, seed=7), tmp_path)
    return tmp_path


def refused(folder, out, message):
    """Every file as it was, after a scan that was refused."""
    before = {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(OutputError, match=message):
        ingest(str(folder / "dicom"), out, IngestRequest(tables=folder / "hospital"), quiet=True)
    assert {path: path.lstat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.parametrize("place", ["dicom/out", "hospital/out", "dicom"])
def test_tables_are_not_written_where_files_are_only_read(small, place):
    refused(small, small / place, "lies in a folder that is only read")


def test_a_link_into_the_archive_is_the_archive(small):
    (small / "dicom" / "empty").mkdir()
    (small / "out").symlink_to(small / "dicom" / "empty")
    refused(small, small / "out", "lies in a folder that is only read")


@pytest.mark.parametrize("note", ["", "[]", '{"mine": 1}'])
def test_a_file_named_like_our_note_does_not_make_a_folder_ours(small, note):
    (small / "out").mkdir()
    (small / "out" / "ingest.json").write_text(note)
    refused(small, small / "out", "was not made by study ingest")


@pytest.mark.parametrize("name", [".scan", "hospital"])
def test_a_link_within_our_folder_leads_nowhere_else(small, name):
    out = small / "out"
    ingest(str(small / "dicom"), out, IngestRequest(tables=small / "hospital"), quiet=True)
    shutil.rmtree(out / name)
    (small / "theirs").mkdir()
    (out / name).symlink_to(small / "theirs")
    refused(small, out, "was not made by study ingest")


@pytest.mark.parametrize("pattern", ["headers-*.json.z", "reports-*.json.z", "*-pieces.json"])
@pytest.mark.parametrize("content", [b"", b"[]"])
def test_a_damaged_file_of_an_earlier_scan_is_made_again(small, pattern, content):
    out, archive = small / "out", str(small / "dicom")
    ingest(archive, out, quiet=True)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    damaged = list((out / ".scan").glob(pattern))
    assert damaged
    for path in damaged:
        path.write_bytes(content)
    ingest(archive, out, quiet=True)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
