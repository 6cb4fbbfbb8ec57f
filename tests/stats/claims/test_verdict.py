"""Which words a comparison may carry: by plan, direction, margin, order and maturity."""

from dataclasses import replace
from math import inf, nan

import pytest

from tests.test_results import make_comparison
from toolkit.stats.claims import Standing, said
from toolkit.stats.claims.plan import ClaimPlace


def place(claim="superiority", *, before=0, beside=0):
    return ClaimPlace(claim=claim, before=before, beside=beside)


def planned(*places, **changes):
    return Standing(planned=True, places=places, **changes)


def change(low, high, **changes):
    given = {"estimate": (low + high) / 2, "ci_low": low, "ci_high": high, "better": "higher"}
    return make_comparison(**{**given, **changes})


UP, OPEN, DOWN = change(0.01, 0.09), change(-0.03, 0.05), change(-0.231, -0.009)


@pytest.mark.parametrize("comparison", [UP, OPEN, DOWN, replace(UP, margin=0.05)])
def test_without_a_claim_every_comparison_is_an_estimate(comparison):
    nothing = said(comparison, Standing())
    assert (nothing.opening, nothing.conclusion) == ("", "")
    assert nothing.standing == "No plan: an estimate, nothing confirmatory"
    outside = said(comparison, planned())
    assert (outside.opening, outside.conclusion) == ("", "")
    assert outside.standing == "Outside the plan: an estimate"


@pytest.mark.parametrize(
    ("comparison", "claim", "opening", "conclusion"),
    [
        (UP, "superiority", "Yes.", "Superiority shown"),
        (OPEN, "superiority", "Not shown.", "Superiority not shown"),
        (DOWN, "superiority", "No.", "Superiority not shown: AI worse"),
        (replace(UP, better="lower"), "superiority", "No.", "Superiority not shown: AI worse"),
        (replace(DOWN, better="lower"), "superiority", "Yes.", "Superiority shown"),
        (UP, "difference", "Yes.", "Difference shown: AI higher"),
        (DOWN, "difference", "Yes.", "Difference shown: AI lower"),
        (
            change(-0.04, 0.03, margin=0.05),
            "noninferiority",
            "Yes.",
            "Non-inferiority shown",
        ),
        # Exactly at the margin is not above it.
        (
            change(-0.05, 0.03, margin=0.05),
            "noninferiority",
            "Not shown.",
            "Non-inferiority not shown",
        ),
        (
            change(-0.2, -0.06, margin=0.05),
            "noninferiority",
            "No.",
            "Non-inferiority not shown: AI worse",
        ),
        (
            change(-0.08, -0.01, margin=0.05),
            "noninferiority",
            "Not shown.",
            "Non-inferiority not shown: AI worse",
        ),
        (
            change(-0.04, -0.01, margin=0.05),
            "noninferiority",
            "Yes.",
            "Non-inferiority shown, though AI is worse",
        ),
        (
            change(0.9, 1.3, margin=0.85, effect="ratio", estimate=1.1),
            "noninferiority",
            "Yes.",
            "Non-inferiority shown",
        ),
        (
            change(1.06, 1.2, margin=1.05, effect="ratio", better="lower", estimate=1.1),
            "noninferiority",
            "No.",
            "Non-inferiority not shown: AI worse",
        ),
        (change(-0.01, inf, estimate=0.1), "superiority", "Not shown.", "Superiority not shown"),
    ],
)
def test_a_claim_follows_from_interval_margin_and_direction(comparison, claim, opening, conclusion):
    words = said(comparison, planned(place(claim)))
    assert (words.opening, words.conclusion, words.standing) == (opening, conclusion, "")


@pytest.mark.parametrize(
    ("where", "opening"),
    [
        (place(before=1), "Yes, if the claim before it is shown."),
        (place(before=2), "Yes, if the two claims before it are shown."),
        (place(before=1, beside=2), "Yes, if it holds beside two other claims by Holm's method."),
    ],
)
def test_a_claim_that_rests_on_others_says_so_until_they_are_judged(where, opening):
    assert said(UP, planned(where)).opening == opening
    assert said(OPEN, planned(where)).opening == "Not shown."
    for verdict, word in (("shown", "Yes."), ("not shown", "Not shown."), ("not tested", "Not t")):
        assert said(UP, planned(where, verdicts=(verdict,))).opening.startswith(word)


def test_both_claims_on_one_comparison_are_concluded():
    both = planned(place("noninferiority"), place())
    words = said(change(-0.01, 0.05, margin=0.05), both)
    assert words.opening == "Yes."
    assert words.conclusion == "Non-inferiority shown; superiority not shown"


def test_what_is_not_defined_or_not_complete_cannot_be_answered():
    nothing = change(nan, nan, estimate=nan, note="only one reader")
    words = said(nothing, planned(place()))
    assert words.opening == "Cannot be answered yet."
    assert words.conclusion == "Not defined: only one reader"
    waiting = said(UP, planned(place(), waits_for="work-up is not complete"))
    assert waiting.opening == "Cannot be answered yet."
    assert waiting.conclusion == "Not judged yet: work-up is not complete"
