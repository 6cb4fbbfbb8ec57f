"""The case viewer for JupyterLab: the kernel gives pictures, the browser windows and draws them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from toolkit.explore.codes import CodedPicture, coded
from toolkit.pictures.cases import Case, CaseView, ViewMark, hung
from toolkit.readers.dicom.pixels.image import ImageError, MammogramImage
from toolkit.words.palette import css_variables

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
    >>> from toolkit.demo.dicom.write import encoded
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
