"""Encode objects in a transfer syntax, and write many small ones fast."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from toolkit.demo.dicom.exam import DemoExam, make_uid
from toolkit.demo.dicom.headers import set_file_meta
from toolkit.demo.dicom.images import ImagePlan, mammogram

TRANSFER_SYNTAXES = {
    "explicit": ExplicitVRLittleEndian,
    "implicit": ImplicitVRLittleEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "big_endian": ExplicitVRBigEndian,
}


def encoded(ds: Dataset, *, syntax: str = "explicit") -> bytes:
    """Return an object as the bytes of a DICOM file; the same object gives the same bytes.

    Parameters
    ----------
    ds : Dataset
        An object of this package, pixels little endian.
    syntax : {"explicit", "implicit", "deflated", "big_endian"}
        Transfer syntax.

    Examples
    --------
    >>> image = mammogram(DemoExam(seed=1, number=1), ImagePlan())
    >>> encoded(image)[128:132]
    b'DICM'
    """
    if syntax not in TRANSFER_SYNTAXES:
        msg = f"syntax must be one of {', '.join(TRANSFER_SYNTAXES)}, got {syntax!r}"
        raise ValueError(msg)
    little = ds.get("PixelData")
    set_file_meta(ds, TRANSFER_SYNTAXES[syntax])
    if syntax == "big_endian" and little is not None and ds.BitsAllocated == 16:
        ds.PixelData = np.frombuffer(little, "<u2").astype(">u2").tobytes()
    stream = io.BytesIO()
    try:
        dcmwrite(stream, ds, enforce_file_format=True, little_endian=None)
    finally:
        if little is not None:
            ds.PixelData = little
    return stream.getvalue()


def write_light_archive(
    folder: Path, *, files: int, seed: int, per_study: int = 4, sparse_bytes: int = 0
) -> None:
    """Write many small mammograms fast: one is built, the others differ in their identifiers.

    For measuring how a reader scales, not for what it reads: all pictures are the same.

    Parameters
    ----------
    folder : Path
        Where; made if absent.
    files : int
        How many.
    seed : int
        Seed of the UIDs; the same gives the same bytes.
    per_study : int
        Files of one examination, at most four: the views of one woman.
    sparse_bytes : int
        Bytes of zeros that each file's pixels are longer by, a hole on the disk.
    """
    if not 1 <= per_study <= 4:
        msg = f"per_study must be from 1 to 4, the views of an examination, got {per_study}"
        raise ValueError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    template = DemoExam(seed=seed, number=0)
    views = [ImagePlan(laterality=side, view=view) for side in "RL" for view in ("CC", "MLO")]
    images = [mammogram(template, plan) for plan in views[:per_study]]
    parts = [_parts(image, sparse_bytes) for image in images]
    for number in range(files):
        study, place = divmod(number, per_study)
        if place == 0:
            here = folder / f"{study // 1000:04d}" / f"{study:07d}"
            here.mkdir(parents=True, exist_ok=True)
        names = (f"study {study}", f"series {number}", f"instance {number}")
        uids = [make_uid(seed, "light", name).encode() for name in names]
        values = (*uids, f"D{study:09d}".encode(), f"D{study:011d}".encode())
        pieces, order = parts[place]
        body = b"".join(
            piece if slot < 0 else piece + values[slot]
            for piece, slot in zip(pieces, order, strict=True)
        )
        path = here / f"{place + 1}.dcm"
        with path.open("wb") as file:
            file.write(body)
            if sparse_bytes:
                file.truncate(len(body) + sparse_bytes)


def _parts(image: Dataset, sparse_bytes: int) -> tuple[list[bytes], list[int]]:
    """Cut an encoded object at its identifiers: pieces, and which identifier follows each."""
    data = encoded(image)
    if sparse_bytes:
        # The length of the pixels, the last element, is the only number to grow.
        pixels = len(image.PixelData)
        at = len(data) - pixels - 4
        data = data[:at] + (pixels + sparse_bytes).to_bytes(4, "little") + data[at + 4 :]
    identifiers = [
        image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID,
        image.PatientID, image.AccessionNumber,
    ]  # fmt: skip
    found = sorted(
        (place, slot, len(text))
        for slot, text in enumerate(identifiers)
        for place in _places(data, text.encode())
    )
    pieces, order, start = [], [], 0
    for place, slot, length in found:
        pieces.append(data[start:place])
        order.append(slot)
        start = place + length
    return [*pieces, data[start:]], [*order, -1]


def _places(data: bytes, text: bytes) -> list[int]:
    """Return where a text occurs."""
    places, at = [], data.find(text)
    while at >= 0:
        places.append(at)
        at = data.find(text, at + 1)
    return places
