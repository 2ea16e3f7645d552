"""A thin client for AWS services with a JSON protocol. boto3 would take 300 ms of a cold start for the same calls.

An operation is a signed POST of JSON to ``/`` (AWS's protocols ``awsJson1_0`` and ``awsJson1_1``).
"""

import json
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from orders.aws.connections import Connections, Response, ssl_context
from orders.aws.credentials import credential_provider
from orders.aws.sigv4 import Signer
from orders.config import AwsSettings

_CONNECT_TIMEOUT_SECONDS = 1
_READ_TIMEOUT_SECONDS = 3
_BACKOFF_SECONDS = 0.1
_THROTTLING = ("Throttl", "TooManyRequests", "RequestLimitExceeded")
"""Parts of the error codes that mean throttling."""


class AwsError(Exception):
    """A service refused a call or did not answer. The message gives the cause and quotes nothing of the request."""


class _RetryableError(AwsError):
    """The same call may succeed in a moment."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """How to call a service.

    Attributes:
        service: its name in host names and signatures.
        setting: its name in environment variables.
        target: the prefix of its operations in the header ``X-Amz-Target``.
        json: the version of the JSON protocol.
    """

    service: str
    setting: str
    target: str
    json: str


SQS = Protocol("sqs", "SQS", "AmazonSQS", "1.0")
SECRETS_MANAGER = Protocol("secretsmanager", "SECRETS_MANAGER", "secretsmanager", "1.1")
EVENTBRIDGE = Protocol("events", "EVENTBRIDGE", "AWSEvents", "1.1")


class AwsService:
    """A client of one service in this region, safe to share between threads. Connections are reused."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._settings = AwsSettings.from_environment(protocol.service, protocol.setting)
        address = urlsplit(self._settings.endpoint)
        if address.scheme == "https":
            ssl_context()  # load the certificates while the function starts, not during the first request
        self._host = address.netloc
        self._connections = Connections(address, _CONNECT_TIMEOUT_SECONDS)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Call an operation and return its response.

        Retry once after a lost connection, a 5xx status or throttling, so the operation may run twice. Do not retry
        after a time-out: there is no time for that.

        Args:
            operation: its name in the service's documentation.
            request: its parameters, named as in the documentation.

        Raises:
            AwsError: the service refused the call or did not answer.
        """
        body = json.dumps(request).encode()
        try:
            return self._attempt(operation, body)
        except _RetryableError:
            time.sleep(random.uniform(_BACKOFF_SECONDS, 2 * _BACKOFF_SECONDS))  # noqa: S311 - jitter
            return self._attempt(operation, body)

    def _attempt(self, operation: str, body: bytes) -> dict[str, Any]:
        try:
            response = self._post(operation, body)
        except TimeoutError as error:
            raise AwsError(f"{self._host} does not answer in time") from error
        except (OSError, HTTPException) as error:
            message = f"{self._host} does not answer: {type(error).__name__}: {error}"
            raise _RetryableError(message) from error
        try:
            content: dict[str, Any] = json.loads(response.content or b"{}")
        except ValueError:
            content = {}
        if response.status == HTTPStatus.OK:
            return content
        code = str(content.get("__type", "")).rpartition("#")[2]
        message = f"{operation} returned {response.status} {code}: {content.get('message') or content.get('Message')}"
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or any(part in code for part in _THROTTLING):
            raise _RetryableError(message)
        raise AwsError(message)

    def _post(self, operation: str, body: bytes) -> Response:
        protocol, at = self._protocol, datetime.now(UTC)
        headers = {
            "content-type": f"application/x-amz-json-{protocol.json}",
            "x-amz-target": f"{protocol.target}.{operation}",
        }
        signer = Signer(credential_provider.get(at), protocol.service, self._settings.region)
        signed = signer.sign_headers(self._host, headers, body, at)
        return self._connections.send("POST", "/", signed, body, _READ_TIMEOUT_SECONDS)
