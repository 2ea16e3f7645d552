"""The documented requests of the five older services, as they stand, with a token."""

import pytest

from tests.e2e.conftest import Client, wait_for

CREATE = {
    "customer_id": 5,
    "items": [
        {"sku": "SKU123", "quantity": 2, "unit_price": 100.0},
        {"sku": "SKU456", "quantity": 1, "unit_price": 50.0},
    ],
}
CREATE_WITH_NAMES = {
    "customer_name": "Alice Johnson",
    "customer_email": "alice@example.com",
    "items": [
        {"product_id": "PROD001", "quantity": 1, "price": 79.99},
        {"product_id": "PROD002", "quantity": 2, "price": 29.99},
    ],
}

pytestmark = pytest.mark.usefixtures("services")


def test_given_the_first_django_services_requests_when_sent_then_they_succeed(client: Client) -> None:
    with client("5") as customer:
        customer.follow_redirects = True
        created = customer.post("/v1/orders/create/", json=CREATE)
        assert created.status_code == 201
        order = created.json()
        assert (order["total"], order["customer_id"]) == ("250.00", "5")
        assert order["id"] in [each["id"] for each in customer.get("/v1/orders/").json()["orders"]]
        assert customer.get(f"/v1/orders/{order['id']}/details/").json()["items"] == order["items"]
        assert customer.get("/v1/orders/my-orders/5/").json()["orders"][0]["id"] == order["id"]
        cancelled = customer.post(f"/v1/orders/{order['id']}/cancel/")
        assert cancelled.status_code == 200
        wait_for(customer, order["id"], status="cancelled")
    with client(None) as anybody:
        anybody.follow_redirects = True
        assert anybody.get("/health/").json() == {"status": "ok", "database": "ok", "tasks": "ok"}
        assert anybody.get("/v1/orders/").status_code == 401


def test_given_the_second_django_services_filters_when_sent_then_they_apply(client: Client) -> None:
    with client("5") as customer, client("carrier", "orders:write") as carrier:
        customer.follow_redirects = True
        order = customer.post("/v1/orders/create/", json=CREATE).json()
        wait_for(customer, order["id"], payment_status="paid")
        assert carrier.put(f"/v1/orders/{order['id']}/status", json={"status": "shipped"}).status_code == 200
        query = "status_filter=shipped&payment_filter=paid&sort_by=created_at&page=1&page_size=20"
        history = customer.get(f"/v1/orders/my-orders/5/?{query}").json()
        assert order["id"] in [each["id"] for each in history["orders"]]
        assert {(each["status"], each["payment_status"]) for each in history["orders"]} == {("shipped", "paid")}


def test_given_the_rds_services_requests_when_sent_then_they_succeed(client: Client) -> None:
    with client("5") as customer, client("shop", "orders:read orders:write") as shop:
        created = customer.post("/orders/5")
        assert (created.status_code, created.json()["total"]) == (201, "189.97")
        order = created.json()
        assert shop.get("/orders").json()["count"] >= 1
        assert order["id"] in [each["id"] for each in shop.get("/orders/5").json()["orders"]]
        assert shop.get(f"/orders/{order['id']}").json()["items"] == order["items"]
        named = customer.post("/orders/5", json={"items": [{"product_id": 1, "quantity": 2}]})
        assert (named.status_code, named.json()["items"][0]["product_id"]) == (201, "1")
        wait_for(customer, order["id"], shipping_status="ready")
        assert shop.put(f"/orders/{order['id']}", json={"status": "Shipped"}).json()["status"] == "shipped"
        assert shop.put("/orders/17", json={"status": "Ordered"}).status_code == 404


def test_given_the_inventory_services_requests_when_sent_then_they_succeed(
    client: Client,
) -> None:
    with client("alice") as alice, client(None) as anybody:
        created = alice.post("/orders", json=CREATE_WITH_NAMES)
        assert (created.status_code, created.json()["total"]) == (201, "139.97")
        assert created.json()["customer_name"] == "Alice Johnson"
        assert alice.get(f"/orders/{created.json()['id']}").json()["items"] == created.json()["items"]
        assert created.json()["id"] in [each["id"] for each in alice.get("/orders").json()["orders"]]
        assert anybody.get("/health").status_code == 200


def test_given_short_stock_when_ordered_as_in_the_rds_service_then_it_is_refused(client: Client) -> None:
    with client("5") as customer:
        answer = customer.post("/orders/5", json={"items": [{"product_id": 1, "quantity": 100_000}] * 11})
        assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_stock")
