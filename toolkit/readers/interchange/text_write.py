"""Text formats that hold one rating a reading: iMRMC, and the csv and .lrc of OR-DBM MRMC."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from toolkit.readers.interchange.holds import complete_readings
from toolkit.readers.interchange.iowa import CASE_LABELS, END_OF_CASES, END_OF_FILE, HEADER
from toolkit.readers.interchange.study import READING_KEY
from toolkit.readers.tabular.raw_table import cell_text, file_fault
from toolkit.tables import TableData, TableError

if TYPE_CHECKING:
    import pandas as pd

_TITLE = "Reader study"


def imrmc_bytes(tables: Mapping[str, TableData]) -> bytes:
    """Return a study as an iMRMC file: counts, then truth, then scores."""
    cases, ratings = tables["cases"].frame, complete_readings(tables)
    counts = {
        "N0": int((cases["truth"] == 0).sum()),
        "N1": int((cases["truth"] == 1).sum()),
        "NR": ratings["reader_id"].nunique(),
        "NM": ratings["modality"].nunique(),
    }
    lines = [_TITLE, *(f"{name}:{count}" for name, count in counts.items()), "BEGIN DATA:"]
    lines += [
        f"-1,{case_id},truth,{truth:.0f}"
        for case_id, truth in zip(cases["case_id"], cases["truth"], strict=True)
    ]
    columns = (ratings[name] for name in ("reader_id", "case_id", "modality", "rating"))
    lines += [
        f"{reader},{case_id},{modality},{cell_text(rating)}"
        for reader, case_id, modality, rating in zip(*columns, strict=True)
    ]
    return ("\n".join(lines) + "\n").encode()


def iowa_csv_bytes(tables: Mapping[str, TableData]) -> bytes:
    """Return a study as an OR-DBM csv file."""
    ratings = complete_readings(tables).merge(
        tables["cases"].frame[["case_id", "truth"]], on="case_id"
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    columns = (ratings[name] for name in ("reader_id", "modality", "case_id", "truth", "rating"))
    for reader, modality, case_id, truth, rating in zip(*columns, strict=True):
        writer.writerow([reader, modality, case_id, f"{truth:.0f}", cell_text(rating)])
    return text.getvalue().encode()


def lrc_bytes(tables: Mapping[str, TableData]) -> bytes:
    """Return a study as an OR-DBM .lrc file.

    Raises
    ------
    TableError
        If not every reader rated every case in every modality.
    """
    cases, ratings = tables["cases"].frame, complete_readings(tables)
    readers = ratings["reader_id"].unique()
    modalities = ratings["modality"].unique()
    cases = cases[cases["case_id"].isin(ratings["case_id"])]
    expected = len(readers) * len(modalities) * len(cases)
    if len(ratings) != expected:
        rule = (
            f"holds {len(ratings):,} ratings, but an .lrc file needs all {expected:,}: every case "
            "by every reader in every modality"
        )
        file = str(tables["readings"].files[0])
        remedy = "convert to csv or imrmc, which hold incomplete designs"
        raise TableError([file_fault(file, rule, remedy, column="table readings")])
    grid = ratings.set_index(READING_KEY)["rating"]
    lines = [_TITLE]
    for reader in readers:
        lines.append(str(reader))
        if reader == readers[0]:
            lines.append(" ".join(f'"{modality}"' for modality in modalities))
            lines.append(" ".join("L" for _ in modalities))
        table = grid.loc[reader].unstack("modality")
        for labels in _labels(cases):
            of_truth = table.reindex(index=list(labels), columns=modalities).to_numpy().tolist()
            lines += [
                " ".join([*map(cell_text, row), label])
                for row, label in zip(of_truth, labels.values(), strict=True)
            ]
            lines.append(END_OF_CASES)
    return ("\n".join([*lines, END_OF_FILE]) + "\n").encode()


def _labels(cases: pd.DataFrame) -> list[dict[str, str]]:
    """Return the label of each case, without and with disease: its place, or its ID."""
    by_truth = [cases["case_id"][cases["truth"] == truth].tolist() for truth in (0, 1)]
    ordered = [case_id for ids in by_truth for case_id in ids]
    if ordered == [str(number) for number in range(1, len(ordered) + 1)]:
        return [
            {case_id: f"{CASE_LABELS[truth]} {place}" for place, case_id in enumerate(ids, start=1)}
            for truth, ids in enumerate(by_truth)
        ]
    return [{case_id: case_id for case_id in ids} for ids in by_truth]
