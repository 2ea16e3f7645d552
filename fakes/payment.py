"""The payment service: charges and their refunds."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar, Literal

from pydantic import BaseModel

from fakes.address import Address
from fakes.service import Answer, IdempotencyKey, Keys, Operation, Refusal, created, get_or_refuse, of_order
from fakes.values import Amount, Currency, Label, Record, StrictBody, Text

type ChargeStatus = Literal["succeeded", "declined", "processing", "cancelled"]

DECLINE_REASON = "card_declined"


class NewCharge(StrictBody):
    """Money to take from a customer for an order, which is the reference."""

    reference: Text
    customer_id: Text
    amount: Amount
    currency: Currency
    payment_method: Label | None = None
    billing_address: Address | None = None


class Charge(Record):
    """A charge. The money has been taken once it has succeeded.

    Attributes:
        payment_method: As received; null if the request had none.
        billing_address: The same.
    """

    id: str
    status: ChargeStatus
    order_id: str
    amount: Amount
    currency: Currency
    payment_method: str | None = None
    billing_address: Address | None = None
    refunded_amount: Amount = 0
    decline_reason: str | None = None

    @property
    def captured(self) -> int:
        """How much money was taken, in minor units; refunds do not lower it."""
        return self.amount if self.status == "succeeded" else 0

    def ended(self, status: ChargeStatus) -> "Charge":
        """Return the charge with another status."""
        return self.model_copy(
            update={"status": status, "decline_reason": DECLINE_REASON if status == "declined" else None}
        )


class Charges(BaseModel):
    """Charges in the order in which they were created."""

    charges: list[Charge]


class NewRefund(StrictBody):
    """Money to give back."""

    amount: Amount


class Refund(BaseModel):
    """Money of a charge that was given back."""

    id: str
    status: Literal["succeeded"] = "succeeded"
    charge_id: str
    amount: Amount
    currency: Currency


class Settlement(BaseModel):
    """The final status of a charge that was processing."""

    status: Literal["succeeded", "declined"]


@dataclass(slots=True)
class Payment:
    """The service.

    Attributes:
        charges: By id.
        keys: The idempotency keys that were used.
        new_id: Returns a new id with a prefix.
        outcome: The status of new charges.
    """

    charges: MutableMapping[str, Charge]
    keys: Keys
    new_id: Callable[[str], str]
    outcome: ChargeStatus = "succeeded"

    def create_charge(self, body: NewCharge, idempotency_key: IdempotencyKey = None) -> Answer[Charge]:
        """Take money. The same key again answers 200 with the same charge as it is now."""

        def create() -> str:
            charge = Charge(
                id=self.new_id("ch"),
                status="processing",
                order_id=body.reference,
                **body.model_dump(exclude={"reference", "customer_id"}),
            )
            self.charges[charge.id] = charge.ended(self.outcome)
            return charge.id

        charge_id, is_new = self.keys.once("charge", idempotency_key, body.model_dump(exclude_none=True), create)
        return created(self.charges[charge_id], is_new=is_new)

    def list_charges(
        self, reference: str | None = None, order_id: str | None = None, idempotency_key: str | None = None
    ) -> Answer[Charges]:
        """List charges: an order's, a key's, or all. `reference` and `order_id` are names of the same."""
        charges = of_order(self.charges.values(), reference or order_id)
        if idempotency_key is not None:
            charge_id = self.keys.find("charge", idempotency_key)
            charges = [charge for charge in charges if charge.id == charge_id]
        return Answer(Charges(charges=charges))

    def get_charge(self, charge_id: str) -> Answer[Charge]:
        """Return a charge."""
        return Answer(self._get(charge_id))

    def cancel_charge(self, charge_id: str) -> Answer[Charge]:
        """Cancel a charge that is processing: it can no longer succeed."""
        charge = self._get(charge_id)
        if charge.status == "succeeded":
            raise Refusal(HTTPStatus.CONFLICT, "charge_settled", f"The charge {charge_id!r} has succeeded already.")
        if charge.status == "processing":
            self.charges[charge_id] = charge.ended("cancelled")
        return self.get_charge(charge_id)

    def create_refund(self, charge_id: str, body: NewRefund, idempotency_key: IdempotencyKey = None) -> Answer[Refund]:
        """Give money back, up to what was taken. The same key again answers 200 with the same refund."""
        charge = self._get(charge_id)

        def create() -> str:
            refunded = charge.refunded_amount + body.amount
            if refunded > charge.captured:
                raise Refusal(
                    HTTPStatus.CONFLICT,
                    "refund_exceeds_charge",
                    f"{charge.refunded_amount} of {charge.captured} are refunded already, {body.amount} are too much.",
                )
            self.charges[charge_id] = charge.model_copy(update={"refunded_amount": refunded})
            return self.new_id("re")

        request = {"amount": body.amount, "charge_id": charge_id}
        refund_id, is_new = self.keys.once("refund", idempotency_key, request, create)
        refund = Refund(id=refund_id, charge_id=charge_id, amount=body.amount, currency=charge.currency)
        return created(refund, is_new=is_new)

    def settle_charge(self, charge_id: str, body: Settlement) -> Answer[Charge]:
        """End a charge that is processing, as a bank would after a while."""
        charge = self._get(charge_id)
        if charge.status not in {"processing", body.status}:
            raise Refusal(
                HTTPStatus.CONFLICT, "charge_settled", f"The charge {charge_id!r} is {charge.status} already."
            )
        self.charges[charge_id] = charge.ended(body.status)
        return self.get_charge(charge_id)

    def reverse_charge(self, charge_id: str) -> Answer[Charge]:
        """Take back what a charge had taken, as a bank does that has been deceived: it is declined after all."""
        charge = self._get(charge_id)
        if charge.status != "succeeded" or charge.refunded_amount:
            raise Refusal(
                HTTPStatus.CONFLICT,
                "charge_not_reversible",
                f"The charge {charge_id!r} is {charge.status} or refunded.",
            )
        self.charges[charge_id] = charge.ended("declined")
        return self.get_charge(charge_id)

    def forget_keys(self) -> Answer[None]:
        """Forget all idempotency keys, as services do after a day."""
        self.keys.forget("charge", "refund")
        return Answer(None, HTTPStatus.NO_CONTENT)

    def _get(self, charge_id: str) -> Charge:
        return get_or_refuse(self.charges, charge_id, "charge")

    OPERATIONS: ClassVar[tuple[Operation, ...]] = (
        Operation("POST", "/charges", create_charge, HTTPStatus.CREATED),
        Operation("GET", "/charges", list_charges),
        Operation("GET", "/charges/{charge_id}", get_charge),
        Operation("POST", "/charges/{charge_id}/cancel", cancel_charge),
        Operation("POST", "/charges/{charge_id}/refunds", create_refund, HTTPStatus.CREATED),
        Operation("POST", "/charges/{charge_id}/settle", settle_charge),
        Operation("POST", "/charges/{charge_id}/reverse", reverse_charge),
        Operation("DELETE", "/keys", forget_keys, HTTPStatus.NO_CONTENT),
    )
