"""Change stored orders: one call of a database function and one round trip for each operation.

Every call is safe to run twice, because a lost connection makes it run twice.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import TypedDict

from orders.domain.lifecycle import ONCE, STATES, Event, TaskSpec, already_holds, transition
from orders.domain.order import EarlierEvent, StoredOrder, TaskId, TransitionResult
from orders.postgres import publishing
from orders.postgres.connection import Database
from orders.postgres.json_rows import FoundOrder, order_details, stored_order

_APPLY_EVENT = """
SELECT apply_event_3(
    %(id)s, %(owner)s, %(actor)s, %(event)s, %(at)s, %(expected_versions)s::integer[], %(event_id)s, %(reason)s,
    %(cancel_reason)s, %(tracking_number)s, %(task_version)s, %(task_kind)s, %(reference)s, %(states)s::text[],
    %(statuses)s::text[], %(payment_statuses)s::text[], %(shipping_statuses)s::text[], %(failure_reasons)s::text[],
    %(tasks)s::text[], %(holds)s::text[], %(once)s, %(reads_order)s) AS answer
"""
_NOTHING = dict.fromkeys(
    ("owner", "expected_versions", "event_id", "cancel_reason", "task_version", "task_kind", "reference")
)
"""What an event may come without."""
_UPDATE = """
SELECT document, applied, holds FROM update_order_2(
    %(id)s, %(owner)s, %(actor)s, %(event)s, %(event_id)s, %(at)s, %(expected_versions)s::integer[],
    %(states)s::text[], %(changes)s, %(task_kind)s)
"""


class _Answer(TypedDict):
    """What apply_event_3 answers; of the order only `stored`, unless it was asked to read all."""

    order: FoundOrder
    tasks: str | None
    applied: bool
    earlier_event: str | None
    earlier_tracking_number: str | None


class _ApplyRow(TypedDict):
    answer: _Answer | None


class _UpdateRow(TypedDict):
    document: FoundOrder
    applied: bool
    holds: bool


def apply_event(
    database: Database,
    event: Event,
    order_id: str,
    *,
    actor: str,
    at: datetime,
    reason: str | None = None,
    tracking_number: str | None = None,
    task: TaskId | None = None,
    reference: str | None = None,
) -> TransitionResult[StoredOrder] | None:
    """Apply an event to an order, if its state allows: new statuses, version, timeline and tasks at once.

    Args:
        database: where the order is.
        event: the event.
        order_id: the order.
        actor: who caused the event.
        at: when the event happened.
        reason: for the timeline.
        tracking_number: that of the shipment.
        task: the task that caused the event; it is done afterwards, unless the event contradicts the order's state.
        reference: the downstream service's id for what the task made.

    Returns:
        The result; None if there is no such order.
    """
    parameters = {
        "id": order_id,
        "actor": actor,
        "at": at,
        "reason": reason,
        "tracking_number": tracking_number,
        "task_version": task and task.version,
        "task_kind": task and task.kind.value,
        "reference": reference,
        "reads_order": False,
    }
    answer = _apply(database, event, parameters)
    return answer and _result(event, stored_order(answer["order"]["stored"]), answer)


def apply_requested_event(
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
) -> TransitionResult | None:
    """Apply an event as `apply_event` does, for a caller who may state conditions and is answered the whole order.

    Args:
        database: where the order is.
        event: the event.
        order_id: the order.
        actor: who caused the event.
        at: when the event happened.
        owner: the only customer whose order may change; None for anybody's.
        expected_versions: the only versions that may change; None for any.
        event_id: the caller's id for the event; a second event with the same id changes nothing.
        reason: for the timeline; that of a cancellation is kept on the order too.
        tracking_number: that of the shipment.

    Returns:
        The result; None if there is no such order of that owner.
    """
    parameters = {
        "id": order_id,
        "actor": actor,
        "at": at,
        "owner": owner,
        "expected_versions": None if expected_versions is None else sorted(expected_versions),
        # A change of one version that is run again over a new connection must recognise itself as already applied.
        "event_id": event_id or (str(uuid.uuid4()) if expected_versions is not None else None),
        "reason": reason,
        "cancel_reason": reason if event is Event.CANCELLED else None,
        "tracking_number": tracking_number,
        "reads_order": True,
    }
    answer = _apply(database, event, parameters)
    return answer and _result(event, order_details(answer["order"]), answer)


def _apply(database: Database, event: Event, parameters: dict[str, object]) -> _Answer | None:
    rules = _rules(event, publishing.specs(database))
    [row] = database.fetch(_ApplyRow, _APPLY_EVENT, {**_NOTHING, **parameters, "event": event.value, **rules})
    return row["answer"]


def _result[Row: StoredOrder](event: Event, row: Row, answer: _Answer) -> TransitionResult[Row]:
    specs = [TaskSpec.parse(text) for text in (answer["tasks"] or "").split()]
    earlier = answer["earlier_event"]
    return TransitionResult(
        event,
        row,
        tuple(TaskId(row["id"], row["version"], spec.kind) for spec in specs),
        applied=answer["applied"],
        repeated=earlier is not None,
        earlier=EarlierEvent(Event(earlier), answer["earlier_tracking_number"]) if earlier else None,
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
    order = order_details(row["document"])
    messages = publishing.tasks(database, [(order["id"], order["version"])]) if row["applied"] else ()
    return TransitionResult(event, order, messages, applied=row["applied"], repeated=row["holds"])


@cache
def _rules(event: Event, more: tuple[TaskSpec, ...]) -> dict[str, str | bool]:
    """Return the transitions of an event, one entry for each state that it applies to; and where it already holds.

    Arrays are literals of PostgreSQL, which both sides read faster than their elements one by one.

    Args:
        event: the event.
        more: tasks to enqueue beside those of the transition.
    """
    rules = [(state, row) for state in STATES if (row := transition(event, state))]
    targets = [row.apply(state) for state, row in rules]
    return {
        "states": _array("/".join(state) for state, _ in rules),
        "statuses": _array(target.status for target in targets),
        "payment_statuses": _array(target.payment_status for target in targets),
        "shipping_statuses": _array(target.shipping_status for target in targets),
        "failure_reasons": _array(row.failure_reason for _, row in rules),
        "tasks": _array(" ".join(map(str, (*row.tasks, *more))) for _, row in rules),
        "holds": _array("/".join(state) for state in STATES if already_holds(event, state)),
        "once": event in ONCE,
    }


def _array(words: Iterable[str | None]) -> str:
    """Return a literal of PostgreSQL for an array of words without quotes and backslashes."""
    return "{" + ",".join("NULL" if word is None else f'"{word}"' for word in words) + "}"
