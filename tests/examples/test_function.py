"""The consumer behind a rule: events that come twice, late and in any order have their effect once and in order."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from moto import mock_aws

from tests.examples.feed import Fault, Feed, served
from tests.examples.samples import books, bus, feed
from tests.examples.stack import Consumer

EVENTS = feed(seed=17, orders=8)
LIFE = [event for event in EVENTS if event["order_id"] == EVENTS[-1]["order_id"]]


@pytest.fixture
def source() -> Iterator[Feed]:
    with served(list(EVENTS)) as feed:
        yield feed


@pytest.fixture
def consumer(source: Feed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Consumer]:
    with mock_aws():
        yield Consumer(source, monkeypatch)


def test_given_events_in_order_when_consumed_then_the_books_are_right(consumer: Consumer, source: Feed) -> None:
    consumer.publish(bus(EVENTS))
    consumer.publish(bus(feed(seed=18, orders=1)), source="another-stack")
    consumer.run_all()
    assert consumer.books() == books(EVENTS)
    assert consumer.books().revenue.keys() == {"GBP", "USD"}
    assert consumer.pauses == []
    assert source.requests == []


@pytest.mark.parametrize("seed", range(5))
def test_given_duplicates_in_any_order_when_consumed_then_each_counts_once(seed: int, consumer: Consumer) -> None:
    random = Random(seed)
    events = bus(EVENTS) * 2
    random.shuffle(events)
    consumer.publish(events)
    # Now and then, the function is killed before its messages are deleted.
    while consumer.run(acknowledges=random.random() < 0.7):
        pass
    assert consumer.books() == books(EVENTS)
    assert consumer.count(consumer.queue) == consumer.count(consumer.dead_letters) == 0


def test_given_an_early_event_when_received_then_it_waits_for_the_one_before(consumer: Consumer, source: Feed) -> None:
    consumer.publish(bus(LIFE)[1::-1])
    consumer.run()
    assert consumer.books() == books(LIFE[:1])
    consumer.run()
    assert consumer.books() == books(LIFE[:2])
    assert consumer.pauses == [2]
    assert source.requests == []


def test_given_a_lost_event_when_the_next_waits_then_the_feed_has_it(consumer: Consumer, source: Feed) -> None:
    source.page = 2
    source.faults = [Fault(503), Fault(429), Fault(200, is_cut=True)]
    # The rule is younger than the order: only its latest event has come.
    consumer.publish(bus(LIFE)[-1:])
    consumer.run_all()
    assert consumer.pauses == [2, 4, 8, 16, 32]
    assert consumer.books() == books(LIFE)


def test_given_an_event_that_the_feed_lacks_when_waiting_then_it_is_not_lost(consumer: Consumer, source: Feed) -> None:
    latest = source.events.pop()
    consumer.publish([{**bus([latest])[0], "items": None}])
    consumer.run()
    assert consumer.books() == books(LIFE[:-1])
    source.events.append(latest)
    consumer.run_all()
    assert consumer.pauses == [2]
    assert consumer.books() == books(LIFE)


def test_given_an_event_without_lines_when_received_then_the_feed_has_them(consumer: Consumer) -> None:
    consumer.publish([{**event, "items": None} for event in bus(LIFE)])
    consumer.run_all()
    assert consumer.books() == books(LIFE)
    assert consumer.pauses == []


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"detail": {"order_id": "secret"}}', json.dumps({"detail": {"items": []}})]
)
def test_given_a_message_that_is_no_event_when_received_then_it_ends_as_dead(
    body: str, consumer: Consumer, capsys: pytest.CaptureFixture[str]
) -> None:
    consumer.send(body)
    consumer.publish(bus(LIFE))
    consumer.run_all()
    assert consumer.books() == books(LIFE)
    assert consumer.pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900]
    assert (consumer.count(consumer.queue), consumer.count(consumer.dead_letters)) == (0, 1)
    assert "secret" not in capsys.readouterr().out


def test_given_a_write_at_the_same_time_when_refused_then_the_event_is_tried_again(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = consumer.app.dynamodb.transact_write_items
    conflicts = [{"Code": "None"}, {"Code": "TransactionConflict"}]

    def conflict(**arguments: Any) -> None:
        monkeypatch.setattr(consumer.app.dynamodb, "transact_write_items", write)
        response = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": conflicts}
        raise consumer.app.dynamodb.exceptions.TransactionCanceledException(response, "TransactWriteItems")

    monkeypatch.setattr(consumer.app.dynamodb, "transact_write_items", conflict)
    consumer.publish(bus(LIFE[:1]))
    consumer.run_all()
    assert consumer.pauses == [2]
    assert consumer.books() == books(LIFE[:1])
