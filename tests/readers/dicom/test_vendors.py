"""Vendor entries: data that names where a score stands; nothing is guessed without one."""

from pathlib import Path

import pytest

from tests.sr_samples import algorithm, coded, finding, item, number, report, said, text
from toolkit.readers.dicom.reports.results import report_of
from toolkit.readers.dicom.reports.vendors import STANDARD, VendorError, exam_score, load_vendors

ENTRY = """\
format: 1
entries:
  - name: X
    seen_in: this test
    product: Reader X
    version: '1\\..*'
    score_kind: exam
    score_min: 1
    score_max: 10
    places:
      - {concept: [S-1, 99X], units: ['{score}', '1']}
      - {concept: ['111033', DCM], text: 'score: ([0-9.,]+)/10'}
"""
FINDING = coded("111022", "129793001", *algorithm(), scheme="SCT")


def entries(folder, content=ENTRY):
    path = folder / "own.yaml"
    path.write_text(content, encoding="utf-8")
    return load_vendors(path)


def score_of(vendors, *properties):
    overall = coded("111017", "111242", *properties)
    return exam_score(report_of(report(overall, FINDING)), vendors)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (number("S-1", "7,5", "{score}", scheme="99X"), 7.5),
        (number("S-1", "7", "1", scheme="99X"), 7.0),
        (text("111033", "Exam score: 9/10 (high)"), 9.0),
        (number("S-1", "11", "1", scheme="99X"), 11.0),
    ],
)
def test_score_is_found_where_the_entry_says(tmp_path, written, value):
    """Pitfall 12."""
    score, listed = score_of(entries(tmp_path), written)
    assert (score.value, score.entry, score.score_min, score.score_max) == (value, "X", 1, 10)
    assert (score.written.path, listed) == ("1.1.1", [])
    assert score.on_scale == (value <= 10)
    assert len(score.written.raw) <= 3  # of a text nothing but the number


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ([number("S-1", "7", "%", scheme="99X")], "has a unit that the entry 'X' does not name"),
        ([number("S-1", "", "1", scheme="99X")], "holds no value"),
        ([number("S-1", "high", "1", scheme="99X")], "is not a number"),
        ([text("111033", "score: 9/10, score: 3/10")], "matches the pattern of a score several"),
        (
            [number("S-1", "7", "1", scheme="99X"), text("111033", "score: 8/10")],
            "another place says another score of the examination; none is taken",
        ),
    ],
)
def test_score_that_cannot_be_taken_is_listed(tmp_path, written, reason):
    score, listed = score_of(entries(tmp_path), *written)
    assert score is None
    assert all(reason in one.reason for one in listed)
    assert len(listed) == len(written)


def test_places_that_agree_give_one_score(tmp_path):
    written = number("S-1", "8", "1", scheme="99X"), text("111033", "score: 8/10")
    score, listed = score_of(entries(tmp_path), *written)
    assert (score.value, listed) == (8.0, [])


def test_entry_of_another_version_does_not_match(tmp_path):
    other = entries(tmp_path, ENTRY.replace("'1\\..*'", "'2\\..*'"))
    assert score_of(other, number("S-1", "7", "1", scheme="99X")) == (None, [])


def test_own_entry_comes_before_that_of_the_package(tmp_path):
    own = entries(tmp_path)
    assert [one.name for one in own] == ["X", *(one.name for one in load_vendors())]


@pytest.mark.parametrize(
    ("concept", "raw", "unit"), [("111013", "63", "%"), ("111047", "0.63", "1")]
)
def test_without_an_entry_the_summary_itself_may_say_it(concept, raw, unit):
    score, listed = score_of((), number(concept, raw, unit))
    assert (score.value, score.entry, score.score_max, listed) == (63.0, STANDARD, 100, [])


def test_certainty_of_one_impression_is_not_that_of_the_examination():
    impression = item("CONTAINER", "111034", number("111013", "63"), finding())
    assert exam_score(said(impression), ()) == (None, [])


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (number("111013", "163"), "is not from 0 to 100"),
        (number("111047", "5", ""), "has no unit that a share has"),
        (number("111047", ""), "holds no value"),
    ],
)
def test_number_of_the_standard_that_is_none_is_listed(written, reason):
    score, [listed] = score_of((), written)
    assert score is None
    assert reason in listed.reason
    assert (listed.path, listed.concept[:3]) == ("1.1.1", "111")


def test_two_numbers_of_the_standard_that_differ_give_none():
    score, listed = score_of((), number("111013", "63"), number("111047", "64"))
    assert (score, len(listed)) == (None, 2)


def test_private_number_without_an_entry_is_no_score():
    assert score_of((), number("S-1", "7", "1", scheme="99X")) == (None, [])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: 1", "format: 2", r"own.yaml: format: Input should be 1"),
        ("name: X", "nam: X", r"entries.0.nam: Extra inputs are not permitted"),
        ("'1\\..*'", "'('", "version: Value error, must be a regular expression, but"),
        ("score_min: 1", "score_min: 10", "score_min must be below score_max"),
        ("score_kind: exam", "score_kind: breast", "score_kind: Input should be 'exam'"),
        ("([0-9.,]+)", "[0-9.,]+", "text must have one group, the number"),
        ("([0-9.,]+)", "([0-9.,]+", "must be a regular expression, but"),
        (", units: ['{score}', '1']", "", "must have units, for a number, or text, a pattern"),
        ("format: 1", "format: [", "is no YAML"),
    ],
)
def test_file_of_entries_is_checked(tmp_path, old, new, message):
    with pytest.raises(VendorError, match=message):
        entries(tmp_path, ENTRY.replace(old, new))


def test_entry_without_a_place_is_refused(tmp_path):
    with pytest.raises(VendorError, match="places must name where the score stands"):
        entries(tmp_path, ENTRY[: ENTRY.index("    places:")] + "    places: []\n")


def test_entry_of_the_documentation_is_one(tmp_path):
    page = Path(__file__).parents[3] / "docs" / "dicom_cad_sr.md"
    example = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert entries(tmp_path, example)[0].places[0].concept == ("SCORE-1", "99VENDOR")


def test_package_has_entries_of_no_product():
    """No report of a product is public; an entry that was not seen in one would be invented."""
    assert [one.name for one in load_vendors()] == ["simulated product"]
    assert all("simulated" in one.seen_in for one in load_vendors())
