"""No text of a book overprints another, measured in a browser by the boxes of its letters."""

import json
import re
from itertools import product
from pathlib import Path

import pytest
from nbconvert import HTMLExporter

from toolkit.draw.html import JUPYTER_STYLE, headline_html

OVERLAPS = Path(__file__).resolve().parents[1].joinpath("overlap.js").read_text(encoding="utf-8")
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")


def overlaps(window, path):
    """Texts of a page that overprint each other, and what holds them."""
    window.open(path)
    window.wait_for("document.fonts.status === 'loaded'")
    return window.run(OVERLAPS)


def pages(site):
    """Every page of a book."""
    return (*sorted(site.glob("*.html")), *sorted(site.glob("chapters/*.html")))


@pytest.mark.parametrize(("width", "scheme"), list(product(WIDTHS, SCHEMES)))
def test_no_text_of_the_demo_overprints_another(browser, demo_site, width, scheme):
    browser.size(width, 900, scheme=scheme)
    found = {path.name: overlaps(browser, path) for path in pages(demo_site)}
    assert {name: pairs for name, pairs in found.items() if pairs} == {}
    assert len(found) > 10


PAGE = """<!DOCTYPE html><style>
  body {{ font: 16px/1.2 sans-serif }} .box {{ position: relative; height: 40px }}
  .box span {{ position: absolute; white-space: nowrap }} .cut {{ overflow-x: auto; width: 60px }}
</style><p>Lines of a paragraph<br>that follow each other.</p>{}"""
LABELS = (
    '<svg width="200" height="40"><text x="5" y="20">one</text><text x="{}" y="{}">two</text></svg>'
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<div class="box"><span>one</span><span style="left:8px">two</span></div>', 1),
        ('<div class="box"><span>one</span><span style="left:80px">two</span></div>', 0),
        ('<div class="box"><span>one</span><span style="opacity:0">two</span></div>', 0),
        ('<div class="box"><span>one</span><span style="visibility:hidden">two</span></div>', 0),
        ('<div class="box"><span>one</span><span style="color:transparent">two</span></div>', 0),
        (LABELS.format(10, 22), 1),
        (LABELS.format(10, 34), 0),
        (LABELS.format(60, 20), 0),
        ("<details><summary>one</summary><p style='margin-top:-30px'>two</p></details>", 0),
        ("<details open><summary>one</summary><p style='margin-top:-18px'>two</p></details>", 1),
        # What a scrolled box cuts off overprints nothing beside it ...
        (
            '<div class="box"><div class="cut"><p style="width:300px">one two three four five six '
            'seven</p></div><span style="left:90px;top:0">beside</span></div>',
            0,
        ),
        # ... but within it nothing is cut off for good.
        (
            '<div class="cut"><div class="box" style="width:300px"><span style="left:200px">one'
            '</span><span style="left:205px">two</span></div></div>',
            1,
        ),
    ],
)
def test_measure_finds_what_overprints_and_nothing_else(browser, tmp_path, body, expected):
    browser.size(800, 600)
    path = tmp_path / "page.html"
    path.write_text(PAGE.format(body), encoding="utf-8")
    assert len(overlaps(browser, path)) == expected


def test_headline_in_jupyterlab_does_not_overprint_itself(browser, tmp_path):
    head = headline_html(
        "Are more cancers found?",
        "Yes.",
        facts=[("Examinations", "240 (100 with cancer)"), ("Analysis", "Obuchowski and Rockette")],
    )
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": text}}
        for text in (JUPYTER_STYLE, head)
    ]
    cell = {
        "cell_type": "code", "id": "a", "metadata": {}, "source": "", "execution_count": 1,
        "outputs": outputs,
    }  # fmt: skip
    notebook = tmp_path / "chapter.ipynb"
    content = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook.write_text(json.dumps(content), encoding="utf-8")
    page, _ = HTMLExporter(template_name="lab").from_filename(str(notebook))
    path = tmp_path / "chapter.html"
    path.write_text(re.sub(r"<script\b.*?</script>", "", page, flags=re.S), encoding="utf-8")
    browser.size(1280, 900)
    assert overlaps(browser, path) == []
    assert "240 (100 with cancer)" in browser.run("document.body.innerText")
