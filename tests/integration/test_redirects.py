"""Services that redirect: no client follows, so no other host gets a request or is believed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from orders.clients.cart import CartClient
from orders.clients.catalog import CatalogClient
from orders.clients.http import Session
from orders.clients.inventory import InventoryClient
from orders.clients.notification import NotificationClient
from orders.clients.payment import PaymentClient
from orders.clients.shipping import ShippingClient
from orders.domain.errors import DownstreamUnavailable

ORDER = "01a1f804-f676-7425-8d36-c12d7c86e4b3"
STATUSES = (301, 302, 303, 307, 308)
LOCATIONS = ("{other}/charges", "//{other_host}/charges", "{own}/elsewhere", "/elsewhere", "elsewhere?a=b")
type Call = Callable[[Session, str], object]

CALLS: dict[str, Call] = {
    "charge": lambda session, url: PaymentClient(session, url).charge("key", ORDER, "5", 1, "USD"),
    "charges": lambda session, url: PaymentClient(session, url).find(ORDER),
    "cart": lambda session, url: CartClient(session, url).get("5"),
    "cart ordered": lambda session, url: CartClient(session, url).mark_ordered("5", "v", {}),
    "reserve": lambda session, url: InventoryClient(session, url).reserve(ORDER, {"A": 1}, lambda _: None),
    "release": lambda session, url: InventoryClient(session, url).release(ORDER),
    "product": lambda session, url: CatalogClient(session, url).get("A"),
    "shipment": lambda session, url: ShippingClient(session, url).cancel("s"),
    "refund": lambda session, url: PaymentClient(session, url).refund("key", "c", 1),
    "notify": lambda session, url: NotificationClient(session, url).send("key", "order_received", {}, None),
}


@contextmanager
def serving(status: int, location: str = "") -> Iterator[tuple[str, list[str]]]:
    """A host that answers everything with one status; yields its URL and the requests that it got."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            requests.append(self.requestline)
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", CALLS)
def test_given_a_redirect_when_a_service_is_called_then_it_is_not_followed(status: int, name: str) -> None:
    number = list(CALLS).index(name) + STATUSES.index(status)
    with ExitStack() as hosts:
        other, others_requests = hosts.enter_context(serving(200))
        location = LOCATIONS[number % len(LOCATIONS)].format(other=other, other_host=other[7:], own="http://127.0.0.1")
        url, requests = hosts.enter_context(serving(status, location))
        with pytest.raises(DownstreamUnavailable) as raised:
            CALLS[name](Session(), url)
    assert raised.value.__notes__[0].endswith("; redirects are not followed")
    assert f"it returned {status} for " in raised.value.__notes__[0]
    assert len(requests) == 1
    assert others_requests == []
