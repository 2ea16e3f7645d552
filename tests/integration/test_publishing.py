"""Events on the event bus: each with its document, several in one call, until the bus has taken them."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from random import Random
from types import ModuleType
from typing import Any

import boto3
import pytest

from orders import bootstrap
from orders.aws.client import AwsService
from orders.config import DatabaseSettings
from orders.domain.caller import SHIP, Caller
from orders.domain.errors import DownstreamUnavailable
from orders.domain.events import BusEntry, EventQuery
from orders.domain.lifecycle import TaskKind
from orders.domain.order import TaskId
from orders.postgres import event_outbox, feed
from orders.postgres.connection import Database
from orders.postgres.task_claims import MAX_PATIENT_ATTEMPTS
from orders.schemas.events import event_document
from orders.schemas.requests import OrderUpdate
from orders.use_cases.publish_events import PublishEvents
from orders.use_cases.retries import DONE, FAILED, Retries
from tests.integration.conftest import QUEUES, Query
from tests.integration.world import World
from tests.support import Context, call, task_message

type Load = Callable[[str], ModuleType]


class Bus:
    """Takes events; or refuses those of some types, or does not answer, if told so."""

    def __init__(self) -> None:
        self.calls: list[list[BusEntry]] = []
        self.refused: frozenset[str] = frozenset()
        self.is_down = False

    def put(self, entries: Sequence[BusEntry]) -> list[str | None]:
        self.calls.append(list(entries))
        if self.is_down:
            raise DownstreamUnavailable("The event bus does not take events.", service="events")
        return ["The bus refused the event: Throttled." if entry.type in self.refused else None for entry in entries]

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The documents of all calls."""
        return [json.loads(entry.detail) for each in self.calls for entry in each]


@pytest.fixture(autouse=True)
def _with_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENT_BUS_NAME", "shop-events")
    monkeypatch.setenv("EVENT_SOURCE", "orders-test")


@pytest.fixture
def bus() -> Bus:
    """The event bus."""
    return Bus()


@pytest.fixture
def publishing(world: World, bus: Bus, database: Database) -> PublishEvents:
    """What publishes events on that bus."""
    retries = Retries(database, world.queue, world.clock, Random(1))
    return PublishEvents(database, bus, retries, concurrency=2, clock=world.clock)


def waiting(world: World) -> list[TaskId]:
    """Take the messages of tasks that publish events."""
    tasks = [task for task in world.queue.waiting if task.kind is TaskKind.PUBLISH_EVENT]
    world.queue.waiting = [task for task in world.queue.waiting if task.kind is not TaskKind.PUBLISH_EVENT]
    return tasks


def in_feed(database: Database) -> list[dict[str, Any]]:
    page = feed.list_events(database, EventQuery(0, 1000))
    assert page
    return [dict(event_document(row)) for _, row in page.events]


def test_given_events_when_published_then_one_call_has_the_documents_of_the_feed(
    world: World, publishing: PublishEvents, bus: Bus, database: Database, query: Query
) -> None:
    orders = [world.place() for _ in range(4)]
    for order in orders:
        world.cancel(order)
    tasks = waiting(world)
    assert publishing.publish(tasks) == dict.fromkeys(tasks, DONE)
    [entries] = bus.calls
    assert len(entries) == 8
    assert {entry.type for entry in entries} == {"order.placed", "order.cancelled"}
    assert [entry.occurred_at for entry in entries] == [each["occurred_at"] for each in bus.documents]
    assert sorted(bus.documents, key=str) == sorted(in_feed(database), key=str)
    states = query("SELECT DISTINCT state FROM order_tasks WHERE kind = 'publish_event'")
    assert [row["state"] for row in states] == ["done"]
    # Messages that come twice, and one of an order that never was.
    stranger = TaskId("00000000-0000-7000-8000-000000000000", 1, TaskKind.PUBLISH_EVENT)
    assert publishing.publish([*tasks, stranger]) == dict.fromkeys([*tasks, stranger], DONE)
    assert len(bus.calls) == 1


def test_given_every_kind_of_change_when_it_happens_then_its_event_is_sent_with_it(world: World, query: Query) -> None:
    order = world.place()
    update = replace(bootstrap.update_order(), queue=world.queue, clock=world.clock)
    changes = OrderUpdate.model_validate({"note": "new"})
    update.update(Caller("carrier", frozenset({SHIP})), order, changes, None)
    # The parcel is made without the tasks that publish events.
    events = [*waiting(world)]
    while world.queue.waiting:
        world.process(world.queue.waiting.pop(0))
        events += waiting(world)
    world.report(order, status="delivered")
    events += waiting(world)
    query("UPDATE order_tasks SET state = 'done'")
    world.erase()
    events += waiting(world)
    stored = query("SELECT order_id, version, event FROM order_events ORDER BY version")
    assert events == [TaskId(row["order_id"], row["version"], TaskKind.PUBLISH_EVENT) for row in stored]
    assert {"order.placed", "order.updated", "payment.started", "shipment.delivered", "personal_data.erased"} <= {
        row["event"] for row in stored
    }


def test_given_old_orders_when_the_relay_erases_them_then_their_events_are_sent(world: World, query: Query) -> None:
    order = world.place()
    world.cancel(order)
    query("UPDATE order_tasks SET state = 'done'")
    world.queue.waiting.clear()
    world.clock.pass_time(days=40)
    replace(world.relay, personal_data_days=30).run()
    assert waiting(world) == [TaskId(order, 3, TaskKind.PUBLISH_EVENT)]


def test_given_no_bus_when_an_order_changes_then_nothing_is_enqueued(
    query: Query, services: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    del services
    monkeypatch.setenv("EVENT_BUS_NAME", "")
    world = World()
    world.cancel(world.place())
    assert waiting(world) == []
    assert query("SELECT kind FROM order_tasks WHERE kind = 'publish_event'") == []


def test_given_a_refused_event_when_published_then_only_it_is_rescheduled(
    world: World, publishing: PublishEvents, bus: Bus, query: Query
) -> None:
    order = world.place()
    world.cancel(order)
    bus.refused = frozenset({"order.cancelled"})
    assert publishing.publish(waiting(world)) == dict.fromkeys(
        [TaskId(order, version, TaskKind.PUBLISH_EVENT) for version in (1, 2)], DONE
    )
    rows = query("SELECT version, state, last_error FROM order_tasks WHERE kind = 'publish_event' ORDER BY version")
    assert [(row["state"], row["last_error"]) for row in rows] == [
        ("done", None),
        ("pending", "The bus refused the event: Throttled."),
    ]
    [again] = waiting(world)
    bus.refused = frozenset()
    world.clock.pass_time(minutes=1)
    assert publishing.publish([again]) == {again: DONE}
    assert [document["sequence"] for document in bus.documents] == [1, 2, 2]


def test_given_a_bus_that_is_down_when_published_then_it_is_tried_for_hours(
    world: World, publishing: PublishEvents, bus: Bus, query: Query
) -> None:
    world.place()
    begun = world.clock.now()
    bus.is_down = True
    [task] = waiting(world)
    for attempt in range(1, MAX_PATIENT_ATTEMPTS + 1):
        disposition = publishing.publish([task])[task]
        assert disposition == (FAILED if attempt == MAX_PATIENT_ATTEMPTS else DONE)
        world.clock.pass_time(minutes=10)
    assert (world.clock.now() - begun).total_seconds() > 3600
    assert len(bus.calls) == MAX_PATIENT_ATTEMPTS
    [row] = query("SELECT state, last_error FROM order_tasks WHERE kind = 'publish_event'")
    assert (row["state"], row["last_error"]) == ("failed", "The event bus does not take events.")
    assert publishing.publish([task]) == {task: FAILED}
    world.queue.waiting.clear()
    bus.is_down = False
    assert world.relay.redrive([task]) == 1
    assert publishing.publish(waiting(world)) == {task: DONE}


def test_given_a_worker_that_died_when_the_lease_ends_then_it_is_published_again(
    world: World, publishing: PublishEvents, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.place()
    tasks = waiting(world)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(event_outbox, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            publishing.publish(tasks)
    [disposition] = publishing.publish(tasks).values()
    assert disposition.retry_seconds
    world.clock.pass_time(seconds=disposition.retry_seconds)
    assert publishing.publish(tasks) == dict.fromkeys(tasks, DONE)
    assert bus.documents[0] == bus.documents[1]


def test_given_a_bus_that_was_removed_when_published_then_the_task_fails(
    world: World, publishing: PublishEvents, query: Query
) -> None:
    world.place()
    [task] = waiting(world)
    assert replace(publishing, bus=None).publish([task]) == {task: FAILED}
    [row] = query("SELECT last_error FROM order_tasks WHERE kind = 'publish_event'")
    assert row["last_error"] == "There is no event bus; set EventBusName again, and redrive the task."


def test_given_busy_slots_when_published_then_the_batch_waits_and_takes_one_slot(
    world: World, publishing: PublishEvents, bus: Bus, database: Database, query: Query
) -> None:
    for _ in range(6):
        world.place()
    tasks = waiting(world)
    now = world.clock.now()
    for batch in (tasks[:2], tasks[2:4]):
        assert all(claim.claimed for claim in event_outbox.claim(database, batch, now, 2))
    slots = query("SELECT slot, count(*) FROM order_tasks WHERE slot IS NOT NULL GROUP BY 1 ORDER BY 1")
    assert [(row["slot"], row["count"]) for row in slots] == [(1, 2), (2, 2)]
    assert publishing.publish(tasks[4:]) == dict.fromkeys(tasks[4:], DONE)
    assert (bus.calls, waiting(world)) == ([], tasks[4:])
    assert [row["claims"] for row in query("SELECT DISTINCT claims FROM order_tasks WHERE slot IS NOT NULL")] == [1]
    event_outbox.finish(database, tasks[:2], now)
    publishing.publish(tasks[4:])
    assert len(bus.documents) == 2


def test_given_one_batch_when_many_workers_claim_it_then_each_task_is_claimed_once(world: World, query: Query) -> None:
    del query
    for _ in range(10):
        world.place()
    tasks = waiting(world)
    now = world.clock.now()

    def claim(number: int) -> list[TaskId]:
        order = Random(number).sample(tasks, len(tasks))
        with closing(Database(DatabaseSettings.from_environment())) as database:
            return [claim.id for claim in event_outbox.claim(database, order, now, 20) if claim.claimed]

    with ThreadPoolExecutor(8) as pool:
        claimed = [task for ids in pool.map(claim, range(8)) for task in ids]
    assert sorted(claimed) == sorted(tasks)


def test_given_a_large_order_when_published_then_its_lines_are_left_out(
    world: World, publishing: PublishEvents, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.use_cases.publish_events.MAX_DETAIL_BYTES", 700)
    small = world.place()
    large = world.place(*[(product, 1) for product in ("SKU123", "SKU456", "PROD001", "PROD002")] * 3, note="large")
    publishing.publish(waiting(world))
    items = {document["order_id"]: document["items"] for document in bus.documents}
    assert [line["product_id"] for line in items[small]] == ["SKU123"]
    assert items[large] is None


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The requests to AWS."""
    requests: list[tuple[str, dict[str, Any]]] = []
    send = AwsService.call

    def call(self: AwsService, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        requests.append((operation, request))
        return send(self, operation, request)

    monkeypatch.setattr(AwsService, "call", call)
    return requests


def test_given_an_order_when_placed_with_a_bus_then_one_call_sends_all_tasks(
    function: Load, queues: None, requests: list[tuple[str, dict[str, Any]]]
) -> None:
    call(function("create_order"), "POST", "/v1/orders", {"items": [{"sku": "SKU123", "quantity": 1}]})
    [(operation, request)] = requests
    assert operation == "SendMessageBatch"
    assert [entry["MessageGroupId"] for entry in request["Entries"]] == ["payment", "notification", "events"]


@pytest.fixture
def behind_bus(queues: None) -> Iterator[str]:
    """The URL of a queue that gets all events of a bus; both are deleted afterwards."""
    eventbridge, sqs = boto3.client("events"), boto3.client("sqs")
    eventbridge.create_event_bus(Name="shop-events")
    url = sqs.create_queue(QueueName="shop")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    eventbridge.put_rule(Name="all", EventBusName="shop-events", EventPattern='{"source": ["orders-test"]}')
    eventbridge.put_targets(Rule="all", EventBusName="shop-events", Targets=[{"Id": "queue", "Arn": arn}])
    yield url
    eventbridge.remove_targets(Rule="all", EventBusName="shop-events", Ids=["queue"])
    eventbridge.delete_rule(Name="all", EventBusName="shop-events")
    eventbridge.delete_event_bus(Name="shop-events")
    sqs.delete_queue(QueueUrl=url)


def test_given_a_batch_with_events_when_received_then_one_call_puts_them(
    world: World, function: Load, behind_bus: str, requests: list[tuple[str, dict[str, Any]]]
) -> None:
    sqs = boto3.client("sqs")
    orders = [world.place() for _ in range(3)]
    tasks = [*waiting(world), TaskId(orders[0], 1, TaskKind.SEND_NOTIFICATION)]
    requests.clear()
    batch = {"Records": [task_message(str(task)) for task in tasks]}
    # One of the messages is there twice.
    batch["Records"].append(task_message(str(tasks[0])))
    assert function("process_task").handler(batch, Context()) == {"batchItemFailures": []}
    assert [operation for operation, _ in requests] == ["PutEvents"]
    messages = sqs.receive_message(QueueUrl=behind_bus, MaxNumberOfMessages=10)["Messages"]
    events = [json.loads(message["Body"]) for message in messages]
    assert {(event["source"], event["detail-type"]) for event in events} == {("orders-test", "order.placed")}
    assert sorted(event["detail"]["id"] for event in events) == sorted(f"{order}.1" for order in orders)
    assert {event["time"] for event in events}


def test_given_a_bus_that_does_not_exist_when_published_then_it_is_sent_again(
    world: World, function: Load, queues: None, query: Query
) -> None:
    world.place()
    [task] = waiting(world)
    assert function("process_task").handler({"Records": [task_message(str(task))]}, Context()) == {
        "batchItemFailures": []
    }
    [row] = query("SELECT state, attempts FROM order_tasks WHERE kind = 'publish_event'")
    assert row == {"state": "pending", "attempts": 1}
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=QUEUES[0])["QueueUrl"]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][
        "ApproximateNumberOfMessagesDelayed"
    ]
