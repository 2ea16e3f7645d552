"""Failed tasks: list them, and redrive them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from orders.domain.order import TaskId
from orders.postgres.connection import Database
from orders.postgres.outbox import TaskRow, read_task_ids

_REDRIVE_ALL = """
UPDATE order_tasks SET state = 'pending', attempts = 0, available_at = %(at)s, sent_at = %(at)s
WHERE state = 'failed'
RETURNING order_id, version, kind
"""
_REDRIVE = """
UPDATE order_tasks SET state = 'pending', attempts = 0, available_at = %(at)s, sent_at = %(at)s
FROM unnest(%(order_ids)s::uuid[], %(versions)s::integer[], %(kinds)s::text[]) AS named (order_id, version, kind)
WHERE (order_tasks.order_id, order_tasks.version, order_tasks.kind) = (named.order_id, named.version, named.kind)
  AND state = 'failed'
RETURNING order_tasks.order_id, order_tasks.version, order_tasks.kind
"""
_FAILED = """
SELECT order_id, version, kind, attempts, last_error FROM order_tasks
WHERE state = 'failed' ORDER BY available_at LIMIT %(limit)s
"""
_STILL_FAILED = """
SELECT order_id, version, kind
FROM order_tasks
JOIN unnest(%(order_ids)s::uuid[], %(versions)s::integer[], %(kinds)s::text[]) AS named (order_id, version, kind)
USING (order_id, version, kind)
WHERE state = 'failed'
"""


class FailedTask(TypedDict):
    """A failed task, as operators see it."""

    id: str
    order_id: str
    kind: str
    attempts: int
    last_error: str | None


class _FailedRow(TaskRow):
    attempts: int
    last_error: str | None


def redrive(database: Database, at: datetime, task_ids: Sequence[TaskId] | None = None) -> tuple[TaskId, ...]:
    """Make failed tasks pending again, with all their attempts: those with the given ids, or all.

    What they may have done is not forgotten: the number of claims stays.
    """
    if task_ids is None:
        return read_task_ids(database.fetch(TaskRow, _REDRIVE_ALL, {"at": at}))
    return read_task_ids(database.fetch(TaskRow, _REDRIVE, {"at": at, **_keys(task_ids)}))


def still_failed(database: Database, task_ids: Sequence[TaskId]) -> frozenset[TaskId]:
    """Return the ids of those tasks that are failed now."""
    return frozenset(read_task_ids(database.fetch(TaskRow, _STILL_FAILED, _keys(task_ids))))


def list_failed(database: Database, limit: int) -> list[FailedTask]:
    """List failed tasks, the oldest first."""
    return [
        {
            "id": f"{row['order_id']}.{row['version']}.{row['kind']}",
            "order_id": row["order_id"],
            "kind": row["kind"],
            "attempts": row["attempts"],
            "last_error": row["last_error"],
        }
        for row in database.fetch(_FailedRow, _FAILED, {"limit": limit})
    ]


def _keys(task_ids: Sequence[TaskId]) -> dict[str, object]:
    return {
        "order_ids": [task.order_id for task in task_ids],
        "versions": [task.version for task in task_ids],
        "kinds": [task.kind.value for task in task_ids],
    }
