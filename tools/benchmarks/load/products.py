"""The products that the simulated customers order: of their own, so that no other use of the stack runs them out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Locust's environment has no HTTP client
    from tools.support.fakes_client import FakesClient

PRODUCTS = tuple(f"LOAD{number}" for number in range(1, 8))
UNITS = 1_000_000_000
"""More of each product than any load orders."""
PRICE = {"unit_price": "19.99", "currency": "USD"}


def fill(fakes: "FakesClient") -> None:
    """Stock every product."""
    updates = [
        {"product_id": product, "name": f"Product {product}", "quantity": UNITS, **PRICE} for product in PRODUCTS
    ]
    fakes.call("PUT", "/inventory/products", {"products": updates})
