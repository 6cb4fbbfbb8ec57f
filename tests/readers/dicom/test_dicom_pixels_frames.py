"""Only the frame that is asked for is read and decoded, and never another one in its place."""

from __future__ import annotations

import io

import fsspec
import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import fragment_frame, itemize_fragment
from pydicom.pixels.decoders.base import DecodeRunner

from tests.dicom_files import EXAM
from tests.readers.dicom.test_dicom_pixels_syntaxes import (
    ROOT,
    compressed,
    jpeg_2000,
    run_length,
    truth,
)
from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.exam import set_file_meta
from toolkit.demo.dicom.images import ImagePlan, tomosynthesis
from toolkit.readers.dicom.pixels.frames import ImageError
from toolkit.readers.dicom.pixels.image import load_image

FRAMES = 50
ROWS, COLUMNS = 160, 120
HEADER_BYTES = 150_000  # 16 KB blocks of the check of the file, 64 KB blocks of pydicom


class CountingFile(io.BytesIO):
    """A file that counts what is read of it."""

    bytes_read = 0

    def read(self, size=-1):
        data = super().read(size)
        self.bytes_read += len(data)
        return data


@pytest.fixture
def decoder_calls(monkeypatch):
    calls = []
    original = DecodeRunner._decode_frame

    def counted(self, src):
        calls.append(len(src))
        return original(self, src)

    monkeypatch.setattr(DecodeRunner, "_decode_frame", counted)
    return calls


@pytest.fixture(scope="module")
def pictures():
    # Noise, so that a compressed frame is long beside the heads that are read of all.
    random = np.random.default_rng(5)
    return [
        random.integers(0, 4096, (ROWS, COLUMNS), dtype=np.uint16) // 4 + frame
        for frame in range(FRAMES)
    ]


@pytest.fixture(scope="module")
def streams(pictures):
    return [even(jpeg_2000(picture, 12)) for picture in pictures]


def even(stream):
    return stream + b"\0" * (len(stream) % 2)


def volume(pictures):
    ds = tomosynthesis(EXAM, ImagePlan(rows=ROWS, columns=COLUMNS), frames=len(pictures))
    ds.PixelData = np.stack(pictures).astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def volume_file(pictures, fragments, *, table=b"", uid=f"{ROOT}.4.90", extended=None):
    """A volume of fragments (a list of them for each frame) with any offset table."""
    ds = volume(pictures)
    set_file_meta(ds, uid)
    items = [itemize_fragment(table)] + [itemize_fragment(f) for part in fragments for f in part]
    ds.PixelData = b"".join(items)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    if extended is not None:
        ds.ExtendedOffsetTable = b"".join(offset.to_bytes(8, "little") for offset in extended)
        lengths = [sum(map(len, part)) for part in fragments]
        ds.ExtendedOffsetTableLengths = b"".join(n.to_bytes(8, "little") for n in lengths)
    stream = io.BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def offsets_of(fragments):
    """Offsets of the frames from the first fragment (PS3.5 A.4)."""
    found, at = [], 0
    for part in fragments:
        found.append(at)
        at += sum(len(fragment) + 8 for fragment in part)
    return found


def packed(offsets):
    return b"".join(offset.to_bytes(4, "little") for offset in offsets)


def shown(image):
    """The picture as stored: the demo's volume is not turned."""
    assert image.turned == (False, False, False)
    return image.pixels


def whole(streams):
    return [[stream] for stream in streams]


def cut(streams, pieces=3):
    return [list(fragment_frame(stream, pieces)) for stream in streams]


LAYOUTS = {
    "basic table": lambda s: (whole(s), packed(offsets_of(whole(s))), None),
    "empty table": lambda s: (whole(s), b"", None),
    "extended table": lambda s: (whole(s), b"", offsets_of(whole(s))),
    "several fragments": lambda s: (cut(s), packed(offsets_of(cut(s))), None),
    "several fragments, empty table": lambda s: (cut(s), b"", None),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_frame_of_fifty_is_read_and_decoded(layout, pictures, streams, decoder_calls):
    fragments, table, extended = LAYOUTS[layout](streams)
    data = volume_file(pictures, fragments, table=table, extended=extended)
    for frame in (0, 40, 49):
        file = CountingFile(data)
        decoder_calls.clear()
        image = load_image(file, frame=frame)
        assert np.array_equal(shown(image), pictures[frame])
        assert decoder_calls == [len(streams[frame])]
        heads = 12 * (len(fragments) * len(fragments[0]) + 2)
        assert file.bytes_read < HEADER_BYTES + len(streams[frame]) + heads
        assert file.bytes_read < len(data) / 5
        assert not image.note


def test_one_frame_of_fifty_plain_ones_is_read(pictures):
    data = encoded(volume(pictures))
    file = CountingFile(data)
    assert np.array_equal(shown(load_image(file, frame=40)), pictures[40])
    assert file.bytes_read < HEADER_BYTES + 2 * ROWS * COLUMNS
    assert file.bytes_read < len(data) / 5


LIES = {
    "cut short": lambda offsets: offsets[:-1],
    "beside the fragments": lambda offsets: [offset + 2 for offset in offsets],
    "counted from the table": lambda offsets: [offset + 8 for offset in offsets],
    "all zero": lambda offsets: [0] * len(offsets),
    "more than there are": lambda offsets: [*offsets, offsets[-1] + 2],
}


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("lie", LIES)
def test_a_table_that_points_beside_the_frames_is_not_used(lie, extended, pictures, streams):
    few, fragments = pictures[:4], whole(streams[:4])
    offsets = LIES[lie](offsets_of(fragments))
    tables = {"extended": offsets} if extended else {"table": packed(offsets)}
    data = volume_file(few, fragments, **tables)
    for frame, picture in enumerate(few):
        image = load_image(io.BytesIO(data), frame=frame)
        assert np.array_equal(shown(image), picture)
        assert image.note == "the offset table points beside the frames and was not used"


def test_a_table_that_names_frames_in_another_order_is_refused(pictures, streams):
    fragments = whole(streams[:4])
    first, second, *others = offsets_of(fragments)
    data = volume_file(pictures[:4], fragments, table=packed([first, others[0], second, others[1]]))
    for frame in range(4):
        with pytest.raises(ImageError, match="fragments, offset table and Number of Frames must"):
            load_image(io.BytesIO(data), frame=frame)


def test_a_table_that_cuts_frames_elsewhere_is_refused(pictures, streams):
    fragments = cut(streams[:2])
    parts = [part for frame in fragments for part in frame]
    table = packed([0, sum(len(part) + 8 for part in parts[:2])])
    data = volume_file(pictures[:2], fragments, table=table)
    with pytest.raises(ImageError, match="must agree, they contradict each other; export"):
        load_image(io.BytesIO(data), frame=0)


@pytest.mark.parametrize("said", [1, 3, 5])
def test_a_wrong_number_of_frames_is_refused(said, pictures, streams):
    ds = dcmread(io.BytesIO(volume_file(pictures[:4], whole(streams[:4]))))
    ds.NumberOfFrames = said
    file = io.BytesIO()
    ds.save_as(file)
    with pytest.raises(ImageError, match="fragments, offset table and Number of Frames must agree"):
        load_image(file, frame=0)


def test_run_length_frames_in_pieces_need_a_table(pictures):
    fragments = cut([even(run_length(picture, 12)) for picture in pictures[:3]], pieces=2)
    table = packed(offsets_of(fragments))
    data = volume_file(pictures[:3], fragments, table=table, uid=f"{ROOT}.5")
    assert np.array_equal(shown(load_image(io.BytesIO(data), frame=1)), pictures[1])
    data = volume_file(pictures[:3], fragments, uid=f"{ROOT}.5")
    with pytest.raises(ImageError, match="must agree, they contradict each other; export"):
        load_image(io.BytesIO(data), frame=1)


def test_a_single_frame_in_pieces_needs_none():
    values = truth("u2", 12, (64, 48))
    pieces = list(fragment_frame(imagecodecs.jpegls_encode(values), 4))
    ds = dcmread(io.BytesIO(compressed([values], 12, f"{ROOT}.4.80", pieces, has_bot=False)))
    file = io.BytesIO()
    ds.save_as(file)
    assert np.array_equal(load_image(file).pixels, values)


def test_frames_that_are_cut_off_are_refused(pictures, streams):
    short = streams[:3]
    short[1] = short[1][: len(short[1]) // 4 * 2]
    data = volume_file(pictures[:3], whole(short))
    assert np.array_equal(shown(load_image(io.BytesIO(data), frame=2)), pictures[2])
    with pytest.raises(ImageError, match="the frame must be decodable: its data are cut off or"):
        load_image(io.BytesIO(data), frame=1)
    ds = volume(pictures[:3])
    ds.PixelData = ds.PixelData[:-2]
    plain = encoded(ds)
    assert np.array_equal(shown(load_image(io.BytesIO(plain), frame=1)), pictures[1])
    with pytest.raises(ImageError, match="must hold the whole frame, it is cut off or damaged"):
        load_image(io.BytesIO(plain), frame=2)


def test_fragments_that_are_no_items_are_refused(pictures, streams):
    data = volume_file(pictures[:2], whole(streams[:2]))
    at = data.index(streams[1]) - 8
    broken = data[:at] + b"\x01\x02\x03\x04" + data[at + 4 :]
    with pytest.raises(ImageError, match="must hold the whole frame, it is cut off or damaged"):
        load_image(io.BytesIO(broken), frame=0)


@pytest.mark.parametrize("frame", [-1, 3, 50])
def test_a_frame_that_does_not_exist_is_named(frame, pictures):
    with pytest.raises(ImageError, match=f"frame: must be from 0 to 2, got {frame}; give one"):
        load_image(io.BytesIO(encoded(volume(pictures[:3]))), frame=frame)


def test_path_address_and_file_give_the_same(tmp_path, pictures, streams):
    data = volume_file(pictures[:3], whole(streams[:3]))
    path = tmp_path / "volume.dcm"
    path.write_bytes(data)
    with fsspec.open("memory://archive/volume.dcm", "wb") as file:
        file.write(data)
    places = [path, str(path), path.as_uri(), "memory://archive/volume.dcm", io.BytesIO(data)]
    for place in places:
        assert np.array_equal(shown(load_image(place, frame=1)), pictures[1])


def test_an_address_is_read_by_ranges(pictures, monkeypatch):
    data = encoded(volume(pictures))
    with fsspec.open("memory://archive/long.dcm", "wb") as file:
        file.write(data)
    files = fsspec.filesystem("memory")
    ranges = []
    original = type(files).cat_file

    def counted(self, path, start=None, end=None, **options):
        ranges.append(end - start)
        return original(self, path, start=start, end=end, **options)

    monkeypatch.setattr(type(files), "cat_file", counted)
    assert np.array_equal(shown(load_image("memory://archive/long.dcm", frame=40)), pictures[40])
    assert sum(ranges) < HEADER_BYTES + 2 * ROWS * COLUMNS
    assert len(ranges) < 12


def test_an_open_file_stays_open(tmp_path, pictures):
    path = tmp_path / "volume.dcm"
    path.write_bytes(encoded(volume(pictures[:2])))
    with path.open("rb") as file:
        load_image(file, frame=0)
        assert np.array_equal(shown(load_image(file, frame=1)), pictures[1])


def test_places_that_cannot_be_read_are_named_without_the_place(tmp_path):
    with pytest.raises(ImageError, match=r"file: cannot be read \(FileNotFoundError\); check that"):
        load_image(tmp_path / "secret.dcm")
    with pytest.raises(ImageError, match=r"file: cannot be read \(FileNotFoundError\); check that"):
        load_image("memory://archive/secret.dcm")
    with pytest.raises(ImageError, match=r"the address cannot be used \(ValueError\); install the"):
        load_image("nosuchstore://archive/secret.dcm")
