"""Coverage of intervals of proportions by exact enumeration, on the ranges that are promised."""

import pytest

from tests.benchmarks.coverage_proportions import (
    DISCORDANT,
    EXTREME_DISCORDANT,
    EXTREME_SENSITIVITIES,
    ONE_PROPORTION,
    ONE_RANGES,
    RATES,
    SENSITIVITIES,
    one_proportion,
    paired,
    two_groups,
)


@pytest.mark.parametrize("place", ONE_RANGES[:3])
def test_wilson_covers_its_level_on_average_and_never_far_less(place):
    coverage = one_proportion("Wilson", *place)
    assert 94.5 <= coverage.mean <= 96
    assert coverage.minimum >= 91.5


@pytest.mark.parametrize("method", ["Clopper-Pearson", "Blaker"])
@pytest.mark.parametrize("place", ONE_RANGES[:3])
def test_exact_intervals_never_cover_less_than_their_level(method, place):
    # On either side of every limit; 1e-6 of a percent for the distance kept from it.
    assert one_proportion(method, *place).minimum >= 95 - 1e-6


def test_coverage_of_30_cancers_is_what_others_found():
    # The mean and, on its grid, least coverage found independently: sensitivities .70 to .98.
    known = {"Wilson": 95.5, "Clopper-Pearson": 97.6, "Jeffreys": 95.0, "mid-P": 96.0, "Wald": 87.8}
    for method, mean in known.items():
        assert one_proportion(method, *ONE_RANGES[0]).mean == pytest.approx(mean, abs=0.06)
    assert one_proportion("Wald", *ONE_RANGES[0]).minimum == pytest.approx(45, abs=1)


@pytest.mark.slow
@pytest.mark.parametrize("method", ONE_PROPORTION)
def test_every_method_but_wald_is_near_its_level_for_10000_women(method):
    coverage = one_proportion(method, *ONE_RANGES[3])
    assert abs(coverage.mean - 95) <= 0.75
    assert coverage.minimum >= (92 if method == "Wald" else 93.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_a", "n_b", "shares"),
    [
        (30, 30, SENSITIVITIES),
        (30, 100, SENSITIVITIES),
        (100, 100, SENSITIVITIES),
        (1000, 1000, RATES),
    ],
)
def test_miettinen_nurminen_and_scas_cover_at_least_93(n_a, n_b, shares):
    for method in ("Miettinen-Nurminen", "SCAS"):
        coverage = two_groups(method, n_a, n_b, shares)
        assert 94.5 <= coverage.mean <= 96
        assert coverage.minimum >= 93


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 50, 100, 200])
def test_tango_covers_at_least_93(n):
    coverage = paired(n, DISCORDANT)
    assert 94.5 <= coverage.mean <= 96.5
    assert coverage.minimum >= 93


@pytest.mark.slow
def test_coverage_beyond_the_promised_ranges_is_known():
    # What a reader must be told: both fall below 93 where a group hardly varies.
    assert paired(100, EXTREME_DISCORDANT).minimum == pytest.approx(92.9, abs=0.1)
    extreme = two_groups("Miettinen-Nurminen", 30, 100, EXTREME_SENSITIVITIES)
    assert extreme.minimum == pytest.approx(90, abs=0.1)
    corrected = two_groups("SCAS", 30, 100, EXTREME_SENSITIVITIES)
    assert corrected.minimum == pytest.approx(92.7, abs=0.1)
