from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain import money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("79.99", "USD", 7999),
        ("100", "USD", 10000),
        ("1E+2", "USD", 10000),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
    ],
)
def test_given_an_amount_when_converted_then_it_is_counted_in_minor_units(
    amount: str, currency: str, minor: int
) -> None:
    assert money.to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "complaint"),
    [
        ("0.001", "USD", "too many decimals"),
        ("1.5", "JPY", "too many decimals"),
        ("-0.01", "USD", "negative"),
        ("100000000.01", "USD", "too large"),
        ("1E+999999999", "USD", "too large"),
    ],
)
def test_given_an_invalid_amount_when_converted_then_it_is_refused(amount: str, currency: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        money.to_minor(Decimal(amount), currency)


@given(st.integers(0, money.MAX_UNIT_PRICE), st.sampled_from(sorted(money.DECIMALS)))
def test_given_any_price_when_written_and_read_then_it_is_the_same(minor: int, currency: str) -> None:
    assert money.to_minor(Decimal(money.to_decimal(minor, currency)), currency) == minor


def test_given_small_amounts_when_written_then_zeros_are_kept() -> None:
    assert [money.to_decimal(minor, "USD") for minor in (0, 5, 100)] == ["0.00", "0.05", "1.00"]


@given(st.integers(-money.MAX_ADJUSTMENT, money.MAX_ADJUSTMENT), st.sampled_from(sorted(money.DECIMALS)))
def test_given_any_adjustment_when_written_and_read_then_it_is_the_same(minor: int, currency: str) -> None:
    assert money.to_signed_minor(Decimal(money.to_decimal(minor, currency)), currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"), [(-5, "USD", "-0.05"), (-1, "KWD", "-0.001"), (-7, "JPY", "-7")]
)
def test_given_a_negative_amount_when_written_then_its_sign_comes_first(minor: int, currency: str, text: str) -> None:
    assert money.to_decimal(minor, currency) == text


@pytest.mark.parametrize(
    ("amount", "currency", "complaint"),
    [
        ("-0.001", "USD", "too many decimals"),
        ("0.5", "JPY", "too many decimals"),
        ("-10000000000000.01", "USD", "too large; it must be at most 10000000000000.00 below 0"),
        ("-1E+999999999", "USD", "too large"),
        ("1000000000000000.000000000000001", "JPY", "too large"),
    ],
)
def test_given_an_invalid_adjustment_when_converted_then_refused(amount: str, currency: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        money.to_signed_minor(Decimal(amount), currency)
