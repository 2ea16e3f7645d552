"""A catalog without reservations, and functions that are killed while they change it."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import httpx
import pytest

from orders.clients.catalog import CatalogClient
from tests.integration.conftest import Query
from tests.support import call

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
