"""The shopping cart service: one cart for each customer."""

import json
import sqlite3
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from local.services.database import CurrentDatabase
from local.services.fields import Currency, Price, Units
from local.services.problems import ProblemError

router = APIRouter(prefix="/cart", tags=["cart"])


class CartItem(BaseModel):
    """A product in a cart, with a price where the cart states one."""

    product_id: str
    quantity: Units
    unit_price: Price | None = None


class CartContents(BaseModel):
    """What to put into a cart in place of what is there."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[CartItem], Field(max_length=1000)]
    currency: Currency = "USD"
    customer_name: str | None = None
    customer_email: str | None = None


class CartOrdered(BaseModel):
    """The news that a cart has become an order.

    Attributes:
        version: The version that was ordered; none stands for whatever the cart holds.
    """

    model_config = ConfigDict(extra="forbid")

    status: Literal["Ordered"]
    version: str | None = None


class Cart(BaseModel):
    """A customer's cart. Its version is unique, and a new one with each change of its contents."""

    customer_id: str
    version: str
    status: Literal["Active", "Ordered"]
    currency: Currency
    items: list[CartItem]
    customer_name: str | None
    customer_email: str | None


@router.get("/carts/{customer_id}", response_model_exclude_none=True)
async def get_cart(customer_id: str, database: CurrentDatabase) -> Cart:
    """Give a customer's cart."""
    with database.transaction() as connection:
        return _get(connection, customer_id)


@router.put("/carts/{customer_id}", response_model_exclude_none=True)
async def set_cart(customer_id: str, body: CartContents | CartOrdered, database: CurrentDatabase) -> Cart:
    """Fill a cart, or mark it as ordered."""
    with database.transaction() as connection:
        if isinstance(body, CartContents):
            fill(connection, customer_id, body)
        else:
            _mark_ordered(connection, customer_id, body)
        return _get(connection, customer_id)


def fill(connection: sqlite3.Connection, customer_id: str, contents: CartContents) -> None:
    """Make a customer's cart an active one of a new version with these contents."""
    connection.execute(
        """
        REPLACE INTO carts (customer_id, version, status, currency, items, customer_name, customer_email)
        VALUES (:customer_id, :version, 'Active', :currency, :items, :customer_name, :customer_email)
        """,
        {
            **contents.model_dump(),
            "customer_id": customer_id,
            "version": uuid4().hex,
            "items": json.dumps(contents.model_dump()["items"]),
        },
    )


def _get(connection: sqlite3.Connection, customer_id: str) -> Cart:
    row = connection.execute("SELECT * FROM carts WHERE customer_id = ?", (customer_id,)).fetchone()
    if row is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown_cart", f"The customer {customer_id!r} has no cart.")
    return Cart.model_validate({**dict(row), "items": json.loads(row["items"])})


def _mark_ordered(connection: sqlite3.Connection, customer_id: str, ordered: CartOrdered) -> None:
    cart = _get(connection, customer_id)
    if ordered.version not in {None, cart.version}:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "cart_changed",
            f"The cart is of version {cart.version!r}, not {ordered.version!r}.",
        )
    connection.execute("UPDATE carts SET status = 'Ordered' WHERE customer_id = ?", (customer_id,))
