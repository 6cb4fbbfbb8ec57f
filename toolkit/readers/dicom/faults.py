"""Why a file is not in the inventory: a closed list of reasons, each with what to do about it."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "empty",
    "not_dicom",
    "cut_off",
    "unreadable",
    "dicomdir",
    "duplicate",
    "deflated_too_large",
    "nested_too_deep",
    "too_many_elements",
    "wrong_vr",
    "loop",
    "no_uid",
    "other",
]

REMEDIES: dict[Reason, str] = {
    "empty": "copy the file again from its source",
    "not_dicom": "nothing, if it is not meant to be a DICOM file; else export it again",
    "cut_off": "copy the file again from its source",
    "unreadable": "give the account that runs the scan the right to read it, or mend the disk",
    "dicomdir": "nothing: a DICOMDIR is an index, and the files that it names are read themselves",
    "duplicate": "nothing, if the copy is meant; else find out which of the two is right",
    "deflated_too_large": "export the object without deflation",
    "nested_too_deep": "export the object again; no mammography object nests so deep",
    "too_many_elements": "export the object again without its private elements",
    "wrong_vr": "export the object again with a conforming program",
    "loop": "nothing: what the link leads to is read where it lies",
    "no_uid": "export the object again; without its UIDs it belongs to no examination",
    "other": "try the file in another program, and report it if that one reads it",
}


class DicomFault(ValueError):  # noqa: N818 - one word with the faults of tables
    """A file that is no usable DICOM object.

    Parameters
    ----------
    reason : str
        One of the closed list.
    words : str
        What is wrong, without a value of the file: values may identify a patient.
    """

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason: Reason = reason
        self.words = words


class Unusual(Exception):  # noqa: N818 - not a fault of the file, but of the fast way
    """Something that the fast walk leaves to pydicom."""
