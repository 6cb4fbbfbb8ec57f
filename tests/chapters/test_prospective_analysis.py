"""The same women read with and without AI: counts by hand, pairs by key, nothing guessed."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from toolkit.chapters.prospective.analysis import analyse
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.screening import paired_screening

READERS = pd.DataFrame({"reader_id": ["r1", "r2"], "kind": ["human", "human"]})


def study(women, *, drop=()):
    """Women as (truth, call without, call with); None where that reading is missing."""
    cases = pd.DataFrame({"case_id": [f"w{i}" for i in range(len(women))]})
    cases = cases.assign(
        truth=[float("nan") if w[0] is None else float(w[0]) for w in women],
        patient_id=cases["case_id"],
        follow_up_months=0.0,
        biopsied=np.nan,
    ).drop(columns=list(drop))
    rows = [
        (reader, f"w{i}", modality, float(call))
        for i, woman in enumerate(women)
        for reader, modality, call in (("r1", "unaided", woman[1]), ("r2", "aided", woman[2]))
        if call is not None
    ]
    readings = pd.DataFrame(rows, columns=["reader_id", "case_id", "modality", "call"])
    return readings.assign(session="1", status="complete", rating=np.nan), READERS, cases


# 3 cancers found both ways, 2 only with AI, 1 only without; 4 false recalls both ways, 3 with AI
# only, 5 without only; 1 recall with pending work-up; 30 women recalled by neither, 2 read one way.
WOMEN = (
    [(1, 1, 1)] * 3
    + [(1, 0, 1)] * 2
    + [(1, 1, 0)]
    + [(0, 1, 1)] * 4
    + [(0, 0, 1)] * 3
    + [(0, 1, 0)] * 5
    + [(None, 1, 1)]
    + [(None, 0, 0)] * 30
    + [(0, 0, None)] * 2
)


class Tables(SimpleNamespace):
    """The tables of a study; lesions may be missing."""

    def optional(self, name):
        return getattr(self, name, None)


def analysed(readings, readers, cases, lesions=None, **changes):
    """What chapter 21 makes of tables, with its own parameters but for changes."""
    tables = Tables(readings=readings, readers=readers, cases=cases, lesions=lesions)
    parameters = {
        "modality_without": "unaided",
        "modality_with": "aided",
        "detection_ratio_margin": 0.85,
        "recall_difference_margin": 0.01,
        "follow_up_months_needed": 24.0,
        "ci_level": 0.95,
    }
    return analyse(tables, **(parameters | changes))


def compared(women=WOMEN, *, lesions=None, readings=None, columns=None, **changes):
    """What chapter 21 makes of women; readings changes their table, columns those of cases."""
    made, readers, cases = study(women)
    made = made if readings is None else readings(made)
    return analysed(made, readers, cases.assign(**(columns or {})), lesions, **changes)


def test_paired_screening_keeps_women_read_both_ways():
    pairs = paired_screening(*study(WOMEN), modality_a="unaided", modality_b="aided")
    assert (pairs.n_women, pairs.n_enrolled, pairs.n_one_way) == (49, 51, 2)
    assert (int(pairs.recalled.sum()), int(pairs.pending.sum())) == (19, 1)
    np.testing.assert_array_equal(pairs.found.sum(axis=0), [4, 5])


def test_paired_screening_does_not_depend_on_the_order_of_rows():
    readings, readers, cases = study(WOMEN)
    mixed = readings.sample(frac=1, random_state=1)
    one = paired_screening(readings, readers, cases, modality_a="unaided", modality_b="aided")
    two = paired_screening(mixed, readers, cases, modality_a="unaided", modality_b="aided")
    np.testing.assert_array_equal(one.call, two.call)


def test_compare_screening_counts_by_hand():
    result = compared()
    counts = result.detection.counts
    assert (counts.both, counts.only_b, counts.only_a) == (3, 2, 1)
    assert result.detection.ratio.estimate == pytest.approx(5 / 4)
    recall = result.recall.counts
    assert (recall.both, recall.only_b, recall.only_a) == (8, 5, 6)
    assert (result.no_cancer.both, result.no_cancer.only_b, result.no_cancer.only_a) == (4, 3, 5)
    assert result.pending[0] == 1
    # PPV of recall, work-up pending left out: with AI 5 of 12, without 4 of 13
    assert result.ppv_ratio.estimate == pytest.approx((5 / 12) / (4 / 13))


def test_women_recalled_by_neither_stay_unknown_while_follow_up_is_short():
    result = compared()
    assert not result.mature
    assert result.cancer.neither is None


def test_a_missing_reading_condition_is_refused_by_name():
    readings, readers, cases = study(WOMEN)
    with pytest.raises(ScoringError, match="aided"):
        paired_screening(
            readings[readings["modality"] == "unaided"],
            readers,
            cases,
            modality_a="unaided",
            modality_b="aided",
        )


def test_what_cannot_be_paired_is_refused_with_its_reason():
    readings, readers, cases = study(WOMEN)
    modes = {"modality_a": "unaided", "modality_b": "aided"}
    with pytest.raises(ScoringError, match="must differ, but both are 'aided'"):
        paired_screening(readings, readers, cases, modality_a="aided", modality_b="aided")
    with pytest.raises(ScoringError, match="cases are single breasts here"):
        paired_screening(readings, readers, cases.assign(laterality="L"), **modes)
    first = cases["case_id"][:20]
    one_way = readings[readings["case_id"].isin(first) == (readings["modality"] == "aided")]
    with pytest.raises(ScoringError, match="no woman was read both in modality 'unaided'"):
        paired_screening(one_way, readers, cases, **modes)
    with pytest.raises(ScoringError, match="modalities that have: none"):
        paired_screening(readings.assign(call=np.nan), readers, cases, **modes)


def test_the_arbiter_decides_where_there_is_one():
    readings, readers, cases = study([(1, 1, 1), (0, 1, 1), (None, 0, 0)])
    # A third look at w1 with AI withdraws the recall.
    third = readings.iloc[[3]].assign(reader_id="r1", call=0.0, position=3.0)
    together = pd.concat([readings.assign(position=1.0), third])
    pairs = paired_screening(together, readers, cases, modality_a="unaided", modality_b="aided")
    np.testing.assert_array_equal(pairs.call, [[1, 1], [1, 0], [0, 0]])
    np.testing.assert_array_equal(pairs.n_readings, [[1, 1], [1, 2], [1, 1]])
    assert (pairs.n_arbitrated, pairs.n_same_reader) == ((0, 1), 1)


def test_any_of_two_readings_recalls_without_an_arbiter():
    second = pd.DataFrame(
        {
            "reader_id": ["r2"],
            "case_id": ["w0"],
            "modality": "unaided",
            "call": [1.0],
            "session": "1",
            "status": "complete",
        }
    )
    double = compared([(1, 0, 0), (0, 0, 0)], readings=lambda made: pd.concat([made, second])).women
    np.testing.assert_array_equal(double.call[:, 0], [1, 0])
    assert double.n_same_reader == 1  # r2 read w0 both ways


def test_kinds_and_subgroups_add_up():
    women = [(1, 1, 1), (1, 1, 0), (1, 0, 1), (1, 0, 1), (0, 1, 0), (0, 0, 0)]
    lesions = pd.DataFrame(
        {"case_id": ["w0", "w0", "w1", "w2"], "size_mm": [8.0, 14.0, 10.0, 25.0]}
    )
    result = compared(
        women,
        lesions=lesions,
        columns={
            "cancer_type": ["invasive", "invasive", "invasive", "in_situ", np.nan, np.nan],
            "density": ["A", "C", "D", "B", "C", "B"],
            "indication": [
                "screening",
                "symptomatic",
                "screening",
                "screening",
                "screening",
                "screening",
            ],
        },
    )
    kinds = {label: (n.both, n.only_b, n.only_a) for label, n in result.kinds.items()}
    # w0 has lesions of 8 and 14 mm: the largest counts
    assert kinds == {
        "DCIS": (0, 1, 0),
        "Invasive, 10 mm or less": (0, 0, 1),
        "Invasive, 11–20 mm": (1, 0, 0),
        "Invasive, over 20 mm": (0, 1, 0),
    }
    groups = {group.label: group.counts for group in result.subgroups}
    dense, fatty = (groups[name] for name in ("Dense breasts, C or D", "Breasts A or B"))
    assert (dense.n_pairs, fatty.n_pairs) == (3, 3)
    whole = result.detection.counts
    for name in ("both", "only_b", "only_a"):
        parts = getattr(dense, name) + getattr(fatty, name)
        assert parts == getattr(whole, name) == sum(getattr(k, name) for k in result.kinds.values())
    assert {"Screening", "Symptomatic"} <= groups.keys()
    invasive = groups["Invasive cancers"]
    assert invasive.both + invasive.n_discordant == 3
    assert invasive.neither is None


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"modality_b": "unaided"}, "modality_a and modality_b must differ"),
        ({"modality_b": "assisted"}, "no reading by a person in modality 'assisted' has a recall"),
    ],
)
def test_wrong_modalities_are_refused(change, match):
    with pytest.raises(ScoringError, match=match):
        paired_screening(*study(WOMEN), **{"modality_a": "unaided", "modality_b": "aided"} | change)


def test_women_read_one_way_only_are_no_pairs():
    with pytest.raises(ScoringError, match="no woman was read both in modality"):
        compared([(1, 1, None), (0, None, 0)])


def test_single_breasts_are_refused():
    with pytest.raises(ScoringError, match="cases are single breasts"):
        compared(columns={"laterality": "L"})


def test_study_prints_as_a_short_summary():
    text = repr(compared())
    assert "49 of 51, read both ways" in text
    assert "4 without AI, 5 with AI" in text
