"""Writing a study and reading it again gives the same tables, for every format and design."""

import itertools
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.interchange_samples import same_tables, table_data
from toolkit.readers.interchange import convert, read_study_file, study_bytes
from toolkit.readers.interchange.convert import folder_files
from toolkit.readers.interchange.study import highest_marks, no_mark_rating

ENDINGS = {"jafroc": ".xlsx", "imrmc": ".imrmc", "lrc": ".lrc", "csv": ".csv"}
LETTERS = "abxXZ0179-_. ='\"#ệ"


def identifiers(*, but=""):
    """Text IDs without blanks at their ends, among them 007, 1.10 and what looks like formulas."""
    letters = "".join(c for c in LETTERS if c not in but)
    made = st.text(letters, min_size=1, max_size=6).filter(lambda t: t == t.strip())
    return st.one_of(
        st.sampled_from(["007", "7", "1.10", "=A1", "#REF!", "1e5", "TRUE", "Nguyễn 1"]), made
    ).filter(lambda t: t != "#" and not set(t) & set(but) and unicodedata.normalize("NFC", t) == t)


def names(low, high, *, but=""):
    return st.lists(identifiers(but=but), min_size=low, max_size=high, unique=True)


RATINGS = st.one_of(
    st.integers(-5, 100).map(float),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0),
    st.sampled_from([0.1, 0.30000000000000004, 1 / 3, 2e15]),
)


@st.composite
def designs(draw, kinds):
    """Cases with both truths, readers, and who read what in which modality."""
    kind = draw(st.sampled_from(kinds))
    n_factors = draw(st.integers(1, 3))
    modalities = draw(names(n_factors, 3, but='"'))
    if kind == "two factors":
        modalities = [f"{a} x {b}" for a in ("F", "I") for b in ("20", "40", "007")]
    readers = draw(names(1, 3))
    n_cases = draw(st.integers(1, 3))
    per_reader = len(readers) if kind == "cases in readers" else 1
    cases = draw(names(2 * n_cases * per_reader, 2 * n_cases * per_reader))
    truth = [float(n % 2) for n in range(len(cases))]
    rows = [(r, m, c) for r in readers for m in modalities for c in cases]
    if kind == "readers in modality":
        modalities = modalities[: len(readers)]
        rows = [
            (r, modalities[n % len(modalities)], c) for n, r in enumerate(readers) for c in cases
        ]
    if kind == "cases in readers":
        size = 2 * n_cases
        rows = [
            (r, m, c)
            for n, r in enumerate(readers)
            for m in modalities
            for c in cases[n * size : (n + 1) * size]
        ]
    if kind == "incomplete":
        kept = draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
        first = set(cases[:2])
        rows = [row for row, keep in zip(rows, kept, strict=True) if keep or row[2] in first]
    readings = pd.DataFrame(rows, columns=["reader_id", "modality", "case_id"])
    return (
        pd.DataFrame({"case_id": cases, "truth": truth}),
        pd.DataFrame({"reader_id": readers, "kind": "human"}),
        readings,
    )


@st.composite
def roc_studies(draw, kinds, *, with_missing=False):
    cases, readers, readings = draw(designs(kinds))
    n = len(readings)
    ratings = np.array(draw(st.lists(RATINGS, min_size=n, max_size=n)))
    status = np.full(n, "complete", dtype=object)
    if with_missing:
        truth = readings["case_id"].map(cases.set_index("case_id")["truth"])
        by = [readings["reader_id"], readings["modality"], truth]
        free = readings.groupby(by).cumcount().to_numpy() > 0
        gone = free & np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
        status[gone], ratings[gone] = "missing", np.nan
    readings = readings.assign(rating=ratings, status=status)
    return table_data(cases=cases, readers=readers, readings=readings)


@st.composite
def localization_studies(draw, kinds, *, one_mark=False):
    cases, readers, readings = draw(designs(kinds))
    lesions = []
    for case_id in cases["case_id"][cases["truth"] == 1]:
        shares = draw(st.lists(st.integers(1, 9), min_size=1, max_size=1 if one_mark else 3))
        lesions += [
            (case_id, str(n), share / sum(shares)) for n, share in enumerate(shares, start=1)
        ]
    lesions = pd.DataFrame(lesions, columns=["case_id", "lesion_id", "weight"])
    marks = []
    for reader, modality, case_id in readings.itertuples(index=False):
        here = lesions["lesion_id"][lesions["case_id"] == case_id].tolist()
        if one_mark:
            targets = [draw(st.sampled_from([None, *here]))]
        else:
            hits = draw(st.lists(st.booleans(), min_size=len(here), max_size=len(here)))
            false_marks = [None] * draw(st.integers(0, 2))
            targets = false_marks + [lesion for lesion, hit in zip(here, hits, strict=True) if hit]
        marks += [
            (reader, modality, case_id, str(n), draw(RATINGS), "LL" if t else "NL", t)
            for n, t in enumerate(targets, start=1)
        ]
    if not marks:
        marks = [(*readings.iloc[0].tolist(), "1", 1.0, "NL", None)]
    columns = ["reader_id", "modality", "case_id", "mark_id", "rating", "mark_type", "lesion_id"]
    marks = pd.DataFrame(marks, columns=columns)
    highest = highest_marks(readings, marks).fillna(no_mark_rating(marks["rating"]))
    return table_data(
        cases=cases,
        readers=readers,
        readings=readings.assign(rating=highest.to_numpy()),
        lesions=lesions,
        marks=marks,
    )


def written_and_read(tmp_path_factory, tables, to, paradigm=None):
    path = tmp_path_factory.mktemp("study") / f"study{ENDINGS[to]}"
    content, lost = study_bytes(tables, to, paradigm=paradigm)
    path.write_bytes(content)
    return read_study_file(path), lost


def told(lost):
    """What a workbook says it changed, but for IDs that RJafroc does not read."""
    return [line for line in lost if "RJafroc reads whole numbers only" not in line]


few = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(tables=roc_studies(["crossed", "incomplete", "cases in readers", "readers in modality"]))
@pytest.mark.parametrize("to", ["imrmc", "csv"])
def test_ratings_of_any_design_survive_imrmc_and_csv(tmp_path_factory, to, tables):
    study, lost = written_and_read(tmp_path_factory, tables, to)
    unread = ~tables["cases"].frame["case_id"].isin(tables["readings"].frame["case_id"])
    if to == "csv" and unread.any():
        assert lost == (f"cases: {unread.sum()} that nobody rated",)
        same_tables(tables, study.tables, only=["readers", "readings"])
        return
    assert lost == ()
    same_tables(tables, study.tables)


@few
@given(tables=roc_studies(["crossed", "two factors"]))
def test_ratings_of_a_crossed_design_survive_lrc(tmp_path_factory, tables):
    study, lost = written_and_read(tmp_path_factory, tables, "lrc")
    assert lost == ()
    same_tables(tables, study.tables)


@few
@given(
    tables=roc_studies(
        ["crossed", "two factors", "cases in readers", "readers in modality"], with_missing=True
    )
)
def test_ratings_and_missing_ones_survive_jafroc(tmp_path_factory, tables):
    study, lost = written_and_read(tmp_path_factory, tables, "jafroc")
    assert told(lost) == []
    assert study.paradigm == "ROC"
    same_tables(tables, study.tables)


@few
@given(
    tables=localization_studies(["crossed", "two factors", "cases in readers"]),
    paradigm=st.sampled_from(["FROC", "ROI"]),
)
def test_marks_lesions_and_weights_survive_jafroc(tmp_path_factory, tables, paradigm):
    study, lost = written_and_read(tmp_path_factory, tables, "jafroc", paradigm)
    assert told(lost) == []
    assert study.paradigm == paradigm
    same_tables(tables, study.tables)


@few
@given(tables=localization_studies(["crossed", "readers in modality"], one_mark=True))
def test_one_mark_a_reading_survives_jafroc_as_lroc(tmp_path_factory, tables):
    study, lost = written_and_read(tmp_path_factory, tables, "jafroc")
    assert told(lost) == []
    assert study.paradigm == "LROC"
    same_tables(tables, study.tables)


@few
@given(tables=localization_studies(["crossed", "incomplete"]))
def test_all_tables_survive_a_folder(tmp_path_factory, tables):
    folder = tmp_path_factory.mktemp("tables")
    for name, content in folder_files(tables).items():
        (folder / name).write_bytes(content)
    same_tables(tables, read_study_file(folder).tables)


def test_a_study_survives_the_way_through_all_formats(tmp_path):
    cases = pd.DataFrame({"case_id": ["9", "007", "x y", "3"], "truth": [1, 0, 0, 1]})
    readers = pd.DataFrame({"reader_id": ["A", "B"], "kind": "human"})
    rows = [(r, m, c) for r in "AB" for m in ("unaided", "aided") for c in cases["case_id"]]
    readings = pd.DataFrame(rows, columns=["reader_id", "modality", "case_id"])
    tables = table_data(
        cases=cases, readers=readers, readings=readings.assign(rating=np.arange(16) / 3)
    )
    (tmp_path / "0").mkdir()
    for name, content in folder_files(tables).items():
        (tmp_path / "0" / name).write_bytes(content)
    chain = ["0", "a.xlsx", "b.lrc", "c.imrmc", "d.csv", "e"]
    for source, out in itertools.pairwise(chain):
        convert(tmp_path / source, tmp_path / out)
    same_tables(tables, read_study_file(tmp_path / "e").tables)
