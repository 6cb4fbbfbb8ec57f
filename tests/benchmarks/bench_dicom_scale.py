"""Measure ``study ingest`` on archives larger than a test can hold; prints, asserts nothing.

Run as ``python -m tests.benchmarks.bench_dicom_scale [NAME[=COUNT] ...]``, as ``memory=1000000``;
without a name all are measured. The files whose memory is measured are simulated: they are made
when they are opened and never lie on a disk.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from toolkit.readers.dicom.scan.places import OpenFile, Place

_UID = re.compile(rb"2\.25\.\d{39}")


class SimulatedArchive:
    """Examinations of eight images each, four for processing and four for presentation.

    Parameters
    ----------
    files : int
        About how many files.
    report_every : int
        One examination of so many has a report of an AI as its ninth file; 0: none has.
    templates : Path
        Folder of the files of one examination, the report last.
    """

    def __init__(self, files: int, report_every: int, templates: Path) -> None:
        self._templates = [path.read_bytes() for path in sorted(templates.iterdir())]
        self._exams = int(files / (8 + (1 / report_every if report_every else 0)))
        self._report_every = report_every

    def places(self) -> Iterator[Place]:
        """Yield all files."""
        for exam in range(self._exams):
            with_report = self._report_every and exam % self._report_every == 0
            for number in range(9 if with_report else 8):
                path = f"{exam // 1000:04d}/{exam:07d}/{number}.dcm"
                yield Place(path, len(self._templates[number]), "1")

    def opened(self, path: str) -> OpenFile:
        """Open one file."""
        _, exam, name = path.split("/")
        return _Simulated(_renamed(self._templates[int(name[0])], int(exam)))


class _Simulated:
    """A file that was never written."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def _write_templates(folder: Path) -> None:
    """Write the files of one examination, the report last."""
    from toolkit.demo.dicom.cad_plan import CadPlan, Finding
    from toolkit.demo.dicom.cad_sr import cad_report
    from toolkit.demo.dicom.exam import DemoExam
    from toolkit.demo.dicom.images import PRESENTATION, PROCESSING, ImagePlan, mammogram
    from toolkit.demo.dicom.archive import encoded

    exam = DemoExam(seed=1, number=1)
    views = [ImagePlan(laterality=side, view=view) for side in "RL" for view in ("CC", "MLO")]
    raw = [mammogram(exam, view, intent=PROCESSING) for view in views]
    read = [mammogram(exam, view, intent=PRESENTATION) for view in views]
    plan = CadPlan(images=tuple(raw), findings=(Finding(image=0, x=10.0),), exam_score="7.5")
    for number, one in enumerate((*raw, *read, cad_report(exam, plan))):
        (folder / f"{number}.dcm").write_bytes(encoded(one))


def _renamed(data: bytes, exam: int) -> bytes:
    """Return a file of another examination: other UIDs, patient and accession number."""
    shift = exam * 10**20
    data = _UID.sub(lambda found: b"2.25.%d" % (_digits(found.group()) + shift), data)
    return data.replace(b"DEMO-00001", b"D%09d" % exam).replace(b"DEMO00000001", b"D%011d" % exam)


def _digits(uid: bytes) -> int:
    """Return a number of 39 digits of a UID, to which 10**31 at most may be added."""
    return 10**38 + int(uid[5:]) % 10**37


def _ingest(files: int, report_every: int, templates: Path, folder: Path) -> None:
    """Ingest a simulated archive in this process and print what it took."""
    from toolkit.readers.dicom.scan import pieces
    from toolkit.study.imports import ingest

    archive = SimulatedArchive(files, report_every, templates)
    pieces.archive_at = lambda _: archive
    start = time.perf_counter()
    done = ingest.ingest("simulated", folder, quiet=True)
    taken = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{done.counts.files:,} files, {done.n_read:,} opened, {taken:.0f} s: {used:.0f} MB")


def memory(files: int = 100_000, report_every: int = 100) -> None:
    """Print the highest memory of ``study ingest``, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        templates = Path(name) / "templates"
        templates.mkdir()
        _write_templates(templates)
        words = [str(files), str(report_every), str(templates), str(Path(name) / "out")]
        subprocess.run([sys.executable, __file__, "--ingest", *words], check=True)


def cluster(reports: int = 50_000) -> None:
    """Print the time of a dask cluster that is up over that of a process pool, two workers each."""
    import distributed

    from tests.benchmarks.bench_dicom import report_bytes, write_reports
    from toolkit.readers.dicom.scan.pieces import read_pieces
    from toolkit.readers.dicom.reports.results import REPORTS

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        archive = Path(name) / "reports"
        archive.mkdir()
        write_reports(archive, report_bytes(1)[0], reports)
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as local:
            local.wait_for_workers(2)
            taken, content = {}, {}
            for way, how in {
                "pool": {"jobs": 2},
                "cluster": {"scheduler": local.scheduler_address},
            }.items():
                start = time.perf_counter()
                pieces = list(read_pieces(str(archive), Path(name) / way, REPORTS, **how))
                taken[way] = time.perf_counter() - start
                content[way] = [piece.path.read_bytes() for piece in pieces]
    print(
        f"{reports:,} reports: pool {taken['pool']:.1f} s, cluster {taken['cluster']:.1f} s, ratio "
        f"{taken['cluster'] / taken['pool']:.2f} (goal 1.2); "
        f"{'the same bytes' if content['pool'] == content['cluster'] else 'OTHER BYTES'}"
    )


FIGURES = {"memory": memory, "cluster": cluster}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ingest"]:
        _ingest(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), Path(sys.argv[5]))
    else:
        print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
        for word in sys.argv[1:] or FIGURES:
            chosen, _, number = word.partition("=")
            FIGURES[chosen](*([int(number)] if number else []))
