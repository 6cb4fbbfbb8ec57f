"""Every transfer syntax gives the stored values, whoever encoded them; loss is said."""

from __future__ import annotations

import io

import imagecodecs
import jpeg_ls
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import RLELossless

from tests.dicom_files import EXAM
from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.exam import set_file_meta
from toolkit.demo.dicom.images import ImagePlan, mammogram
from toolkit.readers.dicom.pixels.frames import ImageError
from toolkit.readers.dicom.pixels.image import load_image

ROOT = "1.2.840.10008.1.2"
# Type and bits stored: 8 to 16 bits, unsigned and signed, with and without bits to spare.
KINDS = [("u2", 12), ("u2", 16), ("u2", 10), ("u2", 8), ("u1", 8)]
KINDS += [("i2", 16), ("i2", 12), ("i2", 13), ("i1", 8)]
SHAPES = [(64, 48), (61, 47)]


def truth(kind: str, stored: int, shape: tuple[int, int], seed: int = 1) -> np.ndarray:
    """A smooth picture with noise that reaches both ends of what can be stored."""
    low = -(1 << stored - 1) if kind[0] == "i" else 0
    span = (1 << stored) - 1
    y, x = np.mgrid[: shape[0], : shape[1]]
    smooth = 0.5 + 0.4 * np.sin(x / 9 + seed) * np.cos(y / 7)
    noise = np.random.default_rng(seed).integers(-span // 40, span // 40 + 1, shape)
    values = np.clip(low + np.rint(span * smooth) + noise, low, low + span).astype(kind)
    values[0, :2] = low, low + span
    return values


def words_of(values: np.ndarray, stored: int) -> np.ndarray:
    """The low bits as unsigned numbers: streams of JPEG and JPEG-LS know no sign."""
    plain = values.view(f"u{values.itemsize}") & ((1 << stored) - 1)
    return plain.astype("u1" if stored <= 8 else "u2")


def lossless_jpeg(predictor):
    return lambda values, stored: imagecodecs.jpeg8_encode(
        words_of(values, stored), lossless=True, predictor=predictor, bitspersample=stored
    )


def charls(values, stored):
    """JPEG-LS by pyjpegls, with the precision that is told."""
    words = np.ascontiguousarray(words_of(values, stored))
    options = options_of(words, stored) | {"planar_configuration": 0}
    return bytes(jpeg_ls.encode_pixel_data(words.tobytes(), **options))


def jpeg_2000(values, stored):
    return imagecodecs.jpeg2k_encode(
        values, codecformat="j2k", reversible=True, level=0, bitspersample=stored
    )


def high_throughput(values, _stored):
    return imagecodecs.htj2k_encode(values, reversible=True)


def run_length(values, _stored):
    # Planes of whole bytes, whatever is stored in them; told of 8 in 16 bits, pydicom halves them.
    options = options_of(values, 8 * values.itemsize)
    return get_encoder(RLELossless).encode(values.tobytes(), encoding_plugin="pydicom", **options)


def options_of(values, stored):
    return {
        "rows": values.shape[0],
        "columns": values.shape[1],
        "samples_per_pixel": 1,
        "number_of_frames": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": 8 * values.itemsize,
        "bits_stored": stored,
        "pixel_representation": int(values.dtype.kind == "i"),
    }


ENCODERS = {
    ".5": run_length,
    ".4.57": lossless_jpeg(4),
    ".4.70": lossless_jpeg(1),
    ".4.80": charls,
    ".4.90": jpeg_2000,
    ".4.201": high_throughput,
    ".4.202": high_throughput,
}


def described(frames: list[np.ndarray], stored: int) -> Dataset:
    """A mammogram whose header fits the frames."""
    ds = mammogram(EXAM, ImagePlan(rows=frames[0].shape[0], columns=frames[0].shape[1]))
    ds.BitsAllocated, ds.BitsStored = 8 * frames[0].itemsize, stored
    ds.HighBit, ds.PixelRepresentation = stored - 1, int(frames[0].dtype.kind == "i")
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)
    data = b"".join(frame.tobytes() for frame in frames)
    ds.PixelData = data + b"\0" * (len(data) % 2)
    ds["PixelData"].VR = "OW"
    return ds


def compressed(frames, stored, uid, streams, *, has_bot=True) -> bytes:
    """The file that holds streams in a compressed syntax."""
    ds = described(frames, stored)
    set_file_meta(ds, uid)
    ds.PixelData = encapsulate(streams, has_bot=has_bot)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    stream = io.BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def loaded(data: bytes, **options) -> np.ndarray:
    return load_image(io.BytesIO(data), **options).pixels


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("kind", "stored"), KINDS)
@pytest.mark.parametrize("syntax", ENCODERS)
def test_lossless_syntaxes_give_the_stored_values(syntax, kind, stored, shape):
    frames = [truth(kind, stored, shape, seed) for seed in range(2)]
    streams = [ENCODERS[syntax](frame, stored) for frame in frames]
    data = compressed(frames, stored, ROOT + syntax, streams)
    for index, frame in enumerate(frames):
        image = load_image(io.BytesIO(data), frame=index)
        assert np.array_equal(image.pixels, frame)
        assert not image.note


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("kind", "stored"), KINDS)
@pytest.mark.parametrize("syntax", ["implicit", "explicit", "big_endian", "deflated"])
@pytest.mark.parametrize("count", [1, 3])
def test_plain_syntaxes_give_the_stored_values(syntax, kind, stored, shape, count):
    frames = [truth(kind, stored, shape, seed) for seed in range(count)]
    ds = described(frames, stored)
    if syntax == "big_endian" and frames[0].itemsize == 1:  # OW: bytes are swapped in words
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    data = encoded(ds, syntax=syntax)
    for index, frame in enumerate(frames):
        assert np.array_equal(loaded(data, frame=index), frame)
    theirs = pixel_array(dcmread(io.BytesIO(data)))
    assert np.array_equal(theirs.reshape(len(frames), *shape), np.stack(frames))


def run_length_decoded(stream):
    return np.frombuffer(imagecodecs.dicomrle_decode(stream, "u2"), "u2")


OTHERS = {
    ".5": run_length_decoded,
    ".4.57": imagecodecs.jpeg8_decode,
    ".4.70": imagecodecs.jpegsof3_decode,
    ".4.80": imagecodecs.jpegls_decode,
    ".4.90": imagecodecs.jpeg2k_decode,
    ".4.201": imagecodecs.htj2k_decode,
}


@pytest.mark.parametrize("syntax", OTHERS)
def test_a_second_decoder_gives_the_same_values(syntax):
    values = truth("u2", 12, (61, 47))
    stream = ENCODERS[syntax](values, 12)
    assert np.array_equal(OTHERS[syntax](stream).reshape(values.shape), values)
    assert np.array_equal(loaded(compressed([values], 12, ROOT + syntax, [stream])), values)


@pytest.mark.parametrize("plugin", ["gdcm", "pylibjpeg", "pillow"])
@pytest.mark.parametrize(("kind", "stored"), [("u2", 12), ("i2", 16)])
def test_three_decoders_of_jpeg_2000_agree(plugin, kind, stored):
    values = truth(kind, stored, (61, 47))
    data = compressed([values], stored, f"{ROOT}.4.90", [jpeg_2000(values, stored)])
    theirs = pixel_array(io.BytesIO(data), decoding_plugin=plugin)
    assert np.array_equal(theirs, loaded(data))


@pytest.mark.parametrize("predictor", range(1, 8))
def test_every_predictor_of_lossless_jpeg(predictor):
    values = truth("u2", 12, (61, 47))
    stream = lossless_jpeg(predictor)(values, 12)
    assert np.array_equal(loaded(compressed([values], 12, f"{ROOT}.4.57", [stream])), values)


@pytest.mark.parametrize("syntax", [".4.57", ".4.70", ".4.80", ".4.90"])
def test_streams_of_gdcm_are_decoded(syntax, tmp_path):
    import gdcm

    values = truth("u2", 12, (61, 47))
    plain, path = tmp_path / "plain.dcm", tmp_path / "compressed.dcm"
    plain.write_bytes(encoded(described([values], 12)))
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    kind = gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(ROOT + syntax))
    change.SetTransferSyntax(kind)
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    assert np.array_equal(load_image(path).pixels, values)


def test_a_real_mammogram_is_the_same_by_two_decoders(reference_data):
    path = reference_data / "data/dicom/mg_ge_essential_jpegll.dcm"
    image = load_image(path)
    data = dcmread(path).PixelData
    start = data.index(b"\xff\xd8\xff")
    other = imagecodecs.jpegsof3_decode(data[start:])
    stored = image.pixels[:, ::-1] if image.turned[1] else image.pixels
    assert image.turned[0::2] == (False, False)
    assert image.pixels.shape == (3062, 2394)
    assert np.array_equal(stored, other)
    third = imagecodecs.jpeg8_decode(data[start:])
    assert np.array_equal(third, other)


def test_a_real_lossy_mammogram_is_near_by_two_decoders_and_says_so(reference_data):
    path = reference_data / "data/dicom/wg04_mg1_j2k_lossy_sc.dcm"
    image = load_image(path)
    stream = b"".join(fragments_of(dcmread(path).PixelData))
    other = imagecodecs.jpeg2k_decode(stream)
    assert "compressed with loss" in image.note
    # Not bit-exact by the standard (ISO/IEC 15444-4): decoders may round differently.
    assert np.abs(image.pixels - other).max() <= 1


def fragments_of(data):
    from pydicom.encaps import generate_frames

    return generate_frames(data, number_of_frames=1)


def test_signed_values_of_a_stream_that_says_unsigned():
    values = truth("i2", 12, (61, 47))
    stream = jpeg_2000(words_of(values, 12), 12)
    assert np.array_equal(loaded(compressed([values], 12, f"{ROOT}.4.90", [stream])), values)


@pytest.mark.parametrize("syntax", [".4.70", ".4.80", ".4.90", ".5"])
def test_bits_above_the_stored_ones_are_left_out_with_a_note(syntax):
    values = truth("u2", 12, (61, 47))
    dirty = values | np.uint16(0x8000)
    stream = ENCODERS[syntax](dirty, 16)
    image = load_image(io.BytesIO(compressed([values], 12, ROOT + syntax, [stream])))
    assert np.array_equal(image.pixels, values)
    assert "bits above Bits Stored are set" in image.note


@pytest.mark.parametrize("extended", [False, True])
def test_signed_values_need_no_extended_sign(extended):
    values = truth("i2", 12, (61, 48))
    ds = described([values], 12)
    if not extended:
        ds.PixelData = words_of(values, 12).tobytes()
    image = load_image(io.BytesIO(encoded(ds)))
    assert np.array_equal(image.pixels, values)
    assert not image.note


@pytest.mark.parametrize(
    ("said", "ratio", "words"),
    [
        ("01", "12.5", "compressed with loss, ratio 12.5"),
        ("01", ["4", "2"], "compressed with loss, ratio 4 then 2"),
        ("01", None, "compressed with loss"),
        ("00", None, ""),
    ],
)
def test_loss_is_said_whatever_the_syntax(said, ratio, words):
    ds = described([truth("u2", 12, (64, 48))], 12)
    ds.LossyImageCompression = said
    if ratio:
        ds.LossyImageCompressionRatio = ratio
    assert load_image(io.BytesIO(encoded(ds))).note == words


def test_lossy_streams_are_decoded_with_a_note():
    values = truth("u1", 8, (64, 48))
    baseline = imagecodecs.jpeg8_encode(values, level=95)
    image = load_image(io.BytesIO(compressed([values], 8, f"{ROOT}.4.50", [baseline])))
    assert np.array_equal(image.pixels, imagecodecs.jpeg8_decode(baseline))
    assert image.note == "compressed with loss"
    near = imagecodecs.jpegls_encode(values, level=3)
    image = load_image(io.BytesIO(compressed([values], 8, f"{ROOT}.4.81", [near])))
    assert np.array_equal(image.pixels, imagecodecs.jpegls_decode(near))
    assert np.abs(image.pixels - values).max() <= 3
    assert "perhaps compressed with loss" in image.note


def test_errors_of_decoding_name_rule_and_remedy(monkeypatch):
    values = truth("u2", 12, (64, 48))
    stream = jpeg_2000(values, 12)
    j2k = f"{ROOT}.4.90"
    with pytest.raises(ImageError, match="transfer syntax must be known, it is not; export"):
        loaded(compressed([values], 12, "1.2.840.10008.1.2.4.94", [stream]))
    with pytest.raises(ImageError, match="cut off or damaged; copy it again from its source"):
        loaded(compressed([values], 12, j2k, [stream[: len(stream) // 2]]))
    with pytest.raises(ImageError, match="cut off or damaged; copy it again from its source"):
        loaded(compressed([values], 12, j2k, [b"\xff\xd8" + b"x" * 50 + b"\xff\xd9"]))
    with pytest.raises(ImageError, match="cut off or damaged; copy it again from its source"):
        loaded(compressed([values], 12, f"{ROOT}.5", [run_length(values, 12)[:-900]]))
    with pytest.raises(ImageError, match="rows, columns, samples and bits must be as in the head"):
        loaded(compressed([values.T], 12, j2k, [stream]))
    with pytest.raises(ImageError, match="rows, columns, samples and bits must be as in the head"):
        loaded(compressed([values.astype("u1")], 8, j2k, [stream]))
    twelve = imagecodecs.jpeg8_encode(values, level=95, bitspersample=12)
    with pytest.raises(ImageError, match="no decoder is installed for the transfer syntax; export"):
        loaded(compressed([values], 12, f"{ROOT}.4.51", [twelve]))
    from pydicom.pixels.decoders.base import Decoder

    monkeypatch.setattr(Decoder, "available_plugins", ())
    with pytest.raises(ImageError, match="no decoder is installed for the transfer syntax; export"):
        loaded(compressed([values], 12, j2k, [stream]))
