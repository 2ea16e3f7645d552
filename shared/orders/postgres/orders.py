"""All SQL over single orders: one call of a database function and one round trip for each operation.

Every call is safe to run twice, because a lost connection makes it run twice.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, TypedDict

import psycopg2
from psycopg2 import errorcodes

from orders.domain.clock import unix_milliseconds, uuid7
from orders.domain.errors import CartAlreadyOrdered, TooManyUnpaidOrders
from orders.domain.lifecycle import ONCE, STATES, Event, TaskSpec, already_holds, transition
from orders.domain.order import (
    EarlierEvent,
    ItemRow,
    Order,
    OrderDetails,
    StoredOrder,
    TaskId,
    TimelineRow,
    TransitionResult,
)
from orders.domain.stock import ReservationUnusable
from orders.postgres.connection import Database
from orders.postgres.idempotency import LIFETIME, Attempt

_PLACE = """
SELECT place_order_1(
    %(caller)s, %(key)s, %(request_hash)s, %(generation)s, %(expires_at)s, %(reservation_id)s, %(holds)s, %(id)s,
    %(customer_id)s, %(customer_name)s, %(customer_email)s, %(currency)s, %(total)s, %(cart_version)s, %(actor)s,
    %(created_at)s, %(products)s::text[], %(quantities)s::integer[], %(unit_prices)s::bigint[], %(kinds)s::text[],
    %(templates)s::text[], %(max_unpaid)s)
AS conflict
"""
_GET = "SELECT get_order_1(%(id)s, %(owner)s, %(timeline)s) AS found"
_APPLY_EVENT = """
SELECT (stored).*, items, needs_attention, tasks, applied, earlier_event, earlier_tracking_number FROM apply_event_1(
    %(id)s, %(owner)s, %(actor)s, %(event)s, %(at)s, %(expected_versions)s::integer[], %(event_id)s, %(reason)s,
    %(cancel_reason)s, %(tracking_number)s, %(task_version)s, %(task_kind)s, %(reference)s, %(states)s::text[],
    %(statuses)s::text[], %(payment_statuses)s::text[], %(shipping_statuses)s::text[], %(failure_reasons)s::text[],
    %(tasks)s::text[], %(holds)s::text[], %(once)s)
"""
_UNPAID = """
SELECT id FROM orders
WHERE status = 'pending' AND payment_status = 'pending' AND shipping_status = 'pending' AND id < %(before)s
ORDER BY id LIMIT %(limit)s
"""

_LATEST_OF_CART = """
SELECT status FROM orders WHERE customer_id = %(customer_id)s AND cart_version = %(cart_version)s
ORDER BY id DESC LIMIT 1
"""

_NO_KEY = {"caller": None, "key": None, "request_hash": None, "generation": None, "expires_at": None}


class _IdRow(TypedDict):
    id: str


class _StatusRow(TypedDict):
    status: str


class _PlaceRow(TypedDict):
    conflict: str | None


class _FoundOrder(TypedDict):
    """An order as JSON: its times are text, unlike in a row."""

    stored: StoredOrder
    items: list[ItemRow]
    needs_attention: bool
    timeline: list[TimelineRow] | None


class _GetRow(TypedDict):
    found: _FoundOrder | None


class _TransitionRow(OrderDetails):
    tasks: str | None
    applied: bool
    earlier_event: str | None
    earlier_tracking_number: str | None


@dataclass(frozen=True, slots=True)
class KeyConflict:
    """What an idempotency key stands for, where an order was not stored because of it.

    Attributes:
        state: `live` and `ended` are those of the order placed with the key; `reused` is another request; `refused`
            says that the reservation is being released, `taken` that the key has expired and its order may have the
            reservation.
        order_id: the order placed with the key.
        reservation_id: that of the order.
        generation: the latest generation that cannot be used.
    """

    state: Literal["live", "ended", "reused", "refused", "taken"]
    order_id: str = ""
    reservation_id: str = ""
    generation: int = 0


def place_order(
    database: Database,
    order: Order,
    tasks: Sequence[TaskSpec],
    attempt: Attempt | None = None,
    *,
    actor: str,
    holds: int = 0,
    max_unpaid: int | None = None,
) -> TransitionResult | KeyConflict:
    """Store an order with its lines, the start of its timeline, and its tasks; complete the idempotency key.

    Args:
        database: where to store it.
        order: the order.
        tasks: the tasks to enqueue.
        attempt: the attempt that places it, where the request has an idempotency key.
        actor: who places it.
        holds: how many rows of `stock_holds` the reservation has.
        max_unpaid: how many unpaid orders the customer may have, this one included; None for any number.

    Returns:
        The result, or what the key stands for instead.

    Raises:
        CartAlreadyOrdered: the customer has a live order of this cart.
        TooManyUnpaidOrders: the customer would have more than `max_unpaid`.
        ReservationUnusable: the stock holds were released meanwhile.
    """
    placed = order.row
    parameters = {
        **placed,
        **(_key_parameters(attempt, order.created_at) if attempt else _NO_KEY),
        "actor": actor,
        "holds": holds,
        "max_unpaid": max_unpaid,
        "products": [line.product_id for line in order.lines],
        "quantities": [line.quantity for line in order.lines],
        "unit_prices": [line.unit_price for line in order.lines],
        "kinds": [task.kind.value for task in tasks],
        "templates": [task.template for task in tasks],
    }
    try:
        [row] = database.fetch(_PlaceRow, _PLACE, parameters)
    except psycopg2.Error as error:
        if refusal := _refusal(order, error.pgcode, max_unpaid):
            raise refusal from error
        raise
    if row["conflict"]:
        return _key_conflict(row["conflict"])
    messages = tuple(TaskId(order.id, 1, task.kind) for task in tasks)
    return TransitionResult(Event.PLACED, placed, messages, applied=True)


def cart_already_ordered(customer_id: str) -> CartAlreadyOrdered:
    """Make the error for a cart that a live order is for."""
    return CartAlreadyOrdered(f"The cart of the customer {customer_id!r} has been ordered already.")


def latest_of_cart(database: Database, customer_id: str, cart_version: str) -> str | None:
    """Return the status of the latest order of a version of a customer's cart; None if there is none."""
    row = database.fetch_one(_StatusRow, _LATEST_OF_CART, {"customer_id": customer_id, "cart_version": cart_version})
    return row and row["status"]


def get_order(database: Database, order_id: str, *, owner: str | None, timeline: bool = False) -> OrderDetails | None:
    """Read an order with its lines; None if there is none, or if it is not the owner's (None: anybody's)."""
    [row] = database.fetch(_GetRow, _GET, {"id": order_id, "owner": owner, "timeline": timeline})
    found = row["found"]
    if found is None:
        return None
    return {
        **found["stored"],
        "created_at": datetime.fromisoformat(str(found["stored"]["created_at"])),
        "updated_at": datetime.fromisoformat(str(found["stored"]["updated_at"])),
        "items": found["items"],
        "needs_attention": found["needs_attention"],
        "timeline": found["timeline"],
    }


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
    actor: str,
    at: datetime,
    owner: str | None = None,
    expected_versions: Collection[int] | None = None,
    event_id: str | None = None,
    reason: str | None = None,
    tracking_number: str | None = None,
    task: TaskId | None = None,
    reference: str | None = None,
) -> TransitionResult | None:
    """Apply an event to an order, if its state allows: new statuses, version, timeline and tasks at once.

    Args:
        database: where the order is.
        event: the event.
        order_id: the order.
        actor: who caused the event.
        at: when the event happened.
        owner: the only customer whose order may change; None for anybody's.
        expected_versions: the only versions that may change; None for any.
        event_id: the sender's id for the event; a second event with the same id changes nothing.
        reason: for the timeline; that of a cancellation is kept on the order too.
        tracking_number: that of the shipment.
        task: the task that caused the event; it is done afterwards, unless the event contradicts the order's state.
        reference: the downstream service's id for what the task made.

    Returns:
        The result; None if there is no such order of that owner.
    """
    parameters = {
        "id": order_id,
        "event": event.value,
        "actor": actor,
        "at": at,
        "owner": owner,
        "expected_versions": None if expected_versions is None else sorted(expected_versions),
        # A change of one version that is run again over a new connection must recognise itself as already applied.
        "event_id": event_id or (str(uuid.uuid4()) if expected_versions is not None else None),
        "reason": reason,
        "cancel_reason": reason if event is Event.CANCELLED else None,
        "tracking_number": tracking_number,
        "task_version": task and task.version,
        "task_kind": task and task.kind.value,
        "reference": reference,
        **_rules(event),
    }
    row = database.fetch_one(_TransitionRow, _APPLY_EVENT, parameters)
    if row is None:
        return None
    specs = [TaskSpec.parse(text) for text in (row["tasks"] or "").split()]
    messages = tuple(TaskId(row["id"], row["version"], spec.kind) for spec in specs)
    earlier = row["earlier_event"]
    return TransitionResult(
        event,
        row,
        messages,
        applied=row["applied"],
        repeated=earlier is not None,
        earlier=EarlierEvent(Event(earlier), row["earlier_tracking_number"]) if earlier else None,
    )


def _refusal(order: Order, sqlstate: str | None, max_unpaid: int | None) -> Exception | None:
    """Return what an error of `place_order_1` means; None for an unexpected one."""
    match sqlstate:
        case "OR001":
            return ReservationUnusable()
        case "OR002" | errorcodes.UNIQUE_VIOLATION:
            return cart_already_ordered(order.customer_id)
        case "OR003":
            return TooManyUnpaidOrders(
                f"The customer {order.customer_id!r} has {max_unpaid} unpaid orders, the maximum; pay or cancel one."
            )
    return None


def _key_parameters(attempt: Attempt, at: datetime) -> dict[str, Any]:
    return {
        "caller": attempt.key.caller,
        "key": attempt.key.key,
        "request_hash": attempt.key.request_hash,
        "generation": attempt.generation,
        "expires_at": at + LIFETIME,
    }


def _key_conflict(text: str) -> KeyConflict:
    """Read the answer of `place_order_1`; the head of its file lists the forms."""
    state, *details = text.split(" ")
    match state, details:
        case "live" | "ended", [order_id, reservation_id]:
            return KeyConflict(state, order_id, reservation_id)
        case "refused", [generation]:
            return KeyConflict(state, generation=int(generation))
        case "taken", [generation, reservation_id]:
            return KeyConflict(state, reservation_id=reservation_id, generation=int(generation))
        case _:
            return KeyConflict("reused")


@cache
def _rules(event: Event) -> dict[str, list[str | None] | list[str] | bool]:
    """Return the transitions of an event, one entry for each state that it applies to; and where it already holds."""
    rules = [(state, row) for state in STATES if (row := transition(event, state))]
    targets = [row.apply(state) for state, row in rules]
    return {
        "states": ["/".join(state) for state, _ in rules],
        "statuses": [target.status.value for target in targets],
        "payment_statuses": [target.payment_status.value for target in targets],
        "shipping_statuses": [target.shipping_status.value for target in targets],
        "failure_reasons": [row.failure_reason for _, row in rules],
        "tasks": [" ".join(map(str, row.tasks)) for _, row in rules],
        "holds": ["/".join(state) for state in STATES if already_holds(event, state)],
        "once": event in ONCE,
    }
