"""Events: the feed has each event once, in an order without a gap. Its consumers know of orders what is stored.

So do consumers of the event bus, from which events come more than once and in any order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from checks.evidence import Case, Evidence, Order, Step
from orders.domain import money
from orders.domain.states import Status
from orders.schemas.events import EventDocument


def in_order(evidence: Evidence) -> Iterator[str]:
    """The positions of the feed are 1, 2, 3, …; an order's events are in it once, in the order of their versions."""
    versions: defaultdict[str, int] = defaultdict(int)
    for position, event in enumerate(evidence.feed or (), start=1):
        if event["position"] != position:
            yield f"the feed has position {event['position']} where {position} is next"
            return
        before = versions[event["order_id"]]
        if event["sequence"] != before + 1:
            yield f"the feed has version {event['sequence']} of order {event['order_id']} after version {before}"
        versions[event["order_id"]] = event["sequence"]


def applied(events: Iterable[EventDocument]) -> defaultdict[str, list[EventDocument]]:
    """Return what a consumer applies of each order: version after version, each once, as soon as it can.

    Args:
        events: In any order, and more than once.
    """
    orders: defaultdict[str, list[EventDocument]] = defaultdict(list)
    early: dict[tuple[str, int], EventDocument] = {}
    for event in events:
        order_id = event["order_id"]
        history = orders[order_id]
        if event["sequence"] > len(history):
            early[order_id, event["sequence"]] = event
        while following := early.pop((order_id, len(history) + 1), None):
            history.append(following)
    return orders


def consumed(case: Case) -> Iterator[str]:
    """Consumers of the feed and of the event bus apply each version of the order, and each says what is stored."""
    for source, events in (("feed", case.feed), ("event bus", case.bus)):
        if events is not None:
            yield from _differences(case.order, source, events)


def _differences(order: Order, source: str, events: Sequence[EventDocument]) -> Iterator[str]:
    if len(events) != order.version:
        yield f"has version {order.version}, but for a consumer of the {source} version {len(events)}"
    for step, event in zip(order.timeline, events, strict=False):
        said, stored = _said(event), _stored(order, step)
        if event["items"] is None:
            # It is too large for the bus; a consumer takes the lines from the feed.
            del stored["items"]
        if wrong := [name for name in stored if said[name] != stored[name]]:
            yield f"has another {' and '.join(wrong)} in version {step.version} of the {source}"


def _said(event: EventDocument) -> dict[str, object]:
    """Return what an event says."""
    said: dict[str, object] = {**event}
    said["adjustments"] = sorted((each["kind"], each["amount"]) for each in event["adjustments"])
    said["items"] = sorted((each["product_id"], each["unit_price"], each["quantity"]) for each in event["items"] or ())
    return said


def _stored(order: Order, step: Step) -> dict[str, object]:
    """Return what the event of a version has to say."""
    kind, _, name = step.actor.partition(":")

    def amount(minor: int) -> str:
        return money.to_decimal(minor, order.currency)

    return {
        "id": f"{order.id}.{step.version}",
        "type": step.event,
        "actor": {"kind": kind, "id": None if kind == "customer" else name},
        "status": step.state.status,
        "payment_status": step.state.payment_status,
        "shipping_status": step.state.shipping_status,
        "failure_reason": order.failure_reason if step.state.status is Status.FAILED else None,
        "currency": order.currency,
        "subtotal": amount(sum(line.unit_price * line.quantity for line in order.lines)),
        "total": amount(order.total),
        "adjustments": sorted((each.kind, amount(each.amount)) for each in order.adjustments),
        "items": sorted((line.product_id, amount(line.unit_price), line.quantity) for line in order.lines),
    }
