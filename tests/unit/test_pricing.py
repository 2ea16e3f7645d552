from decimal import Decimal

import pytest

from orders.clients.inventory import StatedPrice
from orders.domain.errors import DownstreamUnavailable, PriceChanged, PriceUnknown, ValidationFailed
from orders.domain.order import Line
from orders.domain.stock import Price
from orders.schemas.requests import NewLine
from orders.use_cases.pricing import order_currency, price_order


def line(product_id: str, quantity: int, price: str | None = None) -> NewLine:
    return NewLine.model_validate({"product_id": product_id, "quantity": quantity, "unit_price": price})


def stated(price: str, currency: str | None = "USD") -> Price:
    return Price(Decimal(price), currency)


def price_lines(
    lines: list[NewLine], prices: dict[str, Price], currency: str, *, may_price: bool = True
) -> tuple[Line, ...]:
    """The priced lines of an order in a currency, where the default is USD."""
    return price_order(lines, prices, currency=currency, default_currency="USD", may_price=may_price)[1]


def test_given_stated_prices_when_lines_are_priced_then_they_are_used() -> None:
    assert price_lines([line("A", 2), line("B", 1, "5")], {"A": stated("1.50"), "B": stated("5.00")}, "USD") == (
        Line("A", 2, 150),
        Line("B", 1, 500),
    )


def test_given_no_stated_price_when_lines_are_priced_then_the_requests_is_used() -> None:
    assert price_lines([line("A", 2, "2.55")], {"A": Price()}, "GBP") == (Line("A", 2, 255),)


def test_given_one_product_twice_when_prices_are_equal_then_lines_are_added_up() -> None:
    lines = [line("A", 2, "1.0"), line("B", 1, "1"), line("A", 3, "1.00"), line("A", 1, "2")]
    assert price_lines(lines, {}, "USD") == (Line("A", 5, 100), Line("B", 1, 100), Line("A", 1, 200))


def test_given_a_free_product_when_priced_then_it_costs_nothing() -> None:
    assert price_lines([line("A", 1, "0")], {}, "USD") == (Line("A", 1, 0),)


def test_given_other_prices_than_requested_when_priced_then_each_is_named_with_both() -> None:
    with pytest.raises(PriceChanged) as raised:
        price_lines([line("A", 1, "1.00"), line("B", 1, "2")], {"A": stated("1.01"), "B": stated("2")}, "USD")
    assert raised.value.members["prices"] == [
        {
            "product_id": "A",
            "requested": "1.00",
            "requested_currency": "USD",
            "current": "1.01",
            "current_currency": "USD",
        }
    ]


def test_given_a_price_in_another_currency_when_priced_then_it_has_changed() -> None:
    with pytest.raises(PriceChanged):
        price_lines([line("A", 1, "1.00")], {"A": stated("1.00", "USD")}, "EUR")


def test_given_no_price_at_all_when_priced_then_the_product_is_named() -> None:
    with pytest.raises(PriceUnknown) as raised:
        price_lines([line("A", 1)], {"A": Price()}, "USD")
    assert raised.value.members["product_ids"] == ["A"]


def test_given_too_many_decimals_when_priced_then_the_error_points_at_the_line() -> None:
    with pytest.raises(ValidationFailed) as raised:
        price_lines([line("A", 1, "1"), line("B", 1, "1.001")], {}, "USD")
    assert raised.value.members["errors"][0]["loc"] == ["items", 1, "unit_price"]


def test_given_lines_that_add_up_beyond_the_limit_when_priced_then_it_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="200000"):
        price_lines([line("A", 100_000, "1"), line("A", 100_000, "1")], {}, "USD")


def test_given_an_invalid_stated_price_when_priced_then_the_service_is_at_fault() -> None:
    with pytest.raises(DownstreamUnavailable):
        price_lines([line("A", 1)], {"A": stated("0.001")}, "USD")


def test_given_no_requested_currency_when_priced_then_the_prices_or_the_default() -> None:
    assert order_currency("EUR", {"A": stated("1")}, "USD") == "EUR"
    assert order_currency(None, {"A": stated("1", "GBP"), "B": Price()}, "USD") == "GBP"
    assert order_currency(None, {"A": Price(unit_price=Decimal(1))}, "USD") == "USD"
    with pytest.raises(ValidationFailed, match="GBP and USD"):
        order_currency(None, {"A": stated("1", "GBP"), "B": stated("1", "USD")}, "USD")


@pytest.mark.parametrize("names", [{"price": 5}, {"unit_price": 5}, {"unit_price": None, "price": "5"}])
def test_given_a_service_when_it_states_a_price_by_either_name_then_it_is_read(names: dict[str, object]) -> None:
    assert StatedPrice.model_validate(names).price == Price(Decimal(5), None)


def test_given_nobody_trusted_when_nothing_is_stated_then_the_price_is_unknown() -> None:
    with pytest.raises(PriceUnknown, match="orders:create"):
        price_lines([line("A", 1, "1")], {"A": Price()}, "USD", may_price=False)
