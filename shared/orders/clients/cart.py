"""The shopping cart service."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict

from orders.clients.http import Client
from orders.domain.errors import CartNotFound
from orders.schemas.requests import Currency, Email, Name, NewLine


class CartLine(NewLine):
    """A line of a cart; further fields are ignored."""

    model_config = ConfigDict(extra="ignore")


class Cart(BaseModel):
    """A customer's cart. Its version changes with its contents; None if the cart service has no versions."""

    version: Annotated[str | None, BeforeValidator(lambda value: None if value is None else str(value))] = None
    status: str = "Active"
    currency: Currency | None = None
    customer_name: Name | None = None
    customer_email: Email | None = None
    items: list[CartLine] = []

    @property
    def is_ordered(self) -> bool:
        """Whether the cart has already been ordered."""
        return self.status.lower() == "ordered"


class CartClient(Client):
    """Read carts and mark them as ordered."""

    service = "cart"

    def get(self, customer_id: str) -> Cart:
        """Read the customer's cart.

        Raises:
            CartNotFound: the customer has none.
            DownstreamUnavailable: no usable answer.
        """
        response = self.call("GET", f"/carts/{quote(customer_id, safe='')}", expected=frozenset({200, 404}))
        if response.status == HTTPStatus.NOT_FOUND:
            raise CartNotFound(f"The customer {customer_id!r} has no cart.")
        return self.read(response, Cart)

    def mark_ordered(self, customer_id: str, version: str | None) -> None:
        """Mark the cart as ordered, unless it has changed since this version."""
        body = {"status": "Ordered", **({} if version is None else {"version": version})}
        expected = frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
        self.call("PUT", f"/carts/{quote(customer_id, safe='')}", json=body, expected=expected)
