"""The inventory of an archive: one row for each object, from its header alone."""

from __future__ import annotations

from typing import Any, Final

from toolkit.readers.dicom.header import read_header
from toolkit.readers.dicom.objects import object_row
from toolkit.readers.dicom.pieces import Reading
from toolkit.readers.dicom.walker import Read


def header_row(read: Read, size: int) -> dict[str, Any]:
    """Return the columns of one object.

    Parameters
    ----------
    read, size
        As of ``read_header``.

    Raises
    ------
    DicomFault
        If the file is no object that belongs to an examination.
    """
    return vars(object_row(read_header(read, size)))


HEADERS: Final = Reading(name="headers", version=1, row=header_row)
