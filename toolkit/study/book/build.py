"""The book of a run: its pages and first page made from the records, and its delivery."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from toolkit import __version__
from toolkit.chapters.planned import plan_pill
from toolkit.study.book import BookChapter, FrontPage, Pill, build_book, pdf_book
from toolkit.study.book.front import Front
from toolkit.study.book.trail import Trail, data_items, version_items
from toolkit.study.parameters.file import StudyParameters
from toolkit.study.parameters.plan import lock_text, plain_plan, plan_hash
from toolkit.study.run.fingerprint import (
    PACKAGE,
    VerifyError,
    environment,
    module_hashes,
    sha256_folder,
    sha256_json,
    verify,
    write_manifest,
)
from toolkit.study.run.intake import StudyIndex
from toolkit.study.run.plan import Finished, PlannedChapter
from toolkit.study.run.workspace import OutputError, Workspace, read_json, to_json, write_atomic

BOOK_ASSETS = PACKAGE / "study" / "book"
ORIGINS: dict[str, Any] = {
    "simulated": "Simulated data",
    "public": "Public data set",
    "study": "Study data",
}


@dataclass(frozen=True, kw_only=True)
class Edition:
    """All that a book is made from.

    Parameters
    ----------
    parameters : StudyParameters
        The parameters file.
    planned : sequence of PlannedChapter
        Chapters in the order of the book.
    finished : Finished
        How each of them stands.
    index : StudyIndex
        The data.
    """

    parameters: StudyParameters
    planned: Sequence[PlannedChapter]
    finished: Finished
    index: StudyIndex

    def pages(self) -> tuple[list[BookChapter], FrontPage]:
        """Return the chapters and the first page."""
        plan = self.parameters.plan
        plain = None if plan is None else plain_plan(plan, self.parameters.analysis.ci_level)
        front = Front([_book_chapter(one, self) for one in self.planned], plain)
        return front.chapters(), _front_page(self, front)


def _status(name: str, finished: Finished) -> Literal["complete", "failed", "left_out", "not_run"]:
    """Return how a chapter stands."""
    if name in finished.folders:
        return "complete"
    if name in finished.failed:
        return "failed"
    return "left_out" if name in finished.left_out else "not_run"


def _trail(
    planned: PlannedChapter,
    record: Mapping[str, Any],
    state: Mapping[str, Any],
    edition: Edition,
) -> Trail:
    """Return what a chapter was made from: what decided whether it had to run again."""
    code = state["code"]
    return Trail(
        parameters=record["parameters"],
        data=data_items(record["inputs"], edition.index.content["parts"]),
        plan=_plan_items(edition.parameters),
        versions=version_items(
            record["toolkit"], state["environment"], sha256_json(state["environment"])
        ),
        code=[
            (planned.chapter.path.name, f"sha256 {state['notebook']}"),
            (f"{len(code)} modules of the toolkit", f"sha256 {sha256_json(code)}"),
        ],
    )


def _plan_items(parameters: StudyParameters) -> list[tuple[str, str]]:
    """Return the hash of the plan and its lock, or that there is none."""
    plan = parameters.plan
    if plan is None:
        return [("plan", "none: nothing here is a confirmatory result")]
    return [
        ("plan", f"sha256 {plan_hash(plan, parameters.analysis.ci_level)}\u2026"),
        ("locked", lock_text(plan) or "not locked"),
    ]


def _book_chapter(planned: PlannedChapter, edition: Edition) -> BookChapter:
    """Return what the book shows of a chapter; what its answer may conclude is added later."""
    name, finished = planned.name, edition.finished
    folder = finished.folders.get(name)
    record = read_json(folder / "record.json") if folder else None
    state = read_json(folder / "state.json") if folder else None
    headline = record["headline"] if record else {}
    return BookChapter(
        name=name,
        number=planned.label,
        title=planned.entry.title or planned.chapter.title,
        question=planned.chapter.question,
        part=planned.chapter.part,
        status=_status(name, finished),
        reason={**finished.failed, **finished.left_out, **finished.not_run}.get(name, ""),
        answer=headline.get("answer", ""),
        marks=tuple(headline.get("marks", ())),
        notebook=folder / "executed.ipynb" if folder else None,
        record=record,
        trail=_trail(planned, record, state, edition) if record and state else None,
    )


def _front_page(edition: Edition, front: Front) -> FrontPage:
    """Return what the book's first page says, made from the records."""
    parameters, index, plan = edition.parameters, edition.index, edition.parameters.plan
    return FrontPage(
        title=parameters.title,
        subtitle=parameters.subtitle,
        language=parameters.language,
        origin=ORIGINS[parameters.data_origin],
        pills=(
            plan_pill(None if plan is None else lock_text(plan)),
            Pill(f"data {index.data_hash[:8]}", "hash"),
        ),
        answer=front.answer[0],
        claimed=front.answer[1],
        claims=front.claims(),
        estimates=front.estimates(),
        blinded=bool(parameters.blinded),
        partial=bool(edition.finished.not_run),
        provenance=f"data {index.data_hash[:8]} · toolkit {__version__} · manifest.json",
    )


def deliver(
    edition: Edition, workspace: Workspace, *, progress: Callable[[str, int, int], None]
) -> None:
    """Build the book if anything in it changed, and swap the link to it.

    Parameters
    ----------
    edition : Edition
        What the book is made from.
    workspace : Workspace
        Where it goes.
    progress : callable
        Told when the book is begun and when it is done.
    """
    chapters, front = edition.pages()
    key = sha256_json(
        {
            "front": repr(front),
            "chapters": [repr(chapter) for chapter in chapters],
            "inputs": edition.index.inputs,
            "code": module_hashes("toolkit.study.book", "toolkit.study.book.build"),
            "assets": sha256_folder(BOOK_ASSETS),
            "environment": environment(),
        }
    )
    state = workspace.work / "delivered.json"
    last = workspace.noted(state.name)
    if last.get("key") == key and _stands(workspace, last.get("tree")):
        return
    progress("book", 0, 1)
    scratch = workspace.scratch("book")
    site = scratch / "site"
    build_book(site, front=front, chapters=chapters, scratch=scratch / "scratch")
    name = write_manifest(
        site,
        study=edition.parameters.study,
        inputs={key: value for key, value in edition.index.inputs.items() if key != "sources"},
        chapters={c.name: {"status": c.status, "reason": c.reason} for c in chapters},
    )
    workspace.deliver(site, name)
    shutil.rmtree(scratch)
    write_atomic(state, to_json({"key": key, "tree": name}))
    progress("book", 1, 1)


def _stands(workspace: Workspace, tree: str | None) -> bool:
    """Whether the link names this tree and every file of it is as it was delivered."""
    delivered = workspace.delivered
    if delivered is None or delivered.name != tree:
        return False
    try:
        verify(delivered)
    except VerifyError:
        workspace.made_again.append("the book")
        return False
    return True


def render(edition: Edition, workspace: Workspace, to: Path, *, with_code: bool, pdf: bool) -> None:
    """Build the book once more into a new folder, or as one PDF.

    Parameters
    ----------
    edition : Edition
        What the book is made from.
    workspace : Workspace
        Where scratch files go.
    to : Path
        The new folder or PDF file.
    with_code : bool
        Whether each cell's code is shown.
    pdf : bool
        Whether one PDF is made, which needs Chromium.

    Raises
    ------
    OutputError
        If ``to`` exists.
    BookError
        If a PDF is wanted and there is no Chromium.
    """
    if os.path.lexists(to):
        msg = f"{to.name} exists; name a new {'file' if pdf else 'folder'}, nothing was written"
        raise OutputError(msg)
    chapters, front = edition.pages()
    scratch = workspace.scratch("render")
    site = scratch / "site"
    build_book(
        site,
        front=front,
        chapters=chapters,
        scratch=scratch / "scratch",
        with_code=with_code,
    )
    to.parent.mkdir(parents=True, exist_ok=True)
    if pdf:
        pdf_book(site, to)
    else:
        shutil.move(site, to)
    shutil.rmtree(scratch)
