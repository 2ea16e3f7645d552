"""Invoices as requests: an invoice places an order, a cancellation cancels one."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from local.replay.api import Api, Json
from local.replay.invoices import Invoice
from local.replay.outcomes import Outcome

CURRENCY = "GBP"


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
        self._api = Api(http, token, sleep)

    async def place(self, invoice: Invoice) -> Outcome:
        """Orders what is on an invoice.

        An order whose answer was lost may have been stored all the same, so it is not sent again.
        """
        items = [
            {"product_id": line.product_id, "quantity": line.quantity, "unit_price": f"{line.unit_price:f}"}
            for line in invoice.lines
        ]
        body: Json = {"currency": CURRENCY, "items": items}
        answer = await self._api.send("POST", "/v1/orders", invoice.customer_id, body, repeatable=False)
        return Outcome(invoice, answer.fate, answer.order_id, answer.code, answer.seconds)

    async def cancel(self, invoice: Invoice, order_id: str) -> Outcome:
        """Cancels an order because of an invoice; to cancel it twice does no harm."""
        body: Json = {"reason": f"Invoice {invoice.number}"}
        path = f"/v1/orders/{order_id}/cancel"
        answer = await self._api.send("POST", path, invoice.customer_id, body, repeatable=True)
        return Outcome(invoice, answer.fate, order_id, answer.code, answer.seconds)
