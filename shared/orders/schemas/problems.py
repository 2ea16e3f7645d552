"""Problem details (RFC 9457): the members of all problems, and those that some codes add."""

from typing import NotRequired, TypedDict

from orders.domain.field_errors import FieldError
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from orders.schemas.types import Amount, Count, CurrencyCode, Positive


class Problem(TypedDict):
    """Why a request failed."""

    type: str
    """The problem type, as a URI reference that contains the code."""
    title: str
    """The problem type, human-readable; the same for every occurrence."""
    status: int
    """The HTTP status."""
    detail: str
    """What was wrong with this request, and what would be right."""
    code: str
    """The problem type, machine-readable."""
    request_id: str
    """The request's id in the logs; the same as `X-Request-ID`."""


class Shortage(TypedDict):
    """A product with insufficient stock."""

    product_id: str
    """The product's id."""
    requested: Positive
    """Quantity requested, over all lines."""
    available: Count
    """Quantity available."""


class InsufficientStockProblem(Problem):
    """Less is available than requested."""

    shortages: list[Shortage]
    """Each product with insufficient stock."""


class PriceChange(TypedDict):
    """A price that differs from the expected one."""

    product_id: str
    """The product's id."""
    requested: str | None
    """The price in the request; null if it states none and only the currency differs."""
    requested_currency: CurrencyCode
    """The currency of the order."""
    current: Amount
    """The price in the inventory."""
    current_currency: CurrencyCode
    """The currency of the price in the inventory."""


class PriceChangedProblem(Problem):
    """The inventory's prices differ from those in the request."""

    prices: list[PriceChange]
    """Each price that differs."""


class StatusesView(TypedDict):
    """The three statuses of an order."""

    status: Status
    """The order status."""
    payment_status: PaymentStatus
    """The payment status."""
    shipping_status: ShippingStatus
    """The shipping status."""


class StatusChoices(TypedDict):
    """The values that each status can be set to now; an empty list for none."""

    status: list[Status]
    """Values for the order status."""
    payment_status: list[PaymentStatus]
    """Values for the payment status."""
    shipping_status: list[ShippingStatus]
    """Values for the shipping status."""


class OrderNotCancellableProblem(Problem):
    """The order can no longer be cancelled."""

    current: StatusesView
    """The order's statuses now."""


class OrderNotUpdatableProblem(OrderNotCancellableProblem):
    """The order can no longer be changed."""


class InvalidTransitionProblem(OrderNotCancellableProblem):
    """The order's state does not allow this change."""

    allowed: StatusChoices
    """The changes that its state allows."""


class VersionMismatchProblem(Problem):
    """The order has changed since it was read."""

    current_version: Positive
    """The order's version now."""


class ValidationProblem(Problem):
    """Fields have invalid values."""

    errors: list[FieldError]
    """Each invalid field."""


class ProductsProblem(Problem):
    """Some products are unknown or have no price."""

    product_ids: list[str]
    """Each such product."""


class DownstreamProblem(Problem):
    """A downstream service or the database is unavailable."""

    service: NotRequired[str]
    """The downstream service; missing for the database."""
