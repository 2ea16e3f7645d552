"""The work that orders promised: claimed, finished, put off, given up; and found again when it was forgotten.

A task is pending until it is done or failed. While it is worked on, and while it waits for its next attempt,
`available_at` keeps everybody else from it. Each function is one statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from orders.domain.lifecycle import State, TaskKind
from orders.domain.order import TaskRef, state_of
from orders.postgres.connection import Database, Row
from orders.postgres.orders import task_refs

MAX_ATTEMPTS = 8
LEASE = timedelta(seconds=90)
"""How long whoever claimed a task has it to themselves: longer than the function that works on it may run."""

_CLAIM = """
WITH claimed AS (
    UPDATE order_tasks SET attempts = attempts + 1, available_at = %(at)s + %(lease)s
    WHERE id = %(id)s AND state = 'pending' AND available_at <= %(at)s
    RETURNING *
), task AS (
    SELECT *, true AS claimed FROM claimed
    UNION ALL
    SELECT *, false FROM order_tasks WHERE id = %(id)s AND NOT EXISTS (SELECT FROM claimed)
)
SELECT orders.*, task.id AS task_id, task.kind, task.payload, task.state, task.attempts, task.available_at,
    task.claimed,
    (SELECT json_object_agg(kind, json_build_object(
            'id', id, 'state', state, 'attempts', attempts, 'reference', reference))
        FROM order_tasks WHERE order_id = orders.id AND kind IN ('charge_payment', 'create_shipment')) AS deeds,
    CASE WHEN task.kind = 'create_shipment' THEN (
        SELECT json_agg(json_build_array(product_id, quantity) ORDER BY line_no)
        FROM order_items WHERE order_id = orders.id) END AS shipped_lines
FROM task JOIN orders ON orders.id = task.order_id
"""

_FINISH = """
UPDATE order_tasks SET state = 'done', reference = %(reference)s, last_error = NULL
WHERE id = %(id)s AND state = 'pending'
"""

# Whoever has claimed it since decides about it: the number of attempts tells.
_PUT_OFF = """
UPDATE order_tasks
SET available_at = %(available_at)s, last_error = %(error)s, state = CASE WHEN %(final)s THEN 'failed' ELSE state END
WHERE id = %(id)s AND state = 'pending' AND attempts = %(attempts)s
"""

_TAKE_OVERDUE = """
WITH taken AS (
    UPDATE order_tasks SET sent_at = %(at)s
    WHERE id IN (
        SELECT id FROM order_tasks
        WHERE state = 'pending' AND available_at < %(overdue_since)s
          AND (sent_at IS NULL OR sent_at < %(sent_before)s)
        ORDER BY available_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED)
    RETURNING id, kind, available_at, order_id, version
)
SELECT id, kind FROM taken ORDER BY available_at, order_id, version, kind
"""

_LAG = """
SELECT coalesce(extract(epoch FROM %(at)s - min(available_at)), 0)::float AS seconds
FROM order_tasks WHERE state = 'pending' AND available_at < %(at)s
"""

_REVIVE = """
UPDATE order_tasks SET state = 'pending', attempts = 0, available_at = %(at)s, sent_at = %(at)s
WHERE state = 'failed' AND (%(ids)s::uuid[] IS NULL OR id = ANY (%(ids)s::uuid[]))
RETURNING id, kind
"""

_FAILED = """
SELECT id, order_id, kind, attempts, last_error FROM order_tasks
WHERE state = 'failed' ORDER BY available_at LIMIT %(limit)s
"""


_STILL_FAILED = "SELECT id FROM order_tasks WHERE state = 'failed' AND id = ANY (%(ids)s::uuid[])"


@dataclass(frozen=True, slots=True)
class Deed:
    """A task of the same order that made something which may have to be undone: a charge, a shipment.

    Attributes:
        id: of the task, and the key of its call.
        state: pending, done or failed.
        attempts: how often it was claimed.
        reference: the service's own name for what was made; None while that is not known.
    """

    id: str
    state: Literal["pending", "done", "failed"]
    attempts: int
    reference: str | None

    @property
    def may_have_acted(self) -> bool:
        """Whether something may have been made; what ended at its first attempt without a name made nothing."""
        return self.reference is not None or self.attempts > 1 or (self.attempts == 1 and self.state != "done")


@dataclass(frozen=True, slots=True)
class Task:
    """A task and the order that it belongs to, as they are now.

    Attributes:
        claimed: it is ours to work on; else somebody has it, it waits for its time, or it is over.
        state: pending, done or failed.
        available_at: when it can be claimed next.
        attempts: how often it was claimed, this time included.
        deeds: the order's charge and shipment, as far as there are any.
        order: the columns of the order.
        lines: product and quantity of each line, where a shipment is to be made of them.
    """

    id: str
    kind: TaskKind
    template: str
    claimed: bool
    state: Literal["pending", "done", "failed"]
    available_at: datetime
    attempts: int
    deeds: Mapping[TaskKind, Deed]
    order: Row
    lines: tuple[tuple[str, int], ...]

    @property
    def order_id(self) -> str:
        """The order that the task belongs to."""
        return str(self.order["id"])

    @property
    def order_state(self) -> State:
        """The statuses of that order."""
        return state_of(self.order)

    @property
    def is_first_attempt(self) -> bool:
        """Whether nothing can have been done for it yet."""
        return self.attempts == 1


def claim(database: Database, task_id: str, at: datetime) -> Task | None:
    """Take a task for `LEASE`, if it is free and its time has come; None if there is none of this id."""
    row = database.fetch_one(_CLAIM, {"id": task_id, "at": at, "lease": LEASE})
    if row is None:
        return None
    return Task(
        id=row.pop("task_id"),
        kind=TaskKind(row.pop("kind")),
        template=row.pop("payload").get("template", ""),
        claimed=row.pop("claimed"),
        state=row.pop("state"),
        available_at=row.pop("available_at"),
        attempts=row.pop("attempts"),
        deeds={TaskKind(kind): Deed(**deed) for kind, deed in (row.pop("deeds") or {}).items()},
        lines=tuple((product, quantity) for product, quantity in row.pop("shipped_lines") or ()),
        order=row,
    )


def finish(database: Database, task_id: str, reference: str | None = None) -> None:
    """Note that a task is done; one that brings about no event of its order."""
    database.fetch(_FINISH, {"id": task_id, "reference": reference})


def put_off(database: Database, task: Task, error: str, available_at: datetime, *, final: bool) -> None:
    """Note why a claimed task was not done, and when to try again; if never again, that it has failed."""
    parameters = {
        "id": task.id,
        "attempts": task.attempts,
        "error": error,
        "available_at": available_at,
        "final": final,
    }
    database.fetch(_PUT_OFF, parameters)


def take_overdue(
    database: Database, at: datetime, *, overdue: timedelta, again_after: timedelta, limit: int
) -> tuple[TaskRef, ...]:
    """Tasks that have been free for too long, to be sent again; not given to anybody else until `again_after`."""
    parameters = {"at": at, "overdue_since": at - overdue, "sent_before": at - again_after, "limit": limit}
    return task_refs(database.fetch(_TAKE_OVERDUE, parameters))


def lag_seconds(database: Database, at: datetime) -> float:
    """For how long the oldest task that is free has been so."""
    return float(database.fetch(_LAG, {"at": at})[0]["seconds"])


def revive(database: Database, at: datetime, task_ids: Sequence[str] | None = None) -> tuple[TaskRef, ...]:
    """Give failed tasks all their attempts again: the given ones, or all."""
    ids = None if task_ids is None else list(task_ids)
    return task_refs(database.fetch(_REVIVE, {"at": at, "ids": ids}))


def still_failed(database: Database, task_ids: Sequence[str]) -> frozenset[str]:
    """Which of some tasks are failed now."""
    rows = database.fetch(_STILL_FAILED, {"ids": list(task_ids)})
    return frozenset(row["id"] for row in rows)


def failed(database: Database, limit: int) -> list[Row]:
    """Tasks that were given up, the oldest first: id, order_id, kind, attempts and last_error."""
    return database.fetch(_FAILED, {"limit": limit})
