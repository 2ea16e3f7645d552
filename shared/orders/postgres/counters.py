"""All SQL over what is counted: orders by state, what was placed when, tasks that are not done.

Orders are never looked at one by one. Whatever changes them appends to `order_deltas`, by triggers; the relay folds
that into `order_counts` and `order_minutes`. One statement reads all three, and so is exact at any moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from orders.domain.lifecycle import PaymentStatus, ShippingStatus, State, Status, TaskKind
from orders.postgres.connection import Database

_KEPT = timedelta(days=2)
"""How long minutes are kept: longer than any window of `_FIGURES`, whatever the clocks say."""

# Rows are written in the order of their keys, so that two folds at once wait for each other and not in a circle. What
# happens now to orders of minutes that are swept adds nothing to them, and would only bring them back.
_FOLD = """
WITH folded AS (
    DELETE FROM order_deltas
    WHERE id IN (SELECT id FROM order_deltas LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING *
), counted AS (
    INSERT INTO order_counts AS old (currency, status, payment_status, shipping_status, orders, revenue)
    SELECT currency, status, payment_status, shipping_status, sum(orders), sum(revenue) FROM folded
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (currency, status, payment_status, shipping_status)
    DO UPDATE SET orders = old.orders + excluded.orders, revenue = old.revenue + excluded.revenue
), swept AS (
    DELETE FROM order_minutes
    WHERE (minute, currency) IN (
        SELECT minute, currency FROM order_minutes WHERE minute < %(kept_since)s
        LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
), placed AS (
    INSERT INTO order_minutes AS old (minute, currency, orders, revenue)
    SELECT minute, currency, sum(orders), sum(revenue) FROM folded WHERE minute >= %(kept_since)s
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (minute, currency)
    DO UPDATE SET orders = old.orders + excluded.orders, revenue = old.revenue + excluded.revenue
)
SELECT count(*) AS deltas FROM folded
"""

_FIGURES = """
WITH unfolded AS MATERIALIZED (
    SELECT minute, currency, status, payment_status, shipping_status, sum(orders) AS orders, sum(revenue) AS revenue
    FROM order_deltas GROUP BY 1, 2, 3, 4, 5
), counts AS MATERIALIZED (
    SELECT currency, status, payment_status, shipping_status, orders, revenue FROM order_counts
    UNION ALL
    SELECT currency, status, payment_status, shipping_status, orders, revenue FROM unfolded
), minutes AS (
    SELECT minute, currency, orders, revenue FROM order_minutes
    UNION ALL
    SELECT minute, currency, orders, revenue FROM unfolded
), windows (name, length) AS (
    VALUES ('1m', interval '1 minute'), ('1h', interval '1 hour'), ('1d', interval '1 day')
), states AS (
    SELECT status, payment_status, shipping_status, sum(orders) AS orders FROM counts GROUP BY 1, 2, 3
), placed AS (
    SELECT currency, sum(orders) AS orders, sum(revenue) AS revenue FROM counts GROUP BY 1
), placed_recent AS (
    SELECT name, found.*
    FROM windows CROSS JOIN LATERAL (
        SELECT currency, sum(orders) AS orders, sum(revenue) AS revenue
        FROM minutes WHERE minute >= %(full_minute)s - length AND minute < %(full_minute)s
        GROUP BY 1
    ) AS found
), tasks AS (
    SELECT kind,
        count(*) FILTER (WHERE state = 'pending') AS pending,
        count(*) FILTER (WHERE state = 'failed') AS failed,
        greatest(0, extract(epoch FROM %(at)s - min((
            SELECT occurred_at FROM order_events
            WHERE order_id = open.order_id AND version = open.version)) FILTER (WHERE state = 'pending'))) AS age
    FROM order_tasks AS open WHERE state <> 'done' GROUP BY 1
)
SELECT
    (SELECT json_agg(json_build_array(status, payment_status, shipping_status, orders)) FROM states) AS states,
    (SELECT json_agg(json_build_array(currency, orders, revenue) ORDER BY currency) FROM placed) AS placed,
    (SELECT json_agg(json_build_array(name, currency, coalesce(orders, 0), coalesce(revenue, 0))
        ORDER BY length, currency)
        FROM (SELECT name, length, currency FROM windows CROSS JOIN placed) AS wanted
        LEFT JOIN placed_recent USING (name, currency)) AS placed_recent,
    (SELECT json_agg(json_build_array(kind, pending, failed, age)) FROM tasks) AS tasks
"""


class Placed(NamedTuple):
    """How many orders were placed, and their totals in minor units, whatever became of them."""

    orders: int
    revenue: int


class Tasks(NamedTuple):
    """How many tasks are not done, and how many seconds ago the oldest pending one was promised."""

    pending: int = 0
    failed: int = 0
    age_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is, all at the same moment; of a state or kind that is missing there is nothing.

    Attributes:
        states: how many orders are in each state.
        placed: all that was ever placed, by currency.
        placed_recent: what was placed within a minute, an hour and a day, each of which ends with the last full
            minute; by window and currency.
        tasks: what is not done, by kind.
    """

    states: Mapping[State, int]
    placed: Mapping[str, Placed]
    placed_recent: Mapping[tuple[str, str], Placed]
    tasks: Mapping[TaskKind, Tasks]


def fold(database: Database, at: datetime, *, limit: int) -> int:
    """Fold so many deltas into the counts and minutes, and forget minutes that no window reaches any more.

    Returns:
        How many deltas there were, `limit` at the most.
    """
    [folded] = database.fetch(_FOLD, {"kept_since": at - _KEPT, "limit": limit})
    return int(folded["deltas"])


def figures(database: Database, at: datetime) -> Figures:
    """What there is at a moment; its cost does not grow with the number of orders, nor of tasks that are done."""
    row = database.fetch(_FIGURES, {"at": at, "full_minute": at.replace(second=0, microsecond=0)})[0]
    return Figures(
        states={
            State(Status(status), PaymentStatus(payment), ShippingStatus(shipping)): orders
            for status, payment, shipping, orders in row["states"] or ()
        },
        placed={currency: Placed(*numbers) for currency, *numbers in row["placed"] or ()},
        placed_recent={
            (window, currency): Placed(*numbers) for window, currency, *numbers in row["placed_recent"] or ()
        },
        tasks={TaskKind(kind): Tasks(*numbers) for kind, *numbers in row["tasks"] or ()},
    )
