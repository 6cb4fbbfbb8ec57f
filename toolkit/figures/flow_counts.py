"""The counts of a STARD flow, which must add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from toolkit.wording import count_text

DiagnosisKind = Literal["cancer", "normal", "inconclusive"]


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
