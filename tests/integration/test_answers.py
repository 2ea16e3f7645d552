"""The functions' answers match the OpenAPI document."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import httpx
import pytest

from local.postgres import Postgres
from tests.contract.contract import complaints, event_errors
from tests.support import Answer, call

type Load = Callable[[str], ModuleType]
type Ask = Callable[..., Answer]

ITEMS = {"items": [{"product_id": "SKU123", "quantity": 2}]}
STAFF = {"customer": "agent", "scope": "orders:read orders:write"}
NOTE = {"note": "Please ring twice."}
NOBODYS = "01a1f804-f676-7425-8d36-c12d7c86e4b3"


@pytest.fixture
def ask(function: Load) -> Ask:
    """Call a function, and validate its answer against the document."""

    def ask(name: str, method: str, path: str, body: object = None, *, status: int, at: str = "", **how: Any) -> Answer:
        """Args: `at` is what stands in the path's placeholder."""
        answer = call(function(name), method, _filled(path, at), body, **how)
        assert answer.status == status, answer.content
        assert complaints(method.lower(), path, status, answer.headers, answer.content) == []
        return answer

    return ask


def _filled(path: str, value: str) -> str:
    return "/".join(value if part.startswith("{") else part for part in path.split("/"))


def test_given_orders_when_placed_then_the_answers_are_as_documented(ask: Ask) -> None:
    named = {**ITEMS, "customer_id": 5, "customer_name": "Alice Johnson", "customer_email": "alice@example.com"}
    for path in ("/v1/orders", "/v1/orders/create", "/orders"):
        ask("create_order", "POST", path, named, status=201)
    for path in ("/v1/customers/{customer_id}/orders", "/orders/{id}"):
        ask("create_order", "POST", path, ITEMS, at="5", status=201)
    ask("create_order", "POST", "/v1/customers/{customer_id}/orders", at="5", status=201)
    ask("create_order", "POST", "/v1/customers/{customer_id}/orders", at="5", status=409)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "malformed_json"),
        ({**ITEMS, "customer_id": "6"}, 403, "forbidden"),
        ({"items": [{"product_id": "SKU123", "quantity": 100_000}] * 11}, 409, "insufficient_stock"),
        ({"items": [{"product_id": "SKU123", "quantity": 1, "unit_price": 1}]}, 409, "price_changed"),
        ("x" * 1_100_000, 413, "body_too_large"),
        ({"items": []}, 422, "validation_error"),
        ({"items": [{"product_id": "NONE", "quantity": 1}]}, 422, "unknown_product"),
        ({"items": [{"product_id": "FREE", "quantity": 1}]}, 422, "price_unknown"),
        ({"items": [{"product_id": "A", "sku": "A", "quantity": 1}]}, 422, "validation_error"),
    ],
)
def test_given_an_invalid_order_when_sent_then_the_problem_is_as_documented(
    ask: Ask, services: httpx.Client, body: object, status: int, code: str
) -> None:
    services.put("/inventory/products/FREE", json={"quantity": 1, "unit_price": None}).raise_for_status()
    assert ask("create_order", "POST", "/v1/orders", body, status=status).json["code"] == code


def test_given_an_invalid_cart_when_ordered_then_the_problem_is_as_documented(ask: Ask, services: httpx.Client) -> None:
    services.put("/cart/carts/4", json={"items": []}).raise_for_status()
    path = "/v1/customers/{customer_id}/orders"
    ask("create_order", "POST", path, at="999", customer="999", status=404)
    ask("create_order", "POST", path, at="4", customer="4", status=422)
    ask("create_order", "POST", path, at="5", customer="4", status=403)
    ask("create_order", "POST", path, at="%00", status=400)
    ask("create_order", "POST", path, "items", at="5", headers={"content-type": "text/plain"}, status=415)
    services.put("/control/cart", json={"failure_rate": 1}).raise_for_status()
    ask("create_order", "POST", path, at="5", status=503)


def test_given_an_order_when_read_then_the_answers_are_as_documented(ask: Ask) -> None:
    order = ask("create_order", "POST", "/v1/orders", ITEMS, status=201).json["id"]
    for path in ("/v1/orders/{order_id}", "/v1/orders/{order_id}/details", "/orders/{id}"):
        ask("get_order", "GET", path, at=order, status=200)
        ask("get_order", "GET", path, at=order, query={"include": "timeline"}, status=200)
        ask("get_order", "GET", path, at=order, query={"include": "secrets"}, status=400)
        ask("get_order", "GET", path, at=NOBODYS, status=404)
    ask("get_order", "GET", "/orders/{id}", at="5", status=200)
    ask("get_order", "GET", "/orders/{id}", at="6", status=403)


def test_given_orders_when_listed_then_the_answers_are_as_documented(ask: Ask) -> None:
    lists = (
        ("list_orders", "/v1/orders"),
        ("list_orders", "/orders"),
        ("list_customer_orders", "/v1/customers/{customer_id}/orders"),
        ("list_customer_orders", "/v1/orders/my-orders/{customer_id}"),
    )
    for _ in range(2):
        ask("create_order", "POST", "/v1/orders", ITEMS, status=201)
    for name, path in lists:
        page = ask(name, "GET", path, at="5", query={"page_size": "1"}, status=200)
        assert "link" in page.headers
        ask(name, "GET", path, at="5", query={"status": "pending,shipped", "page": "9"}, status=200)
        ask(name, "GET", path, at="5", query={"page_size": "1000"}, status=400)
        ask(name, "GET", path, at="5", query={"cursor": "made-up"}, status=400)
    ask("list_customer_orders", "GET", "/v1/customers/{customer_id}/orders", at="6", status=403)


def test_given_an_order_when_updated_then_the_answers_are_as_documented(ask: Ask) -> None:
    order = ask("create_order", "POST", "/v1/orders", ITEMS, status=201).json["id"]
    cancel, update = "/v1/orders/{order_id}/cancel", "/v1/orders/{order_id}/status"
    order_path = "/v1/orders/{order_id}"

    def report(body: object, status: int, **how: Any) -> Answer:
        return ask("update_order_status", "PUT", update, body, at=order, status=status, **{**STAFF, **how})

    report({"status": "shipped"}, 409)
    report({"payment_status": "processing"}, 200)
    report({"payment_status": "paid"}, 200, headers={"if-match": '"v2"'})
    report({"status": "lost"}, 422)
    report("{", 400)
    report({"status": "shipped"}, 403, scope="orders:read")
    report({"status": "shipped"}, 404, customer="6", scope="")
    ask("cancel_order", "POST", cancel, at=order, headers={"if-match": '"v1"'}, status=412)
    ask("cancel_order", "POST", cancel, {"reason": 5}, at=order, status=422)
    ask("cancel_order", "POST", cancel, at=order, customer="agent", scope="orders:read", status=403)
    report({"shipping_status": "shipped", "tracking_number": "T-1"}, 200)
    ask("cancel_order", "POST", cancel, at=order, status=409)
    ask("cancel_order", "POST", cancel, at=NOBODYS, status=404)
    other = ask("create_order", "POST", "/v1/orders", ITEMS, status=201).json["id"]
    ask("update_order", "PATCH", order_path, NOTE, at=other, status=200)
    ask("update_order", "PATCH", order_path, {"note": None}, at=other, headers={"if-match": '"v1"'}, status=412)
    ask("update_order", "PATCH", order_path, {}, at=other, status=422)
    ask("update_order", "PATCH", order_path, "{", at=other, status=400)
    ask("update_order", "PATCH", order_path, NOTE, at=other, headers={"content-type": "text/plain"}, status=415)
    ask("update_order", "PATCH", order_path, NOTE, at=other, customer="agent", scope="orders:read", status=403)
    ask("update_order", "PATCH", order_path, NOTE, at=order, status=409)
    ask("update_order", "PATCH", order_path, NOTE, at=NOBODYS, status=404)
    ask("get_order", "GET", order_path, at=other, query={"include": "timeline"}, status=200)
    ask("cancel_order", "POST", cancel, {"reason": "changed my mind"}, at=other, status=200)


def test_given_orders_when_exported_and_erased_then_the_answers_are_as_documented(ask: Ask) -> None:
    path = "/v1/customers/{customer_id}/personal-data"
    officer = {"customer": "officer", "scope": "orders:erase"}
    ask("erase_customer", "GET", path, at="5", status=200, **officer)
    order = ask("create_order", "POST", "/v1/orders", ITEMS, status=201).json["id"]
    for _ in range(20):
        ask("create_order", "POST", "/v1/orders", ITEMS, status=201, customer="agent", scope="orders:create")
    ask("cancel_order", "POST", "/v1/orders/{order_id}/cancel", at=order, status=200)
    assert "link" not in ask("erase_customer", "GET", path, at="5", status=200, **officer).headers
    ask("create_order", "POST", "/v1/orders", ITEMS, status=201, customer="agent", scope="orders:create")
    assert "link" in ask("erase_customer", "GET", path, at="agent", status=200, **officer).headers
    ask("erase_customer", "DELETE", path, at="5", status=200, **officer)
    ask("erase_customer", "GET", path, at="5", status=400, query={"cursor": "made-up"}, **officer)
    ask("erase_customer", "DELETE", path, at="%00", status=400, **officer)
    for method in ("GET", "DELETE"):
        ask("erase_customer", method, path, at="5", status=403)


def test_given_events_when_listed_then_the_answers_are_as_documented(ask: Ask) -> None:
    path = "/v1/events"
    accounts = {"customer": "accounts", "scope": "orders:events"}
    empty = ask("list_events", "GET", path, status=200, **accounts)
    assert (empty.json["next_cursor"], "link" in empty.headers) == ("0", True)
    order = ask("create_order", "POST", "/v1/orders", {**ITEMS, "customer_name": "Alice Johnson"}, status=201).json[
        "id"
    ]
    ask("update_order", "PATCH", "/v1/orders/{order_id}", NOTE, at=order, status=200)
    ask("cancel_order", "POST", "/v1/orders/{order_id}/cancel", at=order, status=200)
    page = ask("list_events", "GET", path, query={"limit": "2", "order_id": order}, status=200, **accounts)
    assert (page.json["count"], "link" in page.headers) == (2, True)
    later = {"after": page.json["next_cursor"], "type": "order.cancelled,order.returned", "wait": "1"}
    assert ask("list_events", "GET", path, query=later, status=200, **accounts).json["count"] == 1
    whole = ask("list_events", "GET", path, status=200, **accounts).json
    assert [event["type"] for event in whole["events"]] == ["order.placed", "order.updated", "order.cancelled"]
    assert [problem for event in whole["events"] for problem in event_errors(event["type"], event)] == []
    for query in ({"limit": "0"}, {"type": "order.lost"}, {"order_id": "5"}, {"wait": "21"}, {"after": "first"}):
        ask("list_events", "GET", path, query=query, status=400, **accounts)
    ask("list_events", "GET", path, query={"after": "4"}, status=400, **accounts)
    ask("list_events", "GET", path, status=403, customer="agent", scope="orders:read orders:write")


def test_given_a_database_when_it_is_up_or_down_then_health_is_as_documented(ask: Ask, postgres: Postgres) -> None:
    for path in ("/v1/health", "/health"):
        ask("health", "GET", path, status=200)
    postgres.stop()
    try:
        ask("health", "GET", "/v1/health", status=503)
        ask("list_orders", "GET", "/v1/orders", status=503)
        ask("list_events", "GET", "/v1/events", status=503, customer="accounts", scope="orders:events")
    finally:
        postgres.start()


def test_given_the_documentation_when_asked_for_then_it_is_as_documented(ask: Ask) -> None:
    for path in ("/docs", "/orders-doc", "/openapi.json", "/postman.json"):
        tag = ask("docs", "GET", path, customer=None, status=200).headers["etag"]
        ask("docs", "GET", path, customer=None, headers={"if-none-match": tag}, status=304)
    ask("docs", "GET", "/docs/{asset}", at="app.js", customer=None, status=404)


def test_given_the_console_when_asked_for_then_it_is_as_documented(ask: Ask) -> None:
    page = ask("console", "GET", "/console", customer=None, status=200)
    known = {"if-none-match": page.headers["etag"]}
    ask("console", "GET", "/console", customer=None, headers=known, status=304)
    ask("console", "GET", "/console/{version}/{asset}", at="main.js", customer=None, status=404)
