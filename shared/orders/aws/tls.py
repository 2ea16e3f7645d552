"""Connections over HTTP and HTTPS."""

import ssl
from functools import cache
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import SplitResult


@cache
def ssl_context() -> ssl.SSLContext:
    """Return the TLS settings of all connections. Cached, because reading the trusted certificates is slow."""
    return ssl.create_default_context()


def new_connection(address: SplitResult, timeout_seconds: float) -> HTTPConnection:
    """Return a connection to the host of an http or https URL. It is opened by the first request."""
    host, port = address.hostname or "", address.port
    if address.scheme == "https":
        return HTTPSConnection(host, port, timeout=timeout_seconds, context=ssl_context())
    return HTTPConnection(host, port, timeout=timeout_seconds)
