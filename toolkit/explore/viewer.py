"""The case viewer for JupyterLab: the kernel gives pictures, the browser windows and draws them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

from toolkit.pictures.from_tables import Case, CaseView, ViewMark, hung
from toolkit.readers.dicom.pixels.image import ImageError, MammogramImage
from toolkit.words.palette import css_variables

PADDING: Final = 65_535  # the code of no image; values have the others
_TOP: Final = 65_534


@dataclass(frozen=True, kw_only=True, eq=False)
class CodedPicture:
    """A picture, or a part of one: a code stands for the value ``low + code / per_unit``.

    Parameters
    ----------
    codes : ndarray of uint16, shape (rows, columns)
        ``PADDING`` where there is no image.
    low, per_unit : float
        What code 0 stands for, and codes a unit of value.
    x, y : int
        Left and upper corner in the whole picture, pixels.
    factor : int
        Pixels of the whole picture that one code is the mean of, each way.
    """

    codes: NDArray[np.uint16]
    low: float
    per_unit: float
    x: int = 0
    y: int = 0
    factor: int = 1

    def part(self, box: tuple[int, int, int, int], factor: int) -> CodedPicture:
        """Return a part, reduced by the mean of blocks without their padding.

        Parameters
        ----------
        box : (left, upper, right, lower)
            In pixels of this picture, which must be whole; cut to what there is.
        factor : int
            Pixels of a block each way.
        """
        rows, columns = self.codes.shape
        left, upper = (
            min(max(at, 0), size - 1) for at, size in zip(box[:2], (columns, rows), strict=True)
        )
        right, lower = min(max(box[2], left + 1), columns), min(max(box[3], upper + 1), rows)
        codes = self.codes[upper:lower, left:right]
        return CodedPicture(
            codes=_block_means(codes, factor),
            low=self.low,
            per_unit=self.per_unit,
            x=left,
            y=upper,
            factor=factor,
        )

    def reduced(self, longest: int) -> CodedPicture:
        """Return the whole with at most so many pixels on its longer side."""
        rows, columns = self.codes.shape
        return self.part((0, 0, columns, rows), -(-max(rows, columns) // longest))

    def head(self) -> dict[str, Any]:
        """Return what the browser must know to draw the codes."""
        rows, columns = self.codes.shape
        return {
            "rows": rows,
            "columns": columns,
            "x": self.x,
            "y": self.y,
            "factor": self.factor,
            "low": self.low,
            "per_unit": self.per_unit,
        }


def coded(image: MammogramImage) -> CodedPicture:
    """Return a picture as codes; whole numbers within 16 bits are kept exactly.

    Parameters
    ----------
    image : MammogramImage
        Any. Values that are no whole numbers, or span more than 65,534, are rounded to 1/65,534 of
        their range.

    Examples
    --------
    >>> import io
    >>> from toolkit.readers.dicom.pixels.image import load_image
    >>> from toolkit.demo.dicom.exam import DemoExam
    >>> from toolkit.demo.dicom.images import ImagePlan, mammogram
    >>> from toolkit.demo.dicom.archive import encoded
    >>> file = io.BytesIO(encoded(mammogram(DemoExam(seed=1, number=1), ImagePlan())))
    >>> image = load_image(file)
    >>> picture = coded(image)
    >>> bool((picture.low + picture.codes / picture.per_unit == image.pixels).all())
    True
    """
    inside = image.pixels[~image.padding]
    low, high = (float(inside.min()), float(inside.max())) if inside.size else (0.0, 0.0)
    span = high - low
    per_unit = _TOP / span if span > 0 else 1.0
    if per_unit >= 1 and bool(np.all(inside == np.rint(inside))):
        per_unit = float(int(per_unit))  # a whole number of codes a value: exact, finer for means
    codes = np.rint((image.pixels.astype(np.float64) - low) * per_unit)
    codes = np.where(image.padding, PADDING, np.clip(codes, 0, _TOP))
    return CodedPicture(codes=codes.astype(np.uint16), low=low, per_unit=per_unit)


def _block_means(codes: NDArray[np.uint16], factor: int) -> NDArray[np.uint16]:
    """Return means of blocks; a block is padding if more than half of it is."""
    if factor == 1:
        return np.ascontiguousarray(codes)
    image = codes != PADDING
    total = _block_sums(np.where(image, codes, 0).astype(np.uint32), factor)
    used = _block_sums(image.astype(np.uint32), factor)
    whole = _block_sums(np.ones(codes.shape, np.uint32), factor)
    mean = np.rint(total / np.maximum(used, 1))
    return np.where(2 * used < whole, PADDING, mean).astype(np.uint16)


def _block_sums(values: NDArray[np.uint32], factor: int) -> NDArray[np.uint64]:
    """Return sums of blocks; those at the right and lower edge may be smaller."""
    rows, columns = values.shape
    sums = np.add.reduceat(values, np.arange(0, columns, factor), axis=1, dtype=np.uint64)
    return np.asarray(np.add.reduceat(sums, np.arange(0, rows, factor), axis=0), dtype=np.uint64)


_HERE: Final = Path(__file__).parent
_HELD: Final = 2  # cases in memory: the one that is seen and the next

_SCRIPTS: Final = ("arithmetic.js", "panel.js", "viewer.js")

LazyCase = Case | Callable[[], Case]


def script() -> str:
    """Return the script that runs in the browser: one module, since it can load no other."""
    return "\n".join((_HERE / name).read_text("utf-8") for name in _SCRIPTS)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shown:
    """A view as it is sent; its picture is held as codes alone, a third of the memory."""

    whole: CodedPicture
    frame: int
    head: dict[str, Any]
    table: bytes
    other: Callable[[int], _Shown] | None


class CaseViewer(anywidget.AnyWidget):
    """Four views of a case with the marks on them; made by ``case_viewer``.

    What follows can be read and set from Python. Pictures go to the browser as messages and are
    never part of the widget's state: JupyterLab may save that in the notebook.

    Attributes
    ----------
    case : int
        The case that is seen, from 1.
    window : (center, width) or None
        Of all views, in the values of their pictures, linear; None is each file's own.
    level_shift : float
        Moves each window, in shares of its width; positive is darker, unless ``inverted``.
    width_factor : float
        Widens each window.
    inverted : bool
        Bright and dark exchanged.
    large : int
        The view that is seen alone, 1 to 4 in hanging order; 0 for all four.
    show_ai, show_unaided, show_aided : bool
        Which marks are drawn.
    """

    _esm = script()
    _css = f".case-viewer{{{css_variables('dark')}}}" + (_HERE / "viewer.css").read_text("utf-8")

    n_cases = traitlets.Int(1).tag(sync=True)
    case = traitlets.Int(1).tag(sync=True)
    window = traitlets.Tuple(
        traitlets.Float(), traitlets.Float(), default_value=None, allow_none=True
    ).tag(sync=True)
    level_shift = traitlets.Float(0.0).tag(sync=True)
    width_factor = traitlets.Float(1.0).tag(sync=True)
    inverted = traitlets.Bool(False).tag(sync=True)
    large = traitlets.Int(0, min=0, max=4).tag(sync=True)
    show_ai = traitlets.Bool(True).tag(sync=True)
    show_unaided = traitlets.Bool(True).tag(sync=True)
    show_aided = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self, cases: Sequence[LazyCase], labels: Sequence[str] | None, longest: int
    ) -> None:
        self._cases, self._labels, self._longest = cases, labels, longest
        self._held: OrderedDict[int, list[_Shown | None]] = OrderedDict()
        super().__init__(n_cases=len(cases))
        self._places(1)  # what is wrong with the first case is said here
        self.on_msg(lambda _, content, __: self._answer(content))

    @traitlets.validate("case")
    def _check_case(self, proposal: dict[str, Any]) -> int:
        if not 1 <= (case := int(proposal["value"])) <= self.n_cases:
            msg = f"case must be from 1 to {self.n_cases}, got {case}"
            raise traitlets.TraitError(msg)
        return case

    @traitlets.validate("window", "width_factor")
    def _check_window(self, proposal: dict[str, Any]) -> Any:
        value = proposal["value"]
        width = value[1] if isinstance(value, tuple) else 1.0 if value is None else value
        if not 0 < width < float("inf"):
            msg = f"{proposal['trait'].name} must have a positive width, got {width}"
            raise traitlets.TraitError(msg)
        return value

    def _places(self, case: int) -> list[_Shown | None]:
        """Return the four views of a case, read now if they are not held."""
        if case not in self._held:
            while len(self._held) >= _HELD:
                self._held.popitem(last=False)
            found = self._cases[case - 1]
            places = hung(found() if callable(found) else found)
            self._held[case] = [
                None if view is None else _shown(view, view.image, view.frame) for view in places
            ]
        self._held.move_to_end(case)
        return self._held[case]

    def _answer(self, asked: dict[str, Any]) -> None:
        """Answer what the browser asks for; what cannot be done is said in words."""
        kinds = {"case": self._case, "frame": self._frame, "tile": self._tile}
        try:
            kinds[asked["kind"]](asked)
        except Exception as error:  # a viewer that is silent cannot be told from a slow one
            words = str(error)
            if type(error) not in (ValueError, ImageError):  # their words may hold any value
                where = f"cases[{asked.get('case', 1) - 1}]"
                words = f"it could not be loaded ({type(error).__name__}); take {where} in a cell"
            self.send({**asked, "kind": "problem", "of": asked.get("kind"), "words": words})

    def _case(self, asked: dict[str, Any]) -> None:
        """Send the reduced pictures of a case."""
        case, views, buffers = int(asked["case"]), [], []
        for shown in self._places(case):
            head, found = (None, []) if shown is None else self._reduced(shown)
            views.append(head)
            buffers.extend(found)
        label = self._labels[case - 1] if self._labels else ""
        self.send({"kind": "case", "case": case, "label": label, "views": views}, buffers)

    def _frame(self, asked: dict[str, Any]) -> None:
        """Send another frame of a view."""
        head, buffers = self._reduced(self._at(asked))
        self.send({**asked, "view": head}, buffers)

    def _tile(self, asked: dict[str, Any]) -> None:
        """Send a part of a view at the resolution that the browser can show."""
        left, upper, right, lower = (int(at) for at in asked["box"])
        factor = max(1, int(asked["factor"]))
        tile = self._at(asked).whole.part((left, upper, right, lower), factor)
        self.send({**asked, "picture": tile.head()}, [tile.codes.tobytes()])

    def _at(self, asked: dict[str, Any]) -> _Shown:
        """Return the view and frame asked for; another frame takes the place of the one held."""
        places = self._places(int(asked["case"]))
        place, frame = int(asked["place"]), int(asked["frame"])
        shown = places[place]
        if shown is None:
            msg = "the case must have a picture at this place, has none"
            raise ValueError(msg)
        if frame != shown.frame:
            if shown.other is None:
                msg = "the view must have load_frame, has none; only this frame can be seen"
                raise ValueError(msg)
            shown = places[place] = shown.other(frame)
        return shown

    def _reduced(self, shown: _Shown) -> tuple[dict[str, Any], list[bytes]]:
        """Return what the browser must know of a view, and its codes and look-up table."""
        picture = shown.whole.reduced(self._longest)
        buffers = [picture.codes.tobytes(), *([shown.table] if shown.table else [])]
        return {**shown.head, "picture": picture.head()}, buffers


def _shown(view: CaseView, image: MammogramImage, frame: int) -> _Shown:
    """Return a frame of a view as it is sent, without holding on to its values."""
    load, marks, note, scale = view.load_frame, view.marks, view.note, image.scale
    rows, columns = image.pixels.shape
    stack = "" if image.stack_position is None else f"slice {image.stack_position}"
    head = {
        "rows": rows,
        "columns": columns,
        "scale": {
            "function": scale.function,
            "center": scale.center,
            "width": scale.width,
            "first": scale.first,
            "has_table": scale.table is not None,
        },
        "inverted": image.inverted,
        "frame": frame,
        "frames": image.frames if load else 1,
        "notes": "; ".join(text for text in (stack, note, image.note) if text),
        "marks": [_mark(mark, image) for mark in marks],
    }

    def other(frame: int) -> _Shown:
        image = load(frame)  # type: ignore[misc]  # only called where there is one
        return _shown(CaseView(image=image, marks=marks, note=note, load_frame=load), image, frame)

    return _Shown(
        whole=coded(image),
        frame=frame,
        head=head,
        table=b"" if scale.table is None else scale.table.astype("<f4").tobytes(),
        other=other if load else None,
    )


def _mark(mark: ViewMark, image: MammogramImage) -> dict[str, Any]:
    """Return a mark at its place in the picture as it hangs."""
    x, y = image.placed(mark.x, mark.y)
    return {
        "x": x,
        "y": y,
        "role": mark.role,
        "words": mark.words,
        "radius": mark.radius,
        "frame": mark.frame,
    }


def case_viewer(
    cases: Sequence[LazyCase], *, labels: Sequence[str] | None = None, longest: int = 1024
) -> CaseViewer:
    """Return the case viewer, a widget for JupyterLab.

    Parameters
    ----------
    cases : sequence
        Cases, each a sequence of ``CaseView``, or a function without arguments that returns one. A
        case is taken when it is seen, and at most two are held: a list of functions, or
        ``cases_from_tables``, may be as long as a study.
    labels : sequence of str, optional
        What stands above each case; without it nothing tells who it is.
    longest : int
        Most pixels of a picture's longer side that are sent at first, at least 16. Where one zooms
        in, the part that is seen is sent at full resolution.

    Returns
    -------
    CaseViewer
        Its attributes can be read and set; ``?`` shows the keys.

    Raises
    ------
    ValueError
        If there is no case, not one label a case, or the first case cannot be hung. What is wrong
        with a later one is said in its place.

    Notes
    -----
    This is no device for diagnosis: neither the screen nor this program is made for it.

    Examples
    --------
    >>> import io
    >>> from toolkit.readers.dicom.pixels.image import load_image
    >>> from toolkit.demo.dicom.exam import DemoExam
    >>> from toolkit.demo.dicom.images import ImagePlan, mammogram
    >>> from toolkit.demo.dicom.archive import encoded
    >>> file = io.BytesIO(encoded(mammogram(DemoExam(seed=1, number=1), ImagePlan())))
    >>> viewer = case_viewer([[CaseView(image=load_image(file))]])
    >>> viewer.case, viewer.n_cases
    (1, 1)
    """
    if not len(cases):
        msg = "cases must hold at least one case, got none"
        raise ValueError(msg)
    if labels is not None and len(labels) != len(cases):
        msg = f"labels must be one for each of the {len(cases)} cases, got {len(labels)}"
        raise ValueError(msg)
    if longest < 16:
        msg = f"longest must be at least 16 pixels, got {longest}"
        raise ValueError(msg)
    return CaseViewer(cases, labels, longest)
