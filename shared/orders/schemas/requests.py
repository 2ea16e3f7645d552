"""Request bodies: their fields, types and limits."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from orders.domain import money
from orders.domain.caller import CUSTOMER_ID, CUSTOMER_ID_FORMAT, EMAIL, MAX_EMAIL
from orders.domain.ids import PRODUCT_ID, PRODUCT_ID_FORMAT
from orders.domain.states import PaymentStatus, ShippingStatus, Status

MAX_LINES = 1_000
MAX_QUANTITY = 100_000


def _whole(value: object) -> object:
    """Accept 5.0 for 5: JSON does not tell them apart."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number_as_text(value: object) -> object:
    """Accept 5 for "5": many shops use numbers as ids. `True` is not a number here."""
    number = _whole(value)
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else value


def _lower_case(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _status_name(value: object) -> object:
    """Accept a status in any letter case, and `Ordered`, the name of `pending` in earlier services."""
    name = _lower_case(value)
    return Status.PENDING if name == "ordered" else name


def _upper_case(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")


def _decimal(value: object) -> object:
    """Accept a string as a price only in plain decimal notation; Python also parses others, such as 1_000."""
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError("must be a decimal number such as 79.99")
    return value


# No control characters, because PostgreSQL cannot store NUL. Listed, because not every reader of the OpenAPI document
# supports \p{Cc}.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_TEXT = rf"^[^{_CONTROL}]*$"
# Surrounding white space is stripped; a name must have other characters, too.
_STRIPPED_TEXT = rf"^\s*[^{_CONTROL}]*\s*$"
_STRIPPED_NAME = rf"^\s*[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*\s*$"

_CUSTOMER = f"^{CUSTOMER_ID.pattern}$"
_PRODUCT = f"^{PRODUCT_ID.pattern}$"
_EMAIL = f"^{EMAIL.pattern}$"
EXPECTED: Mapping[str, str] = {
    _CUSTOMER: CUSTOMER_ID_FORMAT,
    _PRODUCT: PRODUCT_ID_FORMAT,
    _EMAIL: "an e-mail address",
    _TEXT: "text without control characters",
    _STRIPPED_TEXT: "text without control characters",
    _STRIPPED_NAME: "text without control characters",
    "currency": "an ISO 4217 code such as USD",
}
"""What to say of a field instead of its pattern, by pattern; of a field with too many values to list, by its name."""

_CustomerText = Annotated[str, StringConstraints(pattern=_CUSTOMER)]
_ProductText = Annotated[str, StringConstraints(pattern=_PRODUCT)]
_Natural = Annotated[int, Field(ge=0)]
_Amount = Annotated[float, Field(ge=0)]
_DecimalText = Annotated[str, StringConstraints(pattern=f"^{_DECIMAL.pattern}$")]

CustomerId = Annotated[_CustomerText, BeforeValidator(_number_as_text, json_schema_input_type=_CustomerText | int)]
ProductId = Annotated[_ProductText, BeforeValidator(_number_as_text, json_schema_input_type=_ProductText | _Natural)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_STRIPPED_NAME)]
Email = Annotated[str, StringConstraints(max_length=MAX_EMAIL, pattern=_EMAIL)]
Label = Annotated[str, StringConstraints(max_length=255, pattern=_TEXT)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=_STRIPPED_TEXT)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY), BeforeValidator(_whole)]
Price = Annotated[Decimal, Field(ge=0), BeforeValidator(_decimal, json_schema_input_type=_Amount | _DecimalText)]
Currency = Annotated[Literal[*money.DECIMALS], BeforeValidator(_upper_case)]  # type: ignore[valid-type]


class Request(BaseModel):
    """Base of all request bodies: unknown fields are rejected, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewLine(Request):
    """A product to order. Without a price, the inventory's applies."""

    product_id: ProductId = Field(validation_alias=AliasChoices("product_id", "sku"))
    """The product's id in the inventory; a number is read as a string."""
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


class NewOrder(Request):
    """An order to place. Without a customer, it is the caller's."""

    customer_id: CustomerId | None = None
    """The customer; by default the caller. Another customer requires the scope `orders:create`."""
    customer_name: Name | None = None
    """The customer's name."""
    customer_email: Email | None = None
    """The customer's e-mail address; by default that of the token.

    If the token states one, another one requires the scope `orders:create`.
    """
    currency: Currency | None = None
    """ISO 4217 code; by default the currency of the inventory's prices, else the service's default."""
    items: Annotated[list[NewLine], Field(min_length=1, max_length=MAX_LINES)]
    """Lines to order; those of the same product at the same price are merged."""


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

    status: Annotated[Status, BeforeValidator(_status_name)] | None = None
    """The new order status, in any letter case; `Ordered` means `pending`."""
    payment_status: Annotated[PaymentStatus, BeforeValidator(_lower_case)] | None = None
    """The new payment status, in any letter case."""
    shipping_status: Annotated[ShippingStatus, BeforeValidator(_lower_case)] | None = None
    """The new shipping status, in any letter case."""
    tracking_number: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_TEXT)] | None = None
    """The shipment's tracking number."""
    event_id: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_TEXT)] | None = None
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
