"""What an AI's report says, whatever template it follows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from toolkit.readers.dicom.sr_codes import Code

State = Literal["with_findings", "without_findings", "partly_failed", "failed"]
Intent = Literal["required", "optional", "not", "unsaid"]
ProductFrom = Literal["algorithm", "header"]


@dataclass(frozen=True, kw_only=True)
class Written:
    """A number or text of the report, with all that was written.

    Parameters
    ----------
    path : str
        Its content item.
    concept : Code
        What it is.
    raw : str
        As it stands in the file.
    unit : str
        Code of its unit; empty for a text or where none is given.
    is_text : bool
        A text, not a number.
    on_summary : bool
        A property of the summary of the whole examination.
    """

    path: str
    concept: Code
    raw: str
    unit: str = ""
    is_text: bool = False
    on_summary: bool = False


@dataclass(frozen=True, kw_only=True)
class CadFinding:
    """One finding in one image.

    Parameters
    ----------
    path : str
        Its content item.
    kind : Code
        What was found.
    is_suspicion : bool
        False for a nipple, the composition or geometry of the breast, a selected region, the
        quality of the image and what was judged no lesion.
    intent : {"required", "optional", "not", "unsaid"}
        Whether a display is to show it.
    operating_point : float or None
        Of an optional one: the operating point from which it is shown.
    from_prior : bool
        Copied from an earlier report.
    composites : tuple of str
        Paths of the composite features that it belongs to.
    scores, composite_scores : tuple of Written
        Numbers of the finding, and of its composite features.
    image_uid : str
        The image that was analysed; empty where it is not known.
    frame : int or None
        Of that image, from 1.
    x_px, y_px : float or None
        Centre, from the left and the top edge of the image.
    radius_px : float or None
        Of a circle.
    outline : str
        Closed outline of any other shape as ``x,y`` pairs.
    """

    path: str
    kind: Code
    is_suspicion: bool
    intent: Intent
    operating_point: float | None = None
    from_prior: bool = False
    composites: tuple[str, ...] = ()
    scores: tuple[Written, ...] = ()
    composite_scores: tuple[Written, ...] = ()
    image_uid: str = ""
    frame: int | None = None
    x_px: float | None = None
    y_px: float | None = None
    radius_px: float | None = None
    outline: str = ""


@dataclass(frozen=True, kw_only=True)
class NotMapped:
    """Something in a report that no table holds.

    Parameters
    ----------
    path : str
        Its content item.
    concept : str
        What it is, ``111047 DCM``.
    reason : str
        Why, without a text of the report.
    """

    path: str
    concept: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CadReport:
    """One report.

    Parameters
    ----------
    report_uid, study_uid : str
        Of the report.
    template : {"4000", "1500"}
        Template that it follows.
    product, version, manufacturer : str
        Of the program.
    product_from : {"algorithm", "header"}
        Whether the content names it, or only the header.
    device : tuple of str
        Manufacturer, model and software versions of the header.
    state : State
        What became of the examination.
    state_reason : str
        What it was taken from.
    complete : bool
        The document is complete by its own completion flag.
    written_at : str
        ``YYYYMMDDHHMMSS``, as far as it is known.
    images : tuple of str
        SOP Instance UIDs of the images that the report refers to.
    library_sides : tuple of (str, str)
        Image and breast, L or R, as the report's own image library says.
    exam_values : tuple of Written
        Numbers and texts that belong to no finding: what may be the examination's score.
    findings : tuple of CadFinding
        Each once.
    not_mapped : tuple of NotMapped
        What could not be read.
    """

    report_uid: str
    study_uid: str
    template: Literal["4000", "1500"]
    product: str
    version: str
    manufacturer: str
    product_from: ProductFrom
    device: tuple[str, str, str]
    state: State
    state_reason: str
    complete: bool
    written_at: str
    images: tuple[str, ...]
    library_sides: tuple[tuple[str, str], ...]
    exam_values: tuple[Written, ...]
    findings: tuple[CadFinding, ...]
    not_mapped: tuple[NotMapped, ...]

    def to_json(self) -> str:
        """Return the report as text; ``report_from_json`` gives an equal one."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def report_from_json(text: str) -> CadReport:
    """Return the report of a text that ``to_json`` made.

    Parameters
    ----------
    text : str
        JSON.
    """
    content: dict[str, Any] = json.loads(text)
    content["device"] = tuple(content["device"])
    content["images"] = tuple(content["images"])
    content["library_sides"] = tuple(tuple(pair) for pair in content["library_sides"])
    content["exam_values"] = _written(content["exam_values"])
    content["findings"] = tuple(_finding(one) for one in content["findings"])
    content["not_mapped"] = tuple(NotMapped(**one) for one in content["not_mapped"])
    return CadReport(**content)


_WRITTEN: Final = ("scores", "composite_scores")


def _finding(content: Mapping[str, Any]) -> CadFinding:
    """Return one finding."""
    parts = {name: _written(content[name]) for name in _WRITTEN}
    tuples = {name: tuple(content[name]) for name in ("kind", "composites")}
    return CadFinding(**(dict(content) | tuples | parts))


def _written(content: list[dict[str, Any]]) -> tuple[Written, ...]:
    """Return numbers and texts."""
    return tuple(Written(**(one | {"concept": tuple(one["concept"])})) for one in content)
