"""Files of a hospital or of a public data set -> one canonical table, by column maps alone."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from toolkit.readers.tabular.delimited import (
    DateOrder,
    Decimal,
    Encoding,
    iso_dates,
    plain_number,
    read_delimited,
)
from toolkit.readers.tabular.raw_table import (
    RawTable,
    cell_text,
    file_fault,
    file_within,
    read_parquet,
    text_cells,
)
from toolkit.readers.tabular.xlsx_read import read_workbook
from toolkit.tables import (
    Column,
    Fault,
    RefusedCell,
    TableData,
    TableDefinition,
    TableError,
    check_table,
    did_you_mean,
    name_faults,
    table_definition,
)

if TYPE_CHECKING:
    import pandas as pd

EVERY_OTHER = "*"  # in a value map: every value that the map does not name
_BIRADS_NAME = re.compile(r"bi[\W_]*rads", re.IGNORECASE)
_BIRADS_CELL = re.compile(r"BI[\W_]*RADS\W*[0-6][ABC]?|[0-6][ABC]", re.IGNORECASE)
INLINE = "(inline rows)"  # stands for the file where the parameters file holds the rows itself


@dataclass(frozen=True, kw_only=True)
class TableSource:
    """One entry of the data section of a parameters file.

    Parameters
    ----------
    file : str, optional
        csv, txt, tsv, xlsx or parquet file, relative to the data folder.
    columns : dict of str to str
        Canonical column to column of the file; several may read the same one. Empty: the file
        has canonical names already.
    values : dict of str to dict of str to str
        For a canonical column: value in the file to canonical value. The value ``""`` stands
        for a missing cell and ``"*"`` for every other value; others pass unchanged.
    constants : dict of str to str, float or int
        Canonical column to the one value that all rows have.
    numbered : str
        Canonical column that is filled with the row of the file, where rows have no name of their
        own, as marks often have none.
    distinct : bool
        Drop rows that repeat another one in all mapped columns.
    rows : list of dict, optional
        The rows themselves, by canonical column, instead of a file.
    separator : str
        Character between the fields of a text file.
    decimal : {".", ","}
        Decimal sign of numbers.
    date_order : {"ymd", "dmy", "mdy"}
        Order of year, month and day in dates.
    encoding : {"utf-8", "cp1258"}
        Encoding of a text file.
    missing : list of str
        Values that stand for a missing cell, besides the empty cell.
    sheet : str, optional
        Sheet of a workbook.
    """

    # Read by pydantic where the parameters are validated: an unknown field is refused, and
    # `values: {truth: {0: 0, 1: 1}}` needs no quotes.
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "coerce_numbers_to_str": True,
    }

    file: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: dict[str, str | float | int] = field(default_factory=dict)
    numbered: str = ""
    distinct: bool = False
    rows: list[dict[str, Any]] | None = None
    separator: str = ","
    decimal: Decimal = "."
    date_order: DateOrder = "ymd"
    encoding: Encoding = "utf-8"
    missing: list[str] = field(default_factory=list)
    sheet: str | None = None

    @property
    def name(self) -> str:
        """Name of the source in messages, never with a path of the machine."""
        if self.file is None:
            return INLINE
        path = PureWindowsPath(self.file)  # knows drives, and both kinds of slash as roots
        return path.name if path.anchor else self.file


def source_faults(source: TableSource, definition: TableDefinition) -> list[Fault]:
    """Return what an entry says that cannot be: found before any file is opened."""
    faults = [file_fault(source.name, rule, remedy) for rule, remedy in _contradictions(source)]
    mapped = mapped_columns(source)
    if mapped is not None:
        # These names stand in the parameters file, so they are no patient's data.
        faults += name_faults(mapped, definition, file=source.name, show_values=True)
    for name in source.values:
        known = definition.names if mapped is None else mapped
        if name not in known:
            rule = "has values, but is not mapped"
            faults.append(
                file_fault(source.name, rule, did_you_mean(name, known), column=repr(name))
            )
    birads = {source.columns.get("birads")} - {None}
    named = [name for name in source.columns.values() if _BIRADS_NAME.search(name)]
    return [*faults, *_birads_faults(source, birads.union(named))]


def _birads_faults(source: TableSource, birads: Collection[str | None]) -> list[Fault]:
    """Return where BI-RADS stands for suspicion or a call, though nobody said what its 0 is.

    0 is "incomplete, recall for more pictures", yet as a number it lies below 1, "negative". Only
    the value map can say where it belongs; a scale from 0 to 5 of another name is no BI-RADS.
    """
    return [
        file_fault(
            source.name,
            f"is BI-RADS ({in_file!r}), whose 0 (incomplete) is no lowest degree",
            "map it to birads, or say under values what each category is, 0 among them",
            column=repr(name),
        )
        for name, in_file in source.columns.items()
        if name in ("rating", "call") and in_file in birads and not _says_what_0_is(source, name)
    ]


def _says_what_0_is(source: TableSource, name: str) -> bool:
    """Whether the value map of a column tells the meaning of 0, if only among all the others."""
    named = source.values.get(name, {})
    return any(re.fullmatch(r"(bi[\W_]*rads)?\W*(0|\*)", nfc(text), re.I) for text in named)


def mapped_columns(source: TableSource) -> list[str] | None:
    """Return the canonical columns that an entry fills; None where its file decides that."""
    filled = [*source.constants, *([source.numbered] if source.numbered else [])]
    if source.rows:
        inline = dict.fromkeys(str(name) for row in source.rows for name in row)
        return [*inline, *filled]
    if source.columns:
        return [*source.columns, *filled]
    return None


def _contradictions(source: TableSource) -> Iterator[tuple[str, str]]:
    """Yield rule and remedy of settings that do not go together."""
    if (source.file is None) == (source.rows is None):
        yield "must have either a file or rows", "give one of the two"
    if source.rows is not None and not source.rows:
        yield "must have at least one row under rows", "leave the table out"
    if source.rows is not None and (source.columns or source.values):
        yield "has columns or values, which belong to a file", "write rows in canonical words"
    if source.numbered and not source.columns:
        yield "numbers a column, which needs mapped columns", "map the columns of the file"
    if source.numbered in (*source.columns, *source.constants):
        yield "numbers a column that it fills in another way", "choose one of the two"
    if len(source.separator) != 1 or source.separator in '"\r\n':
        yield "must have one character as separator", 'for a tab write "\\t" in double quotes'
    if source.sheet is not None and not (source.file or "").lower().endswith(".xlsx"):
        yield "has a sheet, which belongs to a workbook", "leave sheet out"


def nfc(text: str) -> str:
    """Return text in Unicode NFC, so that one letter is one character however it was typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def mapped_table(raw: RawTable, source: TableSource, definition: TableDefinition) -> RawTable:
    """Return the columns of a file under their canonical names, cells still as text.

    Parameters
    ----------
    raw : RawTable
        What the file holds.
    source : TableSource
        Its entry in the parameters; every canonical column that it names exists.
    definition : TableDefinition
        The table that is made.
    """
    import pandas as pd

    names = source.columns or {str(name): str(name) for name in raw.frame.columns}
    cells = {
        name: _canonical_cells(raw.frame[nfc(in_file)], definition.column(name), source)
        for name, in_file in names.items()
    }
    mapped = RawTable(
        frame=pd.DataFrame(cells, index=raw.frame.index), rows=raw.rows, faults=raw.faults
    )
    return _completed(mapped, source, definition)


def inline_table(source: TableSource, definition: TableDefinition) -> RawTable:
    """Return the rows that the parameters file holds itself; the first one is row 1."""
    import pandas as pd

    rows = source.rows or []
    names = dict.fromkeys(name for row in rows for name in row)
    cells = {
        name: text_cells([_parameter_cell(row.get(name), definition.column(name)) for row in rows])
        for name in names
    }
    inline = RawTable(frame=pd.DataFrame(cells), rows=np.arange(1, len(rows) + 1))
    return _completed(inline, source, definition)


def _completed(table: RawTable, source: TableSource, definition: TableDefinition) -> RawTable:
    """Add the constants, drop repeated rows and number the others where the source says so."""
    n_rows = len(table.frame)
    constants = {
        name: text_cells([_parameter_cell(value, definition.column(name))] * n_rows)
        for name, value in source.constants.items()
    }
    frame = table.frame.assign(**constants)
    kept = ~frame.duplicated().to_numpy() if source.distinct else np.ones(n_rows, dtype=bool)
    frame, rows = frame[kept].reset_index(drop=True), table.rows[kept]
    if source.numbered:
        frame = frame.assign(**{source.numbered: text_cells([str(row) for row in rows])})
    return RawTable(frame=frame, rows=rows, faults=table.faults)


def _parameter_cell(value: object, column: Column) -> str | RefusedCell:
    """Return a value of the parameters file as text."""
    if isinstance(value, float) and column.kind in ("text", "category"):
        return RefusedCell(
            text=str(value),
            rule="is a number of the parameters file, where 1.10 is 1.1",
            remedy="put it in quotes",
        )
    if value is None or isinstance(value, (str, int, float, datetime.date)):
        return cell_text(value)
    return RefusedCell(text=str(value), rule="must be a single value")


def _canonical_cells(cells: pd.Series, column: Column, source: TableSource) -> pd.Series:
    """Return the cells of one column of a file as canonical text."""
    import pandas as pd

    value_map = _ValueMap(source, column)
    comma = column.kind in ("number", "integer") and source.decimal == ","
    if not (value_map.holds_anything or comma or column.kind == "date"):
        return cells
    codes, different = pd.factorize(cells)
    translated = text_cells(_translated(different.tolist(), value_map, column, source))
    return translated.iloc[codes].reset_index(drop=True)


class _ValueMap:
    """The declared meaning of the values of one column."""

    def __init__(self, source: TableSource, column: Column) -> None:
        self._missing = {nfc(code) for code in source.missing}
        self._by_value = {
            nfc(cell_text(value)): cell_text(canonical)
            for value, canonical in source.values.get(column.name, {}).items()
        }
        self._every_other = self._by_value.pop(EVERY_OTHER, None)
        self.holds_anything = bool(self._missing or self._by_value or self._every_other is not None)

    def meaning(self, text: str) -> str | None:
        """Return the canonical text of a value; None where nothing is declared about it."""
        value = "" if text in self._missing else text
        if value in self._by_value:
            return self._by_value[value]
        return self._every_other if value else ""


def _translated(
    cells: Sequence[str | RefusedCell], value_map: _ValueMap, column: Column, source: TableSource
) -> list[str | RefusedCell]:
    """Return cells by their declared meaning, and the others in the one plain notation."""
    texts = {place: nfc(cell) for place, cell in enumerate(cells) if isinstance(cell, str)}
    meanings = {place: value_map.meaning(text) for place, text in texts.items()}
    written = [place for place, meaning in meanings.items() if meaning is None]
    plain = _plain([texts[place] for place in written], column, source)
    known = {place: meaning for place, meaning in meanings.items() if meaning is not None}
    translated = {**known, **dict(zip(written, plain, strict=True))}
    return [translated.get(place, cell) for place, cell in enumerate(cells)]


def _plain(
    texts: Sequence[str], column: Column, source: TableSource
) -> Sequence[str | RefusedCell]:
    """Return numbers with a decimal point and dates in ISO form; other cells as they are."""
    if column.kind == "date":
        return iso_dates(texts, source.date_order)
    if column.kind in ("number", "integer"):
        return [plain_number(text, source.decimal) for text in texts]
    return texts


_TEXT_ENDINGS = (".csv", ".txt", ".tsv")


def read_table(
    name: str, sources: Sequence[TableSource], *, folder: Path, show_values: bool = False
) -> TableData:
    """Return one canonical table from all its sources, checked.

    Parameters
    ----------
    name : str
        Name of the canonical table.
    sources : sequence of TableSource
        Where its rows come from, in this order.
    folder : Path
        The data folder; no source lies outside.
    show_values : bool
        Show the values of identifying columns in the messages: for a terminal only.

    Returns
    -------
    TableData
        The typed table, with the file and the row of the file of each of its rows.

    Raises
    ------
    TableError
        With all faults of all sources: of their entries, their files and their cells.

    Examples
    --------
    >>> ai = {"reader_id": "AI", "kind": "ai", "product": "P", "version": "1.10"}
    >>> data = read_table("readers", [TableSource(rows=[ai])], folder=Path())
    >>> data.frame["version"].tolist()
    ['1.10']
    """
    definition = table_definition(name)
    faults: list[Fault] = []
    tables: list[tuple[str, RawTable]] = []
    if not sources:
        faults.append(file_fault("", f"table {name} has no source", "leave the table out"))
    for source in sources:
        try:
            table = _read_source(source, definition, folder=folder, show_values=show_values)
        except TableError as error:
            faults += error.faults
        else:
            faults += table.faults
            tables.append((source.name, table))
    if not tables:
        raise TableError(faults)
    return _checked(tables, name, earlier=faults, show_values=show_values)


def _checked(
    tables: Sequence[tuple[str, RawTable]],
    name: str,
    *,
    earlier: Sequence[Fault],
    show_values: bool,
) -> TableData:
    """Return the sources as one checked table, or raise its faults behind the earlier ones."""
    import pandas as pd

    sizes = [len(table.frame) for _, table in tables]
    files = np.repeat(np.array([file for file, _ in tables], dtype=object), sizes)
    rows = np.concatenate([table.rows for _, table in tables])
    frame = pd.concat([table.frame for _, table in tables], ignore_index=True)
    try:
        checked = check_table(frame, name, source=files, rows=rows, show_values=show_values)
    except TableError as error:
        raise TableError([*earlier, *error.faults]) from None
    if earlier:
        raise TableError(earlier)
    return TableData(frame=checked, files=files, rows=rows)


def _read_source(
    source: TableSource, definition: TableDefinition, *, folder: Path, show_values: bool
) -> RawTable:
    """Return the canonical cells of one source, still as text."""
    faults = source_faults(source, definition)
    if faults:
        raise TableError(faults)
    if source.file is None:
        return inline_table(source, definition)
    raw = _read_file(source, source.file, definition, folder=folder)
    judged = [name for key, name in source.columns.items() if key in ("rating", "call")]
    birads = [name for name in judged if _holds_birads(raw.frame.get(nfc(name)))]
    if faults := _birads_faults(source, birads):
        raise TableError([*raw.faults, *faults])
    if mapped_columns(source) is None:
        names = [*raw.frame.columns, *source.constants]
        faults = name_faults(names, definition, file=source.file, show_values=show_values)
        if faults:
            raise TableError([*raw.faults, *faults])
    return mapped_table(raw, source, definition)


def _holds_birads(cells: pd.Series | None) -> bool:
    """Whether a column holds BI-RADS as words, such as 4A or "BI-RADS 2", and nothing else."""
    if cells is None:
        return False
    texts = [cell for cell in cells.unique() if isinstance(cell, str) and cell]
    spelled = [text for text in texts if _BIRADS_CELL.fullmatch(text)]
    return bool(spelled) and all(text in spelled or text in "0123456" for text in texts)


def _read_file(
    source: TableSource, file: str, definition: TableDefinition, *, folder: Path
) -> RawTable:
    """Return the mapped columns of a file, read as its ending says."""
    path = file_within(folder, file)
    wanted = [nfc(name) for name in source.columns.values()] or None
    ending = PurePosixPath(file).suffix.lower()
    try:
        if ending in _TEXT_ENDINGS:
            return read_delimited(
                path,
                file=file,
                wanted=wanted,
                separator=source.separator,
                encoding=source.encoding,
            )
        if ending == ".xlsx":
            return read_workbook(
                path,
                file=file,
                wanted=wanted,
                sheet=source.sheet,
                decimal=source.decimal,
                date_columns=_date_columns(source, definition),
            )
        if ending == ".parquet":
            return read_parquet(path, file=file, wanted=wanted, decimal=source.decimal)
    except OSError as error:
        rule = f"cannot be read ({error.strerror or type(error).__name__})"
        raise TableError([file_fault(file, rule)]) from None
    known = ", ".join((*_TEXT_ENDINGS, ".xlsx", ".parquet"))
    raise TableError([file_fault(file, f"must end in one of {known}", "save it as one of them")])


def _date_columns(source: TableSource, definition: TableDefinition) -> frozenset[str]:
    """Return the columns of the file that hold dates."""
    dates = {column.name for column in definition.columns if column.kind == "date"}
    names = source.columns or {name: name for name in definition.names}
    return frozenset(nfc(in_file) for name, in_file in names.items() if name in dates)
