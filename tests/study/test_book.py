"""The book: what its pages say, that it stays inside its folder, and that it is always the same."""

import base64
import hashlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import warnings
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote, urlsplit

import pytest

from tests import book_sample as sample
from tests.study.test_book_markup import PAYLOADS
from toolkit.study.book import BookChapter, BookError, FrontPage, Pill, build_book
from toolkit.study.book.contents import FrontComparison

ROOT = Path(__file__).resolve().parents[2]
AGAINST = "chapters/06_ai_against_readers.html"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Chapters and first page of the sample."""
    return sample.sample_book(tmp_path_factory.mktemp("notebooks"))


@pytest.fixture(name="site", scope="module")
def _site(sample_site):
    return sample_site


def files(site):
    """Every delivered file by its name."""
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }


def page(site, name):
    """Text of a page."""
    return (site / name).read_text(encoding="utf-8")


def text_of(html):
    """What a page says, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def article(site, name):
    """What a page says in its article."""
    return text_of(re.search(r"<article.*?</article>", page(site, name), re.S)[0])


def build(tmp_path, *chapters, front=None, **options):
    """Build a book of a few chapters and return its folder."""
    front = front or FrontPage(title="A book", origin="Study data")
    build_book(
        tmp_path / "site", front=front, chapters=chapters, scratch=tmp_path / "scratch", **options
    )
    return tmp_path / "site"


def one_chapter(tmp_path, *cells, name="05_standalone_ai", **fields):
    """A complete chapter with the given cells below its title."""
    title = sample.markdown("# 05 Standalone AI\n\nHow accurate is the AI?\n")
    notebook = sample.write_notebook(tmp_path / f"{name}.ipynb", title, *cells)
    values = {"title": "Standalone AI", "question": "How accurate is the AI?", "part": "II"}
    return sample.chapter(name, **{**values, "status": "complete", "notebook": notebook, **fields})


# --- what the pages say ---------------------------------------------------------------------------


def test_every_chapter_has_a_page_and_nothing_else_is_delivered(site, book):
    pages = {f"chapters/{chapter.name}.html" for chapter in book["chapters"]}
    names = set(files(site))
    rest = {name for name in names - pages if not name.startswith("_static/")}
    assert pages <= names
    complete = {f"records/{one.name}.json" for one in book["chapters"] if one.status == "complete"}
    assert rest == {"index.html", "search.html", "searchindex.js", "searchlines.js"} | complete
    assert not [name for name in names if name.endswith((".map", ".ttf", ".ipynb", ".inv"))]
    assert {"_static/fonts/OFL.txt", "_static/licences.txt"} <= names


def test_book_is_small(site):
    sizes = {name: len(content) for name, content in files(site).items()}
    assert sum(sizes.values()) < 1_100_000
    assert "_static/scripts/fontawesome.js" not in sizes


def test_chapter_ends_with_its_paper_trail(site):
    html = page(site, AGAINST)
    (trail,) = re.findall(r'<details class="trail">.*?</details>', html, re.S)
    said = text_of(trail)
    for fact in (
        "ai_cutoff 9.5",
        "reader_study.cases 147 rows, sha256 4c81e0a7",
        "dates of examinations 2021-07-01 to 2023-06-30",
        "toolkit 0.4.0",
        "06.ipynb sha256 1f",
        "Figure 6.1 The AI finds fewer of the cancers. CSV , sha256",
        "Table 6.1 Accuracy of the AI and of each radiologist. CSV , sha256",
    ):
        assert fact in said
    assert 'href="../records/06_ai_against_readers.json"' in trail
    record = (site / "records" / "06_ai_against_readers.json").read_bytes()
    assert hashlib.sha256(record).hexdigest() in said
    # The hash is that of the file which the link under the figure gives.
    for name in ("figure-6-1", "table-6-1"):
        address = re.search(rf'href="data:text/csv;charset=utf-8,([^"]*)" download="{name}', html)
        file = unquote(unescape(address[1])).encode()
        assert hashlib.sha256(file).hexdigest() in said
    assert html.index('class="trail"') > html.index('class="prov"')
    assert "trail" not in page(site, "chapters/22_missing_truth.html")


def test_picture_stands_once_in_a_page(site):
    html = page(site, AGAINST)
    assert "data:image/svg+xml" not in html
    assert html.count('data-kind="png" href="#figure-6-1"') == 1


def test_sidebar_lists_chapters_by_part_under_their_own_numbers(site):
    navigation = re.search(r"<nav class=\"bd-links.*?</nav>", page(site, "index.html"), re.S)[0]
    assert text_of(navigation) == (
        "I Data 01 Data quality II Retrospective 06 AI against readers 07 Reader study "
        "08 Localisation 11 Subgroups III Prospective 21 Main analysis 22 Missing truth "
        "23 Benchmarks and audit IV Design and synthesis 30 Sample size"
    )


def test_title_sets_the_number_apart_and_appears_once(site):
    html = page(site, AGAINST)
    heading = re.search(r"<h1>.*?</h1>", html)[0]
    assert heading.startswith('<h1><span class="no">06</span> AI against readers')
    assert html.count("<h1") == 1
    assert "<title>06 AI against readers &#8212; AI in mammography (Simulated data)" in html
    assert '<p class="dek">Standalone AI and nine radiologists.</p>' in html


def test_pages_follow_each_other(site, book):
    order, name = ["index.html"], "index.html"
    while following := re.search(r'<link rel="next"[^>]*href="([^"]+)"', page(site, name)):
        name = normpath(f"{Path(name).parent}/{following[1]}")
        order.append(name)
    assert order[1:] == [f"chapters/{chapter.name}.html" for chapter in book["chapters"]]


def test_first_page_gives_effect_claims_estimates_and_answers(site):
    said = article(site, "index.html")
    assert "With AI, 6.2 instead of 5.3 cancers were found per 1,000 women." in said
    assert "Two of three claims of the plan are shown." in said
    claims, estimates = said.index("The claims of the plan."), said.index("Estimates.")
    assert said.index("Conclusion") < claims < estimates
    assert said.count("Conclusion") == 2  # once a scale of the claims, never beside an estimate
    assert "6 of 9 chapters complete" in said
    assert "AI alone against nine radiologists −0.032 (−0.094 to 0.031)" in said.replace("⁠", "")
    assert "Non-inferiority not shown margin −0.05" in said
    assert "Reading with AI against double reading 1.17 (1.02–1.35)" in said.replace("⁠", "")
    assert "01 Data quality Can the data be trusted as they arrived? Yes, after 41" in said
    assert "Does the answer hold in dense breasts? Post hoc No interaction seen" in said
    assert "Immature follow-up Screen-detected cancers only" in said
    assert "Failed Stopped at cell 7 of 15: readings.csv, key" in said
    assert "Left out The data hold no cases.interval_class." in said
    assert "Not run Not among the chapters asked for." in said
    assert "Provenance index · data sha256 4c81e0a7" in said


def test_scales_have_axes_of_their_own(site):
    html = page(site, "index.html")
    assert html.count('class="gl"') == 2
    assert html.count('class="gl open"') == 1
    ticks = re.findall(r'<div class="tk">(.*?)</div>', html)
    assert [text_of(tick) for tick in ticks] == ["−0.05 0 +0.05", "1.00 1.20", "0 +0.1"]
    assert html.count('class="ib ai"') == 1
    assert html.count('class="ib aided"') == 3


def test_what_is_good_when_high_shares_no_axis_with_what_is_good_when_low():
    from toolkit.study.book.landing import landing_html

    ratio = {"effect": "ratio", "estimate": 1.1, "ci_low": 0.9, "ci_high": 1.2, "unit": "ratio"}
    found = sample.comparison(**ratio, margin=None, quantity="detection_rate")
    time = sample.comparison(**ratio, margin=None, quantity="reading_time", better="lower")
    rows = tuple(
        FrontComparison(number=n, label="", comparison=c) for n, c in (("21", found), ("09", time))
    )
    html = landing_html(FrontPage(title="T", origin="Study data", estimates=rows), [])
    assert html.count('class="tk"') == 2
    assert (html.count("better →"), html.count("← better")) == (1, 1)


def test_first_page_takes_the_callers_words(tmp_path):
    front = FrontPage(
        title="T", origin="Public data set", answer="It is *so*.", partial=True, blinded=True,
        estimates=(FrontComparison(number="06", label="AUC", comparison=sample.comparison()),),
    )  # fmt: skip
    said = article(build(tmp_path, one_chapter(tmp_path), front=front), "index.html")
    assert "It is so ." in said
    assert "Blinded Chapters that compare reading with and without AI are left out" in said
    assert "Partial Chapters that this book lacks" in said
    assert "06 AUC AI alone against nine radiologists" in said


def test_undefined_comparison_is_listed_without_a_bar():
    from toolkit.study.book.landing import landing_html

    nothing = float("nan")
    undefined = sample.comparison(
        estimate=nothing, ci_low=nothing, ci_high=nothing, note="no positive cases"
    )
    row = FrontComparison(number="06", label="", comparison=undefined)
    html = landing_html(FrontPage(title="T", origin="Study data", estimates=(row,)), [])
    assert 'class="ib' not in html
    assert "AI alone against nine radiologists" in html


def test_failed_chapter_shows_why_and_no_number_of_it_anywhere(site):
    said = article(site, "chapters/22_missing_truth.html")
    assert "Failed chapter Stopped at cell 7 of 15: readings.csv" in said
    assert "No result of this chapter is shown or used elsewhere." in said
    assert not [name for name, content in files(site).items() if b"0.666" in content]


def test_chapters_that_were_not_run_have_a_page_with_the_reason(site):
    assert "Left out The data hold no cases.interval_class." in article(
        site, "chapters/23_benchmarks.html"
    )
    assert "Not run Not among the chapters asked for." in article(
        site, "chapters/30_sample_size.html"
    )


def test_simulated_is_said_on_every_page(site):
    for name, content in files(site).items():
        if name.endswith(".html"):
            html = content.decode()
            assert "(Simulated data)</title>" in html
            assert html.count('class="pill sim"') >= (1 if name == "search.html" else 2), name
    assert b"Simulated data" not in files(site)["_static/page.css"]
    footer = page(site, "_static/footer.css")
    assert r"Simulated\20 data\20 \b7 \20 AI\20 in\20 mammography" in footer


def test_page_that_does_not_say_simulated_gets_the_strip(tmp_path):
    front = FrontPage(title="A book", origin="Simulated data")
    site = build(tmp_path, one_chapter(tmp_path), front=front)
    assert "How accurate is the AI? Simulated data" in article(
        site, "chapters/05_standalone_ai.html"
    )


def test_study_data_are_not_called_simulated(tmp_path):
    site = build(tmp_path, one_chapter(tmp_path))
    said = [name for name, content in files(site).items() if b"imulated data" in content]
    assert said == []


def test_question_that_the_headline_repeats_is_printed_once(tmp_path):
    from toolkit.draw.html import headline_html

    cell = sample.code(
        "headline()", sample.html_output(headline_html("How accurate is the AI?", "Very."))
    )
    html = page(build(tmp_path, one_chapter(tmp_path, cell)), "chapters/05_standalone_ai.html")
    assert html.count("How accurate is the AI?") == 1
    assert "Question</span>How accurate is the AI?" in html


def test_formulas_are_mathml_with_numbers_and_references(site):
    html = page(site, AGAINST)
    assert '<math display="block">' in html
    assert '<span class="eqno">(1)</span>' in html
    assert '<a class="reference internal" href="#equation-variance">(1)</a>' in html
    assert "MathJax" not in html
    assert "\\hat" not in html


def test_links_between_chapters_lead_to_pages_or_are_text(site):
    html = page(site, AGAINST)
    assert re.search(r'href="07_reader_study.html"><span[^>]*>the reader study</span></a>', html)
    assert re.search(r'href="08_localisation.html"><span[^>]*>08 Localisation</span></a>', html)
    assert re.search(r'href="22_missing_truth.html"><span[^>]*>the truth</span></a>', html)
    assert '<a class="reference external" href="08_localisation.html">chapter 08</a>' in html
    assert "09_absent, " in text_of(html).replace(" ,", ",")
    assert "and chapter 09." in text_of(html).replace(" .", ".")
    assert "DeLong 1988 (doi:10.2307/2531595)" in text_of(html)


def test_link_to_a_heading_of_a_failed_chapter_leads_to_its_page(tmp_path):
    cells = (
        sample.markdown("See [there](06_failed.ipynb#result) and [own](#how-to-read-this).\n"),
        sample.code("say()", sample.html_output('<p><a href="06_failed.html#x">there</a></p>')),
        sample.code("say()", sample.html_output('<p><a href="77_gone.html">gone</a></p>')),
        sample.markdown("## How to read this\n\nWith care.\n"),
    )
    failed = sample.chapter(
        "06_failed", title="F", question="Q?", part="II", status="failed", reason="it stopped"
    )
    site = build(tmp_path, one_chapter(tmp_path, *cells), failed)
    html = page(site, "chapters/05_standalone_ai.html")
    assert html.count('href="06_failed.html"') >= 2
    assert "06_failed.html#" not in html
    assert "<a>gone</a>" in html.replace("<a >", "<a>")


class Addresses(HTMLParser):
    """Names and addresses of a page."""

    def __init__(self, html):
        super().__init__()
        self.names, self.addresses, self.faults = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.names += [values["id"]] if "id" in values else []
        self.addresses += [values[key] for key in ("href", "src", "action") if values.get(key)]
        if tag == "script" and not values.get("src"):
            self.faults.append("a script in the page")
        self.faults += [name for name in values if name.startswith("on")]


def test_every_link_leads_somewhere(site):
    read = {
        name: Addresses(content.decode())
        for name, content in files(site).items()
        if name.endswith(".html")
    }
    for name, found in read.items():
        assert len(found.names) == len(set(found.names)), name
        for address in found.addresses:
            parts = urlsplit(address)
            if parts.scheme == "data":
                continue
            target = normpath(f"{Path(name).parent}/{unquote(parts.path)}") if parts.path else name
            assert (site / target).is_file(), f"{name}: {address}"
            if parts.fragment:
                assert unquote(parts.fragment) in read[target].names, f"{name}: {address}"


SECRETS = (
    *(b"secretparameter", b"secretinjected", b"secretcode", b"secretpath", b"somebody"),
    *(b"2027-02-01T", b"papermill", b"secretauthor"),
)


def test_code_parameters_errors_and_metadata_stay_behind(site):
    for name, content in files(site).items():
        pictures = re.findall(rb"data:image/png;base64,([A-Za-z0-9+/=]+)", content)
        for text in (content, *map(base64.b64decode, pictures)):
            assert [secret for secret in SECRETS if secret in text] == [], name
        if name.endswith(".html"):
            assert not re.search(rb"<meta[^>]*generator|Sphinx \d|docutils \d", content)
    assert "data:image/png;base64," in page(site, AGAINST)


def test_code_is_shown_folded_on_request_but_never_parameters(tmp_path, book):
    site = build(tmp_path, *book["chapters"], front=book["front"], with_code=True)
    html = page(site, AGAINST)
    assert re.search(r"<details[^>]*>.*?secretcode.*?</details>", html, re.S)
    assert "secretparameter" not in html
    assert "secretinjected" not in html


# --- search ---------------------------------------------------------------------------------------


def index_of(site):
    """The search index: word to the names of its pages."""
    content = json.loads(page(site, "searchindex.js").removeprefix("Search.setIndex(")[:-1])
    names = content["docnames"]
    words = {**content["terms"]}
    for word, places in content["titleterms"].items():
        words.setdefault(word, places)
    return {
        word: {names[place] for place in ([places] if isinstance(places, int) else places)}
        for word, places in words.items()
    }


def test_search_index_holds_what_a_reader_sees_in_outputs(site):
    words = index_of(site)
    against = {"chapters/06_ai_against_readers"}
    assert words["heliotrop"] == against  # alternative text of the figure, by its stem
    assert words["rockett"] == against  # Obuchowski–Rockette, in the facts
    assert words["r1"] == against  # a cell of the table, not glued to its neighbour
    assert "index" in words["nine"]  # the first page's table
    assert "ticklabel" not in words
    assert "r10" not in words


def test_search_index_has_no_diacritics(site):
    words = index_of(site)
    assert {"nhu", "anh", "đuoc".replace("đ", "d"), "chinh", "bac"} <= words.keys()
    assert not [word for word in words if re.search(r"[ăâđêôơưạ-ỹ]", word)]


# --- the book stays inside ------------------------------------------------------------------------


def test_no_web_address_in_any_file_but_licences(site):
    for name, content in files(site).items():
        if not name.endswith(".txt"):
            left = re.sub(
                rb"http://www\.w3\.org/(2000/svg|1998/Math/MathML|1999/xlink)", b"", content
            )
            assert not re.search(rb"https?://", left), name


def test_pages_carry_a_policy_and_no_script_of_their_own(site):
    for name, content in files(site).items():
        if name.endswith(".html"):
            html = content.decode()
            policies = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
            assert len(policies) == 1
            assert "default-src 'none'" in policies[0]
            assert "script-src 'self';" in policies[0]
            assert html.index("Content-Security-Policy") < html.index("<script")
            assert Addresses(html).faults == []


def test_unfit_output_is_replaced_by_a_line_that_says_so(tmp_path):
    cell = sample.code("x", sample.html_output("<p>kept apart</p><script>stolen()</script>"))
    site = build(tmp_path, one_chapter(tmp_path, cell))
    said = article(site, "chapters/05_standalone_ai.html")
    assert "An output is left out of the book: the element <script>" in said
    assert "stolen" not in page(site, "chapters/05_standalone_ai.html")


def hostile_book(tmp_path):
    """A book with every payload in every text and output."""
    every = " ".join(PAYLOADS)
    cells = [sample.code("x", sample.html_output(payload)) for payload in PAYLOADS]
    cells += [sample.code("x", sample.shown(text_markdown=payload)) for payload in PAYLOADS]
    cells += [sample.code("x", sample.stream("stdout", every))]
    complete = one_chapter(tmp_path, *cells, title=every, question=every, answer=every)
    failed = sample.chapter(
        "06_failed", title=every, question=every, part="III", status="failed", reason=every
    )
    hostile = sample.comparison(label_a=PAYLOADS[0], label_b=PAYLOADS[4])
    front = FrontPage(
        title=every, subtitle=every, origin="Study data", answer=every, provenance=every,
        claimed=every, pills=(Pill(every, "hash"),),
        claims=(
            FrontComparison(number="06", label=PAYLOADS[0], comparison=hostile, conclusion=every),
        ),
    )  # fmt: skip
    return build(tmp_path, complete, failed, front=front)


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory):
    """The hostile book, built once."""
    return hostile_book(tmp_path_factory.mktemp("hostile"))


def test_hostile_text_is_only_ever_text(hostile_site):
    for name, content in files(hostile_site).items():
        if name.endswith(".html"):
            found = Addresses(content.decode())
            assert found.faults == [], name
            for address in found.addresses:
                assert not re.match(r"\s*(javascript|vbscript|https?|file|//)", address), address


# --- always the same ------------------------------------------------------------------------------

BUILD = """
import sys
from pathlib import Path
from tests.book_sample import sample_book
from toolkit.study.book import build_book
folder = Path(sys.argv[1])
build_book(folder / "a site", **sample_book(folder / "notes"), scratch=folder / "scratch")
"""


def test_same_bytes_in_another_folder_time_zone_locale_and_hash_seed(site, tmp_path):
    folder = tmp_path / "ở một nơi khác"
    folder.mkdir()
    changed = {
        "TZ": "Asia/Ho_Chi_Minh", "LC_ALL": "C", "LANG": "vi_VN.UTF-8", "PYTHONHASHSEED": "4711",
        "HOME": str(tmp_path), "SOURCE_DATE_EPOCH": "86400",
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        env={**os.environ, **changed}, cwd=ROOT, umask=0o077, check=True, timeout=120,
    )  # fmt: skip
    assert files(folder / "a site") == files(site)


def test_same_bytes_after_another_book_in_the_same_folder(tmp_path):
    chapter = one_chapter(tmp_path)

    def built(title):
        front = FrontPage(title=title, origin="Study data")
        made = files(build(tmp_path, chapter, front=front))
        shutil.rmtree(tmp_path / "site")
        shutil.rmtree(tmp_path / "scratch")
        return made

    other, one = built("Another book"), built("A book")
    assert other["_static/footer.css"] != one["_static/footer.css"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert one == files(build(elsewhere, chapter))


def test_building_leaves_the_process_as_it_was(tmp_path):
    from docutils.parsers.rst import directives, roles
    from sphinx import locale

    def state():
        log = logging.getLogger("sphinx")
        return {
            "environment": dict(os.environ),
            "folder": Path.cwd(),
            "path": list(sys.path),
            "filters": list(warnings.filters),
            "handlers": (list(log.handlers), log.level, log.propagate),
            "translations": dict(locale.translators),
            "directives": dict(directives._directives),
            "roles": dict(roles._roles),
        }

    before = state()
    build(tmp_path, one_chapter(tmp_path))
    assert state() == before


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("See {nothing}`x`.", r"Unknown interpreted text role \"nothing\""),
        ("#### Too deep\n", "Non-consecutive header level increase"),
        ("See {eq}`absent`.", "equation not found: absent|absent"),
        ("[x](#absent)", "absent"),
        ("$x^$", r"the formula 'x\^' cannot be set: MissingSuperScript"),
        ("$\\nosuch{x}$", r"the formula .* holds a command that is not known"),
        ("$\\text{<script>}$", "the formula .* holds the element <script>"),
    ],
)
def test_any_warning_stops_the_book_with_its_text(tmp_path, text, message):
    chapter = one_chapter(tmp_path, sample.markdown(f"## A\n\n{text}\n"))
    with pytest.raises(BookError, match=message) as caught:
        build(tmp_path, chapter)
    assert "chapters/05_standalone_ai.ipynb" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert not (tmp_path / "site").exists()


def test_build_book_refuses_a_folder_with_something_in_it(tmp_path):
    for name in ("site", "scratch"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "precious.txt").touch()
        with pytest.raises(BookError, match=f"the folder {name} is not empty"):
            build(tmp_path, one_chapter(tmp_path))
        (tmp_path / name / "precious.txt").unlink()


def test_build_book_refuses_no_chapters_and_repeated_names(tmp_path):
    with pytest.raises(BookError, match="needs at least one chapter"):
        build(tmp_path)
    chapter = one_chapter(tmp_path)
    with pytest.raises(BookError, match="repeat the name 05_standalone_ai; give each a name"):
        build(tmp_path, chapter, chapter)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "05_standalone_ai: its executed notebook 05_standalone_ai.ipynb does not exist"),
        ("{", "05_standalone_ai.ipynb is not a notebook"),
        ("[]", "05_standalone_ai.ipynb is not a notebook"),
        ("{}", "05_standalone_ai.ipynb is not a notebook"),
    ],
)
def test_build_book_refuses_what_is_no_notebook(tmp_path, content, message):
    chapter = one_chapter(tmp_path)
    chapter.notebook.unlink()
    if content is not None:
        chapter.notebook.write_text(content)
    with pytest.raises(BookError, match=message):
        build(tmp_path, chapter)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "../06"}, r"chapter name '../06' must be two digits, '_'"),
        ({"part": "V"}, "06_a: part must be one of I, II, III, IV, but got 'V'"),
        ({"status": "done"}, "06_a: status must be one of complete, failed, .* got 'done'"),
        ({"marks": ("late",)}, "06_a: marks must be one of partial, .* got 'late'"),
        ({"notebook": None}, "06_a: a complete chapter needs notebook="),
        ({"status": "failed"}, "06_a: status 'failed' needs reason="),
    ],
)
def test_book_chapter_refuses(changes, message):
    values = {
        "name": "06_a", "number": "06", "title": "A", "question": "B?", "part": "II",
        "status": "complete", "notebook": Path("a.ipynb"),
    }  # fmt: skip
    with pytest.raises(BookError, match=message):
        BookChapter(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": " "}, "title is empty"),
        ({"origin": "simulated"}, "origin must be one of Simulated data, .* got 'simulated'"),
        ({"language": "de"}, "language must be one of en, vi, but got 'de'"),
    ],
)
def test_front_page_refuses(changes, message):
    with pytest.raises(BookError, match=message):
        FrontPage(**{"title": "T", "origin": "Study data", **changes})


def test_chapter_in_another_language_uses_its_words(tmp_path):
    front = FrontPage(title="Sách", origin="Simulated data", language="vi")
    site = build(tmp_path, one_chapter(tmp_path), front=front)
    html = page(site, "index.html")
    assert '<html lang="vi"' in html
    assert "1 trên 1 chương hoàn tất" in html
    assert "Dữ liệu mô phỏng" in article(site, "chapters/05_standalone_ai.html")
