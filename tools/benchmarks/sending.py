"""The time spent on sending tasks to SQS, which no other contender does."""

from collections.abc import Sequence
from time import perf_counter

from orders.aws.task_queue import SqsTaskQueue
from orders.domain.order import TaskId

seconds = 0.0
"""Time spent since this was set to 0."""

_send = SqsTaskQueue.send


def measure() -> None:
    """Measure each call of `SqsTaskQueue.send`."""

    def measured(queue: SqsTaskQueue, tasks: Sequence[TaskId], delay_seconds: float = 0) -> None:
        global seconds  # noqa: PLW0603 - one environment handles one request at a time
        begun = perf_counter()
        _send(queue, tasks, delay_seconds)
        seconds += perf_counter() - begun

    setattr(SqsTaskQueue, "send", measured)  # noqa: B010 - mypy refuses to assign to a method


def leave_out() -> None:
    """Send nothing: tasks stay in the database for the relay."""
    setattr(SqsTaskQueue, "send", lambda _queue, _tasks, _delay_seconds=0: None)  # noqa: B010
