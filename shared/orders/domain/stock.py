"""What the inventory says of products: their prices, and which are short or unknown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from orders.domain.errors import InsufficientStock, UnknownProduct

_NAMED = 10
"""Products that a message names; the members of the error hold all of them."""


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one piece of a product; None where the inventory states none."""

    unit_price: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Shortage:
    """A product of which less is available than requested."""

    product_id: str
    requested: int
    available: int


class ReservationUnusable(Exception):
    """The reservation was released, or belongs to an order; stock can be reserved under another id.

    Attributes:
        generation: the latest generation of reservations for which this is known; 0 if only of this one.
    """

    def __init__(self, generation: int = 0) -> None:
        super().__init__(generation)
        self.generation = generation


class Inventory(Protocol):
    """Reserves stock for orders.

    Attributes:
        holds_in_database: whether reservations are rows of `stock_holds`, which an order adopts when it is stored.
    """

    holds_in_database: bool

    def reserve(
        self, reservation_id: str, quantities: Mapping[str, int], check: Callable[[Mapping[str, Price]], object]
    ) -> Mapping[str, Price]:
        """Reserve the quantity of each product, or nothing; a second time changes nothing. Return each product's price.

        Args:
            reservation_id: attempts at the same request share it.
            quantities: how much of each product.
            check: raises if the order is refused at these prices. It is called before anything is reserved if the
                prices are known by then, and otherwise never.

        Raises:
            OrderServiceError: what `check` raises.
            ValidationFailed: the order has more products than this inventory takes.
            ReservationUnusable: the id was released, or an order has been paid with it.
            InsufficientStock: less is available of some product.
            UnknownProduct: the service does not know some product.
            DownstreamUnavailable: no usable answer; stock may be reserved.
        """

    def commit(self, reservation_id: str, quantities: Mapping[str, int] | None) -> bool:
        """Make the reservation permanent, so that it does not expire; a second time changes nothing.

        Args:
            reservation_id: the reservation.
            quantities: what to reserve again if the reservation has expired; None to leave it.

        Returns:
            Whether the stock is committed; False if it is lost: released, or expired and sold to others.

        Raises:
            DownstreamUnavailable: no usable answer.
        """

    def release(self, reservation_id: str) -> None:
        """Release the reserved stock; a second time changes nothing."""

    def release_orphan(self, reservation_id: str, unchanged_since: datetime) -> None:
        """Release the reserved stock, unless an order or another attempt has taken it over since a time."""


def add_up(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the quantity of each product, over lines of a product and a quantity."""
    quantities: dict[str, int] = {}
    for product_id, quantity in lines:
        quantities[product_id] = quantities.get(product_id, 0) + quantity
    return quantities


def insufficient_stock(shortages: Sequence[Shortage]) -> InsufficientStock:
    """Make the error that names each short product."""
    named = ", ".join(f"{each.product_id} ({each.available} of {each.requested})" for each in shortages[:_NAMED])
    return InsufficientStock(
        f"Insufficient stock of {named}{_more(shortages)}; nothing was reserved.",
        shortages=[asdict(each) for each in shortages],
    )


def unknown_products(product_ids: Sequence[str]) -> UnknownProduct:
    """Make the error that names each unknown product."""
    named = ", ".join(product_ids[:_NAMED])
    return UnknownProduct(f"The inventory does not know {named}{_more(product_ids)}.", product_ids=list(product_ids))


def _more(products: Sequence[object]) -> str:
    return f" and {len(products) - _NAMED} more" if len(products) > _NAMED else ""
