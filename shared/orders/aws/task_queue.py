"""Task queues on SQS: one for each downstream service, so that a slow service delays no other's tasks."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched, groupby
from typing import Any

from orders import telemetry
from orders.aws.client import SQS, AwsService
from orders.config import QueueSettings
from orders.domain.lifecycle import TaskKind
from orders.domain.order import TaskId
from orders.telemetry import logger

_BATCH = 10
"""The maximum of messages in one call to SQS."""
_MAX_VISIBILITY_SECONDS = 43_200
"""The maximum visibility timeout of SQS."""

DEAD_LETTERS = "-dead-letters"
"""Suffix of the name of a dead-letter queue, after that of its queue."""

SERVICES: Mapping[TaskKind, str] = {
    TaskKind.CHARGE_PAYMENT: "payment",
    TaskKind.REFUND_PAYMENT: "payment",
    TaskKind.COMMIT_STOCK: "inventory",
    TaskKind.RELEASE_STOCK: "inventory",
    TaskKind.CREATE_SHIPMENT: "shipping",
    TaskKind.CANCEL_SHIPMENT: "shipping",
    TaskKind.MARK_CART_ORDERED: "cart",
    TaskKind.SEND_NOTIFICATION: "notification",
}
"""The downstream service of each kind of task, and so its queue."""


class SqsTaskQueue:
    """Send tasks to SQS queues."""

    def __init__(self, settings: QueueSettings) -> None:
        self._settings = settings
        self._sqs = AwsService(SQS)
        # Threads start at first use and are reused.
        self._threads = ThreadPoolExecutor(len(SERVICES))

    def send(self, tasks: Sequence[TaskId]) -> None:
        """See `TaskQueue.send`."""
        batches = [
            (self._settings.urls[service], batch)
            for service, group in groupby(sorted(tasks, key=_service), _service)
            for batch in batched(group, _BATCH, strict=False)
        ]
        trace = telemetry.trace()
        # Concurrently: a caller waits for the response to the request that enqueued the tasks.
        list(self._threads.map(lambda batch: self._send_batch(batch[0], batch[1], trace), batches))

    def change_visibility(self, queue_arn: str, receipt_handle: str, seconds: float) -> None:
        """Set how many seconds a received message stays hidden after it is reported as failed."""
        name = queue_arn.rpartition(":")[2]
        url = next(url for url in self._settings.urls.values() if url.endswith(f"/{name}"))
        timeout = min(_MAX_VISIBILITY_SECONDS, math.ceil(seconds))
        request = {"QueueUrl": url, "ReceiptHandle": receipt_handle, "VisibilityTimeout": timeout}
        self._sqs.call("ChangeMessageVisibility", request)

    def purge_dead_letters(self, is_failed: Callable[[Sequence[TaskId]], frozenset[TaskId]]) -> None:
        """See `TaskQueue.purge_dead_letters`."""
        for url in self._settings.urls.values():
            dead = f"{url}{DEAD_LETTERS}"
            request = {"QueueUrl": dead, "MaxNumberOfMessages": _BATCH}
            while messages := self._sqs.call("ReceiveMessage", request).get("Messages"):
                ids = {message["ReceiptHandle"]: task_id(message["Body"]) for message in messages}
                failed = is_failed([id_ for id_ in ids.values() if id_])
                for handle, id_ in ids.items():
                    if id_ and id_ not in failed:
                        self._sqs.call("DeleteMessage", {"QueueUrl": dead, "ReceiptHandle": handle})

    def _send_batch(self, url: str, tasks: Sequence[TaskId], trace: str) -> None:
        attributes = {"AWSTraceHeader": {"StringValue": trace, "DataType": "String"}} if trace else {}
        entries: list[dict[str, Any]] = [
            {
                "Id": str(number),
                "MessageBody": json.dumps({"task_id": str(task)}),
                "MessageSystemAttributes": attributes,
            }
            for number, task in enumerate(tasks)
        ]
        try:
            failures = self._sqs.call("SendMessageBatch", {"QueueUrl": url, "Entries": entries}).get("Failed", [])
        except Exception:  # noqa: BLE001 - the order is stored, and the relay sends its tasks later
            logger.warning("tasks not sent", tasks=[str(task) for task in tasks], exc_info=True)
            return
        for failure in failures:
            logger.warning("task not sent", task_id=str(tasks[int(failure["Id"])]), cause=failure.get("Message"))


def task_id(body: str) -> TaskId | None:
    """Parse the id of the task in a message; None if this service did not send it."""
    try:
        return TaskId.parse(json.loads(body)["task_id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _service(task: TaskId) -> str:
    return SERVICES[task.kind]
