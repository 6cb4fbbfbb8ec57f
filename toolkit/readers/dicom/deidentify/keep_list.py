"""The keep list as the engine uses it: tag -> action, and the words, names and codes it knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

_FILE: Final = "keep_list.yaml"
_KNOWN_KEYS: Final = {"names", "codes"}


class KeepListError(ValueError):
    """A file of known names and codes that cannot be used, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is done with one attribute.

    Parameters
    ----------
    keyword : str
        The standard's own.
    vr : str
        Value representation of the standard, ``US or SS`` where two are allowed.
    action : str
        One of the actions that the list explains.
    words : frozenset of str
        With the action ``words``: what may be written.
    most : int or None
        How many values the standard allows; None for any number.
    """

    keyword: str
    vr: str
    action: str
    words: frozenset[str] = frozenset()
    most: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class KeepList:
    """All that may be written.

    Parameters
    ----------
    attributes : mapping of int to Kept
        By tag.
    classes : frozenset of str
        SOP Class UIDs.
    names : frozenset of str
        Manufacturers, models and algorithms.
    codes : mapping of (scheme, value) to meaning
        Beyond the standard's dictionaries.
    texts : mapping of (scheme, value) to str or pattern
        Rule, or form, of the texts of a report by their concept.
    replaced : frozenset of (scheme, value)
        Concepts whose items are replaced whatever their type.
    columns : mapping of str to str
        Rule of each column of text in the hospital's tables.
    table_words : frozenset of str
        Words of those tables.
    """

    attributes: Mapping[int, Kept]
    classes: frozenset[str]
    names: frozenset[str]
    codes: Mapping[tuple[str, str], str]
    texts: Mapping[tuple[str, str], str | re.Pattern[str]]
    replaced: frozenset[tuple[str, str]]
    columns: Mapping[str, str]
    table_words: frozenset[str]


@lru_cache(maxsize=4)
def keep_list(known: Path | None = None) -> KeepList:
    """Return the keep list, with the names and codes of a file of one's own.

    Parameters
    ----------
    known : Path, optional
        YAML with ``names`` (list) and ``codes`` (scheme: {value: meaning}); what stands there is
        written as it is, so it must be read by a person first.

    Raises
    ------
    KeepListError
        If the file is no such file.
    """
    import yaml

    written = yaml.safe_load(keep_list_bytes())
    added = _known(known)
    names = frozenset([*written["names"], *added.get("names", [])])
    codes = {
        (str(scheme), str(value)): str(meaning)
        for group in (written["codes"], added.get("codes", {}))
        for scheme, held in group.items()
        for value, meaning in held.items()
    }
    return KeepList(
        attributes=_attributes(written),
        classes=frozenset(written["classes"].values()),
        names=names,
        codes=codes,
        texts={_code(code): _form(rule, names) for code, rule in written["texts"].items()},
        replaced=frozenset(_code(code) for code in written["replaced"]),
        columns=written["tables"]["columns"],
        table_words=frozenset(written["tables"]["words"]),
    )


def keep_list_bytes() -> bytes:
    """Return the keep list as it is written."""
    return files(__package__).joinpath(_FILE).read_bytes()


def _known(path: Path | None) -> dict[str, Any]:
    """Read a file of known names and codes."""
    if path is None:
        return {}
    import yaml

    try:
        added = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        msg = f"--known: cannot be read ({type(error).__name__}); name a YAML file"
        raise KeepListError(msg) from None
    names = added.get("names", []) if isinstance(added, dict) else None
    codes = added.get("codes", {}) if isinstance(added, dict) else None
    good = (
        isinstance(names, list)
        and all(isinstance(name, str) and name.isascii() for name in names)
        and isinstance(codes, dict)
        and all(isinstance(held, dict) for held in codes.values())
        and set(added) <= _KNOWN_KEYS
    )
    if not good:
        msg = (
            "--known: the file must hold `names` (a list of ASCII texts) and `codes` "
            "(scheme: {value: meaning}), and nothing else"
        )
        raise KeepListError(msg)
    return dict(added)


def _attributes(written: dict[str, Any]) -> dict[int, Kept]:
    """Return what is done with each attribute, by tag."""
    from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword

    rows: list[tuple[str, str, frozenset[str]]] = [
        (keyword, group["action"], frozenset())
        for group in written["attributes"]
        for keyword in group["keywords"]
    ] + [
        (keyword, "words", frozenset(str(word) for word in words))
        for keyword, words in written["words"]["attributes"].items()
    ]
    kept: dict[int, Kept] = {}
    for keyword, action, words in rows:
        tag = tag_for_keyword(keyword)
        if tag is None or tag in kept:
            msg = f"{_FILE}: {keyword} is listed twice or is no keyword of the standard"
            raise KeepListError(msg)
        most = dictionary_VM(tag).rpartition("-")[2]
        limit = int(most) if most.isdigit() else None
        kept[tag] = Kept(keyword, dictionary_VR(tag), action, words, limit)
    return kept


def _code(text: str) -> tuple[str, str]:
    """Return scheme and value of ``DCM 111001``."""
    scheme, value = text.split(" ")
    return scheme, value


def _form(rule: str, names: frozenset[str]) -> str | re.Pattern[str]:
    """Return the name of a rule, or the form that a text must have."""
    if rule in ("name", "version"):
        return rule
    return re.compile(rule.replace("NAME", "|".join(re.escape(name) for name in sorted(names))))
