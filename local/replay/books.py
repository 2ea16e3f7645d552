"""Do the books balance? Orders in the database against the money and the stock of the stand-in services."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from local.replay.standins import Charge, Reservation, Shipment
from local.replay.stored import StoredOrder, StoredTask

ENDED = frozenset({"cancelled", "failed", "returned"})
"""Statuses in which an order holds no stock and keeps no money."""
IN_BETWEEN = frozenset({"pending", "cancelling"})
MONEY_IN_BETWEEN = frozenset({"pending", "processing", "refunding"})
DONE, FAILED, PENDING = "done", "failed", "pending"
"""The states of a task."""
CANCEL_SHIPMENT = "cancel_shipment"
DISPATCHED = "dispatched"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A product's stock: all of it is free, held for a live order, or held without one until that expires."""

    product_id: str
    at_start: int
    free: int
    held: int
    orphaned: int

    @property
    def missing(self) -> int:
        """How many units are gone; below zero, how many too many there are."""
        return self.at_start - self.free - self.held - self.orphaned


def shelves(
    at_start: Mapping[str, int],
    free: Mapping[str, int],
    orders: Iterable[StoredOrder],
    reservations: Iterable[Reservation],
) -> list[Shelf]:
    """Returns the stock of each product.

    Args:
        at_start: How many units there were.
        free: How many are free now.
        orders: All orders that there are since then.
        reservations: All reservations since then; those of no order are held until they expire.
    """
    orders = list(orders)
    held = _sum(order.units for order in orders if order.status not in ENDED)
    ids = {order.id for order in orders}
    orphaned = _sum(each.units for each in reservations if each.holds_stock and each.id not in ids)
    return [
        Shelf(product, count, free[product], held[product], orphaned[product]) for product, count in at_start.items()
    ]


def stock_mismatches(
    stock: Iterable[Shelf], orders: Iterable[StoredOrder], reservations: Iterable[Reservation]
) -> Iterator[str]:
    """Yields a phrase about each product of which units are gone, and each order that holds too much or too little."""
    for shelf in stock:
        if shelf.missing:
            yield (
                f"product {shelf.product_id}: of {shelf.at_start:,} at the start {shelf.free:,} are free, "
                f"{shelf.held:,} held for orders and {shelf.orphaned:,} without one: {shelf.missing:+,} are missing"
            )
    found = {each.id: each for each in reservations}
    for order in orders:
        reservation = found.get(order.id)
        held = reservation.units if reservation and reservation.holds_stock else Counter()
        wanted = Counter() if order.status in ENDED else order.units
        if held != wanted:
            yield f"order {order.id} is {order.status} and holds {_units(held)}, not {_units(wanted)}"
        elif wanted and reservation and reservation.status == "held":
            yield f"order {order.id} is {order.status}, but its reservation will expire"


def money_mismatches(orders: Iterable[StoredOrder], charges: Iterable[Charge]) -> Iterator[str]:
    """Yields a phrase about each order whose money is not where it belongs."""
    charged: defaultdict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        charged[charge.order_id].append(charge)
    for order in orders:
        for problem in _money_problems(order, [each for each in charged[order.id] if each.status == "succeeded"]):
            yield f"order {order.id} is {order.status}/{order.payment_status}: {problem}"


def unsettled(orders: Iterable[StoredOrder]) -> Iterator[str]:
    """Yields a phrase about each order that is not where it could stay."""
    for order in orders:
        if order.status in IN_BETWEEN or order.payment_status in MONEY_IN_BETWEEN:
            yield f"order {order.id} got stuck at {order.status}/{order.payment_status}/{order.shipping_status}"


def unfinished(tasks: Iterable[StoredTask], shipments: Iterable[Shipment]) -> Iterator[str]:
    """Yields a phrase about each task that is not done, unless it is to call back a parcel that has left already."""
    left = {shipment.order_id for shipment in shipments if shipment.status == DISPATCHED}
    for task in tasks:
        if task.state == DONE or (task.kind == CANCEL_SHIPMENT and task.state == FAILED and task.order_id in left):
            continue
        yield f"task {task.id} ({task.kind}) of order {task.order_id} is {task.state}: {task.last_error}"


def states(orders: Iterable[StoredOrder]) -> Counter[str]:
    """Returns how many orders are in each state; of failed ones it says why."""
    return Counter(
        f"{order.status}/{order.payment_status}/{order.shipping_status}"
        + (f" ({order.failure_reason})" if order.failure_reason else "")
        for order in orders
    )


def _money_problems(order: StoredOrder, charges: Collection[Charge]) -> Iterator[str]:
    if len(charges) > 1:
        yield f"it was charged {len(charges)} times"
    if not charges and order.status not in ENDED:
        yield "it was never charged"
    for charge in charges:
        if charge.amount != order.total or charge.currency != order.currency:
            yield f"charged {charge.amount} {charge.currency}, but its total is {order.total} {order.currency}"
        due = charge.amount if order.status in ENDED else 0
        if charge.refunded_amount != due:
            yield f"{charge.refunded_amount} of {charge.amount} were refunded, not {due}"


def _sum(counts: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total


def _units(units: Counter[str]) -> str:
    return ", ".join(f"{count} of {product}" for product, count in sorted(units.items())) or "nothing"
