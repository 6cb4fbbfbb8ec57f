"""From files to canonical tables by column maps: csv, xlsx, parquet and inline rows together."""

import contextlib
import csv
import string
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from toolkit.readers.tabular.sources import TableSource, read_table
from toolkit.tables import TABLES, TableError, check_links, check_table

CANARY = "Trần007"
MAP = {"case_id": "case", "truth": "path"}


@pytest.fixture
def folder(tmp_path):
    """Data folder with a small csv file of cases."""
    (tmp_path / "cases.csv").write_text("case,path,age\n007,1,50\n008,0,61\n", encoding="utf-8")
    return tmp_path


def write(folder, text, *, name="t.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return name


def read(folder, *sources, name="cases", **choices):
    return read_table(name, sources, folder=folder, **choices).frame


def faults_of(folder, *sources, name="cases", **choices):
    """Return the faults that the sources must have, one a line."""
    with pytest.raises(TableError) as caught:
        read_table(name, sources, folder=folder, **choices)
    return str(caught.value).splitlines()[1:]


# Maps


def test_read_table_maps_columns_and_gives_file_and_row(folder):
    source = TableSource(file="cases.csv", columns={**MAP, "age_years": "age"})
    data = read_table("cases", [source], folder=folder)
    assert data.frame["case_id"].tolist() == ["007", "008"]
    assert data.frame["truth"].tolist() == [1.0, 0.0]
    assert data.frame["age_years"].tolist() == [50.0, 61.0]
    assert data.files.tolist() == ["cases.csv"] * 2
    assert data.rows.tolist() == [2, 3]


def test_read_table_takes_canonical_names_without_a_map(folder):
    write(folder, "case_id,truth\n1,0\n")
    assert read(folder, TableSource(file="t.csv"))["truth"].tolist() == [0.0]


def test_read_table_maps_values_and_passes_others(folder):
    write(folder, "case,path\n1,benign\n2,malignant\n3,1\n")
    source = TableSource(
        file="t.csv", columns=MAP, values={"truth": {"benign": "0", "malignant": "1"}}
    )
    assert read(folder, source)["truth"].tolist() == [0.0, 1.0, 1.0]
    write(folder, "case,path\n1,benign\n2,malign\n")
    assert faults_of(folder, source)[0].startswith("t.csv: truth 'malign' must be 0, 1 or missing")


def test_read_table_maps_a_missing_cell_and_every_other_value(folder):
    write(folder, "case,score\n1,0.5\n2,\n3,-1\n4,0\n")
    source = TableSource(
        file="t.csv",
        columns={"case_id": "case", "rating": "score", "status": "score"},
        values={
            "rating": {"-1": ""},
            "status": {"": "missing", "-1": "failed", "*": "complete"},
        },
        constants={"reader_id": "AI", "modality": "standalone"},
    )
    frame = read(folder, source, name="readings")
    assert frame["status"].tolist() == ["complete", "missing", "failed", "complete"]
    assert frame["rating"].fillna(-9).tolist() == [0.5, -9, -9, 0]


def test_read_table_takes_missing_codes_only_where_declared(folder):
    write(folder, "case,path\nNA,1\n2,\n3,NA\n")
    assert faults_of(folder, TableSource(file="t.csv", columns=MAP)) == [
        "t.csv: truth 'NA' must be 0, 1 or missing, row 4; map it under values: "
        "{truth: {...: 0, ...: 1}}"
    ]
    write(folder, "case,path\n1,1\n2,\n3,NA\n")
    frame = read(folder, TableSource(file="t.csv", columns=MAP, missing=["NA"]))
    assert frame["truth"].isna().tolist() == [False, True, True]
    write(folder, "case_id,site\nNA,NA\n")
    assert read(folder, TableSource(file="t.csv")).loc[0, ["case_id", "site"]].tolist() == [
        "NA",
        "NA",
    ]


def test_read_table_distinct_drops_exact_repeats_and_keeps_conflicts(folder):
    write(folder, "case,reader,path\n1,A,0\n1,B,0\n2,A,1\n2,B,0\n")
    once = TableSource(file="t.csv", columns=MAP, distinct=True)
    assert faults_of(folder, once) == ["t.csv: key (case_id) repeats 2 times, rows 4, 5"]
    write(folder, "case,reader,path\n1,A,0\n1,B,0\n2,A,1\n2,B,1\n")
    data = read_table("cases", [once], folder=folder)
    assert data.rows.tolist() == [2, 4]
    every = TableSource(file="t.csv", columns=MAP)
    assert len(faults_of(folder, every)) == 2


def test_read_table_joins_sources_and_checks_their_keys_together(folder):
    write(folder, "case,path,site\n009,1,Hue\n")
    first = TableSource(file="cases.csv", columns=MAP)
    second = TableSource(file="t.csv", columns={**MAP, "site": "site"})
    data = read_table("cases", [first, second], folder=folder)
    assert data.frame["site"].isna().tolist() == [True, True, False]
    assert data.files.tolist() == ["cases.csv", "cases.csv", "t.csv"]
    assert data.rows.tolist() == [2, 3, 2]
    write(folder, "case,path,site\n008,1,Hue\n")
    assert faults_of(folder, first, second) == [
        "cases.csv: key (case_id) repeats 2 times, row 3",
        "t.csv: key (case_id) repeats 2 times, row 2",
    ]


def test_read_table_lists_the_faults_of_all_sources(folder):
    write(folder, "case,path\n1,2\n2\n")
    faults = faults_of(
        folder,
        TableSource(file="absent.csv", columns=MAP),
        TableSource(file="cases.csv", columns={**MAP, "weight": "weigth"}),
        TableSource(file="t.csv", columns=MAP),
    )
    assert [fault.split(";")[0] for fault in faults] == [
        "absent.csv: is not in the data folder",
        "cases.csv: column 'weigth' is not in the header",
        "t.csv: has fewer fields than the 2 of the header, row 3",
        "t.csv: truth '2' must be 0, 1 or missing, row 2",
    ]


def test_read_table_compares_words_in_nfc(folder):
    nfd = unicodedata.normalize("NFD", "vú phải")
    write(folder, f"mã,{nfd}\n1,{nfd}\n")
    source = TableSource(
        file="t.csv",
        columns={"case_id": unicodedata.normalize("NFD", "mã"), "laterality": "vú phải"},
        values={"laterality": {"vú phải": "R"}},
    )
    assert read(folder, source)["laterality"].tolist() == ["R"]


def test_read_table_reads_a_vietnamese_export(folder):
    text = "mã;ngày;điểm;bên\r\n007;06/05/2024;0,75;vú trái\r\n008;31/12/2024 9:05;1;\r\n"
    source = TableSource(
        file=write(folder, text),
        columns={"case_id": "mã", "exam_date": "ngày", "weight": "điểm", "laterality": "bên"},
        values={"laterality": {"vú trái": "L"}},
        separator=";",
        decimal=",",
        date_order="dmy",
    )
    frame = read(folder, source)
    assert frame["weight"].tolist() == [0.75, 1.0]
    assert frame["exam_date"].tolist() == [
        pd.Timestamp("2024-05-06"),
        pd.Timestamp("2024-12-31 09:05"),
    ]
    assert frame["laterality"].fillna("").tolist() == ["L", ""]


# Notation


def test_read_table_refuses_an_undeclared_decimal_comma(folder):
    write(folder, 'case,w\n1,"0,75"\n')
    columns = {"case_id": "case", "weight": "w"}
    assert faults_of(folder, TableSource(file="t.csv", columns=columns)) == [
        "t.csv: weight '0,75' must be a number, row 2; declare decimal: ','"
    ]
    assert (
        read(folder, TableSource(file="t.csv", columns=columns, decimal=","))["weight"][0] == 0.75
    )


def test_read_table_refuses_a_decimal_point_where_a_comma_is_declared(folder):
    write(folder, "reader;case;score\nR1;1;0,5\nR1;2;1.234,5\nR1;3;0.5\n")
    source = TableSource(
        file="t.csv",
        columns={"reader_id": "reader", "case_id": "case", "rating": "score"},
        constants={"modality": "unaided"},
        separator=";",
        decimal=",",
    )
    rule = "has a decimal point, but a decimal comma is declared"
    assert faults_of(folder, source, name="readings") == [
        f"t.csv: rating '1.234,5' {rule}, row 3; write all numbers of a file one way",
        f"t.csv: rating '0.5' {rule}, row 4; write all numbers of a file one way",
    ]


def test_read_table_refuses_mixed_date_orders(folder):
    write(folder, "case,day\n1,2024-05-06\n2,31/05/2024\n3,05/31/2024\n")
    columns = {"case_id": "case", "exam_date": "day"}
    faults = faults_of(folder, TableSource(file="t.csv", columns=columns))
    assert faults == [
        "t.csv: exam_date (value withheld: 10 characters) stands among dates in another order, "
        "rows 3, 4; write all dates of a column one way"
    ]


def test_read_table_says_which_date_order_to_declare(folder):
    write(folder, "case,day\n1,31/05/2024\n2,06/05/2024\n")
    columns = {"case_id": "case", "exam_date": "day"}
    faults = faults_of(folder, TableSource(file="t.csv", columns=columns))
    assert "must have the year first, rows 2, 3; declare date_order: dmy" in faults[0]


# Entries that cannot be


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "(inline rows): must have either a file or rows; give one of the two"),
        ({"file": "cases.csv", "rows": [{"case_id": "1"}]}, "must have either a file or rows"),
        ({"rows": []}, "(inline rows): must have at least one row under rows; leave the table out"),
        (
            {"rows": [{"case_id": "1"}], "values": {"case_id": {"1": "2"}}},
            "(inline rows): has columns or values, which belong to a file; write rows in",
        ),
        ({"file": "cases.csv", "columns": MAP, "separator": ";;"}, "one character as separator"),
        ({"file": "cases.csv", "columns": MAP, "separator": '"'}, "one character as separator"),
        ({"file": "cases.csv", "columns": MAP, "sheet": "a"}, "has a sheet, which belongs to a wo"),
        (
            {"file": "cases.csv", "columns": {"case_id": "case", "thruth": "path"}},
            "cases.csv: 'thruth' is no column of the table cases; did you mean 'truth'?",
        ),
        (
            {"file": "cases.csv", "columns": {"truth": "path"}},
            "cases.csv: case_id must be a column of cases, but there is none; name it under",
        ),
        (
            {"file": "cases.csv", "columns": MAP, "constants": {"truth": 1}},
            "cases.csv: truth stands twice among the columns",
        ),
        (
            {"file": "cases.csv", "columns": MAP, "values": {"trith": {"1": "0"}}},
            "cases.csv: 'trith' has values, but is not mapped; did you mean 'truth'?",
        ),
        ({"rows": [{"case_id": "1", "truht": 1}]}, "(inline rows): 'truht' is no column of the"),
    ],
)
def test_read_table_refuses_an_entry(folder, entry, message):
    faults = faults_of(folder, TableSource(**entry))
    assert any(message in fault for fault in faults), faults


def test_read_table_needs_a_source_and_a_known_table(folder):
    assert faults_of(folder) == ["table cases has no source; leave the table out"]
    with pytest.raises(ValueError, match=r"table must be one of .* did you mean 'cases'\?"):
        read_table("case", [], folder=folder)


def test_table_source_is_what_pydantic_validates():
    adapter = TypeAdapter(TableSource)
    source = adapter.validate_python(
        {"file": "a.csv", "values": {"truth": {0: 0, 3: 0, 1: 1}}, "constants": {"weight": 1.5}}
    )
    assert source.values == {"truth": {"0": "0", "3": "0", "1": "1"}}
    assert source.constants == {"weight": 1.5}
    with pytest.raises(ValidationError, match="colums"):
        adapter.validate_python({"file": "a.csv", "colums": {}})
    with pytest.raises(ValidationError, match="decimal"):
        adapter.validate_python({"file": "a.csv", "decimal": ";"})


# Inline rows and constants


def test_read_table_reads_inline_rows_counted_from_one(folder):
    rows = [
        {"reader_id": "AI", "kind": "ai", "score_min": 0, "score_max": 1.5, "version": "1.10"},
        {"reader_id": 7, "kind": "human", "specialist": True, "site": None},
    ]
    data = read_table("readers", [TableSource(rows=rows)], folder=folder)
    assert data.frame["reader_id"].tolist() == ["AI", "7"]
    assert data.frame["score_max"].fillna(-1).tolist() == [1.5, -1]
    assert data.frame["specialist"].fillna(-1).tolist() == [-1, 1]
    assert data.files.tolist() == ["(inline rows)"] * 2
    assert data.rows.tolist() == [1, 2]


def test_read_table_refuses_a_number_where_zeros_may_be_lost(folder):
    rows = [{"reader_id": "AI", "kind": "ai", "version": 1.10, "product": ["a"]}]
    faults = faults_of(folder, TableSource(rows=rows), name="readers")
    assert faults == [
        "(inline rows): product \"['a']\" must be a single value, row 1",
        "(inline rows): version '1.1' is a number of the parameters file, where 1.10 is 1.1, "
        "row 1; put it in quotes",
    ]
    source = TableSource(file="cases.csv", columns=MAP, constants={"site": 1.0})
    assert "is a number of the parameters file" in faults_of(folder, source)[0]


def test_read_table_fills_constants_and_an_empty_one_is_missing(folder):
    source = TableSource(
        file="cases.csv", columns={"case_id": "case"}, constants={"truth": "", "site": "Hue"}
    )
    frame = read(folder, source)
    assert frame["truth"].isna().all()
    assert frame["site"].tolist() == ["Hue", "Hue"]


# Paths


@pytest.mark.parametrize(
    "file",
    ["/etc/passwd", "C:\\data\\cases.csv", "\\\\server\\cases.csv", "\\cases.csv", "C:cases.csv"],
)
def test_read_table_refuses_an_absolute_file(folder, file):
    (fault,) = faults_of(folder, TableSource(file=file, columns=MAP))
    assert "must be named relative to the data folder, without a drive or root" in fault
    wrong_map = TableSource(file=file, columns={"case": "case"})
    for text in (fault, *faults_of(folder, wrong_map)):
        assert "etc" not in text
        assert "server" not in text
        assert "data\\" not in text


def test_read_table_refuses_a_file_outside_the_folder(folder):
    data = folder / "data"
    data.mkdir()
    rule = "cases.csv: leaves the data folder; copy it there; links are followed"
    assert faults_of(data, TableSource(file="../cases.csv", columns=MAP)) == [rule]
    (data / "cases.csv").symlink_to(folder / "cases.csv")
    assert faults_of(data, TableSource(file="cases.csv", columns=MAP)) == [rule]
    (data / "sub").symlink_to(folder)
    assert faults_of(data, TableSource(file="sub/cases.csv", columns=MAP)) == [rule]


def test_read_table_follows_links_that_stay_in_the_folder(folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "link.csv").symlink_to(folder / "cases.csv")
    assert len(read(folder, TableSource(file="sub/../sub/link.csv", columns=MAP))) == 2


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("casse.csv", "casse.csv: is not in the data folder; did you mean 'cases.csv'?"),
        ("sub/cases.csv", "sub/cases.csv: is not in the data folder"),
        ("folder.csv", "folder.csv: is not a file"),
        ("", "file: must be the name of a file in the data folder"),
        ("a\0.csv", "file: must be the name of a file in the data folder"),
        ("notes.doc", "must end in one of .csv, .txt, .tsv, .xlsx, .parquet; save it as one"),
        ("loop.csv", "cannot be looked up in the data folder"),
        ("cases.csv/x.csv", "cases.csv/x.csv: is not in the data folder"),
    ],
)
def test_read_table_refuses_what_is_no_table_file(folder, file, message):
    (folder / "folder.csv").mkdir()
    (folder / "notes.doc").write_text("x")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    (fault,) = faults_of(folder, TableSource(file=file, columns=MAP))
    assert message in fault


def test_read_table_refuses_a_folder_that_is_not_there(folder):
    (fault,) = faults_of(folder / "nowhere", TableSource(file="cases.csv", columns=MAP))
    assert fault == "cases.csv: cannot be looked up in the data folder (No such file or directory)"


def test_read_table_refuses_a_file_without_permission(folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("toolkit.readers.tabular.sources.read_delimited", refuse)
    (fault,) = faults_of(folder, TableSource(file="cases.csv", columns=MAP))
    assert fault == "cases.csv: cannot be read (Permission denied)"


# Privacy


def test_read_table_shows_no_identifier_unless_asked(folder):
    text = f"case,day,{CANARY},path\n {CANARY},{CANARY},x,1\n{CANARY},,x,1\n{CANARY},,x,0\n"
    write(folder, text)
    source = TableSource(file="t.csv", columns={**MAP, "exam_date": "day", "patient_id": "patient"})
    identity = TableSource(file="t.csv")
    short = TableSource(file="t.csv", columns={**MAP, "exam_date": "day"})
    for sources in ((source,), (identity,), (short,)):
        assert CANARY not in "".join(faults_of(folder, *sources))
    assert CANARY in "".join(faults_of(folder, identity, show_values=True))
    assert "".join(faults_of(folder, short, show_values=True)).count(CANARY) == 2


# Real data sets, by maps alone


def hupse(score_columns):
    """Return the map of Hupse et al. 2013 (Eur Radiol 23:93): a CAD and nine radiologists."""
    described = {name: {"CAD": value, "radiologist": ""} for name, value in score_columns.items()}
    return {
        "readings": [
            TableSource(
                file="ratings.csv",
                columns={"case_id": "case", "reader_id": "reader", "rating": "rating"},
                constants={"modality": "unaided"},
            )
        ],
        "readers": [
            TableSource(
                file="readers.csv",
                columns={
                    "reader_id": "reader",
                    "kind": "role",
                    **dict.fromkeys(score_columns, "role"),
                },
                values={"kind": {"CAD": "ai", "radiologist": "human"}, **described},
            )
        ],
        "cases": [
            TableSource(
                file="ratings.csv", columns={"case_id": "case", "truth": "truth"}, distinct=True
            )
        ],
    }


def test_read_table_reads_hupse(reference_data):
    scale = {
        "product": "CAD of the study",
        "version": "2013",
        "score_min": "0",
        "score_max": "101",
        "score_kind": "exam",
    }
    folder = reference_data / "data" / "dataset09"
    tables = {
        name: read_table(name, sources, folder=folder) for name, sources in hupse(scale).items()
    }
    check_links(tables)
    # Hupse et al. 2013: 200 cases, 80 with a malignant mass, read by nine radiologists and a CAD.
    assert len(tables["readings"].frame) == 2000
    assert tables["cases"].frame["truth"].value_counts().to_dict() == {0.0: 120, 1.0: 80}
    assert tables["readers"].frame["kind"].value_counts().to_dict() == {"human": 9, "ai": 1}
    ratings = tables["readings"].frame["rating"]
    assert (ratings.min(), ratings.max()) == (0.0, 101.0)
    with pytest.raises(TableError, match="product must be given for a reader of kind ai, row 2"):
        check_links(
            {**tables, "readers": read_table("readers", hupse({})["readers"], folder=folder)}
        )


def test_read_table_reads_braix(reference_data):
    outcome = {"0": "0", "3": "0", "4": "0", "1": "1", "2": "1"}
    reads, scores = "reader_df-dev.csv", "model_df-dev.csv"
    sources = {
        "cases": [
            TableSource(
                file=reads,
                columns={
                    "case_id": "episode_id",
                    "truth": "episode_outcome",
                    "recalled": "consensus_recall",
                    "exam_date": "screening_date",
                },
                values={"truth": outcome},
                distinct=True,
            )
        ],
        "readings": [
            TableSource(
                file=reads,
                columns={
                    "case_id": "episode_id",
                    "reader_id": "reader_id",
                    "call": "individual_recall",
                    "position": "reader_number",
                    "read_at": "screening_date",
                },
                constants={"modality": "unaided"},
            ),
            TableSource(
                file=scores,
                columns={"case_id": "episode_id", "rating": "episode_prediction"},
                constants={"reader_id": "AI", "modality": "standalone"},
            ),
        ],
        "readers": [
            TableSource(
                rows=[
                    {
                        "reader_id": "AI",
                        "kind": "ai",
                        "product": "BRAIx",
                        "version": "dev",
                        "score_min": 0,
                        "score_max": 1,
                        "score_kind": "exam",
                    }
                ]
            ),
            TableSource(
                file=reads,
                columns={"reader_id": "reader_id"},
                constants={"kind": "human"},
                distinct=True,
            ),
        ],
    }
    folder = reference_data / "data" / "braix"
    tables = {name: read_table(name, some, folder=folder) for name, some in sources.items()}
    check_links(tables)
    # Its README: 5,000 episodes; each has two reads, some a third by an arbiter.
    assert len(tables["cases"].frame) == 5000
    position = tables["readings"].frame["position"].value_counts(dropna=False)
    assert (position[1.0], position[2.0]) == (5000, 5000)
    assert position[np.nan] == 5000
    assert (tables["readers"].frame["kind"] == "human").sum() == 10


# Round trip


def text_values(kinds):
    """Return a strategy of texts that an identifier or a category may be."""
    return (
        st.text(
            alphabet=st.one_of(st.sampled_from(string.printable), kinds), min_size=1, max_size=8
        )
        .map(lambda text: unicodedata.normalize("NFC", text))
        .filter(lambda text: text == text.strip() and text.isprintable() and text)
    )


LETTERS = st.characters(categories=("L", "N", "P", "S", "Mn"))


def cells_of(column):
    """Return a strategy of the typed cells of a column."""
    if column.kind in ("text", "category"):
        return st.sampled_from(column.allowed) if column.allowed else text_values(LETTERS)
    if column.kind == "binary":
        return st.sampled_from([0.0, 1.0])
    if column.kind == "date":
        return st.datetimes(pd.Timestamp("1950-01-01"), pd.Timestamp("2100-01-01"))
    low = -1e9 if column.minimum is None else column.minimum
    high = 1e9 if column.maximum is None else column.maximum
    if column.kind == "integer":
        return st.integers(int(low), int(high)).map(float)
    return st.floats(low, high, allow_subnormal=False)


def tables_of(name):
    """Return a strategy of raw canonical tables with a key that does not repeat."""
    columns = {
        column.name: column
        for column in TABLES[name].columns
        # These two are bound to other columns of their row.
        if column.name not in ("patient_id", "cancer_date")
    }
    row = st.fixed_dictionaries(
        {
            key: cells_of(column) if column.required else st.none() | cells_of(column)
            for key, column in columns.items()
        }
    )
    return st.lists(
        row,
        min_size=1,
        max_size=8,
        unique_by=lambda cells: tuple(cells[key] for key in TABLES[name].key),
    ).map(lambda rows: pd.DataFrame(rows, columns=list(columns)))


def written(value):
    """Return a cell as a person would write it."""
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.isoformat(sep=" ")
    return repr(value) if isinstance(value, float) else value


@pytest.mark.parametrize("name", ["cases", "images", "lesions"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_read_table_returns_the_table_that_was_written(tmp_path_factory, name, data):
    frame = data.draw(tables_of(name))
    folder = tmp_path_factory.mktemp("data")
    with (folder / "t.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(frame.columns)
        writer.writerows([[written(cell) for cell in row] for row in frame.to_numpy(dtype=object)])
    again = read(folder, TableSource(file="t.csv"), name=name)
    pd.testing.assert_frame_equal(again, check_table(frame, name), check_exact=True)


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_read_table_gives_the_same_from_every_kind_of_file(folder, ending):
    frame = pd.DataFrame(
        {
            "case_id": ["007", "Hồng", "3"],
            "truth": [1.0, 0.0, np.nan],
            "exam_date": pd.to_datetime(["2024-05-06 00:00:00", None, "2024-05-06 14:30:05"]),
            "weight": [0.1, 1 / 3, 7.0],
            "site": ["Huế", None, "Hà Nội"],
        }
    )
    if ending == "xlsx":
        frame.to_excel(folder / "t.xlsx", index=False)
    else:
        frame.to_parquet(folder / "t.parquet")
    again = read(folder, TableSource(file=f"t.{ending}", decimal=","))
    pd.testing.assert_frame_equal(again, check_table(frame, "cases"), check_exact=True)


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_read_table_raises_only_its_own_error_whatever_the_bytes(tmp_path_factory, ending, data):
    folder = tmp_path_factory.mktemp("data")
    frame = pd.DataFrame({"case_id": ["007", "Hồng"], "truth": ["1", "0"], "site": ["a,b", '"']})
    path = folder / f"t.{ending}"
    write_frame = {"csv": frame.to_csv, "xlsx": frame.to_excel, "parquet": frame.to_parquet}
    write_frame[ending](path, index=False)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        # A workbook holds the time of its writing, so its length must not steer what is drawn.
        start = data.draw(st.integers(0, 10_000)) % len(content)
        length = data.draw(st.integers(0, 12))
        content[start : start + length] = data.draw(st.binary(max_size=8))
    path.write_bytes(content)
    with contextlib.suppress(TableError):
        assert read(folder, TableSource(file=path.name))["case_id"].notna().all()
