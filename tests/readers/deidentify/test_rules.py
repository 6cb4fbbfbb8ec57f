"""Each rule of the engine is needed: with any one of them gone, something comes out or is lost."""

import io
import re

import pydicom
import pytest

from tests import dicom_files
from tests.deidentify_sample import (
    KEY,
    OPTIONS,
    STRUCTURE,
    Planter,
    file_of,
    is_number,
    leaks,
    planted_file,
    tree_of_file,
)
from toolkit.readers.dicom.deidentify import engine, hospital_tables, pixel_data, values
from toolkit.readers.dicom.deidentify import engine as structured_report
from toolkit.readers.dicom.deidentify.keep_list import Kept, keep_list
from toolkit.readers.dicom.scan.attributes import DicomFault
from toolkit.readers.dicom.scan.header import read_header
from toolkit.tables import TableError

IMAGE, REPORT = dicom_files.image_file(), dicom_files.report_file()
DROPPED = [
    (0x00100010, "PN"), (0x00104000, "LT"), (0x00080080, "LO"), (0x60003000, "OB"),
    (0x60000022, "LO"), (0x50003000, "OB"), (0x00880200, "SQ"), (0x0040A073, "SQ"),
    (0x00080201, "SH"), (0x00081111, "SQ"),
]  # fmt: skip


def planted():
    """One object with tokens in every attribute that is kept and in some that are not."""
    rows = keep_list().attributes.items()
    kept = [
        (tag, row.vr.split(" or ")[0])
        for tag, row in rows
        if tag not in STRUCTURE and not is_number(row)
    ]
    tree = tree_of_file(planted_file(IMAGE, Planter(), tags=kept + DROPPED))
    # Text where a number, a table or the tag of an attribute belongs, in a VR that fits it.
    tree[0x00283006] = ("OW", b"ZQX12345" * 8)
    tree[0x00209165] = ("AT", b"ZQX1")
    tree[0x00181405] = ("IS", b"ZQX")
    width = len(tree[0x7FE00010][1])
    tree[0x7FE00010] = ("OW", tree[0x7FE00010][1] + b"ZQX behind the pixels ")
    assert width == 64 * 48 * 2
    return file_of(tree)


def with_subject():
    """A report with the birth date and age of its subject, and a text of every kind."""
    tree = tree_of_file(REPORT)
    tree[0x0040A730][1].extend(
        [
            item(b"121031", {0x0040A040: ("CS", b"DATE"), 0x0040A121: ("DA", b"19130417")}),
            item(b"121106", {0x0040A040: ("CS", b"TEXT"), 0x0040A160: ("UT", b"ZQX note")}),
            item(b"111044", {0x0040A040: ("CS", b"TEXT"), 0x0040A160: ("UT", b"ZQX")}),
            item(b"111001", {0x0040A040: ("CS", b"TEXT"), 0x0040A160: ("UT", b"ZQX reader")}),
            item(b"111003", {0x0040A040: ("CS", b"TEXT"), 0x0040A160: ("UT", b"ZQX 1.0")}),
            item(b"121008", {0x0040A040: ("CS", b"PNAME"), 0x0040A123: ("PN", b"ZQX^A")}),
        ]
    )
    return file_of(tree)


def item(value, more):
    name = [{0x00080100: ("SH", value), 0x00080102: ("SH", b"DCM"), 0x00080104: ("LO", b"ZQX")}]
    return {0x0040A010: ("CS", b"CONTAINS"), 0x0040A043: ("SQ", name)} | more


def types(ds):
    """The value type of every content item by its place: what by-reference paths rely on."""
    found = {}

    def walk(item, path):
        found[path] = item.get("ValueType", "by reference")
        for place, child in enumerate(item.get("ContentSequence", []), start=1):
            walk(child, (*path, place))

    walk(ds, (1,))
    return found


def problems():
    """What is wrong with copies made now; nothing with every rule in force."""
    found = dates_and_ages()
    for name, data in (("image", PLANTED), ("report", SUBJECT)):
        copy = engine.deidentified(data, OPTIONS)
        if not copy.data:
            found.append(f"{name}: {copy.reason}")
            continue
        found += [f"{name}: a token" for _ in leaks(copy.data)]
        ds = pydicom.dcmread(io.BytesIO(copy.data))
        if ds.get("PatientIdentityRemoved") != "YES":
            found.append("not said")
        if name == "report":
            found += of_report(pydicom.dcmread(io.BytesIO(data)), ds)
    return found


def of_report(source, ds):
    """What is wrong with the tree of a report."""
    found = []
    before, after = types(source), types(ds)
    replaced = ("PNAME", "DATE", "TEXT")
    kept = [path for path in before if before[path] not in replaced]
    if set(before) != set(after) or any(before[path] != after[path] for path in kept):
        found.append("items moved or lost")
    texts = [str(e.value) for e in ds.iterall() if e.keyword == "TextValue"]
    if not {"Transpara (simulated)", "2.1.0", "REMOVED"} <= set(texts):
        found.append("algorithm lost, or no placeholder")
    dates, left = ([e for e in one.iterall() if e.keyword == "Date"] for one in (source, ds))
    if len(left) != len(dates) - 1:
        found.append("birth date of the subject")
    return found


def dates_and_ages():
    """What is wrong with values that are no tokens: dates, ages, times, identifiers."""
    tree = tree_of_file(IMAGE)
    tree[0x00101010] = ("AS", b"097Y")
    tree[0x00080020] = ("DA", b"19991231")
    tree[0x00080030] = ("TM", b"112233.456789")
    tree[0x00100030] = ("DA", b"19130417")
    tree[0x00200010] = ("SH", b"STUDY-ID")
    tree[0x00081090] = ("LO", b"Nobody's model")
    tree[0x00181020] = ("LO", b"Nobody's version")
    tree[0x00280A04] = ("LO", b"by Nobody")
    copy = engine.deidentified(file_of(tree), OPTIONS)
    if not copy.data:
        return [copy.reason]
    text = copy.data
    exam = dicom_files.EXAM
    names = (exam.patient_id, exam.accession, exam.study_uid, exam.patient_name)
    secrets = [name.encode() for name in names]
    secrets += [b"097Y", b"19991231", b"456789", b"19130417", b"STUDY-ID", b"Nobody"]
    return [f"{secret!r} came out" for secret in secrets if secret in text]


PLANTED, SUBJECT = planted(), with_subject()


def test_nothing_is_wrong_with_every_rule_in_force():
    assert problems() == []


@pytest.mark.parametrize("action", sorted(values.TEXT_ACTIONS))
def test_an_action_that_changes_nothing_is_noticed(action, monkeypatch):
    monkeypatch.setitem(values.TEXT_ACTIONS, action, lambda text, _, __: text)
    assert problems()


@pytest.mark.parametrize("name", ["number", "table", "pointer"])
def test_a_check_of_numbers_that_lets_all_pass_is_noticed(name, monkeypatch):
    monkeypatch.setattr(engine, name, lambda value, *_, **__: value)
    assert problems()


@pytest.mark.parametrize(
    ("module", "name", "instead"),
    [
        (engine, "kept_code", lambda _, __, scheme, value: (scheme, value, "x")),
        (engine, "finish_item", lambda *_: None),
        (engine, "_cleaned_code", lambda source, _: source),
        (engine, "_finish", lambda *_: None),
        (pixel_data, "native", lambda value, *_, **__: value),
        (structured_report, "_kept_text", lambda item, *_: str(item.get("TextValue", ""))),
        (structured_report, "_kept_text", lambda *_: ""),
        (structured_report, "name", lambda text, _: text),
        (structured_report, "version", lambda text, _: text),
        (structured_report, "_replace", lambda *_: None),
    ],
)
def test_a_function_of_the_engine_that_does_nothing_is_noticed(module, name, instead, monkeypatch):
    monkeypatch.setattr(module, name, instead)
    assert problems()


def everything(tag):
    """An action for an attribute that no rule names."""
    from pydicom.datadict import dictionary_VR

    try:
        vr = dictionary_VR(tag)
    except KeyError:
        vr = "LO"
    return Kept("Unknown", vr, "uid" if vr == "SQ" else "asis")


class KeepsAll(dict):
    def get(self, tag, default=None):
        return super().get(tag, default) or everything(tag)


def with_list(monkeypatch, **changes):
    import dataclasses

    changed = dataclasses.replace(keep_list(), **changes)
    monkeypatch.setattr(engine, "keep_list", lambda _=None: changed)


def test_keeping_what_no_rule_names_is_noticed(monkeypatch):
    monkeypatch.setitem(values.TEXT_ACTIONS, "asis", lambda text, _, __: text)
    with_list(monkeypatch, attributes=KeepsAll(keep_list().attributes))
    assert problems()


def test_a_list_of_replaced_items_that_is_empty_is_noticed(monkeypatch):
    with_list(monkeypatch, replaced=frozenset())
    assert problems()


def test_a_form_of_texts_that_is_too_wide_is_noticed(monkeypatch):
    texts = dict(keep_list().texts) | {("DCM", "111044"): re.compile(".*")}
    with_list(monkeypatch, texts=texts)
    assert problems()


def numbers_as_text():
    """Text in every attribute of binary numbers; a problem where it comes out."""
    from tests.readers.deidentify.test_tokens import BYTES

    tree = tree_of_file(IMAGE) | {
        tag: (keep_list().attributes[tag].vr, b"ZQX12345") for tag in BYTES
    }
    return leaks(engine.deidentified(file_of(tree), OPTIONS).data)


def test_binary_numbers_of_any_size_are_noticed(monkeypatch):
    assert not numbers_as_text()
    monkeypatch.setattr(values, "_LIMITS", {})
    assert numbers_as_text()


REFUSED_BY = {"burned_in", "burned_in_unknown", "secondary_capture", "kind_not_kept"}


@pytest.mark.parametrize("reason", sorted(REFUSED_BY))
def test_without_its_refusal_an_object_would_be_copied(reason, monkeypatch):
    from tests.readers.deidentify.test_folder import REFUSED

    assert engine.deidentified(REFUSED[reason], OPTIONS).reason == reason
    monkeypatch.setattr(engine, "refusal", lambda *_: "")
    assert engine.deidentified(REFUSED[reason], OPTIONS).data


def test_without_its_refusal_an_overlay_in_pixels_would_be_copied(monkeypatch):
    tree = tree_of_file(IMAGE) | {0x60000010: ("US", b"\1\0")}
    head = (2).to_bytes(4, "little") + (64).to_bytes(4, "little")
    runs = b"\x81\0" * (64 * 48 // 128)
    head += (64 + len(runs)).to_bytes(4, "little")
    frame = head.ljust(64, b"\0") + runs * 2
    tree[0x7FE00010] = ("OB", frame)
    data = file_of(tree, meta={0x00020010: ("UI", b"1.2.840.10008.1.2.5")})
    place = data.index(b"\xe0\x7f\x10\x00OB")
    items = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0" + len(frame).to_bytes(4, "little")
    data = (
        data[: place + 8] + b"\xff\xff\xff\xff" + items + frame
        + b"\xfe\xff\xdd\xe0\0\0\0\0" + data[place + 12 + len(frame) :]
    )  # fmt: skip
    assert engine.deidentified(data, OPTIONS).reason == "overlay_in_pixels"
    monkeypatch.setattr(engine, "_refuse_hidden_overlay", lambda *_: None)
    assert engine.deidentified(data, OPTIONS).data


def pixel_problems():
    """What is wrong with pixels of each kind; nothing with every rule in force."""
    from tests.readers.deidentify import test_pixels as of_pixels

    found = []
    for name in PIXEL_TESTS:
        try:
            getattr(of_pixels, name)()
        except (AssertionError, pytest.fail.Exception):
            found.append(name)
    return found


PIXEL_TESTS = (
    "test_unused_high_bits_and_bytes_behind_the_pixels_go",
    "test_fewer_pixels_than_the_header_says_are_refused",
    "test_comments_and_ends_of_jpeg_are_blanked",
    "test_comments_of_jpeg_2000_are_blanked",
    "test_gaps_of_run_lengths_are_blanked",
    "test_text_between_and_in_other_segments_of_jpeg_is_blanked",
    "test_unknown_segments_of_jpeg_2000_are_blanked",
    "test_segments_of_run_lengths_that_no_pixel_needs_are_refused",
    "test_an_overlay_in_the_unused_bits_of_run_lengths_is_refused",
    "test_text_before_the_first_marker_is_refused",
    "test_other_compression_is_refused",
)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("_low_bits", lambda value, *_, **__: value),
        ("_blank", lambda *_: None),
        ("_blank_jpeg", lambda _: None),
        ("_blank_jpeg_2000", lambda _: None),
        ("_blank_rle", lambda *_, **__: None),
        ("_blank_segment", lambda stream, at: at + 2 + int.from_bytes(stream[at + 2 : at + 4])),
        ("_JPEG_PARTS", frozenset(range(256))),
        ("_JPEG_2000_PARTS", frozenset(range(256))),
        ("_encapsulated", lambda frames: b"ZQXTABLE" + b"".join(frames[0])),
        ("_no_end", lambda: None),
        ("_RLE", "1.2.840.10008.1.2.4.100"),
    ],
)
def test_a_rule_of_pixels_that_is_gone_is_noticed(name, instead, monkeypatch):
    monkeypatch.setattr(pixel_data, name, instead)
    try:
        found = pixel_problems()
    except (DicomFault, IndexError, ValueError):
        return  # refused or broken where it was copied: noticed
    assert found


def test_pixels_are_right_with_every_rule_in_force():
    assert pixel_problems() == []


def table_problems(action=""):
    """Whether a token comes out of a cell of any column of text, or of those of one rule."""
    from tests.readers.deidentify.test_tables import outcome
    from toolkit.tables import TABLES

    found = []
    for name, definition in TABLES.items():
        for column in definition.columns:
            if column.kind not in ("text", "category") or column.allowed:
                continue
            if action and keep_list().columns.get(column.name) != action:
                continue
            row = {
                "reader_id": "R1", "case_id": "1.2.3", "modality": "unaided", "mark_id": "1",
                "lesion_id": "1", "image_id": "1.2.9", "kind": "human", "rating": "5",
            }  # fmt: skip
            row = {k: v for k, v in row.items() if k in definition.names}
            found += leaks(outcome(name, row | {column.name: "ZQXnam"}).encode())
    return found


@pytest.mark.parametrize("action", sorted(hospital_tables._ACTIONS))
def test_a_rule_of_tables_that_changes_nothing_is_noticed(action, monkeypatch):
    monkeypatch.setitem(hospital_tables._ACTIONS, action, lambda text, _: text)
    assert table_problems(action)


def test_tables_are_right_with_every_rule_in_force():
    assert not table_problems()


@pytest.mark.parametrize("column", sorted(keep_list().columns))
def test_each_column_is_written_and_without_its_row_it_is_gone(column, monkeypatch):
    import dataclasses

    from tests.readers.deidentify import test_tables as of_tables
    from toolkit.tables import TABLES

    good = {
        "case_id": "1.2.3", "image_id": "1.2.9", "reader_id": "R1", "modality": "unaided",
        "mark_id": "1", "lesion_id": "1", "kind": "human", "rating": "5", "birads": "4A",
        "outline": "1,1 2,2 3,1", "sop_class": "1.2.840.10008.5.1.4.1.1.1.2", "version": "1.0",
        "product": "Transpara", "score_min": "1", "score_max": "10", "score_kind": "exam",
    }  # fmt: skip
    name = next(name for name, table in TABLES.items() if column in table.names)
    definition = TABLES[name]
    row = {c.name: good.get(c.name, "1") for c in definition.columns if c.required}
    row |= {column: good.get(column, "2")}
    if column in ("product", "version"):
        row |= {k: good[k] for k in ("product", "version", "score_min", "score_max", "score_kind")}
        row["kind"] = "ai"
    if name == "readings":
        row["rating"] = "5"
    assert column in of_tables.written(**{name: [row]}).frames[name]
    columns = {k: v for k, v in keep_list().columns.items() if k != column}
    changed = dataclasses.replace(keep_list(), columns=columns)
    monkeypatch.setattr(of_tables, "keep_list", lambda: changed)
    if definition.column(column).required and not definition.column(column).default:
        with pytest.raises(TableError, match="must be a column of"):
            of_tables.written(**{name: [row]})
    else:
        frame = of_tables.written(**{name: [row]}).frames[name]
        default = definition.column(column).default
        assert column not in frame or frame[column].isna().all() or set(frame[column]) == {default}


# Objects are read by the others: tests of whole objects and of their tokens are about them.
ROWS = sorted(
    tag
    for tag, row in keep_list().attributes.items()
    if tag not in STRUCTURE and row.action not in ("pixels", "content")
)


@pytest.mark.parametrize("tag", ROWS)
def test_each_row_keeps_its_attribute_and_without_it_the_attribute_is_gone(tag, monkeypatch):
    row = keep_list().attributes[tag]
    good = GOOD.get(row.action) or GOOD_NUMBER.get(row.vr.split(" or ")[0])
    if row.action == "words":
        good = sorted(row.words)[0].encode()
    vr = row.vr.split(" or ")[0]
    tree = tree_of_file(IMAGE)
    tree[tag] = (vr, [{0x00100010: ("PN", b"x ")}] if vr == "SQ" else good)
    if row.action == "table":
        tree[tag] = ("OW", bytes(range(64)))
    data = file_of(tree)
    needed = {0x0020000D, 0x0020000E, 0x00080018}  # an object without them is refused
    assert tag in pydicom.dcmread(io.BytesIO(engine.deidentified(data, OPTIONS).data))
    if tag in needed:
        return
    with_list(monkeypatch, attributes={t: r for t, r in keep_list().attributes.items() if t != tag})
    assert tag not in pydicom.dcmread(io.BytesIO(engine.deidentified(data, OPTIONS).data))


GOOD = {
    "registered": b"1.2.840.10008.5.1.4.1.1.1.2", "uid": b"1.2.3", "date": b"20240301",
    "time": b"093000", "age": b"050Y", "name": b"HOLOGIC, Inc.", "version": b"1.2.3",
    "pseudonym": b"A1", "patient": b"A1", "empty": b"A1", "removed": b"A1", "digits": b"4000",
    "pointer": b"\x20\0\x56\x90",
}  # fmt: skip
GOOD_NUMBER = {
    "DS": b"1.5 ", "IS": b"7 ", "US": b"\1\0", "SS": b"\1\0", "UL": b"\1\0\0\0", "SL": b"\1\0\0\0",
    "FL": b"\0\0\0\0", "FD": bytes(8),
}  # fmt: skip


def test_intervals_between_examinations_stay():
    moved = []
    for date in (b"20200228", b"20240301"):
        tree = tree_of_file(IMAGE)
        tree[0x00080020] = ("DA", date)
        ds = pydicom.dcmread(io.BytesIO(engine.deidentified(file_of(tree), OPTIONS).data))
        moved.append(pydicom.valuerep.DA(ds.StudyDate))
    assert (moved[1] - moved[0]).days == 1463
    assert moved[0].strftime("%Y%m%d") != "20200228"


@pytest.mark.parametrize("data", [IMAGE, REPORT])
def test_copies_are_whole_and_can_be_read_by_our_own_reader(data):
    copy = engine.deidentified(data, engine.Options(key=KEY))
    header = read_header(lambda at, n: copy.data[at : at + n], len(copy.data))
    assert copy.path.endswith(f"{header.text('SOPInstanceUID')}.dcm")
