"""Counts of orders by state, of orders placed by time, and of open tasks, without counting orders one by one.

Whatever changes orders appends to `count_deltas`, by triggers; the relay rolls these up into `order_counts` and
`order_minutes`. One statement reads all three tables, and so is exact at any moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypedDict

from orders.domain.lifecycle import STATES, TaskKind
from orders.domain.metrics import OpenTasks
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status
from orders.postgres.connection import Database
from orders.postgres.statements import statement

_KEPT = timedelta(days=2)
"""How long minutes are kept: longer than the longest window of `read_counts`, with room for differing clocks."""

_ROLL_UP = statement("roll_up_counts")
_READ_COUNTS = statement("read_counts")
_STUCK_PAYMENTS = """
SELECT count(*) AS orders
FROM unnest(%(statuses)s::text[], %(shipping_statuses)s::text[]) AS state (status, shipping_status)
JOIN orders USING (status, shipping_status)
WHERE payment_status = 'processing' AND updated_at < %(before)s
"""


class Placed(NamedTuple):
    """How many orders were placed, and the sum of their totals in minor units, whatever their state is now."""

    orders: int
    revenue: int


@dataclass(frozen=True, slots=True)
class OrderCounts:
    """All counts at one moment; a state or kind that is missing has none.

    Attributes:
        states: orders by state.
        placed: all orders ever placed, by currency.
        placed_recent: orders placed within a minute, an hour and a day, each of which ends with the last full minute;
            by window and currency.
        tasks: open tasks by kind.
    """

    states: Mapping[State, int]
    placed: Mapping[str, Placed]
    placed_recent: Mapping[tuple[str, str], Placed]
    tasks: Mapping[TaskKind, OpenTasks]


class _RollUpRow(TypedDict):
    deltas: int


class _StuckRow(TypedDict):
    orders: int


class _CountsRow(TypedDict):
    states: list[tuple[str, str, str, int]] | None
    placed: list[tuple[str, int, int]] | None
    placed_recent: list[tuple[str, str, int, int]] | None
    tasks: list[tuple[str, int, int, float]] | None


def roll_up(database: Database, at: datetime, *, limit: int) -> int:
    """Roll up count deltas, and delete minutes that no window reaches any more.

    Returns:
        How many deltas were rolled up, `limit` at most.
    """
    [row] = database.fetch(_RollUpRow, _ROLL_UP, {"kept_since": at - _KEPT, "limit": limit})
    return row["deltas"]


def stuck_payments(database: Database, *, before: datetime) -> int:
    """Count the orders whose payment is processing, and which have not changed since before a time."""
    states = [state for state in STATES if state.payment_status is PaymentStatus.PROCESSING]
    parameters = {
        "before": before,
        "statuses": [state.status.value for state in states],
        "shipping_statuses": [state.shipping_status.value for state in states],
    }
    [row] = database.fetch(_StuckRow, _STUCK_PAYMENTS, parameters)
    return row["orders"]


def read_counts(database: Database, at: datetime) -> OrderCounts:
    """Read all counts at a moment; the cost does not grow with the number of orders or of tasks that are done."""
    parameters = {"at": at, "full_minute": at.replace(second=0, microsecond=0)}
    [row] = database.fetch(_CountsRow, _READ_COUNTS, parameters)
    return OrderCounts(
        states={
            State(Status(status), PaymentStatus(payment), ShippingStatus(shipping)): orders
            for status, payment, shipping, orders in row["states"] or ()
        },
        placed={currency: Placed(orders, revenue) for currency, orders, revenue in row["placed"] or ()},
        placed_recent={
            (window, currency): Placed(orders, revenue)
            for window, currency, orders, revenue in row["placed_recent"] or ()
        },
        tasks={
            TaskKind(kind): OpenTasks(pending, failed, age_seconds)
            for kind, pending, failed, age_seconds in row["tasks"] or ()
        },
    )
