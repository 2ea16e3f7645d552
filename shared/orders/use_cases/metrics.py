"""Read the metrics of orders and tasks from the database, so that they cover all functions."""

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
from orders.domain.metrics import Metrics, OpenTasks, Sales
from orders.domain.states import PaymentStatus, ShippingStatus, State, Status
from orders.postgres import counters
from orders.postgres.connection import Database
from orders.postgres.counters import Placed

_STATUSES: Mapping[str, type[StrEnum]] = {
    "status": Status,
    "payment_status": PaymentStatus,
    "shipping_status": ShippingStatus,
}


@dataclass(frozen=True, slots=True)
class ReadMetrics:
    """Read all metrics in one snapshot."""

    database: Database
    clock: Clock

    def read(self, caller: Caller) -> Metrics:
        """Read all metrics.

        Raises:
            Forbidden: the caller lacks the scope.
        """
        check_may_read(caller)
        counts = counters.read_counts(self.database, self.clock.now())
        return Metrics(
            orders={field: _by_status(counts.states, field) for field in _STATUSES},
            placed={currency: _sales(placed, currency) for currency, placed in counts.placed.items()},
            placed_recent={key: _sales(placed, key[1]) for key, placed in counts.placed_recent.items()},
            tasks={kind: counts.tasks.get(kind, OpenTasks()) for kind in TaskKind},
        )


def check_may_read(caller: Caller) -> None:
    """Check that the caller may read the metrics.

    Raises:
        Forbidden: they may not.
    """
    if not caller.may_read_metrics:
        raise Forbidden("Reading the metrics requires the scope orders:metrics.")


def _by_status(states: Mapping[State, int], field: str) -> Mapping[str, int]:
    orders: Counter[str] = Counter(dict.fromkeys(_STATUSES[field], 0))
    for state, number in states.items():
        orders[getattr(state, field)] += number
    return orders


def _sales(placed: Placed, currency: str) -> Sales:
    return Sales(placed.orders, Decimal(money.to_decimal(placed.revenue, currency)))
