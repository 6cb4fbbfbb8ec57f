"""Convert a reader study from one program's file to another's, whole or not at all."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from toolkit.readers.atomic import write_atomic, write_folder_atomic
from toolkit.readers.interchange.folder import folder_files, read_folder, table_file
from toolkit.readers.interchange.imrmc import is_imrmc, read_imrmc
from toolkit.readers.interchange.iowa_csv import HEADER, is_iowa_csv, read_iowa_csv
from toolkit.readers.interchange.iowa_lrc import read_lrc
from toolkit.readers.interchange.jafroc import read_jafroc
from toolkit.readers.interchange.ratings import text_lines
from toolkit.readers.interchange.study import (
    LESION_KEY,
    Format,
    Paradigm,
    StudyFile,
    paradigm_of,
)
from toolkit.readers.interchange.write import study_bytes
from toolkit.readers.raw_table import file_fault
from toolkit.tables import TABLES, TableError

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


def _check_out(source: Path, out: Path, to: Format, *, force: bool) -> None:
    """Refuse to write over the source, over what is there, or over what is not ours."""
    if out.exists() and source.exists() and out.samefile(source):
        raise ConversionError(f"{out.name} is the source itself; name another file")
    if to != "tables" and out.is_dir():
        raise ConversionError(f"{out.name} is a folder, and {to} is a file; name a file")
    if to == "tables" and out.is_file():
        raise ConversionError(f"{out.name} is a file, and tables go to a folder; name a folder")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not force:
        raise ConversionError(f"{out.name} exists; name another one, or replace it with --force")
    if out.is_dir():
        ours = {table_file(name) for name in TABLES}
        if others := sorted(entry.name for entry in out.iterdir() if entry.name not in ours):
            msg = f"{out.name} holds more than tables ({len(others)} other files), so it stays"
            raise ConversionError(f"{msg}; name another folder")
