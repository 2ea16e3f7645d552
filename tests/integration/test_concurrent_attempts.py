"""Attempts at the same requests from many threads, with crashes, refusals and changed requests: one order for a key."""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from threading import Lock
from typing import Any, cast, override

import pytest

from orders.clients.cart import Cart, CartClient
from orders.clients.catalog import CatalogClient, Product
from orders.clients.catalog_inventory import CatalogInventory
from orders.config import DatabaseSettings
from orders.domain.caller import WRITE, Caller
from orders.domain.clock import Clock
from orders.domain.errors import CartAlreadyOrdered, IdempotencyKeyReused, InsufficientStock, PriceChanged
from orders.domain.order import DeadLetter
from orders.domain.stock import Inventory, Price, ReservationUnusable, Shortage, insufficient_stock
from orders.postgres.connection import Database
from orders.schemas.requests import NewOrder
from orders.use_cases.place_order import PlaceOrder
from tests.integration.conftest import Query

SEEDS = range(int(os.environ.get("CONCURRENT_SEEDS", "3")))
STOCK = {"A": 1, "B": 3, "C": 1_000}
CALLER = Caller("5", frozenset({WRITE}))
THREADS = 6
REQUESTS = 12
REFUSALS = (InsufficientStock, PriceChanged, IdempotencyKeyReused, CartAlreadyOrdered)


class Crash(BaseException):
    """The process is killed: no clean-up runs."""


class CrashingDatabase(Database):
    """Crashes before or after it stores an order, at a given rate."""

    def __init__(self, settings: DatabaseSettings, random: Random, probability: float) -> None:
        super().__init__(settings)
        self._random = random
        self._probability = probability

    @override
    def fetch[Row](
        self, row: type[Row], statement: str, parameters: Mapping[str, Any] | None = None, *, rerun: bool = True
    ) -> list[Row]:
        stores = "place_order" in statement
        if stores and self._random.random() < self._probability:
            raise Crash
        rows = super().fetch(row, statement, parameters, rerun=rerun)
        if stores and self._random.random() < self._probability:
            raise Crash
        return rows


@dataclass
class Warehouse:
    """Stock, as an inventory service or a catalog knows it; `price` is what it states at the moment."""

    remembers_releases: bool = True
    free: dict[str, int] = field(default_factory=lambda: dict(STOCK))
    held: dict[str, dict[str, int]] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    price: Decimal | None = None
    lock: Lock = field(default_factory=Lock)


class Reservations:
    """The inventory service with reservations."""

    holds_in_database = False

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def reserve(
        self, reservation_id: str, quantities: Mapping[str, int], check: Callable[[Mapping[str, Price]], object]
    ) -> Mapping[str, Price]:
        del check
        warehouse = self._warehouse
        with warehouse.lock:
            if reservation_id in warehouse.released:
                raise ReservationUnusable
            if reservation_id not in warehouse.held:
                short = [Shortage(p, n, warehouse.free[p]) for p, n in quantities.items() if warehouse.free[p] < n]
                if short:
                    raise insufficient_stock(short)
                for product, quantity in quantities.items():
                    warehouse.free[product] -= quantity
                warehouse.held[reservation_id] = dict(quantities)
            assert warehouse.held[reservation_id] == dict(quantities)
            return {product: Price(warehouse.price, "USD") for product in quantities}

    def release(self, reservation_id: str) -> None:
        warehouse = self._warehouse
        with warehouse.lock:
            for product, quantity in warehouse.held.pop(reservation_id, {}).items():
                warehouse.free[product] += quantity
            if warehouse.remembers_releases:
                warehouse.released.add(reservation_id)

    def release_orphan(self, reservation_id: str, unchanged_since: datetime) -> None:
        raise AssertionError(f"{reservation_id}, unchanged since {unchanged_since}, expires by itself")

    def commit(self, reservation_id: str, quantities: Mapping[str, int] | None) -> bool:
        raise AssertionError(f"nobody pays for {reservation_id} of {quantities}")


class Catalog:
    """The product catalog: quantities that are read and written."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def get(self, product_id: str) -> Product:
        warehouse = self._warehouse
        return Product(product_id, warehouse.free[product_id], Price(warehouse.price, "USD"), {})

    def set_quantity(self, product: Product, quantity: int) -> None:
        assert quantity >= 0
        self._warehouse.free[product.product_id] = quantity


@dataclass(frozen=True)
class Carts:
    """A cart for each customer, which stays as it is."""

    products: Mapping[str, str]

    def get(self, customer_id: str) -> Cart:
        items = [{"product_id": self.products[customer_id], "quantity": 1, "unit_price": "5"}]
        return Cart.model_validate({"version": "1", "items": items})


class Shop:
    """Threads that send the same few requests again and again, each from a process of its own."""

    def __init__(self, kind: str, seed: int) -> None:
        self.kind = kind
        self.seed = seed
        self.warehouse = Warehouse(remembers_releases=kind != "forgets releases")
        random = Random(seed)
        products = [random.choice("AABC") for _ in range(6)]
        self.items = {f"items-{number}": product for number, product in enumerate(products[:4])}
        self.carts = {f"cart-{number}": product for number, product in enumerate(products[4:])}

    def process(self, random: Random, crashes: float = 0.0) -> PlaceOrder:
        """A process with its own connections."""
        database = CrashingDatabase(DatabaseSettings.from_environment(), random, crashes)
        carts = cast("CartClient", Carts(self.carts))
        return PlaceOrder(database, NoQueue(), self.inventory(), carts, Clock(), "USD")

    def inventory(self) -> Inventory:
        """The inventory of the kind that is tried."""
        if self.kind == "catalog":
            database = Database(DatabaseSettings.from_environment())
            return CatalogInventory(database, cast("CatalogClient", Catalog(self.warehouse)), Clock(), 250)
        return Reservations(self.warehouse)

    def send(self, process: PlaceOrder, key: str, product: str | None = None) -> str:
        """Send a request; with another product, the key is sent with another request."""
        if key in self.carts:
            return process.from_cart(CALLER, key, key=key).row["id"]
        line = {"product_id": product or self.items[key], "quantity": 1, "unit_price": 5}
        return process.from_items(CALLER, NewOrder.model_validate({"items": [line]}), key=key).row["id"]

    def work(self, number: int) -> list[tuple[str, str]]:
        """Send requests at random; return the keys and orders of those that were answered."""
        random = Random(f"{self.seed} {number}")
        process = self.process(random, crashes=0.25 if number % 2 else 0.0)
        answers = []
        for _ in range(REQUESTS):
            key = random.choice([*self.items, *self.carts])
            another = "C" if random.random() < 0.15 and key in self.items else None
            self.warehouse.price = Decimal(6) if random.random() < 0.15 else None
            try:
                answers.append((key, self.send(process, key, another)))
            except Crash:
                process = self.process(random, crashes=0.25)
            except REFUSALS:
                pass
        return answers


class NoQueue:
    """Sends nothing: tasks stay in the outbox."""

    def send(self, tasks: object, delay_seconds: float = 0) -> None:
        """Send nothing."""

    def unknown_dead_letters(self) -> list[DeadLetter]:
        """List nothing."""
        return []

    def purge_dead_letters(self, still_failed: object) -> None:
        """Purge nothing."""


@pytest.mark.usefixtures("services")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["remembers releases", "forgets releases", "catalog"])
def test_given_concurrent_attempts_when_they_crash_or_fail_then_a_key_has_one_order(
    query: Query, kind: str, seed: int
) -> None:
    shop = Shop(kind, seed)
    with ThreadPoolExecutor(THREADS) as pool:
        answers = {answer for answers in pool.map(shop.work, range(THREADS)) for answer in answers}
    assert max(Counter(key for key, _ in answers).values()) == 1, answers
    rows = query(
        """
        SELECT orders.id, reservation_id, json_object_agg(product_id, quantity) AS lines
        FROM orders JOIN order_items ON order_id = orders.id GROUP BY orders.id"""
    )
    keys = query("SELECT order_id FROM idempotency_keys WHERE order_id IS NOT NULL")
    assert sorted(row["id"] for row in rows) == sorted(row["order_id"] for row in keys)
    assert {order for _, order in answers} <= {row["id"] for row in rows}
    if kind == "catalog":
        held = {
            row["reservation_id"]: row["lines"]
            for row in query(
                """
                SELECT reservation_id, json_object_agg(product_id, quantity) AS lines FROM stock_holds
                WHERE order_id IS NOT NULL GROUP BY 1"""
            )
        }
        inventory, later = shop.inventory(), datetime.now(UTC) + timedelta(minutes=1)
        for row in query("SELECT DISTINCT reservation_id FROM stock_holds"):
            inventory.release_orphan(row["reservation_id"], later)
        sold = Counter(product for row in rows for product in row["lines"])
        assert {product: STOCK[product] - sold[product] for product in STOCK} == shop.warehouse.free
    else:
        held = shop.warehouse.held
    for row in rows:
        assert held.get(row["reservation_id"]) == row["lines"]
    assert len({row["reservation_id"] for row in rows}) == len(rows)
    assert min(shop.warehouse.free.values()) >= 0
