"""The smoke test that runs after each deploy, against the deployed stack."""

import os
import subprocess
import sys

import httpx

from local.stack import Stack
from tests.e2e.conftest import Client
from tests.support import ROOT


def smoke(stack: Stack, product: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as the workflow does: with nothing but Python."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-I", ROOT / "tools" / "smoke.py", "--url", stack.url, "--product", product],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_given_the_stack_when_smoke_tested_then_an_order_was_placed_and_cancelled(
    stack: Stack, client: Client, services: httpx.Client
) -> None:
    run = smoke(stack, "PROD001", TOKEN=stack.token("smoke-test"))
    assert (run.returncode, run.stderr) == (0, "")
    assert [line.split()[0] for line in run.stdout.splitlines()] == ["healthy", "placed", "read", "cancelled"]
    with client("smoke-test") as customer:
        [order] = customer.get("/v1/orders").json()["orders"]
    assert order["id"] in run.stdout
    assert order["status"] == "cancelled"


def test_given_a_forged_token_when_smoke_tested_then_it_fails(stack: Stack, services: httpx.Client) -> None:
    token, _, _ = stack.token("smoke-test").rpartition(".")
    run = smoke(stack, "PROD001", TOKEN=f"{token}.c2lnbmF0dXJl")
    assert run.returncode == 1
    assert run.stderr == (
        "FAILED  Placing the order answered 403 (Forbidden) instead of 201. Is the token valid for this service?\n"
    )


def test_given_a_product_without_stock_when_smoke_tested_then_it_fails(stack: Stack, services: httpx.Client) -> None:
    services.put("/inventory/products/PROD001", json={"quantity": 0}).raise_for_status()
    run = smoke(stack, "PROD001", TOKEN=stack.token("smoke-test"))
    assert run.returncode == 1
    assert "409 (insufficient_stock)" in run.stderr
