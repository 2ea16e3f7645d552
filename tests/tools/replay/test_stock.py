"""Every product on an invoice is put into the inventory, without a price."""

import json

import httpx
import pytest

from local.errors import LocalError
from tests.tools.replay.samples import invoice
from tools.replay import stock
from tools.support.fakes_client import FakesClient


def test_given_invoices_when_stocked_then_each_product_is_set_once_without_a_price() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"products": []})

    requests: list[httpx.Request] = []
    invoices = [invoice("1", ("B", 1, "1"), ("A", 1, "1")), invoice("2", ("B", 1, "2")), invoice("C3", ("D", 1, "2"))]
    with httpx.Client(base_url="http://fakes.invalid", transport=httpx.MockTransport(answer)) as http:
        assert stock.fill(FakesClient(http), invoices) == dict.fromkeys("ABD", stock.UNITS)
    (request,) = requests
    assert (request.method, request.url.path) == ("PUT", "/inventory/products")
    assert json.loads(request.content)["products"] == [
        {"product_id": product, "quantity": stock.UNITS, "unit_price": None, "currency": None}
        for product in ("A", "B", "D")
    ]


def test_given_a_refused_call_when_stocked_then_the_error_says_what_to_check() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(500))
    with (
        httpx.Client(base_url="http://fakes.invalid", transport=transport) as http,
        pytest.raises(LocalError, match="make status"),
    ):
        stock.fill(FakesClient(http), [invoice("1")])
