"""Many customers at once, each one's invoices in their order; a cancellation finds the order it cancels."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence

import httpx
import pytest

from checks.evidence import Fate
from tests.tools.replay.samples import accepted, invoice
from tools.replay.invoices import Invoice
from tools.replay.orders import Orders, Outcome
from tools.replay.sending import order_to_cancel, send
from tools.support import api as client


class Api:
    """Takes every order and cancellation, slowly; refuses those that hold the product X.

    Attributes:
        heard: Who asked for what, in the order of arrival.
        busiest: The most requests that were under way at once.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.busiest = 0
        self._ids = itertools.count(1)
        self._under_way: Counter[str] = Counter()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        customer = request.headers["authorization"].removeprefix("Bearer ")
        assert not self._under_way[customer], "a customer's requests come one after another"
        self.heard.append((customer, request.url.path))
        self._under_way[customer] += 1
        self.busiest = max(self.busiest, self._under_way.total())
        await asyncio.sleep(0.001)
        self._under_way[customer] -= 1
        if b'"X"' in request.content:
            return httpx.Response(409, json={"code": "insufficient_stock"})
        return httpx.Response(201, json={"id": f"order-{next(self._ids)}"})


def replay(api: Api, invoices: Sequence[Invoice], clients: int = 4) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with httpx.AsyncClient(base_url="http://orders.invalid", transport=httpx.MockTransport(api)) as http:
            return await send(invoices, Orders(client.Api(http, str)), clients, lambda: sent.append(None))

    sent: list[None] = []
    outcomes = asyncio.run(run())
    assert len(sent) == len(outcomes) == len(invoices)
    return outcomes


def test_given_many_customers_when_sent_then_one_per_client_runs_at_once() -> None:
    invoices = [invoice(str(number), customer=f"c{number % 10}") for number in range(40)]
    api = Api()
    outcomes = replay(api, invoices, clients=4)
    assert api.busiest == 4
    for customer in {each.customer_id for each in invoices}:
        sent = [outcome.invoice for outcome in outcomes if outcome.invoice.customer_id == customer]
        assert sent == [each for each in invoices if each.customer_id == customer]


def test_given_histories_when_sent_then_the_longest_starts_first() -> None:
    api = Api()
    replay(api, [invoice("1", customer="short"), *(invoice(str(n), customer="long") for n in (2, 3))], clients=1)
    assert [customer for customer, _ in api.heard] == ["long", "long", "short"]


def test_given_cancellations_when_sent_then_each_cancels_an_order_of_its_own() -> None:
    api = Api()
    outcomes = replay(api, [invoice("1"), invoice("2"), invoice("C3"), invoice("C4"), invoice("C5")])
    assert [(outcome.fate, outcome.order_id) for outcome in outcomes] == [
        (Fate.ACCEPTED, "order-1"),
        (Fate.ACCEPTED, "order-2"),
        (Fate.ACCEPTED, "order-2"),
        (Fate.ACCEPTED, "order-1"),
        (Fate.NO_ORDER, ""),
    ]
    assert [path for _, path in api.heard][2:] == ["/v1/orders/order-2/cancel", "/v1/orders/order-1/cancel"]


def test_given_no_accepted_order_of_the_customer_when_cancelled_then_no_order() -> None:
    refused = invoice("1", ("X", 1, "1"))
    outcomes = replay(Api(), [refused, invoice("2", customer="other"), invoice("C3", ("X", 1, "1")), invoice("C4")])
    fates = {outcome.invoice.number: (outcome.fate, outcome.code) for outcome in outcomes}
    assert fates == {
        "1": (Fate.REFUSED, "insufficient_stock"),
        "2": (Fate.ACCEPTED, ""),
        "C3": (Fate.NO_ORDER, ""),
        "C4": (Fate.NO_ORDER, ""),
    }


FIRST = accepted(invoice("1", ("A", 2, "1"), ("A", 3, "1"), ("B", 1, "2")), "order-1")
SECOND = accepted(invoice("2", ("A", 2, "1")), "order-2")
THIRD = accepted(invoice("3", ("B", 1, "2")), "order-3")


@pytest.mark.parametrize(
    ("cancellation", "order"),
    [
        (invoice("C", ("A", 1, "1")), SECOND),
        (invoice("C", ("A", 2, "9.99")), SECOND),
        (invoice("C", ("A", 3, "1")), FIRST),
        (invoice("C", ("A", 3, "1"), ("A", 2, "1")), FIRST),
        (invoice("C", ("A", 1, "1"), ("B", 1, "2")), FIRST),
        (invoice("C", ("B", 1, "2")), THIRD),
        (invoice("C", ("A", 6, "1")), None),
        (invoice("C", ("A", 1, "1"), ("D", 1, "1")), None),
    ],
)
def test_given_returned_goods_when_matched_then_the_latest_such_order_is_cancelled(
    cancellation: Invoice, order: Outcome | None
) -> None:
    assert order_to_cancel(cancellation, [FIRST, SECOND, THIRD]) is order
