"""The shopping cart service."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from orders.aws.connections import Response
from orders.clients.http import Client
from orders.domain.details import MAX_ADJUSTMENTS
from orders.domain.errors import CartNotFound, ValidationFailed
from orders.domain.stock import add_up
from orders.schemas.field_errors import field_errors
from orders.schemas.fields import Currency, Email, Label, Name, Text64, Text255
from orders.schemas.requests import NewAdjustment, NewLine, PostalAddress


class CartLine(NewLine):
    """A line of a cart; further fields are ignored."""

    model_config = ConfigDict(extra="ignore")


class CartAdjustment(NewAdjustment):
    """An amount beside the lines of a cart; further fields are ignored."""

    model_config = ConfigDict(extra="ignore")


class CartAddress(PostalAddress):
    """An address of a cart; further fields are ignored."""

    model_config = ConfigDict(extra="ignore")


class Cart(BaseModel):
    """A customer's cart. Its version changes with its contents; empty if the cart service has no versions."""

    version: Annotated[Label, BeforeValidator(lambda value: "" if value is None else str(value))] = ""
    status: str = "Active"
    currency: Currency | None = None
    customer_name: Name | None = None
    customer_email: Email | None = None
    items: list[CartLine] = []
    adjustments: Annotated[list[CartAdjustment], Field(max_length=MAX_ADJUSTMENTS)] | None = None
    shipping_address: CartAddress | None = None
    billing_address: CartAddress | None = None
    shipping_method: Text64 | None = None
    payment_method: Text255 | None = None

    @property
    def is_ordered(self) -> bool:
        """Whether the cart has already been ordered."""
        return self.status.lower() == "ordered"

    @property
    def quantities(self) -> dict[str, int]:
        """The quantity of each product, over all lines."""
        return add_up((line.product_id, line.quantity) for line in self.items)


class CartClient(Client):
    """Read carts and mark them as ordered."""

    service = "cart"

    def get(self, customer_id: str) -> Cart:
        """Read the customer's cart.

        Raises:
            CartNotFound: the customer has none.
            ValidationFailed: its contents cannot be ordered, such as a quantity of 0.
            DownstreamUnavailable: no answer, or one that is not a cart.
        """
        response = self.call("GET", self._path(customer_id), expected=frozenset({200, 404}))
        if response.status == HTTPStatus.NOT_FOUND:
            raise CartNotFound(f"The customer {customer_id!r} has no cart.")
        return self._cart(response)

    def mark_ordered(self, customer_id: str, version: str, quantities: Mapping[str, int]) -> None:
        """Mark the cart as ordered, unless it has changed since it was ordered.

        The cart is read first, as some services have no versions, or show them and ignore them here. Without a version,
        a change between the two calls goes unnoticed, and so does a cart that was filled again with the same products.

        Args:
            customer_id: the owner of the cart.
            version: that of the cart that was ordered; empty if it has none.
            quantities: what was ordered.
        """
        if not self._is_unchanged(customer_id, version, quantities):
            return
        body = {"status": "Ordered", **({"version": version} if version else {})}
        expected = frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
        self.call("PUT", self._path(customer_id), json=body, expected=expected)

    def _is_unchanged(self, customer_id: str, version: str, quantities: Mapping[str, int]) -> bool:
        try:
            cart = self.get(customer_id)
        except (CartNotFound, ValidationFailed):
            # It was deleted, or has contents that cannot be ordered.
            return False
        return cart.version == version if version else cart.quantities == quantities

    def _cart(self, response: Response) -> Cart:
        try:
            return Cart.model_validate_json(response.content)
        except ValidationError as error:
            listed = field_errors(error)
            if all(_is_content(each["loc"]) for each in listed):
                raise ValidationFailed(listed) from error
            raise self.unavailable("its response is invalid") from error

    def _path(self, customer_id: str) -> str:
        return f"/carts/{quote(customer_id, safe='')}"


def _is_content(loc: list[str | int]) -> bool:
    """Tell whether a field has a value of this one cart, and is not a part of the form that all carts have."""
    match loc:
        case ["items" | "adjustments", int(), _, *_]:
            return True
        case [str(name), *_]:
            return name in Cart.model_fields and name not in {"items", "status"}
    return False
