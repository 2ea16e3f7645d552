"""Read stored orders: one call of a database function and one round trip for each operation."""

import uuid
from datetime import datetime
from typing import NamedTuple, TypedDict

from orders.domain.clock import unix_milliseconds, uuid7
from orders.domain.order import OrderDetails
from orders.postgres.connection import Database
from orders.postgres.json_rows import FoundOrder, order_details
from orders.postgres.statements import statement

_GET = "SELECT get_order_2(%(id)s, %(owner)s, %(timeline)s) AS found"
_EXPORT = statement("export_orders")
_UNPAID = """
SELECT id FROM orders
WHERE (status, payment_status, shipping_status, id)
    > ('pending', 'pending', 'pending', '00000000-0000-0000-0000-000000000000')
  AND (status, payment_status, shipping_status, id) < ('pending', 'pending', 'pending', %(before)s)
ORDER BY status, payment_status, shipping_status, id LIMIT %(limit)s
"""


class _IdRow(TypedDict):
    id: str


class _GetRow(TypedDict):
    found: FoundOrder | None


class _ExportRow(TypedDict):
    found: FoundOrder
    has_more: bool


class OrderBatch(NamedTuple):
    """Some orders, and whether there are more after them."""

    rows: list[OrderDetails]
    has_more: bool


def get_order(database: Database, order_id: str, *, owner: str | None, timeline: bool = False) -> OrderDetails | None:
    """Read an order with its lines; None if there is none, or if it is not the owner's (None: anybody's)."""
    [row] = database.fetch(_GetRow, _GET, {"id": order_id, "owner": owner, "timeline": timeline})
    return row["found"] and order_details(row["found"])


def export_orders(
    database: Database, customer_id: str, *, after: str | None, max_orders: int, max_lines: int
) -> OrderBatch:
    """Read orders of a customer with lines and timelines, the oldest first: at least one, if there is one.

    Args:
        database: where the orders are.
        customer_id: the customer.
        after: the order to continue after; None for the first ones.
        max_orders: the maximum number of orders.
        max_lines: the maximum number of lines, over all orders.
    """
    parameters = {
        "customer_id": customer_id,
        "after": after or str(uuid.UUID(int=0)),
        "max_orders": max_orders,
        "max_lines": max_lines,
    }
    rows = database.fetch(_ExportRow, _EXPORT, parameters)
    return OrderBatch([order_details(row["found"]) for row in rows], bool(rows) and rows[-1]["has_more"])


def unpaid_orders(database: Database, *, before: datetime, limit: int) -> list[str]:
    """List orders placed before a time whose payment has not been started, by id, the oldest first."""
    # Ids begin with the time, and only ids are in the order of an index.
    first_id = str(uuid7(unix_milliseconds(before), bytes(10)))
    return [row["id"] for row in database.fetch(_IdRow, _UNPAID, {"before": first_id, "limit": limit})]
