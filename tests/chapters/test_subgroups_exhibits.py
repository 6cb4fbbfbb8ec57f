"""What chapter 11 says: sentences that follow from results, and counts that give no woman away."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from tests.chapters.given import whole
from tests.chapters.test_subgroups_analysis import drawn_calls, request, studied
from tests.study.test_books import WORDS
from toolkit.chapters.subgroups import exhibits
from toolkit.chapters.subgroups.exhibits import shown_counts
from toolkit.draw.forest import ForestRow, ForestView, forest_figure
from toolkit.draw.tables import table_html
from toolkit.results import result_from_dict
from toolkit.words.wording import NO_BREAK_SPACE, WORD_JOINER


def plain(text):
    return text.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")


def of_sites(gains=(0.0, 0.0), *, n_cases=160, asked=None, **columns):
    call, truth, level = drawn_calls(n_cases=n_cases, gains=gains)
    site = columns.pop("site", np.array(["main", "second"])[level])
    return studied(call, truth, asked or request(cases=["site"]), site=site, **columns)


def rows_of(view):
    return {row.cells[0]: row.cells[1:] for row in view.rows}


# --- counts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([5, 20, 41], ["5", "20", "41"]),
        ([4, 20, 41], ["<5", "hidden", "41"]),
        ([4, 41, 20], ["<5", "41", "hidden"]),
        ([0, 41, 20], ["0", "41", "20"]),
        # Of two small ones the sum follows from all: of 1 and 1 it gives both away.
        ([1, 1, 20, 41], ["<5", "<5", "hidden", "41"]),
        ([2, 3, 41], ["<5", "<5", "41"]),
        # A zero is hidden only where nothing else is there to hide behind.
        ([4, 0, 20], ["<5", "0", "hidden"]),
        ([4, 0], ["<5", "hidden"]),
        ([1234], ["1,234"]),
    ],
)
def test_small_counts_of_an_identifying_variable_cannot_be_found_out(counts, shown):
    assert shown_counts(counts, identifying=True) == shown


def test_other_counts_are_printed():
    assert shown_counts([4, 1, 1234], identifying=False) == ["4", "1", "1,234"]


@pytest.mark.parametrize("column", ["site", "device"])
def test_small_counts_are_hidden_by_site_alone_in_table_figure_data_and_record(column):
    site = np.array(["main"] * 80 + ["second"] * 80, dtype=object)
    site[1:7] = "third"  # three with cancer, three without
    columns = {"site": site} if column == "site" else {"device": site}
    study = of_sites(asked=request(cases=[column]), **columns)
    table = rows_of(exhibits.level_table(study).table)
    shown = {name: tuple(table[name][:2]) for name in ("Main", "Second", "Third")}
    data = exhibits.forest(study, "cases").data.set_index("level")
    record = exhibits.record(study)[f"difference_{column}_3"]
    assert record.label == "Third"
    if column == "device":
        assert shown == {"Main": ("37", "37"), "Second": ("40", "40"), "Third": ("3", "3")}
        assert record.n_positive == 3
        return
    assert shown == {"Main": ("hidden",) * 2, "Second": ("40", "40"), "Third": ("<5", "<5")}
    assert data["with_cancer"].to_dict() == {"Main": "hidden", "Second": "40", "Third": "<5"}
    assert (record.n_cases, record.n_positive, record.n_clusters) == (None, None, None)


# --- a level that is small -----------------------------------------------------------------------


def test_a_small_level_has_its_interval_alone():
    site = np.array(["main"] * 80 + ["second"] * 80, dtype=object)
    site[1:14] = "third"
    study = of_sites(site=site)
    third = study.variables[0].levels[-1]
    assert third.few == "fewer than 10 examinations with cancer"
    rows = exhibits._level_rows(study, study.variables[0])
    assert [row.point for row in rows] == [True, True, False]
    assert rows[-1].right[0] == "—"
    assert (rows[-1].low, rows[-1].high) == (third.difference.ci_low, third.difference.ci_high)
    cells = rows_of(exhibits.level_table(study).table)["Third"]
    assert cells[2] == "—"
    assert "to" in cells[3]
    data = exhibits.forest(study, "cases").data.set_index("level")
    assert math.isnan(data["difference"]["Third"])
    assert not math.isnan(data["ci_low"]["Third"])
    assert "One level is too small to be tested" in plain(whole(exhibits.head(study)))


def test_without_a_point_the_interval_is_drawn_alone():
    rows = [
        ForestRow(label=name, estimate=0.1, low=0.0, high=0.2, kind="subgroup", point=point)
        for name, point in (("a", True), ("b", False))
    ]
    axes = forest_figure(ForestView(rows=rows, axis_label="x", role="aided")).axes[0]
    marks = [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "^"]
    intervals = [line.get_ydata()[0] for line in axes.lines if len(set(line.get_ydata())) == 1]
    assert marks == [0.5]
    assert sorted(set(intervals)) == [0.5, 1.5]


def test_one_reader_alone_leaves_nothing_to_draw():
    call, truth, level = drawn_calls(n_readers=1)
    study = studied(call, truth, request(cases=["site"]), site=level.astype(str))
    assert exhibits.forest(study, "cases").figure is None
    assert "one reader alone says nothing of readers in general" in exhibits.head(study).answer
    exhibits.level_table(study)
    exhibits.interaction_table(study)
    assert exhibits.record(study)["difference_site_1"].note


def test_the_diamond_of_all_stands_last():
    study = of_sites()
    labels = exhibits.forest(study, "cases").figure.texts
    rows = [text.get_text() for text in labels if text.get_text() in ("Main", "Second", "All")]
    assert rows == ["Main", "Second", "All"]


# --- answer --------------------------------------------------------------------------------------


def test_answer_names_the_variable_that_shows_an_interaction():
    study = of_sites((0.0, 0.3))
    text = plain(exhibits.head(study).answer)
    (variable,) = study.interactions
    assert "Of one tested variable, site (Holm P " in text
    assert ") shows an interaction." in text
    points = 100 * variable.largest.estimate
    assert f"those of site: a difference of +{points:.1f} points (95% CI" in text
    assert "for second against main, its interval not adjusted" in text
    assert exhibits.head(study).primary is None


def test_answer_says_where_no_interaction_is_found():
    call, truth, level = drawn_calls(n_cases=160)
    device = (np.arange(160) % 4 // 2).astype(str)
    asked = request(cases=["site", "device"])
    study = studied(call, truth, asked, site=level.astype(str), device=device)
    assert study.interactions == ()
    assert "None of two tested variables shows an interaction; the smallest P is that of" in plain(
        exhibits.head(study).answer
    )
    assert "Two variables were tested: a test that finds nothing may lack" in plain(
        whole(exhibits.head(study))
    )


def test_answer_without_any_test_says_so():
    study = of_sites(site="main")
    text = plain(whole(exhibits.head(study)))
    assert "No variable has two levels that can be tested against each other." in text
    assert "hold for these readers" not in text
    shown = exhibits.forest(study, "cases")
    assert shown.figure is None
    assert shown.finding == "No variable of examinations was tested: site, one level only (Main)."
    assert exhibits.forest(study, "readers").finding.startswith("The parameters file gives no")
    assert exhibits.level_table(study) is None
    assert (
        "Not tested: site, one level only (Main)." in exhibits.interaction_table(study).table.foot
    )


def test_weights_and_women_in_two_levels_are_said():
    patient = np.arange(160)
    patient[159] = 0
    weight = np.where(np.arange(160) % 2, 1.0, 5.0)
    text = plain(whole(exhibits.head(of_sites(patient=patient, weight=weight))))
    assert "The sampling weights of the cases are not used." in text
    assert "One woman has examinations in two levels of a variable" in text


# --- tables, record ------------------------------------------------------------------------------


def test_table_of_tests_prints_the_tests():
    study = of_sites((0.0, 0.3))
    view = exhibits.interaction_table(study).table
    test = study.variables[0].test
    cells = rows_of(view)["Site"]
    assert cells[:2] == [f"{test.statistic:.2f}", "1"]
    assert float(rows_of(view)["Second against main"][4].lstrip("+")) == pytest.approx(
        100 * study.variables[0].largest.estimate, abs=0.05
    )
    assert "Holm P" in re.sub("[*]", "", view.foot)
    assert table_html(view, number="11.1")


def test_record_comes_back_and_holds_every_test():
    call, truth, level = drawn_calls(n_readers=6, n_cases=160)
    asked = request(cases=["site", "device"], readers=["specialist"], cancers=["cancer_type"])
    kind = np.where(truth == 1, np.array(["in_situ", "invasive"])[level], None)
    study = studied(
        call, truth, asked, site=level.astype(str), cancer_type=pd.Series(kind, dtype=object),
        reader={"specialist": [1.0, 0.0] * 3},
    )  # fmt: skip
    record = exhibits.record(study)
    for one in record.values():
        assert result_from_dict(one.to_dict()).to_dict() == one.to_dict()
        one.summary_frame()
    assert {f"interaction_{name}" for name in ("site", "device", "specialist", "cancer_type")} <= {
        *record
    }
    assert "beside_cancer_type_1" not in record
    assert record["interaction_device"].note == "not tested: not in the data"


@pytest.mark.parametrize("endpoint", ["sensitivity", "specificity"])
def test_no_sentence_speaks_of_a_plan(endpoint):
    study = of_sites((0.0, 0.2), asked=request(cases=["site", "device"], endpoint=endpoint))
    shown = [exhibits.forest(study, kind) for kind in ("cases", "cancers", "readers")]
    texts = [f"{one.finding} {one.caption} {one.alt}" for one in shown]
    tables = (exhibits.interaction_table(study), exhibits.level_table(study))
    texts += [f"{one.table.title} {one.table.foot}" for one in tables]
    head = exhibits.head(study)
    texts += [whole(head), head.question, *(" ".join(fact) for fact in head.facts)]
    assert [found for text in texts for found in WORDS.findall(text)] == []
    assert all(len(one.alt) <= 250 for one in shown)
