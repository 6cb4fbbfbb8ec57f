"""Pixels stay as they are; what hides beside them is blanked."""

import copy
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
ONE.Rows, ONE.Columns, ONE.SamplesPerPixel = 2, 4, 1
ONE.BitsAllocated, ONE.BitsStored, ONE.PixelRepresentation = 8, 8, 0


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
    made = deidentified(file_of(tree), OPTIONS)
    ds = pydicom.dcmread(BytesIO(made.data))
    assert leaks(made.data) == []
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


def test_text_between_and_in_other_segments_of_jpeg_is_blanked():
    scan = b"\xff\xda\x00\x04\x01\x02\x12\xff\x00\x34\xff\xd0\x56"
    table = b"\xff\xc4\x00\x04\x07\x08"
    stream = (
        b"\xff\xd8ZQX1" + table + b"ZQX2" + b"\xff\xf0\x00\x08ZQXjpg" + b"\xff\x02ZQX3"
        + scan + b"\xff\xc4\x00\x04\x07\x08ZQX4" + scan + b"\xff\xd9"
    )  # fmt: skip
    out = compressed(fragments(stream), JPEG, ONE)
    assert leaks(out) == []
    assert out.count(table) == 2
    assert out.count(scan) == 2


def test_unknown_segments_of_jpeg_2000_are_blanked():
    size, unknown = b"\xff\x51\x00\x06\x01\x02\x03\x04", b"\xff\x70\x00\x09\x00\x01ZQXco"
    part = b"\xff\x90\x00\x0a\0\0" + (12 + 2 + 3).to_bytes(4, "big") + b"\0\1\xff\x93\1\2\3"
    out = compressed(fragments(b"\xff\x4f" + size + unknown + part + b"\xff\xd9"), JPEG_2000, ONE)
    assert leaks(out) == []
    assert size in out
    assert part in out


def test_segments_of_run_lengths_that_no_pixel_needs_are_refused():
    starts = b"".join(n.to_bytes(4, "little") for n in (64, 73))
    head = (2).to_bytes(4, "little") + starts.ljust(60, b"\0")
    stream = head + b"\x07ZQXZQXZQ" * 2
    with pytest.raises(ValueError, match="with parts that are not of its kind"):
        compressed(fragments(stream), RLE, ONE)


def test_an_overlay_in_the_unused_bits_of_run_lengths_is_refused():
    wide = copy.deepcopy(ONE)
    wide.BitsAllocated, wide.BitsStored = 16, 12
    starts = b"".join(n.to_bytes(4, "little") for n in (64, 66))
    head = (2).to_bytes(4, "little") + starts.ljust(60, b"\0")
    for high, good in ((b"\x0f", True), (b"\x1f", False)):
        stream = head + b"\xf9" + high + b"\xf9\x22"
        if good:
            assert b"\xf9\x0f\xf9\x22" in compressed(fragments(stream), RLE, wide)
        else:
            with pytest.raises(ValueError, match="an overlay in the unused bits"):
                compressed(fragments(stream), RLE, wide)


def test_text_before_the_first_marker_is_refused():
    for syntax, rest in ((JPEG, b"\xff\xd8\xff\xd9"), (JPEG_2000, b"\xff\x4f\xff\xd9")):
        with pytest.raises(ValueError, match="a compressed frame without an end"):
            compressed(fragments(b"ZQX1" + rest), syntax, ONE)


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
