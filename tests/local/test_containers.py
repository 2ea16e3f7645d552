"""The relay from the Docker bridge to the stack, tested on a second loopback address."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from local import containers
from local.errors import LocalError

BRIDGE = "127.0.0.2"


class Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet."""


@pytest.fixture
def service() -> Iterator[HTTPServer]:
    """What a stack has on loopback."""
    with HTTPServer((containers.LOOPBACK, 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


async def sent(port: int, body: bytes) -> bytes:
    """Send a body through the relay; returns the answer."""
    relay = asyncio.create_task(containers.relay(BRIDGE, [port]))
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            while not relay.done():
                with suppress(httpx.ConnectError):
                    return (await client.post(f"http://{BRIDGE}:{port}", content=body)).content
        raise AssertionError(relay.exception())
    finally:
        relay.cancel()
        with suppress(asyncio.CancelledError):
            await relay


def test_given_a_loopback_service_when_called_from_the_bridge_then_all_bytes_arrive(
    service: HTTPServer,
) -> None:
    body = bytes(range(256)) * 4096
    assert asyncio.run(sent(service.server_port, body)) == body


def test_given_a_stopped_service_when_called_from_the_bridge_then_disconnected(service: HTTPServer) -> None:
    service.shutdown()
    service.server_close()
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        asyncio.run(sent(service.server_port, b"anybody there?"))


def test_given_a_relay_when_a_second_one_starts_then_it_reports_the_first(service: HTTPServer) -> None:
    async def start_two() -> None:
        async with asyncio.TaskGroup() as relays:
            for _ in range(2):
                relays.create_task(containers.relay(BRIDGE, [service.server_port]))

    with pytest.RaisesGroup(pytest.RaisesExc(LocalError, match="another `make containers` may be running")):
        asyncio.run(start_two())


def test_given_no_docker_daemon_when_its_bridge_is_looked_up_then_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(LocalError, match="The Docker daemon is not reachable"):
        containers.bridge()
