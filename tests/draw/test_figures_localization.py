"""Figures of localization: what is drawn, in which colours, named without overlap, or refused."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import combinations
from math import nan
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.draw.test_figures import texts_of
from toolkit.draw.froc import CurvePanel, FrocLine, curves_figure
from toolkit.draw.lesions import TypeRow, lesion_type_figure
from toolkit.draw.style import color, wrapped
from toolkit.draw.svg import figure_svg
from toolkit.results import Curve, Estimate
from toolkit.words.palette import ROLES

LONG = (
    "Tomosynthesis with synthetic mammography and decision support, version 2.1 of the product, "
    "second configuration"
)


def curve(end: float, height: float = 0.8, *, kind: str = "froc", n: int = 25) -> Curve:
    """A curve up to its last mark; of other kinds it goes on to (1, 1) unsupported."""
    x = np.linspace(0, end, n)
    y = height * (x / end) ** 0.35
    threshold = np.linspace(10, 1, n)
    if kind != "froc":
        x, y, threshold = np.append(x, 1), np.append(y, 1), np.append(threshold, -np.inf)
    return Curve(kind=kind, x=x, y=y, threshold=threshold, method="made up")


def point_curve(x: float, y: float) -> Curve:
    return Curve(kind="froc", x=np.array([x]), y=np.array([y]), threshold=np.ones(1), method="")


def lines(n_readers: int = 5, *, kind: str = "froc", long: bool = False) -> list[FrocLine]:
    spread = 0.5 / max(n_readers, 1)
    return [
        FrocLine(
            label="Mammography\nthin lines, single readers",
            curve=curve(0.2, 0.6, kind=kind),
            readers=[
                curve(0.2 + spread * k, 0.6 + 0.2 / (k + 1), kind=kind) for k in range(n_readers)
            ],
            role="unaided",
        ),
        FrocLine(
            label=LONG if long else "Tomosynthesis",
            curve=curve(0.3, 0.8, kind=kind),
            readers=[
                curve(0.3 + spread * k, 0.7 + 0.2 / (k + 1), kind=kind) for k in range(n_readers)
            ],
        ),
        FrocLine(label="AI alone", curve=curve(0.6, 0.7, kind=kind), role="ai", floor=True),
    ]


def froc_of(lines_: list[FrocLine], **labels: str) -> Figure:
    words_ = {"x_label": "False marks per case", "y_label": "Lesions found", **labels}
    return curves_figure([CurvePanel(title="FROC", lines=lines_, counts=True, **words_)])


def froc(n_readers: int = 5, *, long: bool = False) -> Figure:
    return froc_of(lines(n_readers, long=long))


def square(n: int = 2, n_readers: int = 5, *, long: bool = False) -> Figure:
    panels = [
        CurvePanel(
            title="Weighted AFROC",
            lines=lines(n_readers, kind="wafroc", long=long),
            x_label="Healthy examinations of either breast that were recalled for any place",
            y_label="Weighted lesions found",
        ),
        CurvePanel(
            title="Inferred ROC",
            lines=lines(n_readers, kind="roc", long=long),
            x_label="1 − specificity",
            y_label="Sensitivity",
            chance=True,
        ),
    ]
    return curves_figure(panels[:n])


def share(estimate: float, low: float = nan, high: float = nan) -> Estimate:
    return Estimate(
        quantity="lesion sensitivity", unit="probability", estimate=estimate, std_error=nan,
        ci_low=low, ci_high=high, ci_level=0.95, ci_method="percentile", method="x", note="few",
    )  # fmt: skip


def types(*, pairs: bool = True, labels: tuple[str, str] = ("DM", "DBT")) -> Figure:
    rows = [
        TypeRow(label="Mass", a=share(0.45, 0.34, 0.56), b=share(0.665, 0.55, 0.76), n=63),
        TypeRow(label="Architectural distortion or asymmetry", a=share(0.5, 0.3, 0.7),
                b=share(1.0), n=16),
        TypeRow(label="Other", a=share(nan), b=share(nan), n=0),
    ]  # fmt: skip
    rows = rows if pairs else [replace(row, b=None) for row in rows]
    return lesion_type_figure(rows, labels=labels)


FIGURES: dict[str, Callable[..., Figure]] = {
    "froc_floor": froc,
    "froc_of_one": lambda: froc(1),
    "froc_of_twenty": lambda: froc(20),
    "froc_long_names": lambda: froc(long=True),
    "square_one": lambda: square(1),
    "square_two": square,
    "square_of_twenty": lambda: square(1, 20),
    "square_long_names": lambda: square(long=True),
    "types": types,
    "types_of_one": lambda: types(pairs=False),
    "types_long_names": lambda: types(labels=(LONG, LONG)),
}
# One of each, for what takes a process of its own.
ELSEWHERE = ("froc_floor", "square_two", "types")
every_figure = pytest.mark.parametrize("name", FIGURES)


@cache
def draw(name: str) -> Figure:
    """A figure, drawn once for all tests that only look at it."""
    return FIGURES[name]()


@cache
def svg_of(name: str) -> str:
    return figure_svg(draw(name), name="figure-8-1", stamp="SIMULATED")


@cache
def texts_in(name: str) -> list:
    return texts_of(draw(name))


def words(figure: Figure) -> list[str]:
    return [text for text, _ in texts_of(figure)]


def markers(figure: Figure, shape: str, *, panel: int = 0) -> list:
    """Lines of one axes that are drawn with a marker, in the order of drawing."""
    return [line for line in figure.axes[panel].lines if line.get_marker() == shape]


@every_figure
def test_every_colour_is_a_role_and_ids_are_its_own(name):
    svg = svg_of(name)
    ids = [e.get("id") for e in ElementTree.fromstring(svg).iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for role, (light, _) in ROLES.items():
        svg = svg.replace(f"var(--{role}, {light})", "")
    assert not re.findall(r"#[0-9a-fA-F]{6}\b", re.sub(r"url\(#[^)]*\)|href=\"#[^\"]*", "", svg))


@every_figure
def test_text_lies_inside(name):
    figure = draw(name)
    width, height = figure.get_size_inches() * figure.dpi
    for text, extent in texts_in(name):
        assert extent.x0 > -2, text
        assert extent.y0 > -2, text
        assert extent.x1 < width + 2, text
        assert extent.y1 < height + 3, text


@every_figure
def test_no_two_texts_lie_over_each_other(name):
    for (one, first), (other, second) in combinations(texts_in(name), 2):
        width = min(first.x1, second.x1) - max(first.x0, second.x0)
        height = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert width < 2 or height < 4, f"{one!r} over {other!r}"


def test_the_same_bytes_in_another_process():
    code = (
        "import hashlib\n"
        "from tests.draw.test_figures_localization import ELSEWHERE, svg_of\n"
        "for name in ELSEWHERE: print(hashlib.sha256(svg_of(name).encode()).hexdigest())\n"
    )
    environment = {**os.environ, "TZ": "Asia/Ho_Chi_Minh", "LC_ALL": "C", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**environment, "PYTHONHASHSEED": "7"},
        cwd=Path(__file__).parents[2],
    )
    here = [hashlib.sha256(svg_of(name).encode()).hexdigest() for name in ELSEWHERE]
    assert done.stdout.split() == here


@pytest.mark.parametrize(("n", "size"), [(1, 4.6), (2, 7.5)], ids=["one", "two"])
def test_square_panels_are_square_and_as_wide_as_the_book(n, size):
    figure = square(n=n, n_readers=0)
    assert figure.get_size_inches()[0] == size
    for axes in figure.axes:
        assert axes.bbox.width == pytest.approx(axes.bbox.height)
        assert (axes.get_xlim(), axes.get_ylim()) == ((0, 1), (0, 1))


def test_froc_ends_at_the_last_mark_and_its_axis_at_the_farthest():
    figure = froc()
    longest = max(np.max(line.get_xdata()) for line in figure.axes[0].lines)
    end, step = figure.axes[0].get_xlim()[1], np.diff(figure.axes[0].get_xticks())[0]
    assert longest <= end < longest + step
    heavy = [line for line in figure.axes[0].lines if line.get_linewidth() == 2.4]
    assert [line.get_xdata()[-1] for line in heavy] == pytest.approx([0.2, 0.3, 0.6])


def test_last_marks_have_the_sign_of_their_role():
    figure = froc(n_readers=0)
    for shape, role, face in (("o", "unaided", "paper"), ("^", "aided", "aided")):
        (end,) = markers(figure, shape)
        assert end.get_markeredgecolor() == color(role)
        assert end.get_markerfacecolor() == color(face)
    dashes = [line.get_linestyle() for line in figure.axes[0].lines if line.get_linewidth() == 2.4]
    assert dashes == ["--", "-", "-"]


def test_the_export_floor_is_an_open_end_with_its_words():
    (end,) = markers(froc(n_readers=0), "s")
    assert end.get_markerfacecolor() == color("paper")
    assert end.get_markeredgecolor() == color("ai")
    assert words(draw("froc_floor")).count("export floor") == 1
    filled = froc_of([replace(line, floor=False) for line in lines(0)])
    assert markers(filled, "s")[-1].get_markerfacecolor() == color("ai")
    assert "export floor" not in words(filled)


def test_every_reader_is_drawn_thin_with_a_small_end():
    figure = draw("froc_of_twenty")
    thin = [line for line in figure.axes[0].lines if line.get_linewidth() == 0.7]
    small = [line for line in figure.axes[0].lines if line.get_markersize() == 3]
    assert len(thin) == 40
    assert len([line for line in small if line.get_marker() != "None"]) == 40


def test_what_no_mark_supports_is_dotted_from_the_last_mark_on():
    figure = square(n=1, n_readers=0)
    dotted = [line for line in figure.axes[0].lines if line.get_linewidth() == 1.6]
    for line, end in zip(dotted, (0.2, 0.3, 0.6), strict=True):
        assert line.get_xdata().tolist() == pytest.approx([end, 1.0])
    ends = [markers(figure, shape)[0].get_xdata()[0] for shape in "o^s"]
    assert ends == pytest.approx([0.2, 0.3, 0.6])


def test_chance_is_drawn_only_where_it_has_a_meaning():
    figure = square(n=2, n_readers=0)
    assert words(figure).count("chance") == 1
    assert not any(line.get_color() == color("band2") for line in figure.axes[0].lines)
    assert any(line.get_color() == color("band2") for line in figure.axes[1].lines)


def test_curves_without_marks_perfect_or_undefined_are_drawn_or_said():
    perfect = Curve(
        kind="froc", x=np.zeros(2), y=np.array([0.0, 1]), threshold=np.ones(2), method=""
    )
    odd = [
        FrocLine(label="No marks", curve=point_curve(0, 0), role="unaided"),
        FrocLine(label="Perfect", curve=perfect),
        FrocLine(label="No lesions", curve=point_curve(nan, nan), role="ai"),
    ]
    figure = froc_of(odd)
    assert figure.axes[0].get_xlim() == (0, 1)
    assert words(figure).count("not defined") == 1
    assert markers(figure, "^")[0].get_ydata()[0] == 1
    assert not markers(figure, "s")
    panel = CurvePanel(title="", lines=odd, x_label="x", y_label="y")
    assert words(curves_figure([panel])).count("not defined") == 1


def test_names_too_long_for_the_plot_stand_below_it_all_of_them():
    texts = words(draw("froc_long_names"))
    assert "AI alone" in texts
    assert "Mammography, thin lines, single readers" in texts
    assert any(text.startswith("Tomosynthesis with synthetic") for text in texts)
    assert texts.count("export floor") == 1
    taller = draw("froc_long_names").get_size_inches()[1] - draw("froc_floor").get_size_inches()[1]
    assert taller > 0.5
    undefined = FrocLine(label=LONG, curve=point_curve(nan, nan))
    assert " ".join(words(froc_of([undefined]))).endswith("not defined")


def test_axis_labels_say_what_marks_are_counted_per():
    figure = froc_of(lines(0), x_label="False marks per image", y_label="Cancers found")
    assert {"False marks per image", "Cancers found"} <= set(words(figure))


def test_curves_refuse_too_many_panels_and_shares_beyond_one():
    panel = CurvePanel(title="AFROC", lines=lines(0), x_label="x", y_label="y")
    for panels in ([], [panel] * 3):
        with pytest.raises(ValueError, match=f"draws one or two panels, but got {len(panels)}"):
            curves_figure(panels)
    wide = replace(panel, lines=[FrocLine(label="R1", curve=replace(curve(1.5), label="R1"))])
    match = r"panel 'AFROC': shares must lie within 0 and 1, but 'R1' reaches 1\.5"
    with pytest.raises(ValueError, match=match):
        curves_figure([wide])
    assert curves_figure([replace(wide, counts=True)]).axes[0].get_xlim()[1] >= 1.5


def test_types_are_written_with_counts_percent_and_interval():
    texts = words(types())
    assert {"Mass (63)", "45.0%", "66.5%", "Found", "95%\u00a0CI"} <= set(texts)
    assert any(re.fullmatch("34.0.*56.0", text) for text in texts)
    (axes,) = types().axes
    assert axes.get_xlim() == (0, 1)
    first, second = (next(line for line in axes.lines if line.get_marker() == m) for m in "o^")
    assert (first.get_xdata()[0], second.get_xdata()[0]) == (0.45, 0.665)
    assert (first.get_markerfacecolor(), second.get_markerfacecolor()) == (
        color("paper"),
        color("aided"),
    )
    assert first.get_ydata()[0] < second.get_ydata()[0]  # a above b


def test_undefined_shares_are_words_and_missing_intervals_a_dash():
    texts = words(types())
    assert texts.count("not defined") == 2
    assert texts.count("—") == 3  # two shares, one interval
    assert "100.0%" in texts


def test_one_modality_has_one_row_a_type():
    figure = types(pairs=False)
    assert "DBT" not in words(figure)
    assert not markers(figure, "^")
    assert len(markers(figure, "o")) == 2


def test_an_ai_has_its_own_sign_among_types():
    row = TypeRow(label="Mass", a=share(0.5, 0.4, 0.6), b=share(0.6, 0.5, 0.7), n=9)
    figure = lesion_type_figure([row], labels=("R", "AI"), roles=("unaided", "ai"))
    (square_,) = markers(figure, "s")
    assert square_.get_markerfacecolor() == color("ai")
    assert not markers(figure, "^")


def test_types_refuse_what_the_axis_cannot_hold():
    row = TypeRow(label="Mass", a=share(0.5), b=None, n=3)
    with pytest.raises(ValueError, match="rows must hold at least one row, but there is none"):
        lesion_type_figure([], labels=("a", "b"))
    with pytest.raises(
        ValueError, match=r"row 'Mass': the share b must lie between 0 and 1, but is 4"
    ):
        lesion_type_figure([replace(row, b=share(44.9))], labels=("a", "b"))
    with pytest.raises(ValueError, match="row 'Mass': n must be 0 or more, but got -1"):
        lesion_type_figure([replace(row, n=-1)], labels=("a", "b"))


def test_wrapped_text_keeps_its_words():
    assert wrapped("one two three", 10.0) == ["one two three"]
    assert wrapped("one two three", 0.01) == ["one", "two", "three"]
    assert wrapped("", 1.0) == [""]
