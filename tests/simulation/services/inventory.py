"""The inventory: products that are read and written, and reservations over the same stock."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from orders.domain.clock import Clock
from tests.simulation.services.service import Answer, BadCall, Refusal, Request

RESERVED_FOR = timedelta(minutes=15)


@dataclass(slots=True)
class Product:
    """What is free of a product, and what one costs."""

    quantity: int
    unit_price: str


@dataclass(slots=True)
class Reservation:
    """Stock set aside under an id."""

    status: Literal["held", "committed", "expired", "released"]
    expires_at: datetime
    lines: Mapping[str, int]

    @property
    def has_stock(self) -> bool:
        return self.status in {"held", "committed"}


@dataclass(slots=True)
class Inventory:
    """The service; `products` and `reservations` are its books."""

    clock: Clock
    products: dict[str, Product]
    reservations: dict[str, Reservation] = field(default_factory=dict)

    def handle(self, request: Request) -> Answer:
        self.expire()
        match (request.method, *request.path):
            case ("GET", "products", name):
                return Answer(200, self._shown(name))
            case ("PUT", "products", name):
                return self._set_product(name, request.body["quantity"])
            case ("PUT", "reservations", name):
                lines: Counter[str] = Counter()
                for line in request.body["lines"]:
                    lines[line["product_id"]] += line["quantity"]
                return self._reserve(name, lines)
            case ("POST", "reservations", name, "commit"):
                return self._commit(name)
            case ("DELETE", "reservations", name):
                return self._release(name)
        raise BadCall(request)

    def expire(self) -> None:
        """Give back what has been set aside for too long."""
        for reservation in self.reservations.values():
            if reservation.status == "held" and reservation.expires_at <= self.clock.now():
                self._give_back(reservation, "expired")

    def _set_product(self, name: str, quantity: int) -> Answer:
        if quantity < 0:
            raise Refusal(422, "validation_error")
        self._product(name).quantity = quantity
        return Answer(200, self._shown(name))

    def _reserve(self, name: str, lines: Mapping[str, int]) -> Answer:
        existing = self.reservations.get(name)
        if existing is not None and existing.status == "released":
            raise Refusal(409, "reservation_released")
        if existing is not None and existing.lines != lines:
            raise Refusal(409, "reservation_mismatch")
        if existing is None or existing.status == "expired":
            self._take(lines)
            self.reservations[name] = Reservation("held", self.clock.now() + RESERVED_FOR, lines)
        shown = [{**self._shown(product), "quantity": quantity} for product, quantity in lines.items()]
        return Answer(201 if existing is None else 200, {"reservation_id": name, "lines": shown})

    def _commit(self, name: str) -> Answer:
        reservation = self.reservations.get(name)
        if reservation is None:
            raise Refusal(404, "unknown_reservation")
        if reservation.status == "released":
            raise Refusal(409, "reservation_released")
        if reservation.status == "expired":
            self._take(reservation.lines)
        reservation.status = "committed"
        return Answer(200, {"reservation_id": name})

    def _release(self, name: str) -> Answer:
        reservation = self.reservations.setdefault(name, Reservation("released", self.clock.now(), {}))
        if reservation.has_stock:
            self._give_back(reservation, "released")
        reservation.status = "released"
        return Answer(204)

    def _take(self, lines: Mapping[str, int]) -> None:
        unknown = [product for product in lines if product not in self.products]
        if unknown:
            raise Refusal(422, "unknown_product", product_ids=unknown)
        shortages = [
            {"product_id": product, "requested": quantity, "available": self.products[product].quantity}
            for product, quantity in lines.items()
            if quantity > self.products[product].quantity
        ]
        if shortages:
            raise Refusal(409, "insufficient_stock", shortages=shortages)
        for product, quantity in lines.items():
            self.products[product].quantity -= quantity

    def _give_back(self, reservation: Reservation, status: Literal["expired", "released"]) -> None:
        for product, quantity in reservation.lines.items():
            self.products[product].quantity += quantity
        reservation.status = status

    def _product(self, name: str) -> Product:
        product = self.products.get(name)
        if product is None:
            raise Refusal(404, "unknown_product")
        return product

    def _shown(self, name: str) -> dict[str, Any]:
        product = self._product(name)
        return {
            "product_id": name,
            "quantity": product.quantity,
            "unit_price": product.unit_price,
            "currency": "USD",
        }
