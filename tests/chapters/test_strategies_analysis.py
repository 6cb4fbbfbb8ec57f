"""Chapter 12: counts and differences as they are by hand, and what is refused."""

from fractions import Fraction

import numpy as np
import pytest

from tests.chapters.strategies_sample import DOUBLE, REFERRAL, ROWS, RULE_OUT, frames, study
from toolkit.demo import demo_study
from toolkit.scoring.case_mix import ScoringError
from toolkit.stats.paired import paired_counts, paired_difference_ci


def test_counts_are_those_by_hand():
    made = study()
    now, rule_out, double, referral = made.replayed
    # Cancers are the first four. Now the first two and the sixth are recalled.
    assert [(one.n_found, one.n_false) for one in made.replayed] == [(2, 1), (2, 0), (3, 2), (3, 1)]
    assert [one.n_arbitrated for one in made.replayed] == [4, 2, 0, 0]
    # Rule-out reads the first three, the seventh, the one without a score and that of score 4.
    reads = [24, 2 + 3 + 3 + 2 + 2 + 2, 20, 1 + 2 + 1]
    assert [int(one.made.reads.sum()) for one in made.replayed] == reads
    assert [round(one.reads_per_1000) for one in made.replayed] == [100 * n for n in reads]
    assert made.hours_per_1000(now) == 2400 * 90 / 3600
    assert [one.saved for one in made.against] == pytest.approx([10 / 24, 4 / 24, 20 / 24])
    assert now.detection.estimate == 200.0
    assert rule_out.ppv.estimate == 1.0
    assert double.recall.estimate == 0.5
    assert referral.unknown.without_work_up == 1
    assert made.otherwise == 0


def test_differences_are_paired_and_second_minus_first():
    rule_out, double, referral = study().against
    assert (rule_out.gained, rule_out.lost, rule_out.detection.estimate) == (0, 0, 0.0)
    # The third is found by double reading and by the referral, which both keep the first two.
    for one in (double, referral):
        assert (one.gained, one.lost) == (1, 0)
        assert one.detection.estimate == pytest.approx(100.0)
        assert (one.detection.label_a, one.detection.better) == ("current practice", "higher")
    assert rule_out.recall.estimate == pytest.approx(-0.1)
    assert rule_out.recall.better == "lower"
    assert rule_out.ppv.estimate == pytest.approx(float(1 - Fraction(2, 3)))
    assert study().primary is not None


def test_interval_of_plain_examinations_is_that_of_the_paired_counts():
    # The AI alone below 3 and from 8 up: nine cancers that one reader missed, one that it loses.
    rows = [(1, 0, None, None, 9, 0)] * 9 + [(1, 1, None, None, 2, 1)]
    rows += [(1, 1, None, None, 9, 1)] * 33 + [(0, 0, None, None, 2, 0)] * 57
    entry = {"strategy": "decision referral", "read_from": 3, "recall_from": 8}
    (one,) = study(entry, tables=frames(rows), current="single").against
    assert (one.gained, one.lost) == (9, 1)
    assert one.detection.estimate == pytest.approx(80.0)
    counts = paired_counts([0] * 9 + [1] * 34 + [0] * 57, [1] * 9 + [0] + [1] * 33 + [0] * 57)
    expected = paired_difference_ci(counts, method="tango")
    assert one.detection.ci_low == pytest.approx(1000 * expected.ci_low)
    assert one.detection.ci_high == pytest.approx(1000 * expected.ci_high)


def test_weights_and_women_are_used():
    weight = [1.0] * 4 + [6.0] * 6
    made = study(tables=frames(weight=weight))
    assert made.weighted
    # Two cancers of weight 1 among 4 + 6 x 6; with double reading three.
    assert made.now.detection.estimate == pytest.approx(1000 * 2 / 40)
    assert made.against[1].detection.estimate == pytest.approx(1000 * 1 / 40)
    # Reads of the cancers: 2, 3, 3, 2; of the others 3, 3, 2, 2, 2, 2, by six.
    assert made.now.reads_per_1000 == pytest.approx(1000 * (10 + 6 * 14) / 40)
    assert made.against[0].ppv is None
    twice = study(tables=frames(patient_id=["w0", "w0", *(f"w{n}" for n in range(8))]))
    assert twice.against[0].ppv is None
    assert "patients" in twice.against[1].recall.ci_method


def test_screening_alone_is_replayed_where_it_has_enough():
    reasons = ["screening"] * 3 + ["symptomatic"] + ["screening"] * 6
    made = study(tables=frames(indication=reasons))
    assert (made.episodes.indication, made.episodes.n_cases) == ("screening", 9)


def test_an_examination_that_the_programme_decided_otherwise_is_counted():
    made = study(tables=frames(recalled=[1.0, 0, 0, 0, 0, 1, 0, 0, 0, np.nan]))
    assert made.otherwise == 1


@pytest.mark.parametrize(
    ("strategies", "words"),
    [
        ([], "strategies is empty; give at least one"),
        ([DOUBLE, DOUBLE], "strategies: double is there twice; give each a label of its own"),
        ([DOUBLE, {"strategy": "tripple"}], r"strategies\[1\] is .*, but must be a mapping with"),
        ([{**RULE_OUT, "read_from": 55}], r"must be rule-out with scores of the AI, 1 to 10"),
    ],
)
def test_strategies_that_are_none_are_refused(strategies, words):
    from toolkit.chapters.strategies import analysis

    with pytest.raises(ValueError, match=words):
        analysis.analyse(
            frames(),
            strategies=strategies,
            current="arbitrated",
            arbiter={"sensitivity": None, "specificity": None},
            seconds_per_read=60.0,
            seed=1,
        )


def test_a_read_that_nobody_made_is_refused():
    single = [(row[0], row[1], None, None, *row[4:]) for row in ROWS]
    with pytest.raises(ScoringError, match="current practice: needs a second read"):
        study(RULE_OUT, tables=frames(single))
    assert study(RULE_OUT, tables=frames(single), current="single").now.n_found == 2
    never = {"sensitivity": None, "specificity": None}
    helped = {"strategy": "AI as second reader", "recall_from": 4}
    with pytest.raises(ScoringError, match=r"needs an arbiter's read of .*; give arbiter_sens"):
        study(helped, tables=frames(single), current="single", **never)


def test_the_embedded_study_is_replayed_on_the_programmes_own_recalls():
    from types import SimpleNamespace

    made = study(REFERRAL, tables=SimpleNamespace(**demo_study()["retrospective"]))
    assert made.otherwise == 0
    assert made.now.n_modelled == 0
    assert made.episodes.n_without_score > 0
