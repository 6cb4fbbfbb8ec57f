"""Commands for files: DICOM archives in and out, and the files of other programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from toolkit.cli.terminal import (
    Scheduler,
    ShowValues,
    fail,
    guarded,
    refuse_values_off_terminal,
    short,
)

app = typer.Typer()

StudyFormat = Literal["jafroc", "imrmc", "lrc", "csv", "tables"]
StudyParadigm = Literal["ROC", "FROC", "LROC", "ROI"]
DemoPart = Literal["reader_study", "retrospective"]
StudyPart = Literal["retrospective", "reader_study", "prospective"]
ExamRatings = Literal["reported", "highest_mark"]
Versions = Literal["one", "separate"]
CaseIds = Literal["study", "accession"]


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
    ] = "reader_study",
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

    if os.path.lexists(out) and not (out.is_dir() and not any(out.iterdir())):
        fail(f"{out.name} exists and holds files, maybe a hospital's; name a new folder")
    try:
        archive = write_demo_archive(out / "dicom", exams=exams, seed=seed, part=part)
    except ValueError as error:
        fail(str(error))
    guarded(lambda: write_tables(archive, out))
    typer.echo(f"{out.name}: {len(archive.objects)} simulated DICOM files of {exams} examinations")


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
    part: Annotated[StudyPart, typer.Option(help="Part of the study.")] = "retrospective",
    case_id: Annotated[
        CaseIds, typer.Option(help="What a case is: a Study Instance UID or an accession number.")
    ] = "study",
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
    ] = "reported",
    operating_point: Annotated[
        float | None, typer.Option(help="Optional findings up to this point are marks.")
    ] = None,
    accept_partly_failed: Annotated[
        bool, typer.Option("--accept-partly-failed", help="Use what partly failed runs found.")
    ] = False,
    versions: Annotated[
        Versions, typer.Option(help="A change of version is an error, or makes two readers.")
    ] = "one",
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
    from toolkit.readers.dicom.reports.ai_tables import AiChoices
    from toolkit.study.imports.ingest import IngestRequest
    from toolkit.study.imports.ingest import ingest as read_archive

    request = IngestRequest(
        tables=tables,
        part=part,
        case_id=case_id,
        export_floor=export_floor,
        vendors=vendors,
        ai=AiChoices(
            exam_rating=exam_rating,
            operating_point=operating_point,
            accept_partly_failed=accept_partly_failed,
            versions=versions,
        ),
    )
    done = guarded(lambda: read_archive(source, out, request, jobs=jobs, scheduler=scheduler))
    for line in done.said:
        typer.echo(line)
    typer.echo(f"next: study run {short(done.parameters)} --data {short(out)}")


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
        done = guarded(lambda: deidentify_archive(source, out, request))
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
    show_values: ShowValues = False,
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

    refuse_values_off_terminal(show_values)
    done = guarded(
        lambda: convert_study(
            source,
            out,
            to=to,
            paradigm=paradigm,
            force=force,
            show_values=show_values,
        )
    )
    for line in done.account(short(out)):
        typer.echo(line)
