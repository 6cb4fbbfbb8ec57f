"""Rows of a sheet from its XML, against openpyxl; and workbooks made to do harm."""

import datetime
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from tests.readers.tabular.test_workbook import rewrite
from toolkit.readers.tabular.raw_table import cell_text
from toolkit.readers.tabular.xlsx_read import (
    SheetRecords,
    number_text,
    open_spreadsheet,
    stored_text,
)
from toolkit.tables import RefusedCell, TableError

SHEET = "xl/worksheets/sheet1.xml"


def saved(tmp_path, rows, *, edit=lambda _sheet: None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    edit(book.active)
    path = tmp_path / "t.xlsx"
    book.save(path)
    return path


def rows_of(path):
    with open_spreadsheet(path, file="t.xlsx") as book:
        records = SheetRecords(book, book.sheets[0], "t.xlsx")
        found = {row.number: row.cells for row in records}
        return found, records.merged


def texts_of(path):
    """Text of each cell by row and column, without the empty ones."""
    found = {}
    for number, cells in rows_of(path)[0].items():
        for position, cell in cells.items():
            text = stored_text(cell, is_date=True)
            assert isinstance(text, str)
            if text:
                found[number, position] = text
    return found


def refusal(path):
    with pytest.raises(TableError) as caught:
        rows_of(path)
    (fault,) = caught.value.faults
    return str(fault)


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**14), 10**14),
    st.floats(-1e14, 1e14),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8).filter(
        lambda text: text[:1] not in ("=", "#") and not text.isspace()
    ),
    st.datetimes(datetime.datetime(1950, 1, 1), datetime.datetime(2050, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
)


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(st.lists(values, max_size=5), min_size=1, max_size=5))
def test_cells_are_those_that_openpyxl_reads(tmp_path_factory, rows):
    path = saved(tmp_path_factory.mktemp("t"), rows)
    sheet = openpyxl.load_workbook(path, data_only=True).active
    expected = {
        (cell.row, cell.column - 1): cell_text(cell.value)
        for row in sheet.iter_rows()
        for cell in row
        if cell.value not in (None, "")
    }
    assert texts_of(path) == expected


def test_dates_times_and_spans_are_told_apart(tmp_path):
    def formats(sheet):
        sheet["C1"].number_format = "[h]:mm"

    moments = [datetime.date(2024, 5, 1), datetime.time(1, 30), 0.5, datetime.datetime(2024, 5, 1)]
    cells = rows_of(saved(tmp_path, [moments], edit=formats))[0][1]
    kinds = [(cells[position].kind, cells[position].text) for position in range(4)]
    assert kinds == [
        ("date", "2024-05-01"),
        ("time", "01:30:00"),
        ("time", "12:00:00"),
        ("date", "2024-05-01"),
    ]


def test_text_in_several_fonts_is_one_text(tmp_path):
    rich = CellRichText("ab", TextBlock(InlineFont(b=True), "cd"), "ef")
    assert texts_of(saved(tmp_path, [[rich]])) == {(1, 0): "abcdef"}


def test_a_reading_aid_is_no_part_of_a_text(tmp_path):
    path = saved(tmp_path, [["x"]])
    aid = b"<is><t>x</t><rPh sb='0' eb='1'><t>reading</t></rPh></is>"
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read(SHEET)
    start, end = sheet.index(b"<c "), sheet.index(b"</c>")
    cell = b"<c r='A1' t='inlineStr'>" + aid
    assert texts_of(rewrite(path, SHEET, sheet[start:end], cell)) == {(1, 0): "x"}


def test_sheets_may_have_prefixes_and_leave_places_out(tmp_path):
    path = saved(tmp_path, [[1]])
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read(SHEET)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    prefixed = (
        f'<x:worksheet xmlns:x="{main}"><x:sheetData><x:row><x:c><x:v>1</x:v></x:c>'
        '<x:c r="D1"><x:v>4</x:v></x:c><x:c><x:v>5</x:v></x:c></x:row><x:row r="4"/>'
        "<x:row><x:c><x:v>9</x:v></x:c></x:row></x:sheetData>"
        '<x:mergeCells><x:mergeCell ref="B2:C7"/><x:mergeCell ref="A9"/></x:mergeCells>'
        "</x:worksheet>"
    )
    copy = rewrite(path, SHEET, sheet, prefixed.encode())
    assert texts_of(copy) == {(1, 0): "1", (1, 3): "4", (1, 4): "5", (5, 0): "9"}
    assert rows_of(copy)[1] == [(1, 2, 2, 7), (0, 9, 0, 9)]


@pytest.mark.parametrize("stored", ["1e999", "INF", "NaN", "-Infinity", "1,5", "abc"])
def test_what_is_no_number_is_refused_in_its_cell(tmp_path, stored):
    path = rewrite(saved(tmp_path, [[7]]), SHEET, b"<v>7</v>", f"<v>{stored}</v>".encode())
    text = stored_text(rows_of(path)[0][1][0])
    assert text == RefusedCell(text=stored, rule="is no number that a cell can hold")


@pytest.mark.parametrize(
    ("stored", "text"),
    [("7", "7"), ("007", "7"), ("0", "0"), ("-0.50", "-0.5"), ("1E-3", "0.001"), ("4E5", "400000")],
)
def test_number_text_is_what_a_person_writes(stored, text):
    assert number_text(stored) == text


# Workbooks made to do harm


@pytest.mark.parametrize("member", [SHEET, "xl/workbook.xml", "xl/styles.xml"])
def test_a_document_type_is_refused_before_anything_is_read(tmp_path, member):
    path = saved(tmp_path, [["a"]])
    with zipfile.ZipFile(path) as archive:
        content = archive.read(member)
    start = content.index(b"<", content.find(b"?>") + 1)
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'
    harmful = b"<!-- " + b" " * 5000 + b" -->" + entities + content[start:]
    assert refusal(rewrite(path, member, content, harmful)) == (
        "t.xlsx: declares a document type, which no workbook does, in one of its parts; open it "
        "in Excel and save it"
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'r="B2"', b'r="ZZZZZZZZ2"', "no column has the name ZZZZ"),
        (b'r="B2"', b'r="XFE2"', "no column has the name XFE"),
        (b'r="B2"', b'r="b2"', "no column has the name b"),
        (b'row r="2"', b'row r="-2"', "row -2 stands behind row 1"),
        (b'row r="2"', b'row r="1"', "row 1 stands behind row 1"),
        (b'<c r="B2" t="n"><v>2</v>', b'<c r="B2" t="s"><v>-1</v>', "refers to text -1"),
        (b'<c r="B2" t="n"><v>2</v>', b'<c r="B2" t="s"><v>99</v>', "refers to text 99"),
        (b'row r="2"', b'row r="2.5"', "(ValueError)"),
        (b"</row>", b"</rwo>", "(ExpatError)"),
    ],
)
def test_a_sheet_that_is_none_is_refused(tmp_path, old, new, words):
    path = rewrite(saved(tmp_path, [["a", "b"], [1, 2]]), SHEET, old, new)
    fault = refusal(path)
    assert fault.startswith("t.xlsx: cannot be read as an Excel workbook (")
    assert words in fault
    assert fault.endswith("; open it in Excel and save it")
