"""Which reader of another program's file is an AI: the file does not say, its owner does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange import StudyFile
from toolkit.readers.interchange.study import NO_KIND
from toolkit.study.intake import STANDALONE
from toolkit.study.workspace import OutputError
from toolkit.tables import TABLES, TableData

if TYPE_CHECKING:
    import pandas as pd


def with_ai(study: StudyFile, reader: str) -> StudyFile:
    """Return a study with one reader as the AI that the others are compared with.

    Parameters
    ----------
    study : StudyFile
        As read, of one modality.
    reader : str
        Name of the AI among the readers of the file.

    Returns
    -------
    StudyFile
        Its readings and marks have the modality standalone. Product and version are those words;
        the scale reaches from its lowest to its highest rating, and its lowest mark is its export
        floor: notes say so, since the file knows none of them.

    Raises
    ------
    OutputError
        If there is no such reader, no other, or more than one modality.
    """
    readers, readings = study.tables["readers"].frame, study.tables["readings"].frame
    _require_one_ai(readers, readings, reader)
    ratings = readings.loc[readings["reader_id"] == reader, "rating"]
    scores = ratings[np.isfinite(ratings)]
    marks = study.tables["marks"].frame if "marks" in study.tables else None
    # A reading without a mark is no score: what an AI delivers begins at its lowest mark.
    delivered = scores if marks is None else marks.loc[marks["reader_id"] == reader, "rating"]
    if not scores.size or not delivered.size:
        msg = "--ai: this reader has no rating or no mark; name the AI of the file"
        raise OutputError(msg)
    low, high, floor = float(scores.min()), float(scores.max()), float(delivered.min())
    described = _described(readers, reader, (low, high, floor))
    tables = {
        **study.tables,
        "readers": replace(study.tables["readers"], frame=described),
        "readings": _standalone(study.tables["readings"], reader),
    }
    if marks is not None:
        tables["marks"] = _standalone(study.tables["marks"], reader)
    notes = (
        "readers: the AI is the one that was named; its product and version are not in the file",
        f"readers: the scale of the AI is taken to reach from its lowest rating to its highest, "
        f"{low:g} to {high:g}, and its export floor to be its lowest mark, {floor:g}; mend both in "
        "the table",
    )
    kept = tuple(note for note in study.notes if note != NO_KIND)
    return replace(study, tables=tables, notes=(*kept, *notes))


def _require_one_ai(readers: pd.DataFrame, readings: pd.DataFrame, reader: str) -> None:
    """Refuse a name that is no reader, a lone reader, and several modalities."""
    names = readers["reader_id"].tolist()
    if reader not in names:
        msg = f"--ai: no reader of the file has this name; it has {', '.join(map(repr, names))}"
        raise OutputError(msg)
    if len(names) == 1:
        msg = "--ai: the file has one reader alone, so there is nobody to compare the AI with"
        raise OutputError(msg)
    modalities = readings["modality"].unique()
    if len(modalities) > 1:
        msg = (
            f"--ai: the file has {len(modalities)} modalities, and an AI is compared in one; make "
            "the study without --ai and name the AI in its readers table"
        )
        raise OutputError(msg)


def _described(
    readers: pd.DataFrame, reader: str, scores: tuple[float, float, float]
) -> pd.DataFrame:
    """Return the readers table with the AI, columns in the order of its definition."""
    low, high, floor = scores
    given: dict[str, str | float] = {
        "kind": "ai",
        "product": "product",
        "version": "version",
        "score_min": low,
        "score_max": high if high > low else low + 1,
        "score_kind": "exam",
        "export_floor": floor,
    }
    own = readers["reader_id"] == reader
    frame = readers.copy()
    for name, value in given.items():
        before = frame[name].tolist() if name in frame else [np.nan] * len(frame)
        frame[name] = [value if mine else old for mine, old in zip(own, before, strict=True)]
    return frame[[name for name in TABLES["readers"].names if name in frame]]


def _standalone(data: TableData, reader: str) -> TableData:
    """Return a table in which the AI's rows have its own modality."""
    frame = data.frame.copy()
    frame["modality"] = frame["modality"].where(frame["reader_id"] != reader, STANDALONE)
    return replace(data, frame=frame)
