"""An event of an order as it leaves the service: in the feed, and on the event bus."""

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from orders.domain.details import Adjustment
from orders.domain.lifecycle import Event
from orders.domain.order import ItemRow
from orders.domain.states import PaymentStatus, ShippingStatus, Status


class EventRow(TypedDict):
    """An event as stored, with what its document tells of the order; its time is in RFC 3339."""

    order_id: str
    version: int
    event: Event
    actor: str
    status: Status
    payment_status: PaymentStatus
    shipping_status: ShippingStatus
    changed_fields: list[str] | None
    occurred_at: str
    number: int
    failure_reason: str | None
    currency: str
    total: int
    adjustments: list[Adjustment] | None
    items: list[ItemRow]


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events of the feed to list.

    Attributes:
        after: the position to continue after; 0 for the beginning.
        limit: the maximum number of events.
        types: their types; None for all.
        order_id: their order; None for all.
        wait_seconds: how long to wait for the first one, if there is none.
    """

    after: int
    limit: int
    types: tuple[Event, ...] | None = None
    order_id: str | None = None
    wait_seconds: int = 0


class EventPage(NamedTuple):
    """Events with their positions, and the position to continue after."""

    events: list[tuple[int, EventRow]]
    next_position: int


class BusEntry(NamedTuple):
    """An event for the event bus: its type, its time in RFC 3339, and its document as JSON."""

    type: Event
    occurred_at: str
    detail: str
