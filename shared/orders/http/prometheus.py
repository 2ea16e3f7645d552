"""Format the metrics for Prometheus; only the metrics function has its client library."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import override

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from orders.domain.metrics import Metrics

__all__ = ["CONTENT_TYPE", "OrderCollector", "render"]

type _Samples = Iterable[tuple[Sequence[str], float | Decimal]]
"""The label values of each sample, and its value."""


def render(metrics: Metrics) -> str:
    """Write the metrics in Prometheus' text format."""
    return generate_latest(OrderCollector(metrics)).decode()


class OrderCollector(Collector):
    """Collect the metric families of one snapshot."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield each family with all of its samples."""
        for field, orders in self._metrics.orders.items():
            samples = [([status], number) for status, number in orders.items()]
            yield _gauge(f"orders_by_{field}", f"Orders by {field.replace('_', ' ')}.", samples, field)
        yield from self._sales()
        yield from self._tasks()

    def _sales(self) -> Iterator[Metric]:
        ever = [([currency], sales) for currency, sales in self._metrics.placed.items()]
        recent = self._metrics.placed_recent.items()
        window = ("window", "currency")
        text = "Orders placed."
        yield _counter("orders_placed_total", text, [(key, sales.orders) for key, sales in ever], "currency")
        text = "Totals of all orders placed, in major units of the currency, without deduction of refunds."
        yield _counter("orders_revenue_total", text, [(key, sales.revenue) for key, sales in ever], "currency")
        text = "Orders placed within the window, which ends with the last complete minute."
        yield _gauge("orders_placed_recent", text, [(key, sales.orders) for key, sales in recent], *window)
        text = "Totals of the orders placed within the window, in major units of the currency."
        yield _gauge("orders_revenue_recent", text, [(key, sales.revenue) for key, sales in recent], *window)

    def _tasks(self) -> Iterator[Metric]:
        tasks = [([kind], each) for kind, each in self._metrics.tasks.items()]
        text = "Pending tasks."
        yield _gauge("orders_tasks_pending", text, [(key, each.pending) for key, each in tasks], "kind")
        text = "Age of the oldest pending task; 0 if none is pending."
        ages = [(key, each.age_seconds) for key, each in tasks]
        yield _gauge("orders_tasks_oldest_pending_seconds", text, ages, "kind")
        text = "Failed tasks that have not been redriven."
        yield _gauge("orders_tasks_failed", text, [(key, each.failed) for key, each in tasks], "kind")


def _gauge(name: str, text: str, samples: _Samples, *labels: str) -> Metric:
    return _with_samples(GaugeMetricFamily(name, text, labels=labels), samples)


def _counter(name: str, text: str, samples: _Samples, *labels: str) -> Metric:
    return _with_samples(CounterMetricFamily(name, text, labels=labels), samples)


def _with_samples(family: GaugeMetricFamily | CounterMetricFamily, samples: _Samples) -> Metric:
    for labels, value in samples:
        family.add_metric(labels, float(value))
    return family
