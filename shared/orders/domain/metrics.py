"""The metrics of orders and tasks, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from orders.domain.lifecycle import TaskKind


class Sales(NamedTuple):
    """Number of orders placed, and the sum of their totals in major units of the currency."""

    orders: int
    revenue: Decimal


class OpenTasks(NamedTuple):
    """Number of pending and failed tasks, and the age of the oldest pending one in seconds."""

    pending: int = 0
    failed: int = 0
    age_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Metrics:
    """All metrics in one snapshot.

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
