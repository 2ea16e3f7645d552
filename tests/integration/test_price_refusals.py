"""Refusals of prices and currencies that a customer chose: fifty tries of each, and nothing is done."""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from types import ModuleType
from typing import Any

import httpx
import pytest

from orders.domain.money import DECIMALS
from tests.integration.conftest import Query
from tests.support import call

type Load = Callable[[str], ModuleType]
type Stock = Callable[[str], int]

TRIES = 50
STATED = Decimal("79.99")
SCOPES = ("", "orders:read", "orders:ship orders:pay orders:cancel", "orders:metrics")
PRODUCTS = {
    "UNPRICED": {"quantity": 10, "unit_price": None},
    "BARE": {"quantity": 10, "unit_price": str(STATED), "currency": None},
    "PRICED": {"quantity": 10, "unit_price": str(STATED), "currency": "EUR"},
}


def priceless(random: Random) -> dict[str, Any]:
    """A product without a stated price, at one of the customer's, in any currency."""
    currency = random.choice(sorted(DECIMALS))
    price = Decimal(random.choice([0, 1, random.randrange(10_000)])).scaleb(-DECIMALS[currency])
    return {"product_id": "UNPRICED", "unit_price": str(price), "currency": currency}


def foreign(random: Random) -> dict[str, Any]:
    """A product whose price is stated without a currency, in another one than the default."""
    return {"product_id": "BARE", "currency": random.choice(sorted(DECIMALS.keys() - {"USD"}))}


def relabelled(random: Random) -> dict[str, Any]:
    """A product at the stated number, in another currency than the stated one."""
    return {"product_id": "PRICED", "currency": random.choice(sorted(DECIMALS.keys() - {"EUR"}))}


def cheaper(random: Random) -> dict[str, Any]:
    """A product at another price than the stated one, if only by a cent."""
    change = Decimal(random.choice([-7999, -1, 1, random.randrange(2, 10**6)])).scaleb(-2)
    return {"product_id": "PRICED", "unit_price": str(STATED + change), "currency": "EUR"}


@pytest.mark.parametrize(
    ("draw", "status", "code"),
    [
        (priceless, 422, "price_unknown"),
        (foreign, 409, "price_changed"),
        (relabelled, 409, "price_changed"),
        (cheaper, 409, "price_changed"),
    ],
)
def test_given_a_price_of_the_customers_when_ordered_then_refused_and_nothing_done(
    function: Load,
    services: httpx.Client,
    query: Query,
    stock: Stock,
    draw: Callable[[Random], dict[str, Any]],
    status: int,
    code: str,
) -> None:
    services.put("/inventory/settings", json={"default_currency": None}).raise_for_status()
    for product, stated in PRODUCTS.items():
        services.put(f"/inventory/products/{product}", json=stated).raise_for_status()
    create, random = function("create_order"), Random(1)
    for number in range(TRIES):
        drawn = draw(random)
        currency = drawn.pop("currency")
        body = {"items": [{**drawn, "quantity": random.randint(1, 5)}], "currency": currency}
        headers = {"idempotency-key": f"key-{number}"} if random.random() < 1 / 2 else None
        answer = call(create, "POST", "/v1/orders", body, scope=random.choice(SCOPES), headers=headers)
        assert (answer.status, answer.json["code"]) == (status, code), body
    assert query("SELECT id FROM orders") == []
    assert [stock(product) for product in PRODUCTS] == [10, 10, 10]
