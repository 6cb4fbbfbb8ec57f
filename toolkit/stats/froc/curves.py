"""Curves of free-response and localization readings: from which rating up, how much is found.

Every curve starts at (0, 0), has one point for each distinct rating of what it counts, and its
points are joined by straight lines. The FROC curve ends at its last mark: beyond it nothing was
marked. AFROC and ROC curves go on to (1, 1) in a straight line that no mark supports, which is what
makes an unmarked lesion against an unmarked case count half.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.results import Curve
from toolkit.stats.froc.cut_figures import alroc_fom, froc_area_fom
from toolkit.stats.froc.figures_of_merit import (
    FrocFom,
    PairMean,
    afroc,
    afroc1,
    hr_auc,
    wafroc,
    wafroc1,
)
from toolkit.stats.froc.fom_table import CutCurve
from toolkit.stats.froc.studies import FrocReading


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


def mean_froc_curve(curves: Sequence[Curve], *, label: str = "") -> Curve:
    """Return the vertical average of the readers' curves, up to where all of them have marks.

    Parameters
    ----------
    curves : sequence of Curve
        One for each reader, all of one kind, from ``curves``; x and y never fall and begin at 0.
    label : str
        Who was measured.

    Returns
    -------
    Curve
        Of the same kind. ``y`` at each ``x`` is the mean of the readers' ``y``; a vertical step of
        a reader stays a step, so that the area below is the mean of the readers' areas.
        ``threshold`` is NaN, since readers reach a point at ratings of their own; it is -inf
        beyond the last mark of the first reader to stop.

    Raises
    ------
    ValueError
        If there is no curve, kinds differ, or a curve falls or does not begin at (0, 0).

    Notes
    -----
    A FROC curve says nothing beyond its last mark, so the mean ends where the first reader stops
    (Chakraborty 2017, chapter 17: it cannot be extended beyond its observed end-point). Carrying
    the others' last value on would take readers who mark little for readers who find no more;
    a mean of the end points has an x at which nobody read. AFROC, ROC and LROC curves are defined
    up to 1, and so is their mean. Not for readers of other cases: their curves have other
    denominators. ``readings.pooled_reading`` gives a curve that ends at the mean of the end points,
    if all ratings may be taken as one scale.

    References
    ----------
    Chakraborty DP. Observer Performance Methods for Diagnostic Imaging. CRC Press 2017, chapter 17.
    doi:10.1201/9781351228190-17. Fawcett T. Pattern Recognit Lett 2006;27:861-874, section 8.1
    (vertical averaging). doi:10.1016/j.patrec.2005.10.010

    Examples
    --------
    >>> few = Curve(kind="froc", x=np.array([0, 0, 1.0]), y=np.array([0, 0.4, 0.6]),
    ...             threshold=np.array([np.inf, 2, 1]), method="")
    >>> many = Curve(kind="froc", x=np.array([0, 1, 2.0]), y=np.array([0, 0.2, 1]),
    ...              threshold=np.array([np.inf, 2, 1]), method="")
    >>> mean = mean_froc_curve([few, many])
    >>> mean.x.tolist(), mean.y.round(9).tolist()
    ([0.0, 0.0, 1.0], [0.0, 0.2, 0.4])
    """
    _check(curves)
    undefined = [curve for curve in curves if np.isnan(curve.x).any() or np.isnan(curve.y).any()]
    if undefined:
        point = np.array([np.nan])
        reason = f"no mean: {undefined[0].label or 'a curve'} is not defined"
        note = "; ".join(filter(None, [reason, undefined[0].note]))
        return _mean(curves, (point, point, point), label, note)
    end = min(float(curve.x[-1]) for curve in curves)
    every = np.unique(np.concatenate([curve.x for curve in curves]))
    places = every[every <= end]
    heights = [_heights(curve, places) for curve in curves]
    lowest, highest = (np.mean([pair[side] for pair in heights], axis=0) for side in (0, 1))
    # A place has two points where the curve steps up, one where it does not.
    kept = np.column_stack([lowest != highest, np.ones(places.size, dtype=np.bool_)]).ravel()
    x = np.repeat(places, 2)[kept]
    y = np.column_stack([lowest, highest]).ravel()[kept]
    supported = min(_last_mark(curve) for curve in curves)
    return _mean(curves, (x, y, np.where(x > supported, -np.inf, np.nan)), label, "")


def _check(curves: Sequence[Curve]) -> None:
    """Refuse curves that have no mean."""
    if not curves:
        msg = "curves must hold at least one curve, but there is none"
        raise ValueError(msg)
    kinds = sorted({curve.kind for curve in curves})
    if len(kinds) > 1:
        msg = f"curves must be of one kind, but got {' and '.join(kinds)}; average each apart"
        raise ValueError(msg)
    for place, curve in enumerate(curves):
        named = f"curve {place + 1} ({curve.label or 'no label'})"
        if not curve.x.size or curve.x[0] > 0 or curve.y[0] > 0:
            msg = f"{named} must begin at (0, 0); take it from toolkit.stats.froc.curves"
            raise ValueError(msg)
        if (np.diff(curve.x) < 0).any() or (np.diff(curve.y) < 0).any():
            msg = f"x and y of {named} must never fall; take it from toolkit.stats.froc.curves"
            raise ValueError(msg)


def _heights(curve: Curve, places: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and the highest y of a curve at each place up to its end."""
    x, y = curve.x, curve.y
    before = np.searchsorted(x, places, side="right") - 1
    after = np.minimum(before + 1, x.size - 1)
    run = np.where(x[after] > x[before], x[after] - x[before], 1.0)
    highest = y[before] + (places - x[before]) / run * (y[after] - y[before])
    first = np.searchsorted(x, places, side="left")
    lowest: FloatArray = np.where(x[first] == places, y[first], highest)
    return lowest, highest


def _last_mark(curve: Curve) -> float:
    """Return the x of the last point that a mark supports."""
    return float(curve.x[curve.threshold != -np.inf].max(initial=0.0))


def _mean(
    curves: Sequence[Curve],
    points: tuple[FloatArray, FloatArray, FloatArray],
    label: str,
    note: str,
) -> Curve:
    """Return the mean curve with its denominators where they are the same for all readers."""
    cases, positive = ({getattr(curve, name) for curve in curves} for name in _DENOMINATORS)
    n = len(curves)
    notes = [note] if note else _notes(curves, float(points[0][-1]))
    return Curve(
        kind=curves[0].kind,
        x=points[0],
        y=points[1],
        threshold=points[2],
        label=label,
        n_cases=cases.pop() if len(cases) == 1 else None,
        n_positive=positive.pop() if len(positive) == 1 else None,
        method=f"vertical average of {n} empirical curve{'s' if n > 1 else ''}",
        note="; ".join(notes),
    )


_DENOMINATORS = ("n_cases", "n_positive")


def _notes(curves: Sequence[Curve], end: float) -> list[str]:
    """Say why there is no threshold, where the mean ends, and what the readers' curves note."""
    notes = ["no threshold: each reader reaches a point of the mean at another rating"]
    further = sum(float(curve.x[-1]) > end for curve in curves)
    if further:
        notes.append(
            f"ends at {end:.3g}, where the first of {len(curves)} readers stops marking; "
            f"{further} go{'es' if further == 1 else ''} on"
        )
    return notes + list(dict.fromkeys(curve.note for curve in curves if curve.note))
