"""Measure what is promised of DICOM; prints figures and ratios, asserts nothing.

Run as ``python tests/benchmarks/bench_dicom.py [NAME ...]``; without a name all are measured.
Absolute times depend on the machine and its load, which is printed first.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

N_REPORTS = 1_000
N_TIMED = 100  # runs of one report by itself


def report_bytes(n_findings: int) -> tuple[bytes, int]:
    """Return one report and how many elements it holds, those of nested items among them."""
    import pydicom

    from toolkit.demo.dicom.cad_plan import CadPlan, Finding
    from toolkit.demo.dicom.cad_sr import cad_report
    from toolkit.demo.dicom.exam import DemoExam
    from toolkit.demo.dicom.images import PROCESSING, ImagePlan, mammogram
    from toolkit.demo.dicom.archive import encoded

    exam = DemoExam(seed=1, number=1)
    views = [ImagePlan(laterality=side, view=view) for side in "RL" for view in ("CC", "MLO")]
    images = tuple(mammogram(exam, view, intent=PROCESSING) for view in views)
    findings = tuple(Finding(image=place % 4, x=10.0 + place) for place in range(n_findings))
    plan = CadPlan(images=images, findings=findings, exam_score="7.5")
    data = encoded(cad_report(exam, plan))
    return data, sum(1 for _ in pydicom.dcmread(io.BytesIO(data)).iterall())


def write_reports(folder: Path, data: bytes, n_reports: int = N_REPORTS) -> None:
    """Write many reports that differ in their UIDs, each of an examination of its own."""
    from toolkit.demo.dicom.exam import DemoExam, make_uid

    exam = DemoExam(seed=1, number=1)
    for number in range(n_reports):
        one = data.replace(
            exam.uid("CAD report", 1).encode(), make_uid(2, "report", number).encode()
        ).replace(exam.study_uid.encode(), make_uid(2, "study", number).encode())
        (folder / f"{number:06d}.dcm").write_bytes(one)


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the processor time of one run, the mean of many."""
    start = time.process_time()
    for _ in range(N_TIMED):
        work()
    return (time.process_time() - start) / N_TIMED


def reports() -> None:
    """Print the time from reports to tables: the smallest of 700 elements, and a full one."""
    for n_findings in (1, 12):
        time_reports(n_findings)


def time_reports(n_findings: int) -> None:
    """Print the time of reports on two processes, against parsing by pydicom alone."""
    import pydicom

    from toolkit.readers.dicom.reports.results import ai_tables
    from toolkit.readers.dicom.reports.tree import report_from_json
    from toolkit.readers.dicom.scan.pieces import piece_rows, read_pieces
    from toolkit.readers.dicom.reports.results import REPORTS, report_row

    data, n_elements = report_bytes(n_findings)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name) / "reports"
        folder.mkdir()
        write_reports(folder, data)
        by_pydicom = cpu_seconds(lambda: list(pydicom.dcmread(io.BytesIO(data)).iterall()))
        by_walk = cpu_seconds(lambda: report_row(lambda at, n: data[at : at + n], len(data)))
        start = time.perf_counter()
        pieces = list(read_pieces(str(folder), Path(name) / "scan", REPORTS, jobs=2))
        rows = [row for piece in pieces for row in piece_rows(piece.path)]
        found = [report_from_json(row["report"]) for row in rows]
        cases = {one.report_uid: one.study_uid for one in found}
        tables = ai_tables(found, case_ids=cases, exams=set(cases.values()))
        whole = time.perf_counter() - start
    print(
        f"{N_REPORTS:,} reports of {n_elements} elements ({n_findings} findings, {len(data):,} "
        f"bytes) to {len(tables.readings):,} readings and {len(tables.marks):,} marks, "
        f"2 processes: {whole:.1f} s (goal 12 s)"
    )
    print(
        f"  one report: {by_walk * 1e3:.2f} CPU ms, pydicom to parse it {by_pydicom * 1e3:.2f} CPU "
        f"ms, ratio {by_pydicom / by_walk:.1f}"
    )


FLAT = (
    "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID",
    "Modality", "Rows", "Columns", "ImagerPixelSpacing", "PixelSpacing", "ViewPosition",
    "ImageLaterality", "Laterality", "Manufacturer", "ManufacturerModelName", "StudyDate",
    "AccessionNumber", "PresentationIntentType", "ImageType", "NumberOfFrames",
    "PatientOrientation", "PhotometricInterpretation", "BurnedInAnnotation", "PatientAge",
    "SeriesDescription",
)  # fmt: skip


def best_rates(
    works: dict[str, tuple[Callable[[], object], int]], rounds: int = 3
) -> dict[str, float]:
    """Return the best rate of each work in files a CPU second; all take turns."""
    best = dict.fromkeys(works, 0.0)
    for _ in range(rounds):
        for name, (work, n_files) in works.items():
            start = time.process_time()
            work()
            best[name] = max(best[name], n_files / (time.process_time() - start))
    return best


def by_pydicom(paths: list[Path]) -> None:
    """Read the attributes with pydicom."""
    import pydicom

    for path in paths:
        data = pydicom.dcmread(path, stop_before_pixels=True)
        for keyword in FLAT:
            data.get(keyword)


def inventory() -> None:
    """Print headers a CPU second, warm, against pydicom reading the same attributes."""
    from toolkit.readers.dicom.scan.attributes import HEADER, Selection
    from toolkit.readers.dicom.scan.header import read_header
    from toolkit.readers.dicom.scan.pieces import header_row
    from toolkit.readers.dicom.scan.places import FolderArchive
    from toolkit.demo.dicom.archive import write_light_archive

    flat = Selection(tuple(a for a in HEADER.top if a.keyword in FLAT), ())
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        write_light_archive(Path(name), files=2_000, seed=1, sparse_bytes=50_000)
        archive = FolderArchive(Path(name))
        places = list(archive.places())
        some = [Path(name) / place.path for place in places[:500]]

        def each(read_one: Callable[..., object], **choices: object) -> None:
            for place in places:
                with archive.opened(place.path) as file:
                    read_one(file.read, place.size, **choices)

        best = best_rates(
            {
                f"pydicom, {len(FLAT)} attributes": (lambda: by_pydicom(some), len(some)),
                "the same attributes": (lambda: each(read_header, selection=flat), len(places)),
                f"{len(HEADER.top)} with sequences": (lambda: each(read_header), len(places)),
                "these, and what the object is": (lambda: each(header_row), len(places)),
            }
        )
    print(f"{len(places):,} headers, warm, files a CPU second (best of 3):")
    theirs = next(iter(best.values()))
    for text, rate in best.items():
        print(f"  {text}: {rate:,.0f}, ratio {rate / theirs:.1f}")


FIGURES: dict[str, Callable[[], None]] = {"inventory": inventory, "reports": reports}


if __name__ == "__main__":
    print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
    for chosen in sys.argv[1:] or FIGURES:
        FIGURES[chosen]()
