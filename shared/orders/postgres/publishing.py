"""The tasks that publish events: one for each event, if there is an event bus."""

from collections.abc import Iterable

from orders.domain.lifecycle import TaskKind, TaskSpec
from orders.domain.order import TaskId
from orders.postgres.connection import Database

KIND = TaskKind.PUBLISH_EVENT


def specs(database: Database) -> tuple[TaskSpec, ...]:
    """Return the tasks that each event enqueues beside those of the table of events."""
    return (TaskSpec(KIND),) if database.publishes_events else ()


def kind(database: Database) -> str | None:
    """Return the kind of the task that each event enqueues; None for none."""
    return KIND.value if database.publishes_events else None


def tasks(database: Database, events: Iterable[tuple[str, int]]) -> tuple[TaskId, ...]:
    """Return the tasks that some events have enqueued, each named by its order and version."""
    return tuple(TaskId(order_id, version, KIND) for order_id, version in events) if database.publishes_events else ()
