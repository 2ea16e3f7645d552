"""The API as a careful client uses it: with retries, and with an idempotency key for each request."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx

from checks.evidence import Fate

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each further try, on average: together longer than a function that was killed keeps a key."""

NO_CONNECTION = "no_connection"
NO_ANSWER = "no_answer"
NO_ORDER_IN_ANSWER = "no_order_in_answer"
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
STOCK_NOT_RESERVED = "downstream_unavailable"
"""The one problem of status 503 that certainly comes before the order is stored."""
IN_PROGRESS = "request_in_progress"
"""The problem that says that an earlier try may still be at work."""

type Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a request.

    Attributes:
        fate: What it means for the request.
        order: The order in the answer; empty where there is none.
        code: Why the request was refused, or why its fate is unknown: the code of the API's problem, or our own word.
        seconds: How long the answer took.
        temporary: The request had no effect, and may have one in a moment.
    """

    fate: Fate
    order: Mapping[str, object] = field(default_factory=dict)
    code: str = ""
    seconds: float = 0.0
    temporary: bool = False

    @property
    def order_id(self) -> str:
        """The id of the order in the answer; empty where there is none."""
        return _text(self.order, "id")


class Api:
    """Sends requests as customers do.

    Args:
        http: Knows the API's address.
        token: Makes a customer's token.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        token: Callable[[str], str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._token = token
        self._sleep = sleep

    async def send(
        self, method: str, path: str, customer: str, body: Json | None = None, *, key: str | None = None
    ) -> Answer:
        """Send a request, with retries while its fate is unknown or its failure is temporary.

        Args:
            method: Of HTTP.
            path: Of the API.
            customer: Who asks.
            body: What to send as JSON.
            key: The same for each try, where the request would do a thing twice without one.
        """
        answer = await self._try(method, path, customer, body, key)
        for pause in PAUSES:
            if not (answer.temporary or answer.fate is Fate.UNKNOWN):
                break
            await self._sleep(random.uniform(0.5, 1.5) * pause)
            answer = await self._try(method, path, customer, body, key)
        return answer

    async def _try(self, method: str, path: str, customer: str, body: Json | None, key: str | None) -> Answer:
        headers = {"Authorization": f"Bearer {self._token(customer)}"}
        if key:
            headers["Idempotency-Key"] = key
        begun = time.perf_counter()
        try:
            response = await self._http.request(method, path, json=body, headers=headers)
        except NEVER_SENT:
            return Answer(Fate.REFUSED, code=NO_CONNECTION, temporary=True)
        except httpx.TransportError:
            return Answer(Fate.UNKNOWN, code=NO_ANSWER)
        seconds = time.perf_counter() - begun
        content = _object(response)
        if response.is_success:
            if _text(content, "id"):
                return Answer(Fate.ACCEPTED, content, seconds=seconds)
            return Answer(Fate.UNKNOWN, code=NO_ORDER_IN_ANSWER, seconds=seconds)
        code = _text(content, "code") or f"http_{response.status_code}"
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS or code == STOCK_NOT_RESERVED:
            return Answer(Fate.REFUSED, code=code, seconds=seconds, temporary=True)
        is_unknown = response.is_server_error or code == IN_PROGRESS
        return Answer(Fate.UNKNOWN if is_unknown else Fate.REFUSED, code=code, seconds=seconds)


def _object(response: httpx.Response) -> Json:
    """Return the JSON object of an answer; an empty one if there is none."""
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _text(content: Mapping[str, object], name: str) -> str:
    return str(content.get(name) or "")
