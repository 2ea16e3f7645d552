"""One downstream service hangs, and the tasks of the others go on."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event
from types import ModuleType

import boto3
import pytest

from orders.clients.payment import PaymentClient
from tests.integration.conftest import QUEUES, Query
from tests.support import Context, call, load_function, sqs_record, wait_until

ENVIRONMENTS = 4
TASK_CONCURRENCY = 3
"""Fewer than environments, so that a hanging service cannot hold all of them."""
ORDERS = 40
"""Their 80 tasks are twice as many as the environments take up in one batch each."""
ITEMS = {"items": [{"sku": "SKU123", "quantity": 1}]}


@pytest.fixture
def queue() -> str:
    """The URL of the task queue, which is empty."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=QUEUES[0])["QueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    return url


@contextmanager
def environments(queue: str) -> Iterator[None]:
    """Run execution environments that process the tasks of the queue."""
    sqs = boto3.client("sqs")
    stopped = Event()

    def poll(process_task: ModuleType) -> None:
        """Invoke a function with batches of messages, as an event source does."""
        while not stopped.is_set():
            received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            messages = received.get("Messages", [])
            if not messages:
                continue
            answer = process_task.handler({"Records": [sqs_record(message) for message in messages]}, Context())
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            for message in messages:
                if message["MessageId"] not in failed:
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    functions = [load_function("process_task") for _ in range(ENVIRONMENTS)]
    with ThreadPoolExecutor(ENVIRONMENTS) as pool:
        pollers = [pool.submit(poll, function) for function in functions]
        try:
            yield
        finally:
            stopped.set()
    for poller in pollers:
        poller.result()


def test_given_a_hanging_service_when_many_order_then_the_others_tasks_go_on(
    function: Callable[[str], ModuleType], queue: str, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_order = function("create_order")
    for _ in range(ORDERS):
        assert call(create_order, "POST", "/v1/orders", ITEMS).status == 201
    monkeypatch.setenv("TASK_CONCURRENCY", str(TASK_CONCURRENCY))
    # Longer than the test waits, so that it does not depend on the speed of the machine.
    monkeypatch.setattr(PaymentClient, "read_timeout_seconds", 60)

    def number(condition: str) -> int:
        [row] = query(f"SELECT count(*) FROM order_tasks WHERE {condition}")  # noqa: S608 - conditions of this test
        return int(row["count"])

    with ExitStack() as stack:
        # It accepts connections and never answers. When it is closed, it resets them, which ends the calls.
        payment = socket.create_server(("127.0.0.1", 0), backlog=100)
        monkeypatch.setenv("PAYMENT_URL", f"http://127.0.0.1:{payment.getsockname()[1]}")
        stack.enter_context(environments(queue))
        stack.enter_context(payment)
        wait_until(lambda: number("kind = 'send_notification' AND state = 'done'") == ORDERS, seconds=30)
        assert number("kind = 'charge_payment' AND slot IS NOT NULL") == TASK_CONCURRENCY
        assert number("kind = 'charge_payment' AND last_error IS NULL AND state = 'pending'") == ORDERS
