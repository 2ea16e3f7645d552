"""The stack of the consumer's template in mocked AWS: rule, queues, table and function."""

import importlib.util
import json
from collections.abc import Sequence
from decimal import Decimal
from types import ModuleType
from typing import Any

import boto3
import pytest

from local import template as sam
from orders.schemas.events import EventDocument
from tests.examples.feed import TOKEN, Feed
from tests.examples.samples import Books
from tests.support import ROOT, Context

FOLDER = ROOT / "examples" / "consumer"
RESOURCES = sam.read(FOLDER / "template.yaml")["Resources"]
STACK = "orders-consumer"
SOURCE = "orders-prod"
BUS = "shop"
BATCH = RESOURCES["ConsumeEventsFunction"]["Properties"]["Events"]["Queue"]["Properties"]["BatchSize"]


class Consumer:
    """The stack of the template in mocked AWS: rule, queues, table and function.

    Attributes:
        app: The function's module.
        pauses: For how long each message that failed stays invisible, in seconds.
    """

    def __init__(self, source: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sqs: Any = boto3.client("sqs")
        self._events = boto3.client("events")
        self._dynamodb = boto3.client("dynamodb")
        self.dead_letters = self._queue("DeadLetters")
        arn = self._arn(self.dead_letters)
        redrive = {**RESOURCES["EventQueue"]["Properties"]["RedrivePolicy"], "deadLetterTargetArn": arn}
        self.queue = self._queue("EventQueue", RedrivePolicy=json.dumps(redrive))
        self._events.create_event_bus(Name=BUS)
        pattern = {**RESOURCES["OrderEvents"]["Properties"]["EventPattern"], "source": [SOURCE]}
        self._events.put_rule(Name="orders", EventBusName=BUS, EventPattern=json.dumps(pattern))
        self._events.put_targets(
            Rule="orders", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": self._arn(self.queue)}]
        )
        table = RESOURCES["Table"]["Properties"]
        self._dynamodb.create_table(
            TableName=STACK, **{name: table[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}
        )
        secret = boto3.client("secretsmanager").create_secret(Name="token", SecretString=TOKEN)["ARN"]
        environment = {
            "TABLE_NAME": STACK,
            "QUEUE_URL": self.queue,
            "ORDERS_URL": source.url,
            "TOKEN_SECRET_ARN": secret,
        }
        assert environment.keys() <= RESOURCES["ConsumeEventsFunction"]["Properties"]["Environment"]["Variables"].keys()
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        self.app = load()
        self.pauses: list[int] = []
        change_visibility = self.app.sqs.change_message_visibility

        def change_and_record(**arguments: Any) -> None:
            self.pauses.append(arguments["VisibilityTimeout"])
            change_visibility(**arguments)

        monkeypatch.setattr(self.app.sqs, "change_message_visibility", change_and_record)

    def publish(self, events: Sequence[EventDocument], source: str = SOURCE) -> None:
        """Put events on the bus."""
        for event in events:
            entry: Any = {
                "EventBusName": BUS,
                "Source": source,
                "DetailType": event["type"],
                "Detail": json.dumps(event),
            }
            assert not self._events.put_events(Entries=[entry])["FailedEntryCount"]

    def send(self, body: str) -> None:
        """Send a message to the queue."""
        self._sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def run(self, *, acknowledges: bool = True) -> bool:
        """Process a batch as Lambda does; return whether there was one.

        Args:
            acknowledges: Delete the messages that did not fail. Otherwise, the function was killed before.
        """
        received = self._sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=BATCH, AttributeNames=["ApproximateReceiveCount"]
        ).get("Messages", [])
        if not received:
            return False
        records = [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
            }
            for each in received
        ]
        failed = {
            each["itemIdentifier"] for each in self.app.handler({"Records": records}, Context())["batchItemFailures"]
        }
        for each in received:
            receipt = {"QueueUrl": self.queue, "ReceiptHandle": each["ReceiptHandle"]}
            if each["MessageId"] not in failed and acknowledges:
                self._sqs.delete_message(**receipt)
            else:
                # Time passes.
                self._sqs.change_message_visibility(**receipt, VisibilityTimeout=0)
        return True

    def run_all(self) -> None:
        """Process batches until the queue is empty."""
        while self.run():
            pass

    def books(self) -> Books:
        """What the consumer keeps."""
        kept = Books()
        for item in self._dynamodb.scan(TableName=STACK)["Items"]:
            kind, _, name = item["id"]["S"].partition("#")
            if kind == "revenue":
                kept.revenue[name] = Decimal(item["amount"]["N"])
            else:
                kept.orders[name] = (
                    int(item["version"]["N"]),
                    *(item[status]["S"] for status in ("status", "payment_status", "shipping_status")),
                    Decimal(item["total"]["N"]),
                    tuple(tuple(line) for line in json.loads(item["lines"]["S"])),
                )
        return kept

    def count(self, queue: str) -> int:
        """How many messages a queue has, visible or not."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(
            int(each)
            for each in self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"].values()
        )

    def _queue(self, name: str, **attributes: str) -> str:
        properties = RESOURCES[name]["Properties"]
        attributes["VisibilityTimeout"] = str(properties.get("VisibilityTimeout", 30))
        created = self._sqs.create_queue(QueueName=f"{STACK}-{name}", Attributes=attributes)
        return str(created["QueueUrl"])

    def _arn(self, queue: str) -> str:
        attributes = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        return str(attributes["QueueArn"])


def load() -> ModuleType:
    """The function's module, as in a new execution environment."""
    spec = importlib.util.spec_from_file_location("consume_events", FOLDER / "functions" / "consume_events" / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
