"""Orders inserted directly into the database."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from psycopg2.extras import Json

from orders.domain.clock import unix_milliseconds, uuid7
from orders.domain.states import PLACED, State
from tests.integration.conftest import Query

_INSERT = """
WITH new AS (
    SELECT * FROM json_to_recordset(%(orders)s) AS new (
        id uuid, customer text, email text, state text[], total bigint, products text[],
        created_at timestamptz, updated_at timestamptz)
), placed AS (
    INSERT INTO orders (id, customer_id, customer_email, status, payment_status, shipping_status, currency, total,
        line_count, failure_reason, reservation_id, version, created_at, updated_at)
    SELECT id, customer, email, state[1], state[2], state[3], 'USD', total, cardinality(products),
        CASE WHEN state[1] = 'failed' THEN 'expired' END, id, 1, created_at, updated_at
    FROM new
)
INSERT INTO order_items (order_id, line_no, product_id, quantity, unit_price)
SELECT new.id, line_no, product, 1, line_no FROM new, unnest(products) WITH ORDINALITY AS line (product, line_no)
"""


_FAIL = """
WITH failed AS (
    INSERT INTO order_events (order_id, version, event, actor, status, payment_status, shipping_status, occurred_at)
    SELECT id, version, 'order.placed', 'customer:5', status, payment_status, shipping_status, created_at
    FROM orders WHERE id = ANY (%(ids)s::uuid[])
    RETURNING order_id, version, occurred_at)
INSERT INTO order_tasks (order_id, version, kind, state, available_at)
SELECT order_id, version, unnest('{charge_payment,send_notification}'::text[]), 'failed', occurred_at FROM failed
"""


@dataclass(frozen=True)
class StoredOrder:
    """An order with a line for each of its products, whose prices differ."""

    created_at: datetime = datetime(2020, 11, 20, 8, tzinfo=UTC)
    updated_at: datetime = datetime(2020, 11, 20, 8, tzinfo=UTC)
    customer: str = "5"
    email: str | None = None
    state: State = PLACED
    total: int = 100
    products: tuple[str, ...] = ("SKU123",)
    randomness: bytes = field(default_factory=lambda: uuid.uuid4().bytes[:10])

    @property
    def id(self) -> str:
        """The id that the service would have given it."""
        return str(uuid7(unix_milliseconds(self.created_at), self.randomness))


def store_orders(query: Query, orders: Sequence[StoredOrder]) -> None:
    """Put orders into the database."""
    rows: list[dict[str, Any]] = []
    for order in orders:
        row = asdict(order) | {"id": order.id}
        del row["randomness"]
        rows.append(row | {name: row[name].isoformat() for name in ("created_at", "updated_at")})
    query(_INSERT, orders=Json(rows))


def fail_tasks(query: Query, orders: Sequence[StoredOrder]) -> None:
    """Give orders two failed tasks each."""
    query(_FAIL, ids=[order.id for order in orders])
