"""Set faults, and make the calls that they affect."""

from uuid import uuid4

import httpx


def charge(client: httpx.Client, key: str | None = None) -> httpx.Response:
    key = key or uuid4().hex
    body = {"reference": key, "customer_id": "5", "amount": 100, "currency": "USD"}
    return client.post("/payment/charges", json=body, headers={"Idempotency-Key": key})


def charges(client: httpx.Client, key: str) -> list[dict[str, object]]:
    charges: list[dict[str, object]] = client.get("/payment/charges", params={"idempotency_key": key}).json()["charges"]
    return charges


def set_fault(client: httpx.Client, service: str, **fault: object) -> None:
    client.put(f"/control/{service}", json=fault).raise_for_status()
