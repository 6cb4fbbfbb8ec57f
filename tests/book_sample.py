"""A small simulated book for the tests: executed notebooks written by code, and their chapters."""

import base64
import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

from toolkit.draw import html
from toolkit.results import Comparison
from toolkit.study.book import BookChapter, FrontPage, Pill
from toolkit.study.book.contents import FrontComparison
from toolkit.study.book.trail import Trail

SVG = (
    '<svg class="plot" viewBox="0 0 460 300" width="460" height="300" xmlns="http://www.w3.org/2000/svg">'
    '<defs><clipPath id="roc-clip"><rect x="40" y="10" width="400" height="250"/></clipPath></defs>'
    '<path d="M40 260H440M40 260V10" style="fill:none;stroke:var(--axis,#8b96a1)"/>'
    '<g clip-path="url(#roc-clip)"><path d="M40 260C60 60 160 30 440 10" '
    'style="fill:none;stroke:var(--ai,#0072b2);stroke-width:3"/></g>'
    "<text x='200' y='120' style='font:600 15px Study Sans;fill:var(--ai,#0072b2)'>AI alone</text>"
    "<text x='210' y='290' style='font:13px Study Sans;fill:var(--ink,#1d2730)'>ticklabel</text>"
    "</svg>"
)


def comparison(**changes):
    """Return the primary comparison of Hupse 2013 as the picture of the book has it."""
    published = Comparison(
        quantity="auc", unit="probability", estimate=-0.032, std_error=0.032, ci_low=-0.094,
        ci_high=0.031, ci_level=0.95, ci_method="Obuchowski-Rockette", method="MRMC",
        label_a="nine radiologists", label_b="AI alone", estimate_a=0.849, estimate_b=0.817,
        effect="difference", statistic=-1.0, df=30.0, p_value=0.32, margin=0.05, better="higher",
        p_noninferiority=0.28,
    )  # fmt: skip
    return replace(published, **changes)


def png_with_text(text):
    """Return a picture of one pixel that carries a text nobody sees."""

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    content = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"tEXt", b"Author\x00" + text.encode())
        + chunk(b"IDAT", zlib.compress(b"\x00\x80"))
        + chunk(b"IEND", b"")
    )
    return base64.b64encode(content).decode()


def markdown(source):
    """Return a Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True)}


def code(source, *outputs, tags=()):
    """Return an executed code cell with what a kernel and papermill add to it."""
    return {
        "cell_type": "code",
        "execution_count": 3,
        "metadata": {"tags": list(tags), "papermill": {"start_time": "2027-02-01T10:00:00"}},
        "source": source.splitlines(keepends=True),
        "outputs": list(outputs),
    }


def shown(**data):
    """Return a displayed output; ``text_html`` stands for text/html."""
    return {
        "output_type": "display_data",
        "data": {kind.replace("_", "/"): content for kind, content in data.items()},
        "metadata": {},
    }


def html_output(content):
    """Return an HTML output with the plain text that IPython puts beside it."""
    return shown(text_html=content, text_plain="<IPython.core.display.HTML object>")


def stream(name, text):
    """Return what a cell printed."""
    return {"output_type": "stream", "name": name, "text": [text]}


def write_notebook(path, *cells):
    """Write an executed notebook with the metadata that papermill leaves in it."""
    content = {
        "cells": list(cells),
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python", "version": "3.11.7"},
            "papermill": {"input_path": "/home/somebody/06.ipynb", "duration": 3.21},
            "toolkit": {"part": "II", "needs": []},
            "mystnb": {"execution_mode": "force"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


STRIP = html.strip_html([Pill("Simulated data", "simulated"), Pill("Plan v1.2", "locked")])
PROVENANCE = html.provenance_html(["06_ai_against_readers.ipynb", "data 4c81e0a7"])


def table_view():
    """Return a table as chapters make it."""
    column = html.TableColumn
    return html.TableView(
        title="Accuracy of the AI and of each radiologist.",
        columns=[
            column("", align="left"),
            column("Estimate", span="AUC"),
            column("95% CI", align="center", span="AUC"),
        ],
        rows=[
            html.TableRow(["AI alone", "0.817", "0.752–0.882"], kind="emphasis"),
            html.TableRow(["Radiologist R1", "0.842", "0.783–0.900"], rule=True),
            ["Radiologist R2", "0.841", "0.783–0.899"],
        ],
        foot="200 examinations, one per woman. CI: DeLong.",
    )


def headline():
    """Return the headline of chapter 06."""
    return html.headline_html(
        "Is the AI alone as accurate as the average radiologist?",
        "The AI reached an AUC of 0.817, the nine radiologists 0.849 on average: a "
        "difference of −0.032 (95% CI −0.094 to 0.031), and the interval crosses the margin.",
        bar=html.interval_bar(comparison(), left="readers better", right="AI better"),
        facts=[
            ("Examinations", "200 (80 cancers)"),
            ("Radiologists", "9, each read all"),
            ("Analysis", "Obuchowski–Rockette, readers and cases random"),
            ("Conclusion", "Non-inferiority not shown"),
        ],
    )


def figure():
    """Return a figure as chapters show it."""
    return html.figure_html(
        SVG,
        number="6.1",
        finding="The AI finds fewer of the cancers.",
        caption="Empirical ROC curves; *AUC*, area under the curve.",
        alt="ROC curve of the heliotrope AI alone.",
        csv={"x": [0.0, 1.0]},
    )


def against_readers(folder):
    """Write chapter 06 with everything that a chapter can hold."""
    link = "see [chapter 08](08_localisation.ipynb) and [chapter 09](09_absent.ipynb)"
    return write_notebook(
        folder / "06.ipynb",
        markdown("# 06 AI against readers\n\nStandalone AI and nine radiologists.\n"),
        code('tables: str = "secretparameter"', tags=["parameters"]),
        code('tables = "secretinjected"', tags=["injected-parameters"]),
        code("load_tables()  # secretcode", html_output(html.JUPYTER_STYLE), html_output(STRIP)),
        code("headline(...)", html_output(headline())),
        markdown(
            "## Discrimination\n\nThe area is $\\hat A$; its variance, following "
            "[the reader study](07_reader_study.ipynb), is\n\n"
            "$$\\mathrm{Var}(\\hat A) = \\frac{S_{10}}{m} + \\frac{S_{01}}{n}$$ (variance)\n\n"
            "as {eq}`variance` says; see also [](08_localisation.ipynb), {doc}`09_absent`, "
            "{doc}`the truth <22_missing_truth>` and "
            "[DeLong 1988](https://doi.org/10.2307/2531595).\n"
        ),
        code("show(figure)", html_output(figure())),
        code("table(view)", html_output(html.table_html(table_view(), number="6.1"))),
        code("say(...)", shown(text_markdown=f"The AUC was **0.817**; {link}.")),
        code("plt.show()", shown(image_png=png_with_text("secretauthor"), text_plain="<Figure>")),
        code("warn()", stream("stderr", "/home/somebody/secretpath: UserWarning")),
        code("print()", stream("stdout", "two lines\nof text")),
        markdown("## Độ chính xác\n\nNhũ ảnh được đọc bởi chín bác sĩ.\n"),
        markdown("## How to read this\n\nThe set is enriched.\n"),
        code("save_record(...)", html_output(PROVENANCE)),
    )


def plain_chapter(folder, number, title):
    """Write a chapter of one heading and one paragraph."""
    return write_notebook(
        folder / f"{number}.ipynb",
        markdown(f"# {number} {title}\n\nA question about {title.lower()}?\n"),
        code("load", html_output(STRIP)),
        markdown("## Result\n\nIt is what it is.\n\n### In detail\n\nMore.\n"),
        markdown("## How to read this\n\nWith care.\n"),
    )


def record(answer, primary=None, marks=()):
    """Return the part of a record that the first page reads."""
    headline = {"question": "", "answer": answer, "marks": list(marks)}
    if primary is not None:
        headline["primary"] = primary.to_dict()
    return {"format": 1, "headline": headline, "results": {}}


READER_STUDY = comparison(
    label_a="spin-echo MRI",
    label_b="cine MRI",
    estimate=0.044,
    ci_low=-0.0004,
    ci_high=0.088,
    margin=None,
)
TOMOSYNTHESIS = comparison(
    label_a="mammography",
    label_b="tomosynthesis",
    quantity="wafroc",
    unit="index",
    estimate=0.101,
    ci_low=0.036,
    ci_high=0.166,
    margin=None,
)
DETECTION = comparison(
    label_a="double reading",
    label_b="reading with AI",
    quantity="cancer_detection_rate",
    unit="ratio",
    effect="ratio",
    estimate=1.17,
    ci_low=1.02,
    ci_high=1.35,
    margin=0.9,
)
COMPLETE = (
    ("01_data_quality", "Data quality", "I", "Can the data be trusted as they arrived?",
     record("Yes, after 41 corrected rows; 147 examinations have no AI score.")),
    ("07_reader_study", "Reader study", "II", "Do the same readers become more accurate?",
     record("Not shown. AUC 0.897 to 0.941; difference +0.044.", READER_STUDY)),
    ("08_localisation", "Localisation", "II", "Are more lesions found in the right place?",
     record("Yes. Weighted AFROC 0.711 to 0.812; difference +0.101.", TOMOSYNTHESIS)),
    ("11_subgroups", "Subgroups", "II", "Does the answer hold in dense breasts?",
     record("No interaction seen; the plan did not name this split.", marks=["post_hoc"])),
    ("21_main_analysis", "Main analysis", "III", "Does reading with AI find more cancers?",
     record("Screen-detected cancers only, until month 36.", DETECTION, marks=["immature"])),
)  # fmt: skip


def chapter(name, **fields):
    """Return a chapter whose number is that of its name."""
    return BookChapter(name=name, number=name[:2], **fields)


TRAIL = Trail(
    parameters={"ai_cutoff": 9.5, "endpoint": "auc", "margins": None},
    data=[
        ("reader_study.cases", f"147 rows, sha256 {'4c81e0a7' * 8}"),
        ("reader_study.cases, dates of examinations", "2021-07-01 to 2023-06-30"),
    ],
    versions=[("toolkit", "0.4.0")],
    code=[("06.ipynb", f"sha256 {'1f' * 32}")],
)


def sample_book(folder: Path) -> dict:
    """Write the notebooks and return what ``build_book`` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    chapters = [
        chapter(
            name,
            title=f"{name[:2]} {title}",
            part=part,
            question=question,
            status="complete",
            notebook=plain_chapter(folder, name[:2], title),
            record=kept,
        )
        for name, title, part, question, kept in COMPLETE
    ]
    against = chapter(
        "06_ai_against_readers",
        title="06 AI against readers",
        part="II",
        question="Is the AI alone as accurate as the average radiologist?",
        status="complete",
        notebook=against_readers(folder),
        record=record("Not shown. AUC 0.817 and 0.849; difference −0.032.", comparison()),
        trail=TRAIL,
    )
    chapters.insert(1, against)
    chapters += [
        chapter(
            "22_missing_truth",
            title="22 Missing truth",
            part="III",
            question="How far could unverified women change this?",
            status="failed",
            reason="stopped at cell 7 of 15: readings.csv, key (reader_id, case_id) repeats",
            answer="Nothing, by 0.666.",
            notebook=write_notebook(folder / "22.ipynb", markdown("# 22\n\nunseen 0.666")),
            record=record("Nothing, by 0.666.", comparison(estimate=0.666, ci_high=0.7)),
        ),
        chapter(
            "23_benchmarks",
            title="23 Benchmarks and audit",
            part="III",
            question="How does the service compare?",
            status="left_out",
            reason="The data hold no cases.interval_class.",
        ),
        chapter(
            "30_sample_size",
            title="30 Sample size",
            part="IV",
            question="What can this study detect?",
            status="not_run",
            reason="not among the chapters asked for",
        ),
    ]
    front = FrontPage(
        title="AI in mammography",
        subtitle="Study book, retrospective and prospective parts. Trí tuệ nhân tạo trong đọc "
        "X-quang tuyến vú: hồi cứu và tiến cứu.",
        origin="Simulated data",
        pills=(Pill("Plan v1.2 locked", "locked"), Pill("data 4c81e0a7", "hash")),
        answer="With AI, 6.2 instead of 5.3 cancers were found per 1,000 women.",
        claimed="Two of three claims of the plan are shown.",
        claims=(
            FrontComparison(
                number="06",
                label="AUC",
                comparison=comparison(),
                role="ai",
                conclusion="Non-inferiority not shown",
            ),
            FrontComparison(
                number="07",
                label="AUC",
                comparison=READER_STUDY,
                role="aided",
                conclusion="Superiority shown",
            ),
            FrontComparison(
                number="21",
                label="Detection rate",
                comparison=DETECTION,
                role="aided",
                conclusion="Non-inferiority shown",
            ),
        ),
        estimates=(
            FrontComparison(number="08", label="AFROC", comparison=TOMOSYNTHESIS, role="aided"),
        ),
        provenance="index · data sha256 4c81e0a7 · toolkit 0.4.0",
    )
    return {"front": front, "chapters": chapters}
