"""Small reader studies as tables, for the tests of chapter 07."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

MODALITIES = ("unaided", "aided")


def reader_tables(
    rating, truth, *, call=None, patient=None, session=None, read_at=None, modalities=MODALITIES
):
    """Tables of ratings (n_cases, n_readers, n_modalities), NaN where nobody read.

    Reader 0 is "zed", the last of the alphabet, so that the order of names cannot help.
    """
    rating = np.asarray(rating, dtype=float)
    n_cases, n_readers, n_modalities = rating.shape
    names = [f"{'zyxwvutsrq'[r % 10]}{r}" for r in range(n_readers)]
    calls = np.full(rating.shape, np.nan) if call is None else np.asarray(call, dtype=float)
    rows = [
        {
            "reader_id": names[r],
            "case_id": f"c{k:03d}",
            "modality": modalities[m],
            "session": "1" if session is None else str(session[k, r, m]),
            "rating": rating[k, r, m],
            "call": calls[k, r, m],
            "status": "complete",
            **({} if read_at is None else {"read_at": pd.Timestamp(read_at[k, r, m])}),
        }
        for k in range(n_cases)
        for r in range(n_readers)
        for m in range(n_modalities)
        if not (np.isnan(rating[k, r, m]) and np.isnan(calls[k, r, m]))
    ]
    # The order of the rows must not matter.
    readings = pd.DataFrame(rows).sample(frac=1, random_state=1).reset_index(drop=True)
    readers = pd.DataFrame({"reader_id": names, "kind": "human"})
    cases = pd.DataFrame(
        {
            "case_id": [f"c{k:03d}" for k in range(n_cases)],
            "truth": np.asarray(truth, dtype=float),
            "patient_id": np.nan if patient is None else [f"p{p}" for p in patient],
        }
    )
    return readings, readers, cases


def frames(readings, readers, cases, marks=None):
    """The tables as a chapter gets them."""
    return SimpleNamespace(
        readings=readings, readers=readers, cases=cases, optional={"marks": marks}.get
    )


def drawn_ratings(n_readers=5, n_cases=60, *, seed=1, gain=0.6, levels=None):
    """Ratings of a crossed study in which reading with AI helps, and truth."""
    draw = np.random.default_rng(seed)
    truth = np.arange(n_cases) % 2
    case = draw.normal(size=(n_cases, 1, 1))
    noise = draw.normal(size=(n_cases, n_readers, 2))
    rating = truth[:, None, None] * np.array([1.0, 1.0 + gain]) + 0.7 * case + noise
    if levels:
        edges = np.quantile(rating, np.arange(1, levels) / levels)
        rating = np.searchsorted(edges, rating).astype(float)
    return rating, truth
