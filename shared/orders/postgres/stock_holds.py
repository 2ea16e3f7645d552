"""All SQL over stock holds: stock taken out of a product catalog that has no reservations."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal, TypedDict

from orders.postgres.connection import Database, Json
from orders.postgres.statements import statement

_LOCKS = 256
"""Products share this many locks, so that an order with a thousand lines does not fill the server's lock table."""

_LOCK_PRODUCTS = statement("lock_products")
_RECORD = statement("record_holds")
_ORPHANED = statement("orphaned_holds")
_UNLOCK = "SELECT pg_advisory_unlock_all()"
_SELL = "UPDATE stock_holds SET state = 'sold' WHERE order_id = %(order_id)s AND state = 'reserved'"
_PRODUCTS = "SELECT product_id FROM stock_holds WHERE order_id = %(order_id)s"

type HoldState = Literal["reserving", "reserved", "sold", "releasing", "none"]


class _HoldRow(TypedDict):
    order_id: str
    product_id: str
    quantity: int
    catalog_quantity: int
    state: HoldState


class _ProductRow(TypedDict):
    product_id: str


class _OrderRow(TypedDict):
    order_id: str


@dataclass(frozen=True, slots=True)
class StockHold:
    """Stock of one product held for an order.

    Attributes:
        order_id: the order; it may not be stored yet, or never.
        product_id: the product.
        quantity: how many pieces.
        catalog_quantity: the catalog's quantity before the change that the state names.
        state: the change that is in progress or complete; `none` where nothing is held, `sold` once the order is paid.
    """

    order_id: str
    product_id: str
    quantity: int
    catalog_quantity: int
    state: HoldState

    @property
    def is_held(self) -> bool:
        """Whether the order has the stock, with no change in progress."""
        return self.state in {"reserved", "sold"}

    def settled(self, catalog_quantity: int) -> "StockHold":
        """Tell from the catalog's present quantity what became of a change that a crash interrupted.

        If the quantity is neither the one before nor the one after the change, somebody has set it since, and that
        stands: nothing is held.
        """
        if self.state == "reserving" and catalog_quantity == self.catalog_quantity - self.quantity:
            return replace(self, state="reserved")
        if self.state == "releasing" and catalog_quantity == self.catalog_quantity:
            return replace(self, state="reserved")
        return self if self.is_held else replace(self, state="none")


def lock(database: Database, order_id: str, products: Sequence[str]) -> list[StockHold]:
    """Lock products for this session; return the order's holds, and all interrupted changes, of these products."""
    parameters = {"order_id": order_id, "products": list(products), "locks": _LOCKS}
    return [StockHold(**row) for row in database.fetch(_HoldRow, _LOCK_PRODUCTS, parameters)]


def unlock(database: Database) -> None:
    """Unlock all products that this session has locked."""
    database.execute(_UNLOCK, rerun=False)


def record(database: Database, holds: Sequence[StockHold], at: datetime) -> None:
    """Write holds in the session that has locked their products; `none` deletes one."""
    if holds:
        database.execute(_RECORD, {"holds": Json([asdict(hold) for hold in holds]), "at": at}, rerun=False)


def sell(database: Database, order_id: str) -> None:
    """Mark what an order holds as sold."""
    database.execute(_SELL, {"order_id": order_id})


def products(database: Database, order_id: str) -> list[str]:
    """List the products of which an order holds stock, or is changing that."""
    return [row["product_id"] for row in database.fetch(_ProductRow, _PRODUCTS, {"order_id": order_id})]


def orphaned(database: Database, *, before: datetime, limit: int) -> list[str]:
    """List orders that were never stored and have held stock since before a time, the oldest first."""
    return [row["order_id"] for row in database.fetch(_OrderRow, _ORPHANED, {"before": before, "limit": limit})]
