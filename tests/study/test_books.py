"""The study books: where the file has no plan, no page speaks in the words of one."""

import re
from html import unescape
from pathlib import Path

import pytest

from toolkit.study.parameters.file import load_parameters
from toolkit.study.run.run import RunOptions, run_study

ROOT = Path(__file__).resolve().parents[2]
DATA = {
    "hupse2013": "dataset09",
    "hupse2013_lroc": "datasetCadLroc",
    "tomosynthesis": "dataset01",
    "braix": "braix",
}
WORDS = re.compile(
    r"\b(?:plan(?:ned)?|pre-?(?:set|specified|planned)|primary|secondary|confirmatory|verdicts?|"
    r"non-?inferior\w*|inferiority|superiority|margins?)\b"
    r"|\b(?:difference|equivalence) (?:not )?shown\b|(?:^|[.?>] )(?:Yes|No|Not shown)\. ",
    re.IGNORECASE,
)
# What a book without a plan says of just that.
ALLOWED = (
    "No plan: nothing here is a confirmatory result.",
    "No plan: an estimate, nothing confirmatory",
    "No plan: estimates only",
    "No plan fixed before the data were seen which comparisons matter.",
    "No plan claims anything of them.",
    "Plan plan none: nothing here is a confirmatory result",
)
# Of enrolment, whose plan stands in the parameters of the chapter itself.
WATCHED = "20_monitoring.html"


def shown_text(path):
    """What a reader sees of a page without its scripts, styles and names of parameters."""
    html = path.read_text(encoding="utf-8")
    article = re.search(r"<article\b.*?</article>", html, re.DOTALL)[0]
    for hidden in ("script", "style", "code"):
        article = re.sub(rf"<{hidden}\b.*?</{hidden}>", " ", article, flags=re.DOTALL)
    text = unescape(re.sub(r"<[^>]+>", " ", article))
    text = re.sub(r"\s+", " ", text)
    for sentence in ALLOWED:
        text = text.replace(sentence, "")
    return text


def words_of_a_plan(site):
    """Each word of a plan with its page and what stands around it."""
    pages = [site / "index.html", *sorted(site.glob("chapters/*.html"))]
    found = []
    for page in pages:
        text = "" if page.name == WATCHED else shown_text(page)
        for match in WORDS.finditer(text):
            around = text[max(0, match.start() - 50) : match.end() + 40]
            found.append(f"{page.name}: ...{around}...")
    assert len(pages) > 2
    return found


def book_of(parameters, out, *, data=None):
    """Run a study and return its book."""
    report = run_study(parameters, RunOptions(out=out, data=data))
    assert report.finished.failed == {}
    return out


def test_simulated_study_without_its_plan_has_no_word_of_one(tmp_path):
    text = (ROOT / "parameters" / "demo.yaml").read_text(encoding="utf-8")
    before, plan, rest = re.split(r"^(plan:\n(?:[ #].*\n)+)", text, maxsplit=1, flags=re.MULTILINE)
    assert "primary" in plan
    without = re.sub(r"(_margin: )[0-9.]+", r"\1null", before + rest)
    path = tmp_path / "unplanned.yaml"
    path.write_text(without, encoding="utf-8")
    site = book_of(path, tmp_path / "book")
    assert words_of_a_plan(site) == []
    first = (site / "index.html").read_text(encoding="utf-8")
    assert "No plan: nothing here is a confirmatory result." in first
    assert "Conclusion" not in first


@pytest.mark.parametrize("study", DATA)
def test_book_of_public_data_speaks_of_a_plan_only_if_it_has_one(study, reference_data, tmp_path):
    path = ROOT / "parameters" / f"{study}.yaml"
    assert load_parameters(path).plan is None
    site = book_of(path, tmp_path / "book", data=reference_data / "data" / DATA[study])
    assert words_of_a_plan(site) == []


def test_a_blinded_book_holds_no_chapter_that_tells_its_readings_apart(tmp_path):
    text = (ROOT / "parameters" / "demo.yaml").read_text(encoding="utf-8")
    path = tmp_path / "blinded.yaml"
    path.write_text(text.replace("blinded: false", "blinded: true"), encoding="utf-8")
    out = tmp_path / "book"
    report = run_study(path, RunOptions(out=out, chapters=("20", "21", "90")))
    reason = "the prospective part is blinded, and this chapter tells its readings apart"
    left_out = ("21_prospective_main",)
    assert report.finished.left_out == dict.fromkeys(left_out, reason)
    first = (out / "index.html").read_text(encoding="utf-8")
    assert "left out until the study is unblinded" in first
    assert reason[1:] in first
    watched = (out / "chapters" / "20_monitoring.html").read_text(encoding="utf-8")
    assert watched.count("BLINDED · SIMULATED") >= 3
    assert "Cannot be judged yet" in (out / "chapters" / "90_synthesis.html").read_text("utf-8")


def test_the_measure_finds_words_of_a_plan(tmp_path):
    (tmp_path / "chapters").mkdir()
    page = "<article><p>{}</p></article>"
    texts = {
        "index": "No plan: estimates only",
        "chapters/05_a": "The cut-offs of the plan",
        "chapters/06_b": "AUC fell. Not shown. The rest",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.html").write_text(page.format(text), encoding="utf-8")
    assert len(words_of_a_plan(tmp_path)) == 2
