"""What chapter 12 says: every sentence follows from its results."""

import math

import pytest

from tests.chapters.accuracy_sample import plain
from tests.chapters.given import whole
from tests.chapters.strategies_sample import DOUBLE, REFERRAL, ROWS, RULE_OUT, frames, study
from toolkit.chapters.strategies import exhibits
from toolkit.scoring.strategies import KINDS


def cells(exhibit):
    return [[plain(cell) for cell in row.cells] for row in exhibit.table.rows]


def test_answer_names_what_is_found_recalled_saved_and_not_known():
    head = exhibits.head(study(REFERRAL))
    answer = plain(head.answer)
    assert answer.startswith(
        "Replayed on examinations, decision referral at 4 and 8.5 would have found cancer in "
        "300.0 per 1,000 instead of 200.0 per 1,000 (+100.0 per 1,000, 95% CI "
    )
    assert "recalled 40.0% instead of 30.0% (+10.0 points" in answer
    assert "with 83.3% fewer reads" in answer
    assert "in one examination that it recalls and nobody worked up." in answer
    assert "known only by a recall" not in answer
    assert head.clinic == ""
    assert head.primary.quantity == "detection_rate"
    assert ("Examinations", "10 (4 with cancer)") in head.facts


def test_answer_counts_cancers_known_only_by_a_recall_not_made():
    answer = plain(exhibits.head(study({**RULE_OUT, "read_from": 8.5})).answer)
    assert "nor what would have become of one cancer known only by a recall that it does" in answer


def test_answer_has_no_interval_where_nothing_differs():
    made = study(RULE_OUT, tables=frames(weight=[1.0] * 4 + [6.0] * 6))
    assert math.isnan(made.primary.ci_low)
    answer = exhibits.head(made).answer
    assert "no interval: all patients are alike" in answer
    assert "nan" not in answer


def test_answer_speaks_of_weights():
    made = study(tables=frames(weight=[1.0] * 4 + [6.0] * 6))
    assert "by their sampling weights" in exhibits.head(made).answer
    assert "rates use its sampling weights" in exhibits.rates_table(made).table.foot
    assert "Predictive values have no paired" in exhibits.differences_table(made).table.foot


def test_limits_say_what_is_left_out_and_who_arbitrates():
    made = study({"strategy": "AI safety net", "look_from": 4})
    limits = plain(whole(exhibits.head(made)))
    assert "what seeing it changes in a reader is not in these numbers, nor are costs" in limits
    assert "with a sensitivity of 100.0% and a specificity of 100.0%, as the parameters" in limits
    assert "up to two examinations in AI safety net at 4." in limits
    seen = study({"strategy": "AI safety net", "look_from": 4}, sensitivity=None, specificity=None)
    assert "as the recorded ones did in two arbitrations with and 2 without" in plain(
        whole(exhibits.head(seen))
    )
    assert "arbiter was recorded" not in whole(exhibits.head(study(DOUBLE)))


def test_limits_bound_what_nobody_worked_up():
    # Recalled by double reading: three cancers, f, and e, whom nobody worked up. Of the three that
    # the programme recalled two have cancer: 3 + 2/3 of 4 + 2/3 found, the programme 2 of 4 + 2/3.
    limits = plain(whole(exhibits.head(study(DOUBLE))))
    assert (
        "one examination that double recalls was not recalled, has no work-up on record" in limits
    )
    assert "sensitivity would be 78.6% for double and 42.9% for the programme." in limits


def test_the_programmes_other_decisions_are_counted():
    made = study(tables=frames(recalled=[1.0, 0, 0, 0, 0, 1, 0, 0, 0, 0]))
    assert "The programme decided one examination otherwise" in whole(exhibits.head(made))


def test_strategies_are_told_by_score():
    rows = cells(exhibits.strategies_table(study()))
    assert rows[0][:2] == ["Current practice", "two readers, an arbiter where they differ"]
    assert rows[1] == ["Rule-out at 4", "< 4: unread; ≥ 4: as now", "4", "1"]
    assert rows[3][1] == "< 4: unread; 4 to < 8.5: first reader; 9–10: recalled unread"
    assert set(exhibits.WAYS) == {way for _, ways in KINDS.values() for way in ways}


def test_rates_stand_beside_what_cannot_be_known():
    rows = cells(exhibits.rates_table(study()))
    assert [(row[0], row[1], row[2], row[4], row[5]) for row in rows] == [
        ("Current practice", "2", "200.0", "0", "0"),
        ("Rule-out at 4", "2", "200.0", "0", "0"),
        ("Double", "3", "300.0", "1", "0"),
        ("Decision referral at 4 and 8.5", "3", "300.0", "1", "0"),
    ]
    assert exhibits.rates_table(study()).table.rows[1].kind == "emphasis"


def test_differences_reads_and_what_cannot_be_known_have_a_row_a_strategy():
    made = study()
    assert cells(exhibits.differences_table(made))[1][:4] == ["Double", "1", "0", "+100.0"]
    work = cells(exhibits.work_table(made))
    assert work[0][:6] == ["Current practice", "24", "2,400", "—", "60.0", "4"]
    assert work[1][:4] == ["Rule-out at 4", "14", "1,400", "−41.7"]
    assert "Hours at 90 s a read" in plain(exhibits.work_table(made).table.foot)
    # Double reading finds the third, whom the programme did not recall.
    assert cells(exhibits.unknown_table(made))[2] == ["Double", "1", "0", "1", "0"]


def test_tradeoff_joins_a_kind_and_names_what_is_unread():
    strategies = [RULE_OUT, {**RULE_OUT, "read_from": 8.5}, DOUBLE, REFERRAL]
    made = exhibits.tradeoff(study(*strategies))
    assert made.figure.axes
    assert len(made.alt) <= 250
    assert plain(made.finding) == (
        "Most reads are saved by decision referral at 4 and 8.5: 83.3% fewer reads, and 1 more "
        "cancer found than the 2 of current practice."
    )
    assert made.data["cancers_missed_net"] == [0, 1, -1, -1]
    assert made.data["share_missed_net"] == pytest.approx([0, 0.5, -0.5, -0.5])
    assert "A replay cannot know whether there was cancer in one examination" in made.caption
    assert made.figure.axes[0].get_ylim()[0] < -0.5  # more cancers found than now are in view
    texts = {text.get_text() for text in made.figure.axes[0].texts}
    assert {"< 4 unread", "Rule-out, 1–8 unread", "Current practice"} <= texts


def test_tradeoff_says_why_there_is_none():
    nobody = [(row[0], 0, 0, None, row[4], 0) for row in ROWS]
    made = exhibits.tradeoff(study(RULE_OUT, tables=frames(nobody)))
    assert made.figure is None
    assert "found no cancer" in made.finding


def test_who_is_not_replayed_is_said():
    assert exhibits.left_out(study()) == (
        "One examination without an AI score is read as in current practice in every strategy."
    )
    rows = [(1, 1, None, None, 9, 1), *[row for row in ROWS if row[4] is not None]]
    made = study(tables=frames(rows, truth=[1.0, 1, 1, 1, 1, 0, 0, 0, 0, float("nan")]))
    text = exhibits.left_out(made)
    assert text.startswith("Left out: one examination without a known truth and one examination")
    assert text.endswith("Every examination replayed has an AI score.")


def test_record_holds_every_strategy():
    names = set(exhibits.record(study()))
    assert {"detection_difference", "detection_0", "recall_3", "ppv_difference_2"} <= names
    assert "An arbiter decides" in exhibits.reading(study())
