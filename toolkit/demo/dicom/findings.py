"""What the simulated AI found in an examination, from its score and the lesions that are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.demo.dicom.cad_plan import Composite, Finding

_OUTLINES = ("CIRCLE", "ELLIPSE", "POLYLINE", None)
_FALSE_FROM = 7.0  # from this score on, an examination has a finding though no lesion was found
_KINDS = {
    "mass": "density",
    "calcification": "calcification cluster",
    "distortion": "distortion",
}


@dataclass(frozen=True, kw_only=True)
class PlacedLesion:
    """A lesion of one image: place of the image in the examination, centre and radius, pixels."""

    image: int
    x: float
    y: float
    radius: float
    kind: str


def percent_text(percent: float, unit: str) -> str:
    """Return a probability of one decimal percent as it is written in a unit.

    Examples
    --------
    >>> percent_text(87.5, "%"), percent_text(87.5, "1")
    ('87.5', '0.875')
    """
    return f"{percent:.1f}" if unit == "%" else f"{percent / 100:.3f}"


def findings_of(
    score: float,
    lesions: list[PlacedLesion],
    *,
    shape: tuple[int, int],
    unit: str,
    outline: int,
    rng: np.random.Generator,
) -> tuple[tuple[Finding, ...], tuple[Composite, ...]]:
    """Return the findings of an examination and the composites that they form.

    Parameters
    ----------
    score : float
        The AI's score of the examination, from 1 to 10.
    lesions : list of PlacedLesion
        What is there; found the more often the higher the score.
    shape : tuple of int
        Rows and columns of the images.
    unit : {"%", "1"}
        Unit in which probabilities are written.
    outline : int
        Which kind of outline, counted around.
    rng : Generator
        Of this examination.
    """
    rows, columns = shape
    kind_of_outline = _OUTLINES[outline % len(_OUTLINES)]
    places = [
        (one.image, one.x, one.y, one.radius, _KINDS.get(one.kind, "density"))
        for one in lesions
        if rng.random() < score / 10
    ]
    composites: tuple[Composite, ...] = ()
    if places:
        # The first is seen in the other view of the same breast too.
        image, _, y, radius, kind = places[0]
        x = round(float(rng.uniform(0.2, 0.5)) * columns, 1)
        places.insert(1, (image ^ 1, x, y, radius, kind))
        composite_kind = {"density": "mass"}.get(kind, kind)
        composites = (Composite(kind=composite_kind, findings=(0, 1)),)
    elif score >= _FALSE_FROM:
        x, y = rng.uniform(0.2, 0.5) * columns, rng.uniform(0.3, 0.7) * rows
        image = int(rng.integers(4))
        places = [(image, round(float(x), 1), round(float(y), 1), 5.0, "density")]
    found = []
    for place, (image, x, y, radius, kind) in enumerate(places):
        percent = round(max(0.1, 10 * score - 10 * place - float(rng.uniform(0, 5))), 1)
        found.append(
            Finding(
                kind=kind, image=image, x=x, y=y, radius_x=radius, radius_y=radius * 0.75,
                outline=kind_of_outline, score=percent_text(percent, unit), score_unit=unit,
            )
        )  # fmt: skip
    return tuple(found), composites
