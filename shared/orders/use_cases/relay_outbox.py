"""Recover what was lost: overdue tasks, stock without an order, and orders whose payment was never started.

Also erase personal data, delete expired idempotency keys, roll up the order counts, and give events their positions in
the feed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from orders.domain.clock import Clock
from orders.domain.errors import Unavailable
from orders.domain.lifecycle import Event
from orders.domain.order import DeadLetter, TaskId
from orders.domain.stock import Inventory
from orders.postgres import (
    counters,
    erasures,
    failed_tasks,
    feed,
    idempotency,
    order_changes,
    orders,
    outbox,
    stock_holds,
)
from orders.postgres.connection import Database
from orders.postgres.failed_tasks import FailedTask
from orders.telemetry import logger
from orders.use_cases.publish import TaskQueue, publish

OVERDUE = timedelta(minutes=1)
"""How long a task may be available before it is sent again."""
RESEND_INTERVAL = timedelta(minutes=3)
"""How long a task that was sent again is left to its queue before it is sent once more."""
ORPHANED = timedelta(minutes=5)
"""How long stock may be held without an order: longer than placing one may take."""
PAYMENT_TIMEOUT = timedelta(minutes=30)
"""How long an order may wait for its payment to be started."""
STUCK = timedelta(hours=1)
"""How long a payment may be processing until it is counted as stuck."""
ACTOR = "system:relay_outbox"
"""Who the relay is in the timeline of an order."""
_BATCH = 500
_EXPIRED_KEYS = 50_000
_DELTAS = 100_000
"""Count deltas rolled up at once: those of about 10,000 orders over their whole life."""
_TIME_BUDGET = timedelta(seconds=20)
"""How long a run starts further batches; the function's time-out is 50 seconds."""


class RelayBatch(NamedTuple):
    """What one batch processed.

    Attributes:
        tasks: how many tasks were sent again.
        holds: how many reservations without an order were released.
        expired: how many orders expired.
        erased: how many orders had their personal data erased.
        keys: how many idempotency keys were deleted.
        deltas: how many count deltas were rolled up.
        sequenced: how many events were given a position in the feed.
    """

    tasks: int = 0
    holds: int = 0
    expired: int = 0
    erased: int = 0
    keys: int = 0
    deltas: int = 0
    sequenced: int = 0

    @property
    def is_full(self) -> bool:
        """Whether there may be more to process."""
        return any(processed == limit for processed, limit in zip(self, _LIMITS, strict=True))


_LIMITS = RelayBatch(
    tasks=_BATCH,
    holds=_BATCH,
    expired=_BATCH,
    erased=_BATCH,
    keys=_EXPIRED_KEYS,
    deltas=_DELTAS,
    sequenced=feed.SEQUENCED,
)


@dataclass(frozen=True, slots=True)
class RelaySummary:
    """What one run processed, and what it met when it began.

    Attributes:
        lag_seconds: the age of the oldest available task.
        stuck: how many orders have had a payment in processing for more than an hour.
    """

    tasks: int
    holds: int
    expired: int
    erased: int
    keys: int
    deltas: int
    sequenced: int
    lag_seconds: float
    stuck: int


@dataclass(frozen=True, slots=True)
class RelayOutbox:
    """Run every minute, in bounded batches; concurrent runs do not interfere.

    Attributes:
        personal_data_days: how many days after an order has ended its personal data is erased; 0 to keep it.
    """

    database: Database
    queue: TaskQueue
    inventory: Inventory
    clock: Clock
    personal_data_days: int = 0

    def run(self) -> RelaySummary:
        """Process batches as long as they are full and time is left."""
        begun = self.clock.now()
        lag = outbox.lag_seconds(self.database, begun)
        stuck = counters.stuck_payments(self.database, before=begun - STUCK)
        batches = [self._batch()]
        while batches[-1].is_full and self.clock.now() - begun < _TIME_BUDGET:
            batches.append(self._batch())
        total = RelayBatch._make(map(sum, zip(*batches, strict=True)))
        return RelaySummary(**total._asdict(), lag_seconds=lag, stuck=stuck)

    def failed_tasks(self) -> list[FailedTask]:
        """List the failed tasks, the oldest first."""
        return failed_tasks.list_failed(self.database, _BATCH)

    def unknown_dead_letters(self) -> list[DeadLetter]:
        """List the dead letters that name no task, which cannot be redriven."""
        return self.queue.unknown_dead_letters()

    def redrive(self, task_ids: Sequence[TaskId] | None = None) -> int:
        """Make failed tasks pending again and send them: those with the given ids, or all; return how many."""
        messages = failed_tasks.redrive(self.database, self.clock.now(), task_ids)
        self.queue.send(messages)
        self.queue.purge_dead_letters(partial(failed_tasks.still_failed, self.database))
        return len(messages)

    def _batch(self) -> RelayBatch:
        """Process one batch. The counts come last, because they can wait."""
        at = self.clock.now()
        expired = self._expire_orders()
        overdue = outbox.take_overdue(self.database, at, overdue=OVERDUE, resend_interval=RESEND_INTERVAL, limit=_BATCH)
        self.queue.send(overdue)
        keys = idempotency.delete_expired(self.database, at, _EXPIRED_KEYS)
        holds = self._release_orphaned_stock()
        erased = self._erase_orders()
        deltas = counters.roll_up(self.database, at, limit=_DELTAS)
        sequenced = feed.sequence(self.database)
        return RelayBatch(len(overdue), holds, expired, erased, keys, deltas, sequenced)

    def _expire_orders(self) -> int:
        before = self.clock.now() - PAYMENT_TIMEOUT
        expired = 0
        for order_id in orders.unpaid_orders(self.database, before=before, limit=_BATCH):
            result = order_changes.apply_event(self.database, Event.EXPIRED, order_id, actor=ACTOR, at=self.clock.now())
            if result and result.applied:
                publish(result, self.queue)
                expired += 1
        return expired

    def _release_orphaned_stock(self) -> int:
        released = 0
        before = self.clock.now() - ORPHANED
        for reservation_id in stock_holds.orphaned(self.database, before=before, limit=_BATCH):
            try:
                self.inventory.release_orphan(reservation_id, before)
            except Unavailable as error:
                logger.warning("orphaned stock not released", reservation_id=reservation_id, cause=error.detail)
            else:
                released += 1
        return released

    def _erase_orders(self) -> int:
        """Erase orders of customers who have requested it, and those that ended long ago."""
        at = self.clock.now()
        erased = erasures.continue_erasures(self.database, at, _BATCH)
        self.queue.send(erased.tasks)
        if not self.personal_data_days:
            return erased.orders
        before = at - timedelta(days=self.personal_data_days)
        left = _BATCH - erased.orders
        ended = erasures.erase_ended(self.database, before=before, actor=ACTOR, at=at, limit=left)
        self.queue.send(ended.tasks)
        return erased.orders + ended.orders
