"""The coded concepts that the simulated objects use, and sequences made of them."""

from __future__ import annotations

from typing import NamedTuple

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence


class Code(NamedTuple):
    """A coded concept: value, coding scheme, meaning."""

    value: str
    scheme: str
    meaning: str


def code_item(code: Code) -> Dataset:
    """Return the item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    return item


def code_sequence(*codes: Code) -> Sequence:
    """Return a code sequence."""
    return Sequence([code_item(code) for code in codes])


def dcm(value: str, meaning: str) -> Code:
    """Return a concept of DICOM's own terminology."""
    return Code(value, "DCM", meaning)


# The two ways to write one SNOMED concept: by concept identifier (SCT), and the older
# identifier (SRT) that installed products still send.
_SNOMED = {
    "left": ("80248007", "T-04030", "Left breast"),
    "right": ("73056007", "T-04020", "Right breast"),
    "breast": ("76752008", "T-04000", "Breast"),
    "CC": ("399162004", "R-10242", "cranio-caudal"),
    "MLO": ("399368009", "R-10226", "medio-lateral oblique"),
    "mass": ("129788004", "F-01791", "Mammographic breast mass"),
    "density": ("129793001", "F-01796", "Mammography breast density"),
    "calcification cluster": ("129769006", "F-01775", "Calcification Cluster"),
    "calcification": ("129770007", "F-01776", "Individual Calcification"),
    "distortion": ("129792006", "F-01795", "Architectural distortion of breast"),
}
SNOMED_NAMES = tuple(_SNOMED)


def snomed(name: str, scheme: str = "SCT") -> Code:
    """Return a SNOMED concept in one of its two coding schemes.

    Examples
    --------
    >>> snomed("density"), snomed("density", "SRT").value
    (Code(value='129793001', scheme='SCT', meaning='Mammography breast density'), 'F-01796')
    """
    concept, older, meaning = _SNOMED[name]
    if scheme not in ("SCT", "SRT"):
        msg = f"scheme must be 'SCT' or 'SRT', got {scheme!r}"
        raise ValueError(msg)
    return Code(concept if scheme == "SCT" else older, scheme, meaning)


SIDES = {"L": "left", "R": "right"}
PERCENT = Code("%", "UCUM", "Percent")
NO_UNITS = Code("1", "UCUM", "no units")
SCORE_UNIT = Code("{score}", "UCUM", "score")
MILLIMETRE = Code("mm", "UCUM", "millimeter")
# Where the simulated product puts its score of the whole examination; a product's own code is
# all that the standard leaves it.
EXAM_SCORE = Code("DEMO-01", "99DEMO", "Examination score")
