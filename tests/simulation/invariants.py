"""What must always hold, checked against everybody's books once nothing moves any more.

Three things are known to be so, and are no violation:

- A reservation that has expired before the order was paid takes its stock again, or its `commit_stock` task fails where
  the stock has gone to somebody else.
- A catalog that is only read and written has to be believed. A write of its own that arrives late, after its lock has
  been let go, and a write of somebody else's between a crash and its settlement, both change what is there. The
  simulation makes neither happen.
- Nobody asks the payment service what became of a charge that it called `processing`: such an order waits until the
  service reports it. The simulation's services report again until they are heard.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from orders.domain import lifecycle
from orders.domain.lifecycle import Event, TaskKind
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from tests.simulation.books import Books, OrderBook, TaskRow
from tests.simulation.world import stock_at_first

_PAID = frozenset({Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED, Status.CANCELLING})
_GONE = frozenset({ShippingStatus.SHIPPED, ShippingStatus.DELIVERED})
_TERMINAL = frozenset({
    Status.CANCELLED,
    Status.FAILED,
    Status.RETURNED,
    PaymentStatus.FAILED,
    PaymentStatus.VOIDED,
    PaymentStatus.REFUNDED,
    ShippingStatus.CANCELLED,
    ShippingStatus.RETURNED,
})  # fmt: skip


def violations(books: Books) -> list[str]:
    """Everything that must hold and does not."""
    return [
        *_stock(books),
        *_one_order(books),
        *_counts(books),
        *(
            f"order {order.id} ({'/'.join(order.state)}): {what}"
            for order in books.orders
            for what in chain(
                _held(books, order),
                _money(books, order),
                _tasks(books, order),
                _timeline(order),
                _parcels(books, order),
            )
        ),
    ]


def _stock(books: Books) -> Iterator[str]:
    """Stock: what live orders hold and what is free is what there was, and nobody else holds any."""
    held = books.held()
    sums = Counter({name: product.quantity for name, product in books.services.inventory.products.items()})
    if min(sums.values()) < 0:
        yield f"stock is negative: {dict(sums)}"
    for quantities in held.values():
        sums.update(quantities)
    if sums != stock_at_first():
        yield f"stock is {dict(sums)} in place of {stock_at_first()}"
    if any(hold["state"] not in {"reserved", "sold"} for hold in books.holds):
        yield f"changes of stock are under way: {books.holds}"
    for order_id in held.keys() - {order.id for order in books.orders if order.is_live}:
        yield f"stock is held for {order_id}, which is no live order"


def _held(books: Books, order: OrderBook) -> Iterator[str]:
    """Stock: a live order holds what was ordered, and for good once it is paid."""
    if not order.is_live or order.failed(TaskKind.COMMIT_STOCK):
        return
    is_paid = order.state.status in _PAID
    held = books.held().get(order.id)
    may_expire = books.inventory_api == "reservations" and not is_paid
    if held != order.quantities and not (held is None and may_expire):
        yield f"holds {held} in place of {order.quantities}"
    if is_paid and order.id not in books.sold():
        yield "is paid, and its stock is not sold for good"


def _money(books: Books, order: OrderBook) -> Iterator[str]:
    """Money: one charge at the most; what an ended order has taken goes back; what is paid has been taken."""
    charges = [charge for charge in books.services.payment.charges.values() if charge.order_id == order.id]
    captured = sum(charge.captured for charge in charges)
    refunded = sum(charge.refunded for charge in charges)
    payment = order.state.payment_status
    if len(charges) > 1:
        yield f"charged {len(charges)} times"
    if captured not in {0, order.total}:
        yield f"took {captured} in place of {order.total}"
    if refunded > captured:
        yield f"gave back {refunded} of {captured}"
    if not order.is_live and captured != refunded:
        yield f"took {captured} and gave back {refunded}"
    if order.is_live and refunded:
        yield f"gave back {refunded} of an order that goes on"
    if payment is PaymentStatus.PAID and captured != order.total:
        yield f"is paid, but took {captured} of {order.total}"
    if payment is PaymentStatus.REFUNDED and refunded != order.total:
        yield f"is refunded, but gave back {refunded} of {order.total}"
    if payment is PaymentStatus.REFUNDING:
        yield "is being refunded for ever"
    is_undecided = payment is PaymentStatus.PROCESSING
    if is_undecided and not any(charge.status == "processing" for charge in charges):
        yield "waits for a payment that is not under way"


def _one_order(books: Books) -> Iterator[str]:
    """Orders: one for a key, one live order for one cart version, and every order that a customer was told of."""
    for key, count in Counter(order.key for order in books.orders if order.key).items():
        if count > 1:
            yield f"{count} orders for {key}"
    carts = Counter((order.customer_id, order.cart_version) for order in books.orders if order.is_live)
    for (customer, version), count in carts.items():
        if version is not None and count > 1:
            yield f"{count} live orders for version {version} of the cart of {customer}"
    lost = set(books.placed) - {order.id for order in books.orders}
    if lost:
        yield f"orders were lost: {lost}"


def _counts(books: Books) -> Iterator[str]:
    """Metrics: what is counted is what is there."""
    if books.counted != Counter(order.state for order in books.orders):
        yield f"orders are counted as {dict(books.counted)}"


def _tasks(books: Books, order: OrderBook) -> Iterator[str]:
    """Tasks: each one promised is there once, and is done, or has failed for a reason and is a dead letter."""
    for task in order.tasks:
        if task.state == "pending":
            yield f"{task.kind} is pending"
        if task.state == "failed" and task.id not in books.dead_letters:
            yield f"{task.kind} has failed, and nobody is told"
        if task.state == "failed" and not _may_fail(books, order, task):
            yield f"{task.kind} has failed: {task.error}"
    notifications = Counter(
        task.template for task in order.tasks if task.kind == TaskKind.SEND_NOTIFICATION and task.state == "done"
    )
    sent = Counter(template for order_id, template in books.services.notifications.sent if order_id == order.id)
    if sent != notifications:
        yield f"sent {dict(sent)} in place of {dict(notifications)}"
    cart = books.services.carts.carts.get(order.customer_id)
    if order.cart_version and cart and cart.version == order.cart_version and cart.status != "Ordered":
        yield "its cart is not marked"


def _may_fail(books: Books, order: OrderBook, task: TaskRow) -> bool:
    shipments = [each for each in books.services.shipping.shipments.values() if each.order_id == order.id]
    match task.kind:
        case TaskKind.COMMIT_STOCK:
            return order.id not in books.held()
        case TaskKind.CANCEL_SHIPMENT:
            return any(shipment.status == "dispatched" for shipment in shipments)
    return False


def _timeline(order: OrderBook) -> Iterator[str]:
    """Timeline: a row for each version, each a step that the table allows; terminal is terminal."""
    if [step.version for step in order.timeline] != list(range(1, order.version + 1)):
        yield f"has version {order.version} and the timeline {[step.version for step in order.timeline]}"
    if order.timeline[-1].state != order.state:
        yield f"its timeline ends with {order.timeline[-1].state}"
    first = lifecycle.placing_tasks(from_cart=order.cart_version is not None)
    promised = {(1, task.kind, task.template) for task in first}
    for before, after in zip(order.timeline, order.timeline[1:], strict=False):
        transition = lifecycle.transition(Event(after.event), before.state)
        if transition is None or transition.apply(before.state) != after.state:
            yield f"{after.event} led from {before.state} to {after.state}"
            continue
        promised |= {(after.version, task.kind, task.template) for task in transition.tasks}
        for was, now in zip(before.state, after.state, strict=True):
            if was in _TERMINAL and now != was:
                yield f"{was} became {now}"
    if {(task.version, task.kind, task.template) for task in order.tasks} != promised:
        yield f"promised {sorted(map(str, promised))} and has {order.tasks}"


def _parcels(books: Books, order: OrderBook) -> Iterator[str]:
    """Parcels: one at the most, and none that waits to leave when the order has left or ended."""
    shipments = [each for each in books.services.shipping.shipments.values() if each.order_id == order.id]
    if len(shipments) > 1:
        yield f"has {len(shipments)} shipments"
    waiting = [shipment for shipment in shipments if shipment.status == "ready"]
    if waiting and (not order.is_live or order.state.shipping_status in _GONE):
        yield f"is over, but {waiting[0].id} can still leave"
