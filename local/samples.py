"""The sample events in `events/`: what they need in order to do what their names say."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import override

from local import template as sam
from local.layout import Layout

FOLDER = "events"
SETTINGS = "env-vars.json"
"""Settings of functions for the samples, as `sam local invoke --env-vars` takes them: the key of the sample tokens."""
ORDER = "01a1f804-f676-7425-8d36-c12d7c86e4b3"
"""The order that the samples speak of."""


def is_sample(layout: Layout, event: Path) -> bool:
    """Tell whether an event is one of the samples."""
    return (layout.root / FOLDER).resolve() in event.resolve().parents


def settings(layout: Layout) -> dict[str, dict[str, str]]:
    """Return the environment variables that functions need for the samples, by logical id."""
    variables: dict[str, dict[str, str]] = json.loads((layout.root / FOLDER / SETTINGS).read_text())
    return variables


def settings_of(layout: Layout, function: str) -> dict[str, str]:
    """Return the environment variables that a function needs for its samples, by the function's folder."""
    return settings(layout).get(sam.functions(sam.read(layout.template)).get(function, ""), {})


@contextlib.contextmanager
def completed(event: str, order: str | None) -> Iterator[str]:
    """Complete a sample while the body of the `with` runs.

    Args:
        event: The sample, as JSON.
        order: The id of the order that it is to speak of; one that no stack has by default.

    Yields:
        The event, with this order, and with an address that takes the answers of a custom resource in place of
        CloudFormation.
    """
    content = json.loads(event.replace(ORDER, order) if order else event)
    if not isinstance(content, dict) or "ResponseURL" not in content:
        yield json.dumps(content)
        return
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield json.dumps(content | {"ResponseURL": f"http://127.0.0.1:{server.server_port}/answer"})
        finally:
            server.shutdown()


class _Answers(BaseHTTPRequestHandler):
    """Take the answers of custom resources."""

    def do_PUT(self) -> None:
        """Take an answer; the function returns it, too."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(HTTPStatus.OK)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""
