"""The tuned peer with what this service does beside storing an order.

An idempotency key, a timeline, an outbox whose tasks are sent to SQS in one call, metrics, and a log line. SQLAlchemy
Core inserts the rows in one transaction: a duplicate waits for the first request's key and gets its order as answer.
"""

import hashlib
import json
import os
import uuid
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from mangum import Mangum
from sqlalchemy import Connection, create_engine, insert
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.orm import Session

from tools.benchmarks.contenders.peer import service
from tools.benchmarks.contenders.peer.caller import Caller, caller
from tools.benchmarks.contenders.peer.models import IdempotencyKey, Order, OrderEvent, OrderItem, Task
from tools.benchmarks.contenders.peer.schemas import OrderIn, OrderOut

TASKS = (("charge_payment", None), ("send_notification", "order_received"))
KEPT = timedelta(days=1)
NOTHING_YET = dict.fromkeys(("failure_reason", "cancel_reason", "tracking_number"))

logger = Logger()
metrics = Metrics()
sqs = boto3.client("sqs")
engine = create_engine(service.database_url(), pool_size=1, max_overflow=0, pool_reset_on_return=None)
engine.connect().close()
app = FastAPI(openapi_url=None)


@app.post("/v1/orders")
async def create_order(
    wanted: OrderIn, who: Annotated[Caller, Depends(caller)], idempotency_key: Annotated[str, Header()]
) -> Response:
    request_hash = hashlib.sha256(wanted.model_dump_json().encode()).digest()
    order, items = service.new_order(who.customer_id, wanted)
    tasks = [
        {"id": uuid.uuid4(), "order_id": order["id"], "kind": kind, "template": template} for kind, template in TASKS
    ]
    with engine.begin() as connection:
        if not claim_key(connection, who.customer_id, idempotency_key, request_hash, order):
            return replay(connection, who.customer_id, idempotency_key, request_hash)
        service.reserve_stock(order["id"], wanted)
        store(connection, order, items, tasks)
    send(tasks)
    metrics.add_dimension("currency", order["currency"])
    metrics.add_metric("OrdersPlaced", MetricUnit.Count, 1)
    metrics.add_metric("Revenue", MetricUnit.NoUnit, order["total"] / 100)
    logger.info("order placed", order_id=str(order["id"]), customer_id=who.customer_id)
    return answer(OrderOut.model_validate({**NOTHING_YET, **order, "items": items}))


def claim_key(connection: Connection, caller: str, key: str, request_hash: bytes, order: dict[str, Any]) -> bool:
    """Store the key for the new order; return False if it is stored already."""
    claimed = connection.execute(
        insert_or_ignore(IdempotencyKey).on_conflict_do_nothing(),
        {
            "caller": caller,
            "key": key,
            "request_hash": request_hash,
            "order_id": order["id"],
            "expires_at": order["created_at"] + KEPT,
        },
    )
    return bool(claimed.rowcount)


def replay(connection: Connection, caller: str, key: str, request_hash: bytes) -> Response:
    with Session(connection) as session:
        known = session.get_one(IdempotencyKey, (caller, key))
        if known.request_hash != request_hash:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "The key was used with another request.")
        order = service.find_order(session, known.order_id, None)
        replayed = answer(OrderOut.model_validate(order))
    replayed.headers["Idempotent-Replayed"] = "true"
    return replayed


def store(
    connection: Connection, order: dict[str, Any], items: list[dict[str, Any]], tasks: list[dict[str, Any]]
) -> None:
    connection.execute(insert(Order), order)
    connection.execute(insert(OrderItem), [{"order_id": order["id"], **item} for item in items])
    connection.execute(
        insert(OrderEvent),
        {
            "order_id": order["id"],
            "version": order["version"],
            "event": "order.placed",
            "status": order["status"],
            "payment_status": order["payment_status"],
            "shipping_status": order["shipping_status"],
            "occurred_at": order["created_at"],
        },
    )
    connection.execute(insert(Task), tasks)


def send(tasks: list[dict[str, Any]]) -> None:
    entries: list[Any] = [
        {"Id": str(number), "MessageBody": json.dumps({"task_id": str(task["id"])})}
        for number, task in enumerate(tasks)
    ]
    sqs.send_message_batch(QueueUrl=os.environ["PEER_QUEUE_URL"], Entries=entries)


def answer(order: OrderOut) -> Response:
    headers = {"Location": f"/v1/orders/{order.id}"}
    return Response(order.model_dump_json(), HTTPStatus.CREATED, headers, media_type="application/json")


asgi = Mangum(app, lifespan="off")


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    answered: dict[str, Any] = asgi(event, context)
    return answered
