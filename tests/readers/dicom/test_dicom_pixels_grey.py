"""Windows, tables, padding and inversion against values by hand from PS3.3 and against pydicom."""

from __future__ import annotations

import io
from fractions import Fraction
from math import e

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi, apply_windowing
from pydicom.sequence import Sequence

from tests.dicom_files import EXAM
from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.images import ImagePlan, mammogram
from toolkit.readers.dicom.pixels.frames import ImageError
from toolkit.readers.dicom.pixels.grey_scale import GreyScale, ValueRange, modality_values
from toolkit.readers.dicom.pixels.image import load_image

SYNTAXES = ["explicit", "implicit", "big_endian"]


def ramp(values, *, stored=12, **attributes):
    """A mammogram of one row that hangs as stored, with these values."""
    values = np.asarray(values)
    values = values.astype("<i2" if (values < 0).any() else "<u2")
    ds = mammogram(EXAM, ImagePlan(rows=1, columns=values.size))
    ds.BitsStored, ds.HighBit = stored, stored - 1
    ds.PixelRepresentation = int(values.dtype.kind == "i")
    ds.PixelData = values.tobytes()
    del ds.WindowCenter, ds.WindowWidth
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def load(ds, *, syntax="explicit", **options):
    return load_image(io.BytesIO(encoded(ds, syntax=syntax)), **options)


def exact(values):
    return pytest.approx([float(value) for value in values], abs=2e-7)


# --- windows: formulas of PS3.3 C.11.2.1.2.1, C.11.2.1.3.2, C.11.2.1.3.1 ---

LINEAR = [  # center, width, value, grey; the first rows are the notes of C.11.2.1.2.1
    (2048, 4096, 0, 0),
    (2048, 4096, 4095, 1),
    (2048, 4096, 1, Fraction(1, 4095)),
    (2048, 1, 2047, 0),
    (2048, 1, 2048, 1),
    (0, 100, -50, 0),
    (0, 100, 49, 1),
    (0, 100, 0, Fraction(1, 2) + Fraction(1, 198)),
    (0, 1, -1, 0),
    (0, 1, 0, 1),
    (0, 2, -1, 0),
    (0, 2, 0, 1),
]
LINEAR_EXACT = [
    (2048, 4096, 0, 0),
    (2048, 4096, 4096, 1),
    (2048, 4096, 1, Fraction(1, 4096)),
    (0, 100, -50, 0),
    (0, 100, 50, 1),
    (0, 100, 49, Fraction(99, 100)),
    (10, 1, 10, Fraction(1, 2)),
    (0.5, 0.5, 0, 0),
    (0.5, 0.5, 1, 1),
    (0.25, 0.5, 0, 0),
]
SIGMOID = [
    (1000, 400, 1000, 1 / 2),
    (1000, 400, 1100, 1 / (1 + 1 / e)),
    (1000, 400, 900, 1 / (1 + e)),
    (1000, 400, 1400, 1 / (1 + e**-4)),
    (0, 0.5, 0, 1 / 2),
    (0, 1, 100, 1),
    (0, 1, -100, 0),
]


@pytest.mark.parametrize(
    ("function", "rows"),
    [("LINEAR", LINEAR), ("LINEAR_EXACT", LINEAR_EXACT), ("SIGMOID", SIGMOID)],
)
def test_windows_are_those_of_the_standard(function, rows):
    for center, width, value, expected in rows:
        scale = GreyScale(center=center, width=width, function=function)
        assert scale.grey(np.float32([value])) == exact([expected])


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("center", "width"), [(1500, 700), (0, 1), (-200.5, 99.5), (3000, 9000)])
def test_windows_are_those_of_pydicom(function, center, width):
    values = np.arange(-2048, 2048, dtype=np.int16)
    ds = ramp(values, WindowCenter=center, WindowWidth=width, VOILUTFunction=function)
    with np.errstate(over="ignore"):
        theirs = apply_windowing(values, ds)  # from the least to the greatest stored value
    scale = load(ds).scale
    assert scale.function == function
    assert scale.grey(values) == pytest.approx((theirs + 2048) / 4095, abs=2e-6)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_windows_are_chosen_by_explanation(syntax):
    ds = ramp(
        np.arange(8),
        WindowCenter=["100", "200.5", "300"],
        WindowWidth=["10", "20", "30"],
        WindowCenterWidthExplanation=["NORMAL", "HARDER", "SOFTER"],
        VOILUTFunction="SIGMOID",
    )
    image = load(ds, syntax=syntax)
    assert [scale.explanation for scale in image.scales] == ["NORMAL", "HARDER", "SOFTER"]
    assert (image.scale.center, image.scale.width, image.scale.function) == (100, 10, "SIGMOID")
    harder = load(ds, syntax=syntax, window="HARDER").scale
    assert (harder.center, harder.width) == (200.5, 20)
    with pytest.raises(ImageError, match=r"window: must be one of the 3 explanations of the file"):
        load(ds, window="LUNG")


def test_explanations_may_be_fewer_than_windows():
    ds = ramp(np.arange(8), WindowCenter=["1", "2"], WindowWidth=["3", "4"])
    ds.WindowCenterWidthExplanation = "NORMAL"
    assert [scale.explanation for scale in load(ds).scales] == ["NORMAL", ""]


@pytest.mark.parametrize(
    ("center", "width", "function", "note"),
    [
        ("10", "0", "LINEAR", "none of the standard"),
        ("10", "0.5", "LINEAR", "none of the standard"),
        ("10", "0", "SIGMOID", "none of the standard"),
        ("10", "-5", "LINEAR_EXACT", "none of the standard"),
        ("10", "5", "LOGARITHMIC", "none of the standard"),
        (["10", "20"], "5", "LINEAR", "not as many centers as widths"),
        ("12,3", "5", "LINEAR", "none of the standard"),
        ("10", None, "LINEAR", "not as many centers as widths"),
    ],
)
def test_a_window_that_is_none_is_left_out_with_a_note(center, width, function, note):
    ds = ramp([0, 10, 40], WindowWidth=width, VOILUTFunction=function)
    if center == "12,3":  # a decimal comma, which pydicom does not write
        ds.WindowCenter = "1234"
        image = load_image(io.BytesIO(encoded(ds).replace(b"1234", b"12,3")))
    else:
        ds.WindowCenter = center
        image = load(ds)
    assert note in image.note
    if "as many" not in note:
        assert image.scales == ()
        assert image.grey().ravel().tolist() == [0, 64, 255]  # over the range of the values


@pytest.mark.parametrize("width", ["0.5", "1"])
def test_a_width_below_one_is_sound_but_for_linear(width):
    image = load(ramp([9, 10, 11], WindowCenter="10", WindowWidth=width, VOILUTFunction="SIGMOID"))
    assert len(image.scales) == 1
    assert not image.note


@pytest.mark.parametrize(
    "window", [(100, 0), (100, -1), (float("nan"), 10), (1,), (1, 2, 3), ("a", "b"), 5]
)
def test_a_window_of_ones_own_is_checked(window):
    with pytest.raises(ImageError, match=r"window: must be an explanation or \(center, width\)"):
        load(ramp([0, 1]), window=window)


# --- look-up tables: PS3.3 C.11.2.1.1 ---


def table_item(descriptor, data, *, vr="US", data_vr="US", explanation="STEPS"):
    item = Dataset()
    item.add_new("LUTDescriptor", vr, descriptor)
    item.add_new("LUTData", data_vr, data)
    item.LUTExplanation = explanation
    return item


def with_table(ds, item):
    ds.VOILUTSequence = Sequence([item])
    return ds


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("data_vr", ["US", "OW"])
def test_tables_of_every_depth(bits, data_vr, syntax):
    top = (1 << bits) - 1
    entries = [0, top // 3, top // 2, top]
    order = ">u2" if syntax == "big_endian" else "<u2"
    data = entries if data_vr == "US" else np.array(entries, order).tobytes()
    ds = ramp([0, 999, 1000, 1001, 1002, 1003, 1004, 4095])
    image = load(with_table(ds, table_item([4, 1000, bits], data, data_vr=data_vr)), syntax=syntax)
    last = [Fraction(entry, top) for entry in entries]
    # Values below the first mapped one get the first entry, values above the last one the last.
    expected = [last[0]] * 2 + last + [last[3]] * 2
    assert image.scale.grey(image.pixels[0]) == exact(expected)
    assert not image.note


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("entries", [[10, 20, 30, 255], [10, 20, 255]])
@pytest.mark.parametrize("data_vr", ["US", "OW"])
def test_eight_bit_entries_may_lie_two_in_a_word(entries, syntax, data_vr):
    packed = np.frombuffer(bytes(entries) + b"\0" * (len(entries) % 2), "<u2")
    data = packed.tolist()
    if data_vr == "OW":
        data = packed.astype(">u2" if syntax == "big_endian" else "<u2").tobytes()
    item = table_item([len(entries), 5, 8], data, data_vr=data_vr)
    image = load(with_table(ramp([5, 6, 7, 8]), item), syntax=syntax)
    expected = [Fraction(entry, 255) for entry in (*entries, 255)[:4]]
    assert image.scale.grey(image.pixels[0]) == exact(expected)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("vr", ["SS", "US"])
def test_a_first_value_below_zero_whatever_its_vr(syntax, vr):
    # Signed pixels: the first value is signed, although US cannot write it so.
    item = table_item([4, -2 if vr == "SS" else 65534, 12], [0, 1365, 2730, 4095], vr=vr)
    image = load(with_table(ramp([-100, -2, -1, 0, 1, 50]), item), syntax=syntax)
    assert image.scale.first == -2
    grey = image.scale.grey(image.pixels[0])
    assert grey == exact([0, 0, Fraction(1, 3), Fraction(2, 3), 1, 1])
    assert not image.note


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_first_value_is_signed_if_the_rescale_can_go_below_zero(syntax):
    item = table_item([3, 65036, 8], [0, 51, 255])  # -500
    ds = ramp([0, 523, 524, 525, 526], RescaleIntercept="-1024")
    image = load(with_table(ds, item), syntax=syntax)
    assert image.scale.first == -500
    assert image.scale.grey(image.pixels[0]) == exact([0, 0, 0, Fraction(1, 5), 1])


def test_a_first_value_above_32767_of_unsigned_pixels():
    item = table_item([2, 40000, 8], [0, 255])
    image = load(with_table(ramp([0, 39999, 40000, 40001, 65535], stored=16), item))
    assert image.scale.first == 40000
    assert image.scale.grey(image.pixels[0]) == exact([0, 0, 0, 1, 1])


@pytest.mark.parametrize("vr", ["SS", "US"])
def test_a_first_value_of_the_wrong_sign_is_corrected_with_a_note(vr):
    # Unsigned 12-bit pixels, a table that begins at -2: as an unsigned 65534 it reaches no value.
    item = table_item([4, -2 if vr == "SS" else 65534, 12], [0, 0, 2048, 4095], vr=vr)
    image = load(with_table(ramp([0, 1, 2, 4095]), item))
    assert image.scale.grey(image.pixels[0]) == exact([Fraction(2048, 4095), 1, 1, 1])
    assert image.note == "the first value of a look-up table has the wrong sign and was corrected"


def test_a_table_that_reaches_no_value_says_so():
    item = table_item([2, 20000, 8], [0, 255])
    image = load(with_table(ramp([0, 4095]), item))
    assert (
        image.note == "a look-up table begins and ends outside the values that the image can hold"
    )


def test_sixty_five_thousand_entries_are_written_as_none():
    data = np.arange(65536, dtype="<u2").tobytes()
    item = table_item([0, 0, 16], data, data_vr="OW")
    image = load(with_table(ramp([0, 1, 40000, 65535], stored=16), item))
    grey = image.scale.grey(image.pixels[0])
    assert grey == exact([0, Fraction(1, 65535), Fraction(40000, 65535), 1])


@pytest.mark.parametrize(
    ("descriptor", "data"),
    [([4, 0, 12], [0, 1, 2]), ([4, 0, 7], [0, 1, 2, 3]), ([4, 0, 17], [0, 1, 2, 3]),
     ([4, 0, 12], None), ([4, 0], [0, 1, 2, 3])],
)  # fmt: skip
def test_a_table_that_is_not_complete_is_left_out_with_a_note(descriptor, data):
    ds = with_table(ramp([0, 10]), table_item(descriptor, data))
    ds.WindowCenter, ds.WindowWidth = "5", "11"
    image = load(ds)
    assert [scale.function for scale in image.scales] == ["LINEAR"]
    assert image.note == "a look-up table of the file is not complete and was left out"


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("first", [0, 700])
def test_tables_are_those_of_pydicom(bits, first):
    top = (1 << bits) - 1
    entries = np.rint(top * np.linspace(0, 1, 900) ** 2).astype(int).tolist()
    values = np.arange(4096, dtype=np.uint16)
    ds = with_table(ramp(values), table_item([900, first, bits], entries))
    theirs = apply_voi(values, dcmread(io.BytesIO(encoded(ds)))) / top
    assert load(ds).scale.grey(values) == pytest.approx(theirs, abs=2e-7)


def test_pydicom_looks_up_elsewhere_in_long_tables_of_eight_bits():
    # PS3.3 C.11.2.1.1: value 300 has entry 300. pydicom counts the place in 8 bits.
    entries = [min(k // 2, 255) for k in range(512)]
    values = np.array([0, 100, 300, 511], dtype=np.uint16)
    ds = with_table(ramp(values), table_item([512, 0, 8], entries))
    by_hand = [0, 50, 150, 255]
    assert load(ds).scale.grey(values) * 255 == exact(by_hand)
    theirs = apply_voi(values, dcmread(io.BytesIO(encoded(ds))))
    assert theirs.tolist() != by_hand


def test_the_table_of_a_real_mammogram_is_that_of_pydicom(reference_data):
    path = reference_data / "data/dicom/mg_ge_essential_jpegll.dcm"
    ds = dcmread(path, stop_before_pixels=True)
    scales = load_image(path).scales
    values = np.arange(4096, dtype=np.uint16)
    assert len(scales) >= len(ds.VOILUTSequence)
    for index, item in enumerate(ds.VOILUTSequence):
        top = (1 << item.LUTDescriptor[2]) - 1
        assert scales[index].explanation == str(item.LUTExplanation)
        theirs = apply_voi(values, ds, index) / top
        assert scales[index].grey(values) == pytest.approx(theirs, abs=2e-7)


# --- modality look-up table and rescale: PS3.3 C.11.1 ---


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    ("slope", "intercept"), [("1", "0"), ("2", "-7"), ("-1", "4095"), ("0.1", "0.05")]
)
def test_rescale_is_slope_times_stored_plus_intercept(slope, intercept, syntax):
    values = np.array([0, 1, 1000, 4095])
    ds = ramp(values, RescaleSlope=slope, RescaleIntercept=intercept)
    expected = [Fraction(slope) * int(value) + Fraction(intercept) for value in values]
    found = load(ds, syntax=syntax).pixels[0]
    assert found == pytest.approx([float(value) for value in expected], rel=1e-7)


def test_a_slope_of_zero_is_refused():
    with pytest.raises(ImageError, match="RescaleSlope: must not be 0; export"):
        load(ramp([0, 1], RescaleSlope="0", RescaleIntercept="1"))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_modality_tables_are_those_of_pydicom(syntax):
    ds = ramp([-5, -3, -2, -1, 0, 9])
    item = table_item([4, -3, 16], [7, 70, 700, 7000], vr="SS")
    del item.LUTExplanation
    item.ModalityLUTType = "US"
    del ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType
    ds.ModalityLUTSequence = Sequence([item])
    data = encoded(ds, syntax=syntax)
    found = load_image(io.BytesIO(data)).pixels[0]
    assert found.tolist() == [7, 7, 70, 700, 7000, 7000]
    theirs = dcmread(io.BytesIO(data))
    assert np.array_equal(apply_modality_lut(theirs.pixel_array, theirs).ravel(), found)


def test_a_broken_modality_table_is_refused():
    ds = ramp([0, 1])
    ds.ModalityLUTSequence = Sequence([table_item([4, 0, 16], [1, 2, 3])])
    with pytest.raises(ImageError, match="LUTData: must have as many entries as LUTDescriptor"):
        load(ds)
    ds.ModalityLUTSequence = Sequence([table_item([4, 0, 20], [1, 2, 3, 4])])
    with pytest.raises(ImageError, match="LUTDescriptor: must have three values, the last from 8"):
        load(ds)


def test_values_after_a_modality_table_are_never_below_zero():
    item = table_item([2, 0, 8], [3, 9])
    ds = Dataset()
    ds.ModalityLUTSequence = Sequence([item])
    values, within, _ = modality_values(np.array([[-1, 0, 1]]), ds, ValueRange(low=-128, high=127))
    assert values.tolist() == [[3, 3, 9]]
    assert (within.low, within.high) == (0, 255)


def test_a_number_that_is_none_is_refused_without_its_value():
    data = encoded(ramp([0, 1], RescaleSlope="1234"))
    broken = data.replace(b"1234", b"12,3")
    with pytest.raises(ImageError, match="a value that describes the picture is none") as fault:
        load_image(io.BytesIO(broken))
    assert "12,3" not in str(fault.value)


# --- padding and inversion: PS3.3 C.7.5.1.1.2, C.7.6.3.1.2, C.8.11.3.1.2 ---


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted", "contradiction"),
    [
        ("MONOCHROME2", "IDENTITY", False, False),
        ("MONOCHROME1", "INVERSE", True, False),
        ("MONOCHROME2", None, False, False),
        ("MONOCHROME1", None, True, False),
        ("MONOCHROME2", "INVERSE", True, True),
        ("MONOCHROME1", "IDENTITY", True, True),
    ],
)
def test_low_is_bright_or_not_once(photometric, shape, inverted, contradiction):
    ds = ramp([0, 50, 99], PhotometricInterpretation=photometric, PresentationLUTShape=shape)
    image = load(ds, window=(50, 100))
    assert image.inverted == inverted
    assert ("contradict each other" in image.note) == contradiction
    # LINEAR: (x - 49.5) / 99 + 1/2, in 255 steps
    up = [0, round(255 * 50 / 99), 255]
    assert image.grey()[0].tolist() == ([255 - grey for grey in up] if inverted else up)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    ("values", "vr", "padding", "limit", "expected"),
    [
        ([0, 5, 6, 4095], "US", 0, None, [1, 0, 0, 0]),
        ([0, 5, 6, 4095], "US", 0, 5, [1, 1, 0, 0]),
        ([0, 5, 6, 4095], "US", 5, 0, [1, 1, 0, 0]),
        ([0, 5, 6, 4095], "US", 4095, 6, [0, 0, 1, 1]),
        ([-9, -8, -7, 3], "SS", -9, None, [1, 0, 0, 0]),
        ([-9, -8, -7, 3], "SS", -9, -8, [1, 1, 0, 0]),
        ([-9, -8, -7, 3], "US", 65527, 65528, [1, 1, 0, 0]),  # written with the wrong VR
    ],
)
def test_padding_is_a_value_or_a_range(values, vr, padding, limit, expected, syntax):
    ds = ramp(values)
    ds.add_new("PixelPaddingValue", vr, padding)
    if limit is not None:
        ds.add_new("PixelPaddingRangeLimit", vr, limit)
    image = load(ds, syntax=syntax)
    assert image.padding[0].tolist() == expected


def test_padding_is_of_stored_values_and_has_no_part_in_the_default_grey():
    ds = ramp([0, 100, 200], RescaleIntercept="-50", RescaleSlope="2", PixelPaddingValue=0)
    ds.PhotometricInterpretation, ds.PresentationLUTShape = "MONOCHROME1", "INVERSE"
    image = load(ds)
    assert image.padding[0].tolist() == [1, 0, 0]
    assert (image.scale.center, image.scale.width) == (250, 200)  # 150 to 350
    assert image.grey()[0].tolist() == [0, 255, 0]
