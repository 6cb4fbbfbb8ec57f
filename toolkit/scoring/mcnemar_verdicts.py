"""McNemar tests beside a paired comparison, and whether they say the same as its interval."""

from __future__ import annotations

from dataclasses import replace

from toolkit.results import Comparison
from toolkit.stats.claims.plan import verdict_note
from toolkit.stats.paired.counts import PairedCounts
from toolkit.stats.paired.tests import McNemarTest, mcnemar

Tests = tuple[McNemarTest, McNemarTest]

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
    note = "".join(notes)
    return f"{note}, here the interval" if note else ""


def disagreement_phrase(comparison: Comparison, tests: Tests) -> str:
    """Return, after a semicolon, where McNemar tests disagree with the interval, or nothing."""
    words = disagreement(comparison, tests)
    return f"; {words}" if words else ""


def flagged(comparison: Comparison, tests: Tests | None) -> Comparison:
    """Return the comparison with a note where McNemar tests of its table disagree, or are none.

    ``tests`` is None where women have several examinations of the table: the interval then takes
    women as independent, McNemar tests would take examinations, and may differ for that alone.
    """
    words = NO_TESTS if tests is None else disagreement(comparison, tests)
    notes = [note for note in (comparison.note, words) if note]
    return replace(comparison, note="; ".join(notes))
