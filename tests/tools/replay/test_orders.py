"""A request is retried with the same key until it is answered."""

import asyncio
import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from checks.evidence import Fate
from tests.tools.replay.samples import invoice
from tools.replay.orders import Orders, Outcome
from tools.support import api as client
from tools.support.api import PAUSES

type Reply = httpx.Response | Exception
type Send = Callable[[Orders], Outcome]

TRIES = 1 + len(PAUSES)


def problem(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "status": status})


def created(order_id: str = "order-1") -> httpx.Response:
    return httpx.Response(201, json={"id": order_id})


def place(orders: Orders) -> Outcome:
    return asyncio.run(orders.place(invoice("1")))


def cancel(orders: Orders) -> Outcome:
    return asyncio.run(orders.cancel(invoice("C2"), "order-1"))


class Api:
    """Answers with the given replies in turn, then always with the last one."""

    def __init__(self, *replies: Reply) -> None:
        self._replies: Iterator[Reply] = iter(replies)
        self._last = replies[-1]
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = next(self._replies, self._last)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    @property
    def orders(self) -> Orders:
        http = httpx.AsyncClient(base_url="http://orders.invalid", transport=httpx.MockTransport(self))
        return Orders(client.Api(http, "token of {}".format, self.sleep))


def test_given_an_invoice_when_placed_then_its_customer_orders_its_lines() -> None:
    api = Api(created())
    sent = invoice("536365", ("A", 6, "2.55"), ("A", 6, "2.55"), ("B", 1, "0"), customer="13047")
    outcome = asyncio.run(api.orders.place(sent))
    (request,) = api.requests
    assert (outcome.invoice, outcome.fate, outcome.order_id, outcome.code) == (sent, Fate.ACCEPTED, "order-1", "")
    assert outcome.seconds > 0
    assert (request.method, request.url.path) == ("POST", "/v1/orders")
    assert request.headers["authorization"] == "Bearer token of 13047"
    assert json.loads(request.content) == {
        "currency": "GBP",
        "items": [
            {"product_id": "A", "quantity": 6, "unit_price": "2.55"},
            {"product_id": "A", "quantity": 6, "unit_price": "2.55"},
            {"product_id": "B", "quantity": 1, "unit_price": "0"},
        ],
    }


def test_given_postage_when_placed_then_it_is_an_adjustment_of_the_order() -> None:
    api = Api(created())
    sent = invoice("536370", ("A", 6, "2.55"), postage=[("POST", 3, "18"), ("DOT", 1, "254.43")])
    assert asyncio.run(api.orders.place(sent)).fate is Fate.ACCEPTED
    (request,) = api.requests
    assert json.loads(request.content) == {
        "currency": "GBP",
        "items": [{"product_id": "A", "quantity": 6, "unit_price": "2.55"}],
        "adjustments": [
            {"kind": "shipping", "amount": "54", "description": "Postage"},
            {"kind": "shipping", "amount": "254.43", "description": "Postage of the web shop"},
        ],
    }


def test_given_a_cancellation_when_sent_then_it_names_the_invoice() -> None:
    api = Api(httpx.Response(200, json={"id": "order-1", "status": "cancelled"}))
    outcome = cancel(api.orders)
    (request,) = api.requests
    assert (outcome.fate, outcome.order_id) == (Fate.ACCEPTED, "order-1")
    assert (request.method, request.url.path) == ("POST", "/v1/orders/order-1/cancel")
    assert json.loads(request.content) == {"reason": "Invoice C2"}


@pytest.mark.parametrize(
    "failure",
    [
        problem(503, "downstream_unavailable"),
        httpx.Response(429, json={"message": "Too Many Requests"}),
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
    ],
)
@pytest.mark.parametrize("send", [place, cancel])
def test_given_a_failure_without_effect_when_it_passes_then_the_request_is_retried(failure: Reply, send: Send) -> None:
    api = Api(failure, failure, created())
    assert send(api.orders).fate is Fate.ACCEPTED
    assert len(api.requests) == 3
    assert [0.5 * pause <= waited <= 1.5 * pause for pause, waited in zip(PAUSES, api.pauses, strict=False)] == [
        True
    ] * 2


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (problem(503, "downstream_unavailable"), "downstream_unavailable"),
        (httpx.Response(429), "http_429"),
        (httpx.ConnectError("refused"), "no_connection"),
    ],
)
def test_given_a_failure_without_effect_when_it_lasts_then_the_order_is_refused(failure: Reply, code: str) -> None:
    api = Api(failure)
    outcome = place(api.orders)
    assert (outcome.fate, outcome.code) == (Fate.REFUSED, code)
    assert len(api.requests) == TRIES


UNSURE = [
    (httpx.ReadTimeout("slow"), "no_answer"),
    (httpx.RemoteProtocolError("hung up"), "no_answer"),
    (httpx.WriteError("broken pipe"), "no_answer"),
    (problem(503, "database_unavailable"), "database_unavailable"),
    (httpx.Response(503, json={"message": "Service Unavailable"}), "http_503"),
    (httpx.Response(500, text="oops"), "http_500"),
    (httpx.Response(201, text="no JSON"), "no_order_in_answer"),
    (httpx.Response(201, json=["no order"]), "no_order_in_answer"),
    (problem(409, "request_in_progress"), "request_in_progress"),
]


@pytest.mark.parametrize(("failure", "code"), UNSURE)
@pytest.mark.parametrize(("send", "order_id"), [(place, ""), (cancel, "order-1")])
def test_given_a_lost_answer_when_the_request_may_have_executed_then_it_is_retried(
    failure: Reply, code: str, send: Send, order_id: str
) -> None:
    assert send(Api(failure, created()).orders).fate is Fate.ACCEPTED
    api = Api(failure)
    outcome = send(api.orders)
    assert (outcome.fate, outcome.code, outcome.order_id) == (Fate.UNKNOWN, code, order_id)
    assert len(api.requests) == TRIES


def test_given_an_order_when_retried_then_with_its_own_key() -> None:
    api = Api(httpx.ReadTimeout("slow"), created())
    for _ in range(2):
        place(api.orders)
    first, again, other = (request.headers["idempotency-key"] for request in api.requests)
    assert first == again != other


@pytest.mark.parametrize("send", [place, cancel])
def test_given_a_refusal_when_answered_then_its_code_is_kept_and_nothing_is_retried(send: Send) -> None:
    api = Api(problem(409, "order_not_cancellable"))
    outcome = send(api.orders)
    assert (outcome.fate, outcome.code) == (Fate.REFUSED, "order_not_cancellable")
    assert len(api.requests) == 1
