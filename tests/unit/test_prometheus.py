"""The metrics' text, read back by Prometheus' own parser."""

from decimal import Decimal

from prometheus_client.parser import text_string_to_metric_families

from orders.domain.lifecycle import TaskKind
from orders.domain.metrics import Metrics, OpenTasks, Sales
from orders.http.prometheus import render

METRICS = Metrics(
    orders={"status": {"pending": 4, "cancelled": 0}, "payment_status": {"paid": 4}},
    placed={"USD": Sales(7, Decimal("159.98")), "JPY": Sales(1, Decimal(600))},
    placed_recent={("1h", "USD"): Sales(2, Decimal("3.20"))},
    tasks={TaskKind.CHARGE_PAYMENT: OpenTasks(pending=2, failed=1, age_seconds=3600.5)},
)


def test_given_metrics_when_rendered_then_each_family_has_its_type_and_samples() -> None:
    families = {
        (family.name, family.type): {(*sample.labels.items(), sample.name): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(render(METRICS))
    }
    kind = ("kind", "charge_payment")
    recent = (("currency", "USD"), ("window", "1h"))
    assert families == {
        ("orders_by_status", "gauge"): {
            (("status", "pending"), "orders_by_status"): 4,
            (("status", "cancelled"), "orders_by_status"): 0,
        },
        ("orders_by_payment_status", "gauge"): {(("payment_status", "paid"), "orders_by_payment_status"): 4},
        ("orders_placed", "counter"): {
            (("currency", "USD"), "orders_placed_total"): 7,
            (("currency", "JPY"), "orders_placed_total"): 1,
        },
        ("orders_revenue", "counter"): {
            (("currency", "USD"), "orders_revenue_total"): 159.98,
            (("currency", "JPY"), "orders_revenue_total"): 600,
        },
        ("orders_placed_recent", "gauge"): {(*recent, "orders_placed_recent"): 2},
        ("orders_revenue_recent", "gauge"): {(*recent, "orders_revenue_recent"): 3.2},
        ("orders_tasks_pending", "gauge"): {(kind, "orders_tasks_pending"): 2},
        ("orders_tasks_oldest_pending_seconds", "gauge"): {(kind, "orders_tasks_oldest_pending_seconds"): 3600.5},
        ("orders_tasks_failed", "gauge"): {(kind, "orders_tasks_failed"): 1},
    }


def test_given_metrics_when_rendered_then_names_and_types_match_the_text_format() -> None:
    lines = render(METRICS).splitlines()
    assert "# TYPE orders_placed_total counter" in lines
    assert "# TYPE orders_placed_recent gauge" in lines
    assert 'orders_revenue_total{currency="USD"} 159.98' in lines
