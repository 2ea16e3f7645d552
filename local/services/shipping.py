"""The shipping service: parcels on their way to customers."""

import json
import sqlite3
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, JsonValue

from local.services.database import CurrentDatabase
from local.services.idempotency import IdempotencyKey, once
from local.services.knobs import CurrentFate
from local.services.problems import ProblemError

router = APIRouter(prefix="/shipping", tags=["shipping"])


class NewShipment(BaseModel):
    """What to send, for which order, and where to."""

    order_id: str
    lines: Annotated[list[dict[str, JsonValue]], Field(min_length=1)]
    address: JsonValue = None


class Shipment(NewShipment):
    """A parcel. It can be called back as long as it is ready and not dispatched."""

    id: str
    tracking_number: str
    status: Literal["ready", "dispatched", "cancelled"]


class Shipments(BaseModel):
    """Some shipments, in the order in which they were made."""

    shipments: list[Shipment]


@router.post("/shipments", status_code=HTTPStatus.CREATED)
async def create_shipment(
    body: NewShipment, key: IdempotencyKey, database: CurrentDatabase, response: Response
) -> Shipment:
    """Make a parcel ready. The same key again answers 200 with the same shipment as it is now."""

    def create() -> str:
        shipment_id = f"shp_{uuid4().hex}"
        connection.execute(
            """
            INSERT INTO shipments (id, order_id, tracking_number, status, lines, address)
            VALUES (?, ?, ?, 'ready', ?, ?)
            """,
            (
                shipment_id,
                body.order_id,
                f"TRK{uuid4().hex[:16].upper()}",
                json.dumps(body.lines),
                json.dumps(body.address),
            ),
        )
        return shipment_id

    with database.transaction() as connection:
        shipment_id, created = once(connection, "shipment", key, body.model_dump(), create)
        shipment = _get(connection, shipment_id)
    response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
    return shipment


@router.get("/shipments")
async def list_shipments(database: CurrentDatabase, order_id: str | None = None) -> Shipments:
    """List shipments: an order's, or all."""
    with database.transaction() as connection:
        rows = connection.execute(
            "SELECT * FROM shipments WHERE :order_id IS NULL OR order_id = :order_id ORDER BY rowid",
            {"order_id": order_id},
        )
        return Shipments(shipments=[_shipment(row) for row in rows])


@router.get("/shipments/{shipment_id}")
async def get_shipment(shipment_id: str, database: CurrentDatabase) -> Shipment:
    """Give a shipment."""
    with database.transaction() as connection:
        return _get(connection, shipment_id)


@router.post("/shipments/{shipment_id}/dispatch")
async def dispatch_shipment(shipment_id: str, database: CurrentDatabase) -> Shipment:
    """Let a parcel leave."""
    with database.transaction() as connection:
        if _get(connection, shipment_id).status == "cancelled":
            raise ProblemError(
                HTTPStatus.CONFLICT, "shipment_cancelled", f"The shipment {shipment_id!r} has been cancelled."
            )
        return _set_status(connection, shipment_id, "dispatched")


@router.post("/shipments/{shipment_id}/cancel")
async def cancel_shipment(shipment_id: str, fate: CurrentFate, database: CurrentDatabase) -> Shipment:
    """Call a parcel back, unless it has left or, as the knobs may have it, leaves at this moment."""
    with database.transaction() as connection:
        shipment = _get(connection, shipment_id)
        if shipment.status == "ready":
            status: Literal["dispatched", "cancelled"] = "dispatched" if fate.refuses_cancel else "cancelled"
            shipment = _set_status(connection, shipment_id, status)
    if shipment.status == "dispatched":
        raise ProblemError(HTTPStatus.CONFLICT, "already_left", f"The shipment {shipment_id!r} has left already.")
    return shipment


def _get(connection: sqlite3.Connection, shipment_id: str) -> Shipment:
    row = connection.execute("SELECT * FROM shipments WHERE id = ?", (shipment_id,)).fetchone()
    if row is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown_shipment", f"There is no shipment {shipment_id!r}.")
    return _shipment(row)


def _set_status(
    connection: sqlite3.Connection, shipment_id: str, status: Literal["dispatched", "cancelled"]
) -> Shipment:
    connection.execute("UPDATE shipments SET status = ? WHERE id = ?", (status, shipment_id))
    return _get(connection, shipment_id)


def _shipment(row: sqlite3.Row) -> Shipment:
    return Shipment.model_validate(
        {**dict(row), "lines": json.loads(row["lines"]), "address": json.loads(row["address"])}
    )
