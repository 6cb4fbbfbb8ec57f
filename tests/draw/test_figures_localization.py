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
from matplotlib.patches import Circle, Polygon

from tests.draw.test_figures import texts_of
from toolkit.draw.distances import DistanceRow, distance_figure
from toolkit.draw.froc import FrocLine, froc_figure
from toolkit.draw.lesions import MissedView, PlacedMark, TypeRow, lesion_type_figure, missed_figure
from toolkit.draw.roc import SquarePanel, square_curves_figure
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


def froc(n_readers: int = 5, *, long: bool = False) -> Figure:
    return froc_figure(lines(n_readers, long=long))


def square(n: int = 3, n_readers: int = 5, *, long: bool = False) -> Figure:
    panels = [
        SquarePanel(
            title="Weighted AFROC",
            lines=lines(n_readers, kind="wafroc", long=long),
            x_label="Healthy breasts with a false mark",
            y_label="Weighted lesions found",
        ),
        SquarePanel(
            title="Inferred ROC",
            lines=lines(n_readers, kind="roc", long=long),
            x_label="1 − specificity",
            y_label="Sensitivity",
            chance=True,
        ),
        SquarePanel(
            title="LROC",
            lines=lines(n_readers, kind="lroc")[:1],
            x_label="Healthy examinations of either breast that were recalled for any place",
            y_label="Correctly localized",
        ),
    ]
    return square_curves_figure(panels[:n])


def distance_row(label: str, n: int, role: str = "aided", seed: int = 1) -> DistanceRow:
    draw = np.random.default_rng(seed)
    distance = np.concatenate([draw.exponential(5, n), draw.uniform(0, 110, n // 3)])
    return DistanceRow(label=label, distance=distance, hit=distance <= 15, role=role)


def distances(n_rows: int = 4, *, long: bool = False) -> Figure:
    roles = ("unaided", "aided", "ai")
    rows = [distance_row(f"R{k + 1}", 60, roles[k % 3], k) for k in range(n_rows)]
    rows.append(DistanceRow(label=LONG if long else "Nobody", distance=np.zeros(0),
                            hit=np.zeros(0, dtype=bool), role="unaided"))  # fmt: skip
    return distance_figure(rows, unit="mm", limit=15.0, n_elsewhere={"R1": 31})


def mark(x: float, y: float, label: str, *, hit: bool = False, role: str = "unaided") -> PlacedMark:
    return PlacedMark(x_px=x, y_px=y, hit=hit, role=role, label=label)


def view(**changes: object) -> MissedView:
    made = MissedView(
        title="Case 12, lesion 1",
        subtitle="invasive, 8 mm · found by 1 of 9",
        laterality="R",
        view="MLO",
        rows=3328,
        columns=2560,
        lesion=(1200, 1500, 90),
        outline=None,
        marks=[
            mark(1210, 1490, "R3", hit=True),
            mark(600, 800, "R1", role="aided"),
            mark(2300, 2900, "AI", role="ai"),
        ],
    )
    return replace(made, **changes)


OUTLINE = np.array([[800.0, 1300], [1000, 1280], [1080, 1450], [900, 1600]])


def missed() -> Figure:
    return missed_figure(
        [
            view(),
            view(view="CC", laterality="L", marks=[]),
            view(outline=OUTLINE, marks=[mark(900 + 9 * k, 1400, f"R{k}") for k in range(9)]),
            view(lesion=None, rows=2000, columns=2400, title=LONG, subtitle=LONG, marks=[]),
        ],
    )


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
    "square_three": square,
    "square_of_twenty": lambda: square(1, 20),
    "square_long_names": lambda: square(long=True),
    "distances": distances,
    "distances_of_twenty": lambda: distances(20),
    "distances_long_name": lambda: distances(long=True),
    "missed": missed,
    "types": types,
    "types_of_one": lambda: types(pairs=False),
    "types_long_names": lambda: types(labels=(LONG, LONG)),
}
# One of each, for what takes a process of its own.
ELSEWHERE = ("froc_floor", "square_three", "distances", "missed", "types")
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


@pytest.mark.parametrize(("n", "size"), [(1, 4.6), (2, 7.5), (3, 7.5)], ids=["one", "two", "three"])
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
    filled = froc_figure([replace(line, floor=False) for line in lines(0)])
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
    figure = froc_figure(odd)
    assert figure.axes[0].get_xlim() == (0, 1)
    assert words(figure).count("not defined") == 1
    assert markers(figure, "^")[0].get_ydata()[0] == 1
    assert not markers(figure, "s")
    panel = SquarePanel(title="", lines=odd, x_label="x", y_label="y")
    assert words(square_curves_figure([panel])).count("not defined") == 1


def test_names_too_long_for_the_plot_stand_below_it_all_of_them():
    texts = words(draw("froc_long_names"))
    assert "AI alone" in texts
    assert "Mammography, thin lines, single readers" in texts
    assert any(text.startswith("Tomosynthesis with synthetic") for text in texts)
    assert texts.count("export floor") == 1
    taller = draw("froc_long_names").get_size_inches()[1] - draw("froc_floor").get_size_inches()[1]
    assert taller > 0.5
    undefined = FrocLine(label=LONG, curve=point_curve(nan, nan))
    assert words(froc_figure([undefined]))[-1].endswith("not defined")


def test_axis_labels_say_what_marks_are_counted_per():
    figure = froc_figure(lines(0), axis_labels=("False marks per image", "Cancers found"))
    assert {"False marks per image", "Cancers found"} <= set(words(figure))


def test_square_curves_refuse_too_many_panels_and_curves_beyond_one():
    panel = SquarePanel(title="FROC", lines=lines(0), x_label="x", y_label="y")
    for panels in ([], [panel] * 4):
        with pytest.raises(ValueError, match=f"draws one to three panels, but got {len(panels)}"):
            square_curves_figure(panels)
    wide = replace(panel, lines=[FrocLine(label="R1", curve=curve(1.5))])
    with pytest.raises(ValueError, match=r"panel 'FROC': curves must lie within 0 and 1, but 'R1'"):
        square_curves_figure([wide])


def dots(figure: Figure, face: str) -> list[tuple[float, float]]:
    """Places of the dots of one face, in all rows."""
    found = [line for line in markers(figure, "o") if line.get_markerfacecolor() == color(face)]
    return [point for line in found for point in line.get_xydata().tolist()]


def test_each_mark_is_a_dot_hits_above_and_solid_others_below_and_open():
    distance = np.array([0.0, 4, 4, 15, 15.001, 60])
    row = DistanceRow(label="R1", distance=distance, hit=distance <= 15, role="aided")
    figure = distance_figure([row], unit="mm", limit=15.0)
    solid, open_ = dots(figure, "aided"), dots(figure, "paper")
    assert (len(solid), len(open_)) == (4, 2)
    # The axis of rows runs down: a hit has the smaller y.
    assert max(y for _, y in solid) < min(y for _, y in open_)
    assert max(x for x, _ in solid) < 15 < min(x for x, _ in open_)
    assert figure.axes[0].get_xlim()[1] >= 60


def test_rows_share_one_scale_of_counts():
    few, many = (
        DistanceRow(label=str(n), distance=np.ones(n), hit=np.ones(n, dtype=bool), role="aided")
        for n in (2, 20)
    )
    rows = markers(distance_figure([few, many], unit="mm"), "o")
    heights = [np.ptp(line.get_ydata()) for line in rows if line.get_ydata().size]
    assert heights[1] / heights[0] == pytest.approx(19.0)


def test_a_million_marks_are_drawn_with_few_dots():
    figure = distance_figure([distance_row("R1", 750_000)], unit="mm", limit=15.0)
    assert sum(line.get_xdata().size for line in markers(figure, "o")) < 4000
    assert "750,000" not in words(figure)  # counts are of hits and of others
    assert sum(int(text.replace(",", "")) for text in words(figure) if "," in text[:-3]
               and text.replace(",", "").isdigit()) == 1_000_000  # fmt: skip


def test_the_radius_is_drawn_and_named_and_counts_stand_beside():
    figure = distances()
    assert {"hit within 15 mm", "Hit", "No hit", "Elsewhere", "31", "no mark to measure"} <= set(
        words(figure)
    )
    (line,) = [one for one in figure.axes[0].lines if one.get_color() == color("cancer")]
    assert line.get_xdata() == [15.0, 15.0]
    plain = words(distance_figure([distance_row("R1", 5)], unit="px"))
    assert not {"Elsewhere"} & set(plain)
    assert not [text for text in plain if text.startswith("hit within")]


@pytest.mark.parametrize("limit", [0.01, 15.0, 4000.0])
def test_any_radius_lies_on_the_axis(limit):
    figure = distance_figure([distance_row("R1", 60)], unit="mm", limit=limit)
    assert limit < figure.axes[0].get_xlim()[1]


def test_distances_of_nothing_have_an_axis():
    empty = DistanceRow(label="R1", distance=np.zeros(0), hit=np.zeros(0, dtype=bool), role="ai")
    for limit in (None, 15.0):
        assert "no mark to measure" in words(distance_figure([empty], unit="mm", limit=limit))


def test_distances_refuse_what_they_cannot_draw():
    row = distance_row("R1", 6)
    with pytest.raises(ValueError, match="rows must hold at least one row, but there is none"):
        distance_figure([], unit="mm")
    with pytest.raises(
        ValueError, match=r"row 'R1': distance and hit must have one shape .* \(8,\)"
    ):
        distance_figure([replace(row, hit=row.hit[:3])], unit="mm")
    with pytest.raises(ValueError, match="row 'R1': hit must be boolean, but got float64"):
        distance_figure([replace(row, hit=row.hit * 1.0)], unit="mm")
    for wrong in (-1.0, nan, np.inf):
        bad = row.distance.copy()
        bad[2] = wrong
        with pytest.raises(
            ValueError, match=f"0 or more and finite, but got {wrong:g}; count marks"
        ):
            distance_figure([replace(row, distance=bad)], unit="mm")
    with pytest.raises(
        ValueError, match="limit must be above 0 and finite, but got 0; leave it out"
    ):
        distance_figure([row], unit="mm", limit=0.0)
    with pytest.raises(ValueError, match="n_elsewhere names no row: R2"):
        distance_figure([row], unit="mm", n_elsewhere={"R2": 1})
    with pytest.raises(ValueError, match="needs rows of different labels, but R1 repeats"):
        distance_figure([row, row], unit="mm", n_elsewhere={"R1": 1})


def test_frames_keep_the_shape_of_their_image():
    for axes, one in zip(
        missed().axes, (3328 / 2560, 3328 / 2560, 3328 / 2560, 2000 / 2400), strict=True
    ):
        assert axes.bbox.height / axes.bbox.width == pytest.approx(one)
        assert axes.get_ylim()[0] > axes.get_ylim()[1] == 0  # rows count from the top


def test_the_chest_wall_is_at_the_side_of_the_breast():
    figure = missed()
    for axes, at in ((figure.axes[0], 2560), (figure.axes[1], 0)):
        (wall,) = [line for line in axes.lines if line.get_linewidth() == 3]
        assert list(wall.get_xdata()) == [at, at]
    assert words(figure).count("chest wall") == 4
    assert {"R MLO", "L CC"} <= set(words(figure))


def test_a_lesion_is_its_outline_a_circle_or_a_sentence():
    circle, _, outlined, unknown = missed().axes
    (ring,) = [patch for patch in circle.patches if isinstance(patch, Circle)]
    assert (ring.center, ring.radius) == ((1200, 1500), 90)
    (shape,) = [patch for patch in outlined.patches if isinstance(patch, Polygon)]
    assert shape.get_xy()[:4] == pytest.approx(OUTLINE)
    for patch in (ring, shape):
        assert tuple(patch.get_edgecolor()[:3]) == pytest.approx(
            [int(color("cancer")[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        )
    assert [t.get_text() for t in unknown.texts].count("place of the lesion not recorded") == 1
    assert len(unknown.patches) == 1  # the frame


def test_a_tiny_lesion_is_still_seen():
    (axes,) = missed_figure([view(lesion=(1200, 1500, 1))]).axes
    (ring,) = [patch for patch in axes.patches if isinstance(patch, Circle)]
    points = ring.radius * axes.bbox.width / 2560 * 72 / axes.figure.dpi
    assert points == pytest.approx(4.0)


def test_marks_that_hit_are_filled_and_named():
    (axes,) = missed_figure([view()]).axes
    faces = {
        line.get_marker(): line.get_markerfacecolor()
        for line in axes.lines
        if line.get_xydata().size == 2
    }
    assert faces == {"o": color("unaided"), "^": color("paper"), "s": color("paper")}
    assert {"R1", "R3", "AI"} <= {text.get_text() for text in axes.texts}


def test_marks_at_one_place_share_a_name():
    close = [mark(600 + 5 * k, 800, f"R{k}") for k in range(3)]
    assert "R0, R1, R2" in words(missed_figure([view(marks=close)]))
    many = [mark(600 + 2 * k, 800, f"R{k}") for k in range(9)]
    assert "R0, R1 + 7" in words(missed_figure([view(marks=many)]))
    # A hit and a miss, or two roles, never share one.
    apart = [mark(600, 800, "R1"), mark(602, 800, "R2", hit=True), mark(604, 800, "R3", role="ai")]
    assert {"R1", "R2", "R3"} <= set(words(missed_figure([view(marks=apart)])))


def test_missed_refuses_what_lies_outside_its_image():
    with pytest.raises(ValueError, match="views must hold at least one view, but there is none"):
        missed_figure([])
    with pytest.raises(
        ValueError, match="'Case 12, lesion 1': rows and columns must be above 0; got 0"
    ):
        missed_figure([view(rows=0)])
    with pytest.raises(
        ValueError, match=r"mark 'R4' at \(2561, 5\) px lies outside the image of 25"
    ):
        missed_figure([view(marks=[mark(2561, 5, "R4")])])
    with pytest.raises(ValueError, match=r"mark 'R4' at \(nan, 5\) px lies outside"):
        missed_figure([view(marks=[mark(nan, 5, "R4")])])
    with pytest.raises(ValueError, match=r"lesion at \(-1, 5\) px lies outside the image"):
        missed_figure([view(lesion=(-1, 5, 3))])
    with pytest.raises(
        ValueError, match=r"outline must have shape \(n_points, 2\), 3 or more; got"
    ):
        missed_figure([view(outline=OUTLINE[:2])])


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
