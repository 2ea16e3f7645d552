"""Events leave the stack: the feed has them in order, and the queue behind the event bus has the same documents."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local import cloudformation, emulator, event_bus
from local.stack import Stack
from tests.e2e.conftest import TIMEOUT_SECONDS, Client, wait_for
from tests.support import ROOT

ITEMS = {"items": [{"sku": "SKU123", "quantity": 2}], "customer_email": "alice@example.com"}
HAPPY_PATH = ["order.placed", "payment.started", "payment.succeeded", "stock.committed", "shipment.created"]


def placed(client: Client) -> str:
    """The id of an order that has been placed and got all of its events."""
    with client("5") as customer:
        order: str = customer.post("/v1/orders", json=ITEMS).json()["id"]
        wait_for(customer, order, shipping_status="ready")
    return order


def pages(reader: httpx.Client, **parameters: str | int) -> Iterator[dict[str, Any]]:
    """The pages of the feed until its end, each by the link in the one before."""
    page = reader.get("/v1/events", params=parameters)
    while page.raise_for_status().json()["events"]:
        yield page.json()
        page = reader.get(page.links["next"]["url"])


def on_the_bus(stack: Stack, order: str, count: int) -> list[dict[str, Any]]:
    """Receive what the queue behind the bus has of an order, once it is so many events."""
    sqs = emulator.client("sqs", stack.layout.emulator_url)
    url = sqs.get_queue_url(QueueName=event_bus.QUEUE)["QueueUrl"]
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline, f"the queue has {len(found)} of {count} events"
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        events = [json.loads(message["Body"]) for message in received]
        found += [event for event in events if event["detail"].get("order_id") == order]
    return found


@pytest.mark.usefixtures("services")
def test_given_an_order_when_processed_then_feed_and_bus_have_its_events(stack: Stack, client: Client) -> None:
    order = placed(client)
    with client("warehouse", "orders:events") as warehouse:
        read = [event for page in pages(warehouse, limit=2) for event in page["events"]]
        assert [event["position"] for event in read] == list(range(1, len(read) + 1))
        feed = [event for event in read if event["order_id"] == order]
        assert [event for page in pages(warehouse, order_id=order) for event in page["events"]] == feed
    assert [event["type"] for event in feed] == HAPPY_PATH
    assert [event["sequence"] for event in feed] == [1, 2, 3, 4, 5]
    assert "alice@example.com" not in str(feed)
    put = on_the_bus(stack, order, len(feed))
    assert {event["source"] for event in put} == {cloudformation.STACK}
    # At least once, and in any order: a consumer tells by the id and the sequence.
    documents = {event["detail"]["id"]: event["detail"] for event in put}
    assert {event["id"]: {**documents[event["id"]], "position": event["position"]} for event in feed} == {
        event["id"]: event for event in feed
    }
    assert {event["detail"]["id"]: event["detail-type"] for event in put} == {
        event["id"]: event["type"] for event in feed
    }


@pytest.mark.usefixtures("services")
def test_given_a_long_poll_when_an_order_is_placed_then_it_ends_with_the_event(client: Client) -> None:
    with client("warehouse", "orders:events") as warehouse:
        end = 0
        for page in pages(warehouse, limit=1000):
            end = int(page["next_cursor"])
        begun = time.monotonic()
        empty = warehouse.get("/v1/events", params={"after": end, "wait": 1, "type": "payment.charged_back"})
        assert (empty.json()["events"], time.monotonic() - begun >= 1) == ([], True)
        order = placed(client)
        found = warehouse.get("/v1/events", params={"after": end, "wait": 20, "order_id": order})
        assert found.json()["events"][0]["type"] == "order.placed"


def test_given_no_scope_when_events_are_read_then_403(client: Client) -> None:
    for caller in (client("5"), client("5", "orders:read orders:write")):
        with caller:
            refused = caller.get("/v1/events")
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    with client(None) as stranger:
        assert stranger.get("/v1/events").status_code == 401


@pytest.mark.usefixtures("services")
def test_given_make_events_when_followed_then_it_prints_what_happens(stack: Stack, client: Client) -> None:
    order = placed(client)
    command = [sys.executable, "-m", "local", "--state", str(stack.layout.state), "events", "--order", order]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    lines = printed.stdout.splitlines()
    assert [line.split()[2] for line in lines] == HAPPY_PATH
    assert lines[-1].split()[3] == "confirmed/paid/ready"
    options = ["--type", "order.placed,order.cancelled", "--follow"]
    with subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True) as following:  # noqa: S603
        assert following.stdout
        assert " order.placed " in following.stdout.readline()
        with client("5") as customer:
            customer.post(f"/v1/orders/{order}/cancel").raise_for_status()
        assert " order.cancelled " in following.stdout.readline()
        os.kill(following.pid, signal.SIGINT)
        assert following.stdout.read() == ""
    assert following.returncode == 0
