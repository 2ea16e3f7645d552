"""FastAPI, SQLAlchemy and Mangum as their documentation shows them."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query, Response
from mangum import Mangum
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from tools.benchmarks.contenders.peer import service
from tools.benchmarks.contenders.peer.caller import Caller, caller
from tools.benchmarks.contenders.peer.models import Order
from tools.benchmarks.contenders.peer.schemas import OrderIn, OrderOut, Page, PageQuery

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("orders")
new_session = sessionmaker(create_engine(service.database_url(), pool_pre_ping=True), expire_on_commit=False)
app = FastAPI()


def session() -> Iterator[Session]:
    with new_session() as opened:
        yield opened


DatabaseSession = Annotated[Session, Depends(session)]
CurrentCaller = Annotated[Caller, Depends(caller)]


@app.get("/v1/orders/{order_id}", response_model=OrderOut)
def get_order(order_id: UUID, database: DatabaseSession, who: CurrentCaller) -> Order:
    order = service.find_order(database, order_id, who.owner)
    if order is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no order {order_id}.")
    logger.info("order read: %s", order_id)
    return order


@app.get("/v1/orders")
def list_orders(database: DatabaseSession, who: CurrentCaller, wanted: Annotated[PageQuery, Query()]) -> Page:
    return _page(database, who.owner, wanted)


@app.get("/v1/customers/{customer_id}/orders")
def list_customer_orders(
    customer_id: str, database: DatabaseSession, who: CurrentCaller, wanted: Annotated[PageQuery, Query()]
) -> Page:
    if who.owner not in (None, customer_id):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    return _page(database, customer_id, wanted)


@app.post("/v1/orders", status_code=HTTPStatus.CREATED, response_model=OrderOut)
def create_order(wanted: OrderIn, response: Response, database: DatabaseSession, who: CurrentCaller) -> Order:
    order = service.place_order(database, who.customer_id, wanted)
    logger.info("order placed: %s", order.id)
    response.headers["Location"] = f"/v1/orders/{order.id}"
    return order


def _page(database: Session, customer: str | None, wanted: PageQuery) -> Page:
    page = service.find_orders(database, customer, wanted)
    logger.info("orders listed: %d", page.count)
    return page


handler = Mangum(app, lifespan="off")
