"""The metrics of orders and tasks, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from orders.domain.lifecycle import TaskKind


class Sales(NamedTuple):
    """How many orders were placed, and the sum of their totals in units of the currency."""

    orders: int
    revenue: Decimal


class OpenTasks(NamedTuple):
    """How many tasks are pending and failed, and for how many seconds the oldest pending one has been enqueued."""

    pending: int = 0
    failed: int = 0
    age_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Metrics:
    """All metrics at one moment.

    Attributes:
        orders: number of orders by status field and status; includes statuses that no order has.
        placed: all orders ever placed, by currency.
        placed_recent: orders placed within a minute, an hour and a day, by window and currency.
        tasks: open tasks by kind; includes kinds without any.
    """

    orders: Mapping[str, Mapping[str, int]]
    placed: Mapping[str, Sales]
    placed_recent: Mapping[tuple[str, str], Sales]
    tasks: Mapping[TaskKind, OpenTasks]
