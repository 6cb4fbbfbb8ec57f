"""Types of parameters: which annotations are known, and whether a value fits one.

The vocabulary is closed, so that an annotation is looked up and never evaluated: ``str``, ``int``,
``float``, ``bool``, ``None``, ``list[...]``, ``dict[str, ...]``, ``Literal[...]`` and ``|``.
"""

from __future__ import annotations

import ast
import math
from typing import Annotated, Any, Literal

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
