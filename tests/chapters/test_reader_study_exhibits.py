"""What chapter 07 says: every sentence follows from its results, in each branch."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.chapters.given import whole
from tests.reader_study_sample import drawn_ratings, frames, reader_tables
from toolkit.chapters.reader_study import exhibits
from toolkit.chapters.reader_study.analysis import Plan, ReadingOrder, analyse
from toolkit.words.sentences import agreement_sentence, estimate_phrase
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER

NAN = math.nan


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def called(rating, cut=0.8):
    return np.where(np.isnan(rating), NAN, (rating >= cut).astype(float))


def analysed(rating, truth, plan=None, *, calls=True, **tables):
    call = called(rating) if calls else None
    return analyse(frames(*reader_tables(rating, truth, call=call, **tables)), plan or Plan())


def crossed(plan=None, **changes):
    rating, truth = drawn_ratings()
    return analysed(rating, truth, plan, **changes)


def with_gap(plan=None, **changes):
    rating, truth = drawn_ratings()
    rating[3, 1, 0] = NAN
    return analysed(rating, truth, plan, **changes)


def single(**changes):
    rating, truth = drawn_ratings(1)
    return analysed(rating, truth, **changes)


def nested():
    whole, truth = drawn_ratings(6)
    rating = np.full(whole.shape, NAN)
    rating[:, :3, 0], rating[:, 3:, 1] = whole[:, :3, 0], whole[:, 3:, 1]
    return analysed(rating, truth, Plan(design="readers nested in modality"))


def split():
    rating, truth = drawn_ratings(6)
    first = np.arange(60) < 30
    rating[first, :3] = rating[~first, 3:] = NAN
    return analysed(rating, truth, Plan(design="split plot"))


def calls_only():
    rating, truth = drawn_ratings()
    tables = reader_tables(rating * NAN, truth, call=called(rating))
    return analyse(frames(*tables), Plan(endpoint="sensitivity"))


def levels(n_levels=2):
    rating, truth = drawn_ratings(levels=n_levels)
    return analysed(rating, truth, calls=False)


STUDIES = {
    "crossed": crossed,
    "margin": lambda: crossed(Plan(margins={"auc": 0.05})),
    "gap": with_gap,
    "gap in calls": lambda: with_gap(Plan(endpoint="sensitivity")),
    "single": single,
    "nested": nested,
    "split": split,
    "calls": calls_only,
    "no calls": lambda: crossed(calls=False),
    "clusters": lambda: crossed(patient=np.arange(60) // 2),
    "levels": levels,
    "cases fixed": lambda: crossed(Plan(random="readers")),
    "pseudovalues": lambda: crossed(Plan(method="dbm")),
}


@pytest.fixture(scope="module", params=STUDIES)
def any_study(request):
    return STUDIES[request.param]()


FIGURES = (exhibits.reading_map, exhibits.roc, exhibits.change, exhibits.variance)
TABLES = (
    exhibits.endpoint_table,
    exhibits.analysis_table,
    exhibits.reader_table,
    exhibits.component_table,
)


def test_every_exhibit_is_made_of_any_study(any_study):
    head = exhibits.head(any_study)
    assert len(head.facts) == 3
    assert "nan" not in head.answer.lower()
    for made in (make(any_study) for make in FIGURES):
        assert made.finding
        if made.figure is not None:
            assert made.figure.axes
            assert made.figure.get_size_inches()[0] == 7.5
            assert made.caption
            assert 0 < len(made.alt) <= 250
    for made in (make(any_study) for make in TABLES):
        for row in made.table.rows if made else ():
            cells = getattr(row, "cells", row)
            assert len(cells) in (1, len(made.table.columns))
    curves = exhibits.roc(any_study)
    assert curves.data is None or len(curves.data) == 2 * len(any_study.rows)


def test_any_study_prints_as_a_screenful(any_study):
    assert len(repr(any_study)) < 2500
    assert len(any_study._repr_html_()) < 4000


def test_every_record_survives_being_written(any_study):
    for result in exhibits.record(any_study).values():
        assert type(result).from_dict(result.to_dict()).to_dict() == result.to_dict()


# --- answer -------------------------------------------------------------------------------------


def with_difference(low, high, *, margin=None, p_value=0.03):
    """The crossed study with another interval of its primary comparison."""
    study = crossed(Plan(margins={"auc": margin}))
    change = replace(study.primary.difference, ci_low=low, ci_high=high, p_value=p_value)
    primary = replace(study.primary, difference=change)
    return replace(study, endpoints={**study.endpoints, "auc": primary})


@pytest.mark.parametrize(
    ("low", "high", "margin", "ends"),
    [
        (0.01, 0.1, None, "the interval lies above zero."),
        (-0.01, 0.1, None, "the interval includes zero."),
        (-0.2, -0.1, None, "the interval lies below zero, where aided reading is worse."),
        (-0.01, 0.1, 0.05, "the interval stays above the margin of −0.05."),
        (-0.06, 0.1, 0.05, "the interval crosses the margin of −0.05."),
        (-0.2, -0.1, 0.05, "the interval lies below the margin of −0.05."),
    ],
)
def test_the_answer_says_where_the_interval_lies(low, high, margin, ends):
    text = plain(exhibits.head(with_difference(low, high, margin=margin)).answer)
    assert text.startswith("The mean AUC of five readers was 0.705 for unaided reading")
    assert ends in text


def test_the_question_follows_from_the_margin():
    assert exhibits.head(crossed()).question == (
        "Are readers more accurate with aided reading than with unaided reading?"
    )
    assert exhibits.head(crossed(Plan(margins={"auc": 0.05}))).question == (
        "Are readers at least as accurate with aided reading as with unaided reading?"
    )


def test_the_answer_counts_the_readers_who_gained():
    study = crossed()
    gained = sum(one.estimate > 0 for one in study.reader_differences("auc"))
    assert gained == 4
    assert exhibits.head(study).answer.endswith(
        "Four of five readers had a higher AUC with aided reading."
    )
    assert "All five readers had a higher sensitivity" in exhibits.head(calls_only()).answer


def test_the_answer_says_what_limits_it():
    assert "are missing, so the analysis is that of U-statistics" in whole(
        exhibits.head(with_gap())
    )
    asked = whole(exhibits.head(with_gap(Plan(method="u_statistic"))))
    assert asked.endswith("1 of 600 readings are missing.")
    three = whole(exhibits.head(analysed(*drawn_ratings(3))))
    assert three.endswith("Three readers are too few to speak for readers in general.")
    assert "Three readers in a modality are too few" in whole(exhibits.head(nested()))
    fixed = whole(exhibits.head(crossed(Plan(random="readers"))))
    assert fixed.endswith("the answer holds for these examinations only.")
    assert "All five readers used two levels of ratings at most" in whole(exhibits.head(levels()))
    assert "levels of ratings" not in whole(exhibits.head(levels(5)))


def test_one_reader_is_said_to_be_one():
    text = plain(whole(exhibits.head(single())))
    assert text.startswith(
        "The mean AUC of one reader cannot be compared: one reader alone "
        "says nothing of readers in general. For this reader alone: a difference of"
    )
    assert text.endswith("which says nothing of other readers.")
    assert exhibits.head(single()).bar is None
    assert exhibits.head(crossed()).bar is not None


def test_facts_name_design_and_analysis():
    facts = dict(exhibits.head(crossed()).facts)
    assert facts["Examinations"] == "60 (30 with cancer)"
    assert facts["Readers"] == "5, fully crossed"
    assert facts["Analysis"] == "Obuchowski–Rockette. Readers and cases random; DeLong"
    assert dict(exhibits.head(with_gap()).facts)["Analysis"].endswith("U-statistic")


@pytest.mark.parametrize(
    ("endpoint", "other"), [("sensitivity", "Specificity"), ("specificity", "Sensitivity")]
)
def test_sensitivity_never_stands_without_specificity_in_the_answer(endpoint, other):
    study = crossed(Plan(endpoint=endpoint))
    change = study.endpoints[other.lower()].difference
    said = f"{other} differs by {estimate_phrase(change)}."
    assert said in exhibits.head(study).answer
    assert "differs by" not in exhibits.head(crossed()).answer


def marks_of(readings, least=0.5):
    """Return one mark of each reading that is rated above a number, as high as its rating."""
    key = ["reader_id", "case_id", "modality", "session", "rating"]
    return readings[readings["rating"] > least][key].assign(mark_id="1")


def test_ratings_of_the_highest_marks_are_said_to_be_inferred():
    rating, truth = drawn_ratings()
    readings, readers, cases = reader_tables(np.maximum(rating, 0.5), truth)
    marks = marks_of(readings)
    answer = whole(exhibits.head(analyse(frames(readings, readers, cases, marks), Plan())))
    assert "Each rating is that of the reading's highest mark" in answer
    second = marks.assign(mark_id="2", rating=marks["rating"] - 9)  # a lower mark changes nothing
    both = pd.concat([marks, second], ignore_index=True)
    lowest = readings.assign(rating=readings["rating"].where(readings["rating"] > 0.5, -99.0))
    assert analyse(frames(lowest, readers, cases, both), Plan()).from_marks
    other = marks.assign(rating=marks["rating"] + 1)
    for given in (None, other, marks.iloc[:0]):
        study = analyse(frames(readings, readers, cases, given), Plan())
        assert not study.from_marks
        assert "highest mark" not in whole(exhibits.head(study))


def kinds_of(specialist):
    rating, truth = drawn_ratings(6)
    readings, readers, cases = reader_tables(rating, truth, call=called(rating))
    return analyse(frames(readings, readers.assign(specialist=specialist), cases), Plan())


def test_each_kind_of_readers_has_the_analysis_of_its_own_readers():
    study = kinds_of([1, 1, 1, 0, 0, 0])
    rating, truth = drawn_ratings(6)
    assert list(study.kinds) == ["Breast radiologists (3)", "General radiologists (3)"]
    for one, own in zip(study.kinds.values(), (rating[:, :3], rating[:, 3:]), strict=True):
        alone = analysed(own, truth).primary.difference
        assert (one.difference.estimate, one.difference.ci_low) == (alone.estimate, alone.ci_low)
        ours = one.difference.to_dict()
        assert ours in [made.to_dict() for made in exhibits.record(study).values()]
    made = exhibits.change(study)
    assert "; breast radiologists (3) +" in made.finding
    assert "not tested against each other" in made.caption
    labels = [text.get_text() for text in made.figure.texts]
    assert labels.index("Mean") < labels.index("General radiologists (3)")
    assert list(made.data["label"][-3:]) == [*study.kinds, "Mean"]


@pytest.mark.parametrize("specialist", [[1] * 6, [NAN] * 6, [0, 0, NAN, 0, 0, 0]])
def test_one_kind_of_readers_is_no_comparison(specialist):
    study = kinds_of(specialist)
    assert study.kinds == {}
    assert "radiologists" not in exhibits.change(study).finding


def test_one_specialist_alone_has_no_row():
    study = kinds_of([1, NAN, 0, 0, 0, 0])
    assert "one reader alone" in study.kinds["Breast radiologists (1)"].difference.note
    assert "reast radiologists" not in exhibits.change(study).finding


# --- who read what ------------------------------------------------------------------------------


def test_a_map_is_drawn_only_where_not_everybody_read_everything():
    made = exhibits.reading_map(crossed())
    assert made.figure is None
    assert made.finding == "Each of five readers read all 60 examinations in both modalities."
    gap = with_gap()
    assert exhibits.reading_map(gap).finding == (
        "1 of the 600 readings that five readers could have made of 60 examinations are missing."
    )
    assert "Light, not read." in exhibits.reading_map(gap).caption
    assert exhibits.reading_map(gap).caption.endswith("incomplete, declared as fully crossed.")
    assert "different readers are compared" in exhibits.reading_map(nested()).finding
    made = exhibits.reading_map(split())
    assert made.finding.startswith("Two groups of readers read examinations of their")
    assert made.caption.endswith("split plot, as declared.")
    assert len(made.data) == 2 * 6
    base = crossed()
    for kind, found in (
        ("cases nested in reader", "Each reader read examinations of their own"),
        ("cases nested in modality", "Each modality was read on examinations of its own"),
    ):
        other = replace(base, design=replace(base.design, kind=kind))
        assert exhibits.reading_map(other).finding.startswith(found)


def test_map_data_counts_by_truth():
    frame = exhibits.reading_map(
        with_gap()
    ).data  # case 3 has cancer, reader 1 did not read it unaided
    row = frame[(frame["reader"] == "R2") & (frame["modality"] == "unaided")].iloc[0]
    assert (row["with_cancer"], row["without_cancer"]) == (29, 30)


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ((0, 0, 0, NAN), "Nobody read an examination in both modalities."),
        (
            (9, 0, 0, NAN),
            "Nine pairs of readings are of one reader, one examination and both modalities; the "
            "data do not say which reading came first.",
        ),
        (
            (9, 4, 5, 43.0),
            "in 4 of them unaided reading came first, in 5 aided reading. The two readings were at "
            "least 43 days apart.",
        ),
        (
            (9, 4, 3, NAN),
            "in 3 aided reading, and 2 are not known. How long apart the two readings were is not "
            "in the data.",
        ),
    ],
)
def test_the_order_of_readings_is_said_as_far_as_it_is_known(order, text):
    pairs, a_first, b_first, gap = order
    made = ReadingOrder(n_pairs=pairs, n_a_first=a_first, n_b_first=b_first, shortest_gap_days=gap)
    assert exhibits.order(replace(crossed(), order=made)).endswith(text)


# --- readers ------------------------------------------------------------------------------------


def test_roc_words_count_what_the_calls_did():
    study = crossed()
    found = sum(
        r.calls[1].sensitivity.estimate > r.calls[0].sensitivity.estimate for r in study.rows
    )
    more = sum(
        r.calls[1].specificity.estimate < r.calls[0].specificity.estimate for r in study.rows
    )
    assert (found, more) == (5, 3)
    assert exhibits.roc(study).finding == (
        "With aided reading all five readers found more of the cancers, and three of five readers "
        "recalled more of the examinations without."
    )
    assert "Open circle to arrow head" in exhibits.roc(study).caption


def test_roc_words_without_calls_and_without_ratings():
    study = crossed(calls=False)
    assert exhibits.roc(study).finding == "ROC curves of five readers."
    assert "arrow head" not in exhibits.roc(study).caption
    study = calls_only()
    assert exhibits.roc(study).figure is None
    assert "no curves" in exhibits.roc(study).finding


def test_many_readers_are_cut_and_it_is_said():
    rating, truth = drawn_ratings(33, 24)
    study = analysed(rating, truth)
    assert exhibits.roc(study).caption.endswith("The first 30 of 33 readers.")
    assert "The 30 largest gains of 33." in exhibits.change(study).caption
    assert "The first 30 of 33 readers." in exhibits.reader_table(study).table.foot
    assert len(exhibits.change(study).data) == 31


def test_change_words_give_the_range_and_the_mean():
    study = crossed()
    text = plain(exhibits.change(study).finding)
    assert text.startswith("Single readers differ from −0.064 (R2) to +0.139 (R5); the mean is")
    assert "diamond, mean of five readers (readers and cases random; DeLong)" in plain(
        exhibits.change(study).caption
    )
    assert "Dashed" not in exhibits.change(study).caption
    margin = crossed(Plan(margins={"auc": 0.05}))
    assert "Dashed, the margin of −0.05; shaded, worse." in plain(exhibits.change(margin).caption)


def test_change_words_without_a_mean_and_without_readers():
    assert "the mean is not defined (one reader alone" in exhibits.change(single()).finding
    assert "diamond" not in exhibits.change(single()).caption
    gap = with_gap(Plan(endpoint="sensitivity"))
    assert "the mean is not defined (1 of 600 readings" in exhibits.change(gap).finding
    assert exhibits.change(nested()).figure is None
    assert exhibits.change(nested()).finding.endswith("no reader read in both modalities.")


# --- tables -------------------------------------------------------------------------------------


def test_endpoint_table_puts_the_primary_first_and_says_what_is_missing():
    view = exhibits.endpoint_table(crossed(Plan(endpoint="specificity"))).table
    assert [row.cells[0] for row in view.rows] == ["Specificity (%)", "AUC", "Sensitivity (%)"]
    assert [row.kind for row in view.rows] == ["emphasis", "plain", "plain"]
    assert "The chapter's endpoint is specificity" in view.foot
    foot = exhibits.endpoint_table(calls_only()).table.foot
    assert "AUC is not compared: the readers gave no ratings." in foot
    foot = plain(exhibits.endpoint_table(with_gap()).table.foot)
    assert "For these readers only the difference is +" in foot
    assert "For this reader only" in plain(exhibits.endpoint_table(single()).table.foot)
    assert "of 30 women, who are what" in exhibits.endpoint_table(STUDIES["clusters"]()).table.foot
    thresholds = crossed(Plan(recall_rating=0.8), calls=False)
    assert "else a rating of 0.8 or more" in exhibits.endpoint_table(thresholds).table.foot


def test_endpoint_table_keeps_the_interval_of_a_mean_within_the_range():
    rating, truth = drawn_ratings(3, 24)
    rating[truth == 1] += 3.0
    rating[1, 0, 0] = rating[3, 1, 1] = -9.0
    study = analysed(rating, truth)
    assert all(0 < m.ci_low < m.ci_high < 1 for m in study.primary.analysis.modalities)
    assert "of the means on the logit scale." in exhibits.endpoint_table(study).table.foot


def test_analysis_table_holds_the_primary_and_every_alternative():
    study = crossed()
    view = exhibits.analysis_table(study).table
    names = [row.cells[0] for row in view.rows]
    assert names[:3] == ["Analysis of the answer", study.primary.name, "Other analyses"]
    assert names[3:] == [other.name for other in study.alternatives]
    percent = exhibits.analysis_table(calls_only()).table
    assert "in percentage points" in percent.foot
    foot = exhibits.analysis_table(STUDIES["clusters"]()).table.foot
    assert "“Readers and cases random; U-statistic” is not defined: some women" in foot
    three = exhibits.analysis_table(analysed(*drawn_ratings(3))).table.foot
    assert "3 readers are too few to speak for readers in general." in three


def test_agreement_sentence_in_each_branch():
    flag = "the analysis “x” excludes no difference, the primary interval does not"
    assert agreement_sentence([]) == "No other analysis is defined for these readings."
    assert agreement_sentence([""]) == "The other analysis agrees with that of the answer."
    assert agreement_sentence(["", ""]).startswith("All other analyses agree")
    assert agreement_sentence([flag]).startswith(
        f"The other analysis disagrees with that of the answer: {flag}."
    )
    assert agreement_sentence([flag, ""]).startswith("One of two other analyses disagrees")
    assert agreement_sentence([flag, flag]).startswith("Two of two other analyses disagree")
    assert "nothing can be compared" in exhibits.agreement(single())
    assert exhibits.agreement(crossed()).startswith("All other analyses agree")


def test_reader_table_gives_counts_where_denominators_differ():
    study = crossed()
    view = exhibits.reader_table(study).table
    assert view.columns[1].span == "Sensitivity (%, N = 30)"
    row = view.rows[1]
    expected = called(drawn_ratings()[0])[1::2, 0, 0].mean()
    assert row.cells[0] == "R1"
    assert row.cells[1] == f"{100 * expected:.1f}"
    gap = with_gap()
    view = exhibits.reader_table(gap).table
    assert view.columns[1].span == "Sensitivity (n/N, %)"
    assert view.rows[2].cells[1].split(" ")[0].endswith("/29")
    missing = crossed(calls=False)
    assert exhibits.reader_table(missing) is None


def test_mean_sentence_names_both_or_points_to_the_table():
    assert plain(exhibits.call_changes(crossed())).startswith(
        "With aided reading the readers' calls changed: sensitivity by +14.0 points (95% CI"
    )
    assert exhibits.call_changes(with_gap()).endswith("the table says why.")


# --- variance -----------------------------------------------------------------------------------


def test_variance_words_name_the_largest_share_and_what_is_below_zero():
    study = crossed()
    components = study.primary.analysis.components
    assert components.var_reader_modality < 0
    assert components.cov2 < components.cov3
    assert exhibits.variance(study).finding == (
        "The largest share, 100.0% of the variance, arises because single readings vary; it "
        "shrinks with more readers and more cases."
    )
    assert "was estimated below 0 and counts as none" in exhibits.variance(study).caption
    foot = exhibits.component_table(study).table.foot
    assert foot.endswith("One below 0 is not to be told from none.")
    assert list(exhibits.variance(study).data["share"]) == [0.0, 1.0, 0.0]


def test_variance_is_not_split_where_the_analysis_has_no_components():
    for study in (with_gap(), nested(), single(), crossed(Plan(random="readers"))):
        assert exhibits.variance(study).figure is None
        assert exhibits.variance(study).finding.endswith("so the variance is not split.")
        assert exhibits.variance(study).caption == ""
        assert exhibits.variance(study).data is None
        assert exhibits.component_table(study) is None
