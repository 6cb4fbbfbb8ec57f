"""What chapter 01 says and shows: every sentence follows from its counts, and no case is named."""

import re

import pandas as pd
import pytest

from tests.chapters.given import whole
from tests.chapters.quality_sample import NAN, drifting, sound, study, version_3
from tests.chapters.test_data_quality_analysis import BROKEN
from toolkit.chapters.data_quality import exhibits
from toolkit.draw.html import table_html
from toolkit.results import result_from_dict
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER


def plain(text):
    """Return text with ordinary spaces and no joiners."""
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def broken(*keys):
    """Return the study of tables with some rules broken."""
    frames = sound()
    for key, change, _ in BROKEN:
        if key in keys:
            change(frames)
    return study(frames)


def rows(exhibit):
    """Return the cells of each row, as plain text."""
    return [[plain(cell) for cell in row.cells] for row in exhibit.table.rows]


# --- answer --------------------------------------------------------------------------------------


def test_answer_names_the_most_frequent():
    head = exhibits.head(broken("images_without_side", "age_years_missing"))
    # Two images have no side, which are also two views that are missing of one case.
    assert plain(head.answer) == (
        "Three of 32 rules found something; the most frequent, image without a side, holds for "
        "2 of 16 images."
    )
    assert dict(head.facts) == {
        "Errors": "none",
        "To look at": "4 by three rules",
        "Not checked": "1 of 33 rules",
    }
    assert "One rule was not checked" in whole(head)
    assert "what is wrong and fits" in whole(head)


def test_answer_counts_errors_apart():
    facts = dict(exhibits.head(broken("breast_twice", "density_missing")).facts)
    assert facts["Errors"] == "2 by one rule"
    assert facts["To look at"] == "1 by one rule"
    assert facts["Not checked"] == "0 of 33 rules"


def test_answer_where_nothing_is_found():
    assert exhibits.head(study(sound())).answer == "None of 32 rules found anything."


def test_answer_where_nothing_can_be_checked():
    bare = study({"cases": pd.DataFrame({"case_id": ["a"], "truth": [NAN]})})
    assert exhibits.head(bare).answer == "No rule could be checked: the data lack the columns."
    assert exhibits.rules_table(bare) is None
    assert len(rows(exhibits.not_checked(bare))) == 33
    assert exhibits.versions(bare) == "No AI read in this part."
    assert exhibits.record(bare) == {}


def test_answer_says_whose_scores_stand_apart():
    answer = exhibits.head(study(drifting(2))).answer
    assert answer.endswith(
        "The AI's scores differ from the others in month 7; month 8; month 9 and 5 more."
    )


# --- tables --------------------------------------------------------------------------------------


def test_rules_stand_by_severity_the_most_frequent_first():
    table = rows(exhibits.rules_table(broken("breast_twice", "images_without_side")))
    assert table[:7] == [
        ["Errors: two statements that exclude each other"],
        ["One breast twice in an examination", "cases", "2", "2", "100.0"],
        ["To look at: unusual, and may have its reason"],
        ["Image without a side", "images", "2", "16", "12.5"],
        ["One of the standard views missing", "cases", "1", "4", "25.0"],
        ["Found nothing"],
        ["Cancer dated before the examination", "cases", "0", "1", "0.0"],
    ]


def test_what_could_not_be_checked_has_its_reason():
    assert rows(exhibits.not_checked(study(sound()))) == [
        ["One breast twice in an examination", "no cases.exam_id and cases.laterality"]
    ]
    assert exhibits.not_checked(broken("breast_twice")) is None


def test_entry_says_what_is_refused_before():
    assert "four examinations of this part" in exhibits.entry(study(sound()))


def test_versions():
    frames = sound()
    assert exhibits.versions(study(frames)) == "Every AI has one version in this part."
    version_3(frames)
    assert "Detect 2: 3 read, months 1 to 3; Detect 3: 1 read" in exhibits.versions(study(frames))


# --- figures -------------------------------------------------------------------------------------


def test_missing_names_the_column_that_lacks_most():
    shown = exhibits.missing(broken("age_years_missing", "cancers_without_date"))
    assert plain(shown.finding) == (
        "Two columns lack some values, most of all cancer_date of the cases: 1 of 2."
    )
    assert shown.data["missing"].tolist() == [1, 1]
    assert shown.data["year_1"].tolist() == [0.5, pytest.approx(1 / 3)]
    assert shown.figure is not None


def test_nothing_missing_is_a_sentence():
    shown = exhibits.missing(study(sound()))
    assert shown.figure is None
    assert shown.finding.startswith("No column that holds values lacks any")


def test_drift_shows_counts_limits_and_distance():
    result = study(drifting(2))
    shown = exhibits.drift(result)
    assert shown.finding.startswith("The AI's scores differ from the others in month 7;")
    assert shown.data["cases"].tolist() == [40] * 12 + [240] * 2
    assert shown.data["class_6"].tolist() == [0] * 6 + [8] * 6 + [48, 0]
    # Of 240 later scores two fifths are 6 or 7, above all earlier ones, and none is 1 or 2.
    assert shown.data["ks"].tolist()[-1] == pytest.approx(0.4)
    assert len(shown.alt) <= 250
    assert "480 examinations with a score and without known cancer" in plain(shown.caption)


def test_small_rows_are_counted_in_the_caption():
    frames = drifting(0)
    frames["cases"].loc[:3, "device"] = "rare"
    shown = exhibits.drift(study(frames))
    assert "Rows of fewer than 5 cases are not shown (1)." in shown.caption
    assert "rare" not in shown.data["label"].tolist()


def test_drift_without_a_shift():
    assert exhibits.drift(study(drifting(0))).finding.startswith("No period, device or site has")


def test_drift_that_cannot_be_shown_says_why():
    shown = exhibits.drift(study({"cases": pd.DataFrame({"case_id": ["a"], "truth": [0.0]})}))
    assert shown.figure is None
    assert shown.finding == ("Drift of the AI's score cannot be shown: no AI read in this part.")


# --- the whole page ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [key for key, _, _ in BROKEN])
def test_no_case_no_woman_and_no_date_is_on_the_page(key):
    result = broken(key)
    head = exhibits.head(result)
    shown = [exhibits.rules_table(result), exhibits.not_checked(result)]
    texts = [whole(head), repr(head.facts), exhibits.entry(result), exhibits.versions(result)]
    texts += [table_html(one.table, number="1") for one in shown if one]
    for one in (exhibits.missing(result), exhibits.drift(result)):
        texts += [one.finding, one.caption, one.alt, "" if one.data is None else one.data.to_csv()]
        texts += [text.get_text() for text in one.figure.texts] if one.figure else []
    texts += [repr(result.to_dict()) for result in exhibits.record(result).values()]
    named = re.compile(r"\b[cp][1-5]\b|\bhash \d|\be3\b|20\d\d-\d\d|c\d[LR](CC|MLO)")
    assert not named.findall("\n".join(texts))


def test_record_holds_every_rule_and_comparison():
    result = study(drifting(2))
    record = exhibits.record(result)
    assert {"drift.period.month 7.psi", "drift.device.new.ks"} <= record.keys()
    for one in record.values():
        assert result_from_dict(one.to_dict()).to_dict() == one.to_dict()
    share = exhibits.record(broken("images_without_side"))["rule.images_without_side"]
    assert (share.numerator, share.denominator) == (2, 16)
