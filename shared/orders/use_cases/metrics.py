"""What Prometheus is told about orders and tasks, out of the database: right with any number of functions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from orders.domain import money
from orders.domain.caller import Caller
from orders.domain.clock import Clock
from orders.domain.errors import Forbidden
from orders.domain.lifecycle import TaskKind
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from orders.http.prometheus import Family, Sample
from orders.postgres import counters
from orders.postgres.connection import Database
from orders.postgres.counters import OpenTasks, OrderCounts, Placed

_STATUSES: Mapping[str, type[StrEnum]] = {
    "status": Status,
    "payment_status": PaymentStatus,
    "shipping_status": ShippingStatus,
}


@dataclass(frozen=True, slots=True)
class ReadMetrics:
    """Reads all metrics at one moment."""

    database: Database
    clock: Clock

    def read(self, caller: Caller) -> list[Family]:
        """Every family, each with a sample for every status, kind, and currency of any order.

        Raises:
            Forbidden: the caller lacks the scope.
        """
        if not caller.may_read_metrics:
            raise Forbidden("Reading the metrics requires the scope orders:metrics.")
        figures = counters.read_counts(self.database, self.clock.now())
        return [*_orders(figures), *_placed(figures), *_tasks(figures)]


def _orders(figures: OrderCounts) -> list[Family]:
    families = []
    for field, statuses in _STATUSES.items():
        orders: Counter[str] = Counter()
        for state, number in figures.states.items():
            orders[getattr(state, field)] += number
        samples = tuple(Sample({field: status}, orders[status]) for status in statuses)
        families.append(Family(f"orders_by_{field}", "gauge", f"Orders by {field.replace('_', ' ')}.", samples))
    return families


def _placed(figures: OrderCounts) -> list[Family]:
    ever = [({"currency": currency}, placed) for currency, placed in figures.placed.items()]
    recent = [
        ({"window": window, "currency": currency}, placed)
        for (window, currency), placed in figures.placed_recent.items()
    ]
    return [
        Family(
            "orders_placed_total",
            "counter",
            "Orders placed.",
            tuple(Sample(labels, placed.orders) for labels, placed in ever),
        ),
        Family(
            "orders_revenue_total",
            "counter",
            "Totals of the orders placed, whatever became of them, in units of the currency.",
            tuple(Sample(labels, _revenue(placed, labels["currency"])) for labels, placed in ever),
        ),
        Family(
            "orders_placed_recent",
            "gauge",
            "Orders placed within the window, which ends with the last full minute.",
            tuple(Sample(labels, placed.orders) for labels, placed in recent),
        ),
        Family(
            "orders_revenue_recent",
            "gauge",
            "Totals of the orders placed within the window, in units of the currency.",
            tuple(Sample(labels, _revenue(placed, labels["currency"])) for labels, placed in recent),
        ),
    ]


def _tasks(figures: OrderCounts) -> list[Family]:
    tasks = [({"kind": kind}, figures.tasks.get(kind, OpenTasks())) for kind in TaskKind]
    return [
        Family(
            "orders_tasks_pending",
            "gauge",
            "Tasks that are not done yet.",
            tuple(Sample(labels, each.pending) for labels, each in tasks),
        ),
        Family(
            "orders_tasks_oldest_pending_seconds",
            "gauge",
            "For how long the oldest pending task has not been done; 0 where none is pending.",
            tuple(Sample(labels, each.age_seconds) for labels, each in tasks),
        ),
        Family(
            "orders_tasks_failed",
            "gauge",
            "Tasks that were given up, until they are sent back.",
            tuple(Sample(labels, each.failed) for labels, each in tasks),
        ),
    ]


def _revenue(placed: Placed, currency: str) -> Decimal:
    return Decimal(money.to_decimal(placed.revenue, currency))
