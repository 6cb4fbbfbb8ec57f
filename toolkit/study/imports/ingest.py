"""``study ingest``: a folder of DICOM files -> tables, and a parameters file to go on from."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from toolkit.readers.dicom.pixels.grey_scale import (
    PAIRING_COLUMNS,
    on_presentation,
    presentation_images,
)
from toolkit.readers.dicom.reports.ai_tables import AiChoices
from toolkit.readers.dicom.reports.reports import Unreadable
from toolkit.readers.dicom.reports.results import REPORTS, AiTables, ai_tables
from toolkit.readers.dicom.reports.tree import CadReport, report_from_json
from toolkit.readers.dicom.reports.vendors import VendorEntry, load_vendors
from toolkit.readers.dicom.scan.pieces import (
    HEADERS,
    Piece,
    arrow_table,
    found_schema,
    piece_rows,
    read_pieces,
)
from toolkit.readers.dicom.scan.places import Place
from toolkit.readers.dicom.scan.tables import (
    MAMMOGRAM_KINDS,
    REPORT_KINDS,
    CaseId,
    InventoryCounts,
    add_images,
    write_inventory,
)
from toolkit.readers.files import is_free, lies_in, write_atomic
from toolkit.study.run.fingerprint import sha256_file
from toolkit.study.run.workspace import OutputError, read_json
from toolkit.tables import TABLES

PARAMETERS, OWN = "study.yaml", "hospital"
# Tables that an archive gives, and further ones that only the hospital has.
_OF_ARCHIVE: Final = ("cases", "readers", "readings", "images", "marks")

HEAD = """\
# Made by study ingest from DICOM files: {counts}.
# Next: study run {parameters} --data {folder}
{notes}
format: 1
study: {study}  # short name
title: {title}
origin: {origin}  # public, study or simulated; every page says it

# case_id is {case}, image_id the SOP Instance UID. The hospital's own tables
# (reference standard, readers, readings, lesions) are further entries: study ingest --tables.
data:
  {part}:
{data}

"""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the parameters file is to say beyond what was found."""

    part: str
    export_floor: float | None
    own: tuple[str, ...]
    case: str
    origin: str


def write_parameters(
    folder: Path, counts: InventoryCounts, results: AiTables, choices: Choices
) -> None:
    """Write the parameters file, unless there is one: it may hold choices."""
    # Imported once the tables are written: what reads parameters takes 20 MB.
    from toolkit.study.parameters.new import analysis_lines, chapter_lines, chosen_chapters

    path = folder / PARAMETERS
    if path.exists():
        return
    sources = _sources(folder, choices.own)
    chapters = [
        line
        for number, values in _chapters(results, choices)
        for chapter in chosen_chapters([number])
        for line in chapter_lines(chapter, part=choices.part, values=values)
    ]
    head = HEAD.format(
        counts=f"{counts.files:,} files, {counts.exams:,} examinations",
        parameters=path.name,
        folder=folder.name,
        notes="\n".join(["#", *(f"# - {note}" for note in results.notes)]),
        study=json.dumps("archive"),
        title=json.dumps("AI results from an archive"),
        part=choices.part,
        case=choices.case,
        origin=choices.origin,
        data="\n".join(_data_lines(sources, choices.export_floor)),
    )
    write_atomic(path, head + "\n".join([*analysis_lines(), *chapters]) + "\n")


def _sources(folder: Path, own: Sequence[str]) -> dict[str, list[str]]:
    """Return the files of each table, relative to the folder."""
    sources: dict[str, list[str]] = {}
    for name in TABLES:
        files = []
        if name in _OF_ARCHIVE and (folder / f"{name}.parquet").exists():
            files.append(f"{name}.parquet")
        if name in own:
            # What the hospital knows of a case replaces what headers say of it.
            files = [] if name == "cases" else files
            files.append(f"{OWN}/{name}.csv")
        if files:
            sources[name] = files
    return sources


def _data_lines(sources: Mapping[str, Sequence[str]], export_floor: float | None) -> list[str]:
    """Return the data section."""
    lines = []
    for name, files in sources.items():
        entries = [f"{{file: {file}}}" for file in files]
        if name == "readers" and export_floor is not None:
            entries[0] = f"{{file: {files[0]}, constants: {{export_floor: {export_floor:g}}}}}"
        joined = ", ".join(entries)
        lines.append(f"    {name}: {joined if len(files) == 1 else f'[{joined}]'}")
    return lines


def _chapters(results: AiTables, choices: Choices) -> list[tuple[str, dict[str, Any]]]:
    """Return the chapters that the tables can bear, with what they decide of them."""
    chapters: list[tuple[str, dict[str, Any]]] = [("00", {})]
    if "cases" in choices.own and results.readings:
        # Cases without weights: the share of each class among women without cancer is right
        # however many cancers were added.
        chapters += [("04", {"basis": "without_cancer"}), ("05", {})]
    localized = results.marks and {"cases", "lesions", "marks", "readings"} <= {*choices.own}
    if localized and choices.export_floor is not None:
        against: dict[str, Any] = {
            "comparison": "ai against readers",
            "modality_without": "unaided",
            "modality_with": "unaided",
        }
        chapters.append(("08", against))
    if "cases" in choices.own and results.readings:
        chapters.append(("14", {}))  # left out by study run where no archive is named
    return [*chapters, ("90", {})]


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
    reports: list[CadReport] = []
    unread: dict[str, str] = {}
    for row in (row for piece in pieces for row in piece_rows(piece.path)):
        if row.get("report"):
            reports.append(report_from_json(row["report"]))
        else:
            unread[row["path"]] = row["words"] or NO_AI_REPORT
    images, exams = _of_reports(reports, folder) if reports or unread else ({}, {})
    unreadable = _unreadable(unread, {report.report_uid for report in reports}, exams, folder)
    found = ai_tables(
        [*reports, *unreadable],
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
    broken = sum(one.of_ai for one in unreadable)
    note_of_broken = (
        f"{broken:,} reports of the AI cannot be read, so what has no other report has failed: "
        "ai_not_mapped.csv says why"
    )
    notes = (*((note,) if left else ()), *((note_of_broken,) if broken else ()))
    return replace(found, marks=tuple(marks)), notes


class _Image(NamedTuple):
    """What is needed of an image that a report names; without a case it is in none."""

    case_id: str
    laterality: str | None
    size: tuple[int, int]


def _of_reports(
    reports: Sequence[CadReport], folder: Path
) -> tuple[dict[str, _Image], dict[str, str]]:
    """Return the images that reports name, and the case of each examination with images."""
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


def _unreadable(
    unread: Mapping[str, str], read: Collection[str], exams: Mapping[str, str], folder: Path
) -> list[Unreadable]:
    """Return the structured reports that gave no result, each with its reason.

    One is certainly of an AI if its class says so, or if its equipment writes AI's results: then it
    is one of these with a damaged title. Others are people's, or of a program that is not known.

    Parameters
    ----------
    unread : mapping
        Why each file gave no result, by its path.
    read : collection of str
        UIDs of the reports that were read.
    exams : mapping
        Case of each examination, by its UID.
    folder : Path
        Of the inventory.
    """
    columns = ("path", "image_id", "study_uid", "kind", "dicom_modality", "device")
    others: list[dict[str, Any]] = []
    devices: set[str] = set()
    for row in objects_of(folder, *columns):
        if row["image_id"] in read:
            devices |= {row["device"]} - {"", None}
        elif row["path"] in unread or (row["dicom_modality"], row["kind"]) == (
            "SR",
            "other_object",
        ):
            others.append(row)
    return [
        Unreadable(
            report_uid=row["image_id"],
            case_id=exams.get(row["study_uid"], ""),
            file=row["path"],
            reason=unread.get(row["path"], "is of no class of structured reports"),
            of_ai=row["kind"] == "cad_sr" or row["device"] in devices,
        )
        for row in others
    ]


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


NO_REPORT: Final = ("other_object", "other_image")  # kinds of what has no class that is known
NO_AI_REPORT: Final = "by title and template no result of an AI"
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
    _refuse_raw(folder, address, request)
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


def _refuse_raw(folder: Path, address: str, request: IngestRequest) -> None:
    """Raise if the tables would go into the archive or the hospital's folder: raw data stay."""
    raw = [request.tables] if request.tables else []
    path = address.removeprefix("file://")
    raw += [] if "://" in path else [Path(path)]
    # What a link inside the folder leads to is as little ours as what one before it leads to.
    for place in (folder, folder / SCAN, folder / OWN):
        if any(lies_in(place, source) for source in raw):
            msg = f"{place.name} lies in a folder that is only read; name a folder outside it"
            raise OutputError(msg)


def _claim(folder: Path, address: str, request: IngestRequest) -> None:
    """Take a new folder, or one that an earlier scan of the same archive made; note the choices."""
    marker = folder / MARKER
    made = _made(marker)
    foreign = [name for name in (SCAN, OWN) if (folder / name).is_symlink()]
    if foreign or not is_free(folder, MARKER) or (marker.exists() and not made):
        msg = f"{folder.name} exists and was not made by study ingest; name another folder"
        raise OutputError(msg)
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


def _made(marker: Path) -> dict[str, Any]:
    """Return what an earlier scan noted of itself; nothing where there is no such note."""
    try:
        found = read_json(marker)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and {"format", "archive"} <= found.keys() else {}


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
