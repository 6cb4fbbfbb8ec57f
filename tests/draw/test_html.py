"""Pieces of a page: well-formed, escaped, readable by all, and wrong input refused."""

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from math import inf, nan
from urllib.parse import unquote

import pandas as pd
import pytest

from tests.words.test_sentences import DIFFERENCE, RATIO
from toolkit.draw.html import (
    HIDDEN,
    JUPYTER_STYLE,
    BarMark,
    IntervalBar,
    PairedTables,
    Pill,
    TableColumn,
    TableRow,
    TableView,
    TwoByTwo,
    banner_html,
    bar_track_html,
    csv_text,
    figure_html,
    headline_html,
    interval_bar,
    interval_bar_html,
    provenance_html,
    rich_text,
    shared_range,
    strip_html,
    table_html,
    two_by_two_html,
)

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</td></tr></table><svg onload=alert(1)>",
    "&lt;b&gt; & <b>",
    "*<i onclick=alert(1)>x</i>*",
    "{{ x }} $(x) ${x} <!-- -->",
)
VOID = {"img", "br", "rect", "meta"}
SVG = '<svg class="plot" xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>'


class Checker(HTMLParser):
    """Collects elements, attributes and text, and whether every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.pieces: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        self.pieces.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def table(**changes: object) -> TableView:
    view = TableView(
        title="Accuracy of the AI.",
        columns=[
            TableColumn("", "left"),
            TableColumn("Estimate", span="AUC"),
            TableColumn("95% CI", "center", span="AUC"),
            TableColumn("*P*"),
        ],
        rows=[
            TableRow(["Primary"], "group"),
            TableRow(["AI", "0.817", "0.752–0.882", ".32"], "emphasis"),
            TableRow(["Reader 1", "15.3", "0.783–0.900", "—"], "sub", rule=True),
            ("Reader 2", "0.84", "0.783–0.899", ".5"),
        ],
        foot="*CI*, confidence interval.",
    )
    return replace(view, **changes)


def everything(text: str) -> list[str]:
    """Every piece with the same text in all its places."""
    return [
        rich_text(text),
        strip_html([Pill(text)]),
        banner_html("post_hoc", text, text, link=(text, "#x")),
        headline_html(text, text, bar=bar(text), facts=[(text, text)]),
        provenance_html([text], links=[(text, "x.json")]),
        table_html(
            TableView(
                title=text,
                columns=[TableColumn(text, "left", span=text), TableColumn(text)],
                rows=[TableRow([text], "group"), (text, text)],
                foot=text,
            ),
            number="6.1",
        ),
        two_by_two_html(
            PairedTables(
                tables=(
                    TwoByTwo(title=text, n=text, both=1, row_only=2, column_only=3, neither=4),
                ),
                title=text,
                rows=(text, text),
                columns=(text, text),
                foot=text,
            ),
            number="6.1",
        ),
        figure_html(
            SVG, number="6.1", finding=text, caption=text, alt=text, stamp=text, csv={text: [text]}
        ),
    ]


def bar(text: str) -> IntervalBar:
    mark = BarMark(0.1, text)
    return IntervalBar(
        estimate=0.0, low=-1.0, high=1.0, marks=(mark,), left=text, right=text, label=text
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_an_element_or_an_attribute(payload):
    harmless = [Checker(html) for html in everything("plain text")]
    for html, clean in zip(everything(payload), harmless, strict=True):
        checked = Checker(html)
        names = {name for name, _ in checked.elements} - {"i", "b"}
        assert names <= {name for name, _ in clean.elements} | {"rect"}
        assert not {key for _, found in checked.elements for key in found if key.startswith("on")}
        assert "<script" not in html


def test_text_survives_escaping():
    text = "a < b & \"c\" 'd' Nguyễn"
    for html in everything(text):
        assert text in Checker(html).text


def test_rich_text_knows_three_marks_only():
    assert rich_text("*AUC*, area") == "<i>AUC</i>, area"
    assert rich_text("**a** Whole *range*") == "<b>a</b> Whole <i>range</i>"
    assert rich_text("2 * 3 * 4") == "2 * 3 * 4"
    assert rich_text("P\u00a0=\u00a0.034") == "<i>P</i>\u00a0=\u00a0.034"
    assert rich_text("P\u00a0<\u00a0.001") == "<i>P</i>\u00a0&lt;\u00a0.001"
    assert rich_text("PSI\u00a0=\u00a01") == "PSI\u00a0=\u00a01"
    assert rich_text(f"{HIDDEN * 3} cancers").count('aria-label="hidden"') == 1


def test_table_has_scopes_and_a_name():
    checked = Checker(table_html(table(), number="6.1"))
    assert {found["scope"] for found in checked.named("th")} == {
        "col",
        "colgroup",
        "row",
        "rowgroup",
    }
    assert len(checked.named("th")) == 1 + 3 + 1 + 3  # one head spans, three columns have heads
    (attributes,) = checked.named("table")
    captions = [found.get("id") for found in checked.named("figcaption")]
    assert captions == [attributes["aria-labelledby"]] == ["table-6-1-title"]
    assert "Table 6.1." in checked.text


def test_table_rows_have_the_classes_of_the_style_sheet():
    html = table_html(table(), number="6.1")
    assert '<tr class="em">' in html
    assert '<tr class="sub first">' in html
    assert '<tr class="grp"><th scope="rowgroup" colspan="4">Primary</th></tr>' in html
    assert '<tr class="span"><td colspan="1"></td><th scope="colgroup" colspan="2">' in html
    assert '<figure class="tab" id="table-6-1">' in html
    assert 'class="tab dense"' in table_html(table(dense=True), number="6.1")


def test_table_pads_decimals_of_right_columns():
    html = table_html(table(), number="6.1")
    assert ">15.3\u2007\u2007</td>" in html
    assert ">0.84\u2007</td>" in html


def test_table_without_rows_is_a_head():
    assert "<tbody></tbody>" in table_html(table(rows=[]), number="6.1")


def test_table_refuses_rows_of_another_length():
    message = r"table 'Accuracy of the AI.', row 1 \('AI'\): has 2 cells, but must have 4"
    with pytest.raises(ValueError, match=message):
        table_html(table(rows=[("AI", "0.817")]), number="6.1")
    with pytest.raises(ValueError, match="has 4 cells, but must have 1"):
        table_html(table(rows=[TableRow(["a", "b", "c", "d"], "group")]), number="6.1")
    with pytest.raises(TypeError, match="a row must be a TableRow or a sequence of cells"):
        table_html(table(rows=["four"]), number="6.1")


@pytest.mark.parametrize("number", ["", "6 1", '6"', "6.", "a_b", "<6>"])
def test_numbers_of_tables_and_figures_are_checked(number):
    with pytest.raises(ValueError, match=r"number of a table must look like '6\.1', but got"):
        table_html(table(), number=number)
    with pytest.raises(ValueError, match=r"number of a figure must look like '6\.1', but got"):
        figure_html(SVG, number=number, finding="f", caption="c", alt="a")


def paired(neither: int | None) -> Checker:
    counts = TwoByTwo(
        title="With cancer", n="n = 80", both=43, row_only=11, column_only=17, neither=neither
    )
    view = PairedTables(
        tables=(counts,),
        title="Paired.",
        rows=("AI recalls", "AI does not"),
        columns=("Panel recalls", "Panel does not"),
    )
    return Checker(two_by_two_html(view, number="6.2"))


def test_two_by_two_adds_up_and_shades_discordant_cells():
    checked = paired(9)
    cells = [piece for piece in checked.pieces if piece.isdigit()]
    assert cells == ["43", "11", "54", "17", "9", "26", "60", "20", "80"]
    assert [found.get("class") for found in checked.named("td")].count("dis") == 2
    assert all(found.get("scope") in ("col", "row") for found in checked.named("th"))


def test_two_by_two_can_be_downloaded():
    view = PairedTables(
        title="t",
        tables=(
            TwoByTwo(title="With", n="n = 9", both=1, row_only=2, column_only=6, neither=None),
        ),
        rows=("AI +", "AI \u2212"),
        columns=("R +", "R \u2212"),
    )
    assert rows_of(two_by_two_html(view, number="6.2"), "table-6-2.csv") == [
        ["", " ", "R +", "R \u2212"],
        ["With (n = 9)", "AI +", "1", "2"],
        ["With (n = 9)", "AI \u2212", "6", "not known"],
    ]


def test_two_by_two_makes_no_total_from_what_is_not_known():
    checked = paired(None)
    cells = [piece for piece in checked.pieces if piece.isdigit() or piece == "not known"]
    assert cells == ["43", "11", "54", "17", "not known", "60"]
    assert [found.get("class") for found in checked.named("td")].count("unk") == 1


def places(html: str, kind: str) -> list[float]:
    return [float(place) for place in re.findall(rf'class="{kind}" style="left:([\d.]+)%', html)]


def test_interval_bar_of_a_difference():
    made = interval_bar(DIFFERENCE, left="readers better", right="AI better")
    assert made is not None
    html = interval_bar_html(made)
    # range: -0.0942 to 0.0310 with a tenth of 0.1252 at both ends
    low, span = -0.0942 - 0.01252, 0.1252 * 1.2
    assert places(html, "mar") == [pytest.approx((-0.05 - low) / span * 100, abs=0.01)]
    assert places(html, "zero") == [pytest.approx((0 - low) / span * 100, abs=0.01)]
    assert places(html, "pt") == [pytest.approx((-0.0316 - low) / span * 100, abs=0.01)]
    assert places(html, "zone") == [0.0]
    assert "margin −0.05" in html
    assert "← readers better" in html
    assert "AI better →" in html
    assert ">−0.02<" in html
    assert ">+0.02<" in html
    Checker(html)


def test_interval_bar_of_a_ratio_is_logarithmic():
    made = interval_bar(replace(RATIO, estimate=1.0, ci_low=0.5, ci_high=2.0, margin=0.8))
    assert made is not None
    html = interval_bar_html(made)
    assert places(html, "pt") == places(html, "zero") == [50.0]
    assert ">0.5<" in html


def test_interval_bar_shades_the_worse_side_where_lower_is_better():
    made = interval_bar(replace(DIFFERENCE, better="lower"))
    assert made is not None
    assert made.zones == ((0.05, inf),)


def test_interval_bar_of_nothing_is_none():
    none = replace(DIFFERENCE, estimate=nan, ci_low=nan, ci_high=nan, note="one reader")
    assert interval_bar(none) is None


def test_interval_bar_without_interval_shows_the_point():
    html = interval_bar_html(IntervalBar(estimate=1.0, low=nan, high=nan, null=0.0))
    assert 'class="pt"' in html
    assert 'class="ci"' not in html


def test_interval_bar_with_an_open_end_reaches_the_edge():
    html = bar_track_html(IntervalBar(estimate=1.0, low=0.5, high=inf), low=0.0, high=2.0)
    assert 'class="ci" style="left:25.00%;width:75.00%"' in html


def test_words_over_a_bar_take_two_lines_where_they_would_meet():
    assert interval_bar_html(bar("short")).count('class="top"') == 1
    assert interval_bar_html(bar("a direction that needs much room")).count('class="top"') == 2


def test_ticks_keep_inside_the_bar():
    for low, high in ((-1.0, 1.0), (0.0001, 0.00013), (-1000.0, 3.0)):
        html = interval_bar_html(IntervalBar(estimate=low, low=low, high=high, null=0.0))
        ticks = [float(place) for place in re.findall(r'left:([\d.]+)%">[−+0-9]', html)]
        assert len(ticks) >= 2
        assert min(ticks) >= 2
        assert max(ticks) <= 98


def test_interval_bar_refuses_what_has_no_place():
    with pytest.raises(ValueError, match="estimate of a bar must be finite, but got nan"):
        IntervalBar(estimate=nan, low=0.0, high=1.0)
    with pytest.raises(ValueError, match="a bar on a log axis needs positive values"):
        IntervalBar(estimate=1.0, low=0.0, high=2.0, log=True)


def test_shared_range_holds_all_bars():
    bars = [IntervalBar(estimate=x, low=x - 1, high=x + 1) for x in (0.0, 10.0)]
    low, high = shared_range(bars)
    assert (low, high) == pytest.approx((-1.2, 11.2))


def test_headline_needs_question_and_answer():
    with pytest.raises(ValueError, match="headline needs a question and an answer"):
        headline_html("", "Yes.")
    with pytest.raises(ValueError, match="headline needs a question and an answer"):
        headline_html("Is it?", "  ")


def test_kinds_of_states_are_checked():
    with pytest.raises(ValueError, match="kind must be one of plain, locked, hash, simulated"):
        strip_html([Pill("x", "sim")])
    with pytest.raises(ValueError, match="kind must be one of simulated, post_hoc, immature"):
        banner_html("locked", "x", "y")


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "http://example.org",
        "//example.org/x",
        "/\\example.org",
        "x y",
        'x"onclick="y',
        "",
        "vbscript:x",
    ],
)
def test_links_lead_nowhere_else(href):
    with pytest.raises(ValueError, match="href must be a relative path, #anchor or https address"):
        provenance_html([], links=[("record", href)])


@pytest.mark.parametrize(
    "href",
    [
        "../records/06.json",
        "#cell-7",
        "06.html",
        "./a/b.html#c",
        "/index.html",
        "https://doi.org/x",
    ],
)
def test_links_of_the_book_are_allowed(href):
    assert f'href="{href}"' in provenance_html([], links=[("record", href)])


def figure(**changes: object) -> str:
    choices = {
        "number": "6.1",
        "finding": "The AI finds fewer.",
        "caption": "Empirical ROC.",
        "alt": "ROC curves of the AI.",
        "csv": {"reader": ["R1", "R2"], "auc": [0.842, 0.841]},
        **changes,
    }
    return figure_html(SVG, **choices)


def test_figure_has_number_finding_alt_and_anchor():
    checked = Checker(figure())
    (svg,) = checked.named("svg")
    assert svg["role"] == "img"
    assert svg["aria-label"] == "ROC curves of the AI."
    assert checked.named("figure") == [{"class": "fig", "id": "figure-6-1"}]
    assert checked.text == "Figure 6.1. The AI finds fewer. Empirical ROC. CSV SVG"
    assert 'class="fig fig-narrow"' in figure(narrow=True)


def test_figure_says_in_words_what_is_stamped():
    assert "Empirical ROC. Simulated. " in Checker(figure(stamp="SIMULATED")).text
    assert "ROC. Blinded. Simulated. " in Checker(figure(stamp="BLINDED · SIMULATED")).text


@pytest.mark.parametrize("alt", ["", "   ", "x" * 251])
def test_alt_text_is_required_and_short(alt):
    with pytest.raises(ValueError, match=r"alt must say in 1 to 250 characters .* got \d+ char"):
        figure(alt=alt)


def test_alt_text_of_250_characters_is_allowed():
    assert "x" * 250 in figure(alt="x" * 250)


def test_figure_refuses_what_is_no_svg():
    with pytest.raises(ValueError, match="svg must begin with <svg, as figure_svg returns it"):
        figure_html("<p>no</p>", number="6.1", finding="f", caption="c", alt="a")


def download(html: str, name: str) -> str:
    (address,) = [found["href"] for found in Checker(html).named("a") if found["download"] == name]
    return unquote(address.split(",", 1)[1])


def test_data_can_be_downloaded_at_full_precision():
    text = download(figure(csv={"reader": ["Nguyễn"], "auc": [0.1 + 0.2]}), "figure-6-1.csv")
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        ["reader", "auc"],
        ["Nguyễn", "0.30000000000000004"],
    ]


def rows_of(html: str, name: str) -> list[list[str]]:
    text = download(html, name)
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_every_table_can_be_downloaded_as_it_is_printed():
    view = TableView(
        title="t",
        columns=[
            TableColumn("", "left"),
            TableColumn("n"),
            TableColumn("Diff.", span="AUC"),
            TableColumn("95%\u00a0CI", "center", span="AUC"),
            TableColumn("*P*"),
            TableColumn("*P*"),
        ],
        rows=[
            TableRow(["Readers"], "group"),
            ("R1", "1,234", "\u2212\u20600.030", "\u22120.1 to 0.2", ".034", "<.001"),
            ("=R2", "\u20075", "+0.10", "", "", "67.5%"),
        ],
    )
    assert rows_of(table_html(view, number="6.1"), "table-6-1.csv") == [
        ["", "n", "AUC: Diff.", "AUC: 95% CI", "P", "P (2)"],
        ["Readers", "", "", "", "", ""],
        ["R1", "1234", "-0.030", "\u22120.1 to 0.2", ".034", "<.001"],
        ["'=R2", "5", "0.10", "", "", "67.5%"],
    ]


def test_table_offers_its_data_in_place_of_its_cells_where_it_has_them():
    rows = rows_of(table_html(table(), number="6.1", csv={"auc": [0.1 + 0.2]}), "table-6-1.csv")
    assert rows == [["auc"], ["0.30000000000000004"]]


def test_data_may_be_a_frame():
    frame = pd.DataFrame({"n": [1, 2], "rate": [0.5, nan], "name": ["a", "b"]})
    assert csv_text(frame) == "n,rate,name\r\n1,0.5,a\r\n2,,b\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "=HYPERLINK(1)"])
def test_text_cells_cannot_act_as_formulas(text):
    rows = list(csv.reader(io.StringIO(csv_text({text: [text, -1.5]}), newline="")))
    assert rows == [[f"'{text}"], [f"'{text}"], ["-1.5"]]


def test_picture_can_be_downloaded_with_plain_colours_on_paper():
    svg = SVG.replace("</svg>", '<path style="fill: var(--ai, #0072b2)"/></svg>')
    html = figure_html(svg, number="6.1", finding="f", caption="c", alt="a")
    text = download(html, "figure-6-1.svg")
    assert text.startswith("<svg role=")
    assert 'style="fill: #0072b2"' in text
    assert '<rect width="100%" height="100%" fill="#ffffff"/>' in text
    assert "var(" not in text
    assert "var(--ai, #0072b2)" in html


def test_style_for_jupyter_changes_nothing_in_the_book():
    css = JUPYTER_STYLE.removeprefix("<style>").removesuffix("</style>")
    assert "<" not in css
    for rule in re.findall(r"([^{}]+)\{", css):
        for selector in re.sub(r"\([^)]*\)", "", rule).split(","):
            assert ".jp-OutputArea" in selector, selector
