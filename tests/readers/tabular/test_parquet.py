"""Parquet files: typed columns as text."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toolkit.readers.tabular.raw_table import read_parquet
from toolkit.readers.tabular.sources import TableSource, read_table
from toolkit.tables import TableError


def write(tmp_path, columns):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def read(path, *, wanted=None, **choices):
    return read_parquet(path, file="t.parquet", wanted=wanted, **choices)


def faults_of(path, **choices):
    with pytest.raises(TableError) as caught:
        read(path, **choices)
    return str(caught.value).splitlines()[1:]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array(["007", None, ""]), ["007", "", ""]),
        (pa.array(["007", None, "b"]).dictionary_encode(), ["007", "", "b"]),
        (pa.array([7, None, 2**60]), ["7", "", str(2**60)]),
        (pa.array([7.0, None, 0.1]), ["7", "", "0.1"]),
        (pa.array([1.5, np.nan, -2.0]), ["1.5", "", "-2"]),
        (pa.array([True, None, False]), ["True", "", "False"]),
        (pa.array([datetime.date(2024, 5, 6), None, None]), ["2024-05-06", "", ""]),
        (
            pa.array(
                [pd.Timestamp("2024-05-06 01:02:03.123456789"), None, pd.Timestamp("2024")],
                pa.timestamp("ns"),
            ),
            ["2024-05-06 01:02:03.123456789", "", "2024-01-01"],
        ),
        (pa.array([decimal.Decimal("1.50"), None, None]), ["1.50", "", ""]),
        (pa.nulls(3), ["", "", ""]),
    ],
)
def test_read_parquet_gives_cells_as_text(tmp_path, values, texts):
    table = read(write(tmp_path, {"x": values}))
    assert table.frame["x"].tolist() == texts
    assert table.rows.tolist() == [2, 3, 4]


def test_read_parquet_takes_the_wanted_columns_with_the_declared_decimal_sign(tmp_path):
    path = write(tmp_path, {"a": ["1"], "b": [[1, 2]], "c": [0.5]})
    table = read(path, wanted=["c", "a"], decimal=",")
    assert table.frame.loc[0].tolist() == ["0,5", "1"]


def test_read_parquet_joins_row_groups_and_dictionaries(tmp_path):
    chunks = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["b", "c"]).dictionary_encode()]
    pq.write_table(
        pa.table({"x": pa.chunked_array(chunks)}), tmp_path / "t.parquet", row_group_size=1
    )
    assert read(tmp_path / "t.parquet").frame["x"].tolist() == ["a", "b", "b", "c"]


def test_read_parquet_refuses_lists_and_binary_data(tmp_path):
    path = write(tmp_path, {"a": [[1]], "b": [b"x"], "c": [1]})
    assert faults_of(path) == [
        f"t.parquet: a holds {pq.read_schema(path).field('a').type}, not single values",
        "t.parquet: b holds binary, not single values",
    ]


def test_read_parquet_refuses_a_lacking_column(tmp_path):
    (fault,) = faults_of(write(tmp_path, {"Case": [1]}), wanted=["case"])
    assert fault == "t.parquet: column 'case' is not in the header; did you mean 'Case'?"


def test_read_parquet_refuses_a_file_without_records(tmp_path):
    (fault,) = faults_of(write(tmp_path, {"a": pa.array([], pa.int64())}))
    assert fault == "t.parquet: has a header, but no row below it; leave the table out"


def test_read_parquet_refuses_what_is_no_parquet_file(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 nonsense PAR1")
    assert faults_of(path) == [
        "t.parquet: cannot be read as a Parquet file (ArrowInvalid); write the file again"
    ]
    path.write_bytes(b"")
    assert faults_of(path) == ["t.parquet: is empty"]


def test_read_parquet_refuses_more_than_can_be_held(tmp_path, monkeypatch):
    path = write(tmp_path, {"a": pa.array(["x"] * 100_000)})
    monkeypatch.setattr("toolkit.readers.tabular.raw_table.MOST_ROWS", 99_999)
    (fault,) = faults_of(path)
    assert fault == "t.parquet: has 100,000 rows; 99,999 can be read; split it into several files"


def test_read_table_refuses_a_time_zone_in_a_parquet_file(tmp_path):
    moments = pa.array([datetime.datetime(2024, 5, 6)], pa.timestamp("us", tz="Asia/Bangkok"))
    write(tmp_path, {"case_id": ["1"], "exam_date": moments})
    with pytest.raises(TableError, match=r"exam_date .* must have no time zone, row 2"):
        read_table("cases", [TableSource(file="t.parquet")], folder=tmp_path)


def test_read_parquet_refuses_text_that_is_not_utf8(tmp_path):
    path = write(tmp_path, {"a": ["Hoong"]})
    path.write_bytes(path.read_bytes().replace(b"Hoong", b"Ho\xff\xffg"))
    (fault,) = faults_of(path)
    assert fault == (
        "t.parquet: cannot be read as a Parquet file (UnicodeDecodeError); write the file again"
    )
