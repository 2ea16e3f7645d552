"""The task queue: an SQS standard queue with a message group for each downstream service.

With message groups, a standard queue is a fair queue: while the messages of one group take up the workers, SQS delivers
those of the other groups first.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
"""

import json
import math
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Any

from orders import telemetry
from orders.aws.client import SQS, AwsService
from orders.config import QueueSettings
from orders.domain.lifecycle import SERVICES
from orders.domain.order import DeadLetter, TaskId
from orders.telemetry import logger

_BATCH = 10
"""The maximum of messages in one call to SQS."""
_BODY_CHARACTERS = 200
"""How much of the body of an unknown message is shown."""
_MAX_VISIBILITY_SECONDS = 43_200
"""The maximum visibility timeout of SQS."""

DEAD_LETTERS = "-dead-letters"
"""Suffix of the name of the dead-letter queue, after that of the queue."""


class SqsTaskQueue:
    """Send tasks to SQS."""

    def __init__(self, settings: QueueSettings) -> None:
        self._url = settings.url
        self._sqs = AwsService(SQS)

    def send(self, tasks: Sequence[TaskId], delay_seconds: float = 0) -> None:
        """See `TaskQueue.send`."""
        for batch in batched(tasks, _BATCH, strict=False):
            self._send_batch(batch, round(delay_seconds))

    def change_visibility(self, receipt_handle: str, seconds: float) -> None:
        """Set how many seconds a received message stays hidden after it is reported as failed."""
        timeout = min(_MAX_VISIBILITY_SECONDS, math.ceil(seconds))
        request = {"QueueUrl": self._url, "ReceiptHandle": receipt_handle, "VisibilityTimeout": timeout}
        self._sqs.call("ChangeMessageVisibility", request)

    def unknown_dead_letters(self) -> list[DeadLetter]:
        """See `TaskQueue.unknown_dead_letters`."""
        dead = f"{self._url}{DEAD_LETTERS}"
        request = {"QueueUrl": dead, "MaxNumberOfMessages": _BATCH}
        received = []
        while messages := self._sqs.call("ReceiveMessage", request).get("Messages"):
            received += messages
        for message in received:  # so that a redrive finds them at once
            visible = {"QueueUrl": dead, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            self._sqs.call("ChangeMessageVisibility", visible)
        return [
            {"message_id": message["MessageId"], "body": message["Body"][:_BODY_CHARACTERS]}
            for message in received
            if task_id(message["Body"]) is None
        ]

    def purge_dead_letters(self, is_failed: Callable[[Sequence[TaskId]], frozenset[TaskId]]) -> None:
        """See `TaskQueue.purge_dead_letters`."""
        dead = f"{self._url}{DEAD_LETTERS}"
        request = {"QueueUrl": dead, "MaxNumberOfMessages": _BATCH}
        while messages := self._sqs.call("ReceiveMessage", request).get("Messages"):
            ids = {message["ReceiptHandle"]: task_id(message["Body"]) for message in messages}
            failed = is_failed([id_ for id_ in ids.values() if id_])
            for handle, id_ in ids.items():
                if id_ and id_ not in failed:
                    self._sqs.call("DeleteMessage", {"QueueUrl": dead, "ReceiptHandle": handle})

    def _send_batch(self, tasks: Sequence[TaskId], delay_seconds: int) -> None:
        trace = telemetry.trace()
        attributes = {"AWSTraceHeader": {"StringValue": trace, "DataType": "String"}} if trace else {}
        entries: list[dict[str, Any]] = [
            {
                "Id": str(number),
                "MessageBody": json.dumps({"task_id": str(task)}),
                "MessageGroupId": SERVICES[task.kind],
                "MessageSystemAttributes": attributes,
                "DelaySeconds": delay_seconds,
            }
            for number, task in enumerate(tasks)
        ]
        try:
            request = {"QueueUrl": self._url, "Entries": entries}
            failures = self._sqs.call("SendMessageBatch", request).get("Failed", [])
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
