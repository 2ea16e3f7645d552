"""Invalid and malicious input: a clear 4xx, and nothing is stored."""

import json
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Client

SQL = "'; DROP TABLE orders; --"
LINE = {"product_id": "SKU123", "quantity": 1, "unit_price": 100}


@pytest.mark.usefixtures("services")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 422),
        (b"null", 422),
        (b"{}", 422),
        (json.dumps({"items": []}).encode(), 422),
        (json.dumps({"items": [LINE] * 1001}).encode(), 422),
        (json.dumps({"items": [{**LINE, "quantity": 0}]}).encode(), 422),
        (json.dumps({"items": [{**LINE, "quantity": "many"}]}).encode(), 422),
        (json.dumps({"items": [{**LINE, "unit_price": -1}]}).encode(), 422),
        (json.dumps({"items": [LINE], "color": "red"}).encode(), 422),
        (json.dumps({"items": [{**LINE, "product_id": SQL}]}).encode(), 422),
        (json.dumps({"items": [LINE], "customer_id": SQL, "customer_email": SQL, "currency": SQL}).encode(), 422),
        (b'{"items": [' + b" " * 2_000_000 + b"]}", 413),
        (b"x" * 10_000_000, 413),
        (b"x" * 12_000_000, 413),
    ],
    ids=lambda value: str(value)[:40],
)
def test_given_an_invalid_body_when_sent_then_4xx_and_nothing_is_stored(
    client: Client, body: bytes, status: int
) -> None:
    with client("input") as customer:
        answer = customer.post("/v1/orders", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status
        assert not {"Traceback", "psycopg2", "pydantic", "/var/task"} & set(answer.text.split())
        assert customer.get("/v1/orders").json()["orders"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders?status=lost",
        "/v1/orders?page_size=1000",
        "/v1/orders?cursor=made-up",
        f"/v1/orders?customer_id={SQL}",
        "/v1/orders?color=red",
        f"/v1/customers/{SQL}/orders",
    ],
)
def test_given_invalid_parameters_when_listing_then_400(client: Client, path: str) -> None:
    with client("agent", "orders:read") as agent:
        answer = agent.get(path)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"


def test_given_a_body_that_is_not_declared_as_json_when_sent_then_415(client: Client) -> None:
    with client() as customer:
        answer = customer.post("/v1/orders", data={"items": "SKU123"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("customer", ["5", None])
def test_given_no_such_route_when_called_then_404_or_405_with_or_without_a_token(
    client: Client, customer: str | None
) -> None:
    with client(customer) as caller:
        unknown, wrong_method = caller.get("/v1/carts"), caller.delete("/v1/orders")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "route_not_found")
        assert (wrong_method.status_code, wrong_method.json()["code"]) == (405, "method_not_allowed")
        assert wrong_method.headers["allow"] == "GET, OPTIONS, POST"


def test_given_unicode_names_when_ordered_then_they_are_returned_unchanged(
    client: Client, services: httpx.Client
) -> None:
    with client("unicode") as customer:
        for name in ("Seán O'Brien", "李小龍", "🛒", SQL, '<script>alert("x")</script>'):
            order: dict[str, Any] = customer.post("/v1/orders", json={"items": [LINE], "customer_name": name}).json()
            assert order["customer_name"] == name
            assert customer.get(order["links"]["self"]).json()["customer_name"] == name


def test_given_a_customer_id_with_special_characters_when_in_the_path_then_accepted(
    client: Client, services: httpx.Client
) -> None:
    with client("auth0|a+b@c~d=") as customer:
        created = customer.post("/v1/customers/auth0%7Ca%2Bb%40c~d%3D/orders", json={"items": [LINE]})
        assert created.status_code == 201
        listed = customer.get("/v1/customers/auth0%7Ca%2Bb%40c~d%3D/orders").json()
        assert [order["id"] for order in listed["orders"]] == [created.json()["id"]]
