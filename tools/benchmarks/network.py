"""A network between functions and database: a proxy that delays each direction by half of a round-trip time."""

import asyncio
import selectors
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import override

from local.layout import ROOT
from tools.benchmarks.places import BUILD

_SOCKETS = BUILD / "network"
_SOCKET_NAME = ".s.PGSQL.{}"
"""The name that PostgreSQL's clients expect, by port."""


@contextmanager
def slow_way(data: Path, port: int, milliseconds: float) -> Iterator[Path]:
    """Run the proxy for the body of the `with`.

    Args:
        data: the folder of the server's Unix socket.
        port: the server's port, which is part of the names of both sockets.
        milliseconds: the round-trip time to add.

    Yields:
        The folder of the proxy's Unix socket.
    """
    _SOCKETS.mkdir(parents=True, exist_ok=True)
    name = _SOCKET_NAME.format(port)
    command = [sys.executable, "-m", "tools.benchmarks.network", str(data / name), str(_SOCKETS / name)]
    with subprocess.Popen(
        [*command, str(milliseconds)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield _SOCKETS
        process.stdin.close()


class _Side(asyncio.Protocol):
    """One side of a proxied connection: sends what it receives to the other side, later."""

    def __init__(self, delay: float) -> None:
        self.other: _Side | None = None
        self.transport: asyncio.Transport | None = None
        self._delay = delay
        self._on_the_way: deque[bytes] = deque()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._on_the_way.append(data)
        asyncio.get_running_loop().call_later(self._delay, self._deliver)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self.other and self.other.transport:
            asyncio.get_running_loop().call_later(self._delay, self.other.transport.close)

    def _deliver(self) -> None:
        assert self.other is not None
        assert self.other.transport is not None
        self.other.transport.write(self._on_the_way.popleft())


class _Client(_Side):
    """The side of a client, which connects to the server when the client has connected."""

    def __init__(self, delay: float, server: str) -> None:
        super().__init__(delay)
        self._server = server

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        self._connecting = asyncio.create_task(self._connect(self.transport))

    async def _connect(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        _, self.other = await loop.create_unix_connection(lambda: _Side(self._delay), self._server)
        self.other.other = self
        transport.resume_reading()


async def _serve(server: str, path: str, milliseconds: float) -> None:
    delay = milliseconds / 1000 / 2
    await asyncio.get_running_loop().create_unix_server(lambda: _Client(delay, server), path)
    print(flush=True)
    # Serve until the parent process closes our standard input.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    # Unlike epoll, select waits for fractions of a millisecond.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(_serve(sys.argv[1], sys.argv[2], float(sys.argv[3])))
