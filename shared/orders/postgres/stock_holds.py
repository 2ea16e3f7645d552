"""All SQL over stock holds: stock taken out of a product catalog that has no reservations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypedDict

from orders.postgres.connection import Database, Json
from orders.postgres.statements import statement

_LOCK_PRODUCTS = statement("lock_products")
_RECORD = statement("record_holds")
_ORPHANED = statement("orphaned_holds")
_UNLOCK = "SELECT pg_advisory_unlock_all()"
_SELL = """
UPDATE stock_holds SET state = 'sold' WHERE reservation_id = %(reservation_id)s AND state IN ('reserved', 'sold')
RETURNING product_id
"""
_CHANGES = """
SELECT coalesce(sum(changes), 0)::bigint AS changes FROM catalog_changes WHERE product_id = ANY (%(products)s)
"""
_PRODUCTS = "SELECT product_id FROM stock_holds WHERE reservation_id = %(reservation_id)s ORDER BY product_id"

type HoldState = Literal["reserving", "reserved", "sold", "releasing", "none"]


class _LockedRow(TypedDict):
    changes: int
    reservation_id: str
    product_id: str
    quantity: int
    catalog_quantity: int
    state: HoldState
    order_id: str | None
    changed_at: datetime | None


class _ChangesRow(TypedDict):
    changes: int


class _ProductRow(TypedDict):
    product_id: str


class _ReservationRow(TypedDict):
    reservation_id: str


@dataclass(frozen=True, slots=True)
class StockHold:
    """Stock of one product held under a reservation.

    Attributes:
        reservation_id: the reservation; attempts at the same request share it.
        product_id: the product.
        quantity: how many pieces.
        catalog_quantity: the catalog's quantity before the change that the state names.
        state: the change that is in progress or complete; `none` where nothing is held, `sold` once the order is paid.
        order_id: the order that has adopted the hold; None while there is none.
        changed_at: when the hold was last written; None if it has not been.
    """

    reservation_id: str
    product_id: str
    quantity: int
    catalog_quantity: int
    state: HoldState
    order_id: str | None = None
    changed_at: datetime | None = None

    @property
    def is_held(self) -> bool:
        """Whether the stock is held, with no change in progress."""
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


@dataclass(frozen=True, slots=True)
class Locked:
    """Some products that this session has locked.

    Attributes:
        holds: the reservation's holds of them, and all of their changes that a crash interrupted.
        changes: see `changes`.
    """

    holds: list[StockHold]
    changes: int


def changes(database: Database, products: Sequence[str]) -> int:
    """Return a number that grows with each change of some products' quantities, before and after it."""
    [row] = database.fetch(_ChangesRow, _CHANGES, {"products": list(products)})
    return row["changes"]


def lock(database: Database, reservation_id: str, products: Sequence[str]) -> Locked:
    """Lock products for this session, each with a lock of its own."""
    parameters = {"reservation_id": reservation_id, "products": list(products)}
    rows = database.fetch(_LockedRow, _LOCK_PRODUCTS, parameters)
    holds = [
        StockHold(
            row["reservation_id"],
            row["product_id"],
            row["quantity"],
            row["catalog_quantity"],
            row["state"],
            row["order_id"],
            row["changed_at"],
        )
        for row in rows
        if row["reservation_id"]
    ]
    return Locked(holds, rows[0]["changes"])


def unlock(database: Database) -> None:
    """Unlock all products that this session has locked."""
    database.execute(_UNLOCK, rerun=False)


def record(
    database: Database, holds: Sequence[StockHold], at: datetime, *, only_orphans: bool = False
) -> frozenset[str]:
    """Write holds in the session that has locked their products; `none` deletes one.

    Args:
        database: the session.
        holds: the holds to write.
        at: when they changed.
        only_orphans: whether to leave out holds that an order has adopted meanwhile.

    Returns:
        The products whose holds were written and not deleted.
    """
    if not holds:
        return frozenset()
    given = [
        {
            "reservation_id": hold.reservation_id,
            "product_id": hold.product_id,
            "quantity": hold.quantity,
            "catalog_quantity": hold.catalog_quantity,
            "state": hold.state,
        }
        for hold in holds
    ]
    parameters = {"holds": Json(given), "at": at, "only_orphans": only_orphans}
    return frozenset(row["product_id"] for row in database.fetch(_ProductRow, _RECORD, parameters, rerun=False))


def sell(database: Database, reservation_id: str) -> bool:
    """Mark what a reservation holds as sold; return whether it holds anything."""
    return bool(database.fetch(_ProductRow, _SELL, {"reservation_id": reservation_id}))


def products(database: Database, reservation_id: str) -> list[str]:
    """List the products that a reservation holds, or is changing."""
    return [row["product_id"] for row in database.fetch(_ProductRow, _PRODUCTS, {"reservation_id": reservation_id})]


def orphaned(database: Database, *, before: datetime, limit: int) -> list[str]:
    """List reservations without an order that have been unchanged since before a time, the oldest first."""
    rows = database.fetch(_ReservationRow, _ORPHANED, {"before": before, "limit": limit})
    return [row["reservation_id"] for row in rows]
