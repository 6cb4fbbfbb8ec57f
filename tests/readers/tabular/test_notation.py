"""Decimal signs and date orders."""

import pytest

from toolkit.readers.tabular.delimited import iso_dates, plain_number
from toolkit.tables import RefusedCell


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("0,75", "0.75"),
        ("-,5", "-.5"),
        ("1,5e-3", "1.5e-3"),
        ("12", "12"),
        ("", ""),
        ("x,y", "x,y"),
    ],
)
def test_plain_number_turns_a_declared_comma_into_a_point(text, plain):
    assert plain_number(text, ",") == plain


def test_plain_number_leaves_numbers_with_a_declared_point():
    assert plain_number("1,234.5", ".") == "1,234.5"  # the table check refuses it


@pytest.mark.parametrize("text", ["0.75", "1.234", "1.234,5", "-.5"])
def test_plain_number_refuses_a_point_where_a_comma_is_declared(text):
    refused = plain_number(text, ",")
    assert isinstance(refused, RefusedCell)
    assert refused.rule == "has a decimal point, but a decimal comma is declared"


@pytest.mark.parametrize(
    ("text", "order", "iso"),
    [
        ("2024-05-06", "ymd", "2024-05-06"),
        ("2024/5/6", "ymd", "2024-05-06"),
        ("2024.05.06 9:05", "ymd", "2024-05-06 09:05"),
        ("20240506", "ymd", "2024-05-06"),
        ("2024-05-06T10:20:30.5", "ymd", "2024-05-06 10:20:30.5"),
        ("06/05/2024", "dmy", "2024-05-06"),
        ("6.5.2024 14:30:05", "dmy", "2024-05-06 14:30:05"),
        ("05-06-2024", "mdy", "2024-05-06"),
        ("2024-05-06", "dmy", "2024-05-06"),
        ("", "dmy", ""),
        ("unknown", "dmy", "unknown"),
        ("2024-05/06", "ymd", "2024-05/06"),
    ],
)
def test_iso_dates_reads_the_declared_order(text, order, iso):
    assert iso_dates([text], order) == [iso]


@pytest.mark.parametrize(
    ("texts", "order", "rule", "remedy"),
    [
        (["31/05/2024"], "ymd", "must have the year first", "declare date_order: dmy"),
        (["05/31/2024"], "ymd", "must have the year first", "declare date_order: mdy"),
        (
            ["06/05/2024"],
            "ymd",
            "must have the year first",
            "declare date_order: dmy or mdy, whichever the file means",
        ),
        (
            ["05/31/2024", "31/05/2024"],
            "dmy",
            "is no date in the order dmy",
            "the column mixes dates with the day first and with the month first",
        ),
        (["05/31/2024"], "dmy", "is no date in the order dmy", "declare date_order: mdy"),
        (["31/05/2024"], "mdy", "is no date in the order mdy", "declare date_order: dmy"),
        (["06/05/24"], "dmy", "must have a year of four digits", ""),
        (
            ["06/05/2024", "2024-05-06"],
            "ymd",
            "stands among dates in another order",
            "write all dates of a column one way",
        ),
    ],
)
def test_iso_dates_refuses_another_order(texts, order, rule, remedy):
    first = iso_dates(texts, order)[0]
    assert first == RefusedCell(text=texts[0], rule=rule, remedy=remedy)


def test_iso_dates_refuses_the_year_first_among_others():
    dates = iso_dates(["06/05/2024", "2024-05-06", "20240506"], "dmy")
    assert dates[0] == "2024-05-06"
    assert all(isinstance(date, RefusedCell) for date in dates[1:])
