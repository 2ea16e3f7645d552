"""What the stack's database holds of the orders of some customers, and of the tasks that they promised."""

import contextlib
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg2

from local.errors import LocalError
from local.replay.standins import Reservation
from local.stack import Database

ORDERS = """
SELECT id::text, customer_id, status, currency, total,
    (SELECT coalesce(json_agg(json_build_array(product_id, unit_price, quantity)), '[]')
     FROM order_items WHERE order_id = orders.id),
    payment_status, shipping_status, failure_reason, customer_email
FROM orders
WHERE customer_id = ANY (%s) AND created_at >= %s
ORDER BY id
"""

TASKS = """
SELECT task.id::text, task.order_id::text, task.kind, task.payload ->> 'template', task.state, task.last_error
FROM orders JOIN order_tasks AS task ON task.order_id = orders.id
WHERE customer_id = ANY (%s) AND created_at >= %s
ORDER BY task.order_id, task.version, task.kind
"""

TASK_STATES = """
SELECT task.state, count(*)
FROM orders JOIN order_tasks AS task ON task.order_id = orders.id
WHERE customer_id = ANY (%s) AND created_at >= %s
GROUP BY task.state
"""

HOLDS = """
SELECT order_id::text, bool_and(state = 'sold'), json_object_agg(product_id, quantity) FROM stock_holds
WHERE product_id = ANY (%s) AND changed_at >= %s GROUP BY order_id
"""

type StoredLine = tuple[str, Decimal, int]
"""Product, price of one in minor units, quantity."""


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as the database has it.

    Attributes:
        total: In minor units of the currency.
        lines: Sorted.
        failure_reason: Why it failed; None unless it did.
    """

    id: str
    customer_id: str
    status: str
    currency: str
    total: Decimal
    lines: tuple[StoredLine, ...]
    payment_status: str
    shipping_status: str
    failure_reason: str | None
    customer_email: str | None

    @property
    def units(self) -> Counter[str]:
        """How many units there are of each product, over all lines."""
        units: Counter[str] = Counter()
        for product, _, quantity in self.lines:
            units[product] += quantity
        return units


@dataclass(frozen=True, slots=True)
class StoredTask:
    """A task as the database has it.

    Attributes:
        template: Of the notification that it is to send, if it is to send one.
        state: pending, done or failed.
        last_error: Why it was put off or given up, if it was.
    """

    id: str
    order_id: str
    kind: str
    template: str | None
    state: str
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Store:
    """Reads the orders that some customers have placed since a moment.

    Raises:
        LocalError: From each method: the database does not answer.
    """

    database: Database
    customers: Collection[str]
    since: datetime

    def orders(self) -> list[StoredOrder]:
        """Returns the orders, in the order of time."""
        return [
            StoredOrder(order_id, customer_id, status, currency, Decimal(total), _lines(lines), *others)
            for order_id, customer_id, status, currency, total, lines, *others in self._placed(ORDERS)
        ]

    def tasks(self) -> list[StoredTask]:
        """Returns the tasks of those orders."""
        return [StoredTask(*row) for row in self._placed(TASKS)]

    def task_states(self) -> Counter[str]:
        """Returns how many of those tasks are in each state."""
        return Counter(dict(self._placed(TASK_STATES)))

    def holds(self, products: Collection[str]) -> list[Reservation]:
        """Returns what orders hold of some products in a catalog that has no reservations, those of anybody."""
        return [
            Reservation(order_id, "committed" if sold else "held", Counter(units))
            for order_id, sold, units in self._fetch(HOLDS, list(products), self.since)
        ]

    def _placed(self, statement: str) -> list[tuple[Any, ...]]:
        return self._fetch(statement, list(self.customers), self.since)

    def _fetch(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        place = self.database
        try:
            with (
                contextlib.closing(
                    psycopg2.connect(host=place.host, port=place.port, dbname=place.name, user=place.user)
                ) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(statement, parameters)
                return cursor.fetchall()
        except psycopg2.OperationalError as error:
            raise LocalError(f"The stack's database cannot be asked, `make status` tells what runs: {error}") from error


def _lines(lines: Iterable[tuple[str, int, int]]) -> tuple[StoredLine, ...]:
    return tuple(sorted((product, Decimal(price), quantity) for product, price, quantity in lines))
