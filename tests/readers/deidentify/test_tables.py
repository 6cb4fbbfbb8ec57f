"""An archive and the hospital's tables, de-identified together, are the same study."""

import csv
import datetime
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.deidentify_sample import KEY, leaks
from tests.quick_study import write_pages
from toolkit.cli import app
from toolkit.demo.dicom.archive import write_demo_archive, write_tables
from toolkit.readers.dicom.deidentify.hospital_tables import TableRules, deidentified_tables
from toolkit.readers.dicom.deidentify.keep_list import keep_list
from toolkit.tables import TABLES, TableData, TableError, check_table

# Other kinds are refused, so that what they alone are is not in the copy.
KEPT = {
    "cad_sr", "dose_sr", "ffdm_for_presentation", "ffdm_for_processing", "other_sr",
    "synthetic_2d", "tomosynthesis", "tomosynthesis_slice",
}  # fmt: skip


def read(path):
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def ingested(source, out, tables):
    told = CliRunner().invoke(
        app, ["ingest", str(source), "--out", str(out), "--tables", str(tables)]
    )
    assert told.exit_code == 0, told.output


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The folders of an archive, of its copy and of what study ingest makes of each."""
    here = tmp_path_factory.mktemp("both")
    made = write_demo_archive(here / "in" / "dicom", exams=20, seed=3, shrink=16)
    write_tables(made, here / "in")
    told = CliRunner().invoke(
        app,
        ["deidentify", str(here / "in" / "dicom"), str(here / "copy"), "--key", str(here / "key"),
         "--tables", str(here / "in" / "hospital"), "--mapping", str(here / "who.csv")],
    )  # fmt: skip
    assert told.exit_code == 1, told.output
    ingested(here / "in" / "dicom", here / "t1", here / "in" / "hospital")
    ingested(here / "copy", here / "t2", here / "copy-tables")
    return here


class Pairs:
    """What stood and what stands for it: one for one, and as the mapping file says."""

    def __init__(self, who):
        named = who[who["original"] != ""]
        self.forward = dict(zip(named["original"], named["replacement"], strict=True))

    def meet(self, before, after):
        if isinstance(before, (list, np.ndarray)):
            assert len(before) == len(after)
            for one, other in zip(before, after, strict=True):
                self.meet(one, other)
        elif pd.isna(before) or pd.isna(after):
            assert pd.isna(before)
            assert pd.isna(after)
        else:
            assert self.forward.setdefault(before, after) == after

    def check(self):
        changed = {old: new for old, new in self.forward.items() if old != new}
        assert len(set(changed.values())) == len(changed)


@pytest.fixture
def pairs(both):
    return Pairs(read(both / "who.csv"))


IDENTIFIERS = {
    "image_id", "case_id", "study_uid", "series_uid", "patient_id", "accession_number",
    "references", "reader_id", "report_uid", "analysed_image_id", "site",
}  # fmt: skip
DATES = {"study_date", "exam_date", "cancer_date", "read_at"}
OF_FILES = {"path", "size"}


def joined(before, after, key, pairs):
    """The rows of two tables in one order: that of the second's key."""
    new = before[key].map(pairs.forward) if isinstance(key, str) else key(before)
    assert new.notna().all()
    before = before.set_index(new).sort_index(kind="stable")
    own = after[key] if isinstance(key, str) else key(after)
    return before, after.set_index(own).sort_index(kind="stable")


def same(before, after, pairs, patients):
    """Equal in every column, identifiers by the mapping and dates by the patient's offset."""
    assert list(before.columns) == list(after.columns)
    assert len(before) == len(after) > 0
    for name in before.columns:
        if name in OF_FILES:
            continue
        one, other = before[name].tolist(), after[name].tolist()
        if name in IDENTIFIERS:
            for old, new in zip(one, other, strict=True):
                pairs.meet(old, new)
        elif name in DATES:
            for patient, old, new in zip(patients(after), one, other, strict=True):
                if pd.isna(old) or not str(old):
                    assert pd.isna(new) or not str(new)
                else:
                    OFFSETS.setdefault(patient, set()).add(days(new) - days(old))
        else:
            pd.testing.assert_series_equal(
                before[name].reset_index(drop=True), after[name].reset_index(drop=True)
            )


OFFSETS: dict[str, set[int]] = {}


def days(value):
    return datetime.date.fromisoformat(str(value)[:10]).toordinal()


def test_every_object_is_the_same_after_mapping(both, pairs):
    before, after = (read(both / name / "objects.parquet") for name in ("t1", "t2"))
    assert set(before["kind"]) - KEPT == {"secondary_capture", "presentation_state"}
    before = before[before["kind"].isin(KEPT)]
    assert set(after["kind"]) == KEPT
    same(*joined(before, after, "image_id", pairs), pairs, lambda frame: frame["patient_id"])
    pairs.check()


def test_images_are_the_same_after_mapping(both, pairs):
    before, after = (read(both / name / "images.parquet") for name in ("t1", "t2"))
    before = before[before["sop_class"].isin(after["sop_class"])]
    same(*joined(before, after, "image_id", pairs), pairs, None)
    pairs.check()


def by_row(names, pairs, *, old):
    """A key of several columns, as it stands in the copy."""

    def key(frame):
        columns = [
            frame[name].map(lambda v: pairs.forward.get(v, v)) if old else frame[name]
            for name in names
        ]
        return pd.Series(list(map(str, zip(*columns, strict=True))), index=frame.index)

    return key


@pytest.mark.parametrize("name", ["readings", "marks", "readers"])
def test_what_the_ai_says_is_the_same_after_mapping(both, pairs, name):
    before, after = (read(both / folder / f"{name}.parquet") for folder in ("t1", "t2"))
    names = TABLES[name].key if name != "marks" else ("case_id", "image_id", "x_px", "y_px")
    before = before.set_index(by_row(names, pairs, old=True)(before)).sort_index()
    after = after.set_index(by_row(names, pairs, old=False)(after)).sort_index()
    same(before, after, pairs, None)
    pairs.check()


@pytest.mark.parametrize("name", ["ai_states", "ai_not_mapped", "ai_mark_sources"])
def test_what_became_of_each_examination_is_the_same_after_mapping(both, pairs, name):
    rows = []
    for folder in ("t1", "t2"):
        with (both / folder / f"{name}.csv").open(encoding="utf-8") as file:
            # A reason names its file first, which has another name in the copy.
            held = [tuple(cell.rpartition(".dcm: ")[2] for cell in row) for row in csv.reader(file)]
        if folder == "t1":
            held = [tuple(pairs.forward.get(cell, cell) for cell in row) for row in held]
        rows.append(sorted(held))
    assert rows[0] == rows[1]
    assert len(rows[0]) > (name != "ai_not_mapped")


@pytest.mark.parametrize("name", ["cases", "readers", "readings", "lesions", "marks"])
def test_the_hospitals_tables_are_the_same_after_mapping(both, pairs, name):
    before, after = (read(both / f / "hospital" / f"{name}.csv") for f in ("t1", "t2"))
    before, after = (check_table(frame, name) for frame in (before, after))
    names = [*TABLES[name].key, *(n for n in TABLES[name].key_if_given if n in before)]
    before = before.set_index(by_row(names, pairs, old=True)(before)).sort_index()
    after = after.set_index(by_row(names, pairs, old=False)(after)).sort_index()
    cases = read(both / "copy-tables" / "cases.csv").set_index("case_id")["patient_id"]
    same(before, after, pairs, lambda frame: frame["case_id"].map(cases))
    pairs.check()


def test_the_dates_of_a_patient_move_by_one_offset_in_objects_and_tables(both, pairs):
    test_every_object_is_the_same_after_mapping(both, pairs)
    for name in ("cases", "readings"):
        test_the_hospitals_tables_are_the_same_after_mapping(both, pairs, name)
    assert len(OFFSETS) == 20
    for offsets in OFFSETS.values():
        assert len(offsets) == 1
        assert -3650 <= next(iter(offsets)) <= -1


def test_the_copy_holds_only_objects_and_the_study_that_it_gives_can_be_run(both):
    assert {path.suffix for path in (both / "copy").rglob("*") if path.is_file()} == {".dcm"}
    assert (both / "t2" / "rejected.csv").read_text().splitlines() == ["path,reason,words,remedy"]
    told = CliRunner().invoke(
        app, ["check", str(both / "t2" / "study.yaml"), "--data", str(both / "t2")]
    )
    assert told.exit_code == 0, told.output


def test_nothing_that_identifies_is_in_the_tables(both):
    hospital = check_table(read(both / "in" / "hospital" / "cases.csv"), "cases")
    readers = read(both / "in" / "hospital" / "readers.csv")
    secrets = {*hospital["case_id"], *hospital["patient_id"], *hospital["site"]}
    secrets |= set(readers["reader_id"])
    written = b"".join(path.read_bytes() for path in (both / "copy-tables").iterdir())
    written += (both / "copy-refused.csv").read_bytes()
    assert not [secret for secret in secrets if secret.encode() in written]


CASE, OTHER = "1.2.3.4", "1.2.3.5"


def table(name, rows):
    """A checked table as a reader gives it."""
    frame = check_table(pd.DataFrame(rows), name, source=f"{name}.csv")
    places = np.arange(2, len(frame) + 2)
    return TableData(frame=frame, files=np.full(len(frame), f"{name}.csv", object), rows=places)


def written(patients=None, **tables):
    rules = TableRules(keep=keep_list(), key=KEY, patients=patients or {})
    return deidentified_tables({name: table(name, rows) for name, rows in tables.items()}, rules)


def of_objects(*patients, case=CASE):
    """What objects of one case say: each patient with the days of an engine's copy."""
    from toolkit.readers.dicom.deidentify.key import day_offset, mapped_uid, pseudonym

    return {
        mapped_uid(KEY, case): {pseudonym(KEY, "patient", p): day_offset(KEY, p) for p in patients}
    }


def outcome(name, row):
    """The table that is made of a row, or why none is."""
    try:
        return written(**{name: [row]}).frames[name].to_csv()
    except TableError as error:
        return str(error)


def test_a_token_in_any_cell_of_text_comes_out_nowhere():
    for name, definition in TABLES.items():
        for column in definition.columns:
            if column.kind in ("number", "integer", "binary", "date") or column.allowed:
                continue
            row = {
                "reader_id": "R1", "case_id": CASE, "modality": "unaided", "mark_id": "1",
                "lesion_id": "1", "image_id": "1.2.9", "kind": "human", "rating": "5",
            }  # fmt: skip
            row = {k: v for k, v in row.items() if k in definition.names} | {column.name: "ZQXnam"}
            told = outcome(name, row)
            assert leaks(told.encode()) == [], (name, column.name)
            assert "fault" not in told or f"{name}.csv: {column.name}" in told


def test_columns_that_are_not_listed_are_left_out():
    row = {"image_id": "1.2.9", "case_id": CASE, "path": "ZQX/1.dcm", "sha256": "ab12"}
    frame = written(images=[row]).frames["images"]
    assert {"path", "sha256"}.isdisjoint(frame.columns)


def test_rows_are_in_the_order_of_the_new_keys():
    rows = [{"case_id": f"1.2.{n}", "truth": "0"} for n in range(1, 30)]
    cases = written(cases=rows).frames["cases"]["case_id"].tolist()
    assert cases == sorted(cases)


def test_dates_move_with_the_patient_of_the_objects():
    rows = [{"case_id": CASE, "patient_id": "007", "exam_date": "2024-03-01 09:15:30.25"}]
    for patients in (of_objects("007"), of_objects("007", "other form"), {}):
        date = written(patients, cases=rows).frames["cases"]["exam_date"][0]
        moved = (date - pd.Timestamp("2024-03-01 09:15:30")).total_seconds() / 86_400
        assert moved == of_objects("007")[next(iter(of_objects("007")))].popitem()[1]


def test_objects_without_a_patient_move_with_their_examination():
    rows = [{"case_id": CASE, "patient_id": "007", "exam_date": "2024-03-01"}]
    date = written(of_objects(CASE), cases=rows).frames["cases"]["exam_date"][0]
    (days_of_case,) = next(iter(of_objects(CASE).values())).values()
    assert (date - pd.Timestamp("2024-03-01")).days == days_of_case


def test_a_patient_other_than_that_of_the_objects_is_a_fault_without_a_value():
    rows = [{"case_id": CASE, "patient_id": "ZQX1"}, {"case_id": OTHER, "patient_id": "2"}]
    with pytest.raises(TableError, match="patient_id is not the Patient ID in the DICOM") as error:
        written(of_objects("007"), cases=rows)
    assert ", row 2; write that one, or leave the cell empty" in str(error.value)
    assert leaks(str(error.value).encode()) == []


def test_a_date_that_nobody_can_move_is_a_fault():
    rows = [{"reader_id": "R1", "case_id": CASE, "modality": "unaided", "rating": "1"}]
    rows[0]["read_at"] = "2024-03-01"
    with pytest.raises(TableError, match=r"readings\.csv: read_at cannot be moved: no object"):
        written(readings=rows)
    written(readings=rows, cases=[{"case_id": CASE, "patient_id": "1"}])
    written(of_objects("1"), readings=rows)
    with pytest.raises(TableError, match="read_at cannot be moved"):
        written(of_objects("1", "2"), readings=rows)


@pytest.mark.parametrize(
    ("name", "column", "cell", "words"),
    [
        ("cases", "case_id", "S-001", "must be the UID of a DICOM object"),
        ("lesions", "outline", "1,1 2,2 ward", "must be numbers only"),
        ("readings", "birads", "4A, see Dr X", "must be a category without further words"),
        ("images", "sop_class", "1.2.3", "must be a UID of the standard"),
    ],
)
def test_cells_that_nothing_can_stand_for_are_faults_with_their_row(name, column, cell, words):
    row = {
        "case_id": CASE, "lesion_id": "1", "reader_id": "R1", "modality": "unaided",
        "image_id": "1.2.9",
    }  # fmt: skip
    row = {k: v for k, v in row.items() if k in TABLES[name].names} | {column: cell}
    with pytest.raises(TableError, match=rf"{name}\.csv: {column} {words}.*, row 2"):
        written(**{name: [row]})


def test_readers_are_hashed_unless_they_are_a_known_ai():
    rows = [
        {"reader_id": reader, "kind": "human"}
        for reader in ("Dr Nguyễn Thị Thử", "RS-01", "Transpara 2.1.0", "Nobody 2.1.0")
    ]
    made = written(readers=rows)
    found = [made.replaced["readers", "reader_id", row["reader_id"]] for row in rows]
    assert found[2] == "Transpara 2.1.0"
    for place in (0, 1, 3):
        assert found[place].startswith("reader-")
    assert len(set(found)) == 4


def test_ages_above_89_years_are_capped():
    rows = [{"case_id": CASE, "age_years": "97"}, {"case_id": OTHER, "age_years": "61"}]
    assert sorted(written(cases=rows).frames["cases"]["age_years"]) == [61, 90]


def copied(both, tmp_path, tables, *more):
    return CliRunner().invoke(
        app,
        ["deidentify", str(both / "in" / "dicom" / "00001"), str(tmp_path / "copy"),
         "--key", str(both / "key"), "--tables", str(tables), *more],
    )  # fmt: skip


def test_unknown_columns_and_files_are_left_out_and_counted(both, tmp_path):
    shutil.copytree(both / "in" / "hospital", tmp_path / "tables")
    cases = read(tmp_path / "tables" / "cases.csv")
    cases.insert(1, "ZQX full name", "ZQX")
    cases.to_csv(tmp_path / "tables" / "cases.csv", index=False)
    (tmp_path / "tables" / "ZQX.txt").write_text("ZQX")
    told = copied(both, tmp_path, tmp_path / "tables")
    assert told.exit_code == 1, told.output
    assert "cases.csv: left out column 2, no known one" in told.output
    assert "left out 1 further files of tables, no tables" in told.output
    assert leaks(told.output.encode()) == []
    for path in (tmp_path / "copy-tables").iterdir():
        assert leaks(path.read_bytes()) == []


def test_tables_that_cannot_be_are_refused_and_nothing_appears(both, tmp_path):
    told = copied(both, tmp_path, tmp_path / "none")
    assert told.exit_code == 2
    assert "--tables: none is no folder" in told.output
    (tmp_path / "empty").mkdir()
    told = copied(both, tmp_path, tmp_path / "empty")
    assert "--tables: empty holds none of cases.csv" in told.output
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "cases.csv").write_text("case_id,truth\nZQX,7\n")
    told = copied(both, tmp_path, tmp_path / "bad")
    assert told.exit_code == 2
    assert "cases.csv: truth '7' must be 0, 1 or missing, row 2" in told.output
    (tmp_path / "bad" / "cases.csv").write_text("case_id,truth\nZQX,1\n")
    told = copied(both, tmp_path, tmp_path / "bad")
    assert told.exit_code == 2
    assert "case_id must be the UID of a DICOM object" in told.output
    assert leaks(told.output.encode()) == []
    assert not (tmp_path / "copy").exists()
    assert not (tmp_path / "copy-tables").exists()


def test_the_book_of_the_copy_says_the_same(both, monkeypatch):
    monkeypatch.setattr("toolkit.study.book.build.build_book", write_pages)
    records = []
    for folder, archive in (("t1", "in/dicom"), ("t2", "copy")):
        words = ["run", str(both / folder / "study.yaml"), "--data", str(both / folder)]
        words += ["--archive", str(both / archive), "--out", str(both / f"book-{folder}")]
        told = CliRunner().invoke(app, [*words, "--chapters", "05,14"])
        assert told.exit_code == 0, told.output
        made = both / f"book-{folder}" / "records"
        records.append(
            {path.stem: json.loads(path.read_text("utf-8")) for path in made.glob("*.json")}
        )
        (run,) = (both / f".book-{folder}" / "work" / "chapters").glob("14_*")
        assert "data:image/jpeg;base64," in (run / "executed.ipynb").read_text("utf-8")
    assert records[0].keys() == records[1].keys() == {"05_standalone_ai", "14_cases_to_look_at"}
    for one, other in zip(records[0].values(), records[1].values(), strict=True):
        assert one["results"] == other["results"]
        assert one["headline"] == other["headline"]
