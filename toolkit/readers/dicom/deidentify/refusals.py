"""Objects that are not written: no header can say that no name is in their picture."""

from __future__ import annotations

from typing import Final, Literal, get_args

from toolkit.readers.dicom.deidentify.keep_list import KeepList
from toolkit.readers.dicom.faults import DicomFault, Reason
from toolkit.readers.dicom.header import Header
from toolkit.readers.dicom.objects import kind_of

Admittable = Literal["burned_in", "burned_in_unknown", "secondary_capture"]
ADMITTABLE: Final = get_args(Admittable)
Refused = Reason | Admittable | Literal["kind_not_kept", "overlay_in_pixels"]

WORDS: Final[dict[str, str]] = {
    "burned_in": "the header says that text is burned into the pixels",
    "burned_in_unknown": "the header does not say whether text is burned into the pixels",
    "secondary_capture": "a screenshot or scan, which mostly shows names whatever its header says",
    "kind_not_kept": "a kind of object that the keep list was not written for",
    "overlay_in_pixels": "an overlay in the unused bits of compressed pixels",
}
# Screenshots that a scanner stores in the class of its images.
_SCREENS: Final = frozenset(("SCREEN SAVE", "SCREENSAVE", "SCREEN"))


def check_admitted(admit: frozenset[str]) -> None:
    """Refuse words that name no refusal.

    Raises
    ------
    ValueError
        With the words that there are.
    """
    unknown = sorted(admit - set(ADMITTABLE))
    if unknown:
        msg = f"admit must be of {', '.join(ADMITTABLE)}, got {', '.join(unknown)}"
        raise ValueError(msg)


def refusal(header: Header, keep: KeepList, admit: frozenset[str]) -> str:
    """Return why an object is refused, empty where it is not.

    Parameters
    ----------
    header : Header
        Of the object.
    keep : KeepList
        Kinds that may be written.
    admit : frozenset of str
        Refusals that the user has taken back, having looked at the pictures.

    Raises
    ------
    DicomFault
        If the object lacks what it is named by.
    """
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        if not header.text(keyword):
            msg = f"{keyword} is missing, so the object belongs to no examination"
            raise DicomFault("no_uid", msg)
    if header.text("SOPClassUID") not in keep.classes:
        return "kind_not_kept"
    screen = not _SCREENS.isdisjoint(header.texts("ImageType"))
    found = []
    if kind_of(header) == "secondary_capture" or screen:
        found.append("secondary_capture")
    burned_in = header.text("BurnedInAnnotation").upper()
    if header.has_pixels and burned_in != "NO":
        found.append("burned_in" if burned_in else "burned_in_unknown")
    left = [reason for reason in found if reason not in admit]
    return left[0] if left else ""
