"""The products, customers and carts of one run, under names that no other run on the same stack uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tools.chaos.plan import PRICES, Plan
from tools.support.api import Json
from tools.support.fakes_client import FakesClient

CURRENCY = "USD"
ADDRESS = {"line1": "27 Elm Street", "city": "Madison", "region": "WI", "postal_code": "53703", "country": "US"}
ADJUSTMENTS = (
    {"kind": "shipping", "amount": "5.99", "description": "Standard delivery"},
    {"kind": "discount", "amount": "-1.00", "description": "Voucher"},
)
"""Of carts: only the shop's own services may add amounts to an order."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Names everything after a run.

    Attributes:
        run: The run's own name.
    """

    run: str

    def product(self, name: str) -> str:
        """Return the id of a product."""
        return f"{self.run}-{name}"

    def customer(self, plan: Plan) -> str:
        """Return the id of the customer who places an order."""
        return f"{self.run}-{plan.customer}"

    def email(self, plan: Plan) -> str:
        """Return the e-mail address by which an order is found when its answer was lost."""
        return f"order-{plan.number}@{self.run}.example.com"

    def order(self, plan: Plan) -> Json:
        """Return an order as the API takes it."""
        return {
            "currency": CURRENCY,
            "customer_name": f"Customer {plan.customer}",
            "customer_email": self.email(plan),
            "items": self._items(plan),
            "shipping_address": ADDRESS,
            "billing_address": ADDRESS,
            "shipping_method": "standard",
            "payment_method": "pm_card_visa",
        }

    def set(self, fakes: FakesClient, stock: Mapping[str, int], plans: Iterable[Plan]) -> None:
        """Stock the products and fill the carts."""
        products = [
            {
                "product_id": self.product(name),
                "name": name.capitalize(),
                "quantity": quantity,
                "unit_price": PRICES[name],
                "currency": CURRENCY,
            }
            for name, quantity in stock.items()
        ]
        fakes.call("PUT", "/inventory/products", {"products": products})
        for plan in plans:
            if plan.from_cart:
                cart = {**self.order(plan), "adjustments": ADJUSTMENTS}
                fakes.call("PUT", f"/cart/carts/{self.customer(plan)}", cart)

    def _items(self, plan: Plan) -> list[dict[str, object]]:
        return [
            {"product_id": self.product(name), "quantity": quantity, "unit_price": f"{Decimal(PRICES[name]):f}"}
            for name, quantity in plan.units.items()
        ]
