"""The shopping cart service."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict

from orders.clients.http import Client
from orders.domain.errors import CartNotFound
from orders.schemas.requests import Currency, Email, Name, NewLine


class CartLine(NewLine):
    """A product in a cart; what the service says beyond this is of no interest here."""

    model_config = ConfigDict(extra="ignore")


class Cart(BaseModel):
    """A customer's cart. The version changes with its contents; not every cart service has one."""

    version: Annotated[str | None, BeforeValidator(lambda value: None if value is None else str(value))] = None
    status: str = "Active"
    currency: Currency | None = None
    customer_name: Name | None = None
    customer_email: Email | None = None
    items: list[CartLine] = []

    @property
    def is_ordered(self) -> bool:
        """Whether the cart has become an order already."""
        return self.status.lower() == "ordered"


class CartClient(Client):
    """Reads carts, and marks them as ordered."""

    service = "cart"

    def get(self, customer_id: str) -> Cart:
        """The customer's cart.

        Raises:
            CartNotFound: there is none.
            DownstreamUnavailable: no answer that can be used.
        """
        response = self.call("GET", f"/carts/{quote(customer_id, safe='')}", expected=frozenset({200, 404}))
        if response.status == HTTPStatus.NOT_FOUND:
            raise CartNotFound(f"The customer {customer_id!r} has no cart.")
        return self.read(response, Cart)

    def mark_ordered(self, customer_id: str, version: str | None) -> None:
        """Say that the cart has become an order; a cart that has changed since is left alone."""
        body = {"status": "Ordered", **({} if version is None else {"version": version})}
        expected = frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
        self.call("PUT", f"/carts/{quote(customer_id, safe='')}", json=body, expected=expected)
