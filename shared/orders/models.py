"""What callers may send: the fields' names, their shapes and their limits."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from orders import money
from orders.auth import CUSTOMER_ID
from orders.ids import PRODUCT_ID
from orders.lifecycle import PaymentStatus, ShippingStatus, Status

MAX_LINES = 1_000
MAX_QUANTITY = 100_000


def _number_as_text(value: object) -> object:
    """Take 5 for "5": numbers are ids in many shops. True is no number here."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _lower_case(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _status_name(value: object) -> object:
    """Take a status in any letter case, and `Ordered`, as earlier services called a new order."""
    name = _lower_case(value)
    return Status.PENDING if name == "ordered" else name


def _upper_case(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


# No control characters: they are no text, and PostgreSQL stores no NUL.
_TEXT = r"^[^\p{Cc}]*$"

CustomerId = Annotated[str, BeforeValidator(_number_as_text), StringConstraints(pattern=f"^{CUSTOMER_ID.pattern}$")]
ProductId = Annotated[str, BeforeValidator(_number_as_text), StringConstraints(pattern=f"^{PRODUCT_ID.pattern}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_TEXT)]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\s\p{Cc}@]+@[^\s\p{Cc}@]+$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=_TEXT)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]
Price = Annotated[Decimal, Field(ge=0)]
Currency = Annotated[Literal[*money.DECIMALS], BeforeValidator(_upper_case)]  # type: ignore[valid-type]


class Request(BaseModel):
    """Base of all requests: a field that is not known is refused, and not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewLine(Request):
    """A product to be ordered. Without a price it costs what the inventory says."""

    product_id: ProductId = Field(validation_alias=AliasChoices("product_id", "sku"))
    quantity: Quantity
    unit_price: Price | None = Field(default=None, validation_alias=AliasChoices("unit_price", "price"))


class NewOrder(Request):
    """An order to be placed. Without a customer it is the caller's."""

    customer_id: CustomerId | None = None
    customer_name: Name | None = None
    customer_email: Email | None = None
    currency: Currency | None = None
    items: Annotated[list[NewLine], Field(min_length=1, max_length=MAX_LINES)]


class Cancellation(Request):
    """Why an order is cancelled."""

    reason: Reason | None = None


class StatusUpdate(Request):
    """What has happened to an order, as the new value of one of its statuses."""

    status: Annotated[Status, BeforeValidator(_status_name)] | None = None
    payment_status: Annotated[PaymentStatus, BeforeValidator(_lower_case)] | None = None
    shipping_status: Annotated[ShippingStatus, BeforeValidator(_lower_case)] | None = None
    tracking_number: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_TEXT)] | None = None
    event_id: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_TEXT)] | None = None
    reason: Reason | None = None

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
