"""Which chapters a study has, which of them must run again, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from toolkit.study.parameters.chapters import (
    PICTURES,
    RECORDS,
    Chapter,
    check_parameters,
    find_chapters,
)
from toolkit.study.parameters.file import (
    ChapterEntry,
    ParametersError,
    StudyParameters,
    did_you_mean,
)
from toolkit.study.parameters.plan import told_to
from toolkit.study.run.fingerprint import (
    PACKAGE,
    changed,
    code_hashes,
    environment,
    sha256_bytes,
    sha256_json,
)
from toolkit.study.run.intake import StudyIndex
from toolkit.study.run.workspace import Workspace, read_json, to_json, write_atomic

KEPT_STATES = 3


@dataclass(frozen=True, kw_only=True)
class PlannedChapter:
    """A chapter of this study with everything that it will be given.

    Parameters
    ----------
    entry : ChapterEntry
        What the parameters file says.
    label : str
        Its number in the book, "06"; "06b" where the book has the chapter a second time.
    chapter : Chapter
        The notebook.
    part : str
        Part of the data that it reads.
    parameters : dict
        Its own parameters, complete and checked.
    origin : str
        Where the data come from, which every page says.
    told : dict
        What it is told of the study's plan and blinding; empty where there is neither.
    """

    entry: ChapterEntry
    label: str
    chapter: Chapter
    part: str
    parameters: dict[str, Any]
    origin: str
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of its page and record."""
        return self.entry.record_name

    @property
    def reads_records(self) -> bool:
        """Whether it depends on the other chapters' records."""
        return RECORDS in self.chapter.needs

    def lacking(self, index: StudyIndex) -> str:
        """Return why this chapter cannot run on the data, or an empty text."""
        if self.told.get("blinded") and not self.chapter.blind:
            return "the prospective part is blinded, and this chapter tells its readings apart"
        if PICTURES in self.chapter.needs and not index.archive:
            return "no archive of pictures was named; say --archive FOLDER"
        needs = [need for need in self.chapter.needs if need not in (RECORDS, PICTURES)]
        if not needs:
            return ""
        if self.part not in index.content["parts"]:
            return f"the study has no {self.part.replace('_', ' ')} part"
        lacking = [need for need in needs if need not in index.columns(self.part)]
        return (
            f"the {self.part.replace('_', ' ')} part has no {', '.join(lacking)}" if lacking else ""
        )


@dataclass
class Finished:
    """How each chapter stands at the end of a run: its folder in the work folder, or why not."""

    folders: dict[str, Path] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)
    executed: list[str] = field(default_factory=list)

    @property
    def not_complete(self) -> dict[str, str]:
        """Every chapter without a record, with the reason."""
        return {**self.failed, **self.left_out, **self.not_run}

    def record_hashes(self) -> dict[str, str]:
        """Return what a chapter that reads records depends on: each record, and what is missing."""
        hashes = {f"{RECORDS}.{n}": record_hash(folder) for n, folder in self.folders.items()}
        return {**hashes, f"{RECORDS}.not_complete": sha256_json(self.not_complete)}


def chapter_folders(parameters_file: Path) -> list[Path]:
    """Where notebooks are looked for: beside the parameters file, in the clone, in the package."""
    beside = parameters_file.absolute().parent
    places = (beside / "notebooks", beside.parent / "notebooks")
    return [*places, PACKAGE.parent / "notebooks", PACKAGE / "_notebooks"]


def available_chapters(parameters_file: Path) -> dict[str, Chapter]:
    """Return every chapter that can be found, the nearest of each name."""
    found: dict[str, Chapter] = {}
    for folder in chapter_folders(parameters_file):
        if folder.is_dir():
            found = {**find_chapters(folder), **found}
    return found


def _labels(entries: Sequence[ChapterEntry]) -> list[str]:
    """Return the number of each entry in the book: a chapter's second use is 06b, its third 06c.

    Figures and tables are numbered by it, so that no number stands twice in a book.
    """
    used: Counter[str] = Counter()
    labels = []
    for entry in entries:
        used[entry.chapter] += 1
        rounds, letter = divmod(used[entry.chapter] - 1, len(ascii_lowercase))
        suffix = ascii_lowercase[letter] * (rounds + 1) if used[entry.chapter] > 1 else ""
        labels.append(f"{entry.chapter[:2]}{suffix}")
    return labels


def plan_chapters(parameters: StudyParameters, parameters_file: Path) -> list[PlannedChapter]:
    """Return the study's chapters in the order of the book.

    Raises
    ------
    ParametersError
        With all faults of all chapters: unknown chapter, unknown, missing or wrong parameters.
    """
    known = available_chapters(parameters_file)
    planned: list[PlannedChapter] = []
    faults: list[str] = []
    labels = _labels(parameters.chapters)
    for number, (entry, label) in enumerate(zip(parameters.chapters, labels, strict=True), start=1):
        place = f"{parameters_file.name}, chapters[{number}]"
        chapter = known.get(entry.chapter)
        if chapter is None:
            hint = did_you_mean(entry.chapter, list(known))
            faults.append(f"{place}: unknown chapter {entry.chapter!r}{hint}")
            continue
        defaults = {spec.name: spec.default for spec in chapter.parameters}
        shared = {
            name: value
            for name, value in parameters.analysis.model_dump().items()
            if name in defaults
        }
        try:
            given = check_parameters(
                chapter, {**shared, **entry.parameters}, place=f"{place} {entry.chapter}"
            )
        except ParametersError as error:
            faults.extend(error.faults)
            continue
        part = entry.part or defaults["part"]
        if part == "prospective" and parameters.blinded is None:
            faults.append(
                f"{place} {entry.chapter}: reads the prospective part; say `blinded: true` or "
                "`blinded: false` at the top of the file"
            )
        blinded = part == "prospective" and parameters.blinded
        planned.append(
            PlannedChapter(
                entry=entry,
                label=label,
                chapter=chapter,
                part=part,
                parameters=given,
                origin=parameters.data_origin,
                told={
                    **told_to(
                        parameters.plan,
                        entry.record_name,
                        ci_level=parameters.analysis.ci_level,
                        reads_records=RECORDS in chapter.needs,
                    ),
                    **({"blinded": True} if blinded else {}),
                },
            )
        )
    if faults:
        raise ParametersError(faults)
    return planned


def select_chapters(planned: Sequence[PlannedChapter], wanted: Sequence[str]) -> set[str]:
    """Return the names of the chapters meant by numbers or names such as ``05`` or ``06_...``.

    Raises
    ------
    ParametersError
        For each one that the study does not have.
    """
    chosen: set[str] = set()
    faults: list[str] = []
    for word in wanted:
        names = {
            p.name for p in planned if word in (p.name, p.label, p.chapter.name, p.chapter.number)
        }
        if not names:
            known = [name for p in planned for name in (p.chapter.number, p.name)]
            faults.append(f"--chapters: unknown chapter {word!r}{did_you_mean(word, known)}")
        chosen |= names
    if faults:
        raise ParametersError(faults)
    return chosen


def _source(chapter: Chapter) -> tuple[str, str]:
    """Return a hash of what stands in a notebook, and all its code as one text."""
    cells = json.loads(chapter.path.read_text(encoding="utf-8"))["cells"]
    stands = [
        (c["cell_type"], "".join(c["source"]), c.get("metadata", {}).get("tags", [])) for c in cells
    ]
    return sha256_json(stands), "\n".join(text for kind, text, _ in stands if kind == "code")


def ingredients(planned: PlannedChapter, inputs: Mapping[str, str | None]) -> dict[str, Any]:
    """Return everything that a chapter's result depends on, each as values that can be compared."""
    notebook, code = _source(planned.chapter)
    return {
        "parameters": {**planned.parameters, "part": planned.part},
        "label": planned.label,
        "origin": planned.origin,
        "plan": planned.told,
        "notebook": notebook,
        "code": code_hashes(code),
        "environment": environment(),
        "inputs": dict(inputs),
    }


def _reasons(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what changed between two sets of ingredients."""
    words = {
        "parameters": "parameter",
        "code": "code of",
        "environment": "version of",
        "inputs": "table",
    }
    reasons = [
        f"{word} {name}" for key, word in words.items() for name in changed(before[key], now[key])
    ]
    same_kind = ("notebook", "label", "origin", "plan")
    # A run from before there were labels or plans has none.
    return reasons + [key for key in same_kind if before.get(key) != now[key]]


@dataclass(frozen=True, kw_only=True)
class State:
    """What the work folder holds of a chapter: a valid run, or why a new one is needed."""

    folder: Path | None
    reasons: tuple[str, ...]


def _runs(name: str, workspace: Workspace) -> list[Path]:
    """Return the folders of the finished runs of a chapter in the work folder, newest first."""
    found = (workspace.work / "chapters").glob(f"{name}-*")
    own = [path for path in found if path.name == f"{name}-{path.name[-16:]}"]
    return sorted(own, key=lambda path: path.lstat().st_mtime_ns, reverse=True)


def _states(name: str, workspace: Workspace) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the finished runs of a chapter that are as they were left, newest first."""
    for path in _runs(name, workspace):
        if workspace.holds(path, name):
            yield path, read_json(path / "state.json")


def chapter_state(
    planned: PlannedChapter, available: Mapping[str, str], workspace: Workspace
) -> State:
    """Return a chapter's valid run, or what changed since its newest one.

    Parameters
    ----------
    planned : PlannedChapter
        The chapter.
    available : mapping
        Hash of each input as it is now: tables as ``part.table``, records as ``records.name``.
    workspace : Workspace
        Where earlier runs stand.
    """
    newest: list[str] = []
    for folder, state in _states(planned.name, workspace):
        inputs = {name: available.get(name) for name in state["inputs"]}
        if planned.reads_records:  # a record that did not exist then counts as well
            records = {k: v for k, v in available.items() if k.startswith(f"{RECORDS}.")}
            inputs = {**inputs, **records}
        reasons = _reasons(state, ingredients(planned, inputs))
        if not reasons:
            return State(folder=folder, reasons=())
        newest = newest or reasons
    if planned.name in workspace.made_again:
        newest = ["its earlier run is not as it was left"]
    return State(folder=None, reasons=tuple(newest or ["first run"]))


def keep_chapter(
    planned: PlannedChapter, scratch: Path, inputs: Mapping[str, str], workspace: Workspace
) -> Path:
    """Move a finished chapter from its scratch folder to its place, and drop its oldest runs."""
    state = ingredients(planned, inputs)
    write_atomic(scratch / "state.json", to_json(state))
    place = workspace.work / "chapters" / f"{planned.name}-{sha256_json(state)[:16]}"
    workspace.keep(scratch, place)
    for folder in _runs(planned.name, workspace)[KEPT_STATES:]:
        workspace.drop(folder)
    return place


def record_hash(folder: Path) -> str:
    """Return the hash of a finished chapter's record."""
    return sha256_bytes((folder / "record.json").read_bytes())
