"""The service without its functions: real database and services, a queue in memory, and a clock of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from orders import bootstrap
from orders.domain.caller import ERASE, WRITE, Caller
from orders.domain.clock import Clock
from orders.domain.order import DeadLetter, OrderDetails, TaskId
from orders.postgres.erasures import Erasure
from orders.schemas.requests import NewOrder, StatusUpdate
from orders.use_cases.relay_outbox import RelaySummary
from orders.use_cases.retries import DONE, MessageDisposition, Retries

CUSTOMER = Caller("5")
STAFF = Caller("staff", frozenset({WRITE}))
OFFICER = Caller("officer", frozenset({ERASE}))


class MemoryQueue:
    """What is sent waits until it is asked for; or it is lost, when that is wanted."""

    def __init__(self) -> None:
        self.waiting: list[TaskId] = []
        self.delays: list[float] = []
        self.loses = False

    def send(self, tasks: Sequence[TaskId], delay_seconds: float = 0) -> None:
        if not self.loses:
            self.waiting += tasks
            self.delays += [delay_seconds] * len(tasks)

    def unknown_dead_letters(self) -> list[DeadLetter]:
        """There are no dead letters here."""
        return []

    def purge_dead_letters(self, still_failed: Callable[[Sequence[TaskId]], frozenset[TaskId]]) -> None:
        """There are no dead letters here."""


class ManualClock(Clock):
    """A clock that tests advance."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def pass_time(self, **duration: float) -> None:
        self.at += timedelta(**duration)


class World:
    """Everything that happens to orders, by calling the use cases."""

    def __init__(self) -> None:
        self.queue = MemoryQueue()
        self.clock = ManualClock()
        self.placing = replace(bootstrap.place_order(), queue=self.queue, clock=self.clock)
        self._cancel = replace(bootstrap.cancel_order(), queue=self.queue, clock=self.clock)
        self._update = replace(bootstrap.update_order_status(), queue=self.queue, clock=self.clock)
        work = bootstrap.process_task()
        retries = Retries(work.database, self.queue, self.clock, Random(1))
        self.work = replace(work, queue=self.queue, clock=self.clock, retries=retries)
        self._erase = replace(bootstrap.erase_customer(), queue=self.queue, clock=self.clock)
        self.relay = replace(bootstrap.relay_outbox(), queue=self.queue, clock=self.clock)

    def place(self, *items: tuple[str, int], **fields: Any) -> str:
        lines = [{"product_id": product, "quantity": quantity} for product, quantity in items or (("SKU123", 2),)]
        request = NewOrder.model_validate({"items": lines, "customer_email": "alice@example.com", **fields})
        return str(self.placing.from_items(CUSTOMER, request).row["id"])

    def place_cart(self) -> str:
        return str(self.placing.from_cart(CUSTOMER, "5").row["id"])

    def cancel(self, order: str, reason: str | None = None) -> OrderDetails:
        return self._cancel.cancel(CUSTOMER, order, reason, None)

    def report(self, order: str, **update: Any) -> OrderDetails:
        return self._update.update(STAFF, order, StatusUpdate.model_validate(update), None)

    def erase(self, customer: str = "5") -> Erasure:
        return self._erase.erase(OFFICER, customer)

    def run_relay(self) -> RelaySummary:
        return self.relay.run()

    def process(self, task: TaskId) -> MessageDisposition:
        """Process a task; return what to do with its message."""
        claims = self.work.claim([task])
        return self.work.process(claims[task]) if claims else DONE

    def drain(self, patience: timedelta = timedelta(minutes=15)) -> list[str]:
        """Process all that waits, and all that follows from it, for so long; return the tasks that failed."""
        until = self.clock.now() + patience
        failed: list[str] = []
        left: list[TaskId] = []
        for _ in range(10_000):
            if not self.queue.waiting:
                self.queue.waiting += left
                return failed
            task = self.queue.waiting.pop(0)
            disposition = self.process(task)
            if disposition.failed:
                failed.append(str(task))
            elif disposition.retry_seconds is not None:
                if self.clock.now() + timedelta(seconds=disposition.retry_seconds) > until:
                    left.append(task)
                    continue
                self.clock.pass_time(seconds=disposition.retry_seconds)
                self.queue.waiting.append(task)
        raise AssertionError("the tasks never end")
