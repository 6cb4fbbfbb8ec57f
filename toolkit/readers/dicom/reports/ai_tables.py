"""One examination as one AI saw it -> rating, status and state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from toolkit.readers.dicom.reports.places import UnreadableError, percent_of
from toolkit.readers.dicom.reports.reports import Listed, Unreadable, Versions
from toolkit.readers.dicom.reports.tree import (
    CERTAINTY_OF_FINDING,
    PERCENT,
    PROBABILITY_OF_CANCER,
    CadFinding,
    CadReport,
    Code,
    Written,
    words,
)
from toolkit.readers.dicom.reports.vendors import ExamScore

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


Row = dict[str, Any]
ExamRating = Literal["reported", "highest_mark"]
_FEW: Final = 10  # marks, below which their ratings say little of the unit
_PROCESSED: Final = ("with_findings", "without_findings")


@dataclass(frozen=True, kw_only=True)
class AiChoices:
    """What the reports leave to the analyst.

    Parameters
    ----------
    exam_rating : {"reported", "highest_mark"}
        Rating of an examination: the score that the product reports, or the highest rating of its
        marks, 0 where all algorithms succeeded and none is shown.
    operating_point : float or None
        Findings that a display may show are marks up to this operating point; None: none of them.
    accept_partly_failed : bool
        Take scores and marks of an examination on which some algorithms failed. Otherwise its
        reading has failed.
    versions : {"one", "separate"}
        Whether a change of version in mid-study is a fault, or makes several readers.
    """

    exam_rating: ExamRating = "reported"
    operating_point: float | None = None
    accept_partly_failed: bool = False
    versions: Versions = "one"


@dataclass(frozen=True, kw_only=True, eq=False)
class Exam:
    """One examination as one AI saw it.

    Parameters
    ----------
    case_id : str
        The examination.
    report : CadReport
        The one that counts.
    score : ExamScore or None
        Of the whole examination.
    marks : list of Mark
        What is shown.
    n_lost : int
        Findings to be shown that could not be made marks.
    """

    case_id: str
    report: CadReport
    score: ExamScore | None
    marks: list[Mark]
    n_lost: int


def scale_of(seen: Sequence[Exam], exam_rating: ExamRating) -> Row | None:
    """Return the scale of a reader's ratings; None where no examination has a score."""
    if exam_rating == "highest_mark":
        return {"score_min": 0.0, "score_max": 100.0, "score_kind": "region"}
    for exam in seen:
        if exam.score is not None:
            return {
                "score_min": exam.score.score_min,
                "score_max": exam.score.score_max,
                "score_kind": "exam",
            }
    return None


def notes_of(reader: str, seen: Sequence[Exam], *, has_scale: bool) -> tuple[str, ...]:
    """Return what whoever reads the tables must know of one reader.

    Parameters
    ----------
    reader : str
        Product and version.
    seen : sequence of Exam
        What it saw.
    has_scale : bool
        Whether any examination has a rating.
    """
    notes = []
    if not has_scale:
        notes.append(
            f"{reader}: none of {len(seen)} examinations has a score of the whole examination, so "
            "it has no readings; write a vendor entry that says where its score stands, or take "
            "the highest mark"
        )
    lost = sum(exam.n_lost > 0 for exam in seen)
    if lost:
        notes.append(
            f"{reader}: {lost} of {len(seen)} examinations have findings to be shown that could "
            "not be made marks; they are listed, and counts of marks are too low there"
        )
    percents = [mark.rating for exam in seen for mark in exam.marks if mark.written.unit == PERCENT]
    if len(percents) >= _FEW and max(percents) <= 1:
        notes.append(
            f"{reader}: all {len(percents)} marks are rated at most 1 %; check with the product's "
            "display that it does not write shares with the unit %"
        )
    return tuple(notes)


def rating_of(
    exam: Exam | None, broken: Unreadable | None, choices: AiChoices, listed: list[Listed]
) -> tuple[float | None, str]:
    """Return rating and status of one examination; only a complete reading has a rating."""
    if exam is None:
        return None, "missing" if broken is None else "failed"
    state = exam.report.state
    partly = state == "partly_failed" and choices.accept_partly_failed
    if state not in _PROCESSED and not partly:
        if exam.score is not None or exam.marks:
            reason = f"score and marks of an examination of the state {state} are not taken"
            listed.append(_whole(exam, reason))
        return None, "failed"
    if choices.exam_rating == "reported":
        rating = exam.score.value if exam.score is not None else None
    else:
        rating = _highest(exam)
    if rating is None:
        listed.append(_whole(exam, "no score of the examination can be taken from it"))
        return None, "failed"
    return rating, "complete"


def _highest(exam: Exam) -> float | None:
    """Return the highest rating of the marks; 0 where nothing is shown and that says something."""
    says_found = exam.report.state == "with_findings" and not exam.report.findings
    if exam.n_lost or says_found or (not exam.marks and exam.report.state not in _PROCESSED):
        return None
    return max((mark.rating for mark in exam.marks), default=0.0)


def _whole(exam: Exam, reason: str) -> Listed:
    """Return the entry of a report that gives no reading."""
    return Listed(
        report_uid=exam.report.report_uid,
        case_id=exam.case_id,
        path="",
        concept="",
        what="not_counted",
        reason=reason,
    )


def reading_row(reader: str, case_id: str, rating: float | None, status: str) -> Row:
    """Return the row of the table ``readings``."""
    return {
        "reader_id": reader,
        "case_id": case_id,
        "modality": "standalone",
        "session": "1",
        "rating": rating,
        "status": status,
    }


def state_row(
    reader: str, case_id: str, exam: Exam | None, broken: Unreadable | None, status: str
) -> Row:
    """Return what became of one examination."""
    score = exam.score if exam is not None else None
    without = ("missing", "no report") if broken is None else ("failed", broken.words)
    state = without if exam is None else (exam.report.state, exam.report.state_reason)
    return {
        "reader_id": reader,
        "case_id": case_id,
        "state": state[0],
        "state_reason": state[1],
        "status": status,
        "report_uid": exam.report.report_uid if exam is not None else None,
        "template": exam.report.template if exam is not None else None,
        "n_findings": len(exam.report.findings) if exam is not None else None,
        "n_lost": exam.n_lost if exam is not None else None,
        "n_marks": len(exam.marks) if exam is not None and status == "complete" else None,
        "score": score.value if score is not None else None,
        "score_entry": score.entry if score is not None else None,
        "score_path": score.written.path if score is not None else None,
        "score_concept": words(score.written.concept) if score is not None else None,
        "score_raw": score.written.raw if score is not None else None,
        "score_unit": score.written.unit or None if score is not None else None,
    }
