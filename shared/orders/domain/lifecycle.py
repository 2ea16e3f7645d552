"""The life of an order: its three statuses, and the one table of events that move them.

Pure data and pure functions. Everything that changes an order asks this module whether and how.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """Where the order as a whole stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    RETURNED = "returned"


class PaymentStatus(StrEnum):
    """Where its money stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    VOIDED = "voided"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


class ShippingStatus(StrEnum):
    """Where its parcel stands."""

    PENDING = "pending"
    READY = "ready"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class Event(StrEnum):
    """What can happen to an order."""

    PLACED = "order.placed"
    PAYMENT_STARTED = "payment.started"
    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_DECLINED = "payment.declined"
    PAYMENT_REFUNDED = "payment.refunded"
    SHIPMENT_CREATED = "shipment.created"
    SHIPMENT_SHIPPED = "shipment.shipped"
    SHIPMENT_DELIVERED = "shipment.delivered"
    SHIPMENT_RECALLED = "shipment.recalled"
    SHIPMENT_RECALL_REFUSED = "shipment.recall_refused"
    CANCELLED = "order.cancelled"
    EXPIRED = "order.expired"
    RETURNED = "order.returned"


class TaskKind(StrEnum):
    """The work that an event puts on the queue."""

    CHARGE_PAYMENT = "charge_payment"
    REFUND_PAYMENT = "refund_payment"
    COMMIT_STOCK = "commit_stock"
    RELEASE_STOCK = "release_stock"
    CREATE_SHIPMENT = "create_shipment"
    CANCEL_SHIPMENT = "cancel_shipment"
    MARK_CART_ORDERED = "mark_cart_ordered"
    SEND_NOTIFICATION = "send_notification"


class State(NamedTuple):
    """The three statuses of an order at one moment."""

    status: Status
    payment_status: PaymentStatus
    shipping_status: ShippingStatus


@dataclass(frozen=True, slots=True)
class Task:
    """Work to be carried out after a transition; `template` names the notification to send."""

    kind: TaskKind
    template: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Task":
        """Read ``kind`` or ``kind(template)``."""
        kind, _, template = text.removesuffix(")").partition("(")
        return cls(TaskKind(kind), template or None)

    @property
    def payload(self) -> dict[str, str]:
        """What the task says beyond its kind and its order."""
        return {"template": self.template} if self.template else {}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of states; None in a place means any status."""

    statuses: frozenset[Status] | None
    payment_statuses: frozenset[PaymentStatus] | None
    shipping_statuses: frozenset[ShippingStatus] | None

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Read ``status/payment/shipping``; ``a|b`` is a or b, ``*`` is any."""
        status, payment, shipping = text.split("/")
        return cls(
            None if status == "*" else frozenset(map(Status, status.split("|"))),
            None if payment == "*" else frozenset(map(PaymentStatus, payment.split("|"))),
            None if shipping == "*" else frozenset(map(ShippingStatus, shipping.split("|"))),
        )

    def matches(self, state: State) -> bool:
        """Whether the state is one of the pattern's."""
        return (
            (self.statuses is None or state.status in self.statuses)
            and (self.payment_statuses is None or state.payment_status in self.payment_statuses)
            and (self.shipping_statuses is None or state.shipping_status in self.shipping_statuses)
        )


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: from which states an event leads where, and what has to be done then.

    None as a target keeps the status as it is.
    """

    event: Event
    source: Pattern
    status: Status | None
    payment_status: PaymentStatus | None
    shipping_status: ShippingStatus | None
    tasks: tuple[Task, ...]
    failure_reason: str | None = None

    @classmethod
    def parse(cls, event: Event, source: str, target: str, tasks: str, failure_reason: str | None) -> "Transition":
        """Read one row of the table; ``=`` in the target keeps a status."""
        status, payment, shipping = target.split("/")
        return cls(
            event,
            Pattern.parse(source),
            None if status == "=" else Status(status),
            None if payment == "=" else PaymentStatus(payment),
            None if shipping == "=" else ShippingStatus(shipping),
            tuple(map(Task.parse, tasks.split())),
            failure_reason,
        )

    def apply(self, state: State) -> State:
        """The state that the transition leads to."""
        return State(
            self.status or state.status,
            self.payment_status or state.payment_status,
            self.shipping_status or state.shipping_status,
        )


PLACED = State(Status.PENDING, PaymentStatus.PENDING, ShippingStatus.PENDING)
"""The state in which an order begins."""

# event, from, to, tasks; a fifth column is the reason why an order failed.
_TABLE: tuple[tuple[Event, str, str, str] | tuple[Event, str, str, str, str], ...] = (
    (Event.PAYMENT_STARTED, "pending/pending/*", "pending/processing/=", ""),
    (
        Event.PAYMENT_SUCCEEDED,
        "pending/processing/*",
        "confirmed/paid/pending",
        "commit_stock create_shipment send_notification(order_confirmed)",
    ),
    # Late money goes back; an order is never resurrected.
    (Event.PAYMENT_SUCCEEDED, "cancelled|failed/processing/*", "=/refunding/=", "refund_payment"),
    (
        Event.PAYMENT_DECLINED,
        "pending/processing/*",
        "failed/failed/cancelled",
        "release_stock send_notification(payment_failed)",
        "payment_declined",
    ),
    (Event.PAYMENT_DECLINED, "cancelled/processing/*", "cancelled/voided/=", ""),
    (Event.SHIPMENT_CREATED, "confirmed/paid/pending", "confirmed/paid/ready", ""),
    (Event.SHIPMENT_CREATED, "cancelled/*/*", "=/=/=", "cancel_shipment"),
    (
        Event.SHIPMENT_SHIPPED,
        "confirmed/paid/ready|pending",
        "shipped/paid/shipped",
        "send_notification(order_shipped)",
    ),
    (Event.SHIPMENT_DELIVERED, "shipped/*/*", "delivered/=/delivered", "send_notification(order_delivered)"),
    (
        Event.CANCELLED,
        "pending/pending/pending",
        "cancelled/voided/cancelled",
        "release_stock send_notification(order_cancelled)",
    ),
    (
        Event.CANCELLED,
        "pending/processing/pending",
        "cancelled/processing/cancelled",
        "release_stock send_notification(order_cancelled)",
    ),
    (
        Event.CANCELLED,
        "confirmed/paid/pending",
        "cancelled/refunding/cancelled",
        "refund_payment release_stock send_notification(order_cancelled)",
    ),
    (Event.CANCELLED, "confirmed/paid/ready", "cancelling/paid/ready", "cancel_shipment"),
    (
        Event.SHIPMENT_RECALLED,
        "cancelling/paid/ready",
        "cancelled/refunding/cancelled",
        "refund_payment release_stock send_notification(order_cancelled)",
    ),
    (
        Event.SHIPMENT_RECALL_REFUSED,
        "cancelling/paid/ready",
        "shipped/paid/shipped",
        "send_notification(cancel_refused)",
    ),
    (
        Event.EXPIRED,
        "pending/pending/pending",
        "failed/voided/cancelled",
        "release_stock send_notification(order_expired)",
        "expired",
    ),
    (Event.PAYMENT_REFUNDED, "*/refunding/*", "=/refunded/=", "send_notification(payment_refunded)"),
    (
        Event.RETURNED,
        "shipped|delivered/paid/*",
        "returned/refunding/returned",
        "refund_payment release_stock send_notification(order_returned)",
    ),
)

TRANSITIONS: tuple[Transition, ...] = tuple(
    Transition.parse(event, source, target, tasks, reason[0] if reason else None)
    for event, source, target, tasks, *reason in _TABLE
)
"""The table of events. The sources of one event are disjoint: at most one row applies to a state."""


def _reachable() -> tuple[State, ...]:
    states = [PLACED]
    # Grows while it is walked.
    for state in states:
        for row in TRANSITIONS:
            if row.source.matches(state) and (after := row.apply(state)) not in states:
                states.append(after)
    return tuple(states)


STATES: tuple[State, ...] = _reachable()
"""Every state that an order can be in: all that events lead to, from `PLACED` on."""

_HOLDS: dict[Event, Pattern] = {
    event: Pattern.parse(pattern)
    for event, pattern in (
        (Event.PAYMENT_STARTED, "*/processing/*"),
        (Event.PAYMENT_SUCCEEDED, "*/paid|refunding|refunded/*"),
        (Event.PAYMENT_DECLINED, "*/failed|voided/*"),
        (Event.PAYMENT_REFUNDED, "*/refunded/*"),
        (Event.SHIPMENT_CREATED, "*/*/ready"),
        (Event.SHIPMENT_SHIPPED, "*/*/shipped"),
        (Event.SHIPMENT_DELIVERED, "*/*/delivered"),
        (Event.SHIPMENT_RECALLED, "cancelled/*/cancelled"),
        (Event.SHIPMENT_RECALL_REFUSED, "shipped/*/*"),
        (Event.CANCELLED, "cancelling|cancelled/*/*"),
        (Event.EXPIRED, "failed/voided/*"),
        (Event.RETURNED, "returned/*/*"),
    )
}

_REPORTED: dict[tuple[str, str], Event] = {
    ("status", Status.SHIPPED): Event.SHIPMENT_SHIPPED,
    ("status", Status.DELIVERED): Event.SHIPMENT_DELIVERED,
    ("status", Status.CANCELLED): Event.CANCELLED,
    ("status", Status.RETURNED): Event.RETURNED,
    ("payment_status", PaymentStatus.PROCESSING): Event.PAYMENT_STARTED,
    ("payment_status", PaymentStatus.PAID): Event.PAYMENT_SUCCEEDED,
    ("payment_status", PaymentStatus.FAILED): Event.PAYMENT_DECLINED,
    ("payment_status", PaymentStatus.REFUNDED): Event.PAYMENT_REFUNDED,
    ("shipping_status", ShippingStatus.READY): Event.SHIPMENT_CREATED,
    ("shipping_status", ShippingStatus.SHIPPED): Event.SHIPMENT_SHIPPED,
    ("shipping_status", ShippingStatus.DELIVERED): Event.SHIPMENT_DELIVERED,
    ("shipping_status", ShippingStatus.CANCELLED): Event.SHIPMENT_RECALLED,
    ("shipping_status", ShippingStatus.RETURNED): Event.RETURNED,
}


def placing_tasks(*, from_cart: bool) -> tuple[Task, ...]:
    """What has to be done once an order is placed."""
    cart = (Task(TaskKind.MARK_CART_ORDERED),) if from_cart else ()
    return (Task(TaskKind.CHARGE_PAYMENT), *cart, Task(TaskKind.SEND_NOTIFICATION, "order_received"))


def transitions(event: Event) -> tuple[Transition, ...]:
    """The rows of the table for one event."""
    return tuple(row for row in TRANSITIONS if row.event == event)


def transition(event: Event, state: State) -> Transition | None:
    """The row that applies when the event happens in the state; None where it cannot happen."""
    return next((row for row in transitions(event) if row.source.matches(state)), None)


CANCELLABLE: frozenset[tuple[str, str, str]] = frozenset(
    state for state in STATES if transition(Event.CANCELLED, state) is not None
)
"""The states that an order can be cancelled in."""


def already_holds(event: Event, state: State) -> bool:
    """Whether the event says only what the state says already: repeating it changes nothing."""
    return _HOLDS[event].matches(state)


def reported_event(field: str, value: str) -> Event | None:
    """The event that is reported by setting a status field to a value; None where no event leads to that value."""
    return _REPORTED.get((field, value))


def reportable(state: State) -> dict[str, list[str]]:
    """The values that each status field may be set to now."""
    allowed: dict[str, list[str]] = {field: [] for field in State._fields}
    for (field, value), event in _REPORTED.items():
        if transition(event, state):
            allowed[field].append(str(value))
    return allowed
