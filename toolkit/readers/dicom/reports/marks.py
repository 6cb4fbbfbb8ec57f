"""Findings of a report -> marks: those that a reader would be shown, with one kind of rating."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from toolkit.readers.dicom.reports.places import UnreadableError, percent_of
from toolkit.readers.dicom.reports.reports import Listed
from toolkit.readers.dicom.reports.tree import (
    CERTAINTY_OF_FINDING,
    PROBABILITY_OF_CANCER,
    CadFinding,
    CadReport,
    Code,
    Written,
    words,
)

_RATINGS: Final = (PROBABILITY_OF_CANCER, CERTAINTY_OF_FINDING)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One mark.

    Parameters
    ----------
    finding : CadFinding
        What it was made from.
    rating : float
        Percent.
    written : Written
        Where its rating stands, and how.
    of_composite : bool
        The rating is that of the composite feature which the finding belongs to.
    """

    finding: CadFinding
    rating: float
    written: Written
    of_composite: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Which findings are marks.

    Parameters
    ----------
    operating_point : float or None
        Optional findings up to this operating point are shown; None shows none of them.
    image_cases : mapping or None
        Case of each image, by its UID: a mark on an image of another case is left out.
    image_sizes : mapping or None
        Columns and rows of each image, by its UID: a mark outside of its image is left out.
    """

    operating_point: float | None = None
    image_cases: Mapping[str, str] | None = None
    image_sizes: Mapping[str, tuple[int, int]] | None = None


def rating_concept(reports: Sequence[CadReport]) -> Code | None:
    """Return what the marks of one reader are rated by; None where no finding has a number.

    Parameters
    ----------
    reports : sequence of CadReport
        All that count, of one reader.

    Notes
    -----
    The probability of cancer (111047) wherever the reader gives it, else the certainty of finding
    (111012): one reader's marks are never rated by both.
    """
    given = {
        score.concept
        for report in reports
        for finding in report.findings
        if finding.is_suspicion and not finding.from_prior
        for score in (*finding.scores, *finding.composite_scores)
    }
    return next((concept for concept in _RATINGS if concept in given), None)


def marks_of(
    report: CadReport, case_id: str, *, shown: Shown, rated_by: Code | None
) -> tuple[list[Mark], list[Listed]]:
    """Return the marks of a report, and the findings that are none.

    Parameters
    ----------
    report : CadReport
        The one that counts.
    case_id : str
        Its examination.
    shown : Shown
        Which findings are marks.
    rated_by : Code or None
        As of ``rating_concept``.
    """
    marks: list[Mark] = []
    listed: list[Listed] = []
    for finding in report.findings:
        refused = _why_no_mark(finding, case_id, shown)
        mark: Mark | None = None
        if refused is None:
            try:
                mark = _mark(finding, rated_by)
            except UnreadableError as error:
                refused = "not_mapped", str(error)
        if mark is not None:
            marks.append(mark)
        elif refused is not None:
            listed.append(
                Listed(
                    report_uid=report.report_uid,
                    case_id=case_id,
                    path=finding.path,
                    concept=words(finding.kind),
                    what=refused[0],
                    reason=refused[1],
                )
            )
    return marks, listed


_Refused = tuple[Literal["not_mapped", "not_shown", "prior"], str]


def _why_no_mark(finding: CadFinding, case_id: str, shown: Shown) -> _Refused | None:
    """Return why a finding is no mark; None where it may be one."""
    if finding.from_prior:
        return "prior", "copied from an earlier report"
    if not finding.is_suspicion:
        return "not_shown", "no suspicion: anatomy, a region, quality or what was judged no lesion"
    hidden = _why_hidden(finding, shown.operating_point)
    if hidden:
        return "not_shown", hidden
    if finding.x_px is None or finding.y_px is None or not finding.image_uid:
        return "not_mapped", "has no place on an image"
    columns, rows = (shown.image_sizes or {}).get(finding.image_uid, (math.inf, math.inf))
    if not (0 <= finding.x_px <= columns and 0 <= finding.y_px <= rows):
        return "not_mapped", "lies outside of its image"
    return _why_elsewhere(finding.image_uid, case_id, shown)


def _why_elsewhere(image_uid: str, case_id: str, shown: Shown) -> _Refused | None:
    """Return why a mark on an image is none of the examination; None where it may be one."""
    if shown.image_cases is not None:
        case_of_image = shown.image_cases.get(image_uid)
        if case_of_image is None:
            return "not_mapped", "lies on an image that is not in the archive"
        if case_of_image != case_id:
            return "prior", "lies on an image of another examination"
    return None


def _why_hidden(finding: CadFinding, operating_point: float | None) -> str:
    """Return why a display would not show a finding; empty where it would (PS3.17 annex E.4)."""
    if finding.intent == "required":
        return ""
    if finding.intent == "not":
        return "not for presentation"
    if finding.intent == "unsaid":
        return "has no rendering intent"
    if operating_point is None:
        return "optional, and no operating point was chosen"
    if finding.operating_point is None:
        return "optional, without an operating point from which it is shown"
    if finding.operating_point > operating_point:
        return "optional, from a higher operating point on than was chosen"
    return ""


def _mark(finding: CadFinding, rated_by: Code | None) -> Mark:
    """Return the mark of a finding; its own number comes before that of its composite features."""
    for of_composite, scores in ((False, finding.scores), (True, finding.composite_scores)):
        fitting = [score for score in scores if score.concept == rated_by]
        if not fitting:
            continue
        ratings = {percent_of(score) for score in fitting}
        if len(ratings) > 1:
            msg = "has several numbers of the same meaning that differ"
            raise UnreadableError(msg)
        return Mark(
            finding=finding, rating=ratings.pop(), written=fitting[0], of_composite=of_composite
        )
    msg = f"has no {words(rated_by)}" if rated_by else "has no probability and no certainty"
    raise UnreadableError(msg)


def mark_row(mark: Mark, reader_id: str, case_id: str) -> dict[str, Any]:
    """Return the row of the table ``marks``.

    Parameters
    ----------
    mark : Mark
        The mark.
    reader_id, case_id : str
        Its reading.
    """
    finding = mark.finding
    return {
        "reader_id": reader_id,
        "case_id": case_id,
        "modality": "standalone",
        "session": "1",
        "mark_id": finding.path,
        "rating": mark.rating,
        "image_id": finding.image_uid,
        "x_px": finding.x_px,
        "y_px": finding.y_px,
        "radius_px": finding.radius_px,
        "outline": finding.outline or None,
        "frame": finding.frame,
    }


def mark_source(mark: Mark, reader_id: str, case_id: str, report_uid: str) -> dict[str, Any]:
    """Return where a mark comes from.

    Parameters
    ----------
    mark : Mark
        The mark.
    reader_id, case_id, report_uid : str
        Its reading and report.
    """
    finding, written = mark.finding, mark.written
    return {
        "reader_id": reader_id,
        "case_id": case_id,
        "mark_id": finding.path,
        "report_uid": report_uid,
        "kind": words(finding.kind),
        "intent": finding.intent,
        "operating_point": finding.operating_point,
        "composites": "; ".join(finding.composites),
        "rating_path": written.path,
        "rating_concept": words(written.concept),
        "rating_raw": written.raw,
        "rating_unit": written.unit,
        "rating_of_composite": mark.of_composite,
    }
