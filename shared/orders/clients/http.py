"""The HTTP session that all clients share: time-outs, retries, and answers that can be trusted in their shape."""

from http import HTTPStatus
from time import perf_counter
from typing import Any, override

from pydantic import BaseModel, ValidationError
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from orders import telemetry
from orders.aws.tls import ssl_context
from orders.domain.errors import DownstreamRefused, DownstreamUnavailable

CONNECT_TIMEOUT_SECONDS = 1.0
_RETRIES = 2
_CONNECTIONS = 16
_TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
# Every POST of these clients carries an idempotency key, or changes nothing when it is repeated.
_IDEMPOTENT = frozenset({"GET", "PUT", "DELETE", "POST"})


class Session(PoolManager):
    """Tries calls again: on a lost connection, on 429 and on 5xx, with jitter. Connections are kept and shared."""

    def __init__(self) -> None:
        retry = Retry(
            total=_RETRIES,
            # An answer that was lost or late is asked for once more only: somebody is waiting.
            read=1,
            status_forcelist=_TEMPORARY,
            allowed_methods=_IDEMPOTENT,
            backoff_factor=0.1,
            backoff_jitter=0.1,
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
        # By itself, each connection would read all certificates of the machine anew.
        tls = {"ssl_context": ssl_context()} if scheme == "https" else {}
        return super().connection_from_host(host, port, scheme, {**(pool_kwargs or {}), **tls})


class Client:
    """Base of all clients: one service at one address."""

    service: str
    read_timeout_seconds = 3.0

    def __init__(self, session: Session, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")

    def call(
        self, method: str, path: str, *, expected: frozenset[int], json: object = None, key: str | None = None
    ) -> BaseHTTPResponse:
        """Send a request and return its answer.

        Args:
            method: of HTTP.
            path: behind the service's address.
            expected: statuses that are answers.
            json: the body.
            key: under which the service carries out the call once, however often it is sent.

        Raises:
            DownstreamRefused: the answer says that the request is wrong, and so would every further one.
            DownstreamUnavailable: no answer came, or one that says that the service cannot answer now.
        """
        headers = {"Idempotency-Key": key, "X-Amzn-Trace-Id": telemetry.trace()}
        begun = perf_counter()
        try:
            response = self._session.request(
                method,
                f"{self._url}{path}",
                json=json,
                headers={name: value for name, value in headers.items() if value},
                timeout=Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=self.read_timeout_seconds),
            )
        except HTTPError as error:
            telemetry.count("DownstreamErrors", downstream=self.service)
            raise self.unavailable() from error
        finally:
            telemetry.time("DownstreamDuration", perf_counter() - begun, downstream=self.service)
        if response.status in expected:
            return response
        telemetry.count("DownstreamErrors", downstream=self.service)
        cause = f"it answered {response.status} to {method} {path}"
        # As numbers: load balancers answer with statuses that `HTTPStatus` has no name for.
        is_client_error = HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        if is_client_error and response.status not in _TEMPORARY:
            raise DownstreamRefused(f"The {self.service} service refuses: {cause}.", service=self.service)
        raise self.unavailable(cause)

    def read[Answer: BaseModel](self, response: BaseHTTPResponse, model: type[Answer]) -> Answer:
        """The body of an answer.

        Raises:
            DownstreamUnavailable: it has another shape than the service promises.
        """
        try:
            return model.model_validate_json(response.data)
        except ValidationError as error:
            raise self.unavailable("its answer could not be read") from error

    def unavailable(self, cause: str | None = None) -> DownstreamUnavailable:
        """The error that says that this service is of no help; the cause is for the log."""
        error = DownstreamUnavailable(f"The {self.service} service does not answer.", service=self.service)
        if cause:
            error.add_note(cause)
        return error
