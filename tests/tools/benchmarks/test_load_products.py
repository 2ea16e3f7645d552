"""The load has products of its own: after the README's steps have used up the others, it still runs."""

from fakes import demo
from tools.benchmarks.load import products
from tools.support.fakes_client import FakesClient


def test_given_no_stock_of_others_when_filled_then_the_loads_is_there(
    fakes: FakesClient,
) -> None:
    updates = [{"product_id": product, "quantity": 0} for product in demo.PRODUCTS]
    fakes.call("PUT", "/inventory/products", {"products": updates})
    products.fill(fakes)
    lines = [{"product_id": product, "quantity": 1000} for product in products.PRODUCTS]
    reserved = fakes.call("PUT", "/inventory/reservations/load", {"lines": lines})
    assert all(line["unit_price"] and line["currency"] for line in reserved["lines"])
