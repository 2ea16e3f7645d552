"""Queries, and placing an order: reserve stock, then store it."""

import os
import uuid
from datetime import UTC, datetime
from typing import Any

import requests
from sqlalchemy import URL, select
from sqlalchemy.orm import Session, selectinload

from orders.domain.clock import unix_milliseconds, uuid7
from tools.benchmarks.contenders.peer.models import Order, OrderItem
from tools.benchmarks.contenders.peer.schemas import OrderIn, Page, PageQuery, Summary

inventory = requests.Session()


def database_url() -> URL:
    return URL.create(
        "postgresql+psycopg2",
        username=os.environ["DATABASE_USER"],
        database=os.environ["DATABASE_NAME"],
        query={"host": os.environ["DATABASE_HOST"], "port": os.environ["DATABASE_PORT"]},
    )


def find_order(session: Session, order_id: uuid.UUID, owner: str | None) -> Order | None:
    order = session.get(Order, order_id, options=[selectinload(Order.items)])
    return order if order and owner in (None, order.customer_id) else None


def find_orders(session: Session, customer: str | None, wanted: PageQuery) -> Page:
    """Return a page, newest first."""
    query = select(Order).order_by(Order.id.desc()).limit(wanted.page_size + 1)
    if customer is not None:
        query = query.where(Order.customer_id == customer)
    if wanted.product_id is not None:
        of_product = select(OrderItem.order_id).where(OrderItem.product_id == wanted.product_id)
        query = query.where(Order.id.in_(of_product))
    if wanted.cursor is not None:
        query = query.where(Order.id < wanted.cursor)
    found = session.scalars(query).all()
    shown = [Summary.model_validate(order) for order in found[: wanted.page_size]]
    end = str(shown[-1].id) if len(found) > wanted.page_size else None
    return Page(orders=shown, count=len(shown), page_size=wanted.page_size, next_cursor=end)


def place_order(session: Session, customer: str, wanted: OrderIn) -> Order:
    values, items = new_order(customer, wanted)
    reserve_stock(values["id"], wanted)
    order = Order(**values, items=[OrderItem(**item) for item in items])
    session.add(order)
    session.commit()
    return order


def reserve_stock(order_id: uuid.UUID, wanted: OrderIn) -> None:
    lines = [{"product_id": item.product_id, "quantity": item.quantity} for item in wanted.items]
    answer = inventory.put(
        f"{os.environ['INVENTORY_URL']}/reservations/{order_id}", json={"lines": lines}, timeout=(1, 3)
    )
    answer.raise_for_status()


def new_order(customer: str, wanted: OrderIn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the columns of an order, and those of its items without its id."""
    now = datetime.now(UTC)
    items: list[dict[str, Any]] = [
        {
            "line_no": number,
            "product_id": item.product_id,
            "quantity": item.quantity,
            "unit_price": int(item.unit_price.scaleb(2)),
        }
        for number, item in enumerate(wanted.items, start=1)
    ]
    order = {
        "id": uuid7(unix_milliseconds(now), os.urandom(10)),
        "customer_id": customer,
        "customer_name": wanted.customer_name,
        "customer_email": wanted.customer_email,
        "status": "pending",
        "payment_status": "pending",
        "shipping_status": "pending",
        "currency": wanted.currency,
        "total": sum(item["quantity"] * item["unit_price"] for item in items),
        "line_count": len(items),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    return order, items
