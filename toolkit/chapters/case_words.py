"""How chapters speak of cases: indication, weights, a cut-off, and what nobody verified."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from toolkit.arrays import FloatArray, ObjectArray
from toolkit.chapters.comparison import call_cells, call_columns
from toolkit.chapters.exhibit import Exhibit
from toolkit.draw.tables import TableColumn, TableRow, TableView
from toolkit.scoring.case_mix import EVERYTHING, indications_in, weights_differ
from toolkit.scoring.scores import is_whole_scale
from toolkit.scoring.verification import Incorporation
from toolkit.stats.auc import CallAccuracy
from toolkit.words.wording import counted, joined, value_text

# Indication as a name, and as it stands after "cancers" in a sentence.
INDICATION_WORDS: dict[str, tuple[str, str]] = {
    "screening": ("Screening", "at screening"),
    "symptomatic": ("Symptoms", "with symptoms"),
    "follow_up": ("Follow-up", "at follow-up"),
    "other": ("Other reasons", "for other reasons"),
    "not_stated": ("Reason not stated", "without a stated reason"),
    "all": ("All", ""),
}
POOLED = "All indications together"
Scale = tuple[float, float]


def of_indication(name: str) -> str:
    """Return an indication before a noun: "screening "; nothing for all cases."""
    return "" if name == EVERYTHING else f"{INDICATION_WORDS[name][0].lower()} "


def score_text(cutoff: float, scale: Scale) -> str:
    """Return the scores from a cut-off up, as they are shown.

    Parameters
    ----------
    cutoff : float
        Score from which up a case is marked.
    scale : (float, float)
        Ends of the score's scale; NaN where not known.

    Examples
    --------
    A score of whole numbers is shown rounded: 9.5 and more is a 10.

    >>> score_text(9.5, (1, 10)), score_text(8.5, (1, 10))
    ('10 (9.5 or more before rounding)', '9 or 10 (8.5 or more before rounding)')
    >>> score_text(7.5, (1, 10)), score_text(9, (1, 10)), score_text(0.62, (0, 1))
    ('8 to 10 (7.5 or more before rounding)', '9 or more', '0.62 or more')
    """
    shown = _shown_from(cutoff, scale)
    if not shown:
        return f"{cutoff:g} or more"
    words = shown.replace("–", " or " if scale[1] - math.ceil(cutoff) == 1 else " to ")
    return f"{words} ({cutoff:g} or more before rounding)"


def score_cell(cutoff: float, scale: Scale) -> str:
    """Return the scores from a cut-off up as a cell of a table.

    Examples
    --------
    >>> score_cell(9.5, (1, 10)), score_cell(7.5, (1, 10)), score_cell(0.62, (0, 1))
    ('10 (≥ 9.5)', '8–10 (≥ 7.5)', '≥ 0.62')
    """
    shown = _shown_from(cutoff, scale)
    return f"{shown} (≥ {cutoff:g})" if shown else f"≥ {cutoff:g}"


def score_label(cutoff: float, scale: Scale) -> str:
    """Return the scores from a cut-off up as a label in a figure.

    Examples
    --------
    >>> score_label(9.5, (1, 10)), score_label(7.5, (1, 10)), score_label(0.62, (0, 1))
    ('10', '8–10', '≥ 0.62')
    """
    return _shown_from(cutoff, scale) or f"≥ {cutoff:g}"


def below_label(cutoff: float, scale: Scale) -> str:
    """Return the scores below a cut-off as a label in a figure.

    Examples
    --------
    >>> below_label(9.5, (1, 10)), below_label(1.5, (1, 10)), below_label(0.62, (0, 1))
    ('1–9', '1', '< 0.62')
    """
    low, last = scale[0], math.floor(cutoff)
    if not _shown_from(cutoff, scale):
        return f"< {cutoff:g}"
    return f"{low:g}" if last == low else f"{low:g}–{last}"


def between_label(low: float, high: float, scale: Scale) -> str:
    """Return the scores from one cut-off up to below another as a label in a figure.

    Examples
    --------
    >>> between_label(5.5, 9.5, (1, 10)), between_label(8.5, 9.5, (1, 10))
    ('6–9', '9')
    >>> between_label(0.2, 0.62, (0, 1))
    '0.2 to < 0.62'
    """
    if not (_shown_from(low, scale) and _shown_from(high, scale)):
        return f"{low:g} to < {high:g}"
    first, last = math.ceil(low), math.floor(high)
    return f"{first:g}" if first == last else f"{first:g}–{last:g}"


def _shown_from(cutoff: float, scale: Scale) -> str:
    """Return the whole numbers from a cut-off up; nothing where the score is not shown as such."""
    low, high = scale
    # Half a number is where rounding parts two of them; another cut-off parts none.
    if not (is_whole_scale(low, high) and low <= cutoff <= high and cutoff % 1 == 0.5):
        return ""
    first = math.ceil(cutoff)
    return f"{high:g}" if first == high else f"{first:g}–{high:g}"


def weight_note(weight: FloatArray | None) -> str:
    """Return what counts and shares of a table are where cases have weights, else an empty text."""
    if not weights_differ(weight):
        return ""
    return "Counts are those of the sample; shares and areas use its sampling weights. "


def indication_table(
    calls: Mapping[str, Mapping[str, CallAccuracy]], *, title: str, foot: str
) -> Exhibit | None:
    """Return sensitivity and specificity of each indication, all together last and named so.

    Parameters
    ----------
    calls : mapping of str to mapping of str to CallAccuracy
        By indication, ``"all"`` last, then by whose calls they are; empty where the cases are of
        one indication, and there is no table then.
    title, foot : str
        As in ``TableView``.
    """
    if not calls:
        return None
    rows: list[TableRow] = []
    for name, by_whom in calls.items():
        label, last = INDICATION_WORDS[name][0], name == EVERYTHING
        label = POOLED if last else label
        if len(by_whom) == 1:
            rows += [TableRow([label, *call_cells(one)], rule=last) for one in by_whom.values()]
            continue
        rows.append(TableRow([label], "group"))
        rows += [TableRow([who, *call_cells(one)]) for who, one in by_whom.items()]
    columns = [TableColumn("", align="left"), *call_columns()]
    return Exhibit(table=TableView(title=title, columns=columns, rows=rows, dense=True, foot=foot))


def indications_text(shown: Collection[str], spoken_of: str) -> str:
    """Return which indications the answer is not about, or that all are pooled; else nothing.

    Parameters
    ----------
    shown : collection of str
        Indications of the table that shows each, ``"all"`` among them; empty for one indication.
    spoken_of : str
        That of the answer; ``"all"`` where screening alone has too few examinations.
    """
    if not shown:
        return ""
    if spoken_of == EVERYTHING:
        return "Screening alone has too few examinations, so that all indications are pooled."
    others = [name for name in shown if name not in (EVERYTHING, spoken_of)]
    named = joined([INDICATION_WORDS[name][0].lower() for name in others])
    return f"Examinations for other reasons ({named}) are shown apart."


def pooled_text(indication: ObjectArray) -> str:
    """Return that examinations of several indications are taken together, or nothing."""
    groups = indications_in(indication)
    if len(groups) < 2:
        return ""
    named = joined([INDICATION_WORDS[name][0].lower() for name in groups])
    return (
        f"Examinations of {counted(len(groups), 'indication')} ({named}) are taken together here."
    )


def incorporation_text(found: Incorporation | None, *, test: str, which: str) -> str:
    """Return that truth depended on the programme's recall, with the bound; else an empty text.

    Parameters
    ----------
    found : Incorporation or None
        Of the test against the programme's recall.
    test : str
        How sentences name the test: "the AI".
    which : str
        Which examinations it marked: "that the AI marked".
    """
    if found is None:
        return ""
    were, have, count = ("was", "has", "counts") if found.n == 1 else ("were", "have", "count")
    start = (
        "As far as the data tell, truth depended on whom the programme recalled: "
        f"{counted(found.n, 'examination')} {which} {were} not recalled, {have} no work-up on "
        f"record and {count} as without cancer"
    )
    if math.isnan(found.sensitivity_if):
        return f"{start}; how many cancers that hides cannot be bounded here."
    share, own, programme = (
        value_text(value, form="percent")
        for value in (found.ppv_recalled, found.sensitivity_if, found.programme_sensitivity_if)
    )
    return (
        f"{start}. With cancer as frequent there as among recalled examinations {which} ({share}), "
        f"sensitivity would be {own} for {test} and {programme} for the programme."
    )
