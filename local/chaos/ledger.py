"""What a run has come to, and whether the service has kept what it promises; plain data in, plain data out."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from local.chaos.clients import Act, Attempt
from local.replay import books
from local.replay.books import CANCEL_SHIPMENT, DISPATCHED, DONE, FAILED, Shelf
from local.replay.calls import Call
from local.replay.outcomes import Fate
from local.replay.standins import Charge, Notification, Reservation, Shipment
from local.replay.stored import StoredOrder, StoredTask

CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known after a run.

    Attributes:
        emails: By attempt number, the address that its order carries.
        stock: What became of each product.
        calls: What the services were asked while there was chaos.
        killed: How many workers of each function were killed.
        redriven: How many tasks had failed and were sent back once.
    """

    attempts: list[Attempt]
    emails: dict[int, str]
    acts: list[Act]
    orders: list[StoredOrder]
    tasks: list[StoredTask]
    charges: list[Charge]
    shipments: list[Shipment]
    notifications: list[Notification]
    reservations: list[Reservation]
    stock: list[Shelf]
    calls: list[Call]
    killed: Counter[str]
    redriven: int


def discrepancies(evidence: Evidence) -> list[str]:
    """Returns a phrase about each thing that is not as it must be."""
    return [
        *_attempts(evidence),
        *books.unsettled(evidence.orders),
        *books.unfinished(evidence.tasks, evidence.shipments),
        *books.stock_mismatches(evidence.stock, evidence.orders, evidence.reservations),
        *books.money_mismatches(evidence.orders, evidence.charges),
        *_shipments(evidence),
        *_notifications(evidence),
    ]


def found_afterwards(evidence: Evidence) -> int:
    """Returns how many orders were placed although their answer was lost."""
    stored = {order.customer_email for order in evidence.orders}
    return sum(
        attempt.fate is Fate.UNKNOWN and evidence.emails[attempt.plan.number] in stored for attempt in evidence.attempts
    )


def _attempts(evidence: Evidence) -> Iterator[str]:
    """An accepted order is there once, one of unknown fate at most once, a refused one never; and nothing else is."""
    found: defaultdict[str | None, list[str]] = defaultdict(list)
    for order in evidence.orders:
        found[order.customer_email].append(order.id)
    for attempt in evidence.attempts:
        ids = found.pop(evidence.emails[attempt.plan.number], [])
        name = f"order number {attempt.plan.number}"
        match attempt.fate:
            case Fate.ACCEPTED:
                if ids != [attempt.order_id]:
                    yield f"{name} was accepted as {attempt.order_id}, but stored are {ids}"
            case Fate.UNKNOWN:
                if len(ids) > 1:
                    yield f"{name} was sent once, but stored are {ids}"
            case _:
                if ids:
                    yield f"{name} was refused, but stored are {ids}"
    for email, ids in found.items():
        yield f"nobody placed the orders of {email}: {ids}"


def _shipments(evidence: Evidence) -> Iterator[str]:
    """No parcel of a cancelled order may leave; where one has left, a failed task says so."""
    cancelled = {order.id for order in evidence.orders if order.status == CANCELLED}
    reported = {task.order_id for task in evidence.tasks if task.kind == CANCEL_SHIPMENT and task.state == FAILED}
    parcels: Counter[str] = Counter()
    for shipment in evidence.shipments:
        parcels[shipment.order_id] += 1
        if shipment.order_id in cancelled and shipment.status != CANCELLED:
            if shipment.status == DISPATCHED and shipment.order_id in reported:
                continue
            yield f"order {shipment.order_id} is cancelled, but its parcel is {shipment.status}"
    for order in evidence.orders:
        if parcels[order.id] > 1:
            yield f"order {order.id} has {parcels[order.id]} parcels"


def _notifications(evidence: Evidence) -> Iterator[str]:
    """Customers are told everything that was promised, and each thing once."""
    promised = Counter(
        (task.order_id, task.template) for task in evidence.tasks if task.template and task.state == DONE
    )
    ids = {order.id for order in evidence.orders}
    told = Counter((each.order_id, each.template) for each in evidence.notifications if each.order_id in ids)
    for order_id, template in sorted(told.keys() | promised.keys(), key=str):
        if told[order_id, template] != 1:
            yield f"order {order_id}: the customer was told {template} {told[order_id, template]} times"
