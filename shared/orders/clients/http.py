"""The HTTP session that all clients share: time-outs, retries, and answers that can be trusted in their shape."""

from http import HTTPStatus
from time import perf_counter

import requests
from pydantic import BaseModel, ValidationError
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from orders import telemetry
from orders.errors import DownstreamRefused, DownstreamUnavailable

CONNECT_TIMEOUT_SECONDS = 1.0
_RETRIES = 2
_CONNECTIONS = 16
_TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
# Every POST of these clients carries an idempotency key, or changes nothing when it is repeated.
_IDEMPOTENT = frozenset({"GET", "PUT", "DELETE", "POST"})


def new_session() -> requests.Session:
    """A session that tries calls again: on a lost connection, on 429 and on 5xx, with jitter."""
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
    session = requests.Session()
    # The proxies and .netrc of a machine are not this service's.
    session.trust_env = False
    adapter = HTTPAdapter(max_retries=retry, pool_maxsize=_CONNECTIONS)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class Client:
    """Base of all clients: one service at one address."""

    service: str
    read_timeout_seconds = 3.0

    def __init__(self, session: requests.Session, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")

    def call(
        self, method: str, path: str, *, expected: frozenset[int], json: object = None, key: str | None = None
    ) -> requests.Response:
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
        begun = perf_counter()
        try:
            response = self._session.request(
                method,
                f"{self._url}{path}",
                json=json,
                headers={"Idempotency-Key": key, "X-Amzn-Trace-Id": telemetry.trace() or None},
                timeout=(CONNECT_TIMEOUT_SECONDS, self.read_timeout_seconds),
            )
        except requests.RequestException as error:
            telemetry.count("DownstreamErrors", downstream=self.service)
            raise self.unavailable() from error
        finally:
            telemetry.time("DownstreamDuration", perf_counter() - begun, downstream=self.service)
        if response.status_code in expected:
            return response
        telemetry.count("DownstreamErrors", downstream=self.service)
        cause = f"it answered {response.status_code} to {method} {path}"
        if HTTPStatus(response.status_code).is_client_error and response.status_code not in _TEMPORARY:
            raise DownstreamRefused(f"The {self.service} service refuses: {cause}.", service=self.service)
        raise self.unavailable(cause)

    def read[Answer: BaseModel](self, response: requests.Response, model: type[Answer]) -> Answer:
        """The body of an answer.

        Raises:
            DownstreamUnavailable: it has another shape than the service promises.
        """
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise self.unavailable("its answer could not be read") from error

    def unavailable(self, cause: str | None = None) -> DownstreamUnavailable:
        """The error that says that this service is of no help; the cause is for the log."""
        error = DownstreamUnavailable(f"The {self.service} service does not answer.", service=self.service)
        if cause:
            error.add_note(cause)
        return error
