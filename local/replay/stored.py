"""What the stack's database holds of the orders that a replay has placed."""

import contextlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg2

from local.errors import LocalError
from local.stack import Database

ORDERS = """
SELECT id::text, customer_id, status, currency, total,
    (SELECT coalesce(json_agg(json_build_array(product_id, unit_price, quantity)), '[]')
     FROM order_items WHERE order_id = orders.id)
FROM orders
WHERE customer_id = ANY (%s) AND created_at >= %s
ORDER BY id
"""


type StoredLine = tuple[str, Decimal, int]
"""Product, price of one in minor units, quantity."""


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as the database has it.

    Attributes:
        total: In minor units of the currency.
        lines: Sorted.
    """

    id: str
    customer_id: str
    status: str
    currency: str
    total: Decimal
    lines: tuple[StoredLine, ...]


def read(database: Database, customers: Collection[str], since: datetime) -> list[StoredOrder]:
    """Returns the orders of some customers that were placed since a moment.

    Raises:
        LocalError: The database does not answer.
    """
    try:
        with (
            contextlib.closing(
                psycopg2.connect(host=database.host, port=database.port, dbname=database.name, user=database.user)
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(ORDERS, (list(customers), since))
            return [
                StoredOrder(order_id, customer_id, status, currency, Decimal(total), _lines(lines))
                for order_id, customer_id, status, currency, total, lines in cursor
            ]
    except psycopg2.OperationalError as error:
        raise LocalError(f"The stack's database cannot be asked: {error}") from error


def _lines(lines: Iterable[tuple[str, int, int]]) -> tuple[StoredLine, ...]:
    return tuple(sorted((product, Decimal(price), quantity) for product, price, quantity in lines))
