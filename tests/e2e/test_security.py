"""Authentication and authorization through the gateway."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local.stack import Stack
from tests.e2e.conftest import Client

ITEMS = {"items": [{"sku": "SKU123", "quantity": 1}]}


def good_claims(**changes: Any) -> dict[str, Any]:
    return {"sub": "5", "exp": int(time.time()) + 60, **changes}


def test_given_no_token_when_called_then_401(client: Client) -> None:
    with client(None) as anybody:
        for method, path in (("GET", "/v1/orders"), ("POST", "/orders"), ("PUT", "/orders/1"), ("GET", "/orders/5")):
            assert anybody.request(method, path).status_code == 401


def test_given_an_invalid_token_when_called_then_it_is_refused(stack: Stack, client: Client) -> None:
    secret = (stack.layout.state / "jwt-secret").read_text().strip()
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    head, _, signature = stack.token("5").split(".")
    other_payload = stack.token("6").split(".")[1]
    forged = {
        "another secret": jwt.encode(good_claims(), "x" * 64, "HS256"),
        "alg none": jwt.encode(good_claims(), "", "none"),
        "another algorithm": jwt.encode(good_claims(), secret * 2, "HS512"),
        "an RSA key": jwt.encode(good_claims(), rsa_key, "RS256"),
        "expired": jwt.encode(good_claims(exp=int(time.time()) - 60), secret, "HS256"),
        "no expiry": jwt.encode({"sub": "5"}, secret, "HS256"),
        "no customer": jwt.encode({"exp": int(time.time()) + 60}, secret, "HS256"),
        "changed payload": f"{head}.{other_payload}.{signature}",
        "no token": "x",
    }
    with client(None) as anybody:
        for name, token in forged.items():
            answer = anybody.get("/v1/orders", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code in {401, 403}, name


def test_given_somebody_elses_order_when_requested_on_any_route_then_404(
    client: Client, services: httpx.Client
) -> None:
    with client("5") as owner, client("6") as stranger:
        order = owner.post("/v1/orders", json=ITEMS).json()["id"]
        for method, path, body in (
            ("GET", f"/v1/orders/{order}", None),
            ("GET", f"/v1/orders/{order}/details", None),
            ("GET", f"/orders/{order}", None),
            ("POST", f"/v1/orders/{order}/cancel", None),
            ("PUT", f"/v1/orders/{order}/status", {"status": "cancelled"}),
            ("PUT", f"/orders/{order}", {"status": "cancelled"}),
        ):
            answer = stranger.request(method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (404, "order_not_found"), (method, path)
        assert owner.get(f"/v1/orders/{order}").json()["cancel_reason"] is None
        assert owner.get(f"/v1/orders/{order}").json()["status"] in {"pending", "confirmed"}
        assert order not in stranger.get("/v1/orders").text
        for path in ("/v1/customers/5/orders", "/v1/orders/my-orders/5", "/orders/5"):
            assert stranger.get(path).status_code == 403
        assert stranger.post("/orders/5").status_code == 403


def test_given_the_logs_when_read_then_they_have_ids_and_no_secrets(
    stack: Stack, client: Client, services: httpx.Client
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    body = {**ITEMS, "customer_name": "Alice Johnson", "customer_email": "alice@example.com"}
    with client("5") as customer:
        order = customer.post("/v1/orders", json=body).json()["id"]
        assert customer.get(f"/v1/orders/{order}").status_code == 200
    text = "\n".join(line.message for line in stack.logs(since=since))
    assert order in text
    assert '"request_id"' in text
    for secret in ("alice", "Alice", "Bearer", stack.token("5").split(".")[0]):
        assert secret not in text


@pytest.mark.parametrize("origin", ["https://shop.example"])
def test_given_a_browser_when_it_sends_a_preflight_then_it_is_allowed(client: Client, origin: str) -> None:
    with client(None) as browser:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = browser.options("/v1/orders", headers=headers)
        assert answer.is_success
        assert answer.headers["access-control-allow-origin"] in {"*", origin}
        assert "authorization" in answer.headers["access-control-allow-headers"].lower()
