"""Rows as Arrow tables: what the library itself makes of them."""

import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.readers.dicom.scan.pieces import arrow_table, found_schema

SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("whole", pa.int64()),
        ("number", pa.float64()),
        ("truth", pa.bool_()),
        ("texts", pa.list_(pa.string())),
    ]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"texts": st.lists(TEXTS, max_size=3)},
        optional={
            "text": st.none() | TEXTS,
            "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
            "number": st.none() | st.floats(allow_nan=False),
            "truth": st.none() | st.booleans(),
        },
    ),
    max_size=20,
)


@settings(max_examples=150, deadline=None)
@given(rows=ROWS)
def test_arrow_table_is_that_of_the_library(rows):
    table = arrow_table(rows, SCHEMA)
    table.validate(full=True)
    assert table.equals(pa.Table.from_pylist(rows, schema=SCHEMA))


@settings(max_examples=50, deadline=None)
@given(rows=ROWS)
def test_found_schema_is_that_of_the_library(rows):
    names = [field.name for field in SCHEMA if field.name != "texts"]
    given_names = [name for name in names if any(row.get(name) is not None for row in rows)]
    picked = [{name: row.get(name) for name in given_names} for row in rows]
    assert found_schema(rows, names) == pa.Table.from_pylist(picked).schema


def test_whole_numbers_among_numbers_are_numbers():
    assert found_schema([{"a": 1}, {"a": 0.5}], ["a"]) == pa.schema([("a", pa.float64())])


def test_a_text_that_is_none_becomes_escapes():
    rows = [{"text": "a\udcff", "texts": []}]
    assert arrow_table(rows, SCHEMA)["text"].to_pylist() == ["a\\udcff"]


@pytest.mark.parametrize("name", ["pandas", "pyarrow.dataset"])
def test_no_large_library_is_imported(name):
    code = (
        "import sys, pyarrow as pa; from toolkit.readers.dicom.scan.pieces import arrow_table; "
        "arrow_table([{'a': 'x'}], pa.schema([('a', pa.string())])); "
        f"print({name!r} in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
