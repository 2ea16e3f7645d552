"""Tasks on their way over the queue: sent by one function, processed by another."""

import json
import uuid
from collections.abc import Callable, Mapping
from threading import Thread
from types import ModuleType
from typing import Any

import boto3
import httpx
import pytest

from orders.aws.client import AwsService
from orders.aws.task_queue import DEAD_LETTERS
from orders.bootstrap import task_queue
from orders.domain.lifecycle import SERVICES, TaskKind
from orders.domain.order import TaskId
from tests.integration.conftest import QUEUES, Query
from tests.support import Context, call, sqs_record, wait_until

type Load = Callable[[str], ModuleType]

ITEMS = {"items": [{"sku": "SKU123", "quantity": 2}]}


@pytest.fixture
def receive(queues: None) -> Callable[..., dict[str, Any]]:
    """Receive the messages that wait for some services, or for all, as the event that Lambda makes of them."""
    sqs = boto3.client("sqs")
    for name in QUEUES:
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])
        sqs.create_queue(QueueName=name)
    url = sqs.get_queue_url(QueueName=QUEUES[0])["QueueUrl"]

    def receive(*services: str) -> dict[str, Any]:
        messages = []
        while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            messages += received
        for message in messages:
            if services and service(message) not in services:
                sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        waiting = [message for message in messages if not services or service(message) in services]
        return {"Records": [sqs_record(message) for message in waiting]}

    return receive


type Receive = Callable[..., dict[str, Any]]


def service(message: Mapping[str, Any]) -> str:
    """The service that a message waits for."""
    return SERVICES[TaskId.parse(json.loads(message["Body"])["task_id"]).kind]


def kinds(event: dict[str, Any]) -> list[str]:
    """The kinds of the tasks that a batch names."""
    return [json.loads(record["body"])["task_id"].rpartition(".")[2] for record in event["Records"]]


def test_given_an_order_when_placed_then_one_call_sends_its_tasks_in_groups(
    function: Load, receive: Receive, requests: list[dict[str, Any]]
) -> None:
    call(function("create_order"), "POST", "/orders/5")
    assert kinds(receive()) == ["charge_payment", "mark_cart_ordered", "send_notification"]
    assert [[entry["MessageGroupId"] for entry in request["Entries"]] for request in requests] == [
        ["payment", "cart", "notification"]
    ]


def test_given_a_charge_when_processed_then_one_call_sends_what_follows(
    function: Load, receive: Receive, requests: list[dict[str, Any]]
) -> None:
    call(function("create_order"), "POST", "/v1/orders", ITEMS)
    requests.clear()
    assert function("process_task").handler(receive("payment"), Context()) == {"batchItemFailures": []}
    assert function("process_task").handler(receive("inventory"), Context()) == {"batchItemFailures": []}
    assert kinds(receive("shipping")) == ["create_shipment"]
    assert [[entry["MessageGroupId"] for entry in request["Entries"]] for request in requests] == [
        ["inventory"],
        ["shipping", "notification"],
    ]


def test_given_many_tasks_when_sent_then_each_call_has_ten_of_them(
    receive: Receive, requests: list[dict[str, Any]]
) -> None:
    tasks = [TaskId(str(uuid.uuid4()), 1, kind) for kind in TaskKind for _ in range(3)][:27]
    task_queue().send(tasks)
    assert [len(request["Entries"]) for request in requests] == [10, 10, 7]
    assert sorted(kinds(receive())) == sorted(task.kind.value for task in tasks)


def test_given_a_service_outage_when_processed_then_only_its_tasks_are_rescheduled(
    function: Load, receive: Receive, services: httpx.Client, query: Query
) -> None:
    for _ in range(3):
        call(function("create_order"), "POST", "/v1/orders", ITEMS)
    services.put("/control/payment", json={"failure_rate": 1}).raise_for_status()
    event = receive("payment")
    process = function("process_task")
    # Each is sent again for later, in place of being received until it is dead-lettered.
    assert process.handler(event, Context()) == {"batchItemFailures": []}
    assert receive("payment")["Records"] == []
    assert process.handler(receive("notification"), Context()) == {"batchItemFailures": []}
    states = query("SELECT kind, state, attempts FROM order_tasks ORDER BY kind")
    assert [tuple(row.values()) for row in states] == [("charge_payment", "pending", 1)] * 3 + [
        ("send_notification", "done", 1)
    ] * 3


def test_given_a_busy_service_when_processed_then_its_message_comes_again_later(
    function: Load, receive: Receive, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASK_CONCURRENCY", "1")
    for _ in range(4):
        call(function("create_order"), "POST", "/v1/orders", ITEMS)
    process = function("process_task")
    # Some of the four come while another has the only slot; each is a new message, and none is reported as failed.
    assert process.handler(receive("payment"), Context()) == {"batchItemFailures": []}

    def paid() -> bool:
        waiting = receive("payment")
        if waiting["Records"]:
            assert process.handler(waiting, Context()) == {"batchItemFailures": []}
        return query("SELECT payment_status FROM orders") == [{"payment_status": "paid"}] * 4

    wait_until(paid, seconds=20)


def test_given_a_batch_when_processed_then_its_calls_run_side_by_side(
    function: Load, receive: Receive, services: httpx.Client
) -> None:
    for _ in range(5):
        call(function("create_order"), "POST", "/v1/orders", ITEMS)
    services.put("/control/payment", json={"latency_seconds": 1}).raise_for_status()
    worker = Thread(target=function("process_task").handler, args=(receive("payment"), Context()))
    worker.start()
    running = 0
    while worker.is_alive() and running < 5:
        calls = services.get("/control/calls", params={"service": "payment"}).json()["calls"]
        running = sum(call["status"] is None for call in calls)
    worker.join()
    assert running == 5


def test_given_a_queue_outage_when_ordered_then_the_relay_sends_the_tasks_later(
    function: Load, receive: Receive, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASK_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/123456789012/gone")
    assert call(function("create_order"), "POST", "/v1/orders", ITEMS).status == 201
    monkeypatch.undo()
    query("UPDATE order_tasks SET available_at = available_at - interval '2 minutes'")
    caught = function("relay_outbox").handler({}, Context())
    assert (caught["tasks"], caught["lag_seconds"] >= 120) == (2, True)
    assert len(receive("payment")["Records"]) == 1


def test_given_dead_letters_when_redriven_then_they_are_retried_and_purged(
    function: Load, receive: Receive, services: httpx.Client, query: Query
) -> None:
    call(function("create_order"), "POST", "/v1/orders", ITEMS)
    services.put("/control/payment", json={"failure_rate": 1, "failure_status": 422}).raise_for_status()
    event = receive("payment")
    process, relay = function("process_task"), function("relay_outbox")
    assert len(process.handler(event, Context())["batchItemFailures"]) == 1
    sqs = boto3.client("sqs")
    dead = sqs.get_queue_url(QueueName=QUEUES[1])["QueueUrl"]
    message = event["Records"][0]
    sqs.send_message(QueueUrl=dead, MessageBody=message["body"])
    sqs.send_message(QueueUrl=dead, MessageBody="not a task")
    sqs.delete_message(QueueUrl=dead.removesuffix(DEAD_LETTERS), ReceiptHandle=message["receiptHandle"])
    listed = relay.handler({"failed": "list"}, Context())
    failed = listed["tasks"]
    assert [letter["body"] for letter in listed["unknown"]] == ["not a task"]
    assert [(task["kind"], task["attempts"]) for task in failed] == [("charge_payment", 1)]
    json.dumps(failed)
    services.delete("/control").raise_for_status()
    assert relay.handler({"failed": "redrive", "tasks": [failed[0]["id"]]}, Context()) == {"redriven": 1}
    attributes = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1", "what is no task stays for people to look at"
    assert process.handler(receive("payment"), Context()) == {"batchItemFailures": []}
    assert query("SELECT payment_status FROM orders") == [{"payment_status": "paid"}]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The requests that messages were sent with: moto forgets groups and traces."""
    call_aws = AwsService.call
    sent: list[dict[str, Any]] = []

    def note(service: AwsService, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "SendMessageBatch":
            sent.append(request)
        return call_aws(service, operation, request)

    monkeypatch.setattr(AwsService, "call", note)
    return sent


def traces(requests: list[dict[str, Any]]) -> dict[str, str]:
    """The trace that each message was sent with, by its body."""
    return {
        entry["MessageBody"]: entry["MessageSystemAttributes"].get("AWSTraceHeader", {"StringValue": ""})["StringValue"]
        for request in requests
        for entry in request["Entries"]
    }


def test_given_a_traced_request_when_its_tasks_run_then_all_calls_are_traced(
    function: Load,
    receive: Receive,
    services: httpx.Client,
    requests: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-request;Sampled=1")
    call(function("create_order"), "POST", "/orders/5")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-batch;Sampled=1")
    for name in ("payment", "inventory", "shipping"):
        batch = receive(name)
        for record in batch["Records"]:
            record["attributes"]["AWSTraceHeader"] = traces(requests)[record["body"]]
        function("process_task").handler(batch, Context())
    calls = services.get("/control/calls").json()["calls"]
    assert {call["service"] for call in calls} == {"cart", "inventory", "payment", "shipping"}
    assert {call["trace_id"] for call in calls} == {"Root=1-request;Sampled=1"}


def test_given_no_trace_when_called_and_sent_then_none_is_named(
    function: Load, receive: Receive, services: httpx.Client, requests: list[dict[str, Any]]
) -> None:
    call(function("create_order"), "POST", "/orders/5")
    assert {call["trace_id"] for call in services.get("/control/calls").json()["calls"]} == {None}
    assert set(traces(requests).values()) == {""}
