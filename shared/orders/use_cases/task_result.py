"""The result of a task, and how long an effect may stay unknown."""

from dataclasses import dataclass
from datetime import timedelta

from orders.domain.lifecycle import Event

LATE_EFFECT = timedelta(minutes=30)
"""How long after its last attempt a call without an answer may still take effect. Until then, not to find the effect
proves nothing."""


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
