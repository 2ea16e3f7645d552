"""Send what an event enqueued, after the commit and never before."""

from collections.abc import Callable, Sequence
from typing import Protocol

from orders import telemetry
from orders.domain.order import DeadLetter, StoredOrder, TaskId, TransitionResult


class TaskQueue(Protocol):
    """Where tasks are sent once they are committed."""

    def send(self, tasks: Sequence[TaskId], delay_seconds: float = 0) -> None:
        """Send tasks. A failure is logged; the relay sends those tasks again later.

        Args:
            tasks: their ids.
            delay_seconds: how long they are kept back, to the second; 900 at the most.
        """

    def unknown_dead_letters(self) -> list[DeadLetter]:
        """Return the dead letters that name no task; they stay."""

    def purge_dead_letters(self, still_failed: Callable[[Sequence[TaskId]], frozenset[TaskId]]) -> None:
        """Delete the dead letters of tasks that are no longer failed.

        Args:
            still_failed: returns those of some ids whose tasks are failed.
        """


def publish(result: TransitionResult[StoredOrder], queue: TaskQueue | None) -> None:
    """Send the tasks that an event enqueued, and count the event if it changed the order.

    Without a queue there are no tasks.
    """
    if queue:
        queue.send(result.tasks)
    if result.applied:
        telemetry.count("OrderEvents", event=result.event)
