"""Invoices as requests: an invoice places an order, a cancellation cancels one."""

import uuid
from dataclasses import dataclass

from checks.evidence import Fate
from tools.replay.invoices import Invoice
from tools.support.api import Api, Json

CURRENCY = "GBP"
POSTAGE = {"POST": "Postage", "DOT": "Postage of the web shop"}
"""What the customer reads, by the code of the line."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An invoice and its fate.

    Attributes:
        invoice: What was sent.
        fate: How it ended.
        order_id: The order that was placed, or that was to be cancelled; empty where there is none.
        code: As in `Answer`.
        seconds: How long the answer took, the last one where there were several; 0 where there was none.
    """

    invoice: Invoice
    fate: Fate
    order_id: str = ""
    code: str = ""
    seconds: float = 0.0


class Orders:
    """Places and cancels orders as their customers.

    Args:
        api: Sends the requests.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    async def place(self, invoice: Invoice) -> Outcome:
        """Place the order of an invoice."""
        items = [
            {"product_id": line.product_id, "quantity": line.quantity, "unit_price": f"{line.unit_price:f}"}
            for line in invoice.lines
        ]
        adjustments = [
            {"kind": "shipping", "amount": f"{line.amount:f}", "description": POSTAGE[line.product_id]}
            for line in invoice.postage
        ]
        body: Json = {"currency": CURRENCY, "items": items}
        if adjustments:
            body["adjustments"] = adjustments
        answer = await self._api.send("POST", "/v1/orders", invoice.customer_id, body, key=str(uuid.uuid4()))
        return Outcome(invoice, answer.fate, answer.order_id, answer.code, answer.seconds)

    async def cancel(self, invoice: Invoice, order_id: str) -> Outcome:
        """Cancel an order because of an invoice; repeating it changes nothing."""
        body: Json = {"reason": f"Invoice {invoice.number}"}
        path = f"/v1/orders/{order_id}/cancel"
        answer = await self._api.send("POST", path, invoice.customer_id, body)
        return Outcome(invoice, answer.fate, order_id, answer.code, answer.seconds)
