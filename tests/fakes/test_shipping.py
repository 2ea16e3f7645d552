"""Shipments: created, dispatched, cancelled."""

from typing import Any

import httpx
import pytest

from tests.fakes.addresses import ADDRESS

LINE = {"product_id": "1", "quantity": 2, "name": "Mechanical Keyboard"}
SHIPMENT = {"reference": "order-1", "lines": [LINE], "address": ADDRESS, "method": "express"}


def ship(client: httpx.Client, key: str = "key", **changes: object) -> httpx.Response:
    return client.post("/shipping/shipments", json=SHIPMENT | changes, headers={"Idempotency-Key": key})


@pytest.fixture
def url(client: httpx.Client) -> str:
    """The URL of a shipment that is ready."""
    return f"/shipping/shipments/{ship(client).json()['id']}"


def test_given_one_key_when_shipped_twice_then_there_is_one_shipment(client: httpx.Client) -> None:
    """GIVEN an order WHEN its shipment is asked for twice THEN there is one, ready and with a tracking number."""
    first, again = ship(client), ship(client)

    assert (first.status_code, again.status_code) == (201, 200)
    shipment = first.json()
    assert again.json() == shipment
    assert shipment["id"].startswith("shp_")
    assert shipment["tracking_number"]
    assert shipment == {
        "order_id": SHIPMENT["reference"],
        "lines": SHIPMENT["lines"],
        "address": SHIPMENT["address"],
        "method": SHIPMENT["method"],
        "id": shipment["id"],
        "tracking_number": shipment["tracking_number"],
        "status": "ready",
    }
    assert client.get("/shipping/shipments").json() == {"shipments": [shipment]}


def test_given_a_plain_order_when_shipped_then_address_and_method_are_null(client: httpx.Client) -> None:
    """GIVEN an order without address and method WHEN it is shipped THEN the shipment has none."""
    plain = {"reference": "order-1", "lines": [{"product_id": "1", "quantity": 2}]}

    shipment = client.post("/shipping/shipments", json=plain, headers={"Idempotency-Key": "key"}).json()

    assert (shipment["lines"], shipment["address"], shipment["method"]) == (plain["lines"], None, None)
    assert client.get("/shipping/shipments", params={"reference": "order-1"}).json() == {"shipments": [shipment]}


@pytest.mark.parametrize(
    ("changes", "loc"),
    [
        ({"reference": ""}, ["reference"]),
        ({"lines": []}, ["lines"]),
        ({"lines": [{"quantity": 1}]}, ["lines", 0, "product_id"]),
        ({"lines": [LINE | {"product_id": ""}]}, ["lines", 0, "product_id"]),
        ({"lines": [LINE | {"quantity": 0}]}, ["lines", 0, "quantity"]),
        ({"lines": [LINE | {"quantity": 1.5}]}, ["lines", 0, "quantity"]),
        ({"lines": [LINE | {"quantity": "2"}]}, ["lines", 0, "quantity"]),
        ({"lines": [LINE | {"name": " "}]}, ["lines", 0, "name"]),
        ({"lines": [LINE | {"name": None}]}, ["lines", 0, "name"]),
        ({"lines": [LINE | {"name": "x" * 256}]}, ["lines", 0, "name"]),
        ({"lines": [LINE | {"unit_price": "1.00"}]}, ["lines", 0, "unit_price"]),
        ({"method": ""}, ["method"]),
        ({"method": "x" * 65}, ["method"]),
        ({"method": None}, []),
        ({"address": None}, []),
        ({"customer_email": "a@example.com"}, ["customer_email"]),
    ],
)
def test_given_a_field_that_makes_no_sense_when_shipped_then_it_is_refused(
    client: httpx.Client, changes: dict[str, Any], loc: list[str | int]
) -> None:
    """GIVEN an order WHEN its shipment has a wrong field THEN the field is named and nothing is sent."""
    response = ship(client, **changes)

    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["body", *loc]]
    assert client.get("/shipping/shipments").json() == {"shipments": []}


def test_given_a_used_key_when_sent_with_another_request_then_it_is_refused(client: httpx.Client) -> None:
    """GIVEN a shipment WHEN its key comes with other lines THEN nothing is sent."""
    ship(client)

    response = ship(client, lines=[{"product_id": "1", "quantity": 3}])

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")


def test_given_no_key_when_shipped_then_it_is_refused(client: httpx.Client) -> None:
    """GIVEN an order WHEN its shipment is asked for without a key THEN nothing is sent."""
    assert client.post("/shipping/shipments", json=SHIPMENT).json()["code"] == "idempotency_key_missing"


def test_given_shipments_when_filtered_by_order_then_only_its_own_are_listed(client: httpx.Client) -> None:
    """GIVEN shipments of two orders WHEN one's are asked for THEN only they come."""
    ship(client, "one")
    second = ship(client, "two", reference="order-2").json()

    listed = client.get("/shipping/shipments", params={"order_id": "order-2"}).json()

    assert listed == {"shipments": [second]}
    assert client.get(f"/shipping/shipments/{second['id']}").json() == second


def test_given_an_unknown_shipment_when_read_then_404(client: httpx.Client) -> None:
    """GIVEN no shipment WHEN it is read THEN it is unknown."""
    response = client.get("/shipping/shipments/shp_0")

    assert (response.status_code, response.json()["code"]) == (404, "unknown_shipment")


def test_given_a_ready_shipment_when_cancelled_then_it_is_cancelled(client: httpx.Client, url: str) -> None:
    """GIVEN a shipment that is ready WHEN it is cancelled twice THEN it is cancelled and cannot leave."""
    answers = [client.post(f"{url}/cancel") for _ in range(2)]
    leaving = client.post(f"{url}/dispatch")

    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(200, "cancelled")] * 2
    assert (leaving.status_code, leaving.json()["code"]) == (409, "shipment_cancelled")


def test_given_a_dispatched_shipment_when_cancelled_then_it_is_refused(client: httpx.Client, url: str) -> None:
    """GIVEN a shipment that was dispatched WHEN it is cancelled THEN that is refused."""
    leaving = [client.post(f"{url}/dispatch") for _ in range(2)]

    response = client.post(f"{url}/cancel")

    assert [(answer.status_code, answer.json()["status"]) for answer in leaving] == [(200, "dispatched")] * 2
    assert (response.status_code, response.json()["code"]) == (409, "already_left")
    assert client.get(url).json()["status"] == "dispatched"


def test_given_a_refused_cancellation_when_read_then_it_is_dispatched(client: httpx.Client, url: str) -> None:
    """GIVEN a fault that refuses WHEN a shipment is cancelled THEN it has left, and stays so without the fault."""
    client.put("/control/shipping", json={"refuse_rate": 1, "times": 1})

    answers = [client.post(f"{url}/cancel") for _ in range(2)]

    assert [answer.json()["code"] for answer in answers] == ["already_left"] * 2
    assert client.get(url).json()["status"] == "dispatched"
