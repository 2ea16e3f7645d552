"""The events that left a running stack: the feed, and what the queue behind the event bus has received."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local import event_bus, events
from local.background import repeated
from local.stack import Stack
from orders.schemas.events import EventDocument, FeedEvent
from tools.support.session import ANSWER_SECONDS

READER = "consumer"
MESSAGES_AT_ONCE = 10
PAUSE_SECONDS = 30.0
REPEATED = 0.3
"""How many of the events come twice."""


def read_feed(stack: Stack) -> list[FeedEvent]:
    """Read the feed from its beginning, as a consumer does that starts from nothing.

    Raises:
        LocalError: The API does not answer, or not with events.
    """
    headers = {"Authorization": f"Bearer {stack.token(READER, events.SCOPE)}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=ANSWER_SECONDS, trust_env=False) as http:
        return list(events.read(http, {}, follow=False))  # type: ignore[arg-type]  # JSON of any kind


class BusLog:
    """Collects the events that arrive at the queue behind the event bus, which keeps them for an hour.

    Args:
        sqs: A client of SQS.

    Attributes:
        events: What has arrived, also of other orders and from before.
    """

    def __init__(self, sqs: Any) -> None:  # noqa: ANN401 - boto3 makes these classes at run time
        self.events: list[EventDocument] = []
        self._sqs = sqs
        self._queue = sqs.get_queue_url(QueueName=event_bus.QUEUE)["QueueUrl"]

    @contextlib.contextmanager
    def collecting(self) -> Iterator[None]:
        """Collect events while the body of the `with` runs."""
        with repeated(self._receive_meanwhile, lambda: PAUSE_SECONDS):
            yield
        self._receive()

    def _receive_meanwhile(self) -> None:
        # What fails now is received later.
        with contextlib.suppress(BotoCoreError, ClientError):
            self._receive()

    def _receive(self) -> None:
        """Receive all messages, and delete them."""
        queue = {"QueueUrl": self._queue}
        while messages := self._sqs.receive_message(**queue, MaxNumberOfMessages=MESSAGES_AT_ONCE).get("Messages"):
            self.events += [json.loads(message["Body"])["detail"] for message in messages]
            receipts = [{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in messages]
            self._sqs.delete_message_batch(**queue, Entries=receipts)


def disordered(received: Sequence[EventDocument], random: Random) -> list[EventDocument]:
    """Return events as a bus may deliver them: some more than once, and all in any order."""
    delivered = [*received, *(event for event in received if random.random() < REPEATED)]
    random.shuffle(delivered)
    return delivered
