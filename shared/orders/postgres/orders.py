"""All SQL over orders: one statement and one round trip for each operation.

Every statement is safe to run twice, because a lost connection makes it run twice.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypedDict

import psycopg2.errors

from orders.domain.clock import unix_milliseconds, uuid7
from orders.domain.errors import CartAlreadyOrdered, RequestInProgress
from orders.domain.lifecycle import Event, TaskKind, TaskSpec, Transition, transitions
from orders.domain.order import Order, OrderDetails, TaskMessage, TaskRow, TransitionResult
from orders.postgres.connection import Database, Json
from orders.postgres.idempotency import Attempt
from orders.postgres.statements import statement

_INSERT = statement("insert_order")
_GET = statement("get_order")
_GET_WITH_TIMELINE = statement("get_order_with_timeline")
_APPLY_EVENT = statement("apply_event")
_UNPAID = """
SELECT id FROM orders
WHERE status = 'pending' AND payment_status = 'pending' AND shipping_status = 'pending' AND id < %(before)s
ORDER BY id LIMIT %(limit)s
"""

_NO_KEY = {"caller": None, "key": None, "attempt": None}


class _IdRow(TypedDict):
    id: str


class _InsertRow(TypedDict):
    enqueued: list[TaskRow] | None
    holds_key: bool


class _TransitionRow(OrderDetails):
    enqueued: list[TaskRow] | None
    applied: bool
    repeated: bool


def insert_order(
    database: Database, order: Order, tasks: Sequence[TaskSpec], attempt: Attempt | None = None
) -> TransitionResult:
    """Store an order with its lines, the start of its timeline, and its tasks.

    Args:
        database: where to store it.
        order: the order.
        tasks: the tasks to enqueue.
        attempt: the attempt that places it, where the request has an idempotency key; completes the key.

    Raises:
        CartAlreadyOrdered: the customer has a live order for this version of the cart.
        RequestInProgress: another attempt holds the key by now; nothing was stored.
    """
    placed = order.row
    lines = [
        {"line_no": number, "product_id": line.product_id, "quantity": line.quantity, "unit_price": line.unit_price}
        for number, line in enumerate(order.lines, start=1)
    ]
    parameters = {
        **placed,
        **(attempt.parameters() if attempt else _NO_KEY),
        "at": order.created_at,
        "event": Event.PLACED,
        "lines": Json(lines),
        "tasks": Json([_task(task) for task in tasks]),
    }
    try:
        [row] = database.fetch(_InsertRow, _INSERT, parameters)
    except psycopg2.errors.UniqueViolation as error:
        raise CartAlreadyOrdered(
            f"The customer {order.customer_id!r} has a live order for version {order.cart_version!r} of the cart."
        ) from error
    if not row["holds_key"]:
        raise RequestInProgress("A later request under this Idempotency-Key has taken over from this one.")
    return TransitionResult(Event.PLACED, placed, task_messages(row["enqueued"]), applied=True)


def get_order(database: Database, order_id: str, *, owner: str | None, timeline: bool = False) -> OrderDetails | None:
    """Read an order with its lines; None if there is none, or if it is not the owner's (None: anybody's)."""
    query = _GET_WITH_TIMELINE if timeline else _GET
    return database.fetch_one(OrderDetails, query, {"id": order_id, "owner": owner})


def unpaid_orders(database: Database, *, before: datetime, limit: int) -> list[str]:
    """List orders placed before a time whose payment has not been started, by id, the oldest first."""
    # Ids begin with the time, and only ids are in the order of an index.
    first_id = str(uuid7(unix_milliseconds(before), bytes(10)))
    return [row["id"] for row in database.fetch(_IdRow, _UNPAID, {"before": first_id, "limit": limit})]


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
) -> TransitionResult | None:
    """Apply an event to an order, if its state allows: new statuses, version, timeline and tasks at once.

    Args:
        database: where the order is.
        event: the event.
        order_id: the order.
        at: when the event happened.
        owner: the only customer whose order may change; None for anybody's.
        expected_versions: the only versions that may change; None for any.
        event_id: the sender's id for the event; a second event with the same id changes nothing.
        reason: for the timeline; that of a cancellation is kept on the order too.
        tracking_number: that of the shipment.
        task_id: the task that caused the event; it is done afterwards, whether or not the event changes anything.
        reference: the downstream service's id for what the task made.

    Returns:
        The result; None if there is no such order of that owner.
    """
    parameters = {
        "id": order_id,
        "event": event,
        "at": at,
        "owner": owner,
        "expected_versions": None if expected_versions is None else sorted(expected_versions),
        # A change of one version that is run again over a new connection must recognise itself as already applied.
        "event_id": event_id or (str(uuid.uuid4()) if expected_versions is not None else None),
        "reason": reason,
        "cancel_reason": reason if event is Event.CANCELLED else None,
        "tracking_number": tracking_number,
        "task_id": task_id,
        "reference": reference,
        "rules": Json([_rule(row) for row in transitions(event)]),
    }
    try:
        row = database.fetch_one(_TransitionRow, _APPLY_EVENT, parameters)
    except psycopg2.errors.UniqueViolation:
        # The same event won a race against this one: this statement's snapshot was older, a new one sees it.
        row = database.fetch_one(_TransitionRow, _APPLY_EVENT, parameters)
    if row is None:
        return None
    messages = task_messages(row["enqueued"])
    return TransitionResult(event, row, messages, applied=row["applied"], repeated=row["repeated"])


def task_messages(rows: Sequence[TaskRow] | None) -> tuple[TaskMessage, ...]:
    """Make the messages of tasks; none of None."""
    return tuple(TaskMessage(row["id"], TaskKind(row["kind"])) for row in rows or ())


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


def _task(task: TaskSpec) -> dict[str, Any]:
    return {"kind": task.kind, "payload": task.payload}
