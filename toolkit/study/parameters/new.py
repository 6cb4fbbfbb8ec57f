"""A parameters file to begin with: every chapter and every parameter written out, with its help."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.study.parameters.chapters import SET_BY_RUN, Chapter, ParameterSpec
from toolkit.study.parameters.file import Analysis, ParametersError, did_you_mean
from toolkit.study.run.plan import available_chapters
from toolkit.study.run.workspace import write_atomic

HEAD = """\
# yaml-language-server: $schema=schema.json
# Every parameter is written out. Values are the demo's: go through them one by one, then say
#   study check {name} --data FOLDER
format: 1
study: mystudy  # short name: the book goes to reports/mystudy
title: Title of the book
origin: study  # public, study or simulated; every page says it
blinded: true  # of a prospective part: chapters that tell its readings apart wait until false

# Per part of the study (retrospective, reader_study, prospective) its tables. An entry names a file
# in the data folder, which of its columns is which (canonical name: name in the file), and where
# needed the meaning of values (canonical column: value in the file: value here). Further keys:
# constants, distinct, separator, decimal, date_order, encoding, missing, sheet.
data:
  retrospective:
    cases:
      file: cases.csv
      columns: {{case_id: case_id, patient_id: patient_id, truth: truth}}
      values: {{truth: {{"benign": 0, "malignant": 1}}}}
    readers:
      rows:
        - reader_id: AI
          kind: ai
          product: Name of the product
          version: "1.0"
          score_min: 1
          score_max: 10
          score_kind: exam
    readings:
      file: scores.csv
      columns: {{case_id: case_id, rating: score}}
      constants: {{reader_id: AI, modality: standalone}}

"""


def chosen_chapters(words: Sequence[str]) -> list[Chapter]:
    """Return the chapters meant by numbers or names; all of them for no word.

    Raises
    ------
    ParametersError
        For each word that means no chapter.
    """
    known = available_chapters(Path("parameters/new.yaml"))
    if not words:
        return list(known.values())
    chosen: list[Chapter] = []
    faults: list[str] = []
    for word in words:
        found = [chapter for chapter in known.values() if word in (chapter.name, chapter.number)]
        names = [name for chapter in known.values() for name in (chapter.number, chapter.name)]
        if not found:
            faults.append(f"--chapters: unknown chapter {word!r}{did_you_mean(word, names)}")
        chosen.extend(found)
    if faults:
        raise ParametersError(faults)
    return chosen


def _parameter(spec: ParameterSpec, value: Any) -> str:
    """Return one parameter as a line of the file."""
    shown = json.dumps(value, ensure_ascii=False)
    return f"      {spec.name}: {shown}  # {spec.asks}"


def chapter_lines(
    chapter: Chapter, *, part: str | None = None, values: Mapping[str, Any] | None = None
) -> list[str]:
    """Return a chapter's entry, with all that it asks for.

    Parameters
    ----------
    chapter : Chapter
        The chapter.
    part : str, optional
        Part of the data; the chapter's own default if left out.
    values : mapping, optional
        Values of parameters; the others have the demo's.

    Raises
    ------
    ParametersError
        If the chapter has no parameter of a name.
    """
    chosen = values or {}
    names = [spec.name for spec in chapter.parameters]
    if unknown := [name for name in chosen if name not in names]:
        raise ParametersError([f"{chapter.name} has no parameter {', '.join(unknown)}"])
    of_demo = next(spec.default for spec in chapter.parameters if spec.name == "part")
    shared = set(Analysis.model_fields) | set(SET_BY_RUN)
    own = [
        _parameter(spec, chosen.get(spec.name, spec.default))
        for spec in chapter.parameters
        if spec.name not in shared
    ]
    needs = f"  # needs {', '.join(chapter.needs)}" if chapter.needs else ""
    lines = [
        f"  # {chapter.question}",
        f"  - chapter: {chapter.name}",
        f"    part: {part or of_demo}{needs}",
    ]
    return [*lines, *(["    parameters:", *own] if own else [])]


def analysis_lines() -> list[str]:
    """Return the section of choices that every chapter shares, and the head of the chapters."""
    shared = Analysis()
    return [
        "# Handed to each chapter that has the parameter.",
        f"analysis: {{ci_level: {shared.ci_level}, seed: {shared.seed}}}",
        "",
        "# In the order of the book.",
        "chapters:",
    ]


def new_parameters_file(path: Path, words: Sequence[str] = ()) -> None:
    """Write a parameters file with every parameter of the chosen chapters.

    Parameters
    ----------
    path : Path
        The file; it must not exist.
    words : sequence of str
        Numbers or names of chapters; all of them if empty.

    Raises
    ------
    ParametersError
        If the file exists or a chapter is unknown; nothing is written.
    """
    if os.path.lexists(path):
        raise ParametersError([f"{path.name}: exists; name another file, nothing was written"])
    lines = [line for chapter in chosen_chapters(words) for line in chapter_lines(chapter)]
    write_atomic(path, HEAD.format(name=path.name) + "\n".join([*analysis_lines(), *lines]) + "\n")
