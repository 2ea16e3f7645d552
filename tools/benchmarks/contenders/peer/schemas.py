"""Requests and answers."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, computed_field

CANCELLABLE = {"pending", "confirmed"}

Amount = Annotated[int, PlainSerializer(lambda minor: f"{Decimal(minor).scaleb(-2):.2f}")]
Moment = Annotated[
    datetime,
    PlainSerializer(lambda at: at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")),
]


class ItemIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    product_id: str = Field(min_length=1, max_length=64)
    quantity: int = Field(ge=1, le=100_000)
    unit_price: Decimal = Field(ge=0, decimal_places=2)


class OrderIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    currency: str = "USD"
    customer_name: str | None = None
    customer_email: str | None = None
    items: list[ItemIn] = Field(min_length=1, max_length=1_000)


class PageQuery(BaseModel):
    product_id: str | None = None
    page_size: int = Field(20, ge=1, le=100)
    cursor: UUID | None = None


class ItemOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    product_id: str
    quantity: int
    unit_price: Amount

    @computed_field  # type: ignore[prop-decorator]  # as pydantic's documentation has it
    @property
    def line_total(self) -> Amount:
        return self.quantity * self.unit_price


class Summary(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    customer_id: str
    customer_name: str | None
    customer_email: str | None
    status: str
    payment_status: str
    shipping_status: str
    failure_reason: str | None
    cancel_reason: str | None
    tracking_number: str | None
    currency: str
    total: Amount
    line_count: int
    version: int
    created_at: Moment
    updated_at: Moment

    @computed_field  # type: ignore[prop-decorator]  # as pydantic's documentation has it
    @property
    def links(self) -> dict[str, str]:
        path = f"/v1/orders/{self.id}"
        if self.status in CANCELLABLE:
            return {"self": path, "cancel": f"{path}/cancel"}
        return {"self": path}


class OrderOut(Summary):
    items: list[ItemOut]


class Page(BaseModel):
    orders: list[Summary]
    count: int
    page_size: int
    next_cursor: str | None
