"""The stack's database, and the evidence that it and the fakes have about the orders of some customers."""

import contextlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor

from checks import stored
from checks.evidence import Evidence, Order, Request, holds_of
from local.errors import LocalError
from local.stack import Database
from tools.support.fakes_client import FakesClient

TASK_STATES = """
SELECT task.state, count(*)
FROM orders JOIN order_tasks AS task ON task.order_id = orders.id
WHERE customer_id = ANY (%(customers)s) AND created_at >= %(since)s
GROUP BY task.state
"""
MAKE_OLDER = """
WITH polling AS (
    SELECT task.order_id, task.version, task.kind
    FROM orders JOIN order_tasks AS task ON task.order_id = orders.id
    WHERE customer_id = ANY (%(customers)s) AND created_at >= %(since)s
      AND task.state = 'pending' AND task.attempts = 0 AND task.claims > 0
), aged AS (
    UPDATE orders SET updated_at = updated_at - %(time)s WHERE id IN (SELECT order_id FROM polling)
)
UPDATE order_tasks SET available_at = available_at - %(time)s, sent_at = NULL
WHERE (order_id, version, kind) IN (SELECT order_id, version, kind FROM polling)
RETURNING order_id
"""
"""For tasks that poll: neither failed nor in progress."""


@dataclass(frozen=True, slots=True)
class Store:
    """The orders that some customers have placed since a time.

    Raises:
        LocalError: From each method: the database does not answer.
    """

    database: Database
    customers: Collection[str]
    since: datetime

    def orders(self) -> list[Order]:
        """Return the orders, in the order of time."""
        return stored.read_orders(self._query, self.customers, self.since)

    def task_states(self) -> Counter[str]:
        """Return how many of the orders' tasks are in each state."""
        rows = self._query(TASK_STATES, customers=list(self.customers), since=self.since)
        return Counter({row["state"]: row["count"] for row in rows})

    def let_time_pass(self, time: timedelta) -> None:
        """Make the orders older whose tasks wait for a service to decide, and let the tasks ask again now."""
        self._query(MAKE_OLDER, customers=list(self.customers), since=self.since, time=time)

    def collect(
        self,
        fakes: FakesClient,
        at_start: Mapping[str, int],
        reserved: Collection[str],
        requests: Sequence[Request] = (),
    ) -> Evidence:
        """Collect the evidence, whichever kind of inventory is in use.

        Args:
            fakes: The downstream services.
            at_start: The units of each product before the first order.
            reserved: The ids under which stock was reserved, or tried to be.
            requests: The requests that have placed the orders.
        """
        orders = self.orders()
        ids = {order.reservation_id for order in orders}
        reservations = fakes.reservations(sorted(ids))
        # The others may expire at any moment, so they are read together with what is free.
        reservations += fakes.reservations(sorted(set(reserved) - ids))
        return Evidence(
            orders=orders,
            requests=requests,
            counts=stored.read_counts(self._query),
            at_start=at_start,
            holds=[*holds_of(reservations), *stored.read_holds(self._query, at_start, self.since)],
            free=fakes.free(at_start),
            charges=fakes.charges(),
            shipments=fakes.shipments(),
            notifications=fakes.notifications(),
        )

    def _query(self, statement: str, **parameters: object) -> list[dict[str, Any]]:
        place = self.database
        try:
            with (
                contextlib.closing(
                    psycopg2.connect(host=place.host, port=place.port, dbname=place.name, user=place.user)
                ) as connection,
                connection.cursor(cursor_factory=RealDictCursor) as cursor,
            ):
                connection.autocommit = True
                cursor.execute(statement, parameters)
                return [dict(row) for row in cursor.fetchall()]
        except psycopg2.OperationalError as error:
            raise LocalError(f"The database does not answer; `make status` shows what runs: {error}") from error
