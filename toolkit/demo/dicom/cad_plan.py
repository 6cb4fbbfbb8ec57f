"""What a Mammography CAD SR is to say, before it becomes a tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from toolkit.demo.dicom.exam import NO_UNITS, PERCENT, SCORE_UNIT

# Summary of all, summary of detections, summary of analyses; CID 6047 and CID 6042. There is no
# code for an examination that no algorithm tried: it is written as one that none succeeded on.
STATES = {
    "with_findings": ("111242", "111222", "111222"),
    "without_findings": ("111241", "111222", "111222"),
    "partly_failed": ("111243", "111223", "111224"),
    "failed": ("111245", "111224", "111224"),
    "not_attempted": ("111245", "111225", "111225"),
}
PARTLY_WITH_FINDINGS = "111244"
UNITS = {"%": PERCENT, "1": NO_UNITS, "{score}": SCORE_UNIT}
# A mass is a composite feature (CID 6016); in one image it is a density (CID 6014).
FINDING_KINDS = ("density", "calcification cluster", "calcification", "distortion")
COMPOSITE_KINDS = ("mass", "calcification cluster", "distortion", "density")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A finding in one image.

    Parameters
    ----------
    kind : str
        One of ``FINDING_KINDS``.
    image : int
        Place of its image in the report's images, from 0.
    x, y : float
        Centre, in pixels from the left and from the top of that image.
    radius_x, radius_y : float
        Half axes of the outline, pixels; a circle and a polygon use ``radius_x`` alone.
    outline : {"CIRCLE", "ELLIPSE", "POLYLINE"} or None
        Graphic type of the outline; None for a centre only.
    score : str
        As written in the file; empty for none.
    score_kind : {"probability", "certainty"}
        Probability of cancer (111047) or certainty of finding (111012).
    score_unit : {"%", "1"}
        Percent, or a share.
    intent : {"required", "optional", "not"}
        Rendering intent: whether a display is to show it.
    operating_point : int or None
        With an optional finding: the operating point from which it is shown.
    frame : int or None
        Frame of a multi-frame image, from 1; the image is then named by value.
    calcifications : int or None
        Number of calcifications of a cluster.
    """

    kind: str = "density"
    image: int = 0
    x: float = 20.0
    y: float = 30.0
    radius_x: float = 6.0
    radius_y: float = 4.0
    outline: str | None = "CIRCLE"
    score: str = "87.5"
    score_kind: str = "probability"
    score_unit: str = "%"
    intent: str = "required"
    operating_point: int | None = None
    frame: int | None = None
    calcifications: int | None = None


@dataclass(frozen=True, kw_only=True)
class Composite:
    """A feature that is seen in several images.

    Parameters
    ----------
    kind : str
        One of ``COMPOSITE_KINDS``.
    findings : tuple of int
        Places of its findings in the report's findings, from 0.
    score : str
        Probability of cancer, percent, as written; empty for none.
    """

    kind: str = "mass"
    findings: tuple[int, ...] = ()
    score: str = ""


@dataclass(frozen=True, kw_only=True)
class CadPlan:
    """One report.

    Parameters
    ----------
    images : tuple of Dataset
        Images of the image library; those of another study are priors.
    findings, composites : tuple
        What was found; a finding may belong to one composite or to none.
    state : str
        One of ``STATES``.
    exam_score : str
        Score of the whole examination as written; empty for none.
    score_place : {"private_code", "certainty_of_impression", "text"}
        Where it is written; the standard has no place of its own for it.
    exam_score_unit : {"{score}", "1", "%"}
        Its unit.
    product, version, manufacturer : str
        Of the algorithm.
    scheme : {"SCT", "SRT"}
        Coding scheme of findings and anatomy.
    layout : {"nested", "flattened"}
        Impressions inside the summary and findings inside their composites, or side by side
        and tied by reference.
    image_by : {"reference", "value"}
        How a mark names its image: by its place in the library, or by itself.
    instance : int
        Number of the report in its series: a second run is instance 2.
    """

    images: tuple[Dataset, ...] = ()
    findings: tuple[Finding, ...] = ()
    composites: tuple[Composite, ...] = ()
    state: str = "with_findings"
    exam_score: str = ""
    score_place: str = "private_code"
    exam_score_unit: str = "{score}"
    product: str = "Transpara (simulated)"
    version: str = "2.1.0"
    manufacturer: str = "Demo (simulated)"
    scheme: str = "SCT"
    layout: str = "nested"
    image_by: str = "reference"
    instance: int = 1

    def __post_init__(self) -> None:
        """Refuse words that are in no vocabulary, and findings without an image."""
        self._check_words()
        self._check_places()

    def _check_words(self) -> None:
        """Refuse words that are in no vocabulary."""
        chosen: dict[str, tuple[Iterable[str | None], tuple[str | None, ...]]] = {
            "state": ([self.state], tuple(STATES)),
            "score_place": (
                [self.score_place], ("private_code", "certainty_of_impression", "text")
            ),
            "exam_score_unit": ([self.exam_score_unit], tuple(UNITS)),
            "layout": ([self.layout], ("nested", "flattened")),
            "image_by": ([self.image_by], ("reference", "value")),
            "kind": ([one.kind for one in self.findings], FINDING_KINDS),
            "composite kind": ([one.kind for one in self.composites], COMPOSITE_KINDS),
            "score_unit": ([one.score_unit for one in self.findings], tuple(UNITS)),
            "score_kind": (
                [one.score_kind for one in self.findings], ("probability", "certainty")
            ),
            "intent": ([one.intent for one in self.findings], ("required", "optional", "not")),
            "outline": (
                [one.outline for one in self.findings], ("CIRCLE", "ELLIPSE", "POLYLINE", None)
            ),
        }  # fmt: skip
        for name, (values, allowed) in chosen.items():
            for value in values:
                if value not in allowed:
                    words = ", ".join(str(word) for word in allowed)
                    msg = f"{name} must be one of {words}, got {value!r}"
                    raise ValueError(msg)

    def _check_places(self) -> None:
        """Refuse findings of images, and composites of findings, that are not there."""
        for place, finding in enumerate(self.findings):
            if not 0 <= finding.image < len(self.images):
                msg = (
                    f"findings[{place}].image must be the place of one of {len(self.images)} "
                    f"images, from 0, got {finding.image}"
                )
                raise ValueError(msg)
        members = [member for one in self.composites for member in one.findings]
        if len(set(members)) < len(members) or not set(members) <= set(range(len(self.findings))):
            msg = (
                "composites must hold places of findings, from 0, each in one composite at most, "
                f"got {members} with {len(self.findings)} findings"
            )
            raise ValueError(msg)
        if self.findings and self.state not in ("with_findings", "partly_failed"):
            msg = f"state {self.state!r} has no findings, got {len(self.findings)}"
            raise ValueError(msg)


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
