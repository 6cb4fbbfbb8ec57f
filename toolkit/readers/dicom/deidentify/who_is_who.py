"""Whose an object is, and what stands for it in the copy."""

from __future__ import annotations

from typing import Final

from toolkit.readers.dicom.deidentify.silence import silent
from toolkit.readers.dicom.deidentify.uids import UUID_ROOT, mapped_uid, pseudonym
from toolkit.readers.dicom.header import Header, read_header
from toolkit.readers.dicom.walker import Read

_UIDS: Final = {
    "study": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instance": "SOPInstanceUID",
}


def who_is_who(
    read: Read, size: int, key: bytes, *, uid_root: str = UUID_ROOT
) -> dict[str, tuple[str, str]]:
    """Return what stood in a file and what stands for it in the copy: it belongs into no output.

    Parameters
    ----------
    read : callable
        ``read(offset, length)`` returns bytes of the file.
    size : int
        Of the file.
    key : bytes
        Secret.
    uid_root : str
        Root of the UIDs.

    Returns
    -------
    dict of str to (str, str)
        Patient, study, series and instance.

    Raises
    ------
    DicomFault
        If the file cannot be read.
    """
    with silent():
        header = read_header(read, size)
    found = {"patient": (header.text("PatientID"), patient_of(header, key))}
    for what, keyword in _UIDS.items():
        uid = header.text(keyword)
        found[what] = (uid, mapped_uid(key, uid, root=uid_root))
    return found


def patient_of(header: Header, key: bytes) -> str:
    """Return the pseudonym of an object's patient; without an ID that of the examination."""
    return pseudonym(key, "patient", moves_with(header))


def moves_with(header: Header) -> str:
    """Return whose offset the dates of an object get."""
    return header.text("PatientID") or header.text("StudyInstanceUID")
