"""Headers: what pydicom reads, from every syntax, and nothing from a file that is not whole."""

import io
import zlib

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from toolkit.readers.dicom.scan.attributes import HEADER, REMEDIES, REPORT, DicomFault
from toolkit.readers.dicom.scan.header import header_by_pydicom, plain, read_header
from toolkit.readers.dicom.scan.walker import MOST_ELEMENTS

SYNTAXES = {
    "explicit": ExplicitVRLittleEndian,
    "implicit": ImplicitVRLittleEndian,
    "big endian": ExplicitVRBigEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
}
FLAT = [attribute for attribute in HEADER.top if attribute.vr != "SQ"]


def header_of(data):
    return read_header(lambda offset, length: data[offset : offset + length], len(data))


def written(dataset, syntax=ExplicitVRLittleEndian):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.2"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.TransferSyntaxUID = syntax
    dataset.file_meta = meta
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True, overwrite=True)
    return file.getvalue()


def mammogram(**values):
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.2"
    dataset.SOPInstanceUID = "1.2.3"
    dataset.StudyInstanceUID = "1.2"
    dataset.SeriesInstanceUID = "1.2.1"
    dataset.Modality = "MG"
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def with_pixels(dataset, n_bytes=64):
    dataset.Rows, dataset.Columns = n_bytes // 16, 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = b"\1\2" * (n_bytes // 2)
    dataset["PixelData"].VR = "OW"
    return dataset


def same_as_pydicom(data):
    dataset = pydicom.dcmread(io.BytesIO(data))
    found = header_of(data).values
    for attribute in FLAT:
        if attribute.tag in dataset:
            expected = plain(dataset[attribute.tag].value, attribute.vr)
            assert found[attribute.keyword] == expected, attribute.keyword
        else:
            assert attribute.keyword not in found


text = st.text(
    st.characters(codec="ascii", exclude_characters="\\\0\x1b", min_codepoint=32), max_size=16
)
code = st.from_regex(r"\A[A-Z0-9_ ]{0,16}\Z")
uid = st.from_regex(r"\A[1-9][0-9]{0,5}(\.[1-9][0-9]{0,5}){1,6}\Z")
number = st.floats(-1e6, 1e6).map(lambda x: f"{x:.6g}")
STRATEGIES = {
    "CS": st.one_of(code, st.lists(code, min_size=2, max_size=4)),
    "UI": uid,
    "DA": st.dates().map(lambda d: f"{d.year:04d}{d.month:02d}{d.day:02d}"),
    "SH": text,
    "LO": st.one_of(text, st.lists(text, min_size=2, max_size=3)),
    "AS": st.integers(0, 120).map(lambda n: f"{n:03d}Y"),
    "DS": st.one_of(number, st.lists(number, min_size=2, max_size=3)),
    "IS": st.integers(-(2**31), 2**31 - 1).map(str),
    "US": st.integers(0, 65535),
}


@st.composite
def datasets(draw):
    dataset = mammogram()
    for attribute in FLAT:
        if attribute.keyword != "SpecificCharacterSet" and draw(st.booleans()):
            value = draw(STRATEGIES[attribute.vr])
            setattr(dataset, attribute.keyword, value)
    for _ in range(draw(st.integers(0, 5))):
        group = draw(st.sampled_from([0x0009, 0x0019, 0x0029, 0x7FE1]))
        dataset.private_block(group, "MAKER", create=True).add_new(
            draw(st.integers(0, 255)), draw(st.sampled_from(["LO", "UN", "OB"])), b"xy" * 9
        )
    if draw(st.booleans()):
        item = Dataset()
        item.ReferencedSOPInstanceUID = draw(uid)
        dataset.SourceImageSequence = Sequence([item])
        dataset["SourceImageSequence"].is_undefined_length = draw(st.booleans())
        item.is_undefined_length_sequence_item = draw(st.booleans())
    if draw(st.booleans()):
        inner = Dataset()
        inner.CodeMeaning = draw(text)
        outer = Dataset()
        outer.ConceptCodeSequence = Sequence([inner])
        dataset.ProcedureCodeSequence = Sequence([outer])
        dataset["ProcedureCodeSequence"].is_undefined_length = draw(st.booleans())
    return with_pixels(dataset) if draw(st.booleans()) else dataset


@pytest.mark.filterwarnings("ignore")  # pydicom warns of values that are too long; files hold them
@pytest.mark.parametrize("syntax", SYNTAXES)
@given(dataset=datasets())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_read_header_gives_what_pydicom_gives(syntax, dataset):
    same_as_pydicom(written(dataset, SYNTAXES[syntax]))


@pytest.mark.filterwarnings("ignore")
def test_read_header_gives_what_pydicom_gives_on_real_files(reference_data):
    files = sorted((reference_data / "data" / "dicom").glob("*.dcm"))
    assert len(files) == 13
    for path in files:
        same_as_pydicom(path.read_bytes())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 192", "Bệnh viện Đại học Y Hà Nội"),
        ("ISO_IR 100", "Müller Straße"),
        ("ISO_IR 144", "ЛЮФ"),
        ("ISO_IR 13", "ﾔﾏﾀﾞ"),
        ("GB18030", "王小东"),
        ("ISO 2022 IR 149", "\x1b$)C김희중"),
        ("", "plain ASCII"),
    ],
)
@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
def test_read_header_reads_character_sets_as_pydicom(character_set, name, syntax):
    dataset = mammogram()
    dataset.SpecificCharacterSet = character_set
    dataset.Manufacturer = name
    same_as_pydicom(written(dataset, SYNTAXES[syntax]))


def test_the_walk_and_pydicom_give_the_same_header():
    item = Dataset()
    item.ReferencedSOPInstanceUID, item.ReferencedSOPClassUID = "1.9", "1.8"
    view = Dataset()
    view.CodeValue, view.CodingSchemeDesignator = "R-10226", "SRT"
    dataset = mammogram(SourceImageSequence=[item], ViewCodeSequence=[view], NumberOfFrames="3")
    data = written(with_pixels(dataset))
    fast = header_of(data)
    slow = header_by_pydicom(lambda offset, length: data[offset : offset + length], len(data))
    assert (fast.way, slow.way) == ("walk", "pydicom")
    assert fast.values == slow.values
    assert fast.values["SourceImageSequence"][0]["ReferencedSOPInstanceUID"] == "1.9"
    assert fast.has_pixels
    assert slow.has_pixels


def test_every_attribute_is_the_standards():
    from pydicom.datadict import dictionary_keyword, dictionary_VR

    for attribute in (*HEADER.top, *HEADER.nested, *REPORT.top, *REPORT.nested):
        assert dictionary_keyword(attribute.tag) == attribute.keyword
        assert dictionary_VR(attribute.tag) == attribute.vr


def test_read_header_takes_an_unexpected_vr_to_pydicom():
    dataset = mammogram()
    dataset.add_new(0x00080070, "UT", "A maker")
    header = header_of(written(dataset))
    assert header.way == "pydicom"
    assert header.text("Manufacturer") == "A maker"


def test_pydicom_reads_no_file_that_does_not_fit_into_memory():
    dataset = mammogram()
    dataset.add_new(0x00080070, "UT", "A maker")
    data = written(dataset)
    with pytest.raises(DicomFault, match="an unusual file of more than 1,000,000,000 bytes"):
        header_by_pydicom(lambda at, n: data[at : at + n], 1_000_000_001)


def test_read_header_notes_a_decimal_comma_without_its_value():
    comma = mammogram()
    comma.add_new(0x00181114, "DS", "1.25")
    data = written(comma).replace(b"1.25", b"1,25")
    header = header_of(data)
    assert header.bad == ("EstimatedRadiographicMagnificationFactor",)
    assert header.number("EstimatedRadiographicMagnificationFactor") is None


def test_read_header_reads_only_what_it_needs():
    asked = []
    data = written(with_pixels(mammogram(), n_bytes=800_000))

    def read(offset, length):
        asked.append(length)
        return data[offset : offset + length]

    assert read_header(read, len(data)).has_pixels
    assert sum(asked) <= 16_384


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_read_header_refuses_a_file_cut_anywhere(syntax):
    view = Dataset()
    view.CodeValue, view.CodingSchemeDesignator = "R-10226", "SRT"
    dataset = with_pixels(mammogram(ViewCodeSequence=[view], Manufacturer="MAKER"))
    dataset["ViewCodeSequence"].is_undefined_length = True
    whole = written(dataset, SYNTAXES[syntax])
    header_of(whole)
    # Where a cut leaves whole elements behind, nothing in the file says that more were meant.
    ends = set() if syntax == "deflated" else _element_ends(whole)
    for length in range(len(whole) - 1):
        if length in ends:
            continue
        with pytest.raises(DicomFault) as caught:
            header_of(whole[:length])
        assert caught.value.reason in ("empty", "not_dicom", "cut_off", "other"), length


def _element_ends(data):
    """Where elements of the top level end, which is where the next ones begin."""
    dataset = pydicom.dcmread(io.BytesIO(data))
    tags = list(dataset._dict)
    raw = [dataset.get_item(tag) for tag in tags]
    values = [getattr(item, "value_tell", None) or item.file_tell for item in raw]
    return {place - head for place in values for head in (0, 8, 12)}


def test_read_header_refuses_encapsulated_pixels_without_an_end():
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGLSLossless

    dataset = with_pixels(mammogram())
    dataset.PixelData = encapsulate([b"\1\2" * 400, b"\3\4" * 400])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    data = written(dataset, JPEGLSLossless)
    assert header_of(data).has_pixels
    for cut in (8, 9, 500, 900):
        with pytest.raises(DicomFault, match=r"ends (after|within)|no end before"):
            header_of(data[:-cut])


def test_read_header_reads_little_of_many_fragments():
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGLSLossless

    dataset = with_pixels(mammogram(NumberOfFrames="50"))
    dataset.PixelData = encapsulate([bytes([number]) * 40_000 for number in range(50)])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    data = written(dataset, JPEGLSLossless)
    asked = []

    def read(offset, length):
        asked.append(length)
        return data[offset : offset + length]

    assert read_header(read, len(data)).has_pixels
    assert len(asked) <= 8
    for cut in (1, 8, 9, 40_000, 1_000_000):
        with pytest.raises(DicomFault):
            header_of(data[:-cut])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"just text", "not_dicom"),
        (b"\0" * 200, "not_dicom"),
        (b"\0" * 128 + b"DICM", "cut_off"),
        (b"\0" * 128 + b"DICM this is a text file of some length and nothing more", "cut_off"),
    ],
)
def test_read_header_refuses_what_is_no_dicom(data, reason):
    with pytest.raises(DicomFault) as caught:
        header_of(data)
    assert caught.value.reason == reason
    assert caught.value.reason in REMEDIES


def test_read_header_refuses_a_dicomdir():
    data = written(mammogram()).replace(
        b"1.2.840.10008.5.1.4.1.1.1.2", b"1.2.840.10008.1.3.10\0\0\0\0\0\0\0", 1
    )
    with pytest.raises(DicomFault, match="DICOMDIR, an index") as caught:
        header_of(data)
    assert caught.value.reason == "dicomdir"


def test_read_header_refuses_a_small_file_that_inflates_without_end():
    start = written(mammogram(), DeflatedExplicitVRLittleEndian)
    plain_file = written(mammogram())
    body = plain_file[plain_file.index(b"\x08\x00\x16\x00UI") :]
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflate.compress(body + b"\x09\x00\x10\x00OB\0\0\0\0\0\x08")
    bomb += b"".join(deflate.compress(b"\0" * 1_000_000) for _ in range(128)) + deflate.flush()
    meta_end = 140 + 4 + int.from_bytes(start[140:144], "little")
    assert len(bomb) < 400_000
    with pytest.raises(DicomFault, match="holds more than 64,000,000 bytes") as caught:
        header_of(start[:meta_end] + bomb)
    assert caught.value.reason == "deflated_too_large"


def nested(depth, *, undefined):
    inner = Dataset()
    inner.CodeValue = "X"
    for _ in range(depth):
        outer = Dataset()
        outer.ConceptCodeSequence = Sequence([inner])
        outer["ConceptCodeSequence"].is_undefined_length = undefined
        inner.is_undefined_length_sequence_item = undefined
        inner = outer
    inner.is_undefined_length_sequence_item = undefined
    dataset = mammogram()
    dataset.ProcedureCodeSequence = Sequence([inner])
    dataset["ProcedureCodeSequence"].is_undefined_length = undefined
    return written(dataset)


def test_read_header_reads_deep_nesting_and_refuses_what_has_no_sense():
    assert header_of(nested(40, undefined=True)).text("Modality") == "MG"
    with pytest.raises(DicomFault, match="nested more than 64 deep") as caught:
        header_of(nested(200, undefined=True))
    assert caught.value.reason == "nested_too_deep"


def test_read_header_passes_over_deep_nesting_of_known_length():
    assert header_of(nested(200, undefined=False)).text("Modality") == "MG"


def test_read_header_refuses_elements_without_end():
    data = written(mammogram())
    many = b"".join(
        b"\x11\x00" + (0x1000 + n % 0xE000).to_bytes(2, "little") + b"UN\0\0\0\0\0\0"
        for n in range(MOST_ELEMENTS)
    )
    with pytest.raises(DicomFault, match="more than 20,000 elements") as caught:
        header_of(data + many)
    assert caught.value.reason == "too_many_elements"


def test_read_header_takes_a_last_block_filled_with_zeros():
    data = written(with_pixels(mammogram()))
    assert header_of(data + b"\0" * 100).has_pixels
    with pytest.raises(DicomFault):
        header_of(data + b"\1" * 100)


def test_no_words_of_a_fault_hold_a_value():
    dataset = mammogram(PatientID="SECRET-77", AccessionNumber="SECRET-77")
    data = written(with_pixels(dataset))
    start = 140 + 4 + int.from_bytes(data[140:144], "little")
    ends = _element_ends(data)
    for length in range(start + 1, len(data) - 1):
        if length not in ends:
            with pytest.raises(DicomFault, match=r"^(?!.*SECRET)"):
                header_of(data[:length])
