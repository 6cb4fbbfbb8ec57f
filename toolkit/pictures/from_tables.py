"""Cases to look at from the tables of ``study ingest`` and the archive that they were made from."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from toolkit.readers.dicom.pixels.frames import ImageError, RangeFile, opened
from toolkit.readers.dicom.pixels.image import MammogramImage, load_image
from toolkit.readers.dicom.scan.attributes import DicomFault
from toolkit.readers.dicom.scan.header import read_header
from toolkit.readers.dicom.scan.objects import ObjectRow, object_row
from toolkit.scoring.mark_rules import polygon_of

if TYPE_CHECKING:
    import pandas as pd

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


# What is shown of a view, the best first; secondary captures and single slices never.
_ORDER: Final = (
    "ffdm_for_presentation",
    "synthetic_2d",
    "tomosynthesis",
    "ffdm_for_processing",
)
_KIND_NOTES: Final = {
    "synthetic_2d": "computed from tomosynthesis",
    "ffdm_for_processing": "for processing, not made to be read",
}
_TIMES: Final = (("AcquisitionDate", "AcquisitionTime"), ("ContentDate", "ContentTime"))
_CIRCLE: Final = 24  # corners of the polygon that stands for a circle
_READERS_ROLES: Final[dict[str, Role]] = {"unaided": "unaided", "aided": "aided"}


@dataclass(frozen=True)
class _Picture:
    """A file that may be shown: its row, where it lies, its place in the table."""

    row: ObjectRow
    source: str
    place: int


class CasesFromTables(Sequence[Case]):
    """Cases in order, each read from its files when it is taken; none is kept."""

    def __init__(
        self,
        images: list[list[tuple[str, str]]],
        marks: Mapping[str, Sequence[ViewMark]],
        lesions: Mapping[str, Sequence[ViewLesion]],
    ) -> None:
        self._images, self._marks, self._lesions = images, marks, lesions

    def __len__(self) -> int:
        return len(self._images)

    @overload
    def __getitem__(self, index: int) -> Case: ...
    @overload
    def __getitem__(self, index: slice) -> CasesFromTables: ...
    def __getitem__(self, index: int | slice) -> Case | CasesFromTables:
        if isinstance(index, slice):
            return CasesFromTables(self._images[index], self._marks, self._lesions)
        pictures = [
            _picture(source, image_id, place)
            for place, (image_id, source) in enumerate(self._images[index])
        ]
        return tuple(
            view for side, name in HANGING if (view := self._view(pictures, side, name)) is not None
        )

    def _view(self, pictures: Sequence[_Picture], side: str, name: str) -> CaseView | None:
        """Return the picture that is shown of a view, or None."""
        found = [p for p in pictures if (p.row.laterality, p.row.view) == (side, name)]
        shown = [p for p in found if p.row.kind in _ORDER and p.row.burned_in != "YES"]
        if not shown:
            return None
        best = min(_ORDER.index(p.row.kind) for p in shown)
        same = [p for p in shown if p.row.kind == _ORDER[best]]
        chosen = max(same, key=_taken) if len(same) > 1 else same[0]
        elsewhere = sum(len(self._marks.get(p.row.image_id, ())) for p in found if p is not chosen)
        notes = (
            _KIND_NOTES.get(chosen.row.kind, ""),
            f"the last of {len(same)} pictures of this view" if len(same) > 1 else "",
            f"marks on other pictures of this view: {elsewhere}" if elsewhere else "",
        )
        view = _case_view(
            chosen,
            tuple(self._marks.get(chosen.row.image_id, ())),
            "; ".join(note for note in notes if note),
        )
        return replace(view, lesions=tuple(self._lesions.get(chosen.row.image_id, ())))


def cases_from_tables(
    images: pd.DataFrame,
    marks: pd.DataFrame | None = None,
    *,
    archive: str | Path,
    case_ids: Sequence[str],
    readers: pd.DataFrame | None = None,
    lesions: pd.DataFrame | None = None,
) -> CasesFromTables:
    """Return cases to look at, in an order of one's own; nothing is read before a case is taken.

    Parameters
    ----------
    images : DataFrame
        Canonical images table with ``path``, as ``study ingest`` writes it.
    marks : DataFrame, optional
        Canonical marks table; marks with ``image_id``, ``x_px`` and ``y_px`` are drawn on their
        image, their label is the rating.
    archive : path or address
        What ``path`` is relative to: the folder or address that was ingested.
    case_ids : sequence of str
        Cases in the order wanted.
    readers : DataFrame, optional
        Canonical readers table, which tells AI from people; without it the modality does, and
        ``standalone`` is the AI.
    lesions : DataFrame, optional
        Canonical lesions table; lesions with an outline, or a place and a radius, are drawn.

    Returns
    -------
    CasesFromTables
        A sequence; a case is read anew each time that it is taken.

    Raises
    ------
    ValueError
        If a case has no image in the table, a column is absent, a path leaves the archive, or a
        reader's modality is neither aided nor unaided.

    Notes
    -----
    Of each view CC and MLO of each breast one picture is shown: for presentation, else synthetic
    2D, else tomosynthesis (the frame of its first mark, else the middle one), else for processing.
    Kind, breast and view are read from the file, which must be the image that the table names. Of
    several of a kind it is the one taken last (acquisition date and time, else those of the
    content; then instance number; then the order of the table), and the view's note says so. Other
    views, secondary captures and pictures that say that text is burned in are left out: they may
    name the patient.
    """
    _require(images, ("image_id", "case_id", "path"), "images")
    sources: dict[str, list[tuple[str, str]]] = {}
    wanted = set(case_ids)
    for row in images[images["case_id"].isin(wanted)].to_dict("records"):
        image = (str(row["image_id"]), _source(archive, row["path"]))
        sources.setdefault(str(row["case_id"]), []).append(image)
    for place, case_id in enumerate(case_ids, 1):
        if case_id not in sources:
            msg = (
                f"case_ids must be cases of the images table, number {place} is not (value "
                "withheld); take them from images['case_id']"
            )
            raise ValueError(msg)
    return CasesFromTables(
        [sources[case_id] for case_id in case_ids],
        marks_by_image(marks, readers, wanted),
        lesions_by_image(lesions, wanted),
    )


def _require(frame: pd.DataFrame, columns: Sequence[str], table: str) -> None:
    absent = [name for name in columns if name not in frame]
    if absent:
        msg = f"{table} must have the columns {', '.join(columns)}, lacks {', '.join(absent)}"
        raise ValueError(f"{msg}; take the table that study ingest wrote")


def _source(archive: str | Path, path: Any) -> str:
    """Return where a file lies; a path that leaves the archive is refused."""
    relative = PurePosixPath(path) if isinstance(path, str) else None
    if relative is None or relative.is_absolute() or ".." in relative.parts:
        msg = "path of an image must be relative to the archive and stay in it; ingest it again"
        raise ValueError(msg)
    if "://" in str(archive):
        return f"{str(archive).rstrip('/')}/{relative}"
    return str(Path(archive) / relative)


def marks_by_image(
    marks: pd.DataFrame | None, readers: pd.DataFrame | None, case_ids: set[str]
) -> dict[str, list[ViewMark]]:
    """Return the marks of some cases by image.

    Parameters
    ----------
    marks, readers : DataFrame or None
        As of ``cases_from_tables``.
    case_ids : set of str
        The cases.
    """
    found: dict[str, list[ViewMark]] = {}
    if marks is None or not {"image_id", "x_px", "y_px"} <= set(marks.columns):
        return found
    kinds = {} if readers is None else dict(zip(readers["reader_id"], readers["kind"], strict=True))
    placed = marks[marks["case_id"].isin(case_ids)].dropna(subset=["image_id", "x_px", "y_px"])
    for row in placed.to_dict("records"):
        found.setdefault(str(row["image_id"]), []).append(
            ViewMark(
                x=float(row["x_px"]),
                y=float(row["y_px"]),
                role=_role(kinds.get(row["reader_id"]), str(row["modality"])),
                label=f"{row['rating']:g}",
                radius=_number(row.get("radius_px")),
                frame=None if (frame := _number(row.get("frame"))) is None else int(frame),
            )
        )
    return found


def lesions_by_image(
    lesions: pd.DataFrame | None, case_ids: set[str]
) -> dict[str, list[ViewLesion]]:
    """Return the lesions of some cases that have a place, by image.

    Parameters
    ----------
    lesions : DataFrame or None
        As of ``cases_from_tables``.
    case_ids : set of str
        The cases.
    """
    found: dict[str, list[ViewLesion]] = {}
    if lesions is None or "image_id" not in lesions:
        return found
    placed = lesions[lesions["case_id"].isin(case_ids)].dropna(subset=["image_id"])
    for row in placed.to_dict("records"):
        if corners := _corners(row):
            size = _number(row.get("size_mm"))
            named = [row["lesion_type"]] if isinstance(row.get("lesion_type"), str) else []
            label = ", ".join([*named, *([] if size is None else [f"{size:g} mm"])])
            lesion = ViewLesion(corners=corners, label=label)
            found.setdefault(str(row["image_id"]), []).append(lesion)
    return found


def _corners(row: Mapping[Any, Any]) -> tuple[tuple[float, float], ...]:
    """Return the outline of a lesion, or a circle by its radius; nothing without either."""
    outline = row.get("outline")
    polygon = polygon_of(outline) if isinstance(outline, str) else None
    if polygon is not None:
        return tuple((float(x), float(y)) for x, y in polygon)
    x, y, radius = (_number(row.get(name)) for name in ("x_px", "y_px", "radius_px"))
    if x is None or y is None or radius is None:
        return ()
    angles = [2 * math.pi * step / _CIRCLE for step in range(_CIRCLE)]
    return tuple((x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles)


def _number(value: Any) -> float | None:
    """Return a number, or None where it is missing."""
    return None if value is None or value != value else float(value)  # NaN


def _role(kind: Any, modality: str) -> Role:
    """Return whose mark it is."""
    if kind == "ai" or (kind is None and modality == "standalone"):
        return "ai"
    if modality not in _READERS_ROLES:
        msg = (
            f"modality of a reader's mark must be unaided or aided, got {modality!r}; give the "
            "readers table, or leave these marks out"
        )
        raise ValueError(msg)
    return _READERS_ROLES[modality]


def _picture(source: str, image_id: str, place: int) -> _Picture:
    """Return what a file shows; it must be the image that the table names."""
    try:
        with opened(source) as (read, size):
            row = object_row(read_header(read, size))
    except DicomFault as fault:
        msg = f"image {place + 1} of the case: {fault.words}; ingest the archive again"
        raise ImageError(msg) from None
    if row.image_id != image_id:
        msg = (
            f"image {place + 1} of the case: the file must be the image that the table names, it "
            "is another one; give the archive that was ingested"
        )
        raise ImageError(msg)
    return _Picture(row, source, place)


def _taken(picture: _Picture) -> tuple[str, int, int]:
    """Return what the last picture of a view has most of: time, instance number, place."""
    from pydicom import dcmread

    keywords = [keyword for pair in _TIMES for keyword in pair]
    with opened(picture.source) as (read, size):
        stream = io.BufferedReader(RangeFile(read, size))
        ds = dcmread(stream, stop_before_pixels=True, specific_tags=[*keywords, "InstanceNumber"])
    dated = (f"{ds.get(day, '')}{ds.get(time, '')}" for day, time in _TIMES if ds.get(day))
    return next(dated, ""), int(ds.get("InstanceNumber") or 0), picture.place


def _case_view(picture: _Picture, marks: tuple[ViewMark, ...], note: str) -> CaseView:
    """Return a picture with its marks; of tomosynthesis a marked frame, else the middle one."""
    frames = picture.row.frames or 1
    marked = (mark.frame for mark in marks if mark.frame is not None and mark.frame <= frames)
    frame = next(marked, (frames + 1) // 2)
    load = partial(_frame, picture.source)
    return CaseView(
        image=load(frame),
        marks=marks,
        note=note,
        frame=frame,
        load_frame=load if frames > 1 else None,
    )


def _frame(source: str, frame: int) -> MammogramImage:
    return load_image(source, frame=frame - 1)
