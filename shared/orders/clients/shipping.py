"""The shipping service."""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote

from pydantic import BaseModel

from orders.clients.http import Client


class Shipment(BaseModel):
    """A shipment, ready for the carrier."""

    id: str
    tracking_number: str | None = None


class ShippingClient(Client):
    """Create and cancel shipments."""

    service = "shipping"
    read_timeout_seconds = 10.0

    def create(self, key: str, order_id: str, lines: Sequence[tuple[str, int]]) -> Shipment:
        """Create a shipment of products and quantities; calls with the same key create it once."""
        body = {
            "order_id": order_id,
            "lines": [{"product_id": product, "quantity": quantity} for product, quantity in lines],
        }
        response = self.call(
            "POST", "/shipments", json=body, key=key, expected=frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
        )
        return self.read(response, Shipment)

    def cancel(self, shipment_id: str) -> bool:
        """Cancel a shipment. Return whether that succeeded; False if it has already left."""
        path = f"/shipments/{quote(shipment_id, safe='')}/cancel"
        response = self.call("POST", path, expected=frozenset({HTTPStatus.OK, HTTPStatus.CONFLICT}))
        return response.status == HTTPStatus.OK
