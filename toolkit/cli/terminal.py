"""What all commands share: arguments, one message for what is refused, a progress bar."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

ParametersFile = Annotated[Path, typer.Argument(metavar="FILE", help="Parameters file (YAML).")]
StudyOrParameters = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="Parameters file (YAML), or a reader study of another program."
    ),
]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder with the study's files; only read."),
]
ArchiveFolder = Annotated[
    Path | None,
    typer.Option(
        "--archive",
        metavar="DIR",
        help="Folder of the DICOM files that `study ingest` read, for the chapter that shows "
        "pictures; without it there is no such chapter.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Running dask scheduler, tcp://host:port."),
]
OutFolder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where the book goes.  [default: reports/<study>]"),
]
NamedAi = Annotated[
    str | None,
    typer.Option("--ai", metavar="READER", help="Reader of another program's file that is an AI."),
]
Book = Annotated[
    Path,
    typer.Argument(metavar="BOOK", help="A delivered book, such as reports/demo, or an export."),
]
ShowValues = Annotated[
    bool,
    typer.Option(
        "--show-values", help="Show identifying values in this terminal; never to a file."
    ),
]
Chapters = Annotated[
    str, typer.Option(metavar="LIST", help="Only these, by number or name: 05,06.")
]


def short(path: Path) -> str:
    """Return a path relative to the working folder where that is shorter."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def refuse_values_off_terminal(show_values: bool) -> None:
    """Stop where identifying values would reach a file."""
    if show_values and not sys.stdout.isatty():
        fail("--show-values prints identifying values, so only to a terminal; output is redirected")


def fail(message: str) -> NoReturn:
    """Print what is wrong and stop with exit status 2."""
    typer.echo(message, err=True)
    raise typer.Exit(2)


def guarded(action: Any) -> Any:
    """Run an action; what we or the system refuse ends with one message and status 2."""
    try:
        return action()
    except (ValueError, OSError, RuntimeError) as error:
        refused = type(error).__module__.split(".")[0] == "toolkit"
        if not refused and not isinstance(error, OSError):  # a fault of the code: show where
            raise
        fail(str(error) if refused else _system_fault(error))


def _system_fault(error: BaseException) -> str:
    """Return an operating system's refusal in words, without an absolute path."""
    name = getattr(error, "filename", None)
    reason = getattr(error, "strerror", None) or str(error)
    place = f" ({Path(str(name)).name})" if name else ""
    return f"{reason}{place}; nothing that was delivered before has changed"


class Progress:
    """A bar on the terminal for the chapters or cases, a word for the tables and the book."""

    def __init__(self, unit: str = "chapter") -> None:
        self._bar: Any = None
        self._unit = unit

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are finished, ``what`` being the last or the stage."""
        if what in ("tables", "book"):
            if done == 0:
                self.close()
                typer.echo(
                    {"tables": "reading tables", "book": "building the book"}[what], err=True
                )
            return
        from tqdm import tqdm

        if self._bar is None or done == 0:
            self.close()
            self._bar = tqdm(total=total, unit=self._unit, leave=False, disable=None)
        if done:
            self._bar.set_postfix_str(what)
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
