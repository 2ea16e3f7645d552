"""The lifecycle of an order: the one table of events, the states they apply to, and the tasks they enqueue.

Pure data and pure functions. Whatever changes an order asks this module whether and how.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from orders.domain.states import PLACED, Pattern, PaymentStatus, ShippingStatus, State, Status


class Event(StrEnum):
    """An event of an order."""

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
    """A kind of task that an event enqueues."""

    CHARGE_PAYMENT = "charge_payment"
    REFUND_PAYMENT = "refund_payment"
    COMMIT_STOCK = "commit_stock"
    RELEASE_STOCK = "release_stock"
    CREATE_SHIPMENT = "create_shipment"
    CANCEL_SHIPMENT = "cancel_shipment"
    MARK_CART_ORDERED = "mark_cart_ordered"
    SEND_NOTIFICATION = "send_notification"


SERVICES: Mapping[TaskKind, str] = {
    TaskKind.CHARGE_PAYMENT: "payment",
    TaskKind.REFUND_PAYMENT: "payment",
    TaskKind.COMMIT_STOCK: "inventory",
    TaskKind.RELEASE_STOCK: "inventory",
    TaskKind.CREATE_SHIPMENT: "shipping",
    TaskKind.CANCEL_SHIPMENT: "shipping",
    TaskKind.MARK_CART_ORDERED: "cart",
    TaskKind.SEND_NOTIFICATION: "notification",
}
"""The downstream service that each kind of task calls."""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A task to enqueue with a transition; `template` names the notification to send."""

    kind: TaskKind
    template: str | None = None

    @classmethod
    def parse(cls, text: str) -> "TaskSpec":
        """Read ``kind`` or ``kind(template)``."""
        kind, _, template = text.removesuffix(")").partition("(")
        return cls(TaskKind(kind), template or None)

    def __str__(self) -> str:
        return f"{self.kind}({self.template})" if self.template else self.kind.value


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: the states that an event applies to, the state it leads to, and the tasks it enqueues.

    None as a target keeps the status.
    """

    event: Event
    source: Pattern
    status: Status | None
    payment_status: PaymentStatus | None
    shipping_status: ShippingStatus | None
    tasks: tuple[TaskSpec, ...]
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
            tuple(map(TaskSpec.parse, tasks.split())),
            failure_reason,
        )

    def apply(self, state: State) -> State:
        """Return the state that the transition leads to."""
        return State(
            self.status or state.status,
            self.payment_status or state.payment_status,
            self.shipping_status or state.shipping_status,
        )


TERMINAL_STATUSES: frozenset[Status] = frozenset({Status.CANCELLED, Status.FAILED, Status.RETURNED})
"""The statuses of an order that has ended: it holds no stock, and its cart may be ordered again."""

# event, from, to, tasks; a fifth column is the reason why an order failed.
_TABLE: tuple[tuple[Event, str, str, str] | tuple[Event, str, str, str, str], ...] = (
    (Event.PAYMENT_STARTED, "pending/pending/*", "pending/processing/=", ""),
    (
        Event.PAYMENT_SUCCEEDED,
        "pending/processing/*",
        "confirmed/paid/pending",
        "commit_stock create_shipment send_notification(order_confirmed)",
    ),
    # Late money is refunded; an ended order is never resumed.
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
    # The list grows while it is iterated.
    for state in states:
        for row in TRANSITIONS:
            if row.source.matches(state) and (after := row.apply(state)) not in states:
                states.append(after)
    return tuple(states)


STATES: tuple[State, ...] = _reachable()
"""Every reachable state: all that events lead to, from `PLACED` on."""

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


def placing_tasks(*, from_cart: bool) -> tuple[TaskSpec, ...]:
    """Return the tasks that placing an order enqueues."""
    cart = (TaskSpec(TaskKind.MARK_CART_ORDERED),) if from_cart else ()
    return (TaskSpec(TaskKind.CHARGE_PAYMENT), *cart, TaskSpec(TaskKind.SEND_NOTIFICATION, "order_received"))


def transitions(event: Event) -> tuple[Transition, ...]:
    """Return the rows of the table for one event."""
    return tuple(row for row in TRANSITIONS if row.event == event)


def transition(event: Event, state: State) -> Transition | None:
    """Return the row that applies to an event in a state; None where the event does not apply."""
    return next((row for row in transitions(event) if row.source.matches(state)), None)


CANCELLABLE: frozenset[tuple[str, str, str]] = frozenset(
    state for state in STATES if transition(Event.CANCELLED, state) is not None
)
"""The states in which an order can be cancelled."""


def already_holds(event: Event, state: State) -> bool:
    """Tell whether the event's result already holds in the state: repeating it changes nothing."""
    return _HOLDS[event].matches(state)


def reported_event(field: str, value: str) -> Event | None:
    """Return the event that a report of a status value means; None where no event leads to that value."""
    return _REPORTED.get((field, value))


def reportable(state: State) -> dict[str, list[str]]:
    """Return the values that each status field may be set to in a state."""
    allowed: dict[str, list[str]] = {field: [] for field in State._fields}
    for (field, value), event in _REPORTED.items():
        if transition(event, state):
            allowed[field].append(str(value))
    return allowed
