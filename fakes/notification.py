"""The notification service: messages to customers about their orders."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from fakes.service import Answer, IdempotencyKey, Keys, Operation, of_order
from fakes.values import Currency, Record, Text, timestamp


class NotifiedOrder(BaseModel):
    """The order that a message is about. Whatever else an order has is refused: no message needs it.

    Attributes:
        number: The number that the customer knows the order by.
        total: What the customer pays, in major units of the currency.
    """

    model_config = ConfigDict(extra="forbid")

    id: Text
    number: Annotated[int, Field(strict=True, ge=100_001)]
    customer_id: Text
    customer_name: str | None = None
    total: Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")]
    currency: Currency


class NewNotification(BaseModel):
    """A message to send; to nobody where the customer's e-mail address is not known."""

    model_config = ConfigDict(extra="forbid")

    template: Annotated[str, Field(pattern="^[a-z_]+$")]
    order: NotifiedOrder
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None


class Accepted(BaseModel):
    """The id of a message that was accepted."""

    id: str


class Notification(Record):
    """A message that was sent."""

    id: str
    template: str
    order_id: str
    email: str | None
    order: dict[str, JsonValue]
    sent_at: str


class Notifications(BaseModel):
    """Messages in the order in which they were sent."""

    notifications: list[Notification]


@dataclass(slots=True)
class NotificationService:
    """The service.

    Attributes:
        sent: Messages by id.
        keys: The idempotency keys that were used.
        new_id: Returns a new id with a prefix.
        now: Returns the time.
    """

    sent: MutableMapping[str, Notification]
    keys: Keys
    new_id: Callable[[str], str]
    now: Callable[[], datetime]

    def send_notification(self, body: NewNotification, idempotency_key: IdempotencyKey = None) -> Answer[Accepted]:
        """Send a message. The same key again answers the same and sends nothing."""

        def create() -> str:
            notification = Notification(
                id=self.new_id("ntf"),
                order_id=body.order.id,
                sent_at=timestamp(self.now()),
                **body.model_dump(),
            )
            self.sent[notification.id] = notification
            return notification.id

        notification_id, _ = self.keys.once("notification", idempotency_key, body.model_dump(), create)
        return Answer(Accepted(id=notification_id), HTTPStatus.ACCEPTED)

    def list_notifications(self, order_id: str | None = None) -> Answer[Notifications]:
        """List the messages that were sent: about an order, or all."""
        return Answer(Notifications(notifications=of_order(self.sent.values(), order_id)))

    OPERATIONS: ClassVar[tuple[Operation, ...]] = (
        Operation("POST", "/notifications", send_notification, HTTPStatus.ACCEPTED),
        Operation("GET", "/notifications", list_notifications),
    )
