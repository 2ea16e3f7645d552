"""The evidence: rows of the order service's database, and the records of the downstream services."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from fakes.address import Address
from fakes.cart import Cart
from fakes.inventory import Reservation
from fakes.notification import Notification
from fakes.payment import Charge
from fakes.shipping import Shipment
from orders.domain.lifecycle import TERMINAL_STATUSES
from orders.domain.states import State
from orders.schemas.events import EventDocument, FeedEvent

DONE, FAILED, PENDING = "done", "failed", "pending"
"""The states of a task."""


class Line(NamedTuple):
    """A line of an order; the price of one is in minor units."""

    product_id: str
    unit_price: int
    quantity: int


class Adjustment(NamedTuple):
    """An amount beside the lines of an order, in minor units."""

    kind: str
    amount: int


@dataclass(frozen=True, slots=True)
class Directions:
    """What an order says to the services that ship and charge it. Personal data that was erased is None."""

    shipping_address: Address | None = None
    shipping_method: str | None = None
    billing_address: Address | None = None
    payment_method: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A row of an order's timeline: an event, who caused it, and the state it led to."""

    version: int
    event: str
    actor: str
    state: State
    tracking_number: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A task of an order.

    Attributes:
        version: The order's version when the task was enqueued.
        template: The notification to send, if it sends one.
        error: Why it was rescheduled or has failed.
    """

    id: str
    version: int
    kind: str
    state: str
    template: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """A stored order.

    Attributes:
        key: The customer's e-mail address, where each request has one of its own; the external reference once it is
            erased.
        placed_at: When it was placed; a cart is read after this.
        cart_version: The version of the cart that it was placed from; empty if carts have none, None if from no cart.
        cart_marked_at: When the task that marks the cart was done.
        reservation_id: The id of its stock at the inventory.
        total: In minor units of the currency.
        failure_reason: Why it failed; None unless it did.
        lines: Sorted.
        adjustments: Sorted.
        is_erased: Its personal data was erased.
    """

    id: str
    customer_id: str
    key: str | None
    placed_at: datetime
    cart_version: str | None
    cart_marked_at: datetime | None
    reservation_id: str
    state: State
    version: int
    currency: str
    total: int
    failure_reason: str | None
    lines: tuple[Line, ...]
    adjustments: tuple[Adjustment, ...]
    directions: Directions
    is_erased: bool
    timeline: tuple[Step, ...]
    tasks: tuple[Task, ...]

    @property
    def units(self) -> Counter[str]:
        """The units of each product, over all lines."""
        units: Counter[str] = Counter()
        for line in self.lines:
            units[line.product_id] += line.quantity
        return units

    @property
    def is_live(self) -> bool:
        """Whether the order has not ended."""
        return self.state.status not in TERMINAL_STATUSES

    def has_failed(self, kind: str) -> bool:
        """Whether a task of this kind has failed for good."""
        return any(task.kind == kind and task.state == FAILED for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Hold:
    """Units of a product that a reservation holds.

    Attributes:
        status: Held until it expires, committed, or changing: it is not known whether the stock was taken.
    """

    reservation_id: str
    product_id: str
    quantity: int
    status: Literal["held", "committed", "changing"]


class Fate(StrEnum):
    """How a request ended, as its sender knows it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "of unknown fate"
    """The answer was lost, or was an error that may have come after the effect: only the database can tell."""
    NO_ORDER = "without an order"
    """Nothing was sent: there was no order to cancel."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to place an order.

    Attributes:
        key: As in `Order`; None if the order cannot be known by it.
        order_id: The order that was answered; empty if none was.
    """

    key: str | None
    fate: Fate
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many orders of a state the metrics count, and how many are stored."""

    state: str
    counted: int
    stored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that is known once no task is pending any more.

    Attributes:
        requests: The requests that placed the orders with a key, and more.
        at_start: The units of each product before the first order.
        free: The units of each product that are free now.
        holds: Of those products, for any order.
        charges: Of any order, as all records of the services.
        carts: By customer.
        dead_letters: The ids of the tasks whose messages are dead letters; None if this is not known.
        holds_expire: Time has passed, so that an order may have lost its hold before it was paid.
        strays_have_expired: So much time has passed that stock is held for no one but orders.
        parcels_are_tracked: An order is reported as shipped only when its parcel is dispatched.
        publishes_events: There is an event bus, for which each event has a task.
        feed: The whole feed of events, with other orders if there are any; None if it was not read.
        bus: What was put on the event bus, in any order and more than once; None if it was not received.
    """

    orders: Sequence[Order]
    requests: Sequence[Request] = ()
    counts: Sequence[Count] = ()
    at_start: Mapping[str, int]
    free: Mapping[str, int]
    holds: Sequence[Hold]
    charges: Collection[Charge]
    shipments: Collection[Shipment]
    notifications: Collection[Notification]
    carts: Mapping[str, Cart] = field(default_factory=dict)
    dead_letters: Collection[str] | None = None
    holds_expire: bool = False
    strays_have_expired: bool = False
    parcels_are_tracked: bool = False
    publishes_events: bool = False
    feed: Sequence[FeedEvent] | None = None
    bus: Sequence[EventDocument] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One order with everything that belongs to it.

    Attributes:
        feed: What a consumer of the feed applies of it; None if the feed was not read.
        bus: What a consumer of the event bus applies of it; None if nobody has received events.
    """

    order: Order
    charges: Sequence[Charge]
    shipments: Sequence[Shipment]
    notifications: Sequence[Notification]
    holds: Sequence[Hold]
    cart: Cart | None
    feed: Sequence[EventDocument] | None
    bus: Sequence[EventDocument] | None


def holds_of(reservations: Iterable[Reservation]) -> list[Hold]:
    """Return what reservations hold."""
    return [
        Hold(
            each.reservation_id,
            line.product_id,
            line.quantity,
            "committed" if each.status == "committed" else "held",
        )
        for each in reservations
        if each.holds_stock
        for line in each.lines
    ]
