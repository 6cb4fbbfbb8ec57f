"""In which order readers read the same case in two modalities, and how far apart.

A reader who remembers a case from the other modality is no longer blind to it, so studies read half
of the cases in either order, some weeks apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.scoring.reader_study import StudyReadings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class ReadingOrder:
    """In which order readers read the same case in two modalities, and how far apart.

    Parameters
    ----------
    n_pairs : int
        Times that a reader read one case in both.
    n_a_first, n_b_first : int
        Of those, read in a first, and in b first; the others are not known or of one day.
    shortest_gap_days : float
        Fewest days between the two readings; NaN where the days are not known.
    """

    n_pairs: int
    n_a_first: int
    n_b_first: int
    shortest_gap_days: float


def reading_order(
    readings: pd.DataFrame, study: StudyReadings, *, session: str | None = None
) -> ReadingOrder:
    """Return the order of the readings of two modalities, from their day or else their session.

    Parameters
    ----------
    readings : DataFrame
        Canonical table.
    study : StudyReadings
        The readings that are compared; its first two modalities count.
    session : str or None
        As in ``study_readings``.

    Notes
    -----
    Days are taken where ``read_at`` is known for both readings. Sessions are ordered as numbers
    where they are numbers; other names of sessions say nothing about order.
    """
    import pandas as pd

    chosen = readings[readings["status"] == "complete"]
    chosen = chosen[chosen["case_id"].isin(study.case_id)]
    if session is not None:
        chosen = chosen[chosen["session"] == session]
    frame = pd.DataFrame(
        {
            "reader": chosen["reader_id"],
            "case": chosen["case_id"],
            "modality": chosen["modality"],
            "day": pd.to_datetime(chosen["read_at"]) if "read_at" in chosen else pd.NaT,
            "session": pd.to_numeric(chosen["session"], errors="coerce"),
        }
    )
    a, b = (frame[frame["modality"] == modality] for modality in study.modalities[:2])
    pairs = a.merge(b, on=["reader", "case"], suffixes=("_a", "_b"))
    days = (pairs["day_b"] - pairs["day_a"]).dt.days.to_numpy(dtype=np.float64)
    sessions = (pairs["session_b"] - pairs["session_a"]).to_numpy(dtype=np.float64)
    step = np.where(np.isnan(days), sessions, days)
    apart = np.abs(days[~np.isnan(days)])
    return ReadingOrder(
        n_pairs=len(pairs),
        n_a_first=int((step > 0).sum()),
        n_b_first=int((step < 0).sum()),
        shortest_gap_days=float(apart.min()) if apart.size else float("nan"),
    )
