"""Reports of AIs -> the canonical tables readers, readings and marks, and a state for each exam.

Five states stay apart: processed with findings, processed without, partly failed, failed, and
missing, where an examination with images has no report. An AI that failed or never ran has no
rating and no marks; that it marked nothing is then no negative examination.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from toolkit.readers.dicom.reports.ai_tables import (
    AiChoices,
    Exam,
    Row,
    Shown,
    mark_row,
    mark_source,
    marks_of,
    notes_of,
    rating_concept,
    rating_of,
    reading_row,
    scale_of,
    state_row,
)
from toolkit.readers.dicom.reports.cad_sr import cad_sr_report, tid1500_report
from toolkit.readers.dicom.reports.reports import (
    AiFault,
    AiResultsError,
    Listed,
    Unreadable,
    choose,
    of_exams,
    product_notes,
    side_conflicts,
    version_faults,
    with_products,
)
from toolkit.readers.dicom.reports.tree import (
    MEASUREMENT_REPORT,
    REPORT_TITLE,
    CadReport,
    code_of,
    words,
)
from toolkit.readers.dicom.reports.vendors import STANDARD, VendorEntry, exam_score, load_vendors
from toolkit.readers.dicom.scan.attributes import REPORT
from toolkit.readers.dicom.scan.header import Header, read_header
from toolkit.readers.dicom.scan.pieces import Reading
from toolkit.readers.dicom.scan.walker import Read


@dataclass(frozen=True, kw_only=True, eq=False)
class AiTables:
    """What reports of AIs say, as rows.

    Parameters
    ----------
    readers, readings, marks : tuple of dict
        Rows of the canonical tables. Ratings of marks are percent; ``image_id`` is the image that
        was analysed, usually the one for processing.
    states : tuple of dict
        One row for each reader and examination with images: ``state``, ``status``, the report, the
        score as it was written and what it was taken by.
    mark_sources : tuple of dict
        One row for each mark: what was found, where its rating stands and how it was written.
    listed : tuple of dict
        What the reports hold and the tables do not, each with its reason.
    notes : tuple of str
        What whoever reads the tables must know.
    """

    readers: tuple[Row, ...]
    readings: tuple[Row, ...]
    marks: tuple[Row, ...]
    states: tuple[Row, ...]
    mark_sources: tuple[Row, ...]
    listed: tuple[Row, ...]
    notes: tuple[str, ...]


def ai_tables(
    reports: Iterable[CadReport | Unreadable],
    *,
    case_ids: Mapping[str, str],
    exams: Collection[str],
    image_cases: Mapping[str, str] | None = None,
    image_sides: Mapping[str, str] | None = None,
    image_sizes: Mapping[str, tuple[int, int]] | None = None,
    vendors: Sequence[VendorEntry] | None = None,
    choices: AiChoices | None = None,
) -> AiTables:
    """Return readers, readings, marks and states from the reports of an archive.

    Parameters
    ----------
    reports : iterable of CadReport or Unreadable
        In any order; the tables do not depend on it. An examination whose only reports cannot be
        read has failed, for each reader: whose they were is not known.
    case_ids : mapping
        Case of each report that was read, by its UID.
    exams : collection of str
        Cases that have images; one without a report is missing.
    image_cases : mapping, optional
        Case of each image, by its UID. Marks on images that it lacks, or of another case, are
        left out and listed; without it all are kept.
    image_sides : mapping, optional
        Breast of each image, L or R, by its UID: a report that contradicts it is listed.
    image_sizes : mapping, optional
        Columns and rows of each image, by its UID: a mark outside of its image is listed.
    vendors : sequence of VendorEntry, optional
        Where products put their score; those of the package if not given.
    choices : AiChoices, optional
        What the reports leave to the analyst.

    Returns
    -------
    AiTables

    Raises
    ------
    AiResultsError
        If a score lies outside its scale, a product changes its version or the kind of its score in
        mid-study, or two reports of one time say different things; all are listed.
    """
    choices = choices or AiChoices()
    vendors = load_vendors() if vendors is None else vendors
    given = list(reports)
    unreadable = sorted((one for one in given if isinstance(one, Unreadable)), key=lambda o: o.file)
    named, listed = with_products(one for one in given if isinstance(one, CadReport))
    found, left_out = of_exams(named, case_ids, exams)
    listed += [*left_out, *(one.listed() for one in unreadable)]
    broken = {one.case_id: one for one in unreadable if one.of_ai}
    faults = version_faults(found, choices.versions)
    by_reader: dict[str, dict[str, CadReport]] = defaultdict(dict)
    for (reader, case_id), several in sorted(found.items()):
        by_reader[reader][case_id], superseded, ties = choose(case_id, several)
        listed += superseded
        listed += side_conflicts(by_reader[reader][case_id], case_id, image_sides)
        faults += ties
    shown = Shown(
        operating_point=choices.operating_point, image_cases=image_cases, image_sizes=image_sizes
    )
    parts = []
    for reader, chosen in sorted(by_reader.items()):
        seen = _exams(chosen, vendors, shown, listed)
        faults += _score_faults(reader, seen)
        parts.append(_reader_tables(reader, seen, sorted(exams), broken, choices, listed))
    if faults:
        raise AiResultsError(faults)
    return AiTables(
        readers=tuple(row for part in parts for row in part.readers),
        readings=tuple(row for part in parts for row in part.readings),
        marks=tuple(row for part in parts for row in part.marks),
        states=tuple(row for part in parts for row in part.states),
        mark_sources=tuple(row for part in parts for row in part.mark_sources),
        listed=tuple(asdict(one) for one in listed),
        notes=(*product_notes(found), *(note for part in parts for note in part.notes)),
    )


def _exams(
    chosen: Mapping[str, CadReport],
    vendors: Sequence[VendorEntry],
    shown: Shown,
    listed: list[Listed],
) -> list[Exam]:
    """Return score and marks of each examination of one reader."""
    rated_by = rating_concept(list(chosen.values()))
    exams = []
    for case_id, report in chosen.items():
        score, unread = exam_score(report, vendors)
        marks, unmarked = marks_of(report, case_id, shown=shown, rated_by=rated_by)
        lost = sum(one.what == "not_mapped" for one in unmarked)
        listed += [
            Listed(
                report_uid=report.report_uid,
                case_id=case_id,
                path=one.path,
                concept=one.concept,
                what="not_mapped",
                reason=one.reason,
            )
            for one in (*report.not_mapped, *unread)
        ]
        listed += unmarked
        exams.append(Exam(case_id=case_id, report=report, score=score, marks=marks, n_lost=lost))
    return exams


def _score_faults(reader: str, exams: Sequence[Exam]) -> list[AiFault]:
    """Return a fault for each score outside its scale, and one where their kind changes."""
    faults = [
        AiFault(
            report_uids=(exam.report.report_uid,),
            place=f"{reader}, content item {exam.score.written.path} "
            f"({words(exam.score.written.concept)})",
            rule=f"the score {exam.score.value:g} of an examination lies outside its scale, "
            f"{exam.score.score_min:g} to {exam.score.score_max:g}",
            remedy=f"correct the scale of the vendor entry {exam.score.entry!r}, or leave the "
            "report out",
        )
        for exam in exams
        if exam.score is not None and not exam.score.on_scale
    ]
    kinds = {
        words(exam.score.written.concept)
        for exam in exams
        if exam.score is not None and exam.score.entry == STANDARD
    }
    if len(kinds) > 1:
        faults.append(
            AiFault(
                report_uids=tuple(exam.report.report_uid for exam in exams),
                place=reader,
                rule=f"the kind of its score changes in mid-study ({', '.join(sorted(kinds))})",
                remedy="write a vendor entry that names the one to take",
            )
        )
    return faults


def _reader_tables(
    reader: str,
    seen: Sequence[Exam],
    exams: Sequence[str],
    broken: Mapping[str, Unreadable],
    choices: AiChoices,
    listed: list[Listed],
) -> AiTables:
    """Return the rows of one reader."""
    scale = scale_of(seen, choices.exam_rating)
    notes = notes_of(reader, seen, has_scale=scale is not None)
    rows: dict[str, list[Row]] = {"readings": [], "marks": [], "states": [], "mark_sources": []}
    by_case = {exam.case_id: exam for exam in seen}
    for case_id in exams:
        exam = by_case.get(case_id)
        rating, status = rating_of(exam, broken.get(case_id), choices, listed)
        rows["states"].append(state_row(reader, case_id, exam, broken.get(case_id), status))
        if scale is None:
            continue
        rows["readings"].append(reading_row(reader, case_id, rating, status))
        if exam is not None and status == "complete":
            rows["marks"] += [mark_row(mark, reader, case_id) for mark in exam.marks]
            rows["mark_sources"] += [
                mark_source(mark, reader, case_id, exam.report.report_uid) for mark in exam.marks
            ]
    first = seen[0].report
    readers: tuple[Row, ...] = ()
    if scale is not None:
        named = {"reader_id": reader, "kind": "ai", "product": first.product or None}
        readers = ({**named, "version": first.version or None, **scale},)
    return AiTables(
        readers=readers,
        readings=tuple(rows["readings"]),
        marks=tuple(rows["marks"]),
        states=tuple(rows["states"]),
        mark_sources=tuple(rows["mark_sources"]),
        listed=(),
        notes=notes,
    )


_CAD_SR: Final = "1.2.840.10008.5.1.4.1.1.88.50"


def report_of(header: Header) -> CadReport | None:
    """Return what an AI's report says; None for a report that is none.

    Parameters
    ----------
    header : Header
        Read with the selection ``REPORT``.
    """
    title = code_of(header.values.get("ConceptNameCodeSequence"))
    templates = [item.get("TemplateIdentifier") for item in header.items("ContentTemplateSequence")]
    if header.text("SOPClassUID") == _CAD_SR or title == REPORT_TITLE or "4000" in templates:
        return cad_sr_report(header)
    if title == MEASUREMENT_REPORT or "1500" in templates:
        return tid1500_report(header)
    return None


def report_row(read: Read, size: int) -> dict[str, Any]:
    """Return the columns of one structured report.

    Parameters
    ----------
    read, size
        As of ``read_header``.

    Returns
    -------
    dict
        ``report_uid``, ``study_uid``, ``template`` (``4000``, ``1500``, or empty for a report that
        is no AI result) and ``report``, which ``report_from_json`` reads; empty without template.

    Raises
    ------
    DicomFault
        If the file is not whole or no DICOM file.
    """
    header = read_header(read, size, selection=REPORT)
    report = report_of(header)
    return {
        "report_uid": header.text("SOPInstanceUID"),
        "study_uid": header.text("StudyInstanceUID"),
        "template": report.template if report else "",
        "report": report.to_json() if report else "",
    }


REPORTS: Final = Reading(name="reports", version=1, row=report_row)
