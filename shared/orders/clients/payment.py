"""The payment service: charges and refunds, in minor units.

A charge names its order as its reference. A service forgets idempotency keys after a while, so nobody repeats a request
to find out what became of it: `find` asks.
"""

from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from orders.clients.http import Client
from orders.domain.details import Address

_DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})


class Charge(BaseModel):
    """A charge, as it is now. One that is processing settles later."""

    id: str
    status: Literal["processing", "succeeded", "declined", "cancelled"]
    amount: Annotated[int, Field(ge=0)]
    currency: str
    refunded_amount: Annotated[int, Field(ge=0)] = 0
    decline_reason: str | None = None


class _Charges(BaseModel):
    charges: list[Charge]


class PaymentClient(Client):
    """Charge customers, ask about charges, cancel and refund them."""

    service = "payment"
    read_timeout_seconds = 10.0

    def charge(
        self,
        key: str,
        order_id: str,
        customer_id: str,
        amount: int,
        currency: str,
        *,
        payment_method: str | None = None,
        billing_address: Address | None = None,
    ) -> Charge:
        """Charge an amount; calls with the same key make one charge, while the service knows the key."""
        body = {
            "reference": order_id,
            "customer_id": customer_id,
            "amount": amount,
            "currency": currency,
            "payment_method": payment_method,
            "billing_address": billing_address,
        }
        body = {name: value for name, value in body.items() if value is not None}
        return self.read(self.call("POST", "/charges", json=body, key=key, expected=_DONE), Charge)

    def find(self, order_id: str) -> list[Charge]:
        """List the charges of an order, the oldest first."""
        path = f"/charges?reference={quote(order_id, safe='')}"
        return self.read(self.call("GET", path, expected=frozenset({HTTPStatus.OK})), _Charges).charges

    def cancel(self, charge_id: str) -> None:
        """Cancel a charge that is processing, if the service still can; `find` tells."""
        path = f"/charges/{quote(charge_id, safe='')}/cancel"
        self.call("POST", path, expected=frozenset({HTTPStatus.OK, HTTPStatus.CONFLICT}))

    def refund(self, key: str, charge_id: str, amount: int) -> None:
        """Refund an amount of a charge; calls with the same key refund it once, while the service knows the key."""
        path = f"/charges/{quote(charge_id, safe='')}/refunds"
        self.call("POST", path, json={"amount": amount}, key=key, expected=_DONE)
