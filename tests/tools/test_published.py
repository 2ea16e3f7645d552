"""What left a stack is read to its end; a bus delivers more than once and in any order."""

import json
from random import Random
from typing import Any

import boto3
from moto import mock_aws

from local import event_bus
from tests.checks.samples import documents, order
from tools.support.published import BusLog, disordered

EVENTS = documents(order())


def test_given_events_when_disordered_then_all_come_and_some_twice() -> None:
    for seed in range(20):
        delivered = disordered(EVENTS, Random(seed))
        assert {event["id"] for event in delivered} == {event["id"] for event in EVENTS}
        assert delivered == disordered(EVENTS, Random(seed))
    assert any(len(disordered(EVENTS, Random(seed))) > len(EVENTS) for seed in range(20))
    assert any(disordered(EVENTS, Random(seed))[: len(EVENTS)] != EVENTS for seed in range(20))


def test_given_a_queue_with_events_when_collected_then_it_is_emptied() -> None:
    with mock_aws():
        sqs: Any = boto3.client("sqs")
        url = sqs.create_queue(QueueName=event_bus.QUEUE)["QueueUrl"]
        log = BusLog(sqs)
        with log.collecting():
            for event in EVENTS * 3:
                sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"detail": event}))
        assert sorted(event["sequence"] for event in log.events) == sorted([1, 2, 3, 4, 5] * 3)
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
