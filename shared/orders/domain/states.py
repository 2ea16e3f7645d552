"""The three statuses of an order, and patterns of them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """The status of the order as a whole."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    RETURNED = "returned"


class PaymentStatus(StrEnum):
    """The status of its payment."""

    PENDING = "pending"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    VOIDED = "voided"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    CHARGED_BACK = "charged_back"


class ShippingStatus(StrEnum):
    """The status of its shipment."""

    PENDING = "pending"
    READY = "ready"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class State(NamedTuple):
    """The three statuses of an order at one moment."""

    status: Status
    payment_status: PaymentStatus
    shipping_status: ShippingStatus


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of states; None in a place means any status."""

    statuses: frozenset[Status] | None
    payment_statuses: frozenset[PaymentStatus] | None
    shipping_statuses: frozenset[ShippingStatus] | None

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Read ``status/payment/shipping``; ``a|b`` is a or b, ``*`` is any."""
        status, payment, shipping = text.split("/")
        return cls(
            None if status == "*" else frozenset(map(Status, status.split("|"))),
            None if payment == "*" else frozenset(map(PaymentStatus, payment.split("|"))),
            None if shipping == "*" else frozenset(map(ShippingStatus, shipping.split("|"))),
        )

    def matches(self, state: State) -> bool:
        """Whether the state is one of the pattern's."""
        return (
            (self.statuses is None or state.status in self.statuses)
            and (self.payment_statuses is None or state.payment_status in self.payment_statuses)
            and (self.shipping_statuses is None or state.shipping_status in self.shipping_statuses)
        )


PLACED = State(Status.PENDING, PaymentStatus.PENDING, ShippingStatus.PENDING)
"""The state of a new order."""
