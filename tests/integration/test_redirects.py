"""Services that redirect: no client follows, so no other host gets a request or is believed."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from orders.clients.cart import CartClient
from orders.clients.catalog import CatalogClient
from orders.clients.http import Session
from orders.clients.inventory import InventoryClient
from orders.clients.notification import NotificationClient
from orders.clients.payment import PaymentClient
from orders.clients.shipping import ShippingClient
from orders.domain.errors import DownstreamUnavailable
from tests.integration.prepared_server import serving

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


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", CALLS)
def test_given_a_redirect_when_a_service_is_called_then_it_is_not_followed(status: int, name: str) -> None:
    number = list(CALLS).index(name) + STATUSES.index(status)
    with ExitStack() as hosts:
        other, host = hosts.enter_context(serving()), hosts.enter_context(serving())
        location = LOCATIONS[number % len(LOCATIONS)]
        host.responses = [(status, {})]
        host.headers["Location"] = location.format(other=other.url, other_host=other.url[7:], own="http://127.0.0.1")
        with pytest.raises(DownstreamUnavailable) as raised:
            CALLS[name](Session(), host.url)
    assert raised.value.__notes__[0].endswith("; redirects are not followed")
    assert f"it returned {status} for " in raised.value.__notes__[0]
    assert len(host.requests) == 1
    assert other.requests == []
