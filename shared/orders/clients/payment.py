"""The payment service: charges and refunds, in minor units."""

from http import HTTPStatus
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel

from orders.clients.http import Client

_DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})


class Charge(BaseModel):
    """A charge. The result of one that is processing is reported later, through the API."""

    id: str
    status: Literal["succeeded", "declined", "processing"]
    decline_reason: str | None = None


class PaymentClient(Client):
    """Charge customers and refund charges. After a time-out the outcome is unknown until the call is repeated."""

    service = "payment"
    read_timeout_seconds = 10.0

    def charge(self, key: str, order_id: str, customer_id: str, amount: int, currency: str) -> Charge:
        """Charge an amount; calls with the same key make one charge and return it."""
        body = {"order_id": order_id, "customer_id": customer_id, "amount": amount, "currency": currency}
        return self.read(self.call("POST", "/charges", json=body, key=key, expected=_DONE), Charge)

    def refund(self, key: str, charge_id: str, amount: int) -> None:
        """Refund an amount of a charge; calls with the same key refund it once."""
        path = f"/charges/{quote(charge_id, safe='')}/refunds"
        self.call("POST", path, json={"amount": amount}, key=key, expected=_DONE)
