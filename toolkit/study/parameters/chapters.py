"""What a chapter is: its title, its question, what data it needs and which parameters it takes.

A chapter is a notebook ``NN_name.ipynb`` whose parameters stand in one cell, each with its type and
a comment behind it that ends in its rules: ``cutoff: float = 9.5  # marked from it up [AI score]``.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args

from toolkit.study.parameters.file import ParametersError, did_you_mean
from toolkit.study.parameters.rules import PartFacts, data_fault, names_in, range_fault
from toolkit.tables import PARTS, TABLES

_PLAIN: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": bool}
_VOCABULARY = "str, int, float, bool, None, list[...], dict[str, ...], Literal[...] and |"
_LONGEST_SHOWN = 80


class AnnotationError(ValueError):
    """An annotation outside the vocabulary."""


def resolve_annotation(node: ast.expr) -> Any:
    """Return the type that an annotation's syntax tree stands for.

    Raises
    ------
    AnnotationError
        If it uses anything outside the vocabulary.
    """
    match node:
        case ast.Name(id=name) if name in _PLAIN:
            return _PLAIN[name]
        case ast.Constant(value=None):
            return None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return resolve_annotation(left) | resolve_annotation(right)
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return list[resolve_annotation(item)]  # type: ignore[misc]  # a type made at run time
        case ast.Subscript(
            value=ast.Name(id="dict"), slice=ast.Tuple(elts=[ast.Name(id="str"), item])
        ):
            return dict[str, resolve_annotation(item)]  # type: ignore[misc]  # as above
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            return _resolve_literal(choices)
    msg = f"{ast.unparse(node)}; known are {_VOCABULARY}"
    raise AnnotationError(msg)


def _resolve_literal(choices: ast.expr) -> Any:
    """Return the type of ``Literal[...]``, whose values must match in type as well."""
    from pydantic import BeforeValidator

    try:
        found = ast.literal_eval(choices)
    except ValueError:
        found = (...,)
    values = found if isinstance(found, tuple) else (found,)
    if not all(isinstance(value, str | int | None) for value in values):
        msg = f"Literal[{ast.unparse(choices)}]; its values must be text, whole numbers or None"
        raise AnnotationError(msg)

    def same_type(value: Any) -> Any:
        """Refuse True for 1, which compare equal."""
        if not any(value == known and type(value) is type(known) for known in values):
            msg = "not among the choices"
            raise ValueError(msg)
        return value

    return Annotated[Literal[values], BeforeValidator(same_type)]


def misfit(value: Any, kind: Any, *, name: str) -> tuple[Any, str]:
    """Return a value as its type has it, and an empty text or why it does not fit.

    Parameters
    ----------
    value : object
        As read from a file.
    kind : type
        From ``resolve_annotation``.
    name : str
        The parameter, to point at an item of a list.

    Examples
    --------
    >>> misfit(1, float, name="margin")
    (1.0, '')
    >>> misfit([1, True], list[float], name="cutoffs")[1]
    'cutoffs[1] is True (a truth value)'
    """
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    adapter = TypeAdapter(kind, config=ConfigDict(strict=True, allow_inf_nan=False))
    try:
        return adapter.validate_python(value), ""
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    if first["loc"][-1:] == ("[key]",):
        return value, f"a key of {name} is {_described(first['input'])}"
    place, found = name, value
    for step in first["loc"]:  # steps into a union's member are no steps into the value
        if isinstance(found, list | dict) and step in _steps(found):
            found = found[step]  # type: ignore[index]  # the step fits the container
            place += f"[{step!r}]"
    return value, f"{place} is {_described(found)}"


def _steps(value: list[Any] | dict[Any, Any]) -> range | list[Any]:
    """Return the indices or keys of a container."""
    return range(len(value)) if isinstance(value, list) else list(value)


def _described(value: Any) -> str:
    """Return a value as it is written, shortened, with its kind."""
    text = repr(value)
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
    return f"{shown} ({_kind_in_words(value)})"


def _kind_in_words(value: Any) -> str:
    """Return what a value is, in a word that needs no Python."""
    words = {
        str: "text",
        bool: "a truth value",
        int: "a whole number",
        float: "a number",
        list: "a list",
        dict: "a mapping",
        type(None): "nothing",
    }
    if isinstance(value, float) and not math.isfinite(value):
        return "not a finite number"
    return words.get(type(value), type(value).__name__)


LITERAL_IMPORT = "from typing import Literal"  # the one import that annotations need

_RULES = re.compile(r"(\S.*?) +\[([^][]+)\]")
_SECRET = re.compile(r"token|password|passwd|secret|api_?key", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ParameterSpec:
    """One parameter of a chapter.

    Parameters
    ----------
    name, annotation : str
        Name and type as they stand in the notebook.
    rules : tuple of str
        Which values it may have: what stands in brackets at the end of the comment.
    default : object
        The demo's value; a real study never falls back to it.
    help : str
        The comment behind the assignment, without the rules.
    """

    name: str
    annotation: str
    rules: tuple[str, ...] = ()
    default: Any
    help: str

    @property
    def asks(self) -> str:
        """Type, rules and help in one line."""
        return f"{', '.join([self.annotation, *self.rules])}: {self.help}"


def source_of(cell: Mapping[str, Any]) -> str:
    """Return a cell's source as one text."""
    return "".join(cell.get("source", ""))


def read_parameters(
    cells: Sequence[Mapping[str, Any]], faults: list[str]
) -> tuple[ParameterSpec, ...]:
    """Return the parameters that the cell tagged ``parameters`` assigns."""
    tagged = [
        cell
        for cell in cells
        if cell.get("cell_type") == "code"
        and "parameters" in cell.get("metadata", {}).get("tags", [])
    ]
    if len(tagged) != 1:
        faults.append(f"one code cell must be tagged 'parameters', but {len(tagged)} are")
        return ()
    source = source_of(tagged[0])
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        faults.append(f"parameters cell, line {error.lineno}: is not Python: {error.msg}")
        return ()
    comments = _comments(source)
    specs: dict[str, ParameterSpec] = {}
    for statement in body:
        if ast.unparse(statement) == LITERAL_IMPORT:
            continue
        try:
            spec = _assignment(statement, comments)
        except ValueError as error:
            faults.append(f"parameters cell, line {statement.lineno}: {error}")
            continue
        if spec.name in specs:
            faults.append(
                f"parameters cell, line {statement.lineno}: {spec.name} is assigned twice"
            )
        specs[spec.name] = spec
    faults.extend(_shared_faults(specs))
    faults.extend(_default_faults(specs))
    return tuple(specs.values())


def _default_faults(specs: Mapping[str, ParameterSpec]) -> Iterator[str]:
    """Return rules that speak of no parameter, and defaults that break their own rules."""
    given = {name: spec.default for name, spec in specs.items()}
    for name, spec in specs.items():
        unknown = {other for rule in spec.rules for other in names_in(rule)} - set(specs)
        if unknown:
            yield f"parameters cell: the rule of {name} speaks of {', '.join(sorted(unknown))}"
        elif fault := range_fault(spec.rules, name, given):
            yield f"parameters cell: the default of {fault}"


def _comments(source: str) -> dict[int, str]:
    """Return the comments that stand behind code, by line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = source.splitlines()
    return {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT and lines[token.start[0] - 1][: token.start[1]].strip()
    }


def _assignment(statement: ast.stmt, comments: Mapping[int, str]) -> ParameterSpec:
    """Return the parameter that one line assigns, or raise ValueError with the rule it breaks."""
    form = "name: type = value  # help"
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        msg = f"a parameter is written as '{form}', but got {ast.unparse(statement)!r}"
        raise ValueError(msg)
    name, annotation = statement.target.id, ast.unparse(statement.annotation)
    comment = comments.get(statement.end_lineno or 0) or comments.get(statement.lineno, "")
    if statement.value is None or not comment:
        lacking = "default value" if statement.value is None else "comment behind it"
        msg = f"{name} has no {lacking}; write '{form}'"
        raise ValueError(msg)
    text, rules = _parted(comment)
    if _SECRET.search(name):
        msg = f"{name} looks like a secret, and parameters are printed in the book; rename it"
        raise ValueError(msg)
    try:
        default = ast.literal_eval(statement.value)
        kind = resolve_annotation(statement.annotation)
    except AnnotationError as error:
        msg = f"{name} has an unknown type: {error}"
        raise ValueError(msg) from None
    except ValueError:
        msg = f"the default of {name} must be a plain value, not {ast.unparse(statement.value)}"
        raise ValueError(msg) from None
    value, fault = misfit(default, kind, name=name)
    if fault:
        msg = f"the default of {name} must be {annotation}, but {fault}"
        raise ValueError(msg)
    return ParameterSpec(name=name, annotation=annotation, rules=rules, default=value, help=text)


def _parted(comment: str) -> tuple[str, tuple[str, ...]]:
    """Return the help and the rules of ``help [rule, rule]``.

    Raises
    ------
    ValueError
        For what is no rule.
    """
    match = _RULES.fullmatch(comment)
    if match is None:
        return comment, ()
    rules = tuple(rule.strip() for rule in match[2].split(","))
    for rule in rules:
        names_in(rule)
    return match[1], rules


def _shared_faults(specs: Mapping[str, ParameterSpec]) -> list[str]:
    """Return what is wrong with the parameters that the run sets; ``archive`` may be absent."""
    rules: dict[str, tuple[str, ...]] = {"tables": ("demo",), "part": PARTS, "record": ("",)}
    if "archive" in specs:
        rules["archive"] = ("demo",)
    faults: list[str] = []
    for name, allowed in rules.items():
        choice = " or ".join(repr(value) for value in allowed)
        if name not in specs:
            faults.append(f"parameters cell: {name} is missing; every chapter has it, as {choice}")
        elif specs[name].default not in allowed:
            faults.append(
                f"parameters cell: the default of {name} must be {choice}, "
                f"but got {specs[name].default!r}"
            )
    return faults


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
    blind : bool
        Whether it tells no reading mode from another, so that a blinded study may see it.
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
    blind: bool
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
        blind=notebook["metadata"]["toolkit"].get("blind") is True,
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
            faults.append(f"{name} is missing; {spec.asks} (the demo has {spec.default!r})")
            continue
        kind = resolve_annotation(ast.parse(spec.annotation, mode="eval").body)
        value, fault = misfit(given[name], kind, name=name)
        if fault:
            faults.append(f"{name} must be {spec.annotation}, but {fault}; it is: {spec.help}")
        else:
            values[name] = value
    for name in values:
        if fault := range_fault(specs[name].rules, name, values):
            faults.append(f"{fault}; it is: {specs[name].help}")
    if faults:
        raise ParametersError([f"{place}: {fault}" for fault in faults])
    return values


def data_faults(chapter: Chapter, given: Mapping[str, Any], facts: PartFacts) -> list[str]:
    """Return every parameter that asks for what the data of its part do not have.

    Parameters
    ----------
    chapter : Chapter
        The chapter.
    given : mapping
        Its parameters, from ``check_parameters``.
    facts : PartFacts
        What the data of the part have.
    """
    rules = {spec.name: (spec.rules, spec.help) for spec in chapter.parameters}
    found = {name: data_fault(rules[name][0], name, given, facts) for name in given}
    return [f"{fault}; it is: {rules[name][1]}" for name, fault in found.items() if fault]


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
