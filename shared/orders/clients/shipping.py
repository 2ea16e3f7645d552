"""The shipping service."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Literal, NotRequired, TypedDict
from urllib.parse import quote

from pydantic import BaseModel

from orders.clients.http import Client
from orders.domain.details import Address


class Shipment(BaseModel):
    """A shipment: ready for the carrier, with the carrier, or cancelled."""

    id: str
    tracking_number: str | None = None
    status: Literal["ready", "dispatched", "cancelled"]


class ParcelLine(TypedDict):
    """A product to ship, with its quantity and what the customer saw."""

    product_id: str
    quantity: int
    name: NotRequired[str]


class _Shipments(BaseModel):
    shipments: list[Shipment]


class ShippingClient(Client):
    """Create, find and cancel shipments. A shipment names its order as its reference."""

    service = "shipping"
    read_timeout_seconds = 10.0

    def create(
        self,
        key: str,
        order_id: str,
        lines: Sequence[ParcelLine],
        *,
        address: Address | None = None,
        method: str | None = None,
    ) -> Shipment:
        """Create a shipment; calls with the same key create it once, as long as the service knows the key.

        Args:
            key: the idempotency key.
            order_id: the order.
            lines: what to ship.
            address: where to.
            method: the service's name of a method.
        """
        body = {"reference": order_id, "lines": lines, "address": address, "method": method}
        body = {name: value for name, value in body.items() if value is not None}
        response = self.call(
            "POST", "/shipments", json=body, key=key, expected=frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
        )
        return self.read(response, Shipment)

    def find(self, order_id: str) -> list[Shipment]:
        """List the shipments of an order, the oldest first."""
        path = f"/shipments?reference={quote(order_id, safe='')}"
        return self.read(self.call("GET", path, expected=frozenset({HTTPStatus.OK})), _Shipments).shipments

    def cancel(self, shipment_id: str) -> bool:
        """Cancel a shipment. Return whether that succeeded; False if it has already left."""
        path = f"/shipments/{quote(shipment_id, safe='')}/cancel"
        response = self.call("POST", path, expected=frozenset({HTTPStatus.OK, HTTPStatus.CONFLICT}))
        return response.status == HTTPStatus.OK
