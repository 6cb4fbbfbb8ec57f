"""Accuracy of an AI, of readers, and their differences, against hand-made and published numbers."""

import math

import numpy as np
import pandas as pd
import pytest
from toolkit.chapters.ai_against_readers.ai_against_readers import (
    Labels,
    Margins,
    ai_against_readers,
)

from toolkit.scoring.accuracy import accuracy_by_reader, standalone_accuracy
from toolkit.scoring.mcnemar_verdicts import NO_TESTS
from toolkit.scoring.ratings import rating_array


def study(truth, people, ai, *, kind="rating"):
    """Tables of cases c0, c1, ...; ``people`` is one list a reader, None where not read."""
    rows = [
        (f"r{r}", f"c{c}", "unaided", value)
        for r, given in enumerate(people)
        for c, value in enumerate(given)
        if value is not None
    ]
    frame = pd.DataFrame(rows, columns=["reader_id", "case_id", "modality", kind])
    other = "call" if kind == "rating" else "rating"
    machine = pd.DataFrame(
        {"reader_id": "AI", "case_id": [f"c{c}" for c in range(len(ai))], "rating": ai}
    ).assign(modality="standalone", call=np.nan)
    readings = pd.concat([frame.assign(**{other: np.nan}), machine], ignore_index=True)
    readings = readings.assign(session="1", status="complete")
    cases = pd.DataFrame({"case_id": [f"c{c}" for c in range(len(truth))], "truth": truth})
    cases = cases.assign(patient_id=np.nan).astype({"truth": float})
    names = [*(f"r{r}" for r in range(len(people))), "AI"]
    readers = pd.DataFrame({"reader_id": names, "kind": ["human"] * len(people) + ["ai"]})
    return readings, readers.assign(product="P", version="1"), cases


def arrays(tables):
    return (
        rating_array(*tables, kind="human", modality="unaided", required=False),
        rating_array(*tables, kind="ai", modality="standalone"),
    )


TRUTH = [0, 0, 0, 1, 1, 1]
R0 = [1, 2, 3, 2, 4, 5]  # of 9 pairs 8 right or half: (2 v 1,2,3) 1.5, (4) 3, (5) 3 = 7.5
R1 = [3, 1, 2, 4, 5, 6]  # 9 of 9
AI = [1, 2, 3, 4, 1, 5]  # 3 + 0.5 + 3 = 6.5


def compare(people=(R0, R1), ai=AI, **changes):
    readers, machine = arrays(study(TRUTH, list(people), ai))
    values = {
        "endpoint": "auc",
        "rule": "majority",
        "ai_cutoff": 4.0,
        "margins": Margins(auc=0.05),
        "labels": Labels(),
    }
    return ai_against_readers(readers.called_from(4), machine, **{**values, **changes})


def test_ai_against_readers_counts_by_hand():
    result = compare().result
    assert result.auc.estimate_a == pytest.approx((7.5 / 9 + 1) / 2)
    assert result.auc.estimate_b == pytest.approx(6.5 / 9)
    assert result.auc.estimate == pytest.approx(6.5 / 9 - (7.5 / 9 + 1) / 2)
    # R0 recalls cases 4, 5; R1 recalls 3, 4, 5; both together 4, 5. The AI from 4 up: 3, 5.
    assert (result.cancer.both, result.cancer.only_b, result.cancer.only_a) == (1, 1, 1)
    assert (result.no_cancer.both, result.no_cancer.neither) == (0, 3)
    assert result.sensitivity.estimate == 0
    assert [c.label_a for c in result.auc_by_reader] == ["R1", "R2"]
    assert result.auc_by_reader[1].estimate == pytest.approx(6.5 / 9 - 1)


def test_ai_against_readers_matches_the_cutoff_to_the_readers_specificity():
    study_ = compare(ai_cutoff=None)
    # The readers' joint call clears all three: the lowest AI rating that clears them is 4.
    assert study_.result.ai_cutoff == 4
    assert not study_.cutoff_given


def test_ai_against_readers_without_ratings_says_why_there_is_no_auc():
    calls = [[0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]]
    readers, machine = arrays(study(TRUTH, calls, AI, kind="call"))
    study_ = ai_against_readers(
        readers,
        machine,
        endpoint="sensitivity",
        rule="any",
        ai_cutoff=4,
        margins=Margins(),
        labels=Labels(),
    )
    assert math.isnan(study_.result.auc.estimate)
    assert study_.result.auc.note == "the readers made recall calls only, no ratings"
    assert study_.primary.estimate == pytest.approx(2 / 3 - 1)
    assert study_.reader_curves == ()


def test_ai_against_readers_with_gaps_compares_each_reader_on_their_own_cases():
    gap = [1, 2, None, 2, 4, 5]
    result = compare(people=(gap, R1)).result
    assert result.auc.note == "not every reader rated every case"
    assert result.auc_by_reader[0].n_cases == 5


def test_ai_against_readers_without_calls_is_refused():
    readers, machine = arrays(study(TRUTH, [R0, R1], AI))
    with pytest.raises(ValueError, match="readers gave ratings only; say from which rating"):
        ai_against_readers(
            readers,
            machine,
            endpoint="auc",
            rule="majority",
            ai_cutoff=4,
            margins=Margins(),
            labels=Labels(),
        )


def test_accuracy_by_reader_counts_the_cases_of_each_reader():
    readers, _ = arrays(study(TRUTH, [[1, None, None, 2, 4, 5], R1], AI))
    first, second = accuracy_by_reader(readers.called_from(4))
    assert (first.n_cases, first.n_positive, second.n_cases) == (4, 3, 6)
    assert first.calls.sensitivity.numerator == 2
    assert first.calls.specificity.denominator == 1


def test_standalone_accuracy_counts_by_hand():
    readers, machine = arrays(study(TRUTH, [R0], AI))
    result = standalone_accuracy(machine, readers, cutoffs=[4, 2])
    assert result.auc.estimate == pytest.approx(6.5 / 9)
    first, second = result.at_cutoffs
    assert (first.sensitivity.numerator, first.specificity.numerator) == (2, 3)
    assert (second.sensitivity.numerator, second.specificity.numerator) == (2, 1)
    assert result.readers[0].calls is None


def test_standalone_accuracy_refuses_no_cutoff_and_two_versions():
    readers, machine = arrays(study(TRUTH, [R0, R1], AI))
    with pytest.raises(ValueError, match="cutoffs is empty"):
        standalone_accuracy(machine, readers, cutoffs=[])
    with pytest.raises(ValueError, match="one AI is expected, but R1, R2 rated these cases"):
        standalone_accuracy(readers, machine, cutoffs=[4])


# --- women with several examinations -------------------------------------------------------------


def drawn(n_cases=60, *, seed=4):
    """Truth, ratings 1 to 9 of two readers, and scores of an AI."""
    draw = np.random.default_rng(seed)
    truth = np.arange(n_cases) % 2
    seen = 2 * truth + draw.normal(size=n_cases)
    people = [np.clip(np.round(3 + seen + draw.normal(size=n_cases)), 1, 9) for _ in range(2)]
    ai = np.clip(np.round(3 + seen + draw.normal(size=n_cases)), 1, 9)
    return truth, people, ai


def twice(*arrays_):
    """Every case a second time, as another case."""
    return [np.concatenate([values, values]) for values in arrays_]


def women(tables, patient):
    """The tables with the woman of each case."""
    readings, readers, cases = tables
    return arrays((readings, readers, cases.assign(patient_id=[f"p{who}" for who in patient])))


def both(truth, people, ai, patient, **changes):
    """Chapters 05 and 06 of the same cases."""
    readers, machine = women(study(truth, people, ai), patient)
    alone = standalone_accuracy(machine, readers.called_from(5), cutoffs=[5.0])
    against = ai_against_readers(
        readers.called_from(5),
        machine,
        **{
            "endpoint": "sensitivity",
            "rule": "majority",
            "ai_cutoff": 5.0,
            "margins": Margins(),
            "labels": Labels(),
            **changes,
        },
    )
    return alone, against


def errors(alone, against):
    """Standard errors of every proportion and area by name, with the women they are of."""
    calls = {
        "alone": alone.at_cutoffs[0],
        "reader": alone.readers[0].calls,
        "panel": against.result.panel,
        "ai": against.result.ai,
        "each": against.readers[1].calls,
    }
    found = {
        (who, name): estimate
        for who, made in calls.items()
        for name, estimate in made.estimates.items()
    }
    return found | {("alone", "auc"): alone.auc, ("reader", "auc"): alone.readers[0].auc}


def test_every_examination_twice_says_no_more_than_once():
    truth, people, ai = drawn()
    n = truth.size
    once = errors(*both(truth, people, ai, range(n)))
    double = errors(*both(*twice(truth), [*twice(*people)], *twice(ai), [*range(n), *range(n)]))
    careless = errors(*both(*twice(truth), [*twice(*people)], *twice(ai), range(2 * n)))
    for key, single in once.items():
        assert single.n_clusters is None
        assert double[key].estimate == pytest.approx(single.estimate, rel=1e-12)
        if key[1] == "auc":  # DeLong's variance is of the women's sums in each class
            factor = 1.0
        else:
            women_ = double[key].n_clusters
            factor = math.sqrt(women_ / (women_ - 1))
        assert double[key].std_error == pytest.approx(factor * single.std_error, rel=1e-9), key
        assert careless[key].std_error < 0.75 * single.std_error


def test_one_examination_a_woman_is_as_without_women():
    truth, people, ai = drawn()
    readers, machine = arrays(study(truth, people, ai))
    plain = standalone_accuracy(machine, readers.called_from(5), cutoffs=[5.0])
    named = both(truth, people, ai, range(truth.size))[0]
    assert named.auc.to_dict() == plain.auc.to_dict()
    for name, estimate in plain.at_cutoffs[0].estimates.items():
        assert named.at_cutoffs[0].estimates[name].to_dict() == estimate.to_dict()


def test_mcnemar_is_not_given_where_women_repeat_in_the_class():
    truth, people, ai = drawn()
    patient = np.arange(truth.size)
    patient[2] = patient[0]  # two examinations without cancer of one woman
    result = both(truth, people, ai, patient)[1].result
    assert result.specificity_tests is None
    assert result.specificity.note == NO_TESTS
    assert result.specificity.ci_method == "Obuchowski, patients as clusters"
    assert result.sensitivity_tests[0].method == "mid-P McNemar"
    assert NO_TESTS not in result.sensitivity.note


def test_mcnemar_of_examinations_is_not_held_against_the_interval_of_women():
    """3 cancers by the AI alone, each twice: 6 to 0 examinations would reject, 3 women do not."""
    truth = np.array([1] * 14 + [0] * 6)
    people, ai = [np.array([5] * 10 + [1] * 10)], np.array([5] * 13 + [1] * 7)
    n = truth.size
    once = both(truth, people, ai, range(n))[1].result
    double = both(*twice(truth), [*twice(*people)], *twice(ai), [*range(n), *range(n)])[1].result
    careless = both(*twice(truth), [*twice(*people)], *twice(ai), range(2 * n))[1].result
    assert once.sensitivity_tests[0].p_value > 0.05
    assert careless.sensitivity_tests[0].p_value < 0.05
    assert double.sensitivity_tests is None
    assert double.sensitivity.ci_low < 0
    assert "disagree" not in double.sensitivity.note


def test_a_woman_with_an_examination_of_each_class_keeps_mcnemar():
    truth, people, ai = drawn()
    patient = np.arange(truth.size)
    patient[1] = patient[0]
    result = both(truth, people, ai, patient)[1].result
    assert result.sensitivity_tests is not None
    assert result.specificity_tests is not None
    assert result.ai.sensitivity.n_clusters is None
    assert result.ai.positive_likelihood_ratio.n_clusters == truth.size - 1
