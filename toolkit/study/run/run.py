"""A study from its parameters file to the delivered book."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolkit import __version__
from toolkit.readers.files import lies_in
from toolkit.study.book.build import Edition, deliver, render
from toolkit.study.parameters.chapters import PICTURES
from toolkit.study.parameters.file import ParametersError, StudyParameters, load_parameters
from toolkit.study.run.faults import MachineError
from toolkit.study.run.intake import StudyIndex, make_tables, prepare_tables
from toolkit.study.run.plan import (
    Finished,
    PlannedChapter,
    State,
    chapter_state,
    keep_chapter,
    plan_chapters,
    select_chapters,
)
from toolkit.study.run.rehearse import refusals, refuse_misfits
from toolkit.study.run.workspace import OutputError, Workspace, read_json, to_json, write_atomic
from toolkit.tables import TableError

TIME_LIMIT_S = 1800.0  # a chapter that takes longer has gone wrong


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What the command line says about how a study is run; nothing in it changes a number."""

    data: Path | None = None
    archive: Path | None = None
    out: Path | None = None
    chapters: tuple[str, ...] = ()
    workers: int = 2
    time_limit_s: float = TIME_LIMIT_S
    progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run did: the book's place, each chapter's fate, and what it found damaged."""

    out: Path
    finished: Finished
    made_again: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether no chapter failed."""
        return not self.finished.failed


def data_folder(parameters: StudyParameters, data: Path | None) -> Path | None:
    """Return the folder with the raw files, or None for the embedded study.

    Raises
    ------
    ParametersError
        If the study needs a folder and none was named, or it is not there.
    """
    if parameters.data == "demo":
        if data is not None:
            raise ParametersError(["--data: this study is the embedded demo; leave --data out"])
        return None
    if data is None:
        raise ParametersError(["--data: name the folder that holds the study's files"])
    if not data.is_dir():
        raise ParametersError([f"--data: {data.name!r} is not a folder"])
    return data


def archive_folder(parameters: StudyParameters, archive: Path | None) -> str:
    """Return the folder of the pictures, "demo" for the embedded study, or nothing.

    Raises
    ------
    ParametersError
        If it is not there, or the study is the embedded one.
    """
    if parameters.data == "demo":
        if archive is not None:
            raise ParametersError(["--archive: this study is the embedded demo; leave it out"])
        return "demo"
    if archive is None:
        return ""
    if not archive.is_dir():
        raise ParametersError([f"--archive: {archive.name!r} is not a folder"])
    return str(archive.absolute())


def check_study(path: Path, *, data: Path | None = None, show_values: bool = False) -> list[str]:
    """Return all that is wrong with a parameters file and its data, or an empty list.

    Whatever a run would refuse is told, chapters' analyses among it; nothing is written.

    Parameters
    ----------
    path : Path
        The parameters file.
    data : Path or None
        The data folder.
    show_values : bool
        Whether identifying values are shown: for the terminal only.
    """
    try:
        parameters = load_parameters(path)
    except ParametersError as error:
        return list(error.faults)
    faults: list[str] = []
    planned: list[PlannedChapter] = []
    try:
        planned = plan_chapters(parameters, path)
    except ParametersError as error:
        faults.extend(error.faults)
    try:
        frames = make_tables(parameters, data_folder(parameters, data), show_values=show_values)
    except ParametersError as error:
        faults.extend(error.faults)
    except TableError as error:
        faults.extend(str(fault) for fault in error.faults)
    else:
        faults.extend(refusals(planned, frames))
    return faults


def run_study(path: Path, options: RunOptions) -> RunReport:
    """Run what has to be run of a study and deliver its book.

    Parameters
    ----------
    path : Path
        The parameters file.
    options : RunOptions
        Folders, chapters and workers.

    Returns
    -------
    RunReport

    Raises
    ------
    ParametersError, TableError
        With all faults of the input; then no chapter runs and no book changes.
    OutputError
        If the output folder cannot be used.
    MachineError
        If the machine failed while a chapter ran; then no book changes either.
    """
    opened = _open(path, options)
    wanted = select_chapters(opened.planned, options.chapters)
    with opened.workspace.locked():
        options.progress("tables", 0, 1)
        index = opened.index()
        options.progress("tables", 1, 1)
        finished = _run_chapters(opened, wanted, index, options)
        edition = Edition(
            parameters=opened.parameters, planned=opened.planned, finished=finished, index=index
        )
        deliver(edition, opened.workspace, progress=options.progress)
    return RunReport(
        out=opened.workspace.out,
        finished=finished,
        made_again=tuple(dict.fromkeys(opened.workspace.made_again)),
    )


def explain(path: Path, options: RunOptions) -> dict[str, State]:
    """Return for each chapter whether its last run is still valid, and if not what changed."""
    opened = _open(path, options)
    states: dict[str, State] = {}
    with opened.workspace.locked():
        index = opened.index()
        _finished_before(opened, index, states)
    return {chapter.name: states[chapter.name] for chapter in opened.planned}


def render_study(
    path: Path, options: RunOptions, *, to: Path, with_code: bool = False, pdf: bool = False
) -> Path:
    """Render the chapters of the last run once more; nothing is executed.

    Parameters
    ----------
    path : Path
        The parameters file.
    options : RunOptions
        Data folder and output folder of the run.
    to, with_code, pdf
        As in ``toolkit.study.book.build.render``.

    Raises
    ------
    OutputError
        If ``to`` exists or lies in the data.
    """
    opened = _open(path, options)
    for source in (opened.folder, options.archive):
        if source is not None and lies_in(to, source):
            msg = f"{to.name} is inside the data folder, which is only read; name another place"
            raise OutputError(msg)
    with opened.workspace.locked():
        index = opened.index()
        edition = Edition(
            parameters=opened.parameters,
            planned=opened.planned,
            finished=_finished_before(opened, index, {}),
            index=index,
        )
        render(edition, opened.workspace, to, with_code=with_code, pdf=pdf)
    return to


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """A study whose parameters and folders were found to be in order."""

    parameters: StudyParameters
    planned: Sequence[PlannedChapter]
    folder: Path | None
    archive: str
    workspace: Workspace

    def index(self) -> StudyIndex:
        """Return the index of the tables, which are made if they are not there yet."""
        made = prepare_tables(self.parameters, self.folder, self.workspace)
        return replace(made, archive=self.archive)


def _open(path: Path, options: RunOptions) -> _Opened:
    """Check parameters, chapters and folders; nothing is written."""
    parameters = load_parameters(path)
    planned = plan_chapters(parameters, path)
    folder = data_folder(parameters, options.data)
    workspace = Workspace(options.out or Path("reports") / parameters.study)
    archive = archive_folder(parameters, options.archive)
    for source in (folder, options.archive):
        if source is not None:
            workspace.refuse_inside(source)
    return _Opened(
        parameters=parameters,
        planned=planned,
        folder=folder,
        archive=archive,
        workspace=workspace,
    )


def _finished_before(opened: _Opened, index: StudyIndex, states: dict[str, State]) -> Finished:
    """Return the chapters whose last run is still valid; fills ``states`` for all of them."""
    finished = Finished()
    for chapter in sorted(opened.planned, key=lambda planned: planned.reads_records):
        available = finished.record_hashes() if chapter.reads_records else index.inputs
        state = chapter_state(chapter, available, opened.workspace)
        states[chapter.name] = state
        if reason := chapter.lacking(index):
            finished.left_out[chapter.name] = reason
        elif state.folder is None:
            finished.not_run[chapter.name] = "not run since it changed; say study run"
        else:
            finished.folders[chapter.name] = state.folder
    return finished


def _run_chapters(
    opened: _Opened, wanted: set[str], index: StudyIndex, options: RunOptions
) -> Finished:
    """Run the chapters that need it: first those on tables, then those on the records."""
    finished = Finished()
    tables = [chapter for chapter in opened.planned if not chapter.reads_records]
    rest = [chapter for chapter in opened.planned if chapter.reads_records]
    workspace = opened.workspace
    _run_wave(tables, wanted, index, index.inputs, finished, workspace, options)
    if rest:
        available = finished.record_hashes()
        with_records = _index_with_records(tables, index, finished, workspace)
        _run_wave(rest, wanted, with_records, available, finished, workspace, options)
    return finished


def _index_with_records(
    tables: Sequence[PlannedChapter],
    index: StudyIndex,
    finished: Finished,
    workspace: Workspace,
) -> StudyIndex:
    """Return the index for chapters that read the other chapters' records."""
    places = {name: folder / "record.json" for name, folder in finished.folders.items()}
    content = {
        **index.content,
        "records": [
            {"name": chapter.name, "file": str(places[chapter.name].relative_to(workspace.work))}
            for chapter in tables
            if chapter.name in places
        ],
        "not_complete": finished.not_complete,
        "work": str(workspace.work),
    }
    path = index.path.with_name("index-records.json")
    write_atomic(path, to_json(content))
    return replace(index, path=path, content=content)


def _run_wave(
    planned: Sequence[PlannedChapter],
    wanted: set[str],
    index: StudyIndex,
    available: Mapping[str, str],
    finished: Finished,
    workspace: Workspace,
    options: RunOptions,
) -> None:
    """Run those of some independent chapters whose last run is not valid any more."""
    to_run: list[PlannedChapter] = []
    for chapter in planned:
        state = chapter_state(chapter, available, workspace)
        if reason := chapter.lacking(index):
            finished.left_out[chapter.name] = reason
        elif state.folder is not None:
            finished.folders[chapter.name] = state.folder
        elif wanted and chapter.name not in wanted:
            finished.not_run[chapter.name] = "not among the chapters asked for"
        else:
            to_run.append(chapter)
    if to_run:
        refuse_misfits(to_run, index)
        _execute(to_run, index, available, finished, workspace, options)


def _execute(
    to_run: Sequence[PlannedChapter],
    index: StudyIndex,
    available: Mapping[str, str],
    finished: Finished,
    workspace: Workspace,
    options: RunOptions,
) -> None:
    """Execute notebooks and keep each that ran to its end and left a record."""
    from toolkit.study.run.execute import ChapterJob, ChapterOutcome, execute_chapters

    by_name = {chapter.name: chapter for chapter in to_run}
    scratch = {chapter.name: workspace.scratch(chapter.name) for chapter in to_run}

    def done(outcome: ChapterOutcome) -> None:
        if outcome.machine:
            raise MachineError(outcome.name, outcome.cause)
        chapter, folder = by_name[outcome.name], scratch[outcome.name]
        cause = outcome.cause
        if outcome.status == "complete":
            cause = _complete_record(chapter, folder, available)
        if cause:
            finished.failed[chapter.name] = cause
            workspace.keep(folder, workspace.work / "failed" / chapter.name)
        else:
            record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
            place = keep_chapter(chapter, folder, record["inputs"], workspace)
            finished.folders[chapter.name] = place
        finished.executed.append(chapter.name)
        options.progress(chapter.name, len(finished.executed), len(to_run))

    jobs = [
        ChapterJob(
            name=chapter.name,
            notebook=chapter.chapter.path,
            parameters={
                **chapter.parameters,
                "tables": str(_index_of(chapter, index)),
                "part": chapter.part,
                "record": str(scratch[chapter.name] / "results.json"),
                **_archive_of(chapter, index),
            },
            executed=scratch[chapter.name] / "executed.ipynb",
            working_folder=scratch[chapter.name],
            time_limit_s=options.time_limit_s,
        )
        for chapter in to_run
    ]
    options.progress("chapters", 0, len(jobs))
    execute_chapters(jobs, workers=options.workers, on_done=done)


def _archive_of(planned: PlannedChapter, index: StudyIndex) -> dict[str, str]:
    """Return the parameter that names the archive, for a chapter that shows pictures."""
    return {"archive": index.archive} if PICTURES in planned.chapter.needs else {}


def _index_of(planned: PlannedChapter, index: StudyIndex) -> Path:
    """Return the index that a chapter reads: its own, with its number, the plan and blinding."""
    told = {"plan": planned.told} if planned.told else {}
    path = index.path.with_name(f"index-of-{planned.name}.json")
    write_atomic(path, to_json({**index.content, "label": planned.label, **told}))
    return path


def _complete_record(planned: PlannedChapter, folder: Path, available: Mapping[str, str]) -> str:
    """Turn what the notebook saved into the chapter's record, or return why that failed."""
    try:
        saved = read_json(folder / "results.json")
    except ValueError:
        return "its record is not strict JSON"
    if saved is None:
        return "it ran to its end but saved no record; end it with save_record(...)"
    unknown = sorted(set(saved["inputs"]) - set(available))
    if unknown:
        return f"it read {', '.join(unknown)}, which the study does not have"
    record = {
        "format": 1,
        "chapter": planned.chapter.name,
        "name": planned.name,
        "number": planned.label,
        "parameters": {**planned.parameters, "part": planned.part},
        "toolkit": __version__,
        **saved,
    }
    write_atomic(folder / "record.json", to_json(record))
    (folder / "results.json").unlink()
    return ""


def summary(report: RunReport) -> dict[str, Any]:
    """Return counts and reasons for the command line."""
    finished = report.finished
    return {
        "executed": len(finished.executed),
        "reused": len(finished.folders) - len(set(finished.executed) & set(finished.folders)),
        "failed": finished.failed,
        "left_out": finished.left_out,
        "not_run": finished.not_run,
    }
