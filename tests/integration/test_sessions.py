"""Requests to services over real connections: reuse, retries, time-outs, and responses that are no use."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from orders.clients.cart import CartClient
from orders.clients.http import Session
from orders.clients.notification import NotificationClient
from orders.domain.errors import DownstreamUnavailable
from orders.log_format import causes
from tests.integration.prepared_server import HANG_UP, Server, serving
from tests.support import wait_until

type Prepared = tuple[int, Any]

BUSY: Prepared = (503, {})
CART: Prepared = (200, {"items": []})


@pytest.fixture
def server() -> Iterator[Server]:
    """A server in the place of a service."""
    with serving() as server:
        server.responses = [CART]
        yield server


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds between attempts, which pass at once."""
    seconds: list[float] = []
    monkeypatch.setattr("orders.clients.http.time.sleep", seconds.append)
    return seconds


@pytest.fixture
def carts(server: Server) -> CartClient:
    return CartClient(Session(), server.url)


def test_given_several_requests_when_sent_then_they_share_a_connection(server: Server) -> None:
    session = Session()
    for _ in range(2):
        CartClient(session, server.url).get("5")
        NotificationClient(session, server.url).send("key", "order_received", {"id": "1"}, None)
    assert len(server.requests) == 4
    assert len(set(server.connections)) == 1
    _, headers, body = server.requests[1]
    assert body == {"template": "order_received", "order": {"id": "1"}, "email": None}
    assert (headers["content-type"], headers["idempotency-key"]) == ("application/json", "key")


def test_given_a_closed_idle_connection_when_used_again_then_a_new_one_is_opened(
    server: Server, carts: CartClient, pauses: list[float]
) -> None:
    server.closes_connections = True
    for _ in range(3):
        carts.get("5")
    assert len(set(server.connections)) == len(server.requests) == 3
    assert not any(pauses)


def test_given_a_service_over_tls_when_called_twice_then_over_one_connection(certificate: Path, trusted: None) -> None:
    with serving(certificate) as server:
        server.responses = [CART]
        carts = CartClient(Session(), server.url)
        assert [carts.get("5"), carts.get("5")]
        assert len(set(server.connections)) == 1


def test_given_an_untrusted_certificate_when_called_then_nothing_is_sent(
    certificate: Path, pauses: list[float]
) -> None:
    with serving(certificate) as server:
        with pytest.raises(DownstreamUnavailable) as raised:
            CartClient(Session(), server.url).get("5")
        assert isinstance(list(causes(raised.value))[-1], ssl.SSLCertVerificationError)
        assert server.requests == []


def test_given_concurrent_requests_when_sent_then_each_has_a_connection_of_its_own(
    server: Server, carts: CartClient
) -> None:
    server.may_answer.clear()
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(carts.get, "5") for _ in range(4)]
        wait_until(lambda: len(server.requests) == 4)
        server.may_answer.set()
        assert all(call.result() for call in calls)
    assert len(set(server.connections)) == 4


@pytest.mark.parametrize(
    "failures", [[BUSY], [BUSY, (429, {})], [HANG_UP], [HANG_UP, BUSY], [(500, b"<html>")]], ids=str
)
def test_given_temporary_failures_when_called_then_it_is_called_again(
    server: Server, carts: CartClient, failures: list[Prepared], pauses: list[float]
) -> None:
    server.responses = [*failures, CART]
    assert carts.get("5").items == []
    # Most lost connections have been idle for long.
    assert pauses[0] == 0
    assert all(0.2 <= seconds <= 0.3 for seconds in pauses[1:])
    assert len(pauses) == len(failures)


@pytest.mark.parametrize(
    ("response", "attempts", "note"),
    [
        (BUSY, 3, "it returned 503 for GET /carts"),
        ((501, {}), 1, "it returned 501 for GET /carts"),
        (HANG_UP, 2, None),
    ],
)
def test_given_a_lasting_failure_when_called_then_it_gives_up(
    server: Server, carts: CartClient, response: Prepared, attempts: int, note: str | None, pauses: list[float]
) -> None:
    server.responses = [response]
    with pytest.raises(DownstreamUnavailable) as raised:
        carts.get("5")
    assert getattr(raised.value, "__notes__", [None]) == [note]
    assert len(server.requests) == attempts


def test_given_a_service_that_hangs_when_called_then_it_is_called_twice(
    server: Server, carts: CartClient, pauses: list[float]
) -> None:
    carts.read_timeout_seconds = 0.05
    server.may_answer.clear()
    with pytest.raises(DownstreamUnavailable) as raised:
        carts.get("5")
    assert isinstance(list(causes(raised.value))[-1], TimeoutError)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("0", 0), ("1", 1), ("86400", 1), ("Wed, 21 Oct 2015 07:28:00 GMT", 1), ("-5", 1), ("soon", 1), ("²", 1)],
)
def test_given_retry_after_when_called_again_then_it_waits_but_not_for_long(
    server: Server, carts: CartClient, asked: str, seconds: float, pauses: list[float]
) -> None:
    server.headers["Retry-After"] = asked
    server.responses = [BUSY, CART]
    carts.get("5")
    assert pauses == [seconds]


@pytest.mark.parametrize(
    "headers", [{"Content-Length": "1000"}, {"Content-Length": "x", "Transfer-Encoding": "chunked"}], ids=str
)
def test_given_a_response_that_is_cut_off_when_read_then_the_service_is_unavailable(
    server: Server, carts: CartClient, headers: dict[str, str], pauses: list[float]
) -> None:
    server.headers = headers
    server.closes_connections = True
    with pytest.raises(DownstreamUnavailable):
        carts.get("5")
    assert len(server.requests) == 2


def test_given_a_huge_response_when_read_then_the_service_is_unavailable(
    server: Server, carts: CartClient, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setattr("orders.aws.connections._MAX_BYTES", 100_000)
    server.responses = [(200, {"items": [], "note": "x" * 100_000})]
    with pytest.raises(DownstreamUnavailable) as raised:
        carts.get("5")
    assert "has more than 100,000 bytes" in str(list(causes(raised.value))[-1])
