"""Read and change stored orders: one call of a database function and one round trip for each operation.

Every call is safe to run twice, because a lost connection makes it run twice.
"""

import json
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import NamedTuple, TypedDict

from orders.domain.clock import unix_milliseconds, uuid7
from orders.domain.details import Details
from orders.domain.lifecycle import ONCE, STATES, Event, TaskSpec, already_holds, transition
from orders.domain.order import (
    EarlierEvent,
    ItemRow,
    OrderDetails,
    StoredOrder,
    TaskId,
    TimelineRow,
    TransitionResult,
)
from orders.postgres import publishing
from orders.postgres.connection import Database
from orders.postgres.statements import statement

_GET = "SELECT get_order_2(%(id)s, %(owner)s, %(timeline)s) AS found"
_EXPORT = statement("export_orders")
_APPLY_EVENT = """
SELECT (stored).*, items, details, needs_attention, tasks, applied, earlier_event, earlier_tracking_number
FROM apply_event_2(
    %(id)s, %(owner)s, %(actor)s, %(event)s, %(at)s, %(expected_versions)s::integer[], %(event_id)s, %(reason)s,
    %(cancel_reason)s, %(tracking_number)s, %(task_version)s, %(task_kind)s, %(reference)s, %(states)s::text[],
    %(statuses)s::text[], %(payment_statuses)s::text[], %(shipping_statuses)s::text[], %(failure_reasons)s::text[],
    %(tasks)s::text[], %(holds)s::text[], %(once)s)
"""
_UPDATE = """
SELECT document, applied, holds FROM update_order_2(
    %(id)s, %(owner)s, %(actor)s, %(event)s, %(event_id)s, %(at)s, %(expected_versions)s::integer[],
    %(states)s::text[], %(changes)s, %(task_kind)s)
"""
_UNPAID = """
SELECT id FROM orders
WHERE status = 'pending' AND payment_status = 'pending' AND shipping_status = 'pending' AND id < %(before)s
ORDER BY id LIMIT %(limit)s
"""


class _IdRow(TypedDict):
    id: str


class _FoundOrder(TypedDict):
    """An order as JSON: its times are text, unlike in a row."""

    stored: StoredOrder
    items: list[ItemRow]
    details: Details | None
    needs_attention: bool
    timeline: list[TimelineRow] | None


class _GetRow(TypedDict):
    found: _FoundOrder | None


class _ExportRow(TypedDict):
    found: _FoundOrder
    has_more: bool


class OrderBatch(NamedTuple):
    """Some orders, and whether there are more after them."""

    rows: list[OrderDetails]
    has_more: bool


class _TransitionRow(OrderDetails):
    tasks: str | None
    applied: bool
    earlier_event: str | None
    earlier_tracking_number: str | None


class _UpdateRow(TypedDict):
    document: _FoundOrder
    applied: bool
    holds: bool


def get_order(database: Database, order_id: str, *, owner: str | None, timeline: bool = False) -> OrderDetails | None:
    """Read an order with its lines; None if there is none, or if it is not the owner's (None: anybody's)."""
    [row] = database.fetch(_GetRow, _GET, {"id": order_id, "owner": owner, "timeline": timeline})
    return row["found"] and _details(row["found"])


def export_orders(
    database: Database, customer_id: str, *, after: str | None, max_orders: int, max_lines: int
) -> OrderBatch:
    """Read orders of a customer with lines and timelines, the oldest first: at least one, if there is one.

    Args:
        database: where the orders are.
        customer_id: the customer.
        after: the order to continue after; None for the first ones.
        max_orders: the maximum number of orders.
        max_lines: the maximum number of lines, over all orders.
    """
    parameters = {
        "customer_id": customer_id,
        "after": after or str(uuid.UUID(int=0)),
        "max_orders": max_orders,
        "max_lines": max_lines,
    }
    rows = database.fetch(_ExportRow, _EXPORT, parameters)
    return OrderBatch([_details(row["found"]) for row in rows], bool(rows) and rows[-1]["has_more"])


def _details(found: _FoundOrder) -> OrderDetails:
    stored = found["stored"]
    return {
        **stored,
        "created_at": datetime.fromisoformat(str(stored["created_at"])),
        "updated_at": datetime.fromisoformat(str(stored["updated_at"])),
        "erased_at": datetime.fromisoformat(str(stored["erased_at"])) if stored["erased_at"] else None,
        "items": found["items"],
        "details": found["details"],
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
        **_rules(event, publishing.specs(database)),
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


def update_order(
    database: Database,
    order_id: str,
    changes: Mapping[str, object],
    *,
    actor: str,
    at: datetime,
    owner: str | None = None,
    expected_versions: Collection[int] | None = None,
) -> TransitionResult | None:
    """Change fields of an order, if its state allows and no worker has begun to make its parcel.

    Args:
        database: where the order is.
        order_id: the order.
        changes: the new values of `shipping_address`, `external_reference`, `note` and `metadata`, as JSON; those that
            are missing stay, and None removes one.
        actor: who changes them.
        at: when.
        owner: the only customer whose order may change; None for anybody's.
        expected_versions: the only versions that may change; None for any.

    Returns:
        The result, `repeated` if all values hold already; None if there is no such order of that owner.
    """
    event = Event.UPDATED
    parameters = {
        "id": order_id,
        "owner": owner,
        "actor": actor,
        "event": event.value,
        # A change that is run again over a new connection must recognise itself, whatever was changed meanwhile.
        "event_id": str(uuid.uuid4()),
        "at": at,
        "expected_versions": None if expected_versions is None else sorted(expected_versions),
        "states": _rules(event, ())["states"],
        "changes": json.dumps(changes, ensure_ascii=False),
        "task_kind": publishing.kind(database),
    }
    row = database.fetch_one(_UpdateRow, _UPDATE, parameters)
    if row is None:
        return None
    order = _details(row["document"])
    messages = publishing.tasks(database, [(order["id"], order["version"])]) if row["applied"] else ()
    return TransitionResult(event, order, messages, applied=row["applied"], repeated=row["holds"])


@cache
def _rules(event: Event, more: tuple[TaskSpec, ...]) -> dict[str, list[str | None] | list[str] | bool]:
    """Return the transitions of an event, one entry for each state that it applies to; and where it already holds.

    Args:
        event: the event.
        more: tasks to enqueue beside those of the transition.
    """
    rules = [(state, row) for state in STATES if (row := transition(event, state))]
    targets = [row.apply(state) for state, row in rules]
    return {
        "states": ["/".join(state) for state, _ in rules],
        "statuses": [target.status.value for target in targets],
        "payment_statuses": [target.payment_status.value for target in targets],
        "shipping_statuses": [target.shipping_status.value for target in targets],
        "failure_reasons": [row.failure_reason for _, row in rules],
        "tasks": [" ".join(map(str, (*row.tasks, *more))) for _, row in rules],
        "holds": ["/".join(state) for state in STATES if already_holds(event, state)],
        "once": event in ONCE,
    }
