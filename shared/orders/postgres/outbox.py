"""The outbox: tasks that events enqueue, each finished, rescheduled or failed by the worker that has claimed it.

A task is pending until it is done or failed; task_claims.py claims tasks, failed_tasks.py redrives them. Each function
is one statement.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from orders.domain.lifecycle import TaskKind
from orders.domain.order import TaskId
from orders.postgres.connection import Database
from orders.postgres.statements import statement
from orders.postgres.task_claims import Claim

_TAKE_OVERDUE = statement("take_overdue_tasks")
_FINISH = """
UPDATE order_tasks SET state = 'done', done_at = %(at)s, slot = NULL, last_error = NULL
WHERE order_id = %(order_id)s AND version = %(version)s AND kind = %(kind)s AND state = 'pending'
"""
# Only the worker with the latest claim decides: the number of claims identifies it.
_RESCHEDULE = """
UPDATE order_tasks
SET available_at = %(available_at)s, slot = NULL, last_error = %(error)s,
    attempts = CASE WHEN %(counts)s THEN attempts ELSE 0 END,
    state = CASE WHEN %(final)s THEN 'failed' ELSE state END
WHERE order_id = %(order_id)s AND version = %(version)s AND kind = %(kind)s AND state = 'pending'
  AND claims = %(claims)s
"""
_LAG = """
SELECT coalesce(extract(epoch FROM %(at)s - min(available_at)), 0)::float AS seconds
FROM order_tasks WHERE state = 'pending' AND available_at < %(at)s
"""
_KINDS = frozenset(kind.value for kind in TaskKind)


class TaskRow(TypedDict):
    """The key of a task."""

    order_id: str
    version: int
    kind: str


class _LagRow(TypedDict):
    seconds: float


def finish(database: Database, task_id: TaskId, at: datetime) -> None:
    """Mark a task as done that causes no event."""
    database.execute(_FINISH, {**_key(task_id), "at": at})


def reschedule(
    database: Database,
    task: Claim,
    error: str,
    available_at: datetime,
    *,
    counts: bool = True,
    final: bool = False,
) -> None:
    """Record why a claimed task was not done, and when it is available again.

    Args:
        database: where the task is.
        task: the task, as it was claimed.
        error: why it was not done.
        available_at: when it can be claimed again.
        counts: whether the attempt counts; otherwise the task has all its attempts again.
        final: whether the task has failed.
    """
    parameters = {
        **_key(task.id),
        "claims": task.claims,
        "error": error,
        "available_at": available_at,
        "counts": counts,
        "final": final,
    }
    database.execute(_RESCHEDULE, parameters)


def take_overdue(
    database: Database, at: datetime, *, overdue: timedelta, resend_interval: timedelta, limit: int
) -> tuple[TaskId, ...]:
    """Take tasks that have been available for longer than `overdue`, to send them again.

    A task that was taken is not returned again before `resend_interval` has passed.
    """
    parameters = {"at": at, "overdue_since": at - overdue, "sent_before": at - resend_interval, "limit": limit}
    return read_task_ids(database.fetch(TaskRow, _TAKE_OVERDUE, parameters))


def lag_seconds(database: Database, at: datetime) -> float:
    """Return for how many seconds the oldest available task has been available; 0 without one."""
    [row] = database.fetch(_LagRow, _LAG, {"at": at})
    return row["seconds"]


def _key(task_id: TaskId) -> dict[str, object]:
    return {"order_id": task_id.order_id, "version": task_id.version, "kind": task_id.kind.value}


def read_task_ids(rows: Sequence[TaskRow]) -> tuple[TaskId, ...]:
    """Return the ids of tasks, without those of kinds that only a later version knows.

    There are some during a deploy, and after a rollback; the later version processes them.
    """
    return tuple(
        TaskId(row["order_id"], row["version"], TaskKind(row["kind"])) for row in rows if row["kind"] in _KINDS
    )
