"""What is kept, against the Basic Application Confidentiality Profile of the standard."""

import csv
from pathlib import Path

import pydicom
import pytest
from pydicom.sr._concepts_dict import concepts

from tests import dicom_files
from tests.deidentify_sample import Planter, file_of, leaks, tree_of_file
from tests.readers.deidentify.test_tokens import OBJECTS, copied, read
from toolkit.readers.dicom.deidentify.keep_list import keep_list

TABLE = Path(__file__).parents[2] / "reference" / "dicom_ps315_e1_1.csv"
IMAGE = dicom_files.image_file()
# Table E.1-1 has C or K for these in the column of an option, and the object names the option.
DATES = "113107"  # Retain Longitudinal Temporal Information Modified Dates
PATIENT = "113108"  # Retain Patient Characteristics
CONTENT = "113104"  # Clean Structured Content
# What each action of ours amounts to in the letters of the table.
OURS = {
    "uid": {"U"},
    "patient": {"Z", "D"},
    "pseudonym": {"D", "Z"},
    "empty": {"Z"},
    "items": {"D", "U*"},
}


def rows():
    with TABLE.open(encoding="ascii") as file:
        lines = [line for line in file if not line.startswith("#")]
    return {row["tag"]: set(row["action"].split("/")) for row in csv.DictReader(lines)}


def options_of(keyword, action):
    """The options that allow to keep an attribute by one of our actions."""
    if action in ("date", "time"):
        return {DATES}
    if keyword in ("PatientAge", "PatientSex"):
        return {PATIENT}
    if keyword in ("ContentSequence", "AcquisitionContextSequence"):
        return {CONTENT}
    return set()


def kept_rows():
    table = rows()
    kept = keep_list().attributes
    return [
        (f"{tag:08X}", row.keyword, row.action)
        for tag, row in kept.items()
        if f"{tag:08X}" in table
    ]


@pytest.mark.parametrize(("tag", "keyword", "action"), kept_rows())
def test_what_is_kept_is_what_the_table_allows_or_an_option_that_the_object_names(
    tag, keyword, action
):
    allowed = rows()[tag]
    option = options_of(keyword, action)
    if not option:
        assert OURS[action] & allowed, f"{keyword}: the table says {allowed}, we do {action}"
        return
    kind = "cad report" if keyword == "ContentSequence" else "image"
    tree = tree_of_file(OBJECTS[kind])
    if keyword == "AcquisitionContextSequence":
        tree[int(tag, 16)] = ("SQ", [{0x00100010: ("PN", b"x ")}])
    codes = read(copied(file_of(tree))).DeidentificationMethodCodeSequence
    assert option <= {item.CodeValue for item in codes}


def test_all_else_that_the_table_names_is_gone():
    """Every attribute of the table with a token: it is absent, or another value stands there."""
    planter, table = Planter(), rows()
    tree = tree_of_file(IMAGE)
    kept = keep_list().attributes
    for tag in (int(name, 16) for name in table if "x" not in name):
        if tag not in kept and tag >> 16 > 2:
            vr = pydicom.datadict.dictionary_VR(tag) if known(tag) else "UN"
            vr = vr.split(" or ")[0]
            tree[tag] = ("SQ", [{0x00100010: ("PN", planter.token("PN"))}]) if vr == "SQ" else (
                vr, planter.token(vr)
            )  # fmt: skip
    for tag in (0x50000010, 0x50003000, 0x60003000, 0x60004000, 0x60023000):
        tree[tag] = ("OB", planter.token("OB"))
    out = copied(file_of(tree))
    assert leaks(out) == []
    left = {f"{element.tag:08X}" for element in read(out)} & set(table)
    assert left <= {f"{tag:08X}" for tag in kept}


def known(tag):
    return pydicom.datadict.dictionary_has_tag(tag)


def test_the_table_is_whole():
    actions = rows()
    assert len(actions) > 640
    assert (actions["00100010"], actions["00080018"], actions["00101010"]) == ({"Z"}, {"U"}, {"X"})


def test_an_object_that_says_it_was_done_says_so_as_the_standard_wants():
    ds = read(copied(OBJECTS["cad report"]))
    assert ds.PatientIdentityRemoved == "YES"
    assert len(ds.DeidentificationMethod) <= 64
    known_codes = {
        value: meaning
        for by_value in concepts["DCM"].values()
        for value, (meaning, _) in by_value.items()
    }
    assert len(ds.DeidentificationMethodCodeSequence) == 4
    for item in ds.DeidentificationMethodCodeSequence:
        assert item.CodingSchemeDesignator == "DCM"
        assert item.CodeMeaning == known_codes[item.CodeValue]


def test_an_earlier_claim_of_the_file_is_not_carried_on():
    tree = tree_of_file(IMAGE)
    tree[0x00120062] = ("CS", b"NO")
    tree[0x00120063] = ("LO", b"ZQX method")
    tree[0x00120064] = (
        "SQ", [{0x00080100: ("SH", b"113105"), 0x00080102: ("SH", b"DCM")}],
    )  # fmt: skip
    tree[0x00280303] = ("CS", b"UNMODIFIED")
    out = copied(file_of(tree))
    ds = read(out)
    assert leaks(out) == []
    assert (ds.PatientIdentityRemoved, ds.LongitudinalTemporalInformationModified) == (
        "YES", "MODIFIED",
    )  # fmt: skip
    codes = [item.CodeValue for item in ds.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113108"]
