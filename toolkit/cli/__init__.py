"""The ``study`` command: thin, every line of work lies in toolkit.study."""

from __future__ import annotations

from typing import Annotated

import typer

from toolkit import __version__
from toolkit.cli import archives, study

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=(
        "Run a reader study of AI in mammography, from its files to the book for reviewers.\n\n"
        "A study is one parameters file: which tables lie in which files, and which chapters its "
        "book has. Start with the embedded, simulated one:\n\n"
        "  study run parameters/demo.yaml          then open reports/demo/index.html\n\n"
        "  study run froc.xlsx                     the file of RJafroc or another program\n\n"
        "  study new mystudy.yaml                  a file of your own, with every parameter\n\n"
        "  study check mystudy.yaml --data FOLDER  all that is wrong with it and its data\n\n"
        "  study export reports/demo demo.zip      the book as one file, to be passed on"
    ),
)


def _version(value: bool) -> None:
    """Print the version and stop."""
    if value:
        typer.echo(f"reader-study-toolkit {__version__}")
        raise typer.Exit


@app.callback()
def _study(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep the version flag beside the commands."""


app.add_typer(study.app)
app.add_typer(archives.app)


def main() -> None:
    """Run the command."""
    app()
