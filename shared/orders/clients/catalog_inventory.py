"""Stock reserved by lowering quantities in a product catalog."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from threading import Lock

from orders.clients.catalog import CatalogClient, Product
from orders.domain.clock import Clock
from orders.domain.errors import DatabaseUnavailable, DownstreamUnavailable
from orders.domain.stock import Price, ReservationUnusable, Shortage, insufficient_stock, unknown_products
from orders.postgres import stock_holds
from orders.postgres.connection import Database
from orders.postgres.stock_holds import StockHold

_CALLS_AT_ONCE = 16


class CatalogInventory:
    """Reserve stock in a catalog that has neither reservations nor conditional writes.

    A product's quantity changes under a lock on the product in the database, so that nothing is sold twice. Each change
    is recorded there before it is made, so that the next holder of the lock can tell whether a change that a crash
    interrupted has happened.
    """

    holds_in_database = True

    def __init__(self, database: Database, catalog: CatalogClient, clock: Clock) -> None:
        self._database = database
        self._catalog = catalog
        self._clock = clock
        # The locks belong to the session, and do not separate threads that share it.
        self._lock = Lock()

    def reserve(
        self, reservation_id: str, quantities: Mapping[str, int], check: Callable[[Mapping[str, Price]], object]
    ) -> Mapping[str, Price]:
        """See `Inventory.reserve`."""
        with self._locked(reservation_id, list(quantities)) as holds:
            products = self._products(list(quantities))
            check({name: product.price for name, product in products.items()})
            held = self._held(reservation_id, holds, products)
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
            self._lower(reserving, products)
            # Holds of an earlier attempt are written again, so that they do not count as orphaned.
            self._record([*held.values(), *(replace(hold, state="reserved") for hold in reserving)])
        return {product: products[product].price for product in quantities}

    def commit(self, reservation_id: str, quantities: Mapping[str, int] | None) -> bool:  # noqa: ARG002 - the protocol's
        """See `Inventory.commit`; what is held here does not expire."""
        return stock_holds.sell(self._database, reservation_id)

    def release(self, reservation_id: str) -> None:
        """See `Inventory.release`."""
        self._release(reservation_id, lambda _: True, only_orphans=False)

    def release_orphan(self, reservation_id: str, unchanged_since: datetime) -> None:
        """See `Inventory.release_orphan`."""

        def is_orphaned(hold: StockHold) -> bool:
            return hold.order_id is None and (hold.changed_at is None or hold.changed_at < unchanged_since)

        self._release(reservation_id, is_orphaned, only_orphans=True)

    def _release(self, reservation_id: str, may_release: Callable[[StockHold], bool], *, only_orphans: bool) -> None:
        names = stock_holds.products(self._database, reservation_id)
        if not names:
            return
        with self._locked(reservation_id, names) as holds:
            if not all(may_release(hold) for hold in holds if hold.reservation_id == reservation_id):
                return
            products = self._products(names)
            releasing = [
                replace(hold, state="releasing", catalog_quantity=products[product].quantity)
                for product, hold in self._held(reservation_id, holds, products).items()
            ]
            recorded = self._record(releasing, only_orphans=only_orphans)
            releasing = [hold for hold in releasing if hold.product_id in recorded]
            failures = self._write({h.product_id: h.catalog_quantity + h.quantity for h in releasing}, products)
            self._record([replace(hold, state="none") for hold in releasing if hold.product_id not in failures])
            for failure in failures.values():
                raise failure

    @contextmanager
    def _locked(self, reservation_id: str, products: list[str]) -> Iterator[list[StockHold]]:
        """Lock the products; yield the reservation's holds of them, and the changes that a crash interrupted."""
        with self._lock:
            holds = stock_holds.lock(self._database, reservation_id, products)
            try:
                yield holds
            finally:
                # A session that is gone has released its locks.
                with suppress(DatabaseUnavailable):
                    stock_holds.unlock(self._database)

    def _products(self, names: list[str]) -> dict[str, Product]:
        with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
            products = dict(zip(names, pool.map(self._catalog.get, names), strict=True))
        if missing := [name for name, product in products.items() if product is None]:
            raise unknown_products(missing)
        return {name: product for name, product in products.items() if product is not None}

    def _held(
        self, reservation_id: str, holds: list[StockHold], products: Mapping[str, Product]
    ) -> dict[str, StockHold]:
        """Record how interrupted changes ended; return the reservation's holds by product."""
        settled = [hold.settled(products[hold.product_id].quantity) for hold in holds]
        self._record([now for before, now in zip(holds, settled, strict=True) if now != before])
        return {hold.product_id: hold for hold in settled if hold.reservation_id == reservation_id and hold.is_held}

    def _lower(self, reserving: list[StockHold], products: Mapping[str, Product]) -> None:
        """Lower the quantities of all products, or of none.

        A change that can be neither made nor undone stays recorded as `reserving`; the next holder of the lock
        records how it ended.
        """
        failures = self._write({h.product_id: h.catalog_quantity - h.quantity for h in reserving}, products)
        if not failures:
            return
        lowered = [hold for hold in reserving if hold.product_id not in failures]
        stuck = self._write({hold.product_id: hold.catalog_quantity for hold in lowered}, products)
        self._record([replace(hold, state="none") for hold in lowered if hold.product_id not in stuck])
        raise next(iter(failures.values()))

    def _write(
        self, quantities: Mapping[str, int], products: Mapping[str, Product]
    ) -> dict[str, DownstreamUnavailable]:
        """Set quantities in the catalog concurrently; return the failures by product."""

        def write(product: str) -> DownstreamUnavailable | None:
            try:
                self._catalog.set_quantity(products[product], quantities[product])
            except DownstreamUnavailable as error:
                return error
            return None

        with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
            failures = zip(quantities, pool.map(write, quantities), strict=True)
        return {product: failure for product, failure in failures if failure is not None}

    def _record(self, holds: Sequence[StockHold], *, only_orphans: bool = False) -> frozenset[str]:
        return stock_holds.record(self._database, holds, self._clock.now(), only_orphans=only_orphans)
