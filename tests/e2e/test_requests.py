"""What client developers rely on, through the gateway: replays, ETags, request ids, headers."""

import json
from datetime import UTC, datetime, timedelta

import httpx

from local.stack import Stack
from tests.e2e.conftest import Client, wait_for
from tests.support import wait_until

ITEMS = {"items": [{"sku": "SKU123", "quantity": 1}]}


def test_given_a_lost_answer_when_sent_again_with_its_key_then_the_answer_is_equal(
    client: Client, services: httpx.Client
) -> None:
    with client("keyed", **{"Idempotency-Key": '"7f2c-91"'}) as customer:
        first, again = (customer.post("/v1/orders", json=ITEMS) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["idempotent-replayed"] == "true"
        other = customer.post("/v1/orders", json={"items": [{"sku": "SKU456", "quantity": 1}]})
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert customer.get("/v1/orders").json()["count"] == 1


def test_given_an_etag_that_the_client_has_when_read_then_304_without_a_body(
    client: Client, services: httpx.Client
) -> None:
    with client() as customer:
        order = customer.post("/v1/orders", json=ITEMS).json()
        # From there on nothing changes by itself.
        wait_for(customer, order["id"], status="confirmed", shipping_status="ready")
        path = order["links"]["self"]
        read = customer.get(path)
        again = customer.get(path, headers={"If-None-Match": read.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", read.headers["etag"])


def test_given_a_client_request_id_when_sent_then_the_answer_and_all_logs_have_it(stack: Stack, client: Client) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    with client(**{"X-Request-ID": "support-case-17"}) as customer:
        assert customer.get("/v1/orders").headers["x-request-id"] == "support-case-17"
    lines = [line.message for line in stack.logs("list_orders", since=since) if "support-case-17" in line.message]
    assert any('"request completed"' in line for line in lines)


def test_given_an_answer_when_sent_then_no_caching_and_no_content_sniffing(
    client: Client,
) -> None:
    with client() as customer:
        headers = customer.get("/v1/orders").headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "max-age" in headers["strict-transport-security"]
        assert headers["x-request-id"]


def test_given_personal_data_when_exported_and_erased_then_the_gateway_passes_both(
    client: Client, services: httpx.Client
) -> None:
    path = "/v1/customers/forgotten/personal-data"
    with client("forgotten") as customer, client("privacy", "orders:erase") as officer:
        order = customer.post("/v1/orders", json={**ITEMS, "customer_name": "Alice Johnson"}).json()
        customer.post(f"{order['links']['self']}/cancel")
        assert customer.delete(path).status_code == customer.get(path).status_code == 403
        export = officer.get(path)
        assert export.headers["content-type"] == "application/x-ndjson"
        assert [json.loads(line)["customer_name"] for line in export.text.splitlines()] == ["Alice Johnson"]

        def erased() -> bool:
            answer = officer.delete(path)
            assert answer.status_code == 200
            return bool(answer.json() == {"erased": 0, "remaining": 0, "live": 0})

        wait_until(erased, seconds=60)
        read = customer.get(order["links"]["self"]).json()
        assert (read["customer_name"], read["personal_data_erased_at"] is None) == (None, False)
