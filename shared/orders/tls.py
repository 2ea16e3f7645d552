"""Whom the machine trusts to vouch for servers."""

import ssl
from functools import cache


@cache
def authorities() -> ssl.SSLContext:
    """The settings of all connections over TLS; made once, as reading a hundred certificates takes its time."""
    return ssl.create_default_context()
