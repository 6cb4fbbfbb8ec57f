"""Measure de-identification: 300 mammograms of 100 KB; prints CPU seconds, asserts nothing.

Run as ``python tests/benchmarks/bench_deidentify.py``. The first line is the whole of the work in a
process of its own, imports included; the second is reading and writing the same files with pydicom
alone, which no engine on pydicom can be faster than by much.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from toolkit.demo.dicom.exam import DemoExam
from toolkit.demo.dicom.images import ImagePlan, mammogram
from toolkit.demo.dicom.archive import encoded

FILES = 300
OURS = """
import sys; from pathlib import Path
from toolkit.study.imports.deidentify import Request, deidentify_archive
folder = Path(sys.argv[1])
done = deidentify_archive(str(folder / "in"), folder / "out", Request(key_file=folder / "key"))
assert done.n_written == int(sys.argv[2]), done
"""
PYDICOM = """
import sys; from pathlib import Path
import pydicom
folder = Path(sys.argv[1])
(folder / "plain").mkdir()
for path in sorted((folder / "in").iterdir()):
    pydicom.dcmread(path).save_as(folder / "plain" / path.name)
"""


def cpu_seconds(code: str, *arguments: str) -> float:
    """Return the CPU seconds of a Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Write the files, measure, print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        for number in range(FILES):
            exam = DemoExam(seed=1, number=number)
            data = encoded(mammogram(exam, ImagePlan(rows=256, columns=200)))
            (folder / "in" / f"{number:03d}.dcm").write_bytes(data)
        ours = cpu_seconds(OURS, name, str(FILES))
        plain = cpu_seconds(PYDICOM, name)
    print("| 300 images of 100 KB | CPU s |\n| --- | --- |")
    print(f"| study deidentify | {ours:.2f} |\n| pydicom: read and write | {plain:.2f} |")


if __name__ == "__main__":
    main()
