"""Tables."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        datetime: DateTime(timezone=True),
    }


class OrderItem(Base):
    __tablename__ = "order_items"
    __table_args__ = {"schema": "peer"}  # noqa: RUF012

    order_id: Mapped[UUID] = mapped_column(ForeignKey("peer.orders.id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int]


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = {"schema": "peer"}  # noqa: RUF012

    id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    customer_name: Mapped[str | None]
    customer_email: Mapped[str | None]
    status: Mapped[str]
    payment_status: Mapped[str]
    shipping_status: Mapped[str]
    currency: Mapped[str]
    total: Mapped[int]
    line_count: Mapped[int]
    cart_version: Mapped[str | None]
    cancel_reason: Mapped[str | None]
    failure_reason: Mapped[str | None]
    tracking_number: Mapped[str | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    items: Mapped[list[OrderItem]] = relationship(order_by=OrderItem.line_no)


class OrderEvent(Base):
    __tablename__ = "order_events"
    __table_args__ = {"schema": "peer"}  # noqa: RUF012

    order_id: Mapped[UUID] = mapped_column(ForeignKey("peer.orders.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[str]
    status: Mapped[str]
    payment_status: Mapped[str]
    shipping_status: Mapped[str]
    occurred_at: Mapped[datetime]


class Task(Base):
    __tablename__ = "outbox"
    __table_args__ = {"schema": "peer"}  # noqa: RUF012

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("peer.orders.id"))
    kind: Mapped[str]
    template: Mapped[str | None]


class IdempotencyKey(Base):
    __tablename__ = "idempotency_keys"
    __table_args__ = {"schema": "peer"}  # noqa: RUF012

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    order_id: Mapped[UUID]
    expires_at: Mapped[datetime]
