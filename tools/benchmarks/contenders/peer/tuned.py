"""The same, tuned within FastAPI, SQLAlchemy and Mangum.

No threads: a function has one request at a time, so blocking the event loop is harmless. No ping before each request.
Pydantic writes each answer once, and the connection is made during the init phase.
"""

import logging
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query, Response
from mangum import Mangum
from pydantic import BaseModel
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from tools.benchmarks.contenders.peer import service
from tools.benchmarks.contenders.peer.caller import Caller, caller
from tools.benchmarks.contenders.peer.schemas import OrderIn, OrderOut, PageQuery

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("orders")
engine = create_engine(service.database_url(), pool_size=1, max_overflow=0, pool_reset_on_return=None)
engine.connect().close()
reading = engine.execution_options(isolation_level="AUTOCOMMIT")
app = FastAPI(openapi_url=None)

CurrentCaller = Annotated[Caller, Depends(caller)]


@app.get("/v1/orders/{order_id}")
async def get_order(order_id: UUID, who: CurrentCaller) -> Response:
    with Session(reading) as session:
        order = service.find_order(session, order_id, who.owner)
        if order is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no order {order_id}.")
        logger.info("order read: %s", order_id)
        return _json(OrderOut.model_validate(order))


@app.get("/v1/orders")
async def list_orders(who: CurrentCaller, wanted: Annotated[PageQuery, Query()]) -> Response:
    return _page(who.owner, wanted)


@app.get("/v1/customers/{customer_id}/orders")
async def list_customer_orders(customer_id: str, who: CurrentCaller, wanted: Annotated[PageQuery, Query()]) -> Response:
    if who.owner not in (None, customer_id):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    return _page(customer_id, wanted)


@app.post("/v1/orders")
async def create_order(wanted: OrderIn, who: CurrentCaller) -> Response:
    with Session(engine, expire_on_commit=False) as session:
        order = service.place_order(session, who.customer_id, wanted)
    logger.info("order placed: %s", order.id)
    answer = _json(OrderOut.model_validate(order), HTTPStatus.CREATED)
    answer.headers["Location"] = f"/v1/orders/{order.id}"
    return answer


def _page(customer: str | None, wanted: PageQuery) -> Response:
    with Session(reading) as session:
        page = service.find_orders(session, customer, wanted)
    logger.info("orders listed: %d", page.count)
    return _json(page)


def _json(content: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(content.model_dump_json(), status, media_type="application/json")


handler = Mangum(app, lifespan="off")
