"""The map of a reader study, arrows in small ROC panels, and the margin of a change figure."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, Rectangle

from toolkit.draw.readers import ChangeRow, RocPair, change_figure, roc_pairs_figure
from toolkit.draw.study_design import reading_map_figure
from toolkit.draw.style import color
from toolkit.draw.svg import figure_svg
from toolkit.results import Curve

TRUTH = np.array([1, 0, 0, 1, 0])


def bars(figure, panel, role):
    """Extents of the bars of a role in a panel: (reader, left, width)."""
    return sorted(
        (int(patch.get_y()), round(patch.get_x(), 3), round(patch.get_width(), 3))
        for patch in figure.axes[panel].patches
        if isinstance(patch, Rectangle) and to_hex(patch.get_facecolor()) == color(role)
    )


def reading_map(read, **changes):
    n_readers = np.asarray(read).shape[1]
    values = {
        "truth": TRUTH,
        "readers": [f"R{n + 1}" for n in range(n_readers)],
        "modalities": ["Unaided", "Aided"],
    }
    return reading_map_figure(read, **{**values, **changes})


def test_reading_map_draws_one_bar_a_class_where_all_was_read():
    figure = reading_map(np.ones((5, 2, 2), dtype=bool))
    # Cancers 2/5 and others 3/5 of the room beside a gap of 0.03.
    expected = [(r, x, w) for r in (0, 1) for x, w in ((0.0, 0.388), (0.418, 0.582))]
    assert bars(figure, 0, "unaided") == expected
    assert bars(figure, 1, "aided") == expected
    assert "240" not in figure_svg(figure, name="map")


def test_reading_map_shows_what_was_not_read():
    read = np.ones((5, 2, 2), dtype=bool)
    read[1, 1, 0] = False  # reader 2 did not read one healthy case unaided
    figure = reading_map(read)
    (gap,) = bars(figure, 0, "grid")
    assert gap == (
        1,
        pytest.approx(0.418 + 0.582 * 2 / 3, abs=1e-3),
        pytest.approx(0.194, abs=1e-3),
    )
    assert bars(figure, 1, "grid") == []
    texts = [text.get_text() for text in figure.texts]
    assert texts.count("5") == 3
    assert texts.count("4") == 1


def test_reading_map_of_many_cases_joins_columns_and_marks_those_read_in_part():
    read = np.ones((3000, 1, 2), dtype=bool)
    read[0, 0, 1] = False
    figure = reading_map(read, truth=np.zeros(3000))
    assert len(bars(figure, 1, "axis")) == 1  # one of 300 columns
    assert bars(figure, 1, "grid") == []


def test_reading_map_of_many_readers_stays_on_a_page_without_names():
    figure = reading_map(np.ones((5, 60, 2), dtype=bool))
    assert figure.get_size_inches()[1] < 6
    assert "R1" not in [text.get_text() for text in figure.texts]


def test_reading_map_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"read must have shape \(n_cases, n_readers, 2\) as"):
        reading_map(np.ones((4, 2, 2)))
    with pytest.raises(ValueError, match="and 1 modalities"):
        reading_map(np.ones((5, 2, 2)), modalities=["Unaided"])


def curve(exponent):
    x = np.linspace(0, 1, 20)
    return Curve(kind="roc", x=x, y=x**exponent, threshold=x[::-1], method="made up")


def pair(**changes):
    values = {"title": "R1", "curve_a": curve(0.5), "curve_b": curve(0.3), "text_a": "0.6"}
    return RocPair(**{**values, "text_b": "0.7", **changes})


def arrows(figure):
    return [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]


def test_roc_pairs_draw_an_arrow_from_a_to_b():
    with_arrow = roc_pairs_figure(
        [pair(point_a=(0.1, 0.4), point_b=(0.2, 0.7))], label_a="a", label_b="b"
    )
    edge, arrow = arrows(with_arrow)
    assert edge._posA_posB == arrow._posA_posB == [(0.1, 0.4), (0.2, 0.7)]
    curves = [line for line in with_arrow.axes[0].lines if line.get_marker() == "None"]
    colours = [to_hex(line.get_color()) for line in curves]
    # No curve has the arrow's colour, and an edge of paper parts it from those that it crosses.
    assert to_hex(arrow.get_edgecolor()) == color("ink") not in colours
    assert to_hex(edge.get_edgecolor()) == color("paper")
    assert edge.get_linewidth() > arrow.get_linewidth()
    plain = roc_pairs_figure([pair()], label_a="a", label_b="b")
    assert arrows(plain) == []


def test_roc_pairs_draw_heads_alone_where_there_is_no_way():
    near = roc_pairs_figure(
        [pair(point_a=(0.1, 0.4), point_b=(0.1, 0.41))], label_a="a", label_b="b"
    )
    alone = roc_pairs_figure([pair(point_b=(0.1, 0.41))], label_a="a", label_b="b")
    for figure, count in ((near, 2), (alone, 1)):
        assert arrows(figure) == []
        markers = [line.get_marker() for line in figure.axes[0].lines]
        assert sum(marker in ("o", "^") for marker in markers) == count


def test_roc_pairs_draw_a_reader_of_one_modality():
    figure = roc_pairs_figure([pair(curve_a=None, text_a="")], label_a="a", label_b="b")
    solid = [line for line in figure.axes[0].lines if line.get_linewidth() == 1.5]
    assert len(solid) == 1


def test_change_figure_shades_what_is_worse_than_the_margin():
    row = ChangeRow(label="R1", a=0.8, b=0.85, difference=0.05, low=0.01, high=0.09)
    plain = change_figure([row], label_a="a", label_b="b")
    margin = change_figure([row], label_a="a", label_b="b", margin=-0.1)
    for figure, count in ((plain, 0), (margin, 1)):
        lines = [
            line for line in figure.axes[1].lines if to_hex(line.get_color()) == color("cancer")
        ]
        assert len(lines) == count
    assert margin.axes[1].get_xlim()[0] < -0.1
    assert plain.axes[1].get_xlim()[0] > -0.1
