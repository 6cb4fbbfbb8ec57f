"""Sheets of rows as a workbook (xlsx): each number to its last bit, each text as it is.

A general writer builds an object for each cell, which for a million rows is minutes; it also takes
text for formulas by its first character, and rounds numbers to 16 digits.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from toolkit.readers.tabular.raw_table import file_fault
from toolkit.tables import TableError

_LONGEST_TEXT = 32_767  # characters of a cell
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BLOCK_ROWS = 4096
_COLUMNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # as many as these sheets may have

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/>'
    '<name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/>'
    '</fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border>'
    '<left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="1">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs><cellStyles count="1">'
    '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)

Value = str | int | float | None


def workbook_bytes(sheets: Mapping[str, Iterable[Sequence[Value]]]) -> bytes:
    """Return a workbook of these sheets; the same rows give the same bytes.

    Parameters
    ----------
    sheets : mapping of str to iterable of rows
        By title, of 26 columns at most. A cell is text, a finite number, or None for an empty one.

    Raises
    ------
    TableError
        If a text is longer than a cell holds, or has a character that no workbook can hold.
    """
    buffer = io.BytesIO()
    texts: dict[str, int] = {}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, rows in enumerate(sheets.values(), start=1):
            _write(archive, f"xl/worksheets/sheet{number}.xml", _sheet_xml(rows, texts))
        _write(archive, "xl/sharedStrings.xml", _texts_xml(texts))
        for name, content in _frame(list(sheets)).items():
            _write(archive, name, [content])
    return buffer.getvalue()


def _write(archive: zipfile.ZipFile, name: str, parts: Iterable[str]) -> None:
    """Write one member of the archive, without the time of day."""
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(member, "w") as stream:
        for part in parts:
            stream.write(part.encode())


def _sheet_xml(rows: Iterable[Sequence[Value]], texts: dict[str, int]) -> Iterator[str]:
    """Yield the XML of a sheet; texts that are new get the next number."""
    yield f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'
    block: list[str] = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for letter, value in zip(_COLUMNS, row, strict=False):
            if isinstance(value, str):
                text = texts.setdefault(value, len(texts))
                cells.append(f'<c r="{letter}{number}" t="s"><v>{text}</v></c>')
            elif value is not None:
                cells.append(f'<c r="{letter}{number}"><v>{value!r}</v></c>')
        block.append(f'<row r="{number}">{"".join(cells)}</row>')
        if len(block) == _BLOCK_ROWS:
            yield "".join(block)
            block.clear()
    yield f"{''.join(block)}</sheetData></worksheet>"


def _texts_xml(texts: Iterable[str]) -> Iterator[str]:
    """Yield the XML of the shared texts."""
    yield f'{_HEAD}<sst xmlns="{_MAIN}">'
    for text in texts:
        if len(text) > _LONGEST_TEXT:
            rule = f"would need a cell of {len(text):,} characters; {_LONGEST_TEXT:,} go into one"
            raise TableError([file_fault("", rule)])
        if _NOT_IN_XML.search(text):
            rule = "has a text with a control character, which no workbook can hold"
            raise TableError([file_fault("", rule, "remove the character")])
        yield f'<si><t xml:space="preserve">{escape(text)}</t></si>'
    yield "</sst>"


def _frame(titles: Sequence[str]) -> dict[str, str]:
    """Return the members of the archive that name the others."""
    n_sheets = len(titles)
    sheets = "".join(
        f'<sheet name="{escape(title)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, title in enumerate(titles, start=1)
    )
    targets = [(f"worksheets/sheet{number}.xml", "worksheet") for number in range(1, n_sheets + 1)]
    targets += [("sharedStrings.xml", "sharedStrings"), ("styles.xml", "styles")]
    parts = {f"/xl/{target}": kind for target, kind in targets}
    types = "".join(
        f'<Override PartName="{part}" ContentType="{_TYPE}.{kind}+xml"/>'
        for part, kind in {"/xl/workbook.xml": "sheet.main", **parts}.items()
    )
    return {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
        "_rels/.rels": _relations([("xl/workbook.xml", "officeDocument")]),
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}">'
        f"<sheets>{sheets}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(targets),
        "xl/styles.xml": _STYLES,
    }


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    """Return the XML that gives each target its number and kind."""
    entries = "".join(
        f'<Relationship Id="rId{number}" Type="{_DOCUMENT}/{kind}" Target="{target}"/>'
        for number, (target, kind) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{entries}</Relationships>'
