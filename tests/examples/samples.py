"""The events of some orders, as the service tells them, and what a consumer makes of them."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from checks.evidence import Line
from orders.domain import lifecycle
from orders.domain.lifecycle import Event
from orders.domain.states import PLACED
from orders.schemas.events import EventDocument, FeedEvent
from tests.checks.samples import documents, order

MOST_EVENTS = 12


def feed(seed: int, orders: int, after: int = 0) -> list[FeedEvent]:
    """The events of orders that each go a way of their own through the lifecycle, mixed, after a position."""
    random = Random(seed)
    lives = [_life(random) for _ in range(orders)]
    mixed: list[FeedEvent] = []
    while lives := [life for life in lives if life]:
        event = random.choice(lives).pop(0)
        mixed.append({**event, "position": after + len(mixed) + 1})
    return mixed


def bus(events: Iterable[FeedEvent]) -> list[EventDocument]:
    """The same events as the bus has them."""
    return [{name: value for name, value in event.items() if name != "position"} for event in events]  # type: ignore[misc]


@dataclass
class Books:
    """What consumers keep: by order its version, statuses, total and lines; and the revenue by currency."""

    orders: dict[str, tuple[object, ...]] = field(default_factory=dict)
    revenue: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


def books(events: Iterable[FeedEvent]) -> Books:
    """What a consumer keeps that applies each event once, and an order's in its order."""
    kept = Books()
    for event in events:
        kept.orders[event["order_id"]] = (
            event["sequence"],
            event["status"],
            event["payment_status"],
            event["shipping_status"],
            Decimal(event["total"]),
            tuple((line["product_id"], line["quantity"]) for line in event["items"] or ()),
        )
        if event["type"] == Event.PAYMENT_SUCCEEDED and event["payment_status"] == "paid":
            kept.revenue[event["currency"]] += Decimal(event["total"])
    return kept


def _life(random: Random) -> list[EventDocument]:
    """The events of an order, in the order of their sequence."""
    order_id = str(uuid.UUID(int=random.getrandbits(128), version=4))
    state, events = PLACED, [Event.PAYMENT_STARTED]
    while len(events) < random.randrange(MOST_EVENTS):
        row = lifecycle.transition(events[-1], state)
        assert row
        state = row.apply(state)
        rows = [row for row in lifecycle.TRANSITIONS if row.source.matches(state) and row.apply(state) != state]
        if not rows:
            break
        # Most orders are paid.
        paid = [row for row in rows if row.event is Event.PAYMENT_SUCCEEDED]
        events.append(random.choice(paid or rows).event)
    price, quantity = random.randrange(1, 10_000), random.randrange(1, 5)
    placed = replace(
        order(order_id, *events),
        currency=random.choice(["USD", "GBP"]),
        lines=(Line("PROD001", price, quantity),),
        total=price * quantity,
    )
    return documents(placed)
