"""Sample evidence: an order and what each service has stored about it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from checks.evidence import Directions, Evidence, Fate, Hold, Line, Order, Request, Step, Task
from fakes.address import EnteredAddress
from fakes.notification import Notification
from fakes.payment import Charge, ChargeStatus
from fakes.shipping import Shipment, ShipmentStatus
from orders.domain import lifecycle, money
from orders.domain.lifecycle import Event
from orders.domain.states import PLACED, Status
from orders.schemas.events import EventDocument, FeedEvent, event_document

if TYPE_CHECKING:
    from orders.domain.details import AdjustmentKind

PAID = (Event.PAYMENT_STARTED, Event.PAYMENT_SUCCEEDED, Event.STOCK_COMMITTED, Event.SHIPMENT_CREATED)
CANCELLED = (*PAID, Event.CANCELLED, Event.SHIPMENT_RECALLED, Event.PAYMENT_REFUNDED)
EMAIL = "request-1@example.com"
ADDRESS: EnteredAddress = {"line1": "27 Elm Street", "city": "Madison", "country": "US"}
DIRECTIONS = Directions(ADDRESS, "express", ADDRESS, "pm_card_visa")
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def order(
    order_id: str = "order-1",
    *events: Event,
    units: Mapping[str, int] | None = None,
    key: str | None = EMAIL,
    cart_version: str | None = None,
    placed_at: datetime = NOON,
    cart_marked_at: datetime | None = None,
    reason: str | None = None,
) -> Order:
    """An order after some events, paid by default, of two of product A at 100 each by default. Its tasks are done."""
    steps = [Step(1, Event.PLACED, "customer:17850", PLACED)]
    specs = [(1, spec) for spec in lifecycle.placing_tasks(from_cart=cart_version is not None)]
    for version, event in enumerate(events or PAID, start=2):
        row = lifecycle.transition(event, steps[-1].state)
        assert row
        steps.append(Step(version, event, "system:process_task", row.apply(steps[-1].state)))
        specs += [(version, spec) for spec in row.tasks]
    tasks = [
        Task(f"task-{number}", version, spec.kind, "done", spec.template, None)
        for number, (version, spec) in enumerate(specs)
    ]
    lines = tuple(Line(product, 100, quantity) for product, quantity in (units or {"A": 2}).items())
    return Order(
        id=order_id,
        customer_id="17850",
        key=key,
        placed_at=placed_at,
        cart_version=cart_version,
        cart_marked_at=cart_marked_at,
        reservation_id=f"reservation of {order_id}",
        state=steps[-1].state,
        version=len(steps),
        currency="GBP",
        total=sum(line.unit_price * line.quantity for line in lines),
        failure_reason=reason,
        lines=lines,
        adjustments=(),
        directions=DIRECTIONS,
        is_erased=False,
        timeline=tuple(steps),
        tasks=tuple(tasks),
    )


def charge(
    order_id: str = "order-1", status: ChargeStatus = "succeeded", amount: int = 200, refunded: int = 0
) -> Charge:
    """The charge of such an order."""
    return Charge(
        id="ch_1",
        status=status,
        order_id=order_id,
        amount=amount,
        currency="GBP",
        payment_method=DIRECTIONS.payment_method,
        billing_address=DIRECTIONS.billing_address,
        refunded_amount=refunded,
    )


def shipment(order_id: str = "order-1", status: ShipmentStatus = "ready") -> Shipment:
    """The parcel of such an order."""
    return Shipment(
        id="shp_1",
        order_id=order_id,
        lines=[{"product_id": "A", "quantity": 2, "name": "Lamp"}],
        address=DIRECTIONS.shipping_address,
        method=DIRECTIONS.shipping_method,
        tracking_number="TRK1",
        status=status,
    )


def notifications(of: Order) -> list[Notification]:
    """The messages that an order's tasks have sent."""
    order = {"total": money.to_decimal(of.total, of.currency), "currency": of.currency}
    return [
        Notification(id=task.id, template=task.template, order_id=of.id, email=None, order=order, sent_at="now")
        for task in of.tasks
        if task.template
    ]


def documents(of: Order) -> list[EventDocument]:
    """The events of an order."""
    return [
        event_document(
            {
                "order_id": of.id,
                "version": step.version,
                "event": Event(step.event),
                "actor": step.actor,
                "status": step.state.status,
                "payment_status": step.state.payment_status,
                "shipping_status": step.state.shipping_status,
                "changed_fields": None,
                "occurred_at": f"2026-11-29T12:00:{step.version:02}.000Z",
                "number": 100_001,
                "failure_reason": of.failure_reason if step.state.status is Status.FAILED else None,
                "currency": of.currency,
                "total": of.total,
                "adjustments": [
                    {"kind": cast("AdjustmentKind", each.kind), "amount": each.amount, "description": None}
                    for each in of.adjustments
                ],
                "items": [(line.product_id, line.quantity, line.unit_price, None) for line in of.lines],
            }
        )
        for step in of.timeline
    ]


def feed(events: Iterable[EventDocument]) -> list[FeedEvent]:
    """A feed of events, in their order."""
    return [{**event, "position": position} for position, event in enumerate(events, start=1)]


def well() -> Evidence:
    """The evidence of one paid order, without violations."""
    paid = order()
    return Evidence(
        orders=[paid],
        requests=[Request(EMAIL, Fate.ACCEPTED, paid.id), Request("request-2@example.com", Fate.REFUSED)],
        at_start={"A": 10, "B": 5},
        free={"A": 8, "B": 5},
        holds=[Hold(paid.reservation_id, "A", 2, "committed")],
        charges=[charge(), charge("of somebody else", "declined")],
        shipments=[shipment(), shipment("of somebody else")],
        notifications=notifications(paid),
        dead_letters=set(),
    )


def cancelled() -> Evidence:
    """The evidence of one order that was paid and then cancelled, without violations."""
    ended = order("order-1", *CANCELLED)
    return Evidence(
        orders=[ended],
        requests=[Request(EMAIL, Fate.ACCEPTED, ended.id)],
        at_start={"A": 10},
        free={"A": 10},
        holds=[],
        charges=[charge(refunded=200)],
        shipments=[shipment(status="cancelled")],
        notifications=notifications(ended),
    )
