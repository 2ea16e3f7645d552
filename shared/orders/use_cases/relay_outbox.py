"""Pick up what was forgotten: tasks that nobody sent or finished, stock without an order, orders nobody paid for.

And delete what has served its time: keys of requests that nobody will send again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import NamedTuple, Self

from orders.aws.task_queue import SqsTaskQueue, TaskQueue
from orders.clients import catalog_inventory as stock
from orders.clients.catalog_inventory import Inventory, new_inventory
from orders.clients.http import Session
from orders.config import DatabaseSettings, InventorySettings, QueueSettings
from orders.domain.clock import Clock
from orders.domain.errors import Unavailable
from orders.domain.lifecycle import Event
from orders.postgres import counters as monitoring
from orders.postgres import idempotency
from orders.postgres import orders as store
from orders.postgres import outbox as tasks
from orders.postgres.connection import Database, Row
from orders.telemetry import logger
from orders.use_cases.publish import publish

OVERDUE = timedelta(minutes=1)
"""For so long a task may be free before it counts as forgotten."""
AGAIN_AFTER = timedelta(minutes=3)
"""So long a queue has for a task that was sent again, before it is sent once more."""
ORPHANED = timedelta(minutes=5)
"""For so long stock may be held without an order: longer than placing one may take."""
EXPIRY = timedelta(minutes=30)
"""For so long an order may wait for its payment to be started."""
_BATCH = 500
_EXPIRED_KEYS = 50_000
_DELTAS = 100_000
"""So many deltas are folded at once: those of about 10,000 orders on their whole way."""
_LONGEST = timedelta(seconds=20)
"""After so long a run begins no further round; the function has 50 seconds."""


class Round(NamedTuple):
    """What one round of the relay found: tasks and holds that were forgotten, orders and keys that had expired."""

    tasks: int = 0
    holds: int = 0
    expired: int = 0
    keys: int = 0
    deltas: int = 0

    @property
    def is_full(self) -> bool:
        """Whether there may be more."""
        return any(found == limit for found, limit in zip(self, _LIMITS, strict=True))


_LIMITS = Round(tasks=_BATCH, holds=_BATCH, expired=_BATCH, keys=_EXPIRED_KEYS, deltas=_DELTAS)


@dataclass(frozen=True, slots=True)
class Caught:
    """What one run of the relay found; `lag_seconds` is the age of the oldest task that waited."""

    tasks: int
    holds: int
    expired: int
    keys: int
    deltas: int
    lag_seconds: float


@dataclass(frozen=True, slots=True)
class Relay:
    """Runs every minute, in bounded rounds; two runs at once do not get in each other's way."""

    database: Database
    queue: TaskQueue
    inventory: Inventory
    clock: Clock

    @classmethod
    def from_environment(cls) -> Self:
        """With the services and queues that the environment names."""
        database = Database(DatabaseSettings.from_environment())
        clock = Clock()
        return cls(
            database=database,
            queue=SqsTaskQueue(QueueSettings.from_environment()),
            inventory=new_inventory(InventorySettings.from_environment(), Session(), database, clock),
            clock=clock,
        )

    def run(self) -> Caught:
        """Pick up what there is, round after round, as long as a round finds all that it could take."""
        begun = self.clock.now()
        lag = tasks.lag_seconds(self.database, begun)
        rounds = [self._round()]
        while rounds[-1].is_full and self.clock.now() - begun < _LONGEST:
            rounds.append(self._round())
        total = Round._make(map(sum, zip(*rounds, strict=True)))
        return Caught(**total._asdict(), lag_seconds=lag)

    def failed_tasks(self) -> list[Row]:
        """The tasks that were given up: id, order_id, kind, attempts and last_error."""
        return tasks.failed(self.database, _BATCH)

    def redrive(self, task_ids: Sequence[str] | None = None) -> int:
        """Give failed tasks all their attempts again and send them: the given ones, or all; returns how many."""
        revived = tasks.revive(self.database, self.clock.now(), task_ids)
        self.queue.send(revived)
        self.queue.bury(partial(tasks.still_failed, self.database))
        return len(revived)

    def _round(self) -> Round:
        """Send forgotten tasks again, give back stock that no order has, expire orders and idempotency keys.

        Last of all, as it can wait, what has changed about orders is folded into the counts.
        """
        at = self.clock.now()
        expired = self._expire_orders()
        overdue = tasks.take_overdue(self.database, at, overdue=OVERDUE, again_after=AGAIN_AFTER, limit=_BATCH)
        self.queue.send(overdue)
        keys = idempotency.sweep(self.database, at, _EXPIRED_KEYS)
        given_back = self._give_back_orphans()
        deltas = monitoring.fold(self.database, at, limit=_DELTAS)
        return Round(len(overdue), given_back, expired, keys, deltas)

    def _expire_orders(self) -> int:
        before = self.clock.now() - EXPIRY
        expired = 0
        for order_id in store.unpaid_orders(self.database, before=before, limit=_BATCH):
            outcome = store.apply_event(self.database, Event.EXPIRED, order_id, at=self.clock.now())
            if outcome and outcome.applied:
                publish(outcome, self.queue)
                expired += 1
        return expired

    def _give_back_orphans(self) -> int:
        given_back = 0
        for order_id in stock.orphans(self.database, before=self.clock.now() - ORPHANED, limit=_BATCH):
            try:
                self.inventory.release(order_id)
            except Unavailable as error:
                logger.warning("stock without an order was not given back", order_id=order_id, cause=error.detail)
            else:
                given_back += 1
        return given_back
