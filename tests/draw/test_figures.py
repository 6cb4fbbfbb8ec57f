"""Figures: the same bytes everywhere, text readable, colours by role, wrong input refused."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import combinations
from math import inf, nan
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from tests.words.test_sentences import DIFFERENCE
from toolkit.draw.capture import CapturePoint, CaptureRow, capture_figure
from toolkit.draw.control import cusum_figure, funnel_figure
from toolkit.draw.flow import FinalDiagnosis, Flow, FlowBox, FlowBranch, flow_figure
from toolkit.draw.forest import ForestGroup, ForestRow, ForestView, forest_figure, forest_row
from toolkit.draw.froc import CurvePanel, FrocLine, curves_figure
from toolkit.draw.matrix import ShareRow, share_matrix_figure
from toolkit.draw.monitoring import DriftStrip, accrual_figure, causes_figure, drift_figure
from toolkit.draw.outcomes import (
    DiscordanceRow,
    OutcomeRow,
    TradeoffLine,
    discordance_figure,
    outcome_figure,
    tradeoff_figure,
)
from toolkit.draw.readers import ChangeRow, RocPair, change_figure, roc_pairs_figure
from toolkit.draw.roc import OperatingPoint, roc_figure
from toolkit.draw.scores import ScoreGroup, calibration_figure, score_figure
from toolkit.draw.study_design import VariancePart, variance_figure
from toolkit.draw.style import (
    color,
    log_ticks,
    new_figure,
    nice_ticks,
    place_axes,
    ratio_ticks,
    study_style,
    text_width,
    tick_text,
    visible_points,
)
from toolkit.draw.svg import figure_svg
from toolkit.draw.times import SpreadRow, order_figure, spread_figure
from toolkit.results import Curve
from toolkit.stats.calibration.expected_shares import capture_curve
from toolkit.stats.monitoring.accrual import planned_curve, project_accrual
from toolkit.stats.monitoring.control import cusum, funnel_limits
from toolkit.words.palette import ROLES, css_variables

FONTS = Path(__file__).parents[2] / "toolkit" / "draw" / "fonts"
CLASSES = [str(score) for score in range(1, 11)]
COUNTS = [659, 714, 808, 795, 859, 924, 943, 956, 984, 771]
MONTHLY = [130, 200, 270, 285, 320, 375, 560, 585, 590, 597]


def curve(exponent: float, *, kind: str = "roc", end: float = 1.0, n: int = 30) -> Curve:
    x = np.linspace(0, end, n)
    return Curve(kind=kind, x=x, y=x**exponent, threshold=np.linspace(10, 0, n), method="made up")


def roc(*, enlarge: bool = True) -> Figure:
    points = [
        OperatingPoint(x=0.04 + 0.025 * n, y=0.55 + 0.03 * n + 0.04 * (n % 2), label=f"R{n + 1}")
        for n in range(9)
    ]
    points.append(OperatingPoint(x=0.15, y=0.7, label="mean of nine", role="mean"))
    points.append(OperatingPoint(x=0.14, y=0.62, label="AI", role="ai"))
    return roc_figure(
        curve(0.25),
        [curve(0.2 + 0.01 * n) for n in range(9)],
        points=points,
        ai_label="AI alone\nAUC 0.800",
        readers_label="Nine radiologists\nmean AUC 0.806",
        enlarge=enlarge,
    )


def forest() -> Figure:
    rows = [
        ForestRow(
            label=f"Radiologist R{n}",
            estimate=-0.01 * n,
            low=-0.01 * n - 0.06,
            high=-0.01 * n + 0.07,
            left=("0.842",),
        )
        for n in range(1, 10)
    ]
    pooled = forest_row(DIFFERENCE, label="Mean of nine", left=("0.849",), kind="pooled")
    view = ForestView(
        rows=[*rows, pooled],
        axis_label="Difference in AUC, AI minus radiologist",
        left_heads=("Compared with", "AUC"),
        margin=-0.05,
        left_words="AI worse",
        right_words="AI better",
        sort=True,
    )
    return forest_figure(view)


def ratio_forest() -> Figure:
    view = ForestView(
        rows=[
            ForestGroup(label="More is better", right_words="with AI better"),
            ForestRow(
                label="Cancers found",
                estimate=1.17,
                low=1.04,
                high=1.35,
                kind="pooled",
                margin=0.85,
                left=("65", "76"),
            ),
            ForestRow(
                label="Dense breasts",
                estimate=1.17,
                low=0.7,
                high=inf,
                kind="subgroup",
                left=("5", "6"),
            ),
            ForestRow(label="No cancer at all", estimate=nan, low=nan, high=nan, left=("0", "0")),
            ForestGroup(label="Fewer is better", left_words="with AI better"),
            ForestRow(label="Recalls", estimate=0.93, low=0.86, high=1.02, left=("684", "639")),
        ],
        axis_label="Ratio, with AI to without, log scale",
        effect="ratio",
        left_heads=("", "Without", "With AI"),
        right_heads=("Ratio", "95% CI"),
        role="aided",
    )
    return forest_figure(view)


def box(label: str, count: int, *parts: tuple[str, int]) -> FlowBox:
    return FlowBox(label=label, count=count, parts=parts)


def branch(title: str, verified: int, young: int, cancers: int) -> FlowBranch:
    whole = verified + young
    return FlowBranch(
        title=title,
        box=box("Examinations", whole, ("Verified", verified), ("Follow-up < 24 months", young)),
        final=(
            FinalDiagnosis(label="Cancer", count=cancers, kind="cancer"),
            FinalDiagnosis(label="No cancer", count=verified - cancers, kind="normal"),
            FinalDiagnosis(label="Inconclusive", count=young, kind="inconclusive"),
        ),
    )


FLOW = Flow(
    identified=box("Examinations in the window", 13_500),
    excluded=box(
        "Excluded",
        612,
        ("Breast implant", 231),
        ("Incomplete views", 198),
        ("Cancer known before", 183),
    ),
    eligible=box("Eligible examinations", 12_888),
    with_index=box("AI score available", 12_741),
    without_index=box("No AI score, kept apart", 147, ("AI failed", 94), ("Never sent", 53)),
    branches=(branch("score 10", 1268, 6, 68), branch("score 1–9", 10_903, 564, 31)),
    without_index_branch=branch("", 140, 7, 2),
    note="Accuracy is computed on 12,171 examinations with an AI score and a verified diagnosis.",
)


def scores(names: tuple[str, ...] = ("screening", "symptoms, follow-up")) -> Figure:
    cancers = np.array([0, 0, 0, 1, 2, 1, 1, 2, 6, 24])
    rate = cancers / COUNTS * 1000
    groups = [
        ScoreGroup(
            label=label,
            cancers=cancers,
            examinations=COUNTS,
            low_per_1000=rate * 0.5,
            high_per_1000=rate * 2 + 4,
            filled=label == names[0],
        )
        for label in names
    ]
    return score_figure(CLASSES, COUNTS, groups)


def capture() -> Figure:
    rating = np.concatenate([np.linspace(4, 10, 99), np.linspace(0, 10, 2000)])
    truth = np.concatenate([np.ones(99), np.zeros(2000)])
    return capture_figure(
        capture_curve(truth, rating),
        points=[CapturePoint(0.1, 0.19), CapturePoint(0.3, 0.5, "8–10")],
        callout="Score 10: 19 of 99 cancers\nin 10% of the examinations",
        rows=[
            CaptureRow(label="Screening", estimate=0.65, low=0.49, high=0.78, text="24/37"),
            CaptureRow(label="Nobody", estimate=nan, low=nan, high=nan, text="0/0"),
            CaptureRow(label="All", estimate=0.69, low=0.6, high=0.8, text="68/99", pooled=True),
        ],
        y_label="Cancers found, % of 99",
    )


def outcome() -> Figure:
    rows = [
        OutcomeRow(
            label="Screen-detected", counts=[1, 4, 0, 3, 4, 7, 12, 13, 36, 253], role="cancer"
        ),
        OutcomeRow(
            label="Interval cancer", counts=[3, 0, 4, 7, 6, 5, 7, 6, 18, 41], role="interval"
        ),
        OutcomeRow(label="No cancer", counts=COUNTS, role="normal"),
    ]
    return outcome_figure(CLASSES, rows)


def strip(**changes: object) -> DriftStrip:
    values = np.full(24, 0.01)
    values[13] = 0.034
    made = DriftStrip(
        label="No score",
        note="mean 1.1%",
        values=values,
        low=np.zeros(24),
        high=np.full(24, 0.025),
        centre=0.011,
    )
    return replace(made, **changes)


def drift() -> Figure:
    values = np.linspace(0.01, 0.05, 24)
    values[3] = nan
    limited = strip(
        label="Shift (PSI)",
        note="against months 1–6",
        values=values,
        form="number",
        low=None,
        high=None,
        limit=0.1,
        limit_label="limit in the plan, 0.10",
    )
    return drift_figure(list(range(1, 25)), [strip(), limited])


def test_a_month_without_a_case_leaves_the_axis_of_the_others() -> None:
    whole, gap = strip(), strip()
    values, high = np.array(gap.values), np.array(gap.high)
    values[5], high[5] = nan, nan
    axes = [
        drift_figure(list(range(1, 25)), [one]).axes[0].get_ylim()
        for one in (whole, replace(gap, values=values, high=high))
    ]
    assert axes[0] == axes[1]


def causes() -> Figure:
    return causes_figure(
        [("Timed out", 19), ("Partly processed: one breast", 9), ("Image rejected", 6)],
        list(range(1, 25)),
        strip(names={13: "19 of 553"}),
    )


def accrual(counts: list[int] = MONTHLY) -> Figure:
    plan = planned_curve(13_500, 24)
    projection = project_accrual(counts, plan)
    return accrual_figure(projection, monthly_counts=counts, plan=plan)


def cusum_chart() -> Figure:
    recalled = (np.arange(3912) * 7919 % 100 < 8).astype(int)
    chart = cusum(recalled, rate=0.075, rate_up=0.105, rate_down=0.052, limit=7.6)
    starts = np.concatenate([[0], np.cumsum(MONTHLY)[:-1]])
    return cusum_figure(chart, month_starts=starts)


def funnel() -> Figure:
    sizes = np.arange(120, 1300, 20)
    return funnel_figure(
        ["R3", "N7", "F2", "H5", "M3", "V8", "K9", "T2"],
        [20, 18, 15, 52, 43, 38, 36, 39],
        [275, 355, 410, 635, 732, 730, 826, 855],
        limits=[funnel_limits(0.052, sizes), funnel_limits(0.052, sizes, level=0.998)],
    )


def discordance() -> Figure:
    rows = [DiscordanceRow("DCIS", 9, 4, 1), DiscordanceRow("Invasive, over 20 mm", 13, 2, 2)]
    return discordance_figure(rows)


def tradeoff() -> Figure:
    lines = [
        TradeoffLine(
            label="Low scores unread",
            x=[0, 0.2, 0.5, 0.7],
            y=[0, 0.01, 0.04, 0.13],
            names=["", "1–3", "1–5", "1–8"],
        ),
        TradeoffLine(
            label="Read once",
            x=[0.43, 0.6, 0.8],
            y=[0.02, 0.03, 0.09],
            names=["none", "", "1–8"],
            role="aided",
        ),
    ]
    return tradeoff_figure(lines, reference="Two readers", limit=0.05)


def pairs(label: str = "cine") -> Figure:
    made = [
        RocPair(
            title=f"Reader {n}",
            curve_a=curve(0.3),
            curve_b=curve(0.15),
            text_a="0.859",
            text_b="0.905",
        )
        for n in range(1, 7)
    ]
    return roc_pairs_figure(made, label_a="spin-echo", label_b=label)


def change() -> Figure:
    rows = [
        ChangeRow(
            label=f"Reader {n}",
            a=0.85 + 0.01 * n,
            b=0.9,
            difference=0.05 - 0.01 * n,
            low=-0.01 * n,
            high=0.1,
        )
        for n in range(1, 6)
    ]
    rows.append(
        ChangeRow(
            label="Mean", a=0.88, b=0.9, difference=0.02, low=-0.0004, high=0.05, kind="pooled"
        )
    )
    return change_figure(rows, label_a="spin-echo", label_b="cine")


def times(n_readers: int = 9, pause_limit_s: float = 600.0) -> Figure:
    draw = np.random.default_rng(6)
    a, b = (np.exp(mean + 0.6 * draw.standard_normal(900)) for mean in (4.2, 4.1))
    rows = [
        SpreadRow(label=f"R{n + 1}", a=[40, 60 + n, 95], b=[nan] * 3 if n == 3 else [30, 55, 99])
        for n in range(n_readers)
    ]
    rows.append(SpreadRow(label="All", a=[44, 65, 99], b=[40, 61, 95], pooled=True))
    return spread_figure(
        np.append(a, 2000.0),
        b,
        rows if n_readers > 1 else rows[:1],
        label_a="unaided",
        label_b="aided",
        pause_limit_s=pause_limit_s,
    )


def time_order(*, gaps: bool = False) -> Figure:
    draw = np.random.default_rng(6)
    each = np.exp(4.2 + 0.3 * draw.standard_normal((1, 8, 1)) + 0.1 * draw.random((8, 8, 2)))
    mean = np.exp(np.log(each).mean(axis=1))
    if gaps:
        each[:4, :, 1] = mean[:4, 1] = nan
        each[2, :, 0] = mean[2, 0] = nan
    return order_figure(np.arange(8) * 30 + 15.5, each, mean, label_a="unaided", label_b="aided")


def variance() -> Figure:
    readers, cases = "more readers", "more cases"
    parts = [
        VariancePart(label="Reader × modality", share=0.03, shrinks_with=(readers,)),
        VariancePart(label="Error, one reading", share=0.32, shrinks_with=(readers, cases)),
        VariancePart(label="Cases, shared by the readers", share=0.65, shrinks_with=(cases,)),
    ]
    return variance_figure(parts)


def froc() -> Figure:
    lines = [
        FrocLine(
            label="Tomosynthesis",
            curve=curve(0.3, kind="froc", end=0.35),
            readers=[curve(0.35, kind="froc", end=0.6)],
        ),
        FrocLine(
            label="Mammography\nthin lines, single readers",
            curve=curve(0.6, kind="froc", end=0.3),
            role="unaided",
        ),
    ]
    panel = CurvePanel(
        title="FROC", lines=lines, x_label="False marks", y_label="Lesions found", counts=True
    )
    return curves_figure([panel, panel])


def shares(n_columns: int = 10) -> Figure:
    rows = [
        ShareRow(
            label=f"month {number}",
            values=[(number + place) % 7 / 30 if place else nan for place in range(n_columns)],
            note="0.12 (0.30), 0.08",
            group="By month" if number == 1 else "",
            outside=number == 3,
        )
        for number in range(1, 5)
    ]
    columns = [str(place + 1) for place in range(n_columns)]
    return share_matrix_figure(rows, columns=columns, column_title="Share", note_title="PSI")


FIGURES: dict[str, Callable[..., Figure]] = {
    "roc": roc,
    "forest": forest,
    "ratio_forest": ratio_forest,
    "flow": lambda: flow_figure(FLOW),
    "scores": scores,
    "capture": capture,
    "outcome": outcome,
    "drift": drift,
    "causes": causes,
    "accrual": accrual,
    "cusum": cusum_chart,
    "funnel": funnel,
    "shares": shares,
    "discordance": discordance,
    "tradeoff": tradeoff,
    "pairs": pairs,
    "change": change,
    "variance": variance,
    "froc": froc,
    "times": times,
    "time_order": time_order,
    "calibration": lambda: calibration_figure(
        [0.0004, 0.004, 0.2], [0, 0.006, 0.15], [0, 0.003, 0.1], [0.002, 0.009, 0.2]
    ),
}
VARIANTS: dict[str, Callable[..., Figure]] = {
    "shares_of_many": lambda: shares(30),
    "times_of_one": lambda: times(1, 4000.0),
    "time_order_gaps": lambda: time_order(gaps=True),
    "roc_alone": lambda: roc(enlarge=False),
    "roc_long_legend": lambda: pairs("with decision support"),
    "scores_of_three": lambda: scores(("screening", "symptoms", "follow-up")),
    "accrual_met": lambda: accrual([900] * 16),
    "accrual_late": lambda: accrual([100] * 12),
    "accrual_ahead": lambda: accrual([330] * 6 + [700] * 10),
}
every_figure = pytest.mark.parametrize("name", [*FIGURES, *VARIANTS])


@cache
def draw(name: str) -> Figure:
    """A figure, drawn once for all tests that only look at it."""
    return {**FIGURES, **VARIANTS}[name]()


@cache
def svg_of(name: str) -> str:
    return figure_svg(draw(name), name="figure-6-1", stamp="SIMULATED")


@every_figure
def test_figure_svg_is_inline_and_changes_nothing_around_it(name):
    svg = svg_of(name)
    root = ElementTree.fromstring(svg)
    assert svg.startswith('<svg class="plot" xmlns="http://www.w3.org/2000/svg"')
    assert "<style" not in svg
    assert "metadata" not in svg
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(one.startswith("figure-6-1-") for one in ids)
    references = re.findall(r'(?:url\(|href=")#([^)"]+)', svg)
    assert set(references) <= set(ids)


@every_figure
def test_every_colour_is_a_role(name):
    svg = svg_of(name)
    for role, (light, _) in ROLES.items():
        svg = svg.replace(f"var(--{role}, {light})", "")
    assert (
        re.findall(r"#[0-9a-fA-F]{3,6}\b(?!-)", re.sub(r"url\(#[^)]*\)|href=\"#[^\"]*", "", svg))
        == []
    )


@every_figure
def test_text_stays_text_and_lies_inside(name):
    figure = draw(name)
    assert ">SIMULATED</text>" in svg_of(name)
    for text, extent in texts_of(figure):
        width, height = figure.get_size_inches() * figure.dpi
        assert extent.x0 > -2, text
        assert extent.y0 > -2, text
        assert extent.x1 < width + 2, text
        assert extent.y1 < height + 3, text


def texts_of(figure: Figure) -> list[tuple[str, mpl.transforms.Bbox]]:
    """Every text that is drawn, with its place in pixels."""
    with study_style():
        figure.draw_without_rendering()
        return [
            (text.get_text(), text.get_window_extent())
            for text in figure.findobj(Text)
            if text.get_text().strip() and text.get_visible() and is_drawn(text)
        ]


def is_drawn(text: Text) -> bool:
    """Whether a text is not that of an axis which is switched off."""
    axes = text.axes
    return axes is None or axes.axison or text in axes.texts


@every_figure
def test_no_two_texts_lie_over_each_other(name):
    for (one, first), (other, second) in combinations(texts_of(draw(name)), 2):
        width = min(first.x1, second.x1) - max(first.x0, second.x0)
        height = min(first.y1, second.y1) - max(first.y0, second.y0)
        # Boxes hold the room for accents and descenders too: a quarter of a line may be shared.
        assert width < 2 or height < 4, f"{one!r} over {other!r}"


@every_figure
def test_figure_svg_is_the_same_each_time(name):
    again = {**FIGURES, **VARIANTS}[name]()
    assert figure_svg(again, name="figure-6-1", stamp="SIMULATED") == svg_of(name)


def test_figure_svg_is_the_same_in_another_process_zone_and_locale():
    code = (
        "import hashlib, sys\n"
        "from tests.draw.test_figures import FIGURES\n"
        "from toolkit.draw.svg import figure_svg\n"
        "for draw in FIGURES.values():\n"
        "    svg = figure_svg(draw(), name='figure-6-1', stamp='SIMULATED')\n"
        "    print(hashlib.sha256(svg.encode()).hexdigest())\n"
    )
    environment = {
        **os.environ,
        "TZ": "Asia/Ho_Chi_Minh",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "PYTHONUTF8": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    here = [hashlib.sha256(svg_of(name).encode()).hexdigest() for name in FIGURES]
    assert done.stdout.split() == here


def test_drawing_leaves_the_settings_of_matplotlib_alone():
    before = dict(mpl.rcParams)
    mpl.rcParams["font.size"] = 20
    try:
        svg = figure_svg(forest(), name="f")
        assert mpl.rcParams["font.size"] == 20
    finally:
        mpl.rcParams.update({"font.size": before["font.size"]})
    assert svg == figure_svg(forest(), name="f")
    assert dict(mpl.rcParams) == before


def test_roles_have_the_colours_of_the_guide():
    svg = figure_svg(roc(), name="f")
    assert "stroke: var(--ai, #0072b2); stroke-width: 2.2" in svg
    assert "stroke: var(--unaided, #56606b); stroke-opacity: 0.4; stroke-width: 0.7" in svg
    assert css_variables("light").startswith("--ink:#1d2730;")
    assert "--ai:#5db3f0" in css_variables("dark")
    lights = [light for light, _ in ROLES.values()]
    assert len(lights) == len(set(lights))  # else a colour could not be turned back into its role


def luminance(colour: str) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(
    ("role", "contrast"),
    [
        *[(role, 4.5) for role in ("ink", "muted", "ai", "unaided", "aidedtext", "cancertext")],
        *[(role, 4.5) for role in ("normaltext", "sim", "link")],
        *[(role, 3.0) for role in ("aided", "cancer", "axis", "benign")],
    ],
)
def test_contrast_with_the_paper(role, contrast, theme):
    paper, ink = (luminance(ROLES[name][theme]) + 0.05 for name in ("paper", role))
    # The grey of axes is 3.0:1 by a hair's breadth, the fill of interval cancers is hatched.
    expected = contrast - 0.1 if role in ("axis", "benign") else contrast
    assert max(paper, ink) / min(paper, ink) >= expected


def test_ids_are_prefixed_by_a_valid_name_only():
    for name in ("", "6-1", "a b", 'a"b', "a_b"):
        with pytest.raises(ValueError, match="name must be letters, digits and hyphens, begin"):
            figure_svg(new_figure(1, 1), name=name)


def test_labels_are_escaped_and_dollars_are_no_formulas():
    label = "<script>alert(1)</script> $x^2$ & 50%"
    view = ForestView(
        rows=[ForestRow(label=label, estimate=0.1, low=0.0, high=0.2)], axis_label="$a$"
    )
    svg = figure_svg(forest_figure(view), name="f")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $x^2$ &amp; 50%</text>" in svg


def test_halos_have_ids_of_their_own_and_an_edge_of_paper():
    svg = figure_svg(roc(), name="f")
    assert 'id="f-text-1-halo"' in svg
    assert "paint-order: stroke; stroke: var(--paper, #ffffff)" in svg


@pytest.mark.parametrize("path", sorted(FONTS.glob("*.ttf")), ids=lambda path: path.stem)
def test_fonts_are_renamed_and_hold_what_the_book_needs(path):
    font = TTFont(path)
    names = {record.nameID: str(record) for record in font["name"].names}
    assert all("Source" not in names[number] for number in (1, 3, 4, 6))
    assert names[0].startswith("©")
    vietnamese = "ăâđêôơưẮẶẦẨẪỆỖỘỢỰỳỵỷỹ"
    needed = f"{vietnamese}αβκχ²−–—×±≤≥≠∞→←↑↓½₫€\u00a0\u2007\u2009\u202f\u2060"
    assert not [char for char in needed if ord(char) not in font.getBestCmap()]
    digits = {font["hmtx"][font.getBestCmap()[ord(digit)]][0] for digit in "0123456789"}
    assert len(digits) == 1  # tabular


def test_fonts_are_complete_and_licensed():
    faces = {path.name for path in FONTS.iterdir()}
    styles = ("Regular", "Italic", "Semibold")
    assert faces == {
        "OFL.txt",
        *(f"StudySans-{style}.{kind}" for style in styles for kind in ("ttf", "woff2")),
        "StudySerif-Regular.woff2",
        "StudySerif-Semibold.woff2",
    }
    licence = (FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "Reserved Font Name 'Source'" in licence
    assert sum(path.stat().st_size for path in FONTS.iterdir()) < 1_000_000


def test_vietnamese_and_signs_of_the_book_have_glyphs():
    with study_style():
        figure = new_figure(4, 1)
        axes = place_axes(figure, left=0, top=0, width=4, height=1)
        axes.text(0, 0, "Độ nhạy, tỷ lệ gọi lại: −0,032 (KTC 95% 0,7\u2060–\u20600,9) ≥ →")
    assert "Độ nhạy" in figure_svg(figure, name="f")  # a missing glyph would warn, and so fail


def test_text_width_grows_with_size_and_weight():
    assert text_width("Radiologist", 20) == pytest.approx(2 * text_width("Radiologist", 10))
    assert text_width("Radiologist", 10, 600) > text_width("Radiologist", 10)
    assert text_width("a\nlonger", 10) == text_width("longer", 10)


def test_unknown_roles_are_named():
    with pytest.raises(ValueError, match=r"role must be one of ink, muted, .* but got 'blue'"):
        color("blue")


def test_roc_figure_refuses_other_curves_and_nothing_to_enlarge():
    with pytest.raises(ValueError, match="draws curves of kind 'roc', but got 'froc'"):
        roc_figure(curve(0.3, kind="froc"))
    with pytest.raises(ValueError, match="enlarge=True needs operating points"):
        roc_figure(curve(0.3), enlarge=True)
    with pytest.raises(ValueError, match="draws curves of kind 'roc', but got"):
        roc_pairs_figure([], label_a="a", label_b="b")


def test_enlarged_panel_holds_all_points_on_equal_scales():
    axes = roc().axes[1]
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    assert right - left == pytest.approx(high - low)
    assert left <= 0.04
    assert right >= 0.24
    assert low <= 0.55
    assert high >= 0.81


def test_forest_sorts_single_rows_and_keeps_the_pooled_last():
    labels = [text for text, _ in texts_of(forest()) if text.startswith(("Radiologist", "Mean"))]
    assert labels == [*(f"Radiologist R{n}" for n in range(1, 10)), "Mean of nine"]


def test_forest_row_is_written_in_the_form_of_its_result():
    row = forest_row(replace(DIFFERENCE, quantity="sensitivity"))
    assert row.label == "nine radiologists"
    assert row.right is not None
    assert row.right[0] == "−3.2"


def test_forest_marks_intervals_that_leave_the_axis():
    texts = [text.replace("\u00a0", " ") for text, _ in texts_of(ratio_forest())]
    assert "0.70 to ∞" in texts
    assert texts.count("—") == 2


def test_forest_refuses_rows_that_do_not_fit_their_heads():
    row = ForestRow(label="R1", estimate=0.0, low=-0.1, high=0.1, left=("0.8", "0.9"))
    with pytest.raises(ValueError, match="forest row 'R1' has 2 and 2 texts at the left and right"):
        forest_figure(ForestView(rows=[row], axis_label="x"))
    long = ForestRow(label="a very long label " * 6, estimate=0.0, low=-0.1, high=0.1)
    with pytest.raises(ValueError, match=r"forest: the texts leave .* which needs 1\.5 in"):
        forest_figure(ForestView(rows=[long], axis_label="x"))


def test_flow_refuses_counts_that_do_not_add_up_and_lists_them():
    with pytest.raises(ValueError, match="the flow does not add up") as caught:
        replace(
            FLOW,
            eligible=box("Eligible examinations", 12_889),
            excluded=box("Excluded", 612, ("Breast implant", 1)),
        )
    lines = str(caught.value).splitlines()[1:]
    assert [line.strip() for line in lines] == [
        "'Examinations in the window' 13,500 is the sum of 'Excluded' 612 + "
        "'Eligible examinations' 12,889 = 13,501",
        "'Eligible examinations' 12,889 is the sum of 'AI score available' 12,741 + "
        "'No AI score, kept apart' 147 = 12,888",
        "'Excluded' 612 lists 'Breast implant' 1 = 1",
    ]


def test_flow_refuses_branches_that_do_not_add_up():
    with pytest.raises(ValueError, match="'AI score available' 12,741 is the sum of"):
        replace(FLOW, branches=FLOW.branches[:1])
    wrong = replace(FLOW.branches[0], final=FLOW.branches[0].final[:1])
    with pytest.raises(ValueError, match="'Examinations' 1,274 ends as 'Cancer' 68 = 68"):
        replace(FLOW, branches=(wrong, FLOW.branches[1]))
    with pytest.raises(ValueError, match="'No AI score, kept apart' 147 goes on as"):
        replace(FLOW, without_index_branch=branch("", 139, 7, 2))


def test_flow_refuses_negative_counts():
    final = (
        FinalDiagnosis(label="Cancer", count=-1, kind="cancer"),
        FinalDiagnosis(label="No cancer", count=1275, kind="normal"),
    )
    with pytest.raises(ValueError, match="'Cancer' is -1, but no count is negative"):
        replace(FLOW, branches=(replace(FLOW.branches[0], final=final), FLOW.branches[1]))


def test_flow_wraps_labels_that_are_too_long_for_their_box():
    long = box("Không có điểm AI, được giữ riêng và không bao giờ tính là điểm thấp", 147)
    flow = replace(FLOW, without_index=long)
    for text, extent in texts_of(flow_figure(flow)):
        assert extent.x1 <= 7.5 * 100 + 1, text


def test_scores_refuse_arrays_of_another_length_and_nothing():
    with pytest.raises(ValueError, match="counts must have one value for each of 10 classes"):
        score_figure(CLASSES, [1, 2], [])
    with pytest.raises(ValueError, match="counts must hold at least one examination with a score"):
        score_figure(CLASSES, [0] * 10, [])
    rows = [OutcomeRow(label="Interval cancer", counts=[0] * 10, role="interval")]
    with pytest.raises(ValueError, match="cannot be shown as shares: Interval cancer"):
        outcome_figure(CLASSES, rows)


def test_small_shares_never_read_as_none():
    texts = [text for text, _ in texts_of(outcome())]
    assert texts.count("0") == 2
    assert texts.count("<1%") == 1


def test_calibration_refuses_shapes_and_risks_of_zero():
    with pytest.raises(ValueError, match="must have one shape, and predicted be above 0"):
        calibration_figure([0.1], [0.1, 0.2], [0.1], [0.2])
    with pytest.raises(ValueError, match="must have one shape, and predicted be above 0"):
        calibration_figure([0.0], [0.1], [0.1], [0.2])


def test_drift_names_months_outside_and_refuses_other_lengths():
    assert "month 14: 3.4%" in [text for text, _ in texts_of(drift())]
    assert strip().outside().sum() == 1
    assert strip(limit=0.02).outside().sum() == 1
    with pytest.raises(ValueError, match="strip 'No score' must have one value for each of 3 mon"):
        drift_figure([1, 2, 3], [strip()])


def test_accrual_says_when_the_target_is_met():
    texts = [text for text, _ in texts_of(accrual())]
    assert any(re.fullmatch(r"target met in month 2\d \(2\d–3\d\)", text) for text in texts)
    assert "target, 13,500" in texts
    assert "enrolled, 3,912" in texts
    plan = planned_curve(13_500, 24)
    shorter = project_accrual(MONTHLY[:-1], plan)
    with pytest.raises(ValueError, match="monthly_counts hold 3,912 in 10 months, but the proj"):
        accrual_figure(shorter, monthly_counts=MONTHLY, plan=plan)


def test_cusum_refuses_months_that_do_not_fit():
    chart = cusum([0, 1, 0], rate=0.1, rate_up=0.2, rate_down=0.05)
    for starts in ([], [1, 2], [0, 2, 1], [0, 4]):
        with pytest.raises(ValueError, match="month_starts must begin at 0 and rise up to 3 units"):
            cusum_figure(chart, month_starts=starts)
    assert cusum_figure(chart, month_starts=[0, 1])


def test_funnel_fills_only_readers_outside_the_widest_limits():
    svg = figure_svg(funnel(), name="f")
    assert svg.count("fill: var(--cancer, #d55e00)") >= 1
    named = re.findall(r"fill: var\(--cancertext, #b04d00\)[^>]*>([^<]+)<", svg)
    assert named == ["H5"]
    with pytest.raises(ValueError, match="each of 1 readers needs events and at least one reading"):
        funnel_figure(["A"], [0], [0], limits=[funnel_limits(0.05, [100, 200])])


def test_shares_leave_missing_cells_empty_and_name_the_row_outside():
    svg = figure_svg(shares(), name="f")
    named = re.findall(r"fill: var\(--cancertext, #b04d00\)[^>]*>([^<]+)<", svg)
    assert named == ["0.12 (0.30), 0.08"]
    texts = [text.get_text() for axes in shares().axes for text in axes.texts]
    assert texts[:3] == ["6.7", "10.0", "13.3"]  # 2, 3 and 4 of 30; the first cell is empty
    with pytest.raises(ValueError, match="row 'a' must have one value for each of 2 columns"):
        share_matrix_figure([ShareRow(label="a", values=[1])], columns=["x", "y"], column_title="")
    with pytest.raises(ValueError, match="a matrix must have a row and a column"):
        share_matrix_figure([], columns=["x"], column_title="")


def test_discordance_shows_one_mark_each_and_refuses_too_many():
    svg = figure_svg(discordance(), name="f")
    assert svg.count("<use") == 9 + 4 + 1 + 13 + 2 + 2 + 3  # and three in the legend
    with pytest.raises(ValueError, match="a row of 300 cancers is too long for one mark each"):
        discordance_figure([DiscordanceRow("All", 300, 0, 0)])


@pytest.mark.parametrize("shares", [[], [0.5, 0.4], [1.2, -0.2]])
def test_variance_refuses_what_are_no_shares(shares):
    with pytest.raises(ValueError, match="shares of the variance must be 0 or more and add up"):
        variance_figure([VariancePart(label="x", share=share) for share in shares])


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(3, 10))
def test_nice_ticks_are_few_even_and_inside(low, span, most):
    ticks = nice_ticks(low, low + span, most=most)
    assert len(ticks) <= most
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in ticks)
    assert np.allclose(np.diff(ticks), np.diff(ticks)[:1] if len(ticks) > 1 else 0)


def test_ticks_are_written_as_numbers_are():
    assert tick_text([-0.1, 0.0, 0.1]) == ["−0.1", "0", "0.1"]
    assert tick_text([0.0, 0.05, 0.1], form="percent", unit_last=True) == ["0", "5", "10%"]
    assert tick_text([]) == []


@given(st.floats(0.1, 1e4), st.floats(1.3, 1e3), st.integers(5, 9))
def test_log_ticks_are_few_and_inside(low, factor, most):
    ticks, texts = log_ticks(low, low * factor, most=most)
    assert 1 <= len(ticks) <= most
    assert low * (1 - 1e-9) <= ticks[0] <= ticks[-1] <= low * factor * (1 + 1e-9)
    assert [float(text.replace(",", "")) for text in texts] == pytest.approx(ticks)


def test_times_refuse_what_a_log_axis_cannot_hold():
    row = SpreadRow(label="R1", a=[1, 2, 3], b=[1, 2, 3])
    words = {"label_a": "a", "label_b": "b", "pause_limit_s": 600.0}
    with pytest.raises(ValueError, match="times_b must be above 0 and finite"):
        spread_figure([1.0], [0.0], [row], **words)
    with pytest.raises(ValueError, match="must hold at least one time together"):
        spread_figure([], [], [row], **words)


def test_pause_limit_is_named_only_where_the_axis_reaches_it():
    named = "pause: over 600 s"
    assert named in svg_of("times")
    assert "pause: over" not in svg_of("times_of_one")


def test_time_order_refuses_shapes_that_do_not_fit_and_nothing():
    with pytest.raises(ValueError, match=r"must have shape \(n_blocks, n_readers, 2\) and mean"):
        order_figure([1, 2], np.ones((3, 1, 2)), np.ones((2, 2)), label_a="a", label_b="b")
    with pytest.raises(ValueError, match="at least one time, but all are NaN"):
        order_figure(
            [1, 2], np.full((2, 1, 2), nan), np.full((2, 2), nan), label_a="a", label_b="b"
        )


@given(st.floats(0.05, 1.0), st.floats(1.001, 20.0))
def test_ratio_ticks_are_inside_and_have_one(low, high):
    ticks, labels = ratio_ticks(low, high)
    assert all(low <= tick <= high for tick in ticks)
    assert len(labels) == len(ticks) <= 9
    assert 1.0 in ticks


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=2, max_size=60))
def test_visible_points_keep_the_course_of_a_curve(steps):
    x = np.cumsum([0, *(a for a, _ in steps)]) / max(sum(a for a, _ in steps), 1)
    y = np.cumsum([0, *(b for _, b in steps)]) / max(sum(b for _, b in steps), 1)
    kept = visible_points(x, y)
    assert kept[0] == 0
    assert kept[-1] == x.size - 1
    # Every point left out lies within a cell of the line through those kept.
    for place in range(x.size):
        before = kept[np.searchsorted(kept, place, side="right") - 1]
        after = kept[np.searchsorted(kept, place)]
        assert min(x[before], x[after]) - 1e-9 <= x[place] <= max(x[before], x[after]) + 1e-9
        near_x = min(abs(x[place] - x[before]), abs(x[place] - x[after])) < 1 / 400
        near_y = min(abs(y[place] - y[before]), abs(y[place] - y[after])) < 1 / 400
        assert near_x or near_y
