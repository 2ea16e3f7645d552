"""The payment service: charges and their refunds."""

import sqlite3
from http import HTTPStatus
from typing import Literal
from uuid import uuid4

from fastapi import APIRouter, Response
from pydantic import BaseModel

from local.services.database import CurrentDatabase
from local.services.fields import Amount, Currency
from local.services.idempotency import IdempotencyKey, once
from local.services.knobs import ChargeStatus, CurrentFate
from local.services.problems import ProblemError

router = APIRouter(prefix="/payment", tags=["payment"])

DECLINE_REASON = "card_declined"


class NewCharge(BaseModel):
    """Money to take from a customer for an order."""

    order_id: str
    customer_id: str
    amount: Amount
    currency: Currency


class Charge(BaseModel):
    """Money that was asked of a customer. It has been taken once the charge has succeeded."""

    id: str
    status: ChargeStatus
    order_id: str
    amount: Amount
    currency: Currency
    refunded_amount: Amount
    decline_reason: str | None


class Charges(BaseModel):
    """Some charges, in the order in which they were made."""

    charges: list[Charge]


class NewRefund(BaseModel):
    """Money to give back."""

    amount: Amount


class Refund(BaseModel):
    """Money that was given back of a charge."""

    id: str
    status: Literal["succeeded"] = "succeeded"
    charge_id: str
    amount: Amount
    currency: Currency


class Settlement(BaseModel):
    """How a charge that was processing has ended."""

    status: Literal["succeeded", "declined"]


@router.post("/charges", status_code=HTTPStatus.CREATED)
async def create_charge(
    body: NewCharge, key: IdempotencyKey, fate: CurrentFate, database: CurrentDatabase, response: Response
) -> Charge:
    """Take money. The same key again answers 200 with the same charge as it is now."""

    def create() -> str:
        charge_id = f"ch_{uuid4().hex}"
        connection.execute(
            """
            INSERT INTO charges (id, idempotency_key, order_id, customer_id, amount, currency, status, decline_reason)
            VALUES (:id, :key, :order_id, :customer_id, :amount, :currency, :status, :decline_reason)
            """,
            {
                **body.model_dump(),
                "id": charge_id,
                "key": key,
                "status": fate.charge_status,
                "decline_reason": _decline_reason(fate.charge_status),
            },
        )
        return charge_id

    with database.transaction() as connection:
        charge_id, created = once(connection, "charge", key, body.model_dump(), create)
        charge = _get(connection, charge_id)
    response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
    return charge


@router.get("/charges")
async def list_charges(
    database: CurrentDatabase, order_id: str | None = None, idempotency_key: str | None = None
) -> Charges:
    """List charges: an order's, a key's, or all."""
    with database.transaction() as connection:
        rows = connection.execute(
            """
            SELECT * FROM charges
            WHERE (:order_id IS NULL OR order_id = :order_id)
              AND (:idempotency_key IS NULL OR idempotency_key = :idempotency_key)
            ORDER BY rowid
            """,
            {"order_id": order_id, "idempotency_key": idempotency_key},
        )
        return Charges(charges=[Charge.model_validate(dict(row)) for row in rows])


@router.get("/charges/{charge_id}")
async def get_charge(charge_id: str, database: CurrentDatabase) -> Charge:
    """Give a charge."""
    with database.transaction() as connection:
        return _get(connection, charge_id)


@router.post("/charges/{charge_id}/refunds", status_code=HTTPStatus.CREATED)
async def create_refund(
    charge_id: str, body: NewRefund, key: IdempotencyKey, database: CurrentDatabase, response: Response
) -> Refund:
    """Give money back, up to what was taken. The same key again answers 200 with the same refund."""

    def create() -> str:
        captured = charge.amount if charge.status == "succeeded" else 0
        if charge.refunded_amount + body.amount > captured:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "refund_exceeds_charge",
                f"{charge.refunded_amount} of {captured} are refunded already, {body.amount} are too much.",
            )
        connection.execute(
            "UPDATE charges SET refunded_amount = refunded_amount + ? WHERE id = ?", (body.amount, charge_id)
        )
        return f"re_{uuid4().hex}"

    with database.transaction() as connection:
        charge = _get(connection, charge_id)
        request = {**body.model_dump(), "charge_id": charge_id}
        refund_id, created = once(connection, "refund", key, request, create)
    response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
    return Refund(id=refund_id, charge_id=charge_id, amount=body.amount, currency=charge.currency)


@router.post("/charges/{charge_id}/settle")
async def settle_charge(charge_id: str, body: Settlement, database: CurrentDatabase) -> Charge:
    """End a charge that is processing, as a bank would after a while."""
    with database.transaction() as connection:
        charge = _get(connection, charge_id)
        if charge.status not in {"processing", body.status}:
            raise ProblemError(
                HTTPStatus.CONFLICT, "charge_settled", f"The charge {charge_id!r} is {charge.status} already."
            )
        connection.execute(
            "UPDATE charges SET status = ?, decline_reason = ? WHERE id = ?",
            (body.status, _decline_reason(body.status), charge_id),
        )
        return _get(connection, charge_id)


def _get(connection: sqlite3.Connection, charge_id: str) -> Charge:
    row = connection.execute("SELECT * FROM charges WHERE id = ?", (charge_id,)).fetchone()
    if row is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown_charge", f"There is no charge {charge_id!r}.")
    return Charge.model_validate(dict(row))


def _decline_reason(status: ChargeStatus) -> str | None:
    return DECLINE_REASON if status == "declined" else None
