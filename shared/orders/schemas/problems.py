"""Problem details (RFC 9457) as the API shows them: what all have, and what some codes add."""

from typing import NotRequired, TypedDict

from orders.domain.errors import FieldError
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from orders.schemas.types import Amount, Count, CurrencyCode, Positive


class Problem(TypedDict):
    """What went wrong with a request."""

    type: str
    """The kind of problem, as a reference; made of the code."""
    title: str
    """The kind of problem, for people; the same each time."""
    status: int
    """The HTTP status."""
    detail: str
    """What was wrong this time, and what would be right."""
    code: str
    """The kind of problem, for programs."""
    request_id: str
    """By which the request is found in the logs; the same as `X-Request-ID`."""


class Shortage(TypedDict):
    """A product of which there is too little."""

    product_id: str
    """The product."""
    requested: Positive
    """How many the order takes, over all its lines."""
    available: Count
    """How many there are."""


class InsufficientStockProblem(Problem):
    """Less is available than was asked for."""

    shortages: list[Shortage]
    """Each product of which there is too little."""


class PriceChange(TypedDict):
    """A price that is another one than expected."""

    product_id: str
    """The product."""
    requested: str | None
    """The price in the request; null where it states none, and only the currency differs."""
    requested_currency: CurrencyCode
    """The currency that the order would have."""
    current: Amount
    """The inventory's price."""
    current_currency: CurrencyCode
    """The inventory's currency."""


class PriceChangedProblem(Problem):
    """The inventory states other prices."""

    prices: list[PriceChange]
    """Each price that differs."""


class StatusesView(TypedDict):
    """The three statuses of an order."""

    status: Status
    """Where the order as a whole stands."""
    payment_status: PaymentStatus
    """Where its money stands."""
    shipping_status: ShippingStatus
    """Where its parcel stands."""


class StatusChoices(TypedDict):
    """The values that each status may be set to now; none where the list is empty."""

    status: list[Status]
    """The order's."""
    payment_status: list[PaymentStatus]
    """Its money's."""
    shipping_status: list[ShippingStatus]
    """Its parcel's."""


class OrderNotCancellableProblem(Problem):
    """It is too late to cancel the order."""

    current: StatusesView
    """Where the order stands."""


class InvalidTransitionProblem(OrderNotCancellableProblem):
    """The order cannot go where it was sent."""

    allowed: StatusChoices
    """Where it can go from here."""


class VersionMismatchProblem(Problem):
    """The order has changed."""

    current_version: Positive
    """The version that it has now."""


class ValidationProblem(Problem):
    """Fields have values that they cannot have."""

    errors: list[FieldError]
    """Each of them."""


class ProductsProblem(Problem):
    """Some products cannot be ordered as the request has it."""

    product_ids: list[str]
    """Each of them."""


class DownstreamProblem(Problem):
    """A service behind this one does not answer."""

    service: NotRequired[str]
    """Which one."""
