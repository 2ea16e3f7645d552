"""Reports of what has happened to an order: the event that each value of a status stands for."""

from orders.domain.lifecycle import Event, transition
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status

_REPORTED: dict[tuple[str, str], Event] = {
    ("status", Status.SHIPPED): Event.SHIPMENT_SHIPPED,
    ("status", Status.DELIVERED): Event.SHIPMENT_DELIVERED,
    ("status", Status.CANCELLED): Event.CANCELLED,
    ("status", Status.RETURNED): Event.RETURNED,
    ("payment_status", PaymentStatus.PROCESSING): Event.PAYMENT_STARTED,
    ("payment_status", PaymentStatus.PAID): Event.PAYMENT_SUCCEEDED,
    ("payment_status", PaymentStatus.FAILED): Event.PAYMENT_DECLINED,
    ("payment_status", PaymentStatus.REFUNDED): Event.PAYMENT_REFUNDED,
    ("payment_status", PaymentStatus.CHARGED_BACK): Event.PAYMENT_CHARGED_BACK,
    ("shipping_status", ShippingStatus.READY): Event.SHIPMENT_CREATED,
    ("shipping_status", ShippingStatus.SHIPPED): Event.SHIPMENT_SHIPPED,
    ("shipping_status", ShippingStatus.DELIVERED): Event.SHIPMENT_DELIVERED,
    ("shipping_status", ShippingStatus.CANCELLED): Event.SHIPMENT_RECALLED,
    ("shipping_status", ShippingStatus.RETURNED): Event.RETURNED,
}

TRACKED = frozenset({Event.SHIPMENT_CREATED, Event.SHIPMENT_SHIPPED, Event.SHIPMENT_DELIVERED})
"""Events that can bring a tracking number."""


def reported_event(field: str, value: str) -> Event | None:
    """Return the event that a report of a status value means; None where no event leads to that value."""
    return _REPORTED.get((field, value))


def reportable(state: State) -> dict[str, list[str]]:
    """Return the values that each status field may be set to in a state."""
    allowed: dict[str, list[str]] = {field: [] for field in State._fields}
    for (field, value), event in _REPORTED.items():
        if transition(event, state):
            allowed[field].append(str(value))
    return allowed
