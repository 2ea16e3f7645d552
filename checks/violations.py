"""What must hold once nothing moves any more.

Two things are known and are no violation:

- A catalog without reservations has to be believed. A write that arrives after its lock was released, and a write of
  somebody else between a crash and its settlement, both change the stock.
- An order waits for a charge that is processing, until the payment service has settled it or the time-out is over.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from checks import events, money, orders, outbox, stock
from checks.evidence import Case, Evidence, Hold
from fakes.service import OfOrder


def violations(evidence: Evidence) -> list[str]:
    """Return a phrase about everything that must hold and does not."""
    return [
        *orders.one_for_each_request(evidence),
        *orders.one_for_each_cart(evidence),
        *orders.counted(evidence),
        *stock.adds_up(evidence),
        *events.in_order(evidence),
        *(
            f"order {case.order.id} ({'/'.join(case.order.state)}) {phrase}"
            for case in _cases(evidence)
            for phrase in _of_order(case, evidence)
        ),
    ]


def _of_order(case: Case, evidence: Evidence) -> Iterator[str]:
    yield from orders.settled(case)
    yield from orders.timeline(case, publishes_events=evidence.publishes_events)
    yield from orders.actors(case)
    yield from orders.parcels(case, are_tracked=evidence.parcels_are_tracked)
    yield from orders.addressed(case)
    yield from orders.erased(case)
    yield from stock.held(case, holds_expire=evidence.holds_expire)
    yield from money.total(case)
    yield from money.charged_once(case)
    yield from money.amounts(case)
    yield from money.billed(case)
    yield from outbox.processed(case, evidence)
    yield from outbox.notified(case)
    yield from outbox.cart_marked(case)
    yield from events.consumed(case)


def _cases(evidence: Evidence) -> Iterator[Case]:
    charges = _by_order(evidence.charges)
    shipments = _by_order(evidence.shipments)
    notifications = _by_order(evidence.notifications)
    holds: defaultdict[str, list[Hold]] = defaultdict(list)
    for hold in evidence.holds:
        holds[hold.reservation_id].append(hold)
    feed = None if evidence.feed is None else events.applied(evidence.feed)
    bus = None if evidence.bus is None else events.applied(evidence.bus)
    for order in evidence.orders:
        yield Case(
            order=order,
            charges=charges[order.id],
            shipments=shipments[order.id],
            notifications=notifications[order.id],
            holds=holds[order.reservation_id],
            cart=evidence.carts.get(order.customer_id),
            feed=None if feed is None else feed[order.id],
            bus=None if bus is None else bus[order.id],
        )


def _by_order[R: OfOrder](records: Iterable[R]) -> defaultdict[str, list[R]]:
    grouped: defaultdict[str, list[R]] = defaultdict(list)
    for record in records:
        grouped[record.order_id].append(record)
    return grouped
