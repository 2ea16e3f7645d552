"""Connections to whoever an address names, and whom the machine trusts to vouch for servers."""

import ssl
from functools import cache
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import SplitResult


@cache
def authorities() -> ssl.SSLContext:
    """The settings of all connections over TLS; made once, as reading a hundred certificates takes its time."""
    return ssl.create_default_context()


def connection_to(address: SplitResult, timeout_seconds: float) -> HTTPConnection:
    """A connection to the host of an http or https address, which is made with the first request."""
    host, port = address.hostname or "", address.port
    if address.scheme == "https":
        return HTTPSConnection(host, port, timeout=timeout_seconds, context=authorities())
    return HTTPConnection(host, port, timeout=timeout_seconds)
