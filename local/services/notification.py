"""The notification service: messages to customers about their orders."""

import json
from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue

from local.services.clock import timestamp
from local.services.database import CurrentDatabase
from local.services.idempotency import IdempotencyKey, once

router = APIRouter(prefix="/notification", tags=["notification"])


class NotifiedOrder(BaseModel):
    """The order that a message is about: its id, and whatever else there is to tell."""

    model_config = ConfigDict(extra="allow")

    id: Annotated[str, Field(validation_alias=AliasChoices("id", "order_id"))]


class NewNotification(BaseModel):
    """A message to send."""

    template: str
    order: NotifiedOrder
    email: str | None = None


class Accepted(BaseModel):
    """The id of a message that was accepted."""

    id: str


class Notification(BaseModel):
    """A message that was sent."""

    id: str
    template: str
    order_id: str
    email: str | None
    order: dict[str, JsonValue]
    sent_at: str


class Notifications(BaseModel):
    """Some messages, in the order in which they were sent."""

    notifications: list[Notification]


@router.post("/notifications", status_code=HTTPStatus.ACCEPTED)
async def send_notification(body: NewNotification, key: IdempotencyKey, database: CurrentDatabase) -> Accepted:
    """Send a message. The same key again answers the same and sends nothing."""

    def create() -> str:
        notification_id = f"ntf_{uuid4().hex}"
        connection.execute(
            """
            INSERT INTO notifications (id, order_id, template, email, content, sent_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            (
                notification_id,
                body.order.id,
                body.template,
                body.email,
                body.order.model_dump_json(),
                timestamp(),
            ),
        )
        return notification_id

    with database.transaction() as connection:
        notification_id, _ = once(connection, "notification", key, body.model_dump(), create)
    return Accepted(id=notification_id)


@router.get("/notifications")
async def list_notifications(database: CurrentDatabase, order_id: str | None = None) -> Notifications:
    """List the messages that were sent: about an order, or all."""
    with database.transaction() as connection:
        rows = connection.execute(
            "SELECT * FROM notifications WHERE :order_id IS NULL OR order_id = :order_id ORDER BY rowid",
            {"order_id": order_id},
        )
        return Notifications(
            notifications=[
                Notification.model_validate({**dict(row), "order": json.loads(row["content"])}) for row in rows
            ]
        )
