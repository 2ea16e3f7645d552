"""The shopping cart service: one cart for each customer."""

from dataclasses import dataclass, field
from typing import Literal

from tests.simulation.services.service import Answer, BadCall, Refusal, Request


@dataclass(slots=True)
class Cart:
    """What a customer is about to order; its version changes with its contents."""

    version: str
    items: dict[str, int]
    status: Literal["Active", "Ordered"] = "Active"


@dataclass(slots=True)
class Carts:
    """The service; `carts` are its books, by customer."""

    carts: dict[str, Cart] = field(default_factory=dict)
    _versions: int = 0

    def handle(self, request: Request) -> Answer:
        match (request.method, *request.path):
            case ("GET", "carts", customer):
                cart = self._cart(customer)
                items = [{"product_id": product, "quantity": quantity} for product, quantity in cart.items.items()]
                return Answer(200, {"version": cart.version, "status": cart.status, "items": items})
            case ("PUT", "carts", customer):
                cart = self._cart(customer)
                if request.body["version"] != cart.version:
                    raise Refusal(409, "cart_changed")
                cart.status = "Ordered"
                return Answer(200, {})
        raise BadCall(request)

    def fill(self, customer: str, **items: int) -> None:
        """Put products into a customer's cart, in place of what is there."""
        self._versions += 1
        self.carts[customer] = Cart(f"v{self._versions}", items)

    def _cart(self, customer: str) -> Cart:
        cart = self.carts.get(customer)
        if cart is None:
            raise Refusal(404, "unknown_cart")
        return cart
