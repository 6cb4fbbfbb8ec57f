"""Accuracy of an AI and of readers against hand-made numbers."""

import math

import pandas as pd
import pytest

from tests.chapters.accuracy_sample import AI, R0, R1, TRUTH, alone, both, drawn, study, twice
from toolkit.scoring.accuracy import accuracy_by_reader
from toolkit.scoring.ratings import rating_array


def test_accuracy_by_reader_counts_the_cases_of_each_reader():
    tables = study(TRUTH, [[1, None, None, 2, 4, 5], R1], AI)
    readers = rating_array(*tables, kind="human", modality="unaided")
    first, second = accuracy_by_reader(readers.called_from(4))
    assert (first.n_cases, first.n_positive, second.n_cases) == (4, 3, 6)
    assert first.calls.sensitivity.numerator == 2
    assert first.calls.specificity.denominator == 1


def test_standalone_accuracy_counts_by_hand():
    result = alone(study(TRUTH, [R0], AI), reader_recall_rating=None)
    assert result.auc.estimate == pytest.approx(6.5 / 9)
    first, second = result.at_cutoffs.values()
    assert (first.sensitivity.numerator, first.specificity.numerator) == (2, 3)
    assert (second.sensitivity.numerator, second.specificity.numerator) == (2, 1)
    assert result.readers[0].calls is None


def test_standalone_accuracy_refuses_no_cutoff_and_two_versions():
    readings, readers, cases = study(TRUTH, [R0, R1], AI)
    with pytest.raises(ValueError, match="cutoffs is empty"):
        alone((readings, readers, cases), cutoffs=[])
    other = readings[readings["reader_id"] == "AI"].assign(reader_id="AI 2")
    versions = readers[readers["reader_id"] == "AI"].assign(reader_id="AI 2", version="2")
    tables = pd.concat([readings, other]), pd.concat([readers, versions]), cases
    with pytest.raises(ValueError, match="one AI is expected, but P 1, P 2 rated these cases"):
        alone(tables)


# --- women with several examinations -------------------------------------------------------------


def errors(single, against):
    """Standard errors of every proportion and area by name, with the women they are of."""
    calls = {
        "alone": single.at_cutoffs[5.0],
        "reader": single.readers[0].calls,
        "panel": against.joint_calls,
        "ai": against.ai_calls,
        "each": against.readers[1].calls,
    }
    found = {
        (who, name): estimate
        for who, made in calls.items()
        for name, estimate in made.estimates.items()
    }
    return found | {("alone", "auc"): single.auc, ("reader", "auc"): single.readers[0].auc}


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
    plain = alone(study(truth, people, ai), cutoffs=[5.0], reader_recall_rating=5)
    named = both(truth, people, ai, range(truth.size))[0]
    assert named.auc.to_dict() == plain.auc.to_dict()
    for name, estimate in plain.at_cutoffs[5.0].estimates.items():
        assert named.at_cutoffs[5.0].estimates[name].to_dict() == estimate.to_dict()


def test_a_study_prints_as_a_screenful():
    made = alone(study(TRUTH, [R0], AI))
    assert len(repr(made).splitlines()) <= 12
    assert "0.722" in repr(made)
    assert len(made._repr_html_()) < 2000
