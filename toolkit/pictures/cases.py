"""A case to look at: up to four views, each with its picture and the marks on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from toolkit.readers.dicom.pixels.image import MammogramImage

Role = Literal["ai", "unaided", "aided"]

ROLE_WORDS: Final[dict[Role, str]] = {
    "ai": "AI",
    "unaided": "reader without AI",
    "aided": "reader with AI",
}
# The right breast hangs left and its chest wall is at its right edge: the two walls meet.
HANGING: Final = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))


@dataclass(frozen=True, kw_only=True)
class ViewMark:
    """A mark on one view.

    Parameters
    ----------
    x, y : float
        Column and row in the picture as stored, pixels from its outer corner.
    role : {"ai", "unaided", "aided"}
        Whose mark: squares for AI, circles for readers, dashed without AI.
    label : str
        Shown with the mark, such as a score; no identifier.
    radius : float, optional
        Of the marked region, pixels; without it the symbol has a size of its own.
    frame : int, optional
        From 1, as in the marks table; without it the mark stands on every frame.
    """

    x: float
    y: float
    role: Role
    label: str = ""
    radius: float | None = None
    frame: int | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLE_WORDS:
            msg = f"role must be one of {', '.join(ROLE_WORDS)}, got {self.role!r}"
            raise ValueError(msg)

    @property
    def words(self) -> str:
        """Whose mark it is, and its label."""
        return f"{ROLE_WORDS[self.role]} {self.label}".strip()


@dataclass(frozen=True, kw_only=True)
class ViewLesion:
    """A lesion of the reference standard on one view.

    Parameters
    ----------
    corners : tuple of (x, y)
        Its outline, at least three corners in the picture as stored, pixels from its outer corner.
    label : str
        What it is, such as its type and size; no identifier.
    """

    corners: tuple[tuple[float, float], ...]
    label: str = ""

    def __post_init__(self) -> None:
        if len(self.corners) < 3:
            msg = f"corners must be at least 3, got {len(self.corners)}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseView:
    """One picture of a case with its marks.

    Parameters
    ----------
    image : MammogramImage
        The picture, or the frame of it that is shown first.
    marks : tuple of ViewMark
        What lies on it.
    lesions : tuple of ViewLesion
        Where the lesions are, by the reference standard. The page draws them; the viewer does not,
        since whoever looks should not be told.
    note : str
        What a reader of the picture must know, such as that it was chosen among several; no
        identifier. What the image itself notes need not be repeated.
    frame : int
        Which frame ``image`` is, from 1.
    load_frame : callable, optional
        Returns another frame, given its number from 1; without it the others cannot be shown.
    """

    image: MammogramImage
    marks: tuple[ViewMark, ...] = ()
    lesions: tuple[ViewLesion, ...] = ()
    note: str = ""
    frame: int = 1
    load_frame: Callable[[int], MammogramImage] | None = None

    @property
    def notes(self) -> str:
        """All that is to be known of the picture, in words."""
        return "; ".join(text for text in (self.note, self.image.note) if text)


Case = Sequence[CaseView]


def hung(case: Case) -> list[CaseView | None]:
    """Return the four places in hanging order; None where there is no picture.

    Parameters
    ----------
    case : sequence of CaseView
        At most one for each place of ``HANGING``.

    Raises
    ------
    ValueError
        If two pictures claim one place, or a picture is of no place.
    """
    places: list[CaseView | None] = []
    for side, view in HANGING:
        found = [v for v in case if (v.image.laterality, v.image.view) == (side, view)]
        if len(found) > 1:
            msg = f"case must hold one picture of {side} {view}, got {len(found)}; choose one"
            raise ValueError(msg)
        places.append(found[0] if found else None)
    if sum(place is not None for place in places) != len(case):
        msg = "case must hold only the views R CC, L CC, R MLO and L MLO; leave the others out"
        raise ValueError(msg)
    return places
