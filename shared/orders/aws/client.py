"""Calls of AWS's own services: what boto3 does for the few operations that are needed here, without its loading time.

An operation is a POST of JSON to the service's root (AWS's protocols ``awsJson1_0`` and ``awsJson1_1``).
"""

import json
import random
import select
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from orders.aws.credentials import credentials
from orders.aws.sigv4 import Signer
from orders.aws.tls import authorities, connection_to
from orders.config import AwsSettings

_CONNECT_TIMEOUT_SECONDS = 1
_READ_TIMEOUT_SECONDS = 3
_PAUSE_SECONDS = 0.1
_TOO_MUCH = ("Throttl", "TooManyRequests", "RequestLimitExceeded")
"""What the names of errors hold that mean: too much at once."""


class AwsError(Exception):
    """A service refused a call, or did not answer; the message says which, and holds nothing of what was sent."""


class _Temporary(AwsError):
    """The same call may succeed in a moment."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a service is spoken to.

    Attributes:
        service: its name in addresses and signatures.
        setting: its name in environment variables.
        target: what stands before the names of its operations.
        json: the version of the protocol.
    """

    service: str
    setting: str
    target: str
    json: str


SQS = Protocol("sqs", "SQS", "AmazonSQS", "1.0")
SECRETS_MANAGER = Protocol("secretsmanager", "SECRETS_MANAGER", "secretsmanager", "1.1")


class AwsService:
    """One service of AWS in this region. Connections are kept; each is used by one thread at a time."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._settings = AwsSettings.from_environment(protocol.service, protocol.setting)
        self._address = urlsplit(self._settings.endpoint)
        if self._address.scheme == "https":
            authorities()  # read now: services are made while functions start, and called while somebody waits
        self._idle: deque[HTTPConnection] = deque()

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out an operation and return what the service says of it.

        A call that met a lost connection, an answer of 5xx or one that says "too much at once" is made once more, so
        it may happen twice. One whose answer is late is not: there is no time for that.

        Args:
            operation: its name in the service's documentation.
            request: its parameters, by the names that they have there.

        Raises:
            AwsError: it was refused or not answered.
        """
        body = json.dumps(request).encode()
        try:
            return self._attempt(operation, body)
        except _Temporary:
            time.sleep(random.uniform(_PAUSE_SECONDS, 2 * _PAUSE_SECONDS))  # noqa: S311 - spreads attempts
            return self._attempt(operation, body)

    def close(self) -> None:
        """Let the connections go; the next call makes a new one."""
        while self._idle:
            self._idle.pop().close()

    def _attempt(self, operation: str, body: bytes) -> dict[str, Any]:
        try:
            status, content = self._post(operation, body)
        except TimeoutError as error:
            raise AwsError(f"{self._address.netloc} does not answer in time") from error
        except (OSError, HTTPException) as error:
            raise _Temporary(f"{self._address.netloc} does not answer: {type(error).__name__}: {error}") from error
        try:
            answer: dict[str, Any] = json.loads(content or b"{}")
        except ValueError:
            answer = {}
        if status == HTTPStatus.OK:
            return answer
        name = str(answer.get("__type", "")).rpartition("#")[2]
        refusal = f"{operation} is answered {status} {name}: {answer.get('message') or answer.get('Message')}"
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or any(word in name for word in _TOO_MUCH):
            raise _Temporary(refusal)
        raise AwsError(refusal)

    def _post(self, operation: str, body: bytes) -> tuple[int, bytes]:
        protocol, at = self._protocol, datetime.now(UTC)
        headers = {
            "content-type": f"application/x-amz-json-{protocol.json}",
            "x-amz-target": f"{protocol.target}.{operation}",
        }
        signer = Signer(credentials.get(at), protocol.service, self._settings.region)
        connection = self._kept() or self._connect()
        try:
            connection.request("POST", "/", body, signer.headers(self._address.netloc, headers, body, at))
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        if not answer.will_close:
            self._idle.append(connection)
        return answer.status, content

    def _kept(self) -> HTTPConnection | None:
        """A connection from an earlier call that the service has not closed since; None if there is none."""
        while self._idle:
            connection = self._idle.pop()
            # What comes unasked is the end of the connection.
            if not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()
        return None

    def _connect(self) -> HTTPConnection:
        connection = connection_to(self._address, _CONNECT_TIMEOUT_SECONDS)
        connection.connect()
        connection.sock.settimeout(_READ_TIMEOUT_SECONDS)
        return connection
