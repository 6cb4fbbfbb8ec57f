"""The demo archive: its reports hold the demo's scores, its references lead to its files."""

import hashlib

import pydicom
import pytest

from toolkit.demo import demo_study
from toolkit.demo.dicom.archive import write_demo_archive, write_tables

EXAMS = 20


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive") / "dicom"
    made = write_demo_archive(folder, exams=EXAMS, seed=5, shrink=32)
    objects = {row.path: pydicom.dcmread(folder / row.path) for row in made.objects.itertuples()}
    return folder, made, objects


def _items(ds):
    for item in ds.get("ContentSequence", []):
        yield item
        yield from _items(item)


def _numbers(ds, code):
    """Values of a numeric concept in the tree."""
    return [
        float(item.MeasuredValueSequence[0].NumericValue)
        for item in _items(ds)
        if item.get("ValueType") == "NUM" and item.ConceptNameCodeSequence[0].CodeValue == code
    ]


def test_truth_lists_every_file(archive):
    folder, made, objects = archive
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert on_disk == set(made.objects["path"])
    assert made.objects["image_id"].is_unique
    for row in made.objects.itertuples():
        assert objects[row.path].SOPInstanceUID == row.image_id
        assert objects[row.path].StudyInstanceUID == row.case_id
    assert set(made.objects["kind"]) == {
        "ffdm_for_presentation", "ffdm_for_processing", "tomosynthesis", "tomosynthesis_slice",
        "synthetic_2d", "secondary_capture", "cad_sr", "dose_sr", "other_sr", "presentation_state",
    }  # fmt: skip


def test_scores_in_reports_are_the_scores_of_the_demo(archive):
    _, made, objects = archive
    study = demo_study()["reader_study"]
    cases = study["cases"]["case_id"][:EXAMS]
    ai = study["readings"].query("modality == 'standalone'").set_index("case_id")["rating"]
    reports = made.objects.query("kind == 'cad_sr' and state != 'failed'")
    scores = [_numbers(objects[path], "DEMO-01") for path in reports["path"]]
    assert scores == [[ai[case]] for case in cases]
    own = made.tables["readings"].query("modality == 'standalone'").set_index("case_id")["rating"]
    assert [own[case] for case in reports["case_id"]] == [ai[case] for case in cases]


def test_every_reference_of_a_report_leads_to_a_file_of_its_examination(archive):
    _, made, objects = archive
    cases = dict(zip(made.objects["image_id"], made.objects["case_id"], strict=True))
    for path in made.objects.query("kind == 'cad_sr'")["path"]:
        ds = objects[path]
        named = [
            item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
            for item in _items(ds)
            if item.get("ValueType") == "IMAGE"
        ]
        assert named
        assert {cases[uid] for uid in named} == {ds.StudyInstanceUID}


def test_findings_are_the_marks_of_the_reports(archive):
    _, made, objects = archive
    reports = {ds.SOPInstanceUID: ds for ds in objects.values() if ds.Modality == "SR"}
    assert len(made.findings) > 0
    for report_id, rows in made.findings.groupby("report_id"):
        centers = {
            tuple(item.GraphicData)
            for item in _items(reports[report_id])
            if item.get("ValueType") == "SCOORD" and item.GraphicType == "POINT"
        }
        wanted = zip(rows["x_px"], rows["y_px"], strict=True)
        # Coordinates are single precision in a file.
        assert {tuple(round(v, 3) for v in c) for c in centers} == {
            tuple(round(v, 3) for v in c) for c in wanted
        }
        factors = rows["score_unit"].map({"%": 1, "1": 100})
        written = _numbers(reports[report_id], "111047")
        assert sorted(written) == sorted(rows["score"].astype(float))
        assert (rows["score"].astype(float) * factors - rows["percent"]).abs().max() < 1e-9
    assert list(made.ai_marks["rating"]) == list(made.findings["percent"])


def test_places_in_the_tables_are_inside_the_images(archive):
    _, made, _ = archive
    images = made.tables["images"].set_index("image_id")
    for table in (made.tables["lesions"], made.tables["marks"], made.ai_marks):
        assert (table["x_px"] < images.loc[table["image_id"], "columns"].to_numpy()).all()
        assert (table["y_px"] < images.loc[table["image_id"], "rows"].to_numpy()).all()


def test_headers_of_images_agree_with_the_images_table(archive):
    _, made, objects = archive
    by_uid = {ds.SOPInstanceUID: ds for ds in objects.values()}
    for row in made.tables["images"].itertuples():
        ds = by_uid[row.image_id]
        assert (ds.ImageLaterality, ds.ViewPosition) == (row.laterality, row.view)
        assert (ds.Rows, ds.Columns) == (row.rows, row.columns)
        assert float(ds.ImagerPixelSpacing[0]) == pytest.approx(row.pixel_spacing_mm, rel=1e-12)


def _digest(folder):
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.dcm")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def test_same_seed_same_bytes_other_seed_no_common_uid(tmp_path):
    made = [
        write_demo_archive(tmp_path / name, exams=3, seed=seed, shrink=64)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert _digest(tmp_path / "a") == _digest(tmp_path / "b") != _digest(tmp_path / "c")
    assert not set(made[0].objects["image_id"]) & set(made[2].objects["image_id"])


def test_retrospective_archive_tells_failed_missing_and_scored_apart(tmp_path):
    study = demo_study()["retrospective"]
    status = study["readings"].query("modality == 'standalone'").set_index("case_id")["status"]
    first = [status[case] for case in study["cases"]["case_id"]]
    wanted = 12
    made = write_demo_archive(tmp_path, exams=wanted, seed=1, part="retrospective", shrink=64)
    states = made.objects.query("kind == 'cad_sr'").groupby("case_id")["state"].last()
    own = made.tables["readings"].query("modality == 'standalone'").set_index("case_id")
    assert list(own["status"]) == first[:wanted]
    for case, reading in own.iterrows():
        scored = states.get(case, "") in ("with_findings", "without_findings")
        assert scored == (reading["status"] == "complete")


def test_tables_are_written_beside_the_files(archive, tmp_path):
    _, made, _ = archive
    write_tables(made, tmp_path)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.csv")}
    assert written == {
        *(f"hospital/{name}.csv" for name in ("cases", "readers", "readings", "lesions", "marks")),
        *(f"truth/{name}.csv" for name in ("objects", "findings", "ai_marks", "ai_readings")),
    }
    readings = (tmp_path / "hospital" / "readings.csv").read_text(encoding="utf-8")
    assert "standalone" not in readings


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"exams": 0}, "exams must be from 1 to 240, the examinations of reader_study, got 0"),
        ({"part": "prospective"}, "part must be one of reader_study, retrospective"),
        ({"shrink": 0}, "shrink must be from 1 to 64, got 0"),
    ],
)
def test_archive_refuses(wrong, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_demo_archive(tmp_path / "new", **{"exams": 1, "seed": 1} | wrong)


def test_archive_refuses_a_folder_with_files(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="folder must be empty or absent"):
        write_demo_archive(tmp_path, exams=1, seed=1)
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"
