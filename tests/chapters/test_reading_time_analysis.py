"""Reading times joined by key, the rule for pauses, and the analyses that follow from both."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from toolkit.chapters.reading_time.analysis import (
    ORDER,
    SECOND,
    analyse,
    order_blocks,
    reader_spreads,
    recorded_times,
    time_groups,
)
from toolkit.demo import DEMO_RATES, demo_study
from toolkit.demo.population import log_time_ratio
from toolkit.demo.reader_study import simulate_readings
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.reading_times import TimeRule, case_scores, time_counts, timed_readings

BOTH = ("unaided", "aided")
NONE = math.nan


def time_study(seconds, *, order=None, session="1", read_at=None, patients=None, truth=None):
    """Return canonical tables from seconds of shape (n_cases, n_readers, 2); NaN: no time."""
    seconds = np.asarray(seconds, dtype=float)
    n_cases, n_readers, _ = seconds.shape
    cases = pd.DataFrame({"case_id": [f"c{case}" for case in range(n_cases)]})
    cases["patient_id"] = patients or [f"p{case}" for case in range(n_cases)]
    cases["truth"] = [case % 2 for case in range(n_cases)] if truth is None else truth
    cases["truth"] = cases["truth"].astype(float)
    names = [f"r{reader}" for reader in range(n_readers)]
    readers = pd.DataFrame({"reader_id": [*names, "AI-1"], "kind": ["human"] * n_readers + ["ai"]})
    readers = readers.assign(product="Product", version="2.0")
    case, reader, modality = (axis.ravel() for axis in np.indices(seconds.shape))
    readings = pd.DataFrame(
        {
            "reader_id": [names[place] for place in reader],
            "case_id": [f"c{place}" for place in case],
            "modality": [BOTH[place] for place in modality],
            "session": session if isinstance(session, str) else np.ravel(session),
            "rating": 1.0,
            "call": 0.0,
            "status": "complete",
            "reading_time_s": seconds.ravel(),
        }
    )
    if order is not None:
        readings["order"] = np.broadcast_to(order, seconds.shape).ravel().astype(float)
    if read_at is not None:
        readings["read_at"] = pd.to_datetime(np.broadcast_to(read_at, seconds.shape).ravel())
    return readings, readers, cases


def timed(seconds, **columns):
    return timed_readings(*time_study(seconds, **columns), modalities=BOTH)


def analysed(seconds, *, plan=None, **columns):
    """Return the study of times, with the choices of a plan."""
    return study_of(*time_study(seconds, **columns), **(plan or {}))


def study_of(readings, readers, cases, **plan):
    """Return the study of tables."""
    return analyse(SimpleNamespace(readings=readings, readers=readers, cases=cases), **plan)


def random_times(n_cases=12, n_readers=3, *, ratio=0.8, rng=5, scale=1.0):
    """Log-normal times with all the effects that a mixed model has."""
    draw = np.random.default_rng(rng)
    shapes = [(1, n_readers, 1), (n_cases, 1, 1), (1, n_readers, 2), (n_cases, 1, 2)]
    spreads = [0.3, 0.3, 0.15, 0.15]
    logs = 4 + 0.3 * scale * draw.standard_normal((n_cases, n_readers, 2))
    logs = logs + 0.2 * draw.standard_normal((n_cases, n_readers, 1))
    for shape, spread in zip(shapes, spreads, strict=True):
        logs = logs + spread * (scale if shape[2] == 2 else 1.0) * draw.standard_normal(shape)
    times = np.exp(logs)
    times[:, :, 1] *= ratio
    return times


def geometric_ratio(times):
    """Ratio of geometric means by the definition, as products and roots."""
    a, b = (np.prod(times[..., place] ** (1 / times[..., place].size)) for place in range(2))
    return b / a


# ------------------------------------------------------------------------------------- joining


def test_readings_are_joined_by_key_and_never_by_position():
    seconds = random_times()
    readings, readers, cases = time_study(seconds, order=np.arange(72).reshape(12, 3, 2) + 1)
    shuffled = readings.sample(frac=1, random_state=3)
    joined = timed_readings(shuffled, readers, cases, modalities=BOTH)
    np.testing.assert_array_equal(joined.seconds, seconds)
    np.testing.assert_array_equal(joined.order, np.arange(72).reshape(12, 3, 2) + 1)
    assert joined.readers == ("R1", "R2", "R3")
    assert joined.case_id.tolist() == [f"c{case}" for case in range(12)]


def test_a_case_without_truth_and_one_without_a_patient_have_times_too():
    readings, readers, cases = time_study([[[10, 20]], [[30, 40]]], truth=[np.nan, 1])
    cases["patient_id"] = [None, "p1"]
    joined = timed_readings(readings, readers, cases, modalities=BOTH)
    assert np.isnan(joined.truth[0])
    assert joined.n_patients == 2


def test_failed_readings_and_the_ai_are_no_readings_of_people():
    readings, readers, cases = time_study([[[10, 20]], [[30, 40]], [[50, 60]]])
    readings.loc[0, "status"] = "failed"
    machine = readings.iloc[[0]].assign(reader_id="AI-1", modality="unaided", status="complete")
    joined = timed_readings(pd.concat([readings, machine]), readers, cases, modalities=BOTH)
    assert joined.read[:, 0].tolist() == [[False, True], [True, True], [True, True]]
    assert np.isnan(joined.seconds[0, 0, 0])


def test_one_session_can_be_asked_for():
    readings, readers, cases = time_study([[[10, 20]], [[30, 40]]])
    again = readings.assign(session="2", reading_time_s=99.0)
    both = pd.concat([readings, again])
    second = timed_readings(both, readers, cases, modalities=BOTH, session="2")
    assert (second.seconds == 99).all()
    with pytest.raises(ScoringError, match="read more than once in modality 'unaided'"):
        timed_readings(both, readers, cases, modalities=BOTH)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"modalities": ("aided", "aided")}, "modalities must be two different ones"),
        ({"modalities": ("unaided", "aided", "third")}, "two different ones, but got unaided"),
        ({"modalities": ("unaided", "third")}, "in modality 'third'; modalities read by people: a"),
    ],
)
def test_wrong_modalities_are_refused(change, match):
    with pytest.raises(ScoringError, match=match):
        timed_readings(*time_study([[[10, 20]]]), **change)


def test_readings_without_any_time_are_refused():
    readings, readers, cases = time_study([[[10, NONE]], [[30, NONE]]])
    with pytest.raises(ScoringError, match="none of 2 readings in modality 'aided' has a time"):
        timed_readings(readings, readers, cases, modalities=BOTH)
    with pytest.raises(ScoringError, match="have no reading_time_s; map the column"):
        timed_readings(readings.drop(columns="reading_time_s"), readers, cases, modalities=BOTH)


# ------------------------------------------------------------------------ which reading was first


def test_the_later_day_is_the_second_reading():
    days = np.array([[["2025-01-01", "2025-02-01"]], [["2025-02-02", "2025-01-02"]]])
    joined = timed([[[10, 20]], [[30, 40]]], read_at=days)
    assert joined.second[:, 0].tolist() == [[0, 1], [1, 0]]


def test_the_session_decides_where_days_do_not():
    session = np.array([[["1", "2"]], [["2", "1"]]])
    joined = timed([[[10, 20]], [[30, 40]]], session=session)
    assert joined.second[:, 0].tolist() == [[0, 1], [1, 0]]
    same_day = timed([[[10, 20]], [[30, 40]]], session=session, read_at="2025-01-01")
    assert same_day.second[:, 0].tolist() == [[0, 1], [1, 0]]


def test_which_was_first_may_be_unknown_and_a_lone_reading_is_the_first():
    joined = timed([[[10, 20]], [[30, 40]]])
    assert np.isnan(joined.second).all()
    readings, readers, cases = time_study([[[10, 20]], [[30, 40]]])
    lone = timed_readings(readings.iloc[[0, 1, 2]], readers, cases, modalities=BOTH)
    assert lone.second[1, 0].tolist() == [0, 0]


# ------------------------------------------------------------------------------------ the rule

MIXED = [[[NONE, 50], [1, 60]], [[700, 70], [2.9, 900]], [[600, 3], [40, 1000]]]
# unaided: 6 readings, 1 untimed, 1 and 2.9 too short, 700 a pause; 600 is the limit itself.
# aided: 6 readings, 900 and 1000 pauses, 3 is not too short.


@pytest.mark.parametrize(
    ("pauses", "used"),
    [
        ("cut", [[[NONE, 50], [NONE, 60]], [[600, 70], [NONE, 600]], [[600, 3], [40, 600]]]),
        (
            "excluded",
            [[[NONE, 50], [NONE, 60]], [[NONE, 70], [NONE, NONE]], [[600, 3], [40, NONE]]],
        ),
        ("kept", [[[NONE, 50], [NONE, 60]], [[700, 70], [NONE, 900]], [[600, 3], [40, 1000]]]),
    ],
)
def test_rule_is_applied_and_counted(pauses, used):
    rule = TimeRule(pauses=pauses)
    joined = timed(MIXED)
    np.testing.assert_array_equal(joined.used(rule), used)
    a, b = time_counts(joined, rule)
    assert (a.n_read, a.n_untimed, a.n_short, a.n_paused) == (6, 1, 2, 1)
    assert (b.n_read, b.n_untimed, b.n_short, b.n_paused) == (6, 0, 0, 2)
    for count in (a, b):
        left_out = count.n_paused if pauses == "excluded" else 0
        assert count.n_read == count.n_untimed + count.n_short + left_out + count.n_used


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"shortest_s": 0.0}, "must lie above 0 s and below the limit of a pause, but they are 0"),
        ({"shortest_s": 700.0}, "but they are 700 and 600 s"),
        ({"pause_limit_s": math.inf}, "but they are 3 and inf s"),
        ({"pause_limit_s": NONE}, "but they are 3 and nan s"),
        ({"pauses": "trimmed"}, "pauses must be one of cut, excluded, kept, but got 'trimmed'"),
    ],
)
def test_wrong_rules_are_refused(change, match):
    with pytest.raises(ScoringError, match=match):
        TimeRule(**change)


# -------------------------------------------------------------------------------- the analyses


def test_primary_is_the_ratio_of_geometric_means_of_complete_cases():
    times = random_times()
    times[4, 1, 0] = NONE
    study = analysed(times)
    complete = np.delete(times, 4, axis=0)
    assert study.primary.difference.estimate == pytest.approx(geometric_ratio(complete), rel=1e-12)
    assert (study.primary.n_cases, study.primary.n_times) == (11, 66)
    by_reader = [one.estimate for one in study.readers]
    each = [geometric_ratio(complete[:, [reader]]) for reader in range(3)]
    np.testing.assert_allclose(by_reader, each, rtol=1e-12)
    # Readers weigh alike, so their mean on the log scale is the pooled one.
    assert np.exp(np.mean(np.log(by_reader))) == pytest.approx(study.primary.difference.estimate)
    seconds = study.primary.times.seconds
    assert seconds.estimate == pytest.approx(np.mean(complete[..., 1] - complete[..., 0]))


def test_primary_swaps_with_the_modalities_and_does_not_hang_on_the_unit():
    times = random_times()
    study = analysed(times).primary.difference
    swapped = analysed(times[:, :, ::-1]).primary.difference
    assert swapped.estimate == pytest.approx(1 / study.estimate)
    assert swapped.ci_low == pytest.approx(1 / study.ci_high)
    doubled = analysed(times * 2, plan={"pause_limit_s": 9e3})
    assert doubled.primary.difference.ci_low == pytest.approx(study.ci_low)


def test_margin_and_level_reach_the_comparison():
    study = analysed(random_times(), plan={"time_ratio_margin": 1.1, "ci_level": 0.9})
    ratio = study.primary.difference
    assert (ratio.margin, ratio.better, ratio.ci_level) == (1.1, "lower", 0.9)
    assert (ratio.label_a, ratio.label_b) == ("unaided reading", "aided reading")
    with pytest.raises(ValueError, match="margin of a ratio must be above 1"):
        analysed(random_times(), plan={"time_ratio_margin": 0.9})


def test_other_rules_are_there_only_if_a_time_holds_a_pause():
    times = random_times()
    assert analysed(times).other_rules == ()
    times[0, 0, 0] = 5000.0
    study = analysed(times)
    assert [one.pauses for one in study.other_rules] == ["excluded", "kept"]
    excluded, kept = study.other_rules
    assert kept.difference.estimate == pytest.approx(geometric_ratio(times), rel=1e-12)
    assert excluded.difference.estimate == pytest.approx(geometric_ratio(times[1:]), rel=1e-12)
    cut = times.copy()
    cut[0, 0, 0] = 600.0
    assert study.primary.difference.estimate == pytest.approx(geometric_ratio(cut), rel=1e-12)


def test_readers_without_times_in_both_modalities_are_left_out():
    times = random_times()
    times[:, 1, 1] = NONE
    study = analysed(times)
    assert study.labels == ("R1", "R3")
    assert study.primary.n_cases == 12
    assert study.primary.difference.estimate == pytest.approx(geometric_ratio(times[:, [0, 2]]))


def test_patients_with_several_cases_are_clusters_and_no_mixed_model_is_fitted():
    patients = ["p0", "p0", *(f"p{case}" for case in range(2, 12))]
    times = random_times()
    study = analysed(times, patients=patients)
    assert (study.primary.difference.n_clusters, study.primary.difference.n_cases) == (11, 12)
    merged = np.log(times)
    merged = np.concatenate([merged[:2].mean(axis=0, keepdims=True), merged[2:]])
    expected = np.exp((merged[..., 1] - merged[..., 0]).mean())
    assert study.primary.difference.estimate == pytest.approx(expected)
    (model,) = study.models
    assert math.isnan(model.difference.estimate)
    assert "women have more than one" in model.difference.note


def test_one_reader_is_analysed_alone_and_needs_no_model():
    times = random_times(n_readers=1)
    study = analysed(times, order=np.arange(24).reshape(12, 1, 2))
    assert study.primary.times.random == "cases"
    assert study.primary.difference.estimate == pytest.approx(geometric_ratio(times))
    assert "needs two readers" in study.models[0].difference.note
    assert study.order_reason == study.models[0].difference.note
    assert study.with_order is None


def test_without_a_complete_case_each_reader_still_has_a_ratio():
    times = random_times(n_readers=2)
    times[:6, 0], times[6:, 1] = NONE, NONE
    study = analysed(times)
    assert math.isnan(study.primary.difference.estimate)
    assert "by all of R1, R2" in study.primary.difference.note
    own = [geometric_ratio(times[6:, [0]]), geometric_ratio(times[:6, [1]])]
    np.testing.assert_allclose([one.estimate for one in study.readers], own)
    assert study.models[0].model is not None
    assert study.models[0].n_times == 24


def test_a_reader_whose_modalities_share_no_case_has_no_ratio():
    times = random_times(n_readers=2)
    times[:6, 0, 0], times[6:, 0, 1] = NONE, NONE
    study = analysed(times)
    lonely, other = study.readers
    assert math.isnan(lonely.estimate)
    assert lonely.note == "no examination was timed in both modalities"
    assert other.estimate == pytest.approx(geometric_ratio(times[:, [1]]))


def test_nobody_timed_both_ways_leaves_nothing_to_compare():
    times = random_times(n_readers=2)
    times[:, 0, 0], times[:, 1, 1] = NONE, NONE
    study = analysed(times)
    assert study.primary.difference.note == "no reader has times in both modalities"
    assert study.readers == ()
    assert study.labels == ()
    assert order_blocks(study) is None


def test_one_case_gives_a_ratio_without_an_interval():
    study = analysed(random_times(n_cases=1))
    assert not math.isnan(study.primary.difference.estimate)
    assert math.isnan(study.primary.difference.ci_low)
    assert "needs two examinations" in study.models[0].difference.note


def test_model_is_fitted_where_a_time_is_missing():
    times = random_times()
    assert analysed(times).models == ()
    times[3, 1, 0] = NONE
    (model,) = analysed(times).models
    assert (model.method, model.n_cases, model.n_times) == ("mixed model", 12, 71)


def test_order_is_allowed_for_only_where_it_can_be_told_from_the_modality():
    times = random_times()
    order = np.arange(72).reshape(12, 3, 2) + 1
    assert "not recorded" in analysed(times).order_reason
    study = analysed(times, order=order)
    assert [one.label for one in study.with_order.covariates] == [f"one more of {ORDER}"]
    assert study.order_reason == ""
    # unaided always first: second reading and aided are one
    always = analysed(times, session=np.broadcast_to(["1", "2"], (12, 3, 2)))
    assert always.with_order is None
    assert "the modality determines it" in always.order_reason
    turns = np.where(np.arange(12)[:, None, None] % 2, ["1", "2"], ["2", "1"])
    turned = analysed(times, session=np.broadcast_to(turns, times.shape))
    assert [one.label for one in turned.with_order.covariates] == [f"one more of {SECOND}"]


def test_order_unknown_for_one_time_is_not_allowed_for():
    order = np.arange(72).reshape(12, 3, 2) + 1.0
    order[2, 2, 1] = NONE
    study = analysed(random_times(), order=order)
    assert study.with_order is None
    assert "not known for every time" in study.order_reason


# -------------------------------------------------------------------- the simulated study's truth


@pytest.fixture(scope="module")
def demo():
    tables = demo_study()["reader_study"]
    study = study_of(tables["readings"], tables["readers"], tables["cases"])
    return tables, study.timed, study


def test_demo_readings_are_those_that_were_simulated(demo):
    _, joined, _ = demo
    simulated = simulate_readings()
    np.testing.assert_array_equal(joined.seconds, simulated.reading_time_s)
    np.testing.assert_array_equal(joined.order, simulated.order)
    np.testing.assert_array_equal(
        joined.second[:, :, 1], ~simulated.ai_first[:, None] * np.ones(10)
    )


def test_demo_analyses_recover_what_was_put_in(demo):
    tables, joined, study = demo
    scores = case_scores(tables["readings"], tables["readers"], joined.case_id)
    # A reading that found something takes longer, and the AI changes what is found.
    marked = (simulate_readings().rating >= DEMO_RATES.mark_from).mean(axis=1)
    log_ratio = log_time_ratio(scores, DEMO_RATES) + DEMO_RATES.time_finding * np.diff(marked)[:, 0]
    truth = float(np.exp(log_ratio.mean()))
    for one in (study.primary, *study.other_rules, *study.models):
        assert one.difference.ci_low < truth < one.difference.ci_high
    along, second = study.with_order.covariates
    # log time falls by time_learning over 240 places
    assert along.ci_low < np.exp(-DEMO_RATES.time_learning * 100 / 240) < along.ci_high
    assert second.ci_low < 1 < second.ci_high
    classes = [
        group for group in time_groups(study, scores, cutoffs=[5.5, 9.5]) if group.kind == "score"
    ]
    level = np.searchsorted([5.5, 9.5], scores)
    for number, group in enumerate(classes):
        ratio = np.exp(log_ratio[level == number].mean())
        assert group.ratio.ci_low < ratio < group.ratio.ci_high


# -------------------------------------------------------------------------------------- groups


def scored(scores, *, reader="AI-1"):
    """Readings of an AI with one score a case; None: no reading."""
    return pd.DataFrame(
        {
            "reader_id": reader,
            "case_id": [f"c{case}" for case, score in enumerate(scores) if score is not None],
            "modality": "standalone",
            "session": "1",
            "status": "complete",
            "rating": [score for score in scores if score is not None],
        }
    )


def test_groups_by_score_and_truth_hold_the_cases_they_should():
    times = random_times(n_cases=7)
    truth = [0, 0, 1, 1, np.nan, 0, 1]
    readings, readers, cases = time_study(times, truth=truth)
    study = study_of(readings, readers, cases)
    scores = case_scores(
        pd.concat([readings, scored([1, 5.4, 5.5, 9.4, 9.5, 10, None])]),
        readers,
        study.timed.case_id,
    )
    groups = time_groups(study, scores, cutoffs=[5.5, 9.5])
    assert [(group.kind, group.name, group.n_cases) for group in groups] == [
        ("score", "< 5.5", 2),
        ("score", "5.5 to < 9.5", 2),
        ("score", "≥ 9.5", 2),
        ("score", "No score", 1),
        ("truth", "Without cancer", 3),
        ("truth", "With cancer", 3),
        ("truth", "Not known", 1),
    ]
    assert groups[0].ratio.estimate == pytest.approx(geometric_ratio(times[:2]))
    assert groups[4].ratio.estimate == pytest.approx(geometric_ratio(times[[0, 1, 5]]))
    assert math.isnan(groups[3].ratio.ci_low)  # one case
    assert [g.kind for g in time_groups(study, scores, cutoffs=[])] == ["truth"] * 3


def test_a_group_without_a_complete_case_has_no_ratio():
    times = random_times(n_cases=4)
    times[[0, 2], 0, 0] = NONE  # the cases without cancer
    study = analysed(times)
    without, with_cancer = time_groups(study, np.full(4, NONE), cutoffs=[])
    assert (without.n_cases, with_cancer.n_cases) == (0, 2)
    assert without.ratio.note == "no examination of the group has every time"


def test_groups_refuse_cutoffs_that_do_not_rise():
    study = analysed(random_times(n_cases=4))
    for cutoffs in ([9.5, 5.5], [5.5, 5.5], [NONE]):
        with pytest.raises(ScoringError, match="score_cutoffs must be rising numbers, but are"):
            time_groups(study, np.zeros(4), cutoffs=cutoffs)


def test_scores_are_those_of_one_ai():
    _, readers, _ = time_study([[[10, 20]]])
    other = readers.iloc[[-1]].assign(reader_id="AI-2", version="3.0")
    readers = pd.concat([readers, other])
    case_id = np.array(["c0", "c1"])
    one, two = scored([1, 2]), scored([8, None], reader="AI-2")
    np.testing.assert_array_equal(case_scores(one, readers, case_id), [1, 2])
    both = pd.concat([one, two])
    np.testing.assert_array_equal(case_scores(both, readers, case_id, ai="Product 3.0"), [8, NONE])
    with pytest.raises(
        ScoringError, match=r"several AIs gave scores .* Product 2\.0, Product 3\.0;"
    ):
        case_scores(both, readers, case_id)
    with pytest.raises(ScoringError, match=r"'Product 3\.0' gave no .* did: Product 2\.0; name"):
        case_scores(one, readers, case_id, ai="Product 3.0")
    with pytest.raises(ScoringError, match="none; name one of them as ai"):
        case_scores(one.iloc[:0], readers, case_id, ai="Product 3.0")
    with pytest.raises(ScoringError, match="scored 2 cases more than once"):
        case_scores(pd.concat([one, one.assign(session="2")]), readers, case_id)
    assert np.isnan(case_scores(one.iloc[:0], readers, case_id)).all()


# ------------------------------------------------------------------------------ spread and order


def test_spreads_are_of_recorded_times_that_are_not_too_short():
    joined = timed(MIXED)
    a, b = recorded_times(joined, TimeRule())
    assert sorted(a) == [40, 600, 700]
    assert sorted(b) == [3, 50, 60, 70, 900, 1000]
    first, second, every = reader_spreads(joined, TimeRule())
    assert (first.label, first.n_a, first.n_b) == ("R1", 2, 3)
    np.testing.assert_array_equal(first.a, [625, 650, 675])
    assert (second.n_a, second.a[1]) == (1, 40)
    assert (every.label, every.n_a, every.n_b) == ("All", 3, 6)
    assert every.b[1] == 65


def test_a_reader_without_a_time_has_no_spread():
    times = random_times()
    times[:, 1] = NONE
    assert [one.label for one in reader_spreads(timed(times), TimeRule())] == ["R1", "R3", "All"]


def test_order_blocks_hold_the_geometric_means_of_their_times():
    times = random_times(n_cases=16, n_readers=2)
    order = np.arange(32).reshape(16, 1, 2) + 1 + np.zeros((1, 2, 1))
    times[0, 1, 0] = NONE
    study = analysed(times, order=order)
    blocks = order_blocks(study)
    assert blocks.first.tolist() == [1, 5, 9, 13, 17, 21, 25, 29]
    assert blocks.last.tolist() == [4, 8, 12, 16, 20, 24, 28, 32]
    # places 1 to 4 are the cases 0 and 1, unaided at 1 and 3; the second reader lacks the first
    assert blocks.n_times[0].tolist() == [3, 4]
    expected = [math.sqrt(times[0, 0, 0] * times[1, 0, 0]), times[1, 1, 0]]
    np.testing.assert_allclose(blocks.by_reader[0, :, 0], expected)
    assert blocks.mean[0, 0] == pytest.approx(math.sqrt(expected[0] * expected[1]))
    assert blocks.n_times.sum() == 63


def test_order_blocks_are_as_many_as_there_are_places():
    times = random_times(n_cases=6, n_readers=2)
    order = np.array([1, 2, 3, 1, 2, 3]).reshape(6, 1, 1)
    blocks = order_blocks(analysed(times, order=order))
    assert (blocks.first.tolist(), blocks.last.tolist()) == ([1, 2, 3], [1, 2, 3])
    assert order_blocks(analysed(times, order=1)) is None


def test_a_block_without_a_time_is_not_defined():
    times = random_times(n_cases=4, n_readers=2)
    order = np.broadcast_to(np.array([1, 2, 9, 10]).reshape(4, 1, 1), times.shape)
    blocks = order_blocks(analysed(times, order=order))
    empty = np.isnan(blocks.mean[:, 0])
    assert empty.any()
    assert (blocks.n_times[empty] == 0).all()


def test_rule_changes_nothing_where_no_time_holds_a_pause():
    study = analysed(random_times())
    kept = analysed(random_times(), plan={"pauses": "kept"})
    assert kept.primary.difference.estimate == study.primary.difference.estimate
