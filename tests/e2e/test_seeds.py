"""The documented requests of the five older services, as they stand, with a token."""

import json
import subprocess

import pytest

from local.stack import Stack
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

SLASH_ROUTES = (
    ("POST", "/v1/orders/create/", 201),
    ("GET", "/v1/orders/", 200),
    ("GET", "/v1/orders/?page_size=1&q=5", 200),
    ("GET", "/v1/orders/{order}/details/", 200),
    ("POST", "/v1/orders/{order}/cancel/", 200),
    ("GET", "/v1/orders/my-orders/5/", 200),
    ("GET", "/v1/orders/my-orders/5/?page_size=1", 200),
    ("GET", "/health/", 200),
    ("GET", "/orders-doc/", 200),
)
"""The paths with a slash at the end, as the older services document them with curl, and what they answer."""
PUBLIC = ("/health/", "/orders-doc/")

pytestmark = pytest.mark.usefixtures("services")


@pytest.mark.parametrize(("method", "path", "status"), SLASH_ROUTES)
def test_given_a_documented_path_with_a_slash_when_sent_then_no_redirect(
    client: Client, stack: Stack, method: str, path: str, status: int
) -> None:
    """With curl, as documented: it follows no redirect."""
    with client("5") as customer, client(None) as anybody:
        order = customer.post("/v1/orders", json=CREATE).json()["id"] if "{order}" in path else ""
        target = path.format(order=order)
        body = ("--json", json.dumps(CREATE)) if method == "POST" and "create" in path else ()
        answered = subprocess.run(  # noqa: S603 - our own arguments
            [
                *("/usr/bin/env", "curl", "--silent", "--show-error", "--request", method, *body),
                *("--output", "/dev/null", "--write-out", "%{http_code}"),
                *("--header", f"Authorization: Bearer {stack.token('5')}", stack.url + target),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(answered.stdout) == status
        bare = target.replace("/?", "?").removesuffix("/")
        assert anybody.request(method, bare).status_code == anybody.request(method, target).status_code
        if not path.startswith(PUBLIC):
            assert anybody.request(method, target).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status", "header"),
    [
        ("POST", "/v1/orders/create/more", 404, None),
        ("GET", "/v1/orders/a/b", 404, None),
        ("GET", "/v1/orders/a/details/more/", 404, None),
        ("GET", "/v1/orders/my-orders/5/6/7", 404, None),
        ("POST", "/v1/orders/a/cancel/more", 404, None),
        ("GET", "/health/more", 404, None),
        ("GET", "/orders-doc/more", 404, None),
        ("GET", "/v1/orders/create", 405, ("allow", "OPTIONS, POST")),
        ("GET", "/v1/orders/create/", 405, ("allow", "OPTIONS, POST")),
        ("GET", "/v1/orders/a/cancel", 405, ("allow", "OPTIONS, POST")),
        ("GET", "/v1/orders/a/cancel/", 405, ("allow", "OPTIONS, POST")),
        ("GET", "/v1/orders/a/status", 405, ("allow", "OPTIONS, PUT")),
        ("PUT", "/v1/orders/create/", 405, ("allow", "OPTIONS, POST")),
        ("DELETE", "/health/", 405, ("allow", "GET, OPTIONS")),
        # Paths that nobody has documented with a slash are redirected, by whichever function gets them.
        ("GET", "/v1/orders/a/", 308, ("location", "/v1/orders/a")),
        ("GET", "/v1/health/", 308, ("location", "/v1/health")),
        ("POST", "/v1/orders/", 308, ("location", "/v1/orders")),
        ("POST", "/orders/", 308, ("location", "/orders")),
        ("POST", "/v1/customers/5/orders/", 308, ("location", "/v1/customers/5/orders")),
    ],
)
def test_given_other_paths_below_a_route_when_sent_then_404_405_or_308(
    client: Client, method: str, path: str, status: int, header: tuple[str, str] | None
) -> None:
    with client("5") as customer:
        answer = customer.request(method, path)
    assert answer.status_code == status
    assert header is None or answer.headers[header[0]] == header[1]


def test_given_the_first_django_services_requests_when_sent_then_they_succeed(client: Client) -> None:
    with client("5") as customer:
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
        assert anybody.get("/health/").json() == {"status": "ok", "database": "ok", "tasks": "ok"}
        assert anybody.get("/v1/orders/").status_code == 401


def test_given_the_second_django_services_filters_when_sent_then_they_apply(client: Client) -> None:
    with client("5") as customer, client("carrier", "orders:write") as carrier:
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
        assert (created.status_code, created.json()["total"]) == (201, "206.74")
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
