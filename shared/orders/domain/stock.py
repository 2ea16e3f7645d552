"""What the inventory says of products: their prices, and which are short or unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
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


class Inventory(Protocol):
    """Reserves stock for orders."""

    def reserve(self, order_id: str, quantities: Mapping[str, int]) -> Mapping[str, Price]:
        """Reserve the quantity of each product for the order, or nothing; return each product's price.

        Raises:
            InsufficientStock: less is available of some product.
            UnknownProduct: the service does not know some product.
            DownstreamUnavailable: no usable answer.
        """

    def commit(self, order_id: str) -> None:
        """Make the reservation permanent, so that it does not expire."""

    def release(self, order_id: str) -> None:
        """Release the order's stock; a second time changes nothing."""


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
