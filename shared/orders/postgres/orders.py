"""All SQL over orders: one statement and one round trip for each operation.

Rows come back as dictionaries: the columns of ``orders``, ``items`` as rows of [product_id, quantity, unit_price], and,
where asked for, ``timeline``. Every statement is safe to run twice, because a lost connection makes it run twice.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import psycopg2.errors

from orders.domain.clock import unix_milliseconds, uuid7
from orders.domain.errors import CartAlreadyOrdered, RequestInProgress
from orders.domain.lifecycle import PLACED, Event, Task, TaskKind, Transition, transitions
from orders.domain.order import Order, Outcome, TaskRef, as_placed
from orders.postgres.connection import Database, Json, Row
from orders.postgres.idempotency import Attempt

COLUMNS = """id, customer_id, customer_name, customer_email, status, payment_status, shipping_status, currency, total,
       line_count, cart_version, cancel_reason, failure_reason, tracking_number, version, created_at, updated_at"""
"""What every reading of orders gives of one."""

_ITEMS = """(SELECT json_agg(json_build_array(product_id, quantity, unit_price) ORDER BY line_no)
        FROM order_items WHERE order_id = found.id) AS items"""

# A request under a key is answered by this, or stores nothing because another attempt has the key by now.
_INSERT = """
WITH answered AS (
    UPDATE idempotency_keys SET is_answered = true
    WHERE caller = %(caller)s AND key = %(key)s AND attempt = %(attempt)s
    RETURNING key
), placed AS (
    INSERT INTO orders (
        id, customer_id, customer_name, customer_email, status, payment_status, shipping_status,
        currency, total, line_count, cart_version, version, created_at, updated_at)
    SELECT
        %(id)s, %(customer_id)s, %(customer_name)s, %(customer_email)s, %(status)s, %(payment_status)s,
        %(shipping_status)s, %(currency)s, %(total)s, %(line_count)s, %(cart_version)s, 1, %(at)s, %(at)s
    WHERE %(key)s::text IS NULL OR EXISTS (SELECT FROM answered)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, version
), lines AS (
    INSERT INTO order_items (order_id, line_no, product_id, quantity, unit_price)
    SELECT placed.id, line.line_no, line.product_id, line.quantity, line.unit_price
    FROM placed, json_to_recordset(%(lines)s)
        AS line (line_no integer, product_id text, quantity integer, unit_price bigint)
), timeline AS (
    INSERT INTO order_events (order_id, version, event, status, payment_status, shipping_status, occurred_at)
    SELECT id, version, %(event)s, %(status)s, %(payment_status)s, %(shipping_status)s, %(at)s FROM placed
), promised AS (
    INSERT INTO order_tasks (order_id, version, kind, payload, available_at)
    SELECT placed.id, placed.version, task.kind, task.payload, %(at)s
    FROM placed, json_to_recordset(%(tasks)s) AS task (kind text, payload jsonb)
    RETURNING id, kind
)
SELECT (SELECT json_agg(json_build_object('id', id, 'kind', kind)) FROM promised) AS promised,
    %(key)s::text IS NULL OR EXISTS (SELECT FROM answered) AS is_ours
"""

_TIMELINE = """(SELECT json_agg(json_build_object(
            'event', event, 'version', version, 'status', status, 'payment_status', payment_status,
            'shipping_status', shipping_status, 'reason', reason,
            'occurred_at', to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY version)
        FROM order_events WHERE order_id = found.id) AS timeline"""

_FOUND = """
FROM orders AS found
WHERE id = %(id)s AND (%(owner)s::text IS NULL OR customer_id = %(owner)s)
"""
_GET = f"SELECT {COLUMNS}, {_ITEMS} {_FOUND}"
_GET_WITH_TIMELINE = f"SELECT {COLUMNS}, {_ITEMS}, {_TIMELINE} {_FOUND}"

_UNPAID = """
SELECT id FROM orders
WHERE status = 'pending' AND payment_status = 'pending' AND shipping_status = 'pending' AND id < %(before)s
ORDER BY id LIMIT %(limit)s
"""

# The row is locked first, so that the rule is chosen by what the order is by then, and not by what it was when the
# statement began: of two racing events the second one sees what the first one made of the order. The new statuses are
# put together from the locked row too: an update that meets a newer row is done over, but its first try is checked.
_TRANSITION = f"""
WITH seen AS MATERIALIZED (
    SELECT * FROM orders
    WHERE id = %(id)s AND (%(owner)s::text IS NULL OR customer_id = %(owner)s)
    FOR UPDATE
), rule AS MATERIALIZED (
    SELECT coalesce(rule.status, seen.status) AS status,
        coalesce(rule.payment_status, seen.payment_status) AS payment_status,
        coalesce(rule.shipping_status, seen.shipping_status) AS shipping_status,
        coalesce(rule.failure_reason, seen.failure_reason) AS failure_reason,
        rule.failure_reason AS new_failure_reason, rule.tasks
    FROM seen, json_to_recordset(%(rules)s) AS rule (
        statuses text[], payment_statuses text[], shipping_statuses text[],
        status text, payment_status text, shipping_status text, failure_reason text, tasks json)
    WHERE (rule.statuses IS NULL OR seen.status = ANY (rule.statuses))
      AND (rule.payment_statuses IS NULL OR seen.payment_status = ANY (rule.payment_statuses))
      AND (rule.shipping_statuses IS NULL OR seen.shipping_status = ANY (rule.shipping_statuses))
      AND (%(expected_versions)s::integer[] IS NULL OR seen.version = ANY (%(expected_versions)s))
      AND NOT EXISTS (SELECT FROM order_events WHERE order_id = seen.id AND event_id = %(event_id)s)
), changed AS (
    UPDATE orders
    SET status = rule.status,
        payment_status = rule.payment_status,
        shipping_status = rule.shipping_status,
        failure_reason = rule.failure_reason,
        cancel_reason = coalesce(%(cancel_reason)s, orders.cancel_reason),
        tracking_number = coalesce(%(tracking_number)s, orders.tracking_number),
        version = orders.version + 1,
        updated_at = %(at)s
    FROM rule
    WHERE orders.id = %(id)s
    RETURNING orders.*, rule.tasks, rule.new_failure_reason
), timeline AS (
    INSERT INTO order_events (
        order_id, version, event, status, payment_status, shipping_status, reason, event_id, occurred_at)
    SELECT id, version, %(event)s, status, payment_status, shipping_status,
        coalesce(%(reason)s, new_failure_reason), %(event_id)s, %(at)s
    FROM changed
), promised AS (
    INSERT INTO order_tasks (order_id, version, kind, payload, available_at)
    SELECT changed.id, changed.version, task.kind, task.payload, %(at)s
    FROM changed, json_to_recordset(changed.tasks) AS task (kind text, payload jsonb)
    RETURNING id, kind
), finished AS (
    UPDATE order_tasks SET state = 'done', reference = %(reference)s, last_error = NULL
    FROM seen WHERE order_tasks.id = %(task_id)s AND order_tasks.order_id = seen.id AND order_tasks.state = 'pending'
)
SELECT {COLUMNS}, {_ITEMS},
    (SELECT json_agg(json_build_object('id', id, 'kind', kind)) FROM promised) AS promised,
    EXISTS (SELECT FROM changed) AS applied,
    EXISTS (SELECT FROM order_events WHERE order_id = found.id AND event_id = %(event_id)s) AS repeated
FROM (
    SELECT {COLUMNS} FROM changed
    UNION ALL
    SELECT {COLUMNS} FROM seen WHERE NOT EXISTS (SELECT FROM changed)
) AS found
"""


_NO_KEY = {"caller": None, "key": None, "attempt": None}


def insert_order(database: Database, order: Order, tasks: Sequence[Task], attempt: Attempt | None = None) -> Outcome:
    """Store an order with its lines, the beginning of its timeline and its tasks.

    Args:
        database: where to.
        order: the order.
        tasks: the work that it promises.
        attempt: the attempt that places it, where the request has a key; the key is answered with it.

    Raises:
        CartAlreadyOrdered: the customer has a live order for this version of the cart.
        RequestInProgress: another attempt has the key by now; nothing was stored.
    """
    columns = {
        "id": order.id,
        "customer_id": order.customer_id,
        "customer_name": order.customer_name,
        "customer_email": order.customer_email,
        **PLACED._asdict(),
        "currency": order.currency,
        "total": order.total,
        "line_count": len(order.lines),
        "cart_version": order.cart_version,
    }
    lines = [
        {"line_no": number, "product_id": line.product_id, "quantity": line.quantity, "unit_price": line.unit_price}
        for number, line in enumerate(order.lines, start=1)
    ]
    try:
        [stored] = database.fetch(
            _INSERT,
            {
                **columns,
                **(attempt.parameters() if attempt else _NO_KEY),
                "at": order.created_at,
                "event": Event.PLACED,
                "lines": Json(lines),
                "tasks": Json([_task(task) for task in tasks]),
            },
        )
    except psycopg2.errors.UniqueViolation as error:
        raise CartAlreadyOrdered(
            f"The customer {order.customer_id!r} has a live order for version {order.cart_version!r} of the cart."
        ) from error
    if not stored["is_ours"]:
        raise RequestInProgress("A later request under this Idempotency-Key has taken over from this one.")
    items = [[line.product_id, line.quantity, line.unit_price] for line in order.lines]
    row = as_placed({**columns, "created_at": order.created_at, "items": items})
    return Outcome(Event.PLACED, row, task_refs(stored["promised"] or []), applied=True)


def get_order(database: Database, order_id: str, *, owner: str | None, timeline: bool = False) -> Row | None:
    """An order with its lines; None if there is none of this id, or not of this owner (None: of anybody)."""
    return database.fetch_one(_GET_WITH_TIMELINE if timeline else _GET, {"id": order_id, "owner": owner})


def unpaid_orders(database: Database, *, before: datetime, limit: int) -> list[str]:
    """The ids of orders that were placed before a moment and whose payment has not been started, the oldest first."""
    # Ids begin with the time, and only they are in the order of an index.
    first_id = str(uuid7(unix_milliseconds(before), bytes(10)))
    return [row["id"] for row in database.fetch(_UNPAID, {"before": first_id, "limit": limit})]


def apply_event(
    database: Database,
    event: Event,
    order_id: str,
    *,
    at: datetime,
    owner: str | None = None,
    expected_versions: Collection[int] | None = None,
    event_id: str | None = None,
    reason: str | None = None,
    tracking_number: str | None = None,
    task_id: str | None = None,
    reference: str | None = None,
) -> Outcome | None:
    """Let an event happen to an order, if its state allows: new statuses, version, timeline and tasks at once.

    Args:
        database: where the order is.
        event: what happened.
        order_id: to which order.
        at: when.
        owner: the only customer whose order it may be; None for anybody's.
        expected_versions: the only versions that it may happen to; None for any.
        event_id: the sender's name for this occurrence; a second one of the same name changes nothing.
        reason: for the timeline; a cancellation's is kept on the order too.
        tracking_number: for a shipment.
        task_id: the task that brought the event about, and is done with it, whether or not the event changes anything.
        reference: the service's own name for what the task did.

    Returns:
        What came of it; None if there is no such order of that owner.
    """
    parameters = {
        "id": order_id,
        "event": event,
        "at": at,
        "owner": owner,
        "expected_versions": None if expected_versions is None else sorted(expected_versions),
        # A change of one version that is run again over a new connection has to know itself as the one that was made.
        "event_id": event_id or (str(uuid.uuid4()) if expected_versions is not None else None),
        "reason": reason,
        "cancel_reason": reason if event is Event.CANCELLED else None,
        "tracking_number": tracking_number,
        "task_id": task_id,
        "reference": reference,
        "rules": Json([_rule(row) for row in transitions(event)]),
    }
    try:
        row = database.fetch_one(_TRANSITION, parameters)
    except psycopg2.errors.UniqueViolation:
        # The same event won a race against this one: the statement began before it, and sees it now.
        row = database.fetch_one(_TRANSITION, parameters)
    if row is None:
        return None
    promised = task_refs(row.pop("promised") or [])
    return Outcome(event, row, promised, applied=row.pop("applied"), repeated=row.pop("repeated"))


def task_refs(rows: Sequence[Row]) -> tuple[TaskRef, ...]:
    """The tasks of rows that hold their id and kind."""
    return tuple(TaskRef(row["id"], TaskKind(row["kind"])) for row in rows)


def _rule(row: Transition) -> dict[str, Any]:
    def names(statuses: frozenset[Any] | None) -> list[str] | None:
        return None if statuses is None else sorted(statuses)

    return {
        "statuses": names(row.source.statuses),
        "payment_statuses": names(row.source.payment_statuses),
        "shipping_statuses": names(row.source.shipping_statuses),
        "status": row.status,
        "payment_status": row.payment_status,
        "shipping_status": row.shipping_status,
        "failure_reason": row.failure_reason,
        "tasks": [_task(task) for task in row.tasks],
    }


def _task(task: Task) -> dict[str, Any]:
    return {"kind": task.kind, "payload": task.payload}
