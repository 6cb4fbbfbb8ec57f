"""Pixels of mammograms: grey scales, orientation, frames, and the syntaxes that can be written."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
from pydicom import Dataset, Sequence, dcmread
from pydicom.pixels import apply_windowing
from pydicom.uid import JPEG2000Lossless, RLELossless

from tests.dicom_files import EXAM
from toolkit.readers.dicom.grey_scale import GreyScale
from toolkit.readers.dicom.pixels import ImageError, load_image
from toolkit.study.demo_dicom.images import ImagePlan, mammogram
from toolkit.study.demo_dicom.tomosynthesis import tomosynthesis
from toolkit.study.demo_dicom.write import encoded


@pytest.fixture
def load(tmp_path):
    def load(ds, *, syntax="explicit", **options):
        path = tmp_path / "image.dcm"
        path.write_bytes(ds if isinstance(ds, bytes) else encoded(ds, syntax=syntax))
        return load_image(path, **options)

    return load


def picture(**plan):
    return mammogram(EXAM, ImagePlan(**plan))


@pytest.mark.parametrize("side", ["R", "L"])
@pytest.mark.parametrize("view", ["CC", "MLO"])
def test_a_flipped_picture_hangs_as_the_unflipped_one(load, side, view):
    plain = load(picture(laterality=side, view=view))
    flipped = load(picture(laterality=side, view=view, flipped=True))
    assert np.array_equal(plain.pixels, flipped.pixels)
    wall = plain.grey()[:, -4:] if side == "R" else plain.grey()[:, :4]
    away = plain.grey()[:, :4] if side == "R" else plain.grey()[:, -4:]
    assert wall.mean() > away.mean()


def test_a_point_moves_with_its_pixel(load):
    ds = picture(laterality="L", flipped=True)
    stored = ds.pixel_array
    image = load(ds)
    x, y = image.placed(5.5, 7.5)
    assert image.pixels[int(y), int(x)] == stored[7, 5]


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "deflated", "big_endian"])
def test_plain_syntaxes_give_the_same_pixels(load, syntax):
    assert np.array_equal(load(picture(), syntax=syntax).pixels, load(picture()).pixels)


@pytest.mark.parametrize("uid", [RLELossless, JPEG2000Lossless])
def test_compressed_syntaxes_give_the_same_pixels(load, uid):
    ds = dcmread(io.BytesIO(encoded(picture())))
    ds.compress(uid, generate_instance_uid=False)
    stream = io.BytesIO()
    ds.save_as(stream)
    assert np.array_equal(load(stream.getvalue()).pixels, load(picture()).pixels)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_windows_are_those_of_pydicom(function):
    ds = picture()
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = 1500, 700, function
    ds.pop("VOILUTSequence", None)
    values = np.arange(4096, dtype=np.float32)
    top = 2**ds.BitsStored - 1
    expected = apply_windowing(values.astype(np.uint16), ds) / top
    grey = GreyScale(center=1500, width=700, function=function).grey(values)
    assert grey == pytest.approx(expected, abs=1e-5)


def test_padding_is_black_and_inversion_comes_after_the_window(load):
    ds = picture()
    ds.PhotometricInterpretation, ds.PresentationLUTShape = "MONOCHROME1", "INVERSE"
    ds.PixelPaddingValue, ds.PixelPaddingRangeLimit = 20, 0
    image = load(ds, window=(1000, 500))
    upright = GreyScale(center=1000, width=500).grey(image.pixels)
    expected = np.rint(np.where(image.padding, 0, 1 - upright) * 255)
    assert np.array_equal(image.padding, image.pixels <= 20)
    assert np.array_equal(image.grey(), expected)


def test_each_frame_is_its_own(load):
    ds = tomosynthesis(EXAM, ImagePlan(), frames=3)
    for frame in range(3):
        image = load(ds, frame=frame)
        assert np.array_equal(np.sort(image.pixels, None), np.sort(ds.pixel_array[frame], None))
        assert image.frames == 3


def test_values_of_a_frame_are_rescaled_as_its_group_says(load):
    ds = tomosynthesis(EXAM, ImagePlan(), frames=3)
    shared = ds.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence[0]
    shared.RescaleSlope, shared.RescaleIntercept = "2", "-7"
    own = copy.deepcopy(shared)
    own.RescaleSlope, own.RescaleIntercept = "0.5", "3"
    ds.PerFrameFunctionalGroupsSequence[1].PixelValueTransformationSequence = [own]
    for frame, (slope, intercept) in enumerate([(2, -7), (0.5, 3), (2, -7)]):
        expected = ds.pixel_array[frame].astype(float) * slope + intercept
        assert np.array_equal(np.sort(load(ds, frame=frame).pixels, None), np.sort(expected, None))


def test_errors_name_rule_and_remedy(load):
    volume = tomosynthesis(EXAM, ImagePlan(), frames=3)
    with pytest.raises(ImageError, match="frame: must be given, the image has 3; give one"):
        load(volume)
    with pytest.raises(ImageError, match="frame: must be from 0 to 2, got 3"):
        load(volume, frame=3)
    with pytest.raises(ImageError, match=r"window: must be one of the \d explanations"):
        load(picture(), window="no such")
    with pytest.raises(ImageError, match="file: must be a whole DICOM image"):
        load(encoded(picture())[:-50])
    bad = picture()
    bad.HighBit = 15
    with pytest.raises(ImageError, match="must fit together"):
        load(bad)
    short = picture()
    short.PixelData = short.PixelData[:-200]
    with pytest.raises(ImageError, match="cut off or damaged; copy it again"):
        load(short)


def test_a_table_is_looked_up_and_chosen_by_its_explanation(load):
    ds = picture()
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [4, 1000, 8])
    item.add_new("LUTData", "US", [0, 51, 102, 255])
    item.LUTExplanation = "STEPS"
    ds.VOILUTSequence = Sequence([item])
    scale = load(ds, window="STEPS").scale
    values = np.float32([0, 1000, 1001, 1002, 1003, 4000])
    assert scale.grey(values) == pytest.approx([0, 0, 0.2, 0.4, 1, 1])
