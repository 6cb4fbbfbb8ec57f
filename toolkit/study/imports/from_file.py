"""A study from one file of another program: its tables, and a parameters file to go on from.

The study's folder holds ``tables/``, ``study.yaml``, ``source.json`` and, after a run, ``book``.
Once made it belongs to its owner: tables and parameters may be edited and are never written again.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.readers.files import write_folder_atomic
from toolkit.readers.interchange import StudyFile, read_study_file
from toolkit.readers.interchange.convert import ENDINGS, FORMATS, folder_files, table_file
from toolkit.readers.interchange.study import NO_KIND
from toolkit.study.parameters.new import analysis_lines, chapter_lines, chosen_chapters
from toolkit.study.run.fingerprint import sha256_bytes, sha256_file
from toolkit.study.run.intake import STANDALONE
from toolkit.study.run.workspace import OutputError, read_json, to_json
from toolkit.tables import TABLES, TableData, TableError

if TYPE_CHECKING:
    import pandas as pd


def with_ai(study: StudyFile, reader: str) -> StudyFile:
    """Return a study with one reader as the AI that the others are compared with.

    Parameters
    ----------
    study : StudyFile
        As read, of one modality.
    reader : str
        Name of the AI among the readers of the file.

    Returns
    -------
    StudyFile
        Its readings and marks have the modality standalone. Product and version are those words;
        the scale reaches from its lowest to its highest rating, and its lowest mark is its export
        floor: notes say so, since the file knows none of them.

    Raises
    ------
    OutputError
        If there is no such reader, no other, or more than one modality.
    """
    readers, readings = study.tables["readers"].frame, study.tables["readings"].frame
    _require_one_ai(readers, readings, reader)
    ratings = readings.loc[readings["reader_id"] == reader, "rating"]
    scores = ratings[np.isfinite(ratings)]
    marks = study.tables["marks"].frame if "marks" in study.tables else None
    # A reading without a mark is no score: what an AI delivers begins at its lowest mark.
    delivered = scores if marks is None else marks.loc[marks["reader_id"] == reader, "rating"]
    if not scores.size or not delivered.size:
        msg = "--ai: this reader has no rating or no mark; name the AI of the file"
        raise OutputError(msg)
    low, high, floor = float(scores.min()), float(scores.max()), float(delivered.min())
    described = _described(readers, reader, (low, high, floor))
    tables = {
        **study.tables,
        "readers": replace(study.tables["readers"], frame=described),
        "readings": _standalone(study.tables["readings"], reader),
    }
    if marks is not None:
        tables["marks"] = _standalone(study.tables["marks"], reader)
    notes = (
        "readers: the AI is the one that was named; its product and version are not in the file",
        f"readers: the scale of the AI is taken to reach from its lowest rating to its highest, "
        f"{low:g} to {high:g}, and its export floor to be its lowest mark, {floor:g}; mend both in "
        "the table",
    )
    kept = tuple(note for note in study.notes if note != NO_KIND)
    return replace(study, tables=tables, notes=(*kept, *notes))


def _require_one_ai(readers: pd.DataFrame, readings: pd.DataFrame, reader: str) -> None:
    """Refuse a name that is no reader, a lone reader, and several modalities."""
    names = readers["reader_id"].tolist()
    if reader not in names:
        msg = f"--ai: no reader of the file has this name; it has {', '.join(map(repr, names))}"
        raise OutputError(msg)
    if len(names) == 1:
        msg = "--ai: the file has one reader alone, so there is nobody to compare the AI with"
        raise OutputError(msg)
    modalities = readings["modality"].unique()
    if len(modalities) > 1:
        msg = (
            f"--ai: the file has {len(modalities)} modalities, and an AI is compared in one; make "
            "the study without --ai and name the AI in its readers table"
        )
        raise OutputError(msg)


def _described(
    readers: pd.DataFrame, reader: str, scores: tuple[float, float, float]
) -> pd.DataFrame:
    """Return the readers table with the AI, columns in the order of its definition."""
    low, high, floor = scores
    given: dict[str, str | float] = {
        "kind": "ai",
        "product": "product",
        "version": "version",
        "score_min": low,
        "score_max": high if high > low else low + 1,
        "score_kind": "exam",
        "export_floor": floor,
    }
    own = readers["reader_id"] == reader
    frame = readers.copy()
    for name, value in given.items():
        before = frame[name].tolist() if name in frame else [np.nan] * len(frame)
        frame[name] = [value if mine else old for mine, old in zip(own, before, strict=True)]
    return frame[[name for name in TABLES["readers"].names if name in frame]]


def _standalone(data: TableData, reader: str) -> TableData:
    """Return a table in which the AI's rows have its own modality."""
    frame = data.frame.copy()
    frame["modality"] = frame["modality"].where(frame["reader_id"] != reader, STANDALONE)
    return replace(data, frame=frame)


PART = "reader_study"
PARAMETERS, IMPORTED, SOURCE, BOOK = "study.yaml", "tables", "source.json", "book"
_STUDY_ENDINGS = (*ENDINGS, ".txt")
# What the paradigm decides of chapter 08: its endpoint, and where curves are read off.
_LOCALIZATION: dict[str, dict[str, Any]] = {
    "FROC": {"endpoint": "wAFROC", "nl_per_image": 0.2, "false_positive_fraction": None},
    "LROC": {"endpoint": "PCL", "nl_per_image": None, "false_positive_fraction": 0.2},
}

HEAD = """\
# Made from {file} ({format}, {paradigm}).
# Change here what is to be analysed otherwise, then say again
#   study run {file}
# Neither this file nor a table is written a second time: what you change stays. Every parameter
# of every chapter is written out, with its type and its help; where that says None, write null.
{notes}
format: 1
study: {study}  # short name
title: {title}
origin: study  # public, study or simulated; every page says it

# Tables with the columns of this toolkit. If an AI is among the readers: set its kind to ai in
# {readers}, and add the columns product, version, score_min, score_max and score_kind.
# To name modality 1 in words, here for readings (and marks, if there are) and in the chapters:
#   readings: {{file: readings.csv, values: {{modality: {{"1": mammography}}}}}}
data:
  {part}:
{data}

"""


@dataclass(frozen=True, kw_only=True)
class MadeStudy:
    """The folder of a study made from a file.

    Parameters
    ----------
    folder : Path
        Where it is.
    said : tuple of str
        What was made or found, for the command line.
    """

    folder: Path
    said: tuple[str, ...]

    @property
    def parameters(self) -> Path:
        """The parameters file, to be edited."""
        return self.folder / PARAMETERS

    @property
    def tables(self) -> Path:
        """The folder of its data."""
        return self.folder / IMPORTED

    @property
    def book(self) -> Path:
        """Where a run puts the book."""
        return self.folder / BOOK


@dataclass(frozen=True, kw_only=True)
class _Content:
    """Chapters that the data can bear with their values, and what there is to say of the choice."""

    chapters: tuple[tuple[str, Mapping[str, Any]], ...]
    remarks: tuple[str, ...]


def default_folder(source: Path) -> Path:
    """Return where the study of a file goes: beside it."""
    return source.with_name(f"{source.stem}-study")


def is_study_file(path: Path) -> bool:
    """Whether a name is that of another program's file, not of a parameters file."""
    return path.suffix.lower() in _STUDY_ENDINGS


def study_from_file(
    source: Path,
    folder: Path | None = None,
    *,
    ai: str | None = None,
    show_values: bool = False,
) -> MadeStudy:
    """Make the folder of a study from a file, or return the one that was made from it before.

    Parameters
    ----------
    source : Path
        JAFROC workbook, iMRMC file, or OR-DBM MRMC file; only read.
    folder : Path, optional
        The study's folder; ``NAME-study`` beside the file if left out.
    ai : str, optional
        Reader of the file that is an AI: it is compared with the others.
    show_values : bool
        Show identifying values in the messages: for a terminal only.

    Raises
    ------
    TableError
        With all faults of the file; nothing is written.
    OutputError
        If the folder holds something else, or was made from the file as it was before.
    """
    place = folder or default_folder(source)
    if place.exists() or place.is_symlink():
        return _found(source, place, ai)
    study = read_study_file(source, show_values=show_values)
    if ai is not None:
        study = with_ai(study, ai)
    content = _content(study, source.name, has_ai=ai is not None)
    tables = {f"{IMPORTED}/{name}": text for name, text in folder_files(study.tables).items()}
    files = {**tables, PARAMETERS: _parameters_text(source, study, content).encode()}
    made = {
        "format": 1,
        "file": source.name,
        "sha256": sha256_file(source),
        "ai": sha256_bytes((ai or "").encode()),
        "files": {name: sha256_bytes(text) for name, text in files.items()},
    }
    write_folder_atomic(place, {**files, SOURCE: to_json(made)})
    said = f"{place.name}: made from {source.name}, {study.paradigm}: {_counts(study)}"
    notes = [f"note: {note}" for note in study.notes if note != NO_KIND]  # that is in the file
    return MadeStudy(folder=place, said=(said, *content.remarks, *notes))


def file_account(source: Path, *, show_values: bool = False) -> tuple[list[str], list[str]]:
    """Return all that is wrong with another program's file, or else what there is to note of it."""
    try:
        study = read_study_file(source, show_values=show_values)
    except TableError as error:
        return [str(fault) for fault in error.faults], []
    return [], list(study.notes)


def _found(source: Path, place: Path, ai: str | None) -> MadeStudy:
    """Return a study made before, if it was made from this very file and is whole."""
    made = _source_record(place)
    if made is None:
        msg = f"{place.name} exists and was not made from a file; name another folder"
        raise OutputError(msg)
    if not source.is_file():
        msg = f"{source.name}: no such file; put back the file that {place.name} was made from"
        raise OutputError(msg)
    same = made["sha256"] == sha256_file(source)
    if not same and made["file"] != source.name:
        msg = f"{place.name} was made from {made['file']}; name another folder for {source.name}"
        raise OutputError(msg)
    if not same:
        msg = (
            f"{source.name} is not what {place.name} was made from: it has changed. Nothing was "
            f"written, since {PARAMETERS} and the tables there may hold your changes; name a new "
            f"folder and copy your choices from the old {PARAMETERS}, or remove {place.name} if "
            "there are none"
        )
        raise OutputError(msg)
    if ai is not None and made.get("ai") != sha256_bytes(ai.encode()):
        msg = f"{place.name} was made without this --ai; name another folder, or remove it"
        raise OutputError(msg)
    if lacking := sorted(name for name in made["files"] if not (place / name).is_file()):
        msg = f"{place.name} has no {', '.join(lacking)}; put it back, or remove {place.name}"
        raise OutputError(f"{msg} and it is made again")
    edited = [name for name, then in made["files"].items() if sha256_file(place / name) != then]
    state = f"edited since: {', '.join(sorted(edited))}" if edited else "nothing edited since"
    said = f"{place.name}: as made from {source.name} before and left alone; {state}"
    return MadeStudy(folder=place, said=(said,))


def _source_record(place: Path) -> dict[str, Any] | None:
    """Return what a folder says it was made from, None where it is no study made from a file."""
    try:
        found = read_json(place / SOURCE)
    except (OSError, ValueError):
        return None
    ours = isinstance(found, dict) and {"format", "file", "sha256", "files"} <= found.keys()
    return found if ours else None


def _counts(study: StudyFile) -> str:
    """Return how many cases, readers and so on there are, in words."""
    return ", ".join(f"{len(data.frame):,} {name}" for name, data in study.tables.items())


def _content(study: StudyFile, file: str, *, has_ai: bool) -> _Content:
    """Return which chapters the data can bear, with what the file decides of them."""
    found = dict.fromkeys(study.tables["readings"].frame["modality"])
    modalities = [name for name in found if not (has_ai and name == STANDALONE)]
    analysis: list[tuple[str, Mapping[str, Any]]] = []
    remarks: list[str] = []
    if has_ai and study.paradigm in _LOCALIZATION:
        values = _localization_values(study, (modalities[0], modalities[0]))
        against = {"comparison": "ai against readers", "ai_modality": STANDALONE}
        analysis.append(("08", {**values, **against}))
    elif has_ai:
        remarks.append(
            f"{file} has ratings without calls: chapter 06 compares the AI with the readers once "
            "it stands in study.yaml with reader_recall_rating, the rating from which they recall"
        )
    elif len(modalities) == 1:
        remarks.append(
            f"{file} has one modality, {modalities[0]}: nothing to compare, no chapter. If one of "
            "its readers is an AI, say --ai and its name"
        )
    elif study.paradigm == "ROC":
        analysis.append(("07", _reader_study_values(study, modalities)))
    elif study.paradigm in _LOCALIZATION:
        analysis.append(("08", _localization_values(study, modalities)))
    else:
        remarks.append(
            f"{file} rates given regions ({study.paradigm}), for which no chapter is; "
            "toolkit.stats.froc.roi is their AUC, with all inference of reader studies"
        )
    if len(modalities) > 2:
        remarks.append(
            f"{file} has {len(modalities)} modalities: {', '.join(modalities)}. A chapter compares "
            f"two, here the first two in the file's order, {modalities[0]} and {modalities[1]}; "
            "for others change modality_without and modality_with"
        )
    return _Content(chapters=(("00", {}), *analysis, ("90", {})), remarks=tuple(remarks))


def _reader_study_values(study: StudyFile, modalities: Sequence[str]) -> dict[str, Any]:
    """Return what the file decides of chapter 07."""
    return {
        "endpoint": "auc",
        "modality_without": modalities[0],
        "modality_with": modalities[1],
        "session": None,
        "reader_recall_rating": None,
        "design": _design(study, modalities[:2]),
        "auc_difference_margin": None,
        "sensitivity_margin": None,
        "specificity_margin": None,
    }


def _localization_values(study: StudyFile, modalities: Sequence[str]) -> dict[str, Any]:
    """Return what the file decides of chapter 08: hits are recorded; places and sizes are not."""
    return {
        **_LOCALIZATION[study.paradigm],
        "paradigm": study.paradigm,
        "comparison": "modalities",
        "modality_without": modalities[0],
        "modality_with": modalities[1],
        "ai_modality": None,
        "session": None,
        "unit": "exam",
        "hit_rule": "as recorded",
        "hit_radius_mm": None,
        "fom_difference_margin": None,
        "size_edges_mm": [],
    }


def _design(study: StudyFile, modalities: Sequence[str]) -> str:
    """Return who read what in two modalities, as the ratings show it."""
    from toolkit.scoring.reader_study import study_readings
    from toolkit.stats.mrmc import detect_design

    frames: dict[str, pd.DataFrame] = {name: data.frame for name, data in study.tables.items()}
    readings = study_readings(
        frames["readings"], frames["readers"], frames["cases"], modalities=modalities
    )
    return detect_design(readings.rating).kind


def _parameters_text(source: Path, study: StudyFile, content: _Content) -> str:
    """Return the parameters file."""
    found = chosen_chapters([number for number, _ in content.chapters])
    chapters = [
        line
        for chapter, (_, values) in zip(found, content.chapters, strict=True)
        for line in chapter_lines(chapter, part=PART, values=values)
    ]
    held = f"It holds {_counts(study)}."
    head = HEAD.format(
        file=_one_line(source.name),
        format=FORMATS[study.format],
        paradigm=study.paradigm,
        notes="\n".join(
            ["#", *(_comment(note) for note in [held, *content.remarks, *study.notes])]
        ),
        study=json.dumps(_short_name(source.stem)),  # in quotes, since it may be all digits
        title=json.dumps(f"Reader study {source.stem}"[:200], ensure_ascii=False),
        readers=f"{IMPORTED}/{table_file('readers')}",
        part=PART,
        data="\n".join(f"    {name}: {{file: {table_file(name)}}}" for name in study.tables),
    )
    return head + "\n".join([*analysis_lines(), *chapters]) + "\n"


def _short_name(stem: str) -> str:
    """Return a file's name as a study's short name: small letters, digits, _ and -."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", stem.lower()).strip("-_")
    return plain[:60] or "study"


def _comment(note: str) -> str:
    """Return a note as one item of the comment at the head of the file."""
    return textwrap.fill(note, 100, initial_indent="# - ", subsequent_indent="#   ")


def _one_line(text: str) -> str:
    """Return a text without line ends, so that it stays within its comment."""
    return " ".join(text.split())
