"""The pieces of a scan -> tables: objects, images, cases, what was rejected and what contradicts.

The pieces are read twice, one at a time: once for the links between objects, once to write.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.readers.dicom.faults import REMEDIES
from toolkit.readers.dicom.links import LinkedObjects, ObjectLinks, linked
from toolkit.readers.dicom.objects import COLUMNS
from toolkit.readers.dicom.pieces import Piece, piece_rows

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

IMAGE_KINDS: Final = (
    "ffdm_for_processing",
    "ffdm_for_presentation",
    "tomosynthesis",
    "tomosynthesis_slice",
    "synthetic_2d",
    "secondary_capture",
    "other_image",
)
REPORT_KINDS: Final = ("cad_sr", "other_sr")
_TEXT_OF_IMAGE: Final = ("laterality", "view", "device", "dicom_modality", "sop_class", "path")
_REJECTED: Final = ("path", "reason", "words", "remedy")


@dataclass(frozen=True, kw_only=True)
class InventoryCounts:
    """What an archive holds.

    Parameters
    ----------
    files, rejected, conflicts : int
        All files; those without a row in ``objects``; contradictions.
    objects : mapping of str to int
        Objects by kind.
    exams : int
        Examinations.
    """

    files: int
    rejected: int
    conflicts: int
    objects: Mapping[str, int]
    exams: int


def write_inventory(pieces: Sequence[Piece], folder: Path) -> InventoryCounts:
    """Write objects, images and cases as Parquet, what was rejected and contradicts as CSV.

    Parameters
    ----------
    pieces : sequence of Piece
        Of headers, in the order of the archive.
    folder : Path
        Where; files of the same names are replaced.

    Returns
    -------
    InventoryCounts

    Notes
    -----
    ``image_id`` is the SOP Instance UID, ``case_id`` the Study Instance UID, ``patient_id`` the
    Patient ID. An examination whose objects name two patients keeps the first, and each of its
    objects stands in ``conflicts``.
    """
    known = linked(_links(pieces))
    with _Writer(folder) as writer:
        start = 0
        for rows in _rows(pieces):
            found = [row for row in rows if not row["reason"]]
            for row in rows:
                if row["reason"]:
                    writer.reject(row, row["reason"], row["words"])
            writer.add(found, known, start)
            start += len(found)
    return writer.counts


def _rows(pieces: Sequence[Piece]) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each piece."""
    for piece in pieces:
        yield piece_rows(piece.path)


def _links(pieces: Sequence[Piece]) -> ObjectLinks:
    """Return what links the objects of all pieces."""
    links = ObjectLinks()
    for rows in _rows(pieces):
        found = [row for row in rows if not row["reason"]]
        links.add(
            found,
            (repr([row["size"], *(row[name] for name in COLUMNS)]) for row in found),
            (row["kind"] in IMAGE_KINDS for row in found),
        )
    return links


class _Writer:
    """The files of an inventory, written as the pieces come."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._kinds: dict[str, int] = {}
        self._files = self._rejected = self._conflicts = self._exams = 0

    def __enter__(self) -> _Writer:
        import pyarrow.parquet as pq

        self._parquet: dict[str, pq.ParquetWriter] = {
            name: pq.ParquetWriter(self._folder / f".{name}.tmp", schema, compression="zstd")
            for name, schema in _schemas().items()
        }
        self._text = {
            name: (self._folder / f".{name}.tmp").open("w", encoding="utf-8", newline="")
            for name in ("rejected", "conflicts")
        }
        self._csv = {
            name: csv.writer(file, lineterminator="\n") for name, file in self._text.items()
        }
        self._csv["rejected"].writerow(_REJECTED)
        self._csv["conflicts"].writerow(("path", "conflict"))
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for writer in self._parquet.values():
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

    def add(self, rows: Sequence[dict[str, Any]], known: LinkedObjects, start: int) -> None:
        """Write the objects of a piece; the first of them is object number ``start``."""
        used, exams = [], []
        for number, row in enumerate(rows, start=start):
            if known.disputed[number]:
                words = "another object has the same SOP Instance UID; neither is used"
                self.reject(row, "duplicate", words)
            elif known.copy[number]:
                self.reject(row, "duplicate", "a copy of another file")
            else:
                used.append(row)
                self._conflicts_of(row, known, number)
                if known.first_of_study[number]:
                    exams.append(row)
        self._files += len(used)
        self._exams += len(exams)
        for row in used:
            self._kinds[row["kind"]] = self._kinds.get(row["kind"], 0) + 1
        self._write("objects", used)
        images = [row for row in used if row["kind"] in IMAGE_KINDS]
        self._write("images", [_image(row) for row in images])
        self._write("cases", [_case(row) for row in exams])

    def _conflicts_of(self, row: dict[str, Any], known: LinkedObjects, number: int) -> None:
        """Note what contradicts itself in an object and its examination."""
        words = list(row["conflicts"])
        if known.two_patients[number]:
            words.append("the objects of its examination name more than one patient")
        if known.shared_accession[number]:
            words.append("another examination has the same accession number")
        self._conflicts += len(words)
        self._csv["conflicts"].writerows((row["path"], text) for text in words)

    def _write(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Write some rows of a table."""
        import pyarrow as pa

        schema = _schemas()[name]
        self._parquet[name].write_table(pa.Table.from_pylist(rows, schema=schema))

    @property
    def counts(self) -> InventoryCounts:
        """What was written."""
        return InventoryCounts(
            files=self._files,
            rejected=self._rejected,
            conflicts=self._conflicts,
            objects=dict(sorted(self._kinds.items())),
            exams=self._exams,
        )


def _image(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row of the canonical images table; what is not known is missing."""
    number = {name: row[name] for name in ("rows", "columns", "frames", "pixel_spacing_mm")}
    text = {name: row[name] or None for name in _TEXT_OF_IMAGE}
    return {"image_id": row["image_id"], "case_id": row["study_uid"], **number, **text}


def _case(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row of the canonical cases table for the first object of an examination."""
    date = row["study_date"] or ""
    valid = len(date) == 8 and date.isdigit()
    return {
        "case_id": row["study_uid"],
        "patient_id": row["patient_id"] or None,
        "exam_date": f"{date[:4]}-{date[4:6]}-{date[6:]}" if valid else None,
        "device": row["device"] or None,
    }


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
    return {"objects": pa.schema(objects), "images": pa.schema(images), "cases": pa.schema(cases)}
