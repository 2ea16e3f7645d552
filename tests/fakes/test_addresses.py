"""Addresses: payment, shipping and cart take and refuse the same ones."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.fakes.addresses import ADDRESS, SHORTEST

type Send = Callable[[httpx.Client, dict[str, Any]], httpx.Response]

LONGEST = {"name": 200, "company": 200, "line1": 200, "line2": 200, "city": 100, "region": 100, "postal_code": 20}


def charge(client: httpx.Client, address: dict[str, Any]) -> httpx.Response:
    body = {"reference": "o", "customer_id": "5", "amount": 1, "currency": "USD", "billing_address": address}
    return client.post("/payment/charges", json=body, headers={"Idempotency-Key": "key"})


def ship(client: httpx.Client, address: dict[str, Any]) -> httpx.Response:
    body = {"reference": "o", "lines": [{"product_id": "1", "quantity": 1}], "address": address}
    return client.post("/shipping/shipments", json=body, headers={"Idempotency-Key": "key"})


def fill_cart(client: httpx.Client, address: dict[str, Any]) -> httpx.Response:
    return client.put("/cart/carts/9", json={"items": [], "shipping_address": address, "billing_address": address})


ORDERS = pytest.mark.parametrize("send", [charge, ship])
ALL = pytest.mark.parametrize("send", [charge, ship, fill_cart])


@ALL
@pytest.mark.parametrize("address", [ADDRESS, SHORTEST, SHORTEST | {part: "x" * n for part, n in LONGEST.items()}])
def test_given_an_address_when_sent_then_it_is_kept_as_it_is(
    client: httpx.Client, send: Send, address: dict[str, str]
) -> None:
    """GIVEN an address WHEN it is sent THEN the answer has it, without parts that it does not have."""
    response = send(client, address)

    assert response.is_success
    shown = [value for name, value in response.json().items() if "address" in name]
    assert shown in ([address], [address, address])


@ALL
@pytest.mark.parametrize(
    "change",
    [
        *({part: "x" * (length + 1)} for part, length in LONGEST.items()),
        *({part: " "} for part in ADDRESS),
        *({part: None} for part in ADDRESS),
        {"phone": "1" * 33},
        {"country": "USA"},
        {"country": "U1"},
        {"postal_code": 53703},
        {"state": "WI"},
    ],
)
def test_given_an_address_that_makes_no_sense_when_sent_then_its_part_is_named(
    client: httpx.Client, send: Send, change: dict[str, Any]
) -> None:
    """GIVEN an address with a wrong part WHEN it is sent THEN it is refused, and the part is named."""
    response = send(client, ADDRESS | change)

    assert (response.status_code, response.json()["code"]) == (422, "validation_error")
    assert {error["loc"][-1] for error in response.json()["errors"]} >= set(change)


@ALL
@pytest.mark.parametrize("part", SHORTEST)
def test_given_an_address_without_a_required_part_when_sent_then_it_is_refused(
    client: httpx.Client, send: Send, part: str
) -> None:
    """GIVEN an address WHEN a part is missing that each must have THEN it is refused."""
    address = {name: value for name, value in ADDRESS.items() if name != part}

    assert send(client, address).json()["code"] == "validation_error"


@ORDERS
@pytest.mark.parametrize("country", ["us", "Us"])
def test_given_a_country_in_small_letters_when_sent_for_an_order_then_it_is_refused(
    client: httpx.Client, send: Send, country: str
) -> None:
    """GIVEN a country in small letters WHEN a parcel or a bill has it THEN it is refused."""
    response = send(client, ADDRESS | {"country": country})

    assert response.status_code == 422
    assert "capital letters" in response.json()["errors"][0]["msg"]


def test_given_a_country_in_small_letters_when_a_cart_has_it_then_it_is_kept(client: httpx.Client) -> None:
    """GIVEN a country in small letters WHEN a cart has it THEN it is as the customer entered it."""
    assert fill_cart(client, SHORTEST | {"country": "pt"}).json()["shipping_address"]["country"] == "pt"
