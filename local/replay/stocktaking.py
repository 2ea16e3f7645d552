"""Counting the stock of a running stack after a run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from local.replay import books
from local.replay.books import Shelf
from local.replay.standins import Reservation, StandIns
from local.replay.stored import Store, StoredOrder


@dataclass(frozen=True, slots=True)
class Stock:
    """What became of each product, and all that was reserved."""

    shelves: list[Shelf]
    reservations: list[Reservation]


def take_stock(
    services: StandIns, store: Store, at_start: Mapping[str, int], orders: Sequence[StoredOrder], tried: Collection[str]
) -> Stock:
    """Counts what is free and what is held, whichever kind of inventory is in use.

    Args:
        services: The stand-in services.
        store: Knows what is held in a catalog without reservations.
        at_start: How many units there were of each product.
        orders: All orders that there are since then.
        tried: The ids under which stock was reserved, or tried to be.
    """
    ids = {order.id for order in orders}
    reservations = services.reservations(sorted(ids))
    # The others may expire at any moment, so they are looked at together with what is free.
    reservations += services.reservations(sorted(set(tried) - ids))
    reservations += store.holds(list(at_start))
    free = services.free(at_start)
    return Stock(books.shelves(at_start, free, orders, reservations), reservations)
