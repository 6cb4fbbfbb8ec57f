"""``study ingest``: a folder of DICOM files -> tables, and a parameters file to go on from."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from toolkit.readers.atomic import write_atomic
from toolkit.readers.dicom.ai_readings import AiChoices
from toolkit.readers.dicom.ai_results import AiTables
from toolkit.readers.dicom.arrow_tables import arrow_table, found_schema
from toolkit.readers.dicom.inventory import HEADERS
from toolkit.readers.dicom.pieces import Piece, read_pieces
from toolkit.readers.dicom.report_rows import REPORTS
from toolkit.readers.dicom.tables import (
    CaseId,
    InventoryCounts,
    add_images,
    write_inventory,
)
from toolkit.readers.dicom.vendors import load_vendors
from toolkit.study.fingerprint import sha256_file
from toolkit.study.ingest_parameters import OWN, PARAMETERS, Choices, write_parameters
from toolkit.study.ingest_reports import objects_of, report_places, report_results
from toolkit.study.workspace import OutputError
from toolkit.tables import TABLES

SCAN, MARKER = ".scan", "ingest.json"
CASES: Final[dict[CaseId, str]] = {
    "study": "the Study Instance UID",
    "accession": "the accession number",
}
SIMULATED: Final = "(simulated)"
_LISTS: Final = {
    "states": "ai_states",
    "mark_sources": "ai_mark_sources",
    "listed": "ai_not_mapped",
}


@dataclass(frozen=True, kw_only=True)
class IngestRequest:
    """What to make of an archive.

    Parameters
    ----------
    tables : Path, optional
        Folder of the hospital's own tables as CSV files named after the canonical ones, with the
        same ``case_id``; copied. A cases table replaces that of the archive, other tables stand
        beside it.
    part : {"retrospective", "reader_study", "prospective"}
        Part of the study.
    case_id : {"study", "accession"}
        What a case is, as of ``write_inventory``.
    export_floor : float, optional
        Lowest region score that the AI delivers, which no report says; without it there is no
        chapter on localization.
    vendors : Path, optional
        YAML that says where products put their score; its entries come before the package's own.
    ai : AiChoices
        What the reports leave to the analyst.
    """

    tables: Path | None = None
    part: str = "retrospective"
    case_id: CaseId = "study"
    export_floor: float | None = None
    vendors: Path | None = None
    ai: AiChoices = field(default_factory=AiChoices)


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """What was made of an archive.

    Parameters
    ----------
    folder : Path
        Where the tables and ``study.yaml`` are.
    counts : InventoryCounts
        Of files and objects.
    n_read : int
        Files that were opened; those unchanged since an earlier scan are not.
    said : tuple of str
        What was found, for the command line.
    """

    folder: Path
    counts: InventoryCounts
    n_read: int
    said: tuple[str, ...]

    @property
    def parameters(self) -> Path:
        """The parameters file, to be edited."""
        return self.folder / PARAMETERS


def ingest(
    address: str,
    folder: Path,
    request: IngestRequest | None = None,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    quiet: bool = False,
) -> Ingested:
    """Read an archive and write its tables.

    Parameters
    ----------
    address : str
        Folder, ``file://`` or ``s3://`` address of the DICOM files; only read.
    folder : Path
        Where the tables go; an earlier result of this function there is brought up to date.
    request : IngestRequest, optional
        What to make of it.
    jobs, scheduler
        As of ``map_ordered``.
    quiet : bool
        Show no progress.

    Returns
    -------
    Ingested

    Raises
    ------
    ArchiveError
        If the archive is not there.
    OutputError
        If the folder holds something else.
    AiResultsError
        If results of an AI must not be analysed as they are.
    VendorError
        If the file of vendor entries breaks a rule; nothing is read then.

    Notes
    -----
    ``study.yaml`` is written once and never again: it may hold choices of its owner.
    """
    request = request or IngestRequest()
    vendors = load_vendors(request.vendors)
    _claim(folder, address, request)
    how: dict[str, Any] = {"jobs": jobs, "scheduler": scheduler}
    found = read_pieces(address, folder / SCAN, HEADERS, **how)
    headers = list(_with_progress(found, "reading headers", quiet=quiet))
    counts = write_inventory(headers, folder, case_id=request.case_id)
    places = report_places(headers, folder)
    found = read_pieces(address, folder / SCAN, REPORTS, places=places, **how)
    reports = list(_with_progress(found, "reading reports", quiet=quiet))
    results, notes = report_results(reports, folder, vendors, request.ai)
    _write_results(folder, results)
    own = _copy_own(request.tables, folder)
    notes = (*notes, *_with_referenced_images(folder, results, own))
    chosen = Choices(
        part=request.part,
        export_floor=request.export_floor,
        own=tuple(own),
        case=CASES[request.case_id],
        # What study demo-dicom wrote must never look like patients.
        origin="simulated" if _all_simulated(folder) else "study",
    )
    write_parameters(folder, counts, results, chosen)
    n_read = sum(piece.n_read for piece in (*headers, *reports))
    said = (*_account(counts, n_read), *results.notes, *notes)
    return Ingested(folder=folder, counts=counts, n_read=n_read, said=said)


def _claim(folder: Path, address: str, request: IngestRequest) -> None:
    """Take a new folder, or one that an earlier scan of the same archive made; note the choices."""
    marker = folder / MARKER
    if folder.is_file() or (folder.exists() and not marker.exists() and any(folder.iterdir())):
        msg = f"{folder.name} exists and was not made by study ingest; name another folder"
        raise OutputError(msg)
    made = json.loads(marker.read_text(encoding="utf-8")) if marker.exists() else {}
    if made and made["archive"] != address:
        msg = f"{folder.name} was made from another archive; name another folder"
        raise OutputError(msg)
    if made and made.get("case_id", "study") != request.case_id:
        # Its study.yaml and the hospital's tables beside it go by the other identifiers.
        msg = f"{folder.name} has another kind of case_id; name another folder"
        raise OutputError(msg)
    vendors = request.vendors
    content = {
        "format": 1,
        "archive": address,
        "case_id": request.case_id,
        "ai": asdict(request.ai),
        "vendors": sha256_file(vendors) if vendors else None,
    }
    write_atomic(marker, json.dumps(content, indent=1))


def _with_progress(pieces: Iterable[Piece], title: str, *, quiet: bool) -> Iterator[Piece]:
    """Yield pieces while a bar counts their files."""
    from tqdm import tqdm

    with tqdm(desc=title, unit=" files", disable=quiet or None, leave=False) as bar:
        for piece in pieces:
            bar.update(piece.n_files)
            yield piece


def _all_simulated(folder: Path) -> bool:
    """Whether every device says of itself that it is simulated."""
    devices = {str(row["device"]) for row in objects_of(folder, "device")}
    return bool(devices) and all(SIMULATED in device for device in devices)


def _write_results(folder: Path, results: AiTables) -> None:
    """Write the AI's tables as Parquet, and states, sources and what was left out as CSV."""
    for name in ("readers", "readings", "marks"):
        path = folder / f"{name}.parquet"
        rows = getattr(results, name)
        if rows:
            write_atomic(path, _parquet(rows, [c.name for c in TABLES[name].columns]))
        else:
            path.unlink(missing_ok=True)
    for name, file in _LISTS.items():
        rows = getattr(results, name)
        write_atomic(folder / f"{file}.csv", _csv(rows))


def _parquet(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> bytes:
    """Return rows as a Parquet file, columns in the order of the canonical table."""
    import pyarrow.parquet as pq

    table = arrow_table(rows, found_schema(rows, names))
    content = io.BytesIO()
    pq.write_table(table, content, compression="zstd")
    return content.getvalue()


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a text file; a file of no rows is empty."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _copy_own(tables: Path | None, folder: Path) -> list[str]:
    """Copy the hospital's tables; return their names."""
    if tables is None:
        return [name for name in TABLES if (folder / OWN / f"{name}.csv").exists()]
    found = [name for name in TABLES if (tables / f"{name}.csv").is_file()]
    if not found:
        names = ", ".join(f"{name}.csv" for name in TABLES)
        msg = f"{tables.name} holds none of {names}; name the folder of the hospital's tables"
        raise OutputError(msg)
    (folder / OWN).mkdir(exist_ok=True)
    for name in found:
        shutil.copyfile(tables / f"{name}.csv", folder / OWN / f"{name}.csv")
    return found


def _with_referenced_images(folder: Path, results: AiTables, own: Sequence[str]) -> tuple[str, ...]:
    """Take images that marks or lesions lie on into the images table; return what to note."""
    wanted = {mark["image_id"] for mark in results.marks}
    for name in {"marks", "lesions"} & {*own}:
        with (folder / OWN / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            wanted |= {row.get("image_id") or "" for row in csv.DictReader(file)}
    moved = add_images(folder, wanted)
    note = (
        "images of the study although not made to be read, since marks or lesions lie on them: "
        f"{moved:,}; counts per image count them"
    )
    return (note,) if moved else ()


def _account(counts: InventoryCounts, n_read: int) -> tuple[str, ...]:
    """Return what was found, a line each."""
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in counts.objects.items())
    lines = [
        f"{counts.files:,} files, {n_read:,} of them opened: {kinds or 'no object'}",
        f"{counts.exams:,} examinations",
    ]
    joined = counts.exams - counts.refused - counts.cases
    if joined:
        lines.append(
            f"{counts.cases:,} cases: {joined:,} examinations have the accession number of another "
            "one of the same patient and are one case with it"
        )
    if counts.refused:
        lines.append(f"{counts.refused:,} examinations are no case: refused_exams.csv says why")
    if counts.rejected:
        lines.append(f"{counts.rejected:,} files without a row: rejected.csv says why")
    if counts.conflicts:
        lines.append(f"{counts.conflicts:,} contradictions: conflicts.csv lists them")
    return tuple(lines)
