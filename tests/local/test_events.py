"""`make events` prints the feed from its beginning, a line for each event."""

import datetime as dt
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from local import events
from local.errors import LocalError
from local.ports import free_port

EVENT = {
    "id": "01a1f804-f676-7425-8d36-c12d7c86e4b3.2",
    "type": "payment.succeeded",
    "order_id": "01a1f804-f676-7425-8d36-c12d7c86e4b3",
    "number": 100042,
    "sequence": 2,
    "position": 2,
    "occurred_at": "2026-11-20T12:00:02.000Z",
    "actor": {"kind": "system", "id": "process_task"},
    "changed_fields": None,
    "status": "confirmed",
    "payment_status": "paid",
    "shipping_status": "pending",
    "failure_reason": None,
    "currency": "USD",
    "total": "159.98",
}


class Feed:
    """A feed of some events, in pages of one; each further one is there only after a long poll."""

    def __init__(self, total: int, later: int = 0) -> None:
        self.total = total
        self.later = later
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        self.asked.append(asked)
        after = int(asked["after"])
        if after == self.total and "wait" in asked:
            if not self.later:
                raise KeyboardInterrupt
            self.total, self.later = self.total + 1, self.later - 1
        found = [{**EVENT, "position": after + 1}] if after < self.total else []
        return httpx.Response(200, json={"events": found, "next_cursor": str(after + len(found))})

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self), base_url="http://localhost:8001")


def test_given_pages_when_read_then_all_events_come_and_it_ends() -> None:
    feed = Feed(3)
    read = list(events.read(feed.client(), {"type": "order.placed"}, follow=False))
    assert [event["position"] for event in read] == [1, 2, 3]
    assert [asked["after"] for asked in feed.asked] == ["0", "1", "2", "3"]
    assert {(asked["type"], asked["limit"]) for asked in feed.asked} == {("order.placed", "1000")}
    assert not any("wait" in asked for asked in feed.asked)


def test_given_an_empty_page_with_a_later_cursor_when_read_then_it_goes_on() -> None:
    """With a filter, none of the events that were looked at may fit."""
    pages = iter([([], "1000"), ([EVENT], "1001"), ([], "1001")])

    def answer(_: httpx.Request) -> httpx.Response:
        found, cursor = next(pages)
        return httpx.Response(200, json={"events": found, "next_cursor": cursor})

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://localhost:8001")
    assert list(events.read(client, {}, follow=False)) == [EVENT]


def test_given_later_events_when_followed_then_they_come_by_long_polls() -> None:
    feed = Feed(1, later=2)
    read: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        read.extend(event["position"] for event in events.read(feed.client(), {}, follow=True))
    assert read == [1, 2, 3]
    assert {asked["wait"] for asked in feed.asked} == {"20"}


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({}, "system:process_task"),
        ({"actor": {"kind": "customer", "id": None}}, " customer"),
        ({"changed_fields": ["note", "metadata"]}, "system:process_task changed=note,metadata"),
        ({"failure_reason": "payment_declined"}, "system:process_task failed=payment_declined"),
    ],
)
def test_given_an_event_when_printed_then_one_line_tells_it(changes: dict[str, Any], ending: str) -> None:
    clock = dt.datetime(2026, 11, 20, 12, 0, 2, tzinfo=dt.UTC).astimezone().strftime("%H:%M:%S")
    line = events.pretty({**EVENT, **changes}).plain
    assert line.split()[:6] == [clock, "#100042", "payment.succeeded", "confirmed/paid/pending", "159.98", "USD"]
    assert line.endswith(ending)
    assert "\n" not in line


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            400,
            '{"detail": "type is nope.", "code": "invalid_parameter"}',
            "400: type is nope.",
        ),
        (503, '{"message": "MiniStack is not reachable."}', "503: MiniStack is not reachable."),
        (500, "nothing to read", "500: Internal Server Error"),
    ],
)
def test_given_a_refusal_when_read_then_the_error_says_why(status: int, body: str, said: str) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text=body)

    client = httpx.Client(transport=httpx.MockTransport(refuse), base_url="http://localhost:8001")
    with pytest.raises(LocalError) as raised:
        list(events.read(client, {}, follow=False))
    assert str(raised.value) == f"GET /v1/events was answered {said}"


def test_given_no_stack_when_shown_then_the_error_says_what_to_do() -> None:
    stack = Mock(url=f"http://127.0.0.1:{free_port()}", token=Mock(return_value="token"))
    with pytest.raises(LocalError, match="`make status` shows what runs"):
        events.show(stack, types="", order="", follow=True)
    stack.token.assert_called_once_with("events", "orders:events")
