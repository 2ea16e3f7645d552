"""Tasks on their way over the queues: sent by one function, carried out by another."""

import json
from collections.abc import Callable
from threading import Thread
from types import ModuleType
from typing import Any

import boto3
import httpx
import pytest

from orders.aws.client import AwsService
from orders.aws.task_queue import DEAD_LETTERS
from tests.integration.conftest import Query
from tests.support import Context, call

type Load = Callable[[str], ModuleType]

SERVICES = ("cart", "inventory", "notification", "payment", "shipping")
ITEMS = {"items": [{"sku": "SKU123", "quantity": 2}]}


@pytest.fixture
def receive(queues: None) -> Callable[..., dict[str, Any]]:
    """Take what waits on a queue, as the event that Lambda makes of it."""
    sqs = boto3.client("sqs")
    for service in SERVICES:
        for suffix in ("", DEAD_LETTERS):
            url = sqs.create_queue(QueueName=f"orders-{service}{suffix}")["QueueUrl"]
            sqs.delete_queue(QueueUrl=url)
            sqs.create_queue(QueueName=f"orders-{service}{suffix}")

    def receive(service: str) -> dict[str, Any]:
        url = sqs.get_queue_url(QueueName=f"orders-{service}")["QueueUrl"]
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]).get(
            "Messages", []
        )
        return {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": {},
                    "eventSource": "aws:sqs",
                    "eventSourceARN": f"arn:aws:sqs:eu-central-1:123456789012:orders-{service}",
                }
                for message in messages
            ]
        }

    return receive


type Receive = Callable[[str], dict[str, Any]]


def kinds(event: dict[str, Any]) -> list[str]:
    """The kinds of the tasks that a batch names."""
    return [json.loads(record["body"])["task_id"].rpartition(".")[2] for record in event["Records"]]


def test_given_an_order_when_placed_then_each_task_waits_for_its_service(
    function: Load, receive: Receive, query: Query
) -> None:
    call(function("create_order"), "POST", "/orders/5")
    waiting = {service: kinds(receive(service)) for service in SERVICES}
    assert waiting == {
        "cart": ["mark_cart_ordered"],
        "inventory": [],
        "notification": ["send_notification"],
        "payment": ["charge_payment"],
        "shipping": [],
    }


def test_given_a_charge_when_processed_then_what_follows_waits_for_the_next(function: Load, receive: Receive) -> None:
    call(function("create_order"), "POST", "/v1/orders", ITEMS)
    receive("notification")
    assert function("process_task").handler(receive("payment"), Context()) == {"batchItemFailures": []}
    assert kinds(receive("inventory")) == ["commit_stock"]
    assert kinds(receive("shipping")) == ["create_shipment"]


def test_given_a_service_that_is_away_when_processed_then_only_its_tasks_come_back_later(
    function: Load, receive: Receive, services: httpx.Client, query: Query
) -> None:
    for _ in range(3):
        call(function("create_order"), "POST", "/v1/orders", ITEMS)
    services.put("/control/payment", json={"failure_rate": 1}).raise_for_status()
    event = receive("payment")
    process = function("process_task")
    answer = process.handler(event, Context())
    assert {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} == {
        record["messageId"] for record in event["Records"]
    }
    assert receive("payment")["Records"] == []
    assert process.handler(receive("notification"), Context()) == {"batchItemFailures": []}
    states = query("SELECT kind, state, attempts FROM order_tasks ORDER BY kind")
    assert [tuple(row.values()) for row in states] == [("charge_payment", "pending", 1)] * 3 + [
        ("send_notification", "done", 1)
    ] * 3


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


def test_given_a_queue_that_is_away_when_ordered_then_the_order_stands_and_the_relay_sends_its_tasks(
    function: Load, receive: Receive, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in SERVICES:
        monkeypatch.setenv(f"{service.upper()}_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/123456789012/gone")
    assert call(function("create_order"), "POST", "/v1/orders", ITEMS).status == 201
    monkeypatch.undo()
    query("UPDATE order_tasks SET available_at = available_at - interval '2 minutes'")
    caught = function("relay_outbox").handler({}, Context())
    assert (caught["tasks"], caught["lag_seconds"] >= 120) == (2, True)
    assert len(receive("payment")["Records"]) == 1


def test_given_dead_letters_when_redriven_then_they_are_tried_again_and_buried(
    function: Load, receive: Receive, services: httpx.Client, query: Query
) -> None:
    call(function("create_order"), "POST", "/v1/orders", ITEMS)
    services.put("/control/payment", json={"failure_rate": 1, "failure_status": 422}).raise_for_status()
    event = receive("payment")
    process, relay = function("process_task"), function("relay_outbox")
    assert len(process.handler(event, Context())["batchItemFailures"]) == 1
    sqs = boto3.client("sqs")
    dead = sqs.get_queue_url(QueueName=f"orders-payment{DEAD_LETTERS}")["QueueUrl"]
    message = event["Records"][0]
    sqs.send_message(QueueUrl=dead, MessageBody=message["body"])
    sqs.send_message(QueueUrl=dead, MessageBody="not a task")
    sqs.delete_message(QueueUrl=dead.removesuffix(DEAD_LETTERS), ReceiptHandle=message["receiptHandle"])
    failed = relay.handler({"failed": "list"}, Context())["tasks"]
    assert [(task["kind"], task["attempts"]) for task in failed] == [("charge_payment", 1)]
    json.dumps(failed)
    services.delete("/control").raise_for_status()
    assert relay.handler({"failed": "redrive", "tasks": [failed[0]["id"]]}, Context()) == {"redriven": 1}
    attributes = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1", "what is no task stays for people to look at"
    assert process.handler(receive("payment"), Context()) == {"batchItemFailures": []}
    assert query("SELECT payment_status FROM orders") == [{"payment_status": "paid"}]


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The trace that each message was sent with, by its body: moto forgets them."""
    call_aws, sent = AwsService.call, {}

    def note(service: AwsService, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        for entry in request.get("Entries", []):
            attribute = entry["MessageSystemAttributes"].get("AWSTraceHeader", {"StringValue": ""})
            sent[entry["MessageBody"]] = attribute["StringValue"]
        return call_aws(service, operation, request)

    monkeypatch.setattr(AwsService, "call", note)
    return sent


def test_given_a_traced_request_when_its_tasks_are_carried_out_then_all_calls_belong_to_its_trace(
    function: Load,
    receive: Receive,
    services: httpx.Client,
    traces: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-request;Sampled=1")
    call(function("create_order"), "POST", "/orders/5")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-batch;Sampled=1")
    for service in ("payment", "shipping"):
        batch = receive(service)
        for record in batch["Records"]:
            record["attributes"]["AWSTraceHeader"] = traces[record["body"]]
        function("process_task").handler(batch, Context())
    calls = services.get("/control/calls").json()["calls"]
    assert {call["service"] for call in calls} == {"cart", "inventory", "payment", "shipping"}
    assert {call["trace_id"] for call in calls} == {"Root=1-request;Sampled=1"}


def test_given_no_trace_when_called_and_sent_then_none_is_named(
    function: Load, receive: Receive, services: httpx.Client, traces: dict[str, str]
) -> None:
    call(function("create_order"), "POST", "/orders/5")
    assert {call["trace_id"] for call in services.get("/control/calls").json()["calls"]} == {None}
    assert set(traces.values()) == {""}
