"""What a study's chapters would refuse, told before any of them runs.

First the parameters that hang on the data, then the analysis itself: the cells of the notebook up
to the one that makes ``study``, in this process, on tables in memory. So nothing that a chapter
refuses can pass, whatever the reason; all analyses of the demo take three seconds together.
"""

from __future__ import annotations

import ast
import json
import warnings
from code import InteractiveInterpreter
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.study.parameters.chapters import data_faults, source_of
from toolkit.study.parameters.file import ParametersError
from toolkit.study.parameters.rules import PartFacts, part_facts
from toolkit.study.run.intake import StudyIndex
from toolkit.study.run.plan import PlannedChapter

if TYPE_CHECKING:
    import pandas as pd

    Frames = Mapping[str, Mapping[str, pd.DataFrame]]

STUDY, ANALYSE = "study", "analyse"  # a chapter's analysis: study = analysis.analyse(...)
PRINTING = ("banner", "headline", "say", "show")  # of toolkit.study.notebook; there is no page


def refusals(planned: Sequence[PlannedChapter], frames: Frames) -> list[str]:
    """Return why chapters would fail on a study's tables, one line a fault, or an empty list.

    Chapters that would be left out, and those that read the others' records, are passed over.

    Parameters
    ----------
    planned : sequence of PlannedChapter
        The chapters with their parameters.
    frames : mapping
        Canonical tables by part and name.
    """
    index = _index_of(frames)
    faults: list[str] = []
    facts = {part: part_facts(tables) for part, tables in frames.items()}
    for chapter in planned:
        if chapter.reads_records or chapter.lacking(index):
            continue
        found = misfits(chapter, facts)
        if not found and (cause := _refusal(chapter, frames)):
            found = [f"{chapter.name}: {cause}"]
        faults.extend(found)
    return faults


def misfits(chapter: PlannedChapter, facts: Mapping[str, PartFacts]) -> list[str]:
    """Return each parameter of a chapter that asks for what its part of the data does not have."""
    if chapter.part not in facts:
        return []
    found = data_faults(chapter.chapter, chapter.parameters, facts[chapter.part])
    return [f"{chapter.name}: {fault}" for fault in found]


def refuse_misfits(planned: Sequence[PlannedChapter], index: StudyIndex) -> None:
    """Raise where a parameter of a chapter asks for what the data in the work folder do not have.

    Raises
    ------
    ParametersError
        With all such parameters of all chapters.
    """
    import pandas as pd

    facts = {
        part: part_facts(
            {
                name: pd.read_parquet(index.path.parent / entry["file"])
                for name, entry in index.content["parts"][part].items()
            }
        )
        for part in {chapter.part for chapter in planned} & set(index.content["parts"])
    }
    if faults := [fault for chapter in planned for fault in misfits(chapter, facts)]:
        raise ParametersError(faults)


def _index_of(frames: Frames) -> StudyIndex:
    """Return which columns have values, as a run's index says it, as if there were pictures."""
    parts = {
        part: {
            name: {"filled": [str(c) for c in frame.columns if frame[c].notna().any()]}
            for name, frame in tables.items()
        }
        for part, tables in frames.items()
    }
    return StudyIndex(path=Path(), content={"parts": parts}, archive="demo")


class _Cells(InteractiveInterpreter):
    """Runs cells one after the other in this process, and lets what one raises pass."""

    def showtraceback(self) -> None:
        """Raise again what a cell raised."""
        raise  # the interpreter calls this where it caught it


def _refusal(chapter: PlannedChapter, frames: Frames) -> str:
    """Return why a chapter's analysis stops, or an empty text."""
    from toolkit.study.notebook import StudyTables

    class InMemory(StudyTables):
        """The tables of one part, none of which lies in a file."""

        def _parts(self) -> Frames:
            return frames

    def load_tables(_tables: str, *, part: str, chapter: str, **_more: Any) -> StudyTables:
        """Take the place of the notebook's own, which reads files and begins a page."""
        del chapter
        return InMemory(None, None, part)

    notebook = json.loads(chapter.chapter.path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    cells = _Cells(names)
    given = {**chapter.parameters, "part": chapter.part, "record": ""}
    replaced = {**dict.fromkeys(PRINTING, _nothing), "load_tables": load_tables}
    try:
        with redirect_stdout(StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for source, is_parameters in _cells_to_study(notebook["cells"]):
                cells.runcode(compile(source, chapter.name, "exec"))
                names.update(given if is_parameters else replaced)
    except (Exception, SystemExit) as error:  # whatever stops it would stop the run
        return f"{error}" if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return ""


def _cells_to_study(cells: Sequence[Mapping[str, Any]]) -> list[tuple[str, bool]]:
    """Return the code up to the cell that makes ``study``, and which cell has the parameters.

    Without such a cell there is no analysis apart from the page, so nothing is returned.
    """
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, start=1):
        if any(_makes_study(node) for node in ast.parse(source_of(cell)).body):
            return [
                (source_of(c), "parameters" in c.get("metadata", {}).get("tags", []))
                for c in code[:number]
            ]
    return []


def _makes_study(node: ast.stmt) -> bool:
    """Whether a statement is ``study = analysis.analyse(...)``."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(attr=verb))):
            return (name, verb) == (STUDY, ANALYSE)
    return False


def _nothing(*_arguments: Any, **_named: Any) -> None:
    """Print nothing."""
