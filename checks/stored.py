"""The evidence that the order service's database has."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from checks.evidence import Adjustment, Count, Directions, Hold, Line, Order, Step, Task
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status

type Query = Callable[..., list[dict[str, Any]]]
"""Runs a statement with named parameters and returns its rows as dictionaries."""

_ORDERS = """
SELECT id::text AS id, customer_id, created_at,
    CASE WHEN erased_at IS NULL THEN customer_email ELSE external_reference END AS key, cart_version,
    (SELECT done_at FROM order_tasks WHERE order_id = orders.id AND kind = 'mark_cart_ordered') AS cart_marked_at,
    reservation_id::text AS reservation_id, status, payment_status, shipping_status,
    version, currency, total, failure_reason,
    (SELECT coalesce(json_agg(json_build_array(product_id, unit_price, quantity)), '[]')
        FROM order_items WHERE order_id = orders.id) AS lines,
    adjustments, shipping_address, shipping_method, billing_address, payment_method, erased_at IS NOT NULL AS is_erased,
    (SELECT coalesce(json_agg(json_build_array(
                version, event, actor, tracking_number, status, payment_status, shipping_status)
            ORDER BY version), '[]')
        FROM order_events WHERE order_id = orders.id) AS timeline,
    (SELECT coalesce(json_agg(json_build_array(
            concat_ws('.', order_id, version, kind), version, kind, state, template, last_error)
            ORDER BY version, kind), '[]')
        FROM order_tasks WHERE order_id = orders.id) AS tasks
FROM orders LEFT JOIN order_details ON order_details.order_id = orders.id
WHERE %(customers)s::text[] IS NULL OR (customer_id = ANY (%(customers)s) AND created_at >= %(since)s)
ORDER BY orders.id
"""

_COUNTS = """
SELECT concat_ws('/', status, payment_status, shipping_status) AS state,
    sum(counted)::bigint AS counted, sum(stored)::bigint AS stored
FROM (SELECT status, payment_status, shipping_status, orders AS counted, 0 AS stored FROM order_counts
      UNION ALL
      SELECT status, payment_status, shipping_status, orders, 0 FROM count_deltas
      UNION ALL
      SELECT status, payment_status, shipping_status, 0, 1 FROM orders) AS numbers
GROUP BY 1
"""

_HOLDS = """
SELECT reservation_id::text AS reservation_id, product_id, quantity,
    CASE state WHEN 'reserved' THEN 'held' WHEN 'sold' THEN 'committed' ELSE 'changing' END AS status
FROM stock_holds
WHERE product_id = ANY (%(products)s) AND changed_at >= coalesce(%(since)s, '-infinity'::timestamptz)
"""


def read_orders(query: Query, customers: Collection[str] | None = None, since: datetime | None = None) -> list[Order]:
    """Return the orders that some customers have placed since a time, or all, in the order of time."""
    rows = query(_ORDERS, customers=None if customers is None else list(customers), since=since)
    return [_order(row) for row in rows]


def read_counts(query: Query) -> list[Count]:
    """Return how many orders of each state the metrics count, and how many are stored."""
    return [Count(**row) for row in query(_COUNTS)]


def read_holds(query: Query, products: Collection[str], since: datetime | None = None) -> list[Hold]:
    """Return what is held of some products in a catalog without reservations, where it has changed since a time."""
    return [Hold(**row) for row in query(_HOLDS, products=list(products), since=since)]


def _order(row: Mapping[str, Any]) -> Order:
    return Order(
        id=row["id"],
        customer_id=row["customer_id"],
        key=row["key"],
        placed_at=row["created_at"],
        cart_version=row["cart_version"],
        cart_marked_at=row["cart_marked_at"],
        reservation_id=row["reservation_id"],
        state=_state(row["status"], row["payment_status"], row["shipping_status"]),
        version=row["version"],
        currency=row["currency"],
        total=row["total"],
        failure_reason=row["failure_reason"],
        lines=tuple(sorted(Line(*line) for line in row["lines"])),
        adjustments=tuple(sorted(Adjustment(each["kind"], each["amount"]) for each in row["adjustments"] or ())),
        directions=Directions(
            row["shipping_address"], row["shipping_method"], row["billing_address"], row["payment_method"]
        ),
        is_erased=row["is_erased"],
        timeline=tuple(
            Step(version, event, actor, _state(*state), number)
            for version, event, actor, number, *state in row["timeline"]
        ),
        tasks=tuple(Task(*task) for task in row["tasks"]),
    )


def _state(status: str, payment_status: str, shipping_status: str) -> State:
    return State(Status(status), PaymentStatus(payment_status), ShippingStatus(shipping_status))
