"""Which files were read, what became of them, and who read what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from toolkit.chapters.analysis import Summarised
from toolkit.tables import PARTS, TABLES
from toolkit.words.wording import count_text

if TYPE_CHECKING:
    import pandas as pd

Entry = Mapping[str, Any]
Frames = Mapping[str, "pd.DataFrame"]
ALONE = "standalone"


class WholeStudy(Protocol):
    """The tables of all parts of a study, as ``load_tables`` returns them."""

    def sources(self) -> Mapping[str, Mapping[str, Entry]]:
        """Return how every table was made: rows, columns, files, hashes, maps."""

    def every(self, name: str) -> Frames:
        """Return the table of each part that has it."""


@dataclass
class SourceFile:
    """A file: its hash, and which tables of which part were made of it, each once and in order."""

    sha256: str
    gave: dict[str, dict[str, None]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IntakeStudy(Summarised):
    """What was read of all parts of a study.

    Parameters
    ----------
    sources : mapping
        By part and table: rows, columns, those that hold a value, hash, and the files with the
        maps of the parameters file.
    readers, readings : mapping of str to DataFrame
        The tables of the parts that have them.
    """

    sources: Mapping[str, Mapping[str, Entry]]
    readers: Frames
    readings: Frames

    @property
    def entries(self) -> list[tuple[str, str, Entry]]:
        """Part, table and what is known of it, in the order of the study's plan."""
        return [
            (part, name, self.sources[part][name])
            for part in PARTS
            for name in TABLES
            if name in self.sources.get(part, {})
        ]

    @property
    def files(self) -> dict[str, SourceFile]:
        """Every file that was read, by its name in the study."""
        files: dict[str, SourceFile] = {}
        for part, name, entry in self.entries:
            for source in entry["sources"]:
                there = source["map"]["file"]
                if there is not None:
                    file = files.setdefault(there, SourceFile(str(source["sha256"])))
                    file.gave.setdefault(part, {})[name] = None
        return files

    @property
    def simulated(self) -> bool:
        """Whether no table came from anywhere but the simulation."""
        return not any(entry["sources"] for _, _, entry in self.entries)

    def parts_of_readers(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield part and readers in the order of the study's plan."""
        yield from ((part, self.readers[part]) for part in PARTS if part in self.readers)

    def parts_of_readings(self) -> Iterator[tuple[str, pd.DataFrame, pd.Series[str]]]:
        """Yield part, readings, and of each whether a person or an AI made it."""
        for part in PARTS:
            if part in self.readings and part in self.readers:
                frame, readers = self.readings[part], self.readers[part]
                kinds = dict(zip(readers["reader_id"], readers["kind"], strict=True))
                yield part, frame, frame["reader_id"].map(kinds)

    @property
    def own_readings(self) -> dict[str, tuple[int, int]]:
        """By part, how many of how many readings are an AI's own."""
        return {
            part: (int(((whose == "ai") & (frame["modality"] == ALONE)).sum()), len(frame))
            for part, frame, whose in self.parts_of_readings()
        }

    def summary(self) -> Mapping[str, str]:
        """Return the rows of each table, and how many files they came from."""
        rows = {f"{part} {name}": count_text(one["rows"]) for part, name, one in self.entries}
        return {"files": count_text(len(self.files)), **rows}


def analyse(tables: WholeStudy) -> IntakeStudy:
    """Return what was read of all parts of a study.

    Parameters
    ----------
    tables : WholeStudy
        All that the study holds.
    """
    return IntakeStudy(
        sources=tables.sources(),
        readers=tables.every("readers"),
        readings=tables.every("readings"),
    )


def empty_columns(entry: Entry) -> list[str]:
    """Return the columns of a table that hold no value."""
    filled = set(entry["filled"])
    return [column for column in entry["columns"] if column not in filled]
