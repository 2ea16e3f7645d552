"""The API under replay: places and cancels orders, and tries again only where that cannot order twice."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from local.replay.invoices import Invoice
from local.replay.outcomes import Fate, Outcome

CURRENCY = "GBP"
PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each further try, on average."""

NO_CONNECTION = "no_connection"
NO_ANSWER = "no_answer"
NO_ORDER_IN_ANSWER = "no_order_in_answer"
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
STOCK_NOT_RESERVED = "downstream_unavailable"
"""The one problem of status 503 that certainly comes before the order is stored."""

type Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one try came to.

    Attributes:
        fate: What it means for the request.
        order_id: The order in the answer.
        code: As in `Outcome`.
        seconds: How long the answer took.
        temporary: The request had no effect, and may have one in a moment.
    """

    fate: Fate
    order_id: str = ""
    code: str = ""
    seconds: float = 0.0
    temporary: bool = False


class Orders:
    """Places and cancels orders over HTTP, as the customers themselves.

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

    async def place(self, invoice: Invoice) -> Outcome:
        """Orders what is on an invoice.

        An order whose answer was lost may have been stored all the same, so it is not sent again.
        """
        items = [
            {"product_id": line.product_id, "quantity": line.quantity, "unit_price": f"{line.unit_price:f}"}
            for line in invoice.lines
        ]
        body: Json = {"currency": CURRENCY, "items": items}
        answer = await self._post("/v1/orders", invoice.customer_id, body, repeatable=False)
        return Outcome(invoice, answer.fate, answer.order_id, answer.code, answer.seconds)

    async def cancel(self, invoice: Invoice, order_id: str) -> Outcome:
        """Cancels an order because of an invoice; to cancel it twice does no harm."""
        body: Json = {"reason": f"Invoice {invoice.number}"}
        answer = await self._post(f"/v1/orders/{order_id}/cancel", invoice.customer_id, body, repeatable=True)
        return Outcome(invoice, answer.fate, order_id, answer.code, answer.seconds)

    async def _post(self, path: str, customer: str, body: Json, *, repeatable: bool) -> Answer:
        answer = await self._try(path, customer, body)
        for pause in PAUSES:
            if not (answer.temporary or (repeatable and answer.fate is Fate.UNKNOWN)):
                break
            await self._sleep(random.uniform(0.5, 1.5) * pause)
            answer = await self._try(path, customer, body)
        return answer

    async def _try(self, path: str, customer: str, body: Json) -> Answer:
        headers = {"Authorization": f"Bearer {self._token(customer)}"}
        begun = time.perf_counter()
        try:
            response = await self._http.post(path, json=body, headers=headers)
        except NEVER_SENT:
            return Answer(Fate.REFUSED, code=NO_CONNECTION, temporary=True)
        except httpx.TransportError:
            return Answer(Fate.UNKNOWN, code=NO_ANSWER)
        seconds = time.perf_counter() - begun
        if response.is_success:
            order_id = _member(response, "id")
            if order_id:
                return Answer(Fate.ACCEPTED, order_id, seconds=seconds)
            return Answer(Fate.UNKNOWN, code=NO_ORDER_IN_ANSWER, seconds=seconds)
        code = _member(response, "code") or f"http_{response.status_code}"
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS or code == STOCK_NOT_RESERVED:
            return Answer(Fate.REFUSED, code=code, seconds=seconds, temporary=True)
        return Answer(Fate.UNKNOWN if response.is_server_error else Fate.REFUSED, code=code, seconds=seconds)


def _member(response: httpx.Response, name: str) -> str:
    """Returns a member of a JSON object in an answer; empty where there is none, or no such object."""
    try:
        content = response.json()
    except ValueError:
        return ""
    return str(content.get(name) or "") if isinstance(content, dict) else ""
