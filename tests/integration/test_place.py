"""Orders are placed, through the function's handler, over real HTTP and into a real database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import ModuleType
from typing import Any

import httpx
import pytest

from local.postgres import Postgres
from tests.integration.conftest import Query
from tests.support import call

pytestmark = pytest.mark.usefixtures("inventory_api")

type Load = Callable[[str], ModuleType]
type Stock = Callable[[str], int]

ITEMS = [
    {"sku": "SKU123", "quantity": 2, "unit_price": 100.0},
    {"sku": "SKU456", "quantity": 1, "unit_price": 50.0},
]
FREE = 1_000_000


def counts(query: Query) -> list[int]:
    tables = ("orders", "order_items", "order_events", "order_tasks")
    return [query(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in tables]  # noqa: S608 - names from above


def test_given_items_when_ordered_then_everything_is_stored_and_the_stock_is_held(
    function: Load, query: Query, stock: Stock
) -> None:
    answer = call(function("create_order"), "POST", "/v1/orders/create", {"customer_id": 5, "items": ITEMS})
    order = answer.json
    assert answer.status == 201
    assert answer.headers["location"] == f"/v1/orders/{order['id']}"
    assert answer.headers["etag"] == '"v1"'
    assert (order["customer_id"], order["total"], order["currency"], order["version"]) == ("5", "250.00", "USD", 1)
    assert (order["status"], order["payment_status"], order["shipping_status"]) == ("pending", "pending", "pending")
    assert order["items"] == [
        {"product_id": "SKU123", "name": None, "quantity": 2, "unit_price": "100.00", "line_total": "200.00"},
        {"product_id": "SKU456", "name": None, "quantity": 1, "unit_price": "50.00", "line_total": "50.00"},
    ]
    assert order["links"]["cancel"] == f"/v1/orders/{order['id']}/cancel"
    assert query("SELECT total, line_count FROM orders") == [{"total": 25000, "line_count": 2}]
    assert query("SELECT event, version FROM order_events") == [{"event": "order.placed", "version": 1}]
    assert query("SELECT kind, template, state FROM order_tasks ORDER BY kind") == [
        {"kind": "charge_payment", "template": None, "state": "pending"},
        {"kind": "send_notification", "template": "order_received", "state": "pending"},
    ]
    assert (stock("SKU123"), stock("SKU456")) == (FREE - 2, FREE - 1)


def test_given_an_order_when_read_back_then_it_equals_the_answer_of_create(function: Load) -> None:
    created = call(function("create_order"), "POST", "/v1/orders", {"items": ITEMS}).json
    assert call(function("get_order"), "GET", f"/v1/orders/{created['id']}").json == created


def test_given_one_product_on_several_lines_when_ordered_then_they_are_added_up(function: Load, stock: Stock) -> None:
    items = [{"product_id": "SKU123", "quantity": quantity} for quantity in (1, 2, 3)]
    order = call(function("create_order"), "POST", "/v1/orders", {"items": items}).json
    [line] = order["items"]
    assert (line["product_id"], line["quantity"], line["line_total"]) == ("SKU123", 6, "600.00")
    assert stock("SKU123") == FREE - 6


def test_given_a_thousand_lines_when_ordered_then_each_is_stored(
    function: Load, services: httpx.Client, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALOG_MAX_PRODUCTS", "1000")
    products = [{"product_id": f"P{n}", "quantity": 10} for n in range(1000)]
    services.put("/inventory/products", json={"products": products}).raise_for_status()
    items = [{"product_id": f"P{n}", "quantity": 2, "unit_price": "0.01"} for n in range(1000)]
    order = call(function("create_order"), "POST", "/v1/orders", {"items": items}, scope="orders:create").json
    assert (order["total"], order["line_count"]) == ("20.00", 1000)
    assert query("SELECT count(*) AS n, sum(quantity) AS q FROM order_items") == [{"n": 1000, "q": 2000}]


def test_given_a_cart_when_ordered_then_only_once_and_a_task_marks_it(
    function: Load, query: Query, stock: Stock
) -> None:
    create = function("create_order")
    first = call(create, "POST", "/v1/customers/5/orders")
    assert (first.status, first.json["total"]) == (201, "206.74")
    again = call(create, "POST", "/orders/5")
    assert (again.status, again.json["code"]) == (409, "cart_already_ordered")
    assert "mark_cart_ordered" in {row["kind"] for row in query("SELECT kind FROM order_tasks")}
    assert counts(query)[0] == 1
    assert (stock("PROD001"), stock("PROD002")) == (FREE - 2, FREE - 1)


def test_given_a_cancelled_order_when_its_cart_is_ordered_again_then_it_succeeds(function: Load) -> None:
    create = function("create_order")
    first = call(create, "POST", "/orders/5").json
    assert call(function("cancel_order"), "POST", f"/v1/orders/{first['id']}/cancel").status == 200
    assert call(create, "POST", "/orders/5").status == 201


def test_given_items_in_the_body_when_ordered_for_a_customer_then_no_cart_is_used(function: Load) -> None:
    create = function("create_order")
    assert call(create, "POST", "/orders/5", {"items": ITEMS}).json["total"] == "250.00"
    assert call(create, "POST", "/orders/5").json["total"] == "206.74"


def test_given_a_missing_empty_or_ordered_cart_when_ordered_then_each_has_its_code(
    function: Load, services: httpx.Client
) -> None:
    create = function("create_order")
    missing = call(create, "POST", "/orders/999", customer="999")
    assert (missing.status, missing.json["code"]) == (404, "cart_not_found")
    services.put("/cart/carts/4", json={"items": []}).raise_for_status()
    empty = call(create, "POST", "/orders/4", customer="4")
    assert (empty.status, empty.json["code"]) == (422, "cart_empty")
    services.put("/cart/carts/5", json={"status": "Ordered"}).raise_for_status()
    ordered = call(create, "POST", "/orders/5")
    assert (ordered.status, ordered.json["code"]) == (409, "cart_already_ordered")


def test_given_short_stock_when_ordered_then_each_is_named_and_none_is_held(
    function: Load, services: httpx.Client, query: Query, stock: Stock
) -> None:
    for product, quantity in {"SKU123": 3, "SKU456": 0}.items():
        services.put(f"/inventory/products/{product}", json={"quantity": quantity}).raise_for_status()
    items = [{"product_id": name, "quantity": 5} for name in ("SKU123", "SKU456", "PROD001")]
    answer = call(function("create_order"), "POST", "/v1/orders", {"items": items})
    assert (answer.status, answer.json["code"]) == (409, "insufficient_stock")
    assert sorted(answer.json["shortages"], key=lambda shortage: str(shortage["product_id"])) == [
        {"product_id": "SKU123", "requested": 5, "available": 3},
        {"product_id": "SKU456", "requested": 5, "available": 0},
    ]
    assert (stock("SKU123"), stock("PROD001")) == (3, FREE)
    assert counts(query) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("item", "status", "code"),
    [
        ({"product_id": "NOPE", "quantity": 1}, 422, "unknown_product"),
        ({"product_id": "SKU123", "quantity": 1, "unit_price": "99.99"}, 409, "price_changed"),
        ({"product_id": "SKU123", "quantity": 1, "unit_price": "100.001"}, 422, "validation_error"),
        ({"product_id": "UNPRICED", "quantity": 1}, 422, "price_unknown"),
    ],
)
def test_given_a_line_that_is_refused_when_ordered_then_all_stock_is_released(
    function: Load,
    services: httpx.Client,
    query: Query,
    stock: Stock,
    item: dict[str, Any],
    status: int,
    code: str,
) -> None:
    services.put("/inventory/products/UNPRICED", json={"quantity": 10}).raise_for_status()
    items = [{"product_id": "SKU456", "quantity": 1}, item]
    answer = call(function("create_order"), "POST", "/v1/orders", {"items": items})
    assert (answer.status, answer.json["code"]) == (status, code)
    assert (stock("SKU456"), stock("SKU123"), stock("UNPRICED")) == (FREE, FREE, 10)
    assert counts(query) == [0, 0, 0, 0]
    assert query("SELECT * FROM stock_holds") == []


@pytest.mark.parametrize("price", ["0", "0.01", "1.10"])
@pytest.mark.parametrize(
    ("scope", "caller_prices", "status"),
    [
        ("", "false", 422),
        ("orders:read orders:ship orders:pay orders:cancel", "false", 422),
        ("orders:create", "false", 201),
        ("orders:write", "false", 201),
        ("", "true", 201),
    ],
)
def test_given_no_stated_price_when_ordered_then_only_the_shop_sets_one(
    function: Load,
    services: httpx.Client,
    query: Query,
    stock: Stock,
    monkeypatch: pytest.MonkeyPatch,
    scope: str,
    caller_prices: str,
    status: int,
    price: str,
) -> None:
    monkeypatch.setenv("CALLER_PRICES", caller_prices)
    services.put("/inventory/products/UNPRICED", json={"quantity": 10}).raise_for_status()
    body = {"items": [{"product_id": "UNPRICED", "quantity": 3, "unit_price": price}], "currency": "gbp"}
    answer = call(function("create_order"), "POST", "/v1/orders", body, scope=scope)
    assert answer.status == status
    if status == 201:
        assert answer.json["currency"] == "GBP"
        assert answer.json["items"][0]["unit_price"] == f"{float(price):.2f}"
        assert stock("UNPRICED") == 7
    else:
        assert answer.json["code"] == "price_unknown"
        assert (answer.json["product_ids"], "orders:create" in answer.json["detail"]) == (["UNPRICED"], True)
        assert (query("SELECT id FROM orders"), stock("UNPRICED")) == ([], 10)


@pytest.mark.parametrize(("default", "price"), [("USD", "79.99"), ("JPY", "80"), ("IRR", "79.99")])
@pytest.mark.parametrize("requested", [None, "USD", "JPY", "IRR", "KWD"])
@pytest.mark.parametrize("scope", ["", "orders:write"])
def test_given_a_price_without_currency_when_ordered_then_in_the_default_only(
    function: Load,
    services: httpx.Client,
    stock: Stock,
    monkeypatch: pytest.MonkeyPatch,
    default: str,
    price: str,
    requested: str | None,
    scope: str,
) -> None:
    monkeypatch.setenv("DEFAULT_CURRENCY", default)
    services.put("/inventory/settings", json={"default_currency": None}).raise_for_status()
    product = {"quantity": 10, "unit_price": price, "currency": None}
    services.put("/inventory/products/BARE", json=product).raise_for_status()
    body = {"items": [{"product_id": "BARE", "quantity": 1}], **({"currency": requested} if requested else {})}
    answer = call(function("create_order"), "POST", "/v1/orders", body, scope=scope)
    if requested in {None, default}:
        assert (answer.status, answer.json["currency"], stock("BARE")) == (201, default, 9)
    else:
        assert (answer.status, answer.json["code"], stock("BARE")) == (409, "price_changed", 10)
        assert answer.json["prices"][0]["current_currency"] == default


def test_given_no_stated_price_when_a_cart_is_ordered_then_its_price_is_used(
    function: Load, services: httpx.Client
) -> None:
    services.put("/inventory/products/UNPRICED", json={"quantity": 10}).raise_for_status()
    items = [{"product_id": "UNPRICED", "quantity": 2, "unit_price": "4.50"}]
    services.put("/cart/carts/5", json={"items": items}).raise_for_status()
    answer = call(function("create_order"), "POST", "/v1/customers/5/orders")
    assert (answer.status, answer.json["total"]) == (201, "9.00")


def test_given_text_that_looks_like_sql_when_ordered_then_it_is_stored_as_text(function: Load, query: Query) -> None:
    name = "Robert'); DROP TABLE orders; -- %s %(id)s"
    order = call(function("create_order"), "POST", "/v1/orders", {"customer_name": name, "items": ITEMS}).json
    assert order["customer_name"] == name
    assert query("SELECT customer_name FROM orders") == [{"customer_name": name}]


@pytest.mark.parametrize(
    "fault", [{"failure_rate": 1, "failure_status": 503}, {"failure_rate": 1, "failure_status": 400}]
)
def test_given_an_inventory_that_fails_when_ordered_then_503_and_nothing_is_stored(
    function: Load, services: httpx.Client, query: Query, inventory_api: str, fault: dict[str, Any]
) -> None:
    services.put("/control/inventory", json=fault).raise_for_status()
    answer = call(function("create_order"), "POST", "/v1/orders", {"items": ITEMS})
    service = {"reservations": "inventory", "catalog": "catalog"}[inventory_api]
    assert (answer.status, answer.json["code"], answer.json["service"]) == (503, "downstream_unavailable", service)
    assert answer.headers["retry-after"] == "5"
    assert counts(query) == [0, 0, 0, 0]


def test_given_an_inventory_that_fails_briefly_when_ordered_then_it_is_retried(
    function: Load, services: httpx.Client, stock: Stock
) -> None:
    for fault in ({"failure_rate": 1, "times": 1}, {"lost_answer_rate": 1, "times": 1}):
        services.put("/control/inventory", json=fault).raise_for_status()
        assert call(function("create_order"), "POST", "/v1/orders", {"items": ITEMS}).status == 201
    assert stock("SKU123") == FREE - 4


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "k"}])
def test_given_a_lost_answer_of_the_inventory_when_ordered_then_no_stock_is_held(
    function: Load, services: httpx.Client, stock: Stock, query: Query, headers: dict[str, str]
) -> None:
    create = function("create_order")
    body = {"items": [{"sku": "SKU123", "quantity": 2}]}
    services.put("/control/inventory", json={"operation": "PUT /{path}/{id}", "lost_answer_rate": 1}).raise_for_status()
    assert call(create, "POST", "/v1/orders", body, headers=headers).status == 503
    services.delete("/control").raise_for_status()
    assert query("SELECT count(*) AS n FROM stock_holds WHERE state = 'reserved'") == [{"n": 0}]
    again = call(create, "POST", "/v1/orders", body, headers=headers)
    assert (again.status, stock("SKU123")) == (201, FREE - 2)


def test_given_a_cart_service_that_fails_when_ordered_then_503(function: Load, services: httpx.Client) -> None:
    services.put("/control/cart", json={"failure_rate": 1}).raise_for_status()
    answer = call(function("create_order"), "POST", "/orders/5")
    assert (answer.status, answer.json["service"]) == (503, "cart")


def test_given_fifty_clients_when_they_buy_the_last_ten_then_ten_are_sold(
    function: Load, services: httpx.Client, query: Query, stock: Stock
) -> None:
    services.put("/inventory/products/SKU123", json={"quantity": 10}).raise_for_status()
    environments = [function("create_order") for _ in range(50)]
    start = Barrier(50)

    def buy(environment: ModuleType) -> tuple[int, str | None]:
        start.wait()
        answer = call(environment, "POST", "/v1/orders", {"items": [{"sku": "SKU123", "quantity": 1}]})
        return answer.status, answer.json.get("code")

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(buy, environments))
    assert outcomes.count((201, None)) == 10
    assert outcomes.count((409, "insufficient_stock")) == 40
    assert stock("SKU123") == 0
    assert query("SELECT sum(quantity) AS sold FROM order_items") == [{"sold": 10}]


def test_given_a_cart_when_ordered_ten_times_at_once_then_there_is_one_order(
    function: Load, query: Query, stock: Stock
) -> None:
    environments = [function("create_order") for _ in range(10)]
    start = Barrier(10)

    def buy(environment: ModuleType) -> int:
        start.wait()
        return call(environment, "POST", "/orders/5").status

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(buy, environments))
    assert sorted(outcomes) == [201] + [409] * 9
    assert counts(query)[0] == 1
    assert (stock("PROD001"), stock("PROD002")) == (FREE - 2, FREE - 1)


def test_given_products_in_opposite_order_when_ordered_at_once_then_no_deadlock(function: Load, stock: Stock) -> None:
    names = ["SKU123", "SKU456", "PROD001", "PROD002", "1", "2", "3"]
    environments = [function("create_order") for _ in range(8)]

    def buy(numbered: tuple[int, ModuleType]) -> int:
        number, environment = numbered
        items = [{"product_id": name, "quantity": 1} for name in (names if number % 2 else reversed(names))]
        return call(environment, "POST", "/v1/orders", {"items": items}).status

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(buy, enumerate(environments))) == [201] * 8
    assert stock("1") == FREE - 8


def test_given_a_database_that_stops_when_ordered_then_503_until_it_is_back(function: Load, postgres: Postgres) -> None:
    create = function("create_order")
    assert call(create, "POST", "/v1/orders", {"items": ITEMS}).status == 201
    postgres.stop()
    try:
        answer = call(create, "POST", "/v1/orders", {"items": ITEMS})
        assert (answer.status, answer.json["code"]) == (503, "database_unavailable")
    finally:
        postgres.start()
    assert call(create, "POST", "/v1/orders", {"items": ITEMS}).status == 201
