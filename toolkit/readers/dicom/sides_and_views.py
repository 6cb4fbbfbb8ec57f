"""Which breast and which view an image shows, from every place that says so.

The image's own attribute wins over those of the series and its description; what contradicts it is
reported. Where only weaker places speak and contradict each other, nothing is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from toolkit.readers.dicom.header import Header, Nested

# PS3.16 CID 4014, value in SRT (also written SNM3 and 99SDM) and in SCT.
_VIEW_CODES: Final = {
    ("R-10242", "399162004"): "CC",
    ("R-10226", "399368009"): "MLO",
    ("R-10224", "399260004"): "ML",
    ("R-10228", "399352003"): "LM",
    ("R-10230", "399099002"): "LMO",
    ("R-1024A", "399192008"): "XCCL",
    ("R-1024B", "399101009"): "XCCM",
    ("R-10244", "399196006"): "FB",
    ("R-102D0", "399188001"): "SIO",
    ("R-40AAA", "441555000"): "ISO",
    ("G-8310", "127457009"): "SPECIMEN",
}
# PS3.16 CID 4015.
_MODIFIER_CODES: Final = {
    ("P2-00161", "441752004"): "anterior compression",
    ("R-102D1", "399011000"): "axillary tail",
    ("R-40AB2", "442580003"): "axillary tissue",
    ("R-102D2", "399161006"): "cleavage",
    ("R-102D5", "399209000"): "implant displaced",
    ("R-40ABE", "442593008"): "infra-mammary fold",
    ("R-102D6", "399163009"): "magnification",
    ("R-40AB3", "442581004"): "nipple in profile",
    ("R-102CA", "414493004"): "rolled inferior",
    ("R-102D3", "399197002"): "rolled lateral",
    ("R-102D4", "399226006"): "rolled medial",
    ("R-102C9", "415670009"): "rolled superior",
    ("R-102D7", "399055006"): "spot compression",
    ("R-102C2", "399110001"): "tangential",
}
VIEW_OF_CODE: Final = {code: view for pair, view in _VIEW_CODES.items() for code in pair}
MODIFIER_OF_CODE: Final = {code: name for pair, name in _MODIFIER_CODES.items() for code in pair}
VIEWS: Final = frozenset(_VIEW_CODES.values())
_WORDS_OF_SIDE: Final = {"L": "L", "R": "R", "LEFT": "L", "RIGHT": "R"}
_IN_DESCRIPTION: Final = re.compile(
    r"(?<![A-Z])(LEFT|RIGHT|L|R)?[ _-]?(XCCL|XCCM|CC|MLO|LMO|ML|LM)?(?![A-Z])"
)


@dataclass(frozen=True, kw_only=True)
class SideAndView:
    """What an image shows.

    Parameters
    ----------
    laterality, view : str
        ``L`` or ``R``; ``CC``, ``MLO``, ...; empty where no place says it, or weak ones contradict
        each other.
    laterality_source, view_source : str
        The attribute that it was taken from.
    modifiers : tuple of str
        View modifiers, such as magnification or spot compression.
    conflicts : tuple of str
        Contradictions in words.
    """

    laterality: str
    laterality_source: str
    view: str
    view_source: str
    modifiers: tuple[str, ...]
    conflicts: tuple[str, ...]


def side_and_view(header: Header) -> SideAndView:
    """Return which breast and view an image shows, with every contradiction.

    Parameters
    ----------
    header : Header
        Of one image.
    """
    codes = header.items("ViewCodeSequence")
    return _shown(
        header.text("ImageLaterality"),
        _frame_side(header),
        header.text("Laterality"),
        header.text("SeriesDescription"),
        header.texts("PatientOrientation"),
        header.text("ViewPosition"),
        tuple(_code(item) for item in codes),
        tuple(_code(m) for item in codes for m in item.get("ViewModifierCodeSequence", ())),
    )


@lru_cache(maxsize=4096)  # an archive says the same few things over and over
def _shown(
    image_side: str,
    frame_side: str,
    series_side: str,
    description: str,
    orientation: tuple[str, ...],
    position: str,
    codes: tuple[str, ...],
    modifiers: tuple[str, ...],
) -> SideAndView:
    """Return what an image shows, from what its header says of it."""
    written = _from_description(description)
    sides = [
        ("ImageLaterality", _side(image_side)),
        ("FrameLaterality", frame_side),
        ("Laterality", _side(series_side)),
        ("SeriesDescription", written[0]),
        ("PatientOrientation", _side_of_orientation(orientation)),
    ]
    views = [
        ("ViewCodeSequence", _view_of(codes)),
        ("ViewPosition", _known_view(position)),
        ("SeriesDescription", written[1]),
    ]
    side, side_source, side_conflict = _settled(sides, "breast", own=2)
    view, view_source, view_conflict = _settled(views, "view", own=1)
    return SideAndView(
        laterality=side,
        laterality_source=side_source,
        view=view,
        view_source=view_source,
        modifiers=tuple(MODIFIER_OF_CODE.get(code, f"code {code}") for code in modifiers),
        conflicts=tuple(text for text in (side_conflict, view_conflict) if text),
    )


def _settled(places: Sequence[tuple[str, str]], what: str, *, own: int) -> tuple[str, str, str]:
    """Return the value, its source and the contradiction in words.

    The first ``own`` places belong to the image itself. A patient's orientation tells the breast
    only if the image is not turned, so it contradicts but never decides.
    """
    said = [(source, value) for source, value in places if value]
    if not said:
        return "", "", ""
    conflict = ""
    if len({value for _, value in said}) > 1:
        conflict = f"{what}: " + ", ".join(f"{source} says {value}" for source, value in said)
    images = [pair for pair in said if pair[0] in {source for source, _ in places[:own]}]
    deciding = images or [pair for pair in said if pair[0] != "PatientOrientation"]
    if not deciding or len({value for _, value in deciding}) > 1:
        return "", "", conflict
    return deciding[0][1], deciding[0][0], conflict


def _side(text: str) -> str:
    """Return L or R, or nothing for both breasts and anything else."""
    return _WORDS_OF_SIDE.get(text.upper(), "")


def _frame_side(header: Header) -> str:
    """Return the side in the shared functional groups of a multi-frame object."""
    found = {
        str(anatomy.get("FrameLaterality") or "").strip()
        for group in header.items("SharedFunctionalGroupsSequence")
        for anatomy in group.get("FrameAnatomySequence", ())
    }
    return _side(found.pop()) if len(found) == 1 else ""


def _side_of_orientation(directions: Sequence[str]) -> str:
    """Return the breast of an unturned image: rows run to the chest of a right one, columns inward.

    PS3.3 C.7.6.1.1.1: A, P, L, R, H, F are where rows and columns run to.
    """
    if len(directions) != 2:
        return ""
    along, down = (direction.strip() for direction in directions)
    if along.startswith("P") and "L" in down:
        return "R"
    return "L" if along.startswith("A") and "R" in down else ""


def _from_description(text: str) -> tuple[str, str]:
    """Return side and view that a description names once each, such as ``R MLO`` or ``LCC``."""
    sides, views = set(), set()
    for side, view in _IN_DESCRIPTION.findall(text.upper()):
        # A single letter means a side only beside a view.
        if side and (view or len(side) > 1):
            sides.add(_WORDS_OF_SIDE[side])
        if view:
            views.add(view)
    return sides.pop() if len(sides) == 1 else "", views.pop() if len(views) == 1 else ""


def _known_view(text: str) -> str:
    """Return a view that is one of the standard's."""
    upper = text.upper()
    return upper if upper in VIEWS else ""


def _view_of(codes: Sequence[str]) -> str:
    """Return the view of a view code sequence."""
    found = {VIEW_OF_CODE.get(code, "") for code in codes} - {""}
    return found.pop() if len(found) == 1 else ""


def _code(item: Nested) -> str:
    """Return the value of a code; the scheme has three names for one, so values tell."""
    return str(item.get("CodeValue") or "").strip()
