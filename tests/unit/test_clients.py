"""The session that the clients share."""

from orders.clients.http import Session


def test_given_services_over_tls_when_connected_to_then_certificates_are_read_once_for_all() -> None:
    session = Session()
    pools = [session.connection_from_host(host, scheme="https") for host in ("payment.invalid", "cart.invalid")]
    assert pools[0] is not pools[1]
    assert pools[0].conn_kw["ssl_context"] is pools[1].conn_kw["ssl_context"]
    assert session.connection_from_host("cart.invalid", scheme="https") is pools[1]
