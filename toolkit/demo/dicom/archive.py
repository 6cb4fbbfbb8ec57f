"""The simulated study as a folder of DICOM files, and the truth of what every file holds."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from toolkit.demo import demo_study
from toolkit.demo.dicom.cad_plan import PlacedLesion
from toolkit.demo.dicom.exam import DemoExam, invented_name, make_uid, set_file_meta
from toolkit.demo.dicom.exam_objects import VIEWS, exam_objects, image_shape
from toolkit.demo.dicom.images import PRESENTATION, ImagePlan, mammogram

if TYPE_CHECKING:
    import pandas as pd

TRANSFER_SYNTAXES = {
    "explicit": ExplicitVRLittleEndian,
    "implicit": ImplicitVRLittleEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "big_endian": ExplicitVRBigEndian,
}


def encoded(ds: Dataset, *, syntax: str = "explicit") -> bytes:
    """Return an object as the bytes of a DICOM file; the same object gives the same bytes.

    Parameters
    ----------
    ds : Dataset
        An object of this package, pixels little endian.
    syntax : {"explicit", "implicit", "deflated", "big_endian"}
        Transfer syntax.

    Examples
    --------
    >>> image = mammogram(DemoExam(seed=1, number=1), ImagePlan())
    >>> encoded(image)[128:132]
    b'DICM'
    """
    if syntax not in TRANSFER_SYNTAXES:
        msg = f"syntax must be one of {', '.join(TRANSFER_SYNTAXES)}, got {syntax!r}"
        raise ValueError(msg)
    little = ds.get("PixelData")
    set_file_meta(ds, TRANSFER_SYNTAXES[syntax])
    if syntax == "big_endian" and little is not None and ds.BitsAllocated == 16:
        ds.PixelData = np.frombuffer(little, "<u2").astype(">u2").tobytes()
    stream = io.BytesIO()
    try:
        dcmwrite(stream, ds, enforce_file_format=True, little_endian=None)
    finally:
        if little is not None:
            ds.PixelData = little
    return stream.getvalue()


def write_light_archive(
    folder: Path, *, files: int, seed: int, per_study: int = 4, sparse_bytes: int = 0
) -> None:
    """Write many small mammograms fast: one is built, the others differ in their identifiers.

    For measuring how a reader scales, not for what it reads: all pictures are the same.

    Parameters
    ----------
    folder : Path
        Where; made if absent.
    files : int
        How many.
    seed : int
        Seed of the UIDs; the same gives the same bytes.
    per_study : int
        Files of one examination, at most four: the views of one woman.
    sparse_bytes : int
        Bytes of zeros that each file's pixels are longer by, a hole on the disk.
    """
    if not 1 <= per_study <= 4:
        msg = f"per_study must be from 1 to 4, the views of an examination, got {per_study}"
        raise ValueError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    template = DemoExam(seed=seed, number=0)
    views = [ImagePlan(laterality=side, view=view) for side in "RL" for view in ("CC", "MLO")]
    images = [mammogram(template, plan) for plan in views[:per_study]]
    parts = [_parts(image, sparse_bytes) for image in images]
    for number in range(files):
        study, place = divmod(number, per_study)
        if place == 0:
            here = folder / f"{study // 1000:04d}" / f"{study:07d}"
            here.mkdir(parents=True, exist_ok=True)
        names = (f"study {study}", f"series {number}", f"instance {number}")
        uids = [make_uid(seed, "light", name).encode() for name in names]
        values = (*uids, f"D{study:09d}".encode(), f"D{study:011d}".encode())
        pieces, order = parts[place]
        body = b"".join(
            piece if slot < 0 else piece + values[slot]
            for piece, slot in zip(pieces, order, strict=True)
        )
        path = here / f"{place + 1}.dcm"
        with path.open("wb") as file:
            file.write(body)
            if sparse_bytes:
                file.truncate(len(body) + sparse_bytes)


def _parts(image: Dataset, sparse_bytes: int) -> tuple[list[bytes], list[int]]:
    """Cut an encoded object at its identifiers: pieces, and which identifier follows each."""
    data = encoded(image)
    if sparse_bytes:
        # The length of the pixels, the last element, is the only number to grow.
        pixels = len(image.PixelData)
        at = len(data) - pixels - 4
        data = data[:at] + (pixels + sparse_bytes).to_bytes(4, "little") + data[at + 4 :]
    identifiers = [
        image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID,
        image.PatientID, image.AccessionNumber,
    ]  # fmt: skip
    found = sorted(
        (place, slot, len(text))
        for slot, text in enumerate(identifiers)
        for place in _places(data, text.encode())
    )
    pieces, order, start = [], [], 0
    for place, slot, length in found:
        pieces.append(data[start:place])
        order.append(slot)
        start = place + length
    return [*pieces, data[start:]], [*order, -1]


def _places(data: bytes, text: bytes) -> list[int]:
    """Return where a text occurs."""
    places, at = [], data.find(text)
    while at >= 0:
        places.append(at)
        at = data.find(text, at + 1)
    return places


PARTS = ("reader_study", "retrospective")
# By the last digit of the examination's number.
SYNTAX = {3: "implicit", 6: "deflated", 9: "big_endian"}


@dataclass(frozen=True, kw_only=True, eq=False)
class DemoArchive:
    """What a demo archive holds.

    Parameters
    ----------
    objects : DataFrame
        One row a file: path below the folder, kind, image_id (SOP Instance UID), case_id (Study
        Instance UID), laterality, view, frames, syntax, and of a CAD report state and exam_score.
    findings : DataFrame
        One row a finding of the newest CAD report: analysed_image_id (the image it names) beside
        image_id (the one for presentation), kind, place in pixels, outline, score as written.
    tables : dict of DataFrame
        The demo's own canonical tables of these examinations, with UIDs as identifiers and
        places in pixels of the files.
    ai_marks : DataFrame
        The marks table that a reader of the reports should arrive at; ratings in percent.
    """

    objects: pd.DataFrame
    findings: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    ai_marks: pd.DataFrame


def write_demo_archive(
    folder: Path, *, exams: int, seed: int, part: str = "reader_study", shrink: int = 8
) -> DemoArchive:
    """Write the first examinations of the simulated study as DICOM files.

    Parameters
    ----------
    folder : Path
        Where; made if absent, refused if it holds anything.
    exams : int
        How many examinations, from 1 to those of the part.
    seed : int
        Of all UIDs and of what the AI found. The same seed gives the same bytes.
    part : {"reader_study", "retrospective"}
        Which part; the reader study has lesions and readers' marks with places, the retrospective
        part examinations on which the AI failed or never ran.
    shrink : int
        Pixels of the simulated study, along a side, to one of the files: 8 gives images of
        287 x 239, 1 the full matrix.

    Returns
    -------
    DemoArchive
        What every file holds. The scores in the reports are those of the demo's tables.

    Raises
    ------
    ValueError
        If the folder is not empty or an argument is outside its range.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     archive = write_demo_archive(Path(folder), exams=1, seed=1, shrink=32)
    >>> archive.objects.groupby("kind").size().to_dict()["ffdm_for_presentation"]
    4
    """
    import pandas as pd

    tables = _part_tables(folder, exams=exams, part=part, shrink=shrink)
    cases = tables["cases"].iloc[:exams]
    all_exams = [_exam(number, case, seed) for number, case in enumerate(cases.itertuples(), 1)]
    names = dict(zip(cases["case_id"], all_exams, strict=True))
    own = {
        name: _own_table(frame, names, shrink)
        for name, frame in tables.items()
        if name != "readers"
    } | {"readers": tables["readers"]}
    scores = own["readings"].query("modality == 'standalone'").set_index("case_id")
    lesions = own["lesions"]
    objects: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    for exam in all_exams:
        here = folder / f"{exam.number:05d}"
        here.mkdir(parents=True)
        syntax = SYNTAX.get(exam.number % 10, "explicit")
        placed = _placed(lesions[lesions["case_id"] == exam.study_uid], exam)
        made = exam_objects(exam, scores.loc[exam.study_uid], placed, shrink, findings)
        for place, one in enumerate(made, start=1):
            path = here / f"{place:03d}.dcm"
            path.write_bytes(encoded(one.ds, syntax=syntax))
            objects.append(
                {
                    "path": path.relative_to(folder).as_posix(),
                    "kind": one.kind,
                    "image_id": one.ds.SOPInstanceUID,
                    "case_id": exam.study_uid,
                    "syntax": syntax,
                    **one.truth,
                }
            )
    found = pd.DataFrame(findings, columns=_FINDING_COLUMNS)
    return DemoArchive(
        objects=pd.DataFrame(objects), findings=found, tables=own, ai_marks=_ai_marks(found)
    )


_FINDING_COLUMNS = (
    "case_id", "report_id", "mark_id", "image_id", "analysed_image_id", "kind", "x_px", "y_px",
    "outline", "score", "score_unit", "percent",
)  # fmt: skip


def _part_tables(folder: Path, *, exams: int, part: str, shrink: int) -> dict[str, pd.DataFrame]:
    """Check the arguments and return the tables of the part."""
    if part not in PARTS:
        msg = f"part must be one of {', '.join(PARTS)}, got {part!r}"
        raise ValueError(msg)
    tables = demo_study()[part]
    available = len(tables["cases"])
    if not 1 <= exams <= available:
        msg = f"exams must be from 1 to {available}, the examinations of {part}, got {exams}"
        raise ValueError(msg)
    if not 1 <= shrink <= 64:
        msg = f"shrink must be from 1 to 64, got {shrink}"
        raise ValueError(msg)
    if folder.exists() and any(folder.iterdir()):
        msg = f"folder must be empty or absent, {folder.name} holds files; name another"
        raise ValueError(msg)
    return tables


def write_tables(archive: DemoArchive, folder: Path) -> None:
    """Write what a hospital would know of an archive, and what is true of it, as CSV files.

    Parameters
    ----------
    archive : DemoArchive
        What was written.
    folder : Path
        ``hospital/`` gets the tables without the AI, whose results are in the DICOM files, and
        without the images; ``truth/`` what every file holds and what a reader of the reports
        should arrive at.
    """
    tables = archive.tables
    machines = tables["readers"].loc[tables["readers"]["kind"] == "ai", "reader_id"]
    hospital = {
        name: frame[~frame["reader_id"].isin(machines)] if "reader_id" in frame else frame
        for name, frame in tables.items()
        if name != "images"
    }
    readings = tables["readings"]
    truth = {
        "objects": archive.objects,
        "findings": archive.findings,
        "ai_marks": archive.ai_marks,
        "ai_readings": readings[readings["reader_id"].isin(machines)],
    }
    for name, frames in (("hospital", hospital), ("truth", truth)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for table, frame in frames.items():
            frame.to_csv(folder / name / f"{table}.csv", index=False, lineterminator="\n")


def _exam(number: int, case: Any, seed: int) -> DemoExam:
    """Return the examination of one row of the cases table."""
    age = int(case.age_years)
    return DemoExam(
        seed=seed,
        number=number,
        patient_id=case.patient_id,
        patient_name=invented_name(number),
        accession=f"A{number:09d}",
        # Born on the first of January: the age holds on every day of the year.
        birth_date=f"{case.exam_date.year - age}0101",
        exam_date=f"{case.exam_date:%Y%m%d}",
        age_years=age,
        device=case.device,
        site=case.site,
    )


def _own_table(frame: pd.DataFrame, exams: dict[str, DemoExam], shrink: int) -> pd.DataFrame:
    """Return a table of these examinations with UIDs as identifiers and pixels of the files."""
    own = frame[frame["case_id"].isin(exams.keys())].reset_index(drop=True)
    if "image_id" in own:
        own["image_id"] = [
            exams[case].uid(f"{_side_and_view(case, image)} {PRESENTATION.lower()}", 1)
            for case, image in zip(own["case_id"], own["image_id"], strict=True)
        ]
    own["case_id"] = own["case_id"].map({case: exam.study_uid for case, exam in exams.items()})
    for name in ("x_px", "y_px", "radius_px"):
        if name in own:
            own[name] = own[name] / shrink
    if "pixel_spacing_mm" in own:
        own["rows"], own["columns"] = (float(size) for size in image_shape(shrink))
        own["pixel_spacing_mm"] = own["pixel_spacing_mm"] * shrink
    return own


def _side_and_view(case_id: str, image_id: str) -> str:
    """Return ``R MLO`` of the image ``S-001-R-MLO`` of the case ``S-001``."""
    return image_id.removeprefix(f"{case_id}-").replace("-", " ")


def _placed(lesions: pd.DataFrame, exam: DemoExam) -> list[PlacedLesion]:
    """Return the lesions of an examination that have a place."""
    if "image_id" not in lesions:
        return []
    uids = [exam.uid(f"{side} {view} {PRESENTATION.lower()}", 1) for side, view in VIEWS]
    return [
        PlacedLesion(
            image=uids.index(row["image_id"]),
            x=row["x_px"],
            y=row["y_px"],
            radius=row["radius_px"],
            kind=row["lesion_type"],
        )
        for row in lesions.to_dict("records")
    ]


def _ai_marks(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the canonical marks of the findings."""
    marks = findings[["case_id", "mark_id", "image_id", "x_px", "y_px"]].copy()
    marks["rating"] = findings["percent"]
    marks["reader_id"], marks["modality"], marks["session"] = "AI", "standalone", "1"
    return marks
