"""Numbers that a delivered page prints, found by what stands beside them, and held against values.

A table is found by its title, a cell by the labels of its row and column, a sentence by its words;
nothing hangs on where on a page they stand.
"""

import re
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
INLINE = {"a", "abbr", "b", "em", "i", "small", "span", "strong", "sub", "sup"}
NUMBER = r"[−+<>]?(?:\d[\d,]*(?:\.\d+)?|\.\d+|∞)"
# A value this near to a tie may be printed on either side of it, in units of the last digit.
TIE = 1e-9


class _Tree(HTMLParser):
    """A page as a tree of elements, a space before and after each that begins a line."""

    def __init__(self) -> None:
        super().__init__()
        self.builder = TreeBuilder()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.builder.data("" if tag in INLINE else " ")
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.builder.end(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        self.builder.end(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.builder.end(tag)
            self.builder.data("" if tag in INLINE else " ")

    def handle_data(self, data: str) -> None:
        self.builder.data(data)


def _text(element: Element) -> str:
    """Return all text of an element with plain single spaces."""
    text = "".join(element.itertext()).replace("\u2060", "")
    return " ".join(re.sub(r"[\s\u00a0\u2007\u202f]+", " ", text).split())


def agrees(printed: str, value: float) -> bool:
    """Whether a printed number is the value rounded at the printed digits.

    Examples
    --------
    >>> agrees("0.836", 0.83649), agrees("0.837", 0.83649), agrees("<.001", 0.0004)
    (True, False, True)
    """
    if printed.endswith("∞"):
        return value == (float("-inf") if printed.startswith("−") else float("inf"))
    number = Decimal(printed.strip("<>").replace("−", "-").replace(",", ""))
    if printed[0] in "<>":
        return value < number if printed[0] == "<" else value > number
    if value != value or abs(value) == float("inf"):
        return False
    unit = Decimal(1).scaleb(int(number.as_tuple().exponent))
    exact = Decimal(repr(float(value))) / unit
    either = {exact.quantize(Decimal(1), ROUND_HALF_UP)}
    if abs(exact - exact.to_integral_value(ROUND_FLOOR) - Decimal("0.5")) < TIE:
        floor = exact.to_integral_value(ROUND_FLOOR)
        either = {floor, floor + 1}
    return number / unit in either


class Table:
    """One table: texts by the label of their row and of their column.

    A label under a heading is ``heading: label``, as is a column named like another after the one
    before it; each is also known by its own label where only one has it.
    """

    def __init__(self, element: Element) -> None:
        above: dict[int, list[str]] = {}
        for row in element.findall("thead/tr"):
            place = 0
            for cell in row:
                width = int(cell.get("colspan", 1))
                for column in range(place, place + width):
                    above.setdefault(column, []).append(_text(cell))
                place += width
        names = [": ".join(filter(None, texts)) for _, texts in sorted(above.items())]
        self.columns: dict[str, int] = {}
        for place, name in enumerate(names):
            again = names.count(name) > 1 and place
            self.columns[f"{names[place - 1]}: {name}" if again else name] = place
        self.rows: dict[str, list[str]] = {}
        group = ""
        for row in element.findall("tbody/tr"):
            texts = [_text(cell) for cell in row]
            if len(texts) == 1:
                group = texts[0]
            else:
                self.rows[f"{group}: {texts[0]}" if group else texts[0]] = texts

    def cell(self, row: str, column: str) -> str:
        """Return the text of a cell; raise where the labels name none or several."""
        place = _only(column, self.columns)
        return _only(row, self.rows)[place]


def _only(label: str, found: dict) -> object:
    """Return what has a label, or the only one that ends in it."""
    if label in found:
        return found[label]
    ends = [name for name in found if name.endswith(f": {label}")]
    if len(ends) != 1:
        msg = f"{label!r} names {len(ends)} of: {', '.join(found)}"
        raise KeyError(msg)
    return found[ends[0]]


class Page:
    """A page, what was held against its numbers, and which of them disagree."""

    def __init__(self, path: Path) -> None:
        tree = _Tree()
        tree.feed(path.read_text(encoding="utf-8"))
        self.root, self.name = tree.builder.close(), path.name
        self.n_numbers, self.faults = 0, []

    @cached_property
    def text(self) -> str:
        """All text of the page, "P = .03" as "P .03" and "P > .99" as "P >.99"."""
        return re.sub(r"\bP (?:= |([<>]) )(?=[.\d])", r"P \1", _text(self.root))

    def facts(self) -> dict[str, str]:
        """Return the headline facts by their label."""
        return {
            _text(fact.find("dt")): _text(fact.find("dd"))
            for facts in self.root.iter("dl")
            if facts.get("class") == "facts"
            for fact in facts
        }

    def table(self, title: str, part: str = "") -> Table:
        """Return the table of a title, or of its parts the one whose caption begins so."""
        found = [
            table
            for figure in self.root.iter("figure")
            if (caption := figure.find("figcaption")) is not None
            and _text(caption).split(". ", 1)[-1].startswith(title)
            for table in figure.iter("table")
            if not part or _text(table.find("caption")).startswith(part)
        ]
        if len(found) != 1:
            msg = f"{self.name}: {len(found)} tables have the title {title!r} {part!r}"
            raise KeyError(msg)
        return Table(found[0])

    def row(self, title: str, row: str, part: str = "") -> "Row":
        """Return one row of a table, to be held against values."""
        return Row(self, title, row, self.table(title, part))

    def says(self, sentence: str, *values: float) -> None:
        """Hold the numbers of a sentence against values: # is a number, ## the two of a range."""
        pattern = re.escape(" ".join(sentence.split())).replace(r"\ ", " ")
        pattern = pattern.replace(r"\#\#", f"({NUMBER})(?: to |–)({NUMBER})")
        pattern = pattern.replace(r"\#", f"({NUMBER})")
        found = set(re.findall(pattern, self.text))
        if not found:
            self.faults.append(f"{self.name}: no sentence {sentence!r}")
        for one in found:
            self.hold(sentence, one if isinstance(one, tuple) else (one,), values)

    def fact(self, label: str, *values: float) -> None:
        """Hold the numbers of a headline fact against values, in their order."""
        self.hold(f"fact {label!r}", re.findall(NUMBER, self.facts().get(label, "")), values)

    def hold(self, place: str, printed: list[str] | tuple[str, ...], values: tuple) -> None:
        """Hold printed numbers against values."""
        if len(printed) != len(values):
            self.faults.append(
                f"{self.name}: {place}: prints {len(printed)} numbers {list(printed)}, "
                f"{len(values)} were computed"
            )
        for text, value in zip(printed, values, strict=False):
            self.n_numbers += 1
            if not agrees(text, value):
                self.faults.append(f"{self.name}: {place}: printed {text}, recomputed {value!r}")


class Row:
    """One row of a table, whose cells are held against values."""

    def __init__(self, page: Page, title: str, row: str, table: Table) -> None:
        self.page, self.title, self.row, self.table = page, title, row, table

    def is_(self, column: str, *values: float) -> "Row":
        """Hold the numbers of one cell against values, in their order."""
        try:
            text = self.table.cell(self.row, column)
        except KeyError as missing:
            self.page.faults.append(f"{self.page.name}: table {self.title!r}: {missing.args[0]}")
            return self
        place = f"table {self.title!r}, row {self.row!r}, column {column!r}"
        self.page.hold(place, re.findall(NUMBER, text), values)
        return self
