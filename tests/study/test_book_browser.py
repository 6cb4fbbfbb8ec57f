"""The book in a browser, opened from its folder: what works, what is refused, how it looks."""

import os
import re
import struct
import time
from xml.etree import ElementTree

import pytest

from tests.pdf_text import printed_pages
from tests.study.test_book import AGAINST, hostile_book
from toolkit.study.book import BookError, pdf_book

LIGHT, DARK = "rgb(255, 255, 255)", "rgb(20, 25, 30)"


@pytest.fixture(name="site", scope="module")
def _site(sample_site):
    return sample_site


@pytest.fixture
def window(browser):
    """The browser with a fresh memory and a wide window."""
    browser.size(1280, 900)
    browser.requests.clear()
    browser.complaints.clear()
    return browser


def results(window, site, query):
    """Titles that a search finds, in its order."""
    window.open(site / "search.html", f"?q={query}")
    window.wait_for(
        "/found|did not match/.test(document.querySelector('.search-summary')?.innerText)"
    )
    return window.run("[...document.querySelectorAll('ul.search li > a')].map(a => a.innerText)")


def background(window):
    """Colour of the paper."""
    return window.run("getComputedStyle(document.body).backgroundColor")


def test_no_page_asks_the_network_or_breaks_its_policy(window, site):
    for path in (*sorted(site.glob("*.html")), *sorted(site.glob("chapters/*.html"))):
        window.open(path)
        window.wait_for("document.fonts.status === 'loaded'")
    asked = {request.split(":", 1)[0] for request in window.requests}
    assert asked <= {"file", "data"}
    assert len(window.requests) > 50
    assert window.complaints == []


def test_policy_refuses_scripts_in_the_page_and_connections(window, site):
    window.open(site / AGAINST)
    window.run(
        "const s = document.createElement('script'); s.textContent = 'window.pwned = 1';"
        "document.body.append(s); const i = document.createElement('img');"
        "i.setAttribute('onerror', 'window.pwned = 2');"
        "i.src = 'absent:x'; document.body.append(i);"
        "fetch('https://example.invalid/').catch(() => { window.refused = true; })"
    )
    window.wait_for("window.refused")
    assert window.run("window.pwned === undefined")
    assert [text for text in window.complaints if "Content Security Policy" in text]


def test_hostile_book_runs_nothing_and_asks_nothing(window, tmp_path):
    site = hostile_book(tmp_path)
    for path in (*sorted(site.glob("*.html")), *sorted(site.glob("chapters/*.html"))):
        window.open(path)
        assert window.run("window.pwned === undefined"), path.name
        assert not window.run("document.querySelector('article iframe, article script')")
    assert {request.split(":", 1)[0] for request in window.requests} <= {"file", "data"}


def test_fonts_of_the_book_are_used(window, site):
    window.open(site / AGAINST)
    window.wait_for("document.fonts.status === 'loaded'")
    loaded = window.run("[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)")
    assert {name.strip('"') for name in loaded} == {"Study Sans", "Study Serif"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("heliotrope", ["06 AI against readers"]),
        ("nhũ ảnh", ["06 AI against readers"]),
        ("nhu anh", ["06 AI against readers"]),
        ("Nhũ ảnh".encode().decode(), ["06 AI against readers"]),
        ("nhu\u0303 a\u0309nh", ["06 AI against readers"]),
        ("subgroup", ["11 Subgroups"]),
        ("DATA QUALITY", ["01 Data quality"]),
        ("ticklabel", []),
        ("0.666 unseen", []),
    ],
)
def test_search_works_from_a_folder(window, site, query, found):
    titles = results(window, site, query)
    assert titles[: len(found)] == found
    assert bool(titles) == bool(found)
    assert window.complaints == []


@pytest.mark.parametrize(
    ("query", "line", "place"),
    [
        ("heliotrope", "ROC curve of the heliotrope AI alone.", "#figure-6-1"),
        ("nhu anh", "Nhũ ảnh được đọc bởi chín bác sĩ.", "#do-chinh-xac"),
        ("R2", "Radiologist R2 0.841 0.783–0.899", "#table-6-1"),
        ("enriched", "The set is enriched.", "#how-to-read-this"),
        ("enrich", "The set is enriched.", "#how-to-read-this"),
    ],
)
def test_search_shows_the_line_of_the_hit_and_leads_to_it(window, site, query, line, place):
    results(window, site, query)
    window.wait_for("document.querySelector('ul.search p.hit')")
    found = window.run(
        "[...document.querySelectorAll('ul.search p.hit a')].map(a => [a.innerText, a.hash])"
    )
    assert [text for text, at in found if line in text and at == place], found
    marked = window.run("document.querySelector('ul.search p.hit mark').innerText")
    assert marked.lower() in ("heliotrope", "nhũ", "ảnh", "r2", "enriched")
    window.run(f"[...document.querySelectorAll('p.hit a')].find(a => a.hash === '{place}').click()")
    window.wait_for(f"location.pathname.endsWith('{AGAINST}') && location.hash === '{place}'")
    assert window.complaints == []


def test_search_lines_stay_text(window, tmp_path):
    site = hostile_book(tmp_path)
    for query in ("onerror", "script", "alert", "img"):
        results(window, site, query)
        assert not window.run("document.querySelector('.hit img, .hit script, .hit svg')")
        assert window.run("window.pwned === undefined")


def saved(window, folder, name):
    """The file that a click saves, once it is whole."""
    path = folder / name
    end = time.monotonic() + 10
    while not (path.is_file() and path.stat().st_size):
        assert time.monotonic() < end, f"{name} is not saved"
        window.run("1")
        time.sleep(0.02)
    return path.read_bytes()


def test_figure_can_be_saved_as_svg_png_and_csv(window, site, tmp_path):
    window.send("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    window.size(1280, 900, scheme="dark")
    window.open(site / AGAINST)
    window.run("document.querySelector('#figure-6-1 a[data-kind=svg]').click()")
    svg = ElementTree.fromstring(saved(window, tmp_path, "figure-6-1.svg"))
    assert svg.attrib["viewBox"] == "0 0 460 300"
    text = (tmp_path / "figure-6-1.svg").read_text(encoding="utf-8")
    assert "var(" not in text
    assert "#0072b2" in text
    window.run("document.querySelector('#figure-6-1 a[data-kind=png]').click()")
    png = saved(window, tmp_path, "figure-6-1.png")
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (460 * 600 // 96, 300 * 600 // 96)
    window.run("document.querySelector('.trail summary').click()")
    for name in ("figure-6-1", "table-6-1"):
        window.run(f"document.querySelector('.trail a.csv-of[href=\"#{name}\"]').click()")
        assert saved(window, tmp_path, f"{name}.csv").startswith(b"\xef\xbb\xbf")
    assert window.complaints == []


def test_search_results_lead_to_their_pages(window, site):
    results(window, site, "heliotrope")
    window.run("document.querySelector('ul.search li > a').click()")
    window.wait_for("location.pathname.endsWith('06_ai_against_readers.html')")


def test_search_field_of_a_chapter_leads_to_the_search_page(window, site):
    window.open(site / AGAINST)
    window.run("document.querySelector('.search-button-field').click()")
    window.wait_for("document.querySelector('#pst-search-dialog').open")
    window.run(
        "const f = document.querySelector('#pst-search-dialog form');"
        "f.querySelector('input').value = 'tomosynthesis'; f.requestSubmit()"
    )
    window.wait_for("document.querySelector('ul.search li a')")
    assert window.run("document.querySelector('ul.search li a').innerText") == "AI in mammography"


def test_reader_chooses_dark_and_it_lasts(window, site):
    window.open(site / AGAINST)
    assert background(window) == LIGHT
    window.run("document.querySelector('.theme-change-button[data-mode=dark]').click()")
    assert background(window) == DARK
    window.open(site / "index.html")
    assert background(window) == DARK
    window.run("document.querySelector('.theme-change-button[data-mode=auto]').click()")
    assert background(window) == LIGHT


def test_system_dark_is_dark_from_the_start_and_paper_stays_light(window, site):
    window.size(1280, 900, scheme="dark")
    window.open(site / AGAINST)
    assert background(window) == DARK
    fill = "getComputedStyle(document.querySelector('svg.plot text:last-of-type')).fill"
    assert window.run(fill) == "rgb(228, 232, 236)"
    plates = (
        "[...document.querySelectorAll('article .cell, article .cell *')].map(e => "
        "getComputedStyle(e).backgroundColor)"
    )
    assert "rgb(228, 232, 236)" not in window.run(plates)
    window.size(1280, 900, scheme="dark", media="print")
    assert background(window) == LIGHT
    assert window.run(fill) == "rgb(29, 39, 48)"


def test_sidebar_closes_and_opens(window, site):
    window.open(site / AGAINST)
    sidebar = "getComputedStyle(document.querySelector('#pst-primary-sidebar')).visibility"
    assert window.run(sidebar) == "visible"
    window.run("document.querySelector('.primary-toggle').click()")
    window.wait_for(f"{sidebar} === 'hidden'")


def test_phone_opens_sidebar_and_contents_over_the_page(window, site):
    window.size(390, 844)
    window.open(site / AGAINST)
    for toggle, dialog in (
        (".primary-toggle", "#pst-primary-sidebar-modal"),
        (".secondary-toggle", "#pst-secondary-sidebar-modal"),
    ):
        window.run(f"document.querySelector('{toggle}').click()")
        window.wait_for(f"document.querySelector('{dialog}').open")
        window.run(f"document.querySelector('{dialog}').close()")


@pytest.mark.parametrize("width", [390, 768, 1000, 1280])
def test_no_page_is_wider_than_its_window(window, site, width):
    window.size(width, 844)
    for path in (*sorted(site.glob("*.html")), *sorted(site.glob("chapters/*.html"))):
        window.open(path)
        assert window.run("document.documentElement.scrollWidth") <= width, path.name


def test_column_has_the_measures_of_the_guide(window, site):
    window.open(site / AGAINST)
    assert window.run("document.querySelector('.bd-sidebar-primary').offsetWidth") == 248
    assert window.run("document.querySelector('.bd-article').clientWidth") == 720
    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert window.run(style.format(".bd-article h1", "fontSize")) == "38px"
    assert window.run(style.format(".headline .a", "fontSize")) == "22px"
    assert window.run(style.format("#discrimination > p", "fontSize")) == "17px"
    window.open(site / "index.html")
    assert window.run("document.querySelector('.bd-article').clientWidth") == 860


def test_paper_shows_the_title_and_no_navigation(window, site):
    window.size(718, 1000, media="print")
    window.open(site / AGAINST)
    shown = "getComputedStyle(document.querySelector('{}')).display"
    assert window.run(shown.format(".bd-article h1")) == "block"
    for part in (".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer", ".dl"):
        assert window.run(shown.format(part)) == "none", part


# --- PDF ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def printed(site, browser, tmp_path_factory):  # noqa: ARG001 - marks what needs one
    """The sample as PDF, printed once."""
    out = tmp_path_factory.mktemp("pdf") / "below" / "book.pdf"
    pdf_book(site, out)
    return out.read_bytes()


def pages_of(pdf):
    """How many pages a PDF has."""
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def test_pdf_of_the_demo_has_few_pages_all_filled_and_no_heading_alone(
    demo_site,
    browser,  # noqa: ARG001 - marks what needs one
    tmp_path,
):
    pdf_book(demo_site, tmp_path / "demo.pdf")
    pages, height = printed_pages((tmp_path / "demo.pdf").read_bytes())
    chapters = len(list(demo_site.glob("chapters/*.html")))
    assert chapters < len(pages) <= 2.75 * chapters
    foot = height - 15 / 25.4 * 72  # where the margin begins that holds the running foot
    for number, page in enumerate(pages, start=1):
        body = [one for one in page if one.bottom < foot]
        lowest = max(body, key=lambda one: one.bottom)
        assert lowest.bottom > 0.5 * height or number == len(pages), f"page {number} is half empty"
        last = [one.size for one in body if one.text and one.bottom > lowest.bottom - 1]
        # Body and captions have at most 9.5 points; a heading or a title more.
        assert not last or max(last) < 10.5, f"a heading ends page {number}"


def test_pdf_holds_every_chapter_and_leaves_no_page_for_a_few_lines(printed):
    assert printed.startswith(b"%PDF-")
    assert pages_of(printed) <= 5  # of ten chapters, most of them of a few lines
    outline = re.findall(rb"/Title \(([^)]*)\)", printed)
    assert b"08 Localisation" in outline
    assert b"/Lang (en)" in printed
    assert b"/MarkInfo" in printed


def test_pdf_has_no_dates_no_scripts_no_web_links(printed):
    assert b"/CreationDate (D:20000101000000" in printed
    assert b"/JavaScript" not in printed
    assert b"/URI" not in printed


def test_pdf_needs_a_browser(site, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        BookError, match=r"a PDF needs a browser, but none of chromium, .* installed"
    ):
        pdf_book(site, tmp_path / "book.pdf")


def test_pdf_needs_a_book(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    write_browser(tmp_path, "exit 0")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BookError, match=r"empty has no index\.html; is it a book"):
        pdf_book(tmp_path / "empty", tmp_path / "book.pdf")
    (tmp_path / "index.html").write_text("<html></html>")
    with pytest.raises(BookError, match=r"index.html has no article"):
        pdf_book(tmp_path, tmp_path / "book.pdf")


def write_browser(folder, script):
    """Write a program that stands for the browser."""
    program = folder / "chromium"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "reason"),
    [("echo no display >&2; exit 3", "no display"), ("exit 0", "no reason given")],
)
def test_pdf_says_why_the_browser_failed(site, tmp_path, monkeypatch, script, reason):
    write_browser(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    out = tmp_path / "book.pdf"
    out.write_bytes(b"the old one")
    with pytest.raises(BookError, match=rf"did not print the book \({reason}\)"):
        pdf_book(site, out)
    assert out.read_bytes() == b"the old one"
