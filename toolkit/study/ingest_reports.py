"""What the reports of an archive say, joined with the images that they are about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.readers.dicom.ai_readings import AiChoices
from toolkit.readers.dicom.ai_results import AiTables, ai_tables
from toolkit.readers.dicom.cad_report import CadReport, report_from_json
from toolkit.readers.dicom.pieces import Piece, piece_rows
from toolkit.readers.dicom.places import Place
from toolkit.readers.dicom.presentation import (
    PAIRING_COLUMNS,
    on_presentation,
    presentation_images,
)
from toolkit.readers.dicom.tables import MAMMOGRAM_KINDS, REPORT_KINDS
from toolkit.readers.dicom.vendors import VendorEntry


def objects_of(folder: Path, *columns: str) -> Iterator[dict[str, Any]]:
    """Yield some columns of the inventory, a part of the rows at a time."""
    return rows_of(folder / "objects.parquet", *columns)


def rows_of(path: Path, *columns: str) -> Iterator[dict[str, Any]]:
    """Yield some columns of a table, a part of the rows at a time."""
    import pyarrow.parquet as pq

    # Threads, and reading ahead for them, would take 20 MB and save nothing here.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(1024, columns=list(columns), use_threads=False):
            yield from batch.to_pylist()


def report_places(headers: Sequence[Piece], folder: Path) -> Iterator[Place]:
    """Yield the places of the reports among the objects that are used."""
    # Objects stand in the order of the pieces, so one pass over both needs no list of either.
    objects = objects_of(folder, "path", "kind")
    coming = next(objects, None)
    for piece in headers:
        for row in piece_rows(piece.path):
            if row["reason"] or coming is None or row["path"] != coming["path"]:
                continue
            if coming["kind"] in REPORT_KINDS:
                yield Place(row["path"], row["size"], row["stamp"])
            coming = next(objects, None)


def report_results(
    pieces: Sequence[Piece], folder: Path, vendors: Sequence[VendorEntry], choices: AiChoices
) -> tuple[AiTables, tuple[str, ...]]:
    """Return what the AIs say, with marks on the images that are read, and what to note."""
    rows = (row for piece in pieces for row in piece_rows(piece.path))
    reports = [report_from_json(row["report"]) for row in rows if row.get("report")]
    images, exams = _of_reports(reports, folder)
    found = ai_tables(
        reports,
        case_ids={report.report_uid: _case_of(report, images, exams) for report in reports},
        exams={case for case in exams.values() if case},
        image_cases={uid: image.case_id for uid, image in images.items()},
        image_sides={uid: image.laterality for uid, image in images.items() if image.laterality},
        image_sizes={uid: image.size for uid, image in images.items() if all(image.size)},
        vendors=vendors,
        choices=choices,
    )
    marked = {mark["image_id"] for mark in found.marks}
    pairs = presentation_images(_pairing(folder, marked))
    marks, left = on_presentation(found.marks, *pairs)
    note = (
        f"{left:,} marks stay on the image that was analysed: the one for presentation has another "
        "matrix, spacing or orientation, or there are several"
    )
    return replace(found, marks=tuple(marks)), (note,) if left else ()


class _Image(NamedTuple):
    """What is needed of an image that a report names; without a case it is in none."""

    case_id: str
    laterality: str | None
    size: tuple[int, int]


def _of_reports(
    reports: Sequence[CadReport], folder: Path
) -> tuple[dict[str, _Image], dict[str, str]]:
    """Return the images that reports name, and the case of each examination with images."""
    if not reports:
        return {}, {}
    named = {uid for report in reports for uid in report.images}
    named |= {finding.image_uid for report in reports for finding in report.findings}
    images: dict[str, _Image] = {}
    exams: dict[str, str] = {}
    case_of = _CasesInOrder(folder)
    columns = ("image_id", "study_uid", "kind", "laterality", "rows", "columns")
    for row in objects_of(folder, *columns):
        if row["kind"] not in MAMMOGRAM_KINDS:
            continue
        case_id = exams.setdefault(row["study_uid"], case_of(row["image_id"]))
        if row["image_id"] in named:
            size = (row["columns"] or 0, row["rows"] or 0)
            images[row["image_id"]] = _Image(case_id, row["laterality"], size)
    return images, exams


class _CasesInOrder:
    """The case of each mammogram, asked for in the order of the objects; some have none."""

    def __init__(self, folder: Path) -> None:
        self._tables = [
            rows_of(folder / f"{name}.parquet", "image_id", "case_id")
            for name in ("images", "other_images")
        ]
        self._coming = [next(table, None) for table in self._tables]

    def __call__(self, image_id: str) -> str:
        for place, row in enumerate(self._coming):
            if row is not None and row["image_id"] == image_id:
                self._coming[place] = next(self._tables[place], None)
                return str(row["case_id"])
        return ""


def _case_of(report: CadReport, images: Mapping[str, _Image], exams: Mapping[str, str]) -> str:
    """Return the case of a report: that of the images it refers to, else of its own study.

    A report that refers to images of several, as one with priors does, belongs to the case of its
    own study if that is among them, and else to none.
    """
    own = exams.get(report.study_uid, "")
    named = {images[uid].case_id for uid in report.images if uid in images}
    if len(named) == 1:
        return named.pop()
    return own if not named or own in named else ""


def _pairing(folder: Path, marked: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the images that marks lie on, and those that were made from them."""
    for row in objects_of(folder, *PAIRING_COLUMNS):
        if row["image_id"] in marked or any(uid in marked for uid in row["references"]):
            yield row
