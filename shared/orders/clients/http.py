"""The HTTP session that all clients share: time-outs, retries and validated responses."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any, override

from pydantic import BaseModel, ValidationError
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from orders import telemetry
from orders.aws.refreshed import Refreshed, SourceUnavailable
from orders.aws.tls import ssl_context
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable

CONNECT_TIMEOUT_SECONDS = 1.0
_RETRIES = 2
_CONNECTIONS = 32
"""As many as a catalog is called over at once."""
_NAMED_FIELDS = 5
_DOT_SEGMENT = re.compile(r"/(\.|%2e){0,2}(?=/|$)", re.IGNORECASE)
"""An empty segment of a path, or one that HTTP libraries and servers remove (RFC 3986, section 5.2.4)."""
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_TEMPORARY = _RETRIED | {HTTPStatus.UNAUTHORIZED}
"""Statuses that another time may change: 401 is about the secret of this service, not about the order."""
# Every POST of these clients has an idempotency key, or is idempotent by itself.
_IDEMPOTENT = frozenset({"GET", "PUT", "DELETE", "POST"})


class Session(PoolManager):
    """A connection pool that retries lost connections, 429 and 5xx with backoff and jitter; it follows no redirects."""

    def __init__(self) -> None:
        retry = Retry(
            total=_RETRIES,
            # Only one retry after a read time-out: a caller may be waiting for the response.
            read=1,
            status_forcelist=_RETRIED,
            allowed_methods=_IDEMPOTENT,
            backoff_factor=0.1,
            backoff_jitter=0.1,
            # Another host than the configured one must neither get a request nor answer it.
            redirect=False,
            retry_after_max=1,
            raise_on_status=False,
        )
        super().__init__(retries=retry, maxsize=_CONNECTIONS)

    @override
    def connection_from_host(
        self,
        host: str | None,
        port: int | None = None,
        scheme: str | None = "http",
        pool_kwargs: dict[str, Any] | None = None,
    ) -> HTTPConnectionPool:
        # By default, each connection would load all trusted certificates again.
        tls = {"ssl_context": ssl_context()} if scheme == "https" else {}
        return super().connection_from_host(host, port, scheme, {**(pool_kwargs or {}), **tls})


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
    ) -> BaseHTTPResponse:
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
        if response.get_redirect_location():
            cause += "; redirects are not followed"
        # Compare numbers: load balancers return statuses that `HTTPStatus` does not define.
        is_client_error = HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        if is_client_error and response.status not in _TEMPORARY:
            raise DownstreamRefused(f"The {self.service} service rejects the request: {cause}.", service=self.service)
        raise self.unavailable(cause)

    def _authorized(self, bearer: Refreshed[str], send: Callable[[str], BaseHTTPResponse]) -> BaseHTTPResponse:
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
    ) -> BaseHTTPResponse:
        begun = perf_counter()
        try:
            return self._session.request(
                method,
                f"{self._url}{path}",
                json=json,
                headers={**headers, **({"Authorization": authorization} if authorization else {})},
                timeout=Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=self.read_timeout_seconds),
            )
        except HTTPError as error:
            telemetry.count("DownstreamErrors", downstream=self.service)
            raise self.unavailable() from error
        finally:
            telemetry.time("DownstreamDuration", perf_counter() - begun, downstream=self.service)

    def read[Answer: BaseModel](self, response: BaseHTTPResponse, model: type[Answer]) -> Answer:
        """Parse and validate the body of a response.

        Raises:
            DownstreamUnavailable: it does not match the model.
        """
        try:
            return model.model_validate_json(response.data)
        except ValidationError as error:
            wrong = [".".join(map(str, each["loc"])) for each in error.errors(include_url=False, include_input=False)]
            raise self.unavailable(f"its response is invalid: {', '.join(wrong[:_NAMED_FIELDS])}") from error

    def unavailable(self, cause: str | None = None) -> DownstreamUnavailable:
        """Make the error for a failed call; the cause is logged, but not shown to callers."""
        error = DownstreamUnavailable(f"The {self.service} service is unavailable.", service=self.service)
        if cause:
            error.add_note(cause)
        return error
