"""The parameters file that study ingest writes: which tables there are, and what they can bear."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from toolkit.readers.atomic import write_atomic
from toolkit.readers.dicom.ai_results import AiTables
from toolkit.readers.dicom.tables import InventoryCounts
from toolkit.tables import TABLES

PARAMETERS, OWN = "study.yaml", "hospital"
# Tables that an archive gives, and further ones that only the hospital has.
_OF_ARCHIVE: Final = ("cases", "readers", "readings", "images", "marks")

HEAD = """\
# Made by study ingest from DICOM files: {counts}.
# Next: study run {parameters} --data {folder}
{notes}
format: 1
study: {study}  # short name
title: {title}
origin: {origin}  # public, study or simulated; every page says it

# case_id is {case}, image_id the SOP Instance UID. The hospital's own tables
# (reference standard, readers, readings, lesions) are further entries: study ingest --tables.
data:
  {part}:
{data}

"""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the parameters file is to say beyond what was found."""

    part: str
    export_floor: float | None
    own: tuple[str, ...]
    case: str
    origin: str


def write_parameters(
    folder: Path, counts: InventoryCounts, results: AiTables, choices: Choices
) -> None:
    """Write the parameters file, unless there is one: it may hold choices."""
    # Imported once the tables are written: what reads parameters takes 20 MB.
    from toolkit.study.new import analysis_lines, chapter_lines, chosen_chapters

    path = folder / PARAMETERS
    if path.exists():
        return
    sources = _sources(folder, choices.own)
    chapters = [
        line
        for number, values in _chapters(results, choices)
        for chapter in chosen_chapters([number])
        for line in chapter_lines(chapter, part=choices.part, values=values)
    ]
    head = HEAD.format(
        counts=f"{counts.files:,} files, {counts.exams:,} examinations",
        parameters=path.name,
        folder=folder.name,
        notes="\n".join(["#", *(f"# - {note}" for note in results.notes)]),
        study=json.dumps("archive"),
        title=json.dumps("AI results from an archive"),
        part=choices.part,
        case=choices.case,
        origin=choices.origin,
        data="\n".join(_data_lines(sources, choices.export_floor)),
    )
    write_atomic(path, head + "\n".join([*analysis_lines(), *chapters]) + "\n")


def _sources(folder: Path, own: Sequence[str]) -> dict[str, list[str]]:
    """Return the files of each table, relative to the folder."""
    sources: dict[str, list[str]] = {}
    for name in TABLES:
        files = []
        if name in _OF_ARCHIVE and (folder / f"{name}.parquet").exists():
            files.append(f"{name}.parquet")
        if name in own:
            # What the hospital knows of a case replaces what headers say of it.
            files = [] if name == "cases" else files
            files.append(f"{OWN}/{name}.csv")
        if files:
            sources[name] = files
    return sources


def _data_lines(sources: Mapping[str, Sequence[str]], export_floor: float | None) -> list[str]:
    """Return the data section."""
    lines = []
    for name, files in sources.items():
        entries = [f"{{file: {file}}}" for file in files]
        if name == "readers" and export_floor is not None:
            entries[0] = f"{{file: {files[0]}, constants: {{export_floor: {export_floor:g}}}}}"
        joined = ", ".join(entries)
        lines.append(f"    {name}: {joined if len(files) == 1 else f'[{joined}]'}")
    return lines


def _chapters(results: AiTables, choices: Choices) -> list[tuple[str, dict[str, Any]]]:
    """Return the chapters that the tables can bear, with what they decide of them."""
    chapters: list[tuple[str, dict[str, Any]]] = [("00", {})]
    if "cases" in choices.own and results.readings:
        # Cases without weights: the share of each class among women without cancer is right
        # however many cancers were added.
        chapters += [("04", {"basis": "without_cancer"}), ("05", {})]
    localized = results.marks and {"cases", "lesions", "marks", "readings"} <= {*choices.own}
    if localized and choices.export_floor is not None:
        against: dict[str, Any] = {
            "comparison": "ai against readers",
            "modality_without": "unaided",
            "modality_with": "unaided",
        }
        chapters.append(("08", against))
    if "cases" in choices.own and results.readings:
        chapters.append(("14", {}))  # left out by study run where no archive is named
    return [*chapters, ("90", {})]
