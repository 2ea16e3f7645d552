"""A simulation of 40,000 orders a minute: execution environments and the task queue, event by event.

The durations are assumptions: those of functions are rounded up from docs/costs.md, those of services are the ones in
docs/operations.md.
"""

import heapq
import itertools
import random
import statistics
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
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
CONCURRENCIES = ((50, 120), (300, 250), (700, 400))
"""Values of the parameters `TaskConcurrency` and `WorkerConcurrency`."""
FIRST_DELAY_SECONDS = 2.0


class Environments(TypedDict):
    """Execution environments of a function when the full load begins at once."""

    started: int
    busy: int
    """In steady state."""


class Service(TypedDict):
    """The tasks of a service at the end of the load."""

    backlog: int
    median_seconds: float
    p99_seconds: float
    """Time that tasks waited until they were claimed."""
    busy: float
    """How often a task was sent again because its service was busy, on average."""


def environments() -> dict[str, Environments]:
    """Simulate the environments of each function that callers wait for."""
    return {name: _environments(*durations) for name, durations in FUNCTIONS.items()}


def queue() -> dict[str, dict[str, Service]]:
    """Simulate the tasks of each service, by concurrency of tasks and of workers."""
    return {f"{tasks} / {workers}": _Queue(tasks, workers).run() for tasks, workers in CONCURRENCIES}


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


class _Queue:
    """The task queue, its workers, and the slots of each service."""

    def __init__(self, tasks: int, workers: int) -> None:
        services = sorted({*PLACED, *PAID})
        self._chance = random.Random(2)
        self._idle_workers = workers
        self._slots = dict.fromkeys(services, tasks)
        self._in_flight = dict.fromkeys(services, 0)
        self._backlog: dict[str, deque[float]] = {service: deque() for service in services}
        self._delayed = dict.fromkeys(services, 0)
        self._busy = dict.fromkeys(services, 0)
        self._waits: dict[str, list[float]] = {service: [] for service in services}
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = itertools.count()

    def run(self) -> dict[str, Service]:
        """Place orders for `SECONDS`."""
        for at in _arrivals(ORDERS_PER_SECOND):
            while self._events and self._events[0][0] <= at:
                time, _, event = heapq.heappop(self._events)
                event(time)
            self._enqueue(at, PLACED)
        return {
            service: {
                "backlog": len(self._backlog[service]) + self._delayed[service],
                "median_seconds": statistics.median(waits),
                "p99_seconds": statistics.quantiles(waits, n=100)[-1],
                "busy": self._busy[service] / (len(waits) + self._delayed[service]),
            }
            for service, waits in self._waits.items()
        }

    def _at(self, at: float, event: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), event))

    def _enqueue(self, at: float, services: tuple[str, ...]) -> None:
        for service in services:
            self._backlog[service].append(at)
            self._begin_batches(at)

    def _begin_batches(self, at: float) -> None:
        while self._idle_workers and any(self._backlog.values()):
            self._idle_workers -= 1
            batch: list[tuple[str, float]] = []
            while len(batch) < BATCH and (waiting := [name for name, each in self._backlog.items() if each]):
                # As a fair queue does: the service with the fewest messages in flight comes first.
                service = min(waiting, key=lambda name: self._in_flight[name])
                self._in_flight[service] += 1
                batch.append((service, self._backlog[service].popleft()))
            ends = at + len(batch) * SQL_SECONDS
            for service, enqueued in batch:
                ends = max(ends, self._begin(at + len(batch) * SQL_SECONDS, service, enqueued, at - enqueued))
            self._at(ends, partial(self._end_batch, [service for service, _ in batch]))

    def _begin(self, at: float, service: str, enqueued: float, waited: float) -> float:
        """Claim a task or send it again later; return when the worker has finished with it."""
        if not self._slots[service]:
            self._busy[service] += 1
            self._delayed[service] += 1
            longest = max(FIRST_DELAY_SECONDS, waited)
            self._at(at + self._chance.uniform(longest / 2, longest), partial(self._return, service, enqueued))
            return at
        self._slots[service] -= 1
        self._waits[service].append(waited)
        ends = at + SERVICE_SECONDS * self._chance.lognormvariate(0, SERVICE_SPREAD)
        self._at(ends, partial(self._end, service))
        return ends

    def _return(self, service: str, enqueued: float, at: float) -> None:
        self._delayed[service] -= 1
        self._backlog[service].append(enqueued)
        self._begin_batches(at)

    def _end(self, service: str, at: float) -> None:
        self._slots[service] += 1
        if service == "payment":
            self._enqueue(at, PAID)

    def _end_batch(self, services: list[str], at: float) -> None:
        self._idle_workers += 1
        for service in services:
            self._in_flight[service] -= 1
        self._begin_batches(at)
