"""Coded concepts of structured reports, compared by value and scheme and never by their words."""

from __future__ import annotations

from typing import Any, Final

Code = tuple[str, str]  # value, coding scheme

# The names that the older SNOMED identifiers have gone by (PS3.16 section 8).
_OLDER_SNOMED: Final = ("SRT", "SNM3", "99SDM")
# The older identifiers of the concepts that are read here -> SNOMED CT.
_SNOMED_CT: Final = {
    "F-01710": "129715009",
    "F-01775": "129769006",
    "F-01776": "129770007",
    "F-01791": "129788004",
    "F-01792": "129789007",
    "F-01793": "129790003",
    "F-01795": "129792006",
    "F-01796": "129793001",
    "F-01797": "129794007",
    "F-01798": "129795008",
    "F-01799": "129796009",
    "F-0179A": "129797000",
    "D0-00050": "95324001",
    "DC-721C4": "127189005",
    "M-36300": "79654002",
    "T-04020": "73056007",
    "T-04030": "80248007",
    "T-04100": "24142002",
    "T-C430B": "443808008",
    "T-C4710": "68171009",
}


def code_of(sequence: Any) -> Code | None:
    """Return the first code of a code sequence; None where it has none.

    Parameters
    ----------
    sequence : tuple of mapping or None
        Items of a code sequence as ``read_header`` gives them.

    Examples
    --------
    >>> code_of(({"CodeValue": "F-01796", "CodingSchemeDesignator": "SRT"},))
    ('129793001', 'SCT')
    """
    if not isinstance(sequence, tuple) or not sequence:
        return None
    item = sequence[0]
    value = str(item.get("CodeValue") or item.get("LongCodeValue") or "").strip()
    return code(value, str(item.get("CodingSchemeDesignator") or "").strip()) if value else None


def code(value: str, scheme: str) -> Code:
    """Return a code in the one form in which codes are compared.

    Examples
    --------
    >>> code("F-01796", "SNM3"), code("111047", "DCM")
    (('129793001', 'SCT'), ('111047', 'DCM'))
    """
    if scheme in _OLDER_SNOMED:
        if value in _SNOMED_CT:
            return _SNOMED_CT[value], "SCT"
        return value, "SRT"
    return value, scheme


def words(concept: Code | None) -> str:
    """Return a code as it stands in lists, ``111047 DCM``."""
    return " ".join(concept) if concept else "no concept"


def _dcm(value: str) -> Code:
    return value, "DCM"


ALGORITHM_NAME, ALGORITHM_VERSION = _dcm("111001"), _dcm("111003")
ALGORITHM_MANUFACTURER = _dcm("122405")
CENTER, OUTLINE, IMAGE_REGION = _dcm("111010"), _dcm("111041"), _dcm("111030")
CERTAINTY_OF_FINDING, CERTAINTY_OF_IMPRESSION = _dcm("111012"), _dcm("111013")
PROBABILITY_OF_CANCER = _dcm("111047")
COMPOSITE_FEATURE, SINGLE_IMAGE_FINDING = _dcm("111015"), _dcm("111059")
SUMMARY, IMPRESSION = _dcm("111017"), _dcm("111034")
IMAGE_LATERALITY = _dcm("111027")
IMAGE_LIBRARY, REPORT_TITLE = _dcm("111028"), _dcm("111036")
SUMMARY_OF_DETECTIONS, SUMMARY_OF_ANALYSES = _dcm("111064"), _dcm("111065")
ORIGINAL_SOURCE = _dcm("111040")
RENDERING_INTENT, OPERATING_POINT = _dcm("111056"), _dcm("111071")
MEASUREMENT_REPORT = _dcm("126000")
MEASUREMENT_GROUP, FINDING = _dcm("125007"), _dcm("121071")
OBSERVER_TYPE, DEVICE, PERSON_NAME = _dcm("121005"), _dcm("121007"), _dcm("121008")
DEVICE_NAME, DEVICE_MANUFACTURER, DEVICE_MODEL = _dcm("121013"), _dcm("121014"), _dcm("121015")
PERCENT, NO_UNITS = "%", "1"
SIDES: Final = {("80248007", "SCT"): "L", ("73056007", "SCT"): "R"}  # CID 6022

# Findings of CID 6014 that are no suspicion: composition, nipple, selected region, geometry,
# quality, non-lesion.
NO_SUSPICION: Final = frozenset(
    (
        ("129715009", "SCT"),
        ("24142002", "SCT"),
        _dcm("111099"),
        _dcm("111100"),
        _dcm("111101"),
        _dcm("111102"),
    )
)
