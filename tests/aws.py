"""AWS without a network: what functions send to it is answered by moto."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from moto import mock_aws

from orders.aws.client import AwsService


class Answer:
    """An answer as `http.client` has it, of a service that ends the connection behind it."""

    will_close = True

    def __init__(self, answer: requests.Response) -> None:
        self.status = answer.status_code
        self.read = lambda: answer.content


class Connection:
    """As much of an `http.client` connection as calls take; moto stands in for all that `requests` sends."""

    def __init__(self, url: str) -> None:
        self._url = url

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        self._answer = requests.request(method, f"{self._url}{path}", data=body, headers=headers, timeout=1)

    def getresponse(self) -> Answer:
        return Answer(self._answer)

    def close(self) -> None:
        """There is nothing to be closed."""


@contextmanager
def mocked() -> Iterator[None]:
    """AWS as the SDK and the functions see it."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(AwsService, "_connect", lambda service: Connection(service._settings.endpoint))
        yield
