"""The example that polls the feed of a deployed stack, killed on its way, keeps what the API says of orders."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.stack import Stack
from tests.e2e.conftest import POLL_SECONDS, TIMEOUT_SECONDS, Client, wait_for
from tests.support import ROOT

POLLER = ROOT / "examples" / "consumer" / "poller.py"
ORDERS = 3


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@contextmanager
def polling(stack: Stack, database: Path) -> Iterator[None]:
    """Run the poller while the body of the `with` runs, and kill it then."""
    token = stack.token("accounting", "orders:events")
    settings = {"ORDERS_URL": stack.url, "ORDERS_TOKEN": token, "ORDERS_DATABASE": str(database)}
    with subprocess.Popen([sys.executable, POLLER], env=settings) as process:  # noqa: S603 - our own program
        try:
            yield
        finally:
            process.kill()


def kept(database: Path) -> dict[str, dict[str, Any]]:
    """The orders that the poller keeps; none before it has begun."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'orders'").fetchall():
            return {}
        return {row["id"]: dict(row) for row in connection.execute("SELECT * FROM orders")}


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "the poller did not keep what happened"
        time.sleep(POLL_SECONDS)


@pytest.mark.usefixtures("services")
def test_given_orders_when_polled_then_the_poller_keeps_what_the_api_says(
    stack: Stack, client: Client, database: Path
) -> None:
    with client("5") as customer, polling(stack, database):
        placed = [
            customer.post("/v1/orders", json={"items": [{"sku": "SKU123", "quantity": 1 + number}]}).json()["id"]
            for number in range(ORDERS)
        ]
        wait_until(lambda: set(placed) <= kept(database).keys())
    # It was killed while the orders went on.
    with client("5") as customer, polling(stack, database):
        orders = [wait_for(customer, order, shipping_status="ready") for order in placed]
        wait_until(lambda: all(kept(database)[order["id"]]["version"] == order["version"] for order in orders))
    for order in orders:
        row = kept(database)[order["id"]]
        assert json.loads(row.pop("lines")) == order["items"]
        assert row == {name: order[name] for name in row}
