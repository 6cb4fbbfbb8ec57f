"""The flow of examinations after STARD: who was identified, left out, tested and judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    SMALL,
    Weight,
    color,
    new_figure,
    place_axes,
    study_style,
    text_width,
    widest,
    wrapped,
)
from toolkit.words.wording import count_text

DiagnosisKind = Literal["cancer", "normal", "inconclusive"]

# Half a line's width is kept free at the right, else the boxes there lose their edge.
_RIGHT = FULL_WIDTH - 0.01
_PADDING = 0.11
_FIRST_LINE, _LINE, _BELOW = 0.235, 0.172, 0.14
_SIDE_LEFT, _SIDE_BRANCH_LEFT = 4.9, 5.12
_BRANCH_GAP = 0.15
_SWATCH = 0.055
_ROLE = {"cancer": "cancer", "normal": "normal", "inconclusive": "axis"}


@dataclass(frozen=True, kw_only=True)
class FlowBox:
    """A number of examinations, with the reasons or states of which it consists."""

    label: str
    count: int
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class FinalDiagnosis:
    """Examinations with one final diagnosis."""

    label: str
    count: int
    kind: DiagnosisKind


@dataclass(frozen=True, kw_only=True)
class FlowBranch:
    """Examinations with one result of the index test: reference standard, then diagnosis.

    Parameters
    ----------
    title : str
        The result, such as "score 10"; empty for those without a result.
    box : FlowBox
        How many, and how many of them are verified.
    final : tuple of FinalDiagnosis
        They add up to the box.
    """

    title: str
    box: FlowBox
    final: tuple[FinalDiagnosis, ...]


@dataclass(frozen=True, kw_only=True)
class Flow:
    """The counts of a STARD flow; every sum is checked.

    Parameters
    ----------
    identified, excluded, eligible, with_index, without_index : FlowBox
        Identified are excluded or eligible; eligible have a result of the index test or not.
    branches : tuple of FlowBranch
        Those with a result, parted by it.
    without_index_branch : FlowBranch, optional
        What became of those without a result; they are kept apart and never count as negative.
    note : str
        On which examinations accuracy is computed.
    stages : tuple of str
        Names of the four stages.

    Raises
    ------
    ValueError
        If any count is negative or any sum fails; all of them are listed.
    """

    identified: FlowBox
    excluded: FlowBox
    eligible: FlowBox
    with_index: FlowBox
    without_index: FlowBox
    branches: tuple[FlowBranch, ...]
    without_index_branch: FlowBranch | None = None
    note: str = ""
    stages: tuple[str, str, str, str] = (
        "Identified",
        "Index test",
        "Reference\nstandard",
        "Final\ndiagnosis",
    )

    def __post_init__(self) -> None:
        """Refuse counts that do not add up."""
        faults = [*_negative(self), *_failed_sums(self)]
        if faults:
            msg = "the flow does not add up:\n" + "\n".join(f"  {fault}" for fault in faults)
            raise ValueError(msg)


def _boxes(flow: Flow) -> list[FlowBox]:
    """Return every box with a count."""
    own = [flow.identified, flow.excluded, flow.eligible, flow.with_index, flow.without_index]
    return own + [branch.box for branch in all_branches(flow)]


def all_branches(flow: Flow) -> list[FlowBranch]:
    """Return the branches, with that of the missing results last."""
    rest = [] if flow.without_index_branch is None else [flow.without_index_branch]
    return [*flow.branches, *rest]


def _negative(flow: Flow) -> list[str]:
    """Return what is wrong with single counts."""
    named = [(box.label, box.count) for box in _boxes(flow)]
    named += [part for box in _boxes(flow) for part in box.parts]
    named += [(end.label, end.count) for branch in all_branches(flow) for end in branch.final]
    return [
        f"{label!r} is {count}, but no count is negative" for label, count in named if count < 0
    ]


def _failed_sums(flow: Flow) -> list[str]:
    """Return every sum that fails, by the names of its parts."""
    sums = [
        (flow.identified, [flow.excluded, flow.eligible]),
        (flow.eligible, [flow.with_index, flow.without_index]),
        (flow.with_index, [branch.box for branch in flow.branches]),
    ]
    faults = [
        _fault(whole, [(part.label, part.count) for part in parts], "is the sum of")
        for whole, parts in sums
    ]
    faults += [_fault(box, box.parts, "lists") for box in _boxes(flow) if box.parts]
    faults += [
        _fault(branch.box, [(end.label, end.count) for end in branch.final], "ends as")
        for branch in all_branches(flow)
    ]
    if flow.without_index_branch is not None:
        box = flow.without_index_branch.box
        faults.append(_fault(flow.without_index, [(box.label, box.count)], "goes on as"))
    return [fault for fault in faults if fault]


def _fault(whole: FlowBox, parts: Sequence[tuple[str, int]], verb: str) -> str:
    """Return one failed sum in words, or nothing."""
    total = sum(count for _, count in parts)
    if total == whole.count:
        return ""
    named = " + ".join(f"{label!r} {count_text(count)}" for label, count in parts)
    return f"{whole.label!r} {count_text(whole.count)} {verb} {named} = {count_text(total)}"


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """A drawn box in inches from the left and the top."""

    left: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Return the lower edge."""
        return self.top + self.height

    @property
    def middle(self) -> float:
        """Return the vertical axis of the box."""
        return self.left + self.width / 2


def _box_lines(box: FlowBox, width: float) -> list[tuple[str, str, float, Weight]]:
    """Return the lines of a box: text, count, size and weight of the count."""
    lines: list[tuple[str, str, float, Weight]] = []
    entries = [(box.label, box.count, BODY), *((*part, SMALL) for part in box.parts)]
    for label, number, size in entries:
        weight: Weight = 600 if size == BODY else 400
        count = count_text(number)
        room = width - 2 * _PADDING - text_width(count, size, weight) - 0.08
        first, *rest = wrapped(label, room, size)
        if text_width(first, size) > room:
            lines += [(line, "", size, weight) for line in (first, *rest)]
            lines.append(("", count, size, weight))
            continue
        lines.append((first, count, size, weight))
        lines += [(line, "", size, weight) for line in rest]
    return lines


def _box_height(box: FlowBox, width: float) -> float:
    """Return the height that the lines of a box need."""
    return _FIRST_LINE + _LINE * (len(_box_lines(box, width)) - 1) + _BELOW


def _draw_box(
    canvas: Axes, box: FlowBox, place: tuple[float, float, float], *, fill: str = "paper"
) -> _Frame:
    """Draw a box at left, top and width; return its frame."""
    left, top, width = place
    frame = _Frame(left=left, top=top, width=width, height=_box_height(box, width))
    canvas.add_patch(
        Rectangle(
            (left, top),
            width,
            frame.height,
            facecolor=color(fill),
            edgecolor=color("axis"),
            linewidth=1.2,
        )
    )
    for order, (label, count, size, weight) in enumerate(_box_lines(box, width)):
        y = top + _FIRST_LINE + order * _LINE
        ink = color("ink" if size == BODY else "muted")
        canvas.text(left + _PADDING, y, label, color=ink, fontsize=size)
        canvas.text(
            left + width - _PADDING,
            y,
            count,
            color=ink,
            fontsize=size,
            fontweight=weight,
            ha="right",
        )
    return frame


def _arrow(canvas: Axes, *points: tuple[float, float]) -> None:
    """Draw a line through points, in inches, with an arrow head at its last."""
    (before_x, before_y), (x, y) = points[-2:]
    line = [*points[:-1], (x - 0.05 * (x > before_x), y - 0.05 * (y > before_y))]
    canvas.plot(*zip(*line, strict=True), color=color("axis"), linewidth=1.3)
    across = x > before_x
    wings = [(x - 0.085, y - 0.035), (x - 0.085, y + 0.035)]
    if not across:
        wings = [(x - 0.035, y - 0.085), (x + 0.035, y - 0.085)]
    canvas.add_patch(Polygon([(x, y), *wings], facecolor=color("axis"), linewidth=0))


def _stage(canvas: Axes, name: str, top: float, *, rule: float | None = None) -> None:
    """Write the name of a stage, under a hairline from the second on."""
    if rule is not None:
        canvas.plot([0, FULL_WIDTH], [rule, rule], color=color("grid"), linewidth=1.0, zorder=0)
    for order, line in enumerate(name.split("\n")):
        y = top + 0.2 + order * 0.18
        canvas.text(0, y, line, color=color("muted"), fontsize=BODY, fontweight=600)


def _draw_selection(canvas: Axes, flow: Flow, main: tuple[float, float]) -> _Frame:
    """Draw identified, excluded and eligible examinations; return the last."""
    left, width = main
    side = _RIGHT - _SIDE_LEFT
    identified = _draw_box(canvas, flow.identified, (left, 0.02, width))
    excluded = _draw_box(canvas, flow.excluded, (_SIDE_LEFT, identified.bottom + 0.08, side))
    eligible = _draw_box(canvas, flow.eligible, (left, excluded.bottom - 0.04, width), fill="band")
    turn = excluded.top + excluded.height / 2
    _arrow(canvas, (identified.middle, identified.bottom), (identified.middle, eligible.top))
    _arrow(canvas, (identified.middle, turn), (_SIDE_LEFT, turn))
    _stage(canvas, flow.stages[0], identified.top)
    return eligible


def _draw_index_test(
    canvas: Axes, flow: Flow, main: tuple[float, float], eligible: _Frame
) -> tuple[_Frame, _Frame]:
    """Draw who has a result of the index test and who has none."""
    left, width = main
    rule = eligible.bottom + 0.22
    _stage(canvas, flow.stages[1], rule + 0.1, rule=rule)
    tested = _draw_box(canvas, flow.with_index, (left, rule + 0.24, width))
    untested = _draw_box(canvas, flow.without_index, (_SIDE_LEFT, rule + 0.16, _RIGHT - _SIDE_LEFT))
    turn, bend = eligible.bottom + 0.2, _SIDE_LEFT - 0.22
    target = untested.top + untested.height / 2
    _arrow(canvas, (eligible.middle, eligible.bottom), (eligible.middle, tested.top))
    _arrow(canvas, (eligible.middle, turn), (bend, turn), (bend, target), (_SIDE_LEFT, target))
    return tested, untested


def _branch_places(flow: Flow, start: float) -> list[tuple[float, float]]:
    """Return left edge and width of every branch, that of the missing results last."""
    n = len(flow.branches)
    width = (_SIDE_LEFT - _BRANCH_GAP / 2 - start - _BRANCH_GAP * (n - 1)) / n
    places = [(start + place * (width + _BRANCH_GAP), width) for place in range(n)]
    if flow.without_index_branch is not None:
        places.append((_SIDE_BRANCH_LEFT, _RIGHT - _SIDE_BRANCH_LEFT))
    return places


def _draw_reference(
    canvas: Axes, flow: Flow, places: Sequence[tuple[float, float]], above: tuple[_Frame, _Frame]
) -> list[_Frame]:
    """Draw the reference standard of every branch; return the boxes."""
    tested, untested = above
    split = tested.bottom + 0.17
    rule = max(tested.bottom + 0.62, untested.bottom + 0.36)
    top = rule + 0.27
    _stage(canvas, flow.stages[2], top - 0.1, rule=rule)
    frames = []
    for branch, (left, width) in zip(all_branches(flow), places, strict=True):
        frame = _draw_box(canvas, branch.box, (left, top, width))
        frames.append(frame)
        if branch is flow.without_index_branch:
            _arrow(canvas, (frame.middle, untested.bottom), (frame.middle, top))
            continue
        start = (tested.middle, tested.bottom)
        _arrow(canvas, start, (tested.middle, split), (frame.middle, split), (frame.middle, top))
        canvas.text(
            frame.middle + 0.07,
            split + 0.22,
            branch.title,
            color=color("ai"),
            fontsize=BODY,
            fontweight=600,
        )
    return frames


def _draw_diagnoses(canvas: Axes, flow: Flow, frames: Sequence[_Frame]) -> float:
    """Draw the final diagnoses under every branch; return where they end."""
    lowest = max(frame.bottom for frame in frames)
    rule = lowest + 0.24
    _stage(canvas, flow.stages[3], rule + 0.2, rule=rule)
    top = rule + 0.28
    for above in frames:
        _arrow(canvas, (above.middle, above.bottom), (above.middle, top - 0.02))
    branches = list(zip(all_branches(flow), frames, strict=True))
    for order in range(max(len(branch.final) for branch, _ in branches)):
        bottoms = [top]
        for branch, above in branches:
            if order < len(branch.final):
                bottoms.append(_draw_diagnosis(canvas, branch.final[order], above, top))
        top = max(bottoms) + 0.07
    return top


def _draw_diagnosis(canvas: Axes, end: FinalDiagnosis, above: _Frame, top: float) -> float:
    """Draw one final diagnosis with its colour; return where it ends."""
    box = FlowBox(label=end.label, count=end.count)
    frame = _draw_box(canvas, box, (above.left, top, above.width))
    swatch = Rectangle(
        (above.left, top), _SWATCH, frame.height, facecolor=color(_ROLE[end.kind]), linewidth=0
    )
    canvas.add_patch(swatch)
    return frame.bottom


def _draw(canvas: Axes, flow: Flow) -> float:
    """Draw the whole flow; return the height that it took, in inches."""
    start = widest(flow.stages, BODY, 600) + 0.25
    room = _SIDE_LEFT - start
    main = (start + room * 0.12, room * 0.72)
    eligible = _draw_selection(canvas, flow, main)
    above = _draw_index_test(canvas, flow, main, eligible)
    frames = _draw_reference(canvas, flow, _branch_places(flow, start), above)
    bottom = _draw_diagnoses(canvas, flow, frames)
    if flow.note:
        canvas.text(start, bottom + 0.16, flow.note, color=color("muted"), fontsize=SMALL)
        bottom += 0.26
    return bottom + 0.02


def flow_figure(flow: Flow) -> Figure:
    """Draw a STARD flow.

    Parameters
    ----------
    flow : Flow
        Counts that add up.

    Returns
    -------
    Figure
        7.5 in wide and about 6.2 in high, more where labels need several lines.
    """
    with study_style():
        trial = new_figure(FULL_WIDTH, 6.2)
        height = _draw(place_axes(trial, left=0, top=0, width=FULL_WIDTH, height=6.2), flow)
        figure = new_figure(FULL_WIDTH, height)
        canvas = place_axes(figure, left=0, top=0, width=FULL_WIDTH, height=height)
        canvas.set_axis_off()
        _draw(canvas, flow)
        canvas.set_xlim(0, FULL_WIDTH)
        canvas.set_ylim(height, 0)
    return figure
