"""The products that a replay orders, added to the inventory."""

from collections.abc import Iterable

from tools.replay.invoices import Invoice
from tools.support.fakes_client import FakesClient

UNITS = 1_000_000_000
"""More of each product than any file orders."""


def products(invoices: Iterable[Invoice]) -> list[str]:
    """Return every product that is ordered, sorted."""
    return sorted({line.product_id for invoice in invoices for line in invoice.lines})


def fill(fakes: FakesClient, invoices: Iterable[Invoice]) -> dict[str, int]:
    """Stock every product that is ordered, without a price: the invoices name several prices for one product.

    Returns:
        The units of each product.
    """
    stock = dict.fromkeys(products(invoices), UNITS)
    updates = [
        {"product_id": product, "quantity": units, "unit_price": None, "currency": None}
        for product, units in stock.items()
    ]
    fakes.call("PUT", "/inventory/products", {"products": updates})
    return stock
