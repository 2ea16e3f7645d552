"""Carts: read, filled, marked as ordered."""

from typing import Any

import httpx
import pytest

from tests.fakes.addresses import ADDRESS, SHORTEST

ALICE = {
    "name": "Alice Johnson",
    "line1": "27 Elm Street",
    "city": "Madison",
    "region": "WI",
    "postal_code": "53703",
    "country": "US",
}
ITEMS = [{"product_id": "1", "quantity": 2}, {"product_id": "PROD001", "quantity": 1, "unit_price": "79.99"}]


def test_given_a_demo_cart_when_read_then_it_has_its_items(client: httpx.Client) -> None:
    """GIVEN the demo state WHEN customer 5's cart is read THEN it holds what the documentation says."""
    cart = client.get("/cart/carts/5").json()

    assert cart.pop("version")
    assert cart == {
        "customer_id": "5",
        "status": "Active",
        "currency": "USD",
        "items": [
            {"product_id": "PROD001", "quantity": 2, "unit_price": "79.99", "name": "Wireless Headphones"},
            {"product_id": "PROD002", "quantity": 1, "unit_price": "29.99", "name": "Laptop Stand"},
        ],
        "customer_name": "Alice Johnson",
        "customer_email": "alice@example.com",
        "adjustments": [
            {"kind": "shipping", "amount": "5.99", "description": "Standard delivery"},
            {"kind": "tax", "amount": "10.78", "description": "Wisconsin sales tax, 5.5%"},
        ],
        "shipping_address": ALICE,
        "billing_address": ALICE,
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
    }


@pytest.mark.parametrize("customer_id", ["1", "2", "3", "4", "5"])
def test_given_every_demo_cart_when_read_then_its_items_are_the_products(
    client: httpx.Client, customer_id: str
) -> None:
    """GIVEN the demo state WHEN a cart is read THEN it has items, each with the name and the price of a product."""
    items = client.get(f"/cart/carts/{customer_id}").json()["items"]

    assert items
    for item in items:
        product = client.get(f"/inventory/products/{item['product_id']}").json()
        assert (product["unit_price"], product["name"]) == (item["unit_price"], item["name"])


@pytest.mark.parametrize(
    ("customer_id", "amounts"),
    [
        ("1", [("shipping", "5.99"), ("tax", "16.81")]),
        ("2", [("shipping", "14.90")]),
        ("3", [("discount", "-25.00"), ("shipping", "14.90"), ("tax", "68.92")]),
        ("4", [("shipping", "5.99")]),
    ],
)
def test_given_every_demo_cart_when_read_then_it_can_be_shipped_and_billed(
    client: httpx.Client, customer_id: str, amounts: list[tuple[str, str]]
) -> None:
    """GIVEN the demo state WHEN a cart is read THEN it has postage, tax where it is due, addresses and methods."""
    cart = client.get(f"/cart/carts/{customer_id}").json()

    assert [(each["kind"], each["amount"]) for each in cart["adjustments"]] == amounts
    assert all(each["description"] for each in cart["adjustments"])
    assert {"shipping_address", "billing_address", "shipping_method", "payment_method"} <= cart.keys()


def test_given_an_unknown_cart_when_read_then_404(client: httpx.Client) -> None:
    """GIVEN a customer without a cart WHEN it is read or ordered THEN it is unknown."""
    answers = [client.get("/cart/carts/99"), client.put("/cart/carts/99", json={"status": "Ordered"})]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "unknown_cart")] * 2


def test_given_a_cart_when_filled_then_it_has_a_new_version(client: httpx.Client) -> None:
    """GIVEN a cart that was ordered WHEN it is filled THEN it is active again, in a version of its own."""
    first = client.put("/cart/carts/9", json={"items": ITEMS}).json()
    client.put("/cart/carts/9", json={"status": "Ordered"})

    second = client.put("/cart/carts/9", json={"items": ITEMS, "currency": "EUR"}).json()

    assert first["items"] == second["items"] == ITEMS
    assert (second["status"], second["currency"]) == ("Active", "EUR")
    assert first["version"] != second["version"]
    assert client.get("/cart/carts/9").json() == second


CHECKOUT: dict[str, Any] = {
    "items": [{"product_id": "1", "quantity": 2, "unit_price": "89.00", "name": "Mechanical Keyboard"}],
    "currency": "USD",
    "customer_name": "Alice Johnson",
    "customer_email": "alice@example.com",
    "adjustments": [
        {"kind": "shipping", "amount": "5.99", "description": "Standard delivery"},
        {"kind": "tax", "amount": "10.12"},
        {"kind": "discount", "amount": "-10.00", "description": "Welcome voucher"},
        {"kind": "fee", "amount": "0.50", "description": "Packaging"},
    ],
    "shipping_address": ADDRESS,
    "billing_address": SHORTEST,
    "shipping_method": "standard",
    "payment_method": "pm_card_visa",
}


def test_given_a_whole_checkout_when_filled_then_the_cart_has_all_of_it(client: httpx.Client) -> None:
    """GIVEN a cart WHEN it is filled with all that an order takes from it THEN it is answered, until it is replaced."""
    filled = client.put("/cart/carts/9", json=CHECKOUT).json()
    read = client.get("/cart/carts/9").json()
    ordered = client.put("/cart/carts/9", json={"status": "Ordered"}).json()
    emptied = client.put("/cart/carts/9", json={"items": ITEMS}).json()

    assert filled == read == CHECKOUT | {"customer_id": "9", "status": "Active", "version": filled["version"]}
    assert ordered == read | {"status": "Ordered"}
    assert emptied["version"] != read["version"]
    assert emptied.keys() == {"customer_id", "version", "status", "currency", "items"}


def test_given_a_cart_when_another_adjustment_or_address_then_another_version(client: httpx.Client) -> None:
    """GIVEN a cart WHEN only its postage or its address changes THEN it has another version."""
    postage = [{"kind": "shipping", "amount": "14.90"}]
    changes: list[dict[str, Any]] = [
        {},
        {"adjustments": postage},
        {"shipping_address": SHORTEST},
        {"shipping_method": "express"},
    ]

    versions = [client.put("/cart/carts/9", json=CHECKOUT | change).json()["version"] for change in changes]

    assert len(set(versions)) == len(changes)


@pytest.mark.parametrize(
    "change",
    [
        {"items": [{"product_id": "", "quantity": 1}]},
        {"items": [{"product_id": "1", "quantity": 1, "name": ""}]},
        {"items": [{"product_id": "1", "quantity": 1, "name": "x" * 256}]},
        {"items": [{"product_id": "1", "quantity": 1, "size": "L"}]},
        {"adjustments": [{"kind": "shipping"}]},
        {"adjustments": [{"kind": "postage", "amount": "5.99"}]},
        {"adjustments": [{"kind": "shipping", "amount": "much"}]},
        {"adjustments": [{"kind": "shipping", "amount": "NaN"}]},
        {"adjustments": [{"kind": "discount", "amount": "0.01"}]},
        {"adjustments": [{"kind": "fee", "amount": "1", "description": "x" * 256}]},
        {"adjustments": [{"kind": "fee", "amount": "1", "code": "F"}]},
        {"adjustments": [{"kind": "fee", "amount": "1"}] * 21},
        {"shipping_method": ""},
        {"shipping_method": "x" * 65},
        {"payment_method": " "},
        {"payment_method": "x" * 256},
        {"note": "Ring twice"},
    ],
)
def test_given_a_checkout_that_makes_no_sense_when_filled_then_nothing_changes(
    client: httpx.Client, change: dict[str, Any]
) -> None:
    """GIVEN a cart WHEN it is filled with a wrong field THEN the field is named and nothing changes."""
    before = client.put("/cart/carts/9", json=CHECKOUT).json()

    errors = client.put("/cart/carts/9", json=CHECKOUT | change).json()["errors"]

    assert any(set(change) <= set(error["loc"]) for error in errors)
    assert client.get("/cart/carts/9").json() == before


def test_given_a_cart_when_filled_again_then_no_version_is_reused(client: httpx.Client) -> None:
    """GIVEN a cart WHEN everything is reset THEN its version is a new one, for orders may know the old one."""
    before = client.get("/cart/carts/5").json()["version"]

    client.post("/control/reset?force=true")

    assert client.get("/cart/carts/5").json()["version"] != before


def test_given_an_ordered_cart_when_ordered_again_then_nothing_changes(client: httpx.Client) -> None:
    """GIVEN a cart WHEN it is marked as ordered twice THEN it is ordered, in the version it had."""
    version = client.get("/cart/carts/5").json()["version"]

    answers = [client.put("/cart/carts/5", json={"status": "Ordered", "version": version}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (answers[1].json()["status"], answers[1].json()["version"]) == ("Ordered", version)


def test_given_another_version_when_ordered_then_it_is_refused(client: httpx.Client) -> None:
    """GIVEN a cart that has changed WHEN its old version is marked as ordered THEN it stays active."""
    old = client.get("/cart/carts/5").json()["version"]
    client.put("/cart/carts/5", json={"items": ITEMS})

    response = client.put("/cart/carts/5", json={"status": "Ordered", "version": old})

    assert (response.status_code, response.json()["code"]) == (409, "cart_changed")
    assert client.get("/cart/carts/5").json()["status"] == "Active"


@pytest.mark.parametrize("body", [{}, {"status": "Paid"}, {"items": [{"product_id": "1", "quantity": 0}]}])
def test_given_an_invalid_body_when_a_cart_is_set_then_nothing_changes(
    client: httpx.Client, body: dict[str, Any]
) -> None:
    """GIVEN a cart WHEN it is set to what makes no sense THEN nothing changes."""
    before = client.get("/cart/carts/5").json()

    assert client.put("/cart/carts/5", json=body).json()["code"] == "validation_error"
    assert client.get("/cart/carts/5").json() == before
