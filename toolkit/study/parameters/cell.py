"""The cell that assigns a chapter's parameters: annotated, with a comment behind each as help.

The cell is read, never run. A comment is a parameter's help if it stands behind the assignment;
one on a line of its own is not.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.study.parameters.annotations import AnnotationError, misfit, resolve_annotation
from toolkit.tables import PARTS

LITERAL_IMPORT = "from typing import Literal"  # the one import that annotations need

_SECRET = re.compile(r"token|password|passwd|secret|api_?key", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ParameterSpec:
    """One parameter of a chapter.

    Parameters
    ----------
    name, annotation : str
        Name and type as they stand in the notebook.
    default : object
        The demo's value; a real study never falls back to it.
    help : str
        The comment behind the assignment.
    """

    name: str
    annotation: str
    default: Any
    help: str


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
    return tuple(specs.values())


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
    return ParameterSpec(name=name, annotation=annotation, default=value, help=comment)


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
