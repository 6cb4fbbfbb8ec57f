"""What chapter 08 says: sentences follow from its results, and poor data are said in words."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.chapters.given import whole
from tests.localization_sample import (
    CASES,
    hand_plan,
    hand_study,
    hand_tables,
    studied,
    without_places,
)
from toolkit.chapters.localization import analysis, exhibits
from toolkit.chapters.localization.scored import Plan
from toolkit.draw.html import headline_html, table_html
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER

AGAINST = {"comparison": "ai against readers"}
RECORDED = {"hit_rule": "as recorded", "hit_radius_mm": None}


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def page(study):
    """Return all that the chapter says of a study; every figure and table is made."""
    figures = {"curves": exhibits.curves(study), "groups": exhibits.groups(study)}
    makers = (exhibits.reader_table, exhibits.analysis_table, exhibits.missed_table)
    tables = [made and made.table for made in (make(study) for make in makers)]
    head = exhibits.head(study)
    assert headline_html(head.question, whole(head), bar=head.bar, facts=head.facts)
    texts = [
        head.question,
        whole(head),
        exhibits.agreement(study),
        exhibits.missed(study),
        *(text for made in figures.values() for text in (made.finding, made.caption, made.alt)),
    ]
    for made in figures.values():
        assert made.finding
        if made.figure is not None:
            assert made.caption
            assert 0 < len(made.alt) <= 250
            assert len(made.data)
    for view in tables:
        if view is not None:
            assert "it rule" in (html_of_table := table_html(view, number="8.1"))
            assert "nan" not in html_of_table
            texts.append(view.foot)
    text = plain(" ".join(texts))
    assert "nan" not in text
    assert not re.search(r"HrAuc|AFROC1|\bplan", text)
    assert exhibits.record(study)
    assert type(study).__name__ in repr(study)
    return {"figures": figures, "tables": tables, "text": text}


def shown(page_):
    """Return which figures and tables are there."""
    figures = {name for name, made in page_["figures"].items() if made.figure is not None}
    return figures, sum(view is not None for view in page_["tables"])


def test_whole_page_of_two_modalities_with_an_ai_beside():
    made = page(hand_study(hand_plan(missed_share=0.4, nl_per_image=0.05, size_edges_mm=(10.0,))))
    assert shown(made) == ({"curves", "groups"}, 3)
    text = made["text"]
    assert "Do readers find more lesions, in the right place, with aided reading?" in text
    assert "The mean weighted AFROC area of two readers was 0.563" in text
    assert "One of two readers did better with aided reading" in text
    assert "Two readers are too few to speak for readers in general." in text
    assert "The AI delivers no mark below a score of 20: its curve stops there" in text
    assert (
        "25.0% of the lesions were marked at 0.06 false marks per image with unaided reading, "
        "75.0% at 0.03 with aided reading and 1 of 2 at 0.13 by the AI alone" in text
    )
    assert "Hit rule: within 15 mm of the centre of the lesion." in text
    assert "1 of 2 lesions were missed by more than 40% of the readers with aided reading" in text


def test_whole_page_of_an_ai_against_readers():
    made = page(hand_study(hand_plan(**AGAINST)))
    assert "Does the AI find more lesions, in the right place, than readers do?" in made["text"]
    assert "The AI was better than one of two readers." in made["text"]
    cells = [row.cells for row in made["tables"][0].rows]
    assert cells[0][:2] == ["AI", "0.625"]
    assert cells[1][:2] == ["Mean of the readers", "0.563"]
    assert [row[0] for row in cells[2:]] == ["R1", "R2"]


def test_margin_asks_for_as_many():
    study = hand_study(hand_plan(fom_difference_margin=0.05))
    assert exhibits.question(study) == (
        "Do readers find as many lesions, in the right place, with aided reading?"
    )
    study = replace(study, plan=Plan(**hand_plan(fom_difference_margin=0.05, **AGAINST)))
    assert exhibits.question(study) == (
        "Does the AI find as many lesions, in the right place, as readers do?"
    )


@pytest.mark.parametrize(
    ("endpoint", "asked", "against"),
    [
        ("HrAuc", "tell cancer from no cancer better", "than"),
        ("HrSe", "mark more cancers", "than"),
        ("HrSp", "leave more examinations without cancer unmarked", "than"),
        ("MaxNLF", "make fewer false marks", "than"),
        ("MaxLLF", "find more lesions, in the right place,", "than"),
    ],
)
def test_question_of_every_endpoint(endpoint, asked, against):
    study = hand_study(hand_plan(endpoint=endpoint), ai=False)
    assert exhibits.question(study) == f"Do readers {asked} with aided reading?"
    study = replace(study, plan=Plan(**hand_plan(endpoint=endpoint, **AGAINST)))
    assert exhibits.question(study) == f"Does the AI {asked} {against} readers do?"


def test_page_of_an_endpoint_that_is_better_where_lower():
    made = page(hand_study(hand_plan(endpoint="MaxNLF")))
    assert "The mean number of false marks per image without cancer of two readers" in made["text"]


def test_fewer_false_marks_are_the_better_side():
    study = hand_study(hand_plan(endpoint="MaxNLF"))
    assert study.primary.difference.better == "lower"
    known = replace(study.primary.difference, ci_low=-0.1, ci_high=0.05)
    bar = exhibits.head(replace(study, primary=replace(study.primary, difference=known))).bar
    assert (bar.left, bar.right) == ("aided reading better", "unaided reading better")


def test_without_places_types_and_sizes_it_says_so():
    study = studied(without_places(hand_tables(ai=False)), hand_plan(**RECORDED))
    made = page(study)
    assert shown(made) == ({"curves"}, 2)
    text = made["text"]
    assert "no other hit rule can be tried" in text
    assert "The type of the lesions is not in the data" in text
    assert "The AI is not shown: no AI read in modality 'standalone'." in text
    assert "None of two lesions was missed by more than 50% of the readers." in text
    assert "False marks per examination" in made["tables"][0].foot + str(made["tables"][0].columns)


def test_missed_lesions_of_which_nothing_is_known_are_a_sentence():
    plan = hand_plan(missed_share=0.4, **RECORDED)
    made = page(studied(without_places(hand_tables(ai=False)), plan))
    assert made["tables"][2] is None
    assert "1 of 2 lesions were missed by more than 40%" in made["text"]
    known = page(hand_study(hand_plan(missed_share=0.4)))["tables"][2]
    assert known.rows == [["Calcification", "8", "2/2", "1/2", "missed"]]


def test_another_figure_of_merit_is_named_in_words_where_it_disagrees():
    study = hand_study()
    other = next(one for one in study.alternatives if one.endpoint == "HrAuc")
    sure = replace(other.difference, ci_low=0.1, ci_high=0.2, p_value=0.001)
    flag = analysis._flag(study.primary, replace(other, difference=sure))
    assert "\u201chighest-rating AUC, readers and cases random" in flag
    lroc = replace(other, endpoint="ALROC", difference=sure)
    assert "\u201cLROC area, readers" in analysis._flag(study.primary, lroc)


def test_ai_alone_is_shown_and_cannot_be_compared():
    made = page(hand_study(hand_plan(**AGAINST), people=()))
    assert "cannot be compared: " in made["text"]
    assert "there are no marks of readers to compare with" in made["text"]
    assert shown(made)[0] == {"curves", "groups"}
    assert "There are no marks of readers, so that no lesion" in made["text"]


def test_readers_without_the_ai_that_was_asked_for():
    made = page(hand_study(hand_plan(**AGAINST), ai=False))
    assert "no AI read in modality 'standalone'" in made["text"]


def test_one_reader():
    study = hand_study(people=("A",), ai=False)
    text = plain(whole(exhibits.head(study)))
    assert "one reader alone says nothing of readers in general" in text
    assert "For this reader alone: a difference of +0.375" in text


def test_no_examination_without_cancer():
    cases = tuple(case for case in CASES if case[2] == 1)
    made = page(hand_study(cases=cases))
    assert "no case without a lesion was read" in made["text"]


def test_unit_of_a_breast_and_of_an_image():
    for unit, counted in (("breast", "8 breasts"), ("image", "16 images")):
        text = exhibits.counts_text(hand_study(hand_plan(unit=unit), ai=False))
        assert text == f"{counted}, two lesions"


def lroc_tables():
    """Return one mark a reading; reader B marks the wrong place in C2."""
    made = hand_tables()
    readings = made.readings[made.readings["modality"] != "aided"]
    marks = readings.assign(
        mark_id="1",
        rating=np.linspace(10, 90, len(readings)),
        mark_type=["LL", "NL", "NL", "NL"] * 3,
        lesion_id=["1", None, None, None] * 3,
    ).drop(columns="status")
    marks["lesion_id"] = pd.Series(marks["lesion_id"].tolist(), dtype="str", index=marks.index)
    table = made.lesions[["case_id", "lesion_id"]]
    return replace(made, readings=readings, marks=marks, lesions=table, images=None)


def test_lroc_has_its_own_curves_and_no_false_marks():
    plan = hand_plan(
        paradigm="LROC", endpoint="PCL", false_positive_fraction=0.5, **AGAINST, **RECORDED
    )
    made = page(studied(lroc_tables(), plan))
    assert shown(made)[0] == {"curves"}
    text = made["text"]
    assert "The area under the LROC curve is" in text
    assert "share of cancers correctly localized at a false-positive fraction of 0.50" in text
    assert "delivers no mark below" not in text
    assert [column.head for column in made["tables"][0].columns][-1] == "Right places"


def test_lroc_of_two_modalities_counts_right_places():
    made = lroc_tables()
    people = made.readings["reader_id"] != "X"
    again = {"modality": "aided"}
    both = replace(
        made,
        readings=pd.concat([made.readings, made.readings[people].assign(**again)]),
        marks=pd.concat([made.marks, made.marks[made.marks["reader_id"] != "X"].assign(**again)]),
    )
    plan = hand_plan(
        paradigm="LROC",
        endpoint="ALROC",
        false_positive_fraction=None,
        ai_modality=None,
        **RECORDED,
    )
    view = page(studied(both, plan))["tables"][0]
    spans = [column.span for column in view.columns]
    assert spans == ["", "LROC area", "LROC area", "LROC area", "Right places", "Right places"]
    assert view.rows[0].cells[3] == "0.000"


def test_fixed_readers_and_fixed_cases_limit_the_answer():
    for random, only in (("cases", "readers"), ("readers", "cases")):
        study = hand_study(hand_plan(random=random), ai=False)
        text = whole(exhibits.head(study))
        assert f"the answer holds for these {only} only" in text


def test_another_result_is_marked_in_the_table_and_said():
    study = hand_study()
    flagged = replace(study.alternatives[0], flag="the analysis says otherwise")
    rule = replace(study.rules[1], flag="")
    marked = replace(study, alternatives=(flagged,), rules=(rule,))
    view = exhibits.analysis_table(marked).table
    assert [row.cells[0] for row in view.rows if row.cells[0].endswith("\u2020")] == [
        f"{flagged.name} \u2020"
    ]
    assert view.rows[-1].cells[0] == "Within 5 mm of the centre"
    assert "\u2020 Disagrees with the analysis of the answer." in view.foot
    assert "the analysis says otherwise" in exhibits.agreement(marked)


def test_no_identifier_and_no_reader_id_on_the_page():
    made = page(hand_study(hand_plan(missed_share=0.4)))
    frames = [one.data for one in made["figures"].values() if one.data is not None]
    text = made["text"] + " ".join(frame.to_csv() for frame in frames)
    assert not any(case[0] in text or case[1] in text for case in CASES)
    assert "C1-L-CC" not in text


def test_finding_of_kinds_names_the_least_found():
    study = hand_study()
    assert plain(exhibits.groups(study).finding).startswith(
        "Found least often with aided reading: calcification (one lesion), 50"
    )
    undefined = [
        replace(
            group,
            found={
                side: replace(
                    one, estimate=math.nan, ci_low=math.nan, ci_high=math.nan, note="none"
                )
                for side, one in group.found.items()
            },
        )
        for group in study.groups
    ]
    finding = exhibits.groups(replace(study, groups=tuple(undefined))).finding
    assert finding == "No kind of lesion has a defined share found."
