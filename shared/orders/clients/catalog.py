"""The product catalog as an inventory: it stores quantities, but has no reservations."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from orders.clients.http import Client
from orders.clients.inventory import StatedPrice
from orders.domain.stock import Price


class _Product(StatedPrice):
    quantity: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Product:
    """A product in the catalog; `body` is the whole response, which is sent back to change the quantity."""

    product_id: str
    quantity: int
    price: Price
    body: dict[str, Any]


class CatalogClient(Client):
    """Read products and set their quantities."""

    service = "catalog"

    def get(self, product_id: str) -> Product | None:
        """Read a product; None if the catalog does not have it."""
        response = self.call("GET", self._path(product_id), expected=frozenset({200, 404}))
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        stated = self.read(response, _Product)
        return Product(product_id, stated.quantity, stated.price, json.loads(response.content))

    def set_quantity(self, product: Product, quantity: int) -> None:
        """Write the product with another quantity."""
        body = {**product.body, "quantity": quantity}
        self.call("PUT", self._path(product.product_id), json=body, expected=frozenset({200, 201, 204}))

    def _path(self, product_id: str) -> str:
        return f"/products/{quote(product_id, safe='')}"
