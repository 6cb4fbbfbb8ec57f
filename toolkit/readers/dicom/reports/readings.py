"""One examination as one AI saw it -> rating, status and state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from toolkit.readers.dicom.reports.marks import Mark
from toolkit.readers.dicom.reports.reports import Listed, Versions
from toolkit.readers.dicom.reports.tree import PERCENT, CadReport, words
from toolkit.readers.dicom.reports.vendors import ExamScore

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
    exam: Exam | None, choices: AiChoices, listed: list[Listed]
) -> tuple[float | None, str]:
    """Return rating and status of one examination; only a complete reading has a rating."""
    if exam is None:
        return None, "missing"
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


def state_row(reader: str, case_id: str, exam: Exam | None, status: str) -> Row:
    """Return what became of one examination."""
    score = exam.score if exam is not None else None
    return {
        "reader_id": reader,
        "case_id": case_id,
        "state": exam.report.state if exam is not None else "missing",
        "state_reason": exam.report.state_reason if exam is not None else "no report",
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
