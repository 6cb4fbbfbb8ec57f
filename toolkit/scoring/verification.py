"""Whether the truth depended on the programme's own recall, and what that may hide.

A woman whom the programme did not recall has no work-up. She counts as free of cancer once time has
passed without one, although another test may have marked her: its sensitivity and its specificity
are then taken against a truth that the programme had a part in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd

# A biopsy or a panel looked at the woman herself; follow-up and registry wait for a diagnosis.
WORKED_UP = ("pathology_benign", "pathology_malignant", "expert_panel")


def unverified(cases: pd.DataFrame) -> BoolArray:
    """Return who counts as free of cancer only because no cancer came up, shape (n_cases,).

    Parameters
    ----------
    cases : DataFrame
        Canonical table.

    Returns
    -------
    ndarray of bool
        True for a case without cancer that the programme did not recall and whose truth rests on
        follow-up, on a registry or on nothing that is named. False throughout where the table does
        not say who was recalled.

    Examples
    --------
    >>> import pandas as pd
    >>> unverified(pd.DataFrame({
    ...     "truth": [0, 0, 0, 1],
    ...     "recalled": [0, 1, 0, 0],
    ...     "truth_source": ["follow_up_24_months"] * 2 + ["pathology_benign"] + ["registry"],
    ... })).tolist()
    [True, False, False, False]
    """
    if "recalled" not in cases:
        return np.zeros(len(cases), dtype=np.bool_)
    not_recalled = (cases["recalled"] == 0).fillna(False).to_numpy(dtype=np.bool_)
    free = (cases["truth"] == 0).fillna(False).to_numpy(dtype=np.bool_)
    if "truth_source" not in cases:
        return np.asarray(not_recalled & free)
    seen = cases["truth_source"].isin(WORKED_UP).to_numpy(dtype=np.bool_)
    return np.asarray(not_recalled & free & ~seen)


@dataclass(frozen=True, kw_only=True)
class Incorporation:
    """Cases that a test marked and the programme did not recall, and what they may hide.

    Shares are weighted where cases have weights. The ``_if`` values take those cases to hold cancer
    as often as marked cases that the programme recalled: more than is likely, since recalls are
    the more suspicious ones. The values without it take none of them to hold cancer.

    Parameters
    ----------
    n : int
        Marked, not recalled, without work-up.
    n_recalled : int
        Marked and recalled, with a known truth.
    ppv_recalled : float
        Share of these with cancer; NaN where there is none.
    sensitivity, specificity : float
        Of the test, those cases without cancer.
    sensitivity_if, specificity_if : float
        Of the test, those cases with cancer as often as ``ppv_recalled``.
    programme_sensitivity, programme_sensitivity_if : float
        Of the programme's recall, in the same way.
    """

    n: int
    n_recalled: int
    ppv_recalled: float
    sensitivity: float
    specificity: float
    sensitivity_if: float
    specificity_if: float
    programme_sensitivity: float
    programme_sensitivity_if: float


def incorporation(
    truth: FloatArray,
    call: FloatArray,
    recalled: FloatArray,
    without_work_up: BoolArray,
    *,
    weight: FloatArray | None = None,
) -> Incorporation | None:
    """Return what a test marked and nobody verified, with the bound of its accuracy.

    Parameters
    ----------
    truth, call, recalled : ndarray of float, shape (n_cases,)
        1 with cancer, marked by the test, recalled by the programme; else 0. Cases with NaN in one
        of them are left out.
    without_work_up : ndarray of bool, shape (n_cases,)
        From ``unverified``.
    weight : ndarray of float, shape (n_cases,), optional
        Sampling weights.

    Returns
    -------
    Incorporation or None
        None where every case that the test marked was recalled or verified in another way: the
        truth then does not depend on the programme's recall in a way that could hide a cancer.

    Examples
    --------
    Ten marked women: four recalled, one of them with cancer; six neither recalled nor worked up.

    >>> import numpy as np
    >>> truth = np.array([1.0] + [0.0] * 9 + [1.0])
    >>> call, recalled = np.array([1.0] * 10 + [0.0]), np.array([1.0] * 4 + [0.0] * 6 + [1.0])
    >>> found = incorporation(truth, call, recalled, (truth == 0) & (recalled == 0))
    >>> found.n, found.ppv_recalled, found.sensitivity  # 1 of 4, 1 of 2
    (6, 0.25, 0.5)
    >>> round(found.sensitivity_if, 4)  # (1 + 6 / 4) of (2 + 6 / 4)
    0.7143
    """
    known = ~np.isnan(truth + call + recalled)
    each = np.ones(truth.size) if weight is None else weight
    sick, marked, seen = (known & (values == 1) for values in (truth, call, recalled))
    open_cases = marked & without_work_up & known
    if not open_cases.any():
        return None

    def total(rows: BoolArray) -> float:
        return float(each[rows].sum())

    ppv = _ratio(total(marked & seen & sick), total(marked & seen))
    extra = ppv * total(open_cases)  # cancers, if as frequent as among the recalled
    cancers, others = total(sick), total(known & ~sick)
    left = total(known & ~sick & ~marked)
    found, recalls = total(sick & marked), total(sick & seen)
    return Incorporation(
        n=int(open_cases.sum()),
        n_recalled=int((marked & seen).sum()),
        ppv_recalled=ppv,
        sensitivity=_ratio(found, cancers),
        specificity=_ratio(left, others),
        sensitivity_if=_ratio(found + extra, cancers + extra),
        specificity_if=_ratio(left, others - extra),
        programme_sensitivity=_ratio(recalls, cancers),
        programme_sensitivity_if=_ratio(recalls, cancers + extra),
    )


def _ratio(part: float, whole: float) -> float:
    """Return a share; NaN of nothing."""
    return part / whole if whole else np.nan
