"""What the paper trail says of data, versions and exhibits."""

import hashlib

import pandas as pd

from toolkit.draw.html import TableColumn, TableView, table_html
from toolkit.study.book.trail import Trail, data_items, trail_html, version_items
from toolkit.study.run.intake import _exam_dates

TABLE = table_html(
    TableView(
        title="Of <two> readers",
        columns=[TableColumn(""), TableColumn("n")],
        rows=[("R", "3")],
    ),
    number="6b.1",
)


def test_data_have_rows_hashes_and_the_range_of_their_dates():
    parts = {"prospective": {"cases": {"rows": 1234, "exam_dates": ["2024-01-01", "2025-02-03"]}}}
    inputs = {
        "prospective.cases": "ab12",
        "prospective.readers": "cd34",
        "records.05_area": "ef56",
        "records.06_count": "ef57",
        "records.not_complete": "ef58",
        "sources": "0000",
    }
    assert data_items(inputs, parts) == [
        ("prospective.cases", "1,234 rows, sha256 ab12"),
        ("prospective.cases, dates of examinations", "2024-01-01 to 2025-02-03"),
        ("prospective.readers", "sha256 cd34"),
        ("records", "those of 2 other chapters"),
    ]


def test_range_of_dates_is_first_and_last_and_none_of_tables_without_dates():
    dates = pd.to_datetime(["2024-03-01", None, "2023-12-31"])
    assert _exam_dates(pd.DataFrame({"exam_date": dates})) == {
        "exam_dates": ["2023-12-31", "2024-03-01"]
    }
    assert _exam_dates(pd.DataFrame({"exam_date": pd.to_datetime([None, None])})) == {}
    assert _exam_dates(pd.DataFrame({"age_years": [50]})) == {}


def test_versions_are_those_that_numbers_hang_on_and_the_hash_of_all():
    environment = {"python": "3.11.7", "machine": "x86_64", "numpy": "2.4", "sphinx": "8.1"}
    assert version_items("0.1.0", environment, "ab12") == [
        ("toolkit", "0.1.0"),
        ("python", "3.11.7"),
        ("machine", "x86_64"),
        ("numpy", "2.4"),
        ("all 2 packages", "sha256 ab12"),
    ]


def test_trail_lists_every_exhibit_with_the_hash_of_its_file_and_escapes_all():
    trail = Trail(parameters={"ai": "", "note": "<b>", "edges": [1, 2], "cut": None})
    html = trail_html(trail, ["<p>no exhibit</p>", TABLE], record=("../records/06_a.json", "{}\n"))
    file = "\ufeff,n\r\nR,3\r\n".encode()
    assert f'<a class="csv-of" href="#table-6b-1">CSV</a>, sha256 {sha(file)}' in html
    assert "<dt>Table 6b.1</dt><dd>Of &lt;two&gt; readers " in html
    assert f'<a href="../records/06_a.json">open</a>, sha256 {sha(b"{}" + bytes([10]))}' in html
    assert "<dt>note</dt><dd>&lt;b&gt;</dd>" in html
    assert "<dt>cut</dt><dd>null</dd>" in html
    assert "<dt>edges</dt><dd>[1, 2]</dd>" in html
    assert "<dt>ai</dt><dd>&quot;&quot;</dd>" in html


def sha(content):
    """SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()
