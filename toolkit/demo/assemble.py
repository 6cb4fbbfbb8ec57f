"""The simulated study as canonical tables."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

DEMO_TABLES: dict[str, tuple[str, ...]] = {
    "retrospective": ("cases", "readers", "readings", "lesions"),
    "reader_study": ("cases", "readers", "readings", "images", "lesions", "marks"),
    "prospective": ("cases", "readers", "readings", "lesions"),
}


@cache
def _part(part: str) -> dict[str, pd.DataFrame]:
    """Build one part; the parts share no randomness."""
    # Imported here: naming the tables must not load scipy and pandas.
    from toolkit.demo.prospective import prospective
    from toolkit.demo.reader_study import reader_study
    from toolkit.demo.retrospective import retrospective

    builders = {
        "retrospective": retrospective,
        "reader_study": reader_study,
        "prospective": prospective,
    }
    return builders[part]()


def demo_study() -> dict[str, dict[str, pd.DataFrame]]:
    """Return the simulated study: part to table to canonical table.

    Everything follows from ``DEMO_SEED``, ``DEMO_RATES`` and ``DEMO_PLAN``; the same on every
    call, whatever the locale, the time zone or the number of threads. Nothing in it is real: the
    product is named "Transpara (simulated)", and its scores say nothing about any product.

    Returns
    -------
    dict
        ``retrospective``: an enriched sample of examinations with two routine readings and an AI
        score. ``reader_study``: 240 examinations read by ten readers without and with AI.
        ``prospective``: women read without AI by one reader and with AI by another, at the end of
        month 24. The frames are the caller's own.

    Examples
    --------
    >>> study = demo_study()
    >>> study["reader_study"]["readings"].groupby("modality").size().to_dict()
    {'aided': 2400, 'standalone': 240, 'unaided': 2400}
    """
    # Shallow copies: pandas copies on write, so that no caller can change another's.
    return {
        part: {name: _part(part)[name].copy(deep=False) for name in names}
        for part, names in DEMO_TABLES.items()
    }
