"""Stock reserved by lowering quantities in a product catalog."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from itertools import batched
from threading import Lock

from orders.clients.catalog import CatalogClient, Product
from orders.domain.clock import Clock
from orders.domain.errors import (
    DatabaseUnavailable,
    DownstreamRefused,
    DownstreamUnavailable,
    InsufficientStock,
    UnknownProduct,
    ValidationFailed,
)
from orders.domain.stock import Price, ReservationUnusable, Shortage, insufficient_stock, unknown_products
from orders.postgres import stock_holds
from orders.postgres.connection import Database
from orders.postgres.stock_holds import Locked, StockHold
from orders.telemetry import logger

_CHUNK = 32
"""Products that are locked, read and written at once: each lock is held for one round of reads and one of writes."""


class CatalogInventory:
    """Reserve stock in a catalog that has neither reservations nor conditional writes.

    Products are looked up before anything is locked. Then they are reserved in chunks: a product's quantity changes
    under a lock on the product in the database, so that nothing is sold twice. Each change is recorded there before it
    is made, so that the next holder of the lock can tell whether a change that a crash interrupted has happened.
    """

    holds_in_database = True

    def __init__(self, database: Database, catalog: CatalogClient, clock: Clock, max_products: int) -> None:
        self._database = database
        self._catalog = catalog
        self._clock = clock
        self._max_products = max_products
        # The locks belong to the session, and do not separate threads that share it. It is also held for statements
        # without locks: one that reconnects would otherwise replace the session of a thread that holds some.
        self._lock = Lock()

    def reserve(
        self, reservation_id: str, quantities: Mapping[str, int], check: Callable[[Mapping[str, Price]], object]
    ) -> Mapping[str, Price]:
        """See `Inventory.reserve`."""
        if len(quantities) > self._max_products:
            raise _too_many_products(len(quantities), self._max_products)
        # In a fixed order: of two orders that want the last pieces of the same products, one gets them all.
        names = sorted(quantities)
        changes = self._changes(names) if len(names) <= _CHUNK else None
        products = self._look_up(names)
        self._refuse_shortages(reservation_id, quantities, products)
        check({name: product.price for name, product in products.items()})
        try:
            for chunk in batched(names, _CHUNK, strict=False):
                wanted = {name: quantities[name] for name in chunk}
                products |= self._reserve_chunk(reservation_id, wanted, products, changes)
        except (ReservationUnusable, InsufficientStock, UnknownProduct):
            self._give_back(reservation_id)
            raise
        return {name: product.price for name, product in products.items()}

    def commit(self, reservation_id: str, quantities: Mapping[str, int] | None) -> bool:  # noqa: ARG002 - the protocol's
        """See `Inventory.commit`; what is held here does not expire."""
        with self._lock:
            return stock_holds.sell(self._database, reservation_id)

    def release(self, reservation_id: str) -> None:
        """See `Inventory.release`."""
        self._release(reservation_id, lambda _: True, only_orphans=False)

    def release_orphan(self, reservation_id: str, unchanged_since: datetime) -> None:
        """See `Inventory.release_orphan`."""

        def is_orphaned(hold: StockHold) -> bool:
            return hold.order_id is None and (hold.changed_at is None or hold.changed_at < unchanged_since)

        self._release(reservation_id, is_orphaned, only_orphans=True)

    def _look_up(self, names: Sequence[str]) -> dict[str, Product]:
        products = self._read(names)
        if missing := [name for name in names if name not in products]:
            raise unknown_products(missing)
        return products

    def _refuse_shortages(
        self, reservation_id: str, quantities: Mapping[str, int], products: Mapping[str, Product]
    ) -> None:
        """Refuse what the catalog cannot have, before anything is locked.

        What another attempt at the request has taken out of the catalog already is not short.
        """
        short = [name for name, quantity in quantities.items() if quantity > products[name].quantity]
        held = self._held_products(reservation_id) if short else []
        if shortages := [
            Shortage(product_id=name, requested=quantities[name], available=products[name].quantity)
            for name in short
            if name not in held
        ]:
            raise insufficient_stock(shortages)

    def _reserve_chunk(
        self,
        reservation_id: str,
        quantities: Mapping[str, int],
        looked_up: Mapping[str, Product],
        changes: int | None,
    ) -> Mapping[str, Product]:
        """Reserve some products; return them as they were before.

        Args:
            reservation_id: the reservation.
            quantities: how much of each product.
            looked_up: the products as they were read before they were locked.
            changes: how often they had been changed before they were read; None if that was too long ago to count.
        """
        with self._locked(reservation_id, list(quantities)) as locked:
            is_present = not locked.holds and locked.changes == changes
            products = looked_up if is_present else self._look_up(list(quantities))
            held = self._held(reservation_id, locked.holds, products)
            if any(hold.order_id for hold in held.values()):
                raise ReservationUnusable
            reserving = [
                StockHold(reservation_id, product, quantity, products[product].quantity, "reserving")
                for product, quantity in quantities.items()
                if product not in held
            ]
            shortages = [
                Shortage(product_id=hold.product_id, requested=hold.quantity, available=hold.catalog_quantity)
                for hold in reserving
                if hold.quantity > hold.catalog_quantity
            ]
            if shortages:
                raise insufficient_stock(shortages)
            self._record(reserving)
            lowered = {hold.product_id: hold.catalog_quantity - hold.quantity for hold in reserving}
            for failure in self._write(lowered, products).values():
                raise failure
            # Holds of an earlier attempt are written again, so that they do not count as orphaned.
            self._record([*held.values(), *(replace(hold, state="reserved") for hold in reserving)])
        return products

    def _give_back(self, reservation_id: str) -> None:
        """Release what is reserved for an order that gets nothing, unless another attempt has stored it.

        What cannot be given back now counts as orphaned later.
        """
        try:
            self._release(reservation_id, lambda hold: hold.order_id is None, only_orphans=True)
        except (DownstreamUnavailable, DatabaseUnavailable):
            logger.warning("stock of a refused order not released", reservation_id=reservation_id, exc_info=True)

    def _release(self, reservation_id: str, may_release: Callable[[StockHold], bool], *, only_orphans: bool) -> None:
        refusals: list[DownstreamRefused] = []
        for chunk in batched(self._held_products(reservation_id), _CHUNK, strict=False):
            for failure in self._release_chunk(reservation_id, chunk, may_release, only_orphans=only_orphans):
                if not isinstance(failure, DownstreamRefused):
                    raise failure
                refusals.append(failure)
        for refusal in refusals:
            raise refusal

    def _release_chunk(
        self, reservation_id: str, names: Sequence[str], may_release: Callable[[StockHold], bool], *, only_orphans: bool
    ) -> list[DownstreamUnavailable]:
        """Release what a reservation holds of some products; return the failures.

        A change that fails stays recorded; the next holder of the lock records how it ended.
        """
        with self._locked(reservation_id, names) as locked:
            if not all(may_release(hold) for hold in locked.holds if hold.reservation_id == reservation_id):
                return []
            products = self._read(names)
            present = [hold for hold in locked.holds if hold.product_id in products]
            releasing = [
                replace(hold, state="releasing", catalog_quantity=products[product].quantity)
                for product, hold in self._held(reservation_id, present, products).items()
            ]
            recorded = self._record(releasing, only_orphans=only_orphans)
            releasing = [hold for hold in releasing if hold.product_id in recorded]
            failures = self._write({h.product_id: h.catalog_quantity + h.quantity for h in releasing}, products)
            self._record([replace(hold, state="none") for hold in releasing if hold.product_id not in failures])
        gone = [_no_longer_there(name) for name in names if name not in products]
        return [*failures.values(), *gone]

    @contextmanager
    def _locked(self, reservation_id: str, products: Sequence[str]) -> Iterator[Locked]:
        """Lock the products."""
        with self._lock:
            locked = stock_holds.lock(self._database, reservation_id, products)
            try:
                yield locked
            finally:
                # A session that is gone has released its locks.
                with suppress(DatabaseUnavailable):
                    stock_holds.unlock(self._database)

    def _held(
        self, reservation_id: str, holds: Sequence[StockHold], products: Mapping[str, Product]
    ) -> dict[str, StockHold]:
        """Record how interrupted changes ended; return the reservation's holds by product."""
        settled = [hold.settled(products[hold.product_id].quantity) for hold in holds]
        self._record([now for before, now in zip(holds, settled, strict=True) if now != before])
        return {hold.product_id: hold for hold in settled if hold.reservation_id == reservation_id and hold.is_held}

    def _read(self, names: Sequence[str]) -> dict[str, Product]:
        """Read products side by side; leave out those that the catalog does not have."""
        with ThreadPoolExecutor(_CHUNK) as pool:
            products = zip(names, pool.map(self._catalog.get, names), strict=True)
            return {name: product for name, product in products if product is not None}

    def _write(
        self, quantities: Mapping[str, int], products: Mapping[str, Product]
    ) -> dict[str, DownstreamUnavailable]:
        """Set quantities in the catalog side by side; return the failures by product."""

        def write(product: str) -> DownstreamUnavailable | None:
            try:
                self._catalog.set_quantity(products[product], quantities[product])
            except DownstreamUnavailable as error:
                return error
            return None

        with ThreadPoolExecutor(_CHUNK) as pool:
            failures = zip(quantities, pool.map(write, quantities), strict=True)
        return {product: failure for product, failure in failures if failure is not None}

    def _changes(self, names: Sequence[str]) -> int:
        with self._lock:
            return stock_holds.changes(self._database, names)

    def _held_products(self, reservation_id: str) -> list[str]:
        with self._lock:
            return stock_holds.products(self._database, reservation_id)

    def _record(self, holds: Sequence[StockHold], *, only_orphans: bool = False) -> frozenset[str]:
        return stock_holds.record(self._database, holds, self._clock.now(), only_orphans=only_orphans)


def _too_many_products(number: int, maximum: int) -> ValidationFailed:
    message = f"the order has {number} different products; with this inventory an order has at most {maximum}"
    return ValidationFailed([{"loc": ["items"], "msg": message, "type": "value_error"}])


def _no_longer_there(product_id: str) -> DownstreamRefused:
    return DownstreamRefused(f"The catalog no longer has the product {product_id}.", service=CatalogClient.service)
