"""Invoices as requests: an invoice places an order, a cancellation cancels one."""

import uuid

from local.replay.api import Api, Json
from local.replay.invoices import Invoice
from local.replay.outcomes import Outcome

CURRENCY = "GBP"


class Orders:
    """Places and cancels orders, as the customers themselves.

    Args:
        api: Sends the requests.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    async def place(self, invoice: Invoice) -> Outcome:
        """Orders what is on an invoice."""
        items = [
            {"product_id": line.product_id, "quantity": line.quantity, "unit_price": f"{line.unit_price:f}"}
            for line in invoice.lines
        ]
        body: Json = {"currency": CURRENCY, "items": items}
        answer = await self._api.send("POST", "/v1/orders", invoice.customer_id, body, key=str(uuid.uuid4()))
        return Outcome(invoice, answer.fate, answer.order_id, answer.code, answer.seconds)

    async def cancel(self, invoice: Invoice, order_id: str) -> Outcome:
        """Cancels an order because of an invoice; to cancel it twice does no harm."""
        body: Json = {"reason": f"Invoice {invoice.number}"}
        path = f"/v1/orders/{order_id}/cancel"
        answer = await self._api.send("POST", path, invoice.customer_id, body)
        return Outcome(invoice, answer.fate, order_id, answer.code, answer.seconds)
