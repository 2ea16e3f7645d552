"""40,000 orders a minute, which no machine of ours can place: environments and queues, event by event.

The times are assumptions: those of functions are rounded up from docs/costs.md, and services answer as slowly as
docs/operations.md has it.
"""

import heapq
import random
import statistics
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TypedDict

ORDERS_A_SECOND = 40_000 / 60
SECONDS = 180.0
BATCH = 10
"""Messages that one invocation takes at the most."""
SQL_SECONDS = 0.007
"""For a task; those of a batch share one connection."""
SERVICE_SECONDS = 0.3
SERVICE_SPREAD = 0.4
"""A service's median answer, and the standard deviation of its logarithm."""

FUNCTIONS: Mapping[str, tuple[float, float, float]] = {
    "create_order": (1.0, 0.06, 1.0),
    "get_order": (2.0, 0.01, 0.4),
    "authorizer": (3.0, 0.01, 0.9),
}
"""How often it is called for an order, seconds that it takes, and seconds more when it is cold."""

PLACED = ("payment", "notification")
PAID = ("inventory", "shipping", "notification")
"""The services that the tasks of these events call."""
CONCURRENCIES = (5, 50, 100)
"""Values of the parameter `TaskConcurrency`."""


class Environments(TypedDict):
    """What a function needs when all of the load begins at once."""

    started: int
    at_work: int
    """When it has settled."""


class Queue(TypedDict):
    """How a queue fares."""

    left: int
    """Tasks that wait when the load ends."""
    median_seconds: float
    p99_seconds: float
    """For which tasks have waited."""
    batch: float
    """Tasks that an invocation took, on average."""


def environments() -> dict[str, Environments]:
    """The environments of each function that callers wait for."""
    return {name: _environments(*figures) for name, figures in FUNCTIONS.items()}


def queues() -> dict[int, dict[str, Queue]]:
    """How each service's queue fares, by how many functions work on one at once."""
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
    for at in _arrivals(calls * ORDERS_A_SECOND):
        while busy and busy[0] <= at:
            heapq.heappop(busy)
            idle += 1
        if idle:
            idle -= 1
            heapq.heappush(busy, at + warm)
        else:
            started += 1
            heapq.heappush(busy, at + warm + cold)
    return {"started": started, "at_work": len(busy)}


class _Queues:
    """The queues of all services, and the functions that work on them."""

    def __init__(self, concurrency: int) -> None:
        self._chance = random.Random(2)
        self._free = dict.fromkeys({*PLACED, *PAID}, concurrency)
        self._waiting: dict[str, deque[float]] = {service: deque() for service in self._free}
        self._waits: dict[str, list[float]] = {service: [] for service in self._free}
        self._batches = dict.fromkeys(self._free, 0)
        self._ends: list[tuple[float, str, int]] = []

    def run(self) -> dict[str, Queue]:
        """Let orders come for as long as `SECONDS`."""
        for at in _arrivals(ORDERS_A_SECOND):
            while self._ends and self._ends[0][0] <= at:
                self._end(*heapq.heappop(self._ends))
            self._promise(at, PLACED)
        return {
            service: {
                "left": len(self._waiting[service]),
                "median_seconds": statistics.median(waits),
                "p99_seconds": statistics.quantiles(waits, n=100)[-1],
                "batch": len(waits) / self._batches[service],
            }
            for service, waits in sorted(self._waits.items())
        }

    def _promise(self, at: float, services: tuple[str, ...]) -> None:
        for service in services:
            self._waiting[service].append(at)
            self._begin(at, service)

    def _begin(self, at: float, service: str) -> None:
        waiting = self._waiting[service]
        if not (waiting and self._free[service]):
            return
        self._free[service] -= 1
        self._batches[service] += 1
        batch = [at - waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
        self._waits[service] += batch
        calls = max(SERVICE_SECONDS * self._chance.lognormvariate(0, SERVICE_SPREAD) for _ in batch)
        heapq.heappush(self._ends, (at + calls + len(batch) * SQL_SECONDS, service, len(batch)))

    def _end(self, at: float, service: str, tasks: int) -> None:
        self._free[service] += 1
        if service == "payment":
            for _ in range(tasks):
                self._promise(at, PAID)
        self._begin(at, service)
