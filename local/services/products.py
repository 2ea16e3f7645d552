"""Products: what is free to sell, and at which price."""

import sqlite3
from http import HTTPStatus

from pydantic import BaseModel

from local.services.fields import Currency, Price, Stock
from local.services.problems import ProblemError

DEFAULT_CURRENCY = "USD"
"""The currency of a price that is set without one."""


class Product(BaseModel):
    """A product. Price and currency are null where the service states no price."""

    product_id: str
    name: str | None = None
    quantity: int
    unit_price: Price | None = None
    currency: Currency | None = None


class ProductUpdate(BaseModel):
    """What to set of a product. Fields that are left out keep their value."""

    product_id: str | None = None
    name: str | None = None
    quantity: Stock
    unit_price: Price | None = None
    currency: Currency | None = None


def get_product(connection: sqlite3.Connection, product_id: str) -> Product:
    """The product of that id.

    Raises:
        ProblemError: There is none.
    """
    product = find_product(connection, product_id)
    if product is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown_product", f"There is no product {product_id!r}.")
    return product


def find_product(connection: sqlite3.Connection, product_id: str) -> Product | None:
    """The product of that id, if there is one."""
    row = connection.execute("SELECT * FROM products WHERE product_id = ?", (product_id,)).fetchone()
    return None if row is None else Product.model_validate(dict(row))


def list_products(connection: sqlite3.Connection, *, after: str, limit: int) -> list[Product]:
    """Products in the order of their ids.

    Args:
        connection: A transaction.
        after: The id to start behind.
        limit: How many at most.
    """
    rows = connection.execute("SELECT * FROM products WHERE product_id > ? ORDER BY product_id LIMIT ?", (after, limit))
    return [Product.model_validate(dict(row)) for row in rows]


def set_product(connection: sqlite3.Connection, product_id: str, update: ProductUpdate) -> tuple[Product, bool]:
    """Set a product's stock and what else the update names.

    Returns:
        The product, and whether it is a new one.
    """
    existing = find_product(connection, product_id)
    product = Product.model_validate(
        {
            **({} if existing is None else existing.model_dump()),
            **update.model_dump(exclude_unset=True),
            "product_id": product_id,
        }
    )
    if product.unit_price is not None and product.currency is None:
        product.currency = DEFAULT_CURRENCY
    connection.execute(
        """
        INSERT INTO products (product_id, name, quantity, unit_price, currency)
        VALUES (:product_id, :name, :quantity, :unit_price, :currency)
        ON CONFLICT (product_id) DO UPDATE
        SET name = excluded.name, quantity = excluded.quantity,
            unit_price = excluded.unit_price, currency = excluded.currency
        """,
        product.model_dump(),
    )
    return product, existing is None
