"""Tables."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, str: Text, datetime: DateTime(timezone=True)}  # noqa: RUF012


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
