"""The tasks that publish events, several at once: each function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from orders.domain.events import EventRow
from orders.domain.lifecycle import SERVICES
from orders.domain.order import TaskId
from orders.postgres.connection import Database
from orders.postgres.publishing import KIND
from orders.postgres.task_claims import BUSY_DELAY, LEASE, Claim, TaskState

_CLAIM = """
SELECT order_id, version, state, attempts, claims, available_at, claimed, busy, event
FROM claim_events_1(
    %(order_ids)s::uuid[], %(versions)s::integer[], %(kind)s, %(at)s, %(lease)s, %(service)s, %(slots)s, %(busy_delay)s)
"""
_FINISH = """
UPDATE order_tasks SET state = 'done', done_at = %(at)s, slot = NULL, last_error = NULL
FROM unnest(%(order_ids)s::uuid[], %(versions)s::integer[]) AS named (order_id, version)
WHERE (order_tasks.order_id, order_tasks.version, kind) = (named.order_id, named.version, %(kind)s)
  AND state = 'pending'
"""


class _ClaimRow(TypedDict):
    order_id: str
    version: int
    state: TaskState
    attempts: int
    claims: int
    available_at: datetime
    claimed: bool
    busy: bool
    event: EventRow


@dataclass(frozen=True, slots=True)
class ClaimedEvent(Claim):
    """A task that publishes an event, and the event."""

    event: EventRow


def claim(database: Database, task_ids: Sequence[TaskId], at: datetime, slots: int) -> list[ClaimedEvent]:
    """Claim tasks for `LEASE`, those that are pending and available, if one of their service's slots is free.

    Returns:
        The tasks, claimed or not; those that do not exist are missing.
    """
    parameters = {
        **_keys(task_ids),
        "at": at,
        "lease": LEASE,
        "service": SERVICES[KIND],
        "slots": slots,
        "busy_delay": BUSY_DELAY,
    }
    return [
        ClaimedEvent(
            id=TaskId(row["order_id"], row["version"], KIND),
            claimed=row["claimed"],
            busy=row["busy"],
            state=row["state"],
            available_at=row["available_at"],
            attempts=row["attempts"],
            claims=row["claims"],
            event=row["event"],
        )
        for row in database.fetch(_ClaimRow, _CLAIM, parameters)
    ]


def finish(database: Database, task_ids: Sequence[TaskId], at: datetime) -> None:
    """Mark tasks as done."""
    database.execute(_FINISH, {**_keys(task_ids), "at": at})


def _keys(task_ids: Sequence[TaskId]) -> dict[str, object]:
    return {
        "order_ids": [task.order_id for task in task_ids],
        "versions": [task.version for task in task_ids],
        "kind": KIND.value,
    }
