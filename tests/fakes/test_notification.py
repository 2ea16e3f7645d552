"""Notifications: sent once for one key."""

import httpx
import pytest

NOTIFICATION = {"template": "order_confirmed", "order": {"id": "order-1", "total": "159.98"}, "email": "a@example.com"}


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


@pytest.mark.parametrize("name", ["id", "order_id"])
def test_given_messages_when_filtered_by_order_then_only_its_own_are_listed(client: httpx.Client, name: str) -> None:
    """GIVEN messages about two orders WHEN one's are asked for THEN only they come, whatever names its id."""
    send(client, "one")
    second = send(client, "two", order={name: "order-2"}, email=None).json()

    listed = client.get("/notification/notifications", params={"order_id": "order-2"}).json()["notifications"]

    assert [notification["id"] for notification in listed] == [second["id"]]
