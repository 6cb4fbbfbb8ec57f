"""Workbooks as they are written, read back by openpyxl."""

import io

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.readers.tabular.xlsx_write import workbook_bytes
from toolkit.tables import TableError

values = st.one_of(
    st.integers(-(10**14), 10**14),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1),
    st.sampled_from(["=1+1", "#REF!", " a ", "<&>", "007", "a\nb", '"']),
)
rows = st.lists(st.lists(values, min_size=3, max_size=3), min_size=1, max_size=5)


def read_back(content):
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: [[c.value for c in row] for row in sheet.iter_rows()] for sheet in book}


@settings(deadline=None, max_examples=60)
@given(first=rows, second=rows)
def test_openpyxl_reads_what_was_written_to_the_last_bit(first, second):
    sheets = {"A": first, "B & C": second}
    found = read_back(workbook_bytes(sheets))
    assert found == sheets
    assert [[type(v) for v in row] for row in found["A"]] == [
        [type(v) for v in row] for row in first
    ]


def test_empty_cells_stay_empty_and_the_bytes_are_always_the_same():
    sheets = {"A": [["a", None, 3], [None, "b", None], [1.5, None, "a"]]}
    content = workbook_bytes(sheets)
    assert read_back(content) == sheets
    assert workbook_bytes(sheets) == content


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * 32_768, "would need a cell of 32,768 characters; 32,767 go into one"),
        ("a\x01", "has a text with a control character, which no workbook can hold; remove"),
        ("a\ufffe", "has a text with a control character"),
    ],
)
def test_what_no_cell_can_hold_is_refused(text, words):
    with pytest.raises(TableError, match=words):
        workbook_bytes({"A": [[text]]})
