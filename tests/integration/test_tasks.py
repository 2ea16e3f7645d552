"""Processing of an order's tasks after its 201, with failing services too."""

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Barrier
from typing import Any

import httpx
import pytest

from orders.domain.lifecycle import Event
from orders.domain.order import StoredOrder, TaskId, TransitionResult
from orders.postgres import order_changes
from orders.postgres.connection import Database
from orders.postgres.task_claims import MAX_PATIENT_ATTEMPTS, ClaimedTask
from orders.use_cases.process_task import ProcessTask
from orders.use_cases.retries import DONE, MessageDisposition
from tests.integration.conftest import Query, SetFault
from tests.integration.world import World
from tests.support import Context, load_function, task_message

pytestmark = pytest.mark.usefixtures("inventory_api")

FREE = 1_000_000

type Stock = Callable[[str], int]


@pytest.fixture
def records_of(services: httpx.Client, query: Query) -> Callable[[str], dict[str, Any]]:
    """What the database and the services have recorded about an order."""

    def look(order: str) -> dict[str, Any]:
        row = query("SELECT status, payment_status, shipping_status FROM orders WHERE id = %(id)s", id=order)[0]
        charges = services.get("/payment/charges", params={"order_id": order}).json()["charges"]
        shipments = services.get("/shipping/shipments", params={"order_id": order}).json()["shipments"]
        sent = services.get("/notification/notifications", params={"order_id": order}).json()["notifications"]
        return {
            "state": "/".join(row.values()),
            "charged": [charge["amount"] for charge in charges if charge["status"] == "succeeded"],
            "refunded": sum(charge["refunded_amount"] for charge in charges),
            "shipments": [shipment["status"] for shipment in shipments],
            "notified": [notification["template"] for notification in sent],
        }

    return look


type RecordsOf = Callable[[str], dict[str, Any]]


def test_given_an_order_when_its_tasks_are_processed_then_it_is_paid_and_ready(
    world: World, records_of: RecordsOf, query: Query, stock: Stock
) -> None:
    order = world.place()
    assert world.drain() == []
    assert records_of(order) == {
        "state": "confirmed/paid/ready",
        "charged": [20000],
        "refunded": 0,
        "shipments": ["ready"],
        "notified": ["order_received", "order_confirmed"],
    }
    assert query("SELECT tracking_number IS NOT NULL AS tracked FROM orders") == [{"tracked": True}]
    assert query("SELECT DISTINCT state FROM order_tasks") == [{"state": "done"}]
    assert stock("SKU123") == FREE - 2


def test_given_a_cart_when_ordered_then_it_is_marked(world: World, services: httpx.Client) -> None:
    world.place_cart()
    assert world.drain() == []
    assert services.get("/cart/carts/5").json()["status"] == "Ordered"


def test_given_a_cart_that_has_changed_when_marked_then_it_stays_active(world: World, services: httpx.Client) -> None:
    world.place_cart()
    services.put("/cart/carts/5", json={"items": [{"product_id": "1", "quantity": 1}]}).raise_for_status()
    assert world.drain() == []
    assert services.get("/cart/carts/5").json()["status"] == "Active"


def test_given_a_declined_payment_when_processed_then_failed_and_stock_is_released(
    world: World, records_of: RecordsOf, set_fault: SetFault, stock: Stock
) -> None:
    set_fault("payment", decline_rate=1)
    order = world.place()
    assert world.drain() == []
    assert records_of(order) == {
        "state": "failed/failed/cancelled",
        "charged": [],
        "refunded": 0,
        "shipments": [],
        "notified": ["order_received", "payment_failed"],
    }
    assert stock("SKU123") == FREE


def test_given_a_cancel_at_any_time_when_all_is_done_then_nothing_held_or_charged(
    world: World, records_of: RecordsOf, stock: Stock, query: Query
) -> None:
    for steps in range(12):
        order = world.place()
        for _ in range(steps):
            if world.queue.waiting:
                assert world.process(world.queue.waiting.pop(0)) == DONE
        world.cancel(order, "changed my mind")
        assert world.drain() == []
        records = records_of(order)
        assert records["state"].split("/")[0] == "cancelled", steps
        assert sum(records["charged"]) == records["refunded"], steps
        assert set(records["shipments"]) <= {"cancelled"}, steps
        assert records["notified"].count("order_cancelled") == 1, steps
        assert stock("SKU123") == FREE, steps


def test_given_a_dispatched_shipment_when_cancelled_then_shipped_and_notified(
    world: World, records_of: RecordsOf, set_fault: SetFault
) -> None:
    order = world.place()
    world.drain()
    set_fault("shipping", refuse_rate=1)
    world.cancel(order)
    assert world.drain() == []
    assert records_of(order)["state"] == "shipped/paid/shipped"
    assert records_of(order)["notified"][-1] == "cancel_refused"


def test_given_a_returned_parcel_when_reported_then_refunded_and_restocked(
    world: World, records_of: RecordsOf, stock: Stock
) -> None:
    order = world.place()
    world.drain()
    for status in ("shipped", "delivered", "returned"):
        world.report(order, status=status)
        assert world.drain() == []
    records = records_of(order)
    assert (records["state"], records["refunded"]) == ("returned/refunded/returned", 20000)
    assert records["notified"] == [
        "order_received",
        "order_confirmed",
        "order_shipped",
        "order_delivered",
        "order_returned",
        "payment_refunded",
    ]
    assert stock("SKU123") == FREE


def test_given_a_payment_that_settles_later_when_reported_then_it_can_be_refunded(
    world: World, records_of: RecordsOf, set_fault: SetFault, services: httpx.Client
) -> None:
    set_fault("payment", pending_rate=1, times=1)
    order = world.place()
    assert world.drain() == []
    assert records_of(order)["state"] == "pending/processing/pending"
    charge = services.get("/payment/charges", params={"order_id": order}).json()["charges"][0]
    services.post(f"/payment/charges/{charge['id']}/settle", json={"status": "succeeded"}).raise_for_status()
    world.report(order, payment_status="paid", event_id=charge["id"])
    assert world.drain() == []
    assert records_of(order)["state"] == "confirmed/paid/ready"
    world.cancel(order)
    assert world.drain() == []
    assert (records_of(order)["state"], records_of(order)["refunded"]) == ("cancelled/refunded/cancelled", 20000)


@pytest.mark.parametrize("service", ["payment", "shipping", "inventory", "cart", "notification"])
@pytest.mark.parametrize("trouble", [{"failure_rate": 1, "times": 4}, {"lost_answer_rate": 1, "times": 4}])
def test_given_a_service_outage_when_it_recovers_then_each_task_is_done_once(
    world: World,
    records_of: RecordsOf,
    set_fault: SetFault,
    stock: Stock,
    services: httpx.Client,
    service: str,
    trouble: dict[str, Any],
) -> None:
    order = world.place_cart()
    set_fault(service, **trouble)
    assert world.drain() == []
    services.delete("/control").raise_for_status()
    records = records_of(order)
    records["notified"].sort()
    assert records == {
        "state": "confirmed/paid/ready",
        "charged": [20674],
        "refunded": 0,
        "shipments": ["ready"],
        "notified": ["order_confirmed", "order_received"],
    }
    assert stock("PROD001") == FREE - 2


def test_given_a_lasting_outage_when_attempts_run_out_then_failed_and_redrivable(
    world: World, records_of: RecordsOf, set_fault: SetFault, query: Query
) -> None:
    set_fault("payment", failure_rate=1)
    order = world.place()
    assert world.drain(timedelta(hours=1)) == []
    assert len(world.drain(timedelta(hours=6))) == 1
    task = world.relay.failed_tasks()
    assert [(row["kind"], row["attempts"], row["order_id"]) for row in task] == [
        ("charge_payment", MAX_PATIENT_ATTEMPTS, order)
    ]
    assert "payment" in str(task[0]["last_error"])
    set_fault("payment", failure_rate=0)
    assert world.relay.redrive([TaskId.parse(task[0]["id"])]) == 1
    assert world.drain() == []
    assert records_of(order)["state"] == "confirmed/paid/ready"


def test_given_a_service_that_refuses_when_called_then_it_is_not_retried(
    world: World, set_fault: SetFault, services: httpx.Client, query: Query
) -> None:
    set_fault("notification", failure_rate=1, failure_status=400)
    world.place()
    assert len(world.drain()) == 2
    calls = services.get("/control/calls", params={"service": "notification"}).json()["calls"]
    assert len(calls) == 2
    assert {row["attempts"] for row in query("SELECT attempts FROM order_tasks WHERE state = 'failed'")} == {1}


def test_given_a_task_when_delivered_again_early_or_late_then_it_is_done_once(
    world: World, records_of: RecordsOf, services: httpx.Client
) -> None:
    order = world.place()
    for _ in range(3):
        world.queue.waiting += world.queue.waiting
    assert world.drain() == []
    assert records_of(order)["charged"] == [20000]
    calls = services.get("/control/calls", params={"service": "payment"}).json()["calls"]
    assert [call["method"] for call in calls] == ["POST", "GET"]


def test_given_tasks_that_were_never_sent_when_the_relay_runs_then_they_are_sent(
    world: World, records_of: RecordsOf
) -> None:
    world.queue.loses = True
    order = world.place()
    world.queue.loses = False
    assert world.run_relay().tasks == 0
    world.clock.pass_time(minutes=2)
    summary = world.run_relay()
    assert (summary.tasks, summary.lag_seconds) == (2, 120)
    assert world.run_relay().tasks == 0
    assert world.drain() == []
    assert records_of(order)["state"] == "confirmed/paid/ready"


def test_given_more_tasks_than_a_batch_when_the_relay_runs_then_all_are_sent(world: World, query: Query) -> None:
    order = world.place()
    query(
        """WITH version AS (
            INSERT INTO order_events (
                order_id, version, event, actor, status, payment_status, shipping_status, occurred_at)
            SELECT order_id, number, event, actor, status, payment_status, shipping_status, occurred_at
            FROM order_events, generate_series(2, 1200) AS number WHERE order_id = %(order)s AND version = 1
            RETURNING order_id, version, occurred_at)
        INSERT INTO order_tasks (order_id, version, kind, available_at)
        SELECT order_id, version, 'send_notification', occurred_at FROM version RETURNING version""",
        order=order,
    )
    world.clock.pass_time(minutes=2)
    assert world.run_relay().tasks == 1201
    assert world.run_relay().tasks == 0


def test_given_an_unpaid_order_when_the_relay_runs_then_it_expires(
    world: World, records_of: RecordsOf, stock: Stock
) -> None:
    world.queue.loses = True
    order = world.place()
    world.clock.pass_time(minutes=31)
    world.queue.loses = False
    assert world.run_relay().expired == 1
    assert world.drain() == []
    assert records_of(order)["state"] == "failed/voided/cancelled"
    assert records_of(order)["charged"] == []
    assert "order_expired" in records_of(order)["notified"]
    assert stock("SKU123") == FREE


@pytest.mark.usefixtures("query", "services")
def test_given_a_new_environment_when_it_has_a_full_batch_then_one_connection(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As many as a function of 1,024 MB has.
    monkeypatch.setattr("os.process_cpu_count", lambda: 2)
    function = load_function("process_task")
    all_at_work = Barrier(10)
    connections: set[object] = set()

    def wait_for_the_others(work: ProcessTask, _: ClaimedTask) -> MessageDisposition:
        connections.add(work.database)
        all_at_work.wait(timeout=10)
        return DONE

    monkeypatch.setattr(ProcessTask, "process", wait_for_the_others)
    orders = [world.place() for _ in range(10)]
    batch = [task_message(f"{order}.1.charge_payment") for order in orders]
    assert function.handler({"Records": batch}, Context()) == {"batchItemFailures": []}
    assert len(connections) == 1


def test_given_a_batch_when_processed_then_its_tasks_are_claimed_by_one_statement(
    world: World, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = load_function("process_task")
    claimed: list[set[TaskId]] = []
    claim = ProcessTask.claim

    def note(work: ProcessTask, tasks: Sequence[TaskId]) -> dict[TaskId, ClaimedTask]:
        claimed.append(set(tasks))
        return claim(work, tasks)

    monkeypatch.setattr(ProcessTask, "claim", note)
    order = world.place()
    tasks = list(world.queue.waiting)
    batch = [task_message(str(task)) for task in (*tasks, tasks[0], TaskId(str(uuid.uuid4()), 1, tasks[0].kind))]
    assert function.handler({"Records": batch}, Context()) == {"batchItemFailures": []}
    assert [set(tasks) <= each for each in claimed] == [True]
    assert query("SELECT state, claims FROM order_tasks WHERE version = 1 ORDER BY kind") == [
        {"state": "done", "claims": 1},
        {"state": "done", "claims": 1},
    ]
    assert query("SELECT payment_status FROM orders WHERE id = %(id)s", id=order) == [{"payment_status": "paid"}]


def test_given_a_task_of_a_later_version_when_relayed_then_it_is_left_to_that(world: World, query: Query) -> None:
    order = world.place()
    world.queue.waiting.clear()
    query(
        """
        INSERT INTO order_tasks (order_id, version, kind, state, available_at)
        SELECT order_id, version, later.kind, later.state, available_at
        FROM order_tasks, (VALUES ('praise_customer', 'pending'), ('wrap_gift', 'failed')) AS later (kind, state)
        WHERE order_tasks.kind = 'charge_payment'
        """
    )
    world.clock.pass_time(minutes=2)
    world.run_relay()
    assert [task.kind for task in world.queue.waiting] == ["charge_payment", "send_notification"]
    assert [task["id"] for task in world.relay.failed_tasks()] == [f"{order}.1.wrap_gift"]
    world.queue.waiting.clear()
    world.relay.redrive()
    assert world.queue.waiting == []


def test_given_a_lost_answer_when_cancelled_before_the_rerun_then_it_is_voided(
    world: World, records_of: RecordsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = world.place()
    apply_event = order_changes.apply_event

    def lose_answer(
        database: Database, event: Event, *args: Any, **parameters: Any
    ) -> TransitionResult[StoredOrder] | None:
        result = apply_event(database, event, *args, **parameters)
        if event is not Event.PAYMENT_STARTED:
            return result
        world.cancel(order)
        return apply_event(database, event, *args, **parameters)

    monkeypatch.setattr(order_changes, "apply_event", lose_answer)
    assert world.drain() == []
    found = records_of(order)
    assert (found["state"], found["charged"]) == ("cancelled/voided/cancelled", [])
