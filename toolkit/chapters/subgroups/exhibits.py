"""What chapter 11 shows: the difference in each level, tests of interaction, and the levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from toolkit.chapters.comparison import MEASURES, with_cancer
from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.subgroups.analysis import (
    FEWEST,
    IDENTIFYING,
    NOT_KNOWN,
    Kind,
    SubgroupStudy,
    Variable,
)
from toolkit.chapters.subgroups.interaction import Level
from toolkit.draw.forest import ForestGroup, ForestRow, ForestView, forest_figure, forest_row
from toolkit.draw.tables import TableColumn, TableRow, TableView
from toolkit.results import Comparison, Result
from toolkit.words.sentences import ci_text, effect_phrase, estimate_text, form_of
from toolkit.words.wording import (
    EM_DASH,
    capital,
    count_text,
    counted,
    in_sentence,
    joined,
    level_text,
    number_text,
    p_phrase,
    p_text,
)

HIDE_BELOW = 5  # a smaller count by an identifying variable is not printed
HIDDEN = "hidden"
_OF_KIND: dict[Kind, str] = {
    "cases": "examinations",
    "cancers": "cancers",
    "readers": "readers",
}


# --- question and answer -------------------------------------------------------------------------


def head(study: SubgroupStudy) -> Headline:
    """Return the question, whether any variable shows an interaction, and the largest difference.

    The chapter makes no comparison of its own that could be concluded from.
    """
    a, b = study.request.names
    readings = study.readings
    return Headline(
        question=(
            f"Is the difference between {b} and {a} the same for all examinations, cancers and "
            "readers?"
        ),
        answer=" ".join(filter(None, (_overall(study), _interactions(study), _furthest(study)))),
        facts=[
            ("Examinations", with_cancer(readings.n_cases, readings.n_positive)),
            ("Readers", count_text(len(readings.readers))),
            (
                "Variables",
                f"{count_text(len(study.variables))} given in the parameters file, "
                f"{count_text(len(study.tested))} tested",
            ),
        ],
        limits=_limits(study),
    )


def _overall(study: SubgroupStudy) -> str:
    """Return the difference of all."""
    a, b = study.request.names
    measure = capital(MEASURES[study.request.endpoint])
    return f"{measure} with {b} minus that with {a}: {effect_phrase(study.overall.difference)}."


def _interactions(study: SubgroupStudy) -> str:
    """Return which variables show an interaction once all that were tested are considered."""
    tested, found = study.tested, study.interactions
    if not tested:
        return "No variable has two levels that can be tested against each other."
    of = counted(len(tested), "tested variable")
    if found:
        names = joined([f"{_called(one)} (Holm {_p(one)})" for one in found])
        verb = "shows" if len(found) == 1 else "show"
        return f"Of {of}, {names} {verb} an interaction."
    least = min(tested, key=lambda one: one.test.p_value)
    if len(tested) == 1:
        name = _called(least)
        return f"The one tested variable, {name}, shows no interaction, {_p(least)}."
    return (
        f"None of {of} shows an interaction; the smallest P is that of "
        f"{_called(least)}, Holm {_p(least)}."
    )


def _called(variable: Variable) -> str:
    """Return a variable within a sentence, without its unit."""
    return in_sentence(variable.name.split(",")[0])


def _p(variable: Variable) -> str:
    """Return the adjusted P of a variable for a sentence."""
    return p_phrase(variable.test.p_adjusted)


def _furthest(study: SubgroupStudy) -> str:
    """Return the largest difference between two tested levels of one variable."""
    furthest = study.furthest
    if furthest is None or furthest.largest is None:
        return ""
    found = furthest.largest
    return (
        f"The levels furthest apart are those of {_called(furthest)}: "
        f"{effect_phrase(found)} for {_named(found.label_b)} against {_named(found.label_a)}, "
        "its interval not adjusted for having been picked."
    )


def _named(level: str) -> str:
    """Return a level within a sentence."""
    return level if not level[:1].isalpha() or level[1:2] == "\u2013" else in_sentence(level)


def _limits(study: SubgroupStudy) -> list[str]:
    """Return what limits the answer, one sentence each."""
    few = [
        level
        for one in study.variables
        for level in one.levels
        if level.few and level.name != NOT_KNOWN
    ]
    spanning = max((one.n_spanning for one in study.tested), default=0)
    sentences = []
    if few:
        are = "is" if len(few) == 1 else "are"
        sentences.append(
            f"{capital(counted(len(few), 'level'))} {are} too small to be tested and drawn by the "
            "interval alone."
        )
    if len(study.tested) > 1:
        sentences.append(
            f"{capital(counted(len(study.tested), 'variable'))} were tested: a test that finds "
            "nothing may lack examinations, and the largest of many differences tends to be "
            "too large by chance."
        )
    if any(one.kind != "readers" for one in study.tested):
        sentences.append(
            "Tests between levels of examinations hold for these readers: that some readers gain "
            "more in one level than others do is not in them."
        )
    if spanning:
        have = "has" if spanning == 1 else "have"
        sentences.append(
            f"{capital(counted(spanning, 'woman', 'women'))} {have} examinations in two levels of "
            "a variable, which its test takes as different women."
        )
    if study.weighted:
        sentences.append("The sampling weights of the cases are not used.")
    return sentences


# --- counts --------------------------------------------------------------------------------------


def shown_counts(counts: Sequence[int], *, identifying: bool) -> list[str]:
    """Return the counts of all levels of a variable as they are printed.

    Parameters
    ----------
    counts : sequence of int
        One a level; their sum is printed elsewhere.
    identifying : bool
        Whether a small count could point at a woman.

    Returns
    -------
    list of str
        Below 5, but not 0, a count of an identifying variable is "<5". Where the sum would give
        it away, or the hidden ones add up to fewer than 5, the next smallest is hidden as well.

    Examples
    --------
    >>> shown_counts([3, 20, 41], identifying=True), shown_counts([3, 20], identifying=False)
    (['<5', 'hidden', '41'], ['3', '20'])
    >>> shown_counts([3, 4, 41], identifying=True), shown_counts([0, 20], identifying=True)
    (['<5', '<5', '41'], ['0', '20'])
    """
    if not identifying:
        return [count_text(n) for n in counts]
    hidden = {place for place, n in enumerate(counts) if 0 < n < HIDE_BELOW}
    others = sorted(
        (place for place in range(len(counts)) if place not in hidden),
        key=lambda place: (counts[place] == 0, counts[place]),
    )
    beside: set[int] = set()
    while hidden and others and not _hides(counts, hidden | beside):
        beside.add(others.pop(0))
    texts = [count_text(n, hide_below=HIDE_BELOW) for n in counts]
    return [HIDDEN if place in beside else text for place, text in enumerate(texts)]


def _hides(counts: Sequence[int], places: set[int]) -> bool:
    """Whether the sum of all does not give hidden counts away."""
    return len(places) > 1 and sum(counts[place] for place in places) >= HIDE_BELOW


def _counts(variable: Variable, of: str) -> list[str]:
    """Return the counts with or without cancer of the levels of a variable, as printed."""
    identifying = variable.column in IDENTIFYING
    return shown_counts([getattr(level, of) for level in variable.levels], identifying=identifying)


# --- forest --------------------------------------------------------------------------------------


def forest(study: SubgroupStudy, kind: Kind) -> Exhibit:
    """Return the differences in the levels of examinations, cancers or readers, that of all last.

    Parameters
    ----------
    study : SubgroupStudy
        All levels.
    kind : {"cases", "cancers", "readers"}
        Which variables are drawn.
    """
    shown = [one for one in study.of_kind(kind) if one.levels]
    finding = _forest_finding(study, kind)
    defined = any(not math.isnan(level.difference.ci_low) for one in shown for level in one.levels)
    if not defined:
        return Exhibit(finding=finding)
    rows: list[ForestRow | ForestGroup] = []
    for one in shown:
        rows.append(ForestGroup(label=_group_label(one)))
        rows += _level_rows(study, one)
    every = forest_row(
        study.overall.difference, label="All", left=(_size(study, kind),), kind="pooled"
    )
    a, b = study.request.modalities
    measure = MEASURES[study.request.endpoint]
    level = level_text(study.request.ci_level)
    view = ForestView(
        rows=[*rows, every],
        axis_label=f"{capital(measure)}, {b} minus {a}",
        form=form_of(study.overall.difference),
        left_heads=("Level", _size_head(study, kind)),
        right_heads=("Difference", f"{level} CI"),
        left_words=f"{a} better",
        right_words=f"{b} better",
        role="aided",
    )
    few = any(level.few for one in shown for level in one.levels)
    return Exhibit(
        figure=forest_figure(view),
        finding=finding,
        caption=_forest_caption(study, kind, few=few),
        alt=(
            f"Forest plot of the difference in {measure} by level of "
            f"{counted(len(shown), 'variable')} of {_OF_KIND[kind]}; all together "
            f"{estimate_text(study.overall.difference)}."
        ),
        data=_forest_data(shown),
    )


def _group_label(variable: Variable) -> str:
    """Return the head of a variable with its test."""
    if math.isnan(variable.test.p_value):
        return f"{variable.name} (not tested)"
    return f"{variable.name} (interaction {p_phrase(variable.test.p_value)})"


def _size_head(study: SubgroupStudy, kind: Kind) -> str:
    """Return the head of the column that says how large a level is."""
    if kind == "readers":
        return "Readers"
    heads = {"sensitivity": "With cancer", "specificity": "Without cancer", "auc": "With cancer"}
    return heads[study.request.endpoint]


def _size_field(study: SubgroupStudy) -> str:
    """Return which count says how large a level of examinations is."""
    return "n_without" if study.request.endpoint == "specificity" else "n_with"


def _size(study: SubgroupStudy, kind: Kind) -> str:
    """Return how large all together are."""
    field = "n_readers" if kind == "readers" else _size_field(study)
    return count_text(getattr(study.overall, field))


def _level_rows(study: SubgroupStudy, variable: Variable) -> list[ForestRow]:
    """Return the rows of a variable; a level that is not tested by its interval alone."""
    sizes = (
        [count_text(level.n_readers) for level in variable.levels]
        if variable.kind == "readers"
        else _counts(variable, _size_field(study))
    )
    rows = []
    for level, size in zip(variable.levels, sizes, strict=True):
        row = forest_row(level.difference, label=level.name, left=(size,), kind="subgroup")
        if level.few and row.right is not None:
            row = replace(row, point=False, right=(EM_DASH, row.right[1]))
        rows.append(row)
    return rows


def _forest_caption(study: SubgroupStudy, kind: Kind, *, few: bool) -> str:
    """Return what is drawn."""
    tests = "Interaction: *P* of the test that all tested levels have one difference, unadjusted."
    lone = (
        f" Grey interval without a mark, a level that is not tested: fewer than {FEWEST} such "
        "examinations, one reader, or no variation."
        if few
        else ""
    )
    lesion = (
        " A cancer has the type, size and histology of its largest lesion."
        if kind == "cancers"
        else ""
    )
    small = (
        f" Counts below {HIDE_BELOW} by age or site are not printed, nor those that would give "
        "them away."
        if any(one.column in IDENTIFYING for one in study.of_kind(kind))
        else ""
    )
    return (
        "Open triangles, the difference within each level, readers and cases random; diamond, "
        f"all. {tests}{lone}{lesion}{small}"
    )


def _forest_finding(study: SubgroupStudy, kind: Kind) -> str:
    """Return how the levels of the variables of one kind lie, and what was left out."""
    every = study.of_kind(kind)
    tested = [one for one in every if one in study.tested]
    if not every:
        return f"The parameters file gives no variable of {_OF_KIND[kind]}."
    if not tested:
        return f"No variable of {_OF_KIND[kind]} was tested: {_reasons(every)}."
    least = min(tested, key=lambda one: one.test.p_value)
    return (
        f"Of {counted(len(tested), 'tested variable')} of {_OF_KIND[kind]}, "
        f"{_called(least)} has the smallest {p_phrase(least.test.p_value)} for "
        f"interaction, Holm {_p(least)}."
    )


def _reasons(variables: Sequence[Variable]) -> str:
    """Return why variables were not tested."""
    return "; ".join(
        f"{_called(one)}, {one.test.note.removeprefix('not tested: ')}" for one in variables
    )


def _forest_data(shown: Sequence[Variable]) -> pd.DataFrame:
    """Return what was drawn; small counts as they are printed."""
    rows = []
    for one in shown:
        sizes = zip(one.levels, _counts(one, "n_with"), _counts(one, "n_without"), strict=True)
        for level, n_with, n_without in sizes:
            found = level.difference
            rows.append(
                {
                    "variable": one.name,
                    "level": level.name,
                    "with_cancer": n_with,
                    "without_cancer": n_without,
                    "readers": level.n_readers,
                    "difference": math.nan if level.few else found.estimate,
                    "ci_low": found.ci_low,
                    "ci_high": found.ci_high,
                    "not_tested": "not known" if level.name == NOT_KNOWN else level.few,
                }
            )
    return pd.DataFrame(rows)


# --- tables --------------------------------------------------------------------------------------


def interaction_table(study: SubgroupStudy) -> Exhibit | None:
    """Return the test of each variable, with why some have none; None without variables."""
    if not study.variables:
        return None
    columns = [
        TableColumn("", align="left"),
        TableColumn("Statistic"),
        TableColumn("df"),
        TableColumn("*P*"),
        TableColumn("Holm *P*"),
        TableColumn("Difference", span="Levels furthest apart"),
        TableColumn(
            f"{level_text(study.request.ci_level)} CI",
            align="center",
            span="Levels furthest apart",
        ),
    ]
    view = TableView(
        title="Tests of interaction",
        columns=columns,
        rows=[row for one in study.variables for row in _test_rows(one)],
        foot=_test_foot(study),
        dense=True,
    )
    return Exhibit(table=view)


def _test_rows(variable: Variable) -> list[TableRow]:
    """Return the test of one variable, and the levels that lie furthest apart below it."""
    test, largest = variable.test, variable.largest
    if math.isnan(test.p_value) or largest is None:
        return [TableRow([variable.name, *[EM_DASH] * 4, "", ""])]
    df = number_text(test.df1, digits=0)
    if math.isfinite(test.df2):
        df = f"{df}, {number_text(test.df2, digits=0)}"
    cells = [
        number_text(test.statistic, digits=2),
        df,
        p_text(test.p_value),
        p_text(test.p_adjusted),
    ]
    pair = f"{largest.label_b} against {_named(largest.label_a)}"
    apart = [estimate_text(largest, unit=False), ci_text(largest, always_to=True)]
    return [
        TableRow([variable.name, *cells, "", ""]),
        TableRow([pair, *[""] * 4, *apart], "sub"),
    ]


def _test_foot(study: SubgroupStudy) -> str:
    """Return what was tested how, and what was not tested and why."""
    kinds = {one.kind for one in study.tested}
    sentences = [
        "*Holm P*, over the variables given in the parameters file that were tested.",
        "*Levels furthest apart*, of the tested ones, the later minus the earlier; the difference "
        "of their differences.",
    ]
    if kinds - {"readers"}:
        sentences.append(
            "Levels of examinations and cancers: chi-square of their differences, each weighted "
            "by the inverse of its variance over cases. The same readers read all levels: what "
            "they gain everywhere cancels, and their own variation between levels is left out, so "
            "that these tests speak of these readers alone."
        )
    if "readers" in kinds:
        sentences.append(
            "Groups of readers: analysis of variance of the readers' own differences (F; df of "
            "both mean squares), readers independent and random, their spread taken as equal."
        )
    left_out = [one for one in study.variables if one not in study.tested]
    if left_out:
        sentences.append(f"Not tested: {_reasons(left_out)}.")
    return " ".join(sentences)


def level_table(study: SubgroupStudy) -> Exhibit | None:
    """Return counts and differences of every level, the measure beside the endpoint among them."""
    shown = [one for one in study.variables if one.levels]
    if not shown:
        return None
    rows: list[TableRow] = []
    for one in shown:
        rows.append(TableRow([one.name], "group"))
        counts = zip(one.levels, _counts(one, "n_with"), _counts(one, "n_without"), strict=True)
        rows += [_level_row(study, one, *found) for found in counts]
    every = study.overall
    counts_of_all = (count_text(every.n_with), count_text(every.n_without))
    cells = _difference_cells(study, every, beside=True)
    rows.append(TableRow(["All", *counts_of_all, *cells], "emphasis", rule=True))
    view = TableView(
        title="The levels, and the difference in each",
        columns=_level_columns(study),
        rows=rows,
        foot=_level_foot(study),
        dense=True,
    )
    return Exhibit(table=view)


def _level_columns(study: SubgroupStudy) -> list[TableColumn]:
    """Return the columns of the table of levels."""
    request = study.request
    ci = f"{level_text(request.ci_level)} CI"
    columns = [
        TableColumn("", align="left"),
        TableColumn("with", span="Examinations, cancer"),
        TableColumn("without", span="Examinations, cancer"),
    ]
    for endpoint in filter(None, (request.endpoint, request.beside)):
        span = f"{capital(MEASURES[endpoint])}, difference"
        columns += [TableColumn("b \u2212 a", span=span), TableColumn(ci, "center", span)]
    return columns


def _level_row(
    study: SubgroupStudy, variable: Variable, level: Level, n_with: str, n_without: str
) -> TableRow:
    """Return one level; by readers all examinations are of each, and cancers have no others."""
    if variable.kind == "cancers":
        n_without = EM_DASH
    name = f"{level.name} ({level.n_readers})" if variable.kind == "readers" else level.name
    cells = _difference_cells(study, level, beside=variable.kind != "cancers")
    return TableRow([name, n_with, n_without, *cells], "sub")


def _difference_cells(study: SubgroupStudy, level: Level, *, beside: bool) -> list[str]:
    """Return the differences of a level with their intervals; of a small one the interval only."""
    cells = [*_cells(level.difference, few=bool(level.few))]
    if study.request.beside is None or level.beside is None:
        return cells
    if not beside:
        return [*cells, EM_DASH, EM_DASH]
    other = level.n_without if study.request.beside == "specificity" else level.n_with
    return [*cells, *_cells(level.beside, few=other < FEWEST)]


def _cells(found: Comparison, *, few: bool) -> list[str]:
    """Return a difference and its interval."""
    return [EM_DASH if few else estimate_text(found, unit=False), ci_text(found, always_to=True)]


def _level_foot(study: SubgroupStudy) -> str:
    """Return what stands in the table of levels."""
    a, b = study.request.names
    merged = ""
    parted = any(one.column == "density" and one.levels for one in study.variables)
    if parted and study.request.density == "A-B, C-D":
        merged = " Densities A and B, and C and D, are taken together, as the parameters file says."
    return (
        f"*b*, {b}; *a*, {a}; readers and cases random. Levels come from the parameters file and "
        "the tables of cases, lesions and readers; no reading enters them, and none is merged for "
        f"its result.{merged} What is missing is a level of its own and is not tested. Of fewer "
        f"than {FEWEST} examinations the interval stands alone. Counts below {HIDE_BELOW} by age "
        "or site are not printed (\u201c<5\u201d), nor others from which they would follow "
        f"(\u201c{HIDDEN}\u201d); 0 is printed. Behind groups of readers stands their number."
    )


# --- record --------------------------------------------------------------------------------------


def record(study: SubgroupStudy) -> dict[str, Result]:
    """Return every number of the chapter by name; no count of a level that is not printed."""
    results: dict[str, Result] = {"difference_all": study.overall.difference}
    if study.overall.beside is not None:
        results["beside_all"] = study.overall.beside
    for one in study.variables:
        results[f"interaction_{one.column}"] = one.test
        if one.largest is not None:
            results[f"furthest_{one.column}"] = one.largest
        for number, level in enumerate(one.levels, start=1):
            found = _uncounted(one, level.difference)
            results[f"difference_{one.column}_{number}"] = replace(found, label=level.name)
            if level.beside is not None and one.kind != "cancers":
                found = _uncounted(one, level.beside)
                results[f"beside_{one.column}_{number}"] = replace(found, label=level.name)
    return results


def _uncounted(variable: Variable, found: Comparison) -> Comparison:
    """Return a difference without the counts of an identifying variable, where some are hidden."""
    printed = [*_counts(variable, "n_with"), *_counts(variable, "n_without")]
    if all(text.replace(",", "").isdigit() for text in printed):
        return found
    return replace(found, n_cases=None, n_positive=None, n_clusters=None)
