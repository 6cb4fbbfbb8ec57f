"""Where a product puts its score of the whole examination: data, one entry per product and version.

Nothing is guessed. Without an entry only the standard's own numbers of the summary are taken, the
certainty of impression (111013) or the probability of cancer (111047), and only as a share.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from toolkit.readers.dicom.reports.places import UnreadableError, number_of, percent_of
from toolkit.readers.dicom.reports.tree import (
    CERTAINTY_OF_IMPRESSION,
    PROBABILITY_OF_CANCER,
    CadReport,
    NotMapped,
    Written,
    code,
    words,
)

STANDARD: Final = "the standard's numbers of the summary"
_OF_THE_STANDARD: Final = (CERTAINTY_OF_IMPRESSION, PROBABILITY_OF_CANCER)


class VendorError(ValueError):
    """A file of vendor entries that breaks a rule; the message lists all of it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _is_pattern(text: str) -> str:
    """Refuse what is no regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        msg = f"must be a regular expression, but {error}"
        raise ValueError(msg) from None
    return text


class ScorePlace(_Strict):
    """One place where a score may stand.

    Parameters
    ----------
    concept : tuple of str
        Value and scheme of the item's concept.
    units : tuple of str
        Units that its number may have; empty for a text.
    text : str
        For a text: a pattern whose one group is the number; empty for a number.
    """

    concept: tuple[str, str]
    units: tuple[str, ...] = ()
    text: str = ""

    @model_validator(mode="after")
    def _is_number_or_text(self) -> ScorePlace:
        if bool(self.units) == bool(self.text):
            msg = "must have units, for a number, or text, a pattern; not both"
            raise ValueError(msg)
        if self.text and re.compile(_is_pattern(self.text)).groups != 1:
            msg = "text must have one group, the number"
            raise ValueError(msg)
        return self


class VendorEntry(_Strict):
    """Where one product puts its score.

    Parameters
    ----------
    name : str
        Stands in the result.
    seen_in : str
        What the entry was made from: a conformance statement, the reports of a site.
    product, version : str
        Patterns that the whole name and version must match.
    score_kind : {"exam"}
        What the score is of.
    score_min, score_max : float
        Ends of its scale.
    places : tuple of ScorePlace
        Where it may stand.
    """

    name: str
    seen_in: str
    product: str
    version: str
    score_kind: Literal["exam"]
    score_min: float
    score_max: float
    places: tuple[ScorePlace, ...]

    @field_validator("product", "version")
    @classmethod
    def _pattern(cls, text: str) -> str:
        return _is_pattern(text)

    @model_validator(mode="after")
    def _scale(self) -> VendorEntry:
        if not self.score_min < self.score_max:
            msg = "score_min must be below score_max"
            raise ValueError(msg)
        if not self.places:
            msg = "places must name where the score stands"
            raise ValueError(msg)
        return self


class _VendorFile(_Strict):
    format: Literal[1]
    entries: tuple[VendorEntry, ...]


@dataclass(frozen=True, kw_only=True)
class ExamScore:
    """The score of an examination.

    Parameters
    ----------
    value : float
        On the product's scale.
    score_min, score_max : float
        Ends of the scale.
    entry : str
        Name of the vendor entry that matched, or ``STANDARD``.
    written : Written
        Where it stands, and how; of a text the number alone.
    """

    value: float
    score_min: float
    score_max: float
    entry: str
    written: Written

    @property
    def on_scale(self) -> bool:
        """Whether the value lies on the product's scale."""
        return self.score_min <= self.value <= self.score_max


def load_vendors(path: Path | None = None) -> tuple[VendorEntry, ...]:
    """Return vendor entries: those of a file in front of those of the package.

    Parameters
    ----------
    path : Path, optional
        YAML of the form of ``vendors.yaml``.

    Raises
    ------
    VendorError
        If the file breaks a rule; all places are listed.
    """
    own = _entries(path.read_text(encoding="utf-8"), path.name) if path else ()
    return own + _of_the_package()


@cache
def _of_the_package() -> tuple[VendorEntry, ...]:
    """Return the entries of the package."""
    text = (files("toolkit.readers.dicom.reports") / "vendors.yaml").read_text(encoding="utf-8")
    return _entries(text, "vendors.yaml")


def _entries(text: str, name: str) -> tuple[VendorEntry, ...]:
    """Return the entries of a file."""
    try:
        content: Any = yaml.safe_load(text)
        return _VendorFile.model_validate(content).entries
    except yaml.YAMLError as error:
        msg = f"{name}: is no YAML: {error}"
        raise VendorError(msg) from None
    except ValidationError as error:
        lines = [
            f"{name}: {'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
            for one in error.errors()
        ]
        raise VendorError("\n".join(lines)) from None


def exam_score(
    report: CadReport, vendors: Sequence[VendorEntry]
) -> tuple[ExamScore | None, list[NotMapped]]:
    """Return the score of the examination, and what looked like one but is none.

    Parameters
    ----------
    report : CadReport
        The report.
    vendors : sequence of VendorEntry
        The first whose product and version match is used.

    Returns
    -------
    score : ExamScore or None
        None where there is none, or where two places say different things. Of a vendor entry it
        may lie outside its scale.
    not_mapped : list of NotMapped
        Values at a place of the score that could not be taken.
    """
    entry = next((one for one in vendors if _matches(one, report)), None)
    found: list[ExamScore] = []
    listed: list[NotMapped] = []
    for written in report.exam_values:
        try:
            score = _by_entry(written, entry) if entry else _by_standard(written)
        except UnreadableError as error:
            listed.append(_listed(written, str(error)))
            continue
        if score is not None:
            found.append(score)
    if len({score.value for score in found}) > 1:
        reason = "another place says another score of the examination; none is taken"
        return None, listed + [_listed(score.written, reason) for score in found]
    return (found[0] if found else None), listed


def _matches(entry: VendorEntry, report: CadReport) -> bool:
    """Whether an entry is about the product and version of a report."""
    return bool(
        re.fullmatch(entry.product, report.product) and re.fullmatch(entry.version, report.version)
    )


def _listed(written: Written, reason: str) -> NotMapped:
    """Return the entry of a value that is not taken."""
    return NotMapped(path=written.path, concept=words(written.concept), reason=reason)


def _by_entry(written: Written, entry: VendorEntry) -> ExamScore | None:
    """Return the score at a place that an entry names; None where it is another value."""
    for place in entry.places:
        if code(*place.concept) != written.concept or bool(place.text) != written.is_text:
            continue
        raw = _number_in(written.raw, place.text) if place.text else written.raw
        if raw is None:
            continue
        if place.units and written.unit not in place.units:
            msg = f"has a unit that the entry {entry.name!r} does not name"
            raise UnreadableError(msg)
        return ExamScore(
            value=float(number_of(raw)),
            score_min=entry.score_min,
            score_max=entry.score_max,
            entry=entry.name,
            # Of a text nothing but the number goes on: the rest may name a person.
            written=replace(written, raw=raw),
        )
    return None


def _number_in(text: str, pattern: str) -> str | None:
    """Return the number that a pattern finds in a text; None where it does not match."""
    found = set(re.findall(pattern, text))
    if len(found) > 1:
        msg = "matches the pattern of a score several times"
        raise UnreadableError(msg)
    return next(iter(found), None)


def _by_standard(written: Written) -> ExamScore | None:
    """Return a share that the summary itself holds; None for other values."""
    if not written.on_summary or written.concept not in _OF_THE_STANDARD:
        return None
    return ExamScore(
        value=percent_of(written),
        score_min=0.0,
        score_max=100.0,
        entry=STANDARD,
        written=written,
    )
