"""HTML that notebooks put out: what may enter the book, and what it says."""

import pytest

from toolkit.study.book.sources import escape_markdown, is_elsewhere, plain_addresses, read_html

# Ways in which script gets into a page; kinds after the OWASP filter evasion cheat sheet.
PAYLOADS = (
    "<script>window.pwned=1</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<script/src=x.js></script>",
    "<scr<script>ipt>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<img src=x onerror\n=window.pwned=1>",
    "<img/src='x'/onerror=window.pwned=1>",
    "<img src='x' OnErRoR='window.pwned=1'>",
    "<img src=javascript:window.pwned=1>",
    "<img src='https://evil.example/pixel.png'>",
    "<img src='//evil.example/pixel.png'>",
    "<img srcset='https://evil.example/a.png 2x'>",
    "<img src='data:text/html,<script>window.pwned=1</script>'>",
    "<svg onload=window.pwned=1></svg>",
    "<svg/onload=window.pwned=1></svg>",
    "<svg><script>window.pwned=1</script></svg>",
    "<svg><a xlink:href='javascript:window.pwned=1'><text>x</text></a></svg>",
    "<svg><animate onbegin=window.pwned=1 attributeName=x dur=1s></svg>",
    "<svg><set attributeName=href to=javascript:window.pwned=1></set></svg>",
    "<svg><foreignObject><iframe src=x></iframe></foreignObject></svg>",
    "<svg><use href='data:image/svg+xml,x#y'></use></svg>",
    "<svg><image href='https://evil.example/x.png'></image></svg>",
    "<math><maction actiontype='statusline' href='javascript:window.pwned=1'>x</maction></math>",
    "<a href='javascript:window.pwned=1'>x</a>",
    "<a href='JaVaScRiPt:window.pwned=1'>x</a>",
    "<a href='java\tscript:window.pwned=1'>x</a>",
    "<a href='java\nscript:window.pwned=1'>x</a>",
    "<a href='&#106;avascript:window.pwned=1'>x</a>",
    "<a href='&#x6A;avascript&colon;window.pwned=1'>x</a>",
    "<a href=' javascript:window.pwned=1'>x</a>",
    "<a href='\x01javascript:window.pwned=1'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html,<script>window.pwned=1</script>'>x</a>",
    "<a download href='data:text/html,<script>window.pwned=1</script>'>x</a>",
    "<a href='file:///etc/passwd'>x</a>",
    "<a href=x onclick=window.pwned=1>x</a>",
    "<a href=x onmouseover='window.pwned=1'>x</a>",
    "<div onpointerenter=window.pwned=1>x</div>",
    "<details open ontoggle=window.pwned=1>x</details>",
    "<body onload=window.pwned=1>",
    "<iframe src='javascript:window.pwned=1'></iframe>",
    "<iframe srcdoc='<script>window.pwned=1</script>'></iframe>",
    "<object data='x.swf'></object>",
    "<embed src='x.swf'>",
    "<applet code=x></applet>",
    "<form action='https://evil.example'><input name=q></form>",
    "<button formaction='javascript:window.pwned=1'>x</button>",
    "<input autofocus onfocus=window.pwned=1>",
    "<select onchange=window.pwned=1><option>x</select>",
    "<textarea onfocus=window.pwned=1 autofocus></textarea>",
    "<video src=x onerror=window.pwned=1></video>",
    "<audio src=x onerror=window.pwned=1></audio>",
    "<video poster='https://evil.example/x.png'></video>",
    "<table background='https://evil.example/x.png'><tr><td>x</td></tr></table>",
    "<base href='https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<noscript><p title='</noscript><img src=x onerror=window.pwned=1>'></noscript>",
    "<template><script>window.pwned=1</script></template>",
    "<p style='background:url(https://evil.example/x.png)'>x</p>",
    "<p style=\"background:url('javascript:window.pwned=1')\">x</p>",
    "<p style='width:expression(window.pwned=1)'>x</p>",
    "<p style='@import url(x.css)'>x</p>",
    "<xss onclick=window.pwned=1>x</xss>",
    "<marquee onstart=window.pwned=1>x</marquee>",
    "<dialog open>x</dialog>",
    "</div></article></main>",
    "<div>never closed",
    "<style>p{color:red}",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_read_html_refuses(payload):
    assert read_html(payload).faults


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("<script></script>", "the element <script>"),
        ("<p onclick=x>", "the attribute 'onclick'"),
        ("<p style='background:url(x.png)'>", "a style that loads something"),
        ("<a href='data:text/html,x'>x</a>", "an address outside the book in <a href>"),
        ("<section>", "its <section> tags do not pair"),
        ("</section>", "its <section> tags do not pair"),
    ],
)
def test_read_html_names_the_fault(source, fault):
    assert fault in read_html(source).faults


@pytest.mark.parametrize(
    "source",
    [
        '<p class="a">AUC &lt; 1 &amp; P&nbsp;= .034</p>',
        '<svg viewbox="0 0 1 1" role="img"><path d="M0 0"/><text x="1">t</text></svg>',
        '<a href="07_reader_study.html#part">x</a>',
        '<a href="#table-6-1">x</a>',
        '<a href="data:text/csv;charset=utf-8,a%2Cb" download="a.csv">Data</a>',
        '<img src="data:image/png;base64,AAAA" alt="x">',
        '<i class="ci" style="left:2.50%;width:3%"></i>',
        '<g clip-path="url(#a)" style="filter:url(#b)"></g>',
        '<math display="inline"><mi>A</mi></math>',
    ],
)
def test_read_html_passes_clean_html_unchanged(source):
    reading = read_html(source)
    assert reading.html == source
    assert not reading.faults


def test_read_html_lets_end_tags_be_left_out_where_html_does():
    assert not read_html("<table><tr><td>a<td>b<tr><td>c</table><ul><li>d<li>e</ul>").faults


def test_read_html_drops_comments_styles_and_namespaces():
    source = "<!-- a --><style>*{color:red}</style><svg xmlns='http://www.w3.org/2000/svg'></svg>"
    assert read_html(source).html == "<svg></svg>"


def test_read_html_turns_remote_links_into_text():
    reading = read_html(
        '<a href="https://example.org/a" title="https://b.org">see https://c.org</a>'
    )
    assert reading.html == '<a title="b.org">see c.org</a>'
    assert not reading.faults


def test_read_html_cannot_be_read_otherwise_than_checked():
    reading = read_html('<p title="a&quot; onclick=&quot;x">1 < 2 <b>c</b></p>')
    assert reading.html == '<p title="a&quot; onclick=&quot;x">1 &lt; 2 <b>c</b></p>'


def test_read_html_text_parts_words_at_tags_and_leaves_ticks_out():
    source = (
        "<table><tr><td>R1</td><td>0.842</td></tr></table><svg aria-label='ROC curve'>"
        "<title>alt</title><text>tick</text></svg>caf&eacute;<style>p{}</style>"
    )
    assert read_html(source).text == "R1 0.842 ROC curve alt café"


def test_plain_addresses_keeps_dois_readable():
    text = "http://dx.doi.org/10.1/a, HTTPS://example.org"
    assert plain_addresses(text) == "doi:10.1/a, example.org"


def test_escape_markdown_escapes_all_ascii_punctuation():
    assert escape_markdown("a_b  [c](d)\n$e$") == r"a\_b \[c\]\(d\) \$e\$"


@pytest.mark.parametrize(
    ("address", "elsewhere"),
    [
        ("06.html#a", False),
        ("../index.html", False),
        ("#a:b", False),
        ("https://example.org", True),
        ("//example.org", True),
        (" java\tscript:x", True),
        ("data:text/csv,x", True),
    ],
)
def test_is_elsewhere(address, elsewhere):
    assert is_elsewhere(address) is elsewhere
