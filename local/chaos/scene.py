"""The products, customers and carts of one run, under names that no other run on the same stack uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from local.chaos.plan import PRICES, Plan
from local.replay.api import Json
from local.replay.standins import StandIns

CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Scene:
    """Names everything after a run.

    Attributes:
        run: The run's own name.
    """

    run: str

    def product(self, name: str) -> str:
        """Returns the id of a product."""
        return f"{self.run}-{name}"

    def customer(self, plan: Plan) -> str:
        """Returns the id of the customer who places an order."""
        return f"{self.run}-{plan.customer}"

    def email(self, plan: Plan) -> str:
        """Returns the address that an order carries: its order is known by it when the answer was lost."""
        return f"order-{plan.number}@{self.run}.example.com"

    def order(self, plan: Plan) -> Json:
        """Returns an order as the API takes it."""
        return {
            "currency": CURRENCY,
            "customer_name": f"Customer {plan.customer}",
            "customer_email": self.email(plan),
            "items": self._items(plan),
        }

    def set(self, services: StandIns, stock: Mapping[str, int], plans: Iterable[Plan]) -> None:
        """Puts the products on the shelf, and what is to be ordered from carts into them."""
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
        services.call("PUT", "/inventory/products", {"products": products})
        for plan in plans:
            if plan.from_cart:
                services.call("PUT", f"/cart/carts/{self.customer(plan)}", self.order(plan))

    def _items(self, plan: Plan) -> list[dict[str, object]]:
        return [
            {"product_id": self.product(name), "quantity": quantity, "unit_price": f"{Decimal(PRICES[name]):f}"}
            for name, quantity in plan.units.items()
        ]
