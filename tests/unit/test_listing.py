import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.errors import InvalidCursor, InvalidParameter
from orders.listing import OrderFilter, Page, next_cursor, parse

ORDER = "01a1f804-f676-7425-8d36-c12d7c86e4b3"


def test_given_no_parameters_when_read_then_the_first_twenty_of_all() -> None:
    assert parse({}, owner=None) == (OrderFilter(), Page(20))


def test_given_filters_under_either_name_when_read_then_they_mean_the_same() -> None:
    canonical = parse({"status": "shipped,Delivered", "payment_status": "paid"}, owner="5")
    aliases = parse({"status_filter": "shipped,delivered", "payment_filter": "PAID"}, owner="5")
    states = {"status": ("shipped", "delivered"), "payment_status": ("paid",)}
    assert canonical == aliases == (OrderFilter("5", states), Page())


def test_given_a_page_number_when_read_then_the_pages_before_it_are_skipped() -> None:
    assert parse({"page": "3", "page_size": "50"}, owner=None)[1] == Page(50, offset=100)


@pytest.mark.parametrize(
    "parameters",
    [
        {"status": "lost"},
        {"status": ""},
        {"status": "shipped,"},
        {"status": "shipped", "status_filter": "shipped"},
        {"page_size": "0"},
        {"page_size": "101"},
        {"page_size": "-1"},
        {"page_size": "ten"},
        {"page_size": "٣"},
        {"page_size": "9" * 5000},
        {"page": "0"},
        {"page": "5001"},
        {"sort_by": "total"},
        {"sort_order": "asc"},
        {"customer_id": "a b"},
        {"color": "red"},
    ],
)
def test_given_a_parameter_that_cannot_be_when_read_then_the_error_says_what_can(parameters: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter) as raised:
        parse(parameters, owner=None)
    assert next(iter(parameters)) in raised.value.detail


@pytest.mark.parametrize("parameters", [{"sort_by": "created_at"}, {"sort_by": "-created_at"}, {"sort_order": "desc"}])
def test_given_the_order_that_lists_have_when_asked_for_then_it_is_given(parameters: dict[str, str]) -> None:
    assert parse(parameters, owner=None) == (OrderFilter(), Page())


def test_given_a_customers_list_when_another_customer_is_asked_for_then_it_is_refused() -> None:
    assert parse({"customer_id": "5"}, owner="5")[0] == OrderFilter("5")
    with pytest.raises(InvalidParameter):
        parse({"customer_id": "6"}, owner="5")


@given(st.uuids())
def test_given_a_cursor_when_read_with_its_filter_then_it_leads_behind_its_order(order: uuid.UUID) -> None:
    states = {"status": "shipped"}
    order_filter, _ = parse(states, owner="5")
    assert parse({**states, "cursor": next_cursor(order_filter, str(order))}, owner="5")[1] == Page(after=str(order))


@pytest.mark.parametrize("parameters", [{}, {"status": "pending"}, {"status": "shipped", "payment_status": "paid"}])
def test_given_a_cursor_when_read_with_another_filter_then_it_is_refused(parameters: dict[str, str]) -> None:
    order_filter, _ = parse({"status": "shipped"}, owner="5")
    with pytest.raises(InvalidCursor):
        parse({**parameters, "cursor": next_cursor(order_filter, ORDER)}, owner="5")


def test_given_a_cursor_when_read_for_another_customer_then_it_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        parse({"cursor": next_cursor(OrderFilter("5"), ORDER)}, owner="6")


def test_given_a_cursor_when_any_character_of_it_is_changed_then_it_is_refused() -> None:
    cursor = next_cursor(OrderFilter(), ORDER)
    for index in range(len(cursor)):
        for other in "Aa0-_=é":
            changed = cursor[:index] + other + cursor[index + 1 :]
            if changed != cursor:
                with pytest.raises(InvalidCursor):
                    parse({"cursor": changed}, owner=None)


@pytest.mark.parametrize("cursor", ["", "x", "💥", "A" * 5000])
def test_given_nonsense_for_a_cursor_when_read_then_it_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        parse({"cursor": cursor}, owner=None)


def test_given_a_cursor_and_a_page_when_read_then_it_is_refused() -> None:
    with pytest.raises(InvalidParameter):
        parse({"cursor": next_cursor(OrderFilter(), ORDER), "page": "2"}, owner=None)
