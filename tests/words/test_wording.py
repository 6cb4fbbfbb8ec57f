"""Numbers as text: every expected string is worked out by hand from the rules of the book."""

from decimal import ROUND_HALF_UP, Decimal
from math import inf, nan

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from toolkit.words.wording import (
    EM_DASH,
    FIGURE_SPACE,
    count_text,
    counted,
    joined,
    number_text,
    p_phrase,
    p_text,
    pad_decimals,
    proportion_text,
    range_text,
    rate_text,
    share_text,
    value_text,
)


def plain(text: str) -> str:
    """Text with ordinary spaces and without word joiners."""
    return text.replace("\u00a0", " ").replace("\u2060", "")


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0.8165, 3, "0.817"),  # half up
        (0.8175, 3, "0.818"),  # stored as 0.81749999...: the record shows 0.8175
        (2.675, 2, "2.68"),
        (1.005, 2, "1.01"),
        (-0.8175, 3, "−0.818"),  # away from zero on both sides
        (-0.0004, 3, "0.000"),  # no negative zero
        (-0.0, 2, "0.00"),
        (0.9995, 3, "1.000"),
        (1234567.891, 1, "1,234,567.9"),
        (1e-7, 3, "0.000"),
        (1e22, 0, "10,000,000,000,000,000,000,000"),
        (nan, 3, EM_DASH),
        (inf, 1, "∞"),
        (-inf, 1, "−∞"),
    ],
)
def test_number_text_rounds_half_up_on_the_stored_decimal(value, digits, expected):
    assert number_text(value, digits=digits) == expected


@given(st.floats(-1e3, 1e3, allow_nan=False), st.integers(0, 4))
def test_number_text_agrees_with_decimal_rounding_of_repr(value, digits):
    scaled = Decimal(repr(value)).scaleb(digits)
    assume(abs(abs(scaled) % 1 - Decimal("0.5")) > Decimal("1e-5"))  # a half has its own test
    expected = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = number_text(value, digits=digits)
    assert Decimal(text.replace("−", "-").replace(",", "")) == expected
    assert not (text.startswith("−") and not text.strip("−0."))


@given(st.integers(0, 999))
def test_a_half_rounds_up_in_whatever_order_it_was_summed(thousands):
    half = thousands / 1000 + 0.0005
    for value in (half, (2 * thousands + 1) / 2000, np.nextafter(half, 0), np.nextafter(half, 9)):
        assert number_text(float(value), digits=3) == f"{(thousands + 1) / 1000:.3f}"


@given(st.floats(-1e3, 1e3, allow_nan=False))
def test_number_text_of_the_opposite_differs_by_the_sign_only(value):
    assert number_text(value, digits=3).lstrip("−") == number_text(-value, digits=3).lstrip("−")


def test_signed_numbers_show_plus_and_true_minus():
    assert number_text(0.044, digits=3, signed=True) == "+0.044"
    assert number_text(-0.032, digits=3, signed=True) == "\u22120.032"
    assert number_text(0.0, digits=3, signed=True) == "0.000"


def test_count_text_separates_thousands_and_hides_small_counts():
    assert count_text(13500) == "13,500"
    assert count_text(12.0) == "12"
    assert count_text(nan) == EM_DASH
    assert [count_text(n, hide_below=5) for n in (0, 1, 4, 5)] == ["0", "<5", "<5", "5"]


def test_count_text_refuses_a_fraction():
    with pytest.raises(ValueError, match=r"a count must be a whole number, but got 2\.5"):
        count_text(2.5)


@pytest.mark.parametrize(
    ("value", "form", "signed", "expected"),
    [
        (0.81689, "index", False, "0.817"),
        (0.675, "percent", False, "67.5%"),
        (0.9025, "percent", False, "90.3%"),  # 90.25, half up
        (6.1666, "per_1000", False, "6.2 per 1,000"),
        (41.4, "seconds", False, "41 s"),
        (1.1692, "ratio", False, "1.17"),
        (48.25, "number", False, "48.3"),
        (-0.0316, "index", True, "−0.032"),
        (-0.0004, "index", True, "−0.0004"),  # one digit more
        (0.00003, "index", True, "+0.00003"),  # two digits more, for it is not zero
        (1e-12, "index", True, "0.000"),  # noise of the arithmetic is zero
        (-0.075, "percent", True, "−7.5 points"),
        (0.0003, "percent", True, "+0.03 points"),
        (0.8226, "per_1000", True, "+0.8 per 1,000"),
        (-8.0, "seconds", True, "−8 s"),
        (0.0, "index", True, "0.000"),
        (nan, "percent", True, EM_DASH),
    ],
)
def test_value_text_has_one_form_for_each_kind(value, form, signed, expected):
    assert plain(value_text(value, form=form, signed=signed)) == expected


def test_value_text_without_unit():
    assert value_text(0.675, form="percent", unit=False) == "67.5"
    assert value_text(-0.075, form="percent", signed=True, unit=False) == "−7.5"


@pytest.mark.parametrize(
    ("low", "high", "form", "expected"),
    [
        (0.752, 0.8824, "index", "0.752–0.882"),
        (-0.0942, 0.031, "index", "−0.094 to 0.031"),
        (-0.149, -0.0171, "index", "−0.149 to −0.017"),
        (-0.0004, 0.088, "index", "−0.0004 to 0.088"),
        (0.0, 0.046, "percent", "0.0–4.6"),
        (1.04, 1.35, "ratio", "1.04–1.35"),
        (1.003, 1.35, "ratio", "1.003–1.35"),  # must not read as no difference
        (0.9981, 1.35, "ratio", "0.998–1.35"),
        (1.2, inf, "ratio", "1.20 to ∞"),
        (-inf, 0.1, "index", "−∞ to 0.100"),
        (nan, 0.1, "index", EM_DASH),
    ],
)
def test_range_text_uses_a_dash_or_to(low, high, form, expected):
    assert plain(range_text(low, high, form=form)) == expected


def test_range_text_never_breaks_over_lines():
    assert range_text(0.752, 0.882, form="index") == "0.752\u2060–\u20600.882"
    assert range_text(-0.1, 0.1, form="index") == "−0.100\u00a0to\u00a00.100"


def test_range_text_can_write_to_for_a_whole_column():
    assert plain(range_text(0.014, 0.187, form="index", always_to=True)) == "0.014 to 0.187"


def test_proportions_always_show_their_counts():
    assert proportion_text(54, 80) == "54/80 (67.5%)"
    assert proportion_text(12171, 13500) == "12,171/13,500 (90.2%)"
    assert proportion_text(0, 0) == "0/0 (—)"
    assert share_text(54, 80) == "54 of 80 (67.5%)"
    assert share_text(19, 19) == "19 of 19"
    assert share_text(20, 20) == "20 of 20 (100.0%)"


def test_percentages_are_rounded_from_the_exact_fraction():
    # 1/8 = 12.5 and 9/16 = 56.25 exactly: half up
    assert proportion_text(9, 16) == "9/16 (56.3%)"
    # 1005/200000 = 0.5025 %
    assert proportion_text(1005, 200_000) == "1,005/200,000 (0.5%)"


def test_rate_text_is_per_1000():
    assert plain(rate_text(76, 13371)) == "5.7 per 1,000"
    assert rate_text(1, 0) == EM_DASH


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.0, "<.001"),
        (0.00099, "<.001"),
        (0.001, ".001"),
        (0.0345, ".035"),
        (0.0516, ".052"),
        (0.05, ".050"),
        (0.0496, ".0496"),  # .050 would not read as below .05
        (0.04996, ".04996"),
        (0.0994, ".099"),
        (0.0996, ".10"),
        (0.1, ".10"),
        (0.325, ".33"),
        (0.99, ".99"),
        (0.9901, ">.99"),
        (1.0, ">.99"),
        (nan, EM_DASH),
    ],
)
def test_p_text_follows_the_journals(p, expected):
    assert p_text(p) == expected


def test_p_phrase_keeps_together():
    assert p_phrase(0.034) == "P\u00a0=\u00a0.034"
    assert p_phrase(0.0001) == "P\u00a0<\u00a0.001"
    assert p_phrase(0.999) == "P\u00a0>\u00a0.99"


@pytest.mark.parametrize("p", [-0.01, 1.01])
def test_p_text_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="P must lie between 0 and 1, but got"):
        p_text(p)


def test_counted_writes_small_numbers_in_words():
    assert [counted(n, "reader") for n in (0, 1, 9, 10)] == [
        "no readers",
        "one reader",
        "nine readers",
        "10 readers",
    ]
    assert counted(2, "biopsy", "biopsies") == "two biopsies"


def test_joined_is_a_list_in_a_sentence():
    assert joined([]) == ""
    assert joined(["A"]) == "A"
    assert joined(["A", "B"]) == "A and B"
    assert joined(["A", "B", "C"]) == "A, B and C"


def test_pad_decimals_aligns_points_and_leaves_other_text():
    texts = ["0.0207", "15.3", "−1.25", "—", "54/80", "7"]
    padded = pad_decimals(texts)
    assert [text.count(FIGURE_SPACE) for text in padded] == [0, 3, 2, 0, 0, 0]
    assert [text.rstrip(FIGURE_SPACE) for text in padded] == texts
