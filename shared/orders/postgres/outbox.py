"""The outbox: tasks that events enqueue, each claimed, finished, rescheduled or failed.

A task is pending until it is done or failed. While a worker holds its lease, and while it waits for its next attempt,
`available_at` keeps every other worker from claiming it. Each function is one statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypedDict

from orders.domain.lifecycle import TaskKind
from orders.domain.order import OrderRow, TaskMessage, TaskRow, state_of
from orders.domain.states import State
from orders.postgres.connection import Database
from orders.postgres.orders import task_messages
from orders.postgres.statements import statement

MAX_ATTEMPTS = 8
LEASE = timedelta(seconds=90)
"""How long a claim holds: longer than the time-out of the function that processes the task."""

_CLAIM = statement("claim_task")
_TAKE_OVERDUE = statement("take_overdue_tasks")
_FINISH = """
UPDATE order_tasks SET state = 'done', reference = %(reference)s, last_error = NULL
WHERE id = %(id)s AND state = 'pending'
"""
# Only the worker with the latest claim decides: the number of attempts identifies it.
_RESCHEDULE = """
UPDATE order_tasks
SET available_at = %(available_at)s, last_error = %(error)s, state = CASE WHEN %(final)s THEN 'failed' ELSE state END
WHERE id = %(id)s AND state = 'pending' AND attempts = %(attempts)s
"""
_LAG = """
SELECT coalesce(extract(epoch FROM %(at)s - min(available_at)), 0)::float AS seconds
FROM order_tasks WHERE state = 'pending' AND available_at < %(at)s
"""
_REDRIVE = """
UPDATE order_tasks SET state = 'pending', attempts = 0, available_at = %(at)s, sent_at = %(at)s
WHERE state = 'failed' AND (%(ids)s::uuid[] IS NULL OR id = ANY (%(ids)s::uuid[]))
RETURNING id, kind
"""
_FAILED = """
SELECT id, order_id, kind, attempts, last_error FROM order_tasks
WHERE state = 'failed' ORDER BY available_at LIMIT %(limit)s
"""
_STILL_FAILED = "SELECT id FROM order_tasks WHERE state = 'failed' AND id = ANY (%(ids)s::uuid[])"

type TaskState = Literal["pending", "done", "failed"]


class FailedTaskRow(TypedDict):
    """A failed task, as operators see it."""

    id: str
    order_id: str
    kind: TaskKind
    attempts: int
    last_error: str | None


class _PriorCallRow(TypedDict):
    id: str
    state: TaskState
    attempts: int
    reference: str | None


class _ClaimRow(OrderRow):
    task_id: str
    kind: TaskKind
    payload: dict[str, str]
    state: TaskState
    attempts: int
    available_at: datetime
    claimed: bool
    prior_calls: dict[str, _PriorCallRow] | None
    shipment_lines: list[tuple[str, int]] | None


class _IdRow(TypedDict):
    id: str


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

    id: str
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
        claimed: whether the claim succeeded; else another worker holds it, it is not available yet, or it has ended.
        state: pending, done or failed.
        available_at: when it can be claimed next.
        attempts: how often it was claimed, this claim included.
        prior_calls: the order's charge and shipment, as far as they exist.
        order: the order, without its lines.
        lines: product and quantity of each line, for a task that creates a shipment.
    """

    id: str
    kind: TaskKind
    template: str
    claimed: bool
    state: TaskState
    available_at: datetime
    attempts: int
    prior_calls: Mapping[TaskKind, PriorCall]
    order: OrderRow
    lines: tuple[tuple[str, int], ...]

    @property
    def order_id(self) -> str:
        """The order's id."""
        return self.order["id"]

    @property
    def order_state(self) -> State:
        """The order's statuses."""
        return state_of(self.order)

    @property
    def is_first_attempt(self) -> bool:
        """Whether no earlier attempt can have had an effect."""
        return self.attempts == 1


def claim(database: Database, task_id: str, at: datetime) -> ClaimedTask | None:
    """Claim a task for `LEASE`, if it is pending and available; None if there is none with this id."""
    row = database.fetch_one(_ClaimRow, _CLAIM, {"id": task_id, "at": at, "lease": LEASE})
    if row is None:
        return None
    return ClaimedTask(
        id=row["task_id"],
        kind=TaskKind(row["kind"]),
        template=row["payload"].get("template", ""),
        claimed=row["claimed"],
        state=row["state"],
        available_at=row["available_at"],
        attempts=row["attempts"],
        prior_calls={TaskKind(kind): PriorCall(**call) for kind, call in (row["prior_calls"] or {}).items()},
        order=row,
        lines=tuple((product, quantity) for product, quantity in row["shipment_lines"] or ()),
    )


def finish(database: Database, task_id: str, reference: str | None = None) -> None:
    """Mark a task as done that causes no event."""
    database.execute(_FINISH, {"id": task_id, "reference": reference})


def reschedule(database: Database, task: ClaimedTask, error: str, available_at: datetime, *, final: bool) -> None:
    """Record why a claimed task was not done, and when it is available again; mark it as failed if this is final."""
    parameters = {
        "id": task.id,
        "attempts": task.attempts,
        "error": error,
        "available_at": available_at,
        "final": final,
    }
    database.execute(_RESCHEDULE, parameters)


def take_overdue(
    database: Database, at: datetime, *, overdue: timedelta, resend_interval: timedelta, limit: int
) -> tuple[TaskMessage, ...]:
    """Take tasks that have been available for longer than `overdue`, to send them again.

    A task that was taken is not returned again before `resend_interval` has passed.
    """
    parameters = {"at": at, "overdue_since": at - overdue, "sent_before": at - resend_interval, "limit": limit}
    return task_messages(database.fetch(TaskRow, _TAKE_OVERDUE, parameters))


def lag_seconds(database: Database, at: datetime) -> float:
    """Return for how many seconds the oldest available task has been available; 0 without one."""
    [row] = database.fetch(_LagRow, _LAG, {"at": at})
    return row["seconds"]


def redrive(database: Database, at: datetime, task_ids: Sequence[str] | None = None) -> tuple[TaskMessage, ...]:
    """Make failed tasks pending again, with all their attempts: those with the given ids, or all."""
    ids = None if task_ids is None else list(task_ids)
    return task_messages(database.fetch(TaskRow, _REDRIVE, {"at": at, "ids": ids}))


def still_failed(database: Database, task_ids: Sequence[str]) -> frozenset[str]:
    """Return the ids of those tasks that are failed now."""
    rows = database.fetch(_IdRow, _STILL_FAILED, {"ids": list(task_ids)})
    return frozenset(row["id"] for row in rows)


def failed(database: Database, limit: int) -> list[FailedTaskRow]:
    """List failed tasks, the oldest first."""
    return database.fetch(FailedTaskRow, _FAILED, {"limit": limit})
