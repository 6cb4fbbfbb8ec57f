"""The simulated study: its structure, its known truth, and that it is the same everywhere."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, stats

from toolkit.demo import (
    DEMO_PLAN,
    DEMO_RATES,
    DEMO_SEED,
    DEMO_TABLES,
    demo_study,
    perception,
    prospective,
    reader_study,
    retrospective,
)
from toolkit.demo import population as columns
from toolkit.demo.marks import LESIONS_AT_MOST
from toolkit.demo.rates import Reliance
from toolkit.scoring.mark_readings import MarkTables
from toolkit.scoring.mark_rules import InsideOutline
from toolkit.scoring.marks import localize_marks
from toolkit.stats.simulation.simulate import binormal_auc
from toolkit.study.parameters.file import load_parameters
from toolkit.tables import PARTS, TABLES, TableData, check_links, check_table

RATES = DEMO_RATES
ROOT = Path(__file__).resolve().parents[2]
KEY = ["reader_id", "case_id", "modality", "session"]
MARK_TABLES = ("cases", "readers", "readings", "marks", "lesions", "images")


@pytest.fixture(scope="module")
def study():
    return demo_study()


@pytest.fixture(scope="module")
def enrolled():
    return prospective.enrol()


@pytest.fixture(scope="module")
def exams():
    return retrospective.simulate_examinations()


def empirical_auc(truth, rating):
    ranks = stats.rankdata(rating, axis=0)
    n_positive, n_negative = truth.sum(), (~truth).sum()
    excess = ranks[truth].sum(axis=0) - n_positive * (n_positive + 1) / 2
    return excess / (n_positive * n_negative)


def assert_count(observed, probability, message=""):
    """The count lies within four standard deviations of its expectation."""
    expected = np.sum(probability)
    chance = np.sqrt(np.sum(np.asarray(probability) * (1 - np.asarray(probability))))
    assert abs(observed - expected) <= 4 * chance + 1e-9, (message, observed, expected, chance)


def ai_scores_by_case(part):
    ai = part["readings"][part["readings"]["reader_id"] == "AI"]
    return part["cases"]["case_id"].map(ai.set_index("case_id")["rating"])


# --- structure ---------------------------------------------------------------------------------


def test_demo_study_has_the_parts_and_tables_that_it_announces(study):
    assert tuple(study) == PARTS
    assert {part: tuple(tables) for part, tables in study.items()} == DEMO_TABLES


@pytest.mark.parametrize("part", PARTS)
def test_demo_tables_pass_the_checks_unchanged(study, part):
    checked = {}
    for name, table in study[part].items():
        typed = check_table(table, name)
        pd.testing.assert_frame_equal(typed, table)
        rows = np.arange(len(table))
        checked[name] = TableData(frame=typed, files=np.full(len(table), ""), rows=rows)
    check_links(checked)


@pytest.mark.parametrize("part", PARTS)
def test_the_ai_is_named_as_simulated_and_identifiers_are_artificial(study, part):
    readers = study[part]["readers"]
    ai = readers[readers["kind"] == "ai"]
    assert ai["product"].tolist() == ["Transpara (simulated)"]
    assert ai[["score_min", "score_max"]].to_numpy().tolist() == [[1, 10]]
    assert ai["score_kind"].tolist() == ["exam"]
    for column in ("case_id", "patient_id"):
        assert study[part]["cases"][column].str.fullmatch(r"[A-Z]-\d{3,5}").all()
    people = readers[readers["kind"] == "human"]
    assert people["reader_id"].str.fullmatch(r"R[RSP]-\d\d").all()
    assert people[["experience_years", "specialist"]].notna().all(axis=None)


@pytest.mark.parametrize("part", PARTS)
def test_rows_stand_by_date(study, part):
    assert study[part]["cases"]["exam_date"].is_monotonic_increasing
    assert study[part]["cases"]["case_id"].is_monotonic_increasing


@pytest.mark.parametrize("part", PARTS)
def test_a_reading_without_a_result_is_never_a_score(study, part):
    readings = study[part]["readings"]
    result = readings[["rating", "call"]].notna().any(axis=1)
    assert ((readings["status"] == "complete") == result).all()
    ai = readings["reader_id"] == "AI"
    assert (readings["modality"][ai] == "standalone").all()
    assert readings["rating"][ai].min() >= 1


def test_the_callers_tables_are_their_own(study):
    mine = demo_study()
    cases = mine["retrospective"]["cases"]
    cases.loc[:, "truth"] = 1.0
    del cases["site"]
    mine["prospective"].clear()
    pd.testing.assert_frame_equal(
        demo_study()["retrospective"]["cases"], study["retrospective"]["cases"]
    )


def test_a_column_that_no_table_has_is_refused():
    with pytest.raises(ValueError, match="table cases has no column weigth; its columns: case_id"):
        columns.canonical_table("cases", {"weigth": np.ones(1)})


def test_plan_and_dates_fit_each_other(study):
    for part in ("retrospective", "reader_study"):
        dates = study[part]["cases"]["exam_date"]
        assert dates.between(DEMO_PLAN.window_start, DEMO_PLAN.window_end).all()
    lock = pd.Timestamp(DEMO_PLAN.data_lock)
    assert pd.Timestamp(DEMO_PLAN.window_end) + pd.DateOffset(months=24) <= lock
    start = pd.Timestamp(DEMO_PLAN.accrual_start)
    assert start + pd.DateOffset(months=DEMO_PLAN.months) == lock + pd.DateOffset(days=1)
    for part in PARTS:
        dated = study[part]["cases"][["exam_date", "cancer_date"]].max()
        assert (dated.dropna() <= lock).all()
        assert study[part]["readings"]["read_at"].max() <= lock


# --- the AI ------------------------------------------------------------------------------------


def vendor_limit(share):
    """Suspicion below which this share of the vendor's population lies."""

    def excess(z):
        below = stats.norm.cdf((z - RATES.ai_separation) / RATES.ai_spread)
        prevalence = RATES.ai_prevalence
        return (1 - prevalence) * stats.norm.cdf(z) + prevalence * below - share

    return optimize.brentq(excess, -10, 10)


def test_ai_classes_fill_as_the_local_population_says(enrolled):
    healthy = ~enrolled.women.cancer
    observed = np.bincount(np.round(enrolled.score[healthy]).astype(int), minlength=11)[1:]
    limits = [-np.inf, *(vendor_limit(k / 10) for k in range(1, 10)), np.inf]
    share = np.diff(stats.norm.cdf(limits, loc=RATES.local_shift, scale=RATES.local_spread))
    assert stats.chisquare(observed, share * healthy.sum()).pvalue > 1e-4
    assert share[0] < 0.08 < 0.10 < share[8]  # the low classes are too small, and chapters see it


def test_ai_area_is_the_one_that_the_rates_imply(exams):
    women = exams.women
    shares = np.bincount(women.density[women.cancer], minlength=4) / women.cancer.sum()
    separation = RATES.ai_separation + np.array(RATES.density_separation)
    standard = (separation - RATES.local_shift) / RATES.local_spread
    spread = RATES.ai_spread / RATES.local_spread
    auc = shares @ [binormal_auc(value, spread=spread) for value in standard]
    observed = empirical_auc(women.cancer, exams.suspicion)
    assert observed == pytest.approx(auc, abs=4 * np.sqrt(auc * (1 - auc) / women.cancer.sum()))


@pytest.mark.parametrize(
    ("part", "incident"),
    [
        ("retrospective", RATES.retrospective_incident_month),
        ("prospective", RATES.prospective_incident_month),
    ],
)
def test_ai_fails_at_the_stated_rates_and_most_in_the_month_of_the_incident(study, part, incident):
    cases, readings = study[part]["cases"], study[part]["readings"]
    status = cases["case_id"].map(
        readings[readings["reader_id"] == "AI"].set_index("case_id")["status"]
    )
    dates = cases["exam_date"].dt
    month = 12 * dates.year + dates.month
    in_incident = month - month.min() + 1 == incident
    failed, missing = status == "failed", status == "missing"
    assert_count(failed[~in_incident].sum(), np.full((~in_incident).sum(), RATES.ai_failed))
    assert_count(failed[in_incident].sum(), np.full(in_incident.sum(), RATES.ai_failed_in_incident))
    assert_count(missing.sum(), np.full(len(cases), RATES.ai_missing))


# --- retrospective part ------------------------------------------------------------------------


def test_retrospective_sample_stands_for_all_examinations(study):
    cases = study["retrospective"]["cases"]
    assert len(cases) == RATES.sampled_exams
    assert cases["weight"].sum() == pytest.approx(RATES.frame_exams, rel=1e-12)
    known = cases["stratum"] == "cancer known"
    assert (known == (cases["truth"] == 1)).all()
    assert (cases["weight"][known] == 1).all()
    two = cases["stratum"] == "none known, two examinations"
    assert (cases[two].groupby("patient_id").size() == 2).all()
    assert cases[~two]["patient_id"].is_unique
    assert cases[two].groupby("patient_id")["age_years"].nunique().max() == 1


def test_retrospective_recall_follows_from_the_readings(study):
    cases, readings = study["retrospective"]["cases"], study["retrospective"]["readings"]
    calls = readings[readings["position"].notna()].pivot(
        index="case_id", columns="position", values="call"
    )
    calls = calls.reindex(cases["case_id"]).to_numpy()
    assert not np.isnan(calls[:, :2]).any()
    discordant = calls[:, 0] != calls[:, 1]
    np.testing.assert_array_equal(discordant, cases["consensus"] == 1)
    np.testing.assert_array_equal(~np.isnan(calls[:, 2]), discordant)
    decided = np.where(discordant, calls[:, 2], calls[:, 0])
    np.testing.assert_array_equal(decided, cases["recalled"])
    assert (cases["biopsied"] <= cases["biopsy_recommended"]).all()
    assert (cases["biopsy_recommended"] <= cases["recalled"]).all()
    readers = readings[readings["position"] <= 2].groupby("case_id")["reader_id"]
    assert (readers.nunique() == 2).all()


def test_retrospective_truth_follows_the_ladder(study):
    cases = study["retrospective"]["cases"]
    months, source = cases["follow_up_months"], cases["truth_source"]
    assert (cases["truth"].isna() == (source == "none")).all()
    assert (months[source == "none"] < 12).all()
    assert months[source == "follow_up_12_months"].between(12, 24, inclusive="left").all()
    assert (months[source == "follow_up_24_months"] >= 24).all()
    cancer = cases["truth"] == 1
    assert (cancer == (source == "pathology_malignant")).all()
    assert (cancer == cases["cancer_date"].notna()).all()
    assert (cancer == cases["cancer_type"].notna()).all()
    interval = cancer & (cases["recalled"] == 0)
    assert (interval == cases["interval_class"].notna()).all()
    months_to_cancer = (cases["cancer_date"] - cases["exam_date"]).dt.days / columns.DAYS_PER_MONTH
    assert (months_to_cancer[cancer] <= months[cancer]).all()
    assert months_to_cancer[cancer].max() < 24
    lesions = study["retrospective"]["lesions"]
    assert set(lesions["case_id"]) == set(cases["case_id"][cancer])


def test_retrospective_rates_are_recovered(exams):
    prevalence = np.array(RATES.indication_prevalence)[exams.indication]
    assert_count(exams.women.cancer.sum(), prevalence)
    for place in (0, 1):
        reader, call = exams.position_reader[:, place], exams.position_call[:, place]
        sensitivity = np.repeat([RATES.specialist_sensitivity, RATES.general_sensitivity], 4)
        cancer = exams.women.cancer
        assert_count(call[cancer].sum(), sensitivity[reader[cancer]], "sensitivity")
        for number, specificity in enumerate(RATES.reader_specificity):
            read = ~cancer & (reader == number)
            assert_count(call[read].sum(), np.full(read.sum(), 1 - specificity), number)
    within = np.corrcoef(exams.position_suspicion[~exams.women.cancer].T)[0, 1]
    assert within == pytest.approx(RATES.readers_shared, abs=4 / np.sqrt(RATES.frame_exams))


def test_retrospective_follow_up_shares_are_recovered(exams):
    outcome = retrospective.follow(exams)
    months = outcome.follow_up_months[~outcome.known_cancer]
    at_least = np.cumsum(RATES.follow_up_shares)
    for limit, share in zip((24, 12, 1), at_least, strict=False):
        assert_count((months >= limit).sum(), np.full(months.size, share), limit)
    recommended = outcome.recalled & ~exams.women.cancer
    assert_count(
        outcome.biopsy_recommended[recommended].sum(),
        np.full(recommended.sum(), RATES.biopsy_recommended_no_cancer),
    )
    both = outcome.discordant
    arbiter = np.where(exams.women.cancer, RATES.arbiter_cancer, RATES.arbiter_no_cancer)
    assert_count(outcome.arbiter_call[both].sum(), arbiter[both])


def test_interval_cancers_score_lower_than_cancers_found_at_the_examination(exams):
    outcome = retrospective.follow(exams)
    found = exams.women.cancer & outcome.recalled
    missed = exams.women.cancer & ~outcome.recalled
    assert exams.suspicion[missed].mean() < exams.suspicion[found].mean()


def test_diagnostic_assessments_stand_at_diagnostic_examinations_only(study):
    cases, readings = study["retrospective"]["cases"], study["retrospective"]["readings"]
    indication = readings["case_id"].map(cases.set_index("case_id")["indication"])
    routine = readings["position"] <= 2
    screening = readings["birads"][routine & (indication == "screening")]
    assert set(screening) == {"0", "1", "2"}
    diagnostic = readings[routine & (indication != "screening")]
    assert set(diagnostic["birads"]) == {"1", "2", "3", "4A", "4B", "4C", "5"}
    assert (diagnostic["birads"].str[0].isin(["4", "5"]) == (diagnostic["call"] == 1)).all()


# --- reader study ------------------------------------------------------------------------------


def test_reader_study_is_fully_crossed_and_counterbalanced(study):
    cases, readings = study["reader_study"]["cases"], study["reader_study"]["readings"]
    assert (cases["truth"] == 1).sum() == RATES.study_positive
    assert (cases["truth"] == 0).sum() == RATES.study_negative
    human = readings[readings["reader_id"] != "AI"]
    size = human.groupby(["reader_id", "modality"])["case_id"].nunique()
    assert size.tolist() == [len(cases)] * 20
    by_modality = human.pivot(index=["reader_id", "case_id"], columns="modality", values="read_at")
    between = (by_modality["aided"] - by_modality["unaided"]).dt.days
    assert between.abs().min() >= DEMO_PLAN.washout_days
    assert (between > 0).mean() == 0.5
    occasion = human["read_at"] >= human["read_at"].min() + pd.Timedelta(days=28)
    order = human.groupby(["reader_id", occasion])["order"].apply(sorted)
    assert all(places == list(range(1, len(cases) + 1)) for places in order)
    in_time = human.sort_values(["reader_id", "read_at", "order"])
    assert in_time.groupby(["reader_id", occasion])["order"].is_monotonic_increasing.all()


def large_study(**changes):
    """The reader study with so many examinations that chance hardly matters."""
    return reader_study.simulate_readings(
        dataclasses.replace(RATES, study_positive=3000, study_negative=3000, **changes)
    )


@pytest.fixture(scope="module", params=[DEMO_SEED, 1, 2])
def large(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "DEMO_SEED", request.param)
        return large_study()


@dataclasses.dataclass(frozen=True)
class LesionTruth:
    """Who found each lesion in truth: the AI (n,), readers unaided and aided (n, n_readers)."""

    hit: np.ndarray
    unaided: np.ndarray
    aided: np.ndarray


def lesion_truth(readings):
    second = (readings.lesions.columns["lesion_id"] == "2").astype(int)
    place = readings.lesions.case, second
    found = readings.place_rating[place] >= RATES.mark_from
    return LesionTruth(readings.perception.marked[place], found[..., 0], found[..., 1])


def area_error(auc, n_positive, n_negative):
    """Standard error of an area, Hanley and McNeil 1982 (doi:10.1148/radiology.143.1.7063747)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (n_positive - 1) * (q1 - auc**2) + (n_negative - 1) * (q2 - auc**2)
    return np.sqrt(variance / (n_positive * n_negative))


def test_readers_of_average_skill_have_the_true_areas():
    readings = large_study(reader_skill_sd=0.0, reader_habit_sd=0.0)
    highest = readings.perception.seen.max(axis=1)
    areas = empirical_auc(readings.cancer, highest.reshape(6000, -1)).reshape(-1, 2)
    true = perception.true_auc()
    np.testing.assert_allclose(areas, true, atol=4 * area_error(0.815, 3000, 3000))
    # Two modalities of the same readers and examinations differ by less than one by itself.
    gain = np.diff(areas).reshape(2, 5).mean(axis=1)
    np.testing.assert_allclose(gain, np.diff(true)[[0, -1], 0], atol=0.005)
    ai = empirical_auc(readings.cancer, readings.ai_score)
    assert ai == pytest.approx(RATES.study_ai_auc, abs=4 * area_error(0.9, 3000, 3000))


def test_unaided_areas_are_those_of_the_rates_and_gains_those_of_the_literature():
    alone, aided = perception.true_auc().T
    assert alone.tolist() == [RATES.specialist_auc] * 5 + [RATES.general_auc] * 5
    gain = aided - alone
    assert (gain[5:] > gain[:5]).all()
    # .02 (Rodriguez-Ruiz 2019) to .057 (Conant 2019).
    assert 0.02 <= gain.min() <= gain.max() <= 0.057
    untouched = dataclasses.replace(RATES, reliance=Reliance(specialist=0.0, general=0.0))
    np.testing.assert_allclose(
        perception.true_auc(untouched), np.column_stack([alone, alone]), atol=1e-5
    )


def test_the_ai_and_unaided_readers_are_standard_normal_without_cancer():
    readings = large_study(reader_skill_sd=0.0, reader_habit_sd=0.0)
    seen = readings.perception.seen[~readings.cancer, :, 3, 0].max(axis=1)
    ai = readings.perception.ai[~readings.cancer].max(axis=1)
    for highest in (seen, ai):
        scaled = perception.examination_scale(highest, RATES)
        assert stats.kstest(scaled, stats.norm.cdf).pvalue > 1e-4


def test_aided_readers_follow_the_marks_of_the_ai(large):
    truth = lesion_truth(large)
    hit, miss = truth.hit, ~truth.hit
    assert truth.aided[hit].mean() > truth.unaided[hit].mean() + 0.05
    assert truth.aided[miss].mean() < truth.unaided[miss].mean()
    lost = truth.unaided[hit] & ~truth.aided[hit]
    assert lost.sum() < 0.03 * truth.unaided[hit].sum()
    gain = truth.aided.mean(axis=1) - truth.unaided.mean(axis=1)
    assert np.corrcoef(gain, hit)[0, 1] > 0.3


def test_no_lesion_that_the_ai_marked_is_lost_by_half_of_the_readers(large):
    truth = lesion_truth(large)
    lost = truth.unaided.sum(axis=1) - truth.aided.sum(axis=1)
    assert lost[truth.hit].max() < len(perception.SPECIALIST) / 2


def test_general_radiologists_rely_more_and_gain_more(large):
    truth = lesion_truth(large)
    gain = (truth.aided.astype(float) - truth.unaided)[truth.hit].mean(axis=0)
    specialist = np.array(perception.SPECIALIST)
    assert gain[~specialist].mean() > gain[specialist].mean() > 0
    assert RATES.reliance.general > RATES.reliance.specialist


def test_a_false_mark_of_the_ai_misleads_as_the_automation_bias_says():
    added = {}
    for bias in (0.0, RATES.reliance.automation_bias):
        reliance = dataclasses.replace(RATES.reliance, automation_bias=bias)
        seen = (readings := large_study(reliance=reliance)).perception
        lookalike = np.arange(seen.ai.shape[1]) >= LESIONS_AT_MOST
        marked, unmarked = seen.marked & lookalike, ~seen.marked & lookalike
        without = seen.seen[..., 0]
        change = seen.seen[..., 1] - without
        added[bias] = [change[places].mean(axis=0) for places in (marked, unmarked)]
        assert (added[bias][0] > 0).all()
        highest = readings.place_rating[marked] >= RATES.mark_from
        assert (highest[..., 1].mean(axis=0) > highest[..., 0].mean(axis=0)).all()
    weight = perception.reliance_weight(perception.SPECIALIST, RATES)
    difference = np.subtract(added[RATES.reliance.automation_bias], added[0.0])
    expected = RATES.reliance.automation_bias * weight
    np.testing.assert_allclose(difference, [expected, -expected], rtol=1e-9, atol=1e-12)


def test_both_modalities_share_what_a_reader_sees():
    seen = large_study(reliance=Reliance(specialist=0.0, general=0.0)).perception.seen
    lookalike = seen[:, LESIONS_AT_MOST:, 0].reshape(-1, 2)
    # Correlated but for what belongs to one reading.
    expected = 1 - RATES.place_variances[2]
    assert sum(RATES.place_variances) == pytest.approx(1.0)
    assert np.corrcoef(lookalike.T)[0, 1] == pytest.approx(expected, abs=0.01)


def test_rating_marks_call_and_time_of_a_reading_agree(study):
    part = study["reader_study"]
    human = part["readings"].query("reader_id != 'AI'").set_index(KEY)
    marks = part["marks"].query("reader_id != 'AI'").groupby(KEY)["rating"].max()
    highest = marks.reindex(human.index)
    assert highest.notna()[human["call"] == 1].all()
    assert (highest.dropna() == human["rating"][highest.notna()]).all()
    assert human["rating"][highest.isna()].max() < RATES.mark_from
    log_time = np.log(human["reading_time_s"])
    longer = log_time[highest.notna()].mean() - log_time[highest.isna()].mean()
    assert longer > 0


def test_reader_study_slider_costs_no_area(large):
    highest = large.perception.seen.max(axis=1)
    flat = large.cancer.size, -1
    loss = empirical_auc(large.cancer, highest.reshape(flat)) - empirical_auc(
        large.cancer, large.rating.reshape(flat)
    )
    assert np.abs(loss).max() < 0.005


def test_reader_study_assessments_agree_with_ratings_and_calls(study):
    human = study["reader_study"]["readings"].query("reader_id != 'AI'")
    assert human["rating"].between(0, 100).all()
    recall = human["birads"].str[0].isin(["0", "4", "5"])
    assert (recall == (human["call"] == 1)).all()
    order = ["1", "2", "3", "4A", "4B", "4C", "5"]
    lowest = human.groupby("birads")["rating"].min()[order]
    assert lowest.is_monotonic_increasing
    assert (human.groupby("birads")["rating"].max()[order].to_numpy()[:-1] < lowest[1:]).all()
    assert (human["birads"] == "0").any()


def test_reader_study_times_shorten_as_stated_by_score():
    readings = reader_study.simulate_readings()
    log_ratio = np.diff(np.log(readings.reading_time_s), axis=2)[:, :, 0]
    log_ratio -= (
        RATES.time_finding * np.diff((readings.rating >= RATES.mark_from).astype(float))[:, :, 0]
    )
    level = np.searchsorted([5.5, 9.5], readings.ai_score)
    # Residuals and interruptions of two readings, and slopes of ten readers.
    interruption = RATES.time_interrupted * np.log(RATES.interruption_factor) ** 2
    residual = np.sqrt(2 * (RATES.time_residual_sd**2 + interruption))
    for number, ratio in enumerate(RATES.time_ratio):
        mine = log_ratio[level == number]
        chance = np.sqrt(residual**2 / mine.size + RATES.time_reader_slope_sd**2 / 10)
        assert mine.mean() == pytest.approx(np.log(ratio), abs=4 * chance)


def test_marks_carry_the_rating_of_the_examination(study):
    part = study["reader_study"]
    marks = part["marks"].query("reader_id != 'AI'")
    readings = part["readings"].query("reader_id != 'AI'")
    highest = marks.groupby(KEY)["rating"].max()
    marked = readings[readings["rating"] >= RATES.mark_from].set_index(KEY)["rating"]
    pd.testing.assert_series_equal(highest.sort_index(), marked.sort_index())


def test_the_ai_marks_regions_from_its_export_floor_up(study):
    part = study["reader_study"]
    floor = part["readers"].set_index("reader_id")["export_floor"]
    assert floor["AI"] == RATES.ai_region_floor
    assert floor.drop("AI").isna().all()
    marks = part["marks"].query("reader_id == 'AI'")
    assert marks["rating"].between(RATES.ai_region_floor, 100).all()
    assert (marks["modality"] == "standalone").all()
    # The examination has the score of its most suspicious region.
    score = part["readings"].query("reader_id == 'AI'").set_index("case_id")["rating"]
    region = np.round(10 * score)
    highest = marks.groupby("case_id")["rating"].max()
    assert set(highest.index) == set(region.index[region >= RATES.ai_region_floor])
    pd.testing.assert_series_equal(
        highest, region.reindex(highest.index), check_names=False, check_index_type=False
    )


def test_marks_hit_what_they_say_by_the_outline(study):
    part = study["reader_study"]
    tables = MarkTables(**{name: part[name] for name in MARK_TABLES})
    for modalities in (("unaided", "aided"), ("standalone",)):
        for unit in ("exam", "breast", "image"):
            scored = localize_marks(tables, rule=InsideOutline(), unit=unit, modalities=modalities)
            recorded = part["marks"]["mark_type"].iloc[scored.mark_row - 1].to_numpy()
            assert ((scored.mark_class == "NL") == (recorded == "NL")).all()


def test_marks_meant_for_a_lesion_lie_near_it_and_the_others_far(study):
    part = study["reader_study"]
    placed = part["marks"].merge(part["lesions"], on=["case_id", "image_id"], suffixes=("", "_l"))
    distance = np.hypot(placed["x_px"] - placed["x_px_l"], placed["y_px"] - placed["y_px_l"])
    share = (distance / placed["radius_px"]).where(
        placed["lesion_id"].isna() | (placed["lesion_id"] == placed["lesion_id_l"])
    )
    of_lesion = placed["mark_type"] == "LL"
    assert share[of_lesion].max() <= 1
    near = (share > 1) & (share < 1.6)  # beside the lesion they were meant for
    assert 0 < near.sum() < 0.1 * of_lesion.sum()
    assert share[~of_lesion & ~near].min() > 1.6


def test_a_lesion_lies_as_deep_in_both_views(study):
    lesions = study["reader_study"]["lesions"].merge(
        study["reader_study"]["images"], on="image_id", suffixes=("", "_image")
    )
    right = lesions["laterality"] == "R"
    lesions["depth"] = lesions["x_px"].where(~right, lesions["columns"] - lesions["x_px"])
    by_view = lesions.pivot(index=["case_id", "lesion_id"], columns="view", values="depth")
    apart = (by_view["CC"] - by_view["MLO"]).dropna()
    assert_count(by_view.isna().any(axis=1).sum(), np.full(len(by_view), RATES.one_view))
    assert apart.std() == pytest.approx(np.sqrt(2) * RATES.compression_px, rel=0.3)


def test_plainer_and_larger_lesions_are_found_more_often(large):
    truth, of = lesion_truth(large), large.lesions.columns
    plain = np.isin(of["lesion_type"], ["mass", "calcification"])
    larger = of["size_mm"] > RATES.size_median_mm
    first = of["lesion_id"] == "1"
    for found in (truth.unaided.mean(axis=1), truth.hit):
        assert found[plain & first].mean() > found[~plain & first].mean()
        assert found[larger & first].mean() > found[~larger & first].mean()
        assert found[first].mean() > found[~first].mean()


def test_marks_tell_of_the_lesions_that_were_found_in_truth(study):
    part = study["reader_study"]
    tables = MarkTables(**{name: part[name] for name in MARK_TABLES})
    scored = localize_marks(
        tables, rule=InsideOutline(), unit="exam", modalities=("unaided", "aided")
    )
    by_mark = np.isfinite(scored.study.lesion_rating)
    truth = lesion_truth(reader_study.simulate_readings())
    found = np.stack([truth.unaided, truth.aided], axis=-1)
    # A lesion that was found is marked, but for a few marks that lie beside it.
    assert not (by_mark & ~found).any()
    assert 0 < (found & ~by_mark).sum() < 3 * RATES.mark_beside * found.sum()
    assert not (found & ~by_mark)[truth.hit, :, 1].any()


def test_marks_and_lesions_lie_inside_their_images(study):
    images = study["reader_study"]["images"]
    assert len(images) == 4 * len(study["reader_study"]["cases"])
    for name in ("marks", "lesions"):
        placed = study["reader_study"][name].merge(
            images, on="image_id", how="left", suffixes=("", "_image")
        )
        assert placed["x_px"].between(0, placed["columns"]).all()
        assert placed["y_px"].between(0, placed["rows"]).all()
        assert (placed["case_id"] == placed["case_id_image"]).all()


def test_the_reader_study_gives_no_time_back_in_truth():
    # Rodriguez-Ruiz 2019 (doi:10.1148/radiol.2018181371): 146 s without and 149 s with AI.
    readings = reader_study.simulate_readings(
        dataclasses.replace(
            RATES, study_positive=2500, study_negative=3500, time_reader_slope_sd=0.0
        )
    )
    log_ratio = np.diff(np.log(readings.reading_time_s), axis=2)
    # Readers differ by time_reader_slope_sd, so ten of them cannot tell this from no change.
    assert abs(log_ratio.mean()) < RATES.time_reader_slope_sd / np.sqrt(10)


def test_the_plan_claims_of_both_parts_by_the_margins_of_the_study():
    plan = load_parameters(ROOT / "parameters" / "demo.yaml").plan
    claims = [*plan.primary, *plan.secondary]
    assert [(c.chapter[:2], c.quantity, c.claim, c.margin) for c in claims] == [
        ("06", "auc", "noninferiority", DEMO_PLAN.auc_difference_margin),
        ("07", "auc", "superiority", None),
        ("21", "detection_rate", "noninferiority", DEMO_PLAN.detection_ratio_margin),
        ("21", "recall_rate", "noninferiority", DEMO_PLAN.recall_difference_margin),
        ("07", "sensitivity", "superiority", None),
        ("08", "wafroc", "superiority", None),
        ("09", "reading_time", "superiority", None),
    ]


# --- prospective part --------------------------------------------------------------------------


def test_accrual_is_below_the_plan_by_a_little(study, enrolled):
    n = len(study["prospective"]["cases"])
    expected = prospective.expected_women()
    chance = np.sqrt(np.sum(expected + (RATES.monthly_variation * expected) ** 2))
    assert n == pytest.approx(expected.sum(), abs=4 * chance)
    assert 0.9 * DEMO_PLAN.target < n < DEMO_PLAN.target
    by_month = np.bincount(enrolled.month)[1:]
    assert by_month.size == DEMO_PLAN.months
    running = DEMO_PLAN.months - DEMO_PLAN.ramp_up_months * (1 - DEMO_PLAN.ramp_up_rate)
    assert RATES.monthly_women < DEMO_PLAN.target / running
    assert by_month[: DEMO_PLAN.ramp_up_months].mean() < by_month[DEMO_PLAN.ramp_up_months :].mean()


def test_each_woman_has_both_readings_by_two_readers(study):
    readings = study["prospective"]["readings"]
    n = len(study["prospective"]["cases"])
    assert readings.groupby("modality").size().to_dict() == {
        "aided": n,
        "standalone": n,
        "unaided": n,
    }
    human = readings[readings["modality"] != "standalone"]
    assert (human.groupby("case_id")["reader_id"].nunique() == 2).all()
    assert (human["reading_time_s"].notna() == (human["status"] == "complete")).all()
    assert_count((human["status"] == "missing").sum(), np.full(2 * n, RATES.reading_missing))


def test_prospective_rates_are_recovered(enrolled):
    cancer = enrolled.women.cancer
    assert_count(cancer.sum(), np.full(cancer.size, RATES.prevalence))
    rate = prospective.call_probability(cancer, enrolled.reader, enrolled.ai_status == 0, RATES) * (
        1 - RATES.reading_missing
    )
    for modality in (0, 1):
        for truth in (True, False):
            women = cancer == truth
            assert_count(enrolled.call[women, modality].sum(), rate[women, modality])


def test_prospective_rates_imply_the_published_ratio():
    specialist = np.array(prospective.SPECIALIST)
    work = np.array(RATES.reader_work) / np.sum(RATES.reader_work)
    detection = np.where(specialist[:, None], RATES.specialist_detection, RATES.general_detection)
    found = 1000 * RATES.prevalence * (work @ detection)
    # AI-STREAM (doi:10.1038/s41467-025-57469-3): 5.01 and 5.70 per 1,000, ratio 1.14.
    np.testing.assert_allclose(found, [5.01, 5.70], atol=0.15)
    assert found[1] / found[0] == pytest.approx(1.15, abs=0.02)
    recall = (1 - RATES.prevalence) * (work @ RATES.reader_recall) * 0.040 + found / 1000
    np.testing.assert_allclose(100 * recall, [4.48, 4.53], atol=0.25)


def test_the_reading_with_ai_follows_the_score_where_it_is_wrong_as_well():
    enrolled = prospective.enrol(dataclasses.replace(RATES, prevalence=0.3))
    cancer = enrolled.women.cancer & (enrolled.ai_status == 0) & enrolled.read.all(axis=1)
    high = enrolled.score >= DEMO_PLAN.score_cutoffs[0]
    hit, miss = enrolled.call[cancer & high], enrolled.call[cancer & ~high]
    assert hit[:, 1].mean() > hit[:, 0].mean() + 0.05
    assert miss[:, 1].mean() <= miss[:, 0].mean()
    assert (hit[:, 0] & ~hit[:, 1]).sum() < 0.06 * hit[:, 0].sum()


def test_prospective_readings_agree_as_their_correlation_says(enrolled):
    healthy = ~enrolled.women.cancer
    rate = prospective.call_probability(
        enrolled.women.cancer, enrolled.reader, enrolled.ai_status == 0, RATES
    )[healthy]
    pairs, count = np.unique(rate, axis=0, return_counts=True)
    rho = RATES.readers_correlation

    def both(first, second):
        limits = stats.norm.isf([first, second])

        def joint(z):
            above = stats.norm.sf((limits[1] - rho * z) / np.sqrt(1 - rho**2))
            return stats.norm.pdf(z) * above

        return integrate.quad(joint, limits[0], 10)[0]

    probability = np.repeat([both(*pair) for pair in pairs], count)
    read = (1 - RATES.reading_missing) ** 2
    assert_count(enrolled.call[healthy].all(axis=1).sum(), read * probability)


def test_reader_8_stands_out_and_no_other_does(study):
    human = study["prospective"]["readings"].query("modality != 'standalone' and call.notna()")
    recalls = human.groupby("reader_id")["call"].agg(["sum", "size"])
    rate = recalls["sum"].sum() / recalls["size"].sum()
    high = stats.binom.sf(recalls["sum"] - 1, recalls["size"], rate)
    outside = recalls.index[high < 0.001].tolist()
    assert outside == ["RP-08"]


def test_prospective_truth_is_known_only_after_work_up_or_a_year(study):
    cases, readings = study["prospective"]["cases"], study["prospective"]["readings"]
    calls = readings[readings["modality"] != "standalone"].groupby("case_id")["call"].max()
    calls = cases["case_id"].map(calls)
    np.testing.assert_array_equal(calls.fillna(0), cases["recalled"])
    known, back = cases["truth"].notna(), cases["follow_up_months"] >= 12
    recalled = cases["recalled"] == 1
    assert (known == (cases["truth_source"] != "none")).all()
    assert (known[~recalled] == back[~recalled]).all()
    pending = recalled & ~known
    first_pending = pd.Timestamp(DEMO_PLAN.data_lock) - pd.Timedelta(days=22)
    assert (cases["exam_date"][pending] > first_pending).all()
    assert (cases["biopsied"].isna() == pending).all()
    elapsed = (pd.Timestamp(DEMO_PLAN.data_lock) - cases["exam_date"]).dt.days
    assert (cases["follow_up_months"] * columns.DAYS_PER_MONTH <= elapsed).all()
    assert_count(
        back.sum(), np.full((elapsed / columns.DAYS_PER_MONTH >= 12).sum(), RATES.returned)
    )
    assert cases["truth"].isna().mean() > 0.5


def test_cancers_found_have_a_type_and_a_lesion(study):
    cases, lesions = study["prospective"]["cases"], study["prospective"]["lesions"]
    cancer = cases["truth"] == 1
    assert set(lesions["case_id"]) == set(cases["case_id"][cancer])
    assert (cancer == cases["cancer_type"].notna()).all()
    kind = lesions["case_id"].map(cases.set_index("case_id")["cancer_type"])
    assert ((lesions["histology"] == "ductal in situ") == (kind == "in_situ")).all()
    assert lesions[["size_mm", "grade", "lesion_type"]].notna().all(axis=None)


def test_ai_score_orders_the_cancers_found(study):
    part = study["prospective"]
    score = ai_scores_by_case(part)
    found = (part["cases"]["truth"] == 1) & score.notna()
    assert (score[found] >= 9.5).mean() > 0.6


# --- the same everywhere -----------------------------------------------------------------------

_HASH = """
import hashlib, sys
import numpy as np
import pandas as pd
from toolkit.demo import assemble, demo_study
np.random.seed(int(sys.argv[1])); np.random.random(100)
for part in sys.argv[2:]:
    assemble._part(part)
digest = hashlib.sha256()
for part, tables in demo_study().items():
    for name, table in tables.items():
        values = pd.util.hash_pandas_object(table, index=False, categorize=False)
        digest.update(f"{part} {name} {list(table.dtypes.items())}".encode())
        digest.update(values.to_numpy().tobytes())
print(digest.hexdigest())
"""


def hash_in_process(*arguments, **environment):
    run = subprocess.run(
        [sys.executable, "-c", _HASH, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def test_demo_study_is_the_same_in_another_process_locale_time_zone_and_order_of_building():
    first = hash_in_process("1", TZ="UTC", LC_ALL="C", OMP_NUM_THREADS="1", PYTHONHASHSEED="1")
    second = hash_in_process(
        "2",
        *reversed(PARTS),
        TZ="Asia/Ho_Chi_Minh",
        LC_ALL="C.UTF-8",
        OMP_NUM_THREADS="2",
        OPENBLAS_NUM_THREADS="2",
        PYTHONHASHSEED="2",
    )
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert first == second


def test_streams_differ_by_name_and_follow_the_seed(monkeypatch):
    names = [f"{part}/{topic}" for part in PARTS for topic in ("age", "device", "density")]
    draws = {columns.stream(name).random() for name in names}
    assert len(draws) == len(names)
    before = columns.stream("prospective/age").random()
    assert columns.stream("prospective/age").random() == before
    monkeypatch.setattr(columns, "DEMO_SEED", DEMO_SEED + 1)
    assert columns.stream("prospective/age").random() != before


def test_naming_the_tables_loads_neither_pandas_nor_scipy():
    code = (
        "import sys; from toolkit.demo import DEMO_PLAN, DEMO_SEED, DEMO_TABLES; "
        "print(sorted({'pandas', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_demo_tables_are_tables_that_exist():
    assert {name for names in DEMO_TABLES.values() for name in names} <= set(TABLES)
