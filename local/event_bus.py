"""The event bus of the local stack, and a queue with all events that were put on it, to look at."""

import contextlib
import json

from local import cloudformation, emulator
from local.layout import Layout

BUS = "orders-local"
QUEUE = "orders-local-events"
RULE = "orders-local-events"
KEPT_SECONDS = 3600
"""How long the queue keeps an event that nobody deletes."""


def create(layout: Layout) -> None:
    """Create the bus, the queue, and the rule that sends the stack's events from one to the other.

    Args:
        layout: The stack; its MiniStack runs. What exists stays.
    """
    events, sqs = (emulator.client(service, layout.emulator_url) for service in ("events", "sqs"))
    with contextlib.suppress(events.exceptions.ResourceAlreadyExistsException):
        events.create_event_bus(Name=BUS)
    url = sqs.create_queue(QueueName=QUEUE, Attributes={"MessageRetentionPeriod": str(KEPT_SECONDS)})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=RULE, EventBusName=BUS, EventPattern=json.dumps({"source": [cloudformation.STACK]}))
    events.put_targets(Rule=RULE, EventBusName=BUS, Targets=[{"Id": QUEUE, "Arn": arn}])
