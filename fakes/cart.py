"""The cart service: one cart for each customer."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fakes.address import EnteredAddress
from fakes.service import Answer, Operation, Refusal
from fakes.values import Currency, Label, Price, Record, ShippingMethod, SignedPrice, Text, Units


class CartItem(Record):
    """A product in a cart, with a price and the name that the customer saw where the cart states them."""

    model_config = ConfigDict(extra="forbid")

    product_id: Text
    quantity: Units
    unit_price: Price | None = None
    name: Label | None = None


class Adjustment(Record):
    """An amount beside the items, in major units. A discount is 0 or less."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["shipping", "tax", "discount", "fee"]
    amount: SignedPrice
    description: Label | None = None

    @model_validator(mode="after")
    def _discounts_lower_the_total(self) -> Self:
        if self.kind == "discount" and self.amount > 0:
            raise ValueError("A discount must be 0 or less.")
        return self


class CartContents(Record):
    """The new contents of a cart."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[tuple[CartItem, ...], Field(max_length=1000)]
    currency: Currency = "USD"
    customer_name: str | None = None
    customer_email: str | None = None
    adjustments: Annotated[tuple[Adjustment, ...], Field(max_length=20)] | None = None
    shipping_address: EnteredAddress | None = None
    billing_address: EnteredAddress | None = None
    shipping_method: ShippingMethod | None = None
    payment_method: Label | None = None


class CartOrdered(BaseModel):
    """The report that a cart was ordered.

    Attributes:
        version: The version that was ordered; None stands for the current one.
    """

    model_config = ConfigDict(extra="forbid")

    status: Literal["Ordered"]
    version: str | None = None


class Cart(CartContents):
    """A customer's cart. Each change of its contents gives it a new, unique version; null where none is shown."""

    customer_id: str
    version: str | None
    status: Literal["Active", "Ordered"]


class CartSettings(Record):
    """Settings of the service.

    Attributes:
        has_versions: Whether carts have versions, as those of earlier order services do not.
    """

    has_versions: bool = True


@dataclass(slots=True)
class Carts:
    """The service.

    Attributes:
        carts: By customer id.
        settings: The settings under an empty key, where they are not the default ones.
        new_id: Returns a new id with a prefix.
    """

    carts: MutableMapping[str, Cart]
    settings: MutableMapping[str, CartSettings]
    new_id: Callable[[str], str]

    def get_cart(self, customer_id: str) -> Answer[Cart]:
        """Return a customer's cart."""
        return Answer(self._shown(self._get(customer_id)))

    def set_cart(self, customer_id: str, body: CartContents | CartOrdered) -> Answer[Cart]:
        """Fill a cart, or mark it as ordered."""
        if isinstance(body, CartContents):
            cart = Cart(customer_id=customer_id, version=self.new_id("v"), status="Active", **dict(body))
        else:
            cart = self._get(customer_id)
            if self._has_versions and body.version not in {None, cart.version}:
                raise Refusal(
                    HTTPStatus.CONFLICT,
                    "cart_changed",
                    f"The version of the cart is {cart.version!r}, not {body.version!r}.",
                )
            cart = cart.model_copy(update={"status": "Ordered"})
        self.carts[customer_id] = cart
        return Answer(self._shown(cart))

    def set_settings(self, body: CartSettings) -> Answer[CartSettings]:
        """Set whether carts have versions."""
        self.settings[""] = body
        return Answer(body)

    @property
    def _has_versions(self) -> bool:
        return self.settings.get("", CartSettings()).has_versions

    def _shown(self, cart: Cart) -> Cart:
        return cart if self._has_versions else cart.model_copy(update={"version": None})

    def _get(self, customer_id: str) -> Cart:
        cart = self.carts.get(customer_id)
        if cart is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "unknown_cart", f"The customer {customer_id!r} has no cart.")
        return cart

    OPERATIONS: ClassVar[tuple[Operation, ...]] = (
        Operation("GET", "/carts/{customer_id}", get_cart, exclude_none=True),
        Operation("PUT", "/carts/{customer_id}", set_cart, exclude_none=True),
        Operation("PUT", "/settings", set_settings),
    )
