"""A simulation of 40,000 orders a minute: execution environments and task queues, event by event.

The durations are assumptions: those of functions are rounded up from docs/costs.md, those of services are the ones in
docs/operations.md.
"""

import heapq
import random
import statistics
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TypedDict

ORDERS_PER_SECOND = 40_000 / 60
SECONDS = 180.0
BATCH = 10
"""Messages per invocation, at most."""
SQL_SECONDS = 0.007
"""Database time of a task; the tasks of a batch share one connection."""
SERVICE_SECONDS = 0.3
SERVICE_SPREAD = 0.4
"""A service's median response time, and the standard deviation of its logarithm."""

FUNCTIONS: Mapping[str, tuple[float, float, float]] = {
    "create_order": (1.0, 0.06, 1.0),
    "get_order": (2.0, 0.01, 0.4),
    "authorizer": (3.0, 0.01, 0.9),
}
"""Calls per order, seconds of a warm call, and additional seconds of a cold one."""

PLACED = ("payment", "notification")
PAID = ("inventory", "shipping", "notification")
"""The services called by the tasks of these events."""
CONCURRENCIES = (5, 50, 100)
"""Values of the parameter `TaskConcurrency`."""


class Environments(TypedDict):
    """Execution environments of a function when the full load begins at once."""

    started: int
    busy: int
    """In steady state."""


class Queue(TypedDict):
    """The state of a queue at the end of the load."""

    backlog: int
    median_seconds: float
    p99_seconds: float
    """Time that tasks waited."""
    batch: float
    """Mean batch size."""


def environments() -> dict[str, Environments]:
    """Simulate the environments of each function that callers wait for."""
    return {name: _environments(*durations) for name, durations in FUNCTIONS.items()}


def queues() -> dict[int, dict[str, Queue]]:
    """Simulate the queue of each service, by concurrency of its workers."""
    return {concurrency: _Queues(concurrency).run() for concurrency in CONCURRENCIES}


def _arrivals(rate: float) -> Iterator[float]:
    chance = random.Random(1)
    at = chance.expovariate(rate)
    while at < SECONDS:
        yield at
        at += chance.expovariate(rate)


def _environments(calls: float, warm: float, cold: float) -> Environments:
    busy: list[float] = []
    idle = started = 0
    for at in _arrivals(calls * ORDERS_PER_SECOND):
        while busy and busy[0] <= at:
            heapq.heappop(busy)
            idle += 1
        if idle:
            idle -= 1
            heapq.heappush(busy, at + warm)
        else:
            started += 1
            heapq.heappush(busy, at + warm + cold)
    return {"started": started, "busy": len(busy)}


class _Queues:
    """The queues of all services and their workers."""

    def __init__(self, concurrency: int) -> None:
        self._chance = random.Random(2)
        self._idle_workers = dict.fromkeys({*PLACED, *PAID}, concurrency)
        self._backlog: dict[str, deque[float]] = {service: deque() for service in self._idle_workers}
        self._waits: dict[str, list[float]] = {service: [] for service in self._idle_workers}
        self._batches = dict.fromkeys(self._idle_workers, 0)
        self._ends: list[tuple[float, str, int]] = []

    def run(self) -> dict[str, Queue]:
        """Place orders for `SECONDS`."""
        for at in _arrivals(ORDERS_PER_SECOND):
            while self._ends and self._ends[0][0] <= at:
                self._end_batch(*heapq.heappop(self._ends))
            self._enqueue(at, PLACED)
        return {
            service: {
                "backlog": len(self._backlog[service]),
                "median_seconds": statistics.median(waits),
                "p99_seconds": statistics.quantiles(waits, n=100)[-1],
                "batch": len(waits) / self._batches[service],
            }
            for service, waits in sorted(self._waits.items())
        }

    def _enqueue(self, at: float, services: tuple[str, ...]) -> None:
        for service in services:
            self._backlog[service].append(at)
            self._begin_batch(at, service)

    def _begin_batch(self, at: float, service: str) -> None:
        backlog = self._backlog[service]
        if not (backlog and self._idle_workers[service]):
            return
        self._idle_workers[service] -= 1
        self._batches[service] += 1
        batch = [at - backlog.popleft() for _ in range(min(BATCH, len(backlog)))]
        self._waits[service] += batch
        calls = max(SERVICE_SECONDS * self._chance.lognormvariate(0, SERVICE_SPREAD) for _ in batch)
        heapq.heappush(self._ends, (at + calls + len(batch) * SQL_SECONDS, service, len(batch)))

    def _end_batch(self, at: float, service: str, tasks: int) -> None:
        self._idle_workers[service] += 1
        if service == "payment":
            for _ in range(tasks):
                self._enqueue(at, PAID)
        self._begin_batch(at, service)
