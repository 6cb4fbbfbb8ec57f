"""Text files of other programs: OR-DBM MRMC ``.lrc`` and csv, iMRMC, in and out.

An ``.lrc`` file has a title, then each reader's ratings by case::

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

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange.study import (
    READING_KEY,
    Format,
    Paradigm,
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
from toolkit.readers.tabular.raw_table import cell_text, file_fault, row_faults
from toolkit.tables import TABLES, Fault, TableData, TableError

if TYPE_CHECKING:
    import pandas as pd

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


TRUTH_READERS = ("-1", "truth")  # rows of these readers hold the truth, whatever their modality
_BEGIN = re.compile(r"BEGIN DATA:[,\s]*")  # Excel adds commas where it saved the file as csv
_COUNT = re.compile(r"(N0|N1|NR|NM)\s*:\s*(\d+)[,\s]*")
_IMRMC_COLUMNS = {
    "reader_id": id_column("reader ID"),
    "case_id": id_column("case ID"),
    "modality": word_column("modality ID"),
    "rating": rating_column("score"),
}


def is_imrmc(lines: Sequence[str]) -> bool:
    """Return whether one of the lines begins the data of an iMRMC file."""
    return any(_BEGIN.fullmatch(line) for line in lines)


def read_imrmc(path: Path, *, file: str, show_values: bool = False) -> StudyFile:
    """Return the study in an iMRMC file.

    Raises
    ------
    TableError
        With all faults; among them counts (N0, N1, NR, NM) in the free text that the data do
        not bear out, as where a file was cut off.

    Notes
    -----
    A reading without a row was not made: the format has no list of who should have read what.
    """
    lines = text_lines(path, file=file)
    begin = next((n for n, line in enumerate(lines) if _BEGIN.fullmatch(line)), None)
    if begin is None:
        rule = "has no line BEGIN DATA:"
        raise TableError([file_fault(file, rule, "put it before the first row of data")])
    records = [
        (number, line.split(","))
        for number, line in enumerate(lines[begin + 1 :], start=begin + 2)
        if line.strip()
    ]
    wrong = [number for number, fields in records if len(fields) != len(_IMRMC_COLUMNS)]
    faults = row_faults(file, wrong, "must have four fields: reader, case, modality, score")
    good = [(number, fields) for number, fields in records if len(fields) == len(_IMRMC_COLUMNS)]
    cells = {name: [f[place] for _, f in good] for place, name in enumerate(_IMRMC_COLUMNS)}
    rows = [number for number, _ in good]
    frame, cell_faults = typed_frame(
        cells, _IMRMC_COLUMNS, rows, file=file, show_values=show_values
    )
    faults += cell_faults
    is_truth = frame["reader_id"].isin(TRUTH_READERS)
    truth = (
        frame[is_truth].rename(columns={"rating": "truth"}).drop(columns=["reader_id", "modality"])
    )
    ratings = frame[~is_truth]
    faults += _truth_faults(truth, ratings, file=file)
    if not faults:
        faults += _count_faults(lines[:begin], truth, ratings, file=file)
    if faults:
        raise TableError(faults)
    return rating_study(ratings, truth, format="imrmc", file=file, show_values=show_values)


def _truth_faults(truth: pd.DataFrame, ratings: pd.DataFrame, *, file: str) -> list[Fault]:
    """Return the faults of truth rows: not 0 or 1, given twice, or lacking."""
    scores = truth["truth"]
    no_truth = truth[scores.notna() & ~scores.isin([0, 1])]
    faults = row_faults(
        file, no_truth["_row"].tolist(), "must be 0 or 1 in a row of truth", column="score"
    )
    again = truth[truth["case_id"].duplicated(keep=False) & truth["case_id"].notna()]
    faults += row_faults(
        file, again["_row"].tolist(), "has more than one row of truth", column="case ID"
    )
    without = ratings[~ratings["case_id"].isin(truth["case_id"]) & ratings["case_id"].notna()]
    faults += row_faults(file, without["_row"].tolist(), "has no row of truth", column="case ID")
    if ratings.empty:
        faults.append(file_fault(file, "has no score of a reader"))
    return faults


def _count_faults(
    head: Sequence[str], truth: pd.DataFrame, ratings: pd.DataFrame, *, file: str
) -> list[Fault]:
    """Return the faults of counts in the free text that differ from the data."""
    counted = {
        "N0": int((truth["truth"] == 0).sum()),
        "N1": int((truth["truth"] == 1).sum()),
        "NR": ratings["reader_id"].nunique(),
        "NM": ratings["modality"].nunique(),
    }
    faults: list[Fault] = []
    for row, line in enumerate(head, start=1):
        match = _COUNT.fullmatch(line.strip())
        if match and int(match.group(2)) != counted[match.group(1)]:
            rule = f"is {match.group(2)}, but the data have {counted[match.group(1)]}"
            remedy = "is the file complete? correct the line, or remove it"
            faults += row_faults(file, [row], rule, remedy, column=match.group(1))
    return faults


TITLES = {
    "jafroc": "a JAFROC workbook",
    "imrmc": "an iMRMC file",
    "lrc": "an .lrc file",
    "csv": "an OR-DBM csv file",
}
_HELD = {
    "cases": {"case_id", "truth"},
    "readers": {"reader_id"},
    "readings": {"reader_id", "case_id", "modality", "rating"},
    "lesions": {"case_id", "lesion_id", "weight"},
    "marks": {"reader_id", "case_id", "modality", "mark_id", "rating", "mark_type", "lesion_id"},
}
_DEFAULTS = {("readers", "kind"): "human", ("readings", "session"): "1", ("marks", "session"): "1"}


def refusals(
    tables: Mapping[str, TableData], to: Format, paradigm: Paradigm, *, show_values: bool
) -> list[Fault]:
    """Return why a format cannot hold the study: its truth, its readings, its marks, its IDs."""
    title = TITLES[to]
    cases, readings = tables["cases"], tables["readings"]
    faults = cases.faults(
        np.flatnonzero(cases.frame["truth"].isna()),
        column="truth",
        rule=f"must be known: {title} has no unknown truth",
        remedy="leave the case and its readings out",
    )
    complete = readings.frame["status"] == "complete"
    faults += readings.faults(
        np.flatnonzero(complete & readings.frame["rating"].isna()),
        column="rating",
        rule=f"must be given: {title} holds ratings, no calls",
        remedy="leave the reading out",
    )
    faults += _session_faults(readings, title)
    if to != "jafroc" or paradigm == "ROC":
        held = "one rating a reading" if to != "jafroc" else "no marks in paradigm ROC"
        for name in ("marks", "lesions") if to != "jafroc" else ("marks",):
            if name in tables and len(tables[name].frame):
                rule = f"cannot be held: {title} has {held}"
                faults.append(_table_fault(tables[name], name, rule))
    return faults + _id_faults(tables, to, show_values=show_values)


def _table_fault(data: TableData, name: str, rule: str) -> Fault:
    """Return the fault of a whole table."""
    return Fault(
        file=str(data.files[0]),
        row=None,
        column=f"table {name}",
        value="",
        rule=rule,
        remedy="convert to jafroc or to a folder of tables",
    )


def _session_faults(readings: TableData, title: str) -> list[Fault]:
    """Return the faults of readings that only their session tells apart, or that differ in it."""
    sessions = readings.frame["session"]
    if sessions.nunique() <= 1:
        return []
    other = np.flatnonzero(sessions != sessions.iloc[0])
    rule = f"must be the same in all readings: {title} has no sessions"
    return readings.faults(other, column="session", rule=rule, remedy="write a file a session")


def _id_faults(tables: Mapping[str, TableData], to: Format, *, show_values: bool) -> list[Fault]:
    """Return the faults of IDs and modality names that a format would read as something else."""
    faults: list[Fault] = []
    for column, table, refuses, rule in _ID_RULES[to]:
        data = tables[table]
        values = data.frame[column]
        wrong = values.map(refuses, na_action="ignore").fillna(False).to_numpy(dtype=bool)
        positions = np.flatnonzero(wrong & ~values.duplicated().to_numpy())
        faults += data.value_faults(
            positions,
            values.iloc[positions].tolist(),
            column=TABLES[table].column(column),
            rule=f"{rule} in {TITLES[to]}",
            show_values=show_values,
        )
    return faults


def _has_comma(text: str) -> bool:
    """Return whether a text would be split into two fields."""
    return "," in text


def _has_list_mark(text: str) -> bool:
    """Return whether a text would be taken apart as a list of IDs."""
    return any(mark in text for mark in ",()")


_IdRule = tuple[str, str, Callable[[str], bool], str]
_ID_RULES: dict[str, tuple[_IdRule, ...]] = {
    "jafroc": (
        ("reader_id", "readers", _has_list_mark, "must have no comma and no bracket"),
        ("modality", "readings", _has_list_mark, "must have no comma and no bracket"),
    ),
    "imrmc": (
        ("reader_id", "readers", _has_comma, "must have no comma"),
        ("modality", "readings", _has_comma, "must have no comma"),
        ("case_id", "cases", _has_comma, "must have no comma"),
        ("reader_id", "readers", TRUTH_READERS.__contains__, "means the truth"),
    ),
    "lrc": (
        ("modality", "readings", lambda text: '"' in text, "must have no quotation mark"),
        ("reader_id", "readers", lambda text: text == END_OF_FILE, "means the end"),
        ("case_id", "cases", numbered_label, "means the place of the case"),
    ),
    "csv": (),
}


def losses(tables: Mapping[str, TableData], to: Format, paradigm: Paradigm) -> list[str]:
    """Return what a format leaves behind, one line a column or table."""
    localized = to == "jafroc" and paradigm != "ROC"
    held = {name for name in _HELD if localized or name not in ("lesions", "marks")}
    lost: list[str] = []
    for name, data in tables.items():
        if name not in held:
            if len(data.frame):
                lost.append(f"table {name}: {len(data.frame):,} rows")
            continue
        lost += _lost_columns(name, data.frame)
    readings = tables["readings"].frame
    lost += _lost_status(readings, keeps_missing=to == "jafroc" and paradigm == "ROC")
    unread = ~tables["cases"].frame["case_id"].isin(_rated(readings)["case_id"])
    if to in ("csv", "lrc") and unread.any():
        lost.append(f"cases: {int(unread.sum()):,} that nobody rated")
    idle = ~tables["readers"].frame["reader_id"].isin(_rated(readings)["reader_id"])
    if to != "jafroc" and idle.any():
        lost.append(f"readers: {int(idle.sum()):,} who rated nothing")
    return lost


def _rated(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the readings that were made."""
    return readings[readings["status"] == "complete"]


def _lost_columns(name: str, frame: pd.DataFrame) -> Iterator[str]:
    """Yield the columns with values that no format of another program has a place for."""
    for column in frame.columns:
        if column in _HELD[name] or column == "status":
            continue
        given = frame[column].notna() & (frame[column] != _DEFAULTS.get((name, column)))
        if n_given := int(given.sum()):
            yield f"{name}.{column}: given in {n_given:,} row{'' if n_given == 1 else 's'}"


def _lost_status(readings: pd.DataFrame, *, keeps_missing: bool) -> Iterator[str]:
    """Yield how many readings without a result are left out, or lose their reason."""
    for status in ("failed", "missing"):
        number = int((readings["status"] == status).sum())
        if number and not (keeps_missing and status == "missing"):
            how = "kept as missing" if keeps_missing else "left out"
            yield f"readings: {number:,} with status {status}, {how}"


def complete_readings(tables: Mapping[str, TableData]) -> pd.DataFrame:
    """Return reading key and rating of every reading that was made."""
    return _rated(tables["readings"].frame)[[*READING_KEY, "rating"]]


_TITLE = "Reader study"


def imrmc_bytes(tables: Mapping[str, TableData]) -> bytes:
    """Return a study as an iMRMC file: counts, then truth, then scores."""
    cases, ratings = tables["cases"].frame, complete_readings(tables)
    counts = {
        "N0": int((cases["truth"] == 0).sum()),
        "N1": int((cases["truth"] == 1).sum()),
        "NR": ratings["reader_id"].nunique(),
        "NM": ratings["modality"].nunique(),
    }
    lines = [_TITLE, *(f"{name}:{count}" for name, count in counts.items()), "BEGIN DATA:"]
    lines += [
        f"-1,{case_id},truth,{truth:.0f}"
        for case_id, truth in zip(cases["case_id"], cases["truth"], strict=True)
    ]
    columns = (ratings[name] for name in ("reader_id", "case_id", "modality", "rating"))
    lines += [
        f"{reader},{case_id},{modality},{cell_text(rating)}"
        for reader, case_id, modality, rating in zip(*columns, strict=True)
    ]
    return ("\n".join(lines) + "\n").encode()


def iowa_csv_bytes(tables: Mapping[str, TableData]) -> bytes:
    """Return a study as an OR-DBM csv file."""
    ratings = complete_readings(tables).merge(
        tables["cases"].frame[["case_id", "truth"]], on="case_id"
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    columns = (ratings[name] for name in ("reader_id", "modality", "case_id", "truth", "rating"))
    for reader, modality, case_id, truth, rating in zip(*columns, strict=True):
        writer.writerow([reader, modality, case_id, f"{truth:.0f}", cell_text(rating)])
    return text.getvalue().encode()


def lrc_bytes(tables: Mapping[str, TableData]) -> bytes:
    """Return a study as an OR-DBM .lrc file.

    Raises
    ------
    TableError
        If not every reader rated every case in every modality.
    """
    cases, ratings = tables["cases"].frame, complete_readings(tables)
    readers = ratings["reader_id"].unique()
    modalities = ratings["modality"].unique()
    cases = cases[cases["case_id"].isin(ratings["case_id"])]
    expected = len(readers) * len(modalities) * len(cases)
    if len(ratings) != expected:
        rule = (
            f"holds {len(ratings):,} ratings, but an .lrc file needs all {expected:,}: every case "
            "by every reader in every modality"
        )
        file = str(tables["readings"].files[0])
        remedy = "convert to csv or imrmc, which hold incomplete designs"
        raise TableError([file_fault(file, rule, remedy, column="table readings")])
    grid = ratings.set_index(READING_KEY)["rating"]
    lines = [_TITLE]
    for reader in readers:
        lines.append(str(reader))
        if reader == readers[0]:
            lines.append(" ".join(f'"{modality}"' for modality in modalities))
            lines.append(" ".join("L" for _ in modalities))
        table = grid.loc[reader].unstack("modality")
        for labels in _labels(cases):
            of_truth = table.reindex(index=list(labels), columns=modalities).to_numpy().tolist()
            lines += [
                " ".join([*map(cell_text, row), label])
                for row, label in zip(of_truth, labels.values(), strict=True)
            ]
            lines.append(END_OF_CASES)
    return ("\n".join([*lines, END_OF_FILE]) + "\n").encode()


def _labels(cases: pd.DataFrame) -> list[dict[str, str]]:
    """Return the label of each case, without and with disease: its place, or its ID."""
    by_truth = [cases["case_id"][cases["truth"] == truth].tolist() for truth in (0, 1)]
    ordered = [case_id for ids in by_truth for case_id in ids]
    if ordered == [str(number) for number in range(1, len(ordered) + 1)]:
        return [
            {case_id: f"{CASE_LABELS[truth]} {place}" for place, case_id in enumerate(ids, start=1)}
            for truth, ids in enumerate(by_truth)
        ]
    return [{case_id: case_id for case_id in ids} for ids in by_truth]
