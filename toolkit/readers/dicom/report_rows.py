"""The reports of an archive: one row for each structured report, with what it says as text."""

from __future__ import annotations

from typing import Any, Final

from toolkit.readers.dicom.attributes import REPORT
from toolkit.readers.dicom.cad_report import CadReport
from toolkit.readers.dicom.cad_sr import cad_sr_report
from toolkit.readers.dicom.header import Header, read_header
from toolkit.readers.dicom.pieces import Reading
from toolkit.readers.dicom.sr_codes import MEASUREMENT_REPORT, REPORT_TITLE, code_of
from toolkit.readers.dicom.tid1500 import tid1500_report
from toolkit.readers.dicom.walker import Read

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
