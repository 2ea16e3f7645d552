"""The products that a replay orders, put into the stand-in inventory."""

from collections.abc import Iterable

import httpx

from local.errors import LocalError
from local.replay.invoices import Invoice

UNITS = 1_000_000_000
"""More of each product than any file orders."""


def products(invoices: Iterable[Invoice]) -> list[str]:
    """Returns every product that is ordered, sorted."""
    return sorted({line.product_id for invoice in invoices for line in invoice.lines})


def fill(services: httpx.Client, invoices: Iterable[Invoice]) -> int:
    """Puts every product that is ordered on the shelf, without a price: the invoices name several for one product.

    Args:
        services: Knows the address of the stand-in services.
        invoices: What is going to be sent.

    Returns:
        How many products there are.

    Raises:
        LocalError: The stand-in inventory does not take them.
    """
    updates = [
        {"product_id": product, "quantity": UNITS, "unit_price": None, "currency": None}
        for product in products(invoices)
    ]
    try:
        answer = services.put("/inventory/products", json={"products": updates})
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise LocalError(f"The stand-in inventory takes no products, `make status` tells what runs: {error}") from error
    return len(updates)
