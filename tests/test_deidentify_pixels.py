"""Pixels stay as they are; what hides beside them is blanked."""

from io import BytesIO

import numpy as np
import pydicom
import pytest

from tests import dicom_files
from tests.deidentify_sample import OPTIONS, file_of, leaks, tree_of_file
from toolkit.readers.dicom.deidentify.engine import deidentified
from toolkit.readers.dicom.deidentify.pixel_data import compressed

IMAGE = dicom_files.image_file()
RLE, JPEG, JPEG_2000 = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.90"
ONE = pydicom.Dataset()
ONE.Rows, ONE.Columns = 2, 4


def fragments(*streams):
    body = b"\xfe\xff\x00\xe0\x08\0\0\0ZQXTABLE"
    for stream in streams:
        stream += b"\0" * (len(stream) % 2)
        body += b"\xfe\xff\x00\xe0" + len(stream).to_bytes(4, "little") + stream
    return body + b"\xfe\xff\xdd\xe0\0\0\0\0"


def test_unused_high_bits_and_bytes_behind_the_pixels_go():
    tree = tree_of_file(IMAGE)
    pixels = np.frombuffer(tree[0x7FE00010][1], "<u2")
    tree[0x7FE00010] = ("OW", (pixels | 0xA000).astype("<u2").tobytes() + b"ZQX ")
    copy = deidentified(file_of(tree), OPTIONS)
    ds = pydicom.dcmread(BytesIO(copy.data))
    assert leaks(copy.data) == []
    assert (np.frombuffer(ds.PixelData, "<u2") == pixels).all()


def test_fewer_pixels_than_the_header_says_are_refused():
    tree = tree_of_file(IMAGE)
    tree[0x7FE00010] = ("OW", tree[0x7FE00010][1][:-2])
    assert deidentified(file_of(tree), OPTIONS).reason == "cut_off"


def test_comments_and_ends_of_jpeg_are_blanked():
    coded = b"\x12\xff\x00\x34"
    sos = b"\xff\xda\x00\x04\x01\x02" + coded
    stream = (b"\xff\xd8\xff\xfe\x00\x08ZQXcom" + b"\xff\xe1\x00\x08ZQXapp" + sos
              + b"\xff\xd9ZQX behind")  # fmt: skip
    out = compressed(fragments(stream), JPEG, ONE)
    assert leaks(out) == []
    assert sos + b"\xff\xd9" in out


def test_comments_of_jpeg_2000_are_blanked():
    comment = b"\xff\x64\x00\x09\x00\x01ZQXco"
    body = b"\xff\x93\x01\x02\x03"
    part = b"\xff\x90\x00\x0a\0\0" + (12 + len(comment) + 5).to_bytes(4, "big") + b"\0\1"
    stream = b"\xff\x4f" + comment + part + comment + body + b"\xff\xd9ZQX"
    out = compressed(fragments(stream), JPEG_2000, ONE)
    assert leaks(out) == []
    assert body + b"\xff\xd9" in out


def test_gaps_of_run_lengths_are_blanked():
    head = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + b"ZQX".ljust(56, b"Z")
    stream = head + b"\x03abcd" + b"\xfd\x09" + b"ZQX"
    out = compressed(fragments(stream), RLE, ONE)
    assert leaks(out) == []
    assert b"\x03abcd\xfd\x09" in out


@pytest.mark.parametrize(
    ("stream", "syntax"), [(b"\xff\xd8\x12\x34", JPEG), (b"\xff\x4f\x12\x34", JPEG_2000)]
)
def test_streams_without_an_end_are_refused(stream, syntax):
    with pytest.raises(ValueError, match="a compressed frame without an end"):
        compressed(fragments(stream), syntax, ONE)


def test_other_compression_is_refused():
    with pytest.raises(ValueError, match="it is not known where text may hide"):
        compressed(fragments(b"x"), "1.2.840.10008.1.2.4.100", ONE)


def test_an_overlay_inside_compressed_pixels_is_refused():
    tree = tree_of_file(IMAGE) | {0x60000010: ("US", b"\1\0")}
    tree[0x7FE00010] = ("OB", b"")
    meta = {0x00020010: ("UI", JPEG.encode())}
    assert deidentified(file_of(tree, meta=meta), OPTIONS).reason == "overlay_in_pixels"


@pytest.mark.parametrize("name", ["mg_ge_essential_jpegll.dcm", "wg04_mg1_j2k_lossy_sc.dcm"])
def test_real_compressed_pixels_decode_to_the_same(reference_data, name):
    data = (reference_data / "data" / "dicom" / name).read_bytes()
    options = OPTIONS.__class__(
        key=OPTIONS.key, admit=frozenset(("burned_in_unknown", "secondary_capture"))
    )
    before = pydicom.dcmread(BytesIO(data)).pixel_array
    after = pydicom.dcmread(BytesIO(deidentified(data, options).data)).pixel_array
    assert (before == after).all()
