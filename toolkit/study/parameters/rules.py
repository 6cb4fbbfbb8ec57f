"""Which values a chapter's parameter may have, as the rules behind it say.

Rules stand in brackets at the end of the comment behind a parameter, separated by commas. A rule is
a range (``0 < x <= 0.25``; other parameters may stand in it), the word ``rising``, or something
that the data of the chapter's part must have (``AI score``). It holds for each value of a list;
where the parameter is None there is nothing to hold.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

VALUE = "x"  # the parameter's own value in a range
RISING = "rising"

_ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


@dataclass(frozen=True, kw_only=True)
class PartFacts:
    """What the data of one part have, as far as parameters hang on it.

    Parameters
    ----------
    scales : mapping
        Ends of the score's scale, by product and version of each AI that read. Where the readers
        table does not give an end, it is the outermost score.
    modalities : mapping
        Reading conditions that occur, by kind of reader: ``human`` and ``ai``.
    sessions : tuple of str
        Reading sessions that occur.
    ratings : tuple of (float, float) or None
        Lowest and highest rating that a reader gave; None without ratings.
    months : int
        Calendar months from the first examination to the last; 0 without dates.
    """

    scales: Mapping[str, tuple[float, float]]
    modalities: Mapping[str, tuple[str, ...]]
    sessions: tuple[str, ...]
    ratings: tuple[float, float] | None
    months: int


def part_facts(tables: Mapping[str, pd.DataFrame]) -> PartFacts:
    """Return what the canonical tables of one part have, as far as parameters hang on it."""
    import pandas as pd

    readers = tables.get("readers")
    given = [tables[name] for name in ("readings", "marks") if name in tables]
    keys = ["reader_id", "modality", "session", "rating"]
    read = pd.concat([frame.reindex(columns=keys) for frame in given]) if given else None
    if readers is None or read is None:
        kinds: dict[str, pd.DataFrame] = {}
    else:
        kinds = {
            kind: read[read["reader_id"].isin(readers["reader_id"][readers["kind"] == kind])]
            for kind in ("human", "ai")
        }
    rated = kinds["human"]["rating"].dropna() if "human" in kinds else ()
    return PartFacts(
        scales={} if readers is None or read is None else _scales(readers, kinds["ai"]),
        modalities={k: tuple(sorted(set(frame["modality"]))) for k, frame in kinds.items()},
        sessions=() if read is None else tuple(sorted(set(read["session"]))),
        ratings=(float(min(rated)), float(max(rated))) if len(rated) else None,
        months=_months(tables.get("cases")),
    )


def _scales(readers: pd.DataFrame, read: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the scale of each AI that read, by its label; ends that nobody knows are infinite."""
    from toolkit.scoring.ratings import reader_labels

    labels = reader_labels(readers)
    scales: dict[str, tuple[float, float]] = {}
    for row in readers[readers["reader_id"].isin(read["reader_id"])].to_dict("records"):
        scores = read["rating"][read["reader_id"] == row["reader_id"]].dropna()
        ends = (
            (row.get("score_min"), scores.min() if len(scores) else -math.inf),
            (row.get("score_max"), scores.max() if len(scores) else math.inf),
        )
        low, high = (
            float(seen if stated is None or math.isnan(stated) else stated) for stated, seen in ends
        )
        scales[labels[row["reader_id"]]] = (low, high)
    return scales


def _months(cases: pd.DataFrame | None) -> int:
    """Return over how many calendar months the examinations spread, 0 where none has a date."""
    if cases is None or "exam_date" not in cases or cases["exam_date"].isna().all():
        return 0
    dates = cases["exam_date"].dropna()
    first, last = dates.min(), dates.max()
    return int((last.year - first.year) * 12 + last.month - first.month + 1)


def _score_of_the_ai(value: Any, facts: PartFacts, given: Mapping[str, Any]) -> str:
    """Return why a value is no score of the AI that the chapter reads, or of any where several."""
    named = facts.scales.get(str(given.get("ai") or ""))
    scales = list(facts.scales.values()) if named is None else [named]
    if not scales or any(low <= value <= high for low, high in scales):
        return ""
    shown = " or ".join(f"{low:g} to {high:g}" for low, high in scales)
    return f"a score of the AI, {shown} (score_min and score_max of the readers table)"


def _reading_strategy(value: Any, facts: PartFacts, _given: Mapping[str, Any]) -> str:
    """Return why a mapping is no reading strategy on the scale of an AI that read."""
    from toolkit.scoring.strategies import strategy_fault

    # What is no mapping is refused by its type.
    return strategy_fault(value, list(facts.scales.values())) if isinstance(value, dict) else ""


def _rating_of_the_readers(value: Any, facts: PartFacts, _given: Mapping[str, Any]) -> str:
    """Return why a value is no rating of the readers."""
    if facts.ratings is None:
        return "left empty (null), as no reader of this part gave a rating"
    low, high = facts.ratings
    if low <= value <= high:
        return ""
    return f"a rating of the readers, whose ratings run from {low:g} to {high:g}"


def _month_of_the_study(value: Any, facts: PartFacts, _given: Mapping[str, Any]) -> str:
    """Return why a month is none of the study."""
    if facts.months == 0 or 1 <= value <= facts.months:
        return ""
    return f"a month of the study, whose examinations run over {facts.months} months"


def _ai_of_the_part(value: Any, facts: PartFacts, _given: Mapping[str, Any]) -> str:
    """Return why a name is no AI of the part."""
    if value == "" or value in facts.scales:
        return ""
    return f"empty or an AI that read, by product and version: {_listed(facts.scales)}"


def _session(value: Any, facts: PartFacts, _given: Mapping[str, Any]) -> str:
    """Return why a name is no session."""
    known = facts.sessions
    return "" if not known or value in known else f"a reading session: {_listed(known)}"


def _modality_of(kind: str, who: str) -> Callable[[Any, PartFacts, Mapping[str, Any]], str]:
    """Return the rule that somebody of a kind read so, wherever anybody of the kind read."""

    def rule(value: Any, facts: PartFacts, _given: Mapping[str, Any]) -> str:
        """Return why a name is no reading condition."""
        known = facts.modalities.get(kind, ())
        return "" if not known or value in known else f"a modality of {who}: {_listed(known)}"

    return rule


def _listed(names: Sequence[str] | Mapping[str, Any]) -> str:
    """Return names in a row, or that there are none."""
    return ", ".join(repr(name) for name in names) or "there is none"


DATA_RULES: dict[str, Callable[[Any, PartFacts, Mapping[str, Any]], str]] = {
    "AI": _ai_of_the_part,
    "AI score": _score_of_the_ai,
    "AI strategy": _reading_strategy,
    "AI modality": _modality_of("ai", "the AI"),
    "reader rating": _rating_of_the_readers,
    "reader modality": _modality_of("human", "the readers"),
    "session": _session,
    "month": _month_of_the_study,
}


def names_in(rule: str) -> set[str]:
    """Return the other parameters that a rule speaks of.

    Raises
    ------
    ValueError
        If it is no rule.

    Examples
    --------
    >>> names_in("0 < x <= limit")
    {'limit'}
    """
    if rule == RISING or rule in DATA_RULES:
        return set()
    operands = [operand for pair in _range(rule) for operand in (pair[0], pair[2])]
    names = {operand for operand in operands if isinstance(operand, str)}
    if VALUE not in names:
        raise ValueError(_no_rule(rule))
    return names - {VALUE}


def _no_rule(rule: str) -> str:
    """Return what rules there are."""
    return f"{rule!r} is no rule; known are ranges such as '0 < x <= 1', {RISING!r}, " + ", ".join(
        repr(name) for name in DATA_RULES
    )


def _range(rule: str) -> list[tuple[float | str, Callable[[Any, Any], bool], float | str]]:
    """Return the comparisons of a range, each with its two sides: a number or a name."""
    try:
        tree = ast.parse(rule, mode="eval").body
    except SyntaxError:
        raise ValueError(_no_rule(rule)) from None
    if not isinstance(tree, ast.Compare) or any(type(op) not in _ORDERS for op in tree.ops):
        raise ValueError(_no_rule(rule))
    sides = [_side(node, rule) for node in (tree.left, *tree.comparators)]
    orders = [_ORDERS[type(op)] for op in tree.ops]
    return list(zip(sides[:-1], orders, sides[1:], strict=True))


def _side(node: ast.expr, rule: str) -> float | str:
    """Return a side of a comparison."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
    raise ValueError(_no_rule(rule))


def range_fault(rules: Sequence[str], name: str, given: Mapping[str, Any]) -> str:
    """Return which rule a parameter's value breaks, data apart, or an empty text.

    Parameters
    ----------
    rules : sequence of str
        Those of the parameter; what hangs on data is passed over.
    name : str
        The parameter.
    given : mapping
        Values of all parameters of the chapter that have the right type.

    Examples
    --------
    >>> range_fault(["0 < x <= 0.25"], "margin", {"margin": 5})
    'margin is 5, but must be 0 < x <= 0.25'
    """
    for rule in (rule for rule in rules if rule not in DATA_RULES):
        if rule == RISING:
            if any(not low < high for low, high in pairwise(given[name])):
                return f"{name} is {given[name]!r}, but must rise from value to value"
            continue
        for place, value in _values(name, given[name]):
            if not _in_range(rule, {**given, VALUE: value}):
                return f"{place} is {value!r}, but must be {rule}"
    return ""


def _in_range(rule: str, given: Mapping[str, Any]) -> bool:
    """Whether all comparisons hold; one with a parameter that is None or not there holds."""
    for left, holds, right in _range(rule):
        a, b = (given.get(side) if isinstance(side, str) else side for side in (left, right))
        if a is not None and b is not None and not holds(a, b):
            return False
    return True


def data_fault(rules: Sequence[str], name: str, given: Mapping[str, Any], facts: PartFacts) -> str:
    """Return what a parameter asks for that the data of the part do not have, or an empty text.

    Parameters
    ----------
    rules : sequence of str
        Those of the parameter.
    name : str
        The parameter.
    given : mapping
        Values of all parameters of the chapter.
    facts : PartFacts
        What the data have.
    """
    for rule in (rule for rule in rules if rule in DATA_RULES):
        for place, value in _values(name, given[name]):
            if asked := DATA_RULES[rule](value, facts, given):
                return f"{place} is {value!r}, but must be {asked}"
    return ""


def _values(name: str, value: Any) -> list[tuple[str, Any]]:
    """Return each single value of a parameter with its place; None is none."""
    if value is None:
        return []
    if isinstance(value, list):
        return [(f"{name}[{number}]", item) for number, item in enumerate(value)]
    return [(name, value)]
