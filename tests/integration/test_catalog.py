"""A catalog without reservations, and functions that are killed while they change it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import httpx
import pytest

from orders.clients import catalog_inventory
from orders.clients.catalog import CatalogClient, Product
from tests.integration.conftest import Query
from tests.support import call, wait_until

type Load = Callable[[str], ModuleType]
type Stock = Callable[[str], int]

ITEMS = [{"product_id": "SKU123", "quantity": 2}, {"product_id": "SKU456", "quantity": 1}]
FREE = 1_000_000


@pytest.fixture(autouse=True)
def _catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVENTORY_API", "catalog")


class Crash(BaseException):
    """The function's process is killed."""


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch, function: Load) -> Callable[[str], None]:
    """Place an order for five of SKU123 and be killed before or after the catalog is changed."""
    real = CatalogClient.set_quantity

    def crash(when: str) -> None:
        def killed(client: CatalogClient, *args: Any) -> None:
            if when == "after":
                real(client, *args)
            raise Crash

        with monkeypatch.context() as patch:
            patch.setattr(CatalogClient, "set_quantity", killed)
            with pytest.raises(Crash):
                call(function("create_order"), "POST", "/v1/orders", {"items": [{"sku": "SKU123", "quantity": 5}]})

    return crash


@pytest.mark.parametrize(("when", "free", "holds"), [("before", FREE - 1, []), ("after", FREE - 6, [5])])
def test_given_a_crash_when_the_product_is_ordered_again_then_stock_is_repaired(
    crash: Callable[[str], None],
    function: Load,
    query: Query,
    stock: Stock,
    when: str,
    free: int,
    holds: list[int],
) -> None:
    crash(when)
    assert query("SELECT state, quantity FROM stock_holds") == [{"state": "reserving", "quantity": 5}]
    order = call(function("create_order"), "POST", "/v1/orders", {"items": [{"sku": "SKU123", "quantity": 1}]})
    assert order.status == 201
    assert stock("SKU123") == free
    left = query("SELECT quantity, state FROM stock_holds WHERE order_id IS DISTINCT FROM %(id)s", id=order.json["id"])
    assert left == [{"quantity": quantity, "state": "reserved"} for quantity in holds]


def test_given_a_crash_when_the_stock_is_set_by_hand_then_that_value_is_kept(
    crash: Callable[[str], None], function: Load, services: httpx.Client, query: Query, stock: Stock
) -> None:
    crash("after")
    services.put("/inventory/products/SKU123", json={"quantity": 70}).raise_for_status()
    call(function("create_order"), "POST", "/v1/orders", {"items": [{"sku": "SKU123", "quantity": 1}]})
    assert stock("SKU123") == 69
    assert query("SELECT sum(quantity) AS held FROM stock_holds") == [{"held": 1}]


def test_given_a_catalog_that_fails_halfway_when_ordered_then_stock_is_returned(
    function: Load, services: httpx.Client, query: Query, stock: Stock
) -> None:
    fault = {"operation": "PUT /products/{id}", "failure_rate": 1, "failure_status": 400, "times": 1}
    services.put("/control/inventory", json=fault).raise_for_status()
    answer = call(function("create_order"), "POST", "/v1/orders", {"items": ITEMS})
    assert (answer.status, answer.json["service"]) == (503, "catalog")
    assert call(function("create_order"), "POST", "/v1/orders", {"items": ITEMS}).status == 201
    assert (stock("SKU123"), stock("SKU456")) == (FREE - 2, FREE - 1)
    assert query("SELECT sum(quantity) AS held FROM stock_holds") == [{"held": 3}]


def test_given_a_large_order_when_others_order_meanwhile_then_they_do_not_wait(
    function: Load, services: httpx.Client, query: Query
) -> None:
    products = [f"P{number:03}" for number in range(250)]
    stock = [{"product_id": product, "quantity": 10, "unit_price": "1.00"} for product in products]
    services.put("/inventory/products", json={"products": stock}).raise_for_status()
    services.put("/control/inventory", json={"latency_seconds": 0.1}).raise_for_status()
    large = {"items": [{"product_id": product, "quantity": 1} for product in products]}
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(call, function("create_order"), "POST", "/v1/orders", large)
        wait_until(lambda: bool(query("SELECT 1 AS held FROM stock_holds")))
        # One that is in none of its chunks, and one of the chunk that is locked now.
        for product in ("SKU123", query("SELECT max(product_id) AS id FROM stock_holds")[0]["id"]):
            items = [{"product_id": product, "quantity": 1}]
            assert call(function("create_order"), "POST", "/v1/orders", {"items": items}).status == 201
        assert not answer.done()
        assert (answer.result().status, answer.result().json["line_count"]) == (201, 250)


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([{"product_id": "SKU123", "quantity": 1}, {"product_id": "nothing", "quantity": 1}], "unknown_product"),
        ([{"product_id": "SKU123", "quantity": 1, "unit_price": "1.00"}], "price_changed"),
        ([{"product_id": "SKU123", "quantity": FREE // 20}] * 21, "insufficient_stock"),
        ([{"product_id": f"P{number}", "quantity": 1} for number in range(251)], "validation_error"),
    ],
)
def test_given_an_order_to_refuse_when_its_product_is_locked_then_refused_at_once(
    function: Load, query: Query, stock: Stock, items: list[dict[str, Any]], code: str
) -> None:
    query("SELECT pg_advisory_lock(hashtext('stock_holds'), hashtext('SKU123'))")
    try:
        answer = call(function("create_order"), "POST", "/v1/orders", {"items": items})
    finally:
        query("SELECT pg_advisory_unlock_all()")
    assert answer.json["code"] == code
    assert stock("SKU123") == FREE


@pytest.mark.parametrize(
    ("change", "code"),
    [({"quantity": 0}, "insufficient_stock"), ({"quantity": FREE, "unit_price": "1.00"}, "price_changed")],
)
def test_given_a_later_chunk_that_changes_when_ordered_then_all_stock_is_returned(
    function: Load,
    services: httpx.Client,
    query: Query,
    stock: Stock,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    code: str,
) -> None:
    """Between the look-up and the reservation, somebody else changes the product of the second chunk."""
    real = CatalogClient.set_quantity

    def set_quantity(client: CatalogClient, product: Product, quantity: int) -> None:
        real(client, product, quantity)
        if (product.product_id, quantity) == ("SKU123", FREE - 2):
            services.put("/inventory/products/SKU456", json=change).raise_for_status()

    monkeypatch.setattr(catalog_inventory, "_CHUNK", 1)
    monkeypatch.setattr(CatalogClient, "set_quantity", set_quantity)
    items = [{**item, "unit_price": price} for item, price in zip(ITEMS, ("100.00", "50.00"), strict=True)]
    answer = call(function("create_order"), "POST", "/v1/orders", {"items": items})
    assert (answer.status, answer.json["code"]) == (409, code)
    assert (stock("SKU123"), stock("SKU456")) == (FREE, change["quantity"])
    assert query("SELECT * FROM stock_holds") == []
