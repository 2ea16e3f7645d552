"""The fakes of the downstream services as the simulation uses them: called directly, and with calls that come late."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter, ValidationError

from fakes.cart import CartContents
from fakes.fakes import Fakes
from fakes.inventory import ProductUpdate
from fakes.payment import NewRefund, Settlement
from fakes.service import Fake, Operation, Refusal, Service
from orders.domain.clock import Clock

if TYPE_CHECKING:
    from datetime import datetime


ADDRESS = {"name": "Alice Johnson", "line1": "27 Elm Street", "city": "Madison", "region": "WI", "country": "US"}
ADJUSTMENTS = (
    {"kind": "discount", "amount": "-5.00", "description": "Voucher"},
    {"kind": "shipping", "amount": "4.90"},
    {"kind": "tax", "amount": "5.49"},
)


@dataclass(frozen=True, slots=True)
class Request:
    """A call to a service: method and path, as in ``POST /charges``, the query, its JSON body and `Idempotency-Key`."""

    service: Service
    method: str
    path: str
    body: str
    key: str | None
    query: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP status and a JSON body."""

    status: int
    body: bytes = b""


class BadCall(AssertionError):
    """A call that the service does not have: the client is wrong."""


class Services(Fakes):
    """All downstream services, and the calls that are still on their way to them.

    Attributes:
        late: those calls, each with the time of its arrival; their answers are dropped.
    """

    def __init__(self, clock: Clock, products: Mapping[str, tuple[str, int]]) -> None:
        super().__init__(now=clock.now, new_id=_numbered_ids())
        self._clock = clock
        self.late: list[tuple[datetime, Request]] = []
        self._losing: set[str] = set()
        self._one_at_a_time = Lock()
        for name, (price, quantity) in products.items():
            update = {"quantity": quantity, "unit_price": price}
            self.inventory.set_product(name, ProductUpdate.model_validate(update))

    def lose_answer(self, service: str) -> None:
        """Let the next answer of a service be lost."""
        self._losing.add(service)

    def loses_answer(self, service: str) -> bool:
        """Return whether this answer of a service is lost."""
        is_lost = service in self._losing
        self._losing.discard(service)
        return is_lost

    def arrive(self) -> None:
        """Deliver the delayed calls that are due; their answers are dropped."""
        now = self._clock.now()
        due = [request for at, request in self.late if at <= now]
        self.late = [(at, request) for at, request in self.late if at > now]
        for request in due:
            self.handle(request)

    def handle(self, request: Request) -> Response:
        """A service's answer, refusals included."""
        with self._one_at_a_time:
            try:
                return _call(self.by_name[request.service], request)
            except Refusal as refusal:
                return Response(refusal.status, json.dumps(refusal.document).encode())
            except ValidationError:
                return Response(HTTPStatus.UNPROCESSABLE_ENTITY, b'{"code": "validation_error"}')

    def fill_cart(self, customer: str, **items: int) -> None:
        """Put products into a customer's cart, in place of what is there, and go through the checkout."""
        contents = {
            "items": [{"product_id": name, "quantity": quantity, "name": name} for name, quantity in items.items()],
            "adjustments": ADJUSTMENTS,
            "shipping_address": ADDRESS,
            "shipping_method": "express",
            "payment_method": "pm_card_visa",
        }
        self.carts.set_cart(customer, CartContents.model_validate(contents))

    def settle_charges(self, status: Literal["succeeded", "declined"]) -> None:
        """Settle the charges that are processing."""
        for charge in list(self.payment.charges.values()):
            if charge.status == "processing":
                self.payment.settle_charge(charge.id, Settlement(status=status))

    def reverse_charges(self, order_id: str | None) -> None:
        """Take back what the charges of an order have taken."""
        for charge in list(self.payment.charges.values()):
            if charge.order_id == order_id and charge.captured and not charge.refunded_amount:
                self.payment.reverse_charge(charge.id)

    def refund_charges(self, order_id: str | None) -> None:
        """Refund the charges of an order, without the order service."""
        for charge in list(self.payment.charges.values()):
            if charge.order_id == order_id and charge.captured and not charge.refunded_amount:
                self.payment.create_refund(charge.id, NewRefund(amount=charge.amount), f"by hand {charge.id}")

    def forget_keys(self) -> None:
        """Forget all idempotency keys."""
        self.payment.forget_keys()
        self.shipping.forget_keys()

    def dispatch(self, order_id: str | None) -> bool:
        """Dispatch the shipments of an order; return whether any is dispatched."""
        parcels = [
            each
            for each in self.shipping.shipments.values()
            if each.order_id == order_id and each.status != "cancelled"
        ]
        for parcel in parcels:
            self.shipping.dispatch_shipment(parcel.id)
        return bool(parcels)


def _call(fake: Fake, request: Request) -> Response:
    """Call the operation that a request names."""
    for operation in fake.OPERATIONS:
        match = _pattern(operation).fullmatch(str(request))
        if match:
            arguments: dict[str, object] = {**match.groupdict(), **request.query}
            parameters = operation.function.__annotations__
            if "body" in parameters:
                arguments["body"] = _body(operation).validate_json(request.body)
            if "idempotency_key" in parameters and request.method == "POST":
                arguments["idempotency_key"] = request.key
            answer = operation.function(fake, **arguments)
            content = answer.body.model_dump_json(exclude_none=operation.exclude_none).encode() if answer.body else b""
            return Response(answer.status, content)
    raise BadCall(f"{request.service} has no {request}")


@cache
def _pattern(operation: Operation) -> re.Pattern[str]:
    path = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(operation.path))
    return re.compile(f"{operation.method} {path}")


@cache
def _body(operation: Operation) -> TypeAdapter[object]:
    return TypeAdapter(operation.function.__annotations__["body"])


def _numbered_ids() -> Callable[[str], str]:
    counts: Counter[str] = Counter()

    def new_id(prefix: str) -> str:
        counts[prefix] += 1
        return f"{prefix}_{counts[prefix]}"

    return new_id
