"""An order: as placed, as stored, and after an event."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, NotRequired, TypedDict

from orders.domain.details import NO_DETAILS, Details, adjusted
from orders.domain.lifecycle import Event, TaskKind, already_holds
from orders.domain.quoting import quoted
from orders.domain.states import PLACED, PaymentStatus, ShippingStatus, State, Status

type ItemRow = tuple[str, int, int, str | None]
"""One line as stored: product id, quantity, unit price in minor units, and name."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order: a product, its quantity, its unit price in minor units, and what the customer saw."""

    product_id: str
    quantity: int
    unit_price: int
    name: str | None = None


def subtotal(lines: Iterable[Line]) -> int:
    """Return the sum of lines, in minor units."""
    return sum(line.quantity * line.unit_price for line in lines)


class OrderRow(TypedDict):
    """What lists show of `orders`. Statuses are plain strings at run time; `state_of` makes enums of them."""

    id: str
    number: int
    external_reference: str | None
    customer_id: str
    customer_name: str | None
    customer_email: str | None
    status: Status
    payment_status: PaymentStatus
    shipping_status: ShippingStatus
    currency: str
    total: int
    line_count: int
    cart_version: str | None
    cancel_reason: str | None
    failure_reason: str | None
    tracking_number: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class OrderSummary(OrderRow):
    """An order as lists show it; it needs attention if one of its tasks has failed. Customers' lists do not tell."""

    needs_attention: bool


class TimelineRow(TypedDict):
    """One row of `order_events`, with its time in RFC 3339."""

    event: Event
    actor: str
    version: int
    status: Status
    payment_status: PaymentStatus
    shipping_status: ShippingStatus
    reason: str | None
    tracking_number: str | None
    changed_fields: list[str] | None
    occurred_at: str


class StoredOrder(OrderRow):
    """One row of `orders`, with what lists leave out."""

    reservation_id: str
    erased_at: datetime | None


class OrderDetails(OrderSummary, StoredOrder):
    """An order with its lines, its details if it has any, and, where requested, its timeline."""

    items: list[ItemRow]
    details: Details | None
    timeline: NotRequired[list[TimelineRow] | None]


@dataclass(frozen=True, slots=True)
class Order:
    """A new order, ready to be stored."""

    id: str
    customer_id: str
    customer_name: str | None
    customer_email: str | None
    currency: str
    lines: tuple[Line, ...]
    cart_version: str | None
    reservation_id: str
    created_at: datetime
    external_reference: str | None = None
    details: Details = field(default_factory=NO_DETAILS.copy)

    @property
    def total(self) -> int:
        """What is charged, in minor units: the sum of the lines and the adjustments."""
        return subtotal(self.lines) + adjusted(self.details["adjustments"])

    def row(self, number: int) -> OrderDetails:
        """Return the order as it is stored first, under its number."""
        return {
            "id": self.id,
            "number": number,
            "external_reference": self.external_reference,
            "customer_id": self.customer_id,
            "customer_name": self.customer_name,
            "customer_email": self.customer_email,
            "status": PLACED.status,
            "payment_status": PLACED.payment_status,
            "shipping_status": PLACED.shipping_status,
            "currency": self.currency,
            "total": self.total,
            "line_count": len(self.lines),
            "cart_version": self.cart_version,
            "reservation_id": self.reservation_id,
            "cancel_reason": None,
            "failure_reason": None,
            "tracking_number": None,
            "version": 1,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "erased_at": None,
            "needs_attention": False,
            "items": [(line.product_id, line.quantity, line.unit_price, line.name) for line in self.lines],
            "details": self.details,
        }


class TaskId(NamedTuple):
    """The key of a task. As text, the id that messages, logs and downstream services know it by."""

    order_id: str
    version: int
    kind: TaskKind

    @classmethod
    def parse(cls, text: str) -> "TaskId":
        """Read the text of an id.

        Raises:
            ValueError: the text is not the id of a task.
        """
        try:
            order_id, version, kind = text.split(".")
            return cls(str(uuid.UUID(order_id)), int(version), TaskKind(kind))
        except ValueError:
            expected = "<order id>.<version>.<kind>"
            raise ValueError(f"{quoted(text)} is not the id of a task, which is {expected}.") from None

    def __str__(self) -> str:
        return f"{self.order_id}.{self.version}.{self.kind}"


class DeadLetter(TypedDict):
    """A message in the dead-letter queue that names no task, as operators see it."""

    message_id: str
    body: str


@dataclass(frozen=True, slots=True)
class EarlierEvent:
    """The event that was applied before under the same event id, with the tracking number that it brought."""

    event: Event
    tracking_number: str | None = None


@dataclass(frozen=True, slots=True)
class TransitionResult[Row: StoredOrder = OrderDetails]:
    """The result of applying an event to an order.

    Attributes:
        event: the event.
        row: the order as it is now; without lines and details unless they were asked for.
        tasks: the tasks that the event enqueued; to be sent now that they are committed.
        applied: whether the event changed the order.
        repeated: whether it was applied before.
        earlier: the event that was applied before under the same event id; None if there was none.
    """

    event: Event
    row: Row
    tasks: tuple[TaskId, ...]
    applied: bool
    repeated: bool = False
    earlier: EarlierEvent | None = None

    @property
    def is_applied_or_already_holds(self) -> bool:
        """Whether the order is where the event leads: by this event, by an earlier one, or there already."""
        return self.applied or self.repeated or already_holds(self.event, self.state)

    @property
    def state(self) -> State:
        """The order's statuses as they are now."""
        return state_of(self.row)


def state_of(row: OrderRow) -> State:
    """Return the three statuses of an order as enums."""
    return State(Status(row["status"]), PaymentStatus(row["payment_status"]), ShippingStatus(row["shipping_status"]))


def as_placed(row: OrderDetails) -> OrderDetails:
    """Return an order as it was when it was placed, whatever its state is now."""
    return {
        **row,
        "status": PLACED.status,
        "payment_status": PLACED.payment_status,
        "shipping_status": PLACED.shipping_status,
        "cancel_reason": None,
        "failure_reason": None,
        "tracking_number": None,
        "version": 1,
        "updated_at": row["created_at"],
        "needs_attention": False,
    }
