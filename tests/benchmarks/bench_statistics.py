"""Measure the statistics side by side with the peers; prints a table in markdown, asserts nothing.

Run as ``make bench-statistics``. The peers are installed into an environment of their own, named
by ``--peers``; pROC takes part where R has it. Own code and peers take turns twice and the faster
time of each counts, so that a busy moment strikes neither alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROUNDS = 2


def peers_python(folder: Path) -> Path:
    """Return the Python of the peers' environment; make it where it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"installing the peers into {folder.name}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        requirements = HERE / "peers" / "requirements.txt"
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    return python


def json_of(command: list[str | Path], cwd: Path) -> dict[str, Any]:
    """Return what a command prints as JSON."""
    done = subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def proc_times() -> dict[str, Any]:
    """Return pROC's times by task; empty where R or pROC is not there."""
    if shutil.which("Rscript") is None:
        return {}
    done = subprocess.run(["Rscript", HERE / "peers" / "proc.R"], stdout=subprocess.PIPE, text=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()] if done.returncode == 0 else []
    return {task: {"cpu": float(cpu), "wall": float(wall)} for task, cpu, wall in rows}


def fastest(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the smallest of each number of several runs of one shape."""
    first = runs[0]
    return {
        key: fastest([run[key] for run in runs])
        if isinstance(first[key], dict)
        else min(run[key] for run in runs)
        for key in first
    }


def rows_against_peers(own: dict[str, Any], peers: dict[str, Any]) -> list[str]:
    """Return one row of the table for each task and peer."""
    rows = []
    for task, of_peer in peers.items():
        for name, taken in of_peer.items():
            cpu = taken["cpu"] / own[task]["cpu"]
            wall = taken["wall"] / own[task]["wall"]
            rows.append(
                f"| {task} | {own[task]['wall'] * 1e3:,.1f} | {name} | {taken['wall'] * 1e3:,.0f} "
                f"| {wall:,.1f} | {cpu:,.1f} |"
            )
    return rows


def own_rows(own: dict[str, Any]) -> list[str]:
    """Return what is measured against a figure of its own, with the goal."""
    fresh = own["fresh"]
    sort = own["one AUC 1e6"]["cpu"] / own["np.sort 1e6"]["cpu"]
    bca = own["BCa 1e5"]["wall"] / own["percentile 1e5"]["wall"]
    return [
        f"| one AUC and its variance, 1e6, against np.sort | {sort:.2f} x | 1.3 x |",
        f"| bootstrap of a difference, 1e5, wall | {own['bootstrap 1e5']['wall']:.3f} s | 0.5 s |",
        f"| the same, 1e4, wall | {own['bootstrap 1e4']['wall'] * 1e3:.0f} ms | 60 ms |",
        f"| the same, 1e5, memory | {own['memory']:.0f} MB | 100 MB |",
        f"| BCa against percentile, 1e5 | {bca:.2f} x | 2 x |",
        f"| counts of 1e9 examinations | {own['counts 1e9']['wall'] * 1e3:.2f} ms | 10 ms |",
        *(
            f"| fresh process to {name}, CPU against import numpy "
            f"| {fresh[name] / fresh['numpy']:.2f} x | {goal} x |"
            for name, goal in (("Wilson", 3.5), ("DeLong", 3.5), ("bootstrap", 8))
        ),
    ]


def main() -> None:
    """Print both tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--peers", type=Path, default=HERE.parents[1] / ".venv-peers")
    python = peers_python(arguments.parse_args().peers.resolve())
    own_runs, peer_runs = [], []
    for _ in range(ROUNDS):
        own_runs.append(json_of([sys.executable, "own_statistics.py"], HERE))
        peer_runs.append(json_of([python, "python_peers.py"], HERE / "peers"))
        for task, taken in proc_times().items():
            peer_runs[-1][task]["pROC"] = taken
    own, peers = fastest(own_runs), fastest(peer_runs)
    print(f"Load {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors.\n")
    print("| task, n | own wall, ms | peer | peer wall, ms | ratio, wall | ratio, CPU |")
    print("|---|---:|---|---:|---:|---:|")
    print("\n".join(rows_against_peers(own, peers)))
    print("\n| figure | measured | goal |\n|---|---:|---:|")
    print("\n".join(own_rows(own)))


if __name__ == "__main__":
    main()
