"""AWS without a network: moto answers the functions' requests."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from moto import mock_aws

from orders.aws.client import AwsService


class Response:
    """A response as `http.client` returns it, after which the service closes the connection."""

    will_close = True

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.read = lambda: response.content


class Connection:
    """The parts of an `http.client` connection that the client uses; sends with `requests`, which moto intercepts."""

    def __init__(self, url: str) -> None:
        self._url = url

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        self._response = requests.request(method, f"{self._url}{path}", data=body, headers=headers, timeout=1)

    def getresponse(self) -> Response:
        return Response(self._response)

    def close(self) -> None:
        """Do nothing: there is no connection."""


@contextmanager
def mocked() -> Iterator[None]:
    """Mock AWS for the SDK and for the functions."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(AwsService, "_connect", lambda service: Connection(service._settings.endpoint))
        yield
