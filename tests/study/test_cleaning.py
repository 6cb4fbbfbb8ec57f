"""What is taken out of delivered texts, and what is left alone."""

import sys
import tempfile
import time
from pathlib import Path

import pytest

from toolkit.study.book.cleaning import Scrubber, clean_notebook

PACKAGE_HOME = Path(__file__).resolve().parents[2]
TEMPORARY = Path(tempfile.gettempdir()).resolve()


@pytest.fixture
def scrubber() -> Scrubber:
    """A scrubber that knows one folder of the run."""
    return Scrubber([Path("/data/my study")])


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/data/my study/cases.csv", "cases.csv"),
        ("in '/data/my study'", "in '.'"),
        ("<p>/data/my study/a.csv</p>", "<p>a.csv</p>"),
        ("file:///data/my study/a.csv", "a.csv"),
        ("/data/my study-2/a", "/data/my study-2/a"),
        ("https://x.org/data/my study/a", "https://x.org/data/my study/a"),
        (f"{PACKAGE_HOME}/toolkit/x.py:3", "toolkit/x.py:3"),
        (f"{sys.prefix}/share", "share"),
        (f"{TEMPORARY}/study-kernels-ab_1/k12/x.csv", "~/x.csv"),
        (f"<b>{TEMPORARY}/study-kernels-ab_1</b>", "<b>~</b>"),
        (f"{TEMPORARY}/study-kernels-ab/k1/ipykernel_77/123.py:2: Warning", "cell:2: Warning"),
        ("<object object at 0x7f00ffaa>", "<object object at 0x…>"),
        ("colour 0xffaa00", "colour 0xffaa00"),
        ("1/2 and/or </td> 3 / 4", "1/2 and/or </td> 3 / 4"),
    ],
)
def test_folders_out(scrubber: Scrubber, text: str, clean: str) -> None:
    assert scrubber.folders_out(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("open /home/mai/x.csv now", "open …/x.csv now"),
        ("'/home/Nguyễn Mai/my data/x.csv'", "'…/x.csv'"),
        ('File "/srv/a b/c.py", line 3', 'File "…/c.py", line 3'),
        ("path=/srv/data/x, y", "path=…/x, y"),
        ("file:///home/mai/x.csv", "…/x.csv"),
        (r"C:\Users\mai\x.csv", "…/x.csv"),
        (r"'C:\\Users\\Mai Anh\\x.csv'", "'…/x.csv'"),
        (r"\\server\share\mai\x.csv", "…/x.csv"),
        ("https://docs.python.org/3/library", "https://docs.python.org/3/library"),
        ("json/decoder.py, pandas/core/frame.py", "json/decoder.py, pandas/core/frame.py"),
        ("1/2, and/or, km/h, </a>, /tmp", "1/2, and/or, km/h, </a>, /tmp"),
        (r"pattern '\d+\s*' and \n", r"pattern '\d+\s*' and \n"),
        ("\x1b[31mValueError\x1b[0m: x", "ValueError: x"),
    ],
)
def test_paths_out(scrubber: Scrubber, text: str, clean: str) -> None:
    assert scrubber.paths_out(text) == clean


def test_paths_out_hides_host_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "ward-7.hospital.vn")
    monkeypatch.setattr("getpass.getuser", lambda: "mai")
    text = Scrubber([]).paths_out("mai@ward-7.hospital.vn: mail for mai from ward-7.hospital.vn2")
    assert text == "<user>@<host>: mail for <user> from ward-7.hospital.vn2"


def test_scrubber_takes_linear_time(scrubber: Scrubber) -> None:
    """An embedded picture is one word of a million signs."""
    start = time.process_time()
    for sign in ("A", "/", "~", "ab/"):
        scrubber.paths_out(sign * (1_000_000 // len(sign)))
    assert time.process_time() - start < 10


def test_clean_notebook_keeps_only_what_is_listed() -> None:
    cell = {
        "cell_type": "code",
        "id": "random",
        "metadata": {"tags": ["a"], "mystnb": {"x": 1}, "papermill": {}, "collapsed": True},
        "source": "1\n2",
        "execution_count": 1,
        "outputs": [
            {
                "output_type": "display_data",
                "metadata": {"image/png": {"width": float("nan")}},
                "data": {
                    "text/html": "<b>\n</b>",
                    "application/javascript": "alert(1)",
                    "application/vnd.jupyter.widget-view+json": {},
                    "application/json": {"x": [float("inf"), 1]},
                },
                "transient": {},
            }
        ],
    }
    note = {"cell_type": "markdown", "metadata": {"tags": []}, "source": "text", "attachments": {}}
    executed = {
        "cells": [cell, note],
        "metadata": {"toolkit": {"part": "I"}, "papermill": {}, "widgets": {}, "authors": ["mai"]},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    clean = clean_notebook(executed, parameters={}, scrubber=Scrubber([]))
    assert set(clean["metadata"]) == {"toolkit", "kernelspec", "language_info"}
    assert clean["cells"] == [
        {
            "id": "cell-01",
            "cell_type": "code",
            "metadata": {"tags": ["a"], "mystnb": {"x": 1}},
            "source": ["1\n", "2"],
            "execution_count": 1,
            "outputs": [
                {
                    "output_type": "display_data",
                    "metadata": {"image/png": {"width": None}},
                    "data": {"text/html": ["<b>\n", "</b>"], "application/json": {"x": [None, 1]}},
                }
            ],
        },
        {
            "id": "cell-02",
            "cell_type": "markdown",
            "metadata": {},
            "source": ["text"],
            "attachments": {},
        },
    ]
