"""Workbooks (xlsx) as archives: checked before anything is unpacked, then read row by row."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from toolkit.readers.raw_table import check_size, file_fault
from toolkit.readers.sheet_rows import Formats, SheetError, SheetRow, SheetStream
from toolkit.tables import TableError

MOST_ROWS = 1_048_576  # rows of a sheet
_ALWAYS_UNPACKED_BYTES = 2**26
_MOST_UNPACKED = 200  # times the size of the file; the XML of a full sheet packs to a tenth or so
_BLOCK_BYTES = 2**10
_UNREADABLE = "cannot be read as an Excel workbook"


@dataclass(frozen=True, kw_only=True)
class SheetInfo:
    """One sheet: its title, whether Excel hides it, and its part of the archive."""

    title: str
    hidden: bool
    part: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Spreadsheet:
    """An open workbook: its name in messages, its sheets, and what their cells refer to."""

    file: str
    sheets: tuple[SheetInfo, ...]
    archive: zipfile.ZipFile
    formats: Formats


@dataclass(eq=False)
class SheetRecords:
    """The rows of a sheet, to be gone through once; afterwards its merged ranges are known.

    Parameters
    ----------
    book, sheet : Spreadsheet, SheetInfo
        The workbook and one of its sheets.
    place : str
        How messages name the sheet.

    Raises
    ------
    TableError
        While rows are taken: the sheet is damaged, or has more rows than a sheet can have.
    """

    book: Spreadsheet
    sheet: SheetInfo
    place: str
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First column (from 0) and row, last column and row of each merged range."""

    def __iter__(self) -> Iterator[SheetRow]:
        """Yield the rows that have cells."""
        try:
            with self.book.archive.open(self.sheet.part) as stream:
                records = SheetStream(stream, self.book.formats)
                for row in records:
                    if row.number > MOST_ROWS:
                        rule = f"has rows beyond {MOST_ROWS:,}, the last one of a sheet"
                        raise TableError([file_fault(self.place, rule)])
                    yield row
                self.merged = records.merged
        except TableError:
            raise
        except Exception as error:
            raise _damaged(error, self.place) from None


@contextmanager
def open_spreadsheet(path: Path, *, file: str) -> Iterator[Spreadsheet]:
    """Give an open workbook.

    Parameters
    ----------
    path : Path
        The file.
    file : str
        Its name in messages.

    Raises
    ------
    TableError
        If the file is no workbook, is damaged, or unpacks to far more than a table would.
    """
    check_size(path.stat().st_size, file=file)
    check_archive(path, file=file)
    with (
        path.open("rb") as stream,  # closed even where a sheet is left half read
        zipfile.ZipFile(stream) as archive,
        warnings.catch_warnings(),
    ):
        # openpyxl warns of styles and extensions that it skips; none touches a value.
        warnings.simplefilter("ignore")
        try:
            sheets, formats = _contents(path)
        except Exception as error:
            raise _damaged(error, file) from None
        yield Spreadsheet(file=file, sheets=sheets, archive=archive, formats=formats)


def check_archive(path: Path, *, file: str) -> None:
    """Refuse what is no archive, unpacks to too much, or has XML that could grow."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except Exception:
        # Besides BadZipFile damage shows as struct.error, EOFError, RuntimeError, ...
        remedy = "open it and save it as .xlsx, without a password"
        raise TableError([file_fault(file, _UNREADABLE, remedy)]) from None
    check_size(unpacked, file=file)
    if unpacked > max(_ALWAYS_UNPACKED_BYTES, _MOST_UNPACKED * path.stat().st_size):
        raise TableError([file_fault(file, "unpacks to far more than a table would")])
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if _has_document_type(archive, name, file=file):
                rule = "declares a document type, which no workbook does, in one of its parts"
                raise TableError([file_fault(file, rule, "open it in Excel and save it")])


def _has_document_type(archive: zipfile.ZipFile, name: str, *, file: str) -> bool:
    """Whether a part is XML with a document type: entities, declared there, grow without bound.

    Only what stands before the first element is read.
    """
    found: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda *_: found.append("element")
    parser.StartDoctypeDeclHandler = lambda *_: found.append("document type")
    try:
        with archive.open(name) as stream:
            while not found and (block := stream.read(_BLOCK_BYTES)):
                parser.Parse(block)
    except expat.ExpatError:
        pass  # a picture, or damaged, which shows when it is needed
    except Exception as error:
        raise _damaged(error, file) from None
    return found[:1] == ["document type"]


def _contents(path: Path) -> tuple[tuple[SheetInfo, ...], Formats]:
    """Return the sheets and what their cells refer to, without reading a sheet."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet

    reader = ExcelReader(path, read_only=True, keep_links=False)
    with reader.archive:
        reader.read_manifest()
        reader.read_strings()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        found = list(reader.parser.find_sheets())
    sheets = tuple(
        SheetInfo(title=sheet.name, hidden=sheet.state != "visible", part=relation.target)
        for sheet, relation in found
        if relation.target in reader.valid_files and "chartsheet" not in relation.Type
    )
    book: Any = reader.wb
    return sheets, Formats(
        texts=reader.shared_strings,
        dates=frozenset(book._date_formats),
        spans=frozenset(book._timedelta_formats),
        epoch=book.epoch,
    )


def _damaged(error: Exception, place: str) -> TableError:
    """Return the one error for whatever a damaged workbook raises."""
    why = str(error) if isinstance(error, SheetError) else type(error).__name__
    rule = f"{_UNREADABLE} ({why})"
    return TableError([file_fault(place, rule, "open it in Excel and save it")])
