"""The document of an event, as the feed and the event bus have it: what happened to an order, without personal data."""

from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

from orders.domain import money
from orders.domain.caller import actor_kind
from orders.domain.details import adjusted
from orders.domain.lifecycle import Event
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from orders.schemas.responses import AdjustmentView, LineView, adjustment_views, line_views
from orders.schemas.types import (
    Amount,
    Count,
    CurrencyCode,
    EventId,
    FeedCursor,
    Moment,
    OrderId,
    OrderNumber,
    Positive,
    SchemaKeywords,
)

if TYPE_CHECKING:
    from orders.domain.events import EventPage, EventRow

type ActorKind = Annotated[Literal["customer", "staff", "service", "system"], SchemaKeywords("A kind of actor.")]


class EventActor(TypedDict):
    """Who caused an event."""

    kind: ActorKind
    """What kind of actor it is."""
    id: str | None
    """The subject of the token, or the function; null for a customer, as events have no personal data."""


class EventDocument(TypedDict):
    """An event of an order, and the order after it."""

    id: EventId
    """The event's id: the order's id and the sequence. An event that comes twice has the same one."""
    type: Event
    """What happened."""
    order_id: OrderId
    """The order's id."""
    number: OrderNumber
    """The order's number for people."""
    sequence: Positive
    """The order's version after the event. The events of an order are numbered from 1 without a gap."""
    occurred_at: Moment
    """When it happened."""
    actor: EventActor
    """Who caused it."""
    changed_fields: list[str] | None
    """The names of the fields that `order.updated` has changed."""
    status: Status
    """The order status after it."""
    payment_status: PaymentStatus
    """The payment status after it."""
    shipping_status: ShippingStatus
    """The shipping status after it."""
    failure_reason: str | None
    """Why the order has failed, if it has."""
    currency: CurrencyCode
    """The currency of all amounts."""
    subtotal: Amount
    """The sum of the lines."""
    total: Amount
    """What is charged: the sum of the lines and the adjustments."""
    adjustments: list[AdjustmentView]
    """Amounts beside the lines, such as postage, tax and discounts."""
    items: list[LineView] | None
    """The lines. Null on the event bus if the event would be too large for it; read the order then."""


class FeedEvent(EventDocument):
    """An event in the feed."""

    position: Positive
    """Its place in the feed: all events of all orders are numbered from 1 without a gap."""


class EventPageView(TypedDict):
    """A page of the feed."""

    events: list[FeedEvent]
    """The events, by position."""
    count: Count
    """Number of events on this page."""
    next_cursor: FeedCursor
    """The cursor of the next page. That of an empty page is the one that the request had, or a later one."""


def event_document(row: "EventRow") -> EventDocument:
    """Return the document of an event."""
    currency = row["currency"]
    return {
        "id": f"{row['order_id']}.{row['version']}",
        "type": row["event"],
        "order_id": row["order_id"],
        "number": row["number"],
        "sequence": row["version"],
        "occurred_at": row["occurred_at"],
        "actor": _actor(row["actor"]),
        "changed_fields": row["changed_fields"],
        "status": row["status"],
        "payment_status": row["payment_status"],
        "shipping_status": row["shipping_status"],
        "failure_reason": row["failure_reason"],
        "currency": currency,
        "subtotal": money.to_decimal(row["total"] - adjusted(row["adjustments"]), currency),
        "total": money.to_decimal(row["total"], currency),
        "adjustments": adjustment_views(row["adjustments"], currency),
        "items": line_views(row["items"], currency),
    }


def event_page_view(page: "EventPage") -> EventPageView:
    """Return the view of a page of the feed."""
    return {
        "events": [{"position": position, **event_document(row)} for position, row in page.events],
        "count": len(page.events),
        "next_cursor": str(page.next_position),
    }


def _actor(actor: str) -> EventActor:
    kind: ActorKind = actor_kind(actor)  # type: ignore[assignment]  # the database has these kinds only
    # The ids of customers are personal data.
    return {"kind": kind, "id": None if kind == "customer" else actor.partition(":")[2]}
