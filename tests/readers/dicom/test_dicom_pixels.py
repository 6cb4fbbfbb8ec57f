"""Pixels of mammograms: grey scales, orientation, frames, and the syntaxes that can be written."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
from pydicom import Dataset, Sequence, dcmread
from pydicom.pixels import apply_windowing
from pydicom.uid import JPEG2000Lossless, RLELossless, SecondaryCaptureImageStorage

from tests.dicom_files import EXAM, report_file
from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.images import ImagePlan, mammogram, tomosynthesis, tomosynthesis_slices
from toolkit.readers.dicom.pixels.grey_scale import GreyScale
from toolkit.readers.dicom.pixels.image import ImageError, load_image


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


def turn(picture, directions, *, transpose, mirror, flip):
    """The picture and its directions as a detector may store them."""
    row, column = directions
    if flip:
        picture, column = picture[::-1], opposite(column)
    if mirror:
        picture, row = picture[:, ::-1], opposite(row)
    return (picture.T, (column, row)) if transpose else (picture, (row, column))


OPPOSITES = str.maketrans("APLRHF", "PARLFH")


def opposite(direction):
    """Letters, or cosines."""
    if isinstance(direction, str):
        return direction.translate(OPPOSITES)
    return tuple(-cosine for cosine in direction)


# Where rows and columns of a picture run to that hangs as usual, in letters and in cosines
# (PS3.3 C.7.6.1.1.1 and C.7.6.2.1.1: x to the left of the patient, y to the back, z up).
HALF = 0.5**0.5
HUNG = {
    ("L", "CC"): (("A", "R"), ((0, -1, 0), (-1, 0, 0))),
    ("R", "CC"): (("P", "L"), ((0, 1, 0), (1, 0, 0))),
    ("L", "MLO"): (("A", "FR"), ((0, -1, 0), (-HALF, 0, -HALF))),
    ("R", "MLO"): (("P", "FL"), ((0, 1, 0), (HALF, 0, -HALF))),
    ("L", "ML"): (("A", "F"), ((0, -1, 0), (0, 0, -1))),
    ("R", "ML"): (("P", "F"), ((0, 1, 0), (0.05, 0.02, -0.998))),
    ("L", "XCCL"): (("A", "R"), ((0.05, -0.998, 0), (-0.98, 0, 0.17))),
    ("R", ""): (("P", "L"), ((0, 1, 0), (1, 0, 0))),
    ("L", ""): (("A", "FR"), ((0, -1, 0), (-HALF, 0, -HALF))),
}


@pytest.mark.parametrize("said", ["letters", "cosines", "both"])
@pytest.mark.parametrize("how", range(8))
@pytest.mark.parametrize(("side", "view"), HUNG)
def test_every_stored_orientation_hangs_as_usual(load, side, view, how, said):
    hung = np.arange(15, dtype=np.uint16).reshape(5, 3)
    turns = {"transpose": how & 1, "mirror": how & 2, "flip": how & 4}
    letters, cosines = HUNG[side, view]
    stored, turned_letters = turn(hung, letters, **turns)
    _, turned_cosines = turn(hung, cosines, **turns)
    ds = picture(laterality=side, rows=stored.shape[0], columns=stored.shape[1])
    ds.PixelData = np.ascontiguousarray(stored).tobytes() + b"\0" * (stored.nbytes % 2)
    ds.ViewPosition = view
    ds.ViewCodeSequence = Sequence()
    ds.SeriesDescription = ""
    ds.PatientOrientation = list(turned_letters) if said != "cosines" else None
    if said != "letters":
        ds.ImageOrientationPatient = [f"{c:.4f}" for axis in turned_cosines for c in axis]
    image = load(ds)
    assert np.array_equal(image.pixels, hung)
    assert "orientation" not in image.note.replace("PatientOrientation", "")
    x, y = image.placed(0.5, 0.5)
    assert image.pixels[int(y), int(x)] == stored[0, 0]


@pytest.mark.parametrize(
    ("letters", "cosines"),
    [
        (["P", "L"], [0, -1, 0, 1, 0, 0]),
        (["A", "R"], [0, -1, 0, 1, 0, 0]),
        (["A", "F"], [0, -1, 0, -1, 0, 0]),
        (["A", "HR"], [0, -1, 0, -HALF, 0, -HALF]),
    ],
)
def test_orientations_that_contradict_each_other_turn_nothing(load, letters, cosines):
    ds = picture(laterality="L", flipped=True)
    ds.PatientOrientation = letters
    ds.ImageOrientationPatient = cosines
    image = load(ds)
    assert "patient orientation and image orientation contradict each other" in image.note
    assert image.turned == (False, False, False)
    assert np.array_equal(image.pixels, ds.pixel_array)


@pytest.mark.parametrize(
    "orientation", [None, ["A"], ["A", "P"], ["L", "F"], ["X", "Y"], ["A", "HR"], ["A", "X"]]
)
def test_an_orientation_that_is_not_clear_turns_nothing(load, orientation):
    ds = picture(laterality="L", view="MLO")
    ds.PatientOrientation = orientation
    image = load(ds)
    assert "orientation or breast is not clear: shown as stored" in image.note
    assert image.turned == (False, False, False)


def test_a_breast_that_is_contradicted_turns_nothing(load):
    ds = picture(laterality="L", flipped=True)
    ds.SharedFunctionalGroupsSequence = groups(FrameAnatomySequence=[("FrameLaterality", "R")])
    image = load(ds)
    assert image.laterality == ""
    assert "breast: ImageLaterality says L, FrameLaterality says R" in image.note
    assert image.turned == (False, False, False)


def item(*pairs):
    ds = Dataset()
    for keyword, value in pairs:
        setattr(ds, keyword, value)
    return ds


def groups(**macros):
    """A sequence of one functional group."""
    return Sequence([item(*((name, Sequence([item(*p)])) for name, p in macros.items()))])


def volume(count=3, **plan):
    return tomosynthesis(EXAM, ImagePlan(**plan), frames=count)


def of_frames(ds, name, *values):
    """Give a macro to each frame, and take it from all."""
    shared = ds.SharedFunctionalGroupsSequence[0]
    if name in shared:
        delattr(shared, name)
    for group, pairs in zip(ds.PerFrameFunctionalGroupsSequence, values, strict=True):
        if pairs:
            setattr(group, name, Sequence([item(*pairs)]))
    return ds


@pytest.mark.parametrize("side", ["L", "R"])
@pytest.mark.parametrize("view", ["CC", "MLO"])
@pytest.mark.parametrize("flipped", [False, True])
def test_tomosynthesis_hangs_by_its_cosines(load, side, view, flipped):
    plan = {"laterality": side, "view": view, "flipped": flipped}
    ds = volume(**plan)
    assert "PatientOrientation" not in ds
    image = load(ds, frame=1)
    unturned = load(volume(**plan | {"flipped": False}), frame=1)
    assert np.array_equal(image.pixels, unturned.pixels)
    assert image.turned == (False, flipped, False)
    assert (image.laterality, image.view, image.note) == (side, view, "")
    wall = image.pixels[:, -1 if side == "R" else 0]
    assert wall.sum() > 5 * image.pixels[:, 0 if side == "R" else -1].sum()


def test_windows_of_frames_win_over_the_shared_one(load):
    ds = volume()
    own = item(("WindowCenter", "10"), ("WindowWidth", "20"))
    ds.PerFrameFunctionalGroupsSequence[1].FrameVOILUTSequence = Sequence([own])
    windows = [load(ds, frame=frame).scale for frame in range(3)]
    assert [(s.center, s.width) for s in windows] == [(2048, 4096), (10, 20), (2048, 4096)]


def test_tables_and_rescale_of_a_frame_know_the_sign_of_its_pixels(load):
    values = np.array([[[-600, -500, -499, 20]], [[-600, -500, -499, 20]]], dtype="<i2")
    ds = volume(count=2, rows=1, columns=4)
    ds.PixelRepresentation, ds.BitsStored, ds.HighBit = 1, 16, 15
    ds.PixelData = values.tobytes()
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [2, 65036, 8])  # begins at -500
    table.add_new("LUTData", "US", [0, 255])
    of_frames(
        ds,
        "FrameVOILUTSequence",
        [("VOILUTSequence", Sequence([table]))],
        [("WindowCenter", "-500"), ("WindowWidth", "2")],
    )
    of_frames(
        ds,
        "PixelValueTransformationSequence",
        [("RescaleSlope", "1"), ("RescaleIntercept", "0")],
        [("RescaleSlope", "2"), ("RescaleIntercept", "500")],
    )
    ds.add_new("PixelPaddingValue", "SS", -600)
    first, second = (load(ds, frame=frame) for frame in range(2))
    assert first.pixels.tolist() == values[0].tolist()
    assert first.scale.first == -500
    assert first.grey()[0].tolist() == [0, 0, 255, 255]
    assert second.pixels[0].tolist() == [-700, -500, -498, 540]
    assert second.grey()[0].tolist() == [0, 255, 255, 255]
    assert first.padding[0].tolist() == second.padding[0].tolist() == [1, 0, 0, 0]


def test_a_frame_says_where_it_lies_in_its_stack(load):
    ds = volume()
    for group, position in zip(ds.PerFrameFunctionalGroupsSequence, (3, 1, 2), strict=True):
        group.FrameContentSequence[0].InStackPositionNumber = position
    assert [load(ds, frame=frame).stack_position for frame in range(3)] == [3, 1, 2]
    assert load(picture()).stack_position is None


def test_the_breast_of_a_frame_is_its_own_where_frames_differ(load):
    ds = volume(laterality="L")
    of_frames(ds, "FrameAnatomySequence", *[[("FrameLaterality", side)] for side in "LRU"])
    ds.SeriesDescription = "tomosynthesis"
    assert [load(ds, frame=frame).laterality for frame in range(3)] == ["L", "R", ""]
    ds.ImageLaterality = "L"
    images = [load(ds, frame=frame) for frame in range(3)]
    assert [image.laterality for image in images] == ["L", "", "L"]
    assert "breast: the frame says R, the image L" in images[1].note


def test_orientation_of_a_frame_wins_over_the_shared_one(load):
    ds = volume(laterality="L")
    turned = item(("ImageOrientationPatient", [0, 1, 0, -1, 0, 0]))
    ds.PerFrameFunctionalGroupsSequence[1].PlaneOrientationSequence = Sequence([turned])
    turns = [load(ds, frame=frame).turned for frame in range(3)]
    assert turns == [(False, False, False), (False, True, False), (False, False, False)]


def test_fewer_groups_than_frames_are_said(load):
    ds = volume()
    del ds.PerFrameFunctionalGroupsSequence[2]
    assert load(ds, frame=2).note == "frames and their functional groups are not as many"


def test_more_pixels_than_the_header_says_are_said(load):
    ds = picture()
    ds.PixelData += bytes(200)
    image = load(ds)
    assert image.note == "the file holds more pixels than its header describes"
    assert np.array_equal(image.pixels, load(picture()).pixels)


@pytest.mark.parametrize("modality", ["CT", "MG"])
def test_slices_in_files_of_their_own(load, modality):
    plan = ImagePlan(laterality="R", view="MLO", flipped=True)
    whole = tomosynthesis(EXAM, plan, frames=3)
    for frame, ds in enumerate(tomosynthesis_slices(EXAM, plan, modality=modality)):
        ds.RescaleIntercept, ds.RescaleSlope = "-1024", "0.5"
        image = load(ds)
        assert np.array_equal(image.pixels, load(whole, frame=frame).pixels * 0.5 - 1024)
        assert (image.laterality, image.view, image.frames) == ("R", "MLO", 1)
        assert image.turned == (False, True, False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "SamplesPerPixel: must be 1"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "MONOCHROME1 or MONOCHROME2, a mammog"),
        ({"HighBit": 15}, r"BitsAllocated, BitsStored, HighBit: must fit .* got 16, 12, 15; exp"),
        ({"BitsStored": 17, "HighBit": 16}, "must fit together .* got 16, 17, 16; export"),
        ({"BitsAllocated": 32}, "must fit together .* got 32, 12, 11; export"),
        ({"BitsStored": 0}, "must fit together .* got 16, 0, 11; export"),
        ({"Rows": 0}, "Rows, Columns: must be positive; export"),
        ({"NumberOfFrames": -2}, "NumberOfFrames: must be positive, got -2; export"),
    ],
)
def test_pictures_that_are_no_grey_whole_numbers_are_refused(load, changes, words):
    ds = picture()
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    with pytest.raises(ImageError, match=words):
        load(ds)


@pytest.mark.parametrize("keyword", ["FloatPixelData", "DoubleFloatPixelData"])
@pytest.mark.parametrize("syntax", ["explicit", "implicit", "deflated"])
def test_floating_point_pixels_are_refused(load, keyword, syntax):
    ds = picture()
    values = np.linspace(0, 1, ds.Rows * ds.Columns)
    del ds.PixelData
    setattr(ds, keyword, values.astype("<f4" if keyword[0] == "F" else "<f8").tobytes())
    ds.BitsAllocated = 32 if keyword[0] == "F" else 64
    with pytest.raises(ImageError, match="pixels: must be whole numbers, are floating point"):
        load(ds, syntax=syntax)


def test_a_colour_capture_is_refused(load):
    ds = capture()
    with pytest.raises(ImageError, match="SamplesPerPixel: must be 1, a mammogram is grey"):
        load(ds)


def capture():
    ds = picture()
    ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.PixelData = bytes(3 * ds.Rows * ds.Columns)
    return ds


def test_a_report_has_no_pixels(load):
    with pytest.raises(ImageError, match="file: must hold pixels, has none; choose an image"):
        load(report_file())


def test_a_compressed_syntax_needs_fragments(load):
    data = encoded(picture())
    plain, other = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"
    with pytest.raises(ImageError, match="must be fragments in a compressed syntax; export"):
        load(data.replace(plain, other, 1))


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
    with pytest.raises(ImageError, match="it is cut off or damaged; copy it again from its source"):
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
