"""Connections over HTTP and HTTPS, kept open for later requests."""

import select
import ssl
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from urllib.parse import SplitResult, urlunsplit

_MAX_BYTES = 10_000_000
"""The maximum length of a response, so that a broken service does not fill the memory of a function."""


@cache
def ssl_context() -> ssl.SSLContext:
    """Return the TLS settings of all connections. Cached, because reading the trusted certificates is slow."""
    return ssl.create_default_context()


def target_of(address: SplitResult) -> str:
    """Return the path and the query of a URL, as a request names them."""
    return urlunsplit(("", "", address.path or "/", address.query, ""))


def new_connection(address: SplitResult, timeout_seconds: float) -> HTTPConnection:
    """Return a connection to the host of an http or https URL. It is opened by the first request."""
    host, port = address.hostname or "", address.port
    if address.scheme == "https":
        return HTTPSConnection(host, port, timeout=timeout_seconds, context=ssl_context())
    return HTTPConnection(host, port, timeout=timeout_seconds)


@dataclass(frozen=True, slots=True)
class Response:
    """A response, read to its end."""

    status: int
    headers: HTTPMessage
    content: bytes


class Connections:
    """The connections to one host: one for each request that is under way. They are shared between threads.

    Args:
        address: an http or https URL of the host.
        connect_timeout_seconds: how long to wait for a new connection.
    """

    def __init__(self, address: SplitResult, connect_timeout_seconds: float) -> None:
        self.address = address
        self._connect_timeout_seconds = connect_timeout_seconds
        self._idle: deque[HTTPConnection] = deque()
        weakref.finalize(self, _close, self._idle)

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, read_timeout_seconds: float
    ) -> Response:
        """Send a request and return the response, whatever its status. Redirects are not followed.

        Args:
            method: the HTTP method.
            target: the path and the query.
            headers: the headers; the host and the length of the body are added.
            body: the body.
            read_timeout_seconds: how long to wait for each part of the response.

        Raises:
            OSError: there is no connection, or it was lost; `TimeoutError` if a time-out has passed.
            HTTPException: what was sent or received is not HTTP, or the response is cut off or too long.
        """
        connection = self._take_idle() or self._open()
        try:
            connection.sock.settimeout(read_timeout_seconds)
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            content = response.read(_MAX_BYTES + 1)
        except BaseException:
            connection.close()
            raise
        if response.length or len(content) > _MAX_BYTES:
            connection.close()
            raise HTTPException(f"the response is cut off, or has more than {_MAX_BYTES:,} bytes")
        if not response.will_close:
            self._idle.append(connection)
        return Response(response.status, response.headers, content)

    def _take_idle(self) -> HTTPConnection | None:
        """Return an idle connection that the host has not closed, or None."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:  # also if another thread has just taken the last one
                return None
            # An idle connection is readable only if the host has closed it.
            if not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()

    def _open(self) -> HTTPConnection:
        connection = new_connection(self.address, self._connect_timeout_seconds)
        connection.connect()
        return connection


def _close(idle: deque[HTTPConnection]) -> None:
    while idle:
        idle.pop().close()
