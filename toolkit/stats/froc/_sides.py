"""The elements that figures of merit compare, from the marks of a reading."""

from __future__ import annotations

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.stats.froc._elements import Elements, per_case
from toolkit.stats.froc.readings import FrocReading


def one_a_case(rating: FloatArray, cases: BoolArray) -> Elements:
    """Return some cases as elements, each with its own rating."""
    case = np.flatnonzero(cases)
    return Elements(
        rating=rating[case], case=case, weight=np.ones(case.size), mass=cases.astype(np.float64)
    )


def lesions_of(reading: FrocReading, *, weighted: bool) -> Elements:
    """Return lesions as elements; weighted, each diseased case counts the same."""
    truth = reading.truth
    weight = truth.lesion_weight if weighted else np.ones(truth.lesion_case.size)
    return Elements(
        rating=reading.lesion_rating,
        case=truth.lesion_case,
        weight=weight,
        mass=per_case(truth.lesion_case, weight, truth.n_cases),
    )


def marks_of(reading: FrocReading) -> Elements:
    """Return all NL marks as elements, per image."""
    marked = reading.nl_rating > -np.inf
    case = reading.nl_case[marked]
    return Elements(
        rating=reading.nl_rating[marked],
        case=case,
        weight=np.ones(case.size),
        mass=reading.truth.n_images.astype(np.float64),
    )


def found_of(reading: FrocReading, lesions: BoolArray | None = None) -> Elements:
    """Return the marked lesions, of ``lesions`` alone if given, as shares of all of these."""
    truth = reading.truth
    chosen = np.ones(truth.lesion_case.size, dtype=bool) if lesions is None else lesions
    marked = chosen & (reading.lesion_rating > -np.inf)
    return Elements(
        rating=reading.lesion_rating[marked],
        case=truth.lesion_case[marked],
        weight=np.ones(int(marked.sum())),
        mass=per_case(truth.lesion_case, chosen.astype(np.float64), truth.n_cases),
    )
