"""Stock: what is free and what is held is what there was, and live orders hold what was ordered."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.evidence import Case, Evidence, Hold
from orders.domain.states import Status


@dataclass(frozen=True, slots=True)
class Shelf:
    """A product's stock.

    Attributes:
        held: For orders.
        stray: Held for no order, until that expires.
    """

    product_id: str
    at_start: int
    free: int
    held: int
    stray: int

    @property
    def missing(self) -> int:
        """How many units are gone; negative if there are too many."""
        return self.at_start - self.free - self.held - self.stray


def shelves(evidence: Evidence) -> list[Shelf]:
    """Count the stock of each product."""
    ids = {order.reservation_id for order in evidence.orders}
    held = units(hold for hold in evidence.holds if hold.reservation_id in ids)
    stray = units(hold for hold in evidence.holds if hold.reservation_id not in ids)
    return [
        Shelf(product, count, evidence.free[product], held[product], stray[product])
        for product, count in evidence.at_start.items()
    ]


def adds_up(evidence: Evidence) -> Iterator[str]:
    """No unit is made or lost, and none is held for no order once that has expired."""
    for shelf in shelves(evidence):
        if shelf.missing or shelf.free < 0:
            yield (
                f"product {shelf.product_id}: of {shelf.at_start:,} at the start {shelf.free:,} are free, "
                f"{shelf.held:,} held for orders and {shelf.stray:,} without one: {shelf.missing:+,} are missing"
            )
        if shelf.stray and evidence.strays_have_expired:
            yield f"product {shelf.product_id}: {shelf.stray:,} are held for no order"
    if evidence.strays_have_expired and any(hold.status == "changing" for hold in evidence.holds):
        yield "changes of stock are under way"


def held(case: Case, *, holds_expire: bool) -> Iterator[str]:
    """A live order holds what was ordered, permanently once it is paid; an ended order holds nothing.

    Only the hold of an order that is not paid yet may have expired: nothing leaves without committed stock.
    """
    order = case.order
    found = units(case.holds)
    wanted = order.units if order.is_live else Counter[str]()
    is_paid = order.is_live and order.state.status is not Status.PENDING
    may_be_gone = holds_expire and not found and not is_paid
    if found != wanted and not may_be_gone:
        yield f"holds {_text(found)}, not {_text(wanted)}"
    if is_paid and any(hold.status != "committed" for hold in case.holds):
        yield "is paid, but what it holds will expire"


def units(holds: Iterable[Hold]) -> Counter[str]:
    """Add up the units of each product."""
    counts: Counter[str] = Counter()
    for hold in holds:
        counts[hold.product_id] += hold.quantity
    return counts


def _text(counts: Counter[str]) -> str:
    return ", ".join(f"{count} of {product}" for product, count in sorted(counts.items())) or "nothing"
