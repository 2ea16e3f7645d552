"""The inventory service with reservations: for all lines or none, identified by an id that retries repeat."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from orders.clients.http import Client
from orders.domain.errors import InsufficientStock, UnknownProduct
from orders.domain.stock import Price, ReservationUnusable, Shortage, insufficient_stock, unknown_products
from orders.schemas.fields import Currency, ProductId

_RELEASED = "reservation_released"


class StatedPrice(BaseModel):
    """A price in the service's response."""

    unit_price: Annotated[Decimal, Field(ge=0)] | None = None
    other_name: Annotated[Decimal, Field(ge=0)] | None = Field(default=None, validation_alias="price")
    """The unit price by its other usual name."""
    currency: Currency | None = None

    @property
    def price(self) -> Price:
        """The validated price."""
        return Price(self.other_name if self.unit_price is None else self.unit_price, self.currency)


class _Shortage(BaseModel):
    product_id: ProductId
    requested: int
    available: int


class _ReservedLine(StatedPrice):
    product_id: ProductId


class _Reservation(BaseModel):
    status: str | None = None
    lines: list[_ReservedLine]


class _Refusal(BaseModel):
    code: str


class _Shortages(BaseModel):
    code: Literal["insufficient_stock"]
    shortages: Annotated[list[_Shortage], Field(min_length=1)]


class _UnknownProducts(BaseModel):
    code: Literal["unknown_product"]
    product_ids: Annotated[list[ProductId], Field(min_length=1)]


class InventoryClient(Client):
    """Reserve stock at the inventory service; reservations expire unless they are committed."""

    service = "inventory"
    holds_in_database = False

    def reserve(
        self,
        reservation_id: str,
        quantities: Mapping[str, int],
        check: Callable[[Mapping[str, Price]], object],  # noqa: ARG002 - the protocol's
    ) -> dict[str, Price]:
        """See `Inventory.reserve`. After an error, a reservation that was made nevertheless expires.

        Prices are known only from the reservation, so none are checked before.
        """
        lines = [{"product_id": product, "quantity": quantity} for product, quantity in quantities.items()]
        response = self.call(
            "PUT", self._path(reservation_id), json={"lines": lines}, expected=frozenset({200, 201, 409, 422})
        )
        match response.status:
            case HTTPStatus.CONFLICT:
                if self.read(response, _Refusal).code == _RELEASED:
                    raise ReservationUnusable
                shortages = self.read(response, _Shortages).shortages
                raise insufficient_stock([Shortage(**each.model_dump()) for each in shortages])
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                raise unknown_products(self.read(response, _UnknownProducts).product_ids)
        reservation = self.read(response, _Reservation)
        if reservation.status == "committed":
            raise ReservationUnusable
        return {line.product_id: line.price for line in reservation.lines}

    def commit(self, reservation_id: str, quantities: Mapping[str, int] | None) -> bool:
        """See `Inventory.commit`."""
        if self._commit(reservation_id):
            return True
        if quantities is None:
            return False
        try:
            self.reserve(reservation_id, quantities, lambda _: None)
        except (InsufficientStock, UnknownProduct):
            return False
        except ReservationUnusable:
            # It was released, or committed meanwhile.
            return self._commit(reservation_id)
        if not self._commit(reservation_id):
            raise self.unavailable("it refuses to commit what it has just reserved")
        return True

    def _commit(self, reservation_id: str) -> bool:
        """Commit the reservation; return whether it exists and its stock is there."""
        path = f"{self._path(reservation_id)}/commit"
        response = self.call("POST", path, key=reservation_id, expected=frozenset({200, 204, 404, 409, 410}))
        return response.status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}

    def release(self, reservation_id: str) -> None:
        """Give back what was reserved, if anything; a second time changes nothing."""
        self.call("DELETE", self._path(reservation_id), expected=frozenset({200, 204, 404}))

    def release_orphan(self, reservation_id: str, unchanged_since: datetime) -> None:  # noqa: ARG002 - the protocol's
        """See `Inventory.release_orphan`; the service itself ends reservations that are not committed."""
        self.release(reservation_id)

    def _path(self, reservation_id: str) -> str:
        return f"/reservations/{quote(reservation_id, safe='')}"
