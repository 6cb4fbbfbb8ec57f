"""The keep list as the engine uses it: tag -> action, and the words, names and codes it knows."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, get_args

from toolkit.readers.dicom.scan.attributes import DicomFault, Reason
from toolkit.readers.dicom.scan.header import Header
from toolkit.readers.dicom.scan.objects import kind_of

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


Admittable = Literal["burned_in", "burned_in_unknown", "secondary_capture"]
ADMITTABLE: Final = get_args(Admittable)
Refused = Reason | Admittable | Literal["kind_not_kept", "overlay_in_pixels"]

WORDS: Final[dict[str, str]] = {
    "burned_in": "the header says that text is burned into the pixels",
    "burned_in_unknown": "the header does not say whether text is burned into the pixels",
    "secondary_capture": "a screenshot or scan, which mostly shows names whatever its header says",
    "kind_not_kept": "a kind of object that the keep list was not written for",
    "overlay_in_pixels": "an overlay in the unused bits of compressed pixels",
}
# Screenshots that a scanner stores in the class of its images.
_SCREENS: Final = frozenset(("SCREEN SAVE", "SCREENSAVE", "SCREEN"))


def check_admitted(admit: frozenset[str]) -> None:
    """Refuse words that name no refusal.

    Raises
    ------
    ValueError
        With the words that there are.
    """
    unknown = sorted(admit - set(ADMITTABLE))
    if unknown:
        msg = f"admit must be of {', '.join(ADMITTABLE)}, got {', '.join(unknown)}"
        raise ValueError(msg)


def refusal(header: Header, keep: KeepList, admit: frozenset[str]) -> str:
    """Return why an object is refused, empty where it is not.

    Parameters
    ----------
    header : Header
        Of the object.
    keep : KeepList
        Kinds that may be written.
    admit : frozenset of str
        Refusals that the user has taken back, having looked at the pictures.

    Raises
    ------
    DicomFault
        If the object lacks what it is named by.
    """
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        if not header.text(keyword):
            msg = f"{keyword} is missing, so the object belongs to no examination"
            raise DicomFault("no_uid", msg)
    if header.text("SOPClassUID") not in keep.classes:
        return "kind_not_kept"
    screen = not _SCREENS.isdisjoint(header.texts("ImageType"))
    found = []
    if kind_of(header) == "secondary_capture" or screen:
        found.append("secondary_capture")
    burned_in = header.text("BurnedInAnnotation").upper()
    if header.has_pixels and burned_in != "NO":
        found.append("burned_in" if burned_in else "burned_in_unknown")
    left = [reason for reason in found if reason not in admit]
    return left[0] if left else ""


@contextmanager
def silent() -> Iterator[None]:
    """Keep what pydicom says of values from warnings and log: it quotes them."""
    log = logging.getLogger("pydicom")
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before
