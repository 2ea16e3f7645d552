"""Orders: one for each request, settled, with a timeline that the lifecycle allows, and with its parcel."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from checks.evidence import Case, Evidence, Fate, Order, Step
from orders.domain import lifecycle
from orders.domain.lifecycle import Event, TaskKind
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status

_IN_BETWEEN = frozenset({"pending", "processing", "cancelling", "refunding"})
"""The statuses, of order, payment or shipment, that an order at rest does not have."""
_TERMINAL = (
    lifecycle.TERMINAL_STATUSES,
    frozenset({PaymentStatus.CHARGED_BACK}),
    frozenset({ShippingStatus.CANCELLED, ShippingStatus.RETURNED}),
)
"""The values of each status that an order keeps for good."""
_OF_CUSTOMERS = frozenset({Event.PLACED, Event.UPDATED, Event.CANCELLED})
"""The events that customers cause."""
_MONEY_WENT_BACK = frozenset({PaymentStatus.REFUNDED, PaymentStatus.CHARGED_BACK})
_LEFT = frozenset({ShippingStatus.SHIPPED, ShippingStatus.DELIVERED, ShippingStatus.RETURNED})


def one_for_each_request(evidence: Evidence) -> Iterator[str]:
    """An accepted request has one order, one of unknown fate at most one, and a refused one none."""
    by_key: defaultdict[str | None, list[str]] = defaultdict(list)
    for order in evidence.orders:
        by_key[order.key].append(order.id)
    for request in evidence.requests:
        ids = by_key.get(request.key, [])
        if request.fate is Fate.ACCEPTED and request.order_id not in ids:
            yield f"the request {request.key} was accepted as {request.order_id}, but stored are {ids}"
        if request.fate is Fate.REFUSED and request.key is not None and ids:
            yield f"the request {request.key} was refused, but stored are {ids}"
    known = {request.key for request in evidence.requests}
    for key, ids in by_key.items():
        if key is not None and len(ids) > 1:
            yield f"{len(ids)} orders are stored for the request {key}: {ids}"
        if key is not None and key not in known:
            yield f"no request has placed the orders of {key}: {ids}"


def one_for_each_cart(evidence: Evidence) -> Iterator[str]:
    """One version of a cart has one live order at most; a cart without a version, until it is marked as ordered."""
    carts = Counter((order.customer_id, order.cart_version) for order in evidence.orders if order.is_live)
    for (customer, version), count in carts.items():
        if version and count > 1:
            yield f"{count} live orders are stored for version {version} of the cart of {customer}"
    latest: dict[str, Order] = {}
    for order in evidence.orders:
        if order.cart_version == "" and order.is_live:
            before = latest.get(order.customer_id)
            if before and (before.cart_marked_at is None or before.cart_marked_at >= order.placed_at):
                yield f"{order.id} is stored for the cart of {order.customer_id}, not marked after {before.id}"
            latest[order.customer_id] = order


def counted(evidence: Evidence) -> Iterator[str]:
    """The metrics count as many orders of each state as are stored."""
    for count in evidence.counts:
        if count.counted != count.stored:
            yield f"{count.counted} orders are counted as {count.state}, but {count.stored} are stored"


def settled(case: Case) -> Iterator[str]:
    """An order has come to rest, unless it waits for a charge that is processing or for a person.

    A person decides about a confirmed order whose money went back before it was shipped, and about a refund of money
    that the payment service does not know.
    """
    state = case.order.state
    is_charged = state.payment_status is PaymentStatus.PROCESSING and any(
        charge.status == "processing" for charge in case.charges
    )
    has_no_money = state.status is Status.CONFIRMED and state.payment_status in _MONEY_WENT_BACK
    is_unknown = not case.charges and case.order.has_failed(TaskKind.REFUND_PAYMENT)
    may_wait = state.status is not Status.CANCELLING and (is_charged or has_no_money or is_unknown)
    if not _IN_BETWEEN.isdisjoint(state) and not may_wait:
        yield "got stuck"


def timeline(case: Case, *, publishes_events: bool) -> Iterator[str]:
    """The timeline has a row for each version. The lifecycle allows each step, and demands the tasks that there are."""
    order = case.order
    if [step.version for step in order.timeline] != list(range(1, order.version + 1)):
        yield f"has version {order.version} and the timeline {[step.version for step in order.timeline]}"
    if not order.timeline or order.timeline[-1].state != order.state:
        yield f"its timeline does not end with {'/'.join(order.state)}"
    yield from _steps(order, publishes_events=publishes_events)


def actors(case: Case) -> Iterator[str]:
    """Each event has an actor. A customer has placed, updated or cancelled an order of their own, and nothing else."""
    for step in case.order.timeline:
        kind, _, name = step.actor.partition(":")
        if kind not in {"customer", "staff", "service", "system"} or not name:
            yield f"{step.event} has the actor {step.actor!r}"
        if kind == "customer" and (name != case.order.customer_id or step.event not in _OF_CUSTOMERS):
            yield f"{step.event} of an order of {case.order.customer_id} was caused by {step.actor}"


def _steps(order: Order, *, publishes_events: bool) -> Iterator[str]:
    first = lifecycle.placing_tasks(from_cart=order.cart_version is not None)
    wanted = Counter((1, str(task.kind), task.template) for task in first)
    if publishes_events:
        wanted.update((step.version, str(TaskKind.PUBLISH_EVENT), None) for step in order.timeline)
    ready: str | None = None
    for before, after in zip(order.timeline, order.timeline[1:], strict=False):
        transition = lifecycle.transition(Event(after.event), before.state)
        if transition is None or transition.apply(before.state) != after.state:
            yield f"{after.event} led from {'/'.join(before.state)} to {'/'.join(after.state)}"
            continue
        wanted.update((after.version, str(task.kind), task.template) for task in transition.tasks)
        if _is_another_parcel(ready, after, before.state):
            wanted.update([(after.version, str(TaskKind.CANCEL_SHIPMENT), None)])
        if after.state.shipping_status is ShippingStatus.READY:
            ready = after.tracking_number or ready
        for was, now, terminal in zip(before.state, after.state, _TERMINAL, strict=True):
            if was in terminal and now != was:
                yield f"{was} became {now}"
    found = Counter((task.version, task.kind, task.template) for task in order.tasks)
    if found != wanted:
        yield f"lacks the tasks {sorted(map(str, wanted - found))} and has {sorted(map(str, found - wanted))} too many"


def _is_another_parcel(ready: str | None, step: Step, before: State) -> bool:
    """Whether a report says that another parcel has left than the one that was ready, by its tracking number."""
    has_left = step.event in {Event.SHIPMENT_SHIPPED, Event.SHIPMENT_DELIVERED}
    was_ready = before.shipping_status is ShippingStatus.READY
    return has_left and was_ready and step.tracking_number not in {None, ready} and ready is not None


def parcels(case: Case, *, are_tracked: bool) -> Iterator[str]:
    """There is one parcel at most. None can leave once the order is over; if one has left, a failed task says so."""
    order = case.order
    if len(case.shipments) > 1:
        yield f"has {len(case.shipments)} parcels"
    has_left = order.state.shipping_status in _LEFT
    is_over = has_left or not order.is_live
    for shipment in case.shipments:
        if shipment.status == "ready" and is_over and (are_tracked or not has_left):
            yield "is over, but its parcel is ready"
        is_reported = order.has_failed(TaskKind.CANCEL_SHIPMENT)
        if shipment.status == "dispatched" and order.state.status is Status.CANCELLED and not is_reported:
            yield "is cancelled, but its parcel is dispatched"


def addressed(case: Case) -> Iterator[str]:
    """A parcel holds what was ordered, and goes to the address of the order by its method, as long as it has them."""
    order = case.order
    wanted = order.directions.shipping_address, order.directions.shipping_method
    for shipment in case.shipments:
        units: Counter[str] = Counter()
        for line in shipment.lines:
            units[line["product_id"]] += line["quantity"]
        if units != order.units:
            yield f"the parcel {shipment.id} holds something else than was ordered"
        if not order.is_erased and (shipment.address, shipment.method) != wanted:
            yield f"the parcel {shipment.id} has another address or shipping method"


def erased(case: Case) -> Iterator[str]:
    """An order whose personal data was erased has ended, and has no address and no payment method."""
    order = case.order
    if not order.is_erased:
        return
    if lifecycle.transition(Event.ERASED, order.state) is None:
        yield "is erased, but has not ended"
    kept = order.directions.shipping_address, order.directions.billing_address, order.directions.payment_method
    if any(kept):
        yield "is erased, but has an address or a payment method"
