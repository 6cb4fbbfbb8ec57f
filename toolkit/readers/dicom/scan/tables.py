"""The pieces of a scan -> tables: objects, images, cases, what was rejected and what contradicts.

The pieces are read twice, one at a time: once for the links between objects, once to write.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from toolkit.readers.dicom.scan.attributes import REMEDIES
from toolkit.readers.dicom.scan.links import (
    COPY,
    DATES_OF_ACCESSION,
    DISPUTED,
    FIRST_OF_ACCESSION,
    FIRST_OF_STUDY,
    NO_ACCESSION,
    PATIENTS_OF_ACCESSION,
    PICTURE,
    READ,
    READ_IN_STUDY,
    SHARED_ACCESSION,
    TWO_ACCESSIONS,
    TWO_PATIENTS,
    LinkedObjects,
    ObjectLinks,
)
from toolkit.readers.dicom.scan.objects import COLUMNS
from toolkit.readers.dicom.scan.pieces import Piece, arrow_table, piece_rows

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Made to be read. Of an examination without any of these the other mammograms are its images.
READ_KINDS: Final = ("ffdm_for_presentation", "tomosynthesis", "synthetic_2d")
MAMMOGRAM_KINDS: Final = (*READ_KINDS, "ffdm_for_processing", "tomosynthesis_slice")
REPORT_KINDS: Final = ("cad_sr", "other_sr")
_TEXT_OF_IMAGE: Final = ("laterality", "view", "device", "dicom_modality", "sop_class", "path")
# Rows that are written at once: the footer of a file with 1,400 groups of rows takes 80 MB.
_ROWS: Final = 4_096
CaseId = Literal["study", "accession"]
CASE_COLUMNS: Final[dict[CaseId, str]] = {"study": "study_uid", "accession": "accession_number"}
_HEADS: Final = {
    "rejected": ("path", "reason", "words", "remedy"),
    "conflicts": ("path", "conflict"),
    "refused_exams": ("study_uid", "first_image", "reason", "remedy"),
}
# Why an examination has no case where cases are accession numbers, and what to do about it.
_NO_CASE: Final = {
    NO_ACCESSION: ("its images name no accession number", "take --case-id study"),
    TWO_ACCESSIONS: (
        "its images name several accession numbers, or some of them none",
        "export it again, or take --case-id study",
    ),
    PATIENTS_OF_ACCESSION: (
        "another examination has its accession number, and they are not certainly of one patient",
        "find out whose it is and correct the archive, or take --case-id study",
    ),
}


@dataclass(frozen=True, kw_only=True)
class InventoryCounts:
    """What an archive holds.

    Parameters
    ----------
    files, rejected, conflicts : int
        All files; those without a row in ``objects``; contradictions.
    objects : mapping of str to int
        Objects by kind.
    exams, cases, refused : int
        Examinations with images; the cases that they are; those of them that are none.
    """

    files: int
    rejected: int
    conflicts: int
    objects: Mapping[str, int]
    exams: int
    cases: int
    refused: int


def write_inventory(
    pieces: Sequence[Piece], folder: Path, *, case_id: CaseId = "study"
) -> InventoryCounts:
    """Write objects, images and cases as Parquet, what was rejected and contradicts as CSV.

    Parameters
    ----------
    pieces : sequence of Piece
        Of headers, in the order of the archive.
    folder : Path
        Where; files of the same names are replaced.
    case_id : {"study", "accession"}
        What a case is: a Study Instance UID, or an accession number.

    Returns
    -------
    InventoryCounts

    Notes
    -----
    ``image_id`` is the SOP Instance UID, ``patient_id`` the Patient ID. An examination whose
    objects name two patients keeps the first, and each of its objects stands in ``conflicts``.

    An examination is a study with a mammogram. ``images`` are those that are made to be read: for
    presentation, synthetic 2D and tomosynthesis; of an examination without any, all its mammograms.
    The other mammograms stand in ``other_images``, what is none (screenshots, other modalities) in
    ``objects`` alone: counts per image are counts of what a reader saw.

    With accession numbers, two examinations of one patient under one number are one case. An
    examination is no case and stands in ``refused_exams.csv``, its images in ``objects`` alone, if
    its images name no number or several, or if another examination has the number and both are not
    certainly of one patient.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The rows of a piece are handed on and not held, so two pieces are never in memory.
    with ObjectLinks(folder) as links:
        for piece in pieces:
            _link(links, piece_rows(piece.path))
        known = links.linked()
    with _Writer(folder, case_id) as writer:
        start = 0
        for piece in pieces:
            start += writer.add(piece_rows(piece.path), known, start)
    return writer.counts


def _link(links: ObjectLinks, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what links the objects of a piece."""
    found = [row for row in rows if not row["reason"]]
    links.add(
        found,
        (repr([row["size"], *(row[name] for name in COLUMNS)]) for row in found),
        (
            PICTURE * (row["kind"] in MAMMOGRAM_KINDS) | READ * (row["kind"] in READ_KINDS)
            for row in found
        ),
    )


class _Writer:
    """The files of an inventory, written as the pieces come."""

    def __init__(self, folder: Path, case_id: CaseId) -> None:
        self._folder = folder
        self._by_accession = case_id == "accession"
        self._case_column = CASE_COLUMNS[case_id]
        self._kinds: dict[str, int] = {}
        self._files = self._rejected = self._conflicts = 0
        self._exams = self._cases = self._refused = 0

    def __enter__(self) -> _Writer:
        import pyarrow.parquet as pq

        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in _schemas()}
        self._parquet: dict[str, pq.ParquetWriter] = {
            name: pq.ParquetWriter(self._folder / f".{name}.tmp", schema, compression="zstd")
            for name, schema in _schemas().items()
        }
        self._text = {
            name: (self._folder / f".{name}.tmp").open("w", encoding="utf-8", newline="")
            for name in _HEADS
        }
        self._csv = {
            name: csv.writer(file, lineterminator="\n") for name, file in self._text.items()
        }
        for name, head in _HEADS.items():
            self._csv[name].writerow(head)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for name, writer in self._parquet.items():
            if kind is None:
                self._write_waiting(name)
            writer.close()
        for file in self._text.values():
            file.close()
        if kind is not None:
            return
        for name in self._parquet:
            (self._folder / f".{name}.tmp").replace(self._folder / f"{name}.parquet")
        for name in self._text:
            (self._folder / f".{name}.tmp").replace(self._folder / f"{name}.csv")

    def reject(self, row: dict[str, Any], reason: str, words: str) -> None:
        """Note a file without a row."""
        self._files += 1
        self._rejected += 1
        remedy = REMEDIES[reason]  # type: ignore[index]  # reasons of pieces are of the closed list
        self._csv["rejected"].writerow((row["path"], reason, words, remedy))

    def add(self, rows: Sequence[dict[str, Any]], known: LinkedObjects, start: int) -> int:
        """Write the rows of a piece, whose first object is number ``start``; return its objects."""
        for row in rows:
            if row["reason"]:
                self.reject(row, row["reason"], row["words"])
        found = [row for row in rows if not row["reason"]]
        self._add_objects(found, known, start)
        return len(found)

    def _add_objects(
        self, rows: Sequence[dict[str, Any]], known: LinkedObjects, start: int
    ) -> None:
        """Write the objects of a piece."""
        used: list[dict[str, Any]] = []
        images: list[dict[str, Any]] = []
        others: list[dict[str, Any]] = []
        cases: list[dict[str, Any]] = []
        for number, row in enumerate(rows, start=start):
            if known.are(number, DISPUTED):
                words = "another object has the same SOP Instance UID; neither is used"
                self.reject(row, "duplicate", words)
                continue
            if known.are(number, COPY):
                self.reject(row, "duplicate", "a copy of another file")
                continue
            used.append(row)
            self._conflicts_of(row, known, number)
            if row["kind"] in MAMMOGRAM_KINDS and self._is_case(row, known, number):
                read = row["kind"] in READ_KINDS or not known.are(number, READ_IN_STUDY)
                (images if read else others).append(_image(row, row[self._case_column]))
                if known.are(number, FIRST_OF_ACCESSION if self._by_accession else FIRST_OF_STUDY):
                    cases.append(self._case(row, known, number))
        self._files += len(used)
        self._cases += len(cases)
        for row in used:
            self._kinds[row["kind"]] = self._kinds.get(row["kind"], 0) + 1
        self._write("objects", used)
        self._write("images", images)
        self._write("other_images", others)
        self._write("cases", cases)

    def _is_case(self, row: dict[str, Any], known: LinkedObjects, number: int) -> bool:
        """Whether an image belongs to a case; note an examination that is none."""
        first = known.are(number, FIRST_OF_STUDY)
        self._exams += first
        why = known.no_case(number) if self._by_accession else 0
        if why and first:
            self._refused += 1
            self._csv["refused_exams"].writerow((row["study_uid"], row["path"], *_NO_CASE[why]))
        return not why

    def _case(self, row: dict[str, Any], known: LinkedObjects, number: int) -> dict[str, Any]:
        """Return the row of the canonical cases table for the first image of a case."""
        date = row["study_date"] or ""
        valid = len(date) == 8 and date.isdigit()
        if self._by_accession and known.are(number, DATES_OF_ACCESSION):
            valid = False
        return {
            "case_id": row[self._case_column],
            "patient_id": row["patient_id"] or None,
            "exam_date": f"{date[:4]}-{date[4:6]}-{date[6:]}" if valid else None,
            "device": row["device"] or None,
        }

    def _conflicts_of(self, row: dict[str, Any], known: LinkedObjects, number: int) -> None:
        """Note what contradicts itself in an object and its examination."""
        words = list(row["conflicts"])
        if known.are(number, TWO_PATIENTS):
            words.append("the objects of its examination name more than one patient")
        if known.are(number, SHARED_ACCESSION):
            words.append("another examination has the same accession number")
        if self._by_accession and known.are(number, DATES_OF_ACCESSION):
            words.append("its case has examinations of several dates; it has no date")
        self._conflicts += len(words)
        self._csv["conflicts"].writerows((row["path"], text) for text in words)

    def _write(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Write some rows of a table, once there are enough of them."""
        waiting = self._waiting[name]
        waiting.append(arrow_table(rows, self._parquet[name].schema))
        if sum(table.num_rows for table in waiting) >= _ROWS:
            self._write_waiting(name)

    def _write_waiting(self, name: str) -> None:
        """Write the rows of a table that wait."""
        import pyarrow as pa

        waiting = self._waiting[name]
        if waiting:
            self._parquet[name].write_table(pa.concat_tables(waiting))
            waiting.clear()

    @property
    def counts(self) -> InventoryCounts:
        """What was written."""
        return InventoryCounts(
            files=self._files,
            rejected=self._rejected,
            conflicts=self._conflicts,
            objects=dict(sorted(self._kinds.items())),
            exams=self._exams,
            cases=self._cases,
            refused=self._refused,
        )


def _image(row: dict[str, Any], case_id: str) -> dict[str, Any]:
    """Return the row of the canonical images table; what is not known is missing."""
    number = {name: row[name] for name in ("rows", "columns", "frames", "pixel_spacing_mm")}
    text = {name: row[name] or None for name in _TEXT_OF_IMAGE}
    return {"image_id": row["image_id"], "case_id": case_id, **number, **text}


def _schemas() -> dict[str, pa.Schema]:
    """Return the columns of each table."""
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    other = {
        **dict.fromkeys(("rows", "columns", "frames"), whole),
        **dict.fromkeys(("references", "conflicts"), pa.list_(text)),
        "derived": pa.bool_(),
        "pixel_spacing_mm": pa.float64(),
    }
    objects = [
        ("path", text),
        ("size", whole),
        *((name, other.get(name, text)) for name in COLUMNS),
    ]
    images = [
        *((name, text) for name in ("image_id", "case_id", "laterality", "view")),
        *((name, whole) for name in ("rows", "columns")),
        ("pixel_spacing_mm", pa.float64()),
        *((name, text) for name in ("device", "dicom_modality", "sop_class")),
        ("frames", whole),
        ("path", text),
    ]
    cases = [(name, text) for name in ("case_id", "patient_id", "exam_date", "device")]
    return {
        "objects": pa.schema(objects),
        "images": pa.schema(images),
        "other_images": pa.schema(images),
        "cases": pa.schema(cases),
    }


def add_images(folder: Path, image_ids: Collection[str]) -> int:
    """Take some of the other images into the images table; return how many.

    Parameters
    ----------
    folder : Path
        Of ``write_inventory``.
    image_ids : collection of str
        Images that marks or lesions refer to, whichever table they are in.
    """
    images, others = (folder / f"{name}.parquet" for name in ("images", "other_images"))
    moved = sum(one in image_ids for table in _row_groups(others) for one in _ids(table))
    if moved:
        chosen = (_where(table, image_ids, taken=True) for table in _row_groups(others))
        _rewrite(images, chain(_row_groups(images), chosen))
        _rewrite(others, (_where(table, image_ids, taken=False) for table in _row_groups(others)))
    return moved


def _row_groups(path: Path) -> Iterator[pa.Table]:
    """Yield a table of images a part at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(_ROWS, use_threads=False):
            yield pa.Table.from_batches([batch])


def _ids(table: pa.Table) -> list[str]:
    """Return the images of a table."""
    ids: list[str] = table.column("image_id").to_pylist()
    return ids


def _where(table: pa.Table, image_ids: Collection[str], *, taken: bool) -> pa.Table:
    """Return the rows of some images, or of the others."""
    return table.take([n for n, one in enumerate(_ids(table)) if (one in image_ids) == taken])


def _rewrite(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write a table of images anew, whole or not at all."""
    import pyarrow.parquet as pq

    new = path.with_name(f".{path.name}.tmp")
    with pq.ParquetWriter(new, _schemas()["images"], compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
    new.replace(path)
