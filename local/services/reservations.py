"""Reservations: stock that is set aside, all lines or none, until it is committed, released or expires."""

import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel

from local.services.clock import timestamp
from local.services.fields import Currency, Price, Units
from local.services.problems import ProblemError
from local.services.products import Product, find_product

type Lines = Mapping[str, int]
"""How many units of each product, by product id."""


class ReservationLine(BaseModel):
    """What is reserved of one product, at the price it had then."""

    product_id: str
    quantity: Units
    unit_price: Price | None
    currency: Currency | None


class Reservation(BaseModel):
    """A reservation.

    Attributes:
        expires_at: When the hold ends or ended; null when it cannot end by itself.
    """

    reservation_id: str
    status: Literal["held", "committed", "expired", "released"]
    expires_at: str | None
    lines: list[ReservationLine]


def set_reservation_seconds(connection: sqlite3.Connection, seconds: float) -> None:
    """Let reservations that are made from now on expire after so many seconds."""
    connection.execute("UPDATE inventory_settings SET reservation_seconds = ?", (seconds,))


def expire(connection: sqlite3.Connection) -> None:
    """Give back the stock of every reservation that has been held for too long."""
    due = connection.execute(
        "UPDATE reservations SET status = 'expired' WHERE status = 'held' AND expires_at <= ? RETURNING reservation_id",
        (timestamp(),),
    ).fetchall()
    for (reservation_id,) in due:
        _give_back(connection, reservation_id)


def get_reservation(connection: sqlite3.Connection, reservation_id: str) -> Reservation:
    """The reservation of that id.

    Raises:
        ProblemError: There is none.
    """
    reservation = _find_reservation(connection, reservation_id)
    if reservation is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown_reservation", f"There is no reservation {reservation_id!r}.")
    return reservation


def reserve(connection: sqlite3.Connection, reservation_id: str, lines: Lines) -> tuple[Reservation, bool]:
    """Hold stock under an id, unless the id holds it already.

    Returns:
        The reservation, and whether the id is a new one.

    Raises:
        ProblemError: A product is unknown or short, or the id was released or stands for other lines.
    """
    existing = _find_reservation(connection, reservation_id)
    if existing is not None:
        _refuse_if_released(existing)
        if lines != {line.product_id: line.quantity for line in existing.lines}:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "reservation_mismatch",
                f"The reservation {reservation_id!r} is for other lines.",
            )
        if existing.status != "expired":
            return existing, False
    products = _take(connection, lines)
    (seconds,) = connection.execute("SELECT reservation_seconds FROM inventory_settings").fetchone()
    connection.execute(
        """
        INSERT INTO reservations (reservation_id, status, expires_at) VALUES (?, 'held', ?)
        ON CONFLICT (reservation_id) DO UPDATE SET status = excluded.status, expires_at = excluded.expires_at
        """,
        (reservation_id, timestamp(seconds_ahead=seconds)),
    )
    connection.executemany(
        """
        INSERT INTO reservation_lines (reservation_id, product_id, quantity, unit_price, currency)
        VALUES (:reservation_id, :product_id, :wanted, :unit_price, :currency)
        ON CONFLICT (reservation_id, product_id) DO UPDATE
        SET unit_price = excluded.unit_price, currency = excluded.currency
        """,
        [
            {**product.model_dump(), "reservation_id": reservation_id, "wanted": lines[product.product_id]}
            for product in products
        ],
    )
    return get_reservation(connection, reservation_id), existing is None


def commit(connection: sqlite3.Connection, reservation_id: str) -> Reservation:
    """Make a reservation last; one that has expired takes its stock again.

    Raises:
        ProblemError: There is no such reservation, it was released, or its stock has gone to somebody else.
    """
    reservation = get_reservation(connection, reservation_id)
    _refuse_if_released(reservation)
    if reservation.status == "expired":
        _take(connection, {line.product_id: line.quantity for line in reservation.lines})
    connection.execute(
        "UPDATE reservations SET status = 'committed', expires_at = NULL WHERE reservation_id = ?", (reservation_id,)
    )
    return get_reservation(connection, reservation_id)


def release(connection: sqlite3.Connection, reservation_id: str) -> None:
    """Give back what an id holds, and let it hold nothing ever after, even if it is unknown so far."""
    existing = _find_reservation(connection, reservation_id)
    if existing is not None and existing.status in {"held", "committed"}:
        _give_back(connection, reservation_id)
    connection.execute(
        """
        INSERT INTO reservations (reservation_id, status) VALUES (?, 'released')
        ON CONFLICT (reservation_id) DO UPDATE SET status = excluded.status, expires_at = NULL
        """,
        (reservation_id,),
    )


def _find_reservation(connection: sqlite3.Connection, reservation_id: str) -> Reservation | None:
    row = connection.execute("SELECT * FROM reservations WHERE reservation_id = ?", (reservation_id,)).fetchone()
    if row is None:
        return None
    lines = connection.execute(
        "SELECT * FROM reservation_lines WHERE reservation_id = ? ORDER BY rowid", (reservation_id,)
    )
    return Reservation.model_validate({**dict(row), "lines": [dict(line) for line in lines]})


def _refuse_if_released(reservation: Reservation) -> None:
    if reservation.status == "released":
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "reservation_released",
            f"The reservation {reservation.reservation_id!r} has been released.",
        )


def _take(connection: sqlite3.Connection, lines: Lines) -> list[Product]:
    """Take stock for all lines or none, and return the products as they were."""
    found = {product_id: find_product(connection, product_id) for product_id in lines}
    unknown = [product_id for product_id, product in found.items() if product is None]
    if unknown:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "unknown_product",
            f"There is no product {', '.join(map(repr, unknown))}.",
            product_ids=unknown,
        )
    products = [product for product in found.values() if product is not None]
    shortages = [
        {"product_id": product.product_id, "requested": lines[product.product_id], "available": product.quantity}
        for product in products
        if product.quantity < lines[product.product_id]
    ]
    if shortages:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "insufficient_stock",
            f"There is too little of {len(shortages)} of {len(lines)} products.",
            shortages=shortages,
        )
    connection.executemany(
        "UPDATE products SET quantity = quantity - ? WHERE product_id = ?",
        [(quantity, product_id) for product_id, quantity in lines.items()],
    )
    return products


def _give_back(connection: sqlite3.Connection, reservation_id: str) -> None:
    connection.execute(
        """
        UPDATE products SET quantity = products.quantity + line.quantity
        FROM reservation_lines AS line
        WHERE line.reservation_id = ? AND line.product_id = products.product_id
        """,
        (reservation_id,),
    )
