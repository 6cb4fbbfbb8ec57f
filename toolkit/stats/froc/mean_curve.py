"""The mean curve of several readers: at each false-mark rate, the mean of what they found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.results import Curve


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
