"""The payment service: charges and their refunds."""

from dataclasses import dataclass, field
from typing import Any, Literal

from tests.simulation.services.service import Answer, BadCall, Once, Refusal, Request

type ChargeStatus = Literal["succeeded", "declined", "processing"]


@dataclass(slots=True)
class Charge:
    """Money that was asked of a customer; it has been taken once the charge has succeeded."""

    id: str
    order_id: str
    amount: int
    status: ChargeStatus
    refunded: int = 0

    @property
    def captured(self) -> int:
        return self.amount if self.status == "succeeded" else 0


@dataclass(slots=True)
class Payment:
    """The service; `charges` are its books, and `verdict` is what becomes of new charges."""

    verdict: ChargeStatus = "succeeded"
    charges: dict[str, Charge] = field(default_factory=dict)
    _charged: Once = field(default_factory=Once)
    _refunded: Once = field(default_factory=Once)

    def handle(self, request: Request) -> Answer:
        match (request.method, *request.path):
            case ("POST", "charges"):
                return self._charge(request.key, request.body)
            case ("POST", "charges", name, "refunds"):
                return self._refund(request.key, name, request.body["amount"])
        raise BadCall(request)

    def settle(self, verdict: Literal["succeeded", "declined"]) -> None:
        """Let the charges that are processing end, as a bank would after a while."""
        for charge in self.charges.values():
            if charge.status == "processing":
                charge.status = verdict

    def _charge(self, key: str | None, body: Any) -> Answer:
        def create() -> str:
            name = f"ch_{len(self.charges) + 1}"
            self.charges[name] = Charge(name, body["order_id"], body["amount"], self.verdict)
            return name

        name, is_new = self._charged.do(key, body, create)
        charge = self.charges[name]
        reason = "card_declined" if charge.status == "declined" else None
        answer = {"id": name, "status": charge.status, "decline_reason": reason}
        return Answer(201 if is_new else 200, answer)

    def _refund(self, key: str | None, name: str, amount: int) -> Answer:
        charge = self.charges.get(name)
        if charge is None:
            raise Refusal(404, "unknown_charge")

        def create() -> str:
            if charge.refunded + amount > charge.captured:
                raise Refusal(409, "refund_exceeds_charge")
            charge.refunded += amount
            return f"re_{name}"

        refund, is_new = self._refunded.do(key, (name, amount), create)
        return Answer(201 if is_new else 200, {"id": refund, "status": "succeeded"})
