"""The process: its state is persistent, and it starts and stops cleanly."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from local.errors import LocalError
from tests.fakes_process import FakesProcess


@pytest.mark.parametrize("end", [FakesProcess.stop, FakesProcess.kill], ids=["stopped", "killed"])
def test_given_stored_state_when_the_process_restarts_then_it_is_kept(
    tmp_path: Path, end: Callable[[FakesProcess], None]
) -> None:
    """GIVEN a reservation and a charge WHEN the process ends and another starts THEN both are still there."""
    charge = {"reference": "o", "customer_id": "5", "amount": 100, "currency": "USD"}
    with FakesProcess(tmp_path / "state.sqlite") as process, httpx.Client(base_url=process.url) as client:

        def reserve() -> httpx.Response:
            return client.put("/inventory/reservations/r", json={"lines": [{"product_id": "1", "quantity": 4}]})

        def pay() -> httpx.Response:
            return client.post("/payment/charges", json=charge, headers={"Idempotency-Key": "key"})

        before = [reserve(), pay()]
        end(process)
        process.start()
        after = [reserve(), pay()]

        assert [answer.status_code for answer in before] == [201, 201]
        assert [answer.status_code for answer in after] == [200, 200]
        assert [answer.json() for answer in after] == [answer.json() for answer in before]
        assert client.get("/inventory/products/1").json()["quantity"] == 999_996


def test_given_a_delayed_call_when_stopped_then_the_process_exits_cleanly(tmp_path: Path) -> None:
    """GIVEN a call that waits for long WHEN the process is stopped THEN it drops the call and closes its state."""
    state = tmp_path / "state.sqlite"
    log = state.with_name("state.sqlite-wal")
    with (
        FakesProcess(state) as process,
        httpx.Client(base_url=process.url, timeout=30) as client,
        ThreadPoolExecutor() as pool,
    ):
        client.put("/control/cart", json={"latency_seconds": 60}).raise_for_status()
        call = pool.submit(client.get, "/cart/carts/5")
        while not client.get("/control/calls").json()["calls"]:
            assert not call.done()
        assert log.exists()

        process.stop()

        assert isinstance(call.exception(), httpx.RemoteProtocolError)
        assert not log.exists()


def test_given_a_port_in_use_when_started_then_it_is_refused(services: FakesProcess, tmp_path: Path) -> None:
    """GIVEN a running process WHEN another is to use its port THEN that fails at once."""
    port = httpx.URL(services.url).port

    with pytest.raises(OSError, match="in use"):
        FakesProcess(tmp_path / "state.sqlite", port)


def test_given_a_process_that_cannot_start_when_started_then_it_says_so(tmp_path: Path) -> None:
    """GIVEN a state file that is no database WHEN a process is started on it THEN that fails."""
    state = tmp_path / "state.sqlite"
    state.write_text("This is no database, but a text that is long enough to be taken for one. " * 20)

    with pytest.raises(LocalError, match="ended with code"), FakesProcess(state):
        pass
