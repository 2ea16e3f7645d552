"""Whose e-mail address an order gets: that of the token, the request or the cart."""

from collections.abc import Callable
from types import ModuleType

import httpx
import pytest

from tests.integration.conftest import Query
from tests.support import call

type Load = Callable[[str], ModuleType]

ITEMS = [{"product_id": "SKU123", "quantity": 1}]
ALICE, STRANGER = "alice@example.com", "stranger@example.com"
CREATE = {"customer": "shop", "scope": "orders:create", "email": "shop@example.com"}


@pytest.mark.parametrize(
    ("claim", "requested", "stored"),
    [
        (None, None, None),
        (None, ALICE, ALICE),
        (ALICE, None, ALICE),
        (ALICE, ALICE, ALICE),
        (ALICE, "ALICE@Example.com", ALICE),
    ],
)
def test_given_a_customer_when_ordering_then_the_tokens_address_is_stored(
    function: Load, claim: str | None, requested: str | None, stored: str | None
) -> None:
    body = {"items": ITEMS, "customer_email": requested}
    answer = call(function("create_order"), "POST", "/v1/orders", body, email=claim)
    assert (answer.status, answer.json["customer_email"]) == (201, stored)


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/customers/5/orders", "/orders/5"])
@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "k"}])
def test_given_a_strangers_address_when_ordering_then_422_and_nothing_is_done(
    function: Load, services: httpx.Client, query: Query, path: str, headers: dict[str, str]
) -> None:
    create = function("create_order")
    for number in range(50):
        body = {"items": ITEMS, "customer_email": f"{number}{STRANGER}"}
        answer = call(create, "POST", path, body, email=ALICE, headers=headers)
        assert (answer.status, answer.json["code"]) == (422, "validation_error")
        assert answer.json["errors"][0]["loc"] == ["customer_email"]
    assert query("SELECT id FROM orders") == []
    assert services.get("/control/calls", params={"service": "inventory"}).json()["calls"] == []


@pytest.mark.parametrize(("claim", "stored"), [(STRANGER, STRANGER), (None, ALICE)])
def test_given_a_cart_with_an_address_when_ordered_then_that_of_the_token_wins(
    function: Load, claim: str | None, stored: str
) -> None:
    answer = call(function("create_order"), "POST", "/v1/customers/5/orders", email=claim)
    assert (answer.status, answer.json["customer_email"]) == (201, stored)


def test_given_the_scope_to_create_when_ordering_then_any_address_is_stored(function: Load) -> None:
    create = function("create_order")
    for email in (ALICE, None):
        body = {"items": ITEMS, "customer_id": "5", "customer_email": email}
        assert call(create, "POST", "/v1/orders", body, **CREATE).json["customer_email"] == email
    assert call(create, "POST", "/v1/customers/5/orders", **CREATE).json["customer_email"] == ALICE
