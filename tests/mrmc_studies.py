"""Reader studies that the reference runs analysed, as truth and ratings."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np


def _number_first(name: str) -> tuple[float, str]:
    """Sort key: numbers by value, then text."""
    try:
        return float(name), ""
    except ValueError:
        return np.inf, name


def arranged(
    readings: Iterable[tuple[str, str, str, float]], truth: dict[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return truth (n_cases,) and ratings (n_cases, n_readers, n_modalities), NaN where not read.

    A reading is (case, reader, modality, rating); each axis is sorted, numbers by value.
    """
    rows = list(readings)
    columns = (list(truth), [row[1] for row in rows], [row[2] for row in rows])
    axes = [
        {name: place for place, name in enumerate(sorted(set(column), key=_number_first))}
        for column in columns
    ]
    ratings = np.full([len(axis) for axis in axes], np.nan)
    for *names, rating in rows:
        ratings[tuple(axis[name] for axis, name in zip(axes, names, strict=True))] = rating
    return np.array([truth[case] for case in axes[0]]), ratings


def read_csv(path: Path, case: str = "case") -> tuple[np.ndarray, np.ndarray]:
    """Return a study from a file with one reading a row."""
    with path.open() as file:
        rows = list(csv.DictReader(file))
    readings = [(row[case], row["reader"], row["modality"], float(row["rating"])) for row in rows]
    return arranged(readings, {row[case]: float(row["truth"]) for row in rows})


def read_imrmc(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return a study from a file of iMRMC: reader, case, modality and score behind BEGIN DATA."""
    lines = path.read_text().split("BEGIN DATA:")[1].split()
    rows = [line.split(",") for line in lines]
    truth = {case: float(score) for reader, case, _, score in rows if reader == "truth"}
    readings = [
        (case, reader, modality, float(score))
        for reader, case, modality, score in rows
        if reader != "truth"
    ]
    return arranged(readings, truth)
