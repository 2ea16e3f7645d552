"""An HTTP server that returns the responses which a test has prepared."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tests.integration.certificates import serve_over_tls

HANG_UP: tuple[int, Any] = (0, {})
"""No response: the server closes the connection."""


class Server(ThreadingHTTPServer):
    """Return the responses that a test prepared, in turn, then the last one again and again; record all requests."""

    daemon_threads = True

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self._scheme = "http"
        if certificate:
            serve_over_tls(self, certificate)
            self._scheme = "https"
        self.responses: list[tuple[int, Any]] = [(200, {})]
        self.requests: list[tuple[int, dict[str, str], Any]] = []
        """Of each request: the caller's port, which identifies the connection; the headers; the body."""
        self.closes_connections = False
        self.headers: dict[str, str] = {}
        """Further headers of all responses; others replace the usual ones."""
        self.may_answer = Event()
        self.may_answer.set()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.server_port}"

    @property
    def connections(self) -> list[int]:
        """The connection of each request."""
        return [port for port, _, _ in self.requests]

    def next_response(self) -> tuple[int, bytes]:
        status, body = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()

    def handle_error(self, *_: object) -> None:
        """Ignore callers that hang up, as some tests do."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.client_address[1], headers, json.loads(body or "null")))
        self.server.may_answer.wait()
        status, content = self.server.next_response()
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **self.server.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        # Without notice, as services close idle connections.
        self.close_connection = self.server.closes_connections

    do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Server]:
    """Run a server for the body of the `with`; with a certificate, over TLS."""
    with Server(certificate) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.may_answer.set()
        server.shutdown()
        thread.join()
