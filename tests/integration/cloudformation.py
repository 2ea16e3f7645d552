"""CloudFormation, as far as custom resources see it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

MAX_ANSWER_BYTES = 4_096


class CloudFormation(HTTPServer):
    """Takes the answers of custom resources as S3 does: small ones, of no content type, as the address is signed so."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.answers: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/answer?Signature=%2B%3D"


class Answers(BaseHTTPRequestHandler):
    server: CloudFormation

    def do_PUT(self) -> None:
        assert self.server.url.endswith(self.path)
        body = self.rfile.read(int(self.headers["content-length"]))
        is_taken = not self.headers["content-type"] and len(body) <= MAX_ANSWER_BYTES
        self.send_response(200 if is_taken else 403)
        if is_taken:
            self.server.answers.append(json.loads(body))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet."""


@contextmanager
def running() -> Iterator[CloudFormation]:
    """Serve until the `with` block ends."""
    with CloudFormation() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
