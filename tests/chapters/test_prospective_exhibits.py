"""What chapter 21 says: every sentence follows from its results, whatever the data lack."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from tests.chapters.given import whole
from tests.chapters.test_prospective_analysis import WOMEN, analysed, compared, study
from toolkit.chapters.prospective import exhibits
from toolkit.chapters.prospective.exhibits import head
from toolkit.stats.paired.counts import PairedCounts
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def answer(result):
    return whole(head(result))


def labels(view):
    return [row.cells[0] for row in view.rows]


def test_arbiter_decides_where_there_is_one():
    women = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    arbiter = pd.DataFrame(
        {
            "reader_id": ["r2", "r2"],
            "case_id": ["w0", "w1"],
            "modality": "unaided",
            "call": [1.0, 0.0],
            "session": "1",
            "status": "complete",
            "position": 3.0,
        }
    )
    result = compared(women, readings=lambda made: pd.concat([made, arbiter]))
    with_arbiter = result.women
    np.testing.assert_array_equal(with_arbiter.call[:, 0], [1, 0, 0])
    np.testing.assert_array_equal(with_arbiter.n_readings.sum(axis=0), [5, 3])
    assert with_arbiter.n_arbitrated == (2, 0)
    assert result.readings.estimate == pytest.approx(1 - 5 / 3)
    foot = plain(exhibits.endpoint_table(result).table.foot)
    assert "an arbiter's included (2 without AI, 0 with AI)" in foot


def test_foot_says_what_women_who_come_twice_do_to_intervals():
    women = [f"p{i // 2}" for i in range(len(WOMEN))]
    result = compared(columns={"patient_id": women})
    foot = plain(exhibits.endpoint_table(result).table.foot)
    assert (
        f"The examinations are of {result.women.n_patients} women. Those of one woman are taken as "
        "independent: intervals are too narrow, and P values too small, where women come twice."
    ) in foot
    assert "taken as independent" not in exhibits.endpoint_table(compared()).table.foot


def test_times_are_geometric_means_of_readers_timed_both_ways():
    women = [(0, 0, 0)] * 4

    def timed(made):
        # r1 reads w0 and w1 without AI and w2 and w3 with it, r2 the other way round
        first = made["case_id"].isin(["w0", "w1"])
        unaided = made["modality"] == "unaided"
        reader = np.where(first == unaided, "r1", "r2")
        time = np.where(unaided, np.where(first, 40.0, 60.0), np.where(first, 30.0, 20.0))
        return made.assign(reader_id=reader, reading_time_s=time)

    result = compared(women, readings=timed)
    # r1: 40 s without, 20 s with; r2: 60 s without, 30 s with
    assert result.time.estimate == pytest.approx(0.5)
    assert result.time.estimate_a == pytest.approx(math.sqrt(40 * 60))
    assert math.isnan(result.time.ci_low)  # both readers halve their time: no variation
    assert (
        "two readers timed both ways (4 and 4 readings)"
        in exhibits.endpoint_table(result).table.foot
    )


def test_answer_names_counts_difference_ratio_and_margin():
    text = plain(answer(compared()))
    assert text.startswith("With AI 5 cancers were found in 48 women, without AI 4: ")
    assert "a paired difference of +20.8 (95% CI " in text
    assert "The ratio is 1.25 (95% CI " in text
    assert "crosses the margin of 0.85" in text


def test_answer_without_cancers_gives_no_ratio():
    none = [(0, 1, 1)] * 5 + [(None, 0, 0)] * 20
    result = compared(none)
    assert "With AI 0 cancers were found in 25 women" in plain(answer(result))
    assert head(result).bar is None
    assert "; no ratio is defined without cancers. With AI" in plain(answer(result))
    only_b = compared([(1, 0, 1)] * 3 + [(None, 0, 0)] * 20)
    assert "while no cancer is found without AI" in answer(only_b)
    assert exhibits.ratios(result).figure is not None
    assert exhibits.cancers(result).figure is None
    assert exhibits.cancers(result).finding.startswith("No cancer was found,")


def test_without_a_margin_the_question_is_whether_more_are_found():
    many = [(1, 1, 1)] * 60 + [(1, 0, 1)] * 30 + [(1, 1, 0)] * 2 + [(None, 0, 0)] * 900
    free = compared(many, detection_ratio_margin=None, recall_difference_margin=None)
    assert head(free).question.startswith("Does reading with AI find more cancers")
    assert [column.head for column in exhibits.endpoint_table(free).table.columns][-1] == "95% CI"
    # 90 and 62 of 992 women: 90.7 and 62.5 per 1,000, in cancers and in recalls alike.
    assert plain(head(free).clinic).startswith(
        "Of 1,000 women, reading with AI found 90.7 instead of 62.5 cancers (+28.2, 95% CI "
    )
    assert "margin" not in exhibits.ratios(free).caption


@pytest.mark.parametrize(("pending", "waits"), [(0, False), (5, False), (6, True)])
def test_cancers_are_not_judged_while_work_up_is_pending(pending, waits):
    # 100 recalled women; up to 5 of them may be without a result.
    women = [(1, 1, 1)] * (100 - pending) + [(None, 1, 1)] * pending + [(None, 0, 0)] * 900
    said = head(compared(women)).waits_for
    assert bool(said) == waits
    assert not waits or plain(said).startswith("the work-up of 6 of 100 (6.0%) recalled women")


def test_pending_work_up_is_named_and_in_no_table():
    result = compared()
    foot = plain(exhibits.endpoint_table(result).table.foot)
    assert "One recalled woman is still being worked up (1 recalled without AI, 1 with AI)" in foot
    assert "(N = 48)" in foot
    assert "left out, 2 read one way only" in foot
    view = exhibits.paired_tables(result).table
    assert "One woman with a pending work-up is in neither table." in view.foot
    n_pairs = result.no_cancer.n_pairs + 6  # 6 cancers found
    assert n_pairs + result.pending[0] == result.women.n_women


def test_follow_up_decides_what_may_be_said_of_missed_cancers():
    immature = compared()
    assert "No follow-up of 24 months is on record for any of 30 women" in exhibits.immature(
        immature
    )
    assert exhibits.paired_tables(immature).table.tables[0].neither is None
    women = [(1, 1, 1), (0, 1, 0), (1, 0, 0), (0, 0, 0), (0, 0, 0)]
    mature = compared(women, columns={"follow_up_months": 24.0})
    assert mature.mature
    assert exhibits.immature(mature) == ""
    assert (mature.cancer.neither, mature.no_cancer.neither) == (1, 2)
    assert [table.title for table in exhibits.paired_tables(mature).table.tables] == [
        "Cancer",
        "No cancer",
    ]
    short = compared(women, columns={"follow_up_months": [24, 24, 3, 24, 23.0]})
    # the missed cancer is known; one woman without cancer was followed too briefly
    assert (short.n_not_recalled, short.n_not_followed) == (3, 1)
    assert exhibits.immature(short).startswith(
        "Of 3 women whom neither reading recalled, 1 has not"
    )


def test_paired_view_says_where_tests_and_interval_disagree():
    assert "disagree" not in exhibits.paired_tables(compared()).table.foot
    # 7 cancers found only with AI, 1 only without: score P 0.034, exact McNemar 0.070
    near = [(1, 1, 1)] * 30 + [(1, 0, 1)] * 7 + [(1, 1, 0)] + [(None, 0, 0)] * 500
    result = compared(near)
    words = "the Tang score interval excludes no difference, the exact McNemar test does not"
    foot = plain(exhibits.paired_tables(result).table.foot)
    assert foot.count(words) == 1
    assert words in result.detection.ratio.note
    assert "the Tango score interval excludes no" in result.detection.difference.note
    assert words in exhibits.record(result)["detection_ratio"].to_dict()["note"]


def test_poor_data_say_what_is_not_there():
    result = analysed(*study(WOMEN, drop=("biopsied", "follow_up_months")))
    assert result.biopsy is None
    assert result.time is None
    assert result.subgroups == ()
    assert not result.mature
    view = exhibits.endpoint_table(result).table
    assert "Biopsies, per 1,000" not in labels(view)
    assert view.rows[-1].cells[1:9] == ["—"] * 8
    for words in ("Biopsies are not recorded.", "No reader was timed both ways", "not in the data"):
        assert words in view.foot
    assert list(result.kinds) == ["Type not recorded"]
    assert exhibits.cancers(result).finding == (
        "Two cancers found only with AI, none of them recorded as invasive."
    )
    assert exhibits.ratios(result).figure is not None
    assert len(exhibits.ratios(result).data["ratio"]) == 3  # cancers, PPV1, recalls
    assert {"detection_ratio", "ppv1_ratio"} <= exhibits.record(result).keys()


def test_nobody_recalled_leaves_no_ratio():
    result = compared([(None, 0, 0)] * 10)
    assert exhibits.ratios(result).finding.startswith("No ratio is defined")
    assert "; no ratio is defined without cancers. With AI" in plain(answer(result))


def test_too_many_cancers_for_marks_are_a_table():
    kinds = {"Invasive, 11–20 mm": PairedCounts(both=60, only_b=5, only_a=2)}
    many = dataclasses.replace(compared(), kinds=kinds)
    assert exhibits.cancers(many).figure is None
    assert exhibits.cancer_table(many).table.rows[-1].cells == [
        "All", "60", "5", "2", "62", "65", "+3",
    ]  # fmt: skip
    kinds = {"DCIS": PairedCounts(both=3, only_b=0, only_a=2)}
    few = dataclasses.replace(compared(), kinds=kinds)
    assert exhibits.cancer_table(few) is None
    assert exhibits.cancers(few).finding == "No cancer was found only with AI; 2 only without AI."


def test_no_reader_or_case_identifier_is_shown():
    result = compared()
    view = exhibits.endpoint_table(result).table
    shown = view.foot + answer(result) + str([row.cells for row in view.rows])
    assert "r1" not in shown
    assert "w0" not in shown


def test_the_answer_gives_recalls_beside_cancers_found():
    # Of 49 read both ways 14 were recalled without AI and 13 with it.
    text = plain(answer(compared(WOMEN)))
    assert "With AI 13 women were recalled (26.5%), without AI 14 (28.6%): a difference of" in text


def with_columns(**columns):
    """The study with other columns of its cases."""
    readings, readers, cases = study(WOMEN)
    return analysed(readings, readers, cases.assign(**columns))


def test_the_answer_says_who_was_recalled_by_a_reading_but_not_worked_up():
    # In practice only the reading without AI led to a recall: of the three recalled with AI alone
    # and without cancer nobody was worked up. PPV1 with AI is 5 of 12, so 5 + 3 * 5 / 12 = 6.25.
    in_practice = [float(woman[1] or 0) for woman in WOMEN]
    text = plain(answer(with_columns(recalled=in_practice)))
    assert (
        "Of the women that a reading recalled, 3 recalled with AI and 0 without AI were not "
        "recalled in practice, have no work-up on record and count as without cancer"
    ) in text
    assert "about 6 cancers would have been found with AI and 4 without AI." in text
    either = [float(bool(woman[1]) or bool(woman[2])) for woman in WOMEN]
    assert "in practice" not in answer(with_columns(recalled=either))


def test_the_answer_says_that_weights_are_not_used_and_indications_pooled():
    text = answer(with_columns(weight=[1.0] * 6 + [5.0] * (len(WOMEN) - 6)))
    assert "The sampling weights of the cases are not used" in text
    reasons = ["screening"] * 40 + ["symptomatic"] * (len(WOMEN) - 40)
    text = answer(with_columns(indication=reasons))
    assert "Examinations of two indications (screening and symptoms) are taken together" in text
    assert "weights" not in text


def test_who_only_arbitrates_is_no_reader():
    readings, readers, cases = study(WOMEN)
    third = readings.iloc[[0]].assign(reader_id="r3", position=3.0, reading_time_s=5.0)
    people = pd.concat(
        [readers, pd.DataFrame({"reader_id": ["r3"], "kind": "human"})], ignore_index=True
    )
    result = analysed(pd.concat([readings, third], ignore_index=True), people, cases)
    assert result.women.n_readers == 2
    assert result.women.n_arbitrated == (1, 0)
