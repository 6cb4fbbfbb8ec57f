"""Excel workbooks: what a cell holds, and what Excel has made of it."""

import datetime
import zipfile

import openpyxl
import pytest

from toolkit.readers.tabular.sources import TableSource, read_table
from toolkit.readers.tabular.xlsx_read import read_workbook
from toolkit.tables import RefusedCell, TableError


def workbook(tmp_path, rows, *, sheets=("Data",)):
    """Write a workbook whose first sheet has these rows; return its path."""
    book = openpyxl.Workbook()
    book.active.title = sheets[0]
    for title in sheets[1:]:
        book.create_sheet(title)
    for row in rows:
        book[sheets[0]].append(row)
    path = tmp_path / "t.xlsx"
    book.save(path)
    return path


def read(path, *, wanted=None, **choices):
    return read_workbook(path, file="t.xlsx", wanted=wanted, **choices)


def faults_of(path, **choices):
    with pytest.raises(TableError) as caught:
        read(path, **choices)
    return str(caught.value).splitlines()[1:]


def test_read_workbook_gives_cells_as_text(tmp_path):
    rows = [
        ["id", "number", "flag", "day"],
        ["007", 0.1, True, datetime.date(2024, 5, 6)],
        [7.0, 1 / 3, False, datetime.datetime(2024, 5, 6, 14, 30)],
        [None, 12, None, None],
    ]
    table = read(workbook(tmp_path, rows), date_columns=frozenset({"day"}))
    assert table.frame["id"].tolist() == ["007", "7", ""]
    assert table.frame["number"].tolist() == ["0.1", "0.3333333333333333", "12"]
    assert table.frame["flag"].tolist() == ["True", "False", ""]
    assert table.frame["day"].tolist() == ["2024-05-06", "2024-05-06 14:30:00", ""]


def test_read_workbook_writes_numbers_with_the_declared_decimal_sign(tmp_path):
    table = read(workbook(tmp_path, [["x"], [0.5], ["0,25"]]), decimal=",")
    assert table.frame["x"].tolist() == ["0,5", "0,25"]


def test_read_workbook_counts_rows_of_the_sheet(tmp_path):
    table = read(workbook(tmp_path, [["a", "b"], [1, 2], [], [None, None], [3, 4]]))
    assert table.frame["a"].tolist() == ["1", "3"]
    assert table.rows.tolist() == [2, 5]


def test_read_workbook_reads_rows_of_any_length(tmp_path):
    table = read(workbook(tmp_path, [["a", "b", None], [1], [2, 3, 4]]))
    assert table.frame["b"].tolist() == ["", "3"]


def test_read_workbook_reads_rows_beyond_a_wrong_size(tmp_path):
    path = workbook(tmp_path, [["a"], [1], [2]])
    damaged = rewrite(path, "xl/worksheets/sheet1.xml", b'ref="A1:A3"', b'ref="A1:A2"')
    assert read(damaged).frame["a"].tolist() == ["1", "2"]


def rewrite(path, member, old, new):
    """Return a copy of a workbook with some bytes of one member replaced."""
    copy = path.with_name("copy.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            assert name != member or old in content
            target.writestr(name, content.replace(old, new) if name == member else content)
    return copy


# Sheets


def test_read_workbook_takes_the_only_sheet_or_the_named_one(tmp_path):
    path = workbook(tmp_path, [["a"], [1]], sheets=("Data", "Notes"))
    assert read(path, sheet="Data").frame["a"].tolist() == ["1"]
    assert faults_of(path) == ["t.xlsx: has 2 sheets; name one of them under sheet"]
    assert faults_of(path, sheet="data") == ["t.xlsx: has no sheet 'data'; did you mean 'Data'?"]
    assert faults_of(path, sheet="xyz") == ["t.xlsx: has no sheet 'xyz'"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "t.xlsx: has no header in its first row"),
        ([[None, ""], [1]], "t.xlsx: has no header in its first row"),
        ([["a"]], "t.xlsx: has a header, but no row below it; leave the table out"),
    ],
)
def test_read_workbook_refuses_a_sheet_without_content(tmp_path, rows, message):
    assert faults_of(workbook(tmp_path, rows)) == [message]


def test_read_workbook_refuses_a_lacking_column(tmp_path):
    path = workbook(tmp_path, [["Case"], [1]])
    (fault,) = faults_of(path, wanted=["case"])
    assert fault == "t.xlsx: column 'case' is not in the header; did you mean 'Case'?"


# Spoilt cells


def test_read_workbook_refuses_errors_and_formulas_without_a_value(tmp_path):
    path = workbook(tmp_path, [["a", "b"], ["#REF!", 1], ["=1+1", 2], ["#REF", 3]])
    cells = read(path).frame["a"].tolist()
    assert cells[0] == RefusedCell(
        text="#REF!", rule="is an error of the workbook", remedy="mend the formula"
    )
    assert isinstance(cells[1], RefusedCell)
    assert cells[1].rule == "is a formula without a stored value"
    assert cells[1].remedy == "open the workbook in Excel and save it"
    assert cells[2] == "#REF"


def test_read_workbook_takes_the_stored_value_of_a_formula(tmp_path):
    path = workbook(tmp_path, [["a", "b"], ["=1+1", 1], ["=A2", 2]])
    sheet = "xl/worksheets/sheet1.xml"
    path = rewrite(path, sheet, b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
    path.rename(tmp_path / "t.xlsx")
    old, new = b'r="A3"><f>A2</f><v />', b'r="A3" t="str"><f>A2</f><v></v>'
    path = rewrite(tmp_path / "t.xlsx", sheet, old, new)
    assert read(path).frame["a"].tolist() == ["2", ""]


def test_read_workbook_refuses_what_excel_has_cut_or_turned_into_a_date(tmp_path):
    path = workbook(tmp_path, [["a"], [1234567890123456], [datetime.date(2024, 5, 1)]])
    number, date = read(path).frame["a"].tolist()
    assert number.rule == "is a number of more than 15 digits, which Excel has cut"
    assert date.rule == "is a date: Excel has changed what was entered"
    assert {number.remedy, date.remedy} == {"enter it as text"}


def test_read_table_reports_spoilt_cells_once_and_withholds_them(tmp_path):
    rows = [
        ["case", "truth", "day"],
        [datetime.date(2024, 5, 1), 1, datetime.date(2024, 5, 1)],
        ["008", "=1/0", "06/05/2024"],
    ]
    workbook(tmp_path, rows)
    columns = {"case_id": "case", "truth": "truth", "exam_date": "day"}
    source = TableSource(file="t.xlsx", columns=columns, date_order="dmy")
    with pytest.raises(TableError) as caught:
        read_table("cases", [source], folder=tmp_path)
    faults = [str(fault).split(";")[0] for fault in caught.value.faults]
    assert faults == [
        "t.xlsx: case_id (value withheld: 10 characters) is a date: Excel has changed what was "
        "entered, row 2",
        "t.xlsx: truth '' is a formula without a stored value, row 3",
        # Excel read what it could as a date and left the rest as text.
        "t.xlsx: exam_date (value withheld: 10 characters) stands among dates in another order, "
        "row 2",
    ]


# Damaged and hostile files


def test_read_workbook_refuses_what_is_no_workbook(tmp_path):
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0" * 100)  # an old or encrypted workbook begins so
    (fault,) = faults_of(path)
    assert fault == (
        "t.xlsx: cannot be read as an Excel workbook; open it and save it as .xlsx, without a "
        "password"
    )
    path.write_bytes(b"")
    assert faults_of(path) == ["t.xlsx: is empty"]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "no workbook")
    (fault,) = faults_of(path)
    assert fault.startswith("t.xlsx: cannot be read as an Excel workbook (")
    assert fault.endswith("; open it in Excel and save it")


def test_read_workbook_refuses_damaged_xml(tmp_path):
    path = workbook(tmp_path, [["a"], [1], [2]])
    damaged = rewrite(path, "xl/worksheets/sheet1.xml", b"</row>", b"</rwo>")
    (fault,) = faults_of(damaged)
    assert fault.startswith("t.xlsx: cannot be read as an Excel workbook (")


def test_read_workbook_refuses_a_workbook_that_unpacks_to_too_much(tmp_path, monkeypatch):
    path = workbook(tmp_path, [["a"], *([["x" * 100]] * 10_000)])
    monkeypatch.setattr("toolkit.readers.tabular.raw_table.MOST_BYTES", path.stat().st_size)
    (fault,) = faults_of(path)
    assert "can be read; split it into several files" in fault


def test_read_workbook_refuses_rows_beyond_the_last_one_of_a_sheet(tmp_path):
    path = workbook(tmp_path, [["a"], [1]])
    sheet = "xl/worksheets/sheet1.xml"
    far = rewrite(path, sheet, b'<row r="2"', b'<row r="2000000000"')
    (fault,) = faults_of(far)
    assert fault == "t.xlsx: has rows beyond 1,048,576, the last one of a sheet"


def test_read_workbook_refuses_a_bomb(tmp_path):
    path = tmp_path / "t.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as stream,
    ):
        for _ in range(70):
            stream.write(b"0" * 2**20)
    assert faults_of(path) == ["t.xlsx: unpacks to far more than a table would"]


def test_read_workbook_refuses_an_archive_that_cannot_be_unpacked(tmp_path):
    path = workbook(tmp_path, [["a"], [1]])
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("xl/worksheets/sheet1.xml")
    content = bytearray(path.read_bytes())
    start = member.header_offset + 30 + len(member.filename)
    content[start : start + 20] = b"\xff" * 20
    path.write_bytes(content)
    (fault,) = faults_of(path)
    assert fault.startswith("t.xlsx: cannot be read as an Excel workbook")
