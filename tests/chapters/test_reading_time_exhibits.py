"""What chapter 09 says: every sentence follows from its results, whatever the data lack."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.chapters.given import whole
from tests.chapters.test_reading_time_analysis import NONE, analysed, random_times
from toolkit.chapters.reading_time import analysis, exhibits, other_analyses
from toolkit.chapters.reading_time.analysis import ending, time_groups
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def study(times=None, *, margin=None, pauses="cut", limit=600.0, **columns):
    plan = {"time_ratio_margin": margin, "pauses": pauses, "pause_limit_s": limit}
    return analysed(random_times() if times is None else times, plan=plan, **columns)


def steady(ratio, *, n_readers=4, scale=0.05):
    """Times of 20 cases whose ratio varies little between readers and cases."""
    times = random_times(n_cases=20, n_readers=n_readers, rng=8, scale=scale)
    return times / np.exp(np.log(times).mean(axis=(0, 1))) * [60.0, 60.0 * ratio]


@pytest.fixture
def without_models(monkeypatch):
    """No mixed model is fitted, which takes most of the time of an analysis."""
    monkeypatch.setattr(analysis, "time_models", lambda *_: ((), "not fitted"))


def labels(view):
    return [row.cells[0] for row in view.rows]


# ------------------------------------------------------------------------- question and answer


@pytest.mark.parametrize(
    ("ratio", "margin", "place"),
    [
        (0.8, None, "lies below 1."),
        (1.25, None, "lies above 1, where aided reading is worse."),
        (1.0, None, "includes 1."),
        (1.0, 1.1, "stays below the margin of 1.1."),
        (1.25, 1.1, "lies above the margin of 1.1."),
        (1.1, 1.1, "crosses the margin of 1.1."),
    ],
)
def test_answer_says_where_the_interval_lies(ratio, margin, place):
    result = study(steady(ratio), margin=margin)
    if ratio == 1.1:  # centred on the margin, so that the interval crosses it
        result = study(steady(1.1, scale=0.2), margin=margin)
    text = plain(exhibits.head(result).answer)
    assert text.startswith("The geometric mean reading time was ")
    assert place in text
    assert " s for unaided reading and " in text


def test_question_depends_on_the_margin():
    assert exhibits.head(study()).question == "Is aided reading faster than unaided reading?"
    assert (
        exhibits.head(study(margin=1.1)).question
        == "Does aided reading take no longer than unaided reading?"
    )


def test_answer_names_both_means_and_where_the_interval_lies():
    result = study(steady(0.8))
    a, b = (one.estimate for one in result.primary.times.modalities)
    text = plain(exhibits.head(result).answer)
    assert f"was {a:.0f} s for unaided reading and {b:.0f} s for aided reading" in text
    assert f"a ratio of {result.primary.difference.estimate:.2f} (95% CI" in text
    assert text.endswith("and the interval lies below 1.")
    assert "stays below the margin of 1.1." in plain(
        exhibits.head(study(steady(0.8), margin=1.1)).answer
    )


@pytest.mark.usefixtures("without_models")
def test_answer_says_what_limits_it():
    one = plain(whole(exhibits.head(study(steady(0.8, n_readers=1)))))
    assert one.endswith("This holds for one reader, on examinations like these; for no other.")
    few = plain(whole(exhibits.head(study(steady(0.8, n_readers=3)))))
    assert few.endswith("Three readers are too few to speak for readers in general.")
    times = steady(0.8)
    times[:2, 0, 0] = NONE
    gaps = plain(whole(exhibits.head(study(times))))
    assert gaps.endswith("It rests on 18 of 20 examinations, those with every time.")


@pytest.mark.usefixtures("without_models")
def test_undefined_answer_gives_the_reason_and_no_bar():
    times = random_times(n_readers=2)
    times[:, 0, 0], times[:, 1, 1] = NONE, NONE
    result = study(times)
    assert exhibits.head(result).answer == (
        "The geometric mean reading time cannot be compared: no reader has times in both "
        "modalities."
    )
    assert exhibits.head(result).bar is None
    facts = dict(exhibits.head(result).facts)
    assert facts["Times"] == "None in this analysis"
    assert facts["Per 100 examinations"] == "Not defined"


def test_bar_and_facts():
    result = study(steady(0.8), margin=1.1)
    bar = exhibits.head(result).bar
    assert (bar.left, bar.right, bar.log) == ("aided faster", "aided slower", True)
    assert bar.marks[0].value == 1.1
    facts = dict(exhibits.head(result).facts)
    assert facts["Times"] == "160: four readers, 20 examinations"
    assert facts["Analysis"] == "ANOVA of log times; readers and cases random"
    seconds = result.primary.times.seconds
    assert plain(facts["Per 100 examinations"]).startswith(
        f"−{abs(seconds.estimate) * 100 / 60:.1f} min (95% CI −"
    )
    one = dict(exhibits.head(study(steady(0.8, n_readers=1))).facts)
    assert one["Analysis"] == "Paired t on log times; this reader only"


def test_minutes_without_an_interval_are_the_estimate_alone():
    result = study(random_times(n_cases=1))
    text = dict(exhibits.head(result).facts)["Per 100 examinations"]
    assert text.endswith(" min")


# ------------------------------------------------------------------------------------ the times


@pytest.mark.usefixtures("without_models")
def test_spread_counts_pauses_and_names_the_rule():
    times = steady(0.8)
    times[0, 0, 0] = 900.0
    result = study(times)
    finding = plain(exhibits.spread(result).finding)
    assert finding.startswith("The median reading took ")
    assert finding.endswith("longer than 600 s: 1 of 160 (0.6%).")
    assert "are counted as 600 s." in plain(exhibits.spread(result).caption)
    excluded = study(times, pauses="excluded")
    assert "are left out." in plain(exhibits.spread(excluded).caption)
    kept = study(times, pauses="kept")
    assert "are kept as recorded." in plain(exhibits.spread(kept).caption)
    assert exhibits.spread(result).figure is not None
    assert list(exhibits.spread(result).data["reader"]) == [
        "R1",
        "R2",
        "R3",
        "R4",
        "All",
    ]


@pytest.mark.usefixtures("without_models")
def test_spread_without_pauses_and_with_slips_of_the_clock():
    times = steady(0.8)
    times[0, 0] = [1.0, 2.0]
    result = study(times)
    assert plain(exhibits.spread(result).finding).endswith("no time is longer than 600 s.")
    caption = plain(exhibits.spread(result).caption)
    assert "Times as recorded. Two times under 3 s not drawn." in caption


@pytest.mark.usefixtures("without_models")
def test_spread_of_one_modality_and_of_none():
    times = steady(0.8)
    times[:, :, 1] = 1.0
    one = study(times)
    assert " and " not in plain(exhibits.spread(one).finding)
    assert exhibits.spread(one).figure is not None
    none = study(times * 0 + 1.0)
    assert exhibits.spread(none).figure is None
    assert plain(exhibits.spread(none).finding) == "No reading has a time of 3 s or more."


def test_one_reader_has_no_row_of_all():
    figure = exhibits.spread(study(steady(0.8, n_readers=1))).figure
    assert "All" not in [text.get_text() for text in figure.texts]


@pytest.mark.parametrize("pauses", ["cut", "excluded", "kept"])
@pytest.mark.usefixtures("without_models")
def test_count_table_adds_up(pauses):
    times = steady(0.8)
    times[0, 0] = [900.0, NONE]
    times[1, 1] = [1.0, 800.0]
    result = study(times, pauses=pauses)
    rows = {row.cells[0]: row.cells[1:] for row in exhibits.count_table(result).table.rows}
    plain_rows = {plain(name): values for name, values in rows.items()}
    parts = ["Without a time", "Under 3 s, left out"]
    words = {"cut": "counted as 600 s", "excluded": "left out", "kept": "kept as recorded"}[pauses]
    if pauses == "excluded":
        parts.append(f"Over 600 s, {words}")
        assert plain_rows[parts[-1]] == ["1", "1"]
    else:
        assert plain_rows[f"of these over 600 s, {words}"] == ["1", "1"]
    for place in range(2):
        total = sum(int(plain_rows[part][place]) for part in [*parts, "Times that count"])
        assert total == int(plain_rows["Completed readings"][place]) == 80
    assert plain_rows["In the analysis"] == ["72", "72"]  # 18 of 20 cases, 4 readers


@pytest.mark.usefixtures("without_models")
def test_count_table_names_what_is_left_out():
    times = steady(0.8)
    assert exhibits.count_table(study(times)).table.foot == (
        "The analysis needs every time of an examination."
    )
    times[0, 0, 0] = NONE
    foot = exhibits.count_table(study(times)).table.foot
    assert foot.endswith("One examination lacks one or more.")
    times[:, 3, 1] = NONE
    times[1, 0, 0] = NONE
    foot = exhibits.count_table(study(times)).table.foot
    assert "Two examinations lack one or more." in foot
    assert "One reader without times in both modalities is left out." in foot


# ----------------------------------------------------------------------------------- the forest


def test_forest_shows_every_reader_and_all():
    result = study(steady(0.8))
    assert exhibits.forest(result).figure is not None
    finding = plain(exhibits.forest(result).finding)
    assert finding.startswith("Of four readers, four were faster in aided reading: the ratio runs")
    assert "that of all is 0.8" in finding
    caption = plain(exhibits.forest(result).caption)
    assert (
        "diamond, all readers (ANOVA of log times, readers and cases random; P < .001 for"
        in caption
    )
    assert caption.endswith("20 examinations, 160 times; no time was over 600 s.")
    assert "margin" not in caption
    assert exhibits.forest(result).data["reader"].iloc[0] == "All readers"


def test_forest_counts_those_who_were_faster():
    times = steady(0.8, n_readers=2)
    times[:, 1] = times[:, 1, ::-1]
    finding = plain(exhibits.forest(study(times)).finding)
    assert finding.startswith("Of two readers, one was faster in aided reading: the ratio runs")


def test_forest_caption_tells_margin_pauses_and_patients():
    times = steady(0.8)
    times[0, 0, 0] = 900.0
    patients = ["p0", "p0", *(f"p{case}" for case in range(2, 20))]
    caption = plain(exhibits.forest(study(times, margin=1.1, patients=patients)).caption)
    assert "Shaded, longer than the margin." in caption
    assert "one time over 600 s counted as 600 s." in caption
    assert caption.count("patients as cases") == 2


def test_forest_of_one_reader_has_no_diamond():
    result = study(steady(0.8, n_readers=1))
    assert plain(exhibits.forest(result).finding).startswith("This reader's ratio of times is 0.8")
    assert "diamond" not in exhibits.forest(result).caption
    assert exhibits.forest(result).figure is not None


@pytest.mark.usefixtures("without_models")
def test_forest_without_a_pooled_ratio_shows_each_reader():
    times = random_times(n_readers=2)
    times[:6, 0], times[6:, 1] = NONE, NONE
    result = study(times)
    assert exhibits.forest(result).figure is not None
    caption = exhibits.forest(result).caption
    assert "each on the examinations with both times" in caption
    assert "diamond" not in caption
    assert "that of all is not defined (no examination" in exhibits.forest(result).finding


@pytest.mark.usefixtures("without_models")
def test_forest_of_nobody_says_why():
    times = random_times(n_readers=2)
    times[:, 0, 0], times[:, 1, 1] = NONE, NONE
    result = study(times)
    assert exhibits.forest(result).figure is None
    assert exhibits.forest(result).finding == (
        "No ratio of times is defined: no reader has times in both modalities."
    )


@pytest.mark.usefixtures("without_models")
def test_many_readers_are_cut_and_counted():
    result = study(random_times(n_cases=3, n_readers=32))
    assert "The first 30 of 32 readers." in exhibits.forest(result).caption
    assert "The first 30 of 32 readers." in exhibits.spread(result).caption
    assert len(exhibits.forest(result).data) == 31


# ----------------------------------------------------------------------------------- the tables


def test_analysis_table_shows_that_of_the_answer_first_and_says_when_all_agree():
    times = steady(0.8)
    times[0, 0, 0] = 900.0
    view = other_analyses.analysis_table(study(times)).table
    assert [plain(label) for label in labels(view)] == [
        "Analysis of the answer",
        "ANOVA, pauses counted as 600 s",
        "Other analyses",
        "ANOVA, pauses left out",
        "ANOVA, pauses kept as recorded",
    ]
    assert "All analyses agree with that of the answer." in view.foot
    assert "the mixed model without order is the ANOVA" in view.foot
    assert "Order is not allowed for: the order of reading is not recorded." in view.foot
    assert all(len(row.cells) in (1, len(view.columns)) for row in view.rows)
    assert view.rows[3].cells[1] == "152"  # 19 cases, 4 readers, both modalities


def test_analysis_table_names_what_lies_elsewhere():
    times = steady(0.97, scale=0.01)
    times[0, 0, 0] = 90_000.0
    result = study(times, pauses="kept")
    foot = plain(other_analyses.analysis_table(result).table.foot)
    assert "Other than that of the answer, whose interval includes 1: " in foot
    assert "“ANOVA, pauses left out” (lies below 1)" in foot


def test_analysis_table_shows_models_and_what_is_missing():
    times = random_times()
    times[3, 1, 0] = NONE
    order = np.arange(72).reshape(12, 3, 2) + 1
    view = other_analyses.analysis_table(study(times, order=order)).table
    assert labels(view)[-2:] == ["Mixed model, every time", "Mixed model, order allowed for"]
    missing = "They take 1 of 72 times, missing or left out, as missing at random."
    assert view.foot.count(missing) == 1
    assert "restricted maximum likelihood" in view.foot
    assert "is the ANOVA" not in view.foot


def test_model_that_did_not_converge_or_lies_on_the_boundary_says_so():
    times = random_times()
    times[3, 1, 0] = NONE
    result = study(times)
    model = replace(
        result.models[0].model, converged=False, boundary=("reader by modality",), n_missing=0
    )
    one = replace(result.models[0], model=model, detail=ending(model))
    shown = replace(result, models=(one,))
    foot = other_analyses.analysis_table(shown).table.foot
    assert "every time: the fit did not converge, so it has no interval; a variance of zero" in foot
    assert "for reader by modality; trust the ANOVA instead." in foot
    mild = replace(model, converged=True, boundary=("case",))
    shown = replace(result, models=(replace(one, model=mild, detail=ending(mild)),))
    assert "trust" not in other_analyses.analysis_table(shown).table.foot


def test_analysis_table_of_clustered_patients_and_of_one_reader():
    patients = ["p0", "p0", *(f"p{case}" for case in range(2, 20))]
    foot = other_analyses.analysis_table(study(steady(0.8), patients=patients)).table.foot
    assert "The 20 examinations come from 19 women, whose log times were averaged." in foot
    assert "Mixed model, every time: not defined, the mixed model takes examinations as" in foot
    alone = other_analyses.analysis_table(study(steady(0.8, n_readers=1))).table
    assert plain(labels(alone)[1]) == "Paired t, pauses counted as 600 s"
    assert "this reader only" in alone.foot
    assert "Order is not" not in alone.foot


def test_minutes_are_those_of_a_hundred_examinations():
    times = np.full((3, 2, 2), 60.0)
    times[:, :, 1] = [[30.0, 36.0], [24.0, 30.0], [36.0, 24.0]]
    view = other_analyses.minutes_table(study(times)).table
    (row,) = view.rows
    assert plain(row.cells[0]) == "Pauses counted as 600 s"
    assert row.cells[1:4] == ["100.0", "50.0", "−50.0"]
    assert "readers and cases random" in view.foot
    alone = other_analyses.minutes_table(study(times[:, :1])).table
    assert "this reader only" in alone.foot
    single = other_analyses.minutes_table(study(times[:1])).table
    assert single.rows[0].cells[4] == "—"
    assert "No interval: one case has no variance." in single.foot


@pytest.mark.usefixtures("without_models")
def test_minutes_of_nothing_are_no_table():
    times = random_times(n_readers=2)
    times[:, 0, 0], times[:, 1, 1] = NONE, NONE
    result = study(times)
    assert other_analyses.minutes_table(result) is None
    foot = other_analyses.analysis_table(result).table.foot
    assert "not defined, no reader has times in both modalities." in foot


# ---------------------------------------------------------------------------------- the order


@cache
def ordered(change, *, n_readers=4, n_cases=30):
    """Times that change along the order by a factor a hundred places."""
    draw = np.random.default_rng(3)
    order = np.argsort(draw.random((n_cases * 2, n_readers)), axis=0).reshape(n_cases, 2, n_readers)
    order = order.transpose(0, 2, 1) + 1
    times = random_times(n_cases=n_cases, n_readers=n_readers, scale=0.2)
    return study(times * change ** (order / 100), order=order)


def test_order_finding_tells_the_change_that_was_put_in():
    result = ordered(0.5)
    finding = plain(exhibits.order(result).finding)
    assert finding.startswith("A hundred places later in the order a reading took 0.")
    assert finding.endswith("the interval shows that reading became faster.")
    (along,) = result.with_order.covariates
    assert along.ci_low < 0.5 < along.ci_high


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.8, 0.99, "the interval shows that reading became faster."),
        (1.01, 1.2, "the interval shows that reading became slower."),
        (0.99, 1.2, "the interval does not show a change."),
        (math.nan, math.nan, "times as long; the interval is not defined."),
    ],
)
def test_order_finding_follows_from_the_interval(low, high, words):
    result = ordered(0.5)
    (along,) = result.with_order.covariates
    other = replace(along, ci_low=low, ci_high=high, note="made up")
    model = replace(result.with_order, covariates=(other,))
    shown = replace(result, models=(replace(result.models[0], model=model),))
    assert exhibits.order(shown).finding.endswith(words)


def test_order_finding_names_the_second_reading():
    draw = np.random.default_rng(4)
    turns = np.where(np.arange(30)[:, None, None] % 2, ["1", "2"], ["2", "1"])
    session = np.broadcast_to(turns, (30, 4, 2))
    times = random_times(n_cases=30, n_readers=4)
    result = study(times, session=session, order=draw.integers(1, 60, (30, 4, 2)))
    finding = plain(exhibits.order(result).finding)
    assert "A second reading of an examination took " in finding
    assert finding.endswith(") as the first.")


def test_order_of_one_reader_is_described_without_an_interval():
    result = ordered(0.5, n_readers=1)
    finding = plain(exhibits.order(result).finding)
    assert finding.startswith("From the first to the last places of the order the geometric mean")
    assert "in unaided reading" in finding
    assert finding.endswith("the mixed model needs two readers with times in both modalities.")
    assert "mean of one reader" in exhibits.order(result).caption
    assert "Effects" not in exhibits.order(result).caption
    assert exhibits.order(result).figure is not None


def test_order_of_modalities_read_apart_is_described():
    order = np.broadcast_to(
        np.stack([np.arange(12), np.arange(12, 24)], axis=1)[:, None], (12, 1, 2)
    )
    result = study(random_times(n_readers=1), order=order + 1)
    finding = exhibits.order(result).finding
    assert finding == "No modality was read both early and late in the order."


def test_order_that_is_not_recorded_is_said():
    result = study()
    assert result.blocks is None
    assert exhibits.order(result).figure is None
    assert "the order is not recorded" in exhibits.order(result).finding


def test_order_figure_and_its_words():
    result = ordered(0.5)
    assert exhibits.order(result).figure is not None
    caption = exhibits.order(result).caption
    assert "in eight blocks of the order" in caption
    assert "240 times." in caption
    assert "Effects, mixed model" in caption
    data = exhibits.order(result).data
    assert data["n_a"].sum() + data["n_b"].sum() == 240


# --------------------------------------------------------------------------------- the groups


def grouped(scores, *, truth=None, cutoffs=(5.5, 9.5), times=None):
    result = study(times, truth=truth)
    scores = np.asarray(scores, dtype=float)
    groups = time_groups(result, scores, cutoffs=cutoffs)
    return replace(result, groups=groups, has_scores=not np.isnan(scores).all())


def test_groups_name_their_ends_and_compare_nothing():
    scores = [1, 2, 3, 4, 6, 7, 8, 9, 9.5, 10, 10, 10]
    result = grouped(scores)
    finding = plain(exhibits.groups(result).finding)
    first, last = result.groups[0].ratio.estimate, result.groups[2].ratio.estimate
    assert finding.startswith(f"The ratio of times is {first:.2f} (95% CI ")
    assert f"and {last:.2f} (95% CI " in finding
    assert "for a score of < 5.5 and " in finding
    assert "for a score of ≥ 9.5; " in finding
    assert "for examinations without cancer and " in finding
    caption = exhibits.groups(result).caption
    assert "not tested against each other" in caption
    assert "No AI score" not in caption
    assert exhibits.groups(result).figure is not None
    assert list(exhibits.groups(result).data["examinations"]) == [4, 4, 4, 6, 6]


def test_groups_without_scores_are_those_of_the_truth():
    scores = np.full(12, NONE)
    result = grouped(scores)
    # "No score" alone is no comparison
    assert set(exhibits.groups(result).data["groups"]) == {"Reference standard"}
    assert "No AI score is in the data" in exhibits.groups(result).caption
    assert exhibits.groups(result).figure is not None


def test_no_groups_at_all_are_said():
    scores = np.full(12, NONE)
    result = grouped(scores, truth=[np.nan] * 12)
    assert exhibits.groups(result).figure is None
    assert exhibits.groups(result).finding == (
        "No two groups of examinations have times to compare."
    )


@pytest.mark.usefixtures("without_models")
def test_a_group_without_times_is_shown_as_undefined():
    times = random_times()
    times[::2, 0, 0] = NONE
    result = grouped(np.full(12, NONE), times=times)
    assert exhibits.groups(result).figure is not None
    assert exhibits.groups(result).finding.startswith("No two groups")
    times[1::2, 1, 0] = NONE
    none = grouped(np.full(12, NONE), times=times)
    assert exhibits.groups(none).alt.endswith("none defined.")


# --------------------------------------------------------------------------- all of the chapter


def test_no_identifier_is_shown_and_alternative_texts_are_short():
    result = ordered(0.5)
    groups = time_groups(result, np.arange(30.0), cutoffs=[5.5, 9.5])
    result = replace(result, groups=groups)
    for make in (exhibits.spread, exhibits.forest, exhibits.order, exhibits.groups):
        text = make(result).alt
        assert 0 < len(text) <= 250
        assert "r0" not in text
        assert "nan" not in text


def test_record_holds_every_analysis_and_comes_back():
    times = random_times()
    times[0, 0, 0] = 900.0
    times[3, 1, 0] = NONE
    order = np.arange(72).reshape(12, 3, 2) + 1
    result = study(times, order=order)
    groups = time_groups(result, np.arange(12.0), cutoffs=[5.5])
    record = exhibits.record(replace(result, groups=groups))
    assert {
        "time_ratio",
        "time_seconds",
        "time_components",
        "time_mean_a",
        "time_mean_b",
        "time_ratio_pauses_excluded",
        "time_ratio_pauses_kept_seconds",
        "time_mixed_model",
        "time_mixed_model_with_order",
        "time_ratio_r3",
        "time_ratio_group_4",
    } <= record.keys()
    for one in record.values():
        assert type(one).from_dict(one.to_dict()).to_dict() == one.to_dict()


def test_record_of_nothing_comes_back_too():
    times = random_times(n_readers=2)
    times[:, 0, 0], times[:, 1, 1] = NONE, NONE
    record = exhibits.record(replace(study(times), groups=()))
    assert set(record) == {"time_ratio", "time_mixed_model"}
    for one in record.values():
        assert type(one).from_dict(one.to_dict()).to_dict() == one.to_dict()
