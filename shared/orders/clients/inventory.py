"""The inventory service with reservations: all lines or none, under an id that a retry repeats."""

from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from orders.clients.http import Client
from orders.errors import DownstreamRefused, InsufficientStock, UnknownProduct
from orders.models import Currency, ProductId

_NAMED = 10
"""Products that a message names; the members of the error hold all of them."""


class Price(BaseModel):
    """What one piece of a product costs; None where the service states no price."""

    unit_price: Annotated[Decimal, Field(ge=0)] | None = None
    currency: Currency | None = None


class Shortage(BaseModel):
    """A product of which less is available than was asked for."""

    product_id: ProductId
    requested: int
    available: int


class _ReservedLine(Price):
    product_id: ProductId


class _Reservation(BaseModel):
    lines: list[_ReservedLine]


class _Refusal(BaseModel):
    code: str


class _Shortages(BaseModel):
    code: Literal["insufficient_stock"]
    shortages: Annotated[list[Shortage], Field(min_length=1)]


class _UnknownProducts(BaseModel):
    code: Literal["unknown_product"]
    product_ids: Annotated[list[ProductId], Field(min_length=1)]


class InventoryClient(Client):
    """Reserves stock at the inventory service; a reservation expires by itself unless it is committed."""

    service = "inventory"

    def reserve(self, order_id: str, quantities: Mapping[str, int]) -> dict[str, Price]:
        """Reserve so many of each product, or nothing; returns what the products cost.

        Raises:
            InsufficientStock: too little is there of some product.
            UnknownProduct: the service does not know some product.
            DownstreamUnavailable: no answer that can be used; what was reserved, if anything, expires.
        """
        lines = [{"product_id": product, "quantity": quantity} for product, quantity in quantities.items()]
        response = self.call(
            "PUT", self._path(order_id), json={"lines": lines}, expected=frozenset({200, 201, 409, 422})
        )
        match response.status:
            case HTTPStatus.CONFLICT:
                raise short_of(self.read(response, _Shortages).shortages)
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                raise unknown(self.read(response, _UnknownProducts).product_ids)
        return {line.product_id: line for line in self.read(response, _Reservation).lines}

    def commit(self, order_id: str) -> None:
        """Make the reservation last: the stock is sold. One that was released meanwhile stays so.

        Raises:
            DownstreamRefused: it has expired and its stock has gone to somebody else, or there never was one.
            DownstreamUnavailable: no answer that can be used.
        """
        path = f"{self._path(order_id)}/commit"
        response = self.call("POST", path, key=order_id, expected=frozenset({200, 204, 409}))
        if response.status == HTTPStatus.CONFLICT and self.read(response, _Refusal).code != "reservation_released":
            raise DownstreamRefused("The reservation has expired and its stock is gone.", service=self.service)

    def release(self, order_id: str) -> None:
        """Give back what was reserved, if anything; a second time changes nothing."""
        self.call("DELETE", self._path(order_id), expected=frozenset({200, 204, 404}))

    def _path(self, order_id: str) -> str:
        return f"/reservations/{quote(order_id, safe='')}"


def short_of(shortages: list[Shortage]) -> InsufficientStock:
    """The error that names each short product."""
    named = ", ".join(f"{each.product_id} ({each.available} of {each.requested})" for each in shortages[:_NAMED])
    more = f" and {len(shortages) - _NAMED} more" if len(shortages) > _NAMED else ""
    return InsufficientStock(
        f"Too little is available of {named}{more}; nothing was reserved.",
        shortages=[each.model_dump() for each in shortages],
    )


def unknown(product_ids: list[str]) -> UnknownProduct:
    """The error that names each unknown product."""
    named = ", ".join(product_ids[:_NAMED])
    more = f" and {len(product_ids) - _NAMED} more" if len(product_ids) > _NAMED else ""
    return UnknownProduct(f"The inventory does not know {named}{more}.", product_ids=product_ids)
