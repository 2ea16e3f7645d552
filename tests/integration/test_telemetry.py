"""The metrics that the functions log, by name and dimensions."""

import json
from collections import Counter
from collections.abc import Callable
from types import ModuleType

import httpx
import pytest

from orders import telemetry
from tests.integration.conftest import TASK_ID, Query
from tests.support import Context, call, task_message

type Load = Callable[[str], ModuleType]
type Metrics = Callable[[], Counter[str]]

ITEMS = {"items": [{"sku": "SKU123", "quantity": 2}]}


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Metrics:
    """The sums of the metrics printed since the last look: `Name{dimension=value}`."""
    telemetry._metrics.flush()
    capsys.readouterr()

    def look() -> Counter[str]:
        sums: Counter[str] = Counter()
        for line in capsys.readouterr().out.splitlines():
            document = json.loads(line)
            for metric in document.get("_aws", {}).get("CloudWatchMetrics", []):
                [dimensions] = metric["Dimensions"]
                assert (metric["Namespace"], document["service"]) == ("Orders", "orders")
                named = ",".join(f"{name}={document[name]}" for name in dimensions if name != "service")
                for each in metric["Metrics"]:
                    sums[f"{each['Name']}{{{named}}}"] += sum(document[each["Name"]])
        return sums

    return look


def test_given_an_order_when_placed_then_order_revenue_and_reservation_are_counted(
    function: Load, services: httpx.Client, printed: Metrics
) -> None:
    call(function("create_order"), "POST", "/v1/orders", ITEMS, headers={"idempotency-key": "k"})
    first = printed()
    assert first["OrderEvents{event=order.placed}"] == 1
    assert first["Revenue{currency=USD}"] == 200
    assert first["ColdStarts{function=orders-test}"] == 1
    assert first["DownstreamDuration{downstream=inventory}"] > 0
    call(function("create_order"), "POST", "/v1/orders", ITEMS, headers={"idempotency-key": "k"})
    assert set(printed()) == {"ColdStarts{function=orders-test}", "DownstreamDuration{downstream=inventory}"}


def test_given_a_warm_function_when_called_again_then_it_counts_no_cold_start(function: Load, printed: Metrics) -> None:
    environment = function("list_orders")
    assert [call(environment, "GET", "/v1/orders").status for _ in "12"] == [200, 200]
    assert printed() == {"ColdStarts{function=orders-test}": 1}


def test_given_a_problem_when_answered_then_its_code_is_counted(
    function: Load, services: httpx.Client, printed: Metrics
) -> None:
    services.put("/inventory/products/SKU123", json={"quantity": 1}).raise_for_status()
    call(function("create_order"), "POST", "/v1/orders", ITEMS)
    assert printed()["Problems{code=insufficient_stock}"] == 1


def test_given_a_service_that_fails_when_called_then_its_errors_are_counted(
    function: Load, services: httpx.Client, printed: Metrics
) -> None:
    # Only the reservation: its release afterwards is a call of its own.
    fault = {"operation": "PUT /reservations/{id}", "failure_rate": 1}
    services.put("/control/inventory", json=fault).raise_for_status()
    call(function("create_order"), "POST", "/v1/orders", ITEMS)
    sums = printed()
    assert sums["DownstreamErrors{downstream=inventory}"] == 1
    assert sums["Problems{code=downstream_unavailable}"] == 1


def test_given_tasks_when_processed_then_each_kind_has_its_outcome_and_duration(
    function: Load, services: httpx.Client, query: Query, printed: Metrics
) -> None:
    call(function("create_order"), "POST", "/v1/orders", ITEMS)
    services.put("/control/notification", json={"failure_rate": 1}).raise_for_status()
    tasks = [
        task_message(row["id"])
        for row in query(f"SELECT {TASK_ID} FROM order_tasks")  # noqa: S608 - a constant
    ]
    printed()
    function("process_task").handler({"Records": tasks}, Context())
    sums = printed()
    assert sums["Tasks{kind=charge_payment,outcome=done}"] == 1
    assert sums["Tasks{kind=send_notification,outcome=rescheduled}"] == 1
    assert sums["TaskDuration{kind=charge_payment}"] > 0
    assert sums["OrderEvents{event=payment.started}"] == 1
    assert sums["OrderEvents{event=payment.succeeded}"] == 1


def test_given_a_cancel_when_repeated_then_it_is_counted_once(
    function: Load, services: httpx.Client, printed: Metrics
) -> None:
    order = call(function("create_order"), "POST", "/v1/orders", ITEMS).json["id"]
    cancel = function("cancel_order")
    for _ in "12":
        call(cancel, "POST", f"/v1/orders/{order}/cancel")
    assert printed()["OrderEvents{event=order.cancelled}"] == 1


def test_given_the_relay_when_it_runs_then_re_sent_tasks_are_counted(function: Load, printed: Metrics) -> None:
    function("relay_outbox").handler({}, Context())
    assert {"TasksRelayed{}", "StockGivenBack{}", "PaymentsStuck{}", "TaskLag{}"} <= set(printed())
