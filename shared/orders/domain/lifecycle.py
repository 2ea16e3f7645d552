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
    UPDATED = "order.updated"
    PAYMENT_STARTED = "payment.started"
    PAYMENT_PROCESSING = "payment.processing"
    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_DECLINED = "payment.declined"
    PAYMENT_EXPIRED = "payment.expired"
    PAYMENT_REVERSED = "payment.reversed"
    PAYMENT_REFUNDED = "payment.refunded"
    PAYMENT_CHARGED_BACK = "payment.charged_back"
    STOCK_COMMITTED = "stock.committed"
    STOCK_LOST = "stock.lost"
    SHIPMENT_CREATED = "shipment.created"
    SHIPMENT_SHIPPED = "shipment.shipped"
    SHIPMENT_UPDATED = "shipment.updated"
    SHIPMENT_DELIVERED = "shipment.delivered"
    SHIPMENT_RECALLED = "shipment.recalled"
    SHIPMENT_RECALL_REFUSED = "shipment.recall_refused"
    CANCELLED = "order.cancelled"
    EXPIRED = "order.expired"
    RETURNED = "order.returned"
    ERASED = "personal_data.erased"


class TaskKind(StrEnum):
    """A kind of task that an event enqueues."""

    CHARGE_PAYMENT = "charge_payment"
    CHECK_PAYMENT = "check_payment"
    REFUND_PAYMENT = "refund_payment"
    COMMIT_STOCK = "commit_stock"
    RELEASE_STOCK = "release_stock"
    CREATE_SHIPMENT = "create_shipment"
    CANCEL_SHIPMENT = "cancel_shipment"
    MARK_CART_ORDERED = "mark_cart_ordered"
    SEND_NOTIFICATION = "send_notification"
    PUBLISH_EVENT = "publish_event"


SERVICES: Mapping[TaskKind, str] = {
    TaskKind.CHARGE_PAYMENT: "payment",
    TaskKind.CHECK_PAYMENT: "payment",
    TaskKind.REFUND_PAYMENT: "payment",
    TaskKind.COMMIT_STOCK: "inventory",
    TaskKind.RELEASE_STOCK: "inventory",
    TaskKind.CREATE_SHIPMENT: "shipping",
    TaskKind.CANCEL_SHIPMENT: "shipping",
    TaskKind.MARK_CART_ORDERED: "cart",
    TaskKind.SEND_NOTIFICATION: "notification",
    TaskKind.PUBLISH_EVENT: "events",
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
    def parse(cls, row: str, tasks: str) -> "Transition":
        """Read one row of the table."""
        event, source, target, *reason = row.split()
        status, payment, shipping = target.split("/")
        return cls(
            Event(event),
            Pattern.parse(source),
            None if status == "=" else Status(status),
            None if payment == "=" else PaymentStatus(payment),
            None if shipping == "=" else ShippingStatus(shipping),
            tuple(map(TaskSpec.parse, tasks.split())),
            *reason,
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

# Each row: an event, the states it applies to, the state it leads to, and the reason of a failure; `=` keeps a status.
# The line below it names the tasks.
_TABLE = """
payment.started         pending/pending/*                   pending/processing/=
payment.processing      */*/*                               =/=/=
    check_payment
payment.succeeded       pending/processing/*                confirmed/paid/pending
    commit_stock

# Late money is refunded, whatever was reported before; an ended order is never resumed.
payment.succeeded       cancelled|failed|returned/processing|failed|voided/*    =/refunding/=
    refund_payment
payment.declined        pending/processing/*                failed/failed/cancelled     payment_declined
    release_stock send_notification(payment_failed)
payment.declined        cancelled/processing/*              =/voided/=

# What contradicts the payment status is settled by asking the payment service.
payment.declined        */paid|refunding|refunded|charged_back/*        =/=/=
    check_payment
payment.expired         pending/processing/*                failed/voided/cancelled     payment_expired
    release_stock send_notification(payment_failed)
payment.expired         cancelled/processing/*              =/voided/=
payment.reversed        confirmed/paid/pending              failed/failed/cancelled     payment_declined
    release_stock cancel_shipment send_notification(payment_failed)
payment.reversed        confirmed/paid/ready                cancelling/=/=
    cancel_shipment check_payment
payment.reversed        */refunding/*                       =/voided/=
payment.refunded        */refunding/*                       =/refunded/=
    send_notification(payment_refunded)
payment.refunded        */paid/*                            =/refunded/=
    check_payment send_notification(payment_refunded)
payment.charged_back    */paid|refunding|refunded/*         =/charged_back/=

# Nothing is shipped or confirmed before the stock is committed.
stock.committed         confirmed/paid/pending              =/=/=
    create_shipment send_notification(order_confirmed)
stock.committed         confirmed/paid/ready                =/=/=
    send_notification(order_confirmed)
stock.committed         cancelled|failed|returned/*/*       =/=/=
    release_stock
stock.lost              confirmed/paid/pending              failed/refunding/cancelled  out_of_stock
    refund_payment send_notification(out_of_stock)
stock.lost              confirmed/refunded|charged_back/pending         failed/=/cancelled          out_of_stock
    send_notification(out_of_stock)

# If another parcel has left than the one that is ready, apply_event_3 adds cancel_shipment.
shipment.created        confirmed/*/pending                 =/=/ready
# If it brings the first tracking number: somebody else has reported the shipment without one.
shipment.created        confirmed|cancelling/*/ready        =/=/=
# A shipment of an order that needs none is cancelled.
shipment.created        cancelled|failed|shipped|delivered|returned/*/* =/=/=
    cancel_shipment
shipment.shipped        confirmed/*/pending|ready           shipped/=/shipped
    send_notification(order_shipped)
shipment.shipped        cancelling/*/ready                  shipped/=/shipped
    send_notification(cancel_refused)
shipment.updated        shipped/*/*                         =/=/=
    send_notification(order_shipped)
shipment.updated        confirmed|cancelling/*/ready        =/=/=
shipment.updated        delivered/*/*                       =/=/=
shipment.delivered      confirmed|cancelling|shipped/*/*    delivered/=/delivered
    send_notification(order_delivered)

order.cancelled         pending/pending/pending             cancelled/voided/cancelled
    release_stock send_notification(order_cancelled)
order.cancelled         pending/processing/pending          cancelled/=/cancelled
    release_stock send_notification(order_cancelled)
# A shipment may have been created without an answer.
order.cancelled         confirmed/paid/pending              cancelled/refunding/cancelled
    refund_payment release_stock cancel_shipment send_notification(order_cancelled)
order.cancelled         confirmed/refunded|charged_back/pending         cancelled/=/cancelled
    release_stock cancel_shipment send_notification(order_cancelled)
order.cancelled         confirmed/*/ready                   cancelling/=/=
    cancel_shipment
shipment.recalled       cancelling/paid/ready               cancelled/refunding/cancelled
    refund_payment release_stock send_notification(order_cancelled)
shipment.recalled       cancelling/refunded|charged_back/ready          cancelled/=/cancelled
    release_stock send_notification(order_cancelled)
shipment.recall_refused cancelling/*/ready                  shipped/=/shipped
    send_notification(cancel_refused)
order.expired           pending/pending/pending             failed/voided/cancelled     expired
    release_stock send_notification(order_expired)
order.returned          shipped|delivered/paid/*            returned/refunding/returned
    refund_payment release_stock send_notification(order_returned)
order.returned          shipped|delivered/refunded|charged_back/*       returned/=/returned
    release_stock send_notification(order_returned)

# Addresses and words change until the parcel is made. Personal data is erased once nobody needs it.
order.updated           pending|confirmed/*/pending         =/=/=
personal_data.erased    delivered|cancelled|failed|returned/*/*         =/=/=
"""


def _parse(table: str) -> tuple[Transition, ...]:
    lines = [line for line in table.splitlines() if line and not line.startswith("#")]
    return tuple(
        Transition.parse(row, tasks if tasks.startswith(" ") else "")
        for row, tasks in zip(lines, [*lines[1:], ""], strict=True)
        if not row.startswith(" ")
    )


TRANSITIONS: tuple[Transition, ...] = _parse(_TABLE)
"""The table of events. The sources of one event are disjoint: at most one row applies to a state."""

ONCE: frozenset[Event] = frozenset({Event.PAYMENT_PROCESSING, Event.STOCK_COMMITTED})
"""Events that apply to an order once: they keep its state, so that a repeated one would enqueue its tasks again."""


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

_HOLDS: dict[Event, tuple[Pattern, ...]] = {
    event: tuple(map(Pattern.parse, patterns.split()))
    for event, patterns in (
        (Event.PAYMENT_STARTED, "*/processing/*"),
        (Event.PAYMENT_SUCCEEDED, "*/paid|refunding|refunded|charged_back/*"),
        (Event.PAYMENT_DECLINED, "*/failed|voided/*"),
        (Event.PAYMENT_EXPIRED, "*/failed|voided/*"),
        (Event.PAYMENT_REVERSED, "*/failed|voided/* cancelling/paid/*"),
        (Event.PAYMENT_REFUNDED, "*/refunded/*"),
        (Event.PAYMENT_CHARGED_BACK, "*/charged_back/*"),
        (Event.STOCK_COMMITTED, "confirmed|cancelling|shipped|delivered/*/*"),
        (Event.STOCK_LOST, "cancelled|failed|returned/*/*"),
        (Event.SHIPMENT_CREATED, "*/*/ready"),
        (Event.SHIPMENT_SHIPPED, "*/*/shipped"),
        (Event.SHIPMENT_DELIVERED, "*/*/delivered"),
        (Event.SHIPMENT_RECALLED, "cancelled/*/cancelled"),
        (Event.SHIPMENT_RECALL_REFUSED, "shipped|delivered|returned/*/*"),
        (Event.CANCELLED, "cancelling|cancelled/*/*"),
        (Event.EXPIRED, "failed/voided/*"),
        (Event.RETURNED, "returned/*/*"),
    )
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
    return any(pattern.matches(state) for pattern in _HOLDS.get(event, ()))
