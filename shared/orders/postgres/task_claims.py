"""Claims: the right to process a task for a while, which keeps every other worker from it.

While a worker holds its lease, and while a task waits for its next attempt, `available_at` keeps every other worker
from claiming it. Each downstream service has a number of slots, and a claimed task occupies one of them, so that a slow
service cannot take up all workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypedDict

from orders.domain.details import NO_DETAILS, Details
from orders.domain.lifecycle import SERVICES, TaskKind
from orders.domain.order import StoredOrder, TaskId, state_of
from orders.domain.states import State
from orders.domain.stock import add_up
from orders.postgres.connection import Database
from orders.postgres.json_rows import stored_order

MAX_ATTEMPTS = 8
"""Attempts until a task fails; with the delays between them, ten minutes at the most."""
MAX_PATIENT_ATTEMPTS = 30
"""The same for a task of a service in `_PATIENT`: about three hours, so that an outage needs nobody."""
_PATIENT = frozenset({"payment", "events"})
LEASE = timedelta(seconds=90)
"""How long a claim holds: longer than the time-out of the function that processes the task."""
BUSY_DELAY = timedelta(minutes=10)
"""The maximum time until a task whose service is busy is received again; SQS delays messages by 15 minutes at most."""

_CLAIM = """
SELECT claim_tasks_2(
    %(order_ids)s::uuid[], %(versions)s::integer[], %(kinds)s::text[], %(services)s::text[], %(siblings)s::text[],
    %(at)s, %(lease)s, %(slots)s, %(busy_delay)s) AS answer
"""
_SIBLINGS = {kind: ",".join(each for each in TaskKind if SERVICES[each] == SERVICES[kind]) for kind in TaskKind}
"""The kinds of the tasks of each kind's service."""

type TaskState = Literal["pending", "done", "failed"]


class _PriorCallRow(TypedDict):
    state: TaskState
    claims: int
    reference: str | None


class _Answer(TypedDict):
    """What claim_tasks_2 answers for a task."""

    place: int
    claimed: bool
    busy: bool
    template: str | None
    state: TaskState
    attempts: int
    claims: int
    available_at: str
    order: StoredOrder
    enqueued_at: str | None
    prior_calls: dict[str, _PriorCallRow] | None
    lines: list[tuple[str, int, str | None]] | None
    details: Details | None


class _ClaimRow(TypedDict):
    answer: _Answer


@dataclass(frozen=True, slots=True)
class PriorCall:
    """A task of the same order whose effect may have to be undone: a charge or a shipment.

    Attributes:
        state: pending, done or failed.
        claims: how often it was claimed.
        reference: the downstream service's id for what was made; None while it is unknown.
    """

    state: TaskState
    claims: int
    reference: str | None

    @property
    def is_in_progress(self) -> bool:
        """Whether its call may still be made, or its answer may still come."""
        return self.state == "pending" and self.claims > 0


@dataclass(frozen=True, slots=True)
class Claim:
    """The result of claiming a task.

    Attributes:
        claimed: whether the claim succeeded; else another worker holds it, it is not available yet, it has ended, or
            its service is busy.
        busy: whether it could be claimed if its service had a free slot.
        state: pending, done or failed.
        available_at: when it can be claimed next.
        attempts: how often it was claimed since the last redrive or reschedule without a failure, this claim included.
        claims: how often it was ever claimed, this claim included.
    """

    id: TaskId
    claimed: bool
    busy: bool
    state: TaskState
    available_at: datetime
    attempts: int
    claims: int

    @property
    def kind(self) -> TaskKind:
        """The kind of the task."""
        return self.id.kind

    @property
    def order_id(self) -> str:
        """The order's id."""
        return self.id.order_id

    @property
    def max_attempts(self) -> int:
        """How many attempts it has."""
        return MAX_PATIENT_ATTEMPTS if SERVICES[self.kind] in _PATIENT else MAX_ATTEMPTS

    @property
    def is_exhausted(self) -> bool:
        """Whether it has had all its attempts before this claim."""
        return self.attempts > self.max_attempts


@dataclass(frozen=True, slots=True)
class ClaimedTask(Claim):
    """A task and its order, as they are now.

    Attributes:
        enqueued_at: when it was enqueued; None unless it checks a payment.
        prior_calls: the tasks that charge the order and create its shipment, for a task that undoes one.
        order: the order, without its lines.
        lines: product, quantity and name of each line, for a task that needs them.
        details: addresses and methods, for a task that charges or ships.
    """

    template: str
    enqueued_at: datetime | None
    prior_calls: Mapping[TaskKind, PriorCall]
    order: StoredOrder
    lines: tuple[tuple[str, int, str | None], ...]
    details: Details

    @property
    def order_state(self) -> State:
        """The order's statuses."""
        return state_of(self.order)

    @property
    def quantities(self) -> dict[str, int]:
        """The quantity of each product, over all lines."""
        return add_up((product, quantity) for product, quantity, _ in self.lines)

    @property
    def is_first_attempt(self) -> bool:
        """Whether no earlier attempt can have had an effect."""
        return self.claims == 1


def claim(database: Database, task_ids: Sequence[TaskId], at: datetime, slots: int) -> dict[TaskId, ClaimedTask]:
    """Claim tasks for `LEASE`, those that are pending and available, each if one of its service's slots is free.

    A task that is being changed at this moment is not claimed.

    Returns:
        The tasks, claimed or not; those that do not exist are missing.
    """
    ids = list(dict.fromkeys(task_ids))
    parameters = {
        "order_ids": [task.order_id for task in ids],
        "versions": [task.version for task in ids],
        "kinds": [task.kind.value for task in ids],
        "services": [SERVICES[task.kind] for task in ids],
        "siblings": [_SIBLINGS[task.kind] for task in ids],
        "at": at,
        "lease": LEASE,
        "slots": slots,
        "busy_delay": BUSY_DELAY,
    }
    answers = [row["answer"] for row in database.fetch(_ClaimRow, _CLAIM, parameters)]
    claims = [_claimed(ids[answer["place"] - 1], answer) for answer in answers]
    return {claim.id: claim for claim in claims}


def _claimed(task_id: TaskId, answer: _Answer) -> ClaimedTask:
    return ClaimedTask(
        id=task_id,
        template=answer["template"] or "",
        claimed=answer["claimed"],
        busy=answer["busy"],
        state=answer["state"],
        available_at=datetime.fromisoformat(answer["available_at"]),
        enqueued_at=datetime.fromisoformat(answer["enqueued_at"]) if answer["enqueued_at"] else None,
        attempts=answer["attempts"],
        claims=answer["claims"],
        prior_calls={TaskKind(kind): PriorCall(**call) for kind, call in (answer["prior_calls"] or {}).items()},
        order=stored_order(answer["order"]),
        lines=tuple((product, quantity, name) for product, quantity, name in answer["lines"] or ()),
        details=answer["details"] or NO_DETAILS,
    )
