"""An order: new, stored, and after an event."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orders.domain.lifecycle import PLACED, Event, PaymentStatus, ShippingStatus, State, Status, TaskKind

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order: a product, how many, and the price of one in minor units."""

    product_id: str
    quantity: int
    unit_price: int


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
    created_at: datetime

    @property
    def total(self) -> int:
        """The sum of the lines, in minor units."""
        return sum(line.quantity * line.unit_price for line in self.lines)


@dataclass(frozen=True, slots=True)
class TaskRef:
    """A task that is to be put on its queue."""

    id: str
    kind: TaskKind


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an event did to an order.

    Attributes:
        event: what happened.
        row: the order as it is now.
        tasks: the work that the event promised; to be sent now that it is stored.
        applied: the event changed the order.
        repeated: an event of the same id had changed it before.
    """

    event: Event
    row: Row
    tasks: tuple[TaskRef, ...]
    applied: bool
    repeated: bool = False

    @property
    def state(self) -> State:
        """The order's statuses as they are now."""
        return state_of(self.row)


def state_of(row: Row) -> State:
    """The three statuses of a row."""
    return State(Status(row["status"]), PaymentStatus(row["payment_status"]), ShippingStatus(row["shipping_status"]))


def as_placed(row: Row) -> Row:
    """An order as it was when it was placed, whatever it has become since."""
    return {
        **row,
        **PLACED._asdict(),
        "cancel_reason": None,
        "failure_reason": None,
        "tracking_number": None,
        "version": 1,
        "updated_at": row["created_at"],
    }
