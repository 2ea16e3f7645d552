"""The result of a task, and how long an effect may stay unknown."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.domain.lifecycle import Event
from orders.domain.order import OrderRow

LATE_EFFECT = timedelta(minutes=30)
"""How long a call without an answer may still take effect."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of a task.

    Attributes:
        event: the event to apply to the order; None for none.
        reference: the downstream service's id for what was made.
        reason: for the timeline.
        tracking_number: that of a shipment.
    """

    event: Event | None = None
    reference: str | None = None
    reason: str | None = None
    tracking_number: str | None = None


NOTHING = TaskResult()
"""The task has nothing to do, or nothing to tell."""


def may_still_take_effect(order: OrderRow, at: datetime) -> bool:
    """Tell whether a call that was made before the order last changed may still take effect.

    As long as it may, not to find the effect proves nothing.
    """
    return at < order["updated_at"] + LATE_EFFECT
