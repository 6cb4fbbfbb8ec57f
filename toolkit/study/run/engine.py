"""How papermill runs a chapter here: against our kernels, under one time limit, judged strictly.

papermill injects the parameters and keeps the state of each cell. It believes too much, though:
it calls a cell complete whose kernel died, takes ``SystemExit(0)`` for success and has no limit on
outputs. So the verdict is made here, from what was seen of the kernel.
"""

# mypy: disable-error-code="no-untyped-call"
# (nbformat is typed in part only)

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from toolkit.study.run.faults import killed_by_machine, names_machine_fault
from toolkit.study.run.kernels import KernelError, Kernels, RunningKernel, exit_in_words

LARGEST_OUTPUT = 10_000_000  # characters of all outputs of a chapter
_FOREVER_S = 10**6  # the chapter's own time limit comes first
_BELOW_CELL = "------------------"  # nbclient writes the cell and what it printed above it

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # every failure is told as a cause in words


@dataclass
class Verdict:
    """How a chapter ended: no cause means that every cell ran to its end.

    Parameters
    ----------
    cause : str
        Why it failed, in words; empty if it did not.
    cell : int or None
        The code cell that was running, as JupyterLab numbers it in the executed notebook.
    machine : bool
        Whether the machine failed, not the chapter.
    """

    cause: str = ""
    cell: int | None = None
    machine: bool = False


def run_notebook(
    notebook: Path,
    *,
    parameters: Mapping[str, Any],
    working_folder: Path,
    time_limit_s: float,
    kernels: Kernels,
) -> tuple[dict[str, Any], Verdict]:
    """Run a notebook with parameters and return it with its outputs and the verdict.

    Parameters
    ----------
    notebook : Path
        Only read.
    parameters : mapping
        Parameter name to value; checked before.
    working_folder : Path
        Where its kernel runs.
    time_limit_s : float
        Limit for all of it, from the start of the kernel.
    kernels : Kernels
        Where its kernel comes from.
    """
    node = _load(notebook)
    if parameters:
        node = parameterize_notebook(
            node, dict(parameters), kernel_name="python3", language="python"
        )
    verdict = Verdict()
    node = ChapterEngine.execute_notebook(
        node,
        "python3",
        progress_bar=False,
        autosave_cell_every=0,
        verdict=verdict,
        kernels=kernels,
        working_folder=working_folder,
        time_limit_s=time_limit_s,
    )
    return node, verdict


def _load(path: Path) -> nbformat.NotebookNode:
    """Return a notebook as papermill wants it; its cells are named by position."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for number, cell in enumerate(content["cells"], start=1):
        cell["id"] = f"cell-{number}"  # older notebooks have none, and nbformat would warn
    content.update(nbformat=4, nbformat_minor=5)
    node: nbformat.NotebookNode = load_notebook_node(nbformat.from_dict(content))
    return node


class ChapterEngine(Engine):  # type: ignore[misc]  # papermill has no types
    """The papermill engine for chapters."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        _kernel_name: str,
        *,
        verdict: Verdict,
        kernels: Kernels,
        working_folder: Path,
        time_limit_s: float,
        **_ignored: Any,
    ) -> None:
        """Run all cells and fill in the verdict."""
        asyncio.run(_run_cells(nb_man, verdict, kernels, working_folder, time_limit_s))


async def _run_cells(
    manager: NotebookExecutionManager,
    verdict: Verdict,
    kernels: Kernels,
    working_folder: Path,
    time_limit_s: float,
) -> None:
    """Run all cells in a new kernel and say how that ended."""
    client: ChapterClient | None = None
    try:
        async with (
            asyncio.timeout(time_limit_s) as limit,
            kernels.running(working_folder) as kernel,
        ):
            client = ChapterClient(manager, kernel)
            await client.run()
    except (CellExecutionError, DeadKernelError, KernelError, TimeoutError) as error:
        if client is not None and client.code_cells_executed:
            verdict.cell = client.code_cells_executed
        place = (
            "while the kernel was starting" if verdict.cell is None else f"in cell {verdict.cell}"
        )
        if limit.expired():
            verdict.cause = f"time limit of {time_limit_s:g} s passed {place}"
        elif isinstance(error, CellExecutionError):
            verdict.cause = _raised(verdict.cell, error)
            raised = error.traceback.rpartition(_BELOW_CELL)[2]
            verdict.machine = names_machine_fault(f"{verdict.cause}\n{raised}")
        elif isinstance(error, KernelError) or client is None:
            verdict.cause = str(error)
            verdict.machine = getattr(error, "machine", False) or names_machine_fault(str(error))
        else:
            verdict.cause = client.death_in_words(place)
            verdict.machine = client.killed_by_machine
    else:
        verdict.cell = _first_unfinished(manager.nb)
        if verdict.cell is not None:
            verdict.cause = f"cell {verdict.cell} did not run to its end"


def _raised(cell: int | None, error: CellExecutionError) -> str:
    """Return in words what a cell raised."""
    if error.ename == "SystemExit":
        return f"cell {cell} ended the notebook early: SystemExit {error.evalue}".rstrip()
    return f"cell {cell} raised {error.ename}: {error.evalue}".rstrip(": ")


def _first_unfinished(node: nbformat.NotebookNode) -> int | None:
    """Return the number of the first code cell without proof that it ran to its end, or None."""
    cells = [c for c in node.cells if c.cell_type == "code" and c.source.strip()]
    for number, cell in enumerate(cells, start=1):
        failed = any(output.output_type == "error" for output in cell.outputs)
        completed = cell.metadata.papermill.status == NotebookExecutionManager.COMPLETED
        if failed or not completed or cell.execution_count != number:
            return number
    return None


class ChapterClient(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
    """Runs cells in a kernel that is already there, and notes what papermill overlooks.

    Parameters
    ----------
    manager : NotebookExecutionManager
        papermill's state of the notebook.
    kernel : RunningKernel
        Connected.
    """

    def __init__(self, manager: NotebookExecutionManager, kernel: RunningKernel) -> None:
        super().__init__(
            manager,
            km=kernel.manager,
            log=_log,
            timeout=None,
            iopub_timeout=_FOREVER_S,
            shell_timeout_interval=1,
            coalesce_streams=True,
            force_raise_errors=True,
            record_timing=False,
            store_widget_state=False,
            skip_cells_with_tag="",
            on_cell_executed=self._note_exit,
        )
        self.kc = kernel.client
        self.kc.allow_stdin = False
        self._kernel = kernel
        self._output_size = 0
        self._exit_asked = False

    async def run(self) -> None:
        """Run all cells, then ask the kernel once more whether it is there."""
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, index)
            try:
                await self.async_execute_cell(cell, index)
            except Exception as error:
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                raise
            finally:
                self.nb_man.cell_complete(cell, cell_index=index)
        await self.async_wait_for_reply(self.kc.kernel_info())

    def _note_exit(self, execute_reply: Mapping[str, Any], **_ignored: Any) -> None:
        """Stop where a cell called ``exit()``: the kernel ends a moment after its reply."""
        payload = execute_reply["content"].get("payload", [])
        if any(item.get("source") == "ask_exit" for item in payload):
            self._exit_asked = True
            raise DeadKernelError

    def process_message(
        self, msg: dict[str, Any], cell: nbformat.NotebookNode, cell_index: int
    ) -> nbformat.NotebookNode | None:
        """Take an output, unless the chapter has made too many."""
        content = msg["content"]
        parts = [content.get("text", ""), *(content.get("data") or {}).values()]
        if self._too_much:
            return None
        self._output_size += sum(len(part) for part in parts if isinstance(part, str))
        if self._too_much:
            self._kernel.kill()
            return None
        output: nbformat.NotebookNode | None = super().process_message(msg, cell, cell_index)
        return output

    @property
    def _too_much(self) -> bool:
        """Whether the kernel was killed because it wrote too much."""
        return self._output_size > LARGEST_OUTPUT

    @property
    def killed_by_machine(self) -> bool:
        """Whether the system ended the kernel, known after it was closed."""
        code = self._kernel.exit_code
        return not self._too_much and code is not None and killed_by_machine(code)

    def death_in_words(self, place: str) -> str:
        """Return why the kernel is gone, after it was closed."""
        if self._exit_asked:
            return f"kernel died {place}: the cell called exit()"
        if self._too_much:
            return f"more than {LARGEST_OUTPUT / 1e6:g} million characters of output {place}"
        if self._kernel.exit_code is None:
            return f"kernel was stopped {place}"
        return f"kernel died {place}: {exit_in_words(self._kernel.exit_code)}"
