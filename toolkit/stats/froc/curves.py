"""Curves of free-response and localization readings: from which rating up, how much is found.

Every curve starts at (0, 0), has one point for each distinct rating of what it counts, and its
points are joined by straight lines. The FROC curve ends at its last mark: beyond it nothing was
marked. AFROC and ROC curves go on to (1, 1) in a straight line that no mark supports, which is what
makes an unmarked lesion against an unmarked case count half.
"""

from __future__ import annotations

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.results import Curve
from toolkit.stats.froc._cut_curve import CutCurve
from toolkit.stats.froc._statistics import PairMean
from toolkit.stats.froc.cut_figures import alroc_fom, froc_area_fom
from toolkit.stats.froc.figures_of_merit import FrocFom, afroc, afroc1, hr_auc, wafroc, wafroc1
from toolkit.stats.froc.readings import FrocReading


def froc_curve(reading: FrocReading, *, label: str = "") -> Curve:
    """Return the FROC curve: lesions found over false marks per image.

    Parameters
    ----------
    reading : FrocReading
        Marks of one reader, or of several by ``pooled_reading``.
    label : str
        Who or what was measured.

    Returns
    -------
    Curve
        Kind ``"froc"``: ``x`` is NL marks per image of all cases, ``y`` the share of lesions found,
        ``threshold`` descends from inf. It ends at the last mark, or at the export floor of an AI,
        which the note then says.

    References
    ----------
    Bunch PC, Hamilton JF, Sanderson GK, Simmons AH. Proc SPIE 1977;127:124-135.
    doi:10.1117/12.955926

    Examples
    --------
    >>> from toolkit.stats.froc.studies import froc_study
    >>> study = froc_study(n_cases=2, lesion_case=[1], lesion_rating=[[[2.0]]], nl_case=[0, 0],
    ...                    nl_rating=[3.0, 1.0])
    >>> curve = froc_curve(study.reading())
    >>> curve.x.tolist(), curve.y.tolist(), curve.threshold.tolist()
    ([0.0, 0.5, 0.5, 1.0], [0.0, 0.0, 1.0, 1.0], [inf, 3.0, 2.0, 1.0])
    """
    return _curve("froc", reading, froc_area_fom(nl_per_image=1.0), label)


def afroc_curve(reading: FrocReading, *, label: str = "") -> Curve:
    """Return the AFROC curve: lesions found over healthy cases with a false mark.

    Parameters
    ----------
    reading, label
        As in ``froc_curve``.

    Returns
    -------
    Curve
        Kind ``"afroc"``, from (0, 0) to (1, 1); its area is ``figures_of_merit.afroc``.

    References
    ----------
    Chakraborty DP, Winter LH. Radiology 1990;174:873-881. doi:10.1148/radiology.174.3.2305073
    """
    return _curve("afroc", reading, afroc, label)


def afroc1_curve(reading: FrocReading, *, label: str = "") -> Curve:
    """Return the AFROC1 curve: lesions found over all cases with a false mark.

    Parameters
    ----------
    reading, label
        As in ``froc_curve``.

    Returns
    -------
    Curve
        Kind ``"afroc1"``; its area is ``figures_of_merit.afroc1``.
    """
    return _curve("afroc1", reading, afroc1, label)


def wafroc_curve(reading: FrocReading, *, label: str = "") -> Curve:
    """Return the weighted AFROC curve: each diseased case counts the same.

    Parameters
    ----------
    reading, label
        As in ``froc_curve``.

    Returns
    -------
    Curve
        Kind ``"wafroc"``: ``y`` is the weight of the lesions found per diseased case; its area is
        ``figures_of_merit.wafroc``.
    """
    return _curve("wafroc", reading, wafroc, label)


def wafroc1_curve(reading: FrocReading, *, label: str = "") -> Curve:
    """Return the weighted AFROC1 curve: false marks of all cases.

    Parameters
    ----------
    reading, label
        As in ``froc_curve``.

    Returns
    -------
    Curve
        Kind ``"wafroc1"``; its area is ``figures_of_merit.wafroc1``.
    """
    return _curve("wafroc1", reading, wafroc1, label)


def inferred_roc_curve(reading: FrocReading, *, label: str = "") -> Curve:
    """Return the ROC curve inferred from marks: each case has its highest mark's rating.

    Parameters
    ----------
    reading, label
        As in ``froc_curve``.

    Returns
    -------
    Curve
        Kind ``"roc"``; its area is ``figures_of_merit.hr_auc``. A diseased case counts as found
        wherever it was marked: a recall for the wrong place is a hit here.
    """
    return _curve("roc", reading, hr_auc, label)


def lroc_curve(reading: FrocReading, *, label: str = "") -> Curve:
    """Return the LROC curve: diseased cases correctly localized over healthy cases called.

    Parameters
    ----------
    reading, label
        As in ``froc_curve``, of cases with one lesion at most.

    Returns
    -------
    Curve
        Kind ``"lroc"``. It ends at the share of all correct places, not at 1; its area is that of
        ``alroc_fom``.

    Raises
    ------
    ValueError
        If a case has several lesions.

    References
    ----------
    Starr SJ, Metz CE, Lusted LB, Goodenough DJ. Radiology 1975;116:533-538.
    doi:10.1148/116.3.533
    """
    return _curve("lroc", reading, alroc_fom(), label)


def _curve(kind: str, reading: FrocReading, fom: FrocFom, label: str) -> Curve:
    """Return the curve under which a figure of merit is an area."""
    compared = fom.statistic(reading)
    if not isinstance(compared, PairMean | CutCurve):
        msg = f"{fom.name} is not the area under a curve"
        raise ValueError(msg)
    x, y = compared.x, compared.y
    levels = np.unique(np.concatenate([x.rating, y.rating]))[::-1]
    totals = float(x.mass.sum()), float(y.mass.sum())
    axes = [
        np.append(0.0, _weight_from(side.rating, side.weight, levels)) / total
        if total
        else np.full(levels.size + 1, np.nan)
        for side, total in zip((x, y), totals, strict=True)
    ]
    truth = reading.truth
    return Curve(
        kind=kind,
        x=axes[0],
        y=axes[1],
        threshold=np.append(np.inf, levels),
        label=label,
        n_cases=truth.n_cases,
        n_positive=int(truth.diseased.sum()),
        method=f"empirical curve of {_COUNTED[kind]}",
        note=_note(reading, *totals),
    )


_COUNTED = {
    "froc": "lesions found over false marks per image",
    "afroc": "lesions found over healthy cases with a false mark",
    "afroc1": "lesions found over all cases with a false mark",
    "wafroc": "weighted lesions found over healthy cases with a false mark",
    "wafroc1": "weighted lesions found over all cases with a false mark",
    "roc": "cases by their highest mark",
    "lroc": "diseased cases correctly localized over healthy cases",
}


def _weight_from(rating: FloatArray, weight: FloatArray, levels: FloatArray) -> FloatArray:
    """Return the weight rated at or above each of the descending ``levels``."""
    order = np.argsort(-rating, kind="stable")
    total = np.append(0.0, np.cumsum(weight[order]))
    reached = np.searchsorted(-rating[order], -levels, side="right")
    found: FloatArray = total[reached]
    return found


def _note(reading: FrocReading, x_total: float, y_total: float) -> str:
    """Say which axis is undefined, where an AI stops, and whose marks were pooled."""
    empty = [name for name, total in (("x", x_total), ("y", y_total)) if not total]
    notes = [f"no case that defines {' and '.join(empty)}"] if empty else []
    if reading.export_floor is not None:
        notes.append(
            f"marks below {reading.export_floor:g} are not delivered: nothing is known beyond"
        )
    if reading.n_readers > 1:
        notes.append(f"marks of {reading.n_readers} readers pooled as if on one scale")
    return "; ".join(notes)
