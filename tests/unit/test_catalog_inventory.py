"""A catalog as inventory: what is looked up, locked, written and given back, and in which order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import cast

import pytest

from orders.clients import catalog_inventory
from orders.clients.catalog import CatalogClient, Product
from orders.clients.catalog_inventory import CatalogInventory
from orders.domain.clock import Clock
from orders.domain.errors import (
    DownstreamRefused,
    DownstreamUnavailable,
    InsufficientStock,
    OrderServiceError,
    PriceChanged,
    UnknownProduct,
    ValidationFailed,
)
from orders.domain.stock import Price, ReservationUnusable
from orders.postgres.connection import Database
from orders.postgres.stock_holds import Locked, StockHold

MAX_PRODUCTS = 100
MANY = {f"P{number:02}": 1 for number in range(70)}
"""Products of three chunks: 32, 32 and 6."""


class Catalog:
    """A catalog of a few products, which logs what is done to it."""

    def __init__(self, log: list[str], products: Iterable[str]) -> None:
        self._log = log
        self.quantities = dict.fromkeys(products, 10)
        self.refusing: OrderServiceError | None = None
        self.refused = ""

    def get(self, product_id: str) -> Product | None:
        self._log.append("read")
        if product_id not in self.quantities:
            return None
        return Product(product_id, self.quantities[product_id], Price(Decimal(5), "USD"), {})

    def set_quantity(self, product: Product, quantity: int) -> None:
        self._log.append("write")
        if self.refusing and product.product_id == self.refused:
            raise self.refusing
        self.quantities[product.product_id] = quantity


class Holds:
    """The stock holds in memory, in place of `orders.postgres.stock_holds`."""

    def __init__(self, log: list[str]) -> None:
        self._log = log
        self.held: dict[tuple[str, str], StockHold] = {}
        self.written = 0

    def changes(self, _: Database, products: Sequence[str]) -> int:
        assert products
        return self.written

    def lock(self, _: Database, reservation_id: str, products: Sequence[str]) -> Locked:
        self._log.append(f"lock {len(products)}")
        holds = [
            hold
            for hold in self.held.values()
            if hold.product_id in products
            and (hold.reservation_id == reservation_id or hold.state in {"reserving", "releasing"})
        ]
        return Locked(holds, self.written)

    def unlock(self, _: Database) -> None:
        self._log.append("unlock")

    def record(
        self, _: Database, holds: Sequence[StockHold], at: datetime, *, only_orphans: bool = False
    ) -> frozenset[str]:
        self.written += len(holds)
        for hold in holds:
            key = (hold.reservation_id, hold.product_id)
            known = self.held.pop(key, hold)
            if only_orphans and known.order_id:
                self.held[key] = known
            elif hold.state != "none":
                self.held[key] = replace(hold, changed_at=at, order_id=known.order_id)
        return frozenset(product for _, product in self.held)

    def products(self, _: Database, reservation_id: str) -> list[str]:
        return sorted(product for reservation, product in self.held if reservation == reservation_id)


class Shop:
    """A catalog inventory over a catalog and holds in memory.

    Attributes:
        log: what was done, in order; "read" and "write" are calls of the catalog.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[str] = []
        self.catalog = Catalog(self.log, [*MANY, "A", "B"])
        self.holds = Holds(self.log)
        monkeypatch.setattr(catalog_inventory, "stock_holds", self.holds)
        database, catalog = cast("Database", None), cast("CatalogClient", self.catalog)
        self.inventory = CatalogInventory(database, catalog, Clock(), MAX_PRODUCTS)

    def reserve(self, quantities: Mapping[str, int], *, refuse: bool = False) -> Mapping[str, Price]:
        def check(_: Mapping[str, Price]) -> None:
            self.log.append("check")
            if refuse:
                raise PriceChanged("Another price.")

        return self.inventory.reserve("reservation", quantities, check)

    @property
    def reserved(self) -> int:
        """How many units are missing in the catalog."""
        return sum(10 - quantity for quantity in self.catalog.quantities.values())


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(monkeypatch)


def test_given_many_products_when_reserved_then_locked_in_chunks_after_a_look_up(shop: Shop) -> None:
    assert shop.reserve(MANY).keys() == MANY.keys()
    full = ["lock 32", *["read"] * 32, *["write"] * 32, "unlock"]
    last = ["lock 6", *["read"] * 6, *["write"] * 6, "unlock"]
    assert shop.log == [*["read"] * 70, "check", *full, *full, *last]
    assert shop.reserved == 70


def test_given_few_products_when_reserved_then_each_is_read_and_written_once(shop: Shop) -> None:
    shop.reserve({"A": 2, "B": 1})
    assert shop.log == ["read", "read", "check", "lock 2", "write", "write", "unlock"]


def test_given_another_reservation_meanwhile_when_reserved_then_read_again(
    shop: Shop,
) -> None:
    def overtaken(_: Mapping[str, Price]) -> None:
        shop.inventory.reserve("another", {"A": 9}, lambda _: None)

    with pytest.raises(InsufficientStock) as caught:
        shop.inventory.reserve("reservation", {"A": 2}, overtaken)
    assert caught.value.members["shortages"] == [{"product_id": "A", "requested": 2, "available": 1}]
    assert shop.catalog.quantities["A"] == 1


@pytest.mark.parametrize(
    ("quantities", "refuse", "error"),
    [
        ({"A": 1, "nothing": 1}, False, UnknownProduct),
        ({"A": 1, "B": 11}, False, InsufficientStock),
        ({"A": 1}, True, PriceChanged),
        ({f"X{number}": 1 for number in range(MAX_PRODUCTS + 1)}, False, ValidationFailed),
    ],
)
def test_given_an_order_to_refuse_when_looked_up_then_nothing_is_locked(
    shop: Shop, quantities: Mapping[str, int], error: type[OrderServiceError], *, refuse: bool
) -> None:
    with pytest.raises(error):
        shop.reserve(quantities, refuse=refuse)
    assert not {"lock 1", "lock 2", "write"} & set(shop.log)


def test_given_too_many_products_when_reserved_then_the_error_says_the_maximum(shop: Shop) -> None:
    with pytest.raises(ValidationFailed, match="101 different products; with this inventory an order has at most 100"):
        shop.reserve({f"X{number}": 1 for number in range(101)})


@pytest.mark.parametrize("error", [DownstreamUnavailable, DownstreamRefused])
@pytest.mark.parametrize("refused", ["P00", "P40", "P69"])
def test_given_a_chunk_that_fails_when_released_then_all_stock_is_given_back(
    shop: Shop, refused: str, error: type[DownstreamUnavailable]
) -> None:
    shop.catalog.refusing, shop.catalog.refused = error("No.", service="catalog"), refused
    with pytest.raises(error):
        shop.reserve(MANY)
    shop.inventory.release("reservation")
    assert (shop.reserved, shop.holds.held) == (0, {})


def test_given_an_order_on_the_reservation_when_refused_then_its_stock_is_kept(shop: Shop) -> None:
    shop.reserve(MANY)
    for key, hold in list(shop.holds.held.items())[:32]:
        shop.holds.held[key] = replace(hold, order_id="order")
    with pytest.raises(ReservationUnusable):
        shop.reserve(MANY)
    assert (shop.reserved, len(shop.holds.held)) == (32, 32)


def test_given_own_stock_of_an_earlier_attempt_when_reserved_then_not_short(shop: Shop) -> None:
    shop.reserve({"A": 10})
    shop.reserve({"A": 10})
    assert shop.catalog.quantities["A"] == 0


def test_given_many_products_when_released_then_locked_in_chunks(shop: Shop) -> None:
    shop.reserve(MANY)
    shop.log.clear()
    shop.inventory.release("reservation")
    assert [entry for entry in shop.log if "lock" in entry] == ["lock 32", "unlock"] * 2 + ["lock 6", "unlock"]
    assert (shop.reserved, shop.holds.held) == (0, {})


def test_given_a_product_that_is_gone_when_released_then_the_others_are_released(shop: Shop) -> None:
    shop.reserve(MANY)
    del shop.catalog.quantities["P00"]
    with pytest.raises(DownstreamRefused, match="no longer has the product P00"):
        shop.inventory.release("reservation")
    assert (shop.reserved, list(shop.holds.held)) == (0, [("reservation", "P00")])
