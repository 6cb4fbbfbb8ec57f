"""Tables as the journals set them: three rules, heads that span, numbers at the right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from toolkit.draw.page import anchor, csv_link, rich_text
from toolkit.results import Estimate
from toolkit.words.sentences import ci_text, estimate_text
from toolkit.words.wording import count_text, pad_decimals

if TYPE_CHECKING:
    import pandas as pd

    FileColumns = Mapping[str, Iterable[Any]] | pd.DataFrame

Align = Literal["left", "right", "center"]
RowKind = Literal["plain", "emphasis", "sub", "group", "space"]

_ALIGN = {"left": "l", "right": "r", "center": "c"}
_NOT_IN_FILES = {0x2007: " ", 0x00A0: " ", 0x2009: " ", 0x2060: None}
_PLAIN_NUMBER = re.compile(r"[+\u2212]?\d{1,3}(?:,\d{3})*(?:\.\d+)?|[+\u2212]?\d+(?:\.\d+)?")
_ROW_CLASS = {"plain": "", "emphasis": "em", "sub": "sub", "group": "grp", "space": "grp2"}


@dataclass(frozen=True)
class TableColumn:
    """One column.

    Parameters
    ----------
    head : str
        Its head; may be empty for the first column.
    align : {"right", "left", "center"}
        Numbers right, text left; an interval is centred and thereby muted.
    span : str
        Head over this column and its neighbours with the same text.
    """

    head: str
    align: Align = "right"
    span: str = ""


@dataclass(frozen=True)
class TableRow:
    """One row; a plain tuple of cells stands for a plain row.

    Parameters
    ----------
    cells : sequence of str
        One text a column; a group has one text only, which heads the rows below it.
    kind : {"plain", "emphasis", "sub", "group", "space"}
        Emphasis for the primary result, sub for an indented row, space for more room above.
    rule : bool
        Whether a hairline parts the row from the one above.
    """

    cells: Sequence[str]
    kind: RowKind = "plain"
    rule: bool = False


@dataclass(frozen=True, kw_only=True)
class TableView:
    """A table as it is printed: every cell is text already.

    Parameters
    ----------
    title : str
        What the table shows; stands above it after its number.
    columns : sequence of TableColumn
        The first column names the row.
    rows : sequence of TableRow or of sequences of str
        The body.
    foot : str
        Population, unit, CI method, abbreviations.
    dense : bool
        Whether ten columns and more must fit.
    """

    title: str
    columns: Sequence[TableColumn]
    rows: Sequence[TableRow | Sequence[str]]
    foot: str = ""
    dense: bool = False


@dataclass(frozen=True, kw_only=True)
class TwoByTwo:
    """Cases by the calls of two readings of the same cases.

    Parameters
    ----------
    title : str
        Which cases, such as "With cancer".
    n : str
        Their number as text, such as "n = 80".
    both, row_only, column_only, neither : int
        Cases called by both, only by the reading in the rows, only by the one in the columns, or
        by neither. ``neither`` is None while it cannot be known; no total is made from it.
    """

    title: str
    n: str = ""
    both: int
    row_only: int
    column_only: int
    neither: int | None


def _as_row(row: TableRow | Sequence[str]) -> TableRow:
    """Return a row whatever it was given as."""
    if isinstance(row, str):
        msg = f"a row must be a TableRow or a sequence of cells, but got the text {row!r}"
        raise TypeError(msg)
    return row if isinstance(row, TableRow) else TableRow(row)


def _checked_rows(view: TableView) -> list[TableRow]:
    """Return the rows, each with one cell a column."""
    rows = [_as_row(row) for row in view.rows]
    for place, row in enumerate(rows, start=1):
        wanted = 1 if row.kind == "group" else len(view.columns)
        if len(row.cells) != wanted:
            label = row.cells[0] if row.cells else ""
            msg = (
                f"table {view.title!r}, row {place} ({label!r}): has {len(row.cells)} cells, "
                f"but must have {wanted}"
            )
            raise ValueError(msg)
    return rows


def _with_padding(rows: Sequence[TableRow], columns: Sequence[TableColumn]) -> list[TableRow]:
    """Pad the decimals of right-aligned columns, so that their points stand in one line."""
    full = [row.cells for row in rows if row.kind != "group"]
    padded = []
    for place, column in enumerate(columns):
        cells = [line[place] for line in full]
        padded.append(pad_decimals(cells) if column.align == "right" else cells)
    lines = iter(zip(*padded, strict=True))
    return [
        row if row.kind == "group" else TableRow(next(lines), row.kind, row.rule) for row in rows
    ]


def value_columns(head: str, *, span: str = "") -> list[TableColumn]:
    """Return the columns of ``value_cells``."""
    return [TableColumn(head, span=span), TableColumn("95% CI", align="center", span=span)]


def value_cells(estimate: Estimate) -> list[str]:
    """Return an estimate without its unit, and its interval."""
    return [estimate_text(estimate, unit=False), ci_text(estimate)]


def _head_cell(column: TableColumn) -> str:
    """Return the head of one column; an empty head is not announced as one."""
    kind = f' class="{_ALIGN[column.align]}"'
    if not column.head:
        return f"<td{kind}></td>"
    return f'<th scope="col"{kind}>{rich_text(column.head)}</th>'


def _head_html(columns: Sequence[TableColumn]) -> str:
    """Return the head: one row, or two where heads span."""
    heads = f"<tr>{''.join(map(_head_cell, columns))}</tr>"
    if not any(column.span for column in columns):
        return f"<thead>{heads}</thead>"
    cells = []
    for span, members in groupby(columns, key=lambda column: column.span):
        width = len(list(members))
        text = f"<span>{rich_text(span)}</span>"
        cells.append(
            f'<th scope="colgroup" colspan="{width}">{text}</th>'
            if span
            else f'<td colspan="{width}"></td>'
        )
    return f'<thead><tr class="span">{"".join(cells)}</tr>{heads}</thead>'


def _row_html(row: TableRow, columns: Sequence[TableColumn]) -> str:
    """Return one row of the body."""
    names = [_ROW_CLASS[row.kind], "first" if row.rule else ""]
    classes = " ".join(name for name in names if name)
    opening = f'<tr class="{classes}">' if classes else "<tr>"
    if row.kind == "group":
        group = escape(row.cells[0])
        return f'{opening}<th scope="rowgroup" colspan="{len(columns)}">{group}</th></tr>'
    first = f'<th scope="row" class="{_ALIGN[columns[0].align]}">{escape(row.cells[0])}</th>'
    rest = (
        f'<td class="{_ALIGN[column.align]}">{escape(cell)}</td>'
        for column, cell in zip(columns[1:], row.cells[1:], strict=True)
    )
    return f"{opening}{first}{''.join(rest)}</tr>"


def _plain(text: str) -> Decimal | str:
    """Return a cell as a file has it: a number with its decimals, or the text without joiners."""
    text = text.translate(_NOT_IN_FILES).strip()
    if not _PLAIN_NUMBER.fullmatch(text):
        return text
    return Decimal(text.replace("\u2212", "-").replace(",", ""))


def _unique(names: Sequence[str]) -> list[str]:
    """Return the names of columns, those that repeat with their count."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _table_columns(view: TableView) -> dict[str, list[Decimal | str]]:
    """Return a printed table as the columns of a file; a group stands in a row of its own."""
    width = len(view.columns)
    rows = [[*row.cells, *[""] * (width - len(row.cells))] for row in map(_as_row, view.rows)]
    heads = [": ".join(filter(None, (one.span, one.head))) for one in view.columns]
    names = _unique([head.translate(_NOT_IN_FILES).replace("*", "") for head in heads])
    return {name: [_plain(row[place]) for row in rows] for place, name in enumerate(names)}


def _two_by_two_columns(view: PairedTables) -> dict[str, list[str]]:
    """Return paired tables as the columns of a file, two rows each."""
    lines: list[tuple[str, str, int, int | None]] = []
    for one in view.tables:
        title = " ".join(filter(None, (one.title, one.n and f"({one.n})")))
        lines.append((title, view.rows[0], one.both, one.row_only))
        lines.append((title, view.rows[1], one.column_only, one.neither))
    names = _unique(["", " ", *view.columns])
    cells = [["not known" if cell is None else str(cell) for cell in line] for line in lines]
    return {name: [line[place] for line in cells] for place, name in enumerate(names)}


def _figure(
    body: str, view: TableView | PairedTables, *, number: str, csv: FileColumns, classes: str
) -> str:
    """Wrap a table with its number, title, foot and file."""
    name = anchor("table", number)
    foot = f"{rich_text(view.foot)} " if view.foot else ""
    return (
        f'<figure class="{classes}" id="{name}"><figcaption id="{name}-title">'
        f'<b>Table {number}.</b> <span class="t">{rich_text(view.title)}</span></figcaption>'
        f'{body}<p class="foot">{foot}<span class="dl">{csv_link(csv, name)}</span></p></figure>'
    )


def _scroll_box(table: str, number: str) -> str:
    """Let a wide table scroll sideways, by keyboard as well."""
    label = f"Table {number}, scrolls sideways"
    return f'<div class="tabbox" tabindex="0" role="group" aria-label="{label}">{table}</div>'


def table_html(view: TableView, *, number: str, csv: FileColumns | None = None) -> str:
    """Return a table with its number, title, foot and its numbers as a file.

    Parameters
    ----------
    view : TableView
        The printed table.
    number : str
        Chapter and order, such as "6.1"; also makes the anchor "table-6-1".
    csv : mapping of str to iterable, or DataFrame, optional
        The values behind the table, offered as a file; the printed cells where there are none.

    Raises
    ------
    ValueError
        If a row has not one cell for each column, or the number has another form.

    Examples
    --------
    >>> view = TableView(title="Readers.", columns=[TableColumn("", "left"), TableColumn("AUC")],
    ...                  rows=[("AI", "0.817")])
    >>> '<th scope="row" class="l">AI</th>' in table_html(view, number="6.1")
    True
    """
    rows = _with_padding(_checked_rows(view), view.columns)
    body = "".join(_row_html(row, view.columns) for row in rows)
    name = anchor("table", number)
    table = (
        f'<table aria-labelledby="{name}-title">{_head_html(view.columns)}'
        f"<tbody>{body}</tbody></table>"
    )
    classes = "tab dense" if view.dense else "tab"
    columns = _table_columns(view) if csv is None else csv
    return _figure(_scroll_box(table, number), view, number=number, csv=columns, classes=classes)


def _cell(count: int | None, classes: str = "") -> str:
    """Return a count, or the mark for one that is not known."""
    if count is None:
        return '<td class="unk">not known</td>'
    kind = f' class="{classes}"' if classes else ""
    return f"<td{kind}>{count_text(count)}</td>"


def _total(*counts: int | None) -> str:
    """Return a sum, or an empty cell if a part is not known."""
    known = [count for count in counts if count is not None]
    text = count_text(sum(known)) if len(known) == len(counts) else ""
    return f'<td class="sum">{text}</td>'


def _paired_table(counts: TwoByTwo, rows: tuple[str, str], columns: tuple[str, str]) -> str:
    """Return one two-by-two table, its discordant cells shaded."""
    n = f" <span>({escape(counts.n)})</span>" if counts.n else ""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    first, second = (f'<th scope="row" class="l">{escape(name)}</th>' for name in rows)
    both, only_row, only_column = counts.both, counts.row_only, counts.column_only
    return (
        f'<table class="two"><caption>{escape(counts.title)}{n}</caption>'
        f'<thead><tr><td></td>{heads}<th scope="col" class="sum">Total</th></tr></thead><tbody>'
        f"<tr>{first}{_cell(both)}{_cell(only_row, 'dis')}{_total(both, only_row)}</tr>"
        f"<tr>{second}{_cell(only_column, 'dis')}{_cell(counts.neither)}"
        f"{_total(only_column, counts.neither)}</tr>"
        f'<tr class="sum"><th scope="row" class="l">Total</th>{_total(both, only_column)}'
        f"{_total(only_row, counts.neither)}"
        f"{_total(both, only_row, only_column, counts.neither)}</tr></tbody></table>"
    )


@dataclass(frozen=True, kw_only=True)
class PairedTables:
    """Two-by-two tables that stand side by side under one number.

    Parameters
    ----------
    title : str
        Title above them.
    tables : tuple of TwoByTwo
        One a truth class.
    rows, columns : (str, str)
        Labels of the two rows and of the two columns.
    foot : str
        What the reader must know; the discordant cells are shaded.
    """

    title: str
    tables: tuple[TwoByTwo, ...]
    rows: tuple[str, str]
    columns: tuple[str, str]
    foot: str = ""


def two_by_two_html(view: PairedTables, *, number: str, csv: FileColumns | None = None) -> str:
    """Return the paired tables of two readings, usually one with and one without cancer."""
    boxes = "".join(
        _scroll_box(_paired_table(one, view.rows, view.columns), number) for one in view.tables
    )
    body = f'<div class="twos">{boxes}</div>'
    columns = _two_by_two_columns(view) if csv is None else csv
    return _figure(body, view, number=number, csv=columns, classes="tab")
