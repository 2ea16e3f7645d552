"""The inventory service: products with their stock and, over the same stock, reservations."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from local.services import products, reservations
from local.services.database import CurrentDatabase, Database
from local.services.fields import Units
from local.services.problems import ProblemError
from local.services.products import Product, ProductUpdate
from local.services.reservations import Reservation

router = APIRouter(prefix="/inventory", tags=["inventory"])


class NamedProductUpdate(ProductUpdate):
    """What to set of a product that the path does not name."""

    product_id: str


class ProductUpdates(BaseModel):
    """What to set of many products, all at once."""

    products: list[NamedProductUpdate]


class Products(BaseModel):
    """Some products."""

    products: list[Product]


class WantedLine(BaseModel):
    """How much of a product to reserve."""

    product_id: str
    quantity: Units


class WantedLines(BaseModel):
    """What to reserve. Lines of the same product add up."""

    lines: Annotated[list[WantedLine], Field(min_length=1, max_length=1000)]


class Settings(BaseModel):
    """How the service behaves.

    Attributes:
        reservation_seconds: How long a reservation holds stock unless it is committed.
    """

    reservation_seconds: Annotated[float, Field(gt=0, le=10**9)]


@contextmanager
def _current_stock(database: Database) -> Iterator[sqlite3.Connection]:
    """A transaction that sees the stock of expired reservations as free."""
    with database.transaction() as connection:
        reservations.expire(connection)
        yield connection


@router.get("/products")
async def list_products(
    database: CurrentDatabase,
    after: Annotated[str, Query(description="The last id of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Products:
    """List products in the order of their ids."""
    with _current_stock(database) as connection:
        return Products(products=products.list_products(connection, after=after, limit=limit))


@router.put("/products")
async def set_products(body: ProductUpdates, database: CurrentDatabase) -> Products:
    """Set many products in one transaction."""
    with _current_stock(database) as connection:
        updated = [products.set_product(connection, update.product_id, update)[0] for update in body.products]
        return Products(products=updated)


@router.get("/products/{product_id}")
async def get_product(product_id: str, database: CurrentDatabase) -> Product:
    """Give a product and what is free of it."""
    with _current_stock(database) as connection:
        return products.get_product(connection, product_id)


@router.put("/products/{product_id}")
async def set_product(product_id: str, body: ProductUpdate, database: CurrentDatabase, response: Response) -> Product:
    """Set a product's stock and, if they are named, its name and price. Answers 201 when the product is new."""
    if body.product_id not in {None, product_id}:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "product_id_mismatch",
            f"The path names {product_id!r}, the body {body.product_id!r}.",
        )
    with _current_stock(database) as connection:
        product, created = products.set_product(connection, product_id, body)
    response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
    return product


@router.get("/reservations/{reservation_id}")
async def get_reservation(reservation_id: str, database: CurrentDatabase) -> Reservation:
    """Give a reservation."""
    with _current_stock(database) as connection:
        return reservations.get_reservation(connection, reservation_id)


@router.put("/reservations/{reservation_id}")
async def reserve(reservation_id: str, body: WantedLines, database: CurrentDatabase, response: Response) -> Reservation:
    """Reserve all lines or none. Answers 201 when the reservation is new."""
    lines: Counter[str] = Counter()
    for line in body.lines:
        lines[line.product_id] += line.quantity
    with _current_stock(database) as connection:
        reservation, created = reservations.reserve(connection, reservation_id, lines)
    response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
    return reservation


@router.post("/reservations/{reservation_id}/commit")
async def commit(reservation_id: str, database: CurrentDatabase) -> Reservation:
    """Make a reservation last."""
    with _current_stock(database) as connection:
        return reservations.commit(connection, reservation_id)


@router.delete("/reservations/{reservation_id}", status_code=HTTPStatus.NO_CONTENT)
async def release(reservation_id: str, database: CurrentDatabase) -> None:
    """Give back what a reservation holds; one that is still to come will hold nothing."""
    with _current_stock(database) as connection:
        reservations.release(connection, reservation_id)


@router.put("/settings")
async def set_settings(body: Settings, database: CurrentDatabase) -> Settings:
    """Set how long the reservations that are made from now on last."""
    with _current_stock(database) as connection:
        reservations.set_reservation_seconds(connection, body.reservation_seconds)
    return body
