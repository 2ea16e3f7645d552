"""What callers may send: the fields' names, their shapes and their limits."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from orders.domain import money
from orders.domain.caller import CUSTOMER_ID
from orders.domain.ids import PRODUCT_ID
from orders.domain.states import PaymentStatus, ShippingStatus, Status

MAX_LINES = 1_000
MAX_QUANTITY = 100_000


def _whole(value: object) -> object:
    """Take 5.0 for 5: to JSON they are one number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number_as_text(value: object) -> object:
    """Take 5 for "5": numbers are ids in many shops. True is no number here."""
    number = _whole(value)
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else value


def _lower_case(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _status_name(value: object) -> object:
    """Take a status in any letter case, and `Ordered`, as earlier services called a new order."""
    name = _lower_case(value)
    return Status.PENDING if name == "ordered" else name


def _upper_case(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")


def _decimal(value: object) -> object:
    """Take text as a price only where it is plainly one; Python reads far more as a number, such as 1_000."""
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError("as text, a price is written as in 79.99")
    return value


# No control characters: they are no text, and PostgreSQL stores no NUL. Spelled out, for not every reader of the API's
# document knows \p{Cc}.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_TEXT = rf"^[^{_CONTROL}]*$"
# These are stripped: there may be white space of any kind around them, and a name is more than that.
_STRIPPED_TEXT = rf"^\s*[^{_CONTROL}]*\s*$"
_STRIPPED_NAME = rf"^\s*[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*\s*$"

_CUSTOMER = f"^{CUSTOMER_ID.pattern}$"
_PRODUCT = f"^{PRODUCT_ID.pattern}$"
_EMAIL = rf"^[^\s{_CONTROL}@]+@[^\s{_CONTROL}@]+$"
EXPECTED: Mapping[str, str] = {
    _CUSTOMER: "1 to 128 letters, digits and ._~@:+|=-",
    _PRODUCT: "1 to 64 letters, digits and ._~:@+-, of which the first is a letter or digit",
    _EMAIL: "an e-mail address",
    _TEXT: "text without control characters",
    _STRIPPED_TEXT: "text without control characters",
    _STRIPPED_NAME: "text without control characters",
    "currency": "a code of ISO 4217, such as USD",
}
"""What a field should be, in words: by its pattern, or by its name where it is one of more values than can be told."""

_CustomerText = Annotated[str, StringConstraints(pattern=_CUSTOMER)]
_ProductText = Annotated[str, StringConstraints(pattern=_PRODUCT)]
_Natural = Annotated[int, Field(ge=0)]
_Amount = Annotated[float, Field(ge=0)]
_DecimalText = Annotated[str, StringConstraints(pattern=f"^{_DECIMAL.pattern}$")]

CustomerId = Annotated[_CustomerText, BeforeValidator(_number_as_text, json_schema_input_type=_CustomerText | int)]
ProductId = Annotated[_ProductText, BeforeValidator(_number_as_text, json_schema_input_type=_ProductText | _Natural)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_STRIPPED_NAME)]
Email = Annotated[str, StringConstraints(max_length=254, pattern=_EMAIL)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=_STRIPPED_TEXT)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY), BeforeValidator(_whole)]
Price = Annotated[Decimal, Field(ge=0), BeforeValidator(_decimal, json_schema_input_type=_Amount | _DecimalText)]
Currency = Annotated[Literal[*money.DECIMALS], BeforeValidator(_upper_case)]  # type: ignore[valid-type]


class Request(BaseModel):
    """Base of all requests: a field that is not known is refused, and not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewLine(Request):
    """A product to be ordered. Without a price it costs what the inventory says."""

    product_id: ProductId = Field(validation_alias=AliasChoices("product_id", "sku"))
    """The product, as the inventory names it; a number is taken as text."""
    quantity: Quantity
    """How many pieces."""
    unit_price: Price | None = Field(default=None, validation_alias=AliasChoices("unit_price", "price"))
    """What one piece is expected to cost, with no more decimals than the currency has.

    May be left out where the inventory states a price; where that is another one, nothing is ordered.
    """

    @model_validator(mode="before")
    @classmethod
    def _one_name_each(cls, line: object) -> object:
        """Refuse two names of one field: pydantic takes the first, and would ignore the other one, unread."""
        if isinstance(line, dict) and cls.model_config["extra"] == "forbid":
            for names in (("product_id", "sku"), ("unit_price", "price")):
                if line.keys() >= set(names):
                    raise ValueError(f"{names[0]} and {names[1]} are two names of one field; give one of them")
        return line


class NewOrder(Request):
    """An order to be placed. Without a customer it is the caller's."""

    customer_id: CustomerId | None = None
    """For whom; the caller where left out. For somebody else it takes the scope `orders:write`."""
    customer_name: Name | None = None
    """What the customer is called."""
    customer_email: Email | None = None
    """Where the customer is written to."""
    currency: Currency | None = None
    """ISO 4217; the currency of the inventory's prices where left out, else the service's default."""
    items: Annotated[list[NewLine], Field(min_length=1, max_length=MAX_LINES)]
    """What to order; lines of the same product at the same price are added up."""


class Cancellation(Request):
    """Why an order is cancelled."""

    reason: Reason | None = None
    """In the caller's words; kept with the order."""


class StatusUpdate(Request):
    """What has happened to an order, as the new value of one of its statuses."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [name], "properties": {name: {"type": "string"}}}
                for name in ("status", "payment_status", "shipping_status")
            ]
        }
    )

    status: Annotated[Status, BeforeValidator(_status_name)] | None = None
    """Where the order as a whole stands now, in any letter case; `Ordered` is `pending`."""
    payment_status: Annotated[PaymentStatus, BeforeValidator(_lower_case)] | None = None
    """Where its money stands now, in any letter case."""
    shipping_status: Annotated[ShippingStatus, BeforeValidator(_lower_case)] | None = None
    """Where its parcel stands now, in any letter case."""
    tracking_number: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_TEXT)] | None = None
    """The parcel's."""
    event_id: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_TEXT)] | None = None
    """The sender's name for this occurrence; a second one of the same name changes nothing."""
    reason: Reason | None = None
    """Why, for the timeline."""

    @model_validator(mode="after")
    def _one_status(self) -> Self:
        if len(self._given()) != 1:
            raise ValueError("give exactly one of status, payment_status and shipping_status")
        return self

    def target(self) -> tuple[str, str]:
        """The field to be set, and its value."""
        return self._given()[0]

    def _given(self) -> list[tuple[str, str]]:
        fields: dict[str, Any] = {
            "status": self.status,
            "payment_status": self.payment_status,
            "shipping_status": self.shipping_status,
        }
        return [(name, value) for name, value in fields.items() if value is not None]
