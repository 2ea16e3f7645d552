"""A feed of events over HTTP, which can be slow, wrong and cut off."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from orders.schemas.events import FeedEvent

TOKEN = "token-of-accounting"
LONGEST_WAIT_SECONDS = 5.0


@dataclass
class Fault:
    """What is answered instead of a page.

    Attributes:
        is_cut: The connection ends before the answer does.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False


def nothing() -> None:
    """Do nothing."""


class Feed:
    """The feed.

    Attributes:
        url: The API's address.
        events: All events.
        page: How many events a page has at most.
        faults: The faults of the next answers.
        requests: The cursors of all requests, in their order.
        before_answer: Called before each answer.
        after_answer: Called after it.
        read: Set once an empty page is asked for.
    """

    def __init__(self, url: str, events: list[FeedEvent], page: int) -> None:
        self.url = url
        self.events = events
        self.page = page
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.before_answer: Callable[[], None] = nothing
        self.after_answer: Callable[[], None] = nothing
        self.read = threading.Event()
        self.more = threading.Event()

    def answer(self, query: dict[str, list[str]]) -> dict[str, object]:
        """Return a page; wait for one that is not empty if asked to."""
        after = int(query.get("after", ["0"])[0])
        if not (found := self._find(after, query)):
            self.read.set()
            self.more.wait(min(float(query.get("wait", ["0"])[0]), LONGEST_WAIT_SECONDS))
            found = self._find(after, query)
        events = found[: self.page]
        return {
            "events": events,
            "count": len(events),
            "next_cursor": str(events[-1]["position"] if events else after),
        }

    def _find(self, after: int, query: dict[str, list[str]]) -> list[FeedEvent]:
        orders = query.get("order_id")
        return [each for each in self.events if each["position"] > after and (not orders or each["order_id"] in orders)]


@contextmanager
def served(events: list[FeedEvent], page: int = 7) -> Iterator[Feed]:
    """Serve a feed while the body of the `with` runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = parse_qs(url.query)
            feed.requests.append(query.get("after", ["0"])[0])
            feed.before_answer()
            fault = feed.faults.pop(0) if feed.faults else Fault(200)
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                fault = Fault(401)
            is_known = url.path == "/v1/events"
            body = json.dumps(feed.answer(query) if fault.status == 200 and is_known else {}).encode()
            self.send_response(fault.status if is_known else 404)
            for name, value in fault.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault.is_cut else body)
            self.wfile.flush()
            self.close_connection = fault.is_cut
            feed.after_answer()

        def log_message(self, *args: object) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Print nothing: a client that is killed closes its connection."""

    with Server(("127.0.0.1", 0), Handler) as server:
        feed = Feed(f"http://127.0.0.1:{server.server_port}", events, page)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield feed
        finally:
            feed.more.set()
            server.shutdown()
