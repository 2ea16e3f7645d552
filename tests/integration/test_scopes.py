"""What each scope allows: every operation that changes an order, with every value of every status."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from orders.domain.states import PaymentStatus, ShippingStatus, Status
from tests.integration.conftest import Query
from tests.support import call

type Load = Callable[[str], ModuleType]

ITEMS = [{"product_id": "SKU123", "quantity": 1}]
NOTE = {"note": "Please ring twice."}
SCOPES = (
    "",
    "orders:read",
    "orders:metrics",
    "orders:events",
    "orders:erase",
    "orders:create",
    "orders:cancel",
    "orders:ship",
    "orders:pay",
)
BY_STATUS = {
    "pending": "orders:create",
    "confirmed": "orders:pay",
    "failed": "orders:pay",
    "shipped": "orders:ship",
    "delivered": "orders:ship",
    "returned": "orders:ship",
    "cancelling": "orders:cancel",
    "cancelled": "orders:cancel",
}
REPORTS = [
    *(({"status": value}, BY_STATUS[value]) for value in Status),
    *(({"payment_status": value}, "orders:pay") for value in PaymentStatus),
    *(({"shipping_status": value}, "orders:ship") for value in ShippingStatus),
]


@pytest.fixture
def order(function: Load) -> str:
    """A new order of customer 5."""
    return str(call(function("create_order"), "POST", "/v1/orders", {"items": ITEMS}).json["id"])


def has(scope: str, required: str) -> bool:
    return required in scope.split() or "orders:write" in scope.split()


@pytest.mark.parametrize("scope", [*SCOPES, "orders:write", "orders:ship orders:pay"])
def test_given_a_scope_when_any_status_is_reported_then_only_its_own_are_taken(
    function: Load, query: Query, order: str, scope: str
) -> None:
    update = function("update_order_status")
    for body, required in REPORTS:
        before = query("SELECT version, status FROM orders")
        answer = call(update, "PUT", f"/v1/orders/{order}/status", body, customer="service", scope=scope)
        if has(scope, required):
            assert answer.status in {200, 409}, (body, answer.json)
        else:
            assert query("SELECT version, status FROM orders") == before
            # Without any scope that changes orders, the order does not exist for those who may not read it.
            is_blind = scope in {"", "orders:metrics", "orders:events", "orders:erase"}
            assert (answer.status, answer.json["code"]) == (
                (404, "order_not_found") if is_blind else (403, "forbidden")
            ), body
            assert is_blind or required in answer.json["detail"]


@pytest.mark.parametrize("scope", ["orders:pay", "orders:cancel"])
def test_given_no_scope_to_ship_when_a_tracking_number_is_reported_then_403(
    function: Load, query: Query, order: str, scope: str
) -> None:
    report = {"payment_status": "processing"} if scope == "orders:pay" else {"status": "cancelled"}
    body = {**report, "tracking_number": "FORGED"}
    answer = call(
        function("update_order_status"), "PUT", f"/v1/orders/{order}/status", body, customer="bank", scope=scope
    )
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert "orders:ship" in answer.json["detail"]
    assert query("SELECT version, tracking_number FROM orders") == [{"version": 1, "tracking_number": None}]


def test_given_a_carriers_token_when_reporting_on_any_id_then_answers_are_equal(function: Load, order: str) -> None:
    update = function("update_order_status")
    unknown = "01a1f804-f676-7425-8d36-c12d7c86e4b3"
    answers: list[dict[str, Any]] = [
        call(
            update, "PUT", f"/v1/orders/{each}/status", {"payment_status": "paid"}, customer="ups", scope="orders:ship"
        ).json
        for each in (order, unknown)
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("scope", [*SCOPES, "orders:write"])
def test_given_a_scope_when_others_orders_are_changed_then_only_with_its_own(
    function: Load, order: str, scope: str
) -> None:
    sender = {"customer": "service", "scope": scope}
    create = call(function("create_order"), "POST", "/v1/orders", {"items": ITEMS, "customer_id": 5}, **sender)
    assert create.status == (201 if has(scope, "orders:create") else 403)
    cart = call(function("create_order"), "POST", "/v1/customers/5/orders", **sender)
    assert cart.status == (201 if has(scope, "orders:create") else 403)
    refused = 403 if scope == "orders:read" else 404
    update = call(function("update_order"), "PATCH", f"/v1/orders/{order}", NOTE, **sender)
    assert update.status == (200 if has(scope, "orders:ship") else refused)
    cancel = call(function("cancel_order"), "POST", f"/v1/orders/{order}/cancel", **sender)
    assert cancel.status == (200 if has(scope, "orders:cancel") else refused)


@pytest.mark.parametrize("scope", SCOPES)
def test_given_any_scope_when_the_order_is_ones_own_then_it_can_be_changed(
    function: Load, order: str, scope: str
) -> None:
    assert call(function("get_order"), "GET", f"/v1/orders/{order}", scope=scope).status == 200
    assert call(function("update_order"), "PATCH", f"/v1/orders/{order}", NOTE, scope=scope).status == 200
    assert call(function("cancel_order"), "POST", f"/v1/orders/{order}/cancel", scope=scope).status == 200
