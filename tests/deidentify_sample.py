"""Objects with a token in every element, and what looks for the tokens afterwards.

The writer is our own: it writes what no valid file holds, and shares no code with the engine.
"""

import io
from collections.abc import Iterable
from contextlib import suppress
from itertools import count

import pydicom
from pydicom.datadict import DicomDictionary, RepeatersDictionary, tag_for_keyword
from pydicom.dataset import Dataset

from toolkit.readers.dicom.deidentify.engine import Options
from toolkit.readers.dicom.deidentify.keep_list import keep_list

KEY = bytes(range(32))
OPTIONS = Options(key=KEY)
MARK = b"ZQX"
# Without these the object is refused, so each has a test of its own.
STRUCTURE = {
    tag_for_keyword(keyword)
    for keyword in (
        "SpecificCharacterSet", "SOPClassUID", "BurnedInAnnotation", "PixelData", "Rows",
        "Columns", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit",
        "PixelRepresentation", "PhotometricInterpretation", "FloatPixelData",
        "DoubleFloatPixelData", "PixelDataProviderURL", "ContentSequence", "ValueType",
        "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
    )
}  # fmt: skip
LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
BINARY = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "AT": 4, "SV": 8, "UV": 8}
IN_CHARACTER_SET = {"PN", "LO", "SH", "ST", "LT", "UT", "UC"}

Tree = dict[int, tuple[str, "bytes | list[Tree]"]]


class Planter:
    """Makes tokens, each unlike any other."""

    def __init__(self, codec: str = "ascii", name: str = "") -> None:
        self._numbers = count()
        self.native = name.encode(codec)

    def token(self, vr: str) -> bytes:
        """A token that the VR can hold, or could if nobody looked."""
        number = next(self._numbers)
        if vr in BINARY or vr in ("OB", "OW", "OL", "OD", "OF", "OV", "UN"):
            return MARK + f"{number:05d}".encode()  # 8 bytes: a multiple of every size
        if vr == "AS":
            return MARK + b"Y"
        return MARK + f"{number:05d}".encode() + self.native * (vr in IN_CHARACTER_SET)

    def elements(self, tags: Iterable[tuple[int, str]], depth: int = 1) -> Tree:
        """A token for each tag; a sequence has an item with tokens and sequences inside."""
        tree: Tree = {}
        for tag, vr in tags:
            if vr == "SQ" and tag in keep_list().attributes:
                tree[tag] = ("SQ", [self.item(depth - 1)] if depth else [])
            elif vr == "SQ":
                tree[tag] = ("SQ", [{0x00100010: ("PN", self.token("PN"))}])
            else:
                tree[tag] = (vr, self.token(vr))
        return tree

    def item(self, depth: int) -> Tree:
        """An item of a sequence: what is kept at all, some of what is not, a private block."""
        kept = [
            (tag, row.vr.split(" or ")[0])
            for tag, row in keep_list().attributes.items()
            if tag not in STRUCTURE and not is_number(row) and row.vr != "SQ"
        ]
        codes = [(0x00080100, "SH"), (0x00080102, "SH"), (0x00080104, "LO"), (0x00080119, "UC")]
        other = [(0x00100010, "PN"), (0x0040A123, "PN"), (0x0040A160, "UT"), (0x0040A124, "UI")]
        more = [
            (0x00104000, "LT"),
            (0x00400275, "SQ"),
            (0x00081140, "SQ"),
            (0x0040A043, "SQ"),
            (0x00321060, "LO"),
        ]
        return self.elements([*kept, *codes, *other, *more], depth) | self.private(0x0011)

    def private(self, group: int) -> Tree:
        """A private block with every kind of value."""
        kinds = ["LO", "PN", "UN", "OB", "SH", "FD", "DA", "UT", "UI"]
        tree: Tree = {group << 16 | 0x10: ("LO", self.token("LO"))}
        tree |= {group << 16 | 0x1000 + n: (vr, self.token(vr)) for n, vr in enumerate(kinds)}
        inner: Tree = {0x00100010: ("PN", self.token("PN"))}
        return tree | {group << 16 | 0x10F0: ("SQ", [inner])}


def is_number(row) -> bool:
    """Whether a row keeps numbers of a binary VR: there a token is a number like any other."""
    return row.action == "number" and row.vr.split(" or ")[0] in BINARY


def all_tags() -> list[tuple[int, str]]:
    """Every attribute of the standard with its VR, overlays and curves in two groups each."""
    plain = [(tag, row[0].split(" or ")[0]) for tag, row in DicomDictionary.items()]
    repeated = [
        (int(mask.replace("xx", f"{place:02x}"), 16), row[0].split(" or ")[0])
        for mask, row in RepeatersDictionary.items()
        for place in (0, 2)
        if mask[:2] in ("50", "60")
    ]
    return [
        (int(tag), vr)
        for tag, vr in plain + repeated
        if int(tag) >> 16 not in (0, 2, 4, 0xFFFE) and vr != "NONE" and int(tag) not in STRUCTURE
    ]


def tree_of(ds: Dataset) -> Tree:
    """A data set that was read from explicit little endian, as tags with bytes."""
    tree: Tree = {}
    for tag in list(ds.keys()):
        element = ds.get_item(tag)
        if element.VR == "SQ":
            tree[int(tag)] = ("SQ", [tree_of(item) for item in ds[tag].value])
        else:
            value = element.value or b""
            tree[int(tag)] = (element.VR, value if isinstance(value, bytes) else b"")
    return tree


def tree_of_file(data: bytes) -> Tree:
    return tree_of(pydicom.dcmread(io.BytesIO(data)))


def encoded_tree(tree: Tree) -> bytes:
    """Tags with bytes as explicit little endian, sequences of undefined length."""
    body = bytearray()
    for tag in sorted(tree):
        vr, value = tree[tag]
        body += (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
        if vr == "SQ":
            body += b"SQ\0\0\xff\xff\xff\xff"
            for item in value:
                body += b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + encoded_tree(item)
                body += b"\xfe\xff\x0d\xe0\0\0\0\0"
            body += b"\xfe\xff\xdd\xe0\0\0\0\0"
            continue
        value = value + (b"\0" if vr in ("UI", "OB", "UN") else b" ") * (len(value) % 2)
        head = b"\0\0" if vr in LONG else b""
        body += vr.encode() + head + len(value).to_bytes(4 if vr in LONG else 2, "little") + value
    return bytes(body)


def file_of(tree: Tree, *, preamble: bytes = bytes(128), meta: Tree | None = None) -> bytes:
    """A whole file; ``meta`` adds to the file meta information that it needs."""
    needed: Tree = {
        0x00020001: ("OB", b"\0\1"),
        0x00020002: ("UI", tree[0x00080016][1]),
        0x00020003: ("UI", b"1.2.3"),
        0x00020010: ("UI", b"1.2.840.10008.1.2.1"),
        0x00020012: ("UI", b"1.2.3.4"),
    }
    group = encoded_tree(needed | (meta or {}))
    length = b"\x02\0\0\0UL\4\0" + len(group).to_bytes(4, "little")
    return preamble + b"DICM" + length + group + encoded_tree(tree)


def planted_file(
    base: bytes, planter: Planter, *, tags=None, character_set: str = "", depth: int = 1
) -> bytes:
    """A sound object with a token in every attribute that it can be accepted with."""
    tree = tree_of_file(base)
    structure = {tag: tree[tag] for tag in tree if tag in STRUCTURE}
    tokens = planter.elements(
        [(tag, vr) for tag, vr in (tags or all_tags()) if not is_kept_number(tag)], depth=depth
    )
    tree = tree | tokens | structure | planter.private(0x0009) | planter.private(0x7FE1)
    image_type = b"ORIGINAL\\PRIMARY\\" + planter.token("CS")
    tree[0x00080008] = ("CS", image_type)
    tree[0x00080005] = ("CS", character_set.encode())
    tree[0xFFFCFFFC] = ("OB", planter.token("OB"))
    preamble = (planter.token("OB") * 16)[:128]
    meta: Tree = {
        0x00020003: ("UI", planter.token("UI")),
        0x00020012: ("UI", planter.token("UI")),
        0x00020013: ("SH", planter.token("SH")),
        0x00020016: ("AE", planter.token("AE")),
        0x00020100: ("UI", planter.token("UI")),
        0x00020102: ("OB", planter.token("OB")),
    }
    return file_of(tree, preamble=preamble, meta=meta)


def is_kept_number(tag: int) -> bool:
    row = keep_list().attributes.get(tag)
    return row is not None and is_number(row)


def needles(*names: str) -> list[bytes]:
    """All bytes that may not be anywhere: the tokens and the names, in every encoding."""
    codecs = (
        "utf-8", "utf-16-le", "utf-16-be", "gb18030", "latin-1", "iso8859-2", "iso8859-5",
        "iso8859-7", "iso8859-11",
    )  # fmt: skip
    found = {MARK, MARK.decode().encode("utf-16-le"), MARK.decode().encode("utf-16-be")}
    for name in names:
        for codec in codecs:
            with suppress(UnicodeEncodeError):
                found.add(name.encode(codec))
    return sorted(found)


def leaks(data: bytes, *names: str) -> list[bytes]:
    """The needles that are in these bytes."""
    return [needle for needle in needles(*names) if needle in data]
