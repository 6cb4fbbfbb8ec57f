"""Whether other analyses and tests of a comparison say the same, and results that are undefined."""

from __future__ import annotations

import math
from dataclasses import replace

from toolkit.results import Comparison, Estimate
from toolkit.stats.claims import verdict_note
from toolkit.stats.paired import McNemarTest, PairedCounts, mcnemar
from toolkit.words.wording import in_sentence


def disagreement_flag(primary: Comparison, other: Comparison, *, name: str) -> str:
    """Return in words where another analysis says otherwise; empty where it says the same.

    Parameters
    ----------
    primary : Comparison
        The comparison of the answer.
    other : Comparison
        The same difference and margin by another analysis.
    name : str
        What that analysis is called.

    Returns
    -------
    str
        One clause on the margin, one on no difference, or nothing; empty too where one of them
        has no interval.
    """
    if math.isnan(primary.ci_low + other.ci_low):
        return ""
    words = f"analysis \u201c{in_sentence(name)}\u201d"
    notes = []
    if primary.margin is not None and primary.noninferior != other.noninferior:
        both = ("the answer\u2019s interval", f"the {words}")
        shows, not_shows = both if primary.noninferior else both[::-1]
        notes.append(f"{shows} shows non-inferiority, {not_shows} does not")
    named = replace(primary, ci_method="answer\u2019s")
    notes.append(verdict_note(named, p_value=other.p_value, test=words).partition(":")[0])
    return "; ".join(note for note in notes if note)


Tests = tuple[McNemarTest, McNemarTest]

NO_WEIGHTED_TESTS = "no McNemar test: it knows no sampling weights"
NO_TESTS = "no McNemar test: it takes examinations as independent, and some women have several"


def mcnemar_tests(counts: PairedCounts, *, quantity: str, label_a: str, label_b: str) -> Tests:
    """Return the mid-P and the exact McNemar test of one table."""
    words = {"quantity": quantity, "label_a": label_a, "label_b": label_b}
    return mcnemar(counts, method="midp", **words), mcnemar(counts, method="exact", **words)


def disagreement(comparison: Comparison, tests: Tests) -> str:
    """Return in words where the interval and McNemar tests of the same table disagree.

    Parameters
    ----------
    comparison : Comparison
        Difference or ratio of the table that the tests are of.
    tests : (McNemarTest, McNemarTest)
        Mid-P and exact.

    Returns
    -------
    str
        Empty where both tests agree with the interval. The verdict of a chapter follows from the
        interval, and the words say so.
    """
    notes = [
        verdict_note(comparison, p_value=test.p_value, test=f"{test.method} test") for test in tests
    ]
    if all(notes):  # both on the other side: one sentence for both
        test = "mid-P as well as the exact McNemar test"
        notes = [verdict_note(comparison, p_value=tests[0].p_value, test=test)]
    return "".join(notes)


def disagreement_phrase(comparison: Comparison, tests: Tests) -> str:
    """Return, after a semicolon, where McNemar tests disagree with the interval, or nothing."""
    words = disagreement(comparison, tests)
    return f"; {words}" if words else ""


def flagged(comparison: Comparison, tests: Tests | None, *, why: str = NO_TESTS) -> Comparison:
    """Return the comparison with a note where McNemar tests of its table disagree, or are none.

    ``tests`` is None where women have several examinations of the table: the interval then takes
    women as independent, McNemar tests would take examinations, and may differ for that alone.
    ``why`` is said then.
    """
    words = why if tests is None else disagreement(comparison, tests)
    notes = [note for note in (comparison.note, words) if note]
    return replace(comparison, note="; ".join(notes))


def undefined_auc(label: str, ci_level: float, note: str) -> Estimate:
    """Return an area that cannot be estimated, with the reason."""
    return Estimate(
        quantity="auc",
        unit="probability",
        estimate=math.nan,
        std_error=math.nan,
        ci_low=math.nan,
        ci_high=math.nan,
        ci_level=ci_level,
        ci_method="none",
        method="empirical AUC",
        label=label,
        note=note,
    )


def undefined_difference(
    quantity: str,
    note: str,
    *,
    margin: float | None,
    names: tuple[str, str],
    ci_level: float,
    unit: str = "probability",
) -> Comparison:
    """Return a difference that cannot be estimated, with the reason.

    Parameters
    ----------
    quantity : str
        ``"auc"``, ``"sensitivity"`` or ``"specificity"``; a higher one is better.
    note : str
        The reason.
    margin : float or None
        Margin of the plan.
    names : (str, str)
        The comparator a and b.
    ci_level : float
        Confidence level of the plan.
    unit : str
        Of the quantity; a margin of probabilities is below 1.
    """
    nan = math.nan
    return Comparison(
        quantity=quantity,
        unit=unit,
        estimate=nan,
        std_error=nan,
        ci_low=nan,
        ci_high=nan,
        ci_level=ci_level,
        ci_method="none",
        method=f"difference in {quantity}",
        note=note,
        label_a=names[0],
        label_b=names[1],
        estimate_a=nan,
        estimate_b=nan,
        effect="difference",
        statistic=nan,
        df=nan,
        p_value=nan,
        margin=margin,
        better="higher",
    )
