"""The stack under stress: races for the last piece, database outages, another configuration."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import jwt
import pytest

from local.stack import Stack
from tests.e2e.conftest import Client

ITEMS = {"items": [{"sku": "SKU123", "quantity": 1}]}
GATEWAY_ERROR = {"message": "Internal Server Error"}
RACE_SECONDS = 300


def race_for_ten(client: Client, services: httpx.Client, buyers: int, **headers: str) -> int:
    """Let many clients of one customer buy the last ten of a product; returns how many they got."""
    services.put("/inventory/products/SKU123", json={"quantity": 10}).raise_for_status()
    # One token, which the authorizer has seen: this is about stock, and starting functions takes a while.
    first = client("racer", **headers)
    before = first.get("/v1/orders?page_size=100").json()["count"]
    customers = [client(None, **first.headers, **{"Idempotency-Key": str(uuid.uuid4())}) for _ in range(buyers)]
    deadline = time.monotonic() + RACE_SECONDS

    def buy(customer: httpx.Client) -> str:
        while (answer := customer.post("/v1/orders", json=ITEMS)).status_code != 201:
            if answer.status_code == 409 and answer.json()["code"] == "insufficient_stock":
                return ""
            # If a cold start times out at the gateway, the outcome of the order is unknown.
            assert answer.status_code in {409, 429, 503} or answer.json() == GATEWAY_ERROR, answer.text
            assert time.monotonic() < deadline, answer.text
        return str(answer.json()["id"])

    with ThreadPoolExecutor(buyers) as pool:
        sold = set(pool.map(buy, customers)) - {""}
    assert services.get("/inventory/products/SKU123").json()["quantity"] == 0
    assert first.get("/v1/orders?page_size=100").json()["count"] - before == len(sold)
    return len(sold)


def test_given_fifty_clients_when_they_buy_the_last_ten_then_ten_are_sold(
    client: Client, services: httpx.Client
) -> None:
    assert race_for_ten(client, services, 50) == 10


def test_given_a_database_that_restarts_when_called_then_the_next_request_succeeds(
    stack: Stack, client: Client, services: httpx.Client
) -> None:
    with client() as customer:
        order = customer.post("/v1/orders", json=ITEMS).json()
        assert customer.get(order["links"]["self"]).status_code == 200
        stack.postgres.restart()
        assert customer.get(order["links"]["self"]).json()["items"] == order["items"]
        assert customer.post("/v1/orders", json=ITEMS).status_code == 201


def test_given_a_database_that_is_down_when_called_then_503_until_it_is_back(
    stack: Stack, client: Client, services: httpx.Client
) -> None:
    with client() as customer:
        assert customer.get("/v1/orders").status_code == 200
        stack.postgres.stop()
        try:
            listed, created = customer.get("/v1/orders"), customer.post("/v1/orders", json=ITEMS)
            for answer in (listed, created):
                assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
                assert int(answer.headers["retry-after"]) > 0
            health = customer.get("/v1/health")
            assert (health.status_code, health.json()["status"]) == (503, "unavailable")
        finally:
            stack.postgres.start()
        assert customer.get("/v1/orders").status_code == 200
        # The result is cached.
        while customer.get("/health").status_code != 200:
            pass


@pytest.fixture
def catalog(stack: Stack) -> object:
    """The stack over a catalog without reservations, and with tokens of one issuer only; afterwards as it was."""
    stack.deploy({"InventoryApi": "catalog", "JwtIssuer": "https://users.example"})
    yield
    stack.deploy()


@pytest.mark.usefixtures("catalog")
def test_given_a_catalog_and_an_issuer_when_deployed_then_both_are_used(
    stack: Stack, client: Client, services: httpx.Client
) -> None:
    with client("5") as stranger:
        assert stranger.get("/v1/orders").status_code == 403
    secret = (stack.layout.state / "jwt-secret").read_text().strip()
    claims = jwt.decode(stack.token("5"), secret, ["HS256"])
    wrong = jwt.encode({**claims, "iss": "https://evil.example"}, secret, "HS256")
    assert httpx.get(f"{stack.url}/v1/orders", headers={"Authorization": f"Bearer {wrong}"}).status_code == 403
    right = jwt.encode({**claims, "iss": "https://users.example"}, secret, "HS256")
    assert race_for_ten(client, services, 20, Authorization=f"Bearer {right}") == 10
