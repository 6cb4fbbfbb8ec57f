"""The plan of a study in its parameters file: which claims it makes, in which order.

That a plan fits the rest of the file (its chapters, their margins and levels) is judged here too,
before anything runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from toolkit.chapters.planned import claim_of, endpoint_plan
from toolkit.stats.claims.plan import ClaimKind, SecondaryRule


class Section(BaseModel):
    """A part of the file: unknown keys and wrong types are refused, docstrings become help."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


SYNTHESIS = "90"  # the chapter that judges the plan, and whose answer is the book's

Fault = tuple[tuple[int | str, ...], str]  # where it stands in the file, and the rule it breaks


class ReportedEntry(Section):
    """A result that always stands beside the claims, without a verdict."""

    chapter: str
    """Name of the chapter in the book whose record holds it."""
    result: str | None = None
    """Name of the result in that record; the chapter's primary comparison if left out."""
    quantity: Annotated[str, Field(min_length=1)]
    """What is compared: auc, sensitivity, specificity, reading_time, ..."""


class ClaimEntry(ReportedEntry):
    """One claim: which result is to show what."""

    claim: ClaimKind
    """noninferiority, superiority, or difference in either direction."""
    margin: Annotated[float, Field(gt=0, le=2)] | None = None
    """Margin of a claim of non-inferiority: that of the chapter's own parameter."""

    @model_validator(mode="after")
    def _is_a_claim(self) -> ClaimEntry:
        """Refuse a margin that is missing or out of place."""
        claim_of(self.model_dump())
        return self


class LockEntry(Section):
    """When the plan was fixed, and the plan that was fixed then."""

    on: str
    """Day on which the plan was fixed, as 2024-03-01."""
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    """First 12 signs of the hash of the plan, as `study check` says it."""

    @field_validator("on")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        """Refuse what is no day of the calendar."""
        try:
            written = date.fromisoformat(value).isoformat()
        except ValueError:
            written = ""
        if written != value:
            msg = f"must be a day as 2024-03-01, but got {value!r}"
            raise ValueError(msg)
        return value


class PlanEntry(Section):
    """The claims of the study in the order of their tests; without it nothing is ordered."""

    locked: LockEntry | None = None
    """When the plan was fixed, and its hash then; left out: not locked."""

    primary: Annotated[list[ClaimEntry], Field(min_length=1)]
    """One after the other, each only if all before it are shown."""
    secondary: Annotated[list[ClaimEntry], Field(default_factory=list)]
    """After all primary claims are shown."""
    secondary_rule: SecondaryRule = "fixed sequence"
    """Secondary claims in their order, or all at once by Holm's method."""
    reported: Annotated[list[ReportedEntry], Field(default_factory=list)]
    """Results that stand beside the claims without a verdict."""
    recall_rule: str = ""
    """What counts as recalled, in words; needed with an AUC."""

    @model_validator(mode="after")
    def _is_a_plan(self) -> PlanEntry:
        """Refuse what is no order of claims, and an AUC that stands alone."""
        endpoint_plan({**self.model_dump(), "ci_level": 0.95})
        return self


def plain_plan(plan: PlanEntry, ci_level: float) -> dict[str, Any]:
    """Return a plan and the level of its tests as plain values, without its lock."""
    return {**plan.model_dump(exclude={"locked"}), "ci_level": ci_level}


def plan_hash(plan: PlanEntry, ci_level: float) -> str:
    """Return the first 12 signs of the hash of a plan with its margins and level."""
    text = json.dumps(plain_plan(plan, ci_level), sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def lock_text(plan: PlanEntry) -> str:
    """Return date and hash of the lock; empty where the plan is not locked."""
    return "" if plan.locked is None else f"{plan.locked.on} \u00b7 {plan.locked.hash}"


def told_to(
    plan: PlanEntry | None, name: str, *, ci_level: float, reads_records: bool
) -> dict[str, Any]:
    """Return what a chapter is told of the plan: all of it where it judges, else its own place.

    A chapter is run again if this changes.

    Parameters
    ----------
    plan : PlanEntry or None
        None: nobody is told anything.
    name : str
        Name of the chapter in the book.
    ci_level : float
        Level of the tests of the plan.
    reads_records : bool
        Whether the chapter judges.
    """
    if plan is None:
        return {}
    plain = plain_plan(plan, ci_level)
    told: dict[str, Any] = {"lock": lock_text(plan)}
    if reads_records:
        return {**told, "whole": plain}
    return {**told, "place": [asdict(place) for place in endpoint_plan(plain).places_of(name)]}


def plan_faults(
    plan: PlanEntry | None, chapters: Mapping[str, Mapping[str, Any]], ci_level: float
) -> list[Fault]:
    """Return where a plan does not fit the chapters of the book.

    Parameters
    ----------
    plan : PlanEntry or None
        None: there is nothing to fit.
    chapters : mapping
        Name of each chapter in the book to its parameters.
    ci_level : float
        Level of the tests of the plan.
    """
    faults = list(_margins_nobody_claims(plan, chapters))
    if plan is None:
        return faults
    judged = {name: given for name, given in chapters.items() if not _is_synthesis(name)}
    faults += _lock_misfits(plan, ci_level)
    if len(judged) == len(chapters):
        faults.append((("plan",), "a plan is judged by chapter 90_synthesis; add it to chapters"))
    for place, entry in _entries(plan):
        if entry.chapter not in judged:
            known = ", ".join(sorted(judged))
            rule = f"{entry.chapter!r} is no chapter that can be judged; known are {known}"
            faults.append(((*place, "chapter"), rule))
            continue
        given = judged[entry.chapter]
        faults += _misfits(place, entry, given, ci_level)
        if isinstance(entry, ClaimEntry):
            faults += _margin_misfits(place, entry, given, plan)
    return faults


def _margins_nobody_claims(
    plan: PlanEntry | None, chapters: Mapping[str, Mapping[str, Any]]
) -> Iterator[Fault]:
    """Return every margin of a chapter that belongs to no claim: a margin is part of a plan."""
    claims = [] if plan is None else [*plan.primary, *plan.secondary]
    for place, (chapter, given) in enumerate(chapters.items()):
        claimed = {
            name
            for claim in claims
            if claim.claim == "noninferiority" and claim.chapter == chapter
            for name, value in _margins(given, claim.quantity).items()
            if value == claim.margin
        }
        for name, value in given.items():
            if name.endswith("_margin") and value is not None and name not in claimed:
                rule = (
                    f"a margin of {value} belongs to a plan, and none claims non-inferiority by "
                    "it; claim it in plan, or set the margin to null"
                )
                yield ("chapters", place, "parameters", name), rule


def _lock_misfits(plan: PlanEntry, ci_level: float) -> Iterator[Fault]:
    """Return that a plan is no longer the one that was locked."""
    now = plan_hash(plan, ci_level)
    if plan.locked is not None and plan.locked.hash != now:
        rule = (
            f"locked on {plan.locked.on} was the plan {plan.locked.hash}, but the plan of this "
            f"file is {now}; restore it, or lock the new one and say why"
        )
        yield ("plan", "locked", "hash"), rule


def _is_synthesis(name: str) -> bool:
    """Whether a chapter judges the plan."""
    return name.startswith(f"{SYNTHESIS}_")


def _entries(plan: PlanEntry) -> Iterator[tuple[tuple[int | str, ...], ReportedEntry]]:
    """Return every entry of a plan with its place in the file."""
    lists: dict[str, Sequence[ReportedEntry]] = {
        "primary": plan.primary,
        "secondary": plan.secondary,
        "reported": plan.reported,
    }
    for key, entries in lists.items():
        for number, entry in enumerate(entries):
            yield ("plan", key, number), entry


def _misfits(
    place: tuple[int | str, ...],
    entry: ReportedEntry,
    parameters: Mapping[str, Any],
    planned: float,
) -> Iterator[Fault]:
    """Return where an entry does not fit the parameters of its chapter."""
    level = parameters.get("ci_level")
    if level is not None and level != planned:
        rule = f"{entry.chapter} has ci_level {level}, the plan {planned}; give both the same"
        yield (*place, "chapter"), rule
    endpoint = parameters.get("endpoint")
    is_primary = entry.result is None and isinstance(endpoint, str)
    if is_primary and str(endpoint).casefold() != entry.quantity.casefold():
        rule = f"{entry.chapter} has endpoint {endpoint}; plan that, or name a result"
        yield (*place, "quantity"), rule


def _margin_misfits(
    place: tuple[int | str, ...],
    entry: ClaimEntry,
    parameters: Mapping[str, Any],
    plan: PlanEntry,
) -> Iterator[Fault]:
    """Return where a claim and the margin of its chapter do not fit."""
    margins = _margins(parameters, entry.quantity)
    own = ", ".join(f"{name} {value}" for name, value in margins.items()) or "no margin"
    if entry.claim == "noninferiority":
        if entry.margin not in margins.values():
            rule = f"{entry.chapter} has {own}; give plan and chapter the same margin"
            yield (*place, "margin"), rule
        return
    asked = any(value is not None for value in margins.values())
    if entry.result is None and asked and not _claims_noninferiority(entry, plan):
        rule = (
            f"{entry.chapter} has {own}, so it asks for non-inferiority; claim that before "
            "it, or set the margin to null"
        )
        yield (*place, "claim"), rule


def _claims_noninferiority(entry: ClaimEntry, plan: PlanEntry) -> bool:
    """Whether the plan also claims non-inferiority of the same result."""
    claims = [*plan.primary, *plan.secondary]
    same = [c for c in claims if (c.chapter, c.result) == (entry.chapter, entry.result)]
    return any(claim.claim == "noninferiority" for claim in same)


def _margins(parameters: Mapping[str, Any], quantity: str) -> dict[str, Any]:
    """Return the margins of a chapter that go with a quantity: by name, else all of them.

    ``sensitivity_margin`` goes with sensitivity, ``time_ratio_margin`` with reading_time.
    """
    margins = {name: value for name, value in parameters.items() if name.endswith("_margin")}
    named = {n: value for n, value in margins.items() if n.split("_")[0] in quantity}
    return named or margins
