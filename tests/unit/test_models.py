import ast
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from orders.clients.cart import Cart
from orders.schemas.fields import EXPECTED
from orders.schemas.requests import Cancellation, NewOrder, StatusUpdate


def order(**changes: Any) -> dict[str, Any]:
    return {"customer_id": 5, "items": [{"product_id": "PROD001", "quantity": 2, "unit_price": 79.99}], **changes}


def line(**changes: Any) -> dict[str, Any]:
    return order(items=[{"product_id": "PROD001", "quantity": 2, "unit_price": 79.99, **changes}])


def read(body: dict[str, Any]) -> NewOrder:
    return NewOrder.model_validate_json(json.dumps(body))


def test_given_the_names_of_earlier_services_when_read_then_they_mean_the_same() -> None:
    body = order(items=[{"sku": 17, "quantity": 1, "price": "100.0"}], currency="gbp")
    read_order = read(body)
    assert read_order.customer_id == "5"
    assert read_order.currency == "GBP"
    assert read_order.items[0].product_id == "17"
    assert read_order.items[0].unit_price == Decimal(100)


def test_given_whole_numbers_with_a_point_when_read_then_they_are_integers() -> None:
    read_order = read(order(customer_id=5.0, items=[{"product_id": 17.0, "quantity": 2.0}]))
    assert (read_order.customer_id, read_order.items[0].product_id, read_order.items[0].quantity) == ("5", "17", 2)


@pytest.mark.parametrize("names", [("product_id", "sku"), ("unit_price", "price")])
def test_given_two_names_of_one_field_when_read_then_requests_are_refused_not_carts(
    names: tuple[str, str],
) -> None:
    both = {"product_id": "A", "quantity": 1, **dict.fromkeys(names, "5")}
    with pytest.raises(ValidationError, match=f"{names[0]} and {names[1]} are names of the same field"):
        read(order(items=[both]))
    assert Cart.model_validate({"items": [both]}).items[0].quantity == 1


def test_given_a_price_as_a_number_when_read_then_it_is_exact() -> None:
    assert read(line(unit_price=79.99)).items[0].unit_price == Decimal("79.99")


@pytest.mark.parametrize(
    ("body", "field", "error"),
    [
        (order(items=[]), ("items",), "too_short"),
        (order(items=[{"product_id": "A", "quantity": 1}] * 1001), ("items",), "too_long"),
        (order(items="A"), ("items",), "list_type"),
        (line(quantity=0), ("items", 0, "quantity"), "greater_than_equal"),
        (line(quantity=-1), ("items", 0, "quantity"), "greater_than_equal"),
        (line(quantity=100_001), ("items", 0, "quantity"), "less_than_equal"),
        (line(quantity=1.5), ("items", 0, "quantity"), "int_type"),
        (line(quantity=True), ("items", 0, "quantity"), "int_type"),
        (line(quantity="2"), ("items", 0, "quantity"), "int_type"),
        (line(unit_price=-0.01), ("items", 0, "unit_price"), "greater_than_equal"),
        (line(unit_price=True), ("items", 0, "unit_price"), "decimal_type"),
        *(
            (line(unit_price=text), ("items", 0, "unit_price"), "value_error")
            for text in ("NaN", "cheap", "1_000", " 1", "+1", "1e2", "\uff11\uff12", ".5", "5.", "")
        ),
        (line(product_id=""), ("items", 0, "product_id"), "string_pattern_mismatch"),
        (line(product_id="A" * 65), ("items", 0, "product_id"), "string_pattern_mismatch"),
        (line(product_id="x'); DROP TABLE orders; --"), ("items", 0, "product_id"), "string_pattern_mismatch"),
        (line(product_id=None), ("items", 0, "product_id"), "string_type"),
        (line(discount=1), ("items", 0, "discount"), "extra_forbidden"),
        (order(customer_id=True), ("customer_id",), "string_type"),
        (order(customer_id="' OR 1=1"), ("customer_id",), "string_pattern_mismatch"),
        (order(customer_name=""), ("customer_name",), "string_too_short"),
        (order(customer_name="  "), ("customer_name",), "string_too_short"),
        (order(customer_name="A\u0000"), ("customer_name",), "string_pattern_mismatch"),
        (order(customer_name="A" * 201), ("customer_name",), "string_too_long"),
        (order(customer_email="alice"), ("customer_email",), "string_pattern_mismatch"),
        (order(customer_email="a@b\nc"), ("customer_email",), "string_pattern_mismatch"),
        (order(currency="XXX"), ("currency",), "literal_error"),
        (order(status="paid"), ("status",), "extra_forbidden"),
    ],
)
def test_given_an_invalid_field_when_read_then_the_error_points_at_it(
    body: dict[str, Any], field: tuple[str | int, ...], error: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        read(body)
    assert [(each["loc"], each["type"]) for each in raised.value.errors()] == [(field, error)]


@pytest.mark.parametrize("model", [Cancellation, NewOrder, StatusUpdate])
def test_given_a_field_with_a_pattern_when_malformed_then_its_error_is_in_words(
    model: type[BaseModel],
) -> None:
    # What a price looks like as text is said where it is read.
    patterns = set(re.findall(r"'pattern': ('[^']*')", str(model.model_json_schema())))
    assert {ast.literal_eval(pattern) for pattern in patterns if "[0-9]+(" not in pattern} <= set(EXPECTED)


def test_given_names_of_people_when_read_then_they_are_kept_as_they_are() -> None:
    assert read(order(customer_name="Seán O'Brien; --")).customer_name == "Seán O'Brien; --"


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"status": "Ordered"}, ("status", "pending")),
        ({"status": "SHIPPED"}, ("status", "shipped")),
        ({"payment_status": "Paid"}, ("payment_status", "paid")),
        ({"shipping_status": "ready", "tracking_number": "T1"}, ("shipping_status", "ready")),
    ],
)
def test_given_a_status_in_any_letter_case_when_read_then_it_is_accepted(
    body: dict[str, str], target: tuple[str, str]
) -> None:
    assert StatusUpdate.model_validate_json(json.dumps(body)).target() == target


@pytest.mark.parametrize(
    "body", [{}, {"status": "shipped", "payment_status": "paid"}, {"status": "lost"}, {"status": 1}]
)
def test_given_no_status_or_two_or_an_unknown_one_when_read_then_it_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        StatusUpdate.model_validate_json(json.dumps(body))


def test_given_a_cancellation_when_read_then_the_reason_is_optional() -> None:
    assert Cancellation.model_validate_json("{}").reason is None
