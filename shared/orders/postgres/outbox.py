"""The outbox: tasks that events enqueue, each claimed, finished, rescheduled or failed.

A task is pending until it is done or failed. While a worker holds its lease, and while it waits for its next attempt,
`available_at` keeps every other worker from claiming it. Each downstream service has a number of slots, and a claimed
task occupies one of them, so that a slow service cannot take up all workers. Each function is one statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypedDict

from orders.domain.lifecycle import SERVICES, TaskKind
from orders.domain.order import StoredOrder, TaskId, state_of
from orders.domain.states import State
from orders.postgres.connection import Database
from orders.postgres.statements import statement

MAX_ATTEMPTS = 8
LEASE = timedelta(seconds=90)
"""How long a claim holds: longer than the time-out of the function that processes the task."""
BUSY_DELAY = timedelta(minutes=10)
"""The maximum time until a task whose service is busy is received again; SQS delays messages by 15 minutes at most."""

_TAKE_OVERDUE = statement("take_overdue_tasks")
_CLAIM = """
SELECT (stored).*, template, state, attempts, available_at, claimed, busy, prior_calls, shipment_lines
FROM claim_task_1(
    %(order_id)s, %(version)s, %(kind)s, %(at)s, %(lease)s, %(service)s, %(kinds)s, %(slots)s,
    %(busy_delay)s)
"""
_FINISH = """
UPDATE order_tasks SET state = 'done', slot = NULL, reference = %(reference)s, last_error = NULL
WHERE order_id = %(order_id)s AND version = %(version)s AND kind = %(kind)s AND state = 'pending'
"""
# Only the worker with the latest claim decides: the number of attempts identifies it.
_RESCHEDULE = """
UPDATE order_tasks
SET available_at = %(available_at)s, slot = NULL, last_error = %(error)s,
    state = CASE WHEN %(final)s THEN 'failed' ELSE state END
WHERE order_id = %(order_id)s AND version = %(version)s AND kind = %(kind)s AND state = 'pending'
  AND attempts = %(attempts)s
"""
_LAG = """
SELECT coalesce(extract(epoch FROM %(at)s - min(available_at)), 0)::float AS seconds
FROM order_tasks WHERE state = 'pending' AND available_at < %(at)s
"""
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

type TaskState = Literal["pending", "done", "failed"]


class FailedTask(TypedDict):
    """A failed task, as operators see it."""

    id: str
    order_id: str
    kind: str
    attempts: int
    last_error: str | None


class _TaskRow(TypedDict):
    order_id: str
    version: int
    kind: str


class _FailedRow(_TaskRow):
    attempts: int
    last_error: str | None


class _PriorCallRow(TypedDict):
    version: int
    state: TaskState
    attempts: int
    reference: str | None


class _ClaimRow(StoredOrder):
    template: str | None
    state: TaskState
    attempts: int
    available_at: datetime
    claimed: bool
    busy: bool
    prior_calls: dict[str, _PriorCallRow] | None
    shipment_lines: list[tuple[str, int]] | None


class _LagRow(TypedDict):
    seconds: float


@dataclass(frozen=True, slots=True)
class PriorCall:
    """A task of the same order whose effect may have to be undone: a charge or a shipment.

    Attributes:
        id: the task's id, which is the idempotency key of its call.
        state: pending, done or failed.
        attempts: how often it was claimed.
        reference: the downstream service's id for what was made; None while it is unknown.
    """

    id: TaskId
    state: TaskState
    attempts: int
    reference: str | None

    @property
    def may_have_executed(self) -> bool:
        """Whether the call may have had an effect; a task done after one attempt without a reference had none."""
        return self.reference is not None or self.attempts > 1 or (self.attempts == 1 and self.state != "done")


@dataclass(frozen=True, slots=True)
class ClaimedTask:
    """A task and its order, as they are now.

    Attributes:
        claimed: whether the claim succeeded; else another worker holds it, it is not available yet, it has ended, or
            its service is busy.
        busy: whether it could be claimed if its service had a free slot.
        state: pending, done or failed.
        available_at: when it can be claimed next.
        attempts: how often it was claimed, this claim included.
        prior_calls: the order's charge and shipment, as far as they exist.
        order: the order, without its lines.
        lines: product and quantity of each line, for a task that creates a shipment.
    """

    id: TaskId
    template: str
    claimed: bool
    busy: bool
    state: TaskState
    available_at: datetime
    attempts: int
    prior_calls: Mapping[TaskKind, PriorCall]
    order: StoredOrder
    lines: tuple[tuple[str, int], ...]

    @property
    def kind(self) -> TaskKind:
        """The kind of the task."""
        return self.id.kind

    @property
    def order_id(self) -> str:
        """The order's id."""
        return self.id.order_id

    @property
    def order_state(self) -> State:
        """The order's statuses."""
        return state_of(self.order)

    @property
    def is_first_attempt(self) -> bool:
        """Whether no earlier attempt can have had an effect."""
        return self.attempts == 1


def claim(database: Database, task_id: TaskId, at: datetime, slots: int) -> ClaimedTask | None:
    """Claim a task for `LEASE`, if it is pending and available and one of its service's slots is free.

    Returns:
        The task, claimed or not; None if there is none with this id.
    """
    service = SERVICES[task_id.kind]
    kinds = [kind.value for kind in TaskKind if SERVICES[kind] == service]
    bound = {"service": service, "kinds": kinds, "slots": slots, "busy_delay": BUSY_DELAY}
    row = database.fetch_one(_ClaimRow, _CLAIM, {**_key(task_id), "at": at, "lease": LEASE, **bound})
    if row is None:
        return None
    prior_calls = {TaskKind(kind): call for kind, call in (row["prior_calls"] or {}).items()}
    return ClaimedTask(
        id=task_id,
        template=row["template"] or "",
        claimed=row["claimed"],
        busy=row["busy"],
        state=row["state"],
        available_at=row["available_at"],
        attempts=row["attempts"],
        prior_calls={
            kind: PriorCall(
                TaskId(task_id.order_id, call["version"], kind), call["state"], call["attempts"], call["reference"]
            )
            for kind, call in prior_calls.items()
        },
        order=row,
        lines=tuple((product, quantity) for product, quantity in row["shipment_lines"] or ()),
    )


def finish(database: Database, task_id: TaskId, reference: str | None = None) -> None:
    """Mark a task as done that causes no event."""
    database.execute(_FINISH, {**_key(task_id), "reference": reference})


def reschedule(database: Database, task: ClaimedTask, error: str, available_at: datetime, *, final: bool) -> None:
    """Record why a claimed task was not done, and when it is available again; mark it as failed if this is final."""
    parameters = {
        **_key(task.id),
        "attempts": task.attempts,
        "error": error,
        "available_at": available_at,
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
    return _ids(database.fetch(_TaskRow, _TAKE_OVERDUE, parameters))


def lag_seconds(database: Database, at: datetime) -> float:
    """Return for how many seconds the oldest available task has been available; 0 without one."""
    [row] = database.fetch(_LagRow, _LAG, {"at": at})
    return row["seconds"]


def redrive(database: Database, at: datetime, task_ids: Sequence[TaskId] | None = None) -> tuple[TaskId, ...]:
    """Make failed tasks pending again, with all their attempts: those with the given ids, or all."""
    if task_ids is None:
        return _ids(database.fetch(_TaskRow, _REDRIVE_ALL, {"at": at}))
    return _ids(database.fetch(_TaskRow, _REDRIVE, {"at": at, **_keys(task_ids)}))


def still_failed(database: Database, task_ids: Sequence[TaskId]) -> frozenset[TaskId]:
    """Return the ids of those tasks that are failed now."""
    return frozenset(_ids(database.fetch(_TaskRow, _STILL_FAILED, _keys(task_ids))))


def failed(database: Database, limit: int) -> list[FailedTask]:
    """List failed tasks, the oldest first."""
    return [
        {
            "id": str(_id(row)),
            "order_id": row["order_id"],
            "kind": row["kind"],
            "attempts": row["attempts"],
            "last_error": row["last_error"],
        }
        for row in database.fetch(_FailedRow, _FAILED, {"limit": limit})
    ]


def _key(task_id: TaskId) -> dict[str, object]:
    return {"order_id": task_id.order_id, "version": task_id.version, "kind": task_id.kind.value}


def _keys(task_ids: Sequence[TaskId]) -> dict[str, object]:
    return {
        "order_ids": [task.order_id for task in task_ids],
        "versions": [task.version for task in task_ids],
        "kinds": [task.kind.value for task in task_ids],
    }


def _id(row: _TaskRow) -> TaskId:
    return TaskId(row["order_id"], row["version"], TaskKind(row["kind"]))


def _ids(rows: Sequence[_TaskRow]) -> tuple[TaskId, ...]:
    return tuple(map(_id, rows))
