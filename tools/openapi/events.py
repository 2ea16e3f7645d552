"""The types of events: a schema for each, with what the table of the lifecycle allows, and a webhook for each."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from orders.domain.lifecycle import TRANSITIONS, Event
from orders.domain.states import PLACED, PaymentStatus, ShippingStatus, State, Status
from orders.schemas.events import EventDocument, event_document
from tools.openapi.examples import ORDER_ID
from tools.openapi.references import Json, ref

if TYPE_CHECKING:
    from orders.domain.events import EventRow

MEANINGS: Mapping[Event, str] = {
    Event.PLACED: "The order was placed, and its stock is reserved.",
    Event.UPDATED: "The shipping address, external reference, note or metadata was changed; `changed_fields` has the "
    "names.",
    Event.PAYMENT_STARTED: "The payment was started.",
    Event.PAYMENT_PROCESSING: "The payment service needs more time for the payment.",
    Event.PAYMENT_SUCCEEDED: "The payment was received. It is refunded if the order has ended.",
    Event.PAYMENT_DECLINED: "The payment was declined.",
    Event.PAYMENT_EXPIRED: "The payment took too long and was cancelled.",
    Event.PAYMENT_REVERSED: "A payment that was reported as received has failed after all.",
    Event.PAYMENT_REFUNDED: "The payment was refunded.",
    Event.PAYMENT_CHARGED_BACK: "The customer's bank has taken the payment back.",
    Event.STOCK_COMMITTED: "The reserved stock was withdrawn for the order.",
    Event.STOCK_LOST: "The stock was sold to others after the reservation had expired.",
    Event.SHIPMENT_CREATED: "The shipping service has created the shipment.",
    Event.SHIPMENT_SHIPPED: "The parcel has left.",
    Event.SHIPMENT_UPDATED: "The shipment has a new tracking number.",
    Event.SHIPMENT_DELIVERED: "The parcel was delivered.",
    Event.SHIPMENT_RECALLED: "The shipment was cancelled, and the order with it.",
    Event.SHIPMENT_RECALL_REFUSED: "The shipment could not be cancelled: the parcel has left.",
    Event.CANCELLED: "The order was cancelled. If its parcel is ready, the shipment is cancelled first.",
    Event.EXPIRED: "The payment was not started in time.",
    Event.RETURNED: "The parcel was returned.",
    Event.ERASED: "The personal data of the order was erased.",
}
"""What each type of event means."""

_ACTORS: Mapping[Event, str] = {
    Event.PLACED: "customer:5",
    Event.UPDATED: "customer:5",
    Event.CANCELLED: "customer:5",
    Event.PAYMENT_CHARGED_BACK: "service:payments",
    Event.SHIPMENT_SHIPPED: "service:carrier",
    Event.SHIPMENT_UPDATED: "service:carrier",
    Event.SHIPMENT_DELIVERED: "service:carrier",
    Event.RETURNED: "service:warehouse",
    Event.EXPIRED: "system:relay_outbox",
    Event.ERASED: "system:relay_outbox",
}
"""Actors of the examples that are not `process_task`."""


class Outcome(NamedTuple):
    """What an event leads to: a state, and the reason if the order has failed."""

    state: State
    failure_reason: str | None


def _outcomes() -> dict[Event, list[Outcome]]:
    placed = Outcome(PLACED, None)
    outcomes: dict[Event, list[Outcome]] = {event: [] for event in Event}
    outcomes[Event.PLACED].append(placed)
    reachable = [placed]
    # The list grows while it is iterated.
    for before in reachable:
        for row in TRANSITIONS:
            if row.source.matches(before.state):
                after = Outcome(row.apply(before.state), row.failure_reason or before.failure_reason)
                if after not in outcomes[row.event]:
                    outcomes[row.event].append(after)
                if after not in reachable:
                    reachable.append(after)
    return outcomes


OUTCOMES: Mapping[Event, list[Outcome]] = _outcomes()
"""All that each type of event can lead to, by the table of the lifecycle."""

ENVELOPE: Json = {
    "type": "object",
    "description": "An event as EventBridge delivers it: the document is in `detail`. EventBridge may add fields.",
    "properties": {
        "version": {"type": "string", "description": "The version of this envelope."},
        "id": {
            "type": "string",
            "description": "EventBridge's id. An event that was put twice has two: use `detail.id`.",
        },
        "source": {"type": "string", "description": "The name of the service's stack."},
        "detail-type": {**ref("Event"), "description": "The type of the event."},
        "account": {"type": "string", "description": "The AWS account of the service."},
        "region": {"type": "string", "description": "The AWS region of the service."},
        "time": {"type": "string", "format": "date-time", "description": "When the event happened, to the second."},
        "resources": {"type": "array", "items": {"type": "string"}, "description": "Empty."},
        "detail": {**ref("EventDocument"), "description": "The event."},
    },
    "required": ["version", "id", "source", "detail-type", "account", "region", "time", "resources", "detail"],
}
"""The schema of what EventBridge delivers (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html)."""


def schema_name(event: Event) -> str:
    """Return the name of a type's schema, such as `EventPaymentSucceeded`."""
    return f"Event{event.replace('.', '_').title().replace('_', '')}"


def components() -> Json:
    """Return the schemas of the envelope and of all types, by name."""
    return {
        "EventBridgeEvent": ENVELOPE,
        **{
            schema_name(event): {
                "description": meaning,
                "allOf": [ref("EventDocument"), {"type": "object", "properties": restrictions(event)}],
            }
            for event, meaning in MEANINGS.items()
        },
    }


def webhooks() -> Json:
    """Return a webhook for each type: the envelope that EventBridge delivers."""
    return {event.value: {"post": _webhook(event, meaning)} for event, meaning in MEANINGS.items()}


def restrictions(event: Event) -> Json:
    """Return the schemas of the fields whose values depend on the type, by name."""
    states = [outcome.state for outcome in OUTCOMES[event]]
    reasons = {outcome.failure_reason for outcome in OUTCOMES[event]}
    has_changes = event is Event.UPDATED
    return {
        "type": {"const": event.value},
        "changed_fields": {"type": "array", "items": {"type": "string"}} if has_changes else {"type": "null"},
        "status": _one_of(Status, {state.status for state in states}),
        "payment_status": _one_of(PaymentStatus, {state.payment_status for state in states}),
        "shipping_status": _one_of(ShippingStatus, {state.shipping_status for state in states}),
        "failure_reason": {"type": ["string", "null"], "enum": sorted(reasons, key=lambda reason: reason or "~")},
    }


def example(event: Event, outcome: Outcome | None = None) -> EventDocument:
    """Return an example of an event, as the code makes its document.

    Args:
        event: the type.
        outcome: what it has led to; by default the first possibility.
    """
    (status, payment_status, shipping_status), failure_reason = outcome or OUTCOMES[event][0]
    row: EventRow = {
        "order_id": ORDER_ID,
        "version": 1 if event is Event.PLACED else 2,
        "event": event,
        "actor": _ACTORS.get(event, "system:process_task"),
        "status": status,
        "payment_status": payment_status,
        "shipping_status": shipping_status,
        "changed_fields": ["shipping_address", "note"] if event is Event.UPDATED else None,
        "occurred_at": "2026-11-20T08:00:01.250Z",
        "number": 100_042,
        "failure_reason": failure_reason,
        "currency": "USD",
        "total": 164_88,
        "adjustments": [{"kind": "shipping", "amount": 4_90, "description": "Standard"}],
        "items": [("PROD001", 2, 79_99, "Desk lamp")],
    }
    return event_document(row)


def _webhook(event: Event, meaning: str) -> Json:
    fixed = {"detail-type": {"const": event.value}, "detail": ref(schema_name(event))}
    schema = {"allOf": [ref("EventBridgeEvent"), {"type": "object", "properties": fixed}]}
    return {
        "operationId": f"on_{event.replace('.', '_')}",
        "summary": event.value,
        "description": meaning,
        "tags": ["events"],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"2XX": {"description": "The event was received."}},
    }


def _one_of(statuses: type[StrEnum], possible: set[StrEnum]) -> Json:
    return {"type": "string", "enum": [status.value for status in statuses if status in possible]}
