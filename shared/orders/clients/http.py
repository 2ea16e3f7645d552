"""The HTTP session that all clients share: time-outs, retries and validated responses."""

import json as json_format
import random
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from time import perf_counter
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from orders import telemetry
from orders.aws.connections import Connections, Response, target_of
from orders.aws.refreshed import Refreshed, SourceUnavailable
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable

CONNECT_TIMEOUT_SECONDS = 1.0
_ATTEMPTS = 3
_ATTEMPTS_WITHOUT_RESPONSE = 2
"""Fewer: a caller may be waiting."""
_BACKOFF_SECONDS = 0.2
_MAX_RETRY_AFTER_SECONDS = 1
_NAMED_FIELDS = 5
_DOT_SEGMENT = re.compile(r"/(\.|%2e){0,2}(?=/|$)", re.IGNORECASE)
"""An empty segment of a path, or one that HTTP libraries and servers remove (RFC 3986, section 5.2.4)."""
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_TEMPORARY = _RETRIED | {HTTPStatus.UNAUTHORIZED}
"""Statuses that another time may change: 401 is about the secret of this service, not about the order."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class NoResponse(Exception):
    """A service has not responded. The cause says why."""


class Session:
    """Connections to all services.

    A request without a response, or with a temporary error as its response, is sent again: every POST of these clients
    has an idempotency key, or is idempotent by itself.
    """

    def __init__(self) -> None:
        self._hosts: dict[tuple[str, str], Connections] = {}

    def request(
        self, method: str, url: str, *, json: object, headers: Mapping[str, str], read_timeout_seconds: float
    ) -> Response:
        """Send a request, and return the last response.

        Raises:
            NoResponse: the service cannot be reached, or does not respond in time.
        """
        address = urlsplit(url)
        host = address.scheme, address.netloc
        connections = self._hosts.get(host) or self._hosts.setdefault(
            host, Connections(address, CONNECT_TIMEOUT_SECONDS)
        )
        target = target_of(address)
        body = None
        if json is not None:
            body = json_format.dumps(json).encode()
            headers = {"Content-Type": "application/json", **headers}
        attempt = unanswered = 0
        while True:
            attempt += 1
            response = None
            try:
                response = connections.send(method, target, headers, body, read_timeout_seconds)
            except (OSError, HTTPException) as error:
                unanswered += 1
                if unanswered == _ATTEMPTS_WITHOUT_RESPONSE or attempt == _ATTEMPTS:
                    raise NoResponse from error
            if response and (response.status not in _RETRIED or attempt == _ATTEMPTS):
                return response
            time.sleep(_delay_seconds(attempt, response))


class Client:
    """Base of all clients: calls one service at one URL.

    Args:
        session: the HTTP session to use.
        url: the service's address.
        bearer: the value of ``Authorization``; None for a service that does not ask for it.
    """

    service: str
    read_timeout_seconds = 3.0

    def __init__(self, session: Session, url: str, bearer: Refreshed[str] | None = None) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._bearer = bearer

    def call(
        self, method: str, path: str, *, expected: frozenset[int], json: object = None, key: str | None = None
    ) -> Response:
        """Send a request and return the response.

        Args:
            method: the HTTP method.
            path: the path, relative to the service's URL, and the query.
            expected: the statuses to return; all others raise.
            json: the body.
            key: the idempotency key.

        Raises:
            DownstreamRefused: the service rejects the request with a status that retries do not change; or a segment of
                the path is empty, ``.`` or ``..`` and would lead to another resource.
            DownstreamUnavailable: no response, a redirect, a temporary error, or the secret cannot be read or is not
                accepted.
        """
        if _DOT_SEGMENT.search(path.partition("?")[0]):
            message = f"The {self.service} service cannot be asked for an id that is empty or consists of dots."
            raise DownstreamRefused(message, service=self.service)
        headers = {"Idempotency-Key": key, "X-Amzn-Trace-Id": telemetry.trace()}
        send = partial(self._send, method, path, json, {name: value for name, value in headers.items() if value})
        response = self._authorized(self._bearer, send) if self._bearer else send()
        if response.status in expected:
            return response
        telemetry.count("DownstreamErrors", downstream=self.service)
        # Without the other segments: they are ids, which may be e-mail addresses.
        cause = f"it returned {response.status} for {method} /{path.split('/')[1].partition('?')[0]}"
        if response.status in _REDIRECTS:
            cause += "; redirects are not followed"
        # Compare numbers: load balancers return statuses that `HTTPStatus` does not define.
        is_client_error = HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        if is_client_error and response.status not in _TEMPORARY:
            raise DownstreamRefused(f"The {self.service} service rejects the request: {cause}.", service=self.service)
        raise self.unavailable(cause)

    def _authorized(self, bearer: Refreshed[str], send: Callable[[str], Response]) -> Response:
        """Send a request with the secret; repeat it once if the service knows only a newer one."""
        try:
            authorization = bearer.get()
            response = send(authorization)
            if response.status == HTTPStatus.UNAUTHORIZED:
                newer = bearer.newer_than(authorization)
                if newer != authorization:
                    return send(newer)
        except SourceUnavailable as error:
            raise self.unavailable(f"its secret cannot be read: {error}") from error
        return response

    def _send(
        self, method: str, path: str, json: object, headers: Mapping[str, str], authorization: str | None = None
    ) -> Response:
        begun = perf_counter()
        try:
            return self._session.request(
                method,
                f"{self._url}{path}",
                json=json,
                headers={**headers, **({"Authorization": authorization} if authorization else {})},
                read_timeout_seconds=self.read_timeout_seconds,
            )
        except NoResponse as error:
            telemetry.count("DownstreamErrors", downstream=self.service)
            raise self.unavailable() from error
        finally:
            telemetry.time("DownstreamDuration", perf_counter() - begun, downstream=self.service)

    def read[Model: BaseModel](self, response: Response, model: type[Model]) -> Model:
        """Parse and validate the body of a response.

        Raises:
            DownstreamUnavailable: it does not match the model.
        """
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            wrong = [".".join(map(str, each["loc"])) for each in error.errors(include_url=False, include_input=False)]
            raise self.unavailable(f"its response is invalid: {', '.join(wrong[:_NAMED_FIELDS])}") from error

    def unavailable(self, cause: str | None = None) -> DownstreamUnavailable:
        """Make the error for a failed call; the cause is logged, but not shown to callers."""
        error = DownstreamUnavailable(f"The {self.service} service is unavailable.", service=self.service)
        if cause:
            error.add_note(cause)
        return error


def _delay_seconds(attempt: int, response: Response | None) -> float:
    """Return how long to wait after an attempt; a response may ask for it (RFC 9110, section 10.2.3)."""
    asked = response and response.headers.get("Retry-After")
    if asked:
        # Others than a number of seconds are dates.
        return min(int(asked), _MAX_RETRY_AFTER_SECONDS) if asked.isdecimal() else _MAX_RETRY_AFTER_SECONDS
    # Most lost connections have been idle for long, and a new one helps at once.
    return 0.0 if attempt == 1 else random.uniform(_BACKOFF_SECONDS, 1.5 * _BACKOFF_SECONDS)  # noqa: S311 - jitter
