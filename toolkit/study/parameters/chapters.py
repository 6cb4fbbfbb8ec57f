"""What a chapter is: its title, its question, what data it needs and which parameters it takes.

A chapter is a notebook ``NN_name.ipynb`` whose parameters stand in one cell (``parameters_cell``).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from toolkit.study.parameters.annotations import misfit, resolve_annotation
from toolkit.study.parameters.cell import ParameterSpec, read_parameters, source_of
from toolkit.study.parameters.file import ParametersError, did_you_mean
from toolkit.tables import TABLES

__all__ = [
    "BOOK_PARTS",
    "PICTURES",
    "RECORDS",
    "SET_BY_RUN",
    "BookPart",
    "Chapter",
    "ParameterSpec",
    "check_parameters",
    "find_chapters",
    "read_chapter",
]

BookPart = Literal["I", "II", "III", "IV"]
BOOK_PARTS = get_args(BookPart)
RECORDS = "records"  # a need: the chapter reads the other chapters' records, so it runs last
PICTURES = "pictures"  # a need: the chapter shows the images themselves, from the archive
SET_BY_RUN = ("tables", "part", "record", "archive")

_FILE_NAME = re.compile(r"(\d\d)_[a-z0-9_]+")
_TITLE = re.compile(r"# (\d\d) (\S.*)")


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A notebook that can become a chapter of a study's book.

    Parameters
    ----------
    name : str
        File name without its suffix, for example ``05_standalone_ai``.
    number : str
        Its two digits, in the file name and in the title.
    title, question : str
        The heading without the number, and the paragraph below it.
    path : Path
        The notebook.
    part : str
        Part of the book: ``I`` to ``IV``.
    needs : tuple of str
        Columns that the data must have, ``table.column``; ``records``; ``pictures``.
    parameters : tuple of ParameterSpec
        In the order of the notebook.
    """

    name: str
    number: str
    title: str
    question: str
    path: Path
    part: BookPart
    needs: tuple[str, ...]
    parameters: tuple[ParameterSpec, ...]


def read_chapter(path: Path) -> Chapter:
    """Return what a notebook says about itself, without running it.

    Parameters
    ----------
    path : Path
        A notebook called ``NN_name.ipynb``.

    Raises
    ------
    ParametersError
        With every fault of the notebook: its name, title, question, metadata and each line of
        its parameters cell.
    """
    faults: list[str] = []
    name_match = _FILE_NAME.fullmatch(path.stem)
    if name_match is None:
        faults.append("a chapter is called NN_name.ipynb: two digits, then a-z, 0-9 and _")
    notebook = _load(path)
    cells = notebook["cells"]
    number, title, question = _heading(cells, faults)
    if name_match is not None and number and number != name_match[1]:
        faults.append(f"the title has number {number}, but the file name has {name_match[1]}")
    part, needs = _metadata(notebook, faults)
    parameters = read_parameters(cells, faults)
    if faults:
        raise ParametersError([f"{path.name}: {fault}" for fault in faults])
    return Chapter(
        name=path.stem,
        number=number,
        title=title,
        question=question,
        path=path,
        part=cast(BookPart, part),  # _metadata made sure of it
        needs=needs,
        parameters=parameters,
    )


def find_chapters(folder: Path) -> dict[str, Chapter]:
    """Return the chapters of a folder by name, in the order of their numbers.

    Notebooks whose names do not begin with two digits and an underscore are no chapters.

    Raises
    ------
    ParametersError
        With the faults of all notebooks, and where two chapters have one number.
    """
    chapters: dict[str, Chapter] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        try:
            chapter = read_chapter(path)
        except ParametersError as error:
            faults.extend(error.faults)
            continue
        for other in chapters.values():
            if other.number == chapter.number:
                faults.append(f"{path.name}: number {chapter.number} is taken by {other.name}")
        chapters[chapter.name] = chapter
    if faults:
        raise ParametersError(faults)
    return chapters


def check_parameters(chapter: Chapter, given: Mapping[str, Any], *, place: str) -> dict[str, Any]:
    """Return a chapter's parameters as a study gives them, complete and of the right types.

    Types are strict: ``"0.05"`` is no number, ``true`` is no integer, and NaN and infinities are
    refused; a whole number serves as a ``float``. Defaults are the demo's and never fill a gap.

    Parameters
    ----------
    chapter : Chapter
        The chapter.
    given : mapping
        Parameter name to value, without those that the run sets itself.
    place : str
        Where the values stand, for the messages.

    Returns
    -------
    dict
        In the order of the notebook.

    Raises
    ------
    ParametersError
        With every unknown, missing and ill-typed parameter.
    """
    specs = {spec.name: spec for spec in chapter.parameters if spec.name not in SET_BY_RUN}
    faults = [_unexpected(name, specs) for name in given if name not in specs]
    values: dict[str, Any] = {}
    for name, spec in specs.items():
        if name not in given:
            faults.append(
                f"{name} is missing; {spec.annotation}: {spec.help} (the demo has {spec.default!r})"
            )
            continue
        kind = resolve_annotation(ast.parse(spec.annotation, mode="eval").body)
        values[name], fault = misfit(given[name], kind, name=name)
        if fault:
            faults.append(f"{name} must be {spec.annotation}, but {fault}; it is: {spec.help}")
    if faults:
        raise ParametersError([f"{place}: {fault}" for fault in faults])
    return values


def _unexpected(name: str, specs: Mapping[str, ParameterSpec]) -> str:
    """Return why a name does not stand among a chapter's parameters."""
    if name in SET_BY_RUN:
        return f"{name} is set by the run itself; take it out of the parameters"
    if not specs:
        return f"unknown parameter {name!r}; the chapter takes none"
    return f"unknown parameter {name!r}{did_you_mean(name, list(specs))}"


def _load(path: Path) -> dict[str, Any]:
    """Return a notebook of format 4 as plain values."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParametersError([f"{path.name}: there is no such notebook"]) from None
    except ValueError as error:
        raise ParametersError([f"{path.name}: is not JSON in UTF-8: {error}"]) from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise ParametersError([f"{path.name}: is not a notebook of format 4 with a list of cells"])
    return {**notebook, "cells": cells}


def _heading(cells: Sequence[Mapping[str, Any]], faults: list[str]) -> tuple[str, str, str]:
    """Return number, title and question from the first markdown cell."""
    text = next((source_of(cell) for cell in cells if cell.get("cell_type") == "markdown"), "")
    paragraphs = [" ".join(block.split()) for block in re.split(r"\n\s*\n", text.strip())]
    match = _TITLE.fullmatch(paragraphs[0])
    if match is None:
        faults.append("the first markdown cell must begin with '# NN Title' and an empty line")
        return "", "", ""
    if len(paragraphs) < 2:
        faults.append("the question must stand in a paragraph below the title, in the same cell")
        return match[1], match[2], ""
    return match[1], match[2], paragraphs[1]


def _metadata(notebook: Mapping[str, Any], faults: list[str]) -> tuple[str, tuple[str, ...]]:
    """Return the part of the book and the needs from the notebook's metadata."""
    own = notebook.get("metadata", {}).get("toolkit")
    if not isinstance(own, dict) or not isinstance(own.get("needs"), list) or "part" not in own:
        faults.append('the metadata must have {"toolkit": {"part": "II", "needs": [...]}}')
        return "", ()
    if own["part"] not in BOOK_PARTS:
        faults.append(f"part must be one of {', '.join(BOOK_PARTS)}, but got {own['part']!r}")
    columns = [f"{t.name}.{column.name}" for t in TABLES.values() for column in t.columns]
    known = [RECORDS, PICTURES, *columns]
    needs = tuple(own["needs"])
    faults.extend(
        f"needs: unknown column {need!r}{did_you_mean(str(need), known)}"
        for need in needs
        if need not in known
    )
    return own["part"], needs
