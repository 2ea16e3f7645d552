"""Shipments: created, dispatched, cancelled."""

import httpx
import pytest

SHIPMENT = {"reference": "order-1", "lines": [{"product_id": "1", "quantity": 2}], "address": {"city": "Lisbon"}}


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
        "id": shipment["id"],
        "tracking_number": shipment["tracking_number"],
        "status": "ready",
    }
    assert client.get("/shipping/shipments").json() == {"shipments": [shipment]}


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
    second = ship(client, "two", reference="order-2", address=None).json()

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
