"""The session that the clients share, and how they classify errors."""

import pytest
from urllib3 import HTTPResponse

from orders.clients.cart import CartClient
from orders.clients.http import Session
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable


def test_given_services_over_tls_when_connected_then_certificates_are_read_once() -> None:
    session = Session()
    pools = [session.connection_from_host(host, scheme="https") for host in ("payment.invalid", "cart.invalid")]
    assert pools[0] is not pools[1]
    assert pools[0].conn_kw["ssl_context"] is pools[1].conn_kw["ssl_context"]
    assert session.connection_from_host("cart.invalid", scheme="https") is pools[1]


def ask_for_a_cart(answered: int, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    monkeypatch.setattr(session, "request", lambda *_, **__: HTTPResponse(status=answered))
    CartClient(session, "http://cart.invalid").get("5")


@pytest.mark.parametrize("status", [400, 418, 422, 460, 463, 499])
def test_given_any_4xx_when_called_then_it_is_a_refusal(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DownstreamRefused, match=f"it returned {status} for GET /carts"):
        ask_for_a_cart(status, monkeypatch)


@pytest.mark.parametrize("status", [304, 408, 429, 500, 503, 520, 522, 561, 999])
def test_given_any_other_error_status_when_called_then_it_may_be_retried(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DownstreamUnavailable) as raised:
        ask_for_a_cart(status, monkeypatch)
    assert type(raised.value) is DownstreamUnavailable
    assert raised.value.__notes__ == [f"it returned {status} for GET /carts"]
