"""Stock held for orders, over either kind of inventory service."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Literal, Protocol

from orders.clients.catalog import CatalogClient, Product
from orders.clients.http import Session
from orders.clients.inventory import InventoryClient
from orders.config import InventorySettings
from orders.domain.clock import Clock
from orders.domain.errors import DatabaseUnavailable, DownstreamUnavailable
from orders.domain.stock import Price, Shortage, insufficient_stock, unknown_products
from orders.postgres.connection import Database, Json

_CALLS_AT_ONCE = 16
_LOCKS = 256
"""Products share this many locks, so that an order of a thousand lines does not fill the server's lock table."""

_LOCK = """
SET lock_timeout = '5s';
SELECT pg_advisory_lock(hashtext('stock_holds'), bucket)
FROM (
    SELECT DISTINCT abs(hashtext(product_id) %% %(locks)s) AS bucket
    FROM unnest(%(products)s) AS product_id
    ORDER BY bucket
) AS buckets;
SELECT order_id, product_id, quantity, catalog_quantity, state FROM stock_holds
WHERE product_id = ANY (%(products)s) AND (state IN ('taking', 'returning') OR order_id = %(order_id)s)
"""

_UNLOCK = "SELECT pg_advisory_unlock_all()"

_RECORD = """
WITH given AS (
    SELECT * FROM json_to_recordset(%(holds)s)
        AS given (order_id uuid, product_id text, quantity integer, catalog_quantity bigint, state text)
), forgotten AS (
    DELETE FROM stock_holds AS held USING given
    WHERE (held.order_id, held.product_id) = (given.order_id, given.product_id) AND given.state = 'none'
)
INSERT INTO stock_holds (order_id, product_id, quantity, catalog_quantity, state, changed_at)
SELECT order_id, product_id, quantity, catalog_quantity, state, %(at)s FROM given WHERE state <> 'none'
ON CONFLICT (order_id, product_id) DO UPDATE
SET state = excluded.state, catalog_quantity = excluded.catalog_quantity, changed_at = excluded.changed_at
"""

_SELL = "UPDATE stock_holds SET state = 'sold' WHERE order_id = %(order_id)s AND state = 'taken'"

_ORPHANS = """
SELECT order_id FROM stock_holds
WHERE state <> 'sold' AND changed_at < %(before)s
  AND NOT EXISTS (SELECT FROM orders WHERE orders.id = stock_holds.order_id)
GROUP BY order_id ORDER BY min(changed_at) LIMIT %(limit)s
"""

_PRODUCTS_HELD = "SELECT product_id FROM stock_holds WHERE order_id = %(order_id)s"


class Inventory(Protocol):
    """Where stock is held for an order."""

    def reserve(self, order_id: str, quantities: Mapping[str, int]) -> Mapping[str, Price]:
        """Hold so many of each product for the order, or nothing; returns what each product costs.

        Raises:
            InsufficientStock: too little is there of some product.
            UnknownProduct: the service does not know some product.
            DownstreamUnavailable: no answer that can be used.
        """

    def commit(self, order_id: str) -> None:
        """Make sure that what the order holds is not given back by itself."""

    def release(self, order_id: str) -> None:
        """Give back what the order holds; a second time changes nothing."""


@dataclass(frozen=True, slots=True)
class _Hold:
    """What an order has of a product.

    Attributes:
        order_id: the order; it may not exist yet, or never.
        product_id: the product.
        quantity: how many.
        catalog_quantity: what the catalog said before the change that the state names.
        state: the change that is under way, or done; none where nothing is held; sold once the order is paid.
    """

    order_id: str
    product_id: str
    quantity: int
    catalog_quantity: int
    state: Literal["taking", "taken", "sold", "returning", "none"]

    def settled(self, catalog_quantity: int) -> "_Hold":
        """What became of a change that a crash interrupted, going by what the catalog says now.

        If that is neither what it was before nor what it was to be, somebody has set it since, and what they set
        stands: nothing is held.
        """
        if self.state == "taking" and catalog_quantity == self.catalog_quantity - self.quantity:
            return replace(self, state="taken")
        if self.state == "returning" and catalog_quantity == self.catalog_quantity:
            return replace(self, state="taken")
        return self if self.is_held else replace(self, state="none")

    @property
    def is_held(self) -> bool:
        """Whether the order has the stock, and nobody is changing that."""
        return self.state in {"taken", "sold"}


class CatalogInventory:
    """Holds stock by lowering quantities in a catalog that knows neither reservations nor conditional writes.

    Whoever changes the quantity of a product holds a lock on it in the database, so that nothing is sold twice. Each
    change is written down there before it is made, so that whoever takes the lock next can tell whether a change that
    a crash interrupted has happened.
    """

    def __init__(self, database: Database, catalog: CatalogClient, clock: Clock) -> None:
        self._database = database
        self._catalog = catalog
        self._clock = clock
        self._one_at_a_time = Lock()

    def reserve(self, order_id: str, quantities: Mapping[str, int]) -> Mapping[str, Price]:
        """See `Inventory.reserve`."""
        with self._locked(order_id, list(quantities)) as holds:
            products = self._products(list(quantities))
            held = self._held(order_id, holds, products)
            taking = [
                _Hold(order_id, product, quantity, products[product].quantity, "taking")
                for product, quantity in quantities.items()
                if product not in held
            ]
            shortages = [
                Shortage(product_id=hold.product_id, requested=hold.quantity, available=hold.catalog_quantity)
                for hold in taking
                if hold.quantity > hold.catalog_quantity
            ]
            if shortages:
                raise insufficient_stock(shortages)
            self._record(taking)
            self._take(taking, products)
            self._record([replace(hold, state="taken") for hold in taking])
        return {product: products[product].price for product in quantities}

    def commit(self, order_id: str) -> None:
        """See `Inventory.commit`."""
        self._database.fetch(_SELL, {"order_id": order_id})

    def release(self, order_id: str) -> None:
        """See `Inventory.release`."""
        names = [row["product_id"] for row in self._database.fetch(_PRODUCTS_HELD, {"order_id": order_id})]
        if not names:
            return
        with self._locked(order_id, names) as holds:
            products = self._products(names)
            returning = [
                replace(hold, state="returning", catalog_quantity=products[product].quantity)
                for product, hold in self._held(order_id, holds, products).items()
            ]
            self._record(returning)
            failures = self._write({h.product_id: h.catalog_quantity + h.quantity for h in returning}, products)
            self._record([replace(hold, state="none") for hold in returning if hold.product_id not in failures])
            for failure in failures.values():
                raise failure

    @contextmanager
    def _locked(self, order_id: str, products: list[str]) -> Iterator[list[_Hold]]:
        """Lock the products; gives what the order holds of them, and the changes that a crash interrupted."""
        # The locks are the session's: they do not part threads that share it.
        with self._one_at_a_time:
            rows = self._database.fetch(_LOCK, {"order_id": order_id, "products": products, "locks": _LOCKS})
            try:
                yield [_Hold(**row) for row in rows]
            finally:
                # A session that is gone has let go of its locks.
                with suppress(DatabaseUnavailable):
                    self._database.fetch(_UNLOCK, rerun=False)

    def _products(self, names: list[str]) -> dict[str, Product]:
        with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
            found = dict(zip(names, pool.map(self._catalog.get, names), strict=True))
        missing = [name for name, product in found.items() if product is None]
        if missing:
            raise unknown_products(missing)
        return {name: product for name, product in found.items() if product is not None}

    def _held(self, order_id: str, holds: list[_Hold], products: Mapping[str, Product]) -> dict[str, _Hold]:
        """Settle the interrupted changes; returns what the order holds, by product."""
        settled = [hold.settled(products[hold.product_id].quantity) for hold in holds]
        self._record([now for before, now in zip(holds, settled, strict=True) if now != before])
        return {hold.product_id: hold for hold in settled if hold.order_id == order_id and hold.is_held}

    def _take(self, taking: list[_Hold], products: Mapping[str, Product]) -> None:
        """Lower the quantities, all or none.

        What can be neither done nor undone stays written down as being taken, and is settled by whoever comes next.
        """
        failures = self._write({h.product_id: h.catalog_quantity - h.quantity for h in taking}, products)
        if not failures:
            return
        taken = [hold for hold in taking if hold.product_id not in failures]
        stuck = self._write({hold.product_id: hold.catalog_quantity for hold in taken}, products)
        self._record([replace(hold, state="none") for hold in taken if hold.product_id not in stuck])
        raise next(iter(failures.values()))

    def _write(
        self, quantities: Mapping[str, int], products: Mapping[str, Product]
    ) -> dict[str, DownstreamUnavailable]:
        """Set quantities in the catalog, many at once; returns the failures by product."""

        def write(product: str) -> DownstreamUnavailable | None:
            try:
                self._catalog.set_quantity(products[product], quantities[product])
            except DownstreamUnavailable as error:
                return error
            return None

        with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
            outcomes = zip(quantities, pool.map(write, quantities), strict=True)
        return {product: failure for product, failure in outcomes if failure is not None}

    def _record(self, holds: list[_Hold]) -> None:
        if holds:
            parameters = {"holds": Json([asdict(hold) for hold in holds]), "at": self._clock.now()}
            self._database.fetch(_RECORD, parameters, rerun=False)


def new_inventory(settings: InventorySettings, session: Session, database: Database, clock: Clock) -> Inventory:
    """The inventory of the kind that is in use. A catalog needs the database's session to itself while it works."""
    if settings.api == "catalog":
        return CatalogInventory(database, CatalogClient(session, settings.url), clock)
    return InventoryClient(session, settings.url)


def orphans(database: Database, *, before: datetime, limit: int) -> list[str]:
    """Orders that never came to be, and for which stock has been held since before a moment."""
    return [row["order_id"] for row in database.fetch(_ORPHANS, {"before": before, "limit": limit})]
