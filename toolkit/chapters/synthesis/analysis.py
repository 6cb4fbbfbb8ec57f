"""The records of a study's chapters, and by a plan of the book the verdict on each claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from toolkit.chapters.analysis import Summarised
from toolkit.chapters.planned import endpoint_plan, key_of
from toolkit.results import Comparison, result_from_dict
from toolkit.scoring.verdicts import undefined_difference
from toolkit.stats.claims import EndpointVerdict, EndpointVerdicts, endpoint_verdicts
from toolkit.stats.mrmc import GlobalTest

Record = Mapping[str, Any]
Plain = Mapping[str, Any]
Judged = Comparison | GlobalTest


def numbers_of(records: Sequence[Record]) -> dict[str, str]:
    """Return the number in the book of each chapter with a record, by its name."""
    return {str(one["name"]): str(one["number"]) for one in records if "number" in one}


def chapter_number(name: str, numbers: Mapping[str, str]) -> str:
    """Return the number of a chapter, "06b" of a second 06; that of its name without a record.

    Parameters
    ----------
    name : str
        Name of the chapter, or the key of a result of it.
    numbers : mapping
        As ``numbers_of`` returns it.
    """
    return numbers.get(name.partition(":")[0], name[:2])


class Book(Protocol):
    """What ``load_tables`` returns of the book's other chapters."""

    @property
    def plan(self) -> Plain | None:
        """The plan; None where the study has none."""

    @property
    def lock(self) -> str:
        """Date and hash of the plan's lock; empty where it is not locked or there is none."""

    @property
    def origin(self) -> str:
        """Where the data come from: simulated, public or study."""

    def records(self) -> list[dict[str, Any]]:
        """Return the records, in the order of the book."""

    def not_complete(self) -> Mapping[str, str]:
        """Return the chapters without a record, each with its reason."""


@dataclass(frozen=True, kw_only=True)
class PlannedEndpoints:
    """A plan, the results that it names and the verdicts on them.

    Parameters
    ----------
    plain : mapping
        The plan as the parameters file has it, with its ci_level.
    results : mapping
        Each named result by its key; undefined where its chapter has no record.
    waiting : mapping
        Key to the reason, for each result whose chapter has no record.
    verdicts : EndpointVerdicts
        In the order of the plan, then what is reported beside.
    numbers : mapping
        Name of each chapter with a record to its number in the book.
    """

    plain: Plain
    results: Mapping[str, Judged]
    waiting: Mapping[str, str]
    verdicts: EndpointVerdicts
    numbers: Mapping[str, str]

    @property
    def claims(self) -> tuple[EndpointVerdict, ...]:
        """The verdicts on the claims, in order."""
        return self.verdicts.verdicts[: len(self.plain["primary"]) + len(self.plain["secondary"])]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SynthesisStudy(Summarised):
    """What the chapters of a book found.

    Parameters
    ----------
    records : sequence of mapping
        Of the other chapters, in the order of the book.
    not_complete : mapping
        Chapters without a record, each with its reason.
    planned : PlannedEndpoints or None
        The claims of the plan; None where the study has none.
    locked : bool
        Whether the plan is locked.
    simulated : bool
        Whether the data are made at random.
    """

    records: Sequence[Record]
    not_complete: Mapping[str, str]
    planned: PlannedEndpoints | None
    locked: bool
    simulated: bool

    @property
    def primary(self) -> list[tuple[str, Comparison]]:
        """Each primary comparison with its chapter's name, in the order of the book."""
        return [
            (record["name"], Comparison.from_dict(record["headline"]["primary"]))
            for record in self.records
            if "primary" in record["headline"]
        ]

    def number_of(self, name: str) -> str:
        """Return the number in the book of a chapter with a record: "06b" of a second 06."""
        return chapter_number(name, numbers_of(self.records))

    def summary(self) -> dict[str, str]:
        """Return how many records there are, and how the claims stand."""
        claims = self.planned.claims if self.planned else ()
        return {
            "records": str(len(self.records)),
            "without a record": ", ".join(self.not_complete) or "none",
            "primary comparisons": str(len(self.primary)),
            "claims": ", ".join(f"{one.label}: {one.verdict}" for one in claims) or "no plan",
        }


def analyse(book: Book) -> SynthesisStudy:
    """Return the records of a book, judged by its plan.

    Raises
    ------
    ValueError
        If a record lacks the result that the plan names, or holds another quantity, level or
        margin than planned.
    """
    records, not_complete = book.records(), book.not_complete()
    return SynthesisStudy(
        records=records,
        not_complete=not_complete,
        planned=judge(book.plan, records, not_complete),
        locked=bool(book.lock),
        simulated=book.origin == "simulated",
    )


def judge(
    plain: Plain | None, records: Sequence[Record], not_complete: Mapping[str, str]
) -> PlannedEndpoints | None:
    """Judge the records of a study by its plan.

    Parameters
    ----------
    plain : mapping or None
        The plan; None where the study has none.
    records : sequence of mapping
        Of the other chapters.
    not_complete : mapping
        Chapters without a record, each with its reason.

    Returns
    -------
    PlannedEndpoints or None
        A claim whose chapter has no record, or waits for data, is never shown, and what comes
        after is not tested.

    Raises
    ------
    ValueError
        If a record lacks the result that the plan names, or holds another quantity, level or
        margin than planned.
    """
    if plain is None:
        return None
    by_name = {record["name"]: record for record in records}
    results: dict[str, Judged] = {}
    waiting: dict[str, str] = {}
    for entry in [*plain["primary"], *plain["secondary"], *plain["reported"]]:
        key = key_of(entry)
        if entry["chapter"] in by_name:
            results[key] = _named(entry, by_name[entry["chapter"]])
            reason = by_name[entry["chapter"]]["headline"].get("waits_for", "")
            if reason and entry["result"] is None:
                waiting[key] = reason
                results[key] = _unknown(entry, reason, plain["ci_level"])
        else:
            waiting[key] = not_complete.get(entry["chapter"], "it has no record")
            reason = f"chapter {entry['chapter']} has no record"
            results.setdefault(key, _unknown(entry, reason, plain["ci_level"]))
    _require_reported(plain, results)
    return PlannedEndpoints(
        plain=plain,
        results=results,
        waiting=waiting,
        verdicts=endpoint_verdicts(endpoint_plan(plain), results),
        numbers=numbers_of(records),
    )


def _unknown(entry: Plain, reason: str, ci_level: float) -> Comparison:
    """Return the result of an entry that cannot be judged yet."""
    return undefined_difference(
        entry["quantity"],
        reason,
        margin=entry.get("margin"),
        names=("", ""),
        ci_level=ci_level,
        unit="",  # known only with the result
    )


def _named(entry: Plain, record: Record) -> Judged:
    """Return the result that an entry of the plan names."""
    chapter, name = entry["chapter"], entry["result"]
    primary = record["headline"].get("primary")
    if name is None:
        if primary is None:
            msg = f"the plan judges {chapter}, which has no primary comparison; name a result of it"
            raise ValueError(msg)
        return Comparison.from_dict(primary)
    plain = record["results"].get(name)
    result = None if plain is None else result_from_dict(plain)
    if not isinstance(result, Comparison | GlobalTest):
        kinds = ("Comparison", "GlobalTest")
        known = [key for key, value in record["results"].items() if value["type"] in kinds]
        msg = (
            f"the plan names result {name!r} of {chapter}, but its record has "
            f"{', '.join(sorted(known)) or 'no comparison'}; correct the plan"
        )
        raise ValueError(msg)
    if plain == primary:
        msg = f"result {name!r} of {chapter} is its primary comparison: leave result out"
        raise ValueError(msg)
    return result


def _require_reported(plain: Plain, results: Mapping[str, Judged]) -> None:
    """Refuse a reported result of another quantity than planned."""
    for entry in plain["reported"]:
        result = results[key_of(entry)]
        found = result.quantity if isinstance(result, Comparison) else "several modalities"
        if found != entry["quantity"]:
            msg = f"result {key_of(entry)!r} must be of {entry['quantity']}, but is of {found}"
            raise ValueError(msg)
