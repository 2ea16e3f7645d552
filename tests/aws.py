"""AWS without a network: moto answers the functions' requests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPMessage

import pytest
import requests
from moto import mock_aws

from orders.aws.connections import Connections, Response

SEND = Connections.send


def send(
    connections: Connections, method: str, target: str, headers: Mapping[str, str], body: bytes | None, seconds: float
) -> Response:
    """Send a request to AWS with `requests`, which moto intercepts, and any other one as usual."""
    address = connections.address
    if not (address.hostname or "").endswith(".amazonaws.com"):
        return SEND(connections, method, target, headers, body, seconds)
    response = requests.request(method, f"{address.geturl()}{target}", data=body, headers=dict(headers), timeout=1)
    return Response(response.status_code, HTTPMessage(), response.content)


@contextmanager
def mocked() -> Iterator[None]:
    """Mock AWS for the SDK and for the functions."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connections, "send", send)
        yield
