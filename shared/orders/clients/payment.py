"""The payment service: charges and refunds, in minor units."""

from http import HTTPStatus
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel

from orders.clients.http import Client

_DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})


class Charge(BaseModel):
    """What became of a charge; one that is processing is reported later."""

    id: str
    status: Literal["succeeded", "declined", "processing"]
    decline_reason: str | None = None


class PaymentClient(Client):
    """Charges customers and gives their money back. Without an answer nobody knows whether it was done: ask again."""

    service = "payment"
    read_timeout_seconds = 10.0

    def charge(self, key: str, order_id: str, customer_id: str, amount: int, currency: str) -> Charge:
        """Charge an amount; under the same key it is charged once, and the same charge is answered."""
        body = {"order_id": order_id, "customer_id": customer_id, "amount": amount, "currency": currency}
        return self.read(self.call("POST", "/charges", json=body, key=key, expected=_DONE), Charge)

    def refund(self, key: str, charge_id: str, amount: int) -> None:
        """Give an amount of a charge back; under the same key it is given back once."""
        path = f"/charges/{quote(charge_id, safe='')}/refunds"
        self.call("POST", path, json={"amount": amount}, key=key, expected=_DONE)
