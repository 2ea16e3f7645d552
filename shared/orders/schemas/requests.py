"""Request bodies."""

from typing import Annotated, Any, Literal, Self, cast

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field, model_validator

from orders.domain.details import MAX_ADJUSTMENTS, Address
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from orders.schemas.fields import (
    MAX_LINES,
    STRIPPED,
    Country,
    Currency,
    CustomerId,
    Email,
    EventId,
    Metadata,
    Name,
    Note,
    Price,
    ProductId,
    Quantity,
    Reason,
    Request,
    RequiredText,
    SignedAmount,
    Text20,
    Text32,
    Text64,
    Text100,
    Text128,
    Text200,
    Text255,
    TrackingNumber,
    lower_case,
    status_name,
)


class PostalAddress(Request):
    """A postal address."""

    name: Text200 | None = None
    """The person who receives it."""
    company: Text200 | None = None
    """The company that receives it."""
    line1: Annotated[RequiredText, Field(max_length=200), STRIPPED]
    """Street and number, or a post-office box."""
    line2: Text200 | None = None
    """Apartment, floor, building and the like."""
    city: Annotated[RequiredText, Field(max_length=100), STRIPPED]
    """The city or town."""
    region: Text100 | None = None
    """The state, province or county."""
    postal_code: Text20 | None = None
    """The postal code."""
    country: Country
    """ISO 3166-1 alpha-2 code, in any letter case."""
    phone: Text32 | None = None
    """A phone number for the carrier."""

    @property
    def address(self) -> Address:
        """The address without the fields that it does not have."""
        return cast("Address", self.model_dump(exclude_none=True))


class NewAdjustment(Request):
    """An amount beside the lines, such as postage, tax or a discount; nothing is computed here."""

    kind: Literal["shipping", "tax", "discount", "fee"]
    """What it is for."""
    amount: SignedAmount
    """The amount, with no more decimals than the currency has; that of a discount is 0 or less."""
    description: Text255 | None = None
    """What the customer is shown."""

    @model_validator(mode="after")
    def _discount_is_negative(self) -> Self:
        if self.kind == "discount" and self.amount > 0:
            raise ValueError("a discount must have an amount of 0 or less")
        return self


class NewLine(Request):
    """A product to order. Without a price, the inventory's applies."""

    product_id: ProductId = Field(validation_alias=AliasChoices("product_id", "sku"))
    """The product's id in the inventory; a number is read as a string."""
    name: Text255 | None = None
    """What the customer saw."""
    quantity: Quantity
    """Number of units."""
    unit_price: Price | None = Field(default=None, validation_alias=AliasChoices("unit_price", "price"))
    """Expected price of one unit, with no more decimals than the currency has.

    Optional if the inventory states a price. If the two differ, the order is rejected.
    """

    @model_validator(mode="before")
    @classmethod
    def _reject_two_names(cls, line: object) -> object:
        """Reject a field that is given under two names: pydantic would ignore the second."""
        if isinstance(line, dict) and cls.model_config["extra"] == "forbid":
            for names in (("product_id", "sku"), ("unit_price", "price")):
                if line.keys() >= set(names):
                    raise ValueError(f"{names[0]} and {names[1]} are names of the same field; give only one of them")
        return line


class CustomerOrder(Request):
    """An order to place for a customer: for the items, or without items for the customer's cart.

    What is given replaces what the cart says.
    """

    customer_id: CustomerId | None = None
    """The customer; by default the caller. Another customer requires the scope `orders:create`."""
    customer_name: Name | None = None
    """The customer's name."""
    customer_email: Email | None = None
    """The customer's e-mail address; by default that of the token.

    If the token states one, another one requires the scope `orders:create`.
    """
    currency: Currency | None = None
    """ISO 4217 code; by default the currency of the inventory's prices, else the service's default.

    A cart has its own.
    """
    items: Annotated[list[NewLine], Field(min_length=1, max_length=MAX_LINES)] | None = None
    """Lines to order; those of the same product at the same price are merged."""
    adjustments: Annotated[list[NewAdjustment], Field(max_length=MAX_ADJUSTMENTS)] | None = None
    """Amounts beside the lines; the total includes them. Requires the scope `orders:create`. A cart has its own."""
    shipping_address: PostalAddress | None = None
    """Where to ship to."""
    billing_address: PostalAddress | None = None
    """Where to bill to."""
    shipping_method: Text64 | None = None
    """The shipping service's name of a method."""
    payment_method: Text255 | None = None
    """The payment service's name of a method; no response has it."""
    external_reference: Text128 | None = None
    """The shop's own number of the order, which lists can be searched for."""
    note: Note | None = None
    """The customer's words."""
    metadata: Metadata | None = None
    """The shop's own data: strings by name."""

    def as_new_order(self) -> "NewOrder | None":
        """Return the order for the items; None without items."""
        return None if self.items is None else NewOrder.model_construct(self.model_fields_set, **dict(self))


class NewOrder(CustomerOrder):
    """An order to place. Without a customer, it is the caller's."""

    items: Annotated[list[NewLine], Field(min_length=1, max_length=MAX_LINES)]
    """Lines to order; those of the same product at the same price are merged."""


class OrderUpdate(Request):
    """Fields of an order to change. A field that is given replaces the one before; null removes it."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    shipping_address: PostalAddress | None = None
    """Where to ship to."""
    external_reference: Text128 | None = None
    """The shop's own number of the order."""
    note: Note | None = None
    """The customer's words."""
    metadata: Metadata | None = None
    """The shop's own data: strings by name."""

    @model_validator(mode="after")
    def _some_field(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"must have at least one of {', '.join(type(self).model_fields)}")
        return self

    def changes(self) -> dict[str, object]:
        """Return the new values of the given fields, as JSON; None removes one."""
        values = self.model_dump(exclude_none=True)
        return {name: values.get(name) or None for name in type(self).model_fields if name in self.model_fields_set}


class Cancellation(Request):
    """The reason to cancel an order."""

    reason: Reason | None = None
    """Free text; stored with the order."""


class StatusUpdate(Request):
    """A new value for one of an order's statuses."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [name], "properties": {name: {"type": "string"}}}
                for name in ("status", "payment_status", "shipping_status")
            ]
        }
    )

    status: Annotated[Status, BeforeValidator(status_name)] | None = None
    """The new order status, in any letter case; `Ordered` means `pending`."""
    payment_status: Annotated[PaymentStatus, BeforeValidator(lower_case)] | None = None
    """The new payment status, in any letter case."""
    shipping_status: Annotated[ShippingStatus, BeforeValidator(lower_case)] | None = None
    """The new shipping status, in any letter case."""
    tracking_number: TrackingNumber | None = None
    """The shipment's tracking number."""
    event_id: EventId | None = None
    """The sender's id of this event; an event with the same id is applied once."""
    reason: Reason | None = None
    """The reason, shown in the timeline."""

    @model_validator(mode="after")
    def _one_status(self) -> Self:
        if len(self._given()) != 1:
            raise ValueError("must have exactly one of status, payment_status and shipping_status")
        return self

    def target(self) -> tuple[str, str]:
        """Return the field to set, and its value."""
        return self._given()[0]

    def _given(self) -> list[tuple[str, str]]:
        fields: dict[str, Any] = {
            "status": self.status,
            "payment_status": self.payment_status,
            "shipping_status": self.shipping_status,
        }
        return [(name, value) for name, value in fields.items() if value is not None]
