"""Commands for a study: from its parameters file to the book, and what is asked on the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.terminal import (
    ArchiveFolder,
    Book,
    Chapters,
    DataFolder,
    NamedAi,
    OutFolder,
    ParametersFile,
    Progress,
    ShowValues,
    StudyOrParameters,
    fail,
    guarded,
    refuse_values_off_terminal,
    short,
)

if TYPE_CHECKING:
    from toolkit.study.imports.from_file import MadeStudy
    from toolkit.study.run.run import RunReport

app = typer.Typer()


@app.command()
def check(
    file: StudyOrParameters,
    data: DataFolder = None,
    show_values: ShowValues = False,
) -> None:
    """Say everything that is wrong with a parameters file and its data; write nothing.

    Each chapter's analysis is tried, so that no chapter refuses later what passed here.

    Another program's file (see run) is checked by itself.
    """
    from toolkit.study.imports.from_file import file_account, is_study_file
    from toolkit.study.run.run import check_study

    refuse_values_off_terminal(show_values)
    if is_study_file(file):
        refuse_data(file, data)
        faults, notes = file_account(file, show_values=show_values)
    else:
        notes = []
        faults = check_study(file, data=data, show_values=show_values)
    if faults:
        word = "fault" if len(faults) == 1 else "faults"
        fail("\n".join([f"{len(faults)} {word} in {file.name} and its data:", *faults]))
    for note in notes:
        typer.echo(f"note: {note}")
    typer.echo(f"{file.name}: nothing wrong{_plan_account(file)}")


def _plan_account(file: Path) -> str:
    """Return how the plan of a right file is locked, with the hash that a lock needs."""
    from toolkit.study.imports.from_file import is_study_file
    from toolkit.study.parameters.file import load_parameters
    from toolkit.study.parameters.plan import lock_text, plan_hash

    if is_study_file(file):
        return ""
    study = load_parameters(file)
    if study.plan is None:
        return "; no plan: the book holds estimates only"
    if study.plan.locked is not None:
        return f"; plan locked {lock_text(study.plan)}"
    now = plan_hash(study.plan, study.analysis.ci_level)
    return f"; plan not locked: to lock it, add `locked: {{on: YEAR-MONTH-DAY, hash: {now}}}` to it"


@app.command()
def run(
    file: StudyOrParameters,
    data: DataFolder = None,
    archive: ArchiveFolder = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where the book goes, or the study of another program's file.  "
            "[default: reports/<study>, or NAME-study beside the file]",
        ),
    ] = None,
    chapters: Chapters = "",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Chapters that run at a time.")] = 2,
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=1, metavar="SECONDS", help="Limit for one chapter.")
    ] = 1800.0,
    ai: NamedAi = None,
) -> None:
    """Run a study's chapters and deliver its book.

      study run mystudy.yaml --data FOLDER   a parameters file and its tables

      study run froc.xlsx                    the file of another program, and nothing else

    A chapter is run again only if its parameters, tables, notebook, code or environment changed.

    From another program's file (JAFROC .xlsx, iMRMC .imrmc, OR-DBM MRMC .lrc or .csv, told by
    its header) the first run makes the folder NAME-study: tables, a parameters file study.yaml
    with every parameter explained, and the book. Where one of its readers is an AI, --ai names it
    and the others are compared with it. To change the analysis edit study.yaml and say
    the same again: what you changed stays. If the file changes, name a new folder.

    Exit status: 0 all chapters complete, 1 a chapter failed, 2 wrong input, or a fault of the
    machine (full disk, no memory): then the book is as it was.
    """
    from toolkit.study.imports.from_file import is_study_file
    from toolkit.study.run.run import RunOptions, run_study

    source = file if is_study_file(file) else None
    if source is not None:
        made = made_from(source, out, data, ai)
        file, data, out = made.parameters, made.tables, made.book
    elif ai is not None:
        fail("--ai: only for another program's file; a parameters file has a readers table")
    progress = Progress()
    options = RunOptions(
        data=data,
        archive=archive,
        out=out,
        chapters=tuple(word.strip() for word in chapters.split(",") if word.strip()),
        workers=jobs,
        time_limit_s=time_limit,
        progress=progress,
    )
    report = guarded(lambda: run_study(file, options))
    progress.close()
    say_what_was_done(report)
    if source is not None:
        typer.echo(f"to change the analysis edit {short(file)}, then run {source.name} again")
    if not report.complete:
        raise typer.Exit(1)


@app.command()
def why(
    file: ParametersFile,
    data: DataFolder = None,
    archive: ArchiveFolder = None,
    out: OutFolder = None,
) -> None:
    """Say of each chapter whether it would run again, and what changed; run nothing."""
    from toolkit.study.run.run import RunOptions, explain

    options = RunOptions(data=data, archive=archive, out=out)
    states = guarded(lambda: explain(file, options))
    for name, state in states.items():
        typer.echo(f"{name}: {', '.join(state.reasons) if state.reasons else 'unchanged'}")


@app.command()
def render(
    file: ParametersFile,
    to: Annotated[Path, typer.Argument(metavar="TO", help="Folder, or a file ending in .pdf.")],
    data: DataFolder = None,
    archive: ArchiveFolder = None,
    out: OutFolder = None,
    with_code: Annotated[
        bool, typer.Option("--with-code", help="Show the code of each cell.")
    ] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="One PDF; needs Chromium.")] = False,
) -> None:
    """Render the chapters of the last run once more: with their code, or as a PDF."""
    from toolkit.study.run.run import RunOptions, render_study

    options = RunOptions(data=data, archive=archive, out=out)
    place = guarded(lambda: render_study(file, options, to=to, with_code=with_code, pdf=pdf))
    typer.echo(f"written: {short(place)}")


@app.command()
def verify(book: Book) -> None:
    """Check every file of a delivered or exported book against its manifest."""
    from toolkit.study.run.fingerprint import manifest_hash
    from toolkit.study.run.fingerprint import verify as verify_tree

    count = guarded(lambda: verify_tree(book))
    typer.echo(f"{count} files are as they were delivered; manifest {manifest_hash(book)}")


@app.command()
def export(
    book: Book,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="New folder, or a file that ends with .zip.")
    ],
) -> None:
    """Write a delivered book as a folder or a zip file, to be copied, mailed or archived.

      study export reports/demo demo.zip     one file: unpack it, then open index.html

      study export reports/demo usb/demo     a folder: open index.html

    reports/demo itself is a link to the latest book, so `cp -r` would copy the link and not the
    book. The book is checked against its manifest first, and `study verify` checks what was
    exported. An earlier export at OUT is replaced if it is whole; anything else there is refused.
    """
    from toolkit.study.run.export import export_book

    done = guarded(lambda: export_book(book, out))
    what = "open" if done.first_page == "index.html" else "unpack it and open"
    typer.echo(f"written: {short(done.out)}, {done.n_files} files; {what} {done.first_page}")


@app.command()
def new(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="File to write; with --from a folder.", show_default=False
        ),
    ] = None,
    chapters: Chapters = "",
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="IN", help="Reader study of another program (see run)."),
    ] = None,
    ai: NamedAi = None,
) -> None:
    """Write a parameters file with every parameter of every chapter, its type and its help.

    study new mystudy.yaml           to be filled in; must not exist

    study new --from froc.xlsx       filled in, with the tables, in the folder froc-study
    """
    from toolkit.study.parameters.new import new_parameters_file

    words = tuple(word.strip() for word in chapters.split(",") if word.strip())
    if source is not None:
        if words:
            fail("--chapters: with --from the file decides; take chapters out of study.yaml")
        made = made_from(source, file, None, ai)
        where = "" if file is None else f" --out {short(made.folder)}"
        next_command = f"study run {short(source)}{where}"
        typer.echo(f"next: read {short(made.parameters)}, then say `{next_command}`")
        return
    if file is None:
        fail("name the file to write, such as mystudy.yaml, or a study with --from")
    guarded(lambda: new_parameters_file(file, words))
    typer.echo(f"written: {short(file)}; next: name your files in it, then `study check`")


@app.command()
def selftest(
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html", help="Where the page goes.  [default: reports/selftest.html]"
        ),
    ] = None,
) -> None:
    """Recompute published results, other programs' numbers and exact answers on this installation.

    Writes a page for installation and operation qualification: what is installed, and every value
    with its source. Exit status: 0 all agree, 1 a value disagrees, 2 the page cannot be written.
    """
    from toolkit.study.selftest import DEFAULT_OUT, run_selftest, summary_lines

    progress = Progress(unit="case")
    place = out or DEFAULT_OUT
    findings = guarded(lambda: run_selftest(place, progress=progress))
    progress.close()
    for line in summary_lines(findings):
        typer.echo(line)
    typer.echo(f"page: {short(place)}")
    if findings.failed:
        raise typer.Exit(1)


def say_what_was_done(report: RunReport) -> None:
    """Print how each chapter stands that is not complete, the counts, and where the book is."""
    from toolkit.study.run.run import summary

    counts = summary(report)
    for state in ("failed", "left_out", "not_run"):
        for name, reason in counts[state].items():
            typer.echo(f"{state.replace('_', ' '):9} {name}: {reason}", err=state == "failed")
    if report.made_again:
        typer.echo(f"made again, since not as a run had left it: {', '.join(report.made_again)}")
    typer.echo(f"{counts['executed']} chapters executed, {counts['reused']} unchanged")
    typer.echo(f"book: {short(report.out / 'index.html')}")
    typer.echo(f"to pass it on: study export {short(report.out)} {report.out.name}.zip")


def made_from(source: Path, folder: Path | None, data: Path | None, ai: str | None) -> MadeStudy:
    """Make the study of another program's file, or find it, and say which."""
    from toolkit.study.imports.from_file import study_from_file

    refuse_data(source, data)
    made: MadeStudy = guarded(lambda: study_from_file(source, folder, ai=ai))
    for line in made.said:
        typer.echo(line)
    return made


def refuse_data(source: Path, data: Path | None) -> None:
    """Stop where a data folder is named beside a file that holds the data."""
    if data is not None:
        fail(f"--data: {source.name} holds the data itself; leave --data out")
