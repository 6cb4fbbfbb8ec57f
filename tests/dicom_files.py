"""Files that a reader of DICOM must survive: cut, empty, false, deep, huge, contradictory.

Each function returns the bytes of one file, or writes it where its size forbids a copy in memory.
"""

import zlib

from pydicom.dataset import Dataset

from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.cad_plan import CadPlan, Finding
from toolkit.demo.dicom.cad_sr import cad_report
from toolkit.demo.dicom.exam import DemoExam
from toolkit.demo.dicom.images import ImagePlan, mammogram

EXAM = DemoExam(seed=7, number=1)
GIGABYTE = 2**30

# Character set of the header, Python's codec, and a name that it can write. Only UTF-8 and
# GB18030 can write Vietnamese; "undeclared" is UTF-8 without a word of it.
CHARACTER_SETS = {
    "ISO_IR 192": ("utf-8", "Nguyễn^Thị Thử"),
    "GB18030": ("gb18030", "Đặng^Ví Dụ"),
    "ISO_IR 100": ("latin-1", "Müller^Probe"),
    "ISO_IR 101": ("iso8859-2", "Žáková^Zkouška"),
    "ISO_IR 144": ("iso8859-5", "Пробова^Имя"),
    "ISO_IR 126": ("iso8859-7", "Δοκιμή^Όνομα"),
    "ISO_IR 166": ("iso8859-11", "ทดลอง^ชื่อ"),
    "undeclared": ("utf-8", "Nguyễn^Thị Thử"),
}


def image_file(**plan) -> bytes:
    """A sound mammogram."""
    return encoded(mammogram(EXAM, ImagePlan(**plan)))


def report_file(**plan) -> bytes:
    """A sound CAD report with two findings."""
    return encoded(report(**plan))


def report(**plan) -> Dataset:
    image = mammogram(EXAM, ImagePlan())
    chosen = {"images": (image,), "findings": (Finding(), Finding(x=10, y=12))} | plan
    return cad_report(EXAM, CadPlan(**chosen))


def cut_file(share: float = 0.6) -> bytes:
    """A CAD report of which the end is missing."""
    whole = report_file()
    return whole[: int(len(whole) * share)]


def cut_header_file() -> bytes:
    """A mammogram that ends inside its header."""
    return image_file()[:700]


def empty_file() -> bytes:
    return b""


def text_file() -> bytes:
    """A text with DICM at byte 128."""
    return b"x" * 128 + b"DICM" + b"This is a note about DICM files, and no DICOM file.\n" * 20


def nested_file(depth: int = 400) -> bytes:
    """A header with sequences inside sequences."""
    ds = mammogram(EXAM, ImagePlan())
    del ds.SourceImageSequence
    data, pixels = encoded(ds), ds.PixelData
    at = len(data) - len(pixels) - 12  # before the element of the pixels
    # Undefined lengths, so that each level is written by its begin and its end alone.
    begin = bytes.fromhex("08004011 53510000 ffffffff feff00e0 ffffffff")
    end = bytes.fromhex("feff0de0 00000000 feffdde0 00000000")
    place = _place_of(data[:at], (0x0008, 0x1140))
    return data[:place] + begin * depth + end * depth + data[place:]


def private_file(elements: int = 100_000) -> bytes:
    """A header with many private elements, in blocks of 256."""
    data = image_file()
    at = len(data) - len(mammogram(EXAM, ImagePlan()).PixelData) - 12
    blocks, left, group = [], elements, 0x6001
    while left > 0:
        for block in range(0x10, 0x100):
            if left <= 0:
                break
            blocks.append(_explicit(group, block, b"LO", b"DEMO PRIVATE"))
        for block in range(0x10, 0x100):
            count = min(256, left)
            blocks += [_explicit(group, block << 8 | n, b"SH", b"v ") for n in range(count)]
            left -= count
            if left <= 0:
                break
        group += 2
    return data[:at] + b"".join(blocks) + data[at:]


def bomb_file(inflated: int = GIGABYTE) -> bytes:
    """A deflated object of a megabyte whose pixels inflate to a gigabyte of zeros."""
    ds = mammogram(EXAM, ImagePlan())
    plain = encoded(ds)
    deflated = encoded(mammogram(EXAM, ImagePlan()), syntax="deflated")
    meta_length = int.from_bytes(deflated[140:144], "little")
    start = 144 + meta_length
    plain_start = 144 + int.from_bytes(plain[140:144], "little")
    body = plain[plain_start : len(plain) - len(ds.PixelData) - 4]
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    pieces = [squeeze.compress(body + inflated.to_bytes(4, "little"))]
    pieces.append(squeeze.flush(zlib.Z_FULL_FLUSH))
    # After a full flush nothing refers back, so that one compressed chunk can be repeated. Deflate
    # makes zeros 1,030 times smaller and no smaller: a gigabyte is a megabyte.
    chunk = 2**24
    zeros = squeeze.compress(bytes(chunk)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return deflated[:start] + b"".join(pieces) + zeros * (inflated // chunk) + squeeze.flush()


def named_file(character_set: str) -> bytes:
    """A mammogram with the name of ``CHARACTER_SETS`` in its own encoding."""
    codec, name = CHARACTER_SETS[character_set]
    ds = mammogram(EXAM, ImagePlan())
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = "PLACE^HOLDER"
    data = encoded(ds)
    declared = b"" if character_set == "undeclared" else character_set.encode()
    data = _replaced(data, (0x0008, 0x0005), declared)
    return _replaced(data, (0x0010, 0x0010), name.encode(codec))


def wrong_vr_file() -> bytes:
    """A mammogram whose Rows are written as text."""
    return _replaced(image_file(), (0x0028, 0x0010), b"many", vr=b"LO")


def contradictory_file() -> bytes:
    """A mammogram of the left breast that its series and its view of the patient call the right."""
    ds = mammogram(EXAM, ImagePlan(laterality="L", view="MLO"))
    ds.Laterality = "R"
    ds.PatientOrientation = ["P", "FL"]
    ds.SeriesDescription = "R MLO"
    return encoded(ds)


def orphan_report_file() -> bytes:
    """A CAD report on images that are nowhere."""
    absent = mammogram(DemoExam(seed=7, number=999), ImagePlan())
    return encoded(cad_report(EXAM, CadPlan(images=(absent,), findings=(Finding(),))))


def circular_report_file() -> bytes:
    """A CAD report whose mark names itself as its image, by the path of its own parent."""
    return encoded(_repointed([1, 3, 1, 2]))


def dangling_report_file() -> bytes:
    """A CAD report whose mark names a path at which nothing is."""
    return encoded(_repointed([1, 2, 99]))


def comma_report_file() -> bytes:
    """A CAD report with a decimal comma, which no number in a file may have."""
    return report_file(findings=(Finding(score="87,5"),))


def _repointed(path: list[int]) -> Dataset:
    ds = report()
    for item in ds.iterall():
        if item.keyword == "ReferencedContentItemIdentifier":
            item.value = path
    return ds


def _explicit(group: int, element: int, vr: bytes, value: bytes) -> bytes:
    """One short element in explicit little endian."""
    tag = group.to_bytes(2, "little") + element.to_bytes(2, "little")
    value += b" " * (len(value) % 2)
    return tag + vr + len(value).to_bytes(2, "little") + value


def _place_of(data: bytes, tag: tuple[int, int]) -> int:
    """Where an element of the top level belongs, by walking the elements before it."""
    at = 144 + int.from_bytes(data[140:144], "little")
    while at < len(data):
        here = (
            int.from_bytes(data[at : at + 2], "little"),
            int.from_bytes(data[at + 2 : at + 4], "little"),
        )
        if here >= tag:
            return at
        long = data[at + 4 : at + 6] in (b"SQ", b"OB", b"OW", b"UN", b"UT", b"UC", b"UR")
        head, field = (12, slice(8, 12)) if long else (8, slice(6, 8))
        at += head + int.from_bytes(data[at:][field], "little")
    return at


def _replaced(data: bytes, tag: tuple[int, int], value: bytes, vr: bytes | None = None) -> bytes:
    """The file with another value for one short element of the top level."""
    at = _place_of(data, tag)
    end = at + 8 + int.from_bytes(data[at + 6 : at + 8], "little")
    new = _explicit(*tag, vr or data[at + 4 : at + 6], value) if value else b""
    return data[:at] + new + data[end:]
