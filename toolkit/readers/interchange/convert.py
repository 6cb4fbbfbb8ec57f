"""Convert a reader study from one program's file to another's, whole or not at all."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.readers.files import lies_in, write_atomic, write_folder_atomic
from toolkit.readers.interchange.jafroc import jafroc_bytes, jafroc_losses, read_jafroc
from toolkit.readers.interchange.jafroc_lesions import image_losses, without_images
from toolkit.readers.interchange.study import (
    LESION_KEY,
    Format,
    Paradigm,
    StudyFile,
    paradigm_of,
    text_lines,
)
from toolkit.readers.interchange.text_formats import (
    HEADER,
    imrmc_bytes,
    iowa_csv_bytes,
    is_imrmc,
    is_iowa_csv,
    losses,
    lrc_bytes,
    read_imrmc,
    read_iowa_csv,
    read_lrc,
    refusals,
)
from toolkit.readers.tabular.raw_table import cell_text, file_fault
from toolkit.readers.tabular.sources import TableSource, read_table
from toolkit.tables import TABLES, Fault, TableData, TableError, check_links

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("cases", "readers", "readings")


def table_file(name: str) -> str:
    """Return the file name of a table."""
    return f"{name}.csv"


def read_folder(folder: Path, *, show_values: bool = False) -> StudyFile:
    """Return the study in a folder with cases.csv, readers.csv, readings.csv and further tables.

    Raises
    ------
    TableError
        With all faults of all tables, each naming file and row.
    """
    faults: list[Fault] = []
    tables: dict[str, TableData] = {}
    for name in TABLES:
        file = table_file(name)
        if (folder / file).is_file():
            try:
                sources = [TableSource(file=file)]
                tables[name] = read_table(name, sources, folder=folder, show_values=show_values)
            except TableError as error:
                faults += error.faults
        elif name in NEEDED:
            faults.append(file_fault(file, "is not in the folder"))
    if faults:
        raise TableError(faults)
    check_links(tables, show_values=show_values)
    return StudyFile(format="tables", paradigm=paradigm_of(tables), tables=tables)


def table_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as csv; a missing cell is empty, numbers keep their last bit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    columns = [_cells(frame[name]) for name in frame.columns]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def _cells(column: pd.Series) -> list[str]:
    """Return the cells of a column as text."""
    if column.dtype == "str":
        return column.fillna("").tolist()
    missing = column.isna().tolist()
    return [
        "" if absent else cell_text(value)
        for value, absent in zip(column.tolist(), missing, strict=True)
    ]


def folder_files(tables: Mapping[str, TableData]) -> dict[str, bytes]:
    """Return the files of a folder of tables."""
    return {table_file(name): table_bytes(data.frame) for name, data in tables.items()}


_TEXT = {"imrmc": imrmc_bytes, "csv": iowa_csv_bytes, "lrc": lrc_bytes}


def study_bytes(
    tables: Mapping[str, TableData],
    to: Format,
    *,
    paradigm: Paradigm | None = None,
    show_values: bool = False,
) -> tuple[bytes, tuple[str, ...]]:
    """Return a study as a file of another program, and what that file leaves behind.

    Parameters
    ----------
    tables : mapping of str to TableData
        Checked canonical tables.
    to : {"jafroc", "imrmc", "lrc", "csv"}
        The format.
    paradigm : {"ROC", "FROC", "LROC", "ROI"}, optional
        What a JAFROC workbook calls the study; without it as ``paradigm_of`` finds it.
    show_values : bool
        Show identifying values in the messages: for a terminal only.

    Returns
    -------
    bytes
        The file.
    tuple of str
        Descriptions that the format has no place for, one line each.

    Raises
    ------
    TableError
        With all reasons why the format cannot hold truth, ratings, marks, lesions or IDs.
    """
    chosen: Paradigm = paradigm or (paradigm_of(tables) if to == "jafroc" else "ROC")
    faults = refusals(tables, to, chosen, show_values=show_values)
    if faults:
        raise TableError(faults)
    lost = losses(tables, to, chosen)
    if to == "jafroc":
        held = tables if chosen == "ROC" else without_images(tables)
        content = jafroc_bytes(held, chosen)
        return content, (*lost, *image_losses(tables, held), *jafroc_losses(held, chosen))
    return _TEXT[to](tables), tuple(lost)


ENDINGS: dict[str, Format] = {".xlsx": "jafroc", ".imrmc": "imrmc", ".lrc": "lrc", ".csv": "csv"}
_TEXT_ENDINGS = (".csv", ".txt")
FORMATS: dict[Format, str] = {
    "jafroc": "JAFROC workbook",
    "imrmc": "iMRMC file",
    "lrc": "OR-DBM .lrc file",
    "csv": "OR-DBM csv file",
    "tables": "tables",
}


class ConversionError(OSError):
    """The conversion cannot be written where it should go, and what to do about it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Conversion:
    """What was read, what was written, and what was left behind.

    Parameters
    ----------
    source : StudyFile
        The study as read, with its notes.
    to : str
        Format written.
    out : Path
        The file or folder.
    lost : tuple of str
        What the format had no place for, one line each.
    """

    source: StudyFile
    to: Format
    out: Path
    lost: tuple[str, ...]

    def account(self, place: str) -> list[str]:
        """Return what was read, noted, written at ``place`` and left behind, one line each."""
        counts = {
            # A lesion has a row for each image that shows it.
            name: len(data.frame.drop_duplicates(LESION_KEY) if name == "lesions" else data.frame)
            for name, data in self.source.tables.items()
        }
        held = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        lines = [f"read: {FORMATS[self.source.format]}, {self.source.paradigm}: {held}"]
        lines += [f"note: {note}" for note in self.source.notes]
        lines.append(f"written: {place} ({FORMATS[self.to]})")
        lines += [f"left behind: {line}" for line in self.lost]
        if self.to == "tables":
            lines += ["in a parameters file, with this folder as --data:", "data:"]
            lines += ["  reader_study:"]
            lines += [f"    {name}: {{file: {table_file(name)}}}" for name in counts]
        return lines


def convert(
    source: Path,
    out: Path,
    *,
    to: Format | None = None,
    paradigm: Paradigm | None = None,
    force: bool = False,
    show_values: bool = False,
) -> Conversion:
    """Read a study, write it in another format, and return what became of it.

    Parameters
    ----------
    source : Path
        A file of another program, or a folder of canonical tables.
    out : Path
        File to write; a name without an ending is a folder of canonical tables.
    to : {"jafroc", "imrmc", "lrc", "csv", "tables"}, optional
        The format, where the ending of ``out`` does not say it.
    paradigm : {"ROC", "FROC", "LROC", "ROI"}, optional
        What a JAFROC workbook calls the study.
    force : bool
        Replace what stands at ``out``: a file, or a folder that holds tables alone.
    show_values : bool
        Show identifying values in the messages: for a terminal only.

    Raises
    ------
    TableError
        If the source has faults, or the format cannot hold the study; nothing is written.
    ConversionError
        If ``out`` exists, is the source, or does not say its format.
    """
    chosen = to or _format_of(out)
    if paradigm is not None and chosen != "jafroc":
        msg = f"paradigm {paradigm} is what a JAFROC workbook says, and {out.name} is none"
        raise ConversionError(f"{msg}; leave --paradigm out")
    _check_out(source, out, chosen, force=force)
    study = read_study_file(source, show_values=show_values)
    if chosen == "tables":
        write_folder_atomic(out, folder_files(study.tables))
        return Conversion(source=study, to=chosen, out=out, lost=_lost_in_tables(study))
    content, lost = study_bytes(
        study.tables,
        chosen,
        paradigm=paradigm or (study.paradigm if study.format == "jafroc" else None),
        show_values=show_values,
    )
    write_atomic(out, content)
    return Conversion(source=study, to=chosen, out=out, lost=lost)


def read_study_file(path: Path, *, show_values: bool = False) -> StudyFile:
    """Return the study in a file of another program, or in a folder of canonical tables.

    The format follows from the ending; for ``.csv``, ``.txt`` and others from the content.

    Raises
    ------
    TableError
        With all faults, each naming file (and sheet), row and column.
    """
    if path.is_dir():
        return read_folder(path, show_values=show_values)
    file = path.name
    if not path.exists():
        raise TableError([file_fault(file, "does not exist")])
    try:
        return _READERS[_content_format(path)](path, file=file, show_values=show_values)
    except OSError as error:
        rule = f"cannot be read ({error.strerror or type(error).__name__})"
        raise TableError([file_fault(file, rule)]) from None


_READERS = {"jafroc": read_jafroc, "imrmc": read_imrmc, "lrc": read_lrc, "csv": read_iowa_csv}


def _content_format(path: Path) -> Format:
    """Return the format of an existing file."""
    ending = path.suffix.lower()
    if ending in ENDINGS and ending not in _TEXT_ENDINGS:
        return ENDINGS[ending]
    if zipfile.is_zipfile(path):
        return "jafroc"
    try:
        lines = text_lines(path, file=path.name)
    except TableError:
        if ending in _TEXT_ENDINGS:
            raise
        lines = []  # no text, and no workbook either
    if is_imrmc(lines):
        return "imrmc"
    if ending in _TEXT_ENDINGS and lines and is_iowa_csv(lines[0].split(",")):
        return "csv"
    rule = (
        "is no file of another program that is known: a JAFROC workbook (.xlsx), an iMRMC file "
        f"(BEGIN DATA:), or a csv file of OR-DBM MRMC (header {','.join(HEADER)})"
    )
    remedy = "name a table of your own in a parameters file, with a column map"
    raise TableError([file_fault(path.name, rule, remedy)])


def _lost_in_tables(study: StudyFile) -> tuple[str, ...]:
    """Return what tables do not say: a paradigm that does not follow from them."""
    if paradigm_of(study.tables) == study.paradigm:
        return ()
    again = f"say --paradigm {study.paradigm} when they become a JAFROC workbook again"
    return (f"the paradigm {study.paradigm}, which tables do not name; {again}",)


def _format_of(out: Path) -> Format:
    """Return the format that a name asks for."""
    ending = out.suffix.lower()
    if out.is_dir() or not ending:
        return "tables"
    if ending not in ENDINGS:
        known = ", ".join(ENDINGS)
        msg = f"{out.name} ends in none of {known}, and a folder of tables has no ending"
        raise ConversionError(f"{msg}; name the format with --to")
    return ENDINGS[ending]


def _check_place(source: Path, out: Path, to: Format) -> None:
    """Refuse a link, which would be replaced by a file, and tables within the tables read."""
    if to == "tables" and source.is_dir() and lies_in(out, source):
        raise ConversionError(f"{out.name} lies in the source, which is only read; name another")
    if out.is_symlink():
        raise ConversionError(f"{out.name} is a link; name what it leads to, or another place")


def _check_out(source: Path, out: Path, to: Format, *, force: bool) -> None:
    """Refuse to write over the source, over what is there, or over what is not ours."""
    if out.exists() and source.exists() and out.samefile(source):
        raise ConversionError(f"{out.name} is the source itself; name another file")
    if to != "tables" and out.is_dir():
        raise ConversionError(f"{out.name} is a folder, and {to} is a file; name a file")
    if to == "tables" and out.is_file():
        raise ConversionError(f"{out.name} is a file, and tables go to a folder; name a folder")
    _check_place(source, out, to)
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not force:
        raise ConversionError(f"{out.name} exists; name another one, or replace it with --force")
    if out.is_dir():
        ours = {table_file(name) for name in TABLES}
        if others := sorted(entry.name for entry in out.iterdir() if entry.name not in ours):
            msg = f"{out.name} holds more than tables ({len(others)} other files), so it stays"
            raise ConversionError(f"{msg}; name another folder")
