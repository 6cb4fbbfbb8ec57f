"""Run chapters: in parallel, each in a kernel of its own, each with one outcome.

A chapter is complete only if every cell ran to its end and the kernel lived until then. One that
fails says why in words and stops no other.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from toolkit.study.book.cleaning import MACHINE_PARAMETERS, Scrubber, clean_notebook
from toolkit.study.run.faults import is_machine_fault
from toolkit.study.run.kernels import Kernels, open_kernels
from toolkit.study.run.workspace import to_json, write_atomic

_LONGEST_CAUSE = 2000
_FEWEST_FORKED = 3  # chapters; fewer are done before a warm process has imported what they need


@dataclass(frozen=True, kw_only=True)
class ChapterJob:
    """A chapter to run.

    Parameters
    ----------
    name : str
        Its name in the study.
    notebook : Path
        Only read.
    parameters : mapping
        Checked, with ``tables``, ``part`` and ``record``.
    executed : Path
        Where the executed notebook is written, whole or not at all.
    working_folder : Path
        Where the kernel runs.
    time_limit_s : float
        Limit for all of it, from the start of its kernel.
    """

    name: str
    notebook: Path
    parameters: Mapping[str, Any]
    executed: Path
    working_folder: Path
    time_limit_s: float


@dataclass(frozen=True, kw_only=True)
class ChapterOutcome:
    """How a chapter ended.

    Parameters
    ----------
    name : str
        The job's name.
    status : {"complete", "failed"}
        Complete if every cell ran to its end and the executed notebook is written.
    cause : str
        Why it failed, in words and without paths; empty if it did not.
    cell : int or None
        The code cell where it failed, numbered as in the executed notebook, where the injected
        parameters are a cell.
    machine : bool
        Whether the machine failed (its disk or its memory), not the chapter.
    """

    name: str
    status: Literal["complete", "failed"]
    cause: str = ""
    cell: int | None = None
    machine: bool = False


def execute_chapters(
    jobs: Sequence[ChapterJob],
    *,
    workers: int,
    on_done: Callable[[ChapterOutcome], None],
) -> list[ChapterOutcome]:
    """Run chapters and return their outcomes in the order of the jobs.

    Parameters
    ----------
    jobs : sequence of ChapterJob
        Independent of each other.
    workers : int
        How many run at a time.
    on_done : callable
        Called in this thread with each outcome as it comes. If it raises, all kernels are killed
        and nothing more is run; so it is on an interrupt.

    Raises
    ------
    ValueError
        If there is no worker, or two jobs write the same file.
    KernelError
        If no kernel can be started at all.
    """
    if workers < 1:
        msg = f"workers must be at least 1, but got {workers}"
        raise ValueError(msg)
    written = Counter(job.executed for job in jobs)
    if repeated := [path.name for path, count in written.items() if count > 1]:
        msg = f"each job must write its own executed notebook, but {repeated[0]} is written twice"
        raise ValueError(msg)
    if not jobs:
        return []
    forked = sys.platform == "linux" and len(jobs) >= _FEWEST_FORKED
    with open_kernels(forked=forked) as kernels, ThreadPoolExecutor(max_workers=workers) as pool:
        _import_engine()  # while the warm process imports as well
        waiting = [pool.submit(execute_chapter, job, kernels=kernels) for job in jobs]
        try:
            for future in as_completed(waiting):
                on_done(future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            kernels.stop()
            raise
    return [future.result() for future in waiting]


def _import_engine() -> None:
    """Import the engine without what jsonschema would compile for a second: a grammar of IRIs.

    Notebooks hold none, so nobody misses its check.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # as if not installed
    import toolkit.study.run.engine  # noqa: F401

    if sys.modules["rfc3987_syntax"] is None:
        del sys.modules["rfc3987_syntax"]


def execute_chapter(job: ChapterJob, *, kernels: Kernels) -> ChapterOutcome:
    """Run one chapter and write its executed notebook, failed or not.

    Parameters
    ----------
    job : ChapterJob
        The chapter.
    kernels : Kernels
        Ready to start kernels.
    """
    from toolkit.study.run.engine import run_notebook

    scrubber = Scrubber(_folders(job))
    cell, machine = None, False
    try:
        executed, verdict = run_notebook(
            job.notebook,
            parameters=job.parameters,
            working_folder=job.working_folder,
            time_limit_s=job.time_limit_s,
            kernels=kernels,
        )
        cause, cell, machine = verdict.cause, verdict.cell, verdict.machine
        clean = clean_notebook(executed, parameters=job.parameters, scrubber=scrubber)
        write_atomic(job.executed, to_json(clean))
    except Exception as error:  # whatever it is, the other chapters go on
        cause = f"the chapter could not be run: {type(error).__name__}: {error}"
        machine = machine or is_machine_fault(error)
    if not cause:
        return ChapterOutcome(name=job.name, status="complete")
    cause = scrubber.paths_out(cause)
    if len(cause) > _LONGEST_CAUSE:
        cause = cause[: _LONGEST_CAUSE - 1] + "…"
    return ChapterOutcome(name=job.name, status="failed", cause=cause, cell=cell, machine=machine)


def _folders(job: ChapterJob) -> list[Path]:
    """Return the folders that paths in a chapter's outputs can point into."""
    folders = [job.working_folder, job.notebook.parent, job.executed.parent]
    paths = [Path(str(job.parameters.get(name, ""))) for name in MACHINE_PARAMETERS]
    return [*folders, *(path.parent for path in paths if path.is_absolute())]
