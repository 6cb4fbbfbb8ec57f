"""The ``study`` command: thin, every line of work lies in toolkit.study."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from toolkit import __version__

if TYPE_CHECKING:
    from toolkit.study.imports.from_file import MadeStudy

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
        "  study check mystudy.yaml --data FOLDER  all that is wrong with it and its data, at once"
    ),
)

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


class StudyFormat(StrEnum):
    """Formats of a reader study's file."""

    jafroc = "jafroc"
    imrmc = "imrmc"
    lrc = "lrc"
    csv = "csv"
    tables = "tables"


class StudyParadigm(StrEnum):
    """What the readers of a study did."""

    roc = "ROC"
    froc = "FROC"
    lroc = "LROC"
    roi = "ROI"


class Kernel(StrEnum):
    """Kinds of kernel."""

    forking = "forking"
    standard = "standard"


Book = Annotated[
    Path, typer.Argument(metavar="DIR", help="A delivered book, such as reports/demo.")
]


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


@app.command()
def check(
    file: StudyOrParameters,
    data: DataFolder = None,
    show_values: Annotated[
        bool,
        typer.Option(
            "--show-values", help="Show identifying values in this terminal; never to a file."
        ),
    ] = False,
) -> None:
    """Say everything that is wrong with a parameters file and its data; run and write nothing.

    Another program's file (see run) is checked by itself.
    """
    from toolkit.study.imports.from_file import file_account, is_study_file
    from toolkit.study.run.run import check_study

    _refuse_values_off_terminal(show_values)
    if is_study_file(file):
        _refuse_data(file, data)
        faults, notes = file_account(file, show_values=show_values)
    else:
        notes = []
        faults = check_study(file, data=data, show_values=show_values)
    if faults:
        word = "fault" if len(faults) == 1 else "faults"
        _fail("\n".join([f"{len(faults)} {word} in {file.name} and its data:", *faults]))
    for note in notes:
        typer.echo(f"note: {note}")
    typer.echo(f"{file.name}: nothing wrong")


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
    chapters: Annotated[
        str, typer.Option(metavar="LIST", help="Only these, by number or name: 05,06.")
    ] = "",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Chapters that run at a time.")] = 2,
    kernel: Annotated[
        Kernel | None,
        typer.Option(help="The forking kernel is fast and for Linux.  [default: the fastest]"),
    ] = None,
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

    Exit status: 0 all chapters complete, 1 a chapter failed, 2 wrong input and nothing was written.
    """
    from toolkit.study.imports.from_file import is_study_file
    from toolkit.study.run.run import RunOptions, run_study, summary

    source = file if is_study_file(file) else None
    if source is not None:
        made = _made_from(source, out, data, ai)
        file, data, out = made.parameters, made.tables, made.book
    elif ai is not None:
        _fail("--ai: only for another program's file; a parameters file has a readers table")
    progress = _Progress()
    options = RunOptions(
        data=data,
        archive=archive,
        out=out,
        chapters=tuple(word.strip() for word in chapters.split(",") if word.strip()),
        workers=jobs,
        kernel=kernel.value if kernel else None,
        time_limit_s=time_limit,
        progress=progress,
    )
    report = _guarded(lambda: run_study(file, options))
    progress.close()
    counts = summary(report)
    for state in ("failed", "left_out", "not_run"):
        for name, reason in counts[state].items():
            typer.echo(f"{state.replace('_', ' '):9} {name}: {reason}", err=state == "failed")
    typer.echo(f"{counts['executed']} chapters executed, {counts['reused']} unchanged")
    typer.echo(f"book: {_short(report.out / 'index.html')}")
    if source is not None:
        typer.echo(f"to change the analysis edit {_short(file)}, then run {source.name} again")
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
    states = _guarded(lambda: explain(file, options))
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
    place = _guarded(lambda: render_study(file, options, to=to, with_code=with_code, pdf=pdf))
    typer.echo(f"written: {_short(place)}")


@app.command()
def verify(book: Book) -> None:
    """Check every file of a delivered book against its manifest."""
    from toolkit.study.run.fingerprint import verify as verify_tree

    count = _guarded(lambda: verify_tree(book))
    typer.echo(f"{count} files are as they were delivered")


@app.command()
def new(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="File to write; with --from a folder.", show_default=False
        ),
    ] = None,
    chapters: Annotated[
        str, typer.Option(metavar="LIST", help="Only these, by number or name: 05,06.")
    ] = "",
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
            _fail("--chapters: with --from the file decides; take chapters out of study.yaml")
        made = _made_from(source, file, None, ai)
        where = "" if file is None else f" --out {_short(made.folder)}"
        next_command = f"study run {_short(source)}{where}"
        typer.echo(f"next: read {_short(made.parameters)}, then say `{next_command}`")
        return
    if file is None:
        _fail("name the file to write, such as mystudy.yaml, or a study with --from")
    _guarded(lambda: new_parameters_file(file, words))
    typer.echo(f"written: {_short(file)}; next: name your files in it, then `study check`")


class DemoPart(StrEnum):
    """Parts of the simulated study that can be written as DICOM files."""

    reader_study = "reader_study"
    retrospective = "retrospective"


@app.command("demo-dicom")
def demo_dicom(
    out: Annotated[
        Path, typer.Argument(metavar="DIR", help="New folder for dicom/, hospital/ and truth/.")
    ],
    exams: Annotated[
        int, typer.Option(help="Number of examinations, up to 240, or 3,000 of the other part.")
    ] = 20,
    part: Annotated[
        DemoPart, typer.Option(help="The retrospective part has no marks of readers.")
    ] = DemoPart.reader_study,
    seed: Annotated[int, typer.Option(help="Seed of the UIDs and findings.")] = 1,
) -> None:
    """Write the simulated study as DICOM files, with the hospital's tables beside them.

    dicom/ holds mammograms, tomosynthesis, reports of the AI and other objects; hospital/ what a
    hospital knows (reference standard, readers, readings, lesions); truth/ what every file holds.
    In the retrospective part the AI failed on some examinations, and on some it never ran. Try it:

      study demo-dicom archive --exams 60

      study ingest archive/dicom --out ingested --tables archive/hospital --export-floor 1

      study run ingested/study.yaml --data ingested --archive archive/dicom
    """
    from toolkit.demo.dicom.archive import write_demo_archive, write_tables

    try:
        archive = write_demo_archive(out / "dicom", exams=exams, seed=seed, part=part.value)
    except ValueError as error:
        _fail(str(error))
    _guarded(lambda: write_tables(archive, out))
    typer.echo(f"{out.name}: {len(archive.objects)} simulated DICOM files of {exams} examinations")


class StudyPart(StrEnum):
    """Parts of a study."""

    retrospective = "retrospective"
    reader_study = "reader_study"
    prospective = "prospective"


class ExamRatings(StrEnum):
    """What an examination is rated by."""

    reported = "reported"
    highest_mark = "highest_mark"


class Versions(StrEnum):
    """What a change of the AI's version in mid-study is."""

    one = "one"
    separate = "separate"


class CaseIds(StrEnum):
    """What a case of an archive is."""

    study = "study"
    accession = "accession"


@app.command()
def ingest(
    source: Annotated[
        str, typer.Argument(metavar="FOLDER", help="DICOM files: a folder, file:// or s3://.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the tables go.")],
    tables: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The hospital's own tables (cases.csv, readings.csv ...)."
        ),
    ] = None,
    part: Annotated[StudyPart, typer.Option(help="Part of the study.")] = StudyPart.retrospective,
    case_id: Annotated[
        CaseIds, typer.Option(help="What a case is: a Study Instance UID or an accession number.")
    ] = CaseIds.study,
    export_floor: Annotated[
        float | None, typer.Option(help="Lowest region score that the AI delivers.")
    ] = None,
    vendors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="YAML: where the AI puts its score (docs/dicom_cad_sr.md)."
        ),
    ] = None,
    exam_rating: Annotated[
        ExamRatings, typer.Option(help="An examination's rating: its score, or its highest mark.")
    ] = ExamRatings.reported,
    operating_point: Annotated[
        float | None, typer.Option(help="Optional findings up to this point are marks.")
    ] = None,
    accept_partly_failed: Annotated[
        bool, typer.Option("--accept-partly-failed", help="Use what partly failed runs found.")
    ] = False,
    versions: Annotated[
        Versions, typer.Option(help="A change of version is an error, or makes two readers.")
    ] = Versions.one,
    jobs: Annotated[int, typer.Option(help="Processes on this machine.", min=1)] = 1,
    scheduler: Scheduler = None,
) -> None:
    """Read a folder of mammography DICOM into tables, and write a parameters file for them.

    Headers are read to the end of each file and pixels are passed over. DIR gets objects.parquet
    (one row an object), images, cases, and of the AI's reports readers, readings and marks;
    rejected.csv says of each other file why, conflicts.csv what contradicts itself, ai_states.csv
    what became of each examination. With accession numbers as cases, refused_exams.csv lists the
    examinations that are none. A second scan reads only files that have changed, and a scan
    that was stopped goes on.
    """
    from toolkit.readers.dicom.reports.readings import AiChoices
    from toolkit.study.imports.ingest import IngestRequest
    from toolkit.study.imports.ingest import ingest as read_archive

    request = IngestRequest(
        tables=tables,
        part=part.value,
        case_id=case_id.value,
        export_floor=export_floor,
        vendors=vendors,
        ai=AiChoices(
            exam_rating=exam_rating.value,
            operating_point=operating_point,
            accept_partly_failed=accept_partly_failed,
            versions=versions.value,
        ),
    )
    done = _guarded(lambda: read_archive(source, out, request, jobs=jobs, scheduler=scheduler))
    for line in done.said:
        typer.echo(line)
    typer.echo(f"next: study run {_short(done.parameters)} --data {_short(out)}")


@app.command()
def deidentify(
    source: Annotated[
        str,
        typer.Argument(metavar="IN", help="DICOM files: a folder, file:// or s3://; only read."),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The copy; must not exist.")],
    key: Annotated[
        Path, typer.Option(metavar="FILE", help="Secret of this study; made if it is not there.")
    ],
    tables: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The hospital's own tables, copied to OUT-tables."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Processes.")] = 1,
    scheduler: Scheduler = None,
    admit: Annotated[
        list[str] | None,
        typer.Option(help="Copy these too: burned_in, burned_in_unknown, secondary_capture."),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML: products and codes that are named as they are."),
    ] = None,
    uid_root: Annotated[str, typer.Option(metavar="UID", help="Root of the new UIDs.")] = "2.25",
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write which object was which; identifies everyone."),
    ] = None,
) -> None:
    """Copy DICOM images and AI reports without what names a patient; see docs/deidentification.md.

    Only what the keep list names is copied; dates move by one offset a patient. Texts inside a
    picture are not seen: look at the pictures. OUT-refused.csv says which files were left out. A
    run that was stopped goes on when the same is said again. Try it:

      study deidentify archive/dicom copy --key mystudy.key --tables archive/hospital

      study ingest copy --out ingested --tables copy-tables --export-floor 1

    Exit status: 0 all copied, 1 some refused, 2 wrong input and nothing was written.
    """
    from tqdm import tqdm

    from toolkit.study.imports.deidentify import Request, deidentify_archive

    with tqdm(desc="de-identifying", unit=" files", leave=False, disable=None) as bar:
        request = Request(
            key_file=key,
            tables=tables,
            jobs=jobs,
            scheduler=scheduler,
            admit=frozenset(admit or ()),
            known=known,
            uid_root=uid_root,
            mapping=mapping,
            progress=lambda number: bar.update(number - bar.n),
        )
        done = _guarded(lambda: deidentify_archive(source, out, request))
    if done.key_made:
        typer.echo("key made: keep it, and keep it away from the copy")
    for line in done.said:
        typer.echo(line)
    typer.echo(f"{done.n_written:,} of {done.n_files:,} files copied")
    for reason, count in done.refused.items():
        typer.echo(f"refused: {count} {reason}", err=True)
    if done.refused:
        raise typer.Exit(1)


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="File of another program, or folder of tables.")
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="File to write, or folder for tables.")
    ],
    to: Annotated[
        StudyFormat | None, typer.Option(help="Format of OUT.  [default: by its ending]")
    ] = None,
    paradigm: Annotated[
        StudyParadigm | None,
        typer.Option(
            case_sensitive=False, help="What JAFROC calls the study.  [default: as in IN]"
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace OUT: a file, or a folder of tables alone.")
    ] = False,
    show_values: Annotated[
        bool,
        typer.Option(
            "--show-values", help="Show identifying values in this terminal; never to a file."
        ),
    ] = False,
) -> None:
    """Convert a reader study between the files of other programs and tables of this one.

      study convert froc.xlsx data/       JAFROC workbook to tables

      study convert data/ study.imrmc     those tables to iMRMC

      study convert study.lrc roc.xlsx    OR-DBM MRMC to JAFROC

    Formats: jafroc (.xlsx: ROC, FROC, LROC, ROI; factorial, two modality factors, split plot),
    imrmc (.imrmc), lrc and csv of OR-DBM MRMC, and tables (no ending: a folder with cases.csv,
    readers.csv, readings.csv, and lesions.csv and marks.csv where readers marked places).

    Truth, ratings, marks and lesions are converted whole, or refused with every fault by file,
    sheet, row and column. Descriptions without a place in the format are listed as left behind.
    Exit status: 0 written, 2 refused, and nothing was written.
    """
    from toolkit.readers.interchange import convert as convert_study

    _refuse_values_off_terminal(show_values)
    done = _guarded(
        lambda: convert_study(
            source,
            out,
            to=to.value if to else None,
            paradigm=paradigm.value if paradigm else None,
            force=force,
            show_values=show_values,
        )
    )
    for line in done.account(_short(out)):
        typer.echo(line)


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

    progress = _Progress(unit="case")
    place = out or DEFAULT_OUT
    findings = _guarded(lambda: run_selftest(place, progress=progress))
    progress.close()
    for line in summary_lines(findings):
        typer.echo(line)
    typer.echo(f"page: {_short(place)}")
    if findings.failed:
        raise typer.Exit(1)


def _made_from(source: Path, folder: Path | None, data: Path | None, ai: str | None) -> MadeStudy:
    """Make the study of another program's file, or find it, and say which."""
    from toolkit.study.imports.from_file import study_from_file

    _refuse_data(source, data)
    made: MadeStudy = _guarded(lambda: study_from_file(source, folder, ai=ai))
    for line in made.said:
        typer.echo(line)
    return made


def _refuse_data(source: Path, data: Path | None) -> None:
    """Stop where a data folder is named beside a file that holds the data."""
    if data is not None:
        _fail(f"--data: {source.name} holds the data itself; leave --data out")


def _short(path: Path) -> str:
    """Return a path relative to the working folder where that is shorter."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _refuse_values_off_terminal(show_values: bool) -> None:
    """Stop where identifying values would reach a file."""
    if show_values and not sys.stdout.isatty():
        _fail(
            "--show-values prints identifying values, so only to a terminal; output is redirected"
        )


def _fail(message: str) -> NoReturn:
    """Print what is wrong and stop with exit status 2."""
    typer.echo(message, err=True)
    raise typer.Exit(2)


def _guarded(action: Any) -> Any:
    """Run an action; what we or the system refuse ends with one message and status 2."""
    try:
        return action()
    except (ValueError, OSError, RuntimeError) as error:
        refused = type(error).__module__.split(".")[0] == "toolkit"
        if not refused and not isinstance(error, OSError):  # a fault of the code: show where
            raise
        _fail(str(error) if refused else _system_fault(error))


def _system_fault(error: BaseException) -> str:
    """Return an operating system's refusal in words, without an absolute path."""
    name = getattr(error, "filename", None)
    reason = getattr(error, "strerror", None) or str(error)
    place = f" ({Path(str(name)).name})" if name else ""
    return f"{reason}{place}; nothing that was delivered before has changed"


class _Progress:
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


def main() -> None:
    """Run the command."""
    app()
