"""Measure what the project promises; prints figures and ratios, asserts nothing.

Run as ``make bench``. Absolute times depend on the machine and its load, which is printed first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STUDY = [str(Path(sys.executable).with_name("study"))]


def pss_kib(root: int) -> int:
    """Return the proportional memory of a process and all below it, in KiB."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def timed(command: list[str], *, runs: int = 1) -> tuple[float, float]:
    """Return the fastest wall time in seconds, and the highest memory in MiB."""
    best, highest = float("inf"), 0
    for _ in range(runs):
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None:
            highest = max(highest, pss_kib(process.pid))
            time.sleep(0.02)
        best = min(best, time.perf_counter() - start)
    return best, highest / 1024


def imports() -> None:
    """Print the cost of importing the light modules, against numpy."""
    numpy, _ = timed([sys.executable, "-c", "import numpy"], runs=7)
    light, _ = timed([sys.executable, "-c", "import toolkit.results, toolkit.tables"], runs=7)
    print(f"import toolkit.results, toolkit.tables: {light:.3f} s, numpy {numpy:.3f} s, ", end="")
    print(f"ratio {light / numpy:.2f} (goal 1.2)")
    helped, _ = timed([*STUDY, "--help"], runs=5)
    print(f"study --help: {helped:.2f} s (goal 1)")


def run_demo() -> None:
    """Print the time of a full run and of an unchanged one."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    command = [*STUDY, "run", "parameters/demo.yaml", "--out", str(folder / "demo")]
    try:
        timed([*command, "--chapters", "00"])  # warm: tables written, byte code compiled
        shutil.rmtree(folder, ignore_errors=True)
        full, memory = timed(command)
        print(f"demo, all chapters: {full:.1f} s, peak {memory:,.0f} MiB (goals 30 s, 1,536 MiB)")
        unchanged, _ = timed(command, runs=3)
        print(f"demo, nothing changed: {unchanged:.2f} s (goal 3)")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def delong() -> None:
    """Print the time of DeLong's variance against sorting the same scores."""
    import numpy as np

    from toolkit.stats.auc.delong import delong_ci, delong_test

    draw = np.random.default_rng(20260101)
    for n in (10**5, 10**6):
        truth = np.arange(n) % 2
        a, b = draw.normal(size=(2, n)) + truth
        times = {}
        for name, work in (
            ("sort", lambda a=a: np.sort(a)),
            ("one AUC", lambda t=truth, a=a: delong_ci(t, a)),
            ("pair", lambda t=truth, a=a, b=b: delong_test(t, a, b)),
        ):
            start = time.perf_counter()
            work()
            times[name] = time.perf_counter() - start
        print(f"DeLong, n = {n:,}: ", end="")
        print(
            ", ".join(
                f"{k} {v * 1e3:.0f} ms ({v / times['sort']:.1f} x sort)" for k, v in times.items()
            )
        )


if __name__ == "__main__":
    print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
    imports()
    delong()
    run_demo()
