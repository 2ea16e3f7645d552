"""Notifications: sent once for one key."""

from typing import Any

import httpx
import pytest

ORDER = {
    "id": "order-1",
    "number": 100_001,
    "customer_id": "5",
    "customer_name": "Alice Johnson",
    "total": "159.98",
    "currency": "USD",
}
NOTIFICATION = {"template": "order_confirmed", "order": ORDER, "email": "a@example.com"}


def send(client: httpx.Client, key: str = "key", **changes: object) -> httpx.Response:
    return client.post("/notification/notifications", json=NOTIFICATION | changes, headers={"Idempotency-Key": key})


def test_given_one_key_when_sent_twice_then_there_is_one_message(client: httpx.Client) -> None:
    """GIVEN a message WHEN it is sent twice under one key THEN both are accepted and it goes out once."""
    first, again = send(client), send(client)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    (sent,) = client.get("/notification/notifications").json()["notifications"]
    assert sent.pop("sent_at")
    assert sent == NOTIFICATION | {"id": first.json()["id"], "order_id": "order-1"}


def test_given_a_used_key_when_sent_with_another_message_then_it_is_refused(client: httpx.Client) -> None:
    """GIVEN a message WHEN its key comes with another template THEN nothing is sent."""
    send(client)

    response = send(client, template="order_shipped")

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")


def test_given_no_key_when_sent_then_it_is_refused(client: httpx.Client) -> None:
    """GIVEN a message WHEN it is sent without a key THEN it is refused."""
    response = client.post("/notification/notifications", json=NOTIFICATION)

    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")


def test_given_messages_when_filtered_by_order_then_only_its_own_are_listed(client: httpx.Client) -> None:
    """GIVEN messages about two orders WHEN one's are asked for THEN only they come."""
    send(client, "one")
    second = send(client, "two", order=ORDER | {"id": "order-2"}, email=None).json()

    listed = client.get("/notification/notifications", params={"order_id": "order-2"}).json()["notifications"]

    assert [notification["id"] for notification in listed] == [second["id"]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("id", value) for value in ("", 1, None)),
        *(("number", value) for value in (100_000, "100001", 100_001.5, True, None)),
        *(("customer_id", value) for value in ("", 5, None)),
        ("customer_name", 5),
        *(("total", value) for value in (159.98, 15998, "-1.00", "1e3", "1.", "", None)),
        *(("currency", value) for value in ("usd", "", None)),
        ("shipping_address", {"line1": "27 Elm Street"}),
        ("payment_method", "pm_card_visa"),
    ],
)
def test_given_an_order_that_makes_no_sense_when_sent_then_it_is_refused(
    client: httpx.Client, field: str, value: object
) -> None:
    """GIVEN a message WHEN its order has a wrong field THEN the field is named and nothing is sent."""
    response = send(client, order=ORDER | {field: value})

    assert response.status_code == 422
    assert {tuple(error["loc"]) for error in response.json()["errors"]} == {("body", "order", field)}
    assert client.get("/notification/notifications").json() == {"notifications": []}


@pytest.mark.parametrize("field", ["id", "number", "customer_id", "total", "currency"])
def test_given_an_order_without_a_field_when_sent_then_it_is_refused(client: httpx.Client, field: str) -> None:
    """GIVEN a message WHEN its order lacks a field that each has THEN the field is named."""
    response = send(client, order={name: value for name, value in ORDER.items() if name != field})

    assert [error["loc"] for error in response.json()["errors"]] == [["body", "order", field]]


@pytest.mark.parametrize(
    "changes",
    [{"template": ""}, {"template": "Order confirmed"}, {"email": "nobody"}, {"email": ""}, {"subject": "Your order"}],
)
def test_given_a_message_that_makes_no_sense_when_sent_then_it_is_refused(
    client: httpx.Client, changes: dict[str, Any]
) -> None:
    """GIVEN a message WHEN one of its fields is wrong THEN the field is named."""
    response = send(client, **changes)

    assert [error["loc"] for error in response.json()["errors"]] == [["body", *changes]]


def test_given_a_customer_without_a_name_when_sent_then_the_message_has_none(client: httpx.Client) -> None:
    """GIVEN an order without name and e-mail address WHEN a message is sent THEN it is accepted."""
    assert send(client, order=ORDER | {"customer_name": None}, email=None).status_code == 202
