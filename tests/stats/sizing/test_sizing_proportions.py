"""Exact power of two proportions, independent and paired: all tables by brute force, simulation."""

import dataclasses
from functools import partial
from itertools import product

import numpy as np
import pytest
from scipy import stats

from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.paired.counts import PairedCounts
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.paired.ratios import paired_ratio_ci
from toolkit.stats.paired.tests import mcnemar
from toolkit.stats.proportions.two import (
    TwoGroupCounts,
    proportion_difference_ci,
    proportion_ratio_ci,
)
from toolkit.stats.sizing.paired import PairedQuestion, paired_power, paired_sample_size
from toolkit.stats.sizing.proportions import (
    ProportionQuestion,
    binomial_mass,
    bulk,
    rejection_probability,
    two_group_power,
    two_group_sample_size,
)

mcnemar_asymptotic = partial(mcnemar, method="asymptotic")
mcnemar_exact = partial(mcnemar, method="exact")

DIFFERENCE = ProportionQuestion(proportion_a=0.3, proportion_b=0.65)
HIGHER = ProportionQuestion(proportion_a=0.8, proportion_b=0.85, margin=0.15, better="higher")
LOWER = ProportionQuestion(proportion_a=0.3, proportion_b=0.25, margin=0.2, better="lower")
RATIO_HIGHER = dataclasses.replace(HIGHER, effect="ratio", margin=0.75)
RATIO_LOWER = dataclasses.replace(LOWER, effect="ratio", margin=1.8)
QUESTIONS = [DIFFERENCE, HIGHER, LOWER, RATIO_HIGHER, RATIO_LOWER]


# --- counts that reject -------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "share"), [(1, 0.5), (40, 0.02), (5000, 0.001), (10**6, 0.3)])
def test_bulk_holds_all_probability(n, share):
    counts = bulk(n, share)
    mass = binomial_mass(counts, n, share)
    assert mass.sum() == pytest.approx(1, abs=1e-9 if n > 10**5 else 1e-12)
    np.testing.assert_allclose(mass, stats.binom.pmf(list(counts), n, share), rtol=1e-7, atol=1e-15)


def test_rejection_probability_is_the_tails():
    found = rejection_probability(30, 0.4, low=lambda x: x <= 6, high=lambda x: x >= 19)
    expected = stats.binom.cdf(6, 30, 0.4) + stats.binom.sf(18, 30, 0.4)
    assert found == pytest.approx(expected, rel=1e-12)
    assert rejection_probability(30, 0.4, low=None, high=lambda _: True) == pytest.approx(1)
    never = rejection_probability(30, 0.4, low=lambda _: False, high=lambda _: False)
    assert never == pytest.approx(0, abs=1e-15)


# --- two groups ---------------------------------------------------------------------------------


def p_of_groups(question, cells):
    counts = TwoGroupCounts(**cells)
    margin = {"margin": question.margin, "better": question.better}
    if question.effect == "difference":
        result = proportion_difference_ci(counts, **margin)
    else:
        result = proportion_ratio_ci(counts, **margin)
    return result.p_value / 2 if question.margin is None else result.p_noninferiority


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(("n_a", "n_b"), [(17, 21), (24, 13)])
def test_two_group_power_adds_up_all_tables(question, n_a, n_b):
    power = size = 0.0
    for a, b in product(range(n_a + 1), range(n_b + 1)):
        cells = {"numerator_a": a, "denominator_a": n_a, "numerator_b": b, "denominator_b": n_b}
        p_value = p_of_groups(question, cells)
        if p_value < 0.025:  # False where it is NaN: both groups without an event
            chance = stats.binom.pmf(a, n_a, question.proportion_a)
            power += chance * stats.binom.pmf(b, n_b, question.proportion_b)
            size += chance * stats.binom.pmf(b, n_b, question.boundary)
    found = two_group_power(question, n_a=n_a, n_b=n_b)
    assert found.power == pytest.approx(power, abs=1e-10)
    assert found.size == pytest.approx(size, abs=1e-10)


def test_screening_trial_by_simulation():
    question = ProportionQuestion(
        proportion_a=0.005, proportion_b=0.0055, effect="ratio", margin=0.85, better="higher"
    )
    n = 30_000
    found = two_group_power(question, n_a=n, n_b=n)
    draw = np.random.default_rng(20260101)
    tables = zip(
        draw.binomial(n, 0.005, 1500).tolist(), draw.binomial(n, 0.0055, 1500).tolist(), strict=True
    )
    rejected = [
        p_of_groups(
            question,
            {"numerator_a": a, "denominator_a": n, "numerator_b": b, "denominator_b": n},
        )
        < 0.025
        for a, b in tables
    ]
    error = np.sqrt(found.power * (1 - found.power) / len(rejected))
    assert np.mean(rejected) == pytest.approx(found.power, abs=4 * error)
    # The normal law of the log ratio gives nearly the same.
    spread = np.sqrt((1 - 0.005) / (n * 0.005) + (1 - 0.0055) / (n * 0.0055))
    rough = stats.norm.cdf(np.log(1.1 / 0.85) / spread - 1.959964)
    assert found.power == pytest.approx(rough, abs=0.01)
    assert found.size == pytest.approx(0.025, abs=0.002)


def test_two_group_sample_size_is_the_first_that_stays():
    for question in (HIGHER, RATIO_LOWER, DIFFERENCE):
        found = two_group_sample_size(question, power=0.8, b_per_a=2)
        assert found.n_b == 2 * found.n_a
        powers = [
            two_group_power(question, n_a=n, n_b=2 * n).power
            for n in range(found.n_a - 1, found.n_a + 21)
        ]
        assert powers[0] < 0.8 <= min(powers[1:])


def test_swapping_groups_and_turning_events_round_changes_nothing():
    turned = ProportionQuestion(
        proportion_a=1 - 0.8, proportion_b=1 - 0.85, margin=0.15, better="lower"
    )
    first = two_group_power(HIGHER, n_a=60, n_b=50)
    second = two_group_power(turned, n_a=60, n_b=50)
    assert first.power == pytest.approx(second.power, abs=1e-12)
    swapped = ProportionQuestion(proportion_a=0.65, proportion_b=0.3)
    assert two_group_power(DIFFERENCE, n_a=30, n_b=20).power == pytest.approx(
        two_group_power(swapped, n_a=20, n_b=30).power, abs=1e-12
    )


# --- pairs --------------------------------------------------------------------------------------

PAIRED = [
    PairedQuestion(proportion_a=0.5, proportion_b=0.75, concordance=0.6),
    PairedQuestion(proportion_a=0.5, proportion_b=0.75, concordance=0.6, test="exact"),
    PairedQuestion(proportion_a=0.75, proportion_b=0.5, concordance=0.6, test="mid-P"),
    PairedQuestion(
        proportion_a=0.8, proportion_b=0.85, concordance=0.8, margin=0.15, better="higher"
    ),
    PairedQuestion(
        proportion_a=0.3, proportion_b=0.25, concordance=0.8, margin=0.2, better="lower"
    ),
    PairedQuestion(
        proportion_a=0.8,
        proportion_b=0.85,
        concordance=0.8,
        effect="ratio",
        margin=0.75,
        better="higher",
    ),
    PairedQuestion(
        proportion_a=0.3,
        proportion_b=0.25,
        concordance=0.8,
        effect="ratio",
        margin=1.8,
        better="lower",
    ),
]


def p_of_pairs(question, counts):
    """One-sided P of a margin; half of the two-sided one without."""
    if question.margin is None:
        tests = {"score": mcnemar_asymptotic, "exact": mcnemar_exact, "mid-P": mcnemar}
        return tests[question.test](counts).p_value / 2
    interval = paired_difference_ci if question.effect == "difference" else paired_ratio_ci
    return interval(counts, margin=question.margin, better=question.better).p_noninferiority


@pytest.mark.parametrize("question", PAIRED)
def test_paired_power_adds_up_all_tables(question):
    n = 16
    power = size = 0.0
    cells = [[c.both, c.only_b, c.only_a, c.neither] for c in (question.cells, question.null_cells)]
    for both, only_b, only_a in product(range(n + 1), repeat=3):
        neither = n - both - only_b - only_a
        if neither < 0:
            continue
        counts = PairedCounts(both=both, only_b=only_b, only_a=only_a, neither=neither)
        if p_of_pairs(question, counts) < 0.025 or (
            question.test in ("exact", "mid-P") and p_of_pairs(question, counts) == 0.025
        ):
            table = [both, only_b, only_a, neither]
            power += stats.multinomial.pmf(table, n, cells[0])
            size += stats.multinomial.pmf(table, n, cells[1])
    found = paired_power(question, n_pairs=n)
    assert found.power == pytest.approx(power, abs=1e-9)
    assert found.size == pytest.approx(size, abs=1e-9)


def test_exact_mcnemar_keeps_its_level_and_mid_p_is_nearer():
    exact, mid, score = (
        paired_power(dataclasses.replace(PAIRED[0], test=test), n_pairs=60)
        for test in ("exact", "mid-P", "score")
    )
    assert exact.size < mid.size <= score.size + 1e-12
    assert exact.size < 0.05
    assert exact.power < mid.power


def test_screen_trust_table_by_simulation():
    # As in ScreenTrustCAD: 269 cancers, two readers found 250, one with AI 261, 27 discordant.
    question = PairedQuestion(
        proportion_a=250 / 270,
        proportion_b=250 / 270,
        concordance=1 - 27 / 270,
        effect="ratio",
        margin=0.85,
        better="higher",
    )
    n = 60
    found = paired_power(question, n_pairs=n)
    c = question.cells
    tables = np.random.default_rng(1).multinomial(
        n, [c.both, c.only_b, c.only_a, c.neither], size=3000
    )
    rejected = [
        p_of_pairs(question, PairedCounts(both=both, only_b=only_b, only_a=only_a, neither=neither))
        < 0.025
        for both, only_b, only_a, neither in tables.tolist()
    ]
    error = np.sqrt(found.power * (1 - found.power) / len(rejected))
    assert np.mean(rejected) == pytest.approx(found.power, abs=4 * error)
    assert paired_power(question, n_pairs=270).power > 0.999


def test_paired_sample_size_is_the_first_that_stays():
    for question in (PAIRED[0], PAIRED[3], PAIRED[5]):
        found = paired_sample_size(question)
        powers = [
            paired_power(question, n_pairs=n).power for n in range(found.n_a - 1, found.n_a + 21)
        ]
        assert powers[0] < 0.8 <= min(powers[1:])


def test_too_many_outcomes_are_drawn_with_a_seed():
    question = dataclasses.replace(PAIRED[5], proportion_b=0.8, margin=0.985)
    with pytest.raises(ValueError, match="too many outcomes to add up: give rng= an int"):
        paired_power(question, n_pairs=20_000)
    found = paired_power(question, n_pairs=20_000, rng=7)
    assert found.seed == "7"
    assert "50,000 tables drawn, seed 7" in found.method
    assert found.power == paired_power(question, n_pairs=20_000, rng=7).power
    # The normal law of the log ratio: variance (discordant) / (positive_a positive_b).
    spread = np.sqrt(0.2 / (0.8 * 0.8) / 20_000)
    rough = stats.norm.cdf(-np.log(0.985) / spread - 1.959964)
    assert found.power == pytest.approx(rough, abs=0.01)
    # Where both can be done they agree.
    exact = paired_power(PAIRED[5], n_pairs=60)
    from toolkit.stats.sizing.paired import _drawn

    drawn = _drawn(PAIRED[5], 60, 1.959963984540054, PAIRED[5].cells, 3)
    assert drawn == pytest.approx(exact.power, abs=0.007)


def test_results_round_trip_and_their_rows_are_in_the_glossary():
    for result in (
        two_group_power(HIGHER, n_a=30, n_b=30),
        paired_power(PAIRED[0], n_pairs=40),
        dataclasses.replace(paired_power(PAIRED[0], n_pairs=40), seed="7"),
    ):
        assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()
        assert set(result.summary_frame().columns) <= set(GLOSSARY)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dataclasses.replace(HIGHER, proportion_a=0.0), "proportion_a must lie between 0"),
        (lambda: dataclasses.replace(HIGHER, proportion_b=85), "proportion_b must lie from 0 to 1"),
        (lambda: dataclasses.replace(HIGHER, effect="odds"), "effect must be one of 'difference'"),
        (lambda: dataclasses.replace(HIGHER, better=None), "margin=0.15 needs better="),
        (
            lambda: ProportionQuestion(proportion_a=0.3, proportion_b=0.3),
            "proportion_a and proportion_b are equal: there is no difference to show",
        ),
        (
            lambda: dataclasses.replace(HIGHER, proportion_a=0.1, proportion_b=0.1),
            "margin = 0.15 allows any proportion of b",
        ),
        (
            lambda: dataclasses.replace(HIGHER, proportion_b=0.6),
            "proportion_b = 0.6 lies beyond the margin, whose limit is 0.65",
        ),
        (lambda: two_group_power(HIGHER, n_a=0, n_b=9), "n_a must be at least 1, but got 0"),
        (lambda: two_group_power(HIGHER, n_a=9, n_b=1.5), "n_b must be a whole number"),
        (lambda: two_group_sample_size(HIGHER, power=1), "power must lie between 0 and 1"),
        (lambda: two_group_sample_size(HIGHER, b_per_a=0), "b_per_a must be a finite number"),
        (
            lambda: two_group_sample_size(
                ProportionQuestion(proportion_a=1e-6, proportion_b=1.1e-6)
            ),
            "10,000,000 units of a are not enough",
        ),
        (
            lambda: dataclasses.replace(PAIRED[0], concordance=0.99),
            "concordance must lie from 0.25 to 0.75",
        ),
        (lambda: dataclasses.replace(PAIRED[0], test="fisher"), "test must be one of 'score'"),
        (
            lambda: dataclasses.replace(PAIRED[3], test="exact"),
            "test='exact' is McNemar's, which knows no margin",
        ),
        (
            lambda: PairedQuestion(
                proportion_a=0.3, proportion_b=0.3, concordance=1.0, margin=0.1, better="higher"
            ),
            "concordance is 1: no pair is discordant",
        ),
        (lambda: paired_power(PAIRED[0], n_pairs=0), "n_pairs must be at least 1, but got 0"),
        (lambda: paired_sample_size(PAIRED[0], power=2), "power must lie from 0 to 1"),
        (
            lambda: paired_sample_size(
                PairedQuestion(proportion_a=1e-6, proportion_b=1.01e-6, concordance=0.999999)
            ),
            "10,000,000 pairs are not enough",
        ),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
