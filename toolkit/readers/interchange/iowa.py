"""OR-DBM MRMC ``.lrc`` files (University of Iowa): a title, then each reader's ratings by case.

::

    title
    reader
    "modality"  "modality"
    L  L
    1.0  3.0  Normal Case 1       (one line a case without disease, one rating a modality)
    *
    5.0  5.0  Abnormal Case 1     (one line a case with disease)
    *
    reader                        (the next one, without the lines of modalities)
    ...
    #

``L`` says that larger ratings are more suspicious in that modality, ``S`` that smaller ones are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.readers.interchange.study import (
    StudyFile,
    id_column,
    one_truth_faults,
    rating_column,
    rating_study,
    text_lines,
    truth_column,
    typed_frame,
    word_column,
)
from toolkit.readers.tabular.delimited import read_delimited
from toolkit.readers.tabular.raw_table import file_fault, row_faults
from toolkit.tables import Fault, TableError

END_OF_CASES, END_OF_FILE = "*", "#"
CASE_LABELS = ("Normal Case", "Abnormal Case")
_NUMBERED = re.compile(rf"({'|'.join(CASE_LABELS)}) \d+")
_NAMES = re.compile(r'"[^"]+"(\s+"[^"]+")*')
_COLUMNS = {
    "reader_id": id_column("reader"),
    "modality": word_column("modality"),
    "case_id": id_column("case"),
    "rating": rating_column("rating"),
}


def numbered_label(text: str) -> bool:
    """Return whether a text says no more of a case than its place among those of its truth."""
    return _NUMBERED.fullmatch(text) is not None


Lines = Iterator[tuple[int, str]]


@dataclass(frozen=True, kw_only=True)
class _Modalities:
    """Names of the modalities, and in which of them larger ratings are more suspicious."""

    names: tuple[str, ...]
    larger: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class _Cases:
    """The lines of one reader's cases of one truth: number of the line, ratings, rest of it."""

    reader: str
    truth: int
    lines: tuple[tuple[int, tuple[str, ...], str], ...]


def read_lrc(path: Path, *, file: str, show_values: bool = False) -> StudyFile:
    """Return the study in an OR-DBM ``.lrc`` file.

    Raises
    ------
    TableError
        With the first line that is out of place, else with all faults, among them readers with
        different cases.

    Notes
    -----
    The format knows a case by its place. Text behind the ratings is its ID where it differs
    between all cases and is not just ``Normal Case 1``; else cases are numbered from 1, those
    without disease first. Where smaller ratings are more suspicious, their signs are changed.
    """
    lines = text_lines(path, file=file)
    modalities, blocks = _parsed(_content(lines), file=file)
    faults = _line_faults(blocks, modalities, file=file)
    if faults:
        raise TableError(faults)
    case_ids, notes = _case_ids(blocks)
    cells: dict[str, list[str]] = {name: [] for name in _COLUMNS}
    truths: list[int] = []
    rows: list[int] = []
    for block in blocks:
        for (number, ratings, _), case_id in zip(block.lines, case_ids[block.truth], strict=True):
            n = len(modalities.names)
            cells["reader_id"] += [block.reader] * n
            cells["modality"] += modalities.names
            cells["case_id"] += [case_id] * n
            cells["rating"] += ratings
            truths += [block.truth] * n
            rows += [number] * n
    frame, faults = typed_frame(cells, _COLUMNS, rows, file=file, show_values=show_values)
    if faults:
        raise TableError(faults)
    smaller = {
        n for n, larger in zip(modalities.names, modalities.larger, strict=True) if not larger
    }
    turned = frame["modality"].isin(smaller)
    frame["rating"] = frame["rating"].where(~turned, -frame["rating"])
    if smaller:
        notes.append(
            "readings: smaller ratings are more suspicious in modality "
            f"{', '.join(sorted(smaller))}, so their signs were changed"
        )
    truth = frame[["case_id", "_row"]].assign(truth=[float(value) for value in truths])
    return rating_study(frame, truth, format="lrc", file=file, notes=notes, show_values=show_values)


def _content(lines: Sequence[str]) -> Lines:
    """Yield the lines below the title that hold something, with their numbers."""
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            yield number, line.strip()


def _parsed(lines: Lines, *, file: str) -> tuple[_Modalities, list[_Cases]]:
    """Return the modalities and the cases of each reader; raise at a line out of place."""
    modalities: _Modalities | None = None
    blocks: list[_Cases] = []
    for _, reader in lines:
        if reader == END_OF_FILE:
            break
        if modalities is None:
            modalities = _read_modalities(lines, file=file)
        n = len(modalities.names)
        for truth in (0, 1):
            found = tuple(_read_cases(lines, n, file=file))
            blocks.append(_Cases(reader=reader, truth=truth, lines=found))
    else:
        rule = f"has no line {END_OF_FILE} at its end"
        raise TableError([file_fault(file, rule, "is the file complete?")])
    if modalities is None:
        raise TableError([file_fault(file, "has no reader below its title")])
    return modalities, blocks


def _read_modalities(lines: Lines, *, file: str) -> _Modalities:
    """Return the modalities that the next two lines name."""
    number, text = next(lines, (1, ""))
    if not _NAMES.fullmatch(text):
        rule = "must name the modalities, each in quotation marks"
        raise TableError(row_faults(file, [number], rule))
    names = tuple(re.findall(r'"([^"]+)"', text))
    number, text = next(lines, (number, ""))
    letters = [word[:1].upper() for word in text.split()]
    if len(letters) != len(names) or not set(letters) <= {"L", "S"}:
        rule = "must say L (larger is more suspicious) or S (smaller) for each modality"
        raise TableError(row_faults(file, [number], rule))
    return _Modalities(names=names, larger=tuple(letter == "L" for letter in letters))


def _read_cases(
    lines: Lines, n_modalities: int, *, file: str
) -> Iterator[tuple[int, tuple[str, ...], str]]:
    """Yield the cases up to the line that ends them."""
    for number, line in lines:
        if line == END_OF_CASES:
            return
        if line == END_OF_FILE:
            rule = f"stands before the line {END_OF_CASES} that ends the cases of a reader"
            raise TableError(row_faults(file, [number], rule))
        words = line.split(maxsplit=n_modalities)
        yield number, tuple(words[:n_modalities]), "".join(words[n_modalities:])
    rule = f"has no line {END_OF_CASES} behind the cases of its last reader"
    raise TableError([file_fault(file, rule, "is the file complete?")])


def _line_faults(blocks: Sequence[_Cases], modalities: _Modalities, *, file: str) -> list[Fault]:
    """Return the faults of lines without a rating for each modality, and of unequal readers."""
    n = len(modalities.names)
    short = [number for b in blocks for number, ratings, _ in b.lines if len(ratings) < n]
    faults = row_faults(file, short, f"must have a rating for each of the {n} modalities")
    first = {block.truth: block for block in blocks[:2]}
    for block in blocks[2:]:
        usual, here = first[block.truth].lines, block.lines
        start = here[0][0] if here else (usual[0][0] if usual else 1)
        if len(here) != len(usual):
            what = CASE_LABELS[block.truth].lower()
            rule = f"begins {len(here)} lines of a {what}, where the first reader has {len(usual)}"
            faults += row_faults(file, [start], rule, "every reader must rate every case")
            continue
        other = [h[0] for h, u in zip(here, usual, strict=True) if h[2] and h[2] != u[2]]
        rule = "names another case in this place than the first reader does"
        faults += row_faults(file, other, rule, "keep the cases of all readers in one order")
    names = [block.reader for block in blocks if block.truth == 0]
    if len(set(names)) < len(names):
        faults.append(file_fault(file, "has two readers of one name"))
    return faults


def _case_ids(blocks: Sequence[_Cases]) -> tuple[list[list[str]], list[str]]:
    """Return the IDs of the cases without and with disease, and a note where they are numbers."""
    labels = [[label for _, _, label in block.lines] for block in blocks[:2]]
    both = [label for of_truth in labels for label in of_truth]
    named = all(both) and len(set(both)) == len(both)
    if named and not all(map(numbered_label, both)):
        return labels, []
    first = len(labels[0])
    ids = [
        [str(n) for n in range(1, first + 1)],
        [str(n) for n in range(first + 1, len(both) + 1)],
    ]
    return ids, ["cases: numbered by their place, those without disease first"]


COLUMNS = {
    "reader_id": id_column("reader"),
    "modality": word_column("treatment"),
    "case_id": id_column("case"),
    "truth": truth_column("truth"),
    "rating": rating_column("rating"),
}
HEADER = tuple(column.name for column in COLUMNS.values())


def is_iowa_csv(header: Sequence[str]) -> bool:
    """Return whether a header has the five columns, in any order and case."""
    return set(HEADER) <= {title.strip().casefold() for title in header}


def read_iowa_csv(path: Path, *, file: str, show_values: bool = False) -> StudyFile:
    """Return the study in an OR-DBM csv file.

    Raises
    ------
    TableError
        With all faults, among them a case with two truths.

    Notes
    -----
    Columns beyond the five are ignored, and named in the notes. A reading without a row was not
    made.
    """
    raw = read_delimited(path, file=file, wanted=None)
    titles = {title.strip().casefold(): title for title in raw.frame.columns}
    missing = [name for name in HEADER if name not in titles]
    if missing:
        faults = [
            file_fault(file, "is not in the header", column=f"column {name!r}") for name in missing
        ]
        raise TableError([*raw.faults, *faults])
    cells = {
        canonical: raw.frame[titles[column.name]].tolist() for canonical, column in COLUMNS.items()
    }
    frame, faults = typed_frame(
        cells, COLUMNS, raw.rows.tolist(), file=file, show_values=show_values
    )
    faults += one_truth_faults(frame, COLUMNS["case_id"], file=file, show_values=show_values)
    if raw.faults or faults:
        raise TableError([*raw.faults, *faults])
    ignored = len(titles) - len(HEADER)
    return rating_study(
        frame.drop(columns="truth"),
        frame[["case_id", "truth", "_row"]],
        format="csv",
        file=file,
        notes=[f"columns: ignored beside the five of the format: {ignored}"] * bool(ignored),
        show_values=show_values,
    )
