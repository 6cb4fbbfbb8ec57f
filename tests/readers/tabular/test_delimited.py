"""Text files with separated fields: rows as a person counts them, and what is refused."""

import codecs

import pytest

from toolkit.readers.tabular.delimited import read_delimited
from toolkit.tables import TableError


def read(tmp_path, content, *, wanted=None, **choices):
    """Return the raw table of a file with this content."""
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_delimited(path, file="t.csv", wanted=wanted, **choices)


def faults_of(tmp_path, content, **choices):
    """Return the faults of a file that cannot be read at all."""
    with pytest.raises(TableError) as caught:
        read(tmp_path, content, **choices)
    return str(caught.value).splitlines()[1:]


def test_read_delimited_counts_rows_of_the_file(tmp_path):
    table = read(tmp_path, 'a,b\n1,x\n\n2,"two\nlines"\n,\n3,z\n')
    assert table.frame["a"].tolist() == ["1", "2", "3"]
    assert table.frame["b"].tolist() == ["x", "two\nlines", "z"]
    assert table.rows.tolist() == [2, 4, 7]
    assert table.faults == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_read_delimited_knows_every_line_end(tmp_path, end):
    table = read(tmp_path, end.join(["a,b", "1,x", "2,y"]))
    assert table.frame["b"].tolist() == ["x", "y"]
    assert table.rows.tolist() == [2, 3]


def test_read_delimited_leaves_every_cell_as_it_stands(tmp_path):
    table = read(tmp_path, 'a,b\n007,"1,5"\nNA," x"\n"say ""no""",\n')
    assert table.frame["a"].tolist() == ["007", "NA", 'say "no"']
    assert table.frame["b"].tolist() == ["1,5", " x", ""]


def test_read_delimited_takes_the_wanted_columns_and_the_declared_separator(tmp_path):
    table = read(tmp_path, "a;b;c\n1;2;3\n", wanted=["c", "a"], separator=";")
    assert table.frame.columns.tolist() == ["c", "a"]
    assert table.frame.loc[0].tolist() == ["3", "1"]


def test_read_delimited_reads_many_blocks(tmp_path):
    lines = ["a,b", *(f"{number},x" for number in range(200_001))]
    table = read(tmp_path, "\n".join(lines), wanted=["a"])
    assert table.frame["a"].iloc[[0, -1]].tolist() == ["0", "200000"]
    assert table.rows[-1] == 200_002


# Encodings


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_read_delimited_reads_utf8_with_and_without_a_byte_order_mark(tmp_path, mark):
    table = read(tmp_path, mark + "mã,b\nHồng,1\n".encode(), wanted=["mã"])
    assert table.frame["mã"].tolist() == ["Hồng"]


def test_read_delimited_reads_cp1258_with_combining_marks(tmp_path):
    # In cp1258 "ồ" is the letter o with circumflex and a combining grave.
    text = "ma,b\nHô\u0300ng,1\n"
    table = read(tmp_path, text.encode("cp1258"), encoding="cp1258")
    assert table.frame["ma"].tolist() == ["Hô\u0300ng"]


def test_read_delimited_names_the_byte_that_is_not_in_the_encoding(tmp_path):
    content = b"a,b\n" + "Hồng,1\n".encode() * 2 + b"\xff,1\n\xff,2\n"
    assert faults_of(tmp_path, content) == [
        "t.csv: is not valid utf-8: byte 22 is 0xff, row 4; declare encoding: cp1258, or save the "
        "file as CSV UTF-8"
    ]
    (fault,) = faults_of(tmp_path, b"a,b\n\x8d,1\n", encoding="cp1258")
    assert "is not valid cp1258: byte 4 is 0x8d, row 2; declare encoding: utf-8" in fault


def test_read_delimited_finds_a_bad_byte_behind_the_first_block(tmp_path):
    before = "a,b\n" + "ồ,1\n" * 300_000
    (fault,) = faults_of(tmp_path, before.encode() + b"\xe1\x28,1\n")
    position = len(before.encode())
    assert f"byte {position:,} is 0xe1, row 300,002".replace("300,002", "300002") in fault


def test_read_delimited_finds_a_letter_that_is_cut_off_at_the_end(tmp_path):
    (fault,) = faults_of(tmp_path, b"a,b\n1,\xe1\xbb")
    assert "is not valid utf-8: byte 6 is 0xe1, row 2" in fault


def test_read_delimited_refuses_utf16(tmp_path):
    (fault,) = faults_of(tmp_path, "a,b\n1,2\n".encode("utf-16"))
    assert fault == "t.csv: is UTF-16 text, which is not read; save it as CSV UTF-8"


def test_read_delimited_refuses_utf8_declared_as_cp1258(tmp_path):
    (fault,) = faults_of(tmp_path, "a,b\nLê,1\n", encoding="cp1258")
    assert "is valid UTF-8 with letters beyond ASCII, so it is not cp1258; declare" in fault
    assert len(read(tmp_path, "a,b\nLe,1\n", encoding="cp1258").frame) == 1


# Headers


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "t.csv: is empty"),
        (codecs.BOM_UTF8, "t.csv: has no header in its first row"),
        (b"\n\n", "t.csv: has no header in its first row"),
        (b"a,b\n", "t.csv: has a header, but no row below it; leave the table out"),
        (b"a,b\n\n,\n", "t.csv: has a header, but no row below it; leave the table out"),
        (b'"a,b\n1,2\n', "t.csv: has a quotation mark that is never closed; close it"),
    ],
)
def test_read_delimited_refuses_a_file_without_content(tmp_path, content, message):
    assert faults_of(tmp_path, content) == [message]


def test_read_delimited_suggests_the_column_that_was_meant(tmp_path):
    assert faults_of(tmp_path, "Case,b\n1,2\n", wanted=["case", "xyz"]) == [
        "t.csv: column 'case' is not in the header; did you mean 'Case'?",
        "t.csv: column 'xyz' is not in the header",
    ]


@pytest.mark.parametrize(("mark", "name"), [(";", "';'"), ("\t", 'a tab, "\\t"'), ("|", "'|'")])
def test_read_delimited_suggests_the_separator(tmp_path, mark, name):
    (fault,) = faults_of(tmp_path, f"case{mark}truth\n1{mark}0\n", wanted=["patient"])
    assert fault == f"t.csv: column 'patient' is not in the header; declare separator: {name}"


def test_read_delimited_refuses_a_wanted_name_that_stands_twice(tmp_path):
    (fault,) = faults_of(tmp_path, "a,b,a\n1,2,3\n", wanted=["a", "b"])
    assert fault == "t.csv: column 'a' heads the columns 1 and 3; give each column its own name"
    assert read(tmp_path, "a,b,a\n1,2,3\n", wanted=["b"]).frame["b"].tolist() == ["2"]


# Records


def test_read_delimited_refuses_records_with_another_number_of_fields(tmp_path):
    table = read(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8\n9\n")
    assert table.frame["a"].tolist() == ["1", "7"]
    assert [str(fault) for fault in table.faults] == [
        "t.csv: has fewer fields than the 2 of the header, rows 3, 6",
        "t.csv: has more fields than the 2 of the header, row 4; put a text that holds the "
        "separator between quotation marks",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('a,b\n1,2\n3,"4\n5,6\n', "t.csv: has a quotation mark that is never closed, row 3"),
        ('a,b\n1,2\n3,"4" x\n', "t.csv: has text after a closing quotation mark, row 3; write a"),
        ("a,b\n1,2\n3,\0\n", "t.csv: holds NUL characters, row 3; save the file again as text"),
        ('a,b\n1,2\n3,"' + "x" * 140_000 + '"\n', "t.csv: has a quotation mark that is never"),
        (
            "a,b\n1,2\n3," + "x" * 2**20 + "\n",
            "t.csv: has a line of more than 1,048,576 characters, row 3; check that the file",
        ),
    ],
)
def test_read_delimited_stops_at_a_record_that_cannot_be_parsed(tmp_path, content, message):
    table = read(tmp_path, content)
    assert table.frame["a"].tolist() == ["1"]
    (fault,) = table.faults
    assert str(fault).startswith(message)


# Bounds


def test_read_delimited_refuses_a_million_columns(tmp_path):
    (fault,) = faults_of(tmp_path, ",".join(f"c{number}" for number in range(1_000_000)))
    assert "has a line of more than 1,048,576 characters" in fault
    (fault,) = faults_of(tmp_path, ",".join(["c"] * 20_000) + "\n1\n")
    assert fault == "t.csv: has 20,000 columns; 16,384 can be read"


def test_read_delimited_refuses_a_file_too_large_to_hold(tmp_path, monkeypatch):
    monkeypatch.setattr("toolkit.readers.tabular.raw_table.MOST_BYTES", 5)
    (fault,) = faults_of(tmp_path, "a,b\n1,2\n")
    assert fault == "t.csv: holds 8 bytes; 5 can be read; split it into several files"
